//! `postcase case`: looking at cases, and working on them.

use std::path::PathBuf;

use clap::Subcommand;

use super::desk::{Desk, report};
use super::failure::{Exit, Failure};
use super::show::{self, say};
use super::words::{Words, something};
use super::{Format, attachments, conversation, orders};
use crate::case::{Action, CaseNumber, Phase, Verb};
use crate::store::cases::{CaseView, Wanted};

/// Look at cases, and work on them
#[derive(Subcommand)]
pub enum Arguments {
    /// List cases, the latest changed first
    #[command(after_help = "Examples:
  postcase case list
  postcase case list --phase new,open --queue support
  postcase case list --search \"tape head\" --format json

JSON: [{number, phase, status, queue, subject, assignee, priority, requester,
post_count, opened, changed}]")]
    List {
        /// Only cases in these phases: new, open, waiting, solved, closed
        #[arg(long, value_delimiter = ',', value_parser = phase, value_name = "PHASES")]
        phase: Vec<Phase>,
        /// Only cases of this queue
        #[arg(long)]
        queue: Option<String>,
        /// Only cases of this member of staff
        #[arg(long, value_name = "NAME")]
        assignee: Option<String>,
        /// Only cases with this tag
        #[arg(long)]
        tag: Option<String>,
        /// Only cases with a post that has all these words
        #[arg(long, value_name = "WORDS")]
        search: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 100, value_name = "NUMBER")]
        limit: u32,
        /// For people, or for scripts
        #[arg(long, default_value = "text")]
        format: Format,
    },
    /// Show one case: who, what was said, and why Postcase did what it did
    #[command(after_help = "Examples:
  postcase case show 10482
  postcase case show 10482 --format json | jq .posts

JSON: the fields of `case list`, and language, acknowledged, closed, reopened,
tags [], followers [], participants [{address, name, requester, undeliverable}],
posts [{number, id, entry, kind, audience, author, address, subject, text, author_text,
stranger, at}], links [{case, kind, reason}], aliases [],
history [{entry, at, verdict, case, effects [], letters [], trace []}]
Exit codes: 0 done, 66 there is no such case.")]
    Show {
        /// The number of the case
        #[arg(value_name = "CASE")]
        number: u64,
        /// For people, or for scripts
        #[arg(long, default_value = "text")]
        format: Format,
    },
    /// Save the attachments of a case to files
    #[command(after_help = "Examples:
  postcase case attachments 10482 --to ~/Downloads
  postcase case attachments 10482 --to . --name photo.jpg")]
    Attachments {
        number: u64,
        /// The folder to save them in; nothing in it is written over
        #[arg(long, value_name = "FOLDER")]
        to: PathBuf,
        /// Only attachments of this name
        #[arg(long)]
        name: Option<String>,
    },
    /// Answer the customer and everybody who takes part
    #[command(after_help = "Examples:
  postcase case reply 10482 --as Kevin --text \"It is on its way.\"
  postcase case reply 10482 --as Kevin --file answer.txt
  echo 'It is on its way.' | postcase case reply 10482 --as Kevin")]
    Reply {
        /// The number of the case
        #[arg(value_name = "CASE")]
        number: u64,
        #[command(flatten)]
        words: Words,
    },
    /// Write a note that only staff see
    #[command(after_help = "Example:
  postcase case note 10482 --as Kevin --text \"Called back, no answer.\"")]
    Note {
        /// The number of the case
        #[arg(value_name = "CASE")]
        number: u64,
        #[command(flatten)]
        words: Words,
    },
    /// End a case; with a text, the customer reads it as the resolution
    #[command(after_help = "Examples:
  postcase case close 10482 --as Kevin
  postcase case close 10482 --as Kevin --text \"The new firmware solves it.\"")]
    Close {
        /// The number of the case
        #[arg(value_name = "CASE")]
        number: u64,
        /// Who acts: stands in the history, and in the mail beside the desk's name
        #[arg(long = "as", value_name = "NAME")]
        by: String,
        /// What the customer reads
        #[arg(long)]
        text: Option<String>,
    },
    /// Open a closed case again; with a text, the customer is told
    #[command(after_help = "Example:
  postcase case reopen 10482 --as Kevin --text \"We found something more.\"")]
    Reopen {
        /// The number of the case
        #[arg(value_name = "CASE")]
        number: u64,
        /// Who acts: stands in the history, and in the mail beside the desk's name
        #[arg(long = "as", value_name = "NAME")]
        by: String,
        /// What the customer reads
        #[arg(long)]
        text: Option<String>,
    },
    #[command(flatten)]
    Order(orders::Order),
}

