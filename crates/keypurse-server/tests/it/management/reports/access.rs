//! Who may ask what.

use serde_json::json;

use super::*;

/// What an account key, its token `t`, its sandbox token `s`, another account's
/// key and a deleted token are answered. `costs` are those of today.
const ANSWERS: &str = "
    costs                      200 200 200 200 401
    costs &token=t             200 200 403 404 401
    costs &token=s             200 403 200 404 401
    costs &token=gone          200 403 403 404 401
    costs &token=absent        404 403 403 404 401
    costs &token=base_token    200 403 403 200 401
    costs &token=t&token=s     400 403 403 400 401
    costs &token=absent&page=2 400 403 403 400 401
    costs &group_by=token,tag  200 200 200 200 401
    calls                      200 200 200 200 401
    calls &token=t             200 200 403 404 401
    calls &token=base_token    200 403 403 200 401
    focus                      200 403 403 200 401
    focus &page=2              400 403 403 400 401
";

#[tokio::test]
async fn k7_who_may_ask_for_which_report() {
    let shop = Shop::open("1").await;
    let app = &shop.app;
    shop.ask(&hello()).await;
    let sandbox = sandbox(app, "s").await;
    let (_, deleted) = app.create_token(json!({"name": "gone"})).await;
    app.delete(&token_path("gone")).send().await;
    let stranger = app.account("stranger").await;
    let account = app.account_key().to_owned();
    let callers = [&*account, &shop.secret, &sandbox, &stranger, &deleted];
    for line in ANSWERS.lines().filter(|line| !line.is_empty()) {
        let path = question(line);
        let (_, statuses) = line.split_at(line.len() - "200 200 200 200 401".len());
        for (caller, status) in callers.into_iter().zip(statuses.split(' ')) {
            let answer = app.get(&path).key(caller).send().await;
            let found = answer.status.to_string();
            assert_eq!(found, status, "{path}: {}", answer.text);
            if status == "403" {
                let reason = "You do not have permission to access this resource";
                let expected = json!({"error": {"type": "permission_error", "message": reason}});
                assert_eq!(answer.json(), expected);
            }
        }
        let unsigned = app.get(&path).without_key().send().await;
        assert_error(&unsigned, 401, "authentication_error");
    }
}

/// The path and query of a line in [`ANSWERS`].
fn question(line: &str) -> String {
    let mut words = line.split_whitespace();
    let (path, query) = match words.next() {
        Some("costs") => (COSTS, TODAY),
        Some("calls") => (CALLS, "limit=5"),
        _ => (FOCUS, "begin=2026-11-21&end=2026-11-21"),
    };
    let more = words.next().filter(|word| word.starts_with('&'));
    format!("{path}?{query}{}", more.unwrap_or_default())
}

#[tokio::test]
async fn nobody_sees_what_is_not_theirs() {
    let shop = Shop::open("1").await;
    let app = &shop.app;
    shop.ask(&hello()).await;
    chat(app, app.account_key(), "up/m").await;
    let (_, other) = app
        .create_token(json!({"name": "other", "tags": ["red"]}))
        .await;
    let stranger = app.account("stranger").await;
    let ask = async |key: &str, path: &str, query: &str| {
        let answer = app.get(&format!("{path}?{query}")).key(key).send().await;
        assert_status(&answer, 200);
        answer.json()
    };
    let own = ask(&other, COSTS, TODAY).await;
    assert_eq!(own["response"], json!([{"token": "other", "data": {}}]));
    let groups = ask(
        &other,
        COSTS,
        &format!("{TODAY}&group_by=token,tag,provider"),
    )
    .await;
    assert_eq!(groups["response"], json!([]));
    assert_eq!(ask(&other, CALLS, "").await["calls"], json!([]));
    let theirs = ask(&stranger, COSTS, TODAY).await;
    assert_eq!(
        theirs["response"],
        json!([{"token": "base_token", "data": {}}])
    );
    assert_eq!(ask(&stranger, CALLS, "").await["calls"], json!([]));
    let seen = ask(&shop.secret, CALLS, "").await;
    let seen = seen["calls"].as_array().unwrap();
    assert!(seen.len() == 1 && seen[0]["token"] == "t");
    for (tag, entries) in [("red", 1), ("blue", 0)] {
        let tagged = ask(&other, COSTS, &format!("{TODAY}&tag={tag}")).await;
        assert_eq!(
            tagged["response"].as_array().unwrap().len(),
            entries,
            "{tag}"
        );
    }
}

#[tokio::test]
async fn a_token_without_money_still_reads_its_report() {
    let shop = Shop::open("0").await;
    assert_status(&shop.ask(&hello()).await, 402);
    let answer = shop
        .app
        .get(&format!("{COSTS}?{TODAY}"))
        .key(&shop.secret)
        .send()
        .await;
    assert_status(&answer, 200);
}

#[tokio::test]
async fn reports_go_on_while_nothing_can_be_written() {
    let shop = Shop::open("1").await;
    shop.ask(&hello()).await;
    shop.app.faults().fill_disk();
    assert_status(&shop.ask(&hello()).await, 503);
    let data = data_of(&shop.app, "t", TODAY).await;
    assert_eq!(data["2026-11-21"]["text__chat"]["details"], 1);
    ask(&shop.app, CALLS, "").await;
    shop.app.faults().free_disk();
    shop.app.finish().await;
}
