//! A ledger in memory, which outlives the followers that write into it, as the database outlives the process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use postcase::mailbox::{Arrival, Body, Fate, Intake, Mark, Opened, Request, Resume, State};
use tokio::sync::mpsc;

use crate::lab::eventually;

#[derive(Clone, Default)]
pub struct Ledger(Arc<Mutex<Book>>);

#[derive(Default)]
pub struct Book {
    /// By UIDVALIDITY.
    pub folders: BTreeMap<u32, Folder>,
    pub opened: Vec<Opened>,
    pub states: Vec<State>,
    /// What the server was said to hold beyond the ledger, at each comparison.
    pub differs: Vec<Vec<u32>>,
    /// UIDs in the order in which they got their first row, all UIDVALIDITYs.
    pub order: Vec<u32>,
    /// How many messages came in one request, at most.
    pub largest_group: usize,
    /// Arrivals are received and not committed, as by an engine that is about to die.
    pub holding: bool,
    pub held_back: usize,
    /// The engine has stopped.
    pub closed: bool,
}

#[derive(Default)]
pub struct Folder {
    pub rows: BTreeMap<u32, Row>,
    pub filed: BTreeSet<u32>,
    pub skip_below: Option<u32>,
}

#[derive(Debug, Clone)]
pub enum Row {
    Arrived(Arrival),
    Vanished,
    Skipped { header_hash: String, size: u64, message_id: Option<String> },
    Failing { tries: u32, reason: String },
}

impl Ledger {
    /// A new process: what the old one had asked is forgotten.
    pub fn open(&self) -> mpsc::Sender<Request> {
        let (sender, mut requests) = mpsc::channel(4);
        let ledger = self.clone();
        tokio::spawn(async move {
            while let Some(request) = requests.recv().await {
                if ledger.book().closed {
                    return;
                }
                ledger.answer(request);
            }
        });
        sender
    }

    pub fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().expect("nobody panics with it")
    }

    fn answer(&self, request: Request) {
        let mut book = self.book();
        match request {
            Request::Opened(opened, reply) => {
                reply.send(book.resume(opened)).ok();
            }
            Request::Arrived(arrivals, reply) => {
                if book.holding {
                    // The reply is dropped much later, with the book: the mailbox waits.
                    book.held_back += 1;
                    std::mem::forget(reply);
                    return;
                }
                let whole = arrivals.iter().filter(|arrival| matches!(arrival.body, Body::Whole(_)));
                let may_be_filed = whole.map(|arrival| arrival.uid).collect();
                book.arrived(arrivals);
                reply.send(may_be_filed).ok();
            }
            Request::Marked(marks, reply) => {
                for mark in marks {
                    book.marked(mark);
                }
                reply.send(()).ok();
            }
            Request::Missing(uids, place, reply) => {
                let rows = book.folders.get(&place.uid_validity).map(|folder| &folder.rows);
                let held = |uid: &u32| rows.is_some_and(|rows| !matches!(rows.get(uid), None | Some(Row::Vanished)));
                let missing = uids.into_iter().filter(|uid| !held(uid));
                reply.send(missing.collect()).ok();
            }
            Request::Differs(_, uids) => book.differs.push(uids),
            Request::State(state) => book.states.push(state),
        }
    }

    pub fn arrivals(&self) -> Vec<Arrival> {
        let book = self.book();
        let rows = book.folders.values().flat_map(|folder| folder.rows.values());
        rows.filter_map(|row| if let Row::Arrived(arrival) = row { Some(arrival.clone()) } else { None }).collect()
    }

    /// Subjects of what came in, in UID order.
    pub fn subjects(&self) -> Vec<String> {
        self.arrivals().iter().map(|arrival| subject(&arrival.body)).collect()
    }

    pub fn row(&self, uid: u32) -> Option<Row> {
        self.book().folders.values().next_back().and_then(|folder| folder.rows.get(&uid).cloned())
    }

    pub fn filed(&self) -> Vec<u32> {
        self.book().folders.values().flat_map(|folder| folder.filed.iter().copied()).collect()
    }

    pub fn last_state(&self) -> Option<State> {
        self.book().states.last().cloned()
    }

    pub fn has_subjects(&self, subjects: &[&str]) {
        eventually(&format!("{subjects:?}, have {:?}", self.subjects()), || {
            (self.subjects() == subjects).then_some(())
        });
    }

    /// Waits until that many messages are in.
    pub fn has(&self, count: usize) {
        eventually(&format!("{count} messages"), || (self.arrivals().len() == count).then_some(()));
    }

    /// Waits until there was a trouble that contains `words`.
    pub fn has_trouble(&self, words: &str) -> String {
        eventually(&format!("a trouble about {words:?}, have {:?}", self.last_state()), || {
            let book = self.book();
            let mut troubles = book.states.iter().filter_map(|state| state.trouble.as_ref());
            troubles.find(|trouble| trouble.contains(words)).cloned()
        })
    }

    /// Waits for a pass that ended well after now.
    pub fn has_pass(&self) {
        let known = self.book().states.len();
        eventually("a pass without trouble", || {
            let book = self.book();
            book.states[known..].iter().any(|state| state.connected && state.read_until.is_some()).then_some(())
        });
    }
}

