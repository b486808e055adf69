//! What the promises are tried with.

use std::sync::Arc;

use jiff::tz::TimeZone;
use keypurse_core::id::{AccountId, CallId, SecretId};
use keypurse_core::ledger::{HoldRequest, TokenUse};
use keypurse_core::money::Money;
use keypurse_core::price::{Price, Rate, Rates};
use keypurse_core::time::Timestamp;
use keypurse_core::token::{SettingsChange, TokenKind, TokenName, TokenSettings};
use keypurse_core::usage::{Certainty, TokenCounts};

use crate::{
    Actor, CallMeta, CallOutcome, Credential, Digest, Feature, Floor, KeyVersions, NewAccount,
    NewHold, NewToken, Settlement, SimulatedCall, Store, Token,
};

/// When the suite takes place.
pub const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

/// The digest of an imagined secret.
pub fn digest(number: u8) -> Digest {
    [number; 32]
}

/// Nano-dollars.
pub fn nanos(amount: i64) -> Money {
    Money::from_nanos(amount)
}

/// A floor of so many output tokens, each of which costs that much.
pub fn floor(amount: i64) -> Floor {
    Floor {
        cost: nanos(amount),
        counts: TokenCounts {
            output: u64::try_from(amount).expect("a floor is not negative"),
            ..TokenCounts::default()
        },
    }
}

/// An account whose credits are not limited.
pub async fn account(store: &dyn Store, name: &str, key: u8) -> AccountId {
    limited_account(store, name, key, None).await
}

/// An account with the given credits.
pub async fn limited_account(
    store: &dyn Store,
    name: &str,
    key: u8,
    credits: Option<Money>,
) -> AccountId {
    let new = NewAccount {
        name: name.to_owned(),
        key_digest: digest(key),
        pepper: 1,
        credits,
        actor: Actor::SYSTEM,
        now: NOW,
    };
    store.create_account(new).await.expect("a new account").id
}

/// A live token with a budget.
pub async fn token(
    store: &dyn Store,
    account: AccountId,
    name: &str,
    secret: u8,
    balance: i64,
) -> Token {
    let new = new_token(account, name, secret, balance);
    store.create_token(new).await.expect("a new token")
}

/// A live token with a budget, to be created.
pub fn new_token(account: AccountId, name: &str, secret: u8, balance: i64) -> NewToken {
    let name = TokenName::parse(name).expect("a good name");
    let mut settings = TokenSettings::new(name, TokenKind::Live);
    settings.has_budget = true;
    NewToken {
        account,
        settings,
        balance: nanos(balance),
        digest: digest(secret),
        sealed: None,
        keys: KeyVersions::FIRST,
        now: NOW,
    }
}

/// Settings with a change applied, as management would.
pub fn changed(settings: &TokenSettings, change: &SettingsChange) -> TokenSettings {
    settings
        .changed(change, NOW, &TimeZone::UTC)
        .expect("a sensible change")
}

/// The id of the secret with this digest.
pub async fn secret_id(store: &dyn Store, secret: u8) -> SecretId {
    let credential = store
        .credential(&digest(secret))
        .await
        .expect("a working store");
    match credential.as_deref() {
        Some(Credential::Token(token)) => token.secret,
        other => panic!("not a token's secret: {other:?}"),
    }
}

/// A call that costs one nano-dollar per output token.
pub async fn new_hold(
    store: &dyn Store,
    token: &Token,
    secret: u8,
    call: i64,
    full: i64,
) -> NewHold {
    let secret = secret_id(store, secret).await;
    NewHold {
        request: HoldRequest {
            call: CallId {
                ordered: call,
                random: call,
            },
            account: token.account,
            token: Some(TokenUse {
                token: token.id,
                secret,
            }),
            full: nanos(full),
            least: nanos(full),
            first: nanos(full),
        },
        meta: meta(),
        claim: None,
    }
}

/// What all calls of the suite are.
pub fn meta() -> CallMeta {
    let output = Rate::per_million(Money::from_nanos(1_000_000)).expect("not negative");
    CallMeta {
        provider: Arc::from("conformance"),
        model: Arc::from("model"),
        feature: Feature::Chat,
        streamed: false,
        price: Arc::new(Price::flat(Rates {
            output,
            ..Rates::default()
        })),
        started_at: NOW,
    }
}

/// A settlement at one nano-dollar per output token.
pub fn used(call: i64, output: u32) -> Settlement {
    Settlement {
        call: CallId {
            ordered: call,
            random: call,
        },
        outcome: CallOutcome::Used {
            cost: nanos(i64::from(output)),
            counts: TokenCounts {
                output: u64::from(output),
                ..TokenCounts::default()
            },
            certainty: Certainty::Reported,
        },
        status: 200,
        finished_at: NOW,
    }
}

/// A call the simulator answered.
pub fn simulated(token: &Token, call: i64) -> SimulatedCall {
    SimulatedCall {
        call: CallId {
            ordered: call,
            random: call,
        },
        account: token.account,
        token: token.id,
        meta: meta(),
        counts: TokenCounts::default(),
        status: 200,
        finished_at: NOW,
        claim: None,
    }
}

/// A token's balance as readers see it.
pub async fn balance(store: &dyn Store, token: &Token) -> Money {
    store
        .token_by_id(token.id)
        .await
        .expect("a working store")
        .expect("a live token")
        .balance
}
