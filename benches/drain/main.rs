//! How fast a full mailbox is drained, and how much memory that takes, beside `mbsync` copying the same mailbox in the
//! same run: `cargo bench --bench drain -- --help`.

#[path = "../common/mod.rs"]
mod common;
mod older;
mod report;
mod rounds;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use common::corpus::Mix;
use report::Verdict;

/// Drain a mailbox and measure it
///
/// So many mails wait in a Dovecot of the bench's own. Each round measures, in an order that changes, `mbsync` copying
/// the mailbox to a Maildir with `FSync no`, the same with `FSync yes` (as it is shipped), and Postcase taking it in:
/// from the start of the process until every mail is decided, and until the last acknowledgement is taken by an SMTP
/// server. What Postcase stored is compared byte for byte. Only proportions count, never seconds: other machines, and
/// other work on this one, change both sides alike.
#[derive(Parser)]
#[command(
    bin_name = "cargo bench --bench drain --",
    after_help = "Examples:
  cargo bench --bench drain
  cargo bench --bench drain -- --rounds 3
  cargo bench --bench drain -- --mix small --mails 20000
  cargo bench --bench drain -- --older 1000000

Exit codes: 0 every target is reached, 1 one is missed, 69 mbsync or dovecot is not installed, 75 the yardstick
itself spreads by more than 20 %: measure again on a quieter machine."
)]
struct Arguments {
    /// How many mails wait [default: 2000]
    #[arg(long, value_name = "N")]
    mails: Option<usize>,
    /// What they are like
    #[arg(long, value_enum, default_value = "mixed")]
    mix: Mix,
    /// How often everything is measured [default: 10]
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// Instead of mbsync, compare an empty database with one that holds so many older messages
    #[arg(long, value_name = "N")]
    older: Option<u64>,
    /// Where all files are; a folder on the disk that is to be measured [default: below target/]
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Another program to measure
    #[arg(long, value_name = "FILE")]
    postcase: Option<PathBuf>,
    /// Keep the daemon's folder of the last round
    #[arg(long)]
    keep: bool,
    #[arg(long, hide = true)]
    bench: bool,
}

/// What is measured, and how often.
struct Plan {
    mails: usize,
    mix: Mix,
    rounds: usize,
    folder: PathBuf,
    program: PathBuf,
    keep: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // `cargo test` wants to know whether it runs at all.
    let (mails, rounds) = if common::is_a_glance() { (40, 1) } else { (2_000, 10) };
    let plan = Plan {
        mails: arguments.mails.unwrap_or(mails).max(4),
        mix: arguments.mix,
        rounds: arguments.rounds.unwrap_or(rounds).max(1),
        folder: arguments.folder.unwrap_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR"))),
        program: arguments.postcase.unwrap_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_postcase"))),
        keep: arguments.keep,
    };
    common::need("dovecot", "dovecot-imapd dovecot-lmtpd");
    let verdict = match arguments.older {
        Some(older) => older::compare(&plan, older),
        None => {
            common::need("mbsync", "isync");
            rounds::compare(&plan)
        }
    };
    match verdict {
        Verdict::Reached => ExitCode::SUCCESS,
        // A glance measures nothing.
        Verdict::Missed | Verdict::Void if common::is_a_glance() => ExitCode::SUCCESS,
        Verdict::Missed => ExitCode::FAILURE,
        Verdict::Void => ExitCode::from(75),
    }
}
