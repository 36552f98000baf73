//! Letters as bytes: golden mails for each template and language, and what must hold of any letter.
//!
//! `BLESS=1 cargo test --test compose` writes the golden mails anew; read the difference before committing it.

mod any;
mod said;
mod staff;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use mail_parser::MessageParser;
use postcase::case::letter::Composed;
use postcase::case::letter::{Facts, Hand, Inside};
use postcase::case::{Audience, CaseNumber, Letter, PostId, Template};
use postcase::compose::{Quoted, compose};
use postcase::mail::body;
use postcase::mail::reference::{LOOP_HEADER, own_id, written};
use postcase::mail::{Address, Bounds, Keyring, Language, MessageId, Named, SentId};
use postcase::rules::{
    Acknowledgement, ChangedSubject, Desk, Limits, Policy, Queue, ReferenceStyle, ReversePath, TemplateSource,
};

fn address(text: &str) -> Address {
    Address::parse(text).expect("an address")
}

fn named(name: &str, text: &str) -> Named {
    Named { name: Some(name.to_owned()).filter(|name| !name.is_empty()), address: address(text) }
}

fn language(code: &str) -> Language {
    Language(code.to_owned())
}

fn words(en: &str, de: &str) -> BTreeMap<Language, String> {
    BTreeMap::from([(language("en"), en.to_owned()), (language("de"), de.to_owned())])
}

fn policy() -> Policy {
    let desk = Desk {
        name: "Example Support".to_owned(),
        address: address("support@example.com"),
        languages: vec![language("en"), language("de")],
        answer_time: words("within one working day", "innerhalb eines Arbeitstages"),
        signature: words(
            "Example Support\nhttps://support.example.com/",
            "Ihr Support-Team von Example\nhttps://support.example.com/",
        ),
        own_lists: Vec::new(),
        form_senders: Vec::new(),
        own_addresses: vec![address("support@example.com")],
        trust: BTreeMap::new(),
        priorities: vec!["normal".to_owned(), "high".to_owned()],
        priority: "normal".to_owned(),
        reference: ReferenceStyle { case_word: "Case".to_owned(), first_number: 10_001, plus_addressing: false },
        acknowledgement: Acknowledgement {
            enabled: true,
            reverse_path: ReversePath::Null,
            per_address_hour: 3,
            per_address_day: 10,
            per_desk_hour: 200,
        },
        notices: postcase::rules::Notices::default(),
        hours: postcase::case::Calendar::default(),
        limits: Limits {
            message_bytes: 26_214_400,
            reading: Bounds::default(),
            participants: 20,
            sent_per_hour: 500,
            reopenings: 5,
        },
        queues: vec![Queue {
            name: "support".to_owned(),
            label: "Support".to_owned(),
            addresses: vec![address("support@example.com")],
            from: None,
            reopen_days: 14,
            changed_subject: ChangedSubject::Note,
        }],
    };
    Policy {
        desk,
        staff: Vec::new(),
        rules: Vec::new(),
        templates: BTreeMap::new(),
        hash: String::new(),
        files: BTreeMap::new(),
    }
}

/// What people outside get.
const OUTSIDE: [Template; 5] =
    [Template::Acknowledged, Template::Reopened, Template::Answered, Template::Closed, Template::TooLarge];

fn keyring() -> Keyring {
    Keyring::new(vec![[42; 32]])
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn letter(template: Template, code: &str) -> Letter {
    let by_person = matches!(template, Template::Answered | Template::Closed);
    let hand = if by_person { Hand::Person } else { Hand::Machine };
    let name = if hand == Hand::Person { "Kevin at Example" } else { "Example Support" };
    Letter {
        id: SentId(0x0012_3401),
        template,
        hand,
        audience: Audience::Public,
        case: Some(CaseNumber(10_482)),
        post: Some(PostId(0x0012_3400)),
        person: None,
        asks: None,
        question: None,
        from: named(name, "support@example.com"),
        to: vec![named("Anna Müller", "anna@example.org")],
        cc: vec![named("Bob, the \"builder\"", "bob@example.org")],
        subject: "Drucker brennt – printer on fire".to_owned(),
        language: language(code),
        in_reply_to: Some(MessageId("second@example.org".to_owned())),
        references: vec![MessageId("first@example.org".to_owned()), MessageId("second@example.org".to_owned())],
        quotes: Vec::new(),
        recalls: None,
        enclosed: None,
        facts: Facts {
            case_number: "10482".to_owned(),
            recipient_name: Some("Anna Müller".to_owned()),
            staff_name: (hand == Hand::Person).then(|| "Kevin".to_owned()),
            body: said::body(template, code).map(str::to_owned),
            answer_time: None,
            reopen_days: Some(14),
            limit: (template == Template::TooLarge).then(|| "25 MB".to_owned()),
            inside: Inside::default(),
        },
        at: at("2026-11-20T09:30:00Z"),
    }
}

fn quote() -> Quoted {
    Quoted {
        author: "Anna Müller".to_owned(),
        at: at("2026-11-20T08:15:00Z"),
        audience: Audience::Public,
        text: "Hello,\n\nmy printer is on fire.\n> Did you switch it on?\n\nAnna".to_owned(),
    }
}

fn composed(letter: &Letter) -> Composed {
    compose(letter, &policy(), &keyring(), &[], &[])
}

fn head(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).into_owned();
    text.split("\r\n\r\n").next().expect("a head").replace("\r\n ", " ")
}

