//! An IMAP server in plain text that behaves well, except where a test says otherwise.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// A command as it came.
#[derive(Debug, Clone)]
pub struct Command {
    pub tag: String,
    /// Upper case, with `UID` where there is one: `UID FETCH`.
    pub verb: String,
    /// All behind the verb.
    pub rest: String,
    /// How often this verb came before, over all connections.
    pub before: usize,
}

impl Command {
    /// The tagged answer, as in `command.answer("NO [THROTTLED] later")`.
    pub fn answer(&self, status: &str) -> Reply {
        Reply::Say(format!("{} {status}\r\n", self.tag))
    }

    /// True when the UID set that it begins with holds `uid`.
    pub fn holds(&self, uid: u32) -> bool {
        let set = self.rest.split(' ').next().unwrap_or_default();
        set.split(',').any(|part| {
            let (from, to) = part.split_once(':').unwrap_or((part, part));
            let number = |text: &str| text.parse::<u32>().unwrap_or(0);
            (number(from)..=number(to)).contains(&uid)
        })
    }
}

/// What the server does.
#[derive(Debug, Clone)]
pub enum Reply {
    /// As a server should.
    Proper,
    /// This, and then the proper answer.
    First(String),
    /// This instead.
    Say(String),
    /// This, and then the connection ends.
    Close(String),
    /// Nothing, for ever.
    Silence,
}

/// What the server holds.
#[derive(Debug, Clone)]
pub struct Folder {
    pub greeting: String,
    /// After `* CAPABILITY IMAP4rev1 `.
    pub capability: String,
    pub uid_validity: u32,
    /// None: SELECT does not say it.
    pub uid_next: Option<u32>,
    pub messages: Vec<(u32, Vec<u8>)>,
    /// RFC822.SIZE where it lies.
    pub sizes: HashMap<u32, u64>,
}

impl Folder {
    pub fn with(messages: Vec<(u32, Vec<u8>)>) -> Folder {
        let uid_next = messages.last().map_or(1, |(uid, _)| uid + 1);
        Folder {
            greeting: "* OK ready".to_owned(),
            capability: "IDLE UIDPLUS MOVE".to_owned(),
            uid_validity: 7,
            uid_next: Some(uid_next),
            messages,
            sizes: HashMap::new(),
        }
    }
}

type Behaviour = dyn Fn(&Command) -> Reply + Send + Sync;

/// A running server. Ends when dropped.
pub struct Script {
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    folder: Mutex<Folder>,
    behaviour: Box<Behaviour>,
    counts: Mutex<HashMap<String, usize>>,
    heard: Mutex<Vec<Command>>,
    open: Mutex<Vec<TcpStream>>,
    ended: AtomicBool,
}

impl Script {
    pub fn start(folder: Folder, behaviour: impl Fn(&Command) -> Reply + Send + Sync + 'static) -> Script {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let shared = Arc::new(Shared {
            folder: Mutex::new(folder),
            behaviour: Box::new(behaviour),
            counts: Mutex::default(),
            heard: Mutex::default(),
            open: Mutex::default(),
            ended: AtomicBool::new(false),
        });
        let accepting = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if accepting.ended.load(Ordering::SeqCst) {
                    return;
                }
                let shared = accepting.clone();
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        Script { port, shared }
    }

    /// A message comes in; who idles is told.
    pub fn add(&self, uid: u32, raw: Vec<u8>) {
        let mut folder = self.shared.folder.lock().expect("nobody panics with it");
        folder.messages.push((uid, raw));
        let exists = format!("* {} EXISTS\r\n", folder.messages.len());
        for mut stream in self.shared.open.lock().expect("nobody panics with it").iter() {
            stream.write_all(exists.as_bytes()).ok();
        }
    }

    /// What clients said so far.
    pub fn heard(&self) -> Vec<Command> {
        self.shared.heard.lock().expect("nobody panics with it").clone()
    }

    /// How often a verb came.
    pub fn count(&self, verb: &str) -> usize {
        self.shared.counts.lock().expect("nobody panics with it").get(verb).copied().unwrap_or(0)
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        for stream in self.shared.open.lock().expect("nobody panics with it").drain(..) {
            stream.shutdown(Shutdown::Both).ok();
        }
        TcpStream::connect(("127.0.0.1", self.port)).ok();
    }
}

fn serve(stream: TcpStream, shared: &Shared) {
    stream.set_nodelay(true).ok();
    let mut writer = stream.try_clone().expect("file descriptors are left");
    shared.open.lock().expect("nobody panics with it").push(stream.try_clone().expect("file descriptors are left"));
    let greeting = shared.folder.lock().expect("nobody panics with it").greeting.clone();
    writer.write_all(format!("{greeting}\r\n").as_bytes()).ok();
    let mut lines = BufReader::new(stream).lines();
    while let Some(Ok(line)) = lines.next() {
        let Some(command) = shared.understand(&line) else { continue };
        let proper = || shared.folder.lock().expect("nobody panics with it").proper(&command);
        let (text, close) = match (shared.behaviour)(&command) {
            Reply::Proper => (proper(), false),
            Reply::First(text) => (text.into_bytes().into_iter().chain(proper()).collect(), false),
            Reply::Say(text) => (text.into_bytes(), false),
            Reply::Close(text) => (text.into_bytes(), true),
            Reply::Silence => (Vec::new(), false),
        };
        if writer.write_all(&text).is_err() || close {
            writer.shutdown(Shutdown::Both).ok();
            return;
        }
        // After `+` comes DONE, or the answer to a SASL challenge, without a tag.
        if text.starts_with(b"+") && lines.next().is_some() {
            writer.write_all(format!("{} OK done\r\n", command.tag).as_bytes()).ok();
        }
    }
}

