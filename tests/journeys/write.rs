//! Mails of a story become bytes.

use std::path::Path;

use mail_parser::MessageParser;
use postcase::mail::reference;

use super::desk::{Desk, Sent};
use super::script::Mail;

/// A mail that left, as its recipient sees it.
pub struct Seen {
    pub subject: String,
    pub message_id: String,
    /// Without angle brackets, oldest first.
    pub references: Vec<String>,
    pub text: String,
    /// Up to and without the empty line.
    pub head: String,
}

pub fn seen(bytes: &[u8]) -> Seen {
    let parsed = MessageParser::default().parse(bytes).expect("our own mail");
    let references = parsed.references().as_text_list().map(|list| list.iter().map(|id| id.to_string()).collect());
    let whole = String::from_utf8_lossy(bytes).into_owned();
    Seen {
        subject: parsed.subject().unwrap_or_default().to_owned(),
        message_id: parsed.message_id().unwrap_or_default().to_owned(),
        references: references.unwrap_or_default(),
        text: parsed.body_text(0).unwrap_or_default().replace("\r\n", "\n"),
        head: whole.split("\r\n\r\n").next().unwrap_or_default().to_owned(),
    }
}

/// The sealed references of all mails that left, in order.
pub fn seals(desk: &Desk) -> Vec<String> {
    let keyring = desk.engine().store().keyring().expect("a keyring");
    desk.sent.iter().map(|sent| keyring.seal(postcase::mail::SentId(sent.id.0))).collect()
}

/// The bytes of `mail`, the `step`-th of the story and the `count`-th of its kind.
pub fn bytes(mail: &Mail, folder: &Path, desk: &Desk, (step, count): (usize, u32)) -> Vec<u8> {
    if let Some(file) = &mail.file {
        let text = std::fs::read(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let Ok(text) = String::from_utf8(text.clone()) else { return text };
        return filled(&text, desk, count).replace("\r\n", "\n").replace('\n', "\r\n").into_bytes();
    }
    if let Some(sent) = mail.sent {
        return nth(desk, sent).bytes.clone();
    }
    let text = written(&ordinary(mail, desk), desk, (step, count));
    filled(&text, desk, count).replace("\r\n", "\n").replace('\n', "\r\n").into_bytes()
}

/// A reply with all that a mail program puts into it.
fn ordinary(mail: &Mail, desk: &Desk) -> Mail {
    let mut mail = mail.clone();
    if let Some(answered) = mail.answers.take() {
        let seen = seen(&nth(desk, answered).bytes);
        let or = |given: Option<String>, usual: String| Some(given.unwrap_or(usual));
        if mail.subject.is_empty() {
            mail.subject = format!("Re: {}", seen.subject.trim_start_matches("Re: "));
        }
        let mut references: Vec<String> = seen.references.iter().map(|id| format!("<{id}>")).collect();
        references.push(format!("<{}>", seen.message_id));
        mail.in_reply_to = or(mail.in_reply_to, format!("<{}>", seen.message_id));
        mail.references = or(mail.references, references.join(" "));
        mail.text = format!("{}\n\nOn Mon, 23 Nov 2026, Example Support wrote:\n{}", mail.text, quoted(&seen.text));
    }
    mail
}

fn written(mail: &Mail, desk: &Desk, (step, count): (usize, u32)) -> String {
    let mut out = format!("From: {}\nTo: {}\n", mail.from, mail.to.as_deref().unwrap_or("support@example.com"));
    let mut put = |name: &str, value: &str| out.push_str(&format!("{name}: {value}\n"));
    if let Some(cc) = &mail.cc {
        put("Cc", cc);
    }
    put("Subject", &mail.subject);
    if !mail.headers.contains_key("Date") {
        put("Date", &desk.now().strftime("%a, %d %b %Y %H:%M:%S +0000").to_string());
    }
    match mail.id.as_deref() {
        Some("") => {}
        Some(id) => put("Message-ID", &format!("<{id}>")),
        None => {
            let domain = mail.from.rsplit_once('@').map_or("example", |(_, domain)| domain.trim_end_matches('>'));
            put("Message-ID", &format!("<m{step}.{count}@{domain}>"));
        }
    }
    for (name, value) in [("In-Reply-To", &mail.in_reply_to), ("References", &mail.references)] {
        if let Some(value) = value {
            put(name, value);
        }
    }
    mail.headers.iter().for_each(|(name, value)| put(name, value));
    put("MIME-Version", "1.0");
    put("Content-Type", mail.content_type.as_deref().unwrap_or("text/plain; charset=utf-8"));
    put("Content-Transfer-Encoding", "8bit");
    format!("{out}\n{}\n", mail.text)
}

/// Puts in what the placeholders stand for.
fn filled(text: &str, desk: &Desk, count: u32) -> String {
    let mut text = text.replace("{n}", &count.to_string());
    let seals = seals(desk);
    for (index, sent) in desk.sent.iter().enumerate() {
        let seen = seen(&sent.bytes);
        let n = index + 1;
        for (name, value) in [
            ("ref", reference::written(&seals[index])),
            ("seal", seals[index].clone()),
            ("message-id", seen.message_id),
            ("subject", seen.subject),
            ("quote", quoted(&seen.text)),
            ("deep", quoted(&quoted(&seen.text))),
            ("text", seen.text),
            ("head", seen.head),
        ] {
            text = text.replace(&format!("{{{name}:{n}}}"), &value);
        }
    }
    assert!(
        !["{ref:", "{seal:", "{message-id:", "{subject:", "{quote:", "{deep:", "{text:", "{head:"]
            .iter()
            .any(|open| text.contains(open)),
        "a placeholder speaks of a mail that has not left yet:\n{text}"
    );
    text
}

fn quoted(text: &str) -> String {
    text.lines().map(|line| format!("> {line}\n")).collect()
}

fn nth(desk: &Desk, n: usize) -> &Sent {
    desk.sent.get(n - 1).unwrap_or_else(|| panic!("no {n}th mail has left, only {}", desk.sent.len()))
}
