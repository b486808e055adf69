//! Promises about sessions and viewer keys.

use std::net::{IpAddr, Ipv4Addr};

use keypurse_core::id::AccountId;
use keypurse_core::time::Timestamp;

use super::{NOW, account, digest};
use crate::{
    Access, Actor, CreateAccountError, Credential, KeyVersions, NewSession, NewViewerKey, Rekeyed,
    Session, Store,
};

fn new(account: AccountId, id: u8, keys: &[u8], now: Timestamp) -> NewSession {
    NewSession {
        digest: digest(id),
        account,
        key: keys.iter().map(|key| digest(*key)).collect(),
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        browser: "a browser".to_owned(),
        now,
    }
}

async fn begin(store: &dyn Store, new: NewSession) -> Option<Session> {
    store.begin_session(new).await.expect("a working store")
}

async fn find(store: &dyn Store, id: u8, now: Timestamp) -> Option<Session> {
    let found = store.session(&digest(id), now).await;
    found.expect("a working store")
}

async fn give_viewer_key(store: &dyn Store, name: &str, key: u8) {
    let key = NewViewerKey {
        digest: digest(key),
        pepper: 1,
        now: NOW,
    };
    let given = store.set_viewer_key(name, Some(key), Actor::SYSTEM).await;
    assert!(given.expect("a working store").is_some());
}

/// A session has the rights of its key, and none without one.
pub async fn a_session_has_the_rights_of_its_key(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let other = account(store, "other", 2).await;
    give_viewer_key(store, "owner", 3).await;
    let full = begin(store, new(owner, 10, &[9, 1], NOW)).await;
    assert_eq!(full.as_ref().map(|it| it.access), Some(Access::Full));
    assert_eq!(find(store, 10, NOW).await, full);
    let viewer = begin(store, new(owner, 11, &[3], NOW)).await;
    assert_eq!(viewer.map(|it| it.access), Some(Access::ReadOnly));
    for (account, key) in [(owner, 9), (owner, 2), (other, 3), (other, 1)] {
        assert_eq!(begin(store, new(account, 12, &[key], NOW)).await, None);
    }
    assert_eq!(find(store, 12, NOW).await, None);
}

/// A session ends when it rests, when it lasts, when it is ended, and by
/// nobody else's hand.
pub async fn a_session_ends_when_it_should(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    let other = account(store, "other", 2).await;
    let first = begin(store, new(owner, 10, &[1], NOW))
        .await
        .expect("begun");
    let after = |seconds| NOW.plus_seconds(seconds);
    let idle = Session::IDLE_SECONDS;
    assert!(find(store, 10, after(idle - 1)).await.is_some());
    assert!(find(store, 10, after(idle)).await.is_none());
    let seen = store.see_session(first.id, after(idle - 1)).await;
    seen.expect("a working store");
    // A clock that steps back shortens nothing.
    store
        .see_session(first.id, NOW)
        .await
        .expect("a working store");
    assert!(find(store, 10, after(idle)).await.is_some());

    let ended = store.end_session(other, first.id, Actor::SYSTEM).await;
    assert!(!ended.expect("a working store"), "it is another's");
    let second = begin(store, new(owner, 11, &[1], NOW))
        .await
        .expect("begun");
    let listed = store.sessions(owner, after(1)).await;
    let listed: Vec<_> = listed
        .expect("a working store")
        .iter()
        .map(|it| it.id)
        .collect();
    assert_eq!(listed, [second.id, first.id], "newest first");
    let ended = store.end_session(owner, first.id, Actor::SYSTEM).await;
    assert!(ended.expect("a working store"));
    assert!(find(store, 10, NOW).await.is_none());
    let again = store.end_session(owner, first.id, Actor::SYSTEM).await;
    assert!(!again.expect("a working store"));

    let longest = Session::LONGEST_SECONDS;
    let seen = store.see_session(second.id, after(longest - 1)).await;
    seen.expect("a working store");
    assert!(find(store, 11, after(longest - 1)).await.is_some());
    assert!(find(store, 11, after(longest)).await.is_none());
    let listed = store.sessions(owner, after(longest)).await;
    assert_eq!(listed.expect("a working store"), []);
}

/// A key that stops working takes its sessions along, and no others.
pub async fn a_session_does_not_outlive_its_key(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    give_viewer_key(store, "owner", 3).await;
    begin(store, new(owner, 10, &[1], NOW))
        .await
        .expect("begun");
    begin(store, new(owner, 11, &[3], NOW))
        .await
        .expect("begun");
    let replaced = store
        .set_account_key("owner", (digest(5), 1), Actor::SYSTEM)
        .await;
    replaced.expect("a new key");
    assert!(find(store, 10, NOW).await.is_none());
    assert!(find(store, 11, NOW).await.is_some());
    give_viewer_key(store, "owner", 6).await;
    assert!(find(store, 11, NOW).await.is_none());
    begin(store, new(owner, 12, &[5], NOW))
        .await
        .expect("begun");
    begin(store, new(owner, 13, &[6], NOW))
        .await
        .expect("begun");
    let revoked = store.set_viewer_key("owner", None, Actor::SYSTEM).await;
    revoked.expect("a working store");
    assert!(find(store, 12, NOW).await.is_some());
    assert!(find(store, 13, NOW).await.is_none());
}

/// An account has one viewer key, which is nobody else's secret, moves with
/// the peppers, and is remembered when it no longer works.
pub async fn an_account_has_one_viewer_key(store: &dyn Store) {
    let owner = account(store, "owner", 1).await;
    account(store, "other", 2).await;
    let credential = async |key| {
        let found = store.credential(&digest(key)).await;
        found.expect("a working store").as_deref().cloned()
    };
    give_viewer_key(store, "owner", 3).await;
    assert_eq!(credential(3).await, Some(Credential::Viewer(owner)));
    let taken = NewViewerKey {
        digest: digest(2),
        pepper: 1,
        now: NOW,
    };
    let refused = store
        .set_viewer_key("owner", Some(taken), Actor::SYSTEM)
        .await;
    assert!(
        matches!(refused, Err(CreateAccountError::KeyTaken)),
        "{refused:?}"
    );
    assert_eq!(credential(3).await, Some(Credential::Viewer(owner)));
    let moved = Rekeyed {
        from: digest(3),
        to: digest(13),
        sealed: vec![1; 40],
        keys: KeyVersions {
            pepper: 2,
            master: 2,
        },
    };
    let moved = store.rekey(vec![moved]).await;
    assert_eq!(moved.expect("a working store"), 1);
    assert_eq!(credential(3).await, None);
    assert_eq!(credential(13).await, Some(Credential::Viewer(owner)));
    give_viewer_key(store, "owner", 4).await;
    assert_eq!(credential(13).await, None);
    let known = store.was_retired(&digest(13)).await;
    assert!(known.expect("a working store"), "it is no guess");
    let unknown = store.set_viewer_key("nobody", None, Actor::SYSTEM).await;
    assert!(unknown.expect("a working store").is_none());
}
