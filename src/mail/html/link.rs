//! The targets of links: which are kept, and which say nothing that the text does not say.

/// Longest target that is kept, in bytes.
const LINK_BYTES: usize = 2_000;

/// Whether a reader could follow it.
pub fn is_kept(target: &str) -> bool {
    const KNOWN: &[&str] = &["http://", "https://", "mailto:", "tel:", "ftp://", "ftps://", "sftp://"];
    let begins = |scheme: &&str| target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    KNOWN.iter().any(begins) && target.len() <= LINK_BYTES && !target.contains(char::is_control)
}

/// Whether a link's text names its target already, or is an address itself, behind which only a tracker stands.
pub fn says(shown: &str, target: &str) -> bool {
    let plain = |url: &str| {
        let url = url.to_lowercase();
        let leads = ["https://", "http://", "www."];
        let url = leads.iter().fold(url.as_str(), |url, lead| url.strip_prefix(lead).unwrap_or(url));
        url.trim_end_matches('/').to_owned()
    };
    if target.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("tel:")) {
        // A country's prefix may stand in one of them alone.
        let last = |text: &str| text.bytes().rev().filter(u8::is_ascii_digit).take(6).collect::<Vec<u8>>();
        return last(shown) == last(target);
    }
    let address = target.strip_prefix("mailto:").unwrap_or(target);
    let address = address.split('?').next().filter(|_| target.starts_with("mailto:")).unwrap_or(address);
    let url = ["http://", "https://", "www."].iter().any(|scheme| shown.starts_with(scheme));
    plain(shown).contains(&plain(address)) || url && !shown.contains(char::is_whitespace)
}
