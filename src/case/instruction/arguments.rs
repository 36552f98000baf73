//! What stands behind a word.

use jiff::civil::Date;

use super::{Order, Word, is_blank, is_hash, is_mark};
use crate::case::command::Until;
use crate::case::sentence::sentence;
use crate::case::{Action, CaseNumber, Sentence, Who};
use crate::mail::Address;

/// Characters of a tag.
const TAG: usize = 50;

/// What became of a word and what stands behind it.
pub(super) enum Understood {
    Orders(Vec<Order>),
    Faulty(Sentence),
}

/// A word that takes nothing.
pub(super) fn without(word: Word) -> Understood {
    let action = match word {
        Word::Note => return Understood::Orders(vec![Order::Note]),
        Word::Send => return Understood::Orders(vec![Order::Send]),
        Word::Help => return Understood::Orders(vec![Order::Help]),
        Word::Close => Action::Close { text: None },
        Word::Reopen => Action::Reopen { text: None },
        Word::Accept => Action::Accept { post: None },
        Word::Split => Action::Split { posts: Vec::new() },
        Word::Spam => Action::Spam,
        Word::Assign
        | Word::Priority
        | Word::Status
        | Word::Queue
        | Word::Tag
        | Word::Untag
        | Word::Cc
        | Word::Uncc
        | Word::Wait
        | Word::Merge
        | Word::Move => return Understood::Faulty(takes(word)),
    };
    Understood::Orders(vec![Order::Act(action)])
}

/// A word, and the rest of its line.
pub(super) fn read(word: Word, line: &str) -> Understood {
    let words: Vec<&str> = line.split(is_blank).map(tidy).filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return Understood::Faulty(takes(word));
    }
    let phrase = words.join(" ");
    let one = |action: Action| vec![Order::Act(action)];
    let orders = match word {
        Word::Assign => one(Action::Assign { to: name(&phrase) }),
        Word::Priority => one(Action::Priority { priority: phrase }),
        Word::Status => one(Action::Status { status: phrase }),
        Word::Queue => one(Action::Queue { queue: phrase }),
        Word::Tag | Word::Untag => match tags(line) {
            Ok(tags) if word == Word::Tag => one(Action::Tag { tags }),
            Ok(tags) => one(Action::Untag { tags }),
            Err(sentence) => return Understood::Faulty(sentence),
        },
        Word::Cc => people(line).into_iter().map(|who| Order::Act(Action::Cc { who })).collect(),
        Word::Uncc => people(line).into_iter().map(|who| Order::Act(Action::Uncc { who })).collect(),
        Word::Wait => match until(&phrase) {
            Some(until) => one(Action::Wait { until }),
            None => return Understood::Faulty(no_day(&phrase)),
        },
        Word::Merge | Word::Move => match (number(&words), word) {
            (Some(with), Word::Merge) => one(Action::Merge { with }),
            (Some(to), _) => one(Action::Move { posts: Vec::new(), to }),
            (None, _) => return Understood::Faulty(takes(word)),
        },
        Word::Note | Word::Send | Word::Close | Word::Reopen | Word::Accept | Word::Split | Word::Spam | Word::Help => {
            return without(word);
        }
    };
    if orders.is_empty() { Understood::Faulty(takes(word)) } else { Understood::Orders(orders) }
}

/// What the word takes, as a sentence.
fn takes(word: Word) -> Sentence {
    let (what, was) = match word {
        Word::Assign => ("the name of a colleague", "den Namen einer Kollegin oder eines Kollegen"),
        Word::Priority => ("a priority", "eine Priorität"),
        Word::Status => ("a status", "einen Status"),
        Word::Queue => ("the name of a queue", "den Namen einer Warteschlange"),
        Word::Tag | Word::Untag => ("tags", "Markierungen"),
        Word::Cc | Word::Uncc => {
            ("an address, or the name of a colleague", "eine Adresse oder den Namen einer Kollegin oder eines Kollegen")
        }
        Word::Wait => ("a day", "einen Tag"),
        Word::Merge | Word::Move => ("the number of one case", "die Nummer eines Falls"),
        Word::Note | Word::Send | Word::Close | Word::Reopen | Word::Accept | Word::Split | Word::Spam | Word::Help => {
            ("nothing", "nichts")
        }
    };
    let (word, example) = (word.name(), word.example());
    sentence!("`#{word}` takes {what}, as in `{example}`.", "`#{word}` braucht {was}, wie in `{example}`.")
}

/// The sentence about a day that is none.
pub fn no_day(text: &str) -> Sentence {
    let text: String = text.chars().take(30).collect();
    sentence!(
        "`{text}` is no day: write it as 2027-05-14, or 3d, 2w, tomorrow.",
        "`{text}` ist kein Tag: Schreiben Sie ihn als 2027-05-14 oder 14.5.2027, oder 3 Tage, 2 Wochen, morgen."
    )
}

/// Without what mail programs and writers put around a word.
fn tidy(word: &str) -> &str {
    word.trim_matches(|c: char| is_mark(c) || matches!(c, '"' | '\'' | '“' | '”' | '„' | '.' | ',' | ';' | ':' | '!'))
}

