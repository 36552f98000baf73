//! Staff are told of what customers and colleagues write (B32): each in a letter of their own, whose reference is
//! personal and says to whom a reply goes.

use super::Draft;
use super::answer::{bytes_in_words, desk_address};
use super::participants::plausible_name;
use crate::case::decision::LinkKind;
use crate::case::letter::{Enclosed, Facts, Hand, Inside};
use crate::case::sentence::sentence;
use crate::case::snapshot::CaseFacts;
use crate::case::words::fenced;
use crate::case::{Audience, CaseNumber, Effect, Letter, NewPost, Phase, PostKind, Sentence, Template};
use crate::link::find_case;
use crate::mail::{Address, Attachment, MessageId, Named};
use crate::rules::Staff;

/// Staff who are told of one post, at most (L10).
const TOLD: usize = 100;
/// Characters of a post that stand in a notice.
const WORDS: usize = 100_000;
/// Names in the sentence that says to whom a reply goes.
const NAMES: usize = 8;

/// Why somebody is told.
struct Recipient<'a> {
    staff: &'a Staff,
    audience: Audience,
    instead_of: Option<String>,
    knows: Knows,
}

/// What somebody has read of a case.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Knows {
    /// They were told of each post.
    TheCase,
    /// It was a colleague's until now: they need the conversation so far to go on with it.
    Nothing,
}

/// The case as it is once the effects so far are carried out.
struct Now<'a> {
    number: CaseNumber,
    known: Option<&'a CaseFacts>,
    queue: String,
    subject: String,
    assignee: Option<String>,
    priority: Option<String>,
    followers: Vec<String>,
    participants: Vec<Named>,
}

/// Tells of the newest post that the decision adds, whoever wrote it. `author`: the staff who did, by name; they are
/// not told. Nobody is told where nobody works.
pub(super) fn of_newest_post(draft: &mut Draft<'_>, author: Option<&str>) {
    let newest = posts(draft).next_back().cloned();
    if let Some(post) = newest {
        of_post(draft, &post, author);
    }
}

/// The same of the newest mail from outside: what was noted beside it is in the case.
pub(super) fn of_newest_mail(draft: &mut Draft<'_>, author: Option<&str>) {
    let newest = posts(draft).rfind(|post| post.kind == PostKind::MailIn).cloned();
    if let Some(post) = newest {
        of_post(draft, &post, author);
    }
}

fn posts<'a>(draft: &'a Draft<'_>) -> impl DoubleEndedIterator<Item = &'a NewPost> {
    draft.effects.iter().filter_map(|effect| if let Effect::AddPost(post) = effect { Some(post) } else { None })
}

fn of_post(draft: &mut Draft<'_>, post: &NewPost, author: Option<&str>) {
    let silent = draft.arrived().is_some_and(|arrived| arrived.silent);
    if draft.policy.staff.is_empty() || silent {
        return;
    }
    let now = now(draft, post.case);
    // A colleague's words are for whoever has the case; all else waits for somebody.
    let mut told = match author {
        None => whose_turn(draft, &now),
        Some(_) if post.kind == PostKind::MailIn => whose_turn(draft, &now),
        Some(_) => its_assignee(draft, &now),
    };
    let public = post.audience == Audience::Public;
    told.iter_mut().for_each(|one| one.audience = if public { Audience::Public } else { Audience::Internal });
    let followers: Vec<&Staff> = now.followers.iter().filter_map(|name| at_work(draft, name)).collect();
    told.extend(followers.into_iter().map(|staff| inside(staff)));
    let mut names: Vec<&str> = author.into_iter().collect();
    let mut letters = 0;
    for recipient in told {
        let name = recipient.staff.name.as_str();
        if names.contains(&name) || letters == TOLD {
            continue;
        }
        names.push(name);
        if let Some(letter) = notice(draft, &now, post, &recipient) {
            letters += 1;
            draft.say(match recipient.audience {
                Audience::Public => format!("{} is told; a reply goes to the customer.", recipient.staff.label),
                Audience::Internal => format!("{} is told; a reply stays internal.", recipient.staff.label),
            });
            draft.letters.push(letter);
        }
    }
}

