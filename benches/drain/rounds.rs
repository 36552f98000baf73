//! Rounds: mbsync in both modes and Postcase, about the same mailbox.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use postcase::case::EntryId;
use postcase::store::Store;

use super::Plan;
use super::common::corpus::{self, Mail};
use super::common::daemon::{Daemon, Desk, LOOK, PATIENCE, is_decided};
use super::common::lab::dovecot::{Dovecot, Setup};
use super::common::process;
use super::common::sink::Sink;
use super::report::{self, Verdict};

const MAILBOX: &str = "support";

/// Whether mbsync has the system write its files to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    No,
    /// As it is shipped.
    Yes,
}

/// How mbsync did.
#[derive(Debug, Clone, Copy)]
pub struct Copied {
    pub time: Duration,
    pub cpu: Duration,
    /// In kB.
    pub peak: u64,
}

/// How Postcase did.
#[derive(Debug, Clone, Copy)]
pub struct Drained {
    pub decided: Duration,
    pub acknowledged: Duration,
    /// Until all words can be searched for, and nothing else is left to do.
    pub indexed: Duration,
    pub cpu_decided: Duration,
    pub cpu: Duration,
    /// In kB.
    pub peak: u64,
    /// Bytes of the database at the end.
    pub database: u64,
}

#[derive(Debug, Clone, Copy)]
pub struct Round {
    pub unsynced: Copied,
    pub synced: Copied,
    pub drained: Drained,
}

pub fn compare(plan: &Plan) -> Verdict {
    let mails = corpus::mails(plan.mix, plan.mails, "a");
    let dovecot = server(&[MAILBOX.to_owned()]);
    report::introduce(plan, &mails, disk(&plan.folder));
    fill(&dovecot, MAILBOX, &mails);
    let mut rounds = Vec::new();
    for at in 0..plan.rounds {
        let round = one(plan, &dovecot, &mails, at);
        report::tell(at, &round);
        rounds.push(round);
    }
    report::conclude(plan, &rounds)
}

/// A Dovecot with these users, each with the password `secret`.
pub fn server(users: &[String]) -> Dovecot {
    let users = users.iter().map(|user| (user.clone(), "secret".to_owned())).collect();
    Dovecot::start_with(Setup { users, ..Setup::default() })
}

/// Puts mails into a user's INBOX, and looks at them once, as a server has done by the time anybody reads them.
pub fn fill(dovecot: &Dovecot, user: &str, mails: &[Mail]) {
    let mut client = dovecot.client(user);
    for mail in mails {
        client.append("INBOX", "", None, &mail.raw);
    }
    client.ok("EXAMINE INBOX");
    client.ok("UID FETCH 1:* (RFC822.SIZE INTERNALDATE)");
}

fn one(plan: &Plan, dovecot: &Dovecot, mails: &[Mail], at: usize) -> Round {
    let (mut unsynced, mut synced, mut drained) = (None, None, None);
    // Nobody is always first.
    for turn in 0..3 {
        match (at + turn) % 3 {
            0 => unsynced = Some(copy(plan, dovecot, mails, Sync::No)),
            1 => drained = Some(drain(plan, dovecot, mails, at + 1 == plan.rounds)),
            _ => synced = Some(copy(plan, dovecot, mails, Sync::Yes)),
        }
        // What one leaves to be written must not burden the next.
        rustix::fs::sync();
    }
    let every = "each had its turn";
    Round { unsynced: unsynced.expect(every), synced: synced.expect(every), drained: drained.expect(every) }
}

