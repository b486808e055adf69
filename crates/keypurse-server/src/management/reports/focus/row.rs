//! One day of one token and model, as FOCUS tells it.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_core::usage::TokenCounts;
use keypurse_store::{Account, Feature, UsageRow};

use crate::http::csv::harmless;
use crate::management::reports::period::day_of;
use crate::management::reports::range::{day_after, first_instant};
use crate::management::reports::selection::Labels;

const ISSUER: &str = "Keypurse";

/// What rows say beside their sums.
#[derive(Debug)]
pub(super) struct Book {
    pub(super) account: Account,
    pub(super) labels: Labels,
    pub(super) zone: TimeZone,
}

/// Whether something was used for which there could be a bill: simulated calls
/// and calls that failed use nothing.
pub(super) fn is_charge(row: &UsageRow) -> bool {
    let used = row.sums.detail.as_ref();
    let has_used = used.is_some_and(|used| used.counts.named().any(|(_, count)| count > 0));
    let is_real = row.sums.simulated < row.sums.calls;
    row.sums.cost != Money::ZERO || (has_used && is_real)
}

impl Book {
    /// A row as long as [`super::COLUMNS`].
    pub(super) fn row(&self, row: &UsageRow) -> Vec<String> {
        let cost = row.sums.cost.to_string();
        let month = self.month_of(row.period);
        let day_end = self.day_end(row.period);
        let counts = row.sums.detail.as_ref().map(|detail| detail.counts);
        let counts = counts.unwrap_or_default();
        let (quantity, unit) = quantity(&counts, row.sums.calls);
        let quantity = quantity.to_string();
        let provider = harmless(row.key.provider.as_deref().unwrap_or_default());
        let model = row.key.model.as_deref().unwrap_or_default();
        let service = Service::of(row.key.feature);
        let token = row.key.token;
        // The account's own key has no id of its own.
        let id = token.map_or_else(|| self.account.id.to_string(), |id| id.to_string());
        let described = format!("{} by {model}", service.name);
        let columns = [
            cost.clone(),
            self.account.id.to_string(),
            harmless(&self.account.name),
            "USD".to_owned(),
            month.1.to_string(),
            month.0.to_string(),
            "Usage".to_owned(),
            String::new(),
            harmless(&described),
            "Usage-Based".to_owned(),
            day_end.to_string(),
            row.period.to_string(),
            quantity.clone(),
            unit.to_owned(),
            cost.clone(),
            cost.clone(),
            ISSUER.to_owned(),
            cost,
            quantity,
            unit.to_owned(),
            provider.clone(),
            provider,
            id,
            harmless(&self.labels.name(token)),
            "API Key".to_owned(),
            "AI and Machine Learning".to_owned(),
            service.name.to_owned(),
            service.subcategory.to_owned(),
            harmless(model),
            self.tags(row),
        ];
        let mut columns = Vec::from(columns);
        columns.extend(own_columns(row, &counts).map(|number| number.to_string()));
        columns
    }

    /// The month an instant is in: its first instant, and that of the next.
    fn month_of(&self, at: Timestamp) -> (Timestamp, Timestamp) {
        let day = day_of(at, &self.zone);
        let next = day_after(day.last_of_month());
        let start = |day| first_instant(day, &self.zone);
        (start(day.first_of_month()), start(next))
    }

    fn day_end(&self, at: Timestamp) -> Timestamp {
        first_instant(day_after(day_of(at, &self.zone)), &self.zone)
    }

    /// Tags have no values: FOCUS wants `true` for them then.
    fn tags(&self, row: &UsageRow) -> String {
        let tags = self.labels.tags(row.key.token).iter();
        let tags: BTreeMap<&str, bool> = tags.map(|tag| (&**tag, true)).collect();
        serde_json::to_string(&tags).expect("texts and booleans are plain data")
    }
}

fn own_columns(row: &UsageRow, counts: &TokenCounts) -> [u64; 6] {
    [
        row.sums.calls,
        counts.input,
        counts.cached_input,
        counts.output,
        counts.reasoning,
        row.sums.errors,
    ]
}

/// How much was used, in the unit that says most about it.
fn quantity(counts: &TokenCounts, calls: u64) -> (u64, &'static str) {
    let units = counts.units;
    let quantities = [
        (counts.input + counts.output, "Tokens"),
        (units.images, "Images"),
        (units.characters, "Characters"),
        (units.input_seconds + units.output_seconds, "Seconds"),
    ];
    let used = quantities.into_iter().find(|(quantity, _)| *quantity > 0);
    used.unwrap_or((calls, "Requests"))
}

/// What FOCUS calls a kind of work.
struct Service {
    name: &'static str,
    subcategory: &'static str,
}

impl Service {
    fn of(feature: Option<Feature>) -> Self {
        let (name, subcategory) = match feature {
            Some(Feature::Chat) => ("Chat", "Generative AI"),
            Some(Feature::ImageGeneration) => ("Image Generation", "Generative AI"),
            Some(Feature::TextToSpeech) => ("Text to Speech", "Generative AI"),
            Some(Feature::Embeddings) => ("Embeddings", "Natural Language Processing"),
            Some(Feature::Moderation) => ("Moderation", "Natural Language Processing"),
            Some(Feature::SpeechToText) => ("Speech to Text", "Natural Language Processing"),
            None => ("Other", "Other (AI and Machine Learning)"),
        };
        Self { name, subcategory }
    }
}
