//! One TOML file, what was found about it, and which keys were asked for.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use toml::de::{DeTable, Error};

use super::{Diagnostics, Finding, Place, Related, Section, Severity, Span, hide, nearest};

/// Bytes of the largest file that is read: nobody writes more, and a log file named by mistake has more.
pub const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Findings about one file that are kept: who has made so many mistakes has named the wrong file.
const MAX_FINDINGS: usize = 200;

/// One TOML file that is being read. Whatever is wrong with it is reported here and never stops the reading.
pub struct Source {
    file: String,
    text: Arc<str>,
    findings: RefCell<Vec<Finding>>,
    /// Lines with a syntax error: what else seems wrong there is only its consequence.
    broken: RefCell<BTreeSet<usize>>,
    /// The line from which on brackets do not match: what stands after it may have been taken for something else.
    astray: Cell<Option<usize>>,
    /// By the section's path: the keys that were asked for, which are the keys that exist.
    known: RefCell<BTreeMap<String, BTreeSet<&'static str>>>,
    unknown: RefCell<Vec<UnknownKey>>,
    secrets: RefCell<Vec<Span>>,
    /// The worst of the findings beyond [`MAX_FINDINGS`].
    further: Cell<Option<Severity>>,
}

/// A key that nobody asked for.
pub(super) struct UnknownKey {
    /// Of its section: `mailbox.password`.
    pub path: String,
    /// Of its section, as written: `[[mailbox]]`.
    pub title: String,
    pub key: String,
    pub is_section: bool,
    pub span: Span,
}

impl Source {
    pub fn new(file: impl Into<String>, text: impl Into<Arc<str>>) -> Source {
        Source {
            file: file.into(),
            text: text.into(),
            findings: RefCell::default(),
            broken: RefCell::default(),
            astray: Cell::default(),
            known: RefCell::default(),
            unknown: RefCell::default(),
            secrets: RefCell::default(),
            further: Cell::default(),
        }
    }

