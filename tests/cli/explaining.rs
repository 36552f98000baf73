//! `explain`: every byte string is explained, as text and as data.

use std::io::Read;
use std::process::Stdio;

use serde_json::Value;

use crate::lab::{mail, random};
use crate::place::Place;

const KINDS: [&str; 9] = [
    "correspondence",
    "auto-reply",
    "auto-generated",
    "delivery-report",
    "disposition-report",
    "feedback-report",
    "calendar",
    "list",
    "own",
];

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap_or_else(|| panic!("{value} is an object")).keys().map(String::as_str).collect()
}

fn text_or_null(value: &Value) {
    assert!(value.is_null() || value.is_string(), "{value}");
}

fn texts(value: &Value) {
    assert!(value.as_array().is_some_and(|list| list.iter().all(Value::is_string)), "{value}");
}

fn is_person(value: &Value) {
    let mut names = keys(value);
    names.sort_unstable();
    assert_eq!(names, ["address", "name"]);
    text_or_null(&value["name"]);
    assert!(value["address"].is_string());
}

fn is_each(value: &Value, names: &[&str]) {
    for one in value.as_array().unwrap_or_else(|| panic!("{value} is a list")) {
        let (mut found, mut names) = (keys(one), names.to_vec());
        found.sort_unstable();
        names.sort_unstable();
        assert_eq!(found, names);
    }
}

/// The object of BEHAVIOUR: these keys, these types, nothing else.
fn is_explained(line: &str) -> Value {
    let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let mut found = keys(&value);
    found.sort_unstable();
    let mut wanted = [
        "file",
        "subject",
        "from",
        "to",
        "cc",
        "date",
        "message_id",
        "in_reply_to",
        "references",
        "kind",
        "kind_evidence",
        "report",
        "forwarded",
        "text",
        "author_text",
        "html",
        "attachments",
        "language",
        "defects",
        "clues",
        "speaker",
        "decision",
    ];
    wanted.sort_unstable();
    assert_eq!(found, wanted);
    for key in ["file", "subject", "text", "author_text"] {
        assert!(value[key].is_string(), "{key}");
    }
    for key in ["date", "message_id", "language"] {
        text_or_null(&value[key]);
    }
    for key in ["in_reply_to", "references", "kind_evidence", "defects"] {
        texts(&value[key]);
    }
    if !value["from"].is_null() {
        is_person(&value["from"]);
    }
    for key in ["to", "cc"] {
        value[key].as_array().expect("a list").iter().for_each(is_person);
    }
    assert!(KINDS.contains(&value["kind"].as_str().expect("a word")), "{}", value["kind"]);
    assert!(value["html"].is_boolean());
    is_each(&value["report"], &["recipient", "action", "status", "original_message_id"]);
    is_each(&value["forwarded"], &["form", "from", "date", "subject", "message_id", "text"]);
    is_each(&value["attachments"], &["name", "media_type", "size", "sha256", "inline"]);
    is_each(&value["clues"], &["kind", "value", "case"]);
    for file in value["attachments"].as_array().unwrap() {
        assert!(file["size"].is_u64() && file["inline"].is_boolean());
        assert_eq!(file["sha256"].as_str().map(str::len), Some(64));
    }
    for clue in value["clues"].as_array().unwrap() {
        assert!(clue["kind"].is_string() && clue["value"].is_string());
        assert!(clue["case"].is_null() || clue["case"].is_u64());
    }
    let mut speaker = keys(&value["speaker"]);
    speaker.sort_unstable();
    assert_eq!(speaker, ["proof", "role"]);
    let mut decision = keys(&value["decision"]);
    decision.sort_unstable();
    assert_eq!(decision, ["effects", "letters", "trace"]);
    assert!(value["decision"]["effects"].is_array() && value["decision"]["letters"].is_array());
    texts(&value["decision"]["trace"]);
    value
}

fn fixtures() -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/mail");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<String> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
        .map(|path| path.display().to_string())
        .collect();
    files.sort();
    assert!(files.len() > 10);
    files
}

