//! Outlook's Thread-Index: 22 bytes that every message of a thread begins with, whoever writes it and whatever became
//! of the ids ([MS-OXOMSG] §2.2.1.3).

use std::sync::LazyLock;

use data_encoding::{Encoding, HEXLOWER, Specification};
use serde::{Deserialize, Serialize};

use super::Message;

/// Bytes that a thread has in common: one that is reserved, five of the time of its first message, a GUID.
const BYTES: usize = 22;
/// Where the GUID begins.
const GUID: usize = 6;
/// Characters of base64 that hold them.
const CHARS: usize = 30;

/// The first 22 bytes of Thread-Index, lower-case hex. Anybody who saw a message of the thread knows them: they prove
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ThreadIndex(pub String);

impl std::fmt::Display for ThreadIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Base64 that may end anywhere: what is behind the first 22 bytes does not matter here.
static BASE64: LazyLock<Encoding> = LazyLock::new(|| {
    let mut spec = Specification::new();
    spec.symbols.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    spec.check_trailing_bits = false;
    spec.encoding().expect("the alphabet is a constant")
});

/// The thread that a message says it is of; None where it says none, or nothing that could tell one from another.
pub fn index(message: &Message) -> Option<ThreadIndex> {
    message.field("Thread-Index").find_map(read)
}

fn read(value: &str) -> Option<ThreadIndex> {
    let text: String = value.chars().filter(|c| !c.is_whitespace()).take(CHARS).collect();
    let bytes = BASE64.decode(text.as_bytes()).ok()?;
    let common = bytes.get(..BYTES)?;
    let guid = &common[GUID..];
    let told_apart = guid.iter().any(|byte| *byte != guid[0]);
    told_apart.then(|| ThreadIndex(HEXLOWER.encode(common)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::BASE64;

    fn written(length: u8) -> String {
        BASE64.encode(&(1..=length).collect::<Vec<u8>>())
    }

    #[test]
    fn the_first_22_bytes_count() {
        let thread = read(&written(22)).unwrap();
        assert_eq!(thread.0.len(), 44);
        assert!(thread.0.starts_with("010203"));
        for reply in [written(27), written(32), format!(" {}\t{}", &written(27)[..11], &written(27)[11..])] {
            assert_eq!(read(&reply), Some(thread.clone()), "{reply}");
        }
        assert_eq!(read(written(22).trim_end_matches('=')), Some(thread));
    }

    #[test]
    fn what_tells_no_thread_is_none() {
        let zeros = BASE64.encode(&[0; 22]);
        for value in ["", "x", &written(21), &zeros, "not base64, but as long as it would have to be"] {
            assert_eq!(read(value), None, "{value}");
        }
    }
}
