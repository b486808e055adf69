//! `/docs`: the API as a page.

use keypurse_testkit::TestApp;
use serde_json::Value;

#[tokio::test]
async fn the_page_shows_every_operation_and_schema_and_loads_nothing_from_elsewhere() {
    let app = TestApp::new().await;
    let page = app.get("/docs").without_key().send().await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let policy = page.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; style-src 'self'"),
        "{policy}"
    );
    assert_eq!(app.get("/docs/").without_key().send().await.text, page.text);
    let document = keypurse_server::management::document();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            if let Some(id) = operation.get("operationId").and_then(Value::as_str) {
                assert!(
                    page.text.contains(&format!("<article id=\"{id}\">")),
                    "{id}"
                );
                assert!(page.text.contains(&format!("<a href=\"#{id}\">")), "{id}");
            }
        }
    }
    for name in document["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
    {
        assert!(
            page.text
                .contains(&format!("<article id=\"schema-{name}\">")),
            "{name}"
        );
    }
    for forbidden in ["<script", "http://", "https://", "style=\"", " on", "src="] {
        let found = page.text.match_indices(forbidden);
        let found: Vec<_> = found
            .map(|(at, _)| &page.text[at..(at + 30).min(page.text.len())])
            .collect();
        let found: Vec<_> = found.into_iter().filter(|text| !is_prose(text)).collect();
        assert!(found.is_empty(), "{forbidden}: {found:?}");
    }
    app.finish().await;
}

/// ` on` is a word, unless an attribute follows.
fn is_prose(text: &str) -> bool {
    text.starts_with(" on")
        && !text
            .split(' ')
            .nth(1)
            .is_some_and(|word| word.contains('='))
}

#[tokio::test]
async fn every_link_of_the_page_leads_somewhere() {
    let app = TestApp::new().await;
    let page = app.get("/docs").without_key().send().await.text;
    for link in page.split("href=\"").skip(1) {
        let link = link.split('"').next().unwrap();
        match link.strip_prefix('#') {
            Some(id) => assert!(page.contains(&format!("id=\"{id}\"")), "{link}"),
            None => assert_eq!(
                app.get(link).without_key().send().await.status,
                200,
                "{link}"
            ),
        }
    }
    app.finish().await;
}
