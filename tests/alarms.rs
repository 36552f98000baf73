//! What administrators are told, with a clock that is moved by hand: once, in time, by a way that works, and not again
//! after a restart.

#[path = "desk/mod.rs"]
mod desk;

use std::collections::BTreeMap;
use std::time::Duration;

use desk::{DESK, Desk, Shown, mail};
use jiff::{SignedDuration, Timestamp};
use postcase::case::Alarm;
use postcase::config::AlarmConfig;
use postcase::engine::alarms::Watch;
use postcase::mail::Address;
use postcase::mailbox::State;
use postcase::smtp::{Attempt, Begun, Delivery};

const ADMINISTRATOR: &str = "admin@elsewhere.example";

fn address(text: &str) -> Address {
    Address::parse(text).expect("an address")
}

/// Someone is told by mail and by command, with the usual patience.
fn watch() -> Watch {
    let alarm = AlarmConfig {
        administrators: vec![address(ADMINISTRATOR)],
        command: Some(vec!["/bin/true".to_owned()]),
        disk_below: 0,
        ..AlarmConfig::default()
    };
    Watch { alarm, polls: BTreeMap::from([("support".to_owned(), Duration::from_secs(60))]) }
}

fn watched() -> Desk {
    let mut desk = Desk::new(DESK);
    follow(&desk);
    desk.look("support").expect("the store works");
    desk
}

fn follow(desk: &Desk) {
    let place = ("support".to_owned(), "folder INBOX of support".to_owned());
    desk.engine().watch(&[place]).expect("the store works");
}

fn says(desk: &Desk, trouble: Option<&str>) {
    let state = State {
        mailbox: "support".to_owned(),
        connected: trouble.is_none(),
        idle: false,
        read_until: trouble.is_none().then(|| desk.now()),
        trouble: trouble.map(str::to_owned),
    };
    desk.engine().mailbox_state(&state).expect("the store works");
}

/// Lets time pass in which the mailbox says the same all the time; returns what the alarm command was told.
fn minutes(desk: &mut Desk, watch: &Watch, minutes: i64, trouble: Option<&str>) -> Vec<String> {
    let mut heard = Vec::new();
    for _ in 0..minutes {
        desk.pass(SignedDuration::from_mins(1));
        says(desk, trouble);
        heard.extend(look(desk, watch));
    }
    heard
}

fn look(desk: &mut Desk, watch: &Watch) -> Vec<String> {
    desk.engine().look_around(watch).expect("the store works");
    desk.settle_down();
    calls(desk).iter().map(|alarm| format!("{} {}", alarm.source, alarm.turn.name())).collect()
}

/// Answers for the alarm command.
fn calls(desk: &Desk) -> Vec<Alarm> {
    let mut alarms = Vec::new();
    while let Some(call) = desk.engine().next_call().expect("the store works") {
        desk.engine().settle_call(&call, None).expect("the store works");
        alarms.push(call.alarm);
    }
    alarms
}

/// Subjects of the mails to administrators.
fn mails(desk: &Desk) -> Vec<String> {
    let texts = desk.sent.iter().map(|sent| String::from_utf8_lossy(&sent.bytes).into_owned());
    let subject = |text: &str| text.lines().find_map(|line| line.strip_prefix("Subject: ").map(str::to_owned));
    texts.filter(|text| text.contains(ADMINISTRATOR)).filter_map(|text| subject(&text)).collect()
}

