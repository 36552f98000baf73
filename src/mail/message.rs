//! One message, flat. Only this module (in `fields` and `charset`) knows mail-parser.

mod charset;
mod cms;
mod content;
mod enriched;
mod fields;
mod inline;
mod leaves;
mod names;
mod parameters;
mod parts;
mod placeholder;
mod seven_bit;
mod tnef;
mod transfer;
mod within;
mod words;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::defect::{Flaw, Flaws};
use super::html::Rendered;
use super::{Address, Bounds, Named, origin};
use charset::{Beside, Country};
use parts::Part;

pub(super) use fields::clip;
pub use fields::message_ids;
pub use within::holds_field;

/// A Message-ID (RFC 5322 §3.6.4) without angle brackets, space trimmed, case kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(pub String);

impl std::fmt::Display for MessageId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// One header field, unfolded and decoded; control characters are gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// As written, without the colon.
    pub name: String,
    pub value: String,
}

/// A part that is not the message's text: an index into the raw bytes, never a copy (DESIGN: raw mail is the only copy).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Clean: NFKC, no control, bidi or zero-width characters, no path, no leading dot (B18). Made up from the media type where none was given.
    pub name: String,
    /// `type/subtype`, lower case.
    pub media_type: String,
    /// Bytes after decoding.
    pub size: u64,
    /// Of the decoded bytes, lower-case hex.
    pub sha256: String,
    /// Shown within the text (Content-Disposition inline with a Content-ID that HTML uses), not beside it.
    pub inline: bool,
    /// Where the encoded body lies in the raw bytes.
    pub offset: u64,
    /// Its encoded length in bytes.
    pub length: u64,
    /// Content-Transfer-Encoding, lower case: `base64`, `quoted-printable`, `7bit`, … For a file within a part, what it
    /// is in and its place there follow: `quoted-printable+uuencode:0`, `base64+tnef:2`, `base64+smime:0`, `7bit+rfc822:1`.
    pub encoding: String,
}

impl Attachment {
    /// This part of the message that `outer` is, the `index`-th of its attachments, as one of the message around it.
    /// None where `outer` is itself within another part.
    pub fn within(&self, outer: &Attachment, index: usize) -> Option<Attachment> {
        let encoding = format!("{}+rfc822:{index}", outer.encoding);
        let nested = outer.encoding.contains('+');
        (!nested).then(|| Attachment { offset: outer.offset, length: outer.length, encoding, ..self.clone() })
    }
}

/// What the header and the body say, decoded, with bounds applied.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Message {
    /// In order of appearance; at most `Bounds::headers`.
    pub fields: Vec<Field>,
    /// Decoded, one line; empty when there is none.
    pub subject: String,
    pub from: Vec<Named>,
    pub sender: Option<Named>,
    /// Who speaks where a mailing list put itself into From, by its own account: a claim, as From is.
    #[serde(default)]
    pub rewritten: Option<Named>,
    pub reply_to: Vec<Named>,
    pub to: Vec<Named>,
    pub cc: Vec<Named>,
    pub date: Option<Timestamp>,
    /// None when missing or empty: such a message matches nothing (B5).
    pub message_id: Option<MessageId>,
    pub in_reply_to: Vec<MessageId>,
    /// Oldest first, as RFC 5322 §3.6.4 has it.
    pub references: Vec<MessageId>,
    /// The readable text: text/plain, else HTML turned into text. LF line ends.
    pub text: String,
    /// The HTML body as decoded, at most `Bounds::html_bytes`; None when there is none. Never shown unsanitised.
    pub html: Option<String>,
    /// What the HTML says as text, and of its lines; only while a message is read.
    #[serde(skip)]
    pub(super) rendered: Option<Rendered>,
    pub attachments: Vec<Attachment>,
    /// Text of message/rfc822 and text/rfc822-headers parts, headers only, for reports and forwards: (offset, length) into the raw bytes.
    pub enclosed: Vec<(u64, u64)>,
}

impl Message {
    /// The first originator (RFC 5322 §3.6.2), the one who speaks.
    pub fn originator(&self) -> Option<&Address> {
        self.from.first().map(|named| &named.address)
    }

