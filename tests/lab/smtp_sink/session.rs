//! One session: what a server says to each command, unless a test wants something else.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

use super::{Act, Encryption, Received, Shared, Stage};

pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

pub(super) struct Session {
    pub(super) shared: Arc<Shared>,
    pub(super) stream: BufReader<Box<dyn Stream>>,
    pub(super) tls: bool,
    pub(super) user: Option<String>,
    pub(super) helo: String,
}

fn gone() -> io::Error {
    io::Error::from(io::ErrorKind::ConnectionAborted)
}

impl Session {
    pub(super) async fn run(mut self) -> io::Result<()> {
        if !self.answer(Stage::Greeting, "220 sink ESMTP").await? {
            return self.until_quit().await;
        }
        let mut mail = Received::default();
        loop {
            let line = self.line().await?;
            self.shared.heard(&line);
            let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
            match verb.to_ascii_uppercase().as_str() {
                "EHLO" | "HELO" => {
                    self.helo = rest.to_owned();
                    mail = Received::default();
                    let answer = self.offers();
                    self.answer(Stage::Ehlo, &answer).await?;
                }
                "STARTTLS" => {
                    if self.answer(Stage::StartTls, "220 go ahead").await? {
                        self = self.encrypted().await?;
                    }
                }
                "AUTH" => self.auth(rest).await?,
                "MAIL" if self.shared.manner.login.is_some() && self.user.is_none() => {
                    self.say("530 5.7.0 authentication required").await?;
                }
                "MAIL" => {
                    let (path, parameters) = path_and_parameters(rest.get(5..).unwrap_or_default());
                    if self.answer(Stage::Mail, "250 2.1.0 ok").await? {
                        mail = Received { reverse_path: path, parameters, ..Received::default() };
                    }
                }
                "RCPT" => self.rcpt(rest, &mut mail).await?,
                "DATA" => self.data(std::mem::take(&mut mail)).await?,
                "RSET" => {
                    mail = Received::default();
                    self.answer(Stage::Rset, "250 2.0.0 ok").await?;
                }
                "NOOP" => {
                    self.answer(Stage::Noop, "250 2.0.0 ok").await?;
                }
                "QUIT" => return self.say("221 2.0.0 bye").await,
                _ => self.say("500 5.5.2 what?").await?,
            }
        }
    }

    fn offers(&self) -> String {
        let manner = &self.shared.manner;
        let mut lines = vec!["sink".to_owned()];
        lines.extend(manner.offers.iter().cloned());
        if manner.encryption == Encryption::StartTls && !self.tls {
            lines.push("STARTTLS".to_owned());
        }
        if manner.login.is_some() {
            lines.push(format!("AUTH {}", manner.mechanisms));
        }
        let last = lines.pop().unwrap_or_default();
        let lines: String = lines.iter().map(|line| format!("250-{line}\r\n")).collect();
        format!("{lines}250 {last}")
    }

    async fn encrypted(self) -> io::Result<Session> {
        let stream = self.shared.acceptor.accept(self.stream.into_inner()).await?;
        let stream: Box<dyn Stream> = Box::new(stream);
        Ok(Session { stream: BufReader::new(stream), tls: true, user: None, shared: self.shared, helo: self.helo })
    }

