//! Deciding: policy + snapshot + event + now → [`Decision`]. One pure, total function (L2): no I/O, no clock, no
//! randomness. A file per kind of event.

mod action;
mod alarm;
mod alike;
mod answer;
mod automatic;
mod changed_subject;
mod command;
mod correction;
mod delivery;
mod instructions;
mod mail;
mod notify;
mod participants;
mod restored;
mod routing;
mod staff;
mod timer;

use jiff::Timestamp;
use jiff::civil::Date;

pub use answer::AnswersSoFar;
pub use mail::{Treatment, treatment};

use crate::case::event::{Arrived, Matter};
use crate::case::letter::QuestionKind;
use crate::case::snapshot::CaseFacts;
use crate::case::{
    CaseNumber, Decision, Effect, EntryId, Event, Letter, Phase, PostId, Snapshot, Target, Timer, Verdict,
};
use crate::mail::{Language, SentId};
use crate::rules::{Policy, Queue};

/// Decides what becomes of `event`. `now` is when it is decided: the Date of letters and the time of changes;
/// promises start at `event.received`.
pub fn decide(policy: &Policy, snapshot: &Snapshot, event: &Event, now: Timestamp) -> Decision {
    let draft = Draft::new(policy, snapshot, event, now);
    match &event.matter {
        Matter::Mail(arrived) => mail::decide(draft, arrived),
        Matter::Command(command) => command::decide(draft, command),
        Matter::Released { by, entry, mail, commands } => correction::release(draft, by, (*entry, mail), *commands),
        Matter::Undeliverable(undeliverable) => delivery::decide(draft, undeliverable),
        Matter::Due { case, target, generation } => timer::decide(draft, *case, *target, *generation),
        Matter::Alarm { alarm, to } => alarm::decide(draft, alarm, to),
        Matter::Reloaded { policy } => reloaded(draft, policy),
        Matter::Restored(restored) => restored::decide(draft, restored),
        Matter::Poison { reason } => poison(draft, reason),
    }
}

fn reloaded(mut draft: Draft<'_>, policy: &str) -> Decision {
    draft.say(format!("The rules with hash {policy} are in force from here on."));
    draft.decided(Verdict::Done, None)
}

fn poison(mut draft: Draft<'_>, reason: &str) -> Decision {
    draft.hold(format!("It could not be read or decided: {reason}"));
    draft.decided(Verdict::Hold, None)
}

/// A decision while it is being made.
struct Draft<'a> {
    policy: &'a Policy,
    snapshot: &'a Snapshot,
    event: &'a Event,
    now: Timestamp,
    effects: Vec<Effect>,
    letters: Vec<Letter>,
    trace: Vec<String>,
    posts: u64,
}

/// A point in the making of a decision.
struct Checkpoint {
    effects: usize,
    letters: usize,
    trace: usize,
    posts: u64,
}

impl<'a> Draft<'a> {
    fn new(policy: &'a Policy, snapshot: &'a Snapshot, event: &'a Event, now: Timestamp) -> Draft<'a> {
        Draft { policy, snapshot, event, now, effects: Vec::new(), letters: Vec::new(), trace: Vec::new(), posts: 0 }
    }

    fn say(&mut self, sentence: impl Into<String>) {
        self.trace.push(sentence.into());
    }

    fn hold(&mut self, reason: String) {
        self.say(format!("Held for a person: {reason}"));
        self.effects.push(Effect::Hold { entry: self.event.entry, reason, question: None });
    }

    /// Held until its writer settles it.
    fn hold_for(&mut self, question: QuestionKind, reason: String) {
        self.say(format!("Held for a person: {reason}"));
        let entry = self.event.entry;
        self.effects.push(Effect::Hold { entry, reason, question: Some(question) });
    }

    /// Mail of ours did not arrive: whoever waits for the customer now would wait for ever.
    fn take_the_word_back(&mut self, case: &CaseFacts) {
        if case.phase == Phase::Waiting {
            self.say("What we wrote did not arrive: the next word is the desk's again.");
            self.set_phase(case.number, Phase::Open);
        }
    }

    /// How far it has come: see [`Draft::undo`].
    fn checkpoint(&self) -> Checkpoint {
        let Draft { effects, letters, trace, posts, .. } = self;
        Checkpoint { effects: effects.len(), letters: letters.len(), trace: trace.len(), posts: *posts }
    }

    /// As if nothing had been decided since.
    fn undo(&mut self, to: Checkpoint) {
        self.effects.truncate(to.effects);
        self.letters.truncate(to.letters);
        self.trace.truncate(to.trace);
        self.posts = to.posts;
    }

    /// The day that it is at the desk.
    fn today(&self) -> Date {
        self.policy.desk.hours.day(self.now)
    }

    /// The mail that this is about.
    fn arrived(&self) -> Option<&'a Arrived> {
        match &self.event.matter {
            Matter::Mail(arrived) | Matter::Released { mail: arrived, .. } => Some(arrived),
            Matter::Command(_)
            | Matter::Undeliverable(_)
            | Matter::Due { .. }
            | Matter::Alarm { .. }
            | Matter::Reloaded { .. }
            | Matter::Restored(_)
            | Matter::Poison { .. } => None,
        }
    }

