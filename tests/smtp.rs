//! The courier against a server that answers, refuses, stalls and hangs up at every moment (B28).

#[path = "lab/smtp_sink.rs"]
#[allow(dead_code)]
mod smtp_sink;

use std::time::Duration;

use postcase::config::{Login, Security, Server, SmtpConfig};
use postcase::mail::Address;
use postcase::smtp::{Attempt, Begun, Beneath, Courier, Delivery, Outgoing, Patience, TroubleKind, probe};
use smtp_sink::{Act, Encryption, Manner, SmtpSink, Stage};

/// Longer than any test runs.
const LONG: Duration = Duration::from_secs(300);
/// A deadline that passes.
const SHORT: Duration = Duration::from_millis(400);

fn config(sink: &SmtpSink, security: Security) -> SmtpConfig {
    let host = if security == Security::Plaintext { "127.0.0.1" } else { "localhost" };
    SmtpConfig {
        server: Server { host: host.to_owned(), port: sink.port(), security, ca_file: None, timeout: LONG },
        user: None,
        login: None,
        helo: Some("desk.example.com".to_owned()),
    }
}

fn patience() -> Patience {
    Patience { connect: LONG, command: LONG, text: LONG, final_dot: LONG, idle: LONG }
}

fn courier(sink: &SmtpSink) -> Courier {
    Courier::with_patience(config(sink, Security::Plaintext), patience())
}

fn with_login(mut config: SmtpConfig, password: &str) -> SmtpConfig {
    config.user = Some("desk".to_owned());
    config.login = Some(Login::Password(password.to_owned().into()));
    config
}

fn address(text: &str) -> Address {
    Address::parse(text).expect("an address")
}

fn mail(recipients: &[&str]) -> Outgoing {
    Outgoing {
        id: 1,
        reverse_path: Some(address("support@example.com")),
        recipients: recipients.iter().map(|recipient| address(recipient)).collect(),
        bytes: b"Subject: dots\r\n\r\n.\r\n..two\r\n.end\r\n".to_vec(),
        envelope_id: "case+1".to_owned(),
    }
}

fn named(attempt: &Attempt) -> Vec<&'static str> {
    let name = |delivery: &Delivery| match delivery {
        Delivery::Accepted { .. } => "accepted",
        Delivery::Deferred { .. } => "deferred",
        Delivery::Refused { .. } => "refused",
        Delivery::Unknown { .. } => "unknown",
    };
    attempt.verdicts.iter().map(|(_, delivery)| name(delivery)).collect()
}

fn authority_file(sink: &SmtpSink) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), sink.authority()).expect("a writable file");
    file
}

#[tokio::test]
async fn envelope_and_bytes_arrive_as_they_were_given() {
    let sink = SmtpSink::start(Manner::default());
    let mut courier = courier(&sink);
    let with_reply = mail(&["anna@example.org", "a..b@docomo.example"]);
    let attempt = courier.deliver(&with_reply).await;
    assert_eq!(named(&attempt), ["accepted", "accepted"]);
    assert_eq!(attempt.trouble, None);
    let without = Outgoing { reverse_path: None, ..mail(&["anna@example.org"]) };
    courier.deliver(&without).await;
    courier.close().await;

    let taken = sink.wait_for(2);
    assert_eq!(taken[0].bytes, with_reply.bytes);
    assert_eq!(taken[0].reverse_path, "support@example.com");
    assert_eq!(taken[0].recipients, ["anna@example.org", "\"a..b\"@docomo.example"]);
    assert_eq!(taken[0].parameters, ["SIZE=33", "RET=HDRS", "ENVID=case+2B1"]);
    assert_eq!(taken[0].recipient_parameters[0], ["NOTIFY=FAILURE,DELAY", "ORCPT=rfc822;anna@example.org"]);
    assert_eq!(taken[0].helo, "desk.example.com");
    assert_eq!(taken[1].reverse_path, "");
    assert_eq!(taken[1].recipient_parameters[0], ["NOTIFY=NEVER", "ORCPT=rfc822;anna@example.org"]);
    assert_eq!(sink.connections(), 1, "one connection carries both");
    sink.wait_for_word("QUIT");
}

