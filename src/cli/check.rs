//! `postcase check`: is everything set up as it should be? All of it at once.

use std::path::Path;

use serde::Serialize;

use super::desk::Desk;
use super::failure::{Exit, Failure, exit_of, exit_of_smtp};
use super::show::{self, BAD, GOOD, say};
use super::{Format, runtime};
use crate::config::{Config, MailboxConfig};
use crate::store::{Adopt, Store};
use crate::{mailbox, smtp};

/// Is everything set up as it should be?
///
/// Reads the configuration and the rules, logs in to every IMAP mailbox and to the SMTP server, and looks at the
/// database. Changes nothing.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  postcase check
  postcase check --offline     only the files: configuration, rules, database

JSON: [{what, ok, said}]
Exit codes: 0 all is well, else that of the first fault: 69 a server cannot be reached, 73 the database cannot be
made, 77 a login was refused, 78 configuration, rules, certificate, folder or database are not right.")]
pub struct Arguments {
    /// Do not connect to the servers
    #[arg(long)]
    offline: bool,
    /// For people, or for scripts
    #[arg(long, default_value = "text")]
    format: Format,
}

/// One thing that was looked at.
#[derive(Serialize)]
struct Checked {
    what: String,
    ok: bool,
    said: String,
    #[serde(skip)]
    exit: Exit,
}

impl Checked {
    fn new(what: impl Into<String>, outcome: Result<String, Failure>) -> Checked {
        match outcome {
            Ok(said) => Checked { what: what.into(), ok: true, said, exit: Exit::Done },
            Err(failure) => {
                Checked { what: what.into(), ok: false, said: failure.message().to_owned(), exit: failure.exit }
            }
        }
    }
}

pub fn run(desk: &Desk, arguments: &Arguments) -> Result<Exit, Failure> {
    let mut all = Vec::new();
    let complete = desk.config_with_secrets();
    let named = |config: &Config| config.path.display().to_string();
    all.push(Checked::new("configuration", complete.as_ref().map(named).map_err(Clone::clone)));
    // Where only the passwords are missing, the rest can be looked at all the same.
    if let Ok(config) = complete.as_ref().or(desk.config().as_ref().copied()) {
        let rules = desk.policy().map(|policy| {
            let queues = show::count(policy.desk.queues.len() as u64, "queue", "queues");
            format!("{}: {queues}", config.rules.display())
        });
        all.push(Checked::new("rules", rules));
        all.push(Checked::new("database", database(&config.database)));
    }
    if let (Ok(config), false) = (&complete, arguments.offline) {
        all.extend(runtime()?.block_on(servers(config)));
    }
    print(&all, arguments.format);
    Ok(all.iter().find(|checked| !checked.ok).map_or(Exit::Done, |checked| checked.exit))
}

fn print(all: &[Checked], format: Format) {
    if format == Format::Json {
        return show::json(&all);
    }
    for checked in all {
        let said = show::harmless(checked.said.trim_end());
        match (checked.ok, said.contains('\n')) {
            (true, _) => say!("{GOOD}ok{GOOD:#}     {}: {said}", checked.what),
            (false, false) => say!("{BAD}FAULT{BAD:#}  {}: {said}", checked.what),
            (false, true) => say!("{BAD}FAULT{BAD:#}  {}:\n{said}\n", checked.what),
        }
    }
}

pub fn database(path: &Path) -> Result<String, Failure> {
    if path.exists() {
        let store = Store::look_at(path)?;
        store.check_home(Adopt::Refuse)?;
        return Ok(format!("{}, {}", path.display(), show::count(store.counts()?.entries, "entry", "entries")));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let writable = rustix::fs::access(folder, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK);
    writable.map(|()| format!("{} will be made at the first start", path.display())).map_err(|error| {
        let sentence = format!(
            "{} cannot be made: this user may not write to {} ({}). Make the folder, or change its owner.",
            path.display(),
            folder.display(),
            crate::diagnostics::plain(&error.into())
        );
        Failure::new(Exit::Create, sentence)
    })
}

/// All at once: one that does not answer holds up no other.
async fn servers(config: &Config) -> Vec<Checked> {
    let mailboxes = futures_util::future::join_all(config.mailboxes.iter().map(mailbox_server));
    let (mut all, smtp) = tokio::join!(mailboxes, smtp::probe(&config.smtp));
    let smtp = smtp
        .map(|()| format!("{}:{} lets us in", config.smtp.server.host, config.smtp.server.port))
        .map_err(|trouble| Failure::new(exit_of_smtp(&trouble), sentence(&trouble)));
    all.push(Checked::new("smtp", smtp));
    all
}

async fn mailbox_server(mailbox: &MailboxConfig) -> Checked {
    let outcome = mailbox::probe(mailbox).await;
    let outcome = outcome.map_err(|trouble| Failure::new(exit_of(&trouble), sentence(&trouble))).map(|probe| {
        let how = if probe.idle { "IDLE" } else { "polling" };
        format!("{} in {}, {how}", show::count(probe.messages.into(), "message", "messages"), mailbox.folder)
    });
    Checked::new(format!("mailbox {}", mailbox.name), outcome)
}

/// Troubles are parts of sentences; here each stands alone.
pub fn sentence(trouble: &impl ToString) -> String {
    let text = trouble.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    if text.split(' ').next().is_some_and(|word| word.contains(['.', ':'])) {
        return format!("{}.", text.trim_end_matches('.'));
    }
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}
