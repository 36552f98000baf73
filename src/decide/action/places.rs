//! Where posts are: merging, splitting, moving (B24). References name posts, and so do the ids of mail from outside:
//! later replies follow by themselves.

use std::collections::BTreeSet;

use super::people::author;
use super::{Done, Work};
use crate::case::decision::LinkKind;
use crate::case::sentence::sentence;
use crate::case::snapshot::{CaseFacts, PostFacts};
use crate::case::{By, CaseNumber, Effect, Phase, PostId, PostKind, Sentence};
use crate::decide::participants::is_unanswerable;
use crate::link::identity::is_outside;
use crate::mail::{Address, subject};
use crate::rules::template;

/// The case into which posts go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    /// Whoever wrote the posts is at home there.
    New,
    Known,
}

impl Work<'_, '_> {
    /// The two become one: the older number survives, with its own queue and assignee.
    pub(super) fn merge(&mut self, with: CaseNumber) -> Done {
        let other = self.other(with)?.clone();
        let own = self.case.clone();
        let (into, from) = if own.number < other.number { (own, other) } else { (other, own) };
        let (survivor, gone, was) = (into.number, from.number, into.phase);
        let phase = together(was, from.phase);
        let same_people = people(&into) == people(&from);
        self.draft.effects.push(Effect::MergeCase { from: gone, into: survivor });
        self.gone.push(gone);
        self.case = joined(into, from);
        if !same_people {
            self.quote_nothing_old();
        }
        if phase != was {
            self.set_phase(phase);
        }
        let by = self.actor.label();
        let remark =
            sentence!("{by} merged case {gone} into this one.", "{by} hat Fall {gone} mit diesem zusammengelegt.");
        self.remark_on(survivor, &remark);
        let told = sentence!(
            "Case {gone} is part of case {survivor} now.",
            "Fall {gone} ist jetzt ein Teil von Fall {survivor}."
        );
        let again = was == Phase::Closed && phase != was;
        let told = if again { told.then(" ", &open_again()) } else { told };
        Ok(self.done(told))
    }

    /// The posts get a case of their own.
    pub(super) fn split(&mut self, named: &[PostId]) -> Done {
        let posts = self.posts(named)?;
        let old = self.number();
        if self.left_without(&posts) == 0 {
            return Err(sentence!(
                "Nothing would be left in case {old}: it is a case of its own already.",
                "In Fall {old} bliebe nichts: Er ist schon ein eigener Fall."
            ));
        }
        let new = self.draft.new_number();
        let first = posts.iter().find(|post| post.kind == PostKind::MailIn).unwrap_or(&posts[0]);
        let subject = self.subject_of(first);
        self.draft.effects.push(Effect::OpenCase {
            number: new,
            queue: self.case.queue.clone(),
            subject: subject.clone(),
            language: first.language.clone(),
            at: first.at,
        });
        let source = self.go_to(beginning(new, subject, first, &self.case));
        self.carry_over(&posts, Target::New);
        // An answer was not written to whoever comes to read it here.
        let together = people(&self.case);
        let told = together.len() > 1 || posts.iter().any(|post| post.kind == PostKind::Answer);
        if source.quotes_from.is_some() || told && !together.is_subset(&people(&source)) {
            self.quote_nothing_old();
        }
        match posts.iter().rev().find(|post| matches!(post.kind, PostKind::MailIn | PostKind::Answer)) {
            Some(newest) if newest.kind == PostKind::Answer => self.set_phase(Phase::Waiting),
            Some(_) | None => {}
        }
        self.part(&posts, source);
        let (are, sind) = are(&posts);
        Ok(self.done(sentence!("{are} in case {new} now, a new one.", "{sind} jetzt in Fall {new}, einem neuen.")))
    }

