//! Which messages a folder holds already: COPY and EXPUNGE are two steps, and what was copied when the connection or
//! the process died between them must not be copied again.

use std::collections::BTreeSet;

use super::super::fetch::{Found, Items, fetch};
use super::super::folders::find_folder;
use super::super::guard::Allowance;
use super::super::session::{Access, Session};
use super::super::syntax::{message_id, quoted};
use super::super::trouble::{Trouble, TroubleKind};
use crate::config::MailboxConfig;

/// Messages of the same size and Message-ID that are looked at, the newest first.
const CANDIDATES: usize = 16;

/// Those of `uids`, in the selected folder, of which `folder` has no copy. The folder that was selected is so again.
pub(super) async fn missing(
    session: &mut Session,
    config: &MailboxConfig,
    folder: &str,
    uids: &[u32],
) -> Result<Vec<u32>, Trouble> {
    let uid_validity = session.uid_validity();
    let messages = looked_at(session, config, uids).await?;
    let looked = match look(session, config, folder, &messages).await {
        Err(trouble) if !trouble.is_answer() => return Err(trouble),
        looked => looked,
    };
    // Whatever came of it: the next command means the folder that is followed. If it cannot be opened, nothing may go
    // on with this connection.
    let lost = |trouble: Trouble| Trouble::new(TroubleKind::Unreachable, trouble.sentence);
    session.enter_followed(Access::Select).await.map_err(lost)?;
    if session.uid_validity() != uid_validity {
        return Err(Trouble::lost(&config.server.host, "SELECT", "the mailbox was rebuilt meanwhile"));
    }
    let copied = looked?;
    Ok(uids.iter().copied().filter(|uid| !copied.contains(uid)).collect())
}

async fn looked_at(session: &mut Session, config: &MailboxConfig, uids: &[u32]) -> Result<Vec<(u32, Found)>, Trouble> {
    let mut sizes = fetch(session, uids, Items::Details, Items::Details.allowance(0, 0)).await?.found;
    let bytes = sizes.values().filter_map(|found| found.size).sum();
    let headers = fetch(session, uids, Items::Header, headers(config, bytes)).await?.found;
    let together = |(uid, found): (u32, Found)| {
        let size = sizes.remove(&uid).and_then(|details| details.size);
        (uid, Found { size, ..found })
    };
    Ok(headers.into_iter().map(together).collect())
}

/// The UIDs among `messages` of which `folder` has a copy. One copy stands for one message.
async fn look(
    session: &mut Session,
    config: &MailboxConfig,
    folder: &str,
    messages: &[(u32, Found)],
) -> Result<BTreeSet<u32>, Trouble> {
    let folder = find_folder(session, folder).await?;
    session.enter(&folder, Access::Examine).await?;
    let mut copied = BTreeSet::new();
    let mut taken = BTreeSet::new();
    for (uid, message) in messages {
        let (Some(size), Some(header)) = (message.size, &message.header) else { continue };
        let found = session.search(&alike(size, header)).await?;
        let mut candidates: Vec<u32> = found.into_iter().filter(|uid| !taken.contains(uid)).collect();
        candidates.drain(..candidates.len().saturating_sub(CANDIDATES));
        if candidates.is_empty() {
            continue;
        }
        let there = fetch(session, &candidates, Items::Header, headers(config, size)).await?.found;
        // The header whole, with the way that the message took: two copies of one mail by two ways are two messages.
        if let Some(copy) = there.iter().find_map(|(uid, found)| (found.header == message.header).then_some(*uid)) {
            taken.insert(copy);
            copied.insert(*uid);
        }
    }
    Ok(copied)
}

fn headers(config: &MailboxConfig, bytes: u64) -> Allowance {
    Items::Header.allowance(bytes.saturating_mul(CANDIDATES as u64), config.message_bytes)
}

fn alike(size: u64, header: &[u8]) -> String {
    let mut criteria = format!("SMALLER {}", size.saturating_add(1));
    if let Some(less) = size.checked_sub(1) {
        criteria.push_str(&format!(" LARGER {less}"));
    }
    // What is no plain text cannot be asked for on every server; the size finds it too.
    let askable = |id: &String| id.len() <= 200 && id.bytes().all(|byte| byte.is_ascii_graphic());
    if let Some(id) = message_id(header).filter(askable) {
        criteria.push_str(&format!(" HEADER Message-ID {}", quoted(&id)));
    }
    criteria
}
