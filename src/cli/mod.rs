//! The command line: arguments in, an exit code out. One file a subcommand.

mod attachments;
mod backup;
mod case;
mod check;
mod conversation;
mod desk;
mod explain;
mod failure;
mod held;
mod ingest;
mod init;
mod journal;
mod orders;
mod outbox;
mod restore;
mod rules;
mod run;
mod shadow;
mod show;
mod status;
mod words;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use desk::Desk;
use failure::{Exit, Failure};

/// Turns support mailboxes into cases, and never loses a message.
///
/// Postcase follows IMAP mailboxes, makes cases of the mail, acknowledges them, threads replies, and keeps
/// everything in one SQLite file. Every command works while the daemon runs, and without it.
#[derive(Parser)]
#[command(
    name = "postcase",
    version,
    after_help = "Examples:
  postcase init                         set up a new desk, step by step
  postcase check                        is everything set up as it should be?
  postcase rules check                  are the rules right? all that is wrong at once
  postcase run                          follow the mailboxes until told to stop
  postcase case list --phase new,open   what is to be done
  postcase case reply 10482 --as Kevin --text \"It is on its way.\"
  postcase explain mail.eml             what Postcase makes of a mail

Exit codes, as in sysexits.h:
   0  done                             73  a file cannot be made
   1  `status`: something needs you    74  the disk or the database failed
  64  wrong usage                      75  try again later
  65  the input is not right           77  not permitted, or a login refused
  66  no such file, case or entry      78  the configuration is wrong
  69  a server cannot be reached       70  a mistake in Postcase itself

Times are shown in this machine's zone; in JSON they are UTC (RFC 3339).
--format json prints one JSON value on one line; fields are only ever added."
)]
pub struct Arguments {
    /// The configuration file [default: ./postcase.toml, then /etc/postcase/postcase.toml]
    #[arg(long, short, env = "POSTCASE_CONFIG", global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Init(init::Arguments),
    Run(run::Arguments),
    Check(check::Arguments),
    Status(status::Arguments),
    #[command(subcommand)]
    Rules(rules::Arguments),
    #[command(subcommand)]
    Case(case::Arguments),
    Explain(explain::Arguments),
    #[command(subcommand)]
    Held(held::Arguments),
    #[command(subcommand)]
    Outbox(outbox::Arguments),
    Backup(backup::Arguments),
    Restore(restore::Arguments),
    Ingest(ingest::Arguments),
}

/// For people, or for scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // A reader that left (`--help | head`) has read enough.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() };
        }
    };
    // Everything that is made here holds other people's mail, or the keys: the database, what lies beside it, backups.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    // Certificates are checked and connections encrypted by one provider, named once.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let desk = Desk::new(arguments.config);
    std::panic::set_hook(Box::new(|panic| show::remark(&failure::mistake(panic))));
    let done = catch_unwind(AssertUnwindSafe(|| arguments.command.carry_out(&desk)));
    match done.map(|done| done.and_then(|exit| show::all_printed().map(|()| exit))) {
        Ok(Ok(exit)) => exit.into(),
        Ok(Err(failure)) => {
            failure.tell();
            failure.exit.into()
        }
        Err(_) => Exit::Software.into(),
    }
}

impl Command {
    fn carry_out(self, desk: &Desk) -> Result<Exit, Failure> {
        match self {
            Command::Init(arguments) => init::run(desk, &arguments),
            Command::Run(arguments) => run::run(desk, &arguments),
            Command::Check(arguments) => check::run(desk, &arguments),
            Command::Rules(arguments) => rules::run(desk, &arguments),
            Command::Status(arguments) => status::run(desk, &arguments),
            Command::Case(arguments) => case::run(desk, arguments),
            Command::Explain(arguments) => explain::run(desk, &arguments),
            Command::Held(arguments) => held::run(desk, arguments),
            Command::Outbox(arguments) => outbox::run(desk, arguments),
            Command::Backup(arguments) => backup::run(desk, &arguments),
            Command::Restore(arguments) => restore::run(desk, &arguments),
            Command::Ingest(arguments) => ingest::run(desk, &arguments),
        }
    }
}

/// One runtime for the whole process. Nothing is waited for at its end: a server's name can take minutes to look up.
struct Runtime(Option<tokio::runtime::Runtime>);

fn runtime() -> Result<Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let failed = |error| Failure::new(Exit::System, format!("The system gives no threads: {error}."));
    runtime.map(|runtime| Runtime(Some(runtime))).map_err(failed)
}

impl std::ops::Deref for Runtime {
    type Target = tokio::runtime::Runtime;

    fn deref(&self) -> &tokio::runtime::Runtime {
        self.0.as_ref().expect("it is there until it is dropped")
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
