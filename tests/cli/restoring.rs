//! Back to a backup, and copies of a database (B36), with the real program and real servers.

use serde_json::Value;

use crate::lab::dovecot::Dovecot;
use crate::lab::{eventually, mail};
use crate::place::{Place, sink};

fn letter(of: &crate::smtp_sink::Received, name: &str) -> String {
    let text = String::from_utf8_lossy(&of.bytes).into_owned();
    let lead = format!("{name}: ");
    text.lines().find_map(|line| line.strip_prefix(&lead)).unwrap_or_default().to_owned()
}

#[test]
fn after_a_restoration_nobody_is_acknowledged_again_and_replies_find_their_case() {
    let (dovecot, sink) = (Dovecot::start(), sink());
    let place = Place::at(&dovecot, &sink);
    dovecot.deliver("support", &mail("one"));
    let daemon = place.daemon();
    sink.wait_for(1);
    place.done(&["backup", "monday.db"]);
    for (name, mails) in [("two", 2), ("three", 3)] {
        dovecot.deliver("support", &mail(name));
        sink.wait_for(mails);
    }
    let lost = sink.taken();
    assert!(letter(&lost[1], "Subject").contains("[Case 10002]"));
    place.run(&["restore", "monday.db"]).fails(75, &[&format!("process {}", daemon.id())]);
    daemon.stop();
    // Somebody filed the second one away.
    dovecot.client("support").expunge("INBOX", "2");
    // Mail that came in this very second may count as new: a server's clock has no finer one.
    let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    let begun = now();
    eventually("another second", || (now() > begun).then_some(()));
    let told = place.json(&["restore", "monday.db", "--format", "json"]);
    assert_eq!((&told["next_case"], &told["kept_back"]), (&Value::from(12_001), &Value::from(0)), "{told}");
    let replaced = told["replaced"].as_str().expect("it is kept").to_owned();
    assert!(place.path(&replaced).exists(), "{told}");
    let daemon = place.daemon();
    eventually("the third one comes in again", || daemon.log().contains("case=12001").then_some(()));
    let reply = format!(
        "From: Anna <anna@customer.test>\r\nTo: support@desk.test\r\nSubject: Re: {}\r\nMessage-ID: <reply@customer.test>\r\n\
         In-Reply-To: {}\r\n\r\nIt still does not work.\r\n",
        letter(&lost[1], "Subject"),
        letter(&lost[1], "Message-ID"),
    );
    dovecot.deliver("support", reply.as_bytes());
    eventually("the reply is decided", || daemon.log().contains("case=10002").then_some(()));
    dovecot.deliver("support", &mail("four"));
    let letters = sink.wait_for(4);
    assert!(letter(&letters[3], "Subject").contains("[Case 12002]"), "{}", letter(&letters[3], "Subject"));
    let status = place.run(&["status"]);
    assert_eq!(status.code, 0, "{status:?}");
    daemon.stop();
    assert_eq!(sink.taken().len(), 4, "one, two and three have had their acknowledgement");
    assert!(place.done(&["case", "show", "10002"]).contains("It still does not work."));
    assert_eq!(place.run(&["explain", "--entry", "500"]).code, 66, "no entry has a number of the lost time");
}

#[test]
fn a_restoration_tells_what_to_do() {
    let place = Place::alone().with_case();
    place.done(&["backup", "monday.db"]);
    let said = place.done(&["restore", "monday.db"]);
    for words in ["is now what monday.db was", "before-restore-", "numbered from 12001 on", "Now start `postcase run`."]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    place.write("letter.txt", "Dear Anna");
    place.run(&["restore", "letter.txt"]).fails(65, &["letter.txt is no backup"]);
    place.run(&["restore", "none.db"]).fails(66, &["There is no backup at none.db"]);
    place.run(&["restore", "desk.db"]).fails(65, &["is the database itself"]);
}

#[test]
fn a_copied_database_is_refused_with_both_remedies_and_a_test_copy_sends_nothing() {
    let (dovecot, sink) = (Dovecot::start(), sink());
    let place = Place::at(&dovecot, &sink);
    place.reconfigure("poll = \"1s\"", "poll = \"1s\"\nfile = { move = \"Processed\" }");
    dovecot.deliver("support", &mail("one"));
    let daemon = place.daemon();
    sink.wait_for(1);
    eventually("it is moved", || (dovecot.client("support").subjects("Processed") == ["one"]).then_some(()));
    place.done(&["backup", "copy.db"]);
    place.run(&["run", "--no-mail"]).fails(75, &["process"]);
    daemon.stop();
    place.run(&["run", "--no-mail"]).fails(78, &["is the desk itself", "outbox pause", "postcase backup"]);
    place.reconfigure("desk.db", "copy.db");
    let refused = place.run(&["run"]);
    refused.fails(78, &["looks like a copy", "run --adopt", "run --no-mail"]);
    place.run(&["case", "close", "10001", "--as", "Kevin"]).fails(78, &["looks like a copy"]);
    assert_eq!(place.run(&["run", "--no-mail", "--adopt"]).code, 64);
    dovecot.deliver("support", &mail("two"));
    let daemon = place.daemon_with(&["run", "--no-mail"], |_| {});
    assert!(daemon.log().contains("test copy"), "{}", daemon.log());
    eventually("it is decided", || daemon.log().contains("case=10002").then_some(()));
    place.done(&["case", "reply", "10001", "--as", "Kevin", "--text", "This must not go out."]);
    place.done(&["outbox", "retry", "--as", "Kevin"]);
    let status = place.run(&["status"]);
    assert!(status.out.contains("a test copy"), "{status:?}");
    assert_eq!(place.json(&["status", "--format", "json"])["outbox"]["waiting"], 2);
    daemon.stop();
    // It stays one, however it is started.
    let daemon = place.daemon();
    dovecot.deliver("support", &mail("three"));
    eventually("it is decided", || daemon.log().contains("case=10003").then_some(()));
    daemon.stop();
    place.run(&["run", "--adopt"]).fails(78, &["is a test copy", "run --no-mail", "restore"]);
    assert_eq!(dovecot.client("support").subjects("INBOX"), ["two", "three"], "nothing is moved by a test copy");
    assert_eq!(sink.taken().len(), 1);
    // The desk itself goes on as if nothing had been.
    place.done(&["backup", "of-the-copy.db"]);
    place.reconfigure("copy.db", "desk.db");
    place.run(&["restore", "of-the-copy.db"]).fails(65, &["is a backup of a test copy"]);
    let daemon = place.daemon();
    sink.wait_for(3);
    daemon.stop();
}

#[test]
fn a_moved_database_is_adopted() {
    let (dovecot, sink) = (Dovecot::start(), sink());
    let place = Place::at(&dovecot, &sink).with_case();
    place.done(&["backup", "moved.db"]);
    place.reconfigure("desk.db", "moved.db");
    place.run(&["run"]).fails(78, &["run --adopt"]);
    place.daemon_with(&["run", "--adopt"], |_| {}).stop();
    dovecot.deliver("support", &mail("two"));
    let daemon = place.daemon();
    sink.wait_for(1);
    daemon.stop();
}
