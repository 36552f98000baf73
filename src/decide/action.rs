//! What is done with a case, whoever asks for it: the command line, or the top of a staff mail. Each action is done,
//! or not with one sentence that names the remedy; then it has changed nothing. The facts of the case are a working
//! copy, so that a later command of the same mail sees what an earlier one did.

mod names;
mod people;
mod places;
mod values;
mod words;

use jiff::civil::Date;

use super::Draft;
use crate::case::sentence::sentence;
use crate::case::snapshot::{CaseFacts, PostFacts};
use crate::case::{Action, Audience, By, CaseNumber, Effect, EntryId, NewPost, Phase, PostId, PostKind, Sentence};
use crate::link::find_case;
use crate::mail::{Attachment, Language};
use crate::rules::Staff;

pub(super) use names::staff_called;
pub(super) use words::{answered, by_person};

/// Who acts.
#[derive(Debug, Clone)]
pub(super) struct Actor<'a> {
    /// As they called themselves.
    pub called: String,
    pub staff: Option<&'a Staff>,
}

impl Actor<'_> {
    /// As customers and colleagues read it.
    pub fn label(&self) -> &str {
        self.staff.map_or(&self.called, |staff| &staff.label)
    }

    /// As it is kept beside what they set.
    pub fn by(&self) -> By {
        By::Staff(self.staff.map_or(&self.called, |staff| &staff.name).clone())
    }
}

/// The mail in which something is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Carrier<'a> {
    /// The entry that holds its bytes.
    pub entry: EntryId,
    pub attachments: &'a [Attachment],
    pub language: Option<&'a Language>,
}

/// A case that is worked on.
pub(super) struct Work<'w, 'a> {
    pub draft: &'w mut Draft<'a>,
    /// As it is by now. Another one after a merge, and after the answered post went elsewhere.
    pub case: CaseFacts,
    pub actor: Actor<'a>,
    /// None on the command line.
    pub carrier: Option<Carrier<'w>>,
    /// The post that is answered, in mail.
    pub answered: Option<PostId>,
    /// The post that the actor's words became.
    pub written: Option<PostId>,
    /// Whoever has the case now and did not take it.
    pub assigned: Option<&'a Staff>,
    /// Numbers that became part of the case just now.
    gone: Vec<CaseNumber>,
}

/// What was done, as a sentence; or why not, and the remedy.
pub(super) type Done = Result<Sentence, Sentence>;

impl<'w, 'a> Work<'w, 'a> {
    pub fn on(draft: &'w mut Draft<'a>, case: &CaseFacts, actor: Actor<'a>) -> Work<'w, 'a> {
        let case = case.clone();
        Work { draft, case, actor, carrier: None, answered: None, written: None, assigned: None, gone: Vec::new() }
    }

    /// Carries out one action.
    pub fn carry_out(&mut self, action: &Action) -> Done {
        match action {
            Action::Reply { text } => self.reply(text),
            Action::Note { text } => self.note(text),
            Action::Close { text } => self.close(text.as_deref()),
            Action::Reopen { text } => self.reopen(text.as_deref()),
            Action::Assign { to } => self.assign(to),
            Action::Accept { post: None } => self.take(),
            Action::Accept { post: Some(post) } => self.admit(*post),
            Action::Priority { priority } => self.set_priority(priority),
            Action::Status { status } => self.set_status(status),
            Action::Tag { tags } => self.tag(tags),
            Action::Untag { tags } => self.untag(tags),
            Action::Queue { queue } => self.set_queue(queue),
            Action::Cc { who } => self.cc(who),
            Action::Uncc { who } => self.uncc(who),
            Action::Merge { with } => self.merge(*with),
            Action::Split { posts } => self.split(posts),
            Action::Move { posts, to } => self.move_to(posts, *to),
            Action::Spam => self.spam(),
            Action::Wait { until } => self.wait(*until),
        }
    }

    fn number(&self) -> CaseNumber {
        self.case.number
    }

