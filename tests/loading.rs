//! What is made of right files: every key does what it says, and secrets stay secret.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use postcase::case::Template;
use postcase::config::{Config, Environment, Filing, Login, Security, Start};
use postcase::diagnostics::{Colour, Diagnostics};
use postcase::mail::{Address, Language};
use postcase::rules::{MailboxFacts, Policy, Queue, ReversePath, template};
use proptest::prelude::*;
use secrecy::ExposeSecret;

const CONFIG: &str = r#"
database = "data/postcase.db"
rules = "/srv/rules"

[[mailbox]]
name = "support"
address = "Support@Example.com"
aliases = ["help@example.com"]
host = "imap.example.com"
security = "starttls"
timeout = "30s"
user = "EXAMPLE\\support"
password = { file = "imap.password" }
folder = "INBOX/Support"
start = "2026-05-01"
poll = "2m"
idle = false
file = { move = "Processed" }
sent_folder = "Sent"
message_size = "25 MB"

[[mailbox]]
name = "sales"
address = "sales@example.com"
host = "127.0.0.1"
port = 1143
security = "plaintext"
password = { env = "SALES" }
start = 2026-05-01
file = "seen"

[smtp]
host = "smtp.example.com"
user = "desk"
password = { credential = "smtp" }
helo = "desk.example.com"
"#;

#[test]
fn a_configuration_means_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    write_secret(folder.path(), "imap.password", " spaces stay \r\n");
    write_secret(folder.path(), "smtp", "two line ends\n");
    let credentials = folder.path().display().to_string();
    let environment =
        Environment::of([("SALES".to_owned(), "süß".to_owned()), ("CREDENTIALS_DIRECTORY".to_owned(), credentials)]);
    let loaded = Config::parse(&folder.path().join("postcase.toml"), CONFIG, &environment).unwrap();
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    let config = loaded.value;
    assert_eq!(config.database, folder.path().join("data/postcase.db"));
    assert_eq!(config.rules, Path::new("/srv/rules"));

    let [support, sales] = &config.mailboxes[..] else { panic!("two mailboxes") };
    assert_eq!(support.address, address("support@example.com"));
    assert_eq!(support.aliases, [address("help@example.com")]);
    assert_eq!((support.server.security, support.server.port), (Security::StartTls, 143));
    assert_eq!(support.server.timeout, Duration::from_secs(30));
    assert_eq!((support.user.as_str(), support.folder.as_str()), ("EXAMPLE\\support", "INBOX/Support"));
    assert_eq!(support.start, Start::Since("2026-05-01T00:00:00Z".parse().unwrap()));
    assert_eq!((support.poll, support.idle), (Duration::from_secs(120), false));
    assert_eq!(support.filing, Filing::Move("Processed".to_owned()));
    assert_eq!((support.sent_folder.as_deref(), support.message_bytes), (Some("Sent"), 25 << 20));
    assert_eq!(
        (sales.user.as_str(), sales.start, &sales.filing),
        ("sales@example.com", support.start, &Filing::MarkSeen)
    );
    assert_eq!((sales.server.port, sales.server.security), (1143, Security::Plaintext));

    let password = |login: &Login| match login {
        Login::Password(secret) => secret.expose_secret().to_owned(),
    };
    assert_eq!(password(&support.login), " spaces stay ");
    assert_eq!(password(&sales.login), "süß");
    assert_eq!(config.smtp.login.as_ref().map(password).as_deref(), Some("two line ends"));
    assert_eq!((config.smtp.server.port, config.smtp.helo.as_deref()), (465, Some("desk.example.com")));
    let printed = format!("{config:?}");
    assert!(["spaces stay", "süß", "two line"].iter().all(|secret| !printed.contains(secret)), "{printed}");
}

#[test]
fn a_file_that_cannot_be_read_is_a_finding() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Config::load(&folder.path().join("postcase.toml")).unwrap_err();
    assert!(missing.to_string().contains("no such file"), "{missing}");
    fs::write(folder.path().join("latin.toml"), b"database = 'x'\nrules = 'R\xe4geln'\n").unwrap();
    let latin = Config::load(&folder.path().join("latin.toml")).unwrap_err();
    assert!(latin.to_string().contains("line 2 is not UTF-8"), "{latin}");
    fs::write(folder.path().join("huge.toml"), "#".repeat(2 << 20)).unwrap();
    let huge = Config::load(&folder.path().join("huge.toml")).unwrap_err();
    assert!(huge.to_string().contains("larger than"), "{huge}");
}

