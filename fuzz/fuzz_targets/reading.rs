#![no_main]
//! Any bytes have a reading, the same one each time, and attachments have the size that they say.

use libfuzzer_sys::fuzz_target;
use postcase::mail::{Circumstances, attachment_bytes, read};

fuzz_target!(|raw: &[u8]| {
    let circumstances = Circumstances { case_word: "Case".to_owned(), ..Circumstances::default() };
    let reading = read(raw, &circumstances);
    assert!(reading.defects.iter().all(|defect| defect.name != "reader-failed"));
    assert!(!reading.message.text.contains('\r'));
    assert_eq!(reading.author_text.is_empty(), reading.message.text.trim().is_empty());
    assert_eq!(reading.content_hash, read(raw, &circumstances).content_hash);
    for attachment in &reading.message.attachments {
        assert_eq!(attachment_bytes(raw, attachment).len() as u64, attachment.size);
    }
});