#[test]
fn a_login_that_fails_is_told_within_a_quarter_of_an_hour_and_once() {
    let (mut desk, watch) = (watched(), watch());
    let wrong = Some("imap.example.com refused the login of \"support\"; check `user` and the password");
    assert_eq!(minutes(&mut desk, &watch, 10, wrong), [""; 0]);
    assert_eq!(minutes(&mut desk, &watch, 4, wrong), ["mailbox support begins"]);
    assert_eq!(mails(&desk), ["Postcase: trouble with mailbox support"]);
    // A restart tells nothing twice, also when the mailbox fails in other words and connects in between.
    desk.crash();
    desk.open();
    follow(&desk);
    let connected =
        State { mailbox: "support".to_owned(), connected: true, idle: true, read_until: None, trouble: None };
    desk.engine().mailbox_state(&connected).expect("the store works");
    assert_eq!(minutes(&mut desk, &watch, 100, Some("the connection ended")), [""; 0]);
    assert_eq!(mails(&desk).len(), 1);
    assert_eq!(minutes(&mut desk, &watch, 200, wrong), ["mailbox support lasts"]);
    assert_eq!(minutes(&mut desk, &watch, 5, None), ["mailbox support over"]);
    assert_eq!(mails(&desk).len(), 3);
    assert_eq!(mails(&desk)[2], "Postcase: mailbox support is well again");
    assert_eq!(desk.number("SELECT count(*) FROM told"), 0);
}

#[test]
fn the_mail_is_a_machines_and_about_no_case() {
    let (mut desk, watch) = (watched(), watch());
    minutes(&mut desk, &watch, 12, Some("refused the login"));
    let sent = desk.sent.last().expect("a mail");
    let text = String::from_utf8_lossy(&sent.bytes).into_owned();
    assert_eq!(sent.reverse_path, None, "nothing comes back");
    for line in ["Auto-Submitted: auto-generated\r\n", "X-Auto-Response-Suppress: All\r\n"] {
        assert!(text.contains(line), "{text}");
    }
    assert!(text.contains("refused the login") && text.contains("postcase status"), "{text}");
    assert!(!text.contains("[Case") && !text.contains("ref:"), "{text}");
    let count = "SELECT count(*) FROM cases";
    assert_eq!(desk.number(count), 0);
    // The administrator's absence is recorded; his server's complaint as well.
    let id = text.lines().find_map(|line| line.strip_prefix("Message-ID: ")).expect("an id").to_owned();
    let more = format!("In-Reply-To: {id}\r\nAuto-Submitted: auto-replied\r\n");
    let bytes = mail(ADMINISTRATOR, "away@elsewhere.example", "Out of office: Postcase", "I am away.", &more);
    let date = desk.now();
    desk.put("support", Shown { bytes, date, oversize: None });
    desk.look("support").expect("the store works");
    let before = desk.sent.len();
    desk.settle_down();
    assert_eq!(desk.verdict(2).as_deref(), Some("recorded"));
    assert_eq!((desk.number(count), desk.sent.len()), (0, before));
    assert_eq!(desk.number("SELECT count(*) FROM held"), 0);
}

#[test]
fn alarms_do_not_use_up_the_answers_of_the_desk() {
    let limited = DESK.replace(
        "[[queue]]\nname = \"support\"",
        "[acknowledgement]\nper_desk_hour = 1\n\n[[queue]]\nname = \"support\"",
    );
    let mut desk = Desk::new(&limited);
    follow(&desk);
    desk.look("support").expect("the store works");
    let watch = watch();
    minutes(&mut desk, &watch, 12, Some("refused the login"));
    let bytes = mail("Anna <anna@shop.example>", "a@shop.example", "Printer", "It burns.", "");
    let date = desk.now();
    desk.put("support", Shown { bytes, date, oversize: None });
    desk.look("support").expect("the store works");
    desk.settle_down();
    let last = desk.sent.last().expect("a mail");
    assert!(String::from_utf8_lossy(&last.bytes).contains("anna@shop.example"), "she is acknowledged");
}

#[test]
fn an_administrator_who_cannot_be_reached_makes_no_loop() {
    let (mut desk, watch) = (watched(), watch());
    let refused = Delivery::Refused { reply: "550 5.1.1 nobody here".to_owned() };
    desk.refusals.insert(address(ADMINISTRATOR), vec![refused]);
    let heard = minutes(&mut desk, &watch, 12, Some("refused the login"));
    assert_eq!(heard, ["mailbox support begins", "alarm mail begins"]);
    assert_eq!(mails(&desk).len(), 1);
    assert_eq!(minutes(&mut desk, &watch, 60, Some("refused the login")), [""; 0]);
    assert_eq!(mails(&desk).len(), 1, "no mail about mail");
    // The next alarm tries again, and when it arrives all is well.
    desk.refusals.clear();
    assert_eq!(minutes(&mut desk, &watch, 2, None), ["mailbox support over", "alarm mail over"]);
    assert_eq!(mails(&desk).len(), 2);
}