    /// The case of this number, unless it is the one that is worked on.
    fn other(&self, number: CaseNumber) -> Result<&'a CaseFacts, Sentence> {
        let own = self.number();
        if number == own {
            return Err(sentence!(
                "That is case {own} itself: name another one.",
                "Das ist Fall {own} selbst: Nennen Sie einen anderen."
            ));
        }
        let Some(other) = find_case(self.draft.snapshot, number) else {
            return Err(sentence!(
                "There is no case {number}. `postcase case list` shows the cases there are.",
                "Es gibt keinen Fall {number}. `postcase case list` zeigt, welche es gibt."
            ));
        };
        if other.number == own || self.gone.contains(&other.number) {
            return Err(sentence!(
                "Case {number} is part of case {own} already.",
                "Fall {number} ist schon ein Teil von Fall {own}."
            ));
        }
        Ok(other)
    }

    /// The posts that are named, else the one that is answered.
    fn posts(&self, named: &[PostId]) -> Result<Vec<&'a PostFacts>, Sentence> {
        let own = self.number();
        let wanted: Vec<PostId> = if named.is_empty() { self.answered.into_iter().collect() } else { named.to_vec() };
        if wanted.is_empty() {
            return Err(sentence!(
                "Say which posts: this mail answers none.",
                "Sagen Sie, welche Beiträge: Diese Mail antwortet auf keinen."
            ));
        }
        let mut found: Vec<&PostFacts> = Vec::new();
        for id in wanted {
            let known = self.draft.snapshot.posts.iter().find(|post| post.post == id);
            let Some(post) = known.filter(|post| post.case == own || self.gone.contains(&post.case)) else {
                return Err(sentence!(
                    "Not all of these posts are in case {own} (any more): see `postcase case show {own}`.",
                    "Nicht alle diese Beiträge sind (noch) in Fall {own}: Siehe `postcase case show {own}`."
                ));
            };
            if !found.iter().any(|known| known.post == id) {
                found.push(post);
            }
        }
        found.sort_by_key(|post| post.post);
        match found.iter().any(|post| post.kind != PostKind::Note) {
            true => Ok(found),
            false => Err(sentence!(
                "A note alone is no case: name a mail or an answer.",
                "Eine Notiz allein ist kein Fall: Nennen Sie eine Mail oder eine Antwort."
            )),
        }
    }

    fn set_phase(&mut self, phase: Phase) {
        self.draft.set_phase(self.number(), phase);
        self.case.phase = phase;
        self.case.status = phase.name().to_owned();
    }

    fn today(&self) -> Date {
        self.draft.today()
    }

    /// A post of the actor's.
    fn add_post(&mut self, text: &str, kind: PostKind) -> PostId {
        let audience = match kind {
            PostKind::Answer | PostKind::MailIn => Audience::Public,
            PostKind::Note | PostKind::Automatic => Audience::Internal,
        };
        let id = self.draft.next_post();
        self.draft.effects.push(Effect::AddPost(NewPost {
            id,
            case: self.number(),
            kind,
            audience,
            author: Some(self.actor.label().to_owned()),
            address: None,
            subject: self.case.subject.clone(),
            text: text.to_owned(),
            author_text: text.to_owned(),
            language: self.carrier.and_then(|carrier| carrier.language.cloned()),
            attachments: self.carrier.map(|carrier| carrier.attachments.to_vec()).unwrap_or_default(),
            stranger: false,
            entry: self.carrier.map_or(self.draft.event.entry, |carrier| carrier.entry),
            at: self.draft.event.received,
        }));
        self.written = Some(id);
        id
    }

    /// A note of Postcase itself, about what happened to a case.
    fn remark(&mut self, case: CaseNumber, subject: &str, text: &Sentence) {
        let text = text.said_in(&self.draft.language(None)).to_owned();
        let id = self.draft.next_post();
        self.draft.effects.push(Effect::AddPost(NewPost {
            id,
            case,
            kind: PostKind::Note,
            audience: Audience::Internal,
            author: None,
            address: None,
            subject: subject.to_owned(),
            text: text.clone(),
            author_text: text,
            language: None,
            attachments: Vec::new(),
            stranger: false,
            entry: self.draft.event.entry,
            at: self.draft.now,
        }));
    }
}
