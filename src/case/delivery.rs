//! What becomes of a mail of ours at each recipient: spoken by the outbox, written by the store.

use serde::{Deserialize, Serialize};

use crate::mail::Address;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecipientState {
    /// To be tried, or to be tried again.
    Waiting,
    /// The server took it.
    Accepted,
    /// Final: the server refused it, or we gave up.
    Refused,
}

/// What an attempt made of one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    pub recipient: Address,
    pub state: RecipientState,
    /// The server's reply, or what stood in the way, one line.
    pub reply: String,
}
