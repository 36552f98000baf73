//! What becomes of mail by its kind (B5, B14, B15, B22, B25, B26, B29).

use postcase::case;
use postcase::case::decision::{Effect, LinkKind};
use postcase::case::event::{Matter, Refusal, Undeliverable};
use postcase::case::letter::{Hand, Letter};
use postcase::case::{
    Audience, CaseNumber, Decision, EntryId, OutboxId, Phase, PostId, PostKind, Template, Verb, Verdict,
};
use postcase::mail::{Action, ClueKind, Kind, Language, Pointer, ReportedRecipient, SentId};

use crate::ledger::{DESK, FORM, Ledger, Mail, SALES, address, id, named};

fn said(decision: &Decision, words: &str) -> bool {
    decision.trace.iter().any(|sentence| sentence.contains(words))
}

fn only_letter(decision: &Decision) -> &Letter {
    assert_eq!(decision.letters.len(), 1, "{:?}", decision.trace);
    &decision.letters[0]
}

#[test]
fn a_new_request_becomes_an_acknowledged_case() {
    let mut ledger = Ledger::new();
    let mail = Mail::new("a1", "anna@shop.example")
        .subject("AW: [Case 3] Drucker")
        .cc(&["bob@shop.example", DESK, "noreply@shop.example"])
        .with(|arrived| {
            arrived.reading.language = Some(Language("de".to_owned()));
            arrived.reading.message.from[0].name = Some("Anna Berg".to_owned());
            arrived.reading.message.references = vec![id("r1"), id("r2")];
        });
    let decision = ledger.mail(&mail);
    assert_eq!((decision.verdict, decision.case), (Verdict::Open, Some(CaseNumber(10))));
    assert_eq!(ledger.case(10).subject, "Drucker");
    assert_eq!(ledger.participants(10), ["anna@shop.example", "bob@shop.example"]);
    assert!(ledger.case(10).participants[0].requester && !ledger.case(10).participants[1].requester);
    let letter = only_letter(&decision);
    assert_eq!((letter.template, letter.hand), (Template::Acknowledged, Hand::Machine));
    assert_eq!((letter.id, letter.post), (SentId(256), Some(PostId(256))));
    assert_eq!(letter.to.iter().map(|to| to.address.as_str()).collect::<Vec<_>>(), ["anna@shop.example"]);
    assert!(letter.cc.is_empty() && letter.quotes.is_empty());
    assert_eq!(letter.language, Language("de".to_owned()));
    assert_eq!(letter.in_reply_to, Some(id("a1")));
    assert_eq!(letter.references, [id("r1"), id("r2"), id("a1")]);
    assert_eq!(letter.from.address, address(DESK));
    assert_eq!(letter.facts.recipient_name.as_deref(), Some("Anna Berg"));
    assert_eq!(
        letter.facts.answer_time.as_deref(),
        Some("within a day"),
        "the desk's own language where one is missing"
    );
}

#[test]
fn an_advertisement_in_the_name_is_not_delivered() {
    let mut ledger = Ledger::new();
    let mail = Mail::new("a1", "anna@shop.example");
    let decision = ledger.mail(&mail.with(|arrived| {
        arrived.reading.message.from[0].name = Some("Win 1000 at www.spam.example".to_owned());
        arrived.reading.language = Some(Language("ja".to_owned()));
    }));
    let letter = only_letter(&decision);
    assert_eq!((letter.to[0].name.as_ref(), letter.facts.recipient_name.as_ref()), (None, None));
    assert_eq!(letter.language, Language("en".to_owned()), "the desk writes no Japanese");
}

