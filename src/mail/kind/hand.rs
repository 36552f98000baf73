//! What shows that a person wrote, whatever else a message bears.

use super::header::{auto_submitted, null_reverse_path};
use crate::mail::body::Split;
use crate::mail::closing::{self, CLOSINGS};
use crate::mail::message::{Message, clip};
use crate::mail::report::{self, plain};
use crate::mail::subject::is_handed_on;

/// Bytes of the author's words that are looked at: people come to the point, and pasted mail follows.
const WORDS_BYTES: usize = 1_000;
/// Bytes within which people greet or ask.
const HEAD_BYTES: usize = 500;

/// Characters from which a closing is told from other words in the midst of a text.
const CLOSING_CHARS: usize = 7;
/// Words of a closing, at most.
const CLOSING_WORDS: usize = 6;
/// Characters of a greeting after which nothing came.
const GREETING_CHARS: usize = 20;

/// A person's hand, from nothing to what programs do not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hand {
    Unseen,
    /// The words are a person's: they say I, ask, greet, or end with regards.
    Writes,
    /// They are, and a person's name stands below them.
    Signs,
    /// An answer in a thread, with the mark that mail programs put before the subject.
    Answers,
}

pub fn of(message: &Message, split: &Split) -> Hand {
    if answers(message) {
        Hand::Answers
    } else {
        let words = Words::of(split);
        let speaks = words.ask() || words.greet() || words.speak();
        match speaks {
            true if words.sign() => Hand::Signs,
            true => Hand::Writes,
            false if words.close() => Hand::Writes,
            false => Hand::Unseen,
        }
    }
}

/// An answer in a thread, with the mark that mail programs put before the subject, and nothing that speaks for a program.
pub fn answers(message: &Message) -> bool {
    (!message.in_reply_to.is_empty() || !message.references.is_empty())
        && is_handed_on(&plain(&message.subject))
        && null_reverse_path(&[], message).is_none()
        && auto_submitted(message).is_none()
}

/// Whether the author's words are a person's. Weak: it never outweighs what a program says of itself.
pub fn writes(split: &Split) -> bool {
    let words = Words::of(split);
    words.ask() || words.greet() || words.speak() || words.close()
}

/// The same where people and programs share an address, and where both greet: programs do not also end with regards, nor
/// put a person's name below.
pub fn surely_writes(split: &Split) -> bool {
    let words = Words::of(split);
    words.ask() || words.speak() || words.greet() && words.close() || words.sign()
}

/// Whether the author's words put a question of more than a word or two: notices say `Urgent? Call Bob.`
pub fn asks_at_length(split: &Split) -> bool {
    let words = Words::of(split);
    let at_length = |question: &str| {
        // Chinese and Japanese put no spaces between words.
        question.split_whitespace().count() > 2 || question.ends_with(|c: char| c >= '\u{3040}')
    };
    questions(&words.plain).any(at_length)
}

/// The author's words, as [`plain`] makes them. Each question costs, and the first that is answered with yes is enough.
struct Words<'a> {
    plain: String,
    own: &'a str,
}

impl Words<'_> {
    fn of(split: &Split) -> Words<'_> {
        let own = clip(split.own.trim_start(), WORDS_BYTES);
        Words { plain: plain(own), own }
    }

    fn head(&self) -> &str {
        clip(&self.plain, HEAD_BYTES)
    }

    fn say(&self, known: &[&str]) -> bool {
        known.iter().any(|known| contains_word(&self.plain, known))
    }

    /// They say I and my, and ask for favours.
    fn speak(&self) -> bool {
        self.say(SPEECH)
    }

    fn ask(&self) -> bool {
        questions(self.head()).next().is_some()
    }

    fn greet(&self) -> bool {
        let more = || self.plain.chars().count() > GREETING_CHARS;
        // A server greets as well: "Hello, this is the mail server on mx.example.org."
        let server = || SERVERS.iter().any(|words| self.head().contains(words));
        report::greets(self.head().trim_start()) && more() && !server()
    }

    fn close(&self) -> bool {
        let said = |closing: &str| closing.chars().count() >= CLOSING_CHARS && says_whole(&self.plain, closing);
        closing::regards().any(|closing| {
            said(closing) || !closing.is_ascii() && !closing.contains(is_cased) && self.plain.contains(closing)
        }) || self.sign()
    }

    /// Whether a closing begins a line, and a person's name follows it there or on the next.
    fn sign(&self) -> bool {
        let mut lines = self.own.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
        while let Some(line) = lines.next() {
            let below = lines.peek().copied().unwrap_or_default();
            if behind_closing(line).is_some_and(|rest| is_person(if rest.is_empty() { below } else { rest })) {
                return true;
            }
        }
        false
    }
}

