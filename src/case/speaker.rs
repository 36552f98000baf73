//! Who speaks in a mail, and what proves it (B30, B31). A From line alone proves nothing.

use serde::{Deserialize, Serialize};

use crate::mail::SentId;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Speaker {
    pub role: Role,
    pub proof: Proof,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// One of the staff, by name.
    Staff(String),
    /// One of our own addresses.
    Ourselves,
    /// A declared form, which passes on what a contact wrote (B29).
    Form,
    Outside,
}

/// What speaks for the address in From.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    None,
    /// A server that the desk trusts found a pass that is aligned with From.
    Authenticated,
    /// We checked a DKIM signature ourselves, and it is aligned with From (`verify`).
    Signed,
    /// The mail answers a mail of ours that went to this person alone, and that nobody outside has seen.
    Reference(SentId),
    /// A trusted server says that DMARC failed: no reference outweighs that.
    Refuted,
}

impl Speaker {
    /// Whether what this person asks for may be done in their name.
    pub fn is_proven(&self) -> bool {
        match self.proof {
            Proof::Authenticated | Proof::Signed | Proof::Reference(_) => true,
            Proof::None | Proof::Refuted => false,
        }
    }
}
