//! Who takes part, and who follows (B20, B25).

use super::{Done, Work};
use crate::case::snapshot::PostFacts;
use crate::case::{Effect, Participant, PostId, Who};
use crate::decide::participants::is_unanswerable;
use crate::link::identity::is_outside;
use crate::mail::{Address, Named};

/// Participants of one case (L10).
const PARTICIPANTS: usize = 200;

impl Work<'_, '_> {
    pub(super) fn cc(&mut self, who: &Who) -> Done {
        match who {
            Who::Outside(address) => match self.draft.policy.staff_at(address).map(|staff| staff.name.clone()) {
                Some(name) => self.follow(&name),
                None => self.take_in(address),
            },
            Who::Staff(name) => self.follow(name),
        }
    }

    fn follow(&mut self, called: &str) -> Done {
        let staff = self.colleague(called)?;
        let number = self.number();
        if self.case.followers.contains(&staff.name) {
            return Ok(self.done(format!("{} follows case {number} already.", staff.label)));
        }
        self.case.followers.push(staff.name.clone());
        self.draft.effects.push(Effect::AddFollower { case: number, staff: staff.name.clone() });
        Ok(self.done(format!("{} follows case {number}.", staff.label)))
    }

    fn take_in(&mut self, address: &Address) -> Done {
        let number = self.number();
        if !is_outside(address, &self.draft.policy.desk) {
            return Err(format!("{address} is one of our own addresses: it takes part by itself."));
        }
        if is_unanswerable(address) {
            return Err(format!("Nobody reads mail to {address}: it cannot take part."));
        }
        if self.takes_part(address) {
            return Ok(self.done(format!("{address} takes part in case {number} already.")));
        }
        if self.case.participants.len() >= PARTICIPANTS {
            return Err(format!("{PARTICIPANTS} people take part in case {number}: nobody else can."));
        }
        self.add_participant(Named { name: None, address: address.clone() });
        self.quote_nothing_old();
        let old = "; what was written before is not quoted to them";
        Ok(self.done(format!("{address} takes part in case {number}{old}.")))
    }

    pub(super) fn uncc(&mut self, who: &Who) -> Done {
        match who {
            Who::Outside(address) => match self.draft.policy.staff_at(address).map(|staff| staff.name.clone()) {
                Some(name) => self.unfollow(&name),
                None => self.leave_out(address),
            },
            Who::Staff(name) => self.unfollow(name),
        }
    }

    fn unfollow(&mut self, called: &str) -> Done {
        let number = self.number();
        let name = super::staff_called(self.draft.policy, called).map_or(called, |staff| &staff.name).to_lowercase();
        if !self.case.followers.contains(&name) {
            let known: Vec<&str> = self.case.followers.iter().map(String::as_str).collect();
            return Err(super::names::unknown("follower", called, &known));
        }
        self.case.followers.retain(|follower| *follower != name);
        self.draft.effects.push(Effect::RemoveFollower { case: number, staff: name.clone() });
        Ok(self.done(format!("{name} follows case {number} no longer.")))
    }

    fn leave_out(&mut self, address: &Address) -> Done {
        let number = self.number();
        if !self.takes_part(address) {
            let known: Vec<&str> = self.case.participants.iter().map(|one| one.who.address.as_str()).collect();
            return Err(super::names::unknown("participant", address.as_str(), &known));
        }
        self.case.participants.retain(|one| one.who.address != *address);
        self.draft.effects.push(Effect::RemoveParticipant { case: number, address: address.clone() });
        let nobody = if self.case.participants.is_empty() { " Nobody outside takes part now." } else { "" };
        Ok(self.done(format!("{address} takes part in case {number} no longer.{nobody}")))
    }

    /// A stranger whom a valid reference let in comes to take part, and what they wrote becomes everybody's (B20).
    pub(super) fn admit(&mut self, post: PostId) -> Done {
        let number = self.number();
        let posts = self.posts(&[post])?;
        let Some(stranger) = posts.first().filter(|post| post.stranger) else {
            return Err(format!("That post is no stranger's: in case {number} there is nobody to let in."));
        };
        let Some(named) = author(stranger).filter(|named| !is_unanswerable(&named.address)) else {
            return Err("Nobody reads mail to the author of that post: they cannot take part.".to_owned());
        };
        self.draft.effects.push(Effect::AdmitPost { post });
        let address = named.address.clone();
        if !self.takes_part(&address) {
            self.add_participant(named);
            self.quote_nothing_old();
        }
        self.case.last_author = Some(address.clone());
        self.case.last_post = self.case.last_post.max(Some(post));
        Ok(self.done(format!("{address} takes part in case {number}.")))
    }

    pub(super) fn takes_part(&self, address: &Address) -> bool {
        self.case.participants.iter().any(|one| one.who.address == *address)
    }

    /// The first is the requester.
    pub(super) fn add_participant(&mut self, who: Named) {
        let requester = !self.case.participants.iter().any(|one| one.requester);
        let participant = Participant { who, requester };
        self.case.participants.push(participant.clone());
        self.draft.effects.push(Effect::AddParticipant { case: self.number(), participant });
    }

    /// From here on other people read the letters of the case: what was written before is quoted no more (B24).
    pub(super) fn quote_nothing_old(&mut self) {
        let from = PostId(super::super::ordinal(self.draft.event.entry, 0));
        self.case.quotes_from = Some(from);
        self.draft.effects.push(Effect::QuoteNothingBefore { case: self.number(), post: from });
    }
}

/// Who wrote a post, with their name where they gave one.
pub(super) fn author(post: &PostFacts) -> Option<Named> {
    let address = post.address.clone()?;
    let name = post.author.clone().filter(|name| *name != address.as_str());
    Some(Named { name, address })
}
