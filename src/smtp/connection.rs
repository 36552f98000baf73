//! One connection: dialled, encrypted, greeted, logged in.

use std::fmt::Display;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Ehlo, Noop, Quit, Rset, Starttls};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use secrecy::ExposeSecret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::reply::{GARBLED, Reply, one_line};
use super::wire::Wire;
use super::{Bar, FinalDot, Patience, SmtpTrouble};
use crate::config::{Login, Security, Server, SmtpConfig};
use crate::failpoint::{self, Step};
use crate::tls;

/// The wait for a goodbye that nothing depends on.
const GOODBYE: Duration = Duration::from_secs(2);
/// Bytes of one reply before TLS has begun.
const REPLY: usize = 64 * 1024;

pub(super) struct Connection {
    smtp: AsyncSmtpConnection,
    pub(super) offers: Offers,
    mails: u32,
    resting_since: Instant,
}

/// What EHLO said, as far as mail depends on it (RFC 5321 §4.1.1.1).
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Offers {
    pub dsn: bool,
    pub smtputf8: bool,
    pub eight_bit: bool,
    /// RFC 1870: None when SIZE is not offered, 0 when there is no limit.
    pub size: Option<u64>,
    start_tls: bool,
}

impl Connection {
    pub(super) async fn open(config: &SmtpConfig, patience: &Patience, bar: &Bar) -> Result<Connection, SmtpTrouble> {
        let server = &config.server;
        let stream = dial(server, patience).await?;
        let name = name(config, &stream);
        let wire = match server.security {
            Security::Plaintext => Wire::plain(stream, bar),
            Security::Tls => Wire::encrypted(encrypt(server, stream, patience).await?, bar),
            Security::StartTls => Wire::upgraded(start_tls(server, stream, &name, patience).await?, bar),
        };
        let greeted = timeout(patience.command, AsyncSmtpConnection::connect_with_transport(Box::new(wire), &name));
        let smtp = match greeted.await {
            Ok(Ok(smtp)) => smtp,
            Ok(Err(error)) => return Err(trouble(server, Reply::of(Err(error)))),
            Err(_) => return Err(SmtpTrouble::unreachable(server, "connected, but no greeting came")),
        };
        failpoint::reach(Step::SmtpConnected);
        let mut connection = Connection { smtp, offers: Offers::default(), mails: 0, resting_since: Instant::now() };
        // lettre knows the answer to its own EHLO, but tells neither DSN nor SIZE; asking again is allowed at any time.
        match connection.ask(patience.command, Ehlo::new(name)).await {
            Reply::Yes { response, .. } => connection.offers = Offers::of(&response),
            refusal => return Err(trouble(server, refusal)),
        }
        connection.log_in(config, patience).await?;
        Ok(connection)
    }

    /// Only reached over TLS, or where `security = "plaintext"` was asked for by name.
    async fn log_in(&mut self, config: &SmtpConfig, patience: &Patience) -> Result<(), SmtpTrouble> {
        let server = &config.server;
        let (Some(user), Some(login)) = (&config.user, &config.login) else { return Ok(()) };
        let credentials = match login {
            Login::Password(password) => Credentials::new(user.clone(), password.expose_secret().to_owned()),
        };
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        if self.smtp.server_info().get_auth_mechanism(&mechanisms).is_none() {
            return Err(SmtpTrouble::no_way_to_log_in(server));
        }
        match timeout(patience.command, self.smtp.auth(&mechanisms, &credentials)).await.map(Reply::of) {
            Ok(Reply::Yes { .. }) => Ok(()),
            Ok(Reply::Never { line, .. }) => Err(SmtpTrouble::login(server, user, &line)),
            Ok(other) => Err(trouble(server, other)),
            Err(_) => Err(SmtpTrouble::unreachable(server, "no answer to the login")),
        }
    }

    /// Sends a command and waits for its reply.
    pub(super) async fn ask(&mut self, limit: Duration, command: impl Display) -> Reply {
        match timeout(limit, self.smtp.command(command)).await {
            Ok(result) => Reply::of(result),
            Err(_) => Reply::cut("no answer in time"),
        }
    }

    /// Sends the text after DATA's 354. Raises `dot` just before the final dot is sent.
    pub(super) async fn text(&mut self, bytes: &[u8], patience: &Patience, dot: &FinalDot<'_>) -> Reply {
        self.mails += 1;
        // lettre ends the text with CRLF and the dot, whether or not it ends with CRLF already.
        let text = bytes.strip_suffix(b"\r\n").unwrap_or(bytes);
        let text = std::iter::once(text).chain(std::iter::from_fn(|| {
            dot.raise();
            None
        }));
        let sending = self.smtp.message_iter(text);
        tokio::pin!(sending);
        let result = match timeout(patience.text, &mut sending).await {
            Err(_) if dot.is_raised() => timeout(patience.final_dot, &mut sending).await,
            result => result,
        };
        match result {
            Ok(result) => Reply::of(result),
            Err(_) if dot.is_raised() => Reply::cut("no answer in time after the whole mail was sent"),
            Err(_) => Reply::cut("the server stopped taking the text of the mail"),
        }
    }

    /// False when the connection cannot be used any more.
    pub(super) async fn reset(&mut self, patience: &Patience) -> bool {
        matches!(self.ask(patience.command, Rset).await, Reply::Yes { .. })
    }

    pub(super) async fn noop(&mut self, patience: &Patience) -> bool {
        matches!(self.ask(patience.command, Noop).await, Reply::Yes { .. })
    }

    pub(super) async fn quit(mut self) {
        // What it answers changes nothing.
        let _ = self.ask(GOODBYE, Quit).await;
    }

