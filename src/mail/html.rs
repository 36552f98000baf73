//! HTML into text, in one pass over html5ever's tokens: linear, without a tree, whatever the nesting (B12, B34).
//!
//! Scripts, styles and what is hidden never show. Quotations (`blockquote`) become lines with `>`, links keep their
//! target, and each line is marked with what mail programs say it is, so that `body` need not guess.

mod element;
mod stack;
mod writer;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Token, TokenSink, TokenSinkResult, Tokenizer};

use std::cell::RefCell;

use super::defect::{Flaw, Flaws};
pub use element::Mark;
use writer::{Hidden, Writer};

/// Bytes that the tokenizer gets at once.
const PIECE: usize = 4 * 1024;
/// Words and quotes within one tag or comment, at most: html5ever compares each attribute with all before it.
const TAG_WORDS: usize = 20_000;

/// HTML as a person reads it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rendered {
    /// With LF line ends.
    pub text: String,
    /// What each line of `text` is, as far as the markup says.
    pub marks: Vec<Mark>,
}

impl Rendered {
    /// Adds the lines of what comes below.
    pub fn append(&mut self, below: &mut Rendered) {
        if self.text.is_empty() {
            std::mem::swap(self, below);
        } else if !below.text.is_empty() {
            self.text.push('\n');
            self.text.push_str(&below.text);
            self.marks.append(&mut below.marks);
        }
    }
}

/// The text that a person would read, with LF line ends.
pub fn to_text(html: &str, flaws: &mut Flaws) -> String {
    render(html, flaws).text
}

/// The text that a person would read, and what its lines are. What is hidden shows only where nothing else is there.
pub fn render(html: &str, flaws: &mut Flaws) -> Rendered {
    let (rendered, hidden) = write(html, Hidden::Dropped, flaws);
    if hidden && rendered.text.is_empty() {
        return write(html, Hidden::Shown, flaws).0;
    }
    rendered
}

/// The text, and whether something was hidden.
fn write(html: &str, hidden: Hidden, flaws: &mut Flaws) -> (Rendered, bool) {
    let writer = if has_blocks(html) { Writer::new(hidden) } else { Writer::preformatted(hidden) };
    let tokenizer = Tokenizer::new(Sink(RefCell::new(writer)), Default::default());
    let queue = BufferQueue::default();
    let mut words = 0;
    let mut rest = html;
    while !rest.is_empty() {
        let (piece, tail) = rest.split_at(rest.floor_char_boundary(PIECE.min(rest.len())));
        let before = tokenizer.sink.0.borrow().tokens;
        queue.push_back(StrTendril::from_slice(piece));
        // The sink never asks to stop for a script; what is left in the queue is read with the next piece.
        let _ = tokenizer.feed(&queue);
        let separators = || piece.bytes().filter(|b| b.is_ascii_whitespace() || b"\"'/=".contains(b)).count();
        words = if tokenizer.sink.0.borrow().tokens == before { words + separators() } else { 0 };
        if words > TAG_WORDS {
            flaws.note(Flaw::HtmlClipped);
            break;
        }
        rest = tail;
    }
    if rest.is_empty() {
        tokenizer.end();
    }
    tokenizer.sink.0.into_inner().finish()
}

/// Whether anything in it makes lines. Some programs call plain text HTML; then its own lines count.
fn has_blocks(html: &str) -> bool {
    const BLOCKS: &[&str] =
        &["br", "p", "div", "table", "tr", "td", "li", "pre", "html", "body", "blockquote", "center", "h1"];
    html.split('<').skip(1).any(|tag| {
        let name: String = tag.chars().take_while(char::is_ascii_alphanumeric).take(12).collect();
        BLOCKS.contains(&name.to_ascii_lowercase().as_str())
    })
}

struct Sink(RefCell<Writer>);

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut writer = self.0.borrow_mut();
        match token {
            Token::ParseError(_) => return TokenSinkResult::Continue,
            Token::CharacterTokens(text) => writer.text(&text),
            Token::TagToken(tag) => {
                writer.tokens += 1;
                return writer.tag(&tag);
            }
            Token::NullCharacterToken | Token::CommentToken(_) | Token::DoctypeToken(_) | Token::EOFToken => {}
        }
        writer.tokens += 1;
        TokenSinkResult::Continue
    }
}

#[cfg(test)]
mod tests;
