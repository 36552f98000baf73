use super::*;
use crate::mail::read;
use crate::mail::reference::{own_message_id, written};

fn circumstances() -> Circumstances {
    Circumstances { case_word: "Case".to_owned(), keyring: Keyring::new(vec![[7; 32]]), ..Circumstances::default() }
}

fn sealed(id: u64) -> String {
    circumstances().keyring.seal(SentId(id))
}

fn clues(mail: &str) -> Vec<Clue> {
    read(mail.as_bytes(), &circumstances()).clues
}

fn sent(kind: ClueKind, id: u64) -> Clue {
    Clue { kind, pointer: Pointer::Sent(SentId(id)) }
}

#[test]
fn in_the_order_of_evidence() {
    let id = |n| own_message_id(&sealed(n), "example.org");
    let mail = format!(
        "From: a@x.org\nTo: support+ref.{}@x.org\nThread-Index: AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRob\n\
         Subject: Re: [Case 10482] {}\nIn-Reply-To: <{}>\nReferences: <old@x.org> <{}> <new@x.org>\n\n\
         own\n> near {}\n>> deep {}\n",
        sealed(7),
        written(&sealed(1)),
        id(2),
        id(4),
        written(&sealed(3)),
        written(&sealed(6)),
    );
    assert_eq!(
        clues(&mail),
        [
            sent(ClueKind::ReferenceInReplyAddress, 7),
            sent(ClueKind::ReferenceInSubject, 1),
            sent(ClueKind::OwnIdInReplyTo, 2),
            sent(ClueKind::ReferenceInNearestQuote, 3),
            sent(ClueKind::OwnIdInReferences, 4),
            Clue { kind: ClueKind::ForeignId, pointer: Pointer::Id(MessageId("new@x.org".into())) },
            Clue { kind: ClueKind::ForeignId, pointer: Pointer::Id(MessageId("old@x.org".into())) },
            Clue {
                kind: ClueKind::ThreadIndex,
                pointer: Pointer::Thread(ThreadIndex("0102030405060708090a0b0c0d0e0f10111213141516".into())),
            },
            sent(ClueKind::ReferenceInDeeperQuote, 6),
            Clue { kind: ClueKind::CaseNumberInSubject, pointer: Pointer::Number(10482) },
        ]
    );
}

#[test]
fn the_address_that_it_was_delivered_to_names_a_mail() {
    let ours = sealed(9);
    let found = |header: String| clues(&format!("From: a@x.org\n{header}\n\nx"));
    let one = [sent(ClueKind::ReferenceInReplyAddress, 9)];
    for header in [
        format!("To: Support <support+ref.{ours}@x.org>"),
        format!("To: b@y.org\nCc: support+{}@x.org", ours.to_lowercase()),
        format!("To: a list: support+ref.{ours}@x.org;"),
        format!("To: support@x.org\nDelivered-To: support+ref.{ours}@x.org"),
        format!("Delivered-To: support@x.org\nDelivered-To: support+ref.{ours}@x.org"),
        format!("X-Original-To: <support+ref.{ours}@x.org>"),
        format!("Envelope-To: b@y.org, support+ref.{ours}@x.org"),
    ] {
        assert_eq!(found(header.clone()), one, "{header}");
    }
    let forged = Keyring::new(vec![[9; 32]]).seal(SentId(9));
    for header in [
        format!("To: support+ref.{forged}@x.org"),
        format!("Reply-To: support+ref.{ours}@x.org"),
        format!("To: \"support+ref.{ours}@x.org\" <b@y.org>"),
        format!("X-Postcase-Reference: support+ref.{ours}@x.org"),
    ] {
        assert_eq!(found(header.clone()), [], "{header}");
    }
}

#[test]
fn references_survive_what_mail_programs_do() {
    let reference = written(&sealed(300));
    let half = reference.len() / 2;
    let wrapped = |between: &str| format!("{}{between}{}", &reference[..half], &reference[half..]);
    for text in [
        reference.clone(),
        reference.to_lowercase(),
        reference.replace('-', " "),
        reference.replace('-', "\u{2011}"),
        reference.replace('-', "&#8209;"),
        reference.replace(":ref", ""),
        wrapped("\n> "),
        wrapped("\r\n> > "),
        wrapped("=\n"),
        wrapped("\u{200b}"),
        wrapped("<wbr>"),
        format!("({reference})."),
    ] {
        let found = references(&text, &circumstances().keyring, &mut Flaws::default());
        assert_eq!(found, [SentId(300)], "{text}");
    }
}

