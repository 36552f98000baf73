//! `verify = "dkim"` (B30): signatures are checked with the keys of a real DNS server, and nothing that goes wrong there
//! keeps a mail out.

use data_encoding::BASE64;
use mail_auth::common::crypto::{Ed25519Key, RsaKey, Sha256, SigningKey};
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::{Canonicalization, DkimSigner};
use postcase::config::{MailboxConfig, Verify};
use postcase::mail::signature::Signature;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;

use crate::lab::dns::{Dns, Mood};
use crate::lab::dovecot::Dovecot;
use crate::ledger::Ledger;
use crate::{Followed, plain};

/// 2,048 bits, for these tests alone.
const RSA: &[u8] = include_bytes!("dkim.pem");

fn rsa() -> RsaKey<Sha256> {
    RsaKey::from_key_der(PrivateKeyDer::from_pem_slice(RSA).expect("a key")).expect("a key that signs")
}

fn rsa_record() -> String {
    // RFC 6376 §3.6.1.
    format!("v=DKIM1; k=rsa; p={}", BASE64.encode(&rsa().public_key()))
}

fn mail(from: &str, subject: &str) -> String {
    format!(
        "From: {from}\r\nTo: support@desk.test\r\nSubject: {subject}\r\nMessage-ID: <{subject}@shop.example>\r\n\
         Date: Tue, 4 Mar 2025 09:12:00 +0000\r\n\r\nHello  there,\r\n\r\nit stops.\r\n\r\n"
    )
}

fn signed_with<K: SigningKey>(key: K, domain: &str, mail: &str, length: bool) -> String {
    signed_over(key, domain, mail, length, &["From", "To", "Subject", "Date", "Message-ID"])
}

