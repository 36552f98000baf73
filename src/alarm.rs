//! When administrators are told of a trouble, and by which way. Pure: what is wrong stands in the store, and what was
//! told of it, so that a restart tells nothing twice.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::case::alarm::{Alarm, Told, Trouble, Turn};

/// How patient administrators are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How long a server may fail before it is told.
    pub after: Duration,
    /// How often a trouble that lasts is told again.
    pub repeat: Duration,
}

/// The ways that can be trusted with an alarm: what is broken cannot tell of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ways {
    Both,
    MailOnly,
    CommandOnly,
}

/// How a source is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// Servers fail for a moment all the time: told when it lasts.
    Server,
    /// Told at once, and again while it lasts.
    Condition,
    /// Something happened that a person must look at. Told once, and once more when what is said of it changes.
    Event,
}

/// What is to be told now: troubles that have lasted, are told again, have changed, or are over.
pub fn due(troubles: &[Trouble], told: &[Told], patience: &Patience, now: Timestamp) -> Vec<Alarm> {
    let mut alarms = Vec::new();
    for trouble in troubles {
        let before = told.iter().find(|told| told.source == trouble.source);
        let turn = match (before, manner(&trouble.source)) {
            (None, Manner::Server) if !has_passed(trouble.since, patience.after, now) => continue,
            (None, _) => Turn::Begins,
            (Some(before), Manner::Event)
                if before.text != trouble.text && has_passed(before.at, patience.after, now) =>
            {
                Turn::Begins
            }
            (Some(before), Manner::Server | Manner::Condition) if has_passed(before.at, patience.repeat, now) => {
                Turn::Lasts
            }
            (Some(_), _) => continue,
        };
        let Trouble { source, text, since } = trouble.clone();
        alarms.push(Alarm { source, turn, text, since });
    }
    let is_over = |told: &&Told| troubles.iter().all(|trouble| trouble.source != told.source);
    alarms.extend(told.iter().filter(is_over).map(|told| {
        let Told { source, text, since, .. } = told.clone();
        Alarm { source, turn: Turn::Over, text, since }
    }));
    alarms
}

/// By which ways an alarm goes out.
pub fn ways(alarm: &Alarm) -> Ways {
    match (alarm.source.as_str(), alarm.turn) {
        // Mail would wait in the outbox and arrive when it is over.
        (SMTP | OUTBOX, Turn::Begins | Turn::Lasts) => Ways::CommandOnly,
        // An alarm about alarms that bounce would bounce.
        (ALARM_MAIL, _) => Ways::CommandOnly,
        (ALARM_COMMAND, _) => Ways::MailOnly,
        _ => Ways::Both,
    }
}

/// Mail cannot be handed over.
pub const SMTP: &str = "smtp";
/// Mail waits that nobody has tried to hand over.
pub const OUTBOX: &str = "outbox";
/// The rules have mistakes; the last good ones are in force.
pub const RULES: &str = "rules";
/// Messages could not be read or decided, and are held (B4).
pub const POISON: &str = "held messages";
/// The database's disk is nearly full.
pub const DISK: &str = "disk";
/// The index of words.
pub const SEARCH: &str = "search";
/// Timers did not wait for a mailbox any longer (L9).
pub const TIMERS: &str = "timers";
/// An administrator's address refuses alarms.
pub const ALARM_MAIL: &str = "alarm mail";
/// The alarm command fails.
pub const ALARM_COMMAND: &str = "alarm command";

/// A mailbox fails, or is silent.
pub fn of_mailbox(name: &str) -> String {
    format!("mailbox {name}")
}

/// No mail has come to a mailbox for too long.
pub fn silence_of(name: &str) -> String {
    format!("silence of {name}")
}

/// The server holds messages that the ledger does not (L1).
pub fn ledger_of(name: &str) -> String {
    format!("ledger of {name}")
}

fn manner(source: &str) -> Manner {
    match source {
        SMTP | "sent folder" => Manner::Server,
        RULES | POISON | "backup" => Manner::Event,
        _ if source.starts_with("mailbox ") => Manner::Server,
        _ => Manner::Condition,
    }
}

fn has_passed(since: Timestamp, duration: Duration, now: Timestamp) -> bool {
    let duration = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
    since.duration_until(now) >= duration
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience { after: Duration::from_secs(600), repeat: Duration::from_secs(4 * 3600) };

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    fn trouble(source: &str, since: i64) -> Trouble {
        Trouble { source: source.to_owned(), text: "It fails.".to_owned(), since: at(since) }
    }

    /// What is told at a minute, in short; `told` remembers it as the store does.
    fn tell(troubles: &[Trouble], told: &mut Vec<Told>, minute: i64) -> Vec<String> {
        let alarms = due(troubles, told, &PATIENCE, at(minute));
        for Alarm { source, turn, text, since } in alarms.clone() {
            told.retain(|told| told.source != source);
            if turn != Turn::Over {
                told.push(Told { source, text, since, at: at(minute) });
            }
        }
        alarms.iter().map(|alarm| format!("{} {}", alarm.source, alarm.turn.name())).collect()
    }

    #[test]
    fn a_server_may_fail_for_a_while() {
        let mut told = Vec::new();
        let failing = [trouble("mailbox support", 0), trouble(SMTP, 5)];
        assert!(tell(&failing, &mut told, 9).is_empty());
        assert_eq!(tell(&failing, &mut told, 10), ["mailbox support begins"]);
        assert!(tell(&failing, &mut told, 14).is_empty());
        assert_eq!(tell(&failing, &mut told, 15), ["smtp begins"]);
        assert_eq!(tell(&failing, &mut told, 250), ["mailbox support lasts"]);
        assert_eq!(tell(&failing[1..], &mut told, 251), ["mailbox support over"]);
        assert!(tell(&failing[1..], &mut told, 252).is_empty());
    }

    #[test]
    fn what_was_over_before_it_was_told_is_not_told() {
        let mut told = Vec::new();
        assert!(tell(&[trouble(SMTP, 0)], &mut told, 5).is_empty());
        assert!(tell(&[], &mut told, 6).is_empty());
    }

    #[test]
    fn each_bad_edit_of_the_rules_is_told_once() {
        let mut told = Vec::new();
        let bad = trouble(RULES, 0);
        assert_eq!(tell(std::slice::from_ref(&bad), &mut told, 0), ["rules begins"]);
        assert!(tell(std::slice::from_ref(&bad), &mut told, 5_000).is_empty());
        let other = Trouble { text: "Another mistake.".to_owned(), ..bad };
        assert_eq!(tell(std::slice::from_ref(&other), &mut told, 5_001), ["rules begins"]);
        assert_eq!(tell(&[], &mut told, 5_002), ["rules over"]);
    }

    #[test]
    fn what_is_broken_does_not_carry_its_own_alarm() {
        let alarm =
            |source: &str, turn| Alarm { turn, ..due(&[trouble(source, 0)], &[], &PATIENCE, at(99))[0].clone() };
        assert_eq!(ways(&alarm(SMTP, Turn::Begins)), Ways::CommandOnly);
        assert_eq!(ways(&alarm(SMTP, Turn::Over)), Ways::Both);
        assert_eq!(ways(&alarm(ALARM_MAIL, Turn::Over)), Ways::CommandOnly);
        assert_eq!(ways(&alarm(ALARM_COMMAND, Turn::Lasts)), Ways::MailOnly);
        assert_eq!(ways(&alarm("mailbox support", Turn::Lasts)), Ways::Both);
    }
}
