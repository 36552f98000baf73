//! The report of a trial, on a terminal.

use super::findings::{Counted, Findings};
use crate::cli::show::{self, BOLD, FAINT, GOOD, say};

/// Columns of the longest bar.
const BAR: u64 = 30;
pub const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

pub fn tell(found: &Findings) {
    say!("{BOLD}A trial of Postcase for {}{BOLD:#}", show::one_line(&found.desk));
    say!("{}", looked_at(found));
    say!("{GOOD}Nothing was sent, and nothing was changed in the mailboxes.{GOOD:#}");
    if found.messages == 0 {
        return;
    }
    head("What would have come of it");
    for line in summary(found) {
        say!("  {line}");
    }
    bars("Who would not have been acknowledged, because", &found.not_acknowledged);
    bars("Kinds of mail", &found.kinds);
    held(found);
    bars("Addresses that cannot be reached", &found.undeliverable);
    bars("Languages", &found.languages);
    bars("Who writes most", &found.senders);
    if !found.longest.is_empty() {
        head("The longest conversations");
        for one in &found.longest {
            say!("  {:>6}  {}", one.mails, show::one_line(&one.subject));
        }
    }
    bars("When they come", &by_hour(found));
    bars("On which days", &by_day(found));
    say!();
    say!("{FAINT}Read in {:.1} seconds.{FAINT:#}", found.seconds);
}

/// Where, how many, and from when to when.
pub fn looked_at(found: &Findings) -> String {
    let mailboxes: Vec<String> = found
        .mailboxes
        .iter()
        .map(|looked| {
            let there = looked.there.map_or(String::new(), |there| format!(", which holds {there}"));
            format!("{} ({}{there})", looked.mailbox, looked.folder)
        })
        .collect();
    let messages = show::count(found.messages, "message", "messages");
    let span = match (found.first, found.last) {
        (Some(first), Some(last)) => format!(" that came from {} to {}", show::time(first), show::time(last)),
        _ => String::new(),
    };
    format!("It looked at {messages} in {}{span}.", mailboxes.join(" and "))
}

/// The numbers that matter, one sentence each.
pub fn summary(found: &Findings) -> Vec<String> {
    let mut lines = vec![
        format!(
            "{} with a case each; {} of them of more than one mail.",
            show::count(found.conversations, "conversation", "conversations"),
            found.conversations_with_replies
        ),
        format!(
            "{} would have been acknowledged, each once; {} not.",
            show::count(found.acknowledged, "mail", "mails"),
            found.messages - found.acknowledged
        ),
    ];
    if found.duplicates > 0 {
        lines.push(format!(
            "{} recognised, which would otherwise be answered twice.",
            show::count(found.duplicates, "duplicate", "duplicates")
        ));
    }
    if found.bounces > 0 {
        lines.push(format!(
            "{} of mail that did not arrive.",
            show::count(found.bounces, "delivery report", "delivery reports")
        ));
    }
    if found.held > 0 {
        lines.push(format!("{} would wait for a person.", show::count(found.held, "mail", "mails")));
    }
    lines
}

fn held(found: &Findings) {
    if found.held_mails.is_empty() {
        return;
    }
    head("What would have been held for a person");
    for mail in &found.held_mails {
        let from = mail.from.as_deref().unwrap_or("nobody");
        say!("  {}  {}: {}", show::time(mail.received), show::one_line(from), show::one_line(&mail.subject));
        say!("      {FAINT}{}{FAINT:#}", show::one_line(&mail.reason));
    }
    let more = found.held - found.held_mails.len() as u64;
    if more > 0 {
        say!("  and {more} more");
    }
}

pub fn by_hour(found: &Findings) -> Vec<Counted> {
    let hours = found.hours.iter().enumerate();
    let busy: Vec<Counted> =
        hours.map(|(hour, count)| Counted { what: format!("{hour:02}:00"), count: *count }).collect();
    let first = busy.iter().position(|hour| hour.count > 0).unwrap_or(0);
    let last = busy.iter().rposition(|hour| hour.count > 0).map_or(0, |last| last + 1);
    busy[first..last.max(first)].to_vec()
}

pub fn by_day(found: &Findings) -> Vec<Counted> {
    DAYS.iter().zip(&found.weekdays).map(|(day, count)| Counted { what: (*day).to_owned(), count: *count }).collect()
}

fn head(title: &str) {
    say!();
    say!("{BOLD}{title}{BOLD:#}");
}

fn bars(title: &str, counted: &[Counted]) {
    let most = counted.iter().map(|one| one.count).max().unwrap_or(0);
    if most == 0 {
        return;
    }
    head(title);
    for one in counted {
        let length = (one.count * BAR).div_ceil(most) as usize;
        say!("  {:>6}  {FAINT}{}{FAINT:#} {}", one.count, "▇".repeat(length), show::one_line(&one.what));
    }
}
