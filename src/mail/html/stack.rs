//! The elements that are open, and what holds within them.

use super::element::Mark;
use super::name::Name;

/// Elements that are looked through for the one that an end tag closes.
const REACH: usize = 256;

/// What holds for the text within an element.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct State {
    pub quotes: usize,
    pub preformatted: usize,
    pub hidden: usize,
    pub tiny: usize,
    /// Letters have the colour of what is behind them, until an element within gives a colour to either.
    pub blended: bool,
    /// Within SVG or MathML, where a slash closes every element (WHATWG HTML §13.2.6.5).
    pub foreign: bool,
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

/// Most end tags close what is open; the others are known by such counts, without a search.
const SLOTS: usize = 64;

/// The open elements, outermost first.
pub struct Stack {
    open: Vec<(Name, State)>,
    /// How many are open of the names that share a slot.
    counts: [usize; SLOTS],
    root: State,
}

impl Stack {
    pub fn with_root(root: State) -> Stack {
        Stack { open: Vec::new(), counts: [0; SLOTS], root }
    }

    pub fn state(&self) -> &State {
        self.open.last().map_or(&self.root, |(_, state)| state)
    }

    pub fn state_mut(&mut self) -> &mut State {
        self.open.last_mut().map_or(&mut self.root, |(_, state)| state)
    }

    pub fn push(&mut self, element: Name, state: State) {
        self.counts[element.slot(SLOTS)] += 1;
        self.open.push((element, state));
    }

    /// The innermost such element, within reach and not behind an element that ends the search.
    fn find(&self, element: Name, ends: impl Fn(Name) -> bool) -> Option<usize> {
        if self.counts[element.slot(SLOTS)] == 0 {
            return None;
        }
        for (at, (open, _)) in self.open.iter().enumerate().rev().take(REACH) {
            if *open == element {
                return Some(at);
            }
            if ends(*open) {
                return None;
            }
        }
        None
    }

    /// Closes such an element, and those within it that were left open.
    pub fn close(&mut self, element: Name) {
        let found = if element.is_inline() {
            self.find(element, |open| !open.is_inline())
        } else if element.is_of_table() {
            self.find(element, |open| open == Name::TABLE && element != Name::TABLE)
        } else {
            self.find(element, Name::is_scope)
        };
        if let Some(at) = found {
            self.truncate(at);
        }
    }

    /// Closes what such a start tag ends without saying so.
    pub fn close_implied(&mut self, element: Name) {
        let found = match element {
            Name::LI => {
                self.find(Name::LI, |open| matches!(open, Name::UL | Name::OL | Name::TABLE | Name::BLOCKQUOTE))
            }
            Name::TD | Name::TH => {
                let cell = |cell| self.find(cell, |open| matches!(open, Name::TABLE | Name::TR));
                cell(Name::TD).max(cell(Name::TH))
            }
            Name::TR => self.find(Name::TR, |open| open == Name::TABLE),
            Name::P
            | Name::DIV
            | Name::UL
            | Name::OL
            | Name::TABLE
            | Name::BLOCKQUOTE
            | Name::H1
            | Name::H2
            | Name::H3
            | Name::PRE
            | Name::HR => self.find(Name::P, |open| !open.is_inline()),
            _ => None,
        };
        if let Some(at) = found {
            self.truncate(at);
        }
    }

    /// Gives every table around the text the purpose that one of its cells shows.
    pub fn mark_table(&mut self) {
        for (element, state) in self.open.iter_mut().rev().take(REACH) {
            state.table = Table::Data;
            if *element == Name::TABLE {
                break;
            }
        }
    }

    fn truncate(&mut self, at: usize) {
        for (element, _) in self.open.drain(at..) {
            self.counts[element.slot(SLOTS)] -= 1;
        }
    }
}
