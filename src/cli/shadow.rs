//! `postcase run --shadow`: a trial on the mailbox as it is (B11). Looks read-only, has a database of its own, and has
//! no way to send anything: no courier is ever made.

mod findings;
mod limits;
mod page;
mod told;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio::sync::{mpsc, oneshot};

use super::check::sentence;
use super::desk::Desk;
use super::explain::{circumstances, read};
use super::failure::{Exit, Failure, exit_of};
use super::{Format, run::Signals, runtime, show};
use crate::config::{Config, Filing, MailboxConfig, Start};
use crate::diagnostics::plain;
use crate::engine::{Clock, Engine, Place};
use crate::mail::Circumstances;
use crate::mailbox::{self, Arrival, Body, Intake, Opened, Request, Resume, Survey};
use crate::rules::Policy;
use crate::store::apply::SentCopy;
use crate::store::{Adopt, Lock, Store, ledger};
use findings::Findings;
use limits::Limits;

/// Failures in a row after which a trial ends with what it has.
const FAILURES: u32 = 3;

/// What a trial is to look at.
#[derive(clap::Args)]
pub struct Wanted {
    /// Try it on the mailboxes as they are: look read-only, send nothing, and report what would have been done
    #[arg(long, conflicts_with_all = ["adopt", "no_mail"])]
    pub shadow: bool,
    /// Look at the newest so many messages of each mailbox
    #[arg(long, value_name = "N", default_value_t = 500, requires = "shadow", conflicts_with = "since",
          value_parser = clap::value_parser!(u32).range(1..))]
    last: u32,
    /// Look at what came since this day, as in 2026-05-01
    #[arg(long, value_name = "DATE", requires = "shadow")]
    since: Option<Date>,
    /// Go on watching until told to stop, and report then
    #[arg(long, requires = "shadow")]
    follow: bool,
    /// Write the report as a page, too: one HTML file that can be mailed and read anywhere
    #[arg(long, value_name = "FILE", requires = "shadow")]
    report: Option<PathBuf>,
    /// The trial's own database; begun anew each time [default: the database's name and `.shadow`]
    #[arg(long, value_name = "FILE", requires = "shadow")]
    shadow_database: Option<PathBuf>,
    /// The report for people, or for scripts
    #[arg(long, default_value = "text", requires = "shadow")]
    format: Format,
}

pub fn run(desk: &Desk, arguments: &Wanted) -> Result<Exit, Failure> {
    let runtime = runtime()?;
    let mut signals = runtime.block_on(async { Signals::listen() });
    let (stop, mut stopped) = mpsc::channel(1);
    runtime.spawn(async move {
        signals.end().await;
        let _ = stop.send(()).await;
    });
    let begun = Instant::now();
    let mut config = desk.config_with_secrets()?;
    config.mailboxes.iter_mut().for_each(|mailbox| mailbox.filing = Filing::ReadOnly);
    let mut trial = Trial::open(desk, &config, arguments)?;
    let mut followed = Vec::new();
    for mailbox in &config.mailboxes {
        let survey = runtime.block_on(look(mailbox, arguments)).map_err(|trouble| {
            Failure::new(exit_of(&trouble), format!("Mailbox {}: {}", mailbox.name, sentence(&trouble)))
        })?;
        followed.push(Followed::new(mailbox, &survey, arguments));
    }
    let all = followed.iter().map(|mailbox| mailbox.looked_at).sum();
    trial.findings.mailboxes = followed.iter().map(Followed::told).collect();
    trial.progress = progress(all);
    let mut going = Going::On;
    for mailbox in &followed {
        if going == Going::On {
            going = runtime.block_on(trial.take_in(mailbox, &mut stopped))?;
        }
    }
    trial.progress.finish_and_clear();
    if arguments.follow && going == Going::On {
        show::remark("Everything is read. Watching for more; Ctrl-C ends it and tells.");
        runtime.block_on(trial.watch(&followed, &mut stopped))?;
    }
    trial.findings.end(trial.engine.store(), begun.elapsed())?;
    report(&trial.findings, arguments)
}

fn report(findings: &Findings, arguments: &Wanted) -> Result<Exit, Failure> {
    if let Some(path) = &arguments.report {
        let failed = |error: std::io::Error| {
            Failure::new(Exit::Create, format!("{} cannot be written: {}.", path.display(), plain(&error)))
        };
        std::fs::write(path, page::page(findings)).map_err(failed)?;
    }
    match arguments.format {
        Format::Json => show::json(findings),
        Format::Text => told::tell(findings),
    }
    if let Some(path) = &arguments.report {
        show::remark(&format!("The report is in {}, too.", path.display()));
    }
    Ok(Exit::Done)
}

