//! Filing (B8): what becomes of the server's copy once it is journalled. A failure here costs nothing but
//! another try; the message is never read a second time.

mod copies;

use super::fetch::REFUSALS_MAX;
use super::folders::find_folder;
use super::session::Session;
use super::syntax::{folder_name, quoted, uid_set};
use super::trouble::{Trouble, TroubleKind};
use crate::config::{Filing, MailboxConfig};

/// UIDs in one command.
pub(super) const BATCH: usize = 200;

/// Whether a batch was begun before, and broken off where nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    Untouched,
    Perhaps,
}

/// Whether messages of this folder can be filed at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hope {
    /// Nobody knows: after a few refusals, and nothing else, the rest is not tried.
    Open,
    /// Others were filed just now: what is refused is refused by itself.
    Known,
}

/// What a batch came to while the connection held.
#[derive(Debug, Default)]
pub(super) struct Filed {
    pub(super) done: Vec<u32>,
    /// Not in the folder any more: filed before a crash, or by a person.
    pub(super) gone: Vec<u32>,
    /// Refused one by one.
    pub(super) refused: Vec<u32>,
    /// Why they were.
    pub(super) trouble: Option<Trouble>,
    pub(super) end: End,
}

/// How far filing a batch came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum End {
    /// All of it was tried.
    #[default]
    Tried,
    /// Message after message was refused, and none was filed: the rest was not tried.
    Hopeless,
    /// The server refuses whatever it is asked, for now.
    Later,
}

/// Files `uids` (ascending, at most [`BATCH`], all of which are journalled and in the selected folder). What the server
/// refuses is found by halving, so that its neighbours are filed: a refused one costs some commands, the others none.
pub(super) async fn file(
    session: &mut Session,
    config: &MailboxConfig,
    uids: &[u32],
    mut before: Before,
    hope: Hope,
) -> Result<Filed, Trouble> {
    let mut filed = Filed::default();
    let mut stack = vec![uids];
    while let Some(part) = stack.pop() {
        let trouble = match file_set(session, config, part, before).await {
            Ok(()) => {
                filed.done.extend(part);
                continue;
            }
            Err(trouble) if trouble.is_answer() => trouble,
            Err(trouble) => return Err(trouble),
        };
        // A copy may have been made before the refusal.
        before = Before::Perhaps;
        let is_general = trouble.kind != TroubleKind::Refused;
        filed.trouble.get_or_insert(trouble);
        if is_general {
            filed.end = End::Later;
            break;
        }
        match part {
            [] => {}
            [alone] => filed.refused.push(*alone),
            _ => {
                let (first, second) = part.split_at(part.len() / 2);
                stack.extend([second, first]);
            }
        }
        if hope == Hope::Open && filed.done.is_empty() && filed.refused.len() >= REFUSALS_MAX && !stack.is_empty() {
            filed.end = End::Hopeless;
            break;
        }
    }
    Ok(filed)
}

async fn file_set(session: &mut Session, config: &MailboxConfig, uids: &[u32], before: Before) -> Result<(), Trouble> {
    let set = uid_set(uids);
    match &config.filing {
        Filing::ReadOnly | Filing::Leave => Ok(()),
        Filing::MarkSeen => session.tell(&format!("UID STORE {set} +FLAGS.SILENT (\\Seen)")).await,
        Filing::Delete => remove(session, uids).await,
        Filing::Move(folder) if session.capabilities.moves => into_folder(session, "MOVE", &set, folder).await,
        Filing::Move(folder) => copy_and_remove(session, config, folder, uids, before).await,
    }
    .map_err(|trouble| explain(&config.filing, trouble))
}

/// For servers without MOVE (RFC 6851).
async fn copy_and_remove(
    session: &mut Session,
    config: &MailboxConfig,
    folder: &str,
    uids: &[u32],
    before: Before,
) -> Result<(), Trouble> {
    may_expunge(session, uids).await?;
    let uncopied = match before {
        Before::Untouched => uids.to_vec(),
        Before::Perhaps => copies::missing(session, config, folder, uids).await?,
    };
    if !uncopied.is_empty() {
        into_folder(session, "COPY", &uid_set(&uncopied), folder).await?;
    }
    remove(session, uids).await
}

/// Those of `uids` that are still in the selected folder: the others were filed before a crash, or by a person.
pub(super) async fn still_there(session: &mut Session, uids: &[u32]) -> Result<Vec<u32>, Trouble> {
    let there = session.search(&format!("UID {}", uid_set(uids))).await?;
    Ok(uids.iter().copied().filter(|uid| there.contains(uid)).collect())
}

async fn into_folder(session: &mut Session, verb: &str, set: &str, folder: &str) -> Result<(), Trouble> {
    let direct = format!("UID {verb} {set} {}", quoted(&folder_name(folder)));
    match session.tell(&direct).await {
        Err(trouble) if trouble.kind == TroubleKind::Refused => {
            let found = find_folder(session, folder).await?;
            session.tell(&format!("UID {verb} {set} {}", quoted(&found))).await
        }
        other => other,
    }
}

async fn remove(session: &mut Session, uids: &[u32]) -> Result<(), Trouble> {
    may_expunge(session, uids).await?;
    let set = uid_set(uids);
    session.tell(&format!("UID STORE {set} +FLAGS.SILENT (\\Deleted)")).await?;
    if session.capabilities.uid_plus {
        session.tell(&format!("UID EXPUNGE {set}")).await
    } else {
        session.tell("EXPUNGE").await
    }
}

/// Without UIDPLUS, EXPUNGE takes everything that anybody flagged: only when that is ours.
async fn may_expunge(session: &mut Session, uids: &[u32]) -> Result<(), Trouble> {
    if session.capabilities.uid_plus {
        return Ok(());
    }
    let flagged = session.search("DELETED").await?;
    if flagged.iter().all(|uid| uids.contains(uid)) {
        return Ok(());
    }
    Err(Trouble::new(
        TroubleKind::Refused,
        "the server can only expunge the whole folder (it has no UIDPLUS), and somebody else flagged mail as deleted in it; \
         expunge the folder in a mail program",
    ))
}

fn explain(filing: &Filing, trouble: Trouble) -> Trouble {
    if !trouble.is_answer() {
        return trouble;
    }
    let what = match filing {
        Filing::ReadOnly | Filing::Leave | Filing::MarkSeen => "marked as read".to_owned(),
        Filing::Move(folder) => format!("moved to {folder:?}"),
        Filing::Delete => "deleted".to_owned(),
    };
    Trouble::new(trouble.kind, format!("mail is taken in, but could not be {what} on the server: {}", trouble.sentence))
}
