//! A value of a TOML file, read as what it should be.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::SignedDuration;
use regex::{Regex, RegexBuilder};
use toml::Spanned;
use toml::de::DeValue;

use super::{Finding, Section, Source, Span, nearest};
use crate::mail::Address;

/// One value, and where it stands. Each reading method gives None when the value is not what it should be, and has
/// reported that.
#[derive(Clone)]
pub struct Value<'s> {
    source: &'s Source,
    /// With the sections before it: `mailbox.port`.
    path: String,
    value: &'s Spanned<DeValue<'s>>,
}

impl<'s> Value<'s> {
    pub(super) fn new(source: &'s Source, path: String, value: &'s Spanned<DeValue<'s>>) -> Value<'s> {
        Value { source, path, value }
    }

    pub fn span(&self) -> Span {
        self.value.span().into()
    }

    pub fn source(&self) -> &'s Source {
        self.source
    }

    /// The key, without the sections before it.
    pub fn key(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or(&self.path)
    }

    /// The text, when it is one; reports nothing.
    pub fn as_text(&self) -> Option<&'s str> {
        self.value.get_ref().as_str()
    }

    /// Reports that the value is wrong. `label` stands under it.
    pub fn wrong<T>(&self, message: impl Into<String>, label: impl Into<String>, help: Option<String>) -> Option<T> {
        let mut finding = Finding::error(message).label(label);
        finding.help = help;
        self.source.report_at(self.span(), finding);
        None
    }

    pub fn warn(&self, message: impl Into<String>, help: impl Into<String>) {
        self.source.report_at(self.span(), Finding::warning(message).help(help));
    }

    /// True for a table; reports nothing.
    pub fn is_section(&self) -> bool {
        self.value.get_ref().is_table()
    }

    /// True for a list; reports nothing.
    pub fn is_list(&self) -> bool {
        self.value.get_ref().is_array()
    }

    /// A date that stands there without quotes, as written; reports nothing.
    pub fn as_date(&self) -> Option<String> {
        self.value.get_ref().as_datetime().map(ToString::to_string)
    }

    /// The value is a secret, and is never shown.
    pub fn hide(&self) {
        self.source.hide(self.span());
    }

    /// Any text.
    pub fn text(self) -> Option<String> {
        let Some(text) = self.as_text() else { return self.mistyped("text in quotes", None) };
        Some(text.to_owned())
    }

    /// One line of text that is not empty: no control characters, no space around it, at most 500 bytes.
    pub fn line(self) -> Option<String> {
        let text = self.clone().text()?;
        let fault = if text.trim().is_empty() {
            "this is empty"
        } else if text.contains(char::is_control) {
            "this has a line end or another control character"
        } else if text.trim() != text {
            "this begins or ends with a space"
        } else if text.len() > 500 {
            "this is longer than 500 bytes"
        } else {
            return Some(text);
        };
        self.wrong(format!("`{}` must be one line of text", self.key()), fault, None)
    }

    pub fn boolean(self) -> Option<bool> {
        match self.value.get_ref() {
            DeValue::Boolean(value) => Some(*value),
            DeValue::String(text) if matches!(&**text, "true" | "false") => {
                self.mistyped("`true` or `false`", Some(format!("write {text} without quotes")))
            }
            _ => self.mistyped("`true` or `false`", None),
        }
    }

    /// A whole number within `range`.
    pub fn number<N>(self, range: RangeInclusive<N>) -> Option<N>
    where
        N: TryFrom<i128> + PartialOrd + Display + Copy,
    {
        let wanted = format!("a whole number from {} to {}", range.start(), range.end());
        let DeValue::Integer(integer) = self.value.get_ref() else {
            let quoted = self.as_text().filter(|text| text.parse::<u64>().is_ok());
            return self.mistyped(&wanted, quoted.map(|text| format!("write {text} without quotes")));
        };
        let number = i128::from_str_radix(&integer.as_str().replace('_', ""), integer.radix()).ok();
        match number.and_then(|number| N::try_from(number).ok()).filter(|number| range.contains(number)) {
            Some(number) => Some(number),
            None => self.wrong(format!("`{}` must be {wanted}", self.key()), "this is out of range", None),
        }
    }

    /// A time span like "2m", "90s" or "1h", within `range`.
    pub fn duration(self, range: RangeInclusive<Duration>) -> Option<Duration> {
        const WANTED: &str = "a time like \"90s\", \"2m\" or \"1h\"";
        if let DeValue::Integer(number) = self.value.get_ref() {
            return self.mistyped(WANTED, Some(format!("say the unit: \"{}s\" for seconds", number.as_str())));
        }
        let Some(text) = self.as_text() else { return self.mistyped(WANTED, None) };
        let parsed = text.parse::<SignedDuration>().ok().and_then(|parsed| Duration::try_from(parsed).ok());
        match parsed {
            None => {
                self.wrong(format!("`{}` must be {WANTED}", self.key()), "this is no time that is understood", None)
            }
            Some(parsed) if !range.contains(&parsed) => {
                let bounds = format!("from {} to {}", spoken(*range.start()), spoken(*range.end()));
                self.wrong(format!("`{}` must be {bounds}", self.key()), "this is out of range", None)
            }
            Some(parsed) => Some(parsed),
        }
    }

    /// A size in bytes like "25 MB", within `range`. KB, MB and GB count in steps of 1024.
    pub fn size(self, range: RangeInclusive<u64>) -> Option<u64> {
        const WANTED: &str = "a size like \"25 MB\" or \"512 KB\"";
        if let DeValue::Integer(number) = self.value.get_ref() {
            return self.mistyped(WANTED, Some(format!("say the unit: \"{} B\" for bytes", number.as_str())));
        }
        let Some(text) = self.as_text() else { return self.mistyped(WANTED, None) };
        match bytes(text) {
            None => {
                self.wrong(format!("`{}` must be {WANTED}", self.key()), "this is no size that is understood", None)
            }
            Some(size) if !range.contains(&size) => {
                let bounds = format!("from {} to {}", spoken_size(*range.start()), spoken_size(*range.end()));
                self.wrong(format!("`{}` must be {bounds}", self.key()), "this is out of range", None)
            }
            Some(size) => Some(size),
        }
    }

    /// A mail address, without a name beside it.
    pub fn address(self) -> Option<Address> {
        const EXAMPLE: &str = "write it like \"support@example.com\"";
        let Some(text) = self.as_text() else { return self.mistyped("a mail address", Some(EXAMPLE.to_owned())) };
        match Address::parse(text) {
            Some(address) if !text.contains(['<', '>']) => Some(address),
            Some(_) | None => {
                let message = format!("`{}` must be a mail address", self.key());
                self.wrong(message, "this is not a mail address", Some(EXAMPLE.to_owned()))
            }
        }
    }

    /// One of the named values.
    pub fn choice<T: Clone>(self, choices: &[(&str, T)]) -> Option<T> {
        let list = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        let Some(text) = self.as_text() else { return self.mistyped(&format!("one of {list}"), None) };
        let label = match choices.iter().find(|(name, _)| *name == text) {
            Some((_, value)) => return Some(value.clone()),
            None => nearest(text, choices.iter().map(|(name, _)| *name))
                .map_or_else(|| "this is none of them".to_owned(), |near| format!("did you mean \"{near}\"?")),
        };
        self.wrong(format!("`{}` must be one of {list}", self.key()), label, None)
    }

    /// A list, of which wrong elements are reported and left out.
    pub fn list<T>(self, mut read: impl FnMut(Value<'s>) -> Option<T>) -> Option<Vec<T>> {
        let DeValue::Array(elements) = self.value.get_ref() else {
            let help = self.as_text().map(|text| format!("write it in brackets: [\"{}\"]", text.escape_debug()));
            return self.mistyped("a list in [brackets]", help);
        };
        let element = |value| Value::new(self.source, self.path.clone(), value);
        Some(elements.iter().filter_map(|value| read(element(value))).collect())
    }

    /// A regular expression, without regard to case, as [`regex`] has them.
    pub fn regex(self) -> Option<Regex> {
        let pattern = self.clone().text()?;
        let built = RegexBuilder::new(&pattern).case_insensitive(true).size_limit(1 << 20).build();
        let Err(error) = built else { return built.ok() };
        let (span, reason) = match regex_syntax::parse(&pattern) {
            Err(regex_syntax::Error::Parse(fault)) => (Some(*fault.span()), fault.kind().to_string()),
            Err(regex_syntax::Error::Translate(fault)) => (Some(*fault.span()), fault.kind().to_string()),
            Err(_) | Ok(_) => (None, error.to_string()),
        };
        let at = span.and_then(|span| self.inside(&pattern, span.start.offset, span.end.offset)).unwrap_or(self.span());
        let finding = Finding::error(format!("`{}` is not a regular expression: {reason}", self.key()));
        let help = "put a backslash before a character that is meant literally, and the whole in single quotes";
        self.source.report_at(at, finding.label("here").help(help));
        None
    }

    /// Reads it as a table in braces.
    pub fn section<T>(self, wanted: &str, read: impl FnOnce(&Section<'s>) -> Option<T>) -> Option<T> {
        if !self.is_section() {
            return self.mistyped(wanted, None);
        }
        let section = self.as_section()?;
        let value = read(&section);
        section.finish();
        value
    }

    pub(super) fn as_section(&self) -> Option<Section<'s>> {
        match self.value.get_ref() {
            DeValue::Table(table) => Some(Section::nested(self.source, table, self.path.clone(), self.span())),
            _ => self.mistyped(&format!("a section `[{}]`", self.path), None),
        }
    }

    pub(super) fn as_sections(&self, key: &str) -> Option<Vec<Section<'s>>> {
        let wanted = format!("sections, each under `[[{key}]]`");
        let elements = match self.value.get_ref() {
            DeValue::Array(elements) => elements,
            DeValue::Table(_) => return self.mistyped(&wanted, Some(format!("write `[[{}]]`", self.path))),
            _ => return self.mistyped(&wanted, None),
        };
        let element = |value| Value::new(self.source, self.path.clone(), value).as_section();
        Some(elements.iter().filter_map(element).collect())
    }

    pub(super) fn mistyped<T>(&self, wanted: &str, help: Option<String>) -> Option<T> {
        let found = match self.value.get_ref() {
            DeValue::String(_) => "text",
            DeValue::Integer(_) => "a number",
            DeValue::Float(_) => "a number with a fraction",
            DeValue::Boolean(_) => "`true` or `false`",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a section",
        };
        self.wrong(format!("`{}` must be {wanted}", self.key()), format!("this is {found}"), help)
    }

    /// Where bytes `start..end` of the text stand in the file; None where escapes make that hard to say.
    fn inside(&self, text: &str, start: usize, end: usize) -> Option<Span> {
        let whole = self.span();
        let written = self.source.text().get(whole.start..whole.end)?;
        let at = whole.start + written.find(text)?;
        Some(Span { start: at + start, end: at + end })
    }
}