#[test]
fn why_nobody_is_acknowledged_is_said() {
    type Change = fn(&mut Ledger, Mail) -> Mail;
    let changes: [(Change, &str); 10] = [
        (
            |ledger, mail| {
                ledger.policy.desk.acknowledgement.enabled = false;
                mail
            },
            "does not acknowledge",
        ),
        (|_, mail| mail.with(|arrived| arrived.silent = true), "silently"),
        (|_, mail| mail.with(|arrived| arrived.reading.may_answer = false), "safely"),
        (
            |_, mail| mail.with(|arrived| arrived.reading.may_answer = false).field("X-Auto-Response-Suppress", "All"),
            "asks for none",
        ),
        (|_, mail| mail.with(|arrived| arrived.reading.message.from.clear()), "nobody outside"),
        (
            |_, mail| mail.with(|arrived| arrived.reading.message.from = vec![named("no-reply@shop.example")]),
            "nobody reads",
        ),
        (
            |ledger, mail| {
                ledger.undeliverable.insert(address("anna@shop.example"));
                mail
            },
            "came back before",
        ),
        (
            |ledger, mail| {
                ledger.speaker.answers_hour = 3;
                mail
            },
            "per_address_hour",
        ),
        (
            |ledger, mail| {
                ledger.speaker.answers_day = 10;
                mail
            },
            "per_address_day",
        ),
        (
            |ledger, mail| {
                ledger.policy.desk.acknowledgement.per_desk_hour = 0;
                mail
            },
            "per_desk_hour",
        ),
    ];
    for (change, words) in changes {
        let mut ledger = Ledger::new();
        let mail = change(&mut ledger, Mail::new("a1", "anna@shop.example"));
        let decision = ledger.mail(&mail);
        assert_eq!(decision.verdict, Verdict::Open, "the case is made all the same");
        assert!(decision.letters.is_empty() && said(&decision, words), "{words}: {:?}", decision.trace);
    }
}

#[test]
fn who_writes_again_is_deliverable_again() {
    let mut ledger = Ledger::new();
    ledger.undeliverable.insert(address("anna@shop.example"));
    ledger.mail(&Mail::new("a1", "anna@shop.example"));
    assert!(ledger.undeliverable.is_empty());
}

#[test]
fn the_queue_is_that_of_the_first_address_that_has_one() {
    for (to, cc, queue) in [
        (vec![DESK, SALES], vec![], "support"),
        (vec!["x@y.example", SALES], vec![DESK], "sales"),
        (vec!["x@y.example"], vec![SALES], "sales"),
        (vec!["x@y.example"], vec![], "support"),
    ] {
        for mailbox in ["support", "sales"] {
            let mut ledger = Ledger::new();
            let mail = Mail::new("a1", "anna@shop.example").to(&to).cc(&cc);
            ledger.mail(&mail.with(|arrived| arrived.mailbox = Some(mailbox.to_owned())));
            assert_eq!(ledger.case(10).queue, queue, "{to:?} {cc:?}");
        }
    }
}

#[test]
fn one_mail_brings_a_bounded_number_of_people() {
    let mut ledger = Ledger::new();
    let crowd: Vec<String> = (0..50).map(|number| format!("p{number}@x.example")).collect();
    let crowd: Vec<&str> = crowd.iter().map(String::as_str).collect();
    let decision = ledger.mail(&Mail::new("a1", "anna@shop.example").cc(&crowd));
    assert_eq!(ledger.participants(10), ["anna@shop.example", "p0@x.example", "p1@x.example", "p2@x.example"]);
    assert!(said(&decision, "limit `participants`"));
}

#[test]
fn the_same_message_again_is_a_duplicate_in_its_case() {
    let mut ledger = Ledger::new();
    let mail = Mail::new("a1", "anna@shop.example");
    ledger.mail(&mail);
    let again = ledger.mail(&mail);
    assert_eq!((again.verdict, again.case), (Verdict::Duplicate, Some(CaseNumber(10))));
    assert_eq!(again.effects, [Effect::IndexMail { entry: EntryId(2), post: PostId(256) }]);
    assert!(again.letters.is_empty());
}

