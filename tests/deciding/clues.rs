//! B19, B20: which clue decides when several speak, and who may use which.

use postcase::case::decision::LinkKind;
use postcase::case::{Action, Audience, CaseNumber, Phase, Verb, Verdict};
use postcase::mail::{ClueKind, Kind, MessageId, Pointer, SentId};

use crate::ledger::{Ledger, Mail};

const KINDS: [ClueKind; 10] = [
    ClueKind::ReferenceInReplyAddress,
    ClueKind::ReferenceInSubject,
    ClueKind::OwnIdInReplyTo,
    ClueKind::OwnIdReturned,
    ClueKind::ReferenceInNearestQuote,
    ClueKind::OwnIdInReferences,
    ClueKind::ForeignId,
    ClueKind::ThreadIndex,
    ClueKind::ReferenceInDeeperQuote,
    ClueKind::CaseNumberInSubject,
];

/// Two cases of Anna's, 10 and 11, each of a thread of its own.
fn two_cases() -> Ledger {
    let mut ledger = Ledger::new();
    ledger.mail(&Mail::new("a1", "anna@shop.example").thread("thread 10"));
    ledger.mail(&Mail::new("a2", "anna@shop.example").thread("thread 11"));
    ledger
}

/// A clue of this kind that points at case 10 or 11.
fn pointing(ledger: &mut Ledger, mail: Mail, kind: ClueKind, case: u64) -> Mail {
    match kind {
        ClueKind::ForeignId => mail.replies_to(&[if case == 10 { "a1" } else { "a2" }]),
        ClueKind::ThreadIndex => mail.thread(&format!("thread {case}")),
        ClueKind::CaseNumberInSubject => mail.clue(kind, Pointer::Number(case)),
        ClueKind::ReferenceInReplyAddress
        | ClueKind::ReferenceInSubject
        | ClueKind::OwnIdInReplyTo
        | ClueKind::OwnIdReturned
        | ClueKind::ReferenceInNearestQuote
        | ClueKind::OwnIdInReferences
        | ClueKind::ReferenceInDeeperQuote => {
            let id = 9000 + case * 10 + KINDS.iter().position(|known| *known == kind).unwrap() as u64;
            let pointer = ledger.sent(id, case, Audience::Public, &["anna@shop.example"]);
            mail.clue(kind, pointer)
        }
    }
}

#[test]
fn of_every_pair_of_conflicting_clues_the_stronger_decides() {
    for (rank, strong) in KINDS.iter().enumerate() {
        for weak in &KINDS[rank + 1..] {
            for (wins, loses) in [(10, 11), (11, 10)] {
                let mut ledger = two_cases();
                let mail = Mail::new("m", "anna@shop.example");
                let mail = pointing(&mut ledger, mail, *weak, loses);
                let mail = pointing(&mut ledger, mail, *strong, wins);
                let decision = ledger.mail(&mail);
                assert_eq!(decision.case, Some(CaseNumber(wins)), "{strong:?} against {weak:?}: {:?}", decision.trace);
                assert_eq!(decision.verdict, Verdict::Append);
            }
        }
    }
}

#[test]
fn every_kind_of_clue_finds_its_case_alone() {
    for kind in KINDS {
        let mut ledger = two_cases();
        let mail = Mail::new("m", "anna@shop.example");
        let mail = pointing(&mut ledger, mail, kind, 11);
        assert_eq!(ledger.mail(&mail).case, Some(CaseNumber(11)), "{kind:?}");
    }
}

#[test]
fn of_two_references_of_one_kind_the_nearer_decides() {
    let mut ledger = two_cases();
    let near = ledger.sent(9000, 11, Audience::Public, &[]);
    let far = ledger.sent(9001, 10, Audience::Public, &[]);
    let mail = Mail::new("m", "anna@shop.example");
    let mail = mail.clue(ClueKind::OwnIdInReferences, near).clue(ClueKind::OwnIdInReferences, far);
    assert_eq!(ledger.mail(&mail).case, Some(CaseNumber(11)));
}

