//! The elements that are open, and what holds within them.

use html5ever::LocalName;

use super::element::Mark;

/// Elements that are looked through for the one that an end tag closes.
const REACH: usize = 256;

/// What holds for the text within an element.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct State {
    pub quotes: usize,
    pub preformatted: usize,
    pub hidden: usize,
    pub tiny: usize,
    pub mark: Mark,
    /// Lists that are open.
    pub lists: usize,
    /// Number of the next item of an ordered list.
    pub number: Option<usize>,
    pub table: Table,
    /// A paragraph of Word, which has no blank lines around it.
    pub tight: bool,
}

/// What a table is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Table {
    #[default]
    None,
    Layout,
    /// Rows and columns that are read as such.
    Data,
}

/// Most end tags close what is open; the others are known here without a search.
struct Counts([usize; SLOTS]);
const SLOTS: usize = 64;

impl Default for Counts {
    fn default() -> Counts {
        Counts([0; SLOTS])
    }
}

fn slot(name: &str) -> usize {
    let bytes = name.as_bytes();
    let (first, last) = (bytes.first().copied().unwrap_or(0), bytes.last().copied().unwrap_or(0));
    (usize::from(first) * 5 + usize::from(last) * 3 + bytes.len()) % SLOTS
}

/// The open elements, outermost first.
#[derive(Default)]
pub struct Stack {
    open: Vec<(LocalName, State)>,
    /// How many are open of the names that share a slot.
    counts: Counts,
    root: State,
}

impl Stack {
    pub fn with_root(root: State) -> Stack {
        Stack { root, ..Stack::default() }
    }

    pub fn state(&self) -> State {
        self.open.last().map_or(self.root, |(_, state)| *state)
    }

    pub fn state_mut(&mut self) -> &mut State {
        self.open.last_mut().map_or(&mut self.root, |(_, state)| state)
    }

    pub fn push(&mut self, name: LocalName, state: State) {
        self.counts.0[slot(&name)] += 1;
        self.open.push((name, state));
    }

    /// The innermost element of that name, within reach and not behind an element that ends the search.
    fn find(&self, name: &str, ends: impl Fn(&str) -> bool) -> Option<usize> {
        if self.counts.0[slot(name)] == 0 {
            return None;
        }
        for (at, (open, _)) in self.open.iter().enumerate().rev().take(REACH) {
            if &**open == name {
                return Some(at);
            }
            if ends(open) {
                return None;
            }
        }
        None
    }

    /// Closes the element of that name, and those within it that were left open.
    pub fn close(&mut self, name: &str) {
        let found = if is_inline(name) {
            self.find(name, |open| !is_inline(open))
        } else if is_of_table(name) {
            self.find(name, |open| open == "table" && name != "table")
        } else {
            self.find(name, is_scope)
        };
        if let Some(at) = found {
            self.truncate(at);
        }
    }

    /// Closes what a start tag of that name ends without saying so.
    pub fn close_implied(&mut self, name: &str) {
        let found = match name {
            "li" => self.find("li", |open| matches!(open, "ul" | "ol" | "table" | "blockquote")),
            "td" | "th" => {
                let cell = |cell| self.find(cell, |open| matches!(open, "table" | "tr"));
                cell("td").max(cell("th"))
            }
            "tr" => self.find("tr", |open| open == "table"),
            "p" | "div" | "ul" | "ol" | "table" | "blockquote" | "h1" | "h2" | "h3" | "pre" | "hr" => {
                self.find("p", |open| !is_inline(open))
            }
            _ => None,
        };
        if let Some(at) = found {
            self.truncate(at);
        }
    }

    /// Gives every table around the text the purpose that one of its cells shows.
    pub fn mark_table(&mut self) {
        for (name, state) in self.open.iter_mut().rev().take(REACH) {
            state.table = Table::Data;
            if &**name == "table" {
                break;
            }
        }
    }

    fn truncate(&mut self, at: usize) {
        for (name, _) in self.open.drain(at..) {
            self.counts.0[slot(&name)] -= 1;
        }
    }
}

fn is_inline(name: &str) -> bool {
    matches!(
        name,
        "a" | "b"
            | "i"
            | "u"
            | "s"
            | "em"
            | "strong"
            | "font"
            | "span"
            | "small"
            | "big"
            | "sub"
            | "sup"
            | "tt"
            | "strike"
            | "code"
            | "label"
            | "o:p"
    )
}

fn is_of_table(name: &str) -> bool {
    matches!(name, "table" | "tbody" | "thead" | "tfoot" | "tr" | "td" | "th")
}

fn is_scope(name: &str) -> bool {
    matches!(name, "table" | "td" | "th" | "html" | "object" | "caption")
}

/// Elements without content and without end tag.
pub fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
            | "html"
            | "body"
            | "head"
    )
}
