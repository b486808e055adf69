//! What is counted about calls.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use keypurse_core::money::Money;
use keypurse_core::usage::TokenCounts;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::money::Dollars;

/// Upper bounds of durations, in seconds: a fast embedding to a long stream.
const SECONDS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0,
];
/// What stands for models that neither the catalogue nor the operator names:
/// clients could make up any number of them.
pub(crate) const OTHER_MODEL: &str = "other";

/// Every counter of calls. Clones count together.
#[derive(Clone, Debug)]
pub struct CallMeters {
    calls: Family<StatusLabels, Counter>,
    tokens: Family<TokenLabels, Counter>,
    cost: Family<ModelLabels, Dollars>,
    house: Dollars,
    duration: Family<ProviderLabels, Histogram, Seconds>,
    first_byte: Family<ProviderLabels, Histogram, Seconds>,
    sandbox: Family<EndpointLabels, Counter>,
    retries: Family<OneProvider, Counter>,
    fallbacks: Family<OneProvider, Counter>,
    cache: Family<CacheLabels, Counter>,
    streams: Gauge,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ModelLabels {
    endpoint: &'static str,
    provider: String,
    model: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StatusLabels {
    endpoint: &'static str,
    provider: String,
    model: String,
    status: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct TokenLabels {
    endpoint: &'static str,
    provider: String,
    model: String,
    direction: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ProviderLabels {
    endpoint: &'static str,
    provider: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OneProvider {
    provider: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct EndpointLabels {
    endpoint: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct CacheLabels {
    outcome: &'static str,
}

/// Makes histograms of durations.
#[derive(Clone, Copy, Debug)]
struct Seconds;

impl MetricConstructor<Histogram> for Seconds {
    fn new_metric(&self) -> Histogram {
        Histogram::new(SECONDS)
    }
}

impl Default for CallMeters {
    fn default() -> Self {
        Self {
            calls: Family::default(),
            tokens: Family::default(),
            cost: Family::default(),
            house: Dollars::default(),
            duration: Family::new_with_constructor(Seconds),
            first_byte: Family::new_with_constructor(Seconds),
            sandbox: Family::default(),
            retries: Family::default(),
            fallbacks: Family::default(),
            cache: Family::default(),
            streams: Gauge::default(),
        }
    }
}

impl CallMeters {
    /// With what can be counted of these providers at 0: what never happened is
    /// told, too.
    pub(crate) fn of_providers<'a>(providers: impl Iterator<Item = &'a String>) -> Self {
        let meters = Self::default();
        for provider in providers {
            let labels = OneProvider {
                provider: provider.clone(),
            };
            drop(meters.retries.get_or_create(&labels));
            drop(meters.fallbacks.get_or_create(&labels));
        }
        for outcome in ["hit", "miss"] {
            drop(meters.cache.get_or_create(&CacheLabels { outcome }));
        }
        meters
    }

    /// Makes everything here part of what is read.
    pub(super) fn register(&self, registry: &mut Registry) {
        let help = "Calls by the class of the status they were answered with";
        registry.register("calls", help, self.calls.clone());
        let help = "Tokens that calls were charged for";
        registry.register("tokens", help, self.tokens.clone());
        let help = "What calls cost, in US dollars";
        registry.register("cost_dollars", help, self.cost.clone());
        let help = "What neither hold nor balance could cover, in US dollars";
        registry.register("house_dollars", help, self.house.clone());
        let help = "From a call's admission to its settlement, in seconds";
        registry.register("call_duration_seconds", help, self.duration.clone());
        let help = "From an attempt's start to the first byte of its answer, in seconds";
        registry.register("first_byte_seconds", help, self.first_byte.clone());
        let help = "Calls the simulator answered for nothing";
        registry.register("sandbox_calls", help, self.sandbox.clone());
        let help = "Attempts made again at the same provider";
        registry.register("retries", help, self.retries.clone());
        let help = "Attempts that were turned away from a provider to the next";
        registry.register("fallbacks", help, self.fallbacks.clone());
        let help = "Calls of tokens with a response cache, by whether it had the answer";
        registry.register("cache_answers", help, self.cache.clone());
        let help = "Streams under way";
        registry.register("streams_open", help, self.streams.clone());
    }

    /// The counters of one model, for as long as its route is known.
    fn of(&self, endpoint: &'static str, provider: &str, model: &str) -> ModelMeters {
        let labels = ModelLabels {
            endpoint,
            provider: provider.to_owned(),
            model: model.to_owned(),
        };
        let calls = STATUSES.map(|status| {
            let ModelLabels {
                provider, model, ..
            } = labels.clone();
            self.calls.get_or_create_owned(&StatusLabels {
                endpoint,
                provider,
                model,
                status,
            })
        });
        let [input, output] = ["input", "output"].map(|direction| {
            let ModelLabels {
                provider, model, ..
            } = labels.clone();
            self.tokens.get_or_create_owned(&TokenLabels {
                endpoint,
                provider,
                model,
                direction,
            })
        });
        let of_provider = ProviderLabels {
            endpoint,
            provider: provider.to_owned(),
        };
        ModelMeters {
            calls,
            input,
            output,
            cost: self.cost.get_or_create_owned(&labels),
            house: self.house.clone(),
            duration: self.duration.get_or_create_owned(&of_provider),
            first_byte: self.first_byte.get_or_create_owned(&of_provider),
        }
    }

    /// The simulator answered a call for nothing.
    pub(crate) fn simulated(&self, endpoint: &'static str) {
        self.sandbox
            .get_or_create(&EndpointLabels { endpoint })
            .inc();
    }

    /// A call is made again at this provider.
    pub(crate) fn retried(&self, provider: &str) {
        let provider = provider.to_owned();
        self.retries.get_or_create(&OneProvider { provider }).inc();
    }

    /// A call that failed at this provider goes to the next.
    pub(crate) fn turned_away(&self, provider: &str) {
        let provider = provider.to_owned();
        self.fallbacks
            .get_or_create(&OneProvider { provider })
            .inc();
    }

    /// The response cache was asked.
    pub(crate) fn cache_asked(&self, has_answer: bool) {
        let outcome = if has_answer { "hit" } else { "miss" };
        self.cache.get_or_create(&CacheLabels { outcome }).inc();
    }

    /// A stream begins; it is over when this is dropped.
    pub(crate) fn stream(&self) -> OpenStream {
        self.streams.inc();
        OpenStream(self.streams.clone())
    }
}

/// A stream under way.
#[derive(Debug)]
pub(crate) struct OpenStream(Gauge);

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Classes of statuses, in the order of [`ModelMeters::calls`].
const STATUSES: [&str; 5] = ["unanswered", "2xx", "3xx", "4xx", "5xx"];

/// The counters of one model at one endpoint.
#[derive(Debug)]
pub(crate) struct ModelMeters {
    calls: [Counter; STATUSES.len()],
    input: Counter,
    output: Counter,
    cost: Dollars,
    house: Dollars,
    duration: Histogram,
    first_byte: Histogram,
}

impl ModelMeters {
    /// A call is over; status 0: nobody was answered.
    pub(crate) fn ended(&self, status: u16, took: Duration) {
        let class = usize::from(status / 100)
            .saturating_sub(1)
            .min(STATUSES.len() - 1);
        self.calls[if status < 200 { 0 } else { class }].inc();
        self.duration.observe(took.as_secs_f64());
    }

    /// A call used so much, which costs so much.
    pub(crate) fn used(&self, counts: &TokenCounts, cost: Money) {
        self.input.inc_by(counts.input);
        self.output.inc_by(counts.output);
        self.cost.add(cost);
    }

    /// So much of a cost nobody paid.
    pub(crate) fn paid_by_the_house(&self, money: Money) {
        if money > Money::ZERO {
            self.house.add(money);
        }
    }

    /// The provider began to answer, after this long.
    pub(crate) fn began(&self, took: Duration) {
        self.first_byte.observe(took.as_secs_f64());
    }
}

/// The counters of a route, which has one model and is called at some of the
/// endpoints: looked up by name once, and by place from then on.
pub(crate) struct RouteMeters<const ENDPOINTS: usize> {
    all: CallMeters,
    provider: String,
    model: String,
    by_endpoint: [OnceLock<ModelMeters>; ENDPOINTS],
}

impl<const ENDPOINTS: usize> RouteMeters<ENDPOINTS> {
    /// Of a model by its label, which clients cannot make up.
    pub(crate) fn new(all: &CallMeters, provider: &str, model: &str) -> Self {
        Self {
            all: all.clone(),
            provider: provider.to_owned(),
            model: model.to_owned(),
            by_endpoint: [const { OnceLock::new() }; ENDPOINTS],
        }
    }

    /// Those of the endpoint at this place, which has this name.
    pub(crate) fn at(&self, place: usize, endpoint: &'static str) -> &ModelMeters {
        self.by_endpoint[place].get_or_init(|| self.all.of(endpoint, &self.provider, &self.model))
    }
}

impl<const ENDPOINTS: usize> fmt::Debug for RouteMeters<ENDPOINTS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RouteMeters({}/{})", self.provider, self.model)
    }
}

#[cfg(test)]
mod tests {
    use super::{CallMeters, RouteMeters, SECONDS};
    use keypurse_core::money::Money;
    use keypurse_core::usage::TokenCounts;
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;
    use std::time::{Duration, Instant};

    #[test]
    fn a_call_is_counted_where_it_belongs_and_its_cost_to_the_nano_dollar() {
        let (all, mut registry) = (CallMeters::default(), Registry::with_prefix("keypurse"));
        all.register(&mut registry);
        let route = RouteMeters::<2>::new(&all, "openai", "gpt-4o");
        let counts = TokenCounts {
            input: 7,
            output: 3,
            ..TokenCounts::default()
        };
        for (status, cost) in [(200, 1), (201, 2), (429, 0), (503, 0), (0, 0)] {
            let meters = route.at(1, "chat/completions");
            meters.used(&counts, Money::from_nanos(cost));
            meters.ended(status, Duration::from_millis(30));
        }
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        let of = "endpoint=\"chat/completions\",provider=\"openai\"";
        let model = "model=\"gpt-4o\"";
        for line in [
            format!("keypurse_calls_total{{{of},{model},status=\"2xx\"}} 2"),
            format!("keypurse_calls_total{{{of},{model},status=\"4xx\"}} 1"),
            format!("keypurse_calls_total{{{of},{model},status=\"5xx\"}} 1"),
            format!("keypurse_calls_total{{{of},{model},status=\"unanswered\"}} 1"),
            format!("keypurse_tokens_total{{{of},{model},direction=\"input\"}} 35"),
            format!("keypurse_cost_dollars_total{{{of},{model}}} 3e-9"),
            format!("keypurse_call_duration_seconds_count{{{of}}} 5"),
        ] {
            assert!(text.contains(&line), "{line}\n{text}");
        }
        assert!(SECONDS.is_sorted());
    }

    /// A call adds to seven counters: less than two microseconds even here,
    /// unoptimised and beside others.
    #[test]
    fn counting_a_call_is_no_work() {
        const CALLS: u32 = 10_000;
        let route = RouteMeters::<1>::new(&CallMeters::default(), "openai", "gpt-4o");
        let counts = TokenCounts::default();
        let fastest = (0..10).map(|_| {
            let began = Instant::now();
            for _ in 0..CALLS {
                let meters = route.at(0, "chat/completions");
                meters.began(Duration::from_millis(30));
                meters.used(&counts, Money::from_nanos(5));
                meters.ended(200, Duration::from_millis(30));
            }
            began.elapsed() / CALLS
        });
        let fastest = fastest.min().unwrap();
        assert!(fastest < Duration::from_micros(2), "{fastest:?} a call");
    }
}
