//! The header: who, to whom, about what, in answer to what, and by whose hand.

use std::time::{Duration, SystemTime};

use lettre::message::header::{self, HeaderName, HeaderValue, Headers};
use lettre::message::{Mailbox, Mailboxes};
use regex::Regex;

use crate::case::letter::Hand;
use crate::case::{Letter, Template};
use crate::mail::reference::LOOP_HEADER;
use crate::mail::{Address, Defect, Language, MessageId, Named, subject};
use crate::rules::{Policy, template};

/// Characters of a case's subject that are repeated.
const SUBJECT: usize = 200;
/// Characters of a name beside an address.
const NAME: usize = 100;
/// Bytes of References: the whole header stays far below what servers take (B27).
const REFERENCES: usize = 1_500;
/// Bytes of one Message-ID that is repeated: two fit a line (RFC 5322 §2.1.1).
const REPEATED_ID: usize = 450;

/// What names the mail that a letter becomes.
pub(super) struct Naming<'a> {
    pub message_id: &'a MessageId,
    /// The 24 characters of its reference.
    pub sealed: &'a str,
    /// Where replies are asked for; From where None.
    pub reply_to: Option<&'a Address>,
}

/// Every header field but Content-Type.
pub(super) fn write(
    letter: &Letter,
    policy: &Policy,
    naming: &Naming<'_>,
    language: &Language,
    defects: &mut Vec<Defect>,
) -> Headers {
    let mut headers = Headers::new();
    headers.set(header::Date::new(moment(letter)));
    headers.set(header::From::from(mailboxes(std::slice::from_ref(&letter.from))));
    if let Some(address) = naming.reply_to {
        let named = Named { name: letter.from.name.clone(), address: address.clone() };
        headers.set(header::ReplyTo::from(mailboxes(&[named])));
    }
    match letter.to.is_empty() {
        true => put(&mut headers, "To", "undisclosed-recipients:;".to_owned()),
        false => headers.set(header::To::from(mailboxes(&letter.to))),
    }
    if !letter.cc.is_empty() {
        headers.set(header::Cc::from(mailboxes(&letter.cc)));
    }
    headers.set(header::Subject::from(subject_of(letter, policy, language)));
    put(&mut headers, "Message-ID", format!("<{}>", naming.message_id));
    relate(&mut headers, letter, defects);
    put(&mut headers, LOOP_HEADER, naming.sealed.to_owned());
    match letter.hand {
        // No Precedence: RFC 3834 §3.1.8 leaves it to those who need it, and some servers drop such mail.
        Hand::Machine => {
            // RFC 3834 §5.1, RFC 5436 §2.7.1.
            let by_itself = matches!(letter.template, Template::Alarm | Template::Notified);
            put(&mut headers, "Auto-Submitted", if by_itself { "auto-generated" } else { "auto-replied" }.to_owned());
            put(&mut headers, "X-Auto-Response-Suppress", "All".to_owned());
        }
        Hand::Person => {}
    }
    if is_language_tag(&language.0) {
        put(&mut headers, "Content-Language", language.0.clone());
    }
    headers.set(header::MIME_VERSION_1_0);
    headers
}

/// `value` holds printable ASCII.
fn put(headers: &mut Headers, name: &'static str, value: String) {
    headers.insert_raw(HeaderValue::new(HeaderName::new_from_ascii_str(name), value));
}

/// Date has whole seconds, and lettre writes the years 1970 to 9999.
fn moment(letter: &Letter) -> SystemTime {
    let seconds = letter.at.as_second().clamp(0, 253_402_300_799);
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.unsigned_abs())
}

fn mailboxes(named: &[Named]) -> Mailboxes {
    named.iter().map(mailbox).collect()
}

fn mailbox(named: &Named) -> Mailbox {
    let wire = named.address.on_the_wire();
    let (local, domain) = wire.rsplit_once('@').expect("an address has an @");
    // Not lettre's own check, which refuses addresses that people have. Ours lets no control character,
    // bracket or separator through outside quotes.
    let address = lettre::Address::new_dangerous(local, domain);
    let name = named.name.as_deref().map(|name| one_line(name, NAME)).filter(|name| !name.is_empty());
    Mailbox::new(name, address)
}

