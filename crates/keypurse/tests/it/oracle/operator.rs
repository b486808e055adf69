//! The operator, who makes, fills, rotates and deletes tokens all the while.

use std::sync::Arc;

use hyper::Method;
use keypurse_core::money::Money;
use keypurse_testkit::oracle::ActKind;
use serde_json::{Value, json};

use super::scene::{Scene, Token};
use crate::client::Client;
use crate::process::ACCOUNT_KEY;

const TOKENS: &str = "/v2/user/custom_token";
/// Requests that end between two acts.
const PAUSE: usize = 3;

/// Tokens that stay for the whole run: one with plenty.
pub(super) async fn furnish(scene: &Scene) {
    let operator = Operator::new(scene);
    for name in ["rich", "richer"] {
        let made = operator.create(name, Money::from_nanos(1_000_000_000_000));
        assert!(made.await, "the first token");
    }
}

/// One token after the other, until nobody answers.
pub(super) async fn keep_operating(scene: Arc<Scene>) {
    let operator = Operator::new(&scene);
    loop {
        // Unique among all acts: an entry is recognised by its balance.
        let number = scene.acts.lock().unwrap().len();
        let name = format!("t{number}");
        let thousandths = i64::try_from(scene.roll(20)).unwrap();
        let unique = i64::try_from(number).unwrap() * 10;
        let balance = |plus: i64| Money::from_nanos(thousandths * 1_000_000 + unique + plus);
        operator.create(&name, balance(1)).await;
        scene.wait_for(PAUSE, || true).await;
        operator.set_balance(&name, balance(2)).await;
        scene.wait_for(PAUSE, || true).await;
        operator.rotate(&name).await;
        scene.wait_for(PAUSE, || true).await;
        operator.delete(&name).await;
    }
}

pub(super) struct Operator<'a> {
    scene: &'a Scene,
    client: Client,
}

impl<'a> Operator<'a> {
    pub(super) fn new(scene: &'a Scene) -> Self {
        let client = Client::new(&scene.address);
        Self { scene, client }
    }

    pub(super) async fn create(&self, name: &str, balance: Money) -> bool {
        let act = self.scene.intends(name, ActKind::Create(balance));
        let body = json!({
            "name": name, "balance": balance.to_string(), "active_balance": true,
        });
        let path = format!("{TOKENS}/");
        let Some(answer) = self.ask(Method::POST, &path, &body, 201).await else {
            return false;
        };
        self.scene.acknowledged(act);
        self.show(name, &answer);
        true
    }

    async fn set_balance(&self, name: &str, balance: Money) {
        let act = self.scene.intends(name, ActKind::SetBalance(balance));
        let body = json!({"balance": balance.to_string()});
        let path = format!("{TOKENS}/{name}/");
        if self.ask(Method::PATCH, &path, &body, 200).await.is_some() {
            self.scene.acknowledged(act);
        }
    }

    async fn rotate(&self, name: &str) {
        let path = format!("{TOKENS}/{name}/rotate/");
        if let Some(answer) = self.ask(Method::POST, &path, &json!({}), 200).await {
            self.show(name, &answer);
        }
    }

    async fn delete(&self, name: &str) {
        let act = self.scene.intends(name, ActKind::Delete);
        let path = format!("{TOKENS}/{name}/");
        let deleted = self.client.delete(&path, ACCOUNT_KEY).await;
        if deleted.is_ok_and(|answer| answer.status == 204) {
            self.scene.acknowledged(act);
        }
    }

    /// The answer, when it came and is what it should be.
    async fn ask(&self, method: Method, path: &str, body: &Value, status: u16) -> Option<Value> {
        let asked = self.client.send(method, path, ACCOUNT_KEY, Some(body));
        let answer = asked.await.ok()?;
        assert!(
            [status, 404, 503].contains(&answer.status),
            "{path}: {} {}",
            answer.status,
            answer.text
        );
        (answer.status == status).then(|| answer.json())
    }

    fn show(&self, name: &str, answer: &Value) {
        self.scene.put_token(Token {
            name: name.to_owned(),
            secret: answer["token"].as_str().unwrap().to_owned(),
        });
    }
}