#[test]
fn another_message_under_the_same_id_is_kept_and_flagged() {
    let mut ledger = Ledger::new();
    ledger.mail(&Mail::new("a1", "anna@shop.example"));
    let other = Mail::new("a1", "anna@shop.example").with(|arrived| arrived.reading.content_hash = "other".to_owned());
    let decision = ledger.mail(&other);
    assert_eq!(decision.verdict, Verdict::Open);
    assert!(said(&decision, "same Message-ID"));
}

#[test]
fn mail_without_an_id_matches_nothing() {
    let mut ledger = Ledger::new();
    let mail = Mail::new("", "anna@shop.example");
    assert_eq!(ledger.mail(&mail).verdict, Verdict::Open);
    assert_eq!(ledger.mail(&mail).verdict, Verdict::Open);
}

#[test]
fn unsigned_mail_from_us_is_held_and_its_copy_is_a_duplicate() {
    let mut ledger = Ledger::new();
    let mail = Mail::new("a1", DESK);
    let decision = ledger.mail(&mail);
    assert_eq!(decision.verdict, Verdict::Hold);
    assert!(matches!(&decision.effects[..], [Effect::Hold { entry: EntryId(1), .. }]));
    assert_eq!(ledger.mail(&mail).verdict, Verdict::Duplicate);
    let among_others = Mail::new("a2", "anna@shop.example");
    let among_others = among_others.with(|arrived| arrived.reading.message.from.push(named(DESK)));
    assert_eq!(ledger.mail(&among_others).verdict, Verdict::Hold);
}

#[test]
fn a_duplicate_goes_to_the_copy_that_has_a_post() {
    let mut ledger = Ledger::new();
    let mail = Mail::new("a1", DESK);
    ledger.mail(&mail);
    ledger.mail(&mail);
    ledger.release(EntryId(2), &mail);
    let third = ledger.mail(&mail);
    assert_eq!((third.verdict, third.case), (Verdict::Duplicate, Some(CaseNumber(10))));
}

#[test]
fn a_form_speaks_for_the_contact_in_its_reply_to() {
    for form in [FORM, SALES] {
        let mut ledger = Ledger::new();
        let mail = Mail::new("f1", form).with(|arrived| {
            arrived.reading.message.reply_to = vec![named(DESK), named("anna@shop.example")];
        });
        let decision = ledger.mail(&mail);
        assert_eq!(decision.verdict, Verdict::Open);
        assert_eq!(ledger.participants(10), ["anna@shop.example"]);
        assert_eq!(only_letter(&decision).to[0].address, address("anna@shop.example"));
        let nobody = Mail::new("f2", form).with(|arrived| arrived.reading.message.reply_to = vec![named(DESK)]);
        assert!(ledger.mail(&nobody).letters.is_empty());
        assert!(ledger.participants(11).is_empty());
    }
}

#[test]
fn reply_to_gives_nobody_else_an_identity() {
    let mut ledger = Ledger::new();
    ledger.mail(&Mail::new("a1", "anna@shop.example"));
    let mail = Mail::new("e1", "eve@gmail.com").replies_to(&["a1"]);
    let mail = mail.with(|arrived| arrived.reading.message.reply_to = vec![named("anna@shop.example")]);
    assert_eq!(ledger.mail(&mail).verdict, Verdict::Open);
}

#[test]
fn our_own_mail_is_recorded() {
    let mut ledger = Ledger::new();
    let decision = ledger.mail(&Mail::new("a1", DESK).kind(Kind::Own));
    assert_eq!((decision.verdict, decision.effects.len(), decision.letters.len()), (Verdict::Recorded, 0, 0));
}

