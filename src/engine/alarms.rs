//! Looks around for what is wrong, and tells administrators of it. What is told is written down in the transaction
//! that queues it: a restart tells nothing twice.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tracing::{error, info, warn};

use super::Engine;
use crate::alarm::{self, Patience, Ways};
use crate::case::Alarm;
use crate::case::alarm::{Told, Trouble, Turn};
use crate::config::{AlarmConfig, Config};
use crate::failpoint::{Step, reach};
use crate::store::Result;
use crate::store::alarms::Call;
use crate::store::journal::{Mark, Payload};
use crate::store::timers::ReadUntil;

/// Mail that nobody has tried to hand over for so long is told.
const UNTRIED: SignedDuration = SignedDuration::from_hours(1);

/// How long a mailbox may say nothing beyond three times its poll.
const HEARTBEAT: Duration = Duration::from_secs(120);

/// What to look for, and whom to tell.
#[derive(Debug, Clone)]
pub struct Watch {
    pub alarm: AlarmConfig,
    /// How often each watched mailbox is looked at, at least.
    pub polls: BTreeMap<String, Duration>,
}

impl Watch {
    pub fn of(config: &Config) -> Watch {
        let polls = config.mailboxes.iter().map(|mailbox| (mailbox.name.clone(), mailbox.poll)).collect();
        Watch { alarm: config.alarm.clone(), polls }
    }
}

/// What a look found: sources, and what is wrong with each; None: nothing.
pub(super) type Found = Vec<(String, Option<String>)>;

impl Engine {
    /// Notes what is wrong, and what is well again, and tells of it. Returns how many alarms were raised.
    pub fn look_around(&self, watch: &Watch) -> Result<usize> {
        // Nothing could be written down; and the next message says it as well.
        if self.store.require_room().is_err() {
            return Ok(0);
        }
        self.note(self.look(watch)?)?;
        self.raise(watch)
    }

    fn look(&self, watch: &Watch) -> Result<Found> {
        let now = self.clock.now();
        let mailboxes = self.store.read_until()?;
        let troubles = self.store.troubles()?;
        let is_troubled = |source: &str| troubles.iter().any(|trouble| trouble.source == source);
        let mut found = Found::new();
        for mailbox in &mailboxes {
            let source = alarm::of_mailbox(&mailbox.mailbox);
            // What the mailbox itself says is wrong says more.
            if !is_troubled(&source) {
                found.push((source, self.unheard(mailbox, watch, now)));
            }
            found.push((alarm::silence_of(&mailbox.mailbox), self.silence(mailbox, watch, now)));
        }
        if !is_troubled(alarm::SMTP) {
            found.push((alarm::OUTBOX.to_owned(), self.untried(now)?));
        }
        found.push((alarm::POISON.to_owned(), self.poison()?));
        found.push((alarm::DISK.to_owned(), self.disk(watch)));
        // That timers went ahead is over once the mailboxes have caught up.
        let ahead = troubles.iter().find(|trouble| trouble.source == alarm::TIMERS);
        if ahead.is_some_and(|ahead| mailboxes.iter().all(|mailbox| mailbox.until >= Some(ahead.since))) {
            found.push((alarm::TIMERS.to_owned(), None));
        }
        Ok(found)
    }

    /// Writes only what has changed: what is wrong may be the disk.
    pub(super) fn note(&self, found: Found) -> Result<()> {
        let now = self.clock.now();
        let troubles = self.store.troubles()?;
        let said = |source: &str| {
            troubles.iter().find(|trouble| trouble.source == *source).map(|trouble| trouble.text.as_str())
        };
        let changed: Found = found.into_iter().filter(|(source, text)| said(source) != text.as_deref()).collect();
        if changed.is_empty() {
            return Ok(());
        }
        self.store
            .write(|tx| changed.iter().try_for_each(|(source, text)| tx.set_trouble(source, text.as_deref(), now)))
    }

    fn raise(&self, watch: &Watch) -> Result<usize> {
        let now = self.clock.now();
        let troubles: Vec<Trouble> = self.store.troubles()?.into_iter().map(trouble).collect();
        let told: Vec<Told> = self.store.told()?;
        let patience = Patience { after: watch.alarm.after, repeat: watch.alarm.repeat };
        let alarms = alarm::due(&troubles, &told, &patience, now);
        if alarms.is_empty() {
            return Ok(0);
        }
        self.store.write(|tx| {
            for alarm in &alarms {
                let ways = alarm::ways(alarm);
                tx.set_told(alarm, now)?;
                if ways != Ways::CommandOnly && !watch.alarm.administrators.is_empty() {
                    let payload = Payload::Alarm { alarm: alarm.clone(), to: watch.alarm.administrators.clone() };
                    tx.journal(&payload, None, None, now, now, Mark::Later)?;
                }
                if ways != Ways::MailOnly && watch.alarm.command.is_some() {
                    tx.want_call(alarm)?;
                }
            }
            reach(Step::AlarmWritten);
            Ok(())
        })?;
        reach(Step::AlarmCommitted);
        alarms.iter().for_each(log);
        Ok(alarms.len())
    }

