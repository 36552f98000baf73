//! A table of a TOML file, and the keys that are asked of it.

use std::cell::RefCell;
use std::collections::BTreeSet;

use toml::de::{DeTable, DeValue};

use super::source::UnknownKey;
use super::{Finding, Source, Span, Value};

/// A table that is being read. Asking for a key makes it known; keys that nobody asked for are reported when the
/// section ends. A section that is not in the file can be asked all the same: it has no keys, so all defaults come.
pub struct Section<'s> {
    source: &'s Source,
    table: Option<&'s DeTable<'s>>,
    path: String,
    title: String,
    /// Its header, or its braces; None for the top of the file and for a section that is not there.
    span: Option<Span>,
    asked: RefCell<BTreeSet<&'static str>>,
}

impl<'s> Section<'s> {
    pub(super) fn top(source: &'s Source, table: &'s DeTable<'s>) -> Section<'s> {
        Section {
            source,
            table: Some(table),
            path: String::new(),
            title: "the file".to_owned(),
            span: None,
            asked: RefCell::default(),
        }
    }

    pub(super) fn nested(source: &'s Source, table: &'s DeTable<'s>, path: String, span: Span) -> Section<'s> {
        let title =
            if source.text()[span.start..].starts_with("[[") { format!("[[{path}]]") } else { format!("[{path}]") };
        Section { source, table: Some(table), path, title, span: Some(span), asked: RefCell::default() }
    }

    pub fn source(&self) -> &'s Source {
        self.source
    }

    /// Where findings about the section as a whole belong.
    pub fn span(&self) -> Option<Span> {
        self.span
    }

    /// Adds a finding about the section as a whole.
    pub fn report(&self, finding: Finding) {
        match self.span {
            Some(span) => self.source.report_at(span, finding),
            None => self.source.report(finding),
        }
    }

    /// As [`Section::report`], for something that is not there; says nothing after a syntax error, which may hide it.
    pub fn report_missing(&self, finding: Finding) {
        if self.source.is_whole() {
            self.report(finding);
        }
    }

    /// The value of `key`, as it stands there.
    pub fn value(&self, key: &'static str) -> Option<Value<'s>> {
        self.asked.borrow_mut().insert(key);
        self.source.ask(&self.path, key);
        let value = self.table?.get(key)?;
        Some(Value::new(self.source, self.join(key), value))
    }

    /// What `read` makes of the value of `key`; None when it is not there, or is wrong, which `read` reported.
    pub fn optional<T>(&self, key: &'static str, read: impl FnOnce(Value<'s>) -> Option<T>) -> Option<T> {
        self.value(key).and_then(read)
    }

    /// As [`Section::optional`], with the value that counts when the key is not there.
    pub fn or<T>(&self, key: &'static str, default: T, read: impl FnOnce(Value<'s>) -> Option<T>) -> T {
        self.optional(key, read).unwrap_or(default)
    }

    /// As [`Section::optional`], but that the key is missing is reported. `example` is a line that would be right.
    pub fn required<T>(
        &self,
        key: &'static str,
        example: &str,
        read: impl FnOnce(Value<'s>) -> Option<T>,
    ) -> Option<T> {
        let value = self.value(key);
        if value.is_none() {
            let finding = Finding::error(format!("{} needs the key `{key}`", self.title));
            self.report_missing(
                finding.label(format!("`{key}` is missing")).help(format!("add a line like `{example}`")),
            );
        }
        value.and_then(read)
    }

    /// Reads `[key]`, which may be missing: then the section has no keys.
    pub fn section<T>(&self, key: &'static str, read: impl FnOnce(&Section<'s>) -> T) -> T {
        let found = self.value(key).and_then(|value| value.as_section());
        let section = found.unwrap_or_else(|| {
            let path = self.join(key);
            let title = format!("[{path}]");
            Section { source: self.source, table: None, path, title, span: None, asked: RefCell::default() }
        });
        let value = read(&section);
        section.finish();
        value
    }

    /// As [`Section::section`], but that it is missing is reported. `example` is a line that it would hold.
    pub fn required_section<T>(
        &self,
        key: &'static str,
        example: &str,
        read: impl FnOnce(&Section<'s>) -> Option<T>,
    ) -> Option<T> {
        if self.value(key).is_some() {
            return self.section(key, read);
        }
        let path = self.join(key);
        let finding = Finding::error(format!("the section `[{path}]` is missing"));
        self.report_missing(finding.help(format!("add `[{path}]`, and under it a line like `{example}`")));
        None
    }

    /// Reads each `[[key]]`; wrong ones are reported and left out.
    pub fn sections<T>(&self, key: &'static str, mut read: impl FnMut(&Section<'s>) -> Option<T>) -> Vec<T> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let tables = value.as_sections(key).unwrap_or_default();
        let read_one = |section: Section<'s>| {
            let value = read(&section);
            section.finish();
            value
        };
        tables.into_iter().filter_map(read_one).collect()
    }

    /// Reads `[key]`, whose keys are names that the person chooses, in the order of the file.
    pub fn entries(&self, key: &'static str, mut read: impl FnMut(&str, Span, Value<'s>)) {
        let Some(section) = self.value(key).and_then(|value| value.as_section()) else { return };
        let mut entries: Vec<_> = section.table.into_iter().flatten().collect();
        entries.sort_by_key(|(name, _)| name.span().start);
        for (name, value) in entries {
            read(name.get_ref(), name.span().into(), Value::new(self.source, section.join(name.get_ref()), value));
        }
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn finish(self) {
        let asked = self.asked.into_inner();
        for (name, value) in self.table.into_iter().flatten() {
            if !asked.contains(&**name.get_ref()) {
                self.source.add_unknown(UnknownKey {
                    path: self.path.clone(),
                    title: self.title.clone(),
                    key: name.get_ref().to_string(),
                    is_section: matches!(value.get_ref(), DeValue::Table(_)),
                    span: name.span().into(),
                });
            }
        }
    }

    /// Everything that stands in the section and is not one of `keys` may be a secret, and is never shown.
    pub fn hide_all_but(&self, keys: &[&str]) {
        for (name, value) in self.table.into_iter().flatten() {
            if !keys.contains(&&**name.get_ref()) {
                self.source.hide(value.span().into());
            }
        }
    }

    fn join(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}
