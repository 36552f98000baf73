//! Kinds: mails of many systems, programs and people, as they come.
//!
//! `fixtures/kinds/*.mails` hold one mail behind the other. Before each stands a line
//! `=== name | kind | recipient action status id ; …`: what it is, and for a report what it says of whom (`-` where it
//! says nothing). `correspondence, unanswered` is a person's mail that gets no automatic answer; a report is one `by its
//! envelope` where its words alone do not tell.

use std::path::{Path, PathBuf};

use postcase::mail::{Circumstances, Kind, Reading, read};

struct Mail {
    name: String,
    kind: String,
    answered: bool,
    enveloped: bool,
    report: Vec<String>,
    text: String,
}

fn mails() -> Vec<Mail> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/kinds");
    let files = std::fs::read_dir(folder).expect("the fixtures are part of the repository");
    let mut files: Vec<PathBuf> = files.map(|file| file.expect("readable").path()).collect();
    files.sort();
    files.iter().flat_map(|path| mails_of(path)).collect()
}

fn mails_of(path: &Path) -> Vec<Mail> {
    let text = std::fs::read_to_string(path).expect("readable");
    let file = path.file_stem().expect("a file").to_string_lossy();
    let mails = text.split("\n=== ").skip(1);
    mails.map(|mail| mail_of(&file, mail)).collect()
}

fn mail_of(file: &str, mail: &str) -> Mail {
    let (head, text) = mail.split_once('\n').expect("a line before the mail");
    let mut columns = head.split('|').map(str::trim);
    let name = format!("{file}: {}", columns.next().unwrap_or_default());
    let kind = columns.next().expect("a kind");
    let (kind, remark) = kind.split_once(", ").unwrap_or((kind, ""));
    let named =
        Kind::ALL.iter().any(|known| known.name() == kind) && ["", "unanswered", "by its envelope"].contains(&remark);
    assert!(named, "{name}: the kind is {kind}, {remark}");
    let report = columns.next().map(|all| all.split(" ; ").map(|one| one.trim().to_owned()).collect());
    let answered = matches!(kind, "correspondence" | "calendar") && remark.is_empty();
    let text = format!("{}\n", text.trim_end());
    Mail {
        name,
        kind: kind.to_owned(),
        answered,
        enveloped: remark == "by its envelope",
        report: report.unwrap_or_default(),
        text,
    }
}

fn reading(text: &str) -> Reading {
    read(text.as_bytes(), &Circumstances::default())
}

fn reported(reading: &Reading) -> Vec<String> {
    let one = |report: &postcase::mail::ReportedRecipient| {
        let recipient = report.recipient.as_deref().unwrap_or("-");
        let action = format!("{:?}", report.action).to_lowercase();
        let id = report.original_message_id.as_ref().map_or("-", |id| id.0.as_str());
        format!("{recipient} {action} {} {id}", report.status.as_deref().unwrap_or("-"))
    };
    reading.report.iter().map(one).collect()
}

fn wrong(mail: &Mail, text: &str) -> Option<String> {
    let reading = reading(text);
    let (kind, report) = (reading.kind.name(), reported(&reading));
    let right = kind == mail.kind && report == mail.report && reading.may_answer == mail.answered;
    let explained = reading.kind == Kind::Correspondence || !reading.kind_evidence.is_empty();
    (!right || !explained).then(|| {
        let evidence = reading.kind_evidence.join(" · ");
        format!(
            "{}\n  expected {} {:?} answered: {}\n  read     {kind} {report:?} answered: {}\n  because of {evidence}\n",
            mail.name, mail.kind, mail.report, mail.answered, reading.may_answer
        )
    })
}

#[test]
fn mails_are_what_they_are() {
    let mails = mails();
    let wrong: Vec<String> = mails.iter().filter_map(|mail| wrong(mail, &mail.text)).collect();
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), mails.len(), wrong.concat());
}

