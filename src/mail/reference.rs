//! References: the signed strings that name one mail which we sent (B21, L6).
//!
//! A reference is 15 bytes: the number of the sent mail (5 bytes) and the first 10 bytes (80 bits) of
//! HMAC-SHA-256 over it. In mail it is written in Crockford's base 32, which has no I, L, O or U to mistake,
//! in six groups of four: `ref:0004-7K2M-4QXW-9D3F-8ZAB-C2DE:ref`. Our Message-IDs carry the same 24
//! characters, so that either is enough to find the case.

use data_encoding::{Encoding, Specification};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::ops::Range;
use std::sync::LazyLock;
use subtle::ConstantTimeEq;

use super::{Address, MessageId};

/// The number of one mail that we sent: `entry * 256 + ordinal`, below 2^40.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SentId(pub u64);

const ID_BYTES: usize = 5;
const MAC_BYTES: usize = 10;
/// Characters of a reference without its dashes.
pub const LENGTH: usize = 24;

static CROCKFORD: LazyLock<Encoding> = LazyLock::new(|| {
    let mut spec = Specification::new();
    spec.symbols.push_str("0123456789ABCDEFGHJKMNPQRSTVWXYZ");
    spec.translate.from.push_str("abcdefghjkmnpqrstvwxyzOoIiLl");
    spec.translate.to.push_str("ABCDEFGHJKMNPQRSTVWXYZ001111");
    spec.encoding().expect("the alphabet is a constant")
});

/// The signing keys of a desk: the first seals, all of them open (rotation).
#[derive(Clone, Default)]
pub struct Keyring(Vec<[u8; 32]>);

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keyring({} keys)", self.0.len())
    }
}

impl Keyring {
    /// `keys`, newest first. An empty ring opens nothing, and seals with nothing: [`Keyring::seal`] panics.
    pub fn new(keys: Vec<[u8; 32]>) -> Keyring {
        Keyring(keys)
    }

    /// The 24 characters that name a sent mail.
    pub fn seal(&self, id: SentId) -> String {
        let key = self.0.first().expect("a desk has a key from its creation on");
        let bytes = id_bytes(id);
        let mut sealed = bytes.to_vec();
        sealed.extend_from_slice(&mac(key, &bytes));
        CROCKFORD.encode(&sealed)
    }

    /// The mail that a reference names; None when it is malformed, forged, or another desk's.
    /// Dashes and spaces are passed over, case does not matter.
    pub fn open(&self, text: &str) -> Option<SentId> {
        let plain: String = text.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
        if plain.len() != LENGTH {
            return None;
        }
        let bytes = CROCKFORD.decode(plain.as_bytes()).ok()?;
        let (id, tag) = bytes.split_at(ID_BYTES);
        let genuine = self.0.iter().any(|key| bool::from(mac(key, id).ct_eq(tag)));
        genuine.then(|| SentId(id.iter().fold(0, |n, b| n << 8 | u64::from(*b))))
    }
}

/// A sealed reference as it stands in a mail: `ref:XXXX-XXXX-XXXX-XXXX-XXXX-XXXX:ref`.
pub fn written(sealed: &str) -> String {
    let groups: Vec<&str> = (0..sealed.len()).step_by(4).map(|i| &sealed[i..(i + 4).min(sealed.len())]).collect();
    format!("ref:{}:ref", groups.join("-"))
}

/// The header field that carries our loop mark: the 24 characters of a reference, without dashes (B29).
pub const LOOP_HEADER: &str = "X-Postcase-Loop";

/// What our Message-IDs begin with, so that no mail program takes them for a reply address.
const ID_PREFIX: &str = "pc.";

/// Ids that one text may hold.
const IDS: usize = 64;

/// The Message-ID of the mail that `sealed` names: `pc.<24 characters, lower case>@domain`.
pub fn own_message_id(sealed: &str, domain: &str) -> MessageId {
    MessageId(format!("{ID_PREFIX}{}@{domain}", sealed.to_lowercase()))
}

