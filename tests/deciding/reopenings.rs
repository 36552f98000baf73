//! B22: whom a machine tells that a closed case is open again.

use postcase::case::{Action, CaseNumber, Decision, Template, Verb};

use crate::ledger::{Ledger, Mail, address};

fn said(decision: &Decision, words: &str) -> bool {
    decision.trace.iter().any(|sentence| sentence.contains(words))
}

/// The others are written to by a machine, though they did not write: the limits hold for each of them.
#[test]
fn of_a_reopening_only_those_hear_who_may_be_written_to() {
    let told = |decision: &Decision| {
        let letter = decision.letters.iter().find(|letter| letter.template == Template::Reopened);
        let all = letter.into_iter().flat_map(|letter| letter.to.iter().chain(&letter.cc));
        all.map(|named| named.address.to_string()).collect::<Vec<String>>()
    };
    let played = |by_hand: fn(&mut Ledger)| {
        let mut ledger = Ledger::new();
        ledger.mail(&Mail::new("a1", "anna@shop.example").cc(&["bob@shop.example", "carl@law.example"]));
        ledger.command(Verb::on(CaseNumber(10), Action::Close { text: Some("Fixed.".to_owned()) }));
        by_hand(&mut ledger);
        ledger.mail(&Mail::new("a2", "anna@shop.example").replies_to(&["a1"]))
    };
    assert_eq!(told(&played(|_| {})), ["anna@shop.example", "bob@shop.example", "carl@law.example"]);
    let bounced = played(|ledger| {
        ledger.undeliverable.insert(address("bob@shop.example"));
    });
    assert_eq!(told(&bounced), ["anna@shop.example", "carl@law.example"]);
    assert!(said(&bounced, "1 of the others who take part are not told"), "{:?}", bounced.trace);
    let limited = played(|ledger| {
        ledger.answered.insert(address("carl@law.example"), 3);
    });
    assert_eq!(told(&limited), ["anna@shop.example", "bob@shop.example"]);
    assert!(said(&limited, "`per_address_hour`"), "{:?}", limited.trace);
    // So too where the author hears nothing, and where nobody is left.
    let alone = played(|ledger| {
        ledger.speaker.answers_hour = 3;
        ledger.undeliverable.insert(address("bob@shop.example"));
    });
    assert_eq!(told(&alone), ["carl@law.example"]);
    let nobody = played(|ledger| {
        ledger.speaker.answers_hour = 3;
        ledger.undeliverable.extend([address("bob@shop.example"), address("carl@law.example")]);
    });
    assert!(told(&nobody).is_empty(), "{:?}", nobody.trace);
}
