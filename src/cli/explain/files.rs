//! The files that are explained: read side by side, told in their order.

use std::fs::File;
use std::io::Read;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::thread::available_parallelism;

use super::read;
use crate::cli::{ingest, show};
use crate::diagnostics::plain;
use crate::mail::{Circumstances, Reading};

/// Bytes of one file that are looked at: more than any server takes (L10).
const FILE_BYTES: u64 = 256 * 1024 * 1024;
/// Readings of one reader that wait to be told.
const WAITING: usize = 16;

/// Reads every file, and those in folders that are Maildirs, on all processors. Tells what came of each, or why it
/// cannot be read, in their order, as long as `tell` says that somebody listens.
pub fn each(
    named: &[PathBuf],
    circumstances: &Circumstances,
    mut tell: impl FnMut(&Path, Result<Reading, String>) -> bool,
) {
    let paths: Vec<PathBuf> = named.iter().flat_map(|path| within(path)).collect();
    let readers = available_parallelism().map_or(1, NonZero::get).min(paths.len());
    std::thread::scope(|scope| {
        let lane = |first: usize| {
            let (ready, lane) = sync_channel(WAITING);
            let mut share = paths.iter().skip(first).step_by(readers.max(1));
            // Nobody listens any more when the receiver is gone.
            scope.spawn(move || share.all(|path| ready.send(bytes(path).map(|raw| read(&raw, circumstances))).is_ok()));
            lane
        };
        let lanes: Vec<_> = (0..readers).map(lane).collect();
        for (path, lane) in paths.iter().zip(lanes.iter().cycle()) {
            let reading = lane.recv().expect("a reader reads all of its share");
            if !tell(path, reading) {
                break;
            }
        }
    });
}

/// The file itself, or the mails of a Maildir. Another folder stays as it is, to be refused in its turn.
fn within(path: &Path) -> Vec<PathBuf> {
    let mails = if path.is_dir() { ingest::maildir(path).ok() } else { None };
    mails.unwrap_or_else(|| vec![path.to_owned()])
}

/// Why it cannot be read is a half sentence for people.
fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let mut raw = Vec::new();
    let mut all = |file: &mut dyn Read| file.take(FILE_BYTES + 1).read_to_end(&mut raw);
    let read = match path.to_str() {
        Some("-") => all(&mut std::io::stdin().lock()),
        _ if path.is_dir() => {
            return Err("it is a folder and no Maildir; name the files in it instead".to_owned());
        }
        _ => File::open(path).and_then(|mut file| all(&mut file)),
    };
    if read.map_err(|error| plain(&error))? as u64 > FILE_BYTES {
        raw.truncate(usize::try_from(FILE_BYTES).expect("it fits into memory"));
        show::remark(&format!("{} is very large: only its first 256 MB are looked at.", path.display()));
    }
    Ok(raw)
}
