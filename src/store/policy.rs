//! The policies that were in force, and what cases still need of one.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::{Result, Store, Tx};
use crate::case::CaseNumber;

/// Cases that are named as using what was taken out of the rules, at most.
pub const USES: usize = 12;

/// What open cases name, by its place in the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Used {
    Queue,
    Priority,
    Assignee,
    Follower,
}

/// An open case that names something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    pub used: Used,
    pub name: String,
    pub case: CaseNumber,
}

impl Tx<'_> {
    /// Keeps the texts of a policy's files (JSON) under its hash, once; it is the one in force from now on.
    pub fn keep_policy(&self, hash: &str, files: &str, now: Timestamp) -> Result<()> {
        self.prepare_cached("INSERT INTO policy (hash, files, since) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")?
            .execute(params![hash, files, now.as_microsecond()])?;
        self.set_meta("policy", hash)
    }
}

impl Store {
    /// The files of the policy that was last in force, by name; None: there was none yet.
    pub fn policy_in_force(&self) -> Result<Option<BTreeMap<String, String>>> {
        let files: Option<String> = self
            .connection
            .prepare_cached("SELECT files FROM policy WHERE hash = (SELECT value FROM meta WHERE key = 'policy')")?
            .query_row([], |row| row.get(0))
            .optional()?;
        Ok(files.and_then(|files| serde_json::from_str(&files).ok()))
    }

    /// Cases that are not closed and name one of these, [`USES`] at most and one more, so that it shows that there are
    /// others.
    pub fn uses(&self, queues: &[String], priorities: &[String], staff: &[String]) -> Result<Vec<Use>> {
        let list = |names: &[String]| serde_json::to_string(names).expect("names are JSON");
        let mut statement = self.connection.prepare_cached(
            "SELECT 'queue', queue, number FROM cases WHERE merged_into IS NULL AND phase <> 'closed' \
               AND queue IN (SELECT value FROM json_each($1)) \
             UNION ALL SELECT 'priority', priority, number FROM cases WHERE merged_into IS NULL AND phase <> 'closed' \
               AND priority IN (SELECT value FROM json_each($2)) \
             UNION ALL SELECT 'assignee', assignee, number FROM cases WHERE merged_into IS NULL AND phase <> 'closed' \
               AND assignee IN (SELECT value FROM json_each($3)) \
             UNION ALL SELECT 'follower', f.staff, f.case_number FROM follower f JOIN cases c ON c.number = f.case_number \
               WHERE c.merged_into IS NULL AND c.phase <> 'closed' AND f.staff IN (SELECT value FROM json_each($3)) \
             LIMIT $4",
        )?;
        let rows =
            statement.query_map(params![list(queues), list(priorities), list(staff), USES as i64 + 1], |row| {
                let used = match row.get::<_, String>(0)?.as_str() {
                    "queue" => Used::Queue,
                    "priority" => Used::Priority,
                    "assignee" => Used::Assignee,
                    _ => Used::Follower,
                };
                Ok(Use { used, name: row.get(1)?, case: CaseNumber(row.get::<_, i64>(2)? as u64) })
            })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