#[tokio::test]
async fn nothing_is_asked_for_that_is_not_offered() {
    let sink = SmtpSink::start(Manner { offers: Vec::new(), ..Manner::default() });
    assert_eq!(named(&courier(&sink).deliver(&mail(&["anna@example.org"])).await), ["accepted"]);
    let taken = sink.wait_for(1);
    assert_eq!((taken[0].parameters.len(), taken[0].recipient_parameters[0].len()), (0, 0));
}

#[tokio::test]
async fn each_recipient_has_a_verdict_of_its_own() {
    let sink = SmtpSink::start(Manner::default());
    sink.recipient("gone@example.org", "550 5.1.1 no such user");
    sink.recipient("full@example.org", "452 4.2.2 mailbox full");
    sink.recipient("many@example.org", "552 5.5.3 too many recipients");
    let recipients = ["anna@example.org", "gone@example.org", "full@example.org", "many@example.org"];
    let attempt = courier(&sink).deliver(&mail(&recipients)).await;
    assert_eq!(named(&attempt), ["accepted", "refused", "deferred", "deferred"]);
    let Delivery::Refused { reply } = &attempt.verdicts[1].1 else { unreachable!("it is refused") };
    assert_eq!(reply, "550 5.1.1 no such user");
    assert_eq!(attempt.trouble, None, "a recipient's refusal is no trouble of the server's");
    assert_eq!(sink.wait_for(1)[0].recipients, ["anna@example.org"]);
}

#[tokio::test]
async fn without_a_recipient_there_is_no_data() {
    let sink = SmtpSink::start(Manner::default());
    sink.recipient("gone@example.org", "550 5.1.1 no such user");
    let mut courier = courier(&sink);
    assert_eq!(named(&courier.deliver(&mail(&["gone@example.org"])).await), ["refused"]);
    assert!(!sink.heard().contains(&"DATA".to_owned()), "{:?}", sink.heard());
    assert_eq!(named(&courier.deliver(&mail(&["anna@example.org"])).await), ["accepted"]);
    assert!(sink.heard().contains(&"RSET".to_owned()), "{:?}", sink.heard());
    assert_eq!(sink.connections(), 1);
}

#[tokio::test]
async fn a_verdict_on_the_mail_is_everybodys() {
    let sink = SmtpSink::start(Manner::default());
    let mut courier = courier(&sink);
    for (stage, line, verdict) in [
        (Stage::Mail, "552 5.3.4 too big", "refused"),
        (Stage::Mail, "451 4.3.0 later", "deferred"),
        (Stage::Data, "554 5.6.0 no", "refused"),
        (Stage::Data, "451 4.3.0 later", "deferred"),
        (Stage::FinalDot, "554 5.7.1 spam", "refused"),
        (Stage::FinalDot, "552 5.3.4 too big", "refused"),
        (Stage::FinalDot, "451 4.7.1 greylisted", "deferred"),
        (Stage::FinalDot, "421 4.3.2 shutting down", "deferred"),
    ] {
        sink.at(stage, Act::Say(line.to_owned()), 1);
        let attempt = courier.deliver(&mail(&["anna@example.org", "bob@example.org"])).await;
        assert_eq!(named(&attempt), [verdict, verdict], "{stage:?} {line}");
        assert_eq!(attempt.trouble, None, "{stage:?} {line}");
    }
    assert!(sink.taken().is_empty());
    assert_eq!(named(&courier.deliver(&mail(&["anna@example.org"])).await), ["accepted"]);
    assert_eq!(sink.connections(), 2, "only 421 ends a connection");
}

