//! Journeys: stories on disk, played from the first mail to the last on a real engine and a real database.
//!
//! A story is a folder in `fixtures/journeys/`: `story.toml` is the script (see `script.rs`), `*.eml` are its longer
//! mails, `desk.toml`, `staff.toml` and `routing.toml` its rules where it needs some of its own, and `expected.txt` tells what came of it.
//!
//! - `cargo test --test journeys` plays them all;
//! - `STORY=reopen cargo test --test journeys` those whose name contains `reopen`;
//! - `BLESS=1 cargo test --test journeys` writes `expected.txt` anew. Read the difference before committing it.

#[path = "../desk/mod.rs"]
mod desk;
mod laws;
mod play;
mod script;
mod tell;
mod write;

use std::path::{Path, PathBuf};

use similar::TextDiff;

fn stories() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/journeys");
    let wanted = std::env::var("STORY").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::fs::read_dir(&root)
        .unwrap_or_else(|error| panic!("{}: {error}", root.display()))
        .map(|entry| entry.expect("a folder").path())
        .filter(|path| path.join("story.toml").exists() && path.to_string_lossy().contains(&wanted))
        .collect();
    folders.sort();
    folders
}

/// What came of a story: as it is told, or how it failed.
fn outcome(folder: &Path, name: &str) -> Result<String, String> {
    let played = std::panic::catch_unwind(|| {
        let story = script::read(folder);
        let desk = play::play(&story, folder);
        let told = tell::tell(&story, &desk);
        laws::check(name, &desk);
        told
    });
    played.map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        text.unwrap_or("it panicked").to_owned()
    })
}

#[test]
fn every_story_ends_as_it_is_told() {
    let bless = std::env::var_os("BLESS").is_some();
    let folders = stories();
    assert!(!folders.is_empty(), "there are stories");
    let mut differences = String::new();
    for folder in folders {
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let file = folder.join("expected.txt");
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        match outcome(&folder, &name) {
            Ok(told) if bless => {
                std::fs::write(&file, told).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            }
            Ok(told) if told == expected => {}
            Ok(told) => {
                let diff = TextDiff::from_lines(&expected, &told);
                differences.push_str(&format!("\n=== {name}\n{}", diff.unified_diff().header("expected", "told")));
            }
            Err(fault) => differences.push_str(&format!("\n=== {name}\n{fault}\n")),
        }
    }
    assert!(differences.is_empty(), "stories ended otherwise; `BLESS=1` if that is right\n{differences}");
}
