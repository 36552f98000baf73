//! IMAP: follows the mailboxes. Connects, authenticates, finds new UIDs, fetches them, hands them to the
//! journal, and files the server's copy away once it is journalled. Knows nothing of cases or SQLite: the
//! ledger is asked through [`Intake`].

mod compare;
mod connection;
mod errands;
mod fetch;
mod filing;
mod folders;
mod follow;
mod guard;
mod pass;
mod put_away;
mod session;
mod syntax;
mod trouble;
#[cfg(feature = "dkim")]
mod verify;
#[cfg(not(feature = "dkim"))]
#[path = "verify/absent.rs"]
mod verify;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

use crate::mail::signature::Signature;

pub use errands::{Came, Probe, Survey, append_sent, await_message, probe, survey, survey_since};
pub use follow::follow;
pub use trouble::{SAID_MAX, Trouble, TroubleKind};

/// The mailbox's way to the journal. Every request is answered once it is committed (B1); when the engine has
/// stopped, [`Stopped`].
#[derive(Clone)]
pub struct Intake(pub mpsc::Sender<Request>);

/// The engine has stopped: nothing more can be journalled, so nothing more may be fetched or filed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the journal is closed")]
pub struct Stopped;

pub enum Request {
    /// A mailbox was selected.
    Opened(Opened, oneshot::Sender<Resume>),
    /// Messages were fetched, in UID order. Answered with the UIDs that may be filed: those that are here in full (L10).
    Arrived(Vec<Arrival>, oneshot::Sender<Vec<u32>>),
    /// What else became of UIDs that the mailbox showed.
    Marked(Vec<Mark>, oneshot::Sender<()>),
    /// Of these UIDs, which the server shows, those that the ledger does not have, or takes for vanished.
    Missing(Vec<u32>, Place, oneshot::Sender<Vec<u32>>),
    /// The UIDs that the server holds and the ledger does not, although it was told of them: none, if all is well.
    /// Needs no answer.
    Differs(String, Vec<u32>),
    /// How the mailbox is doing; needs no answer.
    State(State),
}

/// Where UIDs belong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub mailbox: String,
    pub uid_validity: u32,
}

/// What SELECT or EXAMINE said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The configured name.
    pub mailbox: String,
    pub uid_validity: u32,
    /// Above every UID that was there when the mailbox was selected. Found out where the server does not say it,
    /// so that it is always there in what the mailbox sends.
    pub uid_next: Option<u32>,
    pub exists: u32,
}

/// Where to go on, from the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// Every UID up to and including this one has its ledger row.
    pub cursor: u32,
    /// Never seen before, under any UIDVALIDITY: `start` of the configuration says what becomes of what is there.
    pub first_start: bool,
    /// `uid_next` of the first [`Opened`] at the first start: what lies below was there before, and falls under
    /// `start`. Remembered by the ledger, so that a crash in the middle changes nothing. None under a later
    /// UIDVALIDITY, unless the first start had not come to its end.
    pub skip_below: Option<u32>,
    /// UIDs above the cursor's beginning that could not be fetched yet and are tried again, with the tries so far.
    pub failing: Vec<(u32, u32)>,
    /// UIDs that are journalled in full but whose filing (move, flag, delete) is not done; at most 10,000. Those of
    /// which only the head was taken in are not among them (L10). Of no meaning where mail is left as it is.
    pub unfiled: Vec<u32>,
}

/// A message as it was fetched.
#[derive(Debug, Clone)]
pub struct Arrival {
    pub mailbox: String,
    pub uid_validity: u32,
    pub uid: u32,
    /// INTERNALDATE.
    pub internal_date: Option<Timestamp>,
    /// RFC822.SIZE.
    pub size: u64,
    /// What `verify` found out.
    pub signature: Signature,
    pub body: Body,
}

#[derive(Debug, Clone)]
pub enum Body {
    /// `BODY.PEEK[]`, byte for byte.
    Whole(Vec<u8>),
    /// Over the limit: the header and the first bytes of the text; never filed away (L10).
    Head(Vec<u8>),
}

impl Body {
    pub fn bytes(&self) -> &[u8] {
        match self {
            Body::Whole(bytes) | Body::Head(bytes) => bytes,
        }
    }

    pub fn into_bytes(self) -> Vec<u8> {
        match self {
            Body::Whole(bytes) | Body::Head(bytes) => bytes,
        }
    }
}

/// What became of a UID that was not journalled, or of one that was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub mailbox: String,
    pub uid_validity: u32,
    pub uid: u32,
    pub fate: Fate,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Listed, and gone when it was fetched (B2).
    Vanished,
    /// There before the first start (B10): recorded so that a later UIDVALIDITY change behaves. The hash is SHA-256,
    /// lower-case hex, of `BODY[HEADER]`: everything up to and including the empty line. It is empty when the
    /// server would not give the header.
    Skipped { header_hash: String, size: u64, message_id: Option<String> },
    /// The server would not give it; after the third time it is held as unfetchable.
    Failing { reason: String },
    /// Filing is done (moved, flagged, deleted).
    Filed,
}

/// For `status` and alarms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    pub mailbox: String,
    pub connected: bool,
    /// True while IDLE is in use, false while polling.
    pub idle: bool,
    /// Everything was read up to this moment: a pass over new UIDs ended with a tagged OK.
    pub read_until: Option<Timestamp>,
    /// The last failure, one line, with what to do; None once it went well again.
    pub trouble: Option<String>,
}

impl Intake {
    pub async fn opened(&self, opened: Opened) -> Result<Resume, Stopped> {
        self.ask(|reply| Request::Opened(opened, reply)).await
    }

    /// Does not wait for the commit: the answer tells of it, and which UIDs may be filed.
    pub async fn hand_over(&self, arrivals: Vec<Arrival>) -> Result<oneshot::Receiver<Vec<u32>>, Stopped> {
        let (reply, answer) = oneshot::channel();
        self.0.send(Request::Arrived(arrivals, reply)).await.map_err(|_| Stopped)?;
        Ok(answer)
    }

    pub async fn marked(&self, marks: Vec<Mark>) -> Result<(), Stopped> {
        self.ask(|reply| Request::Marked(marks, reply)).await
    }

    /// Those of `uids`, ascending, that have no row in the ledger, or one that says they vanished.
    pub async fn missing(&self, mailbox: &str, uid_validity: u32, uids: Vec<u32>) -> Result<Vec<u32>, Stopped> {
        let place = Place { mailbox: mailbox.to_owned(), uid_validity };
        self.ask(|reply| Request::Missing(uids, place, reply)).await
    }

    pub async fn differs(&self, mailbox: &str, uids: Vec<u32>) -> Result<(), Stopped> {
        self.0.send(Request::Differs(mailbox.to_owned(), uids)).await.map_err(|_| Stopped)
    }

    pub async fn state(&self, state: State) -> Result<(), Stopped> {
        self.0.send(Request::State(state)).await.map_err(|_| Stopped)
    }

    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> Result<T, Stopped> {
        let (reply, answer) = oneshot::channel();
        self.0.send(request(reply)).await.map_err(|_| Stopped)?;
        answer.await.map_err(|_| Stopped)
    }
}
