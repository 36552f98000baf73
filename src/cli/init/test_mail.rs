//! A mail from the desk to itself: that it comes back shows that everything works.
//!
//! It bears the loop mark and a Message-ID of the new database's keyring, and names a mail that no letter ever is
//! (letters begin at 256). So whatever becomes of it, the desk knows it as its own (B29): a mail that comes late is
//! recorded, and answered by nobody. When it has come it is deleted.

use std::time::Duration;

use indicatif::ProgressBar;
use jiff::Timestamp;
use serde::Serialize;

use crate::cli::check::sentence;
use crate::cli::desk::Desk;
use crate::cli::failure::Failure;
use crate::cli::run::Signals;
use crate::config::Config;
use crate::engine::Clock;
use crate::mail::reference::{LOOP_HEADER, own_message_id};
use crate::mail::{Address, MessageId, SentId};
use crate::mailbox::{self, Came, Probe};
use crate::smtp::{Courier, Delivery, Outgoing};

/// Letters have larger numbers: `entry * 256`, and entries begin at 1.
const NUMBERS: u64 = 256;

pub enum Outcome {
    /// It came, after so long; what was to become of it then.
    CameBack(Duration, Came),
    /// The SMTP server did not take it.
    Refused(String),
    DidNotCome(String),
    Skipped,
}

#[derive(Serialize)]
pub struct Told {
    outcome: &'static str,
    pub said: String,
}

impl Outcome {
    pub fn is_good(&self) -> bool {
        matches!(self, Outcome::CameBack(..) | Outcome::Skipped)
    }

    pub fn told(&self) -> Told {
        let (outcome, said) = match self {
            Outcome::CameBack(after, came) => {
                let left = match came {
                    Came::Removed => "was deleted".to_owned(),
                    Came::Stays(why) => format!("is still there, and will be known as our own ({why})"),
                    Came::Not => "did not come".to_owned(),
                };
                ("came-back", format!("A test mail came back after {:.1} seconds, and {left}.", after.as_secs_f64()))
            }
            Outcome::Refused(said) => ("refused", format!("the test mail was not taken: {said}")),
            Outcome::DidNotCome(said) => ("did-not-come", said.clone()),
            Outcome::Skipped => ("skipped", "No test mail was sent.".to_owned()),
        };
        Told { outcome, said }
    }
}

/// Sends it, and watches the folder.
pub async fn see_it_come_back(
    desk: &Desk,
    config: &Config,
    probe: &Probe,
    patience: u64,
    signals: &mut Signals,
) -> Result<Outcome, Failure> {
    let mailbox = &config.mailboxes[0];
    let now = Clock::System.now();
    let (id, bytes) = compose(desk, &mailbox.address, now)?;
    let outgoing = Outgoing {
        id: 0,
        reverse_path: Some(mailbox.address.clone()),
        recipients: vec![mailbox.address.clone()],
        bytes,
        envelope_id: id.0.clone(),
    };
    let progress = ProgressBar::new_spinner().with_message(format!("sending a test mail to {}", mailbox.address));
    progress.enable_steady_tick(Duration::from_millis(100));
    let mut courier = Courier::new(config.smtp.clone());
    let attempt = tokio::select! {
        attempt = courier.deliver(&outgoing) => attempt,
        () = signals.end() => return Ok(interrupted()),
    };
    courier.close().await;
    if let Some((_, Delivery::Deferred { reply } | Delivery::Refused { reply } | Delivery::Unknown { reply })) =
        attempt.verdicts.first()
    {
        let said = attempt.trouble.as_ref().map_or_else(|| format!("{reply}."), sentence);
        return Ok(Outcome::Refused(format!("{said} Then try `postcase check`.")));
    }
    progress.set_message(format!("waiting for it in {}", mailbox.folder));
    let limit = Duration::from_secs(patience);
    let begun = std::time::Instant::now();
    let came = tokio::select! {
        came = mailbox::await_message(mailbox, &id, probe.uid_next, limit) => came,
        () = signals.end() => return Ok(interrupted()),
    };
    progress.finish_and_clear();
    Ok(match came {
        Ok(Came::Not) => Outcome::DidNotCome(format!(
            "the test mail was sent and did not come within {patience} seconds. Check that mail to {address} is delivered \
             to {folder} of {user}, and look for it in the folder for spam; a slow server may need more --patience. When \
             it comes it is known as our own, and answered by nobody.",
            address = mailbox.address,
            folder = mailbox.folder,
            user = mailbox.user
        )),
        Ok(came) => Outcome::CameBack(begun.elapsed(), came),
        Err(trouble) => Outcome::DidNotCome(format!("the test mail was sent and not seen: {}", sentence(&trouble))),
    })
}

fn interrupted() -> Outcome {
    let said = "the test mail was not waited for. When it comes it is known as our own, and answered by nobody.";
    Outcome::DidNotCome(said.to_owned())
}

fn compose(desk: &Desk, address: &Address, now: Timestamp) -> Result<(MessageId, Vec<u8>), Failure> {
    let number = now.as_millisecond().unsigned_abs() % NUMBERS;
    let sealed = desk.store()?.keyring()?.seal(SentId(number));
    let wire = address.on_the_wire();
    let (_, domain) = wire.rsplit_once('@').unwrap_or((&wire, "localhost"));
    let id = own_message_id(&sealed, domain);
    let text = format!(
        "From: <{wire}>\r\nTo: <{wire}>\r\nSubject: Postcase test mail\r\nDate: {}\r\nMessage-ID: <{id}>\r\n\
         {LOOP_HEADER}: {sealed}\r\nAuto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n\
         `postcase init` sent this to see whether mail comes back. It may be deleted.\r\n",
        now.strftime("%a, %d %b %Y %H:%M:%S +0000"),
    );
    Ok((id, text.into_bytes()))
}
