//! The life of a case by commands: without a daemon, and while one works.

use crate::lab::dovecot::Dovecot;
use crate::lab::{eventually, mail};
use crate::place::{Place, sink};

/// Everything that people do with a case. The outcome is the same whoever decides.
fn work(place: &Place) {
    let list = place.done(&["case", "list"]);
    assert!(list.starts_with("CASE") && list.contains("10001") && list.contains("anna@customer.test"), "{list}");
    let said = place.run_with(&["case", "reply", "10001", "--as", "Kevin"], "It is on its way.\n\nSoon.");
    assert_eq!((said.code, said.out.as_str()), (0, "The answer to case 10001 is in the outbox.\n"), "{said:?}");
    place.write("note.txt", "Called back, no answer.");
    place.done(&["case", "note", "10001", "--as", "Kevin", "--file", "note.txt"]);
    assert!(place.done(&["case", "list", "--phase", "waiting,new"]).contains("10001"));
    place.done(&["case", "close", "10001", "--as", "Kevin", "--text", "The new firmware solves it."]);
    assert_eq!(place.done(&["case", "list", "--phase", "new,open,waiting"]), "No cases.\n");
    assert!(place.done(&["case", "list", "--search", "firmware"]).contains("10001"));
    assert_eq!(place.done(&["case", "list", "--search", "\"no such\" AND ("]), "No cases.\n");
    place.done(&["case", "reopen", "10001", "--as", "Kevin", "--text", "We found something more."]);
    let text = place.done(&["case", "show", "10001"]);
    let order = [
        "Case 10001: printer",
        "requester",
        "Anna <anna@customer.test> wrote:",
        "    About printer.",
        "Postcase wrote to anna@customer.test: acknowledged",
        "Kevin answered",
        "    It is on its way.",
        "Kevin noted (only staff see this):",
        "Called back",
        "firmware",
        "something more",
        "Why",
        "A new case: 10001.",
    ];
    let mut at = 0;
    for words in order {
        at += text[at..].find(words).unwrap_or_else(|| panic!("“{words}” in its place in:\n{text}"));
    }
    let case = place.json(&["case", "show", "10001", "--format", "json"]);
    assert_eq!(case["phase"], "open");
    assert_eq!(case["post_count"], 5);
    assert_eq!(case["number"], 10001);
    let kinds: Vec<_> = case["posts"].as_array().unwrap().iter().map(|post| post["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["mail-in", "answer", "note", "answer", "answer"]);
    assert_eq!(place.json(&["case", "list", "--format", "json"])[0]["requester"], "anna@customer.test");
    documented(place);
}

/// The fields that `--help` names are the fields there are, each once.
fn documented(place: &Place) {
    for (command, number) in
        [(&["case", "list"][..], None), (&["case", "show"], Some("10001")), (&["outbox", "list", "--all"], None)]
    {
        let said = place.done(&[command, &["--format", "json"], number.as_slice()].concat());
        let help = place.done(&[command, &["--help"]].concat());
        let value: serde_json::Value = serde_json::from_str(&said).expect("JSON");
        let one = if number.is_some() { &value } else { &value[0] };
        let also = place.done(&["case", "list", "--help"]);
        for field in one.as_object().expect("an object").keys() {
            assert!(help.contains(field) || also.contains(field), "{command:?} does not name {field}");
        }
        assert_eq!(value.to_string().len(), said.trim().len(), "a field that stands there twice would be lost: {said}");
    }
}

#[test]
fn without_a_daemon() {
    let place = Place::alone().with_case();
    work(&place);
    let said = place.run(&["case", "reply", "10001", "--as", "Kevin", "--text", "x"]);
    assert!(said.err.contains("waits in the outbox until `postcase run`"), "{said:?}");
    let mails = place.json(&["outbox", "list", "--format", "json"]);
    assert_eq!(mails.as_array().unwrap().len(), 5, "{mails}");
    let table = place.done(&["outbox", "list"]);
    assert!(table.starts_with("MAIL") && table.contains("acknowledged") && table.contains("waiting"), "{table}");
    place.done(&["outbox", "pause", "--as", "Kevin"]);
    assert!(place.done(&["outbox", "list"]).contains("The outbox is paused"));
    let retried = place.done(&["outbox", "retry", "--as", "Kevin"]);
    assert!(retried.contains("once the outbox is resumed"), "nothing is said that is not so: {retried}");
    place.done(&["outbox", "retry", &mails[0]["id"].to_string(), "--as", "Kevin"]);
    place.done(&["outbox", "resume", "--as", "Kevin"]);
    assert!(!place.done(&["outbox", "list"]).contains("paused"));
}

#[test]
fn while_a_daemon_works() {
    let (dovecot, sink) = (Dovecot::start(), sink());
    let place = Place::at(&dovecot, &sink);
    dovecot.deliver("support", &mail("printer"));
    let daemon = place.daemon();
    sink.wait_for(1);
    work(&place);
    let letters = sink.wait_for(4);
    let answer = String::from_utf8_lossy(&letters[1].bytes);
    assert!(answer.contains("It is on its way."), "{answer}");
    place.done(&["outbox", "pause", "--as", "Kevin"]);
    place.done(&["case", "reply", "10001", "--as", "Kevin", "--text", "held back"]);
    let waiting = place.json(&["outbox", "list", "--format", "json"]);
    assert_eq!(waiting.as_array().unwrap().len(), 1, "{waiting}");
    assert_eq!(sink.taken().len(), 4, "nothing goes out while it is paused");
    place.done(&["outbox", "resume", "--as", "Kevin"]);
    assert!(String::from_utf8_lossy(&sink.wait_for(5)[4].bytes).contains("held back"));
    eventually("the outbox is empty", || (place.done(&["outbox", "list"]) == "Nothing waits.\n").then_some(()));
    assert_eq!(place.json(&["outbox", "list", "--all", "--format", "json"]).as_array().unwrap().len(), 5);
    daemon.stop();
}

/// From our own address, unsigned: held (B29).
fn forged() -> Vec<u8> {
    let text = String::from_utf8(mail("inside")).expect("it is ASCII");
    text.replace("Anna <anna@customer.test>", "Support <support@desk.test>").into_bytes()
}

#[test]
fn held_mail_is_released_or_discarded() {
    for running in [false, true] {
        let (dovecot, sink) = (Dovecot::start(), sink());
        let place = Place::at(&dovecot, &sink);
        place.ingest(&forged());
        place.ingest(&String::from_utf8(forged()).unwrap().replace("inside", "second").into_bytes());
        let daemon = running.then(|| place.daemon());
        let list = place.done(&["held", "list"]);
        assert!(list.starts_with("ENTRY") && list.contains("support@desk.test"), "{list}");
        assert_eq!(place.json(&["held", "list", "--format", "json"]).as_array().unwrap().len(), 2);
        let shown = place.done(&["held", "show", "1"]);
        assert!(shown.contains("About inside.") && shown.contains("Why") && shown.contains("hold"), "{shown}");
        assert_eq!(place.done(&["held", "show", "1", "--raw"]).into_bytes(), forged());
        place.run(&["held", "show", "1", "--raw"]);
        assert_eq!(place.done(&["held", "release", "1", "--as", "Kevin"]), "Entry 1 is in case 10001 now.\n");
        let said = place.done(&["held", "discard", "2", "--as", "Kevin", "--reason", "advertising"]);
        assert_eq!(said, "Entry 2 stays without a case.\n");
        assert_eq!(place.done(&["held", "list"]), "Nothing is held.\n");
        assert!(place.done(&["case", "show", "10001"]).contains("Kevin released entry 1."));
        assert!(place.done(&["held", "show", "2"]).contains("advertising"));
        place.run(&["held", "release", "1", "--as", "Kevin"]).fails(65, &["is in case 10001 already"]);
        drop(daemon);
    }
}

/// B34: what a terminal would obey does not reach it.
#[test]
fn mail_does_not_command_the_terminal() {
    let place = Place::alone();
    let evil = "From: \"A\x1b]0;owned\x07\" <anna@customer.test>\r\nTo: support@desk.test\r\n\
        Subject: =?utf-8?B?G1sySiBoaQ==?= \u{202e}x\r\nMessage-ID: <1\x1b[2J@x>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
        red \x1b[31m text \u{9b}2J bell \x07 over\u{202e}ride\rback\r\n";
    place.ingest(evil.as_bytes());
    place.write("evil\x1b[2J.eml", evil);
    for arguments in [
        &["case", "list"][..],
        &["case", "show", "10001"],
        &["case", "list", "--format", "json"],
        &["case", "show", "10001", "--format", "json"],
        &["explain", "evil\x1b[2J.eml"],
        &["explain", "--format", "json", "--entry", "1"],
        &["explain", "evil\x1b[2J.eml", "missing\x1b[2J.eml"],
        &["held", "show", "1"],
        &["outbox", "list"],
    ] {
        // `run` looks for escape and bell itself.
        let said = place.run(arguments);
        let obeyed = |c: char| c.is_control() && c != '\n';
        assert!(!said.out.contains(obeyed), "{arguments:?} {said:?}");
        assert!(arguments.contains(&"json") || !said.out.contains('\u{202e}'), "{arguments:?} {said:?}");
    }
}

/// What staff write at the top of a reply can be done here, too.
#[test]
fn the_verbs_of_staff() {
    let place = Place::alone().with_case();
    place.write("rules/staff.toml", "[[staff]]\nname = \"kevin\"\naddresses = [\"kevin@desk.test\"]\n");
    place.ingest(&mail("invoice"));
    let order = |arguments: &[&str]| place.done(&[arguments, &["--as", "Kevin"]].concat());
    assert_eq!(order(&["case", "assign", "10001", "me"]), "Case 10001 is with Kevin now.\n");
    assert_eq!(order(&["case", "priority", "10001", "HIGH"]), "The priority of case 10001 is high.\n");
    assert_eq!(order(&["case", "tag", "10001", "Printer", "hall2"]), "Case 10001 has the tags printer, hall2.\n");
    assert_eq!(order(&["case", "untag", "10001", "hall2"]), "Case 10001 has the tag hall2 no longer.\n");
    order(&["case", "cc", "10001", "bob@shop.test"]);
    order(&["case", "cc", "10001", "kevin"]);
    order(&["case", "uncc", "10001", "bob@shop.test"]);
    order(&["case", "wait", "10001", "3d"]);
    let json = order(&["case", "merge", "10002", "10001", "--format", "json"]);
    let said: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(said["case"], 10001);
    let case = place.json(&["case", "show", "10001", "--format", "json"]);
    assert_eq!(
        (&case["assignee"], &case["priority"], &case["aliases"][0]),
        (&"kevin".into(), &"high".into(), &10002.into())
    );
    let invoice = case["posts"].as_array().unwrap().iter().find(|post| post["subject"] == "invoice").unwrap();
    let number = invoice["number"].to_string();
    order(&["case", "split", "10002", &number]);
    assert_eq!(place.json(&["case", "show", "10003", "--format", "json"])["subject"], "invoice");
    order(&["case", "move", "10003", "1", "--to", "10001"]);
    assert!(place.done(&["case", "show", "10003"]).contains("10003 was merged into it."));
    order(&["case", "spam", "10001"]);
    assert_eq!(place.json(&["case", "show", "10001", "--format", "json"])["phase"], "closed");
}
