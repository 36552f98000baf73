//! What must hold at the end of every story.

use std::collections::BTreeMap;

use postcase::case::EntryId;
use postcase::mail::{self, Bounds, Circumstances, Kind};

use super::desk::Desk;

pub fn check(name: &str, desk: &Desk) {
    let counts = desk.engine().store().counts().expect("counts");
    assert_eq!(counts.waiting, 0, "{name}: nothing waits");
    assert_eq!(counts.decisions.values().sum::<u64>(), counts.entries, "{name}: an entry, a decision (L1)");
    for mailbox in &counts.mailboxes {
        let shown = desk.mailboxes.get(&mailbox.mailbox).map_or(0, |mailbox| mailbox.shown as u64);
        assert_eq!(mailbox.shown, shown, "{name}: a row for each UID of {}", mailbox.mailbox);
        assert_eq!(mailbox.fates.values().sum::<u64>(), shown, "{name}: a fate for each UID");
    }
    for (sql, what) in [
        (
            "SELECT count(*) FROM (SELECT p.entry FROM post p JOIN message m ON m.entry = p.entry \
             WHERE p.kind IN ('mail-in', 'automatic') AND p.address IS m.originator GROUP BY p.entry HAVING count(*) > 1)",
            "a mail makes one post of its author's; others are in mail that staff hand on",
        ),
        (
            "SELECT count(*) FROM (SELECT p.case_number FROM sent s JOIN post p ON p.id = s.post \
             WHERE s.template = 'acknowledged' AND p.case_number NOT IN \
               (SELECT merged_into FROM cases WHERE merged_into IS NOT NULL) GROUP BY p.case_number HAVING count(*) > 1)",
            "a case is acknowledged once, unless people made one of two (B26)",
        ),
        (
            "SELECT count(*) FROM journal j WHERE matter = 'mail' AND mailbox IS NOT NULL AND 1 <> \
             (SELECT count(*) FROM ledger l WHERE l.entry = j.id AND l.fate = 'journalled')",
            "a mail in the journal has one UID",
        ),
        (
            "SELECT count(*) FROM ledger WHERE fate IN ('journalled', 'same-copy') AND entry IS NOT NULL AND entry NOT IN (SELECT id FROM journal)",
            "a UID in the ledger has its entry",
        ),
        (
            "SELECT count(*) FROM message m JOIN decision d ON d.entry = m.entry WHERE m.post IS NULL \
             AND d.verdict NOT IN ('hold', 'recorded', 'duplicate', 'done')",
            "what was decided to become a post is one",
        ),
        (
            "SELECT count(*) FROM decision d, json_each(d.letters) l WHERE json_extract(l.value, '$.subject') <> '' \
               OR json_extract(l.value, '$.facts.body') IS NOT NULL \
               OR json_extract(l.value, '$.facts.inside.words') IS NOT NULL \
               OR json_extract(l.value, '$.to[0].name') IS NOT NULL",
            "the record of a letter keeps no words and no names (L11)",
        ),
        ("SELECT count(*) FROM pragma_foreign_key_check", "rows that others name are there"),
        ("SELECT count(*) FROM sent WHERE id NOT IN (SELECT id FROM outbox)", "a letter is in the outbox"),
    ] {
        assert_eq!(desk.number(sql), 0, "{name}: {what}");
    }
    let sound: String = desk.sql().query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a check");
    assert_eq!(sound, "ok", "{name}");
    desk.sql()
        .execute("INSERT INTO post_search (post_search, rank) VALUES ('integrity-check', 1)", [])
        .unwrap_or_else(|error| panic!("{name}: the index of words is wrong: {error}"));
    machines_are_not_answered(name, desk);
    limits_hold(name, desk);
}

/// L4, read from the raw mail, not from what was decided.
fn machines_are_not_answered(name: &str, desk: &Desk) {
    let store = desk.engine().store();
    let circumstances = Circumstances {
        own_addresses: desk.policy().desk.own_addresses,
        own_lists: desk.policy().desk.own_lists,
        case_word: "Case".to_owned(),
        keyring: store.keyring().expect("a keyring"),
        bounds: Bounds::default(),
    };
    let sql = desk.sql();
    let mut statement =
        sql.prepare("SELECT id FROM sent WHERE hand = 'machine' AND person IS NULL").expect("a statement");
    let ids = statement.query_map([], |row| row.get::<_, i64>(0)).expect("rows");
    for id in ids {
        let entry = EntryId(id.expect("an id") as u64 / 256);
        let Some(raw) = store.raw(entry).expect("raw bytes") else { continue };
        let kind = mail::read(&raw, &circumstances).kind;
        let person = matches!(kind, Kind::Correspondence | Kind::Calendar);
        assert!(person, "{name}: entry {entry} is {kind:?}, and was answered (L4)");
    }
}

/// B26: automatic answers to one address within an hour.
fn limits_hold(name: &str, desk: &Desk) {
    let most = desk.policy().desk.acknowledgement.per_address_hour as usize;
    let sql = desk.sql();
    let mut statement = sql
        .prepare(
            "SELECT r.address, s.at FROM sent s JOIN sent_recipient r ON r.sent = s.id \
             WHERE s.hand = 'machine' AND s.person IS NULL AND s.template <> 'closed' ORDER BY s.at",
        )
        .expect("a statement");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
    let mut times: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for row in rows {
        let (address, at): (String, i64) = row.expect("a row");
        times.entry(address).or_default().push(at);
    }
    for (address, times) in times {
        for start in &times {
            let within = times.iter().filter(|at| (*start..start + 3_600_000_000).contains(*at)).count();
            assert!(within <= most, "{name}: {within} automatic answers to {address} within an hour");
        }
    }
}
