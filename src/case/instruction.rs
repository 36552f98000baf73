//! Instructions: what stands at the top of a staff mail, one command a line, each beginning with `#`. Whatever comes
//! below them is the text. Pure and total; the text is always the end of what was written, whole.
//!
//! Only an unbroken run at the very top counts, blank lines aside: a `#` further down is the author's, and so is a
//! number (`#1 priority`). What begins like a command and is none is asked about, never sent.

mod arguments;
mod words;

#[cfg(test)]
mod tests;

use super::{Action, CaseNumber};
use arguments::Understood;
pub use arguments::{no_day, tag, until};
pub use words::{WORDS, Word, nearest};

/// Commands that one mail may give (L10).
const ORDERS: usize = 40;

/// What a staff mail asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Instructions {
    /// In the order in which they stand there, none twice.
    pub orders: Vec<Order>,
    /// What stands below them, without blank lines around it.
    pub text: String,
    /// Why nothing of the mail can be carried out before its writer was asked: sentences, each about one thing.
    pub unclear: Vec<String>,
}

/// One command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// The text stays internal.
    Note,
    /// The text goes to the customer.
    Send,
    Help,
    /// Texts and posts are those of the mail: the action has none.
    Act(Action),
    /// The word is known, and what stands behind it makes no sense: this sentence says what it takes.
    Faulty(Word, String),
}

impl Instructions {
    /// True for a mail that is nothing but a text.
    pub fn is_empty(&self) -> bool {
        self.orders.is_empty() && self.unclear.is_empty()
    }

    /// The other cases that deciding has to know.
    pub fn cases(&self) -> impl Iterator<Item = CaseNumber> {
        self.orders.iter().filter_map(|order| match order {
            Order::Act(Action::Merge { with: other } | Action::Move { to: other, .. }) => Some(*other),
            Order::Act(_) | Order::Note | Order::Send | Order::Help | Order::Faulty(..) => None,
        })
    }
}

/// Reads the author's own words. Linear in their length.
pub fn read(words: &str) -> Instructions {
    let mut found = Instructions::default();
    let mut rest = words;
    loop {
        match opening(rest) {
            Opening::Text => break,
            Opening::Unclear(sentence, after) => {
                found.unclear.push(sentence);
                rest = after;
            }
            Opening::Command(word, after) => rest = command(word, after, &mut found),
        }
        if found.orders.len() + found.unclear.len() > ORDERS {
            found.unclear.push(format!("A mail takes at most {ORDERS} commands."));
            break;
        }
    }
    found.text = without_blank_lines(rest).to_owned();
    found.unclear.extend(contradictions(&found.orders));
    found
}

/// How what is left of the words begins.
enum Opening<'a> {
    Text,
    /// The rest begins behind the word and what clings to it.
    Command(Word, &'a str),
    Unclear(String, &'a str),
}

fn opening(rest: &str) -> Opening<'_> {
    // Mail programs write bold as `*#close*`.
    let bare = rest.trim_start_matches(is_blank).trim_start_matches(is_mark);
    let Some(after) = bare.strip_prefix(is_hash) else { return Opening::Text };
    let begins = after.trim_start_matches(|c| is_hash(c) || (is_blank(c) && c != '\n'));
    let clings = begins.len() == after.len();
    let end = begins.find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_'))).unwrap_or(begins.len());
    let (name, behind) = begins.split_at(end);
    let name = name.trim_end_matches('_');
    if !name.starts_with(char::is_alphabetic) {
        return Opening::Text;
    }
    let behind = behind.trim_start_matches(|c| is_mark(c) || matches!(c, '.' | ',' | ':' | ';' | '!' | '='));
    match (Word::of(name), clings) {
        (Some(word), true) => Opening::Command(word, behind),
        (Some(word), false) => Opening::Unclear(
            format!("Is `#{}` a command? It is written without a space.", word.name()),
            line_after(behind),
        ),
        // `# Heading`, `##- …`
        (None, false) => Opening::Text,
        (None, true) => Opening::Unclear(unknown(name), line_after(behind)),
    }
}

fn unknown(name: &str) -> String {
    let name: String = name.chars().take(30).collect();
    match Word::nearest(&name) {
        Some(near) => format!("`#{name}` is no command: did you mean `#{}`?", near.name()),
        None => format!("`#{name}` is no command."),
    }
}