    /// What the first attachments of such media types hold, decoded. A mail may bear hundreds, each of which may cost as
    /// much as the signed message that it is in.
    pub(super) fn files<'a>(
        &'a self,
        raw: &'a [u8],
        is_wanted: impl Fn(&str) -> bool + 'a,
    ) -> impl Iterator<Item = Vec<u8>> + 'a {
        let wanted = self.attachments.iter().filter(move |part| is_wanted(&part.media_type));
        wanted.take(FILES).map(|part| attachment_bytes(raw, part))
    }

    /// The values of a header field, in order of appearance; names compare without case.
    pub fn field<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |f| f.name.eq_ignore_ascii_case(name)).map(|f| f.value.as_str())
    }
}

/// Attachments of one sort that are looked into.
const FILES: usize = 3;

/// Message-IDs that are kept of In-Reply-To, and of References: the newest ones.
const REFERENCES: usize = 500;

/// Reads the header and the parts of `raw`. Linear in its length.
pub fn read(raw: &[u8], bounds: &Bounds, flaws: &mut Flaws) -> Message {
    read_as(raw, content::Sealed::Opened, bounds, flaws)
}

/// What was signed, within a message: a message again, in which no other is opened.
fn read_signed(raw: &[u8], bounds: &Bounds, flaws: &mut Flaws) -> Message {
    read_as(raw, content::Sealed::Kept, bounds, flaws)
}

fn read_as(raw: &[u8], sealed: content::Sealed, bounds: &Bounds, flaws: &mut Flaws) -> Message {
    let parts = parts::walk(raw, bounds, flaws);
    let mut message = header(raw, &parts[0], &beside(raw, &parts), bounds, flaws);
    message.rewritten = origin::rewritten_author(&message);
    content::fill(&mut message, raw, &parts, sealed, bounds, flaws);
    message
}

/// The bytes of an attachment as they were before they were encoded for transport: for text the original bytes,
/// in whatever charset. Empty when `raw` is not the message that the attachment was read from.
pub fn attachment_bytes(raw: &[u8], attachment: &Attachment) -> Vec<u8> {
    let encoded = enclosed_bytes(raw, (attachment.offset, attachment.length));
    let (encoding, within) = attachment.encoding.split_once('+').unwrap_or((&attachment.encoding, ""));
    let bytes = transfer::decode(encoded, encoding, &mut Flaws::default());
    let (how, place) = within.split_once(':').unwrap_or_default();
    let place = place.parse().unwrap_or(usize::MAX);
    match how {
        "uuencode" | "yenc" => {
            inline::split(&bytes).1.into_iter().nth(place).map(|file| file.bytes).unwrap_or_default()
        }
        "rfc822" => {
            let inner = read(&bytes, &without_text(), &mut Flaws::default());
            let part = inner.attachments.get(place).filter(|part| !part.encoding.contains("+rfc822"));
            part.map(|part| attachment_bytes(&bytes, part)).unwrap_or_default()
        }
        "smime" => {
            let Some(cms::Object::Signed(content)) = cms::read(&bytes) else { return Vec::new() };
            let inner = read_signed(&content, &without_text(), &mut Flaws::default());
            inner.attachments.get(place).map(|part| attachment_bytes(&content, part)).unwrap_or_default()
        }
        "tnef" => {
            let files = tnef::read(&bytes).unwrap_or_default().files;
            files.into_iter().nth(place).map(|file| file.bytes).unwrap_or_default()
        }
        _ => bytes.into_owned(),
    }
}

/// For who wants a file alone: which there are does not depend on how much of a text is kept.
fn without_text() -> Bounds {
    Bounds { text_bytes: 0, html_bytes: 0, ..Bounds::default() }
}

/// A piece of the raw bytes, as [`Message::enclosed`] names it; empty when it lies outside.
pub fn enclosed_bytes(raw: &[u8], (offset, length): (u64, u64)) -> &[u8] {
    let start = usize::try_from(offset).unwrap_or(usize::MAX);
    let end = usize::try_from(offset.saturating_add(length)).unwrap_or(usize::MAX);
    raw.get(start..end).unwrap_or_default()
}

/// Only the header fields of `raw`, a message or a piece of one: no text, no attachments.
pub fn read_header(raw: &[u8], bounds: &Bounds, flaws: &mut Flaws) -> Message {
    let bounds = Bounds { parts: 1, depth: 0, ..*bounds };
    let parts = parts::walk(raw, &bounds, flaws);
    header(raw, &parts[0], &beside(raw, &parts), &bounds, flaws)
}

/// Where the text begins: behind the empty line, or where the fields end without one.
pub(super) fn body_start(raw: &[u8], bounds: &Bounds) -> usize {
    let bounds = Bounds { parts: 1, depth: 0, ..*bounds };
    parts::walk(raw, &bounds, &mut Flaws::default())[0].body.start
}

