//! New peppers and master keys while calls go on; sealed copies that were
//! tampered with.

use keypurse_server::rotation::Resealing;
use keypurse_server::vault::{KEY_LEN, Keyring, VersionedKey};
use keypurse_store::{Rekeyed, Token};
use keypurse_testkit::TestApp;
use serde_json::json;

use super::{TOKENS, raw, token_path, works};

/// `TestApp` starts with pepper 1 and master key 2, both version 1.
fn versions(numbers: &[(u32, u8)]) -> Vec<VersionedKey> {
    let key = |&(version, byte)| VersionedKey {
        version,
        key: [byte; KEY_LEN],
    };
    numbers.iter().map(key).collect()
}

fn old_and_new() -> Keyring {
    Keyring::new(&versions(&[(1, 1), (2, 11)]), &versions(&[(1, 2), (2, 12)]))
}

fn new_only() -> Keyring {
    Keyring::new(&versions(&[(2, 11)]), &versions(&[(2, 12)]))
}

fn replace(app: &TestApp, keyring: Keyring) {
    app.state().vault.replace(keyring);
}

async fn reseal(app: &TestApp) -> Resealing {
    let mut resealing = Resealing::default();
    let state = app.state();
    resealing.run(&*state.store, &state.vault).await.unwrap();
    resealing
}

async fn shown(app: &TestApp, name: &str) -> String {
    raw(&app.get(&token_path(name)).send().await, "token")
}

#[tokio::test]
async fn new_keys_take_over_without_a_refused_request() {
    let app = TestApp::new().await;
    let mut tokens = Vec::new();
    // More than one step of resealing.
    for number in 0..150 {
        tokens.push(
            app.create_token(json!({"name": format!("t{number}")}))
                .await,
        );
    }
    let rotate = app.post(&format!("{}rotate/", token_path("t7")));
    let rotated = rotate.json(&json!({"grace_period": 60})).send().await;
    let (old, new) = (
        tokens[7].1.clone(),
        rotated.json()["token"].as_str().unwrap().to_owned(),
    );

    replace(&app, old_and_new());
    assert!(works(&app, &tokens[0].1).await, "before anything has moved");
    assert_eq!(shown(&app, "t1").await, format!("\"{}\"", tokens[1].1));
    let (_, since) = app.create_token(json!({"name": "since"})).await;
    app.settled().await;
    let resealing = reseal(&app).await;
    assert_eq!(
        (resealing.moved, resealing.broken),
        (150, 0),
        "the one in use had moved"
    );
    // The account's key has no sealed copy; it moved when it was used.
    app.settled().await;

    replace(&app, new_only());
    tokens[7].1.clone_from(&new);
    for (name, secret) in &tokens {
        assert!(works(&app, secret).await, "{name}");
        assert_eq!(shown(&app, name).await, format!("\"{secret}\""));
    }
    assert!(works(&app, &old).await, "a secret in its grace period, too");
    assert!(works(&app, &since).await);
    app.finish().await;
}

#[tokio::test]
async fn a_secret_without_a_copy_moves_when_it_is_used() {
    let app = TestApp::builder().without_reveal().build().await;
    let (_, used) = app.create_token(json!({"name": "used"})).await;
    let (_, unused) = app.create_token(json!({"name": "unused"})).await;
    replace(&app, old_and_new());
    assert_eq!(reseal(&app).await.moved, 0, "nothing tells the secrets");
    assert!(works(&app, &used).await);
    app.settled().await;
    assert_eq!(
        shown(&app, "used").await,
        "null",
        "no copy is made where none was kept"
    );
    app.settled().await;
    replace(&app, new_only());
    assert!(works(&app, &used).await);
    assert!(
        !works(&app, &unused).await,
        "so its pepper must not be retired"
    );
    replace(&app, old_and_new());
    assert!(works(&app, &unused).await);
    app.finish().await;
}

