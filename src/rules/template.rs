//! Templates: what a letter says, in text and HTML. Written by administrators in `rules/templates/`, built in otherwise.
//!
//! A template is minijinja text. It prints the names of [`NAMES`] and nothing else; printing a name that it does not
//! know, or a fact that may be missing without asking `{% if … %}` first, is found at load ([`check`]), never when
//! a customer waits for an answer. A `.html` file holds what stands between `<body>` and `</body>`.

mod built_in;
pub mod paragraphs;

use std::collections::BTreeMap;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value};

pub use built_in::{built_in, is_own_subject, subject};

use super::{Desk, TemplateSource};
use crate::case::Template;
use crate::case::letter::{Facts, Inside};
use crate::mail::Language;

/// A name that templates may print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    pub name: &'static str,
    /// For administrators.
    pub meaning: &'static str,
    pub presence: Presence,
}

/// Where a name has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    Always,
    /// Always in these letters; perhaps in others.
    In(&'static [Template]),
    /// Ask with `{% if name %}` before printing it.
    Perhaps,
}

/// All that a template may print.
pub const NAMES: [Name; 28] = [
    Name { name: "case_number", meaning: "the number of the case", presence: Presence::Always },
    Name { name: "desk_name", meaning: "the desk's name, from desk.toml", presence: Presence::Always },
    Name { name: "desk_address", meaning: "the address from which this mail is sent", presence: Presence::Always },
    Name { name: "recipient_name", meaning: "the name of the person addressed", presence: Presence::Perhaps },
    Name { name: "staff_name", meaning: "the employee who writes", presence: Presence::Perhaps },
    Name {
        name: "body",
        meaning: "what the employee wrote: the answer, or the resolution; in an alarm what is wrong; paragraphs in HTML",
        presence: Presence::In(&[Template::Answered, Template::Alarm]),
    },
    Name {
        name: "answer_time",
        meaning: "by when an answer comes, from desk.toml, as in: within one working day",
        presence: Presence::Perhaps,
    },
    Name {
        name: "reopen_days",
        meaning: "within how many days a reply opens the case again",
        presence: Presence::Perhaps,
    },
    Name {
        name: "limit",
        meaning: "the size over which a message is not taken in, as in: 25 MB",
        presence: Presence::In(&[Template::TooLarge]),
    },
    Name {
        name: "signature",
        meaning: "the last lines of the desk's mail, from desk.toml; paragraphs in HTML",
        presence: Presence::Perhaps,
    },
    Name {
        name: "reply_goes_to",
        meaning: "to staff: whom a reply goes to, as in: Anna, Cc Bob; missing when it stays internal",
        presence: Presence::Perhaps,
    },
    Name { name: "author", meaning: "to staff: who wrote the post", presence: Presence::Perhaps },
    Name {
        name: "words",
        meaning: "to staff: what was written, or done; paragraphs in HTML",
        presence: Presence::In(&[Template::Notified, Template::CarriedOut]),
    },
    Name {
        name: "enclosed",
        meaning: "to staff: the files that go with the mail, one a line",
        presence: Presence::Perhaps,
    },
    Name {
        name: "too_large",
        meaning: "to staff: the files that were too large to go with it, one a line",
        presence: Presence::Perhaps,
    },
    Name {
        name: "stranger",
        meaning: "to staff: the author, who takes no part in the case",
        presence: Presence::Perhaps,
    },
    Name {
        name: "like",
        meaning: "to staff: the number of a case of the same person about something alike",
        presence: Presence::Perhaps,
    },
    Name { name: "instead_of", meaning: "to staff: the colleague who is away", presence: Presence::Perhaps },
    Name {
        name: "closed_since",
        meaning: "to staff: the day since which the case was closed that a reply has opened again",
        presence: Presence::Perhaps,
    },
    Name { name: "queue", meaning: "to staff: the queue of the case", presence: Presence::Perhaps },
    Name { name: "priority", meaning: "to staff: its priority", presence: Presence::Perhaps },
    Name { name: "assignee", meaning: "to staff: whose case it is", presence: Presence::Perhaps },
    Name { name: "since", meaning: "to staff: the day on which it was opened", presence: Presence::Perhaps },
    Name {
        name: "last_of",
        meaning: "to staff: how many notices an hour has, in the last of them",
        presence: Presence::Perhaps,
    },
    Name { name: "asked_at", meaning: "to staff: when the mail came that is asked about", presence: Presence::Perhaps },
    Name { name: "asked_subject", meaning: "to staff: its subject", presence: Presence::Perhaps },
    Name { name: "crossed_by", meaning: "to staff: the colleague who was faster", presence: Presence::Perhaps },
    Name { name: "crossed_minutes", meaning: "to staff: how many minutes ago", presence: Presence::Perhaps },
];

