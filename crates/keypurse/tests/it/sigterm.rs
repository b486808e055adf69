//! SIGTERM while a hundred streams run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hyper::Method;
use keypurse_core::money::Money;
use keypurse_store_sqlite::CallState;
use keypurse_testkit::upstream::{Gate, Reply, ScriptedUpstream, usage};

use crate::client::{Client, request_id};
use crate::process::{PATIENCE, Process, Setup};
use crate::provider::config_of;
use crate::shop::{Begun, CHAT, hello, proven, token};

const STREAMS: usize = 100;

struct Node {
    setup: Setup,
    process: Process,
    upstream: ScriptedUpstream,
    client: Client,
    secret: String,
    gate: Gate,
    streams: Vec<Begun>,
}

impl Node {
    /// A node with a hundred streams under way that wait at the gate.
    async fn streaming(folder: &std::path::Path, drain_seconds: &str) -> Self {
        let upstream = ScriptedUpstream::start().await;
        let setup = Setup::new(folder)
            .config(&config_of(upstream.base_url()))
            .argument("--drain-timeout-seconds")
            .argument(drain_seconds);
        let process = setup.start().await;
        let client = Client::new(&setup.address);
        let (secret, gate) = (token(&client, "t").await, Gate::new());
        let begun = Reply::stream().chunk("abc").wait(&gate).finish();
        upstream.always(begun.usage(&usage(7, 20)).done());
        let mut streams = Vec::new();
        for _ in 0..STREAMS {
            streams.push(Begun::call(&client, &secret).await);
        }
        Self {
            setup,
            process,
            upstream,
            client,
            secret,
            gate,
            streams,
        }
    }

    /// Exit code 0, at the latest five seconds after `drain`.
    async fn ends_well(&mut self, asked: Instant, drain: Duration) {
        let status = loop {
            if let Some(status) = self.process.ended() {
                break status;
            }
            assert!(asked.elapsed() < PATIENCE, "{}", self.process.log());
            tokio::task::yield_now().await;
        };
        assert!(status.success(), "{status}: {}", self.process.log());
        let took = asked.elapsed();
        assert!(took < drain + Duration::from_secs(5), "it took {took:?}");
        println!("stopped {took:?} after it was asked to");
    }
}

/// Refused while draining, or not heard at all: nothing was accepted and lost.
async fn keep_asking(client: Client, secret: String, is_over: Arc<AtomicBool>) -> Vec<String> {
    let mut answered = Vec::new();
    while !is_over.load(Ordering::SeqCst) {
        let Ok(answer) = client
            .open(Method::POST, CHAT, &secret, Some(&hello()))
            .await
        else {
            tokio::task::yield_now().await;
            continue;
        };
        if answer.status() == 200 {
            answered.push(request_id(&answer));
        } else {
            assert_eq!(answer.status(), 503);
        }
    }
    answered
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_streams_finish_after_sigterm_and_no_accepted_call_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::streaming(folder.path(), "15").await;
    node.upstream.always(Reply::chat("Hi", &usage(7, 20)));
    let is_over = Arc::new(AtomicBool::new(false));
    let asking: Vec<_> = (0..4)
        .map(|_| {
            let client = Client::new(&node.setup.address);
            tokio::spawn(keep_asking(client, node.secret.clone(), is_over.clone()))
        })
        .collect();
    node.upstream.wait_for(STREAMS + 20).await;
    let asked = Instant::now();
    node.process.ask_to_stop();
    // It drains when a new call is refused, or the door is shut.
    loop {
        let refused = node.client.post(CHAT, &node.secret, &hello()).await;
        if refused.is_err() || refused.is_ok_and(|answer| answer.status == 503) {
            break;
        }
    }
    node.gate.let_pass(STREAMS);
    let mut ids = Vec::new();
    for stream in std::mem::take(&mut node.streams) {
        ids.push(stream.id.clone());
        assert!(stream.rest().await.ends_with("data: [DONE]\n\n"));
    }
    node.ends_well(asked, Duration::ZERO).await;
    is_over.store(true, Ordering::SeqCst);
    for client in asking {
        ids.extend(client.await.unwrap());
    }
    let rows = proven(&node.setup);
    let cost = Money::from_nanos(7 * 1_000 + 20 * 10_000);
    for id in &ids {
        assert_eq!(
            (rows[id].state, rows[id].charged),
            (CallState::Settled, cost)
        );
    }
    println!("{} answers, all charged", ids.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_while_calls_finish_is_told_that_it_drains() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::streaming(folder.path(), "15").await;
    let asked = Instant::now();
    node.process.ask_to_stop();
    while !node.process.log().contains("stopping") {
        assert!(asked.elapsed() < PATIENCE);
        tokio::task::yield_now().await;
    }
    // On connections of its own, as a load balancer's are.
    let prober = Client::new(&node.setup.address);
    let call = prober.post(CHAT, &node.secret, &hello()).await.unwrap();
    assert_eq!(call.status, 503);
    assert_eq!(call.json()["error"]["code"], "draining");
    for (path, expected) in [("/readyz", 503), ("/livez", 200)] {
        let answer = prober.get(path, &node.secret).await.unwrap();
        assert_eq!(answer.status, expected, "{path}");
    }
    node.gate.let_pass(STREAMS);
    for stream in std::mem::take(&mut node.streams) {
        assert!(stream.rest().await.ends_with("data: [DONE]\n\n"));
    }
    node.ends_well(asked, Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_outlast_the_drain_are_cut_with_an_error_and_charged() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::streaming(folder.path(), "1").await;
    let asked = Instant::now();
    node.process.ask_to_stop();
    all_are_cut(&mut node, asked, Duration::from_secs(1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_sigterm_waits_for_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::streaming(folder.path(), "3600").await;
    node.process.ask_to_stop();
    let started = Instant::now();
    while !node.process.log().contains("stopping") {
        assert!(started.elapsed() < PATIENCE);
        tokio::task::yield_now().await;
    }
    let asked = Instant::now();
    node.process.ask_to_stop();
    all_are_cut(&mut node, asked, Duration::ZERO).await;
}

async fn all_are_cut(node: &mut Node, asked: Instant, drain: Duration) {
    let mut ids = Vec::new();
    for stream in std::mem::take(&mut node.streams) {
        ids.push(stream.id.clone());
        let rest = stream.rest().await;
        assert!(
            rest.contains("draining") && !rest.contains("[DONE]"),
            "{rest}"
        );
    }
    node.ends_well(asked, drain).await;
    let rows = proven(&node.setup);
    assert_eq!(rows.len(), STREAMS);
    for id in &ids {
        assert_eq!(rows[id].state, CallState::Settled, "{id}");
        assert!(rows[id].charged >= Money::from_nanos(3 * 10_000), "{id}");
    }
}
