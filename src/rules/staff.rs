//! Reads `rules/staff.toml`.

use jiff::civil::Date;

use super::desk::unique;
use super::{Away, Desk, Staff};
use crate::diagnostics::{Finding, Section, Source, Span, Value, nearest};
use crate::mail::Address;

/// The staff that `top` describes, in the order of the file. Without a desk, which is then wrong itself, nothing is
/// said about its queues and addresses.
pub(super) fn staff(top: &Section<'_>, desk: Option<&Desk>) -> Vec<Staff> {
    let source = top.source();
    let mut names: Vec<(String, Span)> = Vec::new();
    let mut addresses: Vec<(Address, Span)> = Vec::new();
    let mut substitutes: Vec<Option<Span>> = Vec::new();
    let staff = top.sections("staff", |section| {
        let name = section.required("name", "name = \"kevin\"", |value| {
            let name = handle(value.clone())?;
            unique(source, &mut names, (name.clone(), value.span()), "of the staff have the name");
            Some(name)
        });
        let label = section.optional("label", Value::line);
        let own = section.required("addresses", "addresses = [\"kevin@example.com\"]", |value| {
            let mut written = 0;
            let own = value.clone().list(|value| {
                written += 1;
                address(value, desk, &mut addresses)
            })?;
            if written == 0 {
                let help = "write the address that this person's mail comes from; notifications go to the first one";
                return value.wrong("somebody of the staff has no address", "this is empty", Some(help.to_owned()));
            }
            Some(own)
        });
        let queues = section.or("queues", Vec::new(), |value| value.list(|value| queue(value, desk)));
        let away = section.or("away", Vec::new(), absences);
        let substitute = section.optional("substitute", |value| Some((handle(value.clone())?, value.span())));
        let left = section.optional("left", date);
        let name = name?;
        substitutes.push(substitute.as_ref().map(|(_, span)| *span));
        Some(Staff {
            label: label.unwrap_or_else(|| capitalised(&name)),
            name,
            addresses: own.unwrap_or_default(),
            queues,
            away,
            substitute: substitute.map(|(name, _)| name),
            left,
        })
    });
    for (one, span) in staff.iter().zip(substitutes) {
        if let (Some(name), Some(span)) = (&one.substitute, span) {
            check_substitute(source, &staff, one, name, span);
        }
    }
    staff
}

/// A name as commands and rules write it.
pub(super) fn handle(value: Value<'_>) -> Option<String> {
    let text = value.clone().line()?;
    let proper = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.' | '_');
    if text.chars().all(proper) && text.len() <= 64 && text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return Some(text);
    }
    let help = "use small letters, digits, `-`, `.` and `_`, as in \"kevin\"; `label` is what people see".to_owned();
    value.wrong(format!("`{}` must be the short name of somebody", value.key()), "this is none", Some(help))
}

fn address(value: Value<'_>, desk: Option<&Desk>, seen: &mut Vec<(Address, Span)>) -> Option<Address> {
    let address = value.clone().address()?;
    if desk.is_some_and(|desk| desk.own_addresses.contains(&address)) {
        let help = "write the address that this person's own mail comes from".to_owned();
        return value.wrong(format!("{address} is an address of the desk itself"), "not a person's", Some(help));
    }
    if desk.is_some_and(|desk| desk.form_senders.contains(&address)) {
        let help = "remove it here, or from `form_senders` in desk.toml".to_owned();
        return value.wrong(format!("{address} is a form's, which passes on what others write"), "a form", Some(help));
    }
    unique(value.source(), seen, (address.clone(), value.span()), "of the staff have the address");
    Some(address)
}

fn queue(value: Value<'_>, desk: Option<&Desk>) -> Option<String> {
    let name = value.clone().line()?;
    let Some(desk) = desk else { return Some(name) };
    let known = || desk.queues.iter().map(|queue| queue.name.as_str());
    if known().any(|queue| queue == name) {
        return Some(name);
    }
    let list = known().map(|queue| format!("`{queue}`")).collect::<Vec<_>>().join(", ");
    let label = nearest(&name, known()).map_or("not in desk.toml".to_owned(), |near| format!("did you mean `{near}`?"));
    value.wrong(format!("there is no queue `{name}`"), label, Some(format!("the queues are {list}")))
}

/// One absence in braces, or a list of them.
fn absences(value: Value<'_>) -> Option<Vec<Away>> {
    if value.is_section() { absence(value).map(|away| vec![away]) } else { value.list(absence) }
}

fn absence(value: Value<'_>) -> Option<Away> {
    let whole = value.clone();
    value.section("`{ from = 2026-08-03, to = 2026-08-14 }`", |section| {
        let from = section.required("from", "from = 2026-08-03", date);
        let to = section.required("to", "to = 2026-08-14", date);
        let away = Away { from: from?, to: to? };
        if away.to < away.from {
            let help = format!("write the first day as `from` and the last as `to`: {} and {}", away.to, away.from);
            return whole.wrong("an absence ends before it begins", "the wrong way round", Some(help));
        }
        Some(away)
    })
}

/// A day, written without quotes.
pub(super) fn date(value: Value<'_>) -> Option<Date> {
    let written = value.as_date().or_else(|| value.as_text().map(str::to_owned));
    let date = written.and_then(|text| text.parse::<Date>().ok());
    date.filter(|_| value.as_date().is_some()).or_else(|| {
        let help =
            date.map_or_else(|| "write it like 2026-08-03".to_owned(), |date| format!("write {date} without quotes"));
        value.wrong(format!("`{}` must be a day", value.key()), "this is none", Some(help))
    })
}

fn check_substitute(source: &Source, staff: &[Staff], one: &Staff, name: &str, span: Span) {
    let named = |name: &str| staff.iter().find(|known| known.name == name);
    let finding = match named(name) {
        None => {
            let finding = Finding::error(format!("nobody of the staff has the name `{name}`"));
            match nearest(name, staff.iter().map(|known| known.name.as_str())) {
                Some(near) => finding.label(format!("did you mean `{near}`?")),
                None => finding.label("not in this file"),
            }
            .help("a substitute is somebody of this file, by `name`")
        }
        Some(_) if name == one.name => Finding::error("nobody stands in for themselves")
            .label("the same person")
            .help("name a colleague, or remove the line: then the queue is told"),
        Some(other) if other.left.is_some() => Finding::error(format!("`{name}` leaves, or has left (`left`)"))
            .label("not here for long")
            .help("name somebody who stays"),
        Some(_) => return,
    };
    source.report_at(span, finding);
}

/// "anna-lena.smith" → "Anna Lena Smith".
fn capitalised(name: &str) -> String {
    let words = name.split(['-', '.', '_']).filter(|word| !word.is_empty());
    let capital = |word: &str| {
        let mut characters = word.chars();
        characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
    };
    words.map(capital).collect::<Vec<_>>().join(" ")
}
