//! Forwards a stream and settles its call, whoever hangs up first.
//!
//! Before bytes go to the client, what a crash would charge for them is on
//! disk (L4). The end of the stream is kept back until the charge is (L5).

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body::Frame;
use keypurse_store::failpoint;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout, timeout_at};
use tracing::warn;

use crate::gateway::call::bound::BLOCK;
use crate::gateway::call::carry::Running;
use crate::gateway::call::count::InputCount;
use crate::gateway::call::fund::{Funded, unrecordable};
use crate::gateway::call::once::keep_stream;
use crate::gateway::call::settle::{Ended, Saw, settle};
use crate::gateway::endpoint::stream::{StreamEnd, Tail};
use crate::gateway::error::GatewayError;
use crate::gateway::relay::cost::{Paid, add_overdraft};
use crate::gateway::relay::source::{Batch, StreamSource};
use crate::gateway::upstream::dispatch::{ReplyBody, UpstreamFailure, UpstreamFault};
use crate::gateway::upstream::fetch::{BegunStream, shows_key};
use crate::http::authenticate::AuthError;

/// Pieces on their way to a slow client, each at most a read buffer large.
const IN_FLIGHT: usize = 4;

/// Why a stream to a client is over.
enum Ending {
    Upstream(StreamEnd),
    /// Its token was deleted.
    Revoked,
    /// The node stops and cannot wait longer.
    CutOff,
    ClientLeft,
    /// The money for what comes next is not there.
    OutOfMoney,
    /// What comes next could not be covered.
    NotCovered(GatewayError),
}

struct StreamRelay<'a> {
    running: &'a Running<'a>,
    body: ReplyBody,
    source: StreamSource,
    input: InputCount,
    deadline: Instant,
    /// Whether the hold grew less than it was to.
    is_short: bool,
}

/// Relays a stream that has begun, to its settlement.
pub(in crate::gateway) async fn relay_stream(
    running: &Running<'_>,
    begun: BegunStream,
    client: oneshot::Sender<Response>,
) {
    let BegunStream {
        headers,
        body,
        source,
        first,
    } = begun;
    let _under_way = running.state.gateway.meters.stream();
    let funded = running.funded;
    let input = if funded.route.is_free {
        funded.uncounted_input()
    } else {
        funded.counted_input().await
    };
    let deadline = Instant::now() + running.timeouts().total;
    let mut relay = StreamRelay {
        running,
        body,
        source,
        input,
        deadline,
        is_short: false,
    };
    let (out, incoming) = mpsc::channel(IN_FLIGHT);
    // Not even the first piece: its text is part of the first block.
    if let Err(Ending::NotCovered(error)) = relay.cover().await {
        return running.answer_undelivered(error, client).await;
    }
    let ending = match client.send(response(running, headers, incoming)) {
        Ok(()) => relay.pump(first, &out).await,
        Err(_) => Ending::ClientLeft,
    };
    let ended = match ending {
        Ending::Upstream(StreamEnd::Done) => Ended::Whole,
        Ending::ClientLeft => relay.drain().await,
        _ => Ended::Early,
    };
    relay.finish(ending, ended, &out).await;
}

fn response(
    running: &Running<'_>,
    headers: HeaderMap,
    incoming: mpsc::Receiver<Bytes>,
) -> Response {
    let mut response = Response::new(Body::new(StreamBody { incoming }));
    *response.headers_mut() = headers;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    add_overdraft(headers, running.funded);
    let Funded {
        attempts, route, ..
    } = running.funded;
    let response = attempts.told_at_the_end(response, route);
    let response = running.funded.cache_stream(response);
    if running.funded.is_claimed {
        return keep_stream(running.state, running.funded.call, response);
    }
    response
}

