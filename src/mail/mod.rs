//! What a message is: bytes in, a [`Reading`] out. Pure, total, and without any knowledge of cases.
//!
//! Every byte string has a reading (B12). What could not be understood is a [`Defect`], never an error.

pub mod address;
pub mod authentication;
pub mod body;
mod closing;
pub mod clue;
pub mod defect;
mod fingerprint;
pub mod forward;
pub mod html;
pub mod json;
pub mod kind;
pub mod language;
pub mod mbox;
pub mod message;
pub mod origin;
pub mod reference;
pub mod report;
pub mod returned;
pub mod signature;
pub mod subject;
pub mod thread;
mod wire;

use std::panic::{AssertUnwindSafe, catch_unwind};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use defect::{Flaw, Flaws};

pub use address::{Address, Named};
pub use clue::{Clue, ClueKind, Pointer};
pub use forward::Forwarded;
pub use kind::Kind;
pub use language::Language;
pub use message::attachment_bytes;
pub use message::{Attachment, Message, MessageId};
pub use reference::{Keyring, SentId};
pub use report::{Action, ReportedRecipient};
pub use returned::Returned;
pub use thread::ThreadIndex;

/// What the desk knows of itself that reading needs: nothing here changes from message to message.
#[derive(Debug, Clone, Default)]
pub struct Circumstances {
    /// Every address that is ours: those of the watched mailboxes, their aliases and those of the queues.
    pub own_addresses: Vec<Address>,
    /// List-Ids of lists that stand in front of the desk (`own_lists`): their List-* fields prove nothing (B13).
    pub own_lists: Vec<String>,
    /// The word before a case number in a subject, as in `[Case 10482]`.
    pub case_word: String,
    /// The keys with which references, our own Message-IDs and the loop mark are sealed.
    pub keyring: Keyring,
    /// The bounds of B34.
    pub bounds: Bounds,
}

/// The bounds of reading (L10, B34). Reaching one is a [`Defect`], never a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// Parts of a message that are looked at; later ones are left in the raw bytes.
    pub parts: usize,
    /// Depth of multiparts and enclosed messages.
    pub depth: usize,
    /// Header fields that are looked at.
    pub headers: usize,
    /// Bytes of one header field that are looked at.
    pub header_bytes: usize,
    /// Addresses taken from all address fields together.
    pub recipients: usize,
    /// Bytes of decoded text that are kept as `text`.
    pub text_bytes: usize,
    /// Bytes of HTML that are turned into text.
    pub html_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds {
            parts: 500,
            depth: 20,
            headers: 1_000,
            header_bytes: 64 * 1024,
            recipients: 500,
            text_bytes: 512 * 1024,
            html_bytes: 512 * 1024,
        }
    }
}

/// Something about a message that is not as the standards have it, or that went over a bound.
/// The name is stable: it is printed by `explain` and listed in the documentation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Defect {
    /// A stable name in kebab-case, for example `no-header-end`.
    pub name: String,
    /// What was found and what was done about it, for a person. Never quotes the message (L11).
    pub note: String,
}

/// All that Postcase understands of one message.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reading {
    pub message: Message,
    pub kind: Kind,
    /// What spoke for `kind`, strongest first, as header names and rules, not quotations (L11).
    pub kind_evidence: Vec<String>,
    /// False when the sender asked for no automatic answer (X-Auto-Response-Suppress) or cannot get one
    /// (no originator, a forged-looking one), although the mail may be written by a person.
    pub may_answer: bool,
    /// The author's own words: quotes, attribution lines, signatures folded away. Never empty when `message.text` is not (B16).
    pub author_text: String,
    /// What a delivery report says, recipient by recipient (B15).
    pub report: Vec<ReportedRecipient>,
    /// The mail of ours that this is, or that it gives back.
    #[serde(default)]
    pub returned: Option<Returned>,
    /// Messages that a person hands on, inline first, then attached ones in order (B17). What a report returns is none.
    #[serde(default)]
    pub forwarded: Vec<Forwarded>,
    /// Pointers to the conversation this belongs to, strongest first (B19). Forged references are absent.
    pub clues: Vec<Clue>,
    pub language: Option<Language>,
    /// SHA-256 of the message without trace headers and with normal line ends, lower-case hex: tells a second
    /// copy of a message from another message with the same Message-ID (B5).
    pub content_hash: String,
    pub defects: Vec<Defect>,
}

