//! A mailbox that its server built anew, with the real ledger (L10, B3, B8, B10).

use std::sync::{Arc, Mutex, MutexGuard};

use postcase::config::{Filing, MailboxConfig, Start};
use postcase::mailbox::{Intake, Request, follow};
use postcase::store::ledger;
use tokio::sync::mpsc;

use crate::desk::{DESK, Desk};
use crate::lab::dovecot::Dovecot;
use crate::lab::{eventually, mail};
use crate::plain;

#[derive(Clone)]
struct Book(Arc<Mutex<Desk>>);

impl Book {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.0.lock().expect("nobody panics with it")
    }

    /// Answers as the daemon does where mail is filed.
    fn intake(&self) -> Intake {
        let (sender, mut requests) = mpsc::channel(4);
        let book = self.clone();
        tokio::spawn(async move {
            while let Some(request) = requests.recv().await {
                book.answer(request);
            }
        });
        Intake(sender)
    }

    fn answer(&self, request: Request) {
        let desk = self.desk();
        let engine = desk.engine();
        let works = "the store works";
        match request {
            Request::Opened(opened, reply) => {
                reply.send(engine.opened(&opened).expect(works)).ok();
            }
            Request::Arrived(arrivals, reply) => {
                reply.send(engine.arrived(arrivals, ledger::Filing::Wanted).expect(works)).ok();
            }
            Request::Marked(marks, reply) => {
                engine.marked(&marks).expect(works);
                reply.send(()).ok();
            }
            Request::Missing(uids, place, reply) => {
                reply.send(engine.missing(&uids, &place).expect(works)).ok();
            }
            Request::Differs(mailbox, uids) => engine.differs(&mailbox, &uids).expect(works),
            Request::State(state) => engine.mailbox_state(&state).expect(works),
        }
    }

    /// Waits until so many rows of the ledger are like that.
    fn has(&self, count: i64, rows: &str) {
        let sql = format!("SELECT count(*) FROM ledger WHERE {rows}");
        eventually(&format!("{count} with {rows}"), || (self.desk().number(&sql) == count).then_some(()));
    }
}

/// Of what was skipped only a hash is here: under no later UIDVALIDITY may the server's copy be touched.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_skipped_is_never_deleted() {
    let mut dovecot = Dovecot::start();
    dovecot.deliver("support", &mail("old"));
    dovecot.deliver("support", &mail("older"));
    let config = MailboxConfig { start: Start::New, filing: Filing::Delete, ..plain(dovecot.ports.imap) };
    let book = Book(Arc::new(Mutex::new(Desk::new(DESK))));
    let task = tokio::spawn(follow(config, book.intake(), jiff::Timestamp::now, std::future::pending()));
    book.has(2, "fate = 'skipped'");
    let read_once = "SELECT count(*) FROM mailbox WHERE read_once = 1";
    eventually("the first start ends", || (book.desk().number(read_once) == 1).then_some(()));
    dovecot.deliver("support", &mail("fresh"));
    book.has(1, "filing = 'done' AND entry IS NOT NULL");
    for generation in 1..=2 {
        dovecot.change_uid_validity("support", "INBOX");
        book.has(2 * generation, "fate = 'same-copy' AND entry IS NULL");
        // Filing goes on for what is held, and with it whatever else was to be filed.
        dovecot.deliver("support", &mail(&format!("later-{generation}")));
        book.has(1 + generation, "filing = 'done' AND entry IS NOT NULL");
        assert_eq!(dovecot.client("support").subjects("INBOX"), ["old", "older"]);
    }
    book.has(0, "filing = 'wanted'");
    task.abort();
}
