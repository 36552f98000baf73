//! Every command of a journey, every way in which a connection harms it: the journey ends as it does without. Nothing is
//! lost, nothing is doubled (L1, L3, B7, B28).
//!
//! A clean run tells which commands there are. Then each is harmed in each way, one at a time, and the journey is played
//! again from the start: a real Dovecot, a real SMTP server, the whole daemon; only the clock runs ahead.
#![allow(clippy::disallowed_methods, reason = "tests stand at the edge, where clocks and chance are")]

mod desk;
mod journey;
#[path = "../lab/mod.rs"]
mod lab;
#[allow(dead_code)]
#[path = "../lab/smtp_sink.rs"]
mod smtp_sink;
mod speech;
mod wire;

use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use desk::Desk;
use journey::{Outcome, play};
use lab::dovecot::{Dovecot, Setup};
use wire::{HARMS, Harm, Seen, Spot};

/// Journeys side by side. They wait most of the time.
const SIDE_BY_SIDE: usize = 24;
/// Commands that come again and again while a mailbox idles: so many of each are harmed.
const ROUNDS: usize = 2;

#[test]
fn every_command_may_fail() {
    all_harms("IMAP4rev1 IDLE MOVE UIDPLUS", |_, _| true);
}

/// Without MOVE, mail is filed in three steps, and what was copied is not copied again.
#[test]
fn every_step_of_filing_by_copies_may_fail() {
    let filing = ["UID COPY", "UID STORE", "UID EXPUNGE", "EXPUNGE", "CREATE"];
    all_harms("IMAP4rev1 IDLE UIDPLUS", |spot, _| filing.contains(&spot.verb.as_str()));
    let told = [Harm::CutBefore, Harm::CutAfter, Harm::Stall];
    all_harms("IMAP4rev1 IDLE", |spot, harm| filing.contains(&spot.verb.as_str()) && told.contains(&harm));
}

fn all_harms(capability: &str, wanted: impl Fn(&Spot, Harm) -> bool) {
    const USERS: usize = 1_000;
    let users = (0..USERS).map(|number| (format!("u{number}"), "secret".to_owned())).collect();
    let dovecot = Dovecot::start_with(Setup { users, capability: Some(capability.to_owned()), ..Setup::default() });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    let (clean, seen) = {
        let mut desk = Desk::new(&dovecot, "u0", runtime.handle(), None);
        let outcome = play(&mut desk, None).expect("nothing disturbs it");
        (outcome, desk.seen())
    };
    assert!(clean.unknown.is_empty() && clean.mails.values().all(|copies| *copies == 1), "{clean:?}");
    assert_eq!((clean.inbox.len(), clean.processed.len(), clean.sent.len()), (0, 3, 1), "{clean:?}");
    let faults = faults(&seen, wanted);
    assert!(faults.len() < USERS, "{} faults need as many users", faults.len());
    let next = AtomicUsize::new(0);
    let failures: Mutex<Vec<String>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE.min(faults.len()) {
            scope.spawn(|| {
                while let Some((number, (spot, harm))) =
                    Some(next.fetch_add(1, Ordering::SeqCst)).and_then(|at| Some((at, faults.get(at)?)))
                {
                    let user = format!("u{}", number + 1);
                    let one = || harmed(&dovecot, &user, runtime.handle(), spot, *harm, &clean);
                    let ended = std::panic::catch_unwind(AssertUnwindSafe(one)).unwrap_or_else(|panic| {
                        Err(panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "it panicked".to_owned()))
                    });
                    if let Err(failure) = ended {
                        let text = format!("{harm:?} at {} {} of {:?}: {failure}", spot.verb, spot.nth, spot.protocol);
                        failures.lock().expect("nobody panics with it").push(text);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().expect("nobody panicked with it");
    assert!(failures.is_empty(), "{} of {} journeys failed:\n{}", failures.len(), faults.len(), failures.join("\n"));
    println!("{} journeys, each with one fault", faults.len());
}

fn harmed(
    dovecot: &Dovecot,
    user: &str,
    handle: &tokio::runtime::Handle,
    spot: &Spot,
    harm: Harm,
    clean: &Outcome,
) -> Result<(), String> {
    let mut desk = Desk::new(dovecot, user, handle, Some((spot.clone(), harm)));
    play(&mut desk, Some(spot))?.compare(clean, spot, harm)
}

/// Every command that came, with every harm that it can take.
fn faults(seen: &[Seen], wanted: impl Fn(&Spot, Harm) -> bool) -> Vec<(Spot, Harm)> {
    let again = ["IDLE", "DONE", "NOOP", "UID SEARCH", "push"];
    let is_enough = |spot: &Spot| again.contains(&spot.verb.as_str()) && spot.nth >= ROUNDS;
    let bears = |one: &'_ Seen| {
        let spot = one.spot.clone();
        let harms = HARMS.into_iter().filter(|harm| one.bears(*harm) && wanted(&spot, *harm));
        harms.map(|harm| (spot.clone(), harm)).collect::<Vec<_>>()
    };
    seen.iter().filter(|one| !is_enough(&one.spot)).flat_map(bears).collect()
}
