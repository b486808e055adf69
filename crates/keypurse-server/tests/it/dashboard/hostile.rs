//! What people write is text, wherever it is shown.

use keypurse_server::background::alerts::Evaluator;
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
    let escape = |letter: char| match letter {
        '<' | '>' | '&' | '"' | '\'' => format!("&#{};", u32::from(letter)),
        letter => letter.to_string(),
    };
    text.chars().map(escape).collect()
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

/// Whether a text is where it cannot change the order of what is beside it: in
/// an element that isolates it, or where there is no markup.
fn is_isolated(before: &str) -> bool {
    let in_tag = before.rfind('<') > before.rfind('>');
    let plain = ["<title>", "<textarea"];
    let in_plain = plain.iter().any(|start| {
        let end = start.trim_end_matches('>').replace('<', "</");
        before.rfind(start) > before.rfind(&end)
    });
    in_tag || in_plain || before.rfind("<bdi>") > before.rfind("</bdi>")
}

#[tokio::test]
async fn a_text_that_turns_the_direction_around_turns_nothing_else() {
    const TURNED: &str = "\u{202e}team\u{2067}";
    let app = TestApp::new().await;
    let mut browser = Browser::signed_in(&app).await;
    let wish = json!({"name": TURNED, "tags": [TURNED], "balance": 1, "active_balance": true});
    app.create_token(wish).await;
    let rule = json!({"name": TURNED, "kind": "balance_below", "threshold": 50, "token": TURNED});
    app.post("/v2/alerts/").json(&rule).send().await;
    assert_eq!(Evaluator::default().tick(app.state()).await.unwrap(), 1);
    let path = path_of(&app, TURNED).await;
    let top_up = [("amount", "1"), ("note", TURNED)];
    browser.post(&format!("{path}/top-up"), &top_up).await;
    let of_token = ["", "/edit", "/rotate", "/delete"].map(|page| format!("{path}{page}"));
    let pages = ["/", "/tokens", "/alerts", "/audit"].map(str::to_owned);
    for page in pages.into_iter().chain(of_token) {
        let text = browser.get(&page).await.text;
        for (at, _) in text.match_indices('\u{202e}') {
            assert!(is_isolated(&text[..at]), "{page}: {}", &text[..at]);
        }
        assert!(page == "/" || text.contains(TURNED), "{page}");
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
