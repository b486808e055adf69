//! Every behaviour of the hostile provider, as a whole answer and as a stream, in
//! every dialect, to clients of every dialect: what the client sees, and what it
//! is charged.

use std::time::{Duration, Instant};

use keypurse_core::money::Money;
use keypurse_core::price::{ImagePrices, Price, Rates};
use keypurse_server::gateway::{
    Dialect, Gateway, GatewayConfig, HttpUpstream, ModelPrice, OutputLimitField, ProviderConfig,
    ProviderKind, StreamHold, Timeouts,
};
use keypurse_store_sqlite::{CallState, FinishedCall};
use keypurse_testkit::TestApp;
use keypurse_testkit::hostile::Behaviour as B;
use keypurse_testkit::hostile::{HostileProvider, INPUT_TOKENS, Served};
use keypurse_testkit::oracle::{Act, ActKind, Books, ClientSaw, Oracle, Reading, Rules, Witnesses};
use serde_json::json;

use super::responses::RESPONSES;
use super::{CHAT, dollars, rate};
use Outcome::{Broken, Counted, Cut, Exact, Refused};

/// What one call comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Whole, charged so many output tokens and the input as billed.
    Exact(u64),
    /// Whole, charged by what was counted.
    Counted,
    /// A part of an answer and an error event, charged by what was counted.
    Cut,
    /// An answer and an error event, charged by the usage that was told before.
    Broken(u64),
    /// This status, for nothing.
    Refused(u16),
}

/// The limit every call states; an ordinary answer has 24 tokens.
const LIMIT: u64 = 30;

/// The routes whose calls are translated, and whom they reach.
const CHAT_OF: Pair = Pair(CHAT, Dialect::OpenAi);
const CHAT_OF_ANTHROPIC: Pair = Pair(CHAT, Dialect::Anthropic);
const CHAT_OF_GEMINI: Pair = Pair(CHAT, Dialect::Gemini);
const MESSAGES: &str = "/v1/messages";
const MESSAGES_OF: Pair = Pair(MESSAGES, Dialect::Anthropic);
const MESSAGES_OF_CHAT: Pair = Pair(MESSAGES, Dialect::OpenAi);
const MESSAGES_OF_GEMINI: Pair = Pair(MESSAGES, Dialect::Gemini);
const RESPONSES_OF_CHAT: Pair = Pair(RESPONSES, Dialect::OpenAi);
const RESPONSES_OF_ANTHROPIC: Pair = Pair(RESPONSES, Dialect::Anthropic);
const RESPONSES_OF_GEMINI: Pair = Pair(RESPONSES, Dialect::Gemini);

/// A client's route, and what its provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pair(&'static str, Dialect);

/// Where a pair differs from the table: nothing marks the end of a stream of
/// Gemini's, so junk behind it is part of it.
const ELSEWHERE: &[(Pair, B, Outcome, Outcome)] = &[
    (CHAT_OF_GEMINI, B::JunkAfterEnd, Refused(502), Broken(24)),
    (
        MESSAGES_OF_GEMINI,
        B::JunkAfterEnd,
        Refused(502),
        Broken(24),
    ),
    (
        RESPONSES_OF_GEMINI,
        B::JunkAfterEnd,
        Refused(502),
        Broken(24),
    ),
];

/// The table: behaviour, outcome of a JSON call, outcome of a stream.
const TABLE: &[(B, Outcome, Outcome)] = &[
    (B::Good, Exact(24), Exact(24)),
    (B::Talkative, Exact(30), Exact(30)),
    (B::SlowFirstByte, Exact(24), Exact(24)),
    (B::OneByteAtATime, Exact(24), Exact(24)),
    (B::UntilClose, Exact(24), Exact(24)),
    (B::EarlyHints, Exact(24), Exact(24)),
    (B::KeepAlivesFirst, Exact(24), Exact(24)),
    (B::Mislabelled, Exact(24), Exact(24)),
    (B::JunkAfterEnd, Refused(502), Exact(24)),
    (B::NoDone, Exact(24), Exact(24)),
    (B::Reasoning, Exact(24), Exact(24)),
    (B::RunningUsage, Exact(24), Exact(24)),
    (B::StaleUsage, Exact(24), Cut),
    (B::NoUsage, Counted, Counted),
    (B::ZeroUsage, Exact(0), Exact(0)),
    (B::NegativeUsage, Counted, Counted),
    (B::HugeUsage, Counted, Counted),
    (B::TextUsage, Counted, Counted),
    (B::UsageTwice, Refused(502), Exact(24)),
    (B::UsageAboveLimit, Counted, Counted),
    (B::IgnoresLimit, Counted, Counted),
    (B::Status400, Refused(400), Refused(400)),
    (B::Status401, Refused(502), Refused(502)),
    (B::Status402, Refused(502), Refused(502)),
    (B::Status403, Refused(502), Refused(502)),
    (B::Status429, Refused(429), Refused(429)),
    (B::Status500, Refused(500), Refused(500)),
    (B::Status503, Refused(503), Refused(503)),
    (B::Redirect, Refused(502), Refused(502)),
    (B::ErrorInside, Refused(502), Refused(502)),
    (B::ErrorEvent, Refused(502), Cut),
    (B::WrongType, Refused(502), Refused(502)),
    (B::Gzip, Exact(24), Exact(24)),
    (B::GarbageJson, Refused(502), Refused(502)),
    (B::GarbageEvent, Refused(502), Cut),
    (B::OtherShape, Refused(502), Exact(24)),
    (B::CutBeforeHeaders, Refused(502), Refused(502)),
    (B::CutInHeaders, Refused(502), Refused(502)),
    (B::CutInBody, Refused(502), Cut),
    (B::CutBeforeEnd, Refused(502), Cut),
    (B::EndlessLine, Refused(502), Cut),
    (B::HugeBody, Refused(502), Cut),
    (B::Silent, Refused(504), Refused(504)),
    (B::Stalls, Refused(504), Cut),
];

