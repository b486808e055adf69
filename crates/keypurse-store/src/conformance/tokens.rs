//! Promises about tokens.

use std::num::NonZeroU32;

use keypurse_core::period::ResetPeriod;
use keypurse_core::rules::{Limits, ModelPattern, Network, Rules, RulesChange, Tag};
use keypurse_core::token::{SettingsChange, TokenKind, TokenName, TokenSettings};

use super::{NOW, account, balance, changed, digest, nanos, new_hold, token, used};
use crate::{Actor, CreateTokenError, Credential, KeyVersions, NewToken, Store, TokenUpdate};

/// Of two creates of one name, one wins; other accounts are not concerned.
pub async fn names_are_unique_in_an_account(store: &dyn Store) {
    let (one, two) = (
        account(store, "one", 1).await,
        account(store, "two", 2).await,
    );
    let first = token(store, one, "t", 3, 0).await;
    let again = NewToken {
        account: one,
        settings: first.settings.clone(),
        balance: nanos(0),
        digest: digest(4),
        sealed: None,
        keys: KeyVersions::FIRST,
        now: NOW,
    };
    let refused = store.create_token(again).await;
    assert!(
        matches!(refused, Err(CreateTokenError::NameTaken)),
        "{refused:?}"
    );
    assert!(
        store
            .credential(&digest(4))
            .await
            .expect("a working store")
            .is_none()
    );
    token(store, two, "t", 5, 0).await;
    token(store, one, "T", 6, 0).await;
    let names: Vec<String> = store
        .tokens(one)
        .await
        .expect("a working store")
        .iter()
        .map(|token| token.settings.name.as_str().to_owned())
        .collect();
    assert_eq!(names, ["t", "T"], "in order of creation");
}

/// History belongs to the id.
pub async fn a_deleted_name_is_free_and_its_history_is_not(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let first = token(store, owner, "t", 2, 1000).await;
    let name = first.settings.name.clone();
    store
        .hold(new_hold(store, &first, 2, 1, 100).await)
        .await
        .expect("enough money");
    let deleted = store
        .delete_token(owner, &name, NOW)
        .await
        .expect("a working store");
    assert_eq!(deleted, Some(first.id));
    let charge = store.settle(used(1, 100)).await.expect("a working store");
    assert_eq!(
        charge.map(|charge| charge.charged),
        Some(nanos(100)),
        "running calls settle"
    );
    let second = token(store, owner, "t", 3, 500).await;
    assert_ne!(second.id, first.id);
    assert_eq!(balance(store, &second).await, nanos(500));
}

/// A credential is read once and kept; a change reaches the next caller.
pub async fn a_change_is_seen_by_the_next_caller(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let token = token(store, owner, "t", 2, 1000).await;
    let expiry = async || match store.credential(&digest(2)).await.expect("a working store") {
        Some(credential) => match &*credential {
            Credential::Token(token) => token.settings.expires_at,
            Credential::Account(_) | Credential::Viewer(_) => panic!("a token's secret"),
        },
        None => panic!("a live token"),
    };
    assert_eq!(expiry().await, None);
    let change = SettingsChange {
        expires_at: Some(Some(NOW)),
        ..SettingsChange::default()
    };
    let name = token.settings.name.clone();
    let update = TokenUpdate {
        account: owner,
        name,
        change,
        now: NOW,
    };
    store
        .update_token(update)
        .await
        .expect("a working store")
        .expect("a token");
    assert_eq!(expiry().await, Some(NOW));

    assert_eq!(
        store
            .credential(&digest(1))
            .await
            .expect("a working store")
            .as_deref(),
        Some(&Credential::Account(owner))
    );
    store
        .set_account_key("owner", (digest(9), 1), Actor::SYSTEM)
        .await
        .expect("a free key")
        .expect("an account");
    assert!(
        store
            .credential(&digest(1))
            .await
            .expect("a working store")
            .is_none()
    );
}

