//! Subjects, texts, originators and the rest of what a header and parts say.

use std::collections::BTreeMap;

use postcase::mail::json::View;
use postcase::mail::{MessageId, Reading};
use serde_json::Value;

use crate::{Score, folded, folder, read};

#[test]
fn decode() {
    let Some(folder) = folder("decode") else { return println!("decode: skipped") };
    let lines = std::fs::read_to_string(folder.join("expect.jsonl")).expect("readable");
    let mut scores: BTreeMap<&str, Score> = BTreeMap::new();
    for line in lines.lines() {
        let case: Value = serde_json::from_str(line).expect("JSON");
        let file = case["file"].as_str().expect("a file");
        let reading = read(&std::fs::read(folder.join(file)).expect("readable"));
        for (what, found) in found(&reading) {
            let Some(expected) = expected(&case["expect"][what]) else { continue };
            let expected = if what == "from_email" { without_comments(&expected) } else { expected };
            scores.entry(what).or_default().count(file, &expected, &found);
        }
    }
    scores.iter().for_each(|(what, score)| score.print(&format!("decode, {what}")));
    for what in ["subject", "text", "from_email", "from_name", "to", "message_id", "in_reply_to"] {
        assert!(scores[what].misses.is_empty(), "{what}");
    }
}

/// A comment is no part of an address (RFC 5322 §3.2.2), though some print it.
fn without_comments(address: &str) -> String {
    address.split('(').map(|piece| piece.rsplit(')').next().unwrap_or_default()).collect()
}

fn expected(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(folded(text)),
        Value::Array(list) => Some(list.iter().filter_map(expected).collect::<Vec<_>>().join(", ")),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => Some(value.to_string()),
    }
}

fn found(reading: &Reading) -> [(&'static str, String); 10] {
    let message = &reading.message;
    let from = View::of("", reading).from;
    let ids = |ids: &[MessageId]| ids.iter().map(|id| id.0.clone()).collect::<Vec<_>>().join(", ");
    let names: Vec<&str> = message.attachments.iter().map(|file| file.name.as_str()).collect();
    let to: Vec<&str> = message.to.iter().map(|named| named.address.as_str()).collect();
    [
        ("subject", folded(&message.subject)),
        ("text", folded(&message.text)),
        ("from_email", from.as_ref().map(|person| person.address.clone()).unwrap_or_default()),
        ("from_name", from.and_then(|person| person.name).unwrap_or_default()),
        ("to", to.join(", ")),
        ("message_id", message.message_id.clone().map(|id| id.0).unwrap_or_default()),
        ("in_reply_to", ids(&message.in_reply_to)),
        ("attachments", message.attachments.len().to_string()),
        ("attachment_names", names.join(", ")),
        ("has_html", message.html.is_some().to_string()),
    ]
}
