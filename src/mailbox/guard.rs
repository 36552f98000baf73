//! Bounds beneath the IMAP library, which has none of its own (L10): how long the server may be silent, how
//! large a literal it may announce, how long a line and how many bytes one command may bring.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// Any connected stream.
pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin + Send + Sync + std::fmt::Debug {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + Sync + std::fmt::Debug> Wire for T {}

/// Bytes of one line outside literals: a SEARCH result over a million UIDs fits.
const LINE_MAX: u64 = 16 * 1024 * 1024;

/// Which bound was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Breach {
    #[error("it was silent for {0:?}")]
    Silence(Duration),
    #[error("it announced {announced} bytes where at most {allowed} were expected")]
    Literal { announced: u64, allowed: u64 },
    #[error("it sent more than was asked for")]
    Budget,
    #[error("it sent a line without end")]
    Line,
}

/// What the next command may bring.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowance {
    /// Bytes of one literal.
    pub literal: u64,
    /// Bytes of all answers together.
    pub bytes: u64,
}

impl Allowance {
    /// For commands whose answers hold no mail.
    pub(super) const TALK: Allowance = Allowance { literal: 64 * 1024, bytes: 2 * LINE_MAX };
}

#[derive(Debug)]
pub(super) struct Guarded {
    inner: Box<dyn Wire>,
    /// None while IDLE waits, which has its own limit.
    silence: Option<Duration>,
    timer: Pin<Box<Sleep>>,
    allowed: Allowance,
    left: u64,
    literals: Literals,
    /// The byte before, while spaces are squeezed: some servers put two between capabilities, and the parser above
    /// closes the connection over that. Only up to the end of login; mail is never touched.
    squeezing: Option<u8>,
    /// Kept, because the library above turns the error into its own.
    breach: Option<Breach>,
}

impl Guarded {
    pub(super) fn new(inner: Box<dyn Wire>, silence: Duration) -> Guarded {
        Guarded {
            inner,
            silence: Some(silence),
            timer: Box::pin(tokio::time::sleep(silence)),
            allowed: Allowance::TALK,
            left: Allowance::TALK.bytes,
            literals: Literals::default(),
            squeezing: Some(b'\n'),
            breach: None,
        }
    }

    /// Begins a new command.
    pub(super) fn allow(&mut self, allowance: Allowance) {
        self.allowed = allowance;
        self.left = allowance.bytes;
        self.restart();
    }

    /// Login is done: from now on every byte counts.
    pub(super) fn settle(&mut self) {
        self.squeezing = None;
    }

    /// None: silence is no failure from now on.
    pub(super) fn set_silence(&mut self, silence: Option<Duration>) {
        self.silence = silence;
        self.restart();
    }

    pub(super) fn breach(&self) -> Option<Breach> {
        self.breach
    }

    /// The stream beneath, for STARTTLS.
    pub(super) fn into_inner(self) -> Box<dyn Wire> {
        self.inner
    }

    fn restart(&mut self) {
        if let Some(silence) = self.silence {
            self.timer.as_mut().reset(Instant::now() + silence);
        }
    }

    fn refuse(&mut self, breach: Breach) -> io::Error {
        self.breach = Some(breach);
        io::Error::other(breach)
    }

    fn inspect(&mut self, bytes: &[u8]) -> Result<(), Breach> {
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or(Breach::Budget)?;
        self.literals.scan(bytes, self.allowed.literal)
    }
}

