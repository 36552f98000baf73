//! Who wrote a message, where From names somebody else: mailing lists put themselves there for authors whose domain is
//! strict (`'Anna' via Support <support@example.com>`), and say in another field whom they speak for.
//!
//! All of it is a claim, as From is. Sender (who submitted it), Reply-To (where answers go) and the Resent fields (who put
//! it on its way again, RFC 5322 §3.6.6) name nobody who speaks.

use super::message::{Message, clip};
use super::{Address, Named};

/// Bytes of a field that are looked at.
const FIELD_BYTES: usize = 2_000;

/// The author in whose place a list stands in From. None where From is as the author wrote it, or nothing tells who that is.
pub fn rewritten_author(message: &Message) -> Option<Named> {
    let [from] = message.from.as_slice() else { return None };
    if !is_from_list(message) {
        return None;
    }
    let shown = shown(from);
    let hidden = encoded(&from.address);
    if shown.is_none() && hidden.is_none() {
        return None;
    }
    let shown = shown.unwrap_or_default();
    let name = &shown.name;
    let named = |written: &str| -> Option<Named> {
        let address = address_in(written)?;
        (address != from.address).then_some(Named { name: name_in(written).or_else(|| name.clone()), address })
    };
    // What the list's software noted: Google Groups, groups.io.
    let mut noted = ["X-Original-From", "X-Original-Sender"].iter().flat_map(|field| message.field(field));
    let beside = || Some(Named { name: name.clone(), address: shown.address.clone().or(hidden)? });
    noted.find_map(named).or_else(|| from_reply_to(message, from, name.as_deref()?)).or_else(beside)
}

/// Mailman puts the author into Reply-To, or into Cc where Reply-To is the list's.
fn from_reply_to(message: &Message, from: &Named, name: &str) -> Option<Named> {
    let other =
        |candidate: &&Named| candidate.address != from.address && !is_posting_address(message, &candidate.address);
    let fits = |candidate: &&Named| candidate.name.as_deref() == Some(name);
    let answers = message.reply_to.iter().filter(other);
    let found = answers.clone().find(fits).or(answers.clone().next());
    found.or_else(|| message.cc.iter().filter(other).find(fits)).cloned()
}

/// True where a list's software put its fields into the header.
fn is_from_list(message: &Message) -> bool {
    ["List-Id", "List-Post", "Mailing-List", "X-Original-Sender", "X-Original-From", "X-BeenThere"]
        .iter()
        .any(|name| message.field(name).next().is_some())
}

fn is_posting_address(message: &Message, address: &Address) -> bool {
    message.field("List-Post").any(|value| clip(value, FIELD_BYTES).to_lowercase().contains(address.as_str()))
}

/// What list managers put between the author's name and their own, in the languages that they speak.
const VIA: [&str; 15] = [
    " via ",
    " (via ",
    " vía ",
    " über ",
    " par ",
    " por ",
    " através ",
    " tramite ",
    " przez ",
    " prostřednictvím ",
    " kautta ",
    " через ",
    " чрез ",
    " μέσω ",
    " 経由 ",
];

/// What a list's From shows of the author.
#[derive(Default)]
struct Shown {
    name: Option<String>,
    address: Option<Address>,
}

/// `'Anna Berg' via Support`, `Anna Berg (anna@shop.example via Users)`, and, of addresses that stand in for one author
/// (LISTSERV), `anna@shop.example`.
fn shown(from: &Named) -> Option<Shown> {
    let written = from.name.as_deref()?;
    let before = VIA.iter().filter_map(|via| written.rsplit_once(via));
    let before = before.filter(|(_, list)| !list.trim().is_empty()).map(|(author, _)| author);
    let stands_in = from.address.local_part().contains("-dmarc").then_some(written);
    let author = before.max_by_key(|author| author.len()).or(stands_in)?;
    let (name, beside) = author.rsplit_once('(').unwrap_or((author, author));
    let address = Address::parse(beside.trim_matches(|c: char| c.is_whitespace() || ")'\"".contains(c)));
    let name = name.trim_matches(|c: char| c.is_whitespace() || "'\"‘’“”".contains(c));
    let name = Some(name.to_owned()).filter(|name| !name.is_empty() && Address::parse(name).is_none());
    (name.is_some() || address.is_some()).then_some(Shown { name, address })
}

/// `anna=shop.example@list.example`: groups.io, LISTSERV, Sympa and others write the author's address into their own.
fn encoded(address: &Address) -> Option<Address> {
    let (local, domain) = address.local_part().rsplit_once('=')?;
    let domain = domain.split('+').next().unwrap_or(domain);
    let local = local.rsplit_once('+').map_or(local, |(_, author)| author);
    domain.contains('.').then(|| Address::parse(&format!("{local}@{domain}"))).flatten()
}

fn address_in(written: &str) -> Option<Address> {
    let written = clip(written, FIELD_BYTES);
    let inside = written.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(address, _)| address);
    Address::parse(inside.unwrap_or(written))
}

