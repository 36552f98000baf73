//! What `[[rule]]` means: which rule is asked, and what wins.

use std::fs;

use jiff::civil::date;
use postcase::mail::{Address, Kind, Language};
use postcase::rules::routing::Routing;
use postcase::rules::rule::Question;
use postcase::rules::{MailboxFacts, Policy};

const DESK: &str = "[desk]\nname = \"Example\"\naddress = \"support@example.com\"\n\
    [[queue]]\nname = \"support\"\n[[queue]]\nname = \"parts\"\n[[queue]]\nname = \"vip\"\n";
const STAFF: &str = "[[staff]]\nname = \"kevin\"\naddresses = [\"kevin@example.com\"]\n\
    away = { from = 2026-08-03, to = 2026-08-14 }\n\
    [[staff]]\nname = \"sean\"\naddresses = [\"sean@example.com\"]\nleft = 2026-08-10\n\
    [[staff]]\nname = \"omar\"\naddresses = [\"omar@example.com\"]\n";

fn policy(rules: &[(&str, &str)]) -> Policy {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("desk.toml", DESK), ("staff.toml", STAFF)].iter().chain(rules) {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let mailbox = MailboxFacts {
        name: "support".to_owned(),
        address: address("support@example.com"),
        aliases: vec![address("parts@example.com"), address("support+parts@example.com")],
        message_bytes: 1 << 20,
        trust: None,
    };
    Policy::load(folder.path(), &[mailbox]).unwrap_or_else(|wrong| panic!("{wrong}")).value
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

/// Asks about a mail of 1 August 2026, when all are there, that `change` makes special.
fn route<'q>(policy: &Policy, ours: &'q [Address; 2], change: impl FnOnce(&mut Question<'q>)) -> Routing {
    let mut question = Question {
        mailbox: Some("support"),
        written_to: vec![&ours[0]],
        originator: Some(&ours[1]),
        subject: "Printer on fire",
        words: "It burns.",
        kind: Kind::Correspondence,
        language: None,
        today: date(2026, 8, 1),
    };
    change(&mut question);
    policy.route(&question)
}

fn addresses() -> [Address; 2] {
    [address("support@example.com"), address("anna@shop.example")]
}

fn queue(routing: &Routing) -> Option<&str> {
    routing.queue.as_ref().map(|set| set.value.as_str())
}

#[test]
fn every_condition_is_asked() {
    let german = Language("de".to_owned());
    let parts = [address("support+parts@example.com"), address("anna@sub.shop.example")];
    let ours = addresses();
    type Change = fn(&mut Question<'_>);
    let matches = |condition: &str, change: Change| {
        let text = format!("[[rule]]\nname = \"a\"\n{condition}\nthen.queue = \"parts\"\n");
        let policy = policy(&[("a.toml", &text)]);
        assert_eq!(queue(&route(&policy, &ours, |_| ())), None, "{condition} holds of any mail");
        queue(&route(&policy, &ours, change)) == Some("parts")
    };
    assert!(matches("when.subject = '\\border \\d+'", |question| question.subject = "Re: ORDER 17"));
    assert!(matches("when.words = ['fire', 'smoke']", |question| question.words = "I see smoke"));
    assert!(matches("when.kind = \"list\"", |question| question.kind = Kind::List));
    assert!(matches("when.not.mailbox = \"support\"", |question| question.mailbox = None));
    assert!(matches("when.any = [{ subject = 'x' }, { words = 'y' }]", |question| question.words = "y"));
    assert!(matches("when.all = [{ subject = 'x' }, { words = 'y' }]", |question| {
        (question.subject, question.words) = ("x", "y");
    }));
    assert!(!matches("when.all = [{ subject = 'x' }, { words = 'y' }]", |question| question.words = "y"));
    assert!(!matches("when.subject = 'x'\nwhen.words = 'y'", |question| question.words = "y"));

    let of = |condition: &str| {
        policy(&[("a.toml", &format!("[[rule]]\nname = \"a\"\n{condition}\nthen.queue = \"parts\"\n"))])
    };
    let written_to = of("when.written_to = [\"parts@example.com\", \"support+parts@example.com\"]");
    assert_eq!(queue(&route(&written_to, &ours, |_| ())), None);
    assert_eq!(queue(&route(&written_to, &parts, |_| ())), Some("parts"));
    let originator = of("when.originator = \"*.shop.example\"");
    assert_eq!(queue(&route(&originator, &ours, |_| ())), None);
    assert_eq!(queue(&route(&originator, &parts, |_| ())), Some("parts"));
    let language = of("when.language = \"de\"");
    assert_eq!(queue(&route(&language, &ours, |_| ())), None);
    assert_eq!(queue(&policy_with_language(&language, &ours, &german)), Some("parts"));
}

fn policy_with_language(policy: &Policy, ours: &[Address; 2], language: &Language) -> Routing {
    let question = Question {
        mailbox: None,
        written_to: vec![&ours[0]],
        originator: Some(&ours[1]),
        subject: "",
        words: "",
        kind: Kind::Correspondence,
        language: Some(language),
        today: date(2026, 8, 1),
    };
    policy.route(&question)
}

#[test]
fn the_first_rule_wins_later_ones_fill_gaps_and_files_come_by_name() {
    let ours = addresses();
    let policy = policy(&[
        (
            "20.toml",
            "[[rule]]\nname = \"default\"\nthen.queue = \"support\"\nthen.priority = \"low\"\nthen.tag = \"mail\"\n",
        ),
        (
            "10.toml",
            "[[rule]]\nname = \"fire\"\nwhen.subject = 'fire'\nthen.queue = \"vip\"\nthen.tag = [\"fire\", \"mail\"]\n",
        ),
    ]);
    let routing = route(&policy, &ours, |_| ());
    assert_eq!(queue(&routing), Some("vip"));
    assert_eq!(routing.priority.unwrap().rule, "default");
    let tags: Vec<(&str, &str)> = routing.tags.iter().map(|set| (set.value.as_str(), set.rule.as_str())).collect();
    assert_eq!(tags, [("fire", "fire"), ("mail", "fire")]);
    assert_eq!(routing.trace, ["The rule \"fire\" (10.toml:1) matches.", "The rule \"default\" (20.toml:1) matches."]);
    assert_eq!(queue(&route(&policy, &ours, |question| question.subject = "Toner")), Some("support"));
}

#[test]
fn a_rule_may_stop_and_may_override() {
    let ours = addresses();
    let rules = |first: &str, second: &str| {
        let text = format!(
            "[[rule]]\nname = \"a\"\nthen.queue = \"vip\"\n{first}\n[[rule]]\nname = \"b\"\nthen.queue = \"parts\"\n{second}\n"
        );
        policy(&[("a.toml", &text)])
    };
    assert_eq!(queue(&route(&rules("", ""), &ours, |_| ())), Some("vip"));
    assert_eq!(queue(&route(&rules("", "override = true"), &ours, |_| ())), Some("parts"));
    assert_eq!(queue(&route(&rules("stop = true", "override = true"), &ours, |_| ())), Some("vip"));
}

#[test]
fn the_first_of_a_chain_who_is_there_gets_it() {
    let ours = addresses();
    let chain = "[[rule]]\nname = \"a\"\nthen.assign.first = [\"kevin\", \"sean\"]\nthen.follow = \"omar\"\n\
                 [[rule]]\nname = \"b\"\nthen.assign = \"omar\"\n";
    let policy = policy(&[("a.toml", chain)]);
    let on = |day| {
        let routing = route(&policy, &ours, |question| question.today = day);
        assert_eq!(routing.followers.len(), 1);
        routing.assignee.unwrap().value
    };
    assert_eq!(on(date(2026, 8, 2)), "kevin");
    assert_eq!(on(date(2026, 8, 3)), "sean", "kevin is away");
    assert_eq!(on(date(2026, 8, 10)), "omar", "kevin is away, and sean left: the next rule says who");
    assert_eq!(on(date(2026, 8, 15)), "kevin");
}
