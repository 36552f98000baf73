//! Follows the folder of the rules: what people save there is in force a moment later, if it is good.
//!
//! Notices from the system only poke; what counts is whether the files read otherwise than before. They are looked at
//! now and then all the same: a link that leads elsewhere, or a disk across the network, tells nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::signal::unix::Signal;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tracing::debug;

use crate::cli::desk::{compile, findings};
use crate::config::Config;
use crate::engine::daemon::Control;
use crate::rules::Files;

/// How long the folder must be quiet: editors save in several steps.
const QUIET: Duration = Duration::from_millis(300);
/// How many such moments are waited for, at most.
const MOMENTS: usize = 20;
/// How long mistakes must stand before they are believed: a file may be half written. Good rules stand for [`QUIET`].
const DOUBT: Duration = Duration::from_secs(1);
/// How often the files are looked at without a notice.
const LOOK: Duration = Duration::from_secs(5);

/// Why the rules are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// SIGHUP: whatever they say, it is told.
    Asked,
    /// They may have changed.
    Noticed,
}

/// Orders the daemon to take new rules, or tells it that they have mistakes, whenever they read otherwise than
/// `seen`, and at each SIGHUP. Ends when the daemon does.
pub async fn follow(config: Arc<Config>, mut seen: Files, mut hangup: Signal, orders: mpsc::Sender<Control>) {
    let (poke, mut pokes) = mpsc::channel(1);
    let mut watcher = watch(&config.rules, &poke);
    let mut cause = Cause::Noticed;
    while !orders.is_closed() {
        if let Some(order) = look(&config, &mut seen, cause).await {
            if orders.send(order).await.is_err() {
                return;
            }
            watcher = watch(&config.rules, &poke);
        }
        cause = tokio::select! {
            _ = hangup.recv() => Cause::Asked,
            Some(()) = pokes.recv() => {
                settle(&mut pokes).await;
                // The folder may be another one under the same name.
                watcher = watch(&config.rules, &poke);
                Cause::Noticed
            }
            () = sleep(LOOK) => {
                if watcher.is_none() {
                    watcher = watch(&config.rules, &poke);
                }
                Cause::Noticed
            }
        };
    }
}

/// What there is to order, if the files have changed.
async fn look(config: &Arc<Config>, seen: &mut Files, cause: Cause) -> Option<Control> {
    let mut files = read(config).await?;
    for _ in 0..MOMENTS {
        if cause == Cause::Noticed && files == *seen {
            return None;
        }
        let order = order(config, files.clone());
        if cause == Cause::Noticed {
            sleep(if matches!(order, Control::BadRules(_)) { DOUBT } else { QUIET }).await;
            let again = read(config).await?;
            if again != files {
                files = again;
                continue;
            }
        }
        *seen = files;
        return Some(order);
    }
    // Somebody writes all the time: the next look finds the end of it.
    None
}

/// A panic is told like a mistake in the rules: whoever follows the folder goes on.
fn order(config: &Config, files: Files) -> Control {
    match catch_unwind(AssertUnwindSafe(|| compile(config, files))) {
        Ok(Ok(loaded)) => Control::Reload(Box::new(loaded.value)),
        Ok(Err(found)) => Control::BadRules(findings(&found).message().to_owned()),
        Err(_) => Control::BadRules(
            "A mistake in Postcase: these rules end their reader. Take back what was changed last, and please tell its \
             makers."
                .to_owned(),
        ),
    }
}

/// The disk may be slow, or far away.
async fn read(config: &Arc<Config>) -> Option<Files> {
    let config = Arc::clone(config);
    tokio::task::spawn_blocking(move || Files::read(&config.rules)).await.ok()
}

async fn settle(pokes: &mut mpsc::Receiver<()>) {
    for _ in 0..MOMENTS {
        if timeout(QUIET, pokes.recv()).await.is_err() {
            return;
        }
    }
}

/// Pokes when something changes in the folder, or in that of its templates; None where the system does not tell. What
/// stands beside the folder is not watched: it may be the database, which changes all the time.
fn watch(folder: &Path, poke: &mpsc::Sender<()>) -> Option<RecommendedWatcher> {
    let poke = poke.clone();
    let told = move |event: notify::Result<notify::Event>| {
        if event.map_or(true, |event| is_change(&event.kind)) {
            // A poke that waits already stands for this one.
            let _ = poke.try_send(());
        }
    };
    let begin = || -> notify::Result<RecommendedWatcher> {
        let mut watcher = notify::recommended_watcher(told)?;
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
        // Most desks have none of their own.
        let _ = watcher.watch(&folder.join("templates"), RecursiveMode::NonRecursive);
        Ok(watcher)
    };
    begin().inspect_err(|error| debug!("changes of {} are found by looking: {error}", folder.display())).ok()
}

/// Reading a file, as is done here, changes nothing.
fn is_change(kind: &EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        EventKind::Any | EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Other => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "database = \"desk.db\"\n\n[[mailbox]]\nname = \"support\"\naddress = \"support@desk.test\"\n\
        host = \"localhost\"\nuser = \"support\"\npassword = { env = \"NONE\" }\n\n[smtp]\nhost = \"localhost\"\n";

    /// What was saved is good, and only half of what its writer means to save.
    #[tokio::test]
    async fn rules_that_change_while_they_are_looked_at_are_looked_at_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("postcase.toml");
        let config = Config::parse_without_secrets(&path, CONFIG).unwrap_or_else(|_| panic!("a good file")).value;
        let config = Arc::new(config);
        std::fs::create_dir(&config.rules).unwrap();
        let save = |name: &str| {
            let text = format!("[desk]\nname = \"{name}\"\naddress = \"support@desk.test\"\n");
            std::fs::write(config.rules.join("desk.toml"), text).unwrap();
        };
        save("Old");
        let mut seen = Files::read(&config.rules);
        save("Half");
        let meanwhile = async {
            sleep(QUIET / 2).await;
            save("Whole");
        };
        let ((), order) = tokio::join!(biased; meanwhile, look(&config, &mut seen, Cause::Noticed));
        let Some(Control::Reload(policy)) = order else { panic!("{order:?}") };
        assert_eq!(policy.desk.name, "Whole");
        assert!(look(&config, &mut seen, Cause::Noticed).await.is_none(), "that is all");
    }
}