#[tokio::test]
async fn what_the_server_holds_against_us_is_not_the_mails_fault() {
    for (stage, line, word) in [
        (Stage::Greeting, "554 5.7.1 your address is blocked", "turns us away"),
        (Stage::Greeting, "421 4.3.2 busy", "turns us away"),
        (Stage::Mail, "530 5.7.0 log in first", "after a login"),
        (Stage::Mail, "553 5.7.1 not your address", "support@example.com"),
        (Stage::Rcpt, "530 5.7.0 log in first", "after a login"),
    ] {
        let sink = SmtpSink::start(Manner::default());
        sink.at(stage, Act::Say(line.to_owned()), 1);
        let mut courier = courier(&sink);
        let attempt = courier.deliver(&mail(&["anna@example.org"])).await;
        assert_eq!(named(&attempt), ["deferred"], "{line}");
        let trouble = attempt.trouble.expect("a trouble");
        assert!(trouble.contains(word) && trouble.contains(line), "{trouble}");
        assert_eq!(named(&courier.deliver(&mail(&["anna@example.org"])).await), ["accepted"], "{line}");
    }
    let sink = SmtpSink::start(Manner::default());
    sink.at(Stage::Mail, Act::Say("550 5.7.1 empty sender not allowed".to_owned()), 1);
    let attempt = courier(&sink).deliver(&Outgoing { reverse_path: None, ..mail(&["anna@example.org"]) }).await;
    assert!(attempt.trouble.expect("a trouble").contains("reverse_path = \"desk\""));
}

#[tokio::test]
async fn a_connection_that_ends_before_the_final_dot_defers() {
    for stage in [Stage::Greeting, Stage::Ehlo, Stage::Mail, Stage::Rcpt, Stage::Data, Stage::Text] {
        let sink = SmtpSink::start(Manner::default());
        sink.at(stage, Act::Drop, 1);
        let mut courier = courier(&sink);
        let mail = match stage {
            // Larger than the buffers between the two, so that the end comes while the text is sent.
            Stage::Text => Outgoing { bytes: b"0123456789\r\n".repeat(1_000_000), ..mail(&["anna@example.org"]) },
            _ => mail(&["anna@example.org"]),
        };
        let attempt = courier.deliver(&mail).await;
        assert_eq!(named(&attempt), ["deferred"], "{stage:?}");
        assert!(attempt.trouble.is_some(), "{stage:?}");
        let begun = if matches!(stage, Stage::Rcpt | Stage::Data | Stage::Text) { Begun::Yes } else { Begun::No };
        assert_eq!(attempt.begun, begun, "{stage:?}: only what came as far as the mail is an attempt at it");
        assert!(sink.taken().is_empty(), "{stage:?}");
        assert_eq!(named(&courier.deliver(&mail).await), ["accepted"], "{stage:?}");
        assert_eq!(sink.connections(), 2, "{stage:?}");
    }
}

#[tokio::test]
async fn after_the_final_dot_the_fate_is_unknown() {
    let sink = SmtpSink::start(Manner::default());
    let mut courier = courier(&sink);
    for act in [Act::Drop, Act::TakeAndDrop] {
        sink.at(Stage::FinalDot, act, 1);
        let attempt = courier.deliver(&mail(&["anna@example.org", "bob@example.org"])).await;
        assert_eq!(named(&attempt), ["unknown", "unknown"]);
        assert!(attempt.trouble.is_some());
    }
    assert_eq!(named(&courier.deliver(&mail(&["anna@example.org"])).await), ["accepted"]);
    let taken = sink.wait_for(2);
    assert_eq!(taken[0].bytes, taken[1].bytes, "the same bytes go out again");
}

#[tokio::test]
async fn every_stage_has_its_deadline() {
    let stages = [
        (Stage::Greeting, "deferred"),
        (Stage::Ehlo, "deferred"),
        (Stage::Mail, "deferred"),
        (Stage::Rcpt, "deferred"),
        (Stage::Data, "deferred"),
        (Stage::Text, "deferred"),
        (Stage::FinalDot, "unknown"),
    ];
    for (stage, verdict) in stages {
        let sink = SmtpSink::start(Manner::default());
        sink.at(stage, Act::Stall, 1);
        let patience = match stage {
            Stage::Text => Patience { text: SHORT, ..patience() },
            Stage::FinalDot => Patience { text: SHORT, final_dot: SHORT, ..patience() },
            _ => Patience { command: SHORT, ..patience() },
        };
        let mut courier = Courier::with_patience(config(&sink, Security::Plaintext), patience);
        let mail = match stage {
            // More than the buffers between the two hold.
            Stage::Text => Outgoing { bytes: b"0123456789\r\n".repeat(1_000_000), ..mail(&["anna@example.org"]) },
            _ => mail(&["anna@example.org"]),
        };
        assert_eq!(named(&courier.deliver(&mail).await), [verdict], "{stage:?}");
        assert!(sink.taken().is_empty(), "{stage:?}");
    }
}

