//! The program as people and scripts meet it: the real binary, real SQLite, a real Dovecot and a recording SMTP server.

#![allow(clippy::disallowed_methods, reason = "tests stand at the edge, where clocks and chance are")]

mod bad_input;
mod bad_place;
mod commands;
mod explaining;
mod help;
mod init;
#[path = "../lab/mod.rs"]
mod lab;
mod place;
mod reloading;
mod restoring;
mod rules;
mod running;
mod servers;
mod shadow;
#[allow(dead_code)]
#[path = "../lab/smtp_sink.rs"]
mod smtp_sink;
mod taking_in;
