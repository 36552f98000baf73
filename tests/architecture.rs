//! The plan of the house, kept by reading the source: imports point one way, SQL stands in one room, pure stages know
//! no disk, clock or network. (That functions fit a screen, and who may ask clocks, `clippy.toml` keeps.)

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use regex::Regex;

/// For each module at the top of `src/`, those it may use beside itself; in journey order, the edge first.
const MAY_USE: [(&str, &[&str]); 19] = [
    ("main", &["cli"]),
    (
        "cli",
        &[
            "engine",
            "mailbox",
            "smtp",
            "link",
            "decide",
            "compose",
            "outbox",
            "alarm",
            "store",
            "rules",
            "case",
            "mail",
            "config",
            "diagnostics",
            "failpoint",
            "tls",
        ],
    ),
    (
        "engine",
        &[
            "mailbox",
            "smtp",
            "link",
            "decide",
            "compose",
            "outbox",
            "alarm",
            "store",
            "rules",
            "case",
            "mail",
            "config",
            "failpoint",
        ],
    ),
    ("mailbox", &["case", "mail", "config", "tls", "failpoint"]),
    ("smtp", &["case", "mail", "config", "tls", "failpoint"]),
    ("decide", &["link", "rules", "case", "mail"]),
    ("link", &["rules", "case", "mail"]),
    ("compose", &["rules", "case", "mail"]),
    // What became of an attempt is said in the courier's words.
    ("outbox", &["smtp", "case", "mail"]),
    // When administrators are told.
    ("alarm", &["case", "mail"]),
    ("store", &["case", "mail", "failpoint"]),
    ("rules", &["case", "mail", "diagnostics"]),
    ("case", &["mail"]),
    ("mail", &[]),
    ("config", &["mail", "diagnostics"]),
    ("diagnostics", &["mail"]),
    ("tls", &["config"]),
    ("failpoint", &[]),
    ("lib", &[]),
];

/// The stages of the journey that are functions of what they are given, and the vocabularies they speak.
const PURE: [&str; 7] = ["mail", "case", "link", "decide", "compose", "outbox", "alarm"];

struct File {
    /// Relative to the package: `src/mail/kind.rs`.
    path: PathBuf,
    text: String,
}

impl File {
    /// The module at the top of `src/` that it belongs to.
    fn module(&self) -> &str {
        let first = self.path.components().nth(1).expect("a file in src/").as_os_str();
        let name = first.to_str().expect("our file names are ASCII");
        name.strip_suffix(".rs").unwrap_or(name)
    }

    /// The text without the lines that are comments; every line keeps its number.
    fn code(&self) -> String {
        self.text.lines().map(|line| if line.trim_start().starts_with("//") { "" } else { line }).fold(
            String::new(),
            |mut code, line| {
                code.push_str(line);
                code.push('\n');
                code
            },
        )
    }

    fn at(&self, code: &str, offset: usize) -> String {
        format!("{}:{}", self.path.display(), code[..offset].matches('\n').count() + 1)
    }
}

fn files(folder: &str) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the source is here") {
            let path = entry.expect("the source is readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = std::fs::read_to_string(&path).expect("the source is UTF-8");
                files.push(File { path: path.strip_prefix(root).expect("below the root").to_owned(), text });
            }
        }
    }
    assert!(!files.is_empty(), "no source in {folder}");
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the patterns are constants")
}

/// Says all that was found, at once.
fn none(found: &[String], rule: &str) {
    let list = found.iter().fold(String::new(), |mut list, line| {
        let _ = writeln!(list, "  {line}");
        list
    });
    assert!(found.is_empty(), "{rule}:\n{list}");
}

/// The modules that `crate::` paths in `code` begin with, and where: `crate::mail::Kind`, `crate::{mailbox, smtp}`.
fn uses(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for path in pattern(r"\bcrate::(\w+|\{)").captures_iter(code) {
        let first = path.get(1).expect("the group takes part in every match");
        if first.as_str() != "{" {
            found.push((first.start(), first.as_str().to_owned()));
            continue;
        }
        let mut depth = 0;
        let mut group = String::new();
        for c in code[first.start()..].chars() {
            depth += i32::from(c == '{') - i32::from(c == '}');
            match depth {
                0 => break,
                1 => group.push(c),
                _ => {}
            }
        }
        let names = group.trim_start_matches('{').split(',').map(|item| item.trim().split("::").next().unwrap_or(""));
        found.extend(names.filter(|name| !name.is_empty()).map(|name| (first.start(), name.to_owned())));
    }
    found
}

#[test]
fn imports_point_one_way() {
    let mut wrong = Vec::new();
    for file in files("src") {
        let module = file.module().to_owned();
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("{}: the module `{module}` has no place in the plan yet", file.path.display()));
            continue;
        };
        let code = file.code();
        for (offset, used) in uses(&code) {
            // What is not a module is a macro or a type at the root, of which there are none.
            if used != module && !allowed.contains(&used.as_str()) {
                wrong.push(format!("{}: `{module}` uses `{used}`", file.at(&code, offset)));
            }
        }
        // `super` from a file at the top, and `super::super` from the floor below it, come to the root unseen.
        let floor = file.path.components().count() - 1 - usize::from(file.path.ends_with("mod.rs"));
        let upwards = pattern(&format!(r"(?m)^(?:pub )?use (?:super::){{{floor}}}(\w+)"));
        for found in upwards.captures_iter(&code) {
            wrong.push(format!("{}: write `crate::{}`", file.at(&code, found.get(0).unwrap().start()), &found[1]));
        }
    }
    none(&wrong, "Imports point one way (main → cli → engine → stages → store, rules → case → mail)");
}

