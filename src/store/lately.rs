//! How many letters went out within the last hour: for the limits, which are asked at every decision.
//!
//! They are counted in slots of five minutes, so that asking costs the same in a quiet hour and in a busy one; an hour
//! is thereby up to five minutes longer than an hour, never shorter.

use jiff::Timestamp;
use rusqlite::params;

use super::{Result, Tx};
use crate::case::Letter;
use crate::case::snapshot::Told;

const SLOT_SECONDS: i64 = 5 * 60;
const SLOTS_OF_AN_HOUR: i64 = 12;

impl Tx<'_> {
    /// Counts a letter that is queued; forgets what no limit asks for any more.
    pub(super) fn count_letter(&self, letter: &Letter) -> Result<()> {
        let person = match &letter.person {
            Some(person) => person.as_str(),
            None if letter.is_limited() => "",
            None => return Ok(()),
        };
        self.prepare_cached(
            "INSERT INTO sent_lately (slot, person, template, count) VALUES ($1, $2, $3, 1) \
             ON CONFLICT DO UPDATE SET count = count + 1",
        )?
        .execute(params![slot(letter.at), person, letter.template.name()])?;
        self.prepare_cached("DELETE FROM sent_lately WHERE slot < $1")?
            .execute([slot(letter.at) - 2 * SLOTS_OF_AN_HOUR])?;
        Ok(())
    }

    /// Automatic letters of the whole desk to people outside, of those kinds that are limited (B26).
    pub(super) fn answers_lately(&self, now: Timestamp) -> Result<u32> {
        let count = self
            .prepare_cached("SELECT coalesce(sum(count), 0) FROM sent_lately WHERE slot >= $1 AND person = ''")?
            .query_row([slot(now) - SLOTS_OF_AN_HOUR], |row| row.get(0))?;
        Ok(count)
    }

    /// What each of the staff was written.
    pub(super) fn told_lately(&self, now: Timestamp) -> Result<Vec<Told>> {
        let mut statement = self.prepare_cached(
            "SELECT person, sum(CASE template WHEN 'notified' THEN count ELSE 0 END), \
                    sum(CASE template WHEN 'asked' THEN count ELSE 0 END) \
             FROM sent_lately WHERE slot >= $1 AND person <> '' GROUP BY person ORDER BY person",
        )?;
        let rows = statement.query_map([slot(now) - SLOTS_OF_AN_HOUR], |row| {
            Ok(Told { person: row.get(0)?, notices: row.get(1)?, questions: row.get(2)? })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

fn slot(at: Timestamp) -> i64 {
    at.as_second().div_euclid(SLOT_SECONDS)
}
