//! Who speaks in a mail, and what proves it (B30, B31). Reply-To gives nobody an identity.

use jiff::civil::Date;

use crate::case::event::Arrived;
use crate::case::snapshot::{Footprint, KnownSent, Snapshot};
use crate::case::speaker::{Proof, Role, Speaker};
use crate::mail::authentication::{Standing, standing};
use crate::mail::signature::Signature;
use crate::mail::{Address, ClueKind, Forwarded, Kind, Message, Named, Pointer, Reading, SentId, subject};
use crate::rules::{Policy, Staff};

use super::identity::{is_outside, organisation};

/// What is kept of a mail so that later ones find its conversation. What staff hand on belongs to it as much as what
/// they answer, and its author takes part. `day`: of today, at the desk.
pub fn footprint(reading: &Reading, policy: &Policy, day: Date) -> Footprint {
    let mut print = super::footprint(reading, policy);
    let from_staff = reading.message.from.iter().any(|named| policy.staff_at(&named.address).is_some());
    if !from_staff {
        return print;
    }
    let first = handed_on(reading, policy, day).next();
    print.handed_on = first.map(|(_, author)| author.address.clone());
    let foreign = |one: &Forwarded| one.from.as_ref().is_some_and(|from| is_outsider(&from.address, policy, day));
    let apart = |one: &Forwarded| first.is_some_and(|(first, _)| foreign(one) && !is_of_one_matter(one, first, policy));
    for forwarded in reading.forwarded.iter().filter(|one| !apart(one)) {
        print.refers_to.extend(forwarded.message_id.clone().filter(|id| !print.refers_to.contains(id)));
        let author = forwarded.from.as_ref().map(|named| &named.address);
        let outside = author.filter(|address| is_outside(address, &policy.desk) && !print.addresses.contains(address));
        print.addresses.extend(outside.cloned());
    }
    print
}

/// The mails by people outside that a mail hands on, with their authors. The first says whose case it is.
pub fn handed_on<'p, 'a: 'p>(
    reading: &'a Reading,
    policy: &'p Policy,
    day: Date,
) -> impl Iterator<Item = (&'a Forwarded, &'a Named)> + use<'p, 'a> {
    let all = reading.forwarded.iter().filter_map(|forwarded| Some((forwarded, forwarded.from.as_ref()?)));
    all.filter(move |(_, author)| is_outsider(&author.address, policy, day))
}

/// Whether a mail belongs to the first one that is handed on with it: it has the same author, or the same subject and
/// an author of the same organisation. Strangers write "Invoice", too, and must not read each other's (L6).
pub fn is_of_one_matter(one: &Forwarded, first: &Forwarded, policy: &Policy) -> bool {
    let (Some(author), Some(other)) = (&one.from, &first.from) else { return false };
    let (author, other) = (&author.address, &other.address);
    let colleagues = || organisation(author).is_some_and(|domain| Some(domain) == organisation(other));
    author == other || have_one_subject(one, first, policy) && colleagues()
}

/// The same subject, beside reply words and our tag; none at all is not one.
pub fn have_one_subject(one: &Forwarded, other: &Forwarded, policy: &Policy) -> bool {
    let about = |mail: &Forwarded| subject::base(&mail.subject, &policy.desk.reference.case_word).trim().to_lowercase();
    !about(one).is_empty() && about(one) == about(other)
}

/// Who speaks, by the one address in From, and what proves that it is theirs. `day`: of today, at the desk.
pub fn who_speaks(arrived: &Arrived, snapshot: &Snapshot, policy: &Policy, day: Date) -> Speaker {
    let message = &arrived.reading.message;
    let desk = &policy.desk;
    let [from] = message.from.as_slice() else { return Speaker { role: Role::Outside, proof: Proof::None } };
    let trust = arrived.mailbox.as_ref().and_then(|mailbox| desk.trust.get(mailbox));
    let found = trust.map_or(Standing::Unproven, |trust| standing(message, trust));
    let colleague = colleague(&from.address, policy, day);
    let role = match colleague {
        _ if desk.form_senders.contains(&from.address) => Role::Form,
        _ if desk.is_own(&from.address) => Role::Ourselves,
        Some(staff) => Role::Staff(staff.name.clone()),
        None => Role::Outside,
    };
    let proof = match found {
        Standing::Failed => Proof::Refuted,
        Standing::Aligned(_) => Proof::Authenticated,
        Standing::Unproven if arrived.signature == Signature::Aligned => Proof::Signed,
        Standing::Unproven => match colleague {
            Some(staff) if addressed_outside(message, policy, day).is_empty() => by_reference(arrived, snapshot, staff),
            Some(_) | None => Proof::None,
        },
    };
    Speaker { role, proof }
}

