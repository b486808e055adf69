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
async fn an_option_that_brings_the_cost_of_another_model_is_refused() {
    let shop = shop("1").await;
    for (field, value, param) in [
        ("\"svg[model]\"", "gpt-5.5-pro", "svg"),
        ("\"svg\"", "{}", "svg"),
        ("\"output_format\"", "gif", "output_format"),
        ("\"frame_count\"", "16", "frame_count"),
        ("\"Complexity\"", "high", "complexity"),
    ] {
        let answer = shop.form(PATH, edit("up/drawer", &[(field, value)]));
        let answer = answer.send().await;
        assert_eq!(answer.status, 400, "{field}: {}", answer.text);
        let error = &answer.json()["error"];
        assert_eq!(error["code"], "unpriced_parameter");
        assert_eq!(error["param"], param);
    }
    assert!(shop.upstream.received().is_empty());
}

#[tokio::test]
async fn an_overlay_is_held_like_any_other_image() {
    // Where nothing is told, what is held is charged.
    let shop = crate::gateway::Shop::named("openai", "1").await;
    let overlay = ("\"markup\"; filename=\"m.png\"", "\u{89}PNG");
    let answer = json!({"created": 1, "data": [{"b64_json": "aGk="}], "usage": null});
    let mut charged = Vec::new();
    for more in [&[][..], &[overlay]] {
        let before = shop.charged().await;
        shop.upstream.next(Reply::json(200, &answer));
        let told = shop.form(PATH, edit("gpt-image-1-mini", more)).send().await;
        assert_eq!(told.status, 200, "{}", told.text);
        charged.push(shop.charged().await - before);
    }
    // 6,821 tokens at $2.50 a million.
    assert_eq!(charged[1] - charged[0], 17_052_500);
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
