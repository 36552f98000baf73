//! Reads `[[rule]]`.

use regex::Regex;

use super::{Action, Condition, Pattern, Rule};
use crate::diagnostics::{Finding, Section, Span, Value, nearest};
use crate::mail::{Kind, Language};
use crate::rules::staff::handle;
use crate::rules::{Desk, MailboxFacts, Staff};

/// Conditions within conditions, at most.
const DEPTH: usize = 8;
/// Occasions that the language has and this version does not ask rules at.
const LATER: [&str; 8] = ["customer-post", "staff-post", "note", "field", "status", "escalated", "automatic", "timer"];

/// What names in rules stand for. Without a desk, which is then wrong itself, nothing is said about them.
pub(in crate::rules) struct Names<'a> {
    pub desk: Option<&'a Desk>,
    pub staff: &'a [Staff],
    pub mailboxes: &'a [MailboxFacts],
}

/// The rules of one file, in its order. `seen`: the names of rules in the files before.
pub(in crate::rules) fn rules(top: &Section<'_>, file: &str, names: &Names<'_>, seen: &mut Vec<String>) -> Vec<Rule> {
    let source = top.source();
    let mut here: Vec<(String, Span)> = Vec::new();
    let rules = top.sections("rule", |section| {
        let name = section.required("name", "name = \"Invoices go to accounting\"", |value| {
            let name = value.clone().line()?;
            if seen.contains(&name) {
                let help = "rename one of them: the history of cases names rules".to_owned();
                return value.wrong(format!("two rules have the name `{name}`"), "used in an earlier file", Some(help));
            }
            crate::rules::desk::unique(source, &mut here, (name.clone(), value.span()), "rules have the name");
            Some(name)
        });
        let why = section.optional("why", Value::line);
        section.optional("on", |value| value.list(occasion));
        let when = section.section("when", |section| all_of(section, names, 0));
        let then = section.section("then", |section| action(section, names));
        if section.value("then").is_none() {
            let help = "add a line like `then.queue = \"parts\"`, or remove the rule";
            section.report_missing(Finding::error("the rule does nothing").label("without `then`").help(help));
        }
        let stop = section.or("stop", false, Value::boolean);
        let overrides = section.or("override", false, overriding);
        let line = section.span().map_or(1, |span| source.text()[..span.start].matches('\n').count() + 1);
        let place = format!("{file}:{line}");
        Some(Rule { name: name?, why, when, then, stop, overrides, place })
    });
    seen.extend(here.into_iter().map(|(name, _)| name));
    rules
}

/// `on` has one occasion so far.
fn occasion(value: Value<'_>) -> Option<()> {
    match value.as_text() {
        Some("open") => Some(()),
        Some(later) if LATER.contains(&later) => {
            let help =
                "in this version rules are asked when a case opens: write \"open\", or leave `on` out".to_owned();
            value.wrong(format!("rules are not asked on `{later}` yet"), "not yet", Some(help))
        }
        Some(_) | None => value.choice(&[("open", ())]),
    }
}

fn overriding(value: Value<'_>) -> Option<bool> {
    if value.as_text() == Some("staff") {
        let help = "rules are asked when a case opens, before any of the staff: write `override = true`".to_owned();
        return value.wrong("there is nothing of staff to override yet", "not yet", Some(help));
    }
    value.boolean()
}

fn all_of(section: &Section<'_>, names: &Names<'_>, depth: usize) -> Condition {
    let mut all: Vec<Condition> = Vec::new();
    all.extend(listed(section, "mailbox", |value| mailbox(value, names)).map(Condition::Mailbox));
    all.extend(listed(section, "written_to", |value| written_to(value, names)).map(Condition::WrittenTo));
    all.extend(listed(section, "originator", pattern).map(Condition::Originator));
    all.extend(listed(section, "subject", meaningful_regex).map(Condition::Subject));
    all.extend(listed(section, "words", meaningful_regex).map(Condition::Words));
    all.extend(listed(section, "kind", kind).map(Condition::Kind));
    all.extend(listed(section, "language", language).map(Condition::Language));
    let nested = |value: Value<'_>| {
        if depth >= DEPTH {
            let help = "write several rules instead".to_owned();
            return value.wrong("conditions nest too deeply", "one too many", Some(help));
        }
        value.section("conditions in braces", |section| Some(all_of(section, names, depth + 1)))
    };
    all.extend(section.optional("not", nested).map(|condition| Condition::Not(Box::new(condition))));
    all.extend(section.optional("any", |value| value.list(nested)).map(Condition::Any));
    all.extend(section.optional("all", |value| value.list(nested)).map(Condition::All));
    Condition::All(all)
}

/// One value, or a list of them; an empty list would match nothing, and is refused.
fn listed<'s, T>(
    section: &Section<'s>,
    key: &'static str,
    mut read: impl FnMut(Value<'s>) -> Option<T>,
) -> Option<Vec<T>> {
    section.optional(key, |value| {
        if !value.is_list() {
            return read(value).map(|one| vec![one]);
        }
        let mut written = 0;
        let all = value.clone().list(|value| {
            written += 1;
            read(value)
        })?;
        if written == 0 {
            let help = "name at least one, or remove the line".to_owned();
            return value.wrong(format!("`{key}` matches nothing"), "this is empty", Some(help));
        }
        Some(all)
    })
}

