#![no_main]
//! A delivery report always says something of somebody.

use libfuzzer_sys::fuzz_target;
use postcase::mail::{Circumstances, Kind, read};

const HEADS: [&str; 2] = [
    "Return-Path: <>\r\nFrom: MAILER-DAEMON@x.example\r\nSubject: Undelivered Mail\r\n\r\n",
    "From: MAILER-DAEMON@x.example\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
     --b\r\nContent-Type: message/delivery-status\r\n\r\n",
];

fuzz_target!(|text: &[u8]| {
    for head in HEADS {
        let reading = read(&[head.as_bytes(), text].concat(), &Circumstances::default());
        if reading.kind == Kind::DeliveryReport {
            assert!(!reading.report.is_empty() && reading.report.iter().all(|recipient| recipient.status.is_some()));
        }
    }
});
