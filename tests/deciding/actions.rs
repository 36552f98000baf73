//! Every action alone, as staff ask for it by mail: done or not, and in either case one sentence says so; in the
//! language of the desk.

use jiff::civil::Date;
use postcase::case::letter::Letter;
use postcase::case::{Action, CaseNumber, Decision, NewPost, Template, Verb, Who};
use postcase::compose::{Quoted, compose};
use postcase::mail::{Circumstances, Keyring, Language};
use postcase::rules::Away;

use crate::ledger::{DESK, Ledger, Mail, address};
use crate::staff::{ANNA, KEVIN, PETRA, answering, authenticated, desk, reference, saying, staff};

const BOB: &str = "bob@gmail.com";

/// Case 10 of Carl's, and case 11 of Anna's, Bob on copy. Sean has left, Omar is away.
fn two_cases(language: &str) -> Ledger {
    let mut desk = desk();
    desk.policy.desk.languages = vec![Language(language.to_owned())];
    let day = |day: &str| day.parse::<Date>().expect("a day");
    let mut sean = staff("sean", "sean@desk.example");
    sean.left = Some(day("2020-01-01"));
    sean.queues.clear();
    let mut omar = staff("omar", "omar@desk.example");
    omar.away = vec![Away { from: day("2020-01-01"), to: day("2999-01-01") }];
    omar.queues.clear();
    omar.substitute = Some("petra".to_owned());
    desk.policy.staff.extend([sean, omar]);
    let burns = |mail: Mail| saying(mail, "Es brennt.").subject("Drucker");
    desk.mail(&burns(Mail::new("c", "carl@law.example")).subject("Farbband"));
    desk.mail(&burns(Mail::new("a", ANNA).cc(&[BOB])));
    desk.cases.get_mut(&CaseNumber(10)).expect("it was opened").opened = desk.now;
    desk
}

/// What Kevin is told after a mail of his in answer to the notice of case 11, which is Anna's.
fn told(desk: &mut Ledger, words: &str) -> String {
    let notice = reference(desk, "kevin");
    let decision = desk.mail(&saying(answering(Mail::new("k", KEVIN), notice), words));
    let of_commands = |letter: &&Letter| matches!(letter.template, Template::CarriedOut | Template::Asked);
    let mut letters = decision.letters.iter().filter(of_commands);
    let letter = letters.next().unwrap_or_else(|| panic!("{words}: {:?}", decision.trace));
    assert!(letters.next().is_none(), "one letter says it all");
    letter.facts.inside.words.clone().expect("it says something")
}

fn on(action: Action) -> Verb {
    Verb::on(CaseNumber(11), action)
}

