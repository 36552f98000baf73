#![no_main]
//! What stands in a quoted string or a comment never becomes a result.

use libfuzzer_sys::fuzz_target;
use postcase::mail::Address;
use postcase::mail::authentication::{Standing, alignment, parse};

fuzz_target!(|text: &str| {
    let from = Address::parse("anna@customer.example").expect("a constant");
    let quoted = text.replace(['"', '\\'], "");
    let inside = format!("x; spf=fail smtp.mailfrom=\"{quoted}\"@evil.example");
    assert_ne!(alignment(&parse(&inside), &from), Standing::Failed);
    assert!(!matches!(alignment(&parse(&inside), &from), Standing::Aligned(_)));
    parse(text);
});
