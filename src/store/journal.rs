//! The journal: everything that comes in, committed before anything is made of it (B1).

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use super::raw::Packed;
use super::{Result, Store, Tx, json, time};
use crate::case::event::Undeliverable;
use crate::case::snapshot::Restored;
use crate::case::{Alarm, CaseNumber, Command, EntryId, Target};
use crate::mail::Address;
use crate::mail::signature::Signature;

/// Entries that are decided in one transaction, at most.
pub const GROUP: usize = 64;
/// Raw bytes that one group may hold in memory; a larger message makes a group of its own.
const GROUP_BYTES: u64 = 4 * 1024 * 1024;
/// Deaths after which an entry is held (B4).
pub const ATTEMPTS: u32 = 3;

/// What an entry is, as it is written down. Raw bytes stand apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "matter", rename_all = "kebab-case")]
pub enum Payload {
    Mail {
        /// `ingest --no-mail`, or older than a restoration: nobody is written to because of this entry.
        #[serde(default)]
        silent: bool,
        /// The whole size, when only the head was fetched (B34).
        #[serde(default)]
        oversize: Option<u64>,
        /// What was found out of its signatures when it was taken in: the network is not asked again.
        #[serde(default)]
        signature: Signature,
    },
    Command(Command),
    Undeliverable(Undeliverable),
    /// A timer fell due; unique.
    Due {
        case: CaseNumber,
        target: Target,
        generation: u64,
    },
    /// Administrators are told of a trouble.
    Alarm {
        alarm: Alarm,
        /// At least one.
        to: Vec<Address>,
    },
    Reloaded {
        policy: String,
    },
    /// A message that the server would not give, three times.
    Unfetchable {
        uid: u32,
        reason: String,
    },
    Restored(Restored),
    /// What another version of Postcase wrote: it is held, and stops nothing. Never written.
    #[serde(skip)]
    Unreadable,
}

impl Payload {
    fn of(row: &Row, column: usize) -> Payload {
        let text: Option<String> = row.get(column).ok();
        text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Payload::Unreadable)
    }

    pub(super) fn matter(&self) -> &'static str {
        match self {
            Payload::Mail { .. } => "mail",
            Payload::Command(_) => "command",
            Payload::Undeliverable(_) => "undeliverable",
            Payload::Due { .. } => "due",
            Payload::Alarm { .. } => "alarm",
            Payload::Reloaded { .. } => "reloaded",
            Payload::Unfetchable { .. } => "unfetchable",
            Payload::Restored(_) => "restored",
            Payload::Unreadable => "unreadable",
        }
    }
}

/// Whether the engine decides the new entry at once, so that the mark can ride on the same commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    Now,
    Later,
}

/// An entry that waits for its decision.
#[derive(Debug, Clone)]
pub struct Waiting {
    pub entry: EntryId,
    pub received: Timestamp,
    pub mailbox: Option<String>,
    pub payload: Payload,
    pub attempts: u32,
    pub marked: bool,
    /// It was being read beside another one when the process died: it runs alone, so that the next death says whose it is.
    pub suspect: bool,
}

/// Values of `marked`.
const MARKED: i64 = 1;
const SUSPECT: i64 = 2;

