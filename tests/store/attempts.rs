//! Groups, marks, and what happens to an entry that kills its reader (B4).

use postcase::case::{CaseNumber, EntryId, Verb};
use postcase::store::Lock;
use postcase::store::journal::{ATTEMPTS, GROUP};

use super::desk::{DESK, Desk, mail};
use super::{anna, shown};

#[test]
fn groups_are_bounded_and_an_entry_with_a_death_runs_alone() {
    let mut desk = Desk::new(DESK);
    desk.look("support").expect("the store works");
    for n in 0..70 {
        let shown = shown(&desk, anna(&format!("g{n}@shop.example")));
        desk.put("support", shown);
    }
    desk.look("support").expect("the store works");
    let group = desk.engine().store().waiting_group().expect("a group");
    assert_eq!(group.len(), GROUP);
    assert!(group.iter().all(|waiting| waiting.marked && waiting.attempts == 0), "the mark rode on the commit");
    desk.crash();
    desk.open();
    let group = desk.engine().store().waiting_group().expect("a group");
    assert!(group.iter().all(|it| !it.marked && it.attempts == 0), "nothing was being read: nobody's death");
    desk.engine().take_up(EntryId(3));
    desk.crash();
    desk.open();
    let group = desk.engine().store().waiting_group().expect("a group");
    assert_eq!(group.len(), 2, "its neighbours come in without it");
    assert!(group.iter().all(|waiting| waiting.attempts == 0), "and are not to blame");
    desk.engine().step().expect("the store works");
    let group = desk.engine().store().waiting_group().expect("a group");
    assert_eq!(group.len(), 1, "after a death it runs alone");
    assert_eq!((group[0].attempts, group[0].marked), (1, false));
    desk.decide();
    assert_eq!(desk.engine().store().counts().expect("counts").held, 0);
}

#[test]
fn large_mails_make_small_groups() {
    let mut desk = Desk::new(DESK);
    desk.look("support").expect("the store works");
    for n in 0..3 {
        let text = "x".repeat(9 << 20);
        let bytes = mail("a@shop.example", &format!("large{n}@shop.example"), "Large", &text, "");
        let shown = shown(&desk, bytes);
        desk.put("support", shown);
    }
    desk.look("support").expect("the store works");
    assert_eq!(desk.engine().store().waiting_group().expect("a group").len(), 1, "two are more than 16 MB");
}

#[test]
fn the_third_death_holds_the_entry_and_its_neighbours_come_in() {
    let mut desk = Desk::new(DESK);
    desk.look("support").expect("the store works");
    for id in ["poison@shop.example", "fine@shop.example"] {
        let shown = shown(&desk, anna(id));
        desk.put("support", shown);
    }
    desk.look("support").expect("the store works");
    for death in 1..=ATTEMPTS {
        // Reading began, and the process died of it.
        desk.engine().take_up(EntryId(1));
        desk.crash();
        desk.open();
        assert_eq!(desk.engine().store().waiting_group().expect("a group")[0].attempts, death);
    }
    desk.settle_down();
    assert_eq!(desk.verdict(1).as_deref(), Some("hold"));
    assert_eq!(desk.verdict(2).as_deref(), Some("open"));
    assert_eq!(desk.engine().store().raw(EntryId(1)).expect("raw"), Some(anna("poison@shop.example")));
    // Once the reader was mended, a person lets it in; replies to it find it.
    desk.command("Kevin", Verb::Release { entry: EntryId(1) });
    let reply = mail("Bob <bob@shop.example>", "", "Re: Printer", "Me too.", "In-Reply-To: <poison@shop.example>\r\n");
    let shown = shown(&desk, reply);
    desk.put("support", shown);
    desk.look("support").expect("the store works");
    desk.settle_down();
    let released = desk.engine().store().case(CaseNumber(10_002)).expect("a case").expect("the released one");
    assert_eq!(released.posts.len(), 2, "{released:#?}");
}

#[test]
fn of_two_that_were_read_side_by_side_neither_is_blamed_and_each_runs_alone() {
    let mut desk = Desk::new(DESK);
    desk.look("support").expect("the store works");
    for n in 1..=3 {
        let shown = shown(&desk, anna(&format!("s{n}@shop.example")));
        desk.put("support", shown);
    }
    desk.look("support").expect("the store works");
    desk.crash();
    let mut lock = desk.database().into_os_string();
    lock.push(".lock");
    std::fs::write(lock, "1 at entry 1 2                                 \n").expect("our own file");
    desk.open();
    let group = |desk: &Desk| desk.engine().store().waiting_group().expect("a group");
    let [first] = &group(&desk)[..] else { panic!("the first suspect runs alone") };
    assert_eq!((first.entry, first.attempts, first.suspect), (EntryId(1), 0, true));
    // It is the one: alone, it dies again, and that is its own.
    desk.engine().take_up(EntryId(1));
    desk.crash();
    desk.open();
    assert_eq!((group(&desk).len(), group(&desk)[0].attempts), (1, 1));
    desk.engine().step().expect("the store works");
    let [second] = &group(&desk)[..] else { panic!("the second suspect runs alone") };
    assert_eq!((second.entry, second.attempts), (EntryId(2), 0));
    desk.settle_down();
    for entry in 1..=3 {
        assert!(desk.verdict(entry).is_some_and(|verdict| verdict != "hold"), "entry {entry}");
    }
}

