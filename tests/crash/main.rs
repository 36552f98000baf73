//! The crash test: the real program with real files, a real Dovecot and an SMTP server that records. It is killed at
//! every step of a journey and at random moments, its disk is full or read-only, it is told to stop: nothing is lost,
//! nothing is doubled (L1, L3, B1, B4).
#![allow(clippy::disallowed_methods, reason = "tests stand at the edge, where clocks and chance are")]

mod alarms;
mod backup;
mod daemon;
mod desk;
mod disk;
mod first_start;
mod journey;
mod killing;
#[path = "../lab/mod.rs"]
mod lab;
mod mails;
mod outcome;
mod poison;
mod reloading;
mod restoring;
mod signals;
#[allow(dead_code)]
#[path = "../lab/smtp_sink.rs"]
mod smtp_sink;
mod two_mailboxes;
