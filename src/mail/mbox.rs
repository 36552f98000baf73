//! Several messages in one file: mbox (RFC 4155), as mail programs export it.
//!
//! mail-parser's reader begins a message at every line with `From `, and so tears messages in whose text a sentence
//! begins that way. Here such a line counts only after an empty line and with a date at its end.

use std::io::BufRead;
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use regex::bytes::Regex;

/// One message out of an mbox, with the time on its `From ` line where that is readable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enclosed {
    pub bytes: Vec<u8>,
    pub received: Option<Timestamp>,
}

/// `From anna@example.com Thu May 14 09:30:00 2026`; zones and words behind the date vary.
static FROM_LINE: LazyLock<Regex> = LazyLock::new(|| {
    let line =
        r"(?-u)^From .*\b(\w{3}) +(\d{1,2}) +(\d{1,2}):(\d{2})(?::(\d{2}))? +(?:[-+A-Za-z0-9]+ +)?(\d{4})\b[^:]*$";
    Regex::new(line).expect("the pattern is a constant")
});

/// The messages of an mbox, in order; `>From ` is unquoted. Text before the first `From ` line is passed over.
///
/// # Errors
/// The reader's own.
pub fn messages(mbox: impl BufRead) -> impl Iterator<Item = std::io::Result<Enclosed>> {
    Messages { mbox, next: None }
}

struct Messages<R> {
    mbox: R,
    /// The message whose `From ` line was read already.
    next: Option<Enclosed>,
}

impl<R: BufRead> Iterator for Messages<R> {
    type Item = std::io::Result<Enclosed>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut message = self.next.take();
        let mut line = Vec::new();
        let mut after_empty = true;
        loop {
            line.clear();
            match self.mbox.read_until(b'\n', &mut line) {
                Ok(0) => return message.map(Ok),
                Ok(_) => {}
                Err(error) => return Some(Err(error)),
            }
            if after_empty && let Some(received) = from_line(&line) {
                let begun = Enclosed { bytes: Vec::new(), received };
                if let Some(complete) = message.replace(begun) {
                    self.next = message;
                    return Some(Ok(complete));
                }
            } else if let Some(message) = &mut message {
                message.bytes.extend_from_slice(unquoted(&line));
            }
            after_empty = line == b"\n" || line == b"\r\n";
        }
    }
}

/// The time on a `From ` line, None inside where it is none that exists; None when it is no such line.
fn from_line(line: &[u8]) -> Option<Option<Timestamp>> {
    let found = FROM_LINE.captures(line.trim_ascii_end())?;
    let text = |group: usize| found.get(group).and_then(|m| std::str::from_utf8(m.as_bytes()).ok()).unwrap_or("0");
    let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let month = months.iter().position(|month| text(1).eq_ignore_ascii_case(month))?;
    let number = |group: usize| text(group).parse::<i8>().ok();
    let received = || {
        let year = text(6).parse::<i16>().ok()?;
        let month = i8::try_from(month + 1).ok()?;
        let time = DateTime::new(year, month, number(2)?, number(3)?, number(4)?, number(5)?, 0).ok()?;
        Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    Some(received())
}

/// A line without the quotation mark that an mbox puts before `From `.
fn unquoted(line: &[u8]) -> &[u8] {
    let marks = line.iter().take_while(|byte| **byte == b'>').count();
    if marks > 0 && line[marks..].starts_with(b"From ") { &line[1..] } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mbox: &[u8]) -> Vec<Enclosed> {
        messages(mbox).collect::<Result<_, _>>().expect("memory can be read")
    }

    #[test]
    fn splits_and_unquotes() {
        let found = all(b"From a@example.com Thu May 14 09:30:00 2026\nSubject: one\n\n>From here on\n\n\
                     From b@example.com Thu May 14 09:31:00 2026\nSubject: two\n\nbody\n");
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].bytes, b"Subject: one\n\nFrom here on\n\n");
        assert_eq!(found[1].bytes, b"Subject: two\n\nbody\n");
        assert_eq!(found[0].received.map(|at| at.to_string()).as_deref(), Some("2026-05-14T09:30:00Z"));
    }

    #[test]
    fn a_sentence_tears_no_message() {
        let text = b"From a@example.com Thu May 14 09:30:00 2026\r\nSubject: one\r\n\r\nHello\r\n\r\n\
                     From now on it fails.\r\nFrom b@example.com Thu May 14 09:31:00 2026 no empty line above\r\n";
        assert_eq!(all(text).len(), 1);
        assert_eq!(all(b"From a@x.org  Thu May  4 09:30 +0200 2026\nSubject: x\n\nx\n").len(), 1);
        assert_eq!(all(b"no mbox at all\n\nFrom nobody\n"), []);
        let odd = all(b"From a@x.org Thu May 44 99:30:00 2026\nSubject: x\n\nx\n");
        assert_eq!((odd.len(), odd[0].received), (1, None));
    }
}
