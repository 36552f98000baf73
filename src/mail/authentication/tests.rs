use super::*;
use crate::mail::{Circumstances, read};

const GOOGLE: &str = "mx.google.com; dkim=pass header.i=@customer.example header.s=s1 header.b=abCDef12; \
    spf=pass (google.com: domain of anna@mail.customer.example designates 192.0.2.1 as permitted sender) \
    smtp.mailfrom=anna@mail.customer.example; dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=customer.example";
const MICROSOFT: &str = "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=customer.example; dkim=pass (signature was verified) \
    header.d=customer.example;dmarc=pass action=none header.from=customer.example;compauth=pass reason=100";

fn anna() -> Address {
    Address::parse("anna@customer.example").unwrap()
}

fn standing_of(value: &str) -> Standing {
    alignment(&parse(value), &anna())
}

#[test]
fn reads_the_forms_of_providers() {
    let google = parse(GOOGLE);
    assert_eq!(google.authserv_id.as_deref(), Some("mx.google.com"));
    let methods: Vec<&str> = google.findings.iter().map(|finding| finding.method.as_str()).collect();
    assert_eq!(methods, ["dkim", "spf", "dmarc"]);
    assert_eq!(google.findings[0].property("header", "b"), Some("abCDef12"));
    assert_eq!(google.findings[1].property("smtp", "mailfrom"), Some("anna@mail.customer.example"));

    let microsoft = parse(MICROSOFT);
    assert_eq!(microsoft.authserv_id, None);
    assert_eq!(microsoft.findings.len(), 4);
    assert_eq!(microsoft.findings[2].property("", "action"), Some("none"));
    assert_eq!(microsoft.findings[3].reason.as_deref(), Some("100"));
}

#[test]
fn reads_the_whole_grammar() {
    // The examples of RFC 8601, appendix B.
    let none = parse("example.org 1; none");
    assert_eq!((none.authserv_id.as_deref(), none.findings.len()), (Some("example.org"), 0));
    let several = parse(
        "foo.example.net (foobar) 1 (baz); dkim (Because I like it) / 1 (One yay) = (wait for it) fail policy (A dot can go here) . (like that) expired (this surprised me) = (as I wasn't expecting it) 1362471462",
    );
    assert_eq!(several.authserv_id.as_deref(), Some("foo.example.net"));
    assert_eq!((several.findings[0].method.as_str(), several.findings[0].outcome), ("dkim", Outcome::Fail));
    assert_eq!(several.findings[0].property("policy", "expired"), Some("1362471462"));
    let quoted = parse(
        "example.com; auth=pass (cram-md5) smtp.auth=sender@example.net; iprev=pass policy.iprev=\"192.0.2.200\"",
    );
    assert_eq!(quoted.findings[1].property("policy", "iprev"), Some("192.0.2.200"));
    let reason = parse("example.com; dkim=fail reason=\"bad signature; \\\"b\\\" differs\" header.d=x.example");
    assert_eq!(reason.findings[0].reason.as_deref(), Some("bad signature; \"b\" differs"));
    assert_eq!(reason.findings[0].outcome, Outcome::Fail);
    let versions = parse("example.com 1; dkim/1=pass header.d=x.example header.b=\"AbCd==\"");
    assert_eq!((versions.findings[0].method.as_str(), versions.findings.len()), ("dkim", 1));
    assert!(parse("example.com 2; dkim=pass header.d=customer.example").findings.is_empty());
    assert_eq!(parse("x.example; dkim=pass header.b=abcdef== header.d=y.example").findings[0].properties.len(), 2);
}

