//! A staff mail with commands at its top: carried out where it is about a case and not yet in customers' hands; asked
//! about where it is not clear, before anybody reads it.

use super::super::action::Carrier;
use super::super::instructions::{self, Followed, Insistence, StaffMail};
use super::super::mail::{self, Incoming};
use super::super::{Draft, notify};
use super::question::{Question, Unclear, ask};
use super::{Crossing, crossed, files, is_public, place};
use crate::case::event::Commands;
use crate::case::instruction::Order;
use crate::case::letter::QuestionKind;
use crate::case::sentence::sentence;
use crate::case::snapshot::{CaseFacts, KnownSent};
use crate::case::{Audience, CaseNumber, Effect, Instructions, PostId, PostKind, Verdict, words};
use crate::rules::Staff;

/// Where the words of a mail would go without a command.
struct About<'a> {
    case: &'a CaseFacts,
    post: Option<PostId>,
    audience: Audience,
}

/// Takes in a mail that begins with commands. `answered`: the letter of ours that it answers, and its case.
pub(super) fn take<'a>(
    draft: &mut Draft<'a>,
    mail: &Incoming<'_>,
    staff: &Staff,
    answered: Option<(&KnownSent, &'a CaseFacts)>,
    how: (&Instructions, Crossing, Commands),
) -> (Verdict, Option<CaseNumber>) {
    let (instructions, crossing, commands) = how;
    let about = match answered {
        Some((sent, case)) => {
            let audience = if is_public(sent) { Audience::Public } else { Audience::Internal };
            Some(About { case, post: sent.post, audience })
        }
        None => place(draft, mail).map(|case| About { case, post: None, audience: Audience::Internal }),
    };
    let Some(about) = about else { return without_case(draft, mail, staff, instructions, crossing) };
    if let Some((sent, case)) = answered
        && crossing == Crossing::Asked
        && !instructions.text.is_empty()
        && instructions::whose(instructions, about.audience) == Audience::Public
        && let Some(faster) = crossed(draft, staff, sent, case)
    {
        draft.hold_for(
            QuestionKind::Crossing,
            format!("{} answered case {} before this answer came.", faster.by, case.number),
        );
        ask(draft, mail, staff, Question::Crossing { case, faster });
        return (Verdict::Hold, Some(case.number));
    }
    let insistence = match commands {
        Commands::Carried => Insistence::None,
        Commands::Text => Insistence::Sends,
    };
    let all = words::of(&mail.arrived.reading, about.audience).text;
    let as_text = Instructions { text: all, orders: vec![Order::Send], unclear: Vec::new() };
    let unclear = !instructions.unclear.is_empty();
    let instructions = if unclear && commands == Commands::Text { &as_text } else { instructions };
    let attachments = files(mail);
    let staff_mail = StaffMail {
        case: about.case,
        staff,
        answered: about.post,
        audience: about.audience,
        insistence,
        message: &mail.arrived.reading.message,
        carrier: Carrier {
            entry: mail.entry,
            attachments: &attachments,
            language: mail.arrived.reading.language.as_ref(),
        },
    };
    draft.say(format!("{}'s mail begins with commands.", staff.label));
    match instructions::follow(draft, &staff_mail, instructions) {
        Followed::Done { case, post, assigned } => {
            tell(draft, mail, staff, &about, (case, post, assigned));
            (if post.is_some() { Verdict::Append } else { Verdict::Done }, Some(case))
        }
        Followed::Asked { why } if crossing == Crossing::Asked => {
            let reason = "A command at its top is not clear, or cannot be carried out as its text needs it.";
            draft.hold_for(QuestionKind::Unclear, reason.to_owned());
            let About { case, post, audience } = about;
            ask(draft, mail, staff, Question::Unclear(Unclear { case, post, audience, why: &why }));
            (Verdict::Hold, Some(about.case.number))
        }
        // Whoever released it knows of the commands, or of nothing: its words go to nobody outside.
        Followed::Asked { why } => {
            draft.say(why.english().lines().collect::<Vec<_>>().join(" "));
            super::note(draft, mail, staff, about.case)
        }
    }
}

/// Colleagues are told of what was written, and of the case that is theirs now.
fn tell(
    draft: &mut Draft<'_>,
    mail: &Incoming<'_>,
    staff: &Staff,
    about: &About<'_>,
    (case, post, assigned): (CaseNumber, Option<PostId>, Option<&Staff>),
) {
    match post.or(about.post).or(about.case.last_post) {
        // Later replies to this mail find the case, and nobody's word has it carried out a second time.
        Some(index) if post.is_none() => draft.effects.push(Effect::IndexMail { entry: mail.entry, post: index }),
        Some(_) | None => {}
    }
    let answered = draft.effects.iter().any(|effect| {
        matches!(effect, Effect::AddPost(post) if post.kind == PostKind::Answer && post.case == about.case.number)
    });
    let settled = draft.effects.iter().any(|effect| matches!(effect, Effect::SetAssignee { .. }));
    if answered && !settled && about.case.assignee.is_none() && case == about.case.number {
        super::assign(draft, staff, case);
    }
    let written = draft.effects.iter().any(|effect| matches!(effect, Effect::AddPost(_)));
    if written {
        notify::of_newest_post(draft, Some(&staff.name));
    }
    if let Some(assigned) = assigned {
        notify::of_assignment(draft, case, assigned, &staff.label);
    }
}

/// Commands need a case; only `#help` does not. What a person released is not held a second time.
fn without_case(
    draft: &mut Draft<'_>,
    mail: &Incoming<'_>,
    staff: &Staff,
    instructions: &Instructions,
    crossing: Crossing,
) -> (Verdict, Option<CaseNumber>) {
    if matches!(instructions.orders[..], [Order::Help]) && instructions.text.is_empty() {
        draft.say(format!("{} asks what commands there are.", staff.label));
        instructions::explain(draft, staff, &mail.arrived.reading.message);
        return (Verdict::Recorded, None);
    }
    if crossing == Crossing::Overruled {
        draft.say("It begins with commands, and is about no case: they stay there as text.");
        return mail::linked(draft, mail);
    }
    draft.hold_for(QuestionKind::Nowhere, "It begins with commands, and is about no case.".to_owned());
    let why = sentence!(
        "Commands are carried out in a reply to a mail about a case; yours answers none. Released, it becomes a case of \
         your own, and the commands stand in it as text.",
        "Befehle werden in einer Antwort auf eine Mail zu einem Fall ausgeführt; Ihre Mail antwortet auf keine. \
         Freigegeben wird sie ein eigener Fall, und die Befehle stehen darin als Text."
    );
    ask(draft, mail, staff, Question::Nowhere { why: &why });
    (Verdict::Hold, None)
}

/// Says that what people outside have read already is not carried out.
pub(super) fn not_here(draft: &mut Draft<'_>, mail: &Incoming<'_>, staff: &Staff, case: Option<CaseNumber>) {
    draft.say("Its commands are not carried out: they count in a reply to the desk alone.");
    let why = sentence!(
        "Not done: commands count in a reply that goes to the desk alone, not to people outside, and that hands on no \
         other mail.",
        "Nicht getan: Befehle zählen in einer Antwort, die allein an uns geht, nicht an Leute außerhalb, und die keine \
         andere Mail weitergibt."
    );
    instructions::report(draft, staff, &mail.arrived.reading.message, case, &[why.listed()]);
}
