//! A person's card at the end of a text: name, company, how to reach them.

use super::Line;
use super::fold::folded;
use crate::mail::closing::CLOSINGS;

/// Lines of a card below a closing salutation, at most.
const LINES: usize = 12;
/// So many of them say how to reach somebody, at least: one alone may be what the author wants to say.
const WAYS: usize = 2;
/// Words that begin small, beyond which a line is a sentence.
const SMALL: usize = 3;

/// Whether what stands below `rule`, a line of dashes, is a card.
pub fn is_card(rule: &str, lines: &[Line<'_>]) -> bool {
    let filled = || lines.iter().map(|line| line.content).filter(|content| !content.is_empty());
    let underscored = rule.len() >= 8 && rule.starts_with('_');
    let name = underscored || filled().next().is_some_and(is_name);
    let tabled = filled().filter(|content| content.matches('|').count() >= 2).count() > 1;
    let brief = || underscored && filled().all(|content| content.split(' ').count() <= 5);
    name && filled().all(is_short) && !tabled && (filled().any(reaches) || brief())
}

/// Where, in the last lines of what an author wrote, a card begins below a closing salutation and a name.
pub fn below_closing(lines: &[Line<'_>]) -> Option<usize> {
    let filled = |at: &usize| !lines[*at].content.is_empty();
    let mut ways = 0;
    let mut below: [Option<usize>; 2] = [None, None];
    for at in (0..lines.len()).rev().filter(filled).take(LINES) {
        let content = lines[at].content;
        if CLOSINGS.contains(folded(content).trim_end_matches([',', '.', '!', ' '])) {
            let [name, card] = below;
            let signed = name.is_some_and(|name| is_name(lines[name].content) && !reaches(lines[name].content));
            return card.filter(|_| signed && ways >= WAYS);
        }
        if !is_short(content) || is_marked(content) {
            return None;
        }
        ways += usize::from(reaches(content));
        below = [Some(at), below[0]];
    }
    None
}

fn is_name(first: &str) -> bool {
    let head = first.split('|').next().unwrap_or_default();
    head.starts_with(|c: char| c.is_alphabetic() && !c.is_lowercase())
        && head.split_whitespace().count() <= 6
        && !head.contains(['@', ':'])
        && !head.contains(|c: char| c.is_ascii_digit())
}

/// Whether a line may stand on a card that says how to reach somebody.
pub fn is_line(content: &str) -> bool {
    is_short(content) && (is_name(content) || reaches(content))
}

fn is_short(content: &str) -> bool {
    let small = content.split_whitespace().filter(|word| word.starts_with(char::is_lowercase)).count();
    small <= SMALL && content.len() <= 160 && !content.ends_with(['?', '!', ':']) && !content.starts_with('<')
}

/// Whether a line begins what somebody adds below their name; `P.S. Iyer` and `PS Pumpen GmbH` are names.
pub fn is_postscript(content: &str) -> bool {
    let mut words = content.split_whitespace();
    let head = words.next().unwrap_or_default();
    let mut said = || words.any(|word| word.starts_with(char::is_lowercase)) || content.ends_with(['.', '!', '?']);
    is_marked(content) && (head.ends_with(':') || said())
}

/// Whether a line has the mark of a postscript, be it one or the beginning of a name.
fn is_marked(content: &str) -> bool {
    const MARKS: &[&str] =
        &["P.S", "p.s", "P. S.", "P.-S.", "PS:", "PS.", "PS ", "Ps:", "ps:", "PPS", "N.B", "NB:", "PD:", "P.D.:"];
    MARKS.iter().any(|mark| content.starts_with(mark))
}

/// Whether a line says something: none that names somebody, and none that says how to reach them.
pub fn is_sentence(content: &str) -> bool {
    let small = content.split_whitespace().filter(|word| word.starts_with(char::is_lowercase)).count();
    let ended = content.ends_with(['.', '!', '?', '？']) && small >= 2;
    !reaches(content) && (ended || small > SMALL)
}

/// Whether a paragraph asks something; with a link beside it, or between quotation marks, it is what companies ask
/// everybody.
pub fn asks(paragraph: &[Line<'_>]) -> bool {
    let cited = |line: &Line<'_>| line.content.starts_with(['"', '“', '„', '«', '\'', '‘', '*', '~', '-', '|']);
    let cited = paragraph.first().is_some_and(cited);
    let credited = paragraph.last().is_some_and(|line| line.content.starts_with(['-', '–', '—', '~']));
    let asked = paragraph.iter().any(|line| line.content.contains(['?', '？', '؟']));
    asked && !cited && !credited && !paragraph.iter().any(|line| reaches(line.content))
}

/// Whether a line says how to reach somebody: an address, a page, a telephone.
fn reaches(content: &str) -> bool {
    let digits = |part: &str| part.bytes().filter(u8::is_ascii_digit).count();
    let is_number =
        |part: &str| digits(part) >= 7 && part.chars().all(|c| c.is_ascii_digit() || " +()-/.\u{a0}:|".contains(c));
    let written = ["@", "www.", "http"].iter().any(|mark| content.contains(mark));
    written || digits(content) >= 7 && content.split(char::is_alphabetic).any(is_number)
}
