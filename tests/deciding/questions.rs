//! Questions to staff about mail of theirs that is held, and what their answers do (B31).

use postcase::case::letter::QuestionKind;
use postcase::case::{Audience, Command, EntryId, PostKind, Verb, Verdict};
use postcase::mail::{ClueKind, Pointer};

use crate::ledger::Mail;
use crate::staff::*;

#[test]
fn only_a_yes_releases_and_what_is_neither_is_asked_about_again() {
    let mut desk = desk();
    desk.mail(&Mail::new("a", ANNA));
    desk.mail(&Mail::new("k", KEVIN).to(&[ANNA]));
    let question = reference(&desk, "kevin");
    for words in ["I did not write this!", "Hi, no, not me", "Das war ich nicht", "Never"] {
        desk.asked.clear();
        let no = desk.mail(&saying(answering(Mail::new(words, KEVIN), question), words));
        assert_eq!(no.letters.len(), 0, "{words}");
        assert!(matches!(desk.asked[..], [Command { verb: Verb::Discard { .. }, .. }]), "{words}");
    }
    desk.asked.clear();
    for words in ["I am away until Monday.", "Yes?", "Who asks?", "#close"] {
        let again = desk.mail(&saying(answering(Mail::new(words, KEVIN), question), words));
        let asks: Vec<_> = again.letters.iter().map(|letter| (letter.asks, letter.question)).collect();
        assert_eq!(asks, [(Some(EntryId(2)), Some(QuestionKind::Yours))], "{words}: {:?}", again.trace);
        desk.pass_days(1);
    }
    assert!(desk.asked.is_empty() && desk.held.contains(&EntryId(2)));
    // The second question is answered as the first.
    let second = reference(&desk, "kevin");
    assert_ne!(second, question);
    desk.mail(&saying(answering(Mail::new("y", KEVIN), second), "Ja, das ist von mir."));
    assert!(matches!(desk.asked[..], [Command { verb: Verb::Release { entry: EntryId(2) }, .. }]));
}

#[test]
fn what_an_answer_says_besides_yes_stays_as_a_note() {
    let mut desk = desk();
    desk.mail(&Mail::new("a", ANNA));
    let (kevins, petras) = (reference(&desk, "kevin"), reference(&desk, "petra"));
    desk.mail(&saying(answering(Mail::new("k", KEVIN), kevins), "Hold the button."));
    let late = saying(answering(Mail::new("p", PETRA), petras), "Change the ribbon.");
    assert_eq!(desk.mail(&late).verdict, Verdict::Hold);
    let question = reference(&desk, "petra");
    let other = desk.mail(&saying(answering(Mail::new("o", PETRA), question), "I meant the other ribbon."));
    assert_eq!((other.verdict, to_customers(&other)), (Verdict::Append, 0), "{:?}", other.trace);
    assert_eq!(desk.posts.last().unwrap().kind, PostKind::Note);
    assert!(desk.asked.is_empty());
    let yes = desk.mail(&saying(answering(Mail::new("y", PETRA), question), "Yes.\n\nBoth help."));
    assert_eq!((yes.verdict, to_customers(&yes), desk.asked.len()), (Verdict::Append, 0, 1));
    assert_eq!(desk.posts.last().unwrap().audience, Audience::Internal);
}

#[test]
fn a_question_about_commands_is_known_from_one_about_a_crossing() {
    let mut desk = desk();
    desk.mail(&Mail::new("a", ANNA));
    let notice = reference(&desk, "kevin");
    desk.mail(&saying(answering(Mail::new("k", KEVIN), notice), "Hold the button."));
    // Told of Kevin's answer, Petra's words stay internal; so does the question about them.
    let petras = desk.sent.iter_mut().rev().find(|sent| sent.person.as_deref() == Some("petra")).unwrap();
    (petras.audience, petras.about) = (Audience::Internal, Some(PostKind::Answer));
    let petras = petras.id;
    let unclear = desk.mail(&saying(answering(Mail::new("p", PETRA), petras), "#clsoe\n\nA word to Kevin."));
    assert_eq!(unclear.letters[0].question, Some(QuestionKind::Unclear));
    let question = unclear.letters[0].id;
    let bare = desk.mail(&saying(answering(Mail::new("y", PETRA), question), "Yes"));
    assert_eq!(bare.letters.len(), 1, "asked again: {:?}", bare.trace);
    let anew = desk.mail(&saying(answering(Mail::new("n", PETRA), question), "A better word to Kevin."));
    assert!(matches!(desk.asked[..], [Command { verb: Verb::Discard { .. }, .. }]), "{:?}", anew.trace);
    assert_eq!(desk.posts.last().unwrap().text, "A better word to Kevin.");
}