/// The mail of ours that a Message-ID names; None when it is not ours or its signature is not genuine.
/// The domain does not matter: relays rewrite it, and the signature is what counts.
pub fn own_id(id: &MessageId, keyring: &Keyring) -> Option<SentId> {
    let (local, _) = id.0.split_once('@')?;
    let sealed = match local.split_at_checked(ID_PREFIX.len()) {
        Some((prefix, sealed)) if prefix.eq_ignore_ascii_case(ID_PREFIX) => sealed,
        _ => local,
    };
    if sealed.len() == LENGTH { keyring.open(sealed) } else { None }
}

/// What stands between the plus sign and the reference in a reply address, so that people can tell what it is for.
const ADDRESS_MARK: &str = "ref.";
/// RFC 5321 §4.5.3.1.1.
const LOCAL_PART_BYTES: usize = 64;

/// `support+ref.<24 characters, lower case>@example.org` of `support@example.org`: whoever replies to it names the mail
/// (RFC 5233). None where the address would become too long, or is one that cannot be added to.
pub fn reply_address(own: &Address, sealed: &str) -> Option<Address> {
    let (local, domain) = (own.local_part(), own.domain());
    let detailed = format!("{local}+{ADDRESS_MARK}{}", sealed.to_lowercase());
    let fits = detailed.len() <= LOCAL_PART_BYTES && !local.starts_with('"');
    fits.then(|| Address::parse(&format!("{detailed}@{domain}"))).flatten()
}

/// The mail of ours that a reply address names: `…+ref.XXXX@`, `…+XXXX@`; None when it names none, or the signature is
/// not genuine. What stands before the plus sign does not matter: servers rewrite it, and the signature is what counts.
pub fn in_address(address: &Address, keyring: &Keyring) -> Option<SentId> {
    let (_, detail) = address.local_part().rsplit_once('+')?;
    let sealed = detail.strip_prefix(ADDRESS_MARK).unwrap_or(detail);
    if sealed.len() == LENGTH { keyring.open(sealed) } else { None }
}

/// The mails of ours whose Message-IDs stand in `text`, in order: also where an id was cut off, wrapped or built into
/// another one.
pub fn own_ids_within(text: &str, keyring: &Keyring) -> Vec<SentId> {
    let lower = text.to_ascii_lowercase();
    let ids = lower.match_indices(ID_PREFIX).take(IDS).filter_map(|(at, prefix)| {
        let plain = lower[at + prefix.len()..].chars().filter(|c| !c.is_whitespace()).take(LENGTH).collect::<String>();
        keyring.open(&plain)
    });
    ids.collect()
}

/// Where `text` holds the 24 characters of a reply address or of a Message-ID of ours, with what marks them as such.
pub(super) fn addresses_within(text: &str) -> Vec<Range<usize>> {
    let lower = text.to_ascii_lowercase();
    let marks = [ADDRESS_MARK, ID_PREFIX, "+"];
    let found = marks.iter().flat_map(|mark| lower.match_indices(mark)).filter_map(|(at, mark)| {
        let start = at + mark.len();
        let mut plain = 0;
        for (offset, c) in lower[start..].char_indices() {
            match c {
                c if c.is_ascii_alphanumeric() => plain += 1,
                // Where a program broke the line, or quoted it.
                c if mark != "+" && (c.is_whitespace() || c == '>') => continue,
                _ => return None,
            }
            if plain == LENGTH {
                let end = start + offset + 1;
                let longer = lower[end..].starts_with(|c: char| c.is_ascii_alphanumeric());
                let address = mark == ID_PREFIX || lower[end..].trim_start().starts_with('@');
                return (address && !longer).then_some(at..end);
            }
        }
        None
    });
    found.collect()
}

fn id_bytes(id: SentId) -> [u8; ID_BYTES] {
    assert!(id.0 < 1 << 40, "sent ids stay below 2^40");
    let mut bytes = [0; ID_BYTES];
    bytes.copy_from_slice(&id.0.to_be_bytes()[8 - ID_BYTES..]);
    bytes
}

