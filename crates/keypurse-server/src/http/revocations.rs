//! Tells running calls that their token was deleted.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use keypurse_core::id::TokenId;
use tokio_util::sync::CancellationToken;

/// One cancellation per token with calls under way.
///
/// The ledger alone decides admission; this only ends what already runs.
#[derive(Debug, Default)]
pub struct Revocations {
    running: Mutex<HashMap<TokenId, Running>>,
}

#[derive(Debug, Default)]
struct Running {
    revoked: CancellationToken,
    calls: usize,
}

/// A call's registration; leaving the scope ends it.
#[derive(Debug)]
pub struct Watch<'a> {
    revocations: &'a Revocations,
    token: TokenId,
    revoked: CancellationToken,
}

impl Revocations {
    /// Registers a call. Do so **before** its hold: a deletion after the hold
    /// then always finds it.
    pub fn watch(&self, token: TokenId) -> Watch<'_> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = running.entry(token).or_default();
        entry.calls += 1;
        Watch {
            revocations: self,
            token,
            revoked: entry.revoked.clone(),
        }
    }

    /// Ends the token's running streams. Call after the deletion is on disk.
    pub fn revoke(&self, token: TokenId) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = running.get(&token) {
            entry.revoked.cancel();
        }
    }
}

impl Watch<'_> {
    /// Cancelled when the token is deleted.
    pub fn revoked(&self) -> &CancellationToken {
        &self.revoked
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        let mut running = self
            .revocations
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = running.get_mut(&self.token) else {
            return;
        };
        entry.calls -= 1;
        if entry.calls == 0 {
            running.remove(&self.token);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Revocations;
    use keypurse_core::id::TokenId;

    #[test]
    fn a_deletion_reaches_every_running_call_of_its_token_and_no_other() {
        let revocations = Revocations::default();
        let (one, two) = (revocations.watch(TokenId(1)), revocations.watch(TokenId(1)));
        let other = revocations.watch(TokenId(2));
        revocations.revoke(TokenId(1));
        assert!(one.revoked().is_cancelled() && two.revoked().is_cancelled());
        assert!(!other.revoked().is_cancelled());
        drop((one, two, other));
        assert!(
            revocations.running.lock().unwrap().is_empty(),
            "nothing is left behind"
        );
    }
}
