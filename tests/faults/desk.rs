//! A desk with a daemon in this process, between two wires: a mailbox of a Dovecot, an SMTP sink, a clock that runs
//! ahead, so that hours of waiting for the next attempt are over in a moment.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use postcase::case::{Action, CaseNumber, Command, Verb};
use postcase::config::{Config, Filing, Login, MailboxConfig, Security, Server, SmtpConfig, Start};
use postcase::engine::ask::ask;
use postcase::engine::daemon::{self, Control};
use postcase::engine::{Clock, Engine, Place};
use postcase::mail::Address;
use postcase::rules::{MailboxFacts, Policy};
use postcase::smtp::Patience;
use postcase::store::apply::SentCopy;
use postcase::store::{Adopt, Lock};
use rusqlite::{Connection, OpenFlags};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::lab::PATIENCE;
use crate::lab::client::Client;
use crate::lab::dovecot::Dovecot;
use crate::smtp_sink::{Manner, SmtpSink};
use crate::wire::{Harm, Protocol, Seen, Spot, Wire};

const RULES: &str = "[desk]\nname = \"Test Desk\"\naddress = \"support@desk.test\"\n\n[[queue]]\nname = \"support\"\n";

/// How long the daemon waits for an answer: short, and long enough for a busy machine to give it.
const ANSWER: Duration = Duration::from_secs(2);
/// For the verdict on a mail.
const VERDICT: Duration = Duration::from_secs(4);
/// How often an idle mailbox is looked at all the same.
const POLL: Duration = Duration::from_millis(800);
/// How often a test looks, and how far the clock has gone by then.
const LOOK: Duration = Duration::from_millis(30);
const STRIDE: i64 = 20_000_000;

pub struct Desk<'a> {
    dovecot: &'a Dovecot,
    user: String,
    pub sink: SmtpSink,
    pub wires: [Wire; 2],
    folder: tempfile::TempDir,
    hand: Arc<AtomicI64>,
    handle: Handle,
    daemon: Option<Daemon>,
    database: Option<Connection>,
}

struct Daemon {
    orders: mpsc::Sender<Control>,
    thread: std::thread::JoinHandle<()>,
}

static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let rules = folder();
    std::fs::write(rules.path().join("desk.toml"), RULES).expect("our own folder");
    let facts = MailboxFacts {
        name: "support".to_owned(),
        address: address(),
        aliases: Vec::new(),
        message_bytes: 1 << 20,
        trust: None,
    };
    Policy::load(rules.path(), &[facts]).unwrap_or_else(|_| panic!("the rules are right")).value
});

/// Where a disk costs least.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir()).expect("a folder")
}

fn server(port: u16) -> Server {
    Server { host: "localhost".to_owned(), port, security: Security::Plaintext, ca_file: None, timeout: ANSWER }
}

fn address() -> Address {
    Address::parse("support@desk.test").expect("an address")
}

impl<'a> Desk<'a> {
    /// For one user of the Dovecot; nobody else may have it.
    pub fn new(dovecot: &'a Dovecot, user: &str, handle: &Handle, fault: Option<(Spot, Harm)>) -> Desk<'a> {
        let folder = folder();
        let sink = SmtpSink::start(Manner { login: Some(("desk".into(), "word".into())), ..Manner::default() });
        let wires = [
            Wire::start(handle, Protocol::Imap, dovecot.ports.imap, fault.clone()),
            Wire::start(handle, Protocol::Smtp, sink.port(), fault),
        ];
        let hand = Arc::new(AtomicI64::new(Clock::System.now().as_microsecond()));
        let (user, handle) = (user.to_owned(), handle.clone());
        Desk { dovecot, user, sink, wires, folder, hand, handle, daemon: None, database: None }
    }

    fn config(&self) -> Config {
        let database = self.database_path();
        let path = self.folder.path().join("postcase.toml");
        let mailbox = MailboxConfig {
            trust: None,
            verify: None,
            name: "support".to_owned(),
            address: address(),
            aliases: Vec::new(),
            server: server(self.wires[0].port),
            user: self.user.clone(),
            login: Login::Password("secret".to_owned().into()),
            folder: "INBOX".to_owned(),
            start: Start::All,
            poll: POLL,
            idle: true,
            filing: Filing::Move("Processed".to_owned()),
            sent_folder: Some("Sent".to_owned()),
            message_bytes: 1 << 20,
        };
        let smtp = SmtpConfig {
            server: server(self.wires[1].port),
            user: Some("desk".to_owned()),
            login: Some(Login::Password("word".to_owned().into())),
            helo: Some("desk.test".to_owned()),
        };
        Config {
            path,
            database,
            rules: self.folder.path().join("rules"),
            mailboxes: vec![mailbox],
            smtp,
            alarm: postcase::config::AlarmConfig::default(),
        }
    }

    fn database_path(&self) -> PathBuf {
        self.folder.path().join("postcase.db")
    }

    fn place(&self) -> Place {
        Place { database: self.database_path(), adopt: Adopt::Refuse, copy: SentCopy::Wanted }
    }

    fn clock(&self) -> Clock {
        Clock::Hand(Arc::clone(&self.hand))
    }

    pub fn start(&mut self) {
        let engine = self.engine();
        let config = Arc::new(self.config());
        let patience = Patience { final_dot: VERDICT, text: ANSWER, ..Patience::of(&config.smtp) };
        let (orders, controls) = mpsc::channel(1);
        let handle = self.handle.clone();
        let thread = std::thread::spawn(move || {
            daemon::run(engine, config, patience, controls, handle).expect("the database works");
        });
        self.daemon = Some(Daemon { orders, thread });
        let readable = OpenFlags::SQLITE_OPEN_READ_ONLY;
        self.database = Some(Connection::open_with_flags(self.database_path(), readable).expect("it is there"));
    }

    pub fn stop(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            daemon.orders.blocking_send(Control::Stop).expect("it listens to the end");
            daemon.thread.join().expect("it ends in order");
        }
    }

