//! Calls to models, against an upstream that does as it is told.

mod agents;
mod answers;
mod blocks;
mod bodies;
mod cache;
mod clock_steps;
mod counting;
mod deletion;
mod dialects;
mod embeddings;
mod endpoints;
mod faults;
mod hostile;
mod http_client;
mod idempotency;
mod images;
mod leaving;
mod ledger_faults;
mod load;
mod media;
mod models;
mod moderations;
mod money;
mod overlong;
mod plausibility;
mod prices;
mod refusals;
mod responses;
mod responses_cut;
mod responses_stored;
mod responses_stream;
mod routing;
mod rules;
mod sandbox;
mod settlement_table;
mod ssrf;
mod stopping;
mod streams;
mod tiers;
mod usage;

use std::time::Duration;

use keypurse_core::id::TokenId;
use keypurse_core::money::Money;
use keypurse_core::price::{ImagePrices, Price, Rate, Rates};
use keypurse_server::gateway::{
    Dialect, Gateway, GatewayConfig, HttpUpstream, ModelPrice, OutputLimitField, ProviderConfig,
    ProviderKey, ProviderKind, StreamHold, Timeouts,
};
use keypurse_store::Credential;
use keypurse_store_sqlite::{AuditReport, audit};
use keypurse_testkit::upstream::ScriptedUpstream;
use keypurse_testkit::{TestAnswer, TestApp, TestRequest};
use serde_json::{Value, json};

/// What the gateway calls its upstream with; no answer may show it.
const UPSTREAM_KEY: &str = "sk-upstream-canary-7f3a";
const CHAT: &str = "/v1/chat/completions";

/// A node with a scripted upstream behind it, and a token with a balance.
///
/// `up/m` costs a dollar per million input tokens and ten per million output
/// tokens; `up/out` costs a dollar per million output tokens and nothing else.
pub(crate) struct Shop {
    pub(crate) app: TestApp,
    pub(crate) upstream: ScriptedUpstream,
    pub(crate) secret: String,
    pub(crate) token: TokenId,
}

impl Shop {
    pub(crate) async fn open(balance: &str) -> Self {
        Self::with(balance, |_| {}).await
    }

    async fn with(balance: &str, change: impl FnOnce(&mut HttpUpstream)) -> Self {
        let upstream = ScriptedUpstream::start().await;
        let mut config = config(&upstream);
        if let ProviderKind::Http(settings) = &mut config.providers[0].kind {
            change(settings);
        }
        Self::of(upstream, config, balance).await
    }

    /// A node whose provider has this name, with the catalogue's prices.
    async fn named(provider: &str, balance: &str) -> Self {
        Self::named_with(provider, balance, |_| {}).await
    }

    async fn named_with(
        provider: &str,
        balance: &str,
        change: impl FnOnce(&mut GatewayConfig),
    ) -> Self {
        let upstream = ScriptedUpstream::start().await;
        let mut config = config(&upstream);
        provider.clone_into(&mut config.providers[0].name);
        config.prices.clear();
        change(&mut config);
        Self::of(upstream, config, balance).await
    }

    /// What was charged so far, in nano-dollars, of a dollar's balance.
    async fn charged(&self) -> i64 {
        self.app.settled().await;
        1_000_000_000 - self.balance_now().await.nanos()
    }

    /// The books, proved.
    async fn audited(self) -> AuditReport {
        let path = self.app.directory().join("keypurse.db");
        self.app.settled().await;
        audit(&path).expect("the books add up")
    }

    async fn of(upstream: ScriptedUpstream, config: GatewayConfig, balance: &str) -> Self {
        let gateway = Gateway::new(config).unwrap();
        let app = TestApp::builder().gateway(gateway).build().await;
        let body = json!({"name": "t", "active_balance": true, "balance": balance});
        let (_, secret) = app.create_token(body).await;
        let token = token_of(&app, &secret).await;
        Self {
            app,
            upstream,
            secret,
            token,
        }
    }

    /// A chat request with the token.
    fn request(&self, body: &Value) -> TestRequest<'_> {
        self.app.post(CHAT).key(&self.secret).json(body)
    }

    pub(crate) async fn ask(&self, body: &Value) -> TestAnswer {
        self.request(body).send().await
    }

    /// The token's balance once all calls are settled, as its shortest text.
    async fn balance(&self) -> String {
        self.app.settled().await;
        assert_eq!(
            self.app.state().store.open_holds().await.unwrap(),
            0,
            "a hold is left"
        );
        self.balance_now().await.to_string()
    }

    async fn balance_now(&self) -> Money {
        let token = self
            .app
            .state()
            .store
            .token_by_id(self.token)
            .await
            .unwrap();
        token.expect("a live token").balance
    }
}

/// A gateway with one provider, `up`, and prices for its two models.
pub(crate) fn config(upstream: &ScriptedUpstream) -> GatewayConfig {
    let settings = HttpUpstream {
        dialect: Dialect::OpenAi,
        has_responses: true,
        wants_reasoning: false,
        base_url: upstream.base_url().to_owned(),
        api_key: Some(ProviderKey::new(UPSTREAM_KEY.to_owned())),
        output_limit_field: OutputLimitField::MaxTokens,
        timeouts: Timeouts::default(),
    };
    let kind = ProviderKind::Http(settings);
    GatewayConfig {
        providers: vec![ProviderConfig {
            name: "up".to_owned(),
            kind,
            free: false,
            stream_hold: StreamHold::ByModel,
        }],
        prices: vec![price("m", "1", "10"), price("out", "0", "1")],
        ..GatewayConfig::default()
    }
}

async fn token_of(app: &TestApp, secret: &str) -> TokenId {
    let digest = app.state().vault.digest(secret);
    match app
        .state()
        .store
        .credential(&digest)
        .await
        .unwrap()
        .as_deref()
    {
        Some(Credential::Token(token)) => token.token,
        other => panic!("not a token: {other:?}"),
    }
}

fn dollars(text: &str) -> Money {
    Money::parse_text(text).unwrap()
}

fn rate(dollars_per_million: &str) -> Rate {
    Rate::per_million(dollars(dollars_per_million)).unwrap()
}

fn price(model: &str, input: &str, output: &str) -> ModelPrice {
    ModelPrice {
        provider: "up".to_owned(),
        model: model.to_owned(),
        price: Price::flat(Rates {
            input: rate(input),
            output: rate(output),
            ..Rates::default()
        }),
        images: ImagePrices::default(),
        max_input_tokens: None,
        max_output_tokens: Some(1000),
    }
}

/// A small request.
pub(crate) fn hello() -> Value {
    json!({"model": "up/m", "messages": [{"role": "user", "content": "Hi"}]})
}

/// The same, streamed.
pub(crate) fn hello_stream() -> Value {
    let mut body = hello();
    body["stream"] = json!(true);
    body
}

fn with(mut body: Value, member: &str, value: Value) -> Value {
    body[member] = value;
    body
}

/// A deadline for what a test waits for; reached only when something is wrong.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), what)
        .await
        .expect("it happens soon")
}

/// The `data:` lines of a stream.
fn data(stream: &str) -> Vec<&str> {
    stream
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .collect()
}

/// What a stream's chunks say, joined.
fn said(stream: &str) -> String {
    let chunks = data(stream)
        .into_iter()
        .filter_map(|data| serde_json::from_str(data).ok());
    chunks
        .map(|chunk: Value| {
            chunk["choices"][0]["delta"]["content"]
                .as_str()
                .unwrap_or("")
                .to_owned()
        })
        .collect()
}
