//! Plays a story on a desk.

use std::path::Path;

use jiff::{SignedDuration, Span};
use postcase::case::{Action, CaseNumber, EntryId, Verb};
use postcase::engine::ask::Asked;
use postcase::mail::Address;
use postcase::mail::signature::Signature;
use postcase::smtp::Delivery;
use postcase::store::journal::Payload;

use super::desk::{DESK, Desk, Shown};
use super::script::{Mail, Step, Stop, Story, Way};
use super::write;

pub const MAILBOXES: [&str; 2] = ["support", "billing"];

pub fn play(story: &Story, folder: &Path) -> Desk {
    let desk_toml = std::fs::read_to_string(folder.join("desk.toml")).unwrap_or_else(|_| DESK.to_owned());
    let staff_toml = std::fs::read_to_string(folder.join("staff.toml")).unwrap_or_default();
    let routing_toml = std::fs::read_to_string(folder.join("routing.toml")).unwrap_or_default();
    let mut desk = Desk::staffed(&desk_toml, &staff_toml, &routing_toml);
    for (index, mail) in story.before.iter().enumerate() {
        let bytes = write::bytes(mail, folder, &desk, (0, index as u32 + 1));
        put(&mut desk, "support", bytes, None);
    }
    for mailbox in MAILBOXES {
        desk.look(mailbox).expect("the store works");
    }
    desk.settle_down();
    for (index, step) in story.step.iter().enumerate() {
        if let Some(after) = &step.after {
            let span: Span = after.parse().unwrap_or_else(|error| panic!("{after}: {error}"));
            let time =
                SignedDuration::try_from(span).or_else(|_| span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()));
            desk.pass(time.unwrap_or_else(|error| panic!("{after}: {error}")));
        }
        happen(&mut desk, step, folder, index + 1);
        go_on(&mut desk, step.stop);
    }
    desk
}

fn happen(desk: &mut Desk, step: &Step, folder: &Path, index: usize) {
    for (recipient, reply) in &step.smtp {
        let address = Address::parse(recipient).expect("an address");
        desk.refusals.insert(address, vec![said(reply)]);
    }
    if let Some(mailbox) = &step.rebuild {
        desk.rebuild(mailbox);
        desk.look(mailbox).expect("the store works");
    }
    if let Some(text) = &step.gone {
        let holds = |bytes: &[u8]| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        desk.mailbox("support").messages.retain(|_, shown| !holds(&shown.bytes));
    }
    if step.backup {
        desk.back_up();
    }
    if step.restore {
        desk.restore();
        for mailbox in MAILBOXES {
            desk.look(mailbox).expect("the store works");
        }
    }
    if let Some(file) = &step.reload {
        let text = std::fs::read_to_string(folder.join(file)).expect("a desk file");
        desk.reload(&text).expect("good rules");
    }
    if let Some(mail) = &step.mail {
        come(desk, step, mail, folder, index);
    }
    if let Some(by) = &step.by {
        desk.command(by, verb(step));
    }
}

fn come(desk: &mut Desk, step: &Step, mail: &Mail, folder: &Path, index: usize) {
    for count in 1..=step.times.unwrap_or(1) {
        let bytes = write::bytes(mail, folder, desk, (index, count));
        match step.way {
            Way::SilentIngest => {
                let payload = Payload::Mail { silent: true, oversize: None, signature: Signature::None };
                desk.ask(Asked { payload, raw: Some(bytes), received: None });
            }
            Way::Mailbox => {
                let usual = ["support".to_owned()];
                let mailboxes = if step.mailbox.is_empty() { &usual[..] } else { &step.mailbox[..] };
                for mailbox in mailboxes {
                    put(desk, mailbox, bytes.clone(), step.oversize);
                    desk.look(mailbox).expect("the store works");
                }
            }
        }
    }
}

fn put(desk: &mut Desk, mailbox: &str, bytes: Vec<u8>, oversize: Option<u64>) {
    let date = desk.now();
    desk.put(mailbox, Shown { bytes, date, oversize });
}

fn verb(step: &Step) -> Verb {
    let case = |number: u64| CaseNumber(number);
    let text = || step.text.clone().unwrap_or_default();
    match step {
        Step { reply: Some(number), .. } => Verb::on(case(*number), Action::Reply { text: text() }),
        Step { note: Some(number), .. } => Verb::on(case(*number), Action::Note { text: text() }),
        Step { close: Some(number), .. } => Verb::on(case(*number), Action::Close { text: step.text.clone() }),
        Step { reopen: Some(number), .. } => Verb::on(case(*number), Action::Reopen { text: step.text.clone() }),
        Step { on: Some(number), does: Some(action), .. } => Verb::on(case(*number), action.clone()),
        Step { release: Some(entry), .. } => Verb::Release { entry: EntryId(*entry) },
        Step { discard: Some(entry), .. } => Verb::Discard { entry: EntryId(*entry), reason: text() },
        _ => panic!("`as` says who acts, and nothing says what they do"),
    }
}

fn said(reply: &str) -> Delivery {
    let reply = reply.to_owned();
    match reply.as_bytes().first() {
        Some(b'2') => Delivery::Accepted { reply },
        Some(b'4') => Delivery::Deferred { reply },
        Some(b'5') => Delivery::Refused { reply },
        _ => Delivery::Unknown { reply },
    }
}

fn go_on(desk: &mut Desk, stop: Stop) {
    match stop {
        Stop::Done => desk.settle_down(),
        Stop::Journalled => {}
        Stop::Decided => desk.decide(),
        Stop::DiesJournalled => die(desk),
        Stop::DiesDecided => {
            desk.decide();
            die(desk);
        }
        Stop::DiesAccepted => {
            desk.decide();
            let due = desk.engine().next_mail(&[]).expect("the store works").expect("a mail that waits");
            desk.attempt(&due);
            die(desk);
        }
    }
}

fn die(desk: &mut Desk) {
    desk.crash();
    desk.open();
}
