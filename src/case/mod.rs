//! What a case is, and the vocabulary in which it is changed: events come in, a decision goes out.
//! Pure: no I/O, no clock.

pub mod alarm;
pub mod calendar;
pub mod command;
pub mod decision;
pub mod delivery;
pub mod event;
pub mod instruction;
pub mod letter;
pub mod sentence;
pub mod snapshot;
pub mod speaker;
pub mod timer;
pub mod words;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use alarm::Alarm;
pub use calendar::Calendar;
pub use command::{Action, Command, Until, Verb, Who};
pub use decision::{Decision, Effect, Verdict};
pub use event::Event;
pub use instruction::Instructions;
pub use letter::{Letter, Template};
pub use sentence::Sentence;
pub use snapshot::Snapshot;
pub use timer::{Target, Timer};

use crate::mail::{Address, Attachment, Language, Named};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// The public number of a case.
    CaseNumber
);
number!(
    /// The number of a journal entry: the order in which things came in.
    EntryId
);
number!(
    /// The number of a post: `entry * 256 + ordinal`, so that deciding twice names the same post.
    PostId
);
number!(
    /// The number of a mail in the outbox. The same number as its [`crate::mail::SentId`].
    OutboxId
);

/// How far a case has come. Statuses are named steps within a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Nobody has answered yet.
    New,
    /// The next word is ours.
    Open,
    /// The next word is the customer's.
    Waiting,
    /// Answered for good, not yet closed.
    Solved,
    Closed,
}

impl Phase {
    pub const ALL: [Phase; 5] = [Phase::New, Phase::Open, Phase::Waiting, Phase::Solved, Phase::Closed];

    /// The stable name, as stored, printed and written in rules.
    pub fn name(self) -> &'static str {
        match self {
            Phase::New => "new",
            Phase::Open => "open",
            Phase::Waiting => "waiting",
            Phase::Solved => "solved",
            Phase::Closed => "closed",
        }
    }
}

/// Who set a value of a case: people beat rules, always.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "by", content = "name", rename_all = "kebab-case")]
pub enum By {
    /// Nobody: it is as it was at the beginning.
    #[default]
    Default,
    /// The rule of this name.
    Rule(String),
    /// One of the staff, or whoever gave the command.
    Staff(String),
}

/// Who may read a post or a mail (B32).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Audience {
    Public,
    Internal,
}

/// Where a post came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PostKind {
    /// Mail from outside.
    MailIn,
    /// An answer by staff, sent to the participants.
    Answer,
    /// A note by staff or by Postcase itself.
    Note,
    /// Mail by a machine that belongs to the case: an out-of-office, a bounce.
    Automatic,
}

/// A person outside who takes part in a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    pub who: Named,
    pub requester: bool,
}

/// One entry of a case, as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPost {
    pub id: PostId,
    pub case: CaseNumber,
    pub kind: PostKind,
    pub audience: Audience,
    /// The person who speaks: an outside originator, or the name of staff; None for Postcase itself.
    pub author: Option<String>,
    /// The originator's address where the post is a mail from outside.
    pub address: Option<Address>,
    pub subject: String,
    /// The whole text, LF line ends.
    pub text: String,
    /// The author's own words.
    pub author_text: String,
    pub language: Option<Language>,
    /// Indexes into the raw bytes of `entry`, which are the only copy.
    pub attachments: Vec<Attachment>,
    /// True when somebody who takes no part was let in by a valid reference (B20): shown to staff, never added to the recipients.
    pub stranger: bool,
    /// The journal entry whose raw bytes are this post, where it is a mail.
    pub entry: EntryId,
    pub at: Timestamp,
}
