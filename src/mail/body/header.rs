//! What stands between an answer and what it answers: separators, and headers copied into the text.

use std::sync::LazyLock;

use regex::Regex;

use super::Line;
use super::fold::folded;
use super::languages::{DAYS, FORWARDS, LABELS, Label, ORIGINALS};

/// Lines of a copied header that are looked at.
const LINES: usize = 9;
/// Blank ones before each of them.
const BLANK: usize = 2;

/// What a separator announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handing {
    Answer,
    Forward,
}

/// `-----Original Message-----` and its kin.
pub fn separator(content: &str) -> Option<Handing> {
    if content.len() > 200 {
        return None;
    }
    let framed = content.starts_with(|c: char| !c.is_alphanumeric() && c != '"') || content.ends_with([':', '：']);
    if !framed {
        return None;
    }
    let folded = folded(content);
    let folded = folded.trim();
    let dashed = folded.starts_with(['-', '_', '=', '*', '–', '—', '>', '<', '#', '~']);
    let ends = folded.ends_with([':', '：']);
    if !dashed && !ends {
        return None;
    }
    let inner = folded.trim_matches(|c: char| "-_=*–—:：>< #~.".contains(c));
    if inner.is_empty() {
        return None;
    }
    if FORWARDS.contains(inner) || dashed && HANDED.iter().any(|by| inner.starts_with(by)) {
        return Some(Handing::Forward);
    }
    let opened = ["--", "__", "==", "**", "- ", "~~", "##"].iter().any(|frame| folded.starts_with(frame)) || ends;
    let doubled = inner.split('/').all(|half| ORIGINALS.contains(half.trim()));
    let quoted = dashed && inner.strip_prefix("original message from ").is_some();
    ((doubled || quoted || glued(folded)) && opened).then_some(Handing::Answer)
}

/// Whether a separator is drawn: words alone, with a colon, are written by hand too.
pub fn is_drawn(content: &str) -> bool {
    let content = folded(content);
    let long = ["--", "__", "==", "–", "—", "~~", "<"].iter().any(|frame| content.starts_with(frame));
    long || content.starts_with('-') && content.ends_with('-')
}

/// `---- Original message ----From: Anna …`: the line end behind the separator was lost.
fn glued(line: &str) -> bool {
    let Some((words, rest)) = line.trim_start_matches('-').split_once("--") else { return false };
    ORIGINALS.contains(words.trim()) && label(rest.trim_start_matches('-')).is_some()
}

/// `Original Message` above a copied header, without a frame.
pub fn is_bare_separator(content: &str) -> bool {
    content.len() < 60 && content.chars().next().is_some_and(char::is_alphabetic) && {
        ORIGINALS.contains(folded(content).as_str())
    }
}

/// `Reply above this line`: what desk programs put above all that they say.
pub fn is_marker(content: &str) -> bool {
    let framed = content.starts_with(['-', '_', '=', '*', '–', '—', '#']);
    let bare = || content.trim_end_matches('.').ends_with("above this line");
    (20..160).contains(&content.len()) && (framed || bare()) && MARKER.is_match(&folded(content))
}

static MARKER: LazyLock<Regex> = LazyLock::new(|| {
    let words: Vec<String> = MARKERS.iter().map(|words| regex::escape(words)).collect();
    Regex::new(&words.join("|")).expect("made of escaped words")
});

const MARKERS: &[&str] = &[
    "reply above this line",
    "write above this line",
    "type above this line",
    "respond above this line",
    "answer above this line",
    "reply above this text",
    "über dieser zeile",
    "oberhalb dieser zeile",
    "au-dessus de cette ligne",
    "encima de esta línea",
    "boven deze regel",
    "boven deze lijn",
    "sopra questa riga",
    "sopra questa linea",
    "acima desta linha",
    "ovanför denna rad",
    "ovanför den här raden",
    "over denne linje",
    "tämän rivin yläpuolelle",
    "powyżej tej linii",
    "nad tento řádek",
    "nad tímto řádkem",
    "nad tento riadok",
    "nad týmto riadkom",
    "e sor fölé",
    "deasupra acestei linii",
    "выше этой строки",
    "над этой строкой",
    "вище цього рядка",
    "над този ред",
    "iznad ove linije",
    "nad to vrstico",
    "πάνω από αυτή τη γραμμή",
    "bu satırın üst",
    "bu çizginin üst",
    "מעל שורה זו",
    "فوق هذا السطر",
    "trên dòng này",
    "di atas baris ini",
    "この行より上",
    "この線より上",
    "在此行上方",
    "在此行之上",
    "此线以上",
    "在此行上面",
    "이 줄 위",
    "이 선 위",
];

