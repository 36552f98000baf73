//! What people mistype: one clear sentence with the remedy, the right exit code, and nothing is changed.

use std::fs;

use crate::place::Place;

/// Runs each, and expects the code, the words, and a database as it was.
fn refused(place: &Place, table: &[(&[&str], i32, &[&str])]) {
    for (arguments, code, words) in table {
        let before = place.content();
        place.run(arguments).fails(*code, words);
        assert_eq!(place.content(), before, "{arguments:?} changes something");
    }
}

#[test]
fn about_cases() {
    let place = Place::alone().with_case();
    place.write("empty.txt", " \n");
    place.write("latin1.txt", b"gr\xfc\xdfe");
    let no_case: &[&str] = &["There is no case 77", "postcase case list"];
    refused(
        &place,
        &[
            (&["case", "show", "77"], 66, no_case),
            (&["case", "show", "18446744073709551615"], 66, &["There is no case"]),
            (&["case", "show", "many"], 64, &["many", "invalid digit"]),
            (&["case", "show", "-1"], 64, &[]),
            (&["case", "reply", "77", "--as", "Kevin", "--text", "x"], 66, no_case),
            (&["case", "note", "77", "--as", "Kevin", "--text", "x"], 66, no_case),
            (&["case", "close", "77", "--as", "Kevin"], 66, no_case),
            (&["case", "reopen", "77", "--as", "Kevin"], 66, no_case),
            (&["case", "reply", "10001", "--as", "Kevin", "--text", " \n "], 65, &["text is empty"]),
            (&["case", "reply", "10001", "--as", "Kevin"], 65, &["text is empty"]),
            (&["case", "close", "10001", "--as", "Kevin", "--text", ""], 65, &["text is empty"]),
            (&["case", "reply", "10001", "--as", "Kevin", "--file", "empty.txt"], 65, &["text is empty"]),
            (&["case", "reply", "10001", "--as", "Kevin", "--file", "none.txt"], 66, &["none.txt", "no such file"]),
            (&["case", "reply", "10001", "--as", "Kevin", "--file", "latin1.txt"], 65, &["latin1.txt", "UTF-8"]),
            (&["case", "reply", "10001", "--as", "Kevin", "--file", "rules"], 66, &["rules", "is a directory"]),
            (&["case", "reply", "10001", "--text", "x"], 64, &["--as <NAME>"]),
            (&["case", "reply", "10001", "--as", " ", "--text", "x"], 64, &["--as", "Kevin"]),
            (&["case", "reply", "10001", "--as", "K\nBcc: x", "--text", "x"], 64, &["--as"]),
            (&["case", "reply", "10001", "--as", "K", "--text", "x", "--file", "y"], 64, &["cannot be used with"]),
            (&["case", "list", "--phase", "old"], 64, &["old", "new, open, waiting, solved, closed"]),
            (&["case", "list", "--format", "xml"], 64, &["xml", "text, json"]),
        ],
    );
}

#[test]
fn about_what_is_done_with_cases() {
    let place = Place::alone().with_case();
    let (kevin, staff) = ("[[staff]]\nname = \"kevin\"\naddresses = [\"kevin@desk.test\"]\n", "rules/staff.toml");
    place.write(staff, kevin);
    let no_case: &[&str] = &["There is no case 77", "postcase case list"];
    refused(
        &place,
        &[
            (&["case", "assign", "77", "kevin", "--as", "Kevin"], 66, no_case),
            (&["case", "merge", "10001", "77", "--as", "Kevin"], 66, no_case),
            (&["case", "move", "10001", "1", "--to", "77", "--as", "Kevin"], 66, no_case),
            (&["case", "split", "10001", "2", "--as", "Kevin"], 66, &["Case 10001 has no post 2", "1 to 1"]),
            (&["case", "split", "10001", "0", "--as", "Kevin"], 66, &["has no post 0"]),
            (&["case", "split", "10001", "--as", "Kevin"], 64, &["<POST>"]),
            (&["case", "accept", "10001", "--post", "9", "--as", "Kevin"], 66, &["has no post 9"]),
            (&["case", "wait", "10001", "05/14/2027", "--as", "Kevin"], 64, &["is no day", "2027-05-14"]),
            (&["case", "tag", "10001", "a b", "--as", "Kevin"], 64, &["is no tag"]),
            (&["case", "cc", "10001", "anna@", "--as", "Kevin"], 64, &["no address"]),
            (&["case", "spam", "10001"], 64, &["--as <NAME>"]),
        ],
    );
    for (arguments, words) in [
        (&["case", "assign", "10001", "kevn"][..], &["no colleague `kevn`", "Did you mean `kevin`?"][..]),
        (&["case", "priority", "10001", "hihg"], &["no priority `hihg`", "Did you mean `high`?"]),
        (&["case", "status", "10001", "wating"], &["no status `wating`", "Did you mean `waiting`?"]),
        (&["case", "queue", "10001", "parts"], &["no queue `parts`", "There is support."]),
        (&["case", "untag", "10001", "blue"], &["no tag `blue`", "There are none yet."]),
        (&["case", "merge", "10001", "10001"], &["That is case 10001 itself"]),
        (&["case", "split", "10001", "1"], &["Nothing would be left in case 10001"]),
        (&["case", "accept", "10001", "--post", "1"], &["no stranger's"]),
        (&["case", "wait", "10001", "2020-01-01"], &["2020-01-01 is not in the future"]),
        (&["case", "uncc", "10001", "bob@shop.test"], &["no participant `bob@shop.test`"]),
        (&["case", "cc", "10001", "support@desk.test"], &["one of our own addresses"]),
        (&["case", "cc", "10001", "noreply@shop.test"], &["Nobody reads mail"]),
    ] {
        place.run(&[arguments, &["--as", "Kevin"]].concat()).fails(65, words);
    }
}

