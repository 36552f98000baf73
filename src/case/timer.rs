//! Timers: what is to happen to a case, and when (L9).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a timer is for. A case has at most one timer for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// A case that waits comes back to staff.
    Wake,
}

impl Target {
    pub const ALL: [Target; 1] = [Target::Wake];

    /// The stable name, as stored and printed.
    pub fn name(self) -> &'static str {
        match self {
            Target::Wake => "wake",
        }
    }
}

/// The timer of a case for one target, as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    pub target: Target,
    /// From 1; setting and clearing begin a new one. What fell due under an earlier generation decides nothing.
    pub generation: u64,
    /// None when it is cleared.
    pub due: Option<Timestamp>,
}
