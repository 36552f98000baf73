//! B7: connections that break, servers that refuse. Whatever happens, every message comes in, once.

use std::time::Duration;

use postcase::config::{Filing, MailboxConfig};

use crate::lab::dovecot::Dovecot;
use crate::lab::proxy::{Direction, Fault, Proxy, Then, When};
use crate::lab::script::{Folder, Reply, Script};
use crate::lab::{eventually, large_mail, mail};
use crate::ledger::Ledger;
use crate::{Followed, plain};

/// Short silence, so that stalls are found soon; long enough for a loaded machine.
fn impatient(port: u16) -> MailboxConfig {
    let mut config = plain(port);
    config.server.timeout = Duration::from_secs(2);
    config
}

/// A fault at each place of a session's life, and each way to break: the mail comes in all the same, each
/// message once, and is filed.
#[test]
fn a_session_may_break_anywhere() {
    use Direction::{ToClient, ToServer};
    let places = [
        ("before the greeting", ToClient, When::Bytes(0)),
        ("in the greeting", ToClient, When::Bytes(9)),
        ("in CAPABILITY", ToClient, When::After("* CAPABILITY IMAP4", 5)),
        ("before login", ToServer, When::After("AUTHENTICATE", 3)),
        ("after login", ToClient, When::After("Logged in", 0)),
        ("in SELECT", ToClient, When::After("UIDVALIDITY", 4)),
        ("before the listing", ToServer, When::After("UID SEARCH", 0)),
        ("in the listing", ToClient, When::After("* SEARCH", 3)),
        ("in the details", ToClient, When::After("RFC822.SIZE", 2)),
        ("before a body", ToServer, When::After("BODY.PEEK[]", 0)),
        ("at a literal's length", ToClient, When::After("BODY[] {", 2)),
        ("in a literal", ToClient, When::After("BODY[] {", 20_000)),
        ("before the tagged OK of FETCH", ToClient, When::After("Subject: last", 200)),
        ("before filing", ToServer, When::After("UID MOVE", 0)),
        ("after filing", ToClient, When::After("COPYUID", 0)),
        ("at IDLE", ToServer, When::After("IDLE", 2)),
        ("in IDLE", ToClient, When::After("+ idling", 2)),
    ];
    std::thread::scope(|scope| {
        for (place, direction, when) in places {
            scope.spawn(move || {
                let runtime = tokio::runtime::Runtime::new().expect("threads are left");
                for then in [Then::Cut, Then::Stall, Then::Truncate] {
                    let fault = Fault { direction, when: when.clone(), then, times: 1 };
                    runtime.block_on(break_and_recover(place, fault));
                }
            });
        }
    });
}

async fn break_and_recover(place: &str, fault: Fault) {
    let then = fault.then;
    let dovecot = Dovecot::start();
    let proxy = Proxy::start(dovecot.ports.imap);
    for raw in [mail("first"), large_mail("large", 60_000), mail("last")] {
        dovecot.deliver("support", &raw);
    }
    proxy.set(fault);
    let config = if then == Then::Stall { impatient(proxy.port) } else { plain(proxy.port) };
    let config = MailboxConfig { filing: Filing::Move("Done".to_owned()), ..config };
    let ledger = Ledger::default();
    let followed = Followed::start(&config, &ledger);
    eventually(&format!("the fault {place}, {then:?}"), || (proxy.struck() == 1).then_some(()));
    eventually(&format!("mail after {place}, {then:?}"), || (ledger.filed() == [1, 2, 3]).then_some(()));
    dovecot.deliver("support", &mail("later"));
    eventually(&format!("later mail after {place}, {then:?}"), || {
        (ledger.subjects() == ["first", "large", "last", "later"]).then_some(())
    });
    followed.stop().await;
}

/// The server is away for a while, and comes back.
#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_survived() {
    let mut dovecot = Dovecot::start();
    let ledger = Ledger::default();
    let _followed = Followed::start(&plain(dovecot.ports.imap), &ledger);
    ledger.has_pass();
    dovecot.stop();
    let trouble = ledger.has_trouble("cannot be reached");
    assert!(trouble.contains("check `host`"), "{trouble}");
    assert!(ledger.last_state().is_some_and(|state| !state.connected && !state.idle && state.read_until.is_some()));
    dovecot.launch();
    dovecot.deliver("support", &mail("one"));
    ledger.has_subjects(&["one"]);
    eventually("no trouble", || ledger.last_state().filter(|state| state.connected && state.trouble.is_none()));
}

/// Silence in IDLE is found out when it is renewed.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_in_idle_is_found_out() {
    let dovecot = Dovecot::start();
    let proxy = Proxy::start(dovecot.ports.imap);
    let ledger = Ledger::default();
    let config = MailboxConfig { poll: Duration::from_secs(2), ..impatient(proxy.port) };
    let _followed = Followed::start(&config, &ledger);
    ledger.has_pass();
    proxy.set(Fault { direction: Direction::ToServer, when: When::After("DONE", 0), then: Then::Stall, times: 1 });
    eventually("the renewal", || (proxy.struck() == 1).then_some(()));
    ledger.has_trouble("ended during IDLE");
    dovecot.deliver("support", &mail("one"));
    ledger.has_subjects(&["one"]);
}