impl Shared {
    fn understand(&self, line: &str) -> Option<Command> {
        let mut words = line.splitn(3, ' ');
        let tag = words.next()?.to_owned();
        let mut verb = words.next()?.to_ascii_uppercase();
        let mut rest = words.next().unwrap_or_default().to_owned();
        if verb == "UID" {
            let (second, behind) = rest.split_once(' ')?;
            verb = format!("UID {}", second.to_ascii_uppercase());
            rest = behind.to_owned();
        }
        let mut counts = self.counts.lock().expect("nobody panics with it");
        let count = counts.entry(verb.clone()).or_default();
        let command = Command { tag, verb, rest, before: *count };
        *count += 1;
        self.heard.lock().expect("nobody panics with it").push(command.clone());
        Some(command)
    }
}

impl Folder {
    /// What a server should answer.
    fn proper(&self, command: &Command) -> Vec<u8> {
        let Command { tag, verb, rest, .. } = command;
        let mut out: Vec<u8> = Vec::new();
        let mut say = |text: String| out.extend_from_slice(text.as_bytes());
        match verb.as_str() {
            "CAPABILITY" => say(format!("* CAPABILITY IMAP4rev1 {}\r\n", self.capability)),
            "SELECT" | "EXAMINE" => {
                say(format!("* {} EXISTS\r\n* OK [UIDVALIDITY {}] valid\r\n", self.messages.len(), self.uid_validity));
                if let Some(next) = self.uid_next {
                    say(format!("* OK [UIDNEXT {next}] next\r\n"));
                }
            }
            "IDLE" => return b"+ idling\r\n".to_vec(),
            "UID SEARCH" => {
                let mut found = String::new();
                for (uid, _) in self.matching(rest.trim_start_matches("UID ")) {
                    write!(found, " {uid}").expect("writing to a string");
                }
                say(format!("* SEARCH{found}\r\n"));
            }
            "UID FETCH" => {
                let (set, items) = rest.split_once(' ').unwrap_or((rest, ""));
                for (uid, raw) in self.matching(set) {
                    self.fetch(*uid, raw, items, &mut out);
                }
            }
            _ => {}
        }
        out.extend_from_slice(format!("{tag} OK {verb} done\r\n").as_bytes());
        out
    }

    fn fetch(&self, uid: u32, raw: &[u8], items: &str, out: &mut Vec<u8>) {
        let size = self.sizes.get(&uid).copied().unwrap_or(raw.len() as u64);
        let end = raw.windows(4).position(|window| window == b"\r\n\r\n").map_or(raw.len(), |at| at + 4);
        let mut attributes: Vec<Vec<u8>> = Vec::new();
        let mut literal = |name: &str, bytes: &[u8]| {
            attributes.push([format!("{name} {{{}}}\r\n", bytes.len()).as_bytes(), bytes].concat());
        };
        if items.contains("BODY.PEEK[HEADER]") {
            literal("BODY[HEADER]", &raw[..end]);
        }
        if items.contains("BODY.PEEK[TEXT]<0.") {
            let text = &raw[end..];
            literal("BODY[TEXT]<0>", &text[..text.len().min(65536)]);
        }
        if items.contains("BODY.PEEK[]") {
            literal("BODY[]", raw);
        }
        if items.contains("RFC822.SIZE") {
            attributes.push(format!("RFC822.SIZE {size}").into_bytes());
            attributes.push(b"INTERNALDATE \" 2-Nov-2026 10:00:00 +0000\"".to_vec());
        }
        attributes.push(format!("UID {uid}").into_bytes());
        out.extend_from_slice(format!("* {} FETCH (", self.number(uid)).as_bytes());
        out.extend_from_slice(&attributes.join(&b' '));
        out.extend_from_slice(b")\r\n");
    }

    /// A message's sequence number.
    fn number(&self, uid: u32) -> usize {
        self.messages.iter().position(|(other, _)| *other == uid).map_or(0, |at| at + 1)
    }

    /// Messages of a UID set; `n:*` holds the last one always (RFC 3501 §6.4.8).
    fn matching(&self, set: &str) -> Vec<&(u32, Vec<u8>)> {
        let last = self.messages.last().map_or(0, |(uid, _)| *uid);
        let bound = |text: &str| if text == "*" { Some(last) } else { text.parse().ok() };
        let within = |uid: u32| {
            set.split(',').any(|part| {
                let (from, to) = part.split_once(':').unwrap_or((part, part));
                match (bound(from), bound(to)) {
                    (Some(from), Some(to)) => (from.min(to)..=from.max(to)).contains(&uid),
                    _ => false,
                }
            })
        };
        self.messages.iter().filter(|(uid, _)| within(*uid)).collect()
    }
}
