//! Mail from staff (B17, B31, B32): who they are must be proven; then the letter that they answer says to whom their
//! words go. What staff write to each other never reaches a customer by an inference.

mod commands;
mod forward;
mod question;
pub(super) mod words;

use super::action::{answered as addressee, by_person};
use super::mail::{self, Incoming};
use super::{Draft, notify, participants};
use crate::case::event::{Arrived, Commands};
use crate::case::instruction::Order;
use crate::case::letter::Enclosed;
use crate::case::snapshot::{CaseFacts, KnownSent};
use crate::case::speaker::{Proof, Role};
use crate::case::{
    Audience, By, CaseNumber, Command, Decision, Effect, EntryId, NewPost, Participant, Phase, PostId, PostKind,
    Template, Verb, Verdict,
};
use crate::link::staff::{addressed_outside, personal, who_speaks};
use crate::link::{Place, Standing, case_of, find_case, link};
use crate::mail::{Attachment, Kind, Named};
use crate::rules::Staff;
use question::{Question, ask};

/// Bytes of a picture within the text up to which it is part of a signature, not of what is said.
const LOGO: u64 = 20 * 1024;

/// Whether a colleague's answer that the writer could not know of stops theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Crossing {
    Asked,
    /// The writer, or somebody in their place, has decided.
    Overruled,
}

/// The member of staff whose address is in From, and what proves that it is they.
pub(super) fn speaking<'a>(draft: &Draft<'a>, arrived: &Arrived) -> Option<(&'a Staff, Proof)> {
    let speaker = who_speaks(arrived, draft.snapshot, draft.policy, draft.today());
    match speaker.role {
        Role::Staff(name) => draft.policy.staff_named(&name).map(|staff| (staff, speaker.proof)),
        Role::Ourselves | Role::Form | Role::Outside => None,
    }
}

/// Decides a person's mail from a staff address.
pub(super) fn decide(mut draft: Draft<'_>, mail: &Incoming<'_>, staff: &Staff, proof: Proof) -> Decision {
    let name = &staff.label;
    match proof {
        Proof::Authenticated => draft.say(format!("{name} writes: authenticated (Authentication-Results).")),
        Proof::Reference(_) => {
            draft.say(format!("{name} writes: the mail answers a letter that went to {name} alone."))
        }
        Proof::Refuted => {
            draft.hold(format!("From is {name}'s address, and the server says that DMARC failed."));
            ask(&mut draft, mail, staff, Question::Yours);
            return draft.decided(Verdict::Hold, None);
        }
        Proof::None if uses_powers(&draft, mail) => {
            draft.hold(format!("From is {name}'s address, and nothing proves that {name} wrote it."));
            ask(&mut draft, mail, staff, Question::Yours);
            return draft.decided(Verdict::Hold, None);
        }
        Proof::None => {
            draft.say(format!("From is {name}'s address, unproven; it asks for nothing that staff alone may do."));
            return mail::ordinary(draft, mail);
        }
    }
    if let Some(letter) = answered(&draft, mail, staff)
        && let Some(entry) = letter.asks
    {
        return settle(draft, mail, staff, (letter, entry));
    }
    let (verdict, case) = take(&mut draft, mail, staff, Crossing::Asked, Commands::Carried);
    draft.decided(verdict, case)
}

/// Whether a mail asks for more than anybody's mail may have.
fn uses_powers(draft: &Draft<'_>, mail: &Incoming<'_>) -> bool {
    let reading = &mail.arrived.reading;
    let desk = &draft.policy.desk;
    let names_case = reading.clues.iter().any(|clue| case_of(&clue.pointer, draft.snapshot).is_some());
    let takes_part = || {
        let link = link(mail.arrived, draft.snapshot, desk);
        matches!(link.place, Place::Case(_)) && link.standing == Standing::TakesPart && link.also.is_empty()
    };
    personal(reading, draft.snapshot).next().is_some()
        || !addressed_outside(&reading.message, draft.policy, draft.today()).is_empty()
        || forward::found(draft, mail).is_some()
        || !commands::of(mail).is_empty()
        || names_case && !takes_part()
}

/// The letter to staff that a mail answers: one to the writer before one to somebody else.
fn answered<'a>(draft: &Draft<'a>, mail: &Incoming<'_>, staff: &Staff) -> Option<&'a KnownSent> {
    let all: Vec<&KnownSent> = personal(&mail.arrived.reading, draft.snapshot).collect();
    all.iter().find(|sent| sent.person.as_ref() == Some(&staff.name)).or(all.first()).copied()
}

