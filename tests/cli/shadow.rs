//! `run --shadow`: a trial on the production mailbox (B11).

use serde_json::Value;

use crate::lab::client::Client;
use crate::lab::dovecot::Dovecot;
use crate::lab::{eventually, mail};
use crate::place::{Place, sink};
use crate::smtp_sink::SmtpSink;

/// What the server says of the folder: flags, `\Recent` among them, UIDs, UIDNEXT, and every byte.
fn state(dovecot: &Dovecot) -> Vec<String> {
    let mut client: Client = dovecot.client("support");
    let mut said = client.ok("EXAMINE INBOX");
    said.extend(client.ok("STATUS INBOX (MESSAGES UNSEEN UIDNEXT UIDVALIDITY)"));
    said.extend(client.ok("UID FETCH 1:* (UID FLAGS INTERNALDATE BODY.PEEK[])"));
    said.extend(client.ok("LIST \"\" *"));
    said.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect()
}

fn letter(head: &str, text: &str) -> Vec<u8> {
    format!("{head}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n").into_bytes()
}

/// A mailbox as it is: requests, a conversation, a copy, an out-of-office, a bounce, something that seems to be ours.
fn mails() -> Vec<(&'static str, Vec<u8>)> {
    let request = |id: &str, from: &str, subject: &str, more: &str, text: &str| {
        letter(
            &format!("From: {from}\r\nTo: support@desk.test\r\nSubject: {subject}\r\nMessage-ID: <{id}>{more}"),
            text,
        )
    };
    let german = "Guten Tag,\r\n\r\nunser Drucker druckt seit heute Morgen nur noch leere Seiten, und wir brauchen ihn dringend.";
    vec![
        ("1-May-2026 09:00:00 +0000", request("a@shop.test", "Anna <anna@shop.test>", "Label printer", "", "It prints blank pages.")),
        ("1-May-2026 09:05:00 +0000", request("b@atelier.test", "Ben <ben@atelier.test>", "Drucker", "", german)),
        ("1-May-2026 10:00:00 +0000", request("c@shop.test", "Anna <anna@shop.test>", "Re: Label printer", "\r\nIn-Reply-To: <a@shop.test>", "Any news?")),
        ("1-May-2026 10:01:00 +0000", request("c@shop.test", "Anna <anna@shop.test>", "Re: Label printer", "\r\nIn-Reply-To: <a@shop.test>", "Any news?")),
        ("2-May-2026 10:00:00 +0000", request("d@shop.test", "Carl <carl@shop.test>", "Out of office", "\r\nAuto-Submitted: auto-replied", "I am away.")),
        ("3-May-2026 10:00:00 +0000", request("e@desk.test", "Support <support@desk.test>", "Was this <script>us</script>?", "", "Hello.")),
        ("4-May-2026 10:00:00 +0000", request("f@farm.test", "Fred <fred@farm.test>", "Scales & <b>weights</b>", "", "Do you sell scales?")),
        (
            "5-May-2026 10:00:00 +0000",
            b"From: MAILER-DAEMON@mx.test\r\nTo: support@desk.test\r\nSubject: Undelivered\r\nMessage-ID: <g@mx.test>\r\n\
              MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
              --b\r\nContent-Type: text/plain\r\n\r\nIt failed.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n\
              Reporting-MTA: dns; mx.test\r\n\r\nFinal-Recipient: rfc822; gone@firm.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
                .to_vec(),
        ),
    ]
}

/// With a configuration that would move everything away, were it a real run.
fn production() -> (Dovecot, SmtpSink, Place) {
    let (dovecot, sink) = (Dovecot::start(), sink());
    let place = Place::at(&dovecot, &sink);
    place.reconfigure("poll = \"1s\"", "poll = \"1s\"\nfile = { move = \"Processed\" }\nsent_folder = \"Sent\"");
    let mut client = dovecot.client("support");
    for (at, (date, raw)) in mails().iter().enumerate() {
        client.append("INBOX", if at % 2 == 0 { "\\Seen" } else { "" }, Some(date), raw);
    }
    drop(client);
    // Nobody has opened it since: \Recent is set.
    dovecot.deliver("support", &mail("newest"));
    (dovecot, sink, place)
}

