//! Reads `postcase.toml`.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::alarm::{alarm, working_time};
use super::secret::{Secrets, Vault};
use super::{Config, Environment, Filing, Login, MailboxConfig, Security, Server, SmtpConfig, Start, Verify};
use crate::diagnostics::{Diagnostics, Finding, Loaded, Section, Source, Span, Value, plain};
use crate::mail::Address;
use crate::mail::authentication::Trust;

const SMTP_PASSWORD: &str = "password = { file = \"smtp.password\" }";
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

impl Config {
    /// Reads the configuration, and the secrets that it names.
    pub fn load(path: &Path) -> Result<Loaded<Config>, Diagnostics> {
        let source = Source::open(path)?;
        Config::read(path, source, &Environment::of_process(), Secrets::Read)
    }

    /// As [`Config::load`], for those who ask no server: passwords are left where they are, and are empty here.
    /// People who look at cases need not be able to read them.
    pub fn load_without_secrets(path: &Path) -> Result<Loaded<Config>, Diagnostics> {
        let source = Source::open(path)?;
        Config::read(path, source, &Environment::default(), Secrets::Leave)
    }

    /// As [`Config::load_without_secrets`], of a text that would stand at `path`.
    pub fn parse_without_secrets(path: &Path, text: &str) -> Result<Loaded<Config>, Diagnostics> {
        let source = Source::new(path.display().to_string(), text);
        Config::read(path, source, &Environment::default(), Secrets::Leave)
    }

    /// As [`Config::load`], of a text that would stand at `path`.
    pub fn parse(path: &Path, text: &str, environment: &Environment) -> Result<Loaded<Config>, Diagnostics> {
        Config::read(path, Source::new(path.display().to_string(), text), environment, Secrets::Read)
    }

    /// Every key that may stand in the file and that reading `text` asks for: `mailbox.password.env`.
    pub fn known_keys(text: &str) -> std::collections::BTreeSet<String> {
        let source = Source::new("postcase.toml", text);
        let vault = Vault { environment: &Environment::default(), folder: Path::new(""), secrets: Secrets::Read };
        source.read(|top| config(top, Path::new("postcase.toml"), &vault));
        source.known_keys()
    }

    fn read(
        path: &Path,
        source: Source,
        environment: &Environment,
        secrets: Secrets,
    ) -> Result<Loaded<Config>, Diagnostics> {
        let vault = Vault { environment, folder: path.parent().unwrap_or(Path::new("")), secrets };
        let config = source.read(|top| config(top, path, &vault));
        source.diagnostics().judge(config)
    }
}

fn config(top: &Section<'_>, path: &Path, vault: &Vault<'_>) -> Option<Config> {
    let folder = vault.folder;
    let database = top.required("database", "database = \"postcase.db\"", Value::line);
    let rules = top.or("rules", "rules".to_owned(), Value::line);
    let read = top.sections("mailbox", |section| Some(mailbox(section, vault)));
    if read.is_empty() && top.value("mailbox").is_none() {
        let help =
            "add a section `[[mailbox]]` with name, address, host and password; the sample configuration has one";
        top.report_missing(Finding::error("there is no mailbox to watch").help(help));
    }
    find_clashes(top.source(), &read);
    let smtp = top.required_section("smtp", "host = \"smtp.example.com\"", |section| smtp(section, vault));
    let alarm = top.section("alarm", |section| alarm(section, folder, &read));
    let complete = read.iter().all(|entry| entry.config.is_some());
    let mailboxes = read.into_iter().filter_map(|entry| entry.config).collect();
    let (database, smtp) = (database?, smtp?);
    complete.then(|| Config {
        path: path.to_owned(),
        database: folder.join(database),
        rules: folder.join(rules),
        mailboxes,
        smtp,
        alarm,
    })
}

/// A mailbox as it was read, with the places at which clashes are shown.
pub(super) struct Read {
    config: Option<MailboxConfig>,
    pub(super) name: Option<(String, Span)>,
    /// The address first, then the aliases.
    pub(super) addresses: Vec<(Address, Span)>,
    folder: Option<Span>,
    span: Option<Span>,
    pub(super) no_mail_after: Option<Duration>,
}

