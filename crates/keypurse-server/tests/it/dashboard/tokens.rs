//! Tokens are made and changed by forms.

use keypurse_testkit::TestApp;
use serde_json::json;

use super::validation::{hidden, seen};
use super::{Browser, path_of, token};
use crate::management::TOKENS;

async fn api(app: &TestApp, name: &str) -> serde_json::Value {
    app.get(&format!("{TOKENS}{name}/")).send().await.json()
}

fn secret_in(page: &str) -> String {
    let (_, after) = page.split_once(r#"<code id="secret">"#).expect(page);
    after.split('<').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_form_makes_the_token_that_the_api_would_make() {
    let app = TestApp::new().await;
    let mut browser = Browser::signed_in(&app).await;
    let form = [
        ("name", " everything "),
        ("token_type", "sandbox_api_token"),
        ("active_balance", "on"),
        ("balance", "50.00"),
        ("expire_time", "2027-01-01T00:00"),
        ("balance_reset_period", "monthly"),
        ("balance_reset_amount", "100"),
        ("overdraft", "refuse"),
        ("simulate_budget", "on"),
        ("allowed_models", "openai/*\r\n*/gpt-5*"),
        ("denied_models", "*-preview"),
        ("requests_per_minute", "60"),
        ("tokens_per_minute", "100000"),
        ("max_concurrency", "5"),
        ("allowed_ips", "10.0.0.0/8\n2001:db8::/32"),
        ("tags", "team a\nКлюч"),
        ("response_cache_seconds", "60"),
    ];
    let page = browser.submit("/tokens/new", &form).await;
    let wish = json!({
        "name": "everything else", "token_type": "sandbox_api_token", "balance": "50.00",
        "active_balance": true, "expire_time": "2027-01-01T00:00:00Z",
        "balance_reset_period": "monthly", "balance_reset_amount": 100, "overdraft": "refuse",
        "simulate_budget": true, "allowed_models": ["openai/*", "*/gpt-5*"],
        "denied_models": ["*-preview"], "requests_per_minute": 60, "tokens_per_minute": 100_000,
        "max_concurrency": 5, "allowed_ips": ["10.0.0.0/8", "2001:db8::/32"],
        "tags": ["team a", "Ключ"], "response_cache_seconds": 60,
    });
    app.create_token(wish).await;
    let (mut made, mut asked) = (
        api(&app, "everything").await,
        api(&app, "everything%20else").await,
    );
    assert_eq!(made["token"], secret_in(&page.text));
    for token in [&mut made, &mut asked] {
        token["token"].take();
        token["name"].take();
    }
    assert_eq!(made, asked);
    app.finish().await;
}

#[tokio::test]
async fn k13_a_secret_is_shown_once_to_who_made_it() {
    let app = TestApp::builder().without_reveal().build().await;
    let mut browser = Browser::signed_in(&app).await;
    let page = browser.submit("/tokens/new", &[("name", "team")]).await;
    let secret = secret_in(&page.text);
    let me = || app.get("/v2/user/custom_token/me/").key(&secret).send();
    assert_eq!(me().await.status, 200, "it works");
    let path = path_of(&app, "team").await;
    let shown = format!("{path}/secret");

    let mut other = Browser::signed_in(&app).await;
    assert_eq!(other.get(&shown).await.status, 303, "another session");
    assert!(browser.get(&shown).await.text.contains(&secret), "reloaded");
    for page in ["/tokens", &path, &format!("{path}/edit")] {
        assert!(!browser.get(page).await.text.contains(&secret), "{page}");
    }
    browser.submit(&format!("{shown}/done"), &[]).await;
    assert_eq!(browser.get(&shown).await.status, 303, "copied");

    browser.submit(&format!("{path}/rotate"), &[]).await;
    app.clock().advance_ms(10 * 60_000);
    assert_eq!(browser.get(&shown).await.status, 303, "too late");
    app.finish().await;
}

#[tokio::test]
async fn the_first_calls_shown_are_addressed_to_where_the_page_is() {
    let app = TestApp::new().await;
    let mut browser = Browser::signed_in(&app).await;
    let form = [("name", "t"), ("token_type", "sandbox_api_token")];
    let page = browser.submit("/tokens/new", &form).await.text;
    let secret = secret_in(&page);
    for shown in [
        "curl http://localhost:8787/v1/chat/completions".to_owned(),
        format!("Authorization: Bearer {secret}"),
        format!("base_url=&#34;http://localhost:8787/v1&#34;, api_key=&#34;{secret}&#34;"),
        format!("baseURL: &#34;http://localhost:8787/v1&#34;, apiKey: &#34;{secret}&#34;"),
        "openai/gpt-4o-mini".to_owned(),
    ] {
        assert!(page.contains(&shown), "{shown}");
    }
    app.finish().await;
}

#[tokio::test]
async fn the_form_that_edits_changes_what_was_changed_in_it() {
    let app = TestApp::new().await;
    app.create_token(
        json!({"name": "t", "balance": "5", "active_balance": true, "tags": ["a"],
        "expire_time": "2027-01-01T00:00:00.123456Z", "max_concurrency": 3}),
    )
    .await;
    let path = path_of(&app, "t").await;
    let before = api(&app, "t").await;
    let mut browser = Browser::signed_in(&app).await;
    let edit = format!("{path}/edit");
    let page = browser.get(&edit).await.text;
    for shown in ["2027-01-01T00:00:00\"", ">\na</textarea>", "value=\"3\""] {
        assert!(page.contains(shown), "{shown} {page}");
    }
    let unchanged = [
        ("seen", &*seen(&page)),
        ("active_balance", "on"),
        ("expire_time", "2027-01-01T00:00"),
        ("balance_reset_period", "none"),
        ("overdraft", "clamp"),
        ("tags", "a"),
        ("max_concurrency", "3"),
    ];
    let shown = browser.submit(&edit, &unchanged).await;
    assert!(shown.text.contains("The settings were changed."));
    assert_eq!(api(&app, "t").await, before, "to the microsecond");

    let page = browser.get(&edit).await.text;
    let changed = [
        ("seen", &*seen(&page)),
        ("active_balance", "on"),
        ("balance", "7.5"),
        ("balance_reset_period", "weekly"),
        ("balance_reset_amount", "10"),
        ("overdraft", "allow"),
    ];
    browser.submit(&edit, &changed).await;
    let after = api(&app, "t").await;
    let expected = json!({"balance": 7.5, "balance_reset_period": "weekly",
        "balance_reset_amount": 10.0, "overdraft": "allow", "expire_time": null, "tags": null,
        "max_concurrency": null, "active_balance": true});
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&after[field], value, "{field}");
    }
    app.finish().await;
}

