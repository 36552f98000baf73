//! A plain IMAP client for tests: blocking, plain text, panics on everything unexpected.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

pub struct Client {
    reader: BufReader<TcpStream>,
    tag: u32,
}

/// A message as it lies on the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub uid: u32,
    /// Without `\Recent`, sorted.
    pub flags: Vec<String>,
    pub raw: Vec<u8>,
}

impl Stored {
    /// The subject, which [`super::mail`] makes from the name.
    pub fn subject(&self) -> String {
        let text = String::from_utf8_lossy(&self.raw);
        text.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap_or_default().to_owned()
    }
}

impl Client {
    pub fn connect(port: u16) -> Client {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
        stream.set_nodelay(true).expect("a connected socket");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("not zero");
        let mut client = Client { reader: BufReader::new(stream), tag: 0 };
        client.line();
        client
    }

    /// Runs a command that must be answered OK. Returns the untagged answers, literals in place.
    pub fn ok(&mut self, command: &str) -> Vec<Vec<u8>> {
        let tag = self.send(command);
        self.answers(&tag, command)
    }

    /// Puts a message into a folder by APPEND. `date`: INTERNALDATE, as in `17-Jul-1996 02:44:25 -0700`.
    pub fn append(&mut self, folder: &str, flags: &str, date: Option<&str>, raw: &[u8]) {
        let date = date.map(|date| format!(" \"{date}\"")).unwrap_or_default();
        let command = format!("APPEND \"{folder}\" ({flags}){date} {{{}}}", raw.len());
        let tag = self.send(&command);
        let go_ahead = self.line();
        assert!(go_ahead.starts_with(b"+"), "to {command}: {}", String::from_utf8_lossy(&go_ahead));
        let writer = self.reader.get_mut();
        writer.write_all(raw).expect("the server reads");
        writer.write_all(b"\r\n").expect("the server reads");
        self.answers(&tag, &command);
    }

    /// All messages of a folder, by UID. Empty for a folder that does not exist.
    pub fn folder(&mut self, folder: &str) -> Vec<Stored> {
        if self.ok(&format!("LIST \"\" \"{folder}\"")).is_empty() {
            return Vec::new();
        }
        self.ok(&format!("EXAMINE \"{folder}\""));
        let mut stored = Vec::new();
        for answer in self.ok("UID FETCH 1:* (UID FLAGS BODY.PEEK[])") {
            let text = String::from_utf8_lossy(&answer).into_owned();
            let Some(at) = text.find("BODY[] {") else { continue };
            let head = &text[..at];
            let word = |name: &str| head.split(name).nth(1).unwrap_or_default().trim_start().to_owned();
            let uid = word("UID ").chars().take_while(char::is_ascii_digit).collect::<String>();
            let flags = word("FLAGS (").split(')').next().unwrap_or_default().to_owned();
            let mut flags: Vec<String> =
                flags.split_whitespace().filter(|flag| *flag != "\\Recent").map(str::to_owned).collect();
            flags.sort();
            let at = answer.windows(8).position(|w| w == b"BODY[] {").expect("found above") + 8;
            let digits: String =
                answer[at..].iter().take_while(|b| b.is_ascii_digit()).map(|b| char::from(*b)).collect();
            let from = at + digits.len() + 3;
            let length: usize = digits.parse().expect("a literal's length");
            let uid = uid.parse().expect("UIDs are numbers");
            stored.push(Stored { uid, flags, raw: answer[from..from + length].to_vec() });
        }
        stored.sort_by_key(|message| message.uid);
        stored
    }

    /// The subjects in a folder, by UID.
    pub fn subjects(&mut self, folder: &str) -> Vec<String> {
        self.folder(folder).iter().map(Stored::subject).collect()
    }

    /// Deletes messages from a folder, as a person would.
    pub fn expunge(&mut self, folder: &str, uids: &str) {
        self.ok(&format!("SELECT \"{folder}\""));
        self.ok(&format!("UID STORE {uids} +FLAGS (\\Deleted)"));
        self.ok("EXPUNGE");
    }

    fn send(&mut self, command: &str) -> String {
        self.tag += 1;
        let tag = format!("c{}", self.tag);
        self.reader.get_mut().write_all(format!("{tag} {command}\r\n").as_bytes()).expect("the server reads");
        tag
    }

    fn answers(&mut self, tag: &str, command: &str) -> Vec<Vec<u8>> {
        let mut answers = Vec::new();
        loop {
            let line = self.line();
            if let Some(rest) = line.strip_prefix(format!("{tag} ").as_bytes()) {
                assert!(rest.starts_with(b"OK"), "to {command}: {}", String::from_utf8_lossy(rest));
                return answers;
            }
            answers.push(line);
        }
    }

    /// One response, with its literals.
    fn line(&mut self) -> Vec<u8> {
        let mut line = Vec::new();
        loop {
            let read = self.reader.read_until(b'\n', &mut line).expect("the server answers");
            assert!(read > 0, "the server closed the connection after {}", String::from_utf8_lossy(&line));
            let Some(length) = literal_length(&line) else { return line };
            let mut literal = vec![0; length];
            self.reader.read_exact(&mut literal).expect("the server sends what it announces");
            line.extend_from_slice(&literal);
        }
    }
}

fn literal_length(line: &[u8]) -> Option<usize> {
    let digits = line.strip_suffix(b"}\r\n")?;
    let open = digits.iter().rposition(|byte| *byte == b'{')?;
    std::str::from_utf8(&digits[open + 1..]).ok()?.parse().ok()
}
