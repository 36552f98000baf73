//! Letters to staff, and files that go with letters.

use postcase::case::letter::{Facts, Inside};
use postcase::case::{Audience, Letter, Template};
use postcase::compose::{File, compose};
use postcase::mail::{self, Circumstances, Pointer, SentId};

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

/// A notice that staff dragged into their answer would give its personal reference away (B31).
#[test]
fn our_own_mail_is_enclosed_to_staff_alone() {
    let notice = to_staff(Template::Notified, "en");
    let bytes = compose(&notice, &policy(), &keyring(), &[], &[]).bytes;
    let files = [File { name: "notice.eml".to_owned(), media_type: "message/rfc822".to_owned(), bytes }];
    let outside = compose(&letter(Template::Answered, "en"), &policy(), &keyring(), &[], &files);
    assert_eq!(outside.bytes, compose(&letter(Template::Answered, "en"), &policy(), &keyring(), &[], &[]).bytes);
    assert_eq!(outside.defects.iter().map(|defect| defect.name.as_str()).collect::<Vec<_>>(), ["own-mail-withheld"]);
    assert!(compose(&notice, &policy(), &keyring(), &[], &files).defects.is_empty());
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
