//! The structure of a message (RFC 2046), walked once from top to bottom without recursion.
//!
//! Linear: each line is looked at once and compared with at most `Bounds::depth` boundaries. An enclosed message is
//! a leaf; what is inside is read by whoever wants it, from the raw bytes.

use std::ops::Range;

use super::fields;
use super::parameters::{self, Typed};
use crate::mail::Bounds;
use crate::mail::defect::{Flaw, Flaws};

/// Where one field stands in the raw bytes; the value with its line ends.
#[derive(Debug, Clone)]
pub struct RawField {
    pub name: Range<usize>,
    pub value: Range<usize>,
}

/// One part: a multipart or a leaf.
#[derive(Debug, Clone)]
pub struct Part {
    pub fields: Vec<RawField>,
    pub content: Typed,
    pub disposition: Typed,
    /// Lower case, empty where not given.
    pub encoding: String,
    /// Without the line end that belongs to the boundary.
    pub body: Range<usize>,
    /// The innermost multipart/alternative around it.
    pub alternative: Option<usize>,
    pub children: usize,
    pub multipart: bool,
}

/// All parts in order of appearance; the first is the message itself.
pub fn walk(raw: &[u8], bounds: &Bounds, flaws: &mut Flaws) -> Vec<Part> {
    let mut walk =
        Walk { raw, bounds, flaws, lines: Lines::new(raw), parts: Vec::new(), frames: Vec::new(), leaf: None };
    walk.begin_part(None);
    if bounds.parts <= 1 {
        return walk.finish();
    }
    while let Some(line) = walk.lines.next_line() {
        let Some((depth, delimiter)) = walk.delimiter(line.clone()) else { continue };
        walk.end_parts(depth, line.start);
        match delimiter {
            Delimiter::Next if walk.parts.len() >= bounds.parts => {
                walk.flaws.note(Flaw::TooManyParts);
                return walk.finish();
            }
            Delimiter::Next => walk.begin_part(Some(depth)),
            Delimiter::End => {
                walk.parts[walk.frames[depth].part].body.end = walk.lines.at;
                walk.frames.truncate(depth);
            }
        }
    }
    if !walk.frames.is_empty() {
        walk.flaws.note(Flaw::NoEndBoundary);
    }
    walk.finish()
}

struct Frame {
    boundary: Vec<u8>,
    part: usize,
}

enum Delimiter {
    Next,
    End,
}

struct Walk<'a> {
    raw: &'a [u8],
    bounds: &'a Bounds,
    flaws: &'a mut Flaws,
    lines: Lines<'a>,
    parts: Vec<Part>,
    /// Multiparts that are open, outermost first.
    frames: Vec<Frame>,
    leaf: Option<usize>,
}

