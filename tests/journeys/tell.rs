//! Tells what came of a story, as text that people read.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::Timestamp;
use postcase::case::{EntryId, OutboxId};
use postcase::mail::reference;
use postcase::smtp::Delivery;
use postcase::store::cases::{CaseView, Wanted};
use postcase::store::journal::Payload;
use postcase::store::outbox::Which;

use super::desk::{Desk, Sent};
use super::script::Story;
use super::write::{seals, seen};

pub fn tell(story: &Story, desk: &Desk) -> String {
    let mut out = format!("{}\nShows: {}.\n", story.about.trim(), story.shows.join(", "));
    if story.brief {
        counts(&mut out, desk);
    } else {
        decisions(&mut out, desk);
    }
    cases(&mut out, desk, story.brief);
    mails(&mut out, desk, story.brief);
    stable(out, desk)
}

fn decisions(out: &mut String, desk: &Desk) {
    out.push_str("\n# Decisions\n");
    let store = desk.engine().store();
    // Only a restoration leaves a gap.
    let may_lack = desk.number("SELECT count(*) FROM restored") > 0;
    for number in 1..store.next_entry().expect("a number").0 {
        let Some(entry) = store.entry(EntryId(number)).expect("an entry") else {
            assert!(may_lack, "no gap in the journal");
            continue;
        };
        let decision = store.decision(EntryId(number)).expect("a decision").expect("every entry is decided");
        let what = match &entry.payload {
            Payload::Unreadable => "something unreadable".to_owned(),
            Payload::Mail { .. } => {
                let from =
                    desk.sql().query_row("SELECT originator FROM message WHERE entry = $1", [number as i64], |row| {
                        row.get::<_, Option<String>>(0)
                    });
                let from = from.ok().flatten().unwrap_or_else(|| "nobody outside".to_owned());
                format!("mail from {from} in {}", entry.mailbox.as_deref().unwrap_or("no mailbox"))
            }
            Payload::Command(command) => format!("command by {}", command.by),
            Payload::Undeliverable(_) => "undeliverable".to_owned(),
            Payload::Due { case, target, .. } => format!("timer of case {case}, {}", target.name()),
            Payload::Alarm { alarm, .. } => format!("alarm, {} {}", alarm.source, alarm.turn.name()),
            Payload::Reloaded { .. } => "new rules".to_owned(),
            Payload::Unfetchable { .. } => "unfetchable".to_owned(),
            Payload::Restored(_) => "restoration".to_owned(),
        };
        let case = decision.case.map_or(String::new(), |case| format!(", case {case}"));
        line(out, format!("{number}  {}  {what}: {}{case}", when(decision.at), decision.verdict));
        decision.trace.iter().for_each(|sentence| line(out, format!("      {sentence}")));
    }
}

fn counts(out: &mut String, desk: &Desk) {
    out.push_str("\n# Counts\n");
    let counts = desk.engine().store().counts().expect("counts");
    line(out, format!("entries: {}, held: {}", counts.entries, counts.held));
    let list = |map: &BTreeMap<String, u64>| {
        map.iter().map(|(word, count)| format!("{word} {count}")).collect::<Vec<_>>().join(", ")
    };
    line(out, format!("decisions: {}", list(&counts.decisions)));
    line(out, format!("cases: {}", list(&counts.cases)));
    for mailbox in counts.mailboxes {
        line(out, format!("mailbox {}: {}", mailbox.mailbox, list(&mailbox.fates)));
    }
}

fn cases(out: &mut String, desk: &Desk, brief: bool) {
    let store = desk.engine().store();
    let mut lines = store.cases(&Wanted { limit: 1_000, ..Wanted::default() }).expect("cases");
    lines.sort_by_key(|line| line.number);
    if brief && lines.len() > 5 {
        return;
    }
    out.push_str("\n# Cases\n");
    for line in lines {
        case(out, &store.case(line.number).expect("a case").expect("a case that is listed"));
    }
}