#[test]
fn findings_are_data_too() {
    let diagnostics =
        Config::parse(Path::new("p.toml"), "database = 5\nrulés = 1\n", &Environment::default()).unwrap_err();
    let json = serde_json::to_value(&diagnostics).unwrap();
    let finding = json.as_array().unwrap().iter().find(|finding| finding["line"] == 1).unwrap();
    assert_eq!(finding["severity"], "error");
    assert_eq!((&finding["file"], &finding["column"]), (&"p.toml".into(), &12.into()));
    assert_eq!(finding["span"], serde_json::json!({"start": 11, "end": 12}));
    assert_eq!(finding["message"], "`database` must be text in quotes");
    assert!(diagnostics.render(Colour::Always).contains("\x1b["));
    assert!(!diagnostics.render(Colour::Never).contains('\x1b'));
}

#[test]
fn a_desk_needs_a_name_and_an_address() {
    let desk = load(&[("desk.toml", DESK)], &[]).unwrap().desk;
    assert_eq!((desk.name.as_str(), desk.address.as_str()), ("Example Support", "support@example.com"));
    assert_eq!(desk.languages, [language("en"), language("de")]);
    assert_eq!(desk.queues, [Queue::default()]);
    assert_eq!((desk.acknowledgement.per_address_hour, desk.acknowledgement.reverse_path), (3, ReversePath::Null));
    assert_eq!((desk.reference.case_word.as_str(), desk.reference.first_number), ("Case", 10_001));
    assert_eq!(desk.own_addresses, [address("support@example.com")]);
}

#[test]
fn a_policy_knows_all_our_addresses_and_the_smallest_limit() {
    let rules = format!(
        "{DESK}\n[[queue]]\nname = \"spare-parts\"\naddresses = [\"parts@example.com\"]\nfrom = {{ address = \"sales@example.com\" }}\n"
    );
    let mailboxes =
        [facts("support@example.com", &["help@example.com", "parts@example.com"], 9), facts("b@example.com", &[], 7)];
    let policy = load(&[("desk.toml", &rules)], &mailboxes).unwrap();
    let ours = ["b@example.com", "help@example.com", "parts@example.com", "sales@example.com", "support@example.com"];
    assert_eq!(policy.desk.own_addresses, ours.map(address));
    assert_eq!(policy.desk.limits.message_bytes, 7);
    assert_eq!(policy.desk.queues[0].label, "Spare parts");
}

#[test]
fn the_hash_tells_policies_apart() {
    let files = [("desk.toml", DESK), ("templates/closed.en.txt", "Closed.\n")];
    let hash = |files: &[(&str, &str)], mailboxes: &[MailboxFacts]| load(files, mailboxes).unwrap().hash;
    let first = hash(&files, &[]);
    assert_eq!(first, hash(&files, &[]), "it does not depend on where the folder is");
    assert!(first.len() == 64 && first.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase()));
    let commented = format!("{DESK}# a comment\n");
    let others = [
        hash(&files[..1], &[]),
        hash(&[("desk.toml", &commented), files[1]], &[]),
        hash(&[files[0], ("templates/closed.de.txt", "Closed.\n")], &[]),
        hash(&files, &[facts("support@example.com", &["help@example.com"], 50 << 20)]),
        hash(&files, &[facts("support@example.com", &[], 1 << 20)]),
    ];
    assert!(others.iter().all(|other| *other != first));
    let policy = load(&files, &[]).unwrap();
    assert_eq!(policy.files.keys().collect::<Vec<_>>(), ["desk.toml", "templates/closed.en.txt"]);
}