/// Rules are stored with the token and read with its credential, so that no
/// call asks for them; a change of one leaves the others.
pub async fn rules_are_kept_and_read_with_the_credential(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let plain = token(store, owner, "t", 2, 0).await;
    assert_eq!(plain.settings.rules, None);
    let change = async |rules: RulesChange| {
        let change = SettingsChange {
            rules,
            ..SettingsChange::default()
        };
        let name = plain.settings.name.clone();
        let update = TokenUpdate {
            account: owner,
            name,
            change,
            now: NOW,
        };
        let updated = store.update_token(update).await.expect("a working store");
        let updated = updated.expect("a token").settings.rules;
        let found = store.credential(&digest(2)).await.expect("a working store");
        let Some(Credential::Token(found)) = found.as_deref() else {
            panic!("a token's secret");
        };
        assert_eq!(found.settings.rules, updated);
        let stored = store.token_by_id(plain.id).await.expect("a working store");
        assert_eq!(stored.expect("a live token").settings.rules, updated);
        updated
    };
    let all = every_rule();
    let set_all = RulesChange {
        allowed_models: Some(all.allowed_models.clone()),
        denied_models: Some(all.denied_models.clone()),
        requests_per_minute: Some(all.limits.requests_per_minute),
        tokens_per_minute: Some(all.limits.tokens_per_minute),
        max_concurrency: Some(all.limits.max_concurrency),
        allowed_networks: Some(all.allowed_networks.clone()),
        tags: Some(all.tags.clone()),
        response_cache_seconds: Some(all.response_cache_seconds),
    };
    assert_eq!(change(set_all).await.as_deref(), Some(&all));
    assert_eq!(change(RulesChange::default()).await.as_deref(), Some(&all));
    let take_tags = RulesChange {
        tags: Some(Vec::new()),
        ..RulesChange::default()
    };
    let tags = Vec::new();
    assert_eq!(
        change(take_tags).await.as_deref(),
        Some(&Rules { tags, ..all })
    );
    let take_all = RulesChange {
        allowed_models: Some(Vec::new()),
        denied_models: Some(Vec::new()),
        requests_per_minute: Some(None),
        tokens_per_minute: Some(None),
        max_concurrency: Some(None),
        allowed_networks: Some(Vec::new()),
        tags: None,
        response_cache_seconds: Some(None),
    };
    assert_eq!(change(take_all).await, None);
}

fn every_rule() -> Rules {
    Rules {
        allowed_models: vec![ModelPattern::parse("OpenAI/*").expect("a pattern")],
        denied_models: vec![ModelPattern::parse("*/gpt-5*").expect("a pattern")],
        limits: Limits {
            requests_per_minute: NonZeroU32::new(1),
            tokens_per_minute: NonZeroU32::new(u32::MAX),
            max_concurrency: NonZeroU32::new(3),
        },
        allowed_networks: vec![
            Network::parse("10.0.0.0/8").expect("a network"),
            Network::parse("2001:db8::/32").expect("a network"),
        ],
        tags: vec![Tag::parse("Ключ \"🔑\"").expect("a tag")],
        response_cache_seconds: NonZeroU32::new(86_400),
    }
}

/// A due reset is one entry, before the first charge of its period.
pub async fn a_reset_is_applied_once(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let name = TokenName::parse("daily").expect("a good name");
    let daily = SettingsChange {
        reset_period: Some(Some(ResetPeriod::Daily)),
        reset_amount: Some(nanos(500)),
        ..SettingsChange::default()
    };
    let mut settings = changed(&TokenSettings::new(name, TokenKind::Live), &daily);
    if let Some(reset) = &mut settings.reset {
        reset.next_at = NOW.plus_seconds(-1);
    }
    let new = NewToken {
        account: owner,
        settings,
        balance: nanos(20),
        digest: digest(2),
        sealed: None,
        keys: KeyVersions::FIRST,
        now: NOW,
    };
    let token = store.create_token(new).await.expect("a new token");
    assert_eq!(
        token.balance_at(NOW),
        nanos(500),
        "a reader sees the reset before it runs"
    );
    store
        .hold(new_hold(store, &token, 2, 1, 400).await)
        .await
        .expect("a full period");
    store.settle(used(1, 300)).await.expect("a working store");
    assert_eq!(balance(store, &token).await, nanos(200));
}
