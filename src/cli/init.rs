//! `postcase init`: from nothing to a desk that is known to work. Asks, tries every login as it goes, writes all files
//! at once at the end, and sees a mail come back.

mod answers;
mod files;
mod terminal;
mod test_mail;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Serialize;

use super::check::sentence;
use super::desk::{Desk, findings};
use super::failure::{Exit, Failure, exit_of, exit_of_smtp};
use super::show::{self, BOLD, GOOD, say};
use super::{Format, runtime};
use crate::config::{Config, Login};
use crate::diagnostics::plain;
use crate::mail::Address;
use crate::mailbox::{self, Probe, TroubleKind};
use crate::{smtp, smtp::TroubleKind as SmtpTroubleKind};
use answers::{Account, Answers, Way};
use terminal::Terminal;
use test_mail::Outcome;

/// Times that a person may try to get a server right.
const TRIES: usize = 10;

/// Set up a new desk: ask, try the logins, write the files, see a mail come back
///
/// Asks on a terminal; every answer may also be given as a flag. Nothing is written before IMAP and SMTP have let us in,
/// and nothing is written over. Passwords go into files of their own that only this user may read. Mail that is in the
/// mailbox already is never acknowledged. Run it as the user that Postcase will run as.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  postcase init
  postcase --config /etc/postcase/postcase.toml init
  postcase init --yes --name \"Example Support\" --address support@example.com --imap-host mail.example.com \\
    --imap-password-file secret --smtp-host mail.example.com --smtp-security starttls --format json

Passwords: --imap-password-file and --smtp-password-file, or the variables POSTCASE_IMAP_PASSWORD and
POSTCASE_SMTP_PASSWORD; for SMTP those of IMAP where nothing is said.

JSON: {config, files [], database, messages, idle, test_mail {outcome, said}, next []}; the outcome is one of came-back,
refused, did-not-come, skipped.
Exit codes: 0 the desk is set up, 1 it is, but the test mail was not seen, 64 an answer is missing, 65 an answer is not
right, 69 a server cannot be reached, 73 files are there already or cannot be made, 77 a login was refused, 78 a certificate
or the folder is not right. With any but 0 and 1 nothing is written.")]
pub struct Arguments {
    #[command(flatten)]
    answers: answers::Flags,
    /// Ask nothing: what no flag says is guessed, or told to be missing
    #[arg(long, short)]
    yes: bool,
    /// Replace files that are there; each is kept as FILE.before-init
    #[arg(long)]
    force: bool,
    /// Send no test mail
    #[arg(long)]
    no_test_mail: bool,
    /// How many seconds to wait for the test mail
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    patience: u64,
    /// For people, or for scripts
    #[arg(long, default_value = "text")]
    format: Format,
}

#[derive(Serialize)]
struct Told {
    config: String,
    files: Vec<String>,
    database: String,
    /// In the folder before.
    messages: u32,
    idle: bool,
    test_mail: test_mail::Told,
    next: Vec<String>,
}

pub fn run(desk: &Desk, arguments: &Arguments) -> Result<Exit, Failure> {
    let path = desk.named().unwrap_or_else(|| PathBuf::from("postcase.toml"));
    let path = std::path::absolute(&path)
        .map_err(|error| Failure::new(Exit::Usage, format!("{} is no path: {}.", path.display(), plain(&error))))?;
    files::refuse_existing(&path, arguments.force)?;
    let terminal = (!arguments.yes && std::io::stdin().is_terminal()).then_some(Terminal);
    let runtime = runtime()?;
    if rustix::process::geteuid().is_root() {
        show::remark(
            "You are root, and so will be the owner of what is made here: run it as the user that Postcase runs as.",
        );
    }
    let mut answers = match &terminal {
        Some(terminal) => Answers::ask(terminal, &arguments.answers, &path)?,
        None => Answers::of_flags(&arguments.answers, &path)?,
    };
    files::refuse_database(&path, &answers)?;
    let probe = runtime.block_on(imap(&mut answers, &arguments.answers, terminal.as_ref(), &path))?;
    runtime.block_on(send(&mut answers, &arguments.answers, terminal.as_ref(), &path))?;
    if let Some(terminal) = &terminal {
        terminal.agree("Write the files?")?;
    }
    // From here on an interruption is heard, and waits until all files are there.
    let mut signals = runtime.block_on(async { super::run::Signals::listen() });
    let written = files::write(&path, &answers)?;
    let desk = Desk::new(Some(path.clone()));
    let config = desk.config_with_secrets()?;
    desk.make_database()?;
    let outcome = match arguments.no_test_mail {
        true => Outcome::Skipped,
        false => {
            runtime.block_on(test_mail::see_it_come_back(&desk, &config, &probe, arguments.patience, &mut signals))?
        }
    };
    let told = Told {
        next: next(&path),
        config: path.display().to_string(),
        files: written.iter().map(|file| file.display().to_string()).collect(),
        database: config.database.display().to_string(),
        messages: probe.messages,
        idle: probe.idle,
        test_mail: outcome.told(),
    };
    match arguments.format {
        Format::Json => show::json(&told),
        Format::Text => print(&told, &outcome),
    }
    Ok(if outcome.is_good() { Exit::Done } else { Exit::Attention })
}

