//! Whatever comes in at the one door.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::snapshot::Restored;
use super::{Alarm, CaseNumber, Command, EntryId, OutboxId, Target};
use crate::mail::signature::Signature;
use crate::mail::{Address, Reading};

/// A journal entry, understood: what `decide` decides about.
#[derive(Debug, Clone)]
pub struct Event {
    pub entry: EntryId,
    /// When it came to us (INTERNALDATE for mail, the due time of a timer), never in the future: starts promises.
    pub received: Timestamp,
    pub matter: Matter,
}

#[derive(Debug, Clone)]
pub enum Matter {
    Mail(Arrived),
    Command(Command),
    /// `held release N`: the entry that is decided again, read again.
    Released {
        by: String,
        entry: EntryId,
        mail: Arrived,
        commands: Commands,
    },
    /// The outbox gave up on some recipients of a mail.
    Undeliverable(Undeliverable),
    /// A timer of a case fell due, when it had this generation (L9).
    Due {
        case: CaseNumber,
        target: Target,
        generation: u64,
    },
    /// Administrators are told of a trouble.
    Alarm {
        alarm: Alarm,
        to: Vec<Address>,
    },
    /// New rules are in force; the hash names them.
    Reloaded {
        policy: String,
    },
    /// A backup was put in place of what was here (B36).
    Restored(Restored),
    /// The entry killed or defeated reading or deciding too often (B4): the text says how.
    Poison {
        reason: String,
    },
}

/// What becomes of commands that are not clear, at the top of a released staff mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commands {
    /// They are commands: nothing of the mail goes outside.
    Carried,
    /// The writer said that they are text.
    Text,
}

/// A mail, and how it came.
#[derive(Debug, Clone)]
pub struct Arrived {
    pub reading: Reading,
    /// The mailbox it was found in, None when it was typed in (`ingest`).
    pub mailbox: Option<String>,
    /// True for `ingest --no-mail`, and for mail that is older than a restoration (B36): nobody is written to because
    /// of this entry.
    pub silent: bool,
    /// Set when the message is larger than the limit: only the head was fetched, the whole stays on the server (B34).
    pub oversize: Option<u64>,
    /// What was found out of its signatures when it was taken in.
    pub signature: Signature,
}

/// A final refusal, as the SMTP server gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undeliverable {
    pub mail: OutboxId,
    pub refusals: Vec<Refusal>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub recipient: Address,
    /// The server's reply, or what ended the attempts, one line.
    pub reply: String,
}
