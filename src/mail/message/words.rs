//! Encoded words (RFC 2047), as they are and as they should be.
//!
//! Many mailers cut a character in two between neighbouring words, or a group of base64, so neighbours of one charset
//! are put together as bytes before they become text. Linear in the length of the field: an attempt ends where the next
//! one begins.

use data_encoding::BASE64 as STRICT_BASE64;

use super::charset;
use super::transfer::{base64, quoted_printable};
use crate::mail::defect::{Flaw, Flaws};

/// An unstructured field as text.
pub fn decode(field: &str, flaws: &mut Flaws) -> String {
    rewrite(field, flaws, |text| text.to_owned(), "=?")
}

/// A structured field with each run of encoded words written anew as one word in UTF-8, so that what is decoded
/// can never be taken for syntax. What only looks like an encoded word is broken up.
pub fn normalise(field: &str, flaws: &mut Flaws) -> String {
    rewrite(field, flaws, |text| format!("=?utf-8?B?{}?=", STRICT_BASE64.encode(text.as_bytes())), "= ?")
}

fn rewrite(field: &str, flaws: &mut Flaws, write: impl Fn(&str) -> String, broken: &str) -> String {
    if !field.contains("=?") {
        return field.to_owned();
    }
    let mut out = String::with_capacity(field.len());
    let mut rest = field;
    let mut run: Vec<Word<'_>> = Vec::new();
    while let Some(at) = rest.find("=?") {
        let (before, from) = rest.split_at(at);
        if run.is_empty() || !before.trim().is_empty() {
            flush(&mut run, &mut out, flaws, &write);
            out.push_str(before);
        }
        match Word::take(from, flaws) {
            Some((word, tail)) => {
                run.push(word);
                rest = tail;
            }
            None => {
                flaws.note(Flaw::BrokenEncodedWord);
                flush(&mut run, &mut out, flaws, &write);
                out.push_str(broken);
                rest = &from[2..];
            }
        }
    }
    flush(&mut run, &mut out, flaws, &write);
    out.push_str(rest);
    out
}

fn flush(run: &mut Vec<Word<'_>>, out: &mut String, flaws: &mut Flaws, write: impl Fn(&str) -> String) {
    let mut text = String::new();
    for same in run.chunk_by(|a, b| a.charset == b.charset) {
        let read = charset::text(&bytes(same, flaws), Some(&same[0].charset)).0;
        // What decodes to noise was no encoded word; ISO-2022 alone has control characters, and they are gone by now.
        if read.contains(|c: char| c.is_control() && !c.is_whitespace()) {
            flaws.note(Flaw::BrokenEncodedWord);
            same.iter().for_each(|word| text.push_str(word.whole));
        } else {
            text.push_str(&read);
        }
    }
    if !text.is_empty() {
        out.push_str(&write(&text));
    }
    run.clear();
}

/// What neighbouring words of one charset encode together.
fn bytes(words: &[Word<'_>], flaws: &mut Flaws) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut pending = String::new();
    // Of `pending`.
    let (mut symbols, mut padded) = (0usize, false);
    for (at, word) in words.iter().enumerate() {
        match word.encoding {
            Encoding::Base64 => {
                pending.push_str(word.data);
                let next = words.get(at + 1).is_some_and(|next| next.encoding == Encoding::Base64);
                symbols += word.data.bytes().filter(|b| !b.is_ascii_whitespace()).count();
                padded = padded || word.data.contains('=');
                // A group of four may be cut between words.
                if !next || symbols.is_multiple_of(4) || padded {
                    bytes.extend(base64(pending.as_bytes(), flaws));
                    pending.clear();
                    (symbols, padded) = (0, false);
                }
            }
            Encoding::Quoted => {
                let data = word.data.replace('_', " ");
                let kept = data.trim_end();
                bytes.extend(quoted_printable(kept.as_bytes(), flaws));
                bytes.extend(std::iter::repeat_n(b' ', data.len() - kept.len()));
            }
        }
    }
    bytes
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Base64,
    Quoted,
}

struct Word<'a> {
    charset: String,
    encoding: Encoding,
    data: &'a str,
    whole: &'a str,
}

