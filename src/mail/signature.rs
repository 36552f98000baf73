//! What of a message's signatures (DKIM, RFC 6376) can speak for From: the part of checking them that needs no network.

use serde::{Deserialize, Serialize};

use super::authentication::same_organisation;
use super::defect::Flaws;
use super::message::{self, clip};
use super::{Address, Bounds};

/// Bytes of a message that is checked: beyond them lie pictures, and the hash would hold up others.
const MESSAGE_BYTES: usize = 16 * 1024 * 1024;
/// Bytes and fields of a header that is checked.
const HEADER_BYTES: usize = 128 * 1024;
const FIELDS: usize = 500;
/// Bytes of one signature that is checked.
const SIGNATURE_BYTES: usize = 4 * 1024;
/// Signatures of one message that are checked: the topmost ones.
const SIGNATURES: usize = 3;
/// Who writes to whom, about what, in which thread, and how the text is to be read. Whoever sends a signed mail again may
/// change what the signature leaves out, and add to it.
const MEANING: [&str; 9] = [
    "From",
    "To",
    "Cc",
    "Subject",
    "In-Reply-To",
    "References",
    "Reply-To",
    "Content-Type",
    "Content-Transfer-Encoding",
];

/// What Postcase itself found out about the signatures of a message when it was taken in (`verify = "dkim"`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signature {
    /// Nothing that proves anything: not asked, not signed, broken, or the key could not be had.
    #[default]
    None,
    /// The organisation of From signed it as it is, with all fields that give it its meaning. Large providers that sign
    /// fewer fields prove nothing by that.
    Aligned,
}

/// A message with those of its signatures that are worth a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The one address in From.
    pub from: Address,
    /// The message without its other signatures.
    pub bytes: Vec<u8>,
    /// How often each field of [`MEANING`] is there.
    meaning: [usize; MEANING.len()],
}

impl Candidate {
    /// Whether a signature over the fields `signed` (its `h=`) holds all of From, To, Cc, Subject, In-Reply-To, References,
    /// Reply-To, Content-Type and Content-Transfer-Encoding that the message has. A name that stands there twice holds two
    /// (RFC 6376 §5.4.2).
    pub fn is_covered(&self, signed: &[String]) -> bool {
        let held = |name: &str| signed.iter().filter(|signed| signed.eq_ignore_ascii_case(name)).count();
        MEANING.iter().zip(self.meaning).all(|(name, there)| there == 0 || held(name) >= there)
    }
}

/// None where no signature could speak for From, or the message goes over a bound.
pub fn candidate(raw: &[u8]) -> Option<Candidate> {
    if raw.len() > MESSAGE_BYTES {
        return None;
    }
    let header = message::read_header(raw, &Bounds::default(), &mut Flaws::default());
    let [from] = header.from.as_slice() else { return None };
    let mut bytes = Vec::new();
    let (mut signatures, mut meaning) = (0, [0; MEANING.len()]);
    let mut rest = raw;
    for _ in 0..FIELDS {
        let (field, behind) = rest.split_at(field_end(rest));
        let written = field.split(|byte| *byte == b':').next().unwrap_or_default();
        let name = written.trim_ascii();
        if !field.contains(&b':') || raw.len() - behind.len() > HEADER_BYTES {
            break;
        }
        rest = behind;
        if let Some(at) = MEANING.iter().position(|known| name.eq_ignore_ascii_case(known.as_bytes())) {
            // RFC 5322 §4.5.8: not every program takes a name with space behind it for this field.
            if name.len() != written.len() {
                return None;
            }
            meaning[at] += 1;
        }
        if name.eq_ignore_ascii_case(b"DKIM-Signature") {
            let speaks = signatures < SIGNATURES
                && signer(field).is_some_and(|domain| same_organisation(&domain, from.address.domain()));
            if !speaks {
                continue;
            }
            signatures += 1;
        }
        bytes.extend_from_slice(field);
    }
    // What follows the last field must be the end of the header: else other programs may read another From.
    let ended = rest.is_empty() || rest.starts_with(b"\r\n") || rest.starts_with(b"\n");
    // The signature must hold what the desk reads.
    let read = MEANING.iter().zip(meaning).all(|(name, there)| header.field(name).count() == there);
    let [originators, ..] = meaning;
    if signatures == 0 || originators != 1 || !ended || !read {
        return None;
    }
    bytes.extend_from_slice(rest);
    Some(Candidate { from: from.address.clone(), bytes, meaning })
}

