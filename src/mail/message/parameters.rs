//! Content-Type and Content-Disposition (RFC 2045 §5.1, RFC 2183), with the parameters of RFC 2231 and the ways in which
//! they are got wrong. Linear in the length of the field.

use super::fields::clip;
use super::{charset, words};
use crate::mail::defect::Flaws;

/// Bytes of a field that are looked at.
const FIELD_BYTES: usize = 8 * 1024;
/// Pieces of parameters that are looked at.
const PIECES: usize = 200;

/// Content-Type or Content-Disposition.
#[derive(Debug, Clone, Default)]
pub struct Typed {
    /// `type/subtype` or the disposition, lower case; empty where there is none.
    pub value: String,
    parameters: Vec<(String, String)>,
}

impl Typed {
    /// A parameter's value, decoded; `name` in lower case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// Reads a field that is on one line.
pub fn read(line: &str, flaws: &mut Flaws) -> Typed {
    let line = clip(line, FIELD_BYTES);
    let (value, mut rest) = value(line);
    let mut pieces: Vec<Piece> = Vec::new();
    while pieces.len() < PIECES {
        rest = rest.trim_start_matches([';', ' ', '\t', ',']);
        rest = after_comment(rest);
        if rest.is_empty() {
            break;
        }
        let Some((name, after)) = rest.split_once(['=', ';']) else { break };
        if !rest[name.len()..].starts_with('=') {
            rest = after;
            continue;
        }
        let (value, after) = parameter_value(name, after.trim_start());
        pieces.extend(Piece::of(name, value));
        rest = after;
    }
    Typed { value, parameters: joined(pieces, flaws) }
}

/// `type/subtype` without comments and space; where the semicolon is missing, what follows begins the parameters.
fn value(line: &str) -> (String, &str) {
    let line = after_comment(line.trim_start());
    let end = line.find([';', '"', '(']).unwrap_or(line.len());
    let (mut value, mut rest) = line.split_at(end);
    if let Some(at) = value.find('=') {
        let name = |c: char| !c.is_whitespace() && c != ',';
        (value, rest) = line.split_at(value[..at].trim_end().trim_end_matches(name).len());
    }
    let value: String = value.trim_matches([',', ' ', '\t']).chars().filter(|c| !c.is_whitespace()).collect();
    (value.to_ascii_lowercase(), rest)
}

/// Past a comment (RFC 5322 §3.2.2) at the beginning.
fn after_comment(text: &str) -> &str {
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth > 0 => depth -= 1,
            _ if depth > 0 || c.is_whitespace() => {}
            _ => return &text[at..],
        }
    }
    ""
}

/// A value and what follows it. Names of files may have spaces although nothing quotes them.
fn parameter_value<'a>(name: &str, text: &'a str) -> (String, &'a str) {
    if let Some(quoted) = text.strip_prefix('"') {
        let mut value = String::new();
        let mut chars = quoted.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => return (value, &quoted[at + 1..]),
                // Only these need a backslash; elsewhere it is one, as in `C:\offers`.
                '\\' if quoted[at + 1..].starts_with(['"', '\\']) => value.extend(chars.next().map(|(_, c)| c)),
                _ => value.push(c),
            }
        }
        return (value, "");
    }
    let end = text.find(';').unwrap_or(text.len());
    let (value, rest) = text.split_at(end);
    let name = name.trim().to_ascii_lowercase();
    let free = name.starts_with("name") || name.starts_with("filename");
    let value = if free { value } else { value.split(['(', ' ', '\t']).next().unwrap_or_default() };
    (value.trim().to_owned(), rest)
}

/// One piece of a parameter: `filename*1*=…` has a place and is extended (RFC 2231 §3, §4).
struct Piece {
    name: String,
    place: Option<u32>,
    extended: bool,
    value: String,
}

impl Piece {
    fn of(name: &str, value: String) -> Option<Piece> {
        let name = name.trim().to_ascii_lowercase();
        let (bare, extended) = name.strip_suffix('*').map_or((name.as_str(), false), |bare| (bare, true));
        let (base, place) = match bare.split_once('*') {
            Some((base, place)) => (base, Some(place.parse().ok()?)),
            None => (bare, None),
        };
        (!base.is_empty()).then(|| Piece { name: base.trim().to_owned(), place, extended, value })
    }

    /// Some leave the star out, and encode all the same.
    fn is_encoded(&self) -> bool {
        let quotes = self.value.splitn(3, '\'').collect::<Vec<_>>();
        let declares = quotes.len() == 3 && (3..30).contains(&quotes[0].len()) && quotes[2].contains('%');
        self.extended || self.place.is_some_and(|place| place == 0) && declares
    }
}

/// The parameters, each with its pieces put together. An extended one is better than a plain one of the same name.
fn joined(mut pieces: Vec<Piece>, flaws: &mut Flaws) -> Vec<(String, String)> {
    pieces.sort_by(|a, b| a.name.cmp(&b.name));
    let named = pieces.chunk_by(|a, b| a.name == b.name);
    named.map(|pieces| (pieces[0].name.clone(), words::decode(&whole(pieces), flaws))).collect()
}

/// A parameter of its pieces, which are in the order of the line.
fn whole(pieces: &[Piece]) -> String {
    let complete = pieces.iter().find(|piece| piece.place.is_none() && piece.extended);
    let mut sections: Vec<&Piece> = pieces.iter().filter(|piece| piece.place.is_some()).collect();
    sections.sort_by_key(|piece| piece.place);
    sections.dedup_by_key(|piece| piece.place);
    let plain = pieces.iter().find(|piece| piece.place.is_none() && !piece.extended);
    let extended = match complete {
        Some(piece) => Some(assembled(&[piece])),
        None if !sections.is_empty() => Some(assembled(&sections)),
        None => None,
    };
    let extended = extended.filter(|value| !value.contains('\u{fffd}') || plain.is_none());
    extended.or_else(|| plain.map(|piece| undisguised(&piece.value))).unwrap_or_default()
}

