//! Cases as people look at them: `case list`, `case show`, `held list`, `explain`.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params, params_from_iter};
use serde::Serialize;

use super::{Result, Store, from_json, time, word};
use crate::case::{Audience, CaseNumber, EntryId, Phase, PostKind};
use crate::mail::Attachment;

#[derive(Debug, Clone, Serialize)]
pub struct CaseLine {
    pub number: CaseNumber,
    pub phase: Phase,
    pub status: String,
    pub queue: String,
    pub subject: String,
    /// One of the staff, by name.
    pub assignee: Option<String>,
    /// None: the desk's usual one.
    pub priority: Option<String>,
    pub requester: Option<String>,
    /// How many.
    #[serde(rename = "post_count")]
    pub posts: u32,
    pub opened: Timestamp,
    pub changed: Timestamp,
}

/// What a letter quotes of a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostWords {
    pub author: String,
    pub at: Timestamp,
    pub audience: Audience,
    /// Their own words.
    pub text: String,
}

fn post_words(row: &Row) -> rusqlite::Result<PostWords> {
    let audience = word(&row.get::<_, String>(2)?)?;
    Ok(PostWords { author: row.get(0)?, at: time(row.get(1)?), audience, text: row.get(3)? })
}

/// Which cases `case list` shows; empty lists mean all.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    pub phases: Vec<Phase>,
    pub queue: Option<String>,
    pub assignee: Option<String>,
    pub tag: Option<String>,
    /// Words that a post of the case contains.
    pub search: Option<String>,
    pub limit: u32,
}

#[derive(Debug, Clone, Serialize)]
pub struct CaseView {
    #[serde(flatten)]
    pub line: CaseLine,
    pub language: Option<String>,
    pub acknowledged: bool,
    pub closed: Option<Timestamp>,
    pub reopened: u32,
    pub tags: Vec<String>,
    /// Staff, by name.
    pub followers: Vec<String>,
    pub participants: Vec<ParticipantView>,
    pub posts: Vec<PostView>,
    pub links: Vec<LinkView>,
    /// Numbers that were merged into this one.
    pub aliases: Vec<CaseNumber>,
    pub history: Vec<DecisionView>,
}

#[derive(Debug, Clone, Serialize)]
pub struct ParticipantView {
    pub address: String,
    pub name: Option<String>,
    pub requester: bool,
    /// Why nothing can be delivered there, when that is known.
    pub undeliverable: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub struct PostView {
    /// Its place in the case, from 1: how people name it.
    pub number: usize,
    pub id: u64,
    pub entry: EntryId,
    pub kind: PostKind,
    pub audience: Audience,
    pub author: Option<String>,
    pub address: Option<String>,
    pub subject: String,
    pub text: String,
    pub author_text: String,
    pub stranger: bool,
    pub at: Timestamp,
    pub attachments: Vec<Attachment>,
}

#[derive(Debug, Clone, Serialize)]
pub struct LinkView {
    pub case: CaseNumber,
    pub kind: String,
    pub reason: String,
}

#[derive(Debug, Clone, Serialize)]
pub struct DecisionView {
    pub entry: EntryId,
    pub at: Timestamp,
    pub verdict: String,
    pub case: Option<CaseNumber>,
    pub effects: serde_json::Value,
    pub letters: serde_json::Value,
    pub trace: Vec<String>,
}

/// An entry that made no post, and why: a line of `held list`.
#[derive(Debug, Clone, Serialize)]
pub struct EntryLine {
    pub entry: EntryId,
    pub verdict: String,
    pub reason: String,
    pub mailbox: Option<String>,
    pub originator: Option<String>,
    pub received: Timestamp,
}

/// Which entries `held list` shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Without {
    /// Those that wait for a person.
    Held,
    /// Everything that became no post: held, recorded and duplicate mail (L7).
    Post,
}

/// What was decided about a case and about the numbers that became part of it, and what made its posts.
const OF_CASE: &str = "d.entry IN (SELECT entry FROM decision WHERE case_number = $1 \
    UNION SELECT o.entry FROM cases c JOIN decision o ON o.case_number = c.number WHERE c.merged_into = $1 \
    UNION SELECT entry FROM post WHERE case_number = $1)";