fn progress(messages: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos} of {len} messages, {eta} left {msg}");
    ProgressBar::new(messages).with_style(style.expect("the template is a constant"))
}

/// What there is to look at; the folder is opened read-only.
async fn look(mailbox: &MailboxConfig, arguments: &Wanted) -> Result<Survey, mailbox::Trouble> {
    match arguments.since {
        None => mailbox::survey(mailbox).await,
        Some(day) => mailbox::survey_since(mailbox, day).await,
    }
}

/// A mailbox, and where in it the trial begins.
struct Followed {
    config: MailboxConfig,
    /// The first UID that is looked at; None: only what comes from now on.
    first: Option<u32>,
    /// Messages in the folder, where that was counted.
    there: Option<u64>,
    looked_at: u64,
}

impl Followed {
    fn new(mailbox: &MailboxConfig, survey: &Survey, arguments: &Wanted) -> Followed {
        let mut config = mailbox.clone();
        let uids = &survey.uids;
        let first = match arguments.since {
            Some(_) => 0,
            None => uids.len().saturating_sub(arguments.last as usize),
        };
        let midnight = arguments.since.and_then(|day| day.to_zoned(TimeZone::system()).ok());
        config.start = midnight.map_or(Start::All, |midnight| Start::Since(midnight.timestamp()));
        Followed {
            config,
            first: uids.get(first).copied(),
            there: arguments.since.is_none().then_some(uids.len() as u64),
            looked_at: (uids.len() - first) as u64,
        }
    }

    fn told(&self) -> findings::Looked {
        findings::Looked { mailbox: self.config.name.clone(), folder: self.config.folder.clone(), there: self.there }
    }

