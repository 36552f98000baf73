//! What a desk must know: asked, or taken from flags; guessed where that is sensible.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::address;
use super::terminal::Terminal;
use crate::cli::failure::{Exit, Failure};
use crate::cli::show;
use crate::diagnostics::plain;
use crate::mail::Address;

/// Every answer, as a flag.
#[derive(clap::Args)]
pub struct Flags {
    /// The desk's name, as customers read it beside the address: "Example Support"
    #[arg(long)]
    name: Option<String>,
    /// The support address
    #[arg(long)]
    address: Option<String>,
    /// The IMAP server
    #[arg(long, value_name = "HOST")]
    imap_host: Option<String>,
    /// Its port, where it is not the usual one
    #[arg(long, value_name = "PORT")]
    imap_port: Option<u16>,
    /// How it is reached: `plaintext` only on this machine
    #[arg(long, value_name = "HOW")]
    imap_security: Option<Security>,
    /// Who logs in [default: the address]
    #[arg(long, value_name = "USER")]
    imap_user: Option<String>,
    /// A file with the password on its only line
    #[arg(long, value_name = "FILE")]
    imap_password_file: Option<PathBuf>,
    /// The folder that is watched [default: INBOX]
    #[arg(long, value_name = "NAME")]
    folder: Option<String>,
    /// The SMTP server
    #[arg(long, value_name = "HOST")]
    smtp_host: Option<String>,
    /// Its port, where it is not the usual one
    #[arg(long, value_name = "PORT")]
    smtp_port: Option<u16>,
    /// How it is reached: `plaintext` only on this machine
    #[arg(long, value_name = "HOW")]
    smtp_security: Option<Security>,
    /// Who logs in to it [default: as for IMAP]
    #[arg(long, value_name = "USER")]
    smtp_user: Option<String>,
    /// A file with its password on its only line [default: as for IMAP]
    #[arg(long, value_name = "FILE")]
    smtp_password_file: Option<PathBuf>,
    /// The SMTP server asks for no login
    #[arg(long, conflicts_with_all = ["smtp_user", "smtp_password_file"])]
    no_smtp_login: bool,
    /// Certificate authorities (PEM) that are trusted beside the system's, for both servers
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// The SQLite file [default: postcase.db beside the configuration, in /var/lib/postcase for /etc/postcase]
    #[arg(long, value_name = "FILE")]
    database: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Security {
    Tls,
    Starttls,
    Plaintext,
}

impl Security {
    pub fn name(self) -> &'static str {
        match self {
            Security::Tls => "tls",
            Security::Starttls => "starttls",
            Security::Plaintext => "plaintext",
        }
    }
}

/// Which of the two servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Imap,
    Smtp,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Way::Imap => "IMAP",
            Way::Smtp => "SMTP",
        }
    }

    fn port(self, security: Security) -> u16 {
        match (self, security) {
            (Way::Imap, Security::Tls) => 993,
            (Way::Imap, Security::Starttls | Security::Plaintext) => 143,
            (Way::Smtp, Security::Tls) => 465,
            (Way::Smtp, Security::Starttls) => 587,
            (Way::Smtp, Security::Plaintext) => 25,
        }
    }
}

/// One server, and who logs in there.
#[derive(Clone)]
pub struct Account {
    pub host: String,
    /// None: the usual one.
    pub port: Option<u16>,
    pub security: Security,
    pub user: String,
    pub password: String,
}

pub struct Answers {
    pub name: String,
    pub address: Address,
    pub imap: Account,
    pub folder: String,
    pub smtp: Account,
    pub smtp_login: bool,
    /// Absolute.
    pub ca_file: Option<PathBuf>,
    pub database: String,
}

impl Answers {
    /// Everything up to the SMTP server, which is asked for when the IMAP server has let us in.
    pub fn ask(terminal: &Terminal, flags: &Flags, path: &Path) -> Result<Answers, Failure> {
        show::remark(
            "This sets up a new desk. What stands in brackets counts where you write nothing; Ctrl-C ends it, and",
        );
        show::remark("leaves nothing behind.\n");
        let address = match flags.address()? {
            Some(address) => address,
            None => terminal.answer("Support address", None, address)?,
        };
        let usual = flags.name.clone().unwrap_or_else(|| format!("{} Support", company(&address)));
        let name = match &flags.name {
            Some(name) => name_of(name).map_err(|wrong| Failure::new(Exit::Data, wrong))?,
            None => terminal.answer("Name of the desk, as customers read it", Some(&usual), name_of)?,
        };
        let mut answers = Answers::guess(name, address, flags, path)?;
        if flags.imap_host.is_none() {
            answers.imap.ask_server(terminal, flags, Way::Imap)?;
        }
        answers.imap.password = match flags.password(Way::Imap)? {
            Some(password) => password,
            None => {
                if flags.imap_user.is_none() {
                    answers.imap.user = terminal.line("User for IMAP", Some(&answers.imap.user))?;
                }
                terminal.password(&format!("Password of {}", answers.imap.user))?
            }
        };
        answers.smtp.user = flags.smtp_user.clone().unwrap_or_else(|| answers.imap.user.clone());
        answers.smtp.password = answers.imap.password.clone();
        Ok(answers)
    }

