//! The snapshot: the closed, bounded list of facts that deciding may know, beside the event and the policy.
//! No bodies. Stored with each decision, so that it can be decided again.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::letter::QuestionKind;
use super::{Audience, By, CaseNumber, EntryId, Participant, Phase, PostId, PostKind, Timer, Verdict};
use crate::mail::{Address, Language, MessageId, SentId, ThreadIndex};

/// Most messages that share ids, directly or through others, which a snapshot holds; the nearest first.
pub const NEIGHBOURS: usize = 256;

/// Restorations that a snapshot knows.
pub const RESTORATIONS: usize = 16;

/// Posts that one command may name.
pub const POSTS: usize = 200;

/// Cases of the originator that a snapshot holds.
pub const OWN_CASES: usize = 20;

/// Participants of closed cases of whom a snapshot says whether they may be written to.
pub const OTHERS: usize = 200;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Snapshot {
    /// The number that a case opened now will get.
    pub next_number: u64,
    /// The mails of ours that verified references and own ids point at. Absent: the row is gone or was never here.
    pub sent: Vec<KnownSent>,
    /// Messages from outside that share a Message-ID, a referenced id or a Thread-Index with this one, directly or through others.
    pub messages: Vec<KnownMessage>,
    /// True when there were more than [`NEIGHBOURS`].
    pub messages_cut: bool,
    /// Every case that the facts above, a bare number or a command name; merged ones stand under the number that survived.
    pub cases: Vec<CaseFacts>,
    /// Old numbers that were merged away, and where they live now.
    pub aliases: Vec<(CaseNumber, CaseNumber)>,
    /// Of the originator.
    pub speaker: SpeakerFacts,
    /// Automatic answers of the whole desk within the last hour.
    pub desk_answers_hour: u32,
    /// Staff who were written to within the last hour.
    #[serde(default)]
    pub told: Vec<Told>,
    /// Of the first author outside whose mail staff hand on.
    #[serde(default)]
    pub forwarded: SpeakerFacts,
    /// For a mail that may open a closed case again: of those who take part in `cases` that are closed, beside the
    /// originator; each once, at most [`OTHERS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Reached>,
    /// For a correction, and for the answer to a question of ours: what the entry that it is about is now.
    pub corrected: Option<EntryFacts>,
    /// The posts that a command names, or that a personal reference answers.
    #[serde(default)]
    pub posts: Vec<PostFacts>,
    /// For a refused mail: what it was.
    pub refused: Option<KnownSent>,
    /// Of cases from which posts are to be taken: how many mails and answers they have, counted up to
    /// [`POSTS`] and one.
    #[serde(default)]
    pub post_counts: Vec<(CaseNumber, usize)>,
    /// Pairs among `cases` that staff took apart.
    #[serde(default)]
    pub apart: Vec<(CaseNumber, CaseNumber)>,
    /// When backups were put in place, newest first, at most [`RESTORATIONS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restored: Vec<Restored>,
}

/// A backup was put in place (B36): what the desk gave out between the backup and then is out there, and no row knows
/// of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// The entry that says so, the first one after the gap.
    pub entry: EntryId,
    pub at: Timestamp,
    /// The newest entry that the backup knew.
    pub last_entry: EntryId,
    /// The highest case number that it knew.
    pub last_number: CaseNumber,
    /// Where the numbers go on.
    pub next_number: CaseNumber,
}

impl Restored {
    /// Whether this mail of ours was written in the time that was lost.
    pub fn lost_mail(&self, id: SentId) -> bool {
        let entry = EntryId(id.0 / 256);
        self.last_entry < entry && entry < self.entry
    }

    /// Whether this number may have been given out in the time that was lost.
    pub fn lost_number(&self, number: CaseNumber) -> bool {
        self.last_number < number && number < self.next_number
    }
}

/// A mail that we sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownSent {
    pub id: SentId,
    /// Where the conversation lives now; None for a letter that was about no case.
    pub case: Option<CaseNumber>,
    pub post: Option<PostId>,
    pub audience: Audience,
    pub recipients: Vec<Address>,
    /// One of the staff, by name, whose reference it is.
    pub person: Option<String>,
    /// True once the personal reference was seen where people outside could read it (B31).
    pub exposed: bool,
    /// The entry that the letter asked about, and what it asked.
    pub asks: Option<EntryId>,
    #[serde(default)]
    pub question: Option<QuestionKind>,
    pub at: Timestamp,
    /// Of the post that the letter was about: staff answer a post, and what kind it is says to whom.
    pub about: Option<PostKind>,
}

/// A message from outside, as far as linking needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownMessage {
    pub entry: EntryId,
    pub message_id: Option<MessageId>,
    /// In-Reply-To, then References from newest to oldest, each once.
    pub refers_to: Vec<MessageId>,
    pub thread: Option<ThreadIndex>,
    pub content_hash: String,
    pub originator: Option<Address>,
    /// Everyone outside on From, To and Cc, each once.
    pub addresses: Vec<Address>,
    /// Where its post is now; None when it made none (held, recorded).
    pub case: Option<CaseNumber>,
    pub post: Option<PostId>,
    /// Of that post, at most 200 characters.
    pub subject: Option<String>,
    /// Of that post: only public ones vouch for those who answer them.
    pub audience: Option<Audience>,
    /// What it is: a mail that staff handed on is its author's.
    #[serde(default)]
    pub kind: Option<PostKind>,
    pub verdict: Option<Verdict>,
    /// True while it is held because nothing proves who wrote it.
    #[serde(default)]
    pub unproven: bool,
}

