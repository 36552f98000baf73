//! Staff are asked about mail of theirs that is held: whether it is theirs, whether it is still to be sent.

use super::super::answer::desk_address;
use super::super::mail::Incoming;
use super::super::notify::{addressed, readers};
use super::Draft;
use crate::case::letter::{Facts, Hand, Inside};
use crate::case::snapshot::{CaseFacts, KnownSent, LastAnswer};
use crate::case::{Audience, Letter, PostId, PostKind, Template};
use crate::rules::Staff;

/// Words that decline, at the top of an answer to a question.
const NO: [&str; 8] = ["no", "nope", "not", "nein", "nicht", "non", "nee", "no!"];

#[derive(Debug, Clone, Copy)]
pub(super) enum Question<'a> {
    /// Nothing proves that they wrote it.
    Yours,
    /// A colleague was faster.
    Crossing { case: &'a CaseFacts, faster: &'a LastAnswer },
    /// What stands at its top cannot be carried out as it is.
    Unclear(Unclear<'a>),
    /// Commands about no case.
    Nowhere { why: &'a str },
}

/// A mail that is to be written anew, or sent as it stands. The question answers what the mail answered, so that the
/// new one goes where the old one would have gone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unclear<'a> {
    pub case: &'a CaseFacts,
    pub post: Option<PostId>,
    pub audience: Audience,
    /// Sentences, one a line.
    pub why: &'a str,
}

/// Whether the answer to this question is the mail anew: see [`Unclear`].
pub(super) fn takes_mail_anew(letter: &KnownSent) -> bool {
    let crossing = letter.about == Some(PostKind::Answer) && letter.audience == Audience::Internal;
    letter.case.is_some() && !crossing
}

/// Asks once; the answer settles the entry (B31). To the address in staff.toml, never to one that the mail names.
pub(super) fn ask(draft: &mut Draft<'_>, mail: &Incoming<'_>, staff: &Staff, question: Question<'_>) {
    let desk = &draft.policy.desk;
    if mail.arrived.silent {
        return draft.say("Nobody is asked: the mail was taken in silently (`--no-mail`).");
    }
    let limit = desk.notices.questions_per_hour;
    let so_far = draft.snapshot.told.iter().find(|told| told.person == staff.name).map_or(0, |told| told.questions);
    if so_far >= limit {
        return draft.say(format!(
            "{} is not asked: the limit of {limit} questions within the hour is reached (`notices.questions_per_hour`).",
            staff.label
        ));
    }
    draft.say(format!("{} is asked; answering that mail releases this one.", staff.label));
    let message = &mail.arrived.reading.message;
    let (case, post, inside) = particulars(draft, mail, question);
    let queue = case.and_then(|case| draft.queue(&case.queue));
    let number = case.map(|case| case.number);
    let quotes = match question {
        Question::Crossing { faster, .. } => vec![faster.post],
        Question::Yours | Question::Unclear(_) | Question::Nowhere { .. } => Vec::new(),
    };
    let audience = match question {
        Question::Unclear(unclear) => unclear.audience,
        Question::Yours | Question::Crossing { .. } | Question::Nowhere { .. } => Audience::Internal,
    };
    let letter = Letter {
        id: draft.next_letter(),
        template: Template::Asked,
        hand: Hand::Machine,
        audience,
        case: number,
        post,
        person: Some(staff.name.clone()),
        asks: Some(mail.entry),
        from: desk_address(draft, queue),
        to: vec![addressed(staff)],
        cc: Vec::new(),
        subject: case.map(|case| case.subject.clone()).unwrap_or_default(),
        language: draft.language(None),
        in_reply_to: message.message_id.clone(),
        references: message.message_id.iter().cloned().collect(),
        quotes,
        enclosed: None,
        facts: Facts {
            case_number: number.map(|number| number.to_string()).unwrap_or_default(),
            inside,
            ..Facts::default()
        },
        at: draft.now,
    };
    draft.letters.push(letter);
}

/// The case and the post that a question is about, and what it says.
fn particulars<'a>(
    draft: &Draft<'_>,
    mail: &Incoming<'_>,
    question: Question<'a>,
) -> (Option<&'a CaseFacts>, Option<PostId>, Inside) {
    match question {
        Question::Yours => {
            let at = draft.event.received.strftime("%Y-%m-%d %H:%M UTC").to_string();
            let subject = mail.arrived.reading.message.subject.clone();
            let subject = Some(subject).filter(|subject| !subject.trim().is_empty());
            (None, None, Inside { asked_at: Some(at), asked_subject: subject, ..Inside::default() })
        }
        Question::Crossing { case, faster } => {
            let minutes = draft.now.duration_since(faster.at).as_mins().max(0);
            let inside = Inside {
                crossed_by: Some(faster.by.clone()),
                crossed_minutes: u32::try_from(minutes).ok(),
                ..Inside::default()
            };
            (Some(case), Some(faster.post), inside)
        }
        Question::Unclear(Unclear { case, post, audience, why }) => {
            let reply_goes_to = if audience == Audience::Public { readers(case) } else { None };
            let inside = Inside { words: Some(why.to_owned()), reply_goes_to, ..Inside::default() };
            (Some(case), post, inside)
        }
        Question::Nowhere { why } => (None, None, Inside { words: Some(why.to_owned()), ..Inside::default() }),
    }
}

/// Whether an answer to a question says no.
pub(super) fn declines(words: &str) -> bool {
    let first = words.split(|c: char| c.is_whitespace() || ",.;:!".contains(c)).find(|word| !word.is_empty());
    first.is_some_and(|word| NO.contains(&word.to_lowercase().as_str()))
}
