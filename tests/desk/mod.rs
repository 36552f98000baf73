//! A desk in a temporary folder: the engine and its database are real; the clock, the mailboxes and the courier are
//! stand-ins that a test moves by hand.

#![allow(dead_code, reason = "each test uses its part")]

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use postcase::case::{Command, EntryId, OutboxId, Verb};
use postcase::engine::ask::{Answer, Asked, ask};
use postcase::engine::{Clock, Engine, Place, Reloaded};
use postcase::mail::Address;
use postcase::mail::authentication::Trust;
use postcase::mail::signature::Signature;
use postcase::mailbox::{Arrival, Body, Fate, Mark, Opened, State};
use postcase::rules::{MailboxFacts, Policy};
use postcase::smtp::{Attempt, Begun, Delivery};
use postcase::store::apply::SentCopy;
use postcase::store::ledger::Filing;
use postcase::store::outbox::Due;
use postcase::store::restore::Restoration;
use postcase::store::{Adopt, Lock, Result, Store};
use sha2::{Digest, Sha256};

/// A desk file that says what must be said.
pub const DESK: &str = r#"
[desk]
name = "Example Support"
address = "support@example.com"
languages = ["en", "de"]
answer_time = { en = "within one working day", de = "innerhalb eines Arbeitstages" }

[[queue]]
name = "support"
addresses = ["support@example.com", "help@example.com"]

[[queue]]
name = "billing"
addresses = ["billing@example.com"]
"#;

/// A Monday.
pub fn monday() -> Timestamp {
    "2026-11-23T09:00:00Z".parse().expect("a time")
}

/// Which addresses the desk's mailboxes receive.
pub const RECEIVED: [&str; 3] = ["support@example.com", "help@example.com", "billing@example.com"];

/// Our limit for one message, in bytes.
pub const MESSAGE_BYTES: u64 = 1 << 20;

pub struct Desk {
    pub folder: tempfile::TempDir,
    pub hand: Arc<AtomicI64>,
    engine: Option<Engine>,
    policy: Policy,
    pub mailboxes: BTreeMap<String, Mailbox>,
    /// Mails in the order in which they first left.
    pub sent: Vec<Sent>,
    /// What the SMTP server says to whom; to all others 250.
    pub refusals: BTreeMap<Address, Vec<Delivery>>,
    received: Vec<Address>,
    database: PathBuf,
}

/// A mailbox as a server keeps it.
#[derive(Debug, Clone, Default)]
pub struct Mailbox {
    pub uid_validity: u32,
    /// Messages by UID.
    pub messages: BTreeMap<u32, Shown>,
    pub uid_next: u32,
    /// Every UID it ever showed.
    pub shown: usize,
}

#[derive(Debug, Clone)]
pub struct Shown {
    pub bytes: Vec<u8>,
    pub date: Timestamp,
    /// Its size where the server says one over the limit: only the head is fetched.
    pub oversize: Option<u64>,
}

/// A mail that left.
#[derive(Debug, Clone)]
pub struct Sent {
    pub id: OutboxId,
    pub at: Timestamp,
    pub reverse_path: Option<Address>,
    pub bytes: Vec<u8>,
    /// Each attempt: whom it was tried for, and what the server said.
    pub attempts: Vec<(Timestamp, Vec<(Address, Delivery)>)>,
}

/// The mailboxes, as the configuration would tell of them: what `mx.example.com` found out is believed.
fn facts(received: &[Address]) -> Vec<MailboxFacts> {
    received
        .iter()
        .map(|address| MailboxFacts {
            name: address.local_part().to_owned(),
            address: address.clone(),
            aliases: Vec::new(),
            message_bytes: MESSAGE_BYTES,
            trust: Some(Trust::Servers(vec!["mx.example.com".to_owned()])),
        })
        .collect()
}

pub fn policy(folder: &Path, received: &[Address]) -> Policy {
    let facts = facts(received);
    match Policy::load(folder, &facts) {
        Ok(loaded) => loaded.value,
        Err(found) => panic!("the rules are wrong:\n{found:?}"),
    }
}

