//! Rules as people read them back.

use std::fmt::{Display, Formatter, Result};

use super::{Action, Condition, Pattern};
use crate::mail::{Kind, Language};

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Condition::Mailbox(names) => write!(f, "found in the mailbox {}", or(names.iter().map(quoted))),
            Condition::WrittenTo(patterns) => write!(f, "written to {}", or(patterns.iter().map(Pattern::written))),
            Condition::Originator(patterns) => write!(f, "from {}", or(patterns.iter().map(Pattern::written))),
            Condition::Subject(patterns) => write!(f, "the subject has {}", or(patterns.iter().map(regex))),
            Condition::Words(patterns) => write!(f, "the author's words have {}", or(patterns.iter().map(regex))),
            Condition::Kind(kinds) => write!(f, "of the kind {}", or(kinds.iter().map(|kind| Kind::name(*kind)))),
            Condition::Language(languages) => {
                write!(f, "in the language {}", or(languages.iter().map(|Language(code)| code)))
            }
            Condition::All(conditions) if conditions.is_empty() => f.write_str("always"),
            Condition::All(conditions) => f.write_str(&joined(conditions, " and ")),
            Condition::Any(conditions) => f.write_str(&joined(conditions, " or ")),
            Condition::Not(condition) => write!(f, "not ({condition})"),
        }
    }
}

impl Display for Action {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Action { queue, priority, tags, assign, follow } = self;
        let mut parts = Vec::new();
        parts.extend(queue.iter().map(|queue| format!("queue {queue}")));
        parts.extend(priority.iter().map(|priority| format!("priority {priority}")));
        parts.extend(tags.iter().map(|tag| format!("tag {tag}")));
        match &assign[..] {
            [] => {}
            [one] => parts.push(format!("assigned to {one}, if they are here")),
            chain => parts.push(format!("assigned to the first who is here of {}", chain.join(", "))),
        }
        parts.extend(follow.iter().map(|staff| format!("followed by {staff}")));
        f.write_str(&parts.join("; "))
    }
}

fn joined(conditions: &[Condition], word: &str) -> String {
    let one = |condition: &Condition| match condition {
        Condition::Any(several) | Condition::All(several) if several.len() > 1 => format!("({condition})"),
        Condition::Any(_)
        | Condition::All(_)
        | Condition::Not(_)
        | Condition::Mailbox(_)
        | Condition::WrittenTo(_)
        | Condition::Originator(_)
        | Condition::Subject(_)
        | Condition::Words(_)
        | Condition::Kind(_)
        | Condition::Language(_) => condition.to_string(),
    };
    conditions.iter().map(one).collect::<Vec<_>>().join(word)
}

fn or(words: impl Iterator<Item = impl Display>) -> String {
    words.map(|word| word.to_string()).collect::<Vec<_>>().join(" or ")
}

fn quoted(word: &String) -> String {
    format!("`{word}`")
}

fn regex(pattern: &regex::Regex) -> String {
    format!("'{}'", pattern.as_str())
}
