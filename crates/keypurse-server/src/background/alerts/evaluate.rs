//! Looks which rules fire, and which events are over.

use std::collections::{BTreeMap, HashMap, HashSet};

use keypurse_core::alert::{
    AlertCondition, AlertEventId, AlertId, AlertSubject, Measured, Verdict, evaluate,
};
use keypurse_core::id::AccountId;
use keypurse_core::ledger::PurseId;
use keypurse_core::time::Timestamp;
use keypurse_store::{AlertRule, Firing, StoreError};

use super::facts::AccountFacts;
use super::recent::Recent;
use crate::state::State;

/// Written in one transaction at most: calls' holds wait behind it.
const AT_ONCE: usize = 64;

/// What has fired and is not over.
type Open = HashMap<(AlertId, AlertSubject), (AlertEventId, Measured)>;

/// Looks which rules fire.
#[derive(Debug, Default)]
pub struct Evaluator {
    recent: Recent,
}

/// What a look led to.
#[derive(Default)]
struct Found {
    firings: Vec<Firing>,
    over: Vec<AlertEventId>,
    /// Rules that were looked at.
    looked_at: HashSet<AlertId>,
}

impl Evaluator {
    /// One look at everything. Returns how many rules fired.
    pub async fn tick(&mut self, state: &State) -> Result<usize, StoreError> {
        let short = state.alerting.shortages.take();
        let outcome = self.look(state, &short).await;
        if outcome.is_err() {
            for purse in short {
                state.alerting.shortages.note(purse);
            }
        }
        outcome
    }

    async fn look(&mut self, state: &State, short: &HashSet<PurseId>) -> Result<usize, StoreError> {
        let mut accounts = BTreeMap::<AccountId, Vec<AlertRule>>::new();
        for rule in state.store.enabled_alerts().await? {
            accounts.entry(rule.account).or_default().push(rule);
        }
        self.recent.keep(&accounts);
        if accounts.is_empty() {
            return Ok(0);
        }
        let events = state.store.open_alert_events().await?;
        let events = events.into_iter();
        let mut open: Open = events
            .map(|event| ((event.rule, event.subject), (event.id, event.measured)))
            .collect();
        let now = state.now();
        let mut found = Found::default();
        for (account, rules) in &accounts {
            let facts =
                AccountFacts::read(state, *account, rules, short, &mut self.recent, now).await?;
            for rule in rules.iter().filter(|rule| can_be_judged(state, rule)) {
                found.look_at(state, rule, &facts, &mut open, now);
            }
        }
        found.end_without_subject(&open);
        found.note(state, now).await
    }
}

/// Where time is known to be wrong, nobody can say what expires when.
fn can_be_judged(state: &State, rule: &AlertRule) -> bool {
    let is_about_time = matches!(rule.condition, AlertCondition::ExpiringWithin { .. });
    !(is_about_time && state.clock.is_behind())
}

impl Found {
    fn look_at(
        &mut self,
        state: &State,
        rule: &AlertRule,
        facts: &AccountFacts<'_>,
        open: &mut Open,
        now: Timestamp,
    ) {
        self.looked_at.insert(rule.id);
        for candidate in facts.of(rule) {
            let key = (rule.id, candidate.subject);
            let before = open.remove(&key);
            let fired = before.as_ref().map(|(_, measured)| measured);
            match evaluate(&rule.condition, rule.since, fired, &candidate.facts, now) {
                Verdict::Nothing => {}
                Verdict::Clears => self.over.extend(before.map(|(event, _)| event)),
                Verdict::Fires(measured) => self.firings.push(Firing {
                    rule: rule.id,
                    since: rule.since,
                    subject: key.1,
                    label: candidate.label.map(|name| name.as_str().to_owned()),
                    measured,
                    random: random(state),
                }),
            }
        }
    }

    /// What is left has no subject any more: a token was deleted, a provider
    /// taken out of the configuration.
    fn end_without_subject(&mut self, left: &Open) {
        let left = left.iter();
        let over = left.filter(|((rule, _), _)| self.looked_at.contains(rule));
        self.over.extend(over.map(|(_, (event, _))| *event));
    }

    async fn note(mut self, state: &State, now: Timestamp) -> Result<usize, StoreError> {
        let mut fired = 0;
        while !self.firings.is_empty() || !self.over.is_empty() {
            let firings: Vec<_> = take(&mut self.firings);
            let over: Vec<_> = take(&mut self.over);
            fired += state.store.note_alerts(firings, over, now).await?;
        }
        Ok(fired)
    }
}

fn take<T>(list: &mut Vec<T>) -> Vec<T> {
    let first = list.len().min(AT_ONCE);
    list.drain(..first).collect()
}

fn random(state: &State) -> i64 {
    let mut random = [0; 8];
    state.entropy.fill(&mut random);
    i64::from_le_bytes(random)
}
