//! Small pieces of IMAP's grammar: strings, folder names, UID sets, dates.

use data_encoding::{Encoding, Specification};
use jiff::Timestamp;
use std::sync::LazyLock;

/// A quoted string (RFC 3501 §4.3). Line breaks and NUL cannot be said in one, and are left out.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars().filter(|c| !matches!(c, '\r' | '\n' | '\0')) {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

/// Base 64 with a comma for the slash, unpadded (RFC 3501 §5.1.3).
static MODIFIED_BASE64: LazyLock<Encoding> = LazyLock::new(|| {
    let mut spec = Specification::new();
    spec.symbols.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,");
    spec.encoding().expect("the alphabet is a constant")
});

/// A folder's name on the wire: modified UTF-7 (RFC 3501 §5.1.3).
pub(super) fn folder_name(name: &str) -> String {
    let mut wire = String::with_capacity(name.len());
    let mut wide: Vec<u8> = Vec::new();
    let flush = |wide: &mut Vec<u8>, wire: &mut String| {
        if !wide.is_empty() {
            wire.push('&');
            wire.push_str(&MODIFIED_BASE64.encode(wide));
            wire.push('-');
            wide.clear();
        }
    };
    for c in name.chars() {
        if matches!(c, ' '..='~') {
            flush(&mut wide, &mut wire);
            wire.push(c);
            if c == '&' {
                wire.push('-');
            }
        } else {
            wide.extend(c.encode_utf16(&mut [0; 2]).iter().flat_map(|unit| unit.to_be_bytes()));
        }
    }
    flush(&mut wide, &mut wire);
    wire
}

/// A UID set (RFC 3501 §9 sequence-set) from ascending UIDs: `1:3,7`.
pub(super) fn uid_set(uids: &[u32]) -> String {
    let runs = uids.chunk_by(|a, b| a.checked_add(1) == Some(*b));
    let parts: Vec<String> = runs
        .map(|run| match run {
            [only] => only.to_string(),
            [first, .., last] => format!("{first}:{last}"),
            [] => String::new(),
        })
        .collect();
    parts.join(",")
}

/// INTERNALDATE, as in ` 7-Jul-1996 02:44:25 -0700` (RFC 3501 §9 date-time).
pub(super) fn internal_date(text: &str) -> Option<Timestamp> {
    Timestamp::strptime("%d-%b-%Y %H:%M:%S %z", text.trim()).ok()
}

/// The Message-ID in a header as it came, without angle brackets; None when there is none, or an empty one.
pub(super) fn message_id(header: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(header);
    let mut lines =
        text.lines().skip_while(|line| !line.get(..11).is_some_and(|name| name.eq_ignore_ascii_case("message-id:")));
    let mut value = lines.next()?[11..].to_owned();
    for folded in lines.take_while(|line| line.starts_with([' ', '\t'])) {
        value.push_str(folded);
    }
    let id = value.trim().trim_start_matches('<').split('>').next().unwrap_or_default().trim();
    (!id.is_empty()).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_quoted() {
        assert_eq!(quoted("a\"b\\c\r\nd"), "\"a\\\"b\\\\cd\"");
    }

    #[test]
    fn folder_names_are_modified_utf7() {
        assert_eq!(folder_name("INBOX"), "INBOX");
        assert_eq!(folder_name("Fish & Chips"), "Fish &- Chips");
        // The example of RFC 3501 §5.1.3.
        assert_eq!(folder_name("~peter/mail/台北/日本語"), "~peter/mail/&U,BTFw-/&ZeVnLIqe-");
        assert_eq!(folder_name("Entwürfe 📮"), "Entw&APw-rfe &2D3c7g-");
    }

    #[test]
    fn uid_sets_are_short() {
        assert_eq!(uid_set(&[1, 2, 3, 7, 9, 10]), "1:3,7,9:10");
        assert_eq!(uid_set(&[u32::MAX]), "4294967295");
        assert_eq!(uid_set(&[]), "");
    }

    #[test]
    fn internal_dates_are_read() {
        let at = internal_date("17-Jul-1996 02:44:25 -0700").map(|at| at.to_string());
        assert_eq!(at.as_deref(), Some("1996-07-17T09:44:25Z"));
        assert_eq!(
            internal_date(" 1-Jan-2026 00:00:00 +0000").map(|at| at.to_string()).as_deref(),
            Some("2026-01-01T00:00:00Z")
        );
        assert_eq!(internal_date("yesterday"), None);
    }

    #[test]
    fn a_message_id_is_found_in_a_header() {
        let header = b"Subject: x\r\nMESSAGE-id:\r\n <a@b>\r\nTo: y\r\n\r\n";
        assert_eq!(message_id(header).as_deref(), Some("a@b"));
        assert_eq!(message_id(b"Message-ID: <>\r\n\r\n"), None);
        assert_eq!(message_id(b"Subject: x\r\n\r\n"), None);
    }
}
