//! Tokens somebody should look at.

use keypurse_core::id::AccountId;
use keypurse_core::time::Timestamp;
use keypurse_store::{Store, StoreError, TokenCondition, TokenOrder, TokenSearch};

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
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let count = async |condition| {
            let search = TokenSearch {
                account,
                text: None,
                kind: None,
                condition,
                order: TokenOrder::Created,
                descending: false,
                offset: 0,
                limit: 0,
                now,
            };
            let found = store.find_tokens(search).await?;
            Ok::<_, StoreError>(Grouped(found.total))
        };
        Ok(Self {
            all: count(None).await?,
            low: count(Some(TokenCondition::Low)).await?,
            exhausted: count(Some(TokenCondition::Exhausted)).await?,
            expiring: count(Some(TokenCondition::Expiring)).await?,
            idle: count(Some(TokenCondition::Idle)).await?,
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
