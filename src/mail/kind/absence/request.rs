//! What people ask for, where notices of absence only tell.

use super::HEAD_BYTES;
use crate::mail::body::Split;
use crate::mail::message::clip;
use crate::mail::report::plain;

/// Whether the author's words ask for something: not to turn to somebody else, nor to be patient, as notices do.
pub fn requests(split: &Split) -> bool {
    let sentence = |sentence: &str| {
        let words = || sentence.split(|c: char| !c.is_alphanumeric() && c != '\'');
        let pleads = PLEAS.iter().any(|plea| match plea.split_once(' ') {
            Some(_) => sentence.contains(plea),
            None => words().any(|word| word == *plea),
        });
        let refers = |word: &str| {
            REFERRALS.iter().any(|known| if known.len() > 3 { word.starts_with(known) } else { word == *known })
        };
        pleads && !sentence.contains('@') && !words().any(refers)
    };
    let head = clip(split.own.trim_start(), HEAD_BYTES);
    // A full stop ends a sentence before a space: addresses have theirs within.
    head.split("\n\n")
        .map(plain)
        .any(|text| text.split(". ").flat_map(|text| text.split(['!', '?', ';'])).any(sentence))
}

/// How people ask for something.
const PLEAS: &[&str] = &[
    "please",
    "kindly",
    "bitte",
    "veuillez",
    "merci de",
    "s'il vous plaît",
    "por favor",
    "per favore",
    "si prega",
    "gelieve",
    "vänligen",
    "proszę",
    "prosím",
    "пожалуйста",
];

/// With these begin the words that notices ask with: to turn to somebody, to wait, to understand. Those of three letters
/// are whole words.
const REFERRALS: &[&str] = &[
    // English
    "contact",
    "call",
    "write",
    "turn",
    "email",
    "mail",
    "phone",
    "ring",
    "reach",
    "note",
    "not",
    "don't",
    "be",
    "bear",
    "allow",
    "expect",
    "ask",
    "speak",
    "leave",
    "direct",
    "redirect",
    "forward",
    "resend",
    "refer",
    "consult",
    "visit",
    "get",
    "feel",
    "accept",
    "excuse",
    "understand",
    "urgent",
    "reply",
    // German, Dutch, the Nordic languages
    "kontakt",
    "wend",
    "rufe",
    "anruf",
    "schreib",
    "richte",
    "beacht",
    "habe",
    "versuch",
    "meld",
    "sprech",
    "gedul",
    "verständnis",
    "dringend",
    "nicht",
    "bel",
    "bellen",
    "schrijf",
    "vänd",
    // French, Spanish, Italian, Portuguese
    "contatt",
    "adress",
    "appel",
    "écri",
    "joindre",
    "noter",
    "urgen",
    "llam",
    "escrib",
    "escrev",
    "dirij",
    "dirig",
    "contat",
    "ligu",
    "scriv",
    "chiam",
    "rivolg",
    // Slavic languages
    "dzwoni",
    "pisa",
    "обра",
    "звон",
    "пиши",
    "свяж",
];
