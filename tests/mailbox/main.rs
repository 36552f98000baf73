//! The mailbox at its seam: real Dovecot (or a server that misbehaves) on one side, a ledger in memory on the
//! other. Names in the comments are those of the behaviours that a test shows.

#![allow(clippy::disallowed_methods, reason = "tests stand at the edge, where clocks and chance are")]

mod below_inbox;
mod comparing;
mod connecting;
#[path = "../desk/mod.rs"]
mod desk;
mod errands;
mod faults;
mod filing;
mod first_start;
#[path = "../lab/mod.rs"]
mod lab;
mod ledger;
mod rebuilt;
mod taking_in;
#[cfg(feature = "dkim")]
mod verifying;

use std::path::PathBuf;
use std::time::Duration;

use postcase::config::{Filing, Login, MailboxConfig, Security, Server, Start};
use postcase::mail::Address;
use postcase::mailbox::{Intake, follow};
use secrecy::SecretString;
use tokio::sync::oneshot;

use ledger::Ledger;

/// A configuration for the user `support` in plain text, polling often, taking in what is there.
pub fn plain(port: u16) -> MailboxConfig {
    MailboxConfig {
        name: "support".to_owned(),
        address: Address::parse("support@desk.test").expect("an address"),
        aliases: Vec::new(),
        server: server(port, Security::Plaintext, None),
        user: "support".to_owned(),
        login: Login::Password(SecretString::from("secret")),
        folder: "INBOX".to_owned(),
        start: Start::All,
        poll: Duration::from_millis(200),
        idle: true,
        filing: Filing::Leave,
        sent_folder: None,
        message_bytes: 1024 * 1024,
        trust: None,
        verify: None,
    }
}

pub fn server(port: u16, security: Security, ca_file: Option<PathBuf>) -> Server {
    Server { host: "localhost".to_owned(), port, security, ca_file, timeout: Duration::from_secs(20) }
}

/// A mailbox that is being followed. Ends as a killed process would when dropped.
pub struct Followed {
    task: tokio::task::JoinHandle<()>,
    stop: Option<oneshot::Sender<()>>,
}

impl Followed {
    pub fn start(config: &MailboxConfig, ledger: &Ledger) -> Followed {
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move {
            stopped.await.ok();
        };
        let intake = Intake(ledger.open());
        let task = tokio::spawn(follow(config.clone(), intake, jiff::Timestamp::now, shutdown));
        Followed { task, stop: Some(stop) }
    }

    /// Shuts down in order.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        let ended = tokio::time::timeout(lab::PATIENCE, &mut self.task).await;
        ended.expect("it ends promptly").expect("it does not panic");
    }

    /// Waits until it ends by itself.
    pub async fn end(&mut self) {
        let ended = tokio::time::timeout(lab::PATIENCE, &mut self.task).await;
        ended.expect("it ends by itself").expect("it does not panic");
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.task.abort();
    }
}
