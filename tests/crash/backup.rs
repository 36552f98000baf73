//! A backup while the daemon works: complete, and in nobody's way.

use rusqlite::Connection;

use crate::daemon::Daemon;
use crate::desk::{Desk, dovecot};
use crate::lab::eventually;
use crate::mails::request;

#[test]
fn a_backup_is_taken_while_mail_comes_in() {
    let dovecot = dovecot(1);
    let desk = Desk::new(&dovecot, 0);
    let mut daemon = Daemon::start(&desk);
    let mails = 5;
    for number in 0..mails {
        let id = format!("mail{number}");
        desk.deliver(0, &request(&id, "support", &id, "My printer is on fire", "It burns."));
        let target = desk.path().join(format!("backup{number}"));
        desk.done(&["backup", target.to_str().expect("our own folder")]);
        let copy = Connection::open(target).expect("the copy is there");
        let sound: String = copy.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("it can be read");
        assert_eq!(sound, "ok");
    }
    // The orders are entries, too.
    eventually("everything is done", || desk.is_quiet(2 * mails).then_some(()));
    daemon.stop(&desk);
    assert_eq!(desk.sink.taken().len() as u64, mails);
}