/// A few that hurt, and random ones.
fn hostile(place: &Place) -> Vec<String> {
    let garbage = (0..25_000).flat_map(|_| random().to_ne_bytes()).collect();
    let nested = "Content-Type: message/rfc822\r\n\r\n".repeat(30_000);
    let files: [(&str, Vec<u8>); 8] = [
        ("empty", Vec::new()),
        ("garbage", garbage),
        ("zeros", vec![0; 50_000]),
        ("nested", nested.into_bytes()),
        ("long-line", [b"Subject: ".to_vec(), vec![b'x'; 1_000_000]].concat()),
        ("many-headers", "X: y\r\n".repeat(100_000).into_bytes()),
        ("only-newlines", "\r\n".repeat(10_000).into_bytes()),
        ("gr\u{fc}\u{df}e ein name.eml", mail("name")),
    ];
    for (name, bytes) in &files {
        place.write(name, bytes);
    }
    files.iter().map(|(name, _)| (*name).to_owned()).chain(["/dev/null".to_owned()]).collect()
}

fn explain_everything(place: &Place) {
    let files: Vec<String> = fixtures().into_iter().chain(hostile(place)).collect();
    let mut arguments = vec!["explain", "--format", "json"];
    arguments.extend(files.iter().map(String::as_str));
    let said = place.run(&arguments);
    assert_eq!(said.code, 0, "{said:?}");
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines.len(), files.len());
    for (line, file) in lines.iter().zip(&files) {
        assert_eq!(is_explained(line)["file"], file.as_str());
    }
    let mut arguments = vec!["explain"];
    arguments.extend(files.iter().map(String::as_str));
    let said = place.run(&arguments);
    assert_eq!(said.code, 0);
    assert!(files.iter().all(|file| said.out.contains(file)));
}

#[test]
fn any_bytes_without_a_desk() {
    let place = Place::alone();
    std::fs::remove_file(place.path("postcase.toml")).unwrap();
    explain_everything(&place);
    assert!(place.done(&["explain", "empty"]).contains("No desk is configured here"));
}

#[test]
fn any_bytes_on_a_desk_with_and_without_a_database() {
    let place = Place::alone();
    explain_everything(&place);
    assert!(!place.database().exists(), "explaining makes no database");
    let place = place.with_case();
    let before = place.content();
    explain_everything(&place);
    assert_eq!(place.content(), before, "explaining writes nothing");
}

#[test]
fn what_would_be_decided_and_what_was() {
    let place = Place::alone().with_case();
    let reply = String::from_utf8(mail("answer")).unwrap();
    let reply = reply.replace("\r\n\r\n", "\r\nIn-Reply-To: <printer@customer.test>\r\n\r\n");
    let said = place.run_with(&["explain", "--format", "json", "-"], reply.clone());
    let value = is_explained(said.out.trim());
    assert_eq!(value["file"], "-");
    assert_eq!(value["clues"][0]["case"], 10001, "{value}");
    assert_eq!(value["speaker"]["role"], "participant");
    let said = place.run_with(&["explain", "-"], reply);
    assert!(said.out.contains("What would be decided now") && said.out.contains("case 10001"), "{said:?}");
    assert!(said.out.contains("correspondence: a person wrote it"), "{said:?}");

    place.done(&["case", "note", "10001", "--as", "Kevin", "--text", "x"]);
    let said = place.run(&["explain", "--format", "json", "--entry", "1", "--entry", "2"]);
    let lines: Vec<Value> = said.out.lines().map(is_explained).collect();
    assert_eq!((lines[0]["file"].as_str(), lines[1]["file"].as_str()), (Some("entry 1"), Some("entry 2")));
    assert_eq!(lines[0]["decision"]["letters"][0]["template"], "acknowledged");
    let said = place.done(&["explain", "--entry", "1"]);
    assert!(said.contains("What was decided") && said.contains("A new case: 10001."), "{said}");
    let said = place.run(&["explain", "--entry", "77", "--entry", "1"]);
    said.fails(66, &["There is no entry 77"]);
    assert!(said.out.contains("entry 1"));
}

