//! The structure of a message (RFC 2046), walked once from top to bottom without recursion.
//!
//! Linear: each line is looked at once and compared with at most `Bounds::depth` boundaries. An enclosed message is
//! a leaf; what is inside is read by whoever wants it, from the raw bytes.

use std::ops::Range;

use super::parameters::{self, Typed};
use super::{fields, transfer};
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
    let mut found = Flaws::default();
    let parts = walk_with(raw, None, bounds, &mut found);
    let whole = &parts[0];
    // A multipart whose boundary never comes, and which shows another one: it is read once more, with that.
    let lost = bounds.parts > 1 && parts.len() == 1 && declared_boundary(&whole.content).is_some();
    if let Some(shown) = shown_boundary(&raw[whole.body.clone()]).filter(|_| lost && !whole.multipart) {
        return walk_with(raw, Some(shown.to_vec()), bounds, flaws);
    }
    flaws.merge(found);
    parts
}

fn walk_with(raw: &[u8], shown: Option<Vec<u8>>, bounds: &Bounds, flaws: &mut Flaws) -> Vec<Part> {
    let lines = Lines::new(raw);
    let mut walk = Walk { raw, bounds, flaws, lines, parts: Vec::new(), frames: Vec::new(), leaf: None, shown };
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
    /// The boundary of the message itself, where the declared one never comes.
    shown: Option<Vec<u8>>,
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
        let encoding = transfer::name(&value("content-transfer-encoding", self.flaws), self.flaws);
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
        let multipart = content.value.starts_with("multipart/") || self.is_bounded(&content);
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

    /// The boundary as declared, or as the first lines of the body show it.
    fn boundary(&mut self, content: &Typed) -> Option<Vec<u8>> {
        if let (Some(declared), None) = (declared_boundary(content), self.shown.as_ref()) {
            return Some(declared.to_vec());
        }
        self.flaws.note(Flaw::NoBoundary);
        self.shown.take().or_else(|| shown_boundary(&self.raw[self.lines.at..]).map(<[u8]>::to_vec))
    }

    /// Some programs declare a boundary, and call what it divides text.
    fn is_bounded(&self, content: &Typed) -> bool {
        let Some(boundary) = declared_boundary(content).filter(|_| content.value.starts_with("text/")) else {
            return false;
        };
        let body = self.raw[self.lines.at..].trim_ascii_start();
        let line = body.strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary));
        line.is_some_and(|rest| matches!(rest.first(), Some(b'\r' | b'\n' | b' ')))
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
                if self.parts.is_empty() && fields.is_empty() && self.header_follows() {
                    continue;
                }
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
            } else if self.parts.is_empty() && fields.is_empty() && is_separator(text) && self.field_follows() {
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

    /// Whether the header stands below blank lines.
    fn header_follows(&self) -> bool {
        const AHEAD: usize = 20;
        let mut lines = self.lines.clone();
        let line = std::iter::from_fn(|| lines.next_line()).take(AHEAD).find(|line| !line.is_empty());
        line.is_some_and(|line| is_known(&self.raw[line]))
    }

    /// Whether the header goes on behind a line that is no field: in the next line, or behind lines that would continue
    /// it, where a field begins that every mail program knows.
    fn field_follows(&self) -> bool {
        const AHEAD: usize = 4;
        let mut lines = self.lines.clone();
        for at in 0..AHEAD {
            let Some(line) = lines.next_line() else { return false };
            let text = &self.raw[line];
            match field_name(text) {
                Some(_) if at == 0 => return true,
                Some(_) => return is_known(text),
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

/// Whether a line begins a field that every mail program knows.
fn is_known(line: &[u8]) -> bool {
    const KNOWN: &[&str] = &[
        "from",
        "to",
        "cc",
        "subject",
        "date",
        "message-id",
        "received",
        "return-path",
        "delivered-to",
        "mime-version",
        "content-type",
    ];
    let name = field_name(line).map(|length| &line[..length]);
    name.is_some_and(|name| KNOWN.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes())))
}

/// The line that mbox files put before a message.
fn is_separator(line: &[u8]) -> bool {
    line.strip_prefix(b">").unwrap_or(line).starts_with(b"From ")
}

fn declared_boundary(content: &Typed) -> Option<&[u8]> {
    content.parameter("boundary").map(str::trim_end).filter(|boundary| !boundary.is_empty()).map(str::as_bytes)
}

/// A line near the beginning that looks like a boundary, behind which a header of a part begins.
fn shown_boundary(body: &[u8]) -> Option<&[u8]> {
    const NEAR: usize = 4096;
    let mut lines = body[..body.len().min(NEAR)].split(|b| *b == b'\n').map(<[u8]>::trim_ascii_end).peekable();
    while let Some(line) = lines.next() {
        let next = lines.peek().copied().unwrap_or_default();
        let header = next.is_empty() || next.get(..8).is_some_and(|name| name.eq_ignore_ascii_case(b"content-"));
        if let Some(boundary) = line.strip_prefix(b"--").filter(|boundary| !boundary.is_empty() && header) {
            return Some(boundary);
        }
    }
    None
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
        // Editors put a byte order mark before UTF-8.
        let at = if raw.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        Lines { raw, at, end }
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
