//! `POST responses`, streamed.

use http_body_util::BodyExt;
use keypurse_store::Tokens as _;
use keypurse_testkit::upstream::{Gate, Reply, usage};
use serde_json::{Value, json};

use super::responses::{RESPONSES, responding, response, used};
use super::{Shop, blocks, data, soon, with};

pub(super) fn streaming() -> Value {
    with(responding(), "stream", json!(true))
}

pub(super) fn event(data: &Value) -> String {
    format!(
        "event: {}\ndata: {data}\n\n",
        data["type"].as_str().unwrap()
    )
}

pub(super) fn begun() -> Reply {
    let mut created = response("", &Value::Null);
    created["status"] = json!("in_progress");
    created["output"] = json!([]);
    let event = |kind: &str, number: u64| {
        event(&json!({"type": kind, "sequence_number": number, "response": created}))
    };
    Reply::stream()
        .raw(&event("response.created", 0))
        .raw(&event("response.in_progress", 1))
}

pub(super) fn delta(number: u64, text: &str) -> String {
    event(
        &json!({"type": "response.output_text.delta", "sequence_number": number,
        "item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": text}),
    )
}

fn ended(kind: &str, number: u64, text: &str, usage: &Value) -> String {
    let response = response(text, usage);
    event(&json!({"type": kind, "sequence_number": number, "response": response}))
}

fn whole(usage: &Value) -> Reply {
    begun()
        .raw(&delta(2, "Hel"))
        .raw(&delta(3, "lo"))
        .raw(&ended("response.completed", 4, "Hello", usage))
}

/// The data of an event, by its type.
pub(super) fn of_type(stream: &str, kind: &str) -> Value {
    let events = data(stream).into_iter();
    let mut events = events.filter_map(|data| serde_json::from_str::<Value>(data).ok());
    let found = events.find(|event| event["type"] == kind);
    found.unwrap_or_else(|| panic!("no {kind} in {stream}"))
}