/// What follows on a line that begins with a closing.
fn behind_closing(line: &str) -> Option<&str> {
    let ends = line.char_indices().filter(|(_, c)| !c.is_alphanumeric()).map(|(at, _)| at).chain([line.len()]);
    let mut ends: Vec<usize> = ends.take(CLOSING_WORDS).collect();
    ends.dedup();
    let end = ends.into_iter().rev().find(|end| CLOSINGS.contains(plain(&line[..*end]).as_str()))?;
    Some(line[end..].trim_start_matches([',', '.', '!', ';', '-', '–', ' ']))
}

/// `Anna`, `Anna Berg`, `Dr. A. Berg`: not who signs for a machine.
fn is_person(name: &str) -> bool {
    let name = name.trim_end_matches([',', '.', ' ']);
    let lower = name.to_lowercase();
    !name.is_empty()
        && name.split_whitespace().count() <= 4
        && name.split_whitespace().all(|word| word.starts_with(|c: char| c.is_alphabetic() && !c.is_lowercase()))
        && name.chars().all(|c| c.is_alphabetic() || " .'-’".contains(c))
        && !NOBODIES.iter().any(|words| contains_word(&lower, words))
}

/// Whether a script knows small and capital letters.
fn is_cased(c: char) -> bool {
    c.is_lowercase() || c.is_uppercase()
}

/// The sentences before a question mark, where it stands behind a word: not within a link.
fn questions(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices(['?', '？', '。']).filter_map(|(at, mark)| {
        let (before, behind) = (&text[..at], &text[at + mark.len()..]);
        let ends = behind.chars().next().is_none_or(|next| next.is_whitespace() || "\"')»”".contains(next));
        let follows = |c: char| c.is_alphanumeric() || c.is_whitespace() || "\"'”“’»«".contains(c);
        let follows = before.chars().next_back().is_none_or(follows);
        let asks = match mark {
            "？" => true,
            // A Japanese question ends with this syllable and a full stop.
            "。" => before.ends_with('か'),
            _ => ends && follows,
        };
        asks.then(|| before.rsplit(['.', '!', '?', '？', ':', ';', '。', '！']).next().unwrap_or_default().trim())
    })
}

/// `words` in `text`, not in the midst of a word.
fn contains_word(text: &str, words: &str) -> bool {
    let begins = |at: usize| !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '\'');
    text.match_indices(words).any(|(at, _)| begins(at))
}

/// The same, where the words end with a word as well.
fn says_whole(text: &str, words: &str) -> bool {
    text.match_indices(words).any(|(at, _)| {
        !text[..at].ends_with(char::is_alphanumeric) && !text[at + words.len()..].starts_with(char::is_alphanumeric)
    })
}

const SERVERS: &[&str] = &[
    "this is the mail",
    "this is an auto",
    "automatically",
    "mail server",
    "automatisch",
    "automatique",
    "automátic",
    "automatic",
    "автоматическ",
    "自動",
    "自动",
    "系统",
    "退回",
    "退信",
    "자동",
];

