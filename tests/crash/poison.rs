//! A message that kills its reader each time is held at the fourth start; its neighbours come in (B4).

use postcase::failpoint::Step;

use crate::daemon::{Daemon, FailAt, was_killed};
use crate::desk::{Desk, dovecot};
use crate::lab::eventually;
use crate::mails::request;

#[test]
fn what_kills_its_reader_three_times_is_held() {
    let dovecot = dovecot(1);
    let desk = Desk::new(&dovecot, 0);
    let raw = request("anna", "support", "first", "My printer is on fire", "It burns.");
    desk.deliver(0, &raw);
    let mut daemon = Daemon::start_with(&desk, Some(FailAt::first(Step::Marked)));
    assert!(was_killed(daemon.end()), "the first death");
    // The neighbours come while nobody looks.
    desk.deliver(0, &request("bela", "support", "second", "Question", "Does it take blue paper?"));
    desk.deliver(1, &request("dora", "sales", "third", "Prices", "What does it cost?"));
    for death in ["second", "third"] {
        let mut daemon = Daemon::start_with(&desk, Some(FailAt::first(Step::Marked)));
        assert!(was_killed(daemon.end()), "the {death} death\n{}", daemon.log());
    }
    assert_eq!(desk.number("SELECT attempts FROM journal WHERE id = 1"), 2, "the third is counted at the next start");

    let mut daemon = Daemon::start(&desk);
    eventually("the neighbours are in", || desk.is_quiet(3).then_some(()));
    let held: serde_json::Value =
        serde_json::from_str(&desk.done(&["held", "list", "--format", "json"])).expect("it prints JSON");
    let held = held.as_array().expect("a list");
    assert_eq!(held.len(), 1, "{held:?}");
    assert_eq!(held[0]["entry"], 1);
    assert!(held[0]["reason"].as_str().is_some_and(|reason| reason.contains("3 times")), "{held:?}");
    let bytes = desk.run(&["held", "show", "1", "--raw"]).stdout;
    assert_eq!(bytes, raw, "byte for byte");
    assert_eq!(desk.status()["held"], 1);
    assert_eq!(desk.sink.wait_for(2).len(), 2, "only the neighbours are acknowledged");

    let said = desk.done(&["held", "release", "1", "--as", "Kevin"]);
    assert!(said.contains("case"), "{said}");
    eventually("the released mail is done with", || desk.is_quiet(4).then_some(()));
    assert_eq!(desk.status()["held"], 0);
    assert_eq!(desk.number("SELECT count(*) FROM cases"), 3);
    daemon.stop(&desk);
}
