//! The calls of a conversation, and which of them wait for their results.

use std::collections::{BTreeMap, BTreeSet};

use crate::simulator::failure::InvalidRequest;

/// Calls, by their ids.
#[derive(Default)]
pub(in crate::simulator) struct Asked<'a> {
    made: BTreeSet<&'a str>,
    /// Those without a result, and where they stand.
    open: BTreeMap<&'a str, String>,
}

impl<'a> Asked<'a> {
    /// A call that needs a result.
    pub(in crate::simulator) fn call(&mut self, id: &'a str, path: String) {
        self.made.insert(id);
        self.open.insert(id, path);
    }

    /// A call that may go without.
    pub(in crate::simulator) fn note(&mut self, id: &'a str) {
        self.made.insert(id);
    }

    /// A result. Whether its call was waiting for one.
    pub(in crate::simulator) fn answer(&mut self, id: &str) -> bool {
        self.open.remove(id).is_some()
    }

    /// Whether this call was made, answered or not.
    pub(in crate::simulator) fn knows(&self, id: &str) -> bool {
        self.made.contains(id)
    }

    /// Refuses a conversation that goes on while a call waits: every provider
    /// does.
    pub(in crate::simulator) fn settle(&self) -> Result<(), InvalidRequest> {
        match self.open.values().min() {
            None => Ok(()),
            Some(path) => {
                let message = "this call has no result; send one for each call right behind them";
                Err(InvalidRequest::new(path, message))
            }
        }
    }
}
