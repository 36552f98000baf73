//! What is asked for on the command line. What cannot be carried out is declined with one sentence, and changes nothing.

use super::action::{Actor, Work, staff_called};
use super::{Draft, correction, notify};
use crate::case::{Action, CaseNumber, Command, Decision, Effect, Verb, Verdict};
use crate::link::find_case;

pub(super) fn decide(mut draft: Draft<'_>, command: &Command) -> Decision {
    let by = command.by.as_str();
    match &command.verb {
        Verb::On { case, action } => on_case(draft, *case, by, action),
        Verb::Release { entry } | Verb::ReleaseAsText { entry } => correction::unreleasable(draft, *entry),
        Verb::Discard { entry, reason } => correction::discard(draft, by, *entry, reason),
        Verb::RetryOutbox { mail } => {
            draft.say(match mail {
                Some(mail) => format!("{by} asked to try mail {mail} again now."),
                None => format!("{by} asked to try all waiting mail now."),
            });
            draft.effects.push(Effect::RetryOutbox { mail: *mail });
            draft.decided(Verdict::Done, None)
        }
        Verb::Backup { target } => {
            draft.say(format!("{by} asked for a backup."));
            draft.effects.push(Effect::Backup { target: target.clone() });
            draft.decided(Verdict::Done, None)
        }
        Verb::PauseOutbox => {
            draft.say(format!("{by} paused the outbox."));
            draft.effects.push(Effect::PauseOutbox);
            draft.decided(Verdict::Done, None)
        }
        Verb::ResumeOutbox => {
            draft.say(format!("{by} resumed the outbox."));
            draft.effects.push(Effect::ResumeOutbox);
            draft.decided(Verdict::Done, None)
        }
    }
}

/// Carries out what concerns a case.
fn on_case(mut draft: Draft<'_>, number: CaseNumber, by: &str, action: &Action) -> Decision {
    let Some(case) = find_case(draft.snapshot, number) else {
        return draft.declined(format!("There is no case {number}."));
    };
    if case.number != number {
        draft.say(format!("Case {number} was merged into case {}.", case.number));
    }
    let actor = Actor { called: by.to_owned(), staff: staff_called(draft.policy, by) };
    let author = actor.staff.map_or_else(|| by.to_owned(), |staff| staff.name.clone());
    let label = actor.label().to_owned();
    let mut work = Work::on(&mut draft, case, actor);
    let done = work.carry_out(action);
    let (number, written, assigned) = (work.case.number, work.written, work.assigned);
    if let Err(reason) = done {
        return draft.declined(reason.english());
    }
    if written.is_some() {
        notify::of_newest_post(&mut draft, Some(&author));
    }
    if let Some(assigned) = assigned.filter(|staff| staff.name != author) {
        notify::of_assignment(&mut draft, number, assigned, &label);
    }
    draft.decided(Verdict::Done, Some(number))
}
