//! The outbox's rows: mail that waits for delivery, and what became of it (B28).

use jiff::{SignedDuration, Timestamp};
use rusqlite::params;
use serde::Serialize;

use super::{Result, Store, Tx, raw, time, word};
use crate::case::delivery::{RecipientState, Settled};
use crate::case::{CaseNumber, OutboxId};
use crate::mail::{Address, MessageId};

/// A mail that is due.
#[derive(Debug, Clone)]
pub struct Due {
    pub id: OutboxId,
    pub message_id: MessageId,
    pub reverse_path: Option<Address>,
    /// Those that still wait; at least one.
    pub recipients: Vec<Address>,
    pub bytes: Vec<u8>,
    /// Attempts so far.
    pub attempts: u32,
    pub queued: Timestamp,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Known,
    /// The connection ended after the final dot and before the reply.
    Unknown,
}

/// A mail of people, whose copy belongs into the Sent folder.
#[derive(Debug, Clone)]
pub struct Copy {
    pub id: OutboxId,
    pub message_id: MessageId,
    /// The desk's address it was sent from: names the mailbox whose Sent folder gets the copy.
    pub from: Option<Address>,
    pub bytes: Vec<u8>,
    /// Tries so far, all in vain.
    pub tries: u32,
    pub queued: Timestamp,
}

/// What becomes of a copy after a try in vain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    At(Timestamp),
    GivenUp,
}

/// A line of `outbox list`.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    pub id: OutboxId,
    /// None for a mail about no case, such as a question about held mail.
    pub case: Option<CaseNumber>,
    pub template: String,
    pub queued: Timestamp,
    pub attempts: u32,
    pub next_attempt: Option<Timestamp>,
    pub recipients: Vec<ListedRecipient>,
}

#[derive(Debug, Clone, Serialize)]
pub struct ListedRecipient {
    pub address: String,
    pub state: RecipientState,
    pub reply: Option<String>,
}

/// Which mails `outbox list` shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Waiting, kept back, or refused by somebody.
    Unfinished,
    All,
}

/// How long an older mail is waited for.
pub const IN_ORDER: SignedDuration = SignedDuration::from_hours(1);

