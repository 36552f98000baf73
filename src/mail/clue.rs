//! Clues: what in a message points at the conversation it belongs to (B19).

use std::ops::Range;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::body::{self, Split};
use super::defect::{Flaw, Flaws};
use super::message::{Message, clip};
use super::reference::{self, own_id, own_ids_within};
use super::subject::without_reply_prefixes;
use super::{
    Address, Circumstances, Keyring, MessageId, ReportedRecipient, Returned, SentId, ThreadIndex, html, thread,
};

/// Clues of one message, at most.
const CLUES: usize = 64;
/// Bytes within which a reference has to end, wrapped and quoted as it may be.
const REFERENCE_BYTES: usize = 240;
/// Bytes of a field that names whom a message was delivered to.
const DELIVERED_BYTES: usize = 2_000;
/// Digits of a case number.
const NUMBER_DIGITS: usize = 12;

/// Where a clue was found. The order of the variants is the order of evidence (B19), strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClueKind {
    /// In the detail of the address it was written to: `support+ref.…@example.org`.
    ReferenceInReplyAddress,
    ReferenceInSubject,
    OwnIdInReplyTo,
    /// Of a mail of ours that came back, by itself or within a delivery report (B15).
    OwnIdReturned,
    /// In the author's own words, or the outermost level of quotation.
    ReferenceInNearestQuote,
    OwnIdInReferences,
    ForeignId,
    /// The first 22 bytes of Outlook's Thread-Index.
    ThreadIndex,
    /// In a quote within a quote, or a forwarded message.
    ReferenceInDeeperQuote,
    CaseNumberInSubject,
}

/// What a clue points at.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pointer {
    /// A mail that we sent; the signature was verified.
    Sent(SentId),
    /// A Message-ID that is not ours, from In-Reply-To or References.
    Id(MessageId),
    /// A thread of Outlook's, which may hold a message that is here.
    Thread(ThreadIndex),
    /// A bare case number: public, proves nothing (L6).
    Number(u64),
}

/// One clue. Within a kind, the nearest comes first: In-Reply-To before References, newest reference before older ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clue {
    pub kind: ClueKind,
    pub pointer: Pointer,
}

/// The clues of a message, strongest first (B19). What looks like a reference and does not open is a defect.
pub fn find(
    message: &Message,
    split: &Split,
    report: &[ReportedRecipient],
    returned: Option<&Returned>,
    circumstances: &Circumstances,
    flaws: &mut Flaws,
) -> Vec<Clue> {
    let keyring = &circumstances.keyring;
    let mut clues = Clues::default();
    let mut written = |kind: ClueKind, text: &str, clues: &mut Clues| {
        for sent in references(text, keyring, flaws) {
            clues.add(kind, Pointer::Sent(sent));
        }
    };
    written(ClueKind::ReferenceInSubject, &message.subject, &mut clues);
    written(ClueKind::ReferenceInNearestQuote, &split.own, &mut clues);
    written(ClueKind::ReferenceInNearestQuote, &split.nearest, &mut clues);
    written(ClueKind::ReferenceInDeeperQuote, &split.deeper, &mut clues);
    // Where text/plain was cut short, the HTML beside it may still have the reference: shown, or hidden from the eye.
    if let Some(html) = message.html.as_deref().filter(|html| clues.found.is_empty() && mentions_reference(html)) {
        let split = body::split(&html::to_text(html));
        written(ClueKind::ReferenceInNearestQuote, &split.own, &mut clues);
        written(ClueKind::ReferenceInNearestQuote, &split.nearest, &mut clues);
        if clues.found.is_empty() {
            written(ClueKind::ReferenceInDeeperQuote, html, &mut clues);
        }
    }

    for sent in written_to(message, keyring) {
        clues.add(ClueKind::ReferenceInReplyAddress, Pointer::Sent(sent));
    }
    let newest_first = || message.references.iter().rev();
    for id in &message.in_reply_to {
        match own_id(id, keyring) {
            Some(sent) => clues.add(ClueKind::OwnIdInReplyTo, Pointer::Sent(sent)),
            None => clues.add(ClueKind::ForeignId, Pointer::Id(id.clone())),
        }
    }
    for id in newest_first() {
        match own_id(id, keyring) {
            Some(sent) => clues.add(ClueKind::OwnIdInReferences, Pointer::Sent(sent)),
            None => clues.add(ClueKind::ForeignId, Pointer::Id(id.clone())),
        }
    }
    // Ids that were cut off or built into others are none any more; the signature still is.
    for (name, kind) in [("In-Reply-To", ClueKind::OwnIdInReplyTo), ("References", ClueKind::OwnIdInReferences)] {
        for sent in message.field(name).flat_map(|value| own_ids_within(value, keyring).into_iter().rev()) {
            clues.add(kind, Pointer::Sent(sent));
        }
    }
    if let Some(returned) = returned {
        clues.add(ClueKind::OwnIdReturned, Pointer::Sent(returned.sent));
    }
    for id in report.iter().filter_map(|recipient| recipient.original_message_id.as_ref()) {
        if let Some(sent) = own_id(id, keyring) {
            clues.add(ClueKind::OwnIdReturned, Pointer::Sent(sent));
        }
    }
    if let Some(thread) = thread::index(message) {
        clues.add(ClueKind::ThreadIndex, Pointer::Thread(thread));
    }
    for number in case_numbers(&message.subject, &circumstances.case_word) {
        clues.add(ClueKind::CaseNumberInSubject, Pointer::Number(number));
    }
    clues.finish(flaws)
}

