//! `keypurse serve` and its neighbours, from the outside.

use std::process::{Command, Output};

use keypurse_core::money::Money;
use keypurse_store_sqlite::audit;
use serde_json::{Value, json};

use crate::client::Client;
use crate::process::{ACCOUNT_KEY, Setup, keypurse};
use crate::provider::{PROVIDER_KEY, Provider};

const TOKENS: &str = "/v2/user/custom_token/";
const CHAT: &str = "/v1/chat/completions";

fn text(output: &Output) -> String {
    let [stdout, stderr] =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    format!("{stdout}{stderr}")
}

async fn token(client: &Client, body: Value) -> String {
    let answer = client.post(TOKENS, ACCOUNT_KEY, &body).await.unwrap();
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["token"].as_str().unwrap().to_owned()
}

fn hello(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "Hello"}]})
}

#[tokio::test]
async fn the_printed_commands_work_as_printed() {
    let folder = tempfile::tempdir().unwrap();
    let mut setup = Setup::new(folder.path()).argument("--demo");
    setup.preset_key = false;
    let mut process = setup.start().await;
    let banner = std::fs::read_to_string(folder.path().join("stdout")).unwrap();
    let commands: String = banner
        .lines()
        .filter_map(|line| line.strip_prefix("  "))
        .skip_while(|line| !line.starts_with("TOKEN="))
        .flat_map(|line| [line, "\n"])
        .collect();
    let answers = run_in_shell(&setup, &commands);
    assert_eq!(
        answers.matches("\"chat.completion\"").count(),
        2,
        "{commands}\n{answers}"
    );
    assert!(answers.contains("\"cost\""), "{answers}");
    let report = audit(&setup.data_dir().join("keypurse.db")).unwrap();
    assert!(report.charged > Money::ZERO);
    assert!(process.terminate().success());
    let key = std::fs::read_to_string(setup.data_dir().join("account.key")).unwrap();
    assert!(
        !process.log().contains(key.trim()),
        "the key is for terminals and its file only"
    );
}

/// The commands that the last start printed.
fn printed_commands(setup: &Setup) -> String {
    let printed = std::fs::read_to_string(setup.folder.join("stdout")).unwrap();
    let (_, last) = printed.rsplit_once(" is ready at ").unwrap();
    let lines = last.lines().filter_map(|line| line.strip_prefix("  "));
    lines
        .skip_while(|line| !line.starts_with("TOKEN="))
        .flat_map(|line| [line, "\n"])
        .collect()
}

#[tokio::test]
async fn the_printed_commands_work_at_every_start_in_any_folder_and_without_the_key_file() {
    let folder = tempfile::tempdir().unwrap();
    let hard = folder.path().join("it's my $(data)");
    std::fs::create_dir(&hard).unwrap();
    let mut setup = Setup::new(&hard).argument("--demo");
    setup.preset_key = false;
    let file = setup.data_dir().join("account.key");
    for start in 1..=3 {
        let mut process = setup.start().await;
        let mut commands = printed_commands(&setup);
        if start == 3 {
            assert!(!commands.contains("account.key"), "{commands}");
            let key = std::fs::read_to_string(hard.join("moved.key")).unwrap();
            commands = format!("KEYPURSE_ACCOUNT_KEY={key}{commands}");
        }
        let answers = run_in_shell(&setup, &commands);
        let answered = answers.matches("\"chat.completion\"").count();
        assert_eq!(answered, 2, "start {start}: {commands}\n{answers}");
        // The same again: the names are taken, and that is to be seen.
        let again = run_in_shell(&setup, &commands);
        let taken = "Token with this name already exists.";
        assert_eq!(again.matches(taken).count(), 2, "{again}");
        assert!(process.terminate().success());
        if start == 2 {
            std::fs::rename(&file, hard.join("moved.key")).unwrap();
        }
    }
}

