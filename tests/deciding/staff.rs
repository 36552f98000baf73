//! B31, B32: staff powers take proof, and what staff write to each other never reaches anybody outside.

use std::collections::BTreeSet;

use postcase::case::letter::Inside;
use postcase::case::{Audience, Command, Effect, EntryId, PostKind, Template, Verb, Verdict};
use postcase::mail::authentication::Trust;
use postcase::mail::forward::Form;
use postcase::mail::signature::Signature;
use postcase::mail::{ClueKind, Forwarded, Kind, Pointer, SentId};
use postcase::rules::Staff;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::ledger::{Ledger, Mail, address, named};

pub const ANNA: &str = "anna@shop.example";
pub const KEVIN: &str = "kevin@desk.example";
pub const PETRA: &str = "petra@desk.example";
pub const EVE: &str = "eve@gmail.com";

pub fn staff(name: &str, own: &str) -> Staff {
    Staff {
        name: name.to_owned(),
        label: name.to_owned(),
        addresses: vec![address(own)],
        queues: vec!["support".to_owned()],
        away: Vec::new(),
        substitute: None,
        left: None,
    }
}

pub fn desk() -> Ledger {
    let mut ledger = Ledger::new();
    ledger.policy.staff = vec![staff("kevin", KEVIN), staff("petra", PETRA)];
    let servers = Trust::Servers(vec!["mx.desk.example".to_owned()]);
    ledger.policy.desk.trust.insert("support".to_owned(), servers);
    ledger
}

pub fn authenticated(mail: Mail) -> Mail {
    mail.field("Authentication-Results", "mx.desk.example; dkim=pass header.d=desk.example")
}

pub fn saying(mail: Mail, words: &str) -> Mail {
    mail.with(|arrived| {
        arrived.reading.author_text = words.to_owned();
        arrived.reading.message.text = words.to_owned();
    })
}

pub fn answering(mail: Mail, sent: SentId) -> Mail {
    mail.clue(ClueKind::OwnIdInReplyTo, Pointer::Sent(sent))
}

/// The reference of the newest letter to one of the staff.
pub fn reference(ledger: &Ledger, person: &str) -> SentId {
    let own = ledger.sent.iter().rev().find(|sent| sent.person.as_deref() == Some(person));
    own.expect("they were written to").id
}

pub fn to_customers(decision: &postcase::case::Decision) -> usize {
    decision.letters.iter().filter(|letter| letter.person.is_none()).count()
}

#[test]
fn a_reference_proves_who_writes_and_says_to_whom() {
    let mut desk = desk();
    let opened = desk.mail(&Mail::new("a", ANNA));
    let told: Vec<&str> = opened.letters.iter().filter_map(|letter| letter.person.as_deref()).collect();
    assert_eq!(told, ["kevin", "petra"]);
    let reply = saying(answering(Mail::new("k", KEVIN), reference(&desk, "kevin")), "Hold the button.");
    let decision = desk.mail(&reply);
    assert_eq!((decision.verdict, to_customers(&decision)), (Verdict::Append, 1));
    let answer = decision.letters.iter().find(|letter| letter.person.is_none()).unwrap();
    assert_eq!((answer.template, answer.facts.body.as_deref()), (Template::Answered, Some("Hold the button.")));
    assert_eq!(answer.from.name.as_deref(), Some("kevin at Example Support"));
    assert_eq!(answer.facts.inside, Inside::default());
    assert_eq!(desk.case(10).assignee.as_deref(), Some("kevin"));
    // The same bytes again, by another way.
    assert_eq!(desk.mail(&reply).verdict, Verdict::Duplicate);
}

