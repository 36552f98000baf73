//! `postcase case attachments`: the files that people sent, byte for byte.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::desk::Desk;
use super::failure::{Exit, Failure};
use super::show::{self, say};
use crate::case::CaseNumber;
use crate::diagnostics::plain;
use crate::mail::{Attachment, attachment_bytes};

/// Files of one name in one folder, at most; more is no folder for people any more.
const NAMESAKES: u32 = 10_000;

/// Saves the attachments of a case, or those of one name, into `folder`.
pub fn save(desk: &Desk, number: u64, folder: &Path, name: Option<&str>) -> Result<Exit, Failure> {
    let store = desk.store()?;
    let case = store.case(CaseNumber(number))?.ok_or_else(|| {
        let sentence = format!("There is no case {number}. `postcase case list` shows the cases there are.");
        Failure::new(Exit::NoInput, sentence)
    })?;
    let mut saved = 0;
    for post in &case.posts {
        let wanted: Vec<&Attachment> =
            post.attachments.iter().filter(|part| name.is_none_or(|name| part.name == name)).collect();
        if wanted.is_empty() {
            continue;
        }
        let raw = store.raw(post.entry)?.unwrap_or_default();
        for part in wanted {
            let path = write_new(folder, &part.name, &attachment_bytes(&raw, part))?;
            say!("{}", show::one_line(&path.display().to_string()));
            saved += 1;
        }
    }
    if saved == 0 {
        let which = name.map(|name| format!(" named {name}")).unwrap_or_default();
        return Err(Failure::new(Exit::NoInput, format!("Case {number} has no attachments{which}.")));
    }
    Ok(Exit::Done)
}

/// Writes a new file: `photo.jpg`, or `photo (2).jpg` when that is there already. The name was cleaned when the
/// message was read: it has no path in it (B18).
fn write_new(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, Failure> {
    let (stem, extension) =
        name.rsplit_once('.').map_or((name, String::new()), |(stem, end)| (stem, format!(".{end}")));
    for namesake in 1..=NAMESAKES {
        let path = match namesake {
            1 => folder.join(name),
            number => folder.join(format!("{stem} ({number}){extension}")),
        };
        let written = match OpenOptions::new().write(true).create_new(true).open(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            opened => opened.and_then(|mut file| file.write_all(bytes)),
        };
        return written.map(|()| path.clone()).map_err(|error| {
            let sentence =
                format!("{} cannot be written: {}. Check the folder and its owner.", path.display(), plain(&error));
            Failure::new(Exit::Create, sentence)
        });
    }
    let sentence = format!("{} holds {NAMESAKES} files named {name} already. Choose another folder.", folder.display());
    Err(Failure::new(Exit::Create, sentence))
}
