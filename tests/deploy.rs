//! The systemd unit is one that systemd takes, is closed, and fits the sample configuration.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use postcase::config::{Config, Environment};

#[test]
fn systemd_takes_the_unit() {
    let Some(output) = analyze(&["verify"]) else { return };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.trim().is_empty(), "{said}");
}

#[test]
fn the_unit_leaves_little_open() {
    // In tenths, from 0 to 100; what a daemon without any hardening gets is 96.
    let Some(output) = analyze(&["security", "--offline=yes", "--no-pager", "--threshold=20"]) else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn the_unit_passes_the_credentials_that_the_sample_configuration_names() {
    let unit = read("deploy/postcase.service");
    let sample = read("deploy/postcase.toml");
    let folder = tempfile::tempdir().unwrap();
    for credential in unit.lines().filter_map(|line| line.strip_prefix("LoadCredential=")) {
        let (name, _) = credential.split_once(':').unwrap();
        fs::write(folder.path().join(name), "secret").unwrap();
    }
    let credentials = ("CREDENTIALS_DIRECTORY".to_owned(), folder.path().display().to_string());
    let loaded = Config::parse(Path::new("/etc/postcase/postcase.toml"), &sample, &Environment::of([credentials]));
    let config = loaded.unwrap_or_else(|wrong| panic!("{wrong}")).value;
    assert!(unit.contains("StateDirectory=postcase\n") && config.database.starts_with("/var/lib/postcase"));
    assert_eq!(config.rules, Path::new("/etc/postcase/rules"));
}

/// Runs systemd-analyze on the unit, with a program in it that exists; None where there is no systemd-analyze.
fn analyze(arguments: &[&str]) -> Option<Output> {
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("postcase.service");
    fs::write(&unit, read("deploy/postcase.service").replace("/usr/local/bin/postcase", "/bin/true")).unwrap();
    match Command::new("systemd-analyze").args(arguments).arg(&unit).output() {
        Ok(output) => Some(output),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("skipped: systemd-analyze is not installed");
            None
        }
        Err(error) => panic!("systemd-analyze does not run: {error}"),
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}
