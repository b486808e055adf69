//! Clients that leave before their answer is complete.

use std::time::Duration;

use http_body_util::BodyExt;
use keypurse_server::gateway::GatewayConfig;
use keypurse_testkit::upstream::{Gate, Reply, ScriptedUpstream, usage};

use super::{Shop, hello, hello_stream, soon};

const CHUNKS: usize = 100;

/// A stream that sends a piece and waits until it may send the next.
fn piece_by_piece(gate: &Gate) -> Reply {
    let reply = (0..CHUNKS).fold(Reply::stream(), |reply, _| reply.chunk("x").wait(gate));
    reply.finish().usage(&usage(10, 20)).done()
}

#[tokio::test]
async fn a_client_that_leaves_at_any_chunk_is_charged_the_whole_usage() {
    let shop = Shop::open("1").await;
    for left_after in 0..=CHUNKS {
        let gate = Gate::new();
        shop.upstream.next(piece_by_piece(&gate));
        let mut body = shop.request(&hello_stream()).open().await.into_body();
        for _ in 0..left_after {
            soon(body.frame()).await.unwrap().unwrap();
            gate.let_pass(1);
        }
        drop(body);
        gate.let_pass(CHUNKS);
        let calls = i64::try_from(left_after + 1).unwrap();
        let charged = soon(shop.charged()).await;
        assert_eq!(charged, calls * 210_000, "left after {left_after}");
    }
    assert_eq!(shop.app.state().store.open_holds().await.unwrap(), 0);
    shop.app.finish().await;
}

#[tokio::test]
async fn a_client_that_leaves_at_any_chunk_is_charged_what_came_where_nothing_is_drained() {
    let upstream = ScriptedUpstream::start().await;
    let config = GatewayConfig {
        max_drains: 0,
        ..super::config(&upstream)
    };
    let shop = Shop::of(upstream, config, "1").await;
    let sent = i64::try_from(hello_stream().to_string().len()).unwrap();
    let mut before = 0;
    for left_after in 1..=CHUNKS {
        let gate = Gate::new();
        shop.upstream.next(piece_by_piece(&gate));
        let mut body = shop.request(&hello_stream()).open().await.into_body();
        for _ in 1..left_after {
            soon(body.frame()).await.unwrap().unwrap();
            gate.let_pass(1);
        }
        soon(body.frame()).await.unwrap().unwrap();
        drop(body);
        soon(shop.upstream.wait_for_cancelled(left_after)).await;
        let charged = soon(shop.charged()).await;
        let came = i64::try_from(left_after).unwrap();
        let expected = sent * 1_000 + came * 10_000;
        assert_eq!(charged - before, expected, "left after {left_after}");
        before = charged;
    }
    assert_eq!(shop.app.state().store.open_holds().await.unwrap(), 0);
    shop.app.finish().await;
}

#[tokio::test]
async fn without_a_place_to_drain_the_call_is_cancelled_and_counted() {
    let upstream = ScriptedUpstream::start().await;
    let gate = Gate::new();
    upstream.next(
        Reply::stream()
            .chunk("abc")
            .wait(&gate)
            .chunk("never")
            .done(),
    );
    let config = GatewayConfig {
        max_drains: 0,
        ..super::config(&upstream)
    };
    let shop = Shop::of(upstream, config, "1").await;
    let mut body = shop.request(&hello_stream()).open().await.into_body();
    soon(body.frame()).await.unwrap().unwrap();
    drop(body);
    soon(shop.upstream.wait_for_cancelled(1)).await;
    shop.app.settled().await;
    let sent = i64::try_from(hello_stream().to_string().len()).unwrap();
    let cost = sent * 1_000 + 3 * 10_000;
    assert_eq!(1_000_000_000 - shop.balance_now().await.nanos(), cost);
    shop.app.finish().await;
}

#[tokio::test]
async fn a_drain_that_takes_too_long_is_counted() {
    let shop = Shop::with("1", |upstream| {
        upstream.timeouts.drain = Duration::from_millis(30);
    })
    .await;
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
    drop(body);
    soon(shop.app.settled()).await;
    let sent = i64::try_from(hello_stream().to_string().len()).unwrap();
    assert_eq!(
        1_000_000_000 - shop.balance_now().await.nanos(),
        sent * 1_000 + 3 * 10_000
    );
}

#[tokio::test]
async fn a_client_that_leaves_before_its_answer_still_pays_for_it() {
    let shop = Shop::open("1").await;
    for reply in [
        Reply::chat("Hi", &usage(10, 20)),
        Reply::chat_stream(&["Hi"], &usage(10, 20)),
    ] {
        let gate = Gate::new();
        let is_stream = format!("{reply:?}").contains("event-stream");
        shop.upstream.next(reply.held_by(&gate));
        let before = shop.upstream.received().len();
        let body = if is_stream { hello_stream() } else { hello() };
        tokio::select! {
            answer = shop.ask(&body) => panic!("answered: {}", answer.text),
            () = shop.upstream.wait_for(before + 1) => {}
        }
        gate.let_pass(1);
        soon(shop.app.settled()).await;
    }
    assert_eq!(shop.balance().await, "0.99958");
}

#[tokio::test]
async fn a_client_that_takes_nothing_has_left() {
    let shop = Shop::with("1", |upstream| {
        upstream.timeouts.write_stall = Duration::from_millis(50);
    })
    .await;
    let gate = Gate::new();
    let big = "x".repeat(1000);
    let reply = (0..64).fold(Reply::stream(), |reply, _| reply.chunk(&big));
    shop.upstream
        .next(reply.wait(&gate).finish().usage(&usage(10, 20)).done());
    // Read nothing: the relay fills its few places and stops.
    let response = shop.request(&hello_stream()).open().await;
    gate.let_pass(1);
    soon(shop.app.settled()).await;
    drop(response);
    assert_eq!(shop.balance().await, "0.99979");
}

#[tokio::test]
async fn r5_a_thousand_clients_that_hang_up_are_all_settled_and_few_are_drained() {
    const CLIENTS: usize = 1_000;
    const DRAINS: usize = 256;
    let shop = Shop::open("10000").await;
    let gate = Gate::new();
    let reply = Reply::stream().chunk("x").wait(&gate).finish();
    shop.upstream.always(reply.usage(&usage(10, 20)).done());
    for _ in 0..CLIENTS {
        let mut body = shop.request(&hello_stream()).open().await.into_body();
        soon(body.frame()).await.unwrap().unwrap();
    }
    // Those that are not read to their end are cancelled at once.
    let cancelled = CLIENTS - DRAINS;
    soon(shop.upstream.wait_for_cancelled(cancelled)).await;
    gate.let_pass(DRAINS);
    soon(shop.balance()).await;
    let calls = shop.app.calls();
    let counted = calls.iter().filter(|call| call.estimated).count();
    assert_eq!((calls.len(), counted), (CLIENTS, cancelled));
    assert!(calls.iter().all(|call| call.charged.nanos() >= 10_000));
}
