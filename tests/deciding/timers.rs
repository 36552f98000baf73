//! What falls due: a case that waits comes back, and what was overtaken decides nothing (L9).

use postcase::case::event::Matter;
use postcase::case::{Action, CaseNumber, Decision, Effect, Phase, Target, Verb, Verdict};

use crate::ledger::{Ledger, Mail};

const TEN: CaseNumber = CaseNumber(10);

/// A case that waits for the customer, until the timer's first generation falls due.
fn waiting() -> Ledger {
    let mut ledger = Ledger::new();
    ledger.mail(&Mail::new("a1", "anna@shop.example"));
    ledger.command(Verb::on(TEN, Action::Reply { text: "Unplug it.".to_owned() }));
    ledger.set_timer(TEN, Target::Wake, Some("2026-05-14T08:00:00Z".parse().expect("a time")));
    ledger
}

fn due(ledger: &mut Ledger, generation: u64) -> Decision {
    ledger.play(Matter::Due { case: TEN, target: Target::Wake, generation }, None)
}

fn nothing(decision: &Decision, why: &str) {
    assert_eq!(decision.verdict, Verdict::Recorded);
    assert!(decision.effects.is_empty() && decision.letters.is_empty(), "{decision:?}");
    assert!(decision.trace[0].contains(why), "{:?}", decision.trace);
}

#[test]
fn a_case_that_waits_comes_back_once() {
    let mut ledger = waiting();
    let decision = due(&mut ledger, 1);
    assert_eq!((decision.verdict, decision.case), (Verdict::Done, Some(TEN)));
    assert_eq!(ledger.case(10).phase, Phase::Open);
    assert!(ledger.case(10).timers.iter().all(|timer| timer.due.is_none()), "it runs no more");
    nothing(&due(&mut ledger, 1), "set anew or cleared");
}

#[test]
fn a_timer_that_was_set_anew_counts_from_then() {
    let mut ledger = waiting();
    ledger.set_timer(TEN, Target::Wake, Some("2026-06-01T08:00:00Z".parse().expect("a time")));
    nothing(&due(&mut ledger, 1), "set anew or cleared");
    assert_eq!(ledger.case(10).phase, Phase::Waiting);
    assert_eq!(due(&mut ledger, 2).verdict, Verdict::Done);
}

#[test]
fn whatever_ends_the_waiting_ends_the_timer() {
    type Happens = fn(&mut Ledger) -> Decision;
    let ends: [(&str, Happens); 2] = [
        ("the customer answers", |ledger| ledger.mail(&Mail::new("a2", "anna@shop.example").replies_to(&["a1"]))),
        ("staff close", |ledger| ledger.command(Verb::on(TEN, Action::Close { text: None }))),
    ];
    for (what, happens) in ends {
        let mut ledger = waiting();
        let decision = happens(&mut ledger);
        let cleared = Effect::ClearTimer { case: TEN, target: Target::Wake };
        assert_eq!(decision.effects.iter().filter(|effect| **effect == cleared).count(), 1, "{what}");
        let phase = ledger.case(10).phase;
        nothing(&due(&mut ledger, 1), "set anew or cleared");
        assert_eq!(ledger.case(10).phase, phase, "{what}");
    }
}

#[test]
fn an_answer_by_staff_leaves_the_timer() {
    let mut ledger = waiting();
    ledger.command(Verb::on(TEN, Action::Reply { text: "And plug it in again.".to_owned() }));
    assert_eq!(due(&mut ledger, 1).verdict, Verdict::Done);
}

#[test]
fn a_timer_of_an_unknown_case_decides_nothing() {
    let mut ledger = Ledger::new();
    nothing(&due(&mut ledger, 1), "not known");
}
