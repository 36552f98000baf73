//! Reads `rules/desk.toml`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::hours::hours;
use super::{Acknowledgement, ChangedSubject, Desk, Limits, MailboxFacts, Notices, Queue, ReferenceStyle, ReversePath};
use crate::case::Calendar;
use crate::diagnostics::{Finding, Section, Source, Span, Value};
use crate::mail::{Address, Bounds, Language, Named};

/// The desk that `top` describes; None when name or address are missing, which is reported.
pub(super) fn desk(top: &Section<'_>, mailboxes: &[MailboxFacts]) -> Option<Desk> {
    let received: Vec<&Address> =
        mailboxes.iter().flat_map(|mailbox| std::iter::once(&mailbox.address).chain(&mailbox.aliases)).collect();
    let example = "name = \"Example Support\"";
    let identity = top.required_section("desk", example, |section| identity(section, &received));
    let reference = top.section("reference", reference);
    let acknowledgement = top.section("acknowledgement", acknowledgement);
    let notices = top.section("notices", notices);
    let limits = top.section("limits", |section| limits(section, mailboxes));
    let hours = top.section("hours", hours);
    let queues = queues(top, &received);
    let mut desk = Desk { reference, acknowledgement, notices, limits, hours, queues, ..identity? };
    desk.own_addresses = own_addresses(&desk, &received);
    desk.trust = mailboxes.iter().filter_map(|mailbox| Some((mailbox.name.clone(), mailbox.trust.clone()?))).collect();
    Some(desk)
}

/// `[desk]`; what stands in other sections is left as it is by default.
fn identity(section: &Section<'_>, received: &[&Address]) -> Option<Desk> {
    let name = section.required("name", "name = \"Example Support\"", Value::line);
    let address = section.required("address", "address = \"support@example.com\"", |value| {
        let address = value.clone().address()?;
        warn_unreceived(&value, &address, received, "replies to the desk's address do not reach Postcase");
        Some(address)
    });
    let default_languages = vec![Language("en".to_owned()), Language("de".to_owned())];
    let languages = section.or("languages", default_languages, languages);
    let answer_time = by_language(section, "answer_time", &languages, Value::line);
    let signature = by_language(section, "signature", &languages, Value::text);
    let own_lists = section.or("own_lists", Vec::new(), |value| value.list(list_id));
    let form_senders = section.or("form_senders", Vec::new(), |value| value.list(Value::address));
    let priorities = section.or("priorities", default_priorities(), priorities);
    let priority = section.or("priority", usual(&priorities), |value| priority(value, &priorities));
    Some(Desk {
        name: name?,
        address: address?,
        languages,
        answer_time,
        signature,
        own_lists,
        form_senders,
        own_addresses: Vec::new(),
        trust: BTreeMap::new(),
        priorities,
        priority,
        reference: ReferenceStyle::default(),
        acknowledgement: Acknowledgement::default(),
        notices: Notices::default(),
        limits: Limits::default(),
        hours: Calendar::default(),
        queues: Vec::new(),
    })
}

fn default_priorities() -> Vec<String> {
    ["low", "normal", "high", "urgent"].map(str::to_owned).to_vec()
}

/// Where nothing is written: `normal` where there is one, else the one in the middle.
fn usual(priorities: &[String]) -> String {
    let normal = priorities.iter().find(|priority| *priority == "normal");
    normal.or(priorities.get(priorities.len() / 2)).cloned().unwrap_or_default()
}

fn priorities(value: Value<'_>) -> Option<Vec<String>> {
    let mut seen: Vec<(String, Span)> = Vec::new();
    let priorities = value.clone().list(|value| {
        let name = queue_name(value.clone())?;
        unique(value.source(), &mut seen, (name.clone(), value.span()), "priorities have the name");
        Some(name)
    })?;
    if priorities.is_empty() {
        let help = "name them from the least to the most urgent, as in [\"low\", \"normal\", \"high\"]".to_owned();
        return value.wrong("the desk has no priorities", "this is empty", Some(help));
    }
    Some(priorities)
}

fn priority(value: Value<'_>, priorities: &[String]) -> Option<String> {
    let choices: Vec<(&str, String)> = priorities.iter().map(|name| (name.as_str(), name.clone())).collect();
    value.choice(&choices)
}

fn languages(value: Value<'_>) -> Option<Vec<Language>> {
    let languages = value.clone().list(|value| {
        // A wrong one keeps its place, so that texts in it are not reported as well.
        Some(value.as_text().and_then(language).unwrap_or_else(|| {
            let help = "write codes of two letters, as in [\"en\", \"de\"]".to_owned();
            value.wrong::<Language>("a language is a code of two small letters", "this is none", Some(help));
            Language(String::new())
        }))
    })?;
    if languages.is_empty() {
        let help = "name at least the desk's own language, as in [\"en\"]".to_owned();
        return value.wrong("the desk writes no language", "this is empty", Some(help));
    }
    Some(languages)
}

