//! What the limits of automatic answers would have done, where mailboxes are read one after the other: an hour of the
//! trial is no hour of the desk, so the answers are counted afterwards, in the order in which their mail came.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::{SignedDuration, Timestamp};

use crate::decide::AnswersSoFar;
use crate::mail::Address;
use crate::rules::Acknowledgement;

/// An automatic answer that the trial decided on.
#[derive(Debug, Clone)]
struct Answer {
    at: Timestamp,
    /// Of the addresses, the first of them first; a few bytes, however many there are.
    to: Vec<u64>,
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

    /// One letter to `to`: it counts once for the desk, and for every address.
    pub fn add<'a>(&mut self, at: Timestamp, to: impl Iterator<Item = &'a Address>, kind: Kind) {
        if self.limits.is_some() {
            self.answers.push(Answer { at, to: to.map(hash).collect(), kind });
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
            let Some(first) = answer.to.first() else { continue };
            let address = addresses.entry(*first).or_default();
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
                    for to in answer.to {
                        addresses.entry(to).or_default().push_back(answer.at);
                    }
                }
                Err(reason) if answer.kind == Kind::Acknowledgement => *refused.entry(reason).or_default() += 1,
                Err(_) => {}
            }
        }
        refused
    }
}

fn hash(address: &Address) -> u64 {
    let mut hasher = DefaultHasher::new();
    address.hash(&mut hasher);
    hasher.finish()
}

fn forget(times: &mut VecDeque<Timestamp>, until: Timestamp) {
    while times.front().is_some_and(|at| *at <= until) {
        times.pop_front();
    }
}
