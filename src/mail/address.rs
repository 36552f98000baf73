//! Addresses: RFC 5322 §3.4.1 addr-spec, as compared by Postcase.

use serde::{Deserialize, Serialize};

/// An addr-spec, kept in the form in which it is compared: lower case, without comments or surrounding space, its domain
/// in ASCII (`bücher.example` is `xn--bcher-kva.example`) and without a dot at its end, its local part quoted only where
/// it must be.
///
/// Local parts are compared without case: no mail system in use tells `Anna@` from `anna@`, and customers do not either.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Address(String);

impl Address {
    /// Takes `text` as an address if it has a local part, one last `@` and a domain, no space or control
    /// characters outside quotes, and at most 320 bytes (RFC 5321 §4.5.3.1). The route of old (RFC 5322 §4.4) counts
    /// for nothing: `@relay.example:anna@example.org` is `anna@example.org`.
    pub fn parse(text: &str) -> Option<Address> {
        let text = without_route(text.trim().trim_start_matches('<').trim_end_matches('>').trim());
        let (local, domain) = text.rsplit_once('@')?;
        let quoted = is_quoted_string(local);
        let bad = |c: char| c.is_control() || (!quoted && (c.is_whitespace() || "<>(),;:@\"".contains(c)));
        let bad_domain = |c: char| c.is_control() || c.is_whitespace() || "<>(),;\"@\\".contains(c);
        if local.is_empty() || domain.is_empty() || text.len() > 320 || local.contains(bad) {
            return None;
        }
        let domain = plain_domain(domain)?;
        if domain.contains(bad_domain) {
            return None;
        }
        let local = if quoted { unquoted(local) } else { local };
        Some(Address(format!("{}@{domain}", local.to_lowercase())))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True for `own` itself, and for a subaddress of it: `support+anything@` of `support@` (RFC 5233).
    pub fn belongs_to(&self, own: &Address) -> bool {
        let behind = self.local_part().strip_prefix(own.local_part());
        self.domain() == own.domain() && behind.is_some_and(|detail| detail.is_empty() || detail.starts_with('+'))
    }

    /// The part before the last `@`.
    pub fn local_part(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// The part after the last `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// RFC 5322 §4.4, obs-route.
fn without_route(text: &str) -> &str {
    if !text.starts_with('@') {
        return text;
    }
    text.split_once(':').map_or(text, |(_, address)| address.trim_start())
}

/// Lower case, in ASCII (RFC 5890) where it is a name at all; None where nothing is left of it.
fn plain_domain(domain: &str) -> Option<String> {
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let plain = if domain.is_ascii() { None } else { idna::domain_to_ascii(domain).ok() };
    let plain = plain.unwrap_or_else(|| domain.to_lowercase());
    (!plain.is_empty()).then_some(plain)
}

/// RFC 5322 §3.2.4: one quoted string from end to end. Two of them, with brackets between, would write commands of
/// their own.
fn is_quoted_string(local: &str) -> bool {
    let Some(inner) = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return false };
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        if c == '"' || c == '\\' && characters.next().is_none() {
            return false;
        }
    }
    true
}

/// What a quoted string holds where it needs no quotes (RFC 5321 §4.1.2: both mean the same mailbox); else the whole of it.
fn unquoted(local: &str) -> &str {
    let inner = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(local);
    let atom =
        |atom: &str| !atom.is_empty() && atom.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c));
    if inner.split('.').all(atom) { inner } else { local }
}

/// An address with the name that stands beside it (RFC 5322 §3.4 calls the pair a mailbox; here that word is an IMAP folder).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Named {
    /// Decoded, one line, without control characters; None where the header gave none.
    pub name: Option<String>,
    pub address: Address,
}

impl Named {
    /// What people are called by: the name, or the address where there is none, or where the name reads as an address,
    /// which may be somebody else's.
    pub fn label(&self) -> &str {
        self.name.as_deref().filter(|name| !name.contains(['@', '＠', '﹫'])).unwrap_or(self.address.as_str())
    }
}

impl std::fmt::Display for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} <{}>", self.address),
            None => write!(f, "{}", self.address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_read_in_two_ways_is_no_address() {
        for odd in ["a@b@x.org", "\"a\"> <v@y.org> \"b\"@x.org", "\"a\\\"@x.org", "\"@x.org", "a b@x.org", "@x.org"] {
            assert_eq!(Address::parse(odd), None, "{odd}");
        }
        // A sign that only looks like syntax becomes none.
        assert_eq!(Address::parse("boss@corp.example＠evil.example"), None);
        for fine in ["\"a@b\"@x.org", "\"a \\\" b\"@x.org", "\"\"@x.org", "o'neill+x@x.org", "a@[192.0.2.1]"] {
            assert!(Address::parse(fine).is_some(), "{fine}");
        }
    }

    #[test]
    fn a_name_that_is_an_address_is_no_name() {
        let label = |name: Option<&str>| {
            let address = Address::parse("eve@evil.example").unwrap();
            Named { name: name.map(str::to_owned), address }.label().to_owned()
        };
        assert_eq!(label(Some("Eve Black")), "Eve Black");
        assert_eq!(label(Some("Boss <boss@corp.example>")), "eve@evil.example");
        for alike in ["boss＠corp.example", "boss﹫corp.example"] {
            assert_eq!(label(Some(alike)), "eve@evil.example");
        }
        assert_eq!(label(None), "eve@evil.example");
    }

    #[test]
    fn one_mailbox_is_written_in_one_way() {
        for (written, plain) in [
            ("<Anna@Shop.Example>", "anna@shop.example"),
            ("anna@shop.example.", "anna@shop.example"),
            ("\"anna\"@shop.example", "anna@shop.example"),
            ("\"anna.berg\"@shop.example", "anna.berg@shop.example"),
            ("\"anna berg\"@shop.example", "\"anna berg\"@shop.example"),
            ("\"anna.\"@shop.example", "\"anna.\"@shop.example"),
            ("anna@Bücher.example", "anna@xn--bcher-kva.example"),
            ("anna@xn--bcher-kva.example", "anna@xn--bcher-kva.example"),
            ("anna@ｓｈｏｐ.example", "anna@shop.example"),
            ("Jürgen@shop.example", "jürgen@shop.example"),
            ("<@relay.example,@mx.example:anna@shop.example>", "anna@shop.example"),
        ] {
            assert_eq!(Address::parse(written).map(|address| address.0).as_deref(), Some(plain), "{written}");
        }
    }

    #[test]
    fn a_subaddress_belongs_to_its_address() {
        let belongs = |one: &str, own: &str| Address::parse(one).unwrap().belongs_to(&Address::parse(own).unwrap());
        assert!(belongs("Support@x.org", "support@x.org") && belongs("support+ref.1@x.org", "support@x.org"));
        assert!(belongs("support+de+ref.1@x.org", "support+de@x.org"));
        assert!(!belongs("supporter@x.org", "support@x.org") && !belongs("support+a@y.org", "support@x.org"));
        assert!(!belongs("support@x.org", "support+a@x.org"));
    }
}
