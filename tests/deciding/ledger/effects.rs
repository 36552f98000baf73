//! What effects do to the ledger.

use jiff::Timestamp;
use postcase::case::decision::LinkKind;
use postcase::case::letter::QuestionKind;
use postcase::case::snapshot::PostFacts;
use postcase::case::snapshot::{CaseFacts, LastAnswer};
use postcase::case::{Audience, CaseNumber, Effect, NewPost, Participant, Phase, PostId, PostKind, Target, Timer};
use postcase::mail::MessageId;

use super::{Ledger, new_case};

impl Ledger {
    #[expect(clippy::too_many_lines, reason = "one arm for each effect")]
    pub(super) fn perform(&mut self, effect: &Effect) {
        match effect {
            Effect::OpenCase { number, queue, subject, language, at } => {
                assert_eq!(number.0, self.next_number);
                self.next_number += 1;
                self.cases.insert(*number, new_case(*number, queue, subject, language.clone(), *at));
            }
            Effect::AddPost(post) => self.add_post(post),
            Effect::AddParticipant { case, participant } => {
                let case = self.cases.get_mut(case).expect("participants join cases that exist");
                if case.participants.iter().all(|known| known.who.address != participant.who.address) {
                    case.participants.push(participant.clone());
                }
            }
            Effect::SetPhase { case, phase, at, .. } => {
                let case = self.cases.get_mut(case).expect("phases are of cases that exist");
                case.phase = *phase;
                case.closed = (*phase == Phase::Closed).then_some(*at);
            }
            Effect::CountAsAcknowledged { case } => {
                self.cases.get_mut(case).expect("a case that is there").acknowledged = true;
            }
            Effect::MergeCase { from, into } => self.merge(*from, *into),
            Effect::LinkCase { from, to, kind, .. } => {
                assert_ne!(from, to);
                self.links.push((*from, *to, *kind));
                if *kind == LinkKind::FollowUp {
                    self.cases.get_mut(to).expect("a case that is there").followed_by = Some(*from);
                }
            }
            Effect::MarkUndeliverable { address, .. } => {
                self.undeliverable.insert(address.clone());
            }
            Effect::ClearUndeliverable { address } => {
                self.undeliverable.remove(address);
            }
            Effect::Hold { entry, question, .. } => {
                let unproven = *question == Some(QuestionKind::Yours);
                self.messages
                    .iter_mut()
                    .filter(|known| known.entry == *entry)
                    .for_each(|known| known.unproven = unproven);
                self.held.insert(*entry);
            }
            Effect::Unhold { entry } => {
                self.messages.iter_mut().filter(|known| known.entry == *entry).for_each(|known| known.unproven = false);
                assert!(self.held.remove(entry), "only held entries are let go");
            }
            Effect::IndexMail { entry, post } => {
                let post = self.posts.iter().find(|known| known.id == *post).expect("the post exists");
                let known = self.messages.iter_mut().find(|known| known.entry == *entry).expect("it is indexed");
                (known.case, known.post, known.audience) = (Some(post.case), Some(post.id), Some(post.audience));
            }
            Effect::RemoveParticipant { case, address } => {
                self.facts(*case).participants.retain(|known| known.who.address != *address);
            }
            Effect::AddFollower { case, staff } => self.facts(*case).followers.push(staff.clone()),
            Effect::RemoveFollower { case, staff } => self.facts(*case).followers.retain(|known| known != staff),
            Effect::SetQueue { case, queue, by } => {
                let case = self.facts(*case);
                (case.queue, case.queued_by) = (queue.clone(), by.clone());
            }
            Effect::SetAssignee { case, staff, by } => {
                let case = self.facts(*case);
                (case.assignee, case.assigned_by) = (staff.clone(), by.clone());
            }
            Effect::SetPriority { case, priority, by } => {
                let case = self.facts(*case);
                (case.priority, case.prioritised_by) = (Some(priority.clone()), by.clone());
            }
            Effect::AddTag { case, tag, .. } => self.facts(*case).tags.push(tag.clone()),
            Effect::RemoveTag { case, tag } => self.facts(*case).tags.retain(|known| known != tag),
            Effect::MovePost { post, to } => {
                let known = self.posts.iter_mut().find(|known| known.id == *post).expect("the post exists");
                let from = std::mem::replace(&mut known.case, *to);
                self.messages
                    .iter_mut()
                    .filter(|known| known.post == Some(*post))
                    .for_each(|known| known.case = Some(*to));
                self.sent.iter_mut().filter(|sent| sent.post == Some(*post)).for_each(|sent| sent.case = Some(*to));
                self.read_again(from);
                self.read_again(*to);
            }
            Effect::QuoteNothingBefore { case, post } => {
                let facts = self.facts(*case);
                facts.quotes_from = facts.quotes_from.max(Some(*post));
            }
            Effect::AdmitPost { post } => {
                let known = self.posts.iter_mut().find(|known| known.id == *post).expect("the post exists");
                (known.stranger, known.audience) = (false, Audience::Public);
                let case = known.case;
                self.messages
                    .iter_mut()
                    .filter(|known| known.post == Some(*post))
                    .for_each(|known| known.audience = Some(Audience::Public));
                self.read_again(case);
            }
            Effect::ExposeReference { sent } => {
                self.sent.iter_mut().find(|known| known.id == *sent).expect("it was sent").exposed = true;
            }
            Effect::SetTimer { case, target, due } => self.set_timer(*case, *target, Some(*due)),
            Effect::ClearTimer { case, target } => self.set_timer(*case, *target, None),
            Effect::Command(command) => self.asked.push(command.clone()),
            Effect::Correct { .. }
            | Effect::Backup { .. }
            | Effect::RetryOutbox { .. }
            | Effect::PauseOutbox
            | Effect::ResumeOutbox => {}
        }
    }

