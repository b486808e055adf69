//! A provider that does as it is told, over real HTTP, and remembers what it
//! was sent.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A provider under a test's control. Stops listening when dropped.
#[derive(Debug)]
pub struct ScriptedUpstream {
    base_url: String,
    shared: Arc<Shared>,
    stopping: CancellationToken,
}

#[derive(Debug)]
struct Shared {
    script: Mutex<Script>,
    received: watch::Sender<Vec<Received>>,
    /// Bodies that were dropped before their end.
    cancelled: watch::Sender<usize>,
}

#[derive(Debug)]
struct Script {
    next: VecDeque<Reply>,
    otherwise: Reply,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Received {
    /// How.
    pub method: Method,
    /// Where to.
    pub path: String,
    /// And what stands behind the `?`.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, byte by byte.
    pub body: String,
}

impl Received {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a gateway sends JSON")
    }
}

/// What one request is answered with.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    before: Option<Gate>,
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
enum Step {
    Send(Bytes),
    Wait(Gate),
    Break,
    BreakNow,
}

/// Lets a test decide when an upstream goes on.
#[derive(Clone, Debug)]
pub struct Gate {
    passes: Arc<Semaphore>,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            passes: Arc::new(Semaphore::new(0)),
        }
    }
}

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets this many who wait, or will wait, pass.
    pub fn let_pass(&self, count: usize) {
        self.passes.add_permits(count);
    }

    async fn pass(&self) {
        let permit = self.passes.acquire().await;
        permit.expect("a gate is never closed for good").forget();
    }
}

impl Reply {
    /// A status and a JSON body.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::text(status, "application/json", &body.to_string())
    }

    /// A status and a body of any type.
    pub fn text(status: u16, content_type: &str, body: &str) -> Self {
        Self {
            status,
            headers: vec![("content-type", content_type.to_owned())],
            before: None,
            steps: vec![Step::Send(Bytes::copy_from_slice(body.as_bytes()))],
        }
    }

    /// A chat answer that says `text` and reports this usage.
    pub fn chat(text: &str, usage: &Value) -> Self {
        Self::json(200, &chat(text, usage))
    }

    /// The beginning of a stream, to be continued.
    pub fn stream() -> Self {
        Self {
            status: 200,
            headers: vec![("content-type", "text/event-stream".to_owned())],
            before: None,
            steps: Vec::new(),
        }
    }

    /// A whole stream: a chunk for each text, the end of the choice, usage
    /// unless it is null, and the mark at the end.
    pub fn chat_stream(texts: &[&str], usage: &Value) -> Self {
        let begun = texts
            .iter()
            .fold(Self::stream(), |reply, text| reply.chunk(text));
        begun.finish().usage(usage).done()
    }

    /// Then a chunk with this text.
    #[must_use]
    pub fn chunk(self, text: &str) -> Self {
        self.data(&chunk(
            json!([{"index": 0, "delta": {"content": text}, "finish_reason": null}]),
        ))
    }

    /// Then the end of the choice.
    #[must_use]
    pub fn finish(self) -> Self {
        self.data(&chunk(
            json!([{"index": 0, "delta": {}, "finish_reason": "stop"}]),
        ))
    }

    /// Then a chunk with this usage, unless it is null.
    #[must_use]
    pub fn usage(self, usage: &Value) -> Self {
        if usage.is_null() {
            return self;
        }
        let mut last = chunk(json!([]));
        last["usage"] = usage.clone();
        self.data(&last)
    }

    /// Then the mark at the end.
    #[must_use]
    pub fn done(self) -> Self {
        self.raw("data: [DONE]\n\n")
    }

    /// Then an event with this data.
    #[must_use]
    pub fn data(self, data: &Value) -> Self {
        self.raw(&format!("data: {data}\n\n"))
    }

    /// Then these bytes.
    #[must_use]
    pub fn raw(mut self, bytes: &str) -> Self {
        self.steps
            .push(Step::Send(Bytes::copy_from_slice(bytes.as_bytes())));
        self
    }

    /// Then nothing until the test lets it pass.
    #[must_use]
    pub fn wait(mut self, gate: &Gate) -> Self {
        self.steps.push(Step::Wait(gate.clone()));
        self
    }

    /// Then the connection breaks.
    #[must_use]
    pub fn breaks(mut self) -> Self {
        self.steps.push(Step::Break);
        self
    }

    /// Nothing, not even a status, before the test lets it pass.
    #[must_use]
    pub fn held_by(mut self, gate: &Gate) -> Self {
        self.before = Some(gate.clone());
        self
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// Usage as OpenAI reports it.
pub fn usage(input: u64, output: u64) -> Value {
    json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output})
}

pub(crate) fn chat(text: &str, usage: &Value) -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": text},
            "finish_reason": "stop",
        }],
        "usage": usage,
    })
}

pub(crate) fn chunk(choices: Value) -> Value {
    let mut chunk = json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
    });
    chunk["choices"] = choices;
    chunk
}

