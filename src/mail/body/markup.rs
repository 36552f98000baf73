//! What the HTML says of each line of a text, be it the text that was made of it or the one that came beside it.

use memchr::memmem;

use super::Line;
use crate::mail::html::{Mark, Rendered};

/// How far ahead, in bytes, a line of the text is looked for in the HTML.
const REACH: usize = 4 * 1024;
/// Lines that may be missed before the two texts count as different.
const MISSES: usize = 200;
/// Letters without which a line is not looked for.
const LETTERS: usize = 6;
/// Lines between the beginning of what a program put around a quotation and the quotation itself.
const INTRODUCTION: usize = 8;

/// What is known of a line by its markup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Attribution,
    Quote,
    Signature,
}

/// What the markup says of each line of `lines`; None where it says nothing.
pub fn verdicts(lines: &[Line<'_>], text: &str, rendered: &Rendered) -> Vec<Option<Verdict>> {
    if rendered.marks.iter().all(|mark| *mark == Mark::Text) {
        return vec![None; lines.len()];
    }
    let own: Vec<Line<'_>> = rendered.text.split('\n').map(Line::new).collect();
    let resolved = resolve(&own, &rendered.marks);
    if text == rendered.text { resolved } else { transfer(lines, &own, &resolved) }
}

/// Tells answers and introductions from quotations within what programs put around them.
fn resolve(lines: &[Line<'_>], marks: &[Mark]) -> Vec<Option<Verdict>> {
    let mut verdicts: Vec<Option<Verdict>> = Vec::with_capacity(lines.len());
    while verdicts.len() < lines.len() {
        let at = verdicts.len();
        match marks.get(at).copied().unwrap_or_default() {
            Mark::Text => verdicts.push(None),
            Mark::Attribution => verdicts.push(Some(Verdict::Attribution)),
            Mark::Appended => verdicts.push(Some(Verdict::Quote)),
            Mark::Signature => verdicts.push(Some(Verdict::Signature)),
            Mark::Quote => {
                let length = marks[at..].iter().take_while(|mark| **mark == Mark::Quote).count();
                verdicts.extend(around(&lines[at..(at + length).min(lines.len())]));
            }
        }
    }
    verdicts
}

/// One stretch of lines within what a program put around a quotation.
fn around(lines: &[Line<'_>]) -> Vec<Option<Verdict>> {
    let first = lines.iter().position(|line| line.depth > 0);
    let introduction = first.map(|first| lines[..first].iter().filter(|line| !line.content.is_empty()).count());
    match (first, introduction) {
        (Some(first), Some(count)) if count <= INTRODUCTION => {
            let verdict = |(at, line): (usize, &Line<'_>)| match () {
                () if at < first => Some(Verdict::Attribution),
                () if line.depth > 0 => Some(Verdict::Quote),
                () => None,
            };
            lines.iter().enumerate().map(verdict).collect()
        }
        _ => vec![Some(Verdict::Quote); lines.len()],
    }
}

/// Finds the lines of a text in the HTML that came beside it. Linear: each line looks ahead [`REACH`] bytes at most.
fn transfer(lines: &[Line<'_>], html: &[Line<'_>], resolved: &[Option<Verdict>]) -> Vec<Option<Verdict>> {
    let mut letters = Vec::new();
    // Where each line of the HTML ends in `letters`.
    let mut ends: Vec<usize> = Vec::with_capacity(html.len());
    for line in html {
        add_letters(line.content, &mut letters);
        ends.push(letters.len());
    }
    let (mut at, mut misses) = (0, 0);
    // Whether the text marks as quoted what the HTML does not mark: then a line without marks is an answer.
    let mut marked = false;
    let mut verdicts = Vec::with_capacity(lines.len());
    let mut wanted = Vec::new();
    for line in lines {
        wanted.clear();
        add_letters(line.content, &mut wanted);
        let near = &letters[at..letters.len().min(at + REACH + wanted.len())];
        let found = if near.starts_with(&wanted) {
            Some(at)
        } else if wanted.len() >= LETTERS && misses < MISSES {
            memmem::find(near, &wanted).map(|offset| at + offset)
        } else {
            None
        };
        if wanted.is_empty() || found.is_none() {
            misses += usize::from(!wanted.is_empty());
            verdicts.push(None);
            continue;
        }
        let start = found.unwrap_or(at);
        at = start + wanted.len();
        let number = ends.partition_point(|end| *end <= start);
        let mut verdict = resolved.get(number).copied().flatten();
        if verdict == Some(Verdict::Quote) && html.get(number).is_some_and(|line| line.depth == 0) {
            marked |= line.depth > 0;
            verdict = verdict.filter(|_| line.depth > 0 || !marked);
        }
        verdicts.push(verdict);
    }
    verdicts
}

/// Letters and digits, in UTF-8: what stays the same between a text and its HTML.
fn add_letters(text: &str, letters: &mut Vec<u8>) {
    // Written first and counted afterwards: whether a byte is a letter is hard to foresee.
    let mut end = letters.len();
    letters.resize(end + text.len(), 0);
    for c in text.chars() {
        if c.is_ascii() {
            letters[end] = c as u8;
            end += usize::from(c.is_ascii_alphanumeric());
        } else if c.is_alphanumeric() {
            end += c.encode_utf8(&mut letters[end..]).len();
        }
    }
    letters.truncate(end);
}
