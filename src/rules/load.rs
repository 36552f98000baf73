//! Reads the folder `rules/` and makes the policy of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::files::{FORMS, Files};
use super::rule::Names;
use super::{Desk, MailboxFacts, Policy, Rule, Staff, TemplateSource, desk, rule, staff, template};
use crate::case::Template;
use crate::diagnostics::{Diagnostics, Finding, Loaded, Source, nearest};
use crate::mail::Language;

impl Policy {
    /// Reads every rule file in `folder`, and the templates in `folder/templates`. Where no mailboxes are known nothing
    /// is said about them.
    ///
    /// # Errors
    /// All that is wrong with all files; then nothing of them counts.
    pub fn load(folder: &Path, mailboxes: &[MailboxFacts]) -> Result<Loaded<Policy>, Diagnostics> {
        Policy::compile(Files::read(folder), mailboxes)
    }

    /// As [`Policy::load`], of files that were read already.
    ///
    /// # Errors
    /// As [`Policy::load`].
    pub fn compile(files: Files, mailboxes: &[MailboxFacts]) -> Result<Loaded<Policy>, Diagnostics> {
        let mut found = files.unlisted().clone();
        if found.errors().any(|finding| finding.file == files.folder().display().to_string()) {
            return Err(found);
        }
        let folder = files.folder().to_owned();
        let desk = read_desk(&files, mailboxes, &mut found);
        let staff = read_staff(&files, desk.as_ref(), &mut found);
        let known = Names { desk: desk.as_ref(), staff: &staff, mailboxes };
        let rules = read_rules(&files, &known, &mut found);
        let written = read_templates(&files, &mut found);
        let templates = merged(written, &mut found);
        if let Some(desk) = &desk {
            find_missing(&folder, desk, &templates, &mut found);
        }
        let files = files.texts();
        let policy = desk.map(|desk| Policy { hash: hash(&files, &desk), desk, staff, rules, templates, files });
        found.judge(policy)
    }

    /// Every key that may stand in `desk.toml` and that reading `text` asks for: `desk.answer_time`.
    pub fn known_keys(text: &str) -> std::collections::BTreeSet<String> {
        let source = Source::new("desk.toml", text);
        source.read(|top| desk::desk(top, &[]));
        source.known_keys()
    }

    /// As [`Policy::known_keys`], of files with rules.
    pub fn known_rule_keys(text: &str) -> std::collections::BTreeSet<String> {
        let source = Source::new("routing.toml", text);
        let names = Names { desk: None, staff: &[], mailboxes: &[] };
        source.read(|top| rule::rules(top, "routing.toml", &names, &mut Vec::new()));
        // Conditions within conditions have the same keys again.
        let nested = |key: &String| ["not", "any", "all"].iter().any(|word| key.contains(&format!("when.{word}.")));
        source.known_keys().into_iter().filter(|key| !nested(key)).collect()
    }

    /// As [`Policy::known_keys`], of `staff.toml`.
    pub fn known_staff_keys(text: &str) -> std::collections::BTreeSet<String> {
        let source = Source::new("staff.toml", text);
        source.read(|top| staff::staff(top, None));
        source.known_keys()
    }
}

/// The rules of every file that has no form of its own, by name.
fn read_rules(files: &Files, known: &Names<'_>, found: &mut Diagnostics) -> Vec<Rule> {
    let (mut rules, mut seen) = (Vec::new(), Vec::new());
    for name in files.rules() {
        match files.source(name) {
            Some(Ok(source)) => {
                if let Some(finding) = of_another_form(name, source.text()) {
                    found.add(finding.in_file(source.file()));
                    continue;
                }
                rules.extend(source.read(|top| rule::rules(top, name, known, &mut seen)));
                found.append(source.diagnostics());
            }
            Some(Err(diagnostics)) => found.append(diagnostics),
            None => {}
        }
    }
    find_unreachable(files.folder(), &rules, found);
    rules
}

