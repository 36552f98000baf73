//! The byte stream beneath lettre, plain or encrypted.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::Bar;

/// lettre takes a stream and waits for a greeting on it. After STARTTLS the greeting is long past, so it is said again.
#[derive(Debug)]
pub(super) struct Wire {
    greeting: &'static [u8],
    stream: Stream,
    bar: Bar,
}

#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    Encrypted(Box<TlsStream<TcpStream>>),
}

impl Wire {
    pub(super) fn plain(stream: TcpStream, bar: &Bar) -> Wire {
        Wire { greeting: b"", stream: Stream::Plain(stream), bar: bar.clone() }
    }

    pub(super) fn encrypted(stream: TlsStream<TcpStream>, bar: &Bar) -> Wire {
        Wire { greeting: b"", stream: Stream::Encrypted(Box::new(stream)), bar: bar.clone() }
    }

    pub(super) fn upgraded(stream: TlsStream<TcpStream>, bar: &Bar) -> Wire {
        Wire { greeting: b"220 TLS started\r\n", ..Wire::encrypted(stream, bar) }
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        match &self.stream {
            Stream::Plain(stream) => stream.peer_addr(),
            Stream::Encrypted(stream) => stream.get_ref().0.peer_addr(),
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.greeting.is_empty() {
            let (said, rest) = self.greeting.split_at(self.greeting.len().min(buffer.remaining()));
            buffer.put_slice(said);
            self.greeting = rest;
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Encrypted(stream) => Pin::new(stream).poll_read(context, buffer),
        })?;
        // Replies in old character sets are replies all the same; lettre takes UTF-8 alone.
        for byte in &mut buffer.filled_mut()[before..] {
            if !byte.is_ascii() {
                *byte = b'?';
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        // Here, because nothing stands between this and the network: what is refused now was never sent.
        if self.bar.bars() {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the desk is closing")));
        }
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Encrypted(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Encrypted(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Encrypted(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
