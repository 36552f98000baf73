//! Values of header fields. Together with `charset`, the only place that knows mail-parser.
//!
//! mail-parser is given one field at a time, of bounded length. Its tree of parts is never built: to build it is
//! quadratic for parts whose boundary never comes, and to drop it recurses as deep as messages are nested, which
//! ends the process at 25,000 levels. `parts` walks the structure instead.

use jiff::Timestamp;
use mail_parser::parsers::MessageStream;
use mail_parser::{Addr, Address as ParsedAddress, DateTime, HeaderValue};

use super::charset::{Beside, Verdict};
use super::{MessageId, words};
use crate::mail::defect::{Flaw, Flaws};
use crate::mail::{Address, Named, forward};

/// Characters of a name beside an address that are kept.
const NAME_CHARS: usize = 200;
/// Bytes of a Message-ID; RFC 5322 §2.1.1 lets no line be longer.
const ID_BYTES: usize = 998;

/// A raw field value as one line of text: unfolded (RFC 5322 §2.2.3), in Unicode, without control characters.
pub fn unfold(raw: &[u8], limit: usize, flaws: &mut Flaws) -> String {
    unfold_within(raw, limit, &Beside::default(), flaws)
}

/// The same, where raw bytes may be guessed from what stands beside them.
pub fn unfold_within(raw: &[u8], limit: usize, beside: &Beside, flaws: &mut Flaws) -> String {
    if raw.len() > limit {
        flaws.note(Flaw::LongHeader);
    }
    let raw = &raw[..raw.len().min(limit)];
    let (text, verdict) = beside.text(raw);
    if verdict == Verdict::Guessed {
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

/// A subject: some programs encode a second time what is encoded already.
pub fn subject(line: &str, flaws: &mut Flaws) -> String {
    let once = words::decode(line, flaws);
    let again = once.starts_with("=?") && once.ends_with("?=") && once != line.trim();
    one_line(&if again { words::decode(&once, flaws) } else { once })
}

/// The addresses of an address field, groups dissolved; what is no address is left out.
pub fn addresses(line: &str, room: &mut usize, flaws: &mut Flaws) -> Vec<Named> {
    let mut line = words::normalise(line, flaws);
    if let Some(named) = single(&line, flaws).filter(|_| *room > 0) {
        *room -= 1;
        return vec![named];
    }
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

/// The one address of a field that ends in angle brackets, or is nothing else. What stands before the brackets is its
/// name, also where that should have been quoted (`Berg, Anna <…>`, `Shop: Anna :) <…>`); None where an address stands
/// there that could be meant as well.
fn single(line: &str, flaws: &mut Flaws) -> Option<Named> {
    let line = line.trim();
    if let Some(address) = Address::parse(line).filter(|_| line.starts_with('"')) {
        return Some(Named { name: None, address });
    }
    let (before, inside) = line.strip_suffix('>')?.rsplit_once('<')?;
    let address = Address::parse(inside)?;
    let text = unquoted(before)?;
    let (others, _) = text.rsplit_once([',', ';']).unwrap_or_default();
    let meant = |c: char| c.is_whitespace() || ",;:".contains(c);
    let several = others.split(meant).any(|word| word.contains('@') && Address::parse(word).is_some());
    let group = text.contains(':') && text.contains(';');
    let one = !several && !group && !text.contains(['<', '>']);
    one.then(|| Named { name: name(&text, &address, flaws), address })
}

/// `text` without the marks of quoted strings and comments (RFC 5322 §3.2); what ends no string, or begins none, is
/// itself. None where a quoted string holds what would be syntax around it: the parser knows better.
fn unquoted(text: &str) -> Option<String> {
    let odd = text.matches('"').count() % 2 == 1;
    let mut plain = String::with_capacity(text.len());
    let (mut quoted, mut escaped) = (false, false);
    for c in text.chars() {
        match c {
            _ if escaped => {
                plain.push(c);
                escaped = false;
            }
            '\\' if quoted => escaped = true,
            '"' if odd => {}
            '"' => quoted = !quoted,
            ',' | ';' | '<' | '>' if quoted => return None,
            c => plain.push(c),
        }
    }
    Some(plain)
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
                let written = std::mem::take(&mut name);
                found.push(Named { name: self::name(&written, &address, flaws), address });
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
    let written = addr.address.as_deref().or(addr.name.as_deref())?;
    let address = Address::parse(written)?;
    Some(Named { name: addr.name.as_deref().and_then(|written| name(written, &address, flaws)), address })
}

/// A name as it is shown beside `address`; None where it says nothing more. Signs that turn the direction of writing
/// would let a name read as another one.
fn name(written: &str, address: &Address, flaws: &mut Flaws) -> Option<String> {
    let turning = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let name = unstructured(written, flaws).replace(turning, "");
    let quoted =
        |name: &str, mark: char| name.strip_prefix(mark)?.strip_suffix(mark).map(|inner| inner.trim().to_owned());
    let mut name = name.trim().to_owned();
    while let Some(inner) = quoted(&name, '"').or_else(|| quoted(&name, '\'')) {
        name = inner;
    }
    let name: String = name.chars().take(NAME_CHARS).collect();
    (!name.is_empty() && name.to_lowercase() != address.as_str()).then_some(name)
}

/// As RFC 5322 §3.3 has it; else as ISO 8601, or as people and odd programs write it.
pub fn date(line: &str) -> Option<Timestamp> {
    let line = clip(line, 200);
    // By halves of the day the parser would read the hour alone; some write dots where colons belong.
    let coloned = if line.contains(':') { line.to_owned() } else { line.replace('.', ":") };
    // Seconds may be left out (RFC 5322 §3.3); the parser wants them where a zone follows.
    let timed = |word: &&str| (4..=5).contains(&word.len()) && word.split(':').count() == 2;
    let coloned = match coloned.split_whitespace().find(timed) {
        Some(time) => coloned.replacen(time, &format!("{time}:00"), 1),
        None => coloned,
    };
    let halved = line.split_whitespace().any(|word| word.eq_ignore_ascii_case("am") || word.eq_ignore_ascii_case("pm"));
    let plain = (!halved).then(|| DateTime::parse_rfc822(&format!("{coloned}\n"))).flatten();
    // RFC 5322 §4.3: years of two and three digits.
    let century = |year: u16| match year {
        0..=49 => 2000 + year,
        50..=999 => 1900 + year,
        year => year,
    };
    let plain = plain.map(|parsed| DateTime { year: century(parsed.year), ..parsed });
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
        assert_eq!(read("Team: a@x.org, b@x.org, Cy <c@x.org>").len(), 3);
        assert_eq!(read("none:;, Cy <c@x.org>"), ["Cy <c@x.org>"]);
        assert_eq!(read("a@x.org; Cy <c@x.org>"), ["a@x.org", "Cy <c@x.org>"]);
        assert_eq!(read("\"anna berg\"@x.org"), ["\"anna berg\"@x.org"]);
        assert_eq!(read("<@relay.example:a@x.org>"), ["a@x.org"]);
        for odd in [
            "Anna Berg a@x.org",
            "Anna Berg <mailto:a@x.org>",
            "Anna Berg <a @ x.org>",
            "Anna Berg [mailto:a@x.org]",
            "\"Anna Berg <a@x.org>\"",
        ] {
            assert_eq!(read(odd), ["Anna Berg <a@x.org>"], "{odd}");
        }
        for (odd, name) in [
            ("Berg, Anna <a@x.org>", "Berg, Anna"),
            ("=?utf-8?Q?Berg=2C?= =?utf-8?Q?_Anna?= <a@x.org>", "Berg, Anna"),
            ("=?utf-8?Q?Berg?=, =?utf-8?Q?Anna?= <a@x.org>", "Berg, Anna"),
            ("Shop: Anna :) <a@x.org>", "Shop: Anna :)"),
            ("Anna; Berg & Co. <a@x.org>", "Anna; Berg & Co."),
            ("Anna @ Shop <a@x.org>", "Anna @ Shop"),
            ("\"Anna \\\"Ann\\\" Berg\" <a@x.org>", "Anna \"Ann\" Berg"),
            ("\"Anna Berg <a@x.org>", "Anna Berg"),
            ("=?utf-8?B?4oCub21lZA==?= <a@x.org>", "omed"),
            ("\"'Anna Berg'\" <a@x.org>", "Anna Berg"),
            ("\"'Anna Berg' via Shop\" <a@x.org>", "'Anna Berg' via Shop"),
            ("boss@corp.example <a@x.org>", "boss@corp.example"),
            ("\"boss@corp.example\" <a@x.org>", "boss@corp.example"),
            ("\"Boss, <boss@corp.example>\" <a@x.org>", "Boss, <boss@corp.example>"),
            ("=?utf-8?Q?Boss_=3Cboss=40corp.example=3E=2C?= <a@x.org>", "Boss <boss@corp.example>,"),
            ("\"=?utf-8?Q?boss=40corp.example?=\" <a@x.org>", "boss@corp.example"),
            ("a@x.org (Boss <boss@corp.example>)", "Boss <boss@corp.example>"),
            ("(boss@corp.example) a@x.org", "boss@corp.example"),
            ("Boss (boss@corp.example, really) <a@x.org>", "Boss (boss@corp.example, really)"),
        ] {
            assert_eq!(read(odd), [format!("{name} <a@x.org>")], "{odd}");
        }
        assert_eq!(read("boss@corp.example, <a@x.org>").len(), 2, "either may be meant");
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
            "3 Mar 25 09:12 GMT",
            "Mon, 3 Mar 125 09:12:00 +0000",
        ] {
            assert_eq!(date(written), Some("2025-03-03T09:12:00Z".parse().unwrap()), "{written}");
        }
        for written in ["", "yesterday", "the 3rd", "1741000000", "Mon, 3 Mar 1825 10:12:00 +0100"] {
            assert_eq!(date(written), None, "{written}");
        }
    }

    #[test]
    fn reads_subjects_that_are_encoded_twice() {
        let read = |line| subject(line, &mut Flaws::default());
        assert_eq!(read("=?utf-8?Q?=3D=3Futf-8=3FQ=3FGr=C3=BC=C3=9Fe=3F=3D?="), "Grüße");
        assert_eq!(read("=?utf-8?B?PT91dGYtOD9RP0dyPUMzPUJDPUMzPTlGZT89?="), "Grüße");
        assert_eq!(read("=?no word?="), "=?no word?=");
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
