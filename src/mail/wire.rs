//! Addresses as they are written to others: in a header field, and in MAIL and RCPT.

use super::Address;

impl Address {
    /// The address for the wire. A local part that is no dot-atom (`a..b@docomo.ne.jp`, RFC 5322 §3.4.1) is
    /// quoted; a domain in other letters is written in ASCII (RFC 5890), so that SMTPUTF8 is needed for local parts alone.
    pub fn on_the_wire(&self) -> String {
        let (local, domain) = (self.local_part(), self.domain());
        let quoted = local.len() >= 2 && local.starts_with('"') && local.ends_with('"');
        let local = match quoted || is_dot_atom(local) {
            true => local.to_owned(),
            false => format!("\"{}\"", local.replace('\\', "\\\\").replace('"', "\\\"")),
        };
        let domain = idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_owned());
        format!("{local}@{domain}")
    }
}

/// RFC 5322 §3.2.3, with the letters of RFC 6532 §3.2.
fn is_dot_atom(local: &str) -> bool {
    let is_atext = |c: char| c.is_ascii_alphanumeric() || !c.is_ascii() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(text: &str) -> String {
        Address::parse(text).unwrap().on_the_wire()
    }

    #[test]
    fn odd_addresses_are_written_so_that_servers_take_them() {
        assert_eq!(wire("anna.berg+x@example.com"), "anna.berg+x@example.com");
        assert_eq!(wire("a..b.@docomo.ne.jp"), "\"a..b.\"@docomo.ne.jp");
        assert_eq!(wire("\"a b\"@example.com"), "\"a b\"@example.com");
        assert_eq!(wire("info@bücher.example"), "info@xn--bcher-kva.example");
        assert_eq!(wire("jörg@example.com"), "jörg@example.com");
        assert_eq!(wire("root@[192.0.2.1]"), "root@[192.0.2.1]");
    }
}
