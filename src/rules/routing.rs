//! What the rules make of a new case. Rules are asked once, in order: a single value (queue, priority, assignee) is
//! that of the first rule that has one, unless a later one overrides; tags and followers add up.

use super::Policy;
use super::rule::{Question, Rule};

/// What the rules say. Whatever they leave open is as the desk has it (implicit keep).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routing {
    pub queue: Option<Set>,
    pub priority: Option<Set>,
    pub assignee: Option<Set>,
    pub tags: Vec<Set>,
    pub followers: Vec<Set>,
    /// A sentence for each rule that matched. They name rules, they do not quote the mail (L11).
    pub trace: Vec<String>,
}

/// A value, and the rule that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    pub value: String,
    pub rule: String,
}

impl Policy {
    /// Asks the rules about a mail that opens a case. Pure; linear in the mail, for each rule.
    pub fn route(&self, question: &Question<'_>) -> Routing {
        let mut routing = Routing::default();
        for rule in self.rules.iter().filter(|rule| rule.when.holds(question)) {
            routing.trace.push(format!("The rule \"{}\" ({}) matches.", rule.name, rule.place));
            self.take(&mut routing, rule, question);
            if rule.stop {
                routing.trace.push("No further rule is asked (`stop`).".to_owned());
                break;
            }
        }
        routing
    }

    fn take(&self, routing: &mut Routing, rule: &Rule, question: &Question<'_>) {
        let then = &rule.then;
        single(&mut routing.queue, then.queue.as_deref(), rule);
        single(&mut routing.priority, then.priority.as_deref(), rule);
        if !then.assign.is_empty() {
            let available = self.first_available(&then.assign, question.today);
            if available.is_none() {
                routing.trace.push(format!("Nobody whom the rule \"{}\" assigns is here today.", rule.name));
            }
            single(&mut routing.assignee, available.map(|staff| staff.name.as_str()), rule);
        }
        add(&mut routing.tags, &then.tags, rule);
        add(&mut routing.followers, &then.follow, rule);
    }
}

fn single(slot: &mut Option<Set>, value: Option<&str>, rule: &Rule) {
    let Some(value) = value else { return };
    if slot.is_none() || rule.overrides {
        *slot = Some(Set { value: value.to_owned(), rule: rule.name.clone() });
    }
}

fn add(list: &mut Vec<Set>, values: &[String], rule: &Rule) {
    for value in values {
        if list.iter().all(|known| known.value != *value) {
            list.push(Set { value: value.clone(), rule: rule.name.clone() });
        }
    }
}
