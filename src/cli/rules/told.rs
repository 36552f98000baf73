//! A policy as people and scripts read it.

use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::Format;
use crate::cli::show::{self, BOLD, FAINT, say};
use crate::decide::{Treatment, treatment};
use crate::mail::Kind;
use crate::rules::rule::Condition;
use crate::rules::{Away, ChangedSubject, Desk, Policy, Queue, Rule, Staff};

#[derive(Serialize)]
struct Told<'a> {
    folder: &'a Path,
    hash: &'a str,
    in_force: Option<bool>,
    /// In the desk's time zone.
    today: Date,
    desk: Value,
    queues: Vec<Value>,
    staff: Vec<Value>,
    rules: Vec<Value>,
    kinds: Vec<Value>,
    templates: Vec<Value>,
}

/// Prints the policy. `in_force`: the hash of the one that was last in force.
pub fn tell(folder: &Path, policy: &Policy, in_force: Option<&str>, now: Timestamp, format: Format) {
    let today = policy.desk.hours.day(now);
    let in_force = in_force.map(|hash| hash == policy.hash);
    if format == Format::Json {
        return show::json(&Told {
            folder,
            hash: &policy.hash,
            in_force,
            today,
            desk: desk_json(&policy.desk),
            queues: policy.desk.queues.iter().map(queue_json).collect(),
            staff: policy.staff.iter().map(|staff| staff_json(policy, staff, today)).collect(),
            rules: policy.rules.iter().map(rule_json).collect(),
            kinds: Kind::ALL.map(|kind| json!({ "kind": kind, "becomes": becomes(kind) })).to_vec(),
            templates: templates(policy).map(|(name, language, origin, html)| {
                json!({ "name": name, "language": language, "origin": origin, "html": html })
            }).collect(),
        });
    }
    let state = match in_force {
        Some(true) => "in force",
        Some(false) => "not in force",
        None => "no database yet",
    };
    say!("{BOLD}Rules in {}{BOLD:#}  {state}", folder.display());
    desk(&policy.desk);
    queues(&policy.desk);
    staff(policy, today);
    rules(policy);
    section("What becomes of a mail, by its kind");
    show::table(&["kind", "becomes"], Kind::ALL.map(|kind| vec![kind.name().to_owned(), becomes(kind).to_owned()]));
    section("Templates");
    show::table(
        &["template", "language", "from"],
        templates(policy).map(|(name, language, origin, html)| {
            vec![name.to_owned(), language.to_owned(), format!("{origin}{}", if html { " and .html" } else { "" })]
        }),
    );
}

fn section(title: &str) {
    say!();
    say!("{BOLD}{title}{BOLD:#}");
}

fn desk(desk: &Desk) {
    section("Desk");
    let line = |what: &str, said: String| say!("  {what:<16} {}", show::one_line(&said));
    line("writes as", format!("{} <{}>", desk.name, desk.address));
    line("languages", joined(desk.languages.iter().map(|language| &language.0)));
    line("priorities", format!("{}; usually {}", desk.priorities.join(", "), desk.priority));
    line("time zone", desk.hours.zone().iana_name().unwrap_or("UTC").to_owned());
    line("own addresses", joined(desk.own_addresses.iter()));
    line("own lists", or_none(joined(desk.own_lists.iter())));
    line("form senders", or_none(joined(desk.form_senders.iter())));
    let acknowledged = &desk.acknowledgement;
    let limits = format!(
        "yes, at most {} an hour and {} a day to one address, {} an hour in all",
        acknowledged.per_address_hour, acknowledged.per_address_day, acknowledged.per_desk_hour
    );
    line("acknowledges", if acknowledged.enabled { limits } else { "no".to_owned() });
}

fn queues(desk: &Desk) {
    section("Queues (the first takes what no rule and no address sends elsewhere)");
    let row = |queue: &Queue| {
        vec![
            queue.name.clone(),
            queue.label.clone(),
            joined(queue.addresses.iter()),
            format!("{} days", queue.reopen_days),
            changed_subject(queue.changed_subject).to_owned(),
        ]
    };
    show::table(&["queue", "label", "addresses", "reopens within", "new subject"], desk.queues.iter().map(row));
}

fn staff(policy: &Policy, today: Date) {
    section(&format!("Staff, today ({today})"));
    if policy.staff.is_empty() {
        return say!("  nobody: cases are worked on from the command line alone");
    }
    let row = |staff: &Staff| {
        vec![
            staff.name.clone(),
            staff.label.clone(),
            joined(staff.addresses.iter()),
            staff.queues.join(", "),
            whereabouts(policy, staff, today),
        ]
    };
    show::table(&["staff", "label", "addresses", "queues", "today"], policy.staff.iter().map(row));
}

fn whereabouts(policy: &Policy, staff: &Staff, today: Date) -> String {
    if let Some(left) = staff.left.filter(|left| *left <= today) {
        return format!("left on {left}");
    }
    if staff.is_available(today) {
        return "here".to_owned();
    }
    let until = staff.away.iter().filter(|away| (away.from..=away.to).contains(&today)).map(|away| away.to).max();
    let until = until.map_or_else(String::new, |until| format!(" until {until}"));
    match stands_in(policy, staff, today) {
        Some(name) => format!("away{until}, {name} stands in"),
        None => format!("away{until}, the queue is told"),
    }
}