#[tokio::test]
async fn the_commands_of_the_readme_work() {
    let folder = tempfile::tempdir().unwrap();
    let mut setup = Setup::new(folder.path()).argument("--demo");
    setup.preset_key = false;
    let mut process = setup.start().await;
    let readme = include_str!("../../../../README.md");
    let blocks = readme
        .split("```sh\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next());
    let commands: String = blocks
        .filter(|block| block.contains("curl"))
        .map(|block| block.replace("127.0.0.1:8787", &setup.address))
        .map(|block| block.replace("keypurse-data", setup.data_dir().to_str().unwrap()))
        .collect();
    let answers = run_in_shell(&setup, &commands);
    assert!(
        answers.contains("\"cost\"") && answers.contains("\"masked\""),
        "{answers}"
    );
    assert!(process.terminate().success());
}

fn run_in_shell(setup: &Setup, commands: &str) -> String {
    let output = Command::new("sh")
        .args(["-ec", commands])
        .current_dir(&setup.folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{commands}\n{}", text(&output));
    text(&output)
}

#[tokio::test]
async fn a_demo_token_pays_until_its_cent_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(folder.path()).argument("--demo");
    let mut process = setup.start().await;
    let client = Client::new(&setup.address);
    let body = json!({"name": "cent", "balance": "0.01", "active_balance": true});
    let secret = token(&client, body).await;
    let mut balance = Money::parse_text("0.01").unwrap();
    for _ in 0..10_000 {
        let answer = client
            .post(CHAT, &secret, &hello("demo/echo"))
            .await
            .unwrap();
        if answer.status == 402 {
            assert_eq!(
                answer.json()["error"]["code"],
                "insufficient_balance",
                "{}",
                answer.text
            );
            break;
        }
        assert_eq!(answer.status, 200, "{}", answer.text);
        balance -= Money::parse_number(&answer.json()["cost"].to_string()).unwrap();
        let me = client.get(&format!("{TOKENS}me/"), &secret).await.unwrap();
        assert_eq!(me.json()["balance"].to_string(), balance.to_string());
    }
    let refused = client
        .post(CHAT, &secret, &hello("demo/echo"))
        .await
        .unwrap();
    assert_eq!(refused.status, 402);
    assert_eq!(
        client
            .delete(&format!("{TOKENS}cent/"), ACCOUNT_KEY)
            .await
            .unwrap()
            .status,
        204
    );
    let gone = client
        .post(CHAT, &secret, &hello("demo/echo"))
        .await
        .unwrap();
    assert_eq!(
        (gone.status, &gone.json()["error"]["code"]),
        (401, &json!("invalid_api_key"))
    );
    assert!(process.terminate().success());
}

#[tokio::test]
async fn l13_no_secret_is_in_the_database_the_log_or_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let provider = Provider::start().await;
    let unreachable = "[providers.gone]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:1/v1\"\n\
                       api_key = \"sk-unreachable-canary-2718\"\nfree = true\n";
    let allowed = "allow_private_webhooks = [\"127.0.0.0/8\"]\n";
    let config = format!("{allowed}{}\n{unreachable}", provider.config());
    let setup = Setup::new(folder.path())
        .config(&config)
        .argument("--log")
        .argument("trace");
    let mut process = setup.start().await;
    let client = Client::new(&setup.address);
    let body = json!({"name": "canary", "balance": "1", "active_balance": true});
    let secret = token(&client, body).await;
    let sandbox = json!({"name": "canary-sandbox", "token_type": "sandbox_api_token"});
    let sandbox = token(&client, sandbox).await;
    let prompt = "prompt-canary-16180339";
    let mut answers = String::new();
    for (model, key) in [
        ("canary/model", secret.as_str()),
        ("canary/unpriced", &secret),
        ("gone/model", &secret),
        ("nobody/model", &secret),
        ("openai/gpt-4o-mini", &sandbox),
        ("canary/model", "kp_live_typo"),
        ("canary/model", &secret[..secret.len() - 1]),
    ] {
        let body = json!({"model": model, "messages": [{"role": "user", "content": prompt}]});
        let answer = client.post(CHAT, key, &body).await.unwrap();
        if key != sandbox {
            answers.push_str(&answer.text);
        }
    }
    answers.push_str(&test_of_webhook(&client).await);
    assert!(process.terminate().success());
    let mut places = vec![
        ("log", process.log().into_bytes()),
        ("answers", answers.into_bytes()),
    ];
    for name in ["keypurse.db", "keypurse.db-wal"] {
        places.push((
            name,
            std::fs::read(setup.data_dir().join(name)).unwrap_or_default(),
        ));
    }
    let secrets = [
        ACCOUNT_KEY,
        &secret,
        &sandbox,
        PROVIDER_KEY,
        "sk-unreachable-canary-2718",
        prompt,
        WEBHOOK_SECRET,
        WEBHOOK_PATH,
    ];
    for (place, content) in &places {
        for canary in secrets {
            let found = content
                .windows(canary.len())
                .any(|window| window == canary.as_bytes());
            assert!(!found, "{canary} is in {place}");
        }
    }
}

