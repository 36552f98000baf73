//! Killed at every step, and at random moments: what comes out is what comes out undisturbed (L1, L3, B1).

use std::collections::VecDeque;
use std::sync::Mutex;

use postcase::failpoint::Step;

use crate::desk::{Desk, dovecot};
use crate::journey::{Disturbance, Journey, Moment, STRETCHES, UNDISTURBED};
use crate::outcome::Outcome;

/// Journeys side by side.
const SIDE_BY_SIDE: usize = 4;
const JOURNEYS: usize = 20;
const MOMENTS: usize = 10;

/// What a disturbed journey had to bear.
struct Borne {
    deaths: u32,
    struck: u32,
    deaths_at_work: u32,
    doubled: usize,
}

/// Those steps that the journey comes to; the others have tests of their own.
fn steps() -> Vec<Step> {
    let elsewhere = [&crate::reloading::STEPS[..], &crate::restoring::STEPS[..]].concat();
    Step::ALL.into_iter().filter(|step| !elsewhere.contains(step)).collect()
}

#[test]
fn killed_at_every_step_it_goes_on_where_it_was() {
    let steps = steps();
    let borne = play(steps.iter().copied().map(Disturbance::At).collect());
    for (step, borne) in steps.into_iter().zip(&borne) {
        assert!(borne.deaths > 0, "no journey came to the step {}", step.name());
        let exception = matches!(step, Step::SmtpAccepted | Step::OutcomeWritten);
        // Two couriers are at work: one may be in the gap when the other one dies.
        assert!(!exception || borne.doubled > 0, "{} is after the server's yes", step.name());
        println!("{}: {} deaths, {} mails doubled", step.name(), borne.deaths, borne.doubled);
    }
}

/// Mail that tells staff, an answer that is relayed, a mail that is asked about and released, a command in a mail: each is
/// on its way when the daemon dies, at every step that mail goes.
#[test]
fn killed_at_every_step_while_staff_work_it_goes_on_where_it_was() {
    let others = [
        Step::TimersWritten,
        Step::TimersCommitted,
        Step::AlarmWritten,
        Step::AlarmCommitted,
        Step::AlarmTold,
        Step::CommandCommitted,
    ];
    let steps: Vec<Step> = steps().into_iter().filter(|step| !others.contains(step)).collect();
    let borne = play(steps.iter().copied().map(Disturbance::AmongStaff).collect());
    for (step, borne) in steps.iter().zip(&borne) {
        println!("{}: struck {} times, {} mails doubled", step.name(), borne.struck, borne.doubled);
        // A copy goes to the Sent folder of the two answers alone.
        assert!(borne.struck >= 2, "staff's mail comes to the step {}", step.name());
    }
}

#[test]
fn killed_at_random_moments_it_goes_on_where_it_was() {
    let seed = std::env::var("POSTCASE_CRASH_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| crate::lab::random().into());
    println!("POSTCASE_CRASH_SEED={seed} plays the same moments again");
    let mut random = Random(seed);
    let journeys = (0..JOURNEYS).map(|_| {
        let moment = |_| Moment { stretch: random.below(STRETCHES), share: random.share() };
        let mut moments: Vec<Moment> = (0..MOMENTS).map(moment).collect();
        moments.sort_by_key(|moment| moment.stretch);
        Disturbance::Moments(moments)
    });
    let borne = play(journeys.collect());
    let deaths: u32 = borne.iter().map(|borne| borne.deaths).sum();
    let at_work: u32 = borne.iter().map(|borne| borne.deaths_at_work).sum();
    let doubled: usize = borne.iter().map(|borne| borne.doubled).sum();
    println!("{deaths} deaths, {at_work} of them at work, {doubled} mails doubled");
    assert_eq!(deaths as usize, JOURNEYS * MOMENTS);
    assert!(at_work >= deaths / 10, "most daemons were idle when they died: the moments say too little");
}

/// Plays journeys, some at a time, and compares each with the undisturbed one.
fn play(disturbances: Vec<Disturbance<'static>>) -> Vec<Borne> {
    let dovecot = dovecot(disturbances.len());
    let waiting = Mutex::new(disturbances.into_iter().enumerate().collect::<VecDeque<_>>());
    let borne = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                while let Some((number, disturbance)) = next(&waiting) {
                    let desk = Desk::new(&dovecot, number);
                    let mut journey = Journey::new(&desk, disturbance);
                    let outcome = journey.play();
                    let doubled = compare(&outcome, &journey);
                    let Journey { deaths, struck, deaths_at_work, .. } = journey;
                    let one = (number, Borne { deaths, struck, deaths_at_work, doubled });
                    borne.lock().expect("nobody panics with it").push(one);
                }
            });
        }
    });
    let mut borne = borne.into_inner().expect("nobody panicked with it");
    borne.sort_by_key(|(number, _)| *number);
    borne.into_iter().map(|(_, borne)| borne).collect()
}

fn next<'a>(waiting: &Mutex<VecDeque<(usize, Disturbance<'a>)>>) -> Option<(usize, Disturbance<'a>)> {
    waiting.lock().expect("nobody panics with it").pop_front()
}

/// Compares what came out with what comes out undisturbed. How many mails came twice.
pub fn compare(outcome: &Outcome, journey: &Journey) -> usize {
    let undisturbed = &UNDISTURBED.outcome;
    let disturbance = &journey.disturbance;
    if outcome.state != undisturbed.state {
        let diff = similar::TextDiff::from_lines(&undisturbed.state, &outcome.state);
        panic!("{disturbance:?} changed what comes out:\n{}", diff.unified_diff().context_radius(2));
    }
    // The exception of L3, and nothing but that: only a mail that was in the gap came once more, byte for byte. It need
    // not: what SQLite had written and not yet shown when it died may come to light later.
    for (mail, copies) in &outcome.mails {
        let gap = journey.in_the_gap.get(mail).copied().unwrap_or(0);
        assert!(undisturbed.mails.contains_key(mail), "{disturbance:?}: nobody should have got this:\n{mail}");
        assert!(*copies <= 1 + gap, "{disturbance:?}: {copies} copies, {gap} of them in the gap:\n{mail}");
    }
    for mail in undisturbed.mails.keys() {
        assert!(outcome.mails.contains_key(mail), "{disturbance:?}: nobody has got this:\n{mail}");
    }
    outcome.mails.values().map(|copies| copies - 1).sum()
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// At least 0, below 1.
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}
