//! Real mail servers, and ways to harm them, for tests: use with `mod lab;` (or `#[path]`).
//!
//! - [`dovecot::Dovecot`]: a real Dovecot of one's own, with LMTP and IMAP.
//! - [`client::Client`]: a plain IMAP client to put mail in and to look at what is there.
//! - [`dns::Dns`]: a DNS server that knows what it is told.
//! - [`proxy::Proxy`]: stands between client and server, and cuts, stalls, truncates or refuses.
//! - [`script::Script`]: an IMAP server that says what a test wants, for faults that Dovecot does not have.
//!
//! Everything ends when it is dropped. Needs `dovecot-imapd` and `dovecot-lmtpd`; works as root (the servers then
//! run as `nobody`) and as an ordinary user.
#![allow(dead_code)]

pub mod client;
pub mod dns;
pub mod dovecot;
pub mod proxy;
pub mod script;

use std::net::TcpListener;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// How long a test waits for what must happen: long, because the machine may be loaded.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Polls until `look` finds something. Panics, naming `what`, when it does not come within [`PATIENCE`].
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "waited in vain for: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A port of 127.0.0.1 that nobody listens on, below the range from which the system gives ports to others, so
/// that a server can be stopped and started again on it.
pub fn free_port() -> u16 {
    loop {
        let port = 10_000 + u16::try_from(random() % 20_000).expect("below 20,000");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "tests stand at the edge, where chance is")]
pub fn random() -> u32 {
    getrandom::u32().expect("the system has random numbers")
}

/// A certificate for `localhost`, and the authority that signed it; PEM.
pub struct Certificates {
    pub authority: String,
    pub certificate: String,
    pub key: String,
}

/// Made once a process.
pub static CERTIFICATES: LazyLock<Certificates> = LazyLock::new(|| {
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    let mut authority = CertificateParams::new(Vec::new()).expect("no names to be wrong");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(rcgen::DnType::CommonName, "Lab authority");
    let key = KeyPair::generate().expect("a key pair");
    let authority = CertifiedIssuer::self_signed(authority, key).expect("a self-signed certificate");
    let key = KeyPair::generate().expect("a key pair");
    let leaf = CertificateParams::new(vec!["localhost".to_owned()]).expect("a valid name");
    let leaf = leaf.signed_by(&key, &authority).expect("a signed certificate");
    Certificates { authority: authority.pem(), certificate: leaf.pem(), key: key.serialize_pem() }
});

/// A small mail, with CRLF line ends. `name` is in the subject, the Message-ID and the text.
pub fn mail(name: &str) -> Vec<u8> {
    format!(
        "From: Anna <anna@customer.test>\r\nTo: support@desk.test\r\nSubject: {name}\r\n\
         Message-ID: <{name}@customer.test>\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\n\r\nAbout {name}.\r\n"
    )
    .into_bytes()
}

/// The same with about `bytes` bytes of text.
pub fn large_mail(name: &str, bytes: usize) -> Vec<u8> {
    let mut raw = mail(name);
    while raw.len() < bytes {
        raw.extend_from_slice(b"It goes on and on, line after line, and says nothing more than this.\r\n");
    }
    raw
}
