//! B17: several mails that staff hand on at once. Whose case it is, the first author says; nobody else comes to it by a
//! title that strangers write as well.

use postcase::case::{CaseNumber, Decision, PostKind, Snapshot, Template, Verdict};
use postcase::mail::forward::Form;
use postcase::mail::{Address, Attachment};

use crate::ledger::{Ledger, Mail, address};
use crate::staff::{ANNA, EVE, KEVIN, authenticated, desk, saying, to_customers};

const BOB: &str = "bob@shop.example";

/// Mails by `authors`, each with its Message-ID, its subject, and the day on which it was written.
fn handing_on(id: &str, mails: &[(&str, &str, &str, i8)]) -> Mail {
    let mail = saying(authenticated(Mail::new(id, KEVIN)), "");
    mails.iter().fold(mail, |mail, (author, own_id, subject, day)| {
        mail.handing_on(author, own_id).with(|arrived| {
            let one = arrived.reading.forwarded.last_mut().expect("it was added just now");
            one.subject = (*subject).to_owned();
            one.date = Some(format!("2026-02-{day:02}T09:00:00Z").parse().expect("a time"));
        })
    })
}

fn authors(desk: &Ledger, number: u64) -> Vec<&str> {
    let posts = desk.posts.iter().filter(|post| post.kind == PostKind::MailIn && post.case == CaseNumber(number));
    posts.filter_map(|post| post.address.as_ref()).map(Address::as_str).collect()
}

/// The mails as attached files, beside one that is no mail.
fn attached(mail: Mail) -> Mail {
    mail.with(|arrived| {
        let mut names = Vec::new();
        for (at, one) in arrived.reading.forwarded.iter_mut().enumerate() {
            one.form = Form::Attached(at);
            names.push(format!("{at}.eml"));
        }
        names.push("plan.pdf".to_owned());
        let file = |name: String| Attachment {
            name,
            media_type: "application/octet-stream".to_owned(),
            size: 1,
            sha256: String::new(),
            inline: false,
            offset: 0,
            length: 1,
            encoding: "7bit".to_owned(),
        };
        arrived.reading.message.attachments = names.into_iter().map(file).collect();
    })
}

fn not_taken(decision: &Decision) -> bool {
    decision.letters.iter().any(|letter| letter.template == Template::CarriedOut)
        && decision.trace.iter().any(|line| line.contains("are of another matter"))
}

#[test]
fn one_title_makes_no_case_of_two_strangers() {
    for (first, second) in [(ANNA, EVE), (EVE, "dora@gmail.com")] {
        let mut desk = desk();
        let both = handing_on("k", &[(first, "a", "Invoice", 2), (second, "e", "Re: Invoice", 1)]);
        let decision = desk.mail(&attached(both));
        assert_eq!((decision.verdict, to_customers(&decision)), (Verdict::Open, 1), "{:#?}", decision.trace);
        assert!(not_taken(&decision), "{:#?}", decision.trace);
        assert_eq!((authors(&desk, 10), desk.participants(10)), (vec![first], vec![first]));
        let files = desk.posts.iter().flat_map(|post| &post.attachments).map(|file| file.name.as_str());
        assert_eq!(files.collect::<Vec<_>>(), ["plan.pdf"], "the other's mail is no file of theirs either");
        // The other one, handed on alone, is not here yet.
        let alone = desk.mail(&handing_on("l", &[(second, "e", "Re: Invoice", 1)]));
        assert_eq!(alone.verdict, Verdict::Open, "{:#?}", alone.trace);
        assert_eq!(desk.participants(11), [second]);
    }
}

#[test]
fn colleagues_and_whoever_takes_part_belong_together() {
    let mut desk = desk();
    let decision = desk.mail(&handing_on("k", &[(ANNA, "a", "Invoice", 2), (BOB, "b", "Re: Invoice", 1)]));
    assert_eq!(decision.verdict, Verdict::Open, "{:#?}", decision.trace);
    assert_eq!((authors(&desk, 10), desk.participants(10)), (vec![BOB, ANNA], vec![ANNA, BOB]));
    let mut desk = crate::staff::desk();
    desk.mail(&Mail::new("a1", ANNA).cc(&[EVE]));
    let mail = handing_on("k", &[(ANNA, "a2", "Printer", 1), (EVE, "e2", "Printer", 2), (EVE, "e3", "Scanner", 3)]);
    let decision = desk.mail(&mail.replies_to(&["a1"]));
    assert_eq!((decision.verdict, decision.case), (Verdict::Append, Some(CaseNumber(10))), "{:#?}", decision.trace);
    assert_eq!(authors(&desk, 10), [ANNA, ANNA, EVE]);
    assert!(not_taken(&decision), "{:#?}", decision.trace);
}