#[tokio::test]
async fn who_edits_what_somebody_else_has_changed_is_told_and_loses_nothing() {
    let app = TestApp::new().await;
    let path = token(&app, "t").await;
    let mut browser = Browser::signed_in(&app).await;
    let edit = format!("{path}/edit");
    let page = browser.get(&edit).await.text;
    let patch = app.patch(&format!("{TOKENS}t/"));
    patch.json(&json!({"overdraft": "refuse"})).send().await;
    let form = [
        ("seen", &*seen(&page)),
        ("active_balance", "on"),
        ("overdraft", "allow"),
    ];
    let told = browser.post(&edit, &form).await;
    assert_eq!(told.status, 400);
    assert!(told.text.contains("Somebody changed this since"));
    assert_eq!(api(&app, "t").await["overdraft"], "refuse");
    assert!(told.text.contains(r#"<option value="refuse" selected>"#));
    app.finish().await;
}

#[tokio::test]
async fn a_form_that_is_sent_twice_is_done_once() {
    let app = TestApp::new().await;
    let path = token(&app, "t").await;
    let mut browser = Browser::signed_in(&app).await;
    let page = browser.get(&path).await.text;
    let once = hidden(&page, "once");
    let form = [("once", &*once), ("amount", "2.5"), ("note", "Invoice 17")];
    for _ in 0..2 {
        let page = browser.submit(&format!("{path}/top-up"), &form).await;
        assert!(page.text.contains("The money was added."));
        assert!(page.text.contains("Invoice 17"));
    }
    assert_eq!(api(&app, "t").await["balance"], 7.5);
    let other = [("once", &*once), ("amount", "3")];
    let told = browser.post(&format!("{path}/top-up"), &other).await;
    assert_eq!(told.status, 400);
    assert!(told.text.contains("This form was sent before"));

    let page = browser.get("/tokens/new").await.text;
    let once = hidden(&page, "once");
    let form = [("once", &*once), ("name", "new")];
    let first = browser.submit("/tokens/new", &form).await;
    let again = browser.submit("/tokens/new", &form).await;
    assert_eq!(secret_in(&first.text), secret_in(&again.text));
    let page = browser.get(&format!("{path}/rotate")).await.text;
    let once = hidden(&page, "once");
    let form = [("once", &*once), ("grace_period", "0")];
    let first = browser.submit(&format!("{path}/rotate"), &form).await;
    let again = browser.submit(&format!("{path}/rotate"), &form).await;
    assert_eq!(secret_in(&first.text), secret_in(&again.text));
    app.finish().await;
}

#[tokio::test]
async fn a_rotation_gives_the_old_secret_the_grace_that_was_chosen() {
    let app = TestApp::new().await;
    let (_, old) = app.create_token(json!({"name": "t"})).await;
    let path = path_of(&app, "t").await;
    let mut browser = Browser::signed_in(&app).await;
    let rotate = format!("{path}/rotate");
    let bad = browser.post(&rotate, &[("grace_period", "-1")]).await;
    assert_eq!(bad.status, 400);
    let page = browser.submit(&rotate, &[("grace_period", "3600")]).await;
    let new = secret_in(&page.text);
    let status = async |secret: &str| {
        let me = app.get("/v2/user/custom_token/me/").key(secret);
        me.send().await.status
    };
    assert_eq!((status(&old).await, status(&new).await), (200, 200));
    app.clock().advance_ms(3_600_000);
    assert_eq!((status(&old).await, status(&new).await), (401, 200));
    app.finish().await;
}

#[tokio::test]
async fn a_token_is_deleted_by_who_types_its_name() {
    let app = TestApp::new().await;
    let (_, secret) = app.create_token(json!({"name": "t"})).await;
    let path = path_of(&app, "t").await;
    let mut browser = Browser::signed_in(&app).await;
    let delete = format!("{path}/delete");
    for wrong in ["", "T", "other"] {
        let refused = browser.post(&delete, &[("name", wrong)]).await;
        assert_eq!(refused.status, 400, "{wrong}");
    }
    let page = browser.submit(&delete, &[("name", " t ")]).await;
    assert!(page.text.contains("The token was deleted."));
    let me = app.get("/v2/user/custom_token/me/").key(&secret).send();
    assert_eq!(me.await.status, 401);
    assert_eq!(browser.get(&path).await.status, 404);
    assert_eq!(browser.post(&delete, &[("name", "t")]).await.status, 404);
    app.finish().await;
}

#[tokio::test]
async fn one_account_sees_nothing_of_anothers_tokens() {
    let app = TestApp::new().await;
    let path = token(&app, "ours").await;
    let key = app.account("other").await;
    let mut browser = Browser::signed_in_with(&app, &key).await;
    assert!(browser.get("/tokens").await.text.contains("no tokens yet"));
    for page in ["", "/edit", "/rotate", "/delete", "/secret"] {
        let answer = browser.get(&format!("{path}{page}")).await;
        assert_eq!(answer.status, 404, "{page}");
    }
    for form in ["edit", "top-up", "rotate", "delete", "secret/done"] {
        let fields = [("name", "ours"), ("amount", "1")];
        let answer = browser.post(&format!("{path}/{form}"), &fields).await;
        assert_eq!(answer.status, 404, "{form}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_list_is_searched_filtered_sorted_and_paged() {
    let app = TestApp::new().await;
    for number in 0..60 {
        let name = format!("service-{number:02}");
        app.create_token(json!({"name": name, "tags": ["batch"]}))
            .await;
    }
    app.create_token(json!({"name": "dry", "balance": 0, "active_balance": true}))
        .await;
    let mut browser = Browser::signed_in(&app).await;
    let mut rows = async |query: &str| -> Vec<String> {
        let page = browser.get(&format!("/tokens{query}")).await.text;
        let names = page.split(r#"<a class="wrap" href="/tokens/tok_"#).skip(1);
        let name = |row: &str| row.split(['>', '<']).nth(3).unwrap().to_owned();
        names.map(name).collect()
    };
    let first = rows("").await;
    assert_eq!((first.len(), &*first[0]), (50, "dry"), "newest first");
    let second = rows("?page=2").await;
    assert_eq!((second.len(), &*second[10]), (11, "service-00"));
    assert_eq!(rows("?page=99").await.len(), 0);
    assert_eq!(rows("?q=SERVICE-1&sort=name").await[0], "service-10");
    assert_eq!(rows("?q=batch&sort=name&dir=desc").await[0], "service-59");
    assert_eq!(rows("?q=100%25").await.len(), 0, "no wildcard");
    assert_eq!(rows("?state=exhausted").await, ["dry"]);
    assert_eq!(rows("?type=sandbox").await.len(), 0);
    app.finish().await;
}

#[tokio::test]
async fn a_change_that_cannot_be_recorded_says_so_and_is_not_done() {
    let app = TestApp::new().await;
    let path = token(&app, "t").await;
    let mut browser = Browser::signed_in(&app).await;
    app.faults().fill_disk();
    for (form, fields) in [
        ("top-up", [("amount", "1")]),
        ("rotate", [("grace_period", "0")]),
        ("delete", [("name", "t")]),
    ] {
        let answer = browser.post(&format!("{path}/{form}"), &fields).await;
        assert_eq!(answer.status, 503, "{form}");
        assert!(answer.text.contains("nothing was changed"), "{form}");
    }
    app.faults().free_disk();
    assert_eq!(api(&app, "t").await["balance"], 5.0);
    app.finish().await;
}
