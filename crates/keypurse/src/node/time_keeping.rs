//! Watches the clock, and writes down how far time has come.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use keypurse_core::time::{Clock, Timestamp};
use keypurse_server::AppState;
use keypurse_store::{Action, Actor, AuditEvent, Details};

use crate::clock::{Jump, NodeClock};
use crate::data_dir::write_private;
use crate::system::SystemTimeSource;

const OBSERVE_EVERY: Duration = Duration::from_secs(1);
const NOTE_EVERY: u32 = 10;

/// The node's clock, started from what an earlier run noted.
pub(super) fn start(note: &Path) -> Arc<NodeClock<SystemTimeSource>> {
    Arc::new(NodeClock::start(SystemTimeSource, read(note)))
}

fn read(note: &Path) -> Option<Timestamp> {
    let text = std::fs::read_to_string(note).ok()?;
    let floor = Timestamp::parse(text.trim()).ok();
    if floor.is_none() {
        tracing::warn!("{} is no instant and says nothing", note.display());
    }
    floor
}

/// Runs until the node drains.
pub(super) async fn watch(clock: Arc<NodeClock<SystemTimeSource>>, note: PathBuf, state: AppState) {
    let mut seconds = tokio::time::interval(OBSERVE_EVERY);
    for round in 0_u32.. {
        tokio::select! {
            () = state.draining.cancelled() => break,
            _ = seconds.tick() => {}
        }
        if let Some(jump) = clock.observe() {
            record(&state, jump).await;
        }
        if round % NOTE_EVERY == 0 {
            write(&clock, note.clone()).await;
        }
    }
    write(&clock, note).await;
}

async fn record(state: &AppState, jump: Jump) {
    let details = Details::none()
        .changed("clock", jump.ours.to_string(), jump.wall.to_string())
        .with("is_followed", jump.is_followed);
    let event = AuditEvent {
        account: None,
        actor: Actor::SYSTEM,
        action: Action::ClockStep,
        subject: "clock".to_owned(),
        details,
        at: state.now(),
    };
    if let Err(error) = state.store.record_event(event).await {
        tracing::warn!(%error, "a step of the clock is not in the audit log");
    }
}

async fn write(clock: &NodeClock<SystemTimeSource>, note: PathBuf) {
    let floor = format!("{}\n", clock.proven());
    let written = tokio::task::spawn_blocking(move || write_private(&note, floor.as_bytes()));
    if let Ok(Err(error)) = written.await {
        // An older note is a lower floor, and the disk may be full.
        tracing::debug!(%error, "the time is not noted");
    }
}
