//! A person's word about an entry that was decided before (L7): released into a case, or left without one.

use super::mail::{Incoming, Treatment, linked, treatment};
use super::{Draft, staff};
use crate::case::event::{Arrived, Commands};
use crate::case::{Decision, Effect, EntryId, Verdict};
use crate::link::speaker;

/// Decides a mail again as correspondence: that it was held, a duplicate or automatic is overruled. It is still not
/// answered by itself when a machine wrote it (L4).
pub(super) fn release(
    mut draft: Draft<'_>,
    by: &str,
    (entry, arrived): (EntryId, &Arrived),
    commands: Commands,
) -> Decision {
    let Some(facts) = draft.snapshot.corrected.as_ref() else {
        return draft.declined(format!("There is no entry {entry}."));
    };
    if let Some(case) = facts.case {
        return draft.declined(format!("Entry {entry} is in case {case} already."));
    }
    draft.say(format!("{by} released entry {entry}."));
    draft.effects.push(Effect::Correct { corrects: entry });
    if facts.held {
        draft.effects.push(Effect::Unhold { entry });
    }
    let mail = Incoming { arrived, entry, speaker: speaker(&arrived.reading.message, draft.policy) };
    let (_, case) = match staff::speaking(&draft, arrived) {
        // Whoever released it vouches for the address in From.
        Some((staff, _)) if treatment(arrived.reading.kind) == Treatment::Answered => {
            staff::take(&mut draft, &mail, staff, staff::Crossing::Overruled, commands)
        }
        Some(_) | None => linked(&mut draft, &mail),
    };
    draft.decided(Verdict::Correction, case)
}

/// `held release` for an entry that holds no mail which could be read again.
pub(super) fn unreleasable(draft: Draft<'_>, entry: EntryId) -> Decision {
    let reason = match &draft.snapshot.corrected {
        None => format!("There is no entry {entry}."),
        Some(facts) => match (facts.case, facts.is_mail) {
            (Some(case), _) => format!("Entry {entry} is in case {case} already."),
            (None, false) => format!("Entry {entry} is not a mail."),
            (None, true) => format!("The mail of entry {entry} could not be read again."),
        },
    };
    draft.declined(reason)
}

pub(super) fn discard(mut draft: Draft<'_>, by: &str, entry: EntryId, reason: &str) -> Decision {
    match &draft.snapshot.corrected {
        None => return draft.declined(format!("There is no entry {entry}.")),
        Some(facts) if !facts.held => return draft.declined(format!("Entry {entry} is not held.")),
        Some(_) => {}
    }
    if reason.trim().is_empty() {
        return draft.declined("Say why the entry is discarded: the reason is empty.");
    }
    draft.say(format!("{by} left entry {entry} without a case: {}", reason.trim()));
    draft.effects.push(Effect::Correct { corrects: entry });
    draft.effects.push(Effect::Unhold { entry });
    draft.decided(Verdict::Correction, None)
}
