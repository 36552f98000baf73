//! What is written on the cover of a case: who has it, how urgent it is, how far it came, where it waits.

use jiff::ToSpan;
use jiff::civil::Date;

use super::names::{Noun, unknown};
use super::{Done, Work};
use crate::case::sentence::sentence;
use crate::case::{Action, Effect, Phase, Sentence, Target, Until};
use crate::rules::Staff;

/// Tags of one case (L10).
const TAGS: usize = 100;
/// Years that a case may wait.
const YEARS: i16 = 5;

impl<'a> Work<'_, 'a> {
    pub(super) fn assign(&mut self, to: &str) -> Done {
        let staff = self.colleague(to)?;
        let (number, name) = (self.number(), &staff.label);
        if self.case.assignee.as_deref() == Some(&staff.name) {
            return Ok(
                self.done(sentence!("Case {number} is with {name} already.", "Fall {number} ist schon bei {name}."))
            );
        }
        self.give_to(staff);
        let now = sentence!("Case {number} is with {name} now.", "Fall {number} ist jetzt bei {name}.");
        let told = match self.absence(staff) {
            Some(away) => now.then(" ", &away),
            None => now,
        };
        Ok(self.done(told))
    }

    /// The actor takes the case.
    pub(super) fn take(&mut self) -> Done {
        let number = self.number();
        let Some(staff) = self.actor.staff else {
            let known: Vec<&str> = self.draft.policy.staff.iter().map(|staff| staff.name.as_str()).collect();
            return Err(unknown(Noun::Colleague, &self.actor.called, &known));
        };
        if self.case.assignee.as_deref() == Some(&staff.name) {
            return Ok(self.done(sentence!("Case {number} is yours already.", "Fall {number} ist schon Ihrer.")));
        }
        self.give_to(staff);
        let name = &staff.label;
        Ok(self.done(sentence!("{name} took case {number}.", "{name} hat Fall {number} übernommen.")))
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
    fn absence(&self, staff: &Staff) -> Option<Sentence> {
        let today = self.today();
        let away = staff.away.iter().find(|away| (away.from..=away.to).contains(&today))?;
        let substitute = staff.substitute.as_deref().and_then(|name| self.draft.policy.staff_named(name));
        let substitute = substitute.filter(|substitute| substitute.is_available(today)).map(|staff| &staff.label);
        let (name, day) = (&staff.label, away.to);
        Some(match substitute {
            Some(substitute) => sentence!(
                "{name} is away until {day}, and {substitute} stands in.",
                "{name} ist bis {day} abwesend, vertreten durch {substitute}."
            ),
            None => sentence!(
                "{name} is away until {day}, and nobody stands in.",
                "{name} ist bis {day} abwesend, ohne Vertretung."
            ),
        })
    }

    pub(super) fn set_priority(&mut self, wanted: &str) -> Done {
        let desk = &self.draft.policy.desk;
        let Some(priority) = desk.priorities.iter().find(|known| known.to_lowercase() == wanted.to_lowercase()) else {
            let known: Vec<&str> = desk.priorities.iter().map(String::as_str).collect();
            return Err(unknown(Noun::Priority, wanted, &known));
        };
        let number = self.number();
        if self.case.priority.as_ref().unwrap_or(&desk.priority) == priority {
            return Ok(self.done(sentence!(
                "The priority of case {number} is {priority} already.",
                "Die Priorität von Fall {number} ist schon {priority}."
            )));
        }
        let by = self.actor.by();
        self.case.priority = Some(priority.clone());
        self.case.prioritised_by = by.clone();
        self.draft.effects.push(Effect::SetPriority { case: number, priority: priority.clone(), by });
        Ok(self.done(sentence!(
            "The priority of case {number} is {priority}.",
            "Die Priorität von Fall {number} ist {priority}."
        )))
    }

    pub(super) fn set_status(&mut self, wanted: &str) -> Done {
        let number = self.number();
        let Some(phase) = Action::phase_of(&wanted.to_lowercase()) else {
            return Err(unknown(Noun::Status, wanted, &Phase::ALL.map(Phase::name)));
        };
        let status = phase.name();
        if phase == self.case.phase {
            return Ok(
                self.done(sentence!("Case {number} is {status} already.", "Fall {number} steht schon auf {status}."))
            );
        }
        match phase {
            // However a case is closed, its people are told.
            Phase::Closed => self.close(None),
            Phase::New | Phase::Open | Phase::Waiting | Phase::Solved => {
                self.set_phase(phase);
                Ok(self.done(sentence!("Case {number} is {status}.", "Fall {number} steht auf {status}.")))
            }
        }
    }

    pub(super) fn set_queue(&mut self, wanted: &str) -> Done {
        let queues = &self.draft.policy.desk.queues;
        let is_meant = |name: &str| name.to_lowercase() == wanted.trim().to_lowercase();
        let Some(queue) = queues.iter().find(|queue| is_meant(&queue.name) || is_meant(&queue.label)) else {
            let known: Vec<&str> = queues.iter().map(|queue| queue.name.as_str()).collect();
            return Err(unknown(Noun::Queue, wanted, &known));
        };
        let (number, name) = (self.number(), &queue.name);
        if self.case.queue == queue.name {
            return Ok(self.done(sentence!(
                "Case {number} is in queue {name} already.",
                "Fall {number} ist schon in Warteschlange {name}."
            )));
        }
        let by = self.actor.by();
        self.case.queue.clone_from(&queue.name);
        self.case.queued_by = by.clone();
        self.draft.effects.push(Effect::SetQueue { case: number, queue: queue.name.clone(), by });
        Ok(self.done(sentence!("Case {number} is in queue {name}.", "Fall {number} ist in Warteschlange {name}.")))
    }

    pub(super) fn tag(&mut self, tags: &[String]) -> Done {
        let number = self.number();
        let new: Vec<&String> = tags.iter().filter(|tag| !self.case.tags.contains(tag)).collect();
        if self.case.tags.len() + new.len() > TAGS {
            return Err(sentence!(
                "Case {number} would have more than {TAGS} tags: take some away with `untag`.",
                "Fall {number} hätte mehr als {TAGS} Markierungen: Nehmen Sie erst welche mit `untag` weg."
            ));
        }
        let new: Vec<String> = new.into_iter().cloned().collect();
        if new.is_empty() {
            return Ok(self.done(sentence!(
                "Case {number} has these tags already.",
                "Fall {number} hat diese Markierungen schon."
            )));
        }
        for tag in &new {
            self.draft.effects.push(Effect::AddTag { case: number, tag: tag.clone(), by: self.actor.by() });
        }
        let (tags, marks) = (counted("tag", "s", &new), counted("Markierung", "en", &new));
        let sentence = sentence!("Case {number} has the {tags}.", "Fall {number} hat die {marks}.");
        self.case.tags.extend(new);
        Ok(self.done(sentence))
    }

    pub(super) fn untag(&mut self, tags: &[String]) -> Done {
        let number = self.number();
        if let Some(missing) = tags.iter().find(|tag| !self.case.tags.contains(tag)) {
            let known: Vec<&str> = self.case.tags.iter().map(String::as_str).collect();
            return Err(unknown(Noun::Tag, missing, &known));
        }
        for tag in tags {
            self.draft.effects.push(Effect::RemoveTag { case: number, tag: tag.clone() });
        }
        self.case.tags.retain(|tag| !tags.contains(tag));
        let (tags, marks) = (counted("tag", "s", tags), counted("Markierung", "en", tags));
        Ok(self.done(sentence!("Case {number} has the {tags} no longer.", "Fall {number} hat die {marks} nicht mehr.")))
    }

    pub(super) fn spam(&mut self) -> Done {
        let number = self.number();
        if !self.case.tags.iter().any(|tag| tag == "spam") {
            self.draft.effects.push(Effect::AddTag { case: number, tag: "spam".to_owned(), by: self.actor.by() });
            self.case.tags.push("spam".to_owned());
        }
        match self.case.phase {
            Phase::Closed => Ok(self.done(sentence!(
                "Case {number} has the tag spam; it was closed before.",
                "Fall {number} hat die Markierung spam; geschlossen war er schon."
            ))),
            Phase::New | Phase::Open | Phase::Waiting | Phase::Solved => {
                self.set_phase(Phase::Closed);
                Ok(self.done(sentence!(
                    "Case {number} is closed as spam, without a word to anybody.",
                    "Fall {number} ist als Spam geschlossen, ohne ein Wort an irgendwen."
                )))
            }
        }
    }

    pub(super) fn wait(&mut self, until: Until) -> Done {
        let number = self.number();
        let today = self.today();
        if self.case.phase == Phase::Closed {
            return Err(sentence!(
                "Case {number} is closed: reopen it first, or it has nothing to wait for.",
                "Fall {number} ist geschlossen: Öffnen Sie ihn zuerst wieder, sonst wartet er auf nichts."
            ));
        }
        let day = day_of(until, today)?;
        if self.case.phase != Phase::Waiting {
            self.set_phase(Phase::Waiting);
        }
        let due = self.draft.morning(day);
        self.draft.effects.push(Effect::SetTimer { case: number, target: Target::Wake, due });
        Ok(self.done(sentence!(
            "Case {number} waits until the morning of {day}, or until the customer writes.",
            "Fall {number} wartet bis zum Morgen des {day} oder bis der Kunde schreibt."
        )))
    }

    pub(super) fn done(&mut self, sentence: Sentence) -> Sentence {
        self.draft.say(sentence.english());
        sentence
    }
}

fn day_of(until: Until, today: Date) -> Result<Date, Sentence> {
    let day = match until {
        Until::Day(day) => day,
        Until::Days(days) => today.saturating_add(i64::from(days).days()),
    };
    if day <= today {
        return Err(sentence!(
            "{day} is not in the future: today is {today}.",
            "{day} liegt nicht in der Zukunft: Heute ist der {today}."
        ));
    }
    if day > today.saturating_add(i64::from(YEARS).years()) {
        return Err(sentence!(
            "{day} is more than {YEARS} years ahead: is the year right?",
            "{day} ist mehr als {YEARS} Jahre entfernt: Stimmt das Jahr?"
        ));
    }
    Ok(day)
}

/// `tag a`, `tags a, b`.
fn counted(word: &str, plural: &str, names: &[String]) -> String {
    let plural = if names.len() == 1 { "" } else { plural };
    format!("{word}{plural} {}", names.join(", "))
}
