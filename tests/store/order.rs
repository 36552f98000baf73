//! Which mail, and which copy, goes next (B28).

use jiff::SignedDuration;
use postcase::case::{Action, CaseNumber, OutboxId, Verb};
use postcase::mail::Address;
use postcase::mailbox::{Trouble, TroubleKind};
use postcase::smtp::{Attempt, Begun, Delivery};
use postcase::store::outbox::Due;

use super::desk::{DESK, Desk};
use super::{anna, busy, shown};

fn next(desk: &Desk, busy: &[&Due]) -> Option<Due> {
    let busy: Vec<OutboxId> = busy.iter().map(|due| due.id).collect();
    desk.engine().next_mail(&busy).expect("the store works")
}

fn attempt(due: &Due, delivery: &Delivery) -> Attempt {
    let verdicts = due.recipients.iter().map(|recipient| (recipient.clone(), delivery.clone())).collect();
    Attempt { verdicts, trouble: None, begun: Begun::Yes }
}

fn reply(desk: &mut Desk, case: u64) {
    desk.command("Kevin", Verb::on(CaseNumber(case), Action::Reply { text: "Switch it off and on.".to_owned() }));
}

/// One case with an acknowledgement and an answer, another with an acknowledgement; nothing was sent.
fn three_mails() -> Desk {
    let mut desk = Desk::new(DESK);
    desk.look("support").expect("the store works");
    let bytes = anna("one@shop.example");
    let shown_now = shown(&desk, bytes);
    desk.put("support", shown_now);
    desk.look("support").expect("the store works");
    desk.decide();
    reply(&mut desk, 10_001);
    let bela = super::mail("bela@shop.example", "two@shop.example", "Toner", "It is empty.", "");
    let shown_now = shown(&desk, bela);
    desk.put("support", shown_now);
    desk.look("support").expect("the store works");
    desk.decide();
    desk
}

/// Two couriers do not turn the order of two mails to one person round.
#[test]
fn mails_of_one_case_to_one_person_leave_in_order() {
    let desk = three_mails();
    let first = next(&desk, &[]).expect("the acknowledgement for Anna");
    let other = next(&desk, &[&first]).expect("the acknowledgement for Bela");
    assert_eq!(other.recipients, [Address::parse("bela@shop.example").expect("an address")]);
    assert!(next(&desk, &[&first, &other]).is_none(), "the answer waits for what went before");
    let accepted = Delivery::Accepted { reply: "250 ok".to_owned() };
    desk.engine().settle(&first, &attempt(&first, &accepted)).expect("the store works");
    let answer = next(&desk, &[&other]).expect("the answer");
    assert_eq!(answer.recipients, first.recipients);
}

/// The server was away: what it then takes it takes in order. But a mail that was tried and deferred blocks nothing, nor
/// does one that never comes to its first attempt.
#[test]
fn a_deferred_mail_does_not_block() {
    let desk = three_mails();
    let first = next(&desk, &[]).expect("the acknowledgement for Anna");
    let away = Attempt {
        trouble: Some("away".to_owned()),
        begun: Begun::No,
        ..attempt(&first, &Delivery::Deferred { reply: "away".to_owned() })
    };
    desk.engine().settle(&first, &away).expect("the store works");
    let bela = next(&desk, &[]).expect("the acknowledgement for Bela");
    assert!(next(&desk, &[&bela]).is_none(), "the answer waits, though the first is not due");
    desk.pass(SignedDuration::from_secs(31));
    let again = next(&desk, &[&bela]).expect("the acknowledgement for Anna");
    assert_eq!(again.id, first.id);
    let deferred = Delivery::Deferred { reply: "450 greylisted".to_owned() };
    desk.engine().settle(&again, &attempt(&again, &deferred)).expect("the store works");
    let answer = next(&desk, &[&bela]).expect("the answer");
    assert_eq!(answer.recipients, first.recipients);

    let desk = three_mails();
    let first = next(&desk, &[]).expect("the acknowledgement for Anna");
    desk.pass(SignedDuration::from_mins(61));
    let bela = next(&desk, &[&first]).expect("one of the others");
    assert!(next(&desk, &[&first, &bela]).is_some(), "nothing is waited for without end");
}