/// Fields in which servers note to whom they delivered a message.
const DELIVERED_TO: [&str; 7] =
    ["Delivered-To", "X-Original-To", "X-Delivered-To", "Envelope-To", "X-Envelope-To", "X-Forwarded-To", "X-RCPT-To"];

/// The genuine references in the addresses that a message was written and delivered to, in that order.
fn written_to(message: &Message, keyring: &Keyring) -> Vec<SentId> {
    let named = message.to.iter().chain(&message.cc).map(|named| named.address.clone());
    let delivered = DELIVERED_TO.iter().flat_map(|name| message.field(name)).filter(|value| value.contains('+'));
    let words =
        delivered.flat_map(|value| clip(value, DELIVERED_BYTES).split([' ', ',', ';'])).filter_map(Address::parse);
    named.chain(words).filter_map(|address| reference::in_address(&address, keyring)).take(CLUES).collect()
}

#[derive(Default)]
struct Clues {
    found: Vec<Clue>,
    dropped: usize,
}

impl Clues {
    /// The same pointer may stand in several places: each is evidence, and counts once.
    fn add(&mut self, kind: ClueKind, pointer: Pointer) {
        let clue = Clue { kind, pointer };
        if self.found.contains(&clue) {
            return;
        }
        if self.found.len() < 4 * CLUES {
            self.found.push(clue);
        } else {
            self.dropped += 1;
        }
    }

    fn finish(mut self, flaws: &mut Flaws) -> Vec<Clue> {
        self.found.sort_by_key(|clue| clue.kind);
        if self.dropped > 0 || self.found.len() > CLUES {
            flaws.note(Flaw::TooManyClues);
        }
        self.found.truncate(CLUES);
        self.found
    }
}

fn mentions_reference(text: &str) -> bool {
    marks(text).next().is_some()
}

/// Where `ref:` stands in `text`, in any case.
fn marks(text: &str) -> impl Iterator<Item = usize> + '_ {
    let bytes = text.as_bytes();
    let word = |colon: usize| colon.checked_sub(3).filter(|at| bytes[*at..colon].eq_ignore_ascii_case(b"ref"));
    memchr::memchr_iter(b':', bytes).filter_map(word)
}

/// Where `text` holds what reads as a reference, genuine or not: written, wrapped and quoted as it may be, in a reply
/// address, or in a Message-ID of ours. In order, none within another.
pub fn spans(text: &str) -> Vec<Range<usize>> {
    let written = written(text).filter_map(|(at, _, end)| Some(at..end?));
    let mut all: Vec<Range<usize>> = written.chain(reference::addresses_within(text)).collect();
    all.sort_by_key(|span| span.start);
    let mut until = 0;
    all.retain(|span| {
        let apart = span.start >= until;
        until = until.max(span.end);
        apart
    });
    all
}

/// Each `ref:` in `text`: where it stands, the characters that follow it, and where they and a closing `:ref` end.
fn written(text: &str) -> impl Iterator<Item = (usize, Option<String>, Option<usize>)> {
    marks(text).map(|at| {
        let Some((plain, length)) = collect(clip(&text[at + 4..], REFERENCE_BYTES)) else { return (at, None, None) };
        let end = at + 4 + length;
        let closed = text[end..].get(..4).is_some_and(|close| close.eq_ignore_ascii_case(":ref"));
        (at, Some(plain), Some(if closed { end + 4 } else { end }))
    })
}

/// The genuine references within `text`, in order.
fn references(text: &str, keyring: &Keyring, flaws: &mut Flaws) -> Vec<SentId> {
    let mut sent = Vec::new();
    for plain in written(text).filter_map(|(_, plain, _)| plain) {
        match keyring.open(&plain) {
            Some(id) if !sent.contains(&id) && sent.len() < CLUES => sent.push(id),
            Some(_) => {}
            None => flaws.note(Flaw::ForgedReference),
        }
    }
    sent
}

