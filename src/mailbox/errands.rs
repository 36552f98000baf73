//! Short connections of their own: is the mailbox there, what is in it, a copy into the Sent folder.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use super::connection::connect;
use super::filing::{self, Before, Hope};
use super::folders::find_sent_folder;
use super::session::{Access, Session, Span};
use super::syntax::quoted;
use super::trouble::{Trouble, TroubleKind};
use crate::config::{Filing, MailboxConfig};
use crate::failpoint::{Step, reach};
use crate::mail::MessageId;

/// How often a message is looked for that is waited for.
const LOOK: Duration = Duration::from_millis(500);

/// What `check` learns of a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    pub messages: u32,
    /// IDLE is offered: new mail is seen at once.
    pub idle: bool,
    /// Above every UID that is there.
    pub uid_next: u32,
}

/// What became of a message that was waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Came {
    /// It came, and was deleted.
    Removed,
    /// It came, and could not be deleted.
    Stays(String),
    Not,
}

/// What is in a mailbox, for `status` to compare with the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    pub uid_validity: u32,
    /// Ascending.
    pub uids: Vec<u32>,
}

/// Connects, logs in, opens the folder read-only.
pub async fn probe(config: &MailboxConfig) -> Result<Probe, Trouble> {
    let mut session = connect(config).await?;
    let selected = session.open(config, Access::Examine).await?;
    let probe =
        Probe { messages: selected.exists, idle: session.capabilities.idle, uid_next: selected.uid_next.unwrap_or(1) };
    session.leave().await;
    Ok(probe)
}

/// Lists all UIDs, read-only.
pub async fn survey(config: &MailboxConfig) -> Result<Survey, Trouble> {
    let mut session = connect(config).await?;
    let selected = session.open(config, Access::Examine).await?;
    let mut span = Span::above(0, selected.uid_next);
    let mut uids = Vec::new();
    loop {
        let listed = session.list(&mut span).await?;
        if listed.is_empty() {
            break;
        }
        uids.extend(listed);
    }
    session.leave().await;
    Ok(Survey { uid_validity: selected.uid_validity, uids })
}

/// The UIDs from the first one on that came on `day` or later, read-only; not necessarily all of those.
pub async fn survey_since(config: &MailboxConfig, day: jiff::civil::Date) -> Result<Survey, Trouble> {
    let mut session = connect(config).await?;
    let selected = session.open(config, Access::Examine).await?;
    // The server compares days in a zone of its own (RFC 3501 §6.4.4).
    let from = day.yesterday().unwrap_or(day).strftime("%-d-%b-%Y");
    let uids = session.search(&format!("SINCE {from}")).await?.into_iter().collect();
    session.leave().await;
    Ok(Survey { uid_validity: selected.uid_validity, uids })
}

/// Waits up to `patience` for a message with this Message-ID, at `from` or a higher UID, and deletes it.
pub async fn await_message(
    config: &MailboxConfig,
    id: &MessageId,
    from: u32,
    patience: Duration,
) -> Result<Came, Trouble> {
    let begun = Instant::now();
    let mut session = connect(config).await?;
    session.open(config, Access::Select).await?;
    let config = MailboxConfig { filing: Filing::Delete, ..config.clone() };
    let criteria = format!("UID {from}:* HEADER Message-ID {}", quoted(&format!("<{id}>")));
    let came = loop {
        session.look().await?;
        let found: Vec<u32> = session.search(&criteria).await?.into_iter().filter(|uid| *uid >= from).collect();
        if !found.is_empty() {
            break match filing::file(&mut session, &config, &found, Before::Untouched, Hope::Open).await {
                Ok(filed) => filed.trouble.map_or(Came::Removed, |trouble| Came::Stays(trouble.sentence)),
                Err(trouble) => Came::Stays(trouble.sentence),
            };
        }
        if begun.elapsed() >= patience {
            break Came::Not;
        }
        tokio::time::sleep(LOOK).await;
    };
    session.leave().await;
    Ok(came)
}

/// Appends a copy of what was sent to `config.sent_folder`, marked as read, unless a message with this
/// Message-ID is there already: a repeat doubles nothing. Where there is no folder of that name, it goes into the one that
/// the server marks as `\Sent`, else the folder is made. Does nothing when no folder is configured.
///
/// # Errors
/// [`TroubleKind::Refused`]: this copy is not taken, others may be. All else concerns the server or the folder.
pub async fn append_sent(config: &MailboxConfig, message_id: &MessageId, bytes: &[u8]) -> Result<(), Trouble> {
    let Some(folder) = &config.sent_folder else { return Ok(()) };
    let mut session = connect(config).await?;
    append_once(&mut session, folder, message_id, bytes).await.map_err(|trouble| {
        let sentence = format!("a sent mail could not be copied to {folder:?}: {}", trouble.sentence);
        Trouble::new(trouble.kind, sentence)
    })?;
    session.leave().await;
    Ok(())
}

async fn append_once(session: &mut Session, folder: &str, message_id: &MessageId, bytes: &[u8]) -> Result<(), Trouble> {
    let id = format!("<{message_id}>");
    if !id.is_ascii() {
        let sentence = format!("the Message-ID {id:?} is not ASCII, which no server can search for");
        return Err(Trouble::new(TroubleKind::Refused, sentence));
    }
    let (folder, there) = look_for(session, folder, &id).await.map_err(|trouble| match trouble.kind {
        TroubleKind::Refused => Trouble::new(TroubleKind::NoMailbox, trouble.sentence),
        _ => trouble,
    })?;
    if there.is_empty() {
        session.append(&folder, bytes).await?;
    }
    reach(Step::SentAppended);
    Ok(())
}

/// The folder's name on the wire, and the messages with this Message-ID in it.
async fn look_for(session: &mut Session, folder: &str, id: &str) -> Result<(String, BTreeSet<u32>), Trouble> {
    let folder = find_sent_folder(session, folder).await?;
    session.enter(&folder, Access::Examine).await?;
    let there = session.search(&format!("HEADER Message-ID {}", quoted(id))).await?;
    Ok((folder, there))
}
