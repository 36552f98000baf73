//! Defects: what about a message is not as the standards have it, or went over a bound.
//!
//! | name | found |
//! |---|---|
//! | `no-header` | no header field at all |
//! | `no-header-end` | the header runs into the body without an empty line |
//! | `bad-header-line` | a header line that is no field |
//! | `too-many-headers` | more fields than `Bounds::headers` |
//! | `long-header` | a field longer than `Bounds::header_bytes` |
//! | `raw-header-bytes` | a header with bytes outside ASCII that are not UTF-8 |
//! | `broken-encoded-word` | an encoded word (RFC 2047) that cannot be decoded |
//! | `too-many-recipients` | more addresses than `Bounds::recipients` |
//! | `no-originator` | no From field with an address |
//! | `several-originators` | more than one address in From |
//! | `no-message-id` | Message-ID is missing or empty |
//! | `bad-date` | Date is there and cannot be read |
//! | `too-many-parts` | more parts than `Bounds::parts` |
//! | `too-deep` | parts deeper than `Bounds::depth` |
//! | `no-boundary` | a multipart without a boundary, or one that never comes |
//! | `no-end-boundary` | a multipart that does not end |
//! | `bad-transfer-encoding` | base64 or quoted-printable with octets that do not belong there, or an unknown encoding |
//! | `wrong-charset` | text that is not in the charset it names, or names none |
//! | `text-clipped` | more text than `Bounds::text_bytes` |
//! | `html-clipped` | more HTML than `Bounds::html_bytes`, or HTML that goes beyond all use |
//! | `forged-reference` | what looks like one of our references, and is not |
//! | `too-many-clues` | more pointers to conversations than are looked at |
//! | `encrypted` | text that only the desk's own key could open (S/MIME, PGP) |
//! | `partial-message` | a piece of a message (message/partial) |
//! | `external-body` | a part that lies elsewhere (message/external-body) |
//! | `broken-attachment` | a file within the text, or a winmail.dat, that is not whole |
//! | `reader-failed` | the reader itself failed; the raw bytes stand as text |

use super::Defect;

/// Every defect that reading knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    NoHeader,
    NoHeaderEnd,
    BadHeaderLine,
    TooManyHeaders,
    LongHeader,
    RawHeaderBytes,
    BrokenEncodedWord,
    TooManyRecipients,
    NoOriginator,
    SeveralOriginators,
    NoMessageId,
    BadDate,
    TooManyParts,
    TooDeep,
    NoBoundary,
    NoEndBoundary,
    BadTransferEncoding,
    WrongCharset,
    TextClipped,
    HtmlClipped,
    ForgedReference,
    TooManyClues,
    Encrypted,
    PartialMessage,
    ExternalBody,
    BrokenAttachment,
    ReaderFailed,
}

