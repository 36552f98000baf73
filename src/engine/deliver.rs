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
use crate::store::Result;
use crate::store::journal::{Mark, Payload};
use crate::store::outbox::{Again, Copy, Due, End};

impl Engine {
    /// The next mail that is due and may go out now: not paused, within the hourly rate, not under way already. Nothing
    /// goes out while the disk has no room to write down what became of it: each new start would send it once more.
    pub fn next_mail(&self, under_way: &[OutboxId]) -> Result<Option<Due>> {
        if self.store.outbox_paused()? {
            return Ok(None);
        }
        let now = self.clock.now();
        let Some(due) = self.store.due(now, under_way, 1)?.pop() else { return Ok(None) };
        let per_hour = self.rules.borrow().policy.desk.limits.sent_per_hour;
        let (sent, oldest) = self.store.sent_last_hour(now)?;
        match outbox::may_send(sent, per_hour, oldest, now) {
            Ok(()) => self.store.require_room().map(|()| Some(due)),
            Err(_) => Ok(None),
        }
    }

    /// Writes down how an attempt ended; a final refusal becomes a journal entry, decided like anything else.
    pub fn settle(&self, mail: &Due, attempt: &Attempt) -> Result<()> {
        let now = self.clock.now();
        if let Some(trouble) = &attempt.trouble
            && attempt.begun == Begun::No
            && attempt.verdicts.iter().all(|(_, delivery)| matches!(delivery, Delivery::Deferred { .. }))
        {
            return self.put_off(mail.id, trouble, now);
        }
        let history = History { mail: mail.id.0, attempts: mail.attempts + 1, first: mail.queued };
        let settlement = outbox::settle(&attempt.verdicts, history, now);
        let is_alarm = self.store.is_alarm(mail.id)?;
        let end = if settlement.unknown { End::Unknown } else { End::Known };
        self.store.write(|tx| {
            tx.settle(mail.id, &settlement.recipients, settlement.next, end, now)?;
            if !settlement.refusals.is_empty() {
                let undeliverable = Undeliverable { mail: mail.id, refusals: settlement.refusals };
                tx.journal(&Payload::Undeliverable(undeliverable), None, None, now, now, Mark::Later)?;
            }
            if is_alarm {
                let refused = refused_alarm(&attempt.verdicts);
                tx.set_trouble(alarm::ALARM_MAIL, refused.as_deref(), now)?;
            }
            tx.set_trouble(alarm::SMTP, attempt.trouble.as_deref(), now)?;
            reach(Step::OutcomeWritten);
            Ok(())
        })?;
        reach(Step::OutcomeCommitted);
        tell(mail.id, &attempt.verdicts);
        Ok(())
    }

    /// The server itself is in trouble: the mail waits without having had an attempt.
    fn put_off(&self, mail: OutboxId, trouble: &str, now: Timestamp) -> Result<()> {
        warn!(mail = mail.0, trouble, "the SMTP server is in trouble; all mail waits");
        self.store.write(|tx| {
            tx.put_off(mail, now + outbox::SERVER_PAUSE)?;
            tx.set_trouble(alarm::SMTP, Some(trouble), now)
        })
    }

    /// Mail by people whose copy belongs into the Sent folder.
    pub fn next_copy(&self) -> Result<Option<Copy>> {
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

/// What is wrong with an administrator's address; told by no mail, which would be refused as well.
fn refused_alarm(verdicts: &[(Address, Delivery)]) -> Option<String> {
    verdicts.iter().find_map(|(recipient, delivery)| match delivery {
        Delivery::Refused { reply } => Some(format!(
            "The mail server refuses alarms to {recipient} ({reply}). Check `administrators` under [alarm]."
        )),
        Delivery::Accepted { .. } | Delivery::Deferred { .. } | Delivery::Unknown { .. } => None,
    })
}

fn tell(mail: OutboxId, verdicts: &[(Address, Delivery)]) {
    let mail = mail.0;
    for (recipient, delivery) in verdicts {
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
