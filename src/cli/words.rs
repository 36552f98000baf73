//! What a person wrote for a command: in the argument, in a file, or on standard input.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use super::failure::{Exit, Failure};
use super::show;
use crate::diagnostics::plain;

/// Who acts, and what they say.
#[derive(clap::Args)]
pub struct Words {
    /// Who acts: stands in the history, and in the mail beside the desk's name
    #[arg(long = "as", value_name = "NAME")]
    pub by: String,
    /// The words; without --text and --file they come from standard input
    #[arg(long, conflicts_with = "file")]
    text: Option<String>,
    /// A file with the words, - for standard input
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Words {
    /// The words; never only white space.
    pub fn text(&self) -> Result<String, Failure> {
        let text = match (&self.text, &self.file) {
            (Some(text), _) => text.clone(),
            (None, Some(path)) if path.as_os_str() != "-" => of_file(path)?,
            (None, _) => of_standard_input()?,
        };
        something(text)
    }
}

/// Refuses a text that says nothing.
pub fn something(text: String) -> Result<String, Failure> {
    if text.trim().is_empty() {
        return Err(Failure::new(Exit::Data, "The text is empty: nothing was done."));
    }
    Ok(text)
}

fn of_file(path: &Path) -> Result<String, Failure> {
    let failed = |why: &str| Failure::new(Exit::NoInput, format!("{} cannot be read: {why}.", path.display()));
    let bytes = std::fs::read(path).map_err(|error| failed(&plain(&error)))?;
    String::from_utf8(bytes)
        .map_err(|_| Failure::new(Exit::Data, format!("{} is not UTF-8: save it as UTF-8 text.", path.display())))
}

fn of_standard_input() -> Result<String, Failure> {
    if std::io::stdin().is_terminal() {
        show::remark("Write the text, then Ctrl-D on a line of its own:");
    }
    std::io::read_to_string(std::io::stdin())
        .map_err(|error| Failure::new(Exit::Data, format!("Standard input cannot be read as text: {}.", plain(&error))))
}
