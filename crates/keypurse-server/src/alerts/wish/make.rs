//! From a wish to a rule.

use keypurse_core::alert::AlertId;
use keypurse_core::id::AccountId;
use keypurse_store::{AlertRule, SealedWebhook};

use super::webhook::WebhookWish;
use super::wire::Wish;
use crate::alerts::{seal, unseal};
use crate::http::refusal::{FieldFaults, Refusal};
use crate::state::State;

/// The new rule that is wished for.
pub(crate) fn new_rule(state: &State, account: AccountId, wish: Wish) -> AlertRule {
    let now = state.now();
    let mut random = [0; 8];
    state.entropy.fill(&mut random);
    let id = AlertId::from_random(random);
    let webhook = wish.webhook.flatten().and_then(|wish| wish.over(None));
    let keyring = state.vault.keyring();
    AlertRule {
        id,
        account,
        name: wish.name,
        scope: wish.scope,
        condition: wish.condition,
        webhook: webhook.map(|webhook| seal(&keyring, (account, id), &webhook)),
        is_enabled: wish.is_enabled,
        since: now,
        created_at: now,
    }
}

/// The rule that was seen, with what is wished for.
pub(crate) fn over(state: &State, seen: &AlertRule, wish: Wish) -> Result<AlertRule, Refusal> {
    let webhook = match wish.webhook {
        None => seen.webhook.clone(),
        Some(None) => None,
        Some(Some(wish)) => Some(merged(state, seen, wish)?),
    };
    Ok(AlertRule {
        name: wish.name,
        scope: wish.scope,
        condition: wish.condition,
        webhook,
        is_enabled: wish.is_enabled,
        ..seen.clone()
    })
}

fn merged(state: &State, seen: &AlertRule, wish: WebhookWish) -> Result<SealedWebhook, Refusal> {
    let keyring = state.vault.keyring();
    // One that does not open any more can be replaced.
    let current = unseal(&keyring, seen).ok().flatten();
    let webhook = wish.over(current).ok_or_else(|| {
        let mut faults = FieldFaults::default();
        let reason = "The stored webhook does not open with this master key; send `url` and \
             `secret` anew.";
        faults.add("webhook", reason);
        Refusal::Invalid(faults)
    })?;
    Ok(seal(&keyring, (seen.account, seen.id), &webhook))
}
