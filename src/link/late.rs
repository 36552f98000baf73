//! Ids of which it shows late where they belong: a server on the way gave our mail another Message-ID, a reply that
//! names only that one came first, and began a case of its own. When a copy comes back, or a later reply names the same
//! id beside one of ours, the earlier case is linked. It does not become part of the other one by itself: our mail about
//! that one is out, and its number is known (B6).

use super::{Also, REFUSED, find_case, identity, same_conversation};
use crate::case::decision::LinkKind;
use crate::case::snapshot::{CaseFacts, Footprint, KnownMessage, Snapshot};
use crate::mail::{MessageId, Pointer, Reading};

/// Ids that a mail of a case names, beside ours.
pub(super) enum Named<'a> {
    /// That of a mail of ours which came back: whoever names it refers to the case.
    Ours(&'a MessageId),
    /// They are nobody's: one of them may be ours by another name.
    Nobodys(Vec<&'a MessageId>),
}

/// What `reading`, a mail of a case by one of our own ids, names as well.
pub(super) fn named<'a>(reading: &'a Reading, snapshot: &Snapshot) -> Named<'a> {
    if let Some(returned) = &reading.returned {
        return returned.message_id.as_ref().map_or(Named::Nobodys(Vec::new()), Named::Ours);
    }
    let foreign = reading.clues.iter().filter_map(|clue| match &clue.pointer {
        Pointer::Id(id) => Some(id),
        Pointer::Sent(_) | Pointer::Thread(_) | Pointer::Number(_) => None,
    });
    let unowned = |id: &&MessageId| snapshot.messages.iter().all(|known| known.message_id.as_ref() != Some(*id));
    Named::Nobodys(foreign.filter(unowned).collect())
}

/// The other cases with earlier mail that refers to what is `named` in a mail of `case`. Those of the same people, who
/// take part in the case or have an address in common with the mail that names it, are the same conversation.
pub(super) fn earlier(named: &Named<'_>, footprint: &Footprint, case: &CaseFacts, snapshot: &Snapshot) -> Vec<Also> {
    let is_named = |id: &MessageId| match named {
        Named::Ours(ours) => *ours == id,
        Named::Nobodys(ids) => ids.contains(&id),
    };
    let same_people = |known: &KnownMessage| {
        known.originator.as_ref().is_some_and(|who| identity::takes_part(who, case))
            || known.addresses.iter().any(|address| footprint.addresses.contains(address))
    };
    let corrected = snapshot.corrected.as_ref().map(|facts| facts.entry);
    let mut also: Vec<Also> = Vec::new();
    for known in snapshot.messages.iter().filter(|known| Some(known.entry) != corrected) {
        let Some(other) = known.case.and_then(|number| find_case(snapshot, number)) else { continue };
        let is_apart = other.number == case.number || snapshot.are_apart(other.number, case.number);
        let is_known = also.len() == REFUSED || also.iter().any(|one| one.case == other.number);
        if is_apart || is_known || !known.refers_to.iter().any(is_named) {
            continue;
        }
        if same_people(known) {
            also.push(same_conversation(other));
        } else if matches!(named, Named::Ours(_)) {
            let reason = "A mail refers to this case, but its originator takes no part in it.".to_owned();
            also.push(Also { case: other.number, kind: LinkKind::Related, reason });
        }
    }
    also
}
