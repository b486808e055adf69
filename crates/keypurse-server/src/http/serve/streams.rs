//! What the requests of one HTTP/2 connection wait for.
//!
//! Its flow control lets a client take no byte of an answer while the socket
//! looks healthy, so the answers themselves are watched.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Instant;

use super::limits::Limits;

/// Most of an answer that lies ready for a client that does not take it.
const PIECE: usize = 16 << 10;

/// The requests of a connection.
#[derive(Debug)]
pub(super) struct Streams {
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    next: u64,
    /// Since when each one's client has had something to take; `None`: we work.
    running: HashMap<u64, Option<Instant>>,
    /// When the connection is over unless somebody asks.
    idle_until: Instant,
}

impl Streams {
    pub(super) fn new(limits: Limits) -> Self {
        let state = State {
            next: 0,
            running: HashMap::new(),
            idle_until: Instant::now() + limits.head,
        };
        Self {
            limits,
            state: Mutex::new(state),
        }
    }

    /// One more request; it is over when what is returned is dropped.
    pub(super) fn begin(streams: &Arc<Self>) -> Stream {
        let mut state = streams.lock();
        state.next += 1;
        let id = state.next;
        state.running.insert(id, None);
        Stream {
            streams: Arc::clone(streams),
            id,
        }
    }

    /// Waits until the client has kept us waiting too long.
    pub(super) async fn overdue(&self) {
        let patience = [self.limits.head, self.limits.idle, self.limits.write_stall];
        let look_every = patience.into_iter().min().unwrap_or(Duration::MAX) / 4;
        while !self.is_overdue(Instant::now()) {
            tokio::time::sleep(look_every).await;
        }
    }

    fn is_overdue(&self, now: Instant) -> bool {
        let state = self.lock();
        if state.running.is_empty() {
            return now >= state.idle_until;
        }
        let mut waiting = state.running.values().flatten();
        waiting.any(|since| now - *since >= self.limits.write_stall)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct Stream {
    streams: Arc<Streams>,
    id: u64,
}

impl Stream {
    fn waits_since(&self, since: Option<Instant>) {
        self.streams.lock().running.insert(self.id, since);
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let idle = self.streams.limits.idle;
        let mut state = self.streams.lock();
        state.running.remove(&self.id);
        state.idle_until = Instant::now() + idle;
    }
}

/// An answer's body that is seen to be taken, in small pieces.
#[derive(Debug)]
pub(super) struct Watched {
    body: Body,
    /// Of a piece that was too large.
    rest: Bytes,
    stream: Stream,
}

impl Watched {
    pub(super) fn new(body: Body, stream: Stream) -> Self {
        Self {
            body,
            rest: Bytes::new(),
            stream,
        }
    }
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    /// Asked for when the piece before has found room.
    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.stream.waits_since(None);
        if self.rest.is_empty() {
            let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
            match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => self.rest = data,
                Some(Ok(Err(other))) => return Poll::Ready(Some(Ok(other))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        let length = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(length);
        self.stream.waits_since(Some(Instant::now()));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let hint = self.body.size_hint();
        let rest = self.rest.len() as u64;
        hint.exact()
            .map_or(hint, |exact| SizeHint::with_exact(exact + rest))
    }
}
