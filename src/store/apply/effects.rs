//! What each effect does to a case.

use jiff::Timestamp;
use rusqlite::{Params, params};

use super::super::{Result, Tx, json, stored};
use crate::case::decision::LinkKind;
use crate::case::letter::QuestionKind;
use crate::case::{By, CaseNumber, EntryId, Participant, Phase, PostId, Verdict};
use crate::mail::{Address, SentId};

impl Tx<'_> {
    fn run(&self, sql: &str, values: impl Params) -> Result<()> {
        self.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    /// `names`: the queue's, and what the case is called.
    pub(super) fn open_case(
        &self,
        number: CaseNumber,
        names: (&str, &str),
        language: Option<&str>,
        at: Timestamp,
        now: i64,
    ) -> Result<()> {
        self.run(
            "INSERT INTO cases (number, queue, phase, status, subject, language, opened, changed) \
             VALUES ($1, $2, 'new', 'new', $3, $4, $5, $6)",
            params![number.0 as i64, names.0, names.1, language, at.as_microsecond(), now],
        )
    }

    pub(super) fn remove_participant(&self, case: CaseNumber, address: &Address) -> Result<()> {
        self.run(
            "DELETE FROM participant WHERE case_number = $1 AND address = $2",
            params![case.0 as i64, address.as_str()],
        )
    }

    pub(super) fn add_follower(&self, case: CaseNumber, staff: &str) -> Result<()> {
        self.run(
            "INSERT INTO follower (case_number, staff) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            params![case.0 as i64, staff],
        )
    }

    pub(super) fn remove_follower(&self, case: CaseNumber, staff: &str) -> Result<()> {
        self.run("DELETE FROM follower WHERE case_number = $1 AND staff = $2", params![case.0 as i64, staff])
    }

    pub(super) fn set_queue(&self, case: CaseNumber, queue: &str, by: &By, now: i64) -> Result<()> {
        self.run(
            "UPDATE cases SET queue = $1, queued_by = $2, changed = $3 WHERE number = $4",
            params![queue, json(by), now, case.0 as i64],
        )
    }

    pub(super) fn set_assignee(&self, case: CaseNumber, staff: Option<&str>, by: &By, now: i64) -> Result<()> {
        self.run(
            "UPDATE cases SET assignee = $1, assigned_by = $2, changed = $3 WHERE number = $4",
            params![staff, json(by), now, case.0 as i64],
        )
    }

    pub(super) fn set_priority(&self, case: CaseNumber, priority: &str, by: &By, now: i64) -> Result<()> {
        self.run(
            "UPDATE cases SET priority = $1, prioritised_by = $2, changed = $3 WHERE number = $4",
            params![priority, json(by), now, case.0 as i64],
        )
    }

    pub(super) fn add_tag(&self, case: CaseNumber, tag: &str, by: &By) -> Result<()> {
        self.run(
            "INSERT INTO tag (case_number, tag, set_by) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            params![case.0 as i64, tag, json(by)],
        )
    }

    pub(super) fn remove_tag(&self, case: CaseNumber, tag: &str) -> Result<()> {
        self.run("DELETE FROM tag WHERE case_number = $1 AND tag = $2", params![case.0 as i64, tag])
    }

    pub(super) fn link_cases(
        &self,
        (from, to): (CaseNumber, CaseNumber),
        kind: LinkKind,
        reason: &str,
        entry: EntryId,
    ) -> Result<()> {
        self.run(
            "INSERT INTO case_link (from_case, to_case, kind, reason, entry) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT DO NOTHING",
            params![from.0 as i64, to.0 as i64, stored(&kind), reason, entry.0 as i64],
        )
    }

    pub(super) fn quote_nothing_before(&self, case: CaseNumber, post: PostId) -> Result<()> {
        self.run(
            "UPDATE cases SET quotes_from = max(coalesce(quotes_from, 0), $1) WHERE number = $2",
            params![post.0 as i64, case.0 as i64],
        )
    }

    /// A stranger's post becomes everybody's (B20).
    pub(super) fn admit_post(&self, post: PostId) -> Result<()> {
        self.run("UPDATE post SET stranger = 0, audience = 'public' WHERE id = $1", [post.0 as i64])
    }

    pub(super) fn expose(&self, sent: SentId) -> Result<()> {
        self.run("UPDATE sent SET exposed = 1 WHERE id = $1", [sent.0 as i64])
    }

    pub(super) fn hold(&self, entry: EntryId, reason: &str, question: Option<&QuestionKind>, now: i64) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO held (entry, reason, question, at) VALUES ($1, $2, $3, $4)",
            params![entry.0 as i64, reason, question.map(stored), now],
        )
    }

    pub(super) fn unhold(&self, entry: EntryId) -> Result<()> {
        self.run("DELETE FROM held WHERE entry = $1", [entry.0 as i64])
    }

    pub(super) fn count_as_acknowledged(&self, case: CaseNumber) -> Result<()> {
        self.prepare_cached("UPDATE cases SET acknowledged = 1 WHERE number = $1")?.execute([case.0 as i64])?;
        Ok(())
    }

    pub(super) fn index_mail(&self, entry: EntryId, post: PostId) -> Result<()> {
        self.run("UPDATE message SET post = $1 WHERE entry = $2", params![post.0 as i64, entry.0 as i64])
    }

    pub(super) fn add_participant(&self, case: CaseNumber, participant: &Participant) -> Result<()> {
        self.prepare_cached(
            "INSERT INTO participant (case_number, address, name, requester) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (case_number, address) DO UPDATE SET name = coalesce(participant.name, excluded.name)",
        )?
        .execute(params![
            case.0 as i64,
            participant.who.address.as_str(),
            participant.who.name,
            participant.requester
        ])?;
        Ok(())
    }

    /// Only replies are counted against the limit of B22: staff may reopen as often as they like.
    pub(super) fn count_reopening(&self, case: CaseNumber, phase: Phase, verdict: Verdict) -> Result<()> {
        if matches!(verdict, Verdict::Reopen | Verdict::Correction) && phase != Phase::Closed {
            self.prepare_cached("UPDATE cases SET reopened = reopened + 1 WHERE number = $1 AND phase = 'closed'")?
                .execute([case.0 as i64])?;
        }
        Ok(())
    }

    pub(super) fn set_phase(&self, case: CaseNumber, phase: Phase, status: &str, at: Timestamp) -> Result<()> {
        let closed = (phase == Phase::Closed).then(|| at.as_microsecond());
        self.prepare_cached(
            "UPDATE cases SET phase = $1, status = $2, closed = $3, changed = max(changed, $4) WHERE number = $5",
        )?
        .execute(params![phase.name(), status, closed, at.as_microsecond(), case.0 as i64])?;
        Ok(())
    }

    /// `from` becomes an alias; whatever it had moves. References follow by themselves: they name posts.
    pub(super) fn merge(&self, from: CaseNumber, into: CaseNumber, now: i64) -> Result<()> {
        let pair = params![into.0 as i64, from.0 as i64];
        self.prepare_cached("UPDATE post SET case_number = $1 WHERE case_number = $2")?.execute(pair)?;
        self.prepare_cached(
            "INSERT INTO participant (case_number, address, name, requester) \
             SELECT $1, address, name, 0 FROM participant WHERE case_number = $2 ON CONFLICT DO NOTHING",
        )?
        .execute(pair)?;
        self.prepare_cached("DELETE FROM participant WHERE case_number = $1")?.execute([from.0 as i64])?;
        self.prepare_cached("INSERT INTO follower (case_number, staff) SELECT $1, staff FROM follower WHERE case_number = $2 ON CONFLICT DO NOTHING")?
            .execute(pair)?;
        self.prepare_cached("INSERT INTO tag (case_number, tag, set_by) SELECT $1, tag, set_by FROM tag WHERE case_number = $2 ON CONFLICT DO NOTHING")?
            .execute(pair)?;
        self.prepare_cached("UPDATE OR IGNORE case_link SET from_case = $1 WHERE from_case = $2")?.execute(pair)?;
        self.prepare_cached("UPDATE OR IGNORE case_link SET to_case = $1 WHERE to_case = $2")?.execute(pair)?;
        self.prepare_cached("DELETE FROM case_link WHERE from_case = $1 OR to_case = $1")?.execute([from.0 as i64])?;
        self.prepare_cached("DELETE FROM case_link WHERE from_case = $1 AND to_case = $1")?.execute([into.0 as i64])?;
        self.prepare_cached(
            "UPDATE cases SET acknowledged = max(acknowledged, (SELECT acknowledged FROM cases WHERE number = $1)), \
               opened = min(opened, (SELECT opened FROM cases WHERE number = $1)), \
               quotes_from = nullif(max(coalesce(quotes_from, 0), \
                 coalesce((SELECT quotes_from FROM cases WHERE number = $1), 0)), 0) WHERE number = $2",
        )?
        .execute(params![from.0 as i64, into.0 as i64])?;
        // Numbers that had become part of `from` name the survivor at once.
        self.prepare_cached("UPDATE cases SET merged_into = $1 WHERE number = $2 OR merged_into = $2")?
            .execute(pair)?;
        self.end_timers(from)?;
        self.touch(into, now)
    }

    /// References follow by themselves: they name the post.
    pub(super) fn move_post(&self, post: PostId, to: CaseNumber, now: i64) -> Result<()> {
        self.prepare_cached(
            "UPDATE cases SET changed = $1 WHERE number = (SELECT case_number FROM post WHERE id = $2)",
        )?
        .execute(params![now, post.0 as i64])?;
        self.prepare_cached("UPDATE post SET case_number = $1 WHERE id = $2")?
            .execute(params![to.0 as i64, post.0 as i64])?;
        self.touch(to, now)
    }

    pub(super) fn touch(&self, case: CaseNumber, now: i64) -> Result<()> {
        self.prepare_cached("UPDATE cases SET changed = $1 WHERE number = $2")?.execute(params![now, case.0 as i64])?;
        Ok(())
    }

    pub(super) fn set_undeliverable(&self, address: &str, reason: Option<&str>) -> Result<()> {
        self.prepare_cached(
            "INSERT INTO contact (address, undeliverable) VALUES ($1, $2) \
             ON CONFLICT (address) DO UPDATE SET undeliverable = excluded.undeliverable",
        )?
        .execute(params![address, reason])?;
        Ok(())
    }
}
