//! A desk of one's own in a folder, and the program run in it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use rusqlite::types::Value;

use crate::lab::dovecot::Dovecot;
use crate::lab::{eventually, free_port};
use crate::smtp_sink::{Manner, SmtpSink};

pub const PASSWORD: &str = "secret";

/// A folder with postcase.toml, rules/desk.toml, and what the program makes of it.
pub struct Place {
    folder: tempfile::TempDir,
}

/// What the program said and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Place {
    /// Nobody listens on its servers' ports.
    pub fn alone() -> Place {
        Place::with_ports(free_port(), free_port())
    }

    pub fn at(dovecot: &Dovecot, sink: &SmtpSink) -> Place {
        Place::with_ports(dovecot.ports.imap, sink.port())
    }

    fn with_ports(imap: u16, smtp: u16) -> Place {
        let place = Place { folder: tempfile::tempdir().expect("a temporary folder") };
        fs::create_dir(place.path("rules")).expect("our own folder");
        place.write("rules/desk.toml", "[desk]\nname = \"Example Support\"\naddress = \"support@desk.test\"\n");
        place.write("postcase.toml", config(imap, smtp));
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).expect("our own folder");
    }

    /// Replaces text in the configuration.
    pub fn reconfigure(&self, old: &str, new: &str) {
        let text = fs::read_to_string(self.path("postcase.toml")).expect("written before");
        assert!(text.contains(old), "{old} stands in the configuration");
        self.write("postcase.toml", text.replace(old, new));
    }

    /// The program in this folder, with nothing of the tester's environment that matters.
    pub fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_postcase"));
        command.args(arguments).current_dir(self.folder.path()).env("IMAP_PASSWORD", PASSWORD).env("TZ", "UTC");
        for name in ["POSTCASE_CONFIG", "POSTCASE_LOG", "NO_COLOR", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET"] {
            command.env_remove(name);
        }
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Said {
        self.run_with(arguments, "")
    }

    /// Runs it to its end, with `input` on standard input.
    pub fn run_with(&self, arguments: &[&str], input: impl Into<Vec<u8>>) -> Said {
        let mut command = assert_cmd::Command::from_std(self.command(arguments));
        let output = command.write_stdin(input).output().expect("the program starts");
        let said = Said {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        said.for_people(arguments)
    }

    /// Runs it, and expects that it does what is asked.
    pub fn done(&self, arguments: &[&str]) -> String {
        let said = self.run(arguments);
        assert_eq!(said.code, 0, "{arguments:?}: {said:?}");
        said.out
    }

    pub fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let said = self.run(arguments);
        serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {said:?}"))
    }

    pub fn database(&self) -> PathBuf {
        self.path("desk.db")
    }

    /// Everything in the database, row by row.
    pub fn content(&self) -> String {
        content(&self.database())
    }

    /// Takes a mail in without anybody being written to.
    pub fn ingest(&self, raw: &[u8]) {
        let said = self.run_with(&["ingest", "-"], raw);
        assert_eq!(said.code, 0, "{said:?}");
    }

    /// A case by Anna.
    pub fn with_case(self) -> Place {
        self.ingest(&crate::lab::mail("printer"));
        self
    }

    pub fn daemon(&self) -> Daemon {
        self.daemon_with(&["run"], |_| {})
    }

    pub fn daemon_with(&self, arguments: &[&str], prepare: impl FnOnce(&mut std::process::Command)) -> Daemon {
        let mut command = self.command(arguments);
        prepare(&mut command);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let log = Arc::new(Mutex::new(String::new()));
        let (theirs, lines) = (Arc::clone(&log), child.stderr.take().expect("it is piped"));
        std::thread::spawn(move || {
            for line in BufReader::new(lines).lines().map_while(Result::ok) {
                let mut log = theirs.lock().expect("nobody panics with it");
                log.push_str(&line);
                log.push('\n');
            }
        });
        let daemon = Daemon { child, log };
        eventually("the daemon works", || daemon.log().contains("the desk is open").then_some(()));
        daemon
    }
}

/// A running daemon; killed when it is dropped.
pub struct Daemon {
    child: Child,
    log: Arc<Mutex<String>>,
}

impl Daemon {
    pub fn log(&self) -> String {
        self.log.lock().expect("nobody panics with it").clone()
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal).expect("our own child");
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it in order.
    pub fn stop(mut self) -> String {
        self.signal(rustix::process::Signal::TERM);
        let status = self.child.wait().expect("our own child");
        assert!(status.success(), "{status}: {}", self.log());
        self.log()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Said {
    /// No message is a stack trace, or what a programmer prints for himself.
    fn for_people(self, arguments: &[&str]) -> Said {
        for sign in ["panicked", "RUST_BACKTRACE", "Error {", "Os {", "kind:", "Some(", "Err(", "Other(", "os error"] {
            assert!(!self.err.contains(sign), "{arguments:?} says {sign}: {self:?}");
        }
        for byte in ["\u{1b}", "\u{7}"] {
            assert!(!self.err.contains(byte) && !self.out.contains(byte), "{arguments:?}: colour without a terminal");
        }
        self
    }

    /// It failed with this code, and said all of this.
    #[track_caller]
    pub fn fails(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{self:?}");
        for word in words {
            assert!(self.err.contains(word), "“{word}” is not in {self:?}");
        }
    }
}

/// Takes 127.0.0.1, plain text: what there is on a machine by itself.
pub fn sink() -> SmtpSink {
    SmtpSink::start(Manner::default())
}

fn config(imap: u16, smtp: u16) -> String {
    format!(
        "database = \"desk.db\"\n\n[[mailbox]]\nname = \"support\"\naddress = \"support@desk.test\"\n\
         host = \"localhost\"\nport = {imap}\nsecurity = \"plaintext\"\nuser = \"support\"\n\
         password = {{ env = \"IMAP_PASSWORD\" }}\nstart = \"all\"\npoll = \"1s\"\n\n\
         [smtp]\nhost = \"localhost\"\nport = {smtp}\nsecurity = \"plaintext\"\n"
    )
}

/// Everything in a database, row by row.
pub fn content(path: &Path) -> String {
    let database = Connection::open(path).expect("the database opens");
    let tables: Vec<String> = database
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .and_then(|mut tables| tables.query_map([], |row| row.get(0))?.collect())
        .expect("every database has a schema");
    let mut content = String::new();
    for table in tables {
        let mut statement = database.prepare(&format!("SELECT * FROM \"{table}\"")).expect("a table can be read");
        let columns = statement.column_count();
        let rows: Vec<String> = statement
            .query_map([], |row| {
                let cells = (0..columns).map(|at| row.get::<_, Value>(at)).collect::<rusqlite::Result<Vec<_>>>()?;
                Ok(format!("{table} {cells:?}\n"))
            })
            .and_then(Iterator::collect)
            .expect("rows can be read");
        content.push_str(&rows.concat());
    }
    content
}
