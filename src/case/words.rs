//! The words of a staff mail, without what they answer: a notice says things that are for staff alone, and a mail
//! program quotes all of it (B27). What the customer wrote stands in it between two fences; only quoted lines from
//! there may go back to the customer.

use std::collections::BTreeSet;

use super::Audience;
use crate::mail::{Reading, body};

/// Stands above and below a customer's words in a notice.
const FENCE: &str = "· · · · · · · · · · · · · · · ·";
/// Dots that make a fence.
const DOTS: usize = 8;

/// What staff wrote.
pub struct Words {
    pub text: String,
    pub manner: Manner,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Above what they answer, or without it.
    Above,
    /// Between the lines that they answer, which stand in the text.
    Between,
}

/// `words` as they stand in a notice.
pub fn fenced(words: &str) -> String {
    let plain: Vec<&str> = words.lines().filter(|line| !is_fence(line)).collect();
    format!("{FENCE}\n\n{}\n\n{FENCE}", plain.join("\n").trim_matches('\n'))
}

/// The author's words. `quoted`: who knows what the answered letter told of; what people outside wrote or read stays
/// between the author's lines as far as it stood between the fences, what a colleague wrote does not.
pub fn of(reading: &Reading, quoted: Audience) -> Words {
    let answered = match quoted {
        Audience::Public => between_fences(&reading.message.text),
        Audience::Internal => BTreeSet::new(),
    };
    let mut kept: Vec<&str> = Vec::new();
    let mut manner = Manner::Above;
    for line in reading.author_text.lines() {
        let (depth, content) = unquoted(line);
        if depth == 0 && body::has_marker(line) {
            // It stands here only where mail is handed on, or where there is nothing but our mail and what introduces it.
            let above = format!("{}\n{line}", kept.join("\n"));
            if body::split(&above).own.trim().is_empty() {
                kept.clear();
            }
            break;
        }
        if depth == 0 && is_fence(line) {
            // A mail program that marks no quotation: from the sentence above the fence on it is the notice.
            while kept.last().is_some_and(|line| line.trim().is_empty()) {
                kept.pop();
            }
            while kept.last().is_some_and(|line| !line.trim().is_empty()) {
                kept.pop();
            }
            break;
        }
        if depth == 0 || content.is_empty() {
            kept.push(line);
        } else if answered.contains(content) {
            kept.push(line);
            manner = Manner::Between;
        }
    }
    if manner == Manner::Above {
        kept.retain(|line| unquoted(line).0 == 0);
    }
    Words { text: tidy(&kept), manner }
}

/// The quoted lines between the first fence and the next.
fn between_fences(text: &str) -> BTreeSet<&str> {
    let quoted = text.lines().map(unquoted).filter(|(depth, _)| *depth > 0);
    let inside = quoted.skip_while(|(_, content)| !is_fence(content)).skip(1);
    inside
        .take_while(|(_, content)| !is_fence(content))
        .map(|(_, content)| content)
        .filter(|it| !it.is_empty())
        .collect()
}

fn unquoted(line: &str) -> (usize, &str) {
    let (mut depth, mut rest) = (0, line.trim_start());
    while let Some(inner) = rest.strip_prefix('>') {
        (depth, rest) = (depth + 1, inner.trim_start());
    }
    (depth, rest.trim_end())
}

fn is_fence(line: &str) -> bool {
    let (_, content) = unquoted(line);
    content.chars().all(|c| c == '·' || c.is_whitespace()) && content.matches('·').count() >= DOTS
}

fn tidy(lines: &[&str]) -> String {
    let mut out: Vec<&str> = Vec::new();
    for line in lines {
        let line = line.trim_end();
        if !(line.is_empty() && out.last().is_none_or(|last| last.is_empty())) {
            out.push(line);
        }
    }
    out.join("\n").trim_end().to_owned()
}
