//! What a call is charged, by how it ended: one test for each row of the
//! settlement table. `up/m` costs 1,000 nanos an input token and 10,000 an
//! output token; counted, a token is a byte. What exceeds hold and balance
//! cannot come from a provider, so its row is the ledger's:
//! `l9_what_exceeds_hold_and_balance_goes_to_the_house`.

use http_body_util::BodyExt;
use keypurse_core::money::Money;
use keypurse_server::gateway::GatewayConfig;
use keypurse_store::{Calls as _, Tokens as _};
use keypurse_store_sqlite::{CallState, FinishedCall};
use keypurse_testkit::AfterCrash;
use keypurse_testkit::upstream::{Gate, Reply, ScriptedUpstream, usage};
use serde_json::{Value, json};

use super::{Shop, config, hello, hello_stream, soon};

/// How a call ended in the books.
#[derive(Debug, PartialEq, Eq)]
struct Ending {
    state: CallState,
    estimated: bool,
    charged: i64,
}

const VOID: Ending = Ending {
    state: CallState::Void,
    estimated: false,
    charged: 0,
};

fn exact(charged: i64) -> Ending {
    Ending {
        state: CallState::Settled,
        estimated: false,
        charged,
    }
}

/// One token per byte of the request and of the text that was received.
fn counted(request: &Value, text: &str) -> Ending {
    let bytes = |text: &str| i64::try_from(text.len()).unwrap();
    Ending {
        state: CallState::Settled,
        estimated: true,
        charged: bytes(&request.to_string()) * 1_000 + bytes(text) * 10_000,
    }
}

fn ending(calls: &[FinishedCall]) -> Ending {
    let [call] = calls else {
        panic!("one call, one row: {calls:?}")
    };
    assert_eq!(call.house, Money::ZERO);
    Ending {
        state: call.state,
        estimated: call.estimated,
        charged: call.charged.nanos(),
    }
}

impl Shop {
    /// What the books say of the only call; the balance says the same.
    async fn ending(&self) -> Ending {
        soon(self.app.settled()).await;
        let ending = ending(&self.app.calls());
        let paid = super::dollars("1") - self.balance_now().await;
        assert_eq!(paid.nanos(), ending.charged);
        assert_eq!(self.app.state().store.open_holds().await.unwrap(), 0);
        ending
    }

    async fn ending_after_crash(&self, crashed: &AfterCrash) -> Ending {
        let ending = ending(&crashed.calls());
        assert_eq!(crashed.store.open_holds().await.unwrap(), 0);
        let token = crashed.store.token_by_id(self.token).await.unwrap();
        let paid = super::dollars("1") - token.expect("a live token").balance;
        assert_eq!(paid.nanos(), ending.charged);
        ending
    }
}

/// How a call ends that `reply` answers, plain or streamed.
async fn ends(request: &Value, reply: Reply) -> Ending {
    let shop = Shop::open("1").await;
    shop.upstream.always(reply);
    soon(shop.ask(request)).await;
    shop.ending().await
}

#[tokio::test]
async fn success_with_usage_is_charged_exactly_even_explicit_zero() {
    for (reported, nanos) in [(usage(10, 20), 210_000), (usage(0, 0), 0)] {
        let plain = ends(&hello(), Reply::chat("Hello", &reported)).await;
        assert_eq!(plain, exact(nanos));
        let stream = Reply::chat_stream(&["Hel", "lo"], &reported);
        assert_eq!(ends(&hello_stream(), stream).await, exact(nanos));
    }
}

#[tokio::test]
async fn success_without_usage_is_counted_and_flagged() {
    let plain = ends(&hello(), Reply::chat("Hello", &Value::Null)).await;
    assert_eq!(plain, counted(&hello(), "Hello"));
    let stream = Reply::chat_stream(&["Hel", "lo"], &Value::Null);
    let streamed = ends(&hello_stream(), stream).await;
    assert_eq!(streamed, counted(&hello_stream(), "Hello"));
}

#[tokio::test]
async fn success_with_implausible_usage_is_counted_and_flagged() {
    for implausible in [
        json!({"prompt_tokens": -10, "completion_tokens": 20}),
        json!({"prompt_tokens": 10.5, "completion_tokens": 20}),
        usage(10, 1001),
        usage(5000, 20),
    ] {
        let plain = ends(&hello(), Reply::chat("Hello", &implausible)).await;
        assert_eq!(plain, counted(&hello(), "Hello"), "{implausible}");
        let stream = Reply::chat_stream(&["Hel", "lo"], &implausible);
        let streamed = ends(&hello_stream(), stream).await;
        assert_eq!(streamed, counted(&hello_stream(), "Hello"), "{implausible}");
    }
    // Beyond the visible text it is plausible: models reason.
    let reasoned = ends(&hello(), Reply::chat("Hello", &usage(10, 1000))).await;
    assert_eq!(reasoned, exact(10_010_000));
}