impl Desk {
    pub fn new(desk_toml: &str) -> Desk {
        Desk::receiving(desk_toml, &RECEIVED)
    }

    pub fn receiving(desk_toml: &str, received: &[&str]) -> Desk {
        Desk::make(desk_toml, ["", ""], received, None)
    }

    /// With its database elsewhere.
    pub fn at(desk_toml: &str, database: PathBuf) -> Desk {
        Desk::make(desk_toml, ["", ""], &RECEIVED, Some(database))
    }

    /// With people who work there.
    pub fn staffed(desk_toml: &str, staff_toml: &str, routing_toml: &str) -> Desk {
        Desk::make(desk_toml, [staff_toml, routing_toml], &RECEIVED, None)
    }

    fn make(desk_toml: &str, others: [&str; 2], received: &[&str], database: Option<PathBuf>) -> Desk {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(folder.path().join("rules")).expect("a folder for the rules");
        std::fs::write(folder.path().join("rules/desk.toml"), desk_toml).expect("a desk file");
        for (name, text) in ["staff.toml", "routing.toml"].iter().zip(others) {
            std::fs::write(folder.path().join("rules").join(name), text).expect("a rule file");
        }
        let received: Vec<Address> = received.iter().map(|text| Address::parse(text).expect("an address")).collect();
        let policy = policy(&folder.path().join("rules"), &received);
        let hand = Arc::new(AtomicI64::new(monday().as_microsecond()));
        let database = database.unwrap_or_else(|| folder.path().join("postcase.db"));
        let mut desk = Desk {
            database,
            folder,
            hand,
            engine: None,
            policy,
            mailboxes: BTreeMap::new(),
            sent: Vec::new(),
            refusals: BTreeMap::new(),
            received,
        };
        desk.open();
        desk
    }

    pub fn database(&self) -> PathBuf {
        self.database.clone()
    }

    pub fn place(&self) -> Place {
        Place { database: self.database(), adopt: Adopt::Refuse, copy: SentCopy::None }
    }

    pub fn clock(&self) -> Clock {
        Clock::Hand(Arc::clone(&self.hand))
    }

    pub fn policy(&self) -> Policy {
        self.policy.clone()
    }

    pub fn try_open(&mut self) -> Result<()> {
        let lock = Lock::take(&self.database())?;
        self.engine = Some(Engine::open(&self.place(), lock, self.policy.clone(), self.clock())?);
        Ok(())
    }

    pub fn open(&mut self) {
        self.try_open().expect("the desk opens");
    }

    /// The process is gone, as by a power cut: nothing is put in order.
    pub fn crash(&mut self) {
        self.engine = None;
    }

