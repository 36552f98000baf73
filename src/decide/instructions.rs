//! What a staff mail asks for above its text: carried out in order, each command done or not with one sentence, and
//! answered in one mail. What is not understood is asked about before anything is done; and no text goes to a
//! customer while a command that says who reads it could not be done.

use super::Draft;
use super::action::{Actor, Carrier, Work};
use super::answer::desk_address;
use super::notify::addressed;
use crate::case::instruction::{Order, WORDS, Word};
use crate::case::letter::{Facts, Hand, Inside};
use crate::case::sentence::sentence;
use crate::case::snapshot::CaseFacts;
use crate::case::{Action, Audience, CaseNumber, Instructions, Letter, PostId, Sentence, Template};
use crate::link::find_case;
use crate::mail::{Message, Named};
use crate::rules::Staff;

/// Readers whom a report names.
const NAMES: usize = 8;

/// A mail by one of the staff, who are who they say.
pub(super) struct StaffMail<'a> {
    pub case: &'a CaseFacts,
    pub staff: &'a Staff,
    /// The post that is answered.
    pub answered: Option<PostId>,
    /// To whom the text goes where no command says otherwise (B32).
    pub audience: Audience,
    pub insistence: Insistence,
    pub message: &'a Message,
    /// Its files are those that go with the text.
    pub carrier: Carrier<'a>,
}

/// Whether the writer was asked already, and said that the text is to go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Insistence {
    None,
    Sends,
}

/// What became of such a mail.
pub(super) enum Followed<'a> {
    Done {
        /// Where the answered post is now; else the case that was worked on.
        case: CaseNumber,
        /// What the text became.
        post: Option<PostId>,
        /// The colleague who has the case since this mail, where it is another one than its writer.
        assigned: Option<&'a Staff>,
    },
    /// Nothing was done: the mail is to be held, and its writer asked.
    Asked {
        /// Sentences, one a line.
        why: Sentence,
    },
}

/// Carries out `instructions`, and does with the text what they say.
pub(super) fn follow<'a>(draft: &mut Draft<'a>, mail: &StaffMail<'_>, instructions: &Instructions) -> Followed<'a> {
    if !instructions.unclear.is_empty() {
        return Followed::Asked { why: Sentence::lines(&instructions.unclear) };
    }
    let plan = Plan::of(mail, instructions);
    if plan.help && !plan.text.is_empty() {
        let sentence = sentence!(
            "`#help` stands above a text: the text was sent to nobody.",
            "`#help` steht über einem Text: Der Text wurde niemandem gesendet."
        );
        return Followed::Asked { why: sentence.then("\n\n", &help()) };
    }
    let before = draft.checkpoint();
    let staff = draft.policy.staff_named(&mail.staff.name);
    let mut work = Work::on(draft, mail.case, Actor { called: mail.staff.label.clone(), staff });
    work.carrier = Some(mail.carrier);
    work.answered = mail.answered;
    match carry_out(&mut work, &plan) {
        Ok(report) => {
            let Work { case, written, assigned, .. } = work;
            if !report.is_empty() {
                carried_out(draft, mail.staff, mail.message, Some((&case, written.or(mail.answered))), &report);
            }
            Followed::Done { case: case.number, post: written, assigned }
        }
        Err(why) => {
            draft.undo(before);
            Followed::Asked { why }
        }
    }
}

/// Whom a text goes to, as the commands above it say.
pub(super) fn whose(instructions: &Instructions, usual: Audience) -> Audience {
    let has = |word: Word| instructions.orders.iter().any(|order| order.word() == word);
    let internal = has(Word::Note) || has(Word::Spam) || (usual == Audience::Internal && !has(Word::Send));
    if internal { Audience::Internal } else { Audience::Public }
}

/// What is to be done, in order.
struct Plan<'m> {
    orders: Vec<&'m Order>,
    /// What the text becomes.
    words: Option<Action>,
    /// Where the case stands in the end, whatever the text does.
    after: Vec<&'m Order>,
    text: &'m str,
    audience: Audience,
    insistence: Insistence,
    help: bool,
}

