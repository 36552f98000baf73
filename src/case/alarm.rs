//! What administrators are told when something is wrong.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One word to administrators about one trouble.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// What is wrong, in a word or two: `mailbox support`, `smtp`, `rules`.
    pub source: String,
    pub turn: Turn,
    /// What is wrong and what to do, in sentences.
    pub text: String,
    /// When the trouble began.
    pub since: Timestamp,
}

/// Where a trouble stands when it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Turn {
    Begins,
    /// It was told before, and is still there.
    Lasts,
    Over,
}

impl Turn {
    /// The stable name, as stored and as the alarm command reads it.
    pub fn name(self) -> &'static str {
        match self {
            Turn::Begins => "begins",
            Turn::Lasts => "lasts",
            Turn::Over => "over",
        }
    }
}

impl Alarm {
    /// One line: the subject of a mail, a line of a log.
    pub fn headline(&self) -> String {
        match self.turn {
            Turn::Begins => format!("Postcase: trouble with {}", self.source),
            Turn::Lasts => format!("Postcase: still trouble with {}", self.source),
            Turn::Over => format!("Postcase: {} is well again", self.source),
        }
    }
}

/// Something that is wrong at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub source: String,
    pub text: String,
    pub since: Timestamp,
}

/// What was last told of a trouble.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub source: String,
    pub text: String,
    pub since: Timestamp,
    pub at: Timestamp,
}
