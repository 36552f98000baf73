//! What becomes of each UID (B2, B3, B10).

use postcase::mailbox::{Fate, Mark, Opened};
use postcase::store::ledger::Filing;

use super::desk::{DESK, Desk, Shown, arrival, mail};
use super::shown;

#[test]
fn the_server_refuses_three_times_and_then_a_person_decides() {
    let mut desk = Desk::new(DESK);
    let opened = Opened { mailbox: "support".to_owned(), uid_validity: 7, uid_next: Some(2), exists: 1 };
    desk.engine().opened(&opened).expect("the store works");
    let failing = Mark {
        mailbox: "support".to_owned(),
        uid_validity: 7,
        uid: 1,
        fate: Fate::Failing { reason: "NO [SERVERBUG]".to_owned() },
    };
    for tries in 1..=3 {
        desk.engine().marked(std::slice::from_ref(&failing)).expect("the store works");
        let resume = desk.engine().opened(&opened).expect("the store works");
        let expected = if tries < 3 { vec![(1, tries)] } else { vec![] };
        assert_eq!(resume.failing, expected);
    }
    desk.engine().marked(std::slice::from_ref(&failing)).expect("a fourth time changes nothing");
    desk.settle_down();
    assert_eq!(desk.number("SELECT count(*) FROM journal"), 1);
    assert_eq!(desk.verdict(1).as_deref(), Some("hold"));
    assert_eq!(desk.engine().store().unledgered("support", 7, &[1, 2]).expect("a look"), [2]);
}

#[test]
fn equal_copies_are_counted_across_generations() {
    let mut desk = Desk::new(DESK);
    desk.look("support").expect("the store works");
    let scan = mail("scans@shop.example", "", "Scan", "A scan.", "");
    for _ in 0..2 {
        let shown = shown(&desk, scan.clone());
        desk.put("support", shown);
    }
    desk.look("support").expect("the store works");
    let date = desk.now();
    for generation in 2..5 {
        desk.rebuild("support");
        let (entries, copies) = (desk.number("SELECT count(*) FROM journal"), i64::from(generation));
        desk.put("support", Shown { bytes: scan.clone(), date, oversize: None });
        desk.look("support").expect("the store works");
        assert_eq!(entries, copies, "one new mail in each generation");
        assert_eq!(desk.number("SELECT count(*) FROM journal"), copies + 1);
    }
    desk.settle_down();
    assert_eq!(desk.number("SELECT count(*) FROM cases"), 5);
}

#[test]
fn a_first_start_goes_on_after_a_change_of_uidvalidity() {
    let mut desk = Desk::new(DESK);
    let opened = |uid_validity, uid_next| Opened { mailbox: "support".to_owned(), uid_validity, uid_next, exists: 9 };
    let first = desk.engine().opened(&opened(1, Some(10))).expect("the store works");
    assert_eq!((first.first_start, first.skip_below), (true, Some(10)));
    // The connection is lost at once, the mailbox is rebuilt: what is there is still older than the desk.
    let second = desk.engine().opened(&opened(2, Some(12))).expect("the store works");
    assert_eq!((second.first_start, second.skip_below), (false, Some(12)));
    let state = postcase::mailbox::State {
        mailbox: "support".to_owned(),
        connected: true,
        idle: false,
        read_until: Some(desk.now()),
        trouble: None,
    };
    desk.engine().mailbox_state(&state).expect("the store works");
    desk.crash();
    desk.open();
    for uid_validity in [1, 2, 3] {
        let later = desk.engine().opened(&opened(uid_validity, Some(40))).expect("the store works");
        assert_eq!(later.skip_below, None, "everything that comes from now on counts");
    }
}