impl<'m> Plan<'m> {
    fn of(mail: &StaffMail<'_>, instructions: &'m Instructions) -> Plan<'m> {
        let files = !mail.carrier.attachments.is_empty();
        let text = instructions.text.as_str();
        let says = !text.is_empty() || files;
        let audience = whose(instructions, mail.audience);
        let mut orders: Vec<&Order> = instructions.orders.iter().collect();
        let mut words = None;
        if says {
            let text = text.to_owned();
            let carries = |order: &&Order| matches!(order, Order::Act(Action::Close { .. } | Action::Reopen { .. }));
            let ending = orders.iter().position(carries).filter(|_| audience == Audience::Public);
            words = Some(match ending.map(|at| orders.remove(at)) {
                Some(Order::Act(Action::Close { .. })) => Action::Close { text: Some(text) },
                Some(_) => Action::Reopen { text: Some(text) },
                None if audience == Audience::Public => Action::Reply { text },
                None => Action::Note { text },
            });
        }
        let help = orders.iter().any(|order| matches!(order, Order::Help));
        let (after, orders) = orders.into_iter().partition(|order| matches!(order.word(), Word::Status | Word::Wait));
        Plan { orders, words, after, text, audience, insistence: mail.insistence, help }
    }
}

/// Carries out a plan. What to tell its writer; or why nothing may stay done.
fn carry_out(work: &mut Work<'_, '_>, plan: &Plan<'_>) -> Result<Vec<Sentence>, Sentence> {
    let mut report = Vec::new();
    let mut missing_readers = Vec::new();
    let public = plan.words.is_some() && plan.audience == Audience::Public && plan.insistence == Insistence::None;
    for order in &plan.orders {
        if let Err(why) = give(work, order, &mut report) {
            if public && says_who_reads(order.word()) {
                missing_readers.push(why.clone());
            }
            not_done(work, &why, &mut report);
        }
    }
    if !missing_readers.is_empty() {
        missing_readers.push(sentence!(
            "That says who reads your text: until it is clear, the text goes to nobody.",
            "Davon hängt ab, wer Ihren Text liest: Bis es klar ist, geht der Text an niemanden."
        ));
        return Err(Sentence::lines(&missing_readers));
    }
    if let Some(action) = &plan.words {
        let said = work.carry_out(action)?;
        match action {
            Action::Reply { .. } if !report.is_empty() => report.push(went_to(work).listed()),
            Action::Note { .. } if !report.is_empty() => report.push(Word::Note.meaning().listed()),
            Action::Close { .. } | Action::Reopen { .. } => report.extend([said.listed(), went_to(work).listed()]),
            // An answer or a note of which there is nothing else to say; other actions have no text.
            Action::Reply { .. }
            | Action::Note { .. }
            | Action::Assign { .. }
            | Action::Accept { .. }
            | Action::Priority { .. }
            | Action::Status { .. }
            | Action::Tag { .. }
            | Action::Untag { .. }
            | Action::Queue { .. }
            | Action::Cc { .. }
            | Action::Uncc { .. }
            | Action::Merge { .. }
            | Action::Split { .. }
            | Action::Move { .. }
            | Action::Spam
            | Action::Wait { .. } => {}
        }
    }
    for order in &plan.after {
        if let Err(why) = give(work, order, &mut report) {
            not_done(work, &why, &mut report);
        }
    }
    Ok(report)
}

fn not_done(work: &mut Work<'_, '_>, why: &Sentence, report: &mut Vec<Sentence>) {
    let told = sentence!("Not done:", "Nicht getan:").then(" ", why);
    work.draft.say(told.english());
    report.push(told.listed());
}

/// Carries out one command.
fn give(work: &mut Work<'_, '_>, order: &Order, report: &mut Vec<Sentence>) -> Result<(), Sentence> {
    match order {
        Order::Note | Order::Send => {}
        Order::Help => report.push(help()),
        Order::Faulty(_, sentence) => return Err(sentence.clone()),
        Order::Act(Action::Accept { post: None }) if answers_stranger(work) => {
            let done = work.carry_out(&Action::Accept { post: work.answered })?;
            report.push(done.listed());
        }
        Order::Act(action) => {
            let done = work.carry_out(action)?;
            report.push(done.listed());
        }
    }
    Ok(())
}

fn answers_stranger(work: &Work<'_, '_>) -> bool {
    work.draft.snapshot.posts.iter().any(|post| Some(post.post) == work.answered && post.stranger)
}

