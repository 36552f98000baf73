//! `init`: the first minutes of an administrator, against real servers.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::lab::dovecot::Dovecot;
use crate::lab::{eventually, mail};
use crate::place::{Place, sink};
use crate::smtp_sink::{Act, Manner, SmtpSink, Stage};

/// A folder with nothing in it but a file with the password.
fn empty() -> Place {
    let place = Place::alone();
    std::fs::remove_file(place.path("postcase.toml")).expect("our own folder");
    std::fs::remove_dir_all(place.path("rules")).expect("our own folder");
    place.write("secret", "secret\n");
    place
}

fn ports(dovecot: &Dovecot, sink: &SmtpSink) -> [String; 2] {
    [dovecot.ports.imap.to_string(), sink.port().to_string()]
}

/// Everything that is asked, for servers on this machine.
fn flags<'a>([imap, smtp]: &'a [String; 2], more: &[&'a str]) -> Vec<&'a str> {
    let all = [
        "init",
        "--yes",
        "--name",
        "Example \"Best\" Support",
        "--address",
        "support@desk.test",
        "--imap-host",
        "localhost",
        "--imap-port",
        imap,
        "--imap-security",
        "plaintext",
        "--imap-user",
        "support",
        "--imap-password-file",
        "secret",
        "--smtp-host",
        "localhost",
        "--smtp-port",
        smtp,
        "--smtp-security",
        "plaintext",
        "--no-smtp-login",
    ];
    all.into_iter().chain(more.iter().copied()).collect()
}

fn names(place: &Place) -> Vec<String> {
    fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            if entry.path().is_dir() {
                collect(&entry.path(), into);
            }
            into.push(entry.path());
        }
    }
    let mut all = Vec::new();
    collect(&place.path(""), &mut all);
    let root = place.path("");
    let mut names: Vec<String> =
        all.iter().map(|path| path.strip_prefix(&root).expect("below").display().to_string()).collect();
    names.sort();
    names
}

/// What a mail server between SMTP and IMAP does: the next mail that is taken comes into the mailbox.
fn bring(dovecot: &Dovecot, sink: &SmtpSink) {
    let taken = sink.wait_for(1);
    assert_eq!(taken[0].recipients, ["support@desk.test"]);
    dovecot.deliver("support", &taken[0].bytes);
}

