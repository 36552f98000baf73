//! Gathers the facts that deciding may know (see [`Snapshot`]): every look-up is by key and bounded, so that the
//! cost of a message does not grow with the database.

mod cases;

use std::collections::{BTreeSet, HashSet, VecDeque};

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};
use sha2::{Digest, Sha256};

use super::answered::Answered;
use super::{Result, Tx, from_json, time, word};
use crate::case::event::Matter;
use crate::case::snapshot::{
    EntryFacts, Footprint, KnownMessage, KnownSent, NEIGHBOURS, OTHERS, OWN_CASES, OwnCase, POSTS, PostFacts, Reached,
    Snapshot, SpeakerFacts,
};
use crate::case::{Action, Audience, CaseNumber, EntryId, Event, Instructions, Phase, PostId, Verb, instruction};
use crate::mail::{Address, MessageId, Pointer, Reading, SentId, ThreadIndex};

/// The 64-bit hashes under which a message is indexed; the text is compared after.
pub(super) fn hashes(own: &Option<MessageId>, refers_to: &[MessageId], thread: &Option<ThreadIndex>) -> Vec<i64> {
    let ids = own.iter().chain(refers_to).map(|id| hash(id.0.as_bytes()));
    // No Message-ID has a control character.
    let thread = thread.iter().map(|thread| hash(format!("thread\0{thread}").as_bytes()));
    ids.chain(thread).collect()
}

