//! What tokens are called in reports.

use std::collections::BTreeSet;
use std::sync::Arc;

use keypurse_core::id::AccountId;
use keypurse_core::rules::{Rules, Tag};
use keypurse_core::token::{TokenKind, TokenName, TokenSettings};

use crate::conformance::{NOW, account, digest, nanos};
use crate::{CallsPage, KeyVersions, NewToken, Store, Token, Whose};

/// A token with a budget that has one tag; a sandbox token rehearses.
pub(super) async fn tagged_token(
    store: &dyn Store,
    account: AccountId,
    name: &str,
    secret: u8,
    kind: TokenKind,
) -> Token {
    let mut settings = TokenSettings::new(TokenName::parse(name).expect("a good name"), kind);
    settings.has_budget = true;
    settings.simulate_budget = kind == TokenKind::Sandbox;
    let tags = vec![Tag::parse(&format!("of {name}")).expect("a good tag")];
    settings.rules = Some(Arc::new(Rules {
        tags,
        ..Rules::default()
    }));
    let new = NewToken {
        account,
        settings,
        balance: nanos(1_000_000_000),
        digest: digest(secret),
        sealed: None,
        keys: KeyVersions::FIRST,
        now: NOW,
    };
    store.create_token(new).await.expect("a new token")
}

/// Tokens keep their names and tags in reports when they are deleted, and their
/// names may come again.
pub async fn deleted_tokens_stay_in_reports(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let other = account(store, "other", 9).await;
    let first = tagged_token(store, owner, "t", 2, TokenKind::Live).await;
    tagged_token(store, other, "theirs", 3, TokenKind::Live).await;
    let name = &first.settings.name;
    store
        .delete_token(owner, name, NOW)
        .await
        .expect("a working store");
    let second = tagged_token(store, owner, "t", 4, TokenKind::Live).await;
    let labels = store.token_labels(owner).await.expect("a working store");
    let told: Vec<_> = labels
        .iter()
        .map(|label| (label.id, label.name.as_str(), label.deleted_at))
        .collect();
    assert_eq!(told, [(first.id, "t", Some(NOW)), (second.id, "t", None)]);
    let tags: BTreeSet<_> = labels.iter().flat_map(|label| &label.tags).collect();
    assert_eq!(tags, BTreeSet::from([&"of t".to_owned()]));
    let nobodys = Whose::Tokens(Vec::new());
    let page = CallsPage {
        account: owner,
        whose: nobodys,
        from: None,
        until: None,
        provider: None,
        model: None,
        feature: None,
        status: None,
        before: None,
        limit: 10,
    };
    assert!(store.calls(page).await.expect("a page").is_empty());
}
