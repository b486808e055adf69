//! K-4: what somebody finds who has the files, a backup, the log, the metrics
//! and the answers.

use std::path::Path;

use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::client::legacy::Client as Http;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use crate::client::Client;
use crate::process::{ACCOUNT_KEY, Setup, keypurse};
use crate::provider::{PROVIDER_KEY, Provider};

const TOKENS: &str = "/v2/user/custom_token/";
const CHAT: &str = "/v1/chat/completions";

/// Secrets by what they are.
struct Planted(Vec<(String, Vec<u8>)>);

impl Planted {
    fn add(&mut self, what: &str, secret: impl AsRef<[u8]>) {
        self.0.push((what.to_owned(), secret.as_ref().to_vec()));
    }

    fn assert_not_in(&self, place: &str, content: &[u8]) {
        for (what, secret) in &self.0 {
            let mut windows = content.windows(secret.len());
            let found = windows.any(|window| window == secret.as_slice());
            assert!(!found, "{what} is in {place}");
        }
    }
}

impl Planted {
    /// Keys are where they belong.
    fn assert_not_in_files_of(&self, folder: &Path) {
        for file in std::fs::read_dir(folder).unwrap() {
            let file = file.unwrap().path();
            if file.extension().is_none_or(|kind| kind != "key") {
                let place = file.display().to_string();
                self.assert_not_in(&place, &std::fs::read(&file).unwrap());
            }
        }
    }
}

async fn token(client: &Client, body: Value) -> String {
    let answer = client.post(TOKENS, ACCOUNT_KEY, &body).await.unwrap();
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["token"].as_str().unwrap().to_owned()
}

/// A request with any headers; what came back.
async fn send(setup: &Setup, path: &str, headers: &[(&str, &str)], body: &Value) -> String {
    let mut request = Request::post(format!("http://{}{path}", setup.address))
        .header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(body.to_string().into())).unwrap();
    let http = Http::builder(TokioExecutor::new()).build_http::<Full<bytes::Bytes>>();
    let answer = http.request(request).await.unwrap();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8_lossy(&body).into_owned()
}

fn config(provider: &Provider, folder: &Path) -> String {
    let key_file = folder.join("provider.key");
    std::fs::write(&key_file, "sk-in-a-file-canary-5772\n").unwrap();
    format!(
        "{}\n[providers.gone]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:1/v1\"\n\
         api_key = \"sk-unreachable-canary-2718\"\nfree = true\n\
         [providers.by-file]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:1/v1\"\n\
         api_key_file = \"{}\"\nfree = true\n\
         [providers.by-variable]\nkind = \"anthropic\"\nbase_url = \"http://127.0.0.1:1/v1\"\n\
         api_key_env = \"CANARY_VARIABLE\"\nfree = true\n",
        provider.config(),
        key_file.display(),
    )
}

/// What the operator has.
fn configured() -> Planted {
    let mut planted = Planted(Vec::new());
    planted.add("the account key", ACCOUNT_KEY);
    planted.add("a provider's key", PROVIDER_KEY);
    planted.add("an unused provider's key", "sk-unreachable-canary-2718");
    planted.add("a provider's key in a file", "sk-in-a-file-canary-5772");
    planted.add(
        "a provider's key in a variable",
        "sk-in-a-variable-canary-6180",
    );
    planted
}