impl Store {
    /// The mails that are due, longest waiting first, without those in `busy`. What a case sends to one person leaves in
    /// the order in which it was written: a mail waits for an older one that has not had its first attempt, up to
    /// [`IN_ORDER`].
    pub fn due(&self, now: Timestamp, busy: &[OutboxId], limit: usize) -> Result<Vec<Due>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT o.id, o.reverse_path, o.bytes, o.attempts, o.queued, s.message_id \
             FROM outbox o JOIN sent s ON s.id = o.id WHERE o.next_attempt <= $1 AND NOT EXISTS ( \
               SELECT 1 FROM sent_recipient r JOIN sent_recipient r2 ON r2.address = r.address AND r2.sent < o.id \
                 JOIN outbox o2 ON o2.id = r2.sent JOIN sent s2 ON s2.id = r2.sent \
               WHERE r.sent = o.id AND r.state = 'waiting' AND r2.state = 'waiting' \
                 AND o2.attempts = 0 AND o2.next_attempt IS NOT NULL AND o2.queued > $2 \
                 AND (SELECT p.case_number FROM post p WHERE p.id = s2.post) = \
                     (SELECT p.case_number FROM post p WHERE p.id = s.post)) \
             ORDER BY o.next_attempt, o.id LIMIT $3",
        )?;
        let since = (now - IN_ORDER).as_microsecond();
        let mut rows = statement.query(params![now.as_microsecond(), since, (limit + busy.len()) as i64])?;
        let mut due = Vec::new();
        while let Some(row) = rows.next()? {
            let id = OutboxId(row.get::<_, i64>(0)? as u64);
            if busy.contains(&id) || due.len() == limit {
                continue;
            }
            due.push(Due {
                id,
                message_id: MessageId(row.get(5)?),
                reverse_path: row.get::<_, Option<String>>(1)?.as_deref().and_then(Address::parse),
                recipients: self.waiting_recipients(id)?,
                bytes: raw::expand(row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?)?,
                attempts: row.get(3)?,
                queued: time(row.get(4)?),
            });
        }
        Ok(due)
    }

    /// Whether a mail is due beside those in `busy`.
    pub fn anything_due(&self, now: Timestamp, busy: &[OutboxId]) -> Result<bool> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id FROM outbox WHERE next_attempt <= $1 ORDER BY next_attempt, id LIMIT $2")?;
        let mut due = statement.query(params![now.as_microsecond(), (busy.len() + 1) as i64])?;
        while let Some(row) = due.next()? {
            if !busy.contains(&OutboxId(row.get::<_, i64>(0)? as u64)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn waiting_recipients(&self, id: OutboxId) -> Result<Vec<Address>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT address FROM sent_recipient WHERE sent = $1 AND state = 'waiting' ORDER BY address",
        )?;
        let rows = statement.query_map([id.0 as i64], |row| row.get::<_, String>(0))?;
        Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?.iter().filter_map(|text| Address::parse(text)).collect())
    }

    pub fn outbox_paused(&self) -> Result<bool> {
        Ok(self.meta("outbox-paused")?.as_deref() == Some("yes"))
    }

    /// Attempts within the last hour, and when the oldest of them was: the rate of B28.
    pub fn sent_last_hour(&self, now: Timestamp) -> Result<(u32, Option<Timestamp>)> {
        let since = (now - SignedDuration::from_hours(1)).as_microsecond();
        Ok(self
            .connection
            .prepare_cached("SELECT count(*), min(settled) FROM outbox WHERE settled > $1")?
            .query_row([since], |row| Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?.map(time))))?)
    }

    /// People's mail that was accepted by anybody and whose copy is still wanted in the Sent folder; what failed waits its turn.
    pub fn copies_wanted(&self, now: Timestamp, limit: usize) -> Result<Vec<Copy>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT o.id, s.message_id, o.reverse_path, o.bytes, o.copy_tries, o.queued \
             FROM outbox o JOIN sent s ON s.id = o.id \
             WHERE o.copy = 'wanted' AND o.copy_after <= $1 AND o.next_attempt IS NULL \
               AND EXISTS (SELECT 1 FROM sent_recipient r WHERE r.sent = o.id AND r.state = 'accepted') \
             ORDER BY o.copy_after, o.id LIMIT $2",
        )?;
        let rows = statement.query_map(params![now.as_microsecond(), limit as i64], |row| {
            Ok(Copy {
                id: OutboxId(row.get::<_, i64>(0)? as u64),
                message_id: MessageId(row.get(1)?),
                from: row.get::<_, Option<String>>(2)?.as_deref().and_then(Address::parse),
                bytes: raw::expand(row.get_ref(3)?.as_blob()?)?,
                tries: row.get(4)?,
                queued: time(row.get(5)?),
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    pub fn outbox(&self, which: Which) -> Result<Vec<Listed>> {
        let filter = match which {
            Which::Unfinished => {
                "WHERE o.next_attempt IS NOT NULL OR o.id IN (SELECT sent FROM sent_recipient WHERE state <> 'accepted')"
            }
            Which::All => "",
        };
        let mut statement = self.connection.prepare(&format!(
            "SELECT o.id, p.case_number, s.template, o.queued, o.attempts, o.next_attempt \
             FROM outbox o JOIN sent s ON s.id = o.id LEFT JOIN post p ON p.id = s.post {filter} ORDER BY o.id"
        ))?;
        let rows = statement.query_map([], |row| {
            Ok(Listed {
                id: OutboxId(row.get::<_, i64>(0)? as u64),
                case: row.get::<_, Option<i64>>(1)?.map(|number| CaseNumber(number as u64)),
                template: row.get(2)?,
                queued: time(row.get(3)?),
                attempts: row.get(4)?,
                next_attempt: row.get::<_, Option<i64>>(5)?.map(time),
                recipients: Vec::new(),
            })
        })?;
        let mut listed = rows.collect::<rusqlite::Result<Vec<_>>>()?;
        let mut recipients = self
            .connection
            .prepare("SELECT address, state, reply FROM sent_recipient WHERE sent = $1 ORDER BY address")?;
        for mail in &mut listed {
            let rows = recipients.query_map([mail.id.0 as i64], |row| {
                Ok(ListedRecipient {
                    address: row.get(0)?,
                    state: word(&row.get::<_, String>(1)?)?,
                    reply: row.get(2)?,
                })
            })?;
            mail.recipients = rows.collect::<rusqlite::Result<_>>()?;
        }
        Ok(listed)
    }
}

impl Tx<'_> {
    /// Writes down how an attempt ended. `next_attempt`: for those that still wait. What everybody refused was never sent,
    /// and no copy of it belongs into the Sent folder.
    pub fn settle(
        &self,
        id: OutboxId,
        settled: &[Settled],
        next_attempt: Option<Timestamp>,
        end: End,
        now: Timestamp,
    ) -> Result<()> {
        let mut statement =
            self.prepare_cached("UPDATE sent_recipient SET state = $1, reply = $2 WHERE sent = $3 AND address = $4")?;
        for one in settled {
            let state = super::stored(&one.state);
            statement.execute(params![state, one.reply, id.0 as i64, one.recipient.as_str()])?;
        }
        // A server that takes nothing does not use up the hour.
        let taken = end == End::Unknown || settled.iter().any(|one| one.state == RecipientState::Accepted);
        self.prepare_cached(
            "UPDATE outbox SET attempts = attempts + 1, unknown = unknown + $1, settled = coalesce($2, settled), \
               next_attempt = \
               CASE WHEN EXISTS (SELECT 1 FROM sent_recipient WHERE sent = $3 AND state = 'waiting') THEN $4 END, \
               copy = CASE WHEN copy = 'wanted' AND NOT EXISTS (SELECT 1 FROM sent_recipient WHERE sent = $3 \
                 AND state IN ('waiting', 'accepted')) THEN 'not-sent' ELSE copy END \
             WHERE id = $3",
        )?
        .execute(params![
            end == End::Unknown,
            taken.then_some(now.as_microsecond()),
            id.0 as i64,
            next_attempt.map(|t| t.as_microsecond())
        ])?;
        Ok(())
    }

    /// The mail is due later, and had no attempt.
    pub fn put_off(&self, id: OutboxId, until: Timestamp) -> Result<()> {
        self.prepare_cached("UPDATE outbox SET next_attempt = $1 WHERE id = $2")?
            .execute(params![until.as_microsecond(), id.0 as i64])?;
        Ok(())
    }

    pub fn mark_copied(&self, id: OutboxId) -> Result<()> {
        self.prepare_cached("UPDATE outbox SET copy = 'done' WHERE id = $1")?.execute([id.0 as i64])?;
        Ok(())
    }

    /// A try to copy the mail into the Sent folder was in vain.
    pub fn retry_copy(&self, id: OutboxId, again: Again) -> Result<()> {
        let (state, after) = match again {
            Again::At(at) => ("wanted", at.as_microsecond()),
            Again::GivenUp => ("given-up", 0),
        };
        self.prepare_cached("UPDATE outbox SET copy = $1, copy_after = $2, copy_tries = copy_tries + 1 WHERE id = $3")?
            .execute(params![state, after, id.0 as i64])?;
        Ok(())
    }
}
