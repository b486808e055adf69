//! Reports as tables, and names that would be formulas.

use serde_json::json;

use super::*;

const HOSTILE: [(&str, &str); 8] = [
    ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
    ("+1", "'+1"),
    ("-1+1|cmd", "'-1+1|cmd"),
    ("@SUM(A1)", "'@SUM(A1)"),
    ("a,b\"c", "a,b\"c"),
    (
        "<img src=x onerror=alert(1)>",
        "<img src=x onerror=alert(1)>",
    ),
    ("; DROP TABLE call; --", "; DROP TABLE call; --"),
    ("=é☃", "'=é☃"),
];

#[tokio::test]
async fn w6_no_name_begins_a_formula_in_any_table() {
    let app = keypurse_testkit::TestApp::new().await;
    for (name, _) in HOSTILE {
        let body = json!({"name": name, "token_type": "sandbox_api_token", "tags": ["=1+1"]});
        let (_, secret) = app.create_token(body).await;
        chat(&app, &secret, "sandbox/echo").await;
    }
    let shown: Vec<_> = HOSTILE
        .iter()
        .map(|(_, shown)| (*shown).to_owned())
        .collect();
    for (path, query) in [
        (COSTS, TODAY.to_owned()),
        (COSTS, format!("{TODAY}&group_by=token")),
        (CALLS, String::new()),
    ] {
        let request = app
            .get(&format!("{path}?{query}"))
            .header("accept", "text/csv");
        let table = rows(&request.send().await);
        let mut tokens = column(&table, "token");
        let mut expected = shown.clone();
        tokens.sort();
        expected.sort();
        assert_eq!(tokens, expected, "{path}?{query}");
    }
    let query = format!("{COSTS}?{TODAY}&group_by=tag");
    let table = rows(&app.get(&query).header("accept", "text/csv").send().await);
    assert_eq!(column(&table, "tag"), ["'=1+1"]);
    app.finish().await;
}

#[tokio::test]
async fn a_table_says_what_the_json_says() {
    let shop = Shop::open("1").await;
    shop.ask(&hello()).await;
    shop.ask(&hello()).await;
    let csv = |query: String| shop.app.get(&query).header("accept", "text/csv").send();
    let table = rows(&csv(format!("{COSTS}?{TODAY}")).await);
    assert_eq!(
        table,
        [
            [
                "token",
                "period",
                "feature",
                "provider",
                "total_cost",
                "details"
            ],
            ["t", "2026-11-21", "text__chat", "up", "0.00042", "2"],
        ]
    );
    let table = rows(&csv(format!("{COSTS}?{TODAY}&group_by=model,status")).await);
    let columns = [
        "model",
        "status",
        "period",
        "total_cost",
        "details",
        "errors",
    ];
    assert_eq!(table[0][..6], columns);
    let cells = ["up/m", "success", "2026-11-21", "0.00042", "2", "0"];
    assert_eq!(table[1][..6], cells);
    assert_eq!(column(&table, "input_tokens"), ["20"]);
    assert_eq!(column(&table, "output_tokens"), ["40"]);
    assert_eq!(column(&table, "latency_p99_ms").len(), 1);
    let calls = rows(&csv(CALLS.to_owned()).await);
    assert_eq!(column(&calls, "cost"), ["0.00021", "0.00021"]);
    assert_eq!(column(&calls, "input"), ["10", "10"]);
    shop.app.finish().await;
}
