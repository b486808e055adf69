//! A token's settings as the contract tells them, in a second wording.

use std::sync::Arc;

use keypurse_core::period::{Reset, ResetPeriod};
use keypurse_core::rules::{Limits, Rules, RulesChange};
use keypurse_core::time::Timestamp;
use keypurse_core::token::{SettingsChange, TokenKind, TokenSettings};

const DAY: i64 = 86_400_000_000;

/// The settings after a change, unless they would contradict each other.
pub(super) fn changed(
    old: &TokenSettings,
    change: &SettingsChange,
    now: i64,
) -> Option<TokenSettings> {
    let switched_off = change.has_budget == Some(false);
    let kept = old
        .reset
        .filter(|_| !switched_off)
        .map(|reset| reset.period);
    let period = change.reset_period.unwrap_or(kept);
    let amount = change.reset_amount.or(old.reset.map(|reset| reset.amount));
    if change
        .reset_amount
        .is_some_and(|amount| amount.nanos() <= 0)
        || period.is_some() && (amount.is_none() || switched_off)
        || period.is_none() && change.reset_amount.is_some()
        || old.kind == TokenKind::Live && change.simulate_budget == Some(true)
    {
        return None;
    }
    let reset = period.zip(amount).map(|(period, amount)| {
        let running = old.reset.filter(|reset| reset.period == period);
        let next_at = running.map_or_else(|| period_end(period, now), |reset| reset.next_at);
        Reset {
            period,
            amount,
            next_at,
        }
    });
    Some(TokenSettings {
        has_budget: reset.is_some() || change.has_budget.unwrap_or(old.has_budget),
        expires_at: change.expires_at.unwrap_or(old.expires_at),
        overdraft: change.overdraft.unwrap_or(old.overdraft),
        reset,
        simulate_budget: change.simulate_budget.unwrap_or(old.simulate_budget),
        rules: ruled(old.rules.as_deref(), &change.rules),
        ..old.clone()
    })
}

/// When a period ends is no setting.
pub(super) fn timeless(mut settings: TokenSettings) -> TokenSettings {
    if let Some(reset) = &mut settings.reset {
        reset.next_at = Timestamp::default();
    }
    settings
}

fn ruled(old: Option<&Rules>, change: &RulesChange) -> Option<Arc<Rules>> {
    fn set<T: Clone>(rule: &mut T, wanted: Option<&T>) {
        if let Some(wanted) = wanted {
            rule.clone_from(wanted);
        }
    }
    let mut rules = old.cloned().unwrap_or_default();
    set(&mut rules.allowed_models, change.allowed_models.as_ref());
    set(&mut rules.denied_models, change.denied_models.as_ref());
    set(
        &mut rules.allowed_networks,
        change.allowed_networks.as_ref(),
    );
    set(&mut rules.tags, change.tags.as_ref());
    set(
        &mut rules.response_cache_seconds,
        change.response_cache_seconds.as_ref(),
    );
    let Limits {
        requests_per_minute,
        tokens_per_minute,
        max_concurrency,
    } = &mut rules.limits;
    set(requests_per_minute, change.requests_per_minute.as_ref());
    set(tokens_per_minute, change.tokens_per_minute.as_ref());
    set(max_concurrency, change.max_concurrency.as_ref());
    (rules != Rules::default()).then(|| Arc::new(rules))
}

/// The next midnight that begins a day, a Monday or a month, in UTC.
pub(super) fn period_end(period: ResetPeriod, now: i64) -> Timestamp {
    let tomorrow = now.div_euclid(DAY) + 1;
    let begins = |day: &i64| match period {
        ResetPeriod::Daily => true,
        // Day 4 was the first Monday after 1970-01-01.
        ResetPeriod::Weekly => (day - 4).rem_euclid(7) == 0,
        ResetPeriod::Monthly => {
            let midnight = Timestamp::from_micros(day * DAY).to_string();
            midnight.get(8..10) == Some("01")
        }
    };
    let day = (tomorrow..tomorrow + 31).find(begins).expect("months end");
    Timestamp::from_micros(day * DAY)
}