    /// The engine alone: while no daemon runs.
    pub fn engine(&self) -> Engine {
        let lock = Lock::take(&self.database_path()).expect("nobody else has it");
        Engine::open(&self.place(), lock, POLICY.clone(), self.clock()).expect("the database opens")
    }

    pub fn client(&self) -> Client {
        self.dovecot.client(&self.user)
    }

    pub fn deliver(&self, raw: &[u8]) {
        self.client().append("INBOX", "", None, raw);
    }

    /// Kevin answers.
    pub fn answer(&self, case: CaseNumber, text: &str) {
        let command = Command { by: "Kevin".to_owned(), verb: Verb::on(case, Action::Reply { text: text.to_owned() }) };
        ask(&self.place(), None, self.clock(), vec![command.into()]).expect("it is journalled");
    }

    /// Waits while the clock runs ahead. The error says what was waited for in vain.
    pub fn wait(&self, what: &str, mut done: impl FnMut(&Connection) -> rusqlite::Result<bool>) -> Result<(), String> {
        let database = self.database.as_ref().expect("the daemon was started");
        let begun = Instant::now();
        loop {
            if done(database).unwrap_or(false) {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                let troubles = "SELECT group_concat(source || ': ' || text, '; ') FROM trouble";
                let troubles: Option<String> = database.query_row(troubles, [], |row| row.get(0)).ok();
                return Err(format!("waited in vain for {what}; {}", troubles.unwrap_or_default()));
            }
            std::thread::sleep(LOOK);
            self.hand.fetch_add(STRIDE, Ordering::SeqCst);
        }
    }

    /// Until so many entries are decided, and nothing is left to do about any of them.
    pub fn wait_until_quiet(&self, entries: i64) -> Result<(), String> {
        let sql = "SELECT (SELECT count(*) FROM decision) = $1 AND NOT EXISTS (SELECT 1 FROM journal WHERE waiting = 1) \
             AND NOT EXISTS (SELECT 1 FROM outbox WHERE next_attempt IS NOT NULL OR copy = 'wanted') \
             AND NOT EXISTS (SELECT 1 FROM ledger WHERE filing = 'wanted' OR fate = 'failing')";
        self.wait(&format!("the end of {entries} entries"), |database| {
            database.query_row(sql, [entries], |row| row.get(0))
        })
    }

    /// The first column of each row.
    pub fn lines(&self, sql: &str) -> Vec<String> {
        let database = Connection::open(self.database_path()).expect("it is there");
        let mut statement = database.prepare(sql).expect("the statement is right");
        let rows = statement.query_map([], |row| row.get(0)).expect("the database works");
        rows.collect::<rusqlite::Result<_>>().expect("it is text")
    }

    pub fn has_struck(&self) -> bool {
        self.wires.iter().any(Wire::has_struck)
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.wires.iter().flat_map(Wire::seen).collect()
    }
}

impl Drop for Desk<'_> {
    fn drop(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            daemon.orders.blocking_send(Control::Stop).ok();
            daemon.thread.join().ok();
        }
    }
}
