//! The database: how it is created, when it is refused, what it does when the disk is full, and that the cost of a
//! message does not grow with it.

mod attempts;
mod backup;
mod cost;
#[path = "../desk/mod.rs"]
mod desk;
mod disk;
mod ledger;
mod opening;
mod order;
mod restore;

use desk::{DESK, Desk, Shown, mail};

fn shown(desk: &Desk, bytes: Vec<u8>) -> Shown {
    Shown { bytes, date: desk.now(), oversize: None }
}

fn anna(id: &str) -> Vec<u8> {
    mail("Anna Berger <anna@shop.example>", id, &format!("Printer {id}"), "It prints blank pages.", "")
}

/// A desk with `count` mails of as many people, decided.
fn busy(count: u32) -> Desk {
    let mut desk = Desk::new(DESK);
    desk.look("support").expect("the store works");
    for n in 0..count {
        let from = format!("P{n} <p{n}@firm{n}.example>");
        let bytes = mail(&from, &format!("m{n}@firm{n}.example"), &format!("Request {n}"), "Please help.", "");
        let shown = shown(&desk, bytes);
        desk.put("support", shown);
    }
    desk.look("support").expect("the store works");
    desk.settle_down();
    desk
}
