//! The only loop that decides: one plain thread that owns the writing connection.
//!
//! [`Engine::step`] is the journey of a group of entries: mark, read, link, decide, compose, apply, commit.
//! Nothing else in Postcase changes a case.

pub mod alarms;
pub mod ask;
pub mod backup;
pub mod clock;
pub mod daemon;
pub mod deliver;
pub mod in_force;
pub mod intake;
mod lanes;
pub mod timers;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::Timestamp;
use tracing::{error, info};

pub use clock::Clock;
pub use in_force::{InForce, Reloaded};
use lanes::{AtHand, Unread};

use crate::alarm;
use crate::case::event::{Arrived, Commands, Matter};
use crate::case::letter::{Composed, Enclosed};
use crate::case::{Decision, EntryId, Event, Letter, Verb};
use crate::compose::body::{QUOTE, QUOTES};
use crate::compose::{self, File, Quoted};
use crate::decide;
use crate::failpoint::{Step, reach};
use crate::link;
use crate::mail::{self, Attachment, Circumstances};
use crate::rules::Policy;
use crate::store::apply::{Outcome, SentCopy};
use crate::store::cases::PostWords;
use crate::store::journal::{ATTEMPTS, Payload, Waiting};
use crate::store::{Adopt, Lane, LastHolder, Lock, Result, Store, StoreError, Tx};

/// The stack of whoever reads: reading is flat, this is room to spare.
const STACK: usize = 16 * 1024 * 1024;
/// Posts whose words are indexed in one transaction: mail that comes meanwhile waits for no more than these.
const WORDS: usize = 64;

/// The desk at work: its database, its rules, its clock.
pub struct Engine {
    store: Store,
    rules: RefCell<Rules>,
    clock: Clock,
    copy: SentCopy,
    /// Held for as long as this engine decides.
    lock: Lock,
    /// When it began to decide.
    opened: Timestamp,
    at_hand: RefCell<AtHand>,
    /// When each mailbox last gave a sign of life to this engine.
    heard: RefCell<BTreeMap<String, Timestamp>>,
    /// The index of words failed.
    words_rest: Cell<bool>,
}

/// The rules in force, and what reading needs of them.
struct Rules {
    policy: Policy,
    circumstances: Circumstances,
}

/// Where the desk's database is, and whose it is.
#[derive(Debug, Clone)]
pub struct Place {
    pub database: std::path::PathBuf,
    pub adopt: Adopt,
    /// Whether some mailbox has a Sent folder that wants copies.
    pub copy: SentCopy,
}

impl Engine {
    /// Opens the database for deciding, and counts what the last death left marked (B4).
    pub fn open(place: &Place, lock: Lock, rules: impl Into<InForce>, clock: Clock) -> Result<Engine> {
        let InForce { policy, trouble } = rules.into();
        let opened = clock.now();
        let store = Store::open(&place.database, &lock, place.adopt, opened)?;
        let circumstances = circumstances(&policy, &store)?;
        warm_up(&circumstances);
        let engine = Engine {
            store,
            rules: RefCell::new(Rules { policy, circumstances }),
            clock,
            copy: place.copy,
            lock,
            opened,
            at_hand: RefCell::default(),
            heard: RefCell::default(),
            words_rest: Cell::new(false),
        };
        engine.begin_work(trouble.as_deref())?;
        Ok(engine)
    }