impl StreamRelay<'_> {
    async fn pump(&mut self, mut batch: Batch, out: &mpsc::Sender<Bytes>) -> Ending {
        loop {
            if !batch.bytes.is_empty() {
                if let Err(ending) = self.cover().await {
                    return ending;
                }
                if let Err(ending) = self.deliver(batch.bytes, out).await {
                    // What is complete needs no draining, whoever has left.
                    let end = batch.end.filter(|_| matches!(ending, Ending::ClientLeft));
                    return end.map_or(ending, Ending::Upstream);
                }
                self.source.delivered();
            }
            if let Some(end) = batch.end {
                return Ending::Upstream(end);
            }
            batch = match self.next(out).await {
                Ok(batch) => batch,
                Err(ending) => return ending,
            };
        }
    }

    /// Puts on disk what a crash would charge for all that has come and for
    /// the next block, so that not every piece waits for the disk. The hold
    /// grows with it; where it cannot, the stream is over.
    async fn cover(&mut self) -> Result<(), Ending> {
        let Running { state, funded, .. } = self.running;
        if funded.route.is_free || self.source.most_tokens() < self.running.covered() {
            return Ok(());
        }
        let tokens = self.source.count_tokens();
        if self.is_short && tokens <= self.running.covered() {
            return Ok(());
        }
        failpoint::reach("stream.before-floor");
        let floor = funded.floor(&funded.estimated(self.input.most, tokens + BLOCK));
        let opened = state.store.open(funded.call, floor).await;
        let opened = opened.map_err(|failure| Ending::NotCovered(unrecordable(&failure)))?;
        let reached = opened.ok_or(Ending::NotCovered(GatewayError::Internal))?;
        failpoint::reach("stream.after-floor");
        self.is_short = reached < floor.cost;
        let covered = if self.is_short {
            funded.output_within(reached, self.input.most)
        } else if tokens + BLOCK >= funded.output_limit() {
            // No count is charged beyond this.
            u64::MAX
        } else {
            tokens + BLOCK
        };
        self.running.cover(covered);
        if tokens <= covered {
            Ok(())
        } else {
            Err(Ending::OutOfMoney)
        }
    }

    async fn deliver(&self, bytes: Bytes, out: &mpsc::Sender<Bytes>) -> Result<(), Ending> {
        let stall = self.running.timeouts().write_stall;
        tokio::select! {
            biased;
            () = self.running.revoked() => Err(Ending::Revoked),
            () = self.running.state.cut_off.cancelled() => Err(Ending::CutOff),
            sent = timeout(stall, out.send(bytes)) => match sent {
                Ok(Ok(())) => {
                    failpoint::reach("stream.delivered");
                    Ok(())
                }
                Ok(Err(_)) | Err(_) => Err(Ending::ClientLeft),
            },
        }
    }

    async fn next(&mut self, out: &mpsc::Sender<Bytes>) -> Result<Batch, Ending> {
        let until = self
            .deadline
            .min(Instant::now() + self.running.timeouts().idle);
        tokio::select! {
            biased;
            () = self.running.revoked() => Err(Ending::Revoked),
            () = self.running.state.cut_off.cancelled() => Err(Ending::CutOff),
            () = out.closed() => Err(Ending::ClientLeft),
            came = timeout_at(until, self.body.next()) => {
                let came = came.unwrap_or(Some(Err(UpstreamFault::Timeout)));
                Ok(self.source.read(came))
            }
        }
    }

    /// Reads on for the usage, though nobody listens, while there is money for
    /// what comes: the provider charges.
    async fn drain(&mut self) -> Ended {
        let Running { state, .. } = self.running;
        let Ok(_permit) = state.gateway.drains.try_acquire() else {
            return Ended::Early;
        };
        let until = self
            .deadline
            .min(Instant::now() + self.running.timeouts().drain);
        loop {
            let came = tokio::select! {
                () = state.cut_off.cancelled() => return Ended::Early,
                came = timeout_at(until, self.body.next()) => came,
            };
            failpoint::reach("stream.draining");
            let Ok(came) = came else {
                return Ended::Early;
            };
            match self.source.read(came).end {
                Some(StreamEnd::Done) => return Ended::Whole,
                Some(_) => return Ended::Early,
                None => {}
            }
            if self.cover().await.is_err() {
                return Ended::Early;
            }
        }
    }

    /// Charges the call, and only then ends the stream.
    async fn finish(mut self, ending: Ending, ended: Ended, out: &mpsc::Sender<Bytes>) {
        let funded = self.running.funded;
        drop(self.body);
        if self.source.is_over_limit() {
            warn_of_the_limit(funded);
        }
        let saw = Saw {
            input: self.input.likely,
            input_told: self.source.input_told(),
            output: self.source.count_tokens(),
        };
        let told = match ended {
            Ended::Early if self.source.is_told_whole() => Ended::Whole,
            Ended::Early | Ended::Whole => ended,
        };
        let used = funded.used(self.source.told(), saw, told);
        let status = StatusCode::OK.as_u16();
        let tail = match settle(funded, used, status).await {
            Ok(charge) => {
                if let (Some(recording), Ended::Whole) = (&funded.recording, ended) {
                    recording.is_whole();
                }
                let tail = tail(self.running, ending);
                tail.map_or_else(String::new, |tail| {
                    let paid = Paid {
                        cost: charge.cost,
                        provider: &funded.route.provider.name,
                        used: used.counts(),
                    };
                    self.source.tail(tail, paid)
                })
            }
            Err(error) => self.source.error_event(error),
        };
        let stall = self.running.timeouts().write_stall;
        // A client that does not take the end has left; it is charged anyway.
        let _ = timeout(stall, out.send(tail.into())).await;
    }
}

fn warn_of_the_limit(funded: &Funded) {
    let (call, route) = (funded.call, &funded.route);
    let (provider, model) = (&*route.provider.name, &*route.model);
    warn!(
        %call, provider, model,
        "provider `{provider}` went on past the output limit of model `{model}`: \
         its stream was cut"
    );
}

/// What the client gets after the charge is on disk, if it is still there.
fn tail(running: &Running<'_>, ending: Ending) -> Option<Tail> {
    let reached = &running.funded.route.provider.reached;
    Some(match ending {
        Ending::Upstream(StreamEnd::Done) => Tail::Complete,
        Ending::Upstream(StreamEnd::OverLimit) | Ending::OutOfMoney => Tail::Cut,
        Ending::Upstream(StreamEnd::Refused(event)) if !shows_key(reached, &event) => {
            Tail::Refused(event)
        }
        Ending::Upstream(StreamEnd::Refused(_)) => {
            Tail::Failed(failure(running, UpstreamFault::Broken))
        }
        Ending::Upstream(StreamEnd::Fault(fault)) => Tail::Failed(failure(running, fault)),
        Ending::Revoked => Tail::Failed(GatewayError::Unauthenticated(AuthError::Retired)),
        Ending::CutOff => Tail::Failed(GatewayError::Draining),
        Ending::NotCovered(GatewayError::LedgerUnavailable) => {
            Tail::Failed(GatewayError::RestUncovered)
        }
        Ending::NotCovered(error) => Tail::Failed(error),
        Ending::ClientLeft => return None,
    })
}

fn failure(running: &Running<'_>, fault: UpstreamFault) -> GatewayError {
    let provider = running.funded.route.provider.name.clone();
    GatewayError::Upstream(UpstreamFailure { provider, fault })
}

/// The client's end of a relay. Dropping it tells the relay.
pub(in crate::gateway) struct StreamBody {
    pub(in crate::gateway) incoming: mpsc::Receiver<Bytes>,
}

impl http_body::Body for StreamBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.incoming
            .poll_recv(context)
            .map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}
