//! Rules on a live desk: what is saved is in force, unless it cannot be; then the last good ones stay (L8).

use std::fs;
use std::os::unix::fs::symlink;

use rustix::process::Signal;

use crate::lab::eventually;
use crate::place::{Daemon, Place};

const DESK: &str = "[desk]\nname = \"Example Support\"\naddress = \"support@desk.test\"\n";
const MISTAKE: &str = "[desk]\nname = \"Example Support\"\nadress = \"support@desk.test\"\n";

fn named(name: &str) -> String {
    DESK.replace("Example Support", name)
}

/// How often new rules were put in force.
fn taken(daemon: &Daemon) -> usize {
    daemon.log().matches("new rules are in force").count()
}

fn refused(daemon: &Daemon) -> usize {
    daemon.log().matches("the last good ones stay in force\n").count()
}

/// The name of the desk by the rules that the database calls those in force.
fn in_force(place: &Place) -> String {
    let database = rusqlite::Connection::open(place.database()).unwrap();
    let sql = "SELECT files FROM policy WHERE hash = (SELECT value FROM meta WHERE key = 'policy')";
    let files: String = database.query_row(sql, [], |row| row.get(0)).unwrap();
    let files: serde_json::Value = serde_json::from_str(&files).unwrap();
    files["desk.toml"].as_str().unwrap().lines().nth(1).unwrap().to_owned()
}

fn troubles(place: &Place) -> Vec<String> {
    let status = place.json(&["status", "--offline", "--format", "json"]);
    let all = status["troubles"].as_array().or(status["counts"]["troubles"].as_array()).expect("troubles").clone();
    let rules = all.iter().filter(|trouble| trouble["source"] == "rules");
    rules.map(|trouble| trouble["text"].as_str().unwrap().to_owned()).collect()
}

fn reloads(place: &Place) -> i64 {
    let database = rusqlite::Connection::open(place.database()).unwrap();
    database.query_row("SELECT count(*) FROM journal WHERE matter = 'reloaded'", [], |row| row.get(0)).unwrap()
}

#[test]
fn what_is_saved_is_in_force_and_a_mistake_keeps_the_last_good_rules() {
    let place = Place::alone();
    let daemon = place.daemon();
    place.write("rules/desk.toml", named("Second"));
    eventually("the edit is in force", || (in_force(&place).contains("Second")).then_some(()));

    place.write("rules/desk.toml", MISTAKE);
    eventually("the mistake is told", || (refused(&daemon) == 1).then_some(()));
    assert!(daemon.log().contains("did you mean `address`?"), "{}", daemon.log());
    eventually("status says so", || (troubles(&place).len() == 1).then_some(()));
    assert!(troubles(&place)[0].contains("postcase rules check"));
    assert!(in_force(&place).contains("Second"));

    place.write("rules/desk.toml", named("Third"));
    eventually("the repair is in force", || in_force(&place).contains("Third").then_some(()));
    eventually("the trouble is over", || troubles(&place).is_empty().then_some(()));

    // Back to what is in force, after a mistake: nothing is reloaded, and all is well.
    place.write("rules/desk.toml", MISTAKE);
    eventually("the second mistake is told", || (refused(&daemon) == 2).then_some(()));
    place.write("rules/desk.toml", named("Third"));
    eventually("the trouble is over", || troubles(&place).is_empty().then_some(()));
    assert_eq!(reloads(&place), 2, "{}", daemon.log());
    daemon.stop();
}

#[test]
fn what_editors_leave_and_half_written_files_are_no_rules() {
    let place = Place::alone();
    let daemon = place.daemon();
    for name in [".desk.toml.swp", "desk.toml~", "#desk.toml#", "4913", "desk.toml.tmp", "notes.txt"] {
        place.write(&format!("rules/{name}"), "half [ a file");
    }
    // As editors save: beside it, then in its place; and one that is slow.
    for count in 0..20 {
        place.write("rules/.new", named(&format!("Rapid {count}")));
        fs::rename(place.path("rules/.new"), place.path("rules/desk.toml")).unwrap();
    }
    eventually("the last one is in force", || in_force(&place).contains("Rapid 19").then_some(()));
    place.write("rules/desk.toml", "[desk]\nname = \"Ha");
    place.write("rules/desk.toml", named("Whole"));
    eventually("the whole file is in force", || in_force(&place).contains("Whole").then_some(()));
    assert_eq!(refused(&daemon), 0, "{}", daemon.log());
    assert!(troubles(&place).is_empty());
    let log = daemon.stop();
    assert!(log.matches("new rules are in force").count() < 20, "saves that follow each other are one: {log}");
}

