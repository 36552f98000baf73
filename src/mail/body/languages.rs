//! How mail programs introduce quotations and forwards, language by language. To teach another language, add a row to
//! one of the tables.

mod east;
mod germanic;
mod romance;
mod slavic;

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use regex::Regex;

/// The words of one language, in lower case, as mail programs write them; alternatives stand between `|`. A space at
/// the end of an opening counts.
pub struct Language {
    /// What an attribution begins with: "On Monday, Anna wrote:". Weekdays, where it begins with one.
    pub openings: &'static str,
    /// What the author of a quotation did.
    pub verbs: &'static str,
    pub from: &'static str,
    /// Of the moment when mail was sent.
    pub date: &'static str,
    /// The same, in words that stand above letters, memos and bookings too.
    pub day: &'static str,
    /// To, Cc and Reply-To.
    pub to: &'static str,
    pub subject: &'static str,
    /// Lines between an answer and what it answers, without dashes.
    pub originals: &'static str,
    /// Lines above what is handed on, without dashes.
    pub forwards: &'static str,
    /// Prefixes of the subject of what is handed on.
    pub prefixes: &'static str,
    /// Beginnings of the names of the twelve months; alternatives of one month stand between `/`.
    pub months: &'static str,
    /// Beginnings of the lines that telephones and mail programs put below a text.
    pub footers: &'static str,
    /// Beginnings and ends (after `…`) of such lines, where the verb comes last.
    pub frames: &'static str,
}

/// What a line of a copied header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    From,
    Date,
    To,
    Subject,
}

fn all() -> impl Iterator<Item = &'static Language> {
    [germanic::LANGUAGES, romance::LANGUAGES, slavic::LANGUAGES, east::LANGUAGES].into_iter().flatten()
}

/// The words between `|`; a leading space goes, a trailing one is kept where it stands before `|` alone.
fn words(row: &'static str) -> impl Iterator<Item = &'static str> {
    row.split('|').filter(|word| !word.trim().is_empty())
}

/// What lines begin with, found by the first character: every line of every mail is asked.
struct ByFirst<T> {
    ascii: [Vec<T>; 128],
    others: HashMap<char, Vec<T>>,
}

impl<T> ByFirst<T> {
    fn of(rows: impl Iterator<Item = (&'static str, T)>) -> ByFirst<T> {
        let mut found = ByFirst { ascii: std::array::from_fn(|_| Vec::new()), others: HashMap::new() };
        for (word, row) in rows {
            let first = word.chars().next().unwrap_or(' ');
            match found.ascii.get_mut(first as usize) {
                Some(rows) => rows.push(row),
                None => found.others.entry(first).or_default().push(row),
            }
        }
        found
    }

    fn of_line(&self, line: &str) -> &[T] {
        let Some(first) = line.chars().next() else { return &[] };
        self.ascii.get(first as usize).or_else(|| self.others.get(&first)).map_or(&[], Vec::as_slice)
    }
}

/// Beginnings of lines, the longest first.
pub struct Beginnings(ByFirst<&'static str>);

impl Beginnings {
    pub fn of(words: impl Iterator<Item = &'static str>) -> Beginnings {
        let mut words: Vec<&'static str> = words.collect();
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        Beginnings(ByFirst::of(words.into_iter().map(|word| (word, word))))
    }

    /// The longest word with which `line` begins.
    pub fn of_line(&self, line: &str) -> Option<&'static str> {
        self.0.of_line(line).iter().find(|word| line.starts_with(**word)).copied()
    }
}

/// Beginnings of lines, each with the end that belongs to it.
pub struct Frames(ByFirst<(&'static str, &'static str)>);

impl Frames {
    /// Whether `line` begins and ends as one of them.
    pub fn hold(&self, line: &str) -> bool {
        self.0.of_line(line).iter().any(|(begins, ends)| line.starts_with(begins) && line.ends_with(ends))
    }
}

/// What attributions begin with.
pub static OPENINGS: LazyLock<Beginnings> =
    LazyLock::new(|| Beginnings::of(all().flat_map(|language| words(language.openings))));

/// What footers begin with.
pub static FOOTERS: LazyLock<Beginnings> =
    LazyLock::new(|| Beginnings::of(all().flat_map(|language| words(language.footers))));

/// How footers begin and end, where one alone says too little.
pub static FRAMES: LazyLock<Frames> = LazyLock::new(|| {
    let frames = all().flat_map(|language| words(language.frames)).filter_map(|frame| frame.split_once('…'));
    Frames(ByFirst::of(frames.map(|(begins, ends)| (begins, (begins, ends)))))
});

/// A verb of an attribution; where a language writes spaces, as the beginning of a word.
pub static VERB: LazyLock<Regex> = LazyLock::new(|| {
    let verbs = all().flat_map(|language| words(language.verbs));
    let spaced = |verb: &&str| !verb.chars().any(|c| ('\u{0e00}'..'\u{0eff}').contains(&c) || c >= '\u{1100}');
    let (spaced, other): (Vec<&str>, Vec<&str>) = verbs.partition(spaced);
    let joined = |verbs: Vec<&str>| verbs.into_iter().map(regex::escape).collect::<Vec<_>>().join("|");
    let pattern = format!(r"(?:^|[^\p{{L}}])(?:{})|{}", joined(spaced), joined(other));
    Regex::new(&pattern).expect("made of escaped words")
});

/// Names of header fields.
pub static LABELS: LazyLock<HashMap<&'static str, Label>> = LazyLock::new(|| {
    let mut labels = HashMap::new();
    for language in all() {
        let rows = [
            (Label::From, language.from),
            (Label::Date, language.date),
            (Label::Date, language.day),
            (Label::To, language.to),
            (Label::Subject, language.subject),
        ];
        for (label, row) in rows {
            for word in words(row) {
                labels.entry(word).or_insert(label);
            }
        }
    }
    labels
});

/// Names of dates that stand above letters, memos and bookings too.
pub static DAYS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| all().flat_map(|language| words(language.day)).collect());

/// Separators of answers.
pub static ORIGINALS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| all().flat_map(|language| words(language.originals)).collect());

/// Separators of forwards.
pub static FORWARDS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| all().flat_map(|language| words(language.forwards)).collect());

/// Subject prefixes of forwards, without the colon.
pub static PREFIXES: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| all().flat_map(|language| words(language.prefixes)).collect());

/// Beginnings of month names with their numbers, longest first.
pub static MONTHS: LazyLock<Vec<(&'static str, i8)>> = LazyLock::new(|| {
    let mut months = Vec::new();
    for language in all() {
        for (month, names) in (1..).zip(words(language.months)) {
            months.extend(names.split('/').map(|name| (name, month)));
        }
    }
    months.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    months
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_whole() {
        for language in all() {
            let months = words(language.months).count();
            assert!(months == 0 || months == 12, "{}: {months} months", language.openings);
            for row in [language.verbs, language.from, language.date, language.day, language.to, language.subject] {
                assert!(words(row).all(|word| word == word.trim() && word == word.to_lowercase()), "{row}");
            }
            for row in [language.originals, language.forwards, language.prefixes, language.footers, language.openings] {
                assert!(words(row).all(|word| word == word.trim_start() && word == word.to_lowercase()), "{row}");
            }
        }
        assert!(all().count() >= 25);
    }
}
