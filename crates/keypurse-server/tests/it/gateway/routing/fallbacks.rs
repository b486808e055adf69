//! Fallbacks: one hold, one row, one charge, whoever answers.

use keypurse_store::Tokens;
use keypurse_testkit::upstream::{Gate, Reply, usage};
use serde_json::{Value, json};

use super::super::{CHAT, hello_stream, said, soon};
use super::{Mall, broken, falling_back, hello, with};

#[tokio::test]
async fn l18_a_fallback_answers_at_its_own_price_in_one_row() {
    let mall = Mall::open("1").await;
    for reply in [
        broken(),
        Reply::json(429, &json!({"error": {}})).header("retry-after", "60"),
        Reply::text(200, "text/html", "<html>maintenance</html>"),
        Reply::text(200, "application/json", "{\"id\"").breaks(),
        Reply::json(401, &json!({"error": {}})),
    ] {
        mall.shop.upstream.next(reply);
        let answer = mall.ask().await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.header("x-keypurse-attempts"), "2");
        assert_eq!(answer.header("x-keypurse-cost"), "0.00042");
        assert_eq!(answer.json()["provider"], "other");
    }
    let row = ("other/m".to_owned(), 200, 0.00042);
    assert_eq!(mall.booked().await, vec![row; 5]);
    assert_eq!(mall.shop.balance().await, "0.9979");
    let report = mall.shop.audited().await;
    assert_eq!(report.calls, 5, "each recomputed at its own price");
}

#[tokio::test]
async fn a_stream_falls_back_before_its_first_byte_and_never_after() {
    let mall = Mall::open("1").await;
    let request = with(hello_stream(), "fallbacks", json!(["other/m"]));
    mall.other
        .always(Reply::chat_stream(&["B"], &usage(10, 20)));
    mall.shop
        .upstream
        .next(Reply::stream().raw(": ping\n\n").breaks());
    let answer = mall.shop.ask(&request).await;
    assert_eq!((answer.status, said(&answer.text).as_str()), (200, "B"));
    assert_eq!(answer.header("x-keypurse-attempts"), "2");
    mall.shop.upstream.next(Reply::stream().chunk("A").breaks());
    let cut = mall.shop.ask(&request).await;
    assert_eq!(said(&cut.text), "A");
    assert!(cut.text.contains("upstream_error"), "{}", cut.text);
    assert_eq!(mall.asked(), (2, 1));
    let booked = mall.booked().await;
    let models: Vec<&str> = booked.iter().map(|(model, ..)| model.as_str()).collect();
    assert_eq!(models, ["other/m", "up/m"]);
    mall.shop.app.finish().await;
}

#[tokio::test]
async fn when_all_fail_the_last_failure_is_told_and_nothing_charged() {
    let mall = Mall::open("1").await;
    mall.shop.upstream.always(broken());
    mall.other.always(Reply::json(
        529,
        &json!({"error": {"message": "overloaded"}}),
    ));
    let answer = mall.ask().await;
    assert_eq!(answer.status, 529);
    assert_eq!(answer.header("x-keypurse-attempts"), "2");
    assert_eq!(mall.booked().await, [("other/m".to_owned(), 529, 0.0)]);
    assert_eq!(mall.shop.balance().await, "1.0");
    mall.shop.audited().await;
}

#[tokio::test]
async fn what_is_wrong_with_the_request_goes_to_nobody_else() {
    let mall = Mall::open("1").await;
    for status in [400, 404, 413, 422] {
        mall.shop
            .upstream
            .next(Reply::json(status, &json!({"error": {}})));
        let answer = mall.ask().await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("x-keypurse-attempts"), "");
    }
    assert_eq!(mall.asked(), (4, 0));
}

#[tokio::test]
async fn fallbacks_are_ours_and_no_provider_sees_them() {
    let mall = Mall::open("1").await;
    mall.shop.upstream.next(broken());
    let request = with(falling_back(), "routing", json!({"sort": "price"}));
    assert_eq!(mall.shop.ask(&request).await.status, 200);
    for (sent, limit) in [(mall.shop.upstream.last(), 1000), (mall.other.last(), 1000)] {
        let expected = json!({"model": "m", "max_tokens": limit,
            "messages": [{"role": "user", "content": "Hi"}]});
        assert_eq!(sent.json(), expected);
    }
}

#[tokio::test]
async fn l2_a_fallback_holds_what_it_costs_or_is_left_out() {
    // Enough for `up/m`, and not for the least of `other/m`.
    let mall = Mall::open("0.004").await;
    mall.shop.upstream.next(broken());
    let answer = mall.ask().await;
    assert_eq!(
        (answer.status, mall.asked()),
        (500, (1, 0)),
        "{}",
        answer.text
    );
    assert_eq!(mall.shop.balance().await, "0.004");
    // Enough to be clamped.
    let mall = Mall::open("0.012").await;
    mall.shop.upstream.next(broken());
    let answer = mall.ask().await;
    assert_eq!(answer.status, 200);
    let limit: i64 = answer.header("x-keypurse-output-limit").parse().unwrap();
    assert!((256..600).contains(&limit), "{limit}");
    assert_eq!(mall.other.last().json()["max_tokens"], limit);
    assert_eq!(mall.shop.balance().await, "0.01158");
    mall.shop.app.finish().await;
}

