//! Follows one mailbox for ever: connect, ask the ledger where to go on, read what is new, wait, again.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use jiff::Timestamp;
use tokio::time::Instant;
use tracing::{debug, info, warn};

use super::connection::connect;
use super::pass::{Memory, Pass, Position};
use super::session::{Access, Idled, Session};
use super::trouble::{Trouble, TroubleKind};
use super::verify::Verifier;
use super::{Intake, Opened, State, Stopped};
use crate::config::{Filing, MailboxConfig};
use crate::failpoint::{Step, reach};

/// An IDLE is renewed after this long at most: well under the 29 minutes of RFC 2177, and under the few minutes
/// after which many firewalls forget a quiet connection.
const RENEW: Duration = Duration::from_secs(5 * 60);
/// A server that does not answer DONE in this time is gone.
const DONE_WITHIN: Duration = Duration::from_secs(15);
/// The first pause after a failure; each further one is twice as long, up to `poll`.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Follows a mailbox until `shutdown` is ready or the journal is closed. Failures of the server or the network
/// never end it: they are reported as [`State::trouble`] and tried again, at the latest after `config.poll`.
///
/// Every message is handed to `intake` and its commit awaited before anything is done to the server's copy (B1).
/// Being dropped or shut down at any point loses nothing: the ledger says where to go on. `now` is asked only
/// for [`State::read_until`].
///
/// The IMAP library logs passwords at level trace under the target `async_imap`: a subscriber must leave that
/// target out.
pub async fn follow(config: MailboxConfig, intake: Intake, now: fn() -> Timestamp, shutdown: impl Future<Output = ()>) {
    let state = State { mailbox: config.name.clone(), connected: false, idle: false, read_until: None, trouble: None };
    let journal = intake.0.clone();
    let verifier = Verifier::new(config.verify.as_ref(), &config.name);
    let mut follower = Follower { config, intake, now, state, memory: Memory::default(), verifier };
    tokio::select! {
        biased;
        () = shutdown => {}
        () = journal.closed() => {}
        Stopped = follower.run() => {}
    }
    info!(mailbox = follower.config.name, "no longer followed");
}

struct Follower {
    config: MailboxConfig,
    intake: Intake,
    now: fn() -> Timestamp,
    state: State,
    memory: Memory,
    verifier: Option<Verifier>,
}

/// Why a connection ended.
pub(super) enum End {
    Trouble(Trouble),
    Stopped(Stopped),
}

impl From<Trouble> for End {
    fn from(trouble: Trouble) -> End {
        End::Trouble(trouble)
    }
}

impl From<Stopped> for End {
    fn from(stopped: Stopped) -> End {
        End::Stopped(stopped)
    }
}

