//! What people ask of the desk: a closed list of verbs.

use serde::{Deserialize, Serialize};

use super::{CaseNumber, EntryId, OutboxId};

/// A command, as it is written into the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Who acts (`--as NAME`): stands in the history, and beside the desk's address in mail.
    pub by: String,
    pub verb: Verb,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "kebab-case")]
pub enum Verb {
    /// Answer the participants; `close` also ends the case with this mail.
    Reply {
        case: CaseNumber,
        text: String,
    },
    Note {
        case: CaseNumber,
        text: String,
    },
    /// End the case. With `text` it is the resolution, and the customer reads it in the closing mail.
    Close {
        case: CaseNumber,
        text: Option<String>,
    },
    Reopen {
        case: CaseNumber,
        text: Option<String>,
    },
    /// Let an entry that made no post (held, automatic, duplicate) become one after all.
    Release {
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
