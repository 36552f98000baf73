//! Charsets: bytes into text, whatever they are said to be (B12).
//!
//! Names are those of the WHATWG list, what mail programs call them instead, and three encodings of seven bits that the
//! list leaves out. A guess is made where nothing is declared or what is declared fails.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    Encoding, IBM866, ISO_2022_JP, ISO_8859_5, ISO_8859_6, ISO_8859_7, ISO_8859_8, KOI8_U, UTF_8, UTF_16BE, UTF_16LE,
    WINDOWS_874, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1255, WINDOWS_1256,
};
use mail_parser::decoders::charsets::DecoderFnc;
use mail_parser::decoders::charsets::map::charset_decoder;

use super::seven_bit;

/// How many bytes are enough to guess a charset.
const GUESS_BYTES: usize = 64 * 1024;

/// Whether text is in the charset that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Right,
    Guessed,
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
    /// A code page of DOS: what its upper half is.
    Page(&'static str),
    Other(DecoderFnc),
}

/// `bytes` as text, and whether the declared charset (None: none was declared) was right.
pub fn text(bytes: &[u8], declared: Option<&str>) -> (String, Verdict) {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return (encoding.decode_without_bom_handling(&bytes[mark..]).0.into_owned(), Verdict::Right);
    }
    let charset = declared.and_then(named);
    let escapes = bytes.contains(&0x1b) && iso_2022(bytes);
    let utf8 = if escapes { None } else { std::str::from_utf8(bytes).ok() };
    match charset {
        // A single-byte charset reads anything; what happens to be UTF-8 throughout was never meant to be otherwise.
        Some(Charset::Listed(encoding)) if encoding.is_single_byte() && (!bytes.is_ascii() || escapes) => match utf8 {
            Some(text) => (text.to_owned(), Verdict::Guessed),
            None if escapes => (guess(bytes), Verdict::Guessed),
            None if encoding == WINDOWS_1252 && is_foreign(bytes) => (guess(bytes), Verdict::Guessed),
            None => (decode(Charset::Listed(encoding), bytes), Verdict::Right),
        },
        Some(Charset::Listed(encoding)) if escapes && encoding != ISO_2022_JP && encoding.is_ascii_compatible() => {
            (guess(bytes), Verdict::Guessed)
        }
        Some(charset) => checked(charset, bytes, utf8),
        None if escapes => (guess(bytes), Verdict::Guessed),
        None => match utf8 {
            Some(text) => (text.to_owned(), Verdict::Right),
            None => (guess(bytes), Verdict::Guessed),
        },
    }
}

/// Programs call their text Western whatever it is in. In Western text letters outside ASCII are few among others; where
/// they are most of them, and look like another script, they are in that.
fn is_foreign(bytes: &[u8]) -> bool {
    const ENOUGH: usize = 8;
    let bytes = &bytes[..bytes.len().min(GUESS_BYTES)];
    let high = bytes.iter().filter(|b| **b >= 0x80).count();
    let letters = bytes.iter().filter(|b| b.is_ascii_alphabetic()).count();
    high >= ENOUGH && high > letters && {
        let looks = detected(bytes);
        !looks.is_single_byte()
            || [IBM866, ISO_8859_5, ISO_8859_6, ISO_8859_7, ISO_8859_8, KOI8_U].contains(&looks)
            || [WINDOWS_874, WINDOWS_1251, WINDOWS_1253, WINDOWS_1255, WINDOWS_1256].contains(&looks)
    }
}

/// Reads in the declared charset, unless that fails for more than a scrap.
fn checked(charset: Charset, bytes: &[u8], utf8: Option<&str>) -> (String, Verdict) {
    if let (Charset::Listed(encoding), Some(text)) = (charset, utf8)
        && (encoding == UTF_8 || bytes.is_ascii() && encoding.is_ascii_compatible() && encoding != ISO_2022_JP)
    {
        return (text.to_owned(), Verdict::Right);
    }
    let text = decode(charset, bytes);
    let lost = lost(&text);
    if lost == 0 || utf8.is_some_and(|text| text.contains('\u{fffd}')) {
        return (text, Verdict::Right);
    }
    // A character cut in two, at the end or between words, is no reason to read the rest otherwise.
    let foreign = text.chars().filter(|c| !c.is_ascii()).count() - lost;
    if foreign >= 4 * lost {
        return (text, Verdict::Guessed);
    }
    let guessed = utf8.map_or_else(|| guess(bytes), str::to_owned);
    (if self::lost(&guessed) < lost { guessed } else { text }, Verdict::Guessed)
}

