//! Reads `[alarm]`.

use std::path::Path;
use std::time::Duration;

use super::AlarmConfig;
use super::read::Read;
use crate::diagnostics::{Section, Value, plain};
use crate::mail::Address;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

pub(super) fn alarm(section: &Section<'_>, folder: &Path, mailboxes: &[Read]) -> AlarmConfig {
    let default = AlarmConfig::default();
    AlarmConfig {
        administrators: section.or("administrators", Vec::new(), |value| {
            value.list(|value| {
                let address = value.clone().address()?;
                warn_of_own(&value, &address, mailboxes);
                Some(address)
            })
        }),
        command: section.optional("command", |value| command(&value, folder)),
        after: section.or("after", default.after, |value| value.duration(SECOND..=DAY)),
        repeat: section.or("repeat", default.repeat, |value| value.duration(10 * MINUTE..=30 * DAY)),
        no_mail_after: {
            let usual = section.optional("no_mail_after", working_time);
            let of = |mailbox: &Read| Some((mailbox.name.as_ref()?.0.clone(), mailbox.no_mail_after.or(usual)?));
            mailboxes.iter().filter_map(of).collect()
        },
        disk_below: section.or("disk_below", default.disk_below, |value| value.size(0..=1 << 50)),
    }
}

/// Working time, as the desk's calendar counts it.
pub(super) fn working_time(value: Value<'_>) -> Option<Duration> {
    value.duration(10 * MINUTE..=1_000 * HOUR)
}

/// Such an alarm would lie in the mailbox that may be the one that is not read.
fn warn_of_own(value: &Value<'_>, address: &Address, mailboxes: &[Read]) {
    if mailboxes.iter().flat_map(|mailbox| &mailbox.addresses).any(|(own, _)| own == address) {
        value.warn(
            format!("{address} is an address of the desk: alarms to it land in the mailbox that may be in trouble"),
            "name the administrators' own addresses",
        );
    }
}

/// The program must be there: an alarm is no time to learn that it is not.
fn command(value: &Value<'_>, folder: &Path) -> Option<Vec<String>> {
    let mut words = value.clone().list(Value::text)?;
    let Some(program) = words.first_mut().filter(|program| !program.is_empty()) else {
        let help = "name a program and its arguments, as in [\"/usr/local/bin/page\", \"mail\"]".to_owned();
        return value.wrong("`command` names no program", "this is empty", Some(help));
    };
    let path = folder.join(&*program);
    let usable = std::fs::metadata(&path).map_err(|error| plain(&error).to_string()).and_then(|found| {
        let runs = rustix::fs::access(&path, rustix::fs::Access::EXEC_OK).is_ok();
        if found.is_file() && runs { Ok(()) } else { Err("this user may not run it".to_owned()) }
    });
    if let Err(reason) = usable {
        let help = "write the whole path of a program, and make it executable (`chmod +x`)".to_owned();
        let message = format!("the alarm command {} cannot be run: {reason}", path.display());
        return value.wrong(message, "this one", Some(help));
    }
    *program = path.display().to_string();
    Some(words)
}
