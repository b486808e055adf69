//! Forgets calls that are older than the operator keeps them.

use std::time::Duration;

use keypurse_server::AppState;

const LOOK_EVERY: Duration = Duration::from_hours(1);
/// Between two steps, so that calls never wait behind a backlog.
const REST: Duration = Duration::from_millis(20);
const SECONDS_A_DAY: i64 = 86_400;

/// Runs until the node drains. Only time that has passed for certain counts:
/// what is forgotten does not come back.
pub(super) async fn watch(state: AppState, days: u32) {
    let mut hours = tokio::time::interval(LOOK_EVERY);
    loop {
        tokio::select! {
            () = state.draining.cancelled() => return,
            _ = hours.tick() => {}
        }
        let before = state
            .clock
            .proven()
            .plus_seconds(-i64::from(days) * SECONDS_A_DAY);
        let mut forgotten = 0;
        loop {
            match state.store.forget_calls(before).await {
                Ok(0) => break,
                Ok(some) => forgotten += some,
                Err(error) => {
                    tracing::warn!(%error, "old calls are not forgotten yet");
                    break;
                }
            }
            tokio::select! {
                () = state.draining.cancelled() => return,
                () = tokio::time::sleep(REST) => {}
            }
        }
        if forgotten > 0 {
            tracing::info!(calls = forgotten, "forgot calls older than {days} days");
        }
    }
}
