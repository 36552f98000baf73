//! A mail as `explain` tells it to people.

use super::data;
use crate::cli::Format;
use crate::cli::show::{self, BOLD, say};
use crate::link;
use crate::mail::forward::{Form, Forwarded};
use crate::mail::json::{Pointing, Speaker, View};
use crate::mail::{Kind, Named, Reading};

/// Whether a decision was made, or would be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tense {
    Was,
    Would,
    /// It was made about something that is no mail.
    Order,
}

pub fn print(view: &View, reading: &Reading, format: Format, tense: Tense) {
    if format == Format::Json {
        return show::json(view);
    }
    say!("{BOLD}{}{BOLD:#}", show::one_line(&view.file));
    if tense != Tense::Order {
        print_reading(view, reading);
    }
    let head = match tense {
        Tense::Was | Tense::Order => "What was decided",
        Tense::Would => "What would be decided now",
    };
    say!("  {BOLD}{head}{BOLD:#}");
    for sentence in &view.decision.trace {
        say!("    - {}", show::one_line(sentence));
    }
    for letter in &view.decision.letters {
        let to: Vec<&str> =
            letter["to"].as_array().into_iter().flatten().filter_map(|to| to["address"].as_str()).collect();
        let template = letter["template"].as_str().unwrap_or_default();
        say!("    → a letter to {}: {template}", show::one_line(&to.join(", ")));
    }
    if view.decision.trace.is_empty() && tense != Tense::Would {
        say!("    - Nothing yet: it waits for the daemon.");
    }
    say!();
}

fn print_reading(view: &View, reading: &Reading) {
    print_people(view, reading);
    line("subject", &view.subject);
    line("kind", kind(view.kind));
    for evidence in &view.kind_evidence {
        line("", &format!("because of {evidence}"));
    }
    for recipient in &view.report {
        let action = data(&recipient.action);
        let who = recipient.recipient.as_deref().unwrap_or("an unnamed recipient");
        let status = recipient.status.as_deref().unwrap_or("no status");
        line("report", &format!("{who}: {} ({status})", action.as_str().unwrap_or_default()));
    }
    line("language", view.language.as_deref().unwrap_or_default());
    for handed_on in &reading.forwarded {
        line("hands on", &forwarded(handed_on));
    }
    for file in &view.attachments {
        let what = if file.inline { "picture" } else { "attachment" };
        line(what, &format!("{} ({}, {} bytes)", file.name, file.media_type, file.size));
    }
    for (pointing, clue) in view.clues.iter().zip(&reading.clues) {
        line("clue", &clue_in_words(link::place_of(clue.kind), pointing));
    }
    for defect in &reading.defects {
        line("defect", &format!("{}: {}", defect.name, defect.note));
    }
    say!();
    match view.author_text.trim().is_empty() {
        true => say!("    (no text)"),
        false => show::indented(&view.author_text),
    }
    say!();
}

/// Everybody whom the header names, and who of them speaks.
fn print_people(view: &View, reading: &Reading) {
    let message = &reading.message;
    let list = |named: &[Named]| named.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    line("from", if message.from.is_empty() { "nobody" } else { "" });
    line("from", &list(&message.from));
    if let Some(author) = &message.rewritten {
        line("", &format!("a mailing list that speaks for {author}"));
    }
    let differs = |named: &&Named| message.from.iter().all(|from| from.address != named.address);
    line("sent by", &message.sender.as_ref().filter(differs).map(ToString::to_string).unwrap_or_default());
    line("reply to", &list(&message.reply_to.iter().filter(differs).cloned().collect::<Vec<_>>()));
    line("speaks", &speaker(&view.speaker));
    line("to", &list(&message.to));
    line("cc", &list(&message.cc));
    line("date", view.date.as_deref().unwrap_or_default());
}

/// Empty without a desk.
fn speaker(speaker: &Speaker) -> String {
    let Some(role) = &speaker.role else { return String::new() };
    let who = match role.as_str() {
        "staff" => "one of the staff",
        "participant" => "somebody who takes part in a case",
        "contact" => "somebody outside",
        _ => "the desk itself, or a form of its own",
    };
    let proof = match speaker.proof.as_deref() {
        Some("authenticated") => "a trusted server has checked From",
        Some("refuted") => "a trusted server says that From is forged",
        Some("reference") => "the mail bears a signed reference of ours",
        _ => "nothing but From says so",
    };
    format!("{who}; {proof}")
}

fn forwarded(handed_on: &Forwarded) -> String {
    let place = match handed_on.form {
        Form::Inline => "in its text",
        Form::Attached(_) => "as an attachment",
    };
    let who = handed_on.from.as_ref().map_or_else(|| handed_on.from_written.clone(), ToString::to_string);
    let who = if who.is_empty() { "somebody".to_owned() } else { who };
    let date = handed_on.date.map_or_else(|| handed_on.date_written.clone(), |date| date.to_string());
    let date = if date.is_empty() { date } else { format!(" of {date}") };
    format!("a mail by {who}{date}, {place}: {}", handed_on.subject)
}

fn clue_in_words(place: &str, pointing: &Pointing) -> String {
    let case = pointing.case.map_or_else(|| "no case that is known".to_owned(), |case| format!("case {case}"));
    format!("{place} ({}) leads to {case}", pointing.value)
}

fn line(name: &str, value: &str) {
    if !value.is_empty() {
        say!("  {name:<12} {}", show::one_line(value));
    }
}

/// What sort of mail it is, for people.
fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Correspondence => "correspondence: a person wrote it",
        Kind::AutoReply => "auto-reply: an automatic reply, such as an out-of-office",
        Kind::AutoGenerated => "auto-generated: a machine wrote it",
        Kind::DeliveryReport => "delivery-report: whether a mail arrived",
        Kind::DispositionReport => "disposition-report: whether a mail was read",
        Kind::FeedbackReport => "feedback-report: somebody called a mail spam",
        Kind::Calendar => "calendar: an invitation, or an answer to one",
        Kind::List => "list: mail of a mailing list",
        Kind::Own => "own: this desk sent it",
    }
}