fn mailbox(section: &Section<'_>, vault: &Vault<'_>) -> Read {
    let placed = |value: Value<'_>| value.clone().address().map(|address| (address, value.span()));
    let name = section.required("name", "name = \"support\"", |value| Some((name(value.clone())?, value.span())));
    let address = section.required("address", "address = \"support@example.com\"", placed);
    let aliases = section.or("aliases", Vec::new(), |value| value.list(placed));
    let server = server(section, vault.folder, [993, 143, 143], "imap.example.com", MINUTE);
    let user = section.optional("user", Value::line);
    let password = section.required("password", "password = { file = \"imap.password\" }", |value| vault.secret(value));
    let folder_span = section.value("folder").map(|value| value.span());
    let folder = section.or("folder", "INBOX".to_owned(), Value::line);
    let start = section.or("start", Start::New, start);
    let poll = section.or("poll", MINUTE, |value| value.duration(SECOND..=HOUR));
    let idle = section.or("idle", true, Value::boolean);
    let filing = section.or("file", Filing::Leave, filing);
    let sent_folder = section.optional("sent_folder", Value::line);
    let message_bytes = section.or("message_size", 50 << 20, |value| value.size(64 << 10..=1 << 30));
    let trust = trust(section);
    let verify = section.optional("verify", verify);
    let no_mail_after = section.optional("no_mail_after", working_time);
    find_unencrypted(section, server.as_ref());
    let config = || {
        let address = address.as_ref()?.0.clone();
        Some(MailboxConfig {
            name: name.as_ref()?.0.clone(),
            aliases: aliases.iter().map(|(alias, _)| alias.clone()).collect(),
            server: server?,
            user: user.unwrap_or_else(|| address.to_string()),
            address,
            login: Login::Password(password?),
            folder,
            start,
            poll,
            idle,
            filing,
            sent_folder,
            message_bytes,
            trust,
            verify,
        })
    };
    let config = config();
    Read {
        config,
        name,
        addresses: address.into_iter().chain(aliases).collect(),
        folder: folder_span,
        span: section.span(),
        no_mail_after,
    }
}

/// Whose Authentication-Results count.
fn trust(section: &Section<'_>) -> Option<Trust> {
    let servers = section.optional("authserv", |value| {
        let mut count = 0;
        let names = value.clone().list(|value| {
            count += 1;
            authserv_id(value)
        })?;
        if count == 0 {
            let help = "name the server that receives your mail, or remove the line".to_owned();
            return value.wrong("`authserv` names no server", "this is empty", Some(help));
        }
        (!names.is_empty()).then_some(Trust::Servers(names))
    });
    let topmost = section.optional("trusted", |value| {
        if value.clone().line()? != "topmost" {
            let help = "name the server in `authserv`, as in [\"mx.example.com\"], or write \"topmost\"".to_owned();
            return value.wrong("`trusted` can only be \"topmost\"", "this is something else", Some(help));
        }
        if servers.is_some() {
            let help = "remove `trusted`: the name is the better proof".to_owned();
            return value.wrong("`authserv` and `trusted` exclude each other", "a server is named already", Some(help));
        }
        Some(Trust::Topmost)
    });
    servers.or(topmost)
}

/// Whether signatures are checked, and whom to ask for keys.
fn verify(value: Value<'_>) -> Option<Verify> {
    let resolver = if value.as_text().is_none() {
        value.clone().section("\"dkim\" or `{ dkim = \"192.0.2.53\" }`", |section| {
            section.required("dkim", "dkim = \"192.0.2.53\"", resolver).map(Some)
        })?
    } else {
        value.clone().choice(&[("dkim", None)])?
    };
    if !cfg!(feature = "dkim") {
        let help = "remove the line, or build Postcase with the feature `dkim`".to_owned();
        return value.wrong("this Postcase cannot check signatures", "it was built without that", Some(help));
    }
    Some(Verify::Dkim { resolver })
}

/// A DNS server, by its address.
fn resolver(value: Value<'_>) -> Option<SocketAddr> {
    let text = value.clone().line()?;
    let plain = text.parse::<IpAddr>().map(|address| SocketAddr::new(address, 53));
    plain.or_else(|_| text.parse()).ok().or_else(|| {
        let help = "write an address, with a port where it is not 53: \"192.0.2.53\"".to_owned();
        value.wrong("`dkim` must be the address of a DNS server", "this is none", Some(help))
    })
}

/// RFC 8601 §2.5: what stands first in the field Authentication-Results, lower case.
fn authserv_id(value: Value<'_>) -> Option<String> {
    let text = value.clone().line()?;
    if text.contains(|c: char| c.is_whitespace() || ";=\"()<>@:/".contains(c)) {
        let help = "write what stands first in Authentication-Results, up to the semicolon, as in \"mx.example.com\"";
        return value.wrong("`authserv` must name servers", "this is no name", Some(help.to_owned()));
    }
    // What stands below a public suffix belongs to many, who could all name themselves so.
    let owned = |domain: &str| !domain.contains('*') && psl::domain_str(domain).is_some();
    if text.contains('*') && !text.to_lowercase().strip_prefix("*.").is_some_and(owned) {
        let help = "write the domain that the hosts of your provider are in, as in \"*.mx.example.com\"";
        let wrong = "`*.` must stand before a domain of your own or of your provider";
        return value.wrong(wrong, "hosts of strangers could have such a name", Some(help.to_owned()));
    }
    Some(text.to_lowercase())
}

