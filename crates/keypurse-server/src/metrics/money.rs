//! Money that adds up in integers and is shown in dollars.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use keypurse_core::money::Money;
use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::{MetricType, TypedMetric};

const NANOS_PER_DOLLAR: f64 = 1e9;

/// Dollars spent so far. Sums are exact; only what is shown is a float, as
/// Prometheus has no other numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Dollars {
    nanos: Arc<AtomicU64>,
}

impl Dollars {
    pub(super) fn add(&self, money: Money) {
        let nanos = u64::try_from(money.nanos()).unwrap_or(0);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }
}

/// For people to look at.
#[expect(clippy::cast_precision_loss, reason = "Prometheus has floats alone")]
pub(super) fn in_dollars(money: Money) -> f64 {
    money.nanos() as f64 / NANOS_PER_DOLLAR
}

impl EncodeMetric for Dollars {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        let nanos = i64::try_from(self.nanos.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
        let dollars = in_dollars(Money::from_nanos(nanos));
        encoder.encode_counter::<NoLabelSet, f64, u64>(&dollars, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

impl TypedMetric for Dollars {
    const TYPE: MetricType = MetricType::Counter;
}
