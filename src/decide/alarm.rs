//! Administrators are told of a trouble: a letter of its own, about no case.

use super::Draft;
use super::answer::desk_address;
use crate::case::alarm::{Alarm, Turn};
use crate::case::letter::{Facts, Hand};
use crate::case::sentence::sentence;
use crate::case::{Audience, Decision, Letter, Template, Verdict};
use crate::mail::{Address, Named};

pub(super) fn decide(mut draft: Draft<'_>, alarm: &Alarm, to: &[Address]) -> Decision {
    draft.say(format!("Administrators are told: {}.", alarm.headline()));
    if to.is_empty() {
        draft.say("No address of theirs is known.");
        return draft.decided(Verdict::Recorded, None);
    }
    let letter = Letter {
        id: draft.next_letter(),
        template: Template::Alarm,
        hand: Hand::Machine,
        audience: Audience::Internal,
        case: None,
        post: None,
        person: None,
        asks: None,
        question: None,
        from: desk_address(&draft, None),
        to: to.iter().map(|address| Named { name: None, address: address.clone() }).collect(),
        cc: Vec::new(),
        subject: alarm.headline(),
        language: draft.language(None),
        in_reply_to: None,
        references: Vec::new(),
        quotes: Vec::new(),
        recalls: None,
        enclosed: None,
        facts: Facts { body: Some(words(&draft, alarm)), ..Facts::default() },
        at: draft.now,
    };
    draft.letters.push(letter);
    draft.decided(Verdict::Done, None)
}

fn words(draft: &Draft<'_>, alarm: &Alarm) -> String {
    let zone = draft.policy.desk.hours.zone().clone();
    let since = alarm.since.to_zoned(zone);
    let (since, seit) = (since.strftime("%Y-%m-%d at %H:%M %Z"), since.strftime("%Y-%m-%d um %H:%M %Z"));
    let source = &alarm.source;
    let begin = match alarm.turn {
        Turn::Begins => sentence!(
            "There is trouble with {source}, since {since}:",
            "Es gibt Schwierigkeiten mit {source}, seit {seit}:"
        ),
        Turn::Lasts => sentence!(
            "There is still trouble with {source}, since {since}:",
            "Es gibt noch immer Schwierigkeiten mit {source}, seit {seit}:"
        ),
        Turn::Over => sentence!(
            "This is over now. There was trouble with {source}, since {since}:",
            "Das ist jetzt vorüber. Es gab Schwierigkeiten mit {source}, seit {seit}:"
        ),
    };
    // What is wrong is said in the words of servers and of the log.
    format!("{}\n\n{}", begin.said_in(&draft.language(None)), alarm.text)
}
