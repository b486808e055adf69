//! Delivers what fired: at least once, with the same id on every try.
//!
//! A receiver is tried again ever more rarely. Each try has a task of its own
//! and a few places per receiver, so that a slow one delays no other.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keypurse_core::time::Timestamp;
use keypurse_store::{DeliveryState, DeliveryTry, DueDelivery, StoreError};
use tracing::{debug, warn};

use crate::alerts::{Message, Sent, unseal};
use crate::state::AppState;

/// Tries before a delivery is given up.
const MOST_TRIES: u32 = 12;
/// Seconds until the second try; each further wait is three times as long.
const FIRST_WAIT: i64 = 1;
const FACTOR: i64 = 3;
const LONGEST_WAIT: i64 = 3600;
/// Deliveries of one rule that are looked at.
const OF_EACH_RULE: usize = 4;
/// Tries under way at one receiver.
const AT_ONE_RECEIVER: usize = 4;
/// Tries under way at all.
const AT_ONCE: usize = 128;
/// Until a try that could not be noted is noted again.
const NOTE_AGAIN: Duration = Duration::from_secs(1);

/// Delivers what is due.
#[derive(Clone, Debug, Default)]
pub struct Deliverer {
    /// Deliveries under way, and to which receiver.
    under_way: Arc<Mutex<HashMap<i64, String>>>,
}

impl Deliverer {
    /// Starts what is due, each in a task of [`crate::State::tasks`]. Returns
    /// how many.
    pub async fn tick(&self, state: &AppState) -> Result<usize, StoreError> {
        // Also what ends meanwhile: it may still be read as due.
        let under_way: HashSet<i64> = self.lock().keys().copied().collect();
        let due = state
            .store
            .due_deliveries(state.now(), OF_EACH_RULE)
            .await?;
        let mut started = 0;
        for delivery in due.into_iter().filter(|it| !under_way.contains(&it.id)) {
            if let Some(place) = self.place(&delivery) {
                state.tasks.spawn(deliver(state.clone(), delivery, place));
                started += 1;
            }
        }
        Ok(started)
    }

    /// A place for a delivery. `None`: it has to wait.
    fn place(&self, delivery: &DueDelivery) -> Option<Place> {
        let webhook = delivery.rule.webhook.as_ref()?;
        let receiver = webhook.shown.trim_end_matches("/…");
        let mut under_way = self.lock();
        let there = under_way.values().filter(|it| *it == receiver).count();
        let is_free = under_way.len() < AT_ONCE && there < AT_ONE_RECEIVER;
        is_free.then(|| {
            under_way.insert(delivery.id, receiver.to_owned());
            Place {
                deliverer: self.clone(),
                delivery: delivery.id,
            }
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i64, String>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A delivery's place among those under way; free again when dropped.
#[derive(Debug)]
struct Place {
    deliverer: Deliverer,
    delivery: i64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.deliverer.lock().remove(&self.delivery);
    }
}

async fn deliver(state: AppState, due: DueDelivery, place: Place) {
    let at = state.now();
    let sent = tokio::select! {
        // Nothing is noted: the next start tries it again.
        () = state.draining.cancelled() => return,
        sent = send(&state, &due, at) => sent,
    };
    let next = next(&sent, due.tries + 1, state.now());
    if next == DeliveryState::GivenUp {
        let (rule, event) = (due.rule.id, due.event.id);
        warn!(%rule, %event, status = sent.status, "an alert is given up after {MOST_TRIES} tries");
    }
    let tried = DeliveryTry {
        at,
        status: sent.status,
        error: sent.error,
        took_ms: sent.took_ms,
    };
    // Until that is noted its place is taken: it must not be sent every second
    // while the disk is full.
    while let Err(error) = state.store.note_try(due.id, tried.clone(), next).await {
        debug!(%error, delivery = due.id, "a try is not noted yet");
        tokio::select! {
            () = state.draining.cancelled() => break,
            () = tokio::time::sleep(NOTE_AGAIN) => {}
        }
    }
    drop(place);
}

async fn send(state: &AppState, due: &DueDelivery, now: Timestamp) -> Sent {
    let failed = |error: &str| Sent {
        status: None,
        error: Some(error.to_owned()),
        retry_after_seconds: None,
        took_ms: 0,
    };
    match unseal(&state.vault.keyring(), &due.rule) {
        Ok(Some(webhook)) => {
            let message = Message::fired(due.event.clone());
            state.alerting.webhooks.post(&webhook, &message, now).await
        }
        Ok(None) => failed("the alert has no webhook any more"),
        Err(_) => failed("the webhook does not open with this master key; set it anew"),
    }
}

/// What becomes of a delivery after so many tries.
fn next(sent: &Sent, tries: u32, now: Timestamp) -> DeliveryState {
    if sent.is_taken() {
        return DeliveryState::Delivered;
    }
    if tries >= MOST_TRIES {
        return DeliveryState::GivenUp;
    }
    let own = FIRST_WAIT * FACTOR.saturating_pow(tries - 1);
    let asked = sent.retry_after_seconds.map_or(0, i64::from);
    DeliveryState::Pending(now.plus_seconds(own.max(asked).min(LONGEST_WAIT)))
}

#[cfg(test)]
mod tests {
    use super::{MOST_TRIES, next};
    use crate::alerts::Sent;
    use keypurse_core::time::Timestamp;
    use keypurse_store::DeliveryState;

    fn answered(status: Option<u16>, retry_after_seconds: Option<u32>) -> Sent {
        Sent {
            status,
            error: None,
            retry_after_seconds,
            took_ms: 1,
        }
    }

    #[test]
    fn a_receiver_is_tried_ever_more_rarely_and_twelve_times_at_most() {
        let now = Timestamp::from_micros(0);
        let failed = answered(None, None);
        let waits: Vec<i64> = (1..MOST_TRIES)
            .map(|tries| match next(&failed, tries, now) {
                DeliveryState::Pending(at) => at.seconds(),
                over => panic!("{over:?} after {tries} tries"),
            })
            .collect();
        let expected = [1, 3, 9, 27, 81, 243, 729, 2187, 3600, 3600, 3600];
        assert_eq!(waits, expected);
        assert_eq!(next(&failed, MOST_TRIES, now), DeliveryState::GivenUp);
    }

    #[test]
    fn only_2xx_is_taken_and_retry_after_is_honoured_up_to_an_hour() {
        let now = Timestamp::from_micros(0);
        let pending = |seconds| DeliveryState::Pending(now.plus_seconds(seconds));
        for (status, retry_after, expected) in [
            (200, None, DeliveryState::Delivered),
            (204, None, DeliveryState::Delivered),
            (302, None, pending(1)),
            (404, None, pending(1)),
            (410, None, pending(1)),
            (429, Some(30), pending(30)),
            (503, Some(0), pending(1)),
            (503, Some(90_000), pending(3600)),
        ] {
            let sent = answered(Some(status), retry_after);
            assert_eq!(next(&sent, 1, now), expected, "{status}");
        }
        let late = answered(Some(503), Some(2));
        assert_eq!(next(&late, 5, now), pending(81), "never sooner than ours");
    }
}