fn started(place: &Place, arguments: &[&str]) -> Child {
    let mut command = place.command(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the program starts")
}

fn ended(child: Child) -> (i32, String, String) {
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

#[test]
fn from_nothing_to_a_desk_that_works() {
    let (dovecot, sink) = (Dovecot::start(), sink());
    for name in ["old-1", "old-2"] {
        dovecot.deliver("support", &mail(name));
    }
    let place = empty();
    let ports = ports(&dovecot, &sink);
    let child = started(&place, &flags(&ports, &[]));
    bring(&dovecot, &sink);
    let (code, out, err) = ended(child);
    assert_eq!(code, 0, "{out}\n{err}");
    assert!(err.contains("2 messages are in INBOX already; none will be acknowledged"), "{err}");
    for words in ["A test mail came back", "was deleted", "run --shadow", "postcase run"] {
        assert!(out.contains(words), "{words}: {out}");
    }
    assert!(!out.contains("--config"), "this is where it is looked for: {out}");
    assert_eq!(dovecot.client("support").subjects("INBOX"), ["old-1", "old-2"], "the test mail is gone");
    let files = ["desk.db", "imap.password", "postcase.db", "postcase.db.lock", "postcase.toml", "rules"];
    let here = names(&place);
    assert!(files[1..].iter().all(|name| here.contains(&(*name).to_owned())), "{here:?}");
    assert!(here.iter().all(|name| !name.contains("unfinished") && !name.contains("before-init")), "{here:?}");
    for secret in ["imap.password", "postcase.db"] {
        let mode = std::fs::metadata(place.path(secret)).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{secret}");
    }
    let config = std::fs::read_to_string(place.path("postcase.toml")).expect("it is there");
    assert!(!config.contains("\"secret\"") && config.contains("password = { file = \"imap.password\" }"), "{config}");
    assert!(config.contains("# This file is the manual"), "the comments stay");
    let desk = std::fs::read_to_string(place.path("rules/desk.toml")).expect("it is there");
    assert!(place.path("rules/README.md").exists(), "the manual of the rules lies beside them");
    assert!(desk.contains("# The first is the desk's own language"), "the comments stay");
    // It is set up, indeed: a new request is acknowledged, the old ones are not.
    let check = place.run(&["check"]);
    assert_eq!((check.code, check.err.as_str()), (0, ""), "{check:?}");
    let daemon = place.daemon();
    eventually("the mailbox is read", || place.run(&["status", "--offline"]).out.contains("2 skipped").then_some(()));
    dovecot.deliver("support", &mail("new"));
    let letters = sink.wait_for(2);
    let letter = String::from_utf8_lossy(&letters[1].bytes).into_owned();
    assert!(letter.contains("Best") && letters[1].recipients == ["anna@customer.test"], "{letter}");
    daemon.stop();
    assert_eq!(sink.taken().len(), 2);
}

#[test]
fn what_is_refused_is_one_sentence_and_nothing_is_written() {
    let (dovecot, sink) = (Dovecot::start(), sink());
    let place = empty();
    let ports = ports(&dovecot, &sink);
    let before = names(&place);
    place.write("secret", "wrong-password-7");
    let said = place.run(&flags(&ports, &[]));
    said.fails(77, &["refused the login of \"support\"", "check `user` and the password", "Nothing was written."]);
    assert!(!said.err.contains("wrong-password-7"), "{said:?}");
    place.write("secret", "secret");
    let said = place.run(&flags(&ports, &["--folder", "No/Such"]));
    said.fails(78, &["No/Such", "Nothing was written."]);
    let dead = [ports[0].clone(), "1".to_owned()];
    place.run(&flags(&dead, &[])).fails(69, &["SMTP server localhost:1 cannot be reached", "Nothing was written."]);
    let nowhere = ["1".to_owned(), ports[1].clone()];
    place.run(&flags(&nowhere, &[])).fails(69, &["localhost:1 cannot be reached", "Nothing was written."]);
    place.run(&flags(&ports, &["--database", "no/such/folder/postcase.db"])).fails(73, &["no/such/folder"]);
    assert_eq!(names(&place), before);
    assert!(sink.taken().is_empty());
}

#[test]
fn an_smtp_server_that_refuses_the_login() {
    let dovecot = Dovecot::start();
    let login = Some(("support".to_owned(), "another".to_owned()));
    let sink = SmtpSink::start(Manner { login, ..Manner::default() });
    let place = empty();
    let ports = ports(&dovecot, &sink);
    let with_login: Vec<&str> = flags(&ports, &[]).into_iter().filter(|flag| *flag != "--no-smtp-login").collect();
    place.run(&with_login).fails(77, &["refuses the login of support", "Nothing was written."]);
    assert!(!place.path("postcase.toml").exists());
    place.write("other", "another\n");
    let child =
        started(&place, &with_login.iter().chain(&["--smtp-password-file", "other"]).copied().collect::<Vec<_>>());
    bring(&dovecot, &sink);
    let (code, out, err) = ended(child);
    assert_eq!(code, 0, "{out}\n{err}");
    assert_eq!(std::fs::read_to_string(place.path("smtp.password")).expect("it is there"), "another\n");
    assert_eq!(place.run(&["check"]).code, 0);
}

#[test]
fn nothing_is_written_over() {
    let (dovecot, sink) = (Dovecot::start(), sink());
    let place = empty();
    let ports = ports(&dovecot, &sink);
    place.write("postcase.toml", "# mine\n");
    place.run(&flags(&ports, &["--no-test-mail"])).fails(73, &["postcase.toml", "is there already", "--force"]);
    assert_eq!(std::fs::read_to_string(place.path("postcase.toml")).expect("it is there"), "# mine\n");
    let said = place.run(&flags(&ports, &["--no-test-mail", "--force", "--format", "json"]));
    assert_eq!(said.code, 0, "{said:?}");
    let told: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(told["test_mail"]["outcome"], "skipped", "{told}");
    assert_eq!(told["messages"], 0, "{told}");
    assert_eq!(std::fs::read_to_string(place.path("postcase.toml.before-init")).expect("it is kept"), "# mine\n");
    let again = place.run(&flags(&ports, &[]));
    again.fails(73, &["imap.password", "rules/desk.toml", "rules/staff.toml", "rules/README.md"]);
    // Elsewhere there is room.
    let elsewhere = place.path("other/desk.toml").display().to_string();
    let mut arguments = vec!["--config", elsewhere.as_str()];
    arguments.extend(flags(&ports, &["--no-test-mail"]));
    let said = place.run(&arguments);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains(&format!("postcase --config {elsewhere} run")), "{said:?}");
    assert!(place.path("other/rules/desk.toml").exists() && place.path("other/postcase.db").exists());
}

#[test]
fn a_test_mail_that_does_not_come_is_told_and_known_when_it_comes() {
    let (dovecot, sink) = (Dovecot::start(), sink());
    let place = empty();
    let ports = ports(&dovecot, &sink);
    let said = place.run(&flags(&ports, &["--patience", "1", "--format", "json"]));
    assert_eq!(said.code, 1, "{said:?}");
    let told: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(told["test_mail"]["outcome"], "did-not-come", "{told}");
    assert!(told["test_mail"]["said"].as_str().is_some_and(|said| said.contains("spam")), "{told}");
    assert!(place.path("postcase.toml").exists(), "the answers are not lost");
    let daemon = place.daemon();
    eventually("the mailbox was read", || daemon.log().contains("connected").then_some(()));
    bring(&dovecot, &sink);
    eventually("it is known as our own", || daemon.log().contains("kind=own decision=recorded").then_some(()));
    daemon.stop();
    assert_eq!(sink.taken().len(), 1, "nobody answers it");
    assert!(place.done(&["held", "list"]).contains("Nothing"), "nor does a person have to look");
}

#[test]
fn a_test_mail_that_the_server_refuses() {
    let (dovecot, sink) = (Dovecot::start(), sink());
    sink.at(Stage::Mail, Act::Say("550 5.7.60 you may not send as support@desk.test".to_owned()), 9);
    let place = empty();
    let ports = ports(&dovecot, &sink);
    let said = place.run(&flags(&ports, &[]));
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("you may not send as") && said.out.contains("log in as a user who may"), "{said:?}");
}

