//! Checks signatures ourselves (`verify = "dkim"`), for desks whose server writes no results that could be trusted (B30).
//!
//! It is done while mail is taken in, never while it is decided: what was found goes into the journal with the message,
//! so that deciding stays pure. It holds mail up by seconds at most, and never stops it: what cannot be found out, because
//! the network fails or the key is gone, is no proof, and no failure either.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use mail_auth::common::crypto::Algorithm;
use mail_auth::hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use mail_auth::hickory_resolver::system_conf::read_system_conf;
use mail_auth::{AuthenticatedMessage, DkimOutput, DkimResult, MessageAuthenticator};
use tokio::time::{Instant, timeout_at};
use tracing::warn;

use crate::config::Verify;
use crate::mail::Address;
use crate::mail::authentication::same_organisation;
use crate::mail::signature::{Candidate, Signature, candidate};

/// Messages that are fetched together wait this long for keys, at most.
const WITHIN: Duration = Duration::from_secs(5);
/// One question to one server.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// Messages whose keys are looked up at once.
const AT_ONCE: usize = 16;
/// After lookups that all failed, none is tried for so long: an outage of the network does not slow every fetch.
const REST: Duration = Duration::from_secs(60);

/// Looks up keys and checks signatures with them.
pub(super) struct Verifier {
    authenticator: Arc<MessageAuthenticator>,
    mailbox: String,
    rests_until: Option<Instant>,
}

/// What came of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// No signature that could speak for From: nobody was asked.
    Unsigned,
    /// The key could not be had just now.
    Unknown,
    Signature(Signature),
}

impl Verifier {
    /// None where nothing is to be verified, or nothing can: the log says why.
    pub(super) fn new(verify: Option<&Verify>, mailbox: &str) -> Option<Verifier> {
        let Verify::Dkim { resolver } = verify?;
        let (config, mut options) = match resolver {
            Some(server) => {
                let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
                connections.iter_mut().for_each(|connection| connection.port = server.port());
                let server = NameServerConfig::new(server.ip(), true, connections);
                (ResolverConfig::from_parts(None, Vec::new(), vec![server]), ResolverOpts::default())
            }
            None => match read_system_conf() {
                Ok(known) => known,
                Err(error) => {
                    warn!(mailbox, %error, "the machine has no DNS server; signatures are not checked: set `resolver`");
                    return None;
                }
            },
        };
        options.timeout = ANSWER_WITHIN;
        options.attempts = 1;
        options.use_hosts_file = ResolveHosts::Never;
        match MessageAuthenticator::new(config, options) {
            Ok(authenticator) => Some(Verifier {
                authenticator: Arc::new(authenticator),
                mailbox: mailbox.to_owned(),
                rests_until: None,
            }),
            Err(error) => {
                warn!(mailbox, %error, "signatures are not checked");
                None
            }
        }
    }

    /// What the signatures of each message prove, in order. Takes [`WITHIN`] at most, beside the hashing.
    pub(super) async fn check(&mut self, messages: &[&[u8]]) -> Vec<Signature> {
        if self.rests_until.is_some_and(|until| until > Instant::now()) {
            return vec![Signature::None; messages.len()];
        }
        let deadline = Instant::now() + WITHIN;
        let mut checks: Vec<BoxFuture<'static, Found>> = Vec::with_capacity(messages.len());
        for raw in messages {
            let check = match candidate(raw) {
                Some(candidate) => checked(self.authenticator.clone(), candidate, deadline).boxed(),
                None => std::future::ready(Found::Unsigned).boxed(),
            };
            checks.push(check);
        }
        let found: Vec<Found> = stream::iter(checks).buffered(AT_ONCE).collect().await;
        let asked = || found.iter().filter(|found| **found != Found::Unsigned);
        self.rests_until = None;
        if asked().next().is_some() && asked().all(|found| *found == Found::Unknown) {
            self.rests_until = Some(Instant::now() + REST);
            warn!(mailbox = self.mailbox, "no key could be looked up; signatures are not checked for a minute");
        }
        let signature = |found: Found| match found {
            Found::Signature(signature) => signature,
            Found::Unsigned | Found::Unknown => Signature::None,
        };
        found.into_iter().map(signature).collect()
    }
}

async fn checked(authenticator: Arc<MessageAuthenticator>, candidate: Candidate, deadline: Instant) -> Found {
    // The library reads what strangers wrote; should it panic, nothing is proven.
    let verified = AssertUnwindSafe(verify(&authenticator, &candidate)).catch_unwind();
    match timeout_at(deadline, verified).await {
        Ok(Ok(found)) => found,
        Ok(Err(_)) => Found::Signature(Signature::None),
        Err(_) => Found::Unknown,
    }
}

async fn verify(authenticator: &MessageAuthenticator, candidate: &Candidate) -> Found {
    let Some(message) = AuthenticatedMessage::parse(&candidate.bytes) else { return Found::Unsigned };
    // Both of us must see the same From: else the signature speaks for another one.
    let [from] = message.froms() else { return Found::Unsigned };
    if Address::parse(from).as_ref() != Some(&candidate.from) {
        return Found::Unsigned;
    }
    let results = authenticator.verify_dkim(&message).await;
    let speaks = |signature: &mail_auth::dkim::Signature| {
        signature.h.iter().any(|name| name.eq_ignore_ascii_case("from"))
            && same_organisation(&signature.d, candidate.from.domain())
            && match signature.a {
                Algorithm::RsaSha256 | Algorithm::Ed25519Sha256 => true,
                // RFC 8301 §3.1.
                Algorithm::RsaSha1 => false,
            }
    };
    let passed =
        |output: &DkimOutput<'_>| *output.result() == DkimResult::Pass && output.signature().is_some_and(speaks);
    if results.iter().any(passed) {
        Found::Signature(Signature::Aligned)
    } else if results.iter().any(|output| matches!(output.result(), DkimResult::TempError(_))) {
        Found::Unknown
    } else {
        Found::Signature(Signature::None)
    }
}