    fn begin_work(&self, trouble: Option<&str>) -> Result<()> {
        let now = self.clock.now();
        let deaths = self.store.write(|tx| {
            self.stand_by(tx, trouble)?;
            // Always something to write: where that fails, nothing is begun.
            tx.set_meta("opened", &now.to_string())?;
            match self.lock.last_holder() {
                LastHolder::Unknown => tx.count_deaths(),
                LastHolder::DiedAt(entry) => tx.count_death(entry),
                LastHolder::DiedAtOneOf(entries) => tx.suspect(&entries).map(|()| entries.len()),
                LastHolder::DiedBetween | LastHolder::EndedInOrder => tx.unmark().map(|()| 0),
            }
        })?;
        self.put_down();
        if deaths > 0 {
            info!(entries = deaths, "the last run ended while deciding; these entries run alone now");
        }
        Ok(())
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Decides the next group of waiting entries; returns how many. When none waits, words are indexed instead. A store error leaves everything as it was, and is
    /// no entry's fault.
    pub fn step(&self) -> Result<usize> {
        self.step_unexplained().map_err(|error| self.store.explain(error))
    }

    /// Says that the end which follows is no death, whatever was taken up and not decided (B4). For an end that was
    /// asked for, and for one by an error of the store.
    pub fn rest(&self) {
        self.lock.end_in_order();
    }

    /// Says that reading or deciding this entry begins: a death from here to [`Engine::put_down`] is its own (B4).
    pub fn take_up(&self, entry: EntryId) {
        self.lock.at(Lane::First, entry);
    }

    /// Says that what follows, such as a commit, concerns no single entry: a death there is nobody's.
    fn put_down(&self) {
        self.lock.between();
    }

    fn step_unexplained(&self) -> Result<usize> {
        let group = self.store.waiting_group()?;
        if group.is_empty() {
            return self.index_words();
        }
        self.mark(&group)?;
        group.iter().take(1).for_each(|first| self.take_up(first.entry));
        reach(Step::Marked);
        let understood = self.understand_all(&group)?;
        self.put_down();
        reach(Step::Read);
        let now = self.clock.now();
        let tx = self.store.begin()?;
        let mut lines = Vec::new();
        for (waiting, understood) in group.iter().zip(understood) {
            self.take_up(waiting.entry);
            match self.decide_apart(&tx, waiting, understood, now)? {
                Ok(line) => lines.push(line),
                Err(fault) => {
                    error!(entry = waiting.entry.0, attempt = waiting.attempts + 1, %fault, "could not be decided; it is tried alone");
                    tx.count_attempt(waiting.entry)?;
                }
            }
        }
        self.put_down();
        reach(Step::DecisionWritten);
        tx.commit()?;
        reach(Step::DecisionCommitted);
        lines.iter().for_each(|line| info!(target: "postcase::journey", "{line}"));
        Ok(group.len())
    }

    /// Committed before reading begins: who is counted when nothing is known of how the last run ended.
    fn mark(&self, group: &[Waiting]) -> Result<()> {
        let unmarked: Vec<EntryId> = group.iter().filter(|w| !w.marked).map(|w| w.entry).collect();
        if unmarked.is_empty() {
            return Ok(());
        }
        self.store.write(|tx| tx.mark(&unmarked))
    }

    /// Indexes words while nothing waits for a decision; how many posts. A damaged index stops no mail: it rests until
    /// the next start.
    fn index_words(&self) -> Result<usize> {
        if self.words_rest.get() || !self.store.anything_unindexed()? {
            return Ok(0);
        }
        let indexed = self.store.write(|tx| tx.index_words(WORDS));
        let trouble = match &indexed {
            Err(error) if !error.lies_in_the_place() => {
                self.words_rest.set(true);
                Some(format!("Posts cannot be found by their words: {error}"))
            }
            Err(_) => return indexed,
            Ok(_) => None,
        };
        self.note(vec![(alarm::SEARCH.to_owned(), trouble)])?;
        Ok(indexed.unwrap_or_default())
    }

    /// Makes an event of each entry; what is mail is read for that, on two threads. Nothing of a message can end the
    /// process here but a crash of the machine code itself, and the next start counts that.
    fn understand_all(&self, group: &[Waiting]) -> Result<Vec<Understood>> {
        let mut unread = Vec::new();
        let mut sources = Vec::with_capacity(group.len());
        for waiting in group {
            self.take_up(waiting.entry);
            sources.push(self.source(waiting, &mut unread)?);
        }
        let rules = self.rules.borrow();
        let mut readings = lanes::read(&unread, &rules.circumstances, &self.lock).into_iter();
        let understood = group.iter().zip(sources).map(|(waiting, source)| {
            let mut arrived = |mail: &Waiting| {
                let Payload::Mail { silent, oversize, signature } = mail.payload else {
                    unreachable!("only mail is read")
                };
                let reading = readings.next().expect("each unread message was read");
                reading.map(|reading| Arrived { reading, mailbox: mail.mailbox.clone(), silent, oversize, signature })
            };
            match source {
                Source::Told(matter) => Ok(waiting.event(*matter)),
                Source::Lost(fault) => Err(fault),
                Source::Mail => arrived(waiting).map(|mail| waiting.event(Matter::Mail(mail))),
                Source::Released { by, commands, old } => arrived(&old).map(|mail| {
                    let matter = Matter::Released { by, entry: old.entry, mail, commands };
                    // What is owed began when the mail came, not when a person let it in.
                    Event { received: old.received, ..waiting.event(matter) }
                }),
            }
        });
        Ok(understood.collect())
    }

    /// What an entry is about; where that is a mail, its bytes go to those that are to be read.
    fn source(&self, waiting: &Waiting, unread: &mut Vec<Unread>) -> Result<Source> {
        if waiting.attempts >= ATTEMPTS {
            let reason = format!("Reading or deciding it failed {} times.", waiting.attempts);
            return Ok(Source::Told(Box::new(Matter::Poison { reason })));
        }
        let told = match &waiting.payload {
            Payload::Mail { .. } => return self.mail(waiting, waiting.entry, Source::Mail, unread),
            Payload::Command(command) => match &command.verb {
                Verb::Release { entry } | Verb::ReleaseAsText { entry } => match self.store.entry(*entry)? {
                    Some(old) if matches!(old.payload, Payload::Mail { .. }) => {
                        let by = command.by.clone();
                        let commands = match command.verb {
                            Verb::ReleaseAsText { .. } => Commands::Text,
                            _ => Commands::Carried,
                        };
                        let released = Source::Released { by, commands, old: Box::new(old) };
                        return self.mail(waiting, *entry, released, unread);
                    }
                    _ => Matter::Command(command.clone()),
                },
                _ => Matter::Command(command.clone()),
            },
            Payload::Undeliverable(undeliverable) => Matter::Undeliverable(undeliverable.clone()),
            Payload::Due { case, target, generation } => {
                Matter::Due { case: *case, target: *target, generation: *generation }
            }
            Payload::Alarm { alarm, to } => Matter::Alarm { alarm: alarm.clone(), to: to.clone() },
            Payload::Reloaded { policy } => Matter::Reloaded { policy: policy.clone() },
            Payload::Restored(restored) => Matter::Restored(*restored),
            Payload::Unreadable => {
                let reason = "It was written by another version of Postcase, and this one cannot read it.".to_owned();
                Matter::Poison { reason }
            }
            Payload::Unfetchable { uid, reason } => {
                let mailbox = waiting.mailbox.as_deref().unwrap_or("?");
                let reason = format!(
                    "The server would not give UID {uid} of mailbox {mailbox}, three times: {reason} It is still on the server."
                );
                Matter::Poison { reason }
            }
        };
        Ok(Source::Told(Box::new(told)))
    }

    /// Finds the bytes of `entry`'s mail. `waiting` answers for a death in reading them.
    fn mail(&self, waiting: &Waiting, entry: EntryId, source: Source, unread: &mut Vec<Unread>) -> Result<Source> {
        let at_hand = self.at_hand.borrow_mut().take(entry);
        let raw = match at_hand.map_or_else(|| self.store.raw(entry), |raw| Ok(Some(raw))) {
            Ok(raw) => raw.unwrap_or_default(),
            Err(error) if error.lies_in_the_entry() => return Ok(Source::Lost(error.to_string())),
            Err(error) => return Err(error),
        };
        unread.push(Unread { entry: waiting.entry, raw });
        Ok(source)
    }

    /// One entry in a savepoint of its own. The inner error blames the entry; the outer one the store.
    fn decide_apart(
        &self,
        tx: &Tx,
        waiting: &Waiting,
        understood: Understood,
        now: Timestamp,
    ) -> Result<std::result::Result<String, String>> {
        let event = match understood {
            Ok(event) => event,
            Err(fault) => return Ok(Err(fault)),
        };
        match unwound(|| tx.apart(|| self.decide_one(tx, &event, now))) {
            Ok(Ok(line)) => Ok(Ok(line)),
            Ok(Err(error)) if error.lies_in_the_entry() => Ok(Err(error.to_string())),
            Ok(Err(error)) => Err(error),
            Err(panic) => {
                tx.undo()?;
                Ok(Err(format!("{panic} (entry {})", waiting.entry)))
            }
        }
    }

    fn decide_one(&self, tx: &Tx, event: &Event, now: Timestamp) -> Result<String> {
        let rules = self.rules.borrow();
        let policy = &rules.policy;
        let day = policy.desk.hours.day(now);
        let footprint = match &event.matter {
            Matter::Mail(mail) => Some((event.entry, link::staff::footprint(&mail.reading, policy, day))),
            // What killed its reader was never indexed; now it is read, and replies to it must find it.
            Matter::Released { entry, mail, .. } => Some((*entry, link::staff::footprint(&mail.reading, policy, day))),
            Matter::Command(_)
            | Matter::Undeliverable(_)
            | Matter::Due { .. }
            | Matter::Alarm { .. }
            | Matter::Reloaded { .. }
            | Matter::Restored(_)
            | Matter::Poison { .. } => None,
        };
        let message = footprint.as_ref().map(|(entry, footprint)| (*entry, footprint));
        let snapshot =
            tx.snapshot(event, message.map(|(_, footprint)| footprint), policy.desk.reference.first_number, now)?;
        let decision = decide::decide(policy, &snapshot, event, now);
        let composed =
            decision.letters.iter().map(|letter| self.compose(letter, &rules)).collect::<Result<Vec<Composed>>>()?;
        tx.apply(&Outcome {
            entry: event.entry,
            decision: &decision,
            composed: &composed,
            message,
            snapshot: &snapshot,
            policy: &policy.hash,
            copy: self.copy,
            now,
        })?;
        Ok(line(event, &decision))
    }

    fn compose(&self, letter: &Letter, rules: &Rules) -> Result<Composed> {
        let posts = match letter.recalls.filter(|_| letter.person.is_some()) {
            Some(case) => self.store.conversation(case, QUOTES)?,
            None => {
                letter.quotes.iter().filter_map(|post| self.store.quoted(*post).transpose()).collect::<Result<_>>()?
            }
        };
        let quoted = |post: PostWords| {
            let PostWords { author, at, audience, text } = post;
            Quoted { author, at, audience, text: text.chars().take(QUOTE).collect() }
        };
        let quotes: Vec<Quoted> = posts.into_iter().map(quoted).collect();
        let files = match &letter.enclosed {
            Some(enclosed) => self.files(enclosed)?,
            None => Vec::new(),
        };
        let composed = compose::compose(letter, &rules.policy, &rules.circumstances.keyring, &quotes, &files);
        for defect in &composed.defects {
            error!(
                template = letter.template.name(),
                defect = defect.name,
                note = defect.note,
                "a letter was not made as asked"
            );
        }
        Ok(composed)
    }
}

impl Engine {
    fn files(&self, enclosed: &Enclosed) -> Result<Vec<File>> {
        let raw = self.store.raw(enclosed.entry)?.unwrap_or_default();
        let file = |part: &Attachment| File {
            name: part.name.clone(),
            media_type: part.media_type.clone(),
            bytes: mail::attachment_bytes(&raw, part),
        };
        Ok(enclosed.parts.iter().map(file).collect())
    }
}

/// Where an event comes from.
enum Source {
    /// It is all said.
    Told(Box<Matter>),
    /// The bytes of its mail cannot be had.
    Lost(String),
    /// Its own mail, which is read.
    Mail,
    /// The mail of another entry.
    Released { by: String, commands: Commands, old: Box<Waiting> },
}

/// An event, or how reading it failed.
type Understood = std::result::Result<Event, String>;

impl Waiting {
    fn event(&self, matter: Matter) -> Event {
        Event { entry: self.entry, received: self.received, matter }
    }
}

/// The one line of business fact for each entry.
fn line(event: &Event, decision: &Decision) -> String {
    let kind = match &event.matter {
        Matter::Mail(mail) | Matter::Released { mail, .. } => {
            serde_json::to_value(mail.reading.kind).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
        }
        Matter::Command(_) => "command".to_owned(),
        Matter::Undeliverable(_) => "undeliverable".to_owned(),
        Matter::Due { target, .. } => format!("due-{}", target.name()),
        Matter::Alarm { .. } => "alarm".to_owned(),
        Matter::Reloaded { .. } => "reload".to_owned(),
        Matter::Restored(_) => "restoration".to_owned(),
        Matter::Poison { .. } => "poison".to_owned(),
    };
    let case = decision.case.map_or("none".to_owned(), |case| case.to_string());
    let letters: Vec<&str> = decision.letters.iter().map(|letter| letter.template.name()).collect();
    let letters = if letters.is_empty() { "none".to_owned() } else { letters.join(",") };
    format!("entry={} case={case} kind={kind} decision={} letters={letters}", event.entry, decision.verdict.name())
}

fn circumstances(policy: &Policy, store: &Store) -> Result<Circumstances> {
    let desk = &policy.desk;
    Ok(Circumstances {
        own_addresses: desk.own_addresses.clone(),
        own_lists: desk.own_lists.clone(),
        case_word: desk.reference.case_word.clone(),
        keyring: store.keyring()?,
        bounds: desk.limits.reading,
    })
}

/// Patterns are compiled when they are first needed. That is done here: the first message would otherwise seem to take
/// many times as long as the others, and be blamed for a death in that time (B4).
fn warm_up(circumstances: &Circumstances) {
    const SAMPLE: &[u8] = b"From: a@example.com\r\nSubject: Re: AW: x [Case 1]\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/alternative; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/plain\r\n\r\nHello,\r\n\r\nthank you. It works.\r\n\r\n-- \r\nA\r\n\r\n\
        On Mon, 2 Nov 2026 at 10:00, B <b@example.com> wrote:\r\n> ref:0:ref\r\n>> Deeper.\r\n\r\n\
        -----Original Message-----\r\nFrom: C\r\nSubject: x\r\n\r\nMore.\r\n\
        --b\r\nContent-Type: text/html\r\n\r\n<p>Hello</p><blockquote>More</blockquote>\r\n--b--\r\n";
    let _ = unwound(|| mail::read(SAMPLE, circumstances));
}

/// Runs pure code so that a panic becomes a fault of the entry.
fn unwound<T>(work: impl FnOnce() -> T) -> std::result::Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        format!("Reading or deciding panicked: {}", text.unwrap_or("no message"))
    })
}

/// A store error, told once, with what to do; the caller stops.
pub fn tell(error: &StoreError) {
    error!("{error}");
}

impl Engine {
    /// Notes what is wrong at `source` for `status`; None: it is well again.
    pub fn trouble(&self, source: &str, text: Option<&str>) -> Result<()> {
        self.store.write(|tx| tx.set_trouble(source, text, self.clock.now()))
    }
}
