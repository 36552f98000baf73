//! The policy: what administrators wrote in `rules/`, compiled. Pure once loaded.

mod desk;
mod files;
mod hours;
mod load;
pub mod routing;
pub mod rule;
mod staff;
pub mod template;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use files::Files;
pub use rule::Rule;

use crate::case::{Calendar, Template};
use crate::mail::authentication::Trust;
use crate::mail::{Address, Bounds, Language, Named};

/// Everything that deciding and composing know of the desk's wishes. Two policies with the same hash decide alike.
#[derive(Debug, Clone)]
pub struct Policy {
    pub desk: Desk,
    /// In the order of the file; names are unique, and so are addresses.
    pub staff: Vec<Staff>,
    /// In the order in which they are asked: files by name, rules as they stand there.
    pub rules: Vec<Rule>,
    pub templates: BTreeMap<(Template, Language), TemplateSource>,
    /// SHA-256 over all files of `rules/` that were read, and our addresses; lower-case hex.
    pub hash: String,
    /// The text of the files, by name, as stored beside the decisions made under it.
    pub files: BTreeMap<String, String>,
}

/// What the policy must know of a watched mailbox, from the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxFacts {
    pub name: String,
    pub address: Address,
    pub aliases: Vec<Address>,
    /// `message_size` in bytes.
    pub message_bytes: u64,
    /// Whose Authentication-Results count for mail from here; None: nobody's (B30).
    pub trust: Option<Trust>,
}

/// One template in one language: the subject line lives in the case, so only bodies are written here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateSource {
    /// File name, or `built-in:acknowledged.en.txt`.
    pub origin: String,
    pub text: String,
    pub html: Option<String>,
}

/// A person who works here (`[[staff]]` in `rules/staff.toml`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staff {
    /// How commands and rules name them: one word in small letters.
    pub name: String,
    /// As it stands beside the desk's address, and as colleagues read it.
    pub label: String,
    /// What they write from, at least one; notifications go to the first.
    pub addresses: Vec<Address>,
    /// The queues whose new posts they are told of.
    pub queues: Vec<String>,
    /// Days of absence in the desk's time zone, both ends included.
    pub away: Vec<Away>,
    /// Who is told instead while they are away.
    pub substitute: Option<String>,
    /// The first day on which they do not work here any more: kept so that history and old cases still name them.
    pub left: Option<Date>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Away {
    pub from: Date,
    pub to: Date,
}

impl Staff {
    /// Whether they work here, and are there on this day.
    pub fn is_available(&self, day: Date) -> bool {
        self.works_here(day) && !self.away.iter().any(|away| (away.from..=away.to).contains(&day))
    }

    pub fn works_here(&self, day: Date) -> bool {
        self.left.is_none_or(|left| day < left)
    }
}