#[test]
fn a_template_takes_the_place_of_the_built_in_one() {
    let files = [
        ("desk.toml", DESK),
        ("templates/closed.en.txt", "Closed.\n"),
        ("templates/closed.en.html", "<p>Closed.</p>\n"),
        ("templates/closed.en.txt~", "an editor's copy"),
        (".hidden.toml", "="),
    ];
    let policy = load(&files, &[]).unwrap();
    let closed = &policy.templates[&(Template::Closed, language("en"))];
    assert_eq!((closed.text.as_str(), closed.html.as_deref()), ("Closed.\n", Some("<p>Closed.</p>\n")));
    assert!(closed.origin.ends_with("templates/closed.en.txt"));
    let others = |key: &&(Template, Language)| **key != (Template::Closed, language("en"));
    let built_in = template::built_in();
    assert!(policy.templates.keys().filter(others).eq(built_in.keys().filter(others)));
}

const DESK: &str = "[desk]\nname = \"Example Support\"\naddress = \"support@example.com\"\n";

/// Pieces of files, so that chance finds its way past the first line.
fn pieces() -> impl Strategy<Value = String> {
    let keys = prop::sample::select(vec![
        "[desk]",
        "[[queue]]",
        "[[mailbox]]",
        "[smtp]",
        "[limits]",
        "[desk.signature]",
        "[acknowledgement]",
        "name = ",
        "address = ",
        "aliases = ",
        "password = ",
        "languages = ",
        "host = ",
        "port = ",
        "poll = ",
        "start = ",
        "file = ",
        "text_size = ",
        "from = ",
        "ca_file = ",
        "\"\"\"",
        "'''",
        "\"",
        "'",
        "{",
        "}",
        "[",
        "]",
        "=",
        ",",
        "\n",
        "\r\n",
        "#",
        "\u{feff}",
        "ü",
        "\u{202e}",
        "\0",
        "\t",
        "\"a@b\"",
        "\"2m\"",
        "5",
        "0x",
        "99999999999999999999",
        "2026-05-01",
        "true",
        "{ env = \"HOME\" }",
        "{ move = 5 }",
        "password",
        "\\",
        "\u{1F4A9}",
        "e\u{301}",
    ]);
    let piece = prop_oneof![4 => keys.prop_map(str::to_owned), 1 => any::<String>()];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_defeats_the_reader(text in pieces()) {
        let said = |diagnostics: &Diagnostics| {
            for finding in &diagnostics.findings {
                if let Some(place) = finding.place {
                    assert!(text.get(place.span.start..place.span.end).is_some());
                }
            }
            (diagnostics.render(Colour::Never), diagnostics.render(Colour::Always), serde_json::to_string(diagnostics).unwrap())
        };
        match Config::parse(Path::new("postcase.toml"), &text, &Environment::default()) {
            Ok(loaded) => said(&loaded.warnings),
            Err(diagnostics) => {
                prop_assert!(diagnostics.errors().next().is_some());
                said(&diagnostics)
            }
        };
        if let Err(diagnostics) = load(&[("desk.toml", &text)], &[]) {
            said(&diagnostics);
        }
    }

    #[test]
    fn a_desk_file_is_taken_or_something_is_said(name in any::<String>(), word in any::<String>()) {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let text = format!(
            "[desk]\nname = {}\naddress = \"support@example.com\"\n[reference]\ncase_word = {}\n", quoted(&name), quoted(&word)
        );
        match load(&[("desk.toml", &text)], &[]) {
            Ok(policy) => {
                prop_assert!(policy.desk.name == name && !name.contains(char::is_control) && !name.trim().is_empty());
                prop_assert!(policy.desk.reference.case_word == word && word.chars().all(char::is_alphabetic));
            }
            Err(diagnostics) => prop_assert!(diagnostics.errors().next().is_some()),
        }
    }
}

fn load(files: &[(&str, &str)], mailboxes: &[MailboxFacts]) -> Result<Policy, Diagnostics> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    Policy::load(folder.path(), mailboxes).map(|loaded| loaded.value)
}

fn facts(own: &str, aliases: &[&str], message_bytes: u64) -> MailboxFacts {
    MailboxFacts {
        name: own.to_owned(),
        trust: None,
        address: address(own),
        aliases: aliases.iter().map(|alias| address(alias)).collect(),
        message_bytes,
    }
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn language(code: &str) -> Language {
    Language(code.to_owned())
}

fn write_secret(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
    fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o600)).unwrap();
}
