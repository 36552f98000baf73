//! Deciding is total: whatever a snapshot holds or lacks, there is a decision, it can be written down and read
//! again, and it changes only what is there.

use std::collections::BTreeSet;

use jiff::Timestamp;
use postcase::case::event::{Commands, Matter, Refusal, Undeliverable};
use postcase::case::letter::QuestionKind;
use postcase::case::snapshot::{EntryFacts, KnownMessage, KnownSent};
use postcase::case::{
    Action, Audience, CaseNumber, Command, Decision, Effect, EntryId, Event, OutboxId, Phase, PostId, PostKind,
    Snapshot, Target, Timer, Verb, Verdict,
};
use postcase::decide::decide;
use postcase::mail::{Clue, ClueKind, Kind, Pointer, SentId, ThreadIndex};
use proptest::prelude::*;
use proptest::sample::select;

use crate::ledger::{Ledger, Mail, address, id, policy};
use crate::staff::staff;

const PEOPLE: [&str; 5] =
    ["anna@shop.example", "bob@shop.example", "eve@gmail.com", "support@desk.example", "kevin@desk.example"];
const NEXT: u64 = 6;

fn audience() -> impl Strategy<Value = Audience> + Clone {
    select(vec![Audience::Public, Audience::Internal])
}

fn known_message() -> impl Strategy<Value = KnownMessage> {
    let ids = prop::collection::vec(0..5_u8, 0..4);
    let verdict = prop::option::of(select(vec![Verdict::Open, Verdict::Hold, Verdict::Recorded]));
    (0..9_u64, 0..5_u8, ids, select(PEOPLE.to_vec()), prop::option::of(0..NEXT), prop::option::of(audience()), verdict)
        .prop_map(|(entry, own, ids, from, case, audience, verdict)| KnownMessage {
            entry: EntryId(entry),
            message_id: (own > 0).then(|| id(&format!("m{own}"))),
            refers_to: ids.iter().map(|one| id(&format!("m{one}"))).collect(),
            thread: ids.first().map(|one| ThreadIndex(format!("t{one}"))),
            content_hash: format!("content {own}"),
            originator: Some(address(from)),
            addresses: vec![address(from)],
            case: case.map(CaseNumber),
            post: case.map(PostId),
            subject: case.map(|case| format!("Printer {case}")),
            audience,
            kind: None,
            unproven: verdict == Some(Verdict::Hold),
            verdict,
        })
}

fn known_sent() -> impl Strategy<Value = KnownSent> {
    (0..5_u64, 0..NEXT, audience(), select(PEOPLE.to_vec())).prop_map(|(id, case, audience, to)| KnownSent {
        id: SentId(id),
        case: Some(CaseNumber(case)),
        post: Some(PostId(case)),
        audience,
        recipients: vec![address(to)],
        person: (id % 2 == 0).then(|| "kevin".to_owned()),
        exposed: id == 4,
        asks: (id == 2).then_some(EntryId(3)),
        question: [Some(QuestionKind::Yours), Some(QuestionKind::Unclear)][(case % 2) as usize],
        at: Timestamp::UNIX_EPOCH,
        about: [Some(PostKind::MailIn), Some(PostKind::Note), None][(id % 3) as usize],
    })
}

/// Cases 1 to 5, of which some are there, with and without people, in every phase.
fn snapshot() -> impl Strategy<Value = Snapshot> {
    let phases = prop::collection::vec(prop::option::of((select(Phase::ALL.to_vec()), 0..5_u32)), (NEXT - 1) as usize);
    let aliases = prop::collection::vec((0..NEXT, 0..NEXT), 0..3);
    let messages = prop::collection::vec(known_message(), 0..6);
    let sent = prop::collection::vec(known_sent(), 0..5);
    let corrected = prop::option::of((0..9_u64, any::<bool>(), prop::option::of(0..NEXT)));
    (phases, aliases, messages, sent, corrected).prop_map(|(phases, aliases, messages, sent, corrected)| {
        let mut ledger = Ledger::new();
        for _ in 0..NEXT - 1 {
            ledger.mail(&Mail::new("", "anna@shop.example"));
        }
        let opened = ledger.cases.into_values().zip(1..).zip(phases);
        let cases = opened.filter_map(|((mut case, number), wanted)| {
            let (phase, reopened) = wanted?;
            (case.number, case.phase, case.reopened) = (CaseNumber(number), phase, reopened);
            case.participants.truncate(reopened as usize);
            case.assignee = (reopened > 2).then(|| "kevin".to_owned());
            case.followers = vec!["kevin".to_owned(), "nobody".to_owned()];
            let due = (reopened > 1).then_some(Timestamp::UNIX_EPOCH);
            case.timers.push(Timer { target: Target::Wake, generation: 1, due });
            Some(case)
        });
        Snapshot {
            next_number: NEXT,
            refused: sent.first().cloned(),
            sent,
            messages,
            cases: cases.collect(),
            aliases: aliases.into_iter().map(|(old, now)| (CaseNumber(old), CaseNumber(now))).collect(),
            corrected: corrected.map(|(entry, held, case)| EntryFacts {
                entry: EntryId(entry),
                verdict: Verdict::Hold,
                held,
                is_mail: held,
                case: case.map(CaseNumber),
            }),
            ..Snapshot::default()
        }
    })
}

fn pointer() -> impl Strategy<Value = Clue> {
    prop_oneof![
        (0..7_u64).prop_map(|sent| Clue { kind: ClueKind::ReferenceInSubject, pointer: Pointer::Sent(SentId(sent)) }),
        (0..7_u64).prop_map(|n| Clue { kind: ClueKind::CaseNumberInSubject, pointer: Pointer::Number(n) }),
    ]
}