#[tokio::test]
async fn a_secret_that_is_dead_stays_dead_under_new_keys() {
    let app = TestApp::new().await;
    let (_, deleted) = app.create_token(json!({"name": "deleted"})).await;
    let (_, expired) = app
        .create_token(json!({"name": "expired", "expire_time": "2026-11-21T11:00:00Z"}))
        .await;
    app.delete(&token_path("deleted")).send().await;
    replace(&app, old_and_new());
    reseal(&app).await;
    for secret in [&deleted, &expired] {
        assert!(!works(&app, secret).await);
    }
    // What once worked is no guess, however often it is sent.
    for _ in 0..50 {
        assert_eq!(app.get(TOKENS).key(&deleted).send().await.status, 401);
    }
    app.finish().await;
}

async fn stored(app: &TestApp, secret: &str) -> Token {
    let digest = app.state().vault.digest(secret);
    let found = app
        .state()
        .store
        .credential(&digest)
        .await
        .unwrap()
        .unwrap();
    let keypurse_store::Credential::Token(credential) = &*found else {
        panic!("a token's secret")
    };
    let token = app.state().store.token_by_id(credential.token).await;
    token.unwrap().unwrap()
}

/// What somebody does who can write the database but has no key.
async fn put_copy(app: &TestApp, token: &Token, sealed: Vec<u8>) {
    let change = Rekeyed {
        from: token.digest,
        to: token.digest,
        sealed,
        keys: app.state().vault.keyring().current(),
    };
    assert_eq!(app.state().store.rekey(vec![change]).await.unwrap(), 1);
}

#[tokio::test]
async fn a_tampered_copy_shows_no_secret_and_never_another_tokens() {
    let app = TestApp::new().await;
    let (_, mine) = app.create_token(json!({"name": "mine"})).await;
    let (_, other) = app.create_token(json!({"name": "other"})).await;
    let (token, others) = (stored(&app, &mine).await, stored(&app, &other).await);
    let whole = token.sealed.clone().unwrap();
    let mut flipped = whole.clone();
    flipped[15] ^= 1;
    let truncated = whole[..8].to_vec();
    for (what, sealed) in [
        ("a flipped bit", flipped),
        ("another row's copy", others.sealed.clone().unwrap()),
        ("a truncated copy", truncated),
    ] {
        put_copy(&app, &token, sealed).await;
        assert_eq!(shown(&app, "mine").await, "null", "{what}");
        assert_eq!(app.get(TOKENS).send().await.status, 200, "{what}");
        assert!(
            works(&app, &mine).await,
            "{what}: digests are not concerned"
        );
    }
    put_copy(&app, &token, whole.clone()).await;
    assert_eq!(shown(&app, "mine").await, format!("\"{mine}\""));

    let rotate = app.post(&format!("{}rotate/", token_path("mine")));
    let new = rotate.send().await.json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    put_copy(&app, &stored(&app, &new).await, whole).await;
    assert_eq!(
        shown(&app, "mine").await,
        "null",
        "the copy from before a rotation"
    );
    app.finish().await;
}

#[tokio::test]
async fn a_tampered_copy_is_not_carried_to_new_keys_and_its_secret_still_works() {
    let app = TestApp::new().await;
    let (_, mine) = app.create_token(json!({"name": "mine"})).await;
    let token = stored(&app, &mine).await;
    let mut flipped = token.sealed.clone().unwrap();
    flipped[20] ^= 1;
    put_copy(&app, &token, flipped).await;
    replace(&app, old_and_new());
    let resealing = reseal(&app).await;
    assert_eq!((resealing.moved, resealing.broken), (0, 1));
    assert!(works(&app, &mine).await, "under its older pepper");
    app.settled().await;
    assert_eq!(
        shown(&app, "mine").await,
        format!("\"{mine}\""),
        "its owner told it again"
    );
    app.finish().await;
}

#[tokio::test]
async fn another_master_key_shows_nothing_and_stops_nobody() {
    let app = TestApp::new().await;
    let (_, secret) = app.create_token(json!({"name": "mine"})).await;
    replace(
        &app,
        Keyring::new(&versions(&[(1, 1)]), &versions(&[(1, 99)])),
    );
    assert_eq!(shown(&app, "mine").await, "null");
    assert!(works(&app, &secret).await);
    app.finish().await;
}
