//! Whose database this is: the desk's, at home; a copy; a test copy; that of a trial.

use std::path::Path;

use super::{Result, Store, StoreError};

/// What becomes of a database that was copied or moved here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adopt {
    /// Refused: two desks with one database would answer everybody twice.
    Refuse,
    /// This is its home from now on.
    Adopt,
    /// This is its home from now on, and it never sends anything: a copy to try things on. A new database becomes one,
    /// too; the desk itself does not.
    TestCopy,
}

/// What a test copy has in `meta`. It stays one: whatever was done with it in the meantime must not reach anybody later.
const TEST_COPY: &str = "test-copy";
/// What the database of a trial has there.
const DISPOSABLE: &str = "disposable";

impl Store {
    /// A database knows where it lives: a copy has another inode, a moved disk another machine.
    pub fn check_home(&self, adopt: Adopt) -> Result<()> {
        let here = home(&self.path);
        let path = || self.path.clone();
        let test_copy = self.is_test_copy()?;
        match (self.meta("home")?, adopt) {
            (_, Adopt::Adopt) if test_copy => Err(StoreError::TestCopy { path: path() }),
            (Some(home), Adopt::TestCopy) if home == here && !test_copy => Err(StoreError::NotACopy { path: path() }),
            (Some(home), _) if home == here => Ok(()),
            (Some(home), Adopt::Refuse) => Err(StoreError::OtherInstance { path: path(), home }),
            (Some(_), Adopt::Adopt | Adopt::TestCopy) | (None, _) => {
                let tx = self.begin()?;
                tx.set_meta("home", &here)?;
                if adopt == Adopt::TestCopy {
                    tx.set_meta(TEST_COPY, "yes")?;
                }
                tx.commit()
            }
        }
    }

    /// True for a copy that was taken over to try things on: it never sends anything.
    pub fn is_test_copy(&self) -> Result<bool> {
        Ok(self.meta(TEST_COPY)?.is_some())
    }

    /// A trial's database may be thrown away, and need not outlive a power cut: nothing waits for the disk.
    pub fn make_disposable(&self) -> Result<()> {
        self.connection.pragma_update(None, "synchronous", "OFF")?;
        self.write(|tx| tx.set_meta(DISPOSABLE, "yes"))
    }

    pub fn is_disposable(&self) -> Result<bool> {
        Ok(self.meta(DISPOSABLE)?.is_some())
    }
}

/// Where a database lives: machine and inode. A renamed folder keeps both; a copy keeps neither.
pub(super) fn home(path: &Path) -> String {
    use std::os::unix::fs::MetadataExt;

    let machine = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
    let inode = std::fs::metadata(path).map_or(0, |m| m.ino());
    let machine: String = machine.trim().chars().take(8).collect();
    format!("machine {} inode {inode}", if machine.is_empty() { "unnamed" } else { &machine })
}
