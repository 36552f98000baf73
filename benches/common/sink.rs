//! An SMTP server that takes every mail at once, and remembers when and for whom. It does as little as it can: it
//! shares the processors with what is measured.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug, Clone)]
pub struct Taken {
    pub at: Instant,
    pub recipient: String,
    pub bytes: usize,
}

pub struct Sink {
    pub port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    taken: Mutex<Vec<Taken>>,
    changed: Condvar,
}

impl Shared {
    fn taken(&self) -> MutexGuard<'_, Vec<Taken>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink {
    pub fn start() -> Sink {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("there is a free port on loopback");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        // Ends with the bench.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&theirs);
                std::thread::spawn(move || {
                    // A client that goes away has said all that it wanted.
                    let _ = talk(stream, &shared);
                });
            }
        });
        Sink { port, shared }
    }

    /// What was taken since the last time this was asked.
    pub fn empty(&self) -> Vec<Taken> {
        std::mem::take(&mut self.shared.taken())
    }

    pub fn count(&self) -> usize {
        self.shared.taken().len()
    }

    /// Waits until so many mails are there; false when they do not come in time.
    pub fn wait_for(&self, mails: usize, patience: Duration) -> bool {
        let few = |taken: &mut Vec<Taken>| taken.len() < mails;
        let waited = self.shared.changed.wait_timeout_while(self.shared.taken(), patience, few);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

fn talk(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::with_capacity(64 * 1024, stream);
    writer.write_all(b"220 sink ESMTP\r\n")?;
    let mut recipient = String::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&line);
        let answer: &[u8] = match text.get(..4).unwrap_or_default() {
            "EHLO" => b"250-sink\r\n250-8BITMIME\r\n250-DSN\r\n250 SIZE 50000000\r\n",
            "DATA" => {
                writer.write_all(b"354 go on\r\n")?;
                let bytes = text_of_mail(&mut reader)?;
                let taken = Taken { at: Instant::now(), recipient: std::mem::take(&mut recipient), bytes };
                shared.taken().push(taken);
                shared.changed.notify_all();
                b"250 2.0.0 taken\r\n"
            }
            "QUIT" => return writer.write_all(b"221 2.0.0 bye\r\n"),
            "RCPT" => {
                let path = text.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
                recipient = path.map_or(String::new(), |(path, _)| path.to_owned());
                b"250 2.1.5 ok\r\n"
            }
            _ => b"250 2.0.0 ok\r\n",
        };
        writer.write_all(answer)?;
    }
}

/// Reads up to the final dot; how many bytes that was.
fn text_of_mail(reader: &mut impl BufRead) -> std::io::Result<usize> {
    let mut line = Vec::new();
    let mut bytes = 0;
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line)?;
        if read == 0 || line == b".\r\n" {
            return Ok(bytes);
        }
        bytes += read;
    }
}