/// Steps of the interpreter that one rendering may take (L10): a thousand times what a long letter needs.
const FUEL: u64 = 1_000_000;

/// A rendered letter, before wrapping, foot and quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    pub text: String,
    /// None when the template has no HTML of its own.
    pub html: Option<String>,
}

/// Which half of a template is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    Text,
    Html,
}

/// What is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateFault {
    pub half: Half,
    /// 1-based.
    pub line: usize,
    /// One sentence, without the place.
    pub message: String,
    /// The name that was probably meant, or what to write instead.
    pub suggestion: Option<String>,
}

/// Compiles a template and renders it with every fact, and with none but those it can rely on. Which letter it is
/// for is taken from its origin (`acknowledged.en.txt`); of an unknown one nothing beyond [`Presence::Always`] is relied on.
pub fn check(source: &TemplateSource) -> Result<(), TemplateFault> {
    for (half, text) in halves(source) {
        unknown_names(half, text)?;
        for presence in [Samples::All, Samples::Least] {
            render_half(half, text, &samples(half, presence, template_of(&source.origin)))?;
        }
    }
    Ok(())
}

/// Renders both halves. `from` is the address that the letter is written from.
///
/// # Errors
/// The first fault, where [`check`] was passed by or the sample facts did not find it.
pub fn render(
    source: &TemplateSource,
    facts: &Facts,
    desk: &Desk,
    from: &str,
    language: &Language,
) -> Result<Rendered, TemplateFault> {
    let text = render_half(Half::Text, &source.text, &names(Half::Text, facts, desk, from, language))?;
    let html = match &source.html {
        Some(html) => Some(render_half(Half::Html, html, &names(Half::Html, facts, desk, from, language))?),
        None => None,
    };
    Ok(Rendered { text, html })
}

/// The desk's words in a language, or in its own.
fn in_language<'a>(words: &'a BTreeMap<Language, String>, desk: &Desk, language: &Language) -> Option<&'a str> {
    let own = desk.languages.first().and_then(|own| words.get(own));
    words.get(language).or(own).map(String::as_str).filter(|words| !words.trim().is_empty())
}

fn names(half: Half, facts: &Facts, desk: &Desk, from: &str, language: &Language) -> BTreeMap<&'static str, Value> {
    let answer_time = facts.answer_time.as_deref().or_else(|| in_language(&desk.answer_time, desk, language));
    let signature = in_language(&desk.signature, desk, language);
    [
        ("case_number", Value::from(facts.case_number.as_str())),
        ("desk_name", Value::from(desk.name.as_str())),
        ("desk_address", Value::from(from)),
        ("recipient_name", Value::from(facts.recipient_name.as_deref())),
        ("staff_name", Value::from(facts.staff_name.as_deref())),
        ("body", prose(half, facts.body.as_deref())),
        ("answer_time", Value::from(answer_time)),
        ("reopen_days", Value::from(facts.reopen_days)),
        ("limit", Value::from(facts.limit.as_deref())),
        ("signature", prose(half, signature)),
    ]
    .into_iter()
    .chain(inside(half, &facts.inside))
    .collect()
}

