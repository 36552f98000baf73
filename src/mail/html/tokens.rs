//! The tokens of html5gum, as they reach the [`Writer`]: without a copy of what nobody reads.

use std::convert::Infallible;
use std::ops::Range;

use html5gum::{Emitter, Error, Readable, Reader, State};

use super::name::Name;
use super::writer::Writer;
use crate::mail::message::clip;

/// Bytes of an attribute that are looked at.
const ATTRIBUTE_BYTES: usize = 2_000;

/// HTML that is read at once. As html5gum's own reader, but for two questions that are asked more often than any other.
pub struct Source<'a>(pub &'a str);

impl<'a> Readable<'a> for Source<'a> {
    type Reader = Rest<'a>;

    fn to_reader(self) -> Rest<'a> {
        let Source(html) = self;
        Rest(html.as_bytes())
    }
}

/// What is left to be read.
pub struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn take(&mut self, length: usize) -> &[u8] {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }
}

impl Reader for Rest<'_> {
    type Error = Infallible;

    fn read_byte(&mut self) -> Result<Option<u8>, Infallible> {
        let Some((first, rest)) = self.0.split_first() else { return Ok(None) };
        self.0 = rest;
        Ok(Some(*first))
    }

    /// Asked of every `&`, for hundreds of names: most differ in their first letter.
    fn try_read_string(&mut self, wanted: &[u8], case_sensitive: bool) -> Result<bool, Infallible> {
        let (Some(first), Some(wanted_first)) = (self.0.first(), wanted.first()) else { return Ok(false) };
        if !first.eq_ignore_ascii_case(wanted_first) {
            return Ok(false);
        }
        let same = self.0.get(..wanted.len()).is_some_and(|next| match case_sensitive {
            true => next == wanted,
            false => next.eq_ignore_ascii_case(wanted),
        });
        if same {
            self.take(wanted.len());
        }
        Ok(same)
    }

    fn read_until<'b>(&'b mut self, wanted: &[u8], _: &'b mut [u8; 4]) -> Result<Option<&'b [u8]>, Infallible> {
        // A bit for each byte that is wanted.
        let mut bits = [0_u64; 4];
        wanted.iter().for_each(|b| bits[usize::from(b >> 6)] |= 1 << (b & 63));
        let is_wanted = |b: &u8| bits[usize::from(b >> 6)] >> (b & 63) & 1 == 1;
        if self.0.is_empty() {
            return Ok(None);
        }
        let length = self.0.iter().position(is_wanted).unwrap_or(self.0.len());
        Ok(Some(self.take(length.max(1))))
    }
}

/// A start tag.
pub struct Tag {
    pub element: Name,
    pub self_closing: bool,
    attributes: Vec<(Name, Range<usize>)>,
    values: Vec<u8>,
}

impl Tag {
    pub fn attribute(&self, name: Name) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| *known == name).map(|(_, range)| self.value(range))
    }

    /// All attributes of some names, in order of appearance.
    pub fn attributes(&self, names: &[Name]) -> impl Iterator<Item = &str> {
        self.attributes.iter().filter(|(name, _)| names.contains(name)).map(|(_, range)| self.value(range))
    }

    fn value(&self, range: &Range<usize>) -> &str {
        let value = &self.values[range.clone()];
        let whole = std::str::from_utf8(value).or_else(|error| std::str::from_utf8(&value[..error.valid_up_to()]));
        clip(whole.unwrap_or_default(), ATTRIBUTE_BYTES)
    }
}

/// What html5gum is reading.
pub struct Tokens {
    pub writer: Writer,
    /// Text since the last tag.
    text: Vec<u8>,
    name: Vec<u8>,
    is_end: bool,
    tag: Tag,
    /// The attribute that is being read, and where its value begins.
    attribute: Vec<u8>,
    from: usize,
    /// The name of the last start tag (WHATWG HTML §13.2.5, "appropriate end tag token").
    started: Vec<u8>,
}

