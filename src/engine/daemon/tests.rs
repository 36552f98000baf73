//! The desk's thread by itself, on a real database: what comes in, from whom, and when, is laid before it by hand.

use tokio::runtime::Runtime;

use super::*;
use crate::case::{Command, Verb};
use crate::engine::{Clock, Place};
use crate::mail::Address;
use crate::mail::signature::Signature;
use crate::mailbox::{Arrival, Body, State};
use crate::rules::MailboxFacts;
use crate::smtp::{Begun, Delivery};
use crate::store::apply::SentCopy;
use crate::store::journal::{Mark, Payload};
use crate::store::ledger::Filing as Filed;
use crate::store::{Adopt, Lock};

const CONFIG: &str = "database = \"desk.db\"\n\n[[mailbox]]\nname = \"support\"\naddress = \"support@desk.test\"\n\
    host = \"localhost\"\nport = 1\nsecurity = \"plaintext\"\nuser = \"support\"\npassword = { env = \"NONE\" }\n\n\
    [smtp]\nhost = \"localhost\"\nport = 1\nsecurity = \"plaintext\"\n";

struct Scene {
    folder: tempfile::TempDir,
    runtime: Runtime,
    desk: Desk,
    inbox: Inbox,
    requests: mpsc::Sender<Request>,
    reports: mpsc::Sender<Report>,
    _controls: mpsc::Sender<Control>,
}

impl Scene {
    fn new() -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let rules = folder.path().join("rules");
        std::fs::create_dir(&rules).unwrap();
        std::fs::write(rules.join("desk.toml"), "[desk]\nname = \"Desk\"\naddress = \"support@desk.test\"\n").unwrap();
        let path = folder.path().join("postcase.toml");
        let config = Config::parse_without_secrets(&path, CONFIG).unwrap_or_else(|_| panic!("a good file")).value;
        let facts = MailboxFacts {
            name: "support".to_owned(),
            address: Address::parse("support@desk.test").unwrap(),
            aliases: Vec::new(),
            message_bytes: 1 << 20,
            trust: None,
        };
        let policy = Policy::load(&rules, &[facts]).unwrap_or_else(|_| panic!("good rules")).value;
        let place = Place { database: config.database.clone(), adopt: Adopt::Adopt, copy: SentCopy::None };
        let lock = Lock::take(&config.database).unwrap();
        let engine = Engine::open(&place, lock, policy, Clock::System).unwrap();
        engine.watch(&[("support".to_owned(), "folder INBOX of support".to_owned())]).unwrap();
        let runtime = Runtime::new().unwrap();
        let (requests, requests_out) = mpsc::channel(500);
        let (reports, reports_out) = mpsc::channel(REPORTS);
        let (controls, controls_out) = mpsc::channel(4);
        let patience = Patience::of(&config.smtp);
        let desk = Desk {
            errands: Errands {
                couriers: vec![Bench::new(0, &config, patience, &reports, runtime.handle())],
                ended: Vec::new(),
                send_after: Timestamp::MIN,
                copying: None,
                copy_after: Timestamp::MIN,
                calling: false,
            },
            watch: Watch::of(&config),
            config: Arc::new(config),
            engine,
            reports_in: reports.clone(),
            data_version: -1,
            tidied: Instant::now(),
            looked: None,
        };
        let inbox = Inbox { requests: requests_out, reports: reports_out, controls: controls_out };
        Scene { folder, runtime, desk, inbox, requests, reports, _controls: controls }
    }

    fn sql(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.folder.path().join("desk.db")).unwrap()
    }

    fn mail(&self) {
        let bytes =
            b"From: anna@customer.test\r\nTo: support@desk.test\r\nSubject: Fire\r\nMessage-ID: <a@customer.test>\
            \r\n\r\nIt burns.\r\n";
        let arrival = Arrival {
            mailbox: "support".to_owned(),
            uid_validity: 1,
            uid: 1,
            internal_date: None,
            size: bytes.len() as u64,
            signature: Signature::None,
            body: Body::Whole(bytes.to_vec()),
        };
        self.desk.engine.arrived(vec![arrival], Filed::None).unwrap();
    }

    /// An acknowledgement is with the courier, who has just reported that the server took it.
    fn reported(&mut self) {
        self.mail();
        while self.desk.engine.step().unwrap() > 0 {}
        let due = self.desk.engine.next_mail(&[]).unwrap().unwrap();
        let verdict = |to: &Address| (to.clone(), Delivery::Accepted { reply: "250 ok".to_owned() });
        let verdicts = due.recipients.iter().map(verdict).collect();
        self.desk.errands.couriers[0].under_way.push_back(due);
        let attempt = Attempt { verdicts, trouble: None, begun: Begun::Yes };
        assert!(self.reports.try_send(Report::Mail(0, attempt)).is_ok());
    }

    fn state(&self) {
        let state =
            State { mailbox: "support".to_owned(), connected: true, idle: true, read_until: None, trouble: None };
        assert!(self.requests.try_send(Request::State(state)).is_ok());
    }

    /// A backup is wanted, of a database that is copied in several goes.
    fn order_backup(&self) -> std::path::PathBuf {
        self.sql().execute("INSERT INTO raw VALUES (99999, 1, randomblob(30000000))", []).unwrap();
        let target = self.folder.path().join("backup.db");
        let verb = Verb::Backup { target: target.to_string_lossy().into_owned() };
        let command = Payload::Command(Command { by: "Kevin".to_owned(), verb });
        let engine = &self.desk.engine;
        let now = engine.now();
        engine.store().write(|tx| tx.journal(&command, None, None, now, now, Mark::Later)).unwrap();
        while engine.step().unwrap() > 0 {}
        target
    }

    /// From now on the database refuses to write down how a mailbox is doing, where `when` holds.
    fn refuse_states(&self, when: &str) {
        let sql = format!(
            "CREATE TRIGGER refuse BEFORE UPDATE OF state ON mailbox WHEN {when} BEGIN SELECT RAISE(ABORT, 'no'); END"
        );
        self.sql().execute_batch(&sql).unwrap();
    }
}

