//! Listens, reads requests and plays scripts, over plain sockets: what is
//! wrong on the wire is wrong because it was meant to be.

use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::behaviour::Behaviour;
use super::script::{Asked, Framing, Piece, Script, Step};
use super::truth::{Entry, Served, Truth};
use super::wire::Wire;
use super::{json, stream};

/// Larger requests are a bug of the gateway's.
const LARGEST_REQUEST: usize = 64 << 20;

/// A hostile provider. Stops when dropped.
#[derive(Debug)]
pub struct HostileProvider {
    base_url: String,
    truth: Truth,
    stopping: CancellationToken,
}

impl HostileProvider {
    /// Listens on a loopback port, waits `pace` between two pieces of an
    /// answer, and logs to `hostile.log` in `folder`.
    pub async fn start(folder: &Path, pace: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a loopback port is free");
        let address = listener.local_addr().expect("a bound port has an address");
        let truth = Truth::in_file(&folder.join("hostile.log"));
        let stopping = CancellationToken::new();
        let accepting = accept(listener, truth.clone(), pace, stopping.clone());
        // Not waited for: it ends with its test's runtime.
        TaskTracker::new().spawn(accepting);
        Self {
            base_url: format!("http://{address}/v1"),
            truth,
            stopping,
        }
    }

    /// Where it listens, version included.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Configuration that makes it the provider `hostile`, each behaviour a
    /// model: $1 per million input tokens, $10 per million output tokens. Who
    /// stalls is waited for.
    pub fn config(&self) -> String {
        let mut text = format!(
            "[providers.hostile]\nkind = \"openai\"\nbase_url = \"{}\"\n\
             stream_hold = \"blocks\"\nidle_timeout_seconds = 600\n",
            self.base_url
        );
        for (_, name) in Behaviour::ALL {
            let _ = write!(
                text,
                "\n[[prices]]\nmodel = \"hostile/{name}\"\ninput_per_million = \"1\"\n\
                 output_per_million = \"10\"\nmax_output_tokens = 4096\n"
            );
        }
        text
    }

    /// Every request that reached it, in order.
    pub fn served(&self) -> Vec<Served> {
        self.truth.all()
    }
}

impl Drop for HostileProvider {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

async fn accept(listener: TcpListener, truth: Truth, pace: Duration, stopping: CancellationToken) {
    let connections = TaskTracker::new();
    while let Some(accepted) = stopping.run_until_cancelled(listener.accept()).await {
        if let Ok((socket, _)) = accepted {
            let (truth, stopping) = (truth.clone(), stopping.clone());
            connections.spawn(async move {
                let serving = serve(socket, truth, pace);
                stopping.run_until_cancelled(serving).await
            });
        }
    }
}

/// Answers requests until one side hangs up.
async fn serve(mut socket: TcpStream, truth: Truth, pace: Duration) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut read = Vec::new();
    while let Some((head, body)) = read_request(&mut socket, &mut read).await? {
        let (asked, served) = understand(&head, &body);
        let entry = truth.arrived(served);
        let script = if asked.streamed {
            stream::script(&asked)
        } else {
            json::script(&asked)
        };
        let mut player = Player {
            socket: &mut socket,
            entry: &entry,
            pace,
        };
        if !player.play(script).await? {
            return Ok(());
        }
    }
    Ok(())
}

/// The next request's head and body; `None` when there is none.
async fn read_request(
    socket: &mut TcpStream,
    read: &mut Vec<u8>,
) -> io::Result<Option<(String, Vec<u8>)>> {
    let mut whole = None;
    loop {
        if whole.is_none()
            && let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n")
        {
            let head = String::from_utf8_lossy(&read[..end]).into_owned();
            let length = header(&head, "content-length").and_then(|text| text.parse().ok());
            whole = Some((head, end + 4, end + 4 + length.unwrap_or(0)));
        }
        if let Some((head, start, end)) = &whole
            && read.len() >= *end
        {
            let request = (head.clone(), read[*start..*end].to_vec());
            read.drain(..*end);
            return Ok(Some(request));
        }
        assert!(read.len() < LARGEST_REQUEST, "a request without end");
        if socket.read_buf(read).await? == 0 {
            return Ok(None);
        }
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut headers = head.lines().filter_map(|line| line.split_once(':'));
    let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.trim())
}

