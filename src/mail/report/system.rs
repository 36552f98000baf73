//! Whether a mail system speaks, where it does not say so in a machine-readable way.

use super::subjects::SUBJECTS;
use super::words::{DELIVERY, MAIL, OPENINGS, PHRASES, SYSTEM_PHRASES};
use crate::mail::Address;
use crate::mail::message::{Message, clip};
use crate::mail::subject::is_handed_on;

/// Bytes of text that are looked at: what a report has to say stands at its beginning.
pub const TEXT_BYTES: usize = 16 * 1024;
/// Bytes at the beginning of the text within which a mail system says that it is one.
const SYSTEM_BYTES: usize = 400;

/// Who sends: how surely a program that delivers mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sender {
    Unknown,
    /// An address or a name that people and firms bear as well.
    Namesake,
    /// An address that people who run mail systems use as well.
    Postmaster,
    /// An address or a name that only mail systems have.
    Daemon,
}

/// Local parts of programs that deliver mail, and of the people who look after them.
pub const MASTERS: &[&str] = &["postmaster", "postoffice", "postmaster1", "mailadmin", "ndr", "bounce", "bounces"];

/// The same, of people and firms that are called so.
const NAMESAKES: &[&str] = &["mailer", "mailmaster"];

/// With these begin the names of programs that deliver mail.
const NAMES: &[&str] = &[
    "mail delivery s",
    "mailer-daemon",
    "mail administrator",
    "mail deliver system",
    "internet mail delivery",
    "system administrator",
    "systemadministrator",
    "systemansvarlig",
    "systeembeheerder",
    "administrateur système",
    "administrador del sistema",
    "administrador do sistema",
    "amministratore di sistema",
    "administrator systemu",
    "správce systému",
    "správca systému",
    "järjestelmänvalvoja",
    "rendszergazda",
    "sistem yöneticisi",
    "διαχειριστής συστήματος",
    "системный администратор",
    "システム管理者",
    "系统管理员",
    "系統管理員",
    "시스템 관리자",
    "courier mail server",
    "mail daemon",
    "mailer daemon",
];

/// Who sends, by the addresses in From and Sender, and by the name beside them.
pub fn sender(message: &Message) -> Sender {
    const DAEMONS: &[&str] = &["maildaemon", "mailsystem", "mdaemon", "maildeliverysystem", "maildeliverysubsystem"];
    let is_master = |local: &str| MASTERS.contains(&local);
    let by_address = |address: &Address| {
        let local = bare(address.local_part());
        // Exchange gives its own reports an address of this form ([MS-OXCMAIL] leaves it open).
        let exchange = local.strip_prefix("microsoftexchange").is_some_and(|id| id.len() == 32);
        if local.contains("mailerdaemon") || DAEMONS.contains(&local.as_str()) || exchange {
            Sender::Daemon
        } else if is_master(&local) {
            Sender::Postmaster
        } else if NAMESAKES.contains(&local.as_str()) {
            Sender::Namesake
        } else {
            Sender::Unknown
        }
    };
    let by_name = |name: &str| {
        let name = name.to_lowercase();
        if NAMES.iter().any(|words| name.starts_with(words)) {
            Sender::Postmaster
        } else if name.starts_with("interscan") {
            Sender::Namesake
        } else {
            Sender::Unknown
        }
    };
    let known = message.from.iter().flat_map(|named| {
        let name = named.name.as_deref().filter(|_| !is_persons(named.address.local_part()));
        [by_address(&named.address), name.map_or(Sender::Unknown, by_name)]
    });
    // Lists and relays put an address for what comes back into Sender: there only a daemon's says who speaks.
    let submitted = message.sender.iter().map(|named| by_address(&named.address)).filter(|by| *by == Sender::Daemon);
    // `Postmaster <>`: no address, and a name that says enough.
    let written = message.field("From").filter(|_| message.from.is_empty()).map(|from| {
        let name = from.split('<').next().unwrap_or_default().trim_matches(['"', ' ']);
        let from = bare(&from.to_lowercase());
        let daemon = from.contains("mailerdaemon") || from.contains("maildelivery");
        let name_alone = bare(&name.to_lowercase());
        let master = is_master(&name_alone) || NAMESAKES.contains(&name_alone.as_str());
        if daemon {
            Sender::Daemon
        } else if master {
            Sender::Postmaster
        } else {
            by_name(name)
        }
    });
    known.chain(submitted).chain(written).max().unwrap_or(Sender::Unknown)
}

/// `paul.roy`: two names, of which neither is a machine's.
fn is_persons(local: &str) -> bool {
    const MACHINES: &[&str] = &["mail", "post", "daemon", "admin", "system", "server", "exchange", "reply", "delivery"];
    let name = |part: &str| part.len() > 1 && part.chars().all(char::is_alphabetic);
    let local = local.to_lowercase();
    local.split_once('.').is_some_and(|(first, last)| name(first) && name(last))
        && !MACHINES.iter().any(|words| local.contains(words))
}

