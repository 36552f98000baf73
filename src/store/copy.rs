//! Backup through SQLite's backup API, some pages at a time between groups: from a second connection it would
//! begin again whenever mail comes in.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::apply::BACKUP_WANTED;
use super::{Result, Store, StoreError};

/// Pages that are copied in one go: 8 MB, some milliseconds.
const PAGES: i32 = 1024;

/// How a copy stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub remaining: i32,
    pub total: i32,
}

impl Store {
    /// Copies the whole database to `target`, which must not exist; calls `between` after every few pages.
    /// The copy appears under its name only when it is complete. When `between` breaks off, nothing is left of it.
    pub fn copy_to(
        &self,
        target: &Path,
        mut between: impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>> {
        if target.exists() {
            return Err(StoreError::Exists { path: target.to_owned() });
        }
        let mut unfinished = target.as_os_str().to_owned();
        unfinished.push(".unfinished");
        let unfinished = PathBuf::from(unfinished);
        let _ = std::fs::remove_file(&unfinished);
        let copied = self.copy_pages(&unfinished, &mut between).map_err(|e| e.at(target));
        if !matches!(copied, Ok(ControlFlow::Continue(()))) {
            let _ = std::fs::remove_file(&unfinished);
            return copied;
        }
        let folder = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let moved = std::fs::File::open(&unfinished)
            .and_then(|file| file.sync_all())
            .and_then(|()| std::fs::rename(&unfinished, target))
            .and_then(|()| std::fs::File::open(folder)?.sync_all());
        moved.map_err(|_| StoreError::CannotOpen { path: target.to_owned() })?;
        Ok(ControlFlow::Continue(()))
    }

    fn copy_pages(
        &self,
        target: &Path,
        between: &mut impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>> {
        let mut copy = Connection::open(target)?;
        let backup = Backup::new(&self.connection, &mut copy)?;
        loop {
            let step = backup.step(PAGES)?;
            let progress = backup.progress();
            let go_on = between(Progress { remaining: progress.remaining, total: progress.pagecount });
            match step {
                StepResult::Done => break,
                _ if go_on.is_break() => return Ok(go_on),
                StepResult::More => {}
                StepResult::Busy | StepResult::Locked => std::thread::sleep(std::time::Duration::from_millis(10)),
                other => unreachable!("SQLite's backup has no other step: {other:?}"),
            }
        }
        drop(backup);
        // Whoever opens the copy one day has not asked for a backup.
        copy.execute("DELETE FROM meta WHERE key = $1", [BACKUP_WANTED])?;
        Ok(ControlFlow::Continue(()))
    }
}