fn lost(text: &str) -> usize {
    text.chars().filter(|c| *c == '\u{fffd}').count()
}

/// Bytes without a charset, in that of the text beside them where they fit it, else in the one that `sample`, all such
/// bytes of the message together, looks like.
pub fn beside(bytes: &[u8], neighbour: Option<&str>, sample: &[u8]) -> (String, Verdict) {
    if std::str::from_utf8(bytes).is_ok() {
        return text(bytes, None);
    }
    let western = |charset: &Charset| matches!(charset, Charset::Listed(encoding) if *encoding == WINDOWS_1252);
    let trusted = |charset: &Charset| !western(charset) || !is_foreign(sample);
    if let Some(charset) = neighbour.and_then(named).filter(trusted) {
        let read = decode(charset, bytes);
        if lost(&read) == 0 {
            return (read, Verdict::Guessed);
        }
    }
    let read = detected(sample).decode_without_bom_handling(bytes).0;
    (if lost(&read) == 0 { read.into_owned() } else { guess(bytes) }, Verdict::Guessed)
}

fn guess(bytes: &[u8]) -> String {
    if iso_2022(bytes) {
        let text = decode(Charset::Listed(ISO_2022_JP), bytes);
        if !text.contains('\u{fffd}') {
            return text;
        }
        if bytes.windows(4).any(|w| w == b"\x1b$)C") {
            return decode(Charset::Korean, bytes);
        }
    }
    detected(bytes).decode_without_bom_handling(bytes).0.into_owned()
}

/// What bytes look like. One or two accents in a Latin text are too few for statistics: most such text is Western.
fn detected(bytes: &[u8]) -> &'static Encoding {
    let bytes = &bytes[..bytes.len().min(GUESS_BYTES)];
    let high: Vec<u8> = bytes.iter().copied().filter(|b| *b >= 0x80).collect();
    let letters = bytes.iter().filter(|b| b.is_ascii_alphabetic()).count();
    let western = |b: &u8| matches!(b, 0xc0..=0xff | 0x91..=0x97 | 0x80 | 0x85 | 0xa0 | 0xa3 | 0xa7 | 0xa9 | 0xab | 0xb0 | 0xb4 | 0xbb);
    if high.len() <= 2 && letters >= 3 * high.len() && high.iter().all(western) {
        return WINDOWS_1252;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Allow)
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
                bytes.iter().skip(odd).step_by(2).take(GUESS_BYTES).for_each(|b| counts[usize::from(*b)] += 1);
                counts.iter().map(|count| count * count).sum::<usize>() + counts[0]
            };
            let encoding = if likeness(0) > likeness(1) { UTF_16BE } else { UTF_16LE };
            encoding.decode_without_bom_handling(bytes).0.into_owned()
        }
        Charset::Korean => seven_bit::shifted(bytes, encoding_rs::EUC_KR),
        Charset::Chinese => seven_bit::shifted(bytes, encoding_rs::GBK),
        Charset::Hz => seven_bit::hz(bytes),
        Charset::Utf7 => seven_bit::utf_7(bytes),
        Charset::Page(upper) => {
            let upper: Vec<char> = upper.chars().collect();
            let read = |b: &u8| b.checked_sub(0x80).map_or(char::from(*b), |at| upper[usize::from(at)]);
            bytes.iter().map(read).collect()
        }
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
    let name =
        MISNOMERS.iter().find(|(_, names)| names.contains(&dashed.as_str())).map_or(dashed.as_str(), |(name, _)| name);
    match name {
        "" | "unknown" => None,
        "utf-16" => Some(Charset::Utf16),
        "iso-2022-kr" => Some(Charset::Korean),
        "iso-2022-cn" => Some(Charset::Chinese),
        "hz" => Some(Charset::Hz),
        "utf-7" => Some(Charset::Utf7),
        "cp437" => Some(Charset::Page(CP437)),
        "cp852" => Some(Charset::Page(CP852)),
        name => {
            let listed = |name: &str| Encoding::for_label_no_replacement(name.as_bytes());
            let listed = listed(name).or_else(|| listed(label)).or_else(|| listed(&numbered(name)?));
            listed.map(Charset::Listed).or_else(|| charset_decoder(name.as_bytes()).map(Charset::Other))
        }
    }
}