#[test]
fn alignment_is_computed() {
    use Standing::*;
    for (value, standing) in [
        (GOOGLE, Aligned(By::Dkim)),
        (MICROSOFT, Aligned(By::Dkim)),
        ("x; dkim=pass header.d=mail.customer.example", Aligned(By::Dkim)),
        ("x; dkim=pass header.i=@customer.example", Aligned(By::Dkim)),
        ("x; dkim=fail header.d=customer.example", Unproven),
        ("x; dkim=pass header.d=evil.example", Unproven),
        ("x; dkim=pass header.d=example", Unproven),
        ("x; spf=pass smtp.mailfrom=bounces@news.customer.example", Aligned(By::Spf)),
        ("x; spf=pass smtp.mailfrom=customer.example", Aligned(By::Spf)),
        ("x; spf=pass smtp.mailfrom= smtp.helo=mx.customer.example", Aligned(By::Spf)),
        ("x; spf=pass smtp.helo=mx.customer.example", Unproven),
        ("x; spf=pass smtp.mailfrom=evil.example smtp.helo=mx.customer.example", Unproven),
        (
            "x; spf=pass (sender SPF authorized) smtp.mailfrom=customer.example (client-ip=192.0.2.1; helo=mx.example)",
            Aligned(By::Spf),
        ),
        ("x; spf=softfail smtp.mailfrom=customer.example", Unproven),
        ("x; spf=pass smtp.mailfrom=evil.example", Unproven),
        ("x; dmarc=pass header.from=customer.example", Aligned(By::Dmarc)),
        ("x; dmarc=pass header.from=evil.example", Unproven),
        ("x; dkim=pass header.d=customer.example; dmarc=fail header.from=customer.example", Failed),
        ("x; none", Unproven),
        ("x", Unproven),
        ("", Unproven),
    ] {
        assert_eq!(standing_of(value), standing, "{value}");
    }
    let at = |from: &str, value: &str| alignment(&parse(value), &Address::parse(from).unwrap());
    // Below a public suffix are many; the suffix itself is its own domain, and so is a name without dots.
    assert_eq!(at("a@gov.uk", "x; dkim=pass header.d=gov.uk"), Aligned(By::Dkim));
    assert_eq!(at("a@gov.uk", "x; dkim=pass header.d=council.gov.uk"), Unproven);
    assert_eq!(at("a@intranet", "x; dkim=pass header.d=intranet"), Aligned(By::Dkim));
    assert_eq!(at("a@one.github.io", "x; dkim=pass header.d=two.github.io"), Unproven);
    assert_eq!(at("a@one.co.uk", "x; dkim=pass header.d=two.co.uk"), Unproven);
    assert_eq!(at("a@one.co.uk", "x; dkim=pass header.d=mail.one.co.uk"), Aligned(By::Dkim));
    assert_eq!(at("a@bücher.example", "x; dkim=pass header.d=xn--bcher-kva.example"), Aligned(By::Dkim));
}

#[test]
fn what_the_sender_chose_proves_nothing() {
    for value in [
        "x; spf=fail smtp.mailfrom=\"a; dkim=pass header.d=customer.example\"@evil.example",
        "x; spf=fail (domain of a; dkim=pass header.d=customer.example) smtp.mailfrom=evil.example",
        "x; spf=fail (never closed; dkim=pass header.d=customer.example",
        "x; spf=fail smtp.mailfrom=\"never closed; dkim=pass header.d=customer.example",
        "x; spf=fail (a)) ; dkim=pass header.d=customer.example",
        "x; spf=fail smtp.mailfrom=a b@evil.example; dkim=pass header.d=customer.example",
        "x; dkim=pass (header.d=customer.example)",
        "x; dkim=pass header.d=evil.example header.d=customer.example",
        "x; x-dkim=pass header.d=customer.example",
    ] {
        assert_eq!(standing_of(value), Standing::Unproven, "{value}");
    }
}

