//! Timers of cases: set and cleared by decisions, journalled when they fall due (L9).

use jiff::Timestamp;
use rusqlite::params;

use super::journal::{Mark, Payload};
use super::{Result, Store, Tx, time, word};
use crate::case::{CaseNumber, EntryId, Target, Timer};

/// A timer whose time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fallen {
    pub case: CaseNumber,
    pub target: Target,
    pub generation: u64,
    pub due: Timestamp,
}

/// How far a watched mailbox was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadUntil {
    pub mailbox: String,
    /// None: never yet.
    pub until: Option<Timestamp>,
    /// When mail last came in, or watching began.
    pub last_mail: Option<Timestamp>,
}

impl Tx<'_> {
    /// Begins a new generation of a case's timer; None: it does not run.
    pub(super) fn set_timer(&self, case: CaseNumber, target: Target, due: Option<Timestamp>) -> Result<()> {
        self.prepare_cached(
            "INSERT INTO timer (case_number, target, generation, due) VALUES ($1, $2, 1, $3) \
             ON CONFLICT (case_number, target) DO UPDATE SET generation = timer.generation + 1, due = excluded.due, \
               entry = NULL",
        )?
        .execute(params![case.0 as i64, target.name(), due.map(|due| due.as_microsecond())])?;
        Ok(())
    }

    /// A case that becomes an alias takes no timer with it: what it waited for is up to the case that survives.
    pub(super) fn end_timers(&self, case: CaseNumber) -> Result<()> {
        self.prepare_cached(
            "UPDATE timer SET generation = generation + 1, due = NULL, entry = NULL WHERE case_number = $1",
        )?
        .execute([case.0 as i64])?;
        Ok(())
    }

    pub(super) fn timers(&self, case: CaseNumber) -> Result<Vec<Timer>> {
        let mut statement =
            self.prepare_cached("SELECT target, generation, due FROM timer WHERE case_number = $1 ORDER BY target")?;
        let timers = statement.query_map([case.0 as i64], |row| {
            Ok(Timer {
                target: word(&row.get::<_, String>(0)?)?,
                generation: row.get::<_, i64>(1)? as u64,
                due: row.get::<_, Option<i64>>(2)?.map(time),
            })
        })?;
        Ok(timers.collect::<rusqlite::Result<_>>()?)
    }

    /// Writes into the journal that a timer fell due, once for each generation.
    pub fn journal_due(&self, fallen: &Fallen, now: Timestamp) -> Result<EntryId> {
        let Fallen { case, target, generation, due } = *fallen;
        let entry = self.journal(&Payload::Due { case, target, generation }, None, None, due, now, Mark::Later)?;
        self.prepare_cached(
            "UPDATE timer SET entry = $1 WHERE case_number = $2 AND target = $3 AND generation = $4 AND entry IS NULL",
        )?
        .execute(params![entry.0 as i64, case.0 as i64, target.name(), generation as i64])?;
        Ok(entry)
    }
}

impl Store {
    /// The timers whose time has come and that are not in the journal, the oldest first, at most `limit`.
    pub fn fallen_timers(&self, now: Timestamp, limit: usize) -> Result<Vec<Fallen>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT case_number, target, generation, due FROM timer \
             WHERE due IS NOT NULL AND entry IS NULL AND due <= $1 ORDER BY due LIMIT $2",
        )?;
        let fallen = statement.query_map(params![now.as_microsecond(), limit as i64], |row| {
            Ok(Fallen {
                case: CaseNumber(row.get::<_, i64>(0)? as u64),
                target: word(&row.get::<_, String>(1)?)?,
                generation: row.get::<_, i64>(2)? as u64,
                due: time(row.get(3)?),
            })
        })?;
        Ok(fallen.collect::<rusqlite::Result<_>>()?)
    }

    /// How far each watched mailbox was read.
    pub fn read_until(&self) -> Result<Vec<ReadUntil>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT name, read_until, last_mail FROM mailbox WHERE watched = 1 ORDER BY name")?;
        let rows = statement.query_map([], |row| {
            Ok(ReadUntil {
                mailbox: row.get(0)?,
                until: row.get::<_, Option<i64>>(1)?.map(time),
                last_mail: row.get::<_, Option<i64>>(2)?.map(time),
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
