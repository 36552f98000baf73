//! The mails of the journey.

use crate::outcome::timeless;
use crate::smtp_sink::Received;

/// A first mail.
pub fn request(from: &str, to: &str, id: &str, subject: &str, text: &str) -> Vec<u8> {
    lines(&format!(
        "Return-Path: <{from}@customer.test>\nReceived: from mx by desk\nFrom: {from} <{from}@customer.test>\n\
         To: {to}@desk.test\nSubject: {subject}\nMessage-ID: <{id}@customer.test>\n\
         Date: Mon, 2 Nov 2026 10:00:00 +0000\n\n{text}\n"
    ))
}

/// An answer to a mail that the desk sent: its reference stands in the quote.
pub fn reply(from: &str, id: &str, to: &Received, text: &str) -> Vec<u8> {
    answer(&format!("{from}@customer.test"), id, to, text)
}

/// The same by one of the staff.
pub fn staff_reply(from: &str, id: &str, to: &Received, text: &str) -> Vec<u8> {
    answer(&format!("{from}@desk.test"), id, to, text)
}

fn answer(from: &str, id: &str, to: &Received, text: &str) -> Vec<u8> {
    // Without moments, so that the same bytes come in every time.
    let quote: String = timeless(&text_of(to)).lines().map(|line| format!("> {line}\n")).collect();
    let (name, domain) = from.split_once('@').expect("an address");
    lines(&format!(
        "Return-Path: <{from}>\nFrom: {name} <{from}>\nTo: support@desk.test\n\
         Subject: Re: {}\nMessage-ID: <{id}@{domain}>\nIn-Reply-To: {}\nReferences: {}\n\
         Date: Mon, 2 Nov 2026 11:00:00 +0000\n\n{text}\n\nOn Monday, Test Desk wrote:\n{quote}",
        header(to, "Subject"),
        header(to, "Message-ID"),
        header(to, "Message-ID"),
    ))
}

/// A mail in the name of one of the staff, which nothing proves to be theirs.
pub fn unproven(from: &str, id: &str, subject: &str, text: &str) -> Vec<u8> {
    lines(&format!(
        "Return-Path: <{from}@desk.test>\nFrom: {from} <{from}@desk.test>\nTo: support@desk.test\nSubject: {subject}\n\
         Message-ID: <{id}@desk.test>\nDate: Mon, 2 Nov 2026 11:00:00 +0000\n\n{text}\n"
    ))
}

/// A reply with the marks of a machine.
pub fn out_of_office(from: &str, id: &str, to: &Received) -> Vec<u8> {
    lines(&format!(
        "Return-Path: <>\nFrom: {from} <{from}@customer.test>\nTo: support@desk.test\n\
         Subject: Automatic reply: {}\nMessage-ID: <{id}@customer.test>\nIn-Reply-To: {}\n\
         Auto-Submitted: auto-replied\nDate: Mon, 2 Nov 2026 11:00:00 +0000\n\nI am away until Friday.\n",
        header(to, "Subject"),
        header(to, "Message-ID"),
    ))
}

/// A delivery report about a mail that the desk sent (RFC 3464).
pub fn bounce(recipient: &str, id: &str, about: &Received) -> Vec<u8> {
    lines(&format!(
        "Return-Path: <>\nFrom: Mail Delivery System <MAILER-DAEMON@mx.test>\nTo: support@desk.test\n\
         Subject: Undelivered Mail Returned to Sender\nMessage-ID: <{id}@mx.test>\nAuto-Submitted: auto-replied\n\
         Date: Mon, 2 Nov 2026 11:00:00 +0000\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"r\"\n\n\
         --r\nContent-Type: text/plain\n\n<{recipient}>: 550 5.1.1 unknown user\n\
         --r\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.test\n\n\
         Final-Recipient: rfc822; {recipient}\nAction: failed\nStatus: 5.1.1\n\n\
         --r\nContent-Type: text/rfc822-headers\n\nFrom: Test Desk <support@desk.test>\nTo: {recipient}\n\
         Subject: {}\nMessage-ID: {}\n--r--\n",
        header(about, "Subject"),
        header(about, "Message-ID"),
    ))
}

pub fn header(mail: &Received, name: &str) -> String {
    let text = String::from_utf8_lossy(&mail.bytes).into_owned();
    let found = text.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    found.unwrap_or_default().to_owned()
}

/// The plain text of a mail of ours; it is ASCII but for the soft line ends of quoted-printable.
fn text_of(mail: &Received) -> String {
    let text = String::from_utf8_lossy(&mail.bytes).replace("=\r\n", "");
    let part = text.split("text/plain").nth(1).unwrap_or_default().split("\r\n--").next().unwrap_or_default();
    part.split_once("\r\n\r\n").map_or(String::new(), |(_, body)| body.replace("=3D", "="))
}

fn lines(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}
