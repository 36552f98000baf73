//! Writes the text of HTML, token by token.

use std::collections::HashSet;

use html5gum::State as Reading;

use super::Rendered;
use super::element::{self, Block, Contrast, Mark, Style, Visibility};
use super::link;
use super::name::Name;
use super::stack::{Stack, State, Table};
use super::tokens::Tag;

/// `>` at the beginning of a line, at most.
const QUOTE_DEPTH: usize = 16;
/// Longest alternative text of a picture, in characters.
const ALT_CHARS: usize = 100;

/// What becomes of hidden text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hidden {
    Dropped,
    Shown,
}

/// How far a `title` or a `style` reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// To its end tag, as in browsers.
    EndTag,
    /// To the next tag, whatever it is: for HTML in which an end tag is missing, where all the rest would be lost.
    NextTag,
}

/// What was left out of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// Something was hidden.
    pub hidden: bool,
    /// A `title` or a `style` never ended.
    pub unended: bool,
}

/// A row of a table that is read as rows and columns: it is one line, unless it holds a page.
#[derive(Default)]
struct Row {
    cells: usize,
    start: usize,
    /// Where a space stands for a line end.
    breaks: Vec<usize>,
}

pub struct Writer {
    out: String,
    /// What each line is; the last one is being written.
    marks: Vec<Mark>,
    /// Line ends that are due before the next text.
    due: usize,
    /// Quotation marks that a blank line gets: those of the shallower neighbour.
    blank_quotes: usize,
    stack: Stack,
    hidden: Hidden,
    reach: Reach,
    hid: bool,
    /// Everything from here on was appended by a mail program.
    appended: bool,
    /// The raw-text element whose content does not show.
    silent: Option<Name>,
    /// Target of the open link, and where its text begins.
    link: Option<(String, usize)>,
    /// Targets that were shown.
    shown: HashSet<String>,
    at_line_start: bool,
    row: Row,
}

impl Writer {
    pub fn new(hidden: Hidden, reach: Reach) -> Writer {
        Writer::within(State::default(), hidden, reach)
    }

    fn within(root: State, hidden: Hidden, reach: Reach) -> Writer {
        Writer {
            out: String::new(),
            marks: Vec::new(),
            due: 0,
            blank_quotes: 0,
            stack: Stack::with_root(root),
            hidden,
            reach,
            hid: false,
            appended: false,
            silent: None,
            link: None,
            shown: HashSet::new(),
            at_line_start: false,
            row: Row::default(),
        }
    }

    /// For text without any element that makes lines: its own lines count.
    pub fn preformatted(hidden: Hidden, reach: Reach) -> Writer {
        Writer::within(State { preformatted: 1, ..State::default() }, hidden, reach)
    }

