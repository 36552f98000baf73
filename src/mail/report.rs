//! Delivery reports: RFC 3464, and bounces that came before it (B15).

mod later;
mod prose;
mod status;
mod subjects;
mod system;
mod words;

use serde::{Deserialize, Serialize};

use super::Bounds;
use super::defect::Flaws;
use super::message::{self, Message, MessageId};

pub use prose::{names_recipient, quotes_server, shows_failure};
#[cfg(test)]
pub use subjects::SUBJECTS;
pub use system::{
    MASTERS, Sender, bare, greets, plain, sender, speaks_as_mail_system, subject_tells_of_failure,
    text_tells_of_failure,
};

/// RFC 3464 §2.3.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    Failed,
    Delayed,
    Delivered,
    Relayed,
    Expanded,
}

/// What a delivery report says of one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedRecipient {
    /// The final recipient's address as reported, lower case; None when the report names none.
    pub recipient: Option<String>,
    pub action: Action,
    /// Enhanced status code (RFC 3463), for example `5.1.1`; derived from an SMTP reply code when absent.
    pub status: Option<String>,
    /// The Message-ID of the returned message.
    pub original_message_id: Option<MessageId>,
}

/// Recipients that one report may name.
const RECIPIENTS: usize = 100;

/// What a delivery report says: by its machine-readable part (RFC 3464), else by `X-Failed-Recipients` (Exim), else
/// by its text. Only for messages that are delivery reports: anything else may quote one. Never empty.
pub fn read(raw: &[u8], message: &Message, bounds: &Bounds) -> Vec<ReportedRecipient> {
    let inner = relayed(raw, message, bounds);
    if let Some((inner, raw)) = &inner {
        return of_one(raw, inner, bounds);
    }
    of_one(raw, message, bounds)
}

fn of_one(raw: &[u8], message: &Message, bounds: &Bounds) -> Vec<ReportedRecipient> {
    let mut reported: Vec<ReportedRecipient> = Vec::new();
    let readable = message.files(raw, is_machine_readable);
    let groups = readable.flat_map(|bytes| machine_readable(&charset_free(&bytes), &message.text));
    // Of all parts together, repeats and all: each may need the words of the whole text.
    add_new(&mut reported, groups.take(RECIPIENTS));
    if reported.is_empty() && message.text.to_ascii_lowercase().contains("final-recipient:") {
        add_new(&mut reported, machine_readable(&message.text, ""));
    }
    if reported.is_empty() {
        reported = prose::failed_recipients(message);
    }
    reported.truncate(RECIPIENTS);
    name_the_unnamed(raw, message, bounds, &mut reported);
    let original = returned_id(raw, message, bounds);
    for recipient in &mut reported {
        recipient.original_message_id.clone_from(&original);
    }
    reported
}

/// A gateway may hand a report on as an attachment to a mail that says nothing itself.
fn relayed(raw: &[u8], message: &Message, bounds: &Bounds) -> Option<(Message, Vec<u8>)> {
    if message.attachments.iter().any(|a| is_machine_readable(&a.media_type)) {
        return None;
    }
    let enclosed = message.attachments.iter().find(|a| a.media_type == "message/rfc822")?;
    let bytes = message::attachment_bytes(raw, enclosed);
    let inner = message::read(&bytes, bounds, &mut Flaws::default());
    let report = inner.attachments.iter().any(|a| is_machine_readable(&a.media_type));
    (report && sender(&inner) != Sender::Unknown).then_some((inner, bytes))
}

