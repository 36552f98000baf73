//! What mail programs make of commands, and what is none.

use proptest::prelude::*;

use super::{Instructions, Order, Word, read};
use crate::case::command::Until;
use crate::case::{Action, CaseNumber, Who};
use crate::mail::Address;

fn words(read: &Instructions) -> Vec<&'static str> {
    read.orders.iter().map(|order| order.word().name()).collect()
}

/// The commands, and the text below them; nothing is unclear.
fn clear(mail: &str) -> (Vec<&'static str>, String) {
    let found = read(mail);
    assert_eq!(found.unclear, [], "{mail}");
    assert!(!found.orders.iter().any(|order| matches!(order, Order::Faulty(..))), "{mail}: {:?}", found.orders);
    (words(&found), found.text)
}

fn one(mail: &str) -> Order {
    let mut orders = read(mail).orders;
    assert_eq!(orders.len(), 1, "{mail}: {orders:?}");
    orders.remove(0)
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

#[test]
fn commands_are_found_whatever_mail_programs_make_of_them() {
    for (mail, expected, text) in [
        ("#close\nThe new firmware solves it.", vec!["close"], "The new firmware solves it."),
        ("\n\n  #close\n\n\nSolved.\n\nKevin\n", vec!["close"], "Solved.\n\nKevin"),
        ("#close.", vec!["close"], ""),
        ("#CLOSE!", vec!["close"], ""),
        ("*#close*\nDone.", vec!["close"], "Done."),
        ("**#Close**", vec!["close"], ""),
        ("`#note`\nx", vec!["note"], "x"),
        ("＃close", vec!["close"], ""),
        ("\u{a0}#close\u{a0}\nx", vec!["close"], "x"),
        ("\u{feff}\u{200b}#close", vec!["close"], ""),
        ("#note call her back", vec!["note"], "call her back"),
        ("#close: It works now.\nKevin", vec!["close"], "It works now.\nKevin"),
        ("#close #tag printer\nText", vec!["close", "tag"], "Text"),
        ("#assign kevin #close\nText", vec!["assign", "close"], "Text"),
        (
            "#assign kevin\n#priority high\n\n#tag a b\n\nText\n#close",
            vec!["assign", "priority", "tag"],
            "Text\n#close",
        ),
        ("#close\n#close", vec!["close"], ""),
        ("#close\n\n  indented\nx", vec!["close"], "indented\nx"),
        ("#help", vec!["help"], ""),
    ] {
        assert_eq!(clear(mail), (expected, text.to_owned()), "{mail}");
    }
}

#[test]
fn what_is_no_command_is_text() {
    for mail in [
        "#1 priority for us is the printer",
        "#4711 is the old case",
        "#123",
        "Please #close this",
        "Hello\n#close",
        "# Heading\nText",
        "##- Please write above this line -##",
        "##- Bitte oberhalb dieser Zeile schreiben -##",
        "# 1",
        "#",
        "- #close",
        "> #close",
        "",
        "C#close",
    ] {
        let found = read(mail);
        assert!(found.is_empty(), "{mail}: {found:?}");
        assert_eq!(found.text, mail.trim());
    }
}

#[test]
fn what_begins_like_a_command_and_is_none_is_asked_about() {
    for (mail, sentence) in [
        ("#clsoe\nSolved.", "`#clsoe` is no command: did you mean `#close`?"),
        ("#closed", "`#closed` is no command: did you mean `#close`?"),
        ("#prio high", "`#prio` is no command: did you mean `#priority`?"),
        ("#thanks for that", "`#thanks` is no command."),
        ("#note #foo is broken", "`#foo` is no command."),
        ("# close", "Is `#close` a command? It is written without a space."),
        ("##close", "Is `#close` a command? It is written without a space."),
        ("#close\n#reopen", "`#close` and `#reopen` contradict each other."),
        ("#note\n#send\nx", "`#note` and `#send` contradict each other."),
        ("#assign kevin\n#assign petra", "`#assign` stands there twice, each time otherwise."),
        (
            "#tag printer #close",
            "Is `#close` behind `#tag` a tag or a command? A command stands on a line of its own, a tag without `#`.",
        ),
    ] {
        assert!(read(mail).unclear.iter().any(|one| one.english() == sentence), "{mail}: {:?}", read(mail).unclear);
    }
}

#[test]
fn arguments_are_what_people_and_their_programs_write() {
    let act = |mail: &str| match one(mail) {
        Order::Act(action) => action,
        other => panic!("{mail}: {other:?}"),
    };
    let merge = Action::Merge { with: CaseNumber(10480) };
    for mail in [
        "#merge 10480",
        "#merge #10480.",
        "#merge [Case 10480]",
        "*#merge* *10480*",
        "#merge with case 10480",
        "#merge: 10480",
    ] {
        assert_eq!(act(mail), merge, "{mail}");
    }
    for mail in ["#assign kevin", "#assign @kevin", "#assign: *kevin*.", "#assign\u{a0}kevin\u{a0}"] {
        assert_eq!(act(mail), Action::Assign { to: "kevin".to_owned() }, "{mail}");
    }
    let anna = Action::Cc { who: Who::Outside(address("anna@shop.example")) };
    for mail in [
        "#cc anna@shop.example",
        "#cc Anna Berger <anna@shop.example>",
        "#cc \"Berger, Anna\" <anna@shop.example>",
        "#cc anna@shop.example<mailto:anna@shop.example>",
        "#cc anna@shop.example <mailto:anna@shop.example>",
        "#cc [anna@shop.example](mailto:anna@shop.example)",
        "#cc <mailto:Anna@Shop.example?subject=x>.",
    ] {
        assert_eq!(act(mail), anna, "{mail}");
    }
    assert_eq!(
        read("#cc anna@shop.example, petra").orders,
        [Order::Act(anna), Order::Act(Action::Cc { who: Who::Staff("petra".to_owned()) })]
    );
    assert_eq!(act("#tag Printer, #hall2"), Action::Tag { tags: vec!["printer".to_owned(), "hall2".to_owned()] });
    let day = |text: &str| Until::Day(text.parse().unwrap());
    for (mail, until) in [
        ("#wait 2027-05-14", day("2027-05-14")),
        ("#wait until 2027-05-14.", day("2027-05-14")),
        ("#wait 14.5.2027", day("2027-05-14")),
        ("#wait 3d", Until::Days(3)),
        ("#wait 3 days", Until::Days(3)),
        ("#wait 2w", Until::Days(14)),
        ("#wait tomorrow", Until::Days(1)),
        ("#wait bis 14.5.2027", day("2027-05-14")),
        ("#wait 2 Wochen", Until::Days(14)),
        ("#wait morgen", Until::Days(1)),
    ] {
        assert_eq!(act(mail), Action::Wait { until }, "{mail}");
    }
}

#[test]
fn a_command_that_lacks_something_says_what_it_takes() {
    for (mail, sentence) in [
        ("#merge", "`#merge` takes the number of one case, as in `#merge 10480`."),
        ("#merge 10480 10481", "`#merge` takes the number of one case, as in `#merge 10480`."),
        ("#merge 99999999999999999999", "`#merge` takes the number of one case, as in `#merge 10480`."),
        ("#assign", "`#assign` takes the name of a colleague, as in `#assign kevin`."),
        ("#wait 2027-02-30", "`2027-02-30` is no day: write it as 2027-05-14, or 3d, 2w, tomorrow."),
        ("#wait 05/14/2027", "`05/14/2027` is no day: write it as 2027-05-14, or 3d, 2w, tomorrow."),
        ("#wait soon", "`soon` is no day: write it as 2027-05-14, or 3d, 2w, tomorrow."),
        ("#tag", "`#tag` takes tags, as in `#tag printer hall2`."),
    ] {
        match one(mail) {
            Order::Faulty(_, told) => assert_eq!(told.english(), sentence, "{mail}"),
            other => panic!("{mail}: {other:?}"),
        }
    }
}

#[test]
fn every_word_is_understood_as_its_example_shows() {
    for word in super::WORDS {
        assert_eq!(one(&word.example()).word(), word);
        assert!(!matches!(one(&word.example()), Order::Faulty(..)), "{word:?}");
        assert_eq!(Word::of(&word.name().to_uppercase()), Some(word));
        assert!(word.meaning().english().ends_with('.'));
    }
}

#[test]
fn a_mail_of_commands_alone_has_a_bound() {
    let mail: String = (0..10_000).map(|n| format!("#tag t{n}\n")).collect();
    let found = read(&mail);
    assert!(found.orders.len() < 50 && !found.unclear.is_empty());
    let same = "#close\n".repeat(100_000);
    assert_eq!(clear(&same).0, ["close"]);
}

proptest! {
    /// Total; the text is the end of the mail, whole; reading it again finds no commands.
    #[test]
    fn text_is_never_lost(mail in "([#＃*_` \n\u{a0}.:<>@a-z0-9-]|#close|#note|#tag |#cc |#wait |\n#|Hello){0,40}") {
        let found = read(&mail);
        prop_assert!(mail.trim_end_matches(super::is_blank).ends_with(&found.text));
        let begin = mail.trim_end_matches(super::is_blank).len() - found.text.len();
        // What is cut off is commands, and nothing else: a mail without any is its own text.
        if found.is_empty() {
            prop_assert!(mail[..begin].chars().all(super::is_blank));
        }
        if found.unclear.is_empty() {
            let again = read(&found.text);
            prop_assert!(again.is_empty(), "{:?}", again);
            prop_assert_eq!(again.text, found.text);
        }
    }

    #[test]
    fn anything_can_be_read(mail in any::<String>()) {
        let found = read(&mail);
        prop_assert!(mail.contains(&found.text));
    }
}
