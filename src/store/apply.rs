//! Carries out a decision. There is no other way to change a case.
//! What each effect does to a case stands in `effects`.

mod effects;

use jiff::Timestamp;
use rusqlite::params;

use super::journal::{Mark, Payload};
use super::snapshot::hashes;
use super::{Result, Tx, json, raw, stored};
use crate::case::letter::{Composed, Facts, Hand};
use crate::case::snapshot::{Footprint, Snapshot};
use crate::case::{Decision, Effect, EntryId, Letter, NewPost, OutboxId, Participant, PostKind, Template};
use crate::mail::Named;

/// Where the engine finds the file of a backup that was asked for.
pub const BACKUP_WANTED: &str = "backup-wanted";

/// A decision and all that goes with it into the database.
pub struct Outcome<'a> {
    pub entry: EntryId,
    pub decision: &'a Decision,
    /// One for each letter, in the same order.
    pub composed: &'a [Composed],
    /// The message that was read, and the entry that holds it: later messages are linked by it.
    pub message: Option<(EntryId, &'a Footprint)>,
    pub snapshot: &'a Snapshot,
    pub policy: &'a str,
    /// Whether a copy of people's mail is wanted in a Sent folder.
    pub copy: SentCopy,
    pub now: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentCopy {
    None,
    Wanted,
}

impl Tx<'_> {
    /// Writes one decision: its effects, its letters, itself; the entry waits no longer.
    pub fn apply(&self, outcome: &Outcome) -> Result<()> {
        if let Some((entry, message)) = outcome.message {
            self.index_message(entry, message, outcome.now)?;
        }
        for effect in &outcome.decision.effects {
            self.carry_out(effect, outcome)?;
        }
        for (letter, composed) in outcome.decision.letters.iter().zip(outcome.composed) {
            self.queue_letter(letter, composed, outcome)?;
        }
        self.record(outcome)?;
        self.prepare_cached("UPDATE journal SET waiting = 0, marked = 0 WHERE id = $1")?
            .execute([outcome.entry.0 as i64])?;
        Ok(())
    }

    fn carry_out(&self, effect: &Effect, outcome: &Outcome) -> Result<()> {
        let now = outcome.now.as_microsecond();
        match effect {
            Effect::OpenCase { number, queue, subject, language, at } => {
                let language = language.as_ref().map(|language| language.0.as_str());
                self.open_case(*number, (queue, subject), language, *at, now)
            }
            Effect::AddPost(post) => self.add_post(post, now),
            Effect::MovePost { post, to } => self.move_post(*post, *to, now),
            Effect::QuoteNothingBefore { case, post } => self.quote_nothing_before(*case, *post),
            Effect::AdmitPost { post } => self.admit_post(*post),
            Effect::AddParticipant { case, participant } => self.add_participant(*case, participant),
            Effect::RemoveParticipant { case, address } => self.remove_participant(*case, address),
            Effect::AddFollower { case, staff } => self.add_follower(*case, staff),
            Effect::RemoveFollower { case, staff } => self.remove_follower(*case, staff),
            Effect::SetPhase { case, phase, status, at } => {
                self.count_reopening(*case, *phase, outcome.decision.verdict)?;
                self.set_phase(*case, *phase, status, *at)
            }
            Effect::SetQueue { case, queue, by } => self.set_queue(*case, queue, by, now),
            Effect::SetAssignee { case, staff, by } => self.set_assignee(*case, staff.as_deref(), by, now),
            Effect::SetPriority { case, priority, by } => self.set_priority(*case, priority, by, now),
            Effect::AddTag { case, tag, by } => self.add_tag(*case, tag, by),
            Effect::RemoveTag { case, tag } => self.remove_tag(*case, tag),
            Effect::MergeCase { from, into } => self.merge(*from, *into, now),
            Effect::LinkCase { from, to, kind, reason } => self.link_cases((*from, *to), *kind, reason, outcome.entry),
            Effect::CountAsAcknowledged { case } => self.count_as_acknowledged(*case),
            Effect::MarkUndeliverable { address, reason } => self.set_undeliverable(address.as_str(), Some(reason)),
            Effect::ClearUndeliverable { address } => self.set_undeliverable(address.as_str(), None),
            Effect::ExposeReference { sent } => self.expose(*sent),
            Effect::Hold { entry, reason, question } => self.hold(*entry, reason, question.as_ref(), now),
            Effect::Unhold { entry } => self.unhold(*entry),
            // The correction itself is the record: its decision names the entry it corrects.
            Effect::Correct { .. } => Ok(()),
            Effect::IndexMail { entry, post } => self.index_mail(*entry, *post),
            Effect::Command(command) => {
                let payload = Payload::Command(command.clone());
                self.journal(&payload, None, None, outcome.now, outcome.now, Mark::Later).map(|_| ())
            }
            Effect::SetTimer { case, target, due } => self.set_timer(*case, *target, Some(*due)),
            Effect::ClearTimer { case, target } => self.set_timer(*case, *target, None),
            Effect::RetryOutbox { mail } => self.retry_outbox(*mail, now),
            Effect::Backup { target } => self.set_meta(BACKUP_WANTED, target),
            Effect::PauseOutbox => self.set_meta("outbox-paused", "yes"),
            Effect::ResumeOutbox => self.set_meta("outbox-paused", "no"),
        }
    }

    fn add_post(&self, post: &NewPost, now: i64) -> Result<()> {
        let id = post.id.0 as i64;
        self.prepare_cached(
            "INSERT INTO post (id, case_number, kind, audience, author, address, subject, text, author_text, language, \
                               stranger, entry, at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        )?
        .execute(params![
            id,
            post.case.0 as i64,
            stored(&post.kind),
            stored(&post.audience),
            post.author,
            post.address.as_ref().map(|a| a.as_str()),
            post.subject,
            post.text,
            post.author_text,
            post.language.as_ref().map(|l| &l.0),
            post.stranger,
            post.entry.0 as i64,
            post.at.as_microsecond()
        ])?;
        self.add_attachments(post)?;
        // A mail that staff hand on makes two posts: its own is the one that it hands on.
        let which = match post.kind {
            PostKind::MailIn | PostKind::Automatic => "UPDATE message SET post = $1 WHERE entry = $2",
            PostKind::Answer | PostKind::Note => "UPDATE message SET post = $1 WHERE entry = $2 AND post IS NULL",
        };
        self.prepare_cached(which)?.execute(params![id, post.entry.0 as i64])?;
        self.prepare_cached("INSERT INTO unindexed (post) VALUES ($1)")?.execute([id])?;
        self.touch(post.case, now)
    }

    fn add_attachments(&self, post: &NewPost) -> Result<()> {
        let mut statement = self.prepare_cached(
            "INSERT INTO attachment (post, ordinal, name, media_type, size, sha256, inline, start, length, encoding) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )?;
        for (ordinal, part) in post.attachments.iter().enumerate() {
            statement.execute(params![
                post.id.0 as i64,
                ordinal as i64,
                part.name,
                part.media_type,
                part.size as i64,
                part.sha256,
                part.inline,
                part.offset as i64,
                part.length as i64,
                part.encoding
            ])?;
        }
        Ok(())
    }

    fn retry_outbox(&self, mail: Option<OutboxId>, now: i64) -> Result<()> {
        if let Some(mail) = mail {
            let id = mail.0 as i64;
            self.prepare_cached(
                "UPDATE sent_recipient SET state = 'waiting' WHERE sent = $1 AND state = 'refused' \
                   AND EXISTS (SELECT 1 FROM outbox WHERE id = $1)",
            )?
            .execute([id])?;
            self.prepare_cached(
                "UPDATE outbox SET next_attempt = $1, attempts = 0, \
                   copy = CASE copy WHEN 'not-sent' THEN 'wanted' ELSE copy END WHERE id = $2 \
                   AND EXISTS (SELECT 1 FROM sent_recipient WHERE sent = $2 AND state = 'waiting')",
            )?
            .execute(params![now, id])?;
        } else {
            self.prepare_cached("UPDATE outbox SET next_attempt = $1 WHERE next_attempt > $1")?.execute([now])?;
        }
        Ok(())
    }

    fn index_message(&self, entry: EntryId, message: &Footprint, now: Timestamp) -> Result<()> {
        let entry = entry.0 as i64;
        self.prepare_cached(
            "INSERT INTO message (entry, message_id, refers_to, thread, content_hash, originator, addresses, at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (entry) DO NOTHING",
        )?
        .execute(params![
            entry,
            message.message_id.as_ref().map(|id| &id.0),
            json(&message.refers_to),
            message.thread.as_ref().map(|thread| &thread.0),
            message.content_hash,
            message.originator.as_ref().map(|a| a.as_str()),
            json(&message.addresses),
            now.as_microsecond()
        ])?;
        let mut mention = self.prepare_cached("INSERT OR IGNORE INTO mention (hash, entry) VALUES ($1, $2)")?;
        for hash in hashes(&message.message_id, &message.refers_to, &message.thread) {
            mention.execute(params![hash, entry])?;
        }
        Ok(())
    }

    fn queue_letter(&self, letter: &Letter, composed: &Composed, outcome: &Outcome) -> Result<()> {
        let (id, at) = (letter.id.0 as i64, letter.at.as_microsecond());
        self.prepare_cached(
            "INSERT INTO sent (id, post, template, hand, audience, message_id, person, asks, question, at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )?
        .execute(params![
            id,
            letter.post.map(|post| post.0 as i64),
            letter.template.name(),
            stored(&letter.hand),
            stored(&letter.audience),
            composed.message_id.0,
            letter.person,
            letter.asks.map(|entry| entry.0 as i64),
            letter.question.as_ref().map(stored),
            at
        ])?;
        self.count_letter(letter)?;
        self.remember_answer(letter, composed)?;
        let mut recipient = self.prepare_cached(
            "INSERT INTO sent_recipient (sent, address, at, state) VALUES ($1, $2, $3, 'waiting') ON CONFLICT DO NOTHING",
        )?;
        for address in &composed.recipients {
            recipient.execute(params![id, address.as_str(), at])?;
        }
        // What waited in a backup was probably decided, and sent, in the time that was lost: it goes out when a person says so.
        let restored = outcome.snapshot.restored.first().is_some_and(|restored| outcome.entry < restored.entry);
        let next_attempt = if restored { None } else { Some(at) };
        let copy = if outcome.copy == SentCopy::Wanted && letter.hand == Hand::Person { "wanted" } else { "none" };
        self.prepare_cached(
            "INSERT INTO outbox (id, reverse_path, bytes, queued, next_attempt, copy) VALUES ($1, $2, $3, $4, $5, $6)",
        )?
        .execute(params![
            id,
            composed.reverse_path.as_ref().map(|a| a.as_str()),
            raw::compress(&composed.bytes),
            at,
            next_attempt,
            copy
        ])?;
        // The letter about a message that was too large names the number, too: it is the one acknowledgement.
        if matches!(letter.template, Template::Acknowledged | Template::TooLarge) {
            self.prepare_cached("UPDATE cases SET acknowledged = 1 WHERE number = $1")?
                .execute([letter.case.map(|case| case.0 as i64)])?;
        }
        Ok(())
    }

    fn record(&self, outcome: &Outcome) -> Result<()> {
        let decision = outcome.decision;
        // Bodies are in the posts; the record of effects names them.
        let effects: Vec<Effect> = decision.effects.iter().map(without_bodies).collect();
        let letters: Vec<Letter> = decision.letters.iter().map(without_words).collect();
        self.prepare_cached(
            "INSERT INTO decision (entry, at, verdict, case_number, effects, letters, trace, policy, snapshot) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )?
        .execute(params![
            outcome.entry.0 as i64,
            outcome.now.as_microsecond(),
            decision.verdict.name(),
            decision.case.map(|c| c.0 as i64),
            json(&effects),
            json(&letters),
            json(&decision.trace),
            outcome.policy,
            raw::compress(json(outcome.snapshot).as_bytes())
        ])?;
        Ok(())
    }
}

/// A letter as it is recorded: to whom and about what, not in what words (L11).
fn without_words(letter: &Letter) -> Letter {
    let nameless = |all: &[Named]| all.iter().map(|one| Named { name: None, address: one.address.clone() }).collect();
    Letter {
        from: Named { name: None, address: letter.from.address.clone() },
        to: nameless(&letter.to),
        cc: nameless(&letter.cc),
        subject: String::new(),
        enclosed: None,
        facts: Facts { case_number: letter.facts.case_number.clone(), ..Facts::default() },
        ..letter.clone()
    }
}

/// An effect as it is recorded: what a person wrote stays in the post, where it can be erased (L11).
fn without_bodies(effect: &Effect) -> Effect {
    match effect {
        Effect::AddPost(post) => Effect::AddPost(NewPost {
            text: String::new(),
            author_text: String::new(),
            subject: String::new(),
            author: None,
            attachments: Vec::new(),
            ..post.clone()
        }),
        Effect::OpenCase { number, queue, language, at, .. } => Effect::OpenCase {
            number: *number,
            queue: queue.clone(),
            subject: String::new(),
            language: language.clone(),
            at: *at,
        },
        Effect::AddParticipant { case, participant } => {
            let who = Named { name: None, address: participant.who.address.clone() };
            Effect::AddParticipant { case: *case, participant: Participant { who, requester: participant.requester } }
        }
        other => other.clone(),
    }
}
