//! Who takes part, and who follows (B20, B25).

use super::names::{Noun, unknown};
use super::{Done, Work};
use crate::case::sentence::sentence;
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
        let (number, name) = (self.number(), &staff.label);
        if self.case.followers.contains(&staff.name) {
            return Ok(
                self.done(sentence!("{name} follows case {number} already.", "{name} folgt Fall {number} schon."))
            );
        }
        self.case.followers.push(staff.name.clone());
        self.draft.effects.push(Effect::AddFollower { case: number, staff: staff.name.clone() });
        Ok(self.done(sentence!("{name} follows case {number}.", "{name} folgt Fall {number}.")))
    }

    fn take_in(&mut self, address: &Address) -> Done {
        let number = self.number();
        if !is_outside(address, &self.draft.policy.desk) {
            return Err(sentence!(
                "{address} is one of our own addresses: it takes part by itself.",
                "{address} ist eine unserer eigenen Adressen: Sie ist von selbst beteiligt."
            ));
        }
        if is_unanswerable(address) {
            return Err(sentence!(
                "Nobody reads mail to {address}: it cannot take part.",
                "Mail an {address} liest niemand: Die Adresse kann nicht beteiligt sein."
            ));
        }
        if self.takes_part(address) {
            return Ok(self.done(sentence!(
                "{address} takes part in case {number} already.",
                "{address} ist an Fall {number} schon beteiligt."
            )));
        }
        if self.case.participants.len() >= PARTICIPANTS {
            return Err(sentence!(
                "{PARTICIPANTS} people take part in case {number}: nobody else can.",
                "An Fall {number} sind {PARTICIPANTS} Personen beteiligt: Mehr können es nicht sein."
            ));
        }
        self.add_participant(Named { name: None, address: address.clone() });
        self.quote_nothing_old();
        Ok(self.done(sentence!(
            "{address} takes part in case {number}; what was written before is not quoted to them.",
            "{address} ist an Fall {number} beteiligt; was vorher geschrieben wurde, wird dorthin nicht zitiert."
        )))
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
            return Err(unknown(Noun::Follower, called, &known));
        }
        self.case.followers.retain(|follower| *follower != name);
        self.draft.effects.push(Effect::RemoveFollower { case: number, staff: name.clone() });
        Ok(self.done(sentence!("{name} follows case {number} no longer.", "{name} folgt Fall {number} nicht mehr.")))
    }

    fn leave_out(&mut self, address: &Address) -> Done {
        let number = self.number();
        if !self.takes_part(address) {
            let known: Vec<&str> = self.case.participants.iter().map(|one| one.who.address.as_str()).collect();
            return Err(unknown(Noun::Participant, address.as_str(), &known));
        }
        self.case.participants.retain(|one| one.who.address != *address);
        self.draft.effects.push(Effect::RemoveParticipant { case: number, address: address.clone() });
        let left = sentence!(
            "{address} takes part in case {number} no longer.",
            "{address} ist an Fall {number} nicht mehr beteiligt."
        );
        let nobody = sentence!("Nobody outside takes part now.", "Niemand außerhalb ist jetzt noch beteiligt.");
        let told = if self.case.participants.is_empty() { left.then(" ", &nobody) } else { left };
        Ok(self.done(told))
    }

    /// A stranger whom a valid reference let in comes to take part, and what they wrote becomes everybody's (B20).
    pub(super) fn admit(&mut self, post: PostId) -> Done {
        let number = self.number();
        let posts = self.posts(&[post])?;
        let Some(stranger) = posts.first().filter(|post| post.stranger) else {
            return Err(sentence!(
                "That post is no stranger's: in case {number} there is nobody to let in.",
                "Der Beitrag ist nicht von einem Fremden: In Fall {number} ist niemand zuzulassen."
            ));
        };
        let Some(named) = author(stranger).filter(|named| !is_unanswerable(&named.address)) else {
            return Err(sentence!(
                "Nobody reads mail to the author of that post: they cannot take part.",
                "Wer den Beitrag schrieb, liest keine Mail: Diese Adresse kann nicht beteiligt sein."
            ));
        };
        self.draft.effects.push(Effect::AdmitPost { post });
        let address = named.address.clone();
        if !self.takes_part(&address) {
            self.add_participant(named);
            self.quote_nothing_old();
        }
        self.case.last_author = Some(address.clone());
        self.case.last_post = self.case.last_post.max(Some(post));
        if let Some(id) = &stranger.message_id {
            self.case.message_ids.push(id.clone());
            self.case.last_message_id = Some(id.clone());
        }
        Ok(self.done(sentence!("{address} takes part in case {number}.", "{address} ist an Fall {number} beteiligt.")))
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