#[test]
fn a_reference_whose_mail_is_gone_is_noted_and_the_next_clue_counts() {
    let mut ledger = two_cases();
    let mail = Mail::new("m", "anna@shop.example")
        .clue(ClueKind::ReferenceInSubject, Pointer::Sent(SentId(777_777)))
        .clue(ClueKind::CaseNumberInSubject, Pointer::Number(11));
    let decision = ledger.mail(&mail);
    assert_eq!(decision.case, Some(CaseNumber(11)));
    assert!(decision.trace[0].contains("not known any more"), "{:?}", decision.trace);
}

#[test]
fn a_stranger_with_a_valid_reference_is_shown_to_staff_only() {
    for audience in [Audience::Public, Audience::Internal] {
        let mut ledger = two_cases();
        ledger.command(Verb::on(CaseNumber(10), Action::Reply { text: "Which printer?".to_owned() }));
        let pointer = ledger.sent(9000, 10, audience, &[]);
        let from = match audience {
            Audience::Public => "eve@gmail.com",
            Audience::Internal => "anna@shop.example",
        };
        let mail = Mail::new("m", from).cc(&["mallory@gmail.com"]).clue(ClueKind::ReferenceInNearestQuote, pointer);
        let decision = ledger.mail(&mail);
        assert_eq!(decision.case, Some(CaseNumber(10)));
        let post = ledger.posts.last().unwrap();
        assert!(post.stranger);
        assert_eq!(post.audience, Audience::Internal);
        assert_eq!(ledger.participants(10), ["anna@shop.example"]);
        assert_eq!(ledger.case(10).phase, Phase::Open, "staff should look at it");
        assert!(decision.letters.is_empty());
    }
}

#[test]
fn strangers_and_machines_let_nobody_in() {
    for kind in [Kind::Correspondence, Kind::AutoReply] {
        let mut ledger = two_cases();
        let pointer = ledger.sent(9000, 10, Audience::Public, &[]);
        let first = Mail::new("e1", "eve@gmail.com").kind(kind).cc(&["mallory@gmail.com"]);
        assert_eq!(ledger.mail(&first.clue(ClueKind::ReferenceInSubject, pointer)).case, Some(CaseNumber(10)));
        for (number, from) in ["eve@gmail.com", "mallory@gmail.com"].into_iter().enumerate() {
            let next = ledger.mail(&Mail::new(&format!("n{number}"), from).replies_to(&["e1"]));
            assert_eq!((next.case, next.letters.len()), (Some(CaseNumber(10)), 0));
            let post = ledger.posts.last().unwrap();
            assert_eq!((post.stranger, post.audience), (true, Audience::Internal));
        }
        assert_eq!(ledger.participants(10), ["anna@shop.example"]);
        ledger.mail(&Mail::new("a3", "anna@shop.example").replies_to(&["e1"]));
        assert_eq!(ledger.case(10).phase, Phase::New);
    }
}

#[test]
fn whoever_read_an_id_and_knows_an_address_does_not_take_part() {
    let mut ledger = Ledger::new();
    ledger.mail(&Mail::new("a", "anna@gmail.com").cc(&["bob@gmx.de"]));
    ledger.mail(&Mail::new("b", "bob@gmx.de").cc(&["anna@gmail.com"]).replies_to(&["a"]));
    let number = ledger.posts[0].case.0;
    let taking_part = ["anna@gmail.com", "bob@gmx.de"];
    assert_eq!(ledger.participants(number), taking_part);
    let decision = ledger.mail(&Mail::new("m", "mallory@qq.com").cc(&["anna@gmail.com"]).replies_to(&["a"]));
    let post = ledger.posts.last().unwrap();
    assert_eq!((post.stranger, post.audience), (true, Audience::Internal), "{:?}", decision.trace);
    assert_eq!(ledger.participants(number), taking_part);
    assert!(decision.letters.is_empty());
}

