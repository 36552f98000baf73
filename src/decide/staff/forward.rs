//! A customer's mail that staff hand on to the desk, attached or inline: it is the customer's post (B17).

use super::super::mail::{Incoming, open_case, subject_of};
use super::super::participants::is_unanswerable;
use super::super::{Draft, answer, notify};
use super::{note, place, post, propose};
use crate::case::snapshot::{CaseFacts, KnownMessage};
use crate::case::{Audience, CaseNumber, Effect, NewPost, Participant, Phase, PostId, PostKind, Verdict};
use crate::link::find_case;
use crate::link::identity::takes_part;
use crate::link::staff::{colleague, is_outsider};
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

/// The first mail by somebody outside that a mail hands on.
pub(super) fn found<'a>(draft: &Draft<'_>, mail: &Incoming<'a>) -> Option<Found<'a>> {
    let all = mail.arrived.reading.forwarded.iter();
    let mut found = all.filter_map(|forwarded| Some(Found { forwarded, author: forwarded.from.as_ref()? }));
    found.find(|found| is_outsider(&found.author.address, draft.policy, draft.today()))
}

/// Puts the customer's mail into its case, or into a new one, and what staff wrote above it beside it.
pub(super) fn take(
    draft: &mut Draft<'_>,
    mail: &Incoming<'_>,
    staff: &Staff,
    found: Found<'_>,
) -> (Verdict, Option<CaseNumber>) {
    draft.say(format!("{} hands on a mail: it is the post of whoever wrote it.", staff.label));
    if mail.arrived.reading.forwarded.len() > 1 {
        draft.say("It hands on more than one: the first makes the post, the others stay with it.");
    }
    if let Some(case) = here_already(draft, found) {
        draft.say(format!("That mail is in case {} already.", case.number));
        return note(draft, mail, staff, case);
    }
    match in_conversation(draft, found).or_else(|| place(draft, mail)) {
        Some(case) => (Verdict::Append, Some(append(draft, mail, staff, found, case))),
        None => (Verdict::Open, Some(open(draft, mail, staff, found))),
    }
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

fn append(draft: &mut Draft<'_>, mail: &Incoming<'_>, staff: &Staff, found: Found<'_>, case: &CaseFacts) -> CaseNumber {
    let number = case.number;
    draft.say(format!("Appended to case {number}."));
    remark(draft, mail, staff, (number, &case.subject));
    add_post(draft, mail, found, number);
    let known = case.participants.iter().any(|one| one.who.address == found.author.address);
    if !known && !is_unanswerable(&found.author.address) {
        let participant = Participant { who: found.author.clone(), requester: false };
        draft.effects.push(Effect::AddParticipant { case: number, participant });
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

fn open(draft: &mut Draft<'_>, mail: &Incoming<'_>, staff: &Staff, found: Found<'_>) -> CaseNumber {
    let given = subject::base(&found.forwarded.subject, &draft.policy.desk.reference.case_word);
    let about = if found.forwarded.subject.trim().is_empty() { subject_of(draft, mail) } else { given };
    let number = open_case(draft, &Incoming { speaker: Some(found.author), ..*mail }, about.clone());
    propose(draft, mail, number);
    remark(draft, mail, staff, (number, &about));
    let post = add_post(draft, mail, found, number);
    let participant = Participant { who: found.author.clone(), requester: true };
    draft.effects.push(Effect::AddParticipant { case: number, participant });
    answer::on_behalf(draft, mail, found.author, found.forwarded, (number, about, post));
    notify::of_newest_mail(draft, None);
    number
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

/// What came beside the text, and for an attached mail what is within it.
fn attachments(mail: &Incoming<'_>, forwarded: &Forwarded) -> Vec<Attachment> {
    let beside = &mail.arrived.reading.message.attachments;
    match forwarded.form {
        Form::Inline => beside.clone(),
        Form::Attached(at) => {
            let outer = beside.get(at);
            let inner = forwarded.attachments.iter().enumerate();
            let within = inner.filter_map(|(index, part)| part.within(outer?, index));
            let others = beside.iter().enumerate().filter(|(index, _)| *index != at).map(|(_, other)| other.clone());
            within.chain(others).collect()
        }
    }
}
