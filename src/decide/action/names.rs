//! Names that people type: found whatever their case, and when not, with the nearest and those that there are.

use jiff::civil::Date;

use super::Work;
use crate::case::instruction::nearest;
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
    pub(super) fn colleague(&self, called: &str) -> Result<&'a Staff, String> {
        let today = self.today();
        let policy = self.draft.policy;
        let actor = self.actor.staff.filter(|_| called.eq_ignore_ascii_case("me"));
        match staff_called(policy, called).or(actor) {
            Some(staff) if staff.works_here(today) => Ok(staff),
            Some(staff) => Err(format!("{} does not work here any more. {}", staff.label, who_there_is(policy, today))),
            None => Err(unknown("colleague", called, &here(policy, today))),
        }
    }
}

fn here(policy: &Policy, today: Date) -> Vec<&str> {
    policy.staff.iter().filter(|staff| staff.works_here(today)).map(|staff| staff.name.as_str()).collect()
}

fn who_there_is(policy: &Policy, today: Date) -> String {
    there_are(&here(policy, today))
}

/// The sentence about a name that does not exist. `what` is what it should name.
pub(super) fn unknown(what: &str, name: &str, known: &[&str]) -> String {
    let shown: String = name.chars().take(40).collect();
    let near = nearest(name, known.iter().copied());
    let near = near.map_or(String::new(), |near| format!(" Did you mean `{near}`?"));
    format!("There is no {what} `{shown}`.{near} {}", there_are(known))
}

fn there_are(known: &[&str]) -> String {
    let more = if known.len() > LISTED { format!(", and {} more", known.len() - LISTED) } else { String::new() };
    let listed = known.iter().take(LISTED).copied().collect::<Vec<_>>().join(", ");
    match known.len() {
        0 => "There are none yet.".to_owned(),
        1 => format!("There is {listed}."),
        _ => format!("There are {listed}{more}."),
    }
}
