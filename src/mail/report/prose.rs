//! The recipients that a report without a machine-readable part names: qmail, Exim, Exchange, carriers, web mailers.

use std::sync::LazyLock;

use regex::{Match, Regex};

use super::later::{DELAYED, LATER, NEVER};
use super::system::{TEXT_BYTES, plain};
use super::words::COPIES;
use super::{Action, RECIPIENTS, ReportedRecipient, status};
use crate::mail::Address;
use crate::mail::message::{Message, clip};

/// Lines below an address within which its diagnosis stands.
const DIAGNOSIS_LINES: usize = 8;
/// Lines of a report that are looked at.
const LINES: usize = 400;

static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    // Where no spaces are written, the sentence goes on behind `example.org`: a label has one kind of letter.
    let wide = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}ー";
    let label = format!(r"(?:[\p{{L}}0-9--[{wide}]]+|[0-9{wide}]+)");
    let atom = format!(r"(?:[\p{{L}}0-9!#$%&*+/=?^_`{{|}}~.'\-&&[^{wide}]]+|[0-9{wide}]+)");
    Regex::new(&format!(r#"(?:"[^"@\s]{{1,64}}"|{atom})@{label}(?:[.-]+{label})*"#)).expect("a constant")
});
/// A line that names a recipient by a label.
static LABELLED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)^(?:(?:final|original|failed|intended|envelope|e-mail|email)?[ -]?(?:recipients?|addressees?|destinatarios?|destinataires?|destinatari|empfänger)(?:[ -]?address)?|address(?:ed to)?|to address|for|rcpt to|.{0,20}\brcpt to|unknown user|user unknown|undeliverable address|could not be delivered to|was not delivered to|delivery to|.{0,40}\bdeliver(?: (?:the|your|this|a))?(?: (?:message|mail|email|e-mail))? to|宛先|收件人|받는 ?사람)\s*[:：<;]",
    )
    .expect("a constant")
});

/// The recipients that failed or wait, as the text says. Never empty: a report that names nobody is one about an
/// unknown recipient.
pub fn failed_recipients(message: &Message) -> Vec<ReportedRecipient> {
    let lines = explanation(message);
    let whole = lines.join("\n");
    let mut found: Vec<(Address, String)> = Vec::new();
    let listed = message.field("X-Failed-Recipients").flat_map(|value| ADDRESS.find_iter(value));
    let lower: Vec<String> = lines.iter().map(|line| line.to_lowercase()).collect();
    for address in listed.filter_map(|m| address(m.as_str())).take(RECIPIENTS) {
        let of = lower.iter().position(|line| line.contains(address.as_str()));
        let diagnosis = of.map_or(String::new(), |at| diagnosis(&lines, at));
        add(&mut found, address, diagnosis);
    }
    let introduced = introduced(&lines);
    let stages: [&dyn Fn(usize) -> Vec<Address>; 5] = [
        &|at| marked(lines[at]),
        &|at| labelled(lines[at]),
        &|at| alone(lines[at]),
        &|at| if introduced[at] { anywhere(lines[at]) } else { Vec::new() },
        &|at| if helps(lines[at]) { Vec::new() } else { anywhere(lines[at]) },
    ];
    for take in stages {
        if !found.is_empty() {
            break;
        }
        for at in 0..lines.len() {
            for address in take(at).into_iter().filter(|address| !is_ours(address, message)) {
                add(&mut found, address, diagnosis(&lines, at));
            }
        }
    }
    if found.is_empty() {
        // Some put the address into the subject alone, some name nobody beside the copy.
        let named = anywhere(&message.subject).into_iter().chain(addressed(message, lines.len()));
        named.filter(|a| !is_ours(a, message)).for_each(|a| add(&mut found, a, whole.clone()));
    }
    let action = if waits(message, &whole) { Action::Delayed } else { Action::Failed };
    let status = derived(action, &[&whole]);
    if found.is_empty() {
        return vec![reported(None, action, status)];
    }
    // What a server said of the only recipient counts for more than words, wherever it stands.
    let only = found.len() == 1;
    let said =
        |diagnosis: &str| status::enhanced(diagnosis).or_else(|| only.then(|| status::enhanced(&whole)).flatten());
    let specific = |status: &String| !status.ends_with(".0.0");
    let of = |(address, diagnosis): (Address, String)| {
        let said = said(&diagnosis).filter(|code| !code.starts_with('2') && specific(code));
        let own = said.or_else(|| Some(derived(action, &[&diagnosis])).filter(specific));
        reported(Some(&address), action, own.unwrap_or_else(|| status.clone()))
    };
    found.into_iter().map(of).collect()
}

/// Whether the text shows what only a report has: a recipient on a line of his own, or what a server said.
pub fn shows_failure(message: &Message) -> bool {
    names_recipient(message) || quotes_server(message)
}

