//! SMTP: one envelope at a time, each recipient's verdict apart (B28).
//!
//! A [`Courier`] holds at most one connection. While it delivers, the connection belongs to the delivery: whatever
//! ends the delivery early (an error, a deadline, the caller who drops the future) ends the connection with it, so
//! that no reply can ever be taken for the reply to something else.

mod bar;
mod connection;
mod reply;
mod transaction;
mod trouble;
mod wire;

use std::time::Duration;

use tokio::time::Instant;

pub use bar::{Bar, Beneath};
pub use trouble::{SmtpTrouble, TroubleKind};

use self::connection::Connection;
use self::transaction::Transaction;
use crate::config::SmtpConfig;
use crate::failpoint::{self, Step};
use crate::mail::Address;

/// One mail as the outbox hands it over: the bytes are the same at every attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    pub id: u64,
    /// None: the null reverse-path (RFC 5321 §4.5.5).
    pub reverse_path: Option<Address>,
    /// At least one; only those that still wait.
    pub recipients: Vec<Address>,
    /// RFC 5322, CRLF line ends, not dot-stuffed.
    pub bytes: Vec<u8>,
    /// ENVID (RFC 3461 §4.4), where the server offers DSN: our signed Message-ID, so that a report which returns
    /// nothing of the mail still finds its case (B15).
    pub envelope_id: String,
}

/// What the server said to one recipient of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// 250 after the final dot.
    Accepted { reply: String },
    /// 4xx, a connection that failed before the final dot, a server that was not reached: to be tried again.
    Deferred { reply: String },
    /// 5xx: final.
    Refused { reply: String },
    /// The connection ended after the final dot and before the reply: sent again with the same Message-ID (L3).
    Unknown { reply: String },
}

/// One attempt at one mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// One for each recipient, in their order.
    pub verdicts: Vec<(Address, Delivery)>,
    /// What ails the connection or the login, as opposed to this mail: for `status`. One sentence with its remedy.
    pub trouble: Option<String>,
    pub begun: Begun,
}

/// Whether an attempt came as far as the mail itself. Otherwise the mail had none, and is no nearer to being given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    No,
    /// The server took the sender. What ends the connection after that may be this mail: a mail that always does
    /// must not be tried every half minute for ever.
    Yes,
}

/// How long each stage may take. RFC 5321 §4.5.3.2 allows minutes; the command's limit is the configured `timeout`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// To the server, and through the TLS handshake.
    pub connect: Duration,
    /// For the reply to any command, and for the greeting.
    pub command: Duration,
    /// For handing over the text up to the final dot.
    pub text: Duration,
    /// For the reply after the final dot: 10 minutes (RFC 5321 §4.5.3.2.6), as too short a wait doubles mail.
    pub final_dot: Duration,
    /// An idle connection is not used again after this.
    pub idle: Duration,
}

impl Patience {
    /// As configured, and as RFC 5321 has it.
    pub fn of(config: &SmtpConfig) -> Patience {
        let command = config.server.timeout;
        Patience {
            connect: Duration::from_secs(30).min(command),
            command,
            text: Duration::from_secs(180).max(command),
            final_dot: Duration::from_secs(600),
            idle: Duration::from_secs(60),
        }
    }
}

/// Mails that one connection carries.
const MAILS: u32 = 100;

/// Delivers mails, one at a time.
pub struct Courier {
    config: SmtpConfig,
    patience: Patience,
    connection: Option<Connection>,
    bar: Bar,
}

impl Courier {
    /// Connects with the first mail.
    pub fn new(config: SmtpConfig) -> Courier {
        let patience = Patience::of(&config);
        Courier::with_patience(config, patience)
    }

    pub fn with_patience(config: SmtpConfig, patience: Patience) -> Courier {
        Courier { config, patience, connection: None, bar: Bar::default() }
    }

