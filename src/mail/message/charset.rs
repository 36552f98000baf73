//! Charsets: bytes into text, whatever they are said to be (B12).
//!
//! Names are those of the WHATWG list, what mail programs call them instead, and what the list leaves out: encodings of
//! seven bits and old code pages. A guess is made where nothing is declared or what is declared fails.

mod guess;
mod names;
mod pages;

use std::cell::OnceCell;

use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use mail_parser::decoders::charsets::DecoderFnc;
use mail_parser::decoders::charsets::map::charset_decoder;

use super::seven_bit;
use guess::{detected, foreign, mended_utf_8};
use pages::Page;

/// Bytes that show the byte order of UTF-16.
const ORDER_BYTES: usize = 64 * 1024;

/// Whether text is in the charset that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Right,
    Guessed,
}

/// Where the sender is, as far as the address says: it helps to guess.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Country(Option<[u8; 2]>);

impl Country {
    /// The last label of a domain, where it is one of a country.
    pub fn of(domain: &str) -> Country {
        let label = domain.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        let code: Option<[u8; 2]> = label.as_bytes().try_into().ok();
        Country(code.filter(|code| code.iter().all(u8::is_ascii_lowercase)))
    }

    fn label(&self) -> Option<&[u8]> {
        self.0.as_ref().map(<[u8; 2]>::as_slice)
    }

    fn writes_western(self) -> bool {
        const ELSEWHERE: &[&[u8; 2]] = &[
            b"cz", b"sk", b"pl", b"hu", b"ro", b"si", b"hr", b"ba", b"rs", b"tr", b"lt", b"lv", b"ee", b"ru", b"ua",
            b"by", b"bg", b"mk", b"kz", b"su", b"gr", b"cy", b"il", b"ir", b"sa", b"eg", b"th", b"vn", b"jp", b"kr",
            b"cn", b"tw", b"hk",
        ];
        self.0.is_none_or(|code| !ELSEWHERE.contains(&&code))
    }
}

