//! Files that stand within a text: uuencoded (POSIX uuencode) and yEnc. They become attachments; the text is what
//! remains. Each line is looked at once or twice.

use std::borrow::Cow;

/// Files that are taken out of one text.
const FILES: usize = 100;

/// A file as it was before it was encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub name: String,
    pub bytes: Vec<u8>,
    pub how: How,
    /// False where it ends too early or is not as long as it says.
    pub whole: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    Uuencode,
    YEnc,
}

impl How {
    /// As an attachment's encoding names it.
    pub fn name(self) -> &'static str {
        match self {
            How::Uuencode => "uuencode",
            How::YEnc => "yenc",
        }
    }
}

/// Takes the files out of a text.
pub fn split(text: &[u8]) -> (Cow<'_, [u8]>, Vec<File>) {
    let likely = has_line(text, b"begin ") || has_line(text, b"=ybegin ");
    if !likely {
        return (Cow::Borrowed(text), Vec::new());
    }
    let mut rest: Vec<u8> = Vec::with_capacity(text.len());
    let mut files: Vec<File> = Vec::new();
    let mut lines = Lines { text, at: 0 };
    while let Some(line) = lines.next() {
        let found = if files.len() < FILES { begin(line, &mut lines) } else { None };
        match found {
            Some(file) => files.push(file),
            None => rest.extend_from_slice(line),
        }
    }
    if files.is_empty() { (Cow::Borrowed(text), files) } else { (Cow::Owned(rest), files) }
}

/// The bytes of the file of a part that is uuencoded as a whole; what is around it does not count.
pub fn whole(text: &[u8]) -> Option<Vec<u8>> {
    split(text).1.into_iter().next().map(|file| file.bytes)
}

fn has_line(text: &[u8], beginning: &[u8]) -> bool {
    text.starts_with(beginning) || memchr::memmem::find_iter(text, beginning).any(|at| at > 0 && text[at - 1] == b'\n')
}

/// The lines of a text, with their ends.
pub fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    Lines { text, at: 0 }
}

#[derive(Clone)]
struct Lines<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        self.at += length;
        Some(&rest[..length])
    }
}

