//! Automatic answers: the acknowledgement, the word that a case is open again, and the one about a message that is
//! too large (B26, RFC 3834). A machine never gets one, and people get few (L4).

use std::collections::BTreeMap;

use super::Draft;
use super::mail::Incoming;
use super::participants::{is_unanswerable, plausible_name};
use crate::case::letter::{Facts, Hand, Inside};
use crate::case::snapshot::SpeakerFacts;
use crate::case::{Audience, CaseNumber, Letter, PostId, Template};
use crate::link::identity::{is_outside, passes_on};
use crate::mail::{Forwarded, Kind, MessageId, Named};
use crate::rules::{Acknowledgement, Queue};

/// The case that an automatic answer is about.
pub(super) struct About<'a> {
    pub case: CaseNumber,
    pub queue: Option<&'a Queue>,
    /// As the case is called.
    pub subject: String,
    /// The post that is answered.
    pub post: PostId,
}

/// Answers a mail by itself, or says in the trace why not. `template` is what it would ordinarily say; None when
/// only a message that is too large gets a word.
pub(super) fn automatically(draft: &mut Draft<'_>, mail: &Incoming<'_>, about: About<'_>, template: Option<Template>) {
    let too_large = mail.arrived.oversize.is_some() && !draft.snapshot.speaker.told_too_large;
    let Some(template) = (if too_large { Some(Template::TooLarge) } else { template }) else { return };
    let word = match template {
        Template::Acknowledged => "acknowledgement",
        Template::Reopened
        | Template::Answered
        | Template::Closed
        | Template::TooLarge
        | Template::Notified
        | Template::Asked
        | Template::CarriedOut
        | Template::Alarm => "automatic answer",
    };
    match addressee(draft, mail) {
        Ok(addressee) => {
            draft.say(match template {
                Template::TooLarge => "The originator is told that the message is too large.".to_owned(),
                Template::Reopened => "The originator is told that the case is open again.".to_owned(),
                Template::Acknowledged
                | Template::Answered
                | Template::Closed
                | Template::Notified
                | Template::Asked
                | Template::CarriedOut
                | Template::Alarm => {
                    format!("The originator gets an {word}.")
                }
            });
            let letter = letter(draft, mail, about, template, addressee);
            draft.letters.push(letter);
        }
        Err(reason) => draft.say(format!("No {word}: {reason}.")),
    }
}

/// Tells the others who take part that a reply has opened their case again (instruments-6): on copy of what its author
/// is told, or by a letter of their own where the author is told nothing. The limits hold for each of them.
pub(super) fn of_reopening(draft: &mut Draft<'_>, mail: &Incoming<'_>, about: About<'_>, others: &[&Named]) {
    let (case, queue, subject, post) = (about.case, about.queue, about.subject.clone(), about.post);
    automatically(draft, mail, about, Some(Template::Reopened));
    if others.is_empty() {
        return;
    }
    if let Err(reason) = wanted(draft, mail) {
        return draft.say(format!("The other participants are not told: {reason}."));
    }
    let others = may_be_told(draft, others);
    let Some((first, rest)) = others.split_first() else { return };
    match draft.letters.iter_mut().find(|letter| letter.template == Template::Reopened) {
        Some(letter) => letter.cc.extend(others),
        None => {
            let about = About { case, queue, subject, post };
            let mut letter = letter(draft, mail, about, Template::Reopened, first);
            letter.cc = rest.to_vec();
            draft.letters.push(letter);
        }
    }
    draft.say("The others who take part are told that the case is open again.");
}

