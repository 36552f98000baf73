//! How things are printed for people and scripts: lines, tables, times, JSON. Everything that goes to standard output
//! goes through here, so that a reader who leaves early (`| head -1`) ends nothing with a fright.

use std::fmt::{Arguments, Write};
use std::io::{self, IsTerminal};
use std::sync::{Mutex, MutexGuard, PoisonError};

use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::failure::{Exit, Failure};

/// For what one looks for first; anstream leaves it out where nobody sees it, and when `NO_COLOR` is set.
pub const BOLD: anstyle::Style = anstyle::Style::new().bold();
/// For what is there for those who ask why.
pub const FAINT: anstyle::Style = anstyle::Style::new().dimmed();
pub const GOOD: anstyle::Style = anstyle::AnsiColor::Green.on_default().bold();
pub const BAD: anstyle::Style = anstyle::AnsiColor::Red.on_default().bold();

/// Columns of a cell that is never broken: a time.
const SHORT: u16 = 16;

/// Prints a line to standard output.
macro_rules! say {
    () => { $crate::cli::show::line(format_args!("")) };
    ($($text:tt)*) => { $crate::cli::show::line(format_args!($($text)*)) };
}
pub(super) use say;

/// What becomes of what is printed.
struct Output {
    /// What standard output first refused; nothing is written after that.
    refused: Option<io::Error>,
    /// Lines that are printed together.
    held: Option<String>,
}

static OUTPUT: Mutex<Output> = Mutex::new(Output { refused: None, held: None });

fn output() -> MutexGuard<'static, Output> {
    OUTPUT.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Output {
    fn write(&mut self, work: impl FnOnce() -> io::Result<()>) {
        if self.refused.is_none() {
            self.refused = work().err();
        }
    }
}

pub fn line(text: Arguments<'_>) {
    let mut output = output();
    if let Some(held) = &mut output.held {
        // Text takes any text.
        let _ = writeln!(held, "{text}");
        return;
    }
    output.write(|| io::Write::write_fmt(&mut anstream::stdout(), format_args!("{text}\n")));
}

/// Prints at once what `print` prints line by line: the system is asked once instead of a hundred times.
pub fn at_once(print: impl FnOnce()) {
    output().held = Some(String::new());
    print();
    let mut output = output();
    let held = output.held.take().unwrap_or_default();
    output.write(|| io::Write::write_all(&mut anstream::stdout(), held.as_bytes()));
}

/// Bytes, as they are.
pub fn raw(bytes: &[u8]) {
    output().write(|| io::Write::write_all(&mut io::stdout(), bytes));
}

/// Whether there is any use in printing more: false once standard output has refused something.
pub fn is_read() -> bool {
    output().refused.is_none()
}

/// To be asked at the end: whether everything could be printed. A reader that left has read enough.
pub fn all_printed() -> Result<(), Failure> {
    let mut output = output();
    output.write(|| io::Write::flush(&mut io::stdout()));
    match output.refused.take() {
        Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let sentence = format!("Standard output cannot be written: {}.", crate::diagnostics::plain(&error));
            Err(Failure::new(Exit::Io, sentence))
        }
        Some(_) | None => Ok(()),
    }
}

/// A line beside the result, to standard error; there is nobody to tell when that fails.
pub fn remark(text: &str) {
    let _ = io::Write::write_fmt(&mut anstream::stderr(), format_args!("{text}\n"));
}

/// A time as people read it, in the machine's zone: `2026-05-14 09:30`.
pub fn time(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// A table without lines: as wide as the terminal, or on one line a row where a program reads it.
pub fn table(heads: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    let width = width();
    if let Some(width) = width {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    let rows: Vec<Vec<String>> = rows.into_iter().map(|row| row.iter().map(|cell| one_line(cell)).collect()).collect();
    // Where room is dear, a column in which nothing stands is left out.
    let useful = |at: usize| width.is_none() || rows.iter().any(|row| row.get(at).is_some_and(|cell| !cell.is_empty()));
    let kept: Vec<usize> = (0..heads.len()).filter(|at| useful(*at)).collect();
    table.set_header(kept.iter().map(|at| heads[*at].to_uppercase()));
    for row in &rows {
        table.add_row(kept.iter().filter_map(|at| row.get(*at)));
    }
    let widths = table.column_max_content_widths();
    for (column, width) in table.column_iter_mut().zip(widths) {
        column.set_padding((0, 2));
        // Numbers, words and times stay whole; what is long shares the rest.
        if width <= SHORT {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    for (at, line) in table.lines().enumerate() {
        let style = if at == 0 { BOLD } else { anstyle::Style::new() };
        say!("{style}{}{style:#}", line.trim_end());
    }
}

/// Columns of the terminal; None where standard output is none.
fn width() -> Option<u16> {
    let stdout = io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    rustix::termios::tcgetwinsize(stdout).ok().map(|size| size.ws_col).filter(|columns| *columns > 0)
}

/// Strangers' text without what a terminal would obey: control characters and changes of the writing direction (B34).
pub fn harmless(text: &str) -> String {
    let dangerous = |c: char| {
        (c.is_control() && c != '\n' && c != '\t') || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    text.replace("\r\n", "\n").chars().map(|c| if dangerous(c) { '\u{FFFD}' } else { c }).collect()
}

/// As [`harmless`], on one line.
pub fn one_line(text: &str) -> String {
    harmless(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text indented, line by line, without empty lines at either end.
pub fn indented(text: &str) {
    let text = harmless(text);
    let mut lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    for line in lines.into_iter().skip_while(|line| line.is_empty()) {
        match line.is_empty() {
            true => say!(),
            false => say!("    {line}"),
        }
    }
}

/// One value on one line. What a terminal would obey is escaped, which JSON allows anywhere in a string.
pub fn json(value: &impl serde::Serialize) {
    let text = serde_json::to_string(value).expect("our own types are written as JSON");
    let mut escaped = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((at, control)) = rest.char_indices().find(|(_, c)| matches!(c, '\u{7F}'..='\u{9F}')) {
        escaped.push_str(&rest[..at]);
        escaped.push_str(&format!("\\u{:04x}", u32::from(control)));
        rest = &rest[at + control.len_utf8()..];
    }
    say!("{escaped}{rest}");
}

/// Singular or plural: `1 post`, `2 posts`.
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_passes() {
        assert_eq!(
            harmless("a\x1b[2Jb\u{9b}31m\u{202e}c\r\nd\te\rf\x07"),
            "a\u{FFFD}[2Jb\u{FFFD}31m\u{FFFD}c\nd\te\u{FFFD}f\u{FFFD}"
        );
        assert_eq!(one_line(" a\r\n\tb "), "a b");
    }
}
