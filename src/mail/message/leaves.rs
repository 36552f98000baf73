//! The parts that have no parts: which of them are text to be read, and the text of those.

use std::borrow::Cow;

use super::charset::{self, Country};
use super::parts::Part;
use super::{enriched, inline, transfer};
use crate::mail::Bounds;
use crate::mail::defect::{Flaw, Flaws};
use crate::mail::html::Rendered;

/// How a leaf is shown.
pub enum Role {
    Plain(String),
    Html(String, Rendered),
    Attachment,
}

pub struct Leaf<'a> {
    pub part: &'a Part,
    pub role: Role,
    /// Files that stand within a plain text.
    pub files: Vec<inline::File>,
}

/// What a part's media type says of its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Html,
    /// RFC 1896, and its forerunner in RFC 1341.
    Enriched,
    /// Bytes of a program.
    Other,
}

/// Every leaf, in order of appearance.
pub fn read<'a>(raw: &[u8], parts: &'a [Part], country: Country, bounds: &Bounds, flaws: &mut Flaws) -> Vec<Leaf<'a>> {
    let whole = &parts[0];
    let alone = |part: &Part| std::ptr::eq(part, whole);
    let shown = |part: &&Part| is_text(part) && (alone(part) || filename(part).is_none());
    let leaves = || parts.iter().filter(|part| !part.multipart);
    // Some programs give the text itself a name: where there is no other, the first such is the text.
    let named = match leaves().any(|part| shown(&part)) {
        true => None,
        false => leaves().find(|part| is_text(part)),
    };
    let readable = |part: &Part| shown(&part) || named.is_some_and(|named| std::ptr::eq(named, part));
    let read = |part: &'a Part, flaws: &mut Flaws| match readable(part) {
        true => text(raw, part, country, bounds, flaws),
        false => Leaf { part, role: Role::Attachment, files: Vec::new() },
    };
    leaves().map(|part| read(part, flaws)).collect()
}

/// Whether it may be read as text at all: nothing sets it apart, and it has a form.
fn is_text(part: &Part) -> bool {
    part.disposition.value != "attachment" && form(&part.content.value) != Form::Other
}

/// RFC 2046 §4.1.4: text of an unknown kind is plain text, unless it is known to be for programs.
fn form(media_type: &str) -> Form {
    const FOR_PROGRAMS: &[&str] = &[
        "calendar",
        "vcard",
        "x-vcard",
        "directory",
        "x-vcalendar",
        "css",
        "csv",
        "xml",
        "rtf",
        "javascript",
        "rfc822-headers",
        "x-amp-html",
        "watch-html",
        "x-patch",
        "x-diff",
        "tab-separated-values",
        "sgml",
        "x-log",
        "troff",
        "x-python",
        "x-c",
    ];
    match media_type.split_once('/') {
        Some(("text", "html" | "htm" | "xhtml" | "x-html")) | Some(("application", "xhtml+xml")) => Form::Html,
        Some(("text", "enriched" | "richtext")) => Form::Enriched,
        Some(("text", subtype)) if FOR_PROGRAMS.contains(&subtype) => Form::Other,
        Some(("text", _)) => Form::Plain,
        None if media_type == "html" => Form::Html,
        None => Form::Plain,
        Some(_) => Form::Other,
    }
}