#[test]
fn what_does_not_prove_who_writes() {
    let mut desk = desk();
    desk.mail(&Mail::new("a", ANNA));
    let (kevins, petras) = (reference(&desk, "kevin"), reference(&desk, "petra"));
    let public = desk.sent[0].id;
    let failed =
        |mail: Mail| mail.field("Authentication-Results", "mx.desk.example; dmarc=fail header.from=desk.example");
    let others =
        |mail: Mail| mail.field("Authentication-Results", "mx.elsewhere.example; dkim=pass header.d=desk.example");
    let forged = [
        ("a customer's reference", answering(Mail::new("1", KEVIN), public)),
        ("a colleague's", answering(Mail::new("2", KEVIN), petras)),
        ("results of a server that is not trusted", others(answering(Mail::new("3", KEVIN), petras))),
        ("a failure", failed(answering(Mail::new("4", KEVIN), kevins))),
        ("a number", Mail::new("5", KEVIN).clue(ClueKind::CaseNumberInSubject, Pointer::Number(10))),
        ("a command", saying(Mail::new("6", KEVIN), "#close 10")),
        ("customers on To", Mail::new("7", KEVIN).to(&[ANNA])),
        ("customers on Cc, and a reference", answering(Mail::new("8", KEVIN), kevins).cc(&[EVE])),
        ("the reference that they have seen now", answering(Mail::new("9", KEVIN), kevins)),
    ];
    for (what, mail) in forged {
        // Else the questions of an hour are asked.
        desk.pass_days(1);
        let decision = desk.mail(&mail);
        assert_eq!((decision.verdict, to_customers(&decision)), (Verdict::Hold, 0), "{what}: {:?}", decision.trace);
        let asked: Vec<&str> = decision.letters.iter().map(|letter| letter.to[0].address.as_str()).collect();
        assert_eq!(asked, [KEVIN], "{what}");
        assert!(decision.effects.iter().all(|effect| !matches!(effect, Effect::AddPost(_))), "{what}");
    }
    // Reply-To, Sender and a second originator give nobody an identity.
    let reply_to = Mail::new("r", EVE).with(|arrived| arrived.reading.message.reply_to = vec![named(KEVIN)]);
    let two = Mail::new("t", EVE).with(|arrived| arrived.reading.message.from.push(named(KEVIN)));
    for mail in [answering(reply_to, petras), answering(two, petras)] {
        let decision = desk.mail(&mail);
        assert_eq!(to_customers(&decision), 0, "{:?}", decision.trace);
        assert!(desk.posts.iter().all(|post| post.kind != PostKind::Answer));
        assert!(desk.sent.iter().any(|sent| sent.id == petras && sent.exposed), "Eve has it");
    }
}

#[test]
fn who_left_is_nobody() {
    let mut desk = desk();
    desk.mail(&Mail::new("a", ANNA));
    desk.policy.staff[0].left = Some("2026-01-01".parse().unwrap());
    let decision = desk.mail(&answering(Mail::new("k", KEVIN), reference(&desk, "kevin")));
    assert_eq!(to_customers(&decision), 0);
    assert!(
        decision
            .effects
            .iter()
            .all(|effect| { !matches!(effect, Effect::AddPost(post) if post.audience == Audience::Public) })
    );
}

#[test]
fn an_answer_to_the_question_settles_it_and_no_machine_gives_one() {
    let mut desk = desk();
    desk.mail(&Mail::new("a", ANNA));
    let direct = Mail::new("k", KEVIN).to(&[ANNA]).cc(&["support@desk.example"]).replies_to(&["a"]);
    assert_eq!(desk.mail(&direct).verdict, Verdict::Hold);
    let entry = EntryId(2);
    let question = reference(&desk, "kevin");
    let away = answering(Mail::new("o", KEVIN), question).kind(Kind::AutoReply);
    desk.mail(&away);
    let by_petra = desk.mail(&answering(Mail::new("p", PETRA), question));
    assert_eq!(by_petra.verdict, Verdict::Hold, "a colleague's question");
    let proven = desk.mail(&saying(authenticated(answering(Mail::new("q", PETRA), question)), "Yes"));
    assert_eq!(proven.verdict, Verdict::Open, "{:?}", proven.trace);
    desk.mail(&saying(answering(Mail::new("c", KEVIN), question), "Yes").kind(Kind::Calendar));
    assert!(desk.asked.is_empty());
    let yes = desk.mail(&saying(answering(Mail::new("y", KEVIN), question), "Yes, mine"));
    let release = Command { by: "kevin".to_owned(), verb: Verb::Release { entry } };
    assert_eq!((yes.verdict, desk.asked.as_slice()), (Verdict::Done, [release].as_slice()));
    let released = desk.release(entry, &direct);
    assert_eq!((released.verdict, to_customers(&released)), (Verdict::Correction, 0));
    assert_eq!(desk.posts.last().unwrap().kind, PostKind::Answer);
    assert_eq!(desk.release(entry, &direct).verdict, Verdict::Declined, "once");
    let no = desk.mail(&saying(answering(Mail::new("n", KEVIN), question), "no, never"));
    assert_eq!(no.verdict, Verdict::Done);
    assert!(matches!(desk.asked.last().unwrap().verb, Verb::Discard { .. }));
}

