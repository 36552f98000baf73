//! `postcase ingest`: mail that comes from a file instead of a mailbox.

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use jiff::Timestamp;

use super::desk::Desk;
use super::failure::{Exit, Failure};
use super::show::{self, say};
use crate::diagnostics::plain;
use crate::engine::ask::Asked;
use crate::mail::mbox;
use crate::mail::signature::Signature;
use crate::store::cases::DecisionView;
use crate::store::journal::{GROUP, Payload};

/// Bytes of the largest message that is taken in from a file (L10).
const MESSAGE_BYTES: u64 = 256 * 1024 * 1024;
/// Raw bytes that wait for a group to be full.
const WAITING_BYTES: usize = 32 * 1024 * 1024;

/// Take mail in from files
///
/// A file is a message (.eml), an mbox (it begins with `From `), or a Maildir (a folder). The mail takes the same
/// way as if a mailbox had shown it; the same message twice makes one post.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  postcase ingest request.eml
  postcase ingest --no-mail archive.mbox ~/Maildir     old mail: nobody is written to
  some-program | postcase ingest -

Exit codes: 0 all is taken in, 65 a file holds no message, 66 a file is not there, 73 the database cannot be made.
What was taken in before a fault is kept, and said; the same files may be given again
(only mail without a Message-ID makes a second case then).")]
pub struct Arguments {
    /// Files, Maildir folders, or - for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Write to nobody because of this mail: no acknowledgements, no answers by machine
    #[arg(long)]
    no_mail: bool,
}

pub fn run(desk: &Desk, arguments: &Arguments) -> Result<Exit, Failure> {
    // A slip of the finger is told before anything is taken in.
    for file in arguments.files.iter().filter(|file| file.as_os_str() != "-") {
        Source::of(file)?;
    }
    desk.make_database()?;
    let mut batch = Batch {
        desk,
        silent: arguments.no_mail,
        waiting: Vec::new(),
        bytes: 0,
        tally: Tally::default(),
        progress: ProgressBar::new_spinner(),
    };
    let taken = arguments.files.iter().try_for_each(|file| batch.take(file)).and_then(|()| batch.flush());
    batch.progress.finish_and_clear();
    if taken.is_ok() || !batch.tally.0.is_empty() {
        say!("{}", batch.tally);
    }
    taken.map(|()| Exit::Done)
}

/// Where messages come from.
enum Source {
    Input(Box<dyn BufRead>),
    Maildir(Vec<PathBuf>),
}

impl Source {
    fn of(path: &Path) -> Result<Source, Failure> {
        if path.as_os_str() == "-" {
            return Ok(Source::Input(Box::new(BufReader::new(std::io::stdin()))));
        }
        if path.is_dir() {
            return maildir(path).map(Source::Maildir);
        }
        let file = File::open(path).map_err(|error| unreadable(path, &error))?;
        Ok(Source::Input(Box::new(BufReader::new(file))))
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Exit::NoInput, format!("{} cannot be read: {}.", path.display(), plain(error)))
}

/// The files in `cur` and `new`, in the order of delivery, which their names begin with.
pub(super) fn maildir(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for part in ["cur", "new"].map(|part| folder.join(part)) {
        let entries = std::fs::read_dir(&part).map_err(|_| {
            let sentence = format!(
                "{} is a folder and no Maildir: it has no `cur` and `new`. Name the files in it instead.",
                folder.display()
            );
            Failure::new(Exit::Data, sentence)
        })?;
        for entry in entries {
            let entry = entry.map_err(|error| unreadable(&part, &error))?;
            let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            if !hidden && entry.path().is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort_by(|a, b| a.file_name().cmp(&b.file_name()));
    Ok(files)
}

/// What became of the messages, by decision, in order of first appearance.
#[derive(Default)]
struct Tally(Vec<(String, u64)>);

impl Tally {
    fn add(&mut self, decision: &DecisionView) {
        match self.0.iter_mut().find(|(verdict, _)| *verdict == decision.verdict) {
            Some((_, count)) => *count += 1,
            None => self.0.push((decision.verdict.clone(), 1)),
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all: u64 = self.0.iter().map(|(_, count)| count).sum();
        write!(f, "{}", show::count(all, "message", "messages"))?;
        for (at, (verdict, count)) in self.0.iter().enumerate() {
            write!(f, "{} {count} {verdict}", if at == 0 { ":" } else { "," })?;
        }
        Ok(())
    }
}

struct Batch<'a> {
    desk: &'a Desk,
    silent: bool,
    waiting: Vec<Asked>,
    /// In `waiting`.
    bytes: usize,
    tally: Tally,
    progress: ProgressBar,
}

impl Batch<'_> {
    fn take(&mut self, path: &Path) -> Result<(), Failure> {
        match Source::of(path)? {
            Source::Input(input) => self.take_input(path, input),
            Source::Maildir(files) => files.iter().try_for_each(|file| self.take_delivered(file)),
        }
    }

    /// One message, or an mbox, which is read bit by bit: archives are large.
    fn take_input(&mut self, path: &Path, mut input: Box<dyn BufRead>) -> Result<(), Failure> {
        let mut begins = Vec::new();
        let first = input.by_ref().take(5).read_to_end(&mut begins);
        if first.map_err(|error| unreadable(path, &error))? == 0 {
            return Err(Failure::new(Exit::Data, format!("{} is empty: there is no message in it.", path.display())));
        }
        let is_mbox = begins == b"From ";
        let input = Cursor::new(begins).chain(input);
        if !is_mbox {
            let bytes = whole(path, input)?;
            return self.add(bytes, None);
        }
        for message in mbox::messages(input) {
            let message = message.map_err(|error| unreadable(path, &error))?;
            self.add(message.bytes, message.received)?;
        }
        Ok(())
    }

    fn take_delivered(&mut self, path: &Path) -> Result<(), Failure> {
        let file = File::open(path).map_err(|error| unreadable(path, &error))?;
        let delivered = file.metadata().and_then(|metadata| metadata.modified()).ok();
        let bytes = whole(path, file)?;
        self.add(bytes, delivered.and_then(|at| Timestamp::try_from(at).ok()))
    }

    fn add(&mut self, bytes: Vec<u8>, received: Option<Timestamp>) -> Result<(), Failure> {
        self.bytes += bytes.len();
        let payload = Payload::Mail { silent: self.silent, oversize: None, signature: Signature::None };
        self.waiting.push(Asked { payload, raw: Some(bytes), received });
        if self.waiting.len() == GROUP || self.bytes > WAITING_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Failure> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.bytes = 0;
        let decisions = self.desk.ask(std::mem::take(&mut self.waiting))?;
        decisions.iter().for_each(|decision| self.tally.add(decision));
        self.progress.set_message(self.tally.to_string());
        self.progress.tick();
        Ok(())
    }
}

fn whole(path: &Path, input: impl Read) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = input.take(MESSAGE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| unreadable(path, &error))?;
    if read as u64 > MESSAGE_BYTES {
        let sentence = format!("{} is larger than 256 MB: such a message is not taken in.", path.display());
        return Err(Failure::new(Exit::Data, sentence));
    }
    Ok(bytes)
}
