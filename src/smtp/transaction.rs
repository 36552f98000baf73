//! One mail transaction (RFC 5321 §3.3): MAIL, RCPT for each, DATA, the final dot. Each recipient has its own verdict.

use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{MailBodyParameter, MailParameter, RcptParameter};

use super::connection::Connection;
use super::reply::{Reply, concerns_the_session, wants_login};
use super::{Attempt, Begun, Delivery, Fate, FinalDot, Outgoing, Patience, SmtpTrouble};
use crate::config::SmtpConfig;
use crate::failpoint::{self, Step};
use crate::mail::Address;

pub(super) struct Transaction<'a> {
    mail: &'a Outgoing,
    config: &'a SmtpConfig,
    patience: &'a Patience,
    dot: &'a FinalDot<'a>,
    /// By recipient; None while nothing is said.
    verdicts: Vec<Option<Delivery>>,
    trouble: Option<SmtpTrouble>,
    begun: Begun,
}

/// Why a transaction ended before the final dot: the verdict on everybody who has none.
struct Ended(Delivery, Fate);

impl<'a> Transaction<'a> {
    pub(super) fn new(
        mail: &'a Outgoing,
        config: &'a SmtpConfig,
        patience: &'a Patience,
        dot: &'a FinalDot<'a>,
    ) -> Transaction<'a> {
        let verdicts = vec![None; mail.recipients.len()];
        Transaction { mail, config, patience, dot, verdicts, trouble: None, begun: Begun::No }
    }

    pub(super) async fn run(mut self, connection: &mut Connection) -> (Attempt, Fate) {
        let (rest, fate) = match self.envelope(connection).await {
            Ok(()) => self.content(connection).await,
            Err(Ended(verdict, fate)) => (verdict, fate),
        };
        let verdicts = self.verdicts.into_iter().map(|verdict| verdict.unwrap_or_else(|| rest.clone()));
        let attempt = Attempt {
            verdicts: self.mail.recipients.iter().cloned().zip(verdicts).collect(),
            trouble: self.trouble.map(|trouble| trouble.to_string()),
            begun: self.begun,
        };
        (attempt, fate)
    }

    /// MAIL and RCPT. Afterwards at least one recipient is accepted: those without a verdict.
    async fn envelope(&mut self, connection: &mut Connection) -> Result<(), Ended> {
        if let Some(limit) = connection.offers.size.filter(|limit| *limit > 0 && *limit < self.mail.bytes.len() as u64)
        {
            let reply = format!("552 5.3.4 the mail has {} bytes, the server takes {limit}", self.mail.bytes.len());
            return Err(Ended(Delivery::Refused { reply }, Fate::Usable));
        }
        let mail = Mail::new(self.mail.reverse_path.as_ref().map(wire), self.mail_parameters(connection));
        match connection.ask(self.patience.command, mail).await {
            Reply::Yes { .. } => self.begun = Begun::Yes,
            Reply::Never { code: 552, line } => return Err(Ended(Delivery::Refused { reply: line }, Fate::Usable)),
            Reply::Never { code, line } => return Err(self.sender_refused(code, line)),
            Reply::Later { code, line } => return Err(Ended(Delivery::Deferred { reply: line }, fate(code))),
            Reply::Cut { reason } => return Err(self.cut(&reason)),
        }
        for at in 0..self.mail.recipients.len() {
            self.verdicts[at] = self.recipient(connection, at).await?;
        }
        failpoint::reach(Step::SmtpEnvelope);
        if self.verdicts.iter().all(Option::is_some) {
            // No DATA without a recipient; RSET comes before the next mail.
            let reply = "every recipient was refused".to_owned();
            return Err(Ended(Delivery::Deferred { reply }, Fate::Usable));
        }
        Ok(())
    }

    /// None when the server takes mail for this recipient.
    async fn recipient(&mut self, connection: &mut Connection, at: usize) -> Result<Option<Delivery>, Ended> {
        let recipient = &self.mail.recipients[at];
        let address = wire(recipient);
        if !is_ascii(&address) && !connection.offers.smtputf8 {
            let reply = "553 5.6.7 the server takes no addresses in letters beyond ASCII (SMTPUTF8)".to_owned();
            return Ok(Some(Delivery::Refused { reply }));
        }
        let rcpt = Rcpt::new(address, self.recipient_parameters(connection, recipient));
        match connection.ask(self.patience.command, rcpt).await {
            Reply::Yes { .. } => Ok(None),
            Reply::Never { code, line } if concerns_the_session(code) => Err(self.session(code, line)),
            // RFC 5321 §4.5.3.1.10: too many recipients, whatever the first digit.
            Reply::Never { code: 552, line } => Ok(Some(Delivery::Deferred { reply: line })),
            Reply::Never { line, .. } => Ok(Some(Delivery::Refused { reply: line })),
            Reply::Later { code: 421, line } => Err(Ended(Delivery::Deferred { reply: line }, Fate::Spent)),
            Reply::Later { line, .. } => Ok(Some(Delivery::Deferred { reply: line })),
            Reply::Cut { reason } => Err(self.cut(&reason)),
        }
    }

    /// DATA, the text, the final dot: one verdict for all who were accepted.
    async fn content(&mut self, connection: &mut Connection) -> (Delivery, Fate) {
        match connection.ask(self.patience.command, Data).await {
            Reply::Yes { code: 354, .. } => {}
            Reply::Yes { line, .. } => {
                let Ended(verdict, fate) = self.cut(&format!("an answer to DATA that is none: {line}"));
                return (verdict, fate);
            }
            Reply::Never { code, line } if concerns_the_session(code) => {
                let Ended(verdict, fate) = self.session(code, line);
                return (verdict, fate);
            }
            Reply::Never { line, .. } => return (Delivery::Refused { reply: line }, Fate::Usable),
            Reply::Later { code, line } => return (Delivery::Deferred { reply: line }, fate(code)),
            Reply::Cut { reason } => {
                let Ended(verdict, fate) = self.cut(&reason);
                return (verdict, fate);
            }
        }
        match connection.text(&self.mail.bytes, self.patience, self.dot).await {
            Reply::Yes { code: 200..=299, line, .. } => (Delivery::Accepted { reply: line }, Fate::Usable),
            Reply::Yes { line, .. } => (Delivery::Unknown { reply: line }, Fate::Spent),
            Reply::Later { code, line } => (Delivery::Deferred { reply: line }, fate(code)),
            Reply::Never { line, .. } => (Delivery::Refused { reply: line }, Fate::Usable),
            Reply::Cut { reason } if self.dot.is_raised() => {
                self.trouble = Some(SmtpTrouble::unreachable(&self.config.server, &reason));
                (Delivery::Unknown { reply: reason }, Fate::Spent)
            }
            Reply::Cut { reason } => {
                let Ended(verdict, fate) = self.cut(&reason);
                (verdict, fate)
            }
        }
    }

    fn mail_parameters(&self, connection: &Connection) -> Vec<MailParameter> {
        let offers = &connection.offers;
        let mut parameters = Vec::new();
        if offers.size.is_some() {
            parameters.push(MailParameter::Size(self.mail.bytes.len()));
        }
        if !self.mail.bytes.is_ascii() && offers.eight_bit {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let addresses = self.mail.reverse_path.iter().chain(&self.mail.recipients);
        let beyond_ascii = !self.mail.bytes.is_ascii() || addresses.into_iter().any(|a| !is_ascii(&wire(a)));
        if beyond_ascii && offers.smtputf8 {
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if offers.dsn {
            // RFC 3461 §4.3 and §4.4: the head is enough to find the case, and so is the envelope id.
            parameters.push(mail_parameter("RET", "HDRS"));
            if is_envelope_id(&self.mail.envelope_id) {
                parameters.push(mail_parameter("ENVID", &self.mail.envelope_id));
            }
        }
        parameters
    }

    fn recipient_parameters(&self, connection: &Connection, recipient: &Address) -> Vec<RcptParameter> {
        if !connection.offers.dsn {
            return Vec::new();
        }
        // Mail with the null reverse-path has nobody to report to (RFC 3461 §4.1, §5.2.1), so relays need not try.
        let notify = if self.mail.reverse_path.is_some() { "FAILURE,DELAY" } else { "NEVER" };
        let mut parameters = vec![recipient_parameter("NOTIFY", notify)];
        if recipient.as_str().is_ascii() {
            parameters.push(recipient_parameter("ORCPT", &format!("rfc822;{recipient}")));
        }
        parameters
    }

    /// Before the final dot: nothing was delivered.
    fn cut(&mut self, reason: &str) -> Ended {
        self.trouble = Some(SmtpTrouble::unreachable(&self.config.server, reason));
        Ended(Delivery::Deferred { reply: reason.to_owned() }, Fate::Spent)
    }

    /// The server minds us, not the mail: a person has to change something, then the mail goes out.
    fn session(&mut self, code: u16, line: String) -> Ended {
        let server = &self.config.server;
        self.begun = Begun::No;
        self.trouble = Some(match wants_login(code) {
            true => SmtpTrouble::wants_login(server, &line),
            false => SmtpTrouble::refused(server, &line),
        });
        Ended(Delivery::Deferred { reply: line }, Fate::Spent)
    }

    /// The reverse-path is the desk's own or null: what is wrong with it is wrong with the configuration.
    fn sender_refused(&mut self, code: u16, line: String) -> Ended {
        if concerns_the_session(code) {
            return self.session(code, line);
        }
        let sender = self.mail.reverse_path.as_ref().map(Address::as_str);
        self.trouble = Some(SmtpTrouble::sender_refused(&self.config.server, sender, &line));
        Ended(Delivery::Deferred { reply: line }, Fate::Usable)
    }
}

/// RFC 5321 §3.8: after 421 the server closes.
fn fate(code: u16) -> Fate {
    if code == 421 { Fate::Spent } else { Fate::Usable }
}

/// lettre's own check refuses addresses that people have; ours lets no control character or bracket through.
fn wire(address: &Address) -> lettre::Address {
    let wire = address.on_the_wire();
    let (local, domain) = wire.rsplit_once('@').expect("an address has an @");
    lettre::Address::new_dangerous(local, domain)
}

fn is_ascii(address: &lettre::Address) -> bool {
    AsRef::<str>::as_ref(address).is_ascii()
}

/// RFC 3461 §4.4: printable, at most 100 characters.
fn is_envelope_id(id: &str) -> bool {
    (1..=100).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic())
}

fn mail_parameter(keyword: &str, value: &str) -> MailParameter {
    MailParameter::Other { keyword: keyword.to_owned(), value: Some(value.to_owned()) }
}

fn recipient_parameter(keyword: &str, value: &str) -> RcptParameter {
    RcptParameter::Other { keyword: keyword.to_owned(), value: Some(value.to_owned()) }
}
