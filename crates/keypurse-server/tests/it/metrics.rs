//! `/metrics`: what Prometheus reads.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use keypurse_server::MetricsAccess;
use keypurse_server::metrics::BooksAudited;
use keypurse_testkit::TestApp;
use serde_json::json;

use crate::dashboard::{VIEWER_KEY, give_viewer_key};
use crate::gateway::Shop;

const METRICS: &str = "/metrics";

/// The value of a series, by its name and labels as they are written.
async fn value(app: &TestApp, series: &str) -> Option<String> {
    let page = app.get(METRICS).send().await;
    assert_eq!(page.status, 200, "{}", page.text);
    let lines = page.text.lines();
    let mut found = lines.filter_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    found.next().map(str::to_owned)
}

fn hello(model: &str) -> serde_json::Value {
    json!({"model": model, "messages": [{"role": "user", "content": "hello"}]})
}

#[tokio::test]
async fn calls_tokens_and_dollars_are_those_of_the_books() {
    let shop = Shop::open("1").await;
    for _ in 0..2 {
        assert_eq!(shop.ask(&hello("up/m")).await.status, 200);
    }
    assert_eq!(shop.ask(&hello("up/nobody-knows")).await.status, 503);
    let app = &shop.app;
    app.settled().await;
    let labels = "endpoint=\"chat/completions\",provider=\"up\",model=\"m\"";
    let calls = format!("keypurse_calls_total{{{labels},status=\"2xx\"}}");
    assert_eq!(value(app, &calls).await.as_deref(), Some("2"));
    let spent: f64 = {
        let cost = format!("keypurse_cost_dollars_total{{{labels}}}");
        value(app, &cost).await.unwrap().parse().unwrap()
    };
    let token = app
        .state()
        .store
        .token_by_id(shop.token)
        .await
        .unwrap()
        .unwrap();
    let left: f64 = token.balance.to_string().parse().unwrap();
    assert!((spent + left - 1.0).abs() < 1e-9, "{spent} and {left}");
    let refused = "keypurse_refusals_total{code=\"model_unpriced\"}";
    assert_eq!(value(app, refused).await.as_deref(), Some("1"));
    assert_eq!(
        value(app, "keypurse_open_holds").await.as_deref(),
        Some("0")
    );
    assert_eq!(
        value(app, "keypurse_held_dollars").await.as_deref(),
        Some("0.0")
    );
    assert_eq!(value(app, "keypurse_ledger_up").await.as_deref(), Some("1"));
    assert_eq!(
        value(app, "keypurse_provider_up{provider=\"up\"}")
            .await
            .as_deref(),
        Some("1")
    );
    let commits = value(app, "keypurse_ledger_commit_seconds_count")
        .await
        .unwrap();
    assert!(commits.parse::<u64>().unwrap() > 4, "{commits}");
    let duration =
        "keypurse_call_duration_seconds_count{endpoint=\"chat/completions\",provider=\"up\"}";
    assert_eq!(value(app, duration).await.as_deref(), Some("2"));
    let first_byte =
        "keypurse_first_byte_seconds_count{endpoint=\"chat/completions\",provider=\"up\"}";
    assert_eq!(value(app, first_byte).await.as_deref(), Some("2"));
}

#[tokio::test]
async fn only_the_operator_reads_unless_it_is_open() {
    let app = TestApp::new().await;
    let other = app.account("other").await;
    let (_, token) = app.create_token(json!({"name": "team"})).await;
    assert_eq!(app.get(METRICS).send().await.status, 200);
    give_viewer_key(&app).await;
    assert_eq!(app.get(METRICS).key(VIEWER_KEY).send().await.status, 200);
    assert_eq!(app.get(METRICS).key(&other).send().await.status, 403);
    assert_eq!(app.get(METRICS).key(&token).send().await.status, 403);
    assert_eq!(app.get(METRICS).without_key().send().await.status, 401);
    app.finish().await;
    let open = TestApp::builder().settings(|settings| settings.metrics = MetricsAccess::Open);
    let open = open.build().await;
    let page = open.get(METRICS).without_key().send().await;
    assert_eq!(page.status, 200);
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(page.header("content-type"), kind);
    assert!(page.text.ends_with("# EOF\n"));
    open.finish().await;
}

