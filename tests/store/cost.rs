//! The cost of a message does not grow with the database; what SQL must look like for that.

use std::path::Path;

use jiff::SignedDuration;

use super::desk::{DESK, Desk, mail};
use super::{busy, shown};

#[test]
fn a_snapshot_is_bounded() {
    let mut desk = Desk::new(DESK);
    desk.look("support").expect("the store works");
    for n in 0..400 {
        let more = "In-Reply-To: <root@shop.example>\r\n";
        let bytes = mail("Anna <anna@shop.example>", &format!("s{n}@shop.example"), "Re: Root", "Again.", more);
        let shown = shown(&desk, bytes);
        desk.put("support", shown);
    }
    desk.look("support").expect("the store works");
    desk.settle_down();
    let packed: Vec<u8> = desk
        .sql()
        .query_row("SELECT snapshot FROM decision ORDER BY entry DESC LIMIT 1", [], |row| row.get(0))
        .expect("a snapshot");
    let text = zstd::decode_all(&packed[..]).expect("zstd");
    let snapshot: postcase::case::Snapshot = serde_json::from_slice(&text).expect("a snapshot");
    assert!(snapshot.messages_cut);
    assert_eq!(snapshot.messages.len(), postcase::case::snapshot::NEIGHBOURS);
    assert!(snapshot.cases.iter().all(|case| case.message_ids.len() <= 31));
    assert_eq!(desk.number("SELECT count(*) FROM cases"), 1, "one conversation");
}

#[test]
fn an_hour_is_used_up_by_mail_that_was_taken() {
    let limited =
        DESK.replace("[[queue]]\nname = \"support\"", "[limits]\nsent_per_hour = 2\n\n[[queue]]\nname = \"support\"");
    let mut desk = Desk::new(&limited);
    desk.look("support").expect("the store works");
    for n in 0..4 {
        let address = postcase::mail::Address::parse(&format!("p{n}@firm{n}.example")).expect("an address");
        let said = postcase::smtp::Delivery::Deferred { reply: "451 later".to_owned() };
        desk.refusals.insert(address, vec![said]);
        let bytes = mail(&format!("p{n}@firm{n}.example"), &format!("h{n}@x.example"), "Hello", "Please help.", "");
        let shown = shown(&desk, bytes);
        desk.put("support", shown);
    }
    desk.look("support").expect("the store works");
    desk.settle_down();
    assert_eq!(desk.sent.len(), 4, "nothing was taken, so everything was tried");
    desk.refusals.clear();
    desk.pass(SignedDuration::from_mins(10));
    desk.settle_down();
    let accepted = "SELECT count(*) FROM sent_recipient WHERE state = 'accepted'";
    assert_eq!(desk.number(accepted), 2);
    desk.pass(SignedDuration::from_mins(61));
    desk.settle_down();
    assert_eq!(desk.number(accepted), 4);
}

#[test]
fn the_limits_of_the_hour_are_kept_without_counting_its_mail() {
    let limited = DESK.replace(
        "[[queue]]\nname = \"support\"",
        "[acknowledgement]\nper_desk_hour = 3\n\n[[queue]]\nname = \"support\"",
    );
    let mut desk = Desk::new(&limited);
    desk.look("support").expect("the store works");
    let burst = |desk: &mut Desk, hour: u32| {
        for n in 0..5 {
            let id = format!("m{hour}.{n}@shop.example");
            let bytes = mail(&format!("p{n}@firm{n}.example"), &id, &format!("Hello {hour}"), "Please help.", "");
            let shown = shown(desk, bytes);
            desk.put("support", shown);
        }
        desk.look("support").expect("the store works");
        desk.settle_down();
    };
    burst(&mut desk, 1);
    assert_eq!(desk.sent.len(), 3);
    assert_eq!(desk.number("SELECT count(*) FROM sent_lately"), 1, "one row for all of them");
    desk.pass(SignedDuration::from_mins(59));
    burst(&mut desk, 2);
    assert_eq!(desk.sent.len(), 3, "the hour is not over");
    desk.pass(SignedDuration::from_mins(3 * 60));
    burst(&mut desk, 3);
    assert_eq!(desk.sent.len(), 6);
    assert_eq!(desk.number("SELECT count(*) FROM sent_lately"), 1, "what no limit asks for is forgotten");
}