#[test]
fn pure_stages_know_no_disk_no_clock_no_network() {
    let world = pattern(
        r"\bstd::(fs|net|env|process|thread)\b|\b(Instant|SystemTime|Timestamp|Zoned)::now\b|\btokio::|\bgetrandom\b|\bprintln!|\btracing::",
    );
    let pure = |file: &File| {
        PURE.contains(&file.module()) || (file.module() == "rules" && !file.path.ends_with("src/rules/files.rs"))
    };
    let mut wrong = Vec::new();
    for file in files("src").iter().filter(|file| pure(file)) {
        let code = file.code();
        wrong.extend(
            world.find_iter(&code).map(|found| format!("{}: {}", file.at(&code, found.start()), found.as_str())),
        );
    }
    none(&wrong, "Deciding is pure: what comes from the world is given to it as an argument");
}

#[test]
fn only_the_store_knows_sql() {
    let sql = pattern(
        r"\brusqlite\b|\b(SELECT\b[^;]*\bFROM|INSERT (OR \w+ )?INTO|UPDATE \w+ SET|DELETE FROM|CREATE TABLE|PRAGMA)\b",
    );
    let mut wrong = Vec::new();
    // Tests look for themselves.
    let knows = |file: &&File| file.module() == "store" || file.path.ends_with("tests.rs");
    for file in files("src").iter().filter(|file| !knows(file)) {
        let code = file.code();
        wrong
            .extend(sql.find_iter(&code).map(|found| format!("{}: {}", file.at(&code, found.start()), found.as_str())));
    }
    none(&wrong, "Only `store` knows SQL");
}

/// SQLite numbers `$1`, `$2` … by their first appearance, whatever they are called.
#[test]
fn sql_parameters_are_first_used_in_order() {
    let literal = pattern(r#""(?:[^"\\]|\\(?s:.))*""#);
    let parameter = pattern(r"\$(\d+)");
    let mut wrong = Vec::new();
    for file in files("src").iter().filter(|file| file.module() == "store") {
        let code = file.code();
        for text in literal.find_iter(&code) {
            let mut seen: Vec<usize> = Vec::new();
            for number in parameter.captures_iter(text.as_str()) {
                let number = number[1].parse().expect("digits");
                if !seen.contains(&number) {
                    seen.push(number);
                }
            }
            if !seen.iter().copied().eq(1..=seen.len()) {
                wrong.push(format!("{}: {seen:?}", file.at(&code, text.start())));
            }
        }
    }
    none(&wrong, "Parameters of SQL are first used in the order of their numbers");
}

#[test]
fn two_modules_know_the_mail_parser() {
    let mut wrong = Vec::new();
    for file in files("src") {
        let homes = ["src/mail/message", "src/mail/message.rs", "src/mail/mbox.rs"];
        if !homes.iter().any(|home| file.path.starts_with(home)) && file.code().contains("mail_parser") {
            wrong.push(file.path.display().to_string());
        }
    }
    none(&wrong, "Only `mail::message` and `mail::mbox` know mail-parser, whose next version is another one");
}

#[test]
fn files_stay_short() {
    let all = files("src").into_iter().chain(files("tests")).chain(files("benches")).chain(files("fuzz/fuzz_targets"));
    let long: Vec<String> = all
        .map(|file| (file.text.lines().count(), file.path))
        .filter(|(lines, _)| *lines > 500)
        .map(|(lines, path)| format!("{}: {lines} lines", path.display()))
        .collect();
    none(&long, "A file has at most 500 lines; split it by meaning");
}

#[test]
fn one_word_for_one_thing_and_nothing_left_to_do() {
    let not_ours = pattern(r"(?i:\bticket|_ticket|\bfixme\b|\bxxx\b|\bhack\b|unimplemented!|todo!)|\bTO-?DO\b");
    let mut wrong = Vec::new();
    for file in files("src") {
        for found in not_ours.find_iter(&file.text) {
            wrong.push(format!("{}: {}", file.at(&file.text, found.start()), found.as_str()));
        }
    }
    none(&wrong, "A case is a case, and what is here is done");
}

#[test]
fn the_plan_names_every_module() {
    let lib = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let modules: BTreeSet<String> =
        pattern(r"(?m)^pub mod (\w+);").captures_iter(&lib).map(|found| found[1].to_owned()).collect();
    assert!(modules.len() > 10, "lib.rs declares the modules");
    let page: String = lib.lines().filter(|line| line.starts_with("//!")).collect();
    let missing: Vec<String> = modules
        .into_iter()
        .filter(|module| !page.contains(&format!("[`{module}`]")) && !page.contains(&format!("[`{module}::")))
        .collect();
    none(&missing, "The page at the top of lib.rs says what each module is for");
}