/// Nothing went to a customer, and the words stay with colleagues.
pub fn stayed_inside(desk: &Ledger, decision: &postcase::case::Decision, what: &str) {
    assert_eq!((decision.verdict, to_customers(decision)), (Verdict::Append, 0), "{what}: {:#?}", decision.trace);
    let post = desk.posts.last().unwrap();
    assert_eq!((post.kind, post.audience), (PostKind::Note, Audience::Internal), "{what}");
}

#[test]
fn what_speaks_to_colleagues_stays_with_them() {
    type Write = fn(SentId, SentId) -> Mail;
    const DESK: &str = "support@desk.example";
    let mails: [(&str, Write); 6] = [
        ("To a colleague", |own, _| answering(Mail::new("k", KEVIN), own).to(&[PETRA]).cc(&[DESK])),
        ("To a colleague as well", |own, _| answering(Mail::new("k", KEVIN), own).to(&[DESK, PETRA])),
        ("a colleague's letter", |_, other| answering(Mail::new("k", KEVIN), other)),
        ("To somebody else outside", |own, _| {
            answering(Mail::new("k", KEVIN), own).to(&["expert@vendor.example"]).cc(&[DESK])
        }),
        ("an older letter", |own, _| Mail::new("k", KEVIN).clue(ClueKind::OwnIdInReferences, Pointer::Sent(own))),
        ("within a deeper quote", |own, _| {
            Mail::new("k", KEVIN).clue(ClueKind::ReferenceInDeeperQuote, Pointer::Sent(own))
        }),
    ];
    for (what, write) in mails {
        let mut desk = desk();
        desk.mail(&Mail::new("a", ANNA));
        let mail = write(reference(&desk, "kevin"), reference(&desk, "petra"));
        let decision = desk.mail(&saying(authenticated(mail), "She will not get it back."));
        stayed_inside(&desk, &decision, what);
        assert_eq!(desk.participants(10), [ANNA], "{what}");
    }
    // Whoever says so sends it all the same.
    let mut desk = desk();
    desk.mail(&Mail::new("a", ANNA));
    let mail = answering(Mail::new("k", KEVIN), reference(&desk, "kevin")).to(&[PETRA]).cc(&[DESK]);
    let decision = desk.mail(&saying(authenticated(mail), "#send\n\nHold the button."));
    assert_eq!((decision.verdict, to_customers(&decision)), (Verdict::Append, 1), "{:#?}", decision.trace);
}

#[test]
fn what_people_outside_have_seen_steers_no_words() {
    let mut desk = desk();
    desk.mail(&Mail::new("a", ANNA));
    let own = reference(&desk, "kevin");
    desk.mail(&answering(Mail::new("e", EVE), own));
    assert!(desk.sent.iter().any(|sent| sent.id == own && sent.exposed));
    let mail = saying(authenticated(answering(Mail::new("k", KEVIN), own)), "She is on the old contract.");
    let decision = desk.mail(&mail);
    stayed_inside(&desk, &decision, "exposed");
}