    /// Without asking.
    pub fn of_flags(flags: &Flags, path: &Path) -> Result<Answers, Failure> {
        let password = flags.password(Way::Imap)?;
        let smtp_password = flags.password(Way::Smtp)?;
        let mut missing = Vec::new();
        for (flag, is_there) in [
            ("--name", flags.name.is_some()),
            ("--address", flags.address.is_some()),
            ("--imap-password-file (or POSTCASE_IMAP_PASSWORD)", password.is_some()),
        ] {
            if !is_there {
                missing.push(flag);
            }
        }
        let (Some(name), Some(address), Some(password)) = (&flags.name, flags.address()?, password) else {
            let sentence =
                format!("Nobody can be asked here, and this is missing: {}. Nothing was written.", missing.join(", "));
            return Err(Failure::new(Exit::Usage, sentence));
        };
        let name = name_of(name).map_err(|wrong| Failure::new(Exit::Data, wrong))?;
        let mut answers = Answers::guess(name, address, flags, path)?;
        answers.smtp.password = smtp_password.unwrap_or_else(|| password.clone());
        answers.imap.password = password;
        Ok(answers)
    }

    fn guess(name: String, address: Address, flags: &Flags, path: &Path) -> Result<Answers, Failure> {
        let known = provider(address.domain());
        let user = flags.imap_user.clone().unwrap_or_else(|| address.to_string());
        let imap = Account {
            host: flags.imap_host.clone().unwrap_or_else(|| known.imap.to_string()),
            port: flags.imap_port,
            security: flags.imap_security.unwrap_or(Security::Tls),
            user: user.clone(),
            password: String::new(),
        };
        let smtp = Account {
            host: flags.smtp_host.clone().unwrap_or_else(|| known.smtp.to_string()),
            port: flags.smtp_port,
            security: flags.smtp_security.unwrap_or(known.smtp_security),
            user: flags.smtp_user.clone().unwrap_or(user),
            password: String::new(),
        };
        let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
        let usual = if path.starts_with("/etc") { "/var/lib/postcase/postcase.db" } else { "postcase.db" };
        Ok(Answers {
            name,
            address,
            imap,
            folder: flags.folder.clone().unwrap_or_else(|| "INBOX".to_owned()),
            smtp,
            smtp_login: !flags.no_smtp_login,
            ca_file: flags.ca_file.as_ref().map(absolute),
            database: flags.database.as_ref().map_or(usual.to_owned(), |path| absolute(path).display().to_string()),
        })
    }

    pub fn ask_smtp_login(&mut self, terminal: &Terminal, flags: &Flags) -> Result<(), Failure> {
        if flags.no_smtp_login {
            return Ok(());
        }
        if let Some(password) = flags.password(Way::Smtp)? {
            self.smtp.password = password;
            return Ok(());
        }
        self.smtp_login = terminal.yes("Does the SMTP server ask for a login?")?;
        if !self.smtp_login {
            return Ok(());
        }
        self.smtp.user = terminal.line("User for SMTP", Some(&self.smtp.user))?;
        let question = format!("Password of {} [the same as for IMAP]", self.smtp.user);
        let typed = terminal.password(&question)?;
        self.smtp.password = if typed.is_empty() { self.imap.password.clone() } else { typed };
        Ok(())
    }
}

impl Account {
    /// Where the server is. What a flag said is asked about only when it was wrong.
    pub fn ask_server(&mut self, terminal: &Terminal, flags: &Flags, way: Way) -> Result<(), Failure> {
        let server = way.name();
        self.host = terminal.line(&format!("{server} server"), Some(&self.host))?;
        let security = |text: &str| {
            Security::from_str(text, true).map_err(|_| "It is one of tls, starttls and plaintext.".to_owned())
        };
        let before = self.security;
        self.security =
            terminal.answer("How it is reached: tls, starttls or plaintext", Some(before.name()), security)?;
        let given = match way {
            Way::Imap => flags.imap_port,
            Way::Smtp => flags.smtp_port,
        };
        let usual = given.or(self.port.filter(|_| before == self.security)).unwrap_or(way.port(self.security));
        let port = terminal.answer("Port", Some(&usual.to_string()), |text| {
            text.parse::<u16>().ok().filter(|port| *port > 0).ok_or("A port is a number up to 65535.".to_owned())
        })?;
        self.port = (port != way.port(self.security)).then_some(port);
        Ok(())
    }