/// Whether the text repeats what a server said: a code, and words that go with it.
pub fn quotes_server(message: &Message) -> bool {
    status::in_text(&explanation(message).join("\n")).is_some()
}

/// Whether the text has a recipient on a line of his own, as reports do.
pub fn names_recipient(message: &Message) -> bool {
    let others = |found: Vec<Address>| found.iter().any(|address| !is_ours(address, message));
    let named = |line: &&str| [marked, labelled, alone].iter().any(|take| others(take(line)));
    explanation(message).iter().any(named)
}

/// To whom the copy below the explanation went, where that is one person: not one of several, not a list.
fn addressed(message: &Message, explained: usize) -> Option<Address> {
    let lines = clip(&message.text, TEXT_BYTES).lines().take(LINES).skip(explained);
    let field = |line: &'_ str, wanted: &str| {
        let (name, value) = line.trim_start_matches(['>', ' ', '|']).split_once(':')?;
        name.eq_ignore_ascii_case(wanted).then(|| value.to_owned())
    };
    let several = |line: &str| ["cc", "list-id", "list-post"].iter().any(|name| field(line, name).is_some());
    let to = lines.clone().find_map(|line| field(line, "to"))?;
    let mut addresses = anywhere(&to);
    let one = addresses.len() == 1 && !lines.clone().any(several);
    if one { addresses.pop() } else { None }
}

fn add(found: &mut Vec<(Address, String)>, address: Address, diagnosis: String) {
    if found.len() < RECIPIENTS && !found.iter().any(|(known, _)| *known == address) {
        found.push((address, diagnosis));
    }
}

fn reported(address: Option<&Address>, action: Action, status: String) -> ReportedRecipient {
    let recipient = address.map(|address| address.as_str().to_owned());
    ReportedRecipient { recipient, action, status: Some(status), original_message_id: None }
}

/// The status that the first of `texts` to say anything gives; the class follows the action where no code is given.
pub fn derived(action: Action, texts: &[&str]) -> String {
    let class = match action {
        Action::Failed => "5",
        Action::Delayed => "4",
        Action::Delivered | Action::Relayed | Action::Expanded => return "2.0.0".to_owned(),
    };
    let written = texts.iter().find_map(|text| status::in_text(text)).filter(|code| !code.starts_with('2'));
    let said = || texts.iter().find_map(|text| status::meaning(text)).map(|meaning| format!("{class}.{meaning}"));
    match written {
        Some(code) if !code.ends_with(".0.0") => code,
        Some(code) => said().unwrap_or(code),
        None => said().unwrap_or_else(|| format!("{class}.0.0")),
    }
}

/// The lines in the reporter's own words: above the copy of what came back.
fn explanation(message: &Message) -> Vec<&str> {
    let begins_copy = |line: &str| {
        let trimmed = line.trim_start_matches([' ', '>', '|', '-', '=', '*', '\t']);
        let head = plain(clip(trimmed, 100));
        let dialogue = ["<<<", ">>>"].iter().any(|mark| line.trim_start().starts_with(mark));
        let header = ["received: ", "return-path:", "message-id:", "x-mailer:", "mime-version:"];
        let field = !line.starts_with([' ', '\t']) && header.iter().any(|name| head.starts_with(name));
        !dialogue && (field || copies(line, &head))
    };
    let lines: Vec<&str> = clip(&message.text, TEXT_BYTES).lines().take(LINES).collect();
    let end = lines.iter().position(|line| begins_copy(line)).unwrap_or(lines.len());
    // A copy that stands above the explanation hides nothing.
    if lines[..end].iter().any(|line| !line.trim().is_empty()) { lines[..end].to_vec() } else { lines }
}

/// Whether a line introduces the copy: by itself, or between dashes; not in the midst of a sentence.
fn copies(line: &str, head: &str) -> bool {
    let framed =
        line.trim_start().starts_with(['-', '=', '*', '|', '_', '<', '[']) || line.trim_end().ends_with([':', '-']);
    let sentence = line.trim_end().ends_with('.');
    // A sentence about the copy is not where it begins: "It is in the attached returned message."
    let reach = if framed { 40 } else { 20 };
    (framed || sentence) && COPIES.iter().any(|words| head.find(words).is_some_and(|at| at < reach))
}

fn diagnosis(lines: &[&str], at: usize) -> String {
    let below = lines[at..].iter().enumerate().take(DIAGNOSIS_LINES);
    // The next address has its own diagnosis.
    let own = below.take_while(|(offset, line)| *offset == 0 || marked(line).is_empty() && alone(line).is_empty());
    own.map(|(_, line)| *line).collect::<Vec<_>>().join("\n")
}

/// `<anna@example.org>: …` and `<anna@example.org>` at the beginning of a line.
fn marked(line: &str) -> Vec<Address> {
    let line = line.trim_start();
    let Some(inner) = line.strip_prefix('<').and_then(|rest| rest.split_once('>')) else { return Vec::new() };
    let whole = !inner.0.trim().contains(char::is_whitespace) || inner.0.trim_start().starts_with('"');
    address(inner.0).filter(|_| whole).into_iter().collect()
}

