//! What calls cost, by token, day, feature and provider.

use keypurse_testkit::TestApp;
use keypurse_testkit::upstream::{Reply, usage};
use serde_json::json;

use super::*;

#[tokio::test]
async fn an_account_sees_what_every_token_cost() {
    let shop = Shop::open("1").await;
    shop.ask(&hello()).await;
    shop.ask(&hello()).await;
    chat(&shop.app, shop.app.account_key(), "up/m").await;
    shop.app.create_token(json!({"name": "idle"})).await;
    let answer = ask(&shop.app, COSTS, TODAY).await;
    let expected = concat!(
        r#"{"response":[{"token":"base_token","data":{"2026-11-21":{"text__chat":"#,
        r#"{"total_cost":0.00021,"details":1,"cost_per_provider":{"up":0.00021}}}}},"#,
        r#"{"token":"t","data":{"2026-11-21":{"text__chat":"#,
        r#"{"total_cost":0.00042,"details":2,"cost_per_provider":{"up":0.00042}}}}},"#,
        r#"{"token":"idle","data":{}}]}"#
    );
    assert_eq!(answer.text, expected);
    assert_eq!(answer.header("cache-control"), "no-store");
    let slashless = shop
        .app
        .get(&format!("{}?{TODAY}", COSTS.trim_end_matches('/')));
    assert_eq!(slashless.send().await.text, expected);
    shop.app.finish().await;
}

#[tokio::test]
async fn figures_equal_the_statement_to_the_nano_dollar() {
    let shop = Shop::open("1").await;
    for at in 0..40 {
        let reply = Reply::chat("Hi", &usage(1 + at * 7, 3 + at * 13));
        shop.upstream.next(reply);
        let asked = json!({"model": "up/m", "max_tokens": 900, "messages": [
            {"role": "user", "content": "x".repeat(400)}]});
        assert_status(&shop.ask(&asked).await, 200);
        shop.app.clock().advance_ms(7 * 3_600_000);
    }
    let charged = charged(&shop.app, "t").await;
    assert!(charged.nanos() % 1_000_000 != 0, "it is no round sum");
    for step in 1..=4 {
        let query = format!("begin=2026-11-01&end=2027-01-31&step={step}");
        let data = data_of(&shop.app, "t", &query).await;
        let periods = data.as_object().unwrap().values();
        let cells = periods.map(|features| features["text__chat"].clone());
        let cells: Vec<_> = cells.collect();
        let total: Money = cells.iter().map(|cell| dollars(&cell["total_cost"])).sum();
        let of_up = cells
            .iter()
            .map(|cell| dollars(&cell["cost_per_provider"]["up"]));
        let calls: u64 = cells
            .iter()
            .filter_map(|cell| cell["details"].as_u64())
            .sum();
        assert_eq!(
            (total, of_up.sum(), calls),
            (charged, charged, 40),
            "step {step}"
        );
    }
    shop.app.finish().await;
}

#[tokio::test]
async fn a_call_is_told_as_soon_as_it_is_answered() {
    let shop = Shop::open("1").await;
    for calls in 1..=5 {
        assert_status(&shop.ask(&hello()).await, 200);
        let data = data_of(&shop.app, "t", TODAY).await;
        assert_eq!(data["2026-11-21"]["text__chat"]["details"], calls);
    }
    shop.app.finish().await;
}

#[tokio::test]
async fn sandbox_calls_count_at_nothing_and_refused_ones_do_not_count() {
    let shop = Shop::open("1").await;
    let sandbox = sandbox(&shop.app, "s").await;
    assert_status(&chat(&shop.app, &sandbox, "up/m").await, 200);
    let (_, poor) = shop
        .app
        .create_token(json!({"name": "poor", "active_balance": true}))
        .await;
    assert_status(&chat(&shop.app, &poor, "up/m").await, 402);
    let body = json!({"name": "strict", "allowed_models": ["up/out"]});
    let (_, strict) = shop.app.create_token(body).await;
    assert_status(&chat(&shop.app, &strict, "up/m").await, 403);
    assert_status(&chat(&shop.app, &strict, "absent/m").await, 404);
    let report = costs(&shop.app, TODAY).await;
    let simulated = json!({"text__chat":
        {"total_cost": 0.0, "details": 1, "cost_per_provider": {"up": 0.0}}});
    let expected = json!([
        {"token": "base_token", "data": {}},
        {"token": "t", "data": {}},
        {"token": "s", "data": {"2026-11-21": simulated}},
        {"token": "poor", "data": {}},
        {"token": "strict", "data": {}},
    ]);
    assert_eq!(report, expected);
    shop.app.finish().await;
}

