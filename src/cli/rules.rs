//! `postcase rules …`: are they right, and what do they say?

mod told;

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Format;
use super::desk::{Desk, findings, mailbox_facts};
use super::failure::{Exit, Failure};
use super::show::{self, GOOD, say};
use crate::diagnostics::{Diagnostics, Finding, Loaded};
use crate::engine::{Clock, InForce};
use crate::rules::{Files, Policy};
use crate::store::Store;

/// Look at the rules: whether they are right, and what they say
#[derive(clap::Subcommand)]
pub enum Arguments {
    /// Are the rules right? Everything that is wrong, at once
    ///
    /// Reads the folder as the daemon would, and changes nothing. The daemon itself takes new rules as soon as they are
    /// saved; to try them before, copy the folder, change the copy, and check that. Without a postcase.toml nothing is
    /// said about mailboxes.
    #[command(after_help = "Examples:
  postcase rules check
  postcase rules check /tmp/rules      a copy, before it takes the place of the rules
  postcase rules check --format json | jq -r '.findings[].message'

JSON: {folder, ok, errors, warnings, findings [{severity, file, line, column, message, label, help, related}]}; line and
column are left out where a whole file is meant.
Exit codes: 0 the rules are right, perhaps with warnings; 78 they have mistakes, or the configuration has.")]
    Check {
        /// The folder of the rules [default: as in the configuration, else ./rules]
        folder: Option<PathBuf>,
        /// For people, or for scripts
        #[arg(long, default_value = "text")]
        format: Format,
    },
    /// Show the whole policy as the desk understands it
    ///
    /// The desk, its queues, the staff with who is away today and who stands in, the rules in the order in which they
    /// are asked, what becomes of each kind of mail, and where each template comes from.
    #[command(after_help = "Examples:
  postcase rules show
  postcase rules show /tmp/rules
  postcase rules show --format json | jq '.staff[] | select(.here | not)'

JSON: {folder, hash, in_force, today, desk {}, queues [{name, label, addresses [], from, reopen_days, changed_subject}],
staff [{name, label, addresses [], queues [], away [{from, to}], substitute, left, here, stands_in}],
rules [{name, place, why, when, then, override, stop}], kinds [{kind, becomes}],
templates [{name, language, origin, html}]}. in_force is false for rules that only lie in a folder, and null where no
database says what is in force.
Exit codes: 0 shown, 78 the rules or the configuration have mistakes.")]
    Show {
        /// The folder of the rules [default: as in the configuration, else ./rules]
        folder: Option<PathBuf>,
        /// For people, or for scripts
        #[arg(long, default_value = "text")]
        format: Format,
    },
}

pub fn run(desk: &Desk, arguments: &Arguments) -> Result<Exit, Failure> {
    match arguments {
        Arguments::Check { folder, format } => check(desk, folder.as_deref(), *format),
        Arguments::Show { folder, format } => {
            let folder = Folder::find(desk, folder.as_deref())?;
            let Loaded { value: policy, warnings } = folder.judge(desk)?.map_err(|found| findings(&found))?;
            if !warnings.is_empty() {
                show::remark(findings(&warnings).message());
            }
            let in_force = folder.store(desk)?.map(|store| store.meta("policy")).transpose()?.flatten();
            told::tell(&folder.path, &policy, in_force.as_deref(), Clock::System.now(), *format);
            Ok(Exit::Done)
        }
    }
}

#[derive(Serialize)]
struct Checked<'a> {
    folder: &'a Path,
    ok: bool,
    errors: usize,
    warnings: usize,
    findings: &'a Diagnostics,
}

fn check(desk: &Desk, folder: Option<&Path>, format: Format) -> Result<Exit, Failure> {
    let folder = Folder::find(desk, folder)?;
    let judged = folder.judge(desk)?;
    let found = match &judged {
        Ok(loaded) => &loaded.warnings,
        Err(found) => found,
    };
    if format == Format::Json {
        let (errors, warnings) = (found.errors().count(), found.warnings().count());
        show::json(&Checked { folder: &folder.path, ok: judged.is_ok(), errors, warnings, findings: found });
        return Ok(if judged.is_ok() { Exit::Done } else { Exit::Config });
    }
    if !found.is_empty() {
        show::remark(findings(found).message());
    }
    let Ok(Loaded { value: policy, .. }) = &judged else { return Ok(Exit::Config) };
    let count = |number: usize, one, many| show::count(number as u64, one, many);
    say!(
        "{GOOD}ok{GOOD:#}     {}: {}, {} of staff, {}",
        folder.path.display(),
        count(policy.desk.queues.len(), "queue", "queues"),
        policy.staff.len(),
        count(policy.rules.len(), "rule", "rules")
    );
    Ok(Exit::Done)
}

/// The rules that are meant.
struct Folder {
    path: PathBuf,
    /// Whether they are those of the desk, which cases depend on.
    own: bool,
}

impl Folder {
    fn find(desk: &Desk, named: Option<&Path>) -> Result<Folder, Failure> {
        if !desk.is_there() {
            return Ok(Folder { path: named.unwrap_or(Path::new("rules")).to_owned(), own: false });
        }
        match (desk.config(), named) {
            (Ok(config), None) => Ok(Folder { path: config.rules.clone(), own: true }),
            // Also a copy is to take their place.
            (Ok(_), Some(path)) => Ok(Folder { path: path.to_owned(), own: true }),
            (Err(failure), None) => Err(failure),
            (Err(failure), Some(path)) => {
                failure.tell();
                show::remark("The rules are looked at by themselves.");
                Ok(Folder { path: path.to_owned(), own: false })
            }
        }
    }

    /// What the daemon would say of them.
    fn judge(&self, desk: &Desk) -> Result<Result<Loaded<Policy>, Diagnostics>, Failure> {
        let mailboxes = if self.own { mailbox_facts(desk.config()?) } else { Vec::new() };
        let mut loaded = match Policy::compile(Files::read(&self.path), &mailboxes) {
            Ok(loaded) => loaded,
            Err(found) => return Ok(Err(found)),
        };
        let Some(store) = self.store(desk)? else { return Ok(Ok(loaded)) };
        let chosen = InForce::choose(Some(loaded.value.clone()), &self.path, &mailboxes, Some(&store))?;
        let Some(why) = chosen.and_then(|chosen| chosen.trouble) else { return Ok(Ok(loaded)) };
        let (what, remedy) = why.split_once(". ").unwrap_or((&why, "put it back"));
        loaded.warnings.add(Finding::error(what).help(remedy).in_file(self.path.display().to_string()));
        Ok(Err(loaded.warnings))
    }

    /// The database of the desk that these rules are for, where there is one already.
    fn store(&self, desk: &Desk) -> Result<Option<Store>, Failure> {
        if !self.own || !desk.config()?.database.exists() {
            return Ok(None);
        }
        desk.store().map(Some)
    }
}
