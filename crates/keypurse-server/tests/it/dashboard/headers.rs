//! The headers of every answer, to the letter.

use keypurse_server::Transport;
use keypurse_testkit::{TestAnswer, TestApp};

use super::{Browser, token};

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'";

/// Everything but the request's id and its own headers, by name.
fn headers(answer: &TestAnswer) -> Vec<(String, String)> {
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| !["x-request-id", "content-length"].contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    headers
}

fn expected(extra: &[(&str, &str)]) -> Vec<(String, String)> {
    let common = [
        ("content-security-policy", CSP),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ];
    let all = common.iter().chain(extra);
    let mut all: Vec<_> = all
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    all.sort();
    all
}

const PAGE: [(&str, &str); 2] = [
    ("cache-control", "no-store"),
    ("content-type", "text/html; charset=utf-8"),
];

#[tokio::test]
async fn w3_every_page_has_exactly_these_headers() {
    let app = TestApp::new().await;
    let token = token(&app, "team").await;
    let mut browser = Browser::signed_in(&app).await;
    let pages = [
        "/",
        "/sign-in",
        "/tokens",
        "/tokens/new",
        "/sessions",
        "/tokens/tok_99",
    ];
    let of_token = ["", "/edit", "/rotate", "/delete"].map(|page| format!("{token}{page}"));
    for path in pages.map(str::to_owned).into_iter().chain(of_token) {
        let answer = browser.get(&path).await;
        assert_eq!(headers(&answer), expected(&PAGE), "{path}");
    }
    let signed_out = Browser::new(&app).get("/tokens").await;
    assert_eq!(headers(&signed_out), expected(&PAGE));
    let cross_site = browser.form("/tokens/new", &[]).send().await;
    assert_eq!(headers(&cross_site), expected(&PAGE));
    let no_form = app
        .post("/tokens/new")
        .header("sec-fetch-site", "same-origin");
    assert_eq!(no_form.send().await.header("content-security-policy"), CSP);
    app.finish().await;
}

#[tokio::test]
async fn w3_an_asset_keeps_for_ever_under_an_address_of_its_own() {
    let app = TestApp::new().await;
    let mut browser = Browser::signed_in(&app).await;
    let page = browser.get("/tokens").await.text;
    let addresses: Vec<&str> = page
        .split('"')
        .filter(|text| text.starts_with("/assets/"))
        .collect();
    assert!(addresses.len() >= 4, "{addresses:?}");
    let mut bytes = page.len();
    for address in addresses {
        let answer = browser.get(address).await;
        assert_eq!(answer.status, 200, "{address}");
        bytes += answer.text.len();
        let kind = answer.header("content-type").to_owned();
        let asset = [
            ("cache-control", "public, max-age=31536000, immutable"),
            ("content-type", &kind),
            ("vary", "accept-encoding"),
        ];
        assert_eq!(headers(&answer), expected(&asset), "{address}");
    }
    assert!(bytes < 150_000, "a page and all it loads: {bytes} bytes");
    let gone = browser.get("/assets/keypurse.0000000000000000.css").await;
    assert_eq!(gone.status, 404);
    app.finish().await;
}

#[tokio::test]
async fn w3_over_tls_the_cookie_is_bound_to_the_host_and_tls_is_remembered() {
    let app = TestApp::builder()
        .settings(|settings| settings.transport = Transport::Tls)
        .build()
        .await;
    let mut browser = Browser::new(&app);
    let answer = browser.sign_in(app.account_key()).await;
    let set = answer.header("set-cookie").to_owned();
    let (pair, attributes) = set.split_once("; ").unwrap();
    let id = pair.strip_prefix("__Host-sid=").expect(pair);
    assert_eq!(id.len(), 43, "256 bits");
    assert_eq!(attributes, "Path=/; HttpOnly; SameSite=Strict; Secure");
    let extra = [
        ("cache-control", "no-store"),
        ("location", "/"),
        ("set-cookie", &set),
        ("strict-transport-security", "max-age=63072000"),
    ];
    assert_eq!(headers(&answer), expected(&extra));
    assert_eq!(browser.get("/").await.status, 200);
    app.finish().await;
}

#[tokio::test]
async fn w3_on_loopback_without_tls_the_cookie_has_another_name() {
    let app = TestApp::new().await;
    let answer = Browser::new(&app).sign_in(app.account_key()).await;
    let set = answer.header("set-cookie");
    let attributes = set.split_once("; ").unwrap().1;
    assert!(set.starts_with("keypurse-sid="), "{set}");
    assert_eq!(attributes, "Path=/; HttpOnly; SameSite=Strict");
    app.finish().await;
}

#[tokio::test]
async fn what_is_no_page_is_as_it_was() {
    let app = TestApp::new().await;
    for path in ["/livez", "/v2/user/custom_token/", "/nowhere"] {
        let answer = app.get(path).send().await;
        assert_eq!(answer.header("content-security-policy"), "", "{path}");
    }
    app.finish().await;
}
