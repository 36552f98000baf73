//! Checks signatures ourselves (`verify = "dkim"`), for desks whose server writes no results that could be trusted (B30).
//!
//! It is done while mail is taken in, never while it is decided: what was found goes into the journal with the message,
//! so that deciding stays pure. It holds mail up by seconds at most, and never stops it: what cannot be found out, because
//! the network fails or the key is gone, is no proof, and no failure either. Nor is a signature that leaves out a field
//! which gives the message its meaning: the mail of large providers that sign fewer fields stays unproven.

mod silent;

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream};
use mail_auth::common::crypto::Algorithm;
use mail_auth::hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use mail_auth::hickory_resolver::system_conf::read_system_conf;
use mail_auth::{AuthenticatedMessage, DkimResult, MessageAuthenticator};
use tokio::time::{Instant, timeout_at};
use tracing::{info, warn};

use crate::config::Verify;
use crate::mail::Address;
use crate::mail::authentication::{organisation, same_organisation};
use crate::mail::signature::{Candidate, Signature, candidate};
use silent::{REST, Silent};

/// One message waits this long for keys, from when its turn comes.
const MESSAGE_WITHIN: Duration = Duration::from_secs(3);
/// Messages that are fetched together wait this long, at most.
const WITHIN: Duration = Duration::from_secs(8);
/// One question to one server.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// Messages whose keys are looked up at once.
const AT_ONCE: usize = 16;
/// Answers that are kept, and for how long: strangers choose what is asked.
const ANSWERS: u64 = 256;
const ANSWER_KEPT: Duration = Duration::from_secs(60 * 60);

/// Looks up keys and checks signatures with them.
pub(super) struct Verifier {
    mailbox: String,
    resolver: Option<SocketAddr>,
    system: System,
    /// None until the machine's DNS servers are known: they may come later than we.
    authenticator: Option<Arc<MessageAuthenticator>>,
    trouble: Option<String>,
    silent: Arc<Mutex<Silent>>,
    rests_until: Option<Instant>,
}

/// Where the machine says which DNS servers it has.
type System = fn() -> Result<(ResolverConfig, ResolverOpts), String>;

/// What came of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// No signature that could speak for From, or no time: no server was to answer for it.
    Unasked,
    /// The key could not be had just now.
    Silence,
    Answer(Signature),
}

/// What the checks of messages that were fetched together share.
#[derive(Clone)]
struct Checks {
    authenticator: Arc<MessageAuthenticator>,
    silent: Arc<Mutex<Silent>>,
    mailbox: String,
    until: Instant,
}

impl Verifier {
    /// None where nothing is to be verified.
    pub(super) fn new(verify: Option<&Verify>, mailbox: &str) -> Option<Verifier> {
        let Verify::Dkim { resolver } = verify?;
        Some(Verifier {
            mailbox: mailbox.to_owned(),
            resolver: *resolver,
            system: || read_system_conf().map_err(|error| error.to_string()),
            authenticator: None,
            trouble: None,
            silent: Arc::default(),
            rests_until: None,
        })
    }

    /// Why nothing can be verified, in a sentence. Tries again when it has rested.
    pub(super) fn trouble(&mut self) -> Option<String> {
        self.ready();
        self.trouble.clone()
    }

    /// What the signatures of each message prove, in order. Takes [`WITHIN`] at most, beside the hashing.
    pub(super) async fn check(&mut self, messages: &[&[u8]]) -> Vec<Signature> {
        let mut signatures = vec![Signature::None; messages.len()];
        let Some(authenticator) = self.ready() else { return signatures };
        if self.rests() {
            return signatures;
        }
        let checks = Checks {
            authenticator,
            silent: self.silent.clone(),
            mailbox: self.mailbox.clone(),
            until: Instant::now() + WITHIN,
        };
        // A candidate is a copy of its message: it is made when its turn comes.
        let started = (0..messages.len()).map(|at| {
            let (checks, candidate) = (checks.clone(), candidate(messages[at]));
            async move {
                match candidate {
                    Some(candidate) => (at, checks.check(&candidate).await),
                    None => (at, Found::Unasked),
                }
            }
            .boxed()
        });
        let mut found = stream::iter(started).buffer_unordered(AT_ONCE);
        while let Some((at, found)) = found.next().await {
            if let Found::Answer(signature) = found {
                signatures[at] = signature;
            }
        }
        if locked(&self.silent).are_several(Instant::now()) {
            self.rests_until = Some(Instant::now() + REST);
            warn!(
                mailbox = self.mailbox,
                "the keys of several organisations could not be looked up, and no other: signatures are not checked for a \
                 minute; does the DNS server answer?"
            );
        }
        signatures
    }

    fn rests(&self) -> bool {
        self.rests_until.is_some_and(|until| until > Instant::now())
    }