#[test]
fn forged_references_are_defects_and_nothing_else() {
    let forged = written(&Keyring::new(vec![[9; 32]]).seal(SentId(1)));
    let reading = read(format!("From: a@x.org\nSubject: {forged}\n\nx").as_bytes(), &circumstances());
    assert!(reading.clues.is_empty());
    assert!(reading.defects.iter().any(|defect| defect.name == "forged-reference"));
    for text in ["ref: 2024", "href: x, and more words that go on and on for long", "ref:", "see ref:abc:ref"] {
        let mut flaws = Flaws::default();
        assert!(references(text, &circumstances().keyring, &mut flaws).is_empty());
        assert!(!flaws.has(Flaw::ForgedReference), "{text}");
    }
}

#[test]
fn html_counts_where_the_text_lacks_the_reference() {
    let mail = |html: &str| {
        format!(
            "From: a@x.org\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\nYes\n--b\nContent-Type: text/html\n\n{html}\n--b--\n"
        )
    };
    let reference = written(&sealed(5));
    let shown = mail(&format!("Yes<blockquote>{reference}</blockquote>"));
    assert_eq!(clues(&shown), [sent(ClueKind::ReferenceInNearestQuote, 5)]);
    let hidden = mail(&format!("Yes<!-- {reference} -->"));
    assert_eq!(clues(&hidden), [sent(ClueKind::ReferenceInDeeperQuote, 5)]);
}

#[test]
fn numbers_in_subjects() {
    for (subject, numbers) in [
        ("[Case 10482] hello", vec![10482]),
        ("Re: [case #10482]", vec![10482]),
        ("Case: 10482", vec![10482]),
        ("about CASE 7 and case 8", vec![7, 8]),
        ("[#10482] x", vec![10482]),
        ("(#5)", vec![5]),
        ("AW: 【Case 10482】 x", vec![10482]),
        ("RE：［Ｃａｓｅ　１０４８２］ｘ", vec![10482]),
        ("«#10482»", vec![10482]),
        ("{Case–10482}", vec![10482]),
        ("[\u{200e}Case\u{a0}№10482]", vec![10482]),
        ("Case no. 10482", vec![10482]),
        ("AW: Case Nr. 10482 - still broken", vec![10482]),
        ("Case n° 10482", vec![10482]),
        ("the case number: 10482", vec![10482]),
        ("『Case 10482』", vec![10482]),
        ("＃10482", vec![10482]),
        ("#10482 x", vec![10482]),
        ("Re: AW: #10482 x", vec![10482]),
        ("Order #10482", vec![]),
        ("Issue [x] #10482", vec![]),
        ("Briefcase no 12", vec![]),
        ("no 10482", vec![]),
        ("Showcase 12", vec![]),
        ("Case 12a", vec![]),
        ("Invoice 10482", vec![]),
        ("Case 99999999999999999999", vec![]),
    ] {
        assert_eq!(case_numbers(subject, "Case"), numbers, "{subject}");
    }
    assert_eq!(case_numbers("[Fall 12]", "Fall"), [12]);
    assert_eq!(case_numbers("Vorgang 12 äöü 3", "Vorgang"), [12]);
    assert_eq!(case_numbers("12 [#3]", ""), [3]);
}

#[test]
fn are_bounded() {
    let many: String = (0..1000).map(|n| format!(" <{n}@x.org>\n")).collect();
    let reading = read(format!("From: a@x.org\nReferences:{many}\n\nx").as_bytes(), &circumstances());
    assert_eq!(reading.clues.len(), CLUES);
    assert_eq!(reading.clues[0].pointer, Pointer::Id(MessageId("999@x.org".into())));
    assert!(reading.defects.iter().any(|defect| defect.name == "too-many-clues"));
}

#[test]
fn a_bounce_names_the_mail_that_came_back() {
    let report = |id: &str| {
        clues(&format!(
            "From: mailer-daemon@x.org\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
             --b\n\nIt came back.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x.org\n\n\
             Final-Recipient: rfc822; a@x.org\nAction: failed\nStatus: 5.1.1\n--b\nContent-Type: text/rfc822-headers\n\n\
             Message-ID: <{id}>\nSubject: hello\n\n--b--\n"
        ))
    };
    assert_eq!(report(&own_message_id(&sealed(9), "example.org").0), [sent(ClueKind::OwnIdReturned, 9)]);
    assert_eq!(report("somebody@x.org"), []);
}