/// A desk or staff file under a name that is not its own.
fn of_another_form(name: &str, text: &str) -> Option<Finding> {
    let has = |header: &str| text.lines().any(|line| line.trim_start().starts_with(header));
    let meant = [("[desk]", "desk.toml"), ("[[staff]]", "staff.toml")].into_iter().find(|(header, _)| has(header));
    let (_, meant) = meant.filter(|_| !has("[[rule]]"))?;
    let near = nearest(name, FORMS) == Some(meant);
    let help = if near { format!("rename it to `{meant}`") } else { format!("what it says belongs in `{meant}`") };
    Some(Finding::error(format!("nothing reads a rule file of the name `{name}`")).help(help))
}

/// Rules after one that always matches and stops.
fn find_unreachable(folder: &Path, rules: &[Rule], found: &mut Diagnostics) {
    let Some(at) = rules.iter().position(|rule| rule.stop && rule.when.is_always()) else { return };
    if let Some(next) = rules.get(at + 1) {
        let last = &rules[at];
        let finding = Finding::warning(format!("the rule \"{}\" ({}) is never asked", next.name, next.place));
        let file = last.place.split(':').next().unwrap_or_default();
        found.add(
            finding
                .help(format!(
                    "\"{}\" ({}) matches every mail and stops: give it conditions, or move it last",
                    last.name, last.place
                ))
                .in_file(folder.join(file).display().to_string()),
        );
    }
}

fn read_desk(files: &Files, mailboxes: &[MailboxFacts], found: &mut Diagnostics) -> Option<Desk> {
    match files.source("desk.toml") {
        Some(Ok(source)) => {
            let desk = source.read(|top| desk::desk(top, mailboxes));
            found.append(source.diagnostics());
            desk
        }
        Some(Err(diagnostics)) => {
            found.append(diagnostics);
            None
        }
        None => {
            let path = files.folder().join("desk.toml");
            let help = "create it with two lines under `[desk]`: `name = \"Example Support\"` and `address = \"support@example.com\"`";
            found.add(Finding::error("the desk file is missing").help(help).in_file(path.display().to_string()));
            None
        }
    }
}

/// A desk without the file has no staff.
fn read_staff(files: &Files, desk: Option<&Desk>, found: &mut Diagnostics) -> Vec<Staff> {
    match files.source("staff.toml") {
        Some(Ok(source)) => {
            let staff = source.read(|top| staff::staff(top, desk));
            found.append(source.diagnostics());
            staff
        }
        Some(Err(diagnostics)) => {
            found.append(diagnostics);
            Vec::new()
        }
        None => Vec::new(),
    }
}

/// The two files of a template in one language.
#[derive(Default)]
struct Written {
    text: Option<(PathBuf, String)>,
    html: Option<(PathBuf, String)>,
}

type Templates = BTreeMap<(Template, Language), Written>;

fn read_templates(files: &Files, found: &mut Diagnostics) -> Templates {
    let mut written = Templates::new();
    for name in files.templates() {
        let path = files.folder().join("templates").join(name);
        let (key, form) = match parse_name(name) {
            Ok(parsed) => parsed,
            Err(help) => {
                let finding = Finding::error(format!("`{name}` is no name of a template"));
                found.add(finding.help(help).in_file(path.display().to_string()));
                continue;
            }
        };
        match files.source(&format!("templates/{name}")) {
            Some(Ok(source)) => {
                let entry = written.entry(key).or_default();
                let slot = match form {
                    Form::Text => &mut entry.text,
                    Form::Html => &mut entry.html,
                };
                *slot = Some((path, source.text().to_owned()));
            }
            Some(Err(diagnostics)) => found.append(diagnostics),
            None => {}
        }
    }
    written
}

enum Form {
    Text,
    Html,
}

/// `acknowledged.en.txt`; otherwise what to do about the name.
fn parse_name(name: &str) -> Result<((Template, Language), Form), String> {
    let known = || Template::ALL.iter().map(|template| template.name());
    let usual = || {
        format!(
            "name it `<template>.<language>.txt` or `.html`; templates are {}",
            known().collect::<Vec<_>>().join(", ")
        )
    };
    let parts: Vec<&str> = name.split('.').collect();
    let [stem, code, ending] = parts[..] else { return Err(usual()) };
    let form = match ending {
        "txt" => Form::Text,
        "html" => Form::Html,
        _ => return Err(usual()),
    };
    let Some(language) = desk::language(code) else {
        return Err(format!("`{code}` is no language: write a code of two small letters, as in `{stem}.en.{ending}`"));
    };
    match Template::ALL.into_iter().find(|template| template.name() == stem) {
        Some(template) => Ok(((template, language), form)),
        None => {
            Err(nearest(stem, known()).map_or_else(usual, |near| format!("did you mean `{near}.{code}.{ending}`?")))
        }
    }
}

