//! The server's edge from the outside: what only a process of its own shows.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::response::IntoResponse as _;
use http_body_util::BodyExt as _;
use serde_json::json;

use crate::client::Client;
use crate::process::{ACCOUNT_KEY, PATIENCE, Process, Setup};
use crate::provider::Provider;

const TOKENS: &str = "/v2/user/custom_token/";
const CHAT: &str = "/v1/chat/completions";

/// Sends it on a connection of its own; all that comes back.
fn ask(address: &str, parts: &[&[u8]]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    for part in parts {
        // It may be answered before it is all there.
        if stream.write_all(part).is_err() {
            break;
        }
    }
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn head(more: &str) -> String {
    format!(
        "POST {CHAT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ACCOUNT_KEY}\r\n\
         Content-Type: application/json\r\nConnection: close\r\n{more}\r\n\r\n"
    )
}

/// Most memory the process has had so far, in KiB.
fn peak_kib(process: &Process) -> u64 {
    let path = format!("/proc/{}/status", process.pid());
    let status = std::fs::read_to_string(path).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.unwrap().trim().split(' ').next().unwrap();
    number.parse().unwrap()
}

/// The processor's time it has used so far.
fn cpu(process: &Process) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.pid())).unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    let ticks = |index: usize| fields[index].parse::<u64>().unwrap();
    // In hundredths of a second, on every Linux.
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}

