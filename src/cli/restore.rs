//! `postcase restore`: back to a backup, without doing anything twice (B36).

use std::path::PathBuf;

use serde::Serialize;

use super::Format;
use super::desk::Desk;
use super::failure::{Exit, Failure};
use super::show::{self, say};
use crate::engine::Clock;
use crate::rules::ReferenceStyle;
use crate::store::restore::Restoration;
use crate::store::{Lock, Store};

/// Put a backup in the place of the database
///
/// No case number and no reference that was given out since the backup is given out again: a gap is left. Mail that is
/// in the mailboxes and older than this moment is taken in silently, because it was probably acknowledged; a reply to
/// what was sent since the backup finds its case, or makes it again under its number. Mail that waited for delivery
/// is kept back. The database that was there before is kept, under another name.
#[derive(clap::Args)]
#[command(after_help = "Example:
  systemctl stop postcase
  postcase restore /var/backups/postcase/monday.db
  systemctl start postcase

JSON: {database, backup, newest, next_case, kept_back, waiting, replaced}
Exit codes: 0 done, 65 the file is no backup, damaged, or one of a test copy, 66 it is not there, 74 the disk failed,
75 a daemon runs. Where it fails, nothing is changed.")]
pub struct Arguments {
    /// A file that `postcase backup` wrote
    backup: PathBuf,
    /// For people, or for scripts
    #[arg(long, default_value = "text")]
    format: Format,
}

#[derive(Serialize)]
struct Restored<'a> {
    database: String,
    backup: String,
    /// When the newest entry of the backup came in.
    newest: Option<jiff::Timestamp>,
    next_case: u64,
    /// Mails that waited for delivery.
    kept_back: u64,
    /// Entries that waited for their decision; they are decided silently.
    waiting: u64,
    /// Where the database is that was there before.
    replaced: Option<std::borrow::Cow<'a, str>>,
}

pub fn run(desk: &Desk, arguments: &Arguments) -> Result<Exit, Failure> {
    let database = &desk.config()?.database;
    // Rules with a mistake are no reason to be without a desk.
    let first_number = match desk.policy() {
        Ok(policy) => policy.desk.reference.first_number,
        Err(_) => ReferenceStyle::default().first_number,
    };
    let lock = Lock::take(database)?;
    let restored = Store::restore(&arguments.backup, database, &lock, first_number, Clock::System.now())?;
    let told = Restored {
        database: database.display().to_string(),
        backup: arguments.backup.display().to_string(),
        newest: restored.newest,
        next_case: restored.facts.next_number.0,
        kept_back: restored.kept_back,
        waiting: restored.waiting,
        replaced: restored.replaced.as_ref().map(|path| path.to_string_lossy()),
    };
    match arguments.format {
        Format::Json => show::json(&told),
        Format::Text => print(&told, &restored),
    }
    Ok(Exit::Done)
}

fn print(told: &Restored, restored: &Restoration) {
    let newest = restored.newest.map_or("in which nothing had come in".to_owned(), |newest| {
        format!("whose newest entry is of {}", show::time(newest))
    });
    say!("{} is now what {} was, {newest}.", told.database, told.backup);
    if let Some(replaced) = &told.replaced {
        say!("What was there before is kept as {replaced}.");
    }
    say!("New cases are numbered from {} on: numbers of the lost time are not given out again.", told.next_case);
    say!("Mail that came before now and is still in the mailboxes is taken in silently.");
    if told.waiting > 0 {
        say!("{} for a decision; nobody is written to because of them.", waited(told.waiting));
    }
    if told.kept_back > 0 {
        let mails = show::count(told.kept_back, "mail", "mails");
        say!("{mails} waited for delivery and may have been sent since: kept back.");
        say!("See `postcase outbox list`; `postcase outbox retry NUMBER --as NAME` sends one all the same.");
    }
    say!("Now start `postcase run`.");
}

fn waited(entries: u64) -> String {
    show::count(entries, "mail waited", "mails waited")
}
