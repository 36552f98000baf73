//! Everything Postcase knows, in one SQLite file. The only module with SQL.
//!
//! Whoever holds the [`Lock`] decides; anyone may append to the journal (DESIGN: who decides).

pub mod alarms;
mod answered;
pub mod apply;
pub mod cases;
pub mod copy;
mod home;
pub mod journal;
mod lately;
pub mod ledger;
pub mod lock;
pub mod outbox;
pub mod policy;
pub mod raw;
pub mod restore;
pub mod search;
pub mod snapshot;
pub mod status;
pub mod timers;

use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params};

pub use home::Adopt;
pub use lock::{Lane, LastHolder, Lock};

use crate::mail::Keyring;

/// "PCas": says that a SQLite file is ours.
const APPLICATION_ID: i64 = 0x5043_6173;
/// The schema that this program writes.
pub const SCHEMA_VERSION: i64 = 2;
const SCHEMA: &str = include_str!("schema.sql");
/// How long a connection waits for another that writes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Bytes: with less the disk counts as full.
const LEAST_ROOM: u64 = 512 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("The disk is full: nothing more can be written to {0}. Free some space; Postcase goes on where it was.", path.display())]
    Full { path: PathBuf },
    #[error("{0} cannot be written: it is read-only for this user. Check its owner and mode, and whether the disk is mounted read-only.", path.display())]
    ReadOnly { path: PathBuf },
    #[error("{0} cannot be opened. Check that the folder exists and that this user may write to it.", path.display())]
    CannotOpen { path: PathBuf },
    #[error("{0} exists already. Name another file, or remove it first.", path.display())]
    Exists { path: PathBuf },
    #[error("There is no database at {0}. Start `postcase run` once, or check `database` in the configuration.", path.display())]
    Missing { path: PathBuf },
    #[error("{0} is not a Postcase database. Check `database` in the configuration.", path.display())]
    NotOurs { path: PathBuf },
    #[error("{0} has schema {found}, this Postcase knows up to {known}. Install a newer Postcase.", path.display())]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error(
        "{0} has schema {found}, from before the first release; this Postcase writes schema {known}. Finish with the \
         program that made it, then name another `database`: a new one is made at the start.", path.display()
    )]
    Unreleased { path: PathBuf, found: i64, known: i64 },
    #[error(
        "{0} was made for another place ({home}): it looks like a copy. Two desks with one database would answer \
         everybody twice. If the original is gone for good, start once with `postcase run --adopt`; to try something on \
         the copy, start it with `postcase run --no-mail`, which never sends anything.", path.display()
    )]
    OtherInstance { path: PathBuf, home: String },
    #[error(
        "{0} is a test copy: it never sends mail, and cannot become the desk. Start it with `postcase run --no-mail`, or \
         put a backup of the desk in its place with `postcase restore`.", path.display()
    )]
    TestCopy { path: PathBuf },
    #[error(
        "{0} is the desk itself, not a copy: what it decided under --no-mail would never be sent. To keep mail back for \
         a while say `postcase outbox pause`; to try something, copy the database with `postcase backup` and name the \
         copy as `database` in a configuration of its own.", path.display()
    )]
    NotACopy { path: PathBuf },
    #[error("There is no backup at {0}. Name a file that `postcase backup` wrote.", path.display())]
    NoBackup { path: PathBuf },
    #[error("{0} is no backup of Postcase. Name a file that `postcase backup` wrote.", path.display())]
    NotABackup { path: PathBuf },
    #[error("The backup {0} is damaged ({error}). Name an older one.", path.display())]
    DamagedBackup { path: PathBuf, error: String },
    #[error("{0} is the database itself. Name a file that `postcase backup` wrote.", path.display())]
    SameFile { path: PathBuf },
    #[error(
        "{0} is a database in use, not a backup: a part of it stands in another file. Make a backup of it with \
         `postcase backup`, and name that.", path.display()
    )]
    InUse { path: PathBuf },
    #[error(
        "{0} is a backup of a test copy, which never sends mail: a desk that is restored from it would not either. Name \
         a backup of the desk itself.", path.display()
    )]
    BackupOfTestCopy { path: PathBuf },
    #[error(
        "{0} belongs to another user (uid {owner}). Act as that user, for example with `sudo -u '#{owner}' postcase …`: \
         files made by this one would lock the desk out.", path.display()
    )]
    AnotherUser { path: PathBuf, owner: u32 },
    #[error("Another Postcase (process {pid}) is working on {0}. Stop it first, or use its commands: they work while it runs.", path.display())]
    Locked { path: PathBuf, pid: String },
    #[error("The lock file {0} cannot be used: {error}. Check its owner and mode.", path.display())]
    LockFile { path: PathBuf, error: String },
    #[error("The database {0} is busy: another program has held it for a minute. Look for a forgotten sqlite3.", path.display())]
    Busy { path: PathBuf },
    #[error("The database {0} is damaged ({error}). Stop Postcase, keep the file, and go back to a backup.", path.display())]
    Damaged { path: PathBuf, error: String },
    #[error("The disk fails: {0} cannot be read or written ({error}). See what the system's log says of it; Postcase goes on where it was.", path.display())]
    Disk { path: PathBuf, error: String },
    #[error(
        "Mailbox {name} was {was} until now, and is {now} in the configuration. The ledger counts what one folder has \
         shown: give the other folder a `name` of its own, or set it back."
    )]
    OtherMailbox { name: String, was: String, now: String },
    #[error("The database failed: {error}.")]
    Other { error: rusqlite::Error },
}

