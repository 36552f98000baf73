//! Fetching: what the server says of a set of UIDs, and which of them it does not give. A message that the
//! server refuses is found by halving, so that its neighbours come in.

use std::collections::BTreeMap;

use async_imap::imap_proto::{AttributeValue, MessageSection, Response, SectionPath};
use jiff::Timestamp;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::guard::Allowance;
use super::session::Session;
use super::syntax::{internal_date, uid_set};
use super::trouble::{Trouble, TroubleKind};

/// Bytes of the header that are fetched of a message over the limit.
const HEAD_HEADER: u64 = 256 * 1024;
/// Bytes of its text.
const HEAD_TEXT: u64 = 64 * 1024;
/// Refusals one by one, without a single success, after which it is the server that refuses, not the messages.
pub(super) const REFUSALS_MAX: usize = 8;

/// What to fetch. All with PEEK: `\Seen` is for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Items {
    /// Size and date.
    Details,
    /// The header, whole.
    Header,
    /// All bytes.
    Whole,
    /// The beginning of a message that is too large.
    Head,
}

/// What the server said of one UID, all attributes of all its FETCH responses together.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    pub(super) size: Option<u64>,
    pub(super) date: Option<Timestamp>,
    pub(super) header: Option<Vec<u8>>,
    pub(super) text: Option<Vec<u8>>,
    pub(super) whole: Option<Vec<u8>>,
}

/// The outcome of fetching a set.
#[derive(Debug, Default)]
pub(super) struct Fetched {
    pub(super) found: BTreeMap<u32, Found>,
    /// What the server answered NO to, alone, and what it said.
    pub(super) refused: BTreeMap<u32, String>,
}

/// Fetches `items` of `uids` (ascending). UIDs that are neither found nor refused were not mentioned by a tagged
/// OK. `bytes` is what the answers may weigh; one literal at most `literal`.
pub(super) async fn fetch(
    session: &mut Session,
    uids: &[u32],
    items: Items,
    allowance: Allowance,
) -> Result<Fetched, Trouble> {
    let mut fetched = Fetched::default();
    let mut stack: Vec<&[u32]> = vec![uids];
    while let Some(part) = stack.pop() {
        if part.is_empty() {
            continue;
        }
        match fetch_set(session, part, items, allowance, &mut fetched.found).await {
            Ok(()) => {}
            Err(trouble) if trouble.kind != TroubleKind::Refused => return Err(trouble),
            Err(trouble) => match part {
                [uid] => {
                    fetched.refused.insert(*uid, trouble.sentence.clone());
                    let none_given = fetched.found.is_empty();
                    let all_refused = uids.len() > 1 && fetched.refused.len() == uids.len();
                    if none_given && (all_refused || fetched.refused.len() >= REFUSALS_MAX) {
                        return Err(trouble);
                    }
                }
                _ => {
                    let (first, second) = part.split_at(part.len() / 2);
                    stack.push(second);
                    stack.push(first);
                }
            },
        }
    }
    Ok(fetched)
}

async fn fetch_set(
    session: &mut Session,
    uids: &[u32],
    items: Items,
    allowance: Allowance,
    found: &mut BTreeMap<u32, Found>,
) -> Result<(), Trouble> {
    let wanted = match items {
        Items::Details => "(UID RFC822.SIZE INTERNALDATE)".to_owned(),
        Items::Header => "(UID BODY.PEEK[HEADER])".to_owned(),
        Items::Whole => "(UID BODY.PEEK[])".to_owned(),
        Items::Head => format!("(UID BODY.PEEK[HEADER]<0.{HEAD_HEADER}> BODY.PEEK[TEXT]<0.{HEAD_TEXT}>)"),
    };
    let mut fresh: BTreeMap<u32, Found> = BTreeMap::new();
    session
        .run(&format!("UID FETCH {} {wanted}", uid_set(uids)), allowance, |response| {
            if let Response::Fetch(_, attributes) = response {
                collect(attributes, uids, &mut fresh);
            }
        })
        .await?;
    fresh.retain(|_, found| found.holds(items));
    found.append(&mut fresh);
    Ok(())
}

