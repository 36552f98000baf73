//! How fast mail is read: `cargo bench --bench reading`.
//!
//! Prints messages a second for ordinary mail of 20 KB through [`postcase::mail::read`] (which takes in link clues and
//! trimming), beside bare mail-parser in the same run, and the slowest of a set of inputs of 1 MB that were made to harm.
//! All times are those of the processor, so that other work on the machine does not count.

mod hostile;
mod ordinary;

use std::hint::black_box;
use std::time::{Duration, Instant};

use hostile::{HOSTILE_BYTES, hostile};
use ordinary::{Ordinary, ordinary};
use postcase::mail::{Address, Circumstances, Keyring, read};

/// The argument with which this program measures one hostile mail.
const ONE: &str = "--one";
/// How long one measurement of ordinary mail lasts at least, and how many of them there are; the median counts.
const MEASURE: Duration = Duration::from_millis(200);
const ROUNDS: usize = 7;

fn main() {
    // `cargo test --benches` runs this too: once through is enough there.
    let brief = std::env::args().any(|arg| arg == "--test");
    let measure = if brief { Duration::ZERO } else { MEASURE };
    let circumstances = Circumstances {
        own_addresses: vec![Address::parse("support@desk.example").expect("a constant")],
        case_word: "Case".to_owned(),
        keyring: Keyring::new(vec![[7; 32]]),
        ..Circumstances::default()
    };
    let mut arguments = std::env::args().skip_while(|argument| argument != ONE).skip(1);
    if let Some(at) = arguments.next().and_then(|at| at.parse().ok()) {
        return one(at, &circumstances);
    }
    let mails = ordinary();
    let bytes: usize = mails.iter().map(|ordinary| ordinary.mail.len()).sum();
    println!("ordinary mail: {} kinds, {} bytes each on average", mails.len(), bytes / mails.len());
    println!("   read/s  bare mail-parser/s");
    let (mut ours, mut bare) = (0.0, 0.0);
    for Ordinary { name, mail } in &mails {
        let [read, parse] = costs(
            measure,
            [&|| drop(black_box(read(mail, &circumstances))), &|| {
                drop(black_box(mail_parser::MessageParser::default().parse(mail)));
            }],
        );
        println!("  {:>7.0}  {:>18.0}  {name} ({} bytes)", 1.0 / read, 1.0 / parse, mail.len());
        (ours, bare) = (ours + read, bare + parse);
    }
    let count = mails.len() as f64;
    println!("  {:>7.0}  {:>18.0}  one of each in turn", count / ours, count / bare);

    let mut worst: Vec<Measure> = (0..hostile().len()).step_by(if brief { 40 } else { 1 }).map(apart).collect();
    println!("hostile mail of {HOSTILE_BYTES} bytes, each in a process of its own, {} of them", worst.len());
    let shown = if brief { 1 } else { 12 };
    worst.sort_unstable_by_key(|measure| std::cmp::Reverse(measure.time));
    println!("slowest:");
    for Measure { time, kilobytes, name } in worst.iter().take(shown) {
        println!("  {:>7.1} ms  {kilobytes:>6} kB  {name}", time.as_secs_f64() * 1000.0);
    }
    worst.sort_unstable_by_key(|measure| std::cmp::Reverse(measure.kilobytes));
    println!("largest, beyond the mail itself:");
    for Measure { time, kilobytes, name } in worst.iter().take(shown) {
        println!("  {kilobytes:>6} kB  {:>7.1} ms  {name}", time.as_secs_f64() * 1000.0);
    }
}

/// What one hostile mail cost.
struct Measure {
    time: Duration,
    kilobytes: u64,
    name: String,
}

/// Reads one hostile mail in another process, so that its memory is its own.
fn apart(at: usize) -> Measure {
    let program = std::env::current_exe().expect("this program has a path");
    let output = std::process::Command::new(program).args([ONE, &at.to_string()]).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut numbers = said.split_whitespace().filter_map(|word| word.parse::<u64>().ok());
    let (Some(micros), Some(kilobytes)) = (numbers.next(), numbers.next()) else {
        panic!("hostile mail {at} ends the process: {}", output.status)
    };
    Measure { time: Duration::from_micros(micros), kilobytes, name: hostile().swap_remove(at).name }
}

/// Reads one hostile mail and says what it cost: microseconds, and kilobytes beyond what was there before.
fn one(at: usize, circumstances: &Circumstances) {
    let mail = (hostile().swap_remove(at).mail)();
    ordinary().iter().for_each(|ordinary| drop(black_box(read(&ordinary.mail, circumstances))));
    let before = peak().unwrap_or(0);
    let clock = Clock::start();
    black_box(read(&mail, circumstances));
    println!("{} {}", clock.spent().as_micros(), peak().unwrap_or(0).saturating_sub(before));
}

/// Seconds that each deed costs: the median of some rounds, in which they take turns.
fn costs<const N: usize>(measure: Duration, deeds: [&dyn Fn(); N]) -> [f64; N] {
    let mut rounds: [Vec<f64>; N] = std::array::from_fn(|_| Vec::new());
    for _ in 0..if measure.is_zero() { 1 } else { ROUNDS } {
        for (deed, costs) in deeds.iter().zip(&mut rounds) {
            let (start, clock) = (Instant::now(), Clock::start());
            let mut count = 0;
            while count == 0 || start.elapsed() < measure {
                deed();
                count += 1;
            }
            costs.push(clock.spent().as_secs_f64() / f64::from(count));
        }
    }
    rounds.map(|mut costs| {
        costs.sort_unstable_by(f64::total_cmp);
        costs[costs.len() / 2]
    })
}

/// Time that this thread spent on a processor; where the system does not say, time as it passes.
struct Clock {
    start: Instant,
    spent: Option<Duration>,
}

impl Clock {
    fn start() -> Clock {
        Clock { start: Instant::now(), spent: Clock::processor() }
    }

    fn spent(&self) -> Duration {
        match (Clock::processor(), self.spent) {
            (Some(now), Some(before)) => now.saturating_sub(before),
            _ => self.start.elapsed(),
        }
    }

    /// Linux says it in nanoseconds, as of the last time the thread could have given way.
    fn processor() -> Option<Duration> {
        std::thread::yield_now();
        let said = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        said.split(' ').next()?.parse().ok().map(Duration::from_nanos)
    }
}

/// The most memory in kB that the process had (Linux).
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
