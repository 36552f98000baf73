//! The author's words.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{Score, folded, folder, read};

/// Signatures and mobile footers are folded away here (B16), and are kept by those who collected the set: so many of it
/// differ.
const BY_TASTE: usize = 4;

#[test]
fn replies() {
    let Some(folder) = folder("replies") else { return println!("replies: skipped") };
    let lines = std::fs::read_to_string(folder.join("expect.jsonl")).expect("readable");
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    for (number, line) in lines.lines().enumerate() {
        let case: Value = serde_json::from_str(line).expect("JSON");
        let Some(expected) = case["expect"]["reply_text"].as_str() else { continue };
        let kind = case["kind"].as_str().expect("a kind");
        let input = match (case["input"].as_str(), case["file"].as_str()) {
            (Some(input), _) => input.as_bytes().to_vec(),
            (None, file) => std::fs::read(folder.join(file.expect("a file"))).expect("readable"),
        };
        let score = scores.entry(format!("replies, {kind}")).or_default();
        let name = format!("line {}", number + 1);
        let (expected, found) = match kind {
            "text" => (folded(expected), folded(&author_text("text/plain", &input))),
            "html" => (bare(expected), bare(&author_text("text/html", &input))),
            _ => (folded(expected), folded(&read(&input).author_text)),
        };
        score.count(&name, &expected, &found);
    }
    scores.iter().for_each(|(set, score)| score.print(set));
    let misses: usize = scores.values().map(|score| score.misses.len()).sum();
    assert!(misses <= 2 + BY_TASTE, "{misses} are not read as expected");
}

fn author_text(media_type: &str, body: &[u8]) -> String {
    let head = format!(
        "From: a@x.org\nMIME-Version: 1.0\nContent-Type: {media_type}; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
    );
    read(&[head.as_bytes(), body].concat()).author_text
}

/// Without tags, spaces and quotation marks: what is expected of HTML is HTML, with every space gone.
fn bare(text: &str) -> String {
    let tags = regex::Regex::new("</?[a-z][^>]*>").expect("a constant");
    let text = if text.contains("</") { tags.replace_all(text, "").into_owned() } else { text.to_owned() };
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&#160;", "").replace("&amp;", "&");
    text.chars().filter(|c| !c.is_whitespace() && *c != '>').collect()
}