impl Tx<'_> {
    /// Appends one entry. `received` is cut to `now`: a promise never starts in the future.
    pub fn journal(
        &self,
        payload: &Payload,
        raw: Option<&Packed>,
        origin: Option<&str>,
        received: Timestamp,
        now: Timestamp,
        mark: Mark,
    ) -> Result<EntryId> {
        let last: i64 =
            self.prepare_cached("SELECT coalesce(max(id), 0) FROM journal")?.query_row([], |row| row.get(0))?;
        let entry = EntryId(last as u64 + 1);
        self.prepare_cached(
            "INSERT INTO journal (id, matter, mailbox, received, journalled, payload, marked) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )?
        .execute(params![
            entry.0 as i64,
            payload.matter(),
            origin,
            received.min(now).as_microsecond(),
            now.as_microsecond(),
            json(payload),
            mark == Mark::Now
        ])?;
        if let Some(raw) = raw {
            self.put_raw(entry, raw)?;
        }
        Ok(entry)
    }

    /// Marks entries: reading and deciding begin. Committed before they do.
    pub fn mark(&self, entries: &[EntryId]) -> Result<()> {
        let mut statement = self.prepare_cached("UPDATE journal SET marked = 1 WHERE id = $1")?;
        for entry in entries {
            statement.execute([entry.0 as i64])?;
        }
        Ok(())
    }

    /// An attempt ended without a decision; the next one runs alone.
    pub fn count_attempt(&self, entry: EntryId) -> Result<()> {
        self.prepare_cached("UPDATE journal SET attempts = attempts + 1, marked = 0 WHERE id = $1")?
            .execute([entry.0 as i64])?;
        Ok(())
    }

    /// The last run ended in order, if without these decisions: no entry is to blame.
    pub fn unmark(&self) -> Result<()> {
        self.prepare_cached("UPDATE journal SET marked = 0 WHERE marked = 1 AND waiting = 1")?.execute([])?;
        Ok(())
    }

    /// After a death while this entry was read or decided: it is to blame, and no other.
    pub fn count_death(&self, entry: EntryId) -> Result<usize> {
        let counted = self.execute(
            "UPDATE journal SET attempts = attempts + 1, marked = 0 WHERE id = $1 AND waiting = 1",
            [entry.0 as i64],
        )?;
        self.unmark()?;
        Ok(counted)
    }

    /// After a death while these were read side by side: which of them is to blame is not known, so neither is counted,
    /// and each runs alone.
    pub fn suspect(&self, entries: &[EntryId]) -> Result<()> {
        self.unmark()?;
        let mut statement = self.prepare_cached("UPDATE journal SET marked = $1 WHERE id = $2 AND waiting = 1")?;
        for entry in entries {
            statement.execute([SUSPECT, entry.0 as i64])?;
        }
        Ok(())
    }

    /// After a death of which nothing is known: whatever was marked has had an attempt.
    pub fn count_deaths(&self) -> Result<usize> {
        Ok(self
            .execute("UPDATE journal SET attempts = attempts + 1, marked = 0 WHERE marked = 1 AND waiting = 1", [])?)
    }
}

impl Store {
    /// The next group that waits, in journal order: one entry alone when it had an attempt before.
    pub fn waiting_group(&self) -> Result<Vec<Waiting>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT j.id, j.received, j.mailbox, j.payload, j.attempts, j.marked, \
                    coalesce((SELECT size FROM raw WHERE entry = j.id), 0) \
             FROM journal j WHERE j.waiting = 1 ORDER BY j.id LIMIT $1",
        )?;
        let mut rows = statement.query([GROUP as i64])?;
        let (mut group, mut bytes) = (Vec::new(), 0u64);
        while let Some(row) = rows.next()? {
            let marked: i64 = row.get(5)?;
            let waiting = Waiting {
                entry: EntryId(row.get::<_, i64>(0)? as u64),
                received: time(row.get(1)?),
                mailbox: row.get(2)?,
                payload: Payload::of(row, 3),
                attempts: row.get(4)?,
                marked: marked == MARKED,
                suspect: marked == SUSPECT,
            };
            bytes += row.get::<_, i64>(6)? as u64;
            let alone = waiting.attempts > 0 || waiting.suspect;
            if !group.is_empty() && (alone || bytes > GROUP_BYTES) {
                break;
            }
            group.push(waiting);
            if alone {
                break;
            }
        }
        Ok(group)
    }

    /// One entry as it was written down, whatever became of it.
    pub fn entry(&self, entry: EntryId) -> Result<Option<Waiting>> {
        let found = self
            .connection
            .prepare_cached("SELECT received, mailbox, payload, attempts, marked FROM journal WHERE id = $1")?
            .query_row([entry.0 as i64], |row| {
                Ok(Waiting {
                    entry,
                    received: time(row.get(0)?),
                    mailbox: row.get(1)?,
                    payload: Payload::of(row, 2),
                    attempts: row.get(3)?,
                    marked: row.get::<_, i64>(4)? == MARKED,
                    suspect: row.get::<_, i64>(4)? == SUSPECT,
                })
            })
            .optional()?;
        Ok(found)
    }

    /// The number that the next entry will get.
    pub fn next_entry(&self) -> Result<EntryId> {
        let last: i64 = self.connection.query_row("SELECT coalesce(max(id), 0) FROM journal", [], |row| row.get(0))?;
        Ok(EntryId(last as u64 + 1))
    }

    pub fn anything_waiting(&self) -> Result<bool> {
        Ok(self
            .connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM journal WHERE waiting = 1)")?
            .query_row([], |row| row.get(0))?)
    }
}
