//! Mail that is handed on (B17): attached as message/rfc822, or copied into the text below a header.

pub(super) mod date;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::body::Line;
use super::body::attribution;
use super::body::fold::folded;
use super::body::header::{self, Copied};
use super::body::languages::Label;
use super::defect::Flaws;
use super::message::{self, Attachment, Message, MessageId, clip};
use super::{Address, Bounds, Named};

/// Enclosed messages that are read.
const ATTACHED: usize = 20;
/// Lines above a copied header: separators, blank lines.
const PREFACE: usize = 6;
/// Characters of what a copied header says, as written.
const WRITTEN_CHARS: usize = 300;
/// Characters of a name.
const NAME_CHARS: usize = 200;

/// How a message was handed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Within the text.
    Inline,
    /// As the attachment of that number in `Message::attachments`, from 0.
    Attached(usize),
}

/// A message within a message, by its original author.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forwarded {
    pub form: Form,
    /// None where it names no address.
    pub from: Option<Named>,
    /// The author as it was written, at most 300 characters; some programs copy the name alone.
    pub from_written: String,
    /// When it was sent. Where no zone was copied, in the zone of the message that hands it on. None where it cannot
    /// be told.
    pub date: Option<Timestamp>,
    /// The date as it was written, at most 300 characters.
    pub date_written: String,
    pub subject: String,
    /// Known of attached ones.
    pub message_id: Option<MessageId>,
    /// With LF line ends, its own quotations and all.
    pub text: String,
    /// Attached ones: their offsets are into the bytes that `attachment_bytes` gives for the attachment of `form`.
    /// What came beside an inline one stands among those of the message itself.
    pub attachments: Vec<Attachment>,
}

/// Every message that `message` hands on: `inline` is what its text hands on. Linear in the length of `raw`.
pub fn find(raw: &[u8], message: &Message, inline: &str, bounds: &Bounds) -> Vec<Forwarded> {
    let copied = (!inline.trim().is_empty()).then(|| read_inline(inline, message));
    let enclosed = message.attachments.iter().enumerate().filter(|(_, file)| encloses(&file.media_type));
    let attached = enclosed.take(ATTACHED).map(|(at, file)| {
        let bytes = message::attachment_bytes(raw, file);
        attached(at, message::read(&bytes, bounds, &mut Flaws::default()))
    });
    copied.into_iter().chain(attached).collect()
}

fn encloses(media_type: &str) -> bool {
    matches!(media_type, "message/rfc822" | "message/global")
}

fn attached(at: usize, enclosed: Message) -> Forwarded {
    let written = |name| enclosed.field(name).next().map(short).unwrap_or_default();
    Forwarded {
        form: Form::Attached(at),
        from_written: written("From"),
        date: enclosed.date,
        date_written: written("Date"),
        message_id: enclosed.message_id.clone(),
        from: enclosed.from.into_iter().next(),
        subject: enclosed.subject,
        text: enclosed.text,
        attachments: enclosed.attachments,
    }
}

fn read_inline(inline: &str, message: &Message) -> Forwarded {
    let text = with_colons(unquoted(inline));
    let lines: Vec<Line<'_>> = text.split('\n').map(Line::new).collect();
    let start = lines.iter().take(PREFACE).position(|line| header::label(line.content).is_some());
    if start.is_none()
        && let Some(found) = read_attributed(&text, &lines, message)
    {
        return found;
    }
    let copied = start.map(|at| header::copied(&lines, at).unwrap_or_else(|| header::fields(&lines, at)));
    let copied = copied.unwrap_or_default();
    let behind = start.unwrap_or_default() + copied.lines;
    let skipped = if start.is_some() { 0 } else { usize::from(header::separator(lines[0].content).is_some()) };
    let body: Vec<&str> = text.split('\n').skip(behind + skipped).collect();
    let body = without_frame(&body);
    let from_written = value(&copied, Label::From);
    let date_written = value(&copied, Label::Date);
    let zone = message.field("Date").next().and_then(date::offset);
    Forwarded {
        form: Form::Inline,
        from: named(&from_written),
        date: date::read(&date_written, zone),
        subject: value(&copied, Label::Subject),
        from_written,
        date_written,
        message_id: None,
        text: bare(body).trim_matches(['\n', ' ']).to_owned(),
        attachments: Vec::new(),
    }
}

