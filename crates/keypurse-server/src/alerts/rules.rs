//! What a wish makes of a rule, whoever wishes: the API or a form.

use keypurse_core::alert::AlertId;
use keypurse_core::id::AccountId;
use keypurse_store::{AlertRule, ChangeError, DeliveryTry, MAX_ALERTS, SealedWebhook, StoreError};
use tracing::warn;

use super::wish::{WebhookWish, Wish};
use super::{Message, Sent, seal, unseal};
use crate::http::refusal::{FieldFaults, Refusal};
use crate::state::State;

/// A new rule.
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

/// The rule as it shall be.
pub(crate) fn changed_rule(
    state: &State,
    seen: &AlertRule,
    wish: Wish,
) -> Result<AlertRule, Refusal> {
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
        cannot(
            "The stored webhook does not open with this master key; send `url` and `secret` \
             anew.",
        )
    })?;
    Ok(seal(&keyring, (seen.account, seen.id), &webhook))
}

/// Why a change was not made, as whoever asked is told.
pub(crate) fn refuse(error: ChangeError) -> Refusal {
    match error {
        ChangeError::OtherRequest => Refusal::OtherRequest,
        ChangeError::NoSuchAlert => Refusal::NoSuchAlert,
        ChangeError::TooManyAlerts => {
            let mut faults = FieldFaults::default();
            let reason = format!(
                "An account has no more than {MAX_ALERTS} alerts; change or delete one, or let \
                 one alert watch every token."
            );
            faults.add("name", reason);
            Refusal::Invalid(faults)
        }
        ChangeError::Store(cause) => Refusal::Unavailable(cause),
        ChangeError::NoSuchToken
        | ChangeError::Stale
        | ChangeError::NameTaken
        | ChangeError::Invalid(_)
        | ChangeError::TopUp(_) => Refusal::Bug,
    }
}

/// Sends an imagined event at once, and notes how that went. Its id, and what
/// became of it.
pub(crate) async fn test(state: &State, rule: &AlertRule) -> Result<(String, Sent), Refusal> {
    let opened = unseal(&state.vault.keyring(), rule);
    let webhook = opened
        .map_err(|_| cannot("The webhook does not open with this master key; set it anew."))?
        .ok_or_else(|| cannot("This alert has no webhook; give it one first."))?;
    let now = state.now();
    let mut random = [0; 8];
    state.entropy.fill(&mut random);
    let message = Message::test(rule, i64::from_le_bytes(random), now);
    let sent = state.alerting.webhooks.post(&webhook, &message, now).await;
    // It was sent, whether that can be noted or not.
    if let Err(error) = note(state, rule, &sent).await {
        warn!(%error, rule = %rule.id, "a test of an alert is not in its log");
    }
    Ok((message.id(), sent))
}

async fn note(state: &State, rule: &AlertRule, sent: &Sent) -> Result<(), StoreError> {
    let tried = DeliveryTry {
        at: state.now(),
        status: sent.status,
        error: sent.error.clone(),
        took_ms: sent.took_ms,
    };
    state.store.note_test(rule.id, tried).await
}

fn cannot(reason: &'static str) -> Refusal {
    let mut faults = FieldFaults::default();
    faults.add("webhook", reason);
    Refusal::Invalid(faults)
}