    pub fn set_timer(&mut self, case: CaseNumber, target: Target, due: Option<Timestamp>) {
        let timers = &mut self.facts(case).timers;
        let generation = timers.iter().find(|timer| timer.target == target).map_or(0, |timer| timer.generation);
        timers.retain(|timer| timer.target != target);
        timers.push(Timer { target, generation: generation + 1, due });
    }

    fn facts(&mut self, case: CaseNumber) -> &mut CaseFacts {
        self.cases.get_mut(&case).expect("effects are on cases that exist")
    }

    fn add_post(&mut self, post: &NewPost) {
        assert!(self.posts.iter().all(|known| known.id != post.id), "post ids are unique");
        let case = self.cases.get_mut(&post.case).expect("posts go to cases that exist");
        let is_mail = matches!(post.kind, PostKind::MailIn | PostKind::Automatic);
        let known = self.messages.iter_mut().find(|known| known.entry == post.entry);
        let known = known.filter(|known| is_mail || known.post.is_none());
        let message_id = known.as_ref().and_then(|known| known.message_id.clone());
        if let Some(known) = known {
            known.subject = Some(post.subject.clone());
            (known.case, known.post, known.audience) = (Some(post.case), Some(post.id), Some(post.audience));
            known.kind = Some(post.kind);
        }
        if post.audience == Audience::Public {
            case.last_post = Some(post.id);
            if post.kind == PostKind::Answer {
                let by = post.author.clone().unwrap_or_default();
                case.last_answer = Some(LastAnswer { post: post.id, by, at: post.at });
            }
            if post.kind == PostKind::MailIn {
                case.last_author = post.address.clone();
                case.last_message_id = message_id.clone();
                case.message_ids.extend(message_id);
            }
        }
        self.posts.push(post.clone());
    }

    fn merge(&mut self, from: CaseNumber, into: CaseNumber) {
        assert!(into < from, "the older number survives");
        let gone = self.cases.remove(&from).expect("merged cases exist");
        let known = gone.acknowledged || self.cases[&into].acknowledged;
        assert!(self.by_hand || !known, "cases whose number somebody knows are merged by people alone");
        let case = self.facts(into);
        case.acknowledged |= gone.acknowledged;
        case.written_about |= gone.written_about;
        case.quotes_from = case.quotes_from.max(gone.quotes_from);
        case.tags.extend(gone.tags);
        case.followers.extend(gone.followers);
        for participant in gone.participants {
            let participant = Participant { requester: false, ..participant };
            self.perform(&Effect::AddParticipant { case: into, participant });
        }
        self.aliases.values_mut().filter(|now| **now == from).for_each(|now| *now = into);
        self.aliases.insert(from, into);
        self.messages.iter_mut().filter(|m| m.case == Some(from)).for_each(|m| m.case = Some(into));
        self.posts.iter_mut().filter(|post| post.case == from).for_each(|post| post.case = into);
        self.sent.iter_mut().filter(|sent| sent.case == Some(from)).for_each(|sent| sent.case = Some(into));
        self.links.iter_mut().for_each(|(one, other, _)| {
            [one, other].into_iter().filter(|case| **case == from).for_each(|case| *case = into);
        });
        self.links.retain(|(one, other, _)| one != other);
        self.read_again(into);
    }

    /// What the newest posts of a case say of it, after posts came or went.
    fn read_again(&mut self, case: CaseNumber) {
        let mut public: Vec<NewPost> =
            self.posts.iter().filter(|post| post.case == case && post.audience == Audience::Public).cloned().collect();
        public.sort_by_key(|post| post.id);
        let ids: Vec<MessageId> = public.iter().filter_map(|post| self.message_id_of(post.id)).collect();
        let facts = self.facts(case);
        facts.last_post = public.last().map(|post| post.id);
        facts.last_author =
            public.iter().rev().find(|post| post.kind == PostKind::MailIn).and_then(|post| post.address.clone());
        facts.last_message_id = ids.last().cloned();
        facts.message_ids = ids;
    }

    pub(super) fn post_facts(&self, post: &NewPost) -> PostFacts {
        PostFacts {
            post: post.id,
            case: post.case,
            kind: post.kind,
            audience: post.audience,
            author: post.author.clone(),
            address: post.address.clone(),
            subject: post.subject.clone(),
            language: post.language.clone(),
            stranger: post.stranger,
            message_id: self.message_id_of(post.id),
            at: post.at,
        }
    }

    /// How many posts of a case are more than notes.
    pub(super) fn substance(&self, case: CaseNumber) -> usize {
        self.posts.iter().filter(|post| post.case == case && post.kind != PostKind::Note).count()
    }

    pub(crate) fn message_id_of(&self, post: PostId) -> Option<MessageId> {
        self.messages.iter().find(|known| known.post == Some(post)).and_then(|known| known.message_id.clone())
    }
}
