//! The author's own words, and what surrounds them (B16).
//!
//! A text is read line by line: every line is the author's, quoted, handed on, or furniture (attribution, signature,
//! footer). The words by which languages differ stand in `languages`; where there is HTML, its markup is heard first.

pub(super) mod attribution;
mod card;
pub(super) mod fold;
pub(super) mod header;
pub(super) mod languages;
mod markup;
mod roles;
mod shown;
mod signature;

use std::collections::HashSet;

use super::message::Message;
use super::{Attachment, Language, subject};
use languages::PREFIXES;
use roles::Role;

/// The line at the top of our mail below which nothing is read as the author's, in each language that has one.
const MARKERS: [(&str, &str); 2] =
    [("en", "##- Please write above this line -##"), ("de", "##- Bitte oberhalb dieser Zeile schreiben -##")];

/// The line that stands at the top of our mail in `language`; the English one where it has none.
pub fn marker(language: &Language) -> &'static str {
    let own = MARKERS.iter().find(|(code, _)| *code == language.0);
    own.map_or(MARKERS[0].1, |(_, marker)| marker)
}

/// Whether our mail begins on this line of a text, in whatever language.
pub fn has_marker(line: &str) -> bool {
    // Every line of every mail is asked.
    line.contains('#') && MARKERS.iter().any(|(_, marker)| line.contains(marker))
}

/// A text, taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Split {
    /// As shown: the author's words, with the quotations that they answer line by line, and what is handed on. Empty
    /// only for a blank text.
    pub shown: String,
    /// The author's words alone, without any quotation; signature and footer included.
    pub own: String,
    /// What the author answers: the outermost quotation.
    pub nearest: String,
    /// Quotations within it, and forwarded mail.
    pub deeper: String,
    /// Mail that is handed on within the text, as it stands there.
    pub forwarded: String,
}

/// Takes a message apart, by its text, its markup, its subject.
pub fn read(message: &Message) -> Split {
    let handed = Handed::by(message);
    let lines = Line::all(&message.text);
    let rendered = message.rendered.as_ref();
    let verdicts = rendered.map(|rendered| markup::verdicts(&lines, &message.text, rendered)).unwrap_or_default();
    let roles = roles::roles(&lines, &verdicts, handed);
    let mut split = sort(&lines, &roles);
    let pictures = message.attachments.iter().filter(|file| is_picture(file)).count();
    if pictures > 0 && shown::says_nothing(&lines, &roles) {
        split.shown = if pictures == 1 { "1 picture".to_owned() } else { format!("{pictures} pictures") };
    }
    split
}

/// Takes a text with LF line ends apart. Linear in its length.
pub fn split(text: &str) -> Split {
    let lines = Line::all(text);
    let roles = roles::roles(&lines, &[], Handed::Unknown);
    sort(&lines, &roles)
}

fn sort(lines: &[Line<'_>], roles: &[Role]) -> Split {
    let mut split = Split { shown: shown::shown(lines, roles), ..Split::default() };
    for (line, role) in lines.iter().zip(roles) {
        let into = match role {
            Role::Own | Role::Signature | Role::Footer => &mut split.own,
            Role::Quote(0 | 1) | Role::Furniture => &mut split.nearest,
            Role::Quote(_) => &mut split.deeper,
            Role::Forward => &mut split.forwarded,
        };
        into.push_str(line.raw);
        into.push('\n');
    }
    split.deeper.push_str(&split.forwarded);
    split
}

fn is_picture(file: &Attachment) -> bool {
    file.media_type.starts_with("image/")
}

/// Whether a mail of that subject hands another one on: by the prefix nearest to the front.
fn hands_on(subject: &str, text: &str) -> bool {
    let subject = fold::folded(super::message::clip(subject, 200));
    let Some((prefix, _)) = subject.trim_start_matches([' ', '[']).split_once([':', '：']) else { return false };
    // Danes and Norwegians hand on with the letters with which Finns and Estonians answer.
    let answers = prefix.trim() == "vs" && ["Lähettäjä:", "Saatja:"].iter().any(|from| text.contains(from));
    let prefix = prefix.trim();
    [prefix, prefix.trim_end_matches('.')].iter().any(|prefix| PREFIXES.contains(prefix)) && !answers
}

/// Whether the mail hands another one on, as far as its subject says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Handed {
    On,
    /// It is an answer.
    Back,
    Unknown,
}

impl Handed {
    fn by(message: &Message) -> Handed {
        if hands_on(&message.subject, &message.text) {
            Handed::On
        } else if subject::without_reply_prefixes(&message.subject).len() < message.subject.trim().len() {
            Handed::Back
        } else {
            Handed::Unknown
        }
    }
}

/// What comes below a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Lines with `>`.
    Quoted,
    Plain,
}

