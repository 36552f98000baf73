//! The program in a folder of its own, as a person would run it.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use rustix::process::{Pid, Signal, kill_process};

use super::process;

/// How long anything may take before the bench gives up.
pub const PATIENCE: Duration = Duration::from_secs(1800);
/// How often the bench looks.
pub const LOOK: Duration = Duration::from_millis(2);

/// Where one desk is, and whom it speaks to.
pub struct Desk {
    pub folder: PathBuf,
    pub database: PathBuf,
}

impl Desk {
    /// Writes the configuration. `mailbox` is the name in the ledger and the user at the server, whose password is
    /// `secret`. No limit of the rules is in the way.
    pub fn write(folder: &Path, database: &Path, mailbox: &str, imap: u16, smtp: u16) -> Desk {
        let rules = folder.join("rules");
        fs::create_dir_all(&rules).expect("our own folder");
        let write = |path: PathBuf, text: &str| fs::write(path, text).expect("our own folder");
        let password = folder.join("password");
        write(password.clone(), "secret");
        fs::set_permissions(&password, fs::Permissions::from_mode(0o600)).expect("our own file");
        write(
            folder.join("postcase.toml"),
            &format!(
                "database = \"{}\"\n\n[[mailbox]]\nname = \"{mailbox}\"\naddress = \"support@desk.example\"\n\
                 host = \"127.0.0.1\"\nport = {imap}\nsecurity = \"plaintext\"\nuser = \"{mailbox}\"\n\
                 password = {{ file = \"password\" }}\nstart = \"all\"\n\n\
                 [smtp]\nhost = \"127.0.0.1\"\nport = {smtp}\nsecurity = \"plaintext\"\nhelo = \"desk.example\"\n",
                database.display()
            ),
        );
        write(
            rules.join("desk.toml"),
            "[desk]\nname = \"Bench Desk\"\naddress = \"support@desk.example\"\n\n\
             [acknowledgement]\nper_desk_hour = 1000000\n\n[limits]\nsent_per_hour = 1000000\n",
        );
        Desk { folder: folder.to_owned(), database: database.to_owned() }
    }
}

/// A running daemon. Killed when it is dropped.
pub struct Daemon {
    child: Child,
    pub started: Instant,
    log: PathBuf,
}

impl Daemon {
    pub fn start(program: &Path, desk: &Desk) -> Daemon {
        let log = desk.folder.join("log");
        let file = File::create(&log).expect("our own folder");
        let mut command = Command::new(program);
        command.arg("--config").arg(desk.folder.join("postcase.toml")).arg("run").env_remove("POSTCASE_LOG");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
        let started = Instant::now();
        let child = command.spawn().unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()));
        Daemon { child, started, log }
    }

    pub fn cpu(&self) -> Duration {
        process::cpu(self.child.id())
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// In kB.
    pub fn peak(&self) -> u64 {
        process::peak(self.child.id()).unwrap_or_else(|| self.fail("it has ended"))
    }

    pub fn fail(&self, what: &str) -> ! {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let end: Vec<&str> = log.lines().rev().take(20).collect();
        panic!("{what}; the end of the daemon's log, newest first:\n{}", end.join("\n"));
    }

    /// Waits until `look` is true of the database; when that was seen.
    pub fn until(&self, database: &Path, what: &str, look: impl Fn(&Connection) -> rusqlite::Result<bool>) -> Instant {
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            connection.busy_timeout(Duration::from_secs(5))?;
            // Not there before the schema is.
            drop(connection.prepare("SELECT 1 FROM trouble")?);
            Ok(connection)
        };
        let mut connection = None;
        loop {
            if let Some(opened) = &connection {
                if look(opened).unwrap_or(false) {
                    return Instant::now();
                }
            } else {
                connection = open().ok();
            }
            if process::has_ended(self.child.id()) {
                self.fail("the daemon has ended");
            }
            if self.started.elapsed() > PATIENCE {
                self.fail(&format!("waited in vain for {what}"));
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Ends it in order.
    pub fn stop(mut self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("our own child");
        self.child.wait().expect("our own child");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// True once the entry with this number is decided; all before it are, then.
pub fn is_decided(database: &Connection, entry: u64) -> rusqlite::Result<bool> {
    database
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM decision WHERE entry = $1)")?
        .query_row([entry as i64], |row| row.get(0))
}