#[test]
fn where_nobody_can_be_asked_what_is_missing_is_told() {
    let place = empty();
    let said = place.run(&["init", "--imap-host", "localhost"]);
    said.fails(64, &["--name", "--address", "--imap-password-file", "Nothing was written."]);
    place
        .run(&["init", "--yes", "--name", "x", "--address", "no address", "--imap-password-file", "secret"])
        .fails(65, &["\"no address\" is no mail address"]);
    place
        .run(&["init", "--yes", "--name", "x", "--address", "a@b.test", "--imap-password-file", "none"])
        .fails(66, &["none cannot be read"]);
    assert_eq!(names(&place), ["secret"]);
}

/// A person at a terminal.
struct Person {
    child: Child,
    seen: Arc<Mutex<String>>,
    /// Adds to `seen` until the terminal is gone.
    reader: std::thread::JoinHandle<()>,
    keys: std::process::ChildStdin,
    /// Bytes of `seen` up to the last question that was answered.
    read: usize,
}

impl Person {
    fn at(place: &Place, arguments: &str) -> Person {
        // Who runs the tests in the background may ignore Ctrl-C; a person at a terminal does not.
        let mut command = Command::new("env");
        command.args([
            "--default-signal=INT",
            "script",
            "-qefc",
            &format!("'{}' {arguments}", env!("CARGO_BIN_EXE_postcase")),
            "/dev/null",
        ]);
        command.current_dir(place.path("")).env("NO_COLOR", "1").env("TERM", "dumb").env_remove("POSTCASE_CONFIG");
        command.env_remove("POSTCASE_IMAP_PASSWORD").env_remove("POSTCASE_SMTP_PASSWORD");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("util-linux is installed");
        let seen = Arc::new(Mutex::new(String::new()));
        let (theirs, mut out) = (Arc::clone(&seen), child.stdout.take().expect("it is piped"));
        let reader = std::thread::spawn(move || {
            let mut some = [0; 1024];
            while let Ok(length @ 1..) = out.read(&mut some) {
                theirs.lock().expect("nobody panics with it").push_str(&String::from_utf8_lossy(&some[..length]));
            }
        });
        let keys = child.stdin.take().expect("it is piped");
        Person { child, seen, reader, keys, read: 0 }
    }