/// Tells one of the staff that a case is theirs now. What was last written in it stands below, and a reply answers it.
pub(super) fn of_assignment(draft: &mut Draft<'_>, number: CaseNumber, to: &Staff, by: &str) {
    let now = now(draft, number);
    let words = sentence!(
        "Case {number} is yours now. What was written in it stands below.",
        "Fall {number} ist jetzt Ihrer. Was darin geschrieben wurde, steht unten."
    );
    let Some(post) = last_of(draft, &now, Some(by), &words) else { return };
    if draft.letters.iter().any(|letter| letter.person.as_ref() == Some(&to.name)) {
        return;
    }
    let recipient = Recipient { staff: to, audience: Audience::Public, instead_of: None, knows: Knows::Nothing };
    tell(draft, &now, &post, recipient);
}

/// Tells whoever's turn it is that a case has waited as long as it was to. A reply goes to the customer.
pub(super) fn of_waking(draft: &mut Draft<'_>, number: CaseNumber) {
    let now = now(draft, number);
    let words = sentence!(
        "Case {number} has waited until today, as was asked: the next word is ours.",
        "Fall {number} hat bis heute gewartet, wie es gewünscht war: Das nächste Wort ist unseres."
    );
    let Some(post) = last_of(draft, &now, None, &words) else { return };
    for recipient in whose_turn(draft, &now).into_iter().take(TOLD) {
        tell(draft, &now, &post, recipient);
    }
}

/// A notice that is about no post of its own: it stands where the newest public one is, and a reply answers that.
fn last_of(draft: &Draft<'_>, now: &Now<'_>, by: Option<&str>, words: &Sentence) -> Option<NewPost> {
    let words = words.said_in(&draft.language(None)).to_owned();
    let number = now.number;
    let last = now.known.and_then(|case| case.last_post)?;
    Some(NewPost {
        id: last,
        case: number,
        // An answer's place in the conversation: a reply goes to whoever wrote last from outside.
        kind: PostKind::Answer,
        audience: Audience::Public,
        author: by.map(str::to_owned),
        address: None,
        subject: now.subject.clone(),
        text: words.clone(),
        author_text: words,
        language: None,
        attachments: Vec::new(),
        stranger: false,
        entry: draft.event.entry,
        at: draft.now,
    })
}

fn tell(draft: &mut Draft<'_>, now: &Now<'_>, post: &NewPost, mut recipient: Recipient<'_>) {
    if now.participants.is_empty() {
        recipient.audience = Audience::Internal;
    }
    if let Some(letter) = notice(draft, now, post, &recipient) {
        draft.say(format!("{} is told of the case.", recipient.staff.label));
        draft.letters.push(letter);
    }
}

/// Whom an answer in a case goes to, by name.
pub(super) fn readers(case: &CaseFacts) -> Option<String> {
    let participants: Vec<Named> = case.participants.iter().map(|one| one.who.clone()).collect();
    goes_to(&participants, case.last_author.as_ref())
}

