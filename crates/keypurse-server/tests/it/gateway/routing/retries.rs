//! Retries: once, at the same provider, and few of them.

use keypurse_testkit::upstream::{Gate, Reply};
use serde_json::json;

use super::super::{Shop, soon};
use super::{Mall, broken, falling_back, hello};

fn overloaded(retry_after: &str) -> Reply {
    Reply::json(503, &json!({"error": {}})).header("retry-after", retry_after)
}

/// Calls that earn a retry.
async fn earn(shop: &Shop, retries: usize) {
    for _ in 0..retries * 10 {
        assert_eq!(shop.ask(&hello()).await.status, 200);
    }
}

#[tokio::test]
async fn a_provider_that_asks_for_a_moment_is_tried_once_more() {
    let shop = Shop::open("1").await;
    earn(&shop, 2).await;
    shop.upstream.next(overloaded("0"));
    let answer = shop.ask(&hello()).await;
    assert_eq!(
        (answer.status, answer.header("x-keypurse-attempts")),
        (200, "2")
    );
    shop.upstream.next(overloaded("0"));
    shop.upstream.next(overloaded("0"));
    let failed = shop.ask(&hello()).await;
    assert_eq!(
        (failed.status, failed.header("x-keypurse-attempts")),
        (503, "2")
    );
    assert_eq!(shop.upstream.received().len(), 20 + 4);
    assert_eq!(shop.app.calls().len(), 22, "one row for each call");
    shop.app.finish().await;
}

#[tokio::test]
async fn a_provider_that_asks_for_long_is_left_alone() {
    let shop = Shop::open("1").await;
    earn(&shop, 1).await;
    shop.upstream.next(overloaded("30"));
    let answer = shop.ask(&hello()).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "30"));
    shop.upstream.next(broken());
    assert_eq!(shop.ask(&hello()).await.status, 500);
    assert_eq!(shop.upstream.received().len(), 12);
}

#[tokio::test]
async fn h8_a_storm_of_refusals_is_not_made_worse() {
    let shop = Shop::open("1").await;
    shop.upstream.always(overloaded("0"));
    for _ in 0..100 {
        assert_eq!(shop.ask(&hello()).await.status, 503);
    }
    let extra = shop.upstream.received().len() - 100;
    assert!(
        (5..=10).contains(&extra),
        "{extra} calls beyond the hundred"
    );
    assert_eq!(shop.balance().await, "1.0");
    shop.app.finish().await;
}

#[tokio::test]
async fn h8_a_provider_that_keeps_failing_is_asked_last_until_it_recovers() {
    let mall = Mall::open("1").await;
    mall.shop.upstream.always(broken());
    for _ in 0..8 {
        assert_eq!(mall.ask().await.json()["provider"], "other");
    }
    assert_eq!(mall.asked(), (5, 8), "five failures are enough to know");
    assert_eq!(
        mall.shop.ask(&hello()).await.status,
        500,
        "alone it is asked"
    );
    mall.shop.app.clock().advance_ms(10_000);
    mall.shop.upstream.always(Reply::chat(
        "A",
        &json!({
            "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2,
        }),
    ));
    assert_eq!(mall.ask().await.json()["provider"], "up", "one tries it");
    assert_eq!(mall.ask().await.json()["provider"], "up", "and it is well");
    mall.shop.app.finish().await;
}

#[tokio::test]
async fn h9_a_provider_has_no_more_calls_at_once_than_it_may() {
    let mall = Mall::with("1", |config| {
        config
            .max_concurrency
            .insert("up".to_owned(), 1.try_into().unwrap());
    })
    .await;
    let gate = Gate::new();
    let slow = Reply::json(400, &json!({"error": {}})).held_by(&gate);
    mall.shop.upstream.next(slow);
    let others = async {
        mall.shop.upstream.wait_for(1).await;
        let elsewhere = mall.ask().await;
        assert_eq!(elsewhere.json()["provider"], "other");
        let busy = mall.shop.ask(&hello()).await;
        let code = busy.json()["error"]["code"].clone();
        assert_eq!((busy.status, code), (503, json!("overloaded")));
        assert_eq!(busy.header("retry-after"), "1");
        gate.let_pass(1);
    };
    let first = hello();
    let (first, ()) = soon(async { tokio::join!(mall.shop.ask(&first), others) }).await;
    assert_eq!((first.status, mall.asked()), (400, (1, 1)));
    assert_eq!(
        mall.shop.ask(&falling_back()).await.json()["provider"],
        "up"
    );
    mall.shop.app.finish().await;
}

#[tokio::test]
async fn nothing_is_tried_for_a_client_that_left() {
    let mall = Mall::open("1").await;
    let gate = Gate::new();
    mall.shop.upstream.next(broken().held_by(&gate));
    let request = falling_back();
    let mut asking = Box::pin(mall.shop.ask(&request));
    tokio::select! {
        _ = &mut asking => panic!("its answer is held back"),
        () = mall.shop.upstream.wait_for(1) => {}
    }
    drop(asking);
    gate.let_pass(1);
    mall.shop.app.settled().await;
    assert_eq!(mall.asked(), (1, 0));
    mall.shop.app.finish().await;
}
