//! A stand-in for the store, small enough to be seen to be right: builds snapshots, carries effects out.

mod effects;
mod mail;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
pub use mail::Mail;
use postcase::case::decision::LinkKind;
use postcase::case::event::{Arrived, Commands, Matter, Undeliverable};
use postcase::case::snapshot::{CaseFacts, EntryFacts, KnownMessage, KnownSent, Reached, SpeakerFacts, Told};
use postcase::case::{
    Audience, By, CaseNumber, Command, Decision, EntryId, Event, NewPost, Phase, Snapshot, Verb, Verdict,
};
use postcase::decide::decide;
use postcase::link::speaker;
use postcase::link::staff::footprint;
use postcase::mail::{Address, Bounds, Language, MessageId, Named, Pointer, SentId, ThreadIndex};
use postcase::rules::{
    Acknowledgement, ChangedSubject, Desk, Limits, Notices, Policy, Queue, ReferenceStyle, ReversePath,
};

pub const DESK: &str = "support@desk.example";
pub const SALES: &str = "sales@desk.example";
pub const FORM: &str = "form@web.example";

pub fn address(text: &str) -> Address {
    Address::parse(text).expect("tests write good addresses")
}

pub fn named(text: &str) -> Named {
    Named { name: None, address: address(text) }
}

pub fn id(text: &str) -> MessageId {
    MessageId(text.to_owned())
}

pub fn policy() -> Policy {
    let queue = |name: &str, own: &str| Queue {
        name: name.to_owned(),
        label: name.to_owned(),
        addresses: vec![address(own)],
        from: None,
        reopen_days: 14,
        changed_subject: ChangedSubject::Note,
    };
    let desk = Desk {
        name: "Example Support".to_owned(),
        address: address(DESK),
        languages: vec![Language("en".to_owned()), Language("de".to_owned())],
        answer_time: BTreeMap::from([(Language("en".to_owned()), "within a day".to_owned())]),
        signature: BTreeMap::new(),
        own_lists: Vec::new(),
        form_senders: vec![address(FORM), address(SALES)],
        own_addresses: vec![address(DESK), address(SALES)],
        trust: BTreeMap::new(),
        priorities: vec!["normal".to_owned(), "high".to_owned()],
        priority: "normal".to_owned(),
        reference: ReferenceStyle { case_word: "Case".to_owned(), first_number: 10, plus_addressing: false },
        acknowledgement: Acknowledgement {
            enabled: true,
            reverse_path: ReversePath::Null,
            per_address_hour: 3,
            per_address_day: 10,
            per_desk_hour: 100,
        },
        notices: Notices::default(),
        hours: postcase::case::Calendar::default(),
        limits: Limits {
            message_bytes: 25 * 1024 * 1024,
            reading: Bounds::default(),
            participants: 4,
            sent_per_hour: 100,
            reopenings: 2,
        },
        queues: vec![queue("support", DESK), queue("sales", SALES)],
    };
    Policy {
        desk,
        staff: Vec::new(),
        rules: Vec::new(),
        templates: BTreeMap::new(),
        hash: "policy".to_owned(),
        files: BTreeMap::new(),
    }
}

pub struct Ledger {
    pub policy: Policy,
    pub now: Timestamp,
    pub messages: Vec<KnownMessage>,
    pub cases: BTreeMap<CaseNumber, CaseFacts>,
    pub aliases: BTreeMap<CaseNumber, CaseNumber>,
    pub links: Vec<(CaseNumber, CaseNumber, LinkKind)>,
    pub posts: Vec<NewPost>,
    pub sent: Vec<KnownSent>,
    pub held: BTreeSet<EntryId>,
    pub undeliverable: BTreeSet<Address>,
    pub speaker: SpeakerFacts,
    /// Automatic answers that addresses had within the hour, beside those of the originator.
    pub answered: BTreeMap<Address, u32>,
    pub decisions: Vec<Decision>,
    /// Commands that decisions put into the journal.
    pub asked: Vec<Command>,
    next_number: u64,
    /// Whether a person asked for what happens now.
    by_hand: bool,
}

