//! The daemon: the engine's thread, the mailbox tasks and the couriers around it, and how they end.
//!
//! Channels only poke: rows are the queue. The engine never waits on a send.

mod pager;
mod tasks;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tracing::{error, info, warn};

use tasks::{Bench, keep_following};

use super::alarms::Watch;
use super::{Engine, Reloaded, STACK};
use crate::case::OutboxId;
use crate::config::{Config, Filing, MailboxConfig};
use crate::mailbox::{self, Intake, Request, Trouble};
use crate::outbox;
use crate::rules::Policy;
use crate::smtp::{Attempt, Beneath, Patience};
use crate::store::alarms::Call;
use crate::store::outbox::{Copy, Due};
use crate::store::{Result, ledger};

/// SMTP connections side by side: a server that is slow with one mail does not hold up the next.
const COURIERS: usize = 2;
/// Reports that wait for the engine, at most; a courier that finds no room waits.
const REPORTS: usize = 64;
/// Inputs that are taken in one round, at most.
const ROUND: usize = 32;
/// How long the engine sleeps when nothing pokes it: how soon a command from another process is seen.
const TICK: Duration = Duration::from_millis(50);
/// How long the end waits for a mail that is past its final dot.
const LAST_WORD: Duration = Duration::from_secs(30);
/// How long it waits for a courier that ends: what it carries goes again after the next start.
const SHORT_WORD: Duration = Duration::from_millis(500);
/// How long all Sent folders rest after one could not be reached.
const COPY_PAUSE: SignedDuration = SignedDuration::from_secs(60);
/// How long after one refused a single copy.
const COPY_BREATH: SignedDuration = SignedDuration::from_secs(5);
/// How often the desk looks around for what is wrong.
const LOOK: Duration = Duration::from_secs(2);
/// How often a quiet engine gives space back.
const TIDY: Duration = Duration::from_secs(600);

/// What people tell the daemon by signals.
#[derive(Debug)]
pub enum Control {
    Reload(Box<Policy>),
    /// The new rules could not be read: the last good ones stay, and `status` says so.
    BadRules(String),
    Stop,
}

/// Runs until told to stop, or until the database fails. Call inside a tokio runtime, from a blocking thread.
pub fn run(
    engine: Engine,
    config: Arc<Config>,
    patience: Patience,
    controls: mpsc::Receiver<Control>,
    handle: Handle,
) -> Result<()> {
    let (stop, stopped) = watch::channel(false);
    let (requests_in, requests) = mpsc::channel(16);
    let mailboxes: Vec<_> = config
        .mailboxes
        .iter()
        .map(|mailbox| handle.spawn(keep_following(mailbox.clone(), Intake(requests_in.clone()), stopped.clone())))
        .collect();
    drop(requests_in);
    let (reports_in, reports) = mpsc::channel(REPORTS);
    let couriers = (0..COURIERS).map(|index| Bench::new(index, &config, patience, &reports_in, &handle)).collect();
    let watch = Watch::of(&config);
    let desk = Desk {
        engine,
        config,
        errands: Errands {
            couriers,
            ended: Vec::new(),
            send_after: Timestamp::MIN,
            copying: None,
            copy_after: Timestamp::MIN,
            calling: false,
        },
        reports_in,
        data_version: -1,
        tidied: Instant::now(),
        watch,
        looked: None,
    };
    let inbox = Inbox { requests, reports, controls };
    let thread = std::thread::Builder::new().name("engine".into()).stack_size(STACK);
    let worker = {
        let handle = handle.clone();
        thread.spawn(move || desk.work(inbox, &handle)).expect("the system has a thread for the engine")
    };
    let outcome = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    let _ = stop.send(true);
    handle.block_on(async {
        let all = async {
            for mailbox in mailboxes {
                let _ = mailbox.await;
            }
        };
        // Their work is journalled or not begun: what hangs in the network need not be waited for.
        let _ = tokio::time::timeout(Duration::from_secs(1), all).await;
    });
    outcome
}

/// What couriers and copiers tell the engine.
enum Report {
    /// Of the mail that this courier was handed first, of those it has not reported.
    Mail(usize, Attempt),
    /// It comes back untried.
    Untried(usize),
    Copy(Box<Copy>, Option<Trouble>),
    Called(Box<Call>, Option<String>),
}

enum Input {
    Request(Request),
    Report(Report),
    Control(Control),
    Tick,
}

struct Inbox {
    requests: mpsc::Receiver<Request>,
    reports: mpsc::Receiver<Report>,
    controls: mpsc::Receiver<Control>,
}

impl Inbox {
    /// What is there already; None when nothing is.
    fn ready(&mut self) -> Option<Input> {
        if let Ok(control) = self.controls.try_recv() {
            return Some(Input::Control(control));
        }
        if let Ok(report) = self.reports.try_recv() {
            return Some(Input::Report(report));
        }
        self.requests.try_recv().ok().map(Input::Request)
    }

