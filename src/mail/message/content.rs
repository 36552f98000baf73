//! The readable text and the attachments of a message, from its parts.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::charset::Country;
use super::fields::clip;
use super::leaves::{self, Leaf, Role, filename, readable_lines};
use super::parts::Part;
use super::{Attachment, Message, cms, fields, names, placeholder, tnef, transfer};
use crate::mail::Bounds;
use crate::mail::defect::{Flaw, Flaws};
use crate::mail::html::{self, Rendered};

/// What becomes of a part that holds a whole message under a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sealed {
    /// It is read.
    Opened,
    /// It stays a file: one within another is opened no more.
    Kept,
}

/// Fills in text, HTML, attachments and enclosed headers.
pub fn fill(message: &mut Message, raw: &[u8], parts: &[Part], sealed: Sealed, bounds: &Bounds, flaws: &mut Flaws) {
    let country = message.from.first().map_or(Country::default(), |from| Country::of(from.address.domain()));
    let mut leaves = leaves::read(raw, parts, country, bounds, flaws);
    message.html = html_body(&mut leaves, bounds, flaws);
    message.text = text_body(&leaves, bounds, flaws);
    message.rendered = rendered(&mut leaves);
    let shown = message.html.as_deref().map(content_ids).unwrap_or_default();
    let mut room = bounds.parts;
    for leaf in &leaves {
        if matches!(leaf.role, Role::Attachment) {
            let bytes = transfer::decode(&raw[leaf.part.body.clone()], &leaf.part.encoding, flaws);
            message.attachments.push(attachment(raw, leaf.part, &bytes, &shown, bounds, flaws));
            message.enclosed.extend(enclosed_header(raw, leaf.part));
            if is_tnef(leaf.part) {
                unpack(message, leaf.part, &bytes, &shown, &mut room, bounds, flaws);
            }
            if is_smime(leaf.part) && sealed == Sealed::Opened {
                open(message, leaf.part, &bytes, &mut room, bounds, flaws);
            }
        }
        for (place, file) in leaf.files.iter().enumerate().take(room) {
            if !file.whole {
                flaws.note(Flaw::BrokenAttachment);
            }
            let within = format!("{}:{place}", file.how.name());
            message.attachments.push(enclosed_file(leaf.part, &within, Some(&file.name), None, &file.bytes));
        }
        room = room.saturating_sub(leaf.files.len());
    }
    name_the_unreadable(message, parts, flaws);
}

fn is_tnef(part: &Part) -> bool {
    let named = || filename(part).is_some_and(|name| name.eq_ignore_ascii_case("winmail.dat"));
    matches!(part.content.value.as_str(), "application/ms-tnef" | "application/vnd.ms-tnef") || named()
}

fn is_smime(part: &Part) -> bool {
    let named = || filename(part).is_some_and(|name| name.eq_ignore_ascii_case("smime.p7m"));
    matches!(part.content.value.as_str(), "application/pkcs7-mime" | "application/x-pkcs7-mime") || named()
}

/// What was signed in one object with its signature counts where the message has no text; its files stand beside it.
fn open(message: &mut Message, part: &Part, bytes: &[u8], room: &mut usize, bounds: &Bounds, flaws: &mut Flaws) {
    let content = match cms::read(bytes) {
        Some(cms::Object::Signed(content)) => content,
        Some(cms::Object::Sealed) => return flaws.note(Flaw::Encrypted),
        Some(cms::Object::Detached) => return,
        None => return flaws.note(Flaw::BrokenAttachment),
    };
    let inner = super::read_signed(&content, bounds, flaws);
    if message.text.trim().is_empty() && message.html.is_none() {
        (message.text, message.html, message.rendered) = (inner.text, inner.html, inner.rendered);
    }
    let encoding = if part.encoding.is_empty() { "7bit" } else { &part.encoding };
    let (offset, length) = (part.body.start as u64, part.body.len() as u64);
    for (place, file) in inner.attachments.into_iter().enumerate().take(*room) {
        let encoding = format!("{encoding}+smime:{place}");
        message.attachments.push(Attachment { offset, length, encoding, ..file });
        *room -= 1;
    }
}

