//! What the limits of automatic answers would have done, where mailboxes are read one after the other: an hour of the
//! trial is no hour of the desk, so the answers are counted afterwards, in the order in which their mail came.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::{SignedDuration, Timestamp};

use crate::decide::AnswersSoFar;
use crate::mail::Address;
use crate::rules::Acknowledgement;

/// An automatic answer that the trial decided on.
#[derive(Debug, Clone, Copy)]
struct Answer {
    at: Timestamp,
    /// Of the address; a few bytes, however many there are.
    to: u64,
    kind: Kind,
}

/// What it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Acknowledgement,
    Other,
}

/// Limits that are applied at the end; None: the trial itself kept to them.
#[derive(Debug, Default)]
pub struct Limits {
    limits: Option<Acknowledgement>,
    answers: Vec<Answer>,
}

impl Limits {
    pub fn afterwards(limits: &Acknowledgement) -> Limits {
        Limits { limits: Some(limits.clone()), answers: Vec::new() }
    }

    pub fn add(&mut self, at: Timestamp, to: &Address, kind: Kind) {
        if self.limits.is_some() {
            let mut hasher = DefaultHasher::new();
            to.hash(&mut hasher);
            self.answers.push(Answer { at, to: hasher.finish(), kind });
        }
    }

    /// Acknowledgements that would not have gone out, by reason.
    pub fn refused(mut self) -> BTreeMap<String, u64> {
        let mut refused = BTreeMap::new();
        let Some(limits) = self.limits else { return refused };
        self.answers.sort_by_key(|answer| answer.at);
        let mut desk: VecDeque<Timestamp> = VecDeque::new();
        let mut addresses: HashMap<u64, VecDeque<Timestamp>> = HashMap::new();
        for answer in self.answers {
            let since = |hours| answer.at - SignedDuration::from_hours(hours);
            let address = addresses.entry(answer.to).or_default();
            forget(&mut desk, since(1));
            forget(address, since(24));
            let count = |times: usize| u32::try_from(times).unwrap_or(u32::MAX);
            let so_far = AnswersSoFar {
                address_hour: count(address.iter().filter(|at| **at > since(1)).count()),
                address_day: count(address.len()),
                desk_hour: count(desk.len()),
            };
            match so_far.allow_another(&limits) {
                Ok(()) => {
                    desk.push_back(answer.at);
                    address.push_back(answer.at);
                }
                Err(reason) if answer.kind == Kind::Acknowledgement => *refused.entry(reason).or_default() += 1,
                Err(_) => {}
            }
        }
        refused
    }
}

fn forget(times: &mut VecDeque<Timestamp>, until: Timestamp) {
    while times.front().is_some_and(|at| *at <= until) {
        times.pop_front();
    }
}
