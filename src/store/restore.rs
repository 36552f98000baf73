//! A backup takes the place of the database (B36). What the desk gave out since the backup is out there: numbers and
//! references of that time are never given out again, and nobody is written to a second time.

use std::path::{Path, PathBuf};

use jiff::{Timestamp, Unit};
use rusqlite::{OpenFlags, OptionalExtension, params};

use super::home::home;
use super::journal::Payload;
use super::{Lock, Result, Store, StoreError, Tx, json, time};
use crate::case::snapshot::{RESTORATIONS, Restored};
use crate::case::{CaseNumber, EntryId};
use crate::failpoint::{Step, reach};

/// Entries and numbers that are left out, at least.
const ENTRIES: u64 = 100_000;
const NUMBERS: u64 = 1_000;
/// Mails have numbers below 2^40, and 256 to an entry: a desk that had a gap for every second of its life would still
/// come to no end.
const ENTRIES_MOST: u64 = 50_000_000;

/// What was done.
#[derive(Debug, Clone)]
pub struct Restoration {
    pub facts: Restored,
    /// When the newest entry of the backup came in.
    pub newest: Option<Timestamp>,
    /// Where the replaced database is now.
    pub replaced: Option<PathBuf>,
    /// Mails that waited for delivery in the backup: they were probably sent since.
    pub kept_back: u64,
    /// Entries that waited for their decision in the backup.
    pub waiting: u64,
}

impl Store {
    /// Puts a copy of `backup` in the place of the database that the lock belongs to. There is a whole database under
    /// its name at any moment: the one before, or the restored one. `first_number`: of the first case of a desk.
    ///
    /// # Errors
    /// Where the backup is none, is damaged, or is in use; then nothing is changed.
    pub fn restore(
        backup: &Path,
        database: &Path,
        _lock: &Lock,
        first_number: u64,
        now: Timestamp,
    ) -> Result<Restoration> {
        check_backup(backup, database)?;
        let fresh = beside(database, ".restoring");
        let failed = |_: std::io::Error| StoreError::CannotOpen { path: fresh.clone() };
        remove_all(&fresh);
        let restored = std::fs::copy(backup, &fresh)
            .map_err(failed)
            .and_then(|_| prepare(&fresh, backup, standing(database), first_number, now));
        let mut restored = restored.inspect_err(|_| remove_all(&fresh))?;
        std::fs::File::open(&fresh).and_then(|file| file.sync_all()).map_err(failed)?;
        reach(Step::RestorePrepared);
        restored.replaced = set_aside(database, now).map_err(failed)?;
        reach(Step::RestoreSetAside);
        std::fs::rename(&fresh, database).map_err(failed)?;
        reach(Step::RestoreInPlace);
        let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok(restored)
    }
}

