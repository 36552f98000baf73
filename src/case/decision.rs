//! A decision: what is to be done, what is to be written, and why.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::letter::QuestionKind;
use super::{By, CaseNumber, Command, EntryId, Letter, NewPost, OutboxId, Participant, Phase, PostId, Target};
use crate::mail::{Address, Language, SentId};

/// What became of an entry: one word, counted by `status` (L1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// A new case.
    Open,
    /// A post in a case.
    Append,
    /// A post in a closed case, which is open again.
    Reopen,
    /// The same message a second time (B5).
    Duplicate,
    /// The same copy of a message again, after UIDVALIDITY changed (B3).
    SameCopy,
    /// Automatic mail that concerns no case: kept, nothing done (B14).
    Recorded,
    /// A bounce, receipt or out-of-office that was filed on its case.
    Filed,
    /// Waits for a person, with a reason.
    Hold,
    /// A new word about an earlier entry, which it names.
    Correction,
    /// A command was carried out, or what fell due.
    Done,
    /// A command could not be carried out; the reason stands in the trace.
    Declined,
}

impl Verdict {
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Open => "open",
            Verdict::Append => "append",
            Verdict::Reopen => "reopen",
            Verdict::Duplicate => "duplicate",
            Verdict::SameCopy => "same-copy",
            Verdict::Recorded => "recorded",
            Verdict::Filed => "filed",
            Verdict::Hold => "hold",
            Verdict::Correction => "correction",
            Verdict::Done => "done",
            Verdict::Declined => "declined",
        }
    }
}

/// Effects + letters + trace. The only way in which anything changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub verdict: Verdict,
    /// The case it was about, where there is one.
    pub case: Option<CaseNumber>,
    pub effects: Vec<Effect>,
    pub letters: Vec<Letter>,
    /// Sentences for people, in the order of reasoning. They name header fields and rules, they do not quote (L11).
    pub trace: Vec<String>,
}

/// How two cases belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkKind {
    /// One is about what the other was about: a case that followed a closed one, a stranger who named its number.
    Related,
    /// It began with a reply to the other, which was closed for good (B22).
    FollowUp,
    /// They look like one conversation; merging is proposed (B6).
    SameConversation,
    /// One conversation that was taken apart on purpose: by staff (B24), or by a reply under another subject (B23). Ids
    /// that both know join them no more.
    Apart,
}

/// One change. `store::apply` carries it out, and nothing else does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "kebab-case")]
pub enum Effect {
    OpenCase {
        number: CaseNumber,
        queue: String,
        subject: String,
        language: Option<Language>,
        at: Timestamp,
    },
    AddPost(NewPost),
    AddParticipant {
        case: CaseNumber,
        participant: Participant,
    },
    /// `status` is the name of a step of the lifecycle; for now that of the phase.
    SetPhase {
        case: CaseNumber,
        phase: Phase,
        status: String,
        at: Timestamp,
    },
    RemoveParticipant {
        case: CaseNumber,
        address: Address,
    },
    /// One of the staff, by name, sees everything and does not own it.
    AddFollower {
        case: CaseNumber,
        staff: String,
    },
    RemoveFollower {
        case: CaseNumber,
        staff: String,
    },
    SetQueue {
        case: CaseNumber,
        queue: String,
        by: By,
    },
    /// To nobody, when None.
    SetAssignee {
        case: CaseNumber,
        staff: Option<String>,
        by: By,
    },
    SetPriority {
        case: CaseNumber,
        priority: String,
        by: By,
    },
    AddTag {
        case: CaseNumber,
        tag: String,
        by: By,
    },
    RemoveTag {
        case: CaseNumber,
        tag: String,
    },
    /// The post, and with it every later reply to it, belongs to `to` (B24).
    MovePost {
        post: PostId,
        to: CaseNumber,
    },
    /// Posts before this one were written among other people: letters of the case quote them no more (B24).
    QuoteNothingBefore {
        case: CaseNumber,
        post: PostId,
    },
    /// The post was a stranger's and internal; now its author takes part (B20).
    AdmitPost {
        post: PostId,
    },
    /// The personal reference was seen where people outside could read it: it proves nothing any more (B31).
    ExposeReference {
        sent: SentId,
    },
    /// Goes into the journal, and is decided like any other command.
    Command(Command),
    /// `from` becomes an alias of `into` for ever; its posts, participants and links move.
    MergeCase {
        from: CaseNumber,
        into: CaseNumber,
    },
    LinkCase {
        from: CaseNumber,
        to: CaseNumber,
        kind: LinkKind,
        reason: String,
    },
    /// Somebody outside knows the number of the case, from an acknowledgement that a restored backup does not know (B36).
    CountAsAcknowledged {
        case: CaseNumber,
    },
    /// Nothing is sent to this address by ourselves any more until it writes again.
    MarkUndeliverable {
        address: Address,
        reason: String,
    },
    ClearUndeliverable {
        address: Address,
    },
    /// The entry waits in `held list`.
    Hold {
        entry: EntryId,
        reason: String,
        /// What its writer would settle, where they are one of the staff.
        #[serde(default)]
        question: Option<QuestionKind>,
    },
    /// The entry does not wait any more.
    Unhold {
        entry: EntryId,
    },
    /// `entry` (this one) says anew what became of `corrects`.
    Correct {
        corrects: EntryId,
    },
    /// The entry's mail belongs to this post, also when it is a duplicate: later replies to it find the case.
    IndexMail {
        entry: EntryId,
        post: PostId,
    },
    /// From now on this timer, in place of the one that the case had for the target.
    SetTimer {
        case: CaseNumber,
        target: Target,
        due: Timestamp,
    },
    /// The case has no timer for the target any more; one that fell due and waits for its decision decides nothing.
    ClearTimer {
        case: CaseNumber,
        target: Target,
    },
    RetryOutbox {
        mail: Option<OutboxId>,
    },
    /// The engine copies the database to this file, some pages between groups.
    Backup {
        target: String,
    },
    PauseOutbox,
    ResumeOutbox,
}
