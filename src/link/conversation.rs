//! Conversations as a pure function of the set of messages (L5): the order in which they came plays no part.
//!
//! Two rules join messages, and both only ever grow with the set, so that a message which comes later never
//! parts what an earlier one joined:
//!
//! - *direct*: a message refers to another, or is of the same thread of Outlook's, and its originator takes part in the
//!   other's conversation, or works for the organisation of somebody who does (B20);
//! - *shared*: two messages refer to the same third one, seen or not, or are of the same thread, and have an outside
//!   address in common.
//!
//! The conversations are the least fixpoint of both: who takes part grows as messages join.

use std::collections::{BTreeMap, BTreeSet};

use super::identity::organisation;
use crate::case::snapshot::KnownMessage;
use crate::case::{Audience, CaseNumber, EntryId};
use crate::mail::{Address, MessageId, ThreadIndex};

/// A message, as far as conversations need it.
pub(super) struct Node<'a> {
    /// None for the message that is being linked.
    pub entry: Option<EntryId>,
    pub message_id: Option<&'a MessageId>,
    pub refers_to: &'a [MessageId],
    pub thread: Option<&'a ThreadIndex>,
    pub originator: Option<&'a Address>,
    pub addresses: &'a [Address],
    pub case: Option<CaseNumber>,
    /// Of its post.
    pub audience: Option<Audience>,
}

impl<'a> From<&'a KnownMessage> for Node<'a> {
    fn from(known: &'a KnownMessage) -> Node<'a> {
        Node {
            entry: Some(known.entry),
            message_id: known.message_id.as_ref(),
            refers_to: &known.refers_to,
            thread: known.thread.as_ref(),
            originator: known.originator.as_ref(),
            addresses: &known.addresses,
            case: known.case,
            audience: known.audience,
        }
    }
}

/// What may join two messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// All that messages have in common: what makes conversations independent of the order in which messages come.
    Anything,
    /// Not the thread: for to say what it was.
    Ids,
    /// Ids, and of third messages only those that were never seen: where the third message is here, whoever refers to it
    /// must take part in its conversation to be let in as a participant. To have read its id or its thread, and to know
    /// an address, is no proof (L6).
    Proof,
}

/// For each node, whether it belongs to the conversation of `nodes[of]`.
pub(super) fn conversation(nodes: &[Node<'_>], of: usize, by: By) -> Vec<bool> {
    let mut classes = Classes::new(nodes, by);
    join_shared(&mut classes, nodes, by);
    join_direct(&mut classes, nodes);
    let wanted = classes.root(of);
    (0..nodes.len()).map(|node| classes.root(node) == wanted).collect()
}

fn join_shared(classes: &mut Classes<'_>, nodes: &[Node<'_>], by: By) {
    let owned: BTreeSet<&MessageId> = match by {
        By::Anything | By::Ids => BTreeSet::new(),
        By::Proof => nodes.iter().filter_map(|node| node.message_id).collect(),
    };
    let ids: Vec<BTreeSet<&MessageId>> =
        nodes.iter().map(|node| node.refers_to.iter().filter(|id| !owned.contains(id)).collect()).collect();
    let addresses: Vec<BTreeSet<&Address>> = nodes.iter().map(|node| node.addresses.iter().collect()).collect();
    for one in 0..nodes.len() {
        for other in 0..one {
            if classes.root(one) != classes.root(other)
                && (same_thread(nodes, one, other, by) || !ids[one].is_disjoint(&ids[other]))
                && !addresses[one].is_disjoint(&addresses[other])
            {
                classes.join(one, other);
            }
        }
    }
}

fn same_thread(nodes: &[Node<'_>], one: usize, other: usize, by: By) -> bool {
    by == By::Anything && nodes[one].thread.is_some() && nodes[one].thread == nodes[other].thread
}

/// Whoever was refused is asked about again when the conversation they refer to has grown, and only then: hostile
/// mail cannot make this take more than some ten thousand comparisons (L10).
fn join_direct(classes: &mut Classes<'_>, nodes: &[Node<'_>]) {
    let mut grown: Vec<usize> = (0..nodes.len()).collect();
    while let Some(node) = grown.pop() {
        let root = classes.root(node);
        for referrer in std::mem::take(&mut classes.referrers[root]) {
            let accepted = nodes[referrer].originator.is_some_and(|who| classes.accepts(node, who));
            if accepted && classes.join(referrer, node) {
                grown.push(node);
            } else if !accepted {
                let root = classes.root(node);
                classes.referrers[root].insert(referrer);
            }
        }
    }
}

