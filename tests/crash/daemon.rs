//! `postcase run`, and how it ends.

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, ExitStatus, Stdio};
use std::time::Duration;

use postcase::failpoint::Step;
use postcase::store::lock::holder;
use rustix::process::{Pid, Signal, kill_process};

use crate::desk::Desk;
use crate::lab::eventually;

/// A running daemon. Killed when it is dropped.
pub struct Daemon {
    child: Child,
    log: PathBuf,
}

/// When it reaches a step for the so-manieth time, and then so much later.
#[derive(Debug, Clone, Copy)]
pub struct FailAt {
    pub step: Step,
    pub times: u32,
    pub later: Duration,
}

impl FailAt {
    pub fn first(step: Step) -> FailAt {
        FailAt { step, times: 1, later: Duration::ZERO }
    }
}

impl Daemon {
    pub fn start(desk: &Desk) -> Daemon {
        Daemon::start_with(desk, None)
    }

    /// It dies at this point.
    pub fn start_with(desk: &Desk, fail_at: Option<FailAt>) -> Daemon {
        Daemon::start_as(desk, &["run"], fail_at)
    }

    pub fn start_as(desk: &Desk, arguments: &[&str], fail_at: Option<FailAt>) -> Daemon {
        let log = desk.path().join("log");
        let file = File::options().create(true).append(true).open(&log).expect("our own folder");
        let mut command = desk.postcase(arguments);
        if let Some(FailAt { step, times, later }) = fail_at {
            command.env("POSTCASE_FAIL_AT", format!("{}:{times}:{}", step.name(), later.as_millis()));
        }
        let child = command.stdout(Stdio::null()).stderr(file).spawn().expect("the program was built");
        Daemon { child, log }
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("our own child")
    }

    pub fn kill(&mut self) {
        self.child.kill().ok();
        self.child.wait().expect("our own child");
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("our own child");
    }

    /// Waits until it has the lock: from then on it listens to signals.
    pub fn until_it_decides(&mut self, desk: &Desk) {
        let pid = self.child.id().to_string();
        eventually("the daemon decides", || {
            let ended = self.ended();
            assert!(ended.is_none(), "the daemon ended: {ended:?}\n{}", self.log());
            (holder(&desk.database()) == Some(pid.clone())).then_some(())
        });
    }

    /// Waits for its end.
    pub fn end(&mut self) -> ExitStatus {
        let child = &mut self.child;
        eventually("the daemon ends", || child.try_wait().expect("our own child"))
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(&mut self, desk: &Desk) {
        self.until_it_decides(desk);
        self.signal(Signal::TERM);
        let status = self.end();
        assert!(status.success(), "after SIGTERM: {status:?}\n{}", self.log());
    }

    /// Everything that the daemons of this desk have said.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the daemon's log:\n{}", self.log());
        }
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

pub fn was_killed(status: ExitStatus) -> bool {
    status.signal() == Some(Signal::KILL.as_raw())
}
