//! What a journey leaves behind, in a normal form: everything in the database, in the mailboxes and at the SMTP server
//! but times, and what belongs to the server's own count of UIDVALIDITY.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use rusqlite::types::ValueRef;

use crate::desk::Desk;
use crate::mails::header;
use crate::smtp_sink::Received;

/// By name; a mail's Message-ID is unique in it, whatever the number of copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Text to be compared, line by line.
    pub state: String,
    /// The mails at the SMTP server, and how many copies of each.
    pub mails: BTreeMap<String, usize>,
}

/// What is compared of each table, in which order.
const TABLES: [(&str, &str); 16] = [
    (
        "cases",
        "SELECT number, merged_into, queue, phase, status, subject, language, acknowledged, closed IS NULL, reopened FROM cases ORDER BY number",
    ),
    (
        "posts",
        "SELECT id, case_number, kind, audience, author, address, subject, text, author_text, language, stranger, entry FROM post ORDER BY id",
    ),
    ("found by words", "SELECT rowid FROM post_search WHERE post_search MATCH 'printer' ORDER BY rowid"),
    ("participants", "SELECT case_number, address, name, requester FROM participant ORDER BY 1, 2"),
    ("timers", "SELECT case_number, target, generation, due IS NULL, entry FROM timer ORDER BY 1, 2"),
    ("told", "SELECT source, text FROM told ORDER BY 1"),
    ("links", "SELECT from_case, to_case, kind, reason, entry FROM case_link ORDER BY 1, 2, 3"),
    ("contacts", "SELECT address, undeliverable FROM contact ORDER BY 1"),
    (
        "journal",
        "SELECT id, matter, mailbox, payload, waiting, marked, (SELECT hex(bytes) FROM raw WHERE entry = id) FROM journal ORDER BY id",
    ),
    ("decisions", "SELECT entry, verdict, case_number, effects, letters, trace FROM decision ORDER BY entry"),
    ("held", "SELECT entry, reason FROM held ORDER BY entry"),
    (
        "messages",
        "SELECT entry, message_id, refers_to, content_hash, originator, addresses, post FROM message ORDER BY entry",
    ),
    (
        "ledger",
        "SELECT (SELECT name FROM mailbox WHERE id = l.mailbox), uid, fate, entry, hex(hash), size, tries, reason, filing FROM ledger l ORDER BY 1, 2",
    ),
    ("sent", "SELECT id, post, template, hand, audience, message_id FROM sent ORDER BY id"),
    ("recipients", "SELECT sent, address, state, reply FROM sent_recipient ORDER BY 1, 2"),
    ("outbox", "SELECT id, reverse_path, attempts, next_attempt, unknown, copy FROM outbox ORDER BY id"),
];

impl Outcome {
    pub fn of(desk: &Desk) -> Outcome {
        let mut state = String::new();
        for (name, sql) in TABLES {
            state.push_str(&format!("-- {name}\n"));
            state.push_str(&table(desk, sql));
        }
        for mailbox in [0, 1] {
            let mut folders = desk.client(mailbox).ok("LIST \"\" \"*\"");
            folders.sort();
            folders.iter().for_each(|folder| state.push_str(&String::from_utf8_lossy(folder)));
            for folder in ["INBOX", "Processed", "Sent"] {
                state.push_str(&format!("-- folder {folder} of mailbox {mailbox}\n"));
                let mut messages: Vec<String> = desk
                    .client(mailbox)
                    .folder(folder)
                    .iter()
                    .map(|message| {
                        format!("{:?} {}\n", message.flags, timeless(&String::from_utf8_lossy(&message.raw)))
                    })
                    .collect();
                messages.sort();
                state.extend(messages);
            }
        }
        let mut mails = BTreeMap::new();
        for mail in desk.sink.taken() {
            *mails.entry(described(&mail)).or_default() += 1;
        }
        Outcome { state, mails }
    }
}

/// Which mails the server took from a daemon that is dead, and that the database does not know to be taken: the one
/// exception of L3. How many copies of each, as [`described`].
pub fn in_the_gap(desk: &Desk) -> BTreeMap<String, usize> {
    desk.sink.wait_until_quiet();
    let waiting: Vec<String> = desk.look(|database| {
        let sql = "SELECT s.message_id FROM sent s JOIN sent_recipient r ON r.sent = s.id WHERE r.state = 'waiting'";
        database.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
    });
    let mut copies = BTreeMap::new();
    for mail in desk.sink.taken() {
        let id = header(&mail, "Message-ID");
        if waiting.iter().any(|waiting| id == format!("<{waiting}>")) {
            *copies.entry(described(&mail)).or_default() += 1;
        }
    }
    copies
}

/// Envelope and bytes of a mail, one text: copies of it are equal.
pub fn described(mail: &Received) -> String {
    format!(
        "{} from <{}> {:?} to {:?} {:?}\n{}",
        header(mail, "Message-ID"),
        mail.reverse_path,
        mail.parameters,
        mail.recipients,
        mail.recipient_parameters,
        timeless(&String::from_utf8_lossy(&mail.bytes))
    )
}

fn table(desk: &Desk, sql: &str) -> String {
    desk.look(|database| {
        let mut statement = database.prepare(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        let mut lines = String::new();
        while let Some(row) = rows.next()? {
            let mut cells = Vec::new();
            for column in 0..columns {
                cells.push(match row.get_ref(column)? {
                    ValueRef::Null => "-".to_owned(),
                    ValueRef::Integer(number) => number.to_string(),
                    ValueRef::Real(number) => number.to_string(),
                    ValueRef::Text(text) => timeless(&String::from_utf8_lossy(text)),
                    ValueRef::Blob(blob) => format!("{} bytes", blob.len()),
                });
            }
            lines.push_str(&cells.join(" | "));
            lines.push('\n');
        }
        Ok(lines)
    })
}

/// Without what differs from run to run: moments.
pub fn timeless(text: &str) -> String {
    static MOMENT: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = r"\d{4}-\d\d-\d\d(?:T[0-9:.]+Z|(?:\s+at)?\s+\d\d:\d\d UTC)?|\d\d\.\d\d\.\d{4} um \d\d:\d\d UTC|(?m)^Date: .*2026.*$";
        Regex::new(pattern).expect("the pattern is a constant")
    });
    let text = text.replace("=\r\n", "");
    MOMENT.replace_all(&text, |_: &Captures| "(then)").into_owned()
}