/// What people say of themselves and ask of others, as [`plain`] makes it; at the beginning of a word.
const SPEECH: &[&str] = &[
    // English
    "i get ",
    "i got ",
    "i sent ",
    "i send ",
    "i wrote ",
    "i write ",
    "i tried ",
    "i try ",
    "i receive",
    "i need ",
    "i have to ",
    "i have a ",
    "i have the ",
    "i am a ",
    "i moved ",
    "i want ",
    "i would ",
    "i'd ",
    "i cannot ",
    "i can't ",
    "i think ",
    "i don't ",
    "i do not ",
    "i did ",
    "i ordered ",
    "we get ",
    "we got ",
    "we sent ",
    "we send ",
    "we wrote ",
    "we receive ",
    "we received ",
    "we need ",
    "we moved ",
    "we would ",
    "we are getting ",
    "we're getting ",
    "my mail",
    "my email",
    "my e-mail",
    "my message",
    "my order",
    "my address",
    "my new ",
    "my colleague",
    "our mail",
    "our email",
    "our new ",
    "our order",
    "our address",
    "our accounting",
    "contact me",
    "tell me",
    "send me",
    "help me",
    "let me know",
    "please help",
    "please send",
    "please change",
    "please look",
    "please check the server",
    "please check the log",
    "please check the message log",
    "please check your server",
    "please check your settings",
    "could you",
    "can you ",
    "would you",
    // German, Dutch
    "ich habe ",
    "ich bekomme ",
    "ich möchte ",
    "ich kann ",
    "ich bin ",
    "meine mail",
    "meine e-mail",
    "meine nachricht",
    "mein paket",
    "bei mir ",
    "wir bekommen ",
    "wir erhalten ",
    "unsere mail",
    "bitte um ",
    "bitte nehmen sie ",
    "bitte schicken sie ",
    "ik heb ",
    "ik krijg ",
    "mijn bericht",
    "mijn mail",
    // French, Spanish, Italian, Portuguese
    "j'ai ",
    "je vous ",
    "je n'",
    "je reçois ",
    "mon message",
    "mon mail",
    "pouvez-vous",
    "pourriez-vous",
    "he recibido",
    "he enviado",
    "les envié",
    "mi mensaje",
    "mi correo",
    "ho inviato",
    "ho ricevuto",
    "la mia mail",
    "il mio messaggio",
    "eu enviei",
    "minha mensagem",
    "meu e-mail",
    "podem me",
    // Polish, Czech, Russian
    "moja wiadomość",
    "moje maile",
    "моё письмо",
    "мое письмо",
    "моего письма",
    "помогите",
    "подскажите",
    // Japanese, Chinese, Korean
    "お世話になっ",
    "御社",
    "貴社",
    "我给",
    "我發",
    "我发",
    "我们",
    "请帮",
    "저희",
    "제가 ",
];

/// Who is no person, where a name stands below a closing.
const NOBODIES: &[&str] = &[
    "team",
    "mail",
    "email",
    "e-mail",
    "gmail",
    "hotmail",
    "system",
    "administrat",
    "admin",
    "webmaster",
    "postmaster",
    "support",
    "service",
    "server",
    "hosting",
    "internet",
    "network",
    "daemon",
    "desk",
    "provider",
    "operations",
    "department",
    "abteilung",
    "équipe",
    "equipe",
    "equipo",
    "gmbh",
    "ltd",
    "monitor",
    "alert",
    "notif",
    "robot",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn own(text: &str) -> Split {
        Split { own: text.to_owned(), ..Split::default() }
    }

    #[test]
    fn people_say_i_and_ask() {
        for text in
            ["I sent two mails.", "Was ist das?", "Hello,\nthe pump is loud.", "It came back.\n\nBest regards\nAnna"]
        {
            assert!(writes(&own(text)), "{text}");
        }
        for text in [
            "Hello, this is the mail server on mx.example.",
            "Hi. This is the qmail-send program at mx.example.",
            "See https://help.example/?p=NoSuchUser for more.",
            "Delivery to the following recipients failed.",
        ] {
            assert!(!writes(&own(text)), "{text}");
        }
    }
}