#[tokio::test]
async fn what_clients_make_up_is_no_label_and_neither_are_tokens() {
    let shop = Shop::open("1").await;
    for number in 0..50 {
        let made_up = format!("up/made-up-{number}");
        assert_ne!(shop.ask(&hello(&made_up)).await.status, 200);
        let elsewhere = format!("nobody-{number}/model");
        assert_ne!(shop.ask(&hello(&elsewhere)).await.status, 200);
    }
    let page = shop.app.get(METRICS).send().await.text;
    for text in ["made-up", "nobody-", shop.secret.as_str(), "name=\"t\""] {
        assert!(!page.contains(text), "{text}");
    }
    let series = page.lines().filter(|line| !line.starts_with('#')).count();
    assert!(series < 200, "{series} series");
}

#[tokio::test]
async fn a_ledger_that_does_not_answer_is_told_and_the_rest_as_well() {
    let app = TestApp::new().await;
    app.state().store.close().await.unwrap();
    assert_eq!(
        value(&app, "keypurse_ledger_up").await.as_deref(),
        Some("0")
    );
    assert_eq!(value(&app, "keypurse_open_holds").await, None);
}

/// Every metric there is, with its kind and what it tells.
async fn all_metrics() -> BTreeMap<String, (String, String)> {
    let shop = Shop::open("1").await;
    shop.ask(&hello("up/m")).await;
    shop.ask(&hello("up/nobody-knows")).await;
    let app = &shop.app;
    let sandbox = json!({"name": "s", "token_type": "sandbox_api_token"});
    let (_, sandbox) = app.create_token(sandbox).await;
    let chat = app.post("/v1/chat/completions").key(&sandbox);
    assert_eq!(chat.json(&hello("openai/gpt-4o")).send().await.status, 200);
    app.state().metrics.books_audited(BooksAudited {
        at: app.state().now(),
        took: Duration::from_secs(1),
        differs: false,
    });
    app.settled().await;
    let page = app.get(METRICS).send().await.text;
    let mut metrics = BTreeMap::new();
    for line in page.lines() {
        let Some(help) = line.strip_prefix("# HELP ") else {
            continue;
        };
        let (name, help) = help.split_once(' ').unwrap();
        let kind = page.lines().find_map(|line| {
            let kind = line.strip_prefix("# TYPE ")?.strip_prefix(name)?;
            kind.strip_prefix(' ')
        });
        let kind = kind.unwrap().to_owned();
        let help = help.trim_end_matches('.').to_owned();
        metrics.insert(name.to_owned(), (kind, help));
    }
    metrics
}

fn repository(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

/// After a change that is meant:
/// `UPDATE_SNAPSHOTS=1 cargo test -p keypurse-server metrics`
#[tokio::test]
async fn the_documented_metrics_are_those_there_are() {
    let mut text = "# Metrics\n\nGenerated by `UPDATE_SNAPSHOTS=1 cargo test -p keypurse-server \
                    metrics`; do not edit.\n\n`GET /metrics` in the OpenMetrics format; what to \
                    alert on is in [operating.md](operating.md).\n\n| Metric | Kind | What it \
                    tells |\n|---|---|---|\n"
        .to_owned();
    for (name, (kind, help)) in all_metrics().await {
        let name = match kind.as_str() {
            "counter" => format!("{name}_total"),
            "info" => format!("{name}_info"),
            _ => name,
        };
        writeln!(text, "| `{name}` | {kind} | {help} |").unwrap();
    }
    let path = repository("docs/metrics.md");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == text,
        "docs/metrics.md differs; if that is meant, run \
         `UPDATE_SNAPSHOTS=1 cargo test -p keypurse-server metrics` and look at the diff"
    );
}

#[tokio::test]
async fn the_dashboard_of_grafana_asks_for_metrics_that_exist() {
    let metrics = all_metrics().await;
    for file in ["docs/grafana/keypurse.json", "docs/operating.md"] {
        let text = std::fs::read_to_string(repository(file)).unwrap();
        let mut asked = BTreeSet::new();
        for prefix in ["keypurse_", "process_"] {
            for (at, _) in text.match_indices(prefix) {
                let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let begins = !text[..at].ends_with(is_of_name);
                let name: String = text[at..].chars().take_while(|c| is_of_name(*c)).collect();
                // A file in a path of the documents, or the access log's target.
                if begins && !["keypurse_access", "keypurse_server"].contains(&name.as_str()) {
                    asked.insert(name);
                }
            }
        }
        assert!(asked.len() > 5, "{file} asks for {asked:?}");
        for name in asked {
            let suffixes = ["", "_total", "_bucket", "_sum", "_count", "_info"];
            let known = suffixes.iter().any(|suffix| {
                let name = name.strip_suffix(suffix);
                name.is_some_and(|name| metrics.contains_key(name))
            });
            assert!(known, "{file} asks for {name}");
        }
    }
}