/// The answer to a question of ours about a held mail.
fn settle(
    mut draft: Draft<'_>,
    mail: &Incoming<'_>,
    staff: &Staff,
    (letter, entry): (&KnownSent, EntryId),
) -> Decision {
    let instructions = commands::of(mail);
    let only_send = matches!(instructions.orders[..], [Order::Send]) && instructions.text.is_empty();
    let declined = question::declines(&words::of(&mail.arrived.reading).text);
    let command = |verb: Verb| Effect::Command(Command { by: staff.name.clone(), verb });
    let anew = question::takes_mail_anew(letter) || (letter.case.is_some() && !instructions.is_empty());
    if declined {
        draft.say(format!("{} says that entry {entry} is not to be taken in.", staff.label));
        let reason = format!("{} said no.", staff.label);
        draft.effects.push(command(Verb::Discard { entry, reason }));
    } else if only_send {
        draft.say(format!("{} says that entry {entry} is to be sent as it stands: it is released.", staff.label));
        draft.effects.push(command(Verb::ReleaseAsText { entry }));
    } else if anew {
        draft.say(format!("{} wrote entry {entry} anew.", staff.label));
        let reason = format!("{} wrote it anew.", staff.label);
        draft.effects.push(command(Verb::Discard { entry, reason }));
        let (verdict, case) = take(&mut draft, mail, staff, Crossing::Asked, Commands::Carried);
        return draft.decided(verdict, case);
    } else {
        draft.say(format!("{} vouches for entry {entry}: it is released.", staff.label));
        draft.effects.push(command(Verb::Release { entry }));
    }
    draft.decided(Verdict::Done, None)
}

/// Takes in a mail that is the writer's beyond doubt.
pub(super) fn take(
    draft: &mut Draft<'_>,
    mail: &Incoming<'_>,
    staff: &Staff,
    crossing: Crossing,
    commands: Commands,
) -> (Verdict, Option<CaseNumber>) {
    let message = &mail.arrived.reading.message;
    let instructions = commands::of(mail);
    let letter = answered(draft, mail, staff);
    let answered = letter.and_then(|sent| Some((sent, find_case(draft.snapshot, sent.case?)?)));
    let direct = addressed_outside(message, draft.policy, draft.today());
    if !direct.is_empty() {
        let case = answered.map(|(_, case)| case).or_else(|| place(draft, mail));
        let public = answered.is_some_and(|(sent, _)| is_public(sent));
        let (verdict, case) = directly(draft, mail, staff, &direct, case, public);
        if !instructions.is_empty() {
            commands::not_here(draft, mail, staff, case);
        }
        return (verdict, case);
    }
    if !instructions.is_empty() && (answered.is_some() || forward::found(draft, mail).is_none()) {
        return commands::take(draft, mail, staff, answered, (&instructions, crossing, commands));
    }
    if let Some((sent, case)) = answered {
        let person = mail.arrived.reading.kind == Kind::Correspondence;
        return match is_public(sent) && person {
            true => answer(draft, mail, staff, sent, case, crossing),
            false => note(draft, mail, staff, case),
        };
    }
    if let Some(forwarded) = forward::found(draft, mail) {
        let (verdict, case) = forward::take(draft, mail, staff, forwarded);
        if !instructions.is_empty() {
            commands::not_here(draft, mail, staff, case);
        }
        return (verdict, case);
    }
    match place(draft, mail) {
        Some(case) if own_request(draft, mail, case) => mail::linked(draft, mail),
        Some(case) => note(draft, mail, staff, case),
        None => mail::linked(draft, mail),
    }
}

/// The audience is in the reference (B32).
fn is_public(sent: &KnownSent) -> bool {
    let post = match sent.about {
        Some(PostKind::MailIn | PostKind::Answer) => true,
        Some(PostKind::Note | PostKind::Automatic) | None => false,
    };
    post && sent.audience == Audience::Public
}

/// Whether staff write about what they asked for themselves, as anybody does.
fn own_request(draft: &Draft<'_>, mail: &Incoming<'_>, case: &CaseFacts) -> bool {
    let from = mail.arrived.reading.message.originator();
    let takes_part = case.participants.iter().any(|one| Some(&one.who.address) == from);
    takes_part && matches!(link(mail.arrived, draft.snapshot, &draft.policy.desk).place, Place::Case(_))
}

/// The case that the clues name. Staff need not take part in it.
fn place<'a>(draft: &mut Draft<'a>, mail: &Incoming<'_>) -> Option<&'a CaseFacts> {
    let reading = &mail.arrived.reading;
    let named = reading.clues.iter().find_map(|clue| case_of(&clue.pointer, draft.snapshot));
    // Others may refer to this mail, which comes late.
    let by_others = || match link(mail.arrived, draft.snapshot, &draft.policy.desk).place {
        Place::Case(number) => Some(number),
        Place::New => None,
    };
    let number = named.or_else(by_others)?;
    draft.say(format!("The mail names case {number}, or belongs to its conversation."));
    find_case(draft.snapshot, number)
}