/// The files of a winmail.dat stand beside it; its text counts where the message has none.
fn unpack(
    message: &mut Message,
    part: &Part,
    bytes: &[u8],
    shown: &HashSet<String>,
    room: &mut usize,
    bounds: &Bounds,
    flaws: &mut Flaws,
) {
    let Some(tnef) = tnef::read(bytes) else {
        flaws.note(Flaw::BrokenAttachment);
        return;
    };
    for (place, file) in tnef.files.iter().enumerate().take(*room) {
        let (name, media_type) = (file.name.as_deref(), file.media_type.as_deref());
        let mut found = enclosed_file(part, &format!("tnef:{place}"), name, media_type, &file.bytes);
        found.inline = file.content_id.as_deref().is_some_and(|id| shown.contains(&id.to_ascii_lowercase()));
        message.attachments.push(found);
    }
    *room = room.saturating_sub(tnef.files.len());
    let blank = message.text.trim().is_empty();
    if message.html.is_none() {
        let html = tnef.html.filter(|html| !html.trim().is_empty());
        message.html = html.map(|html| clip(&readable_lines(html), bounds.html_bytes).to_owned());
        message.rendered = message.html.as_deref().map(html::render);
        if let Some(rendered) = message.rendered.as_ref().filter(|_| blank) {
            message.text.clone_from(&rendered.text);
        }
    }
    if let Some(text) = tnef.text.filter(|text| blank && !text.trim().is_empty()) {
        message.text = clip(&readable_lines(text), bounds.text_bytes).to_owned();
    }
}

fn enclosed_file(part: &Part, within: &str, name: Option<&str>, media_type: Option<&str>, bytes: &[u8]) -> Attachment {
    let media_type = media_type.map(str::to_ascii_lowercase).filter(|given| given.contains('/'));
    let media_type = media_type.unwrap_or_else(|| "application/octet-stream".to_owned());
    let encoding = if part.encoding.is_empty() { "7bit" } else { &part.encoding };
    Attachment {
        name: names::clean(name, &media_type),
        media_type,
        size: bytes.len() as u64,
        sha256: HEXLOWER.encode(&Sha256::digest(bytes)),
        inline: false,
        offset: part.body.start as u64,
        length: part.body.len() as u64,
        encoding: format!("{encoding}+{within}"),
    }
}

/// Says of parts that are kept and cannot be read what they are.
fn name_the_unreadable(message: &Message, parts: &[Part], flaws: &mut Flaws) {
    for part in parts {
        match part.content.value.as_str() {
            "multipart/encrypted" => flaws.note(Flaw::Encrypted),
            "message/partial" => flaws.note(Flaw::PartialMessage),
            "message/external-body" => flaws.note(Flaw::ExternalBody),
            _ => {}
        }
    }
    if message.text.starts_with("-----BEGIN PGP MESSAGE-----") || message.text.contains("\n-----BEGIN PGP MESSAGE-----")
    {
        flaws.note(Flaw::Encrypted);
    }
}

