//! Mail made to harm: every one has a reading, on the small stack that worker threads have, with bounds and defects.

use postcase::mail::{Circumstances, Keyring, Kind, Reading, read};
use proptest::prelude::*;

/// What tokio gives its worker threads.
const STACK: usize = 2 * 1024 * 1024;

fn circumstances() -> Circumstances {
    Circumstances { case_word: "Case".to_owned(), keyring: Keyring::new(vec![[7; 32]]), ..Circumstances::default() }
}

/// Reads on a thread with a small stack; a stack that overflows would end the whole test.
fn read_on_small_stack(mail: impl Into<Vec<u8>>) -> Reading {
    let mail = mail.into();
    let reader = std::thread::Builder::new().stack_size(STACK).spawn(move || read(&mail, &circumstances()));
    let reading = reader.expect("a thread starts").join().expect("reading does not panic");
    assert!(!has(&reading, "reader-failed"));
    reading
}

fn has(reading: &Reading, defect: &str) -> bool {
    reading.defects.iter().any(|found| found.name == defect)
}

/// The header of an ordinary mail, then `rest`.
fn mail(rest: &str) -> String {
    format!("From: a@x.org\nMessage-ID: <1@x.org>\nSubject: s\n{rest}")
}

#[test]
fn sixty_thousand_messages_within_messages() {
    for media_type in ["message/rfc822", "message/global"] {
        let reading = read_on_small_stack(mail(&format!("Content-Type: {media_type}\n\n").repeat(60_000)));
        assert_eq!(reading.message.subject, "s");
        assert_eq!(reading.message.attachments.len(), 1);
    }
}

#[test]
fn digests_and_multiparts_within_each_other() {
    for subtype in ["digest", "mixed", "alternative", "report"] {
        let nested: String =
            (0..20_000).map(|n| format!("Content-Type: multipart/{subtype}; boundary=b{n}\n\n--b{n}\n")).collect();
        let reading = read_on_small_stack(mail(&nested));
        assert!(has(&reading, "too-deep"), "{subtype}");
        let unclosed = "Content-Type: multipart/digest; boundary=b\n\n--b\n\n".repeat(20_000);
        read_on_small_stack(mail(&unclosed));
    }
}

#[test]
fn parts_without_number() {
    let parts = "--b\nContent-Type: multipart/mixed; boundary=never\n\nx\n".repeat(20_000);
    let reading = read_on_small_stack(mail(&format!("Content-Type: multipart/mixed; boundary=b\n\n{parts}")));
    assert!(has(&reading, "too-deep") || has(&reading, "too-many-parts"));
    let parts = "--b\n\nx\n".repeat(100_000);
    let reading = read_on_small_stack(mail(&format!("Content-Type: multipart/mixed; boundary=b\n\n{parts}")));
    assert!(has(&reading, "too-many-parts"));
}

#[test]
fn headers_without_end() {
    let reading = read_on_small_stack(mail(&"X: y\n".repeat(200_000)));
    assert!(has(&reading, "too-many-headers"));
    assert_eq!(reading.message.fields.len(), 1_000);
    let reading = read_on_small_stack(mail(&format!("To: {}\n\nHi", "a@x.org,".repeat(100_000))));
    assert!(has(&reading, "long-header"));
    let many: String = (0..20).map(|_| format!("Cc: {}\n", "a@x.org,".repeat(5_000))).collect();
    let reading = read_on_small_stack(mail(&format!("{many}\nHi")));
    assert!(has(&reading, "too-many-recipients"));
    // The originator is one of the 500.
    assert_eq!(reading.message.cc.len(), 499);
    read_on_small_stack(mail(&format!("To: {}\n\nHi", "\n ".repeat(500_000))));
    read_on_small_stack(mail(&format!("To: {}\n\nHi", "(".repeat(1_000_000))));
    read_on_small_stack(mail(&format!("To: {}\n\nHi", "\"\\".repeat(500_000))));
    read_on_small_stack(mail(&format!("References: {}\n\nHi", "<a@b>".repeat(200_000))));
    read_on_small_stack(mail(&format!("Content-Type: a/b; {}\n\nHi", "x*0*=''%41;".repeat(90_000))));
}