#[test]
fn automatic_mail_without_a_case_is_recorded_and_machines_get_a_silent_case() {
    for (kind, verdict) in [
        (Kind::AutoReply, Verdict::Recorded),
        (Kind::DeliveryReport, Verdict::Recorded),
        (Kind::DispositionReport, Verdict::Recorded),
        (Kind::FeedbackReport, Verdict::Recorded),
        (Kind::AutoGenerated, Verdict::Open),
        (Kind::List, Verdict::Open),
        (Kind::Calendar, Verdict::Open),
    ] {
        let mut ledger = Ledger::new();
        let decision = ledger.mail(&Mail::new("a1", "anna@shop.example").cc(&["members@list.example"]).kind(kind));
        assert_eq!(decision.verdict, verdict, "{kind:?}");
        assert_eq!(decision.letters.len(), usize::from(kind == Kind::Calendar), "{kind:?}");
        if matches!(kind, Kind::List | Kind::AutoGenerated) {
            assert_eq!(ledger.participants(10), ["anna@shop.example"]);
        }
    }
}

#[test]
fn automatic_mail_never_changes_a_phase() {
    for kind in [Kind::AutoReply, Kind::AutoGenerated, Kind::List, Kind::DispositionReport, Kind::FeedbackReport] {
        let reply = Verb::on(CaseNumber(10), case::Action::Reply { text: "Which?".to_owned() });
        let close = Verb::on(CaseNumber(10), case::Action::Close { text: None });
        for (verb, phase) in [(reply, Phase::Waiting), (close, Phase::Closed)] {
            let mut ledger = Ledger::new();
            ledger.mail(&Mail::new("a1", "anna@shop.example"));
            ledger.command(verb);
            ledger.pass_days(100);
            let decision = ledger.mail(&Mail::new("m", "anna@shop.example").kind(kind).replies_to(&["a1"]));
            assert_eq!(decision.case, Some(CaseNumber(10)));
            assert_eq!(ledger.case(10).phase, phase, "{kind:?}");
            let post = ledger.posts.last().unwrap();
            assert_eq!((post.kind, post.audience), (PostKind::Automatic, Audience::Internal));
            assert!(decision.letters.is_empty());
        }
    }
}

fn bounce(action: Action, status: Option<&str>, recipient: &str, pointer: Option<Pointer>) -> Mail {
    let mail = Mail::new("b1", "mailer-daemon@mx.example").kind(Kind::DeliveryReport).with(|arrived| {
        arrived.reading.report = vec![ReportedRecipient {
            recipient: Some(recipient.to_owned()),
            action,
            status: status.map(str::to_owned),
            original_message_id: None,
        }];
    });
    match pointer {
        Some(pointer) => mail.clue(ClueKind::OwnIdInReferences, pointer),
        None => mail,
    }
}

#[test]
fn a_bounce_marks_the_address_only_when_it_proves_a_final_failure_of_our_mail() {
    for (action, status, recipient, proven, marks) in [
        (Action::Failed, Some("5.1.1"), "anna@shop.example", true, true),
        (Action::Failed, None, "anna@shop.example", true, true),
        (Action::Failed, Some("4.4.7"), "anna@shop.example", true, false),
        (Action::Delayed, Some("4.4.1"), "anna@shop.example", true, false),
        (Action::Delivered, Some("2.0.0"), "anna@shop.example", true, false),
        (Action::Failed, Some("5.1.1"), "bob@shop.example", true, false),
        (Action::Failed, Some("5.1.1"), "anna@shop.example", false, false),
    ] {
        let mut ledger = Ledger::new();
        ledger.mail(&Mail::new("a1", "anna@shop.example"));
        let ours = ledger.sent[0].id;
        let decision = ledger.mail(&bounce(action, status, recipient, proven.then_some(Pointer::Sent(ours))));
        assert_eq!(decision.verdict, if proven { Verdict::Filed } else { Verdict::Recorded });
        assert_eq!(ledger.undeliverable.contains(&address(recipient)), marks, "{action:?} {status:?} {recipient}");
        assert_eq!(ledger.posts.last().unwrap().author_text.contains("could not be delivered"), marks);
        assert!(decision.letters.is_empty());
    }
}

