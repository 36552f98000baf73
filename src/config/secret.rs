//! Secrets, which never stand in the configuration file: it says where they are.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use crate::diagnostics::{Finding, Section, Value, plain};

/// Bytes of the largest secret.
const MAX_SECRET_BYTES: u64 = 64 * 1024;
const WAYS: &str = "password = { file = \"imap.password\" }";

/// What the process was given beside its files: its environment variables.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

impl Environment {
    /// Of this process. Variables that are not UTF-8 are as good as not set.
    pub fn of_process() -> Environment {
        let variables = std::env::vars_os();
        let utf8 = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Environment { variables: variables.filter_map(utf8).collect() }
    }

    pub fn of(variables: impl IntoIterator<Item = (String, String)>) -> Environment {
        Environment { variables: variables.into_iter().collect() }
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }
}

/// Whether secrets are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Secrets {
    Read,
    Leave,
}

/// Where secrets are looked for.
pub(super) struct Vault<'e> {
    pub secrets: Secrets,
    pub environment: &'e Environment,
    /// The folder of the configuration file.
    pub folder: &'e Path,
}

impl Vault<'_> {
    /// The secret that `{ env = … }`, `{ file = … }` or `{ credential = … }` names.
    pub fn secret(&self, value: Value<'_>) -> Option<SecretString> {
        if !value.is_section() {
            value.hide();
        }
        if value.as_text().is_some() {
            return value.wrong(
                format!("the {} itself must not stand in this file", value.key()),
                "a secret in clear text",
                Some(format!("put it into a file of its own, readable only by Postcase's user, and write `{WAYS}`")),
            );
        }
        value.section("`{ env = … }`, `{ file = … }` or `{ credential = … }`", |section| self.named(section))
    }

    fn named(&self, section: &Section<'_>) -> Option<SecretString> {
        section.hide_all_but(&["env", "file", "credential"]);
        let ways = [section.value("env"), section.value("file"), section.value("credential")];
        let [env, file, credential] = match ways.iter().flatten().count() {
            1 => ways,
            0 => {
                section.report(
                    Finding::error("this does not say where the secret is")
                        .label("one of `env`, `file`, `credential` is needed")
                        .help(format!("write for example `{WAYS}`")),
                );
                return None;
            }
            _ => {
                section.report(
                    Finding::error("this names more than one place for one secret")
                        .help("keep one of `env`, `file`, `credential`"),
                );
                return None;
            }
        };
        if self.secrets == Secrets::Leave {
            return env.or(file).or(credential)?.line().map(|_| SecretString::from(""));
        }
        env.and_then(|value| self.in_variable(value))
            .or_else(|| file.and_then(|value| self.in_file(value)))
            .or_else(|| credential.and_then(|value| self.in_credential(value)))
    }

    fn in_variable(&self, value: Value<'_>) -> Option<SecretString> {
        let name = value.clone().line()?;
        match self.environment.variable(&name) {
            Some("") => value.wrong(format!("the environment variable `{name}` is empty"), "no secret in it", None),
            Some(secret) => Some(SecretString::from(secret)),
            None => value.wrong(
                format!("the environment variable `{name}` is not set"),
                "not in Postcase's environment",
                Some(format!(
                    "set it where Postcase is started (systemd: `Environment=` or better `LoadCredential=`), or write `{WAYS}`"
                )),
            ),
        }
    }

    fn in_file(&self, value: Value<'_>) -> Option<SecretString> {
        let path = self.folder.join(value.clone().line()?);
        let secret = read(&path, &value)?;
        if others_may_read(&path) {
            value.warn(
                format!("everybody on this machine can read {}", path.display()),
                format!("chmod o= {}", path.display()),
            );
        }
        Some(secret)
    }

    fn in_credential(&self, value: Value<'_>) -> Option<SecretString> {
        let name = value.clone().line()?;
        if name.contains('/') || name == ".." {
            let help = "name the credential as in `LoadCredential=name:/path`, or write `file = …`";
            return value.wrong("a credential is a name, not a path", "this has a slash", Some(help.to_owned()));
        }
        let Some(folder) = self.environment.variable("CREDENTIALS_DIRECTORY") else {
            return value.wrong(
                format!("there is no credential `{name}`, because systemd passed none"),
                "CREDENTIALS_DIRECTORY is not set",
                Some(format!(
                    "add `LoadCredential={name}:/path` to the unit and start Postcase by systemd, or write `{WAYS}`"
                )),
            );
        };
        let path = PathBuf::from(folder).join(&name);
        if !path.exists() {
            let help = format!("add `LoadCredential={name}:/path` to the unit");
            return value.wrong(format!("systemd passed no credential `{name}`"), "no such credential", Some(help));
        }
        read(&path, &value)
    }
}

/// Reads a secret from a file, less one line end.
fn read(path: &Path, value: &Value<'_>) -> Option<SecretString> {
    let shown = path.display();
    let mut text = Zeroizing::new(String::new());
    let opened = File::open(path).and_then(|file| file.take(MAX_SECRET_BYTES + 1).read_to_string(&mut text));
    if let Err(error) = opened {
        let help = remedy(path, error.kind());
        return value.wrong(format!("cannot read the secret {shown}: {}", plain(&error)), "named here", Some(help));
    }
    let secret = text.strip_suffix('\n').map_or(&**text, |line| line.strip_suffix('\r').unwrap_or(line));
    let fault = if text.len() as u64 > MAX_SECRET_BYTES {
        "is too large for a secret"
    } else if secret.is_empty() {
        "is empty"
    } else if secret.contains(['\n', '\r', '\0']) {
        "has more than one line"
    } else {
        return Some(SecretString::from(secret));
    };
    value.wrong(
        format!("the secret {shown} {fault}"),
        "named here",
        Some("write the secret on one line of it".to_owned()),
    )
}

fn others_may_read(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0)
}

/// What to do about a secret that cannot be read.
fn remedy(path: &Path, error: std::io::ErrorKind) -> String {
    use std::io::ErrorKind;

    let shown = path.display();
    match error {
        ErrorKind::NotFound => format!("create {shown} with the secret in it, and `chmod 600` it"),
        ErrorKind::PermissionDenied => {
            format!("give it to the user that Postcase runs as: `chown postcase {shown}` and `chmod 600 {shown}`")
        }
        ErrorKind::InvalidData => "save it as UTF-8 text".to_owned(),
        ErrorKind::IsADirectory => "name a file, not a folder".to_owned(),
        _ => format!("make {shown} readable for the user that Postcase runs as"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_of_somebody_else_is_a_matter_of_owner_and_mode() {
        let remedy = remedy(Path::new("imap.password"), std::io::ErrorKind::PermissionDenied);
        assert!(remedy.contains("chown postcase imap.password") && remedy.contains("chmod 600"), "{remedy}");
    }
}
