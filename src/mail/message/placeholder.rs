//! Plain text that stands beside HTML and says nothing of it: "This message requires HTML".

use std::collections::HashSet;

use crate::mail::body::fold::folded;

/// A placeholder is no longer than this, in bytes.
const BYTES: usize = 400;
/// Fewer words may be an answer.
const WORDS: usize = 3;

/// What placeholders speak of: the author's words may differ from the HTML too.
const MATTERS: &[&str] = &[
    "html",
    "browser",
    "navigateur",
    "navegador",
    "браузер",
    "ブラウザ",
    "浏览器",
    "瀏覽器",
    "[image",
    "[cid:",
    "[bild",
    "[photo",
];

/// Whether `plain` is another text than `html`, short, and speaks of how mail is shown: less than half of its words occur
/// there. Linear.
pub fn stands_for(html: &str, plain: &str) -> bool {
    let plain = plain.trim();
    if plain.len() > BYTES || html.trim().is_empty() {
        return false;
    }
    let plain = folded(plain);
    if !MATTERS.iter().any(|matter| plain.contains(matter)) {
        return false;
    }
    let said: HashSet<&str> = plain.split_whitespace().filter(|word| !is_target(word)).flat_map(words).collect();
    if said.len() < WORDS {
        return false;
    }
    let html = folded(html);
    let mut missing = said.clone();
    for word in words(&html) {
        missing.remove(word);
        if missing.len() * 2 <= said.len() {
            return false;
        }
    }
    // Beside a picture with few words the plain text is what was written.
    let enough = said.len() / 2 + 1;
    words(&html).take(enough).count() == enough
}

/// Links and addresses: what they are written as differs between the two.
fn is_target(word: &str) -> bool {
    word.contains("://") || word.contains('@')
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_nothing_of_the_html() {
        let html = "Dear desk, my pump is loud and I need a new one.";
        for plain in [
            "This message requires HTML.",
            "Ihr E-Mail-Programm unterst\u{fc}tzt leider kein HTML.",
            "[image: photo.jpg]",
            "Please view in a browser: https://example.net/v",
        ] {
            assert!(stands_for(html, plain), "{plain}");
        }
    }

    #[test]
    fn what_says_the_same_is_read() {
        let html = "My pump is loud.\nI need a new one.";
        for plain in ["My pump is loud.", "my PUMP is *loud*.\n\nI need a new one <https://example.net>.", "\u{1f44d}"]
        {
            assert!(!stands_for(html, plain), "{plain}");
        }
        assert!(!stands_for("\u{8b1d}\u{8b1d}\u{3002}", "\u{8b1d}\u{8b1d}\u{3002}"));
        assert!(!stands_for("", "See the picture."));
        assert!(!stands_for("Confidential: this mail is meant for its recipient.", "Yes please replace the pump."));
        assert!(!stands_for("<No, thanks.>", "Yes, please."));
        assert!(!stands_for(html, &"word ".repeat(100)));
    }
}
