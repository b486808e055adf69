//! Alerts as they are noticed and delivered.

mod crash;
mod delivery;
mod lately;
mod purses;
mod reach;
mod scale_tmp;
mod time;

use keypurse_server::background::alerts::{Deliverer, Evaluator};
use keypurse_server::gateway::Gateway;
use keypurse_testkit::upstream::{Received, Reply, ScriptedUpstream, usage};
use keypurse_testkit::{TestApp, TestAppBuilder};
use serde_json::{Value, json};

use crate::gateway::{config, hello};

const ALERTS: &str = "/v2/alerts/";
const EVENTS: &str = "/v2/alerts/events/";
const CHAT: &str = "/v1/chat/completions";
const SECRET: &str = "whsec_canary_5d1c90aa";

/// A node that looks and delivers when it is told, with a receiver of its
/// webhooks and a provider, `up`, whose calls cost a cent each.
struct Watched {
    app: TestApp,
    receiver: ScriptedUpstream,
    provider: ScriptedUpstream,
    evaluator: Evaluator,
    deliverer: Deliverer,
}

fn builder() -> TestAppBuilder {
    TestApp::builder().private_webhooks(&["127.0.0.0/8"])
}

impl Watched {
    async fn open() -> Self {
        Self::with(|builder| builder).await
    }

    async fn with(change: impl FnOnce(TestAppBuilder) -> TestAppBuilder) -> Self {
        let provider = ScriptedUpstream::start().await;
        provider.always(Reply::chat("Hi", &usage(0, 1000)));
        let receiver = ScriptedUpstream::start().await;
        receiver.always(Reply::text(204, "text/plain", ""));
        let gateway = Gateway::new(config(&provider)).unwrap();
        Self {
            app: change(builder().gateway(gateway)).build().await,
            receiver,
            provider,
            evaluator: Evaluator::default(),
            deliverer: Deliverer::default(),
        }
    }

    fn hook(&self) -> String {
        format!("{}/hook/canary-path-77", self.receiver.base_url())
    }

    /// Makes an alert that tells the receiver; its id.
    async fn alert(&self, mut body: Value) -> String {
        body["name"] = json!("watch");
        if body.get("webhook").is_none() {
            body["webhook"] = json!({"url": self.hook(), "secret": SECRET});
        }
        let made = self.app.post(ALERTS).json(&body).send().await;
        assert_eq!(made.status, 201, "{}", made.text);
        made.json()["id"].as_str().unwrap().to_owned()
    }

    async fn token(&self, name: &str, balance: &str) -> String {
        let body = json!({"name": name, "active_balance": true, "balance": balance});
        self.app.create_token(body).await.1
    }

    async fn set(&self, name: &str, change: Value) {
        let path = format!("/v2/user/custom_token/{name}/");
        let done = self.app.patch(&path).json(&change).send().await;
        assert_eq!(done.status, 200, "{}", done.text);
    }

    /// One call, which costs a cent. Its status.
    async fn call(&self, secret: &str) -> u16 {
        let asked = self.app.post(CHAT).key(secret).json(&hello()).send().await;
        self.app.settled().await;
        asked.status
    }

    /// How many rules fire now.
    async fn look(&mut self) -> usize {
        self.evaluator.tick(self.app.state()).await.unwrap()
    }

    /// Looks after some seconds.
    async fn look_after(&mut self, seconds: i64) -> usize {
        self.app.clock().advance_ms(seconds * 1000);
        self.look().await
    }

    /// Delivers what is due, to its end; how much that was.
    async fn deliver(&self) -> usize {
        let started = self.deliverer.tick(self.app.state()).await.unwrap();
        self.app.settled().await;
        started
    }

    /// What the receiver was told.
    fn told(&self) -> Vec<Received> {
        self.receiver.received()
    }

    async fn events(&self) -> Vec<Value> {
        let answer = self.app.get(EVENTS).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["events"].as_array().unwrap().clone()
    }

    /// How many events are not over.
    async fn open_events(&self) -> usize {
        let events = self.events().await;
        events
            .iter()
            .filter(|it| it["cleared_at"].is_null())
            .count()
    }

    async fn log(&self, alert: &str) -> Vec<Value> {
        let answer = self
            .app
            .get(&format!("{ALERTS}{alert}/deliveries/"))
            .send()
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["deliveries"].as_array().unwrap().clone()
    }
}