/// The characters of a reference: dashes, line ends, quotation marks, soft line breaks and what is left of HTML are
/// passed over. With the bytes that they take. None when there are not enough, or other words stand between them.
fn collect(text: &str) -> Option<(String, usize)> {
    let mut plain = String::with_capacity(reference::LENGTH);
    let mut rest = text.chars();
    while plain.len() < reference::LENGTH {
        let ahead = rest.as_str();
        if let Some(after) = tag_or_entity(ahead) {
            rest = after.chars();
            continue;
        }
        match rest.next()? {
            c if c.is_ascii_alphanumeric() => plain.push(c),
            '-'
            | '>'
            | '='
            | '*'
            | '_'
            | '|'
            | '\u{ad}'
            | '\u{feff}'
            | '\u{2010}'..='\u{2015}'
            | '\u{200b}'..='\u{200f}' => {}
            '\u{2060}' | '\u{2212}' => {}
            c if c.is_whitespace() => {}
            _ => return None,
        }
    }
    let length = text.len() - rest.as_str().len();
    // A longer word is another word.
    let longer = rest.next().is_some_and(|c| c.is_ascii_alphanumeric());
    (!longer).then_some((plain, length))
}

/// What follows an HTML tag or entity at the beginning of `text`.
fn tag_or_entity(text: &str) -> Option<&str> {
    let (open, close, limit) = match text.as_bytes().first()? {
        b'&' => ('&', ';', 10),
        b'<' => ('<', '>', 120),
        _ => return None,
    };
    let (inner, _) = clip(text, limit).strip_prefix(open)?.split_once(close)?;
    let after = &text[inner.len() + 2..];
    let entity = open == '<' || inner.chars().all(|c| c.is_ascii_alphanumeric() || c == '#');
    entity.then_some(after)
}

/// `[Case 10482]`, `Case #10482`, `Case: 10482`, `Case no. 10482`, `[#10482]`, in any case; `#10482` where the subject begins
/// with it.
fn case_numbers(subject: &str, word: &str) -> Vec<u64> {
    // Signs of full width are made ordinary ones.
    let subject = without_reply_prefixes(subject).nfkc().collect::<String>().to_lowercase();
    let word = word.nfkc().collect::<String>().to_lowercase();
    let mut numbers: Vec<u64> = Vec::new();
    for (at, _) in subject.match_indices(|c: char| c.is_ascii_digit()) {
        if at > 0 && subject.as_bytes()[at - 1].is_ascii_digit() {
            continue;
        }
        let (lead, rest) = subject.split_at(at);
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let follows = rest[digits..].chars().next();
        let number = rest[..digits].parse::<u64>().ok().filter(|_| digits <= NUMBER_DIGITS);
        let whole = !follows.is_some_and(char::is_alphanumeric);
        let number = number.filter(|number| whole && names_case(lead, follows, &word) && !numbers.contains(number));
        numbers.extend(number);
    }
    numbers.truncate(8);
    numbers
}

/// Whether what stands before a number says that it is a case's.
fn names_case(lead: &str, follows: Option<char>, word: &str) -> bool {
    let marked = lead.ends_with('#');
    let between =
        |c: char| matches!(c, '#' | ':' | '-' | ' ' | '.' | '°' | '\u{2010}'..='\u{2015}' | '\u{200b}'..='\u{200f}');
    let bare = lead.trim_end_matches(between);
    let is_case = |lead: &str| {
        let before = lead.strip_suffix(word).filter(|_| !word.is_empty());
        before.is_some_and(|before| !before.chars().next_back().is_some_and(char::is_alphanumeric))
    };
    let counted = NUMBER_WORDS.iter().filter_map(|number| bare.strip_suffix(number));
    let named = is_case(bare) || counted.map(|lead| lead.trim_end_matches(between)).any(is_case);
    let opened = bare.ends_with(['[', '(', '{', '<', '【', '〔', '「', '『', '《', '〈', '〖', '«', '‹']);
    let closed =
        matches!(follows, Some(']' | ')' | '}' | '>' | '】' | '〕' | '」' | '』' | '》' | '〉' | '〗' | '»' | '›'));
    named || marked && (opened && closed || bare.is_empty())
}

/// What people write between the word for a case and its number; `№` is `no`.
const NUMBER_WORDS: [&str; 12] =
    ["no", "nr", "n", "num", "number", "nummer", "numero", "número", "numéro", "номер", "番号", "号"];

#[cfg(test)]
mod tests;
