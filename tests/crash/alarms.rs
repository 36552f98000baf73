//! Alarms of a running daemon: what is wrong with real servers is told by mail and by the alarm command, and that it is
//! over as well.

use std::fs;

use rustix::process::Signal;

use crate::daemon::Daemon;
use crate::desk::{Desk, RULES, dovecot};
use crate::lab::eventually;
use crate::lab::proxy::Proxy;
use crate::mails::{header, request};
use crate::smtp_sink::{Act, Stage};

fn paged(desk: &Desk, line: &str) {
    eventually(&format!("the command is told: {line}; it was told\n{}", desk.paged()), || {
        desk.paged().lines().any(|told| told == line).then_some(())
    });
}

/// Subjects of the mails to administrators.
fn mails(desk: &Desk) -> Vec<String> {
    let all = desk.sink.taken();
    all.iter().filter(|mail| mail.recipients == ["admin@elsewhere.test"]).map(|mail| header(mail, "Subject")).collect()
}

fn mailed(desk: &Desk, subject: &str) {
    eventually(subject, || mails(desk).iter().any(|mail| mail == subject).then_some(()));
}

fn troubles(desk: &Desk) -> Vec<String> {
    let status = desk.status();
    let troubles = status["troubles"].as_array().cloned().unwrap_or_default();
    troubles.iter().filter_map(|trouble| trouble["source"].as_str().map(str::to_owned)).collect()
}

#[test]
fn a_wrong_password_is_told_once_and_so_is_its_end() {
    let dovecot = dovecot(1);
    let desk = Desk::new(&dovecot, 0);
    desk.tell_administrators("1s");
    let password = desk.path().join("password");
    fs::write(&password, "wrong").expect("our own file");
    let mut daemon = Daemon::start(&desk);
    paged(&desk, "begins mailbox support");
    mailed(&desk, "Postcase: trouble with mailbox support");
    assert!(troubles(&desk).contains(&"mailbox support".to_owned()));
    assert_eq!(desk.run(&["status", "--offline"]).status.code(), Some(1));
    daemon.stop(&desk);
    let told = desk.paged();
    assert!(!told.contains("secret") && !daemon.log().contains("wrong\""), "{told}");
    // A restart tells nothing twice.
    let mut daemon = Daemon::start(&desk);
    daemon.until_it_decides(&desk);
    eventually("it has failed again", || {
        (desk.number("SELECT coalesce(max(times), 0) FROM trouble WHERE source = 'mailbox support'") > 1).then_some(())
    });
    daemon.stop(&desk);
    fs::write(&password, "secret").expect("our own file");
    let mut daemon = Daemon::start(&desk);
    paged(&desk, "over mailbox support");
    mailed(&desk, "Postcase: mailbox support is well again");
    daemon.stop(&desk);
    let begins = desk.paged().lines().filter(|line| *line == "begins mailbox support").count();
    assert_eq!(begins, 1, "{}", desk.paged());
    assert!(troubles(&desk).is_empty());
}

#[test]
fn an_smtp_server_that_refuses_is_told_by_the_command_alone() {
    let dovecot = dovecot(1);
    let desk = Desk::new(&dovecot, 0);
    desk.tell_administrators("1s");
    desk.sink.at(Stage::Greeting, Act::Say("554 go away".to_owned()), 1_000);
    desk.deliver(0, &request("anna", "support", "first", "My printer is on fire", "It burns."));
    let mut daemon = Daemon::start(&desk);
    paged(&desk, "begins smtp");
    assert!(troubles(&desk).contains(&"smtp".to_owned()));
    assert_eq!(mails(&desk), [""; 0]);
    assert_eq!(desk.number("SELECT count(*) FROM journal WHERE matter = 'alarm'"), 0, "nor is one queued");
    daemon.stop(&desk);
}