#[test]
fn declined_orders_change_nothing_but_the_journal() {
    let place = Place::alone().with_case();
    place.done(&["case", "close", "10001", "--as", "Kevin"]);
    let cases = place.json(&["case", "list", "--format", "json"]);
    let outbox = place.json(&["outbox", "list", "--all", "--format", "json"]);
    place.run(&["case", "close", "10001", "--as", "Kevin"]).fails(65, &["Case 10001 is closed already."]);
    place.run(&["held", "release", "1", "--as", "Kevin"]).fails(65, &["Entry 1 is in case 10001 already."]);
    place.run(&["held", "release", "2", "--as", "Kevin"]).fails(65, &["Entry 2 is not a mail."]);
    place.run(&["held", "discard", "1", "--as", "Kevin", "--reason", "x"]).fails(65, &["Entry 1 is not held."]);
    place.done(&["case", "reopen", "10001", "--as", "Kevin"]);
    place.run(&["case", "reopen", "10001", "--as", "Kevin"]).fails(65, &["Case 10001 is not closed."]);
    place.done(&["case", "close", "10001", "--as", "Kevin"]);
    let without_time = |mut list: serde_json::Value| {
        for case in list.as_array_mut().into_iter().flatten() {
            case["changed"] = serde_json::Value::Null;
        }
        list
    };
    assert_eq!(without_time(place.json(&["case", "list", "--format", "json"])), without_time(cases));
    let mails = |list: &serde_json::Value| list.as_array().map_or(0, Vec::len);
    let after = place.json(&["outbox", "list", "--all", "--format", "json"]);
    assert_eq!(mails(&after), mails(&outbox) + 1, "the second closing alone wrote a letter");
}

#[test]
fn about_entries_mail_and_files() {
    let place = Place::alone().with_case();
    place.write("there.db", "something");
    place.write("empty.eml", "");
    refused(
        &place,
        &[
            (&["held", "show", "77"], 66, &["There is no entry 77", "held list --all"]),
            (&["held", "release", "77", "--as", "Kevin"], 66, &["There is no entry 77"]),
            (&["held", "discard", "77", "--as", "Kevin", "--reason", "x"], 66, &["There is no entry 77"]),
            (&["held", "discard", "1", "--as", "Kevin"], 64, &["--reason"]),
            (&["held", "discard", "1", "--as", "Kevin", "--reason", " "], 64, &["--reason"]),
            (&["outbox", "retry", "77", "--as", "Kevin"], 66, &["There is no mail 77", "outbox list --all"]),
            (&["backup", "there.db"], 73, &["there.db exists already", "another file"]),
            (&["backup", "desk.db"], 73, &["desk.db exists already"]),
            (&["backup", "no/folder/copy.db"], 73, &["folder that does not exist"]),
            (&["backup"], 64, &["<FILE>"]),
            (&["ingest"], 64, &["<FILE>"]),
            (&["ingest", "missing.eml"], 66, &["missing.eml", "no such file"]),
            (&["ingest", "empty.eml"], 65, &["empty.eml is empty"]),
            (&["ingest", "/dev/null"], 65, &["/dev/null is empty"]),
            (&["ingest", "rules"], 65, &["rules", "no Maildir"]),
            (&["ingest", "-"], 65, &["is empty"]),
            (&["explain"], 64, &["<FILE>"]),
            (&["explain", "--entry", "77"], 66, &["There is no entry 77"]),
        ],
    );
    assert_eq!(fs::read_to_string(place.path("there.db")).unwrap(), "something");
    let said = place.run(&["ingest", "missing.eml", "empty.eml"]);
    assert_eq!(said.out, "", "nothing is counted where nothing is taken in");
}

