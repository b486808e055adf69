//! Rules and what they fired for, in words.

use keypurse_core::alert::{AlertCondition, AlertScope};
use keypurse_core::time::Timestamp;
use keypurse_store::{AlertEvent, AlertRule, Delivery, DeliveryState};

use crate::alerts::sentence;
use crate::dashboard::figures::{Dollars, Millis, Span};

/// A rule in a list.
pub(super) struct RuleView {
    pub(super) path: String,
    pub(super) name: String,
    pub(super) waits_for: String,
    pub(super) watches: String,
    pub(super) tells: String,
    pub(super) state: &'static str,
    pub(super) tone: &'static str,
}

/// Something that fired.
pub(super) struct EventView {
    pub(super) sentence: String,
    pub(super) rule: String,
    /// `None`: it was deleted.
    pub(super) rule_path: Option<String>,
    pub(super) fired_at: Timestamp,
    pub(super) cleared_at: Option<Timestamp>,
}

/// A line of the delivery log.
pub(super) struct DeliveryView {
    pub(super) what: String,
    pub(super) created_at: Timestamp,
    pub(super) state: &'static str,
    pub(super) tone: &'static str,
    pub(super) tries: usize,
    pub(super) last: String,
}

/// The address of a rule's page.
pub(super) fn path_of(rule: &AlertRule) -> String {
    format!("/alerts/{}", rule.id)
}

impl RuleView {
    /// `events` tell which rules have fired and are not over.
    pub(super) fn of(rule: &AlertRule, events: &[AlertEvent]) -> Self {
        let is_open = |event: &AlertEvent| event.rule == rule.id && event.cleared_at.is_none();
        let (state, tone) = match (rule.is_enabled, events.iter().any(is_open)) {
            (false, _) => ("Off", ""),
            (true, true) => ("Firing", "bad"),
            (true, false) => ("Watching", "good"),
        };
        Self {
            path: path_of(rule),
            name: rule.name.clone(),
            waits_for: waits_for(&rule.condition),
            watches: watches(&rule.scope),
            tells: rule.webhook.as_ref().map_or_else(
                || "Only listed here".to_owned(),
                |webhook| webhook.shown.trim_start_matches("https://").to_owned(),
            ),
            state,
            tone,
        }
    }
}

impl EventView {
    /// `rules` are all there are.
    pub(super) fn of(event: &AlertEvent, rules: &[AlertRule]) -> Self {
        Self {
            sentence: sentence(event),
            rule: event.rule_name.clone(),
            rule_path: rules.iter().find(|rule| rule.id == event.rule).map(path_of),
            fired_at: event.fired_at,
            cleared_at: event.cleared_at,
        }
    }
}

impl DeliveryView {
    pub(super) fn of(delivery: &Delivery) -> Self {
        let (state, tone) = match delivery.state {
            DeliveryState::Pending(_) => ("Tried again", "warn"),
            DeliveryState::Delivered => ("Delivered", "good"),
            DeliveryState::GivenUp => ("Given up", "bad"),
        };
        let last = delivery.tries.last().map_or_else(String::new, |tried| {
            let took = Millis(tried.took_ms.into());
            match (tried.status, &tried.error) {
                (Some(status), None) => format!("answered {status} in {took}"),
                (Some(status), Some(error)) => format!("answered {status} in {took}: {error}"),
                (None, Some(error)) => format!("no answer in {took}: {error}"),
                (None, None) => format!("no answer in {took}"),
            }
        });
        Self {
            what: delivery
                .event
                .map_or_else(|| "Test".to_owned(), |event| event.to_string()),
            created_at: delivery.created_at,
            state,
            tone,
            tries: delivery.tries.len(),
            last,
        }
    }
}

/// What a rule waits for.
fn waits_for(condition: &AlertCondition) -> String {
    let span = |seconds: u32| Span {
        seconds: seconds.into(),
    };
    match *condition {
        AlertCondition::BalanceBelow(amount) => format!("Less than {} left", Dollars(amount)),
        AlertCondition::BalanceShareBelow { percent } => {
            format!("Less than {percent} % of the budget left")
        }
        AlertCondition::SpendRateAbove {
            amount,
            window_seconds,
        } => format!(
            "More than {} spent within {}",
            Dollars(amount),
            span(window_seconds)
        ),
        AlertCondition::ExpiringWithin { seconds } => format!("Expires within {}", span(seconds)),
        AlertCondition::Exhausted => "Nothing left".to_owned(),
        AlertCondition::ErrorRateAbove {
            percent,
            window_seconds,
            least_calls,
        } => format!(
            "More than {percent} % of at least {least_calls} calls fail within {}",
            span(window_seconds)
        ),
        AlertCondition::ProviderDown => "A provider fails again and again".to_owned(),
    }
}

fn watches(scope: &AlertScope) -> String {
    match scope {
        AlertScope::Account => "The account".to_owned(),
        AlertScope::EveryToken => "Each token".to_owned(),
        AlertScope::Token(name) => name.as_str().to_owned(),
    }
}
