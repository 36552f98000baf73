//! Whatever words a letter has, it is a mail that says what it should.

use mail_parser::MessageParser;
use postcase::compose::{Quoted, compose};
use postcase::mail::MessageId;
use postcase::mail::reference::{LOOP_HEADER, written};
use proptest::prelude::*;

use crate::{OUTSIDE, head, keyring, letter, named, policy, quote};

/// Anything that a header could contain, with a liking for what hurts.
fn any_words() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-zA-Z ,.;:<>\"'@()\\\\=?_\\[\\]-]{0,60}",
        "(\r\n|\n|\r|\t|Bcc: evil@example.net|=\\?utf-8\\?q\\?x\\?=|\\[Case 7\\]|Re: |ü|\u{202e}|\u{2028}|a){0,40}",
        "[a-z]{900,1500}",
        "(🖨🔥|日本語|Ж){0,300}",
    ]
}

fn plain(text: &str) -> String {
    let spaced: String =
        text.chars().map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ").replace("=?", "= ?")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_letter_is_a_mail_that_says_what_it_should(
        subject in any_words(),
        name in any_words(),
        from_name in any_words(),
        body in any_words(),
        id in any_words(),
        quoted in any_words(),
        answer_time in any_words(),
        which in 0..OUTSIDE.len(),
    ) {
        let mut letter = letter(OUTSIDE[which], "en");
        letter.subject = subject;
        letter.to = vec![named(&name, "anna@example.org"), named(&name, "a..b@docomo.example")];
        letter.from.name = Some(from_name.clone());
        letter.references = vec![MessageId(id.clone())];
        letter.in_reply_to = Some(MessageId(id));
        letter.facts.body = Some(body.clone());
        letter.facts.recipient_name = Some(name.clone());
        letter.facts.staff_name = Some(name.clone());
        letter.facts.answer_time = Some(answer_time);
        let quotes = [Quoted { author: name.clone(), text: quoted, ..quote() }];
        let composed = compose(&letter, &policy(), &keyring(), &quotes, &[]);
        prop_assert_eq!(&composed, &compose(&letter, &policy(), &keyring(), &quotes, &[]), "the same bytes each time");

        let bytes = &composed.bytes;
        prop_assert!(bytes.is_ascii());
        let text = String::from_utf8(bytes.clone()).expect("ASCII");
        prop_assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "CRLF alone ends a line");
        prop_assert!(text.split("\r\n").all(|line| line.len() <= 998));
        let known = ["Date", "From", "To", "Cc", "Subject", "Message-ID", "In-Reply-To", "References", LOOP_HEADER,
            "Auto-Submitted", "X-Auto-Response-Suppress", "Content-Language", "MIME-Version", "Content-Type"];
        let mut names: Vec<String> = Vec::new();
        for line in head(bytes).lines() {
            let (name, _) = line.split_once(": ").expect("a field");
            prop_assert!(known.contains(&name), "{}", line);
            prop_assert!(!names.contains(&name.to_owned()), "{} stands there twice", name);
            names.push(name.to_owned());
        }

        let message = MessageParser::default().parse(bytes).expect("a message");
        let from = message.from().and_then(|from| from.first()).expect("From");
        prop_assert_eq!(from.address(), Some("support@example.com"));
        let shown: String = plain(&from_name).chars().take(100).collect();
        let is = from.name().unwrap_or_default();
        prop_assert!(is.starts_with(shown.trim()), "{:?} is not {:?}", is, shown);
        let to: Vec<_> = message.to().expect("To").iter().filter_map(|to| to.address()).collect();
        prop_assert_eq!(to.len(), 2);
        prop_assert_eq!(to[0], "anna@example.org");
        prop_assert!(message.bcc().is_none());
        prop_assert!(message.subject().expect("a subject").ends_with("[Case 10482]"));
        prop_assert_eq!(message.subject().expect("a subject").matches("[Case").count(), 1);
        prop_assert_eq!(message.attachment_count(), 0);
        let html = message.body_html(0).expect("HTML");
        prop_assert!(!html.contains("<script") && html.trim_end().ends_with("</html>"));
        let own = written(&keyring().seal(letter.id));
        prop_assert!(message.body_text(0).expect("text").contains(&own));
        prop_assert!(html.contains(&own));
        prop_assert_eq!(composed.message_id.0.as_str(), message.message_id().expect("an id"));
    }
}
