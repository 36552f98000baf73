//! Values of header fields. Together with `charset`, the only place that knows mail-parser.
//!
//! mail-parser is given one field at a time, of bounded length. Its tree of parts is never built: to build it is
//! quadratic for parts whose boundary never comes, and to drop it recurses as deep as messages are nested, which
//! ends the process at 25,000 levels. `parts` walks the structure instead.

use jiff::Timestamp;
use mail_parser::parsers::MessageStream;
use mail_parser::{Addr, Address as ParsedAddress, DateTime, HeaderValue};

use super::{MessageId, charset, words};
use crate::mail::defect::{Flaw, Flaws};
use crate::mail::{Address, Named, forward};

/// Characters of a name beside an address that are kept.
const NAME_CHARS: usize = 200;
/// Bytes of a Message-ID; RFC 5322 §2.1.1 lets no line be longer.
const ID_BYTES: usize = 998;

/// What the raw bytes of a header may be in: the charset of the text, and all such bytes together.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    pub charset: Option<String>,
    pub sample: Vec<u8>,
}

/// A raw field value as one line of text: unfolded (RFC 5322 §2.2.3), in Unicode, without control characters.
pub fn unfold(raw: &[u8], limit: usize, flaws: &mut Flaws) -> String {
    unfold_within(raw, limit, &Surroundings::default(), flaws)
}

/// The same, where raw bytes may be guessed from what surrounds them.
pub fn unfold_within(raw: &[u8], limit: usize, around: &Surroundings, flaws: &mut Flaws) -> String {
    if raw.len() > limit {
        flaws.note(Flaw::LongHeader);
    }
    let raw = &raw[..raw.len().min(limit)];
    let (text, verdict) = match raw.is_ascii() || around.sample.is_empty() {
        true => charset::text(raw, None),
        false => charset::beside(raw, around.charset.as_deref(), &around.sample),
    };
    if verdict == charset::Verdict::Guessed {
        flaws.note(Flaw::RawHeaderBytes);
    }
    one_line(&text)
}

/// `text` on one line: line ends are dropped where space follows, control characters become spaces.
fn one_line(text: &str) -> String {
    if !text.contains(char::is_control) {
        return text.trim().to_owned();
    }
    let unfolded = text.replace("\r\n", "").replace('\n', "");
    let plain: String = unfolded.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.trim().to_owned()
}

/// An unstructured field, decoded.
pub fn unstructured(line: &str, flaws: &mut Flaws) -> String {
    one_line(&words::decode(line, flaws))
}

/// The addresses of an address field, groups dissolved; what is no address is left out.
pub fn addresses(line: &str, room: &mut usize, flaws: &mut Flaws) -> Vec<Named> {
    let mut line = words::normalise(line, flaws);
    line.push('\n');
    let HeaderValue::Address(parsed) = MessageStream::new(line.as_bytes()).parse_address() else {
        return Vec::new();
    };
    let parsed: Vec<Addr<'_>> = match parsed {
        ParsedAddress::List(list) => list,
        ParsedAddress::Group(groups) => groups.into_iter().flat_map(|group| group.addresses).collect(),
    };
    let mut read: Vec<Named> = parsed.iter().filter_map(|addr| named(addr, flaws)).collect();
    let bracket = |named: &Named| named.address.domain().contains(']') && !named.address.domain().starts_with('[');
    if (read.is_empty() || read.iter().any(bracket)) && line.contains('@') {
        read = loose(&line, flaws);
    }
    let mut found = Vec::new();
    for named in read {
        if *room == 0 {
            flaws.note(Flaw::TooManyRecipients);
            break;
        }
        *room -= 1;
        found.push(named);
    }
    found
}

/// The addresses of a field that is one encoded word as a whole, against RFC 2047 §5.
pub fn encoded_addresses(line: &str, room: &mut usize, flaws: &mut Flaws) -> Vec<Named> {
    let decoded = unstructured(line, flaws);
    addresses(&decoded, room, flaws).into_iter().take(1).collect()
}

/// Addresses of a field that has none where the syntax wants them: `Anna Berg anna@example.org`, `Anna <mailto:…>`,
/// everything within quotation marks.
fn loose(line: &str, flaws: &mut Flaws) -> Vec<Named> {
    const AROUND: &[char] = &['<', '>', '[', ']', '(', ')', ';', ',', '"', '\''];
    let text = unstructured(line, flaws).replace(" @ ", "@").replace("mailto:", " ");
    let mut found = Vec::new();
    let mut name = String::new();
    for word in text.split(|c: char| c.is_whitespace() || AROUND.contains(&c)).filter(|word| !word.is_empty()) {
        match Address::parse(word).filter(|_| word.contains('@')) {
            Some(address) => {
                let name = std::mem::take(&mut name);
                let name: String = name.trim().chars().take(NAME_CHARS).collect();
                found.push(Named { name: Some(name).filter(|name| !name.is_empty()), address });
            }
            None => {
                name.push(' ');
                name.push_str(word);
            }
        }
    }
    found
}

