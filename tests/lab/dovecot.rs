//! A Dovecot of one's own: private folder, free ports, its own users.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::client::Client;
use super::{CERTIFICATES, eventually, free_port};

/// How a server differs from the usual.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Users and passwords.
    pub users: Vec<(String, String)>,
    /// What CAPABILITY says after login, for example without IDLE; None: all that Dovecot can.
    pub capability: Option<String>,
    /// False: no TLS at all, neither on a port of its own nor by STARTTLS.
    pub tls: bool,
    /// Further lines of configuration.
    pub extra: String,
}

impl Default for Setup {
    fn default() -> Setup {
        Setup {
            users: vec![
                ("support".to_owned(), "secret".to_owned()),
                ("sales".to_owned(), "hidden".to_owned()),
                ("customer".to_owned(), "word".to_owned()),
            ],
            capability: None,
            tls: true,
            extra: String::new(),
        }
    }
}

/// Which of the two servers: by TLS from the first byte or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// Plain text, and STARTTLS.
    pub imap: u16,
    pub imaps: u16,
    pub lmtp: u16,
}

/// A running server. Ends, with its folder, when it is dropped.
pub struct Dovecot {
    pub ports: Ports,
    setup: Setup,
    folder: tempfile::TempDir,
    owner: Owner,
    process: Option<Child>,
}

/// Whom the server runs as.
#[derive(Debug, Clone)]
struct Owner {
    name: String,
    group: String,
    uid: u32,
    gid: u32,
    root: bool,
}

impl Dovecot {
    pub fn start() -> Dovecot {
        Dovecot::start_with(Setup::default())
    }

    pub fn start_with(setup: Setup) -> Dovecot {
        // Short, because the path of a unix socket holds 108 bytes.
        let folder = tempfile::Builder::new().prefix("pc").tempdir_in("/tmp").expect("a folder in /tmp");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("our own folder");
        let ports = Ports { imap: 0, imaps: 0, lmtp: 0 };
        let mut dovecot = Dovecot { ports, setup, folder, owner: Owner::find(), process: None };
        dovecot.write("ca.pem", &CERTIFICATES.authority);
        dovecot.write("cert.pem", &CERTIFICATES.certificate);
        dovecot.write("key.pem", &CERTIFICATES.key);
        for name in ["run", "state", "mail"] {
            fs::create_dir(dovecot.path().join(name)).expect("our own folder");
            dovecot.own(&dovecot.path().join(name));
        }
        dovecot.own(dovecot.path());
        dovecot.write_users();
        dovecot.choose_ports();
        dovecot
    }

    /// Starts on free ports; others may take one of them in the meantime, so a few times.
    fn choose_ports(&mut self) {
        for _ in 0..10 {
            self.ports = Ports { imap: free_port(), imaps: free_port(), lmtp: free_port() };
            if self.try_launch() {
                return;
            }
        }
        panic!("dovecot does not start: {}", self.log());
    }

    /// The folder with configuration, log and mail.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The authority to trust.
    pub fn ca_file(&self) -> PathBuf {
        self.path().join("ca.pem")
    }

