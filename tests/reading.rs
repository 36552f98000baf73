//! Golden readings: every mail in `fixtures/mail` is read as the file beside it says, with LF and with CRLF line ends.
//!
//! `BLESS=1 cargo test --test reading` writes the files anew; read the difference before it is committed.

use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use postcase::mail::authentication::{Trust, standing};
use postcase::mail::reference::own_message_id;
use postcase::mail::{Address, Circumstances, Keyring, Message, Pointer, Reading, SentId, json, read};
use sha2::{Digest, Sha256};

fn circumstances() -> Circumstances {
    Circumstances {
        own_addresses: vec![Address::parse("support@instruments.example").expect("a constant")],
        own_lists: vec!["support.instruments.example".to_owned()],
        case_word: "Case".to_owned(),
        keyring: Keyring::new(vec![[7; 32]]),
        ..Circumstances::default()
    }
}

fn mails() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/mail");
    let files = std::fs::read_dir(folder).expect("the fixtures are part of the repository");
    let mut mails: Vec<PathBuf> = files.map(|file| file.expect("readable").path()).collect();
    mails.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
    mails.sort();
    mails
}

fn with_crlf(raw: &[u8]) -> Vec<u8> {
    raw.iter().flat_map(|byte| if *byte == b'\n' { vec![b'\r', b'\n'] } else { vec![*byte] }).collect()
}

fn as_json(path: &Path, reading: &Reading) -> serde_json::Value {
    let file = path.file_name().expect("a file").to_string_lossy();
    let mut value = serde_json::to_value(json::View::of(&file, reading)).expect("plain data");
    value["may_answer"] = reading.may_answer.into();
    value.as_object_mut().expect("an object").remove("forwarded");
    if !reading.forwarded.is_empty() {
        value["forwarded"] = serde_json::to_value(&reading.forwarded).expect("plain data");
    }
    if file.starts_with("speaker-") {
        value["speaks"] = speaks(&reading.message);
    }
    value
}

/// Who else the header names, and what the results in it prove: to a desk that trusts its own server, and to one that
/// trusts the topmost.
fn speaks(message: &Message) -> serde_json::Value {
    let ours = Trust::Servers(vec!["mx.instruments.example".to_owned()]);
    let told = |trust: &Trust| format!("{:?}", standing(message, trust));
    serde_json::json!({
        "rewritten": message.rewritten,
        "sender": message.sender,
        "reply_to": message.reply_to,
        "our_server": told(&ours),
        "topmost": told(&Trust::Topmost),
    })
}