/// An ISO 639-1 code in lower case.
pub(super) fn language(code: &str) -> Option<Language> {
    let proper = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_lowercase());
    proper.then(|| Language(code.to_owned()))
}

fn by_language<'s>(
    section: &Section<'s>,
    key: &'static str,
    languages: &[Language],
    read: fn(Value<'s>) -> Option<String>,
) -> BTreeMap<Language, String> {
    let mut texts = BTreeMap::new();
    section.entries(key, |name, span, value| {
        let language = Language(name.to_owned());
        let all_right = languages.iter().all(|language| !language.0.is_empty());
        if all_right && !languages.contains(&language) {
            let list = languages.iter().map(|language| format!("`{}`", language.0)).collect::<Vec<_>>().join(", ");
            let finding = Finding::error(format!("`{name}` is not a language of the desk"));
            let finding = finding.label("not among `languages`").help(format!("`languages` has {list}"));
            section.source().report_at(span, finding);
        }
        texts.extend(read(value).map(|text| (language, text)));
    });
    texts
}

/// RFC 2919 §2: what stands between the angle brackets of List-Id.
fn list_id(value: Value<'_>) -> Option<String> {
    let text = value.clone().line()?;
    if text.contains(['<', '>', ' ', '@']) {
        let help = "write what stands in <> of the field List-Id, as in \"support.lists.example.com\"".to_owned();
        return value.wrong("`own_lists` must name lists by their List-Id", "this is no List-Id", Some(help));
    }
    Some(text.to_lowercase())
}

fn reference(section: &Section<'_>) -> ReferenceStyle {
    let default = ReferenceStyle::default();
    ReferenceStyle {
        case_word: section.or("case_word", default.case_word, case_word),
        first_number: section.or("first_number", default.first_number, |value| value.number(1..=1_000_000_000_000)),
        plus_addressing: section.or("plus_addressing", default.plus_addressing, Value::boolean),
    }
}

fn case_word(value: Value<'_>) -> Option<String> {
    let text = value.clone().line()?;
    if text.chars().all(char::is_alphabetic) && text.chars().count() <= 20 {
        return Some(text);
    }
    let help = "it stands in subjects as `[Case 10482]`".to_owned();
    value.wrong("`case_word` must be 1 to 20 letters", "this is more than letters", Some(help))
}

fn acknowledgement(section: &Section<'_>) -> Acknowledgement {
    let default = Acknowledgement::default();
    let count = |value: Value<'_>| value.number(0..=1_000_000);
    Acknowledgement {
        enabled: section.or("enabled", default.enabled, Value::boolean),
        reverse_path: section.or("reverse_path", default.reverse_path, |value| {
            value.choice(&[("null", ReversePath::Null), ("desk", ReversePath::Desk)])
        }),
        per_address_hour: section.or("per_address_hour", default.per_address_hour, count),
        per_address_day: section.or("per_address_day", default.per_address_day, count),
        per_desk_hour: section.or("per_desk_hour", default.per_desk_hour, count),
    }
}

fn notices(section: &Section<'_>) -> Notices {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let default = Notices::default();
    let seconds =
        |value: Value<'_>| value.duration(Duration::ZERO..=DAY).and_then(|time| u32::try_from(time.as_secs()).ok());
    Notices {
        attachments_up_to: section
            .or("attachments_up_to", default.attachments_up_to, |value| value.size(0..=100 << 20)),
        per_person_hour: section.or("per_person_hour", default.per_person_hour, |value| value.number(1..=10_000)),
        questions_per_hour: section
            .or("questions_per_hour", default.questions_per_hour, |value| value.number(1..=1_000)),
        crossing: section.or("crossing", default.crossing, seconds),
    }
}

