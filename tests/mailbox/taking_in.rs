//! B1–B4, the mailbox's half: every UID once, in order, with its bytes or its fate.

use std::time::Duration;

use postcase::config::Filing;
use postcase::mailbox::Body;

use crate::lab::dovecot::{Dovecot, Setup};
use crate::lab::script::{Folder, Reply, Script};
use crate::lab::{eventually, large_mail, mail};
use crate::ledger::{Ledger, Row};
use crate::{Followed, plain};

const MULTI: Duration = Duration::from_secs(3600);

/// B2: what somebody else already read is taken in all the same, byte for byte, and nothing is changed.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_is_taken_in() {
    let dovecot = Dovecot::start();
    let mut client = dovecot.client("support");
    client.append("INBOX", "\\Seen", Some(" 7-Jul-2026 02:44:25 -0700"), &mail("one"));
    client.append("INBOX", "\\Deleted", None, &mail("two"));
    client.append("INBOX", "", None, b"no header at all\ntwo  spaces, bare line ends \xff {99}\r\n* 1 FETCH (");
    let before = client.folder("INBOX");
    let ledger = Ledger::default();
    let followed = Followed::start(&plain(dovecot.ports.imap), &ledger);
    ledger.has(before.len());
    let arrivals = ledger.arrivals();
    for (stored, arrival) in before.iter().zip(&arrivals) {
        assert_eq!(stored.uid, arrival.uid);
        assert_eq!(arrival.size, stored.raw.len() as u64);
        assert!(matches!(&arrival.body, Body::Whole(raw) if *raw == stored.raw), "UID {}", stored.uid);
    }
    assert_eq!(arrivals[0].internal_date.map(|date| date.to_string()).as_deref(), Some("2026-07-07T09:44:25Z"));
    followed.stop().await;
    assert_eq!(client.folder("INBOX"), before, "flags and messages are as they were");
}