/// Reads one message. Total: any byte string has a reading. Linear in the length of `raw`, whatever is in it.
pub fn read(raw: &[u8], circumstances: &Circumstances) -> Reading {
    // The libraries that parse are not ours; should one panic, the message still has a reading.
    catch_unwind(AssertUnwindSafe(|| understand(raw, circumstances))).unwrap_or_else(|_| minimal(raw))
}

fn understand(raw: &[u8], circumstances: &Circumstances) -> Reading {
    let mut flaws = Flaws::default();
    let mut message = message::read(raw, &circumstances.bounds, &mut flaws);
    note_absences(&message, &mut flaws);
    let split = body::read(&message);
    message.rendered = None;
    let finding = kind::find(raw, &message, &split, circumstances);
    let report = match finding.kind {
        Kind::DeliveryReport => report::read(raw, &message, &circumstances.bounds),
        Kind::Correspondence
        | Kind::AutoReply
        | Kind::AutoGenerated
        | Kind::DispositionReport
        | Kind::FeedbackReport
        | Kind::Calendar
        | Kind::List
        | Kind::Own => Vec::new(),
    };
    let returned = returned::find(raw, &message, finding.kind, &circumstances.bounds, &circumstances.keyring);
    let clues = clue::find(&message, &split, &report, returned.as_ref(), circumstances, &mut flaws);
    let forwarded = match finding.kind {
        Kind::DeliveryReport | Kind::DispositionReport | Kind::FeedbackReport | Kind::Own => Vec::new(),
        Kind::Correspondence | Kind::AutoReply | Kind::AutoGenerated | Kind::Calendar | Kind::List => {
            forward::find(raw, &message, &split.forwarded, &circumstances.bounds)
        }
    };
    Reading {
        kind: finding.kind,
        kind_evidence: finding.evidence,
        may_answer: finding.may_answer,
        language: language::detect(&split.shown),
        author_text: split.shown,
        report,
        returned,
        forwarded,
        clues,
        content_hash: fingerprint::of(raw, &message, &circumstances.bounds),
        defects: flaws.into_defects(),
        message,
    }
}

fn note_absences(message: &Message, flaws: &mut Flaws) {
    if message.from.is_empty() {
        flaws.note(Flaw::NoOriginator);
    }
    if message.from.len() > 1 {
        flaws.note(Flaw::SeveralOriginators);
    }
    if message.message_id.is_none() {
        flaws.note(Flaw::NoMessageId);
    }
}

/// What is left when the reader failed: the raw text, and nothing that could be acted upon.
fn minimal(raw: &[u8]) -> Reading {
    let mut flaws = Flaws::default();
    flaws.note(Flaw::ReaderFailed);
    let head = &raw[..raw.len().min(Bounds::default().text_bytes)];
    let message = Message { text: String::from_utf8_lossy(head).replace("\r\n", "\n"), ..Message::default() };
    Reading {
        kind: Kind::Correspondence,
        kind_evidence: Vec::new(),
        may_answer: false,
        author_text: message.text.clone(),
        report: Vec::new(),
        returned: None,
        forwarded: Vec::new(),
        clues: Vec::new(),
        language: None,
        content_hash: HEXLOWER.encode(&Sha256::digest(raw)),
        defects: flaws.into_defects(),
        message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_fails_leaves_a_message_that_nothing_acts_upon() {
        let reading = minimal(b"From: a@x.org\r\n\r\nHi");
        assert_eq!(reading.author_text, "From: a@x.org\n\nHi");
        assert!(!reading.may_answer && reading.clues.is_empty() && reading.message.message_id.is_none());
        assert_eq!(reading.defects[0].name, "reader-failed");
    }
}
