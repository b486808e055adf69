//! Long JSON answers: made beside the tasks that carry calls, and sent while
//! they are made.

use std::io;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::poll_fn;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use keypurse_store::begin_aside;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use super::refusal::Refusal;

/// Answers with what an iterator yields, which `make` begins; both work aside.
/// What fits in one piece is sent with its length.
pub async fn json<I>(make: impl FnOnce() -> I + Send + 'static) -> Result<Response, Refusal>
where
    I: Iterator<Item = Bytes>,
{
    let (reply, answer) = oneshot::channel();
    begin_aside(move || {
        let mut pieces = make();
        let first = pieces.next().unwrap_or_default();
        let Some(second) = pieces.next() else {
            drop(reply.send(Body::from(first)));
            return;
        };
        let (sender, receiver) = unbounded_channel();
        drop(reply.send(Body::from_stream(received(receiver))));
        send(&sender, [first, second].into_iter().chain(pieces));
    });
    let body = answer.await.map_err(|_| Refusal::Bug)?;
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, body).into_response())
}

/// `None`: that was everything.
type Piece = Option<Bytes>;

fn send(sender: &UnboundedSender<Piece>, pieces: impl Iterator<Item = Bytes>) {
    for piece in pieces.map(Some).chain([None]) {
        if sender.send(piece).is_err() {
            // Nobody reads on: nobody needs the rest.
            return;
        }
    }
}

/// What is received, with a pause after each piece in which the thread carries
/// calls. It fails when pieces end early: what was cut short may not look whole.
fn received(mut receiver: UnboundedReceiver<Piece>) -> impl Stream<Item = io::Result<Bytes>> {
    let mut has_paused = true;
    poll_fn(move |context: &mut Context<'_>| {
        if !has_paused {
            has_paused = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let received = receiver.poll_recv(context);
        has_paused = received.is_pending();
        received.map(|piece| match piece {
            Some(piece) => piece.map(Ok),
            None => Some(Err(io::Error::other("a report was not finished"))),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::json;
    use axum::body::to_bytes;
    use bytes::Bytes;

    fn piece(number: u8) -> Bytes {
        assert!(number < 9, "a bug in the report");
        Bytes::from(vec![b'0' + number; 3])
    }

    #[tokio::test]
    async fn pieces_are_one_answer() {
        for (pieces, expected) in [(0, ""), (1, "000"), (2, "000111"), (4, "000111222333")] {
            let answer = json(move || (0..pieces).map(piece)).await.unwrap();
            let body = to_bytes(answer.into_body(), 100).await.unwrap();
            assert_eq!(body, expected);
        }
    }

    #[tokio::test]
    async fn an_answer_that_was_cut_short_is_not_taken_for_whole() {
        let answer = json(|| (7..12).map(piece)).await.unwrap();
        assert!(to_bytes(answer.into_body(), 100).await.is_err());
        assert!(json(|| (9..12).map(piece)).await.is_err());
    }
}