/// A copy that the Sent folder never takes holds up nobody, and is given up in the end.
#[test]
fn a_copy_that_is_refused_holds_up_nobody() {
    let desk = busy(3);
    desk.sql().execute("UPDATE outbox SET copy = 'wanted'", []).expect("the database works");
    let next = || desk.engine().next_copy().expect("the store works");
    let refused = Trouble { kind: TroubleKind::Refused, sentence: "too large".to_owned() };
    let bad = next().expect("three copies are wanted");
    desk.engine().settle_copy(&bad, Some(&refused)).expect("the store works");
    for _ in 0..2 {
        let copy = next().expect("the others go on");
        assert_ne!(copy.id, bad.id);
        desk.engine().settle_copy(&copy, None).expect("the store works");
    }
    assert!(next().is_none(), "it waits its turn");
    let mut tries = 1;
    while desk.number("SELECT count(*) FROM outbox WHERE copy = 'wanted'") == 1 {
        desk.pass(SignedDuration::from_hours(4));
        if let Some(copy) = next() {
            assert_eq!((copy.id, copy.tries), (bad.id, tries));
            desk.engine().settle_copy(&copy, Some(&refused)).expect("the store works");
            tries += 1;
        }
        assert!(tries < 50, "it is tried for ever");
    }
    assert!(tries > 10, "{tries}");
    assert_eq!(desk.number("SELECT count(*) FROM outbox WHERE copy = 'given-up'"), 1);
}

/// A server that is away for a week has all copies when it is back.
#[test]
fn a_copy_is_not_given_up_because_its_server_is_away() {
    let desk = busy(1);
    desk.sql().execute("UPDATE outbox SET copy = 'wanted'", []).expect("the database works");
    let away = Trouble { kind: TroubleKind::Unreachable, sentence: "no answer".to_owned() };
    for _ in 0..200 {
        let copy = desk.engine().next_copy().expect("the store works").expect("it is tried at least so often");
        desk.engine().settle_copy(&copy, Some(&away)).expect("the store works");
        assert!(desk.engine().next_copy().expect("the store works").is_none());
        desk.pass(SignedDuration::from_hours(1));
    }
    let copy = desk.engine().next_copy().expect("the store works").expect("it is still wanted");
    desk.engine().settle_copy(&copy, None).expect("the store works");
    assert_eq!(desk.number("SELECT count(*) FROM trouble"), 0);
}

/// What everybody refused was never sent: no copy of it is made, unless a person has it sent after all.
#[test]
fn no_copy_is_made_of_what_nobody_took() {
    let mut desk = three_mails();
    desk.sql().execute("UPDATE outbox SET copy = 'wanted'", []).expect("the database works");
    let first = next(&desk, &[]).expect("the acknowledgement for Anna");
    let refused = Delivery::Refused { reply: "550 5.1.1 no such user".to_owned() };
    desk.engine().settle(&first, &attempt(&first, &refused)).expect("the store works");
    let copies = |desk: &Desk, state: &str| desk.number(&format!("SELECT count(*) FROM outbox WHERE copy = '{state}'"));
    assert_eq!((copies(&desk, "not-sent"), copies(&desk, "wanted")), (1, 2));
    assert!(desk.engine().next_copy().expect("the store works").is_none());
    desk.command("Kevin", Verb::RetryOutbox { mail: Some(first.id) });
    assert_eq!((copies(&desk, "not-sent"), copies(&desk, "wanted")), (0, 3));
    let deferred = Delivery::Deferred { reply: "451 later".to_owned() };
    let again = next(&desk, &[]).expect("it is tried again");
    assert_eq!(again.id, first.id);
    desk.engine().settle(&again, &attempt(&again, &deferred)).expect("the store works");
    assert_eq!(copies(&desk, "wanted"), 3, "what waits may be sent yet");
    desk.pass(SignedDuration::from_hours(8));
    let again = next(&desk, &[]).expect("it is tried once more");
    let accepted = Delivery::Accepted { reply: "250 ok".to_owned() };
    desk.engine().settle(&again, &attempt(&again, &accepted)).expect("the store works");
    assert_eq!(desk.engine().next_copy().expect("the store works").map(|copy| copy.id), Some(again.id));
}
