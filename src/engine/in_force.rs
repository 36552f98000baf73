//! Which rules are in force: the new ones, or, where those cannot be, the last good ones (L8).

use tracing::warn;

use super::{Engine, Rules, circumstances};
use crate::alarm;
use crate::case::CaseNumber;
use crate::failpoint::{Step, reach};
use crate::rules::{Files, MailboxFacts, Policy};
use crate::store::journal::{Mark, Payload};
use crate::store::policy::{USES, Use, Used};
use crate::store::{Result, Store, Tx};

/// Said while the rules on disk have mistakes. Always the same, so that it is told once whatever the next mistake is.
pub const MISTAKES: &str =
    "The rules have mistakes; the last good ones stay in force. See what `postcase rules check` says.";

/// The rules that a desk begins with.
#[derive(Debug, Clone)]
pub struct InForce {
    pub policy: Policy,
    /// Why they are not those on disk.
    pub trouble: Option<String>,
}

impl From<Policy> for InForce {
    fn from(policy: Policy) -> InForce {
        InForce { policy, trouble: None }
    }
}

impl From<Policy> for Option<InForce> {
    fn from(policy: Policy) -> Option<InForce> {
        Some(policy.into())
    }
}

/// What became of new rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reloaded {
    InForce,
    /// They are those that are in force.
    Same,
    /// The last good ones stay: why, and what to do.
    Refused(String),
}

impl InForce {
    /// What can be in force of `read`, the rules on disk (None: they have mistakes); None where nothing can.
    ///
    /// # Errors
    /// When the database, which is asked for the last good ones, cannot be read.
    pub fn choose(
        read: Option<Policy>,
        folder: &std::path::Path,
        mailboxes: &[MailboxFacts],
        store: Option<&Store>,
    ) -> Result<Option<InForce>> {
        let Some(store) = store else { return Ok(read.map(InForce::from)) };
        let kept = store.policy_in_force()?.map(|texts| Files::kept(folder, texts));
        // What was good may not be so with another configuration.
        let last_good = kept.and_then(|files| Policy::compile(files, mailboxes).ok()).map(|loaded| loaded.value);
        match (read, last_good) {
            (Some(policy), None) => Ok(Some(policy.into())),
            (Some(policy), Some(last_good)) => Ok(Some(match missing(store, &last_good, &policy)? {
                None => policy.into(),
                why => InForce { policy: last_good, trouble: why },
            })),
            (None, last_good) => Ok(last_good.map(|policy| InForce { policy, trouble: Some(MISTAKES.to_owned()) })),
        }
    }
}

impl Engine {
    /// Puts new rules in force, between groups; the change itself is an entry. They are refused where open cases need
    /// what they do not have any more. `status` says how it stands.
    pub fn reload(&self, policy: Policy) -> Result<Reloaded> {
        let now = self.clock.now();
        let (is_same, refusal) = {
            let old = &self.rules.borrow().policy;
            (old.hash == policy.hash, missing(&self.store, old, &policy)?)
        };
        if is_same {
            self.trouble(alarm::RULES, None)?;
            return Ok(Reloaded::Same);
        }
        if let Some(why) = refusal {
            self.trouble(alarm::RULES, Some(&why))?;
            return Ok(Reloaded::Refused(why));
        }
        let rules = Rules { circumstances: circumstances(&policy, &self.store)?, policy };
        let payload = Payload::Reloaded { policy: rules.policy.hash.clone() };
        self.store.write(|tx| {
            keep(tx, &rules.policy, now)?;
            tx.set_trouble(alarm::RULES, None, now)?;
            tx.journal(&payload, None, None, now, now, Mark::Later)?;
            reach(Step::ReloadWritten);
            Ok(())
        })?;
        reach(Step::ReloadCommitted);
        *self.rules.borrow_mut() = rules;
        Ok(Reloaded::InForce)
    }

    /// The rules on disk have mistakes: the last good ones stay, and `status` says so.
    pub fn keep_rules(&self) -> Result<()> {
        self.trouble(alarm::RULES, Some(MISTAKES))
    }

    /// Writes down the rules that the engine begins with.
    pub(super) fn stand_by(&self, tx: &Tx, trouble: Option<&str>) -> Result<()> {
        let now = self.clock.now();
        keep(tx, &self.rules.borrow().policy, now)?;
        if let Some(trouble) = trouble {
            warn!("{trouble}");
        }
        tx.set_trouble(alarm::RULES, trouble, now)
    }
}

fn keep(tx: &Tx, policy: &Policy, now: jiff::Timestamp) -> Result<()> {
    let files = serde_json::to_string(&policy.files).expect("file names and texts are JSON");
    tx.keep_policy(&policy.hash, &files, now)
}

/// What open cases need of `old` and `new` does not have, in sentences.
fn missing(store: &Store, old: &Policy, new: &Policy) -> Result<Option<String>> {
    let queues = |policy: &Policy| policy.desk.queues.iter().map(|queue| queue.name.clone()).collect();
    let staff = |policy: &Policy| policy.staff.iter().map(|staff| staff.name.clone()).collect();
    let gone = |old: Vec<String>, new: Vec<String>| -> Vec<String> {
        old.into_iter().filter(|name| !new.contains(name)).collect()
    };
    let queues = gone(queues(old), queues(new));
    let priorities = gone(old.desk.priorities.clone(), new.desk.priorities.clone());
    let staff = gone(staff(old), staff(new));
    if queues.is_empty() && priorities.is_empty() && staff.is_empty() {
        return Ok(None);
    }
    let uses = store.uses(&queues, &priorities, &staff)?;
    Ok((!uses.is_empty()).then(|| refusal(&uses)))
}

fn refusal(uses: &[Use]) -> String {
    let mut listed: Vec<(Used, &str, Vec<CaseNumber>)> = Vec::new();
    for one in uses.iter().take(USES) {
        match listed.iter_mut().find(|(used, name, _)| *used == one.used && *name == one.name) {
            Some((_, _, cases)) => cases.push(one.case),
            None => listed.push((one.used, &one.name, vec![one.case])),
        }
    }
    let one = |(used, name, cases): &(Used, &str, Vec<CaseNumber>)| {
        let what = match used {
            Used::Queue => format!("the queue `{name}`"),
            Used::Priority => format!("the priority `{name}`"),
            Used::Assignee => format!("`{name}` of the staff"),
            Used::Follower => format!("`{name}` of the staff, who follows"),
        };
        let cases: Vec<String> = cases.iter().map(CaseNumber::to_string).collect();
        let word = if cases.len() == 1 { "case" } else { "cases" };
        format!("{what} ({word} {})", cases.join(", "))
    };
    let more = if uses.len() > USES { ", and more" } else { "" };
    let list: Vec<String> = listed.iter().map(one).collect();
    format!(
        "The new rules do not have what open cases use: {}{more}. The last good rules stay in force. Put it back (a \
         person who has gone gets `left` in staff.toml), or change these cases first, with `postcase case queue`, `case \
         priority`, `case assign`, `case uncc` or `case close`; then save the rules again.",
        list.join(", ")
    )
}