/// Those to whom another automatic answer may go, and the trace says why the rest get none. Who is beyond the bound of
/// the snapshot gets none.
fn may_be_told(draft: &mut Draft<'_>, others: &[&Named]) -> Vec<Named> {
    let limits = &draft.policy.desk.acknowledgement;
    let desk_hour = draft.snapshot.desk_answers_hour;
    let check = |named: &Named| {
        let facts = draft.snapshot.others.iter().find(|reached| reached.address == named.address);
        let facts = facts.ok_or_else(|| "nothing is known of what they were told before".to_owned())?;
        if facts.undeliverable {
            return Err("mail to them came back before".to_owned());
        }
        let (address_hour, address_day) = (facts.answers_hour, facts.answers_day);
        AnswersSoFar { address_hour, address_day, desk_hour }.allow_another(limits)
    };
    let mut told = Vec::new();
    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    for named in others {
        match check(named) {
            Ok(()) => told.push(Named { name: plausible_name(named), address: named.address.clone() }),
            Err(reason) => *refused.entry(reason).or_default() += 1,
        }
    }
    for (reason, count) in refused {
        draft.say(format!("{count} of the others who take part are not told that the case is open again: {reason}."));
    }
    told
}

/// Acknowledges a mail that staff handed on to whoever wrote it; staff vouch for it, and it names nothing of theirs.
pub(super) fn on_behalf(
    draft: &mut Draft<'_>,
    mail: &Incoming<'_>,
    author: &Named,
    forwarded: &Forwarded,
    (case, subject, post): (CaseNumber, String, PostId),
) {
    let facts = &draft.snapshot.forwarded;
    match may_be_answered(draft, mail, author, facts) {
        Err(reason) => draft.say(format!("No acknowledgement: {reason}.")),
        Ok(()) => {
            draft.say("The author of the mail gets an acknowledgement.");
            let about = About { case, queue: draft.opened_in(), subject, post };
            let mut letter = letter(draft, mail, about, Template::Acknowledged, author);
            letter.in_reply_to = forwarded.message_id.clone();
            letter.references = forwarded.message_id.iter().cloned().collect();
            draft.letters.push(letter);
        }
    }
}

/// Whom an automatic answer goes to, or why there is none.
fn addressee<'a>(draft: &Draft<'_>, mail: &Incoming<'a>) -> Result<&'a Named, String> {
    let desk = &draft.policy.desk;
    wanted(draft, mail)?;
    let Some(named) = mail.speaker.filter(|named| is_outside(&named.address, desk)) else {
        return Err("the mail names nobody outside as its originator".to_owned());
    };
    let message = &mail.arrived.reading.message;
    // A declared form writes in our own name, as a list of ours does: not From is answered, but whom it names (B29).
    let passed_on = passes_on(message, desk);
    let asks = message.field("X-Auto-Response-Suppress").next().is_some();
    if !mail.arrived.reading.may_answer && (asks || !passed_on) {
        return Err(if asks {
            "the mail asks for none (X-Auto-Response-Suppress)".to_owned()
        } else {
            "the mail cannot be answered safely (From)".to_owned()
        });
    }
    may_be_answered(draft, mail, named, &draft.snapshot.speaker).map(|()| named)
}

/// Whether this mail may have an automatic answer at all.
fn wanted(draft: &Draft<'_>, mail: &Incoming<'_>) -> Result<(), String> {
    if !draft.policy.desk.acknowledgement.enabled {
        return Err("the desk does not acknowledge (`acknowledgement.enabled`)".to_owned());
    }
    if mail.arrived.silent {
        return Err("the mail was taken in silently (`--no-mail`, or older than a restored backup)".to_owned());
    }
    automatic(mail.arrived.reading.kind)
}

fn may_be_answered(
    draft: &Draft<'_>,
    mail: &Incoming<'_>,
    named: &Named,
    speaker: &SpeakerFacts,
) -> Result<(), String> {
    let limits = &draft.policy.desk.acknowledgement;
    wanted(draft, mail)?;
    if is_unanswerable(&named.address) {
        return Err("nobody reads mail to the originator's address".to_owned());
    }
    if speaker.undeliverable {
        return Err("mail to the originator came back before".to_owned());
    }
    let so_far = AnswersSoFar {
        address_hour: speaker.answers_hour,
        address_day: speaker.answers_day,
        desk_hour: draft.snapshot.desk_answers_hour,
    };
    so_far.allow_another(limits)
}

