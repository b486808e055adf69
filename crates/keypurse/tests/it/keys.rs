//! New peppers and master keys, beside a busy server and without one.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Instant;

use serde_json::{Value, json};

use crate::client::Client;
use crate::process::{ACCOUNT_KEY, PATIENCE, Setup, keypurse};
use crate::provider::Provider;

const TOKENS: &str = "/v2/user/custom_token/";
const CHAT: &str = "/v1/chat/completions";
const CLIENTS: u32 = 8;
const ROTATIONS: u32 = 3;

fn text(output: &Output) -> String {
    let [stdout, stderr] =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    format!("{stdout}{stderr}")
}

fn keys(arguments: &[&str], data_dir: &Path) -> Command {
    let mut command = keypurse();
    command.arg("keys").args(arguments);
    command.arg("--data-dir").arg(data_dir);
    command
}

fn succeeded(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    text(&output)
}

fn refused(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    text(&output)
}

async fn create(client: &Client, name: &str) -> String {
    let body = json!({"name": name, "balance": "100", "active_balance": true});
    let answer = client.post(TOKENS, ACCOUNT_KEY, &body).await.unwrap();
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["token"].as_str().unwrap().to_owned()
}

fn hello() -> Value {
    json!({"model": "canary/model", "messages": [{"role": "user", "content": "hello"}]})
}

async fn status_of(client: &Client, secret: &str) -> u16 {
    client
        .get(&format!("{TOKENS}me/"), secret)
        .await
        .unwrap()
        .status
}

/// Calls, and lists tokens with the account's key, until it is over.
async fn keep_calling(
    client: Client,
    secret: String,
    over: Arc<AtomicBool>,
    served: Arc<AtomicU32>,
) {
    while !over.load(Ordering::SeqCst) {
        let answer = client.post(CHAT, &secret, &hello()).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text);
        let listed = client.get(TOKENS, ACCOUNT_KEY).await.unwrap();
        assert_eq!(listed.status, 200, "{}", listed.text);
        let listed = listed.json();
        let mut shown = listed
            .as_array()
            .unwrap()
            .iter()
            .map(|token| &token["token"]);
        assert!(shown.any(|token| *token == secret), "{listed}");
        served.fetch_add(1, Ordering::SeqCst);
    }
}