fn signed_over<K: SigningKey>(key: K, domain: &str, mail: &str, length: bool, fields: &[&'static str]) -> String {
    let signer = DkimSigner::from_key(key).domain(domain).selector("s1").headers(fields.iter().copied());
    let signer = signer
        .header_canonicalization(Canonicalization::Relaxed)
        .body_canonicalization(Canonicalization::Relaxed)
        .body_length(length);
    let signature = signer.sign(mail.as_bytes()).expect("it can be signed");
    format!("{}{mail}", signature.to_header())
}

fn signed(domain: &str, mail: &str) -> String {
    signed_with(rsa(), domain, mail, false)
}

fn verifying(imap: u16, dns: &Dns) -> MailboxConfig {
    MailboxConfig { verify: Some(Verify::Dkim { resolver: Some(dns.address) }), ..plain(imap) }
}

/// What was found out of each mail, by subject.
fn found(ledger: &Ledger) -> Vec<(String, Signature)> {
    ledger.subjects().into_iter().zip(ledger.arrivals().iter().map(|arrival| arrival.signature)).collect()
}

/// Delivers these mails, and each is found to be signed so.
fn are_found(cases: &[(String, Signature)], dns: &Dns) {
    let dovecot = Dovecot::start();
    for (raw, _) in cases {
        dovecot.deliver("support", raw.as_bytes());
    }
    let ledger = Ledger::default();
    let _followed = Followed::start(&verifying(dovecot.ports.imap, dns), &ledger);
    ledger.has(cases.len());
    let expected: Vec<Signature> = cases.iter().map(|(_, signature)| *signature).collect();
    let found = found(&ledger);
    assert_eq!(found.iter().map(|(_, signature)| *signature).collect::<Vec<_>>(), expected, "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn signatures_of_the_organisation_in_from_count() {
    let dns = Dns::start();
    for domain in ["shop.example", "mail.shop.example", "evil.example"] {
        dns.knows(&format!("s1._domainkey.{domain}"), &rsa_record());
    }
    let pkcs8 = Ed25519Key::generate_pkcs8().expect("a key");
    let edwards = || Ed25519Key::from_pkcs8_der(&pkcs8).expect("a key");
    let public = BASE64.encode(&edwards().public_key());
    dns.knows("s1._domainkey.edwards.example", &format!("v=DKIM1; k=ed25519; p={public}"));
    dns.knows("s1._domainkey.revoked.example", "v=DKIM1; k=rsa; p=");

    let anna = |subject: &str| mail("Anna Berg <anna@shop.example>", subject);
    let good = signed("shop.example", &anna("good"));
    let cases: Vec<(String, Signature)> = vec![
        (good.clone(), Signature::Aligned),
        (signed("mail.shop.example", &anna("subdomain")), Signature::Aligned),
        (signed_with(edwards(), "edwards.example", &mail("a@edwards.example", "edwards"), false), Signature::Aligned),
        (
            format!("{}{}", signature_of(&signed("list.example", &anna("x"))), signed("shop.example", &anna("both"))),
            Signature::Aligned,
        ),
        (anna("unsigned"), Signature::None),
        (signed("shop.example", &anna("changed")).replace("it stops", "it burns"), Signature::None),
        (signed("shop.example", &mail("boss@shop.example", "from")).replace("boss@", "eve@"), Signature::None),
        (signed("evil.example", &anna("stranger")), Signature::None),
        (signed("shop.example", &anna("two")).replace("To: ", "From: Eve <eve@evil.example>\r\nTo: "), Signature::None),
        (signed_with(rsa(), "shop.example", &anna("length"), true), Signature::None),
        (signed("unknown.example", &mail("a@unknown.example", "unknown")), Signature::None),
        (signed("revoked.example", &mail("a@revoked.example", "revoked")), Signature::None),
    ];
    are_found(&cases, &dns);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_signature_leaves_out_could_be_anybodys() {
    let dns = Dns::start();
    dns.knows("s1._domainkey.shop.example", &rsa_record());
    let anna = |subject: &str| mail("Anna Berg <anna@shop.example>", subject);
    let over = |mail: &str, fields: &[&'static str]| signed_over(rsa(), "shop.example", mail, false, fields);
    let good = |subject: &str| signed("shop.example", &anna(subject));
    let with = |raw: &str, field: &str| raw.replace("From: ", &format!("{field}\r\nFrom: "));
    let typed = |subject: &str| {
        let fields =
            "Content-Type: text/plain\r\nContent-Transfer-Encoding: 7bit\r\nCc: a@b.example\r\nReply-To: c@d.example";
        with(&anna(subject), &format!("{fields}\r\nIn-Reply-To: <x@y.example>\r\nReferences: <x@y.example>"))
    };
    let all = [
        "From",
        "To",
        "Subject",
        "Content-Type",
        "Content-Transfer-Encoding",
        "Cc",
        "Reply-To",
        "In-Reply-To",
        "References",
    ];
    let mut cases: Vec<(String, Signature)> = vec![
        (over(&anna("few"), &["From", "To", "Subject"]), Signature::Aligned),
        (over(&typed("all"), &all), Signature::Aligned),
        (with(&good("trace"), "X-Spam: no"), Signature::Aligned),
        (over(&anna("no-to"), &["From", "Subject"]), Signature::None),
        (with(&good("second-to"), "To: eve@evil.example"), Signature::None),
        (good("last-to").replace("Date: ", "To: eve@evil.example\r\nDate: "), Signature::None),
        (with(&good("spaced-to"), "To : eve@evil.example"), Signature::None),
        (with(&good("reply-to"), "Reply-To: eve@evil.example"), Signature::None),
        (with(&good("thread"), "References: <x@y.example>"), Signature::None),
        (with(&good("type"), "Content-Type: text/html"), Signature::None),
        (with(&over(&typed("types"), &all), "Content-Type: text/html"), Signature::None),
    ];
    for left_out in 1..all.len() {
        let fields: Vec<&'static str> = all.iter().copied().filter(|name| *name != all[left_out]).collect();
        cases.push((over(&typed(&format!("without-{}", all[left_out])), &fields), Signature::None));
    }
    are_found(&cases, &dns);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_broken_domain_leaves_the_others_alone() {
    let dns = Dns::start();
    dns.knows("s1._domainkey.shop.example", &rsa_record());
    let of = |domain: &str, subject: &str| signed(domain, &mail(&format!("a@{domain}"), subject));
    let dovecot = Dovecot::start();
    let ledger = Ledger::default();
    let _followed = Followed::start(&verifying(dovecot.ports.imap, &dns), &ledger);
    ledger.has_pass();
    let mut expected: Vec<String> = Vec::new();
    let mut comes = |domain: &str| {
        expected.push(format!("{}-{domain}", expected.len()));
        let (subject, had) = (expected.last().expect("just pushed"), dns.asked());
        if domain != "shop.example" {
            dns.is_broken(&format!("s1._domainkey.{domain}"));
        }
        dovecot.deliver("support", of(domain, subject).as_bytes());
        ledger.has(expected.len());
        let (_, signature) = found(&ledger).pop().expect("it is in");
        (signature, dns.asked() > had)
    };
    assert_eq!(comes("evil.example"), (Signature::None, true));
    // The one that failed rests; nobody else does, however often it comes.
    for _ in 0..3 {
        assert_eq!(comes("evil.example"), (Signature::None, false));
    }
    assert_eq!(comes("mail.evil.example"), (Signature::None, false));
    assert_eq!(comes("two.example"), (Signature::None, true));
    assert_eq!(comes("shop.example"), (Signature::Aligned, true));
    // Three organisations in a row are the network's fault.
    for domain in ["three.example", "four.example", "five.example"] {
        assert_eq!(comes(domain), (Signature::None, true));
    }
    assert_eq!(comes("shop.example"), (Signature::None, false));
}

/// The field with which a signed mail begins.
fn signature_of(signed: &str) -> String {
    signed[..signed.find("From: ").expect("a field")].to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_key_a_mail_comes_in_all_the_same() {
    for mood in [Mood::Fails, Mood::Silent] {
        let dns = Dns::start();
        dns.knows("s1._domainkey.shop.example", &rsa_record());
        dns.is(mood);
        let dovecot = Dovecot::start();
        let ledger = Ledger::default();
        let _followed = Followed::start(&verifying(dovecot.ports.imap, &dns), &ledger);
        ledger.has_pass();
        dovecot.deliver("support", signed("shop.example", &mail("anna@shop.example", "one")).as_bytes());
        ledger.has_subjects(&["one"]);
        let asked = dns.asked();
        assert!(asked > 0);
        // After an outage it rests for a while: what comes next is not held up.
        dns.is(Mood::Answers);
        dovecot.deliver("support", signed("shop.example", &mail("anna@shop.example", "two")).as_bytes());
        ledger.has_subjects(&["one", "two"]);
        assert_eq!(dns.asked(), asked, "{mood:?}");
        assert!(found(&ledger).iter().all(|(_, signature)| *signature == Signature::None));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resolver_that_is_not_there_stops_nothing() {
    let gone = Dns::start().address;
    let dovecot = Dovecot::start();
    dovecot.deliver("support", signed("shop.example", &mail("anna@shop.example", "one")).as_bytes());
    let config = MailboxConfig { verify: Some(Verify::Dkim { resolver: Some(gone) }), ..plain(dovecot.ports.imap) };
    let ledger = Ledger::default();
    let _followed = Followed::start(&config, &ledger);
    ledger.has_subjects(&["one"]);
    assert_eq!(found(&ledger), [("one".to_owned(), Signature::None)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_where_nothing_could_be_proven() {
    let dns = Dns::start();
    let anna = |subject: &str| mail("anna@shop.example", subject);
    let many = (0..50).map(|_| signature_of(&signed("shop.example", &anna("x")))).collect::<String>();
    let dovecot = Dovecot::start();
    dovecot.deliver("support", anna("unsigned").as_bytes());
    dovecot.deliver("support", signed("evil.example", &anna("stranger")).as_bytes());
    let ledger = Ledger::default();
    let followed = Followed::start(&verifying(dovecot.ports.imap, &dns), &ledger);
    ledger.has_subjects(&["unsigned", "stranger"]);
    assert_eq!(dns.asked(), 0);
    // Fifty signatures: three are looked at.
    dns.knows("s1._domainkey.shop.example", &rsa_record());
    dovecot.deliver("support", format!("{many}{}", anna("many")).as_bytes());
    ledger.has_subjects(&["unsigned", "stranger", "many"]);
    assert!((1..=6).contains(&dns.asked()), "{}", dns.asked());
    followed.stop().await;
}