#[test]
fn line_ends_do_not_matter() {
    let mails = mails();
    let wrong: Vec<String> = mails.iter().filter_map(|mail| wrong(mail, &mail.text.replace('\n', "\r\n"))).collect();
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

/// Servers that file mail away lose the envelope, and gateways the marks of automatic mail.
#[test]
fn reports_are_known_without_the_envelope() {
    let lost = ["return-path:", "auto-submitted:", "precedence:", "x-failed-recipients:"];
    let mails = mails();
    let reports = mails.iter().filter(|mail| mail.kind == "delivery-report" && !mail.enveloped);
    let mut wrong = String::new();
    for mail in reports {
        let (header, body) = mail.text.split_once("\n\n").expect("a header");
        let mut dropped = false;
        let kept = header.lines().filter(|line| {
            let folded = line.starts_with([' ', '\t']);
            dropped = if folded { dropped } else { lost.iter().any(|name| line.to_lowercase().starts_with(name)) };
            !dropped
        });
        let text = format!("{}\n\n{body}", kept.collect::<Vec<_>>().join("\n"));
        let reading = reading(&text);
        if reading.kind != Kind::DeliveryReport {
            wrong.push_str(&format!("{}: {} {:?}\n", mail.name, reading.kind.name(), reading.kind_evidence));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The text of a machine's mail, as somebody would copy it.
fn copied(mail: &Mail) -> (String, String) {
    let reading = reading(&mail.text);
    (reading.message.subject, reading.message.text)
}

fn is_a_persons(name: &str, fields: &str, subject: &str, text: &str) -> Option<String> {
    let mail = format!(
        "From: Kim Roe <kim@customer.example>\nTo: support@instruments.example\nMessage-ID: <k1@customer.example>\n\
         Subject: {subject}\n{fields}Content-Type: text/plain; charset=utf-8\n\n{text}\n"
    );
    let reading = reading(&mail);
    let person = reading.kind == Kind::Correspondence && reading.may_answer;
    (!person).then(|| format!("{name}: {} {:?}\n", reading.kind.name(), reading.kind_evidence))
}

/// Whoever copies a machine's mail, forwards or answers it is a person, whatever it was.
#[test]
fn who_hands_on_what_a_machine_wrote_is_a_person() {
    let machines = mails();
    let machines = machines.iter().filter(|mail| !["correspondence", "calendar", "list"].contains(&mail.kind.as_str()));
    let mut wrong = Vec::new();
    for mail in machines {
        let (subject, text) = copied(mail);
        let name = |how: &str| format!("{}, {how}", mail.name);
        let quoted: String = text.lines().map(|line| format!("> {line}\n")).collect();
        let pasted = format!("I got this from you yesterday:\n\n{text}");
        let asked = format!("Was heißt das?\n\n{text}");
        let answer =
            format!("Thank you, I wait then.\n\nOn Tue, 4 Mar 2025 at 10:31, Bob <bob@b.example> wrote:\n{quoted}");
        let thread = "In-Reply-To: <q1@instruments.example>\n";
        wrong.extend(is_a_persons(&name("pasted"), "", "Strange mail", &pasted));
        // Nobody writes anew under the mark of an automatic reply.
        if mail.kind != "auto-reply" {
            wrong.extend(is_a_persons(&name("pasted under its subject"), "", &subject, &pasted));
            wrong.extend(is_a_persons(&name("asked about"), "", &subject, &asked));
        }
        wrong.extend(is_a_persons(&name("forwarded"), "", &format!("Fwd: {subject}"), &text));
        wrong.extend(is_a_persons(&name("forwarded by a gateway"), "", &format!("[EXTERNAL] WG: {subject}"), &text));
        wrong.extend(is_a_persons(&name("answered"), thread, &format!("Re: {subject}"), &answer));
        wrong.extend(is_a_persons(&name("answered without a thread"), "", &format!("AW: {subject}"), &answer));
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.concat());
}