fn content(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The file that begins with `line`; the lines are past it then.
fn begin(line: &[u8], lines: &mut Lines<'_>) -> Option<File> {
    let line = content(line);
    if let Some(given) = line.strip_prefix(b"begin ") {
        uuencoded(given, lines)
    } else if let Some(given) = line.strip_prefix(b"=ybegin ") {
        yenc(given, lines)
    } else {
        None
    }
}

/// `begin 644 name`, lines that say how many bytes they hold, `end`.
fn uuencoded(given: &[u8], lines: &mut Lines<'_>) -> Option<File> {
    let given = String::from_utf8_lossy(given);
    let (mode, name) = given.split_once(' ')?;
    if !(3..=5).contains(&mode.len()) || !mode.bytes().all(|b| (b'0'..=b'7').contains(&b)) {
        return None;
    }
    let mut ahead = lines.clone();
    let mut bytes = Vec::new();
    let mut whole = false;
    loop {
        let mark = ahead.clone();
        let Some(line) = ahead.next() else { break };
        let line = content(line);
        if line == b"end" {
            whole = true;
            break;
        }
        if matches!(line, b"" | b"`" | b" ") {
            continue;
        }
        if !uu_line(line, &mut bytes) {
            ahead = mark;
            break;
        }
    }
    if bytes.is_empty() {
        return None;
    }
    *lines = ahead;
    Some(File { name: name.trim().to_owned(), bytes, how: How::Uuencode, whole })
}

/// Decodes a line; trailing spaces may have been lost on the way, and a checksum may follow.
fn uu_line(line: &[u8], out: &mut Vec<u8>) -> bool {
    let Some((&length, symbols)) = line.split_first() else { return false };
    if !(0x21..=0x60).contains(&length) || !symbols.iter().all(|b| (0x20..=0x60).contains(b)) {
        return false;
    }
    let length = usize::from((length - 0x20) & 0x3f);
    let needed = length.div_ceil(3) * 4;
    if symbols.len() > needed + 2 || symbols.len() + 8 < needed {
        return false;
    }
    let symbol = |at: usize| symbols.get(at).map_or(0, |b| (b - 0x20) & 0x3f);
    let start = out.len();
    for group in (0..needed).step_by(4) {
        let [a, b, c, d] = [symbol(group), symbol(group + 1), symbol(group + 2), symbol(group + 3)];
        out.extend_from_slice(&[a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d]);
    }
    out.truncate(start + length);
    true
}

/// `=ybegin line=128 size=123 name=file`, perhaps `=ypart`, data, `=yend size=123`.
fn yenc(given: &[u8], lines: &mut Lines<'_>) -> Option<File> {
    let given = String::from_utf8_lossy(given);
    let (keys, name) = given.split_once("name=")?;
    let number = |text: &str, key: &str| {
        let found = text.split_whitespace().find_map(|word| word.strip_prefix(key))?;
        found.parse::<usize>().ok()
    };
    number(keys, "line=")?;
    let size = number(keys, "size=")?;
    let part = number(keys, "part=").is_some();
    let mut ahead = lines.clone();
    let mut bytes = Vec::new();
    let mut whole = false;
    let mut escaped = false;
    for line in ahead.by_ref() {
        let line = content(line);
        if let Some(end) = line.strip_prefix(b"=yend") {
            let said = number(&String::from_utf8_lossy(end), "size=").unwrap_or(size);
            whole = said == bytes.len() && (part || size == bytes.len());
            break;
        }
        if line.starts_with(b"=ypart ") {
            continue;
        }
        for &byte in line {
            match (escaped, byte) {
                (false, b'=') => escaped = true,
                (true, byte) => {
                    bytes.push(byte.wrapping_sub(106));
                    escaped = false;
                }
                (false, byte) => bytes.push(byte.wrapping_sub(42)),
            }
        }
    }
    *lines = ahead;
    Some(File { name: name.trim().to_owned(), bytes, how: How::YEnc, whole })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_files_out_of_text() {
        let text = b"See below.\nbegin 644 cat.txt\n#0V%T\n`\nend\nRegards\n";
        let (rest, files) = split(text);
        assert_eq!(&*rest, b"See below.\nRegards\n");
        assert_eq!(files, [File { name: "cat.txt".into(), bytes: b"Cat".to_vec(), how: How::Uuencode, whole: true }]);
        let crlf = b"begin 644 a b.txt\r\n#0V%T\r\n`\r\nend\r\n";
        assert_eq!(split(crlf).1[0].name, "a b.txt");
        let cut = split(b"begin 644 cat.txt\n#0V%T\nno such line, in small letters\n");
        assert!(!cut.1[0].whole);
        assert_eq!(&*cut.0, b"no such line, in small letters\n");
    }

    #[test]
    fn takes_yenc() {
        let mut text = b"Hi\r\n=ybegin line=128 size=5 name=a.bin\r\n".to_vec();
        // 0, 1, 19 (which is escaped), 255, 214 (NUL after encoding, escaped).
        text.extend_from_slice(&[42, 43, b'=', 125, 41, b'=', 64]);
        text.extend_from_slice(b"\r\n=yend size=5\r\nBye\r\n");
        let (rest, files) = split(&text);
        assert_eq!(&*rest, b"Hi\r\nBye\r\n");
        assert_eq!(files[0].bytes, [0, 1, 19, 255, 214]);
        assert!(files[0].whole && files[0].how == How::YEnc);
    }

    #[test]
    fn people_begin_too() {
        for text in ["begin 10 minutes later\nwith this\n", "begin 644 x\nplease read this\n", "Let us\nbegin here\n"] {
            assert!(split(text.as_bytes()).1.is_empty(), "{text}");
        }
    }
}
