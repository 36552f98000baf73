//! Compares what the server holds with the ledger (L1). Servers give UIDs in ascending order (RFC 9051 §2.3.1.1), so
//! what lies below the cursor has its row; not all servers do as they should, and a restored database knows less. What
//! was overlooked is taken in.

use std::time::Duration;

use tokio::time::Instant;
use tracing::warn;

use super::follow::End;
use super::pass::Pass;
use super::session::Span;

/// How often everything is compared where the number of messages gives no reason.
const EVERY: Duration = Duration::from_secs(3600);
/// UIDs that the ledger is asked for at once, and that are taken in at once.
const CHUNK: usize = 500;

/// When the server and the ledger were last compared, under this UIDVALIDITY.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    at: Option<Instant>,
    /// Messages that may be there: those that were there then, and those that came into the ledger since.
    accounted: u32,
}

impl Comparison {
    /// All that is there has just come into the ledger.
    pub(super) fn begins(&mut self, held: u32) {
        *self = Comparison { at: Some(Instant::now()), accounted: held };
    }

    pub(super) fn count(&mut self, taken: usize) {
        self.accounted = self.accounted.saturating_add(u32::try_from(taken).unwrap_or(u32::MAX));
    }

    fn is_due(&self, held: u32) -> bool {
        self.at.is_none_or(|at| at.elapsed() > EVERY) || held > self.accounted
    }
}

impl Pass<'_> {
    /// Costs nothing while the number of messages is accounted for, but for once an hour.
    pub(super) async fn compare(&mut self) -> Result<(), End> {
        let held = self.session.held();
        if !self.memory.comparison.is_due(held) {
            return Ok(());
        }
        let overlooked = self.overlooked().await?;
        if !overlooked.is_empty() {
            let first = overlooked[0];
            warn!(
                mailbox = self.config.name,
                messages = overlooked.len(),
                first,
                "the server holds messages that the ledger does not have; they are taken in"
            );
            for chunk in overlooked.chunks(CHUNK) {
                self.take(chunk).await?;
            }
            // The pass ends here: nobody else files the last lot.
            self.settle().await?;
            // Only what stays is trouble.
            let still = self.overlooked().await?;
            self.intake.differs(&self.config.name, still).await?;
        } else {
            self.intake.differs(&self.config.name, Vec::new()).await?;
        }
        self.memory.comparison.begins(held);
        Ok(())
    }

    /// UIDs up to the cursor that the server shows and the ledger does not have.
    async fn overlooked(&mut self) -> Result<Vec<u32>, End> {
        let cursor = self.position.cursor;
        let mut span = Span::above(0, Some(cursor.saturating_add(1)));
        let mut overlooked = Vec::new();
        loop {
            let listed: Vec<u32> = self.session.list(&mut span).await?.into_iter().collect();
            let below: Vec<u32> = listed.iter().copied().filter(|uid| *uid <= cursor).collect();
            for chunk in below.chunks(CHUNK) {
                let missing =
                    self.intake.missing(&self.config.name, self.position.uid_validity, chunk.to_vec()).await?;
                overlooked.extend(missing);
            }
            if listed.is_empty() || listed.last().is_some_and(|last| *last > cursor) {
                return Ok(overlooked);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_messages_that_nobody_accounts_for_are_a_reason() {
        let mut comparison = Comparison::default();
        assert!(comparison.is_due(0), "nothing is known of what an earlier process did");
        comparison.begins(3);
        assert!(!comparison.is_due(3));
        assert!(!comparison.is_due(1), "people delete mail");
        comparison.count(2);
        assert!(!comparison.is_due(5));
        assert!(comparison.is_due(6), "one came in below the cursor");
    }
}
