//! Timers on a real database, with a clock that is moved by hand: mail goes before timers, and what piled up
//! collapses into one (L9).

#[path = "desk/mod.rs"]
mod desk;

use desk::{DESK, Desk, Shown, mail};
use jiff::{SignedDuration, Timestamp};
use postcase::case::{Action, CaseNumber, Phase, Verb};
use postcase::engine::timers::PATIENCE;
use postcase::mailbox::State;

const CASE: CaseNumber = CaseNumber(10001);

/// A desk whose mailboxes are watched, with a case that waits for the customer.
fn waiting() -> Desk {
    let mut desk = Desk::new(DESK);
    let place = |name: &str| (name.to_owned(), format!("folder INBOX of {name}"));
    desk.engine().watch(&[place("support"), place("billing")]).expect("the store works");
    desk.look("billing").expect("the store works");
    arrive(&mut desk, "first@shop.example", "");
    desk.settle_down();
    desk.command("kevin", Verb::on(CASE, Action::Reply { text: "Unplug it.".to_owned() }));
    desk.settle_down();
    assert_eq!(phase(&desk), Phase::Waiting);
    desk
}

fn arrive(desk: &mut Desk, id: &str, more: &str) {
    desk.look("support").expect("the store works");
    let bytes = mail("Anna <anna@shop.example>", id, "Printer", "It prints blank pages.", more);
    let date = desk.now();
    desk.put("support", Shown { bytes, date, oversize: None });
    desk.look("support").expect("the store works");
}

/// What an effect of a decision does.
fn wait_until(desk: &Desk, due: Timestamp) {
    let set = "INSERT INTO timer (case_number, target, generation, due) VALUES (10001, 'wake', 1, $1) \
               ON CONFLICT DO UPDATE SET generation = generation + 1, due = excluded.due, entry = NULL";
    desk.sql().execute(set, [due.as_microsecond()]).expect("a timer");
}

fn phase(desk: &Desk) -> Phase {
    let phase: String =
        desk.sql().query_row("SELECT phase FROM cases WHERE number = 10001", [], |row| row.get(0)).expect("the case");
    Phase::ALL.into_iter().find(|known| known.name() == phase).expect("a phase")
}

fn look(desk: &mut Desk) {
    desk.look("support").expect("the store works");
    desk.look("billing").expect("the store works");
}

fn due_entries(desk: &Desk) -> i64 {
    desk.number("SELECT count(*) FROM journal WHERE matter = 'due'")
}

#[test]
fn a_case_wakes_when_its_time_has_come() {
    let mut desk = waiting();
    let due = desk.now() + SignedDuration::from_hours(24);
    wait_until(&desk, due);
    desk.pass(SignedDuration::from_hours(23));
    look(&mut desk);
    desk.settle_down();
    assert_eq!((phase(&desk), due_entries(&desk)), (Phase::Waiting, 0));
    desk.pass(SignedDuration::from_hours(1));
    look(&mut desk);
    desk.settle_down();
    assert_eq!((phase(&desk), due_entries(&desk)), (Phase::Open, 1));
    let received: i64 = desk.number("SELECT received FROM journal WHERE matter = 'due'");
    assert_eq!(received, due.as_microsecond(), "what it starts counts from when it was due");
    desk.pass(SignedDuration::from_hours(24));
    look(&mut desk);
    desk.settle_down();
    assert_eq!(due_entries(&desk), 1, "once");
}

#[test]
fn a_timer_waits_until_every_mailbox_is_read_past_it() {
    let mut desk = waiting();
    wait_until(&desk, desk.now() + SignedDuration::from_mins(10));
    desk.pass(SignedDuration::from_mins(11));
    desk.settle_down();
    desk.look("support").expect("the store works");
    desk.settle_down();
    assert_eq!(phase(&desk), Phase::Waiting, "billing was not read");
    // A mailbox that fails says nothing of how far it was read, and takes nothing back.
    let failed =
        State { mailbox: "support".to_owned(), connected: false, idle: false, read_until: None, trouble: None };
    desk.engine().mailbox_state(&failed).expect("the store works");
    desk.look("billing").expect("the store works");
    desk.settle_down();
    assert_eq!(phase(&desk), Phase::Open);
}