impl ScriptedUpstream {
    /// Listens on a loopback port and answers `Reply::chat` until told
    /// otherwise.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a loopback port is free");
        let address = listener.local_addr().expect("a bound port has an address");
        let script = Script {
            next: VecDeque::new(),
            otherwise: Reply::chat("Hello!", &usage(10, 20)),
        };
        let shared = Arc::new(Shared {
            script: Mutex::new(script),
            received: watch::Sender::default(),
            cancelled: watch::Sender::default(),
        });
        let stopping = CancellationToken::new();
        // Not waited for: an upstream ends with its test's runtime.
        TaskTracker::new().spawn(accept(listener, shared.clone(), stopping.clone()));
        Self {
            base_url: format!("http://{address}/v1"),
            shared,
            stopping,
        }
    }

    /// Where it listens, version included.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Answers the next request that has no answer yet so.
    pub fn next(&self, reply: Reply) {
        self.script().next.push_back(reply);
    }

    /// Answers all requests without an answer of their own so.
    pub fn always(&self, reply: Reply) {
        self.script().otherwise = reply;
    }

    /// Refuses connections from now on.
    pub fn stop(&self) {
        self.stopping.cancel();
    }

    /// What it was sent so far.
    pub fn received(&self) -> Vec<Received> {
        self.shared.received.borrow().clone()
    }

    /// How many requests it was sent so far.
    pub fn received_count(&self) -> usize {
        self.shared.received.borrow().len()
    }

    /// The last request it was sent.
    pub fn last(&self) -> Received {
        let received = self.received();
        received.last().expect("a request came").clone()
    }

    /// Waits until it was sent this many requests.
    pub async fn wait_for(&self, count: usize) {
        let mut received = self.shared.received.subscribe();
        let reached = received.wait_for(|received| received.len() >= count).await;
        drop(reached.expect("the upstream lives"));
    }

    /// Waits until this many of its answers were given up by the other side.
    pub async fn wait_for_cancelled(&self, count: usize) {
        let mut cancelled = self.shared.cancelled.subscribe();
        let reached = cancelled.wait_for(|cancelled| *cancelled >= count).await;
        drop(reached.expect("the upstream lives"));
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.shared
            .script
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ScriptedUpstream {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, stopping: CancellationToken) {
    let connections = TaskTracker::new();
    while let Some(accepted) = stopping.run_until_cancelled(listener.accept()).await {
        if let Ok((stream, _)) = accepted {
            let serving = serve(stream, shared.clone());
            let stopping = stopping.clone();
            connections.spawn(async move { stopping.run_until_cancelled(serving).await });
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    stream
        .set_nodelay(true)
        .expect("a new connection takes options");
    let answering = service_fn(move |request| answer(request, shared.clone()));
    // A scripted break ends here as an error.
    drop(
        http1::Builder::new()
            .serve_connection(TokioIo::new(stream), answering)
            .await,
    );
}

async fn answer(
    request: Request<Incoming>,
    shared: Arc<Shared>,
) -> Result<Response<Scripted>, Infallible> {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        return Ok(Response::new(Scripted::new(Vec::new(), shared)));
    };
    let body = String::from_utf8(body.to_bytes().to_vec()).expect("a gateway sends text");
    let reply = {
        let mut script = shared.script.lock().unwrap_or_else(PoisonError::into_inner);
        let otherwise = script.otherwise.clone();
        script.next.pop_front().unwrap_or(otherwise)
    };
    let path = head.uri.path().to_owned();
    let query = head.uri.query().unwrap_or_default().to_owned();
    let received = Received {
        method: head.method,
        path,
        query,
        headers: head.headers,
        body,
    };
    shared.received.send_modify(|all| all.push(received));
    if let Some(gate) = &reply.before {
        gate.pass().await;
    }
    let mut response = Response::new(Scripted::new(reply.steps, shared));
    *response.status_mut() = StatusCode::from_u16(reply.status).expect("a test's status");
    for (name, value) in reply.headers {
        let value = HeaderValue::try_from(value).expect("a test writes valid headers");
        if name == CONTENT_TYPE {
            response.headers_mut().insert(CONTENT_TYPE, value);
        } else {
            response
                .headers_mut()
                .append(HeaderName::from_static(name), value);
        }
    }
    Ok(response)
}

type Waiting = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A body that follows its steps.
struct Scripted {
    steps: VecDeque<Step>,
    waiting: Option<Waiting>,
    shared: Arc<Shared>,
}

impl Scripted {
    fn new(steps: Vec<Step>, shared: Arc<Shared>) -> Self {
        Self {
            steps: steps.into(),
            waiting: None,
            shared,
        }
    }
}

impl Body for Scripted {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        loop {
            if let Some(waiting) = &mut self.waiting {
                std::task::ready!(waiting.as_mut().poll(context));
                self.waiting = None;
            }
            match self.steps.pop_front() {
                None => return Poll::Ready(None),
                Some(Step::Send(bytes)) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Some(Step::Wait(gate)) => {
                    self.waiting = Some(Box::pin(async move { gate.pass().await }));
                }
                Some(Step::Break) => {
                    // What was sent before is flushed meanwhile.
                    self.steps.push_front(Step::BreakNow);
                    self.waiting = Some(Box::pin(tokio::task::yield_now()));
                }
                Some(Step::BreakNow) => {
                    self.steps.clear();
                    return Poll::Ready(Some(Err(io::Error::other("scripted"))));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty() && self.waiting.is_none()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        if !self.steps.is_empty() || self.waiting.is_some() {
            self.shared.cancelled.send_modify(|count| *count += 1);
        }
    }
}
