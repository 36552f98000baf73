//! A DNS server for tests (RFC 1035): knows some TXT records, over UDP, and counts what it is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What it does with questions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mood {
    /// Answers; of a name that it does not know, that there is none.
    #[default]
    Answers,
    /// SERVFAIL.
    Fails,
    /// Nothing at all.
    Silent,
}

pub struct Dns {
    pub address: SocketAddr,
    known: Arc<Mutex<Known>>,
    asked: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
}

#[derive(Default, Clone)]
struct Known {
    mood: Mood,
    records: BTreeMap<String, String>,
    broken: BTreeSet<String>,
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

impl Dns {
    pub fn start() -> Dns {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
        socket.set_read_timeout(Some(Duration::from_millis(50))).expect("a socket can wait");
        let address = socket.local_addr().expect("it is bound");
        let dns = Dns { address, known: Arc::default(), asked: Arc::default(), over: Arc::default() };
        let (known, asked, over) = (dns.known.clone(), dns.asked.clone(), dns.over.clone());
        std::thread::spawn(move || {
            let mut packet = [0; 1500];
            while !over.load(Ordering::Relaxed) {
                let Ok((length, from)) = socket.recv_from(&mut packet) else { continue };
                asked.fetch_add(1, Ordering::Relaxed);
                let known = known.lock().expect("nobody panics with it").clone();
                if let Some(answer) = answer(&packet[..length], &known) {
                    socket.send_to(&answer, from).ok();
                }
            }
        });
        dns
    }

    /// `name` without a dot at its end.
    pub fn knows(&self, name: &str, text: &str) {
        self.known.lock().expect("nobody panics with it").records.insert(name.to_owned(), text.to_owned());
    }

    /// SERVFAIL for this name alone: its own servers are broken.
    pub fn is_broken(&self, name: &str) {
        self.known.lock().expect("nobody panics with it").broken.insert(name.to_owned());
    }

    pub fn is(&self, mood: Mood) {
        self.known.lock().expect("nobody panics with it").mood = mood;
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

/// RFC 1035 §4.1, for one question.
fn answer(query: &[u8], known: &Known) -> Option<Vec<u8>> {
    let mut labels = Vec::new();
    let mut at = 12;
    while let Some(length) = query.get(at).map(|length| usize::from(*length)).filter(|length| *length > 0) {
        labels.push(String::from_utf8_lossy(query.get(at + 1..at + 1 + length)?).to_lowercase());
        at += 1 + length;
    }
    let question = query.get(12..at + 5)?;
    let name = labels.join(".");
    let found = known.records.get(&name);
    let mood = if known.broken.contains(&name) { Mood::Fails } else { known.mood };
    let (code, answers) = match (mood, found) {
        (Mood::Silent, _) => return None,
        (Mood::Fails, _) => (2, 0),
        (Mood::Answers, None) => (3, 0),
        (Mood::Answers, Some(_)) => (0, 1),
    };
    // A response, authoritative, recursion wanted and to be had.
    let mut packet = query[..2].to_vec();
    packet.extend([0x85, 0x80 | code, 0, 1, 0, answers, 0, 0, 0, 0]);
    packet.extend_from_slice(question);
    if let Some(text) = found.filter(|_| answers == 1) {
        let strings: Vec<u8> =
            text.as_bytes().chunks(255).flat_map(|piece| [&[piece.len() as u8], piece].concat()).collect();
        // The name of the question, TXT, IN, for five minutes.
        packet.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 1, 44]);
        packet.extend(u16::try_from(strings.len()).ok()?.to_be_bytes());
        packet.extend(strings);
    }
    Some(packet)
}