/// The words go to the participants, from the desk's address and in the writer's name.
fn answer(
    draft: &mut Draft<'_>,
    mail: &Incoming<'_>,
    staff: &Staff,
    sent: &KnownSent,
    case: &CaseFacts,
    crossing: Crossing,
) -> (Verdict, Option<CaseNumber>) {
    if crossing == Crossing::Asked
        && let Some(faster) = crossed(draft, staff, sent, case)
    {
        draft.hold(format!("{} answered case {} before this answer came.", faster.by, case.number));
        ask(draft, mail, staff, Question::Crossing { case, faster });
        return (Verdict::Hold, Some(case.number));
    }
    let words = words::of(&mail.arrived.reading);
    let files = files(mail);
    if words.text.trim().is_empty() && files.is_empty() {
        draft.say("The mail has no words of its own: nothing is sent.");
        return (Verdict::Recorded, None);
    }
    let Some(to) = addressee(case) else {
        draft.say(format!("Nobody outside takes part in case {}: the answer stays there as a note.", case.number));
        return note(draft, mail, staff, case);
    };
    draft.say(format!("{} answered case {}; the participants get the answer.", staff.label, case.number));
    let post = add_post(draft, mail, staff, case, PostKind::Answer, &words.text);
    let mut letter = by_person(draft, case, &staff.label, &words.text, Template::Answered, to, post);
    if words.manner == words::Manner::Between {
        letter.quotes.clear();
    }
    letter.enclosed = enclosed(mail, files);
    draft.letters.push(letter);
    take_over(draft, staff, case);
    notify::of_newest_post(draft, Some(&staff.name));
    (Verdict::Append, Some(case.number))
}

/// The answer that a colleague gave to what `sent` told of, after it was told and just before now.
fn crossed<'a>(
    draft: &Draft<'_>,
    staff: &Staff,
    sent: &KnownSent,
    case: &'a CaseFacts,
) -> Option<&'a crate::case::snapshot::LastAnswer> {
    let last = case.last_answer.as_ref()?;
    let other = last.by != staff.label && last.by != staff.name;
    let newest = case.last_post == Some(last.post);
    let unknown = last.at >= sent.at && sent.post != Some(last.post);
    let seconds = i64::from(draft.policy.desk.notices.crossing);
    let lately = draft.event.received.duration_since(last.at).as_secs() <= seconds;
    (other && newest && unknown && lately).then_some(last)
}

/// Files that go to the customer: not the pictures of a signature.
fn files(mail: &Incoming<'_>) -> Vec<Attachment> {
    let all = mail.arrived.reading.message.attachments.iter();
    all.filter(|file| !file.inline || file.size > LOGO).cloned().collect()
}

fn enclosed(mail: &Incoming<'_>, files: Vec<Attachment>) -> Option<Enclosed> {
    (!files.is_empty()).then_some(Enclosed { entry: mail.entry, parts: files })
}

/// Whoever answers first is the assignee; the next word is the customer's.
fn take_over(draft: &mut Draft<'_>, staff: &Staff, case: &CaseFacts) {
    if case.assignee.is_none() {
        assign(draft, staff, case.number);
    }
    match case.phase {
        Phase::Closed => draft.say("The case stays closed."),
        Phase::Waiting => {}
        Phase::New | Phase::Open | Phase::Solved => {
            draft.say("The next word is the customer's: the case waits.");
            draft.set_phase(case.number, Phase::Waiting);
        }
    }
}

fn assign(draft: &mut Draft<'_>, staff: &Staff, case: CaseNumber) {
    draft.say(format!("{} is the first to answer: the case is theirs.", staff.label));
    let by = By::Staff(staff.name.clone());
    draft.effects.push(Effect::SetAssignee { case, staff: Some(staff.name.clone()), by });
}

/// For colleagues alone.
pub(super) fn note(
    draft: &mut Draft<'_>,
    mail: &Incoming<'_>,
    staff: &Staff,
    case: &CaseFacts,
) -> (Verdict, Option<CaseNumber>) {
    draft.say(format!("{} wrote a note on case {}: it stays internal.", staff.label, case.number));
    let words = words::of(&mail.arrived.reading);
    add_post(draft, mail, staff, case, PostKind::Note, &words.text);
    notify::of_newest_post(draft, Some(&staff.name));
    (Verdict::Append, Some(case.number))
}

