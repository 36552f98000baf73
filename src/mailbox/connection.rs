//! From nothing to a session: TCP, TLS as configured and never less, greeting, login.

use std::time::Duration;

use async_imap::imap_proto::{Response, Status};
use async_imap::{Authenticator, Client};
use secrecy::{ExposeSecret, SecretString};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::guard::{Allowance, Guarded, Wire};
use super::session::{Capabilities, Session, in_words};
use super::trouble::{Trouble, TroubleKind};
use crate::config::{Login, MailboxConfig, Security, Server};
use crate::tls::{self, TlsError};

/// Connects and logs in. Takes at most a few times `server.timeout`.
pub(super) async fn connect(config: &MailboxConfig) -> Result<Session, Trouble> {
    let server = &config.server;
    let client = match server.security {
        Security::Tls => {
            let stream = encrypt(server, dial(server).await?).await?;
            greeted(server, Box::new(stream)).await?
        }
        Security::StartTls => start_tls(server).await?,
        Security::Plaintext => greeted(server, Box::new(dial(server).await?)).await?,
    };
    let link = login(config, client).await?;
    Session::begin(link, config).await
}

async fn dial(server: &Server) -> Result<TcpStream, Trouble> {
    let connecting = TcpStream::connect((server.host.as_str(), server.port));
    let stream = match tokio::time::timeout(server.timeout, connecting).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(Trouble::unreachable(server, &error.to_string())),
        Err(_) => return Err(Trouble::unreachable(server, "no answer")),
    };
    stream.set_nodelay(true).map_err(|error| Trouble::unreachable(server, &error.to_string()))?;
    tls::keep_alive(&stream);
    Ok(stream)
}

async fn encrypt<S>(server: &Server, stream: S) -> Result<tokio_rustls::client::TlsStream<S>, Trouble>
where
    S: Wire,
{
    match tokio::time::timeout(server.timeout, tls::connect(server, stream)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(Trouble::new(TroubleKind::Tls, error.to_string())),
        Err(_) => {
            let error = TlsError::Handshake { host: server.host.clone(), reason: "no answer".to_owned() };
            Err(Trouble::new(TroubleKind::Tls, error.to_string()))
        }
    }
}

/// STARTTLS (RFC 3501 §6.2.1), or nothing. What the server said in plain text is forgotten, also what lies
/// unread in the buffer.
async fn start_tls(server: &Server) -> Result<Client<Guarded>, Trouble> {
    let mut client = greeted(server, Box::new(dial(server).await?)).await?;
    let without = |reason: &str| {
        let sentence = format!(
            "{} does not start TLS on port {} ({reason}); use its TLS port with security = \"tls\"",
            server.host, server.port
        );
        Trouble::new(TroubleKind::Tls, sentence)
    };
    let capabilities = within(server, "CAPABILITY", ask(&mut client, server, "CAPABILITY")).await?;
    if !capabilities.start_tls {
        return Err(without("it is not offered"));
    }
    within(server, "STARTTLS", ask(&mut client, server, "STARTTLS"))
        .await
        .map_err(|trouble| if trouble.is_answer() { without(&trouble.sentence) } else { trouble })?;
    let stream = encrypt(server, client.into_inner().into_inner()).await?;
    Ok(Client::new(Guarded::new(Box::new(stream), server.timeout)))
}

async fn greeted(server: &Server, stream: Box<dyn Wire>) -> Result<Client<Guarded>, Trouble> {
    let mut client = Client::new(Guarded::new(stream, server.timeout));
    let greeting = within(server, "greeting", async { Ok(client.read_response().await) }).await?;
    let data = match greeting {
        Ok(Some(data)) => data,
        Ok(None) => return Err(Trouble::lost(&server.host, "greeting", "the server closed it")),
        Err(error) if error.kind() == std::io::ErrorKind::Other && client.get_ref().breach().is_none() => {
            return Err(not_imap(server));
        }
        Err(error) => return Err(Trouble::lost(&server.host, "greeting", &error.to_string())),
    };
    match data.parsed() {
        Response::Data { status: Status::Ok, .. } => Ok(client),
        Response::Data { status: Status::Bye, outcome } => {
            Err(Trouble::lost(&server.host, "greeting", &format!("the server said {}", in_words(outcome))))
        }
        // PREAUTH too: somebody else's login, and before STARTTLS a known attack (RFC 3501 §11.1).
        _ => Err(not_imap(server)),
    }
}

fn not_imap(server: &Server) -> Trouble {
    let sentence = format!(
        "{}:{} does not greet like an IMAP server; check `host`, `port` and `security`",
        server.host, server.port
    );
    Trouble::new(TroubleKind::Protocol, sentence)
}

