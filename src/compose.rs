//! Letters become bytes: templates are rendered, references sealed, RFC 5322 written. Pure; composing a letter twice
//! gives the same bytes. This stage alone knows keys.

pub mod body;
mod head;

use jiff::Timestamp;
use lettre::message::header::{ContentTransferEncoding, ContentType};
use lettre::message::{Attachment, Body, MultiPart, SinglePart};

use crate::case::letter::Composed;
use crate::case::letter::Hand;
use crate::case::{Audience, Letter};
use crate::mail::message::holds_field;
use crate::mail::reference::{self, LOOP_HEADER};
use crate::mail::{Address, Defect, Keyring, Language};
use crate::rules::template::{self, Rendered};
use crate::rules::{Policy, ReversePath, TemplateSource};

/// A post that is quoted beneath a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quoted {
    /// As shown to the recipients.
    pub author: String,
    pub at: Timestamp,
    /// Who has read it: only letters to staff quote notes.
    pub audience: Audience,
    /// Plain text.
    pub text: String,
}

/// A file that goes with a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub name: String,
    /// `type/subtype`.
    pub media_type: String,
    pub bytes: Vec<u8>,
}

/// Composes a letter. `keyring` holds at least one key; `quotes` are the posts that the letter names, newest first,
/// and `files` the parts that it encloses.
pub fn compose(letter: &Letter, policy: &Policy, keyring: &Keyring, quotes: &[Quoted], files: &[File]) -> Composed {
    let sealed = keyring.seal(letter.id);
    let from = letter.from.address.on_the_wire();
    let (_, domain) = from.rsplit_once('@').expect("an address has an @");
    let message_id = reference::own_message_id(&sealed, domain);

    let mut defects = Vec::new();
    let (rendered, language) = say(letter, policy, &from, &mut defects);
    let reply_to = reply_to(letter, policy, &sealed, &mut defects);
    let texts = body::assemble(letter, rendered, &language, &sealed, quotes);
    let naming = head::Naming { message_id: &message_id, sealed: &sealed, reply_to: reply_to.as_ref() };
    let headers = head::write(letter, policy, &naming, &language, &mut defects);

    // lettre makes up a random boundary where none is given. A seal cannot be guessed, so no text contains it, and
    // `=_` is in no quoted-printable line (RFC 2045 §6.7).
    let texts = MultiPart::alternative()
        .boundary(format!("=_pc.{sealed}"))
        .singlepart(SinglePart::plain(texts.text))
        .singlepart(SinglePart::html(texts.html));
    let (files, withheld): (Vec<&File>, Vec<&File>) =
        files.iter().partition(|file| letter.person.is_some() || !is_our_mail(file));
    defects.extend(withheld.into_iter().map(|_| {
        Defect {
            name: "own-mail-withheld".to_owned(),
            note: "an enclosed message is a mail of ours: what it names is for those it went to, and it was left out"
                .to_owned(),
        }
    }));
    let mut mail = match files.as_slice() {
        [] => texts,
        files => {
            let mixed = MultiPart::mixed().boundary(format!("=_pm.{sealed}")).multipart(texts);
            files.iter().fold(mixed, |mixed, file| mixed.singlepart(enclosed(file)))
        }
    };
    let content_type = mail.headers().get::<ContentType>().expect("a multipart has a content type");
    *mail.headers_mut() = headers;
    mail.headers_mut().set(content_type);

    Composed {
        message_id,
        reverse_path: reverse_path(letter, policy, reply_to),
        recipients: recipients(letter),
        bytes: mail.formatted(),
        defects,
    }
}

/// Whether a file is a mail of ours, or holds one: a notice that staff dragged into their answer.
fn is_our_mail(file: &File) -> bool {
    holds_field(&file.bytes, &file.media_type, &file.name, LOOP_HEADER)
}

/// The bytes as they are, whatever they are.
fn enclosed(file: &File) -> SinglePart {
    // RFC 2046 §5.2.1: a message must not be encoded, and its bytes may not go as they are.
    let plain = ["message/", "multipart/"].iter().any(|kind| file.media_type.starts_with(kind));
    let media_type = if plain { None } else { ContentType::parse(&file.media_type).ok() };
    let media_type = media_type.unwrap_or_else(|| {
        ContentType::parse("application/octet-stream").expect("a media type that every program knows")
    });
    let body = Body::new_with_encoding(file.bytes.clone(), ContentTransferEncoding::Base64)
        .expect("every sequence of bytes has a base 64");
    Attachment::new(file.name.clone()).body(body, media_type)
}

/// The address that carries the reference, where the desk asks for replies to it.
fn reply_to(letter: &Letter, policy: &Policy, sealed: &str, defects: &mut Vec<Defect>) -> Option<Address> {
    if !policy.desk.reference.plus_addressing {
        return None;
    }
    let address = reference::reply_address(&letter.from.address, sealed);
    if address.is_none() {
        let note = "the address in From is too long for a reference: replies go to it as it is".to_owned();
        defects.push(Defect { name: "no-reply-address".to_owned(), note });
    }
    address
}

/// RFC 3834 §3.3 asks for the null reverse-path on automatic answers; some providers forbid it (B26). What comes back
/// finds its case by `reply_to` as well (B15).
fn reverse_path(letter: &Letter, policy: &Policy, reply_to: Option<Address>) -> Option<Address> {
    match (letter.hand, policy.desk.acknowledgement.reverse_path) {
        (Hand::Machine, ReversePath::Null) => None,
        (Hand::Machine, ReversePath::Desk) | (Hand::Person, _) => Some(reply_to.unwrap_or(letter.from.address.clone())),
    }
}

fn recipients(letter: &Letter) -> Vec<Address> {
    let mut recipients = Vec::new();
    for named in letter.to.iter().chain(&letter.cc) {
        if !recipients.contains(&named.address) {
            recipients.push(named.address.clone());
        }
    }
    recipients
}

/// Renders the administrator's template, or what is built in; and says in which language.
fn say(letter: &Letter, policy: &Policy, from: &str, defects: &mut Vec<Defect>) -> (Rendered, Language) {
    let own = policy.desk.languages.first();
    let wanted = std::iter::once(&letter.language).chain(own);
    let theirs = wanted.clone().find_map(|language| Some((language, source(policy, letter, language)?)));
    if let Some((language, source)) = theirs {
        match template::render(source, &letter.facts, &policy.desk, from, language) {
            Ok(rendered) => return (rendered, language.clone()),
            Err(fault) => defects.push(Defect {
                name: "template-failed".to_owned(),
                note: format!("{}, line {}: {}; the built-in text was used", source.origin, fault.line, fault.message),
            }),
        }
    }
    let built_in = template::built_in();
    let english = Language("en".to_owned());
    let (language, source) = wanted
        .chain(std::iter::once(&english))
        .find_map(|language| Some((language, built_in.get(&(letter.template, language.clone()))?)))
        .expect("every template is built in, in English");
    let rendered = template::render(source, &letter.facts, &policy.desk, from, language)
        .unwrap_or_else(|_| Rendered { text: letter.facts.body.clone().unwrap_or_default(), html: None });
    (rendered, language.clone())
}

fn source<'a>(policy: &'a Policy, letter: &Letter, language: &Language) -> Option<&'a TemplateSource> {
    policy.templates.get(&(letter.template, language.clone()))
}
