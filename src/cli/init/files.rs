//! The files of a new desk: the samples, which are the manual, with the answers in their places. All of them are there
//! in the end, or none.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::answers::{Account, Answers, Security};
use crate::cli::check;
use crate::cli::failure::{Exit, Failure};
use crate::diagnostics::plain;

const CONFIG: &str = include_str!("../../../deploy/postcase.toml");
const DESK: &str = include_str!("../../../rules/desk.toml");
const STAFF: &str = include_str!("../../../rules/staff.toml");
const README: &str = include_str!("../../../rules/README.md");

const IMAP_PASSWORD: &str = "imap.password";
const SMTP_PASSWORD: &str = "smtp.password";

/// What may be there already, beside the configuration.
fn all(path: &Path) -> Vec<PathBuf> {
    let folder = folder(path);
    let names = [IMAP_PASSWORD, SMTP_PASSWORD, "rules/desk.toml", "rules/staff.toml", "rules/README.md"];
    std::iter::once(path.to_owned()).chain(names.map(|name| folder.join(name))).collect()
}

fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

/// Where no database can be made nothing else is.
pub fn refuse_database(path: &Path, answers: &Answers) -> Result<(), Failure> {
    let database = folder(path).join(&answers.database);
    // This folder will be made.
    if database.parent() == Some(folder(path)) && !folder(path).exists() {
        return Ok(());
    }
    check::database(&database)
        .map(|_| ())
        .map_err(|failure| Failure::new(failure.exit, format!("{} Nothing was written.", failure.message())))
}

/// Before anything is asked.
pub fn refuse_existing(path: &Path, force: bool) -> Result<(), Failure> {
    let there: Vec<String> =
        all(path).iter().filter(|file| file.exists()).map(|file| file.display().to_string()).collect();
    if there.is_empty() || force {
        return Ok(());
    }
    let (is, it) = if there.len() == 1 { ("is", "it") } else { ("are", "them") };
    let sentence = format!(
        "{} {is} there already, and left as {is_it}. Name another file with --config, or say --force to replace {it}: each \
         is kept as FILE.before-init.",
        there.join(", "),
        is_it = if there.len() == 1 { "it is" } else { "they are" },
    );
    Err(Failure::new(Exit::Create, sentence))
}

/// `postcase.toml`.
pub fn config_text(path: &Path, answers: &Answers) -> String {
    let mut text = Text(CONFIG.to_owned());
    text.set("", "database", &quoted(&answers.database));
    text.set("[[mailbox]]", "name", &quoted(&mailbox_name(answers)));
    text.set("[[mailbox]]", "address", &quoted(answers.address.as_str()));
    text.server("[[mailbox]]", &answers.imap, answers.ca_file.as_deref());
    if answers.imap.user != answers.address.as_str() {
        text.set("[[mailbox]]", "user", &quoted(&answers.imap.user));
    }
    text.set("[[mailbox]]", "password", &format!("{{ file = {} }}", quoted(IMAP_PASSWORD)));
    if answers.folder != "INBOX" {
        text.set("[[mailbox]]", "folder", &quoted(&answers.folder));
    }
    text.server("[smtp]", &answers.smtp, answers.ca_file.as_deref());
    if answers.smtp_login {
        text.set("[smtp]", "user", &quoted(&answers.smtp.user));
        text.set("[smtp]", "password", &format!("{{ file = {} }}", quoted(SMTP_PASSWORD)));
    } else {
        text.unset("[smtp]", "user");
        text.unset("[smtp]", "password");
    }
    debug_assert!(path.is_absolute(), "relative paths in the file are relative to its folder");
    text.0
}

fn desk_text(answers: &Answers) -> String {
    let mut text = Text(DESK.to_owned());
    text.set("[desk]", "name", &quoted(&answers.name));
    text.set("[desk]", "address", &quoted(answers.address.as_str()));
    text.0
}