/// Staff wrote to people outside with the desk on copy: those people have the mail.
fn directly(
    draft: &mut Draft<'_>,
    mail: &Incoming<'_>,
    staff: &Staff,
    direct: &[&Named],
    case: Option<&CaseFacts>,
    public: bool,
) -> (Verdict, Option<CaseNumber>) {
    draft.say(format!(
        "{} wrote to people outside, who have the mail already: recorded, not sent a second time.",
        staff.label
    ));
    let words = words::of(&mail.arrived.reading);
    let Some(case) = case else {
        let subject = mail::subject_of(draft, mail);
        let number = mail::open_case(draft, mail, subject.clone());
        post(draft, mail, staff, (number, &subject), PostKind::Answer, &words.text);
        join(draft, number, direct, None);
        assign(draft, staff, number);
        draft.set_phase(number, Phase::Waiting);
        return (Verdict::Open, Some(number));
    };
    let id = add_post(draft, mail, staff, case, PostKind::Answer, &words.text);
    join(draft, case.number, direct, Some(case));
    if public {
        rest(draft, mail, staff, direct, case, id, &words);
    }
    take_over(draft, staff, case);
    notify::of_newest_post(draft, Some(&staff.name));
    (Verdict::Append, Some(case.number))
}

/// A reply that goes to the customer, with others on copy: whoever is not among those gets it from us.
fn rest(
    draft: &mut Draft<'_>,
    mail: &Incoming<'_>,
    staff: &Staff,
    direct: &[&Named],
    case: &CaseFacts,
    post: PostId,
    words: &words::Words,
) {
    let has_it = |who: &Named| direct.iter().any(|named| named.address == who.address);
    let Some(to) = addressee(case) else { return };
    let others = case.participants.iter().filter(|one| one.who.address != to.who.address);
    let mut left: Vec<Named> = std::iter::once(to).chain(others).map(|one| one.who.clone()).collect();
    left.retain(|who| !has_it(who));
    if left.is_empty() {
        return;
    }
    draft.say("The participants who are not on To or Cc get the answer from the desk.");
    let mut letter = by_person(draft, case, &staff.label, &words.text, Template::Answered, to, post);
    letter.to = vec![left.remove(0)];
    letter.cc = left;
    letter.enclosed = enclosed(mail, files(mail));
    draft.letters.push(letter);
}

/// Those outside whom staff put on To and Cc come to take part (B25).
fn join(draft: &mut Draft<'_>, case: CaseNumber, direct: &[&Named], known: Option<&CaseFacts>) {
    let limit = draft.policy.desk.limits.participants;
    let new = direct.iter().enumerate().filter(|(_, named)| {
        let there = known.is_some_and(|case| case.participants.iter().any(|one| one.who.address == named.address));
        !there && !participants::is_unanswerable(&named.address)
    });
    for (index, named) in new.take(limit) {
        let requester = known.is_none() && index == 0;
        let participant = Participant { who: (*named).clone(), requester };
        draft.effects.push(Effect::AddParticipant { case, participant });
    }
}

fn add_post(
    draft: &mut Draft<'_>,
    mail: &Incoming<'_>,
    staff: &Staff,
    case: &CaseFacts,
    kind: PostKind,
    words: &str,
) -> PostId {
    post(draft, mail, staff, (case.number, &case.subject), kind, words)
}

/// A post by staff. Its text is their own words: what they quote is in the case already, or was for them alone.
fn post(
    draft: &mut Draft<'_>,
    mail: &Incoming<'_>,
    staff: &Staff,
    (case, subject): (CaseNumber, &str),
    kind: PostKind,
    words: &str,
) -> PostId {
    let id = draft.next_post();
    let audience = match kind {
        PostKind::Answer | PostKind::MailIn => Audience::Public,
        PostKind::Note | PostKind::Automatic => Audience::Internal,
    };
    draft.effects.push(Effect::AddPost(NewPost {
        id,
        case,
        kind,
        audience,
        author: Some(staff.label.clone()),
        address: None,
        subject: subject.to_owned(),
        text: words.to_owned(),
        author_text: words.to_owned(),
        language: mail.arrived.reading.language.clone(),
        attachments: mail.arrived.reading.message.attachments.clone(),
        stranger: false,
        entry: mail.entry,
        at: draft.event.received,
    }));
    id
}

/// What people outside have now seen proves nothing any more (B31).
pub(super) fn expose(draft: &mut Draft<'_>, arrived: &Arrived) {
    let day = draft.today();
    let (snapshot, policy) = (draft.snapshot, draft.policy);
    for sent in crate::link::staff::exposed(&arrived.reading, snapshot, policy, day) {
        let effect = Effect::ExposeReference { sent: sent.id };
        if draft.effects.contains(&effect) {
            continue;
        }
        draft.say("People outside have seen a personal reference: it proves nothing from here on.");
        draft.effects.push(effect);
    }
}
