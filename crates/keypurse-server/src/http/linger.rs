//! Hears a client out, and holds it to a pace.
//!
//! A server that answers and closes while the client still sends resets the
//! connection, and many clients then lose the answer: a 413 would look like a
//! network failure. So what is left of a refused body is read and dropped.

use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::time::timeout;

use crate::http::pace::{Pacer, TooSlow};
use crate::state::AppState;

/// Most that is read for nothing; whoever sends more sees a reset.
const MAX_BYTES: usize = 32 * 1024 * 1024;
const MAX_TIME: Duration = Duration::from_secs(10);

/// Sees to it that the request's body comes at a pace, and is read to its end
/// even when the handler does not.
pub fn hear_out(state: &AppState, request: Request) -> Request {
    if request.body().is_end_stream() {
        return request;
    }
    let state = state.clone();
    let pacer = Pacer::new(state.settings.body_pace);
    request.map(|inner| {
        let body = Paced {
            inner,
            pacer,
            is_given_up: false,
        };
        Body::new(Lingering { body, state })
    })
}

/// A body that ends with an error when it comes too slowly.
struct Paced {
    inner: Body,
    pacer: Pacer,
    is_given_up: bool,
}

impl HttpBody for Paced {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(context) else {
            ready!(self.pacer.poll_too_slow(context));
            self.is_given_up = true;
            return Poll::Ready(Some(Err(axum::Error::new(TooSlow))));
        };
        if let Some(Ok(frame)) = &frame {
            self.pacer.came(frame.data_ref().map_or(0, Bytes::len));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A body that is drained in the background once nobody reads it.
struct Lingering {
    body: Paced,
    state: AppState,
}

impl HttpBody for Lingering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        if self.body.is_given_up || self.body.is_end_stream() {
            return;
        }
        let rest = Paced {
            inner: mem::take(&mut self.body.inner),
            pacer: Pacer::new(self.state.settings.body_pace),
            is_given_up: false,
        };
        let rest = timeout(MAX_TIME, drain(rest));
        let draining = self.state.draining.clone();
        let until_shutdown = async move { draining.run_until_cancelled(rest).await };
        self.state.tasks.spawn(until_shutdown);
    }
}

async fn drain(mut body: Paced) {
    let mut read_bytes = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read_bytes += frame.data_ref().map_or(0, Bytes::len);
        if read_bytes > MAX_BYTES {
            return;
        }
    }
}