    fn next_post(&mut self) -> PostId {
        self.posts += 1;
        PostId(ordinal(self.event.entry, self.posts - 1))
    }

    fn next_letter(&self) -> SentId {
        SentId(ordinal(self.event.entry, self.letters.len() as u64))
    }

    /// From here on other people read the letters of the case: what was written before is quoted no more (B24).
    fn quote_nothing_old(&mut self, case: CaseNumber) {
        self.effects.push(Effect::QuoteNothingBefore { case, post: PostId(ordinal(self.event.entry, 0)) });
    }

    fn set_phase(&mut self, case: CaseNumber, phase: Phase) {
        self.effects.push(Effect::SetPhase { case, phase, status: phase.name().to_owned(), at: self.now });
        if phase != Phase::Waiting {
            self.clear_timer(case, Target::Wake);
        }
    }

    /// Ends a timer that runs.
    fn clear_timer(&mut self, case: CaseNumber, target: Target) {
        let facts = self.snapshot.cases.iter().find(|facts| facts.number == case);
        let runs = |timer: &Timer| timer.target == target && timer.due.is_some();
        if facts.is_some_and(|facts| facts.timers.iter().any(runs)) {
            self.effects.push(Effect::ClearTimer { case, target });
        }
    }

    /// The number of a case that is opened now.
    fn new_number(&self) -> CaseNumber {
        let opened = self.effects.iter().filter(|effect| matches!(effect, Effect::OpenCase { .. })).count();
        CaseNumber(self.snapshot.next_number + opened as u64)
    }

    /// When work begins on a day.
    fn morning(&self, day: Date) -> Timestamp {
        self.policy.desk.hours.begins(day)
    }

    fn queue(&self, name: &str) -> Option<&'a Queue> {
        let queues = &self.policy.desk.queues;
        queues.iter().find(|queue| queue.name == name).or(queues.first())
    }

    /// The queue of the case that this decision opens.
    fn opened_in(&self) -> Option<&'a Queue> {
        let opened = self
            .effects
            .iter()
            .find_map(|effect| if let Effect::OpenCase { queue, .. } = effect { Some(queue) } else { None });
        opened.and_then(|name| self.queue(name))
    }

    /// `wanted` where the desk writes it, else the desk's own language.
    fn language(&self, wanted: Option<&Language>) -> Language {
        let desk = &self.policy.desk.languages;
        let wanted = wanted.filter(|language| desk.contains(language));
        wanted.or(desk.first()).cloned().unwrap_or_else(|| Language("en".to_owned()))
    }

    fn declined(mut self, reason: impl Into<String>) -> Decision {
        self.say(reason);
        self.decided(Verdict::Declined, None)
    }

    fn decided(self, verdict: Verdict, case: Option<CaseNumber>) -> Decision {
        Decision { verdict, case, effects: self.effects, letters: self.letters, trace: self.trace }
    }
}

fn ordinal(entry: EntryId, ordinal: u64) -> u64 {
    entry.0 * 256 + ordinal
}
