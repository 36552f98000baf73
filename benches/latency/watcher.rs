//! A bare IMAP client in IDLE: when it is told of a mail, Dovecot has told everybody.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

pub struct Watcher {
    told: Arc<(Mutex<Option<Instant>>, Condvar)>,
}

impl Watcher {
    pub fn start(port: u16, user: &str) -> Watcher {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
        stream.set_nodelay(true).expect("a connected socket");
        let mut writer = stream.try_clone().expect("a connected socket");
        let mut lines = BufReader::new(stream).lines();
        let commands = format!("a LOGIN {user} secret\r\nb EXAMINE INBOX\r\nc IDLE\r\n");
        writer.write_all(commands.as_bytes()).expect("the server reads");
        while !lines.next().expect("the server goes on").expect("the server talks").starts_with('+') {}
        let told = Arc::<(Mutex<Option<Instant>>, Condvar)>::default();
        let ours = Arc::clone(&told);
        // Ends with the server. The writer must live as long: closing it ends the connection.
        std::thread::spawn(move || {
            let _writer = writer;
            for line in lines.map_while(Result::ok).filter(|line| line.contains("EXISTS")) {
                drop(line);
                ours.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(Instant::now);
                ours.1.notify_all();
            }
        });
        Watcher { told }
    }

    /// Of what comes from now on the first is told.
    pub fn forget(&self) {
        *self.told.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// When the client was told; None when it is not within some seconds.
    pub fn told(&self) -> Option<Instant> {
        let told = self.told.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.told.1.wait_timeout_while(told, Duration::from_secs(5), |told| told.is_none());
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}