#[tokio::test]
async fn h3_bodies_beyond_every_limit_are_refused_and_take_no_memory() {
    const MIB: usize = 1 << 20;
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(folder.path()).argument("--max-body-mib=10");
    let mut process = setup.start().await;
    let address = &setup.address;
    let small = ask(address, &[head("Content-Length: 2").as_bytes(), b"{}"]);
    assert!(small.starts_with("HTTP/1.1 400 "), "{small}");
    let before = peak_kib(&process);
    let announced = head(&format!("Content-Length: {}", 10 * MIB + 1));
    let piece = vec![b' '; MIB];
    let mut parts: Vec<&[u8]> = vec![announced.as_bytes()];
    parts.extend((0..10).map(|_| &piece[..]));
    parts.push(b" ");
    let answer = ask(address, &parts);
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let zipped = head(&format!(
        "Content-Encoding: gzip\r\nContent-Length: {}",
        10 * MIB
    ));
    parts[0] = zipped.as_bytes();
    parts.pop();
    let answer = ask(address, &parts);
    assert!(answer.starts_with("HTTP/1.1 415 "), "{answer}");
    let deep = format!(
        r#"{{"model":{}1{}}}"#,
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let length = head(&format!("Content-Length: {}", deep.len()));
    let answer = ask(address, &[length.as_bytes(), deep.as_bytes()]);
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let grown = peak_kib(&process) - before;
    println!("{grown} KiB more at most");
    assert!(grown < 20 << 10, "{grown} KiB");
    // A body whose length nobody says is kept until it is too long.
    let chunked = head("Transfer-Encoding: chunked");
    let chunk = [format!("{MIB:x}\r\n").as_bytes(), &piece, b"\r\n"].concat();
    let mut parts: Vec<&[u8]> = vec![chunked.as_bytes()];
    parts.extend((0..11).map(|_| &chunk[..]));
    let answer = ask(address, &parts);
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(process.terminate().success());
}

#[tokio::test]
async fn h5_a_process_with_few_file_descriptors_survives_a_crowd() {
    let folder = tempfile::tempdir().unwrap();
    let mut setup = Setup::new(folder.path()).argument("--demo");
    setup.under = vec!["prlimit".to_owned(), "--nofile=256:256".to_owned()];
    let mut process = setup.start().await;
    let idle: Vec<TcpStream> = (0..1000)
        .filter_map(|_| TcpStream::connect(&setup.address).ok())
        .collect();
    assert!(idle.len() > 256, "{} came", idle.len());
    let before = cpu(&process);
    // Nobody asks anything meanwhile.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let used = cpu(&process).saturating_sub(before);
    println!(
        "{} clients at 256 descriptors; {used:?} of work in 500 ms",
        idle.len()
    );
    assert!(used < Duration::from_millis(250), "it spins: {used:?}");
    drop(idle);
    let client = Client::new(&setup.address);
    let body = json!({"name": "t", "token_type": "sandbox_api_token"});
    let started = Instant::now();
    let answer = loop {
        match client.post(TOKENS, ACCOUNT_KEY, &body).await {
            Ok(answer) => break answer,
            Err(error) => assert!(started.elapsed() < PATIENCE, "{error}"),
        }
    };
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert!(process.log().contains("too few file descriptors"));
    assert!(process.terminate().success());
}

#[tokio::test]
async fn h5_a_process_without_any_descriptor_left_rests_and_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(folder.path());
    let mut process = setup.start().await;
    // It has raised the limit itself; nothing is left above what is open.
    let limit = |soft: &str| {
        let status = std::process::Command::new("prlimit")
            .args([
                format!("--pid={}", process.pid()),
                format!("--nofile={soft}:"),
            ])
            .status();
        assert!(status.unwrap().success());
    };
    limit("8");
    let waiting: Vec<_> = (0..20)
        .map(|_| TcpStream::connect(&setup.address).unwrap())
        .collect();
    let before = cpu(&process);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let used = cpu(&process).saturating_sub(before);
    println!("{used:?} of work in 500 ms without a descriptor");
    assert!(used < Duration::from_millis(250), "it spins: {used:?}");
    limit("1024");
    for mut stream in waiting {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let said = process
        .log()
        .matches("connections cannot be accepted")
        .count();
    assert_eq!(said, 1, "a log full of it would be an attack");
    assert!(process.terminate().success());
}

/// How long the slowest but two of a hundred requests take.
async fn slowest(client: &Client) -> Duration {
    let mut took = Vec::new();
    for _ in 0..100 {
        let started = Instant::now();
        let answer = client
            .get(&format!("{TOKENS}?page_size=1"), ACCOUNT_KEY)
            .await;
        assert_eq!(answer.unwrap().status, 200);
        took.push(started.elapsed());
    }
    took.sort();
    took[97]
}

#[tokio::test]
async fn h1_two_thousand_slow_clients_do_not_slow_a_good_one() {
    /// What the machine's own hiccups may be.
    const FLOOR: Duration = Duration::from_millis(25);
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(folder.path());
    let mut process = setup.start().await;
    let client = Client::new(&setup.address);
    let alone = slowest(&client).await;
    let mut slow: Vec<TcpStream> = (0..2000)
        .map(|_| TcpStream::connect(&setup.address).unwrap())
        .collect();
    for (index, stream) in slow.iter_mut().enumerate() {
        stream.set_nonblocking(true).unwrap();
        let begun = match index % 2 {
            0 => "GET /livez HTTP/1.1\r\nX-Slow: ".to_owned(),
            _ => head("Content-Length: 1000"),
        };
        let _ = stream.write_all(begun.as_bytes());
    }
    let dripping = tokio::task::spawn_blocking(move || {
        let started = Instant::now();
        while !slow.is_empty() && started.elapsed() < PATIENCE {
            slow.retain_mut(|stream| is_open(stream) && stream.write_all(b"x").is_ok());
            std::thread::sleep(Duration::from_millis(250));
        }
        (slow.len(), started.elapsed())
    });
    let beside = slowest(&client).await;
    let (left, lasted) = dripping.await.unwrap();
    println!(
        "2,000 slow clients were gone within {lasted:?}; p98 {alone:?} alone, {beside:?} beside them"
    );
    assert_eq!(left, 0);
    assert!(
        beside <= (alone * 2).max(FLOOR),
        "{alone:?} became {beside:?}"
    );
    assert!(process.terminate().success());
}

/// Whether the other side still listens; what it says is read and dropped.
fn is_open(stream: &mut TcpStream) -> bool {
    let mut said = [0; 1024];
    match stream.read(&mut said) {
        Ok(0) => false,
        Ok(_) => true,
        Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
    }
}

#[tokio::test]
async fn h6_a_proxy_in_the_environment_is_not_asked() {
    let canary = TcpListener::bind("127.0.0.2:0").unwrap();
    canary.set_nonblocking(true).unwrap();
    let proxy = canary.local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let provider = Provider::start().await;
    let mut setup = Setup::new(folder.path()).config(&provider.config());
    setup.under = vec!["env".to_owned()];
    for name in [
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
    ] {
        setup.under.push(format!("{name}=http://{proxy}"));
    }
    let mut process = setup.start().await;
    let client = Client::new(&setup.address);
    let body = json!({"name": "t", "balance": "1", "active_balance": true});
    let created = client
        .post(TOKENS, ACCOUNT_KEY, &body)
        .await
        .unwrap()
        .json();
    let secret = created["token"].as_str().unwrap();
    let call = json!({"model": "canary/model", "messages": [{"role": "user", "content": "Hi"}]});
    let answer = client.post(CHAT, secret, &call).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
    let visited = canary.accept();
    assert!(visited.is_err(), "the proxy was asked: {visited:?}");
    assert!(process.terminate().success());
}

/// Answers whole after ten milliseconds, and streams without an end.
async fn endless_provider() -> std::net::SocketAddr {
    let chunk = |text: &str| {
        let chunk = json!({"id": "c", "object": "chat.completion.chunk", "created": 1,
            "model": "m", "choices": [{"index": 0, "delta": {"content": text},
            "finish_reason": null}]});
        bytes::Bytes::from(format!("data: {chunk}\n\n"))
    };
    let answer = move |body: bytes::Bytes| async move {
        let asked: serde_json::Value = serde_json::from_slice(&body).unwrap();
        if asked["stream"] == true {
            let piece = chunk(&"x".repeat(4000));
            let pieces = futures_util::stream::unfold(piece, |piece| async move {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Some((Ok::<_, std::convert::Infallible>(piece.clone()), piece))
            });
            let headers = [("content-type", "text/event-stream")];
            return (headers, Body::from_stream(pieces)).into_response();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        let answer = json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [{"index": 0, "finish_reason": "stop",
                "message": {"role": "assistant", "content": "Hi"}}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1}});
        axum::Json(answer).into_response()
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = axum::Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// What its clients left is read for as long, if it does not end before.
const CALL_SECONDS: u64 = 60;

/// A process with that provider, free, and a token of it.
async fn endless(folder: &std::path::Path) -> (Process, Client, String) {
    let provider = endless_provider().await;
    let config = format!(
        "[providers.up]\nkind = \"openai\"\nbase_url = \"http://{provider}/v1\"\nfree = true\n\
         total_timeout_seconds = {CALL_SECONDS}\n\
         [[prices]]\nmodel = \"up/m\"\ninput_per_million = \"0\"\noutput_per_million = \"0\"\n\
         max_output_tokens = 1000000000\n"
    );
    let process = Setup::new(folder).config(&config).start().await;
    let client = Client::new(&process.address);
    let body = json!({"name": "t"});
    let created = client
        .post(TOKENS, ACCOUNT_KEY, &body)
        .await
        .unwrap()
        .json();
    let secret = created["token"].as_str().unwrap().to_owned();
    (process, client, secret)
}

fn call(streamed: bool) -> serde_json::Value {
    json!({"model": "up/m", "stream": streamed, "max_tokens": 1_000_000_000,
        "messages": [{"role": "user", "content": "Hi"}]})
}

/// What `/proc` says of a process: resident memory in KiB, open descriptors.
fn resources(process: &Process) -> (u64, usize) {
    let folder = format!("/proc/{}", process.pid());
    let status = std::fs::read_to_string(format!("{folder}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let memory = line.unwrap().trim().split(' ').next().unwrap().parse();
    let descriptors = std::fs::read_dir(format!("{folder}/fd")).unwrap().count();
    (memory.unwrap(), descriptors)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute: the server waits half of one for who does not read"]
async fn h10_streams_with_stalled_readers_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (mut process, client, secret) = endless(folder.path()).await;
    let (_, idle) = resources(&process);
    let open = || client.open(hyper::Method::POST, CHAT, &secret, None);
    drop(open().await);
    let mut streams = Vec::new();
    for index in 0..200 {
        let body = call(true);
        let answer = client
            .open(hyper::Method::POST, CHAT, &secret, Some(&body))
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
        streams.push((index, answer.into_body()));
    }
    // Every tenth reads nothing; the others read to their end.
    let (stalled, reading): (Vec<_>, Vec<_>) =
        streams.into_iter().partition(|(index, _)| index % 10 == 0);
    let readers: Vec<_> = reading
        .into_iter()
        .map(|(_, mut body)| {
            tokio::spawn(
                async move { while body.frame().await.is_some_and(|frame| frame.is_ok()) {} },
            )
        })
        .collect();
    let mut most = Vec::new();
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_secs(12)).await;
        most.push(resources(&process).0);
    }
    for reader in &readers {
        reader.abort();
    }
    drop((stalled, readers));
    drop(client);
    let started = Instant::now();
    while resources(&process).1 > idle + 8 {
        assert!(
            started.elapsed() < PATIENCE,
            "{:?} of {idle}",
            resources(&process)
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!("{most:?} KiB every 12 s with 200 streams, 20 of them stalled");
    assert!(most.iter().all(|kib| *kib < 256 << 10), "{most:?}");
    assert!(most[3] < most[1] + (16 << 10), "it grows: {most:?}");
    assert!(process.terminate().success());
}

/// How many calls of so many clients are answered in two seconds, and how many
/// are refused.
async fn goodput(client: &Client, secret: &str, clients: usize) -> (usize, usize) {
    let until = Instant::now() + Duration::from_secs(2);
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..clients {
        let (client, secret) = (client.clone(), secret.to_owned());
        running.spawn(async move {
            let (mut answered, mut refused) = (0, 0);
            while Instant::now() < until {
                let body = call(false);
                let answer = client
                    .open(hyper::Method::POST, CHAT, &secret, Some(&body))
                    .await;
                let answer = answer.unwrap();
                match answer.status().as_u16() {
                    200 => answered += 1,
                    503 => {
                        assert!(answer.headers().contains_key("retry-after"));
                        refused += 1;
                    }
                    other => panic!("{other}"),
                }
                answer.into_body().collect().await.unwrap();
            }
            (answered, refused)
        });
    }
    let all = running.join_all().await;
    all.into_iter()
        .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures: it wants the machine for itself"]
async fn h9_at_five_times_the_load_as_much_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let (mut process, client, secret) = endless(folder.path()).await;
    let (peak, _) = goodput(&client, &secret, 64).await;
    let (loaded, refused) = goodput(&client, &secret, 320).await;
    println!("{peak} answers at 64 clients, {loaded} at 320, {refused} refused");
    assert!(loaded * 10 >= peak * 8, "{loaded} of {peak}");
    assert!(process.terminate().success());
    let path = folder.path().join("data/keypurse.db");
    let report = keypurse_store_sqlite::audit(&path).unwrap();
    assert_eq!(report.open_holds, 0);
}