fn phase(text: &str) -> Result<Phase, String> {
    let found = Phase::ALL.into_iter().find(|phase| phase.name() == text);
    found.ok_or_else(|| "the phases are new, open, waiting, solved, closed".to_owned())
}

pub fn run(desk: &Desk, arguments: Arguments) -> Result<Exit, Failure> {
    match arguments {
        Arguments::List { phase, queue, assignee, tag, search, limit, format } => {
            list(desk, &Wanted { phases: phase, queue, assignee, tag, search, limit }, format)
        }
        Arguments::Show { number, format } => show_case(desk, number, format),
        Arguments::Order(order) => orders::run(desk, order),
        Arguments::Attachments { number, to, name } => attachments::save(desk, number, &to, name.as_deref()),
        Arguments::Reply { number, words } => {
            let case = existing(desk, number)?;
            let verb = Verb::on(case, Action::Reply { text: words.text()? });
            order(desk, &words.by, verb, |case| format!("The answer to case {case} is in the outbox."))
        }
        Arguments::Note { number, words } => {
            let case = existing(desk, number)?;
            let verb = Verb::on(case, Action::Note { text: words.text()? });
            order(desk, &words.by, verb, |case| format!("The note stands in case {case}."))
        }
        Arguments::Close { number, by, text } => {
            let case = existing(desk, number)?;
            let verb = Verb::on(case, Action::Close { text: text.map(something).transpose()? });
            order(desk, &by, verb, |case| format!("Case {case} is closed."))
        }
        Arguments::Reopen { number, by, text } => {
            let case = existing(desk, number)?;
            let verb = Verb::on(case, Action::Reopen { text: text.map(something).transpose()? });
            order(desk, &by, verb, |case| format!("Case {case} is open again."))
        }
    }
}

/// Found out before anything is journalled: a slip of the finger leaves no trace.
fn existing(desk: &Desk, number: u64) -> Result<CaseNumber, Failure> {
    find(desk, number).map(|_| CaseNumber(number))
}

pub(super) fn find(desk: &Desk, number: u64) -> Result<CaseView, Failure> {
    let found = if i64::try_from(number).is_ok() { desk.store()?.case(CaseNumber(number))? } else { None };
    found.ok_or_else(|| {
        let sentence = format!("There is no case {number}. `postcase case list` shows the cases there are.");
        Failure::new(Exit::NoInput, sentence)
    })
}

fn order(desk: &Desk, by: &str, verb: Verb, done: impl Fn(CaseNumber) -> String) -> Result<Exit, Failure> {
    let decision = desk.order(by, verb)?;
    let case = decision.case.unwrap_or(CaseNumber(0));
    report(&decision, &done(case))
}

fn list(desk: &Desk, wanted: &Wanted, format: Format) -> Result<Exit, Failure> {
    // One more than wanted tells whether there are more.
    let asked = Wanted { limit: wanted.limit.saturating_add(1), ..wanted.clone() };
    let mut cases = desk.store()?.cases(&asked)?;
    let limit = usize::try_from(wanted.limit).unwrap_or(usize::MAX);
    let more = cases.len() > limit;
    cases.truncate(limit);
    if format == Format::Json {
        show::json(&cases);
        return Ok(Exit::Done);
    }
    if cases.is_empty() {
        say!("No cases.");
        return Ok(Exit::Done);
    }
    let rows = cases.iter().map(|case| {
        vec![
            case.number.to_string(),
            case.status.clone(),
            case.queue.clone(),
            case.assignee.clone().unwrap_or_default(),
            show::time(case.changed),
            case.posts.to_string(),
            case.requester.clone().unwrap_or_default(),
            case.subject.clone(),
        ]
    });
    show::table(&["case", "status", "queue", "assignee", "changed", "posts", "requester", "subject"], rows);
    if more {
        show::remark(&format!("There are more; --limit shows more than {}.", wanted.limit));
    }
    Ok(Exit::Done)
}

fn show_case(desk: &Desk, number: u64, format: Format) -> Result<Exit, Failure> {
    let case = find(desk, number)?;
    match format {
        Format::Json => show::json(&case),
        Format::Text => conversation::print(&case, number),
    }
    Ok(Exit::Done)
}