/// How the bytes of a charset become text.
#[derive(Clone, Copy)]
enum Charset {
    Listed(&'static Encoding),
    /// UTF-16 whose byte order is seen from the bytes.
    Utf16,
    /// ISO-2022-KR (RFC 1557), ISO-2022-CN (RFC 1922), HZ (RFC 1843).
    Korean,
    Chinese,
    Hz,
    Utf7,
    Paged(&'static Page),
    Other(DecoderFnc),
}

/// `bytes` as text, and whether the declared charset (None: none was declared) was right.
pub fn text(bytes: &[u8], declared: Option<&str>) -> (String, Verdict) {
    text_from(bytes, declared, Country::default())
}

/// The same, of a sender in that country.
pub fn text_from(bytes: &[u8], declared: Option<&str>, country: Country) -> (String, Verdict) {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return (encoding.decode_without_bom_handling(&bytes[mark..]).0.into_owned(), Verdict::Right);
    }
    let charset = declared.and_then(named);
    let escapes = bytes.contains(&0x1b) && iso_2022(bytes);
    let utf8 = if escapes { None } else { std::str::from_utf8(bytes).ok() };
    match (charset, utf8) {
        // A single-byte charset reads anything; what happens to be UTF-8 throughout was never meant to be otherwise.
        (Some(Charset::Listed(encoding)), _) if encoding.is_single_byte() && (!bytes.is_ascii() || escapes) => {
            single_byte(bytes, encoding, utf8, country)
        }
        (Some(Charset::Listed(encoding)), _)
            if escapes && encoding != ISO_2022_JP && encoding.is_ascii_compatible() =>
        {
            (guess(bytes, country), Verdict::Guessed)
        }
        (Some(charset), _) => checked(charset, bytes, utf8, country),
        (None, Some(text)) => (text.to_owned(), Verdict::Right),
        (None, None) => (guess(bytes, country), Verdict::Guessed),
    }
}

fn single_byte(bytes: &[u8], encoding: &'static Encoding, utf8: Option<&str>, country: Country) -> (String, Verdict) {
    if let Some(text) = utf8 {
        return (text.to_owned(), Verdict::Guessed);
    }
    if iso_2022(bytes) {
        return (guess(bytes, country), Verdict::Guessed);
    }
    if let Some(text) = mended_utf_8(bytes, 4) {
        return (text, Verdict::Guessed);
    }
    let foreign = if encoding == WINDOWS_1252 { foreign(bytes, country) } else { None };
    let verdict = if foreign.is_some() { Verdict::Guessed } else { Verdict::Right };
    (decode(Charset::Listed(foreign.unwrap_or(encoding)), bytes), verdict)
}

/// Reads in the declared charset, unless that fails for more than a scrap.
fn checked(charset: Charset, bytes: &[u8], utf8: Option<&str>, country: Country) -> (String, Verdict) {
    if let (Charset::Listed(encoding), Some(text)) = (charset, utf8) {
        let plain = bytes.is_ascii() && encoding.is_ascii_compatible() && encoding != ISO_2022_JP;
        if encoding == UTF_8 || plain {
            return (text.to_owned(), Verdict::Right);
        }
        // Two characters of three bytes are in no East Asian charset but UTF-8 by chance.
        if encoding.is_ascii_compatible() && text.chars().filter(|c| *c >= '\u{800}').count() >= 2 {
            return (text.to_owned(), Verdict::Guessed);
        }
    }
    let text = decode(charset, bytes);
    let lost = lost(&text);
    if lost == 0 || utf8.is_some_and(|text| text.contains('\u{fffd}')) {
        return (text, Verdict::Right);
    }
    if matches!(charset, Charset::Listed(encoding) if encoding == UTF_8)
        && let Some(text) = mended_utf_8(bytes, 1)
    {
        return (text, Verdict::Guessed);
    }
    // A character cut in two, at the end or between words, is no reason to read the rest otherwise.
    let foreign = text.chars().filter(|c| !c.is_ascii()).count() - lost;
    if foreign >= 4 * lost {
        return (text, Verdict::Guessed);
    }
    let guessed = utf8.map_or_else(|| guess(bytes, country), str::to_owned);
    (if self::lost(&guessed) < lost { guessed } else { text }, Verdict::Guessed)
}

fn lost(text: &str) -> usize {
    text.chars().filter(|c| *c == '\u{fffd}').count()
}

/// What says in which charset the raw bytes of a header are. Asked once, however many fields have such bytes.
#[derive(Default)]
pub struct Beside {
    /// The charset of the text below, as declared.
    neighbour: Option<String>,
    /// Such bytes of the whole message; empty where it has none.
    sample: Vec<u8>,
    /// Where the sender is.
    country: Country,
    /// The neighbour's where the sample may be in it, and what the sample looks like.
    likely: OnceCell<(Option<Charset>, &'static Encoding)>,
}

impl Beside {
    pub fn new(neighbour: Option<String>, sample: Vec<u8>, country: Country) -> Beside {
        Beside { neighbour, sample, country, likely: OnceCell::new() }
    }

    /// Bytes without a charset, in that of the text beside them where they fit it, else in the one that all such bytes
    /// of the message together look like.
    pub fn text(&self, bytes: &[u8]) -> (String, Verdict) {
        if self.sample.is_empty() || std::str::from_utf8(bytes).is_ok() {
            return text(bytes, None);
        }
        if let Some(text) = mended_utf_8(bytes, 1) {
            return (text, Verdict::Guessed);
        }
        let (neighbour, looks) = *self.likely.get_or_init(|| self.find_likely());
        if let Some(charset) = neighbour {
            let read = decode(charset, bytes);
            if lost(&read) == 0 {
                return (read, Verdict::Guessed);
            }
        }
        let read = looks.decode_without_bom_handling(bytes).0;
        (if lost(&read) == 0 { read.into_owned() } else { guess(bytes, self.country) }, Verdict::Guessed)
    }

