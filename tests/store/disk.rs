//! A disk that is full, one that is read-only, and space that is given back.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use postcase::store::StoreError;

use super::desk::{DESK, Desk};
use super::{anna, busy, shown};

#[test]
fn a_database_that_cannot_be_written_is_said_to_be_so() {
    let mut desk = busy(1);
    desk.crash();
    let Some(_mount) = ReadOnly::make(desk.folder.path()) else { return };
    let refused = desk.try_open().expect_err("nothing can be written");
    assert!(
        matches!(refused, StoreError::ReadOnly { .. } | StoreError::LockFile { .. } | StoreError::CannotOpen { .. }),
        "{refused:?}"
    );
}

/// A folder nobody may write to: for root that takes a mount.
struct ReadOnly(Option<std::path::PathBuf>);

impl ReadOnly {
    fn make(folder: &Path) -> Option<ReadOnly> {
        if !rustix::process::geteuid().is_root() {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("a file").path();
                if path.is_file() {
                    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).expect("a mode");
                }
            }
            std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o555)).expect("a mode");
            return Some(ReadOnly(None));
        }
        let mounted = run("mount", &["--bind", &folder.to_string_lossy(), &folder.to_string_lossy()])
            && run("mount", &["-o", "remount,ro,bind", &folder.to_string_lossy()]);
        if !mounted {
            eprintln!("skipped: this root may not mount");
            return None;
        }
        Some(ReadOnly(Some(folder.to_owned())))
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        if let Some(folder) = &self.0 {
            run("umount", &["-l", &folder.to_string_lossy()]);
        }
    }
}

fn run(program: &str, arguments: &[&str]) -> bool {
    std::process::Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

/// A small disk of its own, for those who may mount one.
fn full_disk() -> Option<tempfile::TempDir> {
    let folder = tempfile::tempdir().expect("a folder");
    if !run("mount", &["-t", "tmpfs", "-o", "size=32m", "tmpfs", &folder.path().to_string_lossy()]) {
        eprintln!("skipped: a small disk needs a mount, and this user may not mount");
        return None;
    }
    Some(folder)
}

#[test]
fn a_full_disk_loses_nothing_and_blames_nobody() {
    let Some(disk) = full_disk() else { return };
    let outcome = std::panic::catch_unwind(|| fill_and_go_on(disk.path()));
    run("umount", &["-l", &disk.path().to_string_lossy()]);
    outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

fn fill_and_go_on(disk: &Path) {
    let mut desk = Desk::at(DESK, disk.join("postcase.db"));
    desk.look("support").expect("room enough");
    let ballast = disk.join("ballast");
    let mut said = None;
    // Each round leaves a little less room, so that the disk is full once at each step.
    for round in 0..60u32 {
        for n in 0..4 {
            let shown = shown(&desk, anna(&format!("r{round}-{n}@shop.example")));
            desk.put("support", shown);
        }
        let free = 4096 * u64::from(60 - round);
        let _ = std::fs::remove_file(&ballast);
        fill(&ballast, free);
        let worked = desk.look("support").and_then(|()| {
            while desk.engine().step()? > 0 {}
            Ok(())
        });
        if let Err(error) = worked {
            let full = matches!(error, StoreError::Full { .. });
            assert!(full, "a full disk is called one: {error:?}");
            said = Some(error.to_string());
            // As the daemon does when the store fails.
            desk.engine().rest();
            std::fs::remove_file(&ballast).expect("the ballast");
            desk.crash();
            desk.open();
            desk.look("support").expect("there is room again");
            desk.decide();
        }
    }
    let said = said.expect("the disk was full once");
    assert!(said.contains("The disk is full"), "{said}");
    let counts = desk.engine().store().counts().expect("counts");
    assert_eq!(counts.held, 0, "nobody is to blame");
    assert_eq!(counts.decisions.get("open").copied(), Some(counts.entries), "{counts:?}");
    assert_eq!(counts.entries, desk.mailboxes["support"].messages.len() as u64, "every mail is there once");
    assert_eq!(desk.number("SELECT coalesce(max(attempts), 0) FROM journal"), 0, "and no attempt was counted");
}

/// Takes all room but `free` bytes.
fn fill(ballast: &Path, free: u64) {
    use std::io::Write;

    let mut file = std::fs::File::create(ballast).expect("a file");
    let mut taken = 0u64;
    while file.write_all(&[1; 4096]).is_ok() {
        taken += 4096;
    }
    file.set_len(taken.saturating_sub(free)).expect("a length");
}

#[test]
fn the_first_error_is_told() {
    let desk = Desk::new(DESK);
    let store = desk.engine().store();
    let tx = store.begin().expect("a transaction");
    let fault = tx.apart(|| {
        // What SQLite does by itself when the disk is full.
        tx.execute_batch("ROLLBACK")?;
        Err::<(), _>(StoreError::Full { path: desk.database() })
    });
    assert!(matches!(fault, Err(StoreError::Full { .. })), "{fault:?}");
}

#[test]
fn space_that_was_freed_goes_back_to_the_disk() {
    let desk = busy(50);
    desk.sql().execute_batch("UPDATE decision SET snapshot = NULL; DELETE FROM raw;").expect("much is deleted");
    let before = desk.number("PRAGMA freelist_count");
    assert!(before > 1, "{before} pages are free");
    desk.engine().store().tidy().expect("tidy");
    assert!(desk.number("PRAGMA freelist_count") <= (before - 256).max(0), "up to 256 pages went back");
    assert_eq!(std::fs::metadata(desk.database().with_extension("db-wal")).map_or(0, |wal| wal.len()), 0);
}

#[test]
fn a_reader_does_not_hold_up_tidying() {
    let desk = busy(3);
    let reader = desk.sql();
    let tx = reader.unchecked_transaction().expect("a reader");
    let _: i64 = tx.query_row("SELECT count(*) FROM journal", [], |row| row.get(0)).expect("a number");
    desk.engine().trouble("test", Some("something to write")).expect("a writer");
    desk.engine().store().tidy().expect("it does not wait for the reader, nor fail");
}