    pub fn engine(&self) -> &Engine {
        self.engine.as_ref().expect("the desk is open")
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.hand.load(Ordering::SeqCst)).expect("a time")
    }

    pub fn pass(&self, time: SignedDuration) {
        let micros = i64::try_from(time.as_micros()).expect("less than an age");
        self.hand.fetch_add(micros, Ordering::SeqCst);
    }

    /// The rules folder has a new desk file.
    pub fn reload(&mut self, desk_toml: &str) -> std::result::Result<(), String> {
        std::fs::write(self.folder.path().join("rules/desk.toml"), desk_toml).expect("a desk file");
        let facts: Vec<MailboxFacts> = facts(&self.received);
        match Policy::load(&self.folder.path().join("rules"), &facts) {
            Ok(loaded) => {
                match self.engine().reload(loaded.value.clone()).expect("the database takes the new rules") {
                    Reloaded::InForce | Reloaded::Same => self.policy = loaded.value,
                    Reloaded::Refused(why) => return Err(why),
                }
                Ok(())
            }
            Err(found) => Err(format!("{found:?}")),
        }
    }

    /// The server gets a message; nobody has looked yet.
    pub fn put(&mut self, mailbox: &str, shown: Shown) -> u32 {
        let mailbox = self.mailbox(mailbox);
        let uid = mailbox.uid_next;
        mailbox.uid_next += 1;
        mailbox.messages.insert(uid, shown);
        uid
    }

    pub fn mailbox(&mut self, name: &str) -> &mut Mailbox {
        self.mailboxes.entry(name.to_owned()).or_insert_with(|| Mailbox {
            uid_validity: 1,
            uid_next: 1,
            ..Mailbox::default()
        })
    }

    /// A mailbox that was rebuilt: everything in it has a new UID.
    pub fn rebuild(&mut self, name: &str) {
        let mailbox = self.mailbox(name);
        let messages: Vec<Shown> = std::mem::take(&mut mailbox.messages).into_values().collect();
        mailbox.uid_validity += 1;
        mailbox.uid_next = 1;
        messages.into_iter().for_each(|shown| {
            self.put(name, shown);
        });
    }

    /// One pass over a mailbox, as `mailbox::follow` makes it.
    pub fn look(&mut self, name: &str) -> Result<()> {
        self.look_in_batches(name, usize::MAX)
    }

    /// The same, handing over at most `batch` messages at a time.
    pub fn look_in_batches(&mut self, name: &str, batch: usize) -> Result<()> {
        let mailbox = self.mailbox(name).clone();
        let uid_validity = mailbox.uid_validity;
        let resume = self.engine().opened(&Opened {
            mailbox: name.to_owned(),
            uid_validity,
            uid_next: Some(mailbox.uid_next),
            exists: mailbox.messages.len() as u32,
        })?;
        let new: Vec<(u32, Shown)> =
            mailbox.messages.range(resume.cursor + 1..).map(|(u, s)| (*u, s.clone())).collect();
        self.mailbox(name).shown += new.len();
        let (old, new): (Vec<_>, Vec<_>) =
            new.into_iter().partition(|(uid, _)| resume.skip_below.is_some_and(|below| *uid < below));
        if !old.is_empty() {
            let marks: Vec<Mark> = old.iter().map(|(uid, shown)| skipped(name, uid_validity, *uid, shown)).collect();
            self.engine().marked(&marks)?;
        }
        for group in new.chunks(batch.min(new.len().max(1))) {
            let arrivals: Vec<Arrival> =
                group.iter().map(|(uid, shown)| arrival(name, uid_validity, *uid, shown)).collect();
            self.engine().arrived(arrivals, Filing::None)?;
        }
        self.engine().mailbox_state(&State {
            mailbox: name.to_owned(),
            connected: true,
            idle: true,
            read_until: Some(self.now()),
            trouble: None,
        })
    }

    /// As `postcase backup` does.
    pub fn back_up(&self) {
        let target = self.folder.path().join("backup.db");
        let _ = std::fs::remove_file(&target);
        let copied = self.engine().store().copy_to(&target, |_| ControlFlow::Continue(())).expect("a backup");
        assert!(copied.is_continue());
    }

    /// As `postcase restore` does, and a start after it.
    pub fn restore(&mut self) -> Restoration {
        self.crash();
        let database = self.database();
        let lock = Lock::take(&database).expect("nobody decides");
        let backup = self.folder.path().join("backup.db");
        let restored = Store::restore(&backup, &database, &lock, 10_001, self.now()).expect("a restoration");
        drop(lock);
        self.open();
        // The ledger knows of what the mailboxes showed before the backup.
        for counts in self.engine().store().counts().expect("counts").mailboxes {
            self.mailbox(&counts.mailbox).shown = counts.shown as usize;
        }
        restored
    }

    /// Decides all that waits.
    pub fn decide(&self) {
        while self.engine().step().expect("the store works") > 0 {}
    }

    /// Hands over all that is due.
    pub fn deliver(&mut self) {
        for handed_over in 0.. {
            let Some(due) = self.engine().next_mail(&[]).expect("the store works") else { return };
            assert!(handed_over < 1_000, "mail {} is due for ever", due.id);
            let attempt = self.attempt(&due);
            self.engine().settle(&due, &attempt).expect("the store works");
        }
    }

    /// One attempt, of which nothing is written down yet.
    pub fn attempt(&mut self, due: &Due) -> Attempt {
        let now = self.now();
        let verdicts: Vec<(Address, Delivery)> = due
            .recipients
            .iter()
            .map(|recipient| {
                let said = self.refusals.get_mut(recipient).filter(|said| !said.is_empty());
                let said = said.map(|said| if said.len() > 1 { said.remove(0) } else { said[0].clone() });
                (recipient.clone(), said.unwrap_or(Delivery::Accepted { reply: "250 OK".to_owned() }))
            })
            .collect();
        let known = self.sent.iter_mut().find(|sent| sent.id == due.id);
        match known {
            Some(sent) => {
                assert_eq!(sent.bytes, due.bytes, "the bytes are the same at every attempt");
                sent.attempts.push((now, verdicts.clone()));
            }
            None => self.sent.push(Sent {
                id: due.id,
                at: now,
                reverse_path: due.reverse_path.clone(),
                bytes: due.bytes.clone(),
                attempts: vec![(now, verdicts.clone())],
            }),
        }
        Attempt { verdicts, trouble: None, begun: Begun::Yes }
    }

    /// Decides and delivers until nothing is left to do.
    pub fn settle_down(&mut self) {
        loop {
            while self.engine().fire_timers().expect("the store works") > 0 {}
            self.decide();
            let before = self.engine().store().counts().expect("counts").entries;
            self.deliver();
            if self.engine().store().counts().expect("counts").entries == before {
                return;
            }
        }
    }

    /// What a command line does beside a daemon that is not running: append, take the lock, decide. Returns the trace.
    pub fn command(&mut self, by: &str, verb: Verb) -> Vec<String> {
        self.ask(Command { by: by.to_owned(), verb }.into())
    }

    pub fn ask(&mut self, asked: Asked) -> Vec<String> {
        self.crash();
        let answer = ask(&self.place(), self.policy(), self.clock(), vec![asked]).expect("the command is journalled");
        self.open();
        match answer {
            Answer::Decided { decisions, .. } => decisions.into_iter().flat_map(|decision| decision.trace).collect(),
            Answer::Waiting(entries) => panic!("nobody decided {entries:?}"),
        }
    }

    /// A raw connection, for what a test must look at behind the store.
    pub fn sql(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.database()).expect("the database")
    }

    pub fn number(&self, sql: &str) -> i64 {
        self.sql().query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    pub fn verdict(&self, entry: u64) -> Option<String> {
        self.engine().store().decision(EntryId(entry)).expect("a decision").map(|decision| decision.verdict)
    }
}