/// A node in front of a hostile provider.
struct Market {
    app: TestApp,
    provider: HostileProvider,
    secret: String,
    route: &'static str,
    clients: Vec<ClientSaw>,
    _folder: tempfile::TempDir,
}

fn price() -> Price {
    Price::flat(Rates {
        input: rate("1"),
        output: rate("10"),
        ..Rates::default()
    })
}

fn timeouts(behaviour: B) -> Timeouts {
    let mut timeouts = Timeouts::default();
    // Only for those that keep silent: a slow machine is not a slow provider.
    if matches!(behaviour, B::Silent | B::Stalls) {
        timeouts.first_byte = Duration::from_millis(500);
        timeouts.idle = Duration::from_millis(500);
    }
    timeouts
}

impl Market {
    async fn open(pair: Pair, behaviour: B) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let provider = HostileProvider::start(folder.path(), Duration::ZERO).await;
        let upstream = HttpUpstream {
            dialect: pair.1,
            has_responses: false,
            wants_reasoning: false,
            base_url: provider.base_url().to_owned(),
            api_key: None,
            output_limit_field: OutputLimitField::MaxTokens,
            timeouts: timeouts(behaviour),
        };
        let config = GatewayConfig {
            providers: vec![ProviderConfig {
                name: "hostile".to_owned(),
                kind: ProviderKind::Http(upstream),
                free: false,
                stream_hold: StreamHold::ByModel,
            }],
            prices: vec![ModelPrice {
                provider: "hostile".to_owned(),
                model: behaviour.name().to_owned(),
                price: price(),
                images: ImagePrices::default(),
                max_input_tokens: None,
                max_output_tokens: Some(4096),
            }],
            ..GatewayConfig::default()
        };
        let gateway = Gateway::new(config).unwrap();
        let app = TestApp::builder().gateway(gateway).build().await;
        let body = json!({"name": "t", "active_balance": true, "balance": "1"});
        let (_, secret) = app.create_token(body).await;
        Self {
            app,
            provider,
            secret,
            route: pair.0,
            clients: Vec::new(),
            _folder: folder,
        }
    }

    /// Calls once; what the client has, and the call's row.
    async fn call(&mut self, behaviour: B, streamed: bool) -> (ClientSaw, FinishedCall) {
        let mut body =
            json!({"model": format!("hostile/{}", behaviour.name()), "stream": streamed});
        let asked = "Tell me what you would say about that.";
        if self.route == RESPONSES {
            body["max_output_tokens"] = json!(LIMIT);
            body["input"] = json!(asked);
        } else {
            body["max_tokens"] = json!(LIMIT);
            body["messages"] = json!([{"role": "user", "content": asked}]);
        }
        let sent = Instant::now();
        let answer = self
            .app
            .post(self.route)
            .key(&self.secret)
            .json(&body)
            .send()
            .await;
        let mut reading = Reading::default();
        reading.take_in(answer.text.as_bytes());
        let is_stream = answer
            .header("content-type")
            .starts_with("text/event-stream");
        let saw = ClientSaw {
            call: Some(answer.header("x-request-id").to_owned()),
            token: "t".to_owned(),
            sent,
            status: answer.status,
            tokens: reading.tokens(is_stream),
            is_whole: !is_stream || reading.has_done(),
            cost: reading.cost(is_stream),
        };
        self.clients.push(saw.clone());
        self.app.settled().await;
        let calls = self.app.calls();
        (saw, *calls.last().expect("every call has its row"))
    }

    /// What the oracle has to say against it.
    async fn close(self, behaviour: B) -> Vec<String> {
        let created = Act {
            token: "t".to_owned(),
            kind: ActKind::Create(dollars("1")),
            acked: None,
        };
        // Not every dialect can name a user.
        let of_t = |served| Served {
            user: "t".to_owned(),
            ..served
        };
        let served: Vec<Served> = self.provider.served().into_iter().map(of_t).collect();
        let said = Witnesses {
            provider: &served,
            clients: &self.clients,
            operator: &[created],
        };
        let rules = Rules {
            price: price(),
            block_tokens: 0,
            dispatch_grace: Duration::MAX,
        };
        let books = Books::read(&self.app.directory().join("keypurse.db"));
        let verdict = Oracle::new(rules).judge(said, &books);
        assert_eq!(verdict.provider_calls, 2, "{behaviour:?}");
        if matches!(behaviour, B::EndlessLine | B::HugeBody) {
            let served = self.provider.served();
            assert!(
                served.iter().all(|served| !served.is_whole),
                "read to its end"
            );
        }
        self.app.finish().await;
        let violations = verdict.violations.iter();
        violations
            .map(|violation| format!("{behaviour:?}: {violation:?}"))
            .collect()
    }
}

