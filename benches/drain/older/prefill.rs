//! Makes very many older messages of a few that were really taken in: each row of each table again and again, with
//! other ids, other people, other words in what is looked up, and earlier times. All indexes grow as they would have.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::types::Value;
use rusqlite::{Connection, Statement};
use sha2::{Digest, Sha256};

/// Over how long the older messages came in.
const YEARS: i64 = 3;
const DAY: i64 = 24 * 3600 * 1_000_000;
/// Copies of the sample that go in with one commit.
const BATCH: u64 = 10;

pub struct Made {
    pub bytes: u64,
    pub time: Duration,
    /// Journal entries that are there now.
    pub entries: u64,
}

/// What a copy does to a column.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Keep,
    /// The number of an entry, and what counts like it.
    Entry,
    /// `entry * 256 + ordinal`.
    Ordinal,
    Case,
    /// Earlier.
    Time,
    /// An id or an address: another one.
    Name,
    /// A JSON list of them.
    Names,
    Hash,
}

struct Table {
    name: String,
    columns: Vec<String>,
    changes: Vec<Change>,
    rows: Vec<Vec<Value>>,
}

/// Turns the `sample` entries of the database into about `older` ones.
pub fn fill(database: &Path, sample: u64, older: u64) -> Made {
    let begun = Instant::now();
    let connection = Connection::open(database).expect("the database was just made");
    let set = |name: &str, value: i64| connection.pragma_update(None, name, value).expect("SQLite knows it");
    // Nothing is lost if this is cut short.
    set("synchronous", 0);
    set("cache_size", -1024 * 1024);
    let copies = older / sample.max(1);
    let span = YEARS * 365 * DAY;
    let tables = tables(&connection);
    let cases = connection
        .query_row("SELECT coalesce(max(number) - min(number) + 1, 0) FROM cases", [], |row| row.get::<_, i64>(0))
        .expect("there are cases");
    for table in &tables {
        make_old(&connection, table, span + DAY);
    }
    // They are of years ago now, and forgotten.
    connection.execute_batch("DELETE FROM answered; DELETE FROM sent_lately").expect("tables of the schema");
    for first in (1..copies).step_by(BATCH as usize) {
        let transaction = connection.unchecked_transaction().expect("nobody else writes");
        for copy in first..(first + BATCH).min(copies) {
            let earlier = DAY + span / copies as i64 * (copies - copy) as i64;
            let shift = Shift { copy, entries: copy as i64 * sample as i64, cases: copy as i64 * cases, earlier };
            tables.iter().for_each(|table| table.copy(&transaction, &shift));
        }
        transaction.commit().expect("room on the disk");
    }
    let entries = connection
        .query_row("SELECT max(id) FROM journal", [], |row| row.get::<_, i64>(0))
        .expect("there are entries") as u64;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("nobody else looks");
    drop(connection);
    rustix::fs::sync();
    Made { bytes: std::fs::metadata(database).map_or(0, |file| file.len()), time: begun.elapsed(), entries }
}

/// How far a copy is from the sample.
struct Shift {
    copy: u64,
    entries: i64,
    cases: i64,
    earlier: i64,
}

/// All tables that grow with mail. The index of words and that of ids are made from the others.
fn tables(connection: &Connection) -> Vec<Table> {
    const FEW: [&str; 11] = [
        "unindexed",
        "meta",
        "signing_key",
        "policy",
        "mailbox",
        "generation",
        "trouble",
        "mention",
        "contact",
        "answered",
        "sent_lately",
    ];
    let mut names = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'post_search%' AND name NOT LIKE 'sqlite_%'")
        .expect("a schema");
    let names: Vec<String> =
        names.query_map([], |row| row.get(0)).expect("a schema").collect::<rusqlite::Result<_>>().expect("names");
    let mut tables: Vec<Table> = names
        .into_iter()
        .filter(|name| !FEW.contains(&name.as_str()))
        .map(|name| Table::read(connection, name))
        .collect();
    // What others refer to comes first.
    let place = |name: &str| ["journal", "cases", "post", "sent"].iter().position(|first| *first == name).unwrap_or(9);
    tables.sort_by_key(|table| place(&table.name));
    tables
}

impl Table {
    fn read(connection: &Connection, name: String) -> Table {
        let mut statement = connection.prepare(&format!("SELECT * FROM {name}")).expect("a table of the schema");
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let row = |row: &rusqlite::Row| (0..columns.len()).map(|at| row.get::<_, Value>(at)).collect();
        let rows = statement.query_map([], row).expect("a table").collect::<rusqlite::Result<_>>().expect("its rows");
        let changes = columns.iter().map(|column| change(&name, column)).collect();
        Table { name, columns, changes, rows }
    }

