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

/// Of each program in the languages that its users write, with what it leaves out and adds.
#[test]
fn inline_in_more_forms_and_languages() {
    let who = "Anna Berg <anna@berg.example>";
    let gmail = "---------- Forwarded message ---------";
    let forms = [
        format!("{gmail}\nDe : {who}\nDate: lun. 3 mars 2025 à 10:12\nSubject: Pump\nTo: Kevin <k@x.org>\n\n\nIt leaks."),
        format!("{gmail}\nDe: {who}\nDate: lun, 3 mar 2025 a las 10:12\nSubject: Pump\nTo: <k@x.org>\n\nIt leaks."),
        format!("{gmail}\nDe: {who}\nDate: seg., 3 de mar. de 2025 às 10:12\nSubject: Pump\nTo: <k@x.org>\n\nIt leaks."),
        format!("{gmail}\nDa: {who}\nDate: lun 3 mar 2025 alle ore 10:12\nSubject: Pump\nTo: <k@x.org>\n\nIt leaks."),
        format!("{gmail}\nVan: {who}\nDate: ma 3 mrt 2025 om 10:12\nSubject: Pump\nTo: <k@x.org>\n\nIt leaks."),
        format!("{gmail}\nOd: {who}\nDate: pon., 3 mar 2025 o 10:12\nSubject: Pump\nTo: <k@x.org>\n\nIt leaks."),
        format!("{gmail}\nОт: {who}\nDate: пн, 3 мар. 2025 г. в 10:12\nSubject: Pump\nTo: <k@x.org>\n\nIt leaks."),
        format!("{gmail}\nFrom: {who}\nDate: 2025年3月3日(月) 10:12\nSubject: Pump\nTo: <k@x.org>\n\nIt leaks."),
        format!("{gmail}\nFrån: {who}\nDate: mån 3 mars 2025 kl 10:12\nSubject: Pump\nTo: <k@x.org>\n\nIt leaks."),
        format!("Begin forwarded message:\n\n> From: {who}\n> Subject: Pump\n> Date: 3 March 2025 at 10:12:00 CET\n> To: Kevin <k@x.org>\n> \n> It leaks."),
        format!("Début du message réexpédié :\n\n> De: {who}\n> Objet: Pump\n> Date: 3 mars 2025 à 10:12:00 UTC+1\n> À: Kevin <k@x.org>\n> \n> It leaks."),
        format!("Inicio del mensaje reenviado:\n\n> De: {who}\n> Asunto: Pump\n> Fecha: 3 de marzo de 2025, 10:12:00 CET\n> Para: Kevin <k@x.org>\n> \n> It leaks."),
        format!("Inizio messaggio inoltrato:\n\n> Da: {who}\n> Oggetto: Pump\n> Data: 3 marzo 2025 10:12:00 CET\n> A: Kevin <k@x.org>\n> \n> It leaks."),
        format!("Begin doorgestuurd bericht:\n\n> Van: {who}\n> Onderwerp: Pump\n> Datum: 3 maart 2025 om 10:12:00 CET\n> Aan: Kevin <k@x.org>\n> \n> It leaks."),
        format!("________________________________\nFrom: {who}\nSent: Monday, March 3, 2025 10:12 AM\nTo: Kevin <k@x.org>\nSubject: Pump\n\nIt leaks."),
        format!("________________________________\nVon: {who}\nGesendet: Montag, 3. März 2025 10:12\nAn: Kevin <k@x.org>\nBetreff: Pump\n\nIt leaks."),
        format!("----- Forwarded Message -----\nFrom: {who}\nTo: Kevin <k@x.org>\nSent: Monday, March 3, 2025, 10:12 AM\nSubject: Pump\n\nIt leaks."),
        format!("------- Forwarded Message -------\nFrom: {who}\nDate: On Monday, March 3rd, 2025 at 10:12\nSubject: Pump\nTo: Kevin <k@x.org>\n\n> It leaks."),
        format!("-------- Original message --------\nFrom: {who}\nDate: 03/03/2025 10:12 (GMT+01:00)\nTo: Kevin <k@x.org>\nSubject: Pump\n\nIt leaks."),
        format!("-------- Forwarded Message --------\nSubject: \tPump\nDate: \tMon, 3 Mar 2025 10:12:00 +0100\nFrom: \t{who}\nTo: \tk@x.org\n\n\n\nIt leaks."),
        format!("---------- Forwarded Message ---------\n\nFrom: {who}\nSubject: Pump\nDate: Mar 3 2025, at 10:12 am\nTo: Kevin <k@x.org>\n\nIt leaks."),
        format!("----- Forwarded message from {who} -----\n\nDate: Mon, 3 Mar 2025 10:12:00 +0100\nFrom: {who}\nTo: k@x.org\nSubject: Pump\n\nIt leaks.\n\n----- End forwarded message -----"),
        format!("============ Forwarded message ============\nFrom: {who}\nTo: <k@x.org>\nDate: Mon, 03 Mar 2025 10:12:00 +0100\nSubject: Pump\n============ Forwarded message ============\n\nIt leaks."),
        "Gesendet: Montag, 03. März 2025 um 10:12 Uhr\nVon: \"Anna Berg\" <anna@berg.example>\nAn: k@x.org\nBetreff: Pump\nIt leaks.".to_owned(),
        format!("-------- Originalnachricht --------\nBetreff: Pump\nDatum: 2025-03-03 10:12\nVon: {who}\nAn: k@x.org\n\nIt leaks."),
    ];
    let mut wrong = Vec::new();
    for text in &forms {
        let found = inline("Fwd: Pump", text);
        let from = found.from.as_ref().map(Named::to_string);
        let date = found.date.map(|date| date.to_string());
        let right = from.as_deref() == Some(who)
            && date.as_deref() == Some("2025-03-03T09:12:00Z")
            && (found.subject.as_str(), found.text.as_str()) == ("Pump", "It leaks.");
        if !right {
            wrong.push(format!("{text}\n→ {from:?} {date:?} {:?} {:?}", found.subject, found.text));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
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

/// On the Mac the separator stands within the quotation.
#[test]
fn apple_marks_all_that_it_hands_on() {
    let header = "From: Anna Berg <anna@berg.example>\nSubject: Pump\nDate: 3 March 2025 at 10:12:00 CET\nTo: k@x.org";
    let marked = |text: &str| text.split('\n').map(|line| format!("> {line}\n")).collect::<String>();
    let titled = marked(&format!("Begin forwarded message:\n\n{header}\n\nIt leaks."));
    let html = format!(
        "<blockquote type=\"cite\"><div>Begin forwarded message:</div><br><div>{}</div><br><div>It leaks.</div></blockquote>",
        header.replace('<', "&lt;").replace('>', "&gt;").replace('\n', "</div><div>")
    );
    let mail = |media_type: &str, subject: &str, text: &str| {
        format!("From: kevin@instruments.example\nSubject: {subject}\nContent-Type: {media_type}\n\n{text}\n")
    };
    for subject in ["Fwd: Pump", "Pump"] {
        let texts = [("text/plain", format!("For you.\n\n{titled}")), ("text/html", format!("<p>For you.</p>{html}"))];
        for (media_type, text) in texts {
            let found = forwarded(&mail(media_type, subject, &text));
            let [found] = found.as_slice() else { panic!("one is handed on: {text}") };
            assert_eq!((found.subject.as_str(), found.text.as_str()), ("Pump", "It leaks."), "{text}");
            assert_eq!(found.from.as_ref().map(|from| from.address.as_str()), Some("anna@berg.example"), "{text}");
        }
    }
    // What an answered mail hands on is quoted.
    let answers = [
        ("Pump", format!("Thanks.\n\nOn 3 Mar 2025, at 10:12, Anna <anna@berg.example> wrote:\n\n{titled}")),
        ("Pump", format!("Thanks.\n\n> See below.\n> \n{titled}")),
        ("Pump", format!("Thanks.\n\n> Begin forwarded message:\n> \n{}", marked(&marked(header)))),
        ("Re: Pump", format!("Thanks.\n\n{titled}")),
    ];
    for (subject, text) in answers {
        let reading = read(mail("text/plain", subject, &text).as_bytes(), &Circumstances::default());
        assert!(reading.forwarded.is_empty(), "{text}");
        assert_eq!(reading.author_text, "Thanks.", "{text}");
    }
}

#[test]
fn a_name_keeps_its_parentheses() {
    for (written, name) in [
        ("Berg, Anna (Instruments Ltd) <anna@berg.example>", "Berg, Anna (Instruments Ltd)"),
        ("Anna (anna@berg.example)", "Anna"),
        ("Anna ([mailto:anna@berg.example])", "Anna"),
    ] {
        assert_eq!(named(written).and_then(|named| named.name).as_deref(), Some(name), "{written}");
    }
}

#[test]
fn prefixes_of_forwards_may_be_shortened() {
    let block = "Feladó: Anna Berg <anna@berg.example>\nElküldve: 2025. március 3. 10:12\nCímzett: Kevin\nTárgy: Pump\n\nIt leaks.";
    for subject in ["TOVÁBB: Pump", "Redir.: Pump", "PERSIŲSTA: Pump", "Tov.: Pump"] {
        assert_eq!(inline(subject, block).text, "It leaks.", "{subject}");
    }
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
