//! Many clients on one token.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use keypurse_store_sqlite::CallState;
use keypurse_testkit::upstream::{Reply, usage};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{CHAT, Shop, dollars, hello};

/// Runs `clients` at once, each asking `each` times; how often each status was
/// answered.
async fn burst(shop: &Shop, clients: usize, each: usize, body: Value) -> [usize; 3] {
    let server = shop.app.serve().await;
    let counts: Arc<[AtomicUsize; 3]> = Arc::default();
    let mut running = JoinSet::new();
    for _ in 0..clients {
        let (url, secret) = (server.base_url().to_owned(), shop.secret.clone());
        let (counts, body) = (counts.clone(), body.clone());
        running.spawn(async move {
            let mut client = super::http_client::Client::connect(&url).await;
            for _ in 0..each {
                let (status, text) = client.post(CHAT, &secret, &body).await;
                let index = match status {
                    200 => 0,
                    402 => 1,
                    429 => 2,
                    other => panic!("{other}: {text}"),
                };
                counts[index].fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    running.join_all().await;
    server.stop().await;
    [0, 1, 2].map(|index| counts[index].load(Ordering::Relaxed))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l2_money_for_a_hundred_calls_buys_exactly_a_hundred() {
    // Input is free, and each answer uses its whole limit of ten tokens.
    let shop = Shop::open("0.001").await;
    shop.upstream.always(Reply::chat("x", &usage(7, 10)));
    let mut body = super::with(hello(), "model", json!("up/out"));
    body["max_tokens"] = json!(10);
    let [succeeded, gone, held] = burst(&shop, 64, 13, body).await;
    assert_eq!(succeeded, 100, "402: {gone}, 429: {held}");
    assert_eq!(succeeded + gone + held, 64 * 13);
    assert_eq!(
        shop.upstream.received().len(),
        100,
        "L3: none left without money"
    );
    assert_eq!(shop.balance().await, "0.0");
    // L7: one call, one row, one charge.
    let calls = shop.app.calls();
    let ids: HashSet<_> = calls.iter().map(|call| call.call).collect();
    assert_eq!((calls.len(), ids.len()), (100, 100));
    let one = dollars("0.00001");
    assert!(
        calls
            .iter()
            .all(|call| call.state == CallState::Settled && call.charged == one)
    );
    shop.app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l1_with_an_input_price_and_any_usage_the_books_balance() {
    let shop = Shop::open("0.02").await;
    let mut expected = 20_000_000_i64;
    // The same odd usages again and again, in whatever order calls arrive.
    let usages = [(3, 1), (90, 0), (17, 60), (1, 33), (60, 59)];
    for round in 0..400 {
        let (input, output) = usages[round % usages.len()];
        shop.upstream.next(Reply::chat("x", &usage(input, output)));
    }
    let body = super::with(hello(), "max_tokens", json!(60));
    let [succeeded, ..] = burst(&shop, 64, 6, body).await;
    assert_eq!(shop.upstream.received().len(), succeeded);
    for round in 0..succeeded {
        let (input, output) = usages[round % usages.len()];
        expected -= i64::try_from(input * 1_000 + output * 10_000).unwrap();
    }
    assert!(expected >= 0, "never below zero");
    shop.app.settled().await;
    assert_eq!(shop.balance_now().await.nanos(), expected);
    shop.app.finish().await;
}