/// Of the address's local part, where that is a word.
fn mailbox_name(answers: &Answers) -> String {
    let local = answers.address.local_part();
    let proper = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if local.chars().all(proper) && (1..=64).contains(&local.len()) { local.to_owned() } else { "support".to_owned() }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A sample that is being filled in; its comments stay.
struct Text(String);

impl Text {
    fn server(&mut self, section: &str, account: &Account, ca_file: Option<&Path>) {
        self.set(section, "host", &quoted(&account.host));
        if account.security != Security::Tls {
            self.set(section, "security", &quoted(account.security.name()));
        }
        if let Some(port) = account.port {
            self.set(section, "port", &port.to_string());
        }
        if let Some(ca_file) = ca_file {
            self.set(section, "ca_file", &quoted(&ca_file.display().to_string()));
        }
    }

    /// In the place of the key's line, commented or not.
    fn set(&mut self, section: &str, key: &str, value: &str) {
        let at = self.find(section, key).expect("every key stands in the sample");
        self.replace(at, format!("{key} = {value}"));
    }

    /// The key's line becomes a comment.
    fn unset(&mut self, section: &str, key: &str) {
        let at = self.find(section, key).expect("every key stands in the sample");
        let line = format!("# e.g. {}", self.0.lines().nth(at).unwrap_or_default().trim_start_matches("# e.g. "));
        self.replace(at, line);
    }

    /// The line of a key: as it counts, else as a commented default, else as an example.
    fn find(&self, section: &str, key: &str) -> Option<usize> {
        let mut here = "";
        let mut lines = Vec::new();
        for (at, line) in self.0.lines().enumerate() {
            if line.starts_with('[') {
                here = line.trim();
            } else if here == section {
                lines.push((at, line));
            }
        }
        ["", "# ", "# e.g. "].iter().find_map(|lead| {
            let begins = format!("{lead}{key} = ");
            lines.iter().find(|(_, line)| line.starts_with(&begins)).map(|(at, _)| *at)
        })
    }

    fn replace(&mut self, at: usize, line: String) {
        let mut lines: Vec<&str> = self.0.lines().collect();
        lines[at] = &line;
        self.0 = lines.join("\n") + "\n";
    }
}

/// Writes all files, or none. Returns them.
pub fn write(path: &Path, answers: &Answers) -> Result<Vec<PathBuf>, Failure> {
    let folder = folder(path);
    let mut staged = Staged::default();
    staged.folder(folder)?;
    staged.folder(&folder.join("rules"))?;
    const OPEN: u32 = 0o640;
    const SECRET: u32 = 0o600;
    staged.file(&folder.join(IMAP_PASSWORD), &format!("{}\n", answers.imap.password), SECRET)?;
    if answers.smtp_login {
        staged.file(&folder.join(SMTP_PASSWORD), &format!("{}\n", answers.smtp.password), SECRET)?;
    }
    staged.file(&folder.join("rules/desk.toml"), &desk_text(answers), OPEN)?;
    staged.file(&folder.join("rules/staff.toml"), STAFF, OPEN)?;
    staged.file(&folder.join("rules/README.md"), README, OPEN)?;
    staged.file(path, &config_text(path, answers), OPEN)?;
    staged.appear()
}

/// Files under other names, until all of them are whole. What is left of it when it is dropped is removed.
#[derive(Default)]
struct Staged {
    folders: Vec<PathBuf>,
    files: Vec<PathBuf>,
    /// How many of them have their own names.
    there: usize,
    done: bool,
}

impl Staged {
    fn folder(&mut self, folder: &Path) -> Result<(), Failure> {
        if folder.is_dir() {
            return Ok(());
        }
        std::fs::create_dir(folder).map_err(|error| cannot(folder, &error))?;
        self.folders.push(folder.to_owned());
        Ok(())
    }

    fn file(&mut self, path: &Path, text: &str, mode: u32) -> Result<(), Failure> {
        let unfinished = ending(path, ".unfinished");
        let _ = std::fs::remove_file(&unfinished);
        self.files.push(path.to_owned());
        let written =
            OpenOptions::new().write(true).create_new(true).mode(mode).open(&unfinished).and_then(|mut file| {
                file.write_all(text.as_bytes())?;
                file.sync_all()
            });
        written.map_err(|error| cannot(path, &error))
    }

    fn appear(mut self) -> Result<Vec<PathBuf>, Failure> {
        for path in self.files.clone() {
            if path.exists() {
                std::fs::rename(&path, ending(&path, ".before-init")).map_err(|error| cannot(&path, &error))?;
            }
            std::fs::rename(ending(&path, ".unfinished"), &path).map_err(|error| cannot(&path, &error))?;
            self.there += 1;
        }
        for folder in self.files.iter().filter_map(|file| file.parent()) {
            // Whoever cannot sync a folder has the files all the same.
            let _ = File::open(folder).and_then(|folder| folder.sync_all());
        }
        self.done = true;
        Ok(self.files.clone())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        for (at, path) in self.files.iter().enumerate() {
            let _ = std::fs::remove_file(ending(path, ".unfinished"));
            if at < self.there {
                let _ = std::fs::remove_file(path);
            }
            let _ = std::fs::rename(ending(path, ".before-init"), path);
        }
        for folder in self.folders.iter().rev() {
            let _ = std::fs::remove_dir(folder);
        }
    }
}

fn ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn cannot(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Exit::Create, format!("{} cannot be made: {}. Nothing was written.", path.display(), plain(error)))
}
