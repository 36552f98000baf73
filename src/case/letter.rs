//! A letter: mail as decided, before it is bytes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Audience, CaseNumber, EntryId, PostId};
use crate::mail::{Address, Attachment, Defect, Language, MessageId, Named, SentId};

/// The closed list of letters that Postcase writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Template {
    /// "Your request has the number …" (B26).
    Acknowledged,
    /// "Your case is open again."
    Reopened,
    /// An answer by staff (B27).
    Answered,
    /// "Your case is closed."
    Closed,
    /// The sender of a message over the size limit is told, once (B34).
    TooLarge,
    /// Staff are told of a post (B32).
    Notified,
    /// Staff are asked about a mail of theirs that is held: whether it is theirs, whether it is still to be sent.
    Asked,
    /// What was done of the commands in a staff mail, and what was not.
    CarriedOut,
    /// Administrators are told that something is wrong, or well again.
    Alarm,
}

impl Template {
    pub const ALL: [Template; 9] = [
        Template::Acknowledged,
        Template::Reopened,
        Template::Answered,
        Template::Closed,
        Template::TooLarge,
        Template::Notified,
        Template::Asked,
        Template::CarriedOut,
        Template::Alarm,
    ];

    /// The stable name: of the file in `rules/templates/`, in logs and in decisions.
    pub fn name(self) -> &'static str {
        match self {
            Template::Acknowledged => "acknowledged",
            Template::Reopened => "reopened",
            Template::Answered => "answered",
            Template::Closed => "closed",
            Template::TooLarge => "too-large",
            Template::Notified => "notified",
            Template::Asked => "asked",
            Template::CarriedOut => "carried-out",
            Template::Alarm => "alarm",
        }
    }
}

/// Whose hand wrote it: decides the marks of RFC 3834 and the reverse-path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hand {
    /// Auto-Submitted: auto-replied, null reverse-path (B26).
    Machine,
    /// A person's: none of the automatic marks (B27).
    Person,
}

/// What staff are asked about a mail of theirs that is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QuestionKind {
    /// Nothing proves that they wrote it.
    Yours,
    /// A colleague was faster.
    Crossing,
    /// What stands at its top cannot be carried out as it is.
    Unclear,
    /// Commands about no case.
    Nowhere,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// `entry * 256 + ordinal`: names the letter, its reference, its Message-ID and its place in the outbox.
    pub id: SentId,
    pub template: Template,
    pub hand: Hand,
    pub audience: Audience,
    /// None for a letter about a mail that is in no case, such as one that is held.
    pub case: Option<CaseNumber>,
    /// The post that a reply to this letter answers: where that post is, the conversation is.
    pub post: Option<PostId>,
    /// One of the staff, by name, when the reference is personal: a reply to it proves who writes (B31).
    pub person: Option<String>,
    /// The held entry that this letter asks about: an answer to it settles that entry.
    pub asks: Option<EntryId>,
    /// What is asked about it: says which answers settle it.
    #[serde(default)]
    pub question: Option<QuestionKind>,
    /// Of the originator: the desk's address, with the desk's or the employee's name.
    pub from: Named,
    /// At least one.
    pub to: Vec<Named>,
    pub cc: Vec<Named>,
    /// The case's subject, without our tag. Only people's letters bear it (B26).
    pub subject: String,
    pub language: Language,
    /// RFC 5322 §3.6.4.
    pub in_reply_to: Option<MessageId>,
    /// Oldest first, not yet trimmed.
    pub references: Vec<MessageId>,
    /// Posts that are quoted beneath the text. Empty for mail to people who are not authenticated (B26).
    pub quotes: Vec<PostId>,
    /// The case whose conversation so far stands beneath instead, notes and all: for colleagues whose case it is not, each
    /// time, as nothing here says what they were told before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recalls: Option<CaseNumber>,
    /// Files that go with it: parts of a mail that came in.
    pub enclosed: Option<Enclosed>,
    pub facts: Facts,
    /// The time of the entry: Date.
    pub at: Timestamp,
}

impl Letter {
    /// Whether it counts for the limits of automatic mail to people outside (B26). A closing is asked for by a person, an
    /// alarm goes to administrators.
    pub fn is_limited(&self) -> bool {
        let asked_for = matches!(self.template, Template::Closed | Template::Alarm);
        self.hand == Hand::Machine && self.person.is_none() && !asked_for
    }
}

/// Parts of a mail that go with a letter. The bytes stay where they are until the letter is composed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enclosed {
    /// Whose raw bytes the parts index.
    pub entry: EntryId,
    pub parts: Vec<Attachment>,
}

/// All that a template may print, beside the desk's own texts. Strangers' text is not among them (B26).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The number, as printed.
    pub case_number: String,
    /// The name of the person addressed, where they take part and gave a plausible one.
    pub recipient_name: Option<String>,
    /// The employee who writes.
    pub staff_name: Option<String>,
    /// What the employee wrote: the answer, or the resolution.
    pub body: Option<String>,
    /// By when an answer comes, as the desk file says it.
    pub answer_time: Option<String>,
    /// How many days a closed case can be reopened by a reply.
    pub reopen_days: Option<u32>,
    /// For `too-large`: the limit, as printed.
    pub limit: Option<String>,
    /// For letters to staff; a letter to anybody else has none of it.
    #[serde(default)]
    pub inside: Inside,
}

/// What only letters to staff say. Strangers' words are among it: staff have to read them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inside {
    /// Whom a reply goes to: `Anna, Cc Bob`. None: it stays internal (B32).
    pub reply_goes_to: Option<String>,
    /// Who wrote the post that this is about.
    pub author: Option<String>,
    /// Their words, whole.
    pub words: Option<String>,
    /// Its files, one a line: those that are enclosed, and those that were too large for that.
    pub enclosed: Option<String>,
    pub too_large: Option<String>,
    /// The author takes no part, and is let in by staff alone (B20).
    pub stranger: Option<String>,
    /// A case of the same person about something alike.
    pub like: Option<String>,
    /// Who is away and would have been told.
    pub instead_of: Option<String>,
    /// The day since which the case was closed that a reply has opened again.
    pub closed_since: Option<String>,
    pub queue: Option<String>,
    pub priority: Option<String>,
    pub assignee: Option<String>,
    /// The day on which the case was opened.
    pub since: Option<String>,
    /// Present in the last notice of an hour: so many were allowed.
    pub last_of: Option<u32>,
    /// What is asked about: when it came, and what it is called.
    pub asked_at: Option<String>,
    pub asked_subject: Option<String>,
    /// Who answered before, and how many minutes ago.
    pub crossed_by: Option<String>,
    pub crossed_minutes: Option<u32>,
}

/// A letter as bytes, with its envelope: ready for the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    /// Of the letter's sealed reference.
    pub message_id: MessageId,
    /// None: the null reverse-path (RFC 5321 §4.5.5).
    pub reverse_path: Option<Address>,
    /// To and Cc, each once, in that order.
    pub recipients: Vec<Address>,
    /// RFC 5322, CRLF line ends, lines of at most 998 bytes; ASCII but for local parts of addresses that are not.
    pub bytes: Vec<u8>,
    /// What could not be said as the rules have it, and what was said instead.
    pub defects: Vec<Defect>,
}