const WEBHOOK_SECRET: &str = "whsec-canary-57721566";
const WEBHOOK_PATH: &str = "path-canary-14142135";

/// Every answer about an alert whose webhook leads nowhere.
async fn test_of_webhook(client: &Client) -> String {
    let url = format!("http://127.0.0.1:1/{WEBHOOK_PATH}?key={WEBHOOK_PATH}");
    let webhook = json!({"url": url, "secret": WEBHOOK_SECRET});
    let alert = json!({"name": "canary", "kind": "exhausted", "token": "*", "webhook": webhook});
    let path = "/v2/alerts/";
    let made = client.post(path, ACCOUNT_KEY, &alert).await.unwrap();
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let test = format!("{path}{id}/test/");
    let tested = client.post(&test, ACCOUNT_KEY, &json!({})).await.unwrap();
    assert_eq!(tested.json()["delivered"], false, "{}", tested.text);
    let log = format!("{path}{id}/deliveries/");
    let log = client.get(&log, ACCOUNT_KEY).await.unwrap();
    made.text + &tested.text + &log.text
}

#[tokio::test]
async fn a_second_process_on_the_same_data_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(folder.path());
    let mut process = setup.start().await;
    let mut second = Setup::new(folder.path());
    second.arguments.clone_from(&setup.arguments);
    let output = second.command().output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output).contains("another keypurse process uses"),
        "{}",
        text(&output)
    );
    assert!(
        text(&output).contains("hint: stop the other process"),
        "{}",
        text(&output)
    );
    let account = keypurse()
        .args(["account", "create", "other", "--data-dir"])
        .arg(setup.data_dir())
        .output()
        .unwrap();
    assert!(
        text(&account).contains("another keypurse process uses"),
        "{}",
        text(&account)
    );
    assert!(process.terminate().success());
}

#[tokio::test]
async fn a_call_under_way_finishes_and_settles_when_the_process_is_asked_to_stop() {
    let folder = tempfile::tempdir().unwrap();
    let provider = Provider::start().await;
    let setup = Setup::new(folder.path()).config(&provider.config());
    let mut process = setup.start().await;
    let client = Client::new(&setup.address);
    let secret = token(
        &client,
        json!({"name": "t", "balance": "1", "active_balance": true}),
    )
    .await;
    let mut body = hello("canary/model");
    body["stream"] = json!(true);
    let streams = (0..8).map(|_| {
        let (client, secret, body) = (client.clone(), secret.clone(), body.clone());
        tokio::spawn(async move { client.post(CHAT, &secret, &body).await.unwrap() })
    });
    let streams: Vec<_> = streams.collect();
    while provider.calls().len() < streams.len() {
        tokio::task::yield_now().await;
    }
    let status = tokio::task::spawn_blocking(move || process.terminate())
        .await
        .unwrap();
    assert!(status.success());
    for stream in streams {
        let answer = stream.await.unwrap();
        assert!(answer.text.ends_with("data: [DONE]\n\n"), "{}", answer.text);
    }
    let report = audit(&setup.data_dir().join("keypurse.db")).unwrap();
    assert_eq!((report.open_holds, report.calls), (0, 8));
}

#[test]
fn a_bad_configuration_names_file_line_and_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(folder.path()).config("demo = true\nlisten_to = \"x\"\n");
    let output = setup.command().output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = text(&output);
    assert!(
        message.contains("keypurse.toml, line 2: unknown setting `listen_to`"),
        "{message}"
    );
    assert!(
        message.contains("hint: did you mean `listen`?"),
        "{message}"
    );
    let setup = Setup::new(folder.path()).config("demo = true\n\n[providers.x]\nfree = true\n");
    let message = text(&setup.command().output().unwrap());
    for part in [
        "keypurse.toml, line 3: provider `x`",
        "because: base_url is missing",
    ] {
        assert!(message.contains(part), "{message}");
    }
    assert!(!setup.data_dir().exists(), "nothing was created");
}

