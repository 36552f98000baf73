//! "On Monday, Anna wrote:", in any language, on one line or wrapped over several.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;

use super::fold::{self, folded};
use super::languages::{OPENINGS, VERB};
use super::{Line, Next, has_marker};
use crate::mail::message::clip;

/// Characters of an attribution, at most; it may be wrapped over so many lines.
const CHARS: usize = 400;
const LINES: usize = 5;
/// Blank lines among them.
const BLANK: usize = 2;
/// An attribution ends within so many lines.
pub const REACH: usize = LINES + BLANK;
/// What mail programs put around an attribution.
const FRINGE: &[char] = &['*', '-', '_', '|', ' ', '~', '>', '<', '#', '='];

// Words end as ASCII has it, here and below: what Unicode calls the end of a word makes the regex slow.

/// An hour and minutes.
static TIME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?:^|[^\d])\d{1,2}\s?[:.h時时点٫]\s?\d{2}(?:[^\d]|$)|\d\s?(?:am|pm|uhr|a\.m|p\.m)(?-u:\b)|\d\s?[時时点시]",
    )
    .expect("a constant")
});
/// A day with its year.
static DAY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|[^\d])(?:19|20|25)\d\d(?:[^\d]|$)|\d{1,4}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{2,4}")
        .expect("a constant")
});
/// The author's own deed.
static MINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u:\b)(?:i|we) (?:wrote|sent|said|have|had)(?-u:\b)|(?-u:\b)(?:schrieb|schrieben|habe|haben) (?:ich|wir)(?-u:\b)|(?-u:\b)j'ai(?-u:\b)|(?-u:\b)j’ai(?-u:\b)|(?-u:\b)ich(?-u:\b)|(?-u:\b)ik(?-u:\b)|(?-u:\b)jag(?-u:\b)|(?-u:\b)jeg(?-u:\b)|(?-u:\b)ho scritto(?-u:\b)|(?-u:\b)he escrito(?-u:\b)|(?:^|[ ,])(?:i|we|me|us) ").expect("a constant")
});
/// First name and surname at the front of a line, as written.
static NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"^"?(?:[\p{Lu}\p{Lo}][\p{L}\p{M}'’.-]*,? ){1,4}[\p{Lu}\p{Lo}][\p{L}\p{M}'’.-]*"?(?:[ ,]|\(|$)"#)
        .expect("a constant")
});
/// An attribution that begins behind other words of its line.
static WITHIN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?:[\s\-.!?,)]|^)(?:-{2,}\s*)?((?:On|Am|Le|El|Il|Op|Em|Den|Dne|Dňa|Pe|În|W dniu|Dnia|Στις|На|Vào|Pada|At)\s+(?:\p{L}{2,14}[.,]{0,2}\s+){0,3}\d)",
    )
    .expect("a constant")
});

/// Whether an attribution may end in a line, by its last word. Every line is asked, and most are none: what is dearer is
/// asked only of lines with such a one within [`REACH`].
pub fn may_end(line: &Line<'_>) -> bool {
    let unsaid = |c: char| c.is_whitespace() || "*-_|~\".".contains(c) || fold::is_dropped(c);
    let said = line.raw.trim_end_matches(unsaid);
    match said.bytes().last() {
        None => false,
        Some(b':' | b'>') => true,
        Some(_) if said.ends_with('：') => true,
        Some(_) => ends_in_last_word(said) || begins_quoting(line.raw),
    }
}

fn ends_in_last_word(line: &str) -> bool {
    const TAIL: usize = 48;
    let tail = &line[line.floor_char_boundary(line.len().saturating_sub(TAIL))..];
    let is_end = |tail: &str, word: &str| {
        tail.len()
            .checked_sub(word.len())
            .and_then(|at| tail.get(at..))
            .is_some_and(|end| end.eq_ignore_ascii_case(word))
    };
    let any = |tail: &str| {
        let last = tail.bytes().last().map_or(0, |last| last.to_ascii_lowercase());
        BY_LAST_WORD[usize::from(last)].iter().any(|word| is_end(tail, word))
    };
    if tail.is_ascii() { any(tail) } else { any(&folded(tail)) }
}

