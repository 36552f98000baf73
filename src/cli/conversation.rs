//! `postcase case show` for people: who, what was said to whom, and at the end why Postcase did what it did.

use super::show::{self, BOLD, FAINT, say};
use crate::case::{Audience, PostKind};
use crate::diagnostics::spoken_size;
use crate::store::cases::{CaseView, DecisionView, PostView};

/// `asked`: the number that the person typed; another one when it was merged.
pub fn print(case: &CaseView, asked: u64) {
    print_head(case, asked);
    for post in &case.posts {
        print_post(post);
        let because = case.history.iter().filter(|decision| decision.entry == post.entry);
        because.for_each(|decision| print_letters(post, decision));
    }
    say!();
    say!("{BOLD}Why{BOLD:#}");
    for decision in &case.history {
        say!("  {} {FAINT}(entry {}){FAINT:#}: {}", show::time(decision.at), decision.entry, decision.verdict);
        for sentence in &decision.trace {
            say!("    - {}", show::one_line(sentence));
        }
    }
}

fn print_head(case: &CaseView, asked: u64) {
    let line = &case.line;
    say!("{BOLD}Case {}: {}{BOLD:#}", line.number, show::one_line(&line.subject));
    if line.number.0 != asked {
        say!("  {asked} was merged into it.");
    }
    say!("  status      {}, in queue {}", line.status, line.queue);
    if let Some(assignee) = &line.assignee {
        say!("  assignee    {}", show::one_line(assignee));
    }
    if let Some(priority) = &line.priority {
        say!("  priority    {}", show::one_line(priority));
    }
    if !case.tags.is_empty() {
        say!("  tags        {}", show::one_line(&case.tags.join(", ")));
    }
    if !case.followers.is_empty() {
        say!("  followers   {}", show::one_line(&case.followers.join(", ")));
    }
    say!("  opened      {}", show::time(line.opened));
    if let Some(closed) = case.closed {
        say!("  closed      {}", show::time(closed));
    }
    if case.reopened > 0 {
        say!("  reopened    {}", show::count(case.reopened.into(), "time", "times"));
    }
    for participant in &case.participants {
        let role = if participant.requester { "requester" } else { "on copy" };
        let who = person(participant.name.as_deref(), Some(&participant.address));
        match &participant.undeliverable {
            Some(why) => say!("  {role:<11} {who}: mail comes back ({})", show::one_line(why)),
            None => say!("  {role:<11} {who}"),
        }
    }
    for link in &case.links {
        say!("  {:<11} case {}: {}", link.kind, link.case, show::one_line(&link.reason));
    }
}

fn print_post(post: &PostView) {
    let who = match (post.kind, &post.author) {
        (PostKind::Note, None) => "Postcase".to_owned(),
        _ => person(post.author.as_deref(), post.address.as_deref()),
    };
    let (what, audience) = match (post.kind, post.audience) {
        (PostKind::MailIn, Audience::Public) => ("wrote", ""),
        (PostKind::MailIn, Audience::Internal) => ("wrote", "takes no part: only staff see this"),
        (PostKind::Answer, Audience::Public) => ("answered", "to everybody who takes part"),
        (PostKind::Answer, Audience::Internal) | (PostKind::Note, _) => ("noted", "only staff see this"),
        (PostKind::Automatic, _) => ("sent by itself", "only staff see this"),
    };
    let audience = if audience.is_empty() { String::new() } else { format!(" ({audience})") };
    say!();
    say!("{}  {BOLD}{who}{BOLD:#} {what}{audience}: {FAINT}post {}{FAINT:#}", show::time(post.at), post.number);
    let own_words = !post.author_text.trim().is_empty();
    let words = if own_words { &post.author_text } else { &post.text };
    match words.trim().is_empty() {
        true => say!("    {FAINT}(no text){FAINT:#}"),
        false => show::indented(words),
    }
    for file in &post.attachments {
        let what = if file.inline { "picture" } else { "attachment" };
        let size = spoken_size(file.size);
        say!("    {FAINT}+{FAINT:#} {what}: {} ({}, {size})", show::one_line(&file.name), file.media_type);
    }
}

/// The letters that nobody wrote; an answer is its own post.
fn print_letters(post: &PostView, decision: &DecisionView) {
    if !matches!(post.kind, PostKind::MailIn | PostKind::Automatic) {
        return;
    }
    for letter in decision.letters.as_array().into_iter().flatten() {
        let word = |key: &str| letter[key].as_str().unwrap_or_default().to_owned();
        let to: Vec<&str> =
            letter["to"].as_array().into_iter().flatten().filter_map(|to| to["address"].as_str()).collect();
        say!("    {FAINT}→ Postcase wrote to {}: {}{FAINT:#}", show::one_line(&to.join(", ")), word("template"));
    }
}

fn person(name: Option<&str>, address: Option<&str>) -> String {
    match (name.filter(|name| !name.trim().is_empty()), address) {
        (Some(name), Some(address)) if name != address => {
            format!("{} <{}>", show::one_line(name), show::one_line(address))
        }
        (Some(name), _) => show::one_line(name),
        (None, Some(address)) => show::one_line(address),
        (None, None) => "Nobody known".to_owned(),
    }
}