/// Who is told in place of somebody who is away.
fn stands_in<'p>(policy: &'p Policy, staff: &Staff, today: Date) -> Option<&'p str> {
    let is_away = staff.works_here(today) && !staff.is_available(today);
    let substitute = policy.staff_named(staff.substitute.as_deref()?)?;
    (is_away && substitute.is_available(today)).then_some(substitute.name.as_str())
}

fn rules(policy: &Policy) {
    section("Rules, in the order in which they are asked as a case opens");
    if policy.rules.is_empty() {
        return say!("  none: each case goes to the queue of the address it was written to");
    }
    for (at, rule) in policy.rules.iter().enumerate() {
        let more = [(rule.overrides, ", overrides"), (rule.stop, ", then stops")];
        let more: String = more.into_iter().filter(|(holds, _)| *holds).map(|(_, word)| word).collect();
        say!("  {}. {}  {FAINT}{}{more}{FAINT:#}", at + 1, show::one_line(&rule.name), rule.place);
        if let Some(why) = &rule.why {
            say!("     why   {}", show::one_line(why));
        }
        say!("     when  {}", show::one_line(&rule.when.to_string()));
        say!("     then  {}", show::one_line(&rule.then.to_string()));
    }
}

/// The table of B14, in words.
fn becomes(kind: Kind) -> &'static str {
    match treatment(kind) {
        Treatment::Answered => "a post in its case, else a new case that is acknowledged",
        Treatment::Unanswered => "a post in its case, else a new case without acknowledgement",
        Treatment::FiledOrRecorded => "filed on the case it concerns, else recorded",
        Treatment::Recorded => "recorded",
    }
}

fn templates(policy: &Policy) -> impl Iterator<Item = (&'static str, &str, &str, bool)> {
    policy.templates.iter().map(|((template, language), source)| {
        (template.name(), language.0.as_str(), source.origin.as_str(), source.html.is_some())
    })
}

fn desk_json(desk: &Desk) -> Value {
    json!({
        "name": desk.name,
        "address": desk.address,
        "languages": desk.languages,
        "priorities": desk.priorities,
        "priority": desk.priority,
        "time_zone": desk.hours.zone().iana_name(),
        "own_addresses": desk.own_addresses,
        "own_lists": desk.own_lists,
        "form_senders": desk.form_senders,
        "acknowledgement": desk.acknowledgement,
        "notices": desk.notices,
        "limits": desk.limits,
        "reference": desk.reference,
    })
}

fn queue_json(queue: &Queue) -> Value {
    json!({
        "name": queue.name,
        "label": queue.label,
        "addresses": queue.addresses,
        "from": queue.from.as_ref().map(|from| &from.address),
        "reopen_days": queue.reopen_days,
        "changed_subject": changed_subject(queue.changed_subject),
    })
}

fn staff_json(policy: &Policy, staff: &Staff, today: Date) -> Value {
    let away = |away: &Away| json!({ "from": away.from, "to": away.to });
    json!({
        "name": staff.name,
        "label": staff.label,
        "addresses": staff.addresses,
        "queues": staff.queues,
        "away": staff.away.iter().map(away).collect::<Vec<_>>(),
        "substitute": staff.substitute,
        "left": staff.left,
        "here": staff.is_available(today),
        "stands_in": stands_in(policy, staff, today),
    })
}

fn rule_json(rule: &Rule) -> Value {
    json!({
        "name": rule.name,
        "place": rule.place,
        "why": rule.why,
        "when": when_json(&rule.when),
        "then": {
            "queue": rule.then.queue,
            "priority": rule.then.priority,
            "tag": rule.then.tags,
            "assign": rule.then.assign,
            "follow": rule.then.follow,
        },
        "override": rule.overrides,
        "stop": rule.stop,
    })
}

/// A condition as an object with one key, as it is named in rules.
fn when_json(condition: &Condition) -> Value {
    let patterns = |list: &[regex::Regex]| list.iter().map(|regex| regex.as_str().to_owned()).collect::<Vec<_>>();
    let written = |list: &[crate::rules::rule::Pattern]| {
        list.iter().map(|pattern| pattern.written().to_owned()).collect::<Vec<_>>()
    };
    match condition {
        Condition::Mailbox(names) => json!({ "mailbox": names }),
        Condition::WrittenTo(list) => json!({ "written_to": written(list) }),
        Condition::Originator(list) => json!({ "originator": written(list) }),
        Condition::Subject(list) => json!({ "subject": patterns(list) }),
        Condition::Words(list) => json!({ "words": patterns(list) }),
        Condition::Kind(kinds) => json!({ "kind": kinds }),
        Condition::Language(languages) => json!({ "language": languages }),
        Condition::All(all) => json!({ "all": all.iter().map(when_json).collect::<Vec<_>>() }),
        Condition::Any(any) => json!({ "any": any.iter().map(when_json).collect::<Vec<_>>() }),
        Condition::Not(condition) => json!({ "not": when_json(condition) }),
    }
}

fn changed_subject(what: ChangedSubject) -> &'static str {
    match what {
        ChangedSubject::Note => "note",
        ChangedSubject::NewCase => "new-case",
    }
}

fn joined(words: impl Iterator<Item = impl std::fmt::Display>) -> String {
    words.map(|word| word.to_string()).collect::<Vec<_>>().join(", ")
}

fn or_none(text: String) -> String {
    if text.is_empty() { "none".to_owned() } else { text }
}