fn named(addr: &Addr<'_>, flaws: &mut Flaws) -> Option<Named> {
    let name = addr.name.as_deref().map(|name| unstructured(name, flaws)).filter(|name| !name.is_empty());
    let written = addr.address.as_deref().or(addr.name.as_deref())?;
    let address = Address::parse(written)?;
    let name = name.map(|name| name.trim_matches(['"', '\'']).trim().chars().take(NAME_CHARS).collect::<String>());
    Some(Named { name: name.filter(|name| !name.is_empty() && name.to_lowercase() != address.as_str()), address })
}

/// As RFC 5322 §3.3 has it; else as ISO 8601, or as people and odd programs write it.
pub fn date(line: &str) -> Option<Timestamp> {
    let line = clip(line, 200);
    // By halves of the day the parser would read the hour alone; some write dots where colons belong.
    let coloned = if line.contains(':') { line.to_owned() } else { line.replace('.', ":") };
    let halved = line.split_whitespace().any(|word| word.eq_ignore_ascii_case("am") || word.eq_ignore_ascii_case("pm"));
    let plain = (!halved).then(|| DateTime::parse_rfc822(&format!("{coloned}\n"))).flatten();
    let plain = plain.filter(|parsed| parsed.is_valid() && parsed.year >= 1970);
    plain
        .and_then(|parsed| Timestamp::from_second(parsed.to_timestamp()).ok())
        .or_else(|| line.trim().parse().ok())
        .or_else(|| forward::date::read(line, None))
        .filter(|moment| moment.as_second() >= 0)
}

/// Message-IDs: what stands in angle brackets, or, where there are none, words with an `@`.
pub fn message_ids(line: &str) -> Vec<MessageId> {
    let bracketed: Vec<&str> =
        line.split('<').skip(1).filter_map(|piece| piece.split_once('>')).map(|(id, _)| id).collect();
    let bare = line.split(|c: char| c.is_whitespace() || c == ',' || c == '<' || c == '>').filter(|w| w.contains('@'));
    let ids: Vec<String> = if bracketed.is_empty() {
        bare.map(str::to_owned).collect()
    } else {
        bracketed.into_iter().map(|id| id.split_whitespace().collect()).collect()
    };
    ids.into_iter().filter(|id| !id.is_empty() && id.len() <= ID_BYTES).map(MessageId).collect()
}

/// The beginning of `text`, at most `limit` bytes, cut between characters.
pub fn clip(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Vec<String> {
        addresses(line, &mut 100, &mut Flaws::default()).iter().map(Named::to_string).collect()
    }

    #[test]
    fn reads_addresses() {
        assert_eq!(read("Anna <A@X.org>, b@y.org (Bob)"), ["Anna <a@x.org>", "Bob <b@y.org>"]);
        assert_eq!(read("\"Roe, Jane\" <j@x.org>"), ["Roe, Jane <j@x.org>"]);
        assert_eq!(read("Team: a@x.org, b@x.org;, c@x.org"), ["a@x.org", "b@x.org", "c@x.org"]);
        assert_eq!(read("=?utf-8?Q?evil=40x.org=2C?= <real@x.org>"), ["evil@x.org, <real@x.org>"]);
        let encoded = encoded_addresses("=?utf-8?B?QW5uYSA8YW5uYUB4Lm9yZz4=?=", &mut 100, &mut Flaws::default());
        assert_eq!(encoded.iter().map(Named::to_string).collect::<Vec<_>>(), ["Anna <anna@x.org>"]);
        assert_eq!(read("undisclosed-recipients:;"), Vec::<String>::new());
        for odd in [
            "Anna Berg a@x.org",
            "Anna Berg <mailto:a@x.org>",
            "Anna Berg <a @ x.org>",
            "Anna Berg [mailto:a@x.org]",
            "\"Anna Berg <a@x.org>\"",
        ] {
            assert_eq!(read(odd), ["Anna Berg <a@x.org>"], "{odd}");
        }
        assert_eq!(read("\"=?utf-8?B?SsO8cmdlbg==?=\" <j@x.org>"), ["Jürgen <j@x.org>"]);
    }

    #[test]
    fn reads_dates_as_they_come() {
        for written in [
            "Mon, 3 Mar 2025 10:12:00 +0100 (CET)",
            "Mon,3 Mar 2025 10:12:00 +0100",
            "Mon, 3 Mar 2025 10.12.00 +0100",
            "2025-03-03T10:12:00+01:00",
            "2025-03-03 10:12:00 +0100",
            "Mon Mar  3 09:12:00 2025",
            "Monday, March 3, 2025 9:12 AM",
            "lun., 3 mars 2025 10:12:00 +0100",
            "Mo, 3. März 2025 10:12:00 +0100",
            "Mon, 3 March 2025 09:12",
        ] {
            assert_eq!(date(written), Some("2025-03-03T09:12:00Z".parse().unwrap()), "{written}");
        }
        for written in ["", "yesterday", "the 3rd", "1741000000", "Mon, 3 Mar 1825 10:12:00 +0100"] {
            assert_eq!(date(written), None, "{written}");
        }
    }

    #[test]
    fn reads_ids() {
        let ids = |line| message_ids(line).into_iter().map(|id| id.0).collect::<Vec<_>>();
        assert_eq!(ids("<a@b> <c\t@d>"), ["a@b", "c@d"]);
        assert_eq!(ids("a@b c"), ["a@b"]);
        assert_eq!(ids("Your message of Monday <x@y>"), ["x@y"]);
        assert_eq!(ids("<>"), Vec::<String>::new());
    }
}
