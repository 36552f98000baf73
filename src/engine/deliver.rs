//! The engine's side of the outbox: what may be sent now, and what became of it.

use jiff::Timestamp;
use tracing::{info, warn};

use super::Engine;
use crate::alarm;
use crate::case::OutboxId;
use crate::case::event::Undeliverable;
use crate::failpoint::{Step, reach};
use crate::mail::Address;
use crate::mailbox::{Trouble, TroubleKind};
use crate::outbox::{self, History};
use crate::smtp::{Attempt, Begun, Delivery};
use crate::store::journal::{Mark, Payload};
use crate::store::outbox::{Again, Copy, Due, End};
use crate::store::{Result, Tx};

impl Engine {
    /// The next mail that is due and may go out now.
    pub fn next_mail(&self, under_way: &[OutboxId]) -> Result<Option<Due>> {
        Ok(self.next_mails(under_way, 1)?.pop())
    }

    /// The next mails that are due and may go out now, at most `room`: not paused, within the hourly rate, not under way
    /// already. Nothing goes out while the disk has no room to write down what became of it: each new start would send
    /// it once more.
    pub fn next_mails(&self, under_way: &[OutboxId], room: usize) -> Result<Vec<Due>> {
        let now = self.clock.now();
        let still = self.store.outbox_paused()? || self.store.is_test_copy()?;
        if room == 0 || still || !self.store.anything_due(now, under_way)? {
            return Ok(Vec::new());
        }
        let per_hour = self.rules.borrow().policy.desk.limits.sent_per_hour;
        let (sent, oldest) = self.store.sent_last_hour(now)?;
        let may_go = |more: usize| {
            let gone = u32::try_from(under_way.len() + more).unwrap_or(u32::MAX).saturating_add(sent);
            outbox::may_send(gone, per_hour, oldest, now).is_ok()
        };
        let room = (0..room).take_while(|more| may_go(*more)).count();
        if room == 0 {
            return Ok(Vec::new());
        }
        let due = self.store.due(now, under_way, room)?;
        if !due.is_empty() {
            self.store.require_room()?;
        }
        Ok(due)
    }

    /// Writes down how an attempt ended.
    pub fn settle(&self, mail: &Due, attempt: &Attempt) -> Result<()> {
        self.settle_all(&[(mail, attempt)])
    }

    /// Writes down how attempts ended, with one commit; a final refusal becomes a journal entry, decided like anything
    /// else.
    pub fn settle_all(&self, attempts: &[(&Due, &Attempt)]) -> Result<()> {
        if attempts.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        self.store.write(|tx| {
            for (mail, attempt) in attempts {
                write_down(tx, mail, attempt, now)?;
            }
            reach(Step::OutcomeWritten);
            Ok(())
        })?;
        reach(Step::OutcomeCommitted);
        for (mail, attempt) in attempts {
            tell(mail.id, attempt);
        }
        Ok(())
    }

    /// Mail by people whose copy belongs into the Sent folder.
    pub fn next_copy(&self) -> Result<Option<Copy>> {
        if self.store.is_test_copy()? {
            return Ok(None);
        }
        Ok(self.store.copies_wanted(self.clock.now(), 1)?.pop())
    }

    /// A copy that failed waits its turn, and others go on: a copy that a server never takes holds up nobody.
    pub fn settle_copy(&self, copy: &Copy, failure: Option<&Trouble>) -> Result<()> {
        let now = self.clock.now();
        let tries = copy.tries + 1;
        self.store.write(|tx| {
            match failure {
                None => tx.mark_copied(copy.id)?,
                Some(Trouble { kind: TroubleKind::Refused, .. }) => {
                    let again = outbox::next_copy(tries, now, copy.queued, copy.id.0);
                    tx.retry_copy(copy.id, again.map_or(Again::GivenUp, Again::At))?;
                }
                Some(_) => tx.retry_copy(copy.id, Again::At(outbox::copy_when_reached(tries, now, copy.id.0)))?,
            }
            tx.set_trouble("sent folder", failure.map(|trouble| trouble.sentence.as_str()), now)
        })
    }
}

fn write_down(tx: &Tx, mail: &Due, attempt: &Attempt, now: Timestamp) -> Result<()> {
    tx.set_trouble(alarm::SMTP, attempt.trouble.as_deref(), now)?;
    if put_off(attempt).is_some() {
        return tx.put_off(mail.id, now + outbox::SERVER_PAUSE);
    }
    let history = History { mail: mail.id.0, attempts: mail.attempts + 1, first: mail.queued };
    let settlement = outbox::settle(&attempt.verdicts, history, now);
    let end = if settlement.unknown { End::Unknown } else { End::Known };
    tx.settle(mail.id, &settlement.recipients, settlement.next, end, now)?;
    if !settlement.refusals.is_empty() {
        let undeliverable = Undeliverable { mail: mail.id, refusals: settlement.refusals };
        tx.journal(&Payload::Undeliverable(undeliverable), None, None, now, now, Mark::Later)?;
    }
    if tx.is_alarm(mail.id)? {
        tx.set_trouble(alarm::ALARM_MAIL, refused_alarm(&attempt.verdicts).as_deref(), now)?;
    }
    Ok(())
}

/// What is wrong with an administrator's address; told by no mail, which would be refused as well.
fn refused_alarm(verdicts: &[(Address, Delivery)]) -> Option<String> {
    verdicts.iter().find_map(|(recipient, delivery)| match delivery {
        Delivery::Refused { reply } => Some(format!(
            "The mail server refuses alarms to {recipient} ({reply}). Check `administrators` under [alarm]."
        )),
        Delivery::Accepted { .. } | Delivery::Deferred { .. } | Delivery::Unknown { .. } => None,
    })
}

/// What ails the server itself: the mail waits without having had an attempt.
fn put_off(attempt: &Attempt) -> Option<&str> {
    let deferred = |(_, delivery): &(Address, Delivery)| matches!(delivery, Delivery::Deferred { .. });
    let unbegun = attempt.begun == Begun::No && attempt.verdicts.iter().all(deferred);
    attempt.trouble.as_deref().filter(|_| unbegun)
}

fn tell(mail: OutboxId, attempt: &Attempt) {
    let mail = mail.0;
    if let Some(trouble) = put_off(attempt) {
        warn!(mail, trouble, "the SMTP server is in trouble; all mail waits");
        return;
    }
    for (recipient, delivery) in &attempt.verdicts {
        match delivery {
            Delivery::Accepted { reply } => info!(mail, %recipient, reply, "accepted"),
            Delivery::Deferred { reply } => warn!(mail, %recipient, reply, "deferred; it is tried again"),
            Delivery::Refused { reply } => warn!(mail, %recipient, reply, "refused"),
            Delivery::Unknown { reply } => {
                warn!(mail, %recipient, reply, "the server's verdict was lost; the same mail goes again");
            }
        }
    }
}