    /// The posts move to another case. A case of which nothing would be left becomes part of the other instead.
    pub(super) fn move_to(&mut self, named: &[PostId], to: CaseNumber) -> Done {
        let target = self.other(to)?.clone();
        let posts = self.posts(named)?;
        let old = self.number();
        if self.left_without(&posts) == 0 {
            let merged = self.merge(to)?;
            let all = sentence!("Case {old} had nothing else.", "In Fall {old} war sonst nichts.");
            return Ok(all.then(" ", &merged));
        }
        let (new, was, before) = (target.number, target.phase, people(&target));
        let source = self.go_to(target);
        self.carry_over(&posts, Target::Known);
        let together = people(&self.case);
        let same_people = together.is_subset(&before) && together.is_subset(&people(&source));
        if source.quotes_from.is_some() || !same_people {
            self.quote_nothing_old();
        }
        let mut again = false;
        if posts.iter().any(|post| post.kind == PostKind::MailIn)
            && matches!(was, Phase::Waiting | Phase::Solved | Phase::Closed)
        {
            again = was == Phase::Closed;
            self.set_phase(Phase::Open);
        }
        self.part(&posts, source);
        let (are, sind) = are(&posts);
        let told = sentence!("{are} in case {new} now.", "{sind} jetzt in Fall {new}.");
        let told = if again { told.then(" ", &open_again()) } else { told };
        Ok(self.done(told))
    }

    /// From here on `facts` are worked on; returns those that were.
    fn go_to(&mut self, facts: CaseFacts) -> CaseFacts {
        std::mem::replace(&mut self.case, facts)
    }

    /// Posts into the case that is worked on, with their authors.
    fn carry_over(&mut self, posts: &[&PostFacts], target: Target) {
        for post in posts {
            self.draft.effects.push(Effect::MovePost { post: post.post, to: self.number() });
            match post.kind {
                PostKind::MailIn => self.bring(post, target),
                PostKind::Answer => self.case.last_post = self.case.last_post.max(Some(post.post)),
                PostKind::Note | PostKind::Automatic => {}
            }
        }
    }

    /// A customer's mail comes with its author; a stranger stays one, unless the case is theirs (B20).
    fn bring(&mut self, post: &PostFacts, target: Target) {
        let desk = &self.draft.policy.desk;
        let reachable = |address: &Address| is_outside(address, desk) && !is_unanswerable(address);
        let author = author(post).filter(|named| reachable(&named.address));
        let known = author.as_ref().is_some_and(|named| self.takes_part(&named.address));
        if post.stranger && !known && target == Target::Known {
            return;
        }
        if post.stranger {
            self.draft.effects.push(Effect::AdmitPost { post: post.post });
        }
        if let Some(named) = author {
            self.case.last_author = Some(named.address.clone());
            if !known {
                self.add_participant(named);
            }
        }
        self.case.last_post = self.case.last_post.max(Some(post.post));
        if let Some(id) = &post.message_id {
            self.case.message_ids.push(id.clone());
            self.case.last_message_id = Some(id.clone());
        }
    }

    /// Says in both cases what happened, and keeps them apart. Whoever answers one of the posts goes on where it is
    /// now, everybody else where they were.
    fn part(&mut self, posts: &[&PostFacts], source: CaseFacts) {
        let (new, old) = (self.number(), source.number);
        let label = self.actor.label().to_owned();
        self.draft.effects.push(Effect::LinkCase {
            from: new,
            to: old,
            kind: LinkKind::Apart,
            reason: format!("{} was taken out of case {old}.", what(posts)),
        });
        let (mails, diese) = mails(posts);
        let here = sentence!(
            "{label} moved {mails} here from case {old}.",
            "{label} hat {diese} aus Fall {old} hierher verschoben."
        );
        self.remark_on(new, &here);
        let follows = posts.iter().any(|post| Some(post.post) == self.answered);
        let target = self.go_to(source);
        let there = sentence!(
            "{label} moved {mails} from here to case {new}.",
            "{label} hat {diese} von hier in Fall {new} verschoben."
        );
        self.remark_on(old, &there);
        if follows {
            self.case = target;
        }
    }

    /// Mails and answers that the case has beside these.
    fn left_without(&self, posts: &[&PostFacts]) -> usize {
        let counts = self.draft.snapshot.post_counts.iter();
        let own = counts.filter(|(case, _)| *case == self.number() || self.gone.contains(case));
        let all: usize = own.map(|(_, count)| *count).sum();
        all.saturating_sub(posts.iter().filter(|post| post.kind != PostKind::Note).count())
    }

    /// What a case that begins with this post is called. A reply to our acknowledgement bears the acknowledgement's
    /// subject, which says nothing.
    fn subject_of(&self, post: &PostFacts) -> String {
        let subject = subject::of_case(&post.subject, &self.draft.policy.desk.reference.case_word);
        if template::is_own_subject(&subject) { self.case.subject.clone() } else { subject }
    }

