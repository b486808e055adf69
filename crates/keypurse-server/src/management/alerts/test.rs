//! `POST /v2/alerts/{id}/test/`: an imagined event, sent at once. It changes
//! nothing but the log, so each request sends one.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keypurse_store::{AlertRule, DeliveryTry};
use serde::Serialize;
use tracing::warn;

use super::path::AlertPath;
use crate::alerts::{Message, Sent, unseal};
use crate::http::answer;
use crate::http::refusal::{FieldFaults, Refusal};
use crate::management::caller::Holder;
use crate::state::{AppState, State as Node};

#[derive(Serialize)]
struct Tested {
    event: String,
    delivered: bool,
    status: Option<u16>,
    error: Option<String>,
    took_ms: u32,
}

pub(in crate::management) async fn test(
    State(state): State<AppState>,
    holder: Holder,
    path: AlertPath,
) -> Result<Response, Refusal> {
    let rule = state.store.alert(holder.account, path.id()?).await?;
    let rule = rule.ok_or(Refusal::NoSuchAlert)?;
    let opened = unseal(&state.vault.keyring(), &rule);
    let webhook = opened
        .map_err(|_| cannot("The webhook does not open with this master key; set it anew."))?
        .ok_or_else(|| cannot("This alert has no webhook; give it one first."))?;
    let now = state.now();
    let mut random = [0; 8];
    state.entropy.fill(&mut random);
    let message = Message::test(&rule, i64::from_le_bytes(random), now);
    let sent = state.alerting.webhooks.post(&webhook, &message, now).await;
    let tested = Tested {
        event: message.id(),
        delivered: sent.is_taken(),
        status: sent.status,
        error: sent.error.clone(),
        took_ms: sent.took_ms,
    };
    note(&state, &rule, sent).await;
    Ok(answer::json(StatusCode::OK, &tested))
}

/// It was sent, whether that can be noted or not.
async fn note(state: &Node, rule: &AlertRule, sent: Sent) {
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
