//! Addresses that guess secrets.

use std::net::{IpAddr, Ipv4Addr};

use keypurse_testkit::TestApp;

use super::{TOKENS, assert_error, assert_status};

const GUESSER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const OTHER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
const WRONG: &str = "a-wrong-key-of-at-least-32-characters";

#[tokio::test]
async fn an_address_that_guesses_is_slowed_down_and_nobody_else() {
    let app = TestApp::new().await;
    let guess = || app.get(TOKENS).key(WRONG).from(GUESSER).send();
    for _ in 0..20 {
        assert_status(&guess().await, 401);
    }
    let refused = guess().await;
    assert_error(&refused, 429, "rate_limit_error");
    assert_eq!(refused.header("retry-after"), "1");
    let other = app.get(TOKENS).key(WRONG).from(OTHER).send().await;
    assert_status(&other, 401);
    let valid = app.get(TOKENS).from(GUESSER).send().await;
    assert_status(&valid, 200);
    app.clock().advance_ms(1_000);
    assert_status(&guess().await, 401);
    app.finish().await;
}

#[tokio::test]
async fn a_missing_credential_guesses_nothing() {
    let app = TestApp::new().await;
    for _ in 0..50 {
        let answer = app.get(TOKENS).without_key().from(GUESSER).send().await;
        assert_status(&answer, 401);
    }
    app.finish().await;
}