/// What was done before, the words of the mail, and what its writer is told.
#[expect(clippy::too_many_lines, reason = "one table")]
fn table() -> Vec<(Vec<Verb>, &'static str, &'static str)> {
    let closed = || vec![on(Action::Close { text: None })];
    let kevins = || vec![on(Action::Assign { to: "kevin".to_owned() })];
    let tagged = || vec![on(Action::Tag { tags: vec!["hall2".to_owned()] })];
    let deserted = || [ANNA, BOB].map(|who| on(Action::Uncc { who: Who::Outside(address(who)) })).to_vec();
    let none = Vec::new;
    vec![
        (none(), "#assign petra", "- Case 11 is with petra now."),
        (none(), "#assign me", "- Case 11 is with kevin now."),
        (kevins(), "#assign kevin", "- Case 11 is with kevin already."),
        (none(), "#assign omar", "- Case 11 is with omar now. omar is away until 2999-01-01, and petra stands in."),
        (none(), "#assign sean", "- Not done: sean does not work here any more. There are kevin, petra, omar."),
        (
            none(),
            "#assign keven",
            "- Not done: There is no colleague `keven`. Did you mean `kevin`? There are kevin, petra, omar.",
        ),
        (none(), "#assign xyz", "- Not done: There is no colleague `xyz`. There are kevin, petra, omar."),
        (none(), "#accept", "- kevin took case 11."),
        (kevins(), "#accept", "- Case 11 is yours already."),
        (none(), "#priority high", "- The priority of case 11 is high."),
        (none(), "#priority normal", "- The priority of case 11 is normal already."),
        (
            none(),
            "#priority hihg",
            "- Not done: There is no priority `hihg`. Did you mean `high`? There are normal, high.",
        ),
        (none(), "#status solved", "- Case 11 is solved."),
        (none(), "#status new", "- Case 11 is new already."),
        (none(), "#status closed", "- kevin closed case 11."),
        (
            none(),
            "#status slved",
            "- Not done: There is no status `slved`. Did you mean `solved`? There are new, open, waiting, solved, closed.",
        ),
        (none(), "#queue sales", "- Case 11 is in queue sales."),
        (none(), "#queue support", "- Case 11 is in queue support already."),
        (none(), "#queue prats", "- Not done: There is no queue `prats`. There are support, sales."),
        (none(), "#tag printer hall2", "- Case 11 has the tags printer, hall2."),
        (tagged(), "#tag hall2", "- Case 11 has these tags already."),
        (
            none(),
            "#tag a+b",
            "- Not done: `a+b` is no tag: a tag is one word of at most 50 letters, digits and -_.:/ signs.",
        ),
        (tagged(), "#untag hall2", "- Case 11 has the tag hall2 no longer."),
        (none(), "#untag hall2", "- Not done: There is no tag `hall2`. There are none yet."),
        (
            none(),
            "#cc eve@gmail.com",
            "- eve@gmail.com takes part in case 11; what was written before is not quoted to them.",
        ),
        (none(), "#cc bob@gmail.com", "- bob@gmail.com takes part in case 11 already."),
        (
            none(),
            "#cc support@desk.example",
            "- Not done: support@desk.example is one of our own addresses: it takes part by itself.",
        ),
        (
            none(),
            "#cc noreply@shop.example",
            "- Not done: Nobody reads mail to noreply@shop.example: it cannot take part.",
        ),
        (none(), "#cc petra", "- petra follows case 11."),
        (vec![on(Action::Cc { who: Who::Staff("petra".to_owned()) })], "#cc petra", "- petra follows case 11 already."),
        (
            vec![on(Action::Cc { who: Who::Staff("petra".to_owned()) })],
            "#uncc petra",
            "- petra follows case 11 no longer.",
        ),
        (none(), "#uncc petra", "- Not done: There is no follower `petra`. There are none yet."),
        (none(), "#uncc bob@gmail.com", "- bob@gmail.com takes part in case 11 no longer."),
        (
            vec![on(Action::Uncc { who: Who::Outside(address(BOB)) })],
            "#uncc anna@shop.example",
            "- anna@shop.example takes part in case 11 no longer. Nobody outside takes part now.",
        ),
        (
            none(),
            "#uncc eve@gmail.com",
            "- Not done: There is no participant `eve@gmail.com`. Did you mean `bob@gmail.com`? There are anna@shop.example, bob@gmail.com.",
        ),
        (none(), "#merge 10", "- Case 11 is part of case 10 now."),
        (
            vec![Verb::on(CaseNumber(10), Action::Close { text: None })],
            "#merge 10",
            "- Case 11 is part of case 10 now. It is open again.",
        ),
        (none(), "#merge 11", "- Not done: That is case 11 itself: name another one."),
        (none(), "#merge 99", "- Not done: There is no case 99. `postcase case list` shows the cases there are."),
        (none(), "#merge 10\n#merge 10", "- Case 11 is part of case 10 now."),
        (
            vec![on(Action::Merge { with: CaseNumber(10) })],
            "#merge 11",
            "- Not done: Case 11 is part of case 10 already.",
        ),
        (none(), "#move 10", "- Case 11 had nothing else. Case 11 is part of case 10 now."),
        (none(), "#move 11", "- Not done: That is case 11 itself: name another one."),
        (none(), "#split", "- Not done: Nothing would be left in case 11: it is a case of its own already."),
        (none(), "#spam", "- Case 11 is closed as spam, without a word to anybody."),
        (closed(), "#spam", "- Case 11 has the tag spam; it was closed before."),
        (none(), "#wait 2999-01-01", "- Not done: 2999-01-01 is more than 5 years ahead: is the year right?"),
        (none(), "#wait 2020-01-01", "- Not done: 2020-01-01 is not in the future: today is 2026-03-03."),
        (
            none(),
            "#wait 2027-02-30",
            "- Not done: `2027-02-30` is no day: write it as 2027-05-14, or 3d, 2w, tomorrow.",
        ),
        (none(), "#wait 4w", "- Case 11 waits until the morning of 2026-03-31, or until the customer writes."),
        (closed(), "#wait 3d", "- Not done: Case 11 is closed: reopen it first, or it has nothing to wait for."),
        (none(), "#close", "- kevin closed case 11."),
        (
            none(),
            "#close\nWie besprochen.",
            "- kevin closed case 11.\n- Your text went to anna@shop.example, bob@gmail.com.",
        ),
        (closed(), "#close", "- Not done: Case 11 is closed already."),
        (closed(), "#reopen", "- kevin reopened case 11."),
        (none(), "#reopen", "- Not done: Case 11 is not closed."),
        (
            closed(),
            "#reopen\nWie besprochen.",
            "- kevin reopened case 11.\n- Your text went to anna@shop.example, bob@gmail.com.",
        ),
        (
            none(),
            "#tag a\nWie besprochen.",
            "- Case 11 has the tag a.\n- Your text went to anna@shop.example, bob@gmail.com.",
        ),
        (
            none(),
            "#tag a\n#note\nWie besprochen.",
            "- Case 11 has the tag a.\n- Your text is a note that only staff read.",
        ),
        (deserted(), "#tag a\nWie besprochen.", "Nobody outside takes part in case 11: there is no one to answer."),
        (
            none(),
            "#cc noreply@shop.example\nWie besprochen.",
            "Nobody reads mail to noreply@shop.example: it cannot take part.\nThat says who reads your text: until it is clear, the text goes to nobody.",
        ),
        (
            none(),
            "#help",
            "Commands stand at the very top of a reply, one a line, each with #. What stands below them is your text.",
        ),
        (
            none(),
            "#help\nWie besprochen.",
            "`#help` stands above a text: the text was sent to nobody.\n\nCommands stand at the very top of a reply, one a line, each with #. What stands below them is your text.",
        ),
        (none(), "#clsoe", "`#clsoe` is no command: did you mean `#close`?"),
        (none(), "#foo", "`#foo` is no command."),
        (none(), "# close", "Is `#close` a command? It is written without a space."),
        (none(), "#close\n#reopen", "`#close` and `#reopen` contradict each other."),
        (none(), "#assign kevin\n#assign petra", "`#assign` stands there twice, each time otherwise."),
        (
            none(),
            "#tag a #close",
            "Is `#close` behind `#tag` a tag or a command? A command stands on a line of its own, a tag without `#`.",
        ),
        (none(), "#assign", "- Not done: `#assign` takes the name of a colleague, as in `#assign kevin`."),
        (none(), "#merge ten", "- Not done: `#merge` takes the number of one case, as in `#merge 10480`."),
    ]
}

