//! Letters to staff, and files that go with letters.

use postcase::case::letter::{Facts, Inside};
use postcase::case::{Audience, Letter, Template};
use postcase::compose::{File, compose};
use postcase::mail::{self, Circumstances, Pointer, SentId, body};

use crate::{keyring, letter, named, policy, text};

/// As staff get it.
pub fn to_staff(template: Template, code: &str) -> Letter {
    let said = |text: &str| Some(text.to_owned());
    let notified = template == Template::Notified;
    let inside = match template {
        Template::Notified => Inside {
            reply_goes_to: said("Anna Müller, Cc Bob"),
            author: said("Anna Müller"),
            words: said("Es brennt noch immer.\n\n> Ziehen Sie den Stecker.\n\nDas half <nicht>."),
            enclosed: said("feuer.jpg (812 KB)\nlog.txt (4 KB)"),
            too_large: said("film.mp4 (48 MB)"),
            instead_of: said("Kevin"),
            queue: said("Support"),
            priority: said("high"),
            assignee: said("Kevin"),
            since: said("2026-11-19"),
            ..Inside::default()
        },
        Template::Asked => Inside {
            asked_at: said("2026-11-20 09:29 UTC"),
            asked_subject: said("Please pay <now>"),
            ..Inside::default()
        },
        _ => Inside { words: said("Closed.\nThere is no priority `hihg`: did you mean `high`?"), ..Inside::default() },
    };
    Letter {
        audience: if notified { Audience::Public } else { Audience::Internal },
        person: said("kevin"),
        to: vec![named("Kevin", "kevin@example.com")],
        cc: Vec::new(),
        facts: Facts { case_number: "10482".to_owned(), inside, ..Facts::default() },
        ..letter(template, code)
    }
}

#[test]
fn files_go_with_a_letter_byte_by_byte() {
    let file = |name: &str, media_type: &str, bytes: &[u8]| File {
        name: name.to_owned(),
        media_type: media_type.to_owned(),
        bytes: bytes.to_vec(),
    };
    let every: Vec<u8> = (0..=255).collect();
    let files = [
        file("Rücklauf „neu“.bin", "application/octet-stream", &every),
        file("log.txt", "text/plain", b"a\nb\r\nc\rd"),
        file("mail.eml", "message/rfc822", b"Subject: x\r\n\r\ny"),
        file("odd", "no type", b""),
    ];
    let letter = letter(Template::Answered, "en");
    let composed = compose(&letter, &policy(), &keyring(), &[], &files);
    assert_eq!(composed, compose(&letter, &policy(), &keyring(), &[], &files), "the same bytes each time");
    let read = mail::read(&composed.bytes, &Circumstances { keyring: keyring(), ..Circumstances::default() });
    assert!(read.defects.is_empty(), "{:?}", read.defects);
    assert_eq!(read.message.attachments.len(), files.len());
    for (part, file) in read.message.attachments.iter().zip(&files) {
        assert_eq!((&part.name, part.inline), (&file.name, false));
        assert_eq!(mail::attachment_bytes(&composed.bytes, part), file.bytes, "{}", file.name);
    }
    assert_eq!(text(&composed.bytes), text(&compose(&letter, &policy(), &keyring(), &[], &[]).bytes));
}