fn name(phrase: &str) -> String {
    phrase.trim_start_matches('@').to_owned()
}

fn tags(line: &str) -> Result<Vec<String>, Sentence> {
    let mut tags: Vec<String> = Vec::new();
    for word in line.split(|c: char| is_blank(c) || matches!(c, ',' | ';')) {
        let tag = tidy(word).trim_start_matches(is_hash).to_lowercase();
        if !tag.is_empty() && !tags.contains(&tag) {
            tags.push(self::tag(&tag)?);
        }
    }
    match tags.is_empty() {
        true => Err(takes(Word::Tag)),
        false => Ok(tags),
    }
}

/// A tag as it is kept: letters, digits and `-_.:/`, in small letters.
///
/// # Errors
/// One sentence.
pub fn tag(text: &str) -> Result<String, Sentence> {
    let tag = text.trim().trim_start_matches(is_hash).to_lowercase();
    let good = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/');
    if tag.is_empty() || tag.chars().count() > TAG || !tag.chars().all(good) {
        let shown: String = tag.chars().take(TAG).collect();
        return Err(sentence!(
            "`{shown}` is no tag: a tag is one word of at most {TAG} letters, digits and -_.:/ signs.",
            "`{shown}` ist keine Markierung: Sie ist ein Wort aus höchstens {TAG} Buchstaben, Ziffern und Zeichen -_.:/."
        ));
    }
    Ok(tag)
}

/// `10480`, `#10480`, `[Case 10480]`: one number, behind a word or two at most.
fn number(words: &[&str]) -> Option<CaseNumber> {
    let (last, before) = words.split_last()?;
    let bare = |word: &str| word.trim_matches(|c: char| is_hash(c) || matches!(c, '[' | ']' | '(' | ')')).to_owned();
    let words_only = before.iter().all(|word| bare(word).chars().all(char::is_alphabetic));
    let digits = bare(last);
    let plain = !digits.is_empty() && digits.len() <= 15 && digits.bytes().all(|b| b.is_ascii_digit());
    (before.len() <= 2 && words_only && plain).then(|| digits.parse().ok().map(CaseNumber)).flatten()
}

/// `2027-05-14`, `14.05.2027`, `3d`, `3 days`, `2w`, `tomorrow`, and so in German. Slashes are read differently here and there: none.
pub fn until(phrase: &str) -> Option<Until> {
    let phrase = phrase.trim().to_lowercase();
    let phrase = ["until ", "bis "].iter().find_map(|word| phrase.strip_prefix(word)).unwrap_or(&phrase);
    if matches!(phrase, "tomorrow" | "morgen") {
        return Some(Until::Days(1));
    }
    let parts: Vec<&str> = phrase.split(['-', '.']).collect();
    if let ([one, two, three], true) =
        (&parts[..], phrase.bytes().all(|b| b.is_ascii_digit() || b == b'-' || b == b'.'))
    {
        let (year, day) = if phrase.contains('-') { (one, three) } else { (three, one) };
        let year = (year.len() == 4).then(|| year.parse().ok()).flatten()?;
        return Date::new(year, two.parse().ok()?, day.parse().ok()?).ok().map(Until::Day);
    }
    let end = phrase.find(|c: char| !c.is_ascii_digit())?;
    let count: u16 = phrase[..end].parse().ok()?;
    match phrase[end..].trim() {
        "d" | "day" | "days" | "tag" | "tage" | "tagen" => Some(Until::Days(count)),
        "w" | "week" | "weeks" | "woche" | "wochen" => Some(Until::Days(count.checked_mul(7)?)),
        _ => None,
    }
}

/// Addresses and names, as mail programs write them: `Anna <anna@x.example>`, `anna@x.example <mailto:anna@x.example>`.
fn people(line: &str) -> Vec<Who> {
    let mut found: Vec<Who> = Vec::new();
    // A name in quotation marks stands for nobody but the address behind it, and may hold a comma.
    let parts: Vec<&str> = line.split('"').collect();
    let outside = if parts.len() % 2 == 1 { parts.into_iter().step_by(2).collect::<String>() } else { line.to_owned() };
    for chunk in outside.split([',', ';']) {
        let spaced = chunk.replace('<', " <").replace('>', "> ").replace(['[', ']', '(', ')'], " ");
        // Words in front of an address in brackets are the name of its owner.
        let mut names: Vec<Who> = Vec::new();
        for word in spaced.split(is_blank).filter(|word| !word.is_empty()) {
            let bracketed = word.starts_with('<');
            let bare = tidy(word.trim_matches(['<', '>']));
            let bare = bare.strip_prefix("mailto:").unwrap_or(bare);
            let bare = bare.split_once('?').map_or(bare, |(address, _)| address);
            match Address::parse(bare) {
                Some(address) => {
                    if bracketed {
                        names.clear();
                    }
                    found.append(&mut names);
                    found.push(Who::Outside(address));
                }
                None if bare.is_empty() => {}
                None => names.push(Who::Staff(name(bare))),
            }
        }
        found.append(&mut names);
    }
    found
}
