//! Subjects: what they are about, without what mail programs and the desk put before and behind it (RFC 5256 §2.1, in
//! the languages that programs speak), and whether two of them have anything in common (B23).

mod words;

use unicode_normalization::UnicodeNormalization;

use super::body::fold::folded;
use super::message::clip;
use words::Words;

/// Bytes of a subject that are compared.
const COMPARED: usize = 1_000;
/// Characters that a prefix such as `Re[2]` has at most.
const PREFIX_CHARS: usize = 24;

/// Brackets in which a tag may have come back.
const BRACKETS: [(char, char); 17] = [
    ('[', ']'),
    ('(', ')'),
    ('{', '}'),
    ('<', '>'),
    ('［', '］'),
    ('（', '）'),
    ('【', '】'),
    ('〔', '〕'),
    ('「', '」'),
    ('《', '》'),
    ('«', '»'),
    ('‹', '›'),
    ('『', '』'),
    ('〖', '〗'),
    ('〈', '〉'),
    ('｛', '｝'),
    ('＜', '＞'),
];

const COLONS: [char; 4] = [':', '：', '﹕', '∶'];

/// The subject without our tag, without reply and forward prefixes, and without what gateways warn of; may be empty. Other
/// tags stay (`[Urgent] Printer`), unless a prefix stands behind them (RFC 5256 §2.1, subj-leader). `case_word` is the
/// word of our tag.
pub fn base(subject: &str, case_word: &str) -> String {
    let bare = without_tags(subject, case_word);
    let mut rest = bare.trim();
    loop {
        let shorter = without_prefix(rest).or_else(|| without_wrapping(rest)).or_else(|| without_warning(rest));
        match shorter.or_else(|| without_blobs(rest)) {
            Some(shorter) => rest = shorter,
            None => return rest.to_owned(),
        }
    }
}

/// What a case is called: the base subject, `(no subject)` when nothing is left.
pub fn of_case(subject: &str, case_word: &str) -> String {
    let base = base(subject, case_word);
    if base.is_empty() { "(no subject)".to_owned() } else { base }
}

/// The subject without reply prefixes alone: a forward keeps its mark, since it is part of what the mail is about.
pub fn without_reply_prefixes(subject: &str) -> &str {
    let mut rest = subject.trim();
    while let Some(shorter) = without(rest, &[words::REPLY]) {
        rest = shorter;
    }
    rest
}

/// Whether a mail program put a mark of answering or of forwarding before the subject, behind whatever tags gateways put
/// before that.
pub fn is_handed_on(subject: &str) -> bool {
    let mut rest = subject.trim_start();
    while without_prefix(rest).or_else(|| without_wrapping(rest)).is_none() {
        let behind = [('[', ']'), ('(', ')'), ('{', '}'), ('【', '】')].iter().find_map(|(open, close)| {
            let inside = rest.strip_prefix(*open)?;
            inside.split_once(*close).map(|(_, behind)| behind.trim_start())
        });
        match behind {
            Some(behind) => rest = behind,
            None => return false,
        }
    }
    true
}

/// True when a reply under `new` is about something else than what `old` says: both say something, and no word that
/// means anything stands in both. The languages may differ from each other only in their prefixes.
pub fn is_unrelated(new: &str, old: &str, case_word: &str) -> bool {
    let words = |subject: &str| Words::of(&without_mentions(&base(clip(subject, COMPARED), case_word), case_word));
    let (new, old) = (words(new), words(old));
    !new.is_empty() && !old.is_empty() && !new.meets(&old)
}

