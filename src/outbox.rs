//! The outbox: when a mail is tried again, and what an attempt makes of it (B28). Pure.

use jiff::{SignedDuration, Timestamp};

use crate::case::delivery::{RecipientState, Settled};
use crate::case::event::Refusal;
use crate::mail::Address;
use crate::smtp::Delivery;

/// The history of a mail, as far as the next attempt depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct History {
    /// Names the mail: spreads the attempts of many mails.
    pub mail: u64,
    /// Attempts so far, this one included; at least 1.
    pub attempts: u32,
    /// The first attempt's time.
    pub first: Timestamp,
}

/// What an attempt makes of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// In the order of the verdicts.
    pub recipients: Vec<Settled>,
    /// Final refusals of this attempt: the journal entry `Undeliverable`.
    pub refusals: Vec<Refusal>,
    /// When the mail is due again; None when nobody waits any more.
    pub next: Option<Timestamp>,
    /// True when the server took everything and did not say what became of it: the same bytes go out again (L3), and
    /// somebody may get them twice. Counted.
    pub unknown: bool,
}

/// Waits before the second, third, … attempt; then [`LATER`].
const SOON: [SignedDuration; 5] = [
    SignedDuration::from_secs(10),
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(15),
    SignedDuration::from_hours(1),
];
const LATER: SignedDuration = SignedDuration::from_hours(4);
/// RFC 5321 §4.5.4.1 asks for 4 to 5 days.
const GIVE_UP: SignedDuration = SignedDuration::from_hours(5 * 24);
/// While the server itself is in trouble, all mail rests so long, and no attempt counts: it is not the mail's fault.
pub const SERVER_PAUSE: SignedDuration = SignedDuration::from_secs(30);
/// After an unknown fate, at least: the server may still be busy with the mail, and every further attempt may be
/// one more copy for somebody.
const AFTER_UNKNOWN: SignedDuration = SignedDuration::from_mins(5);

/// When a mail is tried again that was tried `attempts` times, the last time at `now`. None: given up, five days after
/// `first`. The waits are lengthened by up to a tenth, by `jitter_seed`, so that what failed together does not return together.
pub fn next_attempt(attempts: u32, now: Timestamp, first: Timestamp, jitter_seed: u64) -> Option<Timestamp> {
    let wait = usize::try_from(attempts.saturating_sub(1)).ok().and_then(|at| SOON.get(at)).copied().unwrap_or(LATER);
    after(now, first, wait + jitter(wait, jitter_seed, attempts))
}

/// When a copy is tried again that the Sent folder did not take, `tries` times, the last time at `now`. None: given up,
/// five days after `first`.
pub fn next_copy(tries: u32, now: Timestamp, first: Timestamp, jitter_seed: u64) -> Option<Timestamp> {
    // Beginning with the minute.
    next_attempt(tries.saturating_add(1), now, first, jitter_seed)
}

/// When a copy is tried again whose Sent folder could not be reached: that is not the copy's fault, so it is never
/// given up, and not put off for long.
pub fn copy_when_reached(tries: u32, now: Timestamp, jitter_seed: u64) -> Timestamp {
    let wait = SOON[usize::try_from(tries).map_or(3, |tries| tries.clamp(1, 3))];
    now.saturating_add(wait + jitter(wait, jitter_seed, tries)).unwrap_or(Timestamp::MAX)
}

/// Settles one attempt, made at `now`.
pub fn settle(verdicts: &[(Address, Delivery)], history: History, now: Timestamp) -> Settlement {
    let unknown = verdicts.iter().any(|(_, verdict)| matches!(verdict, Delivery::Unknown { .. }));
    let scheduled = next_attempt(history.attempts, now, history.first, history.mail);
    let again = match unknown {
        true => scheduled.max(after(now, history.first, AFTER_UNKNOWN)),
        false => scheduled,
    };
    let mut settlement = Settlement { recipients: Vec::new(), refusals: Vec::new(), next: None, unknown };
    for (recipient, verdict) in verdicts {
        let (state, reply) = state(verdict, again);
        match state {
            RecipientState::Waiting => settlement.next = again,
            RecipientState::Refused => {
                settlement.refusals.push(Refusal { recipient: recipient.clone(), reply: reply.clone() });
            }
            RecipientState::Accepted => {}
        }
        settlement.recipients.push(Settled { recipient: recipient.clone(), state, reply });
    }
    settlement
}

/// Whether one more mail may go out now, `sent` having gone out within the last hour, the oldest of them at `oldest`.
/// Otherwise the moment at which to ask again.
pub fn may_send(sent: u32, per_hour: u32, oldest: Option<Timestamp>, now: Timestamp) -> Result<(), Timestamp> {
    if sent < per_hour {
        return Ok(());
    }
    let hour = SignedDuration::from_hours(1);
    // A limit of 0 has no oldest mail to wait for.
    let frees = oldest.unwrap_or(now).saturating_add(hour).unwrap_or(Timestamp::MAX);
    Err(frees.max(now.saturating_add(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MAX)))
}

fn state(verdict: &Delivery, again: Option<Timestamp>) -> (RecipientState, String) {
    match (verdict, again) {
        (Delivery::Accepted { reply }, _) => (RecipientState::Accepted, reply.clone()),
        (Delivery::Refused { reply }, _) => (RecipientState::Refused, reply.clone()),
        (Delivery::Deferred { reply } | Delivery::Unknown { reply }, Some(_)) => {
            (RecipientState::Waiting, reply.clone())
        }
        (Delivery::Deferred { reply } | Delivery::Unknown { reply }, None) => {
            (RecipientState::Refused, format!("given up after five days; the last answer was: {reply}"))
        }
    }
}

