//! A disk that is full, and one that is read-only: Postcase stops with a clear word, nothing is lost, and it goes on
//! where it was when there is room. Needs a file system of its own, so these tests do nothing without root.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::daemon::Daemon;
use crate::desk::{Desk, dovecot};
use crate::journey::{Disturbance, Journey, STRETCHES};
use crate::killing::compare;
use crate::lab::eventually;
use crate::mails::request;

/// A small file system in memory, with room for a database and the longest log that SQLite lets grow before it is
/// written back (1,000 pages). Unmounted when it is dropped.
#[derive(Debug)]
pub struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    /// None, with a word to whoever reads the log, where mounting is not allowed.
    pub fn mount() -> Option<Disk> {
        let disk = Disk { folder: tempfile::tempdir().expect("a folder") };
        if !mount(&["-t", "tmpfs", "-o", "size=16m", "postcase-test"], disk.path()) {
            println!("SKIPPED: only root can mount a small disk");
            std::mem::forget(disk);
            return None;
        }
        Some(disk)
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves room for so many bytes.
    pub fn fill(&self, room: u64) {
        let mut file = File::create(self.filler()).expect("a disk that can be written");
        let mut size = 0;
        // Ends when there is no room any more.
        while let Ok(written) = file.write(&[7; 4096]) {
            size += written as u64;
        }
        file.set_len(size.saturating_sub(room)).expect("our own file");
    }

    pub fn make_room(&self) {
        std::fs::remove_file(self.filler()).ok();
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }

    fn remount(&self, option: &str) {
        assert!(mount(&["-o", &format!("remount,{option}")], self.path()), "remount,{option}");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a failing test may have files open on it.
        Command::new("umount").arg("-l").arg(self.path()).status().ok();
    }
}

fn mount(arguments: &[&str], folder: &Path) -> bool {
    let output = Command::new("mount").args(arguments).arg(folder).output();
    output.is_ok_and(|output| output.status.success())
}

#[test]
fn on_a_full_disk_it_stops_and_goes_on_when_there_is_room() {
    // Each journey finds another amount of room in each of its stretches: it ends in another place.
    let journeys = 6;
    let dovecot = dovecot(journeys);
    let mut stops = 0;
    for number in 0..journeys {
        let Some(disk) = Disk::mount() else { return };
        let desk = Desk::with_data(&dovecot, number, tempfile::tempdir().expect("a folder"), disk.path().to_owned());
        let room = std::array::from_fn::<_, STRETCHES, _>(|stretch| ((number * 5 + stretch * 7) % 24) as u64 * 8192);
        let mut journey = Journey::new(&desk, Disturbance::FullDisk(&disk, room));
        let outcome = journey.play();
        assert_eq!(compare(&outcome, &journey), 0, "nothing goes out that cannot be written down");
        stops += journey.deaths;
    }
    println!("{stops} times the disk was full");
    assert!(stops >= 2 * journeys as u32, "the disk was hardly ever full");
}

#[test]
fn on_a_full_disk_mail_is_not_sent_again_and_again() {
    let Some(disk) = Disk::mount() else { return };
    let dovecot = dovecot(1);
    let desk = Desk::with_data(&dovecot, 0, tempfile::tempdir().expect("a folder"), disk.path().to_owned());
    desk.deliver(0, &request("anna", "support", "first", "My printer is on fire", "It burns."));
    let mut daemon = Daemon::start(&desk);
    eventually("the mail is in", || desk.is_quiet(1).then_some(()));
    daemon.stop(&desk);
    // A supervisor that starts it anew and anew, while an answer waits, with less and less room.
    desk.done(&["case", "reply", "10001", "--as", "Kevin", "--text", "Please use the extinguisher."]);
    for room in (0..20).rev() {
        disk.fill(room * 16 * 1024);
        assert_eq!(Daemon::start(&desk).end().code(), Some(74), "{room}");
        disk.make_room();
    }
    assert_eq!(desk.sink.taken().len(), 1, "only the acknowledgement went out");
    let mut daemon = Daemon::start(&desk);
    eventually("the answer went out", || desk.is_quiet(2).then_some(()));
    daemon.stop(&desk);
    assert_eq!(desk.sink.taken().len(), 2);
}

#[test]
fn on_a_full_disk_large_mail_stays_on_the_server() {
    let Some(disk) = Disk::mount() else { return };
    let dovecot = dovecot(1);
    let desk = Desk::with_data(&dovecot, 0, tempfile::tempdir().expect("a folder"), disk.path().to_owned());
    let mut daemon = Daemon::start(&desk);
    for number in 0..12 {
        // What zstd cannot make small.
        let noise: String = (0..65_000).map(|_| format!("{:08x}", crate::lab::random())).collect::<Vec<_>>().join("");
        let lines: Vec<&str> =
            noise.as_bytes().chunks(70).map(|line| std::str::from_utf8(line).expect("hex")).collect();
        let name = format!("large{number}");
        desk.deliver(0, &request("anna", "support", &name, &name, &lines.join("\n")));
    }
    let status = daemon.end();
    assert_eq!(status.code(), Some(74), "{}", daemon.log());
    assert_eq!(daemon.log().matches("The disk is full").count(), 1, "it is told once\n{}", daemon.log());
    let journalled = desk.number("SELECT count(*) FROM ledger WHERE fate = 'journalled'");
    let filed = desk.client(0).folder("Processed").len() as u64;
    assert!(filed <= journalled && journalled < 12, "{filed} filed, {journalled} journalled");
    let output = desk.run(&["case", "list"]);
    assert!(output.status.success(), "one can look at a full disk: {}", String::from_utf8_lossy(&output.stderr));
    disk.remount("size=64m");
    let mut daemon = Daemon::start(&desk);
    eventually("all mail is in", || desk.is_quiet(12).then_some(()));
    daemon.stop(&desk);
    assert_eq!(desk.client(0).folder("Processed").len(), 12);
    assert_eq!(desk.number("SELECT count(*) FROM cases"), 12);
}

#[test]
fn on_a_read_only_disk_it_does_not_start() {
    let Some(disk) = Disk::mount() else { return };
    let dovecot = dovecot(1);
    let desk = Desk::with_data(&dovecot, 0, tempfile::tempdir().expect("a folder"), disk.path().to_owned());
    disk.remount("ro");
    desk.deliver(0, &request("anna", "support", "first", "My printer is on fire", "It burns."));
    for arguments in [&["run"][..], &["case", "note", "10001", "--as", "Kevin", "--text", "Hello."]] {
        let output = desk.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(77), "{arguments:?}: {said}");
        assert!(said.trim().lines().count() == 1 && said.contains("ead-only"), "{arguments:?}: {said}");
    }
    assert_eq!(desk.client(0).folder("INBOX").len(), 1);
    disk.remount("rw");
    let mut daemon = Daemon::start(&desk);
    eventually("the mail is in", || desk.is_quiet(1).then_some(()));
    daemon.stop(&desk);
    assert_eq!(desk.sink.taken().len(), 1);
}
