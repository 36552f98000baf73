//! Names of attachments, fit for every file system (B18).

use unicode_normalization::UnicodeNormalization;

/// Characters of a name that are kept.
const NAME_CHARS: usize = 150;

/// A clean name; where none is left, one made up from the media type.
pub fn clean(given: Option<&str>, media_type: &str) -> String {
    let plain: String = given.unwrap_or_default().nfkc().filter(|c| !hidden(*c)).collect();
    let last = plain.rsplit(['/', '\\']).next().unwrap_or_default();
    let safe: String = last.chars().map(|c| if "<>:\"|?*".contains(c) { '_' } else { c }).collect();
    let words = safe.split_whitespace().collect::<Vec<_>>().join(" ");
    let name = words.trim_start_matches('.').trim_end_matches(['.', ' ']).trim_start();
    if name.is_empty() { made_up(media_type) } else { shorten(name) }
}

/// Keeps the extension: it says what the file is.
fn shorten(name: &str) -> String {
    let length = name.chars().count();
    if length <= NAME_CHARS {
        return name.to_owned();
    }
    let (stem, extension) = name.rsplit_once('.').filter(|(_, e)| e.chars().count() <= 10).unwrap_or((name, ""));
    let kept: String = stem.chars().take(NAME_CHARS - 11).collect();
    if extension.is_empty() { kept } else { format!("{kept}.{extension}") }
}

fn made_up(media_type: &str) -> String {
    let (stem, extension) = match media_type {
        "message/rfc822" | "message/global" => ("message", "eml"),
        "message/delivery-status" | "message/global-delivery-status" => ("delivery-status", "txt"),
        "message/disposition-notification" => ("disposition-notification", "txt"),
        "message/feedback-report" => ("feedback-report", "txt"),
        "text/rfc822-headers" | "message/global-headers" => ("headers", "txt"),
        "message/partial" => ("partial", "eml"),
        "message/external-body" => ("elsewhere", "txt"),
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => ("smime", "p7m"),
        "application/pkcs7-signature" | "application/x-pkcs7-signature" => ("smime", "p7s"),
        "application/pgp-signature" => ("signature", "asc"),
        "application/pgp-encrypted" => ("encrypted", "asc"),
        "application/pgp-keys" => ("key", "asc"),
        "application/ms-tnef" | "application/vnd.ms-tnef" => ("winmail", "dat"),
        "text/calendar" => ("invitation", "ics"),
        "text/plain" => ("text", "txt"),
        "text/html" => ("text", "html"),
        "text/x-amp-html" => ("text", "amp.html"),
        "image/jpeg" => ("image", "jpg"),
        "image/svg+xml" => ("image", "svg"),
        "application/pdf" => ("document", "pdf"),
        "application/zip" => ("archive", "zip"),
        _ => match media_type.split_once('/') {
            Some(("image", subtype)) if plain(subtype) => ("image", subtype),
            Some(("audio", subtype)) if plain(subtype) => ("audio", subtype),
            Some(("video", subtype)) if plain(subtype) => ("video", subtype),
            _ => ("attachment", "bin"),
        },
    };
    format!("{stem}.{extension}")
}

fn plain(subtype: &str) -> bool {
    (1..=8).contains(&subtype.len()) && subtype.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Control, zero-width, bidirectional and other characters that do not show.
fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_clean() {
        assert_eq!(clean(Some("../../etc/passwd"), "a/b"), "passwd");
        assert_eq!(clean(Some("C:\\temp\\Offer 1.pdf"), "a/b"), "Offer 1.pdf");
        assert_eq!(clean(Some("gpj.\u{202e}exe"), "a/b"), "gpj.exe");
        assert_eq!(clean(Some(".htaccess"), "a/b"), "htaccess");
        assert_eq!(clean(Some("ﬁle\u{200b}\n name.txt"), "a/b"), "file name.txt");
        assert_eq!(clean(Some("..."), "image/png"), "image.png");
        assert_eq!(clean(None, "message/rfc822"), "message.eml");
        assert_eq!(clean(None, "x/../../y"), "attachment.bin");
        let long = clean(Some(&format!("{}.pdf", "ä".repeat(1000))), "a/b");
        assert!(long.ends_with(".pdf") && long.chars().count() <= NAME_CHARS);
    }
}
