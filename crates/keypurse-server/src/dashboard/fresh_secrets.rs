//! Secrets on their way to the page that shows them, once: from the answer to
//! a form to the page its browser is sent to.
//!
//! They are in memory alone, for the session that made them alone, and for
//! minutes. What happens when the node stops meanwhile: the secret is lost,
//! and its token is given a new one.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use keypurse_core::id::{SessionId, TokenId};
use keypurse_core::secret::TokenSecret;
use keypurse_core::time::Timestamp;

const SHOWN_FOR_SECONDS: i64 = 10 * 60;

/// New secrets, by who may see them.
#[derive(Debug, Default)]
pub(super) struct FreshSecrets {
    secrets: Mutex<HashMap<(SessionId, TokenId), (TokenSecret, Timestamp)>>,
}

impl FreshSecrets {
    /// Lets this session see a token's new secret for a while.
    pub(super) fn keep(&self, of: (SessionId, TokenId), secret: TokenSecret, now: Timestamp) {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        secrets.retain(|_, (_, since)| is_fresh(*since, now));
        secrets.insert(of, (secret, now));
    }

    /// The secret, while it may be seen.
    pub(super) fn get(&self, of: (SessionId, TokenId), now: Timestamp) -> Option<TokenSecret> {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        secrets.retain(|_, (_, since)| is_fresh(*since, now));
        secrets.get(&of).map(|(secret, _)| secret.clone())
    }

    /// It has been copied: nobody sees it again.
    pub(super) fn forget(&self, of: (SessionId, TokenId)) {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        secrets.remove(&of);
    }
}

fn is_fresh(since: Timestamp, now: Timestamp) -> bool {
    now < since.plus_seconds(SHOWN_FOR_SECONDS)
}