impl Next {
    /// What the next line that is not blank is, from `at` on.
    fn of(lines: &[Line<'_>], at: usize) -> Next {
        let next = lines.get(at..).unwrap_or_default().iter().take(20).find(|l| l.depth > 0 || !l.content.is_empty());
        if next.is_some_and(|line| line.depth > 0) { Next::Quoted } else { Next::Plain }
    }

    /// The same, below each line.
    fn all(lines: &[Line<'_>]) -> Vec<Next> {
        let mut next = Next::Plain;
        let mut answers = vec![Next::Plain; lines.len()];
        for (answer, line) in answers.iter_mut().zip(lines).rev() {
            *answer = next;
            if line.depth > 0 || !line.content.is_empty() {
                next = if line.depth > 0 { Next::Quoted } else { Next::Plain };
            }
        }
        answers
    }
}

#[derive(Debug, Clone)]
pub(super) struct Line<'a> {
    raw: &'a str,
    /// How many `>` it begins with.
    depth: usize,
    /// What stands behind them, trimmed.
    pub(super) content: &'a str,
}

impl<'a> Line<'a> {
    pub(super) fn new(raw: &'a str) -> Line<'a> {
        let mut content = raw;
        let mut depth = 0;
        while let Some(rest) = content.trim_start_matches([' ', '\t', '\u{a0}']).strip_prefix('>') {
            content = rest;
            depth += 1;
        }
        // `>>> look here <<<`, `>>> Anna 3.3.2025 10:12 >>>`, `>>> On 3/3/2025, in message <…> wrote:`: ornaments.
        let ornament = depth >= 2
            && (content.ends_with("<<<") || content.ends_with(">>>") || depth == 3 && content.contains("in message <"));
        if ornament {
            return Line { raw, depth: 0, content: raw.trim() };
        }
        Line { raw, depth, content: content.trim() }
    }

    /// The lines of a text. What a program put on one line with the author's words stands on its own.
    pub(super) fn all(text: &'a str) -> Vec<Line<'a>> {
        let mut lines: Vec<Line<'a>> = text.split('\n').map(Line::new).collect();
        unmark_prompts(&mut lines);
        mark_initials(&mut lines);
        mark_bars(&mut lines);
        let next = Next::all(&lines);
        let within = |at: usize| attribution::within(lines[at].raw, next[at]).map(|byte| (at, byte));
        let begun: Vec<(usize, usize)> =
            (0..lines.len()).filter(|at| lines[*at].depth == 0).filter_map(within).collect();
        let mut begun = begun.into_iter().peekable();
        if begun.peek().is_none() {
            return lines;
        }
        let mut apart = Vec::with_capacity(lines.len() + 1);
        for (at, line) in lines.into_iter().enumerate() {
            match begun.next_if(|(begun, _)| *begun == at) {
                Some((_, byte)) => {
                    let (own, rest) = line.raw.split_at(byte);
                    apart.extend([Line::new(own), Line::new(rest)]);
                }
                None => apart.push(line),
            }
        }
        apart
    }
}

/// Behind `>>>`, where nothing above it is quoted twice, stands what was typed.
fn unmark_prompts(lines: &mut [Line<'_>]) {
    for line in lines.iter_mut().take_while(|line| line.depth != 2) {
        if line.depth == 3 && line.raw.starts_with(">>> ") {
            (line.depth, line.content) = (0, line.raw.trim());
        }
    }
}

/// Some programs quote with the initials of the author: `AB> Hello`. Two such lines make a
/// quotation below an attribution; elsewhere they are what was typed at a prompt.
fn mark_initials(lines: &mut [Line<'_>]) {
    fn initials(raw: &str) -> Option<(&str, usize, &str)> {
        let (name, rest) = raw.trim_start().split_once('>')?;
        let fits = (1..=4).contains(&name.chars().count()) && name.chars().all(char::is_alphabetic);
        let upper = name.chars().next().is_some_and(char::is_uppercase);
        let content = rest.trim_start_matches(['>', ' ']);
        let depth = 1 + rest.len() - rest.trim_start_matches('>').len();
        (fits && upper).then_some((name, depth, content))
    }
    let mut found: Vec<(usize, &str)> = Vec::new();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.depth == 0) {
        found.extend(initials(line.raw).map(|(name, _, _)| (at, name)));
    }
    let authors: HashSet<&str> =
        found.iter().filter(|(at, _)| is_introduced(&lines[..*at])).map(|(_, name)| *name).collect();
    found.retain(|(_, name)| authors.contains(name));
    for pair in found.windows(2).filter(|pair| pair[0].1 == pair[1].1 && pair[1].0 - pair[0].0 <= 3) {
        for (at, _) in pair {
            let line = &mut lines[*at];
            if let Some((_, depth, content)) = initials(line.raw) {
                (line.depth, line.content) = (depth, content.trim());
            }
        }
    }
}

/// Whether the last lines end in words such as "Anna wrote:".
fn is_introduced(above: &[Line<'_>]) -> bool {
    let last = above.iter().rev().take(3).find(|line| !line.content.is_empty());
    last.is_some_and(|line| introduces(line.content))
}

fn introduces(content: &str) -> bool {
    content.ends_with(':') && content.len() < 300 && languages::VERB.is_match(&fold::folded(content))
}

/// Some programs quote with `|`; below an attribution that is a quotation, elsewhere it is a table.
fn mark_bars(lines: &mut [Line<'_>]) {
    let barred = |line: &Line<'_>| line.depth == 0 && line.content.starts_with("| ") || line.content == "|";
    let mut introduced = false;
    for line in lines {
        if barred(line) && header::label(line.content).is_none() {
            if introduced {
                line.depth = 1;
                line.content = line.content.trim_start_matches('|').trim();
            }
        } else if !line.content.is_empty() {
            introduced = introduces(line.content);
        }
    }
}

#[cfg(test)]
mod tests;
