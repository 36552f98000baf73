//! `postcase explain`: what Postcase makes of a mail, and why.

mod files;
mod told;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use jiff::Timestamp;

use self::told::Tense;
use super::Format;
use super::desk::Desk;
use super::failure::{Exit, Failure};
use super::show;
use crate::case::event::{Arrived, Matter};
use crate::case::speaker::{Proof, Role};
use crate::case::{Decision, EntryId, Event, Snapshot};
use crate::decide;
use crate::engine::Clock;
use crate::link;
use crate::link::staff::who_speaks;
use crate::mail::json::{Decided, Speaker, View};
use crate::mail::signature::Signature;
use crate::mail::{self, Address, Circumstances, Defect, Kind, Pointer, Reading, SentId};
use crate::rules::Policy;
use crate::store::Store;
use crate::store::journal::Payload;

/// What Postcase makes of a mail, and why
///
/// Files are read and decided as if they came in now; nothing is written and nobody is written to. Entries of the
/// journal are shown with what was decided about them. Never fails on any message.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  postcase explain mail.eml
  postcase explain --entry 17
  postcase explain --format json *.eml ~/Maildir | jq .kind
  some-program | postcase explain -

JSON: one object a line and message, with
  file, subject, from {name, address} or null, to [], cc [], date, message_id, in_reply_to [], references [],
  kind, kind_evidence [], report [{recipient, action, status, original_message_id}],
  forwarded [{form, from, date, subject, message_id, text}], text, author_text, html,
  attachments [{name, media_type, size, sha256, inline}], language, defects [], clues [{kind, value, case}],
  speaker {role, proof}, decision {effects [], letters [], trace []}
role is one of staff, participant, contact, desk; proof one of authenticated, reference, refuted.
kind is one of correspondence, auto-reply, auto-generated, delivery-report, disposition-report, feedback-report,
calendar, list, own.

Exit codes: 0 all are explained, 66 a file or entry cannot be read (the others are explained), 74 or 78 the database or
the configuration is wrong (what was read is shown, what would be decided is not).")]
pub struct Arguments {
    /// Messages (one a file), Maildir folders, or - for standard input
    #[arg(value_name = "FILE", required_unless_present = "entry")]
    files: Vec<PathBuf>,
    /// An entry of the journal, by its number; may be repeated
    #[arg(long, value_name = "ENTRY")]
    entry: Vec<u64>,
    /// For people, or for scripts
    #[arg(long, default_value = "text")]
    format: Format,
}

pub fn run(desk: &Desk, arguments: &Arguments) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    let known = match Known::of(desk, !arguments.entry.is_empty()) {
        Ok(known) => known,
        Err(failure) if arguments.files.is_empty() => return Err(failure),
        Err(failure) => {
            failure.tell();
            exit = failure.exit;
            Known::nothing()?
        }
    };
    files::each(&arguments.files, &known.circumstances, |path, reading| {
        match reading {
            Ok(reading) => {
                if let Err(failure) = known.explain_file(&path.display().to_string(), &reading, arguments.format) {
                    // What is wrong with the database is so for every file.
                    if exit != failure.exit {
                        failure.tell();
                    }
                    exit = failure.exit;
                }
            }
            Err(why) => {
                show::remark(&format!("{} cannot be read: {why}.", path.display()));
                exit = Exit::NoInput;
            }
        }
        show::is_read()
    });
    for entry in &arguments.entry {
        if known.store.is_some() && !known.explain_entry(EntryId(*entry), arguments.format)? {
            show::remark(&format!("There is no entry {entry} in the journal."));
            exit = Exit::NoInput;
        }
    }
    Ok(exit)
}

/// Reads a message; when Postcase itself fails at it, as it would in the daemon, the reading says so.
pub fn read(raw: &[u8], circumstances: &Circumstances) -> Reading {
    let read = catch_unwind(AssertUnwindSafe(|| mail::read(raw, circumstances)));
    read.unwrap_or_else(|_| {
        let mut reading = mail::read(b"", circumstances);
        let note = "Postcase fails at reading this message; from a mailbox it would be held with its bytes".to_owned();
        reading.defects.push(Defect { name: "reading-failed".to_owned(), note });
        reading
    })
}