#[test]
fn mail_that_came_before_goes_before() {
    let mut desk = waiting();
    wait_until(&desk, desk.now() + SignedDuration::from_mins(10));
    desk.pass(SignedDuration::from_mins(20));
    // The answer came in time and is seen late: journalled in the same pass that lets the timer go.
    let more = "In-Reply-To: <first@shop.example>\r\n";
    let bytes = mail("Anna <anna@shop.example>", "second@shop.example", "Re: Printer", "It works.", more);
    let date = desk.now() - SignedDuration::from_mins(15);
    desk.put("support", Shown { bytes, date, oversize: None });
    look(&mut desk);
    // As in a turn of the engine that has fallen behind: both are in the journal before either is decided.
    assert_eq!(desk.engine().fire_timers().expect("the store works"), 1);
    desk.settle_down();
    assert_eq!(phase(&desk), Phase::Open);
    let said: String = desk
        .sql()
        .query_row(
            "SELECT d.trace FROM decision d JOIN journal j ON j.id = d.entry WHERE j.matter = 'due'",
            [],
            |row| row.get(0),
        )
        .expect("the timer is decided");
    assert!(said.contains("set anew or cleared"), "the mail was decided first: {said}");
}

#[test]
fn the_wait_for_a_mailbox_has_an_end() {
    let mut desk = waiting();
    wait_until(&desk, desk.now() + SignedDuration::from_mins(10));
    desk.pass(SignedDuration::from_mins(9) + PATIENCE);
    desk.settle_down();
    assert_eq!(phase(&desk), Phase::Waiting);
    assert_eq!(desk.number("SELECT count(*) FROM trouble WHERE source = 'timers'"), 0);
    desk.pass(SignedDuration::from_mins(1));
    desk.settle_down();
    assert_eq!(phase(&desk), Phase::Open);
    let trouble: String = desk
        .sql()
        .query_row("SELECT text FROM trouble WHERE source = 'timers'", [], |row| row.get(0))
        .expect("it is said loudly");
    assert!(trouble.contains("billing, support"), "{trouble}");
}

#[test]
fn after_an_outage_mail_is_read_first_and_one_timer_falls_due() {
    let mut desk = waiting();
    wait_until(&desk, desk.now() + SignedDuration::from_hours(1));
    wait_until(&desk, desk.now() + SignedDuration::from_hours(2));
    wait_until(&desk, desk.now() + SignedDuration::from_hours(3));
    desk.crash();
    desk.pass(SignedDuration::from_hours(72));
    desk.open();
    desk.settle_down();
    assert_eq!(phase(&desk), Phase::Waiting, "time in which nobody could read mail is not waited");
    look(&mut desk);
    desk.settle_down();
    assert_eq!((phase(&desk), due_entries(&desk)), (Phase::Open, 1));
}

#[test]
fn a_death_between_the_journal_and_the_decision_changes_nothing() {
    let mut desk = waiting();
    wait_until(&desk, desk.now());
    look(&mut desk);
    assert_eq!(desk.engine().fire_timers().expect("the store works"), 1);
    desk.crash();
    desk.open();
    assert_eq!(desk.engine().fire_timers().expect("the store works"), 0);
    desk.settle_down();
    assert_eq!((phase(&desk), due_entries(&desk)), (Phase::Open, 1));
}

#[test]
fn a_mailbox_that_is_watched_no_more_is_not_waited_for() {
    let mut desk = waiting();
    wait_until(&desk, desk.now() + SignedDuration::from_mins(10));
    desk.pass(SignedDuration::from_mins(20));
    let only = ("support".to_owned(), "folder INBOX of support".to_owned());
    desk.engine().watch(&[only]).expect("the store works");
    desk.look("support").expect("the store works");
    desk.settle_down();
    assert_eq!(phase(&desk), Phase::Open);
}