    async fn next(&mut self) -> Input {
        tokio::select! {
            biased;
            Some(control) = self.controls.recv() => Input::Control(control),
            Some(report) = self.reports.recv() => Input::Report(report),
            Some(request) = self.requests.recv() => Input::Request(request),
            () = tokio::time::sleep(TICK) => Input::Tick,
        }
    }
}

/// Whether the desk goes on.
#[derive(PartialEq, Eq)]
enum Going {
    On,
    Stop,
}

struct Desk {
    engine: Engine,
    config: Arc<Config>,
    errands: Errands,
    reports_in: mpsc::Sender<Report>,
    data_version: i64,
    tidied: Instant,
    watch: Watch,
    looked: Option<Instant>,
}

/// What is done outside the engine's thread, and what came of it.
struct Errands {
    couriers: Vec<Bench>,
    /// Attempts that ended and are not written down.
    ended: Vec<(Due, Attempt)>,
    /// The SMTP server itself is in trouble: nothing is tried before.
    send_after: Timestamp,
    copying: Option<OutboxId>,
    copy_after: Timestamp,
    /// The alarm command runs.
    calling: bool,
}

impl Errands {
    fn take(&mut self, engine: &Engine, report: Report) -> Result<()> {
        match report {
            Report::Mail(index, attempt) => {
                if attempt.trouble.is_some() {
                    self.send_after = engine.now() + outbox::SERVER_PAUSE;
                }
                if let Some(due) = self.couriers[index].under_way.pop_front() {
                    self.ended.push((due, attempt));
                }
                Ok(())
            }
            Report::Untried(index) => {
                self.couriers[index].under_way.pop_front();
                Ok(())
            }
            Report::Copy(copy, failure) => {
                self.copying = None;
                if let Some(trouble) = &failure {
                    let is_alone = trouble.kind == mailbox::TroubleKind::Refused;
                    self.copy_after = engine.now() + if is_alone { COPY_BREATH } else { COPY_PAUSE };
                }
                engine.settle_copy(&copy, failure.as_ref())
            }
            Report::Called(call, failure) => {
                self.calling = false;
                crate::failpoint::reach(crate::failpoint::Step::AlarmTold);
                engine.settle_call(&call, failure.as_deref())
            }
        }
    }

    /// Writes down how attempts ended: all that ended meanwhile with one commit. What could not be written down is kept
    /// for the next time.
    fn settle(&mut self, engine: &Engine) -> Result<()> {
        let attempts: Vec<(&Due, &Attempt)> = self.ended.iter().map(|(due, attempt)| (due, attempt)).collect();
        engine.settle_all(&attempts)?;
        self.ended.clear();
        Ok(())
    }
}

impl Desk {
    fn work(mut self, mut inbox: Inbox, handle: &Handle) -> Result<()> {
        sd_notify::notify(&[sd_notify::NotifyState::Ready]).ok();
        info!("the desk is open");
        let ended = self.until_stopped(&mut inbox, handle);
        sd_notify::notify(&[sd_notify::NotifyState::Stopping]).ok();
        // What waits is decided after the next start, and is not to blame for this end.
        self.engine.rest();
        // Also after an error of the store: what was sent may still be written down.
        let closed = self.close(inbox, handle);
        ended.and(closed).map_err(|error| self.engine.store().explain(error))
    }

    fn until_stopped(&mut self, inbox: &mut Inbox, handle: &Handle) -> Result<()> {
        loop {
            if self.turn(inbox, handle)? == Going::Stop {
                return Ok(());
            }
            let input = handle.block_on(inbox.next());
            if self.take(input)? == Going::Stop {
                return Ok(());
            }
        }
    }

    /// Everything that can be done now: what was asked, what waits, what is due.
    fn turn(&mut self, inbox: &mut Inbox, handle: &Handle) -> Result<Going> {
        loop {
            // No more in one round: what goes on coming must not keep the rest from being done.
            for input in std::iter::from_fn(|| inbox.ready()).take(ROUND) {
                if self.take(input)? == Going::Stop {
                    return Ok(Going::Stop);
                }
            }
            self.errands.settle(&self.engine)?;
            self.engine.fire_timers()?;
            self.look_around(handle)?;
            let decided = self.engine.step()?;
            self.send()?;
            self.copy(handle)?;
            // Fed by progress, not by a timer: a desk that hangs is started again.
            sd_notify::notify(&[sd_notify::NotifyState::Watchdog]).ok();
            if decided == 0 {
                break;
            }
        }
        let version = self.engine.store().data_version()?;
        if self.data_version != version {
            self.data_version = version;
            self.tidied = Instant::now();
        } else if self.tidied.elapsed() > TIDY {
            self.engine.store().tidy()?;
            self.tidied = Instant::now();
        }
        self.backup(inbox)
    }

