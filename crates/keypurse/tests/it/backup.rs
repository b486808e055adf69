//! Backups beside a busy server, and what becomes of them elsewhere.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use keypurse_store_sqlite::{CallState, audit, finished_calls};
use serde_json::{Value, json};

use crate::client::Client;
use crate::process::{ACCOUNT_KEY, Setup, keypurse};
use crate::provider::Provider;

const TOKENS: &str = "/v2/user/custom_token/";
const CHAT: &str = "/v1/chat/completions";
/// Clients that always have a call under way, every other one a stream.
const CLIENTS: usize = 8;
/// Backups made until one has caught a call under way, at most.
const BACKUPS: usize = 20;
/// Backups that are made and not restored, for the load to be real.
const FIRST_BACKUPS: usize = 4;

fn text(output: &Output) -> String {
    let [stdout, stderr] =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    format!("{stdout}{stderr}")
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

fn backup(data_dir: &Path, to: &Path) -> Command {
    let mut command = keypurse();
    command.arg("backup").arg("--data-dir").arg(data_dir);
    command.arg("--to").arg(to);
    command
}

fn restore(from: &Path, data_dir: &Path) -> Command {
    let mut command = keypurse();
    command.arg("restore").arg("--from").arg(from);
    command.arg("--data-dir").arg(data_dir);
    command
}

fn acknowledge(data_dir: &Path) -> Command {
    let mut command = keypurse();
    command
        .args(["restore", "--ack", "--data-dir"])
        .arg(data_dir);
    command
}

fn manifest(backup: &Path) -> Value {
    let text = std::fs::read_to_string(backup.join("manifest.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

async fn create(client: &Client, body: Value) -> String {
    let answer = client.post(TOKENS, ACCOUNT_KEY, &body).await.unwrap();
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["token"].as_str().unwrap().to_owned()
}

fn hello(streamed: bool) -> Value {
    json!({
        "model": "canary/model", "stream": streamed,
        "messages": [{"role": "user", "content": "hello"}],
    })
}

/// Calls until it is over; every answer must be whole.
async fn keep_calling(client: Client, secret: String, streams: bool, over: Arc<AtomicBool>) -> u32 {
    let mut answers = 0;
    while !over.load(Ordering::SeqCst) {
        let answer = client.post(CHAT, &secret, &hello(streams)).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text);
        answers += 1;
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_restores_elsewhere_and_spends_once_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let provider = Provider::start().await;
    let setup = Setup::new(folder.path()).config(&provider.config());
    let mut process = setup.start().await;
    let client = Client::new(&setup.address);
    let budget = json!({"name": "t", "balance": "100", "active_balance": true});
    let live = create(&client, budget).await;
    let sandbox = json!({"name": "s", "token_type": "sandbox_api_token"});
    let sandbox = create(&client, sandbox).await;

    let over = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let (client, over) = (client.clone(), Arc::clone(&over));
            tokio::spawn(keep_calling(client, live.clone(), number % 2 == 0, over))
        })
        .collect();
    let (made, under_way) = catch_calls_under_way(&setup);
    over.store(true, Ordering::SeqCst);
    let mut answers = 0;
    for client in clients {
        answers += client.await.unwrap();
    }
    assert!(
        answers > 0 && process.terminate().success(),
        "{}",
        process.log()
    );

    let elsewhere = tempfile::tempdir().unwrap();
    let new = Setup::new(elsewhere.path()).config(&provider.config());
    let said = succeeded(&mut restore(&made, &new.data_dir()));
    assert!(said.contains("restore --ack"), "{said}");
    let again = refused(&mut restore(&made, &new.data_dir()));
    assert!(again.contains("holds "), "nothing is overwritten: {again}");

    spends_nothing_yet(&new, &live, &sandbox).await;
    let said = succeeded(&mut acknowledge(&new.data_dir()));
    assert!(
        said.contains("epoch 2") && said.contains("alive again"),
        "{said}"
    );
    let said = succeeded(&mut acknowledge(&new.data_dir()));
    assert!(said.contains("acknowledged"), "{said}");

    let mut process = new.start().await;
    let client = Client::new(&new.address);
    let answer = client.post(CHAT, &live, &hello(true)).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(process.terminate().success());
    println!("{answers} answers beside backups");
    every_call_under_way_is_resolved(&new, under_way);
}

/// Makes backups until one has caught calls under way, and how many.
fn catch_calls_under_way(setup: &Setup) -> (PathBuf, u64) {
    (1..=BACKUPS)
        .map(|number| {
            let to = setup.folder.join(format!("backup-{number}"));
            let said = succeeded(backup(&setup.data_dir(), &to).arg("--with-keys"));
            assert!(said.contains("a proven backup is in"), "{said}");
            let under_way = manifest(&to)["books"]["open_holds"].as_u64().unwrap();
            (to, under_way)
        })
        .skip(FIRST_BACKUPS)
        .find(|(_, under_way)| *under_way > 0)
        .expect("a backup catches a call under way")
}

/// What the backup caught under way was answered to nobody: it is void, or
/// charged what it had delivered.
fn every_call_under_way_is_resolved(setup: &Setup, under_way: u64) {
    let database = setup.data_dir().join("keypurse.db");
    let calls = finished_calls(&database).unwrap();
    let resolved = calls.iter().filter(|call| call.status == 0);
    let resolved: Vec<_> = resolved.map(|call| call.state).collect();
    assert_eq!(resolved.len() as u64, under_way, "{resolved:?}");
    for state in &resolved {
        assert!(matches!(state, CallState::Void | CallState::Recovered));
    }
    let report = audit(&database).unwrap();
    assert_eq!(report.open_holds, 0);
    println!(
        "{under_way} calls under way in the backup restored, {} calls in it",
        report.calls
    );
}

/// A restored server answers, and refuses what would cost.
async fn spends_nothing_yet(setup: &Setup, live: &str, sandbox: &str) {
    let mut process = setup.start().await;
    assert!(
        process.log().contains("restored from a backup"),
        "{}",
        process.log()
    );
    let client = Client::new(&setup.address);
    for key in [live, ACCOUNT_KEY] {
        let answer = client.post(CHAT, key, &hello(false)).await.unwrap();
        assert_eq!(answer.status, 503, "{}", answer.text);
        let error = &answer.json()["error"];
        assert_eq!(error["code"], "ledger_unavailable");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("keypurse restore --ack"), "{message}");
    }
    let simulated = json!({
        "model": "openai/gpt-4o-mini",
        "messages": [{"role": "user", "content": "hello"}],
    });
    let answer = client.post(CHAT, sandbox, &simulated).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
    let me = client.get(&format!("{TOKENS}me/"), live).await.unwrap();
    assert_eq!(me.status, 200, "{}", me.text);
    let listed = client.get(TOKENS, ACCOUNT_KEY).await.unwrap();
    assert_eq!(listed.json()[0]["token"], live, "the master key is there");
    create(&client, json!({"name": "made while waiting"})).await;
    let running = refused(&mut acknowledge(&setup.data_dir()));
    assert!(
        running.contains("hint: stop the other process"),
        "{running}"
    );
    assert!(process.terminate().success());
}

/// A stopped installation with one token, and a backup of it.
async fn stopped(folder: &Path, to: &Path) -> (Setup, String) {
    let setup = Setup::new(folder).argument("--demo");
    let mut process = setup.start().await;
    let secret = create(&Client::new(&setup.address), json!({"name": "t"})).await;
    assert!(process.terminate().success());
    let said = succeeded(&mut backup(&setup.data_dir(), to));
    assert!(said.contains("warning: this backup has no keys"), "{said}");
    (setup, secret)
}

#[tokio::test]
async fn a_backup_without_keys_needs_those_it_was_written_with() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("backup");
    let (setup, secret) = stopped(folder.path(), &made).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let new = Setup::new(elsewhere.path());
    let key = |name: &str| setup.data_dir().join(name);

    let said = refused(&mut restore(&made, &new.data_dir()));
    assert!(
        said.contains("needs pepper.key") && said.contains("hint: "),
        "{said}"
    );
    assert!(!said.contains("goes on under a new"), "{said}");
    let mut swapped = restore(&made, &new.data_dir());
    swapped.arg("--pepper").arg(key("master.key"));
    let said = refused(swapped.arg("--master-key").arg(key("pepper.key")));
    assert!(
        said.contains("master.key is no pepper of this backup"),
        "{said}"
    );
    let left = std::fs::read_dir(new.data_dir()).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(
        left,
        ["keypurse.lock"],
        "nothing of a refused restore stays"
    );

    let mut right = restore(&made, &new.data_dir());
    right.arg("--pepper").arg(key("pepper.key"));
    let said = succeeded(right.arg("--master-key").arg(key("master.key")));
    assert!(said.contains("goes on under a new audit.key"), "{said}");
    let left = std::fs::read_dir(new.data_dir()).unwrap();
    let left = left.map(|entry| entry.unwrap().file_name());
    let mut left: Vec<_> = left.map(|name| name.into_string().unwrap()).collect();
    left.sort();
    let expected = [
        "audit.key",
        "keypurse.db",
        "keypurse.lock",
        "master.key",
        "pepper.key",
    ];
    assert_eq!(left, expected, "nothing else is left beside the database");
    let mut process = new.start().await;
    let me = Client::new(&new.address)
        .get(&format!("{TOKENS}me/"), &secret)
        .await;
    assert_eq!(me.unwrap().status, 200);
    assert!(process.terminate().success());
}

