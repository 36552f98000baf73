//! The ledger: one row for every UID that a mailbox showed (L1, B2, B3, B10).

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::journal::{ATTEMPTS, Mark as Marking, Payload};
use super::raw::Packed;
use super::{Result, Store, StoreError, Tx};
use crate::case::EntryId;
use crate::mail::signature::Signature;

/// A message as a mailbox gave it, on its way into ledger and journal.
#[derive(Debug, Clone)]
pub struct Found {
    pub mailbox: String,
    pub uid_validity: u32,
    pub uid: u32,
    pub internal_date: Option<Timestamp>,
    pub size: u64,
    /// What its signatures were found to prove.
    pub signature: Signature,
    /// All bytes, or the head where `extent` says so.
    pub packed: Packed,
    pub extent: Extent,
    pub filing: Filing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    Whole,
    /// Only the head was fetched: the whole stays on the server (B34).
    Head,
}

/// What is kept of mail that was there before the first start (B10).
#[derive(Debug, Clone, Copy)]
pub struct Skipped<'a> {
    /// SHA-256 of the header, up to and with the empty line; empty when the server would not give it.
    pub header_hash: &'a [u8],
    pub size: u64,
    pub message_id: Option<&'a str>,
}

/// Whether the server's copy is to be moved, flagged or deleted later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filing {
    None,
    Wanted,
}

/// What became of a message that was taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// None when it is a copy that is here already: the same UID again, or, after UIDVALIDITY changed, the same bytes
    /// (counted: two equal mails stay two, B3).
    pub entry: Option<EntryId>,
    /// Wanted only where the journal holds all bytes (L10).
    pub filing: Filing,
}

/// Where a mailbox stands under one UIDVALIDITY.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub cursor: u32,
    /// Never seen before under any UIDVALIDITY.
    pub first_start: bool,
    /// What is below was there before the first start (B10); None once that start has come to its end. A later
    /// UIDVALIDITY shows mail that was ours all along, and nothing of it may be passed over (B3).
    pub skip_below: Option<u32>,
    /// (uid, tries)
    pub failing: Vec<(u32, u32)>,
    pub unfiled: Vec<u32>,
}

/// The index by which earlier copies are found: no message pays for it before a mailbox was rebuilt. A million rows are
/// not sorted in memory. SQLite changes this within a transaction as long as the connection has opened no temporary
/// database, which only checks of the whole file and changes of tables do.
const BY_HASH: &str = "PRAGMA temp_store = FILE; \
     CREATE INDEX IF NOT EXISTS ledger_hash ON ledger (hash, mailbox) WHERE hash IS NOT NULL; \
     PRAGMA temp_store = MEMORY";

