//! Hears a client out.
//!
//! A server that answers and closes while the client still sends resets the
//! connection, and many clients then lose the answer: a 413 would look like a
//! network failure. So what is left of a refused body is read and dropped.

use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::time::timeout;

use crate::state::AppState;

/// Most that is read for nothing; whoever sends more sees a reset.
const MAX_BYTES: usize = 32 * 1024 * 1024;
const MAX_TIME: Duration = Duration::from_secs(10);

/// Sees to it that the request's body is read to its end even when the handler
/// does not.
pub fn hear_out(state: &AppState, request: Request) -> Request {
    if request.body().is_end_stream() {
        return request;
    }
    let state = state.clone();
    request.map(|inner| Body::new(Lingering { inner, state }))
}

/// A body that is drained in the background once nobody reads it.
struct Lingering {
    inner: Body,
    state: AppState,
}

impl HttpBody for Lingering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        if self.inner.is_end_stream() {
            return;
        }
        let rest = timeout(MAX_TIME, drain(mem::take(&mut self.inner)));
        let draining = self.state.draining.clone();
        let until_shutdown = async move { draining.run_until_cancelled(rest).await };
        self.state.tasks.spawn(until_shutdown);
    }
}

async fn drain(mut body: Body) {
    let mut read_bytes = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read_bytes += frame.data_ref().map_or(0, Bytes::len);
        if read_bytes > MAX_BYTES {
            return;
        }
    }
}
