//! `postcase.toml`: servers, secrets, storage. Read at the start; changes need a restart.

mod alarm;
mod read;
mod secret;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

pub use secret::Environment;

use crate::mail::Address;
use crate::mail::authentication::Trust;

#[derive(Debug, Clone)]
pub struct Config {
    /// The file it was read from.
    pub path: PathBuf,
    /// `database`: the SQLite file; relative paths are relative to the configuration file.
    pub database: PathBuf,
    /// `rules`: the folder of the rule files.
    pub rules: PathBuf,
    pub mailboxes: Vec<MailboxConfig>,
    pub smtp: SmtpConfig,
    pub alarm: AlarmConfig,
}

/// `[alarm]`: who is told when something is wrong, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmConfig {
    pub administrators: Vec<Address>,
    /// A program and its arguments; relative programs are relative to the configuration file.
    pub command: Option<Vec<String>>,
    /// How long a server may fail before it is told.
    pub after: Duration,
    /// How often a trouble that lasts is told again.
    pub repeat: Duration,
    /// Working time without mail after which it is told, by mailbox; those that are not here may be silent.
    pub no_mail_after: BTreeMap<String, Duration>,
    /// Bytes; zero: never.
    pub disk_below: u64,
}

impl Default for AlarmConfig {
    fn default() -> AlarmConfig {
        AlarmConfig {
            administrators: Vec::new(),
            command: None,
            after: Duration::from_secs(10 * 60),
            repeat: Duration::from_secs(4 * 3600),
            no_mail_after: BTreeMap::new(),
            disk_below: 200 << 20,
        }
    }
}

/// `[[mailbox]]`: an IMAP folder that is watched.
#[derive(Debug, Clone)]
pub struct MailboxConfig {
    /// Unique; stands in the ledger, so it does not change.
    pub name: String,
    /// The support address whose mail lands here.
    pub address: Address,
    pub aliases: Vec<Address>,
    pub server: Server,
    /// Login name; may differ from the address and from the mailbox's owner.
    pub user: String,
    pub login: Login,
    /// The folder: `INBOX` by default.
    pub folder: String,
    pub start: Start,
    /// The safety poll, and the poll where there is no IDLE.
    pub poll: Duration,
    /// False: never IDLE, only poll.
    pub idle: bool,
    pub filing: Filing,
    /// A folder to which a copy of what we sent is appended (B28).
    pub sent_folder: Option<String>,
    /// Bytes; larger messages are taken in as a stub and stay on the server.
    pub message_bytes: u64,
    /// `authserv` or `trusted`: whose Authentication-Results count for mail from here (B30). None: nobody's.
    pub trust: Option<Trust>,
    /// Whether signatures are checked when mail is taken in. None: what servers found out has to do.
    pub verify: Option<Verify>,
}

/// `verify`: what Postcase finds out itself about who wrote a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verify {
    /// Signatures of the domain (RFC 6376). `resolver`: the DNS server that is asked for keys; None: the machine's own.
    Dkim { resolver: Option<SocketAddr> },
}

/// How a client proves who it is. The seam for OAuth2: new ways are new variants.
#[derive(Debug, Clone)]
pub enum Login {
    Password(SecretString),
}

#[derive(Debug, Clone)]
pub struct Server {
    pub host: String,
    pub port: u16,
    pub security: Security,
    /// PEM file with certificate authorities that are trusted beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Silence on the connection longer than this ends it.
    pub timeout: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte.
    Tls,
    /// STARTTLS, or nothing: never falls back to plain text.
    StartTls,
    /// No encryption, asked for by name (`security = "plaintext"`).
    Plaintext,
}

/// What becomes of mail that was there before the first start (B10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Recorded as skipped.
    New,
    All,
    /// Taken in when INTERNALDATE is not before this.
    Since(jiff::Timestamp),
}

/// What becomes of the server's copy once it is journalled (B8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filing {
    /// Not even opened for writing (EXAMINE): for trials and test copies. Not said in the file.
    ReadOnly,
    Leave,
    MarkSeen,
    Move(String),
    Delete,
}

#[derive(Debug, Clone)]
pub struct SmtpConfig {
    pub server: Server,
    /// None: no AUTH.
    pub user: Option<String>,
    pub login: Option<Login>,
    /// The name in EHLO; the machine's when None.
    pub helo: Option<String>,
}
