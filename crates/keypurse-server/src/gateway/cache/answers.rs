//! What is kept, for how long, and what gives way.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::HeaderValue;
use keypurse_core::id::TokenId;
use keypurse_core::time::Timestamp;

use super::recording::CacheKey;

/// All answers together, in bytes.
const MOST_KEPT: usize = 64 << 20;
/// A longer answer is not kept.
pub(super) const LONGEST_KEPT: usize = 1 << 20;
/// What an answer takes besides its body, about.
const OVERHEAD: usize = 512;

/// Answers to be given again. Those not asked for longest give way.
#[derive(Debug, Default)]
pub(in crate::gateway) struct CachedAnswers {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    by_key: HashMap<CacheKey, Kept>,
    /// When each was used last, as a number that grows with every use.
    by_use: BTreeMap<u64, CacheKey>,
    uses: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Kept {
    answer: CachedAnswer,
    token: TokenId,
    kept_at: Timestamp,
    used: u64,
}

/// An answer as it is given again.
#[derive(Clone)]
pub(in crate::gateway) struct CachedAnswer {
    pub(super) content_type: Option<HeaderValue>,
    pub(super) body: Bytes,
}

/// What a model said is in no log.
impl fmt::Debug for CachedAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CachedAnswer({} bytes)", self.body.len())
    }
}

impl CachedAnswers {
    /// An answer no older than `seconds`.
    pub(super) fn get(&self, key: &CacheKey, seconds: u32, now: Timestamp) -> Option<CachedAnswer> {
        let mut known = self.lock();
        let kept = known.by_key.get(key)?;
        if kept.kept_at.plus_seconds(seconds.into()) <= now {
            known.remove(key);
            return None;
        }
        let answer = kept.answer.clone();
        known.touch(key);
        Some(answer)
    }

    /// Keeps an answer of a token's, unless it is too long.
    pub(super) fn keep(
        &self,
        (key, token): (CacheKey, TokenId),
        answer: CachedAnswer,
        now: Timestamp,
    ) {
        if answer.body.len() > LONGEST_KEPT {
            return;
        }
        let mut known = self.lock();
        known.remove(&key);
        known.bytes += answer.size();
        let kept = Kept {
            answer,
            token,
            kept_at: now,
            used: 0,
        };
        known.by_key.insert(key, kept);
        known.touch(&key);
        while known.bytes > MOST_KEPT {
            let (_, oldest) = known.by_use.pop_first().expect("bytes are of kept answers");
            known.remove(&oldest);
        }
    }

    /// Forgets what a token was answered.
    pub(in crate::gateway) fn forget(&self, token: TokenId) {
        let mut known = self.lock();
        let of_token = known.by_key.iter().filter(|(_, kept)| kept.token == token);
        let keys: Vec<CacheKey> = of_token.map(|(key, _)| *key).collect();
        for key in keys {
            known.remove(&key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn touch(&mut self, key: &CacheKey) {
        self.uses += 1;
        let kept = self.by_key.get_mut(key).expect("a known answer is used");
        self.by_use.remove(&kept.used);
        kept.used = self.uses;
        self.by_use.insert(self.uses, *key);
    }

    fn remove(&mut self, key: &CacheKey) {
        if let Some(kept) = self.by_key.remove(key) {
            self.by_use.remove(&kept.used);
            self.bytes -= kept.answer.size();
        }
    }
}

impl CachedAnswer {
    fn size(&self) -> usize {
        self.body.len() + OVERHEAD
    }
}

#[cfg(test)]
mod tests {
    use super::{CacheKey, CachedAnswer, CachedAnswers, LONGEST_KEPT, MOST_KEPT};
    use bytes::Bytes;
    use keypurse_core::id::TokenId;
    use keypurse_core::time::Timestamp;

    const TOKEN: TokenId = TokenId(1);

    fn key(number: usize) -> CacheKey {
        CacheKey::from_number(number)
    }

    fn keep(kept: &CachedAnswers, number: usize, length: usize) {
        let answer = CachedAnswer {
            content_type: None,
            body: Bytes::from(vec![0; length]),
        };
        kept.keep((key(number), TOKEN), answer, Timestamp::default());
    }

    fn has(kept: &CachedAnswers, number: usize) -> bool {
        kept.get(&key(number), 60, Timestamp::default()).is_some()
    }

    #[test]
    fn what_was_not_asked_for_longest_gives_way_and_memory_is_bounded() {
        let kept = CachedAnswers::default();
        let fit = MOST_KEPT / LONGEST_KEPT - 1;
        for number in 0..fit {
            keep(&kept, number, LONGEST_KEPT);
        }
        assert!(has(&kept, 0));
        keep(&kept, fit, LONGEST_KEPT);
        assert!(has(&kept, 0) && !has(&kept, 1) && has(&kept, 2) && has(&kept, fit));
        keep(&kept, 2, LONGEST_KEPT + 1);
        assert!(has(&kept, 2), "too long to replace anything");
        let known = kept.lock();
        assert!(known.bytes <= MOST_KEPT);
        assert_eq!(known.by_key.len(), known.by_use.len());
    }

    #[test]
    fn an_answer_ages_and_leaves_with_its_token() {
        let kept = CachedAnswers::default();
        keep(&kept, 1, 1);
        let at = |seconds| Timestamp::default().plus_seconds(seconds);
        assert!(kept.get(&key(1), 10, at(9)).is_some());
        assert!(kept.get(&key(1), 10, at(10)).is_none());
        assert!(!has(&kept, 1), "it is gone");
        keep(&kept, 1, 1);
        kept.forget(TokenId(2));
        assert!(has(&kept, 1));
        kept.forget(TOKEN);
        assert!(!has(&kept, 1));
        assert_eq!(kept.lock().bytes, 0);
    }
}