    fn take(&mut self, input: Input) -> Result<Going> {
        match input {
            Input::Request(request) => answer(&self.engine, &self.config, request)?,
            Input::Report(report) => self.errands.take(&self.engine, report)?,
            Input::Control(Control::Reload(policy)) => match self.engine.reload(*policy)? {
                Reloaded::InForce => info!("new rules are in force"),
                Reloaded::Same => info!("the rules are read again: they are those in force"),
                Reloaded::Refused(why) => error!("{why}"),
            },
            Input::Control(Control::BadRules(findings)) => {
                error!("the rules have mistakes; the last good ones stay in force\n{findings}");
                self.engine.keep_rules()?;
            }
            Input::Control(Control::Stop) => return Ok(Going::Stop),
            Input::Tick => {}
        }
        Ok(Going::On)
    }

    /// Hands due mail to couriers that have room, the longest waiting first to whoever has the most.
    fn send(&mut self) -> Result<()> {
        if rests(self.errands.send_after, outbox::SERVER_PAUSE, self.engine.now()) {
            return Ok(());
        }
        let room = self.errands.couriers.iter().map(Bench::room).sum();
        let under_way: Vec<OutboxId> =
            self.errands.couriers.iter().flat_map(|courier| courier.under_way.iter().map(|due| due.id)).collect();
        for due in self.engine.next_mails(&under_way, room)? {
            crate::failpoint::reach(crate::failpoint::Step::OutboxClaimed);
            if let Some(courier) = self.errands.couriers.iter_mut().max_by_key(|courier| courier.room()) {
                courier.hand_over(due);
            }
        }
        Ok(())
    }

    /// Looks for what is wrong now and then, and tells the alarm command what it has not heard, one alarm at a time.
    fn look_around(&mut self, handle: &Handle) -> Result<()> {
        if self.looked.is_none_or(|looked| looked.elapsed() >= LOOK) {
            self.looked = Some(Instant::now());
            self.engine.look_around(&self.watch)?;
        }
        let Some(command) = self.watch.alarm.command.clone().filter(|_| !self.errands.calling) else { return Ok(()) };
        let Some(call) = self.engine.next_call()? else { return Ok(()) };
        self.errands.calling = true;
        let reports = self.reports_in.clone();
        handle.spawn(async move {
            let failure = pager::page(&command, &call.alarm).await.err();
            let _ = reports.send(Report::Called(Box::new(call), failure)).await;
        });
        Ok(())
    }

    /// Appends copies of people's mail to the Sent folder, one at a time.
    fn copy(&mut self, handle: &Handle) -> Result<()> {
        if self.errands.copying.is_some() || rests(self.errands.copy_after, COPY_PAUSE, self.engine.now()) {
            return Ok(());
        }
        let Some(copy) = self.engine.next_copy()? else { return Ok(()) };
        let Some(mailbox) = self.sent_mailbox(&copy) else { return self.engine.settle_copy(&copy, None) };
        self.errands.copying = Some(copy.id);
        let reports = self.reports_in.clone();
        handle.spawn(async move {
            let appended = AssertUnwindSafe(mailbox::append_sent(&mailbox, &copy.message_id, &copy.bytes));
            let failure = match appended.catch_unwind().await {
                Ok(appended) => appended.err(),
                Err(_) => Some(Trouble {
                    kind: mailbox::TroubleKind::Protocol,
                    sentence: "the server of a Sent folder said something that IMAP does not know".to_owned(),
                }),
            };
            let _ = reports.send(Report::Copy(Box::new(copy), failure)).await;
        });
        Ok(())
    }

    /// The mailbox of the address that the mail was sent from, else the first that has a Sent folder.
    fn sent_mailbox(&self, copy: &Copy) -> Option<MailboxConfig> {
        let with_folder = || self.config.mailboxes.iter().filter(|mailbox| mailbox.sent_folder.is_some());
        let owns = |mailbox: &&MailboxConfig| {
            copy.from.as_ref().is_some_and(|from| mailbox.address == *from || mailbox.aliases.contains(from))
        };
        with_folder().find(owns).or_else(|| with_folder().next()).cloned()
    }

