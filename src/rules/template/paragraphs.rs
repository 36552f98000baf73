//! Plain text as HTML: paragraphs, line breaks and links, everything else escaped.

use std::sync::LazyLock;

use regex::Regex;

/// Only what opens in a browser or a mail program; no `javascript:`, no `data:`.
static LINK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"(?i)\b(?:https?://|mailto:)[^\s<>"'`\\^{}|]+"#).expect("the pattern is a constant"));

/// Paragraphs of `text`: an empty line ends one, a line end is a `<br>`. Markup in `text` is shown as it stands.
pub fn from_text(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 4);
    let normal = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut paragraph: Vec<String> = Vec::new();
    for line in normal.lines().chain(std::iter::once("")) {
        if line.trim().is_empty() {
            if !paragraph.is_empty() {
                html.push_str(&format!("<p>{}</p>\n", paragraph.join("<br>\n")));
                paragraph.clear();
            }
        } else {
            paragraph.push(linked(line));
        }
    }
    html
}

fn linked(line: &str) -> String {
    let mut html = String::new();
    let mut rest = 0;
    for found in LINK.find_iter(line) {
        let link = without_closing_marks(found.as_str());
        html.push_str(&escaped(&line[rest..found.start()]));
        html.push_str(&format!("<a href=\"{0}\">{0}</a>", escaped(link)));
        rest = found.start() + link.len();
    }
    html.push_str(&escaped(&line[rest..]));
    html
}

/// A full stop or bracket after an address belongs to the sentence.
fn without_closing_marks(link: &str) -> &str {
    let trimmed = link.trim_end_matches(['.', ',', ';', ':', '!', '?']);
    match trimmed.strip_suffix(')') {
        Some(inner) if !inner.contains('(') => inner,
        _ => trimmed,
    }
}

/// `text` with the five characters that mean something in HTML made harmless; leading spaces are kept.
pub fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            '\u{0}' => html.push('\u{FFFD}'),
            c => html.push(c),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_breaks_and_links() {
        assert_eq!(
            from_text("Dear Anna,\r\n\r\nsee https://example.com/a?b=1&c=2.\nOr (https://example.com/x).\n"),
            "<p>Dear Anna,</p>\n<p>see <a href=\"https://example.com/a?b=1&amp;c=2\">https://example.com/a?b=1&amp;c=2</a>.<br>\n\
             Or (<a href=\"https://example.com/x\">https://example.com/x</a>).</p>\n"
        );
    }

    #[test]
    fn markup_is_shown_not_obeyed() {
        let html = from_text("<script>alert('x')</script> https://e.com/\"onclick=\"y javascript:alert(1)");
        assert!(!html.contains("<script"), "{html}");
        assert!(!html.contains("\"onclick"), "{html}");
        assert!(!html.contains("href=\"javascript"), "{html}");
    }
}
