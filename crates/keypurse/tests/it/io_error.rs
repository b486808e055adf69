//! A disk that fails a write or its flush: nobody knows then what is on it, so
//! the process stops at once and the next start finds out.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use keypurse_core::money::Money;
use keypurse_store_sqlite::CallState;

use crate::client::{Client, request_id};
use crate::process::{PATIENCE, Process, Setup};
use crate::provider::{INPUT_TOKENS, PIECES, Provider};
use crate::shop::{CHAT, hello, hello_stream, proven, token};

const CLIENTS: usize = 8;
/// What a service manager restarts.
const RESTART: i32 = 70;
/// A start that cannot write says so and ends with this.
const REFUSED: i32 = 1;
/// Asked to stop, because the failed flush was a checkpoint's: what that was to
/// write back is in the log still, so the process goes on.
const STOPPED: i32 = 0;

/// System calls that fail, counted per thread.
const FLUSHES: &str = "fsync,fdatasync";
const WRITES: &str = "pwrite64";

struct Node {
    setup: Setup,
    provider: Provider,
    secret: String,
    /// Request ids of answers that arrived whole.
    whole: Arc<Mutex<Vec<String>>>,
}

impl Node {
    async fn set_up(folder: &std::path::Path) -> Self {
        let provider = Provider::start().await;
        let setup = Setup::new(folder).config(&provider.config());
        let mut process = setup.start().await;
        let secret = token(&Client::new(&setup.address), "t").await;
        assert!(process.terminate().success());
        let whole = Arc::default();
        Self {
            setup,
            provider,
            secret,
            whole,
        }
    }

    /// A life under load that ends with the `nth` of these calls failing.
    async fn live_until(&self, calls: &str, nth: usize) -> i32 {
        let mut setup = self.setup.clone();
        // `-D`: the process is ours, and strace watches from the side.
        let inject = format!("inject={calls}:error=EIO:when={nth}");
        let trace = format!("trace={calls}");
        // Of the log alone: SQLite does not mind whether a folder is flushed,
        // which is why a start does that itself.
        let log = setup.data_dir().join("keypurse.db-wal");
        let strace = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-P"];
        setup.under = strace.map(str::to_owned).to_vec();
        setup.under.push(log.to_str().unwrap().to_owned());
        setup
            .under
            .extend(["-e", &trace, "-e", &inject].map(str::to_owned));
        // What it logs is asked, and that of earlier lives is not it.
        let _ = std::fs::remove_file(setup.folder.join("stderr"));
        let mut process = setup.spawn();
        let is_over = Arc::new(AtomicBool::new(false));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| tokio::spawn(self.keep_calling(number, Arc::clone(&is_over))))
            .collect();
        let code = ended(&mut process).await;
        is_over.store(true, Ordering::SeqCst);
        for client in clients {
            client.await.unwrap();
        }
        code
    }

    fn keep_calling(
        &self,
        number: usize,
        is_over: Arc<AtomicBool>,
    ) -> impl Future<Output = ()> + Send + use<> {
        let client = Client::new(&self.setup.address);
        let (secret, whole) = (self.secret.clone(), Arc::clone(&self.whole));
        let body = [hello(), hello_stream()][number % 2].clone();
        async move {
            while !is_over.load(Ordering::SeqCst) {
                if let Some(id) = call(&client, &secret, &body).await {
                    whole.lock().unwrap().push(id);
                }
                tokio::task::yield_now().await;
            }
        }
    }

    /// A start on what is there, and the books against what clients saw.
    async fn prove(&self) {
        let mut process = self.setup.start().await;
        assert!(process.terminate().success(), "{}", process.log());
        let rows = proven(&self.setup);
        let nanos = INPUT_TOKENS * 1_000 + PIECES * 10_000;
        let cost = Money::from_nanos(i64::try_from(nanos).unwrap());
        for id in self.whole.lock().unwrap().iter() {
            let row = rows.get(id).unwrap_or_else(|| panic!("{id} has no row"));
            assert_eq!((row.state, row.charged), (CallState::Settled, cost), "{id}");
        }
        for id in self.provider.calls() {
            assert!(rows.contains_key(&id), "provider call {id} has no row");
        }
    }
}

/// The id of an answer that arrives whole.
async fn call(client: &Client, secret: &str, body: &serde_json::Value) -> Option<String> {
    use http_body_util::BodyExt;
    let sent = client
        .open(hyper::Method::POST, CHAT, secret, Some(body))
        .await;
    let response = sent.ok().filter(|response| response.status() == 200)?;
    let id = request_id(&response);
    let bytes = response.into_body().collect().await.ok()?.to_bytes();
    let is_whole = body["stream"] != true || bytes.ends_with(b"data: [DONE]\n\n");
    is_whole.then_some(id)
}

async fn ended(process: &mut Process) -> i32 {
    let started = Instant::now();
    loop {
        if let Some(status) = process.ended() {
            return status.code().expect("it ends by itself");
        }
        if process.log().contains("a checkpoint failed") {
            return process.terminate().code().expect("it ends when asked");
        }
        assert!(
            started.elapsed() < PATIENCE,
            "still lives: {}",
            process.log()
        );
        tokio::task::yield_now().await;
    }
}

async fn fail_each(calls: &str, nths: impl Iterator<Item = usize>) {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::set_up(folder.path()).await;
    let (mut stopped_at_once, mut during_start, mut at_checkpoint) = (0, 0, 0);
    for nth in nths {
        match node.live_until(calls, nth).await {
            RESTART => stopped_at_once += 1,
            REFUSED => during_start += 1,
            STOPPED => at_checkpoint += 1,
            code => panic!("{calls} {nth}: ended with {code}"),
        }
        node.prove().await;
    }
    let whole = node.whole.lock().unwrap().len();
    assert!(whole > 0 && stopped_at_once > 0);
    println!(
        "a failed {calls} stopped {stopped_at_once} lives at once, {during_start} while they \
         started, and was a checkpoint's in {at_checkpoint}; {whole} whole answers"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_flush_stops_the_process_and_loses_no_charge() {
    fail_each(FLUSHES, [1, 2, 7, 40].into_iter()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_write_stops_the_process_and_loses_no_charge() {
    fail_each(WRITES, [1, 4, 50, 301].into_iter()).await;
}

/// The long half: `cargo test -p keypurse --test it io_error -- --ignored`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes; the slow suite runs it"]
async fn every_one_of_two_hundred_failed_flushes_loses_no_charge() {
    fail_each(FLUSHES, 1..=200).await;
}

/// The long half of writes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes; the slow suite runs it"]
async fn every_one_of_two_hundred_failed_writes_loses_no_charge() {
    fail_each(WRITES, (1..=200).map(|step| step * 5)).await;
}