#[test]
fn a_colleague_with_a_valid_reference_takes_part() {
    let mut ledger = two_cases();
    let pointer = ledger.sent(9000, 10, Audience::Public, &[]);
    ledger.mail(&Mail::new("m", "bob@shop.example").clue(ClueKind::ReferenceInSubject, pointer));
    assert!(!ledger.posts.last().unwrap().stranger);
    assert_eq!(ledger.participants(10), ["anna@shop.example", "bob@shop.example"]);
}

#[test]
fn a_bare_number_needs_identity() {
    for (from, joins) in [
        ("anna@shop.example", true),
        ("bob@shop.example", true),
        ("eve@other.example", false),
        ("eve@sub.shop.example", false),
    ] {
        let mut ledger = two_cases();
        let mail = Mail::new("m", from).clue(ClueKind::CaseNumberInSubject, Pointer::Number(10));
        let decision = ledger.mail(&mail);
        if joins {
            assert_eq!(decision.case, Some(CaseNumber(10)), "{from}");
        } else {
            assert_eq!(decision.verdict, Verdict::Open, "{from}");
            assert_eq!(ledger.links, [(CaseNumber(12), CaseNumber(10), LinkKind::Related)]);
            assert_eq!(ledger.participants(10), ["anna@shop.example"]);
        }
    }
}

#[test]
fn customers_of_one_public_provider_are_no_organisation() {
    let mut ledger = Ledger::new();
    ledger.mail(&Mail::new("a1", "anna@gmail.com"));
    let by_number = Mail::new("m1", "eve@gmail.com").clue(ClueKind::CaseNumberInSubject, Pointer::Number(10));
    assert_eq!(ledger.mail(&by_number).verdict, Verdict::Open);
    assert_eq!(ledger.mail(&Mail::new("m2", "eve@gmail.com").replies_to(&["a1"])).verdict, Verdict::Open);
    assert_eq!(ledger.links.len(), 2);
    assert!(ledger.links.iter().all(|(_, to, kind)| to.0 == 10 && *kind == LinkKind::Related));
}

#[test]
fn a_thread_joins_those_who_take_part_and_their_colleagues() {
    for (from, cc, joins) in [
        ("anna@shop.example", &[][..], true),
        ("carol@shop.example", &[], true),
        ("bob@gmail.com", &[], true),
        ("eve@gmail.com", &[], false),
        ("eve@gmail.com", &["zoe@gmail.com"], false),
    ] {
        let mut ledger = Ledger::new();
        ledger.mail(&Mail::new("a1", "anna@shop.example").cc(&["bob@gmail.com"]).thread("t"));
        let decision = ledger.mail(&Mail::new("m", from).cc(cc).thread("t"));
        assert_eq!(decision.verdict, if joins { Verdict::Append } else { Verdict::Open }, "{from}");
        if joins {
            assert!(decision.trace[0].contains("(Thread-Index)"), "{:?}", decision.trace);
        } else {
            assert_eq!(ledger.links, [(CaseNumber(11), CaseNumber(10), LinkKind::Related)]);
        }
    }
}

#[test]
fn whoever_knows_a_thread_and_an_address_does_not_take_part() {
    let mut ledger = Ledger::new();
    ledger.mail(&Mail::new("a", "anna@gmail.com").thread("t"));
    let decision = ledger.mail(&Mail::new("m", "mallory@qq.com").cc(&["anna@gmail.com"]).thread("t"));
    assert_eq!(decision.case, Some(CaseNumber(10)));
    let post = ledger.posts.last().unwrap();
    assert_eq!((post.stranger, post.audience), (true, Audience::Internal), "{:?}", decision.trace);
    assert_eq!(ledger.participants(10), ["anna@gmail.com"]);
    assert!(decision.letters.is_empty());
}

