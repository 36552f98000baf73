//! A recording SMTP server on a real socket, in a thread of its own: it outlives the daemons that write to it, says
//! what a test tells it to say, and keeps what it took in memory and, on request, in a folder.

// The path holds whichever test names this file, and however.
#[path = "smtp_sink/session.rs"]
mod session;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustls_pki_types::PrivateKeyDer;
use tokio::io::BufReader;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use session::{Session, Stream, path_and_parameters};

/// A mail that the server took, with its envelope.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Received {
    /// Without brackets; empty for the null reverse-path.
    pub reverse_path: String,
    /// As given with MAIL.
    pub parameters: Vec<String>,
    pub recipients: Vec<String>,
    /// As given with each RCPT.
    pub recipient_parameters: Vec<Vec<String>>,
    /// The user of AUTH.
    pub user: Option<String>,
    pub tls: bool,
    /// The name in EHLO.
    pub helo: String,
    /// After the dots are unstuffed.
    pub bytes: Vec<u8>,
}

/// A moment of a session at which something else than usual may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Greeting,
    Ehlo,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    /// In place of 354.
    Data,
    /// While the text comes in, after its first line.
    Text,
    /// The whole mail came in, nothing was answered.
    FinalDot,
    Rset,
    Noop,
}

/// What happens instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// This line is said. At [`Stage::FinalDot`] the mail is taken only if it begins with `2`.
    Say(String),
    /// The connection ends.
    Drop,
    /// At [`Stage::FinalDot`]: the mail is taken, and the connection ends without a word.
    TakeAndDrop,
    /// Nothing is said any more; the connection stays.
    Stall,
    /// As usual, but later.
    Delay(Duration),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    None,
    /// STARTTLS is offered.
    StartTls,
    /// TLS from the first byte.
    Implicit,
}

/// What the server is like.
#[derive(Debug, Clone)]
pub struct Manner {
    pub encryption: Encryption,
    /// Lines of EHLO's answer, beside STARTTLS and AUTH.
    pub offers: Vec<String>,
    /// User and password; AUTH is offered, and asked for, when set.
    pub login: Option<(String, String)>,
    /// Mechanisms in EHLO.
    pub mechanisms: String,
    /// 0: any free one.
    pub port: u16,
    /// Each mail is also written there, one file a mail; what is there already counts as taken.
    pub folder: Option<PathBuf>,
}

impl Default for Manner {
    fn default() -> Manner {
        Manner {
            encryption: Encryption::None,
            offers: vec!["8BITMIME".into(), "SMTPUTF8".into(), "DSN".into(), "SIZE 50000000".into()],
            login: None,
            mechanisms: "PLAIN LOGIN".into(),
            port: 0,
            folder: None,
        }
    }
}

#[derive(Default)]
struct Ledger {
    taken: Vec<Received>,
    /// Every line that a client said, AUTH's secrets left out.
    heard: Vec<String>,
    connections: u32,
    /// Sessions that have not ended.
    open: u32,
    /// At this stage, after so many times as usual, this happens so many times.
    acts: Vec<(Stage, Act, u32)>,
    /// What is said to RCPT of these addresses.
    recipients: BTreeMap<String, String>,
}

struct Shared {
    manner: Manner,
    ledger: Mutex<Ledger>,
    changed: Condvar,
    /// PEM of the authority that signed the server's certificate.
    authority: String,
    acceptor: TlsAcceptor,
}

pub struct SmtpSink {
    port: u16,
    shared: Arc<Shared>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl SmtpSink {
    /// Listens on 127.0.0.1 when it returns.
    pub fn start(manner: Manner) -> SmtpSink {
        let (authority, acceptor) = certificate();
        let taken = manner.folder.as_deref().map(read_folder).unwrap_or_default();
        let listener = std::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, manner.port)))
            .expect("a free port on loopback");
        listener.set_nonblocking(true).expect("a socket can be non-blocking");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let ledger = Mutex::new(Ledger { taken, ..Ledger::default() });
        let shared = Arc::new(Shared { manner, ledger, changed: Condvar::new(), authority, acceptor });
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let theirs = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).expect("the socket is non-blocking");
                tokio::select! {
                    () = serve(listener, theirs) => {}
                    _ = stopped => {}
                }
            });
        });
        SmtpSink { port, shared, stop: Some(stop), thread: Some(thread) }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// PEM of the authority behind the certificate, which is made out to `localhost`.
    pub fn authority(&self) -> &str {
        &self.shared.authority
    }

    /// What was taken so far, in order.
    pub fn taken(&self) -> Vec<Received> {
        self.ledger().taken.clone()
    }

    /// Every line that clients said, without secrets and texts.
    pub fn heard(&self) -> Vec<String> {
        self.ledger().heard.clone()
    }

    pub fn connections(&self) -> u32 {
        self.ledger().connections
    }

    /// At `stage`, `act` happens the next `times` times.
    pub fn at(&self, stage: Stage, act: Act, times: u32) {
        self.ledger().acts.push((stage, act, times));
    }

    /// Ends everything that [`SmtpSink::at`] ordered.
    pub fn behave(&self) {
        self.ledger().acts.clear();
    }

    /// What is said to RCPT of `address` from now on, as in `550 5.1.1 unknown`; `250 ok` takes it back.
    pub fn recipient(&self, address: &str, reply: &str) {
        self.ledger().recipients.insert(address.to_lowercase(), reply.to_owned());
    }

    /// Blocks until so many mails were taken. Panics after a minute, with what was heard.
    pub fn wait_for(&self, mails: usize) -> Vec<Received> {
        self.wait_until(&format!("{mails} mails"), |ledger| ledger.taken.len() >= mails);
        self.taken()
    }

    /// Blocks until a client has said a line that begins so.
    pub fn wait_for_word(&self, word: &str) {
        self.wait_until(word, |ledger| ledger.heard.iter().any(|line| line.starts_with(word)));
    }

    /// Blocks until every session has ended: nothing of a client that died is still on its way.
    pub fn wait_until_quiet(&self) {
        self.wait_until("the end of all sessions", |ledger| ledger.open == 0);
    }

    fn wait_until(&self, what: &str, mut enough: impl FnMut(&mut Ledger) -> bool) {
        let waited = self
            .shared
            .changed
            .wait_timeout_while(self.ledger(), Duration::from_secs(60), |ledger| !enough(ledger))
            .unwrap_or_else(PoisonError::into_inner);
        assert!(!waited.1.timed_out(), "the sink waited for {what} and heard {:?}", waited.0.heard);
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.shared.ledger()
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The mails that a sink wrote into a folder, in order.
pub fn read_folder(folder: &Path) -> Vec<Received> {
    let mut files: Vec<PathBuf> = match std::fs::read_dir(folder) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(_) => return Vec::new(),
    };
    files.retain(|path| path.extension().is_some_and(|it| it == "mail"));
    files.sort();
    files.iter().map(|path| Received::parse(&std::fs::read(path).expect("a file of the sink's"))).collect()
}

