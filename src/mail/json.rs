//! A reading as data: one object for scripts, with names that stay.

use serde::Serialize;

use super::forward::{Form, Forwarded};
use super::{Action, Clue, ClueKind, Kind, Message, Named, Pointer, Reading};

/// One line of `explain --format json`. The reading's half is filled in by [`View::of`]; who speaks and what was
/// decided by whoever knows it.
#[derive(Debug, Clone, Serialize)]
pub struct View {
    /// As the caller names the message: a path, `-`, or a journal entry.
    pub file: String,
    pub subject: String,
    pub from: Option<Person>,
    pub to: Vec<Person>,
    pub cc: Vec<Person>,
    /// RFC 3339.
    pub date: Option<String>,
    pub message_id: Option<String>,
    pub in_reply_to: Vec<String>,
    pub references: Vec<String>,
    pub kind: Kind,
    pub kind_evidence: Vec<String>,
    pub report: Vec<Recipient>,
    /// Messages that it hands on, those within the text first.
    pub forwarded: Vec<HandedOn>,
    pub text: String,
    pub author_text: String,
    pub html: bool,
    pub attachments: Vec<File>,
    pub language: Option<String>,
    pub defects: Vec<String>,
    pub clues: Vec<Pointing>,
    pub speaker: Speaker,
    pub decision: Decided,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Person {
    pub name: Option<String>,
    pub address: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recipient {
    pub recipient: Option<String>,
    pub action: Action,
    pub status: Option<String>,
    pub original_message_id: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HandedOn {
    /// `inline` or `attached`.
    pub form: &'static str,
    pub from: Option<Person>,
    /// RFC 3339.
    pub date: Option<String>,
    pub subject: String,
    pub message_id: Option<String>,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct File {
    pub name: String,
    pub media_type: String,
    pub size: u64,
    pub sha256: String,
    pub inline: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pointing {
    pub kind: ClueKind,
    /// The number of the sent mail, the Message-ID, the beginning of the Thread-Index in hex, or the case number.
    pub value: String,
    /// The case that it points at; None when it is not known.
    pub case: Option<u64>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Speaker {
    pub role: Option<String>,
    pub proof: Option<String>,
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct Decided {
    pub effects: Vec<serde_json::Value>,
    pub letters: Vec<serde_json::Value>,
    pub trace: Vec<String>,
}

impl View {
    /// The reading's half; the clues' cases, `speaker` and `decision` are empty.
    pub fn of(file: &str, reading: &Reading) -> View {
        let message = &reading.message;
        let ids = |ids: &[super::MessageId]| ids.iter().map(|id| id.0.clone()).collect();
        View {
            file: file.to_owned(),
            subject: message.subject.clone(),
            from: Person::written(&message.from[..message.from.len().min(1)], message, "From")
                .pop()
                .or_else(|| local(message)),
            to: Person::written(&message.to, message, "To"),
            cc: Person::written(&message.cc, message, "Cc"),
            date: message.date.map(|date| date.to_string()),
            message_id: message.message_id.as_ref().map(|id| id.0.clone()),
            in_reply_to: ids(&message.in_reply_to),
            references: ids(&message.references),
            kind: reading.kind,
            kind_evidence: reading.kind_evidence.clone(),
            report: reading.report.iter().map(Recipient::of).collect(),
            forwarded: reading.forwarded.iter().map(HandedOn::of).collect(),
            text: message.text.clone(),
            author_text: reading.author_text.clone(),
            html: message.html.is_some(),
            attachments: message.attachments.iter().map(File::of).collect(),
            language: reading.language.as_ref().map(|language| language.0.clone()),
            defects: reading.defects.iter().map(|defect| defect.name.clone()).collect(),
            clues: reading.clues.iter().map(Pointing::of).collect(),
            speaker: Speaker::default(),
            decision: Decided::default(),
        }
    }
}

/// Who wrote a mail that never left its machine: a name without a domain (RFC 5321 §2.3.11), which nobody can answer.
fn local(message: &Message) -> Option<Person> {
    let written = message.field("From").next()?.trim_matches(['<', '>', ' ']);
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
    (!written.is_empty() && written.chars().all(plain)).then(|| Person { name: None, address: written.to_owned() })
}

impl Person {
    /// With each address in the letters in which the field has it.
    fn written(people: &[Named], message: &Message, field: &str) -> Vec<Person> {
        let fields: Vec<(&str, String)> =
            message.field(field).map(|value| (value, value.to_ascii_lowercase())).collect();
        let found = |address: &str| {
            let place = |(value, lower): &(&str, String)| {
                let at = lower.find(address)?;
                value.get(at..at + address.len()).map(str::to_owned)
            };
            fields.iter().find_map(place)
        };
        let person = |named: &Named| {
            let person = Person::of(named);
            Person { address: found(&person.address).unwrap_or(person.address), ..person }
        };
        people.iter().map(person).collect()
    }

    fn of(named: &Named) -> Person {
        Person { name: named.name.clone(), address: named.address.as_str().to_owned() }
    }
}

impl Recipient {
    fn of(reported: &super::ReportedRecipient) -> Recipient {
        Recipient {
            recipient: reported.recipient.clone(),
            action: reported.action,
            status: reported.status.clone(),
            original_message_id: reported.original_message_id.as_ref().map(|id| id.0.clone()),
        }
    }
}

impl HandedOn {
    fn of(forwarded: &Forwarded) -> HandedOn {
        HandedOn {
            form: match forwarded.form {
                Form::Inline => "inline",
                Form::Attached(_) => "attached",
            },
            from: forwarded.from.as_ref().map(Person::of),
            date: forwarded.date.map(|date| date.to_string()),
            subject: forwarded.subject.clone(),
            message_id: forwarded.message_id.as_ref().map(|id| id.0.clone()),
            text: forwarded.text.clone(),
        }
    }
}

impl File {
    fn of(attachment: &super::Attachment) -> File {
        File {
            name: attachment.name.clone(),
            media_type: attachment.media_type.clone(),
            size: attachment.size,
            sha256: attachment.sha256.clone(),
            inline: attachment.inline,
        }
    }
}

impl Pointing {
    fn of(clue: &Clue) -> Pointing {
        let value = match &clue.pointer {
            Pointer::Sent(sent) => sent.0.to_string(),
            Pointer::Id(id) => id.0.clone(),
            Pointer::Thread(thread) => thread.0.clone(),
            Pointer::Number(number) => number.to_string(),
        };
        Pointing { kind: clue.kind, value, case: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::{Circumstances, read};

    #[test]
    fn names_and_their_order_are_stable() {
        let reading = read(b"From: a@x.org\nIn-Reply-To: <b@x.org>\n\nHi", &Circumstances::default());
        let line = serde_json::to_string(&View::of("a.eml", &reading)).unwrap();
        let names = [
            "file",
            "subject",
            "from",
            "to",
            "cc",
            "date",
            "message_id",
            "in_reply_to",
            "references",
            "kind",
            "kind_evidence",
            "report",
            "forwarded",
            "text",
            "author_text",
            "html",
            "attachments",
            "language",
            "defects",
            "clues",
            "speaker",
            "decision",
        ];
        let places: Vec<usize> = names.iter().map(|name| line.find(&format!("\"{name}\":")).expect(name)).collect();
        assert!(places.is_sorted());
        assert!(line.contains(r#""from":{"name":null,"address":"a@x.org"}"#));
        assert!(line.contains(r#""clues":[{"kind":"foreign-id","value":"b@x.org","case":null}]"#));
        assert!(
            line.contains(r#""speaker":{"role":null,"proof":null},"decision":{"effects":[],"letters":[],"trace":[]}"#)
        );
    }
}