#[test]
fn a_refusal_is_noted_on_its_case_and_marks_an_address_that_does_not_exist() {
    for (reply, marks) in
        [("550 5.1.1 no such user", true), ("550 5.7.1 not wanted", false), ("no answer in 5 days", false)]
    {
        let mut ledger = Ledger::new();
        ledger.mail(&Mail::new("a1", "anna@shop.example"));
        let mail = OutboxId(ledger.sent[0].id.0);
        let recipient = address("anna@shop.example");
        let refusals = vec![Refusal { recipient, reply: reply.to_owned() }];
        let decision = ledger.refuse(Undeliverable { mail, refusals });
        assert_eq!((decision.verdict, decision.case), (Verdict::Filed, Some(CaseNumber(10))));
        let note = ledger.posts.last().unwrap();
        assert_eq!((note.kind, note.audience, note.author.as_ref()), (PostKind::Note, Audience::Internal, None));
        assert!(note.text.contains(reply));
        assert_eq!(ledger.undeliverable.len(), usize::from(marks), "{reply}");
    }
    let mut ledger = Ledger::new();
    let gone = ledger.refuse(Undeliverable { mail: OutboxId(7), refusals: Vec::new() });
    assert_eq!(gone.verdict, Verdict::Recorded);
}

#[test]
fn a_reply_opens_a_waiting_case_and_leaves_a_new_one_new() {
    let mut ledger = Ledger::new();
    ledger.mail(&Mail::new("a1", "anna@shop.example"));
    let reply = ledger.mail(&Mail::new("a2", "anna@shop.example").cc(&["bob@gmail.com"]).replies_to(&["a1"]));
    assert_eq!((reply.verdict, reply.letters.len()), (Verdict::Append, 0));
    assert_eq!(ledger.case(10).phase, Phase::New);
    assert_eq!(ledger.participants(10), ["anna@shop.example", "bob@gmail.com"]);
    ledger.command(Verb::on(CaseNumber(10), case::Action::Reply { text: "Which printer?".to_owned() }));
    assert_eq!(ledger.case(10).phase, Phase::Waiting);
    ledger.mail(&Mail::new("b1", "bob@gmail.com").replies_to(&["a1", "a2"]));
    assert_eq!(ledger.case(10).phase, Phase::Open);
}

fn closed() -> Ledger {
    let mut ledger = Ledger::new();
    ledger.mail(&Mail::new("a1", "anna@shop.example"));
    ledger.command(Verb::on(CaseNumber(10), case::Action::Close { text: Some("Fixed.".to_owned()) }));
    ledger
}

#[test]
fn a_reply_within_the_days_reopens() {
    let mut ledger = closed();
    ledger.pass_days(13);
    let decision = ledger.mail(&Mail::new("a2", "anna@shop.example").replies_to(&["a1"]));
    assert_eq!((decision.verdict, decision.case), (Verdict::Reopen, Some(CaseNumber(10))));
    let letter = only_letter(&decision);
    assert_eq!((letter.template, letter.hand), (Template::Reopened, Hand::Machine));
    assert_eq!(ledger.case(10).phase, Phase::Open);
}

#[test]
fn a_later_reply_opens_a_new_linked_case() {
    let mut ledger = closed();
    ledger.pass_days(15);
    let decision = ledger.mail(&Mail::new("a2", "anna@shop.example").replies_to(&["a1"]));
    assert_eq!((decision.verdict, decision.case), (Verdict::Open, Some(CaseNumber(11))));
    assert_eq!(only_letter(&decision).template, Template::Acknowledged);
    assert_eq!(ledger.links, [(CaseNumber(11), CaseNumber(10), LinkKind::FollowUp)]);
    assert_eq!(ledger.case(10).phase, Phase::Closed);
    let next = ledger.mail(&Mail::new("a3", "anna@shop.example").replies_to(&["a1"]));
    assert_eq!((next.verdict, next.case), (Verdict::Append, Some(CaseNumber(11))), "not one case a reply");
}

