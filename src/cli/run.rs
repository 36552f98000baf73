//! `postcase run`: the daemon.

mod folder;

use std::io::IsTerminal;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tracing::warn;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

use super::desk::{Desk, place};
use super::failure::{Exit, Failure, mistake};
use super::journal::{self, Journal};
use super::runtime;
use crate::config::{Filing, MailboxConfig};
use crate::engine::daemon::{self, Control};
use crate::engine::{Clock, Engine};
use crate::smtp::Patience;
use crate::store::{Adopt, Lock};

/// Follow the mailboxes until told to stop
///
/// SIGTERM and SIGINT end it within two seconds (a mail that the server is just accepting may take up to 30). The
/// rules are read again when their files change, and at SIGHUP. A message is journalled before anything is done to the
/// server's copy, so it may be stopped, or killed, at any moment.
///
/// `--shadow` is a trial: it looks at the mailboxes read-only, decides in a database of its own, and tells what would
/// have been done.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  postcase run
  postcase --config /etc/postcase/postcase.toml run --log debug
  postcase run --adopt     the database was moved here on purpose, and the original is gone
  postcase run --no-mail   try something on a copy of the database: it never sends anything, and
                           changes nothing in the mailboxes
  postcase run --shadow    a trial: what would have been done with the newest 500 messages?
  postcase run --shadow --since 2026-05-01 --report trial.html

A trial changes nothing on the servers and sends nothing. With --format json it prints {desk, mailboxes [{mailbox,
folder, there}], messages, bytes, first, last, conversations, conversations_with_replies, longest [{subject, mails}],
acknowledged, not_acknowledged [], kinds [], decisions [], held, held_mails [{received, from, subject, reason}],
duplicates, bounces, undeliverable [], languages [], senders [], hours [24], weekdays [7], seconds}; lists are of
{what, count}.")]
pub struct Arguments {
    /// Take over a database that was made elsewhere; only when the original is gone for good
    #[arg(long)]
    adopt: bool,
    /// Make this copy of a database a test copy: everything is decided, and its mail waits in the outbox for good
    #[arg(long, conflicts_with = "adopt")]
    no_mail: bool,
    #[command(flatten)]
    shadow: super::shadow::Wanted,
    /// What to log: error, warn, info, debug, or a filter such as postcase::mailbox=debug [default: info, in a trial error]
    #[arg(long, env = "POSTCASE_LOG", value_name = "FILTER")]
    log: Option<String>,
    /// Log lines for people, or one JSON object a line
    #[arg(long, default_value = "text")]
    log_format: super::Format,
}

pub fn run(desk: &Desk, arguments: &Arguments) -> Result<Exit, Failure> {
    log(arguments)?;
    if arguments.shadow.shadow {
        return super::shadow::run(desk, &arguments.shadow);
    }
    let runtime = runtime()?;
    // Before anything is begun: until then a signal, SIGHUP too, ends the process as it always does.
    let signals = runtime.block_on(async { Signals::listen() });
    let mut config = desk.config_with_secrets()?;
    let rules = desk.in_force()?;
    let lock = Lock::take(&config.database)?;
    let adopt = match (arguments.adopt, arguments.no_mail) {
        (true, _) => Adopt::Adopt,
        (false, true) => Adopt::TestCopy,
        (false, false) => Adopt::Refuse,
    };
    let engine = Engine::open(&place(&config, adopt), lock, rules, Clock::System)?;
    if engine.store().is_test_copy()? {
        warn!("this is a test copy: it sends nothing, and changes nothing in the mailboxes");
        config.mailboxes.iter_mut().for_each(|mailbox| mailbox.filing = Filing::ReadOnly);
    }
    let config = Arc::new(config);
    let folder_of = |mailbox: &MailboxConfig| format!("folder {} of {}", mailbox.folder, mailbox.user);
    let watched: Vec<_> = config.mailboxes.iter().map(|mailbox| (mailbox.name.clone(), folder_of(mailbox))).collect();
    engine.watch(&watched)?;
    let (orders, controls) = mpsc::channel(4);
    let Signals { terminate, interrupt, hangup } = signals;
    runtime.spawn(folder::follow(config.clone(), desk.files()?.clone(), hangup, orders.clone()));
    runtime.spawn(stop(terminate, interrupt, orders));
    let patience = Patience::of(&config.smtp);
    daemon::run(engine, config, patience, controls, runtime.handle().clone())?;
    Ok(Exit::Done)
}

/// Secrets must not reach a log: async-imap gives whole commands to the `log` crate, LOGIN with its password among
/// them. What is logged is therefore Postcase's own `tracing` alone; nobody listens to `log` (`init` would).
fn log(arguments: &Arguments) -> Result<(), Failure> {
    let usual = if arguments.shadow.shadow { "error" } else { "info" };
    let wanted = arguments.log.as_deref().unwrap_or(usual);
    let filter = EnvFilter::try_new(wanted).map_err(|error| {
        let sentence = format!("--log {wanted:?} is no filter ({error}). Write a level, for example --log debug.");
        Failure::new(Exit::Usage, sentence)
    })?;
    let to_journal = journal::is_read();
    let writer = if to_journal { BoxMakeWriter::new(Journal) } else { BoxMakeWriter::new(std::io::stderr) };
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    let chosen = match arguments.log_format {
        super::Format::Json => tracing::subscriber::set_global_default(lines.json().finish()),
        super::Format::Text if to_journal => {
            tracing::subscriber::set_global_default(lines.with_ansi(false).without_time().finish())
        }
        super::Format::Text => {
            let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty());
            tracing::subscriber::set_global_default(lines.with_ansi(colour).finish())
        }
    };
    chosen.expect("nothing was chosen before");
    std::panic::set_hook(Box::new(|panic| tracing::error!("{}", mistake(panic))));
    Ok(())
}

pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    pub fn listen() -> Signals {
        let listen = |kind| signal(kind).expect("the system lets a process listen to its signals");
        Signals {
            terminate: listen(SignalKind::terminate()),
            interrupt: listen(SignalKind::interrupt()),
            hangup: listen(SignalKind::hangup()),
        }
    }

    /// Waits until the process is told to end.
    pub async fn end(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}

async fn stop(mut terminate: Signal, mut interrupt: Signal, orders: mpsc::Sender<Control>) {
    loop {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        if orders.send(Control::Stop).await.is_err() {
            return;
        }
    }
}
