//! Money that runs out.

use serde_json::{Value, json};

use super::Watched;

#[tokio::test]
async fn a_low_balance_is_told_one_look_after_its_charge_and_once() {
    let mut watched = Watched::open().await;
    let secret = watched.token("prod", "0.05").await;
    watched
        .alert(json!({"kind": "balance_below", "token": "prod", "threshold": "0.045"}))
        .await;
    assert_eq!(watched.look().await, 0, "there is enough");
    assert_eq!(watched.call(&secret).await, 200);
    assert_eq!(watched.look().await, 1);
    assert_eq!(watched.call(&secret).await, 200);
    assert_eq!(watched.look().await, 0, "it was told");
    assert_eq!(watched.deliver().await, 1);
    assert_eq!(watched.deliver().await, 0);
    let told = watched.told();
    assert_eq!(told.len(), 1);
    let body: Value = told[0].json();
    let rule = &body["rule"];
    let expected = json!({
        "type": "alert.fired",
        "test": false,
        "id": body["id"],
        "rule": {
            "id": rule["id"],
            "name": "watch",
            "kind": "balance_below",
            "threshold": 0.045,
            "window": null,
            "least_calls": null,
        },
        "subject": {"type": "token", "name": "prod"},
        "measured": {"balance": 0.04, "budget": 0.05},
        "text": "Token \"prod\" has $0.04 left, less than $0.045.",
        "fired_at": "2026-11-21T12:00:00Z",
    });
    assert_eq!(body, expected);
    watched.app.finish().await;
}

#[tokio::test]
async fn a_top_up_arms_a_rule_again() {
    let mut watched = Watched::open().await;
    let secret = watched.token("prod", "0.03").await;
    watched
        .alert(json!({"kind": "balance_below", "token": "prod", "threshold": 0.025}))
        .await;
    for _ in 0..2 {
        assert_eq!(watched.call(&secret).await, 200);
        assert_eq!(watched.look().await, 1);
        assert_eq!(watched.open_events().await, 1);
        let top_up = watched.app.post("/v2/user/custom_token/prod/top_up/");
        let done = top_up.json(&json!({"amount": "0.01"})).send().await;
        assert_eq!(done.status, 200, "{}", done.text);
        assert_eq!(watched.look().await, 0);
        assert_eq!(watched.open_events().await, 0);
    }
    assert_eq!(watched.events().await.len(), 2);
    watched.app.finish().await;
}

#[tokio::test]
async fn a_period_arms_a_rule_again_before_anybody_calls() {
    let mut watched = Watched::open().await;
    let body = json!({
        "name": "daily", "balance_reset_period": "daily", "balance_reset_amount": "10",
    });
    watched.app.create_token(body).await;
    watched
        .alert(json!({"kind": "balance_share_below", "token": "daily", "threshold": 20}))
        .await;
    assert_eq!(watched.look().await, 0);
    for _ in 0..2 {
        watched.set("daily", json!({"balance": 1.99})).await;
        assert_eq!(watched.look().await, 1);
        assert_eq!(watched.look_after(86_400).await, 0);
        assert_eq!(watched.open_events().await, 0, "it is full again");
    }
    watched.app.finish().await;
}

#[tokio::test]
async fn a_purse_with_too_little_for_a_call_is_exhausted() {
    let mut watched = Watched::open().await;
    // The second call's limit is lowered to what is left; then crumbs are.
    let secret = watched.token("prod", "0.0111").await;
    watched
        .alert(json!({"kind": "exhausted", "token": "*"}))
        .await;
    assert_eq!(watched.call(&secret).await, 200);
    assert_eq!(watched.look().await, 0);
    assert_eq!(watched.call(&secret).await, 402);
    assert_eq!(
        watched.look().await,
        0,
        "a tenth is left: not for every call"
    );
    watched.set("prod", json!({"balance": 0.0001})).await;
    assert_eq!(watched.look().await, 0, "nobody was refused");
    assert_eq!(watched.call(&secret).await, 402);
    assert_eq!(watched.look().await, 1);
    assert_eq!(watched.look().await, 0, "nobody asks any more");
    assert_eq!(watched.open_events().await, 1);
    watched.set("prod", json!({"balance": 1})).await;
    assert_eq!(watched.look().await, 0);
    assert_eq!(watched.open_events().await, 0);
    watched.app.finish().await;
}

