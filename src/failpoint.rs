//! Fail-points: every I/O step of a journey has a name, at which a test can end the process as a power cut would.
//!
//! In debug builds, `POSTCASE_FAIL_AT=fetched` kills the process with SIGKILL when that step is first reached,
//! `fetched:3` at the third time, `fetched:3:200` then, but 200 ms later: whoever runs ahead of the step without
//! waiting for it is seen. In release builds reaching a step costs nothing and does nothing.

/// A step of the journey after which the process may die. The crash test dies after each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Logged in and selected.
    Selected,
    /// New UIDs are listed.
    Listed,
    /// Messages were fetched, nothing is journalled.
    Fetched,
    /// The journal's rows are written, not committed.
    JournalWritten,
    /// Commit 1 is done, the mailbox does not know yet.
    JournalCommitted,
    /// The mailbox knows, nothing is filed.
    BeforeFiling,
    /// The server's copy is moved, flagged or deleted, the ledger does not know.
    Filed,
    /// A mark is committed, reading has not begun.
    Marked,
    /// Everything of the group is read.
    Read,
    /// Effects and letters are written, not committed.
    DecisionWritten,
    /// Commit 2 is done.
    DecisionCommitted,
    /// Timers that fell due are in the journal, not committed.
    TimersWritten,
    /// They are committed, nothing is decided.
    TimersCommitted,
    /// Alarms are raised, not committed.
    AlarmWritten,
    /// Alarms are committed, nobody was told.
    AlarmCommitted,
    /// The alarm command has ended, nothing is written down.
    AlarmTold,
    /// A command's entry is committed, nobody has decided.
    CommandCommitted,
    /// A mail was taken from the outbox for an attempt.
    OutboxClaimed,
    /// Connected to the SMTP server, greeted.
    SmtpConnected,
    /// MAIL and RCPT were answered.
    SmtpEnvelope,
    /// The server said yes after the final dot, nothing is written down (the exception of L3).
    SmtpAccepted,
    /// The outcome is written, not committed.
    OutcomeWritten,
    /// The outcome is committed.
    OutcomeCommitted,
    /// A copy was appended to the Sent folder, nothing is written down.
    SentAppended,
    /// New rules are written down, not committed.
    ReloadWritten,
    /// They are committed; nothing was decided by them.
    ReloadCommitted,
    /// The copy of a backup is made ready, nothing is in place.
    RestorePrepared,
    /// The database that is replaced has its second name.
    RestoreSetAside,
    /// The backup has the database's name.
    RestoreInPlace,
}

impl Step {
    pub const ALL: [Step; 29] = [
        Step::Selected,
        Step::Listed,
        Step::Fetched,
        Step::JournalWritten,
        Step::JournalCommitted,
        Step::BeforeFiling,
        Step::Filed,
        Step::Marked,
        Step::Read,
        Step::DecisionWritten,
        Step::DecisionCommitted,
        Step::TimersWritten,
        Step::TimersCommitted,
        Step::AlarmWritten,
        Step::AlarmCommitted,
        Step::AlarmTold,
        Step::CommandCommitted,
        Step::OutboxClaimed,
        Step::SmtpConnected,
        Step::SmtpEnvelope,
        Step::SmtpAccepted,
        Step::OutcomeWritten,
        Step::OutcomeCommitted,
        Step::SentAppended,
        Step::ReloadWritten,
        Step::ReloadCommitted,
        Step::RestorePrepared,
        Step::RestoreSetAside,
        Step::RestoreInPlace,
    ];

    /// As written in `POSTCASE_FAIL_AT`.
    pub fn name(self) -> &'static str {
        match self {
            Step::Selected => "selected",
            Step::Listed => "listed",
            Step::Fetched => "fetched",
            Step::JournalWritten => "journal-written",
            Step::JournalCommitted => "journal-committed",
            Step::BeforeFiling => "before-filing",
            Step::Filed => "filed",
            Step::Marked => "marked",
            Step::Read => "read",
            Step::DecisionWritten => "decision-written",
            Step::DecisionCommitted => "decision-committed",
            Step::TimersWritten => "timers-written",
            Step::TimersCommitted => "timers-committed",
            Step::AlarmWritten => "alarm-written",
            Step::AlarmCommitted => "alarm-committed",
            Step::AlarmTold => "alarm-told",
            Step::CommandCommitted => "command-committed",
            Step::OutboxClaimed => "outbox-claimed",
            Step::SmtpConnected => "smtp-connected",
            Step::SmtpEnvelope => "smtp-envelope",
            Step::SmtpAccepted => "smtp-accepted",
            Step::OutcomeWritten => "outcome-written",
            Step::OutcomeCommitted => "outcome-committed",
            Step::SentAppended => "sent-appended",
            Step::ReloadWritten => "reload-written",
            Step::ReloadCommitted => "reload-committed",
            Step::RestorePrepared => "restore-prepared",
            Step::RestoreSetAside => "restore-set-aside",
            Step::RestoreInPlace => "restore-in-place",
        }
    }
}

/// Says that `step` is reached; may not return.
#[cfg(debug_assertions)]
pub fn reach(step: Step) {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    struct Wanted {
        step: String,
        times: u32,
        later: Duration,
    }

    static WANTED: LazyLock<Option<Wanted>> = LazyLock::new(|| {
        let wanted = std::env::var("POSTCASE_FAIL_AT").ok()?;
        let mut parts = wanted.split(':');
        let step = parts.next()?.to_owned();
        let mut number = |otherwise| parts.next().and_then(|part| part.parse().ok()).unwrap_or(otherwise);
        let times = number(1);
        Some(Wanted { step, times, later: Duration::from_millis(number(0).into()) })
    });
    static REACHED: AtomicU32 = AtomicU32::new(0);
    let Some(wanted) = WANTED.as_ref() else { return };
    if wanted.step == step.name() && REACHED.fetch_add(1, Ordering::SeqCst) + 1 == wanted.times {
        std::thread::sleep(wanted.later);
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL).ok();
        loop {
            std::thread::park();
        }
    }
}

#[cfg(not(debug_assertions))]
pub fn reach(_step: Step) {}