    fn ready(&mut self) -> Option<Arc<MessageAuthenticator>> {
        if self.authenticator.is_none() && !self.rests() {
            match authenticator(self.resolver, self.system) {
                Ok(authenticator) => {
                    self.authenticator = Some(Arc::new(authenticator));
                    self.trouble = None;
                }
                Err(reason) => {
                    let trouble = format!(
                        "signatures of mail are not checked, for the machine names no DNS server ({reason}): name one in \
                         postcase.toml, as in `verify = {{ dkim = \"192.0.2.53\" }}`; it is tried again"
                    );
                    warn!(mailbox = self.mailbox, "{trouble}");
                    self.trouble = Some(trouble);
                    self.rests_until = Some(Instant::now() + REST);
                }
            }
        }
        self.authenticator.clone()
    }
}

fn authenticator(resolver: Option<SocketAddr>, system: System) -> Result<MessageAuthenticator, String> {
    let (config, mut options) = match resolver {
        Some(server) => {
            let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
            connections.iter_mut().for_each(|connection| connection.port = server.port());
            let server = NameServerConfig::new(server.ip(), true, connections);
            (ResolverConfig::from_parts(None, Vec::new(), vec![server]), ResolverOpts::default())
        }
        None => system()?,
    };
    options.timeout = ANSWER_WITHIN;
    options.attempts = 1;
    options.use_hosts_file = ResolveHosts::Never;
    options.cache_size = ANSWERS;
    options.positive_max_ttl = Some(ANSWER_KEPT);
    MessageAuthenticator::new(config, options).map_err(|error| error.to_string())
}

fn locked(silent: &Mutex<Silent>) -> MutexGuard<'_, Silent> {
    silent.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Checks {
    async fn check(&self, candidate: &Candidate) -> Found {
        let domain = candidate.from.domain();
        let organisation = organisation(domain).unwrap_or_else(|| domain.to_lowercase());
        let asked = Instant::now();
        {
            let silent = locked(&self.silent);
            if asked >= self.until || silent.rests(&organisation, asked) || silent.are_several(asked) {
                return Found::Unasked;
            }
        }
        // The library reads what strangers wrote; should it panic, nothing is proven.
        let verified = AssertUnwindSafe(verify(&self.authenticator, candidate)).catch_unwind();
        let own = asked + MESSAGE_WITHIN;
        let found = match timeout_at(own.min(self.until), verified).await {
            Ok(Ok(found)) => found,
            Ok(Err(_)) => Found::Unasked,
            Err(_) if own <= self.until => Found::Silence,
            // The others took its time: that is no fault of its own.
            Err(_) => Found::Unasked,
        };
        match found {
            Found::Unasked => {}
            Found::Answer(_) => locked(&self.silent).answered(Instant::now()),
            Found::Silence => {
                info!(
                    mailbox = self.mailbox,
                    organisation, "the key of this organisation cannot be looked up just now"
                );
                locked(&self.silent).failed(organisation, asked, Instant::now());
            }
        }
        found
    }
}

async fn verify(authenticator: &MessageAuthenticator, candidate: &Candidate) -> Found {
    let Some(mut message) = AuthenticatedMessage::parse(&candidate.bytes) else { return Found::Unasked };
    // Both of us must see the same From: else the signature speaks for another one.
    let [from] = message.froms() else { return Found::Unasked };
    if Address::parse(from).as_ref() != Some(&candidate.from) {
        return Found::Unasked;
    }
    message.dkim_headers.retain(|field| speaks(&field.header, candidate));
    let results = authenticator.verify_dkim(&message).await;
    // Of several signatures the best counts.
    let rank = |result: &DkimResult| match result {
        DkimResult::Pass => (3, Found::Answer(Signature::Aligned)),
        DkimResult::TempError(_) => (2, Found::Silence),
        DkimResult::Fail(_) | DkimResult::PermError(_) => (1, Found::Answer(Signature::None)),
        // Expired, or the text was changed: that is known without the key.
        DkimResult::Neutral(_) | DkimResult::None => (0, Found::Unasked),
    };
    let ranked = results.iter().map(|output| rank(output.result()));
    ranked.max_by_key(|(rank, _)| *rank).map_or(Found::Unasked, |(_, found)| found)
}

/// Whether this signature, should it hold, speaks for From and for all that the message means.
fn speaks(signature: &mail_auth::dkim::Signature, candidate: &Candidate) -> bool {
    candidate.is_covered(&signature.h)
        && same_organisation(&signature.d, candidate.from.domain())
        && match signature.a {
            Algorithm::RsaSha256 | Algorithm::Ed25519Sha256 => true,
            // RFC 8301 §3.1.
            Algorithm::RsaSha1 => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_machine_that_knows_its_dns_servers_late_is_asked_again() {
        let mut verifier = Verifier::new(Some(&Verify::Dkim { resolver: None }), "support").unwrap();
        verifier.system = || Err("no such file".to_owned());
        let trouble = verifier.trouble().unwrap();
        assert!(
            trouble.contains("no such file") && trouble.contains("`verify = { dkim = \"192.0.2.53\" }`"),
            "{trouble}"
        );
        assert_eq!(verifier.check(&[b"From: anna@shop.example\r\n\r\n"]).await, [Signature::None]);
        verifier.system = || Ok((ResolverConfig::default(), ResolverOpts::default()));
        assert_eq!(verifier.trouble(), Some(trouble), "it rests");
        verifier.rests_until = None;
        assert_eq!(verifier.trouble(), None);
        assert!(verifier.authenticator.is_some());
    }
}
