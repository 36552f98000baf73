//! Automatic answers that the header does not prove: out of office, and requests to prove that one is a person.

mod request;
mod words;

use super::{Hand, Kind, Machine, Sign, hand, header, receipts, sign, subjects};
use crate::mail::body::Split;
use crate::mail::message::{Message, clip};
use crate::mail::report::plain;
use crate::mail::subject::is_handed_on;
use request::requests;
use words::{ABSENT, ACKNOWLEDGEMENTS, CHALLENGED, RETURNS};

/// Bytes of the author's words within which an automatic answer says what it is.
const HEAD_BYTES: usize = 600;

/// What an automatic answer shows of itself. The subject is weak evidence, because people write about absence too: it
/// counts where a program wrote it, or where the header or the text confirms it. `signs` is what was found before.
pub fn sign_of(raw: &[u8], message: &Message, split: &Split, signs: &[Sign]) -> Option<Sign> {
    let subject = &message.subject;
    let machine = super::machine(message, signs);
    if CHALLENGE_FIELDS.iter().any(|name| message.field(name).next().is_some()) {
        return Some(sign(Kind::AutoReply, "A field of a challenge to prove that a person wrote"));
    }
    // Who answers or forwards what a program wrote has its words in the subject, too.
    if machine < Machine::Yes && is_handed_on(&plain(subject)) {
        return answered_in_bulk(message, split);
    }
    if subjects::is_auto_reply(subject) {
        // Without more than the mark people speak of the thing itself; programs say what they are.
        let marked = subjects::names_another(subject) || subjects::says_it_twice(subject);
        let bare = !marked && !says(split) && !acknowledges(split);
        let asks = asks(split) && !says(split);
        let found = sign(Kind::AutoReply, "Subject: automatic reply");
        return match machine {
            Machine::Yes | Machine::Perhaps => Some(found),
            Machine::No if asks || bare => None,
            // Nobody can be sure of such mail, which is why nobody gets an automatic answer to it.
            Machine::No if speaks_of_mark(split) => Some(found.unless(Hand::Unseen)),
            Machine::No => Some(found),
        };
    }
    if challenges(message, split, machine) {
        return Some(sign(Kind::AutoReply, "Subject: a challenge to prove that a person wrote"));
    }
    // A program that answers for somebody writes from his address; shops and lists speak of holidays as well.
    let robot = header::robots(message).is_some() || signs.iter().any(|sign| sign.kind == Kind::List);
    if machine == Machine::Yes && !robot {
        return told_by_machine(raw, message, split);
    }
    let confirmed = || {
        let goes_on = || machine > Machine::No || subjects::names_another(subject) || tells_when(split);
        says(split) && !of_another(split) && !asks(split) && !requests(split) && !announces(message, split) && goes_on()
    };
    if !robot && subjects::is_absence(subject) && confirmed() {
        return Some(sign(Kind::AutoReply, "Subject: absence, as the text confirms"));
    }
    answered_in_bulk(message, split)
}

fn told_by_machine(raw: &[u8], message: &Message, split: &Split) -> Option<Sign> {
    if subjects::mentions_absence(&message.subject) || subjects::is_absence(&message.subject) {
        return Some(sign(Kind::AutoReply, "Subject: absence, told by a machine"));
    }
    let answers = !message.in_reply_to.is_empty() || !message.references.is_empty();
    let answers =
        answers || is_handed_on(&plain(&message.subject)) || header::null_reverse_path(raw, message).is_some();
    (answers && says(split)).then(|| sign(Kind::AutoReply, "Text: absence, told by a machine"))
}

/// vacation(1) and its kin say `Precedence: bulk` and no more.
fn answered_in_bulk(message: &Message, split: &Split) -> Option<Sign> {
    let answers = !message.in_reply_to.is_empty() || !message.references.is_empty();
    (header::goes_in_bulk(message) && answers && says(split) && !asks(split))
        .then(|| sign(Kind::AutoReply, "Text: absence, with Precedence: bulk"))
}