/// A notice that staff dragged into their answer would give its personal reference away (B31), however it is packed.
#[test]
fn our_own_mail_is_enclosed_to_staff_alone() {
    let notice = to_staff(Template::Notified, "en");
    let bytes = compose(&notice, &policy(), &keyring(), &[], &[]).bytes;
    let base64 = data_encoding::BASE64_MIME.encode(&bytes);
    let plain = String::from_utf8_lossy(&bytes).into_owned();
    let around = |part: &str| {
        format!(
            "Subject: Fwd\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n--b\r\n{part}\r\n--b--\r\n"
        )
    };
    let coded = |head: &str| around(&format!("{head}\r\nContent-Transfer-Encoding: base64\r\n\r\n{base64}"));
    let deeper = data_encoding::BASE64_MIME.encode(coded("Content-Type: message/rfc822").as_bytes());
    let wide: Vec<u8> = plain.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (name, media_type, bytes) in [
        ("notice.eml", "message/rfc822", bytes.clone()),
        ("notice", "application/octet-stream", bytes),
        ("mail.eml", "message/rfc822", around(&format!("Content-Type: message/rfc822\r\n\r\n{plain}")).into_bytes()),
        ("mail.eml", "message/rfc822", coded("Content-Type: message/rfc822").into_bytes()),
        ("mail.eml", "application/octet-stream", coded("Content-Type: message/rfc822").into_bytes()),
        ("mail.eml", "message/rfc822", coded("Content-Type: application/octet-stream; name=x").into_bytes()),
        (
            "mail.eml",
            "message/rfc822",
            around(&format!("Content-Type: message/global\r\nContent-Transfer-Encoding: base64\r\n\r\n{deeper}"))
                .into_bytes(),
        ),
        ("notice.msg", "application/vnd.ms-outlook", wide),
    ] {
        let files = [File { name: name.to_owned(), media_type: media_type.to_owned(), bytes }];
        let outside = compose(&letter(Template::Answered, "en"), &policy(), &keyring(), &[], &files);
        assert_eq!(outside.bytes, compose(&letter(Template::Answered, "en"), &policy(), &keyring(), &[], &[]).bytes);
        let defects: Vec<&str> = outside.defects.iter().map(|defect| defect.name.as_str()).collect();
        assert_eq!(defects, ["own-mail-withheld"], "{name} {media_type}");
        assert!(compose(&notice, &policy(), &keyring(), &[], &files).defects.is_empty());
    }
    let theirs = coded("Content-Type: message/rfc822").replace(&base64, "U3ViamVjdDogeA0KDQp5");
    let files =
        [File { name: "a.eml".to_owned(), media_type: "message/rfc822".to_owned(), bytes: theirs.into_bytes() }];
    let outside = compose(&letter(Template::Answered, "en"), &policy(), &keyring(), &[], &files);
    assert!(outside.defects.is_empty(), "{:?}", outside.defects);
}

/// A mail program that quotes without marks leaves only our line between what staff say and what only they may read.
#[test]
fn every_letter_to_staff_is_cut_off_when_it_is_quoted_plainly() {
    for template in [Template::Notified, Template::Asked, Template::CarriedOut] {
        for code in ["en", "de"] {
            let sent = compose(&to_staff(template, code), &policy(), &keyring(), &[], &[]);
            let below = text(&sent.bytes);
            assert!(below.lines().next().is_some_and(body::has_marker), "{below}");
            let answer = |own: &str| format!("From: kevin@example.com\r\nSubject: Re: x\r\n\r\n{own}{below}");
            let read = mail::read(answer("Yes.\r\n\r\n").as_bytes(), &Circumstances::default());
            assert_eq!(read.author_text, "Yes.", "{template:?} {code}");
        }
    }
}

/// Whatever the reader takes for a reference, the writer takes out (B27).
#[test]
fn no_reference_but_its_own_leaves_in_a_letter() {
    let sealed = keyring().seal(SentId(77));
    let (start, end) = sealed.split_at(11);
    let low = sealed.to_lowercase();
    for said in [
        format!("See ref:{sealed}."),
        format!("> ref:{start}-\n> {end}:ref"),
        format!("*ref:{start}_{end}*"),
        format!("REF:{start}\n{end}"),
        format!("Write to support+ref.{low}@example.com"),
        format!("Write to support+{low}@example.com"),
        format!("Message-ID: <pc.{low}@example.com>"),
    ] {
        let mut letter = letter(Template::Answered, "en");
        letter.facts.body = Some(format!("Before.\n{said}\nAfter."));
        let composed = compose(&letter, &policy(), &keyring(), &[], &[]);
        let read = mail::read(&composed.bytes, &Circumstances { keyring: keyring(), ..Circumstances::default() });
        assert!(!read.clues.iter().any(|clue| clue.pointer == Pointer::Sent(SentId(77))), "{said}");
        let shown = text(&composed.bytes).to_lowercase();
        assert!(shown.contains("before.") && shown.contains("after."), "{said}");
        assert!(!shown.contains(&low) && !shown.contains(&end.to_lowercase()), "{said}: {shown}");
    }
}
