//! What servers found out about who sent a message: Authentication-Results (RFC 8601), and whether it speaks for the
//! address in From (B30, B31).
//!
//! Only a field of a server that the desk trusts means anything, and of each such server the topmost: the ones below may
//! have come with the message, and so may all that stand below the first Received under it. ARC-Authentication-Results are what others say that others said, and count for nothing.
//! What is missing proves nothing. The field holds pieces that the sender chose (the local part of the reverse-path);
//! where one breaks the grammar, everything behind it counts as absent.

use serde::{Deserialize, Serialize};

use super::message::clip;
use super::{Address, Message};

/// Bytes of a field that are looked at.
const FIELD_BYTES: usize = 16 * 1024;
/// Results of one field, and properties of one result, that are looked at.
const RESULTS: usize = 50;

/// One field, parsed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Results {
    /// Who says so, lower case; None for Microsoft 365, which leaves it out.
    pub authserv_id: Option<String>,
    pub findings: Vec<Finding>,
}

/// The result of one method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `dkim`, `spf`, `dmarc`, `arc`, `iprev`, `auth`, `compauth`, …, lower case.
    pub method: String,
    pub outcome: Outcome,
    pub reason: Option<String>,
    pub properties: Vec<Property>,
}

/// RFC 8601 §2.7, and what Microsoft and Google add.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Pass,
    Fail,
    SoftFail,
    Neutral,
    None,
    Policy,
    TempError,
    PermError,
    /// Anything else; proves nothing.
    Other,
}

/// `header.d=example.org`: what the result is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// `smtp`, `header`, `body`, `policy`; empty where there is none, as in Microsoft's `action=none`.
    pub ptype: String,
    pub name: String,
    pub value: String,
}

/// Whose fields count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// Those of servers with these names, lower case; `*.example.com` is any host below `example.com`, for providers whose
    /// hosts take turns.
    Servers(Vec<String>),
    /// The topmost field, whoever wrote it: for providers that give no name, by explicit choice.
    Topmost,
}

/// What the results say of the address in From.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A pass that is aligned with From (RFC 7489 §3.1).
    Aligned(By),
    /// The server says that DMARC failed.
    Failed,
    /// Nothing speaks for From.
    Unproven,
}

/// What an aligned pass rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Dkim,
    Spf,
    /// The server's own verdict.
    Dmarc,
}

/// Whether what a trusted server found out speaks for the one address in From.
pub fn standing(message: &Message, trust: &Trust) -> Standing {
    let [from] = message.from.as_slice() else { return Standing::Unproven };
    match trusted(message, trust) {
        Some(results) => alignment(&results, &from.address),
        None => Standing::Unproven,
    }
}

/// What the fields that count say together: of each trusted name the topmost. Some providers have a server for each
/// method, each with a name and a field of its own; all of them write where the message came in, so that a Received below
/// the first of them ends what is theirs (RFC 5321 §4.4: newer fields stand above).
pub fn trusted(message: &Message, trust: &Trust) -> Option<Results> {
    let names = match trust {
        Trust::Topmost => return message.field("Authentication-Results").next().map(parse),
        Trust::Servers(names) => names,
    };
    let mut silent: Vec<&String> = names.iter().collect();
    let mut together: Option<Results> = None;
    for field in &message.fields {
        if together.is_some() && field.name.eq_ignore_ascii_case("Received") {
            break;
        }
        if !field.name.eq_ignore_ascii_case("Authentication-Results") {
            continue;
        }
        let results = parse(&field.value);
        let id = results.authserv_id.as_deref();
        let Some(at) = silent.iter().position(|name| id.is_some_and(|id| is_named(id, name))) else { continue };
        silent.swap_remove(at);
        match &mut together {
            None => together = Some(results),
            Some(together) => together.findings.extend(results.findings),
        }
        if silent.is_empty() {
            break;
        }
    }
    together
}

/// RFC 8601 §2.5: hosts of one organisation may give themselves different names.
fn is_named(id: &str, name: &str) -> bool {
    match name.strip_prefix("*.") {
        Some(domain) => id.rsplit_once(domain).is_some_and(|(host, rest)| rest.is_empty() && host.ends_with('.')),
        None => name.eq_ignore_ascii_case(id),
    }
}

