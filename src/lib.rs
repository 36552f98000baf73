//! Postcase turns support mailboxes into cases. This page is the plan of the house: keep it true.
//!
//! # The journey of one message
//!
//! ```text
//!  IMAP ─► mailbox ─► journal ─► read ─► link ─► decide ─► compose ─► apply ─► outbox ─► smtp ─► SMTP
//!           (io)     (commit 1)  ╰──────── pure, no I/O, no clock ───────╯  (commit 2)   (io)
//! ```
//!
//! 1. [`mailbox`] sees a new UID, fetches the raw bytes (`BODY.PEEK[]`) and hands them to the journal.
//! 2. [`store::journal`] commits raw bytes, origin and times. Only now may the server's copy be filed away: from
//!    here on the message cannot be lost.
//! 3. [`mail::read`] turns bytes into a [`mail::Reading`]. Total: any byte string has one, with its defects.
//! 4. [`link`] weighs the clues against the snapshot, strongest first, and finds the conversation, or none.
//! 5. [`decide`] is one pure function: policy + snapshot + event + now → [`case::Decision`].
//! 6. [`compose`] turns letters into bytes and seals references.
//! 7. [`store::apply`] performs the effects in one transaction. There is no other way to change a case.
//! 8. [`outbox`] says when a mail is tried, [`smtp`] hands one envelope to the server; what the server said is
//!    settled by the [`engine`], and a final refusal is again a journal entry, at the same door.
//!
//! [`engine::Engine::step`] is this journey for a group of entries, on one page. Commands take the same way: the
//! [`cli`] appends a journal entry and waits for its decision ([`engine::ask`]); whoever holds the lock decides.
//!
//! Staff work by mail, and their mail takes this way, too. [`link::staff`] says who speaks, and what proves it.
//! `decide::notify` tells them, each in a letter of their own, whose reference is personal and says who reads a reply.
//! [`case::instruction`] reads the commands at the top of a reply, and `decide::instructions` carries them out by the
//! same [`case::Action`]s as the command line. What is not proven, not clear, or crosses a colleague's answer is held,
//! and its writer asked: the answer is the proof.
//!
//! Time comes in by the same door: [`engine::timers`] journals what falls due, once mail from before is in the journal;
//! [`engine::alarms`] journals what is wrong. Working time is counted by [`case::calendar`].
//!
//! # The laws
//!
//! | law | where it is kept | what guards it |
//! |---|---|---|
//! | L1 Nothing is lost, nothing is doubled | [`store::ledger`], [`store::journal`] | `tests/crash`, `tests/faults`, `tests/mailbox`, `tests/journeys` |
//! | L2 Deciding is pure | [`link`], [`decide`], [`compose`] | `tests/deciding`, `tests/architecture.rs`, `clippy.toml` |
//! | L3 One transaction per step | [`engine`], [`failpoint`] | `tests/crash`, `tests/engine.rs` |
//! | L4 A machine is never answered by a machine | [`mail::kind`], [`decide::treatment`] | `tests/deciding`, `tests/journeys` |
//! | L5 Conversations are order-free | [`link`] | `tests/deciding` |
//! | L6 A number is public, a reference is not | [`mail::reference`], [`link`], [`link::staff`] | `tests/deciding` |
//! | L7 Nothing is silently refused | [`case::Verdict`], [`decide`] | `tests/journeys`, `tests/cli` |
//! | L8 A rule file cannot break the desk | [`rules`], [`diagnostics`], [`engine::in_force`] | `tests/config.rs`, `tests/loading.rs`, `tests/cli` |
//! | L9 Time is working time, and mail goes before timers | [`case::calendar`], [`engine::timers`], [`store::timers`] | `tests/timers.rs`, `tests/crash` |
//! | L10 Everything has a bound | [`mail::Bounds`], [`mailbox`], [`case::snapshot`] | `tests/reading_hostile.rs`, `tests/mailbox` |
//! | L11 What identifies a person can be erased | traces name, they do not quote; records keep no words | `tests/deciding`, `tests/journeys` |
//!
//! L3 has one exception: a crash after the SMTP server's yes and before it was written down sends the same bytes
//! with the same Message-ID again. `status` counts what it knows of this.
//!
//! # The layout
//!
//! The stages of the journey stand at the top, named as one says them; the vocabularies they speak are folders.
//! Imports point one way (`tests/architecture.rs`):
//!
//! ```text
//! main → cli → engine → { mailbox, smtp, link, decide, compose, outbox, alarm } → { store, rules } → case → mail
//! ```
//!
//! Pure stages never use [`store`]; [`store`] never uses [`rules`] or a stage; [`mailbox`] and [`smtp`] speak only of
//! mail. `decide` asks `link`. [`config`], [`diagnostics`], [`failpoint`] and [`tls`] are leaves that serve the rooms above.
//!
//! | room | what it holds |
//! |---|---|
//! | [`cli`] | one file a subcommand; exit codes as sysexits |
//! | [`engine`] | the only loop that decides, the only reader of the clock; the daemon around it |
//! | [`mailbox`] | IMAP: connect, follow new UIDs, fetch, idle, file away |
//! | [`link`], [`decide`] | what belongs together; what becomes of it (a file per kind of event) |
//! | [`compose`], [`outbox`], [`smtp`] | letters as bytes; when they are tried; one envelope |
//! | [`mail`] | what a message is: bytes → [`mail::Reading`]. Knows no cases |
//! | [`case`] | what a case is: events, snapshot, effects, letters. Knows no SQL |
//! | [`rules`] | `rules/*.toml` and templates, compiled to a [`rules::Policy`] |
//! | [`store`] | all SQL: schema, journal, raw, ledger, snapshot, apply |
//! | [`alarm`] | when administrators are told of what is wrong, and by which way |
//! | [`config`], [`diagnostics`] | `postcase.toml`; all that is wrong with a file at once |
//!
//! # Where this differs from what one might expect
//!
//! - mail-parser reads header fields and charsets, not whole messages: its tree overflows the stack when it is
//!   dropped, so [`mail::message`] walks the structure itself, in one pass and without recursion.
//! - The keyring is handed to [`mail::read`] as well as to [`compose`]: what is forged is no clue from the first
//!   moment, and nothing after reading has to tell the two apart.
//! - Signatures are checked where mail is taken in, because keys come from the network; what was found is part of the
//!   entry ([`mail::signature`]), and deciding only reads it.
//! - Messages are packed for the journal, and read, two at a time ([`engine`]); they are decided in their order, one by
//!   one. When the process dies while two are read, neither is blamed: each runs alone from then on.
//! - The index of words ([`store::search`]) is no part of a decision: it is made when nothing waits for one.
//! - A conversation is a pure function of the messages that share ids; a case is where people and policy put it.

#![forbid(unsafe_code)]

pub mod alarm;
pub mod case;
pub mod cli;
pub mod compose;
pub mod config;
pub mod decide;
pub mod diagnostics;
pub mod engine;
pub mod failpoint;
pub mod link;
pub mod mail;
pub mod mailbox;
pub mod outbox;
pub mod rules;
pub mod smtp;
pub mod store;
pub mod tls;
