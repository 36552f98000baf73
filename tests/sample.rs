//! The sample files are the manual: every key stands in them, and what they call the default is the default.
//!
//! `# key = value` is a default, `# e.g. key = value` an example.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use postcase::config::{Config, Environment};
use postcase::rules::Policy;

#[test]
fn the_sample_configuration_names_every_key_and_every_default() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["imap.password", "smtp.password", "imap-password", "smtp-password"] {
        fs::write(folder.path().join(name), "secret\n").unwrap();
        restrict(&folder.path().join(name));
    }
    fs::write(folder.path().join("company-ca.pem"), "-----BEGIN CERTIFICATE-----\n").unwrap();
    let page = folder.path().join("page.sh");
    fs::write(&page, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&page, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let environment = Environment::of([
        ("CREDENTIALS_DIRECTORY".to_owned(), folder.path().display().to_string()),
        ("IMAP_PASSWORD".to_owned(), "secret".to_owned()),
        ("SMTP_PASSWORD".to_owned(), "secret".to_owned()),
    ]);
    let load = |text: &str| {
        let loaded = Config::parse(&folder.path().join("postcase.toml"), text, &environment);
        let loaded = loaded.unwrap_or_else(|wrong| panic!("{wrong}"));
        assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
        format!("{:#?}", loaded.value)
    };
    assert_is_the_manual(&read("deploy/postcase.toml"), load, Config::known_keys);
}

#[test]
fn the_sample_desk_file_names_every_key_and_every_default() {
    let load = |text: &str| format!("{:#?}", desk(text));
    let sample = read("rules/desk.toml");
    assert_is_the_manual(&sample, load, Policy::known_keys);
    let least = "[desk]\nname = \"Example Support\"\naddress = \"support@example.com\"\n";
    assert_eq!(desk(&sample), desk(least), "the sample as shipped is the defaults");
}

#[test]
fn the_sample_staff_file_names_every_key_and_every_default() {
    // The sample has nobody, so that a desk begins without staff: here it describes one.
    let least = "# [[staff]]\nname = \"a\"\naddresses = [\"a@example.com\"]\n";
    let sample = read("rules/staff.toml").replace("# [[staff]]\n", least);
    let colleague = "[[staff]]\nname = \"sean\"\naddresses = [\"sean@example.com\"]\n";
    let load =
        |text: &str| format!("{:#?}", staff(&format!("{}\n{colleague}", text.replace("# [[staff]]", "[[staff]]"))));
    assert_is_the_manual(&sample, load, Policy::known_staff_keys);
    assert!(staff(&read("rules/staff.toml")).is_empty(), "the sample as shipped has nobody");
}

#[test]
fn the_sample_rules_name_every_key_and_every_default() {
    let sample = read("rules/routing.toml");
    assert!(rules(&sample).is_empty(), "the sample as shipped has no rule");
    let sample = sample.replace("# [[rule]]\n", "[[rule]]\nname = \"a\"\nthen.tag = \"b\"\n");
    assert_is_the_manual(&sample, |text| format!("{:#?}", rules(text)), Policy::known_rule_keys);
}

/// Compares a sample with what `load` makes of it, as printed.
fn assert_is_the_manual(sample: &str, load: impl Fn(&str) -> String, known: impl Fn(&str) -> BTreeSet<String>) {
    let defaults = with_defaults(sample);
    assert_ne!(defaults, sample, "there are commented defaults");
    assert_eq!(load(&defaults), load(sample), "a line `# key = value` is not the default");
    let texts = examples(&defaults);
    assert!(texts.len() > 3, "there are examples");
    for (example, text) in &texts {
        // Where a password comes from does not show.
        let changed = load(text) != load(sample) || example.starts_with("password");
        assert!(changed, "an example that changes nothing: {example}");
    }
    let texts: Vec<String> = texts.into_iter().map(|(_, text)| text).chain([defaults]).collect();
    let present: BTreeSet<String> = texts.iter().flat_map(|text| keys(text)).collect();
    let known: BTreeSet<String> = texts.iter().flat_map(|text| known(text)).collect();
    let missing: Vec<&String> = known.difference(&present).collect();
    assert!(missing.is_empty(), "not in the sample: {missing:?}");
}

/// The sample with every `# key = value` and `# [section]` in force.
fn with_defaults(sample: &str) -> String {
    let line = regex::Regex::new(r"(?m)^# ([a-z_]+ = .+|\[+[a-z_.]+\]+)$").unwrap();
    line.replace_all(sample, "$1").into_owned()
}

/// For each `# e.g. key = value`, `key = value` and the text with that line in force in place of another value of the key.
fn examples(text: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut examples = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(example) = line.strip_prefix("# e.g. ") else { continue };
        let key = format!("{} =", example.split(" =").next().unwrap());
        let is_header = |line: &&str| line.starts_with('[');
        let start = lines[..at].iter().rposition(is_header).unwrap_or(0);
        let end = lines[at..].iter().position(is_header).map_or(lines.len(), |length| at + length);
        let mut changed: Vec<&str> = lines.clone();
        for line in &mut changed[start..end] {
            if line.starts_with(&key) {
                *line = "";
            }
        }
        changed[at] = example;
        examples.push((example.to_owned(), changed.join("\n")));
    }
    examples
}

