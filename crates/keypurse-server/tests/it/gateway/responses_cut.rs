//! Responses that Keypurse ends: what was delivered is closed and told.

use http_body_util::BodyExt;
use keypurse_testkit::upstream::{Gate, Reply};
use serde_json::{Value, json};

use super::responses::RESPONSES;
use super::responses_stream::{begun, delta, event, of_type, said, streaming};
use super::{Shop, blocks, data, soon, with};

/// A response of two items: reasoning that is complete and a message that has
/// just begun.
fn with_message() -> Reply {
    let reasoning = json!({"type": "reasoning", "id": "rs_1", "summary": []});
    begun()
        .raw(&item("added", 2, 0, &reasoning))
        .raw(&item("done", 3, 0, &reasoning))
        .raw(&item("added", 4, 1, &message()))
        .raw(&part(
            5,
            &json!({"type": "output_text", "annotations": [], "text": ""}),
        ))
}

fn message() -> Value {
    json!({"type": "message", "id": "msg_1", "status": "in_progress", "role": "assistant",
        "content": []})
}

fn item(what: &str, number: u64, index: u64, item: &Value) -> String {
    event(
        &json!({"type": format!("response.output_item.{what}"), "sequence_number": number,
        "output_index": index, "item": item}),
    )
}

fn part(number: u64, part: &Value) -> String {
    event(
        &json!({"type": "response.content_part.added", "sequence_number": number,
        "item_id": "msg_1", "output_index": 1, "content_index": 0, "part": part}),
    )
}

fn says(number: u64, text: &str) -> String {
    delta(number, text).replace("\"output_index\":0", "\"output_index\":1")
}

/// What is sent once the money for it is gone, after `mark` was delivered.
async fn cut_after(shop: &Shop, reply: Reply, mark: &str) -> (String, String) {
    let gate = Gate::new();
    let reply = reply.wait(&gate).raw(&says(900, &"x".repeat(1500)));
    shop.upstream.next(reply.wait(&gate));
    let body = with(streaming(), "model", json!("up/long"));
    let mut body = shop.call(RESPONSES, &body).open().await.into_body();
    let mut seen = String::new();
    while !seen.contains(mark) {
        let frame = soon(body.frame()).await.unwrap().unwrap();
        seen += std::str::from_utf8(&frame.into_data().unwrap()).unwrap();
    }
    blocks::set_balance(shop, 1_100).await;
    gate.let_pass(1);
    let rest = soon(body.collect()).await.unwrap().to_bytes();
    (seen, String::from_utf8(rest.to_vec()).unwrap())
}

fn kinds(stream: &str) -> Vec<(String, u64)> {
    let events = data(stream).into_iter();
    let events = events.map(|data| serde_json::from_str::<Value>(data).unwrap());
    let kind = |event: &Value| event["type"].as_str().unwrap().to_owned();
    events
        .map(|event| (kind(&event), event["sequence_number"].as_u64().unwrap()))
        .collect()
}

#[tokio::test]
async fn what_is_open_is_closed_and_the_response_has_what_was_delivered() {
    let shop = blocks::shop("1").await;
    let reply = with_message()
        .raw(&says(6, "Once upon "))
        .raw(&says(7, "a \u{e9}time"));
    let (_, rest) = cut_after(&shop, reply, "\u{e9}time").await;
    let expected = [
        ("response.output_text.done", 8),
        ("response.content_part.done", 9),
        ("response.output_item.done", 10),
        ("response.incomplete", 11),
    ];
    assert_eq!(kinds(&rest), expected.map(|(kind, n)| (kind.to_owned(), n)));
    let text = "Once upon a \u{e9}time";
    let done = of_type(&rest, "response.output_text.done");
    assert_eq!(
        (&done["text"], &done["item_id"]),
        (&json!(text), &json!("msg_1"))
    );
    let content = json!({"type": "output_text", "annotations": [], "text": text});
    assert_eq!(
        of_type(&rest, "response.content_part.done")["part"],
        content
    );
    let item = of_type(&rest, "response.output_item.done");
    let mut whole = with(message(), "status", json!("incomplete"));
    whole["content"] = json!([content]);
    assert_eq!((&item["item"], &item["output_index"]), (&whole, &json!(1)));
    let response = &of_type(&rest, "response.incomplete")["response"];
    let reasoning = json!({"type": "reasoning", "id": "rs_1", "summary": []});
    assert_eq!(response["output"], json!([reasoning, whole]));
    assert_eq!(response["status"], "incomplete");
    assert_eq!(shop.balance().await, "0.0");
    shop.app.finish().await;
}