/// `rules/desk.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Desk {
    /// As it stands beside the address in our mail.
    pub name: String,
    /// The desk's main address: From of our mail where no queue has its own.
    pub address: Address,
    /// The first is the desk's own language; a sender's language counts when it is among them.
    pub languages: Vec<Language>,
    /// By when an answer comes, in words, by language; the desk's own language where one is missing.
    pub answer_time: BTreeMap<Language, String>,
    /// The last lines of our mail, by language.
    pub signature: BTreeMap<Language, String>,
    /// Lists in front of the desk, by List-Id.
    pub own_lists: Vec<String>,
    /// Originators of web forms: mail From one of our own addresses is held unless it is one of these (B29).
    pub form_senders: Vec<Address>,
    /// All addresses that are ours: mailboxes and aliases (from the configuration), queues, the desk.
    pub own_addresses: Vec<Address>,
    /// Whose Authentication-Results count, by mailbox.
    pub trust: BTreeMap<String, Trust>,
    /// From the least to the most urgent; at least one. The usual one is `priority`.
    pub priorities: Vec<String>,
    pub priority: String,
    pub reference: ReferenceStyle,
    pub acknowledgement: Acknowledgement,
    pub notices: Notices,
    pub limits: Limits,
    /// When people work: promises and silence are measured in this time (L9).
    pub hours: Calendar,
    /// At least one; the first is where mail goes that names no queue's address.
    pub queues: Vec<Queue>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferenceStyle {
    /// The word in `[Case 10482]`: letters only, 1 to 20.
    pub case_word: String,
    /// The number that the first case of an empty database gets.
    pub first_number: u64,
    /// Our mail asks for replies to `support+ref.…@`: the reference survives programs that lose all else (B19). Such
    /// addresses are recognised whatever this says.
    pub plus_addressing: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    pub enabled: bool,
    pub reverse_path: ReversePath,
    /// Automatic answers to one address, at most.
    pub per_address_hour: u32,
    pub per_address_day: u32,
    /// Automatic answers of the whole desk within an hour, at most.
    pub per_desk_hour: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReversePath {
    /// `MAIL FROM:<>`, as RFC 3834 §3.3 asks.
    Null,
    /// The desk's address, for providers that forbid the null reverse-path.
    Desk,
}

/// What staff are written, and how much of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notices {
    /// Bytes of files that go with one notice; the rest is named.
    pub attachments_up_to: u64,
    /// To one person within an hour, at most.
    pub per_person_hour: u32,
    /// Questions about mail in one person's name within an hour, at most.
    pub questions_per_hour: u32,
    /// Seconds within which a second answer to the same post is held, and its writer asked.
    pub crossing: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes; a larger message makes a stub and stays on the server (B34). Not a key of `desk.toml`: the smallest
    /// `message_size` of the mailboxes, as [`MailboxFacts`] tells it.
    pub message_bytes: u64,
    pub reading: Bounds,
    /// Participants that one mail may add to a case.
    pub participants: usize,
    /// Mails per hour that the outbox sends.
    pub sent_per_hour: u32,
    /// Times that a reply reopens one case; after that it is a new linked case (B22).
    pub reopenings: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// Stable, kebab-case.
    pub name: String,
    /// As printed.
    pub label: String,
    /// Mail written to one of these goes here.
    pub addresses: Vec<Address>,
    /// From of our mail about cases of this queue; the desk's when None.
    pub from: Option<Named>,
    /// A reply within so many days reopens a closed case, after that it opens a new linked one (B22).
    pub reopen_days: u32,
    pub changed_subject: ChangedSubject,
}

/// What becomes of a reply under an unrelated new subject (B23).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangedSubject {
    /// It stays in its case, with a note to staff.
    Note,
    /// A new case, linked to the one it answered.
    NewCase,
}

impl Desk {
    /// One of our own addresses, or a subaddress of one.
    pub fn is_own(&self, address: &Address) -> bool {
        self.own_addresses.iter().any(|own| address.belongs_to(own))
    }
}

impl Queue {
    /// True for mail written to one of its addresses, or to a subaddress of one.
    pub fn has(&self, address: &Address) -> bool {
        self.addresses.iter().any(|own| address.belongs_to(own))
    }
}

impl Policy {
    /// The member of staff who writes from this address.
    pub fn staff_at(&self, address: &Address) -> Option<&Staff> {
        self.staff.iter().find(|staff| staff.addresses.contains(address))
    }

    pub fn staff_named(&self, name: &str) -> Option<&Staff> {
        self.staff.iter().find(|staff| staff.name == name)
    }
}

impl Default for ReferenceStyle {
    fn default() -> Self {
        ReferenceStyle { case_word: "Case".to_owned(), first_number: 10_001, plus_addressing: false }
    }
}

impl Default for Acknowledgement {
    fn default() -> Self {
        Acknowledgement {
            enabled: true,
            reverse_path: ReversePath::Null,
            per_address_hour: 3,
            per_address_day: 10,
            per_desk_hour: 200,
        }
    }
}

impl Default for Notices {
    fn default() -> Self {
        Notices { attachments_up_to: 10 << 20, per_person_hour: 60, questions_per_hour: 10, crossing: 600 }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            message_bytes: 50 << 20,
            reading: Bounds::default(),
            participants: 30,
            sent_per_hour: 1_000,
            reopenings: 10,
        }
    }
}

impl Default for Queue {
    fn default() -> Self {
        Queue {
            name: "support".to_owned(),
            label: "Support".to_owned(),
            addresses: Vec::new(),
            from: None,
            reopen_days: 14,
            changed_subject: ChangedSubject::Note,
        }
    }
}