/// Attributes come in any order, and unasked for, so the UID is looked for first.
fn collect(attributes: &[AttributeValue<'_>], uids: &[u32], found: &mut BTreeMap<u32, Found>) {
    let uid = attributes.iter().find_map(|attribute| match attribute {
        AttributeValue::Uid(uid) => Some(*uid),
        _ => None,
    });
    let Some(uid) = uid.filter(|uid| uids.binary_search(uid).is_ok()) else { return };
    let entry = found.entry(uid).or_default();
    for attribute in attributes {
        match attribute {
            AttributeValue::Rfc822Size(size) => entry.size = Some(u64::from(*size)),
            AttributeValue::InternalDate(date) => entry.date = internal_date(date),
            AttributeValue::BodySection { section, data: Some(data), .. } => match section {
                None => entry.whole = Some(data.to_vec()),
                Some(SectionPath::Full(MessageSection::Header)) => entry.header = Some(data.to_vec()),
                Some(SectionPath::Full(MessageSection::Text)) => entry.text = Some(data.to_vec()),
                Some(_) => {}
            },
            _ => {}
        }
    }
}

impl Found {
    /// True when this answers the question; an unasked-for FETCH with flags does not.
    fn holds(&self, items: Items) -> bool {
        match items {
            Items::Details => self.size.is_some() || self.date.is_some(),
            Items::Header | Items::Head => self.header.is_some(),
            Items::Whole => self.whole.is_some(),
        }
    }

    /// For [`Items::Head`]: the beginning of the message.
    pub(super) fn into_head(self) -> Vec<u8> {
        let mut head = self.header.unwrap_or_default();
        // A cut header has no end, and the text does not follow it.
        if (head.len() as u64) < HEAD_HEADER {
            head.extend(self.text.unwrap_or_default());
        }
        head
    }
}

impl Items {
    /// For sets whose messages weigh `bytes` together, each at most `largest`. Sizes are estimates on some
    /// servers, so there is room.
    pub(super) fn allowance(self, bytes: u64, largest: u64) -> Allowance {
        const ROOM: u64 = 1024 * 1024;
        match self {
            Items::Details => Allowance::TALK,
            Items::Header | Items::Whole => {
                Allowance { literal: largest, bytes: bytes.saturating_mul(2).saturating_add(ROOM) }
            }
            Items::Head => Allowance { literal: HEAD_HEADER, bytes: HEAD_HEADER + HEAD_TEXT + ROOM },
        }
    }
}

/// Bytes of mail that all mailboxes together hold between fetch and commit.
const IN_FLIGHT_KIB: u32 = 32 * 1024;

static IN_FLIGHT: Semaphore = Semaphore::const_new(IN_FLIGHT_KIB as usize);

/// Waits until `bytes` of mail may be held; what is larger than half the bound counts as half, so that one large message
/// does not hold up every other mailbox while it is fetched.
pub(super) async fn room_for(bytes: u64) -> Option<SemaphorePermit<'static>> {
    room_in(&IN_FLIGHT, bytes).await
}

/// The same, without waiting.
pub(super) fn room_at_once(bytes: u64) -> Option<SemaphorePermit<'static>> {
    IN_FLIGHT.try_acquire_many(kib(bytes)).ok()
}

async fn room_in(room: &Semaphore, bytes: u64) -> Option<SemaphorePermit<'_>> {
    // The semaphore is never closed.
    room.acquire_many(kib(bytes)).await.ok()
}

fn kib(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX).min(IN_FLIGHT_KIB / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn a_message_larger_than_all_room_leaves_half_of_it() {
        let room = Semaphore::new(IN_FLIGHT_KIB as usize);
        let large = room_in(&room, u64::MAX).await;
        assert!(large.is_some() && room.available_permits() == IN_FLIGHT_KIB as usize / 2);
        let small = room_in(&room, 10).await;
        assert_eq!(room.available_permits(), IN_FLIGHT_KIB as usize / 2 - 1);
        assert!(room_in(&room, u64::MAX).now_or_never().is_none(), "a second one waits");
        drop(small);
        let second = room_in(&room, u64::MAX).await;
        assert!(second.is_some() && room.available_permits() == 0);
        assert!(room_in(&room, 0).now_or_never().is_some(), "nothing needs no room");
    }

    #[test]
    fn a_cut_header_is_not_joined_with_the_text() {
        let whole = Found { header: Some(b"h".to_vec()), text: Some(b"t".to_vec()), ..Found::default() };
        assert_eq!(whole.into_head(), b"ht");
        let header = vec![b'h'; 256 * 1024];
        let cut = Found { header: Some(header.clone()), text: Some(b"t".to_vec()), ..Found::default() };
        assert_eq!(cut.into_head(), header);
    }
}
