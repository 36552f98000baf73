//! What a trial found: counted while it reads, so that a mailbox of any size takes the same memory.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::limits::{self, Limits};
use crate::case::{CaseNumber, Effect, Letter, Template};
use crate::cli::failure::Failure;
use crate::mail::{Action, Kind, Reading};
use crate::rules::Policy;
use crate::store::Store;
use crate::store::cases::DecisionView;

/// Lines of a list in the report.
const LINES: usize = 10;
/// Held mails that are shown.
const HELD: usize = 100;
/// Senders that are counted; who comes later counts together.
const SENDERS: usize = 100_000;

/// Everything that the report tells. Lists are in order, the largest first.
#[derive(Debug, Default, Serialize)]
pub struct Findings {
    pub desk: String,
    pub mailboxes: Vec<Looked>,
    pub messages: u64,
    pub bytes: u64,
    /// When the first and the last of them came.
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
    /// Cases that would have come of them.
    pub conversations: u64,
    /// Of more than one mail.
    pub conversations_with_replies: u64,
    pub longest: Vec<Conversation>,
    /// New cases that would have been acknowledged.
    pub acknowledged: u64,
    pub not_acknowledged: Vec<Counted>,
    pub kinds: Vec<Counted>,
    pub decisions: Vec<Counted>,
    pub held: u64,
    /// The first hundred.
    pub held_mails: Vec<Held>,
    pub duplicates: u64,
    pub bounces: u64,
    /// Addresses that bounces say cannot be reached.
    pub undeliverable: Vec<Counted>,
    pub languages: Vec<Counted>,
    pub senders: Vec<Counted>,
    /// By hour of the day, in this machine's zone.
    pub hours: Vec<u64>,
    /// From Monday on.
    pub weekdays: Vec<u64>,
    pub seconds: f64,
    #[serde(skip)]
    pub(super) limits: Limits,
    #[serde(skip)]
    tally: Tally,
}

#[derive(Debug, Serialize)]
pub struct Looked {
    pub mailbox: String,
    pub folder: String,
    /// Messages in the folder; None where only those of some days were asked for.
    pub there: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counted {
    pub what: String,
    pub count: u64,
}

#[derive(Debug, Serialize)]
pub struct Conversation {
    pub subject: String,
    pub mails: u64,
}

#[derive(Debug, Serialize)]
pub struct Held {
    pub received: Timestamp,
    pub from: Option<String>,
    pub subject: String,
    pub reason: String,
}

#[derive(Debug, Default)]
struct Tally {
    cases: BTreeMap<u64, u64>,
    not_acknowledged: BTreeMap<String, u64>,
    kinds: BTreeMap<&'static str, u64>,
    decisions: BTreeMap<String, u64>,
    undeliverable: BTreeMap<String, u64>,
    languages: BTreeMap<String, u64>,
    senders: BTreeMap<String, u64>,
}

impl Findings {
    pub fn new(policy: &Policy) -> Findings {
        let desk = policy.desk.name.clone();
        Findings { desk, hours: vec![0; 24], weekdays: vec![0; 7], ..Findings::default() }
    }

    /// Counts one message and what was decided.
    pub fn add(&mut self, came: Timestamp, size: u64, reading: &Reading, decision: &DecisionView) {
        self.messages += 1;
        self.bytes += size;
        self.first = Some(self.first.map_or(came, |first| first.min(came)));
        self.last = Some(self.last.map_or(came, |last| last.max(came)));
        let local = came.to_zoned(TimeZone::system());
        self.hours[local.hour().unsigned_abs() as usize % 24] += 1;
        self.weekdays[local.weekday().to_monday_zero_offset().unsigned_abs() as usize % 7] += 1;
        let tally = &mut self.tally;
        *tally.kinds.entry(reading.kind.name()).or_default() += 1;
        *tally.decisions.entry(decision.verdict.clone()).or_default() += 1;
        if let Some(case) = decision.case {
            *tally.cases.entry(case.0).or_default() += 1;
        }
        if matches!(reading.kind, Kind::Correspondence | Kind::Calendar) {
            let language = reading.language.as_ref().map_or("unknown", |language| language.0.as_str());
            *tally.languages.entry(language.to_owned()).or_default() += 1;
        }
        let sender = reading.message.originator().map_or("nobody".to_owned(), ToString::to_string);
        let sender = if tally.senders.len() < SENDERS { sender } else { "others".to_owned() };
        *tally.senders.entry(sender).or_default() += 1;
        self.count_bounce(reading);
        self.count_answer(came, decision);
        self.keep_held(came, reading, decision);
    }

