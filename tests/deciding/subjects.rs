//! B23: replies under another subject.

use postcase::case::decision::LinkKind;
use postcase::case::{Action, Audience, CaseNumber, NewPost, Phase, PostKind, Verb, Verdict};
use postcase::mail::{ClueKind, Pointer};
use postcase::rules::ChangedSubject;

use crate::ledger::{Ledger, Mail};

const OTHER: &str = "Vacation plans for summer";

/// One case of Anna's, 10, about a printer; what the queue does is `policy`.
fn desk(policy: ChangedSubject) -> Ledger {
    let mut ledger = Ledger::new();
    ledger.policy.desk.queues[0].changed_subject = policy;
    ledger.mail(&Mail::new("a1", "anna@shop.example").subject("Printer on fire"));
    ledger
}

fn reply(id: &str, subject: &str) -> Mail {
    Mail::new(id, "anna@shop.example").subject(subject).replies_to(&["a1"])
}

fn notes(ledger: &Ledger) -> Vec<&NewPost> {
    ledger.posts.iter().filter(|post| post.kind == PostKind::Note).collect()
}

#[test]
fn it_stays_in_its_case_and_staff_are_told_how_to_part_it() {
    let mut ledger = desk(ChangedSubject::Note);
    let decision = ledger.mail(&reply("a2", OTHER));
    assert_eq!((decision.verdict, decision.case), (Verdict::Append, Some(CaseNumber(10))));
    let [note] = notes(&ledger)[..] else { panic!("one note") };
    assert_eq!(note.audience, Audience::Internal);
    assert!(note.text.contains("postcase case split 10 "), "{}", note.text);
    assert!(note.text.contains("#split") && note.text.contains(OTHER));
    assert!(!decision.trace.iter().any(|said| said.contains("Vacation")), "traces do not quote (L11)");
    // The note is no mail: who answers the reply is still let in by it.
    assert_eq!(ledger.messages.last().unwrap().audience, Some(Audience::Public));
}

#[test]
fn it_is_told_once() {
    let mut ledger = desk(ChangedSubject::Note);
    ledger.mail(&reply("a2", OTHER));
    ledger.mail(&Mail::new("a3", "anna@shop.example").subject(&format!("Re: {OTHER}")).replies_to(&["a1", "a2"]));
    ledger.mail(&Mail::new("a4", "anna@shop.example").subject("Re: Printer on fire").replies_to(&["a1", "a2"]));
    assert_eq!(notes(&ledger).len(), 1);
}

#[test]
fn what_says_nothing_or_nothing_new_is_not_changed() {
    for subject in [
        "",
        "Re:",
        "(no subject)",
        "AW: (kein Betreff)",
        "Thanks!",
        "Re: We have received your message [Case 10]",
        "AW: Wir haben Ihre Nachricht erhalten",
        "Re: Example Support [Case 10]",
        "Sv: Printer",
        "The printers are cold again",
        "Any news?",
        "Fwd: FIRE!",
    ] {
        for policy in [ChangedSubject::Note, ChangedSubject::NewCase] {
            let mut ledger = desk(policy);
            let decision = ledger.mail(&reply("a2", subject));
            assert_eq!(decision.case, Some(CaseNumber(10)), "{subject}");
            assert!(notes(&ledger).is_empty(), "{subject}");
        }
    }
}

#[test]
fn by_policy_it_is_a_case_of_its_own_from_then_on() {
    let mut ledger = desk(ChangedSubject::NewCase);
    let decision = ledger.mail(&reply("a2", OTHER));
    assert_eq!((decision.verdict, decision.case), (Verdict::Open, Some(CaseNumber(11))));
    assert_eq!(decision.letters.len(), 1, "a new case is acknowledged");
    assert_eq!(ledger.case(11).subject, OTHER);
    let parted = [(CaseNumber(11), CaseNumber(10), LinkKind::Apart)];
    assert_eq!(ledger.links, parted);
    for (id, answers, case) in [("a3", "a2", 11), ("a4", "a1", 10), ("a5", "a3", 11), ("a6", "a4", 10)] {
        let decision = ledger.mail(&Mail::new(id, "anna@shop.example").subject("Re:").replies_to(&[answers]));
        assert_eq!(decision.case, Some(CaseNumber(case)), "{id}: {:?}", decision.trace);
    }
    let both = ledger.mail(&Mail::new("a7", "anna@shop.example").subject("Re:").replies_to(&["a1", "a2"]));
    assert_eq!(both.case, Some(CaseNumber(11)));
    assert_eq!(ledger.links, parted, "nobody proposes to put them together again");
    assert!(notes(&ledger).is_empty());
}

#[test]
fn cases_that_nobody_knows_the_number_of_stay_parted_too() {
    let mut ledger = Ledger::quiet();
    ledger.policy.desk.queues[0].changed_subject = ChangedSubject::NewCase;
    ledger.mail(&Mail::new("a1", "anna@shop.example").subject("Printer on fire"));
    ledger.mail(&reply("a2", OTHER));
    ledger.mail(&Mail::new("a3", "anna@shop.example").subject("Re:").replies_to(&["a1", "a2"]));
    assert_eq!(ledger.cases.len(), 2);
    assert_eq!(ledger.posts.last().unwrap().case, CaseNumber(11));
}

#[test]
fn who_names_the_case_stays_in_it() {
    let mut ledger = desk(ChangedSubject::NewCase);
    let new = Mail::new("n", "anna@shop.example").subject(&format!("[Case 10] {OTHER}"));
    ledger.mail(&new.clue(ClueKind::CaseNumberInSubject, Pointer::Number(10)));
    assert!(notes(&ledger).is_empty(), "she names it in a mail of her own");
    let named = reply("a2", "[Case 10] Sunday opening").clue(ClueKind::CaseNumberInSubject, Pointer::Number(10));
    assert_eq!(ledger.mail(&named).case, Some(CaseNumber(10)));
    assert_eq!(notes(&ledger).len(), 1);
}

#[test]
fn a_stranger_gets_no_case_by_it() {
    let mut ledger = desk(ChangedSubject::NewCase);
    let pointer = ledger.sent(9000, 10, Audience::Public, &[]);
    let mail = Mail::new("e", "eve@gmail.com").subject(OTHER).clue(ClueKind::ReferenceInNearestQuote, pointer);
    let decision = ledger.mail(&mail);
    assert_eq!(decision.case, Some(CaseNumber(10)));
    assert!(ledger.posts.iter().any(|post| post.stranger) && decision.letters.is_empty());
}

#[test]
fn a_closed_case_is_opened_again_for_it_only_where_it_stays() {
    for (policy, case, phase) in [(ChangedSubject::Note, 10, Phase::Open), (ChangedSubject::NewCase, 11, Phase::Closed)]
    {
        let mut ledger = desk(policy);
        ledger.command(Verb::on(CaseNumber(10), Action::Close { text: None }));
        assert_eq!(ledger.mail(&reply("a2", OTHER)).case, Some(CaseNumber(case)));
        assert_eq!(ledger.case(10).phase, phase);
    }
}