impl Walk<'_> {
    /// Reads a header and opens what it describes, as a child of the frame at `depth`.
    fn begin_part(&mut self, depth: Option<usize>) {
        let fields = self.header();
        let value = |name: &str, flaws: &mut Flaws| {
            let field = fields.iter().find(|f| self.raw[f.name.clone()].eq_ignore_ascii_case(name.as_bytes()));
            field.map_or(String::new(), |f| fields::unfold(&self.raw[f.value.clone()], self.bounds.header_bytes, flaws))
        };
        let mut content = parameters::read(&value("content-type", self.flaws), self.flaws);
        let disposition = parameters::read(&value("content-disposition", self.flaws), self.flaws);
        let encoding = value("content-transfer-encoding", self.flaws);
        let encoding =
            encoding.trim_matches(['"', '\'', ' ', ';']).split([';', '(', ' ', '+']).next().unwrap_or_default();
        let encoding = encoding.to_ascii_lowercase();
        let parent = depth.map(|depth| self.frames[depth].part);
        let mut alternative = None;
        if let Some(parent) = parent {
            self.parts[parent].children += 1;
            let parent_type = self.parts[parent].content.value.as_str();
            alternative =
                if parent_type == "multipart/alternative" { Some(parent) } else { self.parts[parent].alternative };
            if content.value.is_empty() && parent_type == "multipart/digest" {
                content.value = "message/rfc822".to_owned();
            }
        }
        if content.value.is_empty() {
            content.value = "text/plain".to_owned();
        }
        let index = self.parts.len();
        let multipart = content.value.starts_with("multipart/");
        let boundary = multipart.then(|| self.boundary(&content)).flatten();
        let body = self.lines.at..self.raw.len();
        self.parts.push(Part { fields, content, disposition, encoding, body, alternative, children: 0, multipart });
        match boundary {
            Some(boundary) if self.frames.len() < self.bounds.depth => {
                self.frames.push(Frame { boundary, part: index });
                self.leaf = None;
            }
            Some(_) => {
                self.flaws.note(Flaw::TooDeep);
                self.parts[index].multipart = false;
                self.leaf = Some(index);
            }
            None => self.leaf = Some(index),
        }
    }

    /// The boundary as declared, or as the first line of the body shows it.
    fn boundary(&mut self, content: &Typed) -> Option<Vec<u8>> {
        if let Some(declared) = content.parameter("boundary").map(str::trim_end).filter(|b| !b.is_empty()) {
            return Some(declared.as_bytes().to_vec());
        }
        self.flaws.note(Flaw::NoBoundary);
        let near = &self.raw[self.lines.at..self.raw.len().min(self.lines.at + 2048)];
        let line = near.split(|b| *b == b'\n').find(|line| line.starts_with(b"--") && line.trim_ascii().len() > 2)?;
        Some(line.trim_ascii()[2..].to_vec())
    }

    /// Which open multipart this line delimits; the innermost counts.
    fn delimiter(&self, line: Range<usize>) -> Option<(usize, Delimiter)> {
        let line = self.raw[line].strip_prefix(b"--")?;
        self.frames.iter().enumerate().rev().find_map(|(depth, frame)| {
            match line.strip_prefix(frame.boundary.as_slice())?.trim_ascii() {
                b"" => Some((depth, Delimiter::Next)),
                b"--" => Some((depth, Delimiter::End)),
                _ => None,
            }
        })
    }

    /// Ends the leaf and every multipart inside the frame at `depth`, before the line end that precedes `at`.
    fn end_parts(&mut self, depth: usize, at: usize) {
        let inner = self.frames.drain(depth + 1..).map(|frame| frame.part);
        for part in inner.chain(self.leaf.take()) {
            let body = &mut self.parts[part].body;
            let before = self.raw[body.start.min(at)..at].strip_suffix(b"\n");
            let length = before.map_or(at - body.start.min(at), |b| b.strip_suffix(b"\r").unwrap_or(b).len());
            body.end = body.start.min(at) + length;
        }
    }

    fn header(&mut self) -> Vec<RawField> {
        let mut fields: Vec<RawField> = Vec::new();
        let mut inside = false;
        loop {
            let mark = self.lines.at;
            let Some(line) = self.lines.next_line() else { break };
            let text = &self.raw[line.clone()];
            if text.is_empty() || (text.trim_ascii().is_empty() && !inside) {
                break;
            }
            if self.delimiter(line.clone()).is_some() {
                self.lines.at = mark;
                break;
            }
            if text[0] == b' ' || text[0] == b'\t' {
                if let (true, Some(last)) = (inside, fields.last_mut()) {
                    last.value.end = line.end;
                }
                continue;
            }
            if let Some(name) = field_name(text) {
                inside = fields.len() < self.bounds.headers;
                if !inside {
                    self.flaws.note(Flaw::TooManyHeaders);
                    continue;
                }
                let colon = line.start + text.iter().position(|b| *b == b':').unwrap_or(name);
                fields.push(RawField { name: line.start..line.start + name, value: colon + 1..line.end });
            } else if self.parts.is_empty() && mark == 0 && text.starts_with(b"From ") {
                inside = false;
            } else if self.field_follows() {
                self.flaws.note(Flaw::BadHeaderLine);
                inside = false;
            } else {
                self.flaws.note(if fields.is_empty() { Flaw::NoHeader } else { Flaw::NoHeaderEnd });
                self.lines.at = mark;
                break;
            }
        }
        fields
    }

    /// Whether the header goes on behind a line that is no field: in the next line, or behind lines that would continue
    /// it, where a field begins that every mail program knows.
    fn field_follows(&self) -> bool {
        const AHEAD: usize = 4;
        const KNOWN: &[&str] =
            &["from", "to", "cc", "subject", "date", "message-id", "received", "mime-version", "content-type"];
        let mut lines = self.lines.clone();
        for at in 0..AHEAD {
            let Some(line) = lines.next_line() else { return false };
            let text = &self.raw[line];
            match field_name(text) {
                Some(_) if at == 0 => return true,
                Some(length) => {
                    return KNOWN.iter().any(|name| text[..length].eq_ignore_ascii_case(name.as_bytes()));
                }
                None if text.starts_with(b" ") || text.starts_with(b"\t") => {}
                None => return false,
            }
        }
        false
    }

    fn finish(self) -> Vec<Part> {
        let mut parts = self.parts;
        for part in &mut parts {
            if part.multipart && part.children == 0 {
                self.flaws.note(Flaw::NoBoundary);
                part.multipart = false;
                part.content.value = "text/plain".to_owned();
            }
        }
        parts
    }
}

/// The length of the field name at the beginning of a line (RFC 5322 §2.2); space before the colon is forgiven.
fn field_name(line: &[u8]) -> Option<usize> {
    let length = line.iter().position(|b| !(0x21..=0x7e).contains(b) || *b == b':')?;
    let rest = line[length..].trim_ascii_start();
    (length > 0 && rest.first() == Some(&b':')).then_some(length)
}

/// Lines that end in LF or CRLF; in CR where there is no LF at all.
#[derive(Clone)]
struct Lines<'a> {
    raw: &'a [u8],
    at: usize,
    end: u8,
}

impl<'a> Lines<'a> {
    fn new(raw: &'a [u8]) -> Lines<'a> {
        let end = if memchr::memchr(b'\n', raw).is_some() { b'\n' } else { b'\r' };
        Lines { raw, at: 0, end }
    }

    /// The next line without its end.
    fn next_line(&mut self) -> Option<Range<usize>> {
        let rest = self.raw.get(self.at..).filter(|rest| !rest.is_empty())?;
        let found = memchr::memchr(self.end, rest);
        let length = found.unwrap_or(rest.len());
        let start = self.at;
        self.at += found.map_or(rest.len(), |at| at + 1);
        let carriage = self.end == b'\n' && rest[..length].ends_with(b"\r");
        Some(start..start + length - usize::from(carriage))
    }
}
