//! A reply under another subject (B23): people answer an old mail to write about something new. It stays in its case,
//! and staff are told how to part it; or, where the queue wants it so, it becomes a case of its own.

use super::Draft;
use super::mail::Incoming;
use crate::case::decision::LinkKind;
use crate::case::sentence::sentence;
use crate::case::snapshot::CaseFacts;
use crate::case::{Audience, CaseNumber, Effect, NewPost, PostKind};
use crate::link::{Also, Link, Place, Standing};
use crate::mail::{Clue, ClueKind, Pointer, subject};
use crate::rules::{ChangedSubject, template};

/// How a reply that is about something else goes into a new case: linked to `case`, and kept apart from it from then on.
/// None where it is to stay: by policy, because its subject names the case, or because a stranger brought it.
pub(super) fn parted(draft: &mut Draft<'_>, mail: &Incoming<'_>, link: &Link, case: &CaseFacts) -> Option<Link> {
    let wanted = draft.queue(&case.queue).is_some_and(|queue| queue.changed_subject == ChangedSubject::NewCase);
    let stays = link.standing == Standing::Stranger || names(draft, mail, case);
    if !wanted || stays || !is_changed(draft, mail, case) {
        return None;
    }
    draft.say(format!(
        "The mail answers case {}, but its subject has nothing in common with the case's: it is a case of its own \
         (`changed_subject`).",
        case.number
    ));
    let reason = "It began as a reply to this case, under another subject.".to_owned();
    Some(Link {
        place: Place::New,
        standing: Standing::TakesPart,
        evidence: Vec::new(),
        also: vec![Also { case: case.number, kind: LinkKind::Apart, reason }],
        merge: Vec::new(),
    })
}

/// Tells staff that the mail, which is a post of it now, may be about something else than `case`.
pub(super) fn note(draft: &mut Draft<'_>, mail: &Incoming<'_>, case: &CaseFacts) {
    if !is_changed(draft, mail, case) {
        return;
    }
    draft.say("Its subject has nothing in common with the case's: staff are told so.");
    let number = case.number;
    let subject = mail.arrived.reading.message.subject.trim();
    let text = sentence!(
        "The mail before this note came as a reply to this case, but under another subject:\n\n\
         {subject}\n\n\
         If it is about something else, make it a case of its own: `#split` at the top of a reply to it, or \
         `postcase case split {number} POST` with the number that `postcase case show {number}` gives it. Later \
         replies will then go there by themselves.",
        "Die Mail vor dieser Notiz kam als Antwort zu diesem Fall, aber mit einem anderen Betreff:\n\n\
         {subject}\n\n\
         Wenn sie etwas anderes betrifft, machen Sie einen eigenen Fall daraus: `#split` am Anfang einer Antwort auf \
         sie, oder `postcase case split {number} POST` mit der Nummer, die `postcase case show {number}` ihr gibt. \
         Spätere Antworten kommen dann von selbst dorthin."
    );
    let text = text.said_in(&draft.language(None)).to_owned();
    let id = draft.next_post();
    draft.effects.push(Effect::AddPost(NewPost {
        id,
        case: number,
        kind: PostKind::Note,
        audience: Audience::Internal,
        author: None,
        address: None,
        subject: String::new(),
        author_text: text.clone(),
        text,
        language: None,
        attachments: Vec::new(),
        stranger: false,
        entry: mail.entry,
        at: draft.event.received,
    }));
}

/// It is a reply, and its subject has nothing in common with the case's, nor with that of any mail of the case that is
/// in question here: who goes on under the new subject is not told of again. To write a case's number into the subject of
/// a new mail is no reply.
fn is_changed(draft: &Draft<'_>, mail: &Incoming<'_>, case: &CaseFacts) -> bool {
    if mail.arrived.reading.clues.iter().all(|clue| clue.kind == ClueKind::CaseNumberInSubject) {
        return false;
    }
    let case_word = &draft.policy.desk.reference.case_word;
    let new = &mail.arrived.reading.message.subject;
    // The subjects of our own letters say nothing of the matter.
    let ours = |subject: &str| {
        let base = subject::base(subject, case_word);
        template::is_own_subject(&base) || base == draft.policy.desk.name
    };
    if ours(new) {
        return false;
    }
    let here = draft.snapshot.messages.iter().filter(|known| known.case == Some(case.number));
    let mut subjects = std::iter::once(&case.subject).chain(here.filter_map(|known| known.subject.as_ref()));
    subjects.all(|old| !ours(old) && subject::is_unrelated(new, old, case_word))
}

/// A subject that names the case by its number or a reference: its author kept it, whatever else it says.
fn names(draft: &Draft<'_>, mail: &Incoming<'_>, case: &CaseFacts) -> bool {
    let in_subject = |clue: &&Clue| match clue.kind {
        ClueKind::ReferenceInSubject | ClueKind::CaseNumberInSubject => true,
        ClueKind::ReferenceInReplyAddress
        | ClueKind::OwnIdInReplyTo
        | ClueKind::OwnIdReturned
        | ClueKind::ReferenceInNearestQuote
        | ClueKind::OwnIdInReferences
        | ClueKind::ForeignId
        | ClueKind::ThreadIndex
        | ClueKind::ReferenceInDeeperQuote => false,
    };
    let named = |pointer: &Pointer| -> Option<CaseNumber> { crate::link::case_of(pointer, draft.snapshot) };
    mail.arrived.reading.clues.iter().filter(in_subject).any(|clue| named(&clue.pointer) == Some(case.number))
}