#[test]
fn a_mail_that_is_handed_on_comes_before_the_letters_that_it_carries() {
    let handed_on = |id: &str| {
        Mail::new(id, KEVIN).with(|arrived| {
            arrived.reading.forwarded = vec![Forwarded {
                form: Form::Inline,
                from: Some(named(EVE)),
                from_written: EVE.to_owned(),
                date: None,
                date_written: String::new(),
                subject: "Scanner".to_owned(),
                message_id: None,
                text: "It smokes.".to_owned(),
                attachments: Vec::new(),
            }];
        })
    };
    let mut desk = desk();
    desk.mail(&Mail::new("a", ANNA));
    let own = Pointer::Sent(reference(&desk, "kevin"));
    let carried = handed_on("f").clue(ClueKind::ReferenceInNearestQuote, own.clone());
    let decision = desk.mail(&authenticated(saying(carried, "Please take it up.")));
    let post = desk.posts.iter().rfind(|post| post.kind == PostKind::MailIn).unwrap();
    assert_eq!((post.address.clone(), post.text.as_str()), (Some(address(EVE)), "It smokes."), "{:#?}", decision.trace);
    assert!(desk.posts.iter().all(|post| post.kind != PostKind::Answer));
    let answers = handed_on("g").clue(ClueKind::OwnIdInReplyTo, own);
    let decision = desk.mail(&authenticated(saying(answers, "This is what I found.")));
    assert_eq!(to_customers(&decision), 1, "{:#?}", decision.trace);
    assert_eq!(desk.posts.last().unwrap().kind, PostKind::Answer);
}

#[test]
fn a_colleagues_quoted_words_go_nowhere() {
    let said = "#send\n\n> She is on the old contract.\n\nThe device is repaired.";
    let text = "#send\n\n> · · · · · · · · · ·\n> She is on the old contract.\n\nThe device is repaired.\n\n> · · · · · · · · · ·";
    let answers = |sent: SentId, id: &str| {
        authenticated(answering(Mail::new(id, KEVIN), sent)).with(|arrived| {
            arrived.reading.author_text = said.to_owned();
            arrived.reading.message.text = text.to_owned();
        })
    };
    let body = |decision: &postcase::case::Decision| {
        let letter = decision.letters.iter().find(|letter| letter.person.is_none());
        letter.unwrap_or_else(|| panic!("{:#?}", decision.trace)).facts.body.clone().unwrap()
    };
    let mut desk = desk();
    desk.mail(&Mail::new("a", ANNA));
    let customers = reference(&desk, "kevin");
    desk.mail(&saying(answering(Mail::new("k", KEVIN), customers), "I am on it."));
    let note = saying(authenticated(answering(Mail::new("p", PETRA), reference(&desk, "petra"))), "#note\n\nOld.");
    desk.mail(&note);
    let colleagues = reference(&desk, "kevin");
    assert_ne!(colleagues, customers);
    let decision = desk.mail(&answers(colleagues, "k1"));
    assert_eq!(body(&decision), "The device is repaired.");
    let decision = desk.mail(&answers(customers, "k2"));
    assert!(body(&decision).contains("> She is on the old contract."), "of the customer's own words it may");
}