    fn copy(&self, connection: &Connection, shift: &Shift) {
        let marks = vec!["?"; self.columns.len()].join(", ");
        let prepare = |sql: &str| connection.prepare_cached(sql).expect("a table of the schema");
        let mut insert = prepare(&format!("INSERT INTO {} ({}) VALUES ({marks})", self.name, self.columns.join(", ")));
        let mut words = prepare("INSERT INTO post_search (rowid, subject, text) VALUES (?, ?, ?)");
        let mut mention = prepare("INSERT OR IGNORE INTO mention (hash, entry) VALUES (?, ?)");
        for row in &self.rows {
            let changed: Vec<Value> =
                row.iter().zip(&self.changes).map(|(value, change)| change.apply(value, shift)).collect();
            insert
                .execute(rusqlite::params_from_iter(&changed))
                .unwrap_or_else(|error| panic!("{}: {error}", self.name));
            match self.name.as_str() {
                "post" => {
                    let found = ["id", "subject", "text"].map(|name| self.column(&changed, name));
                    words.execute(found).expect("the index takes words");
                }
                "message" => self.mention(&changed, &mut mention),
                _ => {}
            }
        }
    }

    fn column<'a>(&self, row: &'a [Value], name: &str) -> &'a Value {
        let at = self.columns.iter().position(|column| column == name);
        &row[at.expect("a column of this table")]
    }

    /// The index of ids, as `store` makes it.
    fn mention(&self, row: &[Value], insert: &mut Statement<'_>) {
        let mut ids: Vec<String> = Vec::new();
        if let Value::Text(id) = self.column(row, "message_id") {
            ids.push(id.clone());
        }
        if let Value::Text(list) = self.column(row, "refers_to") {
            ids.extend(serde_json::from_str::<Vec<String>>(list).expect("a list of ids"));
        }
        for id in ids {
            let digest = Sha256::digest(id.as_bytes());
            let hash = i64::from_be_bytes(digest[..8].try_into().expect("a digest has 32 bytes"));
            insert.execute(rusqlite::params![hash, self.column(row, "entry")]).expect("the index takes ids");
        }
    }
}

fn change(table: &str, column: &str) -> Change {
    match (table, column) {
        ("journal", "id") | (_, "entry" | "uid") => Change::Entry,
        ("post" | "sent" | "outbox", "id") | (_, "post" | "sent") => Change::Ordinal,
        (_, "number" | "case_number" | "merged_into" | "from_case" | "to_case") => Change::Case,
        (_, "at" | "received" | "journalled" | "opened" | "closed" | "changed" | "queued" | "settled" | "due") => {
            Change::Time
        }
        (_, "message_id" | "address" | "originator") => Change::Name,
        (_, "refers_to" | "addresses") => Change::Names,
        (_, "hash" | "content_hash") => Change::Hash,
        _ => Change::Keep,
    }
}

impl Change {
    fn apply(self, value: &Value, shift: &Shift) -> Value {
        let name = |name: &str| format!("{}.{name}", shift.copy);
        match (self, value) {
            (Change::Entry, Value::Integer(n)) => Value::Integer(n + shift.entries),
            (Change::Ordinal, Value::Integer(n)) => Value::Integer(n + shift.entries * 256),
            (Change::Case, Value::Integer(n)) => Value::Integer(n + shift.cases),
            // The sample itself is the oldest by now.
            (Change::Time, Value::Integer(n)) => Value::Integer(n - shift.earlier),
            (Change::Name, Value::Text(text)) => Value::Text(name(text)),
            (Change::Names, Value::Text(text)) => {
                let names: Vec<String> = serde_json::from_str(text).expect("a list of names");
                Value::Text(serde_json::to_string(&names.iter().map(|n| name(n)).collect::<Vec<_>>()).expect("JSON"))
            }
            (Change::Hash, Value::Blob(bytes)) => {
                Value::Blob(Sha256::digest([bytes, &shift.copy.to_be_bytes()[..]].concat()).to_vec())
            }
            (Change::Hash, Value::Text(text)) => {
                Value::Text(data_encoding::HEXLOWER.encode(&Sha256::digest(name(text))))
            }
            (_, kept) => kept.clone(),
        }
    }
}

/// The sample came first.
fn make_old(connection: &Connection, table: &Table, earlier: i64) {
    for (column, change) in table.columns.iter().zip(&table.changes) {
        if *change == Change::Time {
            let sql = format!("UPDATE {} SET {column} = {column} - {earlier}", table.name);
            connection.execute(&sql, []).expect("times are numbers");
        }
    }
}
