//! What shows that a person wrote, whatever else a message bears.

use crate::mail::body::Split;
use crate::mail::message::{Message, clip};
use crate::mail::report::{self, plain};

use super::header::{auto_submitted, null_reverse_path};

/// Bytes of the author's words that are looked at: people come to the point, and pasted mail follows.
const WORDS_BYTES: usize = 1_000;
/// Bytes within which people greet or ask.
const HEAD_BYTES: usize = 500;

/// Characters of a greeting after which nothing came.
const GREETING_CHARS: usize = 20;

/// A person's hand, from nothing to what programs do not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hand {
    Unseen,
    /// The words are a person's: they say I, ask, greet, or end with regards.
    Writes,
    /// An answer in a thread, with the mark that mail programs put before the subject.
    Answers,
}

pub fn of(message: &Message, split: &Split) -> Hand {
    if answers(message) {
        Hand::Answers
    } else if writes(split) {
        Hand::Writes
    } else {
        Hand::Unseen
    }
}

/// An answer in a thread, with the mark that mail programs put before the subject, and nothing that speaks for a program.
pub fn answers(message: &Message) -> bool {
    (!message.in_reply_to.is_empty() || !message.references.is_empty())
        && report::is_handed_on(&plain(&message.subject))
        && null_reverse_path(&[], message).is_none()
        && auto_submitted(message).is_none()
}

/// Whether the author's words are a person's. Weak: it never outweighs what a program says of itself.
pub fn writes(split: &Split) -> bool {
    let words = Words::of(split);
    words.ask() || words.greet() || words.speak() || words.close()
}

/// The same where people and programs share an address, and where both greet: programs do not also end with regards.
pub fn surely_writes(split: &Split) -> bool {
    let words = Words::of(split);
    words.ask() || words.speak() || words.greet() && words.close()
}

/// The author's words, as [`plain`] makes them. Each question costs, and the first that is answered with yes is enough.
struct Words(String);

impl Words {
    fn of(split: &Split) -> Words {
        Words(plain(clip(split.own.trim_start(), WORDS_BYTES)))
    }

    fn head(&self) -> &str {
        clip(&self.0, HEAD_BYTES)
    }

    fn say(&self, known: &[&str]) -> bool {
        known.iter().any(|known| contains_word(&self.0, known))
    }

    /// They say I and my, and ask for favours.
    fn speak(&self) -> bool {
        self.say(SPEECH)
    }

    fn ask(&self) -> bool {
        asks(self.head())
    }

    fn greet(&self) -> bool {
        let more = || self.0.chars().count() > GREETING_CHARS;
        // A server greets as well: "Hello, this is the mail server on mx.example.org."
        let server = || SERVERS.iter().any(|words| self.head().contains(words));
        report::greets(self.head().trim_start()) && more() && !server()
    }

    fn close(&self) -> bool {
        self.say(CLOSINGS)
    }
}

/// A question mark behind a word: not one within a link.
fn asks(text: &str) -> bool {
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let ends = chars.peek().is_none_or(|next| next.is_whitespace() || "\"')»”".contains(*next));
        if c == '？' || c == '?' && ends && (before.is_alphanumeric() || before.is_whitespace()) {
            return true;
        }
        before = c;
    }
    false
}

/// `words` in `text`, not in the midst of a word.
fn contains_word(text: &str, words: &str) -> bool {
    let begins = |at: usize| !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '\'');
    text.match_indices(words).any(|(at, _)| begins(at))
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

/// How people end.
const CLOSINGS: &[&str] = &[
    "regards",
    "cheers,",
    "freundlichen grüßen",
    "freundliche grüße",
    "freundlichen grüssen",
    "viele grüße",
    "mfg",
    "vriendelijke groet",
    "cordialement",
    "bien à vous",
    "un saludo",
    "saludos",
    "cordiali saluti",
    "atenciosamente",
    "pozdrawiam",
    "s pozdravem",
    "met groet",
    "med vänlig hälsning",
    "med venlig hilsen",
    "vennlig hilsen",
    "ystävällisin terveisin",
    "z poważaniem",
    "üdvözlettel",
    "saygılarımla",
    "с уважением",
    "よろしくお願い",
    "此致",
    "감사합니다",
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
