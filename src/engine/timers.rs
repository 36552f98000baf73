//! Timers that fall due become journal entries, after the mail that came before them (L9).

use jiff::{SignedDuration, Timestamp};
use tracing::warn;

use super::Engine;
use crate::failpoint::{Step, reach};
use crate::store::Result;
use crate::store::timers::{Fallen, ReadUntil};

/// How long timers wait for a mailbox that is not read past their due time, at most. Then they are carried out all the
/// same, and the trouble `timers` says so.
pub const PATIENCE: SignedDuration = SignedDuration::from_hours(1);
/// Timers that are journalled in one transaction, at most.
const GROUP: usize = 64;

impl Engine {
    /// Journals timers whose time has come, once all mail from before is in the journal; returns how many.
    pub fn fire_timers(&self) -> Result<usize> {
        let now = self.clock.now();
        let fallen = self.store.fallen_timers(now, GROUP)?;
        if fallen.is_empty() {
            return Ok(0);
        }
        let mailboxes = self.store.read_until()?;
        let (mut ready, waiting): (Vec<Fallen>, Vec<Fallen>) =
            fallen.into_iter().partition(|timer| behind(&mailboxes, timer.due).is_empty());
        // While this engine was not there nobody could have read the mailboxes.
        let late = waiting.into_iter().filter(|timer| timer.due.max(self.opened) + PATIENCE <= now);
        let late: Vec<Fallen> = late.collect();
        let trouble = late.first().map(|timer| unread(&behind(&mailboxes, timer.due)));
        ready.extend(late);
        if ready.is_empty() {
            return Ok(0);
        }
        self.store.write(|tx| {
            for timer in &ready {
                tx.journal_due(timer, now)?;
            }
            if let Some(trouble) = &trouble {
                warn!("{trouble}");
                tx.set_trouble("timers", Some(trouble), now)?;
            }
            reach(Step::TimersWritten);
            Ok(())
        })?;
        reach(Step::TimersCommitted);
        Ok(ready.len())
    }
}

/// The mailboxes that were not read past this time.
fn behind(mailboxes: &[ReadUntil], due: Timestamp) -> Vec<&ReadUntil> {
    mailboxes.iter().filter(|read| read.until.is_none_or(|until| until < due)).collect()
}

fn unread(behind: &[&ReadUntil]) -> String {
    let names: Vec<&str> = behind.iter().map(|read| read.mailbox.as_str()).collect();
    format!(
        "Timers fell due and were carried out although mail from before may be missing: {} was not read for more than {} \
         minutes. See what is wrong with it.",
        names.join(", "),
        PATIENCE.as_mins()
    )
}