#[test]
fn the_first_author_alone_says_whose_case_it_is() {
    let mut desk = desk();
    desk.mail(&Mail::new("a", ANNA));
    // Anna's mail is here, and Eve's comes with it.
    let decision = desk.mail(&handing_on("k", &[(EVE, "e", "Printer", 1), (ANNA, "a", "Printer", 2)]));
    assert_eq!((decision.verdict, decision.case), (Verdict::Open, Some(CaseNumber(11))), "{:#?}", decision.trace);
    assert_eq!((desk.participants(10), desk.participants(11)), (vec![ANNA], vec![EVE]));
    // Eve gave her first mail the id of Anna's.
    let decision = desk.mail(&handing_on("l", &[(EVE, "a", "Printer", 1), (EVE, "e2", "Printer", 2)]));
    assert_ne!(decision.case, Some(CaseNumber(10)), "{:#?}", decision.trace);
    assert_eq!(desk.participants(10), [ANNA]);
}

#[test]
fn the_first_author_is_the_requester_and_is_acknowledged_within_their_limits() {
    let mails = [(ANNA, "a", "Invoice", 3), (BOB, "b", "Invoice", 1), (ANNA, "a0", "Invoice", 2)];
    let acknowledged = |decision: &Decision| {
        let letter = decision.letters.iter().find(|letter| letter.template == Template::Acknowledged).cloned();
        letter.map(|letter| (letter.to[0].address.to_string(), letter.in_reply_to.expect("it has an id").0))
    };
    let mut desk = desk();
    desk.undeliverable.insert(address(BOB));
    let decision = desk.mail(&handing_on("k", &mails));
    assert_eq!(acknowledged(&decision), Some((ANNA.to_owned(), "a0".to_owned())), "{:#?}", decision.trace);
    let requesters: Vec<bool> = desk.case(10).participants.iter().map(|one| one.requester).collect();
    assert_eq!((desk.participants(10), requesters), (vec![ANNA, BOB], vec![true, false]));
    let mut desk = crate::staff::desk();
    desk.undeliverable.insert(address(ANNA));
    // What staff wrote themselves is none of the customer's.
    let mails = [&[(KEVIN, "k0", "Invoice", 1)], &mails[..]].concat();
    let decision = desk.mail(&handing_on("k", &mails));
    assert_eq!(acknowledged(&decision), None, "{:#?}", decision.trace);
}

#[test]
fn mails_that_are_handed_on_bring_a_bounded_number_of_people() {
    let crowd: Vec<(String, String)> =
        (0..9).map(|number| (format!("p{number}@shop.example"), format!("p{number}"))).collect();
    let mails: Vec<(&str, &str, &str, i8)> =
        crowd.iter().map(|(author, id)| (author.as_str(), id.as_str(), "Invoice", 1)).collect();
    let mut desk = desk();
    let decision = desk.mail(&handing_on("k", &mails));
    assert_eq!(desk.participants(10).len(), 4, "{:#?}", decision.trace);
    assert!(decision.trace.iter().any(|line| line.contains("limit `participants`")), "{:#?}", decision.trace);
    let mut desk = crate::staff::desk();
    desk.mail(&Mail::new("a", ANNA));
    desk.mail(&handing_on("k", &mails).replies_to(&["a"]));
    assert_eq!(desk.participants(10).len(), 5);
}

/// Decisions of old are decided again from what they knew.
#[test]
fn an_older_snapshot_knows_nothing_of_the_others() {
    let mut older = serde_json::to_value(Snapshot::default()).expect("it is data");
    assert!(older.as_object_mut().expect("it has fields").remove("others").is_none(), "where there are none");
    let read: Snapshot = serde_json::from_value(older).expect("it is read");
    assert!(read.others.is_empty());
}
