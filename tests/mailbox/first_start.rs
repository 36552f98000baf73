//! B10: pointing Postcase at a mailbox that is in use.

use postcase::config::{MailboxConfig, Start};
use sha2::{Digest, Sha256};

use crate::lab::dovecot::Dovecot;
use crate::lab::script::{Folder, Reply, Script};
use crate::lab::{eventually, large_mail, mail};
use crate::ledger::{Ledger, Row};
use crate::{Followed, plain};

fn new(port: u16) -> MailboxConfig {
    MailboxConfig { start: Start::New, ..plain(port) }
}

/// Old mail is recorded with hash, size and id, and not taken in; what comes later is.
#[tokio::test(flavor = "multi_thread")]
async fn old_mail_is_skipped_and_new_mail_taken_in() {
    let dovecot = Dovecot::start();
    dovecot.deliver("support", &mail("old"));
    let mut client = dovecot.client("support");
    client.append("INBOX", "", None, b"Subject: without an id\r\n\r\nx\r\n");
    client.append("INBOX", "", None, &large_mail("old-and-large", 2 * 1024 * 1024));
    let ledger = Ledger::default();
    let followed = Followed::start(&new(dovecot.ports.imap), &ledger);
    ledger.has_pass();
    dovecot.deliver("support", &mail("fresh"));
    ledger.has_subjects(&["fresh"]);
    let stored = client.folder("INBOX");
    for (message, id) in stored.iter().zip([Some("old@customer.test"), None, Some("old-and-large@customer.test")]) {
        let Some(Row::Skipped { header_hash, size, message_id }) = ledger.row(message.uid) else {
            panic!("UID {}: {:?}", message.uid, ledger.row(message.uid));
        };
        assert_eq!(message_id.as_deref(), id);
        assert_eq!(size, message.raw.len() as u64);
        let end = message.raw.windows(4).position(|window| window == b"\r\n\r\n").expect("a header's end") + 4;
        assert_eq!(header_hash, data_encoding::HEXLOWER.encode(&Sha256::digest(&message.raw[..end])));
    }
    followed.stop().await;
    // The second start is not the first.
    dovecot.deliver("support", &mail("while-away"));
    let _followed = Followed::start(&new(dovecot.ports.imap), &ledger);
    ledger.has_subjects(&["fresh", "while-away"]);
}

/// A crash in the middle of the skipping: what was old stays old, what came meanwhile is taken in.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_while_skipping_changes_nothing() {
    let messages: Vec<(u32, Vec<u8>)> = (1..=450).map(|uid| (uid, mail(&format!("m{uid}")))).collect();
    let script = Script::start(Folder::with(messages), |command| {
        let headers = command.verb == "UID FETCH" && command.rest.contains("HEADER");
        // The second window is never answered on the first connection.
        if headers && command.rest.starts_with("201:") && command.before < 6 { Reply::Silence } else { Reply::Proper }
    });
    let ledger = Ledger::default();
    let followed = Followed::start(&new(script.port), &ledger);
    eventually("the second window is asked for", || {
        script.heard().iter().any(|c| c.verb == "UID FETCH" && c.rest.starts_with("201:400 (UID BODY")).then_some(())
    });
    drop(followed);
    assert_eq!(ledger.book().order.len(), 200);
    script.add(451, mail("fresh"));
    for _ in 0..6 {
        // Ends the patience of the scripted server.
        let _ = crate::lab::client::Client::connect(script.port).ok("UID FETCH 0 ()");
    }
    let _followed = Followed::start(&new(script.port), &ledger);
    ledger.has_subjects(&["fresh"]);
    let book = ledger.book();
    assert_eq!(book.order, (1..=451).collect::<Vec<u32>>());
    assert_eq!(book.opened.len(), 2);
    let rows = &book.folders[&7].rows;
    assert_eq!(rows.values().filter(|row| matches!(row, Row::Skipped { .. })).count(), 450);
}

/// An empty mailbox, on a server without UIDNEXT: the first message is new.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_in_an_empty_mailbox_is_old() {
    let mut folder = Folder::with(Vec::new());
    folder.uid_next = None;
    let script = Script::start(folder, |_| Reply::Proper);
    let ledger = Ledger::default();
    let _followed = Followed::start(&new(script.port), &ledger);
    ledger.has_pass();
    script.add(1, mail("fresh"));
    ledger.has_subjects(&["fresh"]);
}

/// `start` as a date goes by INTERNALDATE, not by what the mail says of itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_date_divides_old_from_new() {
    let dovecot = Dovecot::start();
    let mut client = dovecot.client("support");
    client.append("INBOX", "", Some("30-Jun-2026 23:59:59 +0000"), &mail("before"));
    client.append("INBOX", "", Some("02-Jul-2026 00:00:00 +0000"), &mail("after"));
    client.append("INBOX", "", Some("01-Jun-2026 00:00:00 +0000"), &mail("long-before"));
    client.append("INBOX", "", Some("01-Jul-2026 00:00:00 +0000"), &mail("at-once"));
    let since = "2026-07-01T00:00:00Z".parse().expect("a time");
    let config = MailboxConfig { start: Start::Since(since), ..plain(dovecot.ports.imap) };
    let ledger = Ledger::default();
    let _followed = Followed::start(&config, &ledger);
    ledger.has_subjects(&["after", "at-once"]);
    ledger.has_pass();
    assert_eq!(ledger.book().order, [1, 2, 3, 4]);
    // Later mail is taken in whatever its date.
    client.append("INBOX", "", Some("01-Jun-2020 00:00:00 +0000"), &mail("moved-in"));
    ledger.has_subjects(&["after", "at-once", "moved-in"]);
}

/// An old message that the server cannot give does not stop the start.
#[tokio::test(flavor = "multi_thread")]
async fn old_mail_that_is_broken_is_skipped_too() {
    let messages = vec![(1, mail("one")), (2, mail("two")), (3, mail("three"))];
    let script = Script::start(Folder::with(messages), |command| {
        let of_two = command.rest.starts_with("2 ") || command.rest.contains(':') || command.rest.starts_with("2,");
        if command.verb == "UID FETCH" && command.rest.contains("HEADER") && of_two {
            command.answer("NO cannot read it")
        } else {
            Reply::Proper
        }
    });
    let ledger = Ledger::default();
    let _followed = Followed::start(&new(script.port), &ledger);
    ledger.has_pass();
    let rows: Vec<_> = (1..=3).map(|uid| ledger.row(uid)).collect();
    assert!(rows.iter().all(|row| matches!(row, Some(Row::Skipped { .. }))), "{rows:?}");
    assert!(matches!(&rows[1], Some(Row::Skipped { header_hash, .. }) if header_hash.is_empty()));
}
