//! Killed while a backup is put in place (B36): there is a whole database at any moment, the one before or the restored
//! one; told again, it is restored; nobody is written to twice.

use std::time::{SystemTime, UNIX_EPOCH};

use postcase::failpoint::Step;

use crate::daemon::{Daemon, was_killed};
use crate::desk::{Desk, dovecot};
use crate::lab::eventually;
use crate::mails::{header, reply, request};

/// The steps of `postcase restore`.
pub const STEPS: [Step; 3] = [Step::RestorePrepared, Step::RestoreSetAside, Step::RestoreInPlace];

#[test]
fn killed_while_a_backup_is_put_in_place_nothing_is_lost_or_doubled() {
    let dovecot = dovecot(STEPS.len());
    for (number, step) in STEPS.into_iter().enumerate() {
        let desk = Desk::new(&dovecot, number);
        let backup = desk.path().join("monday.db").to_string_lossy().into_owned();
        let mut daemon = Daemon::start(&desk);
        desk.deliver(0, &request("anna", "support", "first", "My printer is on fire", "It burns."));
        eventually("the first mail is in", || desk.is_quiet(1).then_some(()));
        desk.done(&["backup", &backup]);
        desk.deliver(0, &request("bela", "support", "second", "Question", "Does it take blue paper?"));
        eventually("the second mail is in", || desk.is_quiet(3).then_some(()));
        daemon.stop(&desk);
        // A server's clock has whole seconds: mail of this one may count as new.
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        let begun = now();
        eventually("another second", || (now() > begun).then_some(()));

        let mut command = desk.postcase(&["restore", &backup]);
        let status = command.env("POSTCASE_FAIL_AT", step.name()).status().expect("the program was built");
        assert!(was_killed(status), "{step:?}: {status:?}");
        let sound: String = desk.look(|database| database.query_row("PRAGMA integrity_check", [], |row| row.get(0)));
        assert_eq!(sound, "ok", "{step:?}");
        let is_restored = step == Step::RestoreInPlace;
        assert_eq!(desk.number("SELECT count(*) FROM restored"), u64::from(is_restored), "{step:?}");
        // Whoever starts it now has the desk as it was, or the restored one.
        let mut daemon = Daemon::start(&desk);
        daemon.until_it_decides(&desk);
        assert_eq!(desk.number("SELECT count(*) FROM cases"), if is_restored { 1 } else { 2 }, "{step:?}");
        daemon.stop(&desk);
        if !is_restored {
            desk.done(&["restore", &backup]);
        }

        let mut daemon = Daemon::start(&desk);
        let lost = desk.sink.taken()[1].clone();
        desk.deliver(0, &reply("bela", "third", &lost, "And green paper?"));
        eventually("the reply makes its case again", || {
            let named = header(&lost, "Subject").contains("[Case 10002]");
            let sql = "SELECT count(*) FROM post JOIN cases ON number = case_number WHERE number = 10002";
            (named && desk.number(sql) == 1).then_some(())
        });
        daemon.stop(&desk);
        assert_eq!(desk.sink.taken().len(), 2, "{step:?}: each was acknowledged once");
        let unfinished = std::fs::read_dir(desk.path()).expect("our own folder").flatten();
        let unfinished = unfinished.filter(|entry| entry.file_name().to_string_lossy().contains(".restoring"));
        assert_eq!(unfinished.count(), 0, "{step:?}: nothing half is left");
    }
}