#[test]
fn raw_bytes_in_every_field() {
    let field = b"X-Name: J\xf6rgensen, K\xf8benhavn, \xc5rhus\n";
    let raw = [b"From: a@x.org\n".as_slice(), &field.repeat(20_000), b"\nHi\n"].concat();
    let reading = read_on_small_stack(raw);
    assert!(has(&reading, "raw-header-bytes"));
    assert_eq!(reading.message.fields[500].value, "Jörgensen, København, Århus");
}

#[test]
fn parameters_without_end() {
    let names: String = (0..1_000).map(|n| format!("; p{n}=x")).collect();
    let pieces: String = (0..1_000).map(|n| format!("; name*{n}=x")).collect();
    for parameters in [names, pieces] {
        let part =
            format!("--b\nContent-Type: application/x{parameters}\nContent-Disposition: attachment{parameters}\n\nx\n");
        let parts = part.repeat(1_000_000 / part.len());
        read_on_small_stack(mail(&format!("Content-Type: multipart/mixed; boundary=b\n\n{parts}")));
    }
    let words = "=?utf-8?B?Q?= ".to_owned() + &"=?utf-8?B?QUJD?= ".repeat(3_500);
    read_on_small_stack(mail(&format!("{}\nHi", format!("X: {words}\n").repeat(15))));
}

#[test]
fn reports_of_everybody() {
    let groups: String =
        (0..60).map(|n| format!("Final-Recipient: rfc822; a{n}@#.example\nAction: failed\n\n")).collect();
    let status =
        |n: usize| format!("--b\nContent-Type: message/delivery-status\n\n{}", groups.replace('#', &n.to_string()));
    let parts: String = (0..300).map(status).collect();
    let explanation = "The address was not found.\n".repeat(1_000);
    let reading = read_on_small_stack(format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@x.org\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
         --b\n\n{explanation}\n{parts}--b--\n"
    ));
    assert_eq!(reading.report.len(), 100);
    let names: String = (0..20_000).map(|n| format!("X-Failed-Recipients: b{n}@x.example, c{n}@x.example\n")).collect();
    let reading = read_on_small_stack(format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@x.org\nSubject: Undelivered Mail\n{names}\n{explanation}"
    ));
    assert_eq!(reading.report.len(), 100);
}

/// An element in DER.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).expect("it is small").to_be_bytes();
    [&[tag, 0x84], &length[..], content].concat()
}

/// A mail that is one signed object (RFC 8551 §3.5.2): HTML, and files of one media type.
fn signed(start: &str, media_type: &str, files: &[&str]) -> String {
    let html = "<p style='color:#fff;background-color:#eee'><a href='http://x.example/'>a</a>".repeat(5_000);
    let file = |file: &&str| format!("--b\r\nContent-Type: {media_type}\r\n\r\n{file}\r\n");
    let files: String = files.iter().map(file).collect();
    let content = format!(
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n{html}\r\n{files}--b--\r\n"
    );
    let identifier = |last: u8| element(6, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, last]);
    let content = [identifier(1), element(0xa0, &element(4, content.as_bytes()))].concat();
    let signed = [element(2, &[1]), element(0x31, &[]), element(0x30, &content)].concat();
    let object = [identifier(2), element(0xa0, &element(0x30, &signed))].concat();
    format!(
        "{start}Content-Type: application/pkcs7-mime; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
        data_encoding::BASE64.encode(&element(0x30, &object))
    )
}

