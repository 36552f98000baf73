//! The report of a trial as one HTML file: no script, no picture, nothing that is fetched; readable on a telephone, and
//! printable.

use minijinja::{AutoEscape, Environment, context};

use super::findings::{Counted, Findings};
use super::told::{by_day, by_hour, looked_at, summary};
use crate::cli::show;

const PAGE: &str = include_str!("page.html");

pub fn page(found: &Findings) -> String {
    let mut templates = Environment::new();
    // Subjects and names are strangers' text.
    templates.set_auto_escape_callback(|_| AutoEscape::Html);
    let lists: Vec<_> = [
        ("Who would not have been acknowledged, because", &found.not_acknowledged),
        ("Kinds of mail", &found.kinds),
        ("Languages", &found.languages),
        ("Who writes most", &found.senders),
        ("Addresses that cannot be reached", &found.undeliverable),
        ("When they come", &by_hour(found)),
        ("On which days", &by_day(found)),
    ]
    .into_iter()
    .filter(|(_, counted)| counted.iter().any(|one| one.count > 0))
    .map(|(title, counted)| context! { title, bars => bars(counted) })
    .collect();
    let held: Vec<_> = found
        .held_mails
        .iter()
        .map(|mail| {
            let from = show::one_line(mail.from.as_deref().unwrap_or("nobody"));
            context! {
                received => show::time(mail.received), from,
                subject => show::one_line(&mail.subject), reason => show::one_line(&mail.reason),
            }
        })
        .collect();
    let longest: Vec<_> = found
        .longest
        .iter()
        .map(|one| context! { mails => one.mails, subject => show::one_line(&one.subject) })
        .collect();
    let filled = templates.render_str(
        PAGE,
        context! {
            desk => show::one_line(&found.desk), looked_at => looked_at(found), summary => summary(found), lists, held,
            more_held => found.held - found.held_mails.len() as u64, longest,
            messages => found.messages, conversations => found.conversations, acknowledged => found.acknowledged,
            held_count => found.held, seconds => format!("{:.1}", found.seconds),
        },
    );
    filled.expect("the page is a constant, and names what it is given")
}

fn bars(counted: &[Counted]) -> Vec<minijinja::Value> {
    let most = counted.iter().map(|one| one.count).max().unwrap_or(0).max(1);
    let bar = |one: &Counted| {
        context! { what => show::one_line(&one.what), count => one.count, percent => (one.count * 100).div_ceil(most) }
    };
    counted.iter().map(bar).collect()
}