fn text<'a>(raw: &[u8], part: &'a Part, country: Country, bounds: &Bounds, flaws: &mut Flaws) -> Leaf<'a> {
    let mut form = form(&part.content.value);
    let bytes = transfer::decode(&raw[part.body.clone()], &part.encoding, flaws);
    if form == Form::Plain && is_html(&bytes) {
        form = Form::Html;
    }
    let html = form == Form::Html;
    let (bytes, files) = if html { (bytes, Vec::new()) } else { without_files(bytes) };
    // A character is at most four bytes; a page more shows that there was more.
    let limit = if html { bounds.html_bytes } else { bounds.text_bytes }.saturating_mul(4).saturating_add(4096);
    let bytes = &bytes[..bytes.len().min(limit)];
    let declared = part.content.parameter("charset").filter(|name| !html || !is_vague(name)).map(str::to_owned);
    let declared = declared.or_else(|| html.then(|| meta_charset(bytes)).flatten());
    let (text, verdict) = charset::text_from(bytes, declared.as_deref(), country);
    if verdict == charset::Verdict::Guessed {
        flaws.note(Flaw::WrongCharset);
    }
    let text = readable_lines(text);
    let role = match form {
        Form::Html => Role::Html(text, Rendered::default()),
        Form::Enriched => Role::Plain(enriched::to_text(&text)),
        Form::Plain | Form::Other => Role::Plain(text),
    };
    Leaf { part, role, files }
}

/// HTML that nothing declares: it says so itself from the first word to the last.
fn is_html(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
    let begins = |word: &[u8]| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    let ends = |word: &[u8]| {
        let end = text.len().checked_sub(word.len()).and_then(|start| text.get(start..));
        end.is_some_and(|end| end.eq_ignore_ascii_case(word))
    };
    (begins(b"<!doctype html") || begins(b"<html")) && (ends(b"</html>") || ends(b"</body>"))
}

fn without_files(bytes: Cow<'_, [u8]>) -> (Cow<'_, [u8]>, Vec<inline::File>) {
    let (rest, files) = inline::split(&bytes);
    match files.is_empty() {
        true => (bytes, files),
        false => (Cow::Owned(rest.into_owned()), files),
    }
}

/// Programs that do not know the charset write this; the HTML may know.
fn is_vague(charset: &str) -> bool {
    ["us-ascii", "ascii", "unknown-8bit", "x-unknown"].iter().any(|vague| charset.trim().eq_ignore_ascii_case(vague))
}

/// HTML5 has authors name the charset within the first 1,024 bytes. What was read that far is not in UTF-16.
fn meta_charset(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]).to_ascii_lowercase();
    let (_, after) = head.split_once("charset=")?;
    let name = after.trim_start_matches(['"', '\'', ' ']);
    let name: String = name.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_:.".contains(*c)).collect();
    (!name.starts_with("utf-16") && !name.starts_with("unicode")).then_some(name)
}

/// LF line ends, and no control characters but tabs.
pub fn readable_lines(text: String) -> String {
    let text = with_lf(text);
    let odd = |c: char| c != '\n' && c != '\t' && (c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'));
    if !has_controls(text.as_bytes()) {
        return text;
    }
    let end = |c: char| if matches!(c, '\r' | '\u{2028}' | '\u{2029}') { '\n' } else { c };
    text.chars().map(end).filter(|c| !odd(*c)).collect()
}

/// Whether there are C0, DEL, C1 or the separators of Unicode. Hardly ever, and every text is asked: bytes are looked at
/// without a stop, many at a time.
fn has_controls(text: &[u8]) -> bool {
    let control = |b: u8| (b < 0x20) & (b != b'\n') & (b != b'\t') | (b == 0x7f);
    let wide = |at: usize| matches!(text[at..], [0xc2, 0x80..=0x9f, ..] | [0xe2, 0x80, 0xa8 | 0xa9, ..]);
    text.iter().fold(false, |any, b| any | control(*b)) || memchr::memchr2_iter(0xc2, 0xe2, text).any(wide)
}

/// CRLF as LF.
fn with_lf(text: String) -> String {
    if memchr::memchr(b'\r', text.as_bytes()).is_none() {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for at in memchr::memchr_iter(b'\r', text.as_bytes()) {
        if text.as_bytes().get(at + 1) == Some(&b'\n') {
            out.push_str(&text[from..at]);
            from = at + 1;
        }
    }
    out.push_str(&text[from..]);
    out
}

/// The name that the sender gave the part.
pub fn filename(part: &Part) -> Option<&str> {
    let given = part.disposition.parameter("filename").or_else(|| part.content.parameter("name"));
    given.filter(|name| !name.trim().is_empty())
}