impl Book {
    fn resume(&mut self, opened: Opened) -> Resume {
        let first_start = self.folders.is_empty();
        let uid_next = opened.uid_next;
        let folder = self.folders.entry(opened.uid_validity).or_default();
        if first_start {
            folder.skip_below = uid_next;
        }
        self.opened.push(opened);
        let failing = folder.rows.iter().filter_map(|(uid, row)| match row {
            Row::Failing { tries, .. } if *tries < 3 => Some((*uid, *tries)),
            _ => None,
        });
        let unfiled = folder.rows.iter().filter(|(uid, row)| {
            matches!(row, Row::Arrived(Arrival { body: Body::Whole(_), .. })) && !folder.filed.contains(uid)
        });
        Resume {
            cursor: folder.rows.keys().next_back().copied().unwrap_or(0),
            first_start,
            skip_below: folder.skip_below,
            failing: failing.collect(),
            unfiled: unfiled.map(|(uid, _)| *uid).collect(),
        }
    }

    fn arrived(&mut self, arrivals: Vec<Arrival>) {
        self.largest_group = self.largest_group.max(arrivals.len());
        for arrival in arrivals {
            let folder = self.folders.entry(arrival.uid_validity).or_default();
            if !folder.rows.contains_key(&arrival.uid) {
                self.order.push(arrival.uid);
            }
            let old = folder.rows.insert(arrival.uid, Row::Arrived(arrival.clone()));
            assert!(!matches!(old, Some(Row::Arrived(_))), "UID {} came twice", arrival.uid);
        }
    }

    fn marked(&mut self, mark: Mark) {
        let folder = self.folders.entry(mark.uid_validity).or_default();
        let row = match mark.fate {
            Fate::Filed => {
                folder.filed.insert(mark.uid);
                return;
            }
            Fate::Vanished => Row::Vanished,
            Fate::Skipped { header_hash, size, message_id } => Row::Skipped { header_hash, size, message_id },
            Fate::Failing { reason } => {
                let tries = match folder.rows.get(&mark.uid) {
                    Some(Row::Failing { tries, .. }) => tries + 1,
                    _ => 1,
                };
                Row::Failing { tries, reason }
            }
        };
        if !folder.rows.contains_key(&mark.uid) {
            self.order.push(mark.uid);
        }
        folder.rows.insert(mark.uid, row);
    }
}

/// An intake whose first arrivals are committed only once the gate opens.
pub fn gated(ledger: &Ledger, gate: tokio::sync::oneshot::Receiver<()>) -> Intake {
    let (sender, mut requests) = mpsc::channel(4);
    let ledger = ledger.clone();
    tokio::spawn(async move {
        let mut gate = Some(gate);
        while let Some(request) = requests.recv().await {
            if matches!(request, Request::Arrived(..))
                && let Some(gate) = gate.take()
            {
                ledger.book().held_back += 1;
                gate.await.ok();
            }
            ledger.answer(request);
        }
    });
    Intake(sender)
}

pub fn subject(body: &Body) -> String {
    let (Body::Whole(raw) | Body::Head(raw)) = body;
    let text = String::from_utf8_lossy(raw);
    text.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap_or_default().to_owned()
}
