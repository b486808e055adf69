//! Tokens by the million, through the store: only it writes files it trusts.

use std::sync::Arc;

use anyhow::Result;
use keypurse_core::id::AccountId;
use keypurse_core::money::Money;
use keypurse_core::time::{Clock, Timestamp};
use keypurse_core::token::{TokenKind, TokenName, TokenSettings};
use keypurse_store::{KeyVersions, NewToken, Tokens};
use keypurse_store_sqlite::SqliteStore;
use tokio::task::JoinSet;

use crate::{SystemClock, account, digest, scattered};

/// Asked for at once: what one transaction takes.
const AT_ONCE: u64 = 256;
/// Nobody spends it: a thousand dollars.
const BALANCE_NANOS: i64 = 1_000_000_000_000;
/// As long as a sealed secret.
const SEALED_WORDS: u64 = 10;

pub(crate) async fn fill(store: &Arc<SqliteStore>, first: u64, tokens: u64) -> Result<()> {
    let account = account(store).await?;
    let now = SystemClock.now();
    let mut creating = JoinSet::new();
    for number in first..first + tokens {
        let store = Arc::clone(store);
        let new = token(account, number, now)?;
        creating.spawn(async move { store.create_token(new).await });
        if creating.len() as u64 >= 2 * AT_ONCE {
            drain(&mut creating, AT_ONCE).await?;
        }
    }
    drain(&mut creating, 0).await
}

type Creating = JoinSet<Result<keypurse_store::Token, keypurse_store::CreateTokenError>>;

async fn drain(creating: &mut Creating, left: u64) -> Result<()> {
    while creating.len() as u64 > left {
        let Some(created) = creating.join_next().await else {
            break;
        };
        created??;
    }
    Ok(())
}

fn token(account: AccountId, number: u64, now: Timestamp) -> Result<NewToken> {
    let mut settings = TokenSettings::new(name(number)?, TokenKind::Live);
    settings.has_budget = true;
    // Opens nothing; nobody asks to see these secrets.
    let sealed = (0..SEALED_WORDS).flat_map(|word| scattered(!number ^ word).to_be_bytes());
    Ok(NewToken {
        account,
        settings,
        balance: Money::from_nanos(BALANCE_NANOS),
        digest: digest(number),
        sealed: Some(sealed.collect()),
        keys: KeyVersions::FIRST,
        now,
    })
}

/// What the token with this number is called.
pub(crate) fn name(number: u64) -> Result<TokenName> {
    let name = TokenName::parse(&format!("customer-{number:09}"));
    name.map_err(|error| anyhow::anyhow!("{error}"))
}
