//! `ingest` and `backup`.

use std::fs;

use crate::lab::dovecot::Dovecot;
use crate::lab::mail;
use crate::place::{Place, content, sink};

fn mbox(names: &[&str]) -> Vec<u8> {
    let one = |name: &&str| {
        let text = String::from_utf8(mail(name)).expect("it is ASCII").replace("\r\n", "\n");
        format!("From anna@customer.test Mon Nov  2 10:00:00 2026\n{text}\n")
    };
    names.iter().map(one).collect::<String>().into_bytes()
}

fn maildir(place: &Place, folder: &str) {
    for part in ["cur", "new", "tmp"] {
        fs::create_dir_all(place.path(folder).join(part)).unwrap();
    }
    place.write(&format!("{folder}/new/1700000002.b"), mail("fifth"));
    place.write(&format!("{folder}/cur/1700000001.a:2,S"), mail("fourth"));
    place.write(&format!("{folder}/cur/.hidden"), "not mail");
    place.write(&format!("{folder}/tmp/1700000003.c"), mail("unfinished"));
}

fn take_in_everything(place: &Place) {
    place.write("first.eml", mail("first"));
    place.write("two.mbox", mbox(&["second", "third"]));
    maildir(place, "Maildir");
    let said = place.run_with(&["ingest", "first.eml", "two.mbox", "Maildir", "-"], mail("sixth"));
    assert_eq!((said.code, said.out.as_str()), (0, "6 messages: 6 open\n"), "{said:?}");
    let list = place.json(&["case", "list", "--format", "json"]);
    let mut subjects: Vec<_> = list.as_array().unwrap().iter().map(|case| case["subject"].as_str().unwrap()).collect();
    subjects.reverse();
    assert_eq!(subjects, ["first", "second", "third", "fourth", "fifth", "sixth"], "in the order of delivery");
    // The same once more makes nothing new.
    assert_eq!(place.done(&["ingest", "two.mbox", "Maildir"]), "4 messages: 4 duplicate\n");
}

#[test]
fn files_archives_and_maildirs_without_a_daemon() {
    let place = Place::alone();
    take_in_everything(&place);
    let said = place.run_with(&["ingest", "--no-mail", "-"], mbox(&["silent"]));
    assert_eq!((said.code, said.out.as_str()), (0, "1 message: 1 open\n"), "{said:?}");
    assert_eq!(said.err, "", "nobody is written to");
    let letters = place.json(&["outbox", "list", "--format", "json"]);
    let to_case = |number: u64| letters.as_array().unwrap().iter().filter(|mail| mail["case"] == number).count();
    assert_eq!((to_case(10001), to_case(10007)), (1, 0), "{letters}");
    // What was taken in before a fault is kept, and said.
    place.write("empty", "");
    place.write("eighth.eml", mail("eighth"));
    let said = place.run(&["ingest", "eighth.eml", "empty"]);
    said.fails(65, &["empty is empty"]);
}

#[test]
fn files_archives_and_maildirs_while_a_daemon_works() {
    let (dovecot, sink) = (Dovecot::start(), sink());
    let place = Place::at(&dovecot, &sink);
    let daemon = place.daemon();
    take_in_everything(&place);
    // Three acknowledgements an hour to one address.
    assert!(sink.wait_for(3).iter().all(|mail| mail.recipients == ["anna@customer.test"]));
    daemon.stop();
}