#[test]
fn files_without_number_under_one_signature() {
    let plain = "From: a@x.example\r\nSubject: x\r\n";
    let many = |file: &'static str| vec![file; 490];
    let reading = read_on_small_stack(signed(plain, "text/calendar", &many("x")));
    assert_eq!((reading.message.attachments.len(), reading.kind), (491, Kind::Correspondence));
    // Each is read anew, with all that is signed: the first of them must do.
    let invitation = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\n";
    let mail = signed(plain, "text/calendar", &["x", "x", invitation]);
    let reading = read_on_small_stack(mail.as_str());
    assert_eq!(reading.kind, Kind::Calendar);
    let bytes = postcase::mail::attachment_bytes(mail.as_bytes(), &reading.message.attachments[3]);
    assert_eq!(bytes, invitation.as_bytes());
    let mail = signed(plain, "text/calendar", &[&many("x")[..], &[invitation]].concat());
    assert_eq!(read_on_small_stack(mail).kind, Kind::Correspondence);

    let bounce = "Return-Path: <>\r\nFrom: mailer-daemon@x.example\r\nSubject: Undelivered\r\n";
    let status = "Final-Recipient: rfc822; b@x.example\r\nAction: failed\r\nStatus: 5.1.1\r\n";
    let reading = read_on_small_stack(signed(bounce, "message/delivery-status", &["x", "x", status]));
    assert_eq!(reading.report[0].recipient.as_deref(), Some("b@x.example"));
    let reading = read_on_small_stack(signed(bounce, "message/delivery-status", &[&many("x")[..], &[status]].concat()));
    assert_eq!(reading.kind, Kind::DeliveryReport);
    assert!(reading.report.iter().all(|reported| reported.recipient.is_none()));
    for media_type in ["message/disposition-notification", "text/rfc822-headers"] {
        read_on_small_stack(signed(bounce, media_type, &many("x")));
    }
}

#[test]
fn encoded_words_that_never_end() {
    for bomb in ["=?utf-8?Q?a", "=?utf-8?B?", "=?", "=?utf-8?Q?=41?= ", "=?a?B?=?=", "?=", "=?utf-8?Q??=?"] {
        for name in ["Subject", "To", "Content-Type", "X-Any"] {
            read_on_small_stack(format!("{name}: {}\n\nHi", bomb.repeat(100_000)));
        }
    }
}

#[test]
fn bodies_that_never_end() {
    for line in [
        ">",
        "> ",
        "-- \n",
        "On 1 Mar 2025 a@b.c wrote:\n",
        "From: a@b.c\n",
        "ref:",
        "ref:0",
        "\n",
        "On 1\n",
        "&",
        "a\u{300}",
        "[Case 1",
        "--\n\n",
        "AB> a\n",
        "| a\n",
        "a:\n| a\n",
        "Von: a@b.c Gesendet: ",
        "From: a\nTo: b\nTo: c\n",
        "On Mon, 3 Mar 2025 at 10:12 Anna <a@b.c>\n",
        "On Mon, 3 Mar 2025 at 10:12, Anna wrote: ",
        "---------- Forwarded message ---------\n",
        "Sent from my iPhone\n",
        "> a\nb\n",
    ] {
        read_on_small_stack(mail(&format!("\n{}", line.repeat(1_000_000 / line.len()))));
    }
    let reading = read_on_small_stack(mail(&format!("\n{}", "word ".repeat(400_000))));
    assert!(has(&reading, "text-clipped"));
    read_on_small_stack(mail(&format!("Content-Type: text/plain; format=flowed\n\n{}", "> a \n".repeat(200_000))));
    read_on_small_stack(format!("Subject: {}\n\nx", "[Case 1] ".repeat(100_000)));
}