/// Identifier alignment, relaxed: the organisational domains are the same. Whether the domain in From wants it strict, its
/// own server alone says: the trusted one asked it, and is believed where it says `dmarc=fail`.
pub fn alignment(results: &Results, from: &Address) -> Standing {
    let of = |method: &'static str| results.findings.iter().filter(move |finding| finding.method == method);
    if of("dmarc").any(|finding| finding.outcome == Outcome::Fail) {
        return Standing::Failed;
    }
    let passed = |method| of(method).filter(|finding| finding.outcome == Outcome::Pass);
    let own = |value: &str| same_organisation(domain_of(value), from.domain());
    let dkim = |finding: &Finding| {
        let signer = finding.property("header", "d").or_else(|| finding.property("header", "i"));
        signer.is_some_and(own)
    };
    let spf = |finding: &Finding| {
        // RFC 7489 §3.1.2: the name in HELO stands in for a null reverse-path, and for nothing else.
        match finding.property("smtp", "mailfrom").or_else(|| finding.property("smtp", "mail")) {
            Some("" | "<>") => finding.property("smtp", "helo").is_some_and(own),
            Some(sender) => own(sender),
            None => false,
        }
    };
    let dmarc = |finding: &Finding| {
        finding.property("header", "from").is_some_and(|value| same_domain(domain_of(value), from.domain()))
    };
    if passed("dkim").any(dkim) {
        Standing::Aligned(By::Dkim)
    } else if passed("spf").any(spf) {
        Standing::Aligned(By::Spf)
    } else if passed("dmarc").any(dmarc) {
        Standing::Aligned(By::Dmarc)
    } else {
        Standing::Unproven
    }
}

/// `example.org` of `@example.org`, `anna@example.org` and `example.org`.
fn domain_of(value: &str) -> &str {
    value.trim_matches(['<', '>', '"']).rsplit('@').next().unwrap_or_default().trim_end_matches('.')
}

fn ascii(domain: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii(domain).ok()?;
    (!ascii.is_empty()).then_some(ascii)
}

fn same_domain(one: &str, other: &str) -> bool {
    ascii(one).is_some_and(|one| Some(one) == ascii(other))
}

/// The same domain, or the same organisational domain by the public suffix list (RFC 7489 §3.2); what stands below a public
/// suffix belongs to many.
pub fn same_organisation(one: &str, other: &str) -> bool {
    if same_domain(one, other) {
        return true;
    }
    organisation(one).is_some_and(|one| Some(one) == organisation(other))
}

/// The organisational domain by the public suffix list, lower case; None for what is a public suffix itself.
pub fn organisation(domain: &str) -> Option<String> {
    ascii(domain).and_then(|domain| psl::domain_str(&domain).map(str::to_owned))
}

impl Finding {
    /// The value of the first property of this name.
    pub fn property(&self, ptype: &str, name: &str) -> Option<&str> {
        let mut named = self.properties.iter().filter(|p| p.ptype == ptype && p.name == name);
        named.next().map(|property| property.value.as_str())
    }
}

/// Parses the value of a field. Total and linear: what does not follow the grammar ends the list of findings.
pub fn parse(value: &str) -> Results {
    let mut words = Words { rest: clip(value, FIELD_BYTES) };
    let mut results = Results::default();
    let Some(first) = words.next() else { return results };
    let Word::Text(first) = first else { return results };
    // Microsoft 365 begins with the first result at once.
    let mut pending = None;
    if words.peek() == Some(Word::Equals) {
        pending = Some(first);
    } else {
        results.authserv_id = Some(first.to_lowercase());
        // An optional version; any other than 1 is a grammar that is not known (RFC 8601 §2.2).
        if let Some(Word::Text(version)) = words.peek() {
            if version != "1" {
                return results;
            }
            words.next();
        }
        match words.next() {
            None | Some(Word::Semicolon) => {}
            Some(Word::Text(_) | Word::Equals | Word::Broken) => return results,
        }
    }
    while results.findings.len() < RESULTS {
        let Some(finding) = finding(&mut words, pending.take()) else { break };
        results.findings.extend(finding);
    }
    results
}

/// One result, up to its semicolon. `Some(None)` for an empty one and for `none`; None at the end or at what is no result.
fn finding(words: &mut Words<'_>, first: Option<String>) -> Option<Option<Finding>> {
    let method = match first {
        Some(method) => method,
        None => match words.next()? {
            Word::Text(method) => method,
            Word::Semicolon => return Some(None),
            Word::Equals | Word::Broken => return None,
        },
    };
    let method = words.with(method, '/');
    match words.next() {
        Some(Word::Equals) => {}
        // `none`: nothing was checked (RFC 8601 §2.2).
        Some(Word::Semicolon) if method.eq_ignore_ascii_case("none") => return Some(None),
        Some(_) | None => return None,
    }
    let Some(Word::Text(outcome)) = words.next() else { return None };
    let method = method.split('/').next().unwrap_or_default().to_lowercase();
    let mut finding = Finding { method, outcome: Outcome::of(&outcome), reason: None, properties: Vec::new() };
    loop {
        match words.next() {
            None | Some(Word::Semicolon) => return Some(Some(finding)),
            Some(Word::Text(name)) => {
                let name = words.with(name, '.');
                if words.next() != Some(Word::Equals) {
                    return None;
                }
                // An empty value is written by some for a null reverse-path.
                let value = match words.peek() {
                    Some(Word::Text(_)) if words.another_follows() => String::new(),
                    Some(Word::Text(value)) => {
                        words.next();
                        value
                    }
                    Some(Word::Semicolon) | None => String::new(),
                    Some(Word::Equals | Word::Broken) => return None,
                };
                // Base64 may end in equals signs.
                let padding = if matches!(name.rsplit('.').next(), Some("b" | "bh")) { words.padding() } else { "" };
                finding.add(&name, value + padding);
            }
            Some(Word::Equals | Word::Broken) => return None,
        }
    }
}

