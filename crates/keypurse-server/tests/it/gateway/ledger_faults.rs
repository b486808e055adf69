//! A ledger that cannot write for a while, and bugs at the worst moments.

use http_body_util::BodyExt;
use keypurse_core::money::Money;
use keypurse_store_sqlite::CallState;
use keypurse_testkit::upstream::{Gate, Reply, usage};
use serde_json::json;

use super::{Shop, hello, hello_stream, soon, with};

/// What the sent bytes and this much counted text cost at `up/m`.
fn counted(body: &serde_json::Value, text_bytes: i64) -> Money {
    let sent = i64::try_from(body.to_string().len()).unwrap();
    Money::from_nanos(sent * 1_000 + text_bytes * 10_000)
}

#[tokio::test]
async fn an_answer_that_cannot_be_charged_is_charged_once_when_it_can() {
    let shop = Shop::open("1").await;
    let gate = Gate::new();
    shop.upstream
        .next(Reply::chat("Hi", &usage(10, 20)).held_by(&gate));
    let request = hello();
    let asking = shop.ask(&request);
    let failing = async {
        shop.upstream.wait_for(1).await;
        shop.app.faults().fill_disk();
        gate.let_pass(1);
    };
    let (answer, ()) = soon(async { tokio::join!(asking, failing) }).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert_eq!(answer.json()["error"]["code"], "ledger_unavailable");
    charged_late(shop).await;
}

#[tokio::test]
async fn a_stream_that_cannot_be_charged_is_charged_once_when_it_can() {
    let shop = Shop::open("1").await;
    let gate = Gate::new();
    let begun = Reply::stream().chunk("abc").wait(&gate).finish();
    shop.upstream.next(begun.usage(&usage(10, 20)).done());
    let mut body = shop.request(&hello_stream()).open().await.into_body();
    soon(body.frame()).await.unwrap().unwrap();
    shop.app.faults().fill_disk();
    gate.let_pass(1);
    let rest = soon(body.collect()).await.unwrap().to_bytes();
    let rest = std::str::from_utf8(&rest).unwrap();
    assert!(
        rest.contains("ledger_unavailable") && !rest.contains("[DONE]"),
        "{rest}"
    );
    assert!(rest.contains("the call was made"), "{rest}");
    charged_late(shop).await;
}

#[tokio::test]
async fn a_stream_the_disk_has_no_room_to_cover_says_that_it_ends_and_is_charged() {
    let shop = Shop::named("openai", "9").await;
    let gate = Gate::new();
    let begun = Reply::stream().chunk("abc").wait(&gate);
    // More than the block that is covered.
    let more = begun.chunk(&"word ".repeat(3000)).chunk("e").finish();
    shop.upstream.next(more.usage(&usage(10, 20)).done());
    let request = with(hello_stream(), "model", json!("openai/gpt-4o"));
    let request = with(request, "max_tokens", json!(8000));
    let mut body = shop.request(&request).open().await.into_body();
    soon(body.frame()).await.unwrap().unwrap();
    shop.app.faults().fill_disk();
    gate.let_pass(1);
    let rest = soon(body.collect()).await.unwrap().to_bytes();
    let rest = std::str::from_utf8(&rest).unwrap();
    assert!(rest.contains("ledger_unavailable"), "{rest}");
    assert!(!rest.contains("no call is made"), "{rest}");
    assert!(!rest.contains("word "), "{rest}");
    shop.app.faults().free_disk();
    soon(shop.app.settled()).await;
    assert!(shop.balance_now().await < Money::from_nanos(9_000_000_000));
    shop.app.finish().await;
}