fn inside(half: Half, inside: &Inside) -> [(&'static str, Value); 18] {
    let text = |text: &Option<String>| Value::from(text.as_deref());
    [
        ("reply_goes_to", text(&inside.reply_goes_to)),
        ("author", text(&inside.author)),
        ("words", prose(half, inside.words.as_deref())),
        ("enclosed", prose(half, inside.enclosed.as_deref())),
        ("too_large", prose(half, inside.too_large.as_deref())),
        ("stranger", text(&inside.stranger)),
        ("like", text(&inside.like)),
        ("instead_of", text(&inside.instead_of)),
        ("closed_since", text(&inside.closed_since)),
        ("queue", text(&inside.queue)),
        ("priority", text(&inside.priority)),
        ("assignee", text(&inside.assignee)),
        ("since", text(&inside.since)),
        ("last_of", Value::from(inside.last_of)),
        ("asked_at", text(&inside.asked_at)),
        ("asked_subject", text(&inside.asked_subject)),
        ("crossed_by", text(&inside.crossed_by)),
        ("crossed_minutes", Value::from(inside.crossed_minutes)),
    ]
}

/// Text of several lines: as it is in text, paragraphs in HTML.
fn prose(half: Half, text: Option<&str>) -> Value {
    match (half, text.map(str::trim).filter(|text| !text.is_empty())) {
        (_, None) => Value::from(()),
        (Half::Text, Some(text)) => Value::from(text),
        (Half::Html, Some(text)) => Value::from_safe_string(paragraphs::from_text(text)),
    }
}

enum Samples {
    All,
    Least,
}

fn samples(half: Half, samples: Samples, template: Option<Template>) -> BTreeMap<&'static str, Value> {
    NAMES
        .iter()
        .map(|name| {
            let relied_on = match (&samples, name.presence) {
                (Samples::All, _) | (_, Presence::Always) => true,
                (Samples::Least, Presence::Perhaps) => false,
                (Samples::Least, Presence::In(letters)) => template.is_some_and(|it| letters.contains(&it)),
            };
            let value = match (relied_on, name.name) {
                (false, _) => Value::from(()),
                (true, "reopen_days" | "last_of" | "crossed_minutes") => Value::from(30),
                (true, "body" | "signature" | "words" | "enclosed" | "too_large") => {
                    prose(half, Some("First line\nSecond line"))
                }
                (true, other) => Value::from(format!("<{other}>")),
            };
            (name.name, value)
        })
        .collect()
}

fn template_of(origin: &str) -> Option<Template> {
    let file = origin.rsplit(['/', ':']).next().unwrap_or(origin);
    let stem = file.split('.').next().unwrap_or(file);
    Template::ALL.into_iter().find(|template| template.name() == stem)
}

fn halves(source: &TemplateSource) -> impl Iterator<Item = (Half, &str)> {
    let html = source.html.as_deref().map(|html| (Half::Html, html));
    std::iter::once((Half::Text, source.text.as_str())).chain(html)
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true);
    environment.set_syntax(syntax.build().expect("the delimiters are minijinja's own"));
    environment.set_formatter(|out, state, value| {
        if value.is_none() {
            return Err(Error::new(ErrorKind::InvalidOperation, "this fact may be missing"));
        }
        minijinja::escape_formatter(out, state, value)
    });
    environment
}

/// minijinja escapes by the name's ending.
fn file_name(half: Half) -> &'static str {
    match half {
        Half::Text => "letter.txt",
        Half::Html => "letter.html",
    }
}

fn render_half(half: Half, text: &str, names: &BTreeMap<&'static str, Value>) -> Result<String, TemplateFault> {
    environment()
        .template_from_named_str(file_name(half), text)
        .and_then(|template| template.render(names))
        .map_err(|error| fault(half, text, &error))
}

/// Names in branches that no sample takes are found without rendering.
fn unknown_names(half: Half, text: &str) -> Result<(), TemplateFault> {
    let environment = environment();
    let template = environment.template_from_named_str(file_name(half), text).map_err(|e| fault(half, text, &e))?;
    let unknown = template
        .undeclared_variables(false)
        .into_iter()
        .filter(|used| !NAMES.iter().any(|name| name.name == used))
        .filter(|used| !environment.globals().any(|(global, _)| global == used))
        .map(|used| (line_of(text, &used), used))
        .min();
    match unknown {
        None => Ok(()),
        Some((line, used)) => Err(TemplateFault {
            half,
            line,
            message: format!("“{used}” is not a name that a template can print"),
            suggestion: Some(match nearest(&used) {
                Some(name) => format!("write “{name}”"),
                None => format!("use one of {}", NAMES.map(|name| name.name).join(", ")),
            }),
        }),
    }
}

