//! How long `postcase explain` takes for many files: `cargo bench --bench explain`.
//!
//! 10,000 ordinary mails, once small ones, once those of a desk with attachments of up to half a megabyte, as text and
//! as JSON, where no desk is and on a desk with a database. Printed is the processor's time, which other work on the
//! machine hardly changes, the time by the clock, and the most memory.

#[path = "common/mod.rs"]
mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::corpus::{self, Mix};
use common::daemon::Desk;
use common::process;

/// Files that are explained in one call.
const FILES: usize = 10_000;
/// Different mails among them; each is named several times, so that no gigabyte is written first.
const MAILS: usize = 2_000;

fn main() {
    let (files, mails) = if common::is_a_glance() { (40, 20) } else { (FILES, MAILS) };
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder below target/");
    println!("postcase explain, {files} files at once");
    for (name, mix) in [("small mail", Mix::Small), ("a desk's mail", Mix::Mixed)] {
        let paths = write(folder.path(), mix, mails);
        let bytes: u64 = paths.iter().filter_map(|path| path.metadata().ok()).map(|file| file.len()).sum();
        println!("{name}, {} kB each on average", bytes / 1000 / mails as u64);
        let all: Vec<&PathBuf> = paths.iter().cycle().take(files).collect();
        for (desk, config) in [("no desk", None), ("a desk", Some(desk(folder.path(), &paths)))] {
            for format in ["text", "json"] {
                let (processor, clock, peak) = explain(config.as_deref(), format, &all);
                let (processor, clock) = (processor.as_secs_f64(), clock.as_secs_f64());
                println!(
                    "  {desk:<8} {format}  {processor:>6.2} s of the processor, {clock:>6.2} s by the clock, {peak} kB"
                );
            }
        }
    }
}

fn write(folder: &Path, mix: Mix, mails: usize) -> Vec<PathBuf> {
    let name = |at: usize| folder.join(format!("{mix:?}-{at}.eml"));
    let written = corpus::mails(mix, mails, "explain").into_iter().enumerate().map(|(at, mail)| {
        std::fs::write(name(at), mail.raw).expect("our own folder");
        name(at)
    });
    written.collect()
}

/// A desk that knows a hundred mails; its configuration.
fn desk(folder: &Path, paths: &[PathBuf]) -> PathBuf {
    // Nobody listens on these ports: nothing is fetched and nothing is sent.
    let desk = Desk::write(folder, &folder.join("desk.db"), "inbox", 9, 9);
    let config = desk.folder.join("postcase.toml");
    let known = paths.iter().take(100);
    let taken = postcase(Some(&config)).args(["ingest", "--no-mail"]).args(known).stdout(Stdio::null()).status();
    assert!(taken.expect("it starts").success());
    config
}

fn postcase(config: Option<&Path>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postcase"));
    command.current_dir(std::env::temp_dir()).env_remove("POSTCASE_CONFIG");
    command.args(config.into_iter().flat_map(|config| [Path::new("--config"), config]));
    command
}

/// What it took of the processor, by the clock, and of memory (kB).
fn explain(config: Option<&Path>, format: &str, files: &[&PathBuf]) -> (Duration, Duration, u64) {
    let start = Instant::now();
    let mut command = postcase(config);
    let mut child =
        command.args(["explain", "--format", format]).args(files).stdout(Stdio::null()).spawn().expect("it starts");
    let mut peak = 0;
    // What it took can be asked for until it is waited for.
    while !process::has_ended(child.id()) {
        peak = process::peak(child.id()).unwrap_or(peak);
        std::thread::sleep(Duration::from_millis(5));
    }
    let (processor, clock) = (process::cpu(child.id()), start.elapsed());
    assert!(child.wait().expect("it is our child").success());
    (processor, clock, peak)
}
