//! The log as systemd's journal wants it: each line begins with its priority (sd-daemon(3)), so that
//! `journalctl -p err` shows alarms; the time it knows itself.

use std::io::{self, Write};

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// Whether standard error is a stream to the journal (systemd.exec(5), `$JOURNAL_STREAM`).
pub fn is_read() -> bool {
    let Some(stream) = std::env::var("JOURNAL_STREAM").ok() else { return false };
    rustix::fs::fstat(io::stderr()).is_ok_and(|stat| stream == format!("{}:{}", stat.st_dev, stat.st_ino))
}

/// Standard error, with priorities.
pub struct Journal;

impl<'a> MakeWriter<'a> for Journal {
    type Writer = Lines<io::Stderr>;

    fn make_writer(&'a self) -> Self::Writer {
        Lines { priority: 6, to: io::stderr() }
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Self::Writer {
        Lines { priority: priority(*meta.level()), to: io::stderr() }
    }
}

/// syslog(3): 3 error, 4 warning, 6 informational, 7 debug.
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        Level::DEBUG | Level::TRACE => 7,
    }
}

/// Lines of one event.
pub struct Lines<W> {
    priority: u8,
    to: W,
}

impl<W: Write> Write for Lines<W> {
    /// An event is written whole.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let mut marked = Vec::with_capacity(event.len() + 4);
        for line in event.split_inclusive(|byte| *byte == b'\n') {
            write!(marked, "<{}>", self.priority)?;
            marked.extend_from_slice(line);
        }
        self.to.write_all(&marked)?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_its_priority() {
        let mut lines = Lines { priority: priority(Level::ERROR), to: Vec::new() };
        lines.write_all(b"ALARM: it fails\nand how\n").unwrap();
        assert_eq!(String::from_utf8(lines.to).unwrap(), "<3>ALARM: it fails\n<3>and how\n");
    }
}
