//! Aliases, fallbacks, retries: who answers a call, and what it is charged.

mod fallbacks;
mod forms;
mod names;
mod retries;
mod told;

use keypurse_server::gateway::{GatewayConfig, ModelPrice, ProviderConfig, ProviderKind};
use keypurse_testkit::TestAnswer;
use keypurse_testkit::upstream::{Reply, ScriptedUpstream};
use serde_json::{Value, json};

use super::{Shop, config, hello, price, with};

/// A node with two providers: `up` as everywhere, and `other`, where `m` costs
/// two dollars per million input tokens and twenty per million output tokens.
struct Mall {
    shop: Shop,
    other: ScriptedUpstream,
}

impl Mall {
    async fn open(balance: &str) -> Self {
        Self::with(balance, |_| {}).await
    }

    async fn with(balance: &str, change: impl FnOnce(&mut GatewayConfig)) -> Self {
        let (up, other) = (
            ScriptedUpstream::start().await,
            ScriptedUpstream::start().await,
        );
        let mut config = two_providers(&up, &other);
        change(&mut config);
        let shop = Shop::of(up, config, balance).await;
        Self { shop, other }
    }

    /// A call of `up/m` that may fall back to `other/m`.
    async fn ask(&self) -> TestAnswer {
        self.shop.ask(&falling_back()).await
    }

    /// How many requests each provider has had.
    fn asked(&self) -> (usize, usize) {
        (
            self.shop.upstream.received().len(),
            self.other.received().len(),
        )
    }

    /// What the statement says of each call, oldest first: who answered, with
    /// which status, and what it cost.
    async fn booked(&self) -> Vec<(String, u64, f64)> {
        self.shop.app.settled().await;
        let path = "/v2/user/custom_token/t/ledger/";
        let statement = self.shop.app.get(path).send().await.json();
        let lines = statement["lines"].as_array().expect("lines").iter().rev();
        let calls = lines.filter(|line| line["call"].is_object());
        calls
            .map(|line| {
                let call = &line["call"];
                let text = |member: &str| call[member].as_str().expect("a text").to_owned();
                let status = call["status"].as_u64().expect("a status");
                let cost = call["cost"].as_f64().expect("a number");
                (
                    format!("{}/{}", text("provider"), text("model")),
                    status,
                    cost,
                )
            })
            .collect()
    }
}

fn two_providers(up: &ScriptedUpstream, other: &ScriptedUpstream) -> GatewayConfig {
    let mut config = config(up);
    let mut second = config.providers[0].clone();
    "other".clone_into(&mut second.name);
    let ProviderConfig {
        kind: ProviderKind::Http(upstream),
        ..
    } = &mut second
    else {
        panic!("a provider over HTTP")
    };
    other.base_url().clone_into(&mut upstream.base_url);
    config.providers.push(second);
    config.prices.push(ModelPrice {
        provider: "other".to_owned(),
        ..price("m", "2", "20")
    });
    config
}

fn falling_back() -> Value {
    with(hello(), "fallbacks", json!(["other/m"]))
}

fn broken() -> Reply {
    Reply::json(500, &json!({"error": {"message": "broken"}}))
}
