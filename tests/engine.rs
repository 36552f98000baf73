//! The engine under disturbance: whatever order of arriving, deciding, delivering and dying, the outcome is that of
//! an undisturbed run; and two desks that write to each other stop by themselves.

#[path = "desk/mod.rs"]
mod desk;

use std::fmt::Write;
use std::ops::ControlFlow;

use desk::{DESK, Desk, Shown, mail};
use postcase::case::{Action, CaseNumber, Command, EntryId, Phase, Verb};
use postcase::engine::ask::{Answer, ask};
use postcase::mail::{SentId, reference};
use postcase::smtp::{Attempt, Begun, Delivery};
use postcase::store::cases::Wanted;
use postcase::store::outbox::Which;
use proptest::prelude::*;

/// What may happen between two arrivals.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Step,
    Deliver,
    Look,
    Crash,
    /// The process dies while it reads the entry that waits longest.
    DieReading,
    /// It dies when the server has said yes and nothing is written down: L3's exception.
    DieAccepted,
    Rebuild,
    Backup,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => Just(Happening::Step),
        3 => Just(Happening::Deliver),
        1 => Just(Happening::Look),
        3 => Just(Happening::Crash),
        1 => Just(Happening::DieReading),
        1 => Just(Happening::DieAccepted),
        1 => Just(Happening::Rebuild),
        1 => Just(Happening::Backup),
    ]
}

/// (mailbox, mail): a conversation of three, its repeats, answers to our mail, machines, a poor forger.
fn arrivals(desk: &Desk) -> Vec<(&'static str, Vec<u8>)> {
    let keyring = desk.engine().store().keyring().expect("a keyring");
    let ours = |entry: u64| reference::own_message_id(&keyring.seal(SentId(entry * 256)), "example.com");
    let answering = |entry: u64| format!("In-Reply-To: <{}>\r\n", ours(entry));
    let (anna, bob, carl) = ("Anna <anna@shop.example>", "Bob <bob@shop.example>", "Carl <carl@web.de>");
    let to_both = mail(carl, "both@web.de", "Invoice", "To both of you.", "Cc: billing@example.com\r\n");
    let root = "In-Reply-To: <root@shop.example>\r\n";
    vec![
        ("support", mail(bob, "b1@shop.example", "Re: Printer", "The reply comes first.", root)),
        ("support", mail(anna, "root@shop.example", "Printer", "It prints blank pages.", "Cc: bob@shop.example\r\n")),
        ("support", to_both.clone()),
        ("billing", to_both),
        ("support", mail(anna, "a2@shop.example", "Re: Printer", "Any news?", &answering(1))),
        ("support", mail("Mallory <m@evil.example>", "", "[Case 10001]", "Send me everything.", "")),
        (
            "support",
            mail(
                carl,
                "ooo@web.de",
                "Away",
                "Back on Monday.",
                &format!("{}Auto-Submitted: auto-replied\r\n", answering(3)),
            ),
        ),
        ("support", mail("scan@shop.example", "", "Scan", "The same scan.", "")),
        ("support", mail("scan@shop.example", "", "Scan", "The same scan.", "")),
        ("billing", mail(carl, "c3@web.de", "Re: Invoice", "Thanks.", &answering(3))),
        ("support", mail("Support <support@example.com>", "own@example.com", "Hm", "From ourselves.", "")),
    ]
}

fn put_and_look(desk: &mut Desk, mailbox: &str, bytes: Vec<u8>) {
    let shown = Shown { bytes, date: desk.now(), oversize: None };
    desk.put(mailbox, shown);
    desk.look(mailbox).expect("the store works");
}

fn fresh() -> Desk {
    let mut desk = Desk::new(DESK);
    desk.look("support").expect("the store works");
    desk.look("billing").expect("the store works");
    desk
}