impl Tx<'_> {
    /// Opens a mailbox under a UIDVALIDITY, and says where to go on.
    pub fn open_mailbox(&self, name: &str, uid_validity: u32, uid_next: u32) -> Result<Standing> {
        let mailbox = self.mailbox_id(name)?;
        let generations: i64 =
            self.query_row("SELECT count(*) FROM generation WHERE mailbox = $1", [mailbox], |row| row.get(0))?;
        self.execute(
            "INSERT INTO generation (mailbox, uid_validity, ordinal, cursor, skip_below) VALUES ($1, $2, $3, 0, $4) \
             ON CONFLICT (mailbox, uid_validity) DO NOTHING",
            params![mailbox, uid_validity, generations, uid_next],
        )?;
        let is_indexed = || self.prepare("PRAGMA index_info(ledger_hash)")?.exists([]);
        if self.was_rebuilt(mailbox)? && !is_indexed()? {
            self.execute_batch(BY_HASH)?;
        }
        let (ordinal, cursor, skip_below): (i64, u32, Option<u32>) = self.query_row(
            "SELECT g.ordinal, g.cursor, CASE WHEN m.read_once = 0 THEN g.skip_below END \
             FROM generation g JOIN mailbox m ON m.id = g.mailbox WHERE g.mailbox = $1 AND g.uid_validity = $2",
            params![mailbox, uid_validity],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        let mut failing = self.prepare_cached(
            "SELECT uid, tries FROM ledger INDEXED BY ledger_failing \
             WHERE mailbox = $1 AND uid_validity = $2 AND fate = 'failing' ORDER BY uid",
        )?;
        let failing = failing
            .query_map(params![mailbox, uid_validity], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let mut unfiled = self.prepare_cached(
            "SELECT uid FROM ledger INDEXED BY ledger_unfiled \
             WHERE mailbox = $1 AND uid_validity = $2 AND filing = 'wanted' ORDER BY uid LIMIT 10000",
        )?;
        let unfiled =
            unfiled.query_map(params![mailbox, uid_validity], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        Ok(Standing { cursor, first_start: ordinal == 0, skip_below, failing, unfiled })
    }

    /// Journals one message and writes its ledger row.
    pub fn take_in(&self, found: &Found, now: Timestamp, mark: Marking) -> Result<Taken> {
        let mailbox = self.mailbox_id(&found.mailbox)?;
        let key = (mailbox, found.uid_validity, found.uid);
        let known: Option<bool> = self
            .prepare_cached(
                "SELECT filing = 'wanted' FROM ledger WHERE mailbox = $1 AND uid_validity = $2 AND uid = $3 \
                   AND fate NOT IN ('failing', 'vanished', 'unfetchable')",
            )?
            .query_row(key, |row| row.get(0))
            .optional()?;
        if let Some(unfiled) = known {
            return Ok(Taken { entry: None, filing: if unfiled { Filing::Wanted } else { Filing::None } });
        }
        let hash = found.packed.hash;
        if let Some(copy) = self.earlier_copy(mailbox, found)? {
            let filing = self.put_row(key, "same-copy", copy, &hash, found, now)?;
            return Ok(Taken { entry: None, filing });
        }
        let oversize = (found.extent == Extent::Head).then_some(found.size);
        let received = found.internal_date.unwrap_or(now);
        // The state that was lost has probably acknowledged it (B36).
        let silent = self.restored_at()?.is_some_and(|restored| received < restored);
        let payload = Payload::Mail { silent, oversize, signature: found.signature };
        let entry = self.journal(&payload, Some(&found.packed), Some(&found.mailbox), received, now, mark)?;
        let filing = self.put_row(key, "journalled", Some(entry), &hash, found, now)?;
        Ok(Taken { entry: Some(entry), filing })
    }

    /// Whether a mailbox was seen under more than one UIDVALIDITY.
    fn was_rebuilt(&self, mailbox: i64) -> Result<bool> {
        let generations: i64 = self
            .prepare_cached("SELECT count(*) FROM generation WHERE mailbox = $1")?
            .query_row([mailbox], |row| row.get(0))?;
        Ok(generations > 1)
    }

    /// The entry that an equal copy made under an earlier UIDVALIDITY; the inner None: it was skipped then.
    fn earlier_copy(&self, mailbox: i64, found: &Found) -> Result<Option<Option<EntryId>>> {
        if !self.was_rebuilt(mailbox)? {
            return Ok(None);
        }
        let Packed { hash, header_hash: header, .. } = &found.packed;
        // Copies of one message under each earlier UIDVALIDITY, the most that were ever there at once;
        // against those that this UIDVALIDITY has shown so far.
        // By the hash, said aloud: a planner that prefers the mailbox would read all that it ever showed.
        let mut before = self.prepare_cached(
            "SELECT count(*), max(entry) FROM ( \
               SELECT uid_validity, entry FROM ledger INDEXED BY ledger_hash \
               WHERE hash = $1 AND mailbox = $2 AND fate IN ('journalled', 'same-copy') \
               UNION ALL \
               SELECT uid_validity, entry FROM ledger INDEXED BY ledger_hash \
               WHERE hash = $3 AND mailbox = $2 AND size = $4 AND fate = 'skipped') \
             WHERE uid_validity <> $5 GROUP BY uid_validity ORDER BY count(*) DESC LIMIT 1",
        )?;
        let earlier: Option<(i64, Option<i64>)> = before
            .query_row(params![hash, mailbox, header, found.size as i64, found.uid_validity], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let Some((copies, entry)) = earlier else { return Ok(None) };
        let mut here = self.prepare_cached(
            "SELECT count(*) FROM ledger INDEXED BY ledger_hash WHERE hash = $1 AND mailbox = $2 AND uid_validity = $3 \
               AND fate IN ('journalled', 'same-copy')",
        )?;
        let seen: i64 = here.query_row(params![hash, mailbox, found.uid_validity], |row| row.get(0))?;
        Ok((seen < copies).then_some(entry.map(|e| EntryId(e as u64))))
    }

    fn put_row(
        &self,
        (mailbox, uid_validity, uid): (i64, u32, u32),
        fate: &str,
        entry: Option<EntryId>,
        hash: &[u8; 32],
        found: &Found,
        now: Timestamp,
    ) -> Result<Filing> {
        // Of what was skipped only a hash is here: the server's copy is the only one.
        let filing = match (found.filing, found.extent, entry) {
            (Filing::Wanted, Extent::Whole, Some(_)) => Filing::Wanted,
            (Filing::None, _, _) | (_, Extent::Head, _) | (_, _, None) => Filing::None,
        };
        self.prepare_cached(
            "INSERT OR REPLACE INTO ledger (mailbox, uid_validity, uid, fate, entry, hash, size, filing, at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )?
        .execute(params![
            mailbox,
            uid_validity,
            uid,
            fate,
            entry.map(|e| e.0 as i64),
            hash,
            found.size as i64,
            match filing {
                Filing::Wanted => "wanted",
                Filing::None => "none",
            },
            now.as_microsecond()
        ])?;
        self.move_cursor(mailbox, uid_validity, uid)?;
        Ok(filing)
    }

    /// Says whose folder a mailbox is. A name that meant another folder before is refused: its UIDs are counted
    /// already, and mail would be taken for known that was never seen.
    pub fn settle_mailbox(&self, name: &str, place: &str) -> Result<()> {
        let mailbox = self.mailbox_id(name)?;
        let was: Option<String> =
            self.query_row("SELECT place FROM mailbox WHERE id = $1", [mailbox], |row| row.get(0))?;
        match was {
            Some(was) if was != place => {
                Err(StoreError::OtherMailbox { name: name.to_owned(), was, now: place.to_owned() })
            }
            Some(_) => Ok(()),
            None => {
                self.execute("UPDATE mailbox SET place = $1 WHERE id = $2", params![place, mailbox])?;
                Ok(())
            }
        }
    }

    /// Listed, and gone when it was fetched (B2).
    pub fn mark_vanished(&self, name: &str, uid_validity: u32, uid: u32, now: Timestamp) -> Result<()> {
        self.mark_uid(name, uid_validity, uid, "vanished", None, now)
    }

    /// There before the first start (B10).
    pub fn mark_skipped(
        &self,
        name: &str,
        uid_validity: u32,
        uid: u32,
        skipped: &Skipped<'_>,
        now: Timestamp,
    ) -> Result<()> {
        let mailbox = self.mailbox_id(name)?;
        self.prepare_cached(
            "INSERT INTO ledger (mailbox, uid_validity, uid, fate, hash, size, message_id, at) \
             VALUES ($1, $2, $3, 'skipped', $4, $5, $6, $7) ON CONFLICT (mailbox, uid_validity, uid) DO UPDATE SET fate = excluded.fate, hash = excluded.hash, \
               size = excluded.size, message_id = excluded.message_id WHERE ledger.fate = 'vanished'",
        )?
        .execute(params![
            mailbox,
            uid_validity,
            uid,
            skipped.header_hash,
            skipped.size as i64,
            skipped.message_id,
            now.as_microsecond()
        ])?;
        self.move_cursor(mailbox, uid_validity, uid)
    }

    /// The server would not give it. The third time a journal entry says so, which is decided like any other: held.
    pub fn mark_failing(&self, name: &str, uid_validity: u32, uid: u32, reason: &str, now: Timestamp) -> Result<()> {
        self.mark_uid(name, uid_validity, uid, "failing", Some(reason), now)?;
        let key = params![name, uid_validity, uid, ATTEMPTS];
        let given_up = self
            .prepare_cached(
                "UPDATE ledger SET fate = 'unfetchable' WHERE mailbox = (SELECT id FROM mailbox WHERE name = $1) \
                   AND uid_validity = $2 AND uid = $3 AND tries >= $4 AND fate = 'failing'",
            )?
            .execute(key)?;
        if given_up > 0 {
            let payload = Payload::Unfetchable { uid, reason: reason.to_owned() };
            let entry = self.journal(&payload, None, Some(name), now, now, Marking::Later)?;
            self.prepare_cached(
                "UPDATE ledger SET entry = $1 WHERE mailbox = (SELECT id FROM mailbox WHERE name = $2) \
                   AND uid_validity = $3 AND uid = $4",
            )?
            .execute(params![entry.0 as i64, name, uid_validity, uid])?;
        }
        Ok(())
    }

    fn mark_uid(
        &self,
        name: &str,
        uid_validity: u32,
        uid: u32,
        fate: &str,
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<()> {
        let mailbox = self.mailbox_id(name)?;
        self.prepare_cached(
            "INSERT INTO ledger (mailbox, uid_validity, uid, fate, tries, reason, at) VALUES ($1, $2, $3, $4, 1, $5, $6) \
             ON CONFLICT (mailbox, uid_validity, uid) DO UPDATE SET fate = excluded.fate, \
               tries = CASE ledger.fate WHEN 'vanished' THEN 1 ELSE ledger.tries + 1 END, reason = excluded.reason \
             WHERE ledger.fate IN ('failing', 'vanished')",
        )?
        .execute(params![mailbox, uid_validity, uid, fate, reason, now.as_microsecond()])?;
        self.move_cursor(mailbox, uid_validity, uid)
    }

    /// Moved, flagged or deleted on the server (B8).
    pub fn mark_filed(&self, name: &str, uid_validity: u32, uid: u32) -> Result<()> {
        self.prepare_cached(
            "UPDATE ledger SET filing = 'done' WHERE mailbox = (SELECT id FROM mailbox WHERE name = $1) \
               AND uid_validity = $2 AND uid = $3",
        )?
        .execute(params![name, uid_validity, uid])?;
        Ok(())
    }

    pub fn set_mailbox_state(&self, name: &str, state: &str) -> Result<()> {
        let mailbox = self.mailbox_id(name)?;
        self.prepare_cached("UPDATE mailbox SET state = $1 WHERE id = $2")?.execute(params![state, mailbox])?;
        Ok(())
    }

    /// All that came to the mailbox before this moment is in the journal.
    pub fn set_read_until(&self, name: &str, until: Timestamp) -> Result<()> {
        let mailbox = self.mailbox_id(name)?;
        self.prepare_cached(
            "UPDATE mailbox SET read_until = max(coalesce(read_until, $1), $1), last_mail = coalesce(last_mail, $1) \
             WHERE id = $2",
        )?
        .execute(params![until.as_microsecond(), mailbox])?;
        Ok(())
    }

    /// Mail came in.
    pub fn set_last_mail(&self, name: &str, now: Timestamp) -> Result<()> {
        let mailbox = self.mailbox_id(name)?;
        self.prepare_cached("UPDATE mailbox SET last_mail = $1 WHERE id = $2")?
            .execute(params![now.as_microsecond(), mailbox])?;
        Ok(())
    }

    /// Only these are watched from here on.
    pub fn set_watched(&self, names: &[String]) -> Result<()> {
        self.execute("UPDATE mailbox SET watched = 0", [])?;
        for name in names {
            let mailbox = self.mailbox_id(name)?;
            self.execute("UPDATE mailbox SET watched = 1 WHERE id = $1", [mailbox])?;
        }
        Ok(())
    }

    /// Everything that the mailbox held when it was opened has its row: the first start has come to its end.
    pub fn mark_read_once(&self, name: &str) -> Result<()> {
        let mailbox = self.mailbox_id(name)?;
        self.prepare_cached("UPDATE mailbox SET read_once = 1 WHERE id = $1 AND read_once = 0")?.execute([mailbox])?;
        Ok(())
    }

    fn move_cursor(&self, mailbox: i64, uid_validity: u32, uid: u32) -> Result<()> {
        self.prepare_cached("UPDATE generation SET cursor = max(cursor, $1) WHERE mailbox = $2 AND uid_validity = $3")?
            .execute(params![uid, mailbox, uid_validity])?;
        Ok(())
    }

    fn mailbox_id(&self, name: &str) -> Result<i64> {
        let found = self
            .prepare_cached("SELECT id FROM mailbox WHERE name = $1")?
            .query_row([name], |row| row.get(0))
            .optional()?;
        if let Some(id) = found {
            return Ok(id);
        }
        let id: i64 = self.query_row("SELECT coalesce(max(id), 0) + 1 FROM mailbox", [], |row| row.get(0))?;
        self.execute("INSERT INTO mailbox (id, name) VALUES ($1, $2)", params![id, name])?;
        Ok(id)
    }
}

impl Store {
    /// Those of `uids`, which the server shows, that have no row, or one that says they are gone: what the server
    /// holds and the ledger does not (L1).
    pub fn unledgered(&self, name: &str, uid_validity: u32, uids: &[u32]) -> Result<Vec<u32>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM ledger WHERE mailbox = (SELECT id FROM mailbox WHERE name = $1) \
               AND uid_validity = $2 AND uid = $3 AND fate <> 'vanished')",
        )?;
        let mut missing = Vec::new();
        for uid in uids {
            if !statement.query_row(params![name, uid_validity, uid], |row| row.get::<_, bool>(0))? {
                missing.push(*uid);
            }
        }
        Ok(missing)
    }
}
