//! Looks for mail that costs too much to read: `cargo bench --bench hostile -- --seconds 600`.
//!
//! Each input has a number from which all of it follows. It is made by chance of pieces that mean something: two or
//! three of them together a hundred thousand times over, a line of a fixture a million bytes long, multiparts of such
//! parts. Printed are those that cost most, in processor time and in memory beyond the mail itself, each measured again
//! in a process of its own. `--first N` begins elsewhere, `--seeds N,N` reads only those, `--show N` prints that mail.

use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

use postcase::mail::{Address, Bounds, Circumstances, Keyring, read};

mod chance;
mod pieces;

/// Bytes of a hostile input.
const BYTES: usize = 1_000_000;
/// Inputs that one process reads.
const TOGETHER: u64 = 50;
/// Inputs that are measured again, and shown.
const SHOWN: usize = 15;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let after = |name: &str| arguments.iter().skip_while(|argument| *argument != name).nth(1);
    let number = |name: &str| after(name).and_then(|value| value.parse::<u64>().ok());
    if let Some(seed) = number("--show") {
        use std::io::Write;
        return std::io::stdout().write_all(&chance::mail(seed, BYTES).bytes).expect("it can be printed");
    }
    if let Some(first) = number("--from") {
        return measure_here(first..first + number("--count").unwrap_or(1));
    }
    // `cargo test` runs benches too, and is content with a glance.
    let brief = !arguments.iter().any(|argument| argument == "--bench");
    let time = Duration::from_secs(if brief { 0 } else { number("--seconds").unwrap_or(60) });
    let mut costs = match after("--seeds") {
        Some(seeds) => {
            seeds.split(',').filter_map(|seed| seed.parse().ok()).flat_map(|seed| measure(seed, 1)).collect()
        }
        None => search(number("--first").unwrap_or(1), if brief { 2 } else { TOGETHER }, time),
    };
    println!("{} inputs of {BYTES} bytes were read", costs.len());
    costs.sort_unstable_by_key(|cost| std::cmp::Reverse(cost.micros));
    let mut worst: Vec<u64> = costs.iter().take(SHOWN).map(|cost| cost.seed).collect();
    costs.sort_unstable_by_key(|cost| std::cmp::Reverse(cost.kilobytes));
    worst.extend(costs.iter().take(SHOWN).map(|cost| cost.seed));
    worst.sort_unstable();
    worst.dedup();
    let mut worst: Vec<Cost> = worst.into_iter().flat_map(|seed| measure(seed, 1)).collect();
    worst.sort_unstable_by_key(|cost| std::cmp::Reverse(cost.micros));
    for Cost { seed, micros, kilobytes, note } in worst {
        println!(
            "{:>8.1} ms {kilobytes:>7} kB  {seed:>8}  {}{note}",
            micros as f64 / 1000.0,
            chance::mail(seed, BYTES).name
        );
    }
}

/// What one input cost.
struct Cost {
    seed: u64,
    micros: u64,
    kilobytes: u64,
    /// What is wrong with its reading; empty when nothing is.
    note: String,
}

fn search(mut seed: u64, together: u64, time: Duration) -> Vec<Cost> {
    let start = Instant::now();
    let mut costs = Vec::new();
    loop {
        costs.extend(measure(seed, together));
        seed += together;
        if start.elapsed() >= time {
            return costs;
        }
    }
}

/// Reads some inputs in another process, so that their memory is their own, and an abort is found.
fn measure(first: u64, count: u64) -> Vec<Cost> {
    let program = std::env::current_exe().expect("this program has a path");
    let arguments = ["--from".to_owned(), first.to_string(), "--count".to_owned(), count.to_string()];
    let output = Command::new(program).args(arguments).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let costs: Vec<Cost> = said.lines().filter_map(cost).collect();
    let died = first + costs.len() as u64;
    assert!(died == first + count, "input {died} ends the process: {}", output.status);
    costs
}

fn cost(line: &str) -> Option<Cost> {
    let mut words = line.splitn(4, ' ');
    let mut number = || words.next()?.parse::<u64>().ok();
    let (seed, micros, kilobytes) = (number()?, number()?, number()?);
    Some(Cost { seed, micros, kilobytes, note: words.next().unwrap_or_default().to_owned() })
}

fn measure_here(seeds: std::ops::Range<u64>) {
    let circumstances = Circumstances {
        own_addresses: vec![Address::parse("support@desk.example").expect("a constant")],
        case_word: "Case".to_owned(),
        keyring: Keyring::new(vec![[7; 32]]),
        bounds: Bounds::default(),
        ..Circumstances::default()
    };
    // What is made once, patterns above all, is no input's cost.
    for warm in chance::fixtures() {
        black_box(read(&warm, &circumstances));
    }
    for seed in seeds {
        let mail = chance::mail(seed, BYTES).bytes;
        let _ = std::fs::write("/proc/self/clear_refs", "5");
        let before = memory("VmRSS:");
        let start = processor();
        let reading = read(&mail, &circumstances);
        let micros = (processor() - start) / 1000;
        let kilobytes = memory("VmHWM:").saturating_sub(before);
        let failed = reading.defects.iter().any(|defect| defect.name == "reader-failed");
        println!("{seed} {micros} {kilobytes} {}", if failed { " THE READER FAILED" } else { "" });
    }
}

/// Nanoseconds that this thread had the processor (Linux): other programs do not count.
fn processor() -> u64 {
    let said = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells it");
    said.split(' ').next().and_then(|number| number.parse().ok()).expect("a number")
}

/// Memory of this process in kB (Linux).
fn memory(name: &str) -> u64 {
    let said = std::fs::read_to_string("/proc/self/status").expect("Linux tells it");
    let line = said.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).expect("a number")
}