#[tokio::test]
async fn r1_a_crash_during_a_fallback_voids_its_one_hold() {
    let mall = Mall::open("1").await;
    let gate = Gate::new();
    mall.shop.upstream.next(broken());
    mall.other
        .next(Reply::chat("B", &usage(10, 20)).held_by(&gate));
    let crash = async {
        mall.other.wait_for(1).await;
        let crashed = mall.shop.app.after_crash();
        gate.let_pass(1);
        crashed
    };
    let (answer, crashed) = soon(async { tokio::join!(mall.ask(), crash) }).await;
    assert_eq!(answer.status, 200);
    let calls = crashed.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].charged, super::super::dollars("0"));
    let token = crashed.store.token_by_id(mall.shop.token).await.unwrap();
    assert_eq!(token.unwrap().balance, super::super::dollars("1"));
}

#[tokio::test]
async fn r1_a_crash_in_a_fallbacks_stream_charges_its_floor_at_its_price() {
    let mall = Mall::open("1").await;
    let gate = Gate::new();
    mall.shop.upstream.next(broken());
    mall.other
        .next(Reply::stream().chunk("abc").wait(&gate).breaks());
    let request = with(hello_stream(), "fallbacks", json!(["other/m"]));
    let response = mall.shop.request(&request).open().await;
    assert_eq!(response.status(), 200);
    let crashed = mall.shop.app.after_crash();
    gate.let_pass(1);
    drop(response);
    let calls = crashed.calls();
    // 1000 tokens is all it may say: 20 dollars a million.
    assert!(
        calls[0].charged >= super::super::dollars("0.02"),
        "{calls:?}"
    );
    mall.shop.app.settled().await;
    mall.shop.audited().await;
}

#[tokio::test]
async fn l11_no_fallback_is_tried_for_a_deleted_token() {
    let mall = Mall::open("1").await;
    let gate = Gate::new();
    mall.shop.upstream.next(broken().held_by(&gate));
    let delete = async {
        mall.shop.upstream.wait_for(1).await;
        let deleted = mall
            .shop
            .app
            .delete("/v2/user/custom_token/t/")
            .send()
            .await;
        assert_eq!(deleted.status, 204);
        gate.let_pass(1);
    };
    let (answer, ()) = soon(async { tokio::join!(mall.ask(), delete) }).await;
    assert_eq!((answer.status, mall.asked()), (500, (1, 0)));
    mall.shop.app.finish().await;
}

#[tokio::test]
async fn a_repeated_call_with_a_fallback_answers_to_the_byte() {
    let mall = Mall::open("1").await;
    mall.shop.upstream.next(broken());
    let ask = || async {
        let request = mall.shop.request(&falling_back());
        let request = request.header("idempotency-key", "k");
        request.header("x-edenai-metadata", "enabled").send().await
    };
    let (first, second) = (ask().await, ask().await);
    assert_eq!((first.status, &first.text), (200, &second.text));
    assert_eq!(second.header("x-keypurse-attempts"), "2");
    assert_eq!(mall.asked(), (1, 1));
    assert_eq!(mall.booked().await.len(), 1);
}

#[tokio::test]
async fn fallbacks_are_permitted_and_known_before_anything_is_asked() {
    let mall = Mall::open("1").await;
    let rules = json!({"denied_models": ["other/*"]});
    let path = "/v2/user/custom_token/t/";
    assert_eq!(
        mall.shop.app.patch(path).json(&rules).send().await.status,
        200
    );
    let refused = mall.ask().await;
    let code = refused.json()["error"]["code"].clone();
    assert_eq!((refused.status, code), (403, json!("model_not_allowed")));
    let unknown = with(hello(), "fallbacks", json!(["nobody/x"]));
    let refused = mall.shop.ask(&unknown).await;
    let code = refused.json()["error"]["code"].clone();
    assert_eq!((refused.status, code), (404, json!("model_not_found")));
    let too_many = with(hello(), "fallbacks", json!(["a/b", "a/b", "a/b", "a/b"]));
    let refused = mall.shop.ask(&too_many).await;
    let error: Value = refused.json()["error"].clone();
    assert_eq!(
        (refused.status, &error["param"]),
        (400, &json!("fallbacks"))
    );
    assert_eq!(mall.asked(), (0, 0));
    let plain = mall.shop.app.post(CHAT).key(&mall.shop.secret);
    assert_eq!(plain.json(&hello()).send().await.status, 200);
}
