//! Automatic answers that the header does not prove: out of office, and requests to prove that one is a person.

mod request;
mod told;
mod words;

use super::{Hand, Kind, Machine, Sign, hand, header, receipts, sign, subjects};
use crate::mail::body::Split;
use crate::mail::message::{Message, clip};
use crate::mail::report::plain;
use crate::mail::subject::{is_handed_on, without_reply_prefixes};
use told::Told;
use words::CHALLENGED;

/// What an automatic answer shows of itself. The subject is weak evidence, because people write about absence too: it
/// counts where a program wrote it, or where the header or the text confirms it. `signs` is what was found before.
pub fn sign_of(raw: &[u8], message: &Message, split: &Split, signs: &[Sign]) -> Option<Sign> {
    let subject = &message.subject;
    let machine = super::machine(message, signs);
    if CHALLENGE_FIELDS.iter().any(|name| message.field(name).next().is_some()) {
        return Some(sign(Kind::AutoReply, "A field of a challenge to prove that a person wrote"));
    }
    let told = Told::of(split);
    // Who answers or forwards what a program wrote has its words in the subject, too.
    if machine < Machine::Yes && is_handed_on(&plain(subject)) && !subjects::is_tagged(subject) {
        // Some programs put the mark behind the subject that they answer.
        let answered = without_reply_prefixes(subject);
        let behind = subjects::ends_with_mark(answered) && !is_handed_on(&plain(answered));
        let behind = behind && told.says() && !told.requests();
        let found = (behind && !asks(split)).then(|| sign(Kind::AutoReply, "Subject: automatic reply, at its end"));
        return found.or_else(|| answered_in_bulk(message, split, &told));
    }
    if subjects::is_auto_reply(subject) {
        // Without more than the mark people speak of the thing itself; programs say what they are.
        let marked = subjects::names_another(subject) || subjects::says_it_twice(subject);
        let bare = !marked && !told.says() && !told.acknowledges();
        let asks = asks(split) && !told.says();
        let found = sign(Kind::AutoReply, "Subject: automatic reply");
        return match machine {
            Machine::Yes | Machine::Perhaps => Some(found),
            Machine::No if bare && !asks && told.cites() => Some(found.unless(Hand::Unseen)),
            Machine::No if asks || bare => None,
            // Nobody can be sure of such mail, which is why nobody gets an automatic answer to it.
            Machine::No if speaks_of_mark(split, &told) => Some(found.unless(Hand::Unseen)),
            Machine::No => Some(found),
        };
    }
    if challenges(message, split, machine) {
        return Some(sign(Kind::AutoReply, "Subject: a challenge to prove that a person wrote"));
    }
    // A program that answers for somebody writes from his address; shops and lists speak of holidays as well.
    let robot = header::robots(message).is_some() || signs.iter().any(|sign| sign.kind == Kind::List);
    if machine == Machine::Yes && !robot {
        return told_by_machine(raw, message, &told);
    }
    let confirmed = || {
        let goes_on = || machine > Machine::No || subjects::names_another(subject) || told.tells_when();
        let speaks = asks(split) || told.pleads() || announces(message, &told);
        (told.says() || told.cites()) && !told.of_another() && !speaks && goes_on()
    };
    if !robot && subjects::is_absence(subject) && confirmed() {
        let found = sign(Kind::AutoReply, "Subject: absence, as the text confirms");
        // Here nobody can be sure either.
        let unsure = told.requests() || told.of_a_house() || told.cites();
        return Some(if unsure { found.unless(Hand::Unseen) } else { found });
    }
    answered_in_bulk(message, split, &told)
}

fn told_by_machine(raw: &[u8], message: &Message, told: &Told) -> Option<Sign> {
    if subjects::mentions_absence(&message.subject) || subjects::is_absence(&message.subject) {
        return Some(sign(Kind::AutoReply, "Subject: absence, told by a machine"));
    }
    let answers = !message.in_reply_to.is_empty() || !message.references.is_empty();
    let answers =
        answers || is_handed_on(&plain(&message.subject)) || header::null_reverse_path(raw, message).is_some();
    (answers && told.says()).then(|| sign(Kind::AutoReply, "Text: absence, told by a machine"))
}

/// vacation(1) and its kin say `Precedence: bulk` and no more.
fn answered_in_bulk(message: &Message, split: &Split, told: &Told) -> Option<Sign> {
    let answers = !message.in_reply_to.is_empty() || !message.references.is_empty();
    (header::goes_in_bulk(message) && answers && told.says() && !asks(split))
        .then(|| sign(Kind::AutoReply, "Text: absence, with Precedence: bulk"))
}

fn asks(split: &Split) -> bool {
    hand::asks_at_length(split)
}

/// Whether somebody speaks of an automatic reply rather than being one: he asks for something where notices tell, or
/// names the thing as a person.
fn speaks_of_mark(split: &Split, told: &Told) -> bool {
    match told.requests() {
        true => !told.says() && !told.acknowledges() || told.names_mark(),
        false => !told.says() && told.names_mark() && (!told.acknowledges() || hand::surely_writes(split)),
    }
}

/// People tell their colleagues beforehand: several of them, or of a time to come. A program answers one person, and
/// mostly under the subject of what it answers.
fn announces(message: &Message, told: &Told) -> bool {
    const FUTURE: &[&str] = &[
        "i will be",
        "i'll be",
        "i am going",
        "i'm going",
        "we will be",
        "i shall be",
        "werde ich",
        "ich werde",
        "nächste woche",
        "next week",
        "tomorrow",
        "morgen",
        "demain",
        "mañana",
        "domani",
        "la semaine prochaine",
        "la próxima semana",
    ];
    const EVERYBODY: &[&str] = &[
        "all",
        "everyone",
        "everybody",
        "team",
        "folks",
        "colleagues",
        "guys",
        "kollegen",
        "zusammen",
        "à tous",
        "collègues",
        "a todos",
        "a tutti",
        "allemaal",
        "alla",
    ];
    let head = &told.head;
    let greeting: String = head.chars().take(40).collect();
    let greeting: Vec<&str> = greeting.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let greeting = format!(" {} ", greeting.join(" "));
    let several = message.to.len() + message.cc.len() > 1;
    let everybody = EVERYBODY.iter().any(|words| greeting.contains(&format!(" {words} ")));
    let beforehand = !subjects::names_another(&message.subject) && FUTURE.iter().any(|words| head.contains(words));
    several || everybody || beforehand
}

const CHALLENGE_FIELDS: &[&str] =
    &["X-BoxTrapper-Verify", "X-TMDA-Confirm", "X-SpamArrest", "X-UOL-Antispam", "X-Challenge-Response"];

/// Challenge-response: TMDA, Spam Arrest, BoxTrapper, ChoiceMail, EarthLink and their kin.
fn challenges(message: &Message, split: &Split, machine: Machine) -> bool {
    let subject = plain(&message.subject);
    let called = receipts::CHALLENGES.iter().any(|words| subject.contains(words));
    let head = plain(clip(&split.own, 2_000));
    // One that says so in words alone tells what to press or to answer; with words enough it may greet as well.
    let written = |asked: usize| if asked > 2 { hand::surely_writes(split) } else { hand::writes(split) };
    let told = || ["http", "reply to this", "simply reply"].iter().any(|how| head.contains(how));
    let asked = CHALLENGED.iter().filter(|words| head.contains(**words)).count();
    called && asked > 0 && (machine == Machine::Yes || asked > 1 && told() && !written(asked))
}