fn field(bytes: &[u8], name: &str) -> Option<String> {
    let prefix = format!("{name}: ");
    head(bytes).lines().find_map(|line| line.strip_prefix(&prefix).map(str::to_owned))
}

fn text(bytes: &[u8]) -> String {
    let message = MessageParser::default().parse(bytes).expect("a message");
    message.body_text(0).expect("a text").replace("\r\n", "\n")
}

fn html(bytes: &[u8]) -> String {
    let message = MessageParser::default().parse(bytes).expect("a message");
    message.body_html(0).expect("HTML").replace("\r\n", "\n")
}

#[test]
fn golden_mails() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/letters");
    let bless = std::env::var_os("BLESS").is_some();
    let mut different = Vec::new();
    for template in Template::ALL {
        for code in ["en", "de"] {
            let quotes: &[Quoted] = if template == Template::Answered { &[quote()] } else { &[] };
            let letter = match template {
                Template::Notified | Template::Asked | Template::CarriedOut => staff::to_staff(template, code),
                Template::Acknowledged
                | Template::Reopened
                | Template::Answered
                | Template::Closed
                | Template::TooLarge
                | Template::Alarm => letter(template, code),
            };
            let composed = compose(&letter, &policy(), &keyring(), quotes, &[]);
            assert_eq!(composed.defects, []);
            let path = folder.join(format!("{}.{code}.eml", template.name()));
            if bless {
                std::fs::create_dir_all(&folder).expect("a writable folder");
                std::fs::write(&path, &composed.bytes).expect("a writable file");
            }
            different.extend(difference(&path, &composed.bytes));
        }
    }
    assert!(different.is_empty(), "{}\nBLESS=1 writes them anew", different.join("\n"));
}

fn difference(path: &Path, bytes: &[u8]) -> Option<String> {
    let golden = std::fs::read(path).unwrap_or_default();
    if golden == bytes {
        return None;
    }
    let (golden, now) = (String::from_utf8_lossy(&golden).into_owned(), String::from_utf8_lossy(bytes).into_owned());
    let diff = similar::TextDiff::from_lines(&golden, &now);
    Some(diff.unified_diff().header(&path.display().to_string(), "now").to_string())
}

#[test]
fn letters_read_well_without_the_facts_that_may_be_missing() {
    let mut policy = policy();
    policy.desk.answer_time.clear();
    policy.desk.signature.clear();
    for template in OUTSIDE {
        for code in ["en", "de"] {
            let mut letter = letter(template, code);
            letter.facts = Facts { case_number: "10482".to_owned(), limit: letter.facts.limit, ..Facts::default() };
            let composed = compose(&letter, &policy, &keyring(), &[], &[]);
            let text = text(&composed.bytes);
            assert!(!text.contains("none") && !text.contains("\n\n\n") && !text.contains(" ,"), "{text}");
            assert!(text.contains("Example Support"), "{text}");
        }
    }
}

#[test]
fn a_machines_letter_carries_its_marks() {
    let composed = composed(&letter(Template::Acknowledged, "en"));
    assert_eq!(composed.reverse_path, None);
    assert_eq!(field(&composed.bytes, "Auto-Submitted").as_deref(), Some("auto-replied"));
    assert_eq!(field(&composed.bytes, "X-Auto-Response-Suppress").as_deref(), Some("All"));
    assert_eq!(field(&composed.bytes, "Precedence"), None);
    for code in ["en", "de"] {
        let marker = body::marker(&Language(code.to_owned()));
        assert!(text(&self::composed(&letter(Template::Acknowledged, code)).bytes).starts_with(marker));
    }
    let mut desk = policy();
    desk.desk.acknowledgement.reverse_path = ReversePath::Desk;
    let composed = compose(&letter(Template::Acknowledged, "en"), &desk, &keyring(), &[], &[]);
    assert_eq!(composed.reverse_path, Some(address("support@example.com")));
}