/// mbsync copies the mailbox.
fn copy(plan: &Plan, dovecot: &Dovecot, mails: &[Mail], sync: Sync) -> Copied {
    let folder = tempfile::tempdir_in(&plan.folder).expect("a folder to write to");
    let path = folder.path().display();
    let (port, fsync) = (dovecot.ports.imap, if sync == Sync::Yes { "yes" } else { "no" });
    let config = format!(
        "FSync {fsync}\n\nIMAPAccount desk\nHost 127.0.0.1\nPort {port}\nUser {MAILBOX}\nPass secret\nSSLType None\n\
         AuthMechs LOGIN\n\nIMAPStore far\nAccount desk\n\nMaildirStore near\nPath {path}/\nInbox {path}/INBOX\n\n\
         Channel all\nFar :far:\nNear :near:\nPatterns INBOX\nCreate Near\nSync Pull\nSyncState *\n"
    );
    let file = folder.path().join("mbsyncrc");
    fs::write(&file, config).expect("our own folder");
    let said = folder.path().join("said");
    let stderr = fs::File::create(&said).expect("our own folder");
    let started = Instant::now();
    let mut child = Command::new("mbsync")
        .args(["-q", "-a", "-c"])
        .arg(&file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(stderr)
        .spawn()
        .expect("mbsync was there a moment ago");
    let mut peak = 0;
    while !process::has_ended(child.id()) {
        peak = process::peak(child.id()).unwrap_or(0).max(peak);
        std::thread::sleep(LOOK);
    }
    let (time, cpu) = (started.elapsed(), process::cpu(child.id()));
    let status = child.wait().expect("our own child");
    assert!(status.success(), "mbsync ended with {status}: {}", fs::read_to_string(said).unwrap_or_default());
    let copied =
        ["new", "cur"].map(|name| fs::read_dir(folder.path().join("INBOX").join(name)).map_or(0, Iterator::count));
    assert_eq!(copied.iter().sum::<usize>(), mails.len(), "mbsync copied every mail");
    Copied { time, cpu, peak }
}

/// Postcase drains the mailbox into a new database.
fn drain(plan: &Plan, dovecot: &Dovecot, mails: &[Mail], last: bool) -> Drained {
    let mut folder = tempfile::tempdir_in(&plan.folder).expect("a folder to write to");
    folder.disable_cleanup(last && plan.keep);
    if last && plan.keep {
        println!("kept: {}", folder.path().display());
    }
    let database = folder.path().join("postcase.db");
    let sink = Sink::start();
    let desk = Desk::write(folder.path(), &database, MAILBOX, dovecot.ports.imap, sink.port);
    let drained = run(&plan.program, &desk, &sink, mails, 0);
    check(&database, mails, 0);
    drained
}

/// Runs the daemon until all is decided and acknowledged. `before`: entries that the database has already.
pub fn run(program: &Path, desk: &Desk, sink: &Sink, mails: &[Mail], before: u64) -> Drained {
    let last = before + mails.len() as u64;
    let expected: HashSet<&str> = mails.iter().filter_map(|mail| mail.acknowledged_to.as_deref()).collect();
    let daemon = Daemon::start(program, desk);
    let decided = daemon.until(&desk.database, "all decisions", |database| is_decided(database, last));
    let cpu_decided = daemon.cpu();
    if !sink.wait_for(expected.len(), PATIENCE) {
        daemon.fail("waited in vain for the last acknowledgement");
    }
    let peak = daemon.peak();
    let indexed = daemon.until(&desk.database, "the end of all work", |database| {
        let left =
            "SELECT EXISTS (SELECT 1 FROM outbox WHERE next_attempt IS NOT NULL) OR EXISTS (SELECT 1 FROM unindexed)";
        database.query_row(left, [], |row| row.get(0)).map(|left: bool| !left)
    });
    let peak = daemon.peak().max(peak);
    let cpu = daemon.cpu();
    let started = daemon.started;
    daemon.stop();
    let taken = sink.empty();
    let acknowledged = taken.iter().map(|mail| mail.at).max().unwrap_or(decided).max(decided);
    let recipients: HashSet<&str> = taken.iter().map(|mail| mail.recipient.as_str()).collect();
    assert!(recipients == expected && taken.len() == expected.len(), "each is acknowledged once, and nobody else");
    Drained {
        decided: decided - started,
        acknowledged: acknowledged - started,
        indexed: indexed - started,
        cpu_decided,
        cpu,
        peak,
        database: fs::metadata(&desk.database).map_or(0, |file| file.len()),
    }
}

/// What is stored is what the server has, byte for byte, in its order.
pub fn check(database: &Path, mails: &[Mail], before: u64) {
    let store = Store::look_at(database).expect("the database can be read");
    for (at, mail) in mails.iter().enumerate() {
        let stored = store.raw(EntryId(before + at as u64 + 1)).expect("it can be read");
        assert!(stored.as_deref() == Some(&mail.raw[..]), "mail {at} is not stored as it came");
    }
}

/// The median of what one small write takes until the disk has it.
pub fn disk(folder: &Path) -> Duration {
    use std::io::Write;
    let mut file = tempfile::tempfile_in(folder).expect("a folder to write to");
    let mut times: Vec<Duration> = (0..50)
        .map(|_| {
            file.write_all(&[0; 8192]).expect("room on the disk");
            let begun = Instant::now();
            file.sync_data().expect("a disk that writes");
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}