const LINE: &str = "SELECT c.number, c.phase, c.status, c.queue, c.subject, \
    (SELECT address FROM participant p WHERE p.case_number = c.number AND p.requester = 1 LIMIT 1), \
    (SELECT count(*) FROM post p WHERE p.case_number = c.number), c.opened, c.changed, c.assignee, c.priority FROM cases c";

fn case_line(row: &rusqlite::Row) -> rusqlite::Result<CaseLine> {
    Ok(CaseLine {
        number: CaseNumber(row.get::<_, i64>(0)? as u64),
        phase: word(&row.get::<_, String>(1)?)?,
        status: row.get(2)?,
        queue: row.get(3)?,
        subject: row.get(4)?,
        requester: row.get(5)?,
        posts: row.get(6)?,
        opened: time(row.get(7)?),
        changed: time(row.get(8)?),
        assignee: row.get(9)?,
        priority: row.get(10)?,
    })
}

impl Store {
    /// Cases, the latest changed first.
    pub fn cases(&self, wanted: &Wanted) -> Result<Vec<CaseLine>> {
        let mut sql = format!("{LINE} WHERE c.merged_into IS NULL");
        let mut values: Vec<String> = Vec::new();
        if !wanted.phases.is_empty() {
            let marks: Vec<String> = wanted.phases.iter().enumerate().map(|(i, _)| format!("?{}", i + 1)).collect();
            sql.push_str(&format!(" AND c.phase IN ({})", marks.join(", ")));
            values.extend(wanted.phases.iter().map(|phase| phase.name().to_owned()));
        }
        if let Some(queue) = &wanted.queue {
            values.push(queue.clone());
            sql.push_str(&format!(" AND c.queue = ?{}", values.len()));
        }
        if let Some(assignee) = &wanted.assignee {
            values.push(assignee.clone());
            sql.push_str(&format!(" AND c.assignee = ?{}", values.len()));
        }
        if let Some(tag) = &wanted.tag {
            values.push(tag.clone());
            sql.push_str(&format!(" AND c.number IN (SELECT case_number FROM tag WHERE tag = ?{})", values.len()));
        }
        if let Some(search) = &wanted.search {
            values.push(phrase(search));
            sql.push_str(&format!(
                " AND c.number IN (SELECT case_number FROM post WHERE id IN \
                   (SELECT rowid FROM post_search WHERE post_search MATCH ?{}))",
                values.len()
            ));
        }
        sql.push_str(&format!(" ORDER BY c.changed DESC, c.number DESC LIMIT {}", wanted.limit));
        let mut statement = self.connection.prepare(&sql)?;
        let rows = statement.query_map(params_from_iter(values), case_line)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// One line about a case; a merged number shows the case that survived.
    pub fn case_line(&self, number: CaseNumber) -> Result<Option<CaseLine>> {
        let Some(current) = self.survivor(number)? else { return Ok(None) };
        Ok(Some(self.connection.query_row(&format!("{LINE} WHERE c.number = $1"), [current], case_line)?))
    }

    fn survivor(&self, number: CaseNumber) -> Result<Option<i64>> {
        let mut current = number.0 as i64;
        loop {
            let into: Option<Option<i64>> = self
                .connection
                .query_row("SELECT merged_into FROM cases WHERE number = $1", [current], |row| row.get(0))
                .optional()?;
            match into {
                None => return Ok(None),
                Some(Some(next)) => current = next,
                Some(None) => return Ok(Some(current)),
            }
        }
    }

    /// One case with all that belongs to it; a merged number shows the case that survived.
    pub fn case(&self, number: CaseNumber) -> Result<Option<CaseView>> {
        let Some(current) = self.survivor(number)? else { return Ok(None) };
        let line = self.connection.query_row(&format!("{LINE} WHERE c.number = $1"), [current], case_line)?;
        let (language, acknowledged, closed, reopened) = self.connection.query_row(
            "SELECT language, acknowledged, closed, reopened FROM cases WHERE number = $1",
            [current],
            |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, Option<i64>>(2)?.map(time), row.get(3)?)),
        )?;
        Ok(Some(CaseView {
            line,
            language,
            acknowledged,
            closed,
            reopened,
            tags: self.list("SELECT tag FROM tag WHERE case_number = $1 ORDER BY tag", current, |row| row.get(0))?,
            followers: self.list(
                "SELECT staff FROM follower WHERE case_number = $1 ORDER BY staff",
                current,
                |row| row.get(0),
            )?,
            participants: self.participants_of(current)?,
            posts: self.posts_of(current)?,
            links: self.links_of(current)?,
            aliases: self.list("SELECT number FROM cases WHERE merged_into = $1 ORDER BY number", current, |row| {
                Ok(CaseNumber(row.get::<_, i64>(0)? as u64))
            })?,
            history: self.decisions(OF_CASE, current)?,
        }))
    }

    fn list<T>(&self, sql: &str, key: i64, read: impl FnMut(&rusqlite::Row) -> rusqlite::Result<T>) -> Result<Vec<T>> {
        let mut statement = self.connection.prepare(sql)?;
        Ok(statement.query_map([key], read)?.collect::<rusqlite::Result<_>>()?)
    }

    fn participants_of(&self, number: i64) -> Result<Vec<ParticipantView>> {
        self.list(
            "SELECT p.address, p.name, p.requester, c.undeliverable FROM participant p \
             LEFT JOIN contact c ON c.address = p.address WHERE p.case_number = $1 ORDER BY p.requester DESC, p.address",
            number,
            |row| {
                Ok(ParticipantView {
                    address: row.get(0)?,
                    name: row.get(1)?,
                    requester: row.get(2)?,
                    undeliverable: row.get(3)?,
                })
            },
        )
    }

    fn posts_of(&self, number: i64) -> Result<Vec<PostView>> {
        let mut posts = self.list(
            "SELECT id, entry, kind, audience, author, address, subject, text, author_text, stranger, at FROM post \
             WHERE case_number = $1 ORDER BY id",
            number,
            |row| {
                Ok(PostView {
                    number: 0,
                    id: row.get::<_, i64>(0)? as u64,
                    entry: EntryId(row.get::<_, i64>(1)? as u64),
                    kind: word(&row.get::<_, String>(2)?)?,
                    audience: word(&row.get::<_, String>(3)?)?,
                    author: row.get(4)?,
                    address: row.get(5)?,
                    subject: row.get(6)?,
                    text: row.get(7)?,
                    author_text: row.get(8)?,
                    stranger: row.get(9)?,
                    at: time(row.get(10)?),
                    attachments: Vec::new(),
                })
            },
        )?;
        for (index, post) in posts.iter_mut().enumerate() {
            post.number = index + 1;
            post.attachments = self.attachments_of(post.id)?;
        }
        Ok(posts)
    }

    fn attachments_of(&self, post: u64) -> Result<Vec<Attachment>> {
        self.list(
            "SELECT name, media_type, size, sha256, inline, start, length, encoding FROM attachment \
             WHERE post = $1 ORDER BY ordinal",
            post as i64,
            |row| {
                Ok(Attachment {
                    name: row.get(0)?,
                    media_type: row.get(1)?,
                    size: row.get::<_, i64>(2)? as u64,
                    sha256: row.get(3)?,
                    inline: row.get(4)?,
                    offset: row.get::<_, i64>(5)? as u64,
                    length: row.get::<_, i64>(6)? as u64,
                    encoding: row.get(7)?,
                })
            },
        )
    }

    /// What a letter quotes of a post that the public may read.
    pub fn quoted(&self, post: crate::case::PostId) -> Result<Option<PostWords>> {
        Ok(self
            .connection
            .query_row(
                "SELECT coalesce(author, address, ''), at, audience, author_text FROM post \
                 WHERE id = $1 AND audience = 'public'",
                [post.0 as i64],
                post_words,
            )
            .optional()?)
    }

    /// What people wrote in a case, notes among it, the newest first, at most `limit`. Behind very many alerts nothing
    /// older is looked for.
    pub fn conversation(&self, case: CaseNumber, limit: usize) -> Result<Vec<PostWords>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT coalesce(author, address, 'Postcase'), at, audience, author_text FROM \
               (SELECT * FROM post WHERE case_number = $1 ORDER BY id DESC LIMIT 500) \
             WHERE kind <> 'automatic' ORDER BY id DESC LIMIT $2",
        )?;
        let rows = statement.query_map(params![case.0 as i64, limit as i64], post_words)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn links_of(&self, number: i64) -> Result<Vec<LinkView>> {
        self.list(
            "SELECT CASE WHEN from_case = $1 THEN to_case ELSE from_case END AS other, kind, reason FROM case_link \
             WHERE from_case = $1 OR to_case = $1 ORDER BY other",
            number,
            |row| {
                Ok(LinkView { case: CaseNumber(row.get::<_, i64>(0)? as u64), kind: row.get(1)?, reason: row.get(2)? })
            },
        )
    }

    /// What was decided about one entry, and every later word about it.
    pub fn decisions_about(&self, entry: EntryId) -> Result<Vec<DecisionView>> {
        self.decisions(
            "d.entry = $1 OR d.entry IN (SELECT id FROM journal WHERE matter = 'command' AND json_extract(payload, '$.verb.entry') = $1)",
            entry.0 as i64,
        )
    }

    fn decisions(&self, condition: &str, key: i64) -> Result<Vec<DecisionView>> {
        self.list(
            &format!(
                "SELECT d.entry, d.at, d.verdict, d.case_number, d.effects, d.letters, d.trace FROM decision d \
                 WHERE {condition} ORDER BY d.entry"
            ),
            key,
            |row| {
                Ok(DecisionView {
                    entry: EntryId(row.get::<_, i64>(0)? as u64),
                    at: time(row.get(1)?),
                    verdict: row.get(2)?,
                    case: row.get::<_, Option<i64>>(3)?.map(|n| CaseNumber(n as u64)),
                    effects: from_json(row.get_ref(4)?.as_str()?)?,
                    letters: from_json(row.get_ref(5)?.as_str()?)?,
                    trace: from_json(row.get_ref(6)?.as_str()?)?,
                })
            },
        )
    }

    /// The decision of an entry, once there is one.
    pub fn decision(&self, entry: EntryId) -> Result<Option<DecisionView>> {
        Ok(self.decisions("d.entry = $1", entry.0 as i64)?.pop())
    }

    /// Entries that made no post, oldest first.
    pub fn entries_without(&self, what: Without) -> Result<Vec<EntryLine>> {
        let condition = match what {
            Without::Held => "h.entry IS NOT NULL",
            Without::Post => {
                "h.entry IS NOT NULL OR (j.matter = 'mail' AND d.verdict IN ('recorded', 'duplicate') AND m.post IS NULL)"
            }
        };
        let mut statement = self.connection.prepare(&format!(
            "SELECT j.id, d.verdict, coalesce(h.reason, json_extract(d.trace, '$[#-1]'), ''), j.mailbox, m.originator, j.received \
             FROM journal j JOIN decision d ON d.entry = j.id LEFT JOIN held h ON h.entry = j.id \
             LEFT JOIN message m ON m.entry = j.id WHERE {condition} ORDER BY j.id"
        ))?;
        let rows = statement.query_map(params![], |row| {
            Ok(EntryLine {
                entry: EntryId(row.get::<_, i64>(0)? as u64),
                verdict: row.get(1)?,
                reason: row.get(2)?,
                mailbox: row.get(3)?,
                originator: row.get(4)?,
                received: time(row.get(5)?),
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

/// A search as people type it, as FTS5 wants it: every word must occur, none is an operator.
fn phrase(search: &str) -> String {
    let words: Vec<String> =
        search.split_whitespace().map(|word| format!("\"{}\"", word.replace('"', "\"\""))).collect();
    words.join(" ")
}
