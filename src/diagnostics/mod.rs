//! What is wrong with a file that a person wrote: all of it at once, in rustc's manner, with the remedy.
//!
//! A [`Source`] is one TOML file. It is walked through [`Section`]s and [`Value`]s, which report whatever is not
//! as it should be, and go on. Nothing here knows what a configuration or a rule is.

mod hide;
mod render;
mod section;
mod source;
mod value;

use std::sync::Arc;

use serde::Serialize;

pub use render::Colour;
pub use section::Section;
pub use source::{MAX_FILE_BYTES, Source};
pub(crate) use source::{plain, unreadable};
pub use value::{Value, spoken_size};

/// Bytes `start..end` of a file's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

impl From<std::ops::Range<usize>> for Span {
    fn from(range: std::ops::Range<usize>) -> Span {
        Span { start: range.start, end: range.end }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The file is taken; a person should look all the same.
    Warning,
    /// The file is not taken.
    Error,
}

/// One thing that a person should know about a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub severity: Severity,
    /// As it was named when it was opened.
    pub file: String,
    /// None when it concerns the file as a whole.
    #[serde(flatten)]
    pub place: Option<Place>,
    /// One sentence, without a full stop: what is wrong.
    pub message: String,
    /// Stands under the underlined text.
    pub label: Option<String>,
    /// What to do.
    pub help: Option<String>,
    /// Another place that has to do with it: where a name was used first.
    pub related: Option<Related>,
    /// The file's text, with secrets masked; empty until the finding is part of a [`Diagnostics`].
    #[serde(skip)]
    text: Arc<str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Related {
    #[serde(flatten)]
    pub place: Place,
    pub label: String,
}

/// All findings about the files of one loading, ordered by file and place. Display is plain text; see
/// [`Diagnostics::render`] for colour. Serializes as an array of findings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Diagnostics {
    pub findings: Vec<Finding>,
}

/// What was loaded, and what a person should know although it could be loaded.
#[derive(Debug, Clone)]
pub struct Loaded<T> {
    pub value: T,
    /// Warnings only.
    pub warnings: Diagnostics,
}

impl Finding {
    pub fn error(message: impl Into<String>) -> Finding {
        Finding::new(Severity::Error, message.into())
    }

    pub fn warning(message: impl Into<String>) -> Finding {
        Finding::new(Severity::Warning, message.into())
    }

    fn new(severity: Severity, message: String) -> Finding {
        Finding {
            severity,
            file: String::new(),
            place: None,
            message,
            label: None,
            help: None,
            related: None,
            text: Arc::from(""),
        }
    }

    /// Names the file: only for a finding about a file that is not a [`Source`].
    pub fn in_file(mut self, file: impl Into<String>) -> Finding {
        self.file = file.into();
        self
    }

    pub fn label(mut self, label: impl Into<String>) -> Finding {
        self.label = Some(label.into());
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Finding {
        self.help = Some(help.into());
        self
    }
}

impl Diagnostics {
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error)
    }

    pub fn warnings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Warning)
    }

    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    pub fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    pub fn append(&mut self, other: Diagnostics) {
        self.findings.extend(other.findings);
    }

    /// `value` if there is one and nothing is an error; a missing value without an error cannot be.
    pub fn judge<T>(self, value: Option<T>) -> Result<Loaded<T>, Diagnostics> {
        match value {
            Some(value) if self.errors().next().is_none() => Ok(Loaded { value, warnings: self }),
            Some(_) | None => Err(self),
        }
    }
}

impl From<Finding> for Diagnostics {
    fn from(finding: Finding) -> Diagnostics {
        Diagnostics { findings: vec![finding] }
    }
}

impl std::fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.render(Colour::Never))
    }
}

impl std::error::Error for Diagnostics {}

/// The one of `known` that a person most likely meant by `word`; None when nothing is near.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let fold = |text: &str| text.to_lowercase().replace('-', "_");
    let word = fold(word);
    let bound = (word.chars().count() / 3).max(1);
    let contains = |long: &str, short: &str| short.len() >= 3 && long.contains(short);
    known
        .into_iter()
        .filter_map(|candidate| {
            let folded = fold(candidate);
            let distance = strsim::damerau_levenshtein(&word, &folded);
            let near = distance <= bound || contains(&word, &folded) || contains(&folded, &word);
            near.then_some((distance, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_the_one_that_was_meant() {
        let known = ["address", "aliases", "host", "user", "per_address_hour", "port"];
        let near = |word| nearest(word, known);
        assert_eq!(near("adress"), Some("address"));
        assert_eq!(near("hostname"), Some("host"));
        assert_eq!(near("username"), Some("user"));
        assert_eq!(near("per-adress-hour"), Some("per_address_hour"));
        assert_eq!(near("prot"), Some("port"));
        assert_eq!(near("colour"), None);
        assert_eq!(near(""), None);
    }

    #[test]
    fn a_file_that_is_wrong_everywhere_is_not_told_line_by_line() {
        let text: String = (0..20_000).map(|number| format!("key{number} = wrong\n")).collect();
        for text in [text.clone(), text.replace("wrong", "1")] {
            let source = Source::new("wrong.toml", text);
            source.read(|top| top.value("right").is_some());
            let diagnostics = source.diagnostics();
            assert!(diagnostics.findings.len() < 300, "{}", diagnostics.findings.len());
            assert!(diagnostics.to_string().contains("more than"));
        }
    }
}
