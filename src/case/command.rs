//! What people ask of the desk: a closed list of verbs. Those about a case are the same at the top of a staff mail
//! (`#close`) and on the command line (`postcase case close`).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{CaseNumber, EntryId, OutboxId, Phase, PostId};
use crate::mail::Address;

/// A command, as it is written into the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Who acts (`--as NAME`, or the staff whose mail it was): stands in the history, and beside the desk's address in mail.
    pub by: String,
    pub verb: Verb,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "kebab-case")]
pub enum Verb {
    /// Do something with a case.
    On {
        case: CaseNumber,
        action: Action,
    },
    /// Let an entry that made no post (held, automatic, duplicate) become one after all.
    Release {
        entry: EntryId,
    },
    /// The same for a mail of one of the staff that was asked about: what is not clear at its top is text, and goes to
    /// the customer as it stands.
    ReleaseAsText {
        entry: EntryId,
    },
    /// Decide that a held entry stays without a case.
    Discard {
        entry: EntryId,
        reason: String,
    },
    /// Try one mail again now, also a refused one; None: all that wait.
    RetryOutbox {
        mail: Option<OutboxId>,
    },
    /// Copy the database to this file; an absolute path.
    Backup {
        target: String,
    },
    PauseOutbox,
    ResumeOutbox,
}

/// What can be done with a case. Names of staff, priorities and statuses are checked against the policy when it is
/// decided, so that the answer can say which there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum Action {
    /// Answer the participants.
    Reply {
        text: String,
    },
    Note {
        text: String,
    },
    /// End the case. With `text` it is the resolution, and the customer reads it in the closing mail.
    Close {
        text: Option<String>,
    },
    /// With `text` the participants are written to.
    Reopen {
        text: Option<String>,
    },
    /// To one of the staff, by name.
    Assign {
        to: String,
    },
    /// Whoever asks takes the case; a stranger whose post is named comes to take part (B20).
    Accept {
        post: Option<PostId>,
    },
    Priority {
        priority: String,
    },
    Status {
        status: String,
    },
    Tag {
        tags: Vec<String>,
    },
    Untag {
        tags: Vec<String>,
    },
    Queue {
        queue: String,
    },
    /// Somebody outside takes part; one of the staff follows.
    Cc {
        who: Who,
    },
    Uncc {
        who: Who,
    },
    /// The case and the other become one; the older number survives.
    Merge {
        with: CaseNumber,
    },
    /// The posts get a case of their own.
    Split {
        posts: Vec<PostId>,
    },
    /// The posts move to another case.
    Move {
        posts: Vec<PostId>,
        to: CaseNumber,
    },
    /// Closed without a word to anybody.
    Spam,
    /// The case waits until the morning of this day, in the desk's time zone.
    Wait {
        until: Until,
    },
}

/// A day in the desk's time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Until {
    Day(Date),
    /// So many days after the day on which it was asked.
    Days(u16),
}

/// Somebody who is to take part or to follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    Outside(Address),
    /// By name.
    Staff(String),
}

impl Verb {
    pub fn on(case: CaseNumber, action: Action) -> Verb {
        Verb::On { case, action }
    }
}

impl Action {
    /// The phase that a status of the built-in lifecycle stands for: each phase is a status of the same name.
    pub fn phase_of(status: &str) -> Option<Phase> {
        Phase::ALL.into_iter().find(|phase| phase.name() == status)
    }
}
