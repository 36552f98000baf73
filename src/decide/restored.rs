//! After a backup was put in place (B36): mail that answers what was sent in the time that is lost.
//!
//! Its reference is genuine, and no row knows the mail that it names. The number in its subject says which case it
//! was: the case is made again under that number, once, and nobody is acknowledged again.

use super::Draft;
use super::mail::found;
use crate::case::snapshot::Restored;
use crate::case::{CaseNumber, Decision, Effect, Verdict};
use crate::link::{Link, Place, Standing, find_case};
use crate::mail::{Pointer, Reading};

/// The entry by which the desk knows.
pub(super) fn decide(mut draft: Draft<'_>, restored: &Restored) -> Decision {
    draft.say(format!(
        "A backup was put in place. It knew the entries up to {} and the cases up to {}. Mail that came before {} is \
         taken in silently, and new cases are numbered from {} on.",
        restored.last_entry, restored.last_number, restored.at, restored.next_number
    ));
    draft.decided(Verdict::Done, None)
}

/// That a mail answers one of ours of which nothing is known any more.
pub(super) struct Lost {
    /// The number in its subject, where it was given out in that time or may have been.
    number: Option<CaseNumber>,
}

impl Lost {
    pub(super) fn of(draft: &mut Draft<'_>, reading: &Reading) -> Option<Lost> {
        let snapshot = draft.snapshot;
        let known = |id| snapshot.sent.iter().any(|sent| sent.id == id);
        let lost = |pointer: &Pointer| match pointer {
            Pointer::Sent(id) => !known(*id) && snapshot.restored.iter().any(|restored| restored.lost_mail(*id)),
            Pointer::Id(_) | Pointer::Thread(_) | Pointer::Number(_) => false,
        };
        if !reading.clues.iter().any(|clue| lost(&clue.pointer)) {
            return None;
        }
        draft.say("It answers a mail that we sent after the backup was made which was put in place later.");
        let number = reading.clues.iter().find_map(|clue| match clue.pointer {
            Pointer::Number(number) => Some(CaseNumber(number)),
            Pointer::Sent(_) | Pointer::Id(_) | Pointer::Thread(_) => None,
        });
        let given_out = |number: &CaseNumber| snapshot.restored.iter().any(|restored| restored.lost_number(*number));
        Some(Lost { number: number.filter(given_out) })
    }

    /// Where the number is a case again, a genuine reference is enough to come to it, as it always is (B20).
    pub(super) fn relink(&self, draft: &mut Draft<'_>, link: &Link) -> Link {
        let mut link = link.clone();
        let again = self.number.and_then(|number| find_case(draft.snapshot, number));
        if let (Place::New, Some(case)) = (link.place, again) {
            draft.say(format!(
                "It names case {}, in which the originator takes no part: the post is shown to staff only.",
                case.number
            ));
            link.also.retain(|also| also.case != case.number);
            link.place = Place::Case(case.number);
            link.standing = Standing::Stranger;
        }
        link
    }

    /// The number of the case that is made for the mail, where it belongs to none.
    pub(super) fn opens(&self, draft: &mut Draft<'_>, link: &Link) -> Option<CaseNumber> {
        if found(draft, link).is_some() {
            return None;
        }
        let Some(number) = self.number else {
            draft.say("It names no number of that time.");
            return Some(CaseNumber(draft.snapshot.next_number));
        };
        draft.say(format!("Case {number} was lost: it is made again, with this mail as its first."));
        Some(number)
    }

    /// The customer knows the case by another number than it has now: both lead to it.
    pub(super) fn name(&self, draft: &mut Draft<'_>, link: &Link, case: CaseNumber) {
        let Some(number) = self.number.filter(|number| find_case(draft.snapshot, *number).is_none()) else { return };
        let Some(now) = find_case(draft.snapshot, case).filter(|_| link.standing == Standing::TakesPart) else {
            return;
        };
        draft.say(format!("The customer knows it as case {number}: that number leads to case {case} from here on."));
        draft.effects.push(Effect::OpenCase {
            number,
            queue: now.queue.clone(),
            subject: now.subject.clone(),
            language: now.language.clone(),
            at: draft.event.received,
        });
        draft.effects.push(Effect::CountAsAcknowledged { case: number });
        draft.effects.push(Effect::MergeCase { from: number, into: case });
    }
}
