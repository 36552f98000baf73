//! Signals: told to stop, it ends at once, but not in the middle of what cannot be undone; told to reload, it takes
//! good rules and keeps the last good ones otherwise.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::daemon::Daemon;
use crate::desk::{Desk, RULES, dovecot};
use crate::lab::eventually;
use crate::lab::proxy::{Direction, Fault, Proxy, Then, When};
use crate::mails::{header, request};
use crate::smtp_sink::{Act, Stage};

/// Far above the two seconds that are promised, as the machine may be loaded; far below every time-out of servers, so
/// that an end that waits for one of them is seen.
const SOON: Duration = Duration::from_secs(15);

#[test]
fn told_to_stop_it_ends_whatever_the_servers_do() {
    let dovecot = dovecot(5);
    for (number, (signal, stalls)) in [
        (Signal::TERM, None),
        (Signal::INT, None),
        (Signal::TERM, Some((Stage::Greeting, "nothing"))),
        (Signal::TERM, Some((Stage::Rcpt, "RCPT"))),
        (Signal::INT, Some((Stage::Data, "DATA"))),
    ]
    .into_iter()
    .enumerate()
    {
        let desk = Desk::new(&dovecot, number);
        if let Some((stage, _)) = stalls {
            desk.sink.at(stage, Act::Stall, 1);
        }
        desk.deliver(0, &request("anna", "support", "first", "My printer is on fire", "It burns."));
        let mut daemon = Daemon::start(&desk);
        match stalls {
            None => eventually("the mail is in", || desk.is_quiet(1).then_some(())),
            Some((Stage::Greeting, _)) => eventually("it connects", || (desk.sink.connections() > 0).then_some(())),
            Some((_, word)) => desk.sink.wait_for_word(word),
        }
        let begun = Instant::now();
        daemon.signal(signal);
        let status = daemon.end();
        assert!(status.success(), "{signal:?}, {stalls:?}: {status:?}\n{}", daemon.log());
        let took = begun.elapsed();
        println!("{signal:?}, {stalls:?}: ended after {took:?}");
        assert!(took < SOON, "{signal:?}, {stalls:?}: it took {took:?}");
        let mut daemon = Daemon::start(&desk);
        eventually("the acknowledgement went out", || desk.is_quiet(1).then_some(()));
        daemon.stop(&desk);
        assert_eq!(desk.sink.taken().len(), 1, "{signal:?}, {stalls:?}: once");
    }
}

/// A mail that has not passed its final dot when the end comes does not pass it any more; one that has is waited for. So
/// no fate is unknown, and nothing goes out twice.
#[test]
fn told_to_stop_it_passes_no_further_final_dot() {
    let dovecot = dovecot(2);
    for (number, (stage, word, taken)) in [(Stage::Data, "DATA", 0), (Stage::FinalDot, ".", 1)].into_iter().enumerate()
    {
        let desk = Desk::new(&dovecot, number);
        // Shorter than an end takes that waits for everything that is under way.
        desk.sink.at(stage, Act::Delay(Duration::from_millis(300)), 1);
        desk.deliver(0, &request("anna", "support", "first", "My printer is on fire", "It burns."));
        let mut daemon = Daemon::start(&desk);
        desk.sink.wait_for_word(word);
        daemon.stop(&desk);
        desk.sink.wait_until_quiet();
        assert_eq!(desk.sink.taken().len(), taken, "{stage:?}");
        let mut daemon = Daemon::start(&desk);
        eventually("the acknowledgement went out", || desk.is_quiet(1).then_some(()));
        daemon.stop(&desk);
        assert_eq!(desk.sink.taken().len(), 1, "{stage:?}: once");
        let status = desk.status();
        assert_eq!(status["outbox"]["unknown"], 0, "{status}");
        assert_eq!(desk.number("SELECT count(*) FROM trouble"), 0, "an end that was asked for is no trouble");
    }
}