/// The subject without our tags, `[Case 10482]` in whatever brackets, and with single spaces.
fn without_tags(subject: &str, case_word: &str) -> String {
    let mut kept = String::new();
    let mut rest = subject;
    while let Some((at, open)) = rest.char_indices().find(|(_, c)| BRACKETS.iter().any(|(open, _)| c == open)) {
        kept.push_str(&rest[..at]);
        let inside = &rest[at + open.len_utf8()..];
        let close = BRACKETS.iter().find(|(known, _)| *known == open).map_or(open, |(_, close)| *close);
        match inside.split_once(close) {
            Some((tag, behind)) if is_tag(tag, case_word) => rest = behind,
            Some(_) | None => {
                kept.push(open);
                rest = inside;
            }
        }
    }
    kept.push_str(rest);
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `Case 10482`, `Case #10482`, `Case: 10482`, `Case no. 10482`, `#10482`.
fn is_tag(inside: &str, case_word: &str) -> bool {
    let inside = plain(clip(inside, 100));
    let word = plain(case_word);
    let inside = inside.trim();
    let number = inside.strip_prefix(word.as_str()).filter(|_| !word.is_empty());
    let number = number.or_else(|| Some(inside).filter(|inside| inside.starts_with(['#', '＃'])));
    number.is_some_and(|rest| {
        let rest = rest.trim_start_matches([' ', '#', '＃', '№', ':', '：', '-', '.']);
        let digits = words::NUMBER.iter().find_map(|word| rest.strip_prefix(word)).unwrap_or(rest);
        let digits = digits.trim_start_matches([' ', '#', ':', '.', '°']);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Folded, signs of full width made ordinary ones.
fn plain(text: &str) -> String {
    folded(&text.nfkc().collect::<String>())
}

/// `subject` without the words that only name a case, without brackets as they may be: `Case 10482: any news?`.
fn without_mentions(subject: &str, case_word: &str) -> String {
    let words: Vec<&str> = subject.split(' ').collect();
    let mut kept: Vec<&str> = Vec::new();
    let mut rest = words.as_slice();
    while let Some((word, behind)) = rest.split_first() {
        let tag = |length: &usize| {
            let written = rest[..*length].join(" ");
            is_tag(written.trim_end_matches(|c: char| !c.is_alphanumeric()), case_word)
        };
        match (1..=rest.len().min(4)).find(tag) {
            Some(length) => rest = &rest[length..],
            None => {
                kept.push(word);
                rest = behind;
            }
        }
    }
    kept.join(" ")
}

/// `Re:`, `RE[2]:`, `Re (2):`, `AW^2:`, `回复：`, `Fwd:`; None when the subject begins with none.
fn without_prefix(subject: &str) -> Option<&str> {
    without(subject, &[words::REPLY, words::FORWARD])
}

fn without<'a>(subject: &'a str, prefixes: &[&[&str]]) -> Option<&'a str> {
    let colon = subject.char_indices().take(PREFIX_CHARS).find(|(_, c)| COLONS.contains(c))?.0;
    let (head, tail) = subject.split_at(colon);
    let counted = |c: char| c.is_ascii_digit() || c.is_whitespace() || "[](){}^*".contains(c);
    let head = plain(head);
    let word = head.trim().trim_end_matches(counted).trim_end_matches('.');
    let known = prefixes.iter().any(|known| known.contains(&word));
    known.then(|| tail.trim_start_matches(COLONS).trim_start())
}

/// RFC 5256 §2.1: `Printer (fwd)`, `[Fwd: Printer]`.
fn without_wrapping(subject: &str) -> Option<&str> {
    let ends = subject.len().checked_sub(5).filter(|at| subject.is_char_boundary(*at));
    if let Some(at) = ends.filter(|at| subject[*at..].eq_ignore_ascii_case("(fwd)")) {
        return Some(subject[..at].trim_end());
    }
    let inside = subject.strip_prefix('[')?.strip_suffix(']')?;
    without(inside, &[words::FORWARD])
}

/// `[EXTERNAL] Printer`, `{Spam?} Printer`, `***SPAM*** Printer`, `EXT: Printer`.
fn without_warning(subject: &str) -> Option<&str> {
    let warns = |inside: &str| {
        let inside = plain(clip(inside, 60));
        words::WARNING.contains(&inside.trim_matches(|c: char| !c.is_alphanumeric()))
    };
    let starred = subject.trim_start_matches('*');
    let (inside, behind) = match bracketed(subject) {
        Some(parts) => parts,
        None if starred.len() < subject.len() => starred.split_once('*')?,
        None => subject.split_at(subject.find(COLONS)?),
    };
    warns(inside).then(|| behind.trim_start_matches('*').trim_start_matches(COLONS).trim_start())
}

/// RFC 5256 §2.1, subj-leader: what stands in brackets before a prefix goes with it.
fn without_blobs(subject: &str) -> Option<&str> {
    let (_, mut rest) = bracketed(subject)?;
    while let Some((_, behind)) = bracketed(rest.trim_start()) {
        rest = behind;
    }
    without_prefix(rest.trim_start())
}

/// What stands in the brackets with which a subject begins, and what follows them.
fn bracketed(subject: &str) -> Option<(&str, &str)> {
    let first = subject.chars().next()?;
    let (open, close) = BRACKETS.iter().find(|(open, _)| *open == first)?;
    subject[open.len_utf8()..].split_once(*close)
}

#[cfg(test)]
mod tests;
