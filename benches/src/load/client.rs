//! One connection, and what is sent over it.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpStream;

use crate::Options;

#[derive(Debug)]
pub(crate) struct Client {
    port: u16,
    secrets: Arc<[String]>,
    body: Bytes,
    /// What a whole answer ends with.
    end: &'static [u8],
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Client {
    pub(crate) fn new(options: &Options, secrets: Arc<[String]>) -> Self {
        Self {
            port: options.port,
            secrets,
            body: request_body(options).into(),
            end: if options.stream {
                b"data: [DONE]\n\n"
            } else {
                b"}"
            },
            sender: None,
        }
    }

    /// Opens the connection, anew if there was one.
    pub(crate) async fn connect(&mut self) -> Result<()> {
        let socket = TcpStream::connect(("127.0.0.1", self.port))
            .await
            .context("cannot connect")?;
        socket.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
        drive(connection);
        self.sender = Some(sender);
        Ok(())
    }

    /// Sends one request and reads its answer to the end.
    pub(crate) async fn call(&mut self, number: u64) -> Result<()> {
        let secret = &self.secrets[usize::try_from(number)? % self.secrets.len()];
        let request = Request::post("/v1/chat/completions")
            .header(HOST, "127.0.0.1")
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, format!("Bearer {secret}"))
            .body(Full::new(self.body.clone()))?;
        let sender = self.sender.as_mut().context("not connected")?;
        sender.ready().await?;
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        let text = || String::from_utf8_lossy(&body);
        ensure!(head.status == StatusCode::OK, "{}: {}", head.status, text());
        ensure!(body.ends_with(self.end), "cut short: {}", text());
        Ok(())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "ends with its sender; there is nothing to settle"
)]
fn drive(connection: impl Future<Output = hyper::Result<()>> + Send + 'static) {
    tokio::task::spawn(connection);
}

/// About 1.1 KB, as a short conversation is, and what is added to it.
fn request_body(options: &Options) -> String {
    let mut question = "Say which of these words come twice. ".repeat(17);
    question.extend("another word ".chars().cycle().take(options.padding));
    let mut body = json!({
        "model": options.model,
        "messages": [
            {"role": "system", "content": "You answer in one short paragraph. ".repeat(8)},
            {"role": "user", "content": question},
        ],
        "max_tokens": options.max_tokens,
        "temperature": 0.2,
    });
    if options.stream {
        body["stream"] = true.into();
        body["stream_options"] = json!({"include_usage": true});
    }
    body.to_string()
}
