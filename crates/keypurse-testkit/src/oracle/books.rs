//! The books as the file has them.

use std::collections::HashMap;
use std::path::Path;

use keypurse_core::id::CallId;
use keypurse_store_sqlite::{
    AuditReport, BookedEntry, BookedPurse, FinishedCall, audit, entries, finished_calls,
    open_calls, purses,
};

/// Everything the file says.
#[derive(Clone, Debug)]
pub struct Books {
    /// Finished calls, in the order of their ids.
    pub rows: Vec<FinishedCall>,
    /// Entries, oldest first.
    pub entries: Vec<BookedEntry>,
    /// All purses.
    pub purses: Vec<BookedPurse>,
    /// Calls that hold money.
    pub open: Vec<CallId>,
    /// What `keypurse audit` says, or what it objects to.
    pub audit: Result<AuditReport, String>,
}

impl Books {
    /// Reads a file that nobody writes to at the moment.
    pub fn read(path: &Path) -> Self {
        let readable = "a store that opened can be read";
        Self {
            rows: finished_calls(path).expect(readable),
            entries: entries(path).expect(readable),
            purses: purses(path).expect(readable),
            open: open_calls(path).expect(readable),
            audit: audit(path).map_err(|error| error.to_string()),
        }
    }

    /// Rows by the id that clients and providers know. A call with two rows has
    /// its last one here.
    pub(super) fn by_call(&self) -> HashMap<String, FinishedCall> {
        let named = |row: &FinishedCall| (row.call.to_string(), *row);
        self.rows.iter().map(named).collect()
    }
}