/// Waits until every client has been served some more.
async fn serve_some_more(served: &AtomicU32) {
    let (started, target) = (Instant::now(), served.load(Ordering::SeqCst) + 5 * CLIENTS);
    while served.load(Ordering::SeqCst) < target {
        assert!(started.elapsed() < PATIENCE);
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_rotated_and_retired_under_load_without_a_failed_call() {
    let folder = tempfile::tempdir().unwrap();
    let provider = Provider::start().await;
    let setup = Setup::new(folder.path()).config(&provider.config());
    let mut process = setup.start().await;
    let client = Client::new(&setup.address);
    let mut secrets = Vec::new();
    for number in 0..CLIENTS {
        secrets.push(create(&client, &format!("t{number}")).await);
    }
    let over = Arc::new(AtomicBool::new(false));
    let served = Arc::new(AtomicU32::new(0));
    let keep_calling = |secret: &String| {
        let (over, served) = (Arc::clone(&over), Arc::clone(&served));
        tokio::spawn(keep_calling(client.clone(), secret.clone(), over, served))
    };
    let clients: Vec<_> = secrets.iter().map(keep_calling).collect();
    let data_dir = setup.data_dir();
    for rotation in 1..=ROTATIONS {
        serve_some_more(&served).await;
        let said = succeeded(&mut keys(&["rotate"], &data_dir));
        let made = format!("made pepper-{}.key", rotation + 1);
        for part in [&made, "the running server has adopted them"] {
            assert!(said.contains(part), "{said}");
        }
    }
    serve_some_more(&served).await;
    retire_when_unused(&data_dir).await;
    serve_some_more(&served).await;
    back_up_with_keys(&data_dir, &folder.path().join("copy"));
    succeeded(&mut keys(&["rotate"], &data_dir));
    serve_some_more(&served).await;
    over.store(true, Ordering::SeqCst);
    for client in clients {
        client.await.unwrap();
    }
    assert!(process.terminate().success(), "{}", process.log());
    println!(
        "{} calls during {} rotations and a retirement, none failed",
        served.load(Ordering::SeqCst),
        ROTATIONS + 1
    );

    for kind in ["pepper", "master"] {
        let is_there = |name: &str| data_dir.join(format!("{kind}{name}.key")).exists();
        let left = ["", "-2", "-3", "-4", "-5"].map(is_there);
        assert_eq!(left, [false, false, false, true, true], "{kind}");
    }
    let mut process = setup.start().await;
    for secret in &secrets {
        assert_eq!(status_of(&client, secret).await, 200);
    }
    let answer = client.post(CHAT, &secrets[0], &hello()).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(process.terminate().success());
}

/// The server still knows of keys it no longer has files of.
fn back_up_with_keys(data_dir: &Path, to: &Path) {
    let mut backup = keypurse();
    backup.args(["backup", "--with-keys", "--data-dir"]);
    succeeded(backup.arg(data_dir).arg("--to").arg(to));
}

/// Sealed copies move within a second or so, the rest as it is used.
async fn retire_when_unused(data_dir: &Path) {
    let started = Instant::now();
    loop {
        let output = keys(&["retire"], data_dir).output().unwrap();
        if output.status.success() {
            assert!(
                text(&output).contains("removed pepper.key"),
                "{}",
                text(&output)
            );
            return;
        }
        assert!(text(&output).contains(" rely "), "{}", text(&output));
        assert!(started.elapsed() < PATIENCE, "{}", text(&output));
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_kill_in_the_middle_of_a_rotation_loses_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(folder.path());
    let mut process = setup.start().await;
    let client = Client::new(&setup.address);
    let mut secrets = Vec::new();
    for number in 0..20 {
        secrets.push(create(&client, &format!("t{number}")).await);
    }
    succeeded(&mut keys(&["rotate"], &setup.data_dir()));
    process.kill();
    // As if it had been killed between the two files of the next one.
    std::fs::write(setup.data_dir().join("pepper-3.12345"), [7; 5]).unwrap();
    succeeded(&mut keys(
        &["rotate", "--only", "pepper"],
        &setup.data_dir(),
    ));
    let mut process = setup.start().await;
    for secret in &secrets {
        assert_eq!(status_of(&client, secret).await, 200);
    }
    assert!(process.terminate().success());
}

#[tokio::test]
async fn a_version_in_use_is_kept_unless_its_tokens_are_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(folder.path()).argument("--reveal-secrets=false");
    let mut process = setup.start().await;
    let client = Client::new(&setup.address);
    let (used, unused) = (
        create(&client, "used").await,
        create(&client, "unused").await,
    );
    assert!(process.terminate().success());
    let data_dir = setup.data_dir();

    let said = succeeded(&mut keys(&["rotate", "--only", "pepper"], &data_dir));
    assert!(
        said.contains("made pepper-2.key") && !said.contains("made master"),
        "{said}"
    );
    let mut process = setup.start().await;
    assert_eq!(status_of(&client, &used).await, 200);
    assert_eq!(status_of(&client, &unused).await, 200);
    assert!(process.terminate().success());

    succeeded(&mut keys(&["rotate", "--only", "pepper"], &data_dir));
    let mut process = setup.start().await;
    assert_eq!(status_of(&client, &used).await, 200);
    let live = refused(&mut keys(&["retire", "--force"], &data_dir));
    assert!(live.contains("hint: stop the other process"), "{live}");
    assert!(process.terminate().success());
    let status = succeeded(&mut keys(&["status"], &data_dir));
    assert!(
        status.contains("old, in use") && status.contains("current"),
        "{status}"
    );
    let said = refused(&mut keys(&["retire"], &data_dir));
    assert!(
        said.contains("on pepper-2.key rely 1 secrets of tokens (unused)"),
        "{said}"
    );
    let said = succeeded(&mut keys(&["retire", "--force"], &data_dir));
    assert!(said.contains("given up: on pepper-2.key rely"), "{said}");

    let mut process = setup.start().await;
    assert_eq!(status_of(&client, &used).await, 200);
    assert_eq!(status_of(&client, &unused).await, 401);
    let rotate = format!("{TOKENS}unused/rotate/");
    let rotated = client.post(&rotate, ACCOUNT_KEY, &json!({})).await.unwrap();
    let secret = rotated.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(status_of(&client, &secret).await, 200);
    assert!(process.terminate().success());
}

#[tokio::test]
async fn a_start_with_another_or_without_its_key_says_which() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(folder.path());
    let mut process = setup.start().await;
    create(&Client::new(&setup.address), "t").await;
    assert!(process.terminate().success());
    let data_dir = setup.data_dir();
    for name in ["pepper.key", "master.key"] {
        let path = data_dir.join(name);
        let right = std::fs::read(&path).unwrap();
        std::fs::write(&path, [7; 32]).unwrap();
        let said = refused(&mut setup.command());
        let wrong = format!("{name} is not the key this database was written with");
        assert!(
            said.contains(&wrong) && said.contains("hint: restore"),
            "{said}"
        );
        std::fs::write(&path, [7; 31]).unwrap();
        let said = refused(&mut setup.command());
        assert!(said.contains("has 31 bytes instead of 32"), "{said}");
        std::fs::write(&path, right).unwrap();
    }
    succeeded(&mut keys(&["rotate"], &data_dir));
    for name in ["pepper-2.key", "master-2.key", "pepper.key"] {
        let path = data_dir.join(name);
        std::fs::rename(&path, folder.path().join(name)).unwrap();
        let said = refused(&mut setup.command());
        assert!(said.contains(&format!("{name} is missing")), "{said}");
        std::fs::rename(folder.path().join(name), &path).unwrap();
    }
    assert!(setup.start().await.terminate().success());
}