#[test]
fn another_folder_takes_the_place_of_the_rules() {
    let place = Place::alone();
    let daemon = place.daemon();
    for (release, name) in [("one", "First release"), ("two", "Second release")] {
        fs::create_dir(place.path(release)).unwrap();
        place.write(&format!("{release}/desk.toml"), named(name));
    }
    fs::rename(place.path("rules"), place.path("old")).unwrap();
    fs::rename(place.path("one"), place.path("rules")).unwrap();
    eventually("the folder that was moved here counts", || in_force(&place).contains("First").then_some(()));
    place.write("rules/desk.toml", named("Edited there"));
    eventually("and is followed", || in_force(&place).contains("Edited there").then_some(()));

    symlink("rules", place.path("next")).unwrap();
    fs::remove_file(place.path("next")).unwrap();
    fs::rename(place.path("rules"), place.path("one")).unwrap();
    eventually("no folder is a mistake", || (!troubles(&place).is_empty()).then_some(()));
    symlink("two", place.path("rules")).unwrap();
    eventually("a link counts", || in_force(&place).contains("Second").then_some(()));
    // Where the link leads is changed in one step.
    symlink("one", place.path("next")).unwrap();
    fs::rename(place.path("next"), place.path("rules")).unwrap();
    eventually("another target counts", || in_force(&place).contains("Edited there").then_some(()));
    eventually("and all is well", || troubles(&place).is_empty().then_some(()));
    daemon.stop();
}

#[test]
fn a_desk_with_bad_rules_begins_with_the_last_good_ones() {
    let place = Place::alone();
    place.write("rules/desk.toml", MISTAKE);
    place.run(&["run"]).fails(78, &["desk.toml:3", "did you mean `address`?"]);
    place.write("rules/desk.toml", named("Good"));
    place.daemon().stop();

    place.write("rules/desk.toml", MISTAKE);
    let daemon = place.daemon();
    assert!(daemon.log().contains("did you mean `address`?"), "{}", daemon.log());
    assert_eq!(troubles(&place).len(), 1);
    assert!(in_force(&place).contains("Good"));
    // They stay when it is asked again, and when the desk is asked without a daemon.
    daemon.signal(Signal::HUP);
    eventually("the mistakes are told again", || (refused(&daemon) == 1).then_some(()));
    daemon.stop();
    place.ingest(&crate::lab::mail("printer"));
    assert_eq!(place.done(&["case", "list"]).lines().count(), 2, "mail becomes a case by the last good rules");

    place.write("rules/desk.toml", named("Better"));
    let daemon = place.daemon();
    assert!(in_force(&place).contains("Better"));
    assert!(troubles(&place).is_empty());
    assert_eq!(taken(&daemon), 0, "a start is no reload");
    daemon.stop();
}

#[test]
fn what_open_cases_use_stays() {
    let place = Place::alone();
    let queues = |names: &[&str]| {
        let queue = |name: &&str| format!("[[queue]]\nname = \"{name}\"\n");
        format!("{DESK}{}", names.iter().map(queue).collect::<String>())
    };
    place.write("rules/desk.toml", queues(&["support", "parts"]));
    let place = place.with_case();
    let daemon = place.daemon();
    place.write("rules/desk.toml", queues(&["parts"]));
    eventually("it is refused", || (troubles(&place).len() == 1).then_some(()));
    let said = &troubles(&place)[0];
    assert!(said.contains("the queue `support` (case 10001)") && said.contains("postcase case queue"), "{said}");
    assert_eq!(reloads(&place), 0);
    let check = place.run(&["rules", "check"]);
    check.fails(78, &["the queue `support` (case 10001)"]);
    daemon.stop();
    // The same at a start.
    let daemon = place.daemon();
    assert_eq!(troubles(&place).len(), 1);
    place.done(&["case", "queue", "10001", "parts", "--as", "Kevin"]);
    daemon.signal(Signal::HUP);
    eventually("nothing needs it any more", || troubles(&place).is_empty().then_some(()));
    assert_eq!(reloads(&place), 1);
    place.done(&["rules", "check"]);
    daemon.stop();
}

#[test]
fn who_follows_an_open_case_stays() {
    let place = Place::alone();
    let staff = |names: &[&str]| {
        let one = |name: &&str| format!("[[staff]]\nname = \"{name}\"\naddresses = [\"{name}@desk.test\"]\n");
        names.iter().map(one).collect::<String>()
    };
    place.write("rules/staff.toml", staff(&["kevin", "petra"]));
    let place = place.with_case();
    place.done(&["case", "cc", "10001", "petra", "--as", "kevin"]);
    let daemon = place.daemon();
    place.write("rules/staff.toml", staff(&["kevin"]));
    eventually("it is refused", || (troubles(&place).len() == 1).then_some(()));
    let said = &troubles(&place)[0];
    assert!(said.contains("`petra` of the staff, who follows (case 10001)") && said.contains("`case uncc`"), "{said}");
    place.done(&["case", "uncc", "10001", "petra", "--as", "kevin"]);
    daemon.signal(Signal::HUP);
    eventually("nobody needs it any more", || troubles(&place).is_empty().then_some(()));
    daemon.stop();
}