    fn seen(&self) -> String {
        self.seen.lock().expect("nobody panics with it").clone()
    }

    /// Waits for a question that was not answered yet, and answers.
    fn answers(&mut self, question: &str, keys: &str) {
        self.read = eventually(question, || {
            let seen = self.seen();
            let asked = seen[self.read..].contains(question) && seen.ends_with(": ");
            asked.then_some(seen.len())
        });
        self.keys.write_all(keys.as_bytes()).expect("the terminal takes keys");
        self.keys.flush().expect("the terminal takes keys");
    }

    fn ends(mut self) -> (i32, String) {
        let status = eventually("it ends", || self.child.try_wait().expect("our own child"));
        let Person { seen, reader, keys, .. } = self;
        drop(keys);
        reader.join().expect("the reader does not panic");
        (status.code().unwrap_or(-1), seen.lock().expect("nobody panics with it").clone())
    }
}

#[test]
fn it_asks_in_a_kind_order_and_lets_a_person_correct_themselves() {
    let (dovecot, sink) = (Dovecot::start(), sink());
    let place = empty();
    let [imap, smtp] = ports(&dovecot, &sink);
    let mut person = Person::at(&place, "init");
    person.answers("Support address", "support\n");
    person.answers("Support address", "support@desk.test\n");
    person.answers("Name of the desk, as customers read it [Desk Support]", "\n");
    person.answers("IMAP server [imap.desk.test]", "localhost\n");
    person.answers("How it is reached: tls, starttls or plaintext [tls]", "plaintext\n");
    person.answers("Port [143]", &format!("{imap}\n"));
    person.answers("User for IMAP [support@desk.test]", "support\n");
    person.answers("Password of support", "wrong-one\n");
    person.answers("User for IMAP [support]", "\n");
    person.answers("Password of support", "secrex\u{7f}t\n");
    person.answers("SMTP server [smtp.desk.test]", "localhost\n");
    person.answers("How it is reached", "plaintext\n");
    person.answers("Port [25]", &format!("{smtp}\n"));
    person.answers("Does the SMTP server ask for a login? [yes]", "no\n");
    assert!(!place.path("postcase.toml").exists(), "nothing is written before all is known");
    person.answers("Write the files? [yes]", "\n");
    bring(&dovecot, &sink);
    let (code, seen) = person.ends();
    assert_eq!(code, 0, "{seen}");
    assert!(seen.contains("refused the login") && !seen.contains("wrong-one") && !seen.contains("secret"), "{seen}");
    assert_eq!(place.run(&["check"]).code, 0);
}

#[test]
fn an_interruption_leaves_nothing_behind() {
    let place = empty();
    let mut person = Person::at(&place, "init");
    person.answers("Support address", "support@desk.test\n");
    person.answers("Name of the desk", "\u{3}");
    person.ends();
    let mut person =
        Person::at(&place, "init --name Desk --address support@desk.test --imap-host localhost --imap-user support");
    person.answers("Password of support", "half\u{3}");
    let (code, seen) = person.ends();
    assert_eq!(code, 64, "{seen}");
    assert!(seen.contains("nothing was written"), "{seen}");
    assert_eq!(names(&place), ["secret"]);
}
