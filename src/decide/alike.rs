//! A second mail by the same person about something alike.

use std::collections::BTreeSet;

use super::Draft;
use super::mail::{Incoming, Treatment, treatment};
use crate::case::decision::LinkKind;
use crate::case::snapshot::OwnCase;
use crate::case::{CaseNumber, Effect};

/// Days within which a case is looked at again.
const DAYS: i64 = 14;

/// People write again without replying: a new case by the same person about something alike is linked, and staff
/// merge it where they agree. No clue says so, and a subject can be forged.
pub(super) fn propose_merging(draft: &mut Draft<'_>, mail: &Incoming<'_>, case: CaseNumber, subject: &str) {
    if treatment(mail.arrived.reading.kind) != Treatment::Answered {
        return;
    }
    let lately = |own: &&OwnCase| draft.event.received.duration_since(own.opened).as_hours() <= 24 * DAYS;
    let linked = |own: &&OwnCase| {
        draft.effects.iter().any(|effect| matches!(effect, Effect::LinkCase { to, .. } if *to == own.number))
    };
    let cases = draft.snapshot.speaker.cases.iter().filter(lately).filter(|own| !linked(own));
    let alike = cases.filter(|own| own.number != case).find(|own| is_alike(subject, &own.subject));
    if let Some(to) = alike.map(|own| own.number) {
        draft
            .say(format!("The originator has case {to} about something alike: it is linked, and merging is proposed."));
        let reason = "The same person wrote again about something alike.".to_owned();
        draft.effects.push(Effect::LinkCase { from: case, to, kind: LinkKind::SameConversation, reason });
    }
}

/// Whether two subjects say nearly the same: the same numbers, most of their words or nearly all of their letters.
fn is_alike(one: &str, other: &str) -> bool {
    const LIKENESS: f64 = 0.93;
    let words = |text: &str| -> BTreeSet<String> {
        let parts = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        parts.map(str::to_lowercase).collect()
    };
    let (left, right) = (words(one), words(other));
    // Two orders, two machines: what has a number is about that one.
    let numbers = |words: &BTreeSet<String>| -> BTreeSet<String> {
        words.iter().filter(|word| word.contains(|c: char| c.is_ascii_digit())).cloned().collect()
    };
    if numbers(&left) != numbers(&right) {
        return false;
    }
    let shared = left.intersection(&right).count();
    let most = left.len().max(right.len());
    let by_words = shared >= 2 && 3 * shared >= 2 * most;
    let by_letters = || strsim::jaro_winkler(&one.to_lowercase(), &other.to_lowercase()) >= LIKENESS;
    by_words || (!left.is_empty() && !right.is_empty() && by_letters())
}

#[cfg(test)]
mod tests {
    use super::is_alike;

    #[test]
    fn what_is_alike_and_what_is_not() {
        for (one, other) in [
            ("Printer", "printer"),
            ("Label printer prints blank pages", "Our label printer prints blank pages!"),
            ("Printer prints blank pages", "Printer prints blank page"),
            ("Order 4711 is late", "order 4711 late"),
        ] {
            assert!(is_alike(one, other), "{one} / {other}");
        }
        for (one, other) in [
            ("Order 4711", "Order 4712"),
            ("Printer", "Scanner"),
            ("Printer on fire", "Printer out of paper"),
            ("", ""),
            ("?", "?"),
        ] {
            assert!(!is_alike(one, other), "{one} / {other}");
        }
    }
}
