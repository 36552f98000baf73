//! The README is true: every `postcase` command in it is one, and every path it names exists.

use std::collections::BTreeSet;
use std::path::Path;

use assert_cmd::Command;
use postcase::case::instruction::Word;
use regex::Regex;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).expect("there is a README")
}

/// The arguments of each `postcase …` in blocks of shell, and between backticks, where numbers and files are left out.
fn commands(readme: &str) -> Vec<Vec<String>> {
    let shown = Regex::new(r"(?m)(?:^\s*(?:sudo -u postcase )?|(`))postcase ([a-z][^`#\n]*)").unwrap();
    let word = Regex::new(r#""([^"]*)"|(\S+)"#).unwrap();
    let words = |line: &str| {
        let found = word.captures_iter(line);
        found.map(|found| found.get(1).or(found.get(2)).expect("one of both").as_str().to_owned()).collect()
    };
    let all = shown.captures_iter(readme).map(|found| {
        let mut arguments: Vec<String> = words(&found[2]);
        // Help is there for what is a command.
        arguments.extend(found.get(1).map(|_| "--help".to_owned()));
        arguments
    });
    all.collect()
}

/// A folder with a desk that may be asked: its servers do not exist, and its database is the one `ingest` makes.
fn desk() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let server = "host = \"127.0.0.1\"\nport = 1\nsecurity = \"plaintext\"";
    let config = format!(
        "database = \"postcase.db\"\n\n[[mailbox]]\nname = \"support\"\naddress = \"support@example.com\"\n{server}\n\
         password = {{ file = \"password\" }}\n\n[smtp]\n{server}\n"
    );
    std::fs::write(folder.path().join("postcase.toml"), config).unwrap();
    std::fs::write(folder.path().join("password"), "secret\n").unwrap();
    std::fs::create_dir(folder.path().join("rules")).unwrap();
    let desk = "[desk]\nname = \"Example Support\"\naddress = \"support@example.com\"\n";
    std::fs::write(folder.path().join("rules/desk.toml"), desk).unwrap();
    folder
}

#[test]
fn every_command_is_one() {
    let folder = desk();
    let commands = commands(&readme());
    assert!(commands.len() > 20, "the README shows commands: {commands:?}");
    for arguments in commands {
        let run = Command::new(env!("CARGO_BIN_EXE_postcase"))
            .current_dir(folder.path())
            .env_remove("POSTCASE_CONFIG")
            .args(&arguments)
            .output()
            .expect("postcase starts");
        let said = String::from_utf8_lossy(&run.stderr);
        // 64: not a command, or not its arguments. Anything else is about a desk that has nothing in it.
        assert_ne!(run.status.code(), Some(64), "postcase {}: {said}", arguments.join(" "));
        assert!(run.status.code().is_some(), "postcase {} was killed: {said}", arguments.join(" "));
    }
}

#[test]
fn a_command_that_is_none_would_be_found() {
    let commands =
        commands("`postcase frobnicate`\n  sudo -u postcase postcase case list --phase \"new open\" # words\n");
    assert_eq!(commands, [vec!["frobnicate", "--help"], vec!["case", "list", "--phase", "new open"]]);
    let run = Command::new(env!("CARGO_BIN_EXE_postcase")).args(&commands[0]).output().unwrap();
    assert_eq!(run.status.code(), Some(64));
}

/// What staff may write at the top of a mail is a command, but for the one slip of the finger that is shown.
#[test]
fn commands_in_mail_are_commands() {
    let named = Regex::new(r"(?m)(?:^|[ `(])#([a-z]+)").unwrap();
    let readme = readme();
    let (_, rest) = readme.split_once("## For staff").expect("staff are spoken to");
    let words: BTreeSet<&str> =
        named.captures_iter(rest.split("\n## ").next().unwrap()).map(|found| found.get(1).unwrap().as_str()).collect();
    assert!(words.len() > 10, "{words:?}");
    let unknown: Vec<&str> = words.into_iter().filter(|word| Word::of(word).is_none()).collect();
    assert_eq!(unknown, ["clsoe"]);
}

/// What it shows of `rules/` is right, word for word: `check` has no warning about it either.
#[test]
fn rules_are_right() {
    let readme = readme();
    let shown: Vec<&str> = readme.split("```toml\n").skip(1).map(|block| block.split("```").next().unwrap()).collect();
    let with = |word: &str| shown.iter().filter(|block| block.contains(word)).copied().collect::<String>();
    let (staff, routing) = (with("[[staff]]"), with("[[rule]]"));
    assert!(!staff.is_empty() && !routing.is_empty(), "{shown:?}");
    let folder = desk();
    let rules = folder.path().join("rules");
    let queues = "\n[[queue]]\nname = \"support\"\n\n[[queue]]\nname = \"parts\"\n";
    let desk = std::fs::read_to_string(rules.join("desk.toml")).unwrap();
    std::fs::write(rules.join("desk.toml"), desk + queues).unwrap();
    std::fs::write(rules.join("staff.toml"), staff).unwrap();
    std::fs::write(rules.join("routing.toml"), routing).unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_postcase"))
        .current_dir(folder.path())
        .env_remove("POSTCASE_CONFIG")
        .args(["check", "--offline", "--format", "json"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    assert!(!said.contains("rules/"), "{said}");
    assert!(said.contains(r#""what":"rules","ok":true"#), "{said}");
}

#[test]
fn every_path_exists() {
    let path = Regex::new(r"(?:^|[\s`])((?:deploy|rules|src|tests)/[a-z_./-]*[a-z]|LICENSE-[A-Z]+)").unwrap();
    let readme = readme();
    let named: Vec<&str> = path.captures_iter(&readme).map(|found| found.get(1).unwrap().as_str()).collect();
    assert!(named.len() >= 8, "{named:?}");
    for path in named {
        assert!(root().join(path).exists(), "the README names {path}");
    }
}

#[test]
fn exit_codes_are_those_of_the_help() {
    let help = Command::new(env!("CARGO_BIN_EXE_postcase")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let codes = |text: &str, shape: &str| -> BTreeSet<String> {
        let (_, after) = text.split_once("Exit codes").expect("exit codes are explained");
        let section = after.split("\n\n").find(|part| part.contains("64")).expect("64 is among them");
        Regex::new(shape).unwrap().captures_iter(section).map(|found| found[1].to_owned()).collect()
    };
    let explained = codes(&help, r"(\d+)  ");
    assert!(explained.len() > 8, "{explained:?}");
    assert_eq!(codes(&readme(), r"\b(\d+) "), explained);
}
