//! Names that people type: found whatever their case, and when not, with the nearest and those that there are.

use jiff::civil::Date;

use super::Work;
use crate::case::Sentence;
use crate::case::instruction::nearest;
use crate::case::sentence::sentence;
use crate::rules::{Policy, Staff};

/// Names of a list that one sentence gives.
const LISTED: usize = 20;

/// The member of staff whom somebody calls so: by name, as colleagues read it, or by address.
pub(in crate::decide) fn staff_called<'a>(policy: &'a Policy, called: &str) -> Option<&'a Staff> {
    let called = called.trim().trim_start_matches('@').to_lowercase();
    let is_address = |staff: &&Staff| staff.addresses.iter().any(|address| address.as_str() == called);
    let by_name = policy.staff.iter().find(|staff| staff.name.to_lowercase() == called);
    let by_label = || {
        let mut found = policy.staff.iter().filter(|staff| staff.label.to_lowercase() == called);
        found.next().filter(|_| found.next().is_none())
    };
    by_name.or_else(by_label).or_else(|| policy.staff.iter().find(is_address))
}

impl<'a> Work<'_, 'a> {
    /// One of the staff who works here today; `me` is the actor.
    pub(super) fn colleague(&self, called: &str) -> Result<&'a Staff, Sentence> {
        let today = self.today();
        let policy = self.draft.policy;
        let actor = self.actor.staff.filter(|_| called.eq_ignore_ascii_case("me"));
        match staff_called(policy, called).or(actor) {
            Some(staff) if staff.works_here(today) => Ok(staff),
            Some(staff) => {
                let name = &staff.label;
                let left = sentence!("{name} does not work here any more.", "{name} arbeitet nicht mehr hier.");
                Err(left.then(" ", &there_are(&here(policy, today))))
            }
            None => Err(unknown(Noun::Colleague, called, &here(policy, today))),
        }
    }
}

fn here(policy: &Policy, today: Date) -> Vec<&str> {
    policy.staff.iter().filter(|staff| staff.works_here(today)).map(|staff| staff.name.as_str()).collect()
}

/// What a name should name.
#[derive(Debug, Clone, Copy)]
pub(super) enum Noun {
    Colleague,
    Priority,
    Status,
    Queue,
    Tag,
    Follower,
    Participant,
}

/// The sentence about a name that does not exist.
pub(super) fn unknown(what: Noun, name: &str, known: &[&str]) -> Sentence {
    let shown: String = name.chars().take(40).collect();
    let (what, was) = match what {
        Noun::Colleague => ("colleague", "Es gibt niemanden namens"),
        Noun::Priority => ("priority", "Es gibt keine Priorität"),
        Noun::Status => ("status", "Es gibt keinen Status"),
        Noun::Queue => ("queue", "Es gibt keine Warteschlange"),
        Noun::Tag => ("tag", "Es gibt keine Markierung"),
        Noun::Follower => ("follower", "Dem Fall folgt niemand namens"),
        Noun::Participant => ("participant", "Beteiligt ist niemand mit der Adresse"),
    };
    let sentence = sentence!("There is no {what} `{shown}`.", "{was} `{shown}`.");
    let sentence = match nearest(name, known.iter().copied()) {
        Some(near) => sentence.then(" ", &sentence!("Did you mean `{near}`?", "Meinten Sie `{near}`?")),
        None => sentence,
    };
    sentence.then(" ", &there_are(known))
}

fn there_are(known: &[&str]) -> Sentence {
    let listed = known.iter().take(LISTED).copied().collect::<Vec<_>>().join(", ");
    match known.len() {
        0 => sentence!("There are none yet.", "Es gibt noch keine."),
        1 => sentence!("There is {listed}.", "Es gibt {listed}."),
        all if all > LISTED => {
            let more = all - LISTED;
            sentence!("There are {listed}, and {more} more.", "Es gibt {listed} und {more} weitere.")
        }
        _ => sentence!("There are {listed}.", "Es gibt {listed}."),
    }
}
