//! A backup takes the place of the database (B36): real files.

use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use postcase::store::outbox::Which;
use postcase::store::restore::Restoration;
use postcase::store::{Adopt, Lock, Store, StoreError};

use super::desk::{DESK, Desk, mail, monday};
use super::{busy, shown};

fn restore(backup: &Path, database: &Path) -> Result<Restoration, StoreError> {
    let lock = Lock::take(database)?;
    Store::restore(backup, database, &lock, 10_001, monday() + SignedDuration::from_hours(5))
}

fn backup_of(desk: &Desk) -> PathBuf {
    desk.back_up();
    desk.folder.path().join("backup.db")
}

fn put(desk: &mut Desk, from: &str) {
    let bytes = mail(from, &format!("{from}-id"), "Hello", "Please help.", "");
    let shown = shown(desk, bytes);
    desk.put("support", shown);
    desk.look("support").expect("the store works");
}

#[test]
fn what_waited_in_a_backup_is_decided_silently_and_sent_by_nobody() {
    let mut desk = busy(1);
    put(&mut desk, "decided@firm.example");
    desk.decide();
    put(&mut desk, "waiting@firm.example");
    desk.back_up();
    desk.settle_down();
    assert_eq!(desk.sent.len(), 3, "all three were acknowledged before the desk was lost");
    desk.pass(SignedDuration::from_hours(1));
    let restored = desk.restore();
    assert_eq!((restored.kept_back, restored.waiting), (1, 1));
    let sent = desk.sent.len();
    desk.look("support").expect("the store works");
    desk.settle_down();
    desk.pass(SignedDuration::from_hours(48));
    desk.settle_down();
    assert_eq!(desk.sent.len(), sent, "nobody is acknowledged again");
    assert_eq!(desk.number("SELECT count(*) FROM cases"), 3);
    let listed = desk.engine().store().outbox(Which::Unfinished).expect("the outbox");
    assert_eq!(listed.len(), 1, "what is kept back shows");
    assert_eq!(desk.engine().store().counts().expect("counts").outbox.kept_back, 1);
    desk.sql()
        .execute("UPDATE outbox SET copy = 'wanted' WHERE id = $1", [listed[0].id.0 as i64])
        .expect("the database works");
    let copy = || desk.engine().next_copy().expect("the store works").map(|copy| copy.id);
    assert_eq!(copy(), None, "what nobody took is not in the Sent folder");
    desk.command("Kevin", postcase::case::Verb::RetryOutbox { mail: None });
    desk.settle_down();
    assert_eq!(desk.sent.len(), sent, "all that waits does not mean what is kept back");
    desk.command("Kevin", postcase::case::Verb::RetryOutbox { mail: Some(listed[0].id) });
    desk.settle_down();
    let again = desk.sent.iter().find(|mail| mail.id == listed[0].id).expect("it was sent");
    assert_eq!(again.attempts.len(), 2, "a person may send it: the same bytes, the same Message-ID");
    let copy = desk.engine().next_copy().expect("the store works");
    assert_eq!(copy.map(|copy| copy.id), Some(listed[0].id), "now it was sent");
}

#[test]
fn no_number_and_no_entry_is_given_out_twice() {
    let mut desk = busy(2);
    desk.back_up();
    for n in 0..30 {
        put(&mut desk, &format!("p{n}@late{n}.example"));
        desk.settle_down();
    }
    let given = |desk: &Desk| {
        let numbers = desk.number("SELECT max(number) FROM cases");
        (numbers, desk.number("SELECT max(id) FROM journal"))
    };
    let before = given(&desk);
    desk.pass(SignedDuration::from_mins(5));
    let first = desk.restore().facts;
    assert!(first.next_number.0 as i64 > before.0 + 999 && first.entry.0 as i64 > before.1 + 99_999, "{first:?}");
    // Nothing came in since: a second restoration of the same backup knows of the first by what it replaces.
    let second = desk.restore().facts;
    assert!(second.next_number > first.next_number && second.entry > first.entry, "{second:?}");
    assert_eq!((second.last_entry, second.last_number), (first.last_entry, first.last_number));
    desk.settle_down();
    put(&mut desk, "anna@shop.example");
    desk.settle_down();
    let above = desk.number("SELECT min(number) FROM cases WHERE number > 10002") as u64;
    assert_eq!(above, second.next_number.0, "what was lost comes in again above the gap");
    assert_eq!(desk.number("SELECT count(*) FROM cases"), 2 + 30 + 1);
    assert_eq!(desk.verdict(second.entry.0).as_deref(), Some("done"));
}

