//! What a viewer key may not do, anywhere.

use keypurse_testkit::TestApp;
use serde_json::json;

use super::{Browser, VIEWER_KEY, give_viewer_key, mutating, token};

#[tokio::test]
async fn a_viewer_changes_nothing_by_any_form() {
    let app = TestApp::new().await;
    give_viewer_key(&app).await;
    let token = token(&app, "team").await;
    let _admin = Browser::signed_in(&app).await;
    let mut viewer = Browser::signed_in_with(&app, VIEWER_KEY).await;
    let list = || app.get("/v2/user/custom_token/").send();
    let before = list().await.json();
    for path in mutating(&token).iter().filter(|path| *path != "/sign-out") {
        let fields = [("name", "team"), ("amount", "1"), ("balance", "9")];
        let answer = viewer.post(path, &fields).await;
        assert_eq!(answer.status, 403, "{path}");
        assert!(answer.text.contains("You can look only"), "{path}");
    }
    assert_eq!(list().await.json(), before);
    for page in ["edit", "rotate", "delete", "secret"] {
        let answer = viewer.get(&format!("{token}/{page}")).await;
        assert_eq!(answer.status, 403, "{page}");
    }
    let page = viewer.get(&token).await;
    assert_eq!(page.status, 200);
    assert!(!page.text.contains(&format!("{token}/top-up")));
    assert_eq!(viewer.post("/sign-out", &[]).await.status, 303);
    app.finish().await;
}

#[tokio::test]
async fn a_viewer_key_neither_manages_nor_calls_models() {
    let app = TestApp::new().await;
    give_viewer_key(&app).await;
    app.create_token(json!({"name": "team"})).await;
    let one = "/v2/user/custom_token/team/";
    let managed = [
        app.get("/v2/user/custom_token/"),
        app.get(one),
        app.post("/v2/user/custom_token/")
            .json(&json!({"name": "x"})),
        app.patch(one).json(&json!({})),
        app.delete(one),
        app.post(&format!("{one}rotate/")),
        app.post(&format!("{one}top_up/"))
            .json(&json!({"amount": 1})),
        app.get(&format!("{one}ledger/")),
        app.get("/v2/user/custom_token/me/"),
        app.post("/v2/cost_management/credits/top_up/")
            .json(&json!({"amount": 1})),
    ];
    for request in managed {
        let answer = request.key(VIEWER_KEY).send().await;
        assert_eq!(answer.status, 403, "{}", answer.text);
        assert_eq!(answer.json()["error"]["type"], "permission_error");
    }
    for reported in [
        "/v2/cost_management/credits/",
        "/v2/cost_management/?begin=2026-11-01&end=2026-11-21&step=1",
    ] {
        let answer = app.get(reported).key(VIEWER_KEY).send().await;
        assert_eq!(answer.status, 200, "{reported} {}", answer.text);
    }
    let call = json!({"model": "openai/gpt-4o-mini", "messages": []});
    for path in ["/v1/chat/completions", "/v3/embeddings", "/v1/messages"] {
        let answer = app.post(path).key(VIEWER_KEY).json(&call).send().await;
        assert_eq!(answer.status, 401, "{path} {}", answer.text);
    }
    app.finish().await;
}