#[tokio::test]
async fn a_slow_server_is_waited_for() {
    let sink = SmtpSink::start(Manner::default());
    for stage in [Stage::Greeting, Stage::Ehlo, Stage::Mail, Stage::Rcpt, Stage::Data, Stage::FinalDot] {
        sink.at(stage, Act::Delay(Duration::from_millis(20)), 1);
    }
    assert_eq!(named(&courier(&sink).deliver(&mail(&["anna@example.org"])).await), ["accepted"]);
}

/// The fault that pooled connections have: the reply to a delivery that was given up is taken for the next one's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_false_success_after_a_delivery_is_dropped() {
    for (stage, word) in [(Stage::FinalDot, "."), (Stage::Data, "DATA"), (Stage::Rcpt, "RCPT"), (Stage::Mail, "MAIL")] {
        let sink = SmtpSink::start(Manner::default());
        let mut courier = courier(&sink);
        assert_eq!(named(&courier.deliver(&mail(&["first@example.org"])).await), ["accepted"]);
        let before = sink.heard().iter().filter(|line| line.starts_with(word)).count();
        sink.at(stage, Act::Stall, 1);
        let dropped = mail(&["dropped@example.org"]);
        let heard = async {
            while sink.heard().iter().filter(|line| line.starts_with(word)).count() == before {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            attempt = courier.deliver(&dropped) => panic!("{stage:?}: {attempt:?}"),
            () = heard => {}
        }
        sink.recipient("refused@example.org", "550 5.1.1 no such user");
        let attempt = courier.deliver(&mail(&["refused@example.org", "last@example.org"])).await;
        assert_eq!(named(&attempt), ["refused", "accepted"], "{stage:?}");
        assert_eq!(sink.connections(), 2, "{stage:?}: the dropped delivery took its connection with it");
        let taken: Vec<_> = sink.wait_for(2).into_iter().map(|mail| mail.recipients).collect();
        assert_eq!(taken, [["first@example.org"], ["last@example.org"]], "{stage:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_known_when_a_mail_is_past_its_final_dot() {
    let sink = SmtpSink::start(Manner::default());
    let mut courier = courier(&sink);
    let bar = courier.bar();
    for (stage, word, past) in [(Stage::Data, "DATA", false), (Stage::FinalDot, ".", true)] {
        sink.at(stage, Act::Stall, 1);
        let seen = async {
            while !sink.heard().iter().any(|line| line == word) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            bar.is_dot_out()
        };
        let mail = mail(&["anna@example.org"]);
        tokio::select! {
            attempt = courier.deliver(&mail) => panic!("{attempt:?}"),
            seen = seen => assert_eq!(seen, past, "{stage:?}"),
        }
        assert!(!bar.is_dot_out(), "nothing is under way any more");
    }
    assert_eq!(named(&courier.deliver(&mail(&["anna@example.org"])).await), ["accepted"]);
    assert!(!bar.is_dot_out());
}

/// The end of the desk while a mail is on its way: what has not passed its final dot does not pass it any more, and is
/// not delivered; what has passed is waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_mail_passes_its_final_dot_once_the_bar_is_down() {
    for (stage, word, beneath) in [(Stage::Data, "DATA", Beneath::Nothing), (Stage::FinalDot, ".", Beneath::Dot)] {
        let sink = SmtpSink::start(Manner::default());
        let mut courier = courier(&sink);
        let bar = courier.bar();
        sink.at(stage, Act::Delay(Duration::from_millis(200)), 1);
        let lowered = async {
            while !sink.heard().iter().any(|line| line == word) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            bar.lower()
        };
        let mail = mail(&["anna@example.org"]);
        let (attempt, found) = tokio::join!(courier.deliver(&mail), lowered);
        assert_eq!(found, beneath, "{stage:?}");
        match beneath {
            Beneath::Nothing => {
                assert_eq!(named(&attempt), ["deferred"]);
                drop(courier);
                sink.wait_until_quiet();
                assert!(sink.taken().is_empty(), "{:?}", sink.heard());
            }
            Beneath::Dot => {
                assert_eq!(named(&attempt), ["accepted"]);
                assert_eq!(sink.taken().len(), 1);
            }
        }
        assert_eq!(bar.lower(), Beneath::Nothing);
    }
}

#[tokio::test]
async fn connections_are_used_again_within_bounds() {
    let sink = SmtpSink::start(Manner::default());
    let mut long = courier(&sink);
    assert_eq!(long.idle_until(), None);
    for _ in 0..101 {
        assert_eq!(named(&long.deliver(&mail(&["anna@example.org"])).await), ["accepted"]);
    }
    assert_eq!(sink.connections(), 2, "one connection carries a hundred mails");
    assert!(long.idle_until().is_some());
    sink.at(Stage::Rset, Act::Drop, 1);
    assert_eq!(named(&long.deliver(&mail(&["anna@example.org"])).await), ["accepted"], "closed meanwhile");
    assert_eq!(sink.connections(), 3);

    let brief = Patience { idle: Duration::ZERO, ..patience() };
    let mut brief = Courier::with_patience(config(&sink, Security::Plaintext), brief);
    for _ in 0..2 {
        assert_eq!(named(&brief.deliver(&mail(&["anna@example.org"])).await), ["accepted"]);
    }
    assert_eq!(sink.connections(), 5, "an idle connection is not trusted for ever");
}

#[tokio::test]
async fn a_mail_over_the_servers_limit_is_not_tried() {
    let sink = SmtpSink::start(Manner { offers: vec!["SIZE 20".into()], ..Manner::default() });
    let attempt = courier(&sink).deliver(&mail(&["anna@example.org"])).await;
    assert_eq!(named(&attempt), ["refused"]);
    assert!(!sink.heard().iter().any(|line| line.starts_with("MAIL")));
}

#[tokio::test]
async fn addresses_beyond_ascii_need_a_server_that_takes_them() {
    let sink = SmtpSink::start(Manner { offers: Vec::new(), ..Manner::default() });
    let recipients = ["jörg@example.org", "info@bücher.example"];
    assert_eq!(named(&courier(&sink).deliver(&mail(&recipients)).await), ["refused", "accepted"]);
    assert_eq!(sink.wait_for(1)[0].recipients, ["info@xn--bcher-kva.example"]);

    let sink = SmtpSink::start(Manner::default());
    assert_eq!(named(&courier(&sink).deliver(&mail(&recipients)).await), ["accepted", "accepted"]);
    assert!(sink.wait_for(1)[0].parameters.contains(&"SMTPUTF8".to_owned()));
}

#[tokio::test]
async fn starttls_is_strict() {
    let sink = SmtpSink::start(Manner::default());
    let strict = with_login(config(&sink, Security::StartTls), "secret");
    let trouble = probe(&strict).await.expect_err("no STARTTLS is offered");
    assert_eq!(trouble.kind, TroubleKind::Tls);
    let attempt = Courier::with_patience(strict, patience()).deliver(&mail(&["anna@example.org"])).await;
    assert_eq!(named(&attempt), ["deferred"]);
    assert!(!sink.heard().iter().any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")));

    for said in ["454 4.7.0 no TLS now", "220 go ahead\r\n250-injected\r\n250 AUTH PLAIN"] {
        let sink = SmtpSink::start(Manner { encryption: Encryption::StartTls, ..Manner::default() });
        let authority = authority_file(&sink);
        let mut config = config(&sink, Security::StartTls);
        config.server.ca_file = Some(authority.path().to_owned());
        sink.at(Stage::StartTls, Act::Say(said.to_owned()), 1);
        probe(&config).await.expect_err("no TLS, or words smuggled in before it");
        assert!(!sink.heard().iter().any(|line| line.starts_with("NOOP")), "{said}");
        probe(&config).await.expect("as usual");
    }
}

#[tokio::test]
async fn secrets_travel_encrypted() {
    for (encryption, security) in [
        (Encryption::StartTls, Security::StartTls),
        (Encryption::Implicit, Security::Tls),
        (Encryption::None, Security::Plaintext),
    ] {
        for mechanisms in ["PLAIN LOGIN", "LOGIN"] {
            let login = Some(("desk".to_owned(), "secret".to_owned()));
            let manner = Manner { encryption, login, mechanisms: mechanisms.to_owned(), ..Manner::default() };
            let sink = SmtpSink::start(manner);
            let authority = authority_file(&sink);
            let mut config = with_login(config(&sink, security), "secret");
            config.server.ca_file = Some(authority.path().to_owned());
            probe(&config).await.expect("a login");
            let attempt = Courier::with_patience(config, patience()).deliver(&mail(&["anna@example.org"])).await;
            assert_eq!(named(&attempt), ["accepted"], "{security:?} {mechanisms}");
            let taken = sink.wait_for(1);
            assert_eq!(taken[0].tls, security != Security::Plaintext);
            assert_eq!(taken[0].user.as_deref(), Some("desk"));
            assert_eq!(taken[0].bytes, mail(&[]).bytes);
        }
    }
}

#[tokio::test]
async fn every_trouble_says_what_to_do() {
    let login = Some(("desk".to_owned(), "secret".to_owned()));
    let sink = SmtpSink::start(Manner { login: login.clone(), ..Manner::default() });
    let plain = config(&sink, Security::Plaintext);
    let wrong = probe(&with_login(plain.clone(), "guess")).await.expect_err("a wrong password");
    assert_eq!(wrong.kind, TroubleKind::Login);
    assert!(wrong.to_string().contains("password") && !wrong.to_string().contains("guess"), "{wrong}");
    let attempt = Courier::new(with_login(plain.clone(), "guess")).deliver(&mail(&["anna@example.org"])).await;
    assert_eq!(named(&attempt), ["deferred"], "a wrong password is not the mail's fault");
    let attempt = Courier::new(plain).deliver(&mail(&["anna@example.org"])).await;
    assert_eq!(named(&attempt), ["deferred"]);
    assert!(attempt.trouble.expect("a trouble").contains("login"));

    let sink = SmtpSink::start(Manner::default());
    let none = with_login(config(&sink, Security::Plaintext), "secret");
    assert_eq!(probe(&none).await.expect_err("no AUTH is offered").kind, TroubleKind::Login);

    let sink = SmtpSink::start(Manner { encryption: Encryption::Implicit, ..Manner::default() });
    let strange = config(&sink, Security::Tls);
    assert_eq!(probe(&strange).await.expect_err("an unknown authority").kind, TroubleKind::Tls);

    let sink = SmtpSink::start(Manner::default());
    sink.at(Stage::Greeting, Act::Say("* OK IMAP4rev1 ready".to_owned()), 1);
    let imap = probe(&config(&sink, Security::Plaintext)).await.expect_err("no SMTP");
    assert_eq!(imap.kind, TroubleKind::Protocol, "{imap}");

    let closed = config(&sink, Security::Plaintext);
    drop(sink);
    let closed = probe(&closed).await.expect_err("nobody listens");
    assert_eq!(closed.kind, TroubleKind::Unreachable);
    assert!(closed.to_string().contains("check `host` and `port`"), "{closed}");
}

#[tokio::test]
async fn the_sink_keeps_what_it_took() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let manner = Manner { folder: Some(folder.path().join("taken")), ..Manner::default() };
    let sink = SmtpSink::start(manner.clone());
    courier(&sink).deliver(&mail(&["anna@example.org", "bob@example.org"])).await;
    let taken = sink.wait_for(1);
    drop(sink);
    assert_eq!(smtp_sink::read_folder(&folder.path().join("taken")), taken);
    let again = SmtpSink::start(manner);
    courier(&again).deliver(&mail(&["carol@example.org"])).await;
    assert_eq!(again.wait_for(2)[0], taken[0]);
}
