//! Tokens somebody should look at.

use keypurse_core::id::AccountId;
use keypurse_core::time::Reading;
use keypurse_store::{Store, StoreError};

use crate::dashboard::figures::Grouped;

/// How many tokens somebody should look at, and why: as many as the lists
/// show that these figures lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dashboard) struct Attention {
    pub(in crate::dashboard) all: Grouped,
    pub(in crate::dashboard) low: Grouped,
    pub(in crate::dashboard) exhausted: Grouped,
    pub(in crate::dashboard) expiring: Grouped,
    pub(in crate::dashboard) idle: Grouped,
}

impl Attention {
    /// Of an account's live tokens.
    pub(in crate::dashboard) async fn count(
        store: &dyn Store,
        account: AccountId,
        at: Reading,
    ) -> Result<Self, StoreError> {
        let tally = store.tally_tokens(account, at).await?;
        Ok(Self {
            all: Grouped(tally.all),
            low: Grouped(tally.low),
            exhausted: Grouped(tally.exhausted),
            expiring: Grouped(tally.expiring),
            idle: Grouped(tally.idle),
        })
    }

    /// How a count that should be 0 is coloured.
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "templates lend what they name"
    )]
    pub(in crate::dashboard) fn tone(count: &Grouped, tone: &'static str) -> &'static str {
        if count.0 > 0 { tone } else { "" }
    }
}
