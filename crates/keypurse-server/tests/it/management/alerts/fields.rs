//! What makes no sense is refused, all of it at once.

use keypurse_testkit::TestApp;
use serde_json::{Value, json};

use super::super::{assert_error, assert_invalid};
use super::ALERTS;

const NONE: &str = "An alert of this kind has none; leave this out or send null.";

async fn refused(app: &TestApp, body: &Value, reasons: &Value) {
    let answer = app.post(ALERTS).json(body).send().await;
    assert_invalid(&answer, reasons);
}

#[tokio::test]
async fn every_fault_is_told_at_once() {
    let app = TestApp::new().await;
    let body = json!({
        "name": " ",
        "kind": "error_rate_above",
        "token": "nobody",
        "threshold": 100,
        "window": 59,
        "least_calls": 0,
        "webhook": {"url": "http://10.0.0.1/", "format": "xml", "secret": "short", "retries": 3},
        "enabled": "yes",
        "colour": "red",
    });
    let reasons = json!({
        "body": ["There is no field `colour` here."],
        "enabled": ["Must be a valid boolean."],
        "least_calls": ["Ensure this value is between 1 and 1000000."],
        "name": ["This field may not be blank."],
        "threshold": ["Ensure this value is between 1 and 99."],
        "token": ["There is no token of this name."],
        "webhook": ["There is no field `retries` here."],
        "webhook.format": ["\"xml\" is not a valid choice."],
        "webhook.secret": ["Send 16 to 200 characters."],
        "webhook.url": [
            "This address is private; the operator allows networks by `allow_private_webhooks`.",
        ],
        "window": ["Ensure this value is between 60 and 86400."],
    });
    refused(&app, &body, &reasons).await;
    let reasons = json!({"name": ["This field is required."], "kind": ["This field is required."]});
    refused(&app, &json!({}), &reasons).await;
    app.finish().await;
}

#[tokio::test]
async fn each_kind_has_the_fields_it_needs_and_no_others() {
    let app = TestApp::new().await;
    let required = json!(["This field is required."]);
    for (body, reasons) in [
        (
            json!({"kind": "balance_below"}),
            json!({"threshold": required}),
        ),
        (
            json!({"kind": "balance_below", "threshold": 0}),
            json!({"threshold": ["Ensure this value is greater than 0."]}),
        ),
        (
            json!({"kind": "balance_below", "threshold": "0.0000000001", "window": 60}),
            json!({
                "threshold": ["Ensure that there are no more than 9 decimal places."],
                "window": [NONE],
            }),
        ),
        (
            json!({"kind": "balance_share_below", "threshold": 101}),
            json!({"threshold": ["Ensure this value is between 1 and 100."]}),
        ),
        (
            json!({"kind": "balance_share_below", "threshold": 12.5}),
            json!({"threshold": ["A valid integer is required."]}),
        ),
        (
            json!({"kind": "spend_rate_above", "threshold": null}),
            json!({"threshold": required, "window": required}),
        ),
        (
            json!({"kind": "expiring_within", "threshold": 59, "token": "*"}),
            json!({"threshold": ["Ensure this value is between 60 and 31622400."]}),
        ),
        (
            json!({"kind": "expiring_within", "threshold": 3600}),
            json!({"token": ["An account does not expire; send the name of a token, or `*` for each."]}),
        ),
        (
            json!({"kind": "exhausted", "threshold": 1, "least_calls": 1, "window": 60}),
            json!({"threshold": [NONE], "least_calls": [NONE], "window": [NONE]}),
        ),
        (
            json!({"kind": "provider_down", "token": "*"}),
            json!({"token": ["Providers are not a token's; leave this out or send null."]}),
        ),
        (
            json!({"kind": "rain"}),
            json!({"kind": ["\"rain\" is not a valid choice."]}),
        ),
        (
            json!({"kind": 5, "token": 5}),
            json!({"kind": ["\"5\" is not a valid choice."], "token": ["Not a valid string."]}),
        ),
    ] {
        let mut body = body;
        body["name"] = json!("n");
        refused(&app, &body, &reasons).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn a_webhook_has_an_address_that_may_be_called() {
    let app = TestApp::new().await;
    let address = "Send an address that begins with https:// or http://, in ASCII.";
    let private =
        "This address is private; the operator allows networks by `allow_private_webhooks`.";
    for (webhook, reasons) in [
        (
            json!({}),
            json!({"webhook.url": ["This field is required."]}),
        ),
        (
            json!({"url": null}),
            json!({"webhook.url": ["This field may not be null."]}),
        ),
        (
            json!({"url": 5}),
            json!({"webhook.url": ["Not a valid string."]}),
        ),
        (
            json!({"url": "ftp://example.com"}),
            json!({"webhook.url": [address]}),
        ),
        (
            json!({"url": "https://example.com/…"}),
            json!({"webhook.url": [address]}),
        ),
        (
            json!({"url": "file:///etc/passwd"}),
            json!({"webhook.url": [address]}),
        ),
        (
            json!({"url": "http://127.0.0.1:8787/"}),
            json!({"webhook.url": [private]}),
        ),
        (
            json!({"url": "http://[::1]/"}),
            json!({"webhook.url": [private]}),
        ),
        (
            json!({"url": "http://169.254.169.254/latest/meta-data"}),
            json!({"webhook.url": [private]}),
        ),
        (
            json!({"url": "https://user:pass@example.com/"}),
            json!({"webhook.url": [
                "Leave out user name and password; send a `secret`, which signs every event.",
            ]}),
        ),
        (
            json!({"url": "https://example.com/", "secret": "sixteen characters"}),
            json!({"webhook.secret": ["Send visible ASCII characters only."]}),
        ),
        (
            json!("https://example.com/"),
            json!({"webhook": ["Send an object with `url`, `format` and `secret`, or null."]}),
        ),
    ] {
        let body = json!({"name": "n", "kind": "exhausted", "webhook": webhook});
        refused(&app, &body, &reasons).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn a_body_that_two_parsers_could_read_differently_is_refused() {
    let app = TestApp::new().await;
    for body in [
        r#"{"name":"n","kind":"exhausted","kind":"provider_down"}"#,
        r#"{"name":"n","kind":"exhausted","webhook":{"url":"https://a.example","url":"https://b.example"}}"#,
        "[]",
    ] {
        let answer = app.post(ALERTS).json_text(body).send().await;
        assert_error(&answer, 400, "parse_error");
    }
    app.finish().await;
}
