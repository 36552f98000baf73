//! Gathers the facts that deciding may know (see [`Snapshot`]): every look-up is by key and bounded, so that the
//! cost of a message does not grow with the database.

use std::collections::{BTreeSet, HashSet, VecDeque};

use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension, Row, params};
use sha2::{Digest, Sha256};

use super::{Result, Tx, from_json, time, word};
use crate::case::event::Matter;
use crate::case::snapshot::{
    CaseFacts, EntryFacts, Footprint, KnownMessage, KnownSent, NEIGHBOURS, Snapshot, SpeakerFacts,
};
use crate::case::{CaseNumber, EntryId, Event, Participant, Phase, PostId, Verb};
use crate::mail::{Address, MessageId, Named, Pointer, Reading, SentId};

/// Message-IDs of a case that a letter may refer to: the first, and the newest.
const CASE_MESSAGE_IDS: i64 = 30;
/// Participants of one case that deciding looks at.
const PARTICIPANTS: i64 = 500;

/// The 64-bit hash under which an id is indexed; the text is compared after.
pub(super) fn id_hash(id: &MessageId) -> i64 {
    let digest = Sha256::digest(id.0.as_bytes());
    i64::from_be_bytes(digest[..8].try_into().expect("a digest has 32 bytes"))
}

impl Tx<'_> {
    /// The facts for one event. `footprint`: of its mail, where it is one; `first_number`: of an empty database.
    pub fn snapshot(
        &self,
        event: &Event,
        footprint: Option<&Footprint>,
        first_number: u64,
        now: Timestamp,
    ) -> Result<Snapshot> {
        let mut snapshot = Snapshot { next_number: self.next_number(first_number)?, ..Snapshot::default() };
        let mut cases = BTreeSet::new();
        match &event.matter {
            Matter::Mail(mail) => {
                self.facts_of_mail(&mail.reading, event.entry, footprint, &mut snapshot, &mut cases)?
            }
            Matter::Released { entry, mail, .. } => {
                self.facts_of_mail(&mail.reading, *entry, footprint, &mut snapshot, &mut cases)?;
                snapshot.corrected = self.entry_facts(*entry)?;
            }
            Matter::Command(command) => match &command.verb {
                Verb::Reply { case, .. }
                | Verb::Note { case, .. }
                | Verb::Close { case, .. }
                | Verb::Reopen { case, .. } => {
                    cases.insert(*case);
                }
                Verb::Release { entry } | Verb::Discard { entry, .. } => {
                    snapshot.corrected = self.entry_facts(*entry)?
                }
                Verb::RetryOutbox { mail: Some(mail) } => snapshot.refused = self.known_sent(SentId(mail.0))?,
                Verb::RetryOutbox { mail: None } | Verb::Backup { .. } | Verb::PauseOutbox | Verb::ResumeOutbox => {}
            },
            Matter::Undeliverable(undeliverable) => {
                snapshot.refused = self.known_sent(SentId(undeliverable.mail.0))?;
                cases.extend(snapshot.refused.as_ref().map(|sent| sent.case));
            }
            Matter::Reloaded { .. } | Matter::Poison { .. } => {}
        }
        if let Some(address) = footprint.and_then(|footprint| footprint.originator.as_ref()) {
            snapshot.speaker = self.speaker_facts(address, now)?;
        }
        snapshot.desk_answers_hour = self
            .prepare_cached("SELECT count(*) FROM sent WHERE hand = 'machine' AND template <> 'closed' AND at > $1")?
            .query_row([hours_ago(now, 1)], |row| row.get(0))?;
        self.add_cases(&cases, &mut snapshot)?;
        Ok(snapshot)
    }

    fn facts_of_mail(
        &self,
        reading: &Reading,
        entry: EntryId,
        footprint: Option<&Footprint>,
        snapshot: &mut Snapshot,
        cases: &mut BTreeSet<CaseNumber>,
    ) -> Result<()> {
        let mut sent_ids = HashSet::new();
        for clue in &reading.clues {
            match &clue.pointer {
                Pointer::Sent(id) if sent_ids.insert(*id) => snapshot.sent.extend(self.known_sent(*id)?),
                Pointer::Number(number) => {
                    cases.insert(CaseNumber(*number));
                }
                Pointer::Sent(_) | Pointer::Id(_) => {}
            }
        }
        cases.extend(snapshot.sent.iter().map(|sent| sent.case));
        if let Some(footprint) = footprint {
            self.neighbours(entry, footprint, snapshot)?;
        }
        cases.extend(snapshot.messages.iter().filter_map(|message| message.case));
        Ok(())
    }

    /// The messages that share ids with `start`, directly or through others, the nearest first.
    fn neighbours(&self, entry: EntryId, start: &Footprint, snapshot: &mut Snapshot) -> Result<()> {
        let mut mention = self.prepare_cached("SELECT entry FROM mention WHERE hash = $1 ORDER BY entry LIMIT $2")?;
        let mut known: HashSet<u64> = HashSet::from([entry.0]);
        let mut asked: HashSet<i64> = HashSet::new();
        let mut waiting: VecDeque<i64> = ids(&start.message_id, &start.refers_to).map(id_hash).collect();
        while let Some(hash) = waiting.pop_front() {
            if !asked.insert(hash) {
                continue;
            }
            let entries = mention
                .query_map(params![hash, NEIGHBOURS as i64 + 1], |row| row.get::<_, i64>(0))?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            for entry in entries {
                if !known.insert(entry as u64) {
                    continue;
                }
                if snapshot.messages.len() == NEIGHBOURS {
                    snapshot.messages_cut = true;
                    return Ok(());
                }
                let message = self.known_message(entry)?;
                waiting.extend(ids(&message.message_id, &message.refers_to).map(id_hash));
                snapshot.messages.push(message);
            }
        }
        Ok(())
    }

    fn known_message(&self, entry: i64) -> Result<KnownMessage> {
        let mut statement = self.prepare_cached(
            "SELECT m.message_id, m.refers_to, m.content_hash, m.originator, m.addresses, m.post, p.case_number, d.verdict, p.audience \
             FROM message m LEFT JOIN post p ON p.id = m.post LEFT JOIN decision d ON d.entry = m.entry \
             WHERE m.entry = $1",
        )?;
        let message = statement.query_row([entry], |row| {
            Ok(KnownMessage {
                entry: EntryId(entry as u64),
                message_id: row.get::<_, Option<String>>(0)?.map(MessageId),
                refers_to: from_json(row.get_ref(1)?.as_str()?)?,
                content_hash: row.get(2)?,
                originator: address(row, 3)?,
                addresses: from_json(row.get_ref(4)?.as_str()?)?,
                post: row.get::<_, Option<i64>>(5)?.map(|id| PostId(id as u64)),
                case: row.get::<_, Option<i64>>(6)?.map(|number| CaseNumber(number as u64)),
                verdict: row.get::<_, Option<String>>(7)?.map(|v| word(&v)).transpose()?,
                audience: row.get::<_, Option<String>>(8)?.map(|v| word(&v)).transpose()?,
            })
        })?;
        Ok(message)
    }

    fn known_sent(&self, id: SentId) -> Result<Option<KnownSent>> {
        let found = self
            .prepare_cached(
                "SELECT s.post, s.audience, p.case_number FROM sent s JOIN post p ON p.id = s.post WHERE s.id = $1",
            )?
            .query_row([id.0 as i64], |row| {
                Ok(KnownSent {
                    id,
                    post: PostId(row.get::<_, i64>(0)? as u64),
                    audience: word(&row.get::<_, String>(1)?)?,
                    case: CaseNumber(row.get::<_, i64>(2)? as u64),
                    recipients: Vec::new(),
                })
            })
            .optional()?;
        let Some(mut sent) = found else { return Ok(None) };
        let mut recipients =
            self.prepare_cached("SELECT address FROM sent_recipient WHERE sent = $1 ORDER BY address")?;
        sent.recipients = recipients
            .query_map([id.0 as i64], |row| address(row, 0))?
            .collect::<rusqlite::Result<Vec<_>>>()?
            .into_iter()
            .flatten()
            .collect();
        Ok(Some(sent))
    }

    fn entry_facts(&self, entry: EntryId) -> Result<Option<EntryFacts>> {
        // What was last said of the entry counts: a correction names it anew.
        let found = self
            .prepare_cached(
                "SELECT d.verdict, EXISTS (SELECT 1 FROM held h WHERE h.entry = d.entry), j.matter = 'mail', p.case_number \
                 FROM decision d JOIN journal j ON j.id = d.entry LEFT JOIN message m ON m.entry = d.entry \
                 LEFT JOIN post p ON p.id = m.post WHERE d.entry = $1",
            )?
            .query_row([entry.0 as i64], |row| {
                Ok(EntryFacts {
                    entry,
                    verdict: word(&row.get::<_, String>(0)?)?,
                    held: row.get(1)?,
                    is_mail: row.get(2)?,
                    case: row.get::<_, Option<i64>>(3)?.map(|number| CaseNumber(number as u64)),
                })
            })
            .optional()?;
        Ok(found)
    }

    fn speaker_facts(&self, address: &Address, now: Timestamp) -> Result<SpeakerFacts> {
        let mut answers = self.prepare_cached(
            "SELECT coalesce(sum(r.at > $1), 0), count(*), coalesce(max(s.template = 'too-large'), 0) \
             FROM sent_recipient r JOIN sent s ON s.id = r.sent WHERE r.address = $2 AND r.at > $3 AND s.hand = 'machine' \
             AND s.template <> 'closed'",
        )?;
        let (answers_hour, answers_day, told_too_large) = answers
            .query_row(params![hours_ago(now, 1), address.as_str(), hours_ago(now, 24)], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
        let undeliverable = self
            .prepare_cached("SELECT undeliverable IS NOT NULL FROM contact WHERE address = $1")?
            .query_row([address.as_str()], |row| row.get(0))
            .optional()?
            .unwrap_or(false);
        Ok(SpeakerFacts { answers_hour, answers_day, undeliverable, told_too_large })
    }

    /// Resolves merged numbers, and adds every case once.
    fn add_cases(&self, named: &BTreeSet<CaseNumber>, snapshot: &mut Snapshot) -> Result<()> {
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
        Ok(())
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
                     WHERE p.case_number = cases.number AND p.audience = 'public') \
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
                    participants: Vec::new(),
                    last_author: None,
                    last_post: None,
                    last_message_id: None,
                    followed_by: None,
                    message_ids: Vec::new(),
                })
            })
            .optional()?;
        let Some(mut case) = found else { return Ok(None) };
        case.participants = self.participants(number)?;
        if case.phase == Phase::Closed {
            case.followed_by = self.followed_by(number)?;
        }
        let key = [number.0 as i64];
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
        Ok(Some(case))
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

    /// Message-IDs of the public mails of a case, in and out, in the order of posts: the first, and the newest.
    fn message_ids(&self, number: CaseNumber) -> Result<Vec<MessageId>> {
        let mut newest = self.prepare_cached(
            "SELECT p.id, coalesce((SELECT m.message_id FROM message m WHERE m.post = p.id ORDER BY m.entry LIMIT 1), \
                    (SELECT s.message_id FROM sent s WHERE s.post = p.id AND s.hand = 'person' ORDER BY s.id LIMIT 1)) AS id \
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
                "SELECT m.message_id FROM message m WHERE m.post = \
                 (SELECT min(id) FROM post WHERE case_number = $1 AND audience = 'public') ORDER BY m.entry LIMIT 1",
            )?
            .query_row([number.0 as i64], |row| row.get(0))
            .optional()?
            .flatten();
        if let Some(first) = first.map(MessageId).filter(|first| !ids.contains(first)) {
            ids.insert(0, first);
        }
        Ok(ids)
    }

    fn next_number(&self, first: u64) -> Result<u64> {
        let last: Option<i64> =
            self.prepare_cached("SELECT max(number) FROM cases")?.query_row([], |row| row.get(0))?;
        Ok(last.map_or(first, |n| (n as u64 + 1).max(first)))
    }
}

fn ids<'a>(own: &'a Option<MessageId>, refers_to: &'a [MessageId]) -> impl Iterator<Item = &'a MessageId> {
    own.iter().chain(refers_to)
}

fn hours_ago(now: Timestamp, hours: i64) -> i64 {
    (now - SignedDuration::from_hours(hours)).as_microsecond()
}

fn address(row: &Row, column: usize) -> rusqlite::Result<Option<Address>> {
    Ok(row.get::<_, Option<String>>(column)?.as_deref().and_then(Address::parse))
}
