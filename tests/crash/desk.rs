//! A desk on disk: configuration, rules, a database that was made once, two mailboxes of a Dovecot, an SMTP sink.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use postcase::engine::{Clock, Engine, Place};
use postcase::rules::{MailboxFacts, Policy};
use postcase::store::apply::SentCopy;
use postcase::store::{Adopt, Lock};
use rusqlite::{Connection, ErrorCode, OpenFlags, Row};

use crate::lab::client::Client;
use crate::lab::dovecot::{Dovecot, Setup};
use crate::smtp_sink::{Manner, SmtpSink};

pub const RULES: &str = "[desk]\nname = \"Test Desk\"\naddress = \"support@desk.test\"\n\n\
    [[queue]]\nname = \"support\"\n\n[[queue]]\nname = \"sales\"\naddresses = [\"sales@desk.test\"]\n";

/// An empty database with its keys: every desk has a copy, so that references and Message-IDs are the same in all.
static DATABASE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("postcase.db");
    adopt(&path, folder.path());
    fs::read(&path).expect("it was just made")
});

/// Opens the database once, which makes it this place's own.
fn adopt(database: &Path, folder: &Path) {
    let rules = folder.join("rules");
    fs::create_dir_all(&rules).expect("our own folder");
    fs::write(rules.join("desk.toml"), RULES).expect("our own folder");
    let facts = ["support@desk.test", "sales@desk.test"].map(|address| MailboxFacts {
        name: address.to_owned(),
        trust: None,
        address: postcase::mail::Address::parse(address).expect("an address"),
        aliases: Vec::new(),
        message_bytes: 1024 * 1024,
    });
    let policy = Policy::load(&rules, &facts).unwrap_or_else(|_| panic!("the rules are right")).value;
    let place = Place { database: database.to_owned(), adopt: Adopt::Adopt, copy: SentCopy::None };
    let lock = Lock::take(database).expect("nobody else has it");
    let engine = Engine::open(&place, lock, policy, Clock::System).expect("a database can be made");
    engine.store().tidy().expect("it can be written");
}

pub struct Desk<'a> {
    dovecot: &'a Dovecot,
    /// The users of the two mailboxes.
    pub users: [String; 2],
    pub sink: SmtpSink,
    folder: tempfile::TempDir,
    /// Where the database is: beside the configuration, unless a test wants it on a disk of its own.
    pub data: PathBuf,
}

/// A Dovecot with mailboxes for so many desks.
pub fn dovecot(desks: usize) -> Dovecot {
    let users = (0..desks).flat_map(|desk| [format!("support{desk}"), format!("sales{desk}")]);
    let users = users.map(|user| (user, "secret".to_owned())).collect();
    Dovecot::start_with(Setup { users, ..Setup::default() })
}