/// Calls of every kind with something to hide in each; what was answered.
async fn calls(setup: &Setup, live: &str, sandbox: &str, planted: &mut Planted) -> Vec<String> {
    let mut answers = Vec::new();
    let bearer = format!("Bearer {live}");
    let auth = [("authorization", bearer.as_str())];
    for (place, model) in [
        "canary/model",
        "gone/m",
        "by-file/m",
        "by-variable/m",
        "x/y",
    ]
    .into_iter()
    .enumerate()
    {
        let (prompt, system) = (
            format!("prompt-canary-{place}-1618"),
            format!("system-canary-{place}-1732"),
        );
        let tool = format!("tool-canary-{place}-2236");
        let body = json!({"model": model, "messages": [
            {"role": "system", "content": system}, {"role": "user", "content": prompt},
        ], "tools": [{"type": "function", "function": {"name": "f", "description": tool}}]});
        answers.push(send(setup, CHAT, &auth, &body).await);
        for (what, secret) in [
            ("a prompt", prompt),
            ("a system prompt", system),
            ("a tool", tool),
        ] {
            planted.add(what, secret);
        }
    }
    let body = json!({"model": "gone/m", "input": "embedding-canary-3302"});
    answers.push(send(setup, "/v1/embeddings", &auth, &body).await);
    planted.add("an embedded text", "embedding-canary-3302");
    let hello = |text: &str| json!({"model": "gone/m", "max_tokens": 9, "messages": [{"role": "user", "content": text}]});
    let wrong = "kp_live_WrongWrongWrongWrongWrongWrong00abcdef";
    let key = [("x-api-key", wrong)];
    answers.push(send(setup, "/v1/messages", &key, &hello("message-canary-4142")).await);
    planted.add("a message", "message-canary-4142");
    planted.add("a wrong x-api-key", wrong);
    let guess = [(
        "authorization",
        "Bearer guessed-canary-key-of-forty-characters-7",
    )];
    answers.push(send(setup, CHAT, &guess, &hello("x")).await);
    planted.add("a guessed key", "guessed-canary-key-of-forty-characters-7");
    let path = format!("{CHAT}?key=query-canary-6931");
    answers.push(send(setup, &path, &auth, &hello("x")).await);
    planted.add("a key in a query", "query-canary-6931");
    let once = [auth[0], ("idempotency-key", "idempotency-canary-0110")];
    answers.push(send(setup, CHAT, &once, &hello("x")).await);
    planted.add("an Idempotency-Key", "idempotency-canary-0110");
    let bearer = format!("Bearer {sandbox}");
    let body = json!({"model": "openai/gpt-4o", "messages": [{"role": "user", "content": "sandbox-canary-1414"}]});
    // The simulator says it again, so what it answers is not looked at.
    send(setup, CHAT, &[("authorization", &bearer)], &body).await;
    planted.add("a sandbox prompt", "sandbox-canary-1414");
    answers
}

#[tokio::test]
async fn k4_none_of_the_planted_secrets_is_in_files_backups_log_metrics_or_errors() {
    let folder = tempfile::tempdir().unwrap();
    let provider = Provider::start().await;
    let mut setup = Setup::new(folder.path())
        .config(&config(&provider, folder.path()))
        .argument("--log=trace")
        .argument("--access-log");
    setup.under = vec![
        "/usr/bin/env".to_owned(),
        "CANARY_VARIABLE=sk-in-a-variable-canary-6180".to_owned(),
    ];
    let mut planted = configured();
    let mut process = setup.start().await;
    let client = Client::new(&setup.address);
    let live = token(
        &client,
        json!({"name": "live", "balance": "1", "active_balance": true}),
    )
    .await;
    let sandbox = json!({"name": "sandbox", "token_type": "sandbox_api_token"});
    let sandbox = token(&client, sandbox).await;
    let answers = calls(&setup, &live, &sandbox, &mut planted).await;
    let rotate = format!("{TOKENS}live/rotate/");
    let rotated = client
        .post(&rotate, ACCOUNT_KEY, &json!({}))
        .await
        .unwrap()
        .json();
    let rotated = rotated["token"].as_str().unwrap().to_owned();
    for (what, secret) in [
        ("a secret", live),
        ("a sandbox secret", sandbox),
        ("a new secret", rotated),
    ] {
        planted.add(what, secret);
    }
    for key in ["pepper.key", "master.key", "audit.key"] {
        planted.add(key, std::fs::read(setup.data_dir().join(key)).unwrap());
    }
    assert!(planted.0.len() >= 20, "{} are planted", planted.0.len());
    for answer in &answers {
        planted.assert_not_in("an answer", answer.as_bytes());
    }
    for path in ["/metrics", "/v2/audit_log/?limit=1000"] {
        let page = client.get(path, ACCOUNT_KEY).await.unwrap();
        assert_eq!(page.status, 200, "{}", page.text);
        planted.assert_not_in(path, page.text.as_bytes());
    }
    let backup = folder.path().join("backup");
    let mut command = keypurse();
    command.args(["backup", "--data-dir"]).arg(setup.data_dir());
    assert!(
        command
            .arg("--to")
            .arg(&backup)
            .output()
            .unwrap()
            .status
            .success()
    );
    // With its write-ahead log, as a thief finds it.
    process.kill();
    planted.assert_not_in("the log", process.log().as_bytes());
    for folder in [setup.data_dir(), backup] {
        planted.assert_not_in_files_of(&folder);
    }
}