impl<'a> Word<'a> {
    /// The encoded word at the beginning of `from`, and what follows it.
    fn take(from: &'a str, flaws: &mut Flaws) -> Option<(Word<'a>, &'a str)> {
        let inner = from.strip_prefix("=?")?;
        let (charset, inner) = inner.split_at(inner.bytes().take(64).position(|b| b == b'?')?);
        let (encoding, data) = inner[1..].split_at(inner[1..].bytes().take(4).position(|b| b == b'?')?);
        let encoding = match encoding.trim() {
            "b" | "B" => Encoding::Base64,
            "q" | "Q" => Encoding::Quoted,
            _ => return None,
        };
        let data = &data[1..];
        // RFC 2231 §5: the charset may carry a language.
        let charset = charset.split('*').next().unwrap_or_default().trim().to_ascii_lowercase();
        if charset.contains(|c: char| c.is_whitespace() || c == '=') {
            return None;
        }
        let (data, tail) = match data_end(data) {
            End::At(end) => (&data[..end], &data[end + 2..]),
            End::Missing(end) => {
                flaws.note(Flaw::BrokenEncodedWord);
                let cut = data[..end].trim_end();
                (cut.strip_suffix('?').unwrap_or(cut), &data[end..])
            }
        };
        let whole = &from[..from.len() - tail.len()];
        Some((Word { charset, encoding, data, whole }, tail))
    }
}

/// Where the data of a word ends.
enum End {
    At(usize),
    /// There is no `?=` before another word begins, or before the field ends.
    Missing(usize),
}

fn data_end(data: &str) -> End {
    let bytes = data.as_bytes();
    for at in 0..bytes.len().saturating_sub(1) {
        match &bytes[at..at + 2] {
            b"?=" => return End::At(at),
            b"=?" if bytes.get(at + 2) != Some(&b'=') => return End::Missing(at),
            _ => {}
        }
    }
    End::Missing(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(field: &str) -> String {
        decode(field, &mut Flaws::default())
    }

    #[test]
    fn decodes_words() {
        assert_eq!(decoded("Re: =?iso-8859-1?Q?Gr=FC=DFe_?= da"), "Re: Grüße  da");
        assert_eq!(decoded("=?UTF-8?B?8J+Y?= =?utf-8?b?gA==?="), "😀");
        assert_eq!(decoded("=?utf-8?q?a?= b =?utf-8?q?c?="), "a b c");
        assert_eq!(decoded("=?utf-8*de?Q?Stra=C3=9Fe?="), "Straße");
        assert_eq!(decoded("=?utf-8?Q?is_this_ok??="), "is this ok?");
    }

    #[test]
    fn decodes_words_as_found_in_the_wild() {
        for (field, expected) in [
            ("=?utf-8?Q?Caf=C3=A9 with spaces?=", "Café with spaces"),
            ("=? utf-8 ?Q?Caf=C3=A9?=", "Café"),
            ("=?UTF-8?q?Caf=c3=a9?=!", "Café!"),
            ("=?utf-8?Q?Caf=C3?==?utf-8?Q?=A9?=", "Café"),
            ("=?utf-8?Q?a?==?utf-8?Q?b?=c", "abc"),
            ("=?utf-8?B?Q2Fmw6?= =?utf-8?B?k=?=", "Café"),
            ("=?utf-8?Q?Caf=C3=A9", "Café"),
            ("=?utf-8?Q?Caf=C3=A9?", "Café"),
            ("=?utf-8?B?Q2Fmw6k", "Café"),
            ("=?utf-8?Q?Caf=C3=A9 =?utf-8?Q?_au_lait?=", "Café au lait"),
            ("=?iso-2022-jp?B?GyRCJUYlOSVIGyhC?= =?ISO-2022-JP?B?GyRCJUYlOSVIGyhC?=", "テストテスト"),
            ("=?x-unknown?Q?Caf=C3=A9?=", "Café"),
            ("=??Q?Caf=C3=A9?=", "Café"),
            ("=?gb2312?B?xOO6ww==?= =?utf-8?Q?!?=", "你好!"),
        ] {
            assert_eq!(decoded(field), expected, "{field}");
        }
    }

    #[test]
    fn leaves_what_is_no_word() {
        let mut flaws = Flaws::default();
        assert_eq!(decode("1 =? 2 =?x?Z?y?= =?utf-8?C?z?=", &mut flaws), "1 =? 2 =?x?Z?y?= =?utf-8?C?z?=");
        assert!(flaws.has(Flaw::BrokenEncodedWord));
        let noise = "=?UTF-8?B?AAECAwQFBgcICQoLDA0ODw==?=";
        assert_eq!(decoded(noise), noise);
    }

    #[test]
    fn writes_words_so_that_they_are_not_syntax() {
        let field = normalise("=?utf-8?Q?a=2C_b_=3Cx@y=3E?= <real@example.org>", &mut Flaws::default());
        assert_eq!(field, "=?utf-8?B?YSwgYiA8eEB5Pg==?= <real@example.org>");
    }
}