#[test]
fn a_server_that_is_gone_is_told_and_that_it_is_back() {
    let dovecot = dovecot(1);
    let desk = Desk::new(&dovecot, 0);
    let proxy = Proxy::start(dovecot.ports.imap);
    desk.configure(proxy.port, "all");
    desk.tell_administrators("1s");
    let mut daemon = Daemon::start(&desk);
    eventually("it is connected", || {
        (desk.number("SELECT count(*) FROM mailbox WHERE read_until IS NOT NULL") == 2).then_some(())
    });
    proxy.refuse();
    proxy.cut();
    paged(&desk, "begins mailbox support");
    paged(&desk, "begins mailbox sales");
    proxy.heal();
    paged(&desk, "over mailbox support");
    paged(&desk, "over mailbox sales");
    daemon.stop(&desk);
}

#[test]
fn a_bad_edit_of_the_rules_is_told() {
    let dovecot = dovecot(1);
    let desk = Desk::new(&dovecot, 0);
    desk.tell_administrators("10m");
    let mut daemon = Daemon::start(&desk);
    daemon.until_it_decides(&desk);
    fs::write(desk.rules(), RULES.replace("[desk]", "[desk]\nnonsense = 1")).expect("our own file");
    daemon.signal(Signal::HUP);
    paged(&desk, "begins rules");
    mailed(&desk, "Postcase: trouble with rules");
    fs::write(desk.rules(), RULES).expect("our own file");
    daemon.signal(Signal::HUP);
    paged(&desk, "over rules");
    daemon.stop(&desk);
}

/// What an alarm has to say about a copy is nobody's business, and neither is its mail that the Sent folder lacks.
#[test]
fn a_test_copy_calls_nobody_and_appends_nothing() {
    let dovecot = dovecot(1);
    let desk = Desk::new(&dovecot, 0);
    desk.tell_administrators("1s");
    desk.deliver(0, &request("anna", "support", "first", "My printer is on fire", "It burns."));
    let mut daemon = Daemon::start(&desk);
    eventually("the mail is in", || desk.is_quiet(1).then_some(()));
    desk.done(&["case", "reply", "10001", "--as", "Kevin", "--text", "Please use the extinguisher."]);
    eventually("the answer is in the Sent folder", || desk.is_quiet(2).then_some(()));
    daemon.stop(&desk);
    let copy = desk.path().join("copy");
    fs::copy(desk.database(), &copy).expect("our own file");
    let database = rusqlite::Connection::open(&copy).expect("a database");
    // As if it had been copied a moment earlier, and with something wrong.
    database
        .execute_batch(
            "UPDATE outbox SET copy = 'wanted' WHERE copy = 'done'; \
             INSERT INTO trouble (source, text, since, times) VALUES ('the coffee', 'It is cold.', 0, 1);",
        )
        .expect("our own database");
    database.close().expect("nothing is open");
    fs::rename(copy, desk.database()).expect("our own files");
    let (sent, appended) = (desk.sink.taken().len(), desk.client(0).folder("Sent").len());
    assert_eq!((sent, appended), (2, 1));

    let mut daemon = Daemon::start_as(&desk, &["run", "--no-mail"], None);
    let raised = "SELECT count(*) FROM alarm_call WHERE source = 'the coffee'";
    eventually("the alarm is raised", || (desk.number(raised) == 1).then_some(()));
    desk.deliver(0, &request("bela", "support", "second", "Question", "Does it take blue paper?"));
    let decided = "SELECT count(*) FROM decision JOIN journal ON id = entry WHERE matter = 'mail'";
    eventually("mail that came later is decided", || (desk.number(decided) == 2).then_some(()));
    daemon.stop(&desk);
    assert_eq!(desk.paged(), "", "nobody is called");
    assert_eq!(desk.number("SELECT count(*) FROM outbox WHERE copy = 'wanted'"), 1);
    assert_eq!(desk.client(0).folder("Sent").len(), appended);
    assert_eq!(desk.sink.taken().len(), sent);
}