fn mailbox(value: Value<'_>, names: &Names<'_>) -> Option<String> {
    let name = value.clone().line()?;
    let known = || names.mailboxes.iter().map(|mailbox| mailbox.name.as_str());
    if names.mailboxes.is_empty() || known().any(|known| known == name) {
        Some(name)
    } else {
        unknown(&value, "mailbox", &name, known())
    }
}

fn written_to(value: Value<'_>, names: &Names<'_>) -> Option<Pattern> {
    let pattern = pattern(value.clone())?;
    let received = names.desk.map(|desk| &desk.own_addresses);
    if let (Some(address), Some(received), false) = (pattern.as_address(), received, names.mailboxes.is_empty())
        && !received.contains(&address)
    {
        value.warn(
            format!("mail to {address} does not reach Postcase"),
            "add it to the `aliases` of the mailbox that receives it, in the configuration file",
        );
    }
    Some(pattern)
}

fn pattern(value: Value<'_>) -> Option<Pattern> {
    let text = value.clone().line()?;
    Pattern::parse(&text).or_else(|| {
        let help = "write an address, \"@example.com\" for a domain, or `*` for any characters: \"*@*.example.com\"";
        value.wrong(format!("`{}` must be an address", value.key()), "this is none", Some(help.to_owned()))
    })
}

/// A regular expression that says something: one that matches the empty text matches every mail.
fn meaningful_regex(value: Value<'_>) -> Option<Regex> {
    let regex = value.clone().regex()?;
    if !regex.is_match("") {
        return Some(regex);
    }
    let help = "say what must be there: 'a+' instead of 'a*'".to_owned();
    value.wrong("this regular expression matches every text", "matches nothing at all, too", Some(help))
}

fn kind(value: Value<'_>) -> Option<Kind> {
    let kinds = [
        Kind::Correspondence,
        Kind::AutoReply,
        Kind::AutoGenerated,
        Kind::DeliveryReport,
        Kind::DispositionReport,
        Kind::FeedbackReport,
        Kind::Calendar,
        Kind::List,
    ];
    value.choice(&kinds.map(|kind| (kind.name(), kind)))
}

fn language(value: Value<'_>) -> Option<Language> {
    let text = value.clone().line()?;
    crate::rules::desk::language(&text).or_else(|| {
        let help = "write a code of two small letters, as in \"de\"".to_owned();
        value.wrong("`language` must be a language", "this is none", Some(help))
    })
}

fn action(section: &Section<'_>, names: &Names<'_>) -> Action {
    let queue = section.optional("queue", |value| {
        let name = value.clone().line()?;
        let Some(desk) = names.desk else { return Some(name) };
        let known = || desk.queues.iter().map(|queue| queue.name.as_str());
        if known().any(|known| known == name) { Some(name) } else { unknown(&value, "queue", &name, known()) }
    });
    let priority = section.optional("priority", |value| {
        let name = value.clone().line()?;
        let Some(desk) = names.desk else { return Some(name) };
        let known = || desk.priorities.iter().map(String::as_str);
        if known().any(|known| known == name) { Some(name) } else { unknown(&value, "priority", &name, known()) }
    });
    let tags = listed(section, "tag", tag).unwrap_or_default();
    let assign = section
        .optional("assign", |value| {
            if value.is_section() {
                let first = |section: &Section<'_>| {
                    section.required("first", "first = [\"kevin\", \"sean\"]", |value| {
                        value.list(|value| staff(value, names))
                    })
                };
                return value.section("`{ first = […] }`", first);
            }
            staff(value, names).map(|name| vec![name])
        })
        .unwrap_or_default();
    let follow = listed(section, "follow", |value| staff(value, names)).unwrap_or_default();
    Action { queue, priority, tags, assign, follow }
}

/// A tag, as commands write it too.
fn tag(value: Value<'_>) -> Option<String> {
    let text = value.clone().line()?;
    let proper = |c: char| c.is_lowercase() || c.is_alphanumeric() && !c.is_uppercase() || matches!(c, '-' | '_' | '.');
    if text.chars().all(proper) && text.chars().count() <= 50 {
        return Some(text);
    }
    let help = "use small letters, digits, `-`, `_` and `.`".to_owned();
    value.wrong("a tag is one word in small letters", "this is none", Some(help))
}

fn staff(value: Value<'_>, names: &Names<'_>) -> Option<String> {
    let name = handle(value.clone())?;
    let known = names.staff.iter().find(|staff| staff.name == name);
    match known {
        None => unknown(&value, "member of the staff", &name, names.staff.iter().map(|staff| staff.name.as_str())),
        Some(staff) => {
            if let Some(left) = staff.left {
                value.warn(format!("{name} leaves, or has left, on {left}"), "name somebody who stays");
            }
            Some(name)
        }
    }
}

fn unknown<'n, T>(
    value: &Value<'_>,
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'n str> + Clone,
) -> Option<T> {
    let list = known.clone().map(|known| format!("`{known}`")).collect::<Vec<_>>().join(", ");
    let label = nearest(name, known).map_or("not known".to_owned(), |near| format!("did you mean `{near}`?"));
    let help = if list.is_empty() { "there is none at all".to_owned() } else { format!("there are {list}") };
    value.wrong(format!("there is no {what} `{name}`"), label, Some(help))
}