#[test]
fn every_action_is_answered_with_one_sentence() {
    for (before, words, expected) in table() {
        let mut desk = two_cases("en");
        before.into_iter().for_each(|verb| drop(desk.command(verb)));
        desk.pass_days(1);
        let told = told(&mut desk, words);
        // `#help` says more below.
        assert!(told == expected || told.starts_with(&format!("{expected}\n\n")), "{words}: {told}");
    }
}

/// What was not done has changed nothing.
#[test]
fn what_is_not_done_changes_nothing() {
    for (before, words, expected) in
        table().into_iter().filter(|row| row.2.starts_with("- Not done") && !row.2.contains('\n'))
    {
        let mut desk = two_cases("en");
        before.into_iter().for_each(|verb| drop(desk.command(verb)));
        desk.pass_days(1);
        let cases = desk.cases.clone();
        told(&mut desk, words);
        assert_eq!(desk.cases, cases, "{words}: {expected}");
    }
}

/// What is parted from a case is called as its own first mail is; a reply to our own letter says nothing.
#[test]
fn a_split_case_is_called_as_its_first_mail() {
    for (subject, called) in [("AW: Rechnung [Case 11]", "Rechnung"), ("Re: We have received your message", "Drucker")]
    {
        let mut desk = two_cases("en");
        let customers = desk.sent.iter().rev().find(|sent| sent.person.is_none()).expect("an acknowledgement").id;
        desk.mail(&answering(Mail::new("r", ANNA), customers).subject(subject));
        desk.pass_days(1);
        told(&mut desk, "#split");
        assert_eq!(desk.case(12).subject, called, "{subject}");
        assert_eq!(desk.case(11).subject, "Drucker");
    }
}