    /// Carries out a backup that was asked for, and takes mail in between its pages. It is begun anew after the next
    /// start when the desk is told to close meanwhile.
    fn backup(&mut self, inbox: &mut Inbox) -> Result<Going> {
        let mut controls = Vec::new();
        let mut outcome = Ok(());
        let Desk { engine, config, errands, .. } = self;
        let copied = engine.finish_backup(|_| {
            sd_notify::notify(&[sd_notify::NotifyState::Watchdog]).ok();
            outcome = between(engine, config, errands, inbox, &mut controls);
            let stop = controls.iter().any(|control| matches!(control, Control::Stop));
            if stop || outcome.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if let Err(error) = &outcome {
            // What is left of the copy is gone: if it was the copy that filled the disk, there is room to say so.
            engine.give_up_backup(error);
        }
        outcome.and(copied)?;
        for control in controls {
            if self.take(Input::Control(control))? == Going::Stop {
                return Ok(Going::Stop);
            }
        }
        Ok(Going::On)
    }

    /// Ends: no new mail is taken in, handed out or sent; a mail past its final dot is waited for, and what became of it
    /// is written down even when something else could not be.
    fn close(&mut self, mut inbox: Inbox, handle: &Handle) -> Result<()> {
        inbox.requests.close();
        let mut outcome = self.errands.settle(&self.engine);
        let begun = Instant::now();
        // From here on no mail passes its final dot. Those that have not go again after the next start, and did not fail.
        self.errands.couriers.iter().filter(|it| it.bar.lower() == Beneath::Nothing).for_each(|it| it.task.abort());
        let is_awaited = |courier: &Bench| courier.bar.lower() == Beneath::Dot;
        while self.errands.couriers.iter().any(is_awaited) && begun.elapsed() < LAST_WORD {
            // The time-out is made inside: it needs the runtime's clock.
            let look = async { tokio::time::timeout(Duration::from_millis(20), inbox.reports.recv()).await };
            if let Ok(Some(report)) = handle.block_on(look) {
                outcome = outcome.and(self.errands.take(&self.engine, report)).and(self.errands.settle(&self.engine));
            }
        }
        handle.block_on(async {
            for courier in &mut self.errands.couriers {
                courier.task.abort();
                // Until it really ends it may still have something to report.
                let _ = tokio::time::timeout(SHORT_WORD, &mut courier.task).await;
            }
        });
        while let Ok(report) = inbox.reports.try_recv() {
            outcome = outcome.and(self.errands.take(&self.engine, report)).and(self.errands.settle(&self.engine));
        }
        outcome?;
        // Everything is committed: a WAL that keeps its size is no failure.
        if let Err(error) = self.engine.store().tidy() {
            warn!("not tidied: {error}");
        }
        info!("the desk is closed");
        Ok(())
    }
}

/// Whether something rests until then, which is at most `pause` away: a clock that was set back holds up nothing.
fn rests(until: Timestamp, pause: SignedDuration, now: Timestamp) -> bool {
    now < until && until.duration_since(now) <= pause
}

/// What is done between the pages of a backup. After an error nothing more is taken from the inbox: what couriers report
/// is found there when the desk closes.
fn between(
    engine: &Engine,
    config: &Config,
    errands: &mut Errands,
    inbox: &mut Inbox,
    controls: &mut Vec<Control>,
) -> Result<()> {
    for input in std::iter::from_fn(|| inbox.ready()).take(ROUND) {
        match input {
            Input::Request(request) => answer(engine, config, request)?,
            Input::Report(report) => errands.take(engine, report)?,
            Input::Control(control) => controls.push(control),
            Input::Tick => {}
        }
    }
    // A mail that was accepted does not wait for the end of the copy: a death would send it once more.
    errands.settle(engine)?;
    engine.step().map(|_| ())
}

/// A mailbox whose receiver is gone has ended: its answer is not missed.
fn answer(engine: &Engine, config: &Config, request: Request) -> Result<()> {
    match request {
        Request::Opened(opened, reply) => {
            let _ = reply.send(engine.opened(&opened)?);
        }
        Request::Arrived(arrivals, reply) => {
            let filing = arrivals.first().map_or(ledger::Filing::None, |first| filing(config, &first.mailbox));
            let _ = reply.send(engine.arrived(arrivals, filing)?);
        }
        Request::Marked(marks, reply) => {
            engine.marked(&marks)?;
            let _ = reply.send(());
        }
        Request::Missing(uids, place, reply) => {
            let _ = reply.send(engine.missing(&uids, &place)?);
        }
        Request::Differs(mailbox, uids) => engine.differs(&mailbox, &uids)?,
        Request::State(state) => engine.mailbox_state(&state)?,
    }
    Ok(())
}

fn filing(config: &Config, name: &str) -> ledger::Filing {
    match config.mailboxes.iter().find(|mailbox| mailbox.name == name).map(|mailbox| &mailbox.filing) {
        None | Some(Filing::ReadOnly | Filing::Leave) => ledger::Filing::None,
        Some(Filing::MarkSeen | Filing::Move(_) | Filing::Delete) => ledger::Filing::Wanted,
    }
}
