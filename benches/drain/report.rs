//! What was measured, for people: each round, then medians, proportions and targets.

use std::time::Duration;

use super::Plan;
use super::common::corpus::Mail;
use super::common::figures::{Figures, seconds};
use super::rounds::Round;

/// Targets, as shares of what mbsync took.
const DECIDED_UNSYNCED: f64 = 2.5;
const DECIDED_SYNCED: f64 = 1.2;
/// Until the last acknowledgement, as a share of the time that deciding may take.
const ACKNOWLEDGED: f64 = 2.0;
/// In MB, whatever the number of messages.
const PEAK: f64 = 96.0;
/// Beyond this the yardstick is none.
const SPREAD: f64 = 0.2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Reached,
    Missed,
    /// The yardstick itself was not steady.
    Void,
}

pub fn introduce(plan: &Plan, mails: &[Mail], disk: Duration) {
    let bytes: usize = mails.iter().map(|mail| mail.raw.len()).sum();
    println!(
        "{} mails, {:.0} MB; {} rounds; fdatasync of 8 KB takes {:.2} ms in {}",
        mails.len(),
        bytes as f64 / 1e6,
        plan.rounds,
        seconds(disk) * 1e3,
        plan.folder.display()
    );
    println!(
        "\n{:>5}  {:>12}  {:>12}  {:>9}  {:>12}  {:>9}  {:>9}  {:>9}  {:>9}",
        "round", "mbsync no", "mbsync yes", "decided", "acknowledged", "indexed", "CPU", "peak", "database"
    );
}

pub fn tell(at: usize, round: &Round) {
    let drained = &round.drained;
    println!(
        "{:>5}  {:>10.3} s  {:>10.3} s  {:>7.3} s  {:>10.3} s  {:>7.3} s  {:>7.2} s  {:>6.1} MB  {:>6.1} MB",
        at + 1,
        seconds(round.unsynced.time),
        seconds(round.synced.time),
        seconds(drained.decided),
        seconds(drained.acknowledged),
        seconds(drained.indexed),
        seconds(drained.cpu),
        drained.peak as f64 / 1024.0,
        drained.database as f64 / 1e6
    );
}

pub fn conclude(plan: &Plan, rounds: &[Round]) -> Verdict {
    let of = |figure: &dyn Fn(&Round) -> f64| Figures::of(rounds.iter().map(figure));
    let line = |name: &str, unit: &str, figures: &Figures| {
        println!("{name:<34} {:>9.3} {unit}   ± {:>3.0} %", figures.median(), figures.spread() * 50.0);
    };
    let (unsynced, synced) = (of(&|r| seconds(r.unsynced.time)), of(&|r| seconds(r.synced.time)));
    println!("\nmedians, and how far the middle half of the rounds lies around them");
    line("mbsync, FSync no", "s ", &unsynced);
    line("mbsync, FSync yes, as shipped", "s ", &synced);
    line("Postcase, decided", "s ", &of(&|r| seconds(r.drained.decided)));
    line("Postcase, acknowledged", "s ", &of(&|r| seconds(r.drained.acknowledged)));
    line("Postcase, every word searchable", "s ", &of(&|r| seconds(r.drained.indexed)));
    line("mbsync's CPU, FSync no", "s ", &of(&|r| seconds(r.unsynced.cpu)));
    line("Postcase's CPU until decided", "s ", &of(&|r| seconds(r.drained.cpu_decided)));
    line("Postcase's CPU", "s ", &of(&|r| seconds(r.drained.cpu)));
    line("mbsync's peak memory", "MB", &of(&|r| r.synced.peak as f64 / 1024.0));
    line("Postcase's peak memory", "MB", &of(&|r| r.drained.peak as f64 / 1024.0));
    println!("\nproportions, round by round, and targets");
    let share = |taken: fn(&Round) -> Duration, by: fn(&Round) -> Duration| {
        Figures::of(rounds.iter().map(|round| seconds(taken(round)) / seconds(by(round))))
    };
    let decided = |round: &Round| round.drained.decided;
    let acknowledged = |round: &Round| round.drained.acknowledged;
    let (no, yes) = (|round: &Round| round.unsynced.time, |round: &Round| round.synced.time);
    let peak = of(&|r| r.drained.peak as f64 / 1024.0);
    let targets = [
        target("decided / mbsync FSync no", share(decided, no).median(), DECIDED_UNSYNCED, "×"),
        target("decided / mbsync as shipped", share(decided, yes).median(), DECIDED_SYNCED, "×"),
        target(
            "acknowledged / mbsync FSync no",
            share(acknowledged, no).median(),
            ACKNOWLEDGED * DECIDED_UNSYNCED,
            "×",
        ),
        target(
            "acknowledged / mbsync as shipped",
            share(acknowledged, yes).median(),
            ACKNOWLEDGED * DECIDED_SYNCED,
            "×",
        ),
        target("peak memory, at most", peak.largest(), PEAK, "MB"),
    ];
    println!(
        "every stored mail was compared with what the server has, byte for byte ({} × {})",
        rounds.len(),
        plan.mails
    );
    let steady = [&unsynced, &synced].iter().all(|figures| figures.spread() <= SPREAD);
    verdict(steady, targets.iter().all(|reached| *reached))
}

/// One line; whether the target is reached.
pub fn target(name: &str, found: f64, most: f64, unit: &str) -> bool {
    let reached = found <= most;
    println!("{name:<34} {found:>9.2} {unit:<2}   target ≤ {most:<4}   {}", if reached { "reached" } else { "MISSED" });
    reached
}

pub fn verdict(steady: bool, reached: bool) -> Verdict {
    match (steady, reached) {
        (false, _) => {
            println!("\nVOID: the yardstick itself spreads by more than 20 %. Measure again on a quieter machine.");
            Verdict::Void
        }
        (true, true) => Verdict::Reached,
        (true, false) => Verdict::Missed,
    }
}