fn understand(head: &str, body: &[u8]) -> (Asked, Served) {
    let request: Value = serde_json::from_slice(body).expect("a gateway sends JSON");
    let target = head.split(' ').nth(1).unwrap_or_default();
    let wire = Wire::of(target);
    let number = |value: &Value| value.as_u64();
    let limit = number(&request["max_tokens"])
        .or_else(|| number(&request["max_completion_tokens"]))
        .or_else(|| number(&request["generationConfig"]["maxOutputTokens"]));
    // Gemini's paths end with `models/{model}:{method}`.
    let (path, method) = target.rsplit_once(':').unwrap_or((target, ""));
    let in_path = path.rsplit('/').next().unwrap_or_default();
    let asked = Asked {
        wire,
        behaviour: Behaviour::named(request["model"].as_str().unwrap_or(in_path))
            .unwrap_or(Behaviour::Good),
        streamed: request["stream"] == true || method.starts_with("stream"),
        limit: limit.unwrap_or(0),
    };
    let served = Served {
        call: header(head, "x-client-request-id")
            .unwrap_or_default()
            .to_owned(),
        user: request["user"].as_str().unwrap_or_default().to_owned(),
        behaviour: asked.behaviour,
        streamed: asked.streamed,
        arrived: Instant::now(),
        request_bytes: body.len() as u64,
        limit: asked.limit,
        tokens: 0,
        text_bytes: 0,
        billed: None,
        is_whole: false,
    };
    (asked, served)
}

struct Player<'a> {
    socket: &'a mut TcpStream,
    entry: &'a Entry,
    pace: Duration,
}

impl Player<'_> {
    /// Plays a script; whether the connection can be used again.
    async fn play(&mut self, script: Script) -> io::Result<bool> {
        let Script {
            head,
            framing,
            steps,
            drips,
        } = script;
        let mut steps = steps.into_iter().peekable();
        while let Some(Step::Wait(paces)) = steps.next_if(|step| matches!(step, Step::Wait(_))) {
            tokio::time::sleep(self.pace * paces).await;
        }
        let steps: Vec<Step> = steps.collect();
        if let Some(head) = head {
            let head = head + &framing.headers(&steps);
            self.write(head.as_bytes(), drips).await?;
        }
        for step in steps {
            match step {
                Step::Send(piece) => self.send(piece, framing, drips).await?,
                Step::Wait(paces) => tokio::time::sleep(self.pace * paces).await,
                Step::Flood(bytes, times) => {
                    for _ in 0..times {
                        self.send(Piece::raw(bytes.clone()), framing, drips).await?;
                    }
                }
                Step::Hang => self.hang().await?,
                Step::Cut => return Ok(false),
            }
        }
        if framing == Framing::Chunked {
            self.socket.write_all(b"0\r\n\r\n").await?;
        }
        self.entry.is_whole();
        Ok(framing != Framing::UntilClose)
    }

    async fn send(&mut self, piece: Piece, framing: Framing, drips: bool) -> io::Result<()> {
        let Piece {
            bytes,
            tokens,
            text_bytes,
            billed,
        } = piece;
        // A chunk without bytes would be the last one.
        if bytes.is_empty() {
            return Ok(());
        }
        // Before a byte of it leaves: whoever has it finds it here.
        self.entry.produces(tokens, text_bytes, billed);
        if framing == Framing::Chunked {
            let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
            chunk.extend_from_slice(&bytes);
            chunk.extend_from_slice(b"\r\n");
            self.write(&chunk, drips).await
        } else {
            self.write(&bytes, drips).await
        }
    }

    async fn write(&mut self, bytes: &[u8], drips: bool) -> io::Result<()> {
        let at_once = if drips { 1 } else { bytes.len().max(1) };
        for part in bytes.chunks(at_once) {
            self.socket.write_all(part).await?;
        }
        Ok(())
    }

    /// Until the other side hangs up.
    async fn hang(&mut self) -> io::Result<()> {
        let mut nothing = [0; 64];
        while self.socket.read(&mut nothing).await? > 0 {}
        Err(io::ErrorKind::ConnectionReset.into())
    }
}

impl Framing {
    /// The headers that announce it, and the blank line.
    fn headers(self, steps: &[Step]) -> String {
        match self {
            Self::Chunked => "transfer-encoding: chunked\r\n\r\n".to_owned(),
            Self::UntilClose => "connection: close\r\n\r\n".to_owned(),
            Self::Length { missing } => {
                let length: usize = steps.iter().map(Step::length).sum();
                format!("content-length: {}\r\n\r\n", length + missing)
            }
        }
    }
}

impl Step {
    fn length(&self) -> usize {
        match self {
            Self::Send(piece) => piece.bytes.len(),
            Self::Wait(_) | Self::Flood(..) | Self::Hang | Self::Cut => 0,
        }
    }
}