#[test]
fn the_table_has_every_behaviour() {
    let listed: Vec<B> = TABLE.iter().map(|(behaviour, ..)| *behaviour).collect();
    let all: Vec<B> = B::ALL.iter().map(|(behaviour, _)| *behaviour).collect();
    assert_eq!(listed, all);
}

async fn check(pair: Pair) {
    let mut wrong = Vec::new();
    for (behaviour, json, stream) in TABLE {
        let elsewhere = ELSEWHERE
            .iter()
            .find(|row| (row.0, row.1) == (pair, *behaviour));
        let (json, stream) = elsewhere.map_or((*json, *stream), |row| (row.2, row.3));
        let mut market = Market::open(pair, *behaviour).await;
        for (streamed, expected) in [(false, json), (true, stream)] {
            let (saw, row) = market.call(*behaviour, streamed).await;
            let outcome = outcome(&saw, &row);
            if outcome != expected {
                wrong.push(format!(
                    "{behaviour:?}, streamed: {streamed}: {outcome:?}, {saw:?} {row:?}"
                ));
            }
        }
        wrong.extend(market.close(*behaviour).await);
    }
    assert!(wrong.is_empty(), "{pair:?}:\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn h7_every_hostile_behaviour_ends_as_the_settlement_table_says() {
    check(CHAT_OF).await;
}

#[tokio::test]
async fn h7_it_does_for_a_chat_with_anthropics_dialect() {
    check(CHAT_OF_ANTHROPIC).await;
}

#[tokio::test]
async fn h7_it_does_for_a_chat_with_geminis_dialect() {
    check(CHAT_OF_GEMINI).await;
}

#[tokio::test]
async fn h7_it_does_for_messages_with_anthropics_dialect() {
    check(MESSAGES_OF).await;
}

#[tokio::test]
async fn h7_it_does_for_messages_with_openais_dialect() {
    check(MESSAGES_OF_CHAT).await;
}

#[tokio::test]
async fn h7_it_does_for_messages_with_geminis_dialect() {
    check(MESSAGES_OF_GEMINI).await;
}

#[tokio::test]
async fn h7_it_does_for_responses_with_openais_dialect_of_chats() {
    check(RESPONSES_OF_CHAT).await;
}

#[tokio::test]
async fn h7_it_does_for_responses_with_anthropics_dialect() {
    check(RESPONSES_OF_ANTHROPIC).await;
}

#[tokio::test]
async fn h7_it_does_for_responses_with_geminis_dialect() {
    check(RESPONSES_OF_GEMINI).await;
}

/// What a call came to, from what its client has and what is booked.
fn outcome(saw: &ClientSaw, row: &FinishedCall) -> Outcome {
    assert_eq!(row.house, Money::ZERO);
    if saw.status != 200 {
        assert_eq!((row.state, row.charged), (CallState::Void, Money::ZERO));
        return Refused(saw.status);
    }
    assert_eq!(row.state, CallState::Settled);
    if !row.estimated {
        let output = output_tokens(row.charged);
        return if saw.is_whole {
            Exact(output)
        } else {
            Broken(output)
        };
    }
    if saw.is_whole { Counted } else { Cut }
}

/// Output tokens a charge is for, when its input is what the provider counts.
fn output_tokens(charged: Money) -> u64 {
    let nanos = u64::try_from(charged.nanos()).unwrap();
    let output = nanos.saturating_sub(INPUT_TOKENS * 1_000);
    assert_eq!(output % 10_000, 0, "{charged}");
    output / 10_000
}