impl Ledger {
    pub fn new() -> Ledger {
        Ledger {
            policy: policy(),
            now: "2026-03-02T09:00:00Z".parse().expect("a constant"),
            messages: Vec::new(),
            cases: BTreeMap::new(),
            aliases: BTreeMap::new(),
            links: Vec::new(),
            posts: Vec::new(),
            sent: Vec::new(),
            held: BTreeSet::new(),
            undeliverable: BTreeSet::new(),
            speaker: SpeakerFacts::default(),
            answered: BTreeMap::new(),
            decisions: Vec::new(),
            asked: Vec::new(),
            next_number: 10,
            by_hand: false,
        }
    }

    pub fn quiet() -> Ledger {
        let mut ledger = Ledger::new();
        ledger.policy.desk.acknowledgement.enabled = false;
        ledger
    }

    pub fn pass_days(&mut self, days: i64) {
        self.now += SignedDuration::from_hours(24 * days);
    }

    pub fn mail(&mut self, mail: &Mail) -> Decision {
        self.play(Matter::Mail(mail.0.clone()), None)
    }

    pub fn command(&mut self, verb: Verb) -> Decision {
        let names = match &verb {
            Verb::Release { entry } | Verb::ReleaseAsText { entry } | Verb::Discard { entry, .. } => Some(*entry),
            Verb::On { .. }
            | Verb::Backup { .. }
            | Verb::RetryOutbox { .. }
            | Verb::PauseOutbox
            | Verb::ResumeOutbox => None,
        };
        self.play(Matter::Command(Command { by: "kevin".to_owned(), verb }), names)
    }

    pub fn release(&mut self, entry: EntryId, mail: &Mail) -> Decision {
        let (by, mail) = ("kevin".to_owned(), mail.0.clone());
        self.play(Matter::Released { by, entry, mail, commands: Commands::Carried }, Some(entry))
    }

    pub fn refuse(&mut self, refused: Undeliverable) -> Decision {
        self.play(Matter::Undeliverable(refused), None)
    }

    pub fn play(&mut self, matter: Matter, names: Option<EntryId>) -> Decision {
        let entry = EntryId(self.decisions.len() as u64 + 1);
        self.now += SignedDuration::from_secs(1);
        let event = Event { entry, received: self.now, matter };
        let by_staff = |arrived: &Arrived| {
            arrived.reading.message.from.iter().any(|from| self.policy.staff_at(&from.address).is_some())
        };
        self.by_hand = match &event.matter {
            Matter::Command(_) => true,
            Matter::Mail(arrived) => by_staff(arrived),
            _ => false,
        };
        let snapshot = self.snapshot(&event, names);
        let decision = decide(&self.policy, &snapshot, &event, self.now);
        assert_eq!(decision, decide(&self.policy, &snapshot, &event, self.now), "deciding is pure");
        assert!(!decision.trace.is_empty(), "every decision says why");
        if let Matter::Mail(arrived) = &event.matter {
            self.index(entry, arrived, decision.verdict);
        }
        self.apply(&decision);
        decision
    }

    fn index(&mut self, entry: EntryId, arrived: &Arrived, verdict: Verdict) {
        let print = footprint(&arrived.reading, &self.policy, self.policy.desk.hours.day(self.now));
        self.messages.push(KnownMessage {
            entry,
            message_id: print.message_id,
            refers_to: print.refers_to,
            thread: print.thread,
            content_hash: arrived.reading.content_hash.clone(),
            originator: print.originator,
            addresses: print.addresses,
            case: None,
            post: None,
            subject: None,
            audience: None,
            kind: None,
            verdict: Some(verdict),
            unproven: false,
        });
    }

