//! Sends an imagined event of a rule, marked as a test.

use keypurse_store::{AlertRule, DeliveryTry};
use tracing::warn;

use super::{Message, Sent, unseal};
use crate::http::refusal::{FieldFaults, Refusal};
use crate::state::State;

/// Sends it at once and enters it in the log. The id of the event, and how the
/// receiver answered.
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
    note(state, rule, sent.clone()).await;
    Ok((message.id(), sent))
}

/// It was sent, whether that can be noted or not.
async fn note(state: &State, rule: &AlertRule, sent: Sent) {
    let tried = DeliveryTry {
        at: state.now(),
        status: sent.status,
        error: sent.error,
        took_ms: sent.took_ms,
    };
    if let Err(error) = state.store.note_test(rule.id, tried).await {
        warn!(%error, rule = %rule.id, "a test of an alert is not in its log");
    }
}

fn cannot(reason: &'static str) -> Refusal {
    let mut faults = FieldFaults::default();
    faults.add("webhook", reason);
    Refusal::Invalid(faults)
}
