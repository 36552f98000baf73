//! A customer's mail that staff hand on to the desk, attached or inline: it is the customer's post (B17).

use super::super::mail::{Incoming, open_case, subject_of};
use super::super::participants::is_unanswerable;
use super::super::{Draft, answer, instructions, notify};
use super::{note, place, post, propose};
use crate::case::sentence::sentence;
use crate::case::snapshot::{CaseFacts, KnownMessage};
use crate::case::{Audience, CaseNumber, Effect, NewPost, Participant, Phase, PostId, PostKind, Sentence, Verdict};
use crate::link::find_case;
use crate::link::identity::takes_part;
use crate::link::staff::{colleague, handed_on, have_one_subject, is_of_one_matter};
use crate::mail::forward::Form;
use crate::mail::{Address, Attachment, Forwarded, Named, body, subject};
use crate::rules::Staff;

/// A mail that is handed on, and who wrote it.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    forwarded: &'a Forwarded,
    author: &'a Named,
}

impl<'a> Found<'a> {
    pub(super) fn author(self) -> &'a Address {
        &self.author.address
    }
}

/// The first mail by somebody outside that a mail hands on: it says whose case it is.
pub(super) fn found<'a>(draft: &Draft<'_>, mail: &Incoming<'a>) -> Option<Found<'a>> {
    all(draft, mail).next()
}

fn all<'d, 'a: 'd>(draft: &'d Draft<'_>, mail: &Incoming<'a>) -> impl Iterator<Item = Found<'a>> + use<'d, 'a> {
    let all = handed_on(&mail.arrived.reading, draft.policy, draft.today());
    all.map(|(forwarded, author)| Found { forwarded, author })
}

/// Puts the customer's mail into its case, or into a new one, and what staff wrote above it beside it; so with more
/// mails of the same matter. Those of another are nobody's here: whom the case is with must not read them.
pub(super) fn take(
    draft: &mut Draft<'_>,
    mail: &Incoming<'_>,
    staff: &Staff,
    found: Found<'_>,
) -> (Verdict, Option<CaseNumber>) {
    draft.say(format!("{} hands on a mail: it is the post of whoever wrote it.", staff.label));
    let known = here_already(draft, found);
    let case = its_case(draft, mail, found, known);
    let (mut ours, others): (Vec<Found<'_>>, Vec<Found<'_>>) =
        all(draft, mail).partition(|one| belongs(draft, *one, found, case));
    // As they were written; what has no date comes last.
    ours.sort_by_key(|one| one.forwarded.date.map_or((true, None), |date| (false, Some(date))));
    let count = ours.len();
    let there = known.or_else(|| ours.iter().find_map(|one| here_already(draft, *one)));
    ours.retain(|one| here_already(draft, *one).is_none());
    if ours.len() < count {
        let number = there.map_or(CaseNumber(0), |case| case.number);
        draft.say(match ours.len() {
            0 => format!("That mail is in case {number} already."),
            new => format!("{} of the mails are in case {number} already, {new} are not.", count - new),
        });
    }
    let placed = match (known, case) {
        (Some(known), _) if ours.is_empty() => note(draft, mail, staff, known),
        (_, Some(case)) => (Verdict::Append, Some(append(draft, mail, staff, &ours, case))),
        (_, None) => (Verdict::Open, Some(open(draft, mail, staff, &ours, found))),
    };
    if !others.is_empty() {
        draft.say(format!("{} of the mails that it hands on are of another matter: no posts.", others.len()));
        instructions::report(draft, staff, &mail.arrived.reading.message, placed.1, &[not_taken(&others).listed()]);
    }
    placed
}

/// The case of the first mail, whose author alone decides it: the one that has it or its conversation, if they take
/// part there, or else the one that staff name. `known`: the one that has it.
fn its_case<'a>(
    draft: &mut Draft<'a>,
    mail: &Incoming<'_>,
    found: Found<'_>,
    known: Option<&'a CaseFacts>,
) -> Option<&'a CaseFacts> {
    let theirs = known.filter(|case| takes_part(found.author(), case));
    theirs.or_else(|| in_conversation(draft, found)).or_else(|| place(draft, mail))
}