#[tokio::test]
async fn its_usage_is_what_was_counted() {
    let shop = blocks::shop("1").await;
    let (_, rest) = cut_after(&shop, with_message().raw(&says(6, "abc")), "abc").await;
    let response = &of_type(&rest, "response.incomplete")["response"];
    let asked = with(streaming(), "model", json!("up/long"));
    // By bytes; what was not delivered was made all the same.
    let (input, output) = (asked.to_string().len(), 3 + 1500);
    assert_eq!(
        response["usage"],
        json!({"input_tokens": input,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": output, "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": input + output, "cost": 0.0011})
    );
    assert_eq!(response["cost"], json!(0.0011));
    assert_eq!(response["provider"], "up");
}

#[tokio::test]
async fn half_a_call_of_a_tool_is_neither_closed_nor_shown() {
    let shop = blocks::shop("1").await;
    let call = json!({"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f",
        "arguments": "", "status": "in_progress"});
    let whole = with(
        with(call.clone(), "arguments", json!("{}")),
        "id",
        json!("fc_0"),
    );
    let reply = begun()
        .raw(&item(
            "added",
            2,
            0,
            &with(call.clone(), "id", json!("fc_0")),
        ))
        .raw(&item("done", 3, 0, &whole))
        .raw(&item("added", 4, 1, &call))
        .raw(&event(
            &json!({"type": "response.function_call_arguments.delta", "sequence_number": 5,
            "item_id": "fc_1", "output_index": 1, "delta": "{\"half"}),
        ));
    let (_, rest) = cut_after(&shop, reply, "half").await;
    assert_eq!(kinds(&rest), [("response.incomplete".to_owned(), 6)]);
    let response = &of_type(&rest, "response.incomplete")["response"];
    assert_eq!(response["output"], json!([whole]));
}

#[tokio::test]
async fn what_was_never_begun_is_not_made_up() {
    let shop = blocks::shop("1").await;
    let (_, rest) = cut_after(&shop, begun().raw(&says(2, "abc")), "abc").await;
    assert_eq!(kinds(&rest), [("response.incomplete".to_owned(), 3)]);
    let response = &of_type(&rest, "response.incomplete")["response"];
    assert_eq!(response["output"], json!([]));
    assert_eq!(response["usage"]["output_tokens"], json!(1503));
}

#[tokio::test]
async fn more_than_is_kept_is_delivered_and_paid_but_not_repeated() {
    let shop = blocks::shop("1").await;
    let long = "x".repeat(70_000);
    let (seen, rest) = over_limit(&shop, with_message().raw(&says(6, &long))).await;
    assert!(said(&seen).starts_with(&long));
    assert_eq!(kinds(&rest).len(), 1, "{rest}");
    let response = &of_type(&rest, "response.incomplete")["response"];
    assert_eq!(response["output"], json!([]));
    assert_eq!(response["usage"]["output_tokens"], json!(5));
}

/// A stream cut because it has more events than its limit allows.
async fn over_limit(shop: &Shop, reply: Reply) -> (String, String) {
    let body = with(streaming(), "max_output_tokens", json!(5));
    shop.upstream
        .next((7..40).fold(reply, |reply, number| reply.raw(&says(number, "y"))));
    let text = shop.call(RESPONSES, &body).send().await.text;
    let last = text.find("event: response.incomplete").unwrap();
    let closing = text
        .find("event: response.output_text.done")
        .unwrap_or(last);
    let (seen, rest) = text.split_at(closing);
    (seen.to_owned(), rest.to_owned())
}

#[tokio::test]
async fn a_stream_over_its_limit_is_closed_like_one_without_money() {
    let shop = blocks::shop("1").await;
    let (seen, rest) = over_limit(&shop, with_message()).await;
    let response = &of_type(&rest, "response.incomplete")["response"];
    let text = &response["output"][1]["content"][0]["text"];
    assert_eq!(text, &json!(said(&seen)));
    assert_eq!(kinds(&rest).len(), 4, "{rest}");
}

#[tokio::test]
async fn a_response_cut_before_anything_was_delivered_begins_all_the_same() {
    let shop = blocks::shop("1").await;
    let gate = Gate::new();
    let created = json!({"id": "resp_up1", "object": "response", "status": "in_progress",
        "output": [], "usage": null});
    let created = json!({"type": "response.created", "sequence_number": 0, "response": created});
    // In one piece, so that nothing of it is covered.
    let piece = event(&created) + &item("added", 1, 1, &message()) + &says(2, &"x".repeat(1500));
    let reply = Reply::stream().raw(&piece).wait(&Gate::new());
    shop.upstream.next(reply.held_by(&gate));
    let body = with(streaming(), "model", json!("up/long"));
    let asking = shop.call(RESPONSES, &body).send();
    let taking = async {
        shop.upstream.wait_for(1).await;
        blocks::set_balance(&shop, 1_100).await;
        gate.let_pass(1);
    };
    let (answer, ()) = soon(async { tokio::join!(asking, taking) }).await;
    let expected = [("response.created", 0), ("response.incomplete", 1)];
    assert_eq!(
        kinds(&answer.text),
        expected.map(|(kind, number)| (kind.to_owned(), number))
    );
    let end = &of_type(&answer.text, "response.incomplete")["response"];
    assert_eq!(
        end["output"],
        json!([]),
        "what is not covered is not delivered"
    );
    let begun = &of_type(&answer.text, "response.created")["response"];
    assert_eq!(
        (&begun["id"], &begun["status"]),
        (&end["id"], &json!("in_progress"))
    );
    shop.app.finish().await;
}
