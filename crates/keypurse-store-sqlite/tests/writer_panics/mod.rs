//! Makes a panic of the writer thread a panic of the test.
//!
//! In production a broken invariant ends the process. A test that ended so
//! could not shrink what broke it, so here the writer's thread stands still
//! before it unwinds, and whoever waits for it is told.

use std::future::poll_fn;
use std::io::Write;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, Once, PoisonError};
use std::task::Poll;

use tokio::sync::Notify;

/// How a test binary ends when a test failed.
const TEST_FAILED: i32 = 101;

static MESSAGE: Mutex<Option<String>> = Mutex::new(None);
static PANICKED: LazyLock<Notify> = LazyLock::new(Notify::new);
static STANDS_STILL: AtomicBool = AtomicBool::new(false);

/// From here on writers that panic stand still. One test at a time waits for
/// its writers, so that each is told of its own.
pub(crate) fn are_told() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    static HOOK: Once = Once::new();
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    HOOK.call_once(stand_still);
    alone
}

fn stand_still() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().name() != Some("ledger-writer") {
            return print(panic);
        }
        *MESSAGE.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic.to_string());
        STANDS_STILL.store(true, Ordering::SeqCst);
        PANICKED.notify_one();
        loop {
            std::thread::park();
        }
    }));
}

/// Waits for work of a writer, and panics when that does.
pub(crate) async fn fail_too<F: Future>(work: F) -> F::Output {
    let (mut work, mut panicked) = (pin!(work), pin!(PANICKED.notified()));
    poll_fn(|context| {
        if let Poll::Ready(done) = work.as_mut().poll(context) {
            return Poll::Ready(done);
        }
        if panicked.as_mut().poll(context).is_ready() {
            let message = MESSAGE
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            panic!("the writer stopped: {}", message.unwrap_or_default());
        }
        Poll::Pending
    })
    .await
}

/// Ends the test as failed.
#[expect(
    clippy::disallowed_methods,
    reason = "writers that stand still hold what a test binary needs to end by itself"
)]
pub(crate) fn fail(why: &str) -> ! {
    if STANDS_STILL.load(Ordering::SeqCst) {
        // Past the capture, which would end with the process.
        let _ = writeln!(std::io::stderr(), "{why}");
        std::process::exit(TEST_FAILED);
    }
    panic!("{why}");
}
