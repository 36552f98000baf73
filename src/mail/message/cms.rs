//! S/MIME messages that are one object (RFC 8551 §3.5.2): what kind of object, and what was signed.
//!
//! Only the way to the content is walked (RFC 5652 §5.1), by BER with definite and indefinite lengths. No signature is
//! checked. Linear, and without recursion.

/// What a CMS object is (RFC 5652 §3), as far as it matters to a reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Object {
    /// What was signed; a MIME entity.
    Signed(Vec<u8>),
    /// A signature without what it signs, or certificates alone.
    Detached,
    /// What only the holder of a key can open.
    Sealed,
}

/// 1.2.840.113549.1.7.2, the signed-data content type.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const OBJECT_IDENTIFIER: u8 = 0x06;
const OCTET_STRING: u8 = 0x04;
const OCTET_STRINGS: u8 = 0x24;
const EXPLICIT: u8 = 0xa0;

/// None where it is no CMS.
pub fn read(bytes: &[u8]) -> Option<Object> {
    let mut rest = Ber(bytes);
    rest.enter(SEQUENCE)?;
    if rest.value(OBJECT_IDENTIFIER)? != SIGNED_DATA {
        return Some(Object::Sealed);
    }
    rest.enter(EXPLICIT)?;
    rest.enter(SEQUENCE)?;
    rest.value(INTEGER)?;
    rest.skip(SET)?;
    rest.enter(SEQUENCE)?;
    rest.value(OBJECT_IDENTIFIER)?;
    let content = rest.enter(EXPLICIT).and_then(|_| rest.octets());
    Some(content.map_or(Object::Detached, Object::Signed))
}

/// What is not yet read.
struct Ber<'a>(&'a [u8]);

impl<'a> Ber<'a> {
    /// Past tag and length of an element; the length is None where an end mark follows instead (X.690 §8.1.3.6).
    fn enter(&mut self, expected: u8) -> Option<Option<usize>> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, mut rest) = rest.split_first()?;
        if tag != expected {
            return None;
        }
        let length = match first {
            0..=0x7f => Some(usize::from(first)),
            0x80 => None,
            0x81..=0x84 => {
                let (digits, tail) = rest.split_at_checked(usize::from(first & 0x7f))?;
                rest = tail;
                Some(digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)))
            }
            _ => return None,
        };
        self.0 = rest;
        Some(length)
    }

    /// The bytes of an element of definite length.
    fn value(&mut self, expected: u8) -> Option<&'a [u8]> {
        let length = self.enter(expected)??;
        let (value, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(value)
    }

    /// Past an element, whatever is in it.
    fn skip(&mut self, expected: u8) -> Option<()> {
        let mut open = 0usize;
        let mut tag = expected;
        loop {
            match self.enter(tag)? {
                Some(length) => self.0 = self.0.get(length..)?,
                None if tag == 0 => return None,
                None => open += 1,
            }
            while open > 0 && self.0.starts_with(&[0, 0]) {
                self.0 = &self.0[2..];
                open -= 1;
            }
            if open == 0 {
                return Some(());
            }
            tag = *self.0.first()?;
        }
    }

    /// An octet string, in one piece or in several (X.690 §8.7.3). What is cut off is left out.
    fn octets(&mut self) -> Option<Vec<u8>> {
        if let Some(whole) = Ber(self.0).value(OCTET_STRING) {
            return Some(whole.to_vec());
        }
        if self.0.first() == Some(&OCTET_STRING) {
            self.enter(OCTET_STRING)?;
            return Some(self.0.to_vec());
        }
        let length = self.enter(OCTET_STRINGS)?;
        let mut pieces = Ber(&self.0[..length.unwrap_or(self.0.len()).min(self.0.len())]);
        let mut content = Vec::new();
        while let Some(piece) = pieces.value(OCTET_STRING) {
            content.extend_from_slice(piece);
        }
        Some(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As OpenSSL streams it: indefinite lengths, the content in pieces.
    fn streamed() -> Vec<u8> {
        let identifier = |last: u8| [&[0x06, 0x09][..], &SIGNED_DATA[..8], &[last]].concat();
        [
            &[0x30, 0x80][..],
            &identifier(2),
            &[0xa0, 0x80, 0x30, 0x80, 0x02, 0x01, 0x01, 0x31, 0x80, 0x30, 0x80, 0x05, 0x00, 0, 0, 0, 0, 0x30, 0x80],
            &identifier(1),
            &[0xa0, 0x80, 0x24, 0x80, 0x04, 0x03, b'T', b'h', b'e', 0x04, 0x81, 0x05, b' ', b'p', b'u', b'm', b'p', 0],
            &[0; 12],
        ]
        .concat()
    }

    #[test]
    fn what_was_signed_is_found() {
        assert_eq!(read(&streamed()), Some(Object::Signed(b"The pump".to_vec())));
        let sealed = [&[0x30, 0x0b, 0x06, 0x09][..], &SIGNED_DATA[..8], &[3]].concat();
        assert_eq!(read(&sealed), Some(Object::Sealed));
        assert_eq!(read(b"%PDF-1.4"), None);
    }

    #[test]
    fn every_beginning_and_every_change_is_survived() {
        let whole = streamed();
        for at in 0..whole.len() {
            read(&whole[..at]);
            for byte in [0, 0x30, 0x80, 0x84, 0xff] {
                let mut changed = whole.clone();
                changed[at] = byte;
                read(&changed);
            }
        }
    }
}
