//! Raw mail: the only copy. Behind one file, so that segments can follow when one SQLite file grows too large.

use std::cell::RefCell;

use rusqlite::{OptionalExtension, params};
use sha2::{Digest, Sha256};
use zstd::bulk::{Compressor, Decompressor};

use super::{Result, Store, Tx};
use crate::case::EntryId;

/// Attachments are base64 mostly: higher levels cost time and give the same size.
const LEVEL: i32 = 1;

thread_local! {
    // Made once: setting them up takes longer than a small piece of text.
    static COMPRESSOR: RefCell<Compressor<'static>> =
        RefCell::new(Compressor::new(LEVEL).expect("the level is one that zstd has"));
    static DECOMPRESSOR: RefCell<Decompressor<'static>> =
        RefCell::new(Decompressor::new().expect("it needs nothing but memory"));
}

pub(super) fn compress(bytes: &[u8]) -> Vec<u8> {
    COMPRESSOR
        .with_borrow_mut(|compressor| compressor.compress(bytes))
        .expect("zstd compresses any bytes into a growing buffer")
}

/// A message made ready to be stored: all the work that needs no database, and so can be done on any thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    size: u64,
    /// zstd.
    bytes: Vec<u8>,
    /// SHA-256 of all bytes.
    pub(super) hash: [u8; 32],
    /// SHA-256 of the header, up to and with the empty line.
    pub(super) header_hash: [u8; 32],
}

impl Packed {
    pub fn of(raw: &[u8]) -> Packed {
        Packed {
            size: raw.len() as u64,
            bytes: compress(raw),
            hash: Sha256::digest(raw).into(),
            header_hash: Sha256::digest(header(raw)).into(),
        }
    }
}

/// The header of a message as `BODY[HEADER]` gives it: up to and with the empty line.
fn header(raw: &[u8]) -> &[u8] {
    let crlf = memchr::memmem::find(raw, b"\r\n\r\n").map_or(raw.len(), |at| at + 4);
    let lf = memchr::memmem::find(&raw[..crlf], b"\n\n").map(|at| at + 2);
    &raw[..lf.unwrap_or(crlf)]
}

/// What [`compress`] was given.
pub(super) fn expand(bytes: &[u8]) -> rusqlite::Result<Vec<u8>> {
    // A damaged frame may name any size: beyond this one it gets no memory in advance.
    const BELIEVED: u64 = 64 * 1024 * 1024;
    match zstd::zstd_safe::get_frame_content_size(bytes) {
        Ok(Some(size)) if size <= BELIEVED => {
            DECOMPRESSOR.with_borrow_mut(|decompressor| decompressor.decompress(bytes, size as usize))
        }
        _ => zstd::decode_all(bytes),
    }
    .map_err(|e| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Blob, Box::new(e)))
}

impl Tx<'_> {
    pub(super) fn put_raw(&self, entry: EntryId, packed: &Packed) -> Result<()> {
        self.prepare_cached("INSERT INTO raw (entry, size, bytes) VALUES ($1, $2, $3)")?.execute(params![
            entry.0 as i64,
            packed.size as i64,
            packed.bytes
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
