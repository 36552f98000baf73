//! The two texts of a letter: what was said, the foot with the reference, and quotes beneath.

use super::Quoted;
use crate::case::letter::Hand;
use crate::case::{Audience, Letter, Template};
use crate::mail::Language;
use crate::mail::body;
use crate::mail::clue;
use crate::mail::reference;
use crate::rules::template::Rendered;
use crate::rules::template::paragraphs::{self, escaped};

/// Columns of a line of text (RFC 5322 §2.1.1 recommends 78, quoting takes two).
const COLUMNS: usize = 76;
/// Characters of one quoted post, posts that are quoted, and characters of all of them, at most (L10).
pub const QUOTE: usize = 4_000;
pub const QUOTES: usize = 20;
const QUOTED: usize = 30_000;

pub(super) struct Texts {
    pub text: String,
    pub html: String,
}

/// `rendered` is what the template said.
pub(super) fn assemble(
    letter: &Letter,
    rendered: Rendered,
    language: &Language,
    sealed: &str,
    quotes: &[Quoted],
) -> Texts {
    let said = without_references(&normal(&rendered.text));
    let foot = foot(language);
    let reference = reference::written(sealed);
    let mut room = QUOTED;
    let quotes = quotes.iter().take(QUOTES).map(|quote| (attribution(quote, language), bounded(&quote.text)));
    let fits = |(_, text): &(String, String)| {
        let characters = text.chars().count();
        let fits = characters <= room;
        room = room.saturating_sub(characters);
        fits
    };
    let quotes: Vec<(String, String)> = quotes.take_while(fits).collect();

    // An alarm leads to no case: nobody is asked to answer it.
    let (text_foot, html_foot) = match letter.template {
        Template::Alarm => (String::new(), String::new()),
        Template::Acknowledged
        | Template::Reopened
        | Template::Answered
        | Template::Closed
        | Template::TooLarge
        | Template::Notified
        | Template::Asked
        | Template::CarriedOut => (format!("\n{foot}\n{reference}\n"), foot_html(foot, &reference)),
    };
    let marker = if has_marker(letter) { format!("{}\n\n", body::marker(language)) } else { String::new() };
    let mut text = format!("{marker}{}\n{text_foot}", wrapped(&said));
    for (attribution, quoted) in &quotes {
        text.push_str(&format!("\n{attribution}\n{}", prefixed(&wrapped(quoted))));
    }
    let html = rendered.html.map_or_else(|| paragraphs::from_text(&said), |html| without_references(&html));
    Texts { text, html: page(letter, &html, language, &html_foot, &quotes) }
}

/// Whether it asks for an answer above the line: not what people wrote, and not what nobody answers. A mail program
/// that quotes without marks leaves only this line to say where the author's words end; behind marks it means nothing,
/// and who answers line by line is heard.
fn has_marker(letter: &Letter) -> bool {
    letter.hand == Hand::Machine && letter.template != Template::Alarm
}

/// LF line ends, no control characters, at most one empty line at a time, none at the ends.
fn normal(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let line: String = line.chars().filter(|c| !c.is_control() || *c == '\t').collect();
        let line = line.trim_end().to_owned();
        if !(line.is_empty() && lines.last().is_none_or(String::is_empty)) {
            lines.push(line);
        }
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines.join("\n")
}

/// A mail of ours carries its own reference and no other: one that staff quoted, or that stands in a quoted post,
/// would lead the reply elsewhere (B27).
fn without_references(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut from = 0;
    for span in clue::spans(text) {
        kept.push_str(&text[from..span.start]);
        from = span.end;
    }
    kept.push_str(&text[from..]);
    kept
}

fn foot(language: &Language) -> &'static str {
    match language.0.as_str() {
        "de" => "Bitte lassen Sie die nächste Zeile in Ihrer Antwort stehen:",
        _ => "Please keep the next line when you reply:",
    }
}

fn attribution(quote: &Quoted, language: &Language) -> String {
    let author: String = quote.author.chars().filter(|c| !c.is_control()).take(100).collect();
    let note = quote.audience == Audience::Internal;
    match language.0.as_str() {
        "de" => {
            let wrote = if note { "notierte intern" } else { "schrieb" };
            format!("Am {} {wrote} {author}:", quote.at.strftime("%d.%m.%Y um %H:%M UTC"))
        }
        _ => {
            let wrote = if note { "noted internally" } else { "wrote" };
            format!("On {}, {author} {wrote}:", quote.at.strftime("%Y-%m-%d at %H:%M UTC"))
        }
    }
}

fn bounded(text: &str) -> String {
    let text = without_references(&normal(text));
    match text.char_indices().nth(QUOTE) {
        Some((at, _)) => format!("{}\n[…]", text[..at].trim_end()),
        None => text,
    }
}

/// RFC 3676 §4.5 writes `>` and a space, and no space between two marks.
fn prefixed(text: &str) -> String {
    text.lines()
        .map(|line| match line {
            "" => ">\n".to_owned(),
            line if line.starts_with('>') => format!(">{line}\n"),
            line => format!("> {line}\n"),
        })
        .collect()
}

/// Folds prose at spaces. Quotes, indented lines and words without a space stay whole: the transfer encoding
/// keeps every line below 998 bytes (RFC 5322 §2.1.1).
fn wrapped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 60);
    for line in text.lines() {
        let prose = !line.starts_with(['>', ' ', '\t']);
        if !prose || line.chars().count() <= COLUMNS {
            out.push_str(line);
        } else {
            fold(line, &mut out);
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out
}

fn fold(line: &str, out: &mut String) {
    let mut column = 0;
    for word in line.split(' ') {
        let width = word.chars().count();
        // A line that begins with `>` or `From ` would be read as something else further on.
        let breakable = !word.starts_with('>') && word != "From" && !word.is_empty();
        if column > 0 && column + 1 + width > COLUMNS && breakable {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += width;
    }
}

const SMALL: &str = "color:#6b7280;font-size:13px";

fn foot_html(foot: &str, reference: &str) -> String {
    format!("<p style=\"{SMALL}\">{}<br>\n{}</p>\n", escaped(foot), escaped(reference))
}

/// One column that a telephone shows without zooming; nothing that must be loaded from elsewhere.
fn page(letter: &Letter, said: &str, language: &Language, foot: &str, quotes: &[(String, String)]) -> String {
    let marker = match has_marker(letter) {
        true => format!("<p style=\"{SMALL}\">{}</p>\n", body::marker(language)),
        false => String::new(),
    };
    let quotes: String = quotes
        .iter()
        .map(|(attribution, quoted)| {
            format!(
                "<p style=\"{SMALL}\">{}</p>\n<blockquote style=\"margin:0 0 0 4px;padding-left:12px;\
                 border-left:2px solid #d1d5db;color:#4b5563\">\n{}</blockquote>\n",
                escaped(attribution),
                paragraphs::from_text(quoted)
            )
        })
        .collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n</head>\n\
         <body style=\"margin:0;padding:16px\">\n\
         <div style=\"max-width:640px;font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;\
         font-size:16px;line-height:1.5;color:#111827;overflow-wrap:anywhere\">\n\
         {marker}{}\n{foot}{quotes}</div>\n</body>\n</html>\n",
        escaped(&language.0),
        said.trim(),
    )
}