/// The assignee, else the substitute, else the queue.
fn whose_turn<'a>(draft: &mut Draft<'a>, now: &Now<'_>) -> Vec<Recipient<'a>> {
    let day = draft.today();
    let known = now.assignee.is_none();
    let turn = |staff: &'a Staff, instead_of| Recipient {
        staff,
        audience: Audience::Public,
        instead_of,
        knows: if known || now.assignee.as_ref() == Some(&staff.name) { Knows::TheCase } else { Knows::Nothing },
    };
    let mut instead_of = None;
    if let Some(name) = &now.assignee {
        match draft.policy.staff_named(name) {
            Some(staff) if staff.is_available(day) => return vec![turn(staff, None)],
            Some(staff) if staff.works_here(day) => {
                instead_of = Some(staff.label.clone());
                let substitute = staff.substitute.as_ref().and_then(|name| draft.policy.staff_named(name));
                if let Some(substitute) = substitute.filter(|staff| staff.is_available(day)) {
                    draft.say(format!("{} is away: {}, the substitute, is told.", staff.label, substitute.label));
                    return vec![turn(substitute, instead_of)];
                }
                draft.say(format!("{} is away, and so is whoever stands in: the queue is told.", staff.label));
            }
            Some(staff) => draft.say(format!("{} works here no more: the queue is told.", staff.label)),
            None => draft.say("The assignee is not among the staff (staff.toml): the queue is told."),
        }
    }
    let works = |staff: &&'a Staff| staff.queues.contains(&now.queue) && staff.works_here(day);
    let everybody: Vec<&Staff> = draft.policy.staff.iter().filter(works).collect();
    let mut there: Vec<&Staff> = everybody.iter().copied().filter(|staff| staff.is_available(day)).collect();
    if everybody.is_empty() {
        draft.say(format!("Nobody works in the queue `{}`: nobody is told.", now.queue));
    } else if there.is_empty() {
        draft.say(format!("Everybody of the queue `{}` is away: all of them are told.", now.queue));
        there = everybody;
    }
    there.into_iter().map(|staff| turn(staff, instead_of.clone())).collect()
}

/// Somebody whose reply stays inside.
fn inside(staff: &Staff) -> Recipient<'_> {
    Recipient { staff, audience: Audience::Internal, instead_of: None, knows: Knows::TheCase }
}

fn its_assignee<'a>(draft: &Draft<'a>, now: &Now<'_>) -> Vec<Recipient<'a>> {
    let staff = now.assignee.as_ref().and_then(|name| at_work(draft, name));
    staff.into_iter().map(|staff| inside(staff)).collect()
}

fn at_work<'a>(draft: &Draft<'a>, name: &str) -> Option<&'a Staff> {
    let day = draft.today();
    draft.policy.staff_named(name).filter(|staff| staff.works_here(day))
}

fn now<'a>(draft: &Draft<'a>, number: CaseNumber) -> Now<'a> {
    let known = find_case(draft.snapshot, number);
    let mut now = Now {
        number,
        known,
        queue: known.map(|case| case.queue.clone()).unwrap_or_default(),
        subject: known.map(|case| case.subject.clone()).unwrap_or_default(),
        assignee: known.and_then(|case| case.assignee.clone()),
        priority: known.and_then(|case| case.priority.clone()),
        followers: known.map(|case| case.followers.clone()).unwrap_or_default(),
        participants: known
            .map(|case| case.participants.iter().map(|one| one.who.clone()).collect())
            .unwrap_or_default(),
    };
    for effect in &draft.effects {
        match effect {
            Effect::OpenCase { number, queue, subject, .. } if *number == now.number => {
                (now.queue, now.subject) = (queue.clone(), subject.clone());
            }
            Effect::SetQueue { case, queue, .. } if *case == number => now.queue = queue.clone(),
            Effect::SetAssignee { case, staff, .. } if *case == number => now.assignee = staff.clone(),
            Effect::SetPriority { case, priority, .. } if *case == number => now.priority = Some(priority.clone()),
            Effect::AddFollower { case, staff } if *case == number => now.followers.push(staff.clone()),
            Effect::RemoveFollower { case, staff } if *case == number => now.followers.retain(|known| known != staff),
            Effect::AddParticipant { case, participant } if *case == number => {
                now.participants.push(participant.who.clone());
            }
            Effect::RemoveParticipant { case, address } if *case == number => {
                now.participants.retain(|known| known.address != *address);
            }
            Effect::OpenCase { .. }
            | Effect::SetQueue { .. }
            | Effect::SetAssignee { .. }
            | Effect::SetPriority { .. }
            | Effect::AddFollower { .. }
            | Effect::RemoveFollower { .. }
            | Effect::AddParticipant { .. }
            | Effect::RemoveParticipant { .. }
            | Effect::AddPost(_)
            | Effect::SetPhase { .. }
            | Effect::AddTag { .. }
            | Effect::RemoveTag { .. }
            | Effect::MovePost { .. }
            | Effect::QuoteNothingBefore { .. }
            | Effect::CountAsAcknowledged { .. }
            | Effect::SetTimer { .. }
            | Effect::ClearTimer { .. }
            | Effect::AdmitPost { .. }
            | Effect::ExposeReference { .. }
            | Effect::Command(_)
            | Effect::MergeCase { .. }
            | Effect::LinkCase { .. }
            | Effect::MarkUndeliverable { .. }
            | Effect::ClearUndeliverable { .. }
            | Effect::Hold { .. }
            | Effect::Unhold { .. }
            | Effect::Correct { .. }
            | Effect::IndexMail { .. }
            | Effect::RetryOutbox { .. }
            | Effect::Backup { .. }
            | Effect::PauseOutbox
            | Effect::ResumeOutbox => {}
        }
    }
    now
}

