//! L5, B6: the same conversations come out, whatever the order, the repeats and the mailbox.

use std::collections::{BTreeMap, BTreeSet};

use postcase::case::{Verdict, decision::LinkKind, event::Commands, event::Matter};
use postcase::mail::Kind;
use proptest::prelude::*;
use proptest::sample::{Index, subsequence};

use crate::ledger::{Ledger, Mail};

const PEOPLE: [&str; 7] = [
    "anna@shop.example",
    "bob@shop.example",
    "carl@law.example",
    "dora@gmail.com",
    "emil@gmail.com",
    "fay@yahoo.co.jp",
    "noreply@alerts.example",
];

/// A mail of a conversation: what it answers, who writes, who else reads, which links to its ancestors it kept, and
/// whether we ever see it.
#[derive(Debug, Clone)]
struct Written {
    parent: Option<Index>,
    author: usize,
    readers: Vec<usize>,
    reply_all: bool,
    whole_chain: bool,
    seen: bool,
    /// Written in Outlook, which carries the thread on and begins one where there is none.
    outlook: bool,
    /// In-Reply-To and References got lost on the way.
    ids_lost: bool,
    /// Shares its Message-ID with the one written before, as broken programs do.
    reused_id: bool,
}

fn written() -> impl Strategy<Value = Written> {
    (
        prop::option::weighted(0.8, any::<Index>()),
        0..PEOPLE.len(),
        subsequence((0..PEOPLE.len()).collect::<Vec<_>>(), 0..3),
        prop::bool::weighted(0.7),
        prop::bool::weighted(0.6),
        prop::bool::weighted(0.8),
        (prop::bool::weighted(0.4), prop::bool::weighted(0.2), prop::bool::weighted(0.05)),
    )
        .prop_map(|(parent, author, readers, reply_all, whole_chain, seen, (outlook, ids_lost, reused_id))| {
            Written { parent, author, readers, reply_all, whole_chain, seen, outlook, ids_lost, reused_id }
        })
}

/// The mails that reach us. Each is written after its parent, by anybody, to the desk and to others.
fn mails(written: &[Written]) -> Vec<Mail> {
    let mut made: Vec<(String, Vec<String>, BTreeSet<usize>)> = Vec::new();
    let mut threads: Vec<Option<String>> = Vec::new();
    let mut seen = Vec::new();
    for (number, one) in written.iter().enumerate() {
        let parent = one.parent.filter(|_| number > 0).map(|index| index.index(number));
        let (mut chain, mut readers) = (Vec::new(), one.readers.iter().copied().collect::<BTreeSet<usize>>());
        if let Some((id, ancestors, people)) = parent.map(|parent| &made[parent]) {
            if one.whole_chain {
                chain.clone_from(ancestors);
            }
            chain.push(id.clone());
            if one.reply_all {
                readers.extend(people);
            }
        }
        let begun = parent.and_then(|parent| threads[parent].clone());
        let thread = one.outlook.then(|| begun.unwrap_or_else(|| format!("thread {number}")));
        let before = number.checked_sub(1).filter(|_| one.reused_id).map(|before| made[before].0.clone());
        let id = before.unwrap_or_else(|| format!("m{number}"));
        readers.insert(one.author);
        if one.seen {
            let ids: Vec<&str> = chain.iter().filter(|_| !one.ids_lost).map(String::as_str).collect();
            let copies: Vec<&str> =
                readers.iter().filter(|reader| **reader != one.author).map(|reader| PEOPLE[*reader]).collect();
            let mail = Mail::new(&id, PEOPLE[one.author]).cc(&copies).replies_to(&ids);
            let mail = thread.iter().fold(mail, |mail, thread| mail.thread(thread));
            seen.push(mail.with(|arrived| arrived.reading.content_hash = format!("content {number}")));
        }
        made.push((id, chain, readers));
        threads.push(thread);
    }
    seen
}

/// Every mail at least once, some twice and in another mailbox, in any order.
fn deliveries(count: usize) -> impl Strategy<Value = Vec<(usize, bool)>> {
    let again = prop::collection::vec((0..count.max(1), any::<bool>()), 0..4);
    again
        .prop_map(move |again| {
            let once = (0..count).map(|number| (number, false));
            once.chain(again.into_iter().filter(|(number, _)| *number < count)).collect::<Vec<_>>()
        })
        .prop_shuffle()
}

type Story = (Vec<Mail>, Vec<(usize, bool)>, Vec<(usize, bool)>);

fn story() -> impl Strategy<Value = Story> {
    prop::collection::vec(written(), 1..12).prop_flat_map(|written| {
        let mails = mails(&written);
        let count = mails.len();
        (Just(mails), deliveries(count), deliveries(count))
    })
}

fn deliver(mut ledger: Ledger, mails: &[Mail], order: &[(usize, bool)]) -> Ledger {
    for (number, elsewhere) in order {
        let mail = mails[*number].clone();
        ledger.mail(&mail.with(|arrived| {
            if *elsewhere {
                arrived.mailbox = Some("sales".to_owned());
            }
        }));
    }
    ledger
}

