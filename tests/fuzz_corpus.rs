//! The kept corpus of the fuzz targets, read without a fuzzer: what was once found stays mended.

#[path = "../fuzz/properties.rs"]
mod properties;

use std::path::Path;

fn replay(target: &str, holds: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut inputs = 0;
    for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("a folder can be read").path();
        // Which input it was is seen where the test fails.
        println!("{}", path.display());
        holds(&std::fs::read(&path).expect("a file of the corpus"));
        inputs += 1;
    }
    assert!(inputs > 10, "{target} has a corpus");
}

#[test]
fn reading() {
    replay("reading", properties::reading);
}

#[test]
fn kind() {
    replay("kind", properties::kind);
}

#[test]
fn body() {
    replay("body", properties::body);
}

#[test]
fn report() {
    replay("report", properties::report);
}

#[test]
fn reference() {
    replay("reference", properties::reference);
}

#[test]
fn authentication() {
    replay("authentication", properties::authentication);
}