/// B26: a forged From and an advertisement as the subject make no advertisement that we deliver.
#[test]
fn a_machines_letter_repeats_nothing_of_the_sender() {
    let spoken = "Buy at www.shop.example";
    for template in OUTSIDE {
        for (code, about) in [("en", None), ("de", None), ("fr", Some("Example Support"))] {
            let mut letter = Letter { hand: Hand::Machine, subject: spoken.to_owned(), ..letter(template, code) };
            letter.facts.body = None;
            letter.quotes.clear();
            let mut policy = policy();
            policy.templates = postcase::rules::template::built_in();
            let french = policy.templates[&(template, language("en"))].clone();
            policy.templates.insert((template, language("fr")), french);
            let bytes = compose(&letter, &policy, &keyring(), &[], &[]).bytes;
            let message = MessageParser::default().parse(&bytes).expect("a message");
            let subject = message.subject().expect("a subject");
            assert!(!String::from_utf8_lossy(&bytes).contains("shop.example"), "{subject}");
            assert!(subject.ends_with(" [Case 10482]") && !subject.starts_with("Re:"), "{subject}");
            assert!(subject.chars().count() > "[Case 10482]".len() + 5, "{subject}");
            if let Some(about) = about {
                assert_eq!(subject, format!("{about} [Case 10482]"), "the desk's name, where no words are built in");
            }
            assert_eq!(field(&bytes, "In-Reply-To").as_deref(), Some("<second@example.org>"));
        }
    }
    let acknowledged = composed(&letter(Template::Acknowledged, "de")).bytes;
    let message = MessageParser::default().parse(&acknowledged).expect("a message");
    assert_eq!(message.subject(), Some("Wir haben Ihre Nachricht erhalten [Case 10482]"));
}

#[test]
fn a_persons_letter_carries_none() {
    let composed = composed(&letter(Template::Answered, "en"));
    assert_eq!(composed.reverse_path, Some(address("support@example.com")));
    for name in ["Auto-Submitted", "X-Auto-Response-Suppress", "Precedence"] {
        assert_eq!(field(&composed.bytes, name), None);
    }
    assert!(!text(&composed.bytes).lines().any(body::has_marker));
    assert_eq!(field(&composed.bytes, "From").as_deref(), Some("\"Kevin at Example\" <support@example.com>"));
}

#[test]
fn the_reference_stands_in_id_mark_and_foot() {
    let letter = letter(Template::Acknowledged, "de");
    let composed = composed(&letter);
    let sealed = keyring().seal(letter.id);
    assert_eq!(composed.message_id.0, format!("pc.{}@example.com", sealed.to_lowercase()));
    assert_eq!(own_id(&composed.message_id, &keyring()), Some(letter.id));
    assert_eq!(field(&composed.bytes, "Message-ID"), Some(format!("<{}>", composed.message_id)));
    assert_eq!(field(&composed.bytes, LOOP_HEADER).as_deref(), Some(sealed.as_str()));
    assert!(text(&composed.bytes).contains(&written(&sealed)));
    assert!(html(&composed.bytes).contains(&written(&sealed)));
}

#[test]
fn the_subject_has_one_prefix_and_one_tag_in_clear() {
    for (subject, expected) in [
        ("Printer on fire", "Re: Printer on fire [Case 10482]"),
        ("Re: AW: Re[2]: Printer on fire [Case 10482]", "Re: Printer on fire [Case 10482]"),
        ("[case 7] SV: Printer [Case #10482]", "Re: Printer [Case 10482]"),
        ("Fwd: Printer", "Re: Fwd: Printer [Case 10482]"),
        ("Report: it burns", "Re: Report: it burns [Case 10482]"),
        ("", "Re: [Case 10482]"),
        ("a\r\nBcc: evil@example.net", "Re: a Bcc: evil@example.net [Case 10482]"),
        ("回复：打印机着火了", "Re: 打印机着火了 [Case 10482]"),
    ] {
        let letter = Letter { subject: subject.to_owned(), ..letter(Template::Answered, "en") };
        let bytes = composed(&letter).bytes;
        let message = MessageParser::default().parse(&bytes).expect("a message");
        assert_eq!(message.subject(), Some(expected), "{subject}");
        assert!(field(&bytes, "Subject").expect("a subject").ends_with("[Case 10482]"), "{subject}");
        let again = Letter { subject: expected.to_owned(), ..letter };
        assert_eq!(field(&composed(&again).bytes, "Subject"), field(&bytes, "Subject"), "nothing grows");
    }
    let new = Letter { in_reply_to: None, references: Vec::new(), ..letter(Template::Answered, "en") };
    let new = Letter { subject: "Printer".to_owned(), ..new };
    assert_eq!(field(&composed(&new).bytes, "Subject").as_deref(), Some("Printer [Case 10482]"));
}