/// `Recipient: anna@example.org` and its kin.
fn labelled(line: &str) -> Vec<Address> {
    let line = line.trim_start_matches([' ', '\t', '*', '-', '>', '<', '|']);
    if LABELLED.is_match(clip(line, 200)) { anywhere(line) } else { Vec::new() }
}

/// A line that is an address, or begins with one and says what is wrong with it.
fn alone(line: &str) -> Vec<Address> {
    let line = line.trim_matches([' ', '\t', '*', '•', '·', '|', '-', '\u{a0}']);
    let Some(found) = ADDRESS.find(line) else { return Vec::new() };
    let before = &line[..found.start()];
    let begins = before.chars().all(|c| "<\"'[(: ".contains(c)) || before.ends_with('<') && before.starts_with('"');
    if begins { anywhere(line) } else { Vec::new() }
}

/// The lines below one that announces recipients, down to the end of their paragraph.
fn introduced(lines: &[&str]) -> Vec<bool> {
    const INTRODUCTIONS: &[&str] = &[
        "following recipient",
        "following address",
        "following user",
        "following mail",
        "these recipients",
        "this recipient",
        "delivered to",
        "deliver to",
        "message to",
        "folgende empfänger",
        "folgenden empfänger",
        "folgende adresse",
        "folgenden adresse",
        "destinataires suivants",
        "destinataire suivant",
        "siguientes destinatarios",
        "siguiente destinatario",
        "seguenti destinatari",
        "seguente destinatario",
        "volgende geadresseerde",
        "seguintes destinatários",
        "następujący",
        "следующ",
        "以下の",
        "以下收件人",
    ];
    let mut inside = false;
    let mut named = false;
    lines
        .iter()
        .map(|line| {
            if line.trim().is_empty() {
                inside = inside && !named;
                return false;
            }
            let this = inside;
            named = named || this && line.contains('@');
            let plain = plain(line);
            if INTRODUCTIONS.iter().any(|words| plain.contains(words)) {
                (inside, named) = (true, line.contains('@'));
                return true;
            }
            this
        })
        .collect()
}

/// A line that says where to ask or who sent, not to whom.
fn helps(line: &str) -> bool {
    let line = plain(line);
    let words = ["contact", "assistance", "help", "support", "e.g.", "mail from", "sender", "sent by", "from:", "try "];
    words.iter().any(|word| line.contains(word))
}

fn anywhere(line: &str) -> Vec<Address> {
    let line = clip(line, 2_000);
    // Half of an address is the address of somebody else.
    let whole = |m: &Match<'_>| {
        let before = line[..m.start()].chars().next_back();
        let cut = m.as_str().chars().next().is_some_and(|c| !c.is_ascii()) && before.is_some_and(char::is_alphanumeric);
        let behind = line[m.end()..].trim_start_matches(char::is_alphanumeric);
        let goes_on = behind.len() < line.len() - m.end() && behind.strip_prefix('.').is_some_and(is_label);
        !cut && !goes_on
    };
    ADDRESS.find_iter(line).filter(whole).filter_map(|m| address(m.as_str())).take(RECIPIENTS).collect()
}

fn is_label(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// An address without what reporters put before it: `smtp=`, `rfc822;`, an apostrophe.
pub fn address(text: &str) -> Option<Address> {
    let text = text.trim_matches(['\'', '"', '`', '<', '>', ' ', '.', '*', ':']);
    let lower = text.to_ascii_lowercase();
    let marks = ["smtp=", "smtp:", "mailto:", "rfc822;", "rfc822=", "="];
    let mark = marks.iter().find(|mark| lower.starts_with(*mark)).map_or(0, |mark| mark.len());
    let address = Address::parse(text[mark..].trim_matches(['\'', '"', '<', '>', ' ']))?;
    // A Message-ID is no address.
    (address.local_part().len() <= 64 && !address.domain().starts_with('.')).then_some(address)
}

/// Those who report, and those to whom they report.
fn is_ours(address: &Address, message: &Message) -> bool {
    let mut known = message.from.iter().chain(&message.to).chain(&message.sender).chain(&message.reply_to);
    let helper = ["postmaster", "mailer-daemon", "mailerdaemon", "abuse"].contains(&address.local_part());
    helper || known.any(|named| named.address == *address)
}

/// A warning that delivery is tried further.
fn waits(message: &Message, text: &str) -> bool {
    let subject = plain(&message.subject);
    let text = plain(text);
    let called = DELAYED.iter().any(|word| subject.contains(word));
    let called_failed = ["failure", "failed", "undeliver"].iter().any(|word| subject.contains(word));
    let later = || LATER.iter().any(|words| text.contains(words)) && !NEVER.iter().any(|words| text.contains(words));
    !called_failed && (called || later())
}