    pub fn snapshot(&self, event: &Event, names: Option<EntryId>) -> Snapshot {
        let arrived = match &event.matter {
            Matter::Mail(arrived) | Matter::Released { mail: arrived, .. } => Some(arrived),
            Matter::Command(_)
            | Matter::Undeliverable(_)
            | Matter::Due { .. }
            | Matter::Alarm { .. }
            | Matter::Reloaded { .. }
            | Matter::Restored(_)
            | Matter::Poison { .. } => None,
        };
        let mut speaker_facts = self.speaker.clone();
        let from = arrived.and_then(|arrived| speaker(&arrived.reading.message, &self.policy));
        speaker_facts.undeliverable = from.is_some_and(|named| self.undeliverable.contains(&named.address));
        let asked = || {
            let clues = arrived.into_iter().flat_map(|arrived| &arrived.reading.clues);
            let mut sent = clues.filter_map(|clue| match clue.pointer {
                Pointer::Sent(id) => self.sent.iter().find(|sent| sent.id == id),
                Pointer::Id(_) | Pointer::Thread(_) | Pointer::Number(_) => None,
            });
            sent.find_map(|sent| sent.asks)
        };
        let corrected = names
            .or_else(asked)
            .and_then(|entry| self.messages.iter().find(|known| known.entry == entry))
            .map(|known| EntryFacts {
                entry: known.entry,
                verdict: known.verdict.expect("only decided entries are here"),
                held: self.held.contains(&known.entry),
                is_mail: true,
                case: known.case,
            });
        let refused = match &event.matter {
            Matter::Undeliverable(refused) => self.sent.iter().find(|sent| sent.id.0 == refused.mail.0).cloned(),
            Matter::Mail(_)
            | Matter::Command(_)
            | Matter::Released { .. }
            | Matter::Due { .. }
            | Matter::Alarm { .. }
            | Matter::Reloaded { .. }
            | Matter::Restored(_)
            | Matter::Poison { .. } => None,
        };
        Snapshot {
            next_number: self.next_number,
            sent: self.sent.clone(),
            messages: arrived.map(|arrived| self.component(arrived)).unwrap_or_default(),
            messages_cut: false,
            cases: self.cases.values().cloned().collect(),
            aliases: self.aliases.iter().map(|(old, now)| (*old, *now)).collect(),
            speaker: speaker_facts,
            desk_answers_hour: 0,
            told: self.told(),
            forwarded: arrived.map(|arrived| self.forwarded(arrived)).unwrap_or_default(),
            others: self.others(),
            corrected,
            posts: self.posts.iter().map(|post| self.post_facts(post)).collect(),
            post_counts: self.cases.keys().map(|case| (*case, self.substance(*case))).collect(),
            apart: self.links.iter().filter(|link| link.2 == LinkKind::Apart).map(|link| (link.0, link.1)).collect(),
            refused,
            restored: Vec::new(),
        }
    }

    fn reached(&self, address: &Address) -> Reached {
        let answers = self.answered.get(address).copied().unwrap_or_default();
        let undeliverable = self.undeliverable.contains(address);
        Reached { address: address.clone(), answers_hour: answers, answers_day: answers, undeliverable }
    }

    fn forwarded(&self, arrived: &Arrived) -> SpeakerFacts {
        let print = footprint(&arrived.reading, &self.policy, self.policy.desk.hours.day(self.now));
        let Some(Reached { answers_hour, answers_day, undeliverable, .. }) =
            print.handed_on.map(|author| self.reached(&author))
        else {
            return SpeakerFacts::default();
        };
        SpeakerFacts { answers_hour, answers_day, undeliverable, ..SpeakerFacts::default() }
    }

    fn others(&self) -> Vec<Reached> {
        let closed = self.cases.values().filter(|case| case.phase == Phase::Closed);
        closed.flat_map(|case| &case.participants).map(|one| self.reached(&one.who.address)).collect()
    }

    fn told(&self) -> Vec<Told> {
        let lately = self.sent.iter().filter(|sent| self.now.duration_since(sent.at) < SignedDuration::from_hours(1));
        let mut told: BTreeMap<String, Told> = BTreeMap::new();
        for (person, asks) in lately.filter_map(|sent| Some((sent.person.clone()?, sent.asks.is_some()))) {
            let new = Told { person: person.clone(), notices: 0, questions: 0 };
            let one = told.entry(person).or_insert(new);
            one.questions += u32::from(asks);
            one.notices += u32::from(!asks);
        }
        told.into_values().collect()
    }