fn after(now: Timestamp, first: Timestamp, wait: SignedDuration) -> Option<Timestamp> {
    if now.duration_since(first) >= GIVE_UP {
        return None;
    }
    // The last attempt is made when time is up, not hours before.
    let end = first.saturating_add(GIVE_UP).unwrap_or(Timestamp::MAX);
    Some(now.saturating_add(wait).unwrap_or(Timestamp::MAX).min(end))
}

/// Up to a tenth of `wait`; the same for the same seed and attempt.
fn jitter(wait: SignedDuration, seed: u64, attempts: u32) -> SignedDuration {
    // SplitMix64: neighbouring seeds come out far apart.
    let mut x = (seed ^ u64::from(attempts).rotate_left(32)).wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    let tenth = u64::try_from(wait.as_millis() / 10).unwrap_or(0);
    SignedDuration::from_millis(i64::try_from((x ^ (x >> 31)) % (tenth + 1)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn reply(text: &str) -> String {
        text.to_owned()
    }

    #[test]
    fn waits_grow_and_end_after_five_days() {
        let mut now = at(0);
        let mut waits = Vec::new();
        for attempts in 1.. {
            let Some(next) = next_attempt(attempts, now, at(0), 7) else { break };
            assert!(next > now, "attempt {attempts}");
            waits.push((next.as_second() - now.as_second()) as f64);
            now = next;
        }
        for (wait, least) in waits.iter().zip([10.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 14_400.0]) {
            assert!(*wait >= least - 1.0 && *wait <= least * 1.1 + 1.0, "{waits:?}");
        }
        assert_eq!(now, at(5 * 24 * 3600), "the last attempt is made when time is up");
        assert!(waits.len() < 50, "{}", waits.len());
    }

    #[test]
    fn mails_that_failed_together_return_apart() {
        let times: std::collections::BTreeSet<_> = (0..50).map(|mail| next_attempt(6, at(0), at(0), mail)).collect();
        assert!(times.len() > 40, "{times:?}");
        assert_eq!(next_attempt(6, at(0), at(0), 3), next_attempt(6, at(0), at(0), 3));
    }

    #[test]
    fn each_recipient_is_settled_apart() {
        let verdicts = [
            (address("a@example.com"), Delivery::Accepted { reply: reply("250 ok") }),
            (address("b@example.com"), Delivery::Refused { reply: reply("550 5.1.1 unknown") }),
            (address("c@example.com"), Delivery::Deferred { reply: reply("451 later") }),
        ];
        let settled = settle(&verdicts, History { mail: 1, attempts: 1, first: at(0) }, at(0));
        let next = next_attempt(1, at(0), at(0), 1).unwrap();
        assert_eq!(settled.next, Some(next));
        let one = |recipient, state, said| Settled { recipient: address(recipient), state, reply: reply(said) };
        assert_eq!(
            settled.recipients,
            [
                one("a@example.com", RecipientState::Accepted, "250 ok"),
                one("b@example.com", RecipientState::Refused, "550 5.1.1 unknown"),
                one("c@example.com", RecipientState::Waiting, "451 later"),
            ]
        );
        let refusal = Refusal { recipient: address("b@example.com"), reply: reply("550 5.1.1 unknown") };
        assert_eq!(settled.refusals, [refusal]);
        assert!(!settled.unknown);
    }

    #[test]
    fn an_unknown_fate_is_tried_again_soon_and_counted() {
        let verdicts = [(address("a@example.com"), Delivery::Unknown { reply: reply("cut") })];
        let settled = settle(&verdicts, History { mail: 1, attempts: 1, first: at(0) }, at(100));
        assert!(settled.unknown && settled.refusals.is_empty());
        assert_eq!(settled.next, Some(at(400)));
        let late = settle(&verdicts, History { mail: 1, attempts: 9, first: at(0) }, at(100));
        assert!(late.next > Some(at(100 + 4 * 3600)), "a server that never says makes few copies: {late:?}");
    }

    #[test]
    fn giving_up_is_a_refusal_with_the_last_answer() {
        let verdicts = [(address("a@example.com"), Delivery::Deferred { reply: reply("451 full") })];
        let settled = settle(&verdicts, History { mail: 1, attempts: 30, first: at(0) }, at(5 * 24 * 3600));
        assert_eq!(settled.next, None);
        assert!(settled.refusals[0].reply.contains("451 full"), "{settled:?}");
    }

    #[test]
    fn copies_wait_for_a_minute_at_first() {
        let seconds = |at: Timestamp| at.as_second() - 1_800_000_000;
        let refused = |tries| next_copy(tries, at(0), at(0), 7).map(seconds).unwrap();
        assert!((60..=66).contains(&refused(1)) && (300..=330).contains(&refused(2)), "{}", refused(1));
        assert_eq!(next_copy(9, at(5 * 24 * 3600), at(0), 7), None);
        let unreached = |tries| seconds(copy_when_reached(tries, at(0), 7));
        assert!((60..=66).contains(&unreached(1)) && (900..=990).contains(&unreached(u32::MAX)), "{}", unreached(1));
    }

    #[test]
    fn the_hour_has_a_limit() {
        assert_eq!(may_send(9, 10, Some(at(0)), at(60)), Ok(()));
        assert_eq!(may_send(10, 10, Some(at(0)), at(60)), Err(at(3600)));
        assert_eq!(may_send(10, 10, Some(at(0)), at(3600)), Err(at(3601)));
        assert!(may_send(0, 0, None, at(0)).is_err());
    }
}