#[test]
fn what_is_wrong_with_smtp_is_told_by_the_command() {
    let (mut desk, watch) = (watched(), watch());
    let bytes = mail("Anna <anna@shop.example>", "a@shop.example", "Printer", "It burns.", "");
    let date = desk.now();
    desk.put("support", Shown { bytes, date, oversize: None });
    desk.look("support").expect("the store works");
    desk.decide();
    let mut heard = Vec::new();
    for _ in 0..90 {
        desk.pass(SignedDuration::from_mins(1));
        says(&desk, None);
        if let Some(due) = desk.engine().next_mail(&[]).expect("the store works") {
            let trouble = Some("smtp.example.com:465 cannot be reached".to_owned());
            let verdicts = due.recipients.iter().map(|to| (to.clone(), Delivery::Deferred { reply: String::new() }));
            let attempt = Attempt { verdicts: verdicts.collect(), trouble, begun: Begun::No };
            desk.engine().settle(&due, &attempt).expect("the store works");
        }
        desk.engine().look_around(&watch).expect("the store works");
        desk.decide();
        heard.extend(calls(&desk));
    }
    assert_eq!(heard.len(), 1, "once, and nothing of the outbox, which waits for the server: {heard:?}");
    assert_eq!((heard[0].source.as_str(), mails(&desk).len()), ("smtp", 0));
    desk.pass(SignedDuration::from_mins(5));
    desk.settle_down();
    assert_eq!(look(&mut desk, &watch), ["smtp over"]);
    assert_eq!(mails(&desk), ["Postcase: smtp is well again"]);
}

#[test]
fn mail_that_nobody_tries_is_told() {
    let (mut desk, watch) = (watched(), watch());
    desk.command("kevin", postcase::case::Verb::PauseOutbox);
    follow(&desk);
    let bytes = mail("Anna <anna@shop.example>", "a@shop.example", "Printer", "It burns.", "");
    let date = desk.now();
    desk.put("support", Shown { bytes, date, oversize: None });
    desk.look("support").expect("the store works");
    desk.settle_down();
    assert_eq!(minutes(&mut desk, &watch, 59, None), [""; 0]);
    assert_eq!(minutes(&mut desk, &watch, 2, None), ["outbox begins"]);
    let text: String = desk.sql().query_row("SELECT text FROM trouble", [], |row| row.get(0)).expect("a trouble");
    assert!(text.contains("outbox resume"), "{text}");
}

#[test]
fn no_mail_for_so_many_working_hours() {
    let hours = "[hours]\ntime_zone = \"Europe/Berlin\"\nweekdays = [\"09:00-17:00\"]\nholidays = [2026-11-25]\n\n[[queue]]\nname = \"support\"";
    let mut desk = Desk::new(&DESK.replace("[[queue]]\nname = \"support\"", hours));
    follow(&desk);
    // Monday, 10:00 in Berlin.
    desk.look("support").expect("the store works");
    let mut watch = watch();
    watch.alarm.no_mail_after.insert("support".to_owned(), Duration::from_secs(8 * 3600));
    let step = |desk: &mut Desk| -> Option<Timestamp> {
        desk.pass(SignedDuration::from_mins(30));
        says(desk, None);
        let heard = look(desk, &watch);
        assert!(heard.iter().all(|one| one.starts_with("silence of support")), "{heard:?}");
        (!heard.is_empty()).then(|| desk.now())
    };
    let first = |desk: &mut Desk| (0..400).find_map(|_| step(desk)).expect("some day it is told");
    let at = |text: &str| text.parse::<Timestamp>().expect("a time");
    // Seven hours on Monday, one on Tuesday.
    assert_eq!(first(&mut desk), at("2026-11-24T09:00:00Z"));
    let bytes = mail("Anna <anna@shop.example>", "a@shop.example", "Printer", "It burns.", "");
    let date = desk.now();
    desk.put("support", Shown { bytes, date, oversize: None });
    desk.look("support").expect("the store works");
    assert_eq!(first(&mut desk), at("2026-11-24T09:30:00Z"), "it is over");
    // Since 10:00 on Tuesday: seven hours then, none on Wednesday, one on Thursday.
    assert_eq!(first(&mut desk), at("2026-11-26T09:00:00Z"));
}

