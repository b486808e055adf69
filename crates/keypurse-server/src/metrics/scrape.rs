//! `GET /metrics`

use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use tokio::time::timeout;

use super::node::PREFIX;
use super::process::Process;
use super::snapshot::Snapshot;
use crate::http::authenticate::{AuthError, Schemes, authenticate_reader, count_failure};
use crate::http::refusal::Refusal;
use crate::state::{AppState, MetricsAccess};

/// What encoders of this format call it.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// As for `/readyz`.
const LEDGER_TIMEOUT: Duration = Duration::from_millis(250);
const NOT_VALID: &str = "Send the account key or viewer key of this installation's first \
     account as `Authorization: Bearer <key>`, or set metrics = \"open\".";

/// The route Prometheus reads.
pub fn routes() -> Router<AppState> {
    Router::new().route("/metrics", get(show))
}

async fn show(State(state): State<AppState>, request: Request) -> Result<Response, Refusal> {
    let (head, _) = request.into_parts();
    match state.settings.metrics {
        MetricsAccess::Open => {}
        MetricsAccess::Key => may_read(&state, &head).await?,
    }
    let snapshot = Snapshot {
        writer: state.store.writer_vitals(),
        held: match timeout(LEDGER_TIMEOUT, state.store.held_now()).await {
            Ok(Ok(held)) => Some(held),
            Ok(Err(_)) | Err(_) => None,
        },
        providers: state.gateway.provider_states(state.now()),
        drains: state.gateway.drains_under_way(),
        is_draining: state.draining.is_cancelled(),
        books: state.metrics.last_audit(),
        dropped_log_lines: state.metrics.dropped_log_lines(),
        process: None,
    };
    // Files are read and a long text is written: off the threads that carry calls.
    let text = tokio::task::spawn_blocking(move || write(&state, snapshot)).await;
    let text = text.map_err(|_| Refusal::Bug)?;
    let headers = [(CONTENT_TYPE, OPEN_METRICS), (CACHE_CONTROL, "no-store")];
    Ok((StatusCode::OK, headers, text).into_response())
}

fn write(state: &AppState, snapshot: Snapshot) -> String {
    let snapshot = Snapshot {
        process: Process::read(),
        ..snapshot
    };
    let [ours, process] = snapshot.registries(PREFIX);
    let mut text = String::new();
    let written = encode_registry(&mut text, &state.metrics.registry)
        .and_then(|()| encode_registry(&mut text, &ours))
        .and_then(|()| encode_registry(&mut text, &process))
        .and_then(|()| encode_eof(&mut text));
    written.expect("a text takes everything");
    text
}

/// Counters are of the whole installation: its operator has the first account.
async fn may_read(state: &AppState, head: &Parts) -> Result<(), Refusal> {
    let now = state.now();
    let caller = match authenticate_reader(state, &head.headers, Schemes::Bearer, now).await {
        Ok(caller) => caller,
        Err(AuthError::Store(cause)) => return Err(Refusal::Unavailable(cause)),
        Err(failure) => {
            return Err(match count_failure(state, head, &failure, now) {
                Err(failures) => Refusal::TooManyFailures(failures),
                Ok(()) => Refusal::Unauthenticated { reason: NOT_VALID },
            });
        }
    };
    let first = state.store.accounts().await?.first().map(|first| first.id);
    if caller.token().is_some() || first != Some(caller.account()) {
        let reason = "You do not have permission to access this resource";
        return Err(Refusal::Forbidden { reason });
    }
    Ok(())
}
