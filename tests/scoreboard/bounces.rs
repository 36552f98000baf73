//! Delivery reports.

use postcase::mail::Kind;
use serde_json::Value;

use crate::{Score, folder, read};

/// Two of the set are no reports, by all that they say: a person's reply, with pictures, and an automatic answer that
/// returns nothing. They broke parsers once and were kept; who calls them reports would call every reply one.
const NO_REPORTS: [(&str, Kind); 2] =
    [("flufl.bounce/groupwise_03.txt", Kind::Correspondence), ("flufl.bounce/qmail_08.txt", Kind::AutoReply)];
/// One names the local part of an address alone.
const NAMELESS: usize = 1;

#[test]
fn bounces() {
    let Some(folder) = folder("bounces") else { return println!("bounces: skipped") };
    let lines = std::fs::read_to_string(folder.join("expect.jsonl")).expect("readable");
    let (mut kinds, mut named) = (Score::default(), Score::default());
    for line in lines.lines() {
        let case: Value = serde_json::from_str(line).expect("JSON");
        let file = case["file"].as_str().expect("a file");
        let reading = read(&std::fs::read(folder.join(file)).expect("readable"));
        if let Some((_, kind)) = NO_REPORTS.iter().find(|(name, _)| *name == file) {
            assert_eq!(reading.kind, *kind, "{file}");
            continue;
        }
        kinds.count(file, Kind::DeliveryReport.name(), reading.kind.name());
        let known = reading.report.iter().any(|recipient| recipient.recipient.is_some());
        named.count(file, "a recipient", if known { "a recipient" } else { "none" });
    }
    kinds.print("bounces, recognised");
    named.print("bounces, whose report names a recipient");
    println!("bounces, no reports: {}", NO_REPORTS.len());
    assert!(kinds.misses.is_empty() && named.misses.len() <= NAMELESS);
}