    async fn auth(&mut self, rest: &str) -> io::Result<()> {
        let (mechanism, initial) = rest.split_once(' ').unwrap_or((rest, ""));
        let given = match mechanism.to_ascii_uppercase().as_str() {
            "PLAIN" => {
                let plain = decoded(initial);
                let mut parts = plain.split('\0').skip(1).map(str::to_owned);
                (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
            }
            "LOGIN" => {
                self.say("334 VXNlcm5hbWU6").await?;
                let user = decoded(&self.line().await?);
                self.say("334 UGFzc3dvcmQ6").await?;
                (user, decoded(&self.line().await?))
            }
            _ => return self.say("504 5.5.4 unknown mechanism").await,
        };
        if self.shared.manner.login.as_ref() != Some(&given) {
            return self.say("535 5.7.8 wrong user or password").await;
        }
        if self.answer(Stage::Auth, "235 2.7.0 welcome").await? {
            self.user = Some(given.0);
        }
        Ok(())
    }

    async fn rcpt(&mut self, rest: &str, mail: &mut Received) -> io::Result<()> {
        let (recipient, parameters) = path_and_parameters(rest.get(3..).unwrap_or_default());
        let told = self.shared.ledger().recipients.get(&recipient.to_lowercase()).cloned();
        if self.answer(Stage::Rcpt, told.as_deref().unwrap_or("250 2.1.5 ok")).await? {
            mail.recipients.push(recipient);
            mail.recipient_parameters.push(parameters);
        }
        Ok(())
    }

    async fn data(&mut self, mut mail: Received) -> io::Result<()> {
        if mail.recipients.is_empty() {
            return self.say("503 5.5.1 no recipients").await;
        }
        if !self.answer(Stage::Data, "354 go on").await? {
            return Ok(());
        }
        mail.bytes = self.text().await?;
        self.shared.heard(".");
        (mail.tls, mail.user, mail.helo) = (self.tls, self.user.clone(), self.helo.clone());
        match self.shared.act(Stage::FinalDot) {
            None => self.shared.take(mail),
            Some(Act::Delay(time)) => {
                tokio::time::sleep(time).await;
                self.shared.take(mail);
            }
            Some(Act::Say(line)) => {
                if line.starts_with('2') {
                    self.shared.take(mail);
                }
                return self.say(&line).await;
            }
            Some(Act::TakeAndDrop) => {
                self.shared.take(mail);
                return Err(gone());
            }
            Some(Act::Drop) => return Err(gone()),
            Some(Act::Stall) => return self.stall().await,
        }
        self.say("250 2.0.0 taken").await
    }

    async fn text(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        loop {
            let mut line = Vec::new();
            if self.stream.read_until(b'\n', &mut line).await? == 0 {
                return Err(gone());
            }
            if line == b".\r\n" {
                return Ok(bytes);
            }
            if bytes.is_empty() {
                match self.shared.act(Stage::Text) {
                    Some(Act::Drop | Act::TakeAndDrop) => return Err(gone()),
                    Some(Act::Stall) => std::future::pending().await,
                    Some(Act::Delay(time)) => tokio::time::sleep(time).await,
                    Some(Act::Say(line)) => self.say(&line).await?,
                    None => {}
                }
            }
            bytes.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
    }

    /// Says `usual`, or does what a test wants; true when what was said is a yes.
    async fn answer(&mut self, stage: Stage, usual: &str) -> io::Result<bool> {
        let line = match self.shared.act(stage) {
            None => usual.to_owned(),
            Some(Act::Delay(time)) => {
                tokio::time::sleep(time).await;
                usual.to_owned()
            }
            Some(Act::Say(line)) => line,
            Some(Act::Drop | Act::TakeAndDrop) => return Err(gone()),
            Some(Act::Stall) => {
                self.stall().await?;
                return Err(gone());
            }
        };
        self.say(&line).await?;
        Ok(line.starts_with(['2', '3']))
    }

    /// Says nothing more, until the client goes away.
    async fn stall(&mut self) -> io::Result<()> {
        let mut sunk = Vec::new();
        self.stream.read_to_end(&mut sunk).await?;
        Err(gone())
    }

    /// After a greeting that is no welcome (RFC 5321 §3.1).
    async fn until_quit(&mut self) -> io::Result<()> {
        while !self.line().await?.eq_ignore_ascii_case("QUIT") {
            self.say("503 5.5.1 bad sequence").await?;
        }
        self.say("221 2.0.0 bye").await
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.stream.read_line(&mut line).await? {
            0 => Err(gone()),
            _ => Ok(line.trim_end_matches(['\r', '\n']).to_owned()),
        }
    }

    async fn say(&mut self, line: &str) -> io::Result<()> {
        self.stream.write_all(format!("{line}\r\n").as_bytes()).await?;
        self.stream.flush().await
    }
}

/// `<anna@example.com> SIZE=1` → the path without brackets, and the parameters.
pub(super) fn path_and_parameters(text: &str) -> (String, Vec<String>) {
    let text = text.trim();
    let (path, parameters) = text.rsplit_once('>').unwrap_or((text, ""));
    let parameters = parameters.split_ascii_whitespace().map(str::to_owned).collect();
    (path.trim_start_matches('<').to_owned(), parameters)
}

fn decoded(base64: &str) -> String {
    let bytes = data_encoding::BASE64.decode(base64.trim().as_bytes()).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}