/// The parts of reports are ASCII or UTF-8 (RFC 3464 §2.1, RFC 6533 §3).
fn charset_free(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn add_new(reported: &mut Vec<ReportedRecipient>, found: impl IntoIterator<Item = ReportedRecipient>) {
    for recipient in found {
        if !reported.iter().any(|known| known.recipient == recipient.recipient && known.action == recipient.action) {
            reported.push(recipient);
        }
    }
}

/// Where the report names nobody and what came back went to one person, it is that person's.
fn name_the_unnamed(raw: &[u8], message: &Message, bounds: &Bounds, reported: &mut [ReportedRecipient]) {
    let [only] = reported else { return };
    if only.recipient.is_some() {
        return;
    }
    let returned = returned_header(raw, message, bounds);
    let recipients = returned.as_ref().map(|header| header.to.iter().chain(&header.cc).collect::<Vec<_>>());
    if let Some([one]) = recipients.as_deref() {
        only.recipient = Some(one.address.as_str().to_owned());
    }
}

pub fn is_delivery_status(media_type: &str) -> bool {
    matches!(media_type, "message/delivery-status" | "message/global-delivery-status")
}

/// RFC 5429 §2.1.2 has Sieve refuse by a disposition notification, which has the same fields.
fn is_machine_readable(media_type: &str) -> bool {
    is_delivery_status(media_type) || media_type == "message/disposition-notification"
}

/// The Message-ID of the message that came back: from the part that encloses it, else from its copy in the text,
/// else from the report's own fields.
pub fn returned_id(raw: &[u8], message: &Message, bounds: &Bounds) -> Option<MessageId> {
    let enclosed = returned_header(raw, message, bounds).and_then(|header| header.message_id);
    let noted = || {
        let mut parts = message.files(raw, is_machine_readable);
        parts.find_map(|bytes| noted_id(&charset_free(&bytes)))
    };
    let answered = || {
        let field = ["X-Original-Message-ID", "X-Failed-Message-ID"].iter().find_map(|name| message.field(name).next());
        let named = field.and_then(|value| message::message_ids(value).into_iter().next());
        named.or_else(|| message.in_reply_to.first().cloned()).or_else(|| message.references.last().cloned())
    };
    enclosed.or_else(|| copied_id(&message.text)).or_else(noted).or_else(answered)
}

/// The header of what came back, as enclosed: plain, or encoded for transport.
fn returned_header(raw: &[u8], message: &Message, bounds: &Bounds) -> Option<Message> {
    let header = |bytes: &[u8]| message::read_header(bytes, bounds, &mut Flaws::default());
    let mut plain = message.enclosed.iter().map(|piece| header(message::enclosed_bytes(raw, *piece)));
    let is_copy = |media_type: &str| {
        matches!(
            media_type,
            "message/rfc822" | "text/rfc822-headers" | "message/global" | "message/global-headers" | "text/rfc822"
        )
    };
    let mut encoded = message.files(raw, is_copy).map(|bytes| header(&bytes));
    let useful = |header: &Message| header.message_id.is_some() || !header.to.is_empty();
    plain.find(useful).or_else(|| encoded.find(useful))
}

/// `Original-Message-ID` (RFC 8098 §3.2.5) and the forms of RFC 3464 gateways.
fn noted_id(text: &str) -> Option<MessageId> {
    let names = ["original-message-id", "x-original-message-id", "x-message-id", "original-envelope-id"];
    let unfolded = text.replace("\r\n", "\n").replace("\n ", " ").replace("\n\t", " ");
    names.iter().find_map(|wanted| {
        let value = unfolded.lines().find_map(|line| {
            line.split_once(':').filter(|(name, _)| name.trim().eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
        })?;
        message::message_ids(value).into_iter().next()
    })
}

/// `Message-ID:` of a header that was copied into the text.
fn copied_id(text: &str) -> Option<MessageId> {
    let mut lines = text.lines().map(|line| line.trim_start_matches(['>', ' ', '\t']));
    while let Some(line) = lines.next() {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("message-id")
        {
            let next = if value.contains('<') { "" } else { lines.next().unwrap_or_default() };
            return message::message_ids(&format!("{value} {next}")).into_iter().next();
        }
    }
    None
}

/// The groups of fields of RFC 3464 §2.1; each group that names a recipient is one. `explanation` is the report's
/// text for people, which may say what the fields leave out.
fn machine_readable(text: &str, explanation: &str) -> Vec<ReportedRecipient> {
    let text = text.replace("\r\n", "\n");
    let groups = text.split("\n\n").filter(|group| !group.trim().is_empty());
    groups.filter_map(|text| group(text, explanation)).take(RECIPIENTS).collect()
}

fn group(text: &str, explanation: &str) -> Option<ReportedRecipient> {
    let unfolded = text.replace("\n ", " ").replace("\n\t", " ");
    let field = |name: &str| {
        let of = |line: &str| {
            line.split_once(':').filter(|(n, _)| n.trim().eq_ignore_ascii_case(name)).map(|(_, v)| v.trim().to_owned())
        };
        unfolded.lines().find_map(of)
    };
    let named = ["final-recipient", "original-recipient", "x-actual-recipient", "failed-recipient"].map(field);
    let action = field("action");
    if named.iter().all(Option::is_none) && action.is_none() {
        return None;
    }
    let disposition = field("disposition").map(|_| Action::Failed);
    let diagnostic = field("diagnostic-code").unwrap_or_default();
    let given = field("status").and_then(|status| status::in_text(&status));
    let action = action.as_deref().and_then(action_word).or_else(|| given.as_deref().map(action_of)).or(disposition)?;
    let sure = given.filter(|status| !status.ends_with(".0.0"));
    let supplement = field("x400-supplementary-info").or_else(|| field("x-supplementary-info")).unwrap_or_default();
    let remote = field("x-diagnostic-code").or_else(|| field("x-smtp-response")).unwrap_or_default();
    let status = sure.unwrap_or_else(|| prose::derived(action, &[&diagnostic, &supplement, &remote, explanation]));
    Some(ReportedRecipient {
        recipient: named.iter().flatten().find_map(|value| recipient_address(value)),
        action,
        status: Some(status),
        original_message_id: None,
    })
}

/// `rfc822; anna@example.org` (RFC 3464 §2.1.2).
fn recipient_address(value: &str) -> Option<String> {
    let address = value.rsplit(';').next().unwrap_or(value);
    let address = address.split_once('(').map_or(address, |(before, _)| before).trim();
    let x400 = address.starts_with('/');
    prose::address(address).filter(|_| !x400).map(|address| address.as_str().to_owned())
}

fn action_word(word: &str) -> Option<Action> {
    let word = word.split(|c: char| !c.is_ascii_alphabetic()).find(|w| !w.is_empty())?.to_ascii_lowercase();
    match word.as_str() {
        "failed" | "failure" => Some(Action::Failed),
        "delayed" => Some(Action::Delayed),
        "delivered" => Some(Action::Delivered),
        "relayed" => Some(Action::Relayed),
        "expanded" => Some(Action::Expanded),
        _ => None,
    }
}

/// What a status means when nothing says it in words.
fn action_of(status: &str) -> Action {
    match status.as_bytes().first() {
        Some(b'2') => Action::Delivered,
        Some(b'4') => Action::Delayed,
        _ => Action::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_groups_of_fields() {
        let text = "Reporting-MTA: dns; mx.example.org\r\n\r\nFinal-Recipient: rfc822; Anna@Example.org\r\nAction: failed\r\n\
                    Status: 5.0.0\r\nDiagnostic-Code: smtp; 550 5.1.1\r\n unknown user\r\n\r\nOriginal-Recipient: rfc822;b@x.org\r\nStatus: 4.4.1 (later)\r\n";
        let read = machine_readable(text, "");
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].recipient.as_deref(), Some("anna@example.org"));
        assert_eq!((read[0].action, read[0].status.as_deref()), (Action::Failed, Some("5.1.1")));
        assert_eq!((read[1].action, read[1].status.as_deref()), (Action::Delayed, Some("4.4.1")));
    }
}