pub type Result<T> = std::result::Result<T, StoreError>;

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        StoreError::Other { error }
    }
}

impl StoreError {
    /// True when the failure lies in what was to be written, not in the place where it is written: a broken
    /// constraint, a value that cannot be read back. Such an entry is held; the desk goes on.
    pub fn lies_in_the_entry(&self) -> bool {
        let StoreError::Other { error } = self else { return false };
        matches!(error.sqlite_error_code(), Some(ErrorCode::ConstraintViolation | ErrorCode::TooBig))
            || matches!(
                error,
                rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::IntegralValueOutOfRange(..)
            )
    }

    /// True when the failure lies in the place where it is written: no room, a disk that fails, somebody else at work.
    pub fn lies_in_the_place(&self) -> bool {
        matches!(
            self,
            StoreError::Full { .. }
                | StoreError::ReadOnly { .. }
                | StoreError::CannotOpen { .. }
                | StoreError::Disk { .. }
                | StoreError::Busy { .. }
        )
    }

    /// The same about the file that a person named, where another was looked at.
    fn about(self, named: &Path) -> StoreError {
        let path = named.to_owned();
        match self {
            StoreError::NotOurs { .. } => StoreError::NotABackup { path },
            StoreError::Newer { found, known, .. } => StoreError::Newer { path, found, known },
            StoreError::Unreleased { found, known, .. } => StoreError::Unreleased { path, found, known },
            StoreError::Damaged { error, .. } => StoreError::DamagedBackup { path, error },
            other => other,
        }
    }

    /// The sentence for what SQLite says, with the file it is about.
    fn at(self, path: &Path) -> StoreError {
        let StoreError::Other { error } = self else { return self };
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::Full { path },
            Some(ErrorCode::ReadOnly) => StoreError::ReadOnly { path },
            Some(ErrorCode::CannotOpen) if path.exists() && !is_writable(&path) => StoreError::ReadOnly { path },
            Some(ErrorCode::CannotOpen) => StoreError::CannotOpen { path },
            // What SQLite keeps beside the database fails in other words on a full disk.
            Some(ErrorCode::SystemIoFailure) if lacks_room(&error) || is_full(&path) => StoreError::Full { path },
            Some(ErrorCode::SystemIoFailure) => StoreError::Disk { path, error: error.to_string() },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy { path },
            Some(ErrorCode::NotADatabase) => StoreError::NotOurs { path },
            Some(ErrorCode::DatabaseCorrupt) => StoreError::Damaged { path, error: error.to_string() },
            _ => StoreError::Other { error },
        }
    }
}

/// A connection to the desk's database.
pub struct Store {
    connection: Connection,
    path: PathBuf,
}

/// The witness that a transaction is open: whatever writes takes one.
pub struct Tx<'a>(Transaction<'a>);

impl std::ops::Deref for Tx<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl Tx<'_> {
    pub fn commit(self) -> Result<()> {
        Ok(self.0.commit()?)
    }

    /// Runs `work` so that its failure undoes nothing else. A panic passes through; [`Tx::undo`] clears up after it.
    pub fn apart<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.prepare_cached("SAVEPOINT entry")?.execute([])?;
        match work() {
            Ok(done) => {
                self.prepare_cached("RELEASE entry")?.execute([])?;
                Ok(done)
            }
            Err(error) => match self.undo() {
                Err(undone) if error.lies_in_the_entry() => Err(undone),
                // On a full disk SQLite has already undone the whole transaction, savepoints and all: what is told is
                // the first error.
                _ => Err(error),
            },
        }
    }

    /// Undoes what happened since [`Tx::apart`] began.
    pub fn undo(&self) -> Result<()> {
        Ok(self.execute_batch("ROLLBACK TO entry; RELEASE entry")?)
    }
}

