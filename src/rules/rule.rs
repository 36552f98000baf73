//! `[[rule]]`: what a case gets when it opens. Which rule is asked when, and what wins, stands in [`super::routing`].

mod read;
mod words;

use jiff::civil::Date;
use regex::Regex;

use super::Policy;
use crate::mail::{Address, Kind, Language};

pub(super) use read::{Names, rules};

/// One `[[rule]]`.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Unique; stands in the history of cases.
    pub name: String,
    /// For colleagues.
    pub why: Option<String>,
    pub when: Condition,
    pub then: Action,
    /// No later rule is asked.
    pub stop: bool,
    /// Its values take the place of those that earlier rules set.
    pub overrides: bool,
    /// `routing.toml:12`.
    pub place: String,
}

/// What a rule asks of a mail. A list means any of; several conditions mean all of.
#[derive(Debug, Clone)]
pub enum Condition {
    /// By name; mail that was typed in has none.
    Mailbox(Vec<String>),
    /// An address of To or Cc.
    WrittenTo(Vec<Pattern>),
    Originator(Vec<Pattern>),
    Subject(Vec<Regex>),
    /// The author's own words.
    Words(Vec<Regex>),
    Kind(Vec<Kind>),
    Language(Vec<Language>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
}

/// An address, a domain (`@example.com`), or a glob of one of them: `*` stands for any characters.
#[derive(Debug, Clone)]
pub struct Pattern {
    written: String,
    regex: Regex,
}

/// What a rule does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Action {
    pub queue: Option<String>,
    pub priority: Option<String>,
    pub tags: Vec<String>,
    /// Staff, by name: the first of them who is there that day.
    pub assign: Vec<String>,
    /// Staff, by name.
    pub follow: Vec<String>,
}

/// What rules may know of a mail.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    pub mailbox: Option<&'a str>,
    /// To, then Cc.
    pub written_to: Vec<&'a Address>,
    pub originator: Option<&'a Address>,
    pub subject: &'a str,
    pub words: &'a str,
    pub kind: Kind,
    pub language: Option<&'a Language>,
    /// Of the desk's time zone: who is there.
    pub today: Date,
}

impl Condition {
    /// Linear in the length of the mail.
    pub fn holds(&self, question: &Question<'_>) -> bool {
        match self {
            Condition::Mailbox(names) => {
                question.mailbox.is_some_and(|mailbox| names.iter().any(|name| name == mailbox))
            }
            Condition::WrittenTo(patterns) => {
                question.written_to.iter().any(|address| patterns.iter().any(|pattern| pattern.matches(address)))
            }
            Condition::Originator(patterns) => {
                question.originator.is_some_and(|address| patterns.iter().any(|pattern| pattern.matches(address)))
            }
            Condition::Subject(patterns) => patterns.iter().any(|pattern| pattern.is_match(question.subject)),
            Condition::Words(patterns) => patterns.iter().any(|pattern| pattern.is_match(question.words)),
            Condition::Kind(kinds) => kinds.contains(&question.kind),
            Condition::Language(languages) => question.language.is_some_and(|language| languages.contains(language)),
            Condition::All(conditions) => conditions.iter().all(|condition| condition.holds(question)),
            Condition::Any(conditions) => conditions.iter().any(|condition| condition.holds(question)),
            Condition::Not(condition) => !condition.holds(question),
        }
    }

    /// True for a rule without conditions.
    pub fn is_always(&self) -> bool {
        matches!(self, Condition::All(conditions) if conditions.is_empty())
    }
}

impl Pattern {
    /// None for what can be no address, no domain and no glob of them.
    pub fn parse(written: &str) -> Option<Pattern> {
        let lower = written.to_lowercase();
        let proper =
            !lower.is_empty() && lower.len() <= 320 && !lower.contains(|c: char| c.is_whitespace() || c == ',');
        if !proper || !lower.contains(['@', '*']) || lower.matches('@').count() > 1 {
            return None;
        }
        let whole = if lower.starts_with('@') { format!("*{lower}") } else { lower };
        let pieces: Vec<String> = whole.split('*').map(regex::escape).collect();
        let regex = Regex::new(&format!("^(?s:{})$", pieces.join(".*"))).ok()?;
        Some(Pattern { written: written.to_owned(), regex })
    }

    pub fn matches(&self, address: &Address) -> bool {
        self.regex.is_match(&address.as_str().to_lowercase())
    }

    /// The address, where it is one and no glob.
    pub fn as_address(&self) -> Option<Address> {
        (!self.written.contains('*') && !self.written.starts_with('@')).then(|| Address::parse(&self.written)).flatten()
    }

    pub fn written(&self) -> &str {
        &self.written
    }
}

impl Policy {
    /// The first of `chain` who is there on this day.
    pub fn first_available<'p>(&'p self, chain: &[String], today: Date) -> Option<&'p super::Staff> {
        chain.iter().filter_map(|name| self.staff_named(name)).find(|staff| staff.is_available(today))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_addresses_domains_and_globs() {
        let matches =
            |pattern: &str, address: &str| Pattern::parse(pattern).unwrap().matches(&Address::parse(address).unwrap());
        assert!(matches("Parts@example.com", "parts@Example.com"));
        assert!(!matches("parts@example.com", "parts+x@example.com"));
        assert!(matches("parts+*@example.com", "parts+x@example.com"));
        assert!(matches("@example.com", "anna@example.com"));
        assert!(!matches("@example.com", "anna@sub.example.com"));
        assert!(matches("*.example.com", "anna@sub.example.com"));
        assert!(!matches("*@example.com", "anna@example.com.evil.test"));
        for wrong in ["", "example.com", "a b@example.com", "a@b@c"] {
            assert!(Pattern::parse(wrong).is_none(), "{wrong}");
        }
    }
}