    pub(super) fn rest(&mut self) {
        self.resting_since = Instant::now();
    }

    pub(super) fn resting_since(&self) -> Instant {
        self.resting_since
    }

    /// How many mails it has carried.
    pub(super) fn mails(&self) -> u32 {
        self.mails
    }
}

impl Offers {
    fn of(ehlo: &Response) -> Offers {
        let mut offers = Offers::default();
        for line in ehlo.message().skip(1) {
            let mut words = line.split_ascii_whitespace();
            match words.next().map(str::to_ascii_uppercase).as_deref() {
                Some("DSN") => offers.dsn = true,
                Some("SMTPUTF8") => offers.smtputf8 = true,
                Some("8BITMIME") => offers.eight_bit = true,
                Some("STARTTLS") => offers.start_tls = true,
                Some("SIZE") => offers.size = Some(words.next().and_then(|size| size.parse().ok()).unwrap_or(0)),
                Some(_) | None => {}
            }
        }
        offers
    }
}

async fn dial(server: &Server, patience: &Patience) -> Result<TcpStream, SmtpTrouble> {
    let stream = match timeout(patience.connect, TcpStream::connect((server.host.as_str(), server.port))).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(SmtpTrouble::unreachable(server, &error.to_string())),
        Err(_) => return Err(SmtpTrouble::unreachable(server, "no answer")),
    };
    // The final dot goes out by itself; Nagle would hold it back until the text is acknowledged.
    stream.set_nodelay(true).map_err(|error| SmtpTrouble::unreachable(server, &error.to_string()))?;
    tls::keep_alive(&stream);
    Ok(stream)
}

async fn encrypt(
    server: &Server,
    stream: TcpStream,
    patience: &Patience,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, SmtpTrouble> {
    match timeout(patience.connect, tls::connect(server, stream)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(SmtpTrouble::tls(&error)),
        Err(_) => {
            let error = tls::TlsError::Handshake { host: server.host.clone(), reason: "no answer".to_owned() };
            Err(SmtpTrouble::tls(&error))
        }
    }
}

/// STARTTLS (RFC 3207), or nothing. Not lettre's: that one keeps what lies unread in its buffer, so that words which
/// somebody put in behind the 220 would count as the server's once TLS protects the connection.
async fn start_tls(
    server: &Server,
    mut stream: TcpStream,
    name: &ClientId,
    patience: &Patience,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, SmtpTrouble> {
    expect(server, patience, read_reply(&mut stream)).await?;
    let ehlo = expect(server, patience, say(&mut stream, Ehlo::new(name.clone()))).await?;
    if !Offers::of(&ehlo).start_tls {
        return Err(SmtpTrouble::no_starttls(server, "it is not offered"));
    }
    expect(server, patience, say(&mut stream, Starttls)).await?;
    encrypt(server, stream, patience).await
}

async fn expect(
    server: &Server,
    patience: &Patience,
    reply: impl Future<Output = io::Result<Response>>,
) -> Result<Response, SmtpTrouble> {
    let response = match timeout(patience.command, reply).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(SmtpTrouble::protocol(server, GARBLED));
        }
        Ok(Err(error)) => return Err(SmtpTrouble::unreachable(server, &error.to_string())),
        Err(_) => return Err(SmtpTrouble::unreachable(server, "connected, but no answer came")),
    };
    match response.is_positive() {
        true => Ok(response),
        false => {
            let text: Vec<&str> = response.message().collect();
            Err(SmtpTrouble::refused(server, &one_line(&format!("{} {}", response.code(), text.join(" ")))))
        }
    }
}

async fn say(stream: &mut TcpStream, command: impl Display) -> io::Result<Response> {
    stream.write_all(command.to_string().as_bytes()).await?;
    read_reply(stream).await
}

/// Byte by byte, so that nothing beyond the reply is taken: what follows belongs to TLS.
async fn read_reply(stream: &mut TcpStream) -> io::Result<Response> {
    let no_reply = || io::Error::from(io::ErrorKind::InvalidData);
    let mut text = String::new();
    let mut line = 0;
    while text.len() < REPLY {
        let byte = stream.read_u8().await?;
        text.push(if byte.is_ascii() { char::from(byte) } else { '?' });
        if text.ends_with("\r\n") {
            if text.as_bytes().get(line + 3) != Some(&b'-') {
                return Response::from_str(&text).map_err(|_| no_reply());
            }
            line = text.len();
        }
    }
    Err(no_reply())
}

/// For EHLO: the configured name, the machine's where it is a full one, else its address (RFC 5321 §4.1.4).
fn name(config: &SmtpConfig, stream: &TcpStream) -> ClientId {
    let machine = || rustix::system::uname().nodename().to_str().ok().map(str::to_owned).filter(|n| n.contains('.'));
    let plain = |name: &String| !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic());
    if let Some(name) = config.helo.clone().or_else(machine).filter(plain) {
        return ClientId::Domain(name);
    }
    match stream.local_addr().map(|address| address.ip()) {
        Ok(IpAddr::V4(address)) => ClientId::Ipv4(address),
        Ok(IpAddr::V6(address)) => ClientId::Ipv6(address),
        Err(_) => ClientId::default(),
    }
}

/// A connection that does not come about.
fn trouble(server: &Server, reply: Reply) -> SmtpTrouble {
    match reply {
        Reply::Never { line, .. } | Reply::Later { line, .. } => SmtpTrouble::refused(server, &line),
        Reply::Cut { reason } if reason == GARBLED => SmtpTrouble::protocol(server, GARBLED),
        Reply::Cut { reason } => SmtpTrouble::unreachable(server, &reason),
        Reply::Yes { line, .. } => SmtpTrouble::protocol(server, &line),
    }
}
