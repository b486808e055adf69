//! Sends an imagined event of a rule, marked as a test.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use keypurse_store::{AlertRule, Claim, DeliveryTry, Made, Once};
use tracing::warn;

use super::{Message, Sent, made_before, unseal};
use crate::http::refusal::{FieldFaults, Refusal};
use crate::state::{AppState, State};

/// Tests under way that are to be sent once, by their claims' keys.
#[derive(Debug, Default)]
pub struct RunningTests {
    keys: Mutex<HashSet<[u8; 32]>>,
}

/// A test that is under way until this is dropped.
struct Running<'a> {
    tests: &'a RunningTests,
    key: [u8; 32],
}

impl RunningTests {
    /// `None`: it is under way already.
    fn begin(&self, claim: &Claim) -> Option<Running<'_>> {
        let key = claim.key;
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.insert(key).then(|| Running { tests: self, key })
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let keys = &self.tests.keys;
        let mut keys = keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.remove(&self.key);
    }
}

/// A test that was sent.
#[derive(Debug)]
pub(crate) struct Tested {
    /// The id of the imagined event.
    pub(crate) event: String,
    /// How the receiver answered.
    pub(crate) sent: Sent,
}

/// Sends a test at once, unless it was sent before, and enters it in the log.
/// In a task of its own: what was sent is noted, whether its client waits or not.
pub(crate) async fn test(
    state: &AppState,
    rule: AlertRule,
    once: Option<Once<Tested>>,
) -> Result<Made<Tested>, Refusal> {
    let node = Arc::clone(state);
    let testing = async move {
        match once {
            None => {
                let (tested, tried) = send(&node, &rule).await?;
                note(&node, &rule, tried, None).await;
                Ok(Made::Now(tested))
            }
            Some(once) => send_once(&node, &rule, once).await,
        }
    };
    let tested = state.tasks.spawn(testing).await;
    tested.map_err(|_| Refusal::Bug)?
}

/// A crash between the sending and the note may send it again.
async fn send_once(
    state: &State,
    rule: &AlertRule,
    Once { claim, render }: Once<Tested>,
) -> Result<Made<Tested>, Refusal> {
    let running = state.alerting.running_tests.begin(&claim);
    let _running = running.ok_or(Refusal::StillRunning)?;
    if let Some(answer) = made_before(state, rule.account, claim).await? {
        return Ok(Made::Before(answer));
    }
    let (tested, tried) = send(state, rule).await?;
    note(state, rule, tried, Some((claim, render(&tested)))).await;
    Ok(Made::Now(tested))
}

async fn send(state: &State, rule: &AlertRule) -> Result<(Tested, DeliveryTry), Refusal> {
    let opened = unseal(&state.vault.keyring(), rule);
    let webhook = opened
        .map_err(|_| cannot("The webhook does not open with this master key; set it anew."))?
        .ok_or_else(|| cannot("This alert has no webhook; give it one first."))?;
    let now = state.now();
    let mut random = [0; 8];
    state.entropy.fill(&mut random);
    let message = Message::test(rule, i64::from_le_bytes(random), now);
    let sent = state.alerting.webhooks.post(&webhook, &message, now).await;
    let tried = DeliveryTry {
        at: state.now(),
        status: sent.status,
        error: sent.error.clone(),
        took_ms: sent.took_ms,
    };
    let event = message.id();
    Ok((Tested { event, sent }, tried))
}

/// It was sent, whether that can be noted or not.
async fn note(state: &State, rule: &AlertRule, tried: DeliveryTry, kept: Option<(Claim, Vec<u8>)>) {
    if let Err(error) = state.store.note_test(rule.id, tried, kept).await {
        warn!(%error, rule = %rule.id, "a test of an alert is not in its log");
    }
}

fn cannot(reason: &'static str) -> Refusal {
    let mut faults = FieldFaults::default();
    faults.add("webhook", reason);
    Refusal::Invalid(faults)
}
