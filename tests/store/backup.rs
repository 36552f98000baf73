//! Copies of the whole database.

use std::ops::ControlFlow;
use std::path::Path;

use postcase::case::{Command, Verb};
use postcase::store::journal::{Mark as Marking, Payload};
use postcase::store::ledger::Filing;
use postcase::store::{Store, StoreError};

use super::desk::{Desk, Shown, arrival, monday};
use super::{anna, busy};

/// A database of more pages than are copied in one go.
fn bulky() -> Desk {
    let desk = busy(30);
    desk.sql().execute("INSERT INTO raw VALUES (99999, 1, randomblob(30000000))", []).expect("bulk");
    desk
}

#[test]
fn a_backup_is_whole_while_mail_comes_in() {
    let mut desk = bulky();
    let target = desk.folder.path().join("backup.db");
    desk.crash();
    desk.open();
    {
        let store = Store::append_to(&desk.database()).expect("a store");
        let tx = store.begin().expect("a transaction");
        let command =
            Command { by: "Kevin".to_owned(), verb: Verb::Backup { target: target.to_string_lossy().into_owned() } };
        tx.journal(&Payload::Command(command), None, None, monday(), monday(), Marking::Later).expect("an entry");
        tx.commit().expect("a commit");
    }
    desk.decide();
    let mut between = 0;
    desk.engine()
        .finish_backup(|_| {
            between += 1;
            let shown = Shown { bytes: anna(&format!("b{between}@shop.example")), date: desk.now(), oversize: None };
            let uid = 10_000 + between;
            desk.engine().arrived(vec![arrival("support", 1, uid, &shown)], Filing::None).expect("the store works");
            desk.engine().step().expect("the store works");
            ControlFlow::Continue(())
        })
        .expect("a backup");
    assert!(between >= 3, "it was copied in {between} goes");
    let copy = rusqlite::Connection::open(&target).expect("the copy");
    let sound: String = copy.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a check");
    assert_eq!(sound, "ok");
    let number = |sql: &str| -> i64 { copy.query_row(sql, [], |row| row.get(0)).expect("a number") };
    assert_eq!(
        number("SELECT count(*) FROM cases"),
        30 + i64::from(between) - 1,
        "what came before its last page is in it, too"
    );
    assert_eq!(number("SELECT count(*) FROM meta WHERE key = 'backup-wanted' AND value <> ''"), 0);
    drop(copy);
    assert!(!target.with_extension("db.unfinished").exists());
    let again = desk.engine().store().copy_to(&target, |_| ControlFlow::Continue(()));
    assert!(matches!(again, Err(StoreError::Exists { .. })), "nothing is written over");
    let nowhere = desk.engine().store().copy_to(Path::new("/no/such/folder/backup.db"), |_| ControlFlow::Continue(()));
    assert!(matches!(nowhere, Err(StoreError::CannotOpen { .. })), "{nowhere:?}");
}

#[test]
fn a_backup_that_is_cut_short_leaves_nothing_and_is_begun_anew() {
    let mut desk = bulky();
    let target = desk.folder.path().join("backup.db");
    let verb = Verb::Backup { target: target.to_string_lossy().into_owned() };
    let store = desk.engine().store();
    let command = Payload::Command(Command { by: "Kevin".to_owned(), verb });
    store.write(|tx| tx.journal(&command, None, None, monday(), monday(), Marking::Later)).expect("an entry");
    desk.decide();
    desk.engine().finish_backup(|_| ControlFlow::Break(())).expect("it is cut short");
    assert!(!target.exists());
    assert!(!target.with_extension("db.unfinished").exists());
    desk.crash();
    desk.open();
    desk.engine().finish_backup(|_| ControlFlow::Continue(())).expect("a backup");
    assert!(target.exists());
}