#[test]
fn html_that_never_ends() {
    for html in [
        "<div>",
        "<blockquote>",
        "<a href='http://x'>",
        "<style>",
        "<p a=1 b='",
        "<!--",
        "<b><i>",
        "&amp",
        "<li>",
        "<pre>",
        "cid:",
        "<ol><li>",
        "<table border=1><tr><td>a",
        "<div class=gmail_quote>a",
        "<div><td>a</div>",
        "<i><div><b>a</i>",
        "<div style='font-size:0'>a",
        "<img alt='two words'>",
    ] {
        read_on_small_stack(mail(&format!("Content-Type: text/html\n\n{}", html.repeat(1_000_000 / html.len()))));
    }
    let attributes: String = (0..150_000).map(|n| format!("a{n} ")).collect();
    let reading = read_on_small_stack(mail(&format!("Content-Type: text/html\n\n<p>Hi</p><p {attributes}")));
    assert!(has(&reading, "html-clipped"));
    assert_eq!(reading.message.text, "Hi");
}

#[test]
fn bytes_that_are_no_mail() {
    for raw in [&b""[..], b"\0", b"\r", b"\n", b":", b" ", b"--", b"From ", b"\xff\xfe", b"a:\n b\r\r\n\r", b"\n\n\n"] {
        read_on_small_stack(raw);
    }
    let reading = read_on_small_stack(&b"From: a@x.org\rSubject: old\r\rLines end in CR."[..]);
    assert_eq!((reading.message.subject.as_str(), reading.message.text.as_str()), ("old", "Lines end in CR."));
    read_on_small_stack(vec![0; 1_000_000]);
    read_on_small_stack(vec![0xff; 1_000_000]);
}

/// Pieces of which mail is made, so that chance finds more than noise.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "From: a@x.org\n",
        "Subject: =?utf-8?Q?x",
        "?=\n",
        "Content-Type: multipart/mixed; boundary=b\n",
        "\n",
        "\r\n",
        "--b\n",
        "--b--\n",
        "Content-Type: message/rfc822\n",
        "Content-Type: text/html; charset=gb18030\n",
        "Content-Transfer-Encoding: base64\n",
        "Content-Type: message/delivery-status\n",
        "Final-Recipient: rfc822; a@b.c\n",
        "Return-Path: <>\n",
        "<blockquote><a href=http://x>",
        "> ",
        "On 1 Mar 2025 a@b.c wrote:\n",
        "ref:0000-02G1-ATTJ-WZXM-2KW9-1P6F:ref",
        "-- \n",
        "é",
        "=\n",
        "[Case 1]",
        ":",
        "Content-Type: text/calendar\n",
        "To: \"a",
        "(",
        ">,",
        "filename*0*=utf-8''%",
        ";",
        "format=flowed",
        "begin 644 x\n#0V%T\n",
        "=ybegin line=128 size=9 name=x\n",
        "=yend size=3\n",
        "Content-Type: application/ms-tnef\nContent-Transfer-Encoding: base64\n\neJ8+IgEAAQeQBgAIAAAA5AQAAAAAAADoAA==\n",
        "Content-Type: text/plain; charset=iso-2022-kr\n",
        "\u{1b}$B%F\u{1b}(B",
        "Return-Path: <>\nFrom: MAILER-DAEMON@x.org\n",
        "Subject: Undelivered Mail\n",
        "Authentication-Results: x; dkim=pass (",
        "<a@b.example>: 550 x\n",
    ]);
    let piece = prop_oneof![
        3 => known.prop_map(|piece| piece.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..20),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_have_a_reading(raw in pieces()) {
        let reading = read(&raw, &circumstances());
        prop_assert!(!has(&reading, "reader-failed"));
        prop_assert!(!reading.message.text.contains('\r'));
        // A picture without words reads as "1 picture".
        prop_assert!(!reading.author_text.is_empty() || reading.message.text.trim().is_empty());
        let again = read(&raw, &circumstances());
        prop_assert_eq!(serde_json::to_string(&reading).unwrap(), serde_json::to_string(&again).unwrap());
        for attachment in &reading.message.attachments {
            let bytes = postcase::mail::attachment_bytes(&raw, attachment);
            prop_assert_eq!(bytes.len() as u64, attachment.size);
        }
    }
}