/// Where the field at the beginning of `rest` ends, with the lines that continue it (RFC 5322 §2.2.3).
fn field_end(rest: &[u8]) -> usize {
    let mut end = 0;
    for line in rest.split_inclusive(|byte| *byte == b'\n') {
        if end > 0 && !line.starts_with(b" ") && !line.starts_with(b"\t") {
            break;
        }
        end += line.len();
    }
    end
}

/// The tag `d=` (RFC 6376 §3.5), where the signature stands for the whole of the message: one that counts its bytes (`l=`)
/// lets anybody add to them.
fn signer(field: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(field).ok().filter(|text| text.len() <= SIGNATURE_BYTES)?;
    let (_, tags) = text.split_once(':')?;
    let mut domain = None;
    for (name, value) in tags.split(';').filter_map(|tag| tag.split_once('=')) {
        match name.trim() {
            "d" => domain = domain.or(Some(clip(value.trim(), 255).to_owned())),
            "l" => return None,
            _ => {}
        }
    }
    domain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(header: &str) -> Option<String> {
        let raw = format!("{header}\r\nSubject: s\r\n\r\nHello\r\n");
        candidate(raw.as_bytes()).map(|candidate| String::from_utf8(candidate.bytes).unwrap())
    }

    #[test]
    fn signatures_of_others_are_left_out() {
        let ours = "DKIM-Signature: v=1; a=rsa-sha256; d=mail.shop.example;\r\n s=x; h=from; bh=; b=";
        let theirs = "DKIM-Signature: v=1; d=list.example; s=x; h=from";
        let from = "From: Anna <anna@shop.example>";
        let rest = "Subject: s\r\n\r\nHello\r\n";
        assert_eq!(kept(&format!("{theirs}\r\n{ours}\r\n{from}")), Some(format!("{ours}\r\n{from}\r\n{rest}")));
        for none in [
            from.to_owned(),
            format!("{theirs}\r\n{from}"),
            format!("{ours}\r\n{from}\r\n{from}"),
            format!("{ours}\r\nFrom: Anna <anna@shop.example>, eve@evil.example"),
            format!("{ours}\r\n{from}\r\nfrom : eve@evil.example"),
            format!("{ours}\r\n{from}\r\nTo : eve@evil.example"),
            format!("{ours}\r\n{from}\r\nContent-Type\r\n : text/html"),
            format!("{}\r\n{from}", ours.replace("s=x", "l=10; s=x")),
            format!("{ours}\r\n{from}\r\nnot a field"),
            format!("{}\r\n{from}", ours.replace("v=1", &format!("v=1; x={}", "x".repeat(5_000)))),
        ] {
            assert_eq!(kept(&none), None, "{none}");
        }
    }

    #[test]
    fn a_signature_holds_every_field_of_meaning_as_often_as_it_is_there() {
        let covered = |fields: &str, signed: &[&str]| {
            let raw = format!("DKIM-Signature: d=shop.example\r\nFrom: anna@shop.example\r\n{fields}\r\nHello\r\n");
            let signed: Vec<String> = signed.iter().map(|name| (*name).to_owned()).collect();
            candidate(raw.as_bytes()).unwrap().is_covered(&signed)
        };
        assert!(covered("", &["from"]));
        assert!(!covered("", &["subject"]));
        assert!(covered("X-Spam: no\r\nReceived: x\r\n", &["from"]));
        for name in &MEANING[1..] {
            let once = format!("{name}: x\r\n");
            assert!(!covered(&once, &["from"]), "{name}");
            assert!(covered(&once, &["from", name]), "{name}");
            let twice = once.repeat(2);
            assert!(!covered(&twice, &["from", name]), "{name}");
            assert!(covered(&twice, &["from", &name.to_lowercase(), name]), "{name}");
        }
    }

    #[test]
    fn is_bounded() {
        let ours = "DKIM-Signature: d=shop.example; s=x\r\n";
        let many = kept(&format!("{}From: anna@shop.example", ours.repeat(100))).unwrap();
        assert_eq!(many.matches("DKIM-Signature").count(), SIGNATURES);
        assert_eq!(kept(&format!("{ours}From: anna@shop.example\r\n{}X: y", "X: y\r\n".repeat(FIELDS))), None);
        assert_eq!(kept(&format!("{ours}From: anna@shop.example\r\nX: {}", "x".repeat(HEADER_BYTES))), None);
    }
}