#[test]
fn a_trial_changes_nothing_sends_nothing_and_tells() {
    let (dovecot, sink, place) = production();
    let before = state(&dovecot);
    let said = place.run(&["run", "--shadow", "--report", "trial.html"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(state(&dovecot), before, "the server's state is the same, \\Recent and all");
    assert_eq!(sink.connections(), 0, "nobody even called the SMTP server");
    assert!(!place.database().exists(), "the desk's own database is not made");
    for words in [
        "A trial of Postcase for Example Support",
        "9 messages in support (INBOX, which holds 9)",
        "2026-05-01 09:00",
        "Nothing was sent",
        "4 conversations",
        "4 mails would have been acknowledged",
        "1 duplicate",
        "1 delivery report",
        "1 mail would wait for a person",
        "From is one of our own addresses",
        "gone@firm.test",
        "anna@shop.test",
    ] {
        assert!(said.out.contains(words), "“{words}” is not in {}", said.out);
    }
    let page = std::fs::read_to_string(place.path("trial.html")).expect("the page is written");
    assert!(page.contains("viewport") && page.contains("&lt;script&gt;us"), "{page}");
    assert!(!page.contains("<script") && !page.contains("http://") && !page.contains("https://"), "{page}");
}

#[test]
fn a_trial_is_for_scripts_too_and_begins_anew() {
    let (dovecot, sink, place) = production();
    let report = |arguments: &[&str]| -> Value {
        let all: Vec<&str> = ["run", "--shadow", "--format", "json"].iter().chain(arguments).copied().collect();
        place.json(&all)
    };
    let whole = report(&[]);
    assert_eq!(whole["messages"], 9, "{whole}");
    assert_eq!(whole["held"], 1, "{whole}");
    assert_eq!(whole["duplicates"], 1, "{whole}");
    assert_eq!(whole["acknowledged"], 4, "{whole}");
    let count = |list: &str, what: &str| {
        let list = whole[list].as_array().expect("a list").clone();
        list.iter().find(|one| one["what"] == what).map(|one| one["count"].clone()).unwrap_or_default()
    };
    assert_eq!(count("kinds", "auto-reply"), 1, "{whole}");
    assert_eq!(count("kinds", "delivery-report"), 1, "{whole}");
    assert_eq!(count("languages", "de"), 1, "{whole}");
    assert_eq!(count("senders", "anna@shop.test"), 3, "{whole}");
    assert_eq!(whole["hours"].as_array().expect("hours").iter().filter_map(Value::as_u64).sum::<u64>(), 9);
    let again = report(&[]);
    assert_eq!(again["messages"], 9, "it begins anew: {again}");
    assert_eq!(again["duplicates"], 1, "{again}");
    assert_eq!(report(&["--last", "3"])["messages"], 3);
    let since = report(&["--since", "2026-05-03"]);
    assert_eq!(since["messages"], 4, "{since}");
    assert_eq!(report(&["--since", "2099-01-01"])["messages"], 0);
    assert_eq!(sink.connections(), 0);
    drop(dovecot);
}

#[test]
fn a_trial_beside_the_desk_that_runs() {
    let (dovecot, sink) = (Dovecot::start(), sink());
    let place = Place::at(&dovecot, &sink);
    dovecot.deliver("support", &mail("one"));
    let daemon = place.daemon();
    sink.wait_for(1);
    let taken = sink.taken().len();
    let report = place.json(&["run", "--shadow", "--format", "json"]);
    assert_eq!(report["messages"], 1, "{report}");
    assert_eq!(sink.taken().len(), taken);
    place.done(&["case", "show", "10001"]);
    daemon.stop();
    // A file that is no trial's is not thrown away.
    let database = place.database().display().to_string();
    let before = place.content();
    place.run(&["run", "--shadow", "--shadow-database", &database]).fails(73, &["is not the database of a trial"]);
    assert_eq!(place.content(), before);
}

#[test]
fn watching_goes_on_until_it_is_told_to_stop() {
    let (dovecot, sink) = (Dovecot::start(), sink());
    let place = Place::at(&dovecot, &sink);
    dovecot.deliver("support", &mail("one"));
    let mut command = place.command(&["run", "--shadow", "--follow", "--format", "json"]);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = command.spawn().expect("the program starts");
    let seen = |entries: i64| {
        let database = place.path("desk.db.shadow");
        eventually("it is decided", || {
            let sql =
                rusqlite::Connection::open_with_flags(&database, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
            let count: i64 = sql.query_row("SELECT count(*) FROM decision", [], |row| row.get(0)).ok()?;
            (count == entries).then_some(())
        });
    };
    seen(1);
    dovecot.deliver("support", &mail("two"));
    seen(2);
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT)
        .expect("our child");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    assert_eq!(report["messages"], 2, "{report}");
    assert_eq!(sink.connections(), 0);
}

#[test]
fn a_trial_that_cannot_look_says_why() {
    let (dovecot, sink) = (Dovecot::start(), sink());
    let place = Place::at(&dovecot, &sink);
    place.reconfigure("{ env = \"IMAP_PASSWORD\" }", "{ file = \"imap.password\" }");
    place.write("imap.password", "wrong");
    place.run(&["run", "--shadow"]).fails(77, &["Mailbox support", "refused the login", "password"]);
    for wrong in [&["run", "--last", "3"][..], &["run", "--shadow", "--last", "0"], &["run", "--shadow", "--adopt"]] {
        assert_eq!(place.run(wrong).code, 64, "{wrong:?}");
    }
    assert_eq!(place.run(&["run", "--shadow", "--since", "yesterday"]).code, 64);
}

/// Mailboxes are read one after the other; the hours in which limits count are those in which their mail came.
#[test]
fn limits_count_in_a_trial_of_several_mailboxes() {
    let (dovecot, sink) = (Dovecot::start(), sink());
    let place = Place::at(&dovecot, &sink);
    let config = std::fs::read_to_string(place.path("postcase.toml")).expect("it was written");
    let (_, mailbox) = config.split_once("[[mailbox]]").expect("it has a mailbox");
    let (mailbox, _) = mailbox.split_once("[smtp]").expect("and then this");
    let sales = mailbox.replace("support", "sales").replace("IMAP_PASSWORD", "SALES_PASSWORD");
    place.write("postcase.toml", config.replace("[smtp]", &format!("[[mailbox]]{sales}\n[smtp]")));
    let rules = "[desk]\nname = \"Example Support\"\naddress = \"support@desk.test\"\n\n\
        [acknowledgement]\nper_address_hour = 2\n";
    place.write("rules/desk.toml", rules);
    let mails = [("support", "09:00"), ("support", "09:10"), ("sales", "09:05"), ("sales", "10:30")];
    for (user, time) in mails {
        let head = format!(
            "From: Anna <anna@shop.test>\r\nTo: {user}@desk.test\r\nSubject: About {time}\r\nMessage-ID: <{time}@shop.test>"
        );
        let date = format!("1-May-2026 {time}:00 +0000");
        dovecot.client(user).append("INBOX", "", Some(&date), &letter(&head, &format!("It is {time} now.")));
    }
    let mut command = place.command(&["run", "--shadow", "--format", "json"]);
    let output = command.env("SALES_PASSWORD", "hidden").output().expect("the program starts");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    assert_eq!((&report["messages"], &report["acknowledged"]), (&Value::from(4), &Value::from(3)), "{report}");
    let reasons = report["not_acknowledged"].as_array().expect("a list");
    assert_eq!(reasons.len(), 1, "{report}");
    assert!(reasons[0]["what"].as_str().is_some_and(|what| what.contains("per_address_hour")), "{report}");
    assert_eq!(reasons[0]["count"], 1, "{report}");
}
