//! How anybody asks something of the desk: append to the journal, then wait for the decision. If no daemon runs,
//! the asker takes the lock and decides.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::{Clock, Engine, InForce, Place};
use crate::case::{Command, EntryId};
use crate::failpoint::{Step, reach};
use crate::store::cases::DecisionView;
use crate::store::journal::{Mark, Payload};
use crate::store::raw::Packed;
use crate::store::{Lock, Result, Store};

/// How long an asker waits for a daemon that runs.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(20);

/// One thing to put into the journal.
pub struct Asked {
    pub payload: Payload,
    pub raw: Option<Vec<u8>>,
    /// When it came, where that was earlier than now.
    pub received: Option<Timestamp>,
}

impl From<Command> for Asked {
    fn from(command: Command) -> Asked {
        Asked { payload: Payload::Command(command), raw: None, received: None }
    }
}

/// What came of asking.
#[derive(Debug)]
pub enum Answer {
    /// In the order of asking; true when this process decided itself, so that letters wait for a daemon.
    Decided { decisions: Vec<DecisionView>, by_us: bool },
    /// Journalled, and safe; the daemon has not come to it yet.
    Waiting(Vec<EntryId>),
}

/// Appends in one transaction, and waits for the decisions. An existing database is needed. Without `rules` only a
/// daemon can decide.
pub fn ask(place: &Place, rules: impl Into<Option<InForce>>, clock: Clock, asked: Vec<Asked>) -> Result<Answer> {
    let mut rules = rules.into();
    let store = Store::append_to(&place.database)?;
    let entries = append(&store, clock.now(), asked).map_err(|e| store.explain(e))?;
    reach(Step::CommandCommitted);
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(decisions) = decided(&store, &entries)? {
            return Ok(Answer::Decided { decisions, by_us: false });
        }
        if rules.is_some()
            && let Some(lock) = Lock::try_take(&place.database)?
            && let Some(rules) = rules.take()
        {
            let engine = Engine::open(place, lock, rules, clock)?;
            let worked = work(&engine);
            engine.rest();
            worked?;
            let decisions = decided(engine.store(), &entries)?.unwrap_or_default();
            return Ok(Answer::Decided { decisions, by_us: true });
        }
        if Instant::now() > deadline {
            return Ok(Answer::Waiting(entries));
        }
        std::thread::sleep(LOOK);
    }
}

fn work(engine: &Engine) -> Result<()> {
    while engine.step()? > 0 {}
    engine.finish_backup(|_| ControlFlow::Continue(()))
}

fn append(store: &Store, now: Timestamp, asked: Vec<Asked>) -> Result<Vec<EntryId>> {
    let tx = store.begin()?;
    let mut entries = Vec::new();
    for one in asked {
        let received = one.received.unwrap_or(now);
        let packed = one.raw.as_deref().map(Packed::of);
        entries.push(tx.journal(&one.payload, packed.as_ref(), None, received, now, Mark::Later)?);
    }
    tx.commit()?;
    Ok(entries)
}

fn decided(store: &Store, entries: &[EntryId]) -> Result<Option<Vec<DecisionView>>> {
    let mut decisions = Vec::new();
    for entry in entries {
        match store.decision(*entry)? {
            Some(decision) => decisions.push(decision),
            None => return Ok(None),
        }
    }
    Ok(Some(decisions))
}
