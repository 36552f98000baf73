//! What staff ask for. A command that cannot be carried out is declined with one sentence, and changes nothing.

use super::answer::desk_address;
use super::participants::plausible_name;
use super::{Draft, correction};
use crate::case::command::{Action, Command, Verb};
use crate::case::letter::{Facts, Hand};
use crate::case::snapshot::CaseFacts;
use crate::case::{
    Audience, CaseNumber, Decision, Effect, Letter, NewPost, Participant, Phase, PostId, PostKind, Template, Verdict,
};
use crate::link::find_case;
use crate::mail::Named;

pub(super) fn decide(mut draft: Draft<'_>, command: &Command) -> Decision {
    let by = command.by.as_str();
    match &command.verb {
        Verb::On { case, action } => on_case(draft, *case, by, action),
        Verb::Release { entry } => correction::unreleasable(draft, *entry),
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

/// Carries out what concerns a case: it must exist, and a text, where there is one, must say something.
fn on_case(mut draft: Draft<'_>, number: CaseNumber, by: &str, action: &Action) -> Decision {
    let Some(case) = find_case(draft.snapshot, number) else {
        return draft.declined(format!("There is no case {number}."));
    };
    if text_of(action).is_some_and(|text| text.trim().is_empty()) {
        return draft.declined("The text is empty: nothing was done.");
    }
    if case.number != number {
        draft.say(format!("Case {number} was merged into case {}.", case.number));
    }
    let carried_out = match action {
        Action::Reply { text } => reply(&mut draft, case, by, text),
        Action::Note { text } => note(&mut draft, case, by, text),
        Action::Close { text } => close(&mut draft, case, by, text.as_deref()),
        Action::Reopen { text } => reopen(&mut draft, case, by, text.as_deref()),
        Action::Assign { .. }
        | Action::Accept { .. }
        | Action::Priority { .. }
        | Action::Status { .. }
        | Action::Tag { .. }
        | Action::Untag { .. }
        | Action::Queue { .. }
        | Action::Cc { .. }
        | Action::Uncc { .. }
        | Action::Merge { .. }
        | Action::Split { .. }
        | Action::Move { .. }
        | Action::Spam
        | Action::Wait { .. } => Err("This is not understood yet.".to_owned()),
    };
    match carried_out {
        Ok(()) => draft.decided(Verdict::Done, Some(case.number)),
        Err(reason) => draft.declined(reason),
    }
}

fn text_of(action: &Action) -> Option<&str> {
    match action {
        Action::Reply { text } | Action::Note { text } => Some(text),
        Action::Close { text } | Action::Reopen { text } => text.as_deref(),
        Action::Assign { .. }
        | Action::Accept { .. }
        | Action::Priority { .. }
        | Action::Status { .. }
        | Action::Tag { .. }
        | Action::Untag { .. }
        | Action::Queue { .. }
        | Action::Cc { .. }
        | Action::Uncc { .. }
        | Action::Merge { .. }
        | Action::Split { .. }
        | Action::Move { .. }
        | Action::Spam
        | Action::Wait { .. } => None,
    }
}

fn reply(draft: &mut Draft<'_>, case: &CaseFacts, by: &str, text: &str) -> Result<(), String> {
    let Some(to) = answered(case) else {
        return Err(format!("Nobody outside takes part in case {}: there is no one to answer.", case.number));
    };
    draft.say(format!("{by} answered case {}.", case.number));
    let post = add_post(draft, case, by, text, PostKind::Answer);
    let letter = by_person(draft, case, by, text, Template::Answered, to, post);
    draft.letters.push(letter);
    match case.phase {
        Phase::Closed => draft.say("The case stays closed."),
        Phase::Waiting => {}
        Phase::New | Phase::Open | Phase::Solved => {
            draft.say("The next word is the customer's: the case waits.");
            draft.set_phase(case.number, Phase::Waiting);
        }
    }
    Ok(())
}

fn note(draft: &mut Draft<'_>, case: &CaseFacts, by: &str, text: &str) -> Result<(), String> {
    draft.say(format!("{by} wrote a note on case {}.", case.number));
    add_post(draft, case, by, text, PostKind::Note);
    Ok(())
}

fn close(draft: &mut Draft<'_>, case: &CaseFacts, by: &str, text: Option<&str>) -> Result<(), String> {
    if case.phase == Phase::Closed {
        return Err(format!("Case {} is closed already.", case.number));
    }
    draft.say(format!("{by} closed case {}.", case.number));
    let to = requester(case);
    // With a resolution it is a person's letter. Without, nobody wrote a word of it: it bears the automatic marks,
    // so that no vacation notice answers it (RFC 3834 §2).
    match (text, to) {
        (Some(text), to) => {
            let post = add_post(draft, case, by, text, PostKind::Answer);
            match to {
                Some(to) => {
                    let letter = by_person(draft, case, by, text, Template::Closed, to, post);
                    draft.letters.push(letter);
                }
                None => draft.say("Nobody outside takes part: no letter is written."),
            }
        }
        // What machines opened, and old mail taken in silently: nobody waits for a word, and a machine gets none (L4).
        (None, Some(_)) if !case.written_about => {
            draft.say("Nobody outside was ever told of the case: no letter is written.");
        }
        (None, Some(to)) => match case.last_post {
            Some(post) => {
                let mut letter = without_words(draft, case, Template::Closed, to, post);
                // Nobody vouches for the names (B26).
                letter.to.iter_mut().chain(&mut letter.cc).for_each(|named| named.name = plausible_name(named));
                draft.letters.push(letter);
            }
            None => draft.say("The case has nothing that the customer has seen: no letter is written."),
        },
        (None, None) => draft.say("Nobody outside takes part: no letter is written."),
    }
    draft.set_phase(case.number, Phase::Closed);
    Ok(())
}

fn reopen(draft: &mut Draft<'_>, case: &CaseFacts, by: &str, text: Option<&str>) -> Result<(), String> {
    if case.phase != Phase::Closed {
        return Err(format!("Case {} is not closed.", case.number));
    }
    if let Some(text) = text {
        let Some(to) = answered(case) else {
            return Err(format!("Nobody outside takes part in case {}: there is no one to write to.", case.number));
        };
        let post = add_post(draft, case, by, text, PostKind::Answer);
        let letter = by_person(draft, case, by, text, Template::Answered, to, post);
        draft.letters.push(letter);
    }
    draft.say(format!("{by} reopened case {}.", case.number));
    draft.set_phase(case.number, Phase::Open);
    Ok(())
}

fn add_post(draft: &mut Draft<'_>, case: &CaseFacts, by: &str, text: &str, kind: PostKind) -> PostId {
    let id = draft.next_post();
    let audience = match kind {
        PostKind::Answer | PostKind::MailIn => Audience::Public,
        PostKind::Note | PostKind::Automatic => Audience::Internal,
    };
    draft.effects.push(Effect::AddPost(NewPost {
        id,
        case: case.number,
        kind,
        audience,
        author: Some(by.to_owned()),
        address: None,
        subject: case.subject.clone(),
        text: text.to_owned(),
        author_text: text.to_owned(),
        language: None,
        attachments: Vec::new(),
        stranger: false,
        entry: draft.event.entry,
        at: draft.event.received,
    }));
    id
}

/// The author of the newest public mail while they take part, else the requester (B25).
fn answered(case: &CaseFacts) -> Option<&Participant> {
    let last = case.last_author.as_ref();
    case.participants.iter().find(|participant| Some(&participant.who.address) == last).or_else(|| requester(case))
}

fn requester(case: &CaseFacts) -> Option<&Participant> {
    case.participants.iter().find(|participant| participant.requester).or(case.participants.first())
}

fn by_person(
    draft: &Draft<'_>,
    case: &CaseFacts,
    by: &str,
    text: &str,
    template: Template,
    to: &Participant,
    post: PostId,
) -> Letter {
    let desk = &draft.policy.desk;
    let mut letter = without_words(draft, case, template, to, post);
    letter.hand = Hand::Person;
    letter.from.name = Some(format!("{by} at {}", desk.name));
    letter.quotes = case.last_post.into_iter().collect();
    letter.facts.staff_name = Some(by.to_owned());
    letter.facts.body = Some(text.to_owned());
    letter
}

fn without_words(draft: &Draft<'_>, case: &CaseFacts, template: Template, to: &Participant, post: PostId) -> Letter {
    let queue = draft.queue(&case.queue);
    let others = case.participants.iter().filter(|participant| participant.who.address != to.who.address);
    let mut references = case.message_ids.clone();
    if let Some(last) = &case.last_message_id
        && references.last() != Some(last)
    {
        references.retain(|id| id != last);
        references.push(last.clone());
    }
    Letter {
        id: draft.next_letter(),
        template,
        hand: Hand::Machine,
        audience: Audience::Public,
        case: Some(case.number),
        post: Some(post),
        person: None,
        asks: None,
        from: desk_address(draft, queue),
        to: vec![to.who.clone()],
        cc: others.map(|participant| participant.who.clone()).collect::<Vec<Named>>(),
        subject: case.subject.clone(),
        language: draft.language(case.language.as_ref()),
        in_reply_to: case.last_message_id.clone(),
        references,
        quotes: Vec::new(),
        enclosed: None,
        facts: Facts {
            case_number: case.number.to_string(),
            recipient_name: plausible_name(&to.who),
            reopen_days: queue.map(|queue| queue.reopen_days),
            ..Facts::default()
        },
        at: draft.now,
    }
}
