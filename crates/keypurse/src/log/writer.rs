//! Lines on their way to the log, which nobody waits for.
//!
//! Whoever reads the log may stop reading: then a pipe fills, and a thread that
//! writes to it stands still. So one thread of its own writes; lines it cannot
//! take are counted and lost, and calls go on.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

use super::redact::redact;

/// Lines that may wait.
const WAITING: usize = 4096;
/// How long a process that ends waits for what is not written yet.
const PATIENCE: Duration = Duration::from_secs(1);
/// After an error the process may end at once, without a word: so its line is
/// waited for, unless nobody reads.
const ERROR_PATIENCE: Duration = Duration::from_millis(20);

/// Where lines go. Clones write to the same log.
#[derive(Clone, Debug)]
pub(super) struct LogWriter {
    lines: SyncSender<String>,
    progress: Arc<Progress>,
    waits: bool,
}

/// The thread that writes. Dropped, it writes what is left.
#[derive(Debug)]
pub(super) struct Lines {
    progress: Arc<Progress>,
    /// Ends with the process, if the reader never reads again.
    _thread: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Progress {
    sent: AtomicU64,
    written: Mutex<u64>,
    has_written: Condvar,
    /// Somebody has waited in vain.
    is_stuck: AtomicBool,
    dropped: Arc<AtomicU64>,
}

impl LogWriter {
    /// A thread that writes to `sink`.
    pub(super) fn over(sink: impl Write + Send + 'static) -> io::Result<(Self, Lines)> {
        let (lines, waiting) = sync_channel(WAITING);
        let progress = Arc::new(Progress::default());
        let (seen, thread) = (Arc::clone(&progress), Builder::new().name("log".to_owned()));
        let thread = thread.spawn(move || write(&waiting, sink, &seen))?;
        let log = Lines {
            progress: Arc::clone(&progress),
            _thread: thread,
        };
        let writer = Self {
            lines,
            progress,
            waits: false,
        };
        Ok((writer, log))
    }
}

impl Lines {
    /// Lines that were lost so far.
    pub(super) fn dropped(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.progress.dropped)
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.progress.wait(PATIENCE);
    }
}

impl Progress {
    /// Waits until what was sent so far is written.
    fn wait(&self, patience: Duration) {
        let sent = self.sent.load(Ordering::SeqCst);
        let until = Instant::now() + patience;
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        while *written < sent {
            let rest = until.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                self.is_stuck.store(true, Ordering::Relaxed);
                return;
            }
            let woken = self.has_written.wait_timeout(written, rest);
            written = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

fn write(waiting: &Receiver<String>, mut sink: impl Write, progress: &Progress) {
    while let Ok(line) = waiting.recv() {
        // Without a log there is nowhere to tell that there is none.
        let _ = sink.write_all(line.as_bytes()).and_then(|()| sink.flush());
        progress.is_stuck.store(false, Ordering::Relaxed);
        *progress
            .written
            .lock()
            .unwrap_or_else(PoisonError::into_inner) += 1;
        progress.has_written.notify_all();
    }
}

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Self {
        Self {
            waits: *meta.level() == Level::ERROR,
            ..self.clone()
        }
    }
}

/// One write is one line: that is how lines come here.
impl Write for LogWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let progress = &self.progress;
        match self.lines.try_send(redact(&text).into_owned()) {
            Ok(()) => {
                progress.sent.fetch_add(1, Ordering::SeqCst);
                if self.waits && !progress.is_stuck.load(Ordering::Relaxed) {
                    progress.wait(ERROR_PATIENCE);
                }
            }
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                progress.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{LogWriter, WAITING};
    use std::io::{self, Write};
    use std::sync::atomic::Ordering;
    use std::sync::{Arc, Mutex};
    use std::time::{Duration, Instant};

    /// A pipe: it takes lines while nobody holds it.
    #[derive(Clone, Default)]
    struct Pipe(Arc<Mutex<Vec<u8>>>);

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_are_written_in_order_and_without_secrets() {
        let pipe = Pipe::default();
        let (mut writer, log) = LogWriter::over(pipe.clone()).unwrap();
        writer.write_all(b"one sk-0123456789\n").unwrap();
        writer.write_all(b"two\n").unwrap();
        drop(log);
        assert_eq!(*pipe.0.lock().unwrap(), b"one sk-[redacted]\ntwo\n");
    }

    #[test]
    fn nobody_waits_for_a_log_that_is_stuck_and_what_is_lost_is_counted() {
        let pipe = Pipe::default();
        let (mut writer, log) = LogWriter::over(pipe.clone()).unwrap();
        let held = pipe.0.lock().unwrap();
        let began = Instant::now();
        writer.waits = true;
        let lines = 3 * WAITING as u64;
        for _ in 0..lines {
            writer.write_all(b"line\n").unwrap();
        }
        assert!(began.elapsed() < Duration::from_secs(5));
        let dropped = log.dropped().load(Ordering::Relaxed);
        assert!(dropped >= lines - WAITING as u64 - 1, "{dropped}");
        drop(held);
        drop(log);
        let written = pipe.0.lock().unwrap().len() as u64 / 5;
        assert_eq!(written + dropped, lines);
    }
}
