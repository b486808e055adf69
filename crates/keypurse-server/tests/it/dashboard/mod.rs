//! The dashboard as browsers see it.

mod alerts;
mod browser;
mod csrf;
mod figures;
mod headers;
mod hostile;
mod missing;
mod sessions;
mod sign_in;
mod tokens;
mod unavailable;
mod validation;
mod viewer;

pub(crate) use browser::Browser;

use keypurse_store::{Actor, NewViewerKey};
use keypurse_testkit::TestApp;

/// A viewer key of the first account.
pub(crate) const VIEWER_KEY: &str = "a-viewer-key-that-may-look-and-change-nothing";

pub(crate) async fn give_viewer_key(app: &TestApp) {
    let key = NewViewerKey {
        digest: app.state().vault.digest(VIEWER_KEY),
        pepper: 1,
        now: app.state().now(),
    };
    let given = app
        .state()
        .store
        .set_viewer_key("main", Some(key), Actor::SYSTEM)
        .await;
    assert!(given.unwrap().is_some());
}

/// A token, and the address of its page.
async fn token(app: &TestApp, name: &str) -> String {
    let body = serde_json::json!({"name": name, "balance": "5", "active_balance": true});
    app.create_token(body).await;
    path_of(app, name).await
}

async fn path_of(app: &TestApp, name: &str) -> String {
    let accounts = app.state().store.accounts().await.unwrap();
    let tokens = app.state().store.tokens(accounts[0].id).await.unwrap();
    let token = tokens
        .iter()
        .find(|token| token.settings.name.as_str() == name);
    format!("/tokens/{}", token.unwrap().id)
}

/// Every address that changes something, for the token of a page.
fn mutating(token: &str) -> Vec<String> {
    let mut paths = vec!["/sign-out", "/sessions/1/end", "/tokens/new"]
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>();
    for form in ["edit", "top-up", "rotate", "delete", "secret/done"] {
        paths.push(format!("{token}/{form}"));
    }
    paths
}
