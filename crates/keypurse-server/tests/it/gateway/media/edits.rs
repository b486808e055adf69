//! `POST images/edits`.

use keypurse_testkit::upstream::Reply;
use serde_json::json;

use super::{form, shop};

const PATH: &str = "/v1/images/edits";

fn edit(model: &str, more: &[(&str, &str)]) -> String {
    let mut fields = vec![
        ("\"model\"", model),
        ("\"prompt\"", "A hat"),
        ("\"image[]\"; filename=\"a.png\"", "\u{89}PNG"),
        ("\"image[]\"; filename=\"b.png\"", "\u{89}PNG"),
    ];
    fields.extend(more);
    form(&fields)
}

#[tokio::test]
async fn changed_images_are_charged_as_made_ones_and_pass_byte_for_byte() {
    let shop = shop("1").await;
    let usage = json!({"input_tokens": 60, "output_tokens": 50,
        "input_tokens_details": {"text_tokens": 10, "image_tokens": 50}});
    let answer = json!({"created": 1, "data": [{"b64_json": "aGk="}], "usage": usage});
    for base in ["/v1", "/v3"] {
        shop.upstream.next(Reply::json(200, &answer));
        let body = edit(
            "up/drawer",
            &[("\"mask\"; filename=\"m.png\"", "\u{89}PNG")],
        );
        let told = shop.form(&format!("{base}/images/edits"), body.clone());
        let told = told.send().await;
        assert_eq!(told.status, 200, "{}", told.text);
        let sent = shop.upstream.last();
        assert_eq!(sent.path, PATH);
        assert_eq!(sent.body, body.replace("up/drawer", "drawer"));
    }
    assert_eq!(shop.charged().await, 2 * (10_000 + 250_000 + 500_000));
    assert_eq!(shop.newest_call().await["feature"], "image__generation");
}

#[tokio::test]
async fn an_edit_of_no_image_or_of_unbounded_ones_is_refused() {
    let shop = shop("1").await;
    let bare = form(&[("\"model\"", "up/drawer"), ("\"prompt\"", "A hat")]);
    for (body, code) in [
        (bare, "invalid_request"),
        (edit("up/drawer", &[("\"n\"", "0")]), "invalid_request"),
        (edit("up/drawer", &[("\"n\"", "+1")]), "invalid_request"),
        (
            edit("up/drawer", &[("\"extra_headers\"", "x")]),
            "invalid_request",
        ),
        (
            edit("up/painter", &[("\"quality\"", "ultra")]),
            "unpriced_parameter",
        ),
        // Its price is of tokens, and nobody says how many an image has.
        (edit("up/m", &[]), "unpriced_parameter"),
    ] {
        let answer = shop.form(PATH, body).send().await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        assert_eq!(answer.json()["error"]["code"], code, "{}", answer.text);
    }
    assert!(shop.upstream.received().is_empty());
}