/// Adds what one command asks for; returns what is left behind it.
fn command<'a>(word: Word, after: &'a str, found: &mut Instructions) -> &'a str {
    if word.argument().is_none() {
        return match arguments::without(word) {
            Understood::Orders(orders) => {
                add(found, orders);
                after
            }
            Understood::Faulty(sentence) => {
                add(found, vec![Order::Faulty(word, sentence)]);
                after
            }
        };
    }
    let line_end = after.find('\n').unwrap_or(after.len());
    let (line, below) = after.split_at(line_end);
    // Two commands may share a line. Behind `#tag` a `#` begins a tag as people write it elsewhere.
    let next = next_word(line);
    let is_tags = matches!(word, Word::Tag | Word::Untag);
    let (argument, rest) = match next {
        Some((at, _)) if !is_tags => (&line[..at], &after[at..]),
        Some((_, Some(known))) => {
            let known = known.name();
            found.unclear.push(format!(
                "Is `#{known}` behind `#{}` a tag or a command? A command stands on a line of its own, a tag without `#`.",
                word.name()
            ));
            return below;
        }
        Some((_, None)) | None => (line, below),
    };
    match arguments::read(word, argument) {
        Understood::Orders(orders) => add(found, orders),
        Understood::Faulty(sentence) => add(found, vec![Order::Faulty(word, sentence)]),
    }
    rest
}

fn add(found: &mut Instructions, orders: Vec<Order>) {
    for order in orders {
        if !found.orders.contains(&order) {
            found.orders.push(order);
        }
    }
}

/// Where within a line the next `#word` begins, and which command it is. `#10482` is none.
fn next_word(line: &str) -> Option<(usize, Option<Word>)> {
    let mut before = ' ';
    let starts = line.char_indices().find(|(at, c)| {
        let begins = is_hash(*c) && (is_blank(before) || is_mark(before));
        before = *c;
        begins && line[*at + c.len_utf8()..].starts_with(char::is_alphabetic)
    });
    let (at, hash) = starts?;
    let name = &line[at + hash.len_utf8()..];
    let end = name.find(|c: char| !c.is_alphanumeric() && c != '-').unwrap_or(name.len());
    Some((at, Word::of(&name[..end])))
}

/// What cannot be meant together.
fn contradictions(orders: &[Order]) -> Vec<String> {
    let words: Vec<Word> = orders.iter().map(Order::word).collect();
    let pairs = [
        (Word::Note, Word::Send),
        (Word::Close, Word::Reopen),
        (Word::Close, Word::Wait),
        (Word::Close, Word::Status),
        (Word::Close, Word::Spam),
        (Word::Reopen, Word::Wait),
        (Word::Reopen, Word::Status),
        (Word::Reopen, Word::Spam),
        (Word::Send, Word::Spam),
        (Word::Wait, Word::Spam),
        (Word::Wait, Word::Status),
        (Word::Status, Word::Spam),
        (Word::Split, Word::Move),
    ];
    let both = pairs.into_iter().filter(|(one, other)| words.contains(one) && words.contains(other));
    let mut found: Vec<String> =
        both.map(|(one, other)| format!("`#{}` and `#{}` contradict each other.", one.name(), other.name())).collect();
    for word in [Word::Assign, Word::Priority, Word::Status, Word::Queue, Word::Wait, Word::Move] {
        if words.iter().filter(|known| **known == word).count() > 1 {
            found.push(format!("`#{}` stands there twice, each time otherwise.", word.name()));
        }
    }
    found
}

impl Order {
    /// The word with which it was given.
    pub fn word(&self) -> Word {
        match self {
            Order::Note => Word::Note,
            Order::Send => Word::Send,
            Order::Help => Word::Help,
            Order::Faulty(word, _) => *word,
            Order::Act(action) => match action {
                Action::Reply { .. } => Word::Send,
                Action::Note { .. } => Word::Note,
                Action::Close { .. } => Word::Close,
                Action::Reopen { .. } => Word::Reopen,
                Action::Assign { .. } => Word::Assign,
                Action::Accept { .. } => Word::Accept,
                Action::Priority { .. } => Word::Priority,
                Action::Status { .. } => Word::Status,
                Action::Tag { .. } => Word::Tag,
                Action::Untag { .. } => Word::Untag,
                Action::Queue { .. } => Word::Queue,
                Action::Cc { .. } => Word::Cc,
                Action::Uncc { .. } => Word::Uncc,
                Action::Merge { .. } => Word::Merge,
                Action::Split { .. } => Word::Split,
                Action::Move { .. } => Word::Move,
                Action::Spam => Word::Spam,
                Action::Wait { .. } => Word::Wait,
            },
        }
    }
}

/// White space, and what mail programs put where nothing is seen.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

/// Bold, italic, fixed width, as text programs write them.
fn is_mark(c: char) -> bool {
    matches!(c, '*' | '_' | '`')
}

fn is_hash(c: char) -> bool {
    matches!(c, '#' | '＃' | '﹟')
}

/// What stands below this line.
fn line_after(rest: &str) -> &str {
    rest.split_once('\n').map_or("", |(_, below)| below)
}

/// The text from its first line with something on it; spaces before its first word stay.
fn without_blank_lines(text: &str) -> &str {
    let text = text.trim_end_matches(is_blank);
    let first = text.find(|c| !is_blank(c)).unwrap_or(text.len());
    let line = text[..first].rfind('\n').map_or(0, |at| at + 1);
    text[line..].trim_start_matches([' ', '\u{a0}'])
}
