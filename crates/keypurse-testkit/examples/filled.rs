//! A node that a company has used for two months, to look at: tokens of teams,
//! calls that grew, a few failures. Listens on loopback until its input ends.
//!
//! Prints one line of JSON: where it listens, the account's key and its time,
//! which stands still. The same one every time.

#![expect(clippy::print_stdout, reason = "it says where it listens")]

use std::io::Read;

use http::StatusCode;
use keypurse_core::money::Money;
use keypurse_core::price::{ImagePrices, Price, Rate, Rates};
use keypurse_core::time::Timestamp;
use keypurse_server::gateway::{
    Dialect, Gateway, GatewayConfig, HttpUpstream, ModelPrice, OutputLimitField, ProviderConfig,
    ProviderKey, ProviderKind, StreamHold, Timeouts,
};
use keypurse_testkit::TestApp;
use keypurse_testkit::upstream::{Gate, Reply, ScriptedUpstream, usage};
use serde_json::json;

/// Days before the last one on which the company began.
const DAYS: i64 = 62;
const DAY: i64 = 24 * 3600;
const NOON: &str = "2026-11-21T15:20:00Z";
const WORK_BEGINS: i64 = 6 * 3600;
const WORK_SECONDS: i64 = 14 * 3600;
const LONGEST_PROMPT: usize = 24_000;

/// A token of the company: name, dollars, share of the calls, and what else it has.
struct Team {
    name: &'static str,
    weight: u64,
    models: &'static [&'static str],
    settings: serde_json::Value,
}

fn team(
    name: &'static str,
    weight: u64,
    models: &'static [&'static str],
    settings: serde_json::Value,
) -> Team {
    Team {
        name,
        weight,
        models,
        settings,
    }
}

const FAST: &[&str] = &["openai/gpt-4o-mini", "mistral/mistral-small-latest"];
const GOOD: &[&str] = &["openai/gpt-4o", "anthropic/claude-sonnet-4-5"];
const BEST: &[&str] = &["anthropic/claude-opus-4-5", "openai/o3"];

fn teams() -> Vec<Team> {
    let mut teams = vec![
        team(
            "support-bot production",
            34,
            GOOD,
            json!({
                "balance": "400", "active_balance": true, "balance_reset_period": "monthly",
                "balance_reset_amount": "400", "tags": ["support", "production"],
            }),
        ),
        team(
            "search-ranking",
            24,
            FAST,
            json!({
                "balance": "120", "active_balance": true, "tags": ["search", "production"],
            }),
        ),
        team(
            "mobile-app",
            16,
            FAST,
            json!({
                "balance": "60", "active_balance": true, "balance_reset_period": "weekly",
                "balance_reset_amount": "60", "tags": ["mobile", "production"],
            }),
        ),
        team(
            "research-agents",
            12,
            BEST,
            json!({
                "balance": "900", "active_balance": true, "tags": ["research"],
            }),
        ),
    ];
    teams.extend(smaller_teams());
    teams
}

fn smaller_teams() -> [Team; 3] {
    [
        team(
            "document-import",
            8,
            GOOD,
            json!({
                "balance": "90", "active_balance": true, "tags": ["documents"],
            }),
        ),
        team(
            "ci-pipeline",
            4,
            FAST,
            json!({
                "balance": "1.10", "active_balance": true, "overdraft": "refuse", "tags": ["ci"],
                "expire_time": "2026-11-25T00:00:00Z",
            }),
        ),
        team(
            "ada@example.com",
            2,
            GOOD,
            json!({
                "balance": "8", "active_balance": true, "balance_reset_period": "monthly",
                "balance_reset_amount": "20", "tags": ["people"],
            }),
        ),
    ]
}

/// Numbers that look random and are the same every time.
struct Numbers {
    state: u64,
}

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) % bound
    }

    fn pick<'a, T>(&mut self, items: &'a [T], weight: impl Fn(&T) -> u64) -> &'a T {
        let mut left = self.below(items.iter().map(&weight).sum());
        let chosen = items.iter().find(|item| {
            let mine = weight(item);
            let is_mine = left < mine;
            left = left.saturating_sub(mine);
            is_mine
        });
        chosen.expect("weights add up")
    }
}

#[tokio::main]
async fn main() {
    let upstream = ScriptedUpstream::start().await;
    let gateway = Gateway::new(config(&upstream)).expect("a valid configuration");
    let app = TestApp::builder()
        .gateway(gateway)
        .credits("5000")
        .build()
        .await;
    let last = Timestamp::parse(NOON).expect("an instant");
    app.clock().set(&last.plus_seconds(-DAYS * DAY).to_string());
    let mut secrets = Vec::new();
    for team in teams() {
        let mut body = team.settings.clone();
        body["name"] = team.name.into();
        let (_, secret) = app.create_token(body).await;
        secrets.push((team, secret));
    }
    for (name, kind) in [
        ("onboarding sandbox", "sandbox_api_token"),
        ("batch-nightly (retired)", "api_token"),
    ] {
        let body =
            json!({"name": name, "token_type": kind, "balance": "25", "active_balance": true});
        app.create_token(body).await;
    }
    let mut numbers = Numbers { state: 7 };
    for day in (0..=DAYS).rev() {
        live_a_day(
            &app,
            &upstream,
            &secrets,
            last.plus_seconds(-day * DAY),
            &mut numbers,
        )
        .await;
    }
    app.clock().set(NOON);
    app.settled().await;
    let server = app.serve().await;
    let told = json!({"url": server.base_url(), "key": app.account_key(), "now": NOON});
    println!("{told}");
    let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    ended.await.expect("a thread reads").expect("input ends");
    server.stop().await;
}