    /// To be lowered before [`Courier::deliver`] is ended from outside. Where a dot is out by then, it should be waited
    /// for a while; ending it earlier costs nothing.
    pub fn bar(&self) -> Bar {
        self.bar.clone()
    }

    /// Tries once. Takes at most the sum of the stages' limits; may be dropped at any moment (see
    /// [`Courier::bar`] for the one in which it should not be).
    pub async fn deliver(&mut self, mail: &Outgoing) -> Attempt {
        let mut connection = match self.connect().await {
            Ok(connection) => connection,
            Err(trouble) => return Attempt::put_off(mail, &trouble),
        };
        let dot = FinalDot(&self.bar);
        let (attempt, fate) = Transaction::new(mail, &self.config, &self.patience, &dot).run(&mut connection).await;
        if attempt.verdicts.iter().any(|(_, verdict)| matches!(verdict, Delivery::Accepted { .. })) {
            failpoint::reach(Step::SmtpAccepted);
        }
        // From here on nothing waits: a verdict that is known must not be lost to whoever drops this future.
        if fate == Fate::Usable {
            connection.rest();
            self.connection = Some(connection);
        }
        attempt
    }

    /// When the connection should be [closed](Courier::close) unless more mail comes; None while there is none.
    pub fn idle_until(&self) -> Option<Instant> {
        self.connection.as_ref().map(|connection| connection.resting_since() + self.patience.idle)
    }

    /// Says goodbye, and waits for no more than a moment.
    pub async fn close(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.quit().await;
        }
    }

    /// The connection that rests, if it is still good; else a new one.
    async fn connect(&mut self) -> Result<Connection, SmtpTrouble> {
        if let Some(mut connection) = self.connection.take() {
            let fresh = connection.resting_since().elapsed() < self.patience.idle;
            match fresh && connection.mails() < MAILS {
                true if connection.reset(&self.patience).await => return Ok(connection),
                // The server closed it meanwhile, as servers do.
                true => {}
                false => connection.quit().await,
            }
        }
        Connection::open(&self.config, &self.patience, &self.bar).await
    }
}

/// Connects, logs in, and says goodbye: for `postcase check`.
///
/// # Errors
/// What stands in the way, with its remedy.
pub async fn probe(config: &SmtpConfig) -> Result<(), SmtpTrouble> {
    let patience = Patience::of(config);
    let mut connection = Connection::open(config, &patience, &Bar::default()).await?;
    if !connection.noop(&patience).await {
        return Err(SmtpTrouble::protocol(&config.server, "it does not answer after the login"));
    }
    connection.quit().await;
    Ok(())
}

/// Whether a connection may be used after a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Usable,
    Spent,
}

/// Raised while a final dot is out; lowered however that ends.
struct FinalDot<'a>(&'a Bar);

impl FinalDot<'_> {
    fn raise(&self) {
        self.0.pass();
    }

    fn is_raised(&self) -> bool {
        self.0.is_dot_out()
    }
}

impl Drop for FinalDot<'_> {
    fn drop(&mut self) {
        self.0.clear();
    }
}

impl Attempt {
    /// It ended in the middle, nobody knows where.
    pub fn broken_off(mail: &Outgoing) -> Attempt {
        let reply = "sending it failed in a way that must not happen; the log has more".to_owned();
        let unknown = |recipient: &Address| (recipient.clone(), Delivery::Unknown { reply: reply.clone() });
        let verdicts = mail.recipients.iter().map(unknown).collect();
        Attempt { verdicts, trouble: Some(reply.clone()), begun: Begun::Yes }
    }

    /// Nothing was sent.
    fn put_off(mail: &Outgoing, trouble: &SmtpTrouble) -> Attempt {
        let put_off = |recipient: &Address| (recipient.clone(), Delivery::Deferred { reply: trouble.to_string() });
        let verdicts = mail.recipients.iter().map(put_off).collect();
        Attempt { verdicts, trouble: Some(trouble.to_string()), begun: Begun::No }
    }
}