/// The built-in templates, and in their place those that were written and are right.
fn merged(written: Templates, found: &mut Diagnostics) -> BTreeMap<(Template, Language), TemplateSource> {
    let mut templates = template::built_in();
    for ((template, language), Written { text, html }) in written {
        let name = format!("{}.{}", template.name(), language.0);
        match (text, html) {
            (Some((path, text)), html) => {
                let mut source = TemplateSource { origin: path.display().to_string(), text, html: None };
                let right = find_fault(&source, &path, &source.text, found);
                if let Some((path, html)) = html {
                    source.html = Some(html.clone());
                    // Whatever is wrong now is the HTML's: the text was checked by itself.
                    if right {
                        find_fault(&source, &path, &html, found);
                    }
                }
                templates.insert((template, language), source);
            }
            (None, Some((path, _))) => {
                let finding = Finding::error(format!("`{name}.html` stands without `{name}.txt`"));
                let finding =
                    finding.help(format!("write `{name}.txt` too: every mail has a text that is read without HTML"));
                found.add(finding.in_file(path.display().to_string()));
            }
            (None, None) => {}
        }
    }
    templates
}

/// True when nothing is wrong with `checked`; otherwise the fault is shown in `text`, the file at `path`.
fn find_fault(checked: &TemplateSource, path: &Path, text: &str, found: &mut Diagnostics) -> bool {
    let Err(fault) = template::check(checked) else { return true };
    let source = Source::new(path.display().to_string(), text);
    let mut finding = Finding::error(fault.message);
    finding.help = fault.suggestion.map(|name| format!("did you mean `{name}`?"));
    source.report_at(source.line(fault.line), finding);
    found.append(source.diagnostics());
    false
}

/// The desk's own language must have every template, since it stands in for all others.
fn find_missing(
    folder: &Path,
    desk: &Desk,
    templates: &BTreeMap<(Template, Language), TemplateSource>,
    found: &mut Diagnostics,
) {
    let Some(own) = desk.languages.first() else { return };
    let built_in = template::built_in();
    for template in Template::ALL {
        let has = |language: &Language| templates.contains_key(&(template, language.clone()));
        // Templates that no language has are missing in the program, not in the desk.
        if !has(own) && built_in.keys().any(|(known, _)| *known == template) {
            let name = format!("{}.{}.txt", template.name(), own.0);
            let finding = Finding::error(format!("the desk's own language `{}` has no template `{name}`", own.0));
            let finding = finding.help("write it, or put a language first in `languages` that has all templates");
            found.add(finding.in_file(folder.join("templates").join(name).display().to_string()));
        }
    }
    for (template, language) in templates.keys().filter(|key| !built_in.contains_key(key)) {
        if !desk.languages.contains(language) {
            let name = format!("{}.{}.txt", template.name(), language.0);
            let finding = Finding::warning(format!("`{name}` is never used"));
            let finding = finding.help(format!("add \"{}\" to `languages` in desk.toml, or remove it", language.0));
            found.add(finding.in_file(folder.join("templates").join(name).display().to_string()));
        }
    }
}

/// SHA-256 over the files, and over what the configuration adds to them. Lengths stand before texts, so that no two
/// policies run together.
fn hash(files: &BTreeMap<String, String>, desk: &Desk) -> String {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    };
    add("postcase policy 1");
    for (name, text) in files {
        add(name);
        add(text);
    }
    for address in &desk.own_addresses {
        add(address.as_str());
    }
    add(&desk.limits.message_bytes.to_string());
    add(&format!("{:?}", desk.trust));
    HEXLOWER.encode(&hash.finalize())
}