/// Statements that a message goes through: none may read a table from end to end.
#[test]
fn nothing_on_the_way_of_a_message_reads_a_whole_table() {
    let mut desk = busy(5);
    // What only a rebuilt mailbox asks for has its index by then.
    desk.rebuild("support");
    desk.look("support").expect("the store works");
    let sql = desk.sql();
    let mut scans = Vec::new();
    let files = [
        "answered",
        "apply",
        "apply/effects",
        "journal",
        "lately",
        "ledger",
        "outbox",
        "policy",
        "raw",
        "search",
        "snapshot",
        "snapshot/cases",
        "timers",
        "mod",
    ];
    let mut seen = 0;
    for file in files {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/store/{file}.rs"));
        for statement in statements(&std::fs::read_to_string(path).expect("a source file")) {
            if people_only(&statement) {
                continue;
            }
            seen += 1;
            let mut plan = sql
                .prepare(&format!("EXPLAIN QUERY PLAN {statement}"))
                .unwrap_or_else(|error| panic!("{file}: {error}\n{statement}"));
            let count = plan.parameter_count();
            let rows = plan
                .query_map(rusqlite::params_from_iter(vec![rusqlite::types::Null; count]), |row| {
                    row.get::<_, String>(3)
                })
                .expect("a plan");
            for line in rows {
                let line = line.expect("a line");
                let small = [
                    "signing_key",
                    "json_each",
                    "unindexed",
                    "restored",
                    "mailbox",
                    "meta",
                    "trouble",
                    "generation",
                    "sqlite_master",
                    "CONSTANT ROW",
                ];
                let index_in_order = line.starts_with("SCAN") && line.contains("USING") && bounded(&statement);
                // A subquery that has its own LIMIT; or what was found by a hash.
                let derived = ["SCAN p", "SCAN (subquery-2)"].contains(&line.as_str()) && bounded(&statement);
                let sorted = line.contains("TEMP B-TREE FOR ORDER BY") && !small_sort(&statement);
                if reads_a_whole_mailbox(&line)
                    || (line.starts_with("SCAN")
                        && !index_in_order
                        && !derived
                        && !small.iter().any(|table| line.contains(table)))
                    || sorted
                {
                    scans.push(format!("{file}: {line}\n    {statement}"));
                }
            }
        }
    }
    assert!(seen > 60, "only {seen} statements were found in the source");
    assert!(scans.is_empty(), "{}", scans.join("\n"));
}

/// All that a mailbox ever showed is as good as a whole table.
fn reads_a_whole_mailbox(line: &str) -> bool {
    line.starts_with("SEARCH ledger")
        && !["uid=", "uid>", "uid<", "hash=", "ledger_failing", "ledger_unfiled"]
            .iter()
            .any(|narrow| line.contains(narrow))
}

/// Walks an index only as far as a LIMIT says, or over a partial index of what waits.
fn bounded(statement: &str) -> bool {
    statement.contains("LIMIT")
        || statement.contains("max(")
        || statement.contains("waiting = 1")
        || statement.contains("min(next_attempt)")
}

fn small_sort(statement: &str) -> bool {
    // A few generations; the recipients or participants of one mail or case.
    ["GROUP BY uid_validity", "FROM participant", "FROM sent_recipient"].iter().any(|part| statement.contains(part))
}

/// Asked by people now and then (`outbox list`), not on the way of a message.
fn people_only(statement: &str) -> bool {
    statement.contains("FROM outbox o JOIN sent s ON s.id = o.id JOIN post p") || statement.contains("{filter}")
}

/// The SQL in a source file: string literals that begin with a verb.
fn statements(source: &str) -> Vec<String> {
    let literal = regex::Regex::new(r#"(?s)"((?:SELECT|INSERT|UPDATE|DELETE)\b(?:[^"\\]|\\.)*)""#).expect("a pattern");
    let joined = regex::Regex::new(r"\\\n\s*").expect("a pattern");
    literal.captures_iter(source).map(|found| joined.replace_all(&found[1], "").into_owned()).collect()
}

/// SQLite numbers `$2` by where it stands, not by its name: `$2` before `$1` would be the first value.
#[test]
fn parameters_are_first_used_in_order() {
    let parameter = regex::Regex::new(r"\$(\d+)").expect("a pattern");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("a file").path();
        if path.extension().is_none_or(|ending| ending != "rs") {
            continue;
        }
        for statement in statements(&std::fs::read_to_string(&path).expect("a source file")) {
            let mut next = 1;
            for found in parameter.captures_iter(&statement) {
                let number: usize = found[1].parse().expect("a number");
                assert!(number <= next, "{}: ${number} before ${next}\n{statement}", path.display());
                next = next.max(number + 1);
            }
        }
    }
}
