//! Secrets that stand in a file although they should not: no finding may show them.

use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::Span;

/// From the word `password` to the end of the line, or of a string of several lines.
static PASSWORD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?is)(?:pass(?:word|wort|wd|phrase)?\b|\b(?:secret|token|kennwort|pwd?)["']?\s*[.=:])(?:[^\n]*?(?:"""(?:.*?"""|.*)|'''(?:.*?'''|.*))|[^\n]*)"#)
        .expect("the pattern is a constant")
});

/// What may be shown of it: names of keys, and what a reference to a secret says.
static HARMLESS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?i)^(?:pass(?:word|wort|wd|phrase)?|secret|token|kennwort|pwd?)["']?\s*(?:=\s*\{)?|\b(?:env|file|credential)\s*=\s*(?:"[^"\n]*"?|'[^'\n]*'?)|[\s={},\[\]#."']+"#,
    )
    .expect("the pattern is a constant")
});

/// `text` with what may be a secret replaced by as many asterisks as it has bytes, so that places stay true:
/// whatever follows the word "password" or another of its kind, and `secrets`.
pub(super) fn masked(text: &str, secrets: &[Span]) -> Arc<str> {
    let mut bytes = text.as_bytes().to_vec();
    for found in PASSWORD.find_iter(text) {
        let mut from = 0;
        for harmless in HARMLESS.find_iter(found.as_str()) {
            mask(&mut bytes, found.start() + from, found.start() + harmless.start());
            from = harmless.end();
        }
        mask(&mut bytes, found.start() + from, found.end());
    }
    for secret in secrets {
        mask(&mut bytes, secret.start, secret.end);
    }
    String::from_utf8(bytes).map_or_else(|_| Arc::from("*".repeat(text.len())), Arc::from)
}

fn mask(bytes: &mut [u8], start: usize, end: usize) {
    for byte in bytes.iter_mut().take(end).skip(start) {
        if !matches!(byte, b'\n' | b'\r') {
            *byte = b'*';
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_the_word_password_is_masked() {
        let cases = [
            ("password = \"hunter2\"\nuser = \"anna\"", "password = \"*******\"\nuser = \"anna\""),
            ("password = hunter2", "password = *******"),
            ("Password='hünter2' # no", "Password='********' # **"),
            ("x = { password = { value = 'hunter2' } }", "x = { password = { ***** = '*******' } }"),
            ("password = { file = 'secret', value = 'hunter2", "password = { file = 'secret', ***** = '*******"),
            ("password = \"\"\"hunter2\nhunter3\"\"\"\nx = 1", "password = \"\"\"*******\n*******\"\"\"\nx = 1"),
            ("\"password\" = \"hunter2\"", "\"password\" = \"*******\""),
            ("secret = 'hunter2'", "secret = '*******'"),
            ("ca_file = '/run/secrets/ca.pem'", "ca_file = '/run/secrets/ca.pem'"),
            ("[smtp.password]\nenv = 'A'", "[smtp.password]\nenv = 'A'"),
        ];
        for (text, shown) in cases {
            assert_eq!(&*masked(text, &[]), shown);
        }
        assert_eq!(&*masked("a = 'hunter2'", &[Span { start: 5, end: 12 }]), "a = '*******'");
    }
}