    /// Reads the file at `path`.
    ///
    /// # Errors
    /// When it cannot be read, is larger than [`MAX_FILE_BYTES`], or is not UTF-8.
    pub fn open(path: &Path) -> Result<Source, Diagnostics> {
        let file = path.display().to_string();
        let fault = |finding: Finding| Diagnostics::from(finding.in_file(&*file));
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|opened| opened.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
            .map_err(|error| fault(unreadable(&error)))?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            let finding = Finding::error(format!("this file is larger than {MAX_FILE_BYTES} bytes"));
            return Err(fault(finding.help("name the file that you wrote, not a log or a database")));
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Source::new(file, text)),
            Err(error) => {
                let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
                let finding = Finding::error(format!("line {line} is not UTF-8 text"));
                Err(fault(finding.help("save the file in the encoding UTF-8")))
            }
        }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn file(&self) -> &str {
        &self.file
    }

    /// Parses the file and walks over what could be understood of it; what stands there and was not asked for is
    /// reported by [`Source::diagnostics`].
    pub fn read<T>(&self, walk: impl FnOnce(&Section<'_>) -> T) -> T {
        let mended = self.mended();
        let (table, errors) = DeTable::parse_recoverable(&mended);
        self.report_syntax(&errors);
        let section = Section::top(self, table.get_ref());
        let value = walk(&section);
        section.finish();
        value
    }

    /// The text of line `number`, from 1, without the space around it.
    pub fn line(&self, number: usize) -> Span {
        let start = self.text.split_inclusive('\n').take(number.saturating_sub(1)).map(str::len).sum::<usize>();
        let line = self.text[start..].lines().next().unwrap_or_default();
        let indent = line.len() - line.trim_start().len();
        Span { start: start + indent, end: start + line.trim_end().len().max(indent) }
    }

    /// The text with every line that would end the parser's attention made a comment, so that the rest is read too.
    fn mended(&self) -> Cow<'_, str> {
        let (_, errors) = DeTable::parse_recoverable(&self.text);
        let ends = |error: &&Error| error.message().contains("no value") || error.message().contains("missing value");
        let mut mended = Cow::Borrowed(&*self.text);
        for error in errors.iter().filter(ends) {
            let at = self.shown(error.span().map_or(Span { start: 0, end: 0 }, Span::from)).start;
            let start = self.text[..at].rfind('\n').map_or(0, |end| end + 1);
            let first = self.text[start..].chars().next().filter(|first| *first != '\n');
            if let Some(first) = first {
                mended.to_mut().replace_range(start..start + first.len_utf8(), &"#".repeat(first.len_utf8()));
            }
        }
        if let Cow::Owned(_) = mended {
            self.report_syntax(&errors);
        }
        mended
    }

    fn report_syntax(&self, errors: &[Error]) {
        for error in errors {
            if self.is_full(Severity::Error) {
                continue;
            }
            let span = self.shown(error.span().map_or(Span { start: 0, end: 0 }, Span::from));
            let place = self.place(span);
            if error.message().starts_with("unclosed") || error.message().starts_with("missing comma") {
                self.astray.set(Some(self.astray.get().map_or(place.line, |line| line.min(place.line))));
            }
            if self.broken.borrow_mut().insert(place.line) {
                let (message, help) = explained(error.message(), &self.text, span);
                let mut finding = Finding::error(message);
                finding.help = help.map(str::to_owned);
                self.push(Finding { place: Some(place), ..finding });
            }
        }
    }

    /// Adds a finding about the file as a whole.
    pub fn report(&self, finding: Finding) {
        if !self.is_full(finding.severity) {
            self.push(finding);
        }
    }

    /// Adds a finding about `span`.
    pub fn report_at(&self, span: Span, finding: Finding) {
        if self.is_full(finding.severity) {
            return;
        }
        let place = self.place(self.shown(span));
        let doubtful = self.astray.get().is_some_and(|line| place.line >= line);
        if !doubtful && !self.broken.borrow().contains(&place.line) {
            self.push(Finding { place: Some(place), ..finding });
        }
    }

    /// Adds a finding about `span` that has to do with what stands at `other`.
    pub fn report_twice(&self, span: Span, finding: Finding, other: Span, label: impl Into<String>) {
        if self.is_full(finding.severity) {
            return;
        }
        let related = Related { place: self.place(self.shown(other)), label: label.into() };
        self.report_at(span, Finding { related: Some(related), ..finding });
    }

    /// What stands at `span` is never shown.
    pub fn hide(&self, span: Span) {
        self.secrets.borrow_mut().push(span);
    }

    /// Every key that was asked for, with its sections before it: `mailbox.password.env`.
    pub fn known_keys(&self) -> BTreeSet<String> {
        let known = self.known.borrow();
        let full = |path: &String, key: &&str| if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
        known.iter().flat_map(|(path, keys)| keys.iter().map(move |key| full(path, key))).collect()
    }

    /// All that was found, in the order of the file.
    pub fn diagnostics(self) -> Diagnostics {
        for unknown in self.unknown.take() {
            if !self.is_full(Severity::Error) {
                self.report_at(unknown.span, self.explain_unknown(&unknown));
            }
        }
        if let Some(severity) = self.further.get() {
            let message = format!("more than {MAX_FINDINGS} things are wrong with this file");
            self.push(
                Finding::new(severity, message)
                    .help("the others are shown when these are put right; or is this another file?"),
            );
        }
        let mut findings = self.findings.take();
        if findings.is_empty() {
            return Diagnostics::default();
        }
        let text = hide::masked(&self.text, &self.secrets.borrow());
        findings.sort_by_key(|finding| finding.place);
        for finding in &mut findings {
            finding.text = text.clone();
        }
        Diagnostics { findings }
    }

    pub(super) fn ask(&self, path: &str, key: &'static str) {
        self.known.borrow_mut().entry(path.to_owned()).or_default().insert(key);
    }

    pub(super) fn add_unknown(&self, unknown: UnknownKey) {
        self.unknown.borrow_mut().push(unknown);
    }

    /// False after a syntax error: then something may be missing only because it was not understood.
    pub fn is_whole(&self) -> bool {
        self.broken.borrow().is_empty()
    }

    fn explain_unknown(&self, unknown: &UnknownKey) -> Finding {
        let known = self.known.borrow();
        let allowed = known.get(&unknown.path).cloned().unwrap_or_default();
        let finding = Finding::error(match unknown.is_section {
            true => format!("unknown section `{}` in {}", unknown.key, unknown.title),
            false => format!("unknown key `{}` in {}", unknown.key, unknown.title),
        });
        let elsewhere = known.iter().find(|(path, keys)| **path != unknown.path && keys.contains(&*unknown.key));
        match (nearest(&unknown.key, allowed.iter().copied()), elsewhere) {
            (_, Some((path, _))) if path.is_empty() => {
                finding.label("this belongs at the top of the file, before the first `[section]`")
            }
            (Some(near), _) => finding.label(format!("did you mean `{near}`?")),
            (None, Some((path, _))) => finding.label(format!("this is a key of `{path}`")),
            (None, None) => {
                let list = allowed.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
                finding.label("nothing reads this").help(format!("the keys here are {list}"))
            }
        }
    }

    /// Whether there is no room for a further finding; remembers how grave it would have been.
    fn is_full(&self, severity: Severity) -> bool {
        let full = self.findings.borrow().len() >= MAX_FINDINGS;
        if full {
            self.further.set(self.further.get().max(Some(severity)));
        }
        full
    }

    fn push(&self, finding: Finding) {
        let file = if finding.file.is_empty() { self.file.clone() } else { finding.file };
        self.findings.borrow_mut().push(Finding { file, ..finding });
    }

    /// `span` inside the text and on character boundaries, whatever was asked; without the line ends around it.
    fn shown(&self, span: Span) -> Span {
        let end = self.text.floor_char_boundary(span.end.min(self.text.len()));
        let start = self.text.floor_char_boundary(span.start.min(end));
        let plain = self.text[start..end].trim_end_matches(['\n', '\r']);
        Span { start, end: start + plain.len() }
    }

    fn place(&self, span: Span) -> Place {
        let before = &self.text[..span.start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Place {
            line: 1 + before.bytes().filter(|byte| *byte == b'\n').count(),
            column: 1 + before[line_start..].chars().count(),
            span,
        }
    }
}

