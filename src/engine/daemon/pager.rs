//! The alarm command: a program of the administrators', run for each alarm.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, Command};

use crate::case::Alarm;

/// How long it may take.
const LIMIT: Duration = Duration::from_secs(30);
/// How long its last words are waited for once it has ended.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// Bytes of what it says on standard error that are looked at.
const SAID: u64 = 4096;
/// Characters of that which are repeated.
const REPEATED: usize = 200;
/// What it finds in its environment of ours: what a program needs, and no secrets.
const KEPT: [&str; 6] = ["PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ"];

/// Runs the command, without a shell, and waits for its end.
///
/// # Errors
/// One sentence, with what to do, when it cannot be run, fails, or takes too long; then it is killed with all that it
/// has started.
pub(super) async fn page(words: &[String], alarm: &Alarm) -> Result<(), String> {
    let [program, arguments @ ..] = words else { return Ok(()) };
    let mut command = Command::new(program);
    command.args(arguments).process_group(0).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.env_clear().envs(KEPT.iter().filter_map(|name| Some((*name, std::env::var_os(name)?))));
    command.env("POSTCASE_ALARM_SOURCE", &alarm.source);
    command.env("POSTCASE_ALARM_TURN", alarm.turn.name());
    command.env("POSTCASE_ALARM_SINCE", alarm.since.to_string());
    command.env("POSTCASE_ALARM_HEADLINE", alarm.headline());
    let mut child = command.spawn().map_err(|error| {
        format!("The alarm command {program} cannot be run ({error}). Check `command` under [alarm].")
    })?;
    let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    let hearing = child.stderr.take().map(|stderr| tokio::spawn(hear(stderr)));
    let ended = tokio::time::timeout(LIMIT, talk(&mut child, &alarm.text)).await;
    // Also what it has left behind, which may hold the other end of what we hear.
    if let Some(group) = group {
        let _ = kill_process_group(group, Signal::KILL);
    }
    match ended {
        Err(_) => Err(format!(
            "The alarm command {program} did not end within {} seconds and was killed. Let it hand over and go.",
            LIMIT.as_secs()
        )),
        Ok(Err(error)) => Err(format!("The alarm command {program} was lost sight of ({error}).")),
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => {
            let said = match hearing {
                Some(hearing) => tokio::time::timeout(LAST_WORDS, hearing).await.ok().and_then(|said| said.ok()),
                None => None,
            };
            let said = one_line(&String::from_utf8_lossy(&said.unwrap_or_default()));
            Err(format!("The alarm command {program} failed ({status}). It said: {said}"))
        }
    }
}

/// Gives it the text, and waits for its end.
async fn talk(child: &mut Child, text: &str) -> std::io::Result<ExitStatus> {
    if let Some(mut stdin) = child.stdin.take() {
        // It need not read.
        let _ = stdin.write_all(format!("{text}\n").as_bytes()).await;
    }
    child.wait().await
}

/// What it has to complain of.
async fn hear(mut stderr: ChildStderr) -> Vec<u8> {
    let mut said = Vec::new();
    let _ = (&mut stderr).take(SAID).read_to_end(&mut said).await;
    // A program that says more would wait for a reader.
    let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
    said
}

fn one_line(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    let line: String = words.join(" ").chars().take(REPEATED).collect();
    if line.is_empty() { "nothing".to_owned() } else { line }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use jiff::Timestamp;

    use super::*;
    use crate::case::alarm::Turn;

    async fn run(script: &str) -> (Result<(), String>, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page");
        std::fs::write(&path, format!("#!/bin/sh\ncd '{}'\n{script}\n", folder.path().display())).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        let alarm = Alarm {
            source: "mailbox support".to_owned(),
            turn: Turn::Begins,
            text: "It fails; `rm -rf /` is not run.".to_owned(),
            since: Timestamp::UNIX_EPOCH,
        };
        let outcome = page(&[path.display().to_string(), "an argument".to_owned()], &alarm).await;
        (outcome, std::fs::read_to_string(folder.path().join("out")).unwrap_or_default())
    }

    #[tokio::test]
    async fn it_gets_the_text_and_no_secrets() {
        let (outcome, out) = run("cat > out; echo \"$1\" >> out; env >> out").await;
        assert_eq!(outcome, Ok(()));
        assert!(out.starts_with("It fails; `rm -rf /` is not run.\nan argument\n"), "{out}");
        let ours =
            ["SOURCE=mailbox support", "TURN=begins", "SINCE=1970-01-01T00:00:00Z", "HEADLINE=Postcase: trouble"];
        for word in ours {
            assert!(out.contains(&format!("POSTCASE_ALARM_{word}")), "{word}: {out}");
        }
        // Cargo sets many variables: none of what is not named goes on.
        assert!(!out.contains("CARGO"), "{out}");
    }

    #[tokio::test]
    async fn that_it_fails_is_said_in_its_own_words_and_no_more_than_a_line() {
        let (outcome, _) = run("echo 'no such\nteam' >&2; exit 3").await;
        let said = outcome.unwrap_err();
        assert!(said.contains("exit status: 3") && said.ends_with("It said: no such team"), "{said}");
        let (outcome, _) = run("yes 'a word' | head -c 1000000 >&2; exit 1").await;
        assert!(outcome.unwrap_err().chars().count() < 400);
    }

    #[tokio::test]
    async fn what_it_leaves_behind_is_ended() {
        // The sleeper holds our end of its words.
        let (outcome, _) = run("sleep 1000 & echo 'done with it' >&2; exit 1").await;
        assert!(outcome.unwrap_err().ends_with("done with it"));
        let alarm =
            Alarm { source: "smtp".to_owned(), turn: Turn::Over, text: String::new(), since: Timestamp::UNIX_EPOCH };
        let gone = page(&["/nonexistent/page".to_owned()], &alarm).await;
        assert!(gone.unwrap_err().contains("cannot be run"));
    }
}
