//! The short connections: survey for `status`, copies into the Sent folder.

use postcase::config::MailboxConfig;
use postcase::mail::MessageId;
use postcase::mailbox::{TroubleKind, append_sent, survey};

use crate::lab::dovecot::{Dovecot, Setup};
use crate::lab::mail;
use crate::lab::proxy::{Direction, Fault, Proxy, Then, When};
use crate::lab::script::{Folder, Reply, Script};
use crate::plain;

#[tokio::test(flavor = "multi_thread")]
async fn a_survey_lists_everything_and_changes_nothing() {
    let dovecot = Dovecot::start();
    for name in ["one", "two", "three"] {
        dovecot.deliver("support", &mail(name));
    }
    let mut client = dovecot.client("support");
    client.expunge("INBOX", "2");
    let before = client.folder("INBOX");
    let survey = survey(&plain(dovecot.ports.imap)).await.expect("it opens");
    assert_eq!(survey.uids, [1, 3]);
    assert!(survey.uid_validity > 0);
    assert_eq!(client.folder("INBOX"), before);
}

/// A refused SEARCH does not look like an empty mailbox.
#[tokio::test(flavor = "multi_thread")]
async fn a_survey_that_is_refused_says_so() {
    for (answer, kind) in [("NO nope", TroubleKind::Refused), ("NO [THROTTLED] later", TroubleKind::Throttled)] {
        let script = Script::start(Folder::with(vec![(1, mail("one"))]), move |command| {
            if command.verb == "UID SEARCH" { command.answer(answer) } else { Reply::Proper }
        });
        assert_eq!(survey(&plain(script.port)).await.expect_err("it is refused").kind, kind);
    }
}

/// B28: a copy into the Sent folder, once, however often it is asked for and wherever the connection broke.
#[tokio::test(flavor = "multi_thread")]
async fn a_sent_copy_is_made_once() {
    let dovecot = Dovecot::start();
    let proxy = Proxy::start(dovecot.ports.imap);
    let config = MailboxConfig { sent_folder: Some("Gesendet/Fälle".to_owned()), ..plain(proxy.port) };
    let id = MessageId("one@customer.test".to_owned());
    // Dovecot has it, the answer is lost.
    let when = When::After("OK [APPENDUID", 0);
    proxy.set(Fault { direction: Direction::ToClient, when, then: Then::Cut, times: 1 });
    let lost = append_sent(&config, &id, &mail("one")).await.expect_err("the connection is cut");
    assert_eq!(lost.kind, TroubleKind::Unreachable);
    for _ in 0..2 {
        append_sent(&config, &id, &mail("one")).await.expect("it is there");
    }
    let stored = dovecot.client("support").folder("Gesendet/F&AOQ-lle");
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].raw, mail("one"));
    assert_eq!(stored[0].flags, ["\\Seen"]);
    append_sent(&MailboxConfig { sent_folder: None, ..config }, &id, b"").await.expect("nothing to do");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sent_copy_that_is_refused_says_so() {
    let script = Script::start(Folder::with(Vec::new()), |command| match command.verb.as_str() {
        "LIST" => Reply::First("* LIST () \"/\" Sent\r\n".to_owned()),
        "APPEND" => command.answer("NO [OVERQUOTA] the mailbox is full"),
        _ => Reply::Proper,
    });
    let config = MailboxConfig { sent_folder: Some("Sent".to_owned()), ..plain(script.port) };
    let refused = append_sent(&config, &MessageId("a@b".to_owned()), &mail("one")).await.expect_err("it is full");
    assert!(refused.sentence.contains("could not be copied to \"Sent\""), "{refused}");
    assert!(refused.sentence.contains("the mailbox is full"), "{refused}");
}

/// RFC 6154: the folder of sent mail has another name in every language; no second one is made beside it.
#[tokio::test(flavor = "multi_thread")]
async fn the_folder_that_the_server_marks_as_sent_is_taken() {
    let extra =
        "namespace inbox {\n  mailbox \"Gesendete Objekte\" {\n    auto = create\n    special_use = \\Sent\n  }\n}\n";
    let dovecot = Dovecot::start_with(Setup { extra: extra.to_owned(), ..Setup::default() });
    let config = MailboxConfig { sent_folder: Some("Sent".to_owned()), ..plain(dovecot.ports.imap) };
    for name in ["one", "two"] {
        append_sent(&config, &MessageId(format!("{name}@customer.test")), &mail(name)).await.expect("it is taken");
    }
    let mut client = dovecot.client("support");
    assert_eq!(client.subjects("Gesendete Objekte"), ["one", "two"]);
    assert!(client.ok("LIST \"\" \"Sent\"").is_empty(), "none is made beside it");
    client.ok("CREATE Sent");
    append_sent(&config, &MessageId("three@customer.test".to_owned()), &mail("three")).await.expect("it is taken");
    assert_eq!(client.subjects("Sent"), ["three"], "the name that was asked for goes first");
}

/// A copy that a server does not take is this copy's trouble; a folder that cannot be opened is everybody's.
#[tokio::test(flavor = "multi_thread")]
async fn one_copy_is_told_from_all() {
    let refused = [
        ("APPEND", "NO [TOOBIG] too large", TroubleKind::Refused),
        ("APPEND", "NO [OVERQUOTA] full", TroubleKind::Throttled),
        ("CREATE", "NO not here", TroubleKind::NoMailbox),
        ("EXAMINE", "NO not yours", TroubleKind::NoMailbox),
        ("UID SEARCH", "NO not now", TroubleKind::NoMailbox),
    ];
    for (verb, answer, kind) in refused {
        let script = Script::start(Folder::with(Vec::new()), move |command| {
            if command.verb == verb { command.answer(answer) } else { Reply::Proper }
        });
        let config = MailboxConfig { sent_folder: Some("Sent".to_owned()), ..plain(script.port) };
        let trouble = append_sent(&config, &MessageId("a@b".to_owned()), &mail("one")).await.expect_err(verb);
        assert_eq!(trouble.kind, kind, "{verb} {answer}: {trouble}");
    }
}