/// Notes names who handed on, and when.
const HANDED: &[&str] = &[
    "forwarded by ",
    "weitergeleitet von ",
    "transféré par ",
    "réexpédié par ",
    "reenviado por ",
    "remitido por ",
    "inoltrato da ",
    "encaminhado por ",
    "doorgestuurd door ",
    "vidarebefordrat av ",
    "videresendt af ",
    "videresendt av ",
    "przekazane przez ",
    "forwarded message from ",
    "weitergeleitete nachricht von ",
];

/// A header copied into the text, line by line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copied {
    /// Lines that it takes, blank ones within it too.
    pub lines: usize,
    /// What it says, in order.
    pub fields: Vec<(Label, String)>,
    /// Whether it says when it was sent, in words that are said of mail.
    sent: bool,
}

/// A header copied into the text, as Outlook does. It names the author, and with an address or a subject
/// so much more that nobody writes it by hand; and it says of mail when it was sent.
pub fn copied(lines: &[Line<'_>], at: usize) -> Option<Copied> {
    loosely_copied(lines, at).filter(Copied::is_mailed)
}

/// The same, whatever it says of the moment: enough below a separator, or where a subject says that mail is handed on.
pub fn loosely_copied(lines: &[Line<'_>], at: usize) -> Option<Copied> {
    let (first, value) = label(lines[at].content)?;
    let mut found = fields(lines, at);
    if found.fields.len() == 1 && matches!(first, Label::From | Label::Date) {
        (found.fields, found.sent) = (on_one_line(first, value), true);
    }
    let has = |label| found.says(label, |_| true);
    let addressed = |value: &str| value.contains('@');
    let names = [Label::From, Label::Date, Label::To, Label::Subject].into_iter().filter(|l| has(*l)).count();
    let valued = found.fields.iter().any(|(_, value)| !value.is_empty());
    let person = found.says(Label::From, addressed) || found.says(Label::To, addressed);
    let address = person || found.says(Label::Subject, addressed);
    let date = found.says(Label::Date, |value| folded(value).bytes().filter(u8::is_ascii_digit).count() >= 6);
    let dated = has(Label::Subject) && has(Label::Date);
    let plain = names >= 3 && valued && (dated || person);
    // Nobody writes seconds by hand.
    let exact = found.says(Label::Date, |value| value.matches(':').count() >= 2);
    let from = has(Label::From);
    (from && plain || names >= 2 && address && date && (from || exact)).then_some(found)
}

impl Copied {
    fn says(&self, label: Label, what: impl Fn(&str) -> bool) -> bool {
        self.fields.iter().any(|(known, value)| *known == label && what(value))
    }

    /// Whether it stood above mail. Letters, memos, journeys and bookings have a beginning, an end, a day and a subject
    /// as well, but no author's address and no hour.
    fn is_mailed(&self) -> bool {
        self.sent
            || self.says(Label::From, |value| value.contains('@'))
            || !self.says(Label::Date, |_| true)
            || self.says(Label::Date, |value| HOUR.is_match(&folded(value)))
    }
}

/// An hour; with a point in it, behind a day.
static HOUR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\d\s?[:h時时点시٫]\s?\d\d|\d\s?[時时点시]|\d[^\d.]+\d{1,2}\.\d\d(?:[^\d.]|$)|kl\.? ?\d|\d\s?(?:am|pm|uhr|a\.m|p\.m)(?-u:\b)")
        .expect("a constant")
});

/// How many lines the header of old Lotus Notes takes: whose mail it is and of when stands in it without names,
/// and each of the other names may stand on a line of its own.
pub fn half_named(lines: &[Line<'_>], at: usize) -> Option<usize> {
    let author = lines[at].content;
    if !author.ends_with('>') || !author.contains('@') || author.len() > 200 {
        return None;
    }
    let below = lines[at + 1..].iter().take(LINES * (1 + BLANK)).take_while(|line| line.depth == lines[at].depth);
    let mut below = below.enumerate().filter(|(_, line)| !line.content.is_empty());
    let bare = |line: &Line<'_>| (line.content.len() < 40).then(|| format!("{}:", line.content));
    let named = |line: &Line<'_>, name| {
        let beside = || label(line.content).is_some_and(|(label, _)| label == name);
        bare(line).and_then(|line| label(&line).map(|(label, _)| label)) == Some(name) || beside()
    };
    let (_, date) = below.next()?;
    let (_, to) = below.next()?;
    if !MOMENT.is_match(date.content) || !named(to, Label::To) {
        return None;
    }
    let other =
        |line: &Line<'_>| label(line.content).is_some_and(|(label, _)| matches!(label, Label::From | Label::Date));
    let mut below = below.take(LINES).take_while(|(_, line)| !other(line));
    let (offset, subject) = below.find(|(_, line)| named(line, Label::Subject))?;
    let beside = label(subject.content).is_some();
    let last = if beside { offset } else { below.next().map_or(offset, |(offset, _)| offset) };
    Some(last + 2)
}

