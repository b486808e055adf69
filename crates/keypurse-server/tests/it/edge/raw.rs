//! A client that writes what it likes.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// A test that waits longer is broken.
const PATIENCE: Duration = Duration::from_secs(20);

/// One connection.
pub(super) struct Raw<S = TcpStream> {
    stream: S,
}

impl Raw {
    pub(super) async fn connect(base_url: &str) -> Self {
        let address = base_url.strip_prefix("http://").unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Raw<S> {
    pub(super) fn over(stream: S) -> Self {
        Self { stream }
    }

    /// Writes; whether the other side was still there.
    pub(super) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).await.is_ok()
    }

    /// All that comes until the other side hangs up.
    pub(super) async fn until_closed(&mut self) -> String {
        let mut read = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            match timeout(PATIENCE, self.stream.read(&mut buffer)).await {
                Ok(Ok(0) | Err(_)) => return String::from_utf8_lossy(&read).into_owned(),
                Ok(Ok(length)) => read.extend_from_slice(&buffer[..length]),
                Err(late) => panic!("{late}, still open: {}", String::from_utf8_lossy(&read)),
            }
        }
    }

    /// What comes next.
    pub(super) async fn some(&mut self) -> String {
        let mut read = Vec::new();
        let came = timeout(PATIENCE, self.stream.read_buf(&mut read)).await;
        assert!(came.expect("it comes soon").unwrap() > 0, "closed");
        String::from_utf8_lossy(&read).into_owned()
    }

    /// Reads until a ping of HTTP/2 is answered, or the connection is over.
    pub(super) async fn until_pong_or_closed(&mut self) {
        let mut read = Vec::new();
        let reading = async {
            while !read.windows(8).any(|eight| eight == b"are you?") {
                let came = self.stream.read_buf(&mut read).await;
                if came.unwrap_or(0) == 0 {
                    break;
                }
            }
        };
        timeout(PATIENCE, reading).await.expect("it comes soon");
    }

    /// Reads until `mark` has come.
    pub(super) async fn until(&mut self, mark: &str) -> String {
        let mut read = Vec::new();
        let reading = async {
            while !String::from_utf8_lossy(&read).contains(mark) {
                let came = self.stream.read_buf(&mut read).await.unwrap();
                assert!(came > 0, "closed: {}", String::from_utf8_lossy(&read));
            }
        };
        timeout(PATIENCE, reading).await.expect("it comes soon");
        String::from_utf8(read).unwrap()
    }

    /// Writes a byte every now and then until the other side hangs up; how long
    /// that took, and what it said.
    pub(super) async fn drip(&mut self, byte: u8, pause: Duration) -> (Duration, String) {
        let started = Instant::now();
        let mut read = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            match timeout(pause, self.stream.read(&mut buffer)).await {
                Ok(Ok(0) | Err(_)) => break,
                Ok(Ok(length)) => read.extend_from_slice(&buffer[..length]),
                Err(_) if !self.send([byte]).await => break,
                Err(_) => {}
            }
            assert!(started.elapsed() < PATIENCE, "it drips for ever");
        }
        let said = String::from_utf8_lossy(&read).into_owned();
        (started.elapsed(), said)
    }
}