impl<'a> Desk<'a> {
    /// The desk with this number among those that share the Dovecot.
    pub fn new(dovecot: &'a Dovecot, number: usize) -> Desk<'a> {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().to_owned();
        Desk::with_data(dovecot, number, folder, data)
    }

    /// The database lies in `data`.
    pub fn with_data(dovecot: &'a Dovecot, number: usize, folder: tempfile::TempDir, data: PathBuf) -> Desk<'a> {
        let sink = SmtpSink::start(Manner::default());
        let users = [format!("support{number}"), format!("sales{number}")];
        let desk = Desk { dovecot, users, sink, folder, data };
        fs::write(desk.database(), &*DATABASE).expect("our own folder");
        adopt(&desk.database(), desk.folder.path());
        desk.configure(dovecot.ports.imap, "all");
        desk
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn database(&self) -> PathBuf {
        self.data.join("postcase.db")
    }

    pub fn rules(&self) -> PathBuf {
        self.path().join("rules/desk.toml")
    }

    /// Writes the configuration: the port of the IMAP server, and what becomes of mail that is there already.
    pub fn configure(&self, imap: u16, start: &str) {
        let password = self.path().join("password");
        fs::write(&password, "secret").expect("our own folder");
        fs::set_permissions(&password, fs::Permissions::from_mode(0o600)).expect("our own file");
        let mailboxes = [("support", &self.users[0]), ("sales", &self.users[1])].map(|(name, user)| {
            format!(
                "[[mailbox]]\nname = \"{name}\"\naddress = \"{name}@desk.test\"\nhost = \"localhost\"\nport = {imap}\n\
                 security = \"plaintext\"\nuser = \"{user}\"\npassword = {{ file = \"password\" }}\nstart = \"{start}\"\n\
                 poll = \"1s\"\nfile = {{ move = \"Processed\" }}\nsent_folder = \"Sent\"\n\n"
            )
        });
        let config = format!(
            "database = \"{}\"\nrules = \"rules\"\n\n{}[smtp]\nhost = \"localhost\"\nport = {}\nsecurity = \"plaintext\"\n\
             helo = \"desk.test\"\n",
            self.database().display(),
            mailboxes.concat(),
            self.sink.port()
        );
        fs::write(self.path().join("postcase.toml"), config).expect("our own folder");
    }

    /// Kevin and Petra answer the mail of the queue `support`.
    pub fn employ(&self) {
        let one = |name: &str| {
            format!("[[staff]]\nname = \"{name}\"\naddresses = [\"{name}@desk.test\"]\nqueues = [\"support\"]\n\n")
        };
        fs::write(self.path().join("rules/staff.toml"), one("kevin") + &one("petra")).expect("our own folder");
    }

    /// From now on alarms go to administrators, and to a command that writes them down. A full disk is none.
    pub fn tell_administrators(&self, after: &str) {
        let page = self.path().join("page");
        let script =
            "#!/bin/sh\ncat >/dev/null\necho \"$POSTCASE_ALARM_TURN $POSTCASE_ALARM_SOURCE\" >> \"${0%/*}/paged\"\n";
        fs::write(&page, script).expect("our own folder");
        fs::set_permissions(&page, fs::Permissions::from_mode(0o700)).expect("our own file");
        let path = self.path().join("postcase.toml");
        let config = fs::read_to_string(&path).expect("our own file");
        let alarm = format!(
            "\n[alarm]\nadministrators = [\"admin@elsewhere.test\"]\ncommand = [\"page\"]\nafter = \"{after}\"\ndisk_below = \"0 B\"\n"
        );
        fs::write(&path, config + &alarm).expect("our own file");
    }

    /// What the alarm command was told, a line each: turn and source.
    pub fn paged(&self) -> String {
        fs::read_to_string(self.path().join("paged")).unwrap_or_default()
    }

    /// The program, about this desk.
    pub fn postcase(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_postcase"));
        command.arg("--config").arg(self.path().join("postcase.toml")).args(arguments);
        command.env_remove("POSTCASE_FAIL_AT").env_remove("POSTCASE_LOG").stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.postcase(arguments).output().expect("the program was built")
    }

    /// Runs a command that must succeed; what it printed.
    pub fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {:?} {error}", output.status);
        String::from_utf8(output.stdout).expect("the program prints UTF-8")
    }

    pub fn status(&self) -> serde_json::Value {
        let output = self.run(&["status", "--format", "json"]);
        serde_json::from_slice(&output.stdout).expect("status prints JSON")
    }

    pub fn client(&self, mailbox: usize) -> Client {
        self.dovecot.client(&self.users[mailbox])
    }

    /// Puts mail into a mailbox, as it is.
    pub fn deliver(&self, mailbox: usize, raw: &[u8]) {
        self.client(mailbox).append("INBOX", "", None, raw);
    }

    /// The database, to look at; only for a moment, as it must not outlive a daemon that is killed: the last
    /// connection that goes takes the index of the log with it, as after a power cut.
    pub fn look<T>(&self, look: impl Fn(&Connection) -> rusqlite::Result<T>) -> T {
        let open = |path: &Path| {
            let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            connection.busy_timeout(crate::lab::PATIENCE)?;
            look(&connection)
        };
        match open(&self.database()) {
            // Not even readers find room on a full disk, and so nobody writes: a copy elsewhere says the same.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure) => {
                let elsewhere = tempfile::tempdir().expect("a folder");
                for name in ["postcase.db", "postcase.db-wal"] {
                    fs::copy(self.data.join(name), elsewhere.path().join(name)).ok();
                }
                open(&elsewhere.path().join("postcase.db"))
            }
            looked => looked,
        }
        .expect("the database can be read")
    }

    pub fn number(&self, sql: &str) -> u64 {
        self.look(|database| database.query_row(sql, [], |row| row.get::<_, i64>(0))) as u64
    }

    /// True once the database is made. What a death in the middle left cannot be read before a daemon undoes it.
    pub fn is_made(&self) -> bool {
        let tables = |database: Connection| database.query_row("SELECT count(*) FROM trouble", [], |_| Ok(()));
        Connection::open_with_flags(self.database(), OpenFlags::SQLITE_OPEN_READ_ONLY).and_then(tables).is_ok()
    }

    /// True when so many entries are journalled, and nothing is left to do about any of them.
    pub fn is_quiet(&self, entries: u64) -> bool {
        let sql = "SELECT (SELECT count(*) FROM journal), (SELECT count(*) FROM decision), \
             EXISTS (SELECT 1 FROM outbox WHERE next_attempt IS NOT NULL OR copy = 'wanted') \
               OR EXISTS (SELECT 1 FROM ledger WHERE filing = 'wanted') OR EXISTS (SELECT 1 FROM unindexed) \
               OR EXISTS (SELECT 1 FROM alarm_call)";
        let row = |row: &Row| Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64, row.get(2)?));
        self.look(|database| database.query_row(sql, [], row)) == (entries, entries, false)
    }
}
