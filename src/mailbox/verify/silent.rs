//! Whose keys could not be had lately: one organisation alone, which anybody can pretend to be whose name servers are
//! broken, or several in a row, as when our own network fails.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Whoever was silent is not asked for so long: what fails does not slow every fetch.
pub(super) const REST: Duration = Duration::from_secs(60);
/// Organisations that are remembered; the oldest goes first.
const REMEMBERED: usize = 64;
/// So many organisations that were silent, with no answer of another one since, are an outage.
const SEVERAL: usize = 3;

#[derive(Debug, Default)]
pub(super) struct Silent {
    lately: VecDeque<Silence>,
    answered: Option<Instant>,
}

#[derive(Debug)]
struct Silence {
    organisation: String,
    asked: Instant,
    until: Instant,
}

impl Silent {
    pub(super) fn rests(&self, organisation: &str, now: Instant) -> bool {
        self.lately.iter().any(|silence| silence.organisation == organisation && silence.until > now)
    }

    /// True while it may be our own network: an answer that came after they were asked shows that it is not.
    pub(super) fn are_several(&self, now: Instant) -> bool {
        let in_a_row =
            |silence: &&Silence| silence.until > now && self.answered.is_none_or(|answered| answered < silence.asked);
        self.lately.iter().filter(in_a_row).count() >= SEVERAL
    }

    pub(super) fn answered(&mut self, now: Instant) {
        self.answered = Some(now);
    }

    pub(super) fn failed(&mut self, organisation: String, asked: Instant, now: Instant) {
        self.lately.retain(|silence| silence.until > now && silence.organisation != organisation);
        if self.lately.len() == REMEMBERED {
            self.lately.pop_front();
        }
        self.lately.push_back(Silence { organisation, asked, until: now + REST });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn one_organisation_rests_alone() {
        let start = Instant::now();
        let mut silent = Silent::default();
        for again in 0..5 {
            silent.failed("evil.example".to_owned(), after(start, again), after(start, again + 2));
        }
        let soon = after(start, 10);
        assert!(silent.rests("evil.example", soon));
        assert!(!silent.rests("shop.example", soon));
        assert!(!silent.are_several(soon));
        assert!(!silent.rests("evil.example", after(start, 66)));
    }

    #[test]
    fn several_in_a_row_are_an_outage_until_an_answer_comes() {
        let start = Instant::now();
        let mut silent = Silent::default();
        silent.failed("one.example".to_owned(), start, after(start, 2));
        silent.failed("two.example".to_owned(), start, after(start, 2));
        assert!(!silent.are_several(after(start, 3)));
        silent.failed("three.example".to_owned(), after(start, 3), after(start, 5));
        assert!(silent.are_several(after(start, 6)));
        assert!(!silent.are_several(after(start, 63)));
        silent.answered(after(start, 4));
        assert!(!silent.are_several(after(start, 6)), "an answer came while the last was asked");
        assert!(silent.rests("one.example", after(start, 6)));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let start = Instant::now();
        let mut silent = Silent::default();
        for number in 0..1_000 {
            silent.failed(format!("{number}.example"), start, start);
        }
        assert_eq!(silent.lately.len(), REMEMBERED);
        assert!(silent.rests("999.example", start) && !silent.rests("0.example", start));
    }
}
