//! Killed while it starts for the first time: while the database is made, and while it looks at a mailbox that is old
//! (B10).

use std::fs;
use std::time::Duration;

use postcase::failpoint::Step;

use crate::daemon::{Daemon, FailAt, was_killed};
use crate::desk::{Desk, dovecot};
use crate::lab::eventually;
use crate::mails::request;

#[test]
fn killed_while_the_database_is_made_it_makes_it_anew() {
    let rounds = 12;
    let dovecot = dovecot(rounds);
    for round in 0..rounds {
        let desk = Desk::new(&dovecot, round);
        fs::remove_file(desk.database()).expect("it was just made");
        desk.deliver(0, &request("anna", "support", "first", "My printer is on fire", "It burns."));
        let mut daemon = Daemon::start(&desk);
        eventually("it begins", || (desk.database().exists() || daemon.ended().is_some()).then_some(()));
        // Where in the making this falls is left to chance, as with a power cut.
        std::thread::sleep(Duration::from_micros(1_500 * round as u64));
        daemon.kill();
        let mut daemon = Daemon::start(&desk);
        eventually("the mail is in", || {
            assert!(daemon.ended().is_none(), "round {round}\n{}", daemon.log());
            (desk.is_made() && desk.is_quiet(1)).then_some(())
        });
        daemon.stop(&desk);
        assert!((1..=2).contains(&desk.sink.taken().len()), "round {round}");
    }
}

#[test]
fn killed_while_it_passes_over_old_mail_it_answers_none_of_it() {
    let steps = [Step::Selected, Step::Listed, Step::Fetched];
    let dovecot = dovecot(steps.len());
    for (number, step) in steps.into_iter().enumerate() {
        let desk = Desk::new(&dovecot, number);
        desk.configure(dovecot.ports.imap, "new");
        for old in 0..5 {
            let id = format!("old{old}");
            desk.deliver(0, &request("bela", "support", &id, &id, "Long answered."));
        }
        let mut daemon = Daemon::start_with(&desk, Some(FailAt::first(step)));
        assert!(was_killed(daemon.end()), "{step:?}");
        let mut daemon = Daemon::start(&desk);
        let skipped =
            "SELECT count(*) FROM ledger WHERE fate = 'skipped' AND length(hash) = 32 AND message_id LIKE 'old%'";
        eventually("the old mail is passed over", || (desk.number(skipped) == 5).then_some(()));
        desk.deliver(0, &request("anna", "support", "first", "My printer is on fire", "It burns."));
        eventually("the new mail is in", || desk.is_quiet(1).then_some(()));
        daemon.stop(&desk);
        let acknowledged: Vec<Vec<String>> = desk.sink.taken().into_iter().map(|mail| mail.recipients).collect();
        assert_eq!(acknowledged, [["anna@customer.test"]], "{step:?}");
    }
}
