//! Writes the text of HTML, token by token.

use std::collections::HashSet;

use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{Tag, TagKind, TokenSinkResult};

use super::Rendered;
use super::element::{self, Block, Mark, Style, Visibility, attribute};
use super::stack::{Stack, State, Table, is_void};

/// `>` at the beginning of a line, at most.
const QUOTE_DEPTH: usize = 16;
/// Longest link target that is kept, in bytes.
const LINK_BYTES: usize = 2_000;
/// Longest alternative text of a picture, in characters.
const ALT_CHARS: usize = 100;

/// What becomes of hidden text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hidden {
    Dropped,
    Shown,
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
    /// Tokens seen, parse errors aside.
    pub tokens: usize,
    /// Line ends that are due before the next text.
    due: usize,
    /// Quotation marks that a blank line gets: those of the shallower neighbour.
    blank_quotes: usize,
    stack: Stack,
    hidden: Hidden,
    hid: bool,
    /// Everything from here on was appended by a mail program.
    appended: bool,
    /// The raw-text element whose content does not show.
    silent: Option<String>,
    /// Target of the open link, and where its text begins.
    link: Option<(String, usize)>,
    /// Targets that were shown.
    shown: HashSet<String>,
    at_line_start: bool,
    row: Row,
}

impl Writer {
    pub fn new(hidden: Hidden) -> Writer {
        Writer {
            out: String::new(),
            marks: Vec::new(),
            tokens: 0,
            due: 0,
            blank_quotes: 0,
            stack: Stack::default(),
            hidden,
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
    pub fn preformatted(hidden: Hidden) -> Writer {
        Writer { stack: Stack::with_root(State { preformatted: 1, ..State::default() }), ..Writer::new(hidden) }
    }

    pub fn text(&mut self, text: &str) {
        let state = self.stack.state();
        if self.silent.is_some() {
            return;
        }
        if (state.hidden > 0 || state.tiny > 0) && self.hidden == Hidden::Dropped {
            self.hid |= !text.trim().is_empty();
            return;
        }
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
                '\n' if state.preformatted > 0 => self.line_end(self.due + 1),
                ' ' | '\t' | '\n' | '\r' | '\x0c' if state.preformatted == 0 => self.space(),
                '\u{a0}' => self.write(' '),
                // What preheaders are filled up with, and marks that no one sees.
                '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{34f}' | '\u{ad}' => {}
                c if c.is_control() && c != '\t' => {}
                c => self.write(c),
            }
        }
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

    pub fn tag(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name = &*tag.name;
        let start = tag.kind == TagKind::StartTag;
        if let Some(silent) = &self.silent {
            if !start && silent == name {
                self.silent = None;
            }
            return TokenSinkResult::Continue;
        }
        if matches!(name, "script" | "style" | "title" | "iframe" | "noframes" | "xmp") && start && !tag.self_closing {
            self.silent = Some(name.to_owned());
            return TokenSinkResult::RawData(match name {
                "script" => RawKind::ScriptData,
                "title" => RawKind::Rcdata,
                _ => RawKind::Rawtext,
            });
        }
        if name == "br" {
            self.line_end(self.due + 1);
        } else if start {
            self.open(tag, name);
        } else {
            self.close(name);
        }
        TokenSinkResult::Continue
    }

    fn open(&mut self, tag: &Tag, name: &str) {
        self.stack.close_implied(name);
        self.line_end_of(tag, name);
        let mut state = self.stack.state();
        let style = Style::of(tag);
        let mark = element::mark(tag, &style);
        match (state.mark, mark) {
            (_, Mark::Appended) => self.appended = true,
            // A signature within a quotation is quoted.
            (Mark::Text, _) | (Mark::Signature, Mark::Quote) => state.mark = mark,
            _ => {}
        }
        state.tight = name == "p" && is_of_word(tag);
        match element::visibility(tag, &style) {
            Visibility::Hidden => state.hidden += 1,
            Visibility::Tiny => state.tiny = 1,
            Visibility::Sized => state.tiny = 0,
            Visibility::Inherited => {}
        }
        match name {
            "xml" | "template" | "svg" | "math" | "datalist" => state.hidden += 1,
            "pre" | "textarea" | "listing" => state.preformatted += 1,
            "blockquote" if element::block(tag, &style) == Block::Quotation => state.quotes += 1,
            "blockquote" => state.mark = self.stack.state().mark,
            "ul" | "ol" => {
                state.lists += 1;
                let first = attribute(tag, "start").and_then(|start| start.trim().parse().ok()).unwrap_or(1);
                state.number = (name == "ol").then_some(first);
            }
            "table" => {
                let ruled = attribute(tag, "border").is_some_and(|border| !matches!(border.trim(), "" | "0" | "0px"));
                let data = ruled && self.stack.state().table == Table::None;
                state.table = if data { Table::Data } else { Table::Layout };
                self.end_row();
            }
            "li" => {
                if let Some(number) = &mut self.stack.state_mut().number {
                    *number = number.saturating_add(1);
                }
            }
            // Browsers drop line ends within an address (WHATWG URL §4.4).
            "a" => self.anchor(attribute(tag, "href").map(|href| href.trim().replace(['\n', '\r', '\t'], ""))),
            "img" => self.picture(tag),
            _ => {}
        }
        let hidden = state.hidden;
        if !is_void(name) && !tag.self_closing {
            self.stack.push(tag.name.clone(), state);
        } else if name == "body" && hidden == 0 {
            self.stack.state_mut().mark = state.mark;
        }
        match name {
            "li" => self.item(),
            "td" | "th" => self.cell(name, &style),
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

    fn close(&mut self, name: &str) {
        if name == "a" {
            self.anchor(None);
        }
        if name == "p" {
            self.line_end(if self.stack.state().tight { 1 } else { 2 });
        }
        if name == "table" {
            self.end_row();
        }
        self.stack.close(name);
        self.line_end_behind(name);
    }

    /// Line ends before an element.
    fn line_end_of(&mut self, tag: &Tag, name: &str) {
        match name {
            "p" if is_of_word(tag) => self.line_end(1),
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.line_end(2),
            _ => self.line_end_behind(name),
        }
    }

    /// Line ends before or behind an element.
    fn line_end_behind(&mut self, name: &str) {
        match name {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.line_end(2),
            "tr" => {
                self.end_row();
                let table = self.stack.state().table;
                self.stack.state_mut().table = Table::Layout;
                self.line_end(1);
                self.stack.state_mut().table = table;
            }
            "div" | "dt" | "dd" | "hr" | "section" | "article" | "header" | "footer" | "address" | "center"
            | "form" | "body" | "ul" | "ol" | "dl" | "table" | "pre" | "li" | "blockquote" | "main" | "nav"
            | "aside" | "figure" | "fieldset" | "option" | "caption" | "listing" => self.line_end(1),
            _ => {}
        }
    }

    fn item(&mut self) {
        let state = self.stack.state();
        let hidden = state.hidden + state.tiny > 0 && self.hidden == Hidden::Dropped;
        if hidden || state.table == Table::Data {
            return;
        }
        self.write_str(&"  ".repeat(state.lists.saturating_sub(1).min(QUOTE_DEPTH)));
        match state.number {
            Some(number) => self.write_str(&format!("{number}. ")),
            None => self.write_str("- "),
        }
        self.at_line_start = true;
    }

    fn cell(&mut self, name: &str, style: &Style) {
        if name == "th" || element::is_framed(style) {
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
        let alt = attribute(tag, "alt").unwrap_or_default().trim();
        let long = alt.chars().count();
        let emoji = !alt.is_ascii() && long <= 8;
        if emoji {
            return self.text(alt);
        }
        let words = alt.split_whitespace().count();
        let file = alt.rsplit_once('.').is_some_and(|(_, end)| (2..=4).contains(&end.len()) && !end.contains(' '));
        let unseen = ["width", "height"].iter().any(|side| matches!(attribute(tag, side), Some("0" | "1")));
        // What a link says by a picture alone is its text.
        let least = if self.link.is_some() { 1 } else { 2 };
        if words >= least
            && long <= ALT_CHARS
            && !file
            && !unseen
            && element::visibility(tag, &Style::of(tag)) != Visibility::Hidden
        {
            self.text(&format!("[{alt}]"));
        }
    }

    /// A link begins (with its target), or ends.
    fn anchor(&mut self, target: Option<String>) {
        if let Some((target, from)) = self.link.take() {
            let shown = self.out.get(from..).unwrap_or_default().trim();
            if !shown.is_empty() && !says(shown, &target) && self.shown.insert(target.clone()) {
                let mailto = target.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
                let address = mailto.map_or(&*target, |_| target[7..].split('?').next().unwrap_or_default());
                self.out.truncate(self.out.trim_end_matches(' ').len());
                let due = std::mem::take(&mut self.due);
                self.write_str(&format!(" <{address}>"));
                self.due = due;
            }
        }
        const KNOWN: &[&str] = &["http://", "https://", "mailto:", "tel:", "ftp://", "ftps://", "sftp://"];
        let begins = |t: &str, scheme: &str| t.get(..scheme.len()).is_some_and(|s| s.eq_ignore_ascii_case(scheme));
        let known = |t: &String| KNOWN.iter().any(|scheme| begins(t, scheme));
        let kept = target.filter(|t| known(t) && t.len() <= LINK_BYTES && !t.contains(char::is_control));
        self.link = kept.map(|target| (target, self.out.len()));
    }

    /// The text, and whether something was hidden.
    pub fn finish(mut self) -> (Rendered, bool) {
        self.out.truncate(self.out.trim_end().len());
        let lines = self.out.split('\n').count();
        self.marks.resize(lines, Mark::Text);
        (Rendered { text: self.out, marks: self.marks }, self.hid)
    }
}

/// Bytes at the beginning of `text` that are written as they stand: no space, no control, nothing that begins like what
/// is left out ([`Writer::text`]).
fn plain_run(text: &str) -> usize {
    let plain = |b: &u8| matches!(b, 0x21..=0x7e | 0x80..=0xc1 | 0xc3..=0xcc | 0xce..=0xe1 | 0xe3..=0xee | 0xf0..=0xff);
    text.as_bytes().iter().take_while(|b| plain(b)).count()
}

/// Word and Outlook put one paragraph under another.
fn is_of_word(tag: &Tag) -> bool {
    attribute(tag, "class").is_some_and(|class| class.contains("MsoNormal") || class.contains("MsoPlainText"))
}

/// Whether a link's text names its target already, or is an address itself, behind which only a tracker stands.
fn says(shown: &str, target: &str) -> bool {
    let plain = |url: &str| {
        let url = url.to_lowercase();
        let url = url.trim_start_matches("https://").trim_start_matches("http://");
        url.trim_start_matches("www.").trim_end_matches('/').to_owned()
    };
    if target.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("tel:")) {
        // A country's prefix may stand in one of them alone.
        let last = |text: &str| text.bytes().rev().filter(u8::is_ascii_digit).take(6).collect::<Vec<u8>>();
        return last(shown) == last(target);
    }
    let address = target.strip_prefix("mailto:").unwrap_or(target);
    let address = address.split('?').next().filter(|_| target.starts_with("mailto:")).unwrap_or(address);
    let url = ["http://", "https://", "www."].iter().any(|scheme| shown.starts_with(scheme));
    plain(shown).contains(&plain(address)) || url && !shown.contains(char::is_whitespace)
}
