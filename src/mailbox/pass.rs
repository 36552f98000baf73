//! One pass over what is new: list, fetch, hand over, file. UIDs go to the ledger strictly in ascending order,
//! each with its message or its fate, so that the cursor never skips one.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};
use tokio::sync::{SemaphorePermit, oneshot};
use tokio::time::Instant;
use tracing::debug;

use super::compare::Comparison;
use super::fetch::{Fetched, Found, Items, fetch, room_at_once, room_for};
use super::follow::End;
use super::put_away::Experience;
use super::session::{Selected, Session, Span};
use super::syntax::{message_id, uid_set};
use super::trouble::Trouble;
use super::verify::Verifier;
use super::{Arrival, Body, Fate, Intake, Mark, Resume, Stopped};
use crate::config::{MailboxConfig, Start};
use crate::failpoint::{Step, reach};
use crate::mail::signature::Signature;

/// UIDs whose details are asked for at once.
const CHUNK: usize = 200;
/// Messages, and their bytes, that are fetched at once; a larger message is fetched alone.
const BATCH: usize = 128;
const BATCH_BYTES: u64 = 2 * 1024 * 1024;
/// Tries after which the ledger holds a message as unfetchable.
const TRIES: u32 = 3;

pub(super) struct Pass<'a> {
    pub(super) config: &'a MailboxConfig,
    pub(super) intake: &'a Intake,
    pub(super) session: &'a mut Session,
    pub(super) position: &'a mut Position,
    pub(super) memory: &'a mut Memory,
    pub(super) verifier: Option<&'a mut Verifier>,
    pub(super) under_way: Option<UnderWay>,
}

/// What was handed over and is not known to be committed: the next messages are fetched meanwhile.
pub(super) struct UnderWay {
    /// Tells which UIDs may be filed.
    committed: oneshot::Receiver<Vec<u32>>,
    room: Option<SemaphorePermit<'static>>,
}

/// Where this connection is in the mailbox.
#[derive(Debug)]
pub(super) struct Position {
    pub(super) uid_validity: u32,
    uid_next: Option<u32>,
    pub(super) cursor: u32,
    skip_below: u32,
    failing: BTreeMap<u32, u32>,
    pub(super) unfiled: BTreeSet<u32>,
}

/// What outlives a connection, but not the process: how to be careful with messages that end connections.
#[derive(Debug, Default)]
pub(super) struct Memory {
    uid_validity: u32,
    /// Were being fetched together when a connection ended; fetched one by one now.
    suspects: BTreeSet<u32>,
    /// Was being fetched alone when the connection ended. Counted as a try only once the server is back, so that
    /// an outage is no message's fault.
    struck: Option<(u32, String)>,
    /// Turned out larger than the limit, whatever RFC822.SIZE said.
    oversize: BTreeMap<u32, u64>,
    /// Failing messages rest until then.
    retry_at: Option<Instant>,
    pub(super) filing: Experience,
    pub(super) comparison: Comparison,
}

/// What is to be done with one listed UID.
#[derive(Debug)]
enum Plan {
    Mark(Fate),
    Skip { size: u64 },
    Whole(Found),
    Head(Found),
}

/// What became of it.
enum Outcome {
    Arrived(Arrival),
    Marked(Fate),
}

impl Position {
    pub(super) fn new(selected: Selected, resume: Resume) -> Position {
        Position {
            uid_validity: selected.uid_validity,
            uid_next: selected.uid_next,
            cursor: resume.cursor,
            skip_below: resume.skip_below.unwrap_or(0),
            failing: resume.failing.into_iter().filter(|(_, tries)| *tries < TRIES).collect(),
            unfiled: resume.unfiled.into_iter().collect(),
        }
    }
}

impl Memory {
    fn belongs_to(&mut self, uid_validity: u32) {
        if self.uid_validity != uid_validity {
            *self = Memory { uid_validity, ..Memory::default() };
        }
    }

    /// A connection ended while `uids` were being fetched. Only who was alone, and not for the first time, is
    /// to blame: networks fail too.
    fn blame(&mut self, uids: &[u32], again: bool, announced: Option<u64>, trouble: &Trouble) {
        match (uids, announced) {
            ([uid], Some(announced)) => {
                self.oversize.insert(*uid, announced);
            }
            ([uid], None) if again || self.suspects.contains(uid) => {
                self.struck = Some((*uid, trouble.sentence.clone()));
            }
            _ => self.suspects.extend(uids),
        }
    }
}

