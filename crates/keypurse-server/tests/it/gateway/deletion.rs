//! Deleted, rotated and expired tokens.

use http_body_util::BodyExt;
use keypurse_testkit::upstream::{Gate, Reply, usage};
use serde_json::json;

use super::{CHAT, Shop, hello, hello_stream, soon};

const TOKEN: &str = "/v2/user/custom_token/t/";

#[tokio::test]
async fn l11_nothing_is_admitted_after_a_deletion() {
    let shop = Shop::open("1").await;
    assert_eq!(shop.ask(&hello()).await.status, 200);
    assert_eq!(shop.app.delete(TOKEN).send().await.status, 204);
    for body in [hello(), hello_stream()] {
        let answer = shop.ask(&body).await;
        assert_eq!(answer.status, 401, "{}", answer.text);
        assert_eq!(answer.json()["error"]["code"], "invalid_api_key");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    assert_eq!(shop.upstream.received().len(), 1);
    shop.app.finish().await;
}

#[tokio::test]
async fn a_running_stream_is_cut_and_charged_for_what_was_delivered() {
    let shop = Shop::open("1").await;
    let gate = Gate::new();
    shop.upstream.next(
        Reply::stream()
            .chunk("abc")
            .wait(&gate)
            .chunk("never")
            .done(),
    );
    let mut body = shop.request(&hello_stream()).open().await.into_body();
    soon(body.frame()).await.unwrap().unwrap();
    assert_eq!(shop.app.delete(TOKEN).send().await.status, 204);
    let rest = soon(body.collect()).await.unwrap().to_bytes();
    let rest = std::str::from_utf8(&rest).unwrap();
    assert!(
        rest.contains("invalid_api_key") && !rest.contains("[DONE]"),
        "{rest}"
    );
    soon(shop.upstream.wait_for_cancelled(1)).await;
    let sent = i64::try_from(hello_stream().to_string().len()).unwrap();
    let cost = keypurse_core::money::Money::from_nanos(sent * 1_000 + 3 * 10_000);
    assert!(
        rest.starts_with(&format!(": keypurse-cost={cost}\n\n")),
        "{rest}"
    );
    shop.app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleting_while_fifty_clients_call_ends_them_all() {
    let shop = &Shop::open("1000").await;
    let gate = Gate::new();
    for _ in 0..25 {
        shop.upstream
            .next(Reply::stream().chunk("abc").wait(&gate).done());
    }
    let mut streams = Vec::new();
    for _ in 0..25 {
        let mut body = shop.request(&hello_stream()).open().await.into_body();
        soon(body.frame()).await.unwrap().unwrap();
        streams.push(body);
    }
    shop.upstream.always(Reply::chat("Hi", &usage(10, 20)));
    let calling = async {
        let one = || async move {
            // Each client calls until it is told that its key is gone; all
            // from one address, and what once was right is no guess.
            loop {
                let answer = shop.ask(&hello()).await;
                match answer.status {
                    200 => {}
                    401 => return,
                    other => panic!("{other}: {}", answer.text),
                }
            }
        };
        futures_util::future::join_all((0..50).map(|_| one())).await;
    };
    let deleting = async {
        shop.upstream.wait_for(100).await;
        assert_eq!(shop.app.delete(TOKEN).send().await.status, 204);
        let late = shop.ask(&hello()).await;
        assert_eq!(late.status, 401, "a call after the 204");
    };
    soon(async { tokio::join!(calling, deleting) }).await;
    let left = shop.upstream.received().len();
    for body in streams {
        let rest = soon(body.collect()).await.unwrap().to_bytes();
        assert!(
            std::str::from_utf8(&rest)
                .unwrap()
                .contains("invalid_api_key")
        );
    }
    shop.app.settled().await;
    assert_eq!(shop.upstream.received().len(), left, "none leaves later");
}

#[tokio::test]
async fn a_stream_that_has_not_begun_ends_with_its_token_and_costs_nothing() {
    let shop = Shop::open("1").await;
    let gate = Gate::new();
    shop.upstream
        .next(Reply::stream().wait(&gate).chunk("never").done());
    let waiting = async { shop.ask(&hello_stream()).await };
    let deleting = async {
        shop.upstream.wait_for(1).await;
        assert_eq!(shop.app.delete(TOKEN).send().await.status, 204);
    };
    let (answer, ()) = soon(async { tokio::join!(waiting, deleting) }).await;
    assert_eq!(answer.status, 401, "{}", answer.text);
    soon(shop.upstream.wait_for_cancelled(1)).await;
    shop.app.finish().await;
}

#[tokio::test]
async fn a_deletion_whose_client_hangs_up_still_ends_running_streams() {
    let shop = Shop::open("1").await;
    let gate = Gate::new();
    let reply = Reply::stream().chunk("abc").wait(&gate).done();
    shop.upstream.next(reply);
    let mut body = shop.request(&hello_stream()).open().await.into_body();
    soon(body.frame()).await.unwrap().unwrap();
    let mut deleting = Box::pin(shop.app.delete(TOKEN).send());
    let on_its_way = std::future::poll_fn(|context| {
        std::task::Poll::Ready(deleting.as_mut().poll(context).is_pending())
    });
    assert!(on_its_way.await, "the ledger is asked and has not answered");
    drop(deleting);
    let rest = soon(body.collect()).await.unwrap().to_bytes();
    let rest = std::str::from_utf8(&rest).unwrap();
    assert!(rest.contains("invalid_api_key"), "{rest}");
    shop.app.finish().await;
}

#[tokio::test]
async fn a_rotated_out_secret_is_dead_at_once() {
    let shop = Shop::open("1").await;
    let rotated = shop
        .app
        .post("/v2/user/custom_token/t/rotate/")
        .send()
        .await;
    assert_eq!(rotated.status, 200, "{}", rotated.text);
    assert_eq!(shop.ask(&hello()).await.status, 401);
    let secret = rotated.json()["token"].as_str().unwrap().to_owned();
    let answer = shop.app.post(CHAT).key(&secret).json(&hello()).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(shop.balance().await, "0.99979");
}

#[tokio::test]
async fn a_token_expires_at_its_second_and_running_calls_finish() {
    let shop = Shop::open("1").await;
    let patch = json!({"expire_time": "2026-11-21T12:00:10Z"});
    assert_eq!(shop.app.patch(TOKEN).json(&patch).send().await.status, 200);
    shop.app.clock().set("2026-11-21T12:00:09.999999Z");
    let gate = Gate::new();
    shop.upstream.next(
        Reply::stream()
            .chunk("a")
            .wait(&gate)
            .finish()
            .usage(&usage(10, 20))
            .done(),
    );
    let mut body = shop.request(&hello_stream()).open().await.into_body();
    soon(body.frame()).await.unwrap().unwrap();
    shop.app.clock().set("2026-11-21T12:00:10Z");
    let answer = shop.ask(&hello()).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.json()["error"]["code"], "api_key_expired");
    gate.let_pass(1);
    let rest = soon(body.collect()).await.unwrap().to_bytes();
    assert!(rest.ends_with(b"data: [DONE]\n\n"));
    assert_eq!(shop.balance().await, "0.99979");
}