#[test]
fn only_the_topmost_field_of_a_trusted_server_counts() {
    let mail = |header: &str| {
        read(format!("{header}From: anna@customer.example\n\nHi\n").as_bytes(), &Circumstances::default()).message
    };
    let ours = Trust::Servers(vec!["mx.desk.example".to_owned()]);
    let pass = "dkim=pass header.d=customer.example";
    let forged = mail(&format!(
        "Authentication-Results: MX.desk.example; dkim=none\nAuthentication-Results: mx.desk.example; {pass}\n"
    ));
    assert_eq!(standing(&forged, &ours), Standing::Unproven);
    let good = mail(&format!(
        "Authentication-Results: other.example; x=y\nAuthentication-Results: mx.desk.example;\n {pass}\n"
    ));
    assert_eq!(standing(&good, &ours), Standing::Aligned(By::Dkim));
    assert_eq!(standing(&good, &Trust::Topmost), Standing::Unproven);
    let strange = mail(&format!("Authentication-Results: evil.example; {pass}\n"));
    assert_eq!(standing(&strange, &ours), Standing::Unproven);
    let nameless = mail(&format!("Authentication-Results: {MICROSOFT}\n"));
    assert_eq!(standing(&nameless, &ours), Standing::Unproven);
    assert_eq!(standing(&nameless, &Trust::Topmost), Standing::Aligned(By::Dkim));
    // Sealed or not: what a chain of others passes on is no word of ours.
    let chain = mail(&format!(
        "ARC-Authentication-Results: i=1; mx.desk.example; {pass}\nX-Authentication-Results: mx.desk.example; {pass}\n\
         Authentication-Results-Original: mx.desk.example; {pass}\n"
    ));
    assert_eq!(standing(&chain, &ours), Standing::Unproven);
    assert_eq!(standing(&chain, &Trust::Topmost), Standing::Unproven);
    // An encoded word is none in a structured field: what it hides must not become syntax.
    let hidden = mail(
        "Authentication-Results: mx.desk.example; spf=fail smtp.mailfrom==?utf-8?Q?x;_dkim=3Dpass_header.d=3Dcustomer.example?=\n",
    );
    assert_eq!(standing(&hidden, &ours), Standing::Unproven);
    let several = mail(&format!("Authentication-Results: mx.desk.example; {pass}\nFrom: boss@customer.example\n"));
    assert_eq!(standing(&several, &ours), Standing::Unproven);
}

#[test]
fn each_trusted_server_is_heard_once() {
    let mail = |header: &str| {
        read(format!("{header}From: anna@customer.example\n\nHi\n").as_bytes(), &Circumstances::default()).message
    };
    let trust = |names: &[&str]| Trust::Servers(names.iter().map(ToString::to_string).collect());
    let each = mail(
        "Authentication-Results: bimi.desk.example; bimi=none\n\
         Authentication-Results: dmarc.desk.example; dmarc=none header.from=customer.example\n\
         Authentication-Results: dkim.desk.example; dkim=pass (1024-bit key) header.d=customer.example\n\
         Authentication-Results: spf.desk.example; spf=none\n\
         Authentication-Results: dmarc.desk.example; dmarc=fail header.from=customer.example\n",
    );
    assert_eq!(standing(&each, &trust(&["dmarc.desk.example", "dkim.desk.example"])), Standing::Aligned(By::Dkim));
    assert_eq!(standing(&each, &trust(&["dmarc.desk.example", "spf.desk.example"])), Standing::Unproven);
    let failed = mail(
        "Authentication-Results: dkim.desk.example; dkim=pass header.d=customer.example\n\
         Authentication-Results: dmarc.desk.example; dmarc=fail header.from=customer.example\n",
    );
    assert_eq!(standing(&failed, &trust(&["dkim.desk.example", "dmarc.desk.example"])), Standing::Failed);

    // Where one of them wrote nothing, a field in its name that came with the message stands below our border.
    let forged = mail(
        "Received: from mx.desk.example by imap.desk.example\nAuthentication-Results: spf.desk.example; spf=none\n\
         Received: from evil.example by mx.desk.example\n\
         Authentication-Results: dkim.desk.example; dkim=pass header.d=customer.example\n",
    );
    for names in [&["spf.desk.example", "dkim.desk.example"][..], &["spf.desk.example", "*.desk.example"]] {
        assert_eq!(standing(&forged, &trust(names)), Standing::Unproven, "{names:?}");
    }
    let behind = mail(
        "Received: from mx.desk.example by imap.desk.example\nAuthentication-Results: spf.desk.example; spf=none\n\
         X-Checked: yes\nAuthentication-Results: dkim.desk.example; dkim=pass header.d=customer.example\n\
         Received: from mail.customer.example by mx.desk.example\n",
    );
    assert_eq!(standing(&behind, &trust(&["spf.desk.example", "dkim.desk.example"])), Standing::Aligned(By::Dkim));

    let hosts = trust(&["*.mx.desk.example"]);
    let host = |id: &str| mail(&format!("Authentication-Results: {id}; dkim=pass header.d=customer.example\n"));
    assert_eq!(standing(&host("Host-7.MX.desk.example"), &hosts), Standing::Aligned(By::Dkim));
    for stranger in ["mx.desk.example", "evilmx.desk.example", "a.mx.desk.example.evil.example", ".mx.desk.examples"] {
        assert_eq!(standing(&host(stranger), &hosts), Standing::Unproven, "{stranger}");
    }
    let below = mail(
        "Authentication-Results: a.mx.desk.example; dkim=none\n\
         Authentication-Results: b.mx.desk.example; dkim=pass header.d=customer.example\n",
    );
    assert_eq!(standing(&below, &hosts), Standing::Unproven, "one word for all hosts");
}