    /// What the server wrote down.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path().join("log")).unwrap_or_default()
    }

    /// Ends the server at once, as a power cut would. Mail stays.
    pub fn stop(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        let group = rustix::process::Pid::from_child(&process);
        rustix::process::kill_process_group(group, rustix::process::Signal::KILL).ok();
        process.wait().ok();
    }

    /// Starts it again on the same ports, after [`Dovecot::stop`].
    pub fn launch(&mut self) {
        eventually("dovecot starts again on its ports", || self.try_launch().then_some(()));
    }

    pub fn restart(&mut self) {
        self.stop();
        self.launch();
    }

    /// Puts a mail into a user's INBOX by LMTP (RFC 2033), as a mail server does.
    pub fn deliver(&self, user: &str, raw: &[u8]) {
        let stream = TcpStream::connect(("127.0.0.1", self.ports.lmtp)).expect("LMTP listens");
        stream.set_nodelay(true).expect("a connected socket");
        let mut reader = BufReader::new(stream.try_clone().expect("a connected socket"));
        let mut writer = stream;
        let mut expect = |writer: &mut TcpStream, line: Option<&str>, code: &str| {
            if let Some(line) = line {
                writer.write_all(format!("{line}\r\n").as_bytes()).expect("LMTP reads");
            }
            loop {
                let mut answer = String::new();
                reader.read_line(&mut answer).expect("LMTP answers");
                assert!(answer.starts_with(code), "LMTP said {answer:?} to {line:?}");
                if answer.as_bytes().get(3) != Some(&b'-') {
                    return;
                }
            }
        };
        expect(&mut writer, None, "220");
        expect(&mut writer, Some("LHLO lab"), "250");
        expect(&mut writer, Some("MAIL FROM:<anna@customer.test>"), "250");
        expect(&mut writer, Some(&format!("RCPT TO:<{user}>")), "250");
        expect(&mut writer, Some("DATA"), "354");
        let mut data = Vec::new();
        for line in raw.split_inclusive(|byte| *byte == b'\n') {
            if line.starts_with(b".") {
                data.push(b'.');
            }
            data.extend_from_slice(line);
        }
        data.extend_from_slice(b".\r\n");
        writer.write_all(&data).expect("LMTP reads");
        expect(&mut writer, None, "250");
        expect(&mut writer, Some("QUIT"), "221");
    }

    /// A client that is logged in.
    pub fn client(&self, user: &str) -> Client {
        let (user, password) =
            self.setup.users.iter().find(|(name, _)| name == user).expect("a user of this server").clone();
        let mut client = Client::connect(self.ports.imap);
        client.ok(&format!("LOGIN {user} {password}"));
        client
    }

    /// Changes a password. It must differ in length from the old one: Dovecot looks at the file's size and second.
    pub fn set_password(&mut self, user: &str, password: &str) {
        for (name, old) in &mut self.setup.users {
            if name == user {
                password.clone_into(old);
            }
        }
        self.write_users();
    }

    /// Gives a folder (`INBOX`, or one beside it) a new UIDVALIDITY and its messages new UIDs, as after a mailbox
    /// was rebuilt. Stops and starts the server.
    pub fn change_uid_validity(&mut self, user: &str, folder: &str) {
        self.stop();
        let maildir = self.maildir(user, folder);
        let list = maildir.join("dovecot-uidlist");
        let old = fs::read_to_string(&list).expect("the folder was opened before");
        let validity = old.split_whitespace().find_map(|word| word.strip_prefix('V')?.parse::<u32>().ok());
        for entry in fs::read_dir(&maildir).expect("the folder is there").flatten() {
            if entry.file_name().to_string_lossy().starts_with("dovecot") {
                fs::remove_file(entry.path()).ok();
            }
        }
        let fresh = format!("3 V{} N1\n", validity.expect("Dovecot writes it into the first line") + 1);
        fs::write(&list, fresh).expect("the folder is there");
        self.own(&list);
        self.launch();
    }

    /// Where a folder's messages are.
    pub fn maildir(&self, user: &str, folder: &str) -> PathBuf {
        let root = self.path().join("mail").join(user);
        if folder.eq_ignore_ascii_case("INBOX") { root } else { root.join(format!(".{}", folder.replace('/', "."))) }
    }

    fn try_launch(&mut self) -> bool {
        self.write("conf", &self.config());
        let mut command = Command::new("dovecot");
        command.args(["-F", "-c"]).arg(self.path().join("conf"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        if self.owner.root {
            command.uid(self.owner.uid).gid(self.owner.gid);
        }
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{path}:/usr/sbin:/usr/local/sbin"));
        self.process =
            Some(command.spawn().expect("dovecot is installed (apt-get install dovecot-imapd dovecot-lmtpd)"));
        let ready = eventually("dovecot listens or ends", || {
            let process = self.process.as_mut().expect("just started");
            if process.try_wait().expect("our own child").is_some() {
                return Some(false);
            }
            (greets(self.ports.imap, "* OK") && greets(self.ports.lmtp, "220")).then_some(true)
        });
        if !ready {
            self.stop();
        }
        ready
    }

    fn write_users(&self) {
        let lines: Vec<String> =
            self.setup.users.iter().map(|(user, password)| format!("{user}:{{PLAIN}}{password}::::::\n")).collect();
        self.write("users", &lines.concat());
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::write(&path, text).expect("our own folder");
        self.own(&path);
    }

    fn own(&self, path: &Path) {
        if self.owner.root {
            chown(path, Some(self.owner.uid), Some(self.owner.gid)).expect("root may give files away");
        }
    }

    fn config(&self) -> String {
        let dir = self.path().display();
        let Owner { name, group, uid, gid, .. } = &self.owner;
        let Ports { imap, imaps, lmtp } = self.ports;
        let capability =
            self.setup.capability.as_ref().map(|words| format!("imap_capability = {words}\n")).unwrap_or_default();
        let tls = if self.setup.tls {
            format!("ssl = yes\nssl_cert = <{dir}/cert.pem\nssl_key = <{dir}/key.pem\n")
        } else {
            "ssl = no\n".to_owned()
        };
        // Port 0 switches a listener off.
        let imaps = if self.setup.tls { imaps } else { 0 };
        let extra = &self.setup.extra;
        format!(
            "base_dir = {dir}/run\nstate_dir = {dir}/state\nlog_path = {dir}/log\n\
             protocols = imap lmtp\nlisten = 127.0.0.1\n\
             default_internal_user = {name}\ndefault_internal_group = {group}\ndefault_login_user = {name}\n\
             first_valid_uid = 1\nfirst_valid_gid = 1\ndisable_plaintext_auth = no\nauth_mechanisms = plain login\n\
             auth_failure_delay = 0\nmail_location = maildir:{dir}/mail/%u\nmail_fsync = never\n\
             mail_max_userip_connections = 1000\n{capability}{tls}\
             namespace inbox {{\n  inbox = yes\n  separator = /\n}}\n\
             passdb {{\n  driver = passwd-file\n  args = scheme=PLAIN username_format=%u {dir}/users\n}}\n\
             userdb {{\n  driver = passwd-file\n  args = username_format=%u {dir}/users\n  \
             override_fields = uid={uid} gid={gid} home={dir}/mail/%u\n}}\n\
             service anvil {{\n  chroot =\n  unix_listener anvil-auth-penalty {{\n    mode = 0\n  }}\n}}\n\
             service stats {{\n  chroot =\n}}\nservice auth {{\n  chroot =\n}}\n\
             service imap-login {{\n  chroot =\n  service_count = 0\n  client_limit = 500\n  \
             inet_listener imap {{\n    port = {imap}\n  }}\n  \
             inet_listener imaps {{\n    port = {imaps}\n    ssl = yes\n  }}\n}}\n\
             service lmtp {{\n  chroot =\n  user = {name}\n  \
             inet_listener lmtp {{\n    address = 127.0.0.1\n    port = {lmtp}\n  }}\n}}\n\
             protocol lmtp {{\n  postmaster_address = postmaster@desk.test\n  hostname = mail.desk.test\n}}\n{extra}\n"
        )
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("dovecot's log:\n{}", self.log());
        }
        self.stop();
    }
}

impl Owner {
    fn find() -> Owner {
        let uid = rustix::process::getuid().as_raw();
        let root = uid == 0;
        let user = if root { "nobody".to_owned() } else { uid.to_string() };
        let ask = |option: &str| {
            let output = Command::new("id").args([option, &user]).output().expect("coreutils are installed");
            String::from_utf8(output.stdout).expect("names are ASCII").trim().to_owned()
        };
        let number = |option: &str| ask(option).parse().expect("id prints a number");
        Owner { name: ask("-un"), group: ask("-gn"), uid: number("-u"), gid: number("-g"), root }
    }
}

fn greets(port: u16, greeting: &str) -> bool {
    let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    stream.set_read_timeout(Some(Duration::from_secs(5))).expect("not zero");
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).is_ok() && line.starts_with(greeting)
}
