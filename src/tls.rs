//! What the clients of both protocols stand on. TLS: one place says whom we trust, and says why when we do not; and
//! sockets that notice when the other side is gone.
//!
//! Trusted are the system's certificate authorities and, beside them, those in `ca_file`. There is no way to
//! switch verification off.

use std::error::Error as StdError;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::CertificateError;
use rustls::ClientConfig;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::server::ParsedCertificate;
use rustls::{DigitallySignedStruct, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::config::Server;

/// Why there is no TLS with a server: one sentence for a person, with the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    #[error("ca_file {} cannot be read: {reason}; correct the path or its permissions", path.display())]
    CaFileUnreadable { path: PathBuf, reason: String },
    #[error("ca_file {} holds no usable certificate ({reason}); it must be a PEM file with BEGIN CERTIFICATE blocks", path.display())]
    CaFileUseless { path: PathBuf, reason: String },
    #[error(
        "no certificate authorities were found on this system ({reason}); install the package ca-certificates, or set ca_file"
    )]
    NoAuthorities { reason: String },
    #[error("{host:?} is no host name; correct `host`")]
    NoHostName { host: String },
    #[error("the certificate of {host} is made out to {presented}; set `host` to the name in the certificate")]
    WrongName { host: String, presented: String },
    #[error(
        "the certificate of {host} comes from an authority that this system does not trust; \
         if it is your own, set ca_file to the authority's certificate"
    )]
    UnknownIssuer { host: String },
    #[error("the certificate of {host} is expired or not yet valid; renew it there, or set the clock here")]
    OutOfDate { host: String },
    #[error("the certificate of {host} is not acceptable ({reason}); it must be replaced there")]
    BadCertificate { host: String, reason: String },
    #[error(
        "no TLS with {host}: {reason}; check that this port speaks TLS from the first byte \
         (security = \"tls\"), or else use \"starttls\""
    )]
    Handshake { host: String, reason: String },
}

/// A peer that vanished without a word is noticed after about two minutes, and a quiet connection is not forgotten by
/// firewalls on the way: IDLE, and the wait for the verdict on a mail, are silent for longer.
pub fn keep_alive(stream: &TcpStream) {
    use rustix::net::sockopt::{set_socket_keepalive, set_tcp_keepcnt, set_tcp_keepidle, set_tcp_keepintvl};
    let set = || {
        set_tcp_keepidle(stream, Duration::from_secs(60))?;
        set_tcp_keepintvl(stream, Duration::from_secs(15))?;
        set_tcp_keepcnt(stream, 4)?;
        set_socket_keepalive(stream, true)
    };
    // Every wait has its own limit as well; without this one it is only found out later.
    if let Err(error) = set() {
        tracing::debug!(%error, "no keep-alive on a connection");
    }
}

/// Speaks TLS on a connected `stream`. Verifies the certificate against `server.host`. Sets no time limit.
pub async fn connect<S>(server: &Server, stream: S) -> Result<TlsStream<S>, TlsError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let connector = connector(server)?;
    let name = server_name(server)?;
    connector.connect(name, stream).await.map_err(|error| {
        diagnose(&server.host, &error)
            .unwrap_or_else(|| TlsError::Handshake { host: server.host.clone(), reason: error.to_string() })
    })
}

/// A client that trusts the system's authorities and those of `server.ca_file`. Reads both anew every time, so
/// that renewed files need no restart.
pub fn connector(server: &Server) -> Result<TlsConnector, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = verifier(server, provider.clone())?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the ring provider has the cipher suites of TLS 1.2 and 1.3")
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The name, or the IP address, that the certificate must carry.
pub fn server_name(server: &Server) -> Result<ServerName<'static>, TlsError> {
    ServerName::try_from(server.host.clone()).map_err(|_| TlsError::NoHostName { host: server.host.clone() })
}

/// The certificates in `server.ca_file`; none when it is not set.
pub fn extra_authorities(server: &Server) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    server.ca_file.as_deref().map_or(Ok(Vec::new()), read_authorities)
}

/// Finds a TLS failure in `error` or in what caused it, and says it in words for a person. None when TLS is not
/// to blame.
pub fn diagnose(host: &str, error: &(dyn StdError + 'static)) -> Option<TlsError> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let tls = match inner {
            Some(inner) => inner.downcast_ref::<rustls::Error>(),
            None => error.downcast_ref::<rustls::Error>(),
        };
        if let Some(tls) = tls {
            return Some(explain(host, tls));
        }
        cause = error.source();
    }
    None
}

fn explain(host: &str, error: &rustls::Error) -> TlsError {
    let host = host.to_owned();
    let rustls::Error::InvalidCertificate(certificate) = error else {
        return TlsError::Handshake { host, reason: why(error) };
    };
    match certificate {
        CertificateError::NotValidForName => TlsError::WrongName { host, presented: "another name".to_owned() },
        CertificateError::NotValidForNameContext { presented, .. } => {
            TlsError::WrongName { host, presented: names(presented) }
        }
        CertificateError::UnknownIssuer => TlsError::UnknownIssuer { host },
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => TlsError::OutOfDate { host },
        other => TlsError::BadCertificate { host, reason: why_not(other) },
    }
}

