//! Looks for what fires and delivers it, until the node drains.

use std::time::Duration;

use keypurse_store::StoreError;
use tokio::sync::Notify;
use tokio::time::Instant;
use tracing::{info, warn};

use super::deliver::Deliverer;
use super::evaluate::Evaluator;
use crate::state::AppState;

/// A charge is noticed within this time.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// However long a look takes, it rests this many times as long.
const REST: u32 = 19;
const DELIVER_EVERY: Duration = Duration::from_secs(1);

/// Runs until the node drains.
pub async fn watch(state: AppState) {
    let fired = Notify::new();
    tokio::join!(evaluate(&state, &fired), deliver(&state, &fired));
}

async fn evaluate(state: &AppState, fired: &Notify) {
    let mut evaluator = Evaluator::default();
    let mut health = Health::default();
    let mut pause = LOOK_EVERY;
    loop {
        tokio::select! {
            () = state.draining.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        let began = Instant::now();
        let outcome = evaluator.tick(state).await;
        if matches!(outcome, Ok(1..)) {
            fired.notify_one();
        }
        health.learn(outcome.err(), "alerts are not looked for");
        pause = LOOK_EVERY.max(began.elapsed() * REST);
    }
}

async fn deliver(state: &AppState, fired: &Notify) {
    let deliverer = Deliverer::default();
    let mut health = Health::default();
    loop {
        tokio::select! {
            () = state.draining.cancelled() => return,
            () = fired.notified() => {}
            () = tokio::time::sleep(DELIVER_EVERY) => {}
        }
        let outcome = deliverer.tick(state).await;
        health.learn(outcome.err(), "alerts are not delivered");
    }
}

/// Says once that something fails, and once that it works again.
#[derive(Default)]
struct Health {
    is_failing: bool,
}

impl Health {
    fn learn(&mut self, failure: Option<StoreError>, what: &str) {
        match failure {
            Some(error) if !self.is_failing => warn!(%error, "{what} now; this is tried again"),
            None if self.is_failing => info!("alerts work again"),
            // A restore that nobody has acknowledged is said at the start.
            Some(_) | None => return,
        }
        self.is_failing = !self.is_failing;
    }
}