impl Tx<'_> {
    /// When a backup was last put in place.
    pub(super) fn restored_at(&self) -> Result<Option<Timestamp>> {
        let at = self
            .prepare_cached("SELECT at FROM restored ORDER BY entry DESC LIMIT 1")?
            .query_row([], |row| Ok(time(row.get(0)?)))
            .optional()?;
        Ok(at)
    }

    /// Newest first.
    pub(super) fn restorations(&self) -> Result<Vec<Restored>> {
        let mut statement = self.prepare_cached(
            "SELECT entry, at, last_entry, last_number, next_number FROM restored ORDER BY entry DESC LIMIT $1",
        )?;
        let rows = statement.query_map([RESTORATIONS as i64], |row| {
            Ok(Restored {
                entry: EntryId(row.get::<_, i64>(0)? as u64),
                at: time(row.get(1)?),
                last_entry: EntryId(row.get::<_, i64>(2)? as u64),
                last_number: CaseNumber(row.get::<_, i64>(3)? as u64),
                next_number: CaseNumber(row.get::<_, i64>(4)? as u64),
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Leaves the gap, and keeps back whatever was probably done in the time that is lost.
    fn restored(&self, replaced: Standing, first_number: u64, now: Timestamp) -> Result<Restoration> {
        let own = self.standing()?;
        let waiting = self.execute(
            "UPDATE journal SET payload = json_set(payload, '$.silent', json('true')) WHERE waiting = 1 AND matter = 'mail'",
            [],
        )?;
        let kept_back = self.execute("UPDATE outbox SET next_attempt = NULL WHERE next_attempt IS NOT NULL", [])?;
        let lost = own.newest.map_or(0, |newest| now.as_second() - newest.as_second()).max(0) as u64;
        let entry = own.entry.max(replaced.entry) + gap(ENTRIES, ENTRIES_MOST, own.entries, &own, lost);
        let last_number = own.number.max(first_number.saturating_sub(1));
        let numbers = gap(NUMBERS, own.cases.max(NUMBERS), own.cases, &own, lost);
        let next_number = (last_number.max(replaced.number) + numbers).next_multiple_of(NUMBERS) + 1;
        // INTERNALDATE has whole seconds; nobody decided anything in this one.
        let at = now.round(Unit::Second).map_or(now, |rounded| if rounded > now { rounded - SECOND } else { rounded });
        let facts = Restored {
            entry: EntryId(entry),
            at,
            last_entry: EntryId(own.entry),
            last_number: CaseNumber(last_number),
            next_number: CaseNumber(next_number),
        };
        let payload = Payload::Restored(facts);
        self.execute(
            "INSERT INTO journal (id, matter, received, journalled, payload) VALUES ($1, $2, $3, $3, $4)",
            params![entry as i64, payload.matter(), now.as_microsecond(), json(&payload)],
        )?;
        self.execute(
            "INSERT INTO restored (entry, at, last_entry, last_number, next_number) VALUES ($1, $2, $3, $4, $5)",
            params![entry as i64, at.as_microsecond(), own.entry as i64, last_number as i64, next_number as i64],
        )?;
        Ok(Restoration {
            facts,
            newest: own.newest,
            replaced: None,
            kept_back: kept_back as u64,
            waiting: waiting as u64,
        })
    }

    fn standing(&self) -> Result<Standing> {
        let standing = self.query_row(
            "SELECT coalesce(max(id), 0), count(*), min(journalled), max(journalled), \
                    (SELECT coalesce(max(number), 0) FROM cases), (SELECT count(*) FROM cases), \
                    (SELECT coalesce(max(next_number), 0) FROM restored) FROM journal",
            [],
            |row| {
                Ok(Standing {
                    entry: row.get::<_, i64>(0)? as u64,
                    entries: row.get::<_, i64>(1)? as u64,
                    oldest: row.get::<_, Option<i64>>(2)?.map(time),
                    newest: row.get::<_, Option<i64>>(3)?.map(time),
                    number: (row.get::<_, i64>(4)? as u64).max((row.get::<_, i64>(6)? as u64).saturating_sub(1)),
                    cases: row.get::<_, i64>(5)? as u64,
                })
            },
        )?;
        Ok(standing)
    }
}

const SECOND: jiff::SignedDuration = jiff::SignedDuration::from_secs(1);

/// How far a database has come.
#[derive(Debug, Clone, Copy, Default)]
struct Standing {
    entry: u64,
    entries: u64,
    oldest: Option<Timestamp>,
    newest: Option<Timestamp>,
    number: u64,
    cases: u64,
}

/// Twice as many as the desk would have given out in `lost` seconds at its usual pace; at least `least`.
fn gap(least: u64, most: u64, had: u64, standing: &Standing, lost: u64) -> u64 {
    let lived = match (standing.oldest, standing.newest) {
        (Some(oldest), Some(newest)) => (newest.as_second() - oldest.as_second()).max(1).unsigned_abs(),
        _ => return least,
    };
    let expected = u128::from(had) * u128::from(lost) / u128::from(lived) * 2;
    u64::try_from(expected).unwrap_or(most).min(most).max(least)
}

/// How far the database came that is replaced, as far as it can be read: whatever it gave out is known.
fn standing(database: &Path) -> Standing {
    let looked = Store::look_at(database).and_then(|store| store.look()?.standing());
    looked.unwrap_or_default()
}

fn check_backup(backup: &Path, database: &Path) -> Result<()> {
    let path = || backup.to_owned();
    if !backup.is_file() {
        return Err(StoreError::NoBackup { path: path() });
    }
    let same =
        |one: &Path, other: &Path| one.canonicalize().ok().is_some_and(|one| other.canonicalize().ok() == Some(one));
    if same(backup, database) {
        return Err(StoreError::SameFile { path: path() });
    }
    // What SQLite has not yet brought into the file itself would be missing.
    if std::fs::metadata(beside(backup, "-wal")).is_ok_and(|log| log.len() > 0) || super::lock::holder(backup).is_some()
    {
        return Err(StoreError::InUse { path: path() });
    }
    super::check_owner(database)
}

/// Makes the copy the next state of this desk.
fn prepare(fresh: &Path, backup: &Path, replaced: Standing, first_number: u64, now: Timestamp) -> Result<Restoration> {
    let sound = || -> Result<(Store, String)> {
        let store = Store::connect(fresh, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        store.check()?;
        let sound = store.connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        Ok((store, sound))
    };
    let (store, sound) = sound().map_err(|error| error.at(backup).about(backup))?;
    if sound != "ok" {
        return Err(StoreError::DamagedBackup { path: backup.to_owned(), error: sound });
    }
    if store.is_test_copy()? {
        return Err(StoreError::BackupOfTestCopy { path: backup.to_owned() });
    }
    let restored = store.write(|tx| {
        // A renamed file keeps its inode.
        tx.set_meta("home", &home(fresh))?;
        tx.restored(replaced, first_number, now)
    })?;
    store.tidy()?;
    Ok(restored)
}

/// The database that is replaced gets a second name, under which it is kept.
fn set_aside(database: &Path, now: Timestamp) -> std::io::Result<Option<PathBuf>> {
    if !database.exists() {
        return Ok(None);
    }
    // Whoever closes a sound database last brings its log into it.
    drop(Store::existing(database, OpenFlags::SQLITE_OPEN_READ_WRITE).and_then(|store| store.tidy()));
    let aside = beside(database, &format!(".before-restore-{}", now.strftime("%Y%m%dT%H%M%SZ")));
    for part in ["", "-wal"] {
        let (from, to) = (beside(database, part), beside(&aside, part));
        if from.exists() && std::fs::hard_link(&from, &to).is_err() {
            std::fs::copy(&from, &to)?;
        }
    }
    // A log of another database must not be found beside the new one.
    for part in ["-wal", "-shm"] {
        match std::fs::remove_file(beside(database, part)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(Some(aside))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn remove_all(path: &Path) {
    for part in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(beside(path, part));
    }
}