    pub fn text(&mut self, text: &str) {
        if self.is_silent() {
            return;
        }
        if self.is_unseen() {
            self.hid |= !text.trim().is_empty();
            return;
        }
        let preformatted = self.stack.state().preformatted > 0;
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let run = plain_run(rest);
            if run > 0 {
                self.flush();
                self.out.push_str(&rest[..run]);
                self.at_line_start = false;
                rest = &rest[run..];
                continue;
            }
            rest = &rest[c.len_utf8()..];
            match c {
                '\n' if preformatted => self.line_end(self.due + 1),
                ' ' | '\t' | '\n' | '\r' | '\x0c' if !preformatted => self.space(),
                '\u{a0}' => self.write(' '),
                // What preheaders are filled up with, and marks that no one sees.
                '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{34f}' | '\u{ad}' => {}
                c if c.is_control() && c != '\t' => {}
                c => self.write(c),
            }
        }
    }

    /// Whether what is written here is dropped.
    fn is_unseen(&self) -> bool {
        let state = self.stack.state();
        (state.hidden > 0 || state.tiny > 0 || state.blended) && self.hidden == Hidden::Dropped
    }

    fn space(&mut self) {
        if self.due == 0 && !self.out.is_empty() && !self.out.ends_with([' ', '\n']) && !self.at_line_start {
            self.out.push(' ');
        }
    }

    fn write(&mut self, c: char) {
        self.flush();
        self.out.push(c);
        if c != ' ' {
            self.at_line_start = false;
        }
    }

    fn write_str(&mut self, text: &str) {
        text.chars().for_each(|c| self.write(c));
    }

    fn mark(&self) -> Mark {
        let mark = self.stack.state().mark;
        if self.appended { Mark::Appended } else { mark }
    }

    /// Ends the lines that are due and begins the next with its quotation marks.
    fn flush(&mut self) {
        let beginning = self.out.is_empty();
        if self.due == 0 && !beginning {
            return;
        }
        let mark = self.mark();
        let quotes = self.stack.state().quotes;
        if !beginning {
            self.out.truncate(self.out.trim_end_matches(' ').len());
            if let Some((_, from)) = &mut self.link {
                *from = self.out.len().min(*from);
            }
            for line in 0..self.due {
                self.out.push('\n');
                if line + 1 < self.due {
                    self.out.extend(std::iter::repeat_n('>', self.blank_quotes.min(QUOTE_DEPTH)));
                    self.marks.push(mark);
                }
            }
        }
        self.due = 0;
        let depth = quotes.min(QUOTE_DEPTH);
        self.out.extend(std::iter::repeat_n('>', depth));
        if depth > 0 {
            self.out.push(' ');
        }
        self.marks.push(mark);
        self.blank_quotes = quotes;
        self.at_line_start = true;
    }

    /// At least `lines` line ends before the next text; one blank line at most.
    fn line_end(&mut self, lines: usize) {
        let state = self.stack.state();
        if state.table == Table::Data {
            self.space();
            if self.due == 0 && self.out.ends_with(' ') && self.row.breaks.last() != Some(&(self.out.len() - 1)) {
                self.row.breaks.push(self.out.len() - 1);
            }
            return;
        }
        self.due = self.due.max(lines.min(2));
        self.blank_quotes = self.blank_quotes.min(state.quotes);
    }

    /// Whether nothing is written of the text that comes, whatever it is.
    pub fn is_silent(&self) -> bool {
        self.silent.is_some()
    }

    /// A start tag, and how what follows it is to be read where that is not as HTML.
    pub fn start_tag(&mut self, tag: &Tag) -> Option<Reading> {
        let element = tag.element;
        self.end_unended();
        if self.is_silent() {
            return None;
        }
        let raw = match element {
            Name::SCRIPT => Some(Reading::ScriptData),
            Name::TITLE => Some(Reading::RcData),
            Name::STYLE | Name::IFRAME | Name::NOFRAMES | Name::XMP => Some(Reading::RawText),
            _ => None,
        };
        // Browsers see no slash in HTML.
        if raw.is_some() && !(tag.self_closing && self.stack.state().foreign) {
            self.silent = Some(element);
            return raw.filter(|_| self.reach == Reach::EndTag || !may_be_unended(element));
        }
        if element == Name::BR {
            self.line_end(self.due + 1);
        } else {
            self.open(tag);
        }
        None
    }

    fn end_unended(&mut self) {
        if self.reach == Reach::NextTag && self.silent.is_some_and(may_be_unended) {
            self.silent = None;
        }
    }

    pub fn end_tag(&mut self, element: Name) {
        self.end_unended();
        match self.silent {
            Some(silent) if silent == element => self.silent = None,
            Some(_) => {}
            None if element == Name::BR => self.line_end(self.due + 1),
            None => self.close(element),
        }
    }

    fn open(&mut self, tag: &Tag) {
        let element = tag.element;
        self.stack.close_implied(element);
        self.line_end_of(tag);
        let mut state = *self.stack.state();
        let style = Style::of(tag);
        let mark = element::mark(tag, &style);
        match (state.mark, mark) {
            (_, Mark::Appended) => self.appended = true,
            // A signature within a quotation is quoted.
            (Mark::Text, _) | (Mark::Signature, Mark::Quote) => state.mark = mark,
            _ => {}
        }
        state.tight = element == Name::P && is_of_word(tag);
        let (visibility, contrast) = element::visibility(tag, &style);
        match visibility {
            Visibility::Hidden => state.hidden += 1,
            Visibility::Tiny => state.tiny = 1,
            Visibility::Sized => state.tiny = 0,
            Visibility::Inherited => {}
        }
        match contrast {
            Contrast::Lost => state.blended = true,
            Contrast::Given => state.blended = false,
            Contrast::Inherited => {}
        }
        state.foreign |= matches!(element, Name::SVG | Name::MATH);
        match element {
            Name::XML | Name::TEMPLATE | Name::SVG | Name::MATH | Name::DATALIST => state.hidden += 1,
            Name::PRE | Name::TEXTAREA | Name::LISTING => state.preformatted += 1,
            Name::BLOCKQUOTE if element::block(tag, &style, self.stack.state().mark) == Block::Quotation => {
                state.quotes += 1;
            }
            Name::BLOCKQUOTE => state.mark = self.stack.state().mark,
            Name::UL | Name::OL => {
                state.lists += 1;
                let first = tag.attribute(Name::START).and_then(|start| start.trim().parse().ok()).unwrap_or(1);
                state.number = (element == Name::OL).then_some(first);
            }
            Name::TABLE => {
                let ruled =
                    tag.attribute(Name::BORDER).is_some_and(|border| !matches!(border.trim(), "" | "0" | "0px"));
                let data = ruled && self.stack.state().table == Table::None;
                state.table = if data { Table::Data } else { Table::Layout };
                self.end_row();
            }
            Name::LI => {
                if let Some(number) = &mut self.stack.state_mut().number {
                    *number = number.saturating_add(1);
                }
            }
            // Browsers drop line ends within an address (WHATWG URL §4.4).
            Name::A => self.anchor(tag.attribute(Name::HREF).map(|href| href.trim().replace(['\n', '\r', '\t'], ""))),
            Name::IMG => self.picture(tag),
            _ => {}
        }
        let hidden = state.hidden;
        if !element.is_void() && !tag.self_closing {
            self.stack.push(element, state);
        } else if element == Name::BODY && hidden == 0 {
            self.stack.state_mut().mark = state.mark;
        }
        match element {
            Name::LI => self.item(),
            Name::TD | Name::TH => self.cell(element, &style),
            _ => {}
        }
    }

    /// A row of one cell, or of long ones, is no row but a frame around text: its lines stand.
    fn end_row(&mut self) {
        const LONG: usize = 500;
        let row = std::mem::take(&mut self.row);
        let framed = row.cells == 1 || self.out.len().saturating_sub(row.start) > LONG;
        if !framed || self.stack.state().quotes > 0 {
            return;
        }
        let (mark, end) = (self.mark(), self.out.trim_end_matches(' ').len());
        for at in row.breaks.into_iter().filter(|at| *at > row.start && *at < end) {
            if self.out.as_bytes()[at] == b' ' {
                self.out.replace_range(at..=at, "\n");
                self.marks.push(mark);
            }
        }
    }

    fn close(&mut self, element: Name) {
        if element == Name::A {
            self.anchor(None);
        }
        if element == Name::P {
            self.line_end(if self.stack.state().tight { 1 } else { 2 });
        }
        if element == Name::TABLE {
            self.end_row();
        }
        self.stack.close(element);
        self.line_end_behind(element);
    }

    /// Line ends before an element.
    fn line_end_of(&mut self, tag: &Tag) {
        match tag.element {
            Name::P if is_of_word(tag) => self.line_end(1),
            Name::P | Name::H1 | Name::H2 | Name::H3 | Name::H4 | Name::H5 | Name::H6 => self.line_end(2),
            element => self.line_end_behind(element),
        }
    }

    /// Line ends before or behind an element.
    fn line_end_behind(&mut self, element: Name) {
        match element {
            Name::H1 | Name::H2 | Name::H3 | Name::H4 | Name::H5 | Name::H6 => self.line_end(2),
            Name::TR => {
                self.end_row();
                let table = self.stack.state().table;
                self.stack.state_mut().table = Table::Layout;
                self.line_end(1);
                self.stack.state_mut().table = table;
            }
            element if element.is_line() => self.line_end(1),
            _ => {}
        }
    }

    fn item(&mut self) {
        let State { lists, number, table, .. } = *self.stack.state();
        if self.is_unseen() || table == Table::Data {
            return;
        }
        self.write_str(&"  ".repeat(lists.saturating_sub(1).min(QUOTE_DEPTH)));
        match number {
            Some(number) => self.write_str(&format!("{number}. ")),
            None => self.write_str("- "),
        }
        self.at_line_start = true;
    }

    fn cell(&mut self, element: Name, style: &Style) {
        if element == Name::TH || element::is_framed(style) {
            self.stack.mark_table();
        }
        self.row.cells += 1;
        match self.stack.state().table {
            Table::Data if self.row.cells > 1 => self.text(" | "),
            Table::Data | Table::Layout | Table::None => self.text(" "),
        }
        if self.row.cells == 1 {
            self.row.start = self.out.len();
        }
    }

    /// Emoji come as pictures whose alternative text is the character; other words stand in brackets.
    fn picture(&mut self, tag: &Tag) {
        let alt = tag.attribute(Name::ALT).unwrap_or_default().trim();
        let long = alt.chars().count();
        let emoji = !alt.is_ascii() && long <= 8;
        if emoji {
            return self.text(alt);
        }
        let words = alt.split_whitespace().count();
        let file = alt.rsplit_once('.').is_some_and(|(_, end)| (2..=4).contains(&end.len()) && !end.contains(' '));
        let unseen = [Name::WIDTH, Name::HEIGHT].iter().any(|side| matches!(tag.attribute(*side), Some("0" | "1")));
        // What a link says by a picture alone is its text.
        let least = if self.link.is_some() { 1 } else { 2 };
        if words >= least
            && long <= ALT_CHARS
            && !file
            && !unseen
            && element::visibility(tag, &Style::of(tag)).0 != Visibility::Hidden
        {
            self.text(&format!("[{alt}]"));
        }
    }

    /// A link begins (with its target), or ends.
    fn anchor(&mut self, target: Option<String>) {
        if let Some((target, from)) = self.link.take() {
            let shown = self.out.get(from..).unwrap_or_default().trim();
            if !shown.is_empty() && !link::says(shown, &target) && self.shown.insert(target.clone()) {
                let mailto = target.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
                let address = mailto.map_or(&*target, |_| target[7..].split('?').next().unwrap_or_default());
                self.out.truncate(self.out.trim_end_matches(' ').len());
                let due = std::mem::take(&mut self.due);
                self.write_str(&format!(" <{address}>"));
                self.due = due;
            }
        }
        let kept = target.filter(|target| link::is_kept(target));
        self.link = kept.map(|target| (target, self.out.len()));
    }

    /// The text, and what is not in it.
    pub fn finish(mut self) -> (Rendered, Left) {
        self.out.truncate(self.out.trim_end().len());
        let lines = self.out.split('\n').count();
        self.marks.resize(lines, Mark::Text);
        let left = Left { hidden: self.hid, unended: self.silent.is_some_and(may_be_unended) };
        (Rendered { text: self.out, marks: self.marks }, left)
    }
}

/// Elements without tags in them, so that the next tag shows that an end tag is missing.
fn may_be_unended(element: Name) -> bool {
    matches!(element, Name::TITLE | Name::STYLE)
}

/// Bytes at the beginning of `text` that are written as they stand: no control, nothing that begins like what is left
/// out ([`Writer::text`]), and single spaces between words alone.
fn plain_run(text: &str) -> usize {
    let bytes = text.as_bytes();
    let plain = |b: u8| matches!(b, 0x21..=0x7e | 0x80..=0xc1 | 0xc3..=0xcc | 0xce..=0xe1 | 0xe3..=0xee | 0xf0..=0xff);
    let mut run = 0;
    while let Some(&b) = bytes.get(run) {
        let between = b == b' ' && run > 0 && bytes.get(run + 1).is_some_and(|next| plain(*next));
        if !plain(b) && !between {
            break;
        }
        run += 1;
    }
    run
}

/// Word and Outlook put one paragraph under another.
fn is_of_word(tag: &Tag) -> bool {
    tag.attribute(Name::CLASS).is_some_and(|class| class.contains("MsoNormal") || class.contains("MsoPlainText"))
}
