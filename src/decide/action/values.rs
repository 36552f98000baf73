//! What is written on the cover of a case: who has it, how urgent it is, how far it came, where it waits.

use jiff::ToSpan;
use jiff::civil::Date;

use super::names::unknown;
use super::{Done, Work};
use crate::case::{Action, Effect, Phase, Target, Until};
use crate::rules::Staff;

/// Tags of one case (L10).
const TAGS: usize = 100;
/// Years that a case may wait.
const YEARS: i16 = 5;

impl<'a> Work<'_, 'a> {
    pub(super) fn assign(&mut self, to: &str) -> Done {
        let staff = self.colleague(to)?;
        let number = self.number();
        if self.case.assignee.as_deref() == Some(&staff.name) {
            return Ok(self.done(format!("Case {number} is with {} already.", staff.label)));
        }
        self.give_to(staff);
        let away = self.absence(staff);
        Ok(self.done(format!("Case {number} is with {} now.{away}", staff.label)))
    }

    /// The actor takes the case.
    pub(super) fn take(&mut self) -> Done {
        let number = self.number();
        let Some(staff) = self.actor.staff else {
            let known: Vec<&str> = self.draft.policy.staff.iter().map(|staff| staff.name.as_str()).collect();
            return Err(unknown("colleague", &self.actor.called, &known));
        };
        if self.case.assignee.as_deref() == Some(&staff.name) {
            return Ok(self.done(format!("Case {number} is yours already.")));
        }
        self.give_to(staff);
        Ok(self.done(format!("{} took case {number}.", staff.label)))
    }

    pub(super) fn give_to(&mut self, staff: &'a Staff) {
        let itself = self.actor.staff.is_some_and(|actor| actor.name == staff.name);
        self.assigned = (!itself).then_some(staff);
        self.case.assignee = Some(staff.name.clone());
        self.case.assigned_by = self.actor.by();
        let effect = Effect::SetAssignee { case: self.number(), staff: Some(staff.name.clone()), by: self.actor.by() };
        self.draft.effects.push(effect);
    }

    /// Who is away, until when, and who stands in.
    fn absence(&self, staff: &Staff) -> String {
        let today = self.today();
        let Some(away) = staff.away.iter().find(|away| (away.from..=away.to).contains(&today)) else {
            return String::new();
        };
        let substitute = staff.substitute.as_deref().and_then(|name| self.draft.policy.staff_named(name));
        let who = match substitute.filter(|substitute| substitute.is_available(today)) {
            Some(substitute) => format!("{} stands in", substitute.label),
            None => "nobody stands in".to_owned(),
        };
        format!(" {} is away until {}, and {who}.", staff.label, away.to)
    }

    pub(super) fn set_priority(&mut self, wanted: &str) -> Done {
        let desk = &self.draft.policy.desk;
        let Some(priority) = desk.priorities.iter().find(|known| known.to_lowercase() == wanted.to_lowercase()) else {
            let known: Vec<&str> = desk.priorities.iter().map(String::as_str).collect();
            return Err(unknown("priority", wanted, &known));
        };
        let number = self.number();
        if self.case.priority.as_ref().unwrap_or(&desk.priority) == priority {
            return Ok(self.done(format!("The priority of case {number} is {priority} already.")));
        }
        let by = self.actor.by();
        self.case.priority = Some(priority.clone());
        self.case.prioritised_by = by.clone();
        self.draft.effects.push(Effect::SetPriority { case: number, priority: priority.clone(), by });
        Ok(self.done(format!("The priority of case {number} is {priority}.")))
    }

    pub(super) fn set_status(&mut self, wanted: &str) -> Done {
        let number = self.number();
        let Some(phase) = Action::phase_of(&wanted.to_lowercase()) else {
            return Err(unknown("status", wanted, &Phase::ALL.map(Phase::name)));
        };
        if phase == self.case.phase {
            return Ok(self.done(format!("Case {number} is {} already.", phase.name())));
        }
        match phase {
            // However a case is closed, its people are told.
            Phase::Closed => self.close(None),
            Phase::New | Phase::Open | Phase::Waiting | Phase::Solved => {
                self.set_phase(phase);
                Ok(self.done(format!("Case {number} is {}.", phase.name())))
            }
        }
    }

    pub(super) fn set_queue(&mut self, wanted: &str) -> Done {
        let queues = &self.draft.policy.desk.queues;
        let is_meant = |name: &str| name.to_lowercase() == wanted.trim().to_lowercase();
        let Some(queue) = queues.iter().find(|queue| is_meant(&queue.name) || is_meant(&queue.label)) else {
            let known: Vec<&str> = queues.iter().map(|queue| queue.name.as_str()).collect();
            return Err(unknown("queue", wanted, &known));
        };
        let number = self.number();
        if self.case.queue == queue.name {
            return Ok(self.done(format!("Case {number} is in queue {} already.", queue.name)));
        }
        let by = self.actor.by();
        self.case.queue.clone_from(&queue.name);
        self.case.queued_by = by.clone();
        self.draft.effects.push(Effect::SetQueue { case: number, queue: queue.name.clone(), by });
        Ok(self.done(format!("Case {number} is in queue {}.", queue.name)))
    }

    pub(super) fn tag(&mut self, tags: &[String]) -> Done {
        let number = self.number();
        let new: Vec<&String> = tags.iter().filter(|tag| !self.case.tags.contains(tag)).collect();
        if self.case.tags.len() + new.len() > TAGS {
            return Err(format!("Case {number} would have more than {TAGS} tags: take some away with `untag`."));
        }
        let new: Vec<String> = new.into_iter().cloned().collect();
        if new.is_empty() {
            return Ok(self.done(format!("Case {number} has these tags already.")));
        }
        for tag in &new {
            self.draft.effects.push(Effect::AddTag { case: number, tag: tag.clone(), by: self.actor.by() });
        }
        let sentence = format!("Case {number} has the {}.", counted("tag", &new));
        self.case.tags.extend(new);
        Ok(self.done(sentence))
    }

    pub(super) fn untag(&mut self, tags: &[String]) -> Done {
        let number = self.number();
        if let Some(missing) = tags.iter().find(|tag| !self.case.tags.contains(tag)) {
            let known: Vec<&str> = self.case.tags.iter().map(String::as_str).collect();
            return Err(unknown("tag", missing, &known));
        }
        for tag in tags {
            self.draft.effects.push(Effect::RemoveTag { case: number, tag: tag.clone() });
        }
        self.case.tags.retain(|tag| !tags.contains(tag));
        Ok(self.done(format!("Case {number} has the {} no longer.", counted("tag", tags))))
    }

    pub(super) fn spam(&mut self) -> Done {
        let number = self.number();
        if !self.case.tags.iter().any(|tag| tag == "spam") {
            self.draft.effects.push(Effect::AddTag { case: number, tag: "spam".to_owned(), by: self.actor.by() });
            self.case.tags.push("spam".to_owned());
        }
        match self.case.phase {
            Phase::Closed => Ok(self.done(format!("Case {number} has the tag spam; it was closed before."))),
            Phase::New | Phase::Open | Phase::Waiting | Phase::Solved => {
                self.set_phase(Phase::Closed);
                Ok(self.done(format!("Case {number} is closed as spam, without a word to anybody.")))
            }
        }
    }

    pub(super) fn wait(&mut self, until: Until) -> Done {
        let number = self.number();
        let today = self.today();
        if self.case.phase == Phase::Closed {
            return Err(format!("Case {number} is closed: reopen it first, or it has nothing to wait for."));
        }
        let day = day_of(until, today)?;
        if self.case.phase != Phase::Waiting {
            self.set_phase(Phase::Waiting);
        }
        let due = self.draft.morning(day);
        self.draft.effects.push(Effect::SetTimer { case: number, target: Target::Wake, due });
        Ok(self.done(format!("Case {number} waits until the morning of {day}, or until the customer writes.")))
    }

    pub(super) fn done(&mut self, sentence: String) -> String {
        self.draft.say(&sentence);
        sentence
    }
}

fn day_of(until: Until, today: Date) -> Result<Date, String> {
    let day = match until {
        Until::Day(day) => day,
        Until::Days(days) => today.saturating_add(i64::from(days).days()),
    };
    if day <= today {
        return Err(format!("{day} is not in the future: today is {today}."));
    }
    if day > today.saturating_add(i64::from(YEARS).years()) {
        return Err(format!("{day} is more than {YEARS} years ahead: is the year right?"));
    }
    Ok(day)
}

/// `tag a`, `tags a, b`.
fn counted(word: &str, names: &[String]) -> String {
    let plural = if names.len() == 1 { "" } else { "s" };
    format!("{word}{plural} {}", names.join(", "))
}
