//! The same mail into an empty database and into one with very many older messages.

use std::path::Path;

use super::Plan;
use super::common::corpus::{self, Mail, Mix};
use super::common::daemon::Desk;
use super::common::figures::{Figures, seconds};
use super::common::lab::dovecot::Dovecot;
use super::common::sink::Sink;
use super::report::{self, Verdict};
use super::rounds::{self, Drained};

mod prefill;

/// What a message may cost more than in an empty database.
const TARGET: f64 = 1.25;
/// Messages that are really taken in, and from which all older ones are made.
const SAMPLE: usize = 2_000;

pub fn compare(plan: &Plan, older: u64) -> Verdict {
    let names: Vec<String> = (0..plan.rounds).map(|at| format!("round{at}")).collect();
    let users: Vec<String> = names.iter().cloned().chain(["sample".to_owned()]).collect();
    let dovecot = rounds::server(&users);
    let folder = tempfile::tempdir_in(&plan.folder).expect("a folder to write to");
    let full = folder.path().join("full.db");
    let sample = corpus::mails(Mix::Small, SAMPLE.min(usize::try_from(older).unwrap_or(SAMPLE)).max(4), "sample");
    rounds::fill(&dovecot, "sample", &sample);
    drain(plan, &dovecot, folder.path(), &full, "sample", &sample, 0);
    println!(
        "{} mails a round; an empty database, and one with {older} older messages, which is being made",
        plan.mails
    );
    let made = prefill::fill(&full, sample.len() as u64, older);
    println!("it has {:.1} GB; made in {:.0} s", made.bytes as f64 / 1e9, seconds(made.time));
    println!("\n{:>5}  {:>12}  {:>12}  {:>10}  {:>10}", "round", "empty", "full", "CPU empty", "CPU full");
    let mut shares = Vec::new();
    let mut yardstick = Vec::new();
    let mut entries = made.entries;
    for (at, name) in names.iter().enumerate() {
        let mails = corpus::mails(plan.mix, plan.mails, name);
        rounds::fill(&dovecot, name, &mails);
        let fresh = folder.path().join(format!("empty{at}.db"));
        let in_empty = || drain(plan, &dovecot, folder.path(), &fresh, name, &mails, 0);
        let in_full = || drain(plan, &dovecot, folder.path(), &full, name, &mails, entries);
        let (empty, filled) = match at % 2 {
            0 => (in_empty(), in_full()),
            _ => {
                let filled = in_full();
                (in_empty(), filled)
            }
        };
        entries += mails.len() as u64;
        println!(
            "{:>5}  {:>10.3} s  {:>10.3} s  {:>8.2} s  {:>8.2} s",
            at + 1,
            seconds(empty.decided),
            seconds(filled.decided),
            seconds(empty.cpu_decided),
            seconds(filled.cpu_decided)
        );
        shares.push((
            seconds(filled.decided) / seconds(empty.decided),
            seconds(filled.cpu_decided) / seconds(empty.cpu_decided),
        ));
        yardstick.push(seconds(empty.decided));
        std::fs::remove_file(&fresh).ok();
    }
    println!();
    let cpu = Figures::of(shares.iter().map(|(_, cpu)| *cpu)).median();
    println!("CPU until decided, full / empty      {cpu:>7.2} ×");
    let time = Figures::of(shares.iter().map(|(time, _)| *time)).median();
    let reached = report::target("cost of a message, full / empty", time, TARGET, "×");
    report::verdict(Figures::of(yardstick).spread() <= 0.2, reached)
}

fn drain(
    plan: &Plan,
    dovecot: &Dovecot,
    folder: &Path,
    database: &Path,
    mailbox: &str,
    mails: &[Mail],
    before: u64,
) -> Drained {
    let sink = Sink::start();
    let desk = Desk::write(folder, database, mailbox, dovecot.ports.imap, sink.port);
    rustix::fs::sync();
    let drained = rounds::run(&plan.program, &desk, &sink, mails, before);
    rounds::check(database, mails, before);
    drained
}