/// The calls of one day: more of them as time goes on, fewer at weekends.
async fn live_a_day(
    app: &TestApp,
    upstream: &ScriptedUpstream,
    secrets: &[(Team, String)],
    noon: Timestamp,
    numbers: &mut Numbers,
) {
    let midnight = noon.seconds() - noon.seconds().rem_euclid(DAY);
    let day = midnight.div_euclid(DAY);
    // 1970 began on a Thursday.
    let is_weekend = matches!((day + 3).rem_euclid(7), 5 | 6);
    let age = u64::try_from(
        DAYS - (Timestamp::parse(NOON).expect("an instant").seconds() - noon.seconds()) / DAY,
    );
    let calls = 16 + age.expect("a day of ours") / 2 + numbers.below(10);
    let calls = if is_weekend { calls / 3 } else { calls };
    let is_last = noon.to_string() == NOON;
    let mut seconds: Vec<i64> = (0..calls)
        .map(|_| {
            let length = if is_last {
                noon.seconds() - midnight - WORK_BEGINS
            } else {
                WORK_SECONDS
            };
            let bound = u64::try_from(length).expect("a length");
            midnight + WORK_BEGINS + i64::try_from(numbers.below(bound)).expect("a second of a day")
        })
        .collect();
    if is_last {
        seconds.extend((1..=18).map(|at| noon.seconds() - at * 3));
    }
    seconds.sort_unstable();
    for second in seconds {
        app.clock()
            .set(&Timestamp::default().plus_seconds(second).to_string());
        let (team, secret) = numbers.pick(secrets, |(team, _)| team.weight);
        call(app, upstream, team, secret, numbers).await;
    }
    app.settled().await;
}

async fn call(
    app: &TestApp,
    upstream: &ScriptedUpstream,
    team: &Team,
    secret: &str,
    numbers: &mut Numbers,
) {
    let model = team.models[usize::try_from(numbers.below(100) / 63).expect("0 or 1")];
    let input = 400 + numbers.below(4_000);
    let output = 80 + numbers.below(900);
    let luck = numbers.below(100);
    let is_good = luck > 3;
    let reply = match luck {
        0..3 => Reply::json(
            429,
            &json!({"error": {"message": "slow down", "type": "rate_limit"}}),
        ),
        3 => Reply::json(
            500,
            &json!({"error": {"message": "overloaded", "type": "server_error"}}),
        ),
        _ => Reply::chat("Here is what I found.", &usage(input, output)),
    };
    let gate = Gate::new();
    upstream.always(reply.held_by(&gate));
    let length = usize::try_from(input * 5)
        .expect("a length")
        .min(LONGEST_PROMPT);
    let prompt = "What does it cost? ".repeat(length / 19 + 1);
    let body = json!({
        "model": model,
        "max_tokens": 1000,
        "messages": [{"role": "user", "content": prompt}],
    });
    let took = i64::try_from(300 + numbers.below(2_400)).expect("a while");
    let asked = upstream.received_count() + 1;
    let calling = app
        .post("/v1/chat/completions")
        .key(secret)
        .json(&body)
        .send();
    let answering = async {
        upstream.wait_for(asked).await;
        app.clock().advance_ms(took);
        // Once more for each time it is tried again.
        gate.let_pass(4);
        std::future::pending::<()>().await;
    };
    let answer = tokio::select! {
        answer = calling => answer,
        () = answering => unreachable!("it waits for the answer"),
    };
    let is_paid = answer.status != StatusCode::PAYMENT_REQUIRED;
    assert!(
        !is_good || !is_paid || answer.status == 200,
        "{model}: {}",
        answer.text
    );
}

fn config(upstream: &ScriptedUpstream) -> GatewayConfig {
    let provider = |name: &str| ProviderConfig {
        name: name.to_owned(),
        kind: ProviderKind::Http(HttpUpstream {
            dialect: Dialect::OpenAi,
            has_responses: true,
            wants_reasoning: false,
            base_url: upstream.base_url().to_owned(),
            api_key: Some(ProviderKey::new("sk-nobody".to_owned())),
            output_limit_field: OutputLimitField::MaxTokens,
            timeouts: Timeouts::default(),
        }),
        free: false,
        stream_hold: StreamHold::ByModel,
    };
    let rate = |dollars| Rate::per_million(Money::parse_text(dollars).expect("money"));
    GatewayConfig {
        providers: ["openai", "anthropic", "mistral"].map(provider).to_vec(),
        prices: vec![ModelPrice {
            provider: "openai".to_owned(),
            model: "gpt-4o".to_owned(),
            price: Price::flat(Rates {
                input: rate("2").expect("not negative"),
                output: rate("8").expect("not negative"),
                ..Rates::default()
            }),
            images: ImagePrices::default(),
            max_input_tokens: Some(128_000),
            max_output_tokens: Some(16_384),
        }],
        ..GatewayConfig::default()
    }
}