#[test]
fn an_orderly_end_and_a_store_error_are_no_deaths() {
    let mut desk = Desk::new(DESK);
    desk.look("support").expect("the store works");
    let shown = shown(&desk, anna("a@shop.example"));
    desk.put("support", shown);
    desk.look("support").expect("the store works");
    assert_eq!(desk.number("SELECT marked FROM journal"), 1);
    desk.engine().rest();
    desk.crash();
    desk.open();
    assert_eq!(desk.number("SELECT attempts FROM journal"), 0);
}

#[test]
fn damaged_bytes_are_held_and_stop_nothing() {
    let mut desk = Desk::new(DESK);
    desk.look("support").expect("the store works");
    for id in ["a@shop.example", "b@shop.example"] {
        let shown = shown(&desk, anna(id));
        desk.put("support", shown);
    }
    desk.look("support").expect("the store works");
    desk.sql().execute("UPDATE raw SET bytes = x'00112233' WHERE entry = 1", []).expect("damage");
    // What is still in memory needs not be read back.
    desk.crash();
    desk.open();
    desk.settle_down();
    assert_eq!(desk.verdict(1).as_deref(), Some("hold"));
    assert_eq!(desk.verdict(2).as_deref(), Some("open"));
}

#[test]
fn a_start_that_does_not_get_far_forgets_nothing_of_how_the_last_run_ended() {
    let mut desk = Desk::new(DESK);
    desk.look("support").expect("the store works");
    let shown = shown(&desk, anna("a@shop.example"));
    desk.put("support", shown);
    desk.look("support").expect("the store works");
    assert_eq!(desk.number("SELECT marked FROM journal"), 1);
    desk.engine().rest();
    desk.crash();
    for _ in 0..2 {
        // It takes the lock, and the disk is full.
        drop(Lock::take(&desk.database()).expect("nobody decides"));
    }
    desk.open();
    assert_eq!(desk.number("SELECT attempts FROM journal"), 0);
    // A death is remembered in the same way, and counted once.
    desk.engine().take_up(EntryId(1));
    desk.crash();
    drop(Lock::take(&desk.database()).expect("nobody decides"));
    desk.open();
    desk.crash();
    desk.open();
    assert_eq!(desk.number("SELECT attempts FROM journal"), 1);
}

#[test]
fn what_another_version_wrote_is_held_and_stops_nothing() {
    let mut desk = Desk::new(DESK);
    desk.look("support").expect("the store works");
    for id in ["a@shop.example", "b@shop.example"] {
        let shown = shown(&desk, anna(id));
        desk.put("support", shown);
    }
    desk.look("support").expect("the store works");
    let newer = "INSERT INTO journal (id, matter, received, journalled, payload, marked) \
                 SELECT 3, 'command', received, journalled, '{\"matter\":\"forecast\"}', 0 FROM journal WHERE id = 1";
    desk.sql().execute(newer, []).expect("an entry of a newer program");
    desk.sql().execute("UPDATE journal SET payload = '{' WHERE id = 1", []).expect("damage");
    desk.settle_down();
    assert_eq!(desk.verdict(1).as_deref(), Some("hold"));
    assert_eq!(desk.verdict(2).as_deref(), Some("open"));
    assert_eq!(desk.verdict(3).as_deref(), Some("hold"));
    assert_eq!(desk.number("SELECT sum(attempts) FROM journal"), 0, "nobody is to blame");
}

#[test]
fn a_damaged_index_of_words_stops_no_mail() {
    let mut desk = Desk::new(DESK);
    desk.look("support").expect("the store works");
    desk.sql().execute_batch("DROP TABLE post_search").expect("damage");
    let shown = shown(&desk, anna("a@shop.example"));
    desk.put("support", shown);
    desk.look("support").expect("the store works");
    desk.settle_down();
    assert_eq!(desk.verdict(1).as_deref(), Some("open"));
    let troubles = desk.engine().store().troubles().expect("troubles");
    assert_eq!(troubles.iter().map(|trouble| trouble.source.as_str()).collect::<Vec<_>>(), ["search"]);
}