#[test]
fn what_is_not_there_is_said_and_the_rest_is_explained() {
    let place = Place::alone();
    place.write("one.eml", mail("one"));
    place.write("two.eml", mail("two"));
    let said = place.run(&["explain", "--format", "json", "one.eml", "missing.eml", "rules", "two.eml"]);
    said.fails(
        66,
        &["missing.eml cannot be read: no such file", "rules cannot be read: it is a folder and no Maildir"],
    );
    assert_eq!(said.out.lines().map(is_explained).count(), 2);
    // Passwords are nobody's concern here; what is wrong with the rules is said, and the reading shown.
    place.reconfigure("IMAP_PASSWORD", "NO_SUCH_VARIABLE");
    assert_eq!(place.run(&["explain", "one.eml"]).code, 0);
    place.write("rules/desk.toml", "[desk");
    let said = place.run(&["explain", "--format", "json", "one.eml"]);
    said.fails(78, &["desk.toml:1"]);
    assert_eq!(is_explained(said.out.trim())["subject"], "one");
    let said = place.run(&["explain", "--entry", "1"]);
    said.fails(78, &["desk.toml:1"]);
}

#[test]
fn a_maildir_is_its_mails_in_order_of_delivery() {
    let place = Place::alone();
    for folder in ["box", "box/cur", "box/new", "box/tmp"] {
        std::fs::create_dir(place.path(folder)).unwrap();
    }
    place.write("box/cur/1700000003.c:2,S", mail("three"));
    place.write("box/new/1700000001.a", mail("one"));
    place.write("box/tmp/1700000002.b", mail("half a mail"));
    place.write("last.eml", mail("last"));
    let said = place.run(&["explain", "--format", "json", "box", "last.eml"]);
    assert_eq!(said.code, 0, "{said:?}");
    let subjects: Vec<Value> = said.out.lines().map(|line| is_explained(line)["subject"].clone()).collect();
    assert_eq!(subjects, ["one", "three", "last"]);
    assert!(said.out.starts_with(r#"{"file":"box/new/1700000001.a","#), "{}", said.out);
}

#[test]
fn many_files_come_out_in_their_order() {
    let place = Place::alone();
    let names: Vec<String> = (0..300).map(|at| format!("{at}.eml")).collect();
    for (at, name) in names.iter().enumerate() {
        // Every seventh takes longer than its neighbours.
        let text = "The pump leaks.\r\n".repeat(if at % 7 == 0 { 5_000 } else { 1 });
        place.write(name, [mail(name), text.into_bytes()].concat());
    }
    let mut arguments = vec!["explain", "--format", "json"];
    arguments.extend(names.iter().map(String::as_str));
    let said = place.run(&arguments);
    assert_eq!(said.code, 0, "{}", said.err);
    let files: Vec<Value> = said.out.lines().map(|line| is_explained(line)["file"].clone()).collect();
    assert_eq!(files, names);
}

#[test]
fn a_reader_that_leaves_ends_it_without_a_word() {
    let place = Place::alone();
    place.write("one.eml", [mail("one"), "The pump leaks.\r\n".repeat(10_000).into_bytes()].concat());
    for format in ["text", "json"] {
        let arguments: Vec<&str> = ["explain", "--format", format].into_iter().chain(["one.eml"; 500]).collect();
        let mut command = place.command(&arguments);
        let mut explain = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = [0; 20];
        // Standard output is closed as soon as the first words came.
        explain.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let ended = explain.wait_with_output().unwrap();
        assert!(ended.status.success() && ended.stderr.is_empty(), "{ended:?}");
    }
}

#[test]
fn a_full_disk_is_told() {
    let place = Place::alone();
    place.write("one.eml", mail("one"));
    let mut command = place.command(&["explain", "one.eml"]);
    command.stdout(std::fs::File::options().write(true).open("/dev/full").unwrap());
    let ended = command.output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.code() == Some(74) && said.contains("Standard output cannot be written"), "{ended:?}");
}