#[test]
fn references_are_trimmed_to_the_first_and_the_newest() {
    let id = |n: usize| MessageId(format!("message-number-{n:04}@mail.example.org"));
    let mut letter = letter(Template::Answered, "en");
    letter.references = (0..500).map(id).collect();
    letter.in_reply_to = Some(id(499));
    let bytes = composed(&letter).bytes;
    let references = field(&bytes, "References").expect("References");
    assert!(references.len() <= 1_500 && references.len() > 1_400, "{}", references.len());
    assert!(references.starts_with(&format!("<{}>", id(0))));
    assert!(references.ends_with(&format!("<{}> <{}>", id(498), id(499))));
    assert_eq!(field(&bytes, "In-Reply-To"), Some(format!("<{}>", id(499))));
}

#[test]
fn ids_that_cannot_be_written_are_left_out_with_a_defect() {
    let mut letter = letter(Template::Answered, "en");
    letter.references = vec![MessageId("a b>\r\nBcc: evil".to_owned()), MessageId("fine@example.org".to_owned())];
    letter.in_reply_to = Some(MessageId("ü@example.org".to_owned()));
    let composed = composed(&letter);
    assert_eq!(field(&composed.bytes, "References").as_deref(), Some("<fine@example.org>"));
    assert_eq!(field(&composed.bytes, "In-Reply-To"), None);
    assert_eq!(composed.defects[0].name, "id-not-repeated");
}

#[test]
fn a_failing_template_falls_back_with_a_defect() {
    let mut policy = policy();
    for broken in
        ["{{ no_such_name }}", "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}"]
    {
        let source =
            TemplateSource { origin: "acknowledged.en.txt".to_owned(), text: format!("Hello,\n{broken}"), html: None };
        policy.templates.insert((Template::Acknowledged, language("en")), source);
        let letter = letter(Template::Acknowledged, "en");
        let fallen = compose(&letter, &policy, &keyring(), &[], &[]);
        assert_eq!(fallen.defects.len(), 1);
        assert_eq!(fallen.defects[0].name, "template-failed");
        assert!(fallen.defects[0].note.contains("acknowledged.en.txt, line 2"), "{:?}", fallen.defects);
        assert_eq!(fallen.bytes, composed(&letter).bytes);
    }
}

#[test]
fn an_own_template_without_html_gets_one() {
    let mut policy = policy();
    let source = TemplateSource {
        origin: "answered.en.txt".to_owned(),
        text: "{{ body }}\n\n<{{ desk_name }}>".to_owned(),
        html: None,
    };
    policy.templates.insert((Template::Answered, language("en")), source);
    let letter = Letter { language: language("fr"), ..letter(Template::Answered, "en") };
    let composed = compose(&letter, &policy, &keyring(), &[], &[]);
    assert!(html(&composed.bytes).contains("<p>&lt;Example Support&gt;</p>"), "{}", html(&composed.bytes));
    assert_eq!(field(&composed.bytes, "Content-Language").as_deref(), Some("en"), "the language that it is in");
}

#[test]
fn quotes_are_bounded_and_carry_no_reference() {
    let stranger = written(&Keyring::new(vec![[1; 32]]).seal(SentId(9)));
    let long = Quoted { text: format!("{stranger}\n{}", "word ".repeat(10_000)), ..quote() };
    let letter = letter(Template::Answered, "en");
    let composed = compose(&letter, &policy(), &keyring(), &vec![long; 50], &[]);
    let text = text(&composed.bytes);
    assert!(text.len() < 30_000, "{}", text.len());
    assert!(text.contains("\nOn 2026-11-20 at 08:15 UTC, Anna Müller wrote:\n>"), "{text}");
    assert!(text.contains("> […]"));
    assert_eq!(text.matches(":ref").count(), 1, "only its own");
    assert!(text.lines().all(|line| line.chars().count() <= 78));
}

#[test]
fn staffs_words_become_paragraphs_and_nothing_else() {
    let mut letter = letter(Template::Answered, "en");
    letter.facts.body = Some("<b>bold</b> & {{ desk_name }}\nnext https://e.com/?a=1&b=2.".to_owned());
    letter.facts.staff_name = Some("<script>".to_owned());
    let composed = composed(&letter);
    let html = html(&composed.bytes);
    assert!(html.contains("<p>&lt;b&gt;bold&lt;/b&gt; &amp; {{ desk_name }}<br>"), "{html}");
    assert!(html.contains("<a href=\"https://e.com/?a=1&amp;b=2\">"), "{html}");
    assert!(!html.contains("<script"), "{html}");
    assert!(text(&composed.bytes).contains("<b>bold</b> & {{ desk_name }}\n"));
}
