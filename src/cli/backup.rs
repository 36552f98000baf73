//! `postcase backup`: a copy of the whole desk, while it works.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::desk::{Desk, report};
use super::failure::{Exit, Failure};
use crate::case::Verb;
use crate::store::Store;

/// How long the command waits for a running daemon; the copy goes on without it.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Copy the whole desk to a file, while it works
///
/// The copy is complete and consistent; it appears under its name only when it is done. While a daemon runs, the
/// daemon writes it: the folder must be one where it may write.
#[derive(clap::Args)]
#[command(after_help = "Example:
  postcase backup /var/backups/postcase/2026-05-14.db

To go back to a backup: stop Postcase, and `postcase restore` it. Putting the file in place by hand would give out
case numbers twice.
Exit codes: 0 done, 73 the file exists or cannot be made, 75 the daemon has not come to it yet.")]
pub struct Arguments {
    /// The file to write; must not exist
    file: PathBuf,
}

pub fn run(desk: &Desk, arguments: &Arguments) -> Result<Exit, Failure> {
    let target = std::path::absolute(&arguments.file)
        .map_err(|error| Failure::new(Exit::Usage, format!("{} is no path: {error}.", arguments.file.display())))?;
    if target.exists() {
        let sentence = format!("{} exists already. Name another file, or remove it first.", target.display());
        return Err(Failure::new(Exit::Create, sentence));
    }
    let Some(text) = target.to_str() else {
        return Err(Failure::new(Exit::Usage, "The path of the backup must be UTF-8."));
    };
    if !target.parent().is_some_and(|folder| folder.is_dir()) {
        let sentence = format!("{} is in a folder that does not exist. Make it first.", target.display());
        return Err(Failure::new(Exit::Create, sentence));
    }
    let store = desk.store()?;
    let earlier = complaints(&store)?.map(|(_, times)| times);
    let decision = desk.order("postcase backup", Verb::Backup { target: text.to_owned() })?;
    let deadline = Instant::now() + PATIENCE;
    let progress = indicatif::ProgressBar::new_spinner().with_message("copying");
    while !target.exists() {
        if let Some((text, times)) = complaints(&store)?
            && Some(times) != earlier
        {
            return Err(Failure::new(Exit::Create, text));
        }
        if Instant::now() > deadline {
            return Err(Failure::new(Exit::TryAgain, "The backup is not done after an hour; see `postcase status`."));
        }
        progress.tick();
        std::thread::sleep(Duration::from_millis(50));
    }
    progress.finish_and_clear();
    report(&decision, &format!("The desk is copied to {}.", target.display()))
}

/// What stands against the last backup, and how often something did.
fn complaints(store: &Store) -> Result<Option<(String, u64)>, Failure> {
    let trouble = store.troubles()?.into_iter().find(|trouble| trouble.source == "backup");
    Ok(trouble.map(|trouble| (trouble.text, trouble.times)))
}
