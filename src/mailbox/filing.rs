//! Filing (B8): what becomes of the server's copy once it is journalled. A failure here costs nothing but
//! another try; the message is never read a second time.

use super::guard::Allowance;
use super::session::Session;
use super::syntax::{folder_name, quoted, uid_set};
use super::trouble::{Trouble, TroubleKind, said};
use crate::config::Filing;
use async_imap::imap_proto::{MailboxDatum, Response};

/// UIDs in one command.
pub(super) const BATCH: usize = 200;

/// Files `uids` (ascending, at most [`BATCH`], all of which are journalled and in the selected folder).
pub(super) async fn file(session: &mut Session, filing: &Filing, uids: &[u32]) -> Result<(), Trouble> {
    let set = uid_set(uids);
    match filing {
        Filing::Leave => Ok(()),
        Filing::MarkSeen => talk(session, &format!("UID STORE {set} +FLAGS.SILENT (\\Seen)")).await,
        Filing::Delete => remove(session, uids).await,
        Filing::Move(folder) => {
            let moves = session.capabilities.moves;
            if !moves {
                may_expunge(session, uids).await?;
            }
            let verb = if moves { "MOVE" } else { "COPY" };
            into_folder(session, verb, &set, folder).await?;
            if moves { Ok(()) } else { remove(session, uids).await }
        }
    }
    .map_err(|trouble| explain(filing, trouble))
}

/// Those of `uids` that are still in the selected folder: the others were filed before a crash, or by a person.
pub(super) async fn still_there(session: &mut Session, uids: &[u32]) -> Result<Vec<u32>, Trouble> {
    let there = session.search(&format!("UID {}", uid_set(uids))).await?;
    Ok(uids.iter().copied().filter(|uid| there.contains(uid)).collect())
}

/// The folder's name on this server, on the wire: as configured, or below `INBOX` with the server's separator
/// where all folders are there. Made when there is none.
pub(super) async fn find_folder(session: &mut Session, folder: &str) -> Result<String, Trouble> {
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
    let below = format!("INBOX{separator}{local}");
    for candidate in [&plain, &local, &below] {
        if exists(session, candidate).await? {
            return Ok(candidate.clone());
        }
    }
    let mut refusal = None;
    for candidate in [local, below] {
        match talk(session, &format!("CREATE {}", quoted(&candidate))).await {
            Ok(()) => return Ok(candidate),
            // Somebody else made it meanwhile: an earlier process, whose command the server was still at.
            Err(trouble) if trouble.is_answer() && exists(session, &candidate).await? => return Ok(candidate),
            Err(trouble) if trouble.is_answer() => refusal = refusal.or(Some(trouble)),
            Err(trouble) => return Err(trouble),
        }
    }
    let reason = refusal.map_or_else(String::new, |trouble| trouble.sentence);
    Err(Trouble::new(
        TroubleKind::Refused,
        format!("the folder {folder:?} does not exist and cannot be made ({}); create it on the server", said(&reason)),
    ))
}

async fn exists(session: &mut Session, folder: &str) -> Result<bool, Trouble> {
    let mut there = false;
    session
        .run(&format!("LIST \"\" {}", quoted(folder)), Allowance::TALK, |response| {
            there |= matches!(response, Response::MailboxData(MailboxDatum::List(_)));
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
        Filing::Leave | Filing::MarkSeen => "marked as read".to_owned(),
        Filing::Move(folder) => format!("moved to {folder:?}"),
        Filing::Delete => "deleted".to_owned(),
    };
    Trouble::new(trouble.kind, format!("mail is taken in, but could not be {what} on the server: {}", trouble.sentence))
}
