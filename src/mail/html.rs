//! HTML into text, in one pass over html5gum's tokens: linear, without a tree, whatever the nesting (B12, B34).
//!
//! Scripts, styles and what is hidden never show. Quotations (`blockquote`) become lines with `>`, links keep their
//! target, and each line is marked with what mail programs say it is, so that `body` need not guess.

mod element;
mod link;
mod name;
mod stack;
mod tokens;
mod writer;

use html5gum::Tokenizer;

pub use element::Mark;
use name::Name;
use tokens::{Source, Tokens};
use writer::{Hidden, Left, Reach, Writer};

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
pub fn to_text(html: &str) -> String {
    render(html).text
}

/// The text that a person would read, and what its lines are. What is hidden shows only where nothing else is there.
pub fn render(html: &str) -> Rendered {
    let mut reach = Reach::EndTag;
    let (mut rendered, mut left) = write(html, Hidden::Dropped, reach);
    if left.unended {
        reach = Reach::NextTag;
        (rendered, left) = write(html, Hidden::Dropped, reach);
    }
    if left.hidden && rendered.text.is_empty() {
        return write(html, Hidden::Shown, reach).0;
    }
    rendered
}

/// The text, and what is not in it.
fn write(html: &str, hidden: Hidden, reach: Reach) -> (Rendered, Left) {
    let writer = if has_blocks(html) { Writer::new(hidden, reach) } else { Writer::preformatted(hidden, reach) };
    let mut tokens = Tokens::new(writer);
    let Ok(()) = Tokenizer::new_with_emitter(Source(html), &mut tokens).finish();
    tokens.writer.finish()
}

/// Whether anything in it makes lines. Some programs call plain text HTML; then its own lines count.
fn has_blocks(html: &str) -> bool {
    html.split('<').skip(1).any(|tag| {
        let name = tag.bytes().take_while(u8::is_ascii_alphanumeric).take(12).map(|b| b.to_ascii_lowercase());
        let name: Vec<u8> = name.collect();
        Name::of(&name).is_block()
    })
}

#[cfg(test)]
mod tests;
