//! Encodings of East Asian text in seven bits, brought to eight, for which there are decoders.

use std::borrow::Cow;

use encoding_rs::{Encoding, GBK};

/// ISO-2022-KR (RFC 1557) and ISO-2022-CN (RFC 1922, first set): between SO and SI each byte has its high bit left out.
pub fn shifted(bytes: &[u8], encoding: &'static Encoding) -> String {
    let mut eight = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    let mut out = false;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            // `ESC $ ) C` announces the set; a line begins unshifted.
            0x1b if tail.first() == Some(&b'$') => rest = tail.get(3..).unwrap_or_default(),
            0x0e => out = true,
            0x0f => out = false,
            b'\n' => {
                out = false;
                eight.push(byte);
            }
            0x21..=0x7e if out => eight.push(byte | 0x80),
            _ => eight.push(byte),
        }
    }
    encoding.decode_without_bom_handling(&eight).0.into_owned()
}

/// HZ (RFC 1843): `~{` and `~}` enclose GB 2312, `~~` is a tilde, a tilde at the end of a line joins it to the next.
pub fn hz(bytes: &[u8]) -> String {
    let mut eight = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    let mut chinese = false;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match (byte, tail.first()) {
            (b'~', Some(b'{')) => chinese = true,
            (b'~', Some(b'}')) => chinese = false,
            (b'~', Some(b'~')) if !chinese => eight.push(b'~'),
            (b'~', Some(b'\n')) if !chinese => {}
            (b'\n', _) => {
                chinese = false;
                eight.push(byte);
                continue;
            }
            (0x21..=0x7e, _) if chinese => {
                eight.push(byte | 0x80);
                continue;
            }
            _ => {
                eight.push(byte);
                continue;
            }
        }
        rest = &tail[1..];
    }
    GBK.decode_without_bom_handling(&eight).0.into_owned()
}

/// Drops an escape that another one follows at once, as where encoded words were put together: the WHATWG decoder
/// takes it for an attack.
pub fn single_escapes(bytes: &[u8]) -> Cow<'_, [u8]> {
    let length = |at: usize| match bytes.get(at..at + 3) {
        Some([0x1b, b'(', b'B' | b'J' | b'I']) | Some([0x1b, b'$', b'B' | b'@']) => Some(3),
        _ => None,
    };
    let redundant = |at: usize| length(at).is_some_and(|length| bytes.get(at + length) == Some(&0x1b));
    if !bytes.contains(&0x1b) || !(0..bytes.len()).any(redundant) {
        return Cow::Borrowed(bytes);
    }
    let mut kept = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if redundant(at) {
            at += 3;
            continue;
        }
        kept.push(bytes[at]);
        at += 1;
    }
    Cow::Owned(kept)
}
