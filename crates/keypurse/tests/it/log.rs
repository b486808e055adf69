//! The log of a process: JSON, a line for each request, no secrets, and nobody
//! who waits for it.

use std::io::Read;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::client::Client;
use crate::process::{ACCOUNT_KEY, PATIENCE, Setup};

const TOKENS: &str = "/v2/user/custom_token/";

#[tokio::test]
async fn each_request_and_each_call_has_a_line_of_json() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(folder.path())
        .argument("--demo")
        .argument("--log-format=json")
        .argument("--access-log");
    let mut process = setup.start().await;
    let client = Client::new(&setup.address);
    let body = json!({"name": "team", "balance": "1", "active_balance": true});
    let made = client.post(TOKENS, ACCOUNT_KEY, &body).await.unwrap();
    let secret = made.json()["token"].as_str().unwrap().to_owned();
    let hello = json!({"model": "demo/echo", "messages": [{"role": "user", "content": "hi"}]});
    let path = "/v1/chat/completions?key=query-canary";
    let answer = client.post(path, &secret, &hello).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(process.terminate().success());
    let log = std::fs::read_to_string(folder.path().join("stderr")).unwrap();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
        .collect();
    let about = |message: &str| {
        let mut found = lines.iter().filter(|line| {
            line["target"] == "keypurse_access" && line["fields"]["message"] == message
        });
        let last = found.next_back();
        last.unwrap_or_else(|| panic!("no line says `{message}`: {log}"))["fields"].clone()
    };
    let (settled, answered) = (about("settled"), about("answered"));
    assert_eq!(settled["model"], "echo");
    assert_eq!(settled["status"], 200);
    assert!(
        settled["cost"].is_string() && settled["input"].is_u64(),
        "{settled}"
    );
    assert!(answered["request_id"].as_str().unwrap().starts_with("req_"));
    assert!(!log.contains("query-canary") && !log.contains(&secret));
}

/// I-5: stderr is a pipe that nobody reads.
#[tokio::test]
async fn i5_calls_go_on_when_nobody_reads_the_log_and_lost_lines_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(folder.path())
        .argument("--log=trace")
        .argument("--metrics=open");
    let mut command = setup.command();
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stderr.take().unwrap();
    let client = Client::new(&setup.address);
    let began = std::time::Instant::now();
    while !client
        .get("/readyz", "")
        .await
        .is_ok_and(|answer| answer.status == 200)
    {
        assert!(began.elapsed() < PATIENCE, "not ready");
        tokio::task::yield_now().await;
    }
    let dropped = async || {
        let page = client.get("/metrics", "").await.unwrap();
        assert_eq!(page.status, 200, "{}", page.text);
        let line = page.text.lines().find_map(|line| {
            line.strip_prefix("keypurse_log_lines_dropped_total ")
                .map(str::to_owned)
        });
        line.unwrap().parse::<u64>().unwrap()
    };
    while dropped().await == 0 {
        // Thousands of requests, on a machine that may be busy.
        assert!(began.elapsed() < 6 * PATIENCE, "the pipe never filled");
        let answer = client.get(TOKENS, ACCOUNT_KEY).await.unwrap();
        assert_eq!(answer.status, 200);
    }
    let asked = std::process::Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status();
    assert!(asked.unwrap().success());
    // It ends though nobody has read a line of it.
    let ended = tokio::task::spawn_blocking(move || child.wait())
        .await
        .unwrap()
        .unwrap();
    assert!(ended.success(), "{ended:?}");
    let mut log = Vec::new();
    pipe.read_to_end(&mut log).unwrap();
    assert!(!log.is_empty());
}
