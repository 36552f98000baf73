//! Delivery reports.

use postcase::mail::Kind;
use serde_json::Value;

use crate::{Score, folder, read};

/// Two of the set are no reports: a person's reply, and an automatic answer that returns nothing.
const NO_REPORTS: usize = 2;
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
        kinds.count(file, Kind::DeliveryReport.name(), reading.kind.name());
        let known = reading.report.iter().any(|recipient| recipient.recipient.is_some());
        named.count(file, "a recipient", if known { "a recipient" } else { "none" });
    }
    kinds.print("bounces, recognised");
    named.print("bounces, whose report names a recipient");
    assert!(kinds.misses.len() <= NO_REPORTS && named.misses.len() <= NO_REPORTS + NAMELESS);
}