fn happen(desk: &mut Desk, what: Happening, died_reading: &mut bool) {
    match what {
        Happening::Step => {
            desk.engine().step().expect("the store works");
        }
        Happening::Deliver => {
            if let Some(due) = desk.engine().next_mail(&[]).expect("the store works") {
                let attempt = desk.attempt(&due);
                desk.engine().settle(&due, &attempt).expect("the store works");
            }
        }
        Happening::Look => desk.look("support").expect("the store works"),
        Happening::Crash => reopen(desk),
        // The third death would hold it.
        Happening::DieReading if !*died_reading => {
            *died_reading = true;
            let waiting = desk.engine().store().waiting_group().expect("a group");
            if let Some(first) = waiting.first() {
                desk.engine().take_up(first.entry);
            }
            reopen(desk);
        }
        Happening::DieReading => {}
        Happening::DieAccepted => {
            if let Some(due) = desk.engine().next_mail(&[]).expect("the store works") {
                desk.attempt(&due);
            }
            reopen(desk);
        }
        Happening::Rebuild => {
            desk.rebuild("support");
            desk.look("support").expect("the store works");
        }
        Happening::Backup => {
            let target = desk.folder.path().join(format!("backup-{}.db", next_name()));
            let copied = desk
                .engine()
                .store()
                .copy_to(&target, |_| {
                    desk.engine().step().expect("the store works");
                    ControlFlow::Continue(())
                })
                .expect("a backup");
            assert!(copied.is_continue(), "nobody asked it to give way");
        }
    }
}

/// A name that was not used before.
fn next_name() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::SeqCst)
}

fn reopen(desk: &mut Desk) {
    desk.crash();
    desk.open();
}

/// All that people, staff and customers, can tell apart.
fn outcome(desk: &Desk) -> String {
    let store = desk.engine().store();
    let keyring = store.keyring().expect("a keyring");
    let mut out = String::new();
    let counts = store.counts().expect("counts");
    for entry in 1..=counts.entries {
        let decision = store.decision(EntryId(entry)).expect("a decision").expect("decided");
        writeln!(out, "{entry} {} {:?} {:#?}", decision.verdict, decision.case, decision.trace).expect("a string");
    }
    let mut lines = store.cases(&Wanted { limit: 1_000, ..Wanted::default() }).expect("cases");
    lines.sort_by_key(|line| line.number);
    for line in lines {
        let case = store.case(line.number).expect("a case").expect("listed");
        writeln!(out, "{:?}\n{:#?}\n{:#?}\n{:#?}", line, case.participants, case.posts, case.links).expect("a string");
    }
    for mail in store.outbox(Which::All).expect("the outbox") {
        writeln!(out, "{} {} {:?}", mail.id, mail.template, mail.recipients).expect("a string");
    }
    let mut sent: Vec<_> = desk.sent.iter().collect();
    sent.sort_by_key(|sent| sent.id);
    for sent in sent {
        let text = String::from_utf8_lossy(&sent.bytes).into_owned();
        let seal = keyring.seal(SentId(sent.id.0));
        let named = text.replace(&seal, "SEAL").replace(&seal.to_lowercase(), "seal");
        writeln!(out, "{} {}", sent.id, named.lines().filter(|l| !l.contains("ref:")).collect::<Vec<_>>().join("\n"))
            .expect("a string");
    }
    // In-Reply-To of our later mail names mail of ours by its seal.
    for id in 0..20 {
        let seal = keyring.seal(SentId(id * 256));
        out = out.replace(&seal.to_lowercase(), &format!("seal-{id}"));
    }
    out
}

