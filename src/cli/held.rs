//! `postcase held`: what made no case, and why; a person's word on it (L7).

use clap::Subcommand;

use super::Format;
use super::desk::{Desk, report};
use super::failure::{Exit, Failure};
use super::show::{self, say};
use crate::case::{EntryId, Verb};
use crate::mail::Circumstances;
use crate::store::Store;
use crate::store::cases::Without;
use crate::store::journal::Waiting;

/// Look after mail that made no case
#[derive(Subcommand)]
pub enum Arguments {
    /// List what waits for a person
    #[command(after_help = "Examples:
  postcase held list
  postcase held list --all     also automatic and duplicate mail that made no post

JSON: [{entry, verdict, reason, mailbox, originator, received}]")]
    List {
        /// Everything that became no post, not only what waits
        #[arg(long)]
        all: bool,
        /// For people, or for scripts
        #[arg(long, default_value = "text")]
        format: Format,
    },
    /// Show one entry: what it is, and why it made no case
    #[command(after_help = "Examples:
  postcase held show 17
  postcase held show 17 --raw > mail.eml     the bytes, exactly as they came")]
    Show {
        /// The number of the entry, from `held list`
        entry: u64,
        /// Only the raw bytes of the message
        #[arg(long)]
        raw: bool,
    },
    /// Let it become a case, or a post in the case it belongs to
    #[command(after_help = "Example:
  postcase held release 17 --as Kevin")]
    Release {
        /// The number of the entry, from `held list`
        entry: u64,
        /// Who acts: stands in the history
        #[arg(long = "as", value_name = "NAME")]
        by: String,
    },
    /// Decide that it stays without a case; the bytes are kept
    #[command(after_help = "Example:
  postcase held discard 17 --as Kevin --reason \"advertising\"")]
    Discard {
        /// The number of the entry, from `held list`
        entry: u64,
        /// Who acts: stands in the history
        #[arg(long = "as", value_name = "NAME")]
        by: String,
        /// Why; stands in the history
        #[arg(long, value_name = "WORDS")]
        reason: String,
    },
}

pub fn run(desk: &Desk, arguments: Arguments) -> Result<Exit, Failure> {
    match arguments {
        Arguments::List { all, format } => list(desk, if all { Without::Post } else { Without::Held }, format),
        Arguments::Show { entry, raw: true } => print_raw(desk, EntryId(entry)),
        Arguments::Show { entry, raw: false } => show_entry(desk, EntryId(entry)),
        Arguments::Release { entry, by } => {
            let entry = existing(desk, entry)?;
            let decision = desk.order(&by, Verb::Release { entry })?;
            let done = match decision.case {
                Some(case) => format!("Entry {entry} is in case {case} now."),
                None => format!("Entry {entry} is released."),
            };
            report(&decision, &done)
        }
        Arguments::Discard { entry, by, reason } => {
            let entry = existing(desk, entry)?;
            if reason.trim().is_empty() {
                return Err(Failure::new(Exit::Usage, "Say with --reason why the entry is discarded."));
            }
            let decision = desk.order(&by, Verb::Discard { entry, reason })?;
            report(&decision, &format!("Entry {entry} stays without a case."))
        }
    }
}

/// Found out before anything is journalled.
fn existing(desk: &Desk, entry: u64) -> Result<EntryId, Failure> {
    find(&desk.store()?, EntryId(entry)).map(|_| EntryId(entry))
}

fn find(store: &Store, entry: EntryId) -> Result<Waiting, Failure> {
    let found = if i64::try_from(entry.0).is_ok() { store.entry(entry)? } else { None };
    found.ok_or_else(|| no_entry(entry))
}

fn list(desk: &Desk, which: Without, format: Format) -> Result<Exit, Failure> {
    let store = desk.store()?;
    let entries = store.entries_without(which)?;
    if format == Format::Json {
        show::json(&entries);
        return Ok(Exit::Done);
    }
    if entries.is_empty() {
        say!(
            "{}",
            match which {
                Without::Held => "Nothing is held.",
                Without::Post => "Every mail became a post.",
            }
        );
        return Ok(Exit::Done);
    }
    let circumstances = to_look_at(desk, &store)?;
    let mut rows = Vec::new();
    for entry in &entries {
        let message = super::explain::read(&store.raw(entry.entry)?.unwrap_or_default(), &circumstances).message;
        rows.push(vec![
            entry.entry.to_string(),
            show::time(entry.received),
            entry.verdict.clone(),
            message.from.first().map(|from| from.address.to_string()).unwrap_or_default(),
            message.subject,
            entry.reason.clone(),
        ]);
    }
    show::table(&["entry", "received", "decision", "from", "subject", "why"], rows);
    Ok(Exit::Done)
}

/// What is held can be looked at whatever is wrong with the rules (L8).
fn to_look_at(desk: &Desk, store: &Store) -> Result<Circumstances, Failure> {
    super::explain::circumstances(desk.policy().ok(), Some(store))
}

fn no_entry(entry: EntryId) -> Failure {
    Failure::new(
        Exit::NoInput,
        format!("There is no entry {entry}. `postcase held list --all` shows what made no case."),
    )
}

fn print_raw(desk: &Desk, entry: EntryId) -> Result<Exit, Failure> {
    let store = desk.store()?;
    find(&store, entry)?;
    let Some(raw) = store.raw(entry)? else {
        return Err(Failure::new(Exit::NoInput, format!("Entry {entry} is no mail: there are no bytes to show.")));
    };
    show::raw(&raw);
    Ok(Exit::Done)
}

fn show_entry(desk: &Desk, entry: EntryId) -> Result<Exit, Failure> {
    let store = desk.store()?;
    let found = find(&store, entry)?;
    let mailbox = found.mailbox.map(|name| format!(" in mailbox {name}")).unwrap_or_default();
    let head = show::BOLD;
    say!("{head}Entry {entry}{head:#}, received {}{mailbox}", show::time(found.received));
    if let Some(raw) = store.raw(entry)? {
        let circumstances = to_look_at(desk, &store)?;
        let reading = super::explain::read(&raw, &circumstances);
        let from: Vec<String> = reading.message.from.iter().map(ToString::to_string).collect();
        say!("  from       {}", show::one_line(&from.join(", ")));
        say!("  subject    {}", show::one_line(&reading.message.subject));
        say!();
        show::indented(&reading.author_text);
    }
    say!();
    say!("{head}Why{head:#}");
    for decision in store.decisions_about(entry)? {
        say!("  {} at {} (entry {})", decision.verdict, show::time(decision.at), decision.entry);
        for sentence in &decision.trace {
            say!("    - {}", show::one_line(sentence));
        }
    }
    Ok(Exit::Done)
}
