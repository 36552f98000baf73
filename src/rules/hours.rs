//! Reads `[hours]` of `rules/desk.toml`: when people work.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::case::Calendar;
use crate::case::calendar::{Minute, Opening};
use crate::diagnostics::{Finding, Section, Value, nearest};

const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The calendar that `section` describes; what is wrong is reported, and the default stands in for it.
pub(super) fn hours(section: &Section<'_>) -> Calendar {
    let default = Calendar::default();
    let zone = section.or("time_zone", default.zone().clone(), zone);
    let weekdays = section.or("weekdays", default.openings_of(0).to_vec(), openings);
    let week = std::array::from_fn(|day| {
        let usual = if day < 5 { weekdays.clone() } else { Vec::new() };
        section.or(DAYS[day], usual, openings)
    });
    let holidays = section.or("holidays", BTreeSet::new(), |value| Some(value.list(date)?.into_iter().collect()));
    if week.iter().all(Vec::is_empty) {
        let finding = Finding::error("nobody works on any day of the week");
        section.report(finding.help("give a day a span, as in weekdays = [\"09:00-17:00\"]"));
    }
    Calendar::new(zone, week, holidays).unwrap_or(default)
}

fn zone(value: Value<'_>) -> Option<TimeZone> {
    let name = value.clone().line()?;
    // A zone without a name could not be written down with the policy.
    if let Some(zone) = TimeZone::get(&name).ok().filter(|zone| zone.iana_name().is_some()) {
        return Some(zone);
    }
    let known: Vec<String> = jiff::tz::db().available().map(|known| known.to_string()).collect();
    let near = nearest(&name, known.iter().map(String::as_str));
    let label = near.map_or_else(|| "this is not one".to_owned(), |near| format!("did you mean \"{near}\"?"));
    let help = "write a name from the IANA list, such as \"Europe/Berlin\" or \"UTC\"".to_owned();
    value.wrong("`time_zone` must be the name of a time zone", label, Some(help))
}

/// The spans of a day, in any order, apart from each other; None when one of them is wrong.
fn openings(value: Value<'_>) -> Option<Vec<Opening>> {
    let mut openings: Vec<Opening> = Vec::new();
    let read = value.list(|value| {
        let opening = opening(&value);
        let other = opening.and_then(|opening| openings.iter().find(|other| other.overlaps(&opening)));
        if let (Some(opening), Some(other)) = (opening, other) {
            let help = "let one begin when the other ends, or later".to_owned();
            return Some(value.wrong(format!("{other} and {opening} overlap"), "this is the second", Some(help)));
        }
        openings.extend(opening);
        Some(opening)
    })?;
    read.iter().all(Option::is_some).then_some(openings)
}

fn opening(value: &Value<'_>) -> Option<Opening> {
    let text = value.clone().text()?;
    let span = text.split_once('-').and_then(|(from, to)| Some((minute(from)?, minute(to)?)));
    let Some((from, to)) = span else {
        let help = "write hours and minutes from 00:00 to 24:00, as in \"09:00-12:30\"".to_owned();
        return value.wrong(
            format!("`{}` must have spans like \"09:00-17:00\"", value.key()),
            "this is none",
            Some(help),
        );
    };
    Opening::new(from, to).or_else(|| {
        let help = format!("end it at 24:00, and let the next day begin with \"00:00-{to}\"");
        let help = if to < from { help } else { "let it end later than it begins".to_owned() };
        value.wrong("a span must end later on the same day than it begins", "this does not", Some(help))
    })
}

fn minute(text: &str) -> Option<Minute> {
    let (hour, minute) = text.trim().split_once(':')?;
    let digits = |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits(hour) && minute.len() == 2 && digits(minute))
        .then(|| Minute::new(hour.parse().ok()?, minute.parse().ok()?))?
}

fn date(value: Value<'_>) -> Option<Date> {
    let text = value.as_text().map(str::to_owned).or_else(|| value.as_date());
    // A date with a time would be read as well.
    let date = text.filter(|text| text.len() == 10).and_then(|text| text.parse::<Date>().ok());
    date.or_else(|| {
        let help = "write them as in holidays = [2026-12-25, 2026-12-26]".to_owned();
        value.wrong("`holidays` must be dates", "this is none", Some(help))
    })
}
