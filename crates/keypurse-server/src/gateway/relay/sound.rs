//! Forwards a sound whose cost is known before it is heard: it is charged
//! first, so that its price stands in a header, and then passes as it comes.

use std::io;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, StatusCode};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout, timeout_at};

use crate::gateway::call::carry::Running;
use crate::gateway::call::fund::Funded;
use crate::gateway::call::settle::{Told, Used, settle};
use crate::gateway::endpoint::media::Media;
use crate::gateway::endpoint::media::answer::is_sound;
use crate::gateway::relay::cost::{add_charge, add_overdraft};
use crate::gateway::upstream::dispatch::ReplyBody;

impl Funded {
    /// What a sound is charged for that is paid for whatever it comes to. A
    /// call to be made once is kept whole instead.
    pub(in crate::gateway) fn known_sound(&self, headers: &HeaderMap) -> Option<Used> {
        let asked = &self.asked;
        let media = asked.asked_media()?;
        let is_piecemeal = matches!(media, Media::Speech(_)) && !asked.streamed && !self.is_claimed;
        let counts = media.known(&self.route)?;
        let told = Told {
            usage: Some(Ok(counts)),
            tier: None,
        };
        let used = (is_piecemeal && is_sound(headers)).then(|| self.reported(told));
        used.flatten()
    }
}

/// Pieces on their way to a slow client.
const IN_FLIGHT: usize = 4;

/// A sound that has begun.
#[derive(Debug)]
pub(in crate::gateway) struct BegunSound {
    pub(in crate::gateway) headers: HeaderMap,
    pub(in crate::gateway) first: Bytes,
    pub(in crate::gateway) body: ReplyBody,
    /// What it is charged for, whatever becomes of it now.
    pub(in crate::gateway) used: Used,
}

/// Charges a sound that has begun, and relays it.
pub(in crate::gateway) async fn relay_sound(
    running: &Running<'_>,
    sound: BegunSound,
    client: oneshot::Sender<Response>,
) {
    let funded = running.funded;
    let charge = match settle(funded, sound.used, StatusCode::OK.as_u16()).await {
        Ok(charge) => charge,
        Err(failure) => {
            let response = failure.into_response(funded.asked.endpoint.envelope());
            return drop(client.send(response));
        }
    };
    let (out, incoming) = mpsc::channel(IN_FLIGHT);
    let pieces = stream::unfold(incoming, |mut incoming| async move {
        let piece = incoming.recv().await?;
        Some((piece, incoming))
    });
    let mut response = Response::new(Body::from_stream(pieces));
    *response.headers_mut() = sound.headers;
    add_charge(response.headers_mut(), &charge);
    add_overdraft(response.headers_mut(), funded);
    if client.send(response).is_ok() {
        pump(running, sound.first, sound.body, &out).await;
    }
}

/// Passes on what comes. What breaks off ends in an error, so that nobody
/// takes half a sound for a whole one.
async fn pump(
    running: &Running<'_>,
    first: Bytes,
    mut body: ReplyBody,
    out: &mpsc::Sender<io::Result<Bytes>>,
) {
    let limits = running.timeouts();
    let deadline = Instant::now() + limits.total;
    let mut piece = Ok(first);
    loop {
        let is_over = piece.is_err();
        let sent = timeout(limits.write_stall, out.send(piece)).await;
        if is_over || !matches!(sent, Ok(Ok(()))) {
            return;
        }
        let until = deadline.min(Instant::now() + limits.idle);
        let next = tokio::select! {
            biased;
            () = running.revoked() => None,
            () = running.state.cut_off.cancelled() => None,
            next = timeout_at(until, body.next()) => next.ok(),
        };
        piece = match next {
            Some(None) => return,
            Some(Some(Ok(bytes))) => Ok(bytes),
            Some(Some(Err(_))) | None => Err(io::Error::other("the sound broke off")),
        };
    }
}
