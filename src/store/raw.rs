//! Raw mail: the only copy. Behind one file, so that segments can follow when one SQLite file grows too large.

use rusqlite::{OptionalExtension, params};

use super::{Result, Store, Tx};
use crate::case::EntryId;

/// Attachments are base64 mostly: higher levels cost time and give the same size.
const LEVEL: i32 = 1;

pub(super) fn compress(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, LEVEL).expect("zstd compresses any bytes into a growing buffer")
}

pub(super) fn expand(bytes: &[u8]) -> rusqlite::Result<Vec<u8>> {
    zstd::decode_all(bytes)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Blob, Box::new(e)))
}

impl Tx<'_> {
    pub(super) fn put_raw(&self, entry: EntryId, bytes: &[u8]) -> Result<()> {
        self.prepare_cached("INSERT INTO raw (entry, size, bytes) VALUES ($1, $2, $3)")?.execute(params![
            entry.0 as i64,
            bytes.len() as i64,
            compress(bytes)
        ])?;
        Ok(())
    }
}

impl Store {
    /// The bytes of an entry, exactly as they came; None when the entry is no mail.
    pub fn raw(&self, entry: EntryId) -> Result<Option<Vec<u8>>> {
        let found = self
            .connection
            .prepare_cached("SELECT bytes FROM raw WHERE entry = $1")?
            .query_row([entry.0 as i64], |row| expand(row.get_ref(0)?.as_blob()?))
            .optional()?;
        Ok(found)
    }
}
