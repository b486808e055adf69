//! `kill -9` under load: every answer a client saw whole is charged exactly
//! once, every provider call has its row, and the books balance.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use http_body_util::BodyExt;
use hyper::Method;
use keypurse_core::money::Money;
use keypurse_store_sqlite::{CallState, FinishedCall, audit, finished_calls};
use serde_json::{Value, json};

use crate::client::{Client, request_id};
use crate::process::{ACCOUNT_KEY, PATIENCE, Setup};
use crate::provider::{INPUT_TOKENS, PIECES, Provider};

const KILLS: usize = 100;
/// Clients that always have a call under way, every other one a stream.
const CLIENTS: usize = 32;
/// Calls in flight at each kill at least.
const IN_FLIGHT: usize = 16;
/// Whole answers per life of the process at least: 100 × 12 = 1,200 in all.
const ANSWERS_PER_LIFE: usize = 12;

/// What the clients saw, shared by all of them.
#[derive(Debug, Default)]
struct Seen {
    /// Request ids of answers that arrived whole.
    whole: Mutex<Vec<String>>,
    /// Request ids of streams that had delivered something when they broke.
    cut: Mutex<Vec<String>>,
    in_flight: AtomicUsize,
    streams_in_flight: AtomicUsize,
    is_over: AtomicBool,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_under_load_loses_and_invents_no_charge() {
    let folder = tempfile::tempdir().unwrap();
    let provider = Provider::start().await;
    let setup = Setup::new(folder.path()).config(&provider.config());
    let mut process = setup.start().await;
    let secret = create_token(&Client::new(&setup.address)).await;
    let seen = Arc::new(Seen::default());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let client = Client::new(&setup.address);
            tokio::spawn(keep_calling(
                client,
                secret.clone(),
                number % 2 == 0,
                Arc::clone(&seen),
            ))
        })
        .collect();
    let mut smallest = usize::MAX;
    for life in 1..=KILLS {
        smallest = smallest.min(wait_for_work(&seen, life * ANSWERS_PER_LIFE).await);
        process.kill();
        process = setup.start().await;
    }
    seen.is_over.store(true, Ordering::SeqCst);
    for client in clients {
        client.await.unwrap();
    }
    assert!(process.terminate().success(), "{}", process.log());
    prove(&setup, &provider, &seen, smallest);
}

async fn create_token(client: &Client) -> String {
    let body = json!({"name": "crash", "balance": "1000", "active_balance": true});
    let answer = client
        .post("/v2/user/custom_token/", ACCOUNT_KEY, &body)
        .await
        .unwrap();
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["token"].as_str().unwrap().to_owned()
}

/// Waits until enough was answered in this life and enough is in flight.
async fn wait_for_work(seen: &Seen, answers: usize) -> usize {
    let started = Instant::now();
    loop {
        let in_flight = seen.in_flight.load(Ordering::SeqCst);
        let streams = seen.streams_in_flight.load(Ordering::SeqCst);
        let answered = seen.whole.lock().unwrap().len();
        if answered >= answers && in_flight >= IN_FLIGHT && streams >= IN_FLIGHT / 2 {
            return in_flight;
        }
        assert!(
            started.elapsed() < PATIENCE,
            "{answered} answers, {in_flight} in flight"
        );
        tokio::task::yield_now().await;
    }
}

/// Calls again and again; a broken connection is what this test is about.
async fn keep_calling(client: Client, secret: String, streams: bool, seen: Arc<Seen>) {
    let body = json!({
        "model": "canary/model", "stream": streams,
        "messages": [{"role": "user", "content": "hello"}],
    });
    while !seen.is_over.load(Ordering::SeqCst) {
        seen.in_flight.fetch_add(1, Ordering::SeqCst);
        seen.streams_in_flight
            .fetch_add(usize::from(streams), Ordering::SeqCst);
        call(&client, &secret, &body, &seen).await;
        seen.streams_in_flight
            .fetch_sub(usize::from(streams), Ordering::SeqCst);
        seen.in_flight.fetch_sub(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
    }
}

async fn call(client: &Client, secret: &str, body: &Value, seen: &Seen) {
    let path = "/v1/chat/completions";
    let Ok(response) = client.open(Method::POST, path, secret, Some(body)).await else {
        return;
    };
    let (status, id) = (response.status().as_u16(), request_id(&response));
    if status == 503 {
        return; // draining at the end
    }
    assert_eq!(status, 200);
    let is_stream = body["stream"] == true;
    let (mut text, mut body) = (String::new(), response.into_body());
    let ended_well = loop {
        match body.frame().await {
            None => break true,
            Some(Err(_)) => break false,
            Some(Ok(frame)) => {
                let data = frame.into_data().unwrap_or_default();
                text.push_str(std::str::from_utf8(&data).unwrap());
            }
        }
    };
    if ended_well && (!is_stream || text.ends_with("data: [DONE]\n\n")) {
        seen.whole.lock().unwrap().push(id);
    } else if text.contains("\"content\"") {
        seen.cut.lock().unwrap().push(id);
    }
}

fn prove(setup: &Setup, provider: &Provider, seen: &Seen, smallest: usize) {
    let database = setup.data_dir().join("keypurse.db");
    let report = audit(&database).unwrap();
    assert_eq!((report.open_holds, report.house), (0, Money::ZERO));
    let rows: HashMap<String, FinishedCall> = finished_calls(&database)
        .unwrap()
        .into_iter()
        .map(|row| (row.call.to_string(), row))
        .collect();
    let cost = Money::from_nanos(i64::try_from(INPUT_TOKENS * 1_000 + PIECES * 10_000).unwrap());

    let whole = seen.whole.lock().unwrap();
    assert_eq!(
        whole.iter().collect::<HashSet<_>>().len(),
        whole.len(),
        "a request id repeats"
    );
    for id in whole.iter() {
        let row = rows
            .get(id)
            .unwrap_or_else(|| panic!("{id} was answered and has no row"));
        assert_eq!((row.state, row.charged), (CallState::Settled, cost), "{id}");
    }
    let cut = seen.cut.lock().unwrap();
    for id in cut.iter() {
        let row = rows
            .get(id)
            .unwrap_or_else(|| panic!("{id} was delivered and has no row"));
        assert!(
            row.charged > Money::ZERO,
            "{id} was delivered in part and is free: {row:?}"
        );
    }
    let calls = provider.calls();
    for id in &calls {
        assert!(rows.contains_key(id), "provider call {id} has no row");
    }
    assert!(whole.len() >= KILLS * ANSWERS_PER_LIFE);
    println!(
        "{KILLS} kills, {smallest} calls or more in flight at each, {} whole answers, {} streams \
         cut after a part, {} provider calls, {} rows, ${} charged",
        whole.len(),
        cut.len(),
        calls.len(),
        rows.len(),
        report.charged
    );
}