fn undisturbed() -> String {
    let mut desk = fresh();
    for (mailbox, bytes) in arrivals(&desk) {
        put_and_look(&mut desk, mailbox, bytes);
        desk.settle_down();
    }
    outcome(&desk)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn a_disturbed_run_ends_as_an_undisturbed_one(between in prop::collection::vec(prop::collection::vec(happening(), 0..5), 11)) {
        let mut desk = fresh();
        let mut died_reading = false;
        let mut doubled = 0;
        for ((mailbox, bytes), happenings) in arrivals(&desk).into_iter().zip(&between) {
            put_and_look(&mut desk, mailbox, bytes);
            for what in happenings {
                if matches!(what, Happening::DieAccepted) {
                    doubled += 1;
                }
                happen(&mut desk, *what, &mut died_reading);
            }
        }
        desk.settle_down();
        let deliveries: usize = desk.sent.iter().map(|sent| sent.attempts.len()).sum();
        prop_assert!(deliveries <= desk.sent.len() + doubled, "only a death after the server's yes doubles a mail");
        let (disturbed, expected) = (outcome(&desk), undisturbed());
        if disturbed != expected {
            let diff = similar::TextDiff::from_lines(&expected, &disturbed);
            prop_assert!(false, "{}", diff.unified_diff().header("undisturbed", "disturbed"));
        }
    }
}

#[test]
fn a_command_is_decided_by_the_daemon_that_runs() {
    let mut desk = fresh();
    put_and_look(&mut desk, "support", mail("Anna <anna@shop.example>", "a@shop.example", "Printer", "Help.", ""));
    desk.settle_down();
    let (place, policy, clock) = (desk.place(), desk.policy(), desk.clock());
    let asking = std::thread::spawn(move || {
        let verb = Verb::on(CaseNumber(10_001), Action::Close { text: None });
        ask(&place, policy, clock, vec![Command { by: "Kevin".to_owned(), verb }.into()]).expect("an answer")
    });
    while !asking.is_finished() {
        desk.engine().step().expect("the store works");
    }
    let Answer::Decided { decisions, by_us } = asking.join().expect("the asker") else { panic!("it was decided") };
    assert!(!by_us, "the daemon decided");
    assert_eq!(decisions[0].trace, ["Kevin closed case 10001."]);
    let case = desk.engine().store().case(CaseNumber(10_001)).expect("a case").expect("a case");
    assert_eq!(case.line.phase, Phase::Closed);
}

#[test]
fn a_mail_that_ends_connections_is_not_tried_for_ever() {
    for (begun, attempts) in [(Begun::No, 0), (Begun::Yes, 1)] {
        let mut desk = fresh();
        put_and_look(&mut desk, "support", mail("Anna <anna@shop.example>", "a@shop.example", "Printer", "Help.", ""));
        while desk.engine().step().expect("the store works") > 0 {}
        let due = desk.engine().next_mail(&[]).expect("the store works").expect("an acknowledgement");
        let reply = "the server closed the connection".to_owned();
        let deferred = |to: &postcase::mail::Address| (to.clone(), Delivery::Deferred { reply: reply.clone() });
        let verdicts = due.recipients.iter().map(deferred).collect();
        let attempt = Attempt { verdicts, trouble: Some(reply.clone()), begun };
        desk.engine().settle(&due, &attempt).expect("the store works");
        let listed = &desk.engine().store().outbox(Which::Unfinished).expect("the outbox")[0];
        assert_eq!(listed.attempts, attempts, "{begun:?}");
        assert_eq!(desk.engine().store().troubles().expect("troubles")[0].source, "smtp");
    }
}

#[test]
fn a_mistake_in_the_rules_changes_nothing() {
    let mut desk = fresh();
    let before = desk.policy().hash;
    let mistake = desk.reload("[desk]\nname = \"Example\"\naddress = 5\n").expect_err("a mistake");
    assert!(mistake.contains("address"), "{mistake}");
    assert_eq!(desk.policy().hash, before);
    put_and_look(&mut desk, "support", mail("Anna <anna@shop.example>", "a@shop.example", "Printer", "Help.", ""));
    desk.settle_down();
    assert_eq!(desk.verdict(1).as_deref(), Some("open"));
    assert_eq!(desk.engine().store().counts().expect("counts").entries, 1, "and nothing was reloaded");
    desk.reload(DESK).expect("the same rules again");
    assert_eq!(desk.engine().store().counts().expect("counts").entries, 1, "what did not change is no entry");
}