/// What linking needs of a message that was just read: every mail is indexed by it, and comes back as a [`KnownMessage`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Footprint {
    pub message_id: Option<MessageId>,
    /// In-Reply-To and References together, each id once, nearest first; bounded.
    pub refers_to: Vec<MessageId>,
    /// Outlook's, where there is one.
    pub thread: Option<ThreadIndex>,
    /// Who speaks: for a declared form the contact, never the form.
    pub originator: Option<Address>,
    /// Everyone outside on From, To and Cc, and the speaker.
    pub addresses: Vec<Address>,
    pub content_hash: String,
    /// The first author outside whose mail staff hand on.
    pub handed_on: Option<Address>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseFacts {
    pub number: CaseNumber,
    pub queue: String,
    pub phase: Phase,
    pub status: String,
    pub subject: String,
    pub language: Option<Language>,
    pub participants: Vec<Participant>,
    /// An acknowledgement was queued for this case (at most one, B26).
    pub acknowledged: bool,
    /// A mail of ours about this case was queued, by whatever hand: somebody outside knows its number.
    pub written_about: bool,
    pub opened: Timestamp,
    pub closed: Option<Timestamp>,
    /// The newest public post from outside: its author is answered To.
    pub last_author: Option<Address>,
    pub assignee: Option<String>,
    pub assigned_by: By,
    /// None: the desk's usual one.
    pub priority: Option<String>,
    pub prioritised_by: By,
    pub queued_by: By,
    pub tags: Vec<String>,
    /// Staff, by name.
    pub followers: Vec<String>,
    /// The newest answer by staff, for answers that cross.
    pub last_answer: Option<LastAnswer>,
    /// The newest public post.
    pub last_post: Option<PostId>,
    /// Letters quote nothing that was written before this post: people take part who had no part in it (B24).
    #[serde(default)]
    pub quotes_from: Option<PostId>,
    /// Message-ID of the newest public mail of the case, in or out: In-Reply-To of our answer.
    pub last_message_id: Option<MessageId>,
    /// Message-IDs of the case's public mails, oldest first, at most 30: the first and the newest ones.
    pub message_ids: Vec<MessageId>,
    /// How often a reply reopened it.
    pub reopened: u32,
    /// The newest case that followed this one and is not closed: further late replies belong there.
    pub followed_by: Option<CaseNumber>,
    /// At most one for each target.
    pub timers: Vec<Timer>,
}

/// The newest answer by staff in a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastAnswer {
    pub post: PostId,
    /// The name that stands beside the answer.
    pub by: String,
    pub at: Timestamp,
}

/// What is known of a post that a command names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostFacts {
    pub post: PostId,
    pub case: CaseNumber,
    pub kind: PostKind,
    pub audience: Audience,
    pub author: Option<String>,
    pub address: Option<Address>,
    pub subject: String,
    pub language: Option<Language>,
    pub stranger: bool,
    /// Of its mail, where it is one.
    #[serde(default)]
    pub message_id: Option<MessageId>,
    pub at: Timestamp,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpeakerFacts {
    /// Automatic answers to this address within the last hour and the last day.
    pub answers_hour: u32,
    pub answers_day: u32,
    pub undeliverable: bool,
    /// The originator was told within the last day that a message was too large.
    pub told_too_large: bool,
    /// Cases that are not closed in which the originator takes part, the newest first, at most [`OWN_CASES`].
    #[serde(default)]
    pub cases: Vec<OwnCase>,
}

/// What is known of somebody who may be written to by a machine, though they did not write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    pub address: Address,
    /// Automatic answers to this address within the last hour and the last day.
    pub answers_hour: u32,
    pub answers_day: u32,
    pub undeliverable: bool,
}

/// A case of the originator's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnCase {
    pub number: CaseNumber,
    pub subject: String,
    pub opened: Timestamp,
}

/// What one of the staff was told within the last hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// By name.
    pub person: String,
    pub notices: u32,
    pub questions: u32,
}

/// What is known of an entry that a command names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryFacts {
    pub entry: EntryId,
    pub verdict: Verdict,
    pub held: bool,
    /// True when it has raw bytes to read again.
    pub is_mail: bool,
    /// Where its post is, when it has one.
    pub case: Option<CaseNumber>,
}

impl Snapshot {
    /// Whether staff took a mail of one of these cases out of the other.
    pub fn are_apart(&self, one: CaseNumber, other: CaseNumber) -> bool {
        self.apart.contains(&(one, other)) || self.apart.contains(&(other, one))
    }
}

impl CaseFacts {
    /// The post that a letter to the participants quotes.
    pub fn quoted(&self) -> Option<PostId> {
        self.last_post.filter(|post| self.quotes_from.is_none_or(|from| *post >= from))
    }
}