/// `03.03.2025 10:12`, alone.
static MOMENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\d{1,4}[./-]\d{1,2}[./-]\d{2,4},? \d{1,2}[:.]\d\d(?:[:.]\d\d)?(?: ?[AaPp][Mm])?$")
        .expect("a constant")
});

/// Whether a copied header may begin with the first of these labels, one a line: it has two names, or all on one line.
/// Every line is asked, and one that begins with "a:" is nothing special.
pub fn may_begin(labels: &[Option<Label>]) -> bool {
    let Some(Some(first)) = labels.first() else { return false };
    let near = &labels[..labels.len().min(LINES * (1 + BLANK))];
    matches!(first, Label::From | Label::Date) || near.iter().flatten().any(|label| label != first)
}

/// The fields that stand from line `at` on, however few.
pub fn fields(lines: &[Line<'_>], at: usize) -> Copied {
    let mut copied = Copied::default();
    let depth = lines[at].depth;
    let (mut looked, mut blank) = (0, 0);
    // Lines without a name, which go on with a field where another field follows.
    let mut pending: Vec<&str> = Vec::new();
    for (offset, line) in lines[at..].iter().enumerate() {
        if line.content.is_empty() {
            blank += 1;
            // Behind a whole header a blank line begins the text.
            if blank > BLANK || copied.fields.len() >= 4 {
                break;
            }
            continue;
        }
        if line.depth != depth || looked == LINES {
            break;
        }
        looked += 1;
        match label(line.content) {
            Some((label, _)) if copied.fields.iter().any(|(l, _)| *l == label) && label != Label::To => break,
            Some((label, value)) => {
                continue_last(&mut copied, &mut pending);
                copied.sent |= label == Label::Date && !is_day(line.content);
                copied.fields.push((label, value.to_owned()));
                copied.lines = offset + 1;
            }
            None if copied.fields.is_empty() || blank > 0 => break,
            None => {
                pending.push(line.content);
                let recipients = copied.fields.last().is_some_and(|(label, _)| *label == Label::To);
                if recipients && line.content.contains('@') && line.content.ends_with(['>', ';', ',', ')']) {
                    continue_last(&mut copied, &mut pending);
                    copied.lines = offset + 1;
                }
            }
        }
        blank = 0;
    }
    copied
}

fn continue_last(copied: &mut Copied, pending: &mut Vec<&str>) {
    let Some((_, value)) = copied.fields.last_mut() else { return };
    for line in pending.drain(..).filter(|line| line.len() < 1_000) {
        value.push(' ');
        value.push_str(line.trim_matches('*'));
    }
}

/// The fields of a header whose line ends were lost: `From: Anna Sent: Monday To: …`.
fn on_one_line(first: Label, line: &str) -> Vec<(Label, String)> {
    let line = crate::mail::message::clip(line, 1_000);
    let mut fields: Vec<(Label, String)> = Vec::new();
    let (mut open, mut from) = (first, 0);
    for (at, _) in line.match_indices([':', '：']) {
        let word = line[..at].trim_end().rfind(' ').map_or(0, |space| space + 1);
        let Some((label, _)) = label(&format!("{}:", line[word..at].trim())) else { continue };
        if label == open || word < from || fields.iter().any(|(known, _)| *known == label) {
            continue;
        }
        fields.push((open, line[from..word].trim_matches(['：', ':', ' ', '*']).to_owned()));
        (open, from) = (label, at);
    }
    fields.push((open, line[from..].trim_start_matches(['：', ':', ' ']).to_owned()));
    fields
}

/// The name and the value of a line of a copied header.
pub fn label(content: &str) -> Option<(Label, &str)> {
    let (name, value) = name(content)?;
    let label = *LABELS.get(name.trim())?;
    let value = value.trim_start_matches(['*', '_', ' ', '|', ':']);
    Some((label, value.trim_matches(['|', ' ', '\u{a0}']).trim_end_matches(['*', ';'])))
}

/// Whether the line of a date names no more than a day.
fn is_day(content: &str) -> bool {
    name(content).is_some_and(|(name, _)| DAYS.contains(name.trim()))
}

/// What stands before the sign behind a name, folded, and what behind it.
fn name(content: &str) -> Option<(String, &str)> {
    // Most lines have no such sign, and every line is asked; 0xef begins the wide colon.
    memchr::memchr3(b':', b'|', 0xef, content.as_bytes())?;
    let plain = content.trim_start_matches(['*', '_', ' ', '|', '\u{200f}', '\u{200e}']);
    let (end, colon) = plain.char_indices().take(32).find(|(_, c)| matches!(c, ':' | '：' | '|'))?;
    let name = folded(plain[..end].trim_matches(['*', '_', ' ', '\u{a0}']));
    Some((name, &plain[end + colon.len_utf8()..]))
}
