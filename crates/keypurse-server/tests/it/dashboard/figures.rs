//! What the pages say of money and calls is what the reports say.

use keypurse_core::money::Money;
use keypurse_testkit::TestApp;
use serde_json::{Value, json};

use super::{Browser, path_of};
use crate::gateway::Shop;

const DAY: i64 = 24 * 3600 * 1000;
/// The day on which a test's clock begins, and the one after it.
const DAYS: &str = "begin=2026-11-21&end=2026-11-22&step=0";

fn hello(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "Hi"}]})
}

/// A shop whose token called twice on one day and once on the next, and a
/// sandbox token that called once.
async fn used() -> Shop {
    let shop = Shop::open("5").await;
    assert_eq!(shop.ask(&hello("up/m")).await.status, 200);
    assert_eq!(shop.ask(&hello("up/out")).await.status, 200);
    shop.app.settled().await;
    shop.app.clock().advance_ms(DAY);
    assert_eq!(shop.ask(&hello("up/m")).await.status, 200);
    let body = json!({"name": "s", "token_type": "sandbox_api_token", "tags": ["=1+1"]});
    let (_, sandbox) = shop.app.create_token(body).await;
    let call = shop.app.post("/v1/chat/completions").key(&sandbox);
    assert_eq!(call.json(&hello("openai/gpt-4o")).send().await.status, 200);
    shop.app.settled().await;
    shop
}

/// What the report says of each group.
async fn report(app: &TestApp, by: &str) -> Vec<(String, Value)> {
    let path = format!("/v2/cost_management/?{DAYS}&group_by={by}");
    let answer = app.get(&path).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let groups = answer.json()["response"].as_array().unwrap().clone();
    let groups = groups.into_iter().map(|group| {
        let name = group["group"][by].as_str().unwrap_or_default().to_owned();
        let sums = group["data"].as_object().unwrap().values().next();
        (name, sums.unwrap().clone())
    });
    groups.collect()
}

fn money(number: &Value) -> Money {
    Money::parse_number(&number.to_string()).unwrap()
}

#[tokio::test]
async fn the_explorer_and_its_table_say_what_the_reports_say() {
    let shop = used().await;
    let mut browser = Browser::signed_in(&shop.app).await;
    for by in ["token", "provider", "model"] {
        let reported = report(&shop.app, by).await;
        assert!(!reported.is_empty());
        let table = browser.get(&format!("/costs.csv?by={by}&period=7d")).await;
        assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
        let page = browser.get(&format!("/costs?by={by}&period=7d")).await;
        assert_eq!(page.status, 200);
        let rows: Vec<Vec<&str>> = table
            .text
            .lines()
            .skip(1)
            .map(|line| line.split(',').collect())
            .collect();
        assert_eq!(rows.len(), reported.len(), "{by}");
        for (name, sums) in reported {
            let row = rows.iter().find(|row| row[0] == name).unwrap();
            let cost = money(&sums["total_cost"]);
            assert_eq!(Money::parse_text(row[3]).unwrap(), cost, "{by} {name}");
            assert_eq!(row[5], sums["details"].to_string(), "{by} {name}");
            assert_eq!(row[6], sums["errors"].to_string(), "{by} {name}");
            assert_eq!(row[7], sums["input_tokens"].to_string(), "{by} {name}");
            assert_eq!(row[8], sums["output_tokens"].to_string(), "{by} {name}");
            assert_eq!(row[9], sums["latency_ms"]["p50"].to_string(), "{by} {name}");
            assert!(page.text.contains(&format!("title=\"{cost} US dollars\"")));
        }
    }
    shop.app.finish().await;
}

#[tokio::test]
async fn no_cell_of_the_table_begins_a_formula() {
    let shop = used().await;
    let mut browser = Browser::signed_in(&shop.app).await;
    let table = browser.get("/costs.csv?by=tag&period=7d").await;
    assert!(table.text.contains("\n'=1+1,"), "{}", table.text);
    let name = table.header("content-disposition");
    assert!(
        name.starts_with("attachment; filename=\"keypurse-tag-2026-11-16-"),
        "{name}"
    );
    shop.app.finish().await;
}