impl Pass<'_> {
    /// Everything that is there when it begins is in the ledger when it returns Ok.
    pub(super) async fn run(&mut self) -> Result<(), End> {
        self.memory.belongs_to(self.position.uid_validity);
        if self.position.cursor == 0 {
            self.memory.comparison.begins(0);
        }
        self.count_strike().await?;
        self.file_the_rest().await?;
        self.session.look().await?;
        let mut span = Span::above(self.position.cursor, self.position.uid_next);
        loop {
            let mut listed = self.session.list(&mut span).await?;
            if listed.is_empty() {
                break;
            }
            listed.retain(|uid| !self.position.failing.contains_key(uid));
            debug!(mailbox = self.config.name, listed = listed.len(), "new messages");
            let listed: Vec<u32> = listed.into_iter().collect();
            for chunk in chunks(&listed, &self.memory.suspects) {
                self.take(chunk).await?;
            }
        }
        self.retry_failing().await?;
        self.settle().await?;
        self.compare().await
    }

    /// Waits until what is under way is committed; only now may the server's copies be touched (B1).
    pub(super) async fn settle(&mut self) -> Result<(), End> {
        let Some(UnderWay { committed, room }) = self.under_way.take() else { return Ok(()) };
        let may_be_filed = committed.await.map_err(|_| Stopped)?;
        drop(room);
        self.file(&may_be_filed).await
    }

    /// Room for so many bytes. Whoever waits for it holds none: others may wait for that.
    async fn room(&mut self, bytes: u64) -> Result<Option<SemaphorePermit<'static>>, End> {
        if let Some(room) = room_at_once(bytes) {
            return Ok(Some(room));
        }
        self.settle().await?;
        Ok(room_for(bytes).await)
    }

    async fn count_strike(&mut self) -> Result<(), End> {
        let Some((uid, reason)) = self.memory.struck.take() else { return Ok(()) };
        let fate = self.failure(uid, reason);
        self.hand_over(vec![(uid, Outcome::Marked(fate))]).await?;
        Ok(())
    }

    async fn retry_failing(&mut self) -> Result<(), End> {
        if self.memory.retry_at.is_some_and(|at| at > Instant::now()) {
            return Ok(());
        }
        let due: Vec<u32> = self.position.failing.keys().copied().collect();
        if !due.is_empty() {
            self.memory.retry_at = Some(Instant::now() + self.config.poll);
        }
        for uid in due {
            self.take(&[uid]).await?;
        }
        Ok(())
    }

    /// Takes in a few UIDs, ascending.
    pub(super) async fn take(&mut self, uids: &[u32]) -> Result<(), End> {
        let allowance = Items::Details.allowance(0, 0);
        let details = self.fetch(uids, Items::Details, allowance).await?;
        reach(Step::Listed);
        let mut group: Vec<(u32, Plan)> = Vec::new();
        for (uid, plan) in self.plan(uids, details).await? {
            if !group.is_empty() && !fits(&group, &plan) {
                self.carry_out(std::mem::take(&mut group)).await?;
            }
            group.push((uid, plan));
        }
        self.carry_out(group).await
    }

    async fn plan(&mut self, uids: &[u32], mut details: Fetched) -> Result<Vec<(u32, Plan)>, End> {
        let mut unanswered = self.unanswered(uids, &details).await?;
        let plan = |uid: u32| {
            if let Some(fate) = unanswered.remove(&uid) {
                return (uid, Plan::Mark(fate));
            }
            let found = details.found.remove(&uid).unwrap_or_default();
            let announced = self.memory.oversize.get(&uid).copied();
            let size = found.size.unwrap_or(0).max(announced.unwrap_or(0));
            if self.is_old(uid, &found) {
                return (uid, if announced.is_some() { Plan::Mark(skipped(size, &[])) } else { Plan::Skip { size } });
            }
            let found = Found { size: found.size.max(announced), ..found };
            (uid, if size > self.config.message_bytes { Plan::Head(found) } else { Plan::Whole(found) })
        };
        Ok(uids.iter().copied().map(plan).collect())
    }

    /// The fates of UIDs that the server listed and then did not give: refused, or gone meanwhile, which is only
    /// believed when a second listing says so.
    async fn unanswered(&mut self, uids: &[u32], fetched: &Fetched) -> Result<BTreeMap<u32, Fate>, End> {
        let mut fates = BTreeMap::new();
        for (uid, reason) in &fetched.refused {
            fates.insert(*uid, self.failure(*uid, reason.clone()));
        }
        let silent: Vec<u32> = uids
            .iter()
            .copied()
            .filter(|uid| !fetched.found.contains_key(uid) && !fetched.refused.contains_key(uid))
            .collect();
        if silent.is_empty() {
            return Ok(fates);
        }
        let there = self.session.search(&format!("UID {}", uid_set(&silent))).await?;
        for uid in silent {
            let fate = if there.contains(&uid) {
                self.failure(uid, "the server lists the message but does not give it".to_owned())
            } else {
                Fate::Vanished
            };
            fates.insert(uid, fate);
        }
        Ok(fates)
    }

    /// Of a message that was there before the first start nobody waits for the bytes.
    fn failure(&self, uid: u32, reason: String) -> Fate {
        if uid < self.position.skip_below && self.config.start == Start::New {
            return skipped(0, &[]);
        }
        Fate::Failing { reason }
    }

    fn is_old(&self, uid: u32, found: &Found) -> bool {
        uid < self.position.skip_below
            && match self.config.start {
                Start::New => true,
                Start::All => false,
                Start::Since(first) => found.date.is_some_and(|date| date < first),
            }
    }

    /// Carries out plans of one sort.
    async fn carry_out(&mut self, group: Vec<(u32, Plan)>) -> Result<(), End> {
        let uids: Vec<u32> = group.iter().map(|(uid, _)| *uid).collect();
        let bytes: u64 = group.iter().map(|(_, plan)| plan.size()).sum();
        let items = match group.first() {
            None => return Ok(()),
            Some((_, Plan::Mark(_))) => {
                let marks = group.into_iter().filter_map(|(uid, plan)| match plan {
                    Plan::Mark(fate) => Some((uid, Outcome::Marked(fate))),
                    Plan::Skip { .. } | Plan::Whole(_) | Plan::Head(_) => None,
                });
                self.hand_over(marks.collect()).await?;
                return Ok(());
            }
            Some((_, Plan::Skip { .. })) => Items::Header,
            Some((_, Plan::Whole(_))) => Items::Whole,
            Some((_, Plan::Head(_))) => Items::Head,
        };
        let room = self.room(if items == Items::Whole { bytes } else { 0 }).await?;
        let mut fetched = self.fetch(&uids, items, items.allowance(bytes, self.config.message_bytes)).await?;
        reach(Step::Fetched);
        let mut unanswered = self.unanswered(&uids, &fetched).await?;
        let mut outcomes = Vec::with_capacity(group.len());
        for (uid, plan) in group {
            let outcome = match unanswered.remove(&uid) {
                Some(fate) => Outcome::Marked(fate),
                None => self.outcome(uid, plan, fetched.found.remove(&uid).unwrap_or_default()),
            };
            outcomes.push((uid, outcome));
        }
        self.verify(&mut outcomes).await;
        self.hand_over(outcomes).await?;
        if let Some(under_way) = &mut self.under_way {
            under_way.room = room;
        }
        Ok(())
    }

    fn outcome(&self, uid: u32, plan: Plan, found: Found) -> Outcome {
        let (details, body) = match plan {
            Plan::Mark(fate) => return Outcome::Marked(fate),
            Plan::Skip { size } => return Outcome::Marked(skipped(size, &found.header.unwrap_or_default())),
            Plan::Whole(details) => (details, Body::Whole(found.whole.unwrap_or_default())),
            Plan::Head(details) => (details, Body::Head(found.into_head())),
        };
        let size = match &body {
            Body::Whole(bytes) => details.size.unwrap_or(bytes.len() as u64),
            Body::Head(bytes) => details.size.unwrap_or(0).max(bytes.len() as u64),
        };
        Outcome::Arrived(Arrival {
            mailbox: self.config.name.clone(),
            uid_validity: self.position.uid_validity,
            uid,
            internal_date: details.date,
            size,
            signature: Signature::None,
            body,
        })
    }

    /// Finds out what the signatures of whole messages prove.
    async fn verify(&mut self, outcomes: &mut [(u32, Outcome)]) {
        let Some(verifier) = self.verifier.as_deref_mut() else { return };
        let whole = |outcome: &Outcome| matches!(outcome, Outcome::Arrived(Arrival { body: Body::Whole(_), .. }));
        let mut arrivals: Vec<&mut Arrival> = Vec::new();
        for (_, outcome) in outcomes.iter_mut().filter(|(_, outcome)| whole(outcome)) {
            if let Outcome::Arrived(arrival) = outcome {
                arrivals.push(arrival);
            }
        }
        let bytes: Vec<&[u8]> = arrivals.iter().map(|arrival| arrival.body.bytes()).collect();
        let signatures = verifier.check(&bytes).await;
        for (arrival, signature) in arrivals.into_iter().zip(signatures) {
            arrival.signature = signature;
        }
    }

    /// Gives outcomes to the ledger, in order. The commit of the last messages is still to come.
    async fn hand_over(&mut self, outcomes: Vec<(u32, Outcome)>) -> Result<(), End> {
        self.memory.comparison.count(outcomes.len());
        let mut arrivals = Vec::new();
        let mut marks = Vec::new();
        for (uid, outcome) in outcomes {
            self.memory.suspects.remove(&uid);
            match outcome {
                Outcome::Arrived(arrival) => {
                    self.flush(&mut Vec::new(), &mut marks).await?;
                    self.position.failing.remove(&uid);
                    arrivals.push(arrival);
                }
                Outcome::Marked(fate) => {
                    self.flush(&mut arrivals, &mut Vec::new()).await?;
                    self.note_fate(uid, &fate);
                    marks.push(self.mark(uid, fate));
                }
            }
            self.position.cursor = self.position.cursor.max(uid);
        }
        self.flush(&mut arrivals, &mut marks).await
    }

    fn note_fate(&mut self, uid: u32, fate: &Fate) {
        match fate {
            Fate::Failing { .. } => {
                let tries = self.position.failing.remove(&uid).unwrap_or(0) + 1;
                if tries < TRIES {
                    self.position.failing.insert(uid, tries);
                }
                self.memory.retry_at = Some(Instant::now() + self.config.poll);
            }
            Fate::Vanished | Fate::Skipped { .. } | Fate::Filed => {
                self.position.failing.remove(&uid);
            }
        }
    }

    async fn flush(&mut self, arrivals: &mut Vec<Arrival>, marks: &mut Vec<Mark>) -> Result<(), End> {
        if !arrivals.is_empty() {
            // At most one lot is under way.
            self.settle().await?;
            let committed = self.intake.hand_over(std::mem::take(arrivals)).await?;
            self.under_way = Some(UnderWay { committed, room: None });
        }
        if !marks.is_empty() {
            self.intake.marked(std::mem::take(marks)).await?;
        }
        Ok(())
    }

    async fn fetch(
        &mut self,
        uids: &[u32],
        items: Items,
        allowance: super::guard::Allowance,
    ) -> Result<Fetched, Trouble> {
        let fetched = fetch(self.session, uids, items, allowance).await;
        if let Err(trouble) = &fetched
            && !trouble.is_answer()
        {
            let again = uids.iter().any(|uid| self.position.failing.contains_key(uid));
            self.memory.blame(uids, again, self.session.announced(), trouble);
        }
        fetched
    }

    pub(super) fn mark(&self, uid: u32, fate: Fate) -> Mark {
        let Pass { config, position, .. } = self;
        Mark { mailbox: config.name.clone(), uid_validity: position.uid_validity, uid, fate }
    }
}

