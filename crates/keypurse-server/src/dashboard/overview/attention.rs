//! Tokens somebody should look at.

use std::collections::HashSet;

use keypurse_core::id::TokenId;
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_store::Token;

const DAY: i64 = 24 * 3600;
/// A token expires soon when it does within so many seconds.
pub(in crate::dashboard) const SOON_SECONDS: i64 = 7 * DAY;
/// A token is idle without a call for so many days.
pub(in crate::dashboard) const IDLE_DAYS: i32 = 30;
/// Without a budget to measure by, less than this is low.
const LITTLE: Money = Money::from_nanos(1_000_000_000);

/// How many tokens somebody should look at, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::dashboard) struct Attention {
    pub(in crate::dashboard) tokens: usize,
    pub(in crate::dashboard) low: usize,
    pub(in crate::dashboard) exhausted: usize,
    pub(in crate::dashboard) expiring: usize,
    pub(in crate::dashboard) idle: usize,
}

impl Attention {
    /// Of all live tokens, and those that were used lately.
    pub(in crate::dashboard) fn of(
        tokens: &[Token],
        used: &HashSet<TokenId>,
        now: Timestamp,
    ) -> Self {
        let count = |is_meant: &dyn Fn(&Token) -> bool| {
            tokens.iter().filter(|token| is_meant(token)).count()
        };
        Self {
            tokens: tokens.len(),
            low: count(&|token| is_low(token, now)),
            exhausted: count(&|token| is_exhausted(token, now)),
            expiring: count(&|token| is_expiring(token, now)),
            idle: count(&|token| is_idle(token, used, now)),
        }
    }
}

/// Little is left: less than a tenth of what a period starts with, or less
/// than a dollar.
pub(in crate::dashboard) fn is_low(token: &Token, now: Timestamp) -> bool {
    let balance = token.balance_at(now);
    let is_little = match token.settings.reset {
        Some(reset) => balance.nanos() < reset.amount.nanos() / 10,
        None => balance < LITTLE,
    };
    token.settings.has_budget && balance > Money::ZERO && is_little && !has_expired(token, now)
}

/// Nothing is left.
pub(in crate::dashboard) fn is_exhausted(token: &Token, now: Timestamp) -> bool {
    let is_empty = token.balance_at(now) <= Money::ZERO;
    token.settings.has_budget && is_empty && !has_expired(token, now)
}

/// It expires soon.
pub(in crate::dashboard) fn is_expiring(token: &Token, now: Timestamp) -> bool {
    let expires = token.settings.expires_at;
    expires.is_some_and(|at| now < at && at <= now.plus_seconds(SOON_SECONDS))
}

/// It is old enough to have been used, and was not.
pub(in crate::dashboard) fn is_idle(
    token: &Token,
    used: &HashSet<TokenId>,
    now: Timestamp,
) -> bool {
    let is_old = token.created_at.plus_seconds(i64::from(IDLE_DAYS) * DAY) <= now;
    is_old && !used.contains(&token.id) && !has_expired(token, now)
}

fn has_expired(token: &Token, now: Timestamp) -> bool {
    token.settings.expires_at.is_some_and(|at| at <= now)
}
