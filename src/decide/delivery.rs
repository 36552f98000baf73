//! What the SMTP server refused for good (B28): a note on the case, and a mark on an address that does not exist.

use super::{Draft, notify};
use crate::case::event::{Refusal, Undeliverable};
use crate::case::sentence::sentence;
use crate::case::{Audience, Decision, Effect, NewPost, PostKind, Sentence, Verdict};
use crate::link::find_case;

pub(super) fn decide(mut draft: Draft<'_>, undeliverable: &Undeliverable) -> Decision {
    for refusal in undeliverable.refusals.iter().filter(|refusal| is_address_fault(&refusal.reply)) {
        draft.say("The server's reply says that the address does not exist: it is marked.");
        draft.effects.push(Effect::MarkUndeliverable {
            address: refusal.recipient.clone(),
            reason: "The mail server says that the address does not exist.".to_owned(),
        });
    }
    let refused = draft.snapshot.refused.as_ref();
    if refused.is_some_and(|sent| sent.case.is_none()) {
        draft.say(format!("Mail {} was refused, and it is about no case: recorded.", undeliverable.mail));
        return draft.decided(Verdict::Recorded, None);
    }
    let Some(case) = refused.and_then(|sent| find_case(draft.snapshot, sent.case?)) else {
        draft.say(format!("Mail {} was refused, and its case is not known any more: recorded.", undeliverable.mail));
        return draft.decided(Verdict::Recorded, None);
    };
    draft.say(format!("Mail {} was refused for good: noted on case {}.", undeliverable.mail, case.number));
    let lines: Vec<Sentence> = undeliverable.refusals.iter().map(in_words).collect();
    let text = Sentence::lines(&lines).said_in(&draft.language(None)).to_owned();
    let note = NewPost {
        id: draft.next_post(),
        case: case.number,
        kind: PostKind::Note,
        audience: Audience::Internal,
        author: None,
        address: None,
        subject: case.subject.clone(),
        author_text: text.clone(),
        text,
        language: None,
        attachments: Vec::new(),
        stranger: false,
        entry: draft.event.entry,
        at: draft.event.received,
    };
    draft.effects.push(Effect::AddPost(note));
    if refused.is_some_and(|sent| sent.person.is_none()) {
        draft.take_the_word_back(case);
        notify::of_newest_post(&mut draft, None);
    }
    draft.decided(Verdict::Filed, Some(case.number))
}

fn in_words(refusal: &Refusal) -> Sentence {
    let Refusal { recipient, reply, .. } = refusal;
    sentence!(
        "Our mail to {recipient} could not be delivered: {reply}",
        "Unsere Mail an {recipient} konnte nicht zugestellt werden: {reply}"
    )
}

/// True when the recipient's address is at fault, not the mail or the server: an enhanced code 5.1.x about the
/// destination (RFC 3463 §3.2), or without one the replies 550, 551 and 553 (RFC 5321 §4.2.3).
fn is_address_fault(reply: &str) -> bool {
    let mut words = reply.split(|c: char| c.is_whitespace() || c == '-' || c == '#').filter(|word| !word.is_empty());
    let code = words.next().unwrap_or_default();
    let enhanced = std::iter::once(code).chain(words).take(2).find(|word| {
        let parts: Vec<&str> = word.split('.').collect();
        parts.len() == 3 && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
    });
    match enhanced {
        // 5.1.7 and 5.1.8 are about the sender's address.
        Some(status) => status.starts_with("5.1.") && !matches!(status, "5.1.7" | "5.1.8"),
        None => matches!(code, "550" | "551" | "553"),
    }
}

#[cfg(test)]
mod tests {
    use super::is_address_fault;

    #[test]
    fn only_faults_of_the_address_count() {
        for fault in
            ["550 5.1.1 no such user", "550 No such user here", "553-5.1.2 bad domain", "550 #5.1.0 Address rejected"]
        {
            assert!(is_address_fault(fault), "{fault}");
        }
        for other in ["550 5.7.1 spam", "552 too big", "554 5.1.8 sender", "451 later", "gave up after 5 days", ""] {
            assert!(!is_address_fault(other), "{other}");
        }
    }
}
