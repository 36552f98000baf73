//! The facts of a case.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, params};

use super::super::{Result, Tx, from_json, time, word};
use super::address;
use crate::case::snapshot::{CaseFacts, LastAnswer, Snapshot};
use crate::case::{CaseNumber, Participant, Phase, PostId};
use crate::mail::{MessageId, Named};

/// Message-IDs of a case that a letter may refer to: the first, and the newest.
const CASE_MESSAGE_IDS: i64 = 30;
/// Participants of one case that deciding looks at.
const PARTICIPANTS: i64 = 500;
/// Tags, and followers, of one case that deciding looks at.
const WORDS: i64 = 200;

impl Tx<'_> {
    /// Resolves merged numbers, and adds every case once.
    pub(super) fn add_cases(&self, named: &BTreeSet<CaseNumber>, snapshot: &mut Snapshot) -> Result<()> {
        let mut resolved = BTreeSet::new();
        for number in named {
            let mut current = *number;
            while let Some(into) = self.merged_into(current)? {
                current = into;
            }
            if current != *number {
                snapshot.aliases.push((*number, current));
            }
            resolved.insert(current);
        }
        for number in resolved {
            snapshot.cases.extend(self.case_facts(number)?);
        }
        let known = |number: &CaseNumber| snapshot.cases.iter().all(|case| case.number != *number);
        let followers: BTreeSet<CaseNumber> =
            snapshot.cases.iter().filter_map(|case| case.followed_by).filter(known).collect();
        for number in followers {
            snapshot.cases.extend(self.case_facts(number)?);
        }
        if snapshot.cases.len() > 1 {
            snapshot.apart = self.taken_apart(&snapshot.cases)?;
        }
        Ok(())
    }

    /// Pairs of these cases that staff took apart.
    fn taken_apart(&self, cases: &[CaseFacts]) -> Result<Vec<(CaseNumber, CaseNumber)>> {
        let mut statement = self.prepare_cached(
            "SELECT from_case FROM case_link WHERE to_case = $1 AND kind = 'apart' ORDER BY from_case DESC LIMIT $2",
        )?;
        let mut pairs = Vec::new();
        for case in cases {
            let others = statement.query_map(params![case.number.0 as i64, WORDS], |row| row.get::<_, i64>(0))?;
            for other in others {
                let other = CaseNumber(other? as u64);
                if cases.iter().any(|known| known.number == other) {
                    pairs.push((other, case.number));
                }
            }
        }
        Ok(pairs)
    }

    fn merged_into(&self, number: CaseNumber) -> Result<Option<CaseNumber>> {
        let into: Option<Option<i64>> = self
            .prepare_cached("SELECT merged_into FROM cases WHERE number = $1")?
            .query_row([number.0 as i64], |row| row.get(0))
            .optional()?;
        Ok(into.flatten().map(|number| CaseNumber(number as u64)))
    }

    fn case_facts(&self, number: CaseNumber) -> Result<Option<CaseFacts>> {
        let found = self
            .prepare_cached(
                "SELECT queue, phase, status, subject, language, acknowledged, opened, closed, reopened, \
                   acknowledged OR EXISTS (SELECT 1 FROM post p JOIN sent s ON s.post = p.id \
                     WHERE p.case_number = cases.number AND p.audience = 'public' AND s.person IS NULL), \
                   assignee, assigned_by, priority, prioritised_by, queued_by, quotes_from \
                 FROM cases WHERE number = $1",
            )?
            .query_row([number.0 as i64], |row| {
                Ok(CaseFacts {
                    number,
                    queue: row.get(0)?,
                    phase: word(&row.get::<_, String>(1)?)?,
                    status: row.get(2)?,
                    subject: row.get(3)?,
                    language: row.get::<_, Option<String>>(4)?.map(crate::mail::Language),
                    acknowledged: row.get(5)?,
                    opened: time(row.get(6)?),
                    closed: row.get::<_, Option<i64>>(7)?.map(time),
                    reopened: row.get(8)?,
                    written_about: row.get(9)?,
                    assignee: row.get(10)?,
                    assigned_by: from_json(row.get_ref(11)?.as_str()?)?,
                    priority: row.get(12)?,
                    prioritised_by: from_json(row.get_ref(13)?.as_str()?)?,
                    queued_by: from_json(row.get_ref(14)?.as_str()?)?,
                    tags: Vec::new(),
                    followers: Vec::new(),
                    last_answer: None,
                    participants: Vec::new(),
                    last_author: None,
                    last_post: None,
                    quotes_from: row.get::<_, Option<i64>>(15)?.map(|id| PostId(id as u64)),
                    last_message_id: None,
                    followed_by: None,
                    timers: Vec::new(),
                    message_ids: Vec::new(),
                })
            })
            .optional()?;
        let Some(mut case) = found else { return Ok(None) };
        case.participants = self.participants(number)?;
        case.timers = self.timers(number)?;
        if case.phase == Phase::Closed {
            case.followed_by = self.followed_by(number)?;
        }
        self.add_newest(&mut case)?;
        Ok(Some(case))
    }

    fn words(&self, sql: &str, number: CaseNumber) -> Result<Vec<String>> {
        let mut statement = self.prepare_cached(sql)?;
        let rows = statement.query_map(params![number.0 as i64, WORDS], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn followed_by(&self, number: CaseNumber) -> Result<Option<CaseNumber>> {
        let newest = self
            .prepare_cached(
                "SELECT l.from_case FROM case_link l JOIN cases c ON c.number = l.from_case \
                 WHERE l.to_case = $1 AND l.kind = 'follow-up' AND c.phase <> 'closed' AND c.merged_into IS NULL \
                 ORDER BY l.from_case DESC LIMIT 1",
            )?
            .query_row([number.0 as i64], |row| row.get::<_, i64>(0))
            .optional()?;
        Ok(newest.map(|number| CaseNumber(number as u64)))
    }

    fn participants(&self, number: CaseNumber) -> Result<Vec<Participant>> {
        let mut statement = self.prepare_cached(
            "SELECT address, name, requester FROM participant WHERE case_number = $1 \
             ORDER BY requester DESC, address LIMIT $2",
        )?;
        let rows = statement.query_map(params![number.0 as i64, PARTICIPANTS], |row| {
            let name = row.get(1)?;
            let requester = row.get(2)?;
            Ok(address(row, 0)?.map(|address| Participant { who: Named { name, address }, requester }))
        })?;
        Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    /// Message-IDs of the public mails of a case, in and out, in the order of posts: the first, and the newest. Of an
    /// answer that staff mailed to us it is that of our own mail, which the participants know; of what staff handed on
    /// it is none, since they do not know staff's own mail.
    fn message_ids(&self, number: CaseNumber) -> Result<Vec<MessageId>> {
        let mut newest = self.prepare_cached(
            "SELECT p.id, coalesce((SELECT s.message_id FROM sent s WHERE s.post = p.id AND s.hand = 'person' ORDER BY s.id LIMIT 1), \
                    (SELECT m.message_id FROM message m WHERE m.post = p.id \
                       AND (p.address IS NULL OR m.originator IS NULL OR m.originator = p.address) \
                     ORDER BY m.entry LIMIT 1)) AS id \
             FROM post p WHERE p.case_number = $1 AND p.audience = 'public' ORDER BY p.id DESC LIMIT $2",
        )?;
        let mut ids: Vec<MessageId> = newest
            .query_map(params![number.0 as i64, CASE_MESSAGE_IDS], |row| row.get::<_, Option<String>>(1))?
            .collect::<rusqlite::Result<Vec<_>>>()?
            .into_iter()
            .flatten()
            .map(MessageId)
            .collect();
        ids.reverse();
        let first: Option<String> = self
            .prepare_cached(
                "SELECT m.message_id FROM post p JOIN message m ON m.post = p.id WHERE p.id = \
                   (SELECT min(id) FROM post WHERE case_number = $1 AND audience = 'public') \
                   AND (p.address IS NULL OR m.originator IS NULL OR m.originator = p.address) \
                 ORDER BY m.entry LIMIT 1",
            )?
            .query_row([number.0 as i64], |row| row.get(0))
            .optional()?
            .flatten();
        if let Some(first) = first.map(MessageId).filter(|first| !ids.contains(first)) {
            ids.insert(0, first);
        }
        Ok(ids)
    }

    /// Who sees the case beside its participants, and the newest of what was written in it.
    fn add_newest(&self, case: &mut CaseFacts) -> Result<()> {
        let number = case.number;
        let key = [number.0 as i64];
        case.tags = self.words("SELECT tag FROM tag WHERE case_number = $1 ORDER BY tag LIMIT $2", number)?;
        case.followers =
            self.words("SELECT staff FROM follower WHERE case_number = $1 ORDER BY staff LIMIT $2", number)?;
        case.last_answer = self
            .prepare_cached(
                "SELECT id, author, at FROM post WHERE case_number = $1 AND kind = 'answer' ORDER BY id DESC LIMIT 1",
            )?
            .query_row(key, |row| {
                Ok(LastAnswer {
                    post: PostId(row.get::<_, i64>(0)? as u64),
                    by: row.get::<_, Option<String>>(1)?.unwrap_or_default(),
                    at: time(row.get(2)?),
                })
            })
            .optional()?;
        case.last_author = self
            .prepare_cached(
                "SELECT address FROM post WHERE case_number = $1 AND kind = 'mail-in' AND audience = 'public' \
                 ORDER BY id DESC LIMIT 1",
            )?
            .query_row(key, |row| address(row, 0))
            .optional()?
            .flatten();
        case.last_post = self
            .prepare_cached("SELECT max(id) FROM post WHERE case_number = $1 AND audience = 'public'")?
            .query_row(key, |row| row.get::<_, Option<i64>>(0))?
            .map(|id| PostId(id as u64));
        case.message_ids = self.message_ids(number)?;
        case.last_message_id = case.message_ids.last().cloned();
        Ok(())
    }
}
