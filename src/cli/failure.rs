//! How a command ends: an exit code as in sysexits.h, and one clear message.

use std::process::ExitCode;

use crate::mailbox::{Trouble, TroubleKind};
use crate::store::StoreError;

/// sysexits.h, as far as it is used; 1 for "look here".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Done,
    /// All was asked and answered, and something needs attention.
    Attention,
    Usage,
    /// The input is there, and is not what it should be.
    Data,
    /// A file, an entry or a case that is not there.
    NoInput,
    Unavailable,
    /// A mistake in Postcase itself.
    Software,
    System,
    /// A file cannot be made.
    Create,
    Io,
    TryAgain,
    NotPermitted,
    Config,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Done => 0,
            Exit::Attention => 1,
            Exit::Usage => 64,
            Exit::Data => 65,
            Exit::NoInput => 66,
            Exit::Unavailable => 69,
            Exit::Software => 70,
            Exit::System => 71,
            Exit::Create => 73,
            Exit::Io => 74,
            Exit::TryAgain => 75,
            Exit::NotPermitted => 77,
            Exit::Config => 78,
        })
    }
}

/// Why a command did not do what was asked.
#[derive(Debug, Clone)]
pub struct Failure {
    pub exit: Exit,
    message: String,
}

impl Failure {
    pub fn new(exit: Exit, message: impl Into<String>) -> Failure {
        Failure { exit, message: message.into() }
    }

    /// To standard error, once.
    pub fn tell(&self) {
        super::show::remark(&self.message);
    }

    pub fn message(&self) -> &str {
        &self.message
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        let exit = match &error {
            StoreError::Full { .. }
            | StoreError::Disk { .. }
            | StoreError::Damaged { .. }
            | StoreError::Other { .. } => Exit::Io,
            StoreError::ReadOnly { .. } | StoreError::AnotherUser { .. } | StoreError::LockFile { .. } => {
                Exit::NotPermitted
            }
            StoreError::CannotOpen { .. } | StoreError::Exists { .. } => Exit::Create,
            StoreError::Missing { .. } | StoreError::NoBackup { .. } => Exit::NoInput,
            StoreError::SameFile { .. }
            | StoreError::InUse { .. }
            | StoreError::NotABackup { .. }
            | StoreError::DamagedBackup { .. }
            | StoreError::BackupOfTestCopy { .. } => Exit::Data,
            StoreError::NotOurs { .. }
            | StoreError::Newer { .. }
            | StoreError::Unreleased { .. }
            | StoreError::OtherInstance { .. }
            | StoreError::TestCopy { .. }
            | StoreError::NotACopy { .. }
            | StoreError::OtherMailbox { .. } => Exit::Config,
            StoreError::Locked { .. } | StoreError::Busy { .. } => Exit::TryAgain,
        };
        Failure::new(exit, error.to_string())
    }
}

/// What is told of a panic: where, and what, on one line; a stack trace helps nobody who reads it.
pub fn mistake(panic: &std::panic::PanicHookInfo<'_>) -> String {
    let place = panic.location().map(|place| format!(" ({}:{})", place.file(), place.line())).unwrap_or_default();
    format!("A mistake in Postcase: {}{place}. Please tell its makers.", panic.payload_as_str().unwrap_or("no message"))
}

/// The exit code for trouble with a server.
pub fn exit_of(trouble: &Trouble) -> Exit {
    match trouble.kind {
        TroubleKind::Unreachable | TroubleKind::Refused | TroubleKind::Throttled | TroubleKind::Protocol => {
            Exit::Unavailable
        }
        TroubleKind::Tls | TroubleKind::NoMailbox => Exit::Config,
        TroubleKind::Login => Exit::NotPermitted,
    }
}

/// The exit code for trouble with the SMTP server.
pub fn exit_of_smtp(trouble: &crate::smtp::SmtpTrouble) -> Exit {
    use crate::smtp::TroubleKind;

    match trouble.kind {
        TroubleKind::Unreachable | TroubleKind::Refused | TroubleKind::Protocol => Exit::Unavailable,
        TroubleKind::Tls => Exit::Config,
        TroubleKind::Login => Exit::NotPermitted,
    }
}