#[test]
fn commands_about_no_case_that_are_released_become_a_case() {
    let mut desk = desk();
    let fresh = saying(authenticated(Mail::new("k", KEVIN)), "#close");
    assert_eq!(desk.mail(&fresh).verdict, Verdict::Hold);
    let question = reference(&desk, "kevin");
    desk.mail(&saying(answering(Mail::new("y", KEVIN), question), "yes"));
    assert!(matches!(desk.asked[..], [Command { verb: Verb::Release { entry: EntryId(1) }, .. }]));
    let released = desk.release(EntryId(1), &fresh);
    assert_eq!(released.verdict, Verdict::Correction);
    assert!(desk.held.is_empty());
    assert_eq!(desk.posts.last().unwrap().author_text, "#close");
    assert_eq!(desk.release(EntryId(1), &fresh).verdict, Verdict::Declined);
}

#[test]
fn a_copy_with_a_proof_is_taken_in_instead_of_the_one_that_waits_for_it() {
    let mut desk = desk();
    desk.mail(&Mail::new("a", ANNA));
    let bare = Mail::new("k", KEVIN).to(&[ANNA]);
    assert_eq!(desk.mail(&bare).verdict, Verdict::Hold);
    let question = reference(&desk, "kevin");
    let proven = desk.mail(&authenticated(bare.clone()));
    assert_eq!(proven.verdict, Verdict::Open, "{:?}", proven.trace);
    assert!(desk.held.is_empty());
    assert_eq!(desk.mail(&authenticated(bare.clone())).verdict, Verdict::Duplicate);
    assert_eq!(desk.mail(&bare).verdict, Verdict::Duplicate);
    // The question is still in Kevin's mailbox.
    desk.mail(&saying(authenticated(answering(Mail::new("y", KEVIN), question)), "yes"));
    assert_eq!(desk.release(EntryId(2), &bare).verdict, Verdict::Declined);
    // An unproven copy, or one of what was discarded, is nothing new.
    let other = Mail::new("l", KEVIN).to(&[ANNA]);
    assert_eq!(desk.mail(&other).verdict, Verdict::Hold);
    assert_eq!(desk.mail(&other).verdict, Verdict::Duplicate);
    let entry = *desk.held.iter().next().unwrap();
    desk.command(Verb::Discard { entry, reason: "forged".to_owned() });
    assert_eq!(desk.mail(&authenticated(other)).verdict, Verdict::Duplicate);
}

#[test]
fn commands_are_carried_out_once() {
    let mut desk = desk();
    desk.mail(&Mail::new("a", ANNA));
    let number = Mail::new("k", KEVIN).clue(ClueKind::CaseNumberInSubject, Pointer::Number(10));
    let command = saying(authenticated(number), "#close");
    assert_eq!(desk.mail(&command).verdict, Verdict::Done);
    assert_eq!(desk.mail(&command).verdict, Verdict::Duplicate);
    assert_eq!(desk.release(EntryId(2), &command).verdict, Verdict::Declined);
}

#[test]
fn questions_have_a_bound() {
    let mut desk = desk();
    desk.mail(&Mail::new("a", ANNA));
    let mut asked = 0;
    for number in 0..20 {
        let decision = desk.mail(&Mail::new(&format!("f{number}"), KEVIN).to(&[ANNA]));
        assert_eq!(decision.verdict, Verdict::Hold);
        asked += decision.letters.len();
    }
    assert_eq!(asked, desk.policy.desk.notices.questions_per_hour as usize);
}
