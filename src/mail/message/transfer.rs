//! Content-Transfer-Encoding (RFC 2045 §6), read as far as it can be read.
//!
//! Total, where mail-parser's decoders give up at the first wrong octet.

use std::borrow::Cow;

use data_encoding::{Encoding, Specification};
use std::sync::LazyLock;

use super::inline;
use crate::mail::defect::{Flaw, Flaws};

/// Base64 without padding, forgiving about the bits that the last character leaves over.
static BASE64: LazyLock<Encoding> = LazyLock::new(|| {
    let mut spec = Specification::new();
    spec.symbols.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    spec.check_trailing_bits = false;
    spec.encoding().expect("the alphabet is a constant")
});

/// The encoding that a field names, lower case, as the standard has it; empty where it names none.
pub fn name(field: &str, flaws: &mut Flaws) -> String {
    let name = field.trim_matches(['"', '\'', ' ', ';']).split([';', '(', '+', ',']).next().unwrap_or_default();
    let name = name.trim().to_ascii_lowercase();
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    match plain.trim_start_matches('x') {
        "" => String::new(),
        "base64" | "b64" => "base64".to_owned(),
        "quotedprintable" | "qp" | "quoted" => "quoted-printable".to_owned(),
        "7bit" | "7bits" | "7" => "7bit".to_owned(),
        "8bit" | "8bits" | "8" => "8bit".to_owned(),
        "binary" => "binary".to_owned(),
        "uuencode" | "uuencoded" | "uue" | "uu" | "yenc" => "x-uuencode".to_owned(),
        _ => {
            flaws.note(Flaw::BadTransferEncoding);
            name
        }
    }
}

/// The bytes of a part as they were before they were encoded for transport.
pub fn decode<'a>(bytes: &'a [u8], encoding: &str, flaws: &mut Flaws) -> Cow<'a, [u8]> {
    if encoding == "base64"
        && let Some(decoded) = orderly_base64(bytes)
    {
        return Cow::Owned(decoded);
    }
    match encoding {
        "base64" => match foreign(bytes) {
            Some(0) => {
                flaws.note(Flaw::BadTransferEncoding);
                Cow::Borrowed(bytes)
            }
            Some(end) => {
                flaws.note(Flaw::BadTransferEncoding);
                Cow::Owned(base64(&bytes[..end], flaws))
            }
            None => Cow::Owned(base64(bytes, flaws)),
        },
        "quoted-printable" => Cow::Owned(quoted_printable(bytes, flaws)),
        "x-uuencode" => inline::whole(bytes).map_or(Cow::Borrowed(bytes), Cow::Owned),
        _ => Cow::Borrowed(bytes),
    }
}

/// Where lines begin that are no base64 but words: lists add their footer below what they pass on, and some programs
/// say base64 of what they never encoded.
fn foreign(bytes: &[u8]) -> Option<usize> {
    const WORDS: usize = 3;
    let mut at = 0;
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        let words = || line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let groups = || words().all(|word| word.len() % 4 == 0);
        if words().take(WORDS).count() == WORDS && !groups() {
            return Some(at);
        }
        at += line.len();
    }
    None
}

/// Padding may stand in the middle, where encoded pieces were put together; what else follows it is noise.
pub fn base64(bytes: &[u8], flaws: &mut Flaws) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len() / 4 * 3);
    let end = memchr::memrchr(b'=', bytes).map_or(bytes.len(), |at| at + 1);
    let (bytes, behind) = bytes.split_at(end);
    let whole = |word: &[u8]| word.len().is_multiple_of(4) && word.iter().all(is_symbol);
    let more = behind.split(u8::is_ascii_whitespace).all(whole);
    if !more {
        flaws.note(Flaw::BadTransferEncoding);
    }
    let behind = if more { behind } else { &[] };
    for piece in bytes.split(|b| *b == b'=').chain([behind]) {
        let mut symbols: Vec<u8> = Vec::with_capacity(piece.len());
        symbols.extend(piece.iter().filter(|b| is_symbol(b)));
        let space = piece.iter().filter(|b| b.is_ascii_whitespace()).count();
        if symbols.len() % 4 == 1 {
            symbols.pop();
            flaws.note(Flaw::BadTransferEncoding);
        }
        if symbols.len() + space < piece.len() {
            flaws.note(Flaw::BadTransferEncoding);
        }
        decoded.extend(BASE64.decode(&symbols).unwrap_or_default());
    }
    decoded
}