#[test]
fn late_replies_with_a_reference_gather_in_the_case_that_followed() {
    let mut ledger = closed();
    let pointer = ledger.sent(9000, 10, Audience::Public, &[]);
    ledger.pass_days(15);
    let late = |id: &str| Mail::new(id, "anna@shop.example").clue(ClueKind::ReferenceInNearestQuote, pointer.clone());
    assert_eq!(ledger.mail(&late("a2")).case, Some(CaseNumber(11)));
    let next = ledger.mail(&late("a3"));
    assert_eq!((next.verdict, next.case), (Verdict::Append, Some(CaseNumber(11))), "not one case a reply");
    assert!(next.letters.is_empty());
}

#[test]
fn ping_pong_with_a_closed_case_ends() {
    let mut ledger = closed();
    let mut verdicts = Vec::new();
    for number in 2..5 {
        verdicts.push(ledger.mail(&Mail::new(&format!("a{number}"), "anna@shop.example").replies_to(&["a1"])).verdict);
        ledger.command(Verb::on(CaseNumber(10), case::Action::Close { text: None }));
    }
    assert_eq!(verdicts, [Verdict::Reopen, Verdict::Reopen, Verdict::Open]);
}

#[test]
fn a_stranger_who_reopens_is_told_nothing() {
    let mut ledger = closed();
    let pointer = Pointer::Sent(ledger.sent[0].id);
    let decision = ledger.mail(&Mail::new("e1", "eve@gmail.com").clue(ClueKind::ReferenceInSubject, pointer));
    assert_eq!(decision.verdict, Verdict::Reopen);
    assert!(decision.letters.is_empty());
    assert_eq!(ledger.participants(10), ["anna@shop.example"]);
}

#[test]
fn a_message_that_is_too_large_is_a_case_and_its_sender_is_told_once_a_day() {
    let large = |id: &str| Mail::new(id, "anna@shop.example").with(|arrived| arrived.oversize = Some(90_000_000));
    let mut ledger = Ledger::new();
    let decision = ledger.mail(&large("a1"));
    let letter = only_letter(&decision);
    assert_eq!((letter.template, letter.facts.limit.as_deref()), (Template::TooLarge, Some("25 MB")));
    ledger.speaker.told_too_large = true;
    assert_eq!(only_letter(&ledger.mail(&large("a2"))).template, Template::Acknowledged);
    assert!(ledger.mail(&large("a3").replies_to(&["a2"])).letters.is_empty());
    ledger.speaker.told_too_large = false;
    assert_eq!(only_letter(&ledger.mail(&large("a4").replies_to(&["a2"]))).template, Template::TooLarge);
    let machine = ledger.mail(&large("a5").kind(Kind::AutoGenerated));
    assert!(machine.letters.is_empty());
}

#[test]
fn reloading_and_poison_are_decisions_too() {
    let mut ledger = Ledger::new();
    let reloaded = ledger.play(Matter::Reloaded { policy: "abc".to_owned() }, None);
    assert_eq!(reloaded.verdict, Verdict::Done);
    let poison = ledger.play(Matter::Poison { reason: "the reader died three times".to_owned() }, None);
    assert_eq!(poison.verdict, Verdict::Hold);
    assert!(ledger.held.contains(&EntryId(2)));
}

#[test]
fn traces_quote_nothing_of_the_mail() {
    let mut ledger = closed();
    let mail = Mail::new("sekrit-id", "anna@shop.example").subject("sekrit subject").replies_to(&["a1"]);
    let mail = mail.with(|arrived| arrived.reading.message.text = "sekrit text".to_owned());
    let decision = ledger.mail(&mail);
    for sentence in &decision.trace {
        assert!(!sentence.contains("sekrit") && !sentence.contains('@'), "{sentence}");
        assert!(sentence.ends_with(['.', ')']), "{sentence}");
    }
}