#[test]
fn mails_are_read_as_recorded() {
    let mut wrong = String::new();
    for path in mails() {
        let raw = std::fs::read(&path).expect("readable");
        let golden = path.with_extension("json");
        let text =
            serde_json::to_string_pretty(&as_json(&path, &read(&raw, &circumstances()))).expect("plain data") + "\n";
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&golden, &text).expect("writable");
        }
        let expected = std::fs::read_to_string(&golden).unwrap_or_default();
        if expected != text {
            let diff = similar::TextDiff::from_lines(&expected, &text);
            wrong.push_str(&diff.unified_diff().header(&golden.to_string_lossy(), "read").to_string());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn line_ends_do_not_matter() {
    for path in mails() {
        let raw = std::fs::read(&path).expect("readable");
        let (lf, crlf) = (read(&raw, &circumstances()), read(&with_crlf(&raw), &circumstances()));
        assert_eq!(lf.content_hash, crlf.content_hash, "{}", path.display());
        let comparable = |reading: &Reading| {
            let mut value = as_json(&path, reading);
            // The bytes of text and of enclosed messages are kept as they came.
            let bytes = ["size", "sha256", "offset", "length"];
            let forget = |attachments: &mut serde_json::Value| {
                for attachment in attachments.as_array_mut().into_iter().flatten() {
                    attachment.as_object_mut().expect("an object").retain(|key, _| !bytes.contains(&key.as_str()));
                }
            };
            forget(&mut value["attachments"]);
            for forwarded in value.get_mut("forwarded").and_then(|list| list.as_array_mut()).into_iter().flatten() {
                forget(&mut forwarded["attachments"]);
            }
            value
        };
        assert_eq!(comparable(&lf), comparable(&crlf), "{}", path.display());
    }
}

#[test]
fn copies_of_a_message_have_one_fingerprint_and_other_messages_another() {
    let mail = "From: a@x.org\nSubject: s\nMessage-ID: <1@x.org>\n\nHello\nthere\n";
    let hash = |mail: &str| read(mail.as_bytes(), &circumstances()).content_hash;
    let trace = "Return-Path: <a@x.org>\nReceived: from a by b\nDelivered-To: us\nAuthentication-Results: x\nDKIM-Signature: y\n\
                 X-Spam: no\nList-Id: <support.instruments.example>\n";
    assert_eq!(hash(mail), hash(&format!("{trace}{mail}")));
    assert_eq!(hash(mail), hash(&mail.replace("there\n", "there  \r\n\r\n")));
    assert_eq!(hash(mail), hash(&mail.replace("Subject: s", "Subject:\n s")));
    assert_ne!(hash(mail), hash(&mail.replace("there", "here")));
    assert_ne!(hash(mail), hash(&mail.replace("Subject: s", "Subject: t")));
    assert_ne!(hash(mail), hash(&mail.replace("Hello\n", "Hello\n\n")));
    // Where no empty line ends the header, the first lines of the text count too.
    assert_ne!(hash("From: a@x.org\nhello there\n\nx"), hash("From: a@x.org\nhello you\n\nx"));
}

#[test]
fn attachments_keep_their_bytes() {
    let latin = b"name;Gr\xf6\xdfe\r\n";
    let mail = [
        b"From: a@x.org\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nHi\n--b\nContent-Type: text/csv; charset=utf-8\n\
          Content-Disposition: attachment; filename=a.csv\n\n"
            .as_slice(),
        latin,
        b"\n--b--\n",
    ]
    .concat();
    let reading = read(&mail, &circumstances());
    let [attachment] = reading.message.attachments.as_slice() else { panic!("one attachment") };
    assert_eq!(postcase::mail::attachment_bytes(&mail, attachment), latin);
    assert_eq!(attachment.size, latin.len() as u64);
    assert!(postcase::mail::attachment_bytes(b"another message", attachment).is_empty());
}

/// How a sender may write bytes into a mail.
fn encoded(bytes: &[u8], encoding: &str, end: &str) -> Vec<u8> {
    let lines = |text: &str| {
        let lines: Vec<&str> =
            text.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
        lines.join(end).into_bytes()
    };
    match encoding {
        "base64" => lines(&data_encoding::BASE64.encode(bytes)),
        "quoted-printable" => {
            let symbols: Vec<String> = bytes
                .iter()
                .map(|b| if b.is_ascii_alphanumeric() { char::from(*b).to_string() } else { format!("={b:02X}") })
                .collect();
            symbols.chunks(20).map(<[String]>::concat).collect::<Vec<_>>().join(&format!("={end}")).into_bytes()
        }
        "x-uuencode" => {
            let mut text = format!("begin 644 file{end}");
            for line in bytes.chunks(45) {
                let symbol = |six: u8| if six == 0 { '`' } else { char::from(six + 0x20) };
                text.push(symbol(u8::try_from(line.len()).expect("at most 45")));
                for group in line.chunks(3) {
                    let at = |n: usize| group.get(n).copied().unwrap_or(0);
                    let six =
                        [at(0) >> 2, at(0) << 4 & 0x30 | at(1) >> 4, at(1) << 2 & 0x3c | at(2) >> 6, at(2) & 0x3f];
                    text.extend(six.map(symbol));
                }
                text.push_str(end);
            }
            format!("{text}`{end}end").into_bytes()
        }
        _ => bytes.to_vec(),
    }
}

proptest::proptest! {
    /// B18: whatever was attached comes out as it went in, byte for byte, however it was written and wherever it stands.
    #[test]
    fn a_parts_bytes_are_exactly_the_senders(
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 1..400),
        encoding in proptest::sample::select(vec!["base64", "quoted-printable", "x-uuencode", "binary", "8bit"]),
        media_type in proptest::sample::select(vec!["application/pdf", "text/plain; charset=utf-7", "text/html", "image/png"]),
        end in proptest::sample::select(vec!["\n", "\r\n"]),
        before in proptest::sample::select(vec!["", "A preamble.", "--other", "--b7f3a9c2e4d1x"]),
    ) {
        // A bare CR that ends raw bytes is a CRLF with the LF before the boundary: nobody can tell them apart.
        let raw = matches!(encoding, "binary" | "8bit");
        proptest::prop_assume!(!(raw && end == "\n" && bytes.ends_with(b"\r")));
        let head = [
            "From: a@x.org", "Content-Type: multipart/mixed; boundary=b7f3a9c2e4d1", "", before, "--b7f3a9c2e4d1",
            "Content-Type: text/plain", "", "Hi", "--b7f3a9c2e4d1", &format!("Content-Type: {media_type}"),
            "Content-Disposition: attachment; filename=file", &format!("Content-Transfer-Encoding: {encoding}"), "", "",
        ];
        let tail = ["", "--b7f3a9c2e4d1--", ""];
        let mail = [head.join(end).into_bytes(), encoded(&bytes, encoding, end), tail.join(end).into_bytes()].concat();
        let message = read(&mail, &circumstances()).message;
        proptest::prop_assert_eq!(message.attachments.len(), 1);
        let attachment = &message.attachments[0];
        proptest::prop_assert_eq!(attachment.size, bytes.len() as u64);
        proptest::prop_assert_eq!(&attachment.sha256, &HEXLOWER.encode(&Sha256::digest(&bytes)));
        proptest::prop_assert_eq!(postcase::mail::attachment_bytes(&mail, attachment), bytes);
    }
}

/// B15: a report that returns nothing of the mail finds its case by the envelope id, which is our signed Message-ID.
#[test]
fn an_envelope_id_names_the_mail() {
    let circumstances = circumstances();
    let id = own_message_id(&circumstances.keyring.seal(SentId(2817)), "desk.example");
    let report = |envelope_id: &str| {
        format!(
            "From: MAILER-DAEMON@mx.example\r\nTo: support@desk.example\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nIt failed.\r\n--b\r\n\
             Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\
             Original-Envelope-Id: {envelope_id}\r\n\r\nFinal-Recipient: rfc822; paul@petit.example\r\n\
             Action: failed\r\nStatus: 5.1.1\r\n--b--\r\n"
        )
    };
    let clues = |envelope_id: &str| read(report(envelope_id).as_bytes(), &circumstances).clues;
    let pointers: Vec<Pointer> = clues(&id.0).into_iter().map(|clue| clue.pointer).collect();
    assert_eq!(pointers, [Pointer::Sent(SentId(2817))]);
    let forged = id.0.replacen("pc.0", "pc.1", 1);
    assert!(clues(&forged).iter().all(|clue| !matches!(clue.pointer, Pointer::Sent(_))), "a forged one names nothing");
}