/// The library puts all that it had read into such errors, so they are not repeated.
fn not_understood(server: &Server, command: &str) -> Trouble {
    let sentence = format!("{} answered {command} with something that is not IMAP; its log may say why", server.host);
    Trouble::new(TroubleKind::Protocol, sentence)
}

/// One command before login, where the library has no public method that looks at the answer. The tag is our
/// own; the library's are of another form.
async fn ask(client: &mut Client<Guarded>, server: &Server, command: &str) -> Result<Capabilities, Trouble> {
    const TAG: &str = "P1";
    let lost = |reason: &str| Trouble::lost(&server.host, command, reason);
    let mut capabilities = Capabilities::default();
    let wire = client.get_mut();
    wire.allow(Allowance::TALK);
    let line = format!("{TAG} {command}\r\n");
    let written = async {
        wire.write_all(line.as_bytes()).await?;
        wire.flush().await
    };
    written.await.map_err(|error: std::io::Error| lost(&error.to_string()))?;
    loop {
        let data = match client.read_response().await {
            Ok(Some(data)) => data,
            Ok(None) => return Err(lost("the server closed it")),
            Err(error) if error.kind() == std::io::ErrorKind::Other && client.get_ref().breach().is_none() => {
                return Err(not_understood(server, command));
            }
            Err(error) => return Err(lost(&error.to_string())),
        };
        match data.parsed() {
            Response::Capabilities(offered) => capabilities = Capabilities::from(offered.as_slice()),
            Response::Done { tag: of, status: Status::Ok, .. } if of.0 == TAG => return Ok(capabilities),
            Response::Done { tag: of, outcome, .. } if of.0 == TAG => {
                return Err(Trouble::refused(&server.host, command, &in_words(outcome)));
            }
            Response::Data { status: Status::Bye, outcome } => return Err(lost(&in_words(outcome))),
            _ => {}
        }
    }
}

async fn login(config: &MailboxConfig, mut client: Client<Guarded>) -> Result<async_imap::Session<Guarded>, Trouble> {
    let server = &config.server;
    let capabilities = within(server, "CAPABILITY", ask(&mut client, server, "CAPABILITY")).await?;
    let Login::Password(password) = &config.login;
    client.get_mut().allow(Allowance::TALK);
    let attempt = async {
        if capabilities.auth_plain {
            Ok(client.authenticate("PLAIN", Plain { user: &config.user, password }).await)
        } else if capabilities.login_disabled {
            Err(Trouble::login(config, "it permits no login by password here; use security = \"tls\""))
        } else {
            Ok(client.login(&config.user, password.expose_secret()).await)
        }
    };
    let outcome = within(server, "login", attempt).await?;
    outcome.map_err(|(error, _)| match error {
        async_imap::error::Error::No(text) | async_imap::error::Error::Bad(text) => refused_login(config, &text),
        async_imap::error::Error::Validate(_) => Trouble::login(config, "user or password contain a line break"),
        async_imap::error::Error::ConnectionLost => Trouble::lost(&server.host, "login", "the server closed it"),
        async_imap::error::Error::Io(error) => Trouble::lost(&server.host, "login", &error.kind().to_string()),
        _ => Trouble::lost(&server.host, "login", "the answer was not understood"),
    })
}

/// The library wraps the server's text in its own debug form.
fn refused_login(config: &MailboxConfig, text: &str) -> Trouble {
    let plain = text.split_once("Some(\"").map_or(text, |(_, said)| said.trim_end_matches("\")"));
    let plain = plain.replace(config_secret(config), "…");
    if plain.to_ascii_uppercase().contains("[UNAVAILABLE]") {
        return Trouble::refused(&config.server.host, "login", &plain);
    }
    Trouble::login(config, &plain)
}

fn config_secret(config: &MailboxConfig) -> &str {
    let Login::Password(password) = &config.login;
    let password = password.expose_secret();
    // An empty pattern would match everywhere.
    if password.is_empty() { "\0" } else { password }
}

/// SASL PLAIN (RFC 4616): the one way that says passwords in UTF-8.
struct Plain<'a> {
    user: &'a str,
    password: &'a SecretString,
}

impl Authenticator for Plain<'_> {
    type Response = String;

    fn process(&mut self, _challenge: &[u8]) -> String {
        format!("\0{}\0{}", self.user, self.password.expose_secret())
    }
}

async fn within<T>(server: &Server, what: &str, work: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    let limit: Duration = server.timeout;
    match tokio::time::timeout(limit, work).await {
        Ok(done) => done,
        Err(_) => Err(Trouble::lost(&server.host, what, &format!("no answer within {limit:?}"))),
    }
}