/// `cp-1252`, `win1252`, `iso8859.15` and `latin-2` as the list has them.
fn numbered(name: &str) -> Option<String> {
    let digits = |rest: &str| rest.trim_start_matches(['-', '.', ':', '/']).to_owned();
    let number = |prefixes: &[&str]| prefixes.iter().find_map(|prefix| name.strip_prefix(prefix)).map(digits);
    if let Some(page) = number(&["windows", "x-windows", "x-cp", "win", "cp", "ms", "microsoft-cp", "ibm"])
        && page.starts_with("125")
    {
        return Some(format!("windows-{}", page.get(..4)?));
    }
    let part = number(&["iso-8859", "iso8859", "iso-ir-8859", "x-iso-8859", "8859"])?;
    let part: String = part.chars().take_while(char::is_ascii_digit).collect();
    Some(format!("iso-8859-{part}"))
}

/// The upper halves of the code pages of DOS that the WHATWG list leaves out.
const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ ";
const CP852: &str = "ÇüéâäůćçłëŐőîŹÄĆÉĹĺôöĽľŚśÖÜŤťŁ×čáíóúĄąŽžĘę¬źČş«»░▒▓│┤ÁÂĚŞ╣║╗╝Żż┐└┴┬├─┼Ăă╚╔╩╦╠═╬¤đĐĎËďŇÍÎě┘┌█▄ŢŮ▀ÓßÔŃńňŠšŔÚŕŰýÝţ´\u{AD}˝˛ˇ˘§÷¸°¨˙űŘř■ ";

