//! The index of words. It is no part of deciding: one look-up of words more or less never decides anything, and the
//! index takes as long as all the rest together. So posts are queued, and indexed when nothing waits for a decision.

use super::{Result, Store, Tx};

impl Store {
    pub fn anything_unindexed(&self) -> Result<bool> {
        let mut statement = self.connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM unindexed)")?;
        Ok(statement.query_row([], |row| row.get(0))?)
    }
}

impl Tx<'_> {
    /// Indexes the words of at most `most` posts that wait for it; returns how many. Not within [`Tx::apart`]: at every
    /// savepoint FTS5 writes down all that it has gathered.
    pub fn index_words(&self, most: usize) -> Result<usize> {
        let most = [most as i64];
        self.prepare_cached(
            "INSERT INTO post_search (rowid, subject, text) SELECT id, subject, text FROM post \
             WHERE id IN (SELECT post FROM unindexed ORDER BY post LIMIT $1)",
        )?
        .execute(most)?;
        let indexed = self
            .prepare_cached("DELETE FROM unindexed WHERE post IN (SELECT post FROM unindexed ORDER BY post LIMIT $1)")?
            .execute(most)?;
        Ok(indexed)
    }
}
