//! A disk that another program fills while calls run.

use std::time::{Duration, Instant};

use http_body_util::BodyExt;
use hyper::Method;
use keypurse_core::money::Money;
use keypurse_store_sqlite::CallState;
use keypurse_testkit::upstream::{Gate, Reply, ScriptedUpstream, usage};
use serde_json::json;
use tokio::task::JoinHandle;

use crate::client::{Client, request_id};
use crate::process::{ACCOUNT_KEY, PATIENCE, Process, Setup};
use crate::provider::config_of;
use crate::shop::{Begun, CHAT, TOKENS, hello, proven, token};
use crate::small_disk::SmallDisk;

const STREAMS: usize = 50;
const ANSWERS: usize = 10;
/// From space to the first call that is admitted.
const RECOVERY: Duration = Duration::from_secs(5);

async fn status(client: &Client, path: &str, key: &str) -> u16 {
    client.get(path, key).await.unwrap().status
}

/// Changes things until nothing more fits.
async fn until_money_is_refused(client: &Client) {
    let started = Instant::now();
    for number in 0.. {
        let body = json!({"name": format!("filler-{number}")});
        let answer = client.post(TOKENS, ACCOUNT_KEY, &body).await.unwrap();
        if answer.status == 503 {
            assert_eq!(answer.json()["error"]["type"], "ledger_unavailable");
            return;
        }
        assert_eq!(answer.status, 201, "{}", answer.text);
        assert!(started.elapsed() < PATIENCE, "{number} changes fit");
    }
}

async fn until_ready(client: &Client) -> Duration {
    let started = Instant::now();
    while status(client, "/readyz", "").await != 200 {
        assert!(started.elapsed() < RECOVERY, "not ready again");
        tokio::task::yield_now().await;
    }
    started.elapsed()
}

/// What is true of a node on a full disk.
async fn only_reads_work(client: &Client, secret: &str) {
    assert_eq!(status(client, TOKENS, ACCOUNT_KEY).await, 200);
    assert_eq!(
        status(client, "/v2/user/custom_token/me/", secret).await,
        200
    );
    assert_eq!(status(client, "/livez", "").await, 200);
    assert_eq!(status(client, "/readyz", "").await, 503);
    let refused = client
        .open(Method::POST, CHAT, secret, Some(&hello()))
        .await;
    let refused = refused.unwrap();
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "1");
    let body = refused.into_body().collect().await.unwrap().to_bytes();
    assert!(
        std::str::from_utf8(&body)
            .unwrap()
            .contains("\"ledger_unavailable\"")
    );
}

/// A node on a small disk, with calls that wait at the gate.
struct Node {
    setup: Setup,
    process: Process,
    upstream: ScriptedUpstream,
    client: Client,
    secret: String,
    gate: Gate,
    streams: Vec<Begun>,
    answers: Vec<JoinHandle<(u16, String)>>,
}

impl Node {
    async fn busy(setup: Setup, upstream: ScriptedUpstream) -> Self {
        let process = setup.start().await;
        let client = Client::new(&setup.address);
        let (secret, gate) = (token(&client, "t").await, Gate::new());
        let begun = Reply::stream().chunk("abc").wait(&gate).finish();
        upstream.always(begun.usage(&usage(7, 20)).done());
        let mut streams = Vec::new();
        for _ in 0..STREAMS {
            streams.push(Begun::call(&client, &secret).await);
        }
        upstream.always(Reply::chat("Hi", &usage(7, 20)).held_by(&gate));
        let answers = (0..ANSWERS).map(|_| {
            let (client, secret) = (client.clone(), secret.clone());
            tokio::spawn(async move {
                let answer = client
                    .open(Method::POST, CHAT, &secret, Some(&hello()))
                    .await;
                let answer = answer.unwrap();
                (answer.status().as_u16(), request_id(&answer))
            })
        });
        let answers = answers.collect();
        upstream.wait_for(STREAMS + ANSWERS).await;
        Self {
            setup,
            process,
            upstream,
            client,
            secret,
            gate,
            streams,
            answers,
        }
    }