fn hash(text: &[u8]) -> i64 {
    let digest = Sha256::digest(text);
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
        let restored = self.restorations()?;
        let next_number =
            self.next_number(first_number)?.max(restored.first().map_or(0, |newest| newest.next_number.0));
        let mut snapshot = Snapshot { next_number, restored, ..Snapshot::default() };
        let mut cases = BTreeSet::new();
        match &event.matter {
            Matter::Mail(mail) => {
                self.facts_of_mail(&mail.reading, event.entry, footprint, &mut snapshot, &mut cases)?;
                if let Some(asked) = snapshot.sent.iter().find_map(|sent| sent.asks) {
                    snapshot.corrected = self.entry_facts(asked)?;
                }
            }
            Matter::Released { entry, mail, .. } => {
                self.facts_of_mail(&mail.reading, *entry, footprint, &mut snapshot, &mut cases)?;
                snapshot.corrected = self.entry_facts(*entry)?;
            }
            Matter::Command(command) => match &command.verb {
                Verb::On { case, action } => {
                    cases.insert(*case);
                    self.facts_of_action(action, &mut snapshot, &mut cases)?;
                }
                Verb::Release { entry } | Verb::ReleaseAsText { entry } | Verb::Discard { entry, .. } => {
                    snapshot.corrected = self.entry_facts(*entry)?
                }
                Verb::RetryOutbox { mail: Some(mail) } => snapshot.refused = self.known_sent(SentId(mail.0))?,
                Verb::RetryOutbox { mail: None } | Verb::Backup { .. } | Verb::PauseOutbox | Verb::ResumeOutbox => {}
            },
            Matter::Undeliverable(undeliverable) => {
                snapshot.refused = self.known_sent(SentId(undeliverable.mail.0))?;
                cases.extend(snapshot.refused.as_ref().and_then(|sent| sent.case));
            }
            Matter::Due { case, .. } => {
                cases.insert(*case);
            }
            Matter::Alarm { .. } | Matter::Reloaded { .. } | Matter::Restored(_) | Matter::Poison { .. } => {}
        }
        if let Some(address) = footprint.and_then(|footprint| footprint.originator.as_ref()) {
            snapshot.speaker = self.speaker_facts(address, now)?;
        }
        if let Some(author) = footprint.and_then(|footprint| footprint.handed_on.as_ref()) {
            snapshot.forwarded = self.speaker_facts(author, now)?;
        }
        snapshot.desk_answers_hour = self.answers_lately(now)?;
        self.add_cases(&cases, &mut snapshot)?;
        if let Some(footprint) = footprint {
            snapshot.others = self.others(&snapshot, footprint.originator.as_ref(), now)?;
        }
        snapshot.told = self.told_lately(now)?;
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
                Pointer::Sent(_) | Pointer::Id(_) | Pointer::Thread(_) => {}
            }
        }
        cases.extend(snapshot.sent.iter().filter_map(|sent| sent.case));
        let answered: Vec<PostId> = snapshot.sent.iter().filter_map(|sent| sent.post).collect();
        for post in answered {
            snapshot.posts.extend(self.post_facts(post)?);
        }
        if let Some(footprint) = footprint {
            self.neighbours(entry, footprint, snapshot)?;
        }
        cases.extend(snapshot.messages.iter().filter_map(|message| message.case));
        // Who hears the words is decided later, and says which of the quoted ones are among them.
        let either = [Audience::Public, Audience::Internal].map(|quoted| instruction::of_mail(reading, quoted));
        if either.iter().any(|instructions| !instructions.orders.is_empty()) {
            cases.extend(either.iter().flat_map(Instructions::cases));
            self.count_posts(snapshot)?;
        }
        Ok(())
    }

    /// The messages that share ids with `start`, directly or through others, the nearest first.
    fn neighbours(&self, entry: EntryId, start: &Footprint, snapshot: &mut Snapshot) -> Result<()> {
        let mut mention = self.prepare_cached("SELECT entry FROM mention WHERE hash = $1 ORDER BY entry LIMIT $2")?;
        let mut known: HashSet<u64> = HashSet::from([entry.0]);
        let mut asked: HashSet<i64> = HashSet::new();
        let mut waiting: VecDeque<i64> = hashes(&start.message_id, &start.refers_to, &start.thread).into();
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
                waiting.extend(hashes(&message.message_id, &message.refers_to, &message.thread));
                snapshot.messages.push(message);
            }
        }
        Ok(())
    }

    fn known_message(&self, entry: i64) -> Result<KnownMessage> {
        let mut statement = self.prepare_cached(
            "SELECT m.message_id, m.refers_to, m.content_hash, m.originator, m.addresses, m.post, p.case_number, d.verdict, p.audience, m.thread, \
               substr(p.subject, 1, 200), p.kind, \
               EXISTS (SELECT 1 FROM held h WHERE h.entry = m.entry AND h.question = 'yours') \
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
                thread: row.get::<_, Option<String>>(9)?.map(ThreadIndex),
                subject: row.get(10)?,
                kind: row.get::<_, Option<String>>(11)?.map(|v| word(&v)).transpose()?,
                unproven: row.get(12)?,
            })
        })?;
        Ok(message)
    }

    fn known_sent(&self, id: SentId) -> Result<Option<KnownSent>> {
        let found = self
            .prepare_cached(
                "SELECT s.post, s.audience, p.case_number, s.person, s.exposed, s.asks, s.at, p.kind, s.question \
                 FROM sent s LEFT JOIN post p ON p.id = s.post WHERE s.id = $1",
            )?
            .query_row([id.0 as i64], |row| {
                Ok(KnownSent {
                    id,
                    post: row.get::<_, Option<i64>>(0)?.map(|id| PostId(id as u64)),
                    audience: word(&row.get::<_, String>(1)?)?,
                    case: row.get::<_, Option<i64>>(2)?.map(|number| CaseNumber(number as u64)),
                    person: row.get(3)?,
                    exposed: row.get(4)?,
                    asks: row.get::<_, Option<i64>>(5)?.map(|entry| EntryId(entry as u64)),
                    at: time(row.get(6)?),
                    about: row.get::<_, Option<String>>(7)?.map(|kind| word(&kind)).transpose()?,
                    question: row.get::<_, Option<String>>(8)?.map(|kind| word(&kind)).transpose()?,
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
        let Answered { hour: answers_hour, day: answers_day, too_large: told_too_large } =
            self.answered_lately(address, now)?;
        let undeliverable = self.undeliverable(address)?;
        let cases = self.own_cases(address)?;
        Ok(SpeakerFacts { answers_hour, answers_day, undeliverable, told_too_large, cases })
    }

    fn undeliverable(&self, address: &Address) -> Result<bool> {
        let marked = self
            .prepare_cached("SELECT undeliverable IS NOT NULL FROM contact WHERE address = $1")?
            .query_row([address.as_str()], |row| row.get(0))
            .optional()?;
        Ok(marked.unwrap_or(false))
    }

    /// Whoever may be told that a closed case is open again.
    fn others(&self, snapshot: &Snapshot, originator: Option<&Address>, now: Timestamp) -> Result<Vec<Reached>> {
        let closed = snapshot.cases.iter().filter(|case| case.phase == Phase::Closed);
        let everybody = closed.flat_map(|case| &case.participants).map(|one| &one.who.address);
        let mut known: HashSet<&Address> = originator.into_iter().collect();
        let mut others = Vec::new();
        for address in everybody.filter(|address| known.insert(address)).take(OTHERS) {
            let Answered { hour: answers_hour, day: answers_day, too_large: _ } = self.answered_lately(address, now)?;
            let undeliverable = self.undeliverable(address)?;
            others.push(Reached { address: address.clone(), answers_hour, answers_day, undeliverable });
        }
        Ok(others)
    }

    fn own_cases(&self, address: &Address) -> Result<Vec<OwnCase>> {
        let mut numbers = self.prepare_cached(
            "SELECT case_number FROM participant WHERE address = $1 ORDER BY case_number DESC LIMIT $2",
        )?;
        let numbers = numbers
            .query_map(params![address.as_str(), OWN_CASES as i64], |row| row.get::<_, i64>(0))?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let mut case = self.prepare_cached(
            "SELECT substr(subject, 1, 200), opened FROM cases WHERE number = $1 AND phase <> 'closed' AND merged_into IS NULL",
        )?;
        let mut cases = Vec::new();
        for number in numbers {
            let own = case.query_row([number], |row| {
                Ok(OwnCase { number: CaseNumber(number as u64), subject: row.get(0)?, opened: time(row.get(1)?) })
            });
            cases.extend(own.optional()?);
        }
        Ok(cases)
    }

    /// What else an action on a case has to know: the other case, the posts.
    fn facts_of_action(
        &self,
        action: &Action,
        snapshot: &mut Snapshot,
        cases: &mut BTreeSet<CaseNumber>,
    ) -> Result<()> {
        let posts: &[PostId] = match action {
            Action::Merge { with } => {
                cases.insert(*with);
                &[]
            }
            Action::Move { posts, to } => {
                cases.insert(*to);
                posts
            }
            Action::Split { posts } => posts,
            Action::Accept { post: Some(post) } => std::slice::from_ref(post),
            Action::Accept { post: None }
            | Action::Reply { .. }
            | Action::Note { .. }
            | Action::Close { .. }
            | Action::Reopen { .. }
            | Action::Assign { .. }
            | Action::Priority { .. }
            | Action::Status { .. }
            | Action::Tag { .. }
            | Action::Untag { .. }
            | Action::Queue { .. }
            | Action::Cc { .. }
            | Action::Uncc { .. }
            | Action::Spam
            | Action::Wait { .. } => &[],
        };
        for post in posts.iter().take(POSTS) {
            snapshot.posts.extend(self.post_facts(*post)?);
        }
        self.count_posts(snapshot)
    }

    /// How many posts that are more than notes the cases of `snapshot.posts` have.
    fn count_posts(&self, snapshot: &mut Snapshot) -> Result<()> {
        let mut statement =
            self.prepare_cached("SELECT id FROM post WHERE case_number = $1 AND kind <> 'note' LIMIT $2")?;
        let cases: BTreeSet<CaseNumber> = snapshot.posts.iter().map(|post| post.case).collect();
        for case in cases {
            let rows = statement.query_map(params![case.0 as i64, POSTS as i64 + 1], |row| row.get::<_, i64>(0))?;
            let count = rows.collect::<rusqlite::Result<Vec<_>>>()?.len();
            snapshot.post_counts.push((case, count));
        }
        Ok(())
    }

    fn post_facts(&self, post: PostId) -> Result<Option<PostFacts>> {
        let found = self
            .prepare_cached(
                "SELECT case_number, kind, audience, author, address, subject, language, stranger, at, \
                   (SELECT m.message_id FROM message m WHERE m.post = post.id ORDER BY m.entry LIMIT 1) \
                 FROM post WHERE id = $1",
            )?
            .query_row([post.0 as i64], |row| {
                Ok(PostFacts {
                    post,
                    case: CaseNumber(row.get::<_, i64>(0)? as u64),
                    kind: word(&row.get::<_, String>(1)?)?,
                    audience: word(&row.get::<_, String>(2)?)?,
                    author: row.get(3)?,
                    address: address(row, 4)?,
                    subject: row.get(5)?,
                    language: row.get::<_, Option<String>>(6)?.map(crate::mail::Language),
                    stranger: row.get(7)?,
                    at: time(row.get(8)?),
                    message_id: row.get::<_, Option<String>>(9)?.map(MessageId),
                })
            })
            .optional()?;
        Ok(found)
    }

    fn next_number(&self, first: u64) -> Result<u64> {
        let last: Option<i64> =
            self.prepare_cached("SELECT max(number) FROM cases")?.query_row([], |row| row.get(0))?;
        Ok(last.map_or(first, |n| (n as u64 + 1).max(first)))
    }
}

fn address(row: &Row, column: usize) -> rusqlite::Result<Option<Address>> {
    Ok(row.get::<_, Option<String>>(column)?.as_deref().and_then(Address::parse))
}
