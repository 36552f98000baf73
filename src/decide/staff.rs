//! Mail from staff (B17, B31, B32): who they are must be proven; then the letter that they answer says to whom their
//! words go. What staff write to each other never reaches a customer by an inference.

mod audience;
mod commands;
mod forward;
mod question;

use super::action::{answered as addressee, by_person};
use super::mail::{self, Incoming};
use super::{Draft, notify, participants};
use crate::case::decision::LinkKind;
use crate::case::event::{Arrived, Commands};
use crate::case::letter::{Enclosed, QuestionKind};
use crate::case::snapshot::{CaseFacts, KnownSent};
use crate::case::speaker::{Proof, Role};
use crate::case::words;
use crate::case::{
    Audience, By, CaseNumber, Decision, Effect, NewPost, Participant, Phase, PostId, PostKind, Template, Verdict,
    instruction,
};
use crate::link::identity;
use crate::link::staff::{Tie, addressed_outside, personal, who_speaks};
use crate::link::{Place, Standing, case_of, find_case, link};
use crate::mail::{Address, Attachment, Kind, Named, Pointer};
use crate::rules::Staff;
use audience::{answered, audience, heard, is_public};
use question::{Question, ask};

/// Cases that a new one is linked to because its mail names them without proof, at most.
const REFUSED: usize = 8;

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
        Proof::Signed => {
            draft.say(format!("{name} writes: authenticated (a DKIM signature of From's domain, checked here)."))
        }
        Proof::Reference(_) => {
            draft.say(format!("{name} writes: the mail answers a letter that went to {name} alone."))
        }
        Proof::Refuted => {
            draft.hold_for(
                QuestionKind::Yours,
                format!("From is {name}'s address, and the server says that DMARC failed."),
            );
            ask(&mut draft, mail, staff, Question::Yours);
            return draft.decided(Verdict::Hold, None);
        }
        Proof::None if uses_powers(&draft, mail) => {
            draft.hold_for(
                QuestionKind::Yours,
                format!("From is {name}'s address, and nothing proves that {name} wrote it."),
            );
            ask(&mut draft, mail, staff, Question::Yours);
            return draft.decided(Verdict::Hold, None);
        }
        Proof::None => {
            draft.say(format!("From is {name}'s address, unproven; it asks for nothing that staff alone may do."));
            return mail::ordinary(draft, mail);
        }
    }
    if let Some((letter, tie)) = answered(&draft, mail, staff)
        && tie != Tie::Carried
        && let Some(entry) = letter.asks
    {
        return question::settle(draft, mail, staff, (letter, entry));
    }
    let (verdict, case) = take(&mut draft, mail, staff, Crossing::Asked, Commands::Carried);
    draft.decided(verdict, case)
}

