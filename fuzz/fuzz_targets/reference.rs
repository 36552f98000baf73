#![no_main]
//! Nothing that was not sealed with our key opens. The key is not that of the fixtures, which seal some.

use libfuzzer_sys::fuzz_target;
use postcase::mail::{Circumstances, Keyring, Pointer, read};

fuzz_target!(|text: &[u8]| {
    let circumstances = Circumstances { keyring: Keyring::new(vec![[0x5a; 32]]), ..Circumstances::default() };
    let mail = [b"From: a@x.example\r\nSubject: x\r\n\r\n".as_slice(), text].concat();
    let clues = read(&mail, &circumstances).clues;
    assert!(clues.iter().all(|clue| !matches!(clue.pointer, Pointer::Sent(_))));
});