fn notice(draft: &mut Draft<'_>, now: &Now<'_>, post: &NewPost, to: &Recipient<'_>) -> Option<Letter> {
    let desk = &draft.policy.desk;
    let limit = desk.notices.per_person_hour;
    let so_far = draft.snapshot.told.iter().find(|told| told.person == to.staff.name).map_or(0, |told| told.notices);
    if so_far >= limit {
        draft.say(format!(
            "{} is not told: the limit of {limit} notices within the hour is reached (`notices.per_person_hour`).",
            to.staff.label
        ));
        return None;
    }
    let queue = draft.queue(&now.queue);
    let desk_address = desk_address(draft, queue);
    let author = author(post);
    let via = desk_address.name.clone().unwrap_or_else(|| desk.name.clone());
    let name = author.as_ref().map_or(via.clone(), |author| format!("{author} via {via}"));
    let (enclosed, large) = enclosed(&post.attachments, desk.notices.attachments_up_to);
    let label = |name: &String| draft.policy.staff_named(name).map_or_else(|| name.clone(), |one| one.label.clone());
    let shown = post.author.clone().or_else(|| post.address.as_ref().map(Address::to_string));
    let inside = Inside {
        reply_goes_to: (to.audience == Audience::Public).then(|| reply_goes_to(now, post)).flatten(),
        author: shown.clone(),
        words: Some(fenced(&words(post))),
        enclosed: listed(&enclosed),
        too_large: listed(&large),
        stranger: post.stranger.then_some(shown).flatten(),
        like: like(draft, now.number),
        instead_of: to.instead_of.clone().filter(|away| *away != to.staff.label),
        closed_since: opened_again(draft, now),
        queue: queue.map(|queue| queue.label.clone()),
        priority: Some(now.priority.clone().unwrap_or_else(|| desk.priority.clone())),
        assignee: now.assignee.as_ref().map(label),
        since: Some(desk.hours.day(now.known.map_or(draft.event.received, |case| case.opened)).to_string()),
        last_of: (so_far + 1 == limit).then_some(limit),
        ..Inside::default()
    };
    let root = thread(draft, now);
    Some(Letter {
        id: draft.next_letter(),
        template: Template::Notified,
        hand: Hand::Machine,
        audience: to.audience,
        case: Some(now.number),
        post: Some(post.id),
        person: Some(to.staff.name.clone()),
        asks: None,
        question: None,
        from: Named { name: Some(name), address: desk_address.address },
        to: vec![addressed(to.staff)],
        cc: Vec::new(),
        subject: now.subject.clone(),
        language: draft.language(None),
        in_reply_to: now.known.and(root.clone()),
        references: root.into_iter().collect(),
        quotes: now.known.and_then(|case| case.last_post).into_iter().collect(),
        recalls: now.known.filter(|_| to.knows == Knows::Nothing).map(|case| case.number),
        enclosed: (!enclosed.is_empty())
            .then(|| Enclosed { entry: post.entry, parts: enclosed.into_iter().cloned().collect() }),
        facts: Facts { case_number: now.number.to_string(), inside, ..Facts::default() },
        at: draft.now,
    })
}

