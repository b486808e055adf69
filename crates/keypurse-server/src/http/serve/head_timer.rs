//! The clock that a request's headers race against.
//!
//! HTTP/1's server has one timeout from an answer to the end of the next
//! request's headers. A connection may idle for longer than headers may take, so
//! this clock starts anew when the first byte has come.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

use super::socket::Arrivals;

/// Times the headers of one connection's requests.
#[derive(Debug)]
pub(super) struct HeadTimer {
    /// From the first byte to the last.
    head: Duration,
    arrivals: Arrivals,
    /// Nothing was asked on this connection yet.
    is_fresh: AtomicBool,
}

impl HeadTimer {
    pub(super) fn new(head: Duration, arrivals: Arrivals) -> Self {
        Self {
            head,
            arrivals,
            is_fresh: AtomicBool::new(true),
        }
    }
}

impl Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(Instant::now() + duration)
    }

    /// Until the next request's headers should be there, if it has not begun by
    /// `deadline`.
    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        self.arrivals.forget();
        // Whoever connects means to ask something.
        let has_begun = self.is_fresh.swap(false, Ordering::Relaxed);
        let deadline = if has_begun {
            Instant::now() + self.head
        } else {
            deadline
        };
        Box::pin(HeadSleep {
            inner: Box::pin(tokio::time::sleep_until(deadline.into())),
            head: self.head,
            arrivals: self.arrivals.clone(),
            has_begun,
        })
    }
}

struct HeadSleep {
    inner: Pin<Box<tokio::time::Sleep>>,
    head: Duration,
    arrivals: Arrivals,
    has_begun: bool,
}

impl Sleep for HeadSleep {}

impl Future for HeadSleep {
    type Output = ();

    /// Polled whenever what has come is no whole request.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if !self.has_begun && self.arrivals.any() {
            self.has_begun = true;
            let deadline = tokio::time::Instant::now() + self.head;
            self.inner.as_mut().reset(deadline);
        }
        self.inner.as_mut().poll(context)
    }
}
