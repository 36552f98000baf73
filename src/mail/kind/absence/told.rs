//! What the author of a possible notice says in words of their own, at the beginning.

use super::request::{pleads, requests};
use super::words::{ABSENT, ACKNOWLEDGEMENTS, HOUSES, RETURNS};
use crate::mail::body::Split;
use crate::mail::kind::subjects;
use crate::mail::message::clip;
use crate::mail::report::plain;

/// Bytes of the author's words within which an automatic answer says what it is.
const HEAD_BYTES: usize = 600;
/// Bytes that are looked through for quotations.
const WORDS_BYTES: usize = 1_200;
/// Bytes of a quotation, at most.
const QUOTED_BYTES: usize = 500;

/// The beginning of the author's words, without what stands in quotation marks: wording that the author wants or has seen.
pub struct Told<'a> {
    /// As it stands.
    own: String,
    /// As [`plain`] makes it.
    pub head: String,
    /// As it stands, with what stands in quotation marks.
    whole: &'a str,
}

impl<'a> Told<'a> {
    pub fn of(split: &'a Split) -> Told<'a> {
        let own = unquoted(clip(split.own.trim_start(), WORDS_BYTES));
        let own = clip(own.trim_start(), HEAD_BYTES).to_owned();
        Told { head: plain(&own), whole: clip(split.own.trim_start(), HEAD_BYTES), own }
    }

    /// Whether the author's words begin like a notice of absence, or say that a program wrote them.
    pub fn says(&self) -> bool {
        let title = || self.own.lines().next().is_some_and(|line| subjects::is_mark(&plain(line)));
        ABSENT.iter().any(|words| self.head.contains(words)) || title()
    }

    /// Whether they would begin like such a notice if what stands in quotation marks were their own.
    pub fn cites(&self) -> bool {
        if self.says() {
            return false;
        }
        let whole = plain(self.whole);
        ABSENT.iter().any(|words| whole.contains(words))
    }

    /// Whether they begin like the acknowledgement of a mail.
    pub fn acknowledges(&self) -> bool {
        ACKNOWLEDGEMENTS.iter().any(|words| self.head.contains(words))
    }

    /// Whether they name an automatic reply.
    pub fn names_mark(&self) -> bool {
        subjects::names_mark(&self.head)
    }

    /// Whether they ask for something, in words that notices do not use.
    pub fn pleads(&self) -> bool {
        pleads(&self.own)
    }

    /// The same, less surely.
    pub fn requests(&self) -> bool {
        requests(&self.own)
    }

    /// Whether a whole house tells of its holidays, as people write to those who deliver to it.
    pub fn of_a_house(&self) -> bool {
        HOUSES.iter().any(|words| self.head.contains(words))
    }

    /// Whether the author's words say how long it lasts, or who helps meanwhile, as notices do.
    pub fn tells_when(&self) -> bool {
        RETURNS.iter().any(|words| self.head.contains(words))
    }

    /// Whether it is somebody else who is absent: `The technician is out of the office.` Or something that is called so.
    pub fn of_another(&self) -> bool {
        const VERBS: &[&str] = &[" is ", " are ", " ist ", " sind ", " est ", " sont ", " está ", " è ", " derzeit "];
        const NOBODYS: &[&str] = &["out of the office", "out of office", "not in the office", "away from"];
        const OWN: &[&str] = &["am ", "'m ", "be ", "been ", "currently ", "we are ", "presently "];
        let found = ABSENT.iter().filter_map(|words| self.head.find(words).map(|at| (at, words))).min();
        found.is_some_and(|(at, words)| {
            let before = &self.head[..at];
            let begins =
                before.trim_end().is_empty() || before.trim_end().ends_with(['.', '!', ',', ':', '*', '-', '|']);
            let own = begins || OWN.iter().any(|own| before.ends_with(own));
            VERBS.iter().any(|verb| before.ends_with(verb)) && !before.ends_with("we are ")
                || NOBODYS.contains(words) && !own
        })
    }
}

/// `text` without what stands in quotation marks, unless nothing else is left.
fn unquoted(text: &str) -> String {
    const PAIRS: &[(char, &[char])] = &[
        ('"', &['"']),
        ('\'', &['\'']),
        ('„', &['“', '”', '"']),
        ('“', &['”', '"']),
        ('‘', &['’']),
        ('«', &['»']),
        ('»', &['«']),
        ('「', &['」']),
        ('『', &['』']),
    ];
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, open)) = rest.char_indices().find(|(_, c)| PAIRS.iter().any(|(open, _)| open == c)) {
        let (before, from) = rest.split_at(at);
        kept.push_str(before);
        let inside = &from[open.len_utf8()..];
        let closes = PAIRS.iter().find(|(known, _)| *known == open).map_or(&[][..], |(_, closes)| closes);
        // Apostrophes and inches stand behind a word, and so does what closes.
        let behind_word = kept.ends_with(char::is_alphanumeric) && open.is_ascii();
        let end = clip(inside, QUOTED_BYTES).char_indices().find(|(end, c)| {
            let behind = inside[end + c.len_utf8()..].chars().next();
            closes.contains(c) && (*c != '\'' && *c != '’' || behind.is_none_or(|next| !next.is_alphanumeric()))
        });
        match end {
            Some((end, close)) if !behind_word => rest = &inside[end + close.len_utf8()..],
            Some(_) | None => {
                kept.push(open);
                rest = inside;
            }
        }
    }
    kept.push_str(rest);
    if kept.contains(char::is_alphanumeric) { kept } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotations_are_not_the_authors_words() {
        for (text, own) in [
            ("Set it to \"I am away\".", "Set it to ."),
            ("It says 'I'm away until 1970'.", "It says ."),
            ("Der Text: „Ich bin im Urlaub.“ Danke", "Der Text:  Danke"),
            ("文面は「休暇中です」です", "文面はです"),
            ("I'm away, it's 5\" wide and 7\" long.", "I'm away, it's 5\" wide and 7\" long."),
            ("\"I am away\"", "\"I am away\""),
            ("The dogs' \"bone", "The dogs' \"bone"),
        ] {
            assert_eq!(unquoted(text), own, "{text}");
        }
    }
}