#[test]
fn who_takes_part_in_the_case_needs_no_address_in_common_with_the_thread() {
    let mut ledger = Ledger::new();
    ledger.mail(&Mail::new("a1", "anna@gmail.com").thread("t"));
    let pointer = ledger.sent(9000, 10, Audience::Public, &["anna@gmail.com"]);
    let answer = Mail::new("a2", "anna@gmail.com").cc(&["bob@gmail.com"]);
    ledger.mail(&answer.clue(ClueKind::ReferenceInNearestQuote, pointer));
    assert_eq!(ledger.mail(&Mail::new("b", "bob@gmail.com").thread("t")).case, Some(CaseNumber(10)));
}

#[test]
fn a_subaddress_of_ours_is_nobody_outside() {
    let mut ledger = two_cases();
    let pointer = ledger.sent(9000, 10, Audience::Public, &["anna@shop.example"]);
    let mail = Mail::new("m", "anna@shop.example").to(&["support+ref.anything@desk.example"]);
    let decision = ledger.mail(&mail.clue(ClueKind::ReferenceInReplyAddress, pointer));
    assert_eq!(decision.case, Some(CaseNumber(10)));
    assert_eq!(ledger.participants(10), ["anna@shop.example"]);
    let forged = ledger.mail(&Mail::new("f", "support+x@desk.example"));
    assert_eq!(forged.verdict, Verdict::Hold, "From is one of our own addresses");
    let sales = ledger.mail(&Mail::new("s", "zoe@shop.example").to(&["sales+x@desk.example"]));
    assert!(sales.trace.iter().any(|said| said.contains("`sales`")), "{:?}", sales.trace);
}

#[test]
fn a_number_of_no_case_is_passed_over() {
    let mut ledger = two_cases();
    let mail = Mail::new("m", "anna@shop.example").clue(ClueKind::CaseNumberInSubject, Pointer::Number(99));
    assert_eq!(ledger.mail(&mail).verdict, Verdict::Open);
    assert!(ledger.links.is_empty());
}

#[test]
fn a_foreign_id_joins_those_who_take_part_and_their_colleagues() {
    for (from, joins) in
        [("anna@shop.example", true), ("carol@shop.example", true), ("bob@gmail.com", true), ("eve@gmail.com", false)]
    {
        let mut ledger = Ledger::new();
        ledger.mail(&Mail::new("a1", "anna@shop.example").cc(&["bob@gmail.com"]));
        let decision = ledger.mail(&Mail::new("m", from).replies_to(&["a1"]));
        assert_eq!(decision.verdict, if joins { Verdict::Append } else { Verdict::Open }, "{from}");
    }
}

#[test]
fn taking_part_in_the_case_is_enough_where_the_conversation_is_not_known() {
    // Bob came into the case by Anna's answer to us, which does not refer to her first mail.
    let mut ledger = Ledger::new();
    ledger.mail(&Mail::new("a1", "anna@gmail.com"));
    let pointer = ledger.sent(9000, 10, Audience::Public, &["anna@gmail.com"]);
    let answer = Mail::new("a2", "anna@gmail.com").cc(&["bob@gmail.com"]);
    ledger.mail(&answer.clue(ClueKind::ReferenceInNearestQuote, pointer));
    assert_eq!(ledger.mail(&Mail::new("b", "bob@gmail.com").replies_to(&["a1"])).case, Some(CaseNumber(10)));
}