/// The desk, as far as there is one: without it only the reading is shown.
struct Known {
    policy: Option<Policy>,
    store: Option<Store>,
    circumstances: Circumstances,
}

/// What reading needs, with the desk's keys where there is a database.
pub fn circumstances(policy: Option<&Policy>, store: Option<&Store>) -> Result<Circumstances, Failure> {
    let keyring = store.map(Store::keyring).transpose()?.unwrap_or_default();
    let Some(desk) = policy.map(|policy| &policy.desk) else {
        return Ok(Circumstances { case_word: "Case".to_owned(), keyring, ..Circumstances::default() });
    };
    Ok(Circumstances {
        own_addresses: desk.own_addresses.clone(),
        own_lists: desk.own_lists.clone(),
        case_word: desk.reference.case_word.clone(),
        keyring,
        bounds: desk.limits.reading,
    })
}

impl Known {
    /// `needed`: entries are asked for, so that there must be a database.
    fn of(desk: &Desk, needed: bool) -> Result<Known, Failure> {
        if !needed && !desk.is_there() {
            return Known::nothing();
        }
        let policy = desk.policy()?.clone();
        let there = desk.config()?.database.exists();
        let store = if needed || there { Some(desk.store()?) } else { None };
        let circumstances = circumstances(Some(&policy), store.as_ref())?;
        Ok(Known { policy: Some(policy), store, circumstances })
    }

    fn nothing() -> Result<Known, Failure> {
        Ok(Known { policy: None, store: None, circumstances: circumstances(None, None)? })
    }

    /// Shows the reading, and what would be decided as far as that can be told.
    fn explain_file(&self, name: &str, reading: &Reading, format: Format) -> Result<(), Failure> {
        let mut view = View::of(name, reading);
        let considered = self.policy.as_ref().map(|policy| {
            let considered =
                catch_unwind(AssertUnwindSafe(|| self.would_decide(policy, reading.clone(), (None, Signature::None))));
            considered
                .unwrap_or_else(|_| Err(Failure::new(Exit::Software, "Postcase fails at deciding upon this mail.")))
        });
        let done = match considered {
            None => {
                view.decision.trace.push("No desk is configured here: only the reading is shown.".to_owned());
                Ok(())
            }
            Some(Ok(considered)) => {
                point(&mut view, reading, &considered.snapshot);
                view.speaker = considered.speaker;
                view.decision = decided(&considered.decision);
                Ok(())
            }
            Some(Err(failure)) => {
                view.decision.trace.push(failure.message().to_owned());
                Err(failure)
            }
        };
        told::print(&view, reading, format, Tense::Would);
        done
    }

    /// The decision that would be made now. Nothing is written.
    fn would_decide(
        &self,
        policy: &Policy,
        reading: Reading,
        origin: (Option<String>, Signature),
    ) -> Result<Considered, Failure> {
        let now = Clock::System.now();
        let arrived = Arrived { reading, mailbox: origin.0, silent: false, oversize: None, signature: origin.1 };
        let entry = match &self.store {
            Some(store) => store.next_entry()?,
            None => EntryId(1),
        };
        let event = Event { entry, received: now, matter: Matter::Mail(arrived) };
        let Matter::Mail(arrived) = &event.matter else { unreachable!("it was made a line above") };
        let footprint = link::staff::footprint(&arrived.reading, policy, policy.desk.hours.day(now));
        let first = policy.desk.reference.first_number;
        let snapshot = match &self.store {
            Some(store) => store.look()?.snapshot(&event, Some(&footprint), first, now)?,
            None => Snapshot { next_number: first, ..Snapshot::default() },
        };
        let decision = decide::decide(policy, &snapshot, &event, now);
        let speaker = speaker(policy, arrived, &snapshot, now);
        Ok(Considered { snapshot, decision, speaker })
    }