fn mail() -> impl Strategy<Value = Mail> {
    let kind = select(vec![
        Kind::Correspondence,
        Kind::AutoReply,
        Kind::AutoGenerated,
        Kind::DeliveryReport,
        Kind::List,
        Kind::Calendar,
        Kind::Own,
    ]);
    let ids = prop::collection::vec(0..5_u8, 0..4);
    (kind, ids, prop::collection::vec(pointer(), 0..3), select(PEOPLE.to_vec()), 0..5_u8, any::<bool>()).prop_map(
        |(kind, ids, clues, from, own, large)| {
            let ids: Vec<String> = ids.iter().map(|one| format!("m{one}")).collect();
            let own = if own == 0 { String::new() } else { format!("m{own}") };
            let mail = Mail::new(&own, from).kind(kind).replies_to(&ids.iter().map(String::as_str).collect::<Vec<_>>());
            let mail = mail.with(|arrived| arrived.oversize = large.then_some(1 << 30));
            let mail = if large { mail.handing_on("anna@shop.example", "m1") } else { mail };
            clues.into_iter().fold(mail, |mail, clue| mail.clue(clue.kind, clue.pointer))
        },
    )
}

fn matter() -> impl Strategy<Value = Matter> {
    let case = || (0..8_u64).prop_map(CaseNumber);
    let text = || select(vec!["Hello".to_owned(), " ".to_owned()]);
    let verb = prop_oneof![
        (case(), text()).prop_map(|(case, text)| Verb::on(case, Action::Reply { text })),
        (case(), text()).prop_map(|(case, text)| Verb::on(case, Action::Note { text })),
        (case(), prop::option::of(text())).prop_map(|(case, text)| Verb::on(case, Action::Close { text })),
        (case(), prop::option::of(text())).prop_map(|(case, text)| Verb::on(case, Action::Reopen { text })),
        (0..9_u64).prop_map(|entry| Verb::Release { entry: EntryId(entry) }),
        (0..9_u64, text()).prop_map(|(entry, reason)| Verb::Discard { entry: EntryId(entry), reason }),
    ];
    let by = || "kevin".to_owned();
    prop_oneof![
        3 => mail().prop_map(|mail| Matter::Mail(mail.0)),
        1 => (mail(), 0..9_u64).prop_map(move |(mail, entry)| {
            Matter::Released { by: by(), entry: EntryId(entry), mail: mail.0, commands: Commands::Carried }
        }),
        1 => (case(), 0..3_u64).prop_map(|(case, generation)| Matter::Due { case, target: Target::Wake, generation }),
        2 => verb.prop_map(move |verb| Matter::Command(Command { by: by(), verb })),
        1 => select(vec!["550 5.1.1 no", "451 later", ""]).prop_map(|reply| {
            let refusal = Refusal { recipient: address("anna@shop.example"), reply: reply.to_owned() };
            Matter::Undeliverable(Undeliverable { mail: OutboxId(1), refusals: vec![refusal] })
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn every_event_has_a_sound_decision(snapshot in snapshot(), matter in matter(), mute in any::<bool>()) {
        let mut policy = policy();
        policy.staff = vec![staff("kevin", "kevin@desk.example"), staff("petra", "petra@desk.example")];
        if mute {
            policy.desk.queues.clear();
            policy.desk.languages.clear();
        }
        let event = Event { entry: EntryId(50), received: Timestamp::UNIX_EPOCH, matter };
        let decision = decide(&policy, &snapshot, &event, Timestamp::UNIX_EPOCH);
        let written = serde_json::to_string(&decision).expect("decisions can be written down");
        prop_assert_eq!(&decision, &serde_json::from_str::<Decision>(&written).expect("and read again"));
        prop_assert!(!decision.trace.is_empty());
        let there: BTreeSet<CaseNumber> = snapshot.cases.iter().map(|case| case.number).collect();
        let opened = decision.effects.iter().any(|effect| matches!(effect, Effect::OpenCase { .. }));
        for effect in &decision.effects {
            let named = match effect {
                Effect::AddPost(post) => vec![post.case],
                Effect::AddParticipant { case, .. }
                | Effect::RemoveParticipant { case, .. }
                | Effect::AddFollower { case, .. }
                | Effect::RemoveFollower { case, .. }
                | Effect::SetQueue { case, .. }
                | Effect::SetAssignee { case, .. }
                | Effect::SetPriority { case, .. }
                | Effect::AddTag { case, .. }
                | Effect::RemoveTag { case, .. }
                | Effect::MovePost { to: case, .. }
                | Effect::QuoteNothingBefore { case, .. }
                | Effect::SetPhase { case, .. }
                | Effect::SetTimer { case, .. }
                | Effect::ClearTimer { case, .. }
                | Effect::CountAsAcknowledged { case } => vec![*case],
                Effect::MergeCase { from, into } => vec![*from, *into],
                Effect::LinkCase { from, to, .. } => vec![*from, *to],
                Effect::OpenCase { .. }
                | Effect::AdmitPost { .. }
                | Effect::ExposeReference { .. }
                | Effect::Command(_)
                | Effect::MarkUndeliverable { .. }
                | Effect::ClearUndeliverable { .. }
                | Effect::Hold { .. }
                | Effect::Unhold { .. }
                | Effect::Correct { .. }
                | Effect::IndexMail { .. }
                | Effect::Backup { .. }
                | Effect::RetryOutbox { .. }
                | Effect::PauseOutbox
                | Effect::ResumeOutbox => Vec::new(),
            };
            for case in named {
                prop_assert!(there.contains(&case) || (opened && case.0 == NEXT), "{effect:?}");
            }
        }
        prop_assert!(decision.letters.iter().all(|letter| !letter.to.is_empty()));
        prop_assert!(decision.verdict != Verdict::Declined || decision.effects.is_empty());
    }
}
