//! A timer that fell due (L9). Between its journal entry and this decision the case may have moved on: only the
//! generation that the timer has now counts.

use super::{Draft, notify};
use crate::case::snapshot::CaseFacts;
use crate::case::{CaseNumber, Decision, Phase, Target, Verdict};
use crate::link::find_case;

pub(super) fn decide(mut draft: Draft<'_>, number: CaseNumber, target: Target, generation: u64) -> Decision {
    let Some(case) = find_case(draft.snapshot, number) else {
        draft.say(format!("Case {number} is not known any more: its timer decides nothing."));
        return draft.decided(Verdict::Recorded, None);
    };
    if case.number != number {
        draft.say(format!("Case {number} was merged into case {}, and its timers ended with that.", case.number));
        return draft.decided(Verdict::Recorded, Some(case.number));
    }
    let is_current = case.timers.iter().any(|timer| timer.target == target && timer.generation == generation);
    if !is_current {
        draft.say(format!("The timer of case {number} was set anew or cleared meanwhile: it decides nothing."));
        return draft.decided(Verdict::Recorded, Some(number));
    }
    match target {
        Target::Wake => wake(draft, case),
    }
}

/// A case that waits comes back to staff.
fn wake(mut draft: Draft<'_>, case: &CaseFacts) -> Decision {
    if case.phase != Phase::Waiting {
        draft.say(format!("Case {} does not wait any more: there is nothing to wake.", case.number));
        draft.clear_timer(case.number, Target::Wake);
        return draft.decided(Verdict::Recorded, Some(case.number));
    }
    draft.say(format!("Case {} has waited until the time that was set: the next word is the desk's.", case.number));
    draft.set_phase(case.number, Phase::Open);
    notify::of_waking(&mut draft, case.number);
    draft.decided(Verdict::Done, Some(case.number))
}
