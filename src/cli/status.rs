//! `postcase status`: how the desk is, and whether ledger and servers agree (L1).

use std::time::Duration;

use serde::Serialize;

use super::check::sentence;
use super::desk::Desk;
use super::failure::{Exit, Failure};
use super::show::{self, BAD, BOLD, GOOD, say};
use super::{Format, runtime};
use crate::config::{Config, MailboxConfig};
use crate::mailbox;
use crate::store::status::{Counts, LedgerCounts};
use crate::store::{Store, lock};

/// How long a running daemon gets to take in what just arrived before it counts as missing.
const GRACE: Duration = Duration::from_secs(3);
/// UIDs that are named, of those that the ledger does not have.
const NAMED: usize = 10;

/// How the desk is
///
/// Shows mailboxes, the ledger against what the servers hold, what is held, the outbox, and what is wrong. Exits
/// with 1 when something needs a person.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  postcase status
  postcase status --format json | jq .attention
  postcase status --offline     do not ask the mail servers

JSON: {ok, attention [], instance, database, test_copy, daemon {running, pid}, entries, waiting, decisions {}, held, cases {},
mailboxes [{mailbox, shown, fates {}, unfiled, state}],
outbox {paused, waiting, deferred, kept_back, refused, accepted, unknown, copies_given_up},
troubles [{source, text, since, times, told}], servers [{mailbox, messages, unledgered [], trouble}]}
Exit codes: 0 all is well, 1 something needs a person, 66 there is no database yet, 78 the configuration is wrong.")]
pub struct Arguments {
    /// Do not compare with the mail servers
    #[arg(long)]
    offline: bool,
    /// For people, or for scripts
    #[arg(long, default_value = "text")]
    format: Format,
}

#[derive(Serialize)]
struct Status {
    ok: bool,
    /// What needs a person, one sentence each.
    attention: Vec<String>,
    instance: String,
    database: String,
    /// A copy to try things on, which sends nothing (`run --no-mail`).
    test_copy: bool,
    daemon: Daemon,
    #[serde(flatten)]
    counts: Counts,
    servers: Vec<Server>,
}

#[derive(Serialize)]
struct Daemon {
    running: bool,
    pid: Option<u32>,
}

/// What a mail server holds, beside the ledger.
#[derive(Serialize)]
struct Server {
    mailbox: String,
    messages: Option<u64>,
    /// UIDs that the server shows and the ledger does not have.
    unledgered: Vec<u32>,
    trouble: Option<String>,
}

pub fn run(desk: &Desk, arguments: &Arguments) -> Result<Exit, Failure> {
    let config = desk.config()?;
    let store = desk.store()?;
    let holder = lock::holder(&config.database);
    let running = holder.is_some();
    let mut attention = Vec::new();
    let servers = match (arguments.offline, desk.config_with_secrets()) {
        (true, _) => Vec::new(),
        (false, Ok(config)) => runtime()?.block_on(compare_all(&store, &config, running))?,
        (false, Err(_)) => {
            attention.push(
                "The ledger was not compared with the servers, because this process has not got the passwords. Set \
                 what the daemon has (under systemd CREDENTIALS_DIRECTORY=/run/credentials/postcase.service), or say \
                 --offline."
                    .to_owned(),
            );
            Vec::new()
        }
    };
    let counts = store.counts()?;
    attention.extend(needs_a_person(&counts, &servers, running));
    let status = Status {
        ok: attention.is_empty(),
        attention,
        instance: store.instance()?,
        database: config.database.display().to_string(),
        test_copy: store.is_test_copy()?,
        daemon: Daemon { running, pid: holder.and_then(|pid| pid.parse().ok()) },
        counts,
        servers,
    };
    match arguments.format {
        Format::Json => show::json(&status),
        Format::Text => print(&status),
    }
    Ok(if status.ok { Exit::Done } else { Exit::Attention })
}

/// All servers at once: one that does not answer holds up no other.
async fn compare_all(store: &Store, config: &Config, running: bool) -> Result<Vec<Server>, Failure> {
    let all = config.mailboxes.iter().map(|mailbox| compare(store, mailbox, running));
    futures_util::future::try_join_all(all).await
}

async fn compare(store: &Store, mailbox: &MailboxConfig, running: bool) -> Result<Server, Failure> {
    let name = mailbox.name.clone();
    let survey = match mailbox::survey(mailbox).await {
        Ok(survey) => survey,
        Err(trouble) => {
            return Ok(Server {
                mailbox: name,
                messages: None,
                unledgered: Vec::new(),
                trouble: Some(sentence(&trouble)),
            });
        }
    };
    let mut unledgered = store.unledgered(&name, survey.uid_validity, &survey.uids)?;
    if !unledgered.is_empty() && running {
        tokio::time::sleep(GRACE).await;
        unledgered = store.unledgered(&name, survey.uid_validity, &unledgered)?;
    }
    Ok(Server { mailbox: name, messages: Some(survey.uids.len() as u64), unledgered, trouble: None })
}

