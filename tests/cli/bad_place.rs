//! A database that is not what it should be, or not where: nothing of it is touched.

use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;

use rusqlite::Connection;

use crate::place::Place;

/// Everything that would write.
const WRITING: [&[&str]; 4] = [
    &["run"],
    &["case", "note", "10001", "--as", "Kevin", "--text", "x"],
    &["backup", "copy.db"],
    &["outbox", "pause", "--as", "Kevin"],
];

fn nothing_is_touched(place: &Place, code: i32, words: &[&str]) {
    let files = |place: &Place| {
        let mut names: Vec<_> = fs::read_dir(place.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.retain(|name| !name.to_string_lossy().ends_with("-shm") && !name.to_string_lossy().ends_with("-wal"));
        names.sort();
        names
    };
    let (bytes, before) = (fs::read(place.database()).unwrap(), files(place));
    for command in WRITING {
        place.run(command).fails(code, words);
    }
    place.write("request.eml", crate::lab::mail("another"));
    place.run(&["ingest", "request.eml"]).fails(code, words);
    fs::remove_file(place.path("request.eml")).unwrap();
    assert!(fs::read(place.database()).unwrap() == bytes, "the database is as it was, byte for byte");
    let after: Vec<_> = files(place).into_iter().filter(|name| *name != "desk.db.lock").collect();
    let before: Vec<_> = before.into_iter().filter(|name| *name != "desk.db.lock").collect();
    assert_eq!(after, before);
}

/// Everything into the one file, so that bytes can be compared.
fn settle(path: &Path) {
    let database = Connection::open(path).unwrap();
    database.pragma_update(None, "journal_mode", "DELETE").unwrap();
}

#[test]
fn a_newer_schema() {
    let place = Place::alone().with_case();
    settle(&place.database());
    Connection::open(place.database()).unwrap().pragma_update(None, "user_version", 99).unwrap();
    nothing_is_touched(&place, 78, &["desk.db has schema 99", "Install a newer Postcase"]);
    place.run(&["case", "list"]).fails(78, &["schema 99"]);
    let said = place.run(&["check", "--offline"]);
    assert_eq!(said.code, 78);
    assert!(said.out.contains("FAULT  database: ") && said.out.contains("schema 99"), "{said:?}");
}

#[test]
fn a_foreign_database() {
    let place = Place::alone();
    let foreign = Connection::open(place.database()).unwrap();
    foreign.execute_batch("CREATE TABLE accounts (name TEXT); INSERT INTO accounts VALUES ('Anna')").unwrap();
    drop(foreign);
    nothing_is_touched(&place, 78, &["desk.db is not a Postcase database", "`database`"]);
    place.run(&["status"]).fails(78, &["is not a Postcase database"]);
}

#[test]
fn a_file_that_is_no_database() {
    let place = Place::alone();
    place.write("desk.db", "Dear diary, ".repeat(1000));
    nothing_is_touched(&place, 78, &["desk.db is not a Postcase database"]);
}

#[test]
fn a_copy_of_a_database_is_refused_until_it_is_adopted() {
    let original = Place::alone().with_case();
    settle(&original.database());
    let copy = Place::alone();
    fs::copy(original.database(), copy.database()).unwrap();
    nothing_is_touched(&copy, 78, &["looks like a copy", "--adopt"]);
    // Looking harms nothing.
    assert!(copy.done(&["case", "list"]).contains("10001"));
    let daemon = copy.daemon_with(&["run", "--adopt"], |_| {});
    daemon.stop();
    copy.done(&["case", "note", "10001", "--as", "Kevin", "--text", "adopted"]);
    original.done(&["case", "note", "10001", "--as", "Kevin", "--text", "still at home"]);
}

#[test]
fn a_backup_is_a_desk_that_can_be_adopted() {
    let original = Place::alone().with_case();
    original.done(&["backup", "copy.db"]);
    let place = Place::alone();
    fs::rename(original.path("copy.db"), place.database()).unwrap();
    place.run(&["run"]).fails(78, &["--adopt"]);
    place.daemon_with(&["run", "--adopt"], |_| {}).stop();
    assert!(place.done(&["case", "show", "10001"]).contains("printer"));
}

#[test]
fn another_users_database() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let nobody = 65534;
    let place = Place::alone().with_case();
    settle(&place.database());
    fs::remove_file(place.path("desk.db.lock")).unwrap();
    chown(place.database(), Some(nobody), Some(nobody)).unwrap();
    nothing_is_touched(&place, 77, &["belongs to another user (uid 65534)", "sudo -u"]);
    assert!(!place.path("desk.db.lock").exists(), "a lock file of ours would lock them out");
    assert!(place.done(&["case", "list"]).contains("10001"), "looking is allowed");
    for name in ["desk.db-wal", "desk.db-shm"] {
        use std::os::unix::fs::MetadataExt;
        let owner = fs::metadata(place.path(name)).map_or(nobody, |file| file.uid());
        assert_eq!(owner, nobody, "{name} would lock them out");
    }
}

#[test]
fn no_database_yet() {
    let place = Place::alone();
    for command in [&["status"][..], &["case", "list"], &["held", "list"], &["outbox", "list"], &["backup", "copy.db"]]
    {
        place.run(command).fails(66, &["There is no database at desk.db", "postcase run"]);
    }
    assert!(!place.database().exists());
    place.reconfigure("database = \"desk.db\"", "database = \"no/such/folder/desk.db\"");
    let said = place.run(&["run"]);
    said.fails(73, &["no/such/folder/desk.db cannot be opened", "the folder exists"]);
    let said = place.run(&["check", "--offline"]);
    assert_eq!(said.code, 73, "{said:?}");
    assert!(said.out.contains("Make the folder"), "{said:?}");
}

#[test]
fn a_mailbox_that_becomes_another_folder_wants_another_name() {
    let place = Place::alone();
    place.daemon().stop();
    place.reconfigure("[smtp]", "folder = \"Archive\"\n[smtp]");
    place.run(&["run"]).fails(78, &["was folder INBOX of", "is folder Archive of", "`name`", "set it back"]);
    place.reconfigure("folder = \"Archive\"\n", "");
    place.daemon().stop();
}