pub fn arrival(mailbox: &str, uid_validity: u32, uid: u32, shown: &Shown) -> Arrival {
    Arrival {
        mailbox: mailbox.to_owned(),
        uid_validity,
        uid,
        internal_date: Some(shown.date),
        size: shown.oversize.unwrap_or(shown.bytes.len() as u64),
        signature: Signature::None,
        body: match shown.oversize {
            None => Body::Whole(shown.bytes.clone()),
            Some(_) => Body::Head(shown.bytes.clone()),
        },
    }
}

fn skipped(mailbox: &str, uid_validity: u32, uid: u32, shown: &Shown) -> Mark {
    let head = shown.bytes.windows(4).position(|w| w == b"\r\n\r\n").map_or(shown.bytes.len(), |at| at + 4);
    let header_hash = data_encoding::HEXLOWER.encode(&Sha256::digest(&shown.bytes[..head]));
    let fate = Fate::Skipped { header_hash, size: shown.bytes.len() as u64, message_id: None };
    Mark { mailbox: mailbox.to_owned(), uid_validity, uid, fate }
}

/// A short mail by a person.
pub fn mail(from: &str, id: &str, subject: &str, text: &str, more: &str) -> Vec<u8> {
    let id = if id.is_empty() { String::new() } else { format!("Message-ID: <{id}>\r\n") };
    let text = text.replace('\n', "\r\n");
    format!(
        "From: {from}\r\nTo: support@example.com\r\nSubject: {subject}\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\n{id}{more}\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    )
    .into_bytes()
}