    /// The ledger of a trial is a scratch pad: where it begins is said here.
    fn resume(&self, opened: &Opened, so_far: Resume) -> Resume {
        let first = self.first.or(opened.uid_next).unwrap_or(1);
        Resume { cursor: so_far.cursor.max(first.saturating_sub(1)), skip_below: opened.uid_next, ..so_far }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Going {
    On,
    Stop,
}

/// The desk as it would be, on a database of its own.
struct Trial {
    engine: Engine,
    circumstances: Circumstances,
    /// The time at which a message came is the time at which it is decided: limits count as they would have.
    hand: Arc<AtomicI64>,
    findings: Findings,
    progress: ProgressBar,
}

impl Trial {
    fn open(desk: &Desk, config: &Config, arguments: &Wanted) -> Result<Trial, Failure> {
        let mut policy = desk.policy()?.clone();
        let mut findings = Findings::new(&policy);
        if config.mailboxes.len() > 1 {
            findings.limits = Limits::afterwards(&policy.desk.acknowledgement);
            without_limits(&mut policy);
        }
        let database = arguments.shadow_database.clone().unwrap_or_else(|| {
            let mut name = config.database.clone().into_os_string();
            name.push(".shadow");
            PathBuf::from(name)
        });
        let lock = Lock::take(&database)?;
        clear(&database)?;
        let hand = Arc::new(AtomicI64::new(Timestamp::UNIX_EPOCH.as_microsecond()));
        let place = Place { database, adopt: Adopt::TestCopy, copy: SentCopy::None };
        let engine = Engine::open(&place, lock, policy.clone(), Clock::Hand(Arc::clone(&hand)))?;
        engine.store().make_disposable()?;
        let circumstances = circumstances(Some(&policy), Some(engine.store()))?;
        Ok(Trial { engine, circumstances, hand, findings, progress: ProgressBar::hidden() })
    }

    /// Takes in one mailbox, until everything that is there is read.
    async fn take_in(&mut self, followed: &Followed, stopped: &mut mpsc::Receiver<()>) -> Result<Going, Failure> {
        let (requests_in, mut requests) = mpsc::channel(4);
        let (_ends, end) = oneshot::channel::<()>();
        let ended = async {
            let _ = end.await;
        };
        let following = mailbox::follow(followed.config.clone(), Intake(requests_in), || Clock::System.now(), ended);
        tokio::spawn(following);
        let mut failures = 0;
        loop {
            let request = tokio::select! {
                biased;
                _ = stopped.recv() => return Ok(Going::Stop),
                request = requests.recv() => request,
            };
            match request {
                None => return Err(Failure::new(Exit::Software, "Following the mailbox failed inside Postcase.")),
                Some(Request::State(state)) => {
                    if let Some(trouble) = &state.trouble {
                        failures += 1;
                        self.progress.suspend(|| show::remark(&sentence(trouble)));
                        if failures >= FAILURES {
                            return Err(Failure::new(Exit::Unavailable, sentence(trouble)));
                        }
                    } else if state.read_until.is_some() {
                        return Ok(Going::On);
                    }
                }
                Some(request) => self.answer(followed, request)?,
            }
        }
    }

    /// All mailboxes at once, until told to stop.
    async fn watch(&mut self, followed: &[Followed], stopped: &mut mpsc::Receiver<()>) -> Result<(), Failure> {
        let (requests_in, mut requests) = mpsc::channel(4);
        for mailbox in followed {
            let intake = Intake(requests_in.clone());
            let ended = std::future::pending();
            tokio::spawn(mailbox::follow(mailbox.config.clone(), intake, || Clock::System.now(), ended));
        }
        loop {
            let request = tokio::select! {
                biased;
                _ = stopped.recv() => return Ok(()),
                Some(request) = requests.recv() => request,
            };
            match request {
                Request::State(state) => {
                    if let Some(trouble) = state.trouble {
                        show::remark(&format!("Mailbox {}: {}", state.mailbox, sentence(&trouble)));
                    }
                }
                request => {
                    let name = match &request {
                        Request::Opened(opened, _) => Some(&opened.mailbox),
                        Request::Arrived(_, _)
                        | Request::Marked(_, _)
                        | Request::Missing(_, _, _)
                        | Request::Differs(_, _)
                        | Request::State(_) => None,
                    };
                    let mailbox = followed.iter().find(|mailbox| Some(&mailbox.config.name) == name);
                    self.answer(mailbox.unwrap_or(&followed[0]), request)?;
                }
            }
        }
    }

    fn answer(&mut self, followed: &Followed, request: Request) -> Result<(), Failure> {
        match request {
            Request::Opened(opened, reply) => {
                let resume = followed.resume(&opened, self.engine.opened(&opened)?);
                let _ = reply.send(resume);
            }
            Request::Arrived(arrivals, reply) => {
                arrivals.into_iter().try_for_each(|arrival| self.decide(arrival))?;
                let _ = reply.send(Vec::new());
            }
            Request::Marked(marks, reply) => {
                self.engine.marked(&marks)?;
                let _ = reply.send(());
            }
            // What lies before the trial is no part of it.
            Request::Missing(_, _, reply) => {
                let _ = reply.send(Vec::new());
            }
            Request::Differs(_, _) | Request::State(_) => {}
        }
        Ok(())
    }

    /// One message, as the desk would have decided it when it came.
    fn decide(&mut self, arrival: Arrival) -> Result<(), Failure> {
        let now = Clock::System.now();
        let came = arrival.internal_date.unwrap_or(now).min(now);
        self.hand.fetch_max(came.as_microsecond(), Ordering::SeqCst);
        let entry = self.engine.store().next_entry()?;
        self.engine.arrived(vec![arrival.clone()], ledger::Filing::None)?;
        while self.engine.step()? > 0 {}
        let raw = match &arrival.body {
            Body::Whole(raw) | Body::Head(raw) => raw,
        };
        if let Some(decision) = self.engine.store().decision(entry)? {
            let reading = read(raw, &self.circumstances);
            self.findings.add(came, arrival.size, &reading, &decision);
        }
        self.progress.inc(1);
        Ok(())
    }
}

/// Mailboxes are read one after the other: see [`limits`].
fn without_limits(policy: &mut Policy) {
    let limits = &mut policy.desk.acknowledgement;
    (limits.per_address_hour, limits.per_address_day, limits.per_desk_hour) = (u32::MAX, u32::MAX, u32::MAX);
}

/// A trial begins anew. Whatever is no database of a trial is left alone.
fn clear(database: &Path) -> Result<(), Failure> {
    if !database.exists() {
        return Ok(());
    }
    if !Store::look_at(database).and_then(|store| store.is_disposable()).unwrap_or(false) {
        let sentence = format!(
            "{} is not the database of a trial, and is left as it is. Name another file with --shadow-database.",
            database.display()
        );
        return Err(Failure::new(Exit::Create, sentence));
    }
    for part in ["", "-wal", "-shm"] {
        let mut name = database.as_os_str().to_owned();
        name.push(part);
        match std::fs::remove_file(PathBuf::from(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                let sentence = format!("{} cannot be begun anew: {}.", database.display(), plain(&error));
                return Err(Failure::new(Exit::Create, sentence));
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}