/// Words that are English and not German, in small letters. Names of priorities, statuses and commands are neither.
const ENGLISH: &str = "the is are your there not takes already now done reply answer goes stays wrote please keep and of \
    with has this which nobody mails nothing only moved noted came could be ago you colleague post posts \
    command";

fn speaks_german(desk: &Ledger, decision: &Decision) {
    let keyring = Keyring::new(vec![[7; 32]]);
    for letter in &decision.letters {
        let quotes: Vec<Quoted> = desk.posts.iter().map(quoted).collect();
        let composed = compose(letter, &desk.policy, &keyring, &quotes, &[]);
        let circumstances = Circumstances { keyring: keyring.clone(), ..Circumstances::default() };
        let read = postcase::mail::read(&composed.bytes, &circumstances).message;
        for line in read.text.lines().chain([read.subject.as_str()]) {
            let mut words = line.split(|c: char| !c.is_alphabetic()).map(str::to_lowercase);
            // A command of the command line speaks English.
            let plain = !line.contains("postcase case");
            assert!(
                !plain || words.all(|word| !ENGLISH.split(' ').any(|english| english == word)),
                "{line}\n\n{}",
                read.text
            );
        }
    }
}

fn quoted(post: &NewPost) -> Quoted {
    let author = post.author.clone().unwrap_or_else(|| "Postcase".to_owned());
    Quoted { author, at: post.at, audience: post.audience, text: post.author_text.clone() }
}

#[test]
fn a_german_desk_is_told_everything_in_german() {
    for (before, words, _) in table() {
        let mut desk = two_cases("de");
        for verb in before {
            let decision = desk.command(verb);
            speaks_german(&desk, &decision);
        }
        desk.pass_days(1);
        told(&mut desk, words);
        let decision = desk.decisions.last().expect("it was decided").clone();
        speaks_german(&desk, &decision);
    }
}

#[test]
fn questions_and_notices_of_a_german_desk_are_in_german() {
    let mut desk = two_cases("de");
    let notice = reference(&desk, "kevin");
    let petras = reference(&desk, "petra");
    let customers = desk.sent.iter().rev().find(|sent| sent.person.is_none()).expect("an acknowledgement").id;
    let mails = [
        ("nobody knows who wrote it", saying(Mail::new("1", KEVIN).to(&[ANNA]), "Wie besprochen.")),
        ("commands about no case", saying(authenticated(Mail::new("2", KEVIN)), "#close")),
        ("commands on a mail to others", saying(authenticated(Mail::new("3", KEVIN)).to(&[DESK, ANNA]), "#close")),
        ("a colleague was faster", saying(answering(Mail::new("4", KEVIN), notice), "Wie besprochen.")),
        ("a crossing answer", saying(answering(Mail::new("5", PETRA), petras), "Wie besprochen.")),
        ("a stranger", saying(answering(Mail::new("6", "eve@yahoo.com"), customers), "Ich auch.")),
        ("another subject", saying(answering(Mail::new("7", ANNA), customers).subject("Rechnung"), "Und das?")),
        ("a gift", saying(answering(Mail::new("8", KEVIN), notice), "#assign petra")),
    ];
    for (what, mail) in mails {
        let decision = desk.mail(&mail);
        assert!(!decision.letters.is_empty(), "{what}: {:?}", decision.trace);
        speaks_german(&desk, &decision);
        desk.pass_days(i64::from(what == "nobody knows who wrote it"));
    }
    let question = desk.sent.iter().find(|sent| sent.asks.is_some()).expect("a question").id;
    for words in ["Vielleicht.", "#send das"] {
        let decision = desk.mail(&saying(answering(Mail::new(words, KEVIN), question), words));
        speaks_german(&desk, &decision);
    }
}

#[test]
#[should_panic(expected = "##- Please")]
fn english_is_noticed() {
    let mut desk = two_cases("en");
    told(&mut desk, "#close");
    let decision = desk.decisions.last().expect("it was decided").clone();
    speaks_german(&desk, &decision);
}
