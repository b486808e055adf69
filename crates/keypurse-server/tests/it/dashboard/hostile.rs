//! What people write is text, wherever it is shown.

use keypurse_testkit::TestApp;
use serde_json::json;

use super::{Browser, path_of};

const HOSTILE: [&str; 6] = [
    "<img src=x onerror=alert(1)>",
    "\"><script>alert(1)</script>",
    "' onmouseover='alert(1)",
    "{{ 7*7 }}{% raw %}",
    "</title><script>alert(1)</script>",
    "javascript:alert(1)//",
];

/// Whether a page shows a text and not what it would mean.
fn is_literal(page: &str, text: &str) -> bool {
    let escaped = askama_escaped(text);
    page.contains(&escaped) && (escaped == text || !page.contains(text))
}

fn askama_escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '<' | '>' | '&' | '"' | '\'' => escaped += &format!("&#{};", u32::from(letter)),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[tokio::test]
async fn w2_names_tags_notes_and_models_are_literal_on_every_page() {
    let app = TestApp::new().await;
    let mut browser = Browser::signed_in(&app).await;
    for text in HOSTILE {
        let model = format!("*/{}", text.replace(' ', ""));
        let wish = json!({"name": text, "tags": [text], "allowed_models": [model],
            "balance": 1, "active_balance": true});
        app.create_token(wish).await;
        let path = path_of(&app, text).await;
        let answer = browser
            .post(
                &format!("{path}/top-up"),
                &[("amount", "1"), ("note", text)],
            )
            .await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        for page in ["", "/edit", "/rotate", "/delete"] {
            let page = browser.get(&format!("{path}{page}")).await;
            assert!(is_literal(&page.text, text), "{}", page.text);
        }
        let secret = browser.submit(&format!("{path}/rotate"), &[]).await;
        assert!(is_literal(&secret.text, text), "{}", secret.text);
    }
    let list = browser.get("/tokens").await.text;
    for text in HOSTILE {
        assert!(is_literal(&list, text), "{text}");
    }
    app.finish().await;
}

#[tokio::test]
async fn w2_what_is_sent_back_in_a_form_is_literal() {
    let app = TestApp::new().await;
    for text in HOSTILE {
        let mut browser = Browser::signed_in(&app).await;
        let fields = [
            ("name", text),
            ("token_type", text),
            ("balance", text),
            ("balance_reset_amount", text),
            ("expire_time", text),
            ("allowed_models", text),
            ("allowed_ips", text),
            ("tags", text),
            ("max_concurrency", text),
        ];
        let page = browser.post("/tokens/new", &fields).await;
        assert_eq!(page.status, 400);
        assert!(is_literal(&page.text, text), "{}", page.text);
        let query: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let page = browser
            .get(&format!("/tokens?q={query}&type={query}"))
            .await;
        assert!(is_literal(&page.text, text), "{}", page.text);
        let next = format!("/tokens?q={query}");
        let page = Browser::new(&app).get(&next).await;
        assert!(!page.text.contains(text) || askama_escaped(text) == text);
    }
    app.finish().await;
}

#[tokio::test]
async fn w2_a_browser_that_calls_itself_a_script_is_literal() {
    let app = TestApp::new().await;
    let mut browser = Browser::signed_in(&app).await;
    let text = HOSTILE[0];
    let form = Browser::new(&app).form("/sign-in", &[("key", app.account_key())]);
    let form = form.header("user-agent", text);
    form.header("sec-fetch-site", "same-origin").send().await;
    let page = browser.get("/sessions").await.text;
    assert!(is_literal(&page, text), "{page}");
    app.finish().await;
}

#[tokio::test]
async fn no_page_has_a_script_or_a_style_of_its_own() {
    let app = TestApp::new().await;
    app.create_token(json!({"name": "t", "balance": 1, "active_balance": true}))
        .await;
    let path = path_of(&app, "t").await;
    let mut browser = Browser::signed_in(&app).await;
    let of_token = ["", "/edit", "/rotate", "/delete"].map(|page| format!("{path}{page}"));
    let pages = ["/", "/tokens", "/tokens/new", "/sessions", "/sign-in"];
    for page in pages.map(str::to_owned).into_iter().chain(of_token) {
        let text = browser.get(&page).await.text;
        for piece in text.split("<script").skip(1) {
            assert!(piece.starts_with(" src=\"/assets/"), "{page}: {piece}");
        }
        for never in [
            "<style",
            " style=",
            " onclick=",
            " onload=",
            "javascript:",
            "//cdn",
        ] {
            assert!(!text.contains(never), "{page} has {never}");
        }
    }
    app.finish().await;
}
