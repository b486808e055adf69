//! `GET /v2/user/custom_token/{name}/ledger/`

use keypurse_store::Statements as _;
use keypurse_testkit::upstream::Reply;
use serde_json::{Value, json};

use super::{assert_status, token_path};
use crate::gateway::{Shop, hello, hello_stream};

fn path(query: &str) -> String {
    format!("{}{query}", token_path("t/ledger"))
}

async fn page(shop: &Shop, query: &str) -> Value {
    let answer = shop.app.get(&path(query)).send().await;
    assert_status(&answer, 200);
    answer.json()
}

/// A token that was created, charged, adjusted, and charged for nothing.
async fn busy_shop() -> Shop {
    let shop = Shop::open("1").await;
    shop.ask(&hello()).await;
    let body = json!({"balance": 0.5});
    shop.app.patch(&token_path("t")).json(&body).send().await;
    let cached = json!({"prompt_tokens": 10, "completion_tokens": 20,
        "prompt_tokens_details": {"cached_tokens": 4}});
    shop.upstream.next(Reply::chat_stream(&["Hi"], &cached));
    shop.ask(&hello_stream()).await;
    shop.upstream.next(Reply::json(500, &json!({})));
    shop.ask(&hello()).await;
    shop.app.settled().await;
    shop
}

#[tokio::test]
async fn every_change_of_a_balance_is_a_line_with_what_it_led_to() {
    let shop = busy_shop().await;
    let statement = page(&shop, "").await;
    let lines = statement["lines"].as_array().unwrap();
    let shown: Vec<String> = lines
        .iter()
        .map(|line| {
            let outcome = &line["call"]["outcome"];
            format!(
                "{} {} {} {outcome}",
                line["kind"], line["amount"], line["balance"]
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            r#""charge" 0.0 0.49979 "void""#,
            r#""charge" -0.00021 0.49979 "settled""#,
            r#""adjust" -0.49979 0.5 null"#,
            r#""charge" -0.00021 0.99979 "settled""#,
            r#""open" 1.0 1.0 null"#,
        ]
    );
    assert_eq!(
        (statement["name"].as_str(), &statement["next"]),
        (Some("t"), &Value::Null)
    );
}

#[tokio::test]
async fn a_charge_can_be_recomputed_from_its_line() {
    let shop = busy_shop().await;
    let statement = page(&shop, "").await;
    let call = &statement["lines"][1]["call"];
    for (member, expected) in [
        ("provider", json!("up")),
        ("model", json!("m")),
        ("feature", json!("text__chat")),
        ("streamed", json!(true)),
        ("status", json!(200)),
        ("estimated", json!(false)),
        ("cost", json!(0.00021)),
        ("house", json!(0.0)),
    ] {
        assert_eq!(call[member], expected, "{member}");
    }
    let of = |class: &str| call["usage"][class].as_u64().unwrap();
    assert_eq!((of("input"), of("cached_input"), of("output")), (10, 4, 20));
    let band = &call["price"]["bands"][0];
    assert_eq!(band["above"], 0);
    assert_eq!(band["per_million"]["input"], "1.0");
    assert_eq!(band["per_million"]["output"], "10.0");
    let id = call["request_id"].as_str().unwrap();
    let known = shop
        .app
        .calls()
        .iter()
        .any(|call| call.call.to_string() == id);
    assert!(known, "{id} is the id the client saw");
}

#[tokio::test]
async fn pages_are_stable_while_calls_go_on() {
    let shop = busy_shop().await;
    let all = page(&shop, "").await["lines"].clone();
    let mut seen = Vec::new();
    let mut query = "?limit=2".to_owned();
    loop {
        let answer = shop.app.get(&path(&query)).send().await;
        let statement = answer.json();
        seen.extend(statement["lines"].as_array().unwrap().clone());
        shop.ask(&hello()).await;
        let Some(next) = statement["next"].as_i64() else {
            assert_eq!(answer.header("link"), "");
            break;
        };
        query = format!("?before={next}&limit=2");
        assert_eq!(
            answer.header("link"),
            format!("<{}>; rel=\"next\"", path(&query))
        );
    }
    assert_eq!(Value::from(seen), all);
}

#[tokio::test]
async fn a_statement_is_a_table_for_whoever_asks_for_one() {
    let shop = busy_shop().await;
    let answer = shop
        .app
        .get(&path(""))
        .header("accept", "text/csv")
        .send()
        .await;
    assert_status(&answer, 200);
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    let rows: Vec<Vec<&str>> = answer
        .text
        .lines()
        .map(|row| row.split(',').collect())
        .collect();
    assert_eq!(rows.len(), 6);
    assert!(rows.iter().all(|row| row.len() == rows[0].len()));
    assert_eq!(
        rows[0][..6],
        ["line", "at", "kind", "amount", "balance", "note"]
    );
    assert_eq!(rows[2][2..5], ["charge", "-0.00021", "0.49979"]);
    assert_eq!(rows[5][2..6], ["open", "1.0", "1.0", ""]);
}

#[tokio::test]
async fn a_statement_survives_a_stop_between_charge_and_row() {
    let shop = busy_shop().await;
    let before = page(&shop, "").await;
    let crashed = shop.app.after_crash();
    let lines = crashed
        .store
        .statement(keypurse_store::StatementPage {
            token: shop.token,
            before: None,
            limit: 100,
        })
        .await
        .unwrap();
    let kept: Vec<String> = lines
        .iter()
        .map(|line| line.balance_after.to_string())
        .collect();
    let shown = before["lines"].as_array().unwrap().iter();
    let shown: Vec<String> = shown.map(|line| line["balance"].to_string()).collect();
    assert_eq!(kept, shown);
}

#[tokio::test]
async fn a_new_token_of_an_old_name_has_a_statement_of_its_own() {
    let shop = busy_shop().await;
    shop.app.delete(&token_path("t")).send().await;
    assert_status(&shop.app.get(&path("")).send().await, 404);
    shop.app
        .create_token(json!({"name": "t", "balance": "3"}))
        .await;
    let lines = page(&shop, "").await["lines"].clone();
    assert_eq!(lines.as_array().unwrap().len(), 1);
    assert_eq!(lines[0]["balance"], 3.0);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let shop = Shop::open("1").await;
    for (query, field) in [
        ("?limit=0", "limit"),
        ("?limit=x", "limit"),
        ("?before=0", "before"),
        ("?page=2", "query"),
    ] {
        let answer = shop.app.get(&path(query)).send().await;
        assert_status(&answer, 400);
        assert_eq!(answer.json()["error"]["type"], "validation_error");
        assert!(
            answer.json()["error"]["message"][field].is_array(),
            "{}",
            answer.text
        );
    }
    let answer = shop.app.get(&path("")).key(&shop.secret).send().await;
    assert_status(&answer, 403);
}