/// A local part without the characters that people put between words, and without what follows a plus sign.
pub fn bare(local: &str) -> String {
    local.split('+').next().unwrap_or_default().chars().filter(|c| !matches!(c, '-' | '_' | '.' | ' ')).collect()
}

/// Text as it is compared: lower case, one space between words, plain apostrophes, no decoration.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // Most text is words of ASCII, which go over as they stand.
    while let Some(c) = rest.chars().next() {
        let run = rest.bytes().position(|b| !b.is_ascii_graphic() || b == b'`').unwrap_or(rest.len());
        out.push_str(&rest[..run]);
        rest = &rest[run..];
        if run > 0 {
            continue;
        }
        for c in c.to_lowercase() {
            match c {
                '’' | '‘' | '`' | '´' => out.push('\''),
                _ if !c.is_whitespace() => out.push(c),
                _ if out.ends_with(' ') => {}
                _ => out.push(' '),
            }
        }
        rest = &rest[c.len_utf8()..];
    }
    out.make_ascii_lowercase();
    out
}

/// Whether the text reads as a delivery report. Proves nothing alone: people write about bounces too.
pub fn text_tells_of_failure(message: &Message) -> bool {
    let text = plain(clip(&message.text, TEXT_BYTES));
    PHRASES.iter().chain(SYSTEM_PHRASES).any(|words| text.contains(words))
}

/// Whether the subject says that a machine reports a failure; not that a person answers or forwards.
pub fn subject_tells_of_failure(message: &Message) -> bool {
    let subject = plain(&message.subject);
    SUBJECTS.iter().any(|words| subject.contains(words)) && !is_handed_on(&subject)
}

/// Whether a message reads as a mail system's own words, by subject and by `own`, the text without quotations. It
/// answers nothing, forwards nothing and asks nothing; whoever writes about a bounce begins with words of his own.
pub fn speaks_as_mail_system(message: &Message, own: &str) -> bool {
    if !message.in_reply_to.is_empty() || !message.references.is_empty() || message.subject.contains('?') {
        return false;
    }
    let subject = plain(&message.subject);
    if !SUBJECTS.iter().any(|words| subject.contains(words)) {
        return false;
    }
    let head = plain(clip(own.trim_start(), SYSTEM_BYTES));
    let head = head.trim_start_matches(|c: char| !c.is_alphanumeric());
    let opens = OPENINGS.iter().any(|words| head.starts_with(words));
    // Where a program writes the subject, it stands at its beginning.
    let titled = || SUBJECTS.iter().any(|words| subject.trim_start_matches(['*', '[', ' ']).starts_with(words));
    let says = |known: &[&str]| known.iter().any(|words| head.contains(words));
    let begins = || titled() && says(PHRASES) && says(DELIVERY) && says(MAIL);
    if is_handed_on(&subject) {
        // Of what came back is the mark, where the failure is told behind its subject: `RE: Offer (delivery failed)`.
        let behind = |words: &&&str| subject.trim_end_matches([')', '.', ' ']).ends_with(**words);
        let bare = subject.split_once([':', '：']).map_or("", |(_, rest)| rest.trim_start());
        let starts = SUBJECTS.iter().any(|words| bare.starts_with(words));
        return opens && !starts && SUBJECTS.iter().find(behind).is_some();
    }
    opens || !greets(head) && (SYSTEM_PHRASES.iter().any(|words| head.contains(words)) || begins())
}

/// A person is greeted, by a person; `head` as [`plain`] makes it.
pub fn greets(head: &str) -> bool {
    const GREETINGS: &[&str] = &[
        "dear ",
        "hello",
        "good morning",
        "good afternoon",
        "good day",
        "hallo",
        "guten tag",
        "sehr geehrte",
        "liebe",
        "bonjour",
        "madame",
        "monsieur",
        "hola",
        "buenos",
        "buenas",
        "estimad",
        "buongiorno",
        "salve",
        "gentile",
        "ciao",
        "beste ",
        "geachte",
        "olá",
        "bom dia",
        "boa tarde",
        "prezad",
        "dzień dobry",
        "witam",
        "dobrý den",
        "hej",
        "здравствуйте",
        "добрый день",
        "お世話",
        "您好",
        "你好",
        "안녕",
    ];
    // qmail begins with "Hi. This is the qmail-send program", OpenSMTPD with "Hi!".
    let hi = ["hi ", "hi,"].iter().any(|hi| head.starts_with(hi));
    hi || GREETINGS.iter().any(|greeting| head.starts_with(greeting))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_compared_plainly() {
        assert_eq!(plain("It couldn’t\u{a0}be\r\n  Delivered"), "it couldn't be delivered");
    }
}
