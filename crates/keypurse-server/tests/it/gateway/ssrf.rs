//! Where calls go is its operator's choice alone: nothing a client or a provider
//! says leads anywhere else, and the provider's key goes nowhere else.
//!
//! A canary listens beside the provider. A call is answered after everybody who
//! was to be asked was, so a canary that is alone at the end was never asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::header::AUTHORIZATION;
use keypurse_server::gateway::{Dialect, ProviderKind};
use keypurse_testkit::upstream::{Received, Reply, usage};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::{CHAT, Shop, UPSTREAM_KEY, config, hello, hello_stream, with};

/// Where a cloud tells a machine its own secrets.
const METADATA: &str = "http://169.254.169.254/latest/meta-data/";

/// Listens on a loopback address of its own and counts who comes.
struct Canary {
    address: String,
    visits: Arc<AtomicUsize>,
    _stopping: DropGuard,
}

impl Canary {
    async fn listen() -> Self {
        let socket = TcpListener::bind("127.0.0.2:0").await.unwrap();
        let address = socket.local_addr().unwrap().to_string();
        let visits = Arc::<AtomicUsize>::default();
        let counted = visits.clone();
        let stopping = CancellationToken::new();
        let stop = stopping.clone();
        TaskTracker::new().spawn(async move {
            while let Some(Ok(_)) = stop.run_until_cancelled(socket.accept()).await {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self {
            address,
            visits,
            _stopping: stopping.drop_guard(),
        }
    }

    fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// A visit that is not seen yet would be seen before this one.
    async fn assert_alone(&self) {
        drop(tokio::net::TcpStream::connect(&self.address).await.unwrap());
        while self.visits.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(self.visits.load(Ordering::SeqCst), 1, "somebody came");
    }
}

/// What was received is what the configuration leads to.
fn assert_ours(received: &[Received]) {
    for call in received {
        assert_eq!(call.path, "/v1/chat/completions");
        assert_eq!(call.query, "");
        let keys: Vec<_> = call.headers.get_all(AUTHORIZATION).iter().collect();
        assert_eq!(keys, [&format!("Bearer {UPSTREAM_KEY}")]);
    }
}

#[tokio::test]
async fn h6_no_member_of_a_body_steers_a_call() {
    let canary = Canary::listen().await;
    let shop = Shop::open("1").await;
    shop.upstream.always(Reply::chat("x", &usage(1, 1)));
    let urls = [
        canary.url(),
        format!("//{}/v1", canary.address),
        format!("http://user:secret@{}/v1", canary.address),
        METADATA.to_owned(),
        "file:///etc/passwd".to_owned(),
        "http://[::ffff:127.0.0.2]/".to_owned(),
        "http://2130706434/".to_owned(),
    ];
    let members = [
        "api_base",
        "base_url",
        "api_url",
        "endpoint",
        "azure_endpoint",
        "url",
        "host",
        "proxy",
        "proxies",
        "webhook",
        "callback_url",
        "custom_llm_provider",
        "vertex_location",
        "aws_bedrock_runtime_endpoint",
        "extra_headers",
        "headers",
        "api_key",
        "api_version",
        "organization",
        "project",
        "user",
        "metadata",
    ];
    let mut calls = 0;
    for member in members {
        for url in &urls {
            for value in [json!(url), json!({ "base_url": url, "Authorization": url })] {
                shop.ask(&with(hello(), member, value)).await;
                calls += 1;
            }
        }
    }
    let received = shop.upstream.received();
    assert!(received.len() >= calls / 2, "most of them are answered");
    assert_ours(&received);
    canary.assert_alone().await;
}

#[tokio::test]
async fn h6_no_name_of_a_model_steers_a_call() {
    let canary = Canary::listen().await;
    let address = &canary.address;
    let models = [
        format!("http://{address}/v1"),
        format!("up/http://{address}/v1"),
        format!("up/../../{address}"),
        format!("up/@{address}/x"),
        format!("up/x?base_url=http://{address}"),
        format!("up/x#@{address}"),
        format!("up/x\\@{address}"),
        format!("{address}/m"),
        format!("openai@{address}/m"),
        "up/x%2f..%2f..".to_owned(),
        "up/x\u{ff0f}..".to_owned(),
        "up/..".to_owned(),
        "up/.".to_owned(),
        "up//".to_owned(),
    ];
    for dialect in [Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini] {
        let upstream = keypurse_testkit::upstream::ScriptedUpstream::start().await;
        let mut config = config(&upstream);
        config.providers[0].free = true;
        if let ProviderKind::Http(settings) = &mut config.providers[0].kind {
            settings.dialect = dialect;
        }
        let shop = Shop::of(upstream, config, "1").await;
        for model in &models {
            for body in [hello(), hello_stream()] {
                shop.ask(&with(body, "model", json!(model))).await;
            }
        }
        let received = shop.upstream.received();
        assert!(!received.is_empty(), "a free provider takes any name");
        for call in received {
            let (path, method) = call.path.rsplit_once(':').unwrap_or((&call.path, ""));
            match dialect {
                Dialect::OpenAi => assert_eq!(path, "/v1/chat/completions"),
                Dialect::Anthropic => assert_eq!(path, "/v1/messages"),
                Dialect::Gemini => {
                    let model = path.strip_prefix("/v1/models/").unwrap();
                    assert!(
                        !model.contains('/') && !method.contains('/'),
                        "{}",
                        call.path
                    );
                    assert!(
                        matches!(call.query.as_str(), "" | "alt=sse"),
                        "{}",
                        call.query
                    );
                }
            }
        }
    }
    canary.assert_alone().await;
}

#[tokio::test]
async fn h6_no_header_and_no_query_steers_a_call() {
    let canary = Canary::listen().await;
    let shop = Shop::open("1").await;
    shop.upstream.always(Reply::chat("x", &usage(1, 1)));
    let url = canary.url();
    for name in [
        "host",
        "forwarded",
        "x-forwarded-host",
        "x-forwarded-server",
        "x-original-url",
        "x-rewrite-url",
        "x-host",
        "x-api-base",
        "x-base-url",
        "proxy-authorization",
        "via",
        "openai-organization",
        "openai-project",
        "x-goog-user-project",
        "x-goog-api-key",
        "anthropic-beta",
        "cookie",
        "te",
        "upgrade",
        "x-client-request-id",
    ] {
        let request = shop.request(&hello()).header(name, &url);
        let answer = request.send().await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text);
        let headers = shop.upstream.last().headers;
        let told = headers.values().filter_map(|value| value.to_str().ok());
        assert!(
            !told
                .into_iter()
                .any(|value| value.contains(&canary.address)),
            "{name}"
        );
    }
    for query in ["api_base", "base_url", "key", "api-version", "alt"] {
        let path = format!("{CHAT}?{query}={url}");
        shop.app
            .post(&path)
            .key(&shop.secret)
            .json(&hello())
            .send()
            .await;
    }
    assert_ours(&shop.upstream.received());
    canary.assert_alone().await;
}

#[tokio::test]
async fn h6_no_redirect_is_followed() {
    let canary = Canary::listen().await;
    let shop = Shop::open("1").await;
    for place in [
        canary.url(),
        format!("//{}/", canary.address),
        METADATA.to_owned(),
    ] {
        for status in [300, 301, 302, 303, 305, 307, 308] {
            for body in [hello(), hello_stream()] {
                let reply = Reply::json(status, &json!({})).header("location", &place);
                shop.upstream.next(reply.header("refresh", &place));
                let answer = shop.ask(&body).await;
                assert_eq!(answer.status, 502, "{status} {place}: {}", answer.text);
                assert!(!answer.text.contains(&canary.address), "{}", answer.text);
            }
        }
    }
    assert_eq!(
        shop.upstream.received().len(),
        3 * 7 * 2,
        "each was sent once"
    );
    canary.assert_alone().await;
    assert_eq!(shop.balance().await, "1.0");
}

#[tokio::test]
async fn h6_no_address_in_a_message_is_visited() {
    let canary = Canary::listen().await;
    let parts = |url: &str| -> Vec<Value> {
        vec![
            json!({"type": "image_url", "image_url": {"url": url}}),
            json!({"type": "input_audio", "input_audio": {"data": url, "format": "wav"}}),
            json!({"type": "file", "file": {"file_data": url, "filename": url}}),
            json!({"type": "file", "file": {"file_url": url}}),
        ]
    };
    for dialect in [Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini] {
        let upstream = keypurse_testkit::upstream::ScriptedUpstream::start().await;
        let mut config = config(&upstream);
        config.prices[0].max_input_tokens = Some(1000);
        if let ProviderKind::Http(settings) = &mut config.providers[0].kind {
            settings.dialect = dialect;
        }
        let shop = Shop::of(upstream, config, "1").await;
        for url in [canary.url(), METADATA.to_owned()] {
            for part in parts(&url) {
                let messages = json!([{"role": "user", "content": [part]}]);
                shop.ask(&with(hello(), "messages", messages)).await;
            }
        }
    }
    canary.assert_alone().await;
}
