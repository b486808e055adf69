//! `POST images/generations`.

use keypurse_testkit::upstream::Reply;
use serde_json::{Value, json};

use super::super::Shop;
use super::shop;

const PATH: &str = "/v1/images/generations";

fn paint(model: &str) -> Value {
    json!({"model": model, "prompt": "A cat"})
}

fn images(count: usize, usage: &Value) -> Value {
    let data = vec![json!({"b64_json": "aGk="}); count];
    json!({"created": 1, "data": data, "usage": usage})
}

#[tokio::test]
async fn images_at_a_price_each_are_charged_as_they_come() {
    let shop = shop("1").await;
    for (more, delivered, cost) in [
        (json!({}), 1, 80_000_000),
        (json!({"quality": "standard"}), 1, 40_000_000),
        (json!({"quality": "standard", "n": 3}), 3, 120_000_000),
        (json!({"quality": "standard", "n": 3}), 1, 40_000_000),
        // More than were asked for are not paid for.
        (json!({"quality": "standard", "n": 1}), 2, 40_000_000),
    ] {
        let before = shop.charged().await;
        let mut body = paint("up/painter");
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        shop.upstream
            .next(Reply::json(200, &images(delivered, &Value::Null)));
        let answer = shop.call(PATH, &body).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(shop.charged().await - before, cost, "{more}");
        let call = shop.newest_call().await;
        assert_eq!(
            (&call["feature"], &call["estimated"]),
            (&json!("image__generation"), &json!(false))
        );
    }
    let call = shop.newest_call().await;
    assert_eq!(
        call["price"]["bands"][0]["per_million"]["images"],
        "40000.0"
    );
}

#[tokio::test]
async fn images_at_a_price_of_tokens_are_charged_what_is_told() {
    let shop = shop("1").await;
    let usage = json!({"input_tokens": 10, "output_tokens": 50, "total_tokens": 60,
        "input_tokens_details": {"text_tokens": 10, "image_tokens": 0},
        "output_tokens_details": {"text_tokens": 10, "image_tokens": 40}});
    // The same in all but detail: what is not said to be text is an image.
    let bare = json!({"input_tokens": 10, "output_tokens": 50});
    for (usage, cost) in [(usage, 10_000 + 20_000 + 400_000), (bare, 10_000 + 500_000)] {
        let before = shop.charged().await;
        shop.upstream.next(Reply::json(200, &images(1, &usage)));
        let answer = shop.call(PATH, &paint("up/drawer")).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.json()["usage"], usage);
        assert_eq!(shop.charged().await - before, cost);
    }
    // Nothing told: the most an image of this model can come to, for each that
    // came; the text by its bytes.
    let before = shop.charged().await;
    let mut body = paint("up/drawer");
    body["n"] = json!(2);
    shop.upstream
        .next(Reply::json(200, &images(1, &Value::Null)));
    shop.call(PATH, &body).send().await;
    assert_eq!(
        shop.charged().await - before,
        (5 + 64) * 1_000 + 1000 * 10_000
    );
    assert_eq!(shop.newest_call().await["estimated"], true);
}

#[tokio::test]
async fn the_most_that_images_can_cost_is_set_aside_first() {
    for (n, balance, is_enough) in [(1, "0.08", true), (1, "0.079", false), (2, "0.159", false)] {
        let shop: Shop = shop(balance).await;
        shop.upstream
            .always(Reply::json(200, &images(1, &Value::Null)));
        let mut body = paint("up/painter");
        body["n"] = json!(n);
        let answer = shop.call(PATH, &body).send().await;
        assert_eq!(answer.status == 200, is_enough, "{}", answer.text);
        assert_eq!(shop.upstream.received().is_empty(), !is_enough);
        shop.app.settled().await;
    }
}

#[tokio::test]
async fn what_has_no_price_or_no_bound_is_refused() {
    let shop = Shop::named("openai", "1").await;
    for (body, status, code) in [
        (
            json!({"model": "gpt-image-1.5", "prompt": "A", "size": "64x64"}),
            400,
            "unpriced_parameter",
        ),
        (
            json!({"model": "gpt-image-2.5-flare", "prompt": "A"}),
            404,
            "model_not_found",
        ),
        (
            json!({"model": "gpt-4o", "prompt": "A"}),
            404,
            "model_not_found",
        ),
        (json!({"model": "gpt-image-1.5"}), 400, "invalid_request"),
        (
            json!({"model": "gpt-image-1.5", "prompt": "A", "n": 11}),
            400,
            "invalid_request",
        ),
        (
            json!({"model": "gpt-image-1.5", "prompt": "A", "partial_images": 4}),
            400,
            "invalid_request",
        ),
    ] {
        let answer = shop.call(PATH, &body).send().await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
        assert_eq!(answer.json()["error"]["code"], code, "{body}");
    }
    let painter = super::shop("1").await;
    let mut body = paint("up/painter");
    body["quality"] = json!("ultra");
    let answer = painter.call(PATH, &body).send().await;
    assert_eq!(answer.json()["error"]["code"], "unpriced_parameter");
    assert!(shop.upstream.received().is_empty() && painter.upstream.received().is_empty());
}

