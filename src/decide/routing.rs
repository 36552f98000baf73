//! Where a new case goes, how urgent it is, and who looks after it: what the rules say, and what the desk does where
//! they say nothing.

use jiff::civil::Date;

use super::Draft;
use super::mail::Incoming;
use crate::case::{By, CaseNumber, Effect};
use crate::rules::Queue;
use crate::rules::routing::{Routing, Set};
use crate::rules::rule::Question;

/// What is said of a case that opens with `mail`. Deciding the same mail again says the same.
pub(super) fn route(draft: &mut Draft<'_>, mail: &Incoming<'_>, today: Date) -> Routing {
    let reading = &mail.arrived.reading;
    let message = &reading.message;
    let question = Question {
        mailbox: mail.arrived.mailbox.as_deref(),
        written_to: message.to.iter().chain(&message.cc).map(|named| &named.address).collect(),
        originator: mail.speaker.or(message.from.first()).map(|named| &named.address),
        subject: &message.subject,
        words: &reading.author_text,
        kind: reading.kind,
        language: reading.language.as_ref(),
        today,
    };
    let mut routing = draft.policy.route(&question);
    draft.trace.append(&mut routing.trace);
    routing
}

/// The queue that a rule says; else that of the first of our addresses on To, then Cc, that belongs to one; else the
/// first. The mailbox it was found in plays no part unless a rule asks for it, so that copies in two mailboxes go the
/// same way (L5).
pub(super) fn queue<'a>(draft: &mut Draft<'a>, mail: &Incoming<'_>, routing: &Routing) -> Option<&'a Queue> {
    let queues = &draft.policy.desk.queues;
    if let Some(Set { value, rule }) = &routing.queue {
        draft.say(format!("The queue is `{value}` (rule \"{rule}\")."));
        return queues.iter().find(|queue| queue.name == *value).or(queues.first());
    }
    let message = &mail.arrived.reading.message;
    let mut addressed = message.to.iter().chain(&message.cc);
    let queue = addressed.find_map(|named| queues.iter().find(|queue| queue.has(&named.address)));
    match queue {
        Some(queue) => draft.say(format!("The queue is `{}`: one of its addresses is on To or Cc.", queue.name)),
        None => draft.say("No queue's address is on To or Cc: the first queue takes it."),
    }
    queue.or(queues.first())
}

/// Writes what the rules said onto the case that was just opened.
pub(super) fn set(draft: &mut Draft<'_>, case: CaseNumber, routing: Routing) {
    let by = |set: &Set| By::Rule(set.rule.clone());
    if let Some(set) = &routing.queue {
        draft.effects.push(Effect::SetQueue { case, queue: set.value.clone(), by: by(set) });
    }
    if let Some(set) = &routing.priority {
        draft.say(format!("The priority is `{}` (rule \"{}\").", set.value, set.rule));
        draft.effects.push(Effect::SetPriority { case, priority: set.value.clone(), by: by(set) });
    }
    if let Some(set) = &routing.assignee {
        draft.say(format!("{} looks after it (rule \"{}\").", set.value, set.rule));
        draft.effects.push(Effect::SetAssignee { case, staff: Some(set.value.clone()), by: by(set) });
    }
    for set in &routing.tags {
        draft.say(format!("It is marked `{}` (rule \"{}\").", set.value, set.rule));
        draft.effects.push(Effect::AddTag { case, tag: set.value.clone(), by: by(set) });
    }
    for set in &routing.followers {
        draft.say(format!("{} follows it (rule \"{}\").", set.value, set.rule));
        draft.effects.push(Effect::AddFollower { case, staff: set.value.clone() });
    }
}