#[tokio::test(flavor = "multi_thread")]
async fn new_mail_is_seen_by_idle() {
    let dovecot = Dovecot::start();
    let ledger = Ledger::default();
    let config = postcase::config::MailboxConfig { poll: MULTI, ..plain(dovecot.ports.imap) };
    let _followed = Followed::start(&config, &ledger);
    eventually("idle", || ledger.last_state().filter(|state| state.idle && state.read_until.is_some()));
    for name in ["one", "two", "three"] {
        dovecot.deliver("support", &mail(name));
        eventually(name, || ledger.subjects().iter().any(|subject| subject == name).then_some(()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn new_mail_is_seen_by_polling_where_there_is_no_idle() {
    let setup = Setup { capability: Some("IMAP4rev1 UIDPLUS".to_owned()), ..Setup::default() };
    let dovecot = Dovecot::start_with(setup);
    let ledger = Ledger::default();
    let _followed = Followed::start(&plain(dovecot.ports.imap), &ledger);
    ledger.has_pass();
    dovecot.deliver("support", &mail("one"));
    ledger.has_subjects(&["one"]);
    assert!(ledger.book().states.iter().all(|state| !state.idle));
    dovecot.deliver("support", &mail("two"));
    ledger.has_subjects(&["one", "two"]);
}

/// B1: the server's copy is not flagged before the commit, whenever the process dies.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_flagged_before_the_commit() {
    let dovecot = Dovecot::start();
    dovecot.deliver("support", &mail("one"));
    let mut client = dovecot.client("support");
    let ledger = Ledger::default();
    let config = postcase::config::MailboxConfig { filing: Filing::MarkSeen, ..plain(dovecot.ports.imap) };
    ledger.book().holding = true;
    let followed = Followed::start(&config, &ledger);
    eventually("fetched and handed over", || (ledger.book().held_back > 0).then_some(()));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(client.folder("INBOX")[0].flags.is_empty(), "not committed, so not flagged");
    drop(followed);
    ledger.book().holding = false;
    let _followed = Followed::start(&config, &ledger);
    ledger.has_subjects(&["one"]);
    eventually("the flag", || (client.folder("INBOX")[0].flags == ["\\Seen"]).then_some(()));
    eventually("filed", || (ledger.filed() == [1]).then_some(()));
}

/// B2: a UID that vanishes between list and fetch is recorded as vanished.
#[tokio::test(flavor = "multi_thread")]
async fn what_vanishes_is_recorded_as_vanished() {
    let dovecot = Dovecot::start();
    let mut client = dovecot.client("support");
    client.append("INBOX", "", None, &large_mail("large", 5 * 1024 * 1024));
    client.append("INBOX", "", None, &large_mail("larger", 5 * 1024 * 1024));
    client.append("INBOX", "", None, &mail("gone"));
    client.append("INBOX", "", None, &mail("stays"));
    let ledger = Ledger::default();
    let config = postcase::config::MailboxConfig { message_bytes: 10 << 20, ..plain(dovecot.ports.imap) };
    // The large ones go alone, the second is fetched while the first is held; the others are listed and not yet fetched.
    let (release, gate) = tokio::sync::oneshot::channel();
    let intake = crate::ledger::gated(&ledger, gate);
    let task = tokio::spawn(postcase::mailbox::follow(config, intake, jiff::Timestamp::now, std::future::pending()));
    eventually("the first is handed over", || (ledger.book().held_back > 0).then_some(()));
    client.expunge("INBOX", "3");
    release.send(()).expect("the ledger waits for it");
    ledger.has_subjects(&["large", "larger", "stays"]);
    assert!(matches!(ledger.row(3), Some(Row::Vanished)), "{:?}", ledger.row(3));
    assert_eq!(ledger.book().order, [1, 2, 3, 4]);
    task.abort();
}

/// A server that lists a message and does not give it has not lost it: tried again, then left to the ledger.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_listed_and_not_given_is_failing() {
    let folder = Folder::with(vec![(1, mail("one")), (2, mail("two")), (3, mail("three"))]);
    let script = Script::start(folder, |command| {
        let body = command.verb == "UID FETCH" && command.rest.contains("BODY.PEEK[]");
        if body && command.rest.starts_with("2 ") { command.answer("OK nothing to say") } else { Reply::Proper }
    });
    let ledger = Ledger::default();
    // Given within the set, never alone: so the first pass takes it in.
    let _followed = Followed::start(&plain(script.port), &ledger);
    ledger.has_subjects(&["one", "two", "three"]);

    let folder = Folder::with(vec![(2, mail("two"))]);
    let script = Script::start(folder, |command| {
        let body = command.verb == "UID FETCH" && command.rest.contains("BODY.PEEK[]");
        if body { command.answer("OK nothing to say") } else { Reply::Proper }
    });
    let ledger = Ledger::default();
    let _followed = Followed::start(&plain(script.port), &ledger);
    eventually("three tries", || match ledger.row(2) {
        Some(Row::Failing { tries: 3, reason }) => Some(reason),
        _ => None,
    });
}

/// B4: a message that the server refuses is isolated; its neighbours come in on the same pass.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_message_does_not_hold_up_the_others() {
    let messages: Vec<(u32, Vec<u8>)> = (1..=20).map(|uid| (uid, mail(&format!("m{uid}")))).collect();
    let script = Script::start(Folder::with(messages), |command| {
        let body = command.verb == "UID FETCH" && command.rest.contains("BODY.PEEK[]");
        if body && command.holds(7) { command.answer("NO [SERVERBUG] broken") } else { Reply::Proper }
    });
    let ledger = Ledger::default();
    let _followed = Followed::start(&plain(script.port), &ledger);
    ledger.has(19);
    assert_eq!(script.count("SELECT"), 1, "on one connection");
    assert_eq!(ledger.book().order, (1..=20).collect::<Vec<u32>>());
    let reason = eventually("three tries", || match ledger.row(7) {
        Some(Row::Failing { tries: 3, reason }) => Some(reason),
        _ => None,
    });
    assert!(reason.contains("broken"), "{reason}");
}

/// B4: the same for a message that ends the connection. Its neighbours come in; an outage is not its fault.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_ends_the_connection_does_not_hold_up_the_others() {
    let messages: Vec<(u32, Vec<u8>)> = (1..=9).map(|uid| (uid, mail(&format!("m{uid}")))).collect();
    let script = Script::start(Folder::with(messages), |command| {
        let body = command.verb == "UID FETCH" && command.rest.contains("BODY.PEEK[]");
        if body && command.holds(4) {
            Reply::Close("* 4 FETCH (UID 4 BODY[] {500}\r\nhalf a mess".to_owned())
        } else {
            Reply::Proper
        }
    });
    let ledger = Ledger::default();
    let _followed = Followed::start(&plain(script.port), &ledger);
    ledger.has(8);
    eventually("three tries", || matches!(ledger.row(4), Some(Row::Failing { tries: 3, .. })).then_some(()));
    assert_eq!(ledger.book().order, (1..=9).collect::<Vec<u32>>());
    ledger.has_pass();
}

/// B3: after a new UIDVALIDITY everything is looked at again.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_uid_validity_is_read_from_the_beginning() {
    let mut dovecot = Dovecot::start();
    dovecot.deliver("support", &mail("one"));
    dovecot.deliver("support", &mail("two"));
    let ledger = Ledger::default();
    let _followed = Followed::start(&plain(dovecot.ports.imap), &ledger);
    ledger.has(2);
    dovecot.change_uid_validity("support", "INBOX");
    ledger.has(4);
    let book = ledger.book();
    assert_eq!(book.folders.len(), 2, "under two UIDVALIDITYs");
    assert!(book.folders.values().all(|folder| folder.rows.len() == 2));
}