#[tokio::test]
async fn what_is_counted_is_never_charged_above_the_hold() {
    let long = "x".repeat(5000);
    let plain = ends(&hello(), Reply::chat(&long, &Value::Null)).await;
    assert_eq!(plain, counted(&hello(), &long[..1000]), "the output limit");
}

#[tokio::test]
async fn a_provider_error_before_the_first_byte_is_free() {
    let error = json!({"error": {"message": "overloaded"}});
    for request in [hello(), hello_stream()] {
        assert_eq!(ends(&request, Reply::json(500, &error)).await, VOID);
        assert_eq!(ends(&request, Reply::json(200, &error)).await, VOID);
    }
    let cut = Reply::text(200, "application/json", "{\"id\"").breaks();
    assert_eq!(ends(&hello(), cut).await, VOID);
    let silent = Reply::stream().raw(": ping\n\n").breaks();
    assert_eq!(ends(&hello_stream(), silent).await, VOID);
}

#[tokio::test]
async fn a_provider_error_after_part_of_a_stream_is_charged_by_usage_if_there_is() {
    let told = Reply::stream().chunk("ab").usage(&usage(10, 20)).breaks();
    assert_eq!(ends(&hello_stream(), told).await, exact(210_000));
}

#[tokio::test]
async fn a_provider_error_after_part_of_a_stream_is_charged_for_what_was_received() {
    let error = json!({"error": {"message": "overloaded"}});
    let begun = || Reply::stream().chunk("ab").chunk("cde");
    for reply in [begun().breaks(), begun(), begun().data(&error)] {
        let ending = ends(&hello_stream(), reply).await;
        assert_eq!(ending, counted(&hello_stream(), "abcde"));
    }
}

#[tokio::test]
async fn a_client_that_left_pays_the_usage_that_is_drained() {
    for request in [hello(), hello_stream()] {
        let shop = Shop::open("1").await;
        let gate = Gate::new();
        let reply = match request["stream"].as_bool() {
            Some(true) => Reply::chat_stream(&["Hello"], &usage(10, 20)),
            _ => Reply::chat("Hello", &usage(10, 20)),
        };
        shop.upstream.next(reply.held_by(&gate));
        tokio::select! {
            answer = shop.ask(&request) => panic!("answered: {}", answer.text),
            () = shop.upstream.wait_for(1) => {}
        }
        gate.let_pass(1);
        assert_eq!(shop.ending().await, exact(210_000));
    }
}

#[tokio::test]
async fn a_client_that_left_pays_what_was_counted_when_nothing_is_drained() {
    let upstream = ScriptedUpstream::start().await;
    let gate = Gate::new();
    upstream.next(Reply::stream().chunk("abc").wait(&gate).done());
    let undrained = GatewayConfig {
        max_drains: 0,
        ..config(&upstream)
    };
    let shop = Shop::of(upstream, undrained, "1").await;
    let mut body = shop.request(&hello_stream()).open().await.into_body();
    soon(body.frame()).await.unwrap().unwrap();
    drop(body);
    assert_eq!(shop.ending().await, counted(&hello_stream(), "abc"));
}

#[tokio::test]
async fn a_crash_after_something_was_delivered_charges_the_floor() {
    let shop = Shop::open("1").await;
    let gate = Gate::new();
    let reply = Reply::stream().chunk("abc").wait(&gate);
    shop.upstream
        .next(reply.finish().usage(&usage(10, 20)).done());
    let mut body = shop.request(&hello_stream()).open().await.into_body();
    soon(body.frame()).await.unwrap().unwrap();
    let ending = shop.ending_after_crash(&shop.app.after_crash()).await;
    assert_eq!(
        (ending.state, ending.estimated),
        (CallState::Recovered, true)
    );
    let delivered = counted(&hello_stream(), "abc").charged;
    let whole = counted(&hello_stream(), &"x".repeat(1000)).charged;
    assert!(
        (delivered..=whole).contains(&ending.charged),
        "at least what was delivered, at most the limit: {ending:?}"
    );
    gate.let_pass(1);
    soon(body.collect()).await.unwrap();
    assert_eq!(shop.ending().await, exact(210_000), "without the crash");
}

#[tokio::test]
async fn a_crash_before_anything_was_delivered_is_free() {
    for request in [hello(), hello_stream()] {
        let shop = Shop::open("1").await;
        let gate = Gate::new();
        shop.upstream
            .next(Reply::chat("Hi", &usage(10, 20)).held_by(&gate));
        let crash = async {
            shop.upstream.wait_for(1).await;
            let ending = shop.ending_after_crash(&shop.app.after_crash()).await;
            gate.let_pass(1);
            ending
        };
        let (_, ending) = soon(async { tokio::join!(shop.ask(&request), crash) }).await;
        assert_eq!(ending, VOID);
    }
}