fn smtp(section: &Section<'_>, vault: &Vault<'_>) -> Option<SmtpConfig> {
    // RFC 5321 §4.5.3.2: five minutes for a reply, ten after the final dot.
    let server = server(section, vault.folder, [465, 587, 25], "smtp.example.com", 5 * MINUTE);
    let user = section.value("user");
    let password = section.value("password");
    match (&user, &password) {
        (Some(user), None) if section.source().is_whole() => user.wrong(
            "`user` stands here without `password`",
            "nobody can log in with this alone",
            Some(format!("add `{SMTP_PASSWORD}`, or remove `user` for a server that asks for no login")),
        ),
        (None, Some(password)) if section.source().is_whole() => password.wrong(
            "`password` stands here without `user`",
            "nobody can log in with this alone",
            Some("add `user = \"…\"`, or remove `password` for a server that asks for no login".to_owned()),
        ),
        (Some(_), Some(_)) | (None, None) | (Some(_), None) | (None, Some(_)) => Some(()),
    };
    let login = password.and_then(|value| vault.secret(value)).map(Login::Password);
    if login.is_some() {
        find_unencrypted(section, server.as_ref());
    }
    let user = user.and_then(Value::line);
    let helo = section.optional("helo", host);
    Some(SmtpConfig { server: server?, user, login, helo })
}

/// The keys that every server has; `ports` are the defaults for tls, starttls, plaintext.
fn server(section: &Section<'_>, folder: &Path, ports: [u16; 3], example: &str, timeout: Duration) -> Option<Server> {
    let host = section.required("host", &format!("host = \"{example}\""), host);
    let security = section.or("security", Security::Tls, |value| {
        value.choice(&[("tls", Security::Tls), ("starttls", Security::StartTls), ("plaintext", Security::Plaintext)])
    });
    let [tls, starttls, plaintext] = ports;
    let port = match security {
        Security::Tls => tls,
        Security::StartTls => starttls,
        Security::Plaintext => plaintext,
    };
    let port = section.or("port", port, |value| value.number(1..=u16::MAX));
    let ca_file = section.optional("ca_file", |value| ca_file(value, folder));
    let timeout = section.or("timeout", timeout, |value| value.duration(SECOND..=HOUR));
    Some(Server { host: host?, port, security, ca_file, timeout })
}

fn host(value: Value<'_>) -> Option<String> {
    let text = value.clone().line()?;
    let proper = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    let port = text.rsplit_once(':').filter(|(host, port)| !host.contains(':') && port.parse::<u16>().is_ok());
    let help = if text.contains("://") {
        "write only the name, as in \"mail.example.com\"; `security` says how it is reached".to_owned()
    } else if let Some((host, port)) = port {
        format!("write `\"{host}\"`, and `port = {port}` on a line of its own")
    } else if !text.chars().all(proper) {
        "write a name like \"mail.example.com\" or an IP address".to_owned()
    } else {
        return Some(text);
    };
    value.wrong(format!("`{}` must be the name of a server", value.key()), "this is more than a name", Some(help))
}

fn ca_file(value: Value<'_>, folder: &Path) -> Option<PathBuf> {
    let path = folder.join(value.clone().line()?);
    match std::fs::read(&path) {
        Ok(pem) if pem.windows(27).any(|window| window == b"-----BEGIN CERTIFICATE-----") => Some(path),
        Ok(_) => value.wrong(
            format!("{} holds no certificate", path.display()),
            "this is not a PEM file with certificates",
            Some("it must hold `-----BEGIN CERTIFICATE-----`; convert it with `openssl x509 -inform DER`".to_owned()),
        ),
        Err(error) => value.wrong(
            format!("cannot read {}: {}", path.display(), plain(&error)),
            "named here",
            Some("correct the path, and let the user that Postcase runs as read it".to_owned()),
        ),
    }
}