/// The hold stays while the disk is full, and no other is granted; the charge
/// is there when the disk has space.
async fn charged_late(shop: Shop) {
    let refused = shop.ask(&hello()).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, "1"));
    assert_eq!(shop.app.state().store.open_holds().await.unwrap(), 1);
    assert_eq!(shop.balance_now().await, Money::from_nanos(1_000_000_000));
    shop.app.faults().free_disk();
    soon(shop.app.settled()).await;
    let rows = shop.app.calls();
    assert_eq!(rows.len(), 1);
    let charged = Money::from_nanos(10 * 1_000 + 20 * 10_000);
    assert_eq!(
        (rows[0].state, rows[0].charged),
        (CallState::Settled, charged)
    );
    assert_eq!(
        shop.balance_now().await,
        Money::from_nanos(1_000_000_000) - charged
    );
    shop.app.finish().await;
}

#[tokio::test]
async fn l10_no_hold_outlives_its_call() {
    for (at, body, charged, state) in [
        // The hold is on disk, nothing has left.
        ("held", hello(), Money::ZERO, CallState::Void),
        // Nothing was delivered.
        ("open", hello_stream(), Money::ZERO, CallState::Void),
        // What was covered may have been delivered.
        (
            "opened",
            hello_stream(),
            counted(&hello_stream(), 1000),
            CallState::Recovered,
        ),
        // Nothing was delivered, though the provider answered.
        ("settle", hello(), Money::ZERO, CallState::Void),
        // The charge is on disk, and stands.
        (
            "settled",
            hello(),
            Money::from_nanos(210_000),
            CallState::Settled,
        ),
    ] {
        let shop = Shop::open("1").await;
        let reply = if body == hello() {
            Reply::chat("Hi", &usage(10, 20))
        } else {
            Reply::chat_stream(&["Hi"], &usage(10, 20))
        };
        shop.upstream.always(reply);
        shop.app.faults().panic_at(at);
        let answer = soon(shop.ask(&body)).await;
        assert_eq!(answer.status, 500, "{at}: {}", answer.text);
        soon(shop.app.settled()).await;
        let rows = shop.app.calls();
        assert_eq!(rows.len(), 1, "{at}");
        assert_eq!((rows[0].state, rows[0].charged), (state, charged), "{at}");
        let next = soon(shop.ask(&hello())).await;
        assert_ne!(next.status, 500, "{at}: the node lives on");
        shop.app.finish().await;
    }
}

#[tokio::test]
async fn l10_a_broken_call_is_resolved_when_the_disk_has_space_again() {
    let shop = Shop::open("1").await;
    let gate = Gate::new();
    let begun = Reply::stream().chunk("abc").wait(&gate).finish();
    shop.upstream.next(begun.usage(&usage(10, 20)).done());
    let mut body = shop.request(&hello_stream()).open().await.into_body();
    soon(body.frame()).await.unwrap().unwrap();
    shop.app.faults().panic_at("settle");
    shop.app.faults().fill_disk();
    gate.let_pass(1);
    // The panic ends the stream without its end.
    while let Some(Ok(_)) = soon(body.frame()).await {}
    assert_eq!(shop.app.state().store.open_holds().await.unwrap(), 1);
    shop.app.faults().free_disk();
    soon(shop.app.settled()).await;
    let floor = counted(&hello_stream(), 1000);
    assert_eq!(shop.app.calls()[0].charged, floor);
    shop.app.finish().await;
}

#[tokio::test]
async fn a_node_that_stops_does_not_wait_for_a_full_disk() {
    let shop = Shop::open("1").await;
    let gate = Gate::new();
    shop.upstream
        .next(Reply::chat("Hi", &usage(10, 20)).held_by(&gate));
    let request = hello();
    let asking = shop.ask(&request);
    let failing = async {
        shop.upstream.wait_for(1).await;
        shop.app.faults().fill_disk();
        gate.let_pass(1);
    };
    let (answer, ()) = soon(async { tokio::join!(asking, failing) }).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    shop.app.state().cut_off.cancel();
    soon(shop.app.settled()).await;
    assert_eq!(shop.app.state().store.open_holds().await.unwrap(), 1);
    shop.app.state().store.close().await.unwrap();
    let recovered = shop.app.after_crash();
    assert_eq!(recovered.calls()[0].state, CallState::Void);
}