#[test]
fn a_numbers_case_may_have_been_merged_away() {
    let mut ledger = Ledger::quiet();
    ledger.mail(&Mail::new("r1", "bob@x.example").replies_to(&["a1"]).cc(&["anna@shop.example"]));
    ledger.mail(&Mail::new("r2", "carl@y.example").replies_to(&["a1"]));
    assert_eq!(ledger.cases.len(), 2);
    ledger.mail(&Mail::new("a1", "anna@shop.example").cc(&["bob@x.example", "carl@y.example"]));
    assert_eq!(ledger.cases.len(), 1, "all of one conversation, and nobody knew the numbers");
    let mail = Mail::new("m", "carl@y.example").clue(ClueKind::CaseNumberInSubject, Pointer::Number(11));
    assert_eq!(ledger.mail(&mail).case, Some(CaseNumber(10)));
    let reply = ledger.command(Verb::on(CaseNumber(11), Action::Note { text: "Seen.".to_owned() }));
    assert_eq!(reply.case, Some(CaseNumber(10)));
}

#[test]
fn an_acknowledged_case_is_not_merged_but_proposed() {
    let mut ledger = Ledger::new();
    ledger.mail(&Mail::new("r1", "bob@x.example").replies_to(&["a1"]));
    ledger.mail(&Mail::new("r2", "carl@y.example").replies_to(&["a1"]));
    let decision = ledger.mail(&Mail::new("a1", "anna@shop.example").cc(&["bob@x.example", "carl@y.example"]));
    assert_eq!(decision.case, Some(CaseNumber(10)));
    assert_eq!(ledger.links, [(CaseNumber(10), CaseNumber(11), LinkKind::SameConversation)]);
}

#[test]
fn the_nearest_of_several_cases_takes_the_post() {
    let mut ledger = two_cases();
    let mail = Mail::new("m", "anna@shop.example").replies_to(&["a1", "a2"]);
    assert_eq!(ledger.mail(&mail).case, Some(CaseNumber(11)), "In-Reply-To names case 11");
    assert_eq!(ledger.links, [(CaseNumber(11), CaseNumber(10), LinkKind::SameConversation)]);
}

#[test]
fn an_open_case_is_nearer_than_a_closed_one() {
    let mut ledger = two_cases();
    ledger.command(Verb::on(CaseNumber(11), Action::Close { text: None }));
    let mail = Mail::new("m", "anna@shop.example").replies_to(&["a1", "a2"]);
    assert_eq!(ledger.mail(&mail).case, Some(CaseNumber(10)));
    assert_eq!(ledger.links, [(CaseNumber(10), CaseNumber(11), LinkKind::Related)]);
}

#[test]
fn held_mail_gives_its_conversation_no_case() {
    let mut ledger = Ledger::new();
    let held = ledger.mail(&Mail::new("h", crate::ledger::DESK).cc(&["anna@shop.example"]));
    assert_eq!(held.verdict, Verdict::Hold);
    assert_eq!(ledger.mail(&Mail::new("m", "anna@shop.example").replies_to(&["h"])).verdict, Verdict::Open);
}

#[test]
fn an_automatic_reply_finds_its_case_by_reference_and_by_conversation() {
    let mut ledger = two_cases();
    let pointer = ledger.sent(9000, 10, Audience::Public, &[]);
    let by_reference = Mail::new("o1", "anna@shop.example").kind(Kind::AutoReply);
    assert_eq!(ledger.mail(&by_reference.clue(ClueKind::OwnIdInReplyTo, pointer)).case, Some(CaseNumber(10)));
    let by_conversation = Mail::new("o2", "anna@shop.example").kind(Kind::AutoReply).replies_to(&["a2"]);
    assert_eq!(ledger.mail(&by_conversation).case, Some(CaseNumber(11)));
}

#[test]
fn the_ids_of_a_mail_without_clues_do_not_matter_to_others() {
    let mut ledger = Ledger::new();
    let empty =
        |from: &str| Mail::new("", from).with(|arrived| arrived.reading.message.references = Vec::<MessageId>::new());
    assert_eq!(ledger.mail(&empty("anna@shop.example")).verdict, Verdict::Open);
    assert_eq!(ledger.mail(&empty("anna@shop.example")).verdict, Verdict::Open, "no id matches nothing (B5)");
}
