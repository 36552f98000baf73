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
    let signer =
        DkimSigner::from_key(key).domain(domain).selector("s1").headers(["From", "Subject", "Date", "Message-ID"]);
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
    let dovecot = Dovecot::start();
    for (raw, _) in &cases {
        dovecot.deliver("support", raw.as_bytes());
    }
    let ledger = Ledger::default();
    let _followed = Followed::start(&verifying(dovecot.ports.imap, &dns), &ledger);
    ledger.has(cases.len());
    let expected: Vec<Signature> = cases.iter().map(|(_, signature)| *signature).collect();
    let found = found(&ledger);
    assert_eq!(found.iter().map(|(_, signature)| *signature).collect::<Vec<_>>(), expected, "{found:?}");
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
