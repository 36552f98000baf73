//! `postcase outbox`: mail that waits for delivery.

use clap::Subcommand;

use super::Format;
use super::desk::{Desk, report};
use super::failure::{Exit, Failure};
use super::show::{self, say};
use crate::case::delivery::RecipientState;
use crate::case::{OutboxId, Verb};
use crate::store::outbox::Which;

/// Look after mail that waits for delivery
#[derive(Subcommand)]
pub enum Arguments {
    /// List mail that waits, or that somebody's server refused
    #[command(after_help = "Examples:
  postcase outbox list
  postcase outbox list --all --format json

JSON: [{id, case, template, queued, attempts, next_attempt,
recipients [{address, state, reply}]}]")]
    List {
        /// Also mail that everybody accepted
        #[arg(long)]
        all: bool,
        /// For people, or for scripts
        #[arg(long, default_value = "text")]
        format: Format,
    },
    /// Try one mail again now, also a refused one; without a number, all that wait
    #[command(after_help = "Examples:
  postcase outbox retry --as Kevin
  postcase outbox retry 4352 --as Kevin")]
    Retry {
        /// The number of the mail, from `outbox list`
        mail: Option<u64>,
        /// Who acts: stands in the history
        #[arg(long = "as", value_name = "NAME")]
        by: String,
    },
    /// Send nothing until resumed; cases go on
    #[command(after_help = "Example:
  postcase outbox pause --as Kevin")]
    Pause {
        /// Who acts: stands in the history
        #[arg(long = "as", value_name = "NAME")]
        by: String,
    },
    /// Send again
    #[command(after_help = "Example:
  postcase outbox resume --as Kevin")]
    Resume {
        /// Who acts: stands in the history
        #[arg(long = "as", value_name = "NAME")]
        by: String,
    },
}

pub fn run(desk: &Desk, arguments: Arguments) -> Result<Exit, Failure> {
    match arguments {
        Arguments::List { all, format } => list(desk, if all { Which::All } else { Which::Unfinished }, format),
        Arguments::Retry { mail, by } => retry(desk, mail, &by),
        Arguments::Pause { by } => {
            let decision = desk.order(&by, Verb::PauseOutbox)?;
            report(&decision, "Nothing is sent until `postcase outbox resume`.")
        }
        Arguments::Resume { by } => {
            let decision = desk.order(&by, Verb::ResumeOutbox)?;
            report(&decision, "Mail is sent again.")
        }
    }
}

fn retry(desk: &Desk, mail: Option<u64>, by: &str) -> Result<Exit, Failure> {
    let store = desk.store()?;
    if let Some(id) = mail {
        let listed = store.outbox(Which::All)?.into_iter().find(|listed| listed.id.0 == id).ok_or_else(|| {
            let sentence = format!("There is no mail {id} in the outbox. `postcase outbox list --all` shows them.");
            Failure::new(Exit::NoInput, sentence)
        })?;
        if listed.recipients.iter().all(|recipient| recipient.state == RecipientState::Accepted) {
            let sentence = format!("Everybody has accepted mail {id}: there is nothing to try again.");
            return Err(Failure::new(Exit::Data, sentence));
        }
    }
    let decision = desk.order(by, Verb::RetryOutbox { mail: mail.map(OutboxId) })?;
    let done = match (store.outbox_paused()?, mail) {
        (true, _) => "It is due now, and goes out once the outbox is resumed: see `postcase outbox resume`.",
        (false, Some(_)) => "It is due now.",
        (false, None) => "All waiting mail is due now.",
    };
    report(&decision, done)
}

fn list(desk: &Desk, which: Which, format: Format) -> Result<Exit, Failure> {
    let store = desk.store()?;
    let mails = store.outbox(which)?;
    if format == Format::Json {
        show::json(&mails);
        return Ok(Exit::Done);
    }
    if store.outbox_paused()? {
        say!("The outbox is paused: nothing is sent until `postcase outbox resume`.");
    }
    if mails.is_empty() {
        say!("Nothing waits.");
        return Ok(Exit::Done);
    }
    let rows = mails.iter().flat_map(|mail| {
        mail.recipients.iter().map(|recipient| {
            let state = match (recipient.state, mail.next_attempt) {
                (RecipientState::Waiting, Some(next)) if mail.attempts > 0 => format!("again at {}", show::time(next)),
                (RecipientState::Waiting, Some(_)) => "waiting".to_owned(),
                // Until `outbox retry` names it (B36).
                (RecipientState::Waiting, None) => "kept back".to_owned(),
                (RecipientState::Accepted, _) => "accepted".to_owned(),
                (RecipientState::Refused, _) => "refused".to_owned(),
            };
            vec![
                mail.id.to_string(),
                mail.case.map_or_else(|| "-".to_owned(), |case| case.to_string()),
                mail.template.clone(),
                show::time(mail.queued),
                mail.attempts.to_string(),
                recipient.address.clone(),
                state,
                recipient.reply.clone().unwrap_or_default(),
            ]
        })
    });
    show::table(&["mail", "case", "letter", "queued", "tries", "to", "state", "reply"], rows);
    Ok(Exit::Done)
}