#[test]
fn reads_the_forms_of_many_servers() {
    use Standing::*;
    for (value, standing) in [
        // OpenDKIM and OpenDMARC.
        (
            "mx.desk.example;\tdkim=pass (2048-bit key; unprotected) header.d=customer.example header.i=@customer.example header.a=rsa-sha256 header.s=mail header.b=Zq3/+x9T; dkim-atps=neutral",
            Aligned(By::Dkim),
        ),
        ("OpenDMARC; dmarc=pass (p=reject dis=none) header.from=customer.example", Aligned(By::Dmarc)),
        ("OpenDMARC; dmarc=fail (p=none dis=none) header.from=customer.example", Failed),
        // Rspamd, Fastmail, Yahoo, Exim, Zoho, a gateway.
        ("mx; none", Unproven),
        (
            "mx1.example; dkim=pass header.d=customer.example header.s=a header.b=Qx; arc=none; dmarc=pass (policy=reject) header.from=customer.example; spf=pass (mx1.example: domain of \"bounce+x@news.customer.example\" designates 192.0.2.7 as permitted sender) smtp.mailfrom=\"bounce+x@news.customer.example\"",
            Aligned(By::Dkim),
        ),
        (
            "mx5.example; arc=none (no signatures found); dkim=pass (2048-bit rsa key sha256) header.d=customer.example header.i=@customer.example header.b=AbC+/= header.a=rsa-sha256 header.s=k1 x-bits=2048; dmarc=pass policy.published-domain-policy=reject policy.applied-disposition=none policy.evaluated-disposition=none (p=reject,d=none,d.eval=none) policy.policy-from=p header.from=customer.example",
            Aligned(By::Dkim),
        ),
        (
            "atlas.example; dkim=pass header.i=@customer.example header.s=20230601; spf=pass smtp.mailfrom=customer.example; dmarc=pass(p=NONE) header.from=customer.example;",
            Aligned(By::Dkim),
        ),
        (
            "mail.example; iprev=pass (mx.customer.example) smtp.remote-ip=192.0.2.1; spf=pass smtp.mailfrom=customer.example; dkim=pass header.d=customer.example header.s=s header.a=rsa-sha256; dmarc=pass header.from=customer.example",
            Aligned(By::Dkim),
        ),
        (
            "mx.example; dkim=none; spf=none smtp.mailfrom=anna@customer.example; auth=pass (plain) smtp.auth=anna",
            Unproven,
        ),
        (
            "mx.example; dkim=temperror (DNS timeout) header.d=customer.example; dmarc=temperror header.from=customer.example",
            Unproven,
        ),
        (
            "mx.example; dkim=permerror (no key) header.d=customer.example; dkim=pass header.d=customer.example header.s=two",
            Aligned(By::Dkim),
        ),
        ("mx.example; dkim= pass header.d= customer.example; compauth= pass", Aligned(By::Dkim)),
        // Microsoft 365, with and without a policy of the domain.
        (
            "spf=none (sender IP is 192.0.2.1) smtp.mailfrom=customer.example; dkim=none (message not signed) header.d=none;dmarc=bestguesspass action=none header.from=customer.example;compauth=pass reason=109",
            Unproven,
        ),
        (
            "spf=fail (sender IP is 192.0.2.1) smtp.mailfrom=customer.example; dkim=none (message not signed) header.d=none;dmarc=fail action=oreject header.from=customer.example;compauth=fail reason=000",
            Failed,
        ),
        ("dkim=none (message not signed) header.d=none;dmarc=none action=none header.from=customer.example;", Unproven),
    ] {
        assert_eq!(standing_of(value), standing, "{value}");
    }
}