impl Finding {
    fn add(&mut self, name: &str, value: String) {
        let name = name.to_lowercase();
        if name == "reason" {
            self.reason = Some(value);
        } else if self.properties.len() < RESULTS {
            let (ptype, name) = name.split_once('.').unwrap_or(("", &name));
            self.properties.push(Property { ptype: ptype.to_owned(), name: name.to_owned(), value });
        }
    }
}

impl Outcome {
    fn of(word: &str) -> Outcome {
        match word.to_lowercase().as_str() {
            "pass" => Outcome::Pass,
            "fail" | "hardfail" => Outcome::Fail,
            "softfail" => Outcome::SoftFail,
            "neutral" => Outcome::Neutral,
            "none" => Outcome::None,
            "policy" => Outcome::Policy,
            "temperror" => Outcome::TempError,
            "permerror" => Outcome::PermError,
            _ => Outcome::Other,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    /// A token, or a quoted string without its quotes.
    Text(String),
    Equals,
    Semicolon,
    /// A comment or a quoted string that does not end.
    Broken,
}

/// The field as words; comments and space are passed over.
#[derive(Clone)]
struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    fn peek(&self) -> Option<Word> {
        self.clone().next()
    }

    /// `first`, and what `mark` joins to it: there may be space and comments on both sides of it.
    fn with(&mut self, mut first: String, mark: char) -> String {
        while let Some(Word::Text(more)) = self.peek() {
            if !more.starts_with(mark) && !first.ends_with(mark) {
                break;
            }
            first.push_str(&more);
            self.next();
        }
        first
    }

    fn padding(&mut self) -> &'a str {
        let (padding, rest) = self.rest.split_at(self.rest.len() - self.rest.trim_start_matches('=').len());
        self.rest = rest;
        padding
    }

    /// Whether, behind space, not a value comes but the next property.
    fn another_follows(&self) -> bool {
        let mut ahead = self.clone();
        self.rest.starts_with(char::is_whitespace)
            && matches!(ahead.next(), Some(Word::Text(_)))
            && ahead.next() == Some(Word::Equals)
    }

    /// Past space and comments (RFC 5322 §3.2.2); false where a comment does not end.
    fn skip(&mut self) -> bool {
        let mut depth = 0usize;
        let mut escaped = false;
        for (at, c) in self.rest.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' if depth > 0 => escaped = true,
                '(' => depth += 1,
                ')' if depth > 0 => depth -= 1,
                _ if depth > 0 || c.is_whitespace() => {}
                _ => {
                    self.rest = &self.rest[at..];
                    return true;
                }
            }
        }
        self.rest = "";
        depth == 0
    }

    fn quoted(&mut self) -> Word {
        let mut text = String::new();
        let mut escaped = false;
        for (at, c) in self.rest.char_indices().skip(1) {
            match c {
                _ if escaped => {
                    text.push(c);
                    escaped = false;
                }
                '\\' => escaped = true,
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    // `"local part"@example.org` is one value.
                    let end =
                        self.rest.find(|c: char| c.is_whitespace() || ";=(\"".contains(c)).unwrap_or(self.rest.len());
                    text.push_str(&self.rest[..end]);
                    self.rest = &self.rest[end..];
                    return Word::Text(text);
                }
                c => text.push(c),
            }
        }
        self.rest = "";
        Word::Broken
    }
}

impl Iterator for Words<'_> {
    type Item = Word;

    fn next(&mut self) -> Option<Word> {
        if !self.skip() {
            return Some(Word::Broken);
        }
        let first = self.rest.chars().next()?;
        let single = match first {
            '=' => Some(Word::Equals),
            ';' => Some(Word::Semicolon),
            ')' => Some(Word::Broken),
            _ => None,
        };
        if let Some(word) = single {
            self.rest = &self.rest[1..];
            return Some(word);
        }
        if first == '"' {
            return Some(self.quoted());
        }
        let end = self.rest.find(|c: char| c.is_whitespace() || ";=()\"".contains(c)).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(Word::Text(text.to_owned()))
    }
}

#[cfg(test)]
mod tests;
