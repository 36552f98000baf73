//! Which bytes are one command, and which are the whole reply to it (RFC 3501 §2.2, RFC 5321 §4.2).

use crate::wire::Protocol;

/// A whole command.
pub struct Said {
    pub verb: String,
    pub bytes: Vec<u8>,
}

/// A whole line of a reply, with its literals.
pub struct Told {
    pub bytes: Vec<u8>,
    /// It is the last of a reply.
    pub ends: bool,
}

pub enum Speech {
    Imap(Imap),
    Smtp(Smtp),
}

impl Speech {
    pub fn of(protocol: Protocol) -> Speech {
        match protocol {
            Protocol::Imap => Speech::Imap(Imap::default()),
            Protocol::Smtp => Speech::Smtp(Smtp::default()),
        }
    }

    pub fn hear_client(&mut self, bytes: &[u8]) -> Vec<Said> {
        match self {
            Speech::Imap(imap) => imap.hear_client(bytes),
            Speech::Smtp(smtp) => smtp.hear_client(bytes),
        }
    }

    pub fn hear_server(&mut self, bytes: &[u8]) -> Vec<Told> {
        match self {
            Speech::Imap(imap) => imap.hear_server(bytes),
            Speech::Smtp(smtp) => smtp.hear_server(bytes),
        }
    }

    /// The reply to the command ended with this line: what the client may say next depends on it.
    pub fn answered(&mut self, verb: &str, line: &[u8]) {
        match self {
            // What is said unasked answers nothing.
            Speech::Imap(_) if verb == "push" => {}
            Speech::Imap(imap) => imap.goes_on = line.starts_with(b"+"),
            Speech::Smtp(smtp) => smtp.text = verb == "DATA" && line.starts_with(b"354"),
        }
    }
}

#[derive(Default)]
pub struct Imap {
    asked: Vec<u8>,
    told: Vec<u8>,
    /// The server said `+`.
    goes_on: bool,
    /// Bytes of the literal that the last command announced.
    literal: Option<usize>,
    greeted: bool,
}

impl Imap {
    fn hear_client(&mut self, bytes: &[u8]) -> Vec<Said> {
        self.asked.extend_from_slice(bytes);
        let mut said = Vec::new();
        loop {
            let literal = self.literal.filter(|_| self.goes_on);
            let Some(length) = line_end(&self.asked, literal.unwrap_or(0)) else { return said };
            let bytes: Vec<u8> = self.asked.drain(..length).collect();
            let verb = match literal {
                Some(_) => "literal".to_owned(),
                None if bytes == b"DONE\r\n" => "DONE".to_owned(),
                None if self.goes_on => "secret".to_owned(),
                None => verb(&bytes),
            };
            self.literal = announced(&bytes).filter(|_| literal.is_none());
            said.push(Said { verb, bytes });
        }
    }

    fn hear_server(&mut self, bytes: &[u8]) -> Vec<Told> {
        self.told.extend_from_slice(bytes);
        let mut told = Vec::new();
        loop {
            let mut end = 0;
            loop {
                let Some(next) = line_end(&self.told[end..], 0) else { return told };
                end += next;
                match announced(&self.told[..end]) {
                    Some(literal) if self.told.len() >= end + literal => end += literal,
                    Some(_) => return told,
                    None => break,
                }
            }
            let bytes: Vec<u8> = self.told.drain(..end).collect();
            let ends = !bytes.starts_with(b"*") || !self.greeted;
            self.greeted = true;
            told.push(Told { bytes, ends });
        }
    }
}

#[derive(Default)]
pub struct Smtp {
    asked: Vec<u8>,
    told: Vec<u8>,
    /// The server waits for a mail.
    text: bool,
}

impl Smtp {
    fn hear_client(&mut self, bytes: &[u8]) -> Vec<Said> {
        self.asked.extend_from_slice(bytes);
        let mut said = Vec::new();
        loop {
            let end = match self.text {
                true => self.asked.windows(5).position(|five| five == b"\r\n.\r\n").map(|at| at + 5),
                false => line_end(&self.asked, 0),
            };
            let Some(end) = end else { return said };
            let bytes: Vec<u8> = self.asked.drain(..end).collect();
            let verb = if self.text { "text".to_owned() } else { word(&bytes, 0) };
            self.text = false;
            said.push(Said { verb, bytes });
        }
    }

    fn hear_server(&mut self, bytes: &[u8]) -> Vec<Told> {
        self.told.extend_from_slice(bytes);
        let mut told = Vec::new();
        while let Some(end) = line_end(&self.told, 0) {
            let bytes: Vec<u8> = self.told.drain(..end).collect();
            let ends = bytes.get(3) != Some(&b'-');
            told.push(Told { bytes, ends });
        }
        told
    }
}

/// Behind the first line end at or after `from`.
fn line_end(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    rest.windows(2).position(|two| two == b"\r\n").map(|at| from + at + 2)
}

fn announced(line: &[u8]) -> Option<usize> {
    let digits = line.strip_suffix(b"}\r\n")?;
    let open = digits.iter().rposition(|byte| *byte == b'{')?;
    std::str::from_utf8(&digits[open + 1..]).ok()?.parse().ok()
}

fn verb(line: &[u8]) -> String {
    match word(line, 1).as_str() {
        "UID" => format!("UID {}", word(line, 2)),
        verb => verb.to_owned(),
    }
}

fn word(line: &[u8], at: usize) -> String {
    String::from_utf8_lossy(line).split_whitespace().nth(at).unwrap_or_default().to_ascii_uppercase()
}
