//! What a case is about: the subject without our tag and without what mail programs put before it (RFC 5256 §2.1).

/// Reply and forward prefixes as mail programs write them, in many languages.
const PREFIXES: [&str; 42] = [
    "re",
    "fw",
    "fwd",
    "aw",
    "wg",
    "antw",
    "antwort",
    "sv",
    "vs",
    "vl",
    "vb",
    "vd",
    "tr",
    "rv",
    "res",
    "enc",
    "r",
    "rif",
    "rép",
    "réf",
    "rep",
    "ref",
    "odp",
    "pd",
    "ynt",
    "ilt",
    "bls",
    "trs",
    "továbbítás",
    "vá",
    "atb",
    "απ",
    "σχετ",
    "πρθ",
    "отв",
    "ha",
    "ответ",
    "回复",
    "答复",
    "转发",
    "回覆",
    "轉寄",
];

/// The base subject; `(no subject)` when nothing is left.
pub(super) fn base(subject: &str, case_word: &str) -> String {
    let mut rest = without_tags(subject, case_word);
    while let Some(shorter) = without_prefix(&rest) {
        rest = shorter;
    }
    if rest.is_empty() { "(no subject)".to_owned() } else { rest }
}

fn without_tags(subject: &str, case_word: &str) -> String {
    let mut kept = String::new();
    let mut rest = subject;
    while let Some(open) = rest.find('[') {
        let (before, tail) = rest.split_at(open);
        kept.push_str(before);
        match tail.find(']') {
            Some(close) if is_tag(&tail[1..close], case_word) => rest = &tail[close + 1..],
            _ => {
                kept.push('[');
                rest = &tail[1..];
            }
        }
    }
    kept.push_str(rest);
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_tag(inside: &str, case_word: &str) -> bool {
    let mut words = inside.split_whitespace();
    let word = words.next().is_some_and(|word| word.to_lowercase() == case_word.to_lowercase());
    let number = words.next().is_some_and(|number| number.chars().all(|c| c.is_ascii_digit()));
    word && number && words.next().is_none()
}

/// `Re:`, `RE[2]:`, `Re (2):`, `回复：`; None when the subject begins with none.
fn without_prefix(subject: &str) -> Option<String> {
    let colon = subject.find([':', '：'])?;
    let (head, tail) = subject.split_at(colon);
    let word = head.split(['[', '(']).next().unwrap_or_default().trim();
    let count = head[head.find(['[', '(']).unwrap_or(head.len())..].trim_matches(['[', ']', '(', ')', ' ']);
    let known = PREFIXES.contains(&word.to_lowercase().as_str()) && count.chars().all(|c| c.is_ascii_digit());
    known.then(|| tail.trim_start_matches([':', '：']).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::base;

    #[test]
    fn prefixes_and_our_tag_go_the_rest_stays() {
        for (subject, expected) in [
            ("Printer on fire", "Printer on fire"),
            ("Re: AW: SV: Printer", "Printer"),
            ("RE[2]: Re (3): Printer", "Printer"),
            ("Re: [Case 10482] Printer", "Printer"),
            ("[case 10482] Fwd: Printer", "Printer"),
            ("回复：プリンター", "プリンター"),
            ("[Urgent] Printer: paper", "[Urgent] Printer: paper"),
            ("[Case study] read me", "[Case study] read me"),
            ("Re:", "(no subject)"),
            ("", "(no subject)"),
            ("Re: : [", ": ["),
            ("a ]b[ Case 1", "a ]b[ Case 1"),
        ] {
            assert_eq!(base(subject, "Case"), expected, "{subject}");
        }
    }
}