/// The HTML of all parts together; each part is rendered here, once, as far as the bound goes.
fn html_body(leaves: &mut [Leaf<'_>], bounds: &Bounds, flaws: &mut Flaws) -> Option<String> {
    let mut body = String::new();
    for leaf in leaves {
        let Role::Html(html, rendered) = &mut leaf.role else { continue };
        let room = bounds.html_bytes - body.len();
        if html.len() > room {
            flaws.note(Flaw::HtmlClipped);
            html.truncate(html.floor_char_boundary(room));
        }
        *rendered = html::render(html);
        if body.is_empty() {
            body = std::mem::take(html);
        } else {
            body.push_str(html);
        }
    }
    (!body.trim().is_empty()).then_some(body)
}

/// The lines of all HTML together.
fn rendered(leaves: &mut [Leaf<'_>]) -> Option<Rendered> {
    let mut whole: Option<Rendered> = None;
    for leaf in leaves {
        let Role::Html(_, rendered) = &mut leaf.role else { continue };
        match &mut whole {
            None => whole = Some(std::mem::take(rendered)),
            Some(whole) => whole.append(rendered),
        }
    }
    whole
}

/// Every text in order; of a multipart/alternative the plain ones, or the HTML where the plain ones say nothing.
fn text_body(leaves: &[Leaf<'_>], bounds: &Bounds, flaws: &mut Flaws) -> String {
    let mut plain_in: HashSet<usize> = HashSet::new();
    let mut html_in: HashMap<usize, &str> = HashMap::new();
    for Leaf { part, role, .. } in leaves {
        if let (Some(group), Role::Html(_, rendered)) = (part.alternative, role) {
            html_in.entry(group).or_insert(&rendered.text);
        }
    }
    let mut hollow: HashSet<usize> = HashSet::new();
    for Leaf { part, role, .. } in leaves {
        let (Some(group), Role::Plain(text)) = (part.alternative, role) else { continue };
        if text.trim().is_empty() {
            continue;
        }
        // The HTML is compared once: what stands beside a placeholder is no second one.
        let first = plain_in.insert(group);
        if first && html_in.get(&group).is_some_and(|html| placeholder::stands_for(html, text)) {
            hollow.insert(group);
        } else {
            hollow.remove(&group);
        }
    }
    plain_in.retain(|group| !hollow.contains(group));
    let mut body = String::new();
    for Leaf { part, role, .. } in leaves {
        if body.len() > bounds.text_bytes {
            break;
        }
        let text = match role {
            Role::Plain(_) if part.alternative.is_some_and(|group| hollow.contains(&group)) => continue,
            Role::Plain(text) if flowed(part) => Cow::Owned(unflow(text, delsp(part))),
            Role::Plain(text) => Cow::Borrowed(text.as_str()),
            Role::Html(..) if part.alternative.is_some_and(|group| plain_in.contains(&group)) => continue,
            Role::Html(_, rendered) => Cow::Borrowed(rendered.text.as_str()),
            Role::Attachment => continue,
        };
        if !body.is_empty() && !text.trim().is_empty() {
            body.push_str(if body.ends_with('\n') { "" } else { "\n" });
        }
        body.push_str(&text);
    }
    if body.len() > bounds.text_bytes {
        flaws.note(Flaw::TextClipped);
        body.truncate(body.floor_char_boundary(bounds.text_bytes));
    }
    body
}

fn flowed(part: &Part) -> bool {
    part.content.parameter("format").is_some_and(|format| format.eq_ignore_ascii_case("flowed"))
}

fn delsp(part: &Part) -> bool {
    part.content.parameter("delsp").is_some_and(|delsp| delsp.eq_ignore_ascii_case("yes"))
}

/// format=flowed (RFC 3676 §4): lines that end in a space go on in the next line of the same quote depth.
fn unflow(text: &str, delsp: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open: Option<usize> = None;
    for (number, line) in text.split('\n').enumerate() {
        let depth = line.bytes().take_while(|b| *b == b'>').count();
        let content = line[depth..].strip_prefix(' ').unwrap_or(&line[depth..]);
        if open == Some(depth) && content != "-- " {
            if delsp {
                out.pop();
            }
        } else {
            out.push_str(if number > 0 { "\n" } else { "" });
            out.extend(std::iter::repeat_n('>', depth));
            out.push_str(if depth > 0 && !content.is_empty() { " " } else { "" });
        }
        out.push_str(content);
        open = (content.ends_with(' ') && content != "-- ").then_some(depth);
    }
    out
}

fn attachment(
    raw: &[u8],
    part: &Part,
    bytes: &[u8],
    shown: &HashSet<String>,
    bounds: &Bounds,
    flaws: &mut Flaws,
) -> Attachment {
    let body = part.body.clone();
    let id = field(raw, part, "content-id").map(|value| fields::unfold(value, bounds.header_bytes, flaws));
    let inline = id.is_some_and(|id| shown.contains(&id.trim_matches(['<', '>', ' ']).to_ascii_lowercase()));
    Attachment {
        name: names::clean(filename(part), &part.content.value),
        media_type: part.content.value.clone(),
        size: bytes.len() as u64,
        sha256: HEXLOWER.encode(&Sha256::digest(bytes)),
        inline,
        offset: body.start as u64,
        length: body.len() as u64,
        encoding: if part.encoding.is_empty() { "7bit".to_owned() } else { part.encoding.clone() },
    }
}

fn field<'a>(raw: &'a [u8], part: &Part, name: &str) -> Option<&'a [u8]> {
    let found = part.fields.iter().find(|f| raw[f.name.clone()].eq_ignore_ascii_case(name.as_bytes()))?;
    Some(&raw[found.value.clone()])
}

/// The Content-IDs that HTML shows as `cid:` (RFC 2392), lower case.
fn content_ids(html: &str) -> HashSet<String> {
    let ends = |c: char| c.is_whitespace() || "\"'<>)&".contains(c);
    let mut ids = HashSet::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once("cid:") {
        let id = clip(after, 300).split(ends).next().unwrap_or_default();
        ids.insert(id.to_ascii_lowercase());
        rest = &after[id.len()..];
    }
    ids
}

/// Where the header of an enclosed message lies; None for encoded ones, whose bytes are not text.
fn enclosed_header(raw: &[u8], part: &Part) -> Option<(u64, u64)> {
    let kind = part.content.value.as_str();
    let encloses =
        matches!(kind, "message/rfc822" | "message/global" | "text/rfc822-headers" | "message/global-headers");
    if !encloses || matches!(part.encoding.as_str(), "base64" | "quoted-printable") {
        return None;
    }
    let body: Range<usize> = part.body.clone();
    let bytes = &raw[body.clone()];
    // Some reporters put empty lines before the header.
    let skipped = bytes.len() - bytes.trim_ascii_start().len();
    let bytes = &bytes[skipped..];
    let lf = bytes.windows(2).position(|w| w == b"\n\n");
    let crlf = bytes.windows(4).position(|w| w == b"\r\n\r\n");
    let end = [lf.map(|at| at + 1), crlf.map(|at| at + 2)].into_iter().flatten().min().unwrap_or(bytes.len());
    Some(((body.start + skipped) as u64, end as u64))
}
