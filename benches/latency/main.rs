//! How soon a customer has the acknowledgement: `cargo bench --bench latency -- --help`.

#[path = "../common/mod.rs"]
mod common;
mod watcher;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;

use common::corpus::{self, Mail, Mix};
use common::daemon::{Daemon, Desk, PATIENCE};
use common::figures::{Figures, seconds};
use common::lab::dovecot::{Dovecot, Setup};
use common::sink::{Sink, Taken};
use watcher::Watcher;

/// Deliver mails one at a time, and measure how soon each is acknowledged
///
/// A mail is delivered to a Dovecot of the bench's own by LMTP; the time runs from Dovecot's 250 until an SMTP server
/// has taken the whole acknowledgement. A bare IMAP client that does nothing but IDLE is told of the same mails: what
/// it waits for is Dovecot's own time, and no desk can be faster. First the desk is idle, then busy: other mail comes
/// in all the time, as fast as the server takes it.
#[derive(Parser)]
#[command(
    bin_name = "cargo bench --bench latency --",
    after_help = "Examples:
  cargo bench --bench latency
  cargo bench --bench latency -- --mails 50

Exit codes: 0 measured, 69 dovecot is not installed."
)]
struct Arguments {
    /// How many mails are timed, each on the idle and on the busy desk [default: 100]
    #[arg(long, value_name = "N")]
    mails: Option<usize>,
    /// Where all files are; a folder on the disk that is to be measured [default: below target/]
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Another program to measure
    #[arg(long, value_name = "FILE")]
    postcase: Option<PathBuf>,
    #[arg(long, hide = true)]
    bench: bool,
}

const USER: &str = "support";
/// Mails a second that come in beside those that are timed.
const BUSY: Duration = Duration::from_millis(20);

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    common::need("dovecot", "dovecot-imapd dovecot-lmtpd");
    let count = arguments.mails.unwrap_or(if common::is_a_glance() { 2 } else { 100 });
    let folder = arguments.folder.unwrap_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")));
    let program = arguments.postcase.unwrap_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_postcase")));
    measure(&program, &folder, count);
    ExitCode::SUCCESS
}

fn measure(program: &Path, folder: &Path, count: usize) {
    let users = vec![(USER.to_owned(), "secret".to_owned())];
    let dovecot = Dovecot::start_with(Setup { users, ..Setup::default() });
    let folder = tempfile::tempdir_in(folder).expect("a folder to write to");
    let sink = Sink::start();
    let database = folder.path().join("postcase.db");
    let desk = Desk::write(folder.path(), &database, USER, dovecot.ports.imap, sink.port);
    let daemon = Daemon::start(program, &desk);
    // Told once, it is following.
    let first = requests("first", 1);
    dovecot.deliver(USER, &first[0].raw);
    if !sink.wait_for(1, PATIENCE) {
        daemon.fail("the first mail was never acknowledged");
    }
    sink.empty();
    let watcher = Watcher::start(dovecot.ports.imap, USER);
    println!("{count} mails each; times in milliseconds\n");
    println!("{:<44} {:>8} {:>8} {:>8} {:>8}", "", "median", "90 %", "99 %", "longest");
    let idle = probe(&dovecot, &daemon, &sink, &watcher, &requests("idle", count));
    tell("idle desk: Dovecot tells a bare client", &idle.told);
    tell("idle desk: the acknowledgement is taken", &idle.acknowledged);
    let busy = beside_others(&dovecot, || probe(&dovecot, &daemon, &sink, &watcher, &requests("busy", count)));
    tell("busy desk: the acknowledgement is taken", &busy.acknowledged);
    println!("\nmedian on the idle desk, beyond what Dovecot itself takes: {:.0} ms", idle.beyond() * 1e3);
    daemon.stop();
}

struct Probed {
    told: Vec<Duration>,
    acknowledged: Vec<Duration>,
}

impl Probed {
    fn beyond(&self) -> f64 {
        let pairs = self.told.iter().zip(&self.acknowledged);
        Figures::of(pairs.map(|(told, acknowledged)| seconds(*acknowledged) - seconds(*told))).median()
    }
}

/// People's requests: each is acknowledged.
fn requests(salt: &str, count: usize) -> Vec<Mail> {
    let mails = corpus::mails(Mix::Mixed, count * 4, salt);
    mails.into_iter().filter(|mail| mail.acknowledged_to.is_some()).take(count).collect()
}

/// Delivers one mail after another, each when the one before is acknowledged.
fn probe(dovecot: &Dovecot, daemon: &Daemon, sink: &Sink, watcher: &Watcher, mails: &[Mail]) -> Probed {
    let mut probed = Probed { told: Vec::new(), acknowledged: Vec::new() };
    for mail in mails {
        watcher.forget();
        dovecot.deliver(USER, &mail.raw);
        let delivered = Instant::now();
        let expected = mail.acknowledged_to.as_deref().unwrap_or_default();
        let taken: Taken = loop {
            if let Some(found) = sink.empty().into_iter().find(|taken| taken.recipient == expected) {
                break found;
            }
            if delivered.elapsed() > PATIENCE || !sink.wait_for(1, PATIENCE) {
                daemon.fail("waited in vain for an acknowledgement");
            }
        };
        probed.acknowledged.push(taken.at.saturating_duration_since(delivered));
        probed.told.extend(watcher.told().map(|at| at.saturating_duration_since(delivered)));
    }
    probed
}

/// Does `work` while other mail comes in.
fn beside_others<T>(dovecot: &Dovecot, work: impl FnOnce() -> T) -> T {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let others = corpus::mails(Mix::Mixed, 2_000, "others");
            let mut client = dovecot.client(USER);
            for (at, mail) in others.iter().cycle().enumerate() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                // The second time around it is another mail, too.
                let raw = [format!("X-Times: {}\r\n", at / others.len()).as_bytes(), &mail.raw].concat();
                client.append("INBOX", "", None, &raw);
                std::thread::sleep(BUSY);
            }
        });
        let done = work();
        over.store(true, Ordering::SeqCst);
        done
    })
}

fn tell(name: &str, times: &[Duration]) {
    let figures = Figures::of(times.iter().map(|time| seconds(*time) * 1e3));
    let [median, ninety, ninety_nine] = [0.5, 0.9, 0.99].map(|share| figures.percentile(share));
    println!("{name:<44} {median:>8.1} {ninety:>8.1} {ninety_nine:>8.1} {:>8.1}", figures.largest());
}
