//! A proxy that understands enough of IMAP and SMTP to know one command, and the reply to it, from the next. It counts
//! them, and harms exactly one. Knows no TLS: it must see what it harms.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::speech::{Said, Speech, Told};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    Imap,
    Smtp,
}

/// One command of a journey: the how-manieth of its kind, over all connections.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    pub protocol: Protocol,
    /// `UID FETCH`, `MAIL`; also `greeting`, `literal`, `text` (the mail after DATA), and `push`: what an IMAP server
    /// says unasked.
    pub verb: String,
    /// From 0.
    pub nth: usize,
}

/// What is done to one command or the reply to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Harm {
    /// The connection ends before the server gets the command.
    CutBefore,
    /// The server gets the first half of it, then the connection ends.
    CutWithin,
    /// The server gets it and answers; the connection ends before the answer comes through.
    CutAfter,
    /// The server gets it and answers; nothing comes through, and nobody is told.
    Stall,
    /// The first half of the answer comes through, then the connection ends.
    Truncate,
    /// The first byte of the answer is another one.
    CorruptHead,
    /// The byte in the middle of the answer is another one: of a mail, if it brings one.
    CorruptMiddle,
    /// The first byte of the answer's last line is another one.
    CorruptTail,
    /// A literal is announced shorter, by one byte, than it is.
    CorruptLength,
}

pub const HARMS: [Harm; 9] = [
    Harm::CutBefore,
    Harm::CutWithin,
    Harm::CutAfter,
    Harm::Stall,
    Harm::Truncate,
    Harm::CorruptHead,
    Harm::CorruptMiddle,
    Harm::CorruptTail,
    Harm::CorruptLength,
];

/// What a wire saw: each command, how long it was, and what came back.
#[derive(Debug, Clone)]
pub struct Seen {
    pub spot: Spot,
    pub command: usize,
    pub reply: Vec<u8>,
}

impl Seen {
    /// Whether the harm makes a difference here that no other harm makes.
    pub fn bears(&self, harm: Harm) -> bool {
        let unasked = self.command == 0;
        match harm {
            Harm::CutBefore => !unasked || self.spot.verb == "greeting",
            // Half a line is no command; half a mail might be taken for one.
            Harm::CutWithin => matches!(self.spot.verb.as_str(), "text" | "literal"),
            Harm::CutAfter | Harm::Stall | Harm::Truncate | Harm::CorruptHead => true,
            Harm::CorruptMiddle => self.reply.len() > 8,
            Harm::CorruptTail => last_line(&self.reply) > 0,
            Harm::CorruptLength => literal(&self.reply).is_some(),
        }
    }
}

pub struct Wire {
    pub port: u16,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    protocol: Protocol,
    target: u16,
    fault: Option<(Spot, Harm)>,
    /// A connection is about to do it.
    taken: AtomicBool,
    struck: AtomicBool,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    counts: BTreeMap<String, usize>,
    seen: Vec<Seen>,
}

impl Wire {
    /// Listens on a free port, and passes on to `target`, a port of 127.0.0.1.
    pub fn start(handle: &Handle, protocol: Protocol, target: u16, fault: Option<(Spot, Harm)>) -> Wire {
        let fault = fault.filter(|(spot, _)| spot.protocol == protocol);
        let (taken, struck) = (AtomicBool::new(false), AtomicBool::new(false));
        let shared = Arc::new(Shared { protocol, target, fault, taken, struck, book: Mutex::default() });
        let listener = handle.block_on(TcpListener::bind(("127.0.0.1", 0))).expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let theirs = Arc::clone(&shared);
        let accepting = handle.spawn(async move {
            loop {
                let Ok((client, _)) = listener.accept().await else { continue };
                let shared = Arc::clone(&theirs);
                // However it ends, both sides notice.
                tokio::spawn(async move { Connection::pass(client, shared).await.ok() });
            }
        });
        Wire { port, shared, accepting }
    }

    pub fn has_struck(&self) -> bool {
        self.shared.struck.load(Ordering::SeqCst)
    }

    /// In the order in which they came.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.book().seen.clone()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a command, and says what is to be done to it: to a later one of its kind, where the right one had no reply
    /// because a busy machine took too long.
    fn count(&self, verb: String) -> (Spot, Option<Harm>) {
        let mut book = self.book();
        let count = book.counts.entry(verb.clone()).or_default();
        let spot = Spot { protocol: self.protocol, verb, nth: *count };
        *count += 1;
        let due = |at: &Spot| at.verb == spot.verb && at.nth <= spot.nth && !self.taken.load(Ordering::SeqCst);
        let harm = self.fault.as_ref().filter(|(at, _)| due(at)).map(|(_, harm)| *harm);
        if harm.is_some() {
            self.taken.store(true, Ordering::SeqCst);
        }
        (spot, harm)
    }

    fn strike(&self) {
        self.struck.store(true, Ordering::SeqCst);
    }
}

/// A command whose reply is awaited.
struct Pending {
    spot: Spot,
    command: usize,
    harm: Option<Harm>,
    reply: Vec<u8>,
}

struct Connection {
    shared: Arc<Shared>,
    speech: Speech,
    pending: VecDeque<Pending>,
    from_client: OwnedReadHalf,
    to_client: OwnedWriteHalf,
    from_server: OwnedReadHalf,
    to_server: OwnedWriteHalf,
}