fn begins_quoting(line: &str) -> bool {
    let line = line.trim_start().trim_start_matches(FRINGE);
    line.starts_with(['q', 'Q']) && folded(clip(line, 2 * QUOTING.len())).starts_with(QUOTING)
}

/// How many lines from `at` on introduce a quotation.
pub fn lines(lines: &[Line<'_>], at: usize) -> Option<usize> {
    let mut joined = String::new();
    let (mut count, mut blank) = (0, 0);
    // Where, behind the last blank line, `joined` goes on.
    let (mut tail, mut tail_line) = (0, at);
    for line in &lines[at..] {
        let text = line.raw.trim();
        if text.is_empty() {
            blank += 1;
            tail = joined.len();
            tail_line = at + count + blank;
            continue;
        }
        let too_long = joined.len() + text.len() > CHARS || count == LINES || blank > BLANK;
        // What ends like an attribution and is none ends a sentence.
        let named = |name: &str| count == 1 && blank == 0 && is_name_above(name, text);
        let bracketed = || blank == 0 && is_bracketed(&joined);
        let wraps = || may_wrap(&joined) || named(lines[at].content);
        if too_long || count > 0 && (!wraps() || joined.ends_with(": ") && !bracketed()) {
            return None;
        }
        // A sentence, or a paragraph, without a day and an address is no first half.
        let parted = tail > 0 && tail == joined.len() || [". ", "! ", "? "].iter().any(|end| joined.ends_with(end));
        if count > 0 && parted && digits(&joined) == 0 && !joined.contains('@') {
            return None;
        }
        let text = folded(text);
        // A wrapped attribution has no other within it; some name the author first, and then the day.
        let authored = count == 1 && blank == 0 && digits(&joined) == 0 && VERB.is_match(&joined);
        let year = || blank == 0 && is_year_of(&joined, &text);
        if count > 0 && opens(&text) && !authored && !bracketed() && !year() {
            return None;
        }
        joined.push_str(&text);
        joined.push(' ');
        count += 1;
        let next = at + count + blank;
        if lines.get(next).is_some_and(is_bare_verb) {
            continue;
        }
        if !closes(joined.trim_end()) {
            continue;
        }
        let follows = if is_above_marker(lines, next) { Next::Quoted } else { Next::of(lines, next) };
        let raw = as_written(&lines[at..next]);
        if introduces(joined.trim_end(), &raw, follows) || names(lines[at].content, joined.trim_end(), &raw) {
            let alone = joined[tail..].trim_end();
            let later =
                tail > 0 && DAY.is_match(alone) && introduces(alone, &as_written(&lines[tail_line..next]), follows);
            return (!later && (follows == Next::Quoted || !is_sentence(&lines[at..next]))).then_some(next - at);
        }
    }
    None
}

fn as_written(lines: &[Line<'_>]) -> String {
    lines.iter().map(|line| line.raw).collect::<Vec<_>>().join(" ")
}

/// Whether mail of ours begins below: as sure a quotation as one with marks.
fn is_above_marker(lines: &[Line<'_>], next: usize) -> bool {
    let below = lines[next..].iter().take(3).find(|line| !line.content.is_empty());
    below.is_some_and(|line| has_marker(line.content))
}

/// Whether somebody says what happened at an hour: an attribution has a name and few words beside it.
fn is_sentence(lines: &[Line<'_>]) -> bool {
    const WORDS: usize = 9;
    let told = lines.iter().flat_map(|line| line.content.split([' ', '\u{a0}']));
    let small = told.filter(|word| word.starts_with(char::is_lowercase) && !word.contains(['.', '@']));
    small.take(WORDS + 1).count() > WORDS && !lines.iter().any(|line| line.content.contains('@'))
}

/// The last line of a wrapped attribution: `wrote:`, `> wrote:`.
fn is_bare_verb(line: &Line<'_>) -> bool {
    let short = line.content.len() <= 30 && line.content.ends_with(':') && digits(line.content) == 0;
    short && VERB.is_match(&folded(line.content))
}

/// Where in `line` an attribution begins behind the author's words; the line goes on with a quotation below.
pub fn within(line: &str, next: Next) -> Option<usize> {
    if line.len() > 2 * CHARS || !line.trim_end().ends_with([':', '：', '-']) {
        return None;
    }
    let found = WITHIN.captures_iter(line).filter_map(|found| found.get(1)).last()?;
    let (before, tail) = line.split_at(found.start());
    let own = before.trim_end_matches(FRINGE);
    let raw = tail;
    let tail = folded(tail);
    let sure = TIME.is_match(&tail) && DAY.is_match(&tail) && VERB.is_match(&tail) && introduces(&tail, raw, next);
    (sure && own.chars().any(char::is_alphabetic)).then_some(own.len())
}

/// Whether an attribution that goes on in the next line may begin like this.
fn may_wrap(line: &str) -> bool {
    let line = line.trim_start_matches(FRINGE);
    memchr::memchr2(b'@', b'<', line.as_bytes()).is_some() || OPENINGS.of_line(line).is_some() || dated(line)
}

/// Whether a long name fills `line` and the address that belongs to it begins the next, where a program broke the line.
fn is_name_above(line: &str, next: &str) -> bool {
    const WORDS: usize = 10;
    // What ends in the middle of the line below would not have fitted.
    const COLUMNS: usize = 60;
    let address = next.starts_with(['<', '(']).then(|| next.split([' ', ',']).next()).flatten();
    let Some(address) = address.filter(|address| address.contains('@')) else { return false };
    let mut words = line.split_whitespace();
    !line.ends_with(['.', '!', '?', ',', ':', ';'])
        && line.chars().count() + 1 + address.chars().count() > COLUMNS
        && line.split_whitespace().count() <= WORDS
        && words.next().is_some_and(is_name)
        && words.all(|word| is_name(word) || is_small(word))
}

/// Whether an attribution was broken within the brackets in which some languages say when.
fn is_bracketed(line: &str) -> bool {
    let open = line.rfind('(').map_or("", |open| &line[open..]);
    open.trim_end().len() > 3 && !open.contains(')') && VERB.is_match(line)
}

/// Whether the year that begins `next` belongs to the day and the month at the end of `line`.
fn is_year_of(line: &str, next: &str) -> bool {
    let year = next.bytes().take_while(u8::is_ascii_digit).count() == 4;
    let mut words = line.split_whitespace().rev();
    let month = words.next().is_some_and(|word| word.starts_with(char::is_alphabetic));
    year && month && words.next().is_some_and(|day| day.starts_with(|c: char| c.is_ascii_digit()))
}

/// Whether a line begins with an opening and has a date.
fn opens(line: &str) -> bool {
    OPENINGS.of_line(line).is_some() && digits(line) >= 5
}

fn dated(line: &str) -> bool {
    line.starts_with(|c: char| c.is_ascii_digit()) && digits(line) >= 6
}

/// Whether a day or an hour may be named: asked before the regexes are.
fn is_numbered(line: &str) -> bool {
    line.contains(char::is_numeric)
}

fn digits(line: &str) -> usize {
    line.bytes().filter(u8::is_ascii_digit).count()
}

/// Whether an attribution begins with a name, in full, and says when: `Anna Berg wrote on 3/3/2025 10:12:`.
fn names(first: &str, joined: &str, raw: &str) -> bool {
    joined.len() < 160
        && joined.ends_with([':', '：'])
        && is_numbered(joined)
        && NAME.is_match(first)
        && VERB.is_match(joined)
        && TIME.is_match(joined)
        && DAY.is_match(joined)
        && !MINE.is_match(joined)
        && names_author(joined, raw)
}

/// Whether `line`, folded, ends as attributions do: a cheap question, for it is asked of every line.
fn closes(line: &str) -> bool {
    let bare = bare(line);
    ends_in_sign(line, bare) || is_signed(bare) || ends_in_verb(bare) || bare.starts_with(QUOTING)
}

/// A line without what mail programs put around an attribution.
fn bare(line: &str) -> &str {
    line.trim_start_matches(FRINGE).trim_end_matches(['*', '-', '_', '|', ' ', '~', '"', '.'])
}

fn ends_in_sign(line: &str, bare: &str) -> bool {
    bare.ends_with([':', '：']) || line.ends_with(" >>>")
}

fn is_signed(bare: &str) -> bool {
    bare.ends_with('>') && bare.contains('@')
}

/// `Quoting Anna <anna@example.org>`, without a verb at the end.
const QUOTING: &str = "quoting ";

/// Whether `line`, folded, introduces a quotation. Where nothing marks the quotation, it has to say when and who.
///
/// `raw` is the same as written: names show in it.
fn introduces(line: &str, raw: &str, next: Next) -> bool {
    let bare = bare(line);
    if next == Next::Plain && !is_numbered(bare) {
        return false;
    }
    let ends = ends_in_sign(line, bare);
    let signed = is_signed(bare);
    let spoken = next == Next::Quoted || digits(bare) > 0;
    let ends_in_verb = !ends && spoken && ends_in_verb(bare) && VERB.is_match(bare);
    let quoting = next == Next::Quoted && bare.starts_with(QUOTING);
    if !ends && !ends_in_verb && !signed && !quoting {
        return false;
    }
    let verb = ends_in_verb || VERB.is_match(bare);
    let opening = OPENINGS.of_line(bare).is_some();
    let address = bare.contains('@');
    let (time, day) = (TIME.is_match(bare), DAY.is_match(bare));
    let ornate = ends && line.starts_with(">>>") && line.ends_with(">>>");
    match next {
        Next::Quoted if signed && !ends => dated(bare) || opening && time && day,
        Next::Quoted if ends || ends_in_verb => {
            let said = verb && (opening || address || day || bare.len() < 120 && !MINE.is_match(bare));
            said || address && (time || day) && bare.len() < 250 || opening && time && day || ornate && time && day
        }
        Next::Quoted => quoting && time && day,
        Next::Plain => {
            let framed = line.starts_with("--") && line.ends_with("--");
            let when = time || day && digits(bare) >= 6;
            let told = verb && (ends || ends_in_verb) && (opening || address || dated(bare) || framed);
            let sure = time && day || address && (when || day) || framed && when;
            let said = told && sure && !MINE.is_match(bare) && names_author(bare, raw);
            let closed = [">:", ">：", "):", "]:"].iter().any(|end| bare.ends_with(end));
            let dated = ends && day && time && address && (closed || begins_dated(bare) && ends_in_address(bare));
            let untold = dated && !MINE.is_match(bare) && ends_in_name(raw);
            said || untold || ornate && day && time
        }
    }
}

/// Whether somebody's name or address stands beside the verb, and nothing else behind it: "the server wrote this line:"
/// is a sentence.
fn names_author(line: &str, raw: &str) -> bool {
    let (line, raw) = (bare(line), raw.trim_start_matches(FRINGE));
    let words: Vec<&str> = raw.split_whitespace().filter(|word| !folded(word).trim().is_empty()).collect();
    let addressed = |words: &[&str]| words.iter().any(|word| word.contains('@'));
    VERB.find_iter(line).any(|verb| {
        let start =
            verb.start() + verb.as_str().len() - verb.as_str().trim_start_matches(|c: char| !c.is_alphabetic()).len();
        let count = |part: &str| part.split_whitespace().count();
        // Where nothing stands between words, the verb is a part of one.
        let within = !line[..start].is_empty() && !line[..start].ends_with(|c: char| !c.is_alphanumeric());
        let before = &words[..count(&line[..start]).min(words.len())];
        let behind = &words[count(&line[..verb.end()]).min(words.len())..];
        let told = behind.iter().take_while(|word| !word.contains('@'));
        let brief = told.clone().all(|word| is_name(word) || is_small(word));
        let author = before.iter().rev().find(|word| !is_small(word)).is_some_and(|word| within || is_name(word));
        let addressee = verb.as_str().split_whitespace().any(is_name);
        let named = author || addressee || NAME.is_match(raw) || told.clone().any(|word| is_name(word));
        addressed(before) || brief && (named || addressed(behind))
    })
}

/// Whether no sentence stands between the last digit of a line and the address behind it.
fn ends_in_name(raw: &str) -> bool {
    let head = raw.find('@').map_or(raw, |at| &raw[..at]);
    let tail = head.rfind(|c: char| c.is_numeric()).map_or("", |at| &head[at..]);
    let words = tail.split_whitespace().skip(1);
    let told = words.filter(|word| !word.contains(['<', '(', '[']));
    let strange = told.filter(|word| !is_name(word) && !is_small(word)).count();
    // The last word may be the first half of the address.
    strange <= usize::from(!head.ends_with(['<', '(', '[', ' ']))
}

/// Whether a word begins like a name, where names begin with a capital.
fn is_name(word: &str) -> bool {
    let first = word.chars().find(|c| c.is_alphabetic());
    first.is_some_and(|c| !c.is_lowercase()) || ["you", "вы"].contains(&folded(word).as_str())
}

/// Whether a word stands beside names and days: a number, a preposition.
fn is_small(word: &str) -> bool {
    let word = folded(word);
    let bare = word.trim_matches(|c: char| !c.is_alphabetic());
    bare.is_empty() || word.contains(|c: char| c.is_ascii_digit()) || SMALL.contains(bare)
}

static SMALL: LazyLock<HashSet<&str>> = LazyLock::new(|| SMALL_WORDS.split('|').collect());

const SMALL_WORDS: &str = concat!(
    "am|pm|um|uhr|on|at|by|from|via|den|dem|der|op|om|kl|klo|kello|kell|von|van|vom|ten|ter|zu|di|de|da|do|",
    "dos|del|della|du|d|la|le|el|al|à|a|às|ás|o|u|v|w|ob|em|no|dia|i|og|och|y|e|je|jest|је|от|в|г|ч|від|о|у|",
    "od|ni|h|ext|și|ла|sur|ο|η|την|ezt|przez|şunu|şunları|bu",
);

/// `Mar 3, 2025, 10:12 by …`: a digit stands near the front.
fn begins_dated(line: &str) -> bool {
    line.split(' ').take(3).any(|word| word.starts_with(|c: char| c.is_ascii_digit()))
}

fn ends_in_address(line: &str) -> bool {
    line.trim_end_matches([':', '：', ' ']).rsplit(' ').next().is_some_and(|word| word.contains('@'))
}

/// Whether a line ends in a verb that ends an attribution also without a colon.
fn ends_in_verb(line: &str) -> bool {
    let line = line.trim_end_matches(|c: char| c.is_whitespace() || ">.*-_".contains(c));
    let Some(last) = line.bytes().last() else { return false };
    BY_END[usize::from(last)].iter().any(|verb| line.ends_with(verb))
}

/// The verbs by their last byte.
static BY_END: LazyLock<[Vec<&'static str>; 256]> = LazyLock::new(|| by_last_byte(|verb| verb));

/// Their last words, which do not wrap.
static BY_LAST_WORD: LazyLock<[Vec<&'static str>; 256]> =
    LazyLock::new(|| by_last_byte(|verb| verb.rsplit(' ').next().unwrap_or(verb)));

fn by_last_byte(part: impl Fn(&'static str) -> &'static str) -> [Vec<&'static str>; 256] {
    let ends = |byte: usize| {
        ENDINGS.iter().map(|verb| part(verb)).filter(move |part| part.bytes().last().map(usize::from) == Some(byte))
    };
    std::array::from_fn(|byte| ends(byte).collect())
}

const ENDINGS: &[&str] = &[
    "wrote",
    "writes",
    "schrieb",
    "geschrieben",
    "a écrit",
    "escribió",
    "ha scritto",
    "schreef",
    "escreveu",
    "napisał(a)",
    "napisał",
    "pisze",
    "skrev",
    "kirjoitti",
    "napsal(a)",
    "пишет",
    "написал(а)",
    "yazdı",
    "írta",
    "写道",
    "寫道",
    "작성",
    "כתב",
    "のメール",
    "đã viết",
];