    pub fn ask_login(&mut self, terminal: &Terminal, way: Way) -> Result<(), Failure> {
        self.user = terminal.line(&format!("User for {}", way.name()), Some(&self.user))?;
        self.password = terminal.password(&format!("Password of {}", self.user))?;
        Ok(())
    }
}

impl Flags {
    fn address(&self) -> Result<Option<Address>, Failure> {
        self.address.as_deref().map(address).transpose().map_err(|wrong| Failure::new(Exit::Data, wrong))
    }

    /// From the file, or from the environment.
    fn password(&self, way: Way) -> Result<Option<String>, Failure> {
        let (file, variable) = match way {
            Way::Imap => (&self.imap_password_file, "POSTCASE_IMAP_PASSWORD"),
            Way::Smtp => (&self.smtp_password_file, "POSTCASE_SMTP_PASSWORD"),
        };
        let Some(file) = file else { return Ok(std::env::var(variable).ok().filter(|password| !password.is_empty())) };
        let text = std::fs::read_to_string(file).map_err(|error| {
            Failure::new(Exit::NoInput, format!("{} cannot be read: {}.", file.display(), plain(&error)))
        })?;
        let password = text.strip_suffix('\n').unwrap_or(&text).trim_end_matches('\r');
        if password.is_empty() || password.contains(['\n', '\r', '\0']) {
            let sentence = format!("{} must have the password on its only line.", file.display());
            return Err(Failure::new(Exit::Data, sentence));
        }
        Ok(Some(password.to_owned()))
    }
}

fn name_of(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 100 || text.contains(char::is_control) {
        return Err("The name is one line of at most 100 characters, such as Example Support.".to_owned());
    }
    Ok(text.to_owned())
}

/// `Example` of support@mail.example.com.
fn company(address: &Address) -> String {
    let domain = psl::domain_str(address.domain()).unwrap_or(address.domain());
    let word = domain.split('.').next().unwrap_or_default();
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Where the servers of a mail domain usually are.
struct Provider {
    imap: String,
    smtp: String,
    smtp_security: Security,
}

fn provider(domain: &str) -> Provider {
    let known = |imap: &str, smtp: &str, smtp_security| Provider {
        imap: imap.to_owned(),
        smtp: smtp.to_owned(),
        smtp_security,
    };
    match domain {
        "gmail.com" | "googlemail.com" => known("imap.gmail.com", "smtp.gmail.com", Security::Tls),
        "outlook.com" | "hotmail.com" | "live.com" | "msn.com" => {
            known("outlook.office365.com", "smtp-mail.outlook.com", Security::Starttls)
        }
        "yahoo.com" => known("imap.mail.yahoo.com", "smtp.mail.yahoo.com", Security::Tls),
        "icloud.com" | "me.com" | "mac.com" => known("imap.mail.me.com", "smtp.mail.me.com", Security::Starttls),
        "gmx.de" | "gmx.net" | "gmx.at" | "gmx.ch" => known("imap.gmx.net", "mail.gmx.net", Security::Tls),
        "web.de" => known("imap.web.de", "smtp.web.de", Security::Starttls),
        "fastmail.com" | "fastmail.fm" => known("imap.fastmail.com", "smtp.fastmail.com", Security::Tls),
        "t-online.de" => known("secureimap.t-online.de", "securesmtp.t-online.de", Security::Tls),
        "posteo.de" | "posteo.net" => known("posteo.de", "posteo.de", Security::Tls),
        other => known(&format!("imap.{other}"), &format!("smtp.{other}"), Security::Tls),
    }
}

/// What is particular about the logins of some large providers.
pub fn hint(host: &str) -> &'static str {
    let of = |name: &str| host == name || host.ends_with(&format!(".{name}"));
    if of("gmail.com") || of("googlemail.com") {
        " Google takes an app password here, not the account's own: make one at myaccount.google.com/apppasswords."
    } else if of("office365.com") || of("outlook.com") {
        " Microsoft asks for OAuth2 here, which Postcase does not speak yet."
    } else if of("me.com") || of("yahoo.com") || of("fastmail.com") {
        " This provider takes an app password here, which you make in the settings of your account."
    } else {
        ""
    }
}