/// Sections as text: percent-encoded octets in the charset that the first one names.
fn assembled(sections: &[&Piece]) -> String {
    let mut bytes = Vec::new();
    let mut charset = None;
    let mut extended = false;
    for (at, piece) in sections.iter().enumerate() {
        let mut value = piece.value.as_str();
        let encoded = piece.is_encoded() || extended && at > 0 && piece.place.is_some() && has_octet(value);
        if encoded && at == 0 {
            extended = true;
            let mut parts = value.splitn(3, '\'');
            if let (Some(name), Some(_language), Some(rest)) = (parts.next(), parts.next(), parts.next()) {
                charset = Some(name.to_owned()).filter(|name| !name.is_empty());
                value = rest;
            }
        }
        if encoded { percent_decode(value, &mut bytes) } else { bytes.extend_from_slice(value.as_bytes()) }
    }
    charset::text(&bytes, charset.as_deref()).0
}

/// A value that nothing says is encoded, and that is: in octets of UTF-8, or within the wrong quotation marks.
fn undisguised(value: &str) -> String {
    let quoted = value.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    let value = quoted.unwrap_or(value);
    let mut bytes = Vec::new();
    percent_decode(value, &mut bytes);
    match String::from_utf8(bytes) {
        Ok(decoded) if value.is_ascii() && !decoded.is_ascii() => decoded,
        Ok(_) | Err(_) => value.to_owned(),
    }
}

fn has_octet(text: &str) -> bool {
    text.as_bytes().windows(3).any(|w| w[0] == b'%' && w[1].is_ascii_hexdigit() && w[2].is_ascii_hexdigit())
}

fn percent_decode(text: &str, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let digit = |at: usize| tail.get(at).and_then(|b| char::from(*b).to_digit(16));
        rest = match (byte, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high << 4 | low) as u8);
                &tail[2..]
            }
            _ => {
                out.push(byte);
                tail
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &str) -> Typed {
        read(line, &mut Flaws::default())
    }

    #[test]
    fn reads_types() {
        for (line, value) in [
            ("TEXT/Plain; charset=\"UTF-8\"", "text/plain"),
            ("text/plain charset=utf-8", "text/plain"),
            ("text / html ; x", "text/html"),
            ("(a comment) text/html (another); charset=x", "text/html"),
            ("text/plain; charset", "text/plain"),
            ("attachment", "attachment"),
            ("", ""),
            ("charset=utf-8", ""),
        ] {
            assert_eq!(typed(line).value, value, "{line}");
        }
        assert_eq!(typed("text/plain charset=utf-8").parameter("charset"), Some("utf-8"));
        assert_eq!(typed("text/plain\u{a0}charset=utf-8").parameter("charset"), Some("utf-8"));
        assert_eq!(typed("text/plain; charset = us-ascii (plain)").parameter("charset"), Some("us-ascii"));
        assert_eq!(typed("multipart/mixed;; boundary=\"a;b\"; x=y").parameter("boundary"), Some("a;b"));
    }

    #[test]
    fn reads_names_of_files() {
        for (line, name) in [
            ("x; filename*0*=utf-8''%E2%82%AC%20; filename*1=rates.txt", "€ rates.txt"),
            ("x; filename*1=rates.txt; filename*0*=utf-8''%E2%82%AC%20", "€ rates.txt"),
            ("x; filename*=UTF-8''na%C3%AFve%20file.txt", "naïve file.txt"),
            ("x; filename*=utf-8''na%EFve.txt", "naïve.txt"),
            ("x; filename*=na%C3%AFve.txt", "naïve.txt"),
            ("x; filename=plain.txt; filename*=utf-8''%C3%A4.txt", "ä.txt"),
            ("x; filename*0=\"a long \"; filename*1=\"name.pdf\"", "a long name.pdf"),
            ("x; filename*0=utf-8''%C3%A4; filename*1=%C3%B6.txt", "äö.txt"),
            ("x; filename*0*=iso-8859-1''%E4; filename*1*=%F6.txt", "äö.txt"),
            ("x; filename=\"=?utf-8?Q?=C3=A4.pdf?=\"", "ä.pdf"),
            ("x; filename==?utf-8?Q?=C3=A4.pdf?=", "ä.pdf"),
            ("x; filename=an offer.pdf; size=3", "an offer.pdf"),
            ("x; filename=\"C:\\offers\\an \\\"offer\\\".pdf\"", "C:\\offers\\an \"offer\".pdf"),
            ("x; filename=\"never closed.pdf", "never closed.pdf"),
            ("x; FileName = \"spaces.pdf\"", "spaces.pdf"),
            ("x; filename=Angebot_für_Köln.pdf", "Angebot_für_Köln.pdf"),
            ("x; filename=\"100% sure.pdf\"", "100% sure.pdf"),
            ("x; filename=\"%E2%82%AC%20rates.txt\"", "€ rates.txt"),
            ("x; filename=\"a%20b%FC.txt\"", "a%20b%FC.txt"),
            ("x; filename='single quotes.txt'", "single quotes.txt"),
        ] {
            assert_eq!(typed(line).parameter("filename"), Some(name), "{line}");
        }
    }
}