/// Below a separator an attribution may stand in place of a header: `03.03.2025, 10:12, "Anna" <anna@…>:`.
fn read_attributed(text: &str, lines: &[Line<'_>], message: &Message) -> Option<Forwarded> {
    let at = lines.iter().take(PREFACE).skip(1).position(|line| !line.content.is_empty())? + 1;
    let count = attribution::lines(lines, at)?;
    let written: String = lines[at..at + count].iter().map(|line| line.content.to_owned() + " ").collect();
    let zone = message.field("Date").next().and_then(date::offset);
    let name = |named: Named| Named {
        name: named
            .name
            .as_deref()
            .and_then(|name| name.rsplit(',').next())
            .map(|name| name.trim_matches([' ', '"']).into()),
        ..named
    };
    let body: Vec<&str> = text.split('\n').skip(at + count).collect();
    Some(Forwarded {
        form: Form::Inline,
        from: named(&written).map(name),
        from_written: short(&written),
        date: date::read(&written, zone),
        date_written: short(&written),
        subject: String::new(),
        message_id: None,
        text: bare(&body).trim_matches(['\n', ' ']).to_owned(),
        attachments: Vec::new(),
    })
}

/// eM Client leaves out the colons: `From "Anna" <anna@…>`.
fn with_colons(text: String) -> String {
    let mut lines = text.split('\n');
    let separated = lines.next().is_some_and(|first| header::separator(first.trim()).is_some());
    let below = lines.next().unwrap_or_default().trim();
    let bare = |line: &str| line.split_once(' ').is_some_and(|(word, _)| header::label(&format!("{word}:")).is_some());
    if !separated || !bare(below) || header::label(below).is_some() || !below.contains('@') {
        return text;
    }
    let mut within = true;
    let lines = text.split('\n').enumerate().map(|(at, line)| {
        within = within && (at == 0 || bare(line));
        if at > 0 && within { line.replacen(' ', ": ", 1) } else { line.to_owned() }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Apple Mail hands on with `>` before every line, on the Mac before the separator too.
fn unquoted(inline: &str) -> String {
    let mut lines = inline.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next();
    let marked = lines.clone().count() > 0 && lines.all(|line| line.trim_start().starts_with('>'));
    if !marked {
        return inline.trim_end().to_owned();
    }
    let bare = |line: &str| {
        let line = line.trim_start().strip_prefix('>').unwrap_or(line);
        line.strip_prefix(' ').unwrap_or(line).to_owned()
    };
    inline.lines().skip_while(|line| Some(*line) != first).map(bare).collect::<Vec<_>>().join("\n")
}

/// Mutt closes what it opened; Zoho draws its line a second time below the header.
fn without_frame<'a, 'b>(body: &'a [&'b str]) -> &'a [&'b str] {
    let is_filled = |line: &&str| !line.trim().is_empty();
    let is_line = |line: &str| {
        let line = line.trim();
        line.starts_with(['-', '=']) && line.ends_with(['-', '=']) && line.chars().any(char::is_alphabetic)
    };
    let start =
        body.iter().position(is_filled).filter(|at| header::separator(body[*at]).is_some() || is_frame(body[*at]));
    let body = &body[start.map_or(0, |at| at + 1)..];
    let is_rule = |line: &str| line.len() >= 20 && line.bytes().all(|byte| byte == b'-');
    let ends = |line: &str| is_line(line) && line.to_lowercase().contains("end ") || is_rule(line);
    let end = body.iter().rposition(is_filled).filter(|at| ends(body[*at]));
    &body[..end.unwrap_or(body.len())]
}

/// `====== Forwarded message ======`.
fn is_frame(line: &str) -> bool {
    let line = line.trim();
    line.starts_with("====") && line.ends_with("====")
}

/// Proton hands on the text with `>` before every line, and the header without.
fn bare(body: &[&str]) -> String {
    let mut filled = body.iter().filter(|line| !line.trim().is_empty()).peekable();
    let quoted = filled.peek().is_some() && filled.all(|line| line.starts_with('>'));
    let bare = |line: &&str| match line.strip_prefix('>') {
        Some(rest) if quoted => rest.strip_prefix(' ').unwrap_or(rest).to_owned(),
        Some(_) | None => (*line).to_owned(),
    };
    body.iter().map(bare).collect::<Vec<_>>().join("\n")
}

fn value(copied: &Copied, label: Label) -> String {
    copied.fields.iter().find(|(known, _)| *known == label).map(|(_, value)| short(value)).unwrap_or_default()
}

fn short(text: &str) -> String {
    let turns = |c: &char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.chars().filter(|c| !turns(c)).take(WRITTEN_CHARS).collect()
}

/// `Anna Berg <anna@example.org>`, as programs copy it: `[mailto:…]`, `(anna@…)`, quoted, doubled.
fn named(written: &str) -> Option<Named> {
    let written = clip(written, 2_000);
    let ends = |c: char| c.is_whitespace() || "<>[]();,\"'|".contains(c);
    let word = written.split(ends).find_map(|word| {
        let word = word.strip_prefix("mailto:").unwrap_or(word);
        word.contains('@').then(|| Address::parse(word)).flatten().map(|address| (word, address))
    });
    let (word, address) = word?;
    let before = written.split(word).next().unwrap_or_default().trim_end_matches("mailto:");
    let name = before.trim_matches(|c: char| c.is_whitespace() || "<>[]();,\"'|*".contains(c));
    // `Berg, Anna (Instruments Ltd)`: a parenthesis of the name itself is closed.
    let opened = name.matches('(').count() > name.matches(')').count();
    let closing = if opened && before.contains(&format!("{name})")) { ")" } else { "" };
    let name: String = name.chars().take(NAME_CHARS).chain(closing.chars()).collect();
    let known = !name.is_empty() && folded(&name) != address.as_str();
    Some(Named { name: known.then_some(name), address })
}

#[cfg(test)]
mod tests;