/// Disjoint sets of nodes; each root knows who takes part, and which nodes refer to a member.
struct Classes<'a> {
    parent: Vec<usize>,
    addresses: Vec<BTreeSet<&'a Address>>,
    organisations: Vec<BTreeSet<&'a str>>,
    referrers: Vec<BTreeSet<usize>>,
}

impl<'a> Classes<'a> {
    fn new(nodes: &[Node<'a>], by: By) -> Classes<'a> {
        Classes {
            parent: (0..nodes.len()).collect(),
            addresses: nodes.iter().map(|node| node.addresses.iter().collect()).collect(),
            organisations: nodes.iter().map(|node| node.addresses.iter().filter_map(organisation).collect()).collect(),
            referrers: referrers(nodes, by),
        }
    }

    fn root(&mut self, mut node: usize) -> usize {
        while self.parent[node] != node {
            self.parent[node] = self.parent[self.parent[node]];
            node = self.parent[node];
        }
        node
    }

    /// False when they were one already.
    fn join(&mut self, one: usize, other: usize) -> bool {
        let (one, other) = (self.root(one), self.root(other));
        if one == other {
            return false;
        }
        let one_is_small = self.addresses[one].len() < self.addresses[other].len();
        let (small, large) = if one_is_small { (one, other) } else { (other, one) };
        self.parent[small] = large;
        let addresses = std::mem::take(&mut self.addresses[small]);
        self.addresses[large].extend(addresses);
        let organisations = std::mem::take(&mut self.organisations[small]);
        self.organisations[large].extend(organisations);
        let referrers = std::mem::take(&mut self.referrers[small]);
        self.referrers[large].extend(referrers);
        true
    }

    fn accepts(&mut self, node: usize, originator: &Address) -> bool {
        let root = self.root(node);
        self.addresses[root].contains(originator)
            || organisation(originator).is_some_and(|domain| self.organisations[root].contains(domain))
    }
}

/// For each node, those that refer to it. An id that several messages own (B5, reused) may mean any of them: each
/// is asked; so is each message of the same thread.
fn referrers(nodes: &[Node<'_>], by: By) -> Vec<BTreeSet<usize>> {
    let mut owners: BTreeMap<&MessageId, Vec<usize>> = BTreeMap::new();
    for (index, node) in nodes.iter().enumerate() {
        if let Some(id) = node.message_id {
            owners.entry(id).or_default().push(index);
        }
    }
    let mut referrers = vec![BTreeSet::new(); nodes.len()];
    for (index, node) in nodes.iter().enumerate() {
        for owner in node.refers_to.iter().filter_map(|id| owners.get(id)).flatten() {
            referrers[*owner].insert(index);
        }
        referrers[index]
            .extend((0..nodes.len()).filter(|other| *other != index && same_thread(nodes, index, *other, by)));
    }
    referrers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: usize) -> Address {
        Address::parse(&format!("p{number}@gmail.com")).unwrap()
    }

    /// Message n is by person n, to person n + 1, and refers to all the others: each is let in by the one before.
    #[test]
    fn participants_grow_as_messages_join() {
        const COUNT: usize = 256;
        let ids: Vec<MessageId> = (0..COUNT).map(|number| MessageId(format!("m{number}"))).collect();
        let addresses: Vec<[Address; 2]> =
            (0..COUNT).map(|number| [address(2 * number), address(2 * number + 2)]).collect();
        let node = |number: usize| Node {
            entry: None,
            message_id: Some(&ids[number]),
            refers_to: &ids[..number],
            thread: None,
            originator: Some(&addresses[number][0]),
            addresses: &addresses[number],
            case: None,
            audience: None,
        };
        for reversed in [false, true] {
            let mut nodes: Vec<Node<'_>> = (0..COUNT).map(node).collect();
            if reversed {
                nodes.reverse();
            }
            assert!(conversation(&nodes, 0, By::Anything).into_iter().all(|member| member));
        }
        let gap: Vec<Node<'_>> = (0..COUNT).filter(|number| *number != 100).map(node).collect();
        let members = conversation(&gap, 0, By::Anything);
        assert_eq!(members.iter().filter(|member| **member).count(), 100, "number 101 was let in by nobody");
    }
}
