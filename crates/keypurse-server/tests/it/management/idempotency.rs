//! `Idempotency-Key` on calls that change something.

use std::fs;

use futures_util::future::join_all;
use http::Method;
use keypurse_core::ledger::TopUp;
use keypurse_core::money::Money;
use keypurse_core::token::TokenName;
use keypurse_server::http::idempotency::{Asked, claim};
use keypurse_server::rotation::Resealing;
use keypurse_server::vault::{KEY_LEN, Keyring, VersionedKey};
use keypurse_store::{Accounts as _, Guard, Made, Once, TokenChange, TokenTopUp, Tokens as _};
use keypurse_testkit::{TestAnswer, TestApp, TestRequest};
use serde_json::{Value, json};

use super::{CREDITS, TOKENS, assert_error, assert_invalid, assert_status, raw, token_path, works};

const ROTATE: &str = "/v2/user/custom_token/team/rotate/";
const TOP_UP: &str = "/v2/user/custom_token/team/top_up/";
const CREDITS_TOP_UP: &str = "/v2/cost_management/credits/top_up/";

async fn app() -> TestApp {
    let app = TestApp::new().await;
    app.create_token(json!({"name": "team", "balance": "1"}))
        .await;
    app
}

fn top_up<'a>(app: &'a TestApp, amount: &str) -> TestRequest<'a> {
    app.post(TOP_UP).json(&json!({"amount": amount}))
}

fn keyed<'a>(request: TestRequest<'a>, key: &str) -> TestRequest<'a> {
    request.header("idempotency-key", key)
}

async fn balance(app: &TestApp) -> String {
    raw(&app.get(&token_path("team")).send().await, "balance")
}

fn is_replayed(answer: &TestAnswer) -> bool {
    match answer.header("idempotent-replayed") {
        "true" => true,
        "" => false,
        other => panic!("unexpected `{other}`"),
    }
}

/// The same answer, but for being said again.
fn assert_same(first: &TestAnswer, again: &TestAnswer) {
    assert!(!is_replayed(first) && is_replayed(again), "{}", again.text);
    assert_eq!((first.status, &first.text), (again.status, &again.text));
    for header in ["etag", "content-type", "cache-control"] {
        assert_eq!(first.header(header), again.header(header), "{header}");
    }
}

#[tokio::test]
async fn l12_a_top_up_repeated_fifty_times_at_once_is_one_credit() {
    let app = app().await;
    let attempts = (0..50).map(|_| keyed(top_up(&app, "5"), "once").send());
    let answers = join_all(attempts).await;
    assert_eq!(answers.iter().filter(|it| !is_replayed(it)).count(), 1);
    for answer in &answers {
        assert_status(answer, 200);
        assert_eq!(raw(answer, "balance"), "6.0");
    }
    assert_eq!(balance(&app).await, "6.0");
    let other_body = keyed(top_up(&app, "6"), "once").send().await;
    assert_error(&other_body, 422, "idempotency_error");
    assert_eq!(balance(&app).await, "6.0");
    app.finish().await;
}

#[tokio::test]
async fn every_change_is_made_once_and_answers_again_as_it_did() {
    let app = app().await;
    let path = token_path("team");
    let other = token_path("other");
    let send = async |what: usize| {
        let request = match what {
            0 => app
                .post(TOKENS)
                .json(&json!({"name": "other", "balance": "2"})),
            1 => app.patch(&path).json(&json!({"balance": 3})),
            2 => app.patch(&path).json(&json!({"overdraft": "refuse"})),
            3 => app.post(ROTATE),
            4 => top_up(&app, "4"),
            5 => app.post(CREDITS_TOP_UP).json(&json!({"amount": 8})),
            _ => app.delete(&other),
        };
        keyed(request, &format!("key-{what}")).send().await
    };
    let mut first = Vec::new();
    for what in 0..7 {
        first.push(send(what).await);
    }
    let statuses: Vec<u16> = first.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [201, 200, 200, 200, 200, 200, 204]);
    let (token, credits) = (app.get(&path).send().await, app.get(CREDITS).send().await);
    for (what, first) in first.iter().enumerate().skip(1) {
        assert_same(first, &send(what).await);
    }
    // Its token is deleted by now: everything but the secret is said again.
    let created = send(0).await;
    assert!(is_replayed(&created));
    let mut expected = first[0].json();
    expected["token"] = Value::Null;
    assert_eq!((created.status, created.json()), (201, expected));
    assert_eq!(app.get(&path).send().await.text, token.text);
    assert_eq!(app.get(CREDITS).send().await.text, credits.text);
    assert_eq!(app.get(&other).send().await.status, 404);
    app.finish().await;
}

#[tokio::test]
async fn a_create_sent_twice_at_once_makes_one_token_with_one_secret() {
    let app = TestApp::new().await;
    let create = || keyed(app.post(TOKENS).json(&json!({"name": "team"})), "k").send();
    let (one, two) = tokio::join!(create(), create());
    assert_eq!((one.status, two.status), (201, 201));
    assert_eq!(one.text, two.text);
    let secret = one.json()["token"].as_str().unwrap().to_owned();
    assert!(works(&app, &secret).await);
    app.finish().await;
}

