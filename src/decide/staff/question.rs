//! Staff are asked about mail of theirs that is held: whether it is theirs, whether it is still to be sent.

mod said;

use jiff::Timestamp;

use super::super::answer::desk_address;
use super::super::mail::Incoming;
use super::super::notify::{addressed, readers};
use super::{Crossing, Draft};
use crate::case::event::Commands;
use crate::case::instruction::{self, Order};
use crate::case::letter::{Facts, Hand, Inside, QuestionKind};
use crate::case::sentence::sentence;
use crate::case::snapshot::{CaseFacts, KnownSent, LastAnswer};
use crate::case::{
    Audience, Command, Decision, Effect, EntryId, Letter, PostId, Sentence, Template, Verb, Verdict, words,
};
use crate::link::find_case;
use crate::mail::Kind;
use crate::rules::Staff;
use said::Said;

#[derive(Debug, Clone, Copy)]
pub(super) enum Question<'a> {
    /// Nothing proves that they wrote it.
    Yours,
    /// A colleague was faster.
    Crossing { case: &'a CaseFacts, faster: &'a LastAnswer },
    /// What stands at its top cannot be carried out as it is.
    Unclear(Unclear<'a>),
    /// Commands about no case.
    Nowhere { why: &'a Sentence },
    /// The answer to a question settled nothing.
    Again { entry: EntryId, letter: &'a KnownSent, case: Option<&'a CaseFacts>, why: &'a Sentence },
}

/// A mail that is to be written anew, or sent as it stands. The question answers what the mail answered, so that the
/// new one goes where the old one would have gone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unclear<'a> {
    pub case: &'a CaseFacts,
    pub post: Option<PostId>,
    pub audience: Audience,
    /// Sentences, one a line.
    pub why: &'a Sentence,
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
    let (entry, kind) = match question {
        Question::Yours => (mail.entry, QuestionKind::Yours),
        Question::Crossing { .. } => (mail.entry, QuestionKind::Crossing),
        Question::Unclear(_) => (mail.entry, QuestionKind::Unclear),
        Question::Nowhere { .. } => (mail.entry, QuestionKind::Nowhere),
        Question::Again { entry, letter, .. } => (entry, letter.question.unwrap_or(QuestionKind::Yours)),
    };
    draft.say(match question {
        Question::Again { .. } => format!("{} is asked again about entry {entry}.", staff.label),
        Question::Unclear(_) => {
            format!("{} is asked; the mail written anew settles this one, or `#send`.", staff.label)
        }
        Question::Yours | Question::Crossing { .. } | Question::Nowhere { .. } => {
            format!("{} is asked; a plain yes to that question releases this one.", staff.label)
        }
    });
    let message = &mail.arrived.reading.message;
    let (case, post, inside) = particulars(draft, mail, question);
    let queue = case.and_then(|case| draft.queue(&case.queue));
    let number = case.map(|case| case.number);
    let quotes = match question {
        Question::Crossing { faster, .. } => vec![faster.post],
        Question::Yours | Question::Unclear(_) | Question::Nowhere { .. } | Question::Again { .. } => Vec::new(),
    };
    let audience = match question {
        Question::Unclear(unclear) => unclear.audience,
        Question::Again { letter, .. } => letter.audience,
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
        asks: Some(entry),
        question: Some(kind),
        from: desk_address(draft, queue),
        to: vec![addressed(staff)],
        cc: Vec::new(),
        subject: case.map(|case| case.subject.clone()).unwrap_or_default(),
        language: draft.language(None),
        in_reply_to: message.message_id.clone(),
        references: message.message_id.iter().cloned().collect(),
        quotes,
        recalls: None,
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
    let language = draft.language(None);
    let said = |why: &Sentence| Some(why.said_in(&language).to_owned());
    match question {
        Question::Yours => (None, None, asked_about(draft, mail)),
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
            let inside = Inside { words: said(why), reply_goes_to, ..Inside::default() };
            (Some(case), post, inside)
        }
        Question::Nowhere { why } => (None, None, Inside { words: said(why), ..asked_about(draft, mail) }),
        Question::Again { letter, case, why, .. } => {
            let words = said(why);
            let inside = match letter.question {
                Some(QuestionKind::Unclear) => {
                    let public = letter.audience == Audience::Public;
                    let reply_goes_to = case.filter(|_| public).and_then(readers);
                    Inside { words, reply_goes_to, ..Inside::default() }
                }
                Some(QuestionKind::Yours | QuestionKind::Crossing | QuestionKind::Nowhere) | None => {
                    Inside { words, asked_at: Some(minute(letter.at)), ..Inside::default() }
                }
            };
            (case, letter.post, inside)
        }
    }
}

/// When the mail came, and what it is called.
fn asked_about(draft: &Draft<'_>, mail: &Incoming<'_>) -> Inside {
    let subject = mail.arrived.reading.message.subject.clone();
    let asked_subject = Some(subject).filter(|subject| !subject.trim().is_empty());
    Inside { asked_at: Some(minute(draft.event.received)), asked_subject, ..Inside::default() }
}

fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// What is done about the entry that an answer is about.
enum Settled {
    Release,
    ReleaseAsText,
    Discard,
    /// The answer is the mail, written anew.
    Anew,
    /// It stays held; the sentence says why.
    Not(Sentence),
}

/// The answer to a question about a held mail: only the person who was asked settles it, and only by saying so.
pub(super) fn settle(
    mut draft: Draft<'_>,
    mail: &Incoming<'_>,
    staff: &Staff,
    (letter, entry): (&KnownSent, EntryId),
) -> Decision {
    let case = letter.case.and_then(|number| find_case(draft.snapshot, number));
    let asked = letter.person.as_ref() == Some(&staff.name) && mail.arrived.reading.kind == Kind::Correspondence;
    if !asked {
        draft.say(format!("It answers a question about entry {entry} that only a word of the person asked settles."));
        let (verdict, case) = match case {
            Some(case) => super::note(&mut draft, mail, staff, case),
            None => super::take(&mut draft, mail, staff, Crossing::Asked, Commands::Carried),
        };
        return draft.decided(verdict, case);
    }
    let (settled, more) = settled(mail, staff, letter);
    let more = more || !super::files(mail).is_empty();
    let held = draft.snapshot.corrected.as_ref().is_none_or(|known| known.entry != entry || known.held);
    let command = |verb: Verb| Effect::Command(Command { by: staff.name.clone(), verb });
    match settled {
        Settled::Release => {
            draft.say(format!("{} vouches for entry {entry}: it is released.", staff.label));
            draft.effects.push(command(Verb::Release { entry }));
        }
        Settled::ReleaseAsText => {
            draft.say(format!("{} says that entry {entry} is to be sent as it stands: it is released.", staff.label));
            draft.effects.push(command(Verb::ReleaseAsText { entry }));
        }
        Settled::Discard => {
            draft.say(format!("{} says that entry {entry} is not to be taken in.", staff.label));
            let reason = format!("{} said no.", staff.label);
            draft.effects.push(command(Verb::Discard { entry, reason }));
        }
        Settled::Anew => {
            draft.say(format!("{} wrote entry {entry} anew.", staff.label));
            let reason = format!("{} wrote it anew.", staff.label);
            draft.effects.push(command(Verb::Discard { entry, reason }));
            let (verdict, case) = super::take(&mut draft, mail, staff, Crossing::Asked, Commands::Carried);
            return draft.decided(verdict, case);
        }
        Settled::Not(why) if held => {
            draft.say(format!("That is neither yes nor no: entry {entry} stays held."));
            ask(&mut draft, mail, staff, Question::Again { entry, letter, case, why: &why });
        }
        Settled::Not(_) => draft.say(format!("Entry {entry} is settled already: nobody is asked again.")),
    }
    // What else it says does not vanish.
    match case.filter(|_| more) {
        Some(case) => {
            let (verdict, case) = super::note(&mut draft, mail, staff, case);
            draft.decided(verdict, case)
        }
        None => {
            if more {
                draft.say("What else it says stays in the record alone: the question is about no case.");
            }
            draft.decided(Verdict::Done, None)
        }
    }
}

/// What the answer means, and whether it says more than that.
fn settled(mail: &Incoming<'_>, staff: &Staff, letter: &KnownSent) -> (Settled, bool) {
    let text = words::of(&mail.arrived.reading, Audience::Internal).text;
    let instructions = instruction::of_mail(&mail.arrived.reading, Audience::Internal);
    let unclear = letter.question == Some(QuestionKind::Unclear);
    let sends = matches!(instructions.orders[..], [Order::Send]) && instructions.unclear.is_empty();
    if sends && (instructions.text.is_empty() || !unclear) {
        return (Settled::ReleaseAsText, !instructions.text.is_empty());
    }
    match said::read(&text, &staff.label) {
        (Said::No, more) => (Settled::Discard, more),
        (Said::Yes, more) if !unclear => (Settled::Release, more),
        (Said::Yes, false) => (
            Settled::Not(sentence!(
                "A yes alone does not say what you mean.",
                "Ein Ja allein sagt nicht, was Sie meinen."
            )),
            false,
        ),
        (Said::Yes | Said::Else, _) if unclear && !text.is_empty() => (Settled::Anew, true),
        (Said::Yes | Said::Else, _) => {
            let line = text.lines().next().unwrap_or_default();
            let start: String = line.chars().take(60).collect();
            (Settled::Not(neither(&start)), !text.is_empty())
        }
    }
}

fn neither(start: &str) -> Sentence {
    sentence!(
        "Your answer, \"{start}\", is neither yes nor no.",
        "Ihre Antwort, „{start}“, ist weder ein Ja noch ein Nein."
    )
}
