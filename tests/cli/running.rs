//! `run`: what it logs, whom it tells, and what it refuses.

use std::os::unix::net::UnixDatagram;

use rustix::process::Signal;

use crate::lab::dovecot::{Dovecot, Setup};
use crate::lab::{eventually, mail};
use crate::place::{Place, sink};
use crate::smtp_sink::{Manner, SmtpSink};

#[test]
fn one_line_a_message_and_no_password_at_any_level() {
    let secret = "correct-horse-battery";
    let users = vec![("support".to_owned(), secret.to_owned())];
    let dovecot = Dovecot::start_with(Setup { users, ..Setup::default() });
    let login = Some(("support".to_owned(), "another-secret-staple".to_owned()));
    let sink = SmtpSink::start(Manner { login, ..Manner::default() });
    let place = Place::at(&dovecot, &sink);
    let smtp = format!("[smtp]\nhost = \"localhost\"\nport = {}\nsecurity = \"plaintext\"\n", sink.port());
    place.reconfigure(&smtp, &format!("{smtp}user = \"support\"\npassword = {{ file = \"smtp.password\" }}\n"));
    place.write("smtp.password", "another-secret-staple\n");
    for name in ["one", "two", "three"] {
        dovecot.deliver("support", &mail(name));
    }
    for filter in
        ["trace", "info,async_imap=trace,async_imap::imap_stream=trace,imap_proto=trace,lettre=trace,rustls=trace"]
    {
        let prepare = |command: &mut std::process::Command| {
            command.env("IMAP_PASSWORD", secret).env("RUST_LOG", "trace");
        };
        let before = sink.taken().len();
        let daemon = place.daemon_with(&["run", "--log", filter], prepare);
        sink.wait_for(before.max(3));
        dovecot.deliver(
            "support",
            &String::from_utf8(mail("later")).unwrap().replace("later", &format!("later-{before}")).into_bytes(),
        );
        eventually("the later one is decided", || {
            daemon.log().contains(&format!("entry={} ", if before == 0 { 4 } else { 5 })).then_some(())
        });
        let log = daemon.stop();
        for hidden in [secret, "another-secret-staple", "AHN1cHBvcnQA", "About one."] {
            assert!(!log.contains(hidden), "{hidden} is in the log:\n{log}");
        }
        let lines = log.lines().filter(|line| line.contains("kind=correspondence")).count();
        assert_eq!(lines, if before == 0 { 4 } else { 1 }, "{log}");
        if before == 0 {
            assert!(log.contains("entry=1 case=10001 kind=correspondence decision=open letters=acknowledged"), "{log}");
        }
    }
}

#[test]
fn logs_for_machines_are_json() {
    let (dovecot, sink) = (Dovecot::start(), sink());
    let place = Place::at(&dovecot, &sink);
    dovecot.deliver("support", &mail("one"));
    let daemon = place.daemon_with(&["run", "--log-format", "json"], |_| {});
    sink.wait_for(1);
    let log = daemon.stop();
    for line in log.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
    assert!(log.contains("decision=open"), "{log}");
}

#[test]
fn the_supervisor_is_told() {
    let place = Place::alone();
    let socket = UnixDatagram::bind(place.path("notify")).unwrap();
    socket.set_read_timeout(Some(crate::lab::PATIENCE)).unwrap();
    let path = place.path("notify");
    let daemon = place.daemon_with(&["run"], |command| {
        command.env("NOTIFY_SOCKET", path);
    });
    let wait_for = |word: &str| {
        let mut heard = [0; 4096];
        loop {
            let length = socket.recv(&mut heard).unwrap_or_else(|error| panic!("{word} did not come: {error}"));
            if String::from_utf8_lossy(&heard[..length]).contains(word) {
                return;
            }
        }
    };
    wait_for("READY=1");
    wait_for("WATCHDOG=1");
    daemon.signal(Signal::TERM);
    wait_for("STOPPING=1");
}

#[test]
fn a_second_daemon_is_refused() {
    let place = Place::alone();
    let daemon = place.daemon();
    let decided = || {
        let content = place.content();
        let lines = content.lines().filter(|line| !line.starts_with("mailbox ") && !line.starts_with("trouble "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let before = decided();
    place.run(&["run"]).fails(75, &[&format!("process {}", daemon.id()), "desk.db"]);
    assert_eq!(decided(), before);
    place.done(&["case", "list"]);
    drop(daemon);
    // Killed: the lock is free.
    place.daemon().stop();
}

#[test]
fn rules_with_mistakes_are_told_and_the_last_good_ones_stay() {
    let (dovecot, sink) = (Dovecot::start(), sink());
    let place = Place::at(&dovecot, &sink);
    let daemon = place.daemon();
    let good = std::fs::read_to_string(place.path("rules/desk.toml")).unwrap();
    place.write("rules/desk.toml", format!("{good}adress = \"x\"\n"));
    daemon.signal(Signal::HUP);
    eventually("the mistake is told", || daemon.log().contains("desk.toml:4").then_some(()));
    assert!(daemon.log().contains("the last good ones stay in force"), "{}", daemon.log());
    let said = place.run(&["status"]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("The rules have mistakes") && said.out.contains("postcase rules check"), "{said:?}");
    dovecot.deliver("support", &mail("one"));
    sink.wait_for(1);
    let note = place.run(&["case", "note", "10001", "--as", "Kevin", "--text", "Called back."]);
    assert_eq!(note.code, 0, "staff go on working: {note:?}");
    assert!(note.err.contains("last good ones"), "{note:?}");
    place.done(&["held", "list", "--all"]);
    place.write("rules/desk.toml", good.replace("Example Support", "Better Support"));
    daemon.signal(Signal::HUP);
    eventually("they are in force", || daemon.log().contains("new rules are in force").then_some(()));
    dovecot.deliver("support", &mail("two"));
    let letters = sink.wait_for(2);
    assert!(String::from_utf8_lossy(&letters[1].bytes).contains("Better Support"));
    eventually("all is well again", || (place.run(&["status"]).code == 0).then_some(()));
    drop(daemon);
}

#[test]
fn what_it_writes_is_for_its_own_user() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::alone().with_case();
    let daemon = place.daemon();
    place.done(&["backup", place.path("copy.db").to_str().unwrap()]);
    for name in ["desk.db", "desk.db-wal", "desk.db.lock", "copy.db"] {
        let mode = std::fs::metadata(place.path(name)).unwrap_or_else(|error| panic!("{name}: {error}")).permissions();
        assert_eq!(mode.mode() & 0o777, 0o600, "{name} holds mail, or keys");
    }
    drop(daemon);
}

#[test]
fn a_refused_login_is_told_with_the_remedy() {
    let (dovecot, sink) = (Dovecot::start(), sink());
    let place = Place::at(&dovecot, &sink);
    let daemon = place.daemon_with(&["run"], |command| {
        command.env("IMAP_PASSWORD", "wrong-password-7");
    });
    eventually("it is told", || daemon.log().contains("check `user` and the password").then_some(()));
    // Told first, and then written down.
    eventually("status says it, too", || {
        place.run(&["status", "--offline"]).out.contains("refused the login").then_some(())
    });
    assert!(!daemon.log().contains("wrong-password-7"));
    daemon.stop();
}
