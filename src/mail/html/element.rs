//! What an element says of what is in it: hidden, quoted, a signature.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::name::Name;
use super::tokens::Tag;

/// What the markup says of a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Nothing.
    #[default]
    Text,
    /// It introduces a quotation.
    Attribution,
    /// It stands within what a mail program put around a quotation; answers may stand there too.
    Quote,
    /// It stands below the place where a mail program appended what is answered.
    Appended,
    Signature,
}

/// How an element shows what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// As what is around it.
    Inherited,
    Hidden,
    /// Letters without height, until an element within gives them one.
    Tiny,
    /// Letters with height.
    Sized,
}

/// Whether letters stand out from what is behind them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contrast {
    /// As around it.
    Inherited,
    /// They have its colour, or none.
    Lost,
    /// The element gives a colour to them, or to what is behind them.
    Given,
}

/// The style of an element, lower case, without spaces; empty where it has none.
pub struct Style(String);

impl Style {
    pub fn of(tag: &Tag) -> Style {
        let Some(written) = tag.attribute(Name::STYLE) else { return Style(String::new()) };
        let mut style = written.to_ascii_lowercase();
        style.retain(|c| !c.is_whitespace());
        Style(style)
    }
}

/// Preheaders and other text that only machines see.
pub fn visibility(tag: &Tag, Style(style): &Style) -> (Visibility, Contrast) {
    const HIDDEN: (Visibility, Contrast) = (Visibility::Hidden, Contrast::Inherited);
    if tag.attribute(Name::HIDDEN).is_some() {
        return HIDDEN;
    }
    let mut size = Visibility::Inherited;
    let (mut flat, mut clipped) = (false, false);
    let attribute = |name| tag.attribute(name).unwrap_or_default();
    let (mut ink, mut paper) = (attribute(Name::COLOR), attribute(Name::BGCOLOR));
    for declaration in style.split(';') {
        let Some((property, value)) = declaration.split_once(':') else { continue };
        let value = value.strip_suffix("!important").unwrap_or(value);
        match property {
            "display" if value == "none" => return HIDDEN,
            "visibility" if value == "hidden" => return HIDDEN,
            "opacity" if is_zero(value) => return HIDDEN,
            "max-height" | "height" if is_zero(value) => flat = true,
            "overflow" if value == "hidden" => clipped = true,
            "text-indent" | "left" | "top" if is_far(value) => return HIDDEN,
            "color" => ink = value,
            "background" | "background-color" => paper = value,
            "font-size" if is_zero(value) => size = Visibility::Tiny,
            "font-size" | "font" => size = Visibility::Sized,
            _ => {}
        }
    }
    let hidden = flat && (clipped || size == Visibility::Tiny);
    (if hidden { Visibility::Hidden } else { size }, contrast(ink, paper))
}

fn contrast(ink: &str, paper: &str) -> Contrast {
    match (colour(ink), colour(paper)) {
        _ if ink == "transparent" => Contrast::Lost,
        (Some(ink), Some(paper)) if ink == paper => Contrast::Lost,
        (None, None) => Contrast::Inherited,
        (Some(_), _) | (_, Some(_)) => Contrast::Given,
    }
}

/// `#FFF`, `#ffffff` and `white` are one; None for what is no colour of its own.
fn colour(written: &str) -> Option<String> {
    const NONE: &[&str] =
        &["", "inherit", "initial", "unset", "revert", "revert-layer", "transparent", "currentcolor", "none"];
    let written = written.trim().to_ascii_lowercase();
    if NONE.contains(&written.as_str()) {
        return None;
    }
    Some(match written.strip_prefix('#') {
        Some(short) if short.len() == 3 => short.chars().flat_map(|digit| [digit, digit]).collect(),
        Some(digits) => digits.to_owned(),
        None if written == "white" => "ffffff".to_owned(),
        None if written == "black" => "000000".to_owned(),
        None => written,
    })
}

