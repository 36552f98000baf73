//! What Postcase itself says to staff, in every language that its own letters are in: each sentence stands in all of
//! them side by side, so that none can be left out. Traces and the command line speak English.

use std::fmt;

use crate::mail::Language;

/// The same, said in each language. Often one sentence; a list of commands is a long one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    english: String,
    german: String,
}

/// `sentence!("Case {number} is closed.", "Fall {number} ist geschlossen.")`.
macro_rules! sentence {
    ($english:literal, $german:literal $(,)?) => {
        $crate::case::Sentence::new(format!($english), format!($german))
    };
}

pub(crate) use sentence;

impl Sentence {
    pub fn new(english: impl Into<String>, german: impl Into<String>) -> Sentence {
        Sentence { english: english.into(), german: german.into() }
    }

    pub fn english(&self) -> &str {
        &self.english
    }

    /// In `language` where it has that, else in English.
    pub fn said_in(&self, language: &Language) -> &str {
        match language.0.as_str() {
            "de" => &self.german,
            _ => &self.english,
        }
    }

    /// Both, `between` them.
    pub fn then(&self, between: &str, next: &Sentence) -> Sentence {
        Sentence::new(
            format!("{}{between}{}", self.english, next.english),
            format!("{}{between}{}", self.german, next.german),
        )
    }

    /// Nothing, to which something may be added.
    pub fn empty() -> Sentence {
        Sentence::new("", "")
    }

    /// As one entry of a list.
    pub fn listed(&self) -> Sentence {
        Sentence::new("- ", "- ").then("", self)
    }

    /// One a line.
    pub fn lines<'a>(all: impl IntoIterator<Item = &'a Sentence>) -> Sentence {
        let joined = all.into_iter().cloned().reduce(|above, below| above.then("\n", &below));
        joined.unwrap_or_else(Sentence::empty)
    }
}

/// In English.
impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.english)
    }
}

impl std::error::Error for Sentence {}