    fn find_likely(&self) -> (Option<Charset>, &'static Encoding) {
        let western = |charset: &Charset| matches!(charset, Charset::Listed(encoding) if *encoding == WINDOWS_1252);
        let trusted = |charset: &Charset| !western(charset) || foreign(&self.sample, self.country).is_none();
        let neighbour = self.neighbour.as_deref().and_then(named).filter(trusted);
        (neighbour, detected(&self.sample, self.country))
    }
}

fn guess(bytes: &[u8], country: Country) -> String {
    if iso_2022(bytes) {
        let text = decode(Charset::Listed(ISO_2022_JP), bytes);
        if !text.contains('\u{fffd}') {
            return text;
        }
        if bytes.windows(4).any(|w| w == b"\x1b$)C") {
            return decode(Charset::Korean, bytes);
        }
    }
    let looks = || detected(bytes, country).decode_without_bom_handling(bytes).0.into_owned();
    mended_utf_8(bytes, 1).unwrap_or_else(looks)
}

fn decode(charset: Charset, bytes: &[u8]) -> String {
    match charset {
        Charset::Listed(encoding) if encoding == ISO_2022_JP => {
            encoding.decode_without_bom_handling(&seven_bit::single_escapes(bytes)).0.into_owned()
        }
        Charset::Listed(encoding) => encoding.decode_without_bom_handling(bytes).0.into_owned(),
        Charset::Utf16 => {
            // The high halves of text are alike: zero, or those of one script.
            let likeness = |odd: usize| {
                let mut counts = [0usize; 256];
                bytes.iter().skip(odd).step_by(2).take(ORDER_BYTES).for_each(|b| counts[usize::from(*b)] += 1);
                counts.iter().map(|count| count * count).sum::<usize>() + counts[0]
            };
            let encoding = if likeness(0) > likeness(1) { UTF_16BE } else { UTF_16LE };
            encoding.decode_without_bom_handling(bytes).0.into_owned()
        }
        Charset::Korean => seven_bit::shifted(bytes, encoding_rs::EUC_KR),
        Charset::Chinese => seven_bit::shifted(bytes, encoding_rs::GBK),
        Charset::Hz => seven_bit::hz(bytes),
        Charset::Utf7 => seven_bit::utf_7(bytes),
        Charset::Paged(page) => page.decode(bytes),
        Charset::Other(decode) => decode(bytes),
    }
}

/// Escapes of ISO-2022 without a declaration: seven bits, and a switch to another set.
fn iso_2022(bytes: &[u8]) -> bool {
    bytes.windows(3).any(|w| matches!(w, b"\x1b$B" | b"\x1b$@" | b"\x1b(I" | b"\x1b(J" | b"\x1b$)")) && bytes.is_ascii()
}

/// The charset of a name; None for what is none, or says only that nobody knows.
fn named(label: &str) -> Option<Charset> {
    let label = label.trim_matches(|c: char| "\"'<>;,()=".contains(c) || c.is_whitespace()).to_ascii_lowercase();
    let label =
        label.strip_prefix("charset").map_or(label.as_str(), |rest| rest.trim_start_matches(['=', ' ', ':', '"']));
    // RFC 2231 §5: a language may follow; some write more than the name.
    let label = label.split(['*', ';', ' ', '"', ',']).next().unwrap_or_default();
    let dashed = label.replace('_', "-");
    let name = names::MISNOMERS
        .iter()
        .find(|(_, names)| names.contains(&dashed.as_str()))
        .map_or(dashed.as_str(), |(name, _)| name);
    match name {
        "" | "unknown" => None,
        "utf-16" => Some(Charset::Utf16),
        "iso-2022-kr" => Some(Charset::Korean),
        "iso-2022-cn" => Some(Charset::Chinese),
        "hz" => Some(Charset::Hz),
        "utf-7" => Some(Charset::Utf7),
        name => {
            let listed = |name: &str| Encoding::for_label_no_replacement(name.as_bytes());
            let listed = listed(name).or_else(|| listed(label)).or_else(|| listed(&names::numbered(name)?));
            let listed = listed.map(Charset::Listed).or_else(|| Page::named(name).map(Charset::Paged));
            listed.or_else(|| charset_decoder(name.as_bytes()).map(Charset::Other))
        }
    }
}

#[cfg(test)]
mod tests;