/// A name that stands in the ledger and on the command line.
fn name(value: Value<'_>) -> Option<String> {
    let text = value.clone().line()?;
    let proper = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text.chars().all(proper) && text.len() <= 64 {
        return Some(text);
    }
    let help = "use letters, digits, `-`, `_` and `.`, at most 64";
    value.wrong("a mailbox's name is one word", "this is none", Some(help.to_owned()))
}

fn start(value: Value<'_>) -> Option<Start> {
    const WANTED: &str = "`start` must be \"new\", \"all\" or a date like \"2026-05-01\"";
    let text = value.as_text().map(str::to_owned).or_else(|| value.as_date());
    match text.as_deref() {
        Some("new") => Some(Start::New),
        Some("all") => Some(Start::All),
        Some(text) => match text.parse::<Date>().and_then(|date| date.to_zoned(TimeZone::UTC)) {
            Ok(midnight) => Some(Start::Since(Timestamp::from(midnight))),
            Err(_) => value.wrong(WANTED, "this is neither", None),
        },
        None => value.wrong(WANTED, "this is neither", None),
    }
}

fn filing(value: Value<'_>) -> Option<Filing> {
    if value.as_text().is_none() {
        return value.section("\"leave\", \"seen\", \"delete\" or `{ move = \"Folder\" }`", |section| {
            section.required("move", "move = \"Processed\"", Value::line).map(Filing::Move)
        });
    }
    if value.as_text() == Some("move") {
        let help = "write `file = { move = \"Processed\" }`";
        return value.wrong("`move` needs the name of a folder", "to where?", Some(help.to_owned()));
    }
    let choices = [("leave", Filing::Leave), ("seen", Filing::MarkSeen), ("delete", Filing::Delete)];
    let filing = value.clone().choice(&choices)?;
    if filing == Filing::Delete {
        value.warn(
            "`file = \"delete\"` leaves the database as the only copy of your mail",
            "back it up, or write `file = { move = \"Processed\" }`",
        );
    }
    Some(filing)
}

fn find_unencrypted(section: &Section<'_>, server: Option<&Server>) {
    let Some(server) = server else { return };
    let local = matches!(server.host.as_str(), "localhost" | "::1" | "[::1]") || server.host.starts_with("127.");
    if let (Security::Plaintext, false, Some(value)) = (server.security, local, section.value("security")) {
        value.warn(
            format!("the password for {} crosses the network unencrypted", server.host),
            "write `security = \"tls\"` or `security = \"starttls\"`",
        );
    }
}

/// Names, folders and addresses that two mailboxes would share.
fn find_clashes(source: &Source, read: &[Read]) {
    let clash = |span: Span, message: String, help: &str, first: Span, label: &str| {
        source.report_twice(span, Finding::error(message).help(help), first, label);
    };
    for (at, entry) in read.iter().enumerate() {
        let earlier = &read[..at];
        if let Some((name, span)) = &entry.name {
            let same = earlier.iter().filter_map(|other| other.name.as_ref()).find(|(other, _)| other == name);
            if let Some((_, first)) = same {
                let message = format!("two mailboxes have the name `{name}`");
                clash(*span, message, "give each mailbox a name of its own", *first, "first used here");
            }
        }
        let same = earlier.iter().find(|other| watches_the_same(entry, other));
        if let (Some(other), Some(span)) = (same, entry.folder.or(entry.span)) {
            let message = "two mailboxes watch the same folder of the same account".to_owned();
            let first = other.folder.or(other.span).unwrap_or(span);
            clash(
                span,
                message,
                "remove one, and list its address in the `aliases` of the other",
                first,
                "watched here",
            );
        }
    }
    let all: Vec<_> = read.iter().flat_map(|entry| entry.addresses.iter().enumerate()).collect();
    for (at, (place, (address, span))) in all.iter().enumerate() {
        // Two folders of one account share their address: only an alias must stand alone.
        let same = all[..at].iter().find(|(other, (before, _))| before == address && (*other > 0 || *place > 0));
        if let Some((_, (_, first))) = same {
            let message = format!("{address} is listed twice");
            clash(*span, message, "list each alias once, at the mailbox that receives it", *first, "first listed here");
        }
    }
}

fn watches_the_same(one: &Read, other: &Read) -> bool {
    let (Some(one), Some(other)) = (&one.config, &other.config) else { return false };
    // RFC 9051 §5.1: INBOX in any case is one folder, all others are told apart by case.
    let inbox = |folder: &str| folder.eq_ignore_ascii_case("INBOX");
    one.server.host.eq_ignore_ascii_case(&other.server.host)
        && one.server.port == other.server.port
        && one.user == other.user
        && (one.folder == other.folder || (inbox(&one.folder) && inbox(&other.folder)))
}
