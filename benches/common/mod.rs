//! What the benches share: mail as a desk gets it, the program in a folder of its own, a server that takes everything
//! it sends, and honest figures.
#![allow(dead_code)]

pub mod corpus;
pub mod daemon;
pub mod figures;
pub mod process;
pub mod sink;

#[path = "../../tests/lab/mod.rs"]
pub mod lab;

use std::process::{Command, Stdio};

/// Ends the bench with one sentence when a program that it needs is not there.
pub fn need(program: &str, package: &str) {
    // Debian keeps Dovecot where only root looks.
    let path = format!("{}:/usr/sbin:/usr/local/sbin", std::env::var("PATH").unwrap_or_default());
    let mut ask = Command::new(program);
    ask.arg("--version").env("PATH", path).stdout(Stdio::null()).stderr(Stdio::null());
    if ask.status().is_err() {
        eprintln!("{program} is not installed, and this bench measures with it. Install it: apt-get install {package}");
        std::process::exit(69);
    }
}

/// `cargo bench` says `--bench`; `cargo test` runs benches too, and is content with a glance.
pub fn is_a_glance() -> bool {
    !std::env::args().any(|argument| argument == "--bench")
}