#[tokio::test]
async fn a_secret_that_is_no_longer_current_is_not_shown_again() {
    let app = TestApp::new().await;
    let create = || keyed(app.post(TOKENS).json(&json!({"name": "team"})), "c").send();
    let rotate = || keyed(app.post(ROTATE), "r").send();
    let (created, rotated) = (create().await, rotate().await);
    assert_eq!(raw(&create().await, "token"), "null");
    assert_same(&rotated, &rotate().await);
    assert_ne!(created.json()["token"], rotated.json()["token"]);
    // A successor of the same name has a secret of its own.
    assert_status(&app.delete(&token_path("team")).send().await, 204);
    app.create_token(json!({"name": "team"})).await;
    for again in [create().await, rotate().await] {
        assert!(is_replayed(&again));
        assert_eq!(raw(&again, "token"), "null");
    }
    app.finish().await;
}

#[tokio::test]
async fn without_reveal_a_secret_is_shown_the_first_time_only() {
    let app = TestApp::builder().without_reveal().build().await;
    let create = || keyed(app.post(TOKENS).json(&json!({"name": "team"})), "c").send();
    let rotate = || keyed(app.post(ROTATE), "r").send();
    for request in [create().await, rotate().await] {
        assert!(request.json()["token"].is_string());
    }
    for again in [create().await, rotate().await] {
        assert!(is_replayed(&again));
        assert_eq!(raw(&again, "token"), "null");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_key_belongs_to_one_account_one_route_and_one_body() {
    let app = app().await;
    assert_status(&keyed(top_up(&app, "1"), "k").send().await, 200);
    let path = token_path("team");
    for other in [
        top_up(&app, "2"),
        app.post(TOP_UP).json_text(r#"{"amount": "1"}"#),
        app.post(CREDITS_TOP_UP).json(&json!({"amount": "1"})),
        app.patch(&path).json(&json!({"amount": "1"})),
        app.post(TOKENS).json(&json!({"name": "x"})),
        app.delete(&path),
    ] {
        let answer = keyed(other, "k").send().await;
        assert_error(&answer, 422, "idempotency_error");
    }
    let without_slash = app.post(TOP_UP.trim_end_matches('/'));
    let same = keyed(without_slash.json(&json!({"amount": "1"})), "k");
    assert!(is_replayed(&same.send().await));
    assert_eq!(balance(&app).await, "2.0");

    let other = app.account("other").await;
    let theirs = app.post(CREDITS_TOP_UP).json(&json!({"amount": "1"}));
    let answer = keyed(theirs.key(&other), "k").send().await;
    assert_status(&answer, 200);
    assert!(!is_replayed(&answer));
    app.finish().await;
}

#[tokio::test]
async fn what_was_refused_may_be_asked_for_again() {
    let app = app().await;
    let path = token_path("later");
    let rotate = format!("{path}rotate/");
    for early in [
        app.patch(&path).json(&json!({"balance": 1})),
        app.post(&rotate),
        app.delete(&path),
    ] {
        assert_status(&keyed(early, "k").send().await, 404);
    }
    let taken = app.post(TOKENS).json(&json!({"name": "team"}));
    assert_status(&keyed(taken, "k").send().await, 400);
    assert_status(&keyed(top_up(&app, "0"), "k").send().await, 400);
    let stale = keyed(top_up(&app, "1"), "k").header("if-match", "\"x\"");
    assert_status(&stale.send().await, 412);
    let made = keyed(top_up(&app, "1"), "k").send().await;
    assert!(!is_replayed(&made));
    assert_eq!(balance(&app).await, "2.0");
    app.finish().await;
}

#[tokio::test]
async fn a_repetition_is_not_held_to_what_the_first_request_saw() {
    let app = app().await;
    let seen = app.get(&token_path("team")).send().await;
    let path = token_path("team");
    let send = || {
        let change = app.patch(&path).json(&json!({"overdraft": "allow"}));
        keyed(change, "k")
            .header("if-match", seen.header("etag"))
            .send()
    };
    let first = send().await;
    assert_status(&first, 200);
    assert_same(&first, &send().await);
    app.finish().await;
}

#[tokio::test]
async fn a_key_is_remembered_for_a_day() {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    let app = app().await;
    assert_status(&keyed(top_up(&app, "1"), "k").send().await, 200);
    app.clock().advance_ms(DAY_MS - 1);
    assert!(is_replayed(&keyed(top_up(&app, "1"), "k").send().await));
    app.clock().advance_ms(1);
    for answer in [
        keyed(top_up(&app, "2"), "k").send().await,
        keyed(top_up(&app, "1"), "l").send().await,
    ] {
        assert_status(&answer, 200);
        assert!(!is_replayed(&answer));
    }
    assert_eq!(balance(&app).await, "5.0");
    app.finish().await;
}

#[tokio::test]
async fn what_is_no_key_is_refused() {
    let app = app().await;
    let too_long = "k".repeat(256);
    let reasons =
        json!({"Idempotency-Key": ["Send one key of 1 to 255 visible ASCII characters."]});
    for bad in ["", "a b", "é", &too_long] {
        for request in [
            top_up(&app, "1"),
            app.post(CREDITS_TOP_UP).json(&json!({"amount": 1})),
            app.post(TOKENS).json(&json!({"name": "x"})),
            app.patch(&token_path("team")).json(&json!({"balance": 9})),
            app.post(ROTATE),
            app.delete(&token_path("team")),
        ] {
            assert_invalid(&keyed(request, bad).send().await, &reasons);
        }
    }
    let twice = keyed(keyed(top_up(&app, "1"), "a"), "a").send().await;
    assert_invalid(&twice, &reasons);
    assert_eq!(balance(&app).await, "1.0");
    app.finish().await;
}

#[tokio::test]
async fn a_crash_forgets_neither_the_change_nor_that_it_was_made() {
    let app = app().await;
    assert_status(&keyed(top_up(&app, "5"), "k").send().await, 200);
    let crashed = app.after_crash();
    let store = &crashed.store;
    let account = store.accounts().await.unwrap()[0].id;
    let name = TokenName::parse("team").unwrap();
    let asked = Asked {
        method: &Method::POST,
        path: TOP_UP,
        body: br#"{"amount":"5"}"#,
    };
    let change = TokenChange::TopUp(TokenTopUp {
        account,
        name: name.clone(),
        top_up: TopUp {
            amount: Money::parse_text("5").unwrap(),
            note: None,
        },
    });
    let once = Once {
        claim: claim(&account, "k", &asked),
        render: Box::new(|_| Vec::new()),
    };
    let guard = Guard {
        once: Some(once),
        ..Guard::default()
    };
    let made = store.change_token(change, guard).await.unwrap();
    assert!(matches!(made, Made::Before(_)), "{made:?}");
    let token = store.token(account, &name).await.unwrap().unwrap();
    assert_eq!(token.balance.to_string(), "6.0");
    app.finish().await;
}

#[tokio::test]
async fn neither_a_secret_nor_a_key_is_kept_with_an_answer() {
    let app = TestApp::new().await;
    let key = "a-key-that-nobody-should-find";
    let create = keyed(app.post(TOKENS).json(&json!({"name": "to-be-found"})), key);
    let secret = create.send().await.json()["token"].to_string();
    let mut is_written = false;
    for file in fs::read_dir(app.directory()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        let holds = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
        is_written |= holds(br#""name":"to-be-found""#);
        assert!(!holds(&secret.as_bytes()[10..30]), "a secret is on disk");
        assert!(!holds(key.as_bytes()), "a key is on disk");
    }
    assert!(is_written, "the search finds the kept answer");
    app.finish().await;
}

#[tokio::test]
async fn a_repeated_creation_shows_its_secret_after_the_keys_have_changed() {
    let app = app().await;
    let create = || app.post(TOKENS).json(&json!({"name": "new"}));
    let first = keyed(create(), "once").send().await;
    let versions = |numbers: &[(u32, u8)]| -> Vec<VersionedKey> {
        let key = |&(version, byte)| VersionedKey {
            version,
            key: [byte; KEY_LEN],
        };
        numbers.iter().map(key).collect()
    };
    // `TestApp` starts with pepper 1 and master key 2, both version 1.
    let both = Keyring::new(&versions(&[(1, 1), (2, 11)]), &versions(&[(1, 2), (2, 12)]));
    let state = app.state();
    state.vault.replace(both);
    let mut resealing = Resealing::default();
    resealing.run(&*state.store, &state.vault).await.unwrap();
    assert_eq!(resealing.moved, 2);
    let again = keyed(create(), "once").send().await;
    assert_eq!(raw(&again, "token"), raw(&first, "token"));
    app.finish().await;
}

#[tokio::test]
async fn a_refusal_is_not_kept_and_if_match_spares_the_next_token_of_a_name() {
    let app = TestApp::new().await;
    let path = token_path("team");
    let delete = || keyed(app.delete(&path), "late");
    app.create_token(json!({"name": "team"})).await;
    let seen = app.get(&path).send().await.header("etag").to_owned();
    assert_status(&app.delete(&path).send().await, 204);
    assert_status(&delete().header("if-match", &seen).send().await, 404);
    // Meanwhile somebody makes a token of the same name.
    app.create_token(json!({"name": "team"})).await;
    assert_error(
        &delete().header("if-match", &seen).send().await,
        412,
        "conflict_error",
    );
    assert_status(&app.get(&path).send().await, 200);
    // Without it the repetition is tried anew.
    let again = delete().send().await;
    assert!(!is_replayed(&again));
    assert_status(&again, 204);
    assert_same(&again, &delete().send().await);
    app.finish().await;
}
