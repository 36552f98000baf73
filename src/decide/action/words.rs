//! What staff say: an answer, a note, the last word, and the first after it.

use super::{Done, Work};
use crate::case::letter::{Enclosed, Facts, Hand};
use crate::case::sentence::sentence;
use crate::case::snapshot::CaseFacts;
use crate::case::{Audience, Letter, Participant, Phase, PostId, PostKind, Sentence, Template};
use crate::decide::Draft;
use crate::decide::answer::desk_address;
use crate::decide::participants::plausible_name;
use crate::mail::Named;

impl Work<'_, '_> {
    pub(super) fn reply(&mut self, text: &str) -> Done {
        self.says_something(text)?;
        let number = self.number();
        let Some(to) = answered(&self.case).cloned() else {
            return Err(sentence!(
                "Nobody outside takes part in case {number}: there is no one to answer.",
                "An Fall {number} ist niemand außerhalb beteiligt: Es gibt niemanden, dem zu antworten wäre."
            ));
        };
        let by = self.actor.label();
        let sentence = sentence!("{by} answered case {number}.", "{by} hat Fall {number} beantwortet.");
        self.draft.say(sentence.english());
        let post = self.add_post(text, PostKind::Answer);
        self.send(text, Template::Answered, &to, post);
        if let Some(staff) = self.actor.staff.filter(|_| self.case.assignee.is_none()) {
            self.draft.say(format!("{} is the first to answer: the case is theirs.", staff.label));
            self.give_to(staff);
        }
        match self.case.phase {
            Phase::Closed => self.draft.say("The case stays closed."),
            Phase::Waiting => {}
            Phase::New | Phase::Open | Phase::Solved => {
                self.draft.say("The next word is the customer's: the case waits.");
                self.set_phase(Phase::Waiting);
            }
        }
        Ok(sentence)
    }

    pub(super) fn note(&mut self, text: &str) -> Done {
        self.says_something(text)?;
        let (by, number) = (self.actor.label(), self.number());
        let sentence =
            sentence!("{by} wrote a note on case {number}.", "{by} hat eine Notiz zu Fall {number} geschrieben.");
        self.draft.say(sentence.english());
        self.add_post(text, PostKind::Note);
        Ok(sentence)
    }

    pub(super) fn close(&mut self, text: Option<&str>) -> Done {
        text.map_or(Ok(()), |text| self.says_something(text))?;
        let number = self.number();
        if self.case.phase == Phase::Closed {
            return Err(sentence!("Case {number} is closed already.", "Fall {number} ist schon geschlossen."));
        }
        let by = self.actor.label();
        let sentence = sentence!("{by} closed case {number}.", "{by} hat Fall {number} geschlossen.");
        self.draft.say(sentence.english());
        let to = requester(&self.case).cloned();
        // With a resolution it is a person's letter. Without, nobody wrote a word of it: it bears the automatic marks,
        // so that no vacation notice answers it (RFC 3834 §2).
        match (text, to) {
            (Some(text), to) => {
                let post = self.add_post(text, PostKind::Answer);
                match to {
                    Some(to) => self.send(text, Template::Closed, &to, post),
                    None => self.draft.say("Nobody outside takes part: no letter is written."),
                }
            }
            // What machines opened, and old mail taken in silently: nobody waits for a word, and a machine gets none (L4).
            (None, Some(_)) if !self.case.written_about => {
                self.draft.say("Nobody outside was ever told of the case: no letter is written.");
            }
            (None, Some(to)) => match self.case.last_post {
                Some(post) => {
                    let mut letter = without_words(self.draft, &self.case, Template::Closed, &to, post);
                    // Nobody vouches for the names (B26).
                    letter.to.iter_mut().chain(&mut letter.cc).for_each(|named| named.name = plausible_name(named));
                    self.draft.letters.push(letter);
                }
                None => self.draft.say("The case has nothing that the customer has seen: no letter is written."),
            },
            (None, None) => self.draft.say("Nobody outside takes part: no letter is written."),
        }
        self.set_phase(Phase::Closed);
        Ok(sentence)
    }

