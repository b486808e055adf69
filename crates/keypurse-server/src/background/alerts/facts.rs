//! What is known of one account, as far as its rules ask for it.

use std::collections::{BTreeSet, HashMap, HashSet};

use keypurse_core::alert::{AlertCondition, AlertScope, AlertSubject, Facts, PurseFacts};
use keypurse_core::id::AccountId;
use keypurse_core::ledger::PurseId;
use keypurse_core::time::Timestamp;
use keypurse_core::token::TokenName;
use keypurse_store::{AlertRule, StoreError, TokenFacts};

use super::recent::{Of, Recent};
use crate::state::State;

/// What is known of an account.
#[derive(Debug)]
pub(super) struct AccountFacts<'a> {
    account: AccountId,
    purse: Option<PurseFacts>,
    tokens: Vec<TokenFacts>,
    /// Where those with a rule of their own are.
    by_name: HashMap<TokenName, usize>,
    providers: Vec<(String, Option<bool>)>,
    short: &'a HashSet<PurseId>,
    recent: &'a Recent,
    now: Timestamp,
}

/// One subject of a rule, and what is known of it.
#[derive(Debug)]
pub(super) struct Candidate<'a> {
    pub(super) subject: AlertSubject,
    pub(super) label: Option<&'a TokenName>,
    pub(super) facts: Facts,
}

impl<'a> AccountFacts<'a> {
    /// Reads what these rules ask for.
    pub(super) async fn read(
        state: &State,
        account: AccountId,
        rules: &[AlertRule],
        short: &'a HashSet<PurseId>,
        recent: &'a mut Recent,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let windows: BTreeSet<u32> = rules
            .iter()
            .filter_map(|rule| rule.condition.window_seconds())
            .collect();
        if !windows.is_empty() {
            let (store, zone) = (&*state.store, &state.settings.zone);
            recent.look(store, account, zone, &windows, now).await?;
        }
        let tokens = tokens(state, account, rules).await?;
        let has_own = |token: &TokenFacts| {
            let own = |rule: &AlertRule| matches!(&rule.scope, AlertScope::Token(name) if *name == token.name);
            rules.iter().any(own)
        };
        let is_few = !rules
            .iter()
            .any(|rule| rule.scope == AlertScope::EveryToken);
        let names = tokens.iter().enumerate();
        let by_name = names
            .filter(|(_, token)| is_few || has_own(token))
            .map(|(place, token)| (token.name.clone(), place))
            .collect();
        Ok(Self {
            account,
            purse: purse(state, account, rules, short).await?,
            tokens,
            by_name,
            providers: state.gateway.provider_health(),
            short,
            recent,
            now,
        })
    }

    /// Whom a rule watches.
    pub(super) fn of(&self, rule: &AlertRule) -> Vec<Candidate<'_>> {
        if rule.condition == AlertCondition::ProviderDown {
            return self.of_providers().collect();
        }
        match &rule.scope {
            AlertScope::Account => vec![self.of_account(rule)],
            AlertScope::EveryToken => {
                let tokens = self.tokens.iter();
                tokens.map(|token| self.of_token(rule, token)).collect()
            }
            AlertScope::Token(name) => {
                let place = self.by_name.get(name);
                let token = place.map(|place| &self.tokens[*place]);
                token
                    .map(|token| self.of_token(rule, token))
                    .into_iter()
                    .collect()
            }
        }
    }

    fn of_providers(&self) -> impl Iterator<Item = Candidate<'_>> {
        self.providers.iter().map(|(name, is_down)| Candidate {
            subject: AlertSubject::Provider(name.clone()),
            label: None,
            facts: Facts {
                is_down: *is_down,
                ..Facts::default()
            },
        })
    }

    fn of_account(&self, rule: &AlertRule) -> Candidate<'_> {
        Candidate {
            subject: AlertSubject::Account,
            label: None,
            facts: Facts {
                purse: self.purse,
                lately: self.lately(rule, Of::Account),
                ..Facts::default()
            },
        }
    }

    fn of_token<'b>(&'b self, rule: &AlertRule, token: &'b TokenFacts) -> Candidate<'b> {
        let purse = token.balance.map(|balance| PurseFacts {
            balance,
            budget: token.budget,
            is_short: self.short.contains(&PurseId::Token(token.id)),
        });
        Candidate {
            subject: AlertSubject::Token(token.id),
            label: Some(&token.name),
            facts: Facts {
                purse,
                expires_at: token.expires_at,
                lately: self.lately(rule, Of::Token(token.id)),
                is_down: None,
            },
        }
    }

    fn lately(&self, rule: &AlertRule, of: Of) -> Option<keypurse_core::alert::Lately> {
        let window = rule.condition.window_seconds()?;
        self.recent.of(self.account, window, of, self.now)
    }
}

/// All live tokens, where a rule watches each; else those that rules name.
async fn tokens(
    state: &State,
    account: AccountId,
    rules: &[AlertRule],
) -> Result<Vec<TokenFacts>, StoreError> {
    let proven = state.clock.proven();
    let mut named = BTreeSet::new();
    for rule in rules {
        match &rule.scope {
            AlertScope::Account => {}
            AlertScope::EveryToken => return state.store.token_facts(account, None, proven).await,
            AlertScope::Token(name) => {
                named.insert(name.clone());
            }
        }
    }
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let named = Some(named.into_iter().collect());
    state.store.token_facts(account, named, proven).await
}

/// What the account has, where a rule asks for that. One without a limit is
/// refused nothing.
async fn purse(
    state: &State,
    account: AccountId,
    rules: &[AlertRule],
    short: &HashSet<PurseId>,
) -> Result<Option<PurseFacts>, StoreError> {
    let asks = |rule: &AlertRule| {
        rule.scope == AlertScope::Account
            && rule.condition.window_seconds().is_none()
            && rule.condition != AlertCondition::ProviderDown
    };
    if !rules.iter().any(asks) {
        return Ok(None);
    }
    let found = state.store.account(account).await?;
    let Some(found) = found.filter(|found| !found.unlimited) else {
        return Ok(None);
    };
    Ok(Some(PurseFacts {
        balance: found.balance,
        budget: state.store.last_funding(account).await?,
        is_short: short.contains(&PurseId::Account(account)),
    }))
}
