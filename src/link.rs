//! Linking: weighs a mail's clues against what the snapshot knows, strongest first, and finds the conversation it
//! belongs to, or none (B19, B20). Pure and total.
//!
//! A signed reference or one of our own signed ids settles the matter alone: people may have moved or split posts
//! on purpose. Ids that are not ours and bare numbers need identity as well.

mod conversation;
pub mod identity;
mod late;
pub mod staff;

use std::collections::BTreeSet;

use conversation::{By, Node, conversation};
pub use identity::speaker;

use crate::case::decision::LinkKind;
use crate::case::event::Arrived;
use crate::case::snapshot::{CaseFacts, Footprint, KnownMessage, KnownSent, Snapshot};
use crate::case::{Audience, CaseNumber, Phase};
use crate::mail::{Address, Clue, ClueKind, Kind, MessageId, Pointer, Reading, thread};
use crate::rules::Policy;

/// Cases that a new case is linked to because the mail named them without proof, at most.
const REFUSED: usize = 8;

/// Ids of one mail that tell its conversation, at most: the nearest ones, and the oldest (L10).
pub const REFERRED: usize = 200;

/// Where a mail belongs, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub place: Place,
    pub standing: Standing,
    /// Sentences for people, in the order of reasoning.
    pub evidence: Vec<String>,
    /// Other cases that belong with this one, in order of nearness; merging them is for people to decide.
    pub also: Vec<Also>,
    /// Cases that turned out to be the same conversation as the place, of which nobody outside knows the number:
    /// they become part of it.
    pub merge: Vec<CaseNumber>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The number under which the case lives now.
    Case(CaseNumber),
    New,
}

/// How the speaker stands to the case they came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    TakesPart,
    /// Let in by a valid reference alone: shown to staff only, never added to the recipients (B20).
    Stranger,
}

/// A case that is to be linked with the one the mail goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Also {
    pub case: CaseNumber,
    pub kind: LinkKind,
    pub reason: String,
}

/// Finds the case that `arrived` belongs to.
pub fn link(arrived: &Arrived, snapshot: &Snapshot, policy: &Policy) -> Link {
    let mut search = Search::new(&arrived.reading, snapshot, policy);
    let mut conversation_asked = false;
    for clue in &arrived.reading.clues {
        // A message that others refer to belongs to their conversation without a clue of its own, with the weight of one.
        if clue.kind >= ClueKind::ForeignId && !conversation_asked {
            conversation_asked = true;
            if let Some(link) = search.by_conversation() {
                return link;
            }
        }
        if let Some(link) = search.by_clue(clue) {
            return link;
        }
    }
    if !conversation_asked && let Some(link) = search.by_conversation() {
        return link;
    }
    search.nowhere()
}

/// The cases that turn out to belong with `case`, now that `reading`, a mail of ours about it, came back under another
/// id: mail that names this one came before.
pub fn learnt(reading: &Reading, case: &CaseFacts, snapshot: &Snapshot, policy: &Policy) -> Link {
    let mut link = Link {
        place: Place::Case(case.number),
        standing: Standing::Stranger,
        evidence: Vec::new(),
        also: Vec::new(),
        merge: Vec::new(),
    };
    let named = late::named(reading, snapshot);
    link.add_earlier(late::earlier(&named, &footprint(reading, policy), case, snapshot));
    link
}

/// The case that a clue points at, whoever brings it; None when it is not known.
pub fn case_of(pointer: &Pointer, snapshot: &Snapshot) -> Option<CaseNumber> {
    match pointer {
        Pointer::Sent(id) => snapshot.sent.iter().find(|sent| sent.id == *id).and_then(|sent| sent.case),
        Pointer::Id(id) => first_case(snapshot, |known| known.message_id.as_ref() == Some(id)),
        Pointer::Thread(thread) => first_case(snapshot, |known| known.thread.as_ref() == Some(thread)),
        Pointer::Number(number) => Some(CaseNumber(*number)),
    }
    .and_then(|number| find_case(snapshot, number))
    .map(|case| case.number)
}

