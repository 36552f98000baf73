//! Whom the desk has answered automatically within the last day, and how often: the limits for each address (B26).
//!
//! They are kept apart from all mail that was ever sent, and forgotten when no limit asks for them any more: to ask for an
//! address, and to add one, costs the same however many people have written.

use jiff::{SignedDuration, Timestamp};
use rusqlite::params;

use super::{Result, Tx};
use crate::case::Letter;
use crate::case::letter::Composed;
use crate::mail::Address;

/// Rows are kept for so long.
const KEPT: SignedDuration = SignedDuration::from_hours(48);

/// Automatic answers to one address.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answered {
    pub hour: u32,
    pub day: u32,
    /// Within the day the address was told that a message was too large.
    pub too_large: bool,
}

impl Tx<'_> {
    /// Remembers a letter that is queued, where a limit asks for it; forgets old ones.
    pub(super) fn remember_answer(&self, letter: &Letter, composed: &Composed) -> Result<()> {
        if !letter.is_limited() {
            return Ok(());
        }
        let at = letter.at.as_microsecond();
        let mut remember = self.prepare_cached(
            "INSERT INTO answered (address, sent, template, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        )?;
        for address in &composed.recipients {
            remember.execute(params![address.as_str(), letter.id.0 as i64, letter.template.name(), at])?;
        }
        let forgotten = letter.at.checked_sub(KEPT).unwrap_or(Timestamp::MIN);
        self.prepare_cached("DELETE FROM answered WHERE at < $1")?.execute([forgotten.as_microsecond()])?;
        Ok(())
    }

    pub(super) fn answered_lately(&self, address: &Address, now: Timestamp) -> Result<Answered> {
        let hours_ago =
            |hours| now.checked_sub(SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MIN).as_microsecond();
        let answered = self
            .prepare_cached(
                "SELECT coalesce(sum(at > $1), 0), count(*), coalesce(max(template = 'too-large'), 0) \
                 FROM answered WHERE address = $2 AND at > $3",
            )?
            .query_row(params![hours_ago(1), address.as_str(), hours_ago(24)], |row| {
                Ok(Answered { hour: row.get(0)?, day: row.get(1)?, too_large: row.get(2)? })
            })?;
        Ok(answered)
    }
}
