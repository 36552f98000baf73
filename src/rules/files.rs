//! The files of `rules/`, read once: what is compared, compiled and kept is the same text.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::diagnostics::{Diagnostics, Finding, Source, plain, unreadable};

/// The files that have a form of their own; every other `.toml` holds `[[rule]]`.
pub(super) const FORMS: [&str; 2] = ["desk.toml", "staff.toml"];
/// Where templates are, within the folder.
const TEMPLATES: &str = "templates";
/// Files that are read, at most: who has more has named the wrong folder.
const MAX_FILES: usize = 500;

/// What stands in a folder of rules. Two that are equal make the same policy, or the same mistakes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    folder: PathBuf,
    /// By name within the folder (`desk.toml`, `templates/closed.en.txt`): the text, or why there is none.
    read: BTreeMap<String, Result<String, Diagnostics>>,
    /// Folders that could not be listed.
    unlisted: Diagnostics,
}

impl Files {
    /// Reads the rule files in `folder`, and all in `folder/templates`; editors' leavings are passed over.
    pub fn read(folder: &Path) -> Files {
        let mut files = Files { folder: folder.to_owned(), read: BTreeMap::new(), unlisted: Diagnostics::default() };
        match names(folder) {
            Ok(names) => files.take(names.into_iter().filter(|name| name.ends_with(".toml"))),
            Err(error) => {
                files.unlisted.add(unreadable_folder(&error).in_file(folder.display().to_string()));
                return files;
            }
        }
        let templates = folder.join(TEMPLATES);
        match names(&templates) {
            Ok(names) => files.take(names.into_iter().map(|name| format!("{TEMPLATES}/{name}"))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => files.unlisted.add(unreadable(&error).in_file(templates.display().to_string())),
        }
        files
    }

    /// Files as a policy keeps them ([`super::Policy::files`]), in place of those that stand in `folder` now.
    pub fn kept(folder: &Path, texts: BTreeMap<String, String>) -> Files {
        let read = texts.into_iter().map(|(name, text)| (name, Ok(text))).collect();
        Files { folder: folder.to_owned(), read, unlisted: Diagnostics::default() }
    }

    fn take(&mut self, names: impl Iterator<Item = String>) {
        for name in names {
            if self.read.len() >= MAX_FILES {
                let finding = Finding::error(format!("there are more than {MAX_FILES} files here"));
                let finding = finding.help("keep nothing but rules and templates in this folder");
                self.unlisted.add(finding.in_file(self.folder.display().to_string()));
                return;
            }
            let text = Source::open(&self.folder.join(&name)).map(|source| source.text().to_owned());
            self.read.insert(name, text);
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Why folders could not be listed.
    pub(super) fn unlisted(&self) -> &Diagnostics {
        &self.unlisted
    }

    /// A file of this name, or why it cannot be read; None: there is none.
    pub(super) fn source(&self, name: &str) -> Option<Result<Source, Diagnostics>> {
        let read = self.read.get(name)?;
        let file = self.folder.join(name).display().to_string();
        Some(read.clone().map(|text| Source::new(file, text)))
    }

    /// The files with rules, in the order in which they are asked.
    pub(super) fn rules(&self) -> impl Iterator<Item = &str> {
        self.read.keys().map(String::as_str).filter(|name| !name.contains('/') && !FORMS.contains(name))
    }

    /// The files of templates: their names within `templates/`.
    pub(super) fn templates(&self) -> impl Iterator<Item = &str> {
        self.read.keys().filter_map(|name| name.strip_prefix(TEMPLATES)?.strip_prefix('/'))
    }

    /// The texts of all that could be read, by name within the folder.
    pub(super) fn texts(self) -> BTreeMap<String, String> {
        self.read.into_iter().filter_map(|(name, text)| Some((name, text.ok()?))).collect()
    }
}

/// The names of the files in a folder, sorted; what editors leave lying about, and folders, are passed over.
fn names(folder: &Path) -> std::io::Result<Vec<String>> {
    const LEAVINGS: [&str; 6] = ["~", ".swp", ".tmp", ".bak", ".orig", ".rej"];
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let left_over = name.starts_with(['.', '#']) || LEAVINGS.iter().any(|ending| name.ends_with(ending));
        let is_file = match entry.path().metadata() {
            Ok(found) if found.is_file() => true,
            // A folder in place of a file that must be one is told; a pipe or a device would never end.
            Ok(found) => found.is_dir() && FORMS.contains(&name.as_str()),
            // So is a link that leads nowhere.
            Err(_) => true,
        };
        if !left_over && is_file {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn unreadable_folder(error: &std::io::Error) -> Finding {
    let help = match error.kind() {
        std::io::ErrorKind::NotFound => {
            "create this folder with a `desk.toml` in it, or correct `rules` in the configuration file"
        }
        std::io::ErrorKind::NotADirectory => "`rules` in the configuration file must name a folder",
        _ => "let the user that Postcase runs as read it (`chmod a+rx`, or chown)",
    };
    Finding::error(format!("cannot read the folder of the rules: {}", plain(error))).help(help)
}
