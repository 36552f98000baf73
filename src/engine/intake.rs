//! What mailboxes ask: where to go on, and to journal what they fetched (commit 1).

use tracing::warn;

use super::{Engine, lanes};
use crate::alarm;
use crate::failpoint::{Step, reach};
use crate::mailbox::{Arrival, Body, Fate, Mark, Opened, Place, Resume, State};
use crate::store::Result;
use crate::store::journal::Mark as Marking;
use crate::store::ledger::{Extent, Filing, Found, Skipped};

/// UIDs that are named, of those that the ledger does not have.
const NAMED: usize = 10;

impl Engine {
    /// Says which mailboxes are watched from here on, and whose folders they are: (name, place).
    pub fn watch(&self, mailboxes: &[(String, String)]) -> Result<()> {
        self.store.write(|tx| {
            for (name, place) in mailboxes {
                tx.settle_mailbox(name, place)?;
            }
            let watched: Vec<String> = mailboxes.iter().map(|(name, _)| name.clone()).collect();
            tx.set_watched(&watched)?;
            tx.forget_mailbox_troubles(&watched)
        })
    }

    pub fn opened(&self, opened: &Opened) -> Result<Resume> {
        self.hear(&opened.mailbox);
        let uid_next = opened.uid_next.unwrap_or(1);
        let standing = self.store.write(|tx| tx.open_mailbox(&opened.mailbox, opened.uid_validity, uid_next))?;
        Ok(Resume {
            cursor: standing.cursor,
            first_start: standing.first_start,
            skip_below: standing.skip_below,
            failing: standing.failing,
            unfiled: standing.unfiled,
        })
    }

    /// Commits what was fetched. From here on it cannot be lost. Returns the UIDs whose server's copy may be filed.
    pub fn arrived(&self, arrivals: Vec<Arrival>, filing: Filing) -> Result<Vec<u32>> {
        if let Some(arrival) = arrivals.first() {
            self.hear(&arrival.mailbox);
        }
        let packed = lanes::pack(&arrivals);
        // The mark may ride on this commit only when these entries are the very next that are read.
        let mark = if self.store.anything_waiting()? { Marking::Later } else { Marking::Now };
        let now = self.clock.now();
        let mut all_taken = Vec::with_capacity(arrivals.len());
        self.store.write(|tx| {
            for (arrival, packed) in arrivals.iter().zip(packed) {
                let extent = match &arrival.body {
                    Body::Whole(_) => Extent::Whole,
                    Body::Head(_) => Extent::Head,
                };
                let found = Found {
                    mailbox: arrival.mailbox.clone(),
                    uid_validity: arrival.uid_validity,
                    uid: arrival.uid,
                    internal_date: arrival.internal_date,
                    size: arrival.size,
                    signature: arrival.signature,
                    packed,
                    extent,
                    filing,
                };
                all_taken.push(tx.take_in(&found, now, mark)?);
            }
            if let Some(arrival) = arrivals.first() {
                tx.set_last_mail(&arrival.mailbox, now)?;
            }
            reach(Step::JournalWritten);
            Ok(())
        })?;
        reach(Step::JournalCommitted);
        let mut at_hand = self.at_hand.borrow_mut();
        let mut may_be_filed = Vec::new();
        for (taken, arrival) in all_taken.into_iter().zip(arrivals) {
            if taken.filing == Filing::Wanted {
                may_be_filed.push(arrival.uid);
            }
            if let Some(entry) = taken.entry {
                at_hand.put(entry, arrival.body.into_bytes());
            }
        }
        Ok(may_be_filed)
    }

    pub fn marked(&self, marks: &[Mark]) -> Result<()> {
        if let Some(mark) = marks.first() {
            self.hear(&mark.mailbox);
        }
        let now = self.clock.now();
        self.store.write(|tx| {
            for Mark { mailbox, uid_validity, uid, fate } in marks {
                match fate {
                    Fate::Vanished => tx.mark_vanished(mailbox, *uid_validity, *uid, now)?,
                    Fate::Skipped { header_hash, size, message_id } => {
                        let header_hash = &data_encoding::HEXLOWER.decode(header_hash.as_bytes()).unwrap_or_default();
                        let skipped = Skipped { header_hash, size: *size, message_id: message_id.as_deref() };
                        tx.mark_skipped(mailbox, *uid_validity, *uid, &skipped, now)?;
                    }
                    Fate::Failing { reason } => {
                        warn!(mailbox, uid, reason, "the server would not give a message");
                        tx.mark_failing(mailbox, *uid_validity, *uid, reason, now)?;
                    }
                    Fate::Filed => tx.mark_filed(mailbox, *uid_validity, *uid)?,
                }
            }
            Ok(())
        })
    }

    /// The UIDs of which the ledger has no row.
    pub fn missing(&self, uids: &[u32], place: &Place) -> Result<Vec<u32>> {
        self.hear(&place.mailbox);
        self.store.unledgered(&place.mailbox, place.uid_validity, uids)
    }

    /// The server holds messages that did not come into the ledger, although they were taken in: said loudly (L1).
    pub fn differs(&self, mailbox: &str, uids: &[u32]) -> Result<()> {
        let source = alarm::ledger_of(mailbox);
        let named: Vec<String> = uids.iter().take(NAMED).map(u32::to_string).collect();
        let text = (!uids.is_empty()).then(|| {
            format!(
                "The server holds {} messages that the ledger does not have (UID {}{}). Keep a copy of the database, and tell \
                 the makers of Postcase.",
                uids.len(),
                named.join(", "),
                if uids.len() > NAMED { ", …" } else { "" }
            )
        });
        self.note(vec![(source, text)])
    }

    /// Keeps how a mailbox is doing, for `status`.
    pub fn mailbox_state(&self, state: &State) -> Result<()> {
        self.hear(&state.mailbox);
        let now = self.clock.now();
        let text = serde_json::to_string(state).expect("a state is written as JSON");
        self.store.write(|tx| {
            tx.set_mailbox_state(&state.mailbox, &text)?;
            if let Some(until) = state.read_until {
                tx.mark_read_once(&state.mailbox)?;
                tx.set_read_until(&state.mailbox, until)?;
            }
            match &state.trouble {
                Some(trouble) => tx.set_trouble(&alarm::of_mailbox(&state.mailbox), Some(trouble), now),
                // A connection alone says little: what failed last time may fail again.
                None if state.read_until.is_none() => Ok(()),
                None => tx.set_trouble(&alarm::of_mailbox(&state.mailbox), None, now),
            }
        })
    }
}