    /// False when there is no such entry.
    fn explain_entry(&self, number: EntryId, format: Format) -> Result<bool, Failure> {
        let (Some(store), Some(policy)) = (&self.store, &self.policy) else { return Ok(false) };
        let entry = if i64::try_from(number.0).is_ok() { store.entry(number)? } else { None };
        let Some(entry) = entry else { return Ok(false) };
        let raw = store.raw(number)?.unwrap_or_default();
        let reading = read(&raw, &self.circumstances);
        let mut view = View::of(&format!("entry {number}"), &reading);
        if let Payload::Mail { signature, .. } = entry.payload {
            let considered = self.would_decide(policy, reading.clone(), (entry.mailbox.clone(), signature))?;
            point(&mut view, &reading, &considered.snapshot);
            view.speaker = considered.speaker;
        }
        let decisions = store.decisions_about(number)?;
        let list = |value: &serde_json::Value| value.as_array().cloned().unwrap_or_default();
        view.decision = Decided {
            effects: decisions.iter().flat_map(|decision| list(&decision.effects)).collect(),
            letters: decisions.iter().flat_map(|decision| list(&decision.letters)).collect(),
            trace: decisions.into_iter().flat_map(|decision| decision.trace).collect(),
        };
        let tense = if matches!(entry.payload, Payload::Mail { .. }) { Tense::Was } else { Tense::Order };
        told::print(&view, &reading, format, tense);
        Ok(true)
    }
}

/// Names the case that each clue points at.
fn point(view: &mut View, reading: &Reading, snapshot: &Snapshot) {
    for (pointing, clue) in view.clues.iter_mut().zip(&reading.clues) {
        pointing.case = match &clue.pointer {
            Pointer::Sent(id) => {
                snapshot.sent.iter().find(|sent| sent.id == *id).and_then(|sent| sent.case).map(|case| case.0)
            }
            Pointer::Id(id) => {
                let owner = snapshot.messages.iter().find(|message| message.message_id.as_ref() == Some(id));
                owner.and_then(|message| message.case).map(|case| case.0)
            }
            Pointer::Thread(_) | Pointer::Number(_) => link::case_of(&clue.pointer, snapshot).map(|case| case.0),
        };
    }
}

/// What would be decided, upon what, and who speaks.
struct Considered {
    snapshot: Snapshot,
    decision: Decision,
    speaker: Speaker,
}

fn speaker(policy: &Policy, arrived: &Arrived, snapshot: &Snapshot, now: Timestamp) -> Speaker {
    let reading = &arrived.reading;
    let who = who_speaks(arrived, snapshot, policy, policy.desk.hours.day(now));
    let part = |address: &Address| {
        let mut all = snapshot.cases.iter().flat_map(|case| &case.participants);
        all.any(|one| one.who.address == *address)
    };
    let staff = matches!(who.role, Role::Staff(_));
    let role = match (who.role, link::speaker(&reading.message, policy)) {
        _ if reading.kind == Kind::Own => Some("desk"),
        (Role::Staff(_), _) => Some("staff"),
        (_, None) => reading.message.originator().map(|_| "desk"),
        (_, Some(named)) => Some(if part(&named.address) { "participant" } else { "contact" }),
    };
    let known = |id: &SentId| snapshot.sent.iter().any(|sent| sent.id == *id);
    let signed = reading.clues.iter().any(|clue| matches!(&clue.pointer, Pointer::Sent(id) if known(id)));
    let proof = match who.proof {
        Proof::Refuted => Some("refuted"),
        Proof::Authenticated | Proof::Signed => Some("authenticated"),
        Proof::Reference(_) => Some("reference"),
        Proof::None => (signed && !staff).then_some("reference"),
    };
    Speaker { role: role.map(str::to_owned), proof: proof.map(str::to_owned) }
}

fn decided(decision: &Decision) -> Decided {
    Decided {
        effects: decision.effects.iter().map(data).collect(),
        letters: decision.letters.iter().map(data).collect(),
        trace: decision.trace.clone(),
    }
}

pub(super) fn data(value: &impl serde::Serialize) -> serde_json::Value {
    serde_json::to_value(value).expect("our own types are written as JSON")
}