/// The case of the oldest of the messages `wanted` that has one.
fn first_case(snapshot: &Snapshot, wanted: impl Fn(&KnownMessage) -> bool) -> Option<CaseNumber> {
    let filed = snapshot.messages.iter().filter(|known| known.case.is_some() && wanted(known));
    filed.min_by_key(|known| known.entry).and_then(|known| known.case)
}

/// The facts of a case, also under a number that was merged away.
pub fn find_case(snapshot: &Snapshot, number: CaseNumber) -> Option<&CaseFacts> {
    let survivor = snapshot.aliases.iter().find(|(old, _)| *old == number).map_or(number, |(_, now)| *now);
    snapshot.cases.iter().find(|case| case.number == survivor)
}

/// What is kept of a mail so that later ones find its conversation. A report stands for the mail of ours that it gives
/// back: replies may name the id under which that one went.
pub fn footprint(reading: &Reading, policy: &Policy) -> Footprint {
    let message = &reading.message;
    let returned = reading.returned.as_ref().filter(|_| reading.kind != Kind::Own);
    let mut seen = BTreeSet::new();
    let named = returned.and_then(|mail| mail.message_id.as_ref());
    let ids = named.into_iter().chain(&message.in_reply_to).chain(message.references.iter().rev());
    let mut refers_to: Vec<MessageId> = ids.filter(|id| seen.insert(*id)).cloned().collect();
    if refers_to.len() > REFERRED {
        refers_to.drain(REFERRED - 1..refers_to.len() - 1);
    }
    let mut addresses: Vec<Address> =
        identity::outsiders(message, policy).into_iter().map(|named| named.address.clone()).collect();
    for named in returned.iter().flat_map(|mail| &mail.recipients) {
        if identity::is_outside(&named.address, &policy.desk) && !addresses.contains(&named.address) {
            addresses.push(named.address.clone());
        }
    }
    Footprint {
        message_id: message.message_id.clone(),
        refers_to,
        thread: thread::index(message),
        originator: speaker(message, policy).map(|named| named.address.clone()),
        addresses,
        content_hash: reading.content_hash.clone(),
        handed_on: None,
    }
}

impl Link {
    fn add_earlier(&mut self, earlier: Vec<Also>) {
        for also in earlier {
            self.evidence.push(match also.kind {
                LinkKind::SameConversation => {
                    format!("Case {} looks like the same conversation: it is linked.", also.case)
                }
                LinkKind::Related | LinkKind::FollowUp | LinkKind::Apart => {
                    format!("Case {} has a mail that refers to this one: it is linked.", also.case)
                }
            });
            self.also.push(also);
        }
    }
}

struct Search<'a> {
    reading: &'a Reading,
    snapshot: &'a Snapshot,
    footprint: Footprint,
    evidence: Vec<String>,
    /// Cases that were named without the proof that it takes, nearest first.
    refused: Vec<Also>,
}

