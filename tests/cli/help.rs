//! `--help` of everything.

use crate::place::Place;

const COMMANDS: [&[&str]; 40] = [
    &[],
    &["init"],
    &["run"],
    &["restore"],
    &["check"],
    &["rules"],
    &["rules", "check"],
    &["rules", "show"],
    &["status"],
    &["case"],
    &["case", "list"],
    &["case", "show"],
    &["case", "reply"],
    &["case", "note"],
    &["case", "close"],
    &["case", "reopen"],
    &["case", "assign"],
    &["case", "accept"],
    &["case", "priority"],
    &["case", "status"],
    &["case", "queue"],
    &["case", "tag"],
    &["case", "untag"],
    &["case", "cc"],
    &["case", "uncc"],
    &["case", "wait"],
    &["case", "merge"],
    &["case", "split"],
    &["case", "move"],
    &["case", "spam"],
    &["explain"],
    &["held"],
    &["held", "list"],
    &["held", "show"],
    &["held", "release"],
    &["held", "discard"],
    &["outbox", "list"],
    &["outbox", "retry"],
    &["backup"],
    &["ingest"],
];

/// On a terminal headings stand out and long cells are folded; NO_COLOR, and no terminal, leave colour out.
#[test]
fn colour_is_for_terminals() {
    let place = Place::alone();
    let long = String::from_utf8(crate::lab::mail("printer"))
        .unwrap()
        .replace("Subject: printer", &format!("Subject: {}", "burning ".repeat(20)));
    place.ingest(long.as_bytes());
    let program = env!("CARGO_BIN_EXE_postcase");
    let on_terminal = |no_colour: &str| {
        let mut command = std::process::Command::new("script");
        command.args(["-qec", &format!("stty cols 80; '{program}' case list"), "/dev/null"]);
        command.current_dir(place.path("")).env("NO_COLOR", no_colour).env("TERM", "xterm-256color");
        command.stdin(std::process::Stdio::null());
        command.output().ok().map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let Some(coloured) = on_terminal("") else { return };
    assert!(coloured.contains("\u{1b}[1m"), "{coloured:?}");
    let plain = on_terminal("1").unwrap();
    assert!(!plain.contains('\u{1b}'), "{plain:?}");
    assert!(plain.lines().count() > 3 && plain.lines().all(|line| line.trim_end().chars().count() <= 80), "{plain}");
    assert_eq!(place.done(&["case", "list"]).lines().count(), 2, "a program gets one line a row");
}

#[test]
fn every_command_helps() {
    let place = Place::alone();
    for command in COMMANDS {
        let arguments: Vec<&str> = command.iter().copied().chain(["--help"]).collect();
        let help = place.done(&arguments);
        assert!(help.contains("Usage: postcase"), "{command:?}: {help}");
        let leaf = !matches!(command, ["case"] | ["held"] | ["outbox"] | ["rules"]);
        assert_eq!(help.contains("Example"), leaf, "{command:?}: {help}");
        let summary = help.lines().next().unwrap_or_default();
        assert!(summary.len() > 10 && summary.len() <= 80, "{command:?}: {summary}");
        // Every argument and every command says what it is.
        let mut lines = help.lines().peekable();
        while let Some(line) = lines.next() {
            let option = line.starts_with("  -") || line.starts_with("      --");
            let explained =
                line.trim().contains("  ") || lines.peek().is_some_and(|next| next.starts_with("          "));
            assert!(!option || explained, "{command:?}: {line}");
        }
    }
    let help = place.done(&["--help"]);
    for words in ["Exit codes", "64  wrong usage", "78  the configuration is wrong", "RFC 3339"] {
        assert!(help.contains(words), "{words}");
    }
    for command in [&["status"][..], &["explain"], &["check"], &["backup"], &["ingest"]] {
        let arguments: Vec<&str> = command.iter().copied().chain(["--help"]).collect();
        assert!(place.done(&arguments).contains("Exit codes: 0"), "{command:?}");
    }
    assert!(place.done(&["--version"]).starts_with("postcase "));
}