/// Bytes that "25 MB" stands for.
fn bytes(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    let unit: u64 = match text[digits..].trim().to_ascii_lowercase().as_str() {
        "b" => 1,
        "kb" | "kib" => 1 << 10,
        "mb" | "mib" => 1 << 20,
        "gb" | "gib" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(unit)
}

fn spoken(duration: Duration) -> String {
    SignedDuration::try_from(duration).map_or_else(|_| format!("{duration:?}"), |duration| format!("{duration:#}"))
}

/// A size as a person writes it: `50 MB`.
pub fn spoken_size(bytes: u64) -> String {
    let units = [(1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "KB")];
    let unit = units.into_iter().find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit));
    unit.map_or_else(|| format!("{bytes} B"), |(unit, name)| format!("{} {name}", bytes / unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_spoken() {
        let sizes = [("25 MB", Some(25 << 20)), ("512kb", Some(512 << 10)), ("7 B", Some(7)), ("1 GiB", Some(1 << 30))];
        let none = ["", "25", "MB", "-1 MB", "1.5 MB", "25 mails", "99999999999999999999 GB", "17179869184 GB"];
        for (text, size) in sizes.into_iter().chain(none.map(|text| (text, None))) {
            assert_eq!(bytes(text), size, "{text}");
        }
        assert_eq!([50 << 20, 64 << 10, 1000].map(spoken_size), ["50 MB", "64 KB", "1000 B"]);
    }

    #[test]
    fn times_are_read() {
        let cases = [
            ("90s", Some(90)),
            ("2m", Some(120)),
            ("1h", Some(3600)),
            ("1h 30m", Some(5400)),
            ("2 minutes", Some(120)),
            ("-1m", None),
            ("", None),
            ("5", None),
        ];
        for (text, seconds) in cases {
            let source = Source::new("times.toml", format!("time = '{text}'"));
            let read = |value: Value<'_>| value.duration(Duration::ZERO..=Duration::MAX);
            let duration = source.read(|top| top.optional("time", read));
            assert_eq!(duration.map(|duration| duration.as_secs()), seconds, "{text}");
            assert_eq!(source.diagnostics().is_empty(), seconds.is_some(), "{text}");
        }
    }
}