/// L1: a server may hide a message for a while.
#[test]
fn what_vanished_and_is_shown_again_counts_as_missing() {
    let mut desk = Desk::new(DESK);
    let opened = Opened { mailbox: "support".to_owned(), uid_validity: 1, uid_next: Some(1), exists: 0 };
    desk.engine().opened(&opened).expect("the store works");
    let bytes = mail("anna@shop.example", "hidden@shop.example", "Hidden", "Please help.", "");
    let hidden = shown(&desk, bytes);
    let mark = |uid, fate| Mark { mailbox: "support".to_owned(), uid_validity: 1, uid, fate };
    let refused = || Fate::Failing { reason: "NO".to_owned() };
    desk.engine().marked(&[mark(1, Fate::Vanished), mark(2, Fate::Vanished)]).expect("the store works");
    let missing = |desk: &Desk| desk.engine().store().unledgered("support", 1, &[1, 2]).expect("a look");
    assert_eq!(missing(&desk), [1, 2]);
    let arrival = arrival("support", 1, 1, &hidden);
    let may_be_filed = desk.engine().arrived(vec![arrival.clone()], Filing::Wanted).expect("the store works");
    assert_eq!(may_be_filed, [1]);
    assert_eq!(missing(&desk), [2]);
    let again = desk.engine().arrived(vec![arrival], Filing::Wanted).expect("the store works");
    assert_eq!(again, [1], "it came twice, and is held");
    // The other is shown, and refused: tried as often as any.
    for tries in 1..=2 {
        desk.engine().marked(&[mark(2, refused())]).expect("the store works");
        assert_eq!(desk.engine().opened(&opened).expect("the store works").failing, [(2, tries)]);
    }
    desk.engine().marked(&[mark(2, refused())]).expect("the store works");
    assert!(missing(&desk).is_empty());
    desk.settle_down();
    assert_eq!(desk.number("SELECT count(*) FROM journal"), 2);
}

/// Hashes are looked up in a mailbox that was rebuilt, and only there: until then nobody pays for their order.
#[test]
fn the_index_of_hashes_is_made_when_it_is_first_needed() {
    let mut desk = Desk::new(DESK);
    desk.look("support").expect("the store works");
    let scan = shown(&desk, mail("scans@shop.example", "scan@shop.example", "Scan", "A scan.", ""));
    desk.put("support", scan);
    desk.look("support").expect("the store works");
    let indexes = "SELECT count(*) FROM sqlite_schema WHERE name = 'ledger_hash'";
    assert_eq!(desk.number(indexes), 0);
    desk.rebuild("support");
    desk.look("support").expect("the store works");
    assert_eq!(desk.number(indexes), 1);
    assert_eq!(desk.number("SELECT count(*) FROM journal"), 1, "it is found by its hash");
    let sql = desk.sql();
    let plan: String = sql
        .query_row(
            "EXPLAIN QUERY PLAN SELECT count(*) FROM ledger WHERE hash = x'00' AND mailbox = 1 AND uid_validity = 2",
            [],
            |row| row.get(3),
        )
        .expect("a plan");
    assert!(plan.contains("ledger_hash"), "{plan}");
    desk.rebuild("billing");
    desk.look("billing").expect("the index is there already");
}

#[test]
fn whom_the_desk_answered_is_forgotten_after_two_days() {
    let mut desk = Desk::new(DESK);
    desk.look("support").expect("the store works");
    let answered = |desk: &mut Desk, id: &str| {
        let shown = shown(desk, mail("Anna <anna@shop.example>", id, id, "Please help.", ""));
        desk.put("support", shown);
        desk.look("support").expect("the store works");
        desk.settle_down();
        (desk.number("SELECT count(*) FROM answered"), desk.sent.len())
    };
    assert_eq!(answered(&mut desk, "a1@shop.example"), (1, 1));
    assert_eq!(answered(&mut desk, "a2@shop.example"), (2, 2));
    assert_eq!(answered(&mut desk, "a3@shop.example"), (3, 3));
    assert_eq!(answered(&mut desk, "a4@shop.example"), (3, 3), "three an hour");
    desk.pass(jiff::SignedDuration::from_hours(49));
    assert_eq!(answered(&mut desk, "a5@shop.example"), (1, 4), "the others are forgotten");
}