/// IDLE answered NO, BAD, or ended by the server: polling instead, on the same connection.
#[tokio::test(flavor = "multi_thread")]
async fn idle_that_is_refused_becomes_polling() {
    for answer in ["NO not here", "BAD unknown command", "OK done already"] {
        let script = Script::start(Folder::with(vec![(1, mail("one"))]), move |command| {
            if command.verb == "IDLE" { command.answer(answer) } else { Reply::Proper }
        });
        let ledger = Ledger::default();
        let _followed = Followed::start(&plain(script.port), &ledger);
        ledger.has_subjects(&["one"]);
        script.add(2, mail("two"));
        ledger.has_subjects(&["one", "two"]);
        eventually("polling", || ledger.last_state().filter(|state| state.connected && !state.idle));
        assert_eq!((script.count("IDLE"), script.count("SELECT")), (1, 1), "{answer}");
    }
}

/// BYE, at the greeting, in a command and in IDLE.
#[tokio::test(flavor = "multi_thread")]
async fn bye_is_survived() {
    for verb in ["CAPABILITY", "SELECT", "UID SEARCH", "UID FETCH", "IDLE"] {
        let script = Script::start(Folder::with(vec![(1, mail("one"))]), move |command| {
            if command.verb == verb && command.before == 0 {
                Reply::Close("* BYE going down for maintenance\r\n".to_owned())
            } else {
                Reply::Proper
            }
        });
        let ledger = Ledger::default();
        let _followed = Followed::start(&plain(script.port), &ledger);
        ledger.has_trouble("going down for maintenance");
        ledger.has_subjects(&["one"]);
        ledger.has_pass();
    }
}

/// A refused SEARCH, FETCH, NOOP or SELECT is a failure, never an empty mailbox: nothing is marked, nothing is read
/// up to a time, and it goes on when the server allows it.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_does_not_look_like_an_empty_mailbox() {
    for verb in ["SELECT", "NOOP", "UID SEARCH", "UID FETCH"] {
        for answer in ["NO [THROTTLED] slow down", "NO [UNAVAILABLE] database is locked", "BAD internal error"] {
            let messages = (1..=10).map(|uid| (uid, mail(&format!("m{uid}")))).collect();
            let script = Script::start(Folder::with(messages), move |command| {
                if command.verb == verb && command.before < 20 { command.answer(answer) } else { Reply::Proper }
            });
            let ledger = Ledger::default();
            let config = MailboxConfig { poll: Duration::from_millis(20), ..plain(script.port) };
            let _followed = Followed::start(&config, &ledger);
            let words = answer.split_once(' ').map_or(answer, |(_, words)| words);
            ledger.has_trouble(words.rsplit("] ").next().unwrap_or(words));
            ledger.has(10);
            ledger.has_pass();
            let book = ledger.book();
            assert_eq!(book.order, (1..=10).collect::<Vec<u32>>(), "{verb} {answer}");
            let first_read = book.states.iter().position(|state| state.read_until.is_some());
            let last_trouble = book.states.iter().rposition(|state| state.trouble.is_some());
            assert!(first_read > last_trouble, "{verb} {answer}: read_until only after a pass that was answered OK");
        }
    }
}

/// The parser gives up, or breaks, on what no server should say: another connection, no more.
#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_survived() {
    for nonsense in
        ["* SEARCH 1 two 3\r\n", "* OK [ALERT]é\r\n", "* 1 FETCH (UID 1 BODY[] {99999999999}\r\n", "\0\0\r\n"]
    {
        let script = Script::start(Folder::with(vec![(1, mail("one"))]), move |command| {
            if command.verb == "UID SEARCH" && command.before == 0 {
                Reply::First(nonsense.to_owned())
            } else {
                Reply::Proper
            }
        });
        let ledger = Ledger::default();
        let _followed = Followed::start(&plain(script.port), &ledger);
        ledger.has_trouble("localhost");
        ledger.has_subjects(&["one"]);
    }
}

/// The journal closes: nothing more is fetched or filed, and the follower ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_closed_journal_ends_it() {
    let dovecot = Dovecot::start();
    let ledger = Ledger::default();
    let config = MailboxConfig { filing: Filing::MarkSeen, ..plain(dovecot.ports.imap) };
    let mut followed = Followed::start(&config, &ledger);
    ledger.has_pass();
    ledger.book().closed = true;
    dovecot.deliver("support", &mail("one"));
    followed.end().await;
    assert!(dovecot.client("support").folder("INBOX")[0].flags.is_empty());
}

/// Shutdown is prompt in every state: connecting, idling, waiting for the journal, waiting to try again.
#[tokio::test(flavor = "multi_thread")]
async fn shutdown_does_not_wait() {
    let hour = Duration::from_secs(3600);
    let dovecot = Dovecot::start();
    let mut config = MailboxConfig { poll: hour, ..plain(dovecot.ports.imap) };
    config.server.timeout = hour;
    let ledger = Ledger::default();
    let followed = Followed::start(&config, &ledger);
    eventually("idle", || ledger.last_state().filter(|state| state.read_until.is_some()));
    followed.stop().await;

    ledger.book().holding = true;
    dovecot.deliver("support", &mail("one"));
    let followed = Followed::start(&config, &ledger);
    eventually("waiting for the journal", || (ledger.book().held_back > 0).then_some(()));
    followed.stop().await;

    let silent = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    config.server.port = silent.local_addr().expect("it is bound").port();
    let followed = Followed::start(&config, &ledger);
    let accepted = silent.accept().expect("it connects");
    followed.stop().await;
    drop((accepted, silent));

    let followed = Followed::start(&config, &ledger);
    ledger.has_trouble("cannot be reached");
    followed.stop().await;
}