/// Whether a mail asks for more than anybody's mail may have.
fn uses_powers(draft: &Draft<'_>, mail: &Incoming<'_>) -> bool {
    let reading = &mail.arrived.reading;
    let names_case = reading.clues.iter().any(|clue| case_of(&clue.pointer, draft.snapshot).is_some());
    let takes_part = || {
        let link = link(mail.arrived, draft.snapshot, draft.policy);
        matches!(link.place, Place::Case(_)) && link.standing == Standing::TakesPart && link.also.is_empty()
    };
    personal(reading, draft.snapshot).next().is_some()
        || !addressed_outside(&reading.message, draft.policy, draft.today()).is_empty()
        || forward::found(draft, mail).is_some()
        || !instruction::of_mail(reading, Audience::Internal).is_empty()
        || names_case && !takes_part()
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
    let letter = answered(draft, mail, staff).map(|letter| heard(draft, mail, staff, crossing, letter));
    let answered = letter.as_ref().and_then(|sent| Some((sent, find_case(draft.snapshot, sent.case?)?)));
    let quoted = answered.map_or(Audience::Internal, |(sent, _)| audience(sent));
    let instructions = instruction::of_mail(&mail.arrived.reading, quoted);
    let direct = addressed_outside(message, draft.policy, draft.today());
    if !direct.is_empty() {
        let case = answered.map(|(_, case)| case).or_else(|| place(draft, mail));
        let (verdict, case) = directly(draft, mail, staff, &direct, case, quoted);
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

/// Whether staff write about what they asked for themselves, as anybody does.
fn own_request(draft: &Draft<'_>, mail: &Incoming<'_>, case: &CaseFacts) -> bool {
    let from = mail.arrived.reading.message.originator();
    let takes_part = case.participants.iter().any(|one| Some(&one.who.address) == from);
    takes_part && matches!(link(mail.arrived, draft.snapshot, draft.policy).place, Place::Case(_))
}

/// The case that the clues name. Staff need not take part in it; whoever comes to it by their hand must, unless one of
/// our own references says that it is the one: strangers may have written the subject that staff go on with (L6).
fn place<'a>(draft: &mut Draft<'a>, mail: &Incoming<'_>) -> Option<&'a CaseFacts> {
    let (snapshot, people) = (draft.snapshot, brought(draft, mail));
    let fits = |pointer: &Pointer, number: CaseNumber| {
        let takes_part =
            |who: &&Address| find_case(snapshot, number).is_some_and(|case| identity::takes_part(who, case));
        match pointer {
            Pointer::Sent(_) => true,
            Pointer::Number(_) => people.iter().all(takes_part),
            Pointer::Id(_) | Pointer::Thread(_) => people.is_empty() || people.iter().any(takes_part),
        }
    };
    let clues = mail.arrived.reading.clues.iter();
    let named = clues
        .filter_map(|clue| Some((&clue.pointer, case_of(&clue.pointer, snapshot)?)))
        .find(|(pointer, number)| fits(pointer, *number))
        .map(|(_, number)| number);
    // Others may refer to this mail, which comes late.
    let by_others = || match link(mail.arrived, snapshot, draft.policy).place {
        Place::Case(number) => {
            let case = find_case(snapshot, number)?;
            let fits = people.is_empty() || people.iter().any(|who| identity::takes_part(who, case));
            fits.then_some(number)
        }
        Place::New => None,
    };
    let Some(number) = named.or_else(by_others) else {
        if !refused(draft, mail).is_empty() {
            draft.say("The mail names a case in which whoever it brings takes no part: it is none of that case's.");
        }
        return None;
    };
    draft.say(format!("The mail names case {number}, or belongs to its conversation."));
    find_case(draft.snapshot, number)
}

/// Whom outside a mail by staff brings into its case: those it is written to, or else whose mail it hands on.
fn brought<'m>(draft: &Draft<'_>, mail: &Incoming<'m>) -> Vec<&'m Address> {
    let direct = addressed_outside(&mail.arrived.reading.message, draft.policy, draft.today());
    let people: Vec<&Address> = direct.into_iter().map(|named| &named.address).collect();
    match people.is_empty() {
        true => forward::found(draft, mail).into_iter().map(forward::Found::author).collect(),
        false => people,
    }
}

/// The cases that a mail names without the proof that it takes.
fn refused(draft: &Draft<'_>, mail: &Incoming<'_>) -> Vec<CaseNumber> {
    let clues = mail.arrived.reading.clues.iter();
    let mut all: Vec<CaseNumber> = Vec::new();
    for number in clues.filter_map(|clue| case_of(&clue.pointer, draft.snapshot)) {
        if !all.contains(&number) && all.len() < REFUSED {
            all.push(number);
        }
    }
    all
}

/// People decide whether a new case belongs with those that its mail names.
fn propose(draft: &mut Draft<'_>, mail: &Incoming<'_>, case: CaseNumber) {
    for to in refused(draft, mail) {
        let reason = format!("The mail names case {to}, in which nobody it brings takes part.");
        draft.effects.push(Effect::LinkCase { from: case, to, kind: LinkKind::Related, reason });
    }
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
        draft.hold_for(
            QuestionKind::Crossing,
            format!("{} answered case {} before this answer came.", faster.by, case.number),
        );
        ask(draft, mail, staff, Question::Crossing { case, faster });
        return (Verdict::Hold, Some(case.number));
    }
    let words = words::of(&mail.arrived.reading, Audience::Public);
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
    // Whatever it quotes stays inside with it.
    let words = words::of(&mail.arrived.reading, Audience::Public);
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
    quoted: Audience,
) -> (Verdict, Option<CaseNumber>) {
    if let Some(case) = case
        && is_aside(draft, mail, direct, case)
    {
        draft.say("The mail goes to people outside who take no part in the case, and the desk is only on copy.");
        return note(draft, mail, staff, case);
    }
    draft.say(format!(
        "{} wrote to people outside, who have the mail already: recorded, not sent a second time.",
        staff.label
    ));
    let words = words::of(&mail.arrived.reading, quoted);
    let Some(case) = case else {
        let subject = mail::subject_of(draft, mail);
        let number = mail::open_case(draft, mail, subject.clone());
        propose(draft, mail, number);
        post(draft, mail, staff, (number, &subject), PostKind::Answer, &words.text);
        join(draft, number, direct, None);
        assign(draft, staff, number);
        draft.set_phase(number, Phase::Waiting);
        return (Verdict::Open, Some(number));
    };
    let id = add_post(draft, mail, staff, case, PostKind::Answer, &words.text);
    join(draft, case.number, direct, Some(case));
    if quoted == Audience::Public {
        rest(draft, mail, staff, direct, case, id, &words);
    }
    take_over(draft, staff, case);
    notify::of_newest_post(draft, Some(&staff.name));
    (Verdict::Append, Some(case.number))
}

/// Whether a mail is about a case, and to nobody who takes part in it.
fn is_aside(draft: &Draft<'_>, mail: &Incoming<'_>, direct: &[&Named], case: &CaseFacts) -> bool {
    let to_desk = mail.arrived.reading.message.to.iter().any(|named| draft.policy.desk.is_own(&named.address));
    let takes_part = |who: &Named| case.participants.iter().any(|one| one.who.address == who.address);
    !to_desk && !case.participants.is_empty() && !direct.iter().any(|named| takes_part(named))
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
    let new: Vec<(usize, &&Named)> = new.take(limit).collect();
    if known.is_some() && !new.is_empty() {
        draft.quote_nothing_old(case);
    }
    for (index, named) in new {
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
