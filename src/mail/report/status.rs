//! Enhanced status codes (RFC 3463): as written, else from the reply code, else from what is said.

use std::sync::LazyLock;

use regex::Regex;

use super::system::plain;

/// Bytes of a diagnosis that are looked at.
const DIAGNOSIS_BYTES: usize = 4 * 1024;

/// An enhanced status code (RFC 3463 §2), not a piece of an IP address or a version.
static ENHANCED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|[^\d.a-zA-Z])([245]\.[0-7]\.\d{1,3})(?:[^\d.]|\.?$|\.[^\d])").expect("a constant")
});
/// An SMTP reply code (RFC 5321 §4.2) at the beginning of a diagnostic, or behind its type.
static REPLY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)(?:^|[\s;(<\[#'\x22])([45])[0-5]\d(?:[\s\-:;,.)#>\]'\x22]|$)").expect("a constant")
});

/// What systems say where they give no code: the detail and subject of RFC 3463 §3, and the words. First match wins.
const MEANINGS: &[(&str, &[&str])] = &[
    (
        "2.2",
        &[
            "mailbox full",
            "mailbox is full",
            "mail box is full",
            "mailbox exceeds",
            "inbox is full",
            "inbox full",
            "over quota",
            "overquota",
            "over the quota",
            "over its quota",
            "quota exceeded",
            "exceeded quota",
            "exceeds the quota",
            "exceed the quota",
            "exceeded the maximum",
            "exceeded storage",
            "out of storage",
            "exceeds allowed size",
            "storage allocation",
            "space not enough",
            "disk quota",
            "quota violation",
            "exceeding their quota",
            "maximum mailbox size",
            "postfach voll",
            "postfach ist voll",
            "boîte aux lettres pleine",
            "boîte pleine",
            "buzón lleno",
            "buzón está lleno",
            "casella piena",
            "casella è piena",
            "mailbox vol",
            "caixa de correio cheia",
            "caixa cheia",
            "ящик переполнен",
            "容量を超え",
            "容量超過",
            "容量が一杯",
            "邮箱已满",
            "空间不足",
            "사서함이 가득",
        ],
    ),
    (
        "2.1",
        &[
            "account is disabled",
            "account has been disabled",
            "account disabled",
            "account is inactive",
            "account inactive",
            "account has been suspended",
            "temporarily disabled",
            "mailbox disabled",
            "mailbox is disabled",
            "mailbox is inactive",
            "mailbox is inactivated",
            "inactive user",
            "user is inactive",
            "user is suspended",
            "extended inactivity",
            "is not accepting",
            "no longer accept",
        ],
    ),
    (
        "1.1",
        &[
            "user unknown",
            "unknown user",
            "unknown recipient",
            "unknown local",
            "unknown address",
            "unknown or illegal alias",
            "no such user",
            "no such recipient",
            "no such mailbox",
            "no such account",
            "no such address",
            "no such person",
            "no mailbox here",
            "not a valid user",
            "not a known user",
            "not a valid mailbox",
            "not our customer",
            "not listed in",
            "not found in directory",
            "not recognized",
            "user not found",
            "mailbox not found",
            "mailbox unavailable",
            "recipient not found",
            "recipnotfound",
            "address not found",
            "address rejected",
            "recipient rejected",
            "invalid recipient",
            "invalid mailbox",
            "invalid user",
            "invalid address",
            "does not exist",
            "doesn't exist",
            "doesn't have a",
            "does not have a",
            "not exist",
            "no longer valid",
            "no longer exists",
            "unrouteable address",
            "unroutable address",
            "couldn't be found",
            "wasn't found at",
            "was not found at",
            "could not be found",
            "can't find",
            "cannot find",
            "benutzer unbekannt",
            "unbekannter empfänger",
            "empfänger unbekannt",
            "existiert nicht",
            "n'existe pas",
            "utilisateur inconnu",
            "destinataire inconnu",
            "no existe",
            "usuario desconocido",
            "non esiste",
            "utente sconosciuto",
            "bestaat niet",
            "não existe",
            "não encontrado",
            "nie istnieje",
            "neexistuje",
            "finns inte",
            "finnes ikke",
            "findes ikke",
            "не существует",
            "не найден",
            "見つかりません",
            "存在しません",
            "不存在",
            "用户不存在",
            "없는 사용자",
            "존재하지 않",
        ],
    ),
    (
        "1.2",
        &[
            "host unknown",
            "unknown host",
            "host not found",
            "domain not found",
            "domain name not found",
            "unknown domain",
            "no such domain",
            "no mx",
            "nxdomain",
            "name server",
            "domain doesn't exist",
            "cannot resolve",
            "couldn't find any host",
            "bad destination host",
            "domäne nicht gefunden",
        ],
    ),
    ("1.3", &["bad destination mailbox address syntax", "bad address syntax", "malformed address", "syntax error in"]),
    (
        "3.4",
        &[
            "message too large",
            "message too big",
            "message size exceeds",
            "message is too large",
            "too large",
            "exceeds size limit",
            "exceeds maximum message size",
            "size limit",
            "zu groß",
            "trop volumineux",
            "demasiado grande",
            "troppo grande",
            "サイズが大き",
        ],
    ),
    (
        "7.1",
        &[
            "relaying denied",
            "relay denied",
            "unable to relay",
            "relay not permitted",
            "not permitted to",
            "not allowed to",
            "not authorized",
            "not authorised",
            "not accepted for policy",
            "policy",
            "spam",
            "blacklist",
            "blocklist",
            "blocked",
            "black list",
            "virus",
            "access denied",
            "permission to post",
            "not allowed to post",
            "members-only",
            "not member",
            "only subscribers may post",
            "rejected for",
        ],
    ),
    ("4.6", &["too many hops", "mail loop", "loops back", "routing loop", "hop count"]),
    (
        "4.7",
        &[
            "in the queue too long",
            "retry timeout exceeded",
            "timed out",
            "time out",
            "timeout",
            "message expired",
            "time expired",
            "maximum delivery attempts",
            "for too long",
        ],
    ),
    (
        "4.1",
        &[
            "connection refused",
            "could not connect",
            "couldn't connect",
            "unable to connect",
            "no answer from host",
            "host is down",
            "network is unreachable",
            "connection timed",
            "not responding",
            "unreachable",
            "could not contact",
            "wasn't able to establish an smtp connection",
        ],
    ),
];

/// The status within `text`: an enhanced code, else what a reply code and the words mean together.
pub fn in_text(text: &str) -> Option<String> {
    let text = super::super::message::clip(text, DIAGNOSIS_BYTES);
    if let Some(found) = ENHANCED.captures(text) {
        return Some(found[1].to_owned());
    }
    let class = REPLY.captures(text).map(|found| found[1].to_owned());
    let meaning = meaning(text);
    match (class, meaning) {
        (Some(class), Some(meaning)) => Some(format!("{class}.{meaning}")),
        (Some(class), None) => Some(format!("{class}.0.0")),
        (None, _) => None,
    }
}

/// What the words of a diagnosis mean: subject and detail, without the class.
pub fn meaning(text: &str) -> Option<&'static str> {
    let text = plain(super::super::message::clip(text, DIAGNOSIS_BYTES));
    let mut meanings = MEANINGS.iter();
    meanings.find(|(_, words)| words.iter().any(|words| text.contains(words))).map(|(code, _)| *code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_and_derived() {
        assert_eq!(in_text("smtp; 550-5.7.1 no").as_deref(), Some("5.7.1"));
        assert_eq!(in_text("550 5.1.1. No such user").as_deref(), Some("5.1.1"));
        assert_eq!(in_text("smtp; 452 full").as_deref(), Some("4.0.0"));
        assert_eq!(in_text("smtp; 550 user unknown").as_deref(), Some("5.1.1"));
        assert_eq!(in_text("host said: 552 mailbox full").as_deref(), Some("5.2.2"));
        assert_eq!(in_text("host 5.1.1.7 said no"), None);
        assert_eq!(in_text("smtp8.14.4 said no"), None);
        assert_eq!(in_text("at 14:550"), None);
        assert_eq!(meaning("Das Postfach ist voll."), Some("2.2"));
        assert_eq!(meaning("Hello"), None);
    }
}