#[test]
fn a_busy_desk_leaves_a_larger_gap() {
    let desk = busy(3);
    let backup = backup_of(&desk);
    let sql = rusqlite::Connection::open(&backup).expect("the backup");
    // A million entries and cases in a hundred days, and then ten days that are lost.
    let day = 86_400_000_000_i64;
    let now = monday().as_microsecond();
    sql.execute_batch(&format!(
        "UPDATE journal SET journalled = {}; UPDATE journal SET journalled = {} WHERE id = 1;
         WITH RECURSIVE n (i) AS (SELECT 20000 UNION ALL SELECT i + 1 FROM n WHERE i < 219999)
         INSERT INTO cases (number, queue, phase, status, subject, opened, changed)
           SELECT i, 'support', 'closed', 'closed', '', 0, 0 FROM n;",
        now - 10 * day,
        now - 110 * day,
    ))
    .expect("a busy desk");
    drop(sql);
    let target = desk.folder.path().join("other.db");
    let restored = restore(&backup, &target).expect("a restoration").facts;
    // 2,000 cases a day.
    assert!((240_000..320_000).contains(&restored.next_number.0), "{restored:?}");
}

#[test]
fn the_replaced_database_is_kept_and_can_be_put_back() {
    let mut desk = busy(1);
    let backup = backup_of(&desk);
    put(&mut desk, "later@firm.example");
    desk.settle_down();
    desk.crash();
    let restored = restore(&backup, &desk.database()).expect("a restoration");
    let aside = restored.replaced.expect("there was one");
    assert!(aside.to_string_lossy().ends_with("postcase.db.before-restore-20261123T140000Z"), "{}", aside.display());
    assert_eq!(desk.number("SELECT count(*) FROM cases"), 1);
    for name in ["postcase.db.restoring", "postcase.db-wal", "postcase.db-shm"] {
        assert!(!desk.folder.path().join(name).exists(), "{name}");
    }
    desk.open();
    desk.settle_down();
    desk.crash();
    std::fs::rename(&aside, desk.database()).expect("put back by hand");
    desk.try_open().expect("it is at home where it was");
    assert_eq!(desk.number("SELECT count(*) FROM cases"), 2);
}

#[test]
fn a_damaged_database_is_replaced_with_its_log() {
    let mut desk = busy(1);
    let backup = backup_of(&desk);
    desk.crash();
    let database = desk.database();
    let log = PathBuf::from(format!("{}-wal", database.display()));
    std::fs::write(&database, b"no database any more").expect("damage");
    std::fs::write(&log, b"nor a log").expect("damage");
    let aside = restore(&backup, &database).expect("a restoration").replaced.expect("there was one");
    assert_eq!(std::fs::read(&aside).expect("kept"), b"no database any more");
    assert!(!log.exists(), "a log of another database is not found beside the new one");
    desk.open();
    assert_eq!(desk.number("SELECT count(*) FROM cases"), 1);
}

