//! To whom the words of a staff mail go: what it answers says so (B32), unless the mail itself speaks to colleagues.

use super::super::Draft;
use super::super::mail::Incoming;
use super::{Crossing, forward};
use crate::case::snapshot::KnownSent;
use crate::case::{Audience, PostKind};
use crate::link::staff::{Tie, addressed_outside, colleague, personal, tie};
use crate::rules::Staff;

/// The letter to staff that a mail answers: one to the writer before one to somebody else. A mail that is handed on
/// comes before all letters but the one that is answered with it.
pub(super) fn answered<'a>(draft: &Draft<'a>, mail: &Incoming<'_>, staff: &Staff) -> Option<(&'a KnownSent, Tie)> {
    let reading = &mail.arrived.reading;
    let hands_on = forward::found(draft, mail).is_some();
    let tied = personal(reading, draft.snapshot).map(|sent| (sent, tie(reading, sent.id)));
    let all: Vec<(&KnownSent, Tie)> = tied.filter(|(_, tie)| !hands_on || *tie == Tie::Answered).collect();
    all.iter().find(|(sent, _)| sent.person.as_ref() == Some(&staff.name)).or(all.first()).copied()
}

/// The letter that a mail answers, for colleagues alone where the mail does not surely speak to the public (B32).
pub(super) fn heard(
    draft: &mut Draft<'_>,
    mail: &Incoming<'_>,
    staff: &Staff,
    crossing: Crossing,
    (sent, tie): (&KnownSent, Tie),
) -> KnownSent {
    let mut letter = sent.clone();
    if is_public(sent)
        && let Some(why) = stays_inside(draft, mail, staff, crossing, (sent, tie))
    {
        draft.say(format!("{why}: without `#send`, its words stay with colleagues."));
        letter.audience = Audience::Internal;
    }
    letter
}

fn stays_inside(
    draft: &Draft<'_>,
    mail: &Incoming<'_>,
    staff: &Staff,
    crossing: Crossing,
    (sent, tie): (&KnownSent, Tie),
) -> Option<String> {
    let message = &mail.arrived.reading.message;
    let day = draft.today();
    let on_to = message.to.iter().filter_map(|named| colleague(&named.address, draft.policy, day));
    // A mail with people outside on copy shows its reference itself; whoever released it vouched for it.
    let vouched = crossing == Crossing::Overruled && !addressed_outside(message, draft.policy, day).is_empty();
    if sent.person.as_ref() != Some(&staff.name) {
        Some("The mail answers a letter that went to somebody else".to_owned())
    } else if let Some(other) = on_to.into_iter().find(|one| one.name != staff.name) {
        Some(format!("The mail is addressed to {}", other.label))
    } else if tie == Tie::Carried {
        Some("The mail only carries the letter that it would answer".to_owned())
    } else if sent.exposed && !vouched {
        Some("People outside have seen the letter that the mail answers".to_owned())
    } else {
        None
    }
}

/// The audience is in the reference (B32).
pub(super) fn audience(sent: &KnownSent) -> Audience {
    match sent.about {
        Some(PostKind::MailIn | PostKind::Answer) => sent.audience,
        Some(PostKind::Note | PostKind::Automatic) | None => Audience::Internal,
    }
}

pub(super) fn is_public(sent: &KnownSent) -> bool {
    audience(sent) == Audience::Public
}
