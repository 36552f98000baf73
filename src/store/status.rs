//! Counts for `status`: the sum of decisions is the sum of messages, or it is said loudly (L1).

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::params;
use serde::Serialize;

use super::{Result, Store, Tx, time};

#[derive(Debug, Clone, Serialize)]
pub struct Counts {
    /// Journal entries in all.
    pub entries: u64,
    /// Entries that wait for their decision.
    pub waiting: u64,
    /// Decisions, by verdict.
    pub decisions: BTreeMap<String, u64>,
    pub held: u64,
    /// Cases by phase.
    pub cases: BTreeMap<String, u64>,
    pub mailboxes: Vec<LedgerCounts>,
    pub outbox: OutboxCounts,
    pub troubles: Vec<Trouble>,
}

#[derive(Debug, Clone, Serialize)]
pub struct LedgerCounts {
    pub mailbox: String,
    /// UIDs that it showed, under every UIDVALIDITY.
    pub shown: u64,
    /// By what became of them: journalled, same-copy, vanished, skipped, failing, unfetchable.
    pub fates: BTreeMap<String, u64>,
    /// Copies that are still to be moved, flagged or deleted on the server.
    pub unfiled: u64,
    /// What the mailbox last said of itself, as JSON.
    pub state: Option<serde_json::Value>,
}

#[derive(Debug, Clone, Serialize)]
pub struct OutboxCounts {
    pub paused: bool,
    /// Mails that were never tried.
    pub waiting: u64,
    /// Mails that were tried and are tried again.
    pub deferred: u64,
    /// Mails that waited when a backup was put in place: they go out when `outbox retry` names them (B36).
    pub kept_back: u64,
    /// Recipients that were refused for good.
    pub refused: u64,
    pub accepted: u64,
    /// Attempts whose end is unknown: the only ones that may have doubled a mail (L3).
    pub unknown: u64,
    /// Copies of mail that was sent which the Sent folder never took.
    pub copies_given_up: u64,
}

#[derive(Debug, Clone, Serialize)]
pub struct Trouble {
    pub source: String,
    pub text: String,
    pub since: Timestamp,
    pub times: u64,
    /// When administrators were last told of it.
    pub told: Option<Timestamp>,
}

impl Store {
    pub fn counts(&self) -> Result<Counts> {
        Ok(Counts {
            entries: self.number("SELECT count(*) FROM journal")?,
            waiting: self.number("SELECT count(*) FROM journal WHERE waiting = 1")?,
            decisions: self.grouped("SELECT verdict, count(*) FROM decision GROUP BY verdict")?,
            held: self.number("SELECT count(*) FROM held")?,
            cases: self.grouped("SELECT phase, count(*) FROM cases WHERE merged_into IS NULL GROUP BY phase")?,
            mailboxes: self.ledger_counts()?,
            outbox: OutboxCounts {
                paused: self.outbox_paused()?,
                waiting: self.number("SELECT count(*) FROM outbox WHERE next_attempt IS NOT NULL AND attempts = 0")?,
                deferred: self.number("SELECT count(*) FROM outbox WHERE next_attempt IS NOT NULL AND attempts > 0")?,
                kept_back: self.number(
                    "SELECT count(*) FROM outbox o WHERE o.next_attempt IS NULL AND EXISTS \
                       (SELECT 1 FROM sent_recipient r WHERE r.sent = o.id AND r.state = 'waiting')",
                )?,
                refused: self.number("SELECT count(*) FROM sent_recipient WHERE state = 'refused'")?,
                accepted: self.number("SELECT count(*) FROM sent_recipient WHERE state = 'accepted'")?,
                unknown: self.number("SELECT coalesce(sum(unknown), 0) FROM outbox")?,
                copies_given_up: self.number("SELECT count(*) FROM outbox WHERE copy = 'given-up'")?,
            },
            troubles: self.troubles()?,
        })
    }

    fn number(&self, sql: &str) -> Result<u64> {
        Ok(self.connection.query_row(sql, [], |row| row.get::<_, i64>(0))? as u64)
    }

    fn grouped(&self, sql: &str) -> Result<BTreeMap<String, u64>> {
        let mut statement = self.connection.prepare(sql)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn ledger_counts(&self) -> Result<Vec<LedgerCounts>> {
        let mut statement = self.connection.prepare("SELECT id, name, state FROM mailbox ORDER BY name")?;
        let mailboxes = statement
            .query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get::<_, Option<String>>(2)?)))?
            .collect::<rusqlite::Result<Vec<(i64, String, Option<String>)>>>()?;
        let mut counts = Vec::new();
        for (id, mailbox, state) in mailboxes {
            let fates =
                self.grouped(&format!("SELECT fate, count(*) FROM ledger WHERE mailbox = {id} GROUP BY fate"))?;
            let unfiled =
                self.number(&format!("SELECT count(*) FROM ledger WHERE mailbox = {id} AND filing = 'wanted'"))?;
            let state = state.and_then(|text| serde_json::from_str(&text).ok());
            counts.push(LedgerCounts { mailbox, shown: fates.values().sum(), fates, unfiled, state });
        }
        Ok(counts)
    }

    pub fn troubles(&self) -> Result<Vec<Trouble>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT source, t.text, t.since, times, told.at FROM trouble t LEFT JOIN told USING (source) ORDER BY t.since",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(Trouble {
                source: row.get(0)?,
                text: row.get(1)?,
                since: time(row.get(2)?),
                times: row.get::<_, i64>(3)? as u64,
                told: row.get::<_, Option<i64>>(4)?.map(time),
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl Tx<'_> {
    /// Notes what is wrong at `source`; None: it is well again.
    pub fn set_trouble(&self, source: &str, text: Option<&str>, now: Timestamp) -> Result<()> {
        match text {
            Some(text) => self
                .prepare_cached(
                    "INSERT INTO trouble (source, text, since, times) VALUES ($1, $2, $3, 1) \
                 ON CONFLICT (source) DO UPDATE SET text = excluded.text, times = trouble.times + 1",
                )?
                .execute(params![source, text, now.as_microsecond()])?,
            None => self.prepare_cached("DELETE FROM trouble WHERE source = $1")?.execute([source])?,
        };
        Ok(())
    }

    /// Forgets the troubles of mailboxes that are not watched any more.
    pub fn forget_mailbox_troubles(&self, watched: &[String]) -> Result<()> {
        let troubled = self
            .prepare("SELECT source FROM trouble")?
            .query_map([], |row| row.get::<_, String>(0))?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        for source in troubled {
            let mailbox = ["mailbox ", "silence of ", "ledger of "].iter().find_map(|kind| source.strip_prefix(kind));
            if mailbox.is_some_and(|mailbox| watched.iter().all(|name| name != mailbox)) {
                self.set_trouble(&source, None, Timestamp::UNIX_EPOCH)?;
            }
        }
        Ok(())
    }
}
