//! The templates that Postcase brings along: what is said where administrators wrote nothing of their own.

use std::collections::BTreeMap;

use super::super::TemplateSource;
use crate::case::Template;
use crate::mail::Language;

macro_rules! source {
    ($file:literal) => {
        TemplateSource {
            origin: concat!("built-in:", $file, ".txt").to_owned(),
            text: include_str!(concat!("../../../rules/templates/", $file, ".txt")).to_owned(),
            html: Some(include_str!(concat!("../../../rules/templates/", $file, ".html")).to_owned()),
        }
    };
}

/// Every template in English and German.
pub fn built_in() -> BTreeMap<(Template, Language), TemplateSource> {
    [
        (Template::Acknowledged, "en", source!("acknowledged.en")),
        (Template::Acknowledged, "de", source!("acknowledged.de")),
        (Template::Reopened, "en", source!("reopened.en")),
        (Template::Reopened, "de", source!("reopened.de")),
        (Template::Answered, "en", source!("answered.en")),
        (Template::Answered, "de", source!("answered.de")),
        (Template::Closed, "en", source!("closed.en")),
        (Template::Closed, "de", source!("closed.de")),
        (Template::TooLarge, "en", source!("too-large.en")),
        (Template::TooLarge, "de", source!("too-large.de")),
        (Template::Notified, "en", source!("notified.en")),
        (Template::Notified, "de", source!("notified.de")),
        (Template::Asked, "en", source!("asked.en")),
        (Template::Asked, "de", source!("asked.de")),
        (Template::CarriedOut, "en", source!("carried-out.en")),
        (Template::CarriedOut, "de", source!("carried-out.de")),
        (Template::Alarm, "en", source!("alarm.en")),
        (Template::Alarm, "de", source!("alarm.de")),
    ]
    .into_iter()
    .map(|(template, language, source)| ((template, Language(language.to_owned())), source))
    .collect()
}

/// Whether `text` is one of [`subject`]'s.
pub fn is_own_subject(text: &str) -> bool {
    let languages = ["en", "de"].map(|code| Language(code.to_owned()));
    let mut all = Template::ALL.iter().flat_map(|template| languages.iter().filter_map(|it| subject(*template, it)));
    all.any(|own| own == text)
}

/// What a letter that nobody wrote is about, in the desk's own words; None in a language that has none built in.
pub fn subject(template: Template, language: &Language) -> Option<&'static str> {
    let [en, de] = match template {
        Template::Acknowledged => ["We have received your message", "Wir haben Ihre Nachricht erhalten"],
        Template::Reopened => ["Your request is open again", "Ihre Anfrage ist wieder offen"],
        Template::Answered => ["Our answer to your request", "Unsere Antwort auf Ihre Anfrage"],
        Template::Closed => ["Your request is closed", "Ihre Anfrage ist geschlossen"],
        Template::TooLarge => ["Your message is too large", "Ihre Nachricht ist zu groß"],
        Template::Notified => ["A message for you", "Eine Nachricht für Sie"],
        Template::Asked => ["Please confirm your message", "Bitte bestätigen Sie Ihre Nachricht"],
        Template::Alarm => ["Postcase needs attention", "Postcase braucht Aufmerksamkeit"],
        Template::CarriedOut => ["What was done", "Was getan wurde"],
    };
    match language.0.as_str() {
        "en" => Some(en),
        "de" => Some(de),
        _ => None,
    }
}
