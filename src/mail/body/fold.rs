//! Text as it is compared.

/// Lower case, plain spaces, plain digits, no marks of direction: as the tables of [`super::languages`] are written.
pub fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // Most text is ASCII, which goes over in runs.
    while let Some(c) = rest.chars().next() {
        let run = rest.bytes().position(|b| !b.is_ascii() || b == b'\t').unwrap_or(rest.len());
        out.push_str(&rest[..run]);
        rest = &rest[run..];
        if run == 0 {
            fold(c, &mut out);
            rest = &rest[c.len_utf8()..];
        }
    }
    out.make_ascii_lowercase();
    out
}

/// One character that is not ASCII, or a tab.
fn fold(c: char, out: &mut String) {
    match c {
        c if is_dropped(c) => {}
        '\u{a0}' | '\u{2007}' | '\u{202f}' | '\u{3000}' | '\t' => out.push(' '),
        '\u{2010}' | '\u{2011}' => out.push('-'),
        '\u{660}'..='\u{669}' => out.push(digit(c, '\u{660}')),
        '\u{6f0}'..='\u{6f9}' => out.push(digit(c, '\u{6f0}')),
        '\u{966}'..='\u{96f}' => out.push(digit(c, '\u{966}')),
        '\u{e50}'..='\u{e59}' => out.push(digit(c, '\u{e50}')),
        '\u{ff10}'..='\u{ff19}' => out.push(digit(c, '\u{ff10}')),
        // A dotted İ becomes a plain one.
        c => out.extend(c.to_lowercase().filter(|c| *c != '\u{307}')),
    }
}

/// What nobody sees: marks of direction, hyphens where a word may part.
pub fn is_dropped(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{ad}')
}

fn digit(c: char, zero: char) -> char {
    char::from_digit(u32::from(c) - u32::from(zero), 10).unwrap_or(c)
}
