//! A TCP proxy that misbehaves on purpose, in one direction or both, at a chosen byte.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    ToServer,
    ToClient,
}

/// Where in the stream of one direction of one connection it happens.
#[derive(Debug, Clone)]
pub enum When {
    /// After so many bytes of the connection.
    Bytes(usize),
    /// So many bytes after the text has passed. Of use where nothing is encrypted.
    After(&'static str, usize),
}

/// What happens. The bytes up to there have passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Both ends are closed.
    Cut,
    /// This direction ends as if its sender had closed it; the other goes on.
    Truncate,
    /// Nothing passes any more, in either direction, and nobody is told.
    Stall,
}

#[derive(Debug, Clone)]
pub struct Fault {
    pub direction: Direction,
    pub when: When,
    pub then: Then,
    /// How often; then everything passes again.
    pub times: usize,
}

/// Listens on a port of its own; passes everything until told otherwise. Ends when dropped.
pub struct Proxy {
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    target: AtomicU16,
    fault: Mutex<Option<Fault>>,
    refusing: AtomicBool,
    ended: AtomicBool,
    connections: AtomicUsize,
    struck: AtomicUsize,
    open: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    /// Passes connections on to `target`, a port of 127.0.0.1.
    pub fn start(target: u16) -> Proxy {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let shared = Arc::new(Shared {
            target: AtomicU16::new(target),
            fault: Mutex::new(None),
            refusing: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            connections: AtomicUsize::new(0),
            struck: AtomicUsize::new(0),
            open: Mutex::new(Vec::new()),
        });
        let accepting = shared.clone();
        std::thread::spawn(move || accept(&listener, &accepting));
        Proxy { port, shared }
    }

    /// From now on, also on connections that are open.
    pub fn set(&self, fault: Fault) {
        *self.shared.fault.lock().expect("nobody panics with it") = Some(fault);
    }

    /// No further faults. What is stalled stays so.
    pub fn heal(&self) {
        *self.shared.fault.lock().expect("nobody panics with it") = None;
        self.shared.refusing.store(false, Ordering::SeqCst);
    }

    /// New connections are closed at once, and the open ones too.
    pub fn refuse(&self) {
        self.shared.refusing.store(true, Ordering::SeqCst);
        self.cut();
    }

    /// Ends all open connections.
    pub fn cut(&self) {
        for stream in self.shared.open.lock().expect("nobody panics with it").drain(..) {
            stream.shutdown(Shutdown::Both).ok();
        }
    }

    /// Connections so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Faults that have happened.
    pub fn struck(&self) -> usize {
        self.shared.struck.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        self.cut();
        // Wakes the thread that accepts.
        TcpStream::connect(("127.0.0.1", self.port)).ok();
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.ended.load(Ordering::SeqCst) {
            return;
        }
        let Ok(client) = client else { continue };
        shared.connections.fetch_add(1, Ordering::SeqCst);
        if shared.refusing.load(Ordering::SeqCst) {
            continue;
        }
        let Ok(server) = TcpStream::connect(("127.0.0.1", shared.target.load(Ordering::SeqCst))) else { continue };
        client.set_nodelay(true).ok();
        server.set_nodelay(true).ok();
        let clone = |stream: &TcpStream| stream.try_clone().expect("file descriptors are left");
        shared.open.lock().expect("nobody panics with it").extend([clone(&client), clone(&server)]);
        let stalled = Arc::new(AtomicBool::new(false));
        for (direction, from, to) in [
            (Direction::ToServer, clone(&client), clone(&server)),
            (Direction::ToClient, clone(&server), clone(&client)),
        ] {
            let (shared, stalled) = (shared.clone(), stalled.clone());
            std::thread::spawn(move || pump(direction, from, to, &shared, &stalled));
        }
    }
}

fn pump(direction: Direction, mut from: TcpStream, mut to: TcpStream, shared: &Shared, stalled: &AtomicBool) {
    let mut passed = 0;
    let mut seen: Vec<u8> = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let read = match from.read(&mut chunk) {
            Ok(0) | Err(_) => {
                to.shutdown(Shutdown::Write).ok();
                return;
            }
            Ok(read) => read,
        };
        while stalled.load(Ordering::SeqCst) {
            if shared.ended.load(Ordering::SeqCst) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        seen.extend_from_slice(&chunk[..read]);
        let strike = shared.strike(direction, passed, read, &seen);
        let pass = strike.map_or(read, |(at, _)| at);
        passed += read;
        // Enough to find a text, and what follows it, across chunks.
        let excess = seen.len().saturating_sub(64 * 1024);
        seen.drain(..excess);
        if to.write_all(&chunk[..pass]).is_err() {
            from.shutdown(Shutdown::Both).ok();
            return;
        }
        match strike.map(|(_, then)| then) {
            None => {}
            Some(Then::Cut) => {
                from.shutdown(Shutdown::Both).ok();
                to.shutdown(Shutdown::Both).ok();
                return;
            }
            Some(Then::Truncate) => {
                to.shutdown(Shutdown::Write).ok();
                return;
            }
            Some(Then::Stall) => stalled.store(true, Ordering::SeqCst),
        }
    }
}

impl Shared {
    /// Whether it happens in this chunk, and how many of its bytes pass before.
    fn strike(&self, direction: Direction, passed: usize, read: usize, seen: &[u8]) -> Option<(usize, Then)> {
        let mut slot = self.fault.lock().expect("nobody panics with it");
        let fault = slot.as_mut().filter(|fault| fault.direction == direction)?;
        let start = seen.len() - read;
        let at = match fault.when {
            When::Bytes(bytes) => bytes.checked_sub(passed).filter(|at| *at <= read)?,
            When::After(text, more) => {
                let found = seen.windows(text.len()).rposition(|window| window == text.as_bytes())?;
                let end = found + text.len() + more;
                end.checked_sub(start).filter(|at| *at <= read)?
            }
        };
        let then = fault.then;
        self.struck.fetch_add(1, Ordering::SeqCst);
        fault.times -= 1;
        if fault.times == 0 {
            *slot = None;
        }
        Some((at, then))
    }
}
