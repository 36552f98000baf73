//! The fingerprint of a message: the same for every copy, however it came (B5).

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::Bounds;
use super::message::{self, Message};

/// Fields that the author's program wrote and no relay touches.
const FIELDS: &[&str] = &[
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Disposition",
];

/// Bytes that are hashed at a time.
const PIECE: usize = 8 * 1024;

/// SHA-256 over [`FIELDS`] and the body, lower-case hex. Line ends, folding and blank space at the ends of lines and
/// of the message do not count: relays change them.
pub fn of(raw: &[u8], message: &Message, bounds: &Bounds) -> String {
    let mut hash = Sha256::new();
    for name in FIELDS {
        for value in message.field(name) {
            hash.update(name.as_bytes());
            hash.update(b":");
            value.split_whitespace().for_each(|word| {
                hash.update(word.as_bytes());
                hash.update(b" ");
            });
            hash.update(b"\n");
        }
    }
    hash.update(b"\n");
    let mut rest = &raw[message::body_start(raw, bounds)..];
    // Lines are short and the hash likes long pieces.
    let mut piece: Vec<u8> = Vec::with_capacity(2 * PIECE);
    let mut blank = 0;
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest[..end].trim_ascii_end();
        rest = rest.get(end + 1..).unwrap_or_default();
        if line.is_empty() {
            blank += 1;
            continue;
        }
        piece.extend(std::iter::repeat_n(b'\n', blank));
        blank = 0;
        piece.extend_from_slice(line);
        piece.push(b'\n');
        if piece.len() >= PIECE {
            hash.update(&piece);
            piece.clear();
        }
    }
    hash.update(&piece);
    HEXLOWER.encode(&hash.finalize())
}