/// Automatic answers that were given lately.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AnswersSoFar {
    /// To the address in question, within the last hour and the last day.
    pub address_hour: u32,
    pub address_day: u32,
    /// Of the desk, within the last hour.
    pub desk_hour: u32,
}

impl AnswersSoFar {
    /// # Errors
    /// The limit that is reached, as a part of a sentence.
    pub fn allow_another(&self, limits: &Acknowledgement) -> Result<(), String> {
        within(self.address_hour, limits.per_address_hour, "to this address within the hour", "per_address_hour")?;
        within(self.address_day, limits.per_address_day, "to this address within the day", "per_address_day")?;
        within(self.desk_hour, limits.per_desk_hour, "of the desk within the hour", "per_desk_hour")
    }
}

fn automatic(kind: Kind) -> Result<(), String> {
    let what = match kind {
        Kind::Correspondence | Kind::Calendar => return Ok(()),
        Kind::AutoReply => "an automatic reply",
        Kind::AutoGenerated => "written by a machine",
        Kind::DeliveryReport | Kind::DispositionReport | Kind::FeedbackReport => "a report",
        Kind::List => "list mail",
        Kind::Own => "our own",
    };
    Err(format!("the mail is {what}"))
}

fn within(so_far: u32, limit: u32, what: &str, key: &str) -> Result<(), String> {
    if so_far < limit {
        return Ok(());
    }
    Err(format!("the limit of {limit} automatic answers {what} is reached (`{key}`)"))
}

fn letter(draft: &Draft<'_>, mail: &Incoming<'_>, about: About<'_>, template: Template, to: &Named) -> Letter {
    let desk = &draft.policy.desk;
    let message = &mail.arrived.reading.message;
    let language = draft.language(mail.arrived.reading.language.as_ref());
    let name = plausible_name(to);
    let answer_time = desk.answer_time.get(&language);
    let own_language = desk.languages.first();
    let facts = Facts {
        case_number: about.case.to_string(),
        recipient_name: name.clone(),
        staff_name: None,
        body: None,
        answer_time: answer_time.or(own_language.and_then(|own| desk.answer_time.get(own))).cloned(),
        reopen_days: about.queue.map(|queue| queue.reopen_days),
        limit: mail.arrived.oversize.map(|_| bytes_in_words(desk.limits.message_bytes)),
        inside: Inside::default(),
    };
    Letter {
        id: draft.next_letter(),
        template,
        hand: Hand::Machine,
        audience: Audience::Public,
        case: Some(about.case),
        post: Some(about.post),
        person: None,
        asks: None,
        question: None,
        from: desk_address(draft, about.queue),
        to: vec![Named { name, address: to.address.clone() }],
        cc: Vec::new(),
        subject: about.subject,
        language,
        in_reply_to: message.message_id.clone(),
        references: references(&message.references, &message.in_reply_to, message.message_id.as_ref()),
        quotes: Vec::new(),
        recalls: None,
        enclosed: None,
        facts,
        at: draft.now,
    }
}

/// The address that our mail about cases of `queue` comes from.
pub(super) fn desk_address(draft: &Draft<'_>, queue: Option<&Queue>) -> Named {
    let desk = &draft.policy.desk;
    let of_desk = || Named { name: Some(desk.name.clone()), address: desk.address.clone() };
    queue.and_then(|queue| queue.from.clone()).unwrap_or_else(of_desk)
}

/// RFC 5322 §3.6.4: what the mail referred to, and the mail itself; oldest first.
fn references(references: &[MessageId], in_reply_to: &[MessageId], id: Option<&MessageId>) -> Vec<MessageId> {
    let earlier = match (references, in_reply_to) {
        ([], [only]) => std::slice::from_ref(only),
        (references, _) => references,
    };
    earlier.iter().chain(id).cloned().collect()
}

pub(super) fn bytes_in_words(bytes: u64) -> String {
    const KB: u64 = 1024;
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KB", bytes / KB),
        _ => format!("{} MB", bytes / KB / KB),
    }
}
