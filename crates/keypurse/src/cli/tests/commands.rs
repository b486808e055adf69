//! What each command says, in every form.

use keypurse_testkit::TestApp;

use super::transcript::check;

#[tokio::test]
async fn tokens_are_made_shown_changed_and_deleted() {
    let app = TestApp::new().await;
    check(&app, "token.txt").await;
    app.finish().await;
}

#[tokio::test]
async fn a_secret_that_is_shown_once_is_not_shown_again() {
    let app = TestApp::builder().without_reveal().build().await;
    check(&app, "token_hidden.txt").await;
    app.finish().await;
}