#[test]
fn thousands_in_one_archive() {
    let place = Place::alone();
    let names: Vec<String> = (0..300).map(|n| format!("request-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    place.write("archive.mbox", mbox(&names));
    assert_eq!(place.done(&["ingest", "--no-mail", "archive.mbox"]), "300 messages: 300 open\n");
    let said = place.run(&["case", "list"]);
    assert_eq!(said.out.lines().count(), 101);
    assert!(said.err.contains("--limit"), "{said:?}");
    // A reader who has seen enough.
    use std::io::{BufRead, BufReader};
    let mut command = place.command(&["case", "list", "--limit", "300"]);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut first = String::new();
    BufReader::with_capacity(1, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(first.starts_with("CASE"), "{first}");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
    // A full disk is no reader who has seen enough.
    let mut command = place.command(&["case", "list"]);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = command.stdout(full).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(74), "{said}");
    assert!(said.contains("Standard output cannot be written: no space left"), "{said}");
}

#[test]
fn a_backup_without_a_daemon() {
    let place = Place::alone().with_case();
    assert!(place.done(&["backup", "copy.db"]).contains("copied to"));
    let copy = content(&place.path("copy.db"));
    assert!(copy.contains("About printer.") && copy.contains("journal"), "{copy}");
}

#[test]
fn a_backup_while_mail_comes_in() {
    let (dovecot, sink) = (Dovecot::start(), sink());
    let place = Place::at(&dovecot, &sink);
    let names: Vec<String> = (0..200).map(|n| format!("old-{n}")).collect();
    place.write("old.mbox", mbox(&names.iter().map(String::as_str).collect::<Vec<_>>()));
    place.done(&["ingest", "--no-mail", "old.mbox"]);
    let daemon = place.daemon();
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..200 {
                if stop.load(std::sync::atomic::Ordering::SeqCst) {
                    return;
                }
                dovecot.deliver("support", &mail(&format!("new-{number}")));
            }
        });
        for copy in ["one.db", "two.db"] {
            let said = place.run(&["backup", copy]);
            if said.code != 0 {
                stop.store(true, std::sync::atomic::Ordering::SeqCst);
            }
            assert_eq!(said.code, 0, "{said:?}");
        }
        stop.store(true, std::sync::atomic::Ordering::SeqCst);
    });
    for copy in ["one.db", "two.db"] {
        let database = rusqlite::Connection::open(place.path(copy)).unwrap();
        let sound: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(sound, "ok");
        let mails: i64 = database.query_row("SELECT count(*) FROM raw", [], |row| row.get(0)).unwrap();
        assert!(mails >= 200, "{mails}");
        assert!(!place.path(&format!("{copy}.unfinished")).exists());
    }
    // A target that the daemon cannot write is the asker's trouble, and is not held against the next backup.
    fs::create_dir(place.path("three.db.unfinished")).unwrap();
    place.run(&["backup", "three.db"]).fails(73, &["three.db"]);
    assert!(place.done(&["backup", "four.db"]).contains("four.db"));
    daemon.stop();
}

const WITH_FILES: &[u8] = b"From: Anna <anna@customer.test>\r\nTo: support@desk.test\r\nSubject: Two files\r\n\
Message-ID: <files@customer.test>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
--b\r\nContent-Type: text/plain\r\n\r\nSee the files.\r\n\
--b\r\nContent-Type: image/png; name=\"../../etc/photo.png\"\r\nContent-Disposition: attachment\r\n\
Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n\
--b\r\nContent-Type: text/csv; charset=iso-8859-1; name=log.csv\r\nContent-Disposition: attachment\r\n\r\n\
caf\xe9;1\r\n--b--\r\n";

#[test]
fn attachments_come_out_byte_for_byte() {
    let place = Place::alone();
    place.write("files.eml", WITH_FILES);
    place.done(&["ingest", "--no-mail", "files.eml"]);
    let shown = place.done(&["case", "show", "10001"]);
    assert!(shown.contains("+ attachment: photo.png (image/png, 8 B)"), "{shown}");
    let folder = place.path("out");
    fs::create_dir(&folder).unwrap();
    let to = folder.to_str().unwrap();
    place.done(&["case", "attachments", "10001", "--to", to]);
    place.done(&["case", "attachments", "10001", "--to", to, "--name", "photo.png"]);
    let mut names: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["log.csv", "photo (2).png", "photo.png"], "no path, and nothing written over");
    assert_eq!(fs::read(folder.join("photo.png")).unwrap(), b"\x89PNG\r\n\x1a\n");
    assert_eq!(fs::read(folder.join("log.csv")).unwrap(), b"caf\xe9;1");
    place
        .run(&["case", "attachments", "10001", "--to", to, "--name", "none"])
        .fails(66, &["no attachments named none"]);
    place.run(&["case", "attachments", "99999", "--to", to]).fails(66, &["There is no case 99999"]);
    place.run(&["case", "attachments", "10001", "--to", "/no/such"]).fails(73, &["cannot be written"]);
}