#[tokio::test]
async fn with_fresh_keys_tokens_keep_their_purses_and_need_new_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("backup");
    let (_, secret) = stopped(folder.path(), &made).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let mut new = Setup::new(elsewhere.path());
    let said = succeeded(restore(&made, &new.data_dir()).arg("--fresh-keys"));
    assert!(
        said.contains("1 secrets and the keys of 1 accounts no longer work"),
        "{said}"
    );
    let mut reset = keypurse();
    reset
        .args(["account", "reset-key", "--data-dir"])
        .arg(new.data_dir());
    succeeded(&mut reset);
    let key = std::fs::read_to_string(new.data_dir().join("account.key")).unwrap();
    new.preset_key = false;
    let mut process = new.start().await;
    let client = Client::new(&new.address);
    let me = format!("{TOKENS}me/");
    assert_eq!(client.get(&me, &secret).await.unwrap().status, 401);
    let rotate = format!("{TOKENS}t/rotate/");
    let rotated = client.post(&rotate, key.trim(), &json!({})).await.unwrap();
    let secret = rotated.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(client.get(&me, &secret).await.unwrap().status, 200);
    assert!(process.terminate().success());
}

#[tokio::test]
async fn what_is_no_whole_backup_is_not_restored() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("backup");
    let (setup, _) = stopped(folder.path(), &made).await;
    let again = refused(&mut backup(&setup.data_dir(), &made));
    assert!(again.contains("backup exists already"), "{again}");
    let nowhere = refused(&mut backup(
        &folder.path().join("none"),
        &folder.path().join("b"),
    ));
    assert!(nowhere.contains("there is no database"), "{nowhere}");
    let over = refused(&mut restore(&made, &setup.data_dir()));
    assert!(over.contains("hint: restore into a new folder"), "{over}");
    for note in ["keypurse.sums", "keypurse.tail"] {
        let left_over = folder.path().join(note.replace('.', "-"));
        std::fs::create_dir(&left_over).unwrap();
        std::fs::write(left_over.join(note), "of a database that is gone").unwrap();
        let beside = refused(&mut restore(&made, &left_over));
        assert!(
            beside.contains(&format!("holds {note} already")),
            "{beside}"
        );
    }

    let target = folder.path().join("restored");
    let database = made.join("keypurse.db");
    let whole = std::fs::read(&database).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    std::fs::write(&database, flipped).unwrap();
    let said = refused(&mut restore(&made, &target));
    assert!(said.contains("is not as its manifest says"), "{said}");
    std::fs::write(&database, &whole[..whole.len() - 4096]).unwrap();
    let said = refused(&mut restore(&made, &target));
    assert!(said.contains("is not as its manifest says"), "{said}");
    std::fs::write(&database, whole).unwrap();
    std::fs::remove_file(made.join("manifest.json")).unwrap();
    let said = refused(&mut restore(&made, &target));
    assert!(said.contains("is no whole backup"), "{said}");
    assert!(!target.join("keypurse.db").exists());
}

#[tokio::test]
async fn a_backup_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("backup");
    let (setup, _) = stopped(folder.path(), &made).await;
    let with_keys = folder.path().join("with-keys");
    succeeded(backup(&setup.data_dir(), &with_keys).arg("--with-keys"));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for (folder, files) in [(&made, 2), (&with_keys, 5)] {
        assert_eq!(mode(folder), 0o700);
        let names: Vec<_> = std::fs::read_dir(folder).unwrap().collect();
        assert_eq!(names.len(), files, "{names:?}");
        for file in names {
            assert_eq!(mode(&file.unwrap().path()), 0o600);
        }
    }
}