fn over() -> io::Error {
    io::Error::from(io::ErrorKind::ConnectionAborted)
}

impl Connection {
    async fn pass(client: TcpStream, shared: Arc<Shared>) -> io::Result<()> {
        let (spot, harm) = shared.count("greeting".to_owned());
        if harm == Some(Harm::CutBefore) {
            shared.strike();
            return Err(over());
        }
        let server = TcpStream::connect(("127.0.0.1", shared.target)).await?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let speech = Speech::of(shared.protocol);
        let pending = VecDeque::from([Pending { spot, command: 0, harm, reply: Vec::new() }]);
        let connection = Connection { shared, speech, pending, from_client, to_client, from_server, to_server };
        connection.run().await
    }

    async fn run(mut self) -> io::Result<()> {
        let ended = self.talk().await;
        if self.pending.iter().any(|pending| pending.harm.is_some()) {
            self.shared.taken.store(false, Ordering::SeqCst);
        }
        ended
    }

    async fn talk(&mut self) -> io::Result<()> {
        let (mut asked, mut answered) = ([0; 16 * 1024], [0; 16 * 1024]);
        loop {
            tokio::select! {
                read = self.from_client.read(&mut asked) => match read? {
                    0 => return Ok(()),
                    read => for said in self.speech.hear_client(&asked[..read]) { self.command(said).await? },
                },
                read = self.from_server.read(&mut answered) => match read? {
                    0 => return Ok(()),
                    read => for told in self.speech.hear_server(&answered[..read]) { self.reply(told).await? },
                },
            }
        }
    }

    async fn command(&mut self, said: Said) -> io::Result<()> {
        let (spot, harm) = self.shared.count(said.verb);
        match harm {
            Some(Harm::CutBefore) => {
                self.shared.strike();
                return Err(over());
            }
            Some(Harm::CutWithin) => {
                self.to_server.write_all(&said.bytes[..said.bytes.len() / 2]).await?;
                self.to_server.shutdown().await?;
                self.shared.strike();
                // Until the server has seen what it got: closing at once might take it back.
                drain(&mut self.from_server).await;
                return Err(over());
            }
            _ => {}
        }
        self.pending.push_back(Pending { spot, command: said.bytes.len(), harm, reply: Vec::new() });
        self.to_server.write_all(&said.bytes).await
    }

    async fn reply(&mut self, told: Told) -> io::Result<()> {
        let mut pending = match self.pending.pop_front() {
            Some(pending) => pending,
            None => {
                let (spot, harm) = self.shared.count("push".to_owned());
                Pending { spot, command: 0, harm, reply: Vec::new() }
            }
        };
        pending.reply.extend_from_slice(&told.bytes);
        let is_push = pending.spot.verb == "push";
        if !told.ends && !is_push {
            self.pending.push_front(pending);
            return Ok(());
        }
        self.speech.answered(&pending.spot.verb, &told.bytes);
        let Pending { spot, command, harm, mut reply } = pending;
        self.shared.book().seen.push(Seen { spot, command, reply: reply.clone() });
        let Some(harm) = harm else { return self.to_client.write_all(&reply).await };
        match harm {
            Harm::CutBefore | Harm::CutWithin | Harm::CutAfter => {
                self.shared.strike();
                return Err(over());
            }
            Harm::Stall => {
                self.shared.strike();
                // Until the client has had enough.
                drain(&mut self.from_client).await;
                return Err(over());
            }
            Harm::Truncate => {
                self.to_client.write_all(&reply[..reply.len() / 2]).await?;
                self.to_client.shutdown().await?;
                self.shared.strike();
                drain(&mut self.from_client).await;
                return Err(over());
            }
            Harm::CorruptHead => reply[0] ^= 0x80,
            Harm::CorruptMiddle => {
                let middle = reply.len() / 2;
                reply[middle] ^= 0x80;
            }
            Harm::CorruptTail => {
                let tail = last_line(&reply);
                reply[tail] ^= 0x80;
            }
            Harm::CorruptLength => {
                if let Some(digits) = literal(&reply) {
                    let text = String::from_utf8_lossy(&reply[digits.clone()]).into_owned();
                    let length: usize = text.parse().expect("they are digits");
                    reply.splice(digits, (length - 1).to_string().into_bytes());
                }
            }
        }
        self.shared.strike();
        self.to_client.write_all(&reply).await
    }
}

async fn drain(from: &mut (impl AsyncRead + Unpin)) {
    let mut sunk = [0; 4096];
    while from.read(&mut sunk).await.is_ok_and(|read| read > 0) {}
}

/// Where the last line begins.
fn last_line(reply: &[u8]) -> usize {
    let body = reply.strip_suffix(b"\r\n").unwrap_or(reply);
    body.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
}

/// The digits of the first literal's length.
fn literal(reply: &[u8]) -> Option<std::ops::Range<usize>> {
    let end = reply.windows(3).position(|three| three == b"}\r\n")?;
    let start = reply[..end].iter().rposition(|byte| *byte == b'{')? + 1;
    let digits = &reply[start..end];
    (!digits.is_empty() && digits != b"0" && digits.iter().all(u8::is_ascii_digit)).then_some(start..end)
}