/// B3: also when it changes in the middle of a session.
#[tokio::test(flavor = "multi_thread")]
async fn a_uid_validity_that_changes_meanwhile_ends_the_session() {
    let script = Script::start(Folder::with(vec![(1, mail("one"))]), |command| {
        if command.verb == "NOOP" && command.before == 2 {
            Reply::First("* OK [UIDVALIDITY 8] rebuilt\r\n".to_owned())
        } else {
            Reply::Proper
        }
    });
    let ledger = Ledger::default();
    let _followed = Followed::start(&plain(script.port), &ledger);
    eventually("opened again", || (ledger.book().opened.len() >= 2).then_some(()));
    assert!(ledger.book().states.iter().any(|s| s.trouble.as_deref().is_some_and(|t| t.contains("rebuilt"))));
}

/// L10: a message over the limit is taken in as its head, and never filed away.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_over_the_limit_stays_on_the_server() {
    let dovecot = Dovecot::start();
    let mut client = dovecot.client("support");
    client.append("INBOX", "", None, &large_mail("huge", 300_000));
    client.append("INBOX", "", None, &mail("small"));
    let ledger = Ledger::default();
    let config = postcase::config::MailboxConfig {
        message_bytes: 200_000,
        filing: Filing::Move("Done".to_owned()),
        ..plain(dovecot.ports.imap)
    };
    let _followed = Followed::start(&config, &ledger);
    ledger.has_subjects(&["huge", "small"]);
    eventually("the small one is moved", || (client.subjects("Done") == ["small"]).then_some(()));
    assert_eq!(client.subjects("INBOX"), ["huge"]);
    let arrival = ledger.arrivals().remove(0);
    let whole = client.folder("INBOX")[0].raw.clone();
    assert_eq!(arrival.size, whole.len() as u64);
    let Body::Head(head) = arrival.body else { panic!("it is over the limit") };
    assert!(head.len() > 60_000 && whole.starts_with(&head), "header and the first bytes");
    eventually("it is written down", || (ledger.filed() == [2]).then_some(()));
}

/// RFC822.SIZE may lie: the announced literal is refused, and the message taken in as its head.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_larger_than_it_said_is_bounded_all_the_same() {
    let mut folder = Folder::with(vec![(1, mail("one")), (2, large_mail("liar", 300_000)), (3, mail("three"))]);
    folder.sizes.insert(2, 100);
    let script = Script::start(folder, |_| Reply::Proper);
    let ledger = Ledger::default();
    let config = postcase::config::MailboxConfig { message_bytes: 100_000, ..plain(script.port) };
    let _followed = Followed::start(&config, &ledger);
    ledger.has_subjects(&["one", "liar", "three"]);
    let liar = ledger.arrivals().remove(1);
    assert!(matches!(liar.body, Body::Head(_)));
    assert!(liar.size >= 300_000, "{}", liar.size);
}

/// Unasked-for data anywhere, no UIDNEXT, UIDs far apart, `n:*` that returns the last message.
#[tokio::test(flavor = "multi_thread")]
async fn odd_servers_are_understood() {
    let mut folder = Folder::with(vec![(5, mail("five")), (70_000, mail("far")), (4_000_000_000, mail("farther"))]);
    folder.uid_next = None;
    folder.capability = " IDLE   UIDPLUS  MOVE".to_owned();
    folder.greeting = "* OK [CAPABILITY  IMAP4rev1  IDLE] ready".to_owned();
    let script = Script::start(folder, |command| {
        if command.tag.starts_with('P') {
            return Reply::Proper;
        }
        let noise = "* 1 FETCH (FLAGS (\\Seen) UID 5)\r\n* 2 FETCH (UID 70000 FLAGS ())\r\n* 3 EXISTS\r\n* 0 RECENT\r\n\
                     * OK [ALERT] be careful\r\n* 3 FETCH (FLAGS (\\Flagged))\r\n";
        match command.verb.as_str() {
            "IDLE" | "AUTHENTICATE" | "LOGIN" => Reply::Proper,
            _ => Reply::First(noise.to_owned()),
        }
    });
    let ledger = Ledger::default();
    let _followed = Followed::start(&plain(script.port), &ledger);
    ledger.has_subjects(&["five", "far", "farther"]);
    assert_eq!(ledger.book().opened[0].uid_next, Some(4_000_000_001));
    script.add(4_000_000_001, mail("new"));
    ledger.has_subjects(&["five", "far", "farther", "new"]);
    ledger.has_pass();
    ledger.has_pass();
    assert_eq!(ledger.book().order, [5, 70_000, 4_000_000_000, 4_000_000_001]);
}

/// Batches are bounded by count and by bytes, and keep the order.
#[tokio::test(flavor = "multi_thread")]
async fn many_messages_come_in_bounded_groups() {
    let mut messages: Vec<(u32, Vec<u8>)> = (1..=700).map(|uid| (uid * 3, mail(&format!("m{uid}")))).collect();
    // An empty message is one, too.
    messages[99].1.clear();
    let script = Script::start(Folder::with(messages), |_| Reply::Proper);
    let ledger = Ledger::default();
    let _followed = Followed::start(&plain(script.port), &ledger);
    ledger.has(700);
    let book = ledger.book();
    assert_eq!(book.largest_group, 128);
    assert!(book.order.is_sorted());
}