    /// Everything that shares an id or a thread with the mail, directly or through others.
    fn component(&self, arrived: &Arrived) -> Vec<KnownMessage> {
        let print = footprint(&arrived.reading, &self.policy, self.policy.desk.hours.day(self.now));
        let mut ids: BTreeSet<MessageId> = print.message_id.into_iter().chain(print.refers_to).collect();
        let mut threads: BTreeSet<ThreadIndex> = print.thread.into_iter().collect();
        let mut found: BTreeSet<EntryId> = BTreeSet::new();
        loop {
            let before = found.len();
            for known in &self.messages {
                let own: Vec<&MessageId> = known.message_id.iter().chain(&known.refers_to).collect();
                let same_thread = known.thread.as_ref().is_some_and(|thread| threads.contains(thread));
                if same_thread || own.iter().any(|id| ids.contains(*id)) {
                    found.insert(known.entry);
                    ids.extend(own.into_iter().cloned());
                    threads.extend(known.thread.clone());
                }
            }
            if found.len() == before {
                return self.messages.iter().filter(|known| found.contains(&known.entry)).cloned().collect();
            }
        }
    }

    fn apply(&mut self, decision: &Decision) {
        for effect in &decision.effects {
            self.perform(effect);
        }
        for letter in &decision.letters {
            let recipients = letter.to.iter().chain(&letter.cc).map(|named| named.address.clone()).collect();
            self.sent.push(KnownSent {
                id: letter.id,
                case: letter.case,
                post: letter.post,
                audience: letter.audience,
                recipients,
                person: letter.person.clone(),
                exposed: false,
                asks: letter.asks,
                question: letter.question,
                at: letter.at,
                about: letter.post.and_then(|post| self.posts.iter().find(|known| known.id == post)).map(|it| it.kind),
            });
            if letter.person.is_some() {
                continue;
            }
            let Some(number) = letter.case else { continue };
            let case = self.cases.get_mut(&number).expect("letters are about cases that exist");
            case.written_about = true;
            case.acknowledged |= letter.hand == postcase::case::letter::Hand::Machine;
        }
        if decision.verdict == Verdict::Reopen {
            let number = decision.case.expect("a reopened case has a number");
            self.cases.get_mut(&number).expect("it exists").reopened += 1;
        }
        self.decisions.push(decision.clone());
    }

    /// The only case, or the one that `number` became.
    pub fn case(&self, number: u64) -> &CaseFacts {
        let number = CaseNumber(number);
        &self.cases[self.aliases.get(&number).unwrap_or(&number)]
    }

    /// Puts a mail that we sent about `case` on record.
    pub fn sent(&mut self, id: u64, case: u64, audience: Audience, recipients: &[&str]) -> Pointer {
        let post = self.posts.iter().find(|post| post.case.0 == case).expect("cases have posts").id;
        let recipients = recipients.iter().map(|one| address(one)).collect();
        self.sent.push(KnownSent {
            id: SentId(id),
            case: Some(CaseNumber(case)),
            post: Some(post),
            audience,
            recipients,
            person: None,
            exposed: false,
            asks: None,
            question: None,
            at: self.now,
            about: None,
        });
        Pointer::Sent(SentId(id))
    }

    pub fn participants(&self, number: u64) -> Vec<&str> {
        self.case(number).participants.iter().map(|one| one.who.address.as_str()).collect()
    }
}

fn new_case(number: CaseNumber, queue: &str, subject: &str, language: Option<Language>, at: Timestamp) -> CaseFacts {
    CaseFacts {
        number,
        queue: queue.to_owned(),
        phase: Phase::New,
        status: "new".to_owned(),
        subject: subject.to_owned(),
        language,
        participants: Vec::new(),
        acknowledged: false,
        written_about: false,
        opened: at,
        closed: None,
        last_author: None,
        assignee: None,
        assigned_by: By::Default,
        priority: None,
        prioritised_by: By::Default,
        queued_by: By::Default,
        tags: Vec::new(),
        followers: Vec::new(),
        last_answer: None,
        last_post: None,
        quotes_from: None,
        last_message_id: None,
        message_ids: Vec::new(),
        reopened: 0,
        followed_by: None,
        timers: Vec::new(),
    }
}