fn limits(section: &Section<'_>, mailboxes: &[MailboxFacts]) -> Limits {
    let default = Limits::default();
    let reading = default.reading;
    let bytes =
        |value: Value<'_>, from: u64, to: u64| value.size(from..=to).and_then(|size| usize::try_from(size).ok());
    Limits {
        message_bytes: mailboxes.iter().map(|mailbox| mailbox.message_bytes).min().unwrap_or(default.message_bytes),
        participants: section.or("participants", default.participants, |value| value.number(1..=1_000)),
        sent_per_hour: section.or("sent_per_hour", default.sent_per_hour, |value| value.number(1..=1_000_000)),
        reopenings: section.or("reopenings", default.reopenings, |value| value.number(0..=1_000)),
        reading: Bounds {
            parts: section.or("parts", reading.parts, |value| value.number(1..=10_000)),
            depth: section.or("depth", reading.depth, |value| value.number(1..=100)),
            headers: section.or("headers", reading.headers, |value| value.number(50..=10_000)),
            header_bytes: section.or("header_size", reading.header_bytes, |value| bytes(value, 1 << 10, 1 << 20)),
            recipients: section.or("recipients", reading.recipients, |value| value.number(1..=10_000)),
            text_bytes: section.or("text_size", reading.text_bytes, |value| bytes(value, 16 << 10, 10 << 20)),
            html_bytes: section.or("html_size", reading.html_bytes, |value| bytes(value, 16 << 10, 10 << 20)),
        },
    }
}

fn queues(top: &Section<'_>, received: &[&Address]) -> Vec<Queue> {
    let mut names: Vec<(String, Span)> = Vec::new();
    let mut addresses: Vec<(Address, Span)> = Vec::new();
    let queues = top.sections("queue", |section| {
        let name = section.required("name", "name = \"support\"", |value| {
            let name = queue_name(value.clone())?;
            unique(section.source(), &mut names, (name.clone(), value.span()), "queues have the name");
            Some(name)
        });
        let label = section.optional("label", Value::line);
        let own = section.or("addresses", Vec::new(), |value| {
            value.list(|value| {
                let address = value.clone().address()?;
                unique(section.source(), &mut addresses, (address.clone(), value.span()), "queues have the address");
                warn_unreceived(&value, &address, received, "mail to this address does not reach Postcase");
                Some(address)
            })
        });
        let from = section.optional("from", |value| from(value, received));
        let reopen_days = section.or("reopen_days", Queue::default().reopen_days, |value| value.number(0..=3_650));
        let changed_subject = section.or("changed_subject", Queue::default().changed_subject, |value| {
            value.choice(&[("note", ChangedSubject::Note), ("new-case", ChangedSubject::NewCase)])
        });
        let name = name?;
        let label = label.unwrap_or_else(|| capitalised(&name));
        Some(Queue { label, name, addresses: own, from, reopen_days, changed_subject })
    });
    if queues.is_empty() { vec![Queue::default()] } else { queues }
}

fn from(value: Value<'_>, received: &[&Address]) -> Option<Named> {
    value.section("`{ name = \"…\", address = \"…\" }`", |section| {
        let name = section.optional("name", Value::line);
        let address = section.required("address", "address = \"sales@example.com\"", |value| {
            let address = value.clone().address()?;
            warn_unreceived(&value, &address, received, "replies to this address do not reach Postcase");
            Some(address)
        });
        Some(Named { name, address: address? })
    })
}

fn queue_name(value: Value<'_>) -> Option<String> {
    let text = value.clone().line()?;
    let proper = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.chars().all(proper) && text.len() <= 64 && !text.starts_with('-') && !text.ends_with('-') {
        return Some(text);
    }
    let help = "use small letters, digits and `-`".to_owned();
    value.wrong(format!("`{}` must be one word in small letters", value.key()), "this is none", Some(help))
}

/// "technical-support" → "Technical support".
fn capitalised(name: &str) -> String {
    let words = name.replace('-', " ");
    let mut characters = words.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

pub(super) fn unique<T: PartialEq + std::fmt::Display>(
    source: &Source,
    seen: &mut Vec<(T, Span)>,
    new: (T, Span),
    what: &str,
) {
    match seen.iter().find(|(value, _)| *value == new.0) {
        Some((value, first)) => {
            let finding = Finding::error(format!("two {what} `{value}`")).help("keep it at one of them");
            source.report_twice(new.1, finding, *first, "first used here");
        }
        None => seen.push(new),
    }
}

/// Without mailboxes nothing can be said: the rules are then checked by themselves.
fn warn_unreceived(value: &Value<'_>, address: &Address, received: &[&Address], consequence: &str) {
    if !received.is_empty() && !received.contains(&address) {
        value.warn(
            format!("no mailbox receives {address}: {consequence}"),
            "add it to the `aliases` of the mailbox that receives it, in the configuration file",
        );
    }
}

fn own_addresses(desk: &Desk, received: &[&Address]) -> Vec<Address> {
    let queues = desk.queues.iter();
    let of_queues = queues.flat_map(|queue| queue.addresses.iter().chain(queue.from.iter().map(|from| &from.address)));
    let mut own: Vec<Address> =
        received.iter().copied().chain(of_queues).chain(std::iter::once(&desk.address)).cloned().collect();
    own.sort();
    own.dedup();
    own
}
