#![no_main]
//! Trimming never leaves nothing of something.

use libfuzzer_sys::fuzz_target;
use postcase::mail::body;

fuzz_target!(|text: &str| {
    let text = text.replace('\r', "");
    let split = body::split(&text);
    assert_eq!(split.shown.is_empty(), text.trim().is_empty());
});
