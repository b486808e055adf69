//! What is decided and not committed yet.

use keypurse_core::ledger::Entry;
use keypurse_store::StoreError;

use super::answers::Answer;
use super::command::Reply;
use super::stop::StopOnPanic;

/// What a batch has decided so far.
#[derive(Default)]
pub(super) struct Batch {
    /// First, so that a panic ends the process before anybody below is
    /// answered.
    _stop: StopOnPanic,
    pub(super) records: Vec<u8>,
    /// Changes of balances but charges, each with its place.
    pub(super) entries: Vec<(i64, Entry)>,
    pub(super) answers: Vec<Answer>,
    /// Credentials that are no longer as cached.
    pub(super) stale: Vec<keypurse_store::Digest>,
    pub(super) closes: bool,
    /// How many noted calls are part of it.
    pub(super) noted: usize,
}

impl Batch {
    pub(super) fn answer<T, E>(&mut self, reply: Reply<T, E>, result: Result<T, E>)
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        // The caller may be gone, then or now; what was decided stands.
        if reply.is_closed() {
            return;
        }
        self.answers.push(Box::new(move |committed| {
            let _ = reply.send(committed.map_err(E::from).and(result));
        }));
    }
}