pub(super) fn addressed(staff: &Staff) -> Named {
    Named { name: Some(staff.label.clone()), address: staff.addresses[0].clone() }
}

/// A case is one thread in everybody's mail program: all that staff are written about it refers to its first mail,
/// which staff may know, and customers know already.
fn thread(draft: &Draft<'_>, now: &Now<'_>) -> Option<MessageId> {
    match now.known {
        Some(case) => case.message_ids.first().cloned(),
        None => draft.arrived().and_then(|arrived| arrived.reading.message.message_id.clone()),
    }
}

/// The day on which a case was closed that is open now.
fn opened_again(draft: &Draft<'_>, now: &Now<'_>) -> Option<String> {
    let known = now.known.filter(|case| case.phase == Phase::Closed)?;
    let opened =
        |effect: &Effect| matches!(effect, Effect::SetPhase { case, phase: Phase::Open, .. } if *case == known.number);
    let closed = known.closed.filter(|_| draft.effects.iter().any(opened))?;
    Some(draft.policy.desk.hours.day(closed).to_string())
}

/// The case with which merging the new one was just proposed.
fn like(draft: &Draft<'_>, number: CaseNumber) -> Option<String> {
    draft.effects.iter().find_map(|effect| {
        if let Effect::LinkCase { from, to, kind: LinkKind::SameConversation, .. } = effect
            && *from == number
        {
            Some(to.to_string())
        } else {
            None
        }
    })
}

/// A name that reads like a person's; nothing else stands beside our address.
fn author(post: &NewPost) -> Option<String> {
    match (&post.address, &post.author) {
        (Some(address), Some(name)) => plausible_name(&Named { name: Some(name.clone()), address: address.clone() }),
        (None, name) => name.clone(),
        (Some(_), None) => None,
    }
}

fn words(post: &NewPost) -> String {
    let words = if post.author_text.trim().is_empty() { &post.text } else { &post.author_text };
    match words.char_indices().nth(WORDS) {
        Some((at, _)) => format!("{}\n[…]", &words[..at]),
        None => words.clone(),
    }
}

/// Whom a reply to this post goes to.
fn reply_goes_to(now: &Now<'_>, post: &NewPost) -> Option<String> {
    let last = match post.kind {
        PostKind::MailIn => post.address.as_ref(),
        PostKind::Answer | PostKind::Note | PostKind::Automatic => now.known.and_then(|case| case.last_author.as_ref()),
    };
    goes_to(&now.participants, last)
}

/// `Anna Schmidt, Cc Bob, carl@law.example`; None when nobody outside takes part.
fn goes_to(participants: &[Named], last: Option<&Address>) -> Option<String> {
    let first = participants.iter().position(|one| Some(&one.address) == last).unwrap_or(0);
    let to = participants.get(first)?;
    let name = |named: &Named| plausible_name(named).unwrap_or_else(|| named.address.to_string());
    let others: Vec<&Named> = participants.iter().filter(|one| one.address != to.address).collect();
    let mut copies: Vec<String> = others.iter().take(NAMES).map(|named| name(named)).collect();
    if others.len() > NAMES {
        copies.push(format!("+{}", others.len() - NAMES));
    }
    Some(match copies.is_empty() {
        true => name(to),
        false => format!("{}, Cc {}", name(to), copies.join(", ")),
    })
}

/// The files that go with a notice, in order, as long as there is room; and the others.
fn enclosed(files: &[Attachment], room: u64) -> (Vec<&Attachment>, Vec<&Attachment>) {
    let mut left = room;
    files.iter().partition(|file| {
        let fits = file.size <= left;
        left -= if fits { file.size } else { 0 };
        fits
    })
}

fn listed(files: &[&Attachment]) -> Option<String> {
    let lines: Vec<String> =
        files.iter().map(|file| format!("{} ({})", file.name, bytes_in_words(file.size))).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}