#[test]
fn about_the_program_itself() {
    let place = Place::alone();
    for (arguments, words) in [
        (&[][..], &["Usage: postcase", "Examples:"][..]),
        (&["case"], &["Usage: postcase case", "reply"]),
        (&["cases"], &["cases", "similar", "'case'"]),
        (&["case", "lst"], &["lst", "'list'"]),
        (&["status", "--of-line"], &["--of-line", "--offline"]),
        (&["run", "--log", "postcase=loud=x"], &["--log", "--log debug"]),
    ] {
        place.run(arguments).fails(64, words);
    }
    assert!(!place.database().exists(), "no mistake makes a database");
}

#[test]
fn about_the_configuration() {
    let place = Place::alone();
    let commands: [&[&str]; 4] = [&["run"], &["status"], &["check"], &["case", "list"]];
    let original = fs::read_to_string(place.path("postcase.toml")).unwrap();
    let spoiled: [(String, &[&str]); 6] = [
        (original.replace("poll =", "pol ="), &["postcase.toml:12", "`pol`", "`poll`"]),
        (original.replace("poll = \"1s\"", "poll = true"), &["postcase.toml:12", "poll"]),
        (
            format!(
                "{original}\n[[mailbox]]{}",
                original.split("[[mailbox]]").nth(1).unwrap().split("[smtp]").next().unwrap()
            ),
            &["support"],
        ),
        (original.replace("[smtp]", "[smtp"), &["postcase.toml:14"]),
        (String::new(), &["database"]),
        (original.replace("localhost", "local\\qhost"), &["postcase.toml:6"]),
    ];
    for (text, words) in &spoiled {
        place.write("postcase.toml", text);
        for command in commands {
            let said = place.run(command);
            assert_eq!(said.code, 78, "{command:?} {said:?}");
            let told = format!("{}{}", said.out, said.err);
            assert!(words.iter().all(|word| told.contains(word)), "{words:?} {told}");
        }
    }
    place.write("postcase.toml", b"database = \"gr\xfc\xdfe\"");
    place.run(&["run"]).fails(78, &["postcase.toml", "UTF-8"]);
    for (arguments, words) in
        [(&["--config", "none.toml", "run"][..], &["none.toml"][..]), (&["--config", "rules", "run"], &["rules"])]
    {
        place.run(arguments).fails(78, words);
    }
    fs::remove_file(place.path("postcase.toml")).unwrap();
    place.run(&["run"]).fails(78, &["no postcase.toml here", "postcase init", "--config"]);
    assert!(!place.database().exists());
}

#[test]
fn all_faults_of_all_files_at_once() {
    let place = Place::alone();
    place.reconfigure("poll = \"1s\"", "poll = 1\nidel = false");
    let said = place.run(&["run"]);
    said.fails(78, &["`idel`", "poll", "2 errors"]);
    place.reconfigure("poll = 1\nidel = false", "poll = \"1s\"");
    place.write("rules/desk.toml", "[desk]\nname = 7\naddress = \"nobody\"\n");
    let said = place.run(&["run"]);
    said.fails(78, &["desk.toml:2", "desk.toml:3"]);
    let said = place.run(&["check", "--offline"]);
    assert_eq!(said.code, 78);
    assert!(said.out.contains("FAULT  rules") && said.out.contains("ok     configuration"), "{said:?}");
}

#[test]
fn secrets_that_cannot_be_read() {
    let place = Place::alone().with_case();
    let before = place.content();
    place.reconfigure("{ env = \"IMAP_PASSWORD\" }", "{ file = \"imap.password\" }");
    place.run(&["run"]).fails(78, &["imap.password", "no such file", "chmod 600"]);
    place.reconfigure("{ file = \"imap.password\" }", "{ env = \"NO_SUCH_VARIABLE\" }");
    place.run(&["run"]).fails(78, &["NO_SUCH_VARIABLE", "is not set"]);
    let said = place.run(&["check"]);
    assert_eq!(said.code, 78);
    assert!(said.out.contains("NO_SUCH_VARIABLE") && said.out.contains("ok     rules"), "{said:?}");
    // Cases can be looked at and worked on without it: people do not have the daemon's secrets.
    assert_eq!(place.content(), before);
    place.done(&["case", "show", "10001"]);
    place.done(&["case", "note", "10001", "--as", "Kevin", "--text", "x"]);
    let said = place.run(&["status"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("has not got the passwords"), "{said:?}");
}