/// All keys in a TOML text, with their sections.
fn keys(text: &str) -> BTreeSet<String> {
    fn collect(path: &str, value: &toml::Value, into: &mut BTreeSet<String>) {
        match value {
            toml::Value::Table(table) => {
                for (key, value) in table {
                    let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    collect(&path, value, into);
                    into.insert(path);
                }
            }
            toml::Value::Array(values) => values.iter().for_each(|value| collect(path, value, into)),
            _ => {}
        }
    }
    let mut keys = BTreeSet::new();
    collect("", &toml::Value::Table(text.parse().unwrap()), &mut keys);
    keys
}

fn desk(text: &str) -> postcase::rules::Desk {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("desk.toml"), text).unwrap();
    let loaded = Policy::load(folder.path(), &[]).unwrap_or_else(|wrong| panic!("{wrong}"));
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    loaded.value.desk
}

fn staff(text: &str) -> Vec<postcase::rules::Staff> {
    let folder = tempfile::tempdir().unwrap();
    let desk = "[desk]\nname = \"Example Support\"\naddress = \"support@example.com\"\n";
    fs::write(folder.path().join("desk.toml"), desk).unwrap();
    fs::write(folder.path().join("staff.toml"), text).unwrap();
    let loaded = Policy::load(folder.path(), &[]).unwrap_or_else(|wrong| panic!("{wrong}"));
    loaded.value.staff
}

fn rules(text: &str) -> Vec<postcase::rules::Rule> {
    let folder = tempfile::tempdir().unwrap();
    let desk = "[desk]\nname = \"Example Support\"\naddress = \"support@example.com\"\n";
    let one = |name: &str| format!("[[staff]]\nname = \"{name}\"\naddresses = [\"{name}@example.com\"]\n");
    fs::write(folder.path().join("desk.toml"), desk).unwrap();
    fs::write(folder.path().join("staff.toml"), one("kevin") + &one("sean")).unwrap();
    fs::write(folder.path().join("routing.toml"), text).unwrap();
    let loaded = Policy::load(folder.path(), &[]).unwrap_or_else(|wrong| panic!("{wrong}"));
    loaded.value.rules
}

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn restrict(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// The reference lists the keys that exist, and no others.
#[test]
fn the_readme_of_the_rules_names_every_key() {
    let readme = read("rules/README.md");
    let listed: BTreeSet<&str> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .filter(|key| key.contains('.') && !key.ends_with(".toml"))
        .collect();
    let person = "[[staff]]\nname = \"a\"\naddresses = [\"a@example.com\"]\n";
    let mut known = BTreeSet::new();
    for (file, keys, from, to) in [
        ("rules/desk.toml", Policy::known_keys as fn(&str) -> BTreeSet<String>, "", ""),
        ("rules/staff.toml", Policy::known_staff_keys, "# [[staff]]\n", person),
        ("rules/routing.toml", Policy::known_rule_keys, "# [[rule]]\n", "[[rule]]\nname = \"a\"\n"),
    ] {
        let sample = with_defaults(&read(file).replacen(from, to, 1));
        known.extend(examples(&sample).iter().flat_map(|(_, text)| keys(text)));
    }
    let sections = |key: &&String| !key.contains('.') || ["rule.when", "rule.then"].contains(&key.as_str());
    let known: BTreeSet<&str> = known.iter().filter(|key| !sections(key)).map(String::as_str).collect();
    assert_eq!(listed, known, "left: the README, right: what is read");
}

/// Every example of the README is read without a warning.
#[test]
fn the_cookbook_is_cooked() {
    let readme = read("rules/README.md");
    let recipes: Vec<&str> = readme.split("```toml\n").skip(1).filter_map(|text| text.split("```").next()).collect();
    assert!(recipes.len() >= 7, "an explanation and six recipes");
    let folder = tempfile::tempdir().unwrap();
    let queue = |name: &str| format!("[[queue]]\nname = \"{name}\"\n");
    let queues = ["support", "parts", "billing", "technical"].map(queue).concat();
    let desk = format!("[desk]\nname = \"Example Support\"\naddress = \"support@example.com\"\n{queues}");
    let one = |name: &str| format!("[[staff]]\nname = \"{name}\"\naddresses = [\"{name}@example.com\"]\n");
    fs::write(folder.path().join("desk.toml"), desk).unwrap();
    fs::write(folder.path().join("staff.toml"), ["kevin", "sean", "omar"].map(one).concat()).unwrap();
    for recipe in recipes {
        fs::write(folder.path().join("routing.toml"), recipe).unwrap();
        let loaded = Policy::load(folder.path(), &[]).unwrap_or_else(|wrong| panic!("{wrong}"));
        assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
        assert!(!loaded.value.rules.is_empty(), "{recipe}");
    }
}
