//! Mails, as tests write them.

use postcase::case::event::Arrived;
use postcase::mail::forward::{Form, Forwarded};
use postcase::mail::message::Field;
use postcase::mail::signature::Signature;
use postcase::mail::{Clue, ClueKind, Kind, Language, Message, Pointer, Reading};

use super::{DESK, id, named};

/// A mail, as a test writes it.
#[derive(Debug, Clone)]
pub struct Mail(pub Arrived);

impl Mail {
    /// From somebody to the desk, with an id of its own.
    pub fn new(message_id: &str, from: &str) -> Mail {
        let mut message = Message::default();
        message.subject = "Printer".to_owned();
        message.from = vec![named(from)];
        message.to = vec![named(DESK)];
        message.message_id = (!message_id.is_empty()).then(|| id(message_id));
        message.text = "It burns.".to_owned();
        let reading = Reading {
            message,
            kind: Kind::Correspondence,
            kind_evidence: Vec::new(),
            may_answer: true,
            author_text: "It burns.".to_owned(),
            report: Vec::new(),
            returned: None,
            forwarded: Vec::new(),
            clues: Vec::new(),
            language: Some(Language("en".to_owned())),
            content_hash: format!("hash of {message_id} from {from}"),
            defects: Vec::new(),
        };
        Mail(Arrived {
            reading,
            mailbox: Some("support".to_owned()),
            silent: false,
            oversize: None,
            signature: Signature::None,
        })
    }

    pub fn with(mut self, change: impl FnOnce(&mut Arrived)) -> Mail {
        change(&mut self.0);
        self
    }

    pub fn kind(self, kind: Kind) -> Mail {
        self.with(|arrived| arrived.reading.kind = kind)
    }

    pub fn subject(self, subject: &str) -> Mail {
        self.with(|arrived| arrived.reading.message.subject = subject.to_owned())
    }

    pub fn to(self, addresses: &[&str]) -> Mail {
        self.with(|arrived| arrived.reading.message.to = addresses.iter().map(|one| named(one)).collect())
    }

    pub fn cc(self, addresses: &[&str]) -> Mail {
        self.with(|arrived| arrived.reading.message.cc = addresses.iter().map(|one| named(one)).collect())
    }

    /// In-Reply-To the last of `ids`, References all of them, with the clues that reading would find.
    pub fn replies_to(self, ids: &[&str]) -> Mail {
        self.with(|arrived| {
            let message = &mut arrived.reading.message;
            message.references = ids.iter().map(|one| id(one)).collect();
            message.in_reply_to = ids.last().map(|one| id(one)).into_iter().collect();
            let clues = ids.iter().rev().map(|one| Clue { kind: ClueKind::ForeignId, pointer: Pointer::Id(id(one)) });
            arrived.reading.clues.extend(clues);
        })
        .sorted()
    }

    /// Of Outlook's thread `name`, with the clue that reading would find.
    pub fn thread(self, name: &str) -> Mail {
        let bytes: Vec<u8> = name.bytes().cycle().zip(0..22).map(|(letter, at)| letter.wrapping_add(at)).collect();
        let mail = self.field("Thread-Index", &data_encoding::BASE64.encode(&bytes));
        let thread = postcase::mail::thread::index(&mail.0.reading.message).expect("a thread");
        mail.clue(ClueKind::ThreadIndex, Pointer::Thread(thread))
    }

    pub fn clue(self, kind: ClueKind, pointer: Pointer) -> Mail {
        self.with(|arrived| arrived.reading.clues.push(Clue { kind, pointer })).sorted()
    }

    pub fn field(self, name: &str, value: &str) -> Mail {
        let field = Field { name: name.to_owned(), value: value.to_owned() };
        self.with(|arrived| arrived.reading.message.fields.push(field))
    }

    /// With a mail by somebody attached.
    pub fn handing_on(self, author: &str, message_id: &str) -> Mail {
        let forwarded = Forwarded {
            form: Form::Inline,
            from: Some(named(author)),
            from_written: author.to_owned(),
            date: None,
            date_written: String::new(),
            subject: "Handed on".to_owned(),
            message_id: Some(id(message_id)),
            text: "Please.".to_owned(),
            attachments: Vec::new(),
        };
        self.with(|arrived| arrived.reading.forwarded.push(forwarded))
    }

    fn sorted(self) -> Mail {
        self.with(|arrived| arrived.reading.clues.sort_by_key(|clue| clue.kind))
    }
}