#[tokio::test]
async fn what_nobody_can_bound_is_listed_nowhere_and_told_what_can() {
    let shop = Shop::named("openai", "1").await;
    let ids = async |path: &str| -> Vec<String> {
        let list = shop.app.get(path).send().await.json();
        let ids = list["data"].as_array().unwrap().iter();
        ids.map(|model| model["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let (all, made, changed) = (
        ids("/v1/models").await,
        ids("/v1/images/generations/models").await,
        ids("/v1/images/edits/models").await,
    );
    let has = |ids: &[String], model: &str| ids.contains(&format!("openai/{model}"));
    for (model, is_made, is_changed) in [
        ("gpt-image-1.5", true, true),
        ("gpt-image-2", true, false),
        ("gpt-image-2.5-flare", false, false),
        ("gpt-image-2.5-sunburst", false, false),
    ] {
        assert_eq!(has(&all, model), is_made || is_changed, "{model}");
        assert_eq!(
            (has(&made, model), has(&changed, model)),
            (is_made, is_changed),
            "{model}"
        );
        let one = shop
            .app
            .get(&format!("/v1/models/openai/{model}"))
            .send()
            .await
            .json();
        assert_eq!(one["available"], is_made || is_changed, "{model}");
    }
    // A snapshot of it, and one that could be made but not changed.
    let flare = json!({"model": "gpt-image-2.5-flare-2026-09-08", "prompt": "A"});
    let edit = super::form(&[
        ("\"model\"", "gpt-image-2"),
        ("\"prompt\"", "A"),
        ("\"image\"; filename=\"a.png\"", "x"),
    ]);
    for (answer, path, member) in [
        (
            shop.call(PATH, &flare).send().await,
            "images/generations",
            "max_output_tokens",
        ),
        (
            shop.form("/v1/images/edits", edit).send().await,
            "images/edits",
            "max_input_tokens",
        ),
    ] {
        assert_eq!(answer.status, 404, "{}", answer.text);
        let message = answer.json()["error"]["message"].to_string();
        assert!(
            message.contains(&format!("GET /v1/{path}/models")),
            "{message}"
        );
        assert!(message.contains(member), "{message}");
    }
    assert!(shop.upstream.received().is_empty());
}

#[tokio::test]
async fn an_option_that_brings_the_cost_of_another_model_is_refused() {
    let shop = Shop::named("openai", "1").await;
    for (option, value) in [
        (
            "svg",
            json!({"model": "gpt-5.5-pro", "reasoning": {"effort": "max"}}),
        ),
        ("SVG", json!({})),
        ("output_format", json!("svg")),
        ("output_format", json!("gif")),
        ("output_format", json!(5)),
        ("output_format", json!("sv\u{67}x")),
        ("frame_count", json!(16)),
        ("complexity", json!("low")),
        ("prompt_rewriter", json!({})),
    ] {
        let mut body = json!({"model": "gpt-image-1.5", "prompt": "A"});
        body[option] = value;
        let answer = shop.call(PATH, &body).send().await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
        let error = &answer.json()["error"];
        assert_eq!(
            (&error["code"], &error["param"]),
            (
                &json!("unpriced_parameter"),
                &json!(option.to_ascii_lowercase())
            )
        );
    }
    assert!(shop.upstream.received().is_empty());
    let usage = json!({"input_tokens": 10, "output_tokens": 50});
    shop.upstream.always(Reply::json(200, &images(1, &usage)));
    for more in [
        json!({"output_format": "webp", "output_compression": 50}),
        json!({"output_format": null, "svg": null}),
    ] {
        let mut body = json!({"model": "gpt-image-1.5", "prompt": "A"});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let answer = shop.call(PATH, &body).send().await;
        assert_eq!(answer.status, 200, "{body}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_published_price_and_bound_make_a_model_callable() {
    let shop = Shop::named("openai", "1").await;
    let usage = json!({"input_tokens": 10, "output_tokens": 4160,
        "output_tokens_details": {"text_tokens": 0, "image_tokens": 4160}});
    shop.upstream.next(Reply::json(200, &images(1, &usage)));
    let body =
        json!({"model": "gpt-image-1.5", "prompt": "A", "size": "1024x1024", "quality": "high"});
    let answer = shop.call(PATH, &body).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    // $5 per million tokens of text, $32 of images made.
    assert_eq!(shop.charged().await, 50_000 + 133_120_000);
}

#[tokio::test]
async fn a_stream_shows_unfinished_images_and_is_charged_at_its_end() {
    let shop = shop("1").await;
    let partial = json!({"type": "image_generation.partial_image", "b64_json": "aGk=", "partial_image_index": 0});
    let done = json!({"type": "image_generation.completed", "b64_json": "aGk=",
        "usage": {"input_tokens": 10, "output_tokens": 50}});
    let mut body = paint("up/drawer");
    body["stream"] = json!(true);
    body["partial_images"] = json!(1);
    shop.upstream
        .next(Reply::stream().data(&partial).data(&done));
    let answer = shop.call(PATH, &body).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let expected = format!("data: {partial}\n\n: keypurse-cost=0.00051\n\ndata: {done}\n\n");
    assert_eq!(answer.text, expected);
    assert_eq!(shop.charged().await, 510_000);
    assert_eq!(shop.newest_call().await["streamed"], true);
    // An error is the provider's last word, and what was seen is charged.
    let error = json!({"type": "error", "error": {"message": "no more"}});
    shop.upstream
        .next(Reply::stream().data(&partial).data(&error));
    let answer = shop.call(PATH, &body).send().await;
    assert!(answer.text.contains("no more"), "{}", answer.text);
    assert_eq!(shop.newest_call().await["estimated"], true);
}

#[tokio::test]
async fn no_image_is_no_answer() {
    let shop = shop("1").await;
    for reply in [
        json!({"created": 1, "data": []}),
        json!({"error": {"message": "no"}}),
        json!({"created": 1}),
    ] {
        shop.upstream.next(Reply::json(200, &reply));
        let answer = shop.call(PATH, &paint("up/painter")).send().await;
        assert_eq!(answer.status, 502, "{}", answer.text);
    }
    assert_eq!(shop.charged().await, 0);
}
