//! `rules check` and `rules show`.

use std::fs;

use crate::place::Place;

const DESK: &str = "[desk]\nname = \"Example Support\"\naddress = \"support@desk.test\"\n\
    [[queue]]\nname = \"support\"\n[[queue]]\nname = \"parts\"\n";
const STAFF: &str = "[[staff]]\nname = \"kevin\"\naddresses = [\"kevin@desk.test\"]\nqueues = [\"support\"]\n\
    away = { from = 2000-01-01, to = 2999-12-31 }\nsubstitute = \"sean\"\n\
    [[staff]]\nname = \"sean\"\naddresses = [\"sean@desk.test\"]\n\
    [[staff]]\nname = \"omar\"\naddresses = [\"omar@desk.test\"]\nleft = 2020-01-01\n";
const RULES: &str = "[[rule]]\nname = \"Parts\"\nwhy = \"They know the stock.\"\nwhen.subject = 'spare part'\n\
    when.not.originator = \"@desk.test\"\nthen.queue = \"parts\"\nthen.assign.first = [\"kevin\", \"sean\"]\nstop = true\n\
    [[rule]]\nname = \"Everything else\"\nthen.tag = \"mail\"\n";

fn place() -> Place {
    let place = Place::alone();
    place.write("rules/desk.toml", DESK);
    place.write("rules/staff.toml", STAFF);
    place.write("rules/routing.toml", RULES);
    place
}

#[test]
fn rules_that_are_right() {
    let place = place();
    let said = place.done(&["rules", "check"]);
    assert!(said.contains("ok     rules: 2 queues, 3 of staff, 2 rules"), "{said}");
    let said = place.json(&["rules", "check", "--format", "json"]);
    assert_eq!((said["ok"].as_bool(), said["errors"].as_u64()), (Some(true), Some(0)), "{said}");
    assert!(!place.database().exists(), "nothing is made");
}

#[test]
fn every_mistake_of_every_file_at_once() {
    let place = place();
    place.write("rules/desk.toml", DESK.replace("address", "adress"));
    place.write("rules/staff.toml", STAFF.replace("\"sean\"\n[[", "\"shaun\"\n[["));
    place.write("rules/routing.toml", RULES.replace("then.tag", "then.tags").replace("'spare part'", "'spare ('"));
    fs::create_dir(place.path("rules/templates")).unwrap();
    place.write("rules/templates/closed.en.txt", "{{ nmae }}");
    let said = place.run(&["rules", "check"]);
    said.fails(78, &["desk.toml:3:1", "`address`?", "staff.toml:", "routing.toml:4", "`tag`?", "closed.en.txt:1"]);
    let json = place.json(&["rules", "check", "--format", "json"]);
    assert_eq!(json["ok"], false);
    let findings = json["findings"].as_array().unwrap();
    assert_eq!(json["errors"].as_u64().unwrap() as usize, findings.len());
    assert!(findings.len() >= 5 && findings.iter().all(|finding| finding["message"].is_string()), "{json}");
    place.run(&["rules", "show"]).fails(78, &["desk.toml:3:1"]);
}

#[test]
fn without_a_configuration_nothing_is_said_about_mailboxes() {
    let place = place();
    place.write("rules/routing.toml", "[[rule]]\nname = \"a\"\nwhen.mailbox = \"elsewhere\"\nthen.tag = \"b\"\n");
    place.run(&["rules", "check"]).fails(78, &["elsewhere"]);
    // A copy is judged as what it is to become.
    fs::create_dir(place.path("copy")).unwrap();
    for name in ["desk.toml", "staff.toml"] {
        fs::copy(place.path(&format!("rules/{name}")), place.path(&format!("copy/{name}"))).unwrap();
    }
    place.done(&["rules", "check", "copy"]);
    fs::remove_file(place.path("postcase.toml")).unwrap();
    place.done(&["rules", "check"]);
    place.done(&["rules", "check", "copy"]);
    place.done(&["rules", "show", "copy"]);
    place.run(&["rules", "check", "nowhere"]).fails(78, &["nowhere", "create this folder"]);
    place.run(&["rules", "check", "copy/desk.toml"]).fails(78, &["must name a folder"]);
    // A configuration with mistakes is told, and a named folder is looked at all the same.
    place.write("postcase.toml", "datbase = 1\n");
    place.run(&["rules", "check"]).fails(78, &["datbase"]);
    let said = place.run(&["rules", "check", "copy"]);
    assert!(said.code == 0 && said.err.contains("datbase") && said.out.contains("ok "), "{said:?}");
}

#[test]
fn the_whole_policy_is_shown() {
    let place = place();
    let said = place.done(&["rules", "show"]);
    for words in [
        "Example Support <support@desk.test>",
        "no database yet",
        "kevin@desk.test",
        "away until 2999-12-31, sean stands in",
        "left on 2020-01-01",
        "1. Parts",
        "routing.toml:1, then stops",
        "They know the stock.",
        "the subject has 'spare part' and not (from @desk.test)",
        "queue parts; assigned to the first who is here of kevin, sean",
        "2. Everything else",
        "when  always",
        "a post in its case, else a new case that is acknowledged",
        "built-in:acknowledged.en",
    ] {
        assert!(said.contains(words), "{words} is not in\n{said}");
    }
    let json = place.json(&["rules", "show", "--format", "json"]);
    assert_eq!(json["staff"][0]["stands_in"], "sean");
    assert_eq!(json["staff"][1]["here"], true);
    assert_eq!(json["rules"][0]["when"]["all"][0]["subject"][0], "spare part");
    assert_eq!(json["kinds"].as_array().unwrap().len(), 9);
    assert_eq!(json["in_force"], serde_json::Value::Null);

    let place = place.with_case();
    assert_eq!(place.json(&["rules", "show", "--format", "json"])["in_force"], true);
    place.write("rules/routing.toml", "");
    assert_eq!(place.json(&["rules", "show", "--format", "json"])["in_force"], false);
    assert!(place.done(&["rules", "show"]).contains("not in force"));
}
