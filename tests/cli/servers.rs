//! `check` and `status` against real servers, right and wrong.

use serde_json::Value;

use crate::lab::dovecot::Dovecot;
use crate::lab::{CERTIFICATES, eventually, mail};
use crate::place::{PASSWORD, Place, sink};
use crate::smtp_sink::{Encryption, Manner, SmtpSink};

fn checked(place: &Place) -> (i32, Value) {
    let said = place.run(&["check", "--format", "json"]);
    (said.code, serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error} {said:?}")))
}

#[track_caller]
fn fault(place: &Place, code: i32, what: &str, words: &[&str]) {
    let (exit, all) = checked(place);
    assert_eq!(exit, code, "{all}");
    let faults: Vec<&Value> = all.as_array().unwrap().iter().filter(|one| one["ok"] == false).collect();
    let found = faults.iter().find(|one| one["what"] == what).unwrap_or_else(|| panic!("no fault of {what}: {all}"));
    let said = found["said"].as_str().unwrap();
    assert!(words.iter().all(|word| said.contains(word)), "{words:?} in {said}");
    for sign in ["CaUsed", "Error(", "Some(", "os error", " { "] {
        assert!(!said.contains(sign), "{said} is for programmers");
    }
}

#[test]
fn everything_is_well() {
    let (dovecot, sink) = (Dovecot::start(), sink());
    let place = Place::at(&dovecot, &sink);
    dovecot.deliver("support", &mail("one"));
    let said = place.run(&["check"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{said:?}");
    assert_eq!(said.out.lines().filter(|line| line.starts_with("ok ")).count(), 5, "{said:?}");
    assert!(said.out.contains("mailbox support: 1 message in INBOX, IDLE"), "{said:?}");
    assert!(said.out.contains("will be made at the first start"), "{said:?}");
    assert!(!place.database().exists(), "checking changes nothing");
    let place = place.with_case();
    let before = place.content();
    assert_eq!(place.run(&["check"]).code, 0);
    assert_eq!(place.content(), before);
}

#[test]
fn every_fault_is_listed() {
    let place = Place::alone();
    let (code, all) = checked(&place);
    assert_eq!(code, 69, "{all}");
    let faults = all.as_array().unwrap().iter().filter(|one| one["ok"] == false).count();
    assert_eq!(faults, 2, "{all}");
    fault(&place, 69, "mailbox support", &["cannot be reached", "`port`"]);
    fault(&place, 69, "smtp", &["cannot be reached", "`port`"]);
    assert_eq!(place.run(&["check", "--offline"]).code, 0);
}

#[test]
fn a_wrong_password_and_a_folder_that_is_not_there() {
    let (dovecot, sink) = (Dovecot::start(), sink());
    let place = Place::at(&dovecot, &sink);
    place.reconfigure("poll = \"1s\"", "poll = \"1s\"\nfolder = \"Cases/New\"");
    fault(&place, 78, "mailbox support", &["Cases/New", "`folder`"]);
    place.reconfigure("{ env = \"IMAP_PASSWORD\" }", "{ file = \"imap.password\" }");
    place.write("imap.password", "wrong-password-7\n");
    fault(&place, 77, "mailbox support", &["refused the login", "password"]);
    assert!(!place.run(&["check"]).out.contains("wrong-password-7"));
}

#[test]
fn certificates_that_do_not_match() {
    let (dovecot, sink) = (Dovecot::start(), sink());
    let place = Place::at(&dovecot, &sink);
    place.reconfigure("security = \"plaintext\"\nuser", "security = \"starttls\"\nuser");
    fault(&place, 78, "mailbox support", &["does not trust", "ca_file"]);
    place.write("ca.pem", &CERTIFICATES.authority);
    place.reconfigure("user = \"support\"", "user = \"support\"\nca_file = \"ca.pem\"");
    assert_eq!(checked(&place).0, 0);
    place.reconfigure("host = \"localhost\"\nport", "host = \"127.0.0.1\"\nport");
    fault(&place, 78, "mailbox support", &["made out to localhost", "`host`"]);
    place.reconfigure("\"starttls\"", "\"tls\"");
    fault(&place, 78, "mailbox support", &["TLS", "starttls"]);
    place.write("ca.pem", "nothing");
    fault(&place, 78, "configuration", &["ca.pem", "PEM"]);
}

#[test]
fn an_authoritys_own_certificate_is_explained_in_words() {
    let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = rcgen::KeyPair::generate().unwrap();
    let own = params.self_signed(&key).unwrap();
    let dovecot = Dovecot::start();
    let cert = dovecot.path().join("cert.pem");
    // The server that is started anew presents an authority's certificate as its own.
    let mut dovecot = dovecot;
    std::fs::write(&cert, own.pem()).unwrap();
    std::fs::write(dovecot.path().join("key.pem"), key.serialize_pem()).unwrap();
    dovecot.restart();
    let sink = sink();
    let place = Place::at(&dovecot, &sink);
    place.reconfigure("security = \"plaintext\"\nuser", "security = \"starttls\"\nuser");
    place.write("ca.pem", &CERTIFICATES.authority);
    place.reconfigure("user = \"support\"", "user = \"support\"\nca_file = \"ca.pem\"");
    fault(&place, 78, "mailbox support", &["ca_file"]);
    place.write("ca.pem", own.pem());
    assert_eq!(checked(&place).0, 0, "named in ca_file it is trusted");
}

#[test]
fn the_smtp_server_refuses() {
    let dovecot = Dovecot::start();
    let login = Some(("support".to_owned(), PASSWORD.to_owned()));
    let sink = SmtpSink::start(Manner { login, encryption: Encryption::StartTls, ..Manner::default() });
    let place = Place::at(&dovecot, &sink);
    let smtp = format!("[smtp]\nhost = \"localhost\"\nport = {}\nsecurity = ", sink.port());
    place.reconfigure(
        &format!("{smtp}\"plaintext\""),
        &format!("{smtp}\"starttls\"\nuser = \"support\"\npassword = {{ env = \"SMTP\" }}"),
    );
    place.reconfigure("{ env = \"SMTP\" }", "{ file = \"smtp.password\" }");
    place.write("smtp.password", "wrong");
    fault(&place, 78, "smtp", &["does not trust", "ca_file"]);
    place.write("sink.pem", sink.authority());
    place.reconfigure(
        "user = \"support\"\npassword = { file",
        "ca_file = \"sink.pem\"\nuser = \"support\"\npassword = { file",
    );
    fault(&place, 77, "smtp", &["refuses the login of support", "password"]);
    place.write("smtp.password", PASSWORD);
    assert_eq!(checked(&place).0, 0);
}

#[test]
fn status_of_a_desk_that_is_well() {
    let (dovecot, sink) = (Dovecot::start(), sink());
    let place = Place::at(&dovecot, &sink);
    dovecot.deliver("support", &mail("one"));
    let daemon = place.daemon();
    sink.wait_for(1);
    eventually("all is well", || (place.run(&["status"]).code == 0).then_some(()));
    let said = place.run(&["status"]);
    assert!(said.out.contains("All is well.") && said.out.contains("connected, IDLE"), "{said:?}");
    let status = place.json(&["status", "--format", "json"]);
    assert_eq!(status["ok"], true);
    assert_eq!(status["daemon"]["pid"], daemon.id());
    assert_eq!(status["servers"][0]["messages"], 1);
    assert_eq!(status["mailboxes"][0]["fates"]["journalled"], 1);
    assert_eq!(status["decisions"]["open"], 1);
    assert_eq!(status["outbox"]["accepted"], 1);
    assert_eq!(status["attention"], serde_json::json!([]));
    daemon.stop();
    let said = place.run(&["status"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("No daemon runs"), "{said:?}");
}

/// L1: loud when the server holds what the ledger does not have.
#[test]
fn status_names_mail_that_the_ledger_does_not_have() {
    let (dovecot, sink) = (Dovecot::start(), sink());
    let place = Place::at(&dovecot, &sink);
    dovecot.deliver("support", &mail("one"));
    let daemon = place.daemon();
    sink.wait_for(1);
    eventually("all is well", || (place.run(&["status"]).code == 0).then_some(()));
    // It is there, and does nothing: as if it had overlooked a mail.
    daemon.signal(rustix::process::Signal::STOP);
    dovecot.deliver("support", &mail("two"));
    let status = place.run(&["status", "--format", "json"]);
    assert_eq!(status.code, 1, "{status:?}");
    let status: Value = serde_json::from_str(&status.out).unwrap();
    assert_eq!(status["servers"][0]["unledgered"], serde_json::json!([2]), "{status}");
    let said = place.run(&["status"]);
    assert!(said.out.contains("the server holds 1 message that the ledger does not have (UID 2)"), "{said:?}");
    assert_eq!(place.run(&["status", "--offline"]).code, 0, "nobody was asked");
    daemon.signal(rustix::process::Signal::CONT);
    eventually("all is well", || (place.run(&["status"]).code == 0).then_some(()));
}

/// L1: loud when the sum of decisions is not the sum of entries.
#[test]
fn status_counts() {
    let (dovecot, sink) = (Dovecot::start(), sink());
    let place = Place::at(&dovecot, &sink).with_case();
    let daemon = place.daemon();
    eventually("all is well", || (place.run(&["status"]).code == 0).then_some(()));
    place.done(&["outbox", "pause", "--as", "Kevin"]);
    let said = place.run(&["status"]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("The outbox is paused"), "{said:?}");
    place.done(&["outbox", "resume", "--as", "Kevin"]);
    let forged = String::from_utf8(mail("inside")).unwrap().replace("anna@customer.test>", "support@desk.test>");
    place.ingest(forged.as_bytes());
    let said = place.run(&["status"]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("1 entry waits for a person"), "{said:?}");
    place.done(&["held", "discard", "4", "--as", "Kevin", "--reason", "x"]);
    eventually("all is well", || (place.run(&["status"]).code == 0).then_some(()));
    let database = rusqlite::Connection::open(place.database()).unwrap();
    database.execute("DELETE FROM decision WHERE entry = 1", []).unwrap();
    let said = place.run(&["status", "--offline"]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("this must not happen"), "{said:?}");
    drop(daemon);
}

#[test]
fn status_names_troubles() {
    let (mut dovecot, sink) = (Dovecot::start(), sink());
    let place = Place::at(&dovecot, &sink);
    let daemon = place.daemon();
    eventually("all is well", || (place.run(&["status"]).code == 0).then_some(()));
    dovecot.stop();
    let said = eventually("the trouble is told", || {
        let said = place.run(&["status", "--offline"]);
        said.out.contains("mailbox support: ").then_some(said)
    });
    assert_eq!(said.code, 1);
    let said = place.run(&["status"]);
    assert!(said.out.contains("cannot be compared with its server") && said.out.contains("not connected"), "{said:?}");
    dovecot.launch();
    eventually("all is well again", || (place.run(&["status"]).code == 0).then_some(()));
    drop(daemon);
}
