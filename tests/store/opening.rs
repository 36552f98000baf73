//! How a database is created, and when it is refused.

use std::path::Path;

use postcase::mail::signature::Signature;
use postcase::store::journal::{Mark as Marking, Payload};
use postcase::store::raw::Packed;
use postcase::store::{Adopt, Lock, SCHEMA_VERSION, Store, StoreError};

use super::busy;
use super::desk::{DESK, Desk, monday};

fn open(path: &Path) -> Result<Store, StoreError> {
    let lock = Lock::take(path)?;
    Store::open(path, &lock, Adopt::Refuse, monday())
}

#[test]
fn is_created_as_decided() {
    let desk = Desk::new(DESK);
    for (pragma, expected) in
        [("page_size", 8192), ("application_id", 0x5043_6173), ("auto_vacuum", 2), ("user_version", SCHEMA_VERSION)]
    {
        assert_eq!(desk.number(&format!("PRAGMA {pragma}")), expected, "{pragma}");
    }
    let journal: String = desk.sql().query_row("PRAGMA journal_mode", [], |row| row.get(0)).expect("a mode");
    assert_eq!(journal, "wal");
    let loose = "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0 \
                 AND name NOT LIKE 'sqlite_%'";
    assert_eq!(desk.number(loose), 0, "every table is STRICT");
    let secure = "SELECT v FROM post_search_config WHERE k = 'secure-delete'";
    assert_eq!(desk.number(secure), 1, "deleted words are gone");
    assert_eq!(desk.number("SELECT length(secret) FROM signing_key"), 32);
}

#[test]
fn a_creation_that_was_cut_short_is_begun_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("postcase.db");
    let begun = rusqlite::Connection::open(&path).expect("a file");
    begun
        .execute_batch("PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL")
        .expect("wal");
    drop(begun);
    open(&path).expect("a database");
    let sql = rusqlite::Connection::open(&path).expect("a database");
    let pragma = |name: &str| -> i64 { sql.pragma_query_value(None, name, |row| row.get(0)).expect("a number") };
    assert_eq!((pragma("page_size"), pragma("auto_vacuum"), pragma("user_version")), (8192, 2, SCHEMA_VERSION));
}

#[test]
fn files_of_others_are_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let foreign = folder.path().join("foreign.db");
    rusqlite::Connection::open(&foreign).expect("a file").execute_batch("CREATE TABLE t (x)").expect("a table");
    let text = folder.path().join("text.db");
    std::fs::write(&text, "This is no database at all, but a letter to Anna.\n".repeat(200)).expect("a file");
    for path in [&foreign, &text] {
        let before = std::fs::read(path).expect("bytes");
        assert!(matches!(open(path), Err(StoreError::NotOurs { .. })), "{}", path.display());
        assert!(matches!(Store::look_at(path), Err(StoreError::NotOurs { .. })));
        assert_eq!(std::fs::read(path).expect("bytes"), before, "{} is as it was", path.display());
    }
    let missing = folder.path().join("missing.db");
    assert!(matches!(Store::look_at(&missing), Err(StoreError::Missing { .. })));
    assert!(matches!(open(&folder.path().join("no/such/folder.db")), Err(StoreError::CannotOpen { .. })));
}

#[test]
fn another_schema_is_refused() {
    let mut desk = Desk::new(DESK);
    desk.crash();
    desk.sql().pragma_update(None, "user_version", SCHEMA_VERSION - 1).expect("a number");
    let refused = desk.try_open().expect_err("an older schema");
    assert!(matches!(refused, StoreError::Unreleased { known: SCHEMA_VERSION, .. }), "{refused}");
    assert!(refused.to_string().contains("name another `database`"));
    desk.sql().pragma_update(None, "user_version", SCHEMA_VERSION + 1).expect("a number");
    let refused = desk.try_open().expect_err("a newer schema");
    assert!(matches!(refused, StoreError::Newer { known: SCHEMA_VERSION, .. }), "{refused}");
    assert!(refused.to_string().contains("Install a newer Postcase"));
    assert!(matches!(Store::look_at(&desk.database()), Err(StoreError::Newer { .. })));
}

#[test]
fn a_copy_is_refused_until_it_is_adopted() {
    let mut desk = busy(1);
    desk.crash();
    let copy = desk.folder.path().join("copy.db");
    std::fs::copy(desk.database(), &copy).expect("a copy");
    assert!(matches!(open(&copy), Err(StoreError::OtherInstance { .. })));
    assert!(matches!(Store::append_to(&copy), Err(StoreError::OtherInstance { .. })), "no command gets into it either");
    let lock = Lock::take(&copy).expect("a lock");
    Store::open(&copy, &lock, Adopt::Adopt, monday()).expect("it is adopted");
    drop(lock);
    open(&copy).expect("and at home now");
    desk.try_open().expect("the original is not touched");
}

#[test]
fn only_one_decides() {
    let desk = Desk::new(DESK);
    let refused = Lock::take(&desk.database()).expect_err("it is held");
    let StoreError::Locked { pid, .. } = &refused else { panic!("{refused}") };
    assert_eq!(*pid, std::process::id().to_string());
    let store = Store::append_to(&desk.database()).expect("appending goes on beside it");
    let tx = store.begin().expect("a transaction");
    let reload = Payload::Reloaded { policy: "x".to_owned() };
    tx.journal(&reload, None, None, monday(), monday(), Marking::Later).expect("an entry");
    tx.commit().expect("a commit");
    desk.decide();
    assert_eq!(desk.verdict(1).as_deref(), Some("done"));
}

#[test]
fn what_was_not_committed_never_was() {
    let mut desk = Desk::new(DESK);
    {
        let tx = desk.engine().store().begin().expect("a transaction");
        let mail = Payload::Mail { silent: false, oversize: None, signature: Signature::None };
        tx.journal(&mail, Some(&Packed::of(b"Subject: x\r\n\r\n")), None, monday(), monday(), Marking::Now)
            .expect("an entry");
    }
    desk.crash();
    desk.open();
    assert_eq!(desk.engine().store().counts().expect("counts").entries, 0);
    assert_eq!(desk.number("SELECT count(*) FROM raw"), 0);
}
