//! What goes wrong with a mailbox, said to a person.

use crate::config::{MailboxConfig, Server};

/// A failure: one sentence with what to do about it. Never holds a password or mail content; what a server said
/// is cut to [`SAID_MAX`] characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Trouble {
    pub kind: TroubleKind,
    pub sentence: String,
}

/// What sort of failure it was; the command line chooses its exit code by this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TroubleKind {
    /// No connection, or one that ended or fell silent.
    Unreachable,
    /// No trustworthy encryption: certificate, CA file, STARTTLS not offered.
    Tls,
    /// The server does not accept user and password.
    Login,
    /// The folder cannot be opened.
    NoMailbox,
    /// The server answered NO or BAD; the connection goes on.
    Refused,
    /// The server refuses for now, whatever it is asked (throttling, over quota); the connection goes on.
    Throttled,
    /// What the server said is not IMAP, or beyond every bound.
    Protocol,
}

/// Characters of a server's text that are repeated.
pub const SAID_MAX: usize = 200;

impl Trouble {
    pub(super) fn new(kind: TroubleKind, sentence: impl Into<String>) -> Trouble {
        Trouble { kind, sentence: sentence.into() }
    }

    pub(super) fn unreachable(server: &Server, reason: &str) -> Trouble {
        let Server { host, port, .. } = server;
        let sentence =
            format!("{host}:{port} cannot be reached ({}); check `host`, `port` and the network", said(reason));
        Trouble::new(TroubleKind::Unreachable, sentence)
    }

    pub(super) fn lost(host: &str, during: &str, reason: &str) -> Trouble {
        let sentence =
            format!("the connection with {host} ended during {during} ({}); it is tried again", said(reason));
        Trouble::new(TroubleKind::Unreachable, sentence)
    }

    /// A tagged NO or BAD.
    pub(super) fn refused(host: &str, command: &str, text: &str) -> Trouble {
        let kind = if is_general(text) { TroubleKind::Throttled } else { TroubleKind::Refused };
        let sentence =
            format!("{host} refused {command} ({}); it is tried again, see the server's log if it stays", said(text));
        Trouble::new(kind, sentence)
    }

    pub(super) fn login(config: &MailboxConfig, text: &str) -> Trouble {
        let host = config.server.host.to_ascii_lowercase();
        // Google and Yahoo say so; Exchange Online refuses every password alike, and does not say so.
        let remedy = if text.to_ascii_lowercase().contains("application-specific password") {
            "make an app password for this account with the provider, and use that"
        } else if host.ends_with(".office365.com") || host.ends_with(".outlook.com") {
            "Exchange Online opens mailboxes to no password at all, only to OAuth2"
        } else {
            "check `user` and the password"
        };
        let sentence =
            format!("{} refused the login of {:?} ({}); {remedy}", config.server.host, config.user, said(text));
        Trouble::new(TroubleKind::Login, sentence)
    }

    pub(super) fn no_mailbox(config: &MailboxConfig, refused: &str) -> Trouble {
        // What to do about it is said here.
        let text = refused.split("; it is tried again").next().unwrap_or(refused);
        // Exchange Online says so when the user may log in but not open this mailbox.
        let remedy = if text.contains("authenticated but not connected") {
            "give the user access to this mailbox in Exchange"
        } else {
            "check `folder`, or create it"
        };
        let sentence = format!(
            "the folder {:?} of {:?} on {} cannot be opened ({}); {remedy}",
            config.folder,
            config.user,
            config.server.host,
            said(text)
        );
        Trouble::new(TroubleKind::NoMailbox, sentence)
    }

    pub(super) fn is_answer(&self) -> bool {
        matches!(self.kind, TroubleKind::Refused | TroubleKind::Throttled)
    }
}

/// One line of what a server or the system said, without control characters and error numbers, at most [`SAID_MAX`]
/// characters.
pub(super) fn said(text: &str) -> String {
    let text = text.split(" (os error").next().unwrap_or(text);
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SAID_MAX).collect();
    let line = line.trim();
    if line.is_empty() { "without a reason".to_owned() } else { line.to_owned() }
}

/// Response codes (RFC 5530 §3, and Exchange's THROTTLED) that concern no message in particular.
fn is_general(text: &str) -> bool {
    const CODES: [&str; 7] =
        ["UNAVAILABLE", "INUSE", "LIMIT", "THROTTLED", "OVERQUOTA", "AUTHORIZATIONFAILED", "EXPIRED"];
    let text = text.to_ascii_uppercase();
    CODES.iter().any(|code| text.contains(&format!("[{code}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_servers_say_is_cut_and_flattened() {
        assert_eq!(said("no\r\nway"), "no  way");
        assert_eq!(said(""), "without a reason");
        assert_eq!(said(&"é".repeat(1000)).chars().count(), SAID_MAX);
    }

    #[test]
    fn throttling_is_told_from_a_refused_message() {
        assert_eq!(Trouble::refused("h", "FETCH", "[THROTTLED] later").kind, TroubleKind::Throttled);
        assert_eq!(Trouble::refused("h", "FETCH", "some messages are gone").kind, TroubleKind::Refused);
    }

    #[test]
    fn what_large_providers_want_is_said() {
        let config = |host: &str| MailboxConfig {
            name: "support".to_owned(),
            address: crate::mail::Address::parse("support@desk.test").expect("an address"),
            aliases: Vec::new(),
            server: Server {
                host: host.to_owned(),
                port: 993,
                security: crate::config::Security::Tls,
                ca_file: None,
                timeout: std::time::Duration::from_secs(1),
            },
            user: "support".to_owned(),
            login: crate::config::Login::Password("secret".to_owned().into()),
            folder: "INBOX".to_owned(),
            start: crate::config::Start::New,
            poll: std::time::Duration::from_secs(60),
            idle: true,
            filing: crate::config::Filing::Leave,
            sent_folder: None,
            message_bytes: 1,
            trust: None,
            verify: None,
        };
        for (host, text, remedy) in [
            ("imap.gmail.com", "[ALERT] Application-specific password required (Failure)", "app password"),
            ("outlook.office365.com", "LOGIN failed.", "OAuth2"),
            ("mail.example.com", "[AUTHENTICATIONFAILED] no", "check `user`"),
        ] {
            let sentence = Trouble::login(&config(host), text).sentence;
            assert!(sentence.contains(remedy), "{sentence}");
        }
    }
}