/// Commands without which a text might go to other people than its writer means.
fn says_who_reads(word: Word) -> bool {
    match word {
        Word::Cc | Word::Uncc | Word::Merge | Word::Move | Word::Split | Word::Accept => true,
        Word::Note
        | Word::Send
        | Word::Close
        | Word::Reopen
        | Word::Assign
        | Word::Priority
        | Word::Status
        | Word::Queue
        | Word::Tag
        | Word::Untag
        | Word::Wait
        | Word::Spam
        | Word::Help => false,
    }
}

/// Who reads the text, once it is sent.
fn went_to(work: &Work<'_, '_>) -> Sentence {
    let all = work.case.participants.len();
    let names: Vec<&str> = work.case.participants.iter().take(NAMES).map(|one| one.who.address.as_str()).collect();
    let listed = names.join(", ");
    match all.saturating_sub(names.len()) {
        _ if all == 0 => sentence!(
            "Your text went to nobody: nobody outside takes part.",
            "Ihr Text ging an niemanden: Niemand außerhalb ist beteiligt."
        ),
        0 => sentence!("Your text went to {listed}.", "Ihr Text ging an {listed}."),
        more => {
            sentence!("Your text went to {listed}, and {more} more.", "Ihr Text ging an {listed} und {more} weitere.")
        }
    }
}

/// The list of commands.
fn help() -> Sentence {
    let above = sentence!(
        "Commands stand at the very top of a reply, one a line, each with #. What stands below them is your text.",
        "Befehle stehen ganz oben in einer Antwort, einer je Zeile, jeder mit #. Was unter ihnen steht, ist Ihr Text."
    );
    let line = |word: &Word| Sentence::new(word.example(), word.example()).then("\n    ", &word.meaning());
    let lines: Vec<Sentence> = WORDS.iter().map(line).collect();
    above.then("\n\n", &Sentence::lines(&lines))
}

/// Answers `#help` in a mail that is about no case.
pub(super) fn explain(draft: &mut Draft<'_>, staff: &Staff, message: &Message) {
    carried_out(draft, staff, message, None, &[help()]);
}

/// Tells of a mail in which nothing could be carried out.
pub(super) fn report(
    draft: &mut Draft<'_>,
    staff: &Staff,
    message: &Message,
    case: Option<CaseNumber>,
    lines: &[Sentence],
) {
    let case = case.and_then(|number| find_case(draft.snapshot, number));
    carried_out(draft, staff, message, case.map(|case| (case, None)), lines);
}

/// The letter that says what was done and what was not. To the address that wrote, and to no other of the writer's.
fn carried_out(
    draft: &mut Draft<'_>,
    staff: &Staff,
    message: &Message,
    about: Option<(&CaseFacts, Option<PostId>)>,
    lines: &[Sentence],
) {
    let case = about.map(|(case, _)| case);
    let from = message.originator().filter(|from| staff.addresses.contains(from));
    let to = from.map_or_else(|| addressed(staff).address, Clone::clone);
    let number = case.map(|case| case.number);
    let language = draft.language(None);
    let words = Sentence::lines(lines).said_in(&language).to_owned();
    let letter = Letter {
        id: draft.next_letter(),
        template: Template::CarriedOut,
        hand: Hand::Machine,
        audience: Audience::Internal,
        case: number,
        post: about.and_then(|(_, post)| post),
        person: Some(staff.name.clone()),
        asks: None,
        question: None,
        from: desk_address(draft, case.and_then(|case| draft.queue(&case.queue))),
        to: vec![Named { name: Some(staff.label.clone()), address: to }],
        cc: Vec::new(),
        subject: case.map(|case| case.subject.clone()).unwrap_or_default(),
        language,
        in_reply_to: message.message_id.clone(),
        references: message.references.iter().chain(&message.message_id).cloned().collect(),
        quotes: Vec::new(),
        recalls: None,
        enclosed: None,
        facts: Facts {
            case_number: number.map(|number| number.to_string()).unwrap_or_default(),
            inside: Inside { words: Some(words), ..Inside::default() },
            ..Facts::default()
        },
        at: draft.now,
    };
    draft.letters.push(letter);
}
