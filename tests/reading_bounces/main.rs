//! Delivery reports as the programs of the world write them: that they are ones, whom they name, and what they say.

mod carriers;
mod gateways;
mod servers;
mod web_mailers;

use postcase::mail::{Action, Circumstances, Kind, read};

/// A report: what wrote it, its header, its text; whom it names; what it says of him.
type Report = (&'static str, &'static str, &'static str, &'static str, Action, &'static str);

fn check(reports: &[Report]) {
    let mut wrong = Vec::new();
    for (program, header, text, recipient, action, status) in reports {
        let mime = if header.contains("Content-Type") { "" } else { "Content-Type: text/plain; charset=utf-8\n" };
        let mail =
            format!("{header}\nMessage-ID: <1@mx.example>\nDate: Mon, 3 Mar 2025 10:12:00 +0100\n{mime}\n{text}\n");
        for mail in [mail.clone(), mail.replace('\n', "\r\n")] {
            let reading = read(mail.as_bytes(), &Circumstances::default());
            if reading.kind != Kind::DeliveryReport {
                wrong.push(format!("{program}: {:?} {:?}", reading.kind, reading.kind_evidence));
                break;
            }
            let said: Vec<_> =
                reading.report.iter().map(|r| (r.recipient.as_deref(), r.action, r.status.as_deref())).collect();
            let named = (!recipient.is_empty()).then_some(*recipient);
            if said.len() != 1 || said[0] != (named, *action, Some(*status)) {
                wrong.push(format!("{program}: {said:?}"));
                break;
            }
            assert!(!reading.may_answer && !reading.kind_evidence.is_empty(), "{program}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