/// Whether a mail goes where `found` goes, the first one. One title is no proof that strangers belong together.
fn belongs(draft: &Draft<'_>, one: Found<'_>, found: Found<'_>, case: Option<&CaseFacts>) -> bool {
    let takes_part_there = || case.is_some_and(|case| takes_part(one.author(), case));
    is_of_one_matter(one.forwarded, found.forwarded, draft.policy)
        || have_one_subject(one.forwarded, found.forwarded, draft.policy) && takes_part_there()
}

fn not_taken(others: &[Found<'_>]) -> Sentence {
    let mut authors: Vec<&str> = others.iter().map(|one| one.author().as_str()).collect();
    authors.sort_unstable();
    authors.dedup();
    let authors = authors.join(", ");
    sentence!(
        "Not taken in: what you handed on of {authors}. It is of another matter than the first mail: hand it on alone.",
        "Nicht übernommen: was Sie von {authors} weitergaben. Es betrifft etwas anderes als die erste Mail: Geben Sie \
         es einzeln weiter."
    )
}

/// The case that has the very mail, come by another way.
fn here_already<'a>(draft: &Draft<'a>, found: Found<'_>) -> Option<&'a CaseFacts> {
    let id = found.forwarded.message_id.as_ref()?;
    let day = draft.today();
    let by_staff = |known: &KnownMessage| {
        known.originator.as_ref().is_some_and(|from| colleague(from, draft.policy, day).is_some())
    };
    let handed_on =
        |known: &KnownMessage| known.refers_to.contains(id) && known.kind == Some(PostKind::MailIn) && by_staff(known);
    let same =
        |known: &&KnownMessage| known.post.is_some() && (known.message_id.as_ref() == Some(id) || handed_on(known));
    let known = draft.snapshot.messages.iter().find(same)?;
    find_case(draft.snapshot, known.case?)
}

/// The case of the conversation that the mail belongs to, of which other mails are here. A stranger's post is in no
/// conversation, and an id is no proof: its author takes part (L6).
fn in_conversation<'a>(draft: &Draft<'a>, found: Found<'_>) -> Option<&'a CaseFacts> {
    let id = found.forwarded.message_id.as_ref()?;
    let public = draft.snapshot.messages.iter().filter(|known| known.audience == Some(Audience::Public));
    let mut cases =
        public.filter(|known| known.refers_to.contains(id)).filter_map(|known| find_case(draft.snapshot, known.case?));
    cases.find(|case| takes_part(found.author(), case))
}

/// `all`: at least one.
fn append(
    draft: &mut Draft<'_>,
    mail: &Incoming<'_>,
    staff: &Staff,
    all: &[Found<'_>],
    case: &CaseFacts,
) -> CaseNumber {
    let number = case.number;
    draft.say(format!("Appended to case {number}."));
    remark(draft, mail, staff, (number, &case.subject));
    add_posts(draft, mail, all, number);
    if join(draft, all.iter().map(|one| one.author), number, Some(case)) {
        draft.quote_nothing_old(number);
    }
    match case.phase {
        Phase::New | Phase::Open => {}
        Phase::Waiting | Phase::Solved | Phase::Closed => {
            draft.say("The next word is the desk's: the case is open.");
            draft.set_phase(number, Phase::Open);
        }
    }
    notify::of_newest_mail(draft, None);
    number
}

/// `all`: at least one. The author of `found` is the requester, and their first mail the one that is acknowledged.
fn open(draft: &mut Draft<'_>, mail: &Incoming<'_>, staff: &Staff, all: &[Found<'_>], found: Found<'_>) -> CaseNumber {
    let given = subject::base(&found.forwarded.subject, &draft.policy.desk.reference.case_word);
    let about = if found.forwarded.subject.trim().is_empty() { subject_of(draft, mail) } else { given };
    let number = open_case(draft, &Incoming { speaker: Some(found.author), ..*mail }, about.clone());
    propose(draft, mail, number);
    remark(draft, mail, staff, (number, &about));
    let posts = add_posts(draft, mail, all, number);
    join(draft, std::iter::once(found).chain(all.iter().copied()).map(|one| one.author), number, None);
    let own = all.iter().zip(&posts).find(|(one, _)| one.author() == found.author());
    let (first, post) = own.map_or((found, posts[0]), |(one, post)| (*one, *post));
    answer::on_behalf(draft, mail, found.author, first.forwarded, (number, about, post));
    notify::of_newest_mail(draft, None);
    number
}

/// The authors come to take part, each once. In a new case, where none are `known`, the first is the requester. Whether
/// somebody came.
fn join<'a>(
    draft: &mut Draft<'_>,
    authors: impl Iterator<Item = &'a Named>,
    case: CaseNumber,
    known: Option<&CaseFacts>,
) -> bool {
    let there = |who: &Named| known.is_some_and(|case| case.participants.iter().any(|p| p.who.address == who.address));
    let mut new: Vec<&Named> = Vec::new();
    for author in authors {
        if !there(author) && new.iter().all(|one| one.address != author.address) {
            new.push(author);
        }
    }
    let requester = new.first().filter(|_| known.is_none()).map(|first| first.address.clone());
    new.retain(|who| !is_unanswerable(&who.address) || Some(&who.address) == requester.as_ref());
    let limit = draft.policy.desk.limits.participants;
    if new.len() > limit {
        let count = new.len();
        draft.say(format!(
            "The mails are by {count} new people; only the first {limit} take part (limit `participants`)."
        ));
        new.truncate(limit);
    }
    for who in &new {
        let participant = Participant { who: (*who).clone(), requester: Some(&who.address) == requester.as_ref() };
        draft.effects.push(Effect::AddParticipant { case, participant });
    }
    !new.is_empty()
}

/// The posts, in order. What came beside the mails goes with the first; mails that are no posts here do not.
fn add_posts(draft: &mut Draft<'_>, mail: &Incoming<'_>, all: &[Found<'_>], case: CaseNumber) -> Vec<PostId> {
    let ids: Vec<PostId> = all.iter().map(|found| add_post(draft, mail, *found, case)).collect();
    let is_mail = |at: usize| self::all(draft, mail).any(|found| found.forwarded.form == Form::Attached(at));
    let beside = mail.arrived.reading.message.attachments.iter().enumerate();
    let beside: Vec<Attachment> = beside.filter(|(at, _)| !is_mail(*at)).map(|(_, file)| file.clone()).collect();
    for effect in &mut draft.effects {
        if let Effect::AddPost(post) = effect
            && post.id == ids[0]
        {
            post.attachments.extend(beside.iter().cloned());
        }
    }
    ids
}

/// What staff wrote above the mail.
fn remark(draft: &mut Draft<'_>, mail: &Incoming<'_>, staff: &Staff, case: (CaseNumber, &str)) {
    let own = body::split(&body::read(&mail.arrived.reading.message).own).shown;
    if !own.trim().is_empty() {
        post(draft, mail, staff, case, PostKind::Note, &own);
        if let Some(Effect::AddPost(post)) = draft.effects.last_mut() {
            // They are the customer's.
            post.attachments.clear();
        }
    }
}

fn add_post(draft: &mut Draft<'_>, mail: &Incoming<'_>, found: Found<'_>, case: CaseNumber) -> PostId {
    let Found { forwarded, author } = found;
    let id = draft.next_post();
    let split = body::split(&forwarded.text);
    draft.effects.push(Effect::AddPost(NewPost {
        id,
        case,
        kind: PostKind::MailIn,
        audience: Audience::Public,
        author: Some(author.name.clone().unwrap_or_else(|| author.address.to_string())),
        address: Some(author.address.clone()),
        subject: forwarded.subject.clone(),
        text: forwarded.text.clone(),
        author_text: split.shown,
        language: mail.arrived.reading.language.clone(),
        attachments: attachments(mail, forwarded),
        stranger: false,
        entry: mail.entry,
        // Nobody wrote later than it came.
        at: forwarded.date.unwrap_or(draft.event.received).min(draft.event.received),
    }));
    id
}

/// What is within an attached mail.
fn attachments(mail: &Incoming<'_>, forwarded: &Forwarded) -> Vec<Attachment> {
    match forwarded.form {
        Form::Inline => Vec::new(),
        Form::Attached(at) => {
            let outer = mail.arrived.reading.message.attachments.get(at);
            let inner = forwarded.attachments.iter().enumerate();
            inner.filter_map(|(index, part)| part.within(outer?, index)).collect()
        }
    }
}