    fn count_bounce(&mut self, reading: &Reading) {
        if reading.kind != Kind::DeliveryReport {
            return;
        }
        self.bounces += 1;
        for recipient in reading.report.iter().filter(|recipient| recipient.action == Action::Failed) {
            if let Some(address) = &recipient.recipient {
                *self.tally.undeliverable.entry(address.clone()).or_default() += 1;
            }
        }
    }

    fn count_answer(&mut self, came: Timestamp, decision: &DecisionView) {
        let letters: Vec<Letter> = serde_json::from_value(decision.letters.clone()).unwrap_or_default();
        for letter in letters.iter().filter(|letter| letter.is_limited()) {
            let is_acknowledgement = letter.template == Template::Acknowledged;
            let kind = if is_acknowledgement { limits::Kind::Acknowledgement } else { limits::Kind::Other };
            self.limits.add(came, letter.to.iter().chain(&letter.cc).map(|to| &to.address), kind);
        }
        if letters.iter().any(|letter| letter.template == Template::Acknowledged) {
            self.acknowledged += 1;
            return;
        }
        let said = decision.trace.iter().find_map(|sentence| sentence.strip_prefix("No acknowledgement: "));
        let reason = match (decision.verdict.as_str(), said) {
            (_, Some(reason)) => reason.trim_end_matches('.').to_owned(),
            ("append" | "reopen", None) => "it belongs to a conversation that is known".to_owned(),
            ("filed" | "recorded", None) => "it is automatic, and concerns no new request".to_owned(),
            ("duplicate" | "same-copy", None) => "it is a second copy of the same mail".to_owned(),
            ("hold", None) => "it is held for a person".to_owned(),
            (other, None) => other.to_owned(),
        };
        if decision.verdict == "duplicate" {
            self.duplicates += 1;
        }
        *self.tally.not_acknowledged.entry(reason).or_default() += 1;
    }

    fn keep_held(&mut self, received: Timestamp, reading: &Reading, decision: &DecisionView) {
        let effects: Vec<Effect> = serde_json::from_value(decision.effects.clone()).unwrap_or_default();
        let reasons = effects.into_iter().filter_map(|effect| match effect {
            Effect::Hold { reason, .. } => Some(reason),
            _ => None,
        });
        for reason in reasons {
            self.held += 1;
            if self.held_mails.len() < HELD {
                let from = reading.message.originator().map(ToString::to_string);
                self.held_mails.push(Held { received, from, subject: reading.message.subject.clone(), reason });
            }
        }
    }

    /// Everything is read: sums, and the order of the lists.
    pub fn end(&mut self, store: &Store, took: Duration) -> Result<(), Failure> {
        self.conversations = store.counts()?.cases.values().sum();
        self.seconds = took.as_secs_f64();
        let mut tally = std::mem::take(&mut self.tally);
        for (reason, count) in std::mem::take(&mut self.limits).refused() {
            self.acknowledged = self.acknowledged.saturating_sub(count);
            *tally.not_acknowledged.entry(reason).or_default() += count;
        }
        // Cases that turned out to be one conversation count under the number that survived.
        let mut cases: BTreeMap<u64, (String, u64)> = BTreeMap::new();
        for (number, mails) in tally.cases {
            if let Some(case) = store.case_line(CaseNumber(number))? {
                cases.entry(case.number.0).or_insert((case.subject, 0)).1 += mails;
            }
        }
        self.conversations_with_replies = cases.values().filter(|(_, mails)| *mails > 1).count() as u64;
        let mut longest: Vec<(String, u64)> = cases.into_values().filter(|(_, mails)| *mails > 2).collect();
        longest.sort_by_key(|(_, mails)| std::cmp::Reverse(*mails));
        let conversation = |(subject, mails)| Conversation { subject, mails };
        self.longest = longest.into_iter().take(LINES / 2).map(conversation).collect();
        self.not_acknowledged = ordered(tally.not_acknowledged, usize::MAX);
        self.kinds = ordered(tally.kinds, usize::MAX);
        self.decisions = ordered(tally.decisions, usize::MAX);
        self.undeliverable = ordered(tally.undeliverable, LINES);
        self.languages = ordered(tally.languages, LINES);
        self.senders = ordered(tally.senders, LINES);
        Ok(())
    }
}

fn ordered(counts: BTreeMap<impl Into<String>, u64>, most: usize) -> Vec<Counted> {
    let mut counted: Vec<Counted> =
        counts.into_iter().map(|(what, count)| Counted { what: what.into(), count }).collect();
    counted.sort_by_key(|one| std::cmp::Reverse(one.count));
    counted.truncate(most);
    counted
}
