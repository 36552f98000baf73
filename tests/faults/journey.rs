//! The journey that is disturbed, and what must be left of it whatever disturbed it.

use std::collections::BTreeMap;

use postcase::case::{CaseNumber, EntryId};

use crate::desk::Desk;
use crate::smtp_sink::Received;
use crate::wire::{Harm, Spot};

/// What a journey left behind, in a form that is the same for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Number, queue, phase, subject of each case; audience, kind and author of each post.
    pub cases: Vec<String>,
    /// Bytes of all mails together that are other ones in the journal than they were in the mailbox.
    pub changed: usize,
    /// By UID: what became of it.
    pub ledger: Vec<String>,
    pub decisions: BTreeMap<String, u64>,
    /// Subjects.
    pub inbox: Vec<String>,
    pub processed: Vec<String>,
    pub sent: Vec<String>,
    /// Recipient, template and subject of each mail that was queued, and how often the server took it.
    pub mails: BTreeMap<String, usize>,
    /// The same of those whose fate was unknown at some time.
    pub unknown: Vec<String>,
}

/// A mail arrives, is acknowledged and filed; its writer adds something while the mailbox idles; Kevin answers, and a
/// copy goes into the Sent folder; somebody else writes. One thing at a time, so that the commands are always the same.
pub fn play(desk: &mut Desk, fault: Option<&Spot>) -> Result<Outcome, String> {
    let anna = mail("anna", "first", "The printer burns", "", 40);
    let bela = mail("bela", "third", "An invoice", "", 5);
    desk.deliver(&anna);
    desk.start();
    desk.wait_until_quiet(1)?;
    let acknowledged = desk.sink.taken().pop().ok_or("no acknowledgement was taken")?;
    let thread = format!("In-Reply-To: {}\r\n", header(&acknowledged.bytes, "Message-ID"));
    let more = mail("anna", "second", &format!("Re: {}", header(&acknowledged.bytes, "Subject")), &thread, 300);
    desk.deliver(&more);
    desk.wait_until_quiet(2)?;
    desk.answer(CaseNumber(10_001), "Please use the extinguisher.");
    desk.wait_until_quiet(3)?;
    desk.deliver(&bela);
    desk.wait_until_quiet(4)?;
    // What comes again and again as long as it idles comes for sure; how often a server says something unasked, nobody
    // knows.
    if fault.is_some_and(|spot| spot.verb != "push") {
        desk.wait("the fault", |_| Ok(desk.has_struck()))?;
        desk.wait_until_quiet(4)?;
    }
    desk.stop();
    desk.sink.wait_until_quiet();
    Outcome::of(desk, &[anna, more, bela])
}

/// A mail with so many lines. What stands in its middle is text.
fn mail(from: &str, id: &str, subject: &str, more: &str, lines: usize) -> Vec<u8> {
    let text = "It goes on and on, line after line, and says nothing more.\r\n".repeat(lines);
    format!(
        "Return-Path: <{from}@customer.test>\r\nFrom: {from} <{from}@customer.test>\r\nTo: support@desk.test\r\n\
         Subject: {subject}\r\nMessage-ID: <{id}@customer.test>\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\n{more}\r\n\
         Please help.\r\n\r\n{text}"
    )
    .into_bytes()
}

fn header(bytes: &[u8], name: &str) -> String {
    let text = String::from_utf8_lossy(bytes);
    let found = text.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    found.unwrap_or_default().to_owned()
}