impl Plan {
    fn size(&self) -> u64 {
        match self {
            Plan::Mark(_) => 0,
            Plan::Skip { size } => *size,
            Plan::Whole(found) | Plan::Head(found) => found.size.unwrap_or(BATCH_BYTES),
        }
    }
}

/// True when `plan` can be carried out together with `group`.
fn fits(group: &[(u32, Plan)], plan: &Plan) -> bool {
    let same = group.iter().all(|(_, other)| std::mem::discriminant(other) == std::mem::discriminant(plan));
    let bytes: u64 = group.iter().map(|(_, plan)| plan.size()).sum();
    same && match plan {
        Plan::Mark(_) | Plan::Skip { .. } => true,
        Plan::Whole(_) => group.len() < BATCH && bytes + plan.size() <= BATCH_BYTES,
        Plan::Head(_) => false,
    }
}

/// Runs of at most [`CHUNK`] UIDs; a suspect stands alone.
fn chunks<'a>(uids: &'a [u32], suspects: &BTreeSet<u32>) -> Vec<&'a [u32]> {
    let runs = uids.chunk_by(|a, b| !suspects.contains(a) && !suspects.contains(b));
    runs.flat_map(|run| run.chunks(CHUNK)).collect()
}

/// An empty `header` was not given.
fn skipped(size: u64, header: &[u8]) -> Fate {
    let header_hash =
        if header.is_empty() { String::new() } else { data_encoding::HEXLOWER.encode(&Sha256::digest(header)) };
    Fate::Skipped { header_hash, size, message_id: message_id(header) }
}
