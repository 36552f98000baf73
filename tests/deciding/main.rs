//! Linking and deciding, played against a small ledger in memory: stories by kind of event, and properties over
//! every order in which a conversation can come in (L2, L4, L5).

mod actions;
mod clues;
mod commands;
mod conversations;
mod forwards;
mod ledger;
mod mails;
mod questions;
mod reopenings;
mod staff;
mod subjects;
mod timers;
mod total;
