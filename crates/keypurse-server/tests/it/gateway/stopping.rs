//! A node that stops, and a ledger that cannot write.

use http_body_util::BodyExt;
use keypurse_core::money::Money;
use keypurse_store::Tokens as _;
use keypurse_testkit::upstream::{Gate, Reply, usage};

use super::{Shop, hello, hello_stream, soon};

#[tokio::test]
async fn a_draining_node_takes_no_new_calls_and_finishes_those_it_has() {
    let shop = Shop::open("1").await;
    let gate = Gate::new();
    let reply = Reply::stream().chunk("a").wait(&gate).finish();
    shop.upstream.next(reply.usage(&usage(10, 20)).done());
    let mut body = shop.request(&hello_stream()).open().await.into_body();
    soon(body.frame()).await.unwrap().unwrap();
    shop.app.state().draining.cancel();
    let answer = shop.ask(&hello()).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "5"));
    assert_eq!(answer.json()["error"]["code"], "draining");
    gate.let_pass(1);
    let rest = soon(body.collect()).await.unwrap().to_bytes();
    assert!(rest.ends_with(b"data: [DONE]\n\n"));
    assert_eq!(shop.balance().await, "0.99979");
}

#[tokio::test]
async fn what_still_runs_when_the_node_must_stop_is_cut_and_settled() {
    let shop = Shop::open("1").await;
    let gate = Gate::new();
    shop.upstream
        .next(Reply::stream().chunk("abc").wait(&gate).done());
    let mut body = shop.request(&hello_stream()).open().await.into_body();
    soon(body.frame()).await.unwrap().unwrap();
    shop.upstream
        .next(Reply::chat("Hi", &usage(10, 20)).held_by(&gate));
    let request = hello();
    let once = || shop.request(&request).header("idempotency-key", "k").send();
    let waiting = once();
    let stopping = async {
        shop.upstream.wait_for(2).await;
        shop.app.state().cut_off.cancel();
    };
    let (answer, ()) = soon(async { tokio::join!(waiting, stopping) }).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    let rest = soon(body.collect()).await.unwrap().to_bytes();
    let rest = std::str::from_utf8(&rest).unwrap();
    assert!(
        rest.contains("draining") && !rest.contains("[DONE]"),
        "{rest}"
    );
    // Of the other nothing came, so it costs nothing, and may be made again.
    let bytes = hello_stream().to_string().len();
    let cost = i64::try_from(bytes).unwrap() * 1_000 + 3 * 10_000;
    let left = Money::from_nanos(1_000_000_000 - cost);
    assert_eq!(shop.balance().await, left.to_string());
    let again = once().await;
    assert_eq!(
        (again.status, &*again.text),
        (503, &*answer.text),
        "its key is free"
    );
}

#[tokio::test]
async fn without_a_ledger_no_call_leaves() {
    let shop = Shop::open("1").await;
    shop.app.state().store.close().await.unwrap();
    for body in [hello(), hello_stream()] {
        let answer = shop.ask(&body).await;
        assert_eq!(answer.status, 503, "{}", answer.text);
        assert_eq!(answer.json()["error"]["code"], "ledger_unavailable");
        assert_eq!(answer.header("retry-after"), "1");
    }
    assert!(shop.upstream.received().is_empty());
}

#[tokio::test]
async fn an_answer_whose_charge_is_not_on_disk_is_never_complete() {
    let shop = Shop::open("1").await;
    let gate = Gate::new();
    let reply = Reply::stream().chunk("abc").wait(&gate).finish();
    shop.upstream.next(reply.usage(&usage(10, 20)).done());
    let mut body = shop.request(&hello_stream()).open().await.into_body();
    soon(body.frame()).await.unwrap().unwrap();
    shop.upstream
        .next(Reply::chat("Hi", &usage(10, 20)).held_by(&gate));
    let request = hello();
    let waiting = shop.ask(&request);
    let failing = async {
        shop.upstream.wait_for(2).await;
        shop.app.state().store.close().await.unwrap();
        gate.let_pass(2);
    };
    let (answer, ()) = soon(async { tokio::join!(waiting, failing) }).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert_eq!(answer.json()["error"]["code"], "ledger_unavailable");
    let rest = soon(body.collect()).await.unwrap().to_bytes();
    let rest = std::str::from_utf8(&rest).unwrap();
    assert!(
        rest.contains("ledger_unavailable") && !rest.contains("[DONE]"),
        "{rest}"
    );
    // The next start resolves both: the stream at its floor, the other at 0.
    let recovered = shop.app.after_crash();
    let token = recovered
        .store
        .token_by_id(shop.token)
        .await
        .unwrap()
        .unwrap();
    let sent = i64::try_from(hello_stream().to_string().len()).unwrap();
    let floor = Money::from_nanos(1_000_000_000 - sent * 1_000 - 1000 * 10_000);
    assert_eq!(token.balance, floor);
}