fn case(out: &mut String, case: &CaseView) {
    let CaseView { line: head, participants, posts, links, aliases, .. } = case;
    line(out, format!("Case {} ({}, {}): {}", head.number, head.queue, head.phase.name(), head.subject));
    if let Some(assignee) = &head.assignee {
        line(out, format!("    assigned to {assignee}"));
    }
    if let Some(priority) = &head.priority {
        line(out, format!("    priority {priority}"));
    }
    if !case.tags.is_empty() {
        line(out, format!("    marked {}", case.tags.join(", ")));
    }
    if !case.followers.is_empty() {
        line(out, format!("    followed by {}", case.followers.join(", ")));
    }
    for one in participants {
        let name = one.name.as_ref().map_or(String::new(), |name| format!("{name} "));
        let requester = if one.requester { ", requester" } else { "" };
        let bad = one.undeliverable.as_ref().map_or(String::new(), |reason| format!(" (undeliverable: {reason})"));
        line(out, format!("    takes part: {name}<{}>{requester}{bad}", one.address));
    }
    for link in links {
        line(out, format!("    {}: case {}. {}", link.kind, link.case, link.reason));
    }
    for alias in aliases {
        line(out, format!("    was also case {alias}"));
    }
    for post in posts {
        let stranger = if post.stranger { ", a stranger" } else { "" };
        let (kind, audience) = (word(&post.kind), word(&post.audience));
        let author = post.author.as_deref().unwrap_or(if kind == "note" { "Postcase" } else { "nobody" });
        line(out, format!("    {}  {kind}, {audience}{stranger}, by {author} (entry {})", when(post.at), post.entry));
        post.author_text.trim().lines().for_each(|text| line(out, format!("        {text}")));
    }
}

fn mails(out: &mut String, desk: &Desk, brief: bool) {
    out.push_str("\n# Mail out\n");
    let listed = desk.engine().store().outbox(Which::All).expect("the outbox");
    let templates: BTreeMap<OutboxId, String> = listed.into_iter().map(|mail| (mail.id, mail.template)).collect();
    if desk.sent.is_empty() {
        out.push_str("none\n");
    }
    for (index, sent) in desk.sent.iter().enumerate() {
        let template = templates.get(&sent.id).map_or("not known any more", String::as_str);
        mail(out, index + 1, sent, template, brief);
    }
}

fn mail(out: &mut String, number: usize, sent: &Sent, template: &str, brief: bool) {
    let reverse_path = sent.reverse_path.as_ref().map_or("<>".to_owned(), |path| path.to_string());
    line(out, format!("{number}  {}  {template}, from {reverse_path}", when(sent.at)));
    for (at, verdicts) in &sent.attempts {
        for (recipient, delivery) in verdicts {
            let (word, reply) = match delivery {
                Delivery::Accepted { reply } => ("accepted", reply),
                Delivery::Deferred { reply } => ("deferred", reply),
                Delivery::Refused { reply } => ("refused", reply),
                Delivery::Unknown { reply } => ("unknown", reply),
            };
            line(out, format!("    {}  to {recipient}: {word}, {reply}", when(*at)));
        }
    }
    if brief {
        return;
    }
    let seen = seen(&sent.bytes);
    let unfolded = seen.head.replace("\r\n ", " ").replace("\r\n\t", " ");
    const SHOWN: [&str; 9] =
        ["From", "Reply-To", "To", "Cc", "Subject", "In-Reply-To", "References", "Auto-Submitted", "Content-Language"];
    for field in unfolded.lines().filter(|field| SHOWN.iter().any(|name| field.starts_with(&format!("{name}:")))) {
        match field.starts_with("Subject:") {
            true => line(out, format!("    Subject: {}", seen.subject)),
            false => line(out, format!("    {field}")),
        }
    }
    seen.text.trim_end().lines().for_each(|text| line(out, format!("    | {text}")));
}

/// Keys are random: references are numbered by the mails that they name.
fn stable(mut text: String, desk: &Desk) -> String {
    for (index, seal) in seals(desk).iter().enumerate() {
        let n = index + 1;
        text = text.replace(&reference::written(seal), &format!("ref:REF-{n}:ref"));
        text = text.replace(&format!("pc.{}@", seal.to_lowercase()), &format!("pc.ref-{n}@"));
        text = text.replace(&format!("+ref.{}@", seal.to_lowercase()), &format!("+ref.REF-{n}@"));
    }
    text.replace(&desk.policy().hash, "HASH")
}

fn line(out: &mut String, text: String) {
    writeln!(out, "{}", text.trim_end()).expect("a string takes text");
}

fn when(at: Timestamp) -> String {
    at.strftime("%d %b %H:%M").to_string()
}

fn word<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