/// Which mails lie together, by their content; `joined` says which cases count as one.
fn partition(ledger: &Ledger, joined: &BTreeMap<u64, u64>) -> BTreeSet<BTreeSet<String>> {
    let mut together: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
    for known in &ledger.messages {
        let case = known.case.expect("no message is lost").0;
        let case = joined.get(&case).copied().unwrap_or(case);
        together.entry(case).or_default().insert(known.content_hash.clone());
    }
    together.into_values().collect()
}

/// Cases that are one through merging or proposed merging, each with the lowest number among them.
fn joined(ledger: &Ledger) -> BTreeMap<u64, u64> {
    let mut lowest: BTreeMap<u64, u64> = ledger.cases.keys().map(|number| (number.0, number.0)).collect();
    loop {
        let before = lowest.clone();
        for (from, to, kind) in &ledger.links {
            let now = |number: &postcase::case::CaseNumber| ledger.case(number.0).number.0;
            let (from, to) = (now(from), now(to));
            if *kind == LinkKind::SameConversation {
                let low = lowest[&from].min(lowest[&to]);
                lowest.insert(from, low);
                lowest.insert(to, low);
            }
        }
        if before == lowest {
            return lowest;
        }
    }
}

fn every_mail_is_one_post(ledger: &Ledger, mails: &[Mail]) -> Result<(), TestCaseError> {
    let contents: BTreeSet<&str> = mails.iter().map(|mail| mail.0.reading.content_hash.as_str()).collect();
    prop_assert_eq!(ledger.posts.len(), contents.len());
    for known in &ledger.messages {
        let own = ledger.posts.iter().filter(|post| post.entry == known.entry).count();
        prop_assert_eq!(own, usize::from(known.verdict != Some(Verdict::Duplicate)));
        prop_assert!(known.post.is_some() && known.case.is_some());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn without_acknowledgements_the_same_cases_come_out((mails, one, other) in story()) {
        let one = deliver(Ledger::quiet(), &mails, &one);
        let other = deliver(Ledger::quiet(), &mails, &other);
        every_mail_is_one_post(&one, &mails)?;
        every_mail_is_one_post(&other, &mails)?;
        prop_assert!(one.links.iter().all(|(_, _, kind)| *kind == LinkKind::Related));
        prop_assert_eq!(partition(&one, &BTreeMap::new()), partition(&other, &BTreeMap::new()));
    }

    #[test]
    fn with_acknowledgements_the_same_conversations_come_out((mails, one, other) in story()) {
        let one = deliver(Ledger::new(), &mails, &one);
        let other = deliver(Ledger::new(), &mails, &other);
        every_mail_is_one_post(&one, &mails)?;
        prop_assert_eq!(partition(&one, &joined(&one)), partition(&other, &joined(&other)));
        for number in one.cases.keys() {
            let letters = one.decisions.iter().flat_map(|decision| &decision.letters);
            prop_assert!(letters.filter(|letter| letter.case == Some(*number)).count() <= 1);
        }
    }

    #[test]
    fn among_people_who_answer_all_the_order_does_not_tell_who_takes_part((mails, one, other) in story()) {
        let mut all: Vec<String> =
            mails.iter().flat_map(|mail| &mail.0.reading.message.from).map(|from| from.address.to_string()).collect();
        all.sort();
        all.dedup();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let mails: Vec<Mail> = mails.into_iter().map(|mail| mail.cc(&all)).collect();
        let people = |ledger: &Ledger| -> BTreeSet<BTreeSet<String>> {
            let of = |case: &postcase::case::snapshot::CaseFacts| {
                case.participants.iter().map(|one| one.who.address.to_string()).collect()
            };
            ledger.cases.values().map(of).collect()
        };
        let unbounded = || {
            let mut ledger = Ledger::quiet();
            ledger.policy.desk.limits.participants = 100;
            ledger
        };
        let one = deliver(unbounded(), &mails, &one);
        let other = deliver(unbounded(), &mails, &other);
        prop_assert_eq!(people(&one), people(&other));
    }

    #[test]
    fn machines_are_never_answered((mails, order, kinds) in story().prop_flat_map(|(mails, order, _)| {
        let kinds = prop::collection::vec(prop::sample::select(vec![
            Kind::AutoReply, Kind::AutoGenerated, Kind::DeliveryReport, Kind::DispositionReport,
            Kind::FeedbackReport, Kind::List, Kind::Own, Kind::Correspondence,
        ]), mails.len());
        (Just(mails), Just(order), kinds)
    })) {
        let mails: Vec<Mail> = mails.into_iter().zip(&kinds).map(|(mail, kind)| mail.kind(*kind)).collect();
        let mut ledger = Ledger::new();
        for (number, _) in order {
            let decision = ledger.mail(&mails[number]);
            if kinds[number] != Kind::Correspondence {
                prop_assert!(decision.letters.is_empty());
                prop_assert_ne!(decision.verdict, Verdict::Reopen);
            }
            let entry = ledger.messages.last().unwrap().entry;
            let released = ledger.play(
                Matter::Released {
                    by: "kevin".to_owned(),
                    entry,
                    mail: mails[number].0.clone(),
                    commands: Commands::Carried,
                },
                Some(entry),
            );
            prop_assert!(kinds[number] == Kind::Correspondence || released.letters.is_empty());
            prop_assert!(ledger.messages.last().unwrap().case.is_some());
        }
    }
}