impl Store {
    /// Opens the database for deciding: creates it when it is not there, brings its schema up to date.
    /// The lock proves that nobody else does so at the same time.
    pub fn open(path: &Path, _lock: &Lock, adopt: Adopt, now: Timestamp) -> Result<Store> {
        check_owner(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let store = Store::connect(path, flags)?;
        // What a savepoint would bring back: in a file, which SQLite takes from 64 KB on, it was a sixth of the cost of
        // a message.
        store.connection.pragma_update(None, "temp_store", "MEMORY")?;
        store.create_if_empty(now).map_err(|e| e.at(path))?;
        store.check().map_err(|e| e.at(path))?;
        store.check_home(adopt).map_err(|e| e.at(path))?;
        Ok(store)
    }

    /// Opens an existing database to append to the journal.
    pub fn append_to(path: &Path) -> Result<Store> {
        check_owner(path)?;
        let store = Store::existing(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // What is appended to a copy would be carried out a second time once somebody adopts it.
        store.check_home(Adopt::Refuse).map_err(|e| e.at(path))?;
        Ok(store)
    }

    /// Opens an existing database to look at it.
    pub fn look_at(path: &Path) -> Result<Store> {
        Store::existing(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
    }

    fn existing(path: &Path, access: OpenFlags) -> Result<Store> {
        if !path.exists() {
            return Err(StoreError::Missing { path: path.to_owned() });
        }
        let store = Store::connect(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        store.check().map_err(|e| e.at(path))?;
        Ok(store)
    }

    fn connect(path: &Path, flags: OpenFlags) -> Result<Store> {
        let connect = || -> Result<Store> {
            let connection = Connection::open_with_flags(path, flags)?;
            // Before anything else: switching to WAL must wait for others, too.
            connection.busy_timeout(PATIENCE)?;
            connection.set_prepared_statement_cache_capacity(256);
            // Plans do not look at the values that are bound: otherwise statements with a bound LIMIT or range are
            // compiled anew at every use, which was a third of the cost of a message.
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
            connection.pragma_update(None, "foreign_keys", true)?;
            connection.pragma_update(None, "cache_size", -16 * 1024)?;
            connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            Ok(Store { connection, path: path.to_owned() })
        };
        connect().map_err(|e| e.at(path))
    }

    /// Everything that cannot be changed later is set before the first table (DESIGN §3).
    fn create_if_empty(&self, now: Timestamp) -> Result<()> {
        let tables: i64 = self.connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if tables > 0 || self.pragma("application_id")? != 0 {
            return Ok(());
        }
        self.connection.pragma_update(None, "page_size", 8192)?;
        self.connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        self.connection.pragma_update(None, "journal_mode", "WAL")?;
        let tx = self.begin()?;
        tx.execute_batch(SCHEMA)?;
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        tx.pragma_update(None, "user_version", SCHEMA_VERSION)?;
        let secret: [u8; 32] = random();
        tx.execute(
            "INSERT INTO signing_key (id, secret, created) VALUES (1, $1, $2)",
            params![secret, now.as_microsecond()],
        )?;
        let instance: [u8; 8] = random();
        tx.set_meta("instance", &data_encoding::HEXLOWER.encode(&instance))?;
        tx.commit()
    }

    fn check(&self) -> Result<()> {
        if self.pragma("application_id")? != APPLICATION_ID {
            return Err(StoreError::NotOurs { path: self.path.clone() });
        }
        let found = self.pragma("user_version")?;
        let path = || self.path.clone();
        match found.cmp(&SCHEMA_VERSION) {
            Ordering::Equal => Ok(()),
            Ordering::Greater => Err(StoreError::Newer { path: path(), found, known: SCHEMA_VERSION }),
            Ordering::Less => Err(StoreError::Unreleased { path: path(), found, known: SCHEMA_VERSION }),
        }
    }

    /// Starts a writing transaction. Immediate: a later upgrade of a reader could fail without waiting.
    pub fn begin(&self) -> Result<Tx<'_>> {
        let tx = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate);
        tx.map(Tx).map_err(|e| self.explain(e.into()))
    }

    /// A consistent look at the database, for a connection that only reads.
    pub fn look(&self) -> Result<Tx<'_>> {
        Ok(Tx(Transaction::new_unchecked(&self.connection, TransactionBehavior::Deferred)?))
    }

    /// Refuses while the disk is as good as full. To be asked before something is done that cannot be undone, and must
    /// be written down afterwards.
    pub fn require_room(&self) -> Result<()> {
        if is_full(&self.path) { Err(StoreError::Full { path: self.path.clone() }) } else { Ok(()) }
    }

    /// One writing transaction: all of `work`, or nothing. Its errors name this database and say what to do.
    pub fn write<T>(&self, work: impl FnOnce(&Tx) -> Result<T>) -> Result<T> {
        let tx = self.begin()?;
        let written = work(&tx).and_then(|done| tx.commit().map(|()| done));
        written.map_err(|error| self.explain(error))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Says what an error means for this database.
    pub fn explain(&self, error: StoreError) -> StoreError {
        error.at(&self.path)
    }

    /// Changes whenever another connection has written: how the engine notices commands.
    pub fn data_version(&self) -> Result<i64> {
        self.pragma("data_version")
    }

    /// The keys of this desk, newest first.
    pub fn keyring(&self) -> Result<Keyring> {
        let mut statement = self.connection.prepare("SELECT secret FROM signing_key ORDER BY id DESC")?;
        let keys = statement.query_map([], |row| row.get::<_, [u8; 32]>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(Keyring::new(keys))
    }

    /// The random name of this desk.
    pub fn instance(&self) -> Result<String> {
        Ok(self.meta("instance")?.unwrap_or_default())
    }

    pub fn meta(&self, key: &str) -> Result<Option<String>> {
        let mut statement = self.connection.prepare_cached("SELECT value FROM meta WHERE key = $1")?;
        Ok(statement.query_row([key], |row| row.get(0)).optional()?)
    }

    /// Gives the disk back what was deleted, and the WAL its size; for idle moments. Waits for nobody: while others
    /// read, the WAL keeps its size until the next time.
    pub fn tidy(&self) -> Result<()> {
        // Each row of this pragma is one page given back.
        let mut vacuum = self.connection.prepare("PRAGMA incremental_vacuum(256)")?;
        let mut pages = vacuum.query([])?;
        while pages.next()?.is_some() {}
        drop(pages);
        self.connection.busy_timeout(Duration::ZERO)?;
        let truncated = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        self.connection.busy_timeout(PATIENCE)?;
        Ok(truncated?)
    }

    fn pragma(&self, name: &str) -> Result<i64> {
        Ok(self.connection.pragma_query_value(None, name, |row| row.get(0))?)
    }
}

impl Tx<'_> {
    pub fn set_meta(&self, key: &str, value: &str) -> Result<()> {
        self.prepare_cached(
            "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )?
        .execute([key, value])?;
        Ok(())
    }

    pub fn meta(&self, key: &str) -> Result<Option<String>> {
        Ok(self
            .prepare_cached("SELECT value FROM meta WHERE key = $1")?
            .query_row([key], |row| row.get(0))
            .optional()?)
    }
}

#[expect(clippy::disallowed_methods, reason = "a new desk gets a key and a name that nobody can guess")]
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// Files beside the database belong to whoever writes first; two users would lock each other out.
fn check_owner(path: &Path) -> Result<()> {
    use std::os::unix::fs::MetadataExt;

    match std::fs::metadata(path) {
        Ok(found) if found.uid() != rustix::process::geteuid().as_raw() => {
            Err(StoreError::AnotherUser { path: path.to_owned(), owner: found.uid() })
        }
        _ => Ok(()),
    }
}

/// Whether SQLite may write the file, and other files beside it.
fn is_writable(path: &Path) -> bool {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    [path, folder].iter().all(|path| rustix::fs::access(*path, rustix::fs::Access::WRITE_OK).is_ok())
}

/// The index of the log could not be made larger.
fn lacks_room(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE)
}

/// Less is left than a few transactions need.
fn is_full(path: &Path) -> bool {
    rustix::fs::statvfs(path).is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) < LEAST_ROOM)
}

/// Times as they are stored.
pub(crate) fn time(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Reads a closed vocabulary back from its stored word.
pub(crate) fn word<T: serde::de::DeserializeOwned>(text: &str) -> rusqlite::Result<T> {
    serde_json::from_value(serde_json::Value::String(text.to_owned()))
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(e)))
}

/// The stored word of a closed vocabulary.
pub(crate) fn stored<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        other => unreachable!("a vocabulary is written as one word: {other:?}"),
    }
}

pub(crate) fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("our own types are written as JSON")
}

pub(crate) fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(e)))
}
