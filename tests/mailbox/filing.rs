//! B8: what becomes of the server's copy once it is journalled.

use postcase::config::{Filing, MailboxConfig};

use crate::lab::dovecot::{Dovecot, Setup};
use crate::lab::proxy::{Direction, Fault, Proxy, Then, When};
use crate::lab::script::{Folder, Reply, Script};
use crate::lab::{eventually, mail};
use crate::ledger::Ledger;
use crate::{Followed, plain};

fn filing(port: u16, filing: Filing) -> MailboxConfig {
    MailboxConfig { filing, ..plain(port) }
}

fn to(folder: &str) -> Filing {
    Filing::Move(folder.to_owned())
}

fn dovecot(capability: &str) -> Dovecot {
    Dovecot::start_with(Setup { capability: Some(format!("IMAP4rev1 {capability}")), ..Setup::default() })
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_is_marked_as_seen() {
    let dovecot = Dovecot::start();
    dovecot.deliver("support", &mail("one"));
    let ledger = Ledger::default();
    let _followed = Followed::start(&filing(dovecot.ports.imap, Filing::MarkSeen), &ledger);
    eventually("filed", || (ledger.filed() == [1]).then_some(()));
    assert_eq!(dovecot.client("support").folder("INBOX")[0].flags, ["\\Seen"]);
}

/// With MOVE, with UIDPLUS alone, with neither: each into a folder that did not exist, with a name beyond ASCII.
#[tokio::test(flavor = "multi_thread")]
async fn mail_is_moved_whatever_the_server_can() {
    for capability in ["IDLE MOVE UIDPLUS", "IDLE UIDPLUS", "IDLE"] {
        let dovecot = dovecot(capability);
        dovecot.deliver("support", &mail("one"));
        dovecot.deliver("support", &mail("two"));
        let ledger = Ledger::default();
        let followed = Followed::start(&filing(dovecot.ports.imap, to("Erledigt/Für später")), &ledger);
        eventually(capability, || (ledger.filed() == [1, 2]).then_some(()));
        let mut client = dovecot.client("support");
        assert_eq!(client.subjects("Erledigt/F&APw-r sp&AOQ-ter"), ["one", "two"], "{capability}");
        assert!(client.folder("INBOX").is_empty(), "{capability}");
        dovecot.deliver("support", &mail("three"));
        eventually(capability, || (ledger.filed() == [1, 2, 3]).then_some(()));
        followed.stop().await;
        ledger.has_subjects(&["one", "two", "three"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_is_deleted() {
    for capability in ["IDLE UIDPLUS", "IDLE"] {
        let dovecot = dovecot(capability);
        dovecot.deliver("support", &mail("one"));
        let ledger = Ledger::default();
        let _followed = Followed::start(&filing(dovecot.ports.imap, Filing::Delete), &ledger);
        eventually(capability, || (ledger.filed() == [1]).then_some(()));
        assert!(dovecot.client("support").folder("INBOX").is_empty(), "{capability}");
    }
}

/// Without UIDPLUS, what somebody else flagged as deleted is not expunged along: told, and tried again.
#[tokio::test(flavor = "multi_thread")]
async fn what_others_deleted_is_not_expunged() {
    let dovecot = dovecot("IDLE");
    let mut client = dovecot.client("support");
    client.append("INBOX", "\\Deleted", None, &mail("theirs"));
    client.append("INBOX", "", None, &mail("ours"));
    let config = MailboxConfig { start: postcase::config::Start::New, ..filing(dovecot.ports.imap, to("Done")) };
    let ledger = Ledger::default();
    let _followed = Followed::start(&config, &ledger);
    ledger.has_pass();
    client.append("INBOX", "", None, &mail("fresh"));
    ledger.has_subjects(&["fresh"]);
    ledger.has_trouble("UIDPLUS");
    assert_eq!(client.subjects("INBOX"), ["theirs", "ours", "fresh"]);
    assert!(client.subjects("Done").is_empty(), "no copies pile up");
    client.ok("SELECT INBOX");
    client.ok("UID STORE 1 -FLAGS (\\Deleted)");
    eventually("filed in the end", || (ledger.filed() == [3]).then_some(()));
    eventually("no trouble", || ledger.last_state().filter(|state| state.trouble.is_none()));
    assert_eq!(client.subjects("INBOX"), ["theirs", "ours"]);
    assert_eq!(client.subjects("Done"), ["fresh"]);
}

/// A failure of filing never causes a second reading, and is made good later.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_filing_is_told_and_tried_again() {
    let script = Script::start(Folder::with(vec![(1, mail("one")), (2, mail("two"))]), |command| {
        if command.verb == "UID STORE" && command.before < 3 {
            command.answer("NO [NOPERM] not yours to change")
        } else {
            Reply::Proper
        }
    });
    let ledger = Ledger::default();
    let _followed = Followed::start(&filing(script.port, Filing::MarkSeen), &ledger);
    let trouble = ledger.has_trouble("not yours to change");
    assert!(trouble.starts_with("mail is taken in, but could not be marked as read"), "{trouble}");
    eventually("filed in the end", || (ledger.filed() == [1, 2]).then_some(()));
    ledger.has_subjects(&["one", "two"]);
    let bodies = script.heard().iter().filter(|c| c.rest.contains("BODY.PEEK[]")).count();
    assert_eq!(bodies, 1, "read once");
    ledger.has_pass();
    assert_eq!(ledger.last_state().and_then(|state| state.trouble), None);
}

/// A folder that cannot be made is told with what to do.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_made_is_told() {
    let script = Script::start(Folder::with(vec![(1, mail("one"))]), |command| match command.verb.as_str() {
        "UID MOVE" => command.answer("NO [TRYCREATE] no such folder"),
        "CREATE" => command.answer("NO permission denied"),
        _ => Reply::Proper,
    });
    let ledger = Ledger::default();
    let _followed = Followed::start(&filing(script.port, to("Done")), &ledger);
    let trouble = ledger.has_trouble("permission denied");
    assert!(trouble.contains("\"Done\" does not exist") && trouble.contains("create it on the server"), "{trouble}");
    ledger.has_subjects(&["one"]);
}

/// Where all folders lie below INBOX, with a dot between, they are found there.
#[tokio::test(flavor = "multi_thread")]
async fn folders_below_inbox_are_found() {
    let script = Script::start(Folder::with(vec![(1, mail("one"))]), |command| {
        match (command.verb.as_str(), command.rest.as_str()) {
            ("LIST", "\"\" \"\"") => Reply::First("* LIST (\\Noselect) \".\" \"\"\r\n".to_owned()),
            ("LIST", "\"\" \"INBOX.Old.Done\"") => Reply::First("* LIST () \".\" INBOX.Old.Done\r\n".to_owned()),
            ("UID MOVE", rest) if !rest.ends_with("\"INBOX.Old.Done\"") => command.answer("NO invalid name"),
            _ => Reply::Proper,
        }
    });
    let ledger = Ledger::default();
    let _followed = Followed::start(&filing(script.port, to("Old/Done")), &ledger);
    eventually("filed", || (ledger.filed() == [1]).then_some(()));
    assert_eq!(script.count("CREATE"), 0);
}

/// The connection, or the process, dies between the commit, the filing and its record.
#[tokio::test(flavor = "multi_thread")]
async fn filing_is_made_good_after_a_crash() {
    for direction in [Direction::ToServer, Direction::ToClient] {
        let dovecot = Dovecot::start();
        let proxy = Proxy::start(dovecot.ports.imap);
        dovecot.deliver("support", &mail("one"));
        let mut client = dovecot.client("support");
        let when = When::After(if direction == Direction::ToServer { "UID MOVE" } else { "OK [COPYUID" }, 1);
        proxy.set(Fault { direction, when, then: Then::Cut, times: 1 });
        let ledger = Ledger::default();
        let _followed = Followed::start(&filing(proxy.port, to("Done")), &ledger);
        eventually("filed", || (ledger.filed() == [1]).then_some(()));
        assert_eq!(proxy.struck(), 1);
        assert_eq!(client.subjects("Done"), ["one"]);
        ledger.has_subjects(&["one"]);
    }
}

/// What an earlier process journalled and did not file is filed without being read.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_left_unfiled_is_filed_at_the_next_start() {
    let dovecot = Dovecot::start();
    for name in ["one", "two", "three"] {
        dovecot.deliver("support", &mail(name));
    }
    let ledger = Ledger::default();
    let followed = Followed::start(&plain(dovecot.ports.imap), &ledger);
    ledger.has(3);
    followed.stop().await;
    let mut client = dovecot.client("support");
    client.expunge("INBOX", "2");
    let _followed = Followed::start(&filing(dovecot.ports.imap, to("Done")), &ledger);
    eventually("filed", || (ledger.filed() == [1, 2, 3]).then_some(()));
    assert_eq!(client.subjects("Done"), ["one", "three"]);
    ledger.has(3);
}

/// Mail that comes in while others are being moved away is seen at once, not at the next poll.
#[tokio::test(flavor = "multi_thread")]
async fn news_between_moves_is_not_missed() {
    let script = Script::start(Folder::with(vec![(1, mail("one")), (2, mail("two"))]), |command| {
        match (command.verb.as_str(), command.before) {
            // As if only the first were there.
            ("NOOP", 0) => Reply::First("* 2 EXPUNGE\r\n".to_owned()),
            ("UID SEARCH", 0) => Reply::Say(format!("* SEARCH 1\r\n{} OK\r\n", command.tag)),
            ("UID MOVE", 0) => Reply::First("* 2 EXISTS\r\n* 1 EXPUNGE\r\n".to_owned()),
            _ => Reply::Proper,
        }
    });
    let config = MailboxConfig { poll: std::time::Duration::from_secs(3600), ..filing(script.port, to("Done")) };
    let ledger = Ledger::default();
    let _followed = Followed::start(&config, &ledger);
    ledger.has_subjects(&["one", "two"]);
}

/// A message that the server will not file does not keep its neighbours from it.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_cannot_be_filed_holds_up_no_other() {
    let messages: Vec<(u32, Vec<u8>)> = (1..=20).map(|uid| (uid, mail(&format!("m{uid}")))).collect();
    let script = Script::start(Folder::with(messages), |command| {
        if command.verb == "UID STORE" && command.holds(7) {
            command.answer("NO [NOPERM] this one is locked")
        } else {
            Reply::Proper
        }
    });
    let ledger = Ledger::default();
    let _followed = Followed::start(&filing(script.port, Filing::MarkSeen), &ledger);
    let others: Vec<u32> = (1..=20).filter(|uid| *uid != 7).collect();
    eventually("the others are filed", || (ledger.filed() == others).then_some(()));
    ledger.has_trouble("this one is locked");
    ledger.has_pass();
    assert_eq!(ledger.filed(), others);
    assert_eq!(script.count("SELECT"), 1, "on one connection");
}

/// Messages that were journalled by an earlier process, and not filed.
async fn left_unfiled(script: &Script, ledger: &Ledger, count: usize) {
    let followed = Followed::start(&plain(script.port), ledger);
    ledger.has(count);
    ledger.has_pass();
    followed.stop().await;
}

fn many(count: u32) -> Folder {
    Folder::with((1..=count).map(|uid| (uid, mail(&format!("m{uid}")))).collect())
}

/// What a refused message costs are some commands; all others are filed in the same round, wherever they lie.
#[tokio::test(flavor = "multi_thread")]
async fn many_messages_that_cannot_be_filed_hold_up_no_other() {
    let locked = |uid: u32| uid <= 250 || uid.is_multiple_of(100);
    let script = Script::start(many(800), move |command| {
        let held = (1..=800).any(|uid| locked(uid) && command.holds(uid));
        if command.verb == "UID STORE" && held { command.answer("NO [NOPERM] locked") } else { Reply::Proper }
    });
    let ledger = Ledger::default();
    left_unfiled(&script, &ledger, 800).await;
    let hour = std::time::Duration::from_secs(3600);
    let _followed = Followed::start(&MailboxConfig { poll: hour, ..filing(script.port, Filing::MarkSeen) }, &ledger);
    let others: Vec<u32> = (1..=800).filter(|uid| !locked(*uid)).collect();
    eventually("all others are filed in one round", || (ledger.filed() == others).then_some(()));
    ledger.has_trouble("locked");
    script.add(801, mail("m801"));
    eventually("what comes in later is filed at once", || (ledger.filed().last() == Some(&801)).then_some(()));
    assert!(ledger.last_state().is_some_and(|state| state.trouble.is_some()), "the others are not forgotten");
    let (refused, told) = ((1..=800).filter(|uid| locked(*uid)).count(), script.count("UID STORE"));
    assert!(told < 3 * refused, "{told} commands for {refused} refused messages");
}

/// A folder in which nothing can be filed is not asked about each message; and all are filed once it allows it.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_takes_nothing_is_left_alone_for_a_while() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    let closed = Arc::new(AtomicBool::new(true));
    let theirs = closed.clone();
    let script = Script::start(many(800), move |command| {
        let refused = command.verb == "UID STORE" && theirs.load(Ordering::SeqCst);
        if refused { command.answer("NO [NOPERM] read-only") } else { Reply::Proper }
    });
    let ledger = Ledger::default();
    left_unfiled(&script, &ledger, 800).await;
    let hour = std::time::Duration::from_secs(3600);
    let config = filing(script.port, Filing::MarkSeen);
    let followed = Followed::start(&MailboxConfig { poll: hour, ..config.clone() }, &ledger);
    ledger.has_trouble("read-only");
    let told = script.count("UID STORE");
    assert!(told < 50, "{told} commands in one round");
    followed.stop().await;
    let _followed = Followed::start(&config, &ledger);
    eventually("a few rounds", || (script.count("UID STORE") > 3 * told).then_some(()));
    closed.store(false, Ordering::SeqCst);
    eventually("all are filed in the end", || (ledger.filed().len() == 800).then_some(()));
    eventually("no trouble", || ledger.last_state().filter(|state| state.trouble.is_none()));
}