fn mac(key: &[u8; 32], id: &[u8]) -> [u8; MAC_BYTES] {
    let mut hmac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    hmac.update(b"postcase reference 1\0");
    hmac.update(id);
    let mut tag = [0; MAC_BYTES];
    tag.copy_from_slice(&hmac.finalize().into_bytes()[..MAC_BYTES]);
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_what_it_sealed_and_nothing_else() {
        let ours = Keyring::new(vec![[7; 32]]);
        let theirs = Keyring::new(vec![[8; 32]]);
        let sealed = ours.seal(SentId(300));
        assert_eq!(sealed.len(), LENGTH);
        assert_eq!(ours.open(&sealed), Some(SentId(300)));
        assert_eq!(ours.open(&sealed.to_lowercase().replace('0', "o").replace('1', "l")), Some(SentId(300)));
        assert_eq!(theirs.open(&sealed), None);
        for at in 0..LENGTH {
            let mut forged = sealed.clone().into_bytes();
            forged[at] = if forged[at] == b'0' { b'1' } else { b'0' };
            assert_eq!(ours.open(std::str::from_utf8(&forged).unwrap()), None);
        }
    }

    #[test]
    fn old_keys_still_open() {
        let old = Keyring::new(vec![[1; 32]]);
        let rotated = Keyring::new(vec![[2; 32], [1; 32]]);
        assert_eq!(rotated.open(&old.seal(SentId(9))), Some(SentId(9)));
        assert_ne!(rotated.seal(SentId(9)), old.seal(SentId(9)));
    }

    #[test]
    fn message_ids_carry_the_reference() {
        let ours = Keyring::new(vec![[7; 32]]);
        let id = own_message_id(&ours.seal(SentId(300)), "example.org");
        assert!(id.0.starts_with("pc.") && id.0.ends_with("@example.org"));
        assert_eq!(own_id(&id, &ours), Some(SentId(300)));
        assert_eq!(own_id(&MessageId(id.0[3..].to_uppercase()), &ours), Some(SentId(300)));
        assert_eq!(own_id(&id, &Keyring::new(vec![[8; 32]])), None);
        assert_eq!(own_id(&MessageId("pc.é@x".into()), &ours), None);
        assert_eq!(own_id(&MessageId("nothing".into()), &ours), None);
        let cut = &id.0[..id.0.len() - 5];
        let (start, end) = cut.split_at(10);
        for text in [format!("<a@b> <{cut}"), format!("<{start}\t{end}>"), format!("<x.{}@y>", cut.to_uppercase())] {
            assert_eq!(own_ids_within(&text, &ours), [SentId(300)], "{text}");
        }
        assert_eq!(own_ids_within(&id.0[..20], &ours), []);
    }

    #[test]
    fn reply_addresses_carry_the_reference() {
        let ours = Keyring::new(vec![[7; 32]]);
        let sealed = ours.seal(SentId(300));
        let at = |text: &str| in_address(&Address::parse(text).unwrap(), &ours);
        let address = |text: &str| reply_address(&Address::parse(text).unwrap(), &sealed);
        let written = address("support@example.org").unwrap();
        assert!(written.as_str().starts_with("support+ref.") && written.domain() == "example.org");
        assert_eq!(in_address(&written, &ours), Some(SentId(300)));
        assert_eq!(in_address(&written, &Keyring::new(vec![[8; 32]])), None);
        assert_eq!(at(&format!("support+{sealed}@elsewhere.example")), Some(SentId(300)));
        assert_eq!(at(&format!("help+de+ref.{sealed}@example.org")), Some(SentId(300)));
        assert_eq!(at(&format!("{sealed}@example.org")), None);
        assert_eq!(at("support+ref.@example.org"), None);
        assert_eq!(address(&format!("{}@example.org", "long".repeat(12))), None);
        assert_eq!(address("\"a b\"@example.org"), None);
    }

    #[test]
    fn is_written_in_groups() {
        assert_eq!(written("000012345678ABCDEFGH0000"), "ref:0000-1234-5678-ABCD-EFGH-0000:ref");
    }
}