#[test]
fn told_to_stop_it_ends_also_when_the_mailbox_says_nothing() {
    let dovecot = dovecot(5);
    // The second mailbox is empty, and fetches nothing.
    for (number, (word, times)) in
        [("AUTHENTICATE", 2), ("SELECT", 2), ("UID FETCH", 1), ("UID MOVE", 1), ("IDLE", 2)].into_iter().enumerate()
    {
        let desk = Desk::new(&dovecot, number);
        let proxy = Proxy::start(dovecot.ports.imap);
        desk.configure(proxy.port, "all");
        desk.deliver(0, &request("anna", "support", "first", "My printer is on fire", "It burns."));
        let when = When::After(word, 0);
        proxy.set(Fault { direction: Direction::ToServer, when, then: Then::Stall, times });
        let mut daemon = Daemon::start(&desk);
        eventually("the mailboxes are stalled", || (proxy.struck() == times).then_some(()));
        let begun = Instant::now();
        daemon.stop(&desk);
        let took = begun.elapsed();
        println!("stalled at {word}: ended after {took:?}");
        assert!(took < SOON, "stalled at {word}: it took {took:?}");
    }
}

#[test]
fn a_mail_past_its_final_dot_is_waited_for() {
    let dovecot = dovecot(1);
    let desk = Desk::new(&dovecot, 0);
    desk.sink.at(Stage::FinalDot, Act::Delay(Duration::from_secs(4)), 1);
    desk.deliver(0, &request("anna", "support", "first", "My printer is on fire", "It burns."));
    let mut daemon = Daemon::start(&desk);
    desk.sink.wait_for_word(".");
    daemon.stop(&desk);
    assert_eq!(desk.sink.taken().len(), 1, "it did not end before the server answered");
    assert_eq!(desk.number("SELECT count(*) FROM sent_recipient WHERE state = 'accepted'"), 1);
    let mut daemon = Daemon::start(&desk);
    desk.deliver(0, &request("bela", "support", "second", "Question", "Does it take blue paper?"));
    eventually("the second mail is in", || desk.is_quiet(2).then_some(()));
    daemon.stop(&desk);
    assert_eq!(desk.sink.taken().len(), 2, "each acknowledgement went out once");
}

#[test]
fn a_verdict_that_was_lost_is_counted_and_the_same_mail_goes_again() {
    let dovecot = dovecot(1);
    let desk = Desk::new(&dovecot, 0);
    desk.sink.at(Stage::FinalDot, Act::TakeAndDrop, 1);
    desk.deliver(0, &request("anna", "support", "first", "My printer is on fire", "It burns."));
    let mut daemon = Daemon::start(&desk);
    eventually("the loss is written down", || {
        (desk.number("SELECT coalesce(sum(unknown), 0) FROM outbox") == 1).then_some(())
    });
    daemon.kill();
    let mut daemon = Daemon::start(&desk);
    daemon.until_it_decides(&desk);
    assert_eq!(desk.status()["outbox"]["unknown"], 1);
    desk.done(&["outbox", "retry", "--as", "Kevin"]);
    let taken = desk.sink.wait_for(2);
    assert_eq!(taken[0], taken[1], "the same bytes, with the same Message-ID");
    eventually("it is accepted", || desk.is_quiet(2).then_some(()));
    assert_eq!(desk.status()["outbox"]["unknown"], 1, "it stays in the count");
    daemon.stop(&desk);
}

#[test]
fn told_to_reload_it_takes_good_rules_and_no_others() {
    let dovecot = dovecot(1);
    let desk = Desk::new(&dovecot, 0);
    let mut daemon = Daemon::start(&desk);
    desk.deliver(0, &request("anna", "support", "first", "My printer is on fire", "It burns."));
    eventually("the mail is in", || desk.is_quiet(1).then_some(()));
    let troubled =
        || desk.status()["troubles"].as_array().is_some_and(|all| all.iter().any(|one| one["source"] == "rules"));

    fs::write(desk.rules(), RULES.replace("[desk]", "[desk]\nnonsense = 1")).expect("our own file");
    daemon.signal(Signal::HUP);
    eventually("status says that the rules are wrong", || troubled().then_some(()));
    desk.deliver(0, &request("bela", "support", "second", "Question", "Does it take blue paper?"));
    eventually("it works on with the old rules", || desk.is_quiet(2).then_some(()));

    fs::write(desk.rules(), RULES.replace("Test Desk", "New Desk")).expect("our own file");
    daemon.signal(Signal::HUP);
    eventually("the change is an entry", || desk.is_quiet(3).then_some(()));
    eventually("status is content", || (!troubled()).then_some(()));
    desk.deliver(0, &request("carla", "support", "third", "Question", "And green paper?"));
    eventually("the third mail is in", || desk.is_quiet(4).then_some(()));
    let names: Vec<bool> = desk.sink.taken().iter().map(|mail| header(mail, "From").contains("New Desk")).collect();
    assert_eq!(names, [false, false, true]);
    daemon.stop(&desk);
}
