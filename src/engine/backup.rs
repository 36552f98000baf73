//! Backups run in the engine, some pages between groups: from another connection a backup would begin again
//! whenever mail comes in.

use std::ops::ControlFlow;
use std::path::PathBuf;

use tracing::{error, info, warn};

use super::Engine;
use crate::store::apply::BACKUP_WANTED;
use crate::store::copy::Progress;
use crate::store::{Result, StoreError};

impl Engine {
    /// Carries out the backup that was asked for, if one was; `between` is called after every few pages.
    /// A target that cannot be written is the asker's trouble and stops nothing. When `between` breaks off, the backup
    /// is still wanted, and begins anew the next time.
    pub fn finish_backup(&self, mut between: impl FnMut(Progress) -> ControlFlow<()>) -> Result<()> {
        let Some(target) = self.store.meta(BACKUP_WANTED)?.filter(|target| !target.is_empty()) else { return Ok(()) };
        let outcome = self.store.copy_to(&PathBuf::from(&target), &mut between);
        let trouble = match &outcome {
            Ok(ControlFlow::Break(())) => return Ok(()),
            Ok(ControlFlow::Continue(())) => {
                info!(target, "backup done");
                None
            }
            // Whatever ails the copy: were it to stop the desk, the next start would begin the same backup and end the
            // same way. What ails the desk's own file shows with the next transaction.
            Err(fault) => {
                error!("backup: {fault}");
                Some(fault.to_string())
            }
        };
        self.end_backup(trouble.as_deref())
    }

    /// Something failed while a backup was made, and the desk has to close: the next start does not try the same again.
    /// Says so in `status`, if that can be written.
    pub fn give_up_backup(&self, error: &StoreError) {
        let trouble = format!("The backup was given up, because the desk had to close: {error}");
        if let Err(error) = self.end_backup(Some(&trouble)) {
            warn!("the backup is begun anew after the next start: {error}");
        }
    }

    fn end_backup(&self, trouble: Option<&str>) -> Result<()> {
        self.store.write(|tx| {
            tx.set_meta(BACKUP_WANTED, "")?;
            tx.set_trouble("backup", trouble, self.clock.now())
        })
    }
}