impl<'a> Search<'a> {
    fn new(reading: &'a Reading, snapshot: &'a Snapshot, policy: &Policy) -> Search<'a> {
        Search { reading, snapshot, footprint: footprint(reading, policy), evidence: Vec::new(), refused: Vec::new() }
    }

    fn by_clue(&mut self, clue: &Clue) -> Option<Link> {
        match &clue.pointer {
            Pointer::Sent(id) => {
                let known = self.snapshot.sent.iter().find(|sent| sent.id == *id);
                match known.and_then(|sent| Some((sent, find_case(self.snapshot, sent.case?)?))) {
                    Some((sent, case)) => Some(self.by_reference(clue.kind, sent, case)),
                    None if known.is_some() => {
                        self.say(format!("{} names a mail of ours that is about no case.", place_of(clue.kind)));
                        None
                    }
                    None => {
                        self.say(format!("{} names a mail of ours that is not known any more.", place_of(clue.kind)));
                        None
                    }
                }
            }
            // Conversations are found from all ids at once.
            Pointer::Id(_) | Pointer::Thread(_) => None,
            Pointer::Number(number) => self.by_number(CaseNumber(*number)),
        }
    }

    fn by_reference(&mut self, kind: ClueKind, sent: &KnownSent, case: &CaseFacts) -> Link {
        self.say(format!("{} names a mail of case {}.", place_of(kind), case.number));
        let others: BTreeSet<CaseNumber> =
            self.reading.clues.iter().filter_map(|clue| case_of(&clue.pointer, self.snapshot)).collect();
        for other in others.into_iter().filter(|other| *other != case.number) {
            self.say(format!("Weaker clues name case {other}; the stronger one counts."));
        }
        let known = self.footprint.originator.as_ref().is_some_and(|who| identity::takes_part(who, case));
        let standing = match (sent.audience, known) {
            (Audience::Public, true) => Standing::TakesPart,
            (Audience::Internal, _) => {
                self.say("The reference is one of an internal mail: the post is shown to staff only.");
                Standing::Stranger
            }
            (Audience::Public, false) => {
                self.say("The originator takes no part in this case: the post is shown to staff only.");
                Standing::Stranger
            }
        };
        let mut link = self.found(case.number, standing);
        if standing == Standing::TakesPart || self.reading.returned.is_some() {
            let named = late::named(self.reading, self.snapshot);
            link.add_earlier(late::earlier(&named, &self.footprint, case, self.snapshot));
        }
        link
    }

    fn by_conversation(&mut self) -> Option<Link> {
        let snapshot = self.snapshot;
        let this = Node {
            entry: None,
            message_id: self.footprint.message_id.as_ref(),
            refers_to: &self.footprint.refers_to,
            thread: self.footprint.thread.as_ref(),
            originator: self.footprint.originator.as_ref(),
            addresses: &self.footprint.addresses,
            case: None,
            audience: None,
        };
        let corrected = snapshot.corrected.as_ref().map(|facts| facts.entry);
        let known = snapshot.messages.iter().filter(|known| Some(known.entry) != corrected);
        let nodes: Vec<Node<'_>> = std::iter::once(this).chain(known.map(Node::from)).collect();
        let members = conversation(&nodes, 0, By::Anything);
        let near = nearest_cases(&nodes, &members, snapshot, Membership::Inside);
        let outside = nearest_cases(&nodes, &members, snapshot, Membership::Outside);
        let by_ids = match self.footprint.thread {
            Some(_) => nearest_cases(&nodes, &conversation(&nodes, 0, By::Ids), snapshot, Membership::Inside),
            None => near.clone(),
        };
        let vouched = vouched_cases(&nodes, &conversation(&nodes, 0, By::Proof), snapshot);
        if snapshot.messages_cut {
            self.say("The conversation is larger than what was looked at.");
        }
        if near.is_empty() {
            return self.by_named_case(&outside);
        }
        Some(self.choose(&near, &by_ids, &vouched))
    }

    /// Ids or thread name cases, but no conversation accepts the mail: taking part in the case itself is enough (B20).
    fn by_named_case(&mut self, named: &[&CaseFacts]) -> Option<Link> {
        let fields = if self.footprint.thread.is_some() {
            "In-Reply-To, References or Thread-Index"
        } else {
            "In-Reply-To or References"
        };
        let originator = self.footprint.originator.clone();
        for case in named {
            if originator.as_ref().is_some_and(|who| identity::takes_part(who, case)) {
                self.say(format!("{fields} name a mail of case {}, in which the originator takes part.", case.number));
                return Some(self.found(case.number, Standing::TakesPart));
            }
            self.say(format!("{fields} name a mail of case {}, but the originator takes no part there.", case.number));
            self.refuse(case.number, "A mail refers to this case, but its originator takes no part in it.");
        }
        None
    }

    /// One conversation, `near` its cases, nearest first; at least one. Those in which people whom the originator
    /// answers have a public post are `vouched`: to answer strangers and machines makes nobody a participant.
    /// Those that `by_ids` lacks are here because of the thread alone.
    fn choose(&mut self, near: &[&CaseFacts], by_ids: &[&CaseFacts], vouched: &BTreeSet<CaseNumber>) -> Link {
        let apart = |one: &CaseFacts, other: &CaseFacts| self.snapshot.are_apart(one.number, other.number);
        let is_open = |case: &&&CaseFacts| case.phase != Phase::Closed && !apart(case, near[0]);
        let nearest = near.iter().find(is_open).unwrap_or(&near[0]);
        let joins = |case: &&&CaseFacts| is_private(case) && is_private(nearest) && !apart(case, nearest);
        let joined: Vec<CaseNumber> = near.iter().filter(joins).map(|case| case.number).collect();
        let place = joined.iter().min().copied().unwrap_or(nearest.number);
        let by_ids = by_ids.iter().any(|case| case.number == place);
        let fields = if by_ids { "In-Reply-To, References" } else { "Thread-Index" };
        self.say(format!("The mail belongs to a conversation of case {place} ({fields})."));
        let takes_part = vouched.contains(&nearest.number)
            || vouched.contains(&place)
            || self.footprint.originator.as_ref().is_some_and(|who| identity::takes_part(who, nearest));
        let standing = if takes_part {
            Standing::TakesPart
        } else {
            self.say("Nobody in this conversation takes part in the case: the post is shown to staff only.");
            Standing::Stranger
        };
        let mut link = self.found(place, standing);
        let snapshot = self.snapshot;
        for case in near.iter().filter(|case| case.number != place) {
            if snapshot.are_apart(case.number, place) {
                link.evidence.push(format!("Case {} was taken apart from it on purpose.", case.number));
            } else if joined.contains(&case.number) {
                link.evidence.push(format!(
                    "Case {} is the same conversation, and its number was given to nobody: it becomes part of case {place}.",
                    case.number
                ));
                link.merge.push(case.number);
            } else {
                link.also.push(same_conversation(case));
                link.evidence.push(format!("Case {} looks like the same conversation: it is linked.", case.number));
            }
        }
        link
    }

    fn by_number(&mut self, number: CaseNumber) -> Option<Link> {
        let Some(case) = find_case(self.snapshot, number) else {
            self.say(format!("The subject names case {number}, which does not exist."));
            return None;
        };
        let known = self.footprint.originator.as_ref().is_some_and(|who| identity::takes_part(who, case));
        if known {
            self.say(format!("The subject names case {}, in which the originator takes part.", case.number));
            return Some(self.found(case.number, Standing::TakesPart));
        }
        self.say(format!("The subject names case {}, but the originator takes no part there.", case.number));
        self.refuse(case.number, "A mail names this number, but its originator takes no part in the case.");
        None
    }

    fn refuse(&mut self, case: CaseNumber, reason: &str) {
        if self.refused.len() < REFUSED && self.refused.iter().all(|refused| refused.case != case) {
            self.refused.push(Also { case, kind: LinkKind::Related, reason: reason.to_owned() });
        }
    }

    fn found(&mut self, case: CaseNumber, standing: Standing) -> Link {
        let evidence = std::mem::take(&mut self.evidence);
        Link { place: Place::Case(case), standing, evidence, also: Vec::new(), merge: Vec::new() }
    }

    fn nowhere(mut self) -> Link {
        self.say("No clue leads to a case.");
        Link {
            place: Place::New,
            standing: Standing::TakesPart,
            evidence: self.evidence,
            also: self.refused,
            merge: Vec::new(),
        }
    }

    fn say(&mut self, sentence: impl Into<String>) {
        self.evidence.push(sentence.into());
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Membership {
    Inside,
    /// Not in the conversation, but named by the mail.
    Outside,
}

/// The cases of messages inside or outside of the conversation, each once: those the mail names come first, nearest
/// first; then, inside, the rest by number.
fn nearest_cases<'a>(
    nodes: &[Node<'_>],
    members: &[bool],
    snapshot: &'a Snapshot,
    wanted: Membership,
) -> Vec<&'a CaseFacts> {
    let mut with_case: Vec<(&Node<'_>, CaseNumber)> = nodes
        .iter()
        .zip(members)
        .filter(|(_, member)| **member == (wanted == Membership::Inside))
        .filter_map(|(node, _)| Some((node, node.case?)))
        .collect();
    with_case.sort_by_key(|(node, _)| node.entry);
    let mut numbers: Vec<CaseNumber> = Vec::new();
    for id in nodes[0].refers_to {
        numbers.extend(with_case.iter().filter(|(node, _)| node.message_id == Some(id)).map(|(_, case)| *case));
    }
    if let Some(thread) = nodes[0].thread {
        numbers.extend(with_case.iter().filter(|(node, _)| node.thread == Some(thread)).map(|(_, case)| *case));
    }
    if wanted == Membership::Inside {
        let rest: BTreeSet<CaseNumber> = with_case.iter().map(|(_, case)| *case).collect();
        numbers.extend(rest);
    }
    let mut cases: Vec<&CaseFacts> = Vec::new();
    for case in numbers.into_iter().filter_map(|number| find_case(snapshot, number)) {
        if cases.iter().all(|known| known.number != case.number) {
            cases.push(case);
        }
    }
    cases
}

/// The cases in which the conversation has a public post.
fn vouched_cases(nodes: &[Node<'_>], members: &[bool], snapshot: &Snapshot) -> BTreeSet<CaseNumber> {
    let members = nodes.iter().zip(members).filter(|(_, member)| **member);
    let public = members.filter(|(node, _)| node.audience == Some(Audience::Public));
    public.filter_map(|(node, _)| find_case(snapshot, node.case?)).map(|case| case.number).collect()
}

/// Nobody outside was told the number: no acknowledgement, no answer. Only such cases merge by themselves, because
/// ids can be forged (B6).
fn is_private(case: &CaseFacts) -> bool {
    !case.acknowledged && case.phase == Phase::New
}

fn same_conversation(case: &CaseFacts) -> Also {
    match case.phase {
        Phase::Closed => Also {
            case: case.number,
            kind: LinkKind::Related,
            reason: "A mail belongs to the conversation of both cases; this one is closed.".to_owned(),
        },
        Phase::New | Phase::Open | Phase::Waiting | Phase::Solved => Also {
            case: case.number,
            kind: LinkKind::SameConversation,
            reason: "A mail belongs to the conversation of both cases; consider merging them.".to_owned(),
        },
    }
}

/// Where a clue stands, for people: the beginning of a sentence.
pub fn place_of(kind: ClueKind) -> &'static str {
    match kind {
        ClueKind::ReferenceInReplyAddress => "The signed reference in the address it was written to",
        ClueKind::ReferenceInSubject => "The signed reference in the subject",
        ClueKind::OwnIdInReplyTo => "Our own signed id in In-Reply-To",
        ClueKind::OwnIdReturned => "Our own signed id on the mail that came back",
        ClueKind::ReferenceInNearestQuote => "The signed reference in the nearest quote",
        ClueKind::OwnIdInReferences => "Our own signed id in References",
        ClueKind::ForeignId => "An id in In-Reply-To or References",
        ClueKind::ThreadIndex => "Thread-Index",
        ClueKind::ReferenceInDeeperQuote => "The signed reference in a deeper quote",
        ClueKind::CaseNumberInSubject => "The number in the subject",
    }
}