/// Whether the author's words begin like the acknowledgement of a mail.
fn acknowledges(split: &Split) -> bool {
    let head = plain(clip(split.own.trim_start(), HEAD_BYTES));
    ACKNOWLEDGEMENTS.iter().any(|words| head.contains(words))
}

fn asks(split: &Split) -> bool {
    hand::asks_at_length(split)
}

/// Whether somebody speaks of an automatic reply rather than being one: he asks for something where notices tell, or
/// names the thing as a person.
fn speaks_of_mark(split: &Split) -> bool {
    let names = || subjects::names_mark(&plain(clip(split.own.trim_start(), HEAD_BYTES)));
    let says = says(split);
    match requests(split) {
        true => !says && !acknowledges(split) || names(),
        false => !says && names() && hand::surely_writes(split),
    }
}

/// People tell their colleagues beforehand: several of them, or of a time to come. A program answers one person, and
/// mostly under the subject of what it answers.
fn announces(message: &Message, split: &Split) -> bool {
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
        " all,",
        " all ",
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
    let head = plain(clip(split.own.trim_start(), HEAD_BYTES));
    let greeting: String = head.chars().take(40).collect();
    let several = message.to.len() + message.cc.len() > 1;
    let everybody = EVERYBODY.iter().any(|words| greeting.contains(words));
    let beforehand = !subjects::names_another(&message.subject) && FUTURE.iter().any(|words| head.contains(words));
    several || everybody || beforehand
}

/// Whether the author's words say how long it lasts, or who helps meanwhile, as notices do.
fn tells_when(split: &Split) -> bool {
    let head = plain(clip(split.own.trim_start(), HEAD_BYTES));
    RETURNS.iter().any(|words| head.contains(words))
}

/// Whether it is somebody else who is absent: `The technician is out of the office.` Or something that is called so.
fn of_another(split: &Split) -> bool {
    const VERBS: &[&str] = &[" is ", " are ", " ist ", " sind ", " est ", " sont ", " está ", " è ", " derzeit "];
    const NOBODYS: &[&str] = &["out of the office", "out of office", "not in the office", "away from"];
    const OWN: &[&str] = &["am ", "'m ", "be ", "been ", "currently ", "we are ", "presently "];
    let head = plain(clip(split.own.trim_start(), HEAD_BYTES));
    let found = ABSENT.iter().filter_map(|words| head.find(words).map(|at| (at, words))).min();
    found.is_some_and(|(at, words)| {
        let before = &head[..at];
        let begins = before.trim_end().is_empty() || before.trim_end().ends_with(['.', '!', ',', ':', '*', '-', '|']);
        let own = begins || OWN.iter().any(|own| before.ends_with(own));
        VERBS.iter().any(|verb| before.ends_with(verb)) && !before.ends_with("we are ")
            || NOBODYS.contains(words) && !own
    })
}

/// Whether the author's words begin like a notice of absence.
fn says(split: &Split) -> bool {
    let head = plain(clip(split.own.trim_start(), HEAD_BYTES));
    ABSENT.iter().any(|words| head.contains(words))
}

const CHALLENGE_FIELDS: &[&str] =
    &["X-BoxTrapper-Verify", "X-TMDA-Confirm", "X-SpamArrest", "X-UOL-Antispam", "X-Challenge-Response"];

/// Challenge-response: TMDA, Spam Arrest, BoxTrapper, ChoiceMail, EarthLink and their kin.
fn challenges(message: &Message, split: &Split, machine: Machine) -> bool {
    let subject = plain(&message.subject);
    let called = receipts::CHALLENGES.iter().any(|words| subject.contains(words));
    let head = plain(clip(&split.own, 2_000));
    // One that says so in words alone tells what to press or to answer.
    let by_hand =
        || hand::writes(split) || !["http", "reply to this", "simply reply"].iter().any(|how| head.contains(how));
    let asked = CHALLENGED.iter().filter(|words| head.contains(**words)).count();
    called && asked > 0 && (machine == Machine::Yes || asked > 1 && !by_hand())
}
