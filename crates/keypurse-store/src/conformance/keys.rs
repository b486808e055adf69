//! Promises about key versions.

use super::{NOW, account, balance, digest, nanos, new_hold, token, used};
use crate::{Credential, KeyVersions, Rekeyed, Store};

/// Under newer keys a secret, or an account's key, is still the same one; its
/// old digest finds nothing, not even from a cache.
pub async fn a_secret_moves_to_newer_keys_and_stays_itself(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let token = token(store, owner, "t", 2, 1000).await;
    let before = find(store, 2).await.expect("a token's secret");
    find(store, 1).await.expect("an account's key");
    let hold = new_hold(store, &token, 2, 1, 600).await;

    let changes = [(1, 11), (2, 12)].map(|(from, to)| Rekeyed {
        from: digest(from),
        to: digest(to),
        sealed: vec![to; 40],
        keys: KeyVersions {
            pepper: 2,
            master: 2,
        },
    });
    let moved = store.rekey(changes.to_vec()).await;
    assert_eq!(moved.expect("a working store"), 2);

    assert_eq!(find(store, 1).await, None);
    assert_eq!(find(store, 2).await, None);
    assert_eq!(find(store, 11).await, Some(Credential::Account(owner)));
    assert_eq!(find(store, 12).await, Some(before));
    store
        .hold(hold)
        .await
        .expect("who was recognised before the move is admitted after it");
    store.settle(used(1, 300)).await.expect("a working store");
    assert_eq!(balance(store, &token).await, nanos(700));

    let deleted = store.delete_token(owner, &token.settings.name, NOW).await;
    deleted.expect("a working store");
    assert_eq!(find(store, 12).await, None);
    let known = store.was_retired(&digest(12)).await;
    assert!(known.expect("a working store"), "it is no guess");
}

async fn find(store: &dyn Store, secret: u8) -> Option<Credential> {
    let found = store.credential(&digest(secret)).await;
    found.expect("a working store").as_deref().cloned()
}