pub(super) fn said(stream: &str) -> String {
    let events = data(stream).into_iter();
    let events = events.filter_map(|data| serde_json::from_str::<Value>(data).ok());
    events
        .map(|event| event["delta"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[tokio::test]
async fn a_stream_is_charged_exactly_and_its_last_event_tells_the_cost() {
    let shop = Shop::open("1").await;
    shop.upstream.next(whole(&used(10, 20)));
    let answer = shop.call(RESPONSES, &streaming()).send().await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    assert_eq!(said(&answer.text), "Hello");
    let last = of_type(&answer.text, "response.completed");
    assert_eq!(last["sequence_number"], 4);
    assert_eq!(last["response"]["usage"]["cost"], json!(0.00021));
    assert_eq!(last["response"]["cost"], json!(0.00021));
    assert_eq!(last["response"]["provider"], "up");
    assert!(
        answer
            .text
            .contains("event: response.completed\ndata: {\"type\"")
    );
    assert_eq!(shop.charged().await, 210_000);
    let sent = shop.upstream.last();
    assert_eq!(sent.headers["accept"], "text/event-stream");
    assert_eq!(sent.json()["max_output_tokens"], 1000);
    shop.app.finish().await;
}

#[tokio::test]
async fn every_event_names_the_response_as_its_owner_does() {
    let shop = Shop::open("1").await;
    shop.upstream.next(whole(&used(10, 20)));
    let answer = shop.call(RESPONSES, &streaming()).send().await;
    assert!(!answer.text.contains("resp_up1"), "{}", answer.text);
    let id = of_type(&answer.text, "response.created")["response"]["id"].clone();
    for kind in ["response.in_progress", "response.completed"] {
        assert_eq!(of_type(&answer.text, kind)["response"]["id"], id);
    }
    shop.upstream
        .next(Reply::json(200, &response("Hello", &used(10, 20))));
    let path = format!("{RESPONSES}/{}", id.as_str().unwrap());
    let kept = shop.app.get(&path).key(&shop.secret).send().await;
    assert_eq!((kept.status, &kept.json()["id"]), (200, &id));
}

#[tokio::test]
async fn l4_a_responses_delivered_text_is_covered_on_disk_first() {
    let shop = Shop::open("1").await;
    let gate = Gate::new();
    let reply = begun().raw(&delta(2, "abc")).wait(&gate);
    let reply = reply.raw(&ended("response.completed", 3, "abc", &used(10, 20)));
    shop.upstream.next(reply);
    let call = shop.call(RESPONSES, &streaming());
    let mut body = call.open().await.into_body();
    let mut seen = String::new();
    while !seen.contains("abc") {
        let frame = soon(body.frame()).await.unwrap().unwrap();
        seen += std::str::from_utf8(&frame.into_data().unwrap()).unwrap();
    }
    let crashed = shop.app.after_crash();
    let token = crashed.store.token_by_id(shop.token).await.unwrap();
    let charged = 1_000_000_000 - token.unwrap().balance.nanos();
    let sent = i64::try_from(streaming().to_string().len()).unwrap();
    // A token for each byte, and a block ahead, at most the limit.
    assert_eq!(charged, sent * 1_000 + 1000 * 10_000);
    gate.let_pass(1);
    soon(body.collect()).await.unwrap();
    assert_eq!(shop.charged().await, 210_000, "without the crash");
}

#[tokio::test]
async fn l5_the_last_event_waits_for_the_charge() {
    let shop = Shop::open("1").await;
    shop.upstream.next(whole(&used(10, 20)));
    let call = shop.call(RESPONSES, &streaming());
    let mut body = call.open().await.into_body();
    let mut seen = String::new();
    while !seen.contains("event: response.completed") {
        let frame = soon(body.frame()).await.unwrap().unwrap();
        seen += std::str::from_utf8(&frame.into_data().unwrap()).unwrap();
    }
    assert_eq!(shop.balance_now().await.to_string(), "0.99979");
}

#[tokio::test]
async fn l2_a_response_whose_hold_cannot_grow_ends_incomplete() {
    let shop = blocks::shop("1").await;
    let gate = Gate::new();
    let reply = begun().raw(&delta(2, "delivered")).wait(&gate);
    let reply = reply.raw(&delta(3, &"x".repeat(1500))).wait(&gate);
    shop.upstream.next(reply);
    let body = with(streaming(), "model", json!("up/long"));
    let mut body = shop.call(RESPONSES, &body).open().await.into_body();
    let mut seen = String::new();
    while !seen.contains("delivered") {
        let frame = soon(body.frame()).await.unwrap().unwrap();
        seen += std::str::from_utf8(&frame.into_data().unwrap()).unwrap();
    }
    blocks::set_balance(&shop, 1_100).await;
    gate.let_pass(1);
    let rest = soon(body.collect()).await.unwrap().to_bytes();
    let rest = std::str::from_utf8(&rest).unwrap();
    assert_eq!(said(rest), "", "what is not covered is not delivered");
    let cut = of_type(rest, "response.incomplete");
    assert_eq!(cut["sequence_number"], 3, "the client's last is 2");
    let response = &cut["response"];
    assert_eq!(response["status"], "incomplete");
    let why = &response["incomplete_details"]["reason"];
    assert_eq!(why, "max_output_tokens");
    assert_eq!(response["cost"], json!(0.0011));
    let begun = of_type(&seen, "response.created");
    assert_eq!(response["id"], begun["response"]["id"]);
    soon(shop.upstream.wait_for_cancelled(1)).await;
    assert_eq!(shop.balance().await, "0.0");
    shop.app.finish().await;
}

#[tokio::test]
async fn more_output_than_was_asked_for_is_cut() {
    let shop = Shop::open("1").await;
    let body = with(streaming(), "max_output_tokens", json!(5));
    let reply = (2..40).fold(begun(), |reply, number| reply.raw(&delta(number, "x")));
    shop.upstream.next(reply);
    let answer = shop.call(RESPONSES, &body).send().await;
    of_type(&answer.text, "response.incomplete");
    assert!(said(&answer.text).len() <= 20, "{}", answer.text);
    let sent = i64::try_from(body.to_string().len()).unwrap();
    assert_eq!(shop.charged().await, sent * 1_000 + 5 * 10_000);
}

/// How a stream ends, what that costs and the status of the answer.
type Ending = (&'static str, Reply, i64, u16);

fn complete() -> Vec<Ending> {
    let sent = i64::try_from(streaming().to_string().len()).unwrap();
    let counted = |bytes: i64| sent * 1_000 + bytes * 10_000;
    let item = event(
        &json!({"type": "response.output_item.done", "sequence_number": 2,
        "item": {"type": "message", "content": [{"type": "output_text", "text": "Hello"}]}}),
    );
    vec![
        (
            "incomplete",
            begun().raw(&ended("response.incomplete", 2, "", &used(10, 20))),
            210_000,
            200,
        ),
        ("no usage", whole(&Value::Null), counted(5), 200),
        ("absurd usage", whole(&used(10, 1_000_000)), counted(5), 200),
        ("chat's usage", whole(&usage(10, 20)), counted(5), 200),
        (
            "text in the item alone",
            begun()
                .raw(&item)
                .raw(&ended("response.completed", 3, "Hello", &Value::Null)),
            counted(5),
            200,
        ),
        (
            "text at the end alone",
            begun().raw(&ended("response.completed", 3, "Hello", &Value::Null)),
            counted(5),
            200,
        ),
    ]
}

fn broken() -> Vec<Ending> {
    let sent = i64::try_from(streaming().to_string().len()).unwrap();
    let counted = |bytes: i64| sent * 1_000 + bytes * 10_000;
    let error = event(
        &json!({"type": "error", "code": "server_error", "message": "no",
        "param": null, "sequence_number": 2}),
    );
    vec![
        (
            "failed, told",
            begun().raw(&ended("response.failed", 2, "", &used(10, 5))),
            60_000,
            200,
        ),
        ("failed, untold", begun().raw(&failed()), 0, 200),
        (
            "failed after text",
            begun().raw(&delta(2, "abc")).raw(&failed()),
            counted(3),
            200,
        ),
        (
            "broken off",
            begun().raw(&delta(2, "abc")).breaks(),
            counted(3),
            200,
        ),
        ("just ends", begun().raw(&delta(2, "abc")), counted(3), 200),
        (
            "chat's mark",
            begun().raw(&delta(2, "abc")).done(),
            counted(3),
            200,
        ),
        (
            "an error",
            begun().raw(&delta(2, "abc")).raw(&error),
            counted(3),
            200,
        ),
        ("an error at once", Reply::stream().raw(&error), 0, 502),
        (
            "nonsense at once",
            Reply::stream().raw("data: {\"x\":1}\n\n"),
            0,
            502,
        ),
        ("nothing", Reply::stream(), 0, 502),
    ]
}

#[tokio::test]
async fn every_ending_has_its_charge() {
    for (name, reply, charged, status) in complete().into_iter().chain(broken()) {
        let shop = Shop::open("1").await;
        shop.upstream.next(reply);
        let answer = shop.call(RESPONSES, &streaming()).send().await;
        assert_eq!(answer.status, status, "{name}: {}", answer.text);
        assert_eq!(shop.charged().await, charged, "{name}: {}", answer.text);
        assert_eq!(shop.app.calls().len(), 1, "{name}");
        shop.app.finish().await;
    }
}

fn failed() -> String {
    let mut response = response("", &Value::Null);
    response["output"] = json!([]);
    response["status"] = json!("failed");
    response["error"] = json!({"code": "server_error", "message": "no"});
    event(&json!({"type": "response.failed", "sequence_number": 9, "response": response}))
}

#[tokio::test]
async fn a_stream_that_breaks_ends_with_an_error_event() {
    let shop = Shop::open("1").await;
    shop.upstream.next(begun().raw(&delta(2, "abc")).breaks());
    let answer = shop.call(RESPONSES, &streaming()).send().await;
    let error = of_type(&answer.text, "error");
    assert_eq!(error["code"], "upstream_error");
    assert_eq!(error["sequence_number"], 3);
    assert!(
        answer.text.contains("\n\n: keypurse-cost="),
        "{}",
        answer.text
    );
    assert!(
        answer.text.contains("\n\nevent: error\ndata: {"),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn who_leaves_a_response_pays_the_usage_that_is_drained() {
    let shop = Shop::open("1").await;
    let gate = Gate::new();
    let reply = begun().raw(&delta(2, "abc")).wait(&gate);
    let reply = reply.raw(&ended("response.completed", 3, "abc", &used(10, 20)));
    shop.upstream.next(reply);
    let mut body = shop.call(RESPONSES, &streaming()).open().await.into_body();
    soon(body.frame()).await.unwrap().unwrap();
    drop(body);
    gate.let_pass(1);
    assert_eq!(soon(shop.charged()).await, 210_000);
}

#[tokio::test]
async fn a_deleted_tokens_response_is_cut_and_counted() {
    let shop = Shop::open("1").await;
    let gate = Gate::new();
    shop.upstream
        .next(begun().raw(&delta(2, "abc")).wait(&gate));
    let mut body = shop.call(RESPONSES, &streaming()).open().await.into_body();
    soon(body.frame()).await.unwrap().unwrap();
    let deleted = shop.app.delete("/v2/user/custom_token/t/").send().await;
    assert_eq!(deleted.status, 204);
    let rest = soon(body.collect()).await.unwrap().to_bytes();
    let rest = String::from_utf8(rest.to_vec()).unwrap();
    assert_eq!(of_type(&rest, "error")["code"], "invalid_api_key");
    gate.let_pass(1);
}

#[tokio::test]
async fn a_repeated_stream_answers_to_the_byte() {
    let shop = Shop::open("1").await;
    shop.upstream.next(whole(&used(10, 20)));
    let ask = || {
        let call = shop.call(RESPONSES, &streaming());
        call.header("idempotency-key", "k").send()
    };
    let (first, again) = (ask().await, ask().await);
    assert_eq!(first.text, again.text);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(shop.charged().await, 210_000);
}

#[tokio::test]
async fn a_long_last_event_passes_however_it_is_cut_into_pieces() {
    let shop = Shop::open("1").await;
    let long = "x".repeat(3_000_000);
    let last = ended("response.completed", 3, &long, &used(10, 20));
    let (front, back) = last.split_at(1_500_000);
    shop.upstream
        .next(begun().raw(&delta(2, "x")).raw(front).raw(back));
    let answer = shop.call(RESPONSES, &streaming()).send().await;
    let shown = of_type(&answer.text, "response.completed");
    assert_eq!(shown["response"]["output"][0]["content"][0]["text"], long);
    assert_eq!(shop.charged().await, 210_000);
}