impl Flaw {
    /// The stable name, and what was done about it.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Flaw::NoHeader => ("no-header", "There is no header; everything was read as text."),
            Flaw::NoHeaderEnd => {
                ("no-header-end", "No empty line ends the header; the text begins where the fields end.")
            }
            Flaw::BadHeaderLine => ("bad-header-line", "A header line is no field and was passed over."),
            Flaw::TooManyHeaders => {
                ("too-many-headers", "There are too many header fields; later ones were passed over.")
            }
            Flaw::LongHeader => ("long-header", "A header field is too long; its beginning was read."),
            Flaw::RawHeaderBytes => ("raw-header-bytes", "A header field has raw bytes; their charset was guessed."),
            Flaw::BrokenEncodedWord => {
                ("broken-encoded-word", "An encoded word cannot be decoded; it was left as it stands.")
            }
            Flaw::TooManyRecipients => {
                ("too-many-recipients", "There are too many addresses; later ones were passed over.")
            }
            Flaw::NoOriginator => ("no-originator", "No From field names an address; nobody can be answered."),
            Flaw::SeveralOriginators => ("several-originators", "From names several addresses; the first one speaks."),
            Flaw::NoMessageId => ("no-message-id", "There is no Message-ID; the message matches no other."),
            Flaw::BadDate => ("bad-date", "The Date field cannot be read; it was passed over."),
            Flaw::TooManyParts => {
                ("too-many-parts", "There are too many parts; later ones were left in the raw message.")
            }
            Flaw::TooDeep => ("too-deep", "Parts are nested too deeply; the inner ones were left in the raw message."),
            Flaw::NoBoundary => ("no-boundary", "A multipart has no boundary, or it never comes; it was read as text."),
            Flaw::NoEndBoundary => {
                ("no-end-boundary", "A multipart does not end; it was read to the end of the message.")
            }
            Flaw::BadTransferEncoding => {
                ("bad-transfer-encoding", "A part is not encoded as it says; what could be decoded was.")
            }
            Flaw::WrongCharset => {
                ("wrong-charset", "Text is not in the charset it names, or names none; it was guessed.")
            }
            Flaw::TextClipped => ("text-clipped", "The text is too long; its beginning was read."),
            Flaw::HtmlClipped => ("html-clipped", "The HTML is too long or too tangled; its beginning was read."),
            Flaw::ForgedReference => {
                ("forged-reference", "What looks like a reference is not one of ours; it counts as absent.")
            }
            Flaw::TooManyClues => ("too-many-clues", "There are too many references; later ones were passed over."),
            Flaw::Encrypted => ("encrypted", "The text is encrypted and cannot be read; it was kept as it came."),
            Flaw::PartialMessage => ("partial-message", "This is one piece of a message; it was kept as it came."),
            Flaw::ExternalBody => ("external-body", "A part lies elsewhere; it was named and not fetched."),
            Flaw::BrokenAttachment => {
                ("broken-attachment", "A file within the mail is not whole; what there is was kept.")
            }
            Flaw::ReaderFailed => {
                ("reader-failed", "The reader failed on this message; its raw bytes stand as its text.")
            }
        }
    }
}

/// Defects of one message, each noted once, in the order in which they were found.
#[derive(Debug, Clone, Default)]
pub struct Flaws(Vec<Flaw>);

impl Flaws {
    pub fn note(&mut self, flaw: Flaw) {
        if !self.0.contains(&flaw) {
            self.0.push(flaw);
        }
    }

    /// Takes over what was found elsewhere.
    pub fn merge(&mut self, other: Flaws) {
        other.0.into_iter().for_each(|flaw| self.note(flaw));
    }

    pub fn has(&self, flaw: Flaw) -> bool {
        self.0.contains(&flaw)
    }

    pub fn into_defects(self) -> Vec<Defect> {
        let defect = |flaw: Flaw| {
            let (name, note) = flaw.words();
            Defect { name: name.to_owned(), note: note.to_owned() }
        };
        self.0.into_iter().map(defect).collect()
    }
}

#[cfg(test)]
mod tests {
    /// `NoHeaderEnd` as `no-header-end`.
    fn kebab(variant: &str) -> String {
        let mut name = String::new();
        for c in variant.chars() {
            if c.is_ascii_uppercase() && !name.is_empty() {
                name.push('-');
            }
            name.push(c.to_ascii_lowercase());
        }
        name
    }

    #[test]
    fn every_defect_is_listed() {
        let source = include_str!("defect.rs");
        let listed = source.lines().filter_map(|line| line.strip_prefix("//! | `")?.split_once('`'));
        let listed: Vec<&str> = listed.map(|(name, _)| name).collect();
        let variants = source.split_once("pub enum Flaw {\n").and_then(|(_, rest)| rest.split_once('}'));
        let (variants, _) = variants.expect("the enum stands above");
        let known: Vec<String> = variants.lines().map(|line| kebab(line.trim().trim_end_matches(','))).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
        assert_eq!(listed, known);
        let unnamed = known.iter().filter(|name| !source.contains(&format!("(\"{name}\", ")));
        assert_eq!(unnamed.collect::<Vec<_>>(), Vec::<&&str>::new());
    }
}
