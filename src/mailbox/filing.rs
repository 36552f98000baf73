//! Filing (B8): what becomes of the server's copy once it is journalled. A failure here costs nothing but
//! another try; the message is never read a second time.

mod copies;

use super::fetch::REFUSALS_MAX;
use super::guard::Allowance;
use super::session::Session;
use super::syntax::{folder_name, quoted, uid_set};
use super::trouble::{Trouble, TroubleKind, said};
use crate::config::{Filing, MailboxConfig};
use async_imap::imap_proto::{MailboxDatum, NameAttribute, Response};

/// UIDs in one command.
pub(super) const BATCH: usize = 200;

/// Whether a batch was begun before, and broken off where nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    Untouched,
    Perhaps,
}

/// What a batch came to while the connection held.
#[derive(Debug, Default)]
pub(super) struct Filed {
    pub(super) done: Vec<u32>,
    /// Why the others are not.
    pub(super) refused: Option<Trouble>,
}

/// Files `uids` (ascending, at most [`BATCH`], all of which are journalled and in the selected folder). What the server
/// refuses is found by halving, so that its neighbours are filed.
pub(super) async fn file(
    session: &mut Session,
    config: &MailboxConfig,
    uids: &[u32],
    mut before: Before,
) -> Result<Filed, Trouble> {
    let mut filed = Filed::default();
    let mut alone = 0;
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
        filed.refused.get_or_insert(trouble);
        if part.len() < 2 {
            alone += 1;
        } else {
            let (first, second) = part.split_at(part.len() / 2);
            stack.extend([second, first]);
        }
        if is_general || (filed.done.is_empty() && alone >= REFUSALS_MAX) {
            break;
        }
    }
    Ok(filed)
}

async fn file_set(session: &mut Session, config: &MailboxConfig, uids: &[u32], before: Before) -> Result<(), Trouble> {
    let set = uid_set(uids);
    match &config.filing {
        Filing::ReadOnly | Filing::Leave => Ok(()),
        Filing::MarkSeen => talk(session, &format!("UID STORE {set} +FLAGS.SILENT (\\Seen)")).await,
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

/// The folder's name on this server, on the wire: as configured, or below `INBOX` with the server's separator
/// where all folders are there. Made when there is none.
pub(super) async fn find_folder(session: &mut Session, folder: &str) -> Result<String, Trouble> {
    let names = Names::of(session, folder).await?;
    match names.seek(session).await? {
        Some(found) => Ok(found),
        None => names.make(session, folder).await,
    }
}

/// The same for copies of what was sent: before one is made, the folder that the server marks as `\Sent` is taken
/// (RFC 6154), whatever its name and language.
pub(super) async fn find_sent_folder(session: &mut Session, folder: &str) -> Result<String, Trouble> {
    let names = Names::of(session, folder).await?;
    if let Some(found) = names.seek(session).await? {
        return Ok(found);
    }
    let mut marked = None;
    if session.capabilities.special_use {
        let command = "LIST (SPECIAL-USE) \"\" \"*\"";
        let list = session.run(command, Allowance::TALK, |response| {
            if let Response::MailboxData(MailboxDatum::List(list)) = response
                && list.name_attributes.contains(&NameAttribute::Sent)
            {
                marked.get_or_insert_with(|| list.name.clone().into_owned());
            }
        });
        match list.await {
            // It may offer what it does not understand: then there is no mark.
            Err(trouble) if !trouble.is_answer() => return Err(trouble),
            Ok(()) | Err(_) => {}
        }
    }
    match marked {
        Some(found) => Ok(found),
        None => names.make(session, folder).await,
    }
}

/// What a folder may be called on this server, on the wire.
struct Names {
    plain: String,
    /// With the server's separator.
    local: String,
    below_inbox: String,
}

impl Names {
    async fn of(session: &mut Session, folder: &str) -> Result<Names, Trouble> {
        let mut separator = "/".to_owned();
        session
            .run("LIST \"\" \"\"", Allowance::TALK, |response| {
                if let Response::MailboxData(MailboxDatum::List(list)) = response
                    && let Some(delimiter) = &list.delimiter
                {
                    separator = delimiter.clone().into_owned();
                }
            })
            .await?;
        let plain = folder_name(folder);
        let local = plain.replace('/', &separator);
        let below_inbox = format!("INBOX{separator}{local}");
        Ok(Names { plain, local, below_inbox })
    }

    async fn seek(&self, session: &mut Session) -> Result<Option<String>, Trouble> {
        for candidate in [&self.plain, &self.local, &self.below_inbox] {
            if exists(session, candidate).await? {
                return Ok(Some(candidate.clone()));
            }
        }
        Ok(None)
    }

    async fn make(self, session: &mut Session, folder: &str) -> Result<String, Trouble> {
        let mut refusal = None;
        for candidate in [self.local, self.below_inbox] {
            match talk(session, &format!("CREATE {}", quoted(&candidate))).await {
                Ok(()) => return Ok(candidate),
                // Somebody else made it meanwhile: an earlier process, whose command the server was still at.
                Err(trouble) if trouble.is_answer() && exists(session, &candidate).await? => return Ok(candidate),
                Err(trouble) if trouble.is_answer() => refusal = refusal.or(Some(trouble)),
                Err(trouble) => return Err(trouble),
            }
        }
        let reason = refusal.map_or_else(String::new, |trouble| trouble.sentence);
        let sentence = format!(
            "the folder {folder:?} does not exist and cannot be made ({}); create it on the server",
            said(&reason)
        );
        Err(Trouble::new(TroubleKind::Refused, sentence))
    }
}

async fn exists(session: &mut Session, folder: &str) -> Result<bool, Trouble> {
    let mut there = false;
    session
        .run(&format!("LIST \"\" {}", quoted(folder)), Allowance::TALK, |response| {
            if let Response::MailboxData(MailboxDatum::List(list)) = response {
                there |= !list.name_attributes.contains(&NameAttribute::NoSelect);
            }
        })
        .await?;
    Ok(there)
}

async fn into_folder(session: &mut Session, verb: &str, set: &str, folder: &str) -> Result<(), Trouble> {
    let direct = format!("UID {verb} {set} {}", quoted(&folder_name(folder)));
    match talk(session, &direct).await {
        Err(trouble) if trouble.kind == TroubleKind::Refused => {
            let found = find_folder(session, folder).await?;
            talk(session, &format!("UID {verb} {set} {}", quoted(&found))).await
        }
        other => other,
    }
}

async fn remove(session: &mut Session, uids: &[u32]) -> Result<(), Trouble> {
    may_expunge(session, uids).await?;
    let set = uid_set(uids);
    talk(session, &format!("UID STORE {set} +FLAGS.SILENT (\\Deleted)")).await?;
    if session.capabilities.uid_plus {
        talk(session, &format!("UID EXPUNGE {set}")).await
    } else {
        talk(session, "EXPUNGE").await
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

async fn talk(session: &mut Session, command: &str) -> Result<(), Trouble> {
    session.run(command, Allowance::TALK, |_| ()).await
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
