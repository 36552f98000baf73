//! Findings as people read them.

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{Diagnostics, Finding, Severity, Span};

/// Longest underlined line that is shown with its text: a longer one is not a line that a person wrote.
const MAX_LINE_BYTES: usize = 2_000;

/// Whether escape codes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    Never,
    Always,
}

impl Diagnostics {
    /// Every finding with the text it is about, and a last line that counts them; empty when there is none.
    pub fn render(&self, colour: Colour) -> String {
        let renderer = match colour {
            Colour::Never => Renderer::plain(),
            Colour::Always => Renderer::styled(),
        };
        let mut rendered = String::new();
        for finding in &self.findings {
            rendered.push_str(&renderer.render(&[group(finding)]));
            rendered.push_str("\n\n");
        }
        if !self.is_empty() {
            rendered.push_str(&self.count());
            rendered.push('\n');
        }
        rendered
    }

    fn count(&self) -> String {
        let counted = |count: usize, word: &str| match count {
            0 => None,
            1 => Some(format!("1 {word}")),
            count => Some(format!("{count} {word}s")),
        };
        let parts = [counted(self.errors().count(), "error"), counted(self.warnings().count(), "warning")];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

fn group(finding: &Finding) -> Group<'_> {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(&*finding.message));
    group = match &finding.place {
        Some(place) if shows_well(&finding.text, place.span) => group.element(snippet(finding, place.span)),
        Some(place) => group.element(Origin::path(&*finding.file).line(place.line).char_column(place.column)),
        None => group.element(Origin::path(&*finding.file)),
    };
    match &finding.help {
        Some(help) => group.element(Level::HELP.message(&**help)),
        None => group,
    }
}

/// Only the lines that matter are handed over: looking through a whole file for each finding takes long.
fn snippet(finding: &Finding, span: Span) -> Snippet<'_, Annotation<'_>> {
    let text = &finding.text;
    let related = finding.related.as_ref().filter(|related| shows_well(text, related.place.span));
    let other = related.map_or(span, |related| related.place.span);
    let start = line_start(text, span.start.min(other.start));
    let end = line_end(text, span.end.max(other.end));
    let inside = |span: Span| span.start - start..span.end - start;
    Snippet::source(&text[start..end])
        .line_start(1 + text[..start].matches('\n').count())
        .path(&*finding.file)
        .annotation(AnnotationKind::Primary.span(inside(span)).label(finding.label.as_deref()))
        .annotations(
            related.map(|related| AnnotationKind::Context.span(inside(related.place.span)).label(&*related.label)),
        )
}

fn shows_well(text: &str, span: Span) -> bool {
    !text.is_empty() && line_end(text, span.end) - line_start(text, span.start) <= MAX_LINE_BYTES
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |end| end + 1)
}

fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |end| at + end)
}
