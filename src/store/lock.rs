//! Who decides: the holder of a lock (`flock`) on a file beside the database.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Result, StoreError};
use crate::case::EntryId;

/// How long [`Lock::take`] waits.
const MOMENT: Duration = Duration::from_secs(1);

/// What the lock file holds: the holder's process, and what it is at. Always as many bytes, so that the word can be
/// written when the disk is full. It is not synced: it outlives the process, and a power cut is no entry's fault.
const BYTES: usize = 48;
const IN_ORDER: &str = "ended in order";
const BETWEEN: &str = "between entries";
const AT: &str = "at entry";

/// Held as long as it lives; the operating system gives it up when the process dies.
#[derive(Debug)]
pub struct Lock {
    file: File,
    last: LastHolder,
    /// What is being read or decided, by lane.
    at: Mutex<[Option<EntryId>; 2]>,
}

/// Two entries are read side by side, at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    First,
    Second,
}

/// How the work of the last holder ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastHolder {
    EndedInOrder,
    /// It died, and not while it read or decided an entry.
    DiedBetween,
    /// It died while it read or decided this entry.
    DiedAt(EntryId),
    /// It died while it read these two side by side.
    DiedAtOneOf([EntryId; 2]),
    /// Nothing is known of it.
    Unknown,
}

impl Lock {
    /// Takes the lock, or says who has it. Waits a moment: a command that decides by itself, or a look at who holds
    /// the lock, is soon over and no reason to refuse a daemon.
    pub fn take(database: &Path) -> Result<Lock> {
        let deadline = Instant::now() + MOMENT;
        loop {
            if let Some(lock) = Lock::try_take(database)? {
                return Ok(lock);
            }
            if Instant::now() > deadline {
                let pid = holder(database).filter(|pid| !pid.is_empty()).unwrap_or_else(|| "unknown".to_owned());
                return Err(StoreError::Locked { path: database.to_owned(), pid });
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Takes the lock if nobody has it.
    pub fn try_take(database: &Path) -> Result<Option<Lock>> {
        // Before the lock file is made: it would belong to the wrong user, too.
        super::check_owner(database)?;
        let path = lock_path(database);
        let failed = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => StoreError::CannotOpen { path: database.to_owned() },
            _ => {
                let text = error.to_string();
                let plain = text.split(" (os error").next().unwrap_or(&text).to_owned();
                StoreError::LockFile { path: path.clone(), error: plain }
            }
        };
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let mut before = String::new();
        let read = file.rewind().and_then(|()| file.read_to_string(&mut before));
        let last = if read.is_ok() { last_holder(&before) } else { LastHolder::Unknown };
        let lock = Lock { file, last, at: Mutex::default() };
        let _ = lock.file.set_len(BYTES as u64);
        // The process, for people and for the message above; on a full disk the lock holds all the same. How the last
        // holder ended stays until what follows from it is committed: this one may not get so far.
        let word = before.trim_end().split_once(' ').map_or("", |(_pid, word)| word);
        let _ = lock.say(if last == LastHolder::Unknown { "" } else { word });
        Ok(Some(lock))
    }

    pub fn last_holder(&self) -> LastHolder {
        self.last
    }

    /// The holder's work ended in order, also when it ended with an error that it knew: what it had taken up is not
    /// to blame (B4).
    pub fn end_in_order(&self) {
        let _ = self.say(IN_ORDER);
    }

    /// Reading or deciding this entry begins: a death from here on is its own, or that of the one in the other lane. Where
    /// this cannot be written, the marks in the database count.
    pub fn at(&self, lane: Lane, entry: EntryId) {
        self.set(lane, Some(entry));
    }

    /// This lane has come to its end; the other one goes on.
    pub fn leave(&self, lane: Lane) {
        self.set(lane, None);
    }

    /// What follows concerns no entry.
    pub fn between(&self) {
        *self.lanes() = [None, None];
        let _ = self.say(BETWEEN);
    }

    fn set(&self, lane: Lane, entry: Option<EntryId>) {
        let mut lanes = self.lanes();
        lanes[lane as usize] = entry;
        // Written while the lanes are held: what stands there is what is so.
        let _ = match *lanes {
            [Some(one), Some(other)] => self.say(&format!("{AT} {one} {other}")),
            [Some(one), None] | [None, Some(one)] => self.say(&format!("{AT} {one}")),
            [None, None] => self.say(BETWEEN),
        };
    }

    fn lanes(&self) -> std::sync::MutexGuard<'_, [Option<EntryId>; 2]> {
        self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, word: &str) -> std::io::Result<()> {
        let word = format!("{} {word}", std::process::id());
        self.file.write_all_at(format!("{word:<width$}\n", width = BYTES - 1).as_bytes(), 0)
    }
}

/// The process that holds the lock, when one does.
pub fn holder(database: &Path) -> Option<String> {
    let mut file = File::open(lock_path(database)).ok()?;
    if file.try_lock_shared().is_ok() {
        return None;
    }
    let mut pid = String::new();
    file.read_to_string(&mut pid).ok()?;
    Some(pid.split_whitespace().next().unwrap_or("unknown").to_owned())
}

fn last_holder(word: &str) -> LastHolder {
    let Some((_pid, word)) = word.trim_end().split_once(' ') else { return LastHolder::Unknown };
    let Some(entries) = word.strip_prefix(AT) else {
        return match word {
            IN_ORDER => LastHolder::EndedInOrder,
            BETWEEN => LastHolder::DiedBetween,
            _ => LastHolder::Unknown,
        };
    };
    let entries: Option<Vec<EntryId>> = entries.split_whitespace().map(|it| it.parse().ok().map(EntryId)).collect();
    match entries.as_deref() {
        Some([entry]) => LastHolder::DiedAt(*entry),
        Some([one, other]) => LastHolder::DiedAtOneOf([*one, *other]),
        _ => LastHolder::Unknown,
    }
}

fn lock_path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}
