//! What ails the connection to the SMTP server: one sentence for a person, with the remedy.

use crate::config::Server;
use crate::tls::TlsError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TroubleKind {
    /// No connection, or it ended.
    Unreachable,
    /// No encryption, or a certificate that does not match.
    Tls,
    /// The login was refused.
    Login,
    /// The server does not want to talk to us, or not about mail of this sender.
    Refused,
    /// What came back is not SMTP.
    Protocol,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct SmtpTrouble {
    pub kind: TroubleKind,
    sentence: String,
}

impl SmtpTrouble {
    fn new(kind: TroubleKind, sentence: String) -> SmtpTrouble {
        SmtpTrouble { kind, sentence }
    }

    pub(super) fn unreachable(server: &Server, reason: &str) -> SmtpTrouble {
        let reason = reason.split(" (os error").next().unwrap_or(reason);
        let sentence = format!(
            "the SMTP server {}:{} cannot be reached ({reason}); check `host` and `port`, and that it is up",
            server.host, server.port
        );
        SmtpTrouble::new(TroubleKind::Unreachable, sentence)
    }

    pub(super) fn tls(error: &TlsError) -> SmtpTrouble {
        SmtpTrouble::new(TroubleKind::Tls, error.to_string())
    }

    pub(super) fn no_starttls(server: &Server, reason: &str) -> SmtpTrouble {
        let sentence = format!(
            "the SMTP server {} does not start TLS on port {} ({reason}); use its TLS port with security = \"tls\"",
            server.host, server.port
        );
        SmtpTrouble::new(TroubleKind::Tls, sentence)
    }

    pub(super) fn login(server: &Server, user: &str, reply: &str) -> SmtpTrouble {
        let said = reply.to_ascii_lowercase();
        // 5.7.139 is Exchange Online's own; Google and Yahoo ask for the other one by name.
        let remedy = if said.contains("5.7.139") {
            "switch authenticated SMTP on for this mailbox in Exchange, see aka.ms/smtp_auth_disabled"
        } else if said.contains("application-specific password") {
            "make an app password for this account with the provider, and use that"
        } else {
            "correct the user or the password"
        };
        let sentence = format!("the SMTP server {} refuses the login of {user} ({reply}); {remedy}", server.host);
        SmtpTrouble::new(TroubleKind::Login, sentence)
    }

    pub(super) fn no_way_to_log_in(server: &Server) -> SmtpTrouble {
        let sentence = format!(
            "the SMTP server {} offers no login by password on port {}; use its submission port, or remove `user`",
            server.host, server.port
        );
        SmtpTrouble::new(TroubleKind::Login, sentence)
    }

    pub(super) fn wants_login(server: &Server, reply: &str) -> SmtpTrouble {
        let sentence = format!(
            "the SMTP server {} takes mail only after a login ({reply}); set `user` and its password",
            server.host
        );
        SmtpTrouble::new(TroubleKind::Login, sentence)
    }

    pub(super) fn refused(server: &Server, reply: &str) -> SmtpTrouble {
        let sentence = format!(
            "the SMTP server {} turns us away ({reply}); ask its administrator to let this machine send",
            server.host
        );
        SmtpTrouble::new(TroubleKind::Refused, sentence)
    }

    pub(super) fn sender_refused(server: &Server, sender: Option<&str>, reply: &str) -> SmtpTrouble {
        let sentence = match sender {
            Some(sender) => format!(
                "the SMTP server {} takes no mail from {sender} ({reply}); log in as a user who may send from it",
                server.host
            ),
            None => format!(
                "the SMTP server {} takes no mail with the null reverse-path ({reply}); \
                 set reverse_path = \"desk\" in the section [acknowledgement] of desk.toml",
                server.host
            ),
        };
        SmtpTrouble::new(TroubleKind::Refused, sentence)
    }

    pub(super) fn protocol(server: &Server, reason: &str) -> SmtpTrouble {
        let sentence = format!(
            "{}:{} does not speak SMTP as expected ({reason}); check `port` and `security`",
            server.host, server.port
        );
        SmtpTrouble::new(TroubleKind::Protocol, sentence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Security;

    #[test]
    fn what_large_providers_want_is_said() {
        let server = Server {
            host: "smtp.example.com".to_owned(),
            port: 587,
            security: Security::StartTls,
            ca_file: None,
            timeout: std::time::Duration::from_secs(1),
        };
        for (reply, remedy) in [
            (
                "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
                "in Exchange",
            ),
            ("534-5.7.9 Application-specific password required.", "app password"),
            ("535 5.7.8 Error: authentication failed", "correct the user"),
        ] {
            let sentence = SmtpTrouble::login(&server, "desk", reply).to_string();
            assert!(sentence.contains(remedy) && sentence.contains(reply), "{sentence}");
        }
    }
}