/// Why a file cannot be read, with the remedy for the common causes.
pub(crate) fn unreadable(error: &std::io::Error) -> Finding {
    use std::io::ErrorKind;

    let help = match error.kind() {
        ErrorKind::NotFound => "create it, or correct the name",
        ErrorKind::PermissionDenied => "let the user that Postcase runs as read it (chown, chmod)",
        ErrorKind::IsADirectory => "name a file, not a folder",
        _ => "make it readable for the user that Postcase runs as",
    };
    Finding::error(format!("cannot read this: {}", plain(error))).help(help)
}

/// An I/O error as people say it: without the number.
pub(crate) fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or(&text);
    let mut characters = words.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}

/// A syntax error at `span` in words for people, where the parser speaks of its grammar.
fn explained(message: &str, text: &str, span: Span) -> (String, Option<&'static str>) {
    let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    let (message, help) = if line.contains(['“', '”', '„', '‘', '’']) && message.contains("quoted") {
        ("these are not the quotes of TOML", "use straight quotes: \"like this\"")
    } else if message.contains("escape") {
        ("a backslash has a meaning of its own in double quotes", "use single quotes: '\\d', 'C:\\mail'")
    } else if message.starts_with("invalid basic string") || message.starts_with("invalid literal string") {
        ("this text has no closing quote", "write text in quotes, on one line: \"like this\"")
    } else if message.starts_with("string values must be quoted") {
        ("this is neither text in quotes nor a number, nor `true` or `false`", "write text in quotes: \"like this\"")
    } else if message.starts_with("duplicate key") {
        (
            "this stands here for the second time",
            "keep one of the two; where several of a kind may stand, write `[[name]]`",
        )
    } else if message.starts_with("key with no value") {
        ("a `=` and a value are missing here", "write `key = value`, with text in quotes")
    } else if message.starts_with("unclosed array table") {
        ("this header is not closed", "write `[[name]]`")
    } else if message.starts_with("unclosed table") {
        ("this header is not closed", "write `[name]`")
    } else {
        return (message.to_owned(), None);
    };
    (message.to_owned(), Some(help))
}
