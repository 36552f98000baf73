//! "On Monday, Anna wrote:", in any language, on one line or wrapped over several.

use std::sync::LazyLock;

use regex::Regex;

use super::fold::folded;
use super::languages::{OPENINGS, VERB};
use super::{Line, Next};

/// Characters of an attribution, at most; it may be wrapped over so many lines.
const CHARS: usize = 400;
const LINES: usize = 5;
/// What mail programs put around an attribution.
const FRINGE: &[char] = &['*', '-', '_', '|', ' ', '~', '>', '<', '#', '='];

/// An hour and minutes.
static TIME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|[^\d])\d{1,2}\s?[:.h時时点٫]\s?\d{2}(?:[^\d]|$)|\d\s?(?:am|pm|uhr|a\.m|p\.m)\b|\d\s?[時时点시]")
        .expect("a constant")
});
/// A day with its year.
static DAY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|[^\d])(?:19|20|25)\d\d(?:[^\d]|$)|\d{1,4}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{2,4}")
        .expect("a constant")
});
/// The author's own deed.
static MINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?:i|we) (?:wrote|sent|said|have|had)\b|\b(?:schrieb|schrieben|habe|haben) (?:ich|wir)\b|\bj'ai\b|\bj’ai\b|\bich\b|\bik\b|\bjag\b|\bjeg\b|\bho scritto\b|\bhe escrito\b").expect("a constant")
});
/// An attribution that begins behind other words of its line.
static WITHIN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?:[\s\-.!?,)]|^)(?:-{2,}\s*)?((?:On|Am|Le|El|Il|Op|Em|Den|Dne|Dňa|Pe|În|W dniu|Dnia|Στις|На|Vào|Pada|At)\s+(?:\p{L}{2,14}[.,]{0,2}\s+){0,3}\d)",
    )
    .expect("a constant")
});

/// How many lines from `at` on introduce a quotation.
pub fn lines(lines: &[Line<'_>], at: usize) -> Option<usize> {
    let mut joined = String::new();
    let (mut count, mut blank) = (0, 0);
    for line in &lines[at..] {
        let text = line.raw.trim();
        if text.is_empty() {
            blank += 1;
            continue;
        }
        let too_long = joined.len() + text.len() > CHARS || count == LINES || blank > 2;
        if too_long || count > 0 && !may_wrap(&joined) {
            return None;
        }
        let text = folded(text);
        // A wrapped attribution has no other within it.
        if count > 0 && opens(&text) {
            return None;
        }
        joined.push_str(&text);
        joined.push(' ');
        count += 1;
        let next = at + count + blank;
        if lines.get(next).is_some_and(is_bare_verb) {
            continue;
        }
        if introduces(joined.trim_end(), Next::of(lines, next)) {
            return Some(next - at);
        }
    }
    None
}

/// The last line of a wrapped attribution: `wrote:`, `> wrote:`.
fn is_bare_verb(line: &Line<'_>) -> bool {
    line.content.len() <= 30 && line.content.ends_with(':') && VERB.is_match(&folded(line.content))
}

/// Where in `line` an attribution begins behind the author's words; the line goes on with a quotation below.
pub fn within(line: &str, next: Next) -> Option<usize> {
    if line.len() > 2 * CHARS || !line.trim_end().ends_with([':', '：', '-']) {
        return None;
    }
    let found = WITHIN.captures_iter(line).filter_map(|found| found.get(1)).last()?;
    let (before, tail) = line.split_at(found.start());
    let own = before.trim_end_matches(FRINGE);
    let tail = folded(tail);
    let sure = TIME.is_match(&tail) && DAY.is_match(&tail) && VERB.is_match(&tail) && introduces(&tail, next);
    (sure && own.chars().any(char::is_alphabetic)).then_some(own.len())
}

/// Whether an attribution that goes on in the next line may begin like this.
fn may_wrap(line: &str) -> bool {
    let line = line.trim_start_matches(FRINGE);
    OPENINGS.of_line(line).is_some() || dated(line) || line.contains(['@', '<'])
}

/// Whether a line begins with an opening and has a date.
fn opens(line: &str) -> bool {
    OPENINGS.of_line(line).is_some() && digits(line) >= 4
}

fn dated(line: &str) -> bool {
    line.starts_with(|c: char| c.is_ascii_digit()) && digits(line) >= 6
}

fn digits(line: &str) -> usize {
    line.bytes().filter(u8::is_ascii_digit).count()
}

/// Whether `line`, folded, introduces a quotation. Where nothing marks the quotation, it has to say when and who.
fn introduces(line: &str, next: Next) -> bool {
    let bare = line.trim_start_matches(FRINGE).trim_end_matches(['*', '-', '_', '|', ' ', '~', '"', '.']);
    let ends = bare.ends_with([':', '：']) || line.ends_with(" >>>");
    let signed = bare.ends_with('>') && bare.contains('@');
    // Cheap questions first: this is asked of every line.
    let spoken = next == Next::Quoted || digits(bare) > 0;
    let ends_in_verb = !ends && spoken && ENDING.is_match(bare) && VERB.is_match(bare);
    if !ends && !ends_in_verb && !signed {
        return false;
    }
    let verb = ends_in_verb || VERB.is_match(bare);
    let opening = OPENINGS.of_line(bare).is_some();
    let address = bare.contains('@');
    let (time, day) = (TIME.is_match(bare), DAY.is_match(bare));
    match next {
        Next::Quoted if signed && !ends => dated(bare) || opening && time && day,
        Next::Quoted if ends || ends_in_verb => {
            let said = verb && (opening || address || day || bare.len() < 120 && !MINE.is_match(bare));
            said || address && (time || day) && bare.len() < 250
        }
        Next::Quoted => false,
        Next::Plain => {
            let framed = line.starts_with("--") && line.ends_with("--");
            let when = time || day && digits(bare) >= 6;
            let told = verb && (ends || ends_in_verb) && (opening || address || dated(bare) || framed);
            let sure = time && day || address && when || framed && when;
            let said = told && sure && !MINE.is_match(bare);
            let untold =
                ends && day && time && address && [">:", ">：", "):", "]:"].iter().any(|end| bare.ends_with(end));
            said || untold || ends && line.starts_with(">>>") && line.ends_with(">>>") && day && time
        }
    }
}

/// Verbs that end an attribution also without a colon.
static ENDING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:wrote|writes|schrieb|geschrieben|a écrit|escribió|ha scritto|schreef|escreveu|napisał\(a\)|napisał|pisze|skrev|kirjoitti|napsal\(a\)|пишет|написал\(а\)|yazdı|írta|写道|寫道|작성|כתב|のメール|đã viết)\s*[>.*\-_ ]*$")
        .expect("a constant")
});
