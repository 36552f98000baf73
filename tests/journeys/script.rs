//! A story's script: what happens, in the order in which it happens.

use std::collections::BTreeMap;
use std::path::Path;

use postcase::case::Action;
use serde::Deserialize;

/// `story.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Story {
    /// What it is about, in a sentence or two.
    pub about: String,
    /// Which behaviours and sentences it shows: "B22", "instruments-1".
    pub shows: Vec<String>,
    /// Print counts instead of every entry: for stories of a hundred mails.
    #[serde(default)]
    pub brief: bool,
    /// Mails that lie in the mailbox `support` before the desk opens for the first time.
    #[serde(default)]
    pub before: Vec<Mail>,
    pub step: Vec<Step>,
}

/// One thing that happens. The desk then does all that is to be done, unless `stop` says how far it comes.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Step {
    /// How much time passes before: "20 minutes", "3 days".
    pub after: Option<String>,
    /// A mail comes to `mailbox`.
    pub mail: Option<Mail>,
    /// More than one: the mail comes to each, in this order.
    #[serde(default)]
    pub mailbox: Vec<String>,
    /// So many mails; `{n}` in the mail counts them.
    pub times: Option<u32>,
    /// How the mail comes.
    #[serde(default)]
    pub way: Way,
    /// The size that the server gives for a message of which only the head is fetched.
    pub oversize: Option<u64>,
    /// Staff who act, with one of `reply`, `note`, `close`, `reopen`, `release`, `discard`, `on`.
    #[serde(rename = "as")]
    pub by: Option<String>,
    pub reply: Option<u64>,
    pub note: Option<u64>,
    pub close: Option<u64>,
    pub reopen: Option<u64>,
    pub release: Option<u64>,
    pub discard: Option<u64>,
    /// The case on which they act, with `does`.
    pub on: Option<u64>,
    /// What they do, as it is written into the journal: `{ action = "merge", with = 10002 }`.
    pub does: Option<Action>,
    pub text: Option<String>,
    /// What the SMTP server says from now on, by recipient: "550 5.1.1 no such user"; "250 OK" again.
    #[serde(default)]
    pub smtp: BTreeMap<String, String>,
    /// How far the desk comes with what happened.
    #[serde(default)]
    pub stop: Stop,
    /// The mailbox that is rebuilt: UIDVALIDITY changes, everything has a new UID.
    pub rebuild: Option<String>,
    /// The messages in the mailbox `support` that hold this text are gone: somebody moved them.
    pub gone: Option<String>,
    /// A backup is made.
    #[serde(default)]
    pub backup: bool,
    /// The desk is set back to the backup, and looks into its mailboxes again.
    #[serde(default)]
    pub restore: bool,
    /// A new desk file, by its name in the story's folder.
    pub reload: Option<String>,
}

#[derive(Debug, Default, Deserialize, PartialEq, Eq, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// A mailbox shows it.
    #[default]
    Mailbox,
    /// `ingest --no-mail`.
    SilentIngest,
}

#[derive(Debug, Default, Deserialize, PartialEq, Eq, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// Nothing is left to do.
    #[default]
    Done,
    /// Journalled, nothing decided: the next step comes before.
    Journalled,
    /// Decided, nothing sent.
    Decided,
    /// The process dies once it has journalled.
    DiesJournalled,
    /// The process dies once it has decided.
    DiesDecided,
    /// The process dies when the SMTP server has said yes and nothing is written down (L3's exception).
    DiesAccepted,
}

/// A mail, in a file or in short. `{ref:1}`, `{message-id:1}`, `{subject:1}`, `{text:1}`, `{quote:1}` and `{head:1}`
/// speak of the first mail that left the desk.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Mail {
    /// A file of the story's folder; then nothing else is given.
    pub file: Option<String>,
    /// The n-th mail that left the desk comes back, byte for byte.
    pub sent: Option<usize>,
    #[serde(default)]
    pub from: String,
    pub to: Option<String>,
    pub cc: Option<String>,
    #[serde(default)]
    pub subject: String,
    /// Without angle brackets; empty: no Message-ID. One is made up where none is given.
    pub id: Option<String>,
    pub in_reply_to: Option<String>,
    pub references: Option<String>,
    #[serde(default)]
    pub text: String,
    /// An ordinary reply to the n-th mail that left the desk: subject, ids and quote.
    pub answers: Option<usize>,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// `multipart/report; …` and the like, with a body in `text` that fits.
    pub content_type: Option<String>,
}

pub fn read(folder: &Path) -> Story {
    let file = folder.join("story.toml");
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