fn word(database: &rusqlite::Connection, sql: &str) -> String {
    database.query_row(sql, [], |row| row.get(0)).unwrap()
}

const STATE: &str = "SELECT state FROM sent_recipient";

#[test]
fn what_a_courier_reports_is_settled_while_a_backup_is_made() {
    let mut scene = Scene::new();
    let target = scene.order_backup();
    scene.reported();
    assert!(scene.desk.backup(&mut scene.inbox).is_ok_and(|going| going == Going::On));
    // What the same connection writes meanwhile is in the copy.
    let copy = rusqlite::Connection::open(target).unwrap();
    assert_eq!(word(&copy, STATE), "accepted", "it did not wait for the end of the copy");
}

#[test]
fn an_error_while_a_backup_is_made_ends_the_backup_and_what_was_sent_is_written_down() {
    let mut scene = Scene::new();
    let target = scene.order_backup();
    scene.reported();
    scene.refuse_states("(SELECT value FROM meta WHERE key = 'backup-wanted') <> ''");
    scene.state();
    assert!(scene.desk.backup(&mut scene.inbox).is_err());
    let database = scene.sql();
    assert_eq!(word(&database, STATE), "waiting");
    assert_eq!(word(&database, "SELECT value FROM meta WHERE key = 'backup-wanted'"), "", "the next start begins none");
    let said = word(&database, "SELECT text FROM trouble WHERE source = 'backup'");
    assert!(said.starts_with("The backup was given up"), "{said}");
    assert!(!target.exists() && !target.with_extension("db.unfinished").exists());
    scene.desk.close(scene.inbox, scene.runtime.handle()).unwrap();
    assert_eq!(word(&database, STATE), "accepted");
}

#[test]
fn what_a_courier_reports_is_settled_after_an_error_of_the_store() {
    let mut scene = Scene::new();
    scene.reported();
    scene.refuse_states("true");
    scene.state();
    let database = scene.sql();
    assert!(scene.desk.work(scene.inbox, scene.runtime.handle()).is_err());
    assert_eq!(word(&database, STATE), "accepted", "the next start would send it once more");
}

#[test]
fn what_goes_on_coming_in_does_not_keep_mail_from_being_decided() {
    let mut scene = Scene::new();
    scene.mail();
    (0..300).for_each(|_| scene.state());
    scene.desk.turn(&mut scene.inbox, scene.runtime.handle()).unwrap();
    assert_eq!(word(&scene.sql(), "SELECT verdict FROM decision"), "open");
    assert!(scene.inbox.requests.len() > 100, "{} are left", scene.inbox.requests.len());
}