#[tokio::test]
async fn the_overview_adds_up_days_and_months() {
    let shop = used().await;
    let reported = report(&shop.app, "token").await;
    let month: Money = reported
        .iter()
        .map(|(_, sums)| money(&sums["total_cost"]))
        .sum();
    let mut browser = Browser::signed_in(&shop.app).await;
    let page = browser.get("/").await;
    assert!(
        page.text.contains(&format!("title=\"{month} US dollars\"")),
        "{}",
        page.text
    );
    assert!(page.text.contains("4 calls"), "{}", page.text);
    let live = browser.get("/live/overview").await;
    assert_eq!(live.status, 200);
    assert!(!live.text.contains("<html"), "a part, not a page");
    assert!(
        page.text.contains(live.text.trim()),
        "the part is the page's"
    );
    for by in ["provider", "model", "token"] {
        for window in ["24h", "7d", "30d", "90d"] {
            let page = browser.get(&format!("/?by={by}&window={window}")).await;
            let expected = if by == "token" { "t" } else { "up" };
            let legend = format!("<span class=\"legend-name\" title=\"{expected}");
            assert!(page.text.contains(&legend), "{by} {window}");
        }
    }
    shop.app.finish().await;
}

#[tokio::test]
async fn a_tokens_page_tells_its_rate_its_outlook_and_its_calls() {
    let shop = used().await;
    let path = path_of(&shop.app, "t").await;
    let mut browser = Browser::signed_in(&shop.app).await;
    let page = browser.get(&path).await;
    assert!(page.text.contains("Burn rate") && page.text.contains("Lasts for years"));
    assert!(page.text.contains("a day, in the 24 h since it was made"));
    let calls = browser.get(&format!("/live{path}/calls")).await;
    assert_eq!(calls.text.matches("up/m").count(), 2, "{}", calls.text);
    assert_eq!(calls.text.matches("up/out").count(), 1);
    let figures = browser.get(&format!("/live{path}")).await;
    assert!(
        figures.text.contains("3 calls, 0 failed"),
        "{}",
        figures.text
    );
    let other = Browser::signed_in_with(&shop.app, &shop.app.account("other").await).await;
    let mut other = other;
    for path in [
        path.clone(),
        format!("/live{path}"),
        format!("/live{path}/calls"),
    ] {
        assert_eq!(
            other.get(&path).await.status,
            404,
            "{path} is another account's"
        );
    }
    shop.app.finish().await;
}

#[tokio::test]
async fn pages_count_a_reset_in_when_calls_and_the_api_do() {
    let app = TestApp::new().await;
    let daily = json!({
        "name": "daily", "active_balance": true, "balance": "0",
        "balance_reset_period": "daily", "balance_reset_amount": "5",
    });
    app.create_token(daily).await;
    let path = path_of(&app, "daily").await;
    app.clock().jump("2026-11-22T12:00:00Z");
    let mut browser = Browser::signed_in(&app).await;
    let shown = async |browser: &mut Browser<'_>| {
        let api = app.get("/v2/user/custom_token/daily/").send().await;
        let page = browser.get(&path).await.text;
        let listed = browser.get("/tokens?state=exhausted").await.text;
        assert_eq!(
            page.contains("Out of money"),
            listed.contains(&format!("href=\"{path}\"")),
            "{listed}"
        );
        assert_eq!(page.contains("Out of money"), page.contains("Empty"));
        (api.json()["balance"].to_string(), page.contains("Empty"))
    };
    // Nobody knows yet whether the day is over.
    assert_eq!(shown(&mut browser).await, ("0.0".to_owned(), true));
    app.clock().set("2026-11-22T12:00:00Z");
    assert_eq!(shown(&mut browser).await, ("5.0".to_owned(), false));
}

#[tokio::test]
async fn models_and_providers_show_what_the_gateway_goes_by() {
    let shop = used().await;
    let mut browser = Browser::signed_in(&shop.app).await;
    let own = browser.get("/models?show=overridden").await;
    assert!(
        own.text.contains("your price") && own.text.contains("$10.00"),
        "{}",
        own.text
    );
    let unpriced = browser.get("/models?show=unpriced").await;
    assert!(unpriced.text.contains("Calls are refused: "));
    let found = browser.get("/models?q=GPT-4O-MINI&provider=openai").await;
    assert!(found.text.contains("gpt-4o-mini") && !found.text.contains("claude"));
    let providers = browser.get("/providers").await;
    assert!(providers.text.contains("healthy") && providers.text.contains("not configured"));
    shop.app.finish().await;
}

#[tokio::test]
async fn nobody_reads_a_part_of_a_page_who_is_signed_out() {
    let app = TestApp::new().await;
    let mut nobody = Browser::new(&app);
    for path in [
        "/costs",
        "/costs.csv",
        "/models",
        "/providers",
        "/alerts",
        "/alerts/new",
        "/live/overview",
        "/live/overview/calls",
        "/live/overview/tokens",
        "/live/providers",
        "/live/tokens/tok_1",
        "/live/tokens/tok_1/calls",
    ] {
        let answer = nobody.get(path).await;
        assert_eq!(answer.status, 401, "{path}");
    }
    app.finish().await;
}
