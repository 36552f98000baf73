//! Every defect that a mail can have: found where it is, and what can be read is read all the same.

use postcase::mail::{Bounds, Circumstances, Keyring, read};

const HEAD: &str = "From: a@x.example\nMessage-ID: <1@x.example>\n";

fn defects(mail: &[u8]) -> Vec<String> {
    let bounds =
        Bounds { headers: 20, recipients: 5, parts: 5, depth: 3, header_bytes: 500, text_bytes: 500, html_bytes: 500 };
    let keyring = Keyring::new(vec![[7; 32]]);
    let circumstances = Circumstances { bounds, keyring, ..Circumstances::default() };
    read(mail, &circumstances).defects.into_iter().map(|defect| defect.name).collect()
}

/// The names that the documentation of defects lists.
fn listed() -> impl Iterator<Item = &'static str> {
    let rows = include_str!("../src/mail/defect.rs").lines().filter_map(|line| line.strip_prefix("//! | `"));
    rows.filter_map(|row| row.split_once('`')).map(|(name, _)| name)
}

#[test]
fn each_defect_is_found() {
    let mixed = "Content-Type: multipart/mixed; boundary=b\n\n";
    let winmail =
        "Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\nTm8gVE5FRi4=\n";
    let mails: &[(&str, String)] = &[
        ("no-header", "Hello there,\nthe pump leaks.\n".to_owned()),
        ("no-header-end", format!("{HEAD}The pump leaks.\nIt does.\n")),
        ("bad-header-line", format!("{HEAD}what is this\nSubject: x\n\nHi\n")),
        ("too-many-headers", format!("{HEAD}{}\nHi\n", "X: y\n".repeat(30))),
        ("long-header", format!("{HEAD}Subject: {}\n\nHi\n", "long ".repeat(200))),
        ("broken-encoded-word", format!("{HEAD}Subject: =?utf-8?Q?never ends\n\nHi\n")),
        ("too-many-recipients", format!("{HEAD}To: {}\n\nHi\n", "b@x.example, ".repeat(9))),
        ("no-originator", "Message-ID: <1@x.example>\nSubject: x\n\nHi\n".to_owned()),
        ("several-originators", "From: a@x.example, b@x.example\nMessage-ID: <1@x.example>\n\nHi\n".to_owned()),
        ("no-message-id", "From: a@x.example\n\nHi\n".to_owned()),
        ("bad-date", format!("{HEAD}Date: the day before\n\nHi\n")),
        ("too-many-parts", format!("{HEAD}{mixed}{}--b--\n", "--b\n\nx\n".repeat(9))),
        (
            "too-deep",
            format!(
                "{HEAD}{}",
                (0..5).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n")).collect::<String>()
            ),
        ),
        ("no-boundary", format!("{HEAD}Content-Type: multipart/mixed\n\nHi\n")),
        ("no-end-boundary", format!("{HEAD}{mixed}--b\n\nHi\n")),
        ("bad-transfer-encoding", format!("{HEAD}Content-Transfer-Encoding: base64\n\nSGVs*bG8=\n")),
        ("text-clipped", format!("{HEAD}\n{}", "word ".repeat(200))),
        ("html-clipped", format!("{HEAD}Content-Type: text/html\n\n{}", "<p>word</p>".repeat(200))),
        ("forged-reference", format!("{HEAD}Subject: ref:0000-02G1-85PB-68FV-35GT-8TF8:ref\n\nHi\n")),
        ("encrypted", format!("{HEAD}Content-Type: multipart/encrypted; boundary=b\n\n--b\n\nVersion: 1\n--b--\n")),
        ("partial-message", format!("{HEAD}Content-Type: message/partial; id=x; number=1\n\nHi\n")),
        ("external-body", format!("{HEAD}Content-Type: message/external-body; access-type=URL; URL=x\n\nHi\n")),
        ("bad-transfer-encoding", format!("{HEAD}Content-Transfer-Encoding: rot13\n\nUv\n")),
        ("broken-attachment", format!("{HEAD}\nSee:\nbegin 644 x\n#0V%T\n")),
        ("broken-attachment", format!("{HEAD}Content-Type: application/pkcs7-mime\n\nno CMS\n")),
        ("broken-attachment", format!("{HEAD}{mixed}--b\n{winmail}--b--\n")),
    ];
    // Those that need bytes of their own follow below; the last is what a panic leaves, which no mail should cause.
    let elsewhere = ["raw-header-bytes", "wrong-charset", "too-many-clues", "reader-failed"];
    for name in listed() {
        assert!(elsewhere.contains(&name) || mails.iter().any(|(defect, _)| *defect == name), "{name} has no mail");
    }
    for (defect, mail) in mails {
        for mail in [mail.clone(), mail.replace('\n', "\r\n")] {
            let found = defects(mail.as_bytes());
            assert!(found.iter().any(|name| name == defect), "{defect}: {found:?}");
        }
    }
    let raw = [HEAD.as_bytes(), b"Subject: Gr\xfc\xdfe\n\nHi\n"].concat();
    assert_eq!(defects(&raw), ["raw-header-bytes"]);
    let wrong =
        [HEAD.as_bytes(), b"Content-Type: text/plain; charset=utf-8\n\nSch\xf6ne Gr\xfc\xdfe aus K\xf6ln\n"].concat();
    assert_eq!(defects(&wrong), ["wrong-charset"]);
    let references: String = (0..900).map(|n| format!("<{n}@y.example>\n ")).collect();
    let many = format!("{HEAD}References: {references}x\n\nHi\n");
    let found = read(many.as_bytes(), &Circumstances::default()).defects;
    assert!(found.iter().any(|defect| defect.name == "too-many-clues"), "{found:?}");
}

#[test]
fn ordinary_mail_has_none() {
    let mail = format!("{HEAD}Subject: x\nDate: Mon, 3 Mar 2025 10:12:00 +0100\nContent-Type: text/plain\n\nHi\n");
    assert_eq!(defects(mail.as_bytes()), Vec::<String>::new());
}
