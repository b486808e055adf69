//! The settlement table of usage, row by row: what is believed, and what is
//! counted instead.

use keypurse_testkit::upstream::{Reply, usage};
use serde_json::{Value, json};

use super::{Shop, hello, with};

/// Reports this usage, and returns what was charged and whether it was
/// counted.
async fn charged(reported: &Value) -> (i64, bool) {
    let shop = Shop::open("1").await;
    shop.upstream.next(Reply::chat("Hello", reported));
    let answer = shop.ask(&hello()).await;
    assert_eq!(answer.status, 200, "{reported}: {}", answer.text);
    let charged = shop.charged().await;
    let estimated = shop.app.calls()[0].estimated;
    assert_eq!(shop.audited().await.calls, 1);
    (charged, estimated)
}

/// One token for each byte of the request and the answer's text.
fn by_bytes() -> i64 {
    let request = i64::try_from(hello().to_string().len()).unwrap();
    request * 1_000 + 5 * 10_000
}

#[tokio::test]
async fn l11_plausible_usage_is_charged_exactly() {
    for (reported, nanos) in [
        (usage(10, 20), 210_000),
        // Explicitly nothing is nothing.
        (usage(0, 0), 0),
        (usage(1, 0), 1_000),
        // Output beyond the visible text is reasoning, up to the limit sent.
        (usage(10, 1000), 10_010_000),
        // As much input as bytes were sent.
        (usage(60, 1), 70_000),
        (
            with(
                usage(10, 20),
                "prompt_tokens_details",
                json!({"cached_tokens": 10}),
            ),
            210_000,
        ),
    ] {
        assert_eq!(charged(&reported).await, (nanos, false), "{reported}");
    }
}

#[tokio::test]
async fn l11_missing_usage_is_counted() {
    for reported in [json!(null), json!({}), json!({"prompt_tokens": 10})] {
        assert_eq!(charged(&reported).await, (by_bytes(), true), "{reported}");
    }
}

#[tokio::test]
async fn l11_usage_that_is_no_number_is_counted() {
    for reported in [
        json!("10"),
        json!([10, 20]),
        json!({"prompt_tokens": "10", "completion_tokens": 20}),
        json!({"prompt_tokens": 10, "completion_tokens": "20"}),
        json!({"prompt_tokens": 10.5, "completion_tokens": 20}),
        json!({"prompt_tokens": true, "completion_tokens": 20}),
        json!({"prompt_tokens": null, "completion_tokens": 20}),
    ] {
        assert_eq!(charged(&reported).await, (by_bytes(), true), "{reported}");
    }
}

#[tokio::test]
async fn l11_negative_usage_is_counted_and_never_credits() {
    for reported in [
        json!({"prompt_tokens": -1, "completion_tokens": 20}),
        json!({"prompt_tokens": 10, "completion_tokens": -20}),
        json!({"prompt_tokens": 10, "completion_tokens": -9_223_372_036_854_775_808_i64}),
        with(
            usage(10, 20),
            "prompt_tokens_details",
            json!({"cached_tokens": -4}),
        ),
        with(
            usage(10, 20),
            "completion_tokens_details",
            json!({"reasoning_tokens": -4}),
        ),
    ] {
        assert_eq!(charged(&reported).await, (by_bytes(), true), "{reported}");
    }
}

#[tokio::test]
async fn l11_usage_beyond_what_was_sent_or_allowed_is_counted() {
    let huge = 9_223_372_036_854_775_808_u64;
    for reported in [
        usage(10, 1001),
        usage(5000, 20),
        json!({"prompt_tokens": huge, "completion_tokens": 20}),
        json!({"prompt_tokens": 10, "completion_tokens": huge}),
        json!({"prompt_tokens": 10, "completion_tokens": u64::MAX}),
        json!({"prompt_tokens": 10, "completion_tokens": 1e300}),
        json!({"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": huge}),
    ] {
        assert_eq!(charged(&reported).await, (by_bytes(), true), "{reported}");
    }
}

#[tokio::test]
async fn l11_parts_larger_than_their_total_are_counted() {
    for (member, details) in [
        ("prompt_tokens_details", json!({"cached_tokens": 11})),
        (
            "prompt_tokens_details",
            json!({"cached_tokens": 6, "cache_write_tokens": 5}),
        ),
        ("prompt_tokens_details", json!({"image_tokens": 11})),
        ("completion_tokens_details", json!({"reasoning_tokens": 21})),
        (
            "completion_tokens_details",
            json!({"reasoning_tokens": 11, "audio_tokens": 10}),
        ),
    ] {
        let reported = with(usage(10, 20), member, details);
        assert_eq!(charged(&reported).await, (by_bytes(), true), "{reported}");
    }
}
