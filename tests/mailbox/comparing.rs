//! L1: what the server holds and the ledger does not is found, and taken in.

use postcase::config::{Filing, MailboxConfig};

use crate::lab::dovecot::Dovecot;
use crate::lab::{eventually, mail};
use crate::ledger::{Ledger, Row};
use crate::{Followed, plain};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_overlooked_is_taken_in() {
    let dovecot = Dovecot::start();
    let names = ["one", "two", "three"];
    names.iter().for_each(|name| dovecot.deliver("support", &mail(name)));
    let ledger = Ledger::default();
    let followed = Followed::start(&plain(dovecot.ports.imap), &ledger);
    ledger.has_subjects(&names);
    followed.stop().await;
    // As after a backup was restored, or on a server that shows a message late.
    let forgotten = ledger.book().folders.values_mut().next_back().and_then(|folder| folder.rows.remove(&2));
    assert!(matches!(forgotten, Some(Row::Arrived(_))));
    let _followed = Followed::start(&plain(dovecot.ports.imap), &ledger);
    eventually("the second mail is back", || (ledger.subjects() == names).then_some(()));
    eventually("server and ledger agree", || (ledger.book().differs.last()?.is_empty()).then_some(()));
    // Once they were compared, new mail is no reason to look at everything again.
    let compared = ledger.book().differs.len();
    dovecot.deliver("support", &mail("four"));
    ledger.has_subjects(&["one", "two", "three", "four"]);
    ledger.has_pass();
    assert_eq!(ledger.book().differs.len(), compared);
}

/// What a server hides for a while, and shows again, is not lost; and it is filed like all other mail.
#[tokio::test(flavor = "multi_thread")]
async fn what_vanished_and_is_shown_again_is_taken_in_and_filed() {
    let dovecot = Dovecot::start();
    ["one", "two"].iter().for_each(|name| dovecot.deliver("support", &mail(name)));
    let ledger = Ledger::default();
    let config = MailboxConfig { filing: Filing::MarkSeen, ..plain(dovecot.ports.imap) };
    let followed = Followed::start(&config, &ledger);
    eventually("filed", || (ledger.filed() == [1, 2]).then_some(()));
    followed.stop().await;
    if let Some(folder) = ledger.book().folders.values_mut().next_back() {
        folder.rows.insert(1, Row::Vanished);
        folder.filed.remove(&1);
    }
    let _followed = Followed::start(&config, &ledger);
    ledger.has_subjects(&["one", "two"]);
    eventually("filed on the same connection", || (ledger.filed() == [1, 2]).then_some(()));
    assert_eq!(ledger.book().opened.len(), 2);
}
