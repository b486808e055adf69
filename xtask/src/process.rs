//! Other programs: run to the end, or kept in the background and stopped by
//! their own process id. Nothing here ends a process it did not start.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::wait;

/// How long a process may take to leave after SIGTERM before SIGKILL.
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// Lines of a process's log that an error message shows.
const LOG_TAIL_LINES: usize = 40;

/// Runs a command to its end on our terminal; fails unless it exits 0.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    eprintln!("$ {shown}");
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("cannot start `{shown}`"))?;
    ensure!(status.success(), "`{shown}` failed: {status}");
    Ok(())
}

/// Runs a command to its end and answers what it wrote to stdout.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let shown = shown(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start `{shown}`"))?;
    if !output.status.success() {
        bail!(
            "`{shown}` failed: {}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{shown}` wrote no UTF-8"))
}

/// Whether a command exits 0, without showing it or what it says.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    let quiet = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// The command as one would type it.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A process of ours that runs beside us. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct Background {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Background {
    /// Starts `command`, its stdout and stderr appended to the file `log`.
    pub(crate) fn start(name: &str, command: &mut Command, log: &Path) -> Result<Self> {
        let stdout = File::options().create(true).append(true).open(log)?;
        let stderr = stdout.try_clone()?;
        let child = command
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .spawn()
            .with_context(|| format!("cannot start {name}: `{}`", shown(command)))?;
        Ok(Self {
            name: name.to_owned(),
            child,
            log: log.to_owned(),
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Fails, with the end of its log, if the process is no longer running.
    pub(crate) fn ensure_running(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!(
                "{} ended by itself: {status}\n{}",
                self.name,
                self.log_tail()
            ),
        }
    }

    /// The last lines it wrote.
    pub(crate) fn log_tail(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        let tail = &lines[lines.len().saturating_sub(LOG_TAIL_LINES)..];
        format!(
            "--- end of {}'s log ---\n{}\n---",
            self.name,
            tail.join("\n")
        )
    }

    /// Asks it to leave by SIGTERM and waits; by SIGKILL if it will not.
    pub(crate) fn stop(&mut self) -> Result<ExitStatus> {
        if let Some(status) = self.child.try_wait()? {
            return Ok(status);
        }
        self.signal("TERM")?;
        let left = wait::until("leaving after SIGTERM", STOP_LIMIT, || {
            Ok(self.child.try_wait()?)
        });
        left.or_else(|_| {
            self.child.kill()?;
            self.child.wait()?;
            bail!(
                "{} ignored SIGTERM for {STOP_LIMIT:?}\n{}",
                self.name,
                self.log_tail()
            )
        })
    }

    /// Ends it at once, by SIGKILL.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    fn signal(&self, signal: &str) -> Result<()> {
        let pid = self.pid().to_string();
        output(Command::new("kill").args(["-s", signal, &pid])).map(drop)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            eprintln!("{error:#}");
        }
    }
}

/// A loopback port nobody listened on a moment ago.
pub(crate) fn free_port() -> io::Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?
        .local_addr()?
        .port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn background(script: &str) -> (Background, tempfile::TempDir) {
        let scratch = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let process = Background::start("the script", &mut command, &scratch.path().join("log"));
        (process.unwrap(), scratch)
    }

    #[test]
    fn a_background_process_leaves_on_sigterm() {
        let script = "trap 'exit 3' TERM; echo ready; while :; do :; done";
        let (mut process, _scratch) = background(script);
        let ready = || Ok(process.log_tail().contains("ready").then_some(()));
        wait::until("ready", STOP_LIMIT, ready).unwrap();
        assert_eq!(process.stop().unwrap().code(), Some(3));
    }

    #[test]
    fn a_process_that_ended_by_itself_shows_its_last_words() {
        let (mut process, _scratch) = background("echo 'no such port' >&2; exit 4");
        let ended = wait::until("the end", STOP_LIMIT, || Ok(process.ensure_running().err()));
        let error = ended.unwrap().to_string();
        assert!(error.contains("exit status: 4"), "{error}");
        assert!(error.contains("no such port"), "{error}");
    }
}