impl Follower {
    async fn run(&mut self) -> Stopped {
        let mut failures = 0;
        loop {
            let begun = Instant::now();
            // The IMAP parser can panic on what a server says; that is a failure like others.
            let ended = AssertUnwindSafe(self.connection()).catch_unwind().await;
            let trouble = match ended {
                Ok(Ok(never)) => match never {},
                Ok(Err(End::Stopped(stopped))) => return stopped,
                Ok(Err(End::Trouble(trouble))) => trouble,
                Err(_) => {
                    let host = &self.config.server.host;
                    Trouble::new(TroubleKind::Protocol, format!("{host} said something that IMAP does not know"))
                }
            };
            failures = if begun.elapsed() > self.config.poll { 1 } else { failures + 1 };
            let pause = pause(failures, trouble.kind, self.config.poll);
            warn!(mailbox = self.config.name, pause = ?pause, "{trouble}");
            self.state.connected = false;
            self.state.idle = false;
            self.state.trouble = Some(trouble.sentence);
            if let Err(stopped) = self.report().await {
                return stopped;
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// One connection, from login to its failure.
    async fn connection(&mut self) -> Result<Infallible, End> {
        let mut session = connect(&self.config).await?;
        let access = if self.config.filing == Filing::ReadOnly { Access::Examine } else { Access::Select };
        let selected = session.open(&self.config, access).await?;
        reach(Step::Selected);
        let opened = Opened {
            mailbox: self.config.name.clone(),
            uid_validity: selected.uid_validity,
            uid_next: selected.uid_next,
            exists: selected.exists,
        };
        let resume = self.intake.opened(opened).await?;
        info!(
            mailbox = self.config.name,
            uid_validity = selected.uid_validity,
            messages = selected.exists,
            cursor = resume.cursor,
            first_start = resume.first_start,
            "connected"
        );
        let mut position = Position::new(selected, resume);
        if matches!(self.config.filing, Filing::ReadOnly | Filing::Leave) {
            position.unfiled.clear();
        }
        let mut may_idle = self.config.idle && session.capabilities.idle;
        self.state.connected = true;
        self.state.idle = may_idle;
        self.report().await?;
        loop {
            let began = (self.now)();
            let mut pass = Pass {
                config: &self.config,
                intake: &self.intake,
                session: &mut session,
                position: &mut position,
                memory: &mut self.memory,
                verifier: self.verifier.as_mut(),
                under_way: None,
            };
            pass.run().await?;
            self.state.read_until = Some(began);
            let unverified = self.verifier.as_mut().and_then(Verifier::trouble);
            self.state.trouble = self.memory.filing.trouble().or(unverified);
            self.state.idle = may_idle;
            self.report().await?;
            if !session.has_news() {
                may_idle = self.wait(&mut session, may_idle).await?;
            }
        }
    }

    /// Waits for news, at most until the next poll is due. Returns whether IDLE is of use on this connection.
    async fn wait(&self, session: &mut Session, may_idle: bool) -> Result<bool, Trouble> {
        let poll = self.config.poll;
        if !may_idle {
            tokio::time::sleep(poll).await;
            return Ok(false);
        }
        let done_within = DONE_WITHIN.min(self.config.server.timeout);
        match session.idle(poll.min(RENEW), done_within).await {
            Ok(Idled::Done) => Ok(true),
            Ok(Idled::EndedByServer) => {
                debug!(mailbox = self.config.name, "the server ends IDLE by itself; polling");
                Ok(false)
            }
            Err(trouble) if trouble.is_answer() => {
                info!(mailbox = self.config.name, "{trouble}; polling");
                Ok(false)
            }
            Err(trouble) => Err(trouble),
        }
    }

    async fn report(&self) -> Result<(), Stopped> {
        self.intake.state(self.state.clone()).await
    }
}

/// Exponential with jitter, so that many mailboxes do not return to a restarted server in step. Logins that were
/// refused wait the longest from the first: servers lock accounts that try too often (B9).
#[expect(clippy::disallowed_methods, reason = "jitter decides nothing but when to try again")]
fn pause(failures: u32, kind: TroubleKind, poll: Duration) -> Duration {
    let full = match kind {
        TroubleKind::Login | TroubleKind::NoMailbox | TroubleKind::Tls | TroubleKind::Throttled => poll,
        TroubleKind::Unreachable | TroubleKind::Refused | TroubleKind::Protocol => {
            FIRST_PAUSE.saturating_mul(1 << (failures.saturating_sub(1)).min(16)).min(poll)
        }
    };
    // Without randomness there is no jitter, which is no reason to fail.
    let jitter = f64::from(getrandom::u32().unwrap_or(u32::MAX)) / f64::from(u32::MAX);
    full.mul_f64(0.5 + jitter / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_poll_interval() {
        let poll = Duration::from_secs(60);
        for failures in 1..40 {
            let pause = pause(failures, TroubleKind::Unreachable, poll);
            assert!(pause <= poll && pause >= FIRST_PAUSE / 2, "{failures}: {pause:?}");
        }
        assert!(pause(1, TroubleKind::Unreachable, poll) <= FIRST_PAUSE);
        assert!(pause(9, TroubleKind::Unreachable, poll) >= poll / 2);
        assert!(pause(1, TroubleKind::Login, poll) >= poll / 2);
    }
}
