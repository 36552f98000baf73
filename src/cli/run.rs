//! `postcase run`: the daemon.

use std::io::IsTerminal;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tracing_subscriber::EnvFilter;

use super::desk::{Desk, load_policy, place};
use super::failure::{Exit, Failure, mistake};
use super::runtime;
use crate::config::{Config, MailboxConfig};
use crate::engine::daemon::{self, Control};
use crate::engine::{Clock, Engine};
use crate::smtp::Patience;
use crate::store::{Adopt, Lock};

/// Follow the mailboxes until told to stop
///
/// SIGTERM and SIGINT end it within two seconds (a mail that the server is just accepting may take up to 30);
/// SIGHUP reads the rules again. A message is journalled before anything is done to the server's copy, so it may
/// be stopped, or killed, at any moment.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  postcase run
  postcase --config /etc/postcase/postcase.toml run --log debug
  postcase run --adopt     the database was moved here on purpose, and the original is gone")]
pub struct Arguments {
    /// Take over a database that was made elsewhere; only when the original is gone for good
    #[arg(long)]
    adopt: bool,
    /// What to log: error, warn, info, debug, or a filter such as postcase::mailbox=debug
    #[arg(long, env = "POSTCASE_LOG", default_value = "info", value_name = "FILTER")]
    log: String,
    /// Log lines for people, or one JSON object a line
    #[arg(long, default_value = "text")]
    log_format: super::Format,
}

pub fn run(desk: &Desk, arguments: &Arguments) -> Result<Exit, Failure> {
    log(arguments)?;
    let runtime = runtime()?;
    // Before anything is begun: until then a signal, SIGHUP too, ends the process as it always does.
    let signals = runtime.block_on(async { Signals::listen() });
    let config = Arc::new(desk.config_with_secrets()?);
    let policy = desk.policy()?.clone();
    let lock = Lock::take(&config.database)?;
    let adopt = if arguments.adopt { Adopt::Adopt } else { Adopt::Refuse };
    let engine = Engine::open(&place(&config, adopt), lock, policy, Clock::System)?;
    let folder_of = |mailbox: &MailboxConfig| format!("folder {} of {}", mailbox.folder, mailbox.user);
    let watched: Vec<_> = config.mailboxes.iter().map(|mailbox| (mailbox.name.clone(), folder_of(mailbox))).collect();
    engine.watch(&watched)?;
    let (orders, controls) = mpsc::channel(4);
    runtime.spawn(signals.obey(config.clone(), orders));
    let patience = Patience::of(&config.smtp);
    daemon::run(engine, config, patience, controls, runtime.handle().clone())?;
    Ok(Exit::Done)
}

/// Secrets must not reach a log: async-imap gives whole commands to the `log` crate, LOGIN with its password among
/// them. What is logged is therefore Postcase's own `tracing` alone; nobody listens to `log` (`init` would).
fn log(arguments: &Arguments) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&arguments.log).map_err(|error| {
        let sentence =
            format!("--log {:?} is no filter ({error}). Write a level, for example --log debug.", arguments.log);
        Failure::new(Exit::Usage, sentence)
    })?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let chosen = match arguments.log_format {
        super::Format::Json => tracing::subscriber::set_global_default(lines.json().finish()),
        super::Format::Text => {
            let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty());
            tracing::subscriber::set_global_default(lines.with_ansi(colour).finish())
        }
    };
    chosen.expect("nothing was chosen before");
    std::panic::set_hook(Box::new(|panic| tracing::error!("{}", mistake(panic))));
    Ok(())
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn listen() -> Signals {
        let listen = |kind| signal(kind).expect("the system lets a process listen to its signals");
        Signals {
            terminate: listen(SignalKind::terminate()),
            interrupt: listen(SignalKind::interrupt()),
            hangup: listen(SignalKind::hangup()),
        }
    }

    async fn obey(mut self, config: Arc<Config>, orders: mpsc::Sender<Control>) {
        loop {
            let order = tokio::select! {
                _ = self.terminate.recv() => Control::Stop,
                _ = self.interrupt.recv() => Control::Stop,
                _ = self.hangup.recv() => reload(&config),
            };
            if orders.send(order).await.is_err() {
                return;
            }
        }
    }
}

fn reload(config: &Config) -> Control {
    match load_policy(config) {
        Ok(loaded) => Control::Reload(Box::new(loaded.value)),
        Err(failure) => Control::BadRules(failure.message().to_owned()),
    }
}
