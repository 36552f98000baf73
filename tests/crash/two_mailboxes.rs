//! One mail to two addresses of the desk, in two real mailboxes that are read at the same time (B5): one case, one
//! acknowledgement, one post for each mail, whichever copy comes first, and whatever the process does meanwhile.

use std::collections::BTreeMap;

use postcase::failpoint::Step;

use crate::daemon::{Daemon, FailAt, was_killed};
use crate::desk::{Desk, dovecot};
use crate::lab::eventually;
use crate::mails::{header, reply, request};
use crate::outcome::{described, in_the_gap};

/// The same message, as each of the two ways made it.
fn both(desk: &Desk, raw: &[u8]) {
    for (mailbox, way) in [(0, "from mx1 by support"), (1, "from mx2 by sales")] {
        let text = String::from_utf8_lossy(raw);
        let (_, rest) = text.split_once("Return-Path").expect("it stands at the top");
        desk.deliver(mailbox, format!("Received: {way}\r\nReturn-Path{rest}").as_bytes());
    }
}

/// `gap`: what was in the gap when a daemon died.
fn is_settled(desk: &Desk, gap: &BTreeMap<String, usize>) {
    assert_eq!(desk.number("SELECT count(*) FROM cases"), 1);
    assert_eq!(desk.number("SELECT count(*) FROM cases WHERE queue = 'sales'"), 1, "the address that was named first");
    assert_eq!(desk.number("SELECT count(*) FROM post"), 2);
    assert_eq!(desk.number("SELECT count(*) FROM decision WHERE verdict = 'duplicate'"), 2);
    assert_eq!(desk.number("SELECT count(*) FROM ledger WHERE fate = 'journalled' AND filing = 'done'"), 4);
    for mailbox in [0, 1] {
        assert!(desk.client(mailbox).folder("INBOX").is_empty());
        assert_eq!(desk.client(mailbox).folder("Processed").len(), 2);
    }
    let taken: Vec<String> = desk.sink.taken().iter().map(described).collect();
    let twins = gap.get(&taken[0]).copied().unwrap_or(0);
    assert!(taken.len() <= 1 + twins, "acknowledged once, and {twins} in the gap: {taken:?}");
    assert!(taken.iter().all(|mail| *mail == taken[0]), "the same bytes: {taken:?}");
}

fn mail() -> Vec<u8> {
    let raw = request("anna", "sales", "first", "Printer", "It burns, and what does another one cost?");
    let text = String::from_utf8(raw).expect("it is ASCII");
    text.replace("To: sales@desk.test", "To: sales@desk.test\r\nCc: support@desk.test").into_bytes()
}

#[test]
fn a_mail_in_two_mailboxes_is_one_case() {
    let dovecot = dovecot(1);
    let desk = Desk::new(&dovecot, 0);
    let mut daemon = Daemon::start(&desk);
    both(&desk, &mail());
    eventually("both copies are in", || desk.is_quiet(2).then_some(()));
    let acknowledgement = desk.sink.wait_for(1).remove(0);
    assert!(header(&acknowledgement, "Subject").contains("[Case 10001]"));
    both(&desk, &reply("anna", "second", &acknowledgement, "It still burns."));
    eventually("both copies of the reply are in", || desk.is_quiet(4).then_some(()));
    daemon.stop(&desk);
    is_settled(&desk, &BTreeMap::new());
}

#[test]
fn killed_between_the_copies_it_is_one_case_all_the_same() {
    let steps = [Step::JournalCommitted, Step::Read, Step::DecisionCommitted, Step::Filed];
    let dovecot = dovecot(steps.len());
    for (number, step) in steps.into_iter().enumerate() {
        let desk = Desk::new(&dovecot, number);
        both(&desk, &mail());
        let mut daemon = Daemon::start_with(&desk, Some(FailAt::first(step)));
        assert!(was_killed(daemon.end()), "{step:?}");
        let gap = in_the_gap(&desk);
        let mut daemon = Daemon::start(&desk);
        eventually("both copies are in", || desk.is_quiet(2).then_some(()));
        let acknowledgement = desk.sink.wait_for(1).remove(0);
        both(&desk, &reply("anna", "second", &acknowledgement, "It still burns."));
        eventually("both copies of the reply are in", || desk.is_quiet(4).then_some(()));
        daemon.stop(&desk);
        is_settled(&desk, &gap);
    }
}