impl Tokens {
    pub fn new(writer: Writer) -> Tokens {
        let tag = Tag { element: Name::P, self_closing: false, attributes: Vec::new(), values: Vec::new() };
        Tokens {
            writer,
            text: Vec::new(),
            name: Vec::new(),
            is_end: false,
            tag,
            attribute: Vec::new(),
            from: 0,
            started: Vec::new(),
        }
    }

    fn begin_tag(&mut self) {
        self.name.clear();
        self.attribute.clear();
        self.tag.attributes.clear();
        self.tag.values.clear();
        self.tag.self_closing = false;
        self.from = 0;
    }

    /// The attribute that was being read is whole; of several of one name the first counts.
    fn end_attribute(&mut self) {
        let name = Name::of(&self.attribute);
        if name.is_read() && self.tag.attribute(name).is_none() {
            self.tag.attributes.push((name, self.from..self.tag.values.len()));
        } else {
            self.tag.values.truncate(self.from);
        }
        self.attribute.clear();
        self.from = self.tag.values.len();
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            match std::str::from_utf8(&self.text) {
                Ok(text) => self.writer.text(text),
                Err(_) => self.writer.text(&String::from_utf8_lossy(&self.text)),
            }
            self.text.clear();
        }
    }
}

impl Emitter for &mut Tokens {
    type Token = Infallible;

    fn emit_eof(&mut self) {
        self.flush();
    }

    fn emit_string(&mut self, text: &[u8]) {
        if !self.writer.is_silent() {
            self.text.extend_from_slice(text);
        }
    }

    fn init_start_tag(&mut self) {
        self.is_end = false;
        self.begin_tag();
    }

    fn init_end_tag(&mut self) {
        self.is_end = true;
        self.begin_tag();
    }

    fn push_tag_name(&mut self, name: &[u8]) {
        self.name.extend_from_slice(name);
    }

    fn init_attribute(&mut self) {
        self.end_attribute();
    }

    fn push_attribute_name(&mut self, name: &[u8]) {
        self.attribute.extend_from_slice(name);
    }

    fn push_attribute_value(&mut self, value: &[u8]) {
        let room = (2 * ATTRIBUTE_BYTES).saturating_sub(self.tag.values.len() - self.from);
        self.tag.values.extend_from_slice(&value[..value.len().min(room)]);
    }

    fn set_self_closing(&mut self) {
        self.tag.self_closing = true;
    }

    fn emit_current_tag(&mut self) -> Option<State> {
        self.flush();
        self.tag.element = Name::of(&self.name);
        if self.is_end {
            self.writer.end_tag(self.tag.element);
            return None;
        }
        self.end_attribute();
        std::mem::swap(&mut self.started, &mut self.name);
        self.writer.start_tag(&self.tag)
    }

    fn current_is_appropriate_end_tag_token(&mut self) -> bool {
        self.is_end && self.name == self.started
    }

    fn should_emit_errors(&mut self) -> bool {
        false
    }

    fn pop_token(&mut self) -> Option<Infallible> {
        None
    }

    fn set_last_start_tag(&mut self, name: Option<&[u8]>) {
        self.started = name.unwrap_or_default().to_vec();
    }

    // Comments, declarations and errors say nothing to a reader.
    fn emit_error(&mut self, _: Error) {}
    fn init_comment(&mut self) {}
    fn push_comment(&mut self, _: &[u8]) {}
    fn emit_current_comment(&mut self) {}
    fn init_doctype(&mut self) {}
    fn push_doctype_name(&mut self, _: &[u8]) {}
    fn set_force_quirks(&mut self) {}
    fn set_doctype_public_identifier(&mut self, _: &[u8]) {}
    fn set_doctype_system_identifier(&mut self, _: &[u8]) {}
    fn push_doctype_public_identifier(&mut self, _: &[u8]) {}
    fn push_doctype_system_identifier(&mut self, _: &[u8]) {}
    fn emit_current_doctype(&mut self) {}
}