impl AsyncRead for Guarded {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        match Pin::new(&mut this.inner).poll_read(cx, buf) {
            Poll::Ready(Ok(())) => {
                this.restart();
                if let Some(last) = &mut this.squeezing
                    && squeeze(buf, before, last) == Squeezed::ToNothing
                {
                    // Nothing would mean the end of the stream.
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                let fresh = buf.filled().get(before..).unwrap_or_default();
                Poll::Ready(this.inspect(fresh).map_err(|breach| this.refuse(breach)))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                let Some(silence) = this.silence else { return Poll::Pending };
                ready!(this.timer.as_mut().poll(cx));
                Poll::Ready(Err(this.refuse(Breach::Silence(silence))))
            }
        }
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(Pin::new(&mut this.inner).poll_write(cx, buf));
        this.restart();
        Poll::Ready(written)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Squeezed {
    ToNothing,
    /// Also at the end of the stream, where nothing was read.
    ToSome,
}

/// Leaves one of several spaces in what was read after `before`.
fn squeeze(buf: &mut ReadBuf<'_>, before: usize, last: &mut u8) -> Squeezed {
    let fresh = buf.filled_mut().get_mut(before..).unwrap_or_default();
    let mut kept = 0;
    for at in 0..fresh.len() {
        let byte = fresh[at];
        if !(byte == b' ' && *last == b' ') {
            fresh[kept] = byte;
            kept += 1;
        }
        *last = byte;
    }
    let read = fresh.len();
    buf.set_filled(before + kept);
    if kept == 0 && read > 0 { Squeezed::ToNothing } else { Squeezed::ToSome }
}

/// Follows the bytes closely enough to know literals (RFC 3501 §4.3) from lines.
#[derive(Debug, Default)]
struct Literals {
    /// Bytes of the current literal still to come.
    rest: u64,
    /// Bytes of the current line so far.
    line: u64,
    /// What the end of the line looks like so far.
    tail: Tail,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Tail {
    #[default]
    Text,
    /// `{` and digits.
    Open(u64),
    /// `{123}`.
    Closed(u64),
    /// `{123}` CR.
    Return(u64),
}

impl Literals {
    fn scan(&mut self, mut bytes: &[u8], allowed: u64) -> Result<(), Breach> {
        loop {
            let skipped = usize::try_from(self.rest).unwrap_or(usize::MAX).min(bytes.len());
            self.rest -= skipped as u64;
            bytes = &bytes[skipped..];
            let Some((&byte, rest)) = bytes.split_first() else { return Ok(()) };
            bytes = rest;
            self.line += 1;
            if self.line > LINE_MAX {
                return Err(Breach::Line);
            }
            self.tail = match (self.tail, byte) {
                (_, b'{') => Tail::Open(0),
                (Tail::Open(n), b'0'..=b'9') => Tail::Open(n.saturating_mul(10).saturating_add(u64::from(byte - b'0'))),
                (Tail::Open(n), b'+') => Tail::Open(n),
                (Tail::Open(n), b'}') => Tail::Closed(n),
                (Tail::Closed(n), b'\r') => Tail::Return(n),
                (Tail::Return(n), b'\n') if n > allowed => return Err(Breach::Literal { announced: n, allowed }),
                (Tail::Return(n), b'\n') => {
                    self.rest = n;
                    self.line = 0;
                    Tail::Text
                }
                (_, b'\n') => {
                    self.line = 0;
                    Tail::Text
                }
                _ => Tail::Text,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[test]
    fn literals_are_found_at_every_split() {
        let bytes = b"* 1 FETCH (BODY[] {12}\r\n{999}\r\n{999} UID 3)\r\n* 2 FETCH (BODY[] {1000}\r\n";
        for split in 0..bytes.len() {
            let mut literals = Literals::default();
            let (head, tail) = bytes.split_at(split);
            let verdict = literals.scan(head, 100).and_then(|()| literals.scan(tail, 100));
            assert_eq!(verdict, Err(Breach::Literal { announced: 1000, allowed: 100 }), "split at {split}");
        }
    }

    #[tokio::test]
    async fn silence_ends_the_connection() {
        let (near, mut far) = tokio::io::duplex(64);
        let silence = Duration::from_millis(50);
        let mut guarded = Guarded::new(Box::new(near), silence);
        far.write_all(b"x").await.expect("the other end is there");
        assert_eq!(guarded.read_u8().await.expect("it spoke"), b'x');
        assert!(guarded.read_u8().await.is_err());
        assert_eq!(guarded.breach(), Some(Breach::Silence(silence)));
    }

    #[tokio::test]
    async fn spaces_are_squeezed_until_it_settles() {
        let (near, mut far) = tokio::io::duplex(1);
        let mut guarded = Guarded::new(Box::new(near), Duration::from_secs(10));
        let server = tokio::spawn(async move {
            far.write_all(b"* CAPABILITY  IMAP4rev1   IDLE\r\n").await?;
            far.write_all(b"a  b").await
        });
        let mut heard = vec![0; 29];
        guarded.read_exact(&mut heard).await.expect("the other end is there");
        assert_eq!(heard, b"* CAPABILITY IMAP4rev1 IDLE\r\n");
        guarded.settle();
        let mut heard = Vec::new();
        guarded.read_to_end(&mut heard).await.expect("the other end is there");
        assert_eq!(heard, b"a  b");
        server.await.expect("it does not panic").expect("the other end is there");
    }

    #[tokio::test]
    async fn more_than_was_asked_for_is_refused() {
        let (near, mut far) = tokio::io::duplex(64);
        let mut guarded = Guarded::new(Box::new(near), Duration::from_secs(10));
        guarded.allow(Allowance { literal: 5, bytes: 10 });
        far.write_all(b"12345678901").await.expect("the other end is there");
        assert!(guarded.read_exact(&mut [0; 11]).await.is_err());
        assert_eq!(guarded.breach(), Some(Breach::Budget));
    }
}