#[test]
fn a_mailbox_that_says_nothing_at_all_is_told() {
    let (mut desk, watch) = (watched(), watch());
    desk.pass(SignedDuration::from_mins(4));
    assert_eq!(look(&mut desk, &watch), [""; 0]);
    desk.pass(SignedDuration::from_mins(2));
    assert_eq!(look(&mut desk, &watch), [""; 0], "patience with what servers do");
    desk.pass(SignedDuration::from_mins(10));
    assert_eq!(look(&mut desk, &watch), ["mailbox support begins"]);
    says(&desk, None);
    assert_eq!(look(&mut desk, &watch), ["mailbox support over"]);
}

#[test]
fn poison_is_told_once_and_is_over_when_a_person_has_looked() {
    let (mut desk, watch) = (watched(), watch());
    let bytes = mail("Anna <anna@shop.example>", "a@shop.example", "Printer", "It burns.", "");
    let date = desk.now();
    desk.put("support", Shown { bytes, date, oversize: None });
    desk.look("support").expect("the store works");
    desk.sql().execute("UPDATE journal SET attempts = 3", []).expect("as after three deaths");
    desk.settle_down();
    assert_eq!(look(&mut desk, &watch), ["held messages begins"]);
    assert_eq!(minutes(&mut desk, &watch, 600, None), [""; 0]);
    let discard = postcase::case::Verb::Discard { entry: postcase::case::EntryId(1), reason: "Nothing.".to_owned() };
    desk.command("kevin", discard);
    follow(&desk);
    assert_eq!(look(&mut desk, &watch), ["held messages over"]);
}

#[test]
fn mistakes_in_the_rules_are_told_once_however_often_they_are_saved() {
    let mut desk = watched();
    let watch = watch();
    let mut heard = Vec::new();
    for _ in 0..6 {
        desk.engine().keep_rules().expect("the store works");
        heard.extend(minutes(&mut desk, &watch, 15, None));
    }
    assert_eq!(heard, ["rules begins"]);
    let renamed = DESK.replace("Example Support", "Better Support");
    desk.reload(&renamed).expect("good rules");
    assert_eq!(minutes(&mut desk, &watch, 15, None), ["rules over"]);
    assert_eq!(mails(&desk).len(), 2, "one that they are wrong, one that they are right");
}

#[test]
fn without_anybody_to_tell_nothing_piles_up() {
    let mut desk = watched();
    let nobody = Watch { alarm: AlarmConfig { disk_below: 0, ..AlarmConfig::default() }, ..watch() };
    minutes(&mut desk, &nobody, 30, Some("refused the login"));
    assert_eq!(desk.number("SELECT (SELECT count(*) FROM journal) + (SELECT count(*) FROM alarm_call)"), 0);
    assert_eq!(desk.number("SELECT count(*) FROM trouble"), 1, "`status` says it");
}

#[test]
fn a_disk_that_fills_up_is_told() {
    let mut desk = watched();
    let mut watch = watch();
    watch.alarm.disk_below = u64::MAX;
    assert_eq!(look(&mut desk, &watch), ["disk begins"]);
    watch.alarm.disk_below = 1;
    assert_eq!(look(&mut desk, &watch), ["disk over"]);
}

#[test]
fn a_death_between_raising_and_telling_loses_no_alarm_and_doubles_none() {
    let (mut desk, watch) = (watched(), watch());
    for _ in 0..12 {
        desk.pass(SignedDuration::from_mins(1));
        says(&desk, Some("refused the login"));
        desk.engine().look_around(&watch).expect("the store works");
        desk.crash();
        desk.open();
        follow(&desk);
    }
    desk.settle_down();
    assert_eq!(calls(&desk).len(), 1);
    assert_eq!(mails(&desk).len(), 1);
}
