//! The tasks around the engine: one for each mailbox, and the couriers.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};
use tracing::error;

use super::Report;
use crate::config::{Config, MailboxConfig};
use crate::engine::Clock;
use crate::mailbox::{self, Intake, State};
use crate::smtp::{Attempt, Bar, Courier, Outgoing, Patience};
use crate::store::outbox::Due;

/// How long a mailbox rests whose task had a fault.
const AFTER_FAULT: Duration = Duration::from_secs(60);

/// Follows a mailbox until told to stop, whatever happens: a fault in following one mail is no reason to overlook all
/// that come after it.
pub(super) async fn keep_following(mailbox: MailboxConfig, intake: Intake, stopped: watch::Receiver<bool>) {
    loop {
        let mut told = stopped.clone();
        let stop = async move {
            let _ = told.wait_for(|stopped| *stopped).await;
        };
        let following = mailbox::follow(mailbox.clone(), intake.clone(), || Clock::System.now(), stop);
        if tokio::spawn(following).await.is_ok() {
            return;
        }
        error!(mailbox = mailbox.name, "following the mailbox failed; it is begun anew");
        let state = State {
            mailbox: mailbox.name.clone(),
            connected: false,
            idle: false,
            read_until: None,
            trouble: Some("Following this mailbox failed inside Postcase; it is begun anew every minute.".to_owned()),
        };
        let mut told = stopped.clone();
        tokio::select! {
            _ = told.wait_for(|stopped| *stopped) => return,
            () = async {
                let _ = intake.state(state).await;
                tokio::time::sleep(AFTER_FAULT).await;
            } => {}
        }
    }
}

/// Mails that wait at one courier, at most. A death may double those whose outcome is not written down (L3), so few.
const AT_HAND: usize = 16;

/// A courier task, as the engine sees it.
pub(super) struct Bench {
    mails: mpsc::Sender<Outgoing>,
    /// In the order in which they were handed over; each is reported once.
    pub under_way: VecDeque<Due>,
    /// Lowered at the end: no further mail passes its final dot.
    pub bar: Bar,
    pub task: tokio::task::JoinHandle<()>,
}

impl Bench {
    pub fn new(
        index: usize,
        config: &Config,
        patience: Patience,
        reports: &mpsc::Sender<Report>,
        handle: &Handle,
    ) -> Bench {
        let (mails, waiting) = mpsc::channel::<Outgoing>(AT_HAND);
        let courier = Courier::with_patience(config.smtp.clone(), patience);
        let bar = courier.bar();
        let task = handle.spawn(carry(index, courier, waiting, reports.clone()));
        Bench { mails, under_way: VecDeque::new(), bar, task }
    }

    /// How many mails more it takes.
    pub fn room(&self) -> usize {
        AT_HAND.saturating_sub(self.under_way.len())
    }

    pub fn hand_over(&mut self, due: Due) {
        let outgoing = Outgoing {
            id: due.id.0,
            reverse_path: due.reverse_path.clone(),
            recipients: due.recipients.clone(),
            bytes: due.bytes.clone(),
            envelope_id: due.message_id.0.clone(),
        };
        // A courier that has ended takes nothing: the mail waits for the next start.
        if self.mails.try_send(outgoing).is_ok() {
            self.under_way.push_back(due);
        }
    }
}

async fn carry(
    index: usize,
    mut courier: Courier,
    mut waiting: mpsc::Receiver<Outgoing>,
    reports: mpsc::Sender<Report>,
) {
    while let Some(mail) = next_mail(&mut waiting, &mut courier).await {
        let attempt = AssertUnwindSafe(courier.deliver(&mail)).catch_unwind().await;
        // How far it came is not known, so somebody may get it twice; but it must not be forgotten.
        let attempt = attempt.unwrap_or_else(|_| Attempt::broken_off(&mail));
        let trouble = attempt.trouble.is_some();
        // At once where there is room, and there is: what is known must not be lost to an end at this moment.
        let told = match reports.try_send(Report::Mail(index, attempt)) {
            Err(TrySendError::Full(report)) => reports.send(report).await.is_ok(),
            Err(TrySendError::Closed(_)) => false,
            Ok(()) => true,
        };
        if !told {
            return;
        }
        // A server in trouble is left alone: what waits here goes back untried.
        while trouble && waiting.try_recv().is_ok() {
            if reports.send(Report::Untried(index)).await.is_err() {
                return;
            }
        }
    }
}

/// Waits for the next mail; says goodbye to the server when none comes for a while.
async fn next_mail(waiting: &mut mpsc::Receiver<Outgoing>, courier: &mut Courier) -> Option<Outgoing> {
    loop {
        let Some(idle_until) = courier.idle_until() else { return waiting.recv().await };
        tokio::select! {
            mail = waiting.recv() => return mail,
            () = tokio::time::sleep_until(idle_until) => courier.close().await,
        }
    }
}