#[test]
fn a_weak_account_key_is_refused_and_not_printed() {
    let folder = tempfile::tempdir().unwrap();
    let mut weak = Setup::new(folder.path());
    weak.preset_key = false;
    let output = weak
        .command()
        .env("KEYPURSE_ACCOUNT_KEY", "short")
        .output()
        .unwrap();
    assert!(
        text(&output).contains("KEYPURSE_ACCOUNT_KEY needs 32"),
        "{}",
        text(&output)
    );
    assert!(!text(&output).contains("short"), "a key is never printed");
}

#[tokio::test]
async fn accounts_have_keys_of_their_own_and_a_reset_ends_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(folder.path());
    assert!(setup.start().await.terminate().success());
    let account = |arguments: &[&str]| {
        let output = keypurse()
            .arg("account")
            .args(arguments)
            .arg("--data-dir")
            .arg(setup.data_dir())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output));
        assert!(output.stdout.is_empty(), "keys are shown on terminals only");
        let key = std::fs::read_to_string(setup.data_dir().join("account-team.key")).unwrap();
        key.trim().to_owned()
    };
    let first = account(&["create", "team", "--credits", "12.50"]);
    let second = account(&["reset-key", "team"]);
    let mut process = setup.start().await;
    let client = Client::new(&setup.address);
    let credits = "/v2/cost_management/credits/";
    let answer = client.get(credits, &second).await.unwrap();
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (200, r#"{"credits":12.5}"#)
    );
    assert_eq!(client.get(credits, &first).await.unwrap().status, 401);
    assert_eq!(client.get(credits, ACCOUNT_KEY).await.unwrap().status, 200);
    assert!(process.terminate().success());
}

#[tokio::test]
async fn keys_that_others_could_read_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(folder.path());
    assert!(setup.start().await.terminate().success());
    let data = setup.data_dir();
    let mode = |path: &std::path::Path| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(mode(&data), 0o700);
    for name in ["pepper.key", "master.key"] {
        assert_eq!(mode(&data.join(name)), 0o600);
        assert!(
            Command::new("chmod")
                .arg("644")
                .arg(data.join(name))
                .status()
                .unwrap()
                .success()
        );
        let output = setup.command().output().unwrap();
        assert!(
            text(&output).contains("can be read by others"),
            "{}",
            text(&output)
        );
        assert!(
            Command::new("chmod")
                .arg("600")
                .arg(data.join(name))
                .status()
                .unwrap()
                .success()
        );
    }
    std::fs::remove_file(data.join("pepper.key")).unwrap();
    let output = setup.command().output().unwrap();
    assert!(
        text(&output).contains("pepper.key is missing"),
        "{}",
        text(&output)
    );
}

#[tokio::test]
async fn it_speaks_tls_with_the_given_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let name = vec!["localhost".to_owned()];
    let issued = rcgen::generate_simple_self_signed(name).unwrap();
    let (cert, key) = (
        folder.path().join("cert.pem"),
        folder.path().join("key.pem"),
    );
    std::fs::write(&cert, issued.cert.pem()).unwrap();
    std::fs::write(&key, issued.signing_key.serialize_pem()).unwrap();
    let setup = Setup::new(folder.path())
        .argument("--tls-cert")
        .argument(cert.to_str().unwrap())
        .argument("--tls-key")
        .argument(key.to_str().unwrap());
    let mut process = setup.start_listening();
    let port = setup.address.rsplit(':').next().unwrap();
    let url = format!("https://localhost:{port}/readyz");
    let resolve = format!("localhost:{port}:127.0.0.1");
    for version in ["--http1.1", "--http2"] {
        let output = Command::new("curl")
            .args(["-sS", version])
            .args(["--resolve", &resolve, "--cacert"])
            .arg(&cert)
            .arg(&url)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output));
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "ok");
    }
    assert!(process.terminate().success());
}
