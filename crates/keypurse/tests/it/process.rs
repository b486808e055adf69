//! A `keypurse serve` process on a free port, and ways to end it.

use std::fs::File;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use crate::client::Client;

/// Longest wait for a condition; a test that needs it is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const ACCOUNT_KEY: &str = "an-account-key-preset-by-the-tests-0001";

/// Where a program that runs ours is found.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// How to start a process.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) folder: PathBuf,
    pub(crate) address: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) preset_key: bool,
    /// A program that runs it, such as strace, with its arguments.
    pub(crate) under: Vec<String>,
    /// Places where the process ends by itself: `keypurse_store::failpoint`.
    pub(crate) failpoints: Option<String>,
    /// Keeps the address while no process has it.
    _reserved: Arc<UdpSocket>,
}

/// A running process; killed when it goes out of scope.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: String,
    pub(crate) folder: PathBuf,
}

impl Setup {
    /// A free loopback port and everything inside `folder`.
    pub(crate) fn new(folder: &Path) -> Self {
        let (address, reserved) = free_address();
        Self {
            folder: folder.to_owned(),
            address,
            arguments: Vec::new(),
            preset_key: true,
            under: Vec::new(),
            failpoints: None,
            _reserved: Arc::new(reserved),
        }
    }

    /// The same, but the process ends when it comes to `place` for this time,
    /// the first one being 0; it lingers there for so long before.
    pub(crate) fn ending_at(&self, place: &str, time: usize, linger_ms: usize) -> Self {
        let mut setup = self.clone();
        let skipping = match time {
            0 => String::new(),
            _ => format!("{time}*off->"),
        };
        setup.failpoints = Some(format!("{place}={skipping}return({linger_ms})"));
        setup
    }

    /// Reads this configuration.
    pub(crate) fn config(mut self, text: &str) -> Self {
        let path = self.folder.join("keypurse.toml");
        std::fs::write(&path, text).unwrap();
        self.arguments
            .extend(["--config".to_owned(), path.to_str().unwrap().to_owned()]);
        self
    }

    pub(crate) fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// A command without the variables of whoever runs the tests.
    pub(crate) fn command(&self) -> Command {
        let mut command = match self.under.split_first() {
            None => keypurse(),
            Some((program, arguments)) => {
                let mut command = Command::new(program);
                command.env_clear().env("PATH", PATH).args(arguments);
                command.arg(env!("CARGO_BIN_EXE_keypurse"));
                command
            }
        };
        command
            .current_dir(&self.folder)
            .args(["serve", "--listen", &self.address, "--data-dir"])
            .arg(self.data_dir())
            .args(&self.arguments);
        if self.preset_key {
            command.env("KEYPURSE_ACCOUNT_KEY", ACCOUNT_KEY);
        }
        if let Some(failpoints) = &self.failpoints {
            command.env("FAILPOINTS", failpoints);
        }
        command
    }

    /// Starts it and waits until it answers.
    pub(crate) async fn start(&self) -> Process {
        let (process, ended) = self.start_or_end().await;
        assert!(ended.is_none(), "ended with {ended:?}: {}", process.log());
        process
    }

    /// Starts it and waits until it answers, or has ended.
    pub(crate) async fn start_or_end(&self) -> (Process, Option<ExitStatus>) {
        let mut process = self.spawn();
        let ended = process.ready_or_ended().await;
        (process, ended)
    }

    /// Starts it and waits until it listens: enough for what `Client` does not
    /// speak.
    pub(crate) fn start_listening(&self) -> Process {
        let mut process = self.spawn();
        let started = Instant::now();
        while TcpStream::connect(&self.address).is_err() {
            process.check_alive(started);
        }
        process
    }

    /// Starts it and waits for nothing.
    pub(crate) fn spawn(&self) -> Process {
        let output = |name: &str| {
            let path = self.folder.join(name);
            Stdio::from(
                File::options()
                    .create(true)
                    .append(true)
                    .open(path)
                    .unwrap(),
            )
        };
        let mut command = self.command();
        let child = command
            .stdout(output("stdout"))
            .stderr(output("stderr"))
            .spawn()
            .unwrap();
        Process {
            child,
            address: self.address.clone(),
            folder: self.folder.clone(),
        }
    }
}

/// A loopback address nobody listens on, and nobody will by chance: the system
/// takes the ports of outgoing connections from above this range, and a test
/// that restarts its process needs the port to stay free meanwhile. So each
/// port is reserved by a UDP socket of its number, which no process listens on.
fn free_address() -> (String, UdpSocket) {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 1000).unwrap() * 10;
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let address = format!("127.0.0.1:{}", 20_000 + (first + step) % 10_000);
        let Ok(reserved) = UdpSocket::bind(&address) else {
            continue;
        };
        if TcpListener::bind(&address).is_ok() {
            return (address, reserved);
        }
    }
}

/// The binary under test, in an empty environment.
pub(crate) fn keypurse() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keypurse"));
    command.env_clear();
    command
}

impl Process {
    /// Waits until it answers, `None`, or has ended.
    async fn ready_or_ended(&mut self) -> Option<ExitStatus> {
        let client = Client::new(&self.address);
        let started = Instant::now();
        loop {
            let answer = client.get("/readyz", "").await;
            if answer.is_ok_and(|answer| answer.status == 200) {
                return None;
            }
            if let Some(ended) = self.child.try_wait().unwrap() {
                return Some(ended);
            }
            assert!(started.elapsed() < PATIENCE, "not ready: {}", self.log());
            tokio::task::yield_now().await;
        }
    }

    fn check_alive(&mut self, started: Instant) {
        let ended = self.child.try_wait().unwrap();
        assert!(ended.is_none(), "ended with {ended:?}: {}", self.log());
        assert!(started.elapsed() < PATIENCE, "not ready: {}", self.log());
    }

    /// Waits until it has ended by itself.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// SIGTERM, and no waiting.
    pub(crate) fn ask_to_stop(&self) {
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(asked.unwrap().success());
    }

    /// Its number.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote to stdout and stderr.
    pub(crate) fn log(&self) -> String {
        let read = |name| std::fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        format!("{}\n{}", read("stdout"), read("stderr"))
    }

    /// SIGKILL: nothing is finished, nothing is flushed.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// SIGTERM, and whatever it takes to end.
    pub(crate) fn terminate(&mut self) -> ExitStatus {
        self.ask_to_stop();
        self.wait()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