    /// A note of Postcase itself on the case that is worked on.
    fn remark_on(&mut self, case: CaseNumber, text: &Sentence) {
        let subject = self.case.subject.clone();
        self.remark(case, &subject, text);
    }
}

fn people(case: &CaseFacts) -> BTreeSet<Address> {
    case.participants.iter().map(|one| one.who.address.clone()).collect()
}

/// How far a case has come that was two: it is ours to speak as long as one of them waits for us.
fn together(one: Phase, other: Phase) -> Phase {
    let either = |phase: Phase| one == phase || other == phase;
    match (one, other) {
        (Phase::New, Phase::New) => Phase::New,
        _ if either(Phase::New) || either(Phase::Open) => Phase::Open,
        _ if either(Phase::Waiting) => Phase::Waiting,
        _ if either(Phase::Solved) => Phase::Solved,
        _ => Phase::Closed,
    }
}

/// The facts of two cases that are one now.
fn joined(into: CaseFacts, from: CaseFacts) -> CaseFacts {
    let mut case = into;
    for mut participant in from.participants {
        participant.requester = false;
        if case.participants.iter().all(|known| known.who.address != participant.who.address) {
            case.participants.push(participant);
        }
    }
    let missing = |known: &[String], new: Vec<String>| -> Vec<String> {
        new.into_iter().filter(|word| !known.contains(word)).collect()
    };
    case.tags.extend(missing(&case.tags, from.tags));
    case.followers.extend(missing(&case.followers, from.followers));
    case.acknowledged |= from.acknowledged;
    case.written_about |= from.written_about;
    case.opened = case.opened.min(from.opened);
    case.quotes_from = case.quotes_from.max(from.quotes_from);
    case.message_ids.extend(from.message_ids);
    if from.last_post > case.last_post {
        case.last_post = from.last_post;
        case.last_author = from.last_author.or(case.last_author);
        case.last_message_id = from.last_message_id.or(case.last_message_id);
    }
    if from.last_answer.as_ref().map(|answer| answer.post) > case.last_answer.as_ref().map(|answer| answer.post) {
        case.last_answer = from.last_answer;
    }
    case
}

/// The facts of a case that begins with `first`, taken out of `source`.
fn beginning(number: CaseNumber, subject: String, first: &PostFacts, source: &CaseFacts) -> CaseFacts {
    CaseFacts {
        number,
        subject,
        phase: Phase::New,
        status: Phase::New.name().to_owned(),
        language: first.language.clone(),
        participants: Vec::new(),
        acknowledged: false,
        written_about: false,
        opened: first.at,
        closed: None,
        last_author: None,
        assignee: None,
        assigned_by: By::Default,
        priority: None,
        prioritised_by: By::Default,
        queued_by: By::Default,
        tags: Vec::new(),
        followers: Vec::new(),
        last_answer: None,
        last_post: None,
        quotes_from: None,
        last_message_id: None,
        message_ids: Vec::new(),
        reopened: 0,
        followed_by: None,
        timers: Vec::new(),
        ..source.clone()
    }
}

/// `a mail of anna@x.example`, `3 posts`; and in German.
fn mails(posts: &[&PostFacts]) -> (String, String) {
    match posts {
        [only] => match (&only.kind, &only.author) {
            (PostKind::Answer, Some(author)) => (format!("{author}’s answer"), format!("eine Antwort von {author}")),
            (_, Some(author)) => (format!("a mail of {author}"), format!("eine Mail von {author}")),
            (_, None) => ("a post".to_owned(), "einen Beitrag".to_owned()),
        },
        several => (format!("{} posts", several.len()), format!("{} Beiträge", several.len())),
    }
}

/// The same without names: links are kept for ever.
fn what(posts: &[&PostFacts]) -> String {
    if posts.len() == 1 { "A post".to_owned() } else { format!("{} posts", posts.len()) }
}

fn are(posts: &[&PostFacts]) -> (String, String) {
    match posts.len() {
        1 => ("The post is".to_owned(), "Der Beitrag ist".to_owned()),
        several => (format!("{several} posts are"), format!("{several} Beiträge sind")),
    }
}

fn open_again() -> Sentence {
    sentence!("It is open again.", "Er ist wieder offen.")
}