fn nearest(used: &str) -> Option<&'static str> {
    NAMES
        .iter()
        .map(|name| (strsim::jaro_winkler(name.name, used), name.name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// The first line that uses a name within a tag.
fn line_of(text: &str, used: &str) -> usize {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let uses = |line: &str| {
        line.split("{").skip(1).any(|tag| {
            let tag = tag.split('}').next().unwrap_or(tag);
            tag.split(|c| !is_word(c)).any(|word| word == used)
        })
    };
    text.lines().position(uses).map_or(1, |at| at + 1)
}

fn fault(half: Half, text: &str, error: &Error) -> TemplateFault {
    let line = error.line().unwrap_or(1);
    let (message, suggestion) = match error.kind() {
        ErrorKind::OutOfFuel => ("the template does not come to an end".to_owned(), Some("remove the loop".to_owned())),
        ErrorKind::InvalidOperation if error.detail() == Some("this fact may be missing") => {
            let printed = text.lines().nth(line - 1).and_then(printed_perhaps).unwrap_or("name");
            (
                format!("“{printed}” is not known in every letter and would be missing"),
                Some(format!("write {{% if {printed} %}} … {{% endif %}} around it")),
            )
        }
        _ => (error.detail().map_or_else(|| error.kind().to_string(), str::to_owned), None),
    };
    TemplateFault { half, line, message, suggestion }
}

/// The name on this line that may be missing.
fn printed_perhaps(line: &str) -> Option<&'static str> {
    let perhaps = NAMES.iter().filter(|name| name.presence != Presence::Always);
    perhaps.map(|name| name.name).find(|name| line.split("{{").skip(1).any(|tag| tag.contains(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str, html: Option<&str>) -> TemplateSource {
        TemplateSource {
            origin: "acknowledged.en.txt".to_owned(),
            text: text.to_owned(),
            html: html.map(str::to_owned),
        }
    }

    #[test]
    fn built_in_templates_pass_their_own_check() {
        let all = built_in();
        assert_eq!(all.len(), 2 * Template::ALL.len());
        for source in all.values() {
            assert_eq!(check(source), Ok(()), "{}", source.origin);
            assert!(source.html.is_some(), "{}", source.origin);
        }
    }

    #[test]
    fn every_name_stands_in_the_page_for_administrators() {
        let page = include_str!("../../rules/templates/README.md");
        for name in NAMES {
            let always = match name.presence {
                Presence::Always => "always".to_owned(),
                Presence::In(letters) => {
                    format!("in {}", letters.iter().map(|it| it.name()).collect::<Vec<_>>().join(", "))
                }
                Presence::Perhaps => "perhaps".to_owned(),
            };
            let row = format!("| `{}` | {} | {always} |", name.name, name.meaning);
            assert!(page.contains(&row), "{row}");
        }
    }

    #[test]
    fn an_unknown_name_is_found_with_its_line_and_the_right_one() {
        let fault = check(&source("Hello,\n{% if false %}{{ case_numbr }}{% endif %}\n", None)).unwrap_err();
        assert_eq!((fault.half, fault.line), (Half::Text, 2));
        assert!(fault.message.contains("case_numbr"), "{fault:?}");
        assert_eq!(fault.suggestion.as_deref(), Some("write “case_number”"));

        let fault = check(&source("", Some("<p>{{ subject }}</p>"))).unwrap_err();
        assert_eq!((fault.half, fault.line), (Half::Html, 1));
        assert!(fault.suggestion.unwrap().contains("case_number"));
    }

    #[test]
    fn a_fact_that_may_be_missing_must_be_asked_for() {
        let fault = check(&source("a\nb {{ staff_name }}", None)).unwrap_err();
        assert_eq!(fault.line, 2);
        assert!(fault.suggestion.unwrap().contains("{% if staff_name %}"));
        assert_eq!(check(&source("{% if staff_name %}{{ staff_name }}{% endif %}", None)), Ok(()));
        let fault = check(&source("{{ body }}", None)).unwrap_err();
        assert!(fault.message.contains("body"), "an acknowledgement has no body: {fault:?}");
        let answer =
            TemplateSource { origin: "rules/templates/answered.en.txt".to_owned(), ..source("{{ body }}", None) };
        assert_eq!(check(&answer), Ok(()));
    }

    #[test]
    fn broken_and_endless_templates_are_faults() {
        assert_eq!(check(&source("a\n\n{% if %}", None)).unwrap_err().line, 3);
        let endless = "{% for a in range(9999) %}{% for b in range(9999) %}{{ a * b }}{% endfor %}{% endfor %}";
        assert!(check(&source(endless, None)).unwrap_err().message.contains("end"));
    }
}