#[tokio::test]
async fn a_rehearsal_costs_nothing_here() {
    let shop = Shop::open("1").await;
    let body = json!({"name": "r", "token_type": "sandbox_api_token", "active_balance": true,
        "balance": "1", "simulate_budget": true});
    let (_, secret) = shop.app.create_token(body).await;
    let answer = chat(&shop.app, &secret, "up/m").await;
    assert_ne!(answer.header("x-keypurse-cost"), "0.0");
    let data = data_of(&shop.app, "r", TODAY).await;
    let cell = &data["2026-11-21"]["text__chat"];
    assert_eq!(
        (&cell["total_cost"], &cell["details"]),
        (&json!(0.0), &json!(1))
    );
    shop.app.finish().await;
}

#[tokio::test]
async fn what_a_provider_failed_at_counts_and_costs_nothing() {
    let shop = Shop::open("1").await;
    shop.upstream.next(Reply::json(500, &json!({})));
    assert!(shop.ask(&hello()).await.status >= 500);
    shop.app.settled().await;
    let data = data_of(&shop.app, "t", TODAY).await;
    let cell = &data["2026-11-21"]["text__chat"];
    assert_eq!(
        (&cell["total_cost"], &cell["details"]),
        (&json!(0.0), &json!(1))
    );
    shop.app.finish().await;
}

#[tokio::test]
async fn history_belongs_to_the_token_and_equal_names_are_one_in_the_account() {
    let shop = Shop::open("1").await;
    shop.ask(&hello()).await;
    assert_status(&shop.app.delete(&token_path("t")).send().await, 204);
    let data = data_of(&shop.app, "t", TODAY).await;
    assert_eq!(
        data["2026-11-21"]["text__chat"]["details"], 1,
        "deleted tokens stay"
    );
    let (_, second) = shop.app.create_token(json!({"name": "t"})).await;
    chat(&shop.app, &second, "up/m").await;
    for query in [TODAY.to_owned(), format!("{TODAY}&token=t")] {
        let data = data_of(&shop.app, "t", &query).await;
        let cell = &data["2026-11-21"]["text__chat"];
        assert_eq!(cell["details"], 2, "{query}");
        assert_eq!(cell["total_cost"], json!(0.00042));
    }
    let own = shop
        .app
        .get(&format!("{COSTS}?{TODAY}"))
        .key(&second)
        .send()
        .await;
    let own = own.json()["response"].clone();
    assert_eq!(own.as_array().unwrap().len(), 1);
    assert_eq!(own[0]["data"]["2026-11-21"]["text__chat"]["details"], 1);
    shop.app.finish().await;
}

#[tokio::test]
async fn a_deleted_token_without_calls_is_known_but_not_listed() {
    let app = TestApp::new().await;
    app.create_token(json!({"name": "gone"})).await;
    app.delete(&token_path("gone")).send().await;
    assert_eq!(
        costs(&app, TODAY).await,
        json!([{"token": "base_token", "data": {}}])
    );
    let asked = costs(&app, &format!("{TODAY}&token=gone")).await;
    assert_eq!(asked, json!([{"token": "gone", "data": {}}]));
    app.finish().await;
}

#[tokio::test]
async fn filters_leave_out_what_was_not_asked_for() {
    let shop = Shop::open("1").await;
    shop.ask(&hello()).await;
    chat(&shop.app, &shop.secret, "up/out").await;
    shop.upstream.next(Reply::json(500, &json!({})));
    shop.ask(&hello()).await;
    let tagged = json!({"tags": ["red"]});
    assert_status(
        &shop.app.patch(&token_path("t")).json(&tagged).send().await,
        200,
    );
    shop.app.settled().await;
    for (filter, calls) in [
        ("provider=up", 3),
        ("provider=other", 0),
        ("model=up/m", 2),
        ("model=up%2Fout", 1),
        ("subfeature=text__chat", 3),
        ("subfeature=chat", 3),
        ("subfeature=text__embeddings", 0),
        ("status=success", 2),
        ("status=server_error", 1),
        ("status=client_error", 0),
        ("tag=red", 3),
        ("token=t&tag=red&model=up/m&status=success", 1),
    ] {
        let data = data_of(&shop.app, "t", &format!("{TODAY}&{filter}")).await;
        let told = data["2026-11-21"]["text__chat"]["details"].as_u64();
        assert_eq!(told.unwrap_or_default(), calls, "{filter}");
    }
    let blue = costs(&shop.app, &format!("{TODAY}&tag=blue")).await;
    assert_eq!(blue, json!([]), "nobody has this tag");
    shop.app.finish().await;
}