/// Logs in and opens the folder; on a terminal the person may correct what is wrong.
async fn imap(
    answers: &mut Answers,
    flags: &answers::Flags,
    terminal: Option<&Terminal>,
    path: &Path,
) -> Result<Probe, Failure> {
    for _ in 0..TRIES {
        let config = config(path, answers)?;
        show::remark(&format!("Logging in to {} as {} …", answers.imap.host, answers.imap.user));
        let trouble = match mailbox::probe(&config.mailboxes[0]).await {
            Ok(probe) => {
                show::remark(&format!("  {}", found(&probe, &config.mailboxes[0].folder)));
                return Ok(probe);
            }
            Err(trouble) => trouble,
        };
        let hint = if trouble.kind == TroubleKind::Login { answers::hint(&answers.imap.host) } else { "" };
        let said = format!("{}{hint}", sentence(&trouble));
        let Some(terminal) = terminal else { return Err(nothing_written(exit_of(&trouble), &said)) };
        show::remark(&format!("  {said}"));
        match trouble.kind {
            TroubleKind::Login => answers.imap.ask_login(terminal, Way::Imap)?,
            TroubleKind::NoMailbox => answers.folder = terminal.line("Folder", Some(&answers.folder))?,
            _ => answers.imap.ask_server(terminal, flags, Way::Imap)?,
        }
    }
    Err(nothing_written(Exit::Unavailable, "The IMAP server did not let us in."))
}

/// The same for SMTP.
async fn send(
    answers: &mut Answers,
    flags: &answers::Flags,
    terminal: Option<&Terminal>,
    path: &Path,
) -> Result<(), Failure> {
    if let Some(terminal) = terminal {
        answers.smtp.ask_server(terminal, flags, Way::Smtp)?;
        answers.ask_smtp_login(terminal, flags)?;
    }
    for _ in 0..TRIES {
        let config = config(path, answers)?;
        let smtp = &answers.smtp;
        let user = if answers.smtp_login { format!(" as {}", smtp.user) } else { String::new() };
        show::remark(&format!("Logging in to {}{user} …", smtp.host));
        let trouble = match smtp::probe(&config.smtp).await {
            Ok(()) => {
                show::remark(&format!("  {}:{} lets us in.", config.smtp.server.host, config.smtp.server.port));
                return Ok(());
            }
            Err(trouble) => trouble,
        };
        let hint = if trouble.kind == SmtpTroubleKind::Login { answers::hint(&smtp.host) } else { "" };
        let said = format!("{}{hint}", sentence(&trouble));
        let Some(terminal) = terminal else { return Err(nothing_written(exit_of_smtp(&trouble), &said)) };
        show::remark(&format!("  {said}"));
        match trouble.kind {
            SmtpTroubleKind::Login => answers.ask_smtp_login(terminal, flags)?,
            _ => answers.smtp.ask_server(terminal, flags, Way::Smtp)?,
        }
    }
    Err(nothing_written(Exit::Unavailable, "The SMTP server did not let us in."))
}

/// What is there, and what becomes of it.
fn found(probe: &Probe, folder: &str) -> String {
    let how = if probe.idle { "New mail is told at once (IDLE)." } else { "New mail is looked for every minute." };
    match probe.messages {
        0 => format!("{folder} is there, and empty. {how}"),
        messages => {
            let are = if messages == 1 { "message is" } else { "messages are" };
            format!("{} {are} in {folder} already; none will be acknowledged. {how}", thousands(messages))
        }
    }
}

fn thousands(number: u32) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap_or("")).collect();
    groups.join(",")
}

/// What the files would say, with the passwords that they do not hold.
fn config(path: &Path, answers: &Answers) -> Result<Config, Failure> {
    let text = files::config_text(path, answers);
    let mut config = Config::parse_without_secrets(path, &text)
        .map_err(|wrong| Failure::new(Exit::Data, format!("{}\nNothing was written.", findings(&wrong).message())))?
        .value;
    let login = |account: &Account| Login::Password(SecretString::from(account.password.as_str()));
    config.mailboxes[0].login = login(&answers.imap);
    config.smtp.login = answers.smtp_login.then(|| login(&answers.smtp));
    Ok(config)
}

fn nothing_written(exit: Exit, said: &str) -> Failure {
    Failure::new(exit, format!("{} Nothing was written.", said.trim_end()))
}

fn next(path: &Path) -> Vec<String> {
    let usual = ["postcase.toml", "/etc/postcase/postcase.toml"];
    let is_usual = usual.iter().any(|usual| std::path::absolute(usual).is_ok_and(|usual| usual == path));
    let config = if is_usual { String::new() } else { format!("--config {} ", path.display()) };
    vec![format!("postcase {config}run --shadow --report trial.html"), format!("postcase {config}run")]
}

fn print(told: &Told, outcome: &Outcome) {
    say!();
    match outcome.is_good() {
        true => say!("{GOOD}The desk is set up.{GOOD:#} {}", told.test_mail.said),
        false => say!("{BOLD}The desk is set up, but{BOLD:#} {}", told.test_mail.said),
    }
    for file in &told.files {
        say!("  {file}");
    }
    say!("  {}", told.database);
    say!();
    say!("Next, a trial on your mailbox that sends nothing and changes nothing; and then the real thing:");
    for command in &told.next {
        say!("  {command}");
    }
}

/// An address, or why it is none.
fn address(text: &str) -> Result<Address, String> {
    Address::parse(text.trim())
        .filter(|address| address.domain().contains('.'))
        .ok_or_else(|| format!("{:?} is no mail address: write one like support@example.com.", text.trim()))
}