impl Received {
    /// The envelope's lines, an empty one, the bytes.
    fn written(&self) -> Vec<u8> {
        let mut text = format!(
            "EHLO {}\nTLS {}\nUSER {}\nMAIL <{}> {}\n",
            self.helo,
            self.tls,
            self.user.as_deref().unwrap_or(""),
            self.reverse_path,
            self.parameters.join(" ")
        );
        for (recipient, parameters) in self.recipients.iter().zip(&self.recipient_parameters) {
            text.push_str(&format!("RCPT <{recipient}> {}\n", parameters.join(" ")));
        }
        text.push('\n');
        [text.as_bytes(), &self.bytes].concat()
    }

    fn parse(written: &[u8]) -> Received {
        let end = written.windows(2).position(|two| two == b"\n\n").expect("an empty line after the envelope");
        let mut mail = Received { bytes: written[end + 2..].to_vec(), ..Received::default() };
        for line in String::from_utf8_lossy(&written[..end]).lines() {
            match line.split_once(' ') {
                Some(("EHLO", name)) => mail.helo = name.to_owned(),
                Some(("TLS", tls)) => mail.tls = tls == "true",
                Some(("USER", user)) => mail.user = Some(user.to_owned()).filter(|user| !user.is_empty()),
                Some(("MAIL", path)) => (mail.reverse_path, mail.parameters) = path_and_parameters(path),
                Some(("RCPT", path)) => {
                    let (recipient, parameters) = path_and_parameters(path);
                    mail.recipients.push(recipient);
                    mail.recipient_parameters.push(parameters);
                }
                _ => {}
            }
        }
        mail
    }
}

impl Shared {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn heard(&self, line: &str) {
        let secret = line.to_ascii_uppercase().starts_with("AUTH PLAIN ");
        self.ledger().heard.push(if secret { "AUTH PLAIN".to_owned() } else { line.to_owned() });
        self.changed.notify_all();
    }

    /// The act that is due at a stage, if any; it is used up.
    fn act(&self, stage: Stage) -> Option<Act> {
        let mut ledger = self.ledger();
        let at = ledger.acts.iter().position(|(at, _, times)| *at == stage && *times > 0)?;
        ledger.acts[at].2 -= 1;
        Some(ledger.acts[at].1.clone())
    }

    fn take(&self, mail: Received) {
        let mut ledger = self.ledger();
        if let Some(folder) = &self.manner.folder {
            std::fs::create_dir_all(folder).expect("the sink's folder");
            let path = folder.join(format!("{:06}.mail", ledger.taken.len() + 1));
            std::fs::write(path, mail.written()).expect("a file in the sink's folder");
        }
        ledger.taken.push(mail);
        self.changed.notify_all();
    }
}

fn certificate() -> (String, TlsAcceptor) {
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, "Authority of the sink");
    let key = rcgen::KeyPair::generate().expect("a key");
    let authority = rcgen::CertifiedIssuer::self_signed(params, key).expect("a certificate");
    let key = rcgen::KeyPair::generate().expect("a key");
    let leaf = rcgen::CertificateParams::new(vec!["localhost".to_owned()])
        .and_then(|params| params.signed_by(&key, &authority))
        .expect("a certificate");
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring knows TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .expect("the key belongs to the certificate");
    (authority.pem(), TlsAcceptor::from(Arc::new(config)))
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let shared = Arc::clone(&shared);
        {
            let mut ledger = shared.ledger();
            ledger.connections += 1;
            ledger.open += 1;
        }
        tokio::spawn(async move {
            talk(stream, Arc::clone(&shared)).await;
            shared.ledger().open -= 1;
            shared.changed.notify_all();
        });
    }
}

async fn talk(stream: tokio::net::TcpStream, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let implicit = shared.manner.encryption == Encryption::Implicit;
    let stream: Box<dyn Stream> = match implicit {
        true => match shared.acceptor.accept(stream).await {
            Ok(stream) => Box::new(stream),
            Err(_) => return,
        },
        false => Box::new(stream),
    };
    let session = Session { shared, stream: BufReader::new(stream), tls: implicit, user: None, helo: String::new() };
    // A client that goes away is part of the game.
    let _ = session.run().await;
}
