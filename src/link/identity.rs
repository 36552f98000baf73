//! Who speaks in a mail, and who takes part in a case (B20, B25). A From line alone proves nothing; it is enough
//! to keep one customer's words out of another customer's case.

use crate::case::snapshot::CaseFacts;
use crate::mail::kind::through_own_list;
use crate::mail::{Address, Message, Named};
use crate::rules::{Desk, Policy};

/// The person outside who speaks: the originator; for a declared form the contact that its Reply-To names (B29); for a
/// list of ours that put itself into From whom it speaks for. None when nobody outside does.
pub fn speaker<'a>(message: &'a Message, policy: &Policy) -> Option<&'a Named> {
    let desk = &policy.desk;
    let originator = message.from.first()?;
    if desk.form_senders.contains(&originator.address) {
        // Anybody can fill in a form: it speaks for none of the staff.
        let outside = |named: &&Named| is_outside(&named.address, desk) && policy.staff_at(&named.address).is_none();
        return message.reply_to.iter().find(outside);
    }
    let author = rewritten_by_us(message, desk).unwrap_or(originator);
    is_outside(&author.address, desk).then_some(author)
}

/// True where From only passes on what somebody else wrote: a declared form, or a list of ours that put itself there.
pub fn passes_on(message: &Message, desk: &Desk) -> bool {
    let form = message.originator().is_some_and(|from| desk.form_senders.contains(from));
    form || rewritten_by_us(message, desk).is_some()
}

/// The author in whose place a list of ours stands in From (`own_lists`).
fn rewritten_by_us<'a>(message: &'a Message, desk: &Desk) -> Option<&'a Named> {
    message.rewritten.as_ref().filter(|_| through_own_list(message, &desk.own_lists))
}

/// Everyone outside on From, To and Cc, and the speaker; each once, in that order.
pub fn outsiders<'a>(message: &'a Message, policy: &Policy) -> Vec<&'a Named> {
    let desk = &policy.desk;
    let mut all: Vec<&Named> = Vec::new();
    let from: &[Named] = if passes_on(message, desk) { &[] } else { &message.from };
    let named = speaker(message, policy).into_iter().chain(from).chain(&message.to).chain(&message.cc);
    for candidate in named.filter(|named| is_outside(&named.address, desk)) {
        if !all.iter().any(|known| known.address == candidate.address) {
            all.push(candidate);
        }
    }
    all
}

/// Neither one of our addresses nor a form that only passes on what others wrote.
pub fn is_outside(address: &Address, desk: &Desk) -> bool {
    !desk.is_own(address) && !desk.form_senders.contains(address)
}

/// True for a participant, and for a colleague of one: the same mail domain, when it is not a public one (B20).
pub fn takes_part(address: &Address, case: &CaseFacts) -> bool {
    case.participants.iter().any(|participant| {
        let known = &participant.who.address;
        known == address || organisation(known).is_some_and(|domain| Some(domain) == organisation(address))
    })
}

/// The mail domain, when those who have an address there belong together.
pub fn organisation(address: &Address) -> Option<&str> {
    let domain = address.domain();
    let family = domain.split('.').next().unwrap_or_default();
    let public = PUBLIC_DOMAINS.contains(&domain) || PUBLIC_FAMILIES.contains(&family);
    (!public).then_some(domain)
}

/// Providers that use one name in many countries: `yahoo.co.jp`, `outlook.de`.
const PUBLIC_FAMILIES: [&str; 12] = [
    "aol",
    "gmx",
    "googlemail",
    "hotmail",
    "live",
    "mail",
    "msn",
    "outlook",
    "protonmail",
    "rediffmail",
    "yahoo",
    "yandex",
];

const PUBLIC_DOMAINS: [&str; 74] = [
    "126.com",
    "139.com",
    "163.com",
    "189.cn",
    "abv.bg",
    "alice.it",
    "arcor.de",
    "att.net",
    "bellsouth.net",
    "bigpond.com",
    "bk.ru",
    "bluewin.ch",
    "bol.com.br",
    "btinternet.com",
    "centrum.cz",
    "charter.net",
    "comcast.net",
    "cox.net",
    "daum.net",
    "docomo.ne.jp",
    "duck.com",
    "earthlink.net",
    "email.cz",
    "ezweb.ne.jp",
    "fastmail.com",
    "fastmail.fm",
    "foxmail.com",
    "free.fr",
    "freenet.de",
    "gmail.com",
    "hanmail.net",
    "hey.com",
    "hispeed.ch",
    "home.nl",
    "hushmail.com",
    "i.softbank.jp",
    "icloud.com",
    "ig.com.br",
    "inbox.lv",
    "inbox.ru",
    "interia.pl",
    "kpnmail.nl",
    "laposte.net",
    "libero.it",
    "list.ru",
    "mac.com",
    "me.com",
    "nate.com",
    "naver.com",
    "ntlworld.com",
    "o2.pl",
    "online.de",
    "online.no",
    "op.pl",
    "orange.fr",
    "posteo.de",
    "posteo.net",
    "proton.me",
    "qq.com",
    "sapo.pt",
    "seznam.cz",
    "sfr.fr",
    "shaw.ca",
    "sina.com",
    "skynet.be",
    "t-online.de",
    "tiscali.it",
    "uol.com.br",
    "verizon.net",
    "virgilio.it",
    "wanadoo.fr",
    "web.de",
    "wp.pl",
    "ziggo.nl",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_domains_are_no_organisation() {
        let of = |text: &str| organisation(&Address::parse(text).unwrap()).map(str::to_owned);
        for public in ["a@gmail.com", "a@yahoo.co.jp", "a@Outlook.de", "a@gmx.net", "a@web.de", "a@qq.com", "a@mail.ru"]
        {
            assert_eq!(of(public), None, "{public}");
        }
        assert_eq!(of("a@shop.example"), Some("shop.example".to_owned()));
        assert!(PUBLIC_DOMAINS.is_sorted());
        assert!(PUBLIC_FAMILIES.is_sorted());
    }
}
