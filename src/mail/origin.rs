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
    let name = name_before_via(from);
    let named = |written: &str| -> Option<Named> {
        let address = address_in(written)?;
        (address != from.address).then_some(Named { name: name_in(written).or_else(|| name.clone()), address })
    };
    // What the list's software noted: Google Groups, groups.io.
    let noted = ["X-Original-From", "X-Original-Sender"];
    let noted = noted.iter().flat_map(|field| message.field(field)).find_map(named);
    let spoken_for = || {
        let other =
            |candidate: &&Named| candidate.address != from.address && !is_posting_address(message, &candidate.address);
        let fits = |candidate: &&Named| name.is_some() && candidate.name == name;
        // Mailman puts the author into Reply-To, or into Cc where Reply-To is the list's.
        let answers = message.reply_to.iter().filter(other);
        name.as_ref()
            .and_then(|_| answers.clone().find(fits).or(answers.clone().next()))
            .or_else(|| message.cc.iter().filter(other).find(fits))
            .cloned()
    };
    let marked = name.is_some() || encoded(&from.address).is_some();
    noted
        .filter(|_| marked)
        .or_else(spoken_for)
        .or_else(|| encoded(&from.address).map(|address| Named { name: name.clone(), address }))
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

/// `'Anna Berg' via Support` names Anna Berg.
fn name_before_via(from: &Named) -> Option<String> {
    let (author, list) = from.name.as_deref()?.rsplit_once(" via ")?;
    let author = author.trim_matches(|c: char| c.is_whitespace() || "'\"‘’“”".contains(c));
    (!list.trim().is_empty()).then(|| author.to_owned()).filter(|author| !author.is_empty())
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
            // groups.io, Sympa.
            "From: Anna Berg via groups.io <anna=shop.example@groups.io>\nList-Id: <x.groups.io>\nReply-To: x@groups.io",
        ] {
            let header = header.replace("Reply-To: x@groups.io", "X-Nothing: x");
            assert_eq!(author(&header).as_deref(), Some("Anna Berg <anna@shop.example>"), "{header}");
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
            "From: undisclosed-senders:;\nList-Id: <users.lists.example>",
        ] {
            assert_eq!(author(header), None, "{header}");
        }
    }
}
