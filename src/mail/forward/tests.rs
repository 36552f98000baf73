use super::*;
use crate::mail::{Circumstances, Kind, read};

fn forwarded(mail: &str) -> Vec<Forwarded> {
    read(mail.as_bytes(), &Circumstances::default()).forwarded
}

fn inline(subject: &str, text: &str) -> Forwarded {
    let head = format!("From: kevin@instruments.example\nDate: Tue, 4 Mar 2025 09:00:00 +0100\nSubject: {subject}\n");
    let mail = format!("{head}Content-Type: text/plain; charset=utf-8\n\n{text}\n");
    let mut found = forwarded(&mail);
    assert_eq!(found.len(), 1, "{text}");
    found.remove(0)
}

#[test]
fn inline_in_the_forms_of_mail_programs() {
    let forms = [
        "For you.\n\n---------- Forwarded message ---------\nFrom: Anna Berg <anna@berg.example>\nDate: Mon, 3 Mar 2025 at 10:12\nSubject: Pump\nTo: <kevin@instruments.example>\n\n\nIt leaks.",
        "---------- Forwarded message ---------\nVon: Anna Berg <anna@berg.example>\nDate: Mo., 3. März 2025 um 10:12 Uhr\nSubject: Pump\nTo: <kevin@instruments.example>\n\nIt leaks.",
        "Bitte.\n\nAnfang der weitergeleiteten Nachricht:\n\n> Von: Anna Berg <anna@berg.example>\n> Betreff: Pump\n> Datum: 3. März 2025 um 10:12:00 MEZ\n> An: Kevin\n>\n> It leaks.",
        "-------- Weitergeleitete Nachricht --------\nBetreff: \tPump\nDatum: \tMon, 3 Mar 2025 10:12:00 +0100\nVon: \tAnna Berg <anna@berg.example>\nAn: \tkevin@instruments.example\n\nIt leaks.",
        "-----Mensaje reenviado-----\nDe: \"Anna Berg\" <anna@berg.example>\nFecha: lunes, 3 de marzo de 2025 10:12\nPara: Kevin\nAsunto: Pump\n\nIt leaks.",
        "------------------ 转发的邮件 ------------------\n发件人: \"Anna Berg\"<anna@berg.example>;\n日期: 2025年3月3日(星期一) 10:12\n收件人: \"Kevin\"<kevin@instruments.example>;\n主题: Pump\n\nIt leaks.",
        "----- Forwarded by Kevin/Instruments on 04/03/2025 09:00 -----\n\nFrom:\tAnna Berg <anna@berg.example>\nTo:\tkevin@instruments.example\nDate:\t03.03.2025 10:12\nSubject:\tPump\n\nIt leaks.",
    ];
    for text in forms {
        let found = inline("Fwd: Pump", text);
        assert_eq!(
            found.from.as_ref().map(Named::to_string).as_deref(),
            Some("Anna Berg <anna@berg.example>"),
            "{text}"
        );
        assert_eq!(found.date.map(|date| date.to_string()).as_deref(), Some("2025-03-03T09:12:00Z"), "{text}");
        assert_eq!((found.subject.as_str(), found.text.as_str()), ("Pump", "It leaks."), "{text}");
        assert_eq!(found.form, Form::Inline);
    }
}

#[test]
fn outlook_hands_on_as_it_answers_and_the_subject_tells() {
    let block = "Please.\n\nFrom: Berg, Anna <anna@berg.example>\nSent: Monday, March 3, 2025 10:12 AM\nTo: Kevin\nSubject: Pump\n\nIt leaks.";
    for subject in ["FW: Pump", "WG: Pump", "TR : Pump", "RV: Pump", "Fwd: Pump", "VS: Pump", "转发：Pump"] {
        let found = inline(subject, block);
        assert_eq!(found.from.as_ref().and_then(|named| named.name.as_deref()), Some("Berg, Anna"), "{subject}");
        assert_eq!(found.text, "It leaks.");
    }
    let answer = format!("From: k@x.org\nSubject: RE: FW: Pump\nContent-Type: text/plain\n\n{block}\n");
    assert!(forwarded(&answer).is_empty());
    let finnish = "From: k@x.org\nSubject: VS: Pump\nContent-Type: text/plain; charset=utf-8\n\nKiitos.\n\nLähettäjä: Anna\nLähetetty: 3.3.2025 10:12\nAihe: Pump\n\nVuotaa.\n";
    assert_eq!(read(finnish.as_bytes(), &Circumstances::default()).author_text, "Kiitos.");
    let nameless = "From: Berg, Anna\nSent: Monday, March 3, 2025 10:12 AM\nTo: Kevin\nSubject: Pump\n\nIt leaks.";
    let found = inline("FW: Pump", nameless);
    assert_eq!((found.from, found.from_written.as_str()), (None, "Berg, Anna"));
}

#[test]
fn attached_messages_with_their_attachments() {
    let inner = "From: Anna <anna@berg.example>\nDate: Mon, 3 Mar 2025 10:12:00 +0100\nSubject: Pump\nMessage-ID: <p@berg.example>\n\
                 Content-Type: multipart/mixed; boundary=i\n\n--i\n\nIt leaks.\n--i\nContent-Type: text/csv; name=a.csv\n\n1;2\n--i--\n";
    let mail = format!(
        "From: k@x.org\nSubject: Fwd: Pump\nContent-Type: multipart/mixed; boundary=o\n\n--o\n\nSee below.\n--o\nContent-Type: message/rfc822\n\n{inner}\n--o--\n"
    );
    let reading = read(mail.as_bytes(), &Circumstances::default());
    let [found] = reading.forwarded.as_slice() else { panic!("one message is attached") };
    assert_eq!((found.form, found.subject.as_str(), found.text.trim()), (Form::Attached(0), "Pump", "It leaks."));
    assert_eq!(found.message_id.as_ref().map(|id| id.0.as_str()), Some("p@berg.example"));
    let enclosed = message::attachment_bytes(mail.as_bytes(), &reading.message.attachments[0]);
    assert_eq!(message::attachment_bytes(&enclosed, &found.attachments[0]), b"1;2");
    assert_eq!(reading.author_text, "See below.");
}

#[test]
fn a_person_who_hands_on_a_bounce_is_a_person() {
    let text = "Why did this come back?\n\n---------- Forwarded message ---------\nFrom: Mail Delivery Subsystem <mailer-daemon@mx.example>\n\
                Date: Mon, 3 Mar 2025 at 10:12\nSubject: Delivery Status Notification (Failure)\nTo: <anna@berg.example>\n\n\
                Delivery to the following recipient failed permanently:\n\n    bob@berg.example\n\n550 5.1.1 no such user\n";
    let mail = format!(
        "From: anna@berg.example\nMessage-ID: <1@berg.example>\nSubject: Fwd: Delivery Status Notification (Failure)\n\n{text}"
    );
    let reading = read(mail.as_bytes(), &Circumstances::default());
    assert_eq!((reading.kind, reading.forwarded.len()), (Kind::Correspondence, 1));
}