/// What it is about, and the tag, last and in clear.
fn subject_of(letter: &Letter, policy: &Policy, language: &Language) -> String {
    let case_word = &policy.desk.reference.case_word;
    let about = match letter.hand {
        // Staff have one thread a case.
        Hand::Machine if letter.person.is_some() && !letter.subject.is_empty() => of_the_case(letter, case_word),
        // Nobody outside wrote a word of it.
        Hand::Machine if letter.template == Template::Alarm => one_line(&letter.subject, SUBJECT),
        // A stranger's subject would make every acknowledgement an advertisement that we deliver (B26).
        Hand::Machine => one_line(template::subject(letter.template, language).unwrap_or(&policy.desk.name), SUBJECT),
        Hand::Person => of_the_case(letter, case_word),
    };
    let tag = letter.case.map(|case| format!("[{case_word} {case}]")).unwrap_or_default();
    [about, tag].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// `Re: Printer on fire`: one reply prefix, no tag.
fn of_the_case(letter: &Letter, case_word: &str) -> String {
    let tag = Regex::new(&format!(r"(?i)\[\s*{}\s*#?\s*[0-9]+\s*\]", regex::escape(case_word)))
        .expect("an escaped word makes a pattern");
    let line = one_line(&letter.subject, SUBJECT * 4);
    let bare = tag.replace_all(&line, " ");
    let bare = one_line(subject::without_reply_prefixes(&bare), SUBJECT);
    let answer = if letter.in_reply_to.is_some() { "Re:" } else { "" };
    [answer, &bare].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// RFC 5322 §3.6.4.
fn relate(headers: &mut Headers, letter: &Letter, defects: &mut Vec<Defect>) {
    let mut ids: Vec<&MessageId> = Vec::new();
    for id in letter.references.iter().chain(&letter.in_reply_to) {
        ids.retain(|known| *known != id);
        ids.push(id);
    }
    let before = ids.len();
    ids.retain(|id| can_be_repeated(id));
    if ids.len() < before {
        defects.push(Defect {
            name: "id-not-repeated".to_owned(),
            note: format!("{} Message-IDs cannot be written in a header and were left out", before - ids.len()),
        });
    }
    if let Some(id) = letter.in_reply_to.as_ref().filter(|id| can_be_repeated(id)) {
        put(headers, "In-Reply-To", format!("<{id}>"));
    }
    if !ids.is_empty() {
        put(headers, "References", trimmed(&ids));
    }
}

/// Printable ASCII without space or brackets: what stands between `<` and `>` in anybody's header.
fn can_be_repeated(id: &MessageId) -> bool {
    let is_plain = |b: u8| b.is_ascii_graphic() && b != b'<' && b != b'>';
    !id.0.is_empty() && id.0.len() <= REPEATED_ID && id.0.bytes().all(is_plain)
}

/// The first and the newest, as many as fit (B27).
fn trimmed(ids: &[&MessageId]) -> String {
    let length = |id: &MessageId| id.0.len() + 3;
    let mut room = REFERENCES.saturating_sub(length(ids[0]));
    let newest = ids[1..].iter().rev().take_while(|id| {
        let fits = length(id) <= room;
        room = room.saturating_sub(length(id));
        fits
    });
    let mut kept: Vec<String> = newest.map(|id| format!("<{id}>")).collect();
    kept.push(format!("<{}>", ids[0]));
    kept.reverse();
    kept.join(" ")
}

/// RFC 5646 §2.1, roughly.
fn is_language_tag(tag: &str) -> bool {
    (1..=35).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// One line of at most `limit` characters, without control characters, and without anything that readers would
/// decode: what looks like an encoded-word (RFC 2047 §2) is taken apart.
fn one_line(text: &str, limit: usize) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() || is_line_end(c) { ' ' } else { c }).collect();
    let words = spaced.split_whitespace().collect::<Vec<_>>().join(" ").replace("=?", "= ?");
    match words.char_indices().nth(limit) {
        Some((at, _)) => format!("{}…", words[..at].trim_end()),
        None => words,
    }
}

/// Line ends beyond ASCII.
fn is_line_end(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}