/// What needs a person.
fn needs_a_person(counts: &Counts, servers: &[Server], running: bool) -> Vec<String> {
    let mut sentences = Vec::new();
    if !running {
        sentences.push("No daemon runs: start `postcase run`.".to_owned());
    }
    let decided: u64 = counts.decisions.values().sum();
    if decided + counts.waiting != counts.entries {
        sentences.push(format!(
            "The journal has {} entries, but {decided} decisions and {} waiting: this must not happen. Keep a copy of the database and tell the makers of Postcase.",
            counts.entries, counts.waiting
        ));
    }
    for server in servers {
        if let Some(trouble) = &server.trouble {
            sentences.push(format!("Mailbox {} cannot be compared with its server. {trouble}", server.mailbox));
        }
        if !server.unledgered.is_empty() {
            let named: Vec<String> = server.unledgered.iter().take(NAMED).map(u32::to_string).collect();
            sentences.push(format!(
                "Mailbox {}: the server holds {} that the ledger does not have (UID {}{}).",
                server.mailbox,
                show::count(server.unledgered.len() as u64, "message", "messages"),
                named.join(", "),
                if server.unledgered.len() > NAMED { ", …" } else { "" }
            ));
        }
    }
    for mailbox in &counts.mailboxes {
        sentences.extend(ledger_attention(mailbox));
    }
    if counts.held > 0 {
        let held = show::count(counts.held, "entry waits", "entries wait");
        sentences.push(format!("{held} for a person: see `postcase held list`."));
    }
    if counts.outbox.paused {
        sentences.push("The outbox is paused: see `postcase outbox resume`.".to_owned());
    }
    if counts.outbox.copies_given_up > 0 {
        let copies = show::count(counts.outbox.copies_given_up, "copy", "copies");
        sentences
            .push(format!("The Sent folder never took {copies} of mail that went out; the cases have their texts."));
    }
    sentences.extend(counts.troubles.iter().map(|trouble| {
        let told =
            trouble.told.map_or_else(String::new, |told| format!("; administrators were told {}", show::time(told)));
        format!(
            "{}: {} (since {}, {}{told})",
            trouble.source,
            trouble.text,
            show::time(trouble.since),
            times(trouble.times)
        )
    }));
    sentences
}

fn ledger_attention(mailbox: &LedgerCounts) -> Option<String> {
    let failing = mailbox.fates.get("failing").copied().unwrap_or(0);
    (failing > 0).then(|| {
        let messages = show::count(failing, "message", "messages");
        format!("Mailbox {}: the server would not give {messages}; it is tried again.", mailbox.mailbox)
    })
}

fn times(times: u64) -> String {
    show::count(times, "time", "times")
}

fn counted(counts: &std::collections::BTreeMap<String, u64>) -> String {
    let words: Vec<String> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

fn print(status: &Status) {
    let daemon = match (status.daemon.running, status.daemon.pid) {
        (true, Some(pid)) => format!("runs as process {pid}"),
        (true, None) => "runs".to_owned(),
        (false, _) => "does not run".to_owned(),
    };
    say!("{BOLD}Desk {}{BOLD:#}  {}", status.instance, status.database);
    if status.test_copy {
        say!("  {BOLD}a test copy{BOLD:#}: it sends nothing, and changes nothing in the mailboxes");
    }
    say!("  daemon     {daemon}");
    for mailbox in &status.counts.mailboxes {
        let state = |key: &str| mailbox.state.as_ref().and_then(|state| state.get(key)).and_then(|v| v.as_bool());
        let how = match (status.daemon.running, state("connected"), state("idle")) {
            (true, Some(true), Some(true)) => "connected, IDLE",
            (true, Some(true), _) => "connected, polling",
            _ => "not connected",
        };
        let server = status.servers.iter().find(|server| server.mailbox == mailbox.mailbox);
        let held = server.and_then(|server| server.messages).map(|n| format!("; the server holds {n}"));
        say!(
            "  mailbox    {}: {how}; {} shown: {}{}",
            mailbox.mailbox,
            mailbox.shown,
            counted(&mailbox.fates),
            held.unwrap_or_default()
        );
    }
    let shown = |server: &&Server| status.counts.mailboxes.iter().any(|mailbox| mailbox.mailbox == server.mailbox);
    for server in status.servers.iter().filter(|server| !shown(server)) {
        let held = server.messages.map_or(String::new(), |n| format!("; the server holds {n}"));
        say!("  mailbox    {}: never opened yet{held}", server.mailbox);
    }
    let counts = &status.counts;
    say!(
        "  journal    {}: {} waiting, decided: {}",
        show::count(counts.entries, "entry", "entries"),
        counts.waiting,
        counted(&counts.decisions)
    );
    say!("  cases      {}", counted(&counts.cases));
    say!("  held       {}", counts.held);
    let outbox = &counts.outbox;
    say!(
        "  outbox     {}{} waiting, {} deferred, {} kept back, {} accepted, {} refused, {} of unknown fate",
        if outbox.paused { "paused: " } else { "" },
        outbox.waiting,
        outbox.deferred,
        outbox.kept_back,
        outbox.accepted,
        outbox.refused,
        outbox.unknown
    );
    say!();
    if status.ok {
        say!("{GOOD}All is well.{GOOD:#}");
        return;
    }
    say!("{BAD}Needs attention:{BAD:#}");
    for sentence in &status.attention {
        say!("  ! {}", show::one_line(sentence));
    }
}