    /// A mailbox that says nothing at all, neither that it was read nor why not.
    fn unheard(&self, mailbox: &ReadUntil, watch: &Watch, now: Timestamp) -> Option<String> {
        let heard = self.heard.borrow().get(&mailbox.mailbox).copied().unwrap_or(self.opened);
        let poll = watch.polls.get(&mailbox.mailbox).copied().unwrap_or_default();
        let patience = SignedDuration::try_from(poll * 3 + HEARTBEAT).unwrap_or(SignedDuration::MAX);
        (heard.duration_until(now) >= patience).then(|| {
            "Nothing is heard of it: the server neither answers nor ends the connection. Restart Postcase if this \
             stays, and look at the server's log."
                .to_owned()
        })
    }

    /// No mail for so much working time, although the mailbox is read.
    fn silence(&self, mailbox: &ReadUntil, watch: &Watch, now: Timestamp) -> Option<String> {
        let patience = *watch.alarm.no_mail_after.get(&mailbox.mailbox)?;
        // What came while nobody looked is found first.
        let until = mailbox.until.filter(|until| *until >= self.opened)?.min(now);
        let rules = self.rules.borrow();
        let calendar = &rules.policy.desk.hours;
        let silent = calendar.between(mailbox.last_mail?, until);
        (silent >= SignedDuration::try_from(patience).ok()?).then(|| {
            let since = mailbox.last_mail.map(|last| last.to_zoned(calendar.zone().clone()));
            let since = since.map_or_else(String::new, |last| last.strftime(" since %Y-%m-%d at %H:%M").to_string());
            format!(
                "No mail has come in{since}, {} of working time. See whether mail to this address still arrives on the server.",
                hours(SignedDuration::try_from(patience).unwrap_or_default())
            )
        })
    }

    fn untried(&self, now: Timestamp) -> Result<Option<String>> {
        if self.store.untried_since()?.is_none_or(|since| since.duration_until(now) < UNTRIED) {
            return Ok(None);
        }
        let why = if self.store.outbox_paused()? {
            "The outbox is paused: see `postcase outbox resume`."
        } else {
            "See `postcase outbox list`, and `sent_per_hour` in desk.toml."
        };
        Ok(Some(format!("Mail waits in the outbox for more than {} without having been tried. {why}", hours(UNTRIED))))
    }

    fn poison(&self) -> Result<Option<String>> {
        Ok(self.store.poison()?.map(|(count, newest)| {
            let are = if count == 1 { "One message".to_owned() } else { format!("{count} messages") };
            format!(
                "{are} could not be fetched, read or decided; the newest is entry {newest}. Nothing is lost: see \
                 `postcase held list`."
            )
        }))
    }

    fn disk(&self, watch: &Watch) -> Option<String> {
        let low = self.store.room()? < watch.alarm.disk_below;
        low.then(|| {
            format!(
                "Less than {} MB is left on the disk of {}. Postcase stops when it is full; nothing is lost, and it goes on when there is room.",
                watch.alarm.disk_below.div_ceil(1 << 20),
                self.store.path().display()
            )
        })
    }

    /// Remembers that a mailbox lives.
    pub(super) fn hear(&self, mailbox: &str) {
        self.heard.borrow_mut().insert(mailbox.to_owned(), self.clock.now());
    }

    /// What the alarm command is told next. A test copy calls nobody.
    pub fn next_call(&self) -> Result<Option<Call>> {
        if self.store.is_test_copy()? {
            return Ok(None);
        }
        self.store.next_call()
    }

    /// Writes down that the alarm command was told. When it fails it is not tried again with this: the next alarm says
    /// more.
    pub fn settle_call(&self, call: &Call, failure: Option<&str>) -> Result<()> {
        let now = self.clock.now();
        self.store.write(|tx| {
            tx.end_call(call)?;
            tx.set_trouble(alarm::ALARM_COMMAND, failure, now)
        })
    }
}

fn trouble(row: crate::store::status::Trouble) -> Trouble {
    Trouble { source: row.source, text: row.text, since: row.since }
}

fn log(alarm: &Alarm) {
    let Alarm { source, text, since, turn } = alarm;
    match turn {
        Turn::Begins => error!(source, %since, "ALARM: {text}"),
        Turn::Lasts => warn!(source, %since, "ALARM, still: {text}"),
        Turn::Over => info!(source, %since, "ALARM is over: {text}"),
    }
}

/// "8h", "1h 30m".
fn hours(duration: SignedDuration) -> String {
    format!("{duration:#}")
}