/// What mail programs call charsets, beside the names of the WHATWG list; lower case, with dashes.
const MISNOMERS: &[(&str, &[&str])] = &[
    (
        "unknown",
        &[
            "us-ascii",
            "ascii",
            "usascii",
            "us",
            "ansi-x3.4-1968",
            "ansi-x3.4-1986",
            "ansi-x3.110-1983",
            "iso646-us",
            "646",
            "cp367",
            "ibm367",
            "csascii",
            "unknown-8bit",
            "x-unknown",
            "8bit",
            "7bit",
            "binary",
            "none",
            "default",
            "ansi",
            "x-user-defined",
            "user-defined",
            "charset",
            "null",
            "undefined",
            "system",
            "x-roman8",
            "quoted-printable",
            "base64",
            "text",
        ],
    ),
    (
        "utf-8",
        &[
            "utf8mb4",
            "utf8mb3",
            "utf--8",
            "utf-8n",
            "utf-8-sig",
            "uft-8",
            "uft8",
            "utf",
            "u8",
            "cp65001",
            "65001",
            "utf-8859-1",
            "x-utf-8",
            "iso-10646-utf-8",
            "utf-08",
            "cesu-8",
        ],
    ),
    (
        "utf-7",
        &[
            "unicode-1-1-utf-7",
            "unicode-2-0-utf-7",
            "x-unicode-2-0-utf-7",
            "csunicode11utf7",
            "utf7",
            "cp65000",
            "65000",
            "x-utf-7",
        ],
    ),
    ("utf-16", &["utf16", "unicode", "ucs-2", "iso-10646-ucs-2", "csunicode", "utf-16-bom", "x-unicode"]),
    ("iso-2022-kr", &["csiso2022kr", "iso2022kr", "iso-2022-kr-1"]),
    ("iso-2022-cn", &["iso-2022-cn-ext", "iso2022cn", "csiso2022cn"]),
    ("hz", &["hz-gb-2312", "hz-gb2312", "hzgb2312"]),
    (
        "iso-2022-jp",
        &[
            "iso2022jp",
            "iso-2022-jp-1",
            "iso-2022-jp-2",
            "iso-2022-jp-3",
            "iso-2022-jp-2004",
            "iso-2022-jp-ms",
            "cp50220",
            "cp50221",
            "cp50222",
            "jis",
            "jis7",
            "jis-encoding",
            "iso-2002-jp",
            "-iso-2022-jp$esc",
        ],
    ),
    (
        "shift_jis",
        &[
            "shift-jis",
            "x-sjis",
            "sjis",
            "cp932",
            "ms932",
            "windows-932",
            "x-ms-cp932",
            "shiftjis",
            "s-jis",
            "mskanji",
            "windows-31j",
            "sjis-win",
        ],
    ),
    ("euc-jp", &["eucjp", "x-euc", "eucjp-win", "euc-jp-ms", "eucjp-ms", "cp51932", "ujis", "x-eucjp", "euc"]),
    (
        "euc-kr",
        &[
            "ks-c-5601-1987",
            "ks-c-5601",
            "ksc5601",
            "ksc-5601",
            "ks-c-5601-1989",
            "cp949",
            "ms949",
            "uhc",
            "windows-949",
            "x-windows-949",
            "5601",
            "euckr",
            "ks-x-1001",
            "iso-ir-149",
            "korean",
            "x-euc-kr",
        ],
    ),
    (
        "gbk",
        &[
            "gb2312",
            "gb-2312",
            "gb2312-80",
            "gb-2312-80",
            "gb231280",
            "x-gb2312",
            "x-gbk",
            "cp936",
            "ms936",
            "windows-936",
            "euc-cn",
            "x-euc-cn",
            "chinese",
            "cn-gb",
            "iso-ir-58",
            "gb",
        ],
    ),
    ("gb18030", &["gb-18030", "gb18030-2000", "gb18030-2005", "x-gb18030"]),
    (
        "big5",
        &[
            "big-5",
            "x-big5",
            "cp950",
            "ms950",
            "windows-950",
            "x-windows-950",
            "cn-big5",
            "big5-hkscs",
            "big5hkscs",
            "x-x-big5",
            "bigfive",
            "big5-eten",
        ],
    ),
    ("koi8-r", &["koi8r", "koi", "koi8", "cp878", "cp20866"]),
    ("koi8-u", &["koi8u", "koi8-ru", "cp21866"]),
    ("windows-1251", &["win", "cyrillic-windows", "cp1251", "windows-cyrillic", "ansi-1251", "x-cp1251"]),
    (
        "windows-1252",
        &[
            "latin",
            "latin-1",
            "latin1",
            "iso-latin-1",
            "iso-8859",
            "iso8859",
            "isolatin1",
            "iso-8859-1-windows-3.0-latin-1",
            "iso-8859-1-windows-3.1-latin-1",
            "8859-1",
            "iso8859-1",
            "iso-8851-1",
            "iso-8859-l",
            "western",
            "western-european",
            "x-ansi",
            "windows",
            "cp819",
        ],
    ),
    ("iso-8859-2", &["latin-2", "iso-latin-2", "isolatin2", "latin2"]),
    ("iso-8859-15", &["latin-9", "latin9", "latin-0", "latin0", "iso-latin-9"]),
    ("windows-1254", &["latin-5", "latin5", "iso-latin-5", "turkish"]),
    ("windows-874", &["tis-620", "tis620", "cp874", "ms874", "x-windows-874", "iso-8859-11", "thai"]),
    ("ibm866", &["cp866", "cp-866", "866", "dos-866", "alt"]),
    ("cp850", &["ibm850", "ibm-850", "cp-850", "850", "cp858", "ibm858"]),
    ("cp437", &["ibm437", "ibm-437", "cp-437", "437", "cspc8codepage437", "dos-us"]),
    ("cp852", &["ibm852", "ibm-852", "cp-852", "852", "cspcp852", "dos-852"]),
    ("macintosh", &["mac", "macroman", "mac-roman", "x-macroman", "x-mac-roman", "apple-roman"]),
    ("x-mac-cyrillic", &["maccyrillic", "x-maccyrillic"]),
];

#[cfg(test)]
mod tests;