#[test]
fn what_cannot_be_restored_changes_nothing() {
    let mut desk = busy(1);
    let backup = backup_of(&desk);
    let folder = desk.folder.path().to_owned();
    let database = desk.database();
    assert!(matches!(restore(&backup, &database), Err(StoreError::Locked { .. })), "a daemon runs");
    desk.crash();
    let before = std::fs::read(&database).expect("bytes");
    let file = |name: &str, bytes: &[u8]| {
        std::fs::write(folder.join(name), bytes).expect("our own folder");
        folder.join(name)
    };
    let text = file("text.db", &b"This is a letter to Anna. ".repeat(1_000));
    let mut torn = std::fs::read(&backup).expect("bytes");
    torn.truncate(torn.len() / 2 / 8192 * 8192);
    let torn = file("torn.db", &torn);
    let in_use = file("in-use.db", &std::fs::read(&backup).expect("bytes"));
    file("in-use.db-wal", b"some pages");
    let foreign = folder.join("foreign.db");
    rusqlite::Connection::open(&foreign).expect("a file").execute_batch("CREATE TABLE t (x)").expect("a table");
    let missing = folder.join("missing.db");
    let of = |path: &Path| restore(path, &database).expect_err("it is refused");
    assert!(matches!(of(&text), StoreError::NotABackup { .. }), "{}", of(&text));
    assert!(matches!(of(&foreign), StoreError::NotABackup { .. }), "{}", of(&foreign));
    assert!(matches!(of(&torn), StoreError::DamagedBackup { .. }), "{}", of(&torn));
    assert!(matches!(of(&in_use), StoreError::InUse { .. }), "{}", of(&in_use));
    assert!(matches!(of(&missing), StoreError::NoBackup { .. }), "{}", of(&missing));
    assert!(matches!(of(&database), StoreError::SameFile { .. }), "{}", of(&database));
    for path in [&text, &foreign, &torn, &in_use, &missing] {
        let said = of(path).to_string();
        assert!(said.contains(&path.display().to_string()) && !said.contains("restoring"), "{said}");
    }
    assert_eq!(std::fs::read(&database).expect("bytes"), before);
    let leavings: Vec<_> =
        std::fs::read_dir(&folder).expect("a folder").flatten().map(|entry| entry.file_name()).collect();
    assert!(leavings.iter().all(|name| !name.to_string_lossy().contains("restor")), "{leavings:?}");
    desk.open();
}

#[test]
fn a_test_copy_sends_nothing_and_never_becomes_the_desk() {
    let mut desk = busy(1);
    put(&mut desk, "waiting@firm.example");
    let backup = backup_of(&desk);
    desk.crash();
    let open = |adopt| {
        let lock = Lock::take(&backup)?;
        Store::open(&backup, &lock, adopt, monday())
    };
    let refused = open(Adopt::Refuse).err().expect("it is a copy").to_string();
    assert!(refused.contains("run --adopt") && refused.contains("run --no-mail"), "both remedies: {refused}");
    drop(open(Adopt::TestCopy).expect("a test copy"));
    drop(open(Adopt::Refuse).expect("it is at home now"));
    assert!(matches!(open(Adopt::Adopt), Err(StoreError::TestCopy { .. })));
    let place = postcase::engine::Place { database: backup.clone(), ..desk.place() };
    let lock = Lock::take(&backup).expect("a lock");
    let engine = postcase::engine::Engine::open(&place, lock, desk.policy(), desk.clock()).expect("it opens");
    while engine.step().expect("the store works") > 0 {}
    let waiting = engine.store().counts().expect("counts").outbox.waiting;
    assert_eq!(waiting, 1, "everything is decided, and its mail waits");
    assert!(engine.next_mail(&[]).expect("the store works").is_none(), "for good");
    drop(engine);
    assert!(matches!(restore(&backup, &desk.database()), Err(StoreError::BackupOfTestCopy { .. })));
    let itself = desk.database();
    let lock = Lock::take(&itself).expect("a lock");
    let refused = Store::open(&itself, &lock, Adopt::TestCopy, monday()).err().expect("it is the desk itself");
    assert!(refused.to_string().contains("outbox pause"), "{refused}");
    drop(lock);
    desk.open();
    desk.settle_down();
    assert_eq!(desk.sent.len(), 2, "the desk itself goes on sending");
    drop(Desk::new(DESK));
}
