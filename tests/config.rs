//! What people read when a configuration, a desk file or a template is wrong: `fixtures/config/<case>/`.
//!
//! `BLESS=1 cargo test --test config` writes what is said now to each `expected.txt`; read the difference.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use postcase::config::{Config, Environment};
use postcase::diagnostics::{Diagnostics, Source, Value};
use postcase::rules::{MailboxFacts, Policy};

#[test]
fn says_what_is_wrong_and_what_to_do() {
    let mut wrong = Vec::new();
    let mut cases: Vec<PathBuf> = entries(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/config"));
    cases.sort();
    assert!(cases.len() > 10, "the fixtures are found");
    for case in cases {
        let said = play(&case);
        for secret in ["hunter2", "hunter3", "ENVIRONMENT SECRET"] {
            assert!(!said.contains(secret), "{} shows a secret:\n{said}", case.display());
        }
        let expected = case.join("expected.txt");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&expected, &said).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != said {
            let written = fs::read_to_string(&expected).unwrap_or_default();
            let difference = similar::TextDiff::from_lines(&written, &said);
            wrong.push(format!("{}\n{}", case.display(), difference.unified_diff()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Loads whatever stands in the folder of a case, and gives what a person would read.
fn play(case: &Path) -> String {
    let scratch = tempfile::tempdir().unwrap();
    copy(case, scratch.path());
    let root = format!("{}/", scratch.path().display());
    let mut said = String::new();
    let mut say = |what: &str, outcome: Result<Diagnostics, Diagnostics>| {
        let (verdict, diagnostics) = match &outcome {
            Ok(warnings) => ("taken", warnings),
            Err(diagnostics) => ("refused", diagnostics),
        };
        let text = diagnostics.to_string().replace(&root, "");
        said.push_str(&format!("## {what}: {verdict}\n\n{text}"));
        assert!(outcome.is_ok() || diagnostics.errors().next().is_some());
        assert!(outcome.is_err() || diagnostics.errors().next().is_none());
    };
    let (mut mailboxes, mut rules) = (Vec::new(), scratch.path().join("rules"));
    let path = scratch.path().join("postcase.toml");
    if let Ok(text) = fs::read_to_string(&path) {
        let outcome = Config::parse(&path, &text, &environment(scratch.path()));
        if let Ok(loaded) = &outcome {
            rules = loaded.value.rules.clone();
            mailboxes = loaded.value.mailboxes.iter().map(facts).collect();
            assert!(!format!("{:?}", loaded.value).contains("hunter2"));
        }
        say("postcase.toml", outcome.map(|loaded| loaded.warnings));
    }
    if rules.exists() || !rules.ends_with("rules") {
        say("rules", Policy::load(&rules, &mailboxes).map(|loaded| loaded.warnings));
    }
    if let Ok(text) = fs::read_to_string(scratch.path().join("reader.toml")) {
        say("reader.toml", Err(regexes(&text)));
    }
    said
}

fn facts(mailbox: &postcase::config::MailboxConfig) -> MailboxFacts {
    MailboxFacts {
        name: mailbox.name.clone(),
        trust: mailbox.trust.clone(),
        address: mailbox.address.clone(),
        aliases: mailbox.aliases.clone(),
        message_bytes: mailbox.message_bytes,
    }
}

fn environment(folder: &Path) -> Environment {
    let mut variables = vec![("SUPPORT_PASSWORD".to_owned(), "ENVIRONMENT SECRET".to_owned())];
    let credentials = folder.join("credentials");
    if credentials.exists() {
        variables.push(("CREDENTIALS_DIRECTORY".to_owned(), credentials.display().to_string()));
    }
    Environment::of(variables)
}

/// Rules will have regexes; the reader has them already.
fn regexes(text: &str) -> Diagnostics {
    let source = Source::new("reader.toml", text);
    source.read(|top| {
        for key in ["single", "escaped", "flag", "number", "huge", "class", "property"] {
            assert!(top.optional(key, Value::regex).is_none(), "{key}");
        }
        // The parser makes something of it after it has complained.
        top.optional("double", Value::regex);
        let fine = top.optional("fine", Value::regex).expect("this one is right");
        assert!(fine.is_match("ORDER 12"));
    });
    source.diagnostics()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// Copies a case; what git does not keep, the modes of secrets, is made here.
fn copy(from: &Path, to: &Path) {
    for path in entries(from) {
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&path, &target);
        } else if path.file_name().unwrap() != "expected.txt" {
            fs::copy(&path, &target).unwrap();
            let mode = if path.ends_with("everybody.password") { 0o644 } else { 0o600 };
            fs::set_permissions(&target, fs::Permissions::from_mode(mode)).unwrap();
        }
    }
}
