//! Encodings of East Asian text in seven bits, brought to eight, for which there are decoders.

use std::borrow::Cow;

use encoding_rs::{Encoding, GBK, UTF_16BE};

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

/// UTF-7 (RFC 2152): between `+` and what is no base64, UTF-16; a `-` behind it goes. Bytes above ASCII are read as UTF-8.
pub fn utf_7(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = memchr::memchr(b'+', rest) {
        out.push_str(&String::from_utf8_lossy(&rest[..at]));
        rest = &rest[at + 1..];
        let length = rest.iter().take_while(|b| sextet(**b).is_some()).count();
        if length == 0 {
            out.push('+');
        } else {
            out.push_str(&UTF_16BE.decode_without_bom_handling(&joined(&rest[..length])).0);
        }
        rest = &rest[length..];
        rest = rest.strip_prefix(b"-").unwrap_or(rest);
    }
    out.push_str(&String::from_utf8_lossy(rest));
    out
}

fn sextet(symbol: u8) -> Option<u32> {
    let value = match symbol {
        b'A'..=b'Z' => symbol - b'A',
        b'a'..=b'z' => symbol - b'a' + 26,
        b'0'..=b'9' => symbol - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

/// The whole units of sixteen bits that the symbols make.
fn joined(symbols: &[u8]) -> Vec<u8> {
    let mut units = Vec::with_capacity(symbols.len() * 3 / 4);
    let (mut bits, mut count) = (0u32, 0u32);
    for value in symbols.iter().filter_map(|symbol| sextet(*symbol)) {
        bits = (bits << 6 | value) & 0x003f_ffff;
        count += 6;
        if count >= 16 {
            count -= 16;
            let unit = (bits >> count & 0xffff) as u16;
            units.extend(unit.to_be_bytes());
        }
    }
    units
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
