//! Getting in, and being told clearly why not.

use std::net::TcpListener;

use postcase::config::{Login, MailboxConfig, Security};
use postcase::mailbox::{TroubleKind, probe};
use secrecy::SecretString;

use crate::lab::dovecot::{Dovecot, Setup};
use crate::lab::script::{Folder, Reply, Script};
use crate::lab::{eventually, free_port, mail};
use crate::ledger::Ledger;
use crate::{Followed, plain, server};

/// How a server is reached.
fn by(dovecot: &Dovecot, security: Security) -> MailboxConfig {
    let port = if security == Security::Tls { dovecot.ports.imaps } else { dovecot.ports.imap };
    MailboxConfig { server: server(port, security, Some(dovecot.ca_file())), ..plain(port) }
}

async fn trouble(config: &MailboxConfig) -> (TroubleKind, String) {
    let trouble = probe(config).await.expect_err("it cannot be opened");
    assert_eq!(trouble.sentence, trouble.to_string());
    (trouble.kind, trouble.sentence)
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_starttls_and_plain_text_by_name() {
    let dovecot = Dovecot::start();
    dovecot.deliver("support", &mail("one"));
    for security in [Security::Tls, Security::StartTls, Security::Plaintext] {
        let config = by(&dovecot, security);
        let probe = probe(&config).await.expect("it opens");
        assert!(probe.idle && probe.messages == 1, "{probe:?}");
        let ledger = Ledger::default();
        let followed = Followed::start(&config, &ledger);
        ledger.has_subjects(&["one"]);
        followed.stop().await;
    }
    let log = dovecot.log();
    assert_eq!(log.matches(", TLS, session").count(), 4, "two by TLS and two by STARTTLS: {log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_verified() {
    let dovecot = Dovecot::start();
    for security in [Security::Tls, Security::StartTls] {
        let mut config = by(&dovecot, security);
        config.server.host = "127.0.0.1".to_owned();
        let (kind, sentence) = trouble(&config).await;
        assert_eq!(kind, TroubleKind::Tls);
        assert!(sentence.contains("made out to localhost"), "{sentence}");

        let mut config = by(&dovecot, security);
        config.server.ca_file = None;
        let (kind, sentence) = trouble(&config).await;
        assert_eq!(kind, TroubleKind::Tls);
        assert!(sentence.contains("does not trust") && sentence.contains("ca_file"), "{sentence}");

        let mut config = by(&dovecot, security);
        config.server.ca_file = Some("/nowhere/ca.pem".into());
        let (kind, sentence) = trouble(&config).await;
        assert_eq!(kind, TroubleKind::Tls);
        assert!(sentence.contains("/nowhere/ca.pem cannot be read"), "{sentence}");
    }
}

/// B9: STARTTLS is strict. No password is sent where there is no encryption.
#[tokio::test(flavor = "multi_thread")]
async fn starttls_never_falls_back() {
    let dovecot = Dovecot::start_with(Setup { tls: false, ..Setup::default() });
    let (kind, sentence) = trouble(&by(&dovecot, Security::StartTls)).await;
    assert_eq!(kind, TroubleKind::Tls);
    assert!(sentence.contains("does not start TLS"), "{sentence}");
    for answer in ["NO not today", "BAD what"] {
        let mut folder = Folder::with(Vec::new());
        folder.capability = "STARTTLS AUTH=PLAIN".to_owned();
        let script = Script::start(folder, move |command| match command.verb.as_str() {
            "STARTTLS" => command.answer(answer),
            _ => Reply::Proper,
        });
        let mut config = plain(script.port);
        config.server.security = Security::StartTls;
        let (kind, sentence) = trouble(&config).await;
        assert_eq!(kind, TroubleKind::Tls);
        assert!(sentence.contains("does not start TLS"), "{sentence}");
        assert!(!script.heard().iter().any(|c| matches!(c.verb.as_str(), "LOGIN" | "AUTHENTICATE")));
    }
    // Already logged in before TLS: somebody in between may have said so.
    let mut folder = Folder::with(Vec::new());
    folder.greeting = "* PREAUTH welcome".to_owned();
    let script = Script::start(folder, |_| Reply::Proper);
    let mut config = plain(script.port);
    config.server.security = Security::StartTls;
    assert_eq!(trouble(&config).await.0, TroubleKind::Protocol);
    assert!(script.heard().is_empty());
}

/// A wrong password is told without the password, does not hammer, and is overcome once it is right.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_told_and_overcome() {
    let mut dovecot = Dovecot::start();
    dovecot.deliver("support", &mail("one"));
    let mut config = plain(dovecot.ports.imap);
    config.login = Login::Password(SecretString::from("swordfish-20"));
    let (kind, sentence) = trouble(&config).await;
    assert_eq!(kind, TroubleKind::Login);
    assert!(sentence.contains("refused the login of \"support\"") && sentence.contains("password"), "{sentence}");
    let ledger = Ledger::default();
    let _followed = Followed::start(&config, &ledger);
    ledger.has_trouble("refused the login");
    dovecot.set_password("support", "swordfish-20");
    ledger.has_subjects(&["one"]);
    eventually("no trouble", || ledger.last_state().filter(|state| state.trouble.is_none()));
    let book = ledger.book();
    assert!(!book.states.iter().any(|state| format!("{state:?}").contains("swordfish")));
}

/// LOGIN where there is no AUTHENTICATE PLAIN; quotes and letters beyond ASCII in passwords.
#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_said_in_the_way_the_server_offers() {
    let odd = "pä\"ss\\wörd {5}";
    let script = Script::start(Folder::with(Vec::new()), |_| Reply::Proper);
    let config = MailboxConfig { login: Login::Password(SecretString::from(odd)), ..plain(script.port) };
    probe(&config).await.expect("it opens");
    let login = script.heard().into_iter().find(|command| command.verb == "LOGIN").expect("LOGIN");
    assert_eq!(login.rest, "\"support\" \"pä\\\"ss\\\\wörd {5}\"");

    let dovecot = Dovecot::start_with(Setup {
        users: vec![("support".to_owned(), "pä\"ss\\wörd {5}".to_owned())],
        ..Setup::default()
    });
    probe(&MailboxConfig { server: by(&dovecot, Security::Tls).server, ..config }).await.expect("it opens");

    let mut folder = Folder::with(Vec::new());
    folder.capability = "LOGINDISABLED".to_owned();
    let script = Script::start(folder, |_| Reply::Proper);
    let (kind, sentence) = trouble(&plain(script.port)).await;
    assert_eq!(kind, TroubleKind::Login);
    assert!(sentence.contains("permits no login by password"), "{sentence}");
    assert_eq!(script.count("LOGIN"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_folder_is_told() {
    let dovecot = Dovecot::start();
    let config = MailboxConfig { folder: "Anfragen".to_owned(), ..plain(dovecot.ports.imap) };
    let (kind, sentence) = trouble(&config).await;
    assert_eq!(kind, TroubleKind::NoMailbox);
    assert!(sentence.contains("\"Anfragen\"") && sentence.contains("check `folder`"), "{sentence}");
    let ledger = Ledger::default();
    let _followed = Followed::start(&config, &ledger);
    ledger.has_trouble("\"Anfragen\"");
    let mut client = dovecot.client("support");
    client.ok("CREATE Anfragen");
    client.append("Anfragen", "", None, &mail("one"));
    ledger.has_subjects(&["one"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_server_is_told() {
    let (kind, sentence) = trouble(&plain(free_port())).await;
    assert_eq!(kind, TroubleKind::Unreachable);
    assert!(sentence.contains("cannot be reached") && sentence.contains("`host`"), "{sentence}");

    let mut config = plain(143);
    config.server.host = "no-such-host.invalid".to_owned();
    assert_eq!(trouble(&config).await.0, TroubleKind::Unreachable);

    // Takes the connection and says nothing.
    let silent = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let mut config = plain(silent.local_addr().expect("it is bound").port());
    config.server.timeout = std::time::Duration::from_millis(300);
    assert_eq!(trouble(&config).await.0, TroubleKind::Unreachable);
    config.server.security = Security::Tls;
    assert_eq!(trouble(&config).await.0, TroubleKind::Tls);
}

/// What is not IMAP, or not TLS, is said to be so.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_another_kind_is_told() {
    let dovecot = Dovecot::start();
    let (kind, sentence) = trouble(&plain(dovecot.ports.lmtp)).await;
    assert_eq!(kind, TroubleKind::Protocol, "{sentence}");
    assert!(sentence.contains("does not greet like an IMAP server"), "{sentence}");
    let mut config = by(&dovecot, Security::Tls);
    config.server.port = dovecot.ports.imap;
    let (kind, sentence) = trouble(&config).await;
    assert_eq!(kind, TroubleKind::Tls);
    assert!(sentence.contains("starttls"), "{sentence}");
}

/// Exchange's way to say that the user may log in and not open the mailbox has its own remedy.
#[tokio::test(flavor = "multi_thread")]
async fn exchange_without_permission_is_told() {
    let script = Script::start(Folder::with(Vec::new()), |command| match command.verb.as_str() {
        "EXAMINE" => command.answer("BAD User is authenticated but not connected."),
        _ => Reply::Proper,
    });
    let (kind, sentence) = trouble(&plain(script.port)).await;
    assert_eq!(kind, TroubleKind::NoMailbox);
    assert!(sentence.contains("in Exchange"), "{sentence}");
}
