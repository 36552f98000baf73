//! What administrators were told of troubles, and what the alarm command has still to be told.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::{Result, Store, Tx, time, word};
use crate::case::Alarm;
use crate::case::OutboxId;
use crate::case::alarm::{Told, Turn};

/// An alarm that the alarm command has not got yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub id: i64,
    pub alarm: Alarm,
}

impl Tx<'_> {
    /// Whether a mail is an alarm.
    pub fn is_alarm(&self, mail: OutboxId) -> Result<bool> {
        let template: Option<String> = self
            .prepare_cached("SELECT template FROM sent WHERE id = $1")?
            .query_row([mail.0 as i64], |row| row.get(0))
            .optional()?;
        Ok(template.as_deref() == Some(crate::case::Template::Alarm.name()))
    }

    /// Remembers what administrators were told; that a trouble is over ends it.
    pub fn set_told(&self, alarm: &Alarm, now: Timestamp) -> Result<()> {
        if alarm.turn == Turn::Over {
            self.prepare_cached("DELETE FROM told WHERE source = $1")?.execute([&alarm.source])?;
            return Ok(());
        }
        self.prepare_cached("INSERT OR REPLACE INTO told (source, text, since, at) VALUES ($1, $2, $3, $4)")?
            .execute(params![alarm.source, alarm.text, alarm.since.as_microsecond(), now.as_microsecond()])?;
        Ok(())
    }

    /// The alarm command is to be told; of one source only the newest.
    pub fn want_call(&self, alarm: &Alarm) -> Result<()> {
        let last: i64 =
            self.prepare_cached("SELECT coalesce(max(id), 0) FROM alarm_call")?.query_row([], |row| row.get(0))?;
        self.prepare_cached(
            "INSERT OR REPLACE INTO alarm_call (id, source, turn, text, since) VALUES ($1, $2, $3, $4, $5)",
        )?
        .execute(params![
            last + 1,
            alarm.source,
            alarm.turn.name(),
            alarm.text,
            alarm.since.as_microsecond()
        ])?;
        Ok(())
    }

    pub fn end_call(&self, call: &Call) -> Result<()> {
        self.prepare_cached("DELETE FROM alarm_call WHERE id = $1 AND source = $2")?
            .execute(params![call.id, call.alarm.source])?;
        Ok(())
    }
}

impl Store {
    pub fn told(&self) -> Result<Vec<Told>> {
        let mut statement =
            self.connection.prepare_cached("SELECT source, text, since, at FROM told ORDER BY since, source")?;
        let rows = statement.query_map([], |row| {
            Ok(Told { source: row.get(0)?, text: row.get(1)?, since: time(row.get(2)?), at: time(row.get(3)?) })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The alarm that the alarm command is told next.
    pub fn next_call(&self) -> Result<Option<Call>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, source, turn, text, since FROM alarm_call ORDER BY id LIMIT 1")?;
        let call = statement.query_row([], |row| {
            let turn = word(&row.get::<_, String>(2)?)?;
            let alarm = Alarm { source: row.get(1)?, turn, text: row.get(3)?, since: time(row.get(4)?) };
            Ok(Call { id: row.get(0)?, alarm })
        });
        Ok(call.optional()?)
    }

    /// Since when mail waits that nobody has tried to hand over.
    pub fn untried_since(&self) -> Result<Option<Timestamp>> {
        let queued: Option<i64> = self
            .connection
            .prepare_cached(
                "SELECT queued FROM outbox WHERE next_attempt IS NOT NULL AND attempts = 0 ORDER BY next_attempt LIMIT 1",
            )?
            .query_row([], |row| row.get(0))
            .optional()?;
        Ok(queued.map(time))
    }

    /// Held entries that could not be fetched, read or decided (B4): how many, and the newest.
    pub fn poison(&self) -> Result<Option<(u64, u64)>> {
        let (count, newest) = self
            .connection
            .prepare_cached(
                "SELECT count(*), max(h.entry) FROM held h JOIN journal j ON j.id = h.entry \
                 WHERE j.attempts >= $1 OR j.matter = 'unfetchable'",
            )?
            .query_row([super::journal::ATTEMPTS], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(1)?)))?;
        Ok(newest.map(|newest| (count as u64, newest as u64)))
    }

    /// Bytes that this user may still write on the disk of the database; None where the system does not say.
    pub fn room(&self) -> Option<u64> {
        let disk = rustix::fs::statvfs(&self.path).ok()?;
        Some(disk.f_bavail.saturating_mul(disk.f_frsize))
    }
}