/// In words: rustls prints the names of its own types.
fn why(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidMessage(_) | rustls::Error::InappropriateMessage { .. } => {
            "what it says is not TLS".to_owned()
        }
        rustls::Error::AlertReceived(alert) => format!("it ended the handshake: {}", in_words(&format!("{alert:?}"))),
        rustls::Error::PeerIncompatible(_) => "it has no version or cipher of TLS that is safe today".to_owned(),
        rustls::Error::InvalidCertificate(certificate) => why_not(certificate),
        other => other.to_string(),
    }
}

fn why_not(certificate: &CertificateError) -> String {
    match certificate {
        CertificateError::BadEncoding => "it is damaged".to_owned(),
        CertificateError::Revoked => "it was revoked".to_owned(),
        CertificateError::BadSignature => "its signature is wrong".to_owned(),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "it was not issued for servers".to_owned()
        }
        other => {
            let name = format!("{other:?}");
            match name.contains("CaUsedAsEndEntity") {
                true => {
                    "it is an authority's own and not a server's; where it is meant so, name it in ca_file".to_owned()
                }
                false => in_words(&name),
            }
        }
    }
}

/// `Other(OtherError(UnsupportedCertVersion))` → `unsupported cert version`.
fn in_words(name: &str) -> String {
    let inner = name.rsplit('(').next().unwrap_or(name).trim_end_matches(')');
    let mut words = String::new();
    for c in inner.chars() {
        if c.is_uppercase() && words.ends_with(char::is_lowercase) {
            words.push(' ');
        }
        words.extend(c.to_lowercase());
    }
    words
}

/// `DnsName("mail.example.com")` is how webpki prints a name; at most three are worth reading.
fn names(presented: &[String]) -> String {
    let plain: Vec<&str> =
        presented.iter().take(3).map(|name| name.split('"').nth(1).unwrap_or(name.as_str())).collect();
    if plain.is_empty() { "no name at all".to_owned() } else { plain.join(", ") }
}

/// Trusts a server's own certificate where it stands in `ca_file` itself. Many small servers sign their certificate
/// themselves and mark it as an authority, which the usual rules refuse as a server's; its name counts all the same.
#[derive(Debug)]
struct OwnCertificates {
    known: Vec<CertificateDer<'static>>,
    others: rustls_platform_verifier::Verifier,
}

impl ServerCertVerifier for OwnCertificates {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let usual = self.others.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match usual {
            Err(rustls::Error::InvalidCertificate(CertificateError::Other(_))) if self.known.contains(end_entity) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            usual => usual,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.others.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.others.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.others.supported_verify_schemes()
    }
}

fn verifier(
    server: &Server,
    provider: Arc<rustls::crypto::CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, TlsError> {
    let extra = extra_authorities(server)?;
    let known = extra.clone();
    let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(extra, provider);
    let verifier = verifier.map(|verifier| OwnCertificates { known, others: verifier });
    verifier.map(|verifier| Arc::new(verifier) as Arc<dyn ServerCertVerifier>).map_err(|error| match &server.ca_file {
        Some(path) => TlsError::CaFileUseless { path: path.clone(), reason: error.to_string() },
        None => TlsError::NoAuthorities { reason: error.to_string() },
    })
}

fn read_authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = std::fs::read(path)
        .map_err(|error| TlsError::CaFileUnreadable { path: path.to_owned(), reason: error.to_string() })?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(TlsError::CaFileUseless { path: path.to_owned(), reason: "it has no such block".to_owned() }),
        Err(error) => Err(TlsError::CaFileUseless { path: path.to_owned(), reason: error.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Security;

    fn server(host: &str, ca_file: Option<PathBuf>) -> Server {
        let timeout = std::time::Duration::from_secs(5);
        Server { host: host.to_owned(), port: 993, security: Security::Tls, ca_file, timeout }
    }

    #[tokio::test]
    async fn sockets_ask_whether_the_other_side_is_there() {
        use rustix::net::sockopt::{socket_keepalive, tcp_keepcnt, tcp_keepidle};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let stream = TcpStream::connect(listener.local_addr().expect("it is bound")).await.expect("it listens");
        keep_alive(&stream);
        assert_eq!(socket_keepalive(&stream), Ok(true));
        assert_eq!((tcp_keepidle(&stream), tcp_keepcnt(&stream)), (Ok(Duration::from_secs(60)), Ok(4)));
    }

    #[test]
    fn a_bad_ca_file_is_named() {
        let missing = connector(&server("localhost", Some("/nowhere/ca.pem".into()))).err();
        assert!(matches!(missing, Some(TlsError::CaFileUnreadable { .. })), "{missing:?}");

        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, "no certificate").expect("a writable folder");
        let empty = connector(&server("localhost", Some(path))).err();
        assert!(matches!(empty, Some(TlsError::CaFileUseless { .. })), "{empty:?}");
    }

    #[test]
    fn names_are_printed_plainly() {
        let presented = vec!["DnsName(\"a.example\")".to_owned(), "IpAddress(192.0.2.1)".to_owned()];
        assert_eq!(names(&presented), "a.example, IpAddress(192.0.2.1)");
        assert_eq!(names(&[]), "no name at all");
    }

    #[test]
    fn a_failure_is_found_beneath_other_errors() {
        let tls = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let error = std::io::Error::new(std::io::ErrorKind::InvalidData, tls);
        assert_eq!(diagnose("h", &error), Some(TlsError::UnknownIssuer { host: "h".to_owned() }));
        assert_eq!(diagnose("h", &std::io::Error::other("cut")), None);
    }
}