/// A mail of ours that went to this person alone, and that nobody else has seen since.
fn by_reference(arrived: &Arrived, snapshot: &Snapshot, staff: &Staff) -> Proof {
    let mut own = personal(&arrived.reading, snapshot).filter(|sent| sent.person.as_ref() == Some(&staff.name));
    own.find(|sent| !sent.exposed).map_or(Proof::None, |sent| Proof::Reference(sent.id))
}

/// The letters to staff that a mail answers or carries, strongest clue first.
pub fn personal<'r, 'a: 'r>(
    reading: &'r Reading,
    snapshot: &'a Snapshot,
) -> impl Iterator<Item = &'a KnownSent> + use<'r, 'a> {
    let ids = reading.clues.iter().filter_map(|clue| match clue.pointer {
        Pointer::Sent(id) => Some(id),
        Pointer::Id(_) | Pointer::Thread(_) | Pointer::Number(_) => None,
    });
    ids.filter_map(|id| snapshot.sent.iter().find(|sent| sent.id == id)).filter(|sent| sent.person.is_some())
}

/// How a mail comes to name a letter of ours, closest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tie {
    /// As what it answers: its mail program put it into the reply address or In-Reply-To.
    Answered,
    /// In the subject, or in what it quotes.
    Quoted,
    /// Among older letters of the conversation, or within what it hands on.
    Carried,
}

/// The closest tie between a mail and the letter `sent`.
pub fn tie(reading: &Reading, sent: SentId) -> Tie {
    let clues = reading.clues.iter().filter(|clue| clue.pointer == Pointer::Sent(sent));
    let ties = clues.map(|clue| match clue.kind {
        ClueKind::ReferenceInReplyAddress | ClueKind::OwnIdInReplyTo => Tie::Answered,
        ClueKind::ReferenceInSubject | ClueKind::ReferenceInNearestQuote => Tie::Quoted,
        ClueKind::OwnIdReturned
        | ClueKind::OwnIdInReferences
        | ClueKind::ForeignId
        | ClueKind::ThreadIndex
        | ClueKind::ReferenceInDeeperQuote
        | ClueKind::CaseNumberInSubject => Tie::Carried,
    });
    ties.min().unwrap_or(Tie::Carried)
}

/// The personal letters that people outside have in hand, now that this mail shows them.
pub fn exposed<'a>(
    reading: &'a Reading,
    snapshot: &'a Snapshot,
    policy: &Policy,
    day: Date,
) -> impl Iterator<Item = &'a KnownSent> {
    let message = &reading.message;
    let from = message.from.iter().any(|named| is_outsider(&named.address, policy, day));
    // What a server returns, it has shown to nobody.
    let returned = match reading.kind {
        Kind::DeliveryReport | Kind::DispositionReport | Kind::FeedbackReport | Kind::Own => true,
        Kind::Correspondence | Kind::AutoReply | Kind::AutoGenerated | Kind::Calendar | Kind::List => false,
    };
    let seen = !returned && (from || !addressed_outside(message, policy, day).is_empty());
    personal(reading, snapshot).filter(move |sent| seen && !sent.exposed)
}

/// Everyone outside on To and Cc, each once, in that order.
pub fn addressed_outside<'a>(message: &'a Message, policy: &Policy, day: Date) -> Vec<&'a Named> {
    let mut all: Vec<&Named> = Vec::new();
    for named in message.to.iter().chain(&message.cc) {
        if is_outsider(&named.address, policy, day) && all.iter().all(|known| known.address != named.address) {
            all.push(named);
        }
    }
    all
}

/// Neither ours, nor a form, nor one of the staff who still work here.
pub fn is_outsider(address: &Address, policy: &Policy, day: Date) -> bool {
    is_outside(address, &policy.desk) && colleague(address, policy, day).is_none()
}

/// The member of staff who writes from this address, and works here.
pub fn colleague<'a>(address: &Address, policy: &'a Policy, day: Date) -> Option<&'a Staff> {
    policy.staff_at(address).filter(|staff| staff.works_here(day))
}