    /// Lets everything under way finish; the ids of what was answered whole.
    async fn finish_all(&mut self) -> Vec<String> {
        self.gate.let_pass(STREAMS + ANSWERS);
        let mut ids = Vec::new();
        for stream in std::mem::take(&mut self.streams) {
            ids.push(stream.id.clone());
            let rest = stream.rest().await;
            assert!(
                rest.ends_with("data: [DONE]\n\n"),
                "{rest}\n{}",
                self.process.log()
            );
        }
        for answer in std::mem::take(&mut self.answers) {
            let (status, id) = answer.await.unwrap();
            assert_eq!(status, 200, "{}", self.process.log());
            ids.push(id);
        }
        ids
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_money_waits_running_calls_settle_and_reads_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = ScriptedUpstream::start().await;
    let setup = Setup::new(folder.path()).config(&config_of(upstream.base_url()));
    let name = "disk_full::on_a_full_disk_money_waits_running_calls_settle_and_reads_go_on";
    let Some(disk) = SmallDisk::mount(&setup.data_dir(), name) else {
        return;
    };
    let mut node = Node::busy(setup, upstream).await;
    let sandbox = json!({"name": "sandbox", "token_type": "sandbox_api_token"});
    let made = node.client.post(TOKENS, ACCOUNT_KEY, &sandbox).await;
    let sandbox = made.unwrap().json()["token"].as_str().unwrap().to_owned();
    let client = node.client.clone();
    let rehearse = async || client.post(CHAT, &sandbox, &hello()).await.unwrap();
    assert_eq!(rehearse().await.status, 200);
    disk.fill();
    until_money_is_refused(&node.client).await;
    only_reads_work(&node.client, &node.secret).await;
    assert_eq!(rehearse().await.status, 503, "nor can it be recorded");
    let ids = node.finish_all().await;
    // A leaked key can be ended on a full disk too.
    let filler = format!("{TOKENS}filler-0/");
    let deleted = node.client.delete(&filler, ACCOUNT_KEY).await.unwrap();
    assert!([204, 404].contains(&deleted.status), "{}", deleted.text);
    only_reads_work(&node.client, &node.secret).await;

    disk.free();
    let took = until_ready(&node.client).await;
    node.upstream.always(Reply::chat("Hi", &usage(7, 20)));
    let answer = node
        .client
        .post(CHAT, &node.secret, &hello())
        .await
        .unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
    let log = node
        .client
        .get("/v2/audit_log/", ACCOUNT_KEY)
        .await
        .unwrap();
    let log = log.json();
    let newest = &log["entries"][0];
    assert_eq!(
        (&newest["action"], &newest["subject"]),
        (&json!("fail_closed"), &json!("disk"))
    );
    assert!(newest["details"]["since"].as_str() < newest["details"]["until"].as_str());
    assert_eq!(rehearse().await.status, 200);
    assert!(node.process.terminate().success(), "{}", node.process.log());
    let rows = proven(&node.setup);
    let cost = Money::from_nanos(7 * 1_000 + 20 * 10_000);
    for id in &ids {
        assert_eq!(
            (rows[id].state, rows[id].charged),
            (CallState::Settled, cost)
        );
    }
    assert_eq!(
        rows.len(),
        STREAMS + ANSWERS + 1 + 2,
        "refused calls have no row"
    );
    println!(
        "{} calls settled on a full disk; ready {took:?} after space",
        ids.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_killed_on_a_full_disk_starts_there_and_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = ScriptedUpstream::start().await;
    let setup = Setup::new(folder.path()).config(&config_of(upstream.base_url()));
    let name = "disk_full::a_node_killed_on_a_full_disk_starts_there_and_recovers";
    let Some(disk) = SmallDisk::mount(&setup.data_dir(), name) else {
        return;
    };
    let mut process = setup.start().await;
    let client = Client::new(&setup.address);
    let (secret, gate) = (token(&client, "t").await, Gate::new());
    upstream.always(Reply::stream().chunk("abc").wait(&gate).done());
    let stream = Begun::call(&client, &secret).await;
    disk.fill();
    process.kill();
    process = setup.start_listening();
    until_money_is_refused(&client).await;
    only_reads_work(&client, &secret).await;
    disk.free();
    until_ready(&client).await;
    upstream.always(Reply::chat("Hi", &usage(7, 20)));
    let answer = client.post(CHAT, &secret, &hello()).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(process.terminate().success(), "{}", process.log());
    assert_eq!(proven(&setup)[&stream.id].state, CallState::Recovered);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_stops_in_order_on_a_disk_that_filled_unnoticed() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = ScriptedUpstream::start().await;
    let setup = Setup::new(folder.path()).config(&config_of(upstream.base_url()));
    let name = "disk_full::a_node_stops_in_order_on_a_disk_that_filled_unnoticed";
    let Some(disk) = SmallDisk::mount(&setup.data_dir(), name) else {
        return;
    };
    let mut process = setup.start().await;
    let client = Client::new(&setup.address);
    let secret = token(&client, "t").await;
    upstream.always(Reply::chat("Hi", &usage(7, 20)));
    let answer = client.post(CHAT, &secret, &hello()).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
    disk.fill();
    assert!(process.terminate().success(), "{}", process.log());
    disk.free();
    assert_eq!(proven(&setup).len(), 1, "the call that was answered");
}