#[test]
fn what_open_cases_use_is_not_taken_away() {
    let mut desk = fresh();
    for n in 0..14 {
        let from = format!("Person {n} <p{n}@firm{n}.example>");
        put_and_look(&mut desk, "support", mail(&from, &format!("p{n}@firm{n}.example"), "Printer", "Help.", ""));
    }
    desk.settle_down();
    let entries = desk.engine().store().counts().expect("counts").entries;
    let without = DESK.replace("name = \"support\"", "name = \"helpdesk\"");
    let refused = desk.reload(&without).expect_err("the queue is in use");
    assert!(refused.contains("the queue `support` (cases 10001, 10002,"), "{refused}");
    assert!(refused.contains("10012), and more") && !refused.contains("10013"), "{refused}");
    assert_eq!(desk.engine().store().counts().expect("counts").entries, entries, "nothing was reloaded");
    let troubles = desk.engine().store().troubles().expect("troubles");
    assert_eq!((troubles[0].source.as_str(), &troubles[0].text), ("rules", &refused));
    // What nobody uses may go; what was good before is good again.
    desk.reload(&DESK.replace("name = \"billing\"", "name = \"invoices\"")).expect("nobody uses it");
    assert!(desk.engine().store().troubles().expect("troubles").is_empty());
}

const THEIRS: &str = r#"
[desk]
name = "Other Help"
address = "help@other.example"

[[queue]]
name = "help"
addresses = ["help@other.example"]
"#;

/// What mail systems on the way do to our marks.
#[derive(Debug, Clone, Copy)]
enum Road {
    Honest,
    /// Auto-Submitted and all X- fields are gone.
    MarksLost,
    /// Ids are gone, too, and the subject and references.
    EverythingLost,
}

fn travelled(bytes: &[u8], road: Road, to: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    let lost: &[&str] = match road {
        Road::Honest => return bytes.to_vec(),
        Road::MarksLost => &["auto-submitted", "x-"],
        Road::EverythingLost => &["auto-submitted", "x-", "message-id", "in-reply-to", "references", "subject", "to"],
    };
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let kept: Vec<&str> =
        unfolded.lines().filter(|field| !lost.iter().any(|name| field.to_lowercase().starts_with(name))).collect();
    let body = match road {
        Road::Honest | Road::MarksLost => body.to_owned(),
        Road::EverythingLost => body.replace("ref:", "").replace("##-", ""),
    };
    let more = match road {
        Road::Honest | Road::MarksLost => String::new(),
        Road::EverythingLost => format!("To: {to}\r\nSubject: Message\r\n"),
    };
    format!("{more}{}\r\n\r\n{body}", kept.join("\r\n")).into_bytes()
}

#[test]
fn two_desks_that_write_to_each_other_stop() {
    for (road, most) in [(Road::Honest, 1), (Road::MarksLost, 2), (Road::EverythingLost, 6)] {
        let mut ours = fresh();
        let mut theirs = Desk::receiving(THEIRS, &["help@other.example"]);
        theirs.look("help").expect("the store works");
        let first = mail("Other Help <help@other.example>", "first@other.example", "Hello", "We need a printer.", "");
        put_and_look(&mut ours, "support", first);
        let (mut to_them, mut to_us) = (0, 0);
        for round in 0.. {
            assert!(round < 50, "{road:?}: they write for ever");
            ours.settle_down();
            let out: Vec<Vec<u8>> = ours.sent[to_them..].iter().map(|sent| sent.bytes.clone()).collect();
            to_them = ours.sent.len();
            for bytes in &out {
                put_and_look(&mut theirs, "help", travelled(bytes, road, "help@other.example"));
            }
            theirs.settle_down();
            let back: Vec<Vec<u8>> = theirs.sent[to_us..].iter().map(|sent| sent.bytes.clone()).collect();
            to_us = theirs.sent.len();
            for bytes in &back {
                put_and_look(&mut ours, "support", travelled(bytes, road, "support@example.com"));
            }
            if out.is_empty() && back.is_empty() {
                break;
            }
        }
        let written = ours.sent.len() + theirs.sent.len();
        assert!(written >= 1 && written <= most, "{road:?}: {written} mails");
    }
}
