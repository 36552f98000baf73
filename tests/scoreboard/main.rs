//! How much of mail that others collected is read as they expect: one line a set, then what is not.
//!
//! The collection is no part of Postcase. Where `../shared/mail` beside the repository is absent, this says `skipped`.
//! `cargo test --test scoreboard -- --nocapture` prints it.

mod bounces;
mod decode;
mod replies;

use std::path::PathBuf;

use postcase::mail::{Circumstances, Reading};

/// The folder of a set, if the collection is here.
fn folder(set: &str) -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/mail").join(set);
    let upper = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/mail").join(set);
    [beside, upper].into_iter().find(|folder| folder.join("expect.jsonl").exists())
}

fn read(raw: &[u8]) -> Reading {
    postcase::mail::read(raw, &Circumstances::default())
}

/// White space folded, as the collections compare.
fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What was counted of one set.
#[derive(Default)]
struct Score {
    right: usize,
    all: usize,
    misses: Vec<String>,
}

impl Score {
    fn count(&mut self, name: &str, expected: &str, found: &str) {
        self.all += 1;
        if expected == found {
            self.right += 1;
        } else {
            self.misses.push(format!("  {name}\n    expected: {expected}\n    read:     {found}"));
        }
    }

    fn print(&self, set: &str) {
        println!("{set}: {} of {}", self.right, self.all);
        self.misses.iter().for_each(|miss| println!("{miss}"));
    }
}
