//! Killed while new rules are put in force: the old ones are, or the new ones, and mail is decided once (L3, L8).

use std::fs;

use postcase::failpoint::Step;

use crate::daemon::{Daemon, FailAt, was_killed};
use crate::desk::{Desk, RULES, dovecot};
use crate::lab::eventually;
use crate::mails::{header, request};

/// The steps of a reload.
pub const STEPS: [Step; 2] = [Step::ReloadWritten, Step::ReloadCommitted];

const RELOADS: &str = "SELECT count(*) FROM journal WHERE matter = 'reloaded'";

/// The rules that mail was decided by, by the name of the desk: in the order of the acknowledgements.
fn senders(desk: &Desk) -> Vec<String> {
    let name = |from: String| from.split(" <").next().unwrap_or_default().trim_matches('"').to_owned();
    desk.sink.taken().iter().map(|mail| name(header(mail, "From"))).collect()
}

/// A daemon has died at `step`, on its way from the rules of the Test Desk to those of the New Desk.
fn killed_at(step: Step, desk: &Desk) {
    desk.deliver(0, &request("anna", "support", "first", "My printer is on fire", "It burns."));
    let mut daemon = Daemon::start_with(desk, Some(FailAt::first(step)));
    eventually("the mail is in", || desk.is_quiet(1).then_some(()));
    fs::write(desk.rules(), RULES.replace("Test Desk", "New Desk")).expect("our own file");
    assert!(was_killed(daemon.end()), "{step:?}\n{}", daemon.log());
}

#[test]
fn killed_while_rules_are_reloaded_it_goes_on_by_the_new_ones() {
    let dovecot = dovecot(STEPS.len());
    for (number, step) in STEPS.into_iter().enumerate() {
        let desk = Desk::new(&dovecot, number);
        killed_at(step, &desk);
        let written = u64::from(step == Step::ReloadCommitted);
        assert_eq!(desk.number(RELOADS), written, "{step:?}");
        desk.deliver(0, &request("bela", "support", "second", "Question", "Does it take blue paper?"));
        let mut daemon = Daemon::start(&desk);
        eventually("the second mail is in", || desk.is_quiet(2 + written).then_some(()));
        daemon.stop(&desk);
        assert_eq!(senders(&desk), ["Test Desk", "New Desk"], "{step:?}");
        assert_eq!(desk.number(RELOADS), written, "{step:?}: a start is no reload");
        assert_eq!(desk.number("SELECT count(*) FROM trouble"), 0, "{step:?}");
    }
}

/// What was good last is what was committed last.
#[test]
fn killed_while_rules_are_reloaded_and_then_spoilt_it_goes_on_by_the_last_good_ones() {
    let dovecot = dovecot(STEPS.len());
    for (number, step) in STEPS.into_iter().enumerate() {
        let desk = Desk::new(&dovecot, number);
        killed_at(step, &desk);
        fs::write(desk.rules(), RULES.replace("[desk]", "[desk]\nnonsense = 1")).expect("our own file");
        desk.deliver(0, &request("bela", "support", "second", "Question", "Does it take blue paper?"));
        let mut daemon = Daemon::start(&desk);
        let is_committed = step == Step::ReloadCommitted;
        eventually("the second mail is in", || desk.is_quiet(2 + u64::from(is_committed)).then_some(()));
        assert_eq!(desk.number("SELECT count(*) FROM trouble WHERE source = 'rules'"), 1, "{step:?}");
        daemon.stop(&desk);
        assert_eq!(senders(&desk), ["Test Desk", if is_committed { "New Desk" } else { "Test Desk" }], "{step:?}");
    }
}
