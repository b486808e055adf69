//! What the provider knows to be true.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde_json::json;

use super::behaviour::Behaviour;

/// Tokens a provider bills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Billed {
    /// What it read.
    pub input: u64,
    /// What it produced, thoughts included.
    pub output: u64,
}

/// One request that reached the provider, and what became of it.
#[derive(Clone, Debug)]
pub struct Served {
    /// The gateway's id of the call.
    pub call: String,
    /// Whom the client said it is, in `user`.
    pub user: String,
    /// How it was answered.
    pub behaviour: Behaviour,
    /// Whether a stream was asked for.
    pub streamed: bool,
    /// When it had come whole.
    pub arrived: Instant,
    /// How long its body was.
    pub request_bytes: u64,
    /// The output limit it carried; 0: none.
    pub limit: u64,
    /// Tokens that were produced so far, counted before they are sent.
    pub tokens: u64,
    /// The same in bytes of text.
    pub text_bytes: u64,
    /// The last usage that was sent and can be believed.
    pub billed: Option<Billed>,
    /// Whether all of the answer was sent.
    pub is_whole: bool,
}

/// All requests so far, and their log: one write per line, nothing buffered.
#[derive(Clone, Debug)]
pub(super) struct Truth {
    served: Arc<Mutex<Vec<Served>>>,
    log: Arc<File>,
}

/// One request's place in the truth.
#[derive(Debug)]
pub(super) struct Entry {
    truth: Truth,
    index: usize,
}

impl Truth {
    pub(super) fn in_file(path: &Path) -> Self {
        let log = File::options().create(true).append(true).open(path);
        Self {
            served: Arc::default(),
            log: Arc::new(log.expect("a test's folder can be written")),
        }
    }

    pub(super) fn all(&self) -> Vec<Served> {
        self.lock().clone()
    }

    pub(super) fn arrived(&self, served: Served) -> Entry {
        let mut all = self.lock();
        let index = all.len();
        self.write("arrived", &served);
        all.push(served);
        drop(all);
        Entry {
            truth: self.clone(),
            index,
        }
    }

    fn write(&self, what: &str, served: &Served) {
        let billed = served.billed.map(|billed| [billed.input, billed.output]);
        let line = json!({
            "what": what, "call": served.call, "user": served.user,
            "behaviour": served.behaviour.name(), "streamed": served.streamed,
            "limit": served.limit, "tokens": served.tokens,
            "text_bytes": served.text_bytes, "billed": billed, "whole": served.is_whole,
        });
        let written = (&*self.log).write_all(format!("{line}\n").as_bytes());
        written.expect("a test's folder can be written");
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Served>> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// Says that this is about to be sent.
    pub(super) fn produces(&self, tokens: u64, text_bytes: u64, billed: Option<Billed>) {
        let mut all = self.truth.lock();
        let served = &mut all[self.index];
        served.tokens += tokens;
        served.text_bytes += text_bytes;
        served.billed = billed.or(served.billed);
    }

    /// Says that everything was sent.
    pub(super) fn is_whole(&self) {
        self.truth.lock()[self.index].is_whole = true;
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let all = self.truth.lock();
        self.truth.write("ended", &all[self.index]);
    }
}