/// `-9999px`: off every page.
fn is_far(value: &str) -> bool {
    let digits = value.strip_prefix('-').and_then(|value| value.strip_suffix("px"));
    digits.is_some_and(|digits| digits.len() >= 4 && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// `0`, `0px`, `0.0em`.
fn is_zero(value: &str) -> bool {
    let number = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
    !number.is_empty() && number.contains('0') && number.chars().all(|c| matches!(c, '0' | '.'))
}

/// A cell with a line around it is one of a table that is meant as one.
pub fn is_framed(Style(style): &Style) -> bool {
    let border = style.split(';').filter_map(|declaration| declaration.strip_prefix("border:"));
    border.into_iter().any(|value| value.contains("solid") && !value.starts_with('0') && !value.contains("none"))
}

/// What a `blockquote` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block {
    Quotation,
    /// Gmail moves paragraphs in with it.
    Indentation,
}

/// `around` is what the element stands in.
pub fn block(tag: &Tag, Style(style): &Style, around: Mark) -> Block {
    // Where text runs from right to left the bar stands on the right.
    let bar = |side: &str| {
        let values = style.split(';').filter_map(|declaration| declaration.trim().strip_prefix(side));
        let drawn = |value: &str| {
            let width = value.trim_start_matches("-width").trim_start_matches(':').trim_start();
            !width.starts_with('0') && !value.contains("none") && !value.starts_with("-color")
        };
        values.into_iter().any(drawn)
    };
    let barred = bar("border-left") || bar("border-right");
    let cited = tag.attribute(Name::TYPE).is_some_and(|kind| kind.eq_ignore_ascii_case("cite"));
    let class = tag.attribute(Name::CLASS).unwrap_or_default();
    let loose = class == "gmail_quote" && around != Mark::Quote;
    let indented = loose || style.contains("border:none") && style.contains("margin:0");
    if !cited && !barred && indented { Block::Indentation } else { Block::Quotation }
}

/// Attributes by which mail programs name elements.
const NAMING: &[Name] = &[Name::CLASS, Name::ID, Name::NAME, Name::FAIREMAIL, Name::DATA_MARKER, Name::DATA_SMARTMAIL];

/// What a mail program says of an element by its class, its id or its name.
pub fn mark(tag: &Tag, style: &Style) -> Mark {
    let mut found = Mark::Text;
    for value in tag.attributes(NAMING) {
        for word in value.split_whitespace() {
            // Outlook and Yahoo put their own mark before those of others.
            found = found.max(named(without(without(word, "x_"), "m_")));
        }
    }
    if found == Mark::Text { styled(tag, style) } else { found }
}

fn named(word: &str) -> Mark {
    let lower = word.to_ascii_lowercase();
    let ends = |ends: &[&str]| ends.iter().any(|end| lower.ends_with(end));
    match NAMES.get(lower.as_str()) {
        Some(mark) => *mark,
        None if ends(SIGNATURE_ENDS) => Mark::Signature,
        None if ends(QUOTE_ENDS) => Mark::Quote,
        None => Mark::Text,
    }
}

fn without<'a>(word: &'a str, lead: &str) -> &'a str {
    let mut word = word;
    while let Some(rest) = word.strip_prefix(lead) {
        word = rest;
    }
    word
}

/// The tables below, together.
static NAMES: LazyLock<HashMap<&'static str, Mark>> = LazyLock::new(|| {
    let tables = [
        (ATTRIBUTIONS, Mark::Attribution),
        (QUOTES, Mark::Quote),
        (APPENDED, Mark::Appended),
        (SIGNATURES, Mark::Signature),
    ];
    tables.iter().flat_map(|(names, mark)| names.iter().map(|name| (*name, *mark))).collect()
});

/// What Outlook and the web mailers of GMX and WEB.DE say by style alone.
fn styled(tag: &Tag, Style(style): &Style) -> Mark {
    if style.is_empty() || !matches!(tag.element, Name::DIV | Name::TD) {
        return Mark::Text;
    }
    let topped = ["border-top:solid#b5c4df1.0pt", "border-top:solid#e1e1e11.0pt"];
    if topped.iter().any(|border| style.contains(border)) && style.contains("padding:3.0pt") {
        return Mark::Appended;
    }
    Mark::Text
}

/// Elements around quotations, lower case.
const QUOTES: &[&str] = &[
    "gmail_quote",
    "gmail_quote_container",
    "yahoo_quoted",
    "protonmail_quote",
    "tutanota_quote",
    "zmail_extra",
    "olk_src_body_section",
    "mail_android_quote",
    "front-blockquote",
    "missive_quote",
    "sh-quoted-content",
    "hs_reply",
    "nylas-quote",
    "isreplycontent",
    "messagereplysection",
    "mail-editor-reference-message-container",
    "ms-outlook-mobile-reference-message",
    "mail-app-auto-quote",
    "replyquote",
    "reply-quote",
    "quoted-text",
    "k9mail_quote",
    "wrappedquote",
    "moz-email-headers-table-quote",
    "apple-original-contents",
    "spike-quote",
    "edison-quote",
];
/// Ends of such names, where programs make up what stands before.
const QUOTE_ENDS: &[&str] = &["yahoo_quoted", "gmail_quote", "-quoted-content"];

/// Elements that introduce quotations.
const ATTRIBUTIONS: &[&str] =
    &["gmail_attr", "moz-cite-prefix", "airmail_on", "reply-intro", "replyheader", "quoteheader", "ocpreplyheader"];

/// Elements below which all is what is answered.
const APPENDED: &[&str] = &[
    "divrplyfwdmsg",
    "appendonsend",
    "outlookmessageheader",
    "zwchr",
    "__divider__",
    "stopspelling",
    "original-message-header",
    "ms-outlook-mobile-quoted-header",
];

const SIGNATURES: &[&str] = &[
    "gmail_signature",
    "protonmail_signature_block",
    "moz-signature",
    "ms-outlook-mobile-signature",
    "signature",
    "signature_old",
    "_rc_sig",
    "k9mail-signature",
    "blue-signature",
    "ntes-pcmac-signature",
    "mail_signature_hw",
    "signature-container",
    "sh-signature",
    "pm-signature",
    "ymail_android_signature",
    "applemailsignature",
    "bloop_sign",
    "messagesignaturesection",
    "zmail_signature",
    "x-zm-signature",
    "__sig_pre__",
    "__sig_post__",
    "tutanota_signature",
    "mail_android_signature",
    "mobile-signature",
    "email-signature",
    "composer_signature",
    "ntes-signature",
    "spikesignature",
    "fm-signature",
    "zm-_id_-sgn",
];
const SIGNATURE_ENDS: &[&str] = &["yahoo-signature", "yahoo_signature", "ms-outlook-mobile-signature"];
