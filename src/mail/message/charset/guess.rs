//! What bytes look like, where nothing says what they are in or what is said cannot be.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    EUC_JP, Encoding, IBM866, ISO_8859_2, ISO_8859_5, ISO_8859_6, ISO_8859_7, ISO_8859_8, KOI8_U, SHIFT_JIS, UTF_8,
    WINDOWS_874, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1254, WINDOWS_1255, WINDOWS_1256,
    WINDOWS_1257,
};

use super::Country;

/// How many bytes are enough to guess a charset.
const GUESS_BYTES: usize = 64 * 1024;

/// What bytes look like. One or two accents in a Latin text are too few for statistics: most such text is Western.
pub fn detected(bytes: &[u8], country: Country) -> &'static Encoding {
    let bytes = &bytes[..bytes.len().min(GUESS_BYTES)];
    let high: Vec<u8> = bytes.iter().copied().filter(|b| *b >= 0x80).collect();
    let letters = bytes.iter().filter(|b| b.is_ascii_alphabetic()).count();
    let western = |b: &u8| matches!(b, 0xc0..=0xff | 0x91..=0x97 | 0x80 | 0x85 | 0xa0 | 0xa3 | 0xa7 | 0xa9 | 0xab | 0xb0 | 0xb4 | 0xbb);
    if high.len() <= 2 && letters >= 3 * high.len() && high.iter().all(western) && country.writes_western() {
        return WINDOWS_1252;
    }
    if let Some(encoding) = [SHIFT_JIS, EUC_JP].into_iter().find(|encoding| is_kana(bytes, encoding)) {
        return encoding;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    detector.guess(country.label(), Utf8Detection::Allow)
}

/// Whether half of all characters of two bytes are the syllables that Japanese is written with: statistics want more
/// text than a subject has.
fn is_kana(bytes: &[u8], encoding: &'static Encoding) -> bool {
    const ENOUGH: usize = 3;
    let (mut kana, mut pairs) = (0, 0);
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        rest = tail;
        let [second, after @ ..] = tail else { continue };
        let (lead, syllable) = match encoding == SHIFT_JIS {
            true => (
                matches!(first, 0x81..=0x9f | 0xe0..=0xfc),
                matches!((first, second), (0x82, 0x9f..=0xf1) | (0x83, 0x40..=0x96) | (0x81, 0x5b)),
            ),
            false => {
                (*first >= 0x80, matches!((first, second), (0xa4, 0xa1..=0xf3) | (0xa5, 0xa1..=0xf6) | (0xa1, 0xbc)))
            }
        };
        if lead {
            pairs += 1;
            kana += usize::from(syllable);
            rest = after;
        }
    }
    kana >= ENOUGH && 2 * kana >= pairs && encoding.decode_without_bom_handling_and_without_replacement(bytes).is_some()
}

/// What text that calls itself Western is in; None where it is Western. Programs call their text so whatever it is in.
pub fn foreign(bytes: &[u8], country: Country) -> Option<&'static Encoding> {
    const ENOUGH: usize = 8;
    let bytes = &bytes[..bytes.len().min(GUESS_BYTES)];
    let high = bytes.iter().filter(|b| **b >= 0x80).count();
    let strange = strange_letters(bytes);
    if strange < 2 && (high < ENOUGH || 2 * in_words(bytes) <= high && !has_pairs(bytes)) {
        return None;
    }
    let looks = detected(bytes, country);
    let other_script = !looks.is_single_byte()
        || [IBM866, ISO_8859_5, ISO_8859_6, ISO_8859_7, ISO_8859_8, KOI8_U].contains(&looks)
        || [WINDOWS_874, WINDOWS_1251, WINDOWS_1253, WINDOWS_1255, WINDOWS_1256].contains(&looks);
    let whole = || looks.decode_without_bom_handling_and_without_replacement(bytes).is_some();
    let other_letters = [WINDOWS_1250, ISO_8859_2, WINDOWS_1254, WINDOWS_1257].contains(&looks);
    let found = other_script && looks != UTF_8 && whole() || other_letters && strange >= 2;
    found.then_some(looks)
}

/// Bytes within words that are written without ASCII: in Western text accents stand alone or in twos.
fn in_words(bytes: &[u8]) -> usize {
    const WORD: usize = 3;
    let words = bytes.split(|b| *b < 0x80).filter(|run| run.len() >= WORD && run.iter().any(|b| *b != run[0]));
    words.map(<[u8]>::len).sum()
}

/// Whether so many bytes are followed by what is no letter of Western text that they may be halves of characters.
fn has_pairs(bytes: &[u8]) -> bool {
    const ENOUGH: usize = 6;
    let half = |pair: &&[u8]| (0x81..=0xfe).contains(&pair[0]) && matches!(pair[1], 0x40 | 0x5b..=0x60 | 0x7b..=0xbf);
    bytes.windows(2).filter(half).count() >= ENOUGH
}

/// Signs where letters belong, and letters that of Western languages only Icelandic has: so Polish and Turkish look
/// when they are taken for Western.
fn strange_letters(bytes: &[u8]) -> usize {
    let letter = |b: u8| b.is_ascii_alphabetic() || b >= 0xc0;
    let strange = |triple: &&[u8]| {
        let sign = matches!(triple[1], 0xa1 | 0xa3 | 0xa5 | 0xa6 | 0xaf | 0xb1 | 0xb3 | 0xb6 | 0xb9 | 0xbc..=0xbf);
        sign && letter(triple[0]) && letter(triple[2])
            || matches!(triple[1], 0xdd | 0xde | 0xf0 | 0xfd | 0xfe) && (letter(triple[0]) || letter(triple[2]))
    };
    bytes.windows(3).filter(strange).count()
}

/// UTF-8 in which some bytes are not, as where a program added its own lines or cut a character in two: more whole
/// characters than broken ones do not come by chance. None where there are fewer than `least` for each broken one.
pub fn mended_utf_8(bytes: &[u8], least: usize) -> Option<String> {
    let (mut whole, mut broken, mut eastern) = (0usize, 0usize, false);
    for chunk in bytes.utf8_chunks() {
        whole += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        eastern |= chunk.valid().contains(|c| c >= '\u{800}');
        broken += usize::from(!chunk.invalid().is_empty());
    }
    if whole == 0 || whole < least * broken {
        return None;
    }
    let begins_none = |byte: u8, eastern: bool| byte >= 0xf5 || byte >= 0xe0 && !eastern;
    let mut text = String::with_capacity(bytes.len());
    let mut chunks = bytes.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        text.push_str(chunk.valid());
        let next = chunks.peek().and_then(|next| next.valid().bytes().next());
        match chunk.invalid() {
            [] => {}
            // A byte that begins no character of this script, or stands within a word of ASCII, is Western.
            [byte @ 0xa0..=0xff] if begins_none(*byte, eastern) || next.is_some_and(|b| b.is_ascii_alphabetic()) => {
                text.push_str(&WINDOWS_1252.decode_without_bom_handling(&[*byte]).0);
            }
            _ => text.push('\u{fffd}'),
        }
    }
    Some(text)
}