/// Something that happens at a desk.
#[derive(Debug, Clone)]
enum Deed {
    /// A customer, or a stranger, perhaps with a reference of ours, perhaps one that is not theirs.
    Outside { from: &'static str, reference: Option<Index>, cc: bool },
    /// Staff, in earnest or not.
    Inside { from: &'static str, reference: Option<Index>, number: bool, proven: bool, cc: bool, command: bool },
}

fn deed() -> impl Strategy<Value = Deed> {
    let reference = || prop::option::weighted(0.7, any::<Index>());
    let flag = || prop::bool::weighted(0.3);
    prop_oneof![
        (select(vec![ANNA, EVE, "bob@shop.example"]), reference(), flag())
            .prop_map(|(from, reference, cc)| Deed::Outside { from, reference, cc }),
        (select(vec![KEVIN, PETRA]), reference(), flag(), any::<bool>(), flag(), flag()).prop_map(
            |(from, reference, number, proven, cc, command)| Deed::Inside {
                from,
                reference,
                number,
                proven,
                cc,
                command
            }
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn what_is_internal_stays_internal(deeds in prop::collection::vec(deed(), 1..25)) {
        let mut desk = desk();
        desk.policy.desk.notices.per_person_hour = 1_000;
        let mut secrets: BTreeSet<String> = BTreeSet::new();
        for (at, deed) in deeds.into_iter().enumerate() {
            let word = format!("word{at}.");
            let sent = |index: Index| (!desk.sent.is_empty()).then(|| index.get(&desk.sent).clone());
            let mail = match deed {
                Deed::Outside { from, reference, cc } => {
                    let mail = Mail::new(&format!("m{at}"), from).cc(if cc { &["carl@law.example"] } else { &[] });
                    let sent = reference.and_then(sent);
                    sent.into_iter().fold(mail, |mail, sent| answering(mail, sent.id))
                }
                Deed::Inside { from, reference, number, proven, cc, command } => {
                    let sent = reference.and_then(sent);
                    let person = if from == KEVIN { "kevin" } else { "petra" };
                    let mail = Mail::new(&format!("m{at}"), from).cc(if cc { &["carl@law.example"] } else { &[] });
                    let mail = if proven { authenticated(mail) } else { mail };
                    let mail = if number {
                        mail.clue(ClueKind::CaseNumberInSubject, Pointer::Number(10))
                    } else {
                        mail
                    };
                    // What they put into the hands of people outside themselves is no secret, and neither is what
                    // answers a letter that says so, or begins a case of their own.
                    let own = sent.as_ref().is_some_and(|sent| sent.person.as_deref() == Some(person) && !sent.exposed);
                    let answers = sent.as_ref().is_some_and(|sent| {
                        let about = matches!(sent.about, Some(PostKind::MailIn | PostKind::Answer));
                        sent.person.is_some() && sent.audience == Audience::Public && about
                    });
                    let public = match (proven, cc) {
                        (true, true) => true,
                        (false, true) => false,
                        (_, false) => own && answers && !command,
                    };
                    let own_case = !number && sent.as_ref().is_none_or(|sent| sent.case.is_none());
                    if !public && !own_case {
                        secrets.insert(word.clone());
                    }
                    let mail = sent.into_iter().fold(mail, |mail, sent| answering(mail, sent.id));
                    saying(mail, &if command { format!("#note {word}") } else { word.clone() })
                }
            };
            let from_staff = mail.0.reading.message.from[0].address.as_str().ends_with("@desk.example");
            let mail = if from_staff { mail } else { saying(mail, &word) };
            let decision = desk.mail(&mail);
            for letter in decision.letters.iter().filter(|letter| letter.person.is_none()) {
                prop_assert_eq!(&letter.facts.inside, &Inside::default());
                let body = letter.facts.body.clone().unwrap_or_default();
                prop_assert!(secrets.iter().all(|secret| !body.contains(secret.as_str())), "{}", body);
                for post in desk.posts.iter().filter(|post| letter.quotes.contains(&post.id)) {
                    prop_assert!(post.audience == Audience::Public);
                }
                let addressed = letter.to.iter().chain(&letter.cc);
                prop_assert!(addressed.clone().count() > 0);
            }
            for letter in decision.letters.iter().filter(|letter| letter.person.is_some()) {
                prop_assert!(letter.cc.is_empty() && letter.to.len() == 1);
                prop_assert!(letter.to[0].address.as_str().ends_with("@desk.example"));
            }
        }
        let own_requests: BTreeSet<u64> = desk.cases.values()
            .filter(|case| case.participants.iter().any(|one| one.who.address.as_str().ends_with("@desk.example")))
            .map(|case| case.number.0).collect();
        for post in desk.posts.iter().filter(|post| post.audience == Audience::Public && !own_requests.contains(&post.case.0)) {
            let leaked = secrets.iter().find(|secret| post.author_text.contains(secret.as_str()) || post.text.contains(secret.as_str()));
            prop_assert!(leaked.is_none(), "{leaked:?} in {post:?}");
        }
    }
}

/// A stranger's subject, which staff go on with, proves nothing (B20, L6).
#[test]
fn a_bare_number_lets_nobody_in_through_staff() {
    let numbered = |mail: Mail| mail.clue(ClueKind::CaseNumberInSubject, Pointer::Number(10));
    let handed_on = authenticated(numbered(Mail::new("k", KEVIN))).handing_on(EVE, "e");
    let replied = authenticated(numbered(Mail::new("k", KEVIN))).to(&[EVE]).cc(&["support@desk.example"]);
    for mail in [handed_on, replied] {
        let mut desk = desk();
        desk.mail(&Mail::new("a", ANNA));
        let decision = desk.mail(&mail);
        assert_eq!(decision.verdict, Verdict::Open, "{:?}", decision.trace);
        assert_eq!((desk.participants(10), desk.participants(11)), (vec![ANNA], vec![EVE]));
        let linked =
            |effect: &Effect| matches!(effect, Effect::LinkCase { from, to, .. } if (from.0, to.0) == (11, 10));
        assert!(decision.effects.iter().any(linked));
    }
    // Who takes part comes to their case.
    let hers = authenticated(numbered(Mail::new("k", KEVIN))).handing_on("bob@shop.example", "b");
    let mut desk = desk();
    desk.mail(&Mail::new("a", ANNA));
    assert_eq!(desk.mail(&hers).verdict, Verdict::Append);
    assert_eq!(desk.participants(10), [ANNA, "bob@shop.example"]);
    assert!(desk.case(10).quotes_from.is_some(), "Bob reads nothing old");
}

#[test]
fn a_strangers_post_leads_nobody_into_the_case() {
    let mut desk = desk();
    let opened = desk.mail(&Mail::new("a", ANNA));
    let public = opened.letters.iter().find(|letter| letter.person.is_none()).expect("acknowledged").id;
    desk.mail(&answering(Mail::new("e2", EVE), public).replies_to(&["e1"]));
    assert!(desk.posts.last().expect("a post").stranger);
    let decision = desk.mail(&authenticated(Mail::new("k", KEVIN)).handing_on(EVE, "e1"));
    assert_eq!(decision.verdict, Verdict::Open, "{:?}", decision.trace);
    assert_eq!(desk.participants(10), [ANNA]);
}

#[test]
fn a_form_speaks_for_none_of_the_staff() {
    let mut desk = desk();
    let mail = Mail::new("f", crate::ledger::FORM);
    let mail = mail.with(|arrived| arrived.reading.message.reply_to = vec![named(KEVIN)]);
    let decision = desk.mail(&mail);
    assert_eq!((decision.verdict, to_customers(&decision)), (Verdict::Open, 0));
    assert!(desk.participants(10).is_empty());
}

/// B30: what was found out of the signature when the mail was taken in is proof, and never outweighs a failure.
#[test]
fn a_signature_that_was_checked_proves_who_writes() {
    let signed = |mail: Mail| mail.with(|arrived| arrived.signature = Signature::Aligned);
    let mut desk = desk();
    desk.mail(&Mail::new("a", ANNA));
    let public = desk.sent[0].id;
    let unsigned = saying(answering(Mail::new("u", KEVIN), public), "Hold the button.");
    assert_eq!(desk.mail(&unsigned).verdict, Verdict::Hold);
    let refuted =
        Mail::new("f", KEVIN).field("Authentication-Results", "mx.desk.example; dmarc=fail header.from=desk.example");
    let refuted = desk.mail(&signed(saying(answering(refuted, public), "Hold it.")));
    assert_eq!(refuted.verdict, Verdict::Hold);
    let proven = desk.mail(&signed(saying(answering(Mail::new("s", KEVIN), public), "#send\n\nHold the button.")));
    assert_eq!((proven.verdict, to_customers(&proven)), (Verdict::Append, 1), "{:?}", proven.trace);
}