#[tokio::test]
async fn an_account_is_told_of_its_own_credits() {
    let mut watched = Watched::with(|builder| builder.credits("0.0202")).await;
    let (_, secret) = watched.app.create_token(json!({"name": "free"})).await;
    watched
        .alert(json!({"kind": "balance_share_below", "threshold": 51}))
        .await;
    watched.alert(json!({"kind": "exhausted"})).await;
    assert_eq!(watched.look().await, 0);
    watched.call(&secret).await;
    assert_eq!(watched.look().await, 1);
    watched.call(&secret).await;
    assert_eq!(watched.look().await, 0, "crumbs are left");
    assert_eq!(watched.call(&secret).await, 402);
    assert_eq!(watched.look().await, 1);
    let events = watched.events().await;
    assert_eq!(
        events[0]["subject"],
        json!({"type": "account", "name": null})
    );
    assert_eq!(
        events[1]["measured"],
        json!({"balance": 0.0102, "budget": 0.0202})
    );
    watched.app.finish().await;
}

#[tokio::test]
async fn one_rule_watches_every_token_and_each_fires_for_itself() {
    let mut watched = Watched::open().await;
    for name in ["a", "b", "c"] {
        watched.token(name, "1").await;
    }
    watched.app.create_token(json!({"name": "unlimited"})).await;
    watched
        .alert(json!({"kind": "balance_below", "token": "*", "threshold": 0.5}))
        .await;
    assert_eq!(watched.look().await, 0);
    watched.set("b", json!({"balance": 0})).await;
    assert_eq!(watched.look().await, 1);
    watched.set("c", json!({"balance": 0})).await;
    assert_eq!(watched.look().await, 1);
    watched.token("d", "0.1").await;
    assert_eq!(watched.look().await, 1, "new ones too");
    let names: Vec<Value> = watched.events().await;
    let names: Vec<&Value> = names.iter().map(|it| &it["subject"]["name"]).collect();
    assert_eq!(names, ["d", "c", "b"]);
    assert_eq!(watched.open_events().await, 3);

    watched.app.delete("/v2/user/custom_token/b/").send().await;
    watched.set("c", json!({"active_balance": false})).await;
    assert_eq!(watched.look().await, 0);
    assert_eq!(
        watched.open_events().await,
        1,
        "there is nothing left to run out"
    );
    watched.app.finish().await;
}

#[tokio::test]
async fn a_token_that_takes_anothers_name_is_watched_as_that_was() {
    let mut watched = Watched::open().await;
    watched.token("prod", "0").await;
    watched
        .alert(json!({"kind": "exhausted", "token": "prod"}))
        .await;
    assert_eq!(watched.look().await, 1);
    watched
        .app
        .delete("/v2/user/custom_token/prod/")
        .send()
        .await;
    assert_eq!(watched.look().await, 0);
    assert_eq!(watched.open_events().await, 0);
    watched.token("prod", "0").await;
    assert_eq!(watched.look().await, 1);
    watched.app.finish().await;
}

#[tokio::test]
async fn accounts_are_told_of_their_own_tokens_alone() {
    let mut watched = Watched::open().await;
    let other = watched.app.account("other").await;
    let body = json!({"kind": "exhausted", "token": "*", "name": "theirs"});
    let made = watched.app.post(super::ALERTS).key(&other).json(&body);
    assert_eq!(made.send().await.status, 201);
    watched.token("mine", "0").await;
    assert_eq!(watched.look().await, 0);
    watched.app.finish().await;
}

#[tokio::test]
async fn a_rule_that_is_switched_off_or_changed_is_looked_at_anew() {
    let mut watched = Watched::open().await;
    watched.token("prod", "1").await;
    let id = watched
        .alert(json!({"kind": "balance_below", "token": "prod", "threshold": 2}))
        .await;
    let path = format!("{}{id}/", super::ALERTS);
    assert_eq!(watched.look().await, 1);
    for (change, fires) in [
        (json!({"name": "renamed"}), 0),
        (json!({"webhook": null}), 0),
        (json!({"enabled": false}), 0),
        (json!({"enabled": true}), 1),
        (json!({"threshold": 3}), 1),
        (json!({"threshold": 0.5}), 0),
    ] {
        let done = watched.app.patch(&path).json(&change).send().await;
        assert_eq!(done.status, 200, "{}", done.text);
        assert_eq!(watched.look().await, fires, "{change}");
    }
    assert_eq!(watched.open_events().await, 0);
    watched.app.finish().await;
}
