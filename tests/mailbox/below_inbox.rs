//! Servers where every folder of one's own lies below INBOX, with a dot between (Courier, many a Dovecot): whatever is
//! configured is found there, made there, and named in messages as people wrote it.

use postcase::config::{Filing, MailboxConfig};
use postcase::mail::MessageId;
use postcase::mailbox::{TroubleKind, append_sent, probe};

use crate::lab::dovecot::{Dovecot, Setup};
use crate::lab::{eventually, mail};
use crate::ledger::Ledger;
use crate::{Followed, plain};

fn dovecot(capability: &str) -> Dovecot {
    let extra = "namespace inbox {\n  prefix = INBOX.\n  separator = .\n}\n".to_owned();
    Dovecot::start_with(Setup { capability: Some(format!("IMAP4rev1 {capability}")), extra, ..Setup::default() })
}

/// As people write it, with the server's own name, and with INBOX and our separator.
#[tokio::test(flavor = "multi_thread")]
async fn mail_is_moved_below_inbox() {
    for capability in ["IDLE MOVE UIDPLUS NAMESPACE", "IDLE UIDPLUS", "IDLE"] {
        for (folder, there) in [
            ("Processed", "INBOX.Processed"),
            ("Erledigt/Für später", "INBOX.Erledigt.F&APw-r sp&AOQ-ter"),
            ("INBOX.Done", "INBOX.Done"),
            ("INBOX/Old/Done", "INBOX.Old.Done"),
        ] {
            let dovecot = dovecot(capability);
            dovecot.deliver("support", &mail("one"));
            dovecot.deliver("support", &mail("two"));
            let config = MailboxConfig { filing: Filing::Move(folder.to_owned()), ..plain(dovecot.ports.imap) };
            let ledger = Ledger::default();
            let _followed = Followed::start(&config, &ledger);
            eventually(&format!("{folder}: filed, {capability}"), || (ledger.filed() == [1, 2]).then_some(()));
            let mut client = dovecot.client("support");
            assert_eq!(client.subjects(there), ["one", "two"], "{folder}, {capability}");
            dovecot.deliver("support", &mail("three"));
            eventually(&format!("{folder}: filed later, {capability}"), || (ledger.filed() == [1, 2, 3]).then_some(()));
            assert_eq!(client.subjects(there), ["one", "two", "three"], "{folder}, {capability}");
            assert!(client.folder("INBOX").is_empty(), "{folder}, {capability}");
            assert!(ledger.book().states.iter().all(|state| state.trouble.is_none()), "{folder}, {capability}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_is_copied_below_inbox_once() {
    for folder in ["Sent", "Gesendete Objekte", "INBOX.Sent"] {
        let dovecot = dovecot("IDLE UIDPLUS");
        let config = MailboxConfig { sent_folder: Some(folder.to_owned()), ..plain(dovecot.ports.imap) };
        let id = MessageId("one@desk.test".to_owned());
        let raw = b"Message-ID: <one@desk.test>\r\nSubject: one\r\n\r\nHello\r\n";
        for _ in 0..2 {
            append_sent(&config, &id, raw).await.unwrap_or_else(|trouble| panic!("{folder}: {trouble}"));
        }
        let there = format!("INBOX.{}", folder.trim_start_matches("INBOX."));
        assert_eq!(dovecot.client("support").subjects(&there), ["one"], "{folder}");
    }
}

/// A folder that is watched must be there: the message names it as configured, and says what the server says.
#[tokio::test(flavor = "multi_thread")]
async fn a_watched_folder_is_found_below_inbox() {
    let dovecot = dovecot("IDLE UIDPLUS");
    let mut client = dovecot.client("support");
    client.ok("CREATE INBOX.Orders");
    client.append("INBOX.Orders", "", None, &mail("one"));
    for folder in ["INBOX.Orders", "INBOX/Orders", "Orders"] {
        let config = MailboxConfig { folder: folder.to_owned(), ..plain(dovecot.ports.imap) };
        let probed = probe(&config).await.unwrap_or_else(|trouble| panic!("{folder}: {trouble}"));
        assert_eq!(probed.messages, 1, "{folder}");
        let ledger = Ledger::default();
        let followed = Followed::start(&config, &ledger);
        ledger.has_subjects(&["one"]);
        followed.stop().await;
    }
    let config = MailboxConfig { folder: "Invoices".to_owned(), ..plain(dovecot.ports.imap) };
    let trouble = probe(&config).await.expect_err("there is none");
    assert_eq!(trouble.kind, TroubleKind::NoMailbox);
    assert!(trouble.sentence.contains("\"Invoices\" of \"support\""), "{trouble}");
    assert!(trouble.sentence.contains("check `folder`, or create it"), "{trouble}");
}
