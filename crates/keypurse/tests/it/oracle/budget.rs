//! L-1: many clients on one token, more demand than money.

use std::sync::Arc;
use std::time::Duration;

use keypurse_core::money::Money;
use keypurse_testkit::hostile::{Behaviour, HostileProvider};
use keypurse_testkit::oracle::{Books, ClientSaw, Oracle, Rules, Verdict, Witnesses};
use serde_json::json;
use tokio::task::JoinSet;

use super::crowd::{Manners, Wish, call, wish};
use super::number;
use super::operator::Operator;
use super::price;
use super::scene::Scene;
use crate::client::Client;
use crate::process::{Process, Setup};

const CLIENTS: usize = 64;
const CALLS: i64 = 100;
/// Eight times the calls there is money for.
const CALLS_EACH: usize = 13;

/// A gateway before a provider that answers at once.
struct Shop {
    setup: Setup,
    provider: HostileProvider,
    scene: Arc<Scene>,
    process: Process,
    _folder: tempfile::TempDir,
}

impl Shop {
    async fn open(input_price: &str, seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let provider = HostileProvider::start(folder.path(), Duration::ZERO).await;
        let priced = format!("input_per_million = \"{input_price}\"");
        let config = provider
            .config()
            .replace("input_per_million = \"1\"", &priced);
        let setup = Setup::new(folder.path()).config(&config);
        let setup = setup.argument("--log=error,keypurse_server::gateway=off");
        let process = setup.start().await;
        Self {
            scene: Arc::new(Scene::new(&setup.address, seed)),
            setup,
            provider,
            process,
            _folder: folder,
        }
    }

    /// Gives the one token there is this balance.
    async fn token(&self, name: &str, balance: Money) {
        self.scene.forget_tokens();
        let made = Operator::new(&self.scene).create(name, balance).await;
        assert!(made, "a new token");
    }

    /// All clients at once, each so many calls one after the other.
    async fn burst(&self, each: usize, ask: fn(&Scene) -> Wish) -> Vec<ClientSaw> {
        let seen = self.scene.ended();
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            let scene = Arc::clone(&self.scene);
            clients.spawn(async move {
                let client = Client::new(&scene.address);
                for _ in 0..each {
                    assert!(call(&scene, &client, ask(&scene)).await, "no answer");
                }
            });
        }
        clients.join_all().await;
        self.scene.saw.lock().unwrap()[seen..].to_vec()
    }

    /// Stops, and lets the oracle judge.
    fn close(mut self, input_price: &str) -> (Verdict, Books) {
        assert!(self.process.terminate().success(), "{}", self.process.log());
        let said = Witnesses {
            provider: &self.provider.served(),
            clients: &self.scene.saw.lock().unwrap(),
            operator: &self.scene.acts.lock().unwrap(),
        };
        let rules = Rules {
            price: price(input_price, "10"),
            block_tokens: 0,
            dispatch_grace: Duration::MAX,
        };
        let books = Books::read(&self.setup.data_dir().join("keypurse.db"));
        let verdict = Oracle::new(rules).judge(said, &books);
        verdict.assert_clean("after the last call");
        (verdict, books)
    }
}

fn count(saw: &[ClientSaw], statuses: &[u16]) -> usize {
    saw.iter()
        .filter(|saw| statuses.contains(&saw.status))
        .count()
}

fn balance(books: &Books, token: &str) -> Money {
    let mut purses = books.purses.iter();
    let purse = purses.find(|purse| purse.token.as_deref() == Some(token));
    purse.expect("its purse stays").balance
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l1_money_for_a_hundred_calls_buys_exactly_a_hundred() {
    let shop = Shop::open("0", number("KEYPURSE_SEED", 1)).await;
    let rounds = number("KEYPURSE_ROUNDS", 4);
    for round in 0..rounds {
        // The whole limit is used, and no limit is lowered: it is 256 at most.
        let limit = 1 + i64::try_from(shop.scene.roll(256)).unwrap();
        let name = format!("round-{round}-limit-{limit}");
        let all = Money::from_nanos(CALLS * limit * 10_000);
        shop.token(&name, all).await;
        let saw = shop.burst(CALLS_EACH, |scene| {
            let token = scene.any_token();
            let limit = token
                .name
                .rsplit('-')
                .next()
                .unwrap()
                .parse::<u64>()
                .unwrap();
            let body = json!({
                "model": format!("hostile/{}", Behaviour::Talkative.name()),
                "user": token.name, "max_tokens": limit,
                "messages": [{"role": "user", "content": "Tell me what you would say."}],
            });
            Wish {
                token,
                body,
                hangs_up: false,
            }
        });
        let saw = saw.await;
        let (whole, refused) = (count(&saw, &[200]), count(&saw, &[402, 429]));
        assert_eq!(whole + refused, CLIENTS * CALLS_EACH, "{name}");
        assert_eq!(whole, 100, "{name}");
    }
    let (verdict, books) = shop.close("0");
    assert_eq!(verdict.provider_calls as u64, rounds * 100);
    for purse in &books.purses {
        let is_spent = purse.token.is_none() || purse.balance == Money::ZERO;
        assert!(is_spent, "{purse:?}");
    }
    println!("L-1: {rounds} rounds; {verdict}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l1_whatever_providers_do_a_budget_is_never_overspent() {
    let shop = Shop::open("1", number("KEYPURSE_SEED", 1)).await;
    let rounds = number("KEYPURSE_ROUNDS", 4);
    let mut refused = 0;
    for round in 0..rounds {
        let cents = 1 + i64::try_from(shop.scene.roll(20)).unwrap();
        let name = format!("round-{round}");
        shop.token(&name, Money::from_nanos(cents * 10_000_000))
            .await;
        let saw = shop.burst(4, |scene| wish(scene, Manners::Any)).await;
        refused += count(&saw, &[402, 429]);
    }
    assert!(refused > 0, "there was money for everything");
    let (verdict, books) = shop.close("1");
    for round in 0..rounds {
        assert!(balance(&books, &format!("round-{round}")) >= Money::ZERO);
    }
    println!("L-1 with an input price: {rounds} rounds; {refused} refused; {verdict}");
}