fn is_symbol(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

/// What programs write: lines of the alphabet, padding at the end. Most bytes that a desk reads are such; the slow way
/// looks at each by itself.
fn orderly_base64(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut symbols: Vec<u8> = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = &rest[..end];
        symbols.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    let padding = symbols.iter().rev().take_while(|b| **b == b'=').count();
    symbols.truncate(symbols.len() - padding);
    BASE64.decode(&symbols).ok()
}

pub fn quoted_printable(bytes: &[u8], flaws: &mut Flaws) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len());
    for line in inline::lines(bytes) {
        let body = line.trim_ascii_end();
        let soft = body.last() == Some(&b'=');
        let mut rest = if soft { &body[..body.len() - 1] } else { body };
        while let Some(at) = memchr::memchr(b'=', rest) {
            decoded.extend_from_slice(&rest[..at]);
            match rest[at..] {
                [b'=', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                    decoded.push(nibble(high) << 4 | nibble(low));
                    rest = &rest[at + 3..];
                }
                _ => {
                    flaws.note(Flaw::BadTransferEncoding);
                    decoded.push(b'=');
                    rest = &rest[at + 1..];
                }
            }
        }
        decoded.extend_from_slice(rest);
        if !soft && line.ends_with(b"\r\n") {
            decoded.extend_from_slice(b"\r\n");
        } else if !soft && line.ends_with(b"\n") {
            decoded.push(b'\n');
        }
    }
    decoded
}

fn nibble(digit: u8) -> u8 {
    char::from(digit).to_digit(16).unwrap_or(0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_can_be_decoded() {
        let mut flaws = Flaws::default();
        assert_eq!(base64(b"SGVs\r\nbG8=", &mut flaws), b"Hello");
        assert_eq!(base64(b"SGVsbG8=SGVsbG8=", &mut flaws), b"HelloHello");
        assert_eq!(quoted_printable(b"a=3Db=\r\nc  \r\nd", &mut flaws), b"a=bc\r\nd");
        assert!(!flaws.has(Flaw::BadTransferEncoding));
        assert_eq!(base64(b"SG\x00Vs*bG8", &mut flaws), b"Hello");
        assert!(flaws.has(Flaw::BadTransferEncoding));
        for noise in [&b"SGVsbG8= ignored"[..], b"SGVsbG8=\n--\nvirus scanned\n", b"SGVsbG8=\n-- \n"] {
            assert_eq!(base64(noise, &mut Flaws::default()), b"Hello", "{noise:?}");
        }
        for (field, expected) in [
            ("BASE64", "base64"),
            (" \"base64\";", "base64"),
            ("Quoted Printable", "quoted-printable"),
            ("quoted_printable", "quoted-printable"),
            ("8 bit", "8bit"),
            ("8-Bit (raw)", "8bit"),
            ("x-uue", "x-uuencode"),
            ("", ""),
        ] {
            assert_eq!(name(field, &mut Flaws::default()), expected, "{field}");
        }
        let mut flaws = Flaws::default();
        assert_eq!(name("rot13", &mut flaws), "rot13");
        assert!(flaws.has(Flaw::BadTransferEncoding));
        let mut flaws = Flaws::default();
        for odd in [&b"SGVsbG8\r\n\r\n=="[..], b"SGVs\nbG8===", b" SGVsbG8=", b"SGVsbG9=\r\n"] {
            assert_eq!(&*decode(odd, "base64", &mut flaws), b"Hello", "{odd:?}");
        }
        assert!(!flaws.has(Flaw::BadTransferEncoding));
        let mut flaws = Flaws::default();
        let decoded = |bytes| String::from_utf8_lossy(&decode(bytes, "base64", &mut Flaws::default())).into_owned();
        assert_eq!(decoded(b"SGVs\nbG8=\n\n____\nThe list of the desk\nhttp://x.example\n"), "Hello");
        assert_eq!(decoded(b"This was never encoded.\n"), "This was never encoded.\n");
        assert_eq!(quoted_printable(b"50 = 50 =ZZ =4", &mut flaws), b"50 = 50 =ZZ =4");
        assert!(flaws.has(Flaw::BadTransferEncoding));
    }
}