fn name_in(written: &str) -> Option<String> {
    let (name, _) = clip(written, FIELD_BYTES).rsplit_once('<')?;
    let name = name.trim_matches(|c: char| c.is_whitespace() || "'\"".contains(c));
    (!name.is_empty()).then(|| name.chars().take(200).collect())
}

#[cfg(test)]
mod tests {
    use crate::mail::{Circumstances, read};

    fn author(header: &str) -> Option<String> {
        read(format!("{header}\n\nHi\n").as_bytes(), &Circumstances::default())
            .message
            .rewritten
            .map(|named| named.to_string())
    }

    #[test]
    fn lists_say_whom_they_speak_for() {
        for header in [
            // Google Groups.
            "From: \"'Anna Berg' via Support\" <support@desk.example>\nList-ID: <support.desk.example>\nX-Original-From: Anna Berg <anna@shop.example>",
            "From: 'Anna Berg' via Support <support@desk.example>\nList-Id: x <support.desk.example>\nX-Original-Sender: anna@shop.example",
            "From: 'Anna Berg' via Support <support@desk.example>\nList-Id: <support.desk.example>\nReply-To: Anna Berg <anna@shop.example>",
            // Mailman, with From munged; the list's own address stands in Reply-To as well.
            "From: Anna Berg via Users <users@lists.example>\nList-Id: <users.lists.example>\nList-Post: <mailto:users@lists.example>\nReply-To: users@lists.example, Anna Berg <anna@shop.example>",
            "From: Anna Berg via Users <users@lists.example>\nList-Id: <users.lists.example>\nReply-To: users@lists.example\nCc: Anna Berg <anna@shop.example>",
            // Where the list speaks another language.
            "From: Anna Berg über Nutzer <users@lists.example>\nList-Id: <users.lists.example>\nReply-To: Anna Berg <anna@shop.example>",
            "From: Anna Berg 経由 Users <users@lists.example>\nList-Id: <users.lists.example>\nX-Original-From: Anna Berg <anna@shop.example>",
            // Sympa, LISTSERV.
            "From: \"Anna Berg (via users Mailing List)\" <users@lists.example>\nList-Id: <users.lists.example>\nReply-To: Anna Berg <anna@shop.example>",
            "From: \"Anna Berg (anna@shop.example via users Mailing List)\" <users@lists.example>\nList-Id: <users.lists.example>",
            "From: \"Anna Berg (anna@shop.example)\" <00000a1b2c3d-dmarc-request@lists.example>\nList-Id: <users.lists.example>",
            // groups.io.
            "From: Anna Berg via groups.io <anna=shop.example@groups.io>\nList-Id: <x.groups.io>\nReply-To: x@groups.io",
        ] {
            let header = header.replace("Reply-To: x@groups.io", "X-Nothing: x");
            assert_eq!(author(&header).as_deref(), Some("Anna Berg <anna@shop.example>"), "{header}");
        }
    }

    #[test]
    fn an_address_alone_is_enough() {
        for header in [
            "From: \"anna@shop.example\" <00000a1b2c3d-dmarc-request@lists.example>\nList-Id: <users.lists.example>",
            "From: anna@shop.example via users <users@lists.example>\nList-Id: <users.lists.example>",
            "From: \"users@lists.example\" <anna=shop.example@lists.example>\nList-Id: <users.lists.example>",
        ] {
            assert_eq!(author(header).as_deref(), Some("anna@shop.example"), "{header}");
        }
    }

    #[test]
    fn who_stands_in_from_speaks_for_themselves() {
        for header in [
            "From: Anna Berg <anna@shop.example>",
            "From: Anna Berg <anna@shop.example>\nReply-To: Eve <eve@evil.example>",
            "From: Anna via Shop <anna@shop.example>\nReply-To: Eve <eve@evil.example>",
            "From: Anna Berg <anna@shop.example>\nList-Id: <users.lists.example>\nReply-To: users@lists.example",
            "From: Anna Berg <anna@shop.example>\nList-Id: <users.lists.example>\nX-Original-Sender: eve@evil.example",
            "From: a@x.example, b@y.example\nList-Id: <users.lists.example>\nReply-To: Eve <eve@evil.example>",
            "From: Team: a@x.example, b@y.example;\nSender: c@z.example",
            "From: Anna via Users <users@lists.example>\nList-Id: <users.lists.example>",
            "From: \"boss@corp.example\" <eve@evil.example>\nList-Id: <users.lists.example>",
            "From: Anna Berg <anna@shop.example>\nSender: Eve <eve@evil.example>\nResent-From: Eve <eve@evil.example>\nResent-To: users@lists.example",
            "From: undisclosed-senders:;\nList-Id: <users.lists.example>",
        ] {
            assert_eq!(author(header), None, "{header}");
        }
    }
}
