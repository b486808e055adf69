//! Credentials kept between calls, so that a warm call asks no database.
//!
//! Invariant: after a change of a credential is committed and before anybody
//! is told, its cached copy is gone and no reader that started earlier can put
//! it back.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use keypurse_store::{Credential, Digest};

/// More than this many are forgotten all at once; they come back on use.
const MAX_CACHED: usize = 200_000;

/// Credentials by digest.
#[derive(Debug, Default)]
pub(crate) struct Credentials {
    cache: RwLock<Cache>,
}

#[derive(Debug, Default)]
struct Cache {
    /// Counts changes: a reader may only insert what it read in the same one.
    generation: u64,
    by_digest: HashMap<Digest, Arc<Credential>>,
}

impl Credentials {
    pub(crate) fn get(&self, digest: &Digest) -> Option<Arc<Credential>> {
        let cache = self.cache.read().unwrap_or_else(PoisonError::into_inner);
        cache.by_digest.get(digest).cloned()
    }

    /// To be read before the database is.
    pub(crate) fn generation(&self) -> u64 {
        self.cache
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .generation
    }

    /// Keeps what was read, unless something has changed since `generation`.
    pub(crate) fn keep(&self, generation: u64, digest: Digest, credential: Arc<Credential>) {
        let mut cache = self.cache.write().unwrap_or_else(PoisonError::into_inner);
        if cache.generation != generation {
            return;
        }
        if cache.by_digest.len() >= MAX_CACHED {
            cache.by_digest.clear();
        }
        cache.by_digest.insert(digest, credential);
    }

    /// Forgets changed credentials. Call after the commit, before the answer.
    pub(crate) fn forget(&self, digests: &[Digest]) {
        let mut cache = self.cache.write().unwrap_or_else(PoisonError::into_inner);
        cache.generation += 1;
        for digest in digests {
            cache.by_digest.remove(digest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Credentials;
    use keypurse_core::id::AccountId;
    use keypurse_store::Credential;
    use std::sync::Arc;

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let credentials = Credentials::default();
        let (digest, account) = ([1; 32], Arc::new(Credential::Account(AccountId(1))));
        let before = credentials.generation();
        credentials.forget(&[digest]);
        credentials.keep(before, digest, account.clone());
        assert!(credentials.get(&digest).is_none());
        credentials.keep(credentials.generation(), digest, account);
        assert!(credentials.get(&digest).is_some());
        credentials.forget(&[digest]);
        assert!(credentials.get(&digest).is_none());
    }
}