    pub(super) fn reopen(&mut self, text: Option<&str>) -> Done {
        text.map_or(Ok(()), |text| self.says_something(text))?;
        let number = self.number();
        if self.case.phase != Phase::Closed {
            return Err(sentence!("Case {number} is not closed.", "Fall {number} ist nicht geschlossen."));
        }
        if let Some(text) = text {
            let Some(to) = answered(&self.case).cloned() else {
                return Err(sentence!(
                    "Nobody outside takes part in case {number}: there is no one to write to.",
                    "An Fall {number} ist niemand außerhalb beteiligt: Es gibt niemanden, dem zu schreiben wäre."
                ));
            };
            let post = self.add_post(text, PostKind::Answer);
            self.send(text, Template::Answered, &to, post);
        }
        let by = self.actor.label();
        let sentence = sentence!("{by} reopened case {number}.", "{by} hat Fall {number} wieder geöffnet.");
        self.draft.say(sentence.english());
        self.set_phase(Phase::Open);
        Ok(sentence)
    }

    fn says_something(&self, text: &str) -> Result<(), Sentence> {
        let files = self.carrier.is_some_and(|carrier| !carrier.attachments.is_empty());
        match text.trim().is_empty() && !files {
            true => Err(sentence!("The text is empty: nothing was done.", "Der Text ist leer: Nichts wurde getan.")),
            false => Ok(()),
        }
    }

    /// The actor's letter to the participants.
    fn send(&mut self, text: &str, template: Template, to: &Participant, post: PostId) {
        let mut letter = by_person(self.draft, &self.case, self.actor.label(), text, template, to, post);
        letter.enclosed = self
            .carrier
            .filter(|carrier| !carrier.attachments.is_empty())
            .map(|carrier| Enclosed { entry: carrier.entry, parts: carrier.attachments.to_vec() });
        self.draft.letters.push(letter);
    }
}

/// A letter in which somebody here speaks. It quotes nothing that was written among other people (B24).
pub(in crate::decide) fn by_person(
    draft: &Draft<'_>,
    case: &CaseFacts,
    by: &str,
    text: &str,
    template: Template,
    to: &Participant,
    post: PostId,
) -> Letter {
    let desk = &draft.policy.desk;
    let mut letter = without_words(draft, case, template, to, post);
    letter.hand = Hand::Person;
    let of_desk = Sentence::new(format!("{by} at {}", desk.name), format!("{by} bei {}", desk.name));
    letter.from.name = Some(of_desk.said_in(&letter.language).to_owned());
    letter.quotes = case.quoted().into_iter().collect();
    letter.facts.staff_name = Some(by.to_owned());
    letter.facts.body = Some(text.to_owned());
    letter
}

fn without_words(draft: &Draft<'_>, case: &CaseFacts, template: Template, to: &Participant, post: PostId) -> Letter {
    let queue = draft.queue(&case.queue);
    let others = case.participants.iter().filter(|participant| participant.who.address != to.who.address);
    let mut references = case.message_ids.clone();
    if let Some(last) = &case.last_message_id
        && references.last() != Some(last)
    {
        references.retain(|id| id != last);
        references.push(last.clone());
    }
    Letter {
        id: draft.next_letter(),
        template,
        hand: Hand::Machine,
        audience: Audience::Public,
        case: Some(case.number),
        post: Some(post),
        person: None,
        asks: None,
        question: None,
        from: desk_address(draft, queue),
        to: vec![to.who.clone()],
        cc: others.map(|participant| participant.who.clone()).collect::<Vec<Named>>(),
        subject: case.subject.clone(),
        language: draft.language(case.language.as_ref()),
        in_reply_to: case.last_message_id.clone(),
        references,
        quotes: Vec::new(),
        recalls: None,
        enclosed: None,
        facts: Facts {
            case_number: case.number.to_string(),
            recipient_name: plausible_name(&to.who),
            reopen_days: queue.map(|queue| queue.reopen_days),
            ..Facts::default()
        },
        at: draft.now,
    }
}

/// The author of the newest public mail while they take part, else the requester (B25).
pub(in crate::decide) fn answered(case: &CaseFacts) -> Option<&Participant> {
    let last = case.last_author.as_ref();
    case.participants.iter().find(|participant| Some(&participant.who.address) == last).or_else(|| requester(case))
}

fn requester(case: &CaseFacts) -> Option<&Participant> {
    case.participants.iter().find(|participant| participant.requester).or(case.participants.first())
}