impl Outcome {
    fn of(desk: &Desk, came: &[Vec<u8>]) -> Result<Outcome, String> {
        let engine = desk.engine();
        let store = engine.store();
        let counts = store.counts().expect("counts");
        let sum: u64 = counts.decisions.values().sum();
        assert_eq!((sum, counts.waiting, counts.held), (counts.entries, 0, 0), "the sum of decisions: {counts:?}");
        let shown: u64 = counts.mailboxes.iter().map(|mailbox| mailbox.shown).sum();
        assert_eq!(shown, 3, "each UID has one row: {counts:?}");
        assert_eq!((counts.outbox.waiting, counts.outbox.deferred, counts.outbox.refused), (0, 0, 0), "{counts:?}");
        // The clock runs ahead by hours here, so that what is told after a time of silence may be told.
        let of_delivery = |source: &str| ["smtp", "sent folder"].contains(&source);
        let trouble = counts.troubles.iter().find(|trouble| of_delivery(&trouble.source));
        assert!(trouble.is_none(), "what was trouble is over: {trouble:?}");
        let taken = desk.sink.taken();
        let text = |sql: &str| desk.lines(sql);
        let mut mails = BTreeMap::new();
        let mut unknown = Vec::new();
        for line in text(QUEUED) {
            let mut cells = line.splitn(3, ' ');
            let (id, fate) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
            let name = cells.next().unwrap_or_default().to_owned();
            let copies: Vec<&Received> =
                taken.iter().filter(|mail| header(&mail.bytes, "Message-ID") == format!("<{id}>")).collect();
            assert!(copies.windows(2).all(|two| two[0].bytes == two[1].bytes), "copies of a mail are equal");
            if fate != "0" {
                unknown.push(name.clone());
            }
            assert!(mails.insert(name.clone(), copies.len()).is_none(), "queued twice: {name}");
        }
        assert_eq!(mails.values().sum::<usize>(), taken.len(), "every mail that was taken had been queued");
        let journalled: Vec<Vec<u8>> =
            (1..=counts.entries).filter_map(|entry| store.raw(EntryId(entry)).expect("the database works")).collect();
        let lengths = |mails: &[Vec<u8>]| mails.iter().map(Vec::len).collect::<Vec<usize>>();
        if lengths(&journalled) != lengths(came) {
            return Err(format!("{:?} bytes came, {:?} are in the journal", lengths(came), lengths(&journalled)));
        }
        let mut client = desk.client();
        Ok(Outcome {
            cases: text(CASES),
            changed: journalled.concat().iter().zip(came.concat()).filter(|(one, other)| **one != *other).count(),
            ledger: text("SELECT uid || ' ' || fate || ' ' || filing || ' ' || tries FROM ledger ORDER BY uid"),
            decisions: counts.decisions,
            inbox: client.subjects("INBOX"),
            processed: client.subjects("Processed"),
            sent: client.subjects("Sent"),
            mails,
            unknown,
        })
    }

    /// What may be different, and what may not, after one harm.
    pub fn compare(&self, clean: &Outcome, spot: &Spot, harm: Harm) -> Result<(), String> {
        // L3, the one exception: the server may have the mail, and its word is lost. The same bytes go again.
        let in_the_gap = spot.verb == "text" && self.unknown.len() == 1;
        for (mail, copies) in &self.mails {
            let at_most = if in_the_gap && self.unknown.contains(mail) { 2 } else { 1 };
            if !(1..=at_most).contains(copies) {
                return Err(format!("{copies} copies of {mail}"));
            }
        }
        if !self.unknown.is_empty() && !in_the_gap {
            return Err(format!("an unknown fate: {:?}", self.unknown));
        }
        // A wire that changes a byte of a mail and no length cannot be noticed: it is taken in as it came, once. A length
        // that is wrong is noticed, and the mail fetched again. Whoever wants to be safe from both uses TLS.
        let may_change = spot.verb == "UID FETCH" && harm == Harm::CorruptMiddle;
        if self.changed > usize::from(may_change) {
            return Err(format!("{} bytes are not as they came", self.changed));
        }
        let comparable = |outcome: &Outcome| {
            (
                outcome.cases.clone(),
                outcome.ledger.clone(),
                outcome.decisions.clone(),
                outcome.inbox.clone(),
                outcome.processed.clone(),
                outcome.sent.clone(),
                outcome.mails.keys().cloned().collect::<Vec<_>>(),
            )
        };
        if comparable(self) != comparable(clean) {
            return Err(format!(
                "another outcome:\n{:#?}\n\nwithout the fault:\n{:#?}",
                comparable(self),
                comparable(clean)
            ));
        }
        Ok(())
    }
}

const CASES: &str = "SELECT c.number || ' ' || c.queue || ' ' || c.phase || ' ' || c.acknowledged || ' ' || c.subject || ': ' || \
    (SELECT group_concat(p.kind || ' by ' || coalesce(p.address, p.author, '-'), ', ') FROM post p WHERE p.case_number = c.number) \
    FROM cases c ORDER BY c.number";
const QUEUED: &str = "SELECT s.message_id || ' ' || o.unknown || ' ' || s.template || ' for ' || r.address || ' about case ' || p.case_number \
    FROM sent s JOIN outbox o ON o.id = s.id JOIN sent_recipient r ON r.sent = s.id JOIN post p ON p.id = s.post ORDER BY s.id";
