//! Clients that call again and again until nobody answers any more.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{Method, Response};
use keypurse_testkit::hostile::Behaviour;
use keypurse_testkit::oracle::{ClientSaw, Reading};
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::scene::{Scene, Token};
use crate::client::{Client, request_id};

const CHAT: &str = "/v1/chat/completions";
/// Output limits clients ask for.
const LIMITS: [u64; 5] = [1, 10, 30, 300, 2000];
/// One stream in so many is given up by its client in the middle.
const HANG_UPS: usize = 8;

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manners {
    /// Anything, whole or streamed.
    Any,
    /// Short whole answers, as many as it can get.
    Quick,
    /// One stream that begins and never goes on.
    Patient,
}

/// One call, before it is made.
pub(super) struct Wish {
    pub(super) token: Token,
    pub(super) body: Value,
    pub(super) hangs_up: bool,
}

pub(super) async fn keep_calling(scene: Arc<Scene>, manners: Manners) {
    let client = Client::new(&scene.address);
    loop {
        scene.in_flight.fetch_add(1, Ordering::SeqCst);
        let was_answered = call(&scene, &client, wish(&scene, manners)).await;
        scene.in_flight.fetch_sub(1, Ordering::SeqCst);
        if !was_answered && TcpStream::connect(&scene.address).await.is_err() {
            return;
        }
    }
}

pub(super) fn wish(scene: &Scene, manners: Manners) -> Wish {
    let token = scene.any_token();
    let (behaviour, streamed) = match manners {
        Manners::Any => (Behaviour::any(scene.dice()), scene.roll(2) == 0),
        Manners::Quick => (Behaviour::Good, false),
        Manners::Patient => (Behaviour::Stalls, true),
    };
    let limit = match manners {
        Manners::Any => LIMITS[scene.roll(LIMITS.len())],
        Manners::Quick | Manners::Patient => 10,
    };
    let body = json!({
        "model": format!("hostile/{}", behaviour.name()),
        "user": token.name, "stream": streamed, "max_tokens": limit,
        "stream_options": streamed.then(|| json!({"include_usage": scene.roll(2) == 0})),
        "messages": [{"role": "user", "content": "Tell me what you would say about that."}],
    });
    Wish {
        token,
        body,
        hangs_up: manners == Manners::Any && streamed && scene.roll(HANG_UPS) == 0,
    }
}

/// One call, recorded; whether there was an answer.
pub(super) async fn call(scene: &Scene, client: &Client, wish: Wish) -> bool {
    let mut saw = ClientSaw {
        call: None,
        token: wish.token.name.clone(),
        sent: Instant::now(),
        status: 0,
        tokens: 0,
        is_whole: false,
        cost: None,
    };
    let opened = client.open(Method::POST, CHAT, &wish.token.secret, Some(&wish.body));
    let Ok(response) = opened.await else {
        scene.record(saw);
        return false;
    };
    saw.call = Some(request_id(&response));
    saw.status = response.status().as_u16();
    if saw.status == 401 {
        // Deleted, or rotated by an answer that got lost.
        scene.drop_token(&wish.token);
    }
    read(response, wish.hangs_up, &mut saw).await;
    scene.record(saw);
    true
}

async fn read(response: Response<Incoming>, hangs_up: bool, saw: &mut ClientSaw) {
    let content_type = response.headers().get("content-type");
    let streamed = content_type.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event"));
    let mut reading = Reading::default();
    let mut body = response.into_body();
    let ended_well = loop {
        match body.frame().await {
            None => break true,
            Some(Err(_)) => break false,
            Some(Ok(frame)) => reading.take_in(&frame.into_data().unwrap_or_default()),
        }
        if hangs_up && reading.tokens(streamed) > 0 {
            break false;
        }
    };
    saw.tokens = reading.tokens(streamed);
    saw.is_whole = ended_well && (!streamed || reading.has_done());
    if saw.is_whole {
        saw.cost = reading.cost(streamed);
    }
}