/// Fields in which an encoded word is none (RFC 2047 §5), and what it hides must not become syntax.
fn is_structured(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "Authentication-Results",
        "ARC-Authentication-Results",
        "Received",
        "Received-SPF",
        "Return-Path",
        "DKIM-Signature",
        "Message-ID",
        "In-Reply-To",
        "References",
        "Auto-Submitted",
        "Precedence",
    ];
    NAMES.iter().any(|structured| name.eq_ignore_ascii_case(structured))
}

/// Bytes of text that help to guess the charset of the header.
const SAMPLE_BYTES: usize = 16 * 1024;

/// What the header's raw bytes may be in; nothing where there are none.
fn beside(raw: &[u8], parts: &[Part]) -> Beside {
    let mut sample = Vec::new();
    for field in &parts[0].fields {
        let value = &raw[field.value.clone()];
        if sample.len() < SAMPLE_BYTES && !value.is_ascii() {
            sample.extend_from_slice(&value[..value.len().min(1024)]);
        }
    }
    if sample.is_empty() {
        return Beside::default();
    }
    let text = parts.iter().find(|part| !part.multipart && part.content.value.starts_with("text/"));
    if let Some(part) = text.filter(|part| !matches!(part.encoding.as_str(), "base64" | "quoted-printable")) {
        let body = &raw[part.body.clone()];
        sample.extend_from_slice(&body[..body.len().min(SAMPLE_BYTES)]);
    }
    let charset = text.and_then(|part| part.content.parameter("charset")).map(str::to_owned);
    Beside::new(charset, sample, country(raw, &parts[0]))
}

/// Where the last address of From is.
fn country(raw: &[u8], part: &Part) -> Country {
    let from = part.fields.iter().find(|field| raw[field.name.clone()].eq_ignore_ascii_case(b"from"));
    let value = from.map_or(&[][..], |field| &raw[field.value.clone()]);
    let domain = value.rsplit(|b| *b == b'@').next().unwrap_or_default();
    let domain = domain.split(|b| !b.is_ascii_alphanumeric() && !b".-".contains(b)).next().unwrap_or_default();
    Country::of(&String::from_utf8_lossy(domain))
}

fn header(raw: &[u8], part: &Part, beside: &Beside, bounds: &Bounds, flaws: &mut Flaws) -> Message {
    let mut message = Message::default();
    let mut room = bounds.recipients;
    for field in &part.fields {
        let name = String::from_utf8_lossy(&raw[field.name.clone()]).into_owned();
        let line = fields::unfold_within(&raw[field.value.clone()], bounds.header_bytes, beside, flaws);
        let mut named = |flaws: &mut Flaws| fields::addresses(&line, &mut room, flaws);
        match name.to_ascii_lowercase().as_str() {
            "from" => {
                let found = named(flaws);
                // Some programs encode the whole field, address and all; that counts only where nothing else is there.
                let encoded = found.is_empty() && line.contains("=?");
                let found = if encoded { fields::encoded_addresses(&line, &mut room, flaws) } else { found };
                // A field that says the same again is no second originator.
                let new = |named: &Named| message.from.iter().all(|known| known.address != named.address);
                let found: Vec<Named> = found.into_iter().filter(new).collect();
                message.from.extend(found);
            }
            "sender" => message.sender = message.sender.take().or(named(flaws).into_iter().next()),
            "reply-to" => message.reply_to.extend(named(flaws)),
            "to" => message.to.extend(named(flaws)),
            "cc" => message.cc.extend(named(flaws)),
            "subject" if message.subject.is_empty() => message.subject = fields::subject(&line, flaws),
            "date" if message.date.is_none() => {
                message.date = fields::date(&line);
                if message.date.is_none() {
                    flaws.note(Flaw::BadDate);
                }
            }
            "message-id" => {
                message.message_id = message.message_id.take().or(message_ids(&line).into_iter().next());
            }
            "in-reply-to" => message.in_reply_to.extend(message_ids(&line).into_iter().take(REFERENCES)),
            "references" => message.references.extend(message_ids(&line)),
            _ => {}
        }
        let value = if is_structured(&name) { line } else { fields::unstructured(&line, flaws) };
        message.fields.push(Field { name, value });
        let surplus = message.references.len().saturating_sub(REFERENCES);
        message.references.drain(..surplus);
        message.in_reply_to.truncate(REFERENCES);
    }
    message
}
