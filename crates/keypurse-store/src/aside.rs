//! Work that must not hold up calls.

use std::cell::Cell;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};

/// What is done at once: two reports beside an audit.
const THREADS: usize = 3;
/// How long a thread works before it pauses: what waits for its processor and
/// is not told apart from it by priority waits that long at most.
const WORK: Duration = Duration::from_micros(500);
/// How long it pauses then.
const PAUSE: Duration = Duration::from_micros(100);

/// Whether there was a call since a thread paused last.
static HAS_CALLERS: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// When this thread last had a chance to, if it is one of those that pause.
    static PAUSED: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Of the whole process, for its threads have a priority of their own.
static THREADS_ASIDE: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_current_thread()
        .max_blocking_threads(THREADS)
        .thread_name("aside")
        .on_thread_start(|| {
            yield_to_all();
            PAUSED.set(Some(Instant::now()));
        })
        .build()
        .expect("a runtime without I/O needs nothing of the system")
});

/// It panicked, or the process is ending.
#[derive(Debug, thiserror::Error)]
#[error("it was not done")]
pub struct NotDone;

/// Does what may take long on a few threads of low priority, one after the
/// other when there is more of it.
pub async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, NotDone> {
    let done = THREADS_ASIDE.spawn_blocking(work);
    done.await.map_err(|_| NotDone)
}

/// The same for what nobody waits for.
pub fn begin_aside(work: impl FnOnce() + Send + 'static) {
    drop(THREADS_ASIDE.spawn_blocking(work));
}

/// For the writer: there are calls.
pub fn note_calls() {
    HAS_CALLERS.store(true, Ordering::Relaxed);
}

/// For loops of what is done [`aside`]: pauses when it is time to, while there
/// are calls. Elsewhere it does nothing.
///
/// Idle priority is not enough. The kernel weighs a whole service against its
/// own threads, among them the one that tells the writer its data is on disk:
/// with a report at work that thread was seen waiting for 6 ms, and with it
/// every call.
#[expect(
    clippy::disallowed_methods,
    reason = "it waits for no condition, it leaves the processor to others"
)]
pub fn pause_if_due() {
    if PAUSED.get().is_some_and(|last| last.elapsed() >= WORK) {
        if HAS_CALLERS.swap(false, Ordering::Relaxed) {
            sleep(PAUSE);
        }
        PAUSED.set(Some(Instant::now()));
    }
}

/// Has this thread run while no other wants its processor. The merely nice are
/// not set aside at once when a thread that carries a call wakes up.
fn yield_to_all() {
    #[cfg(target_os = "linux")]
    {
        use thread_priority as system;
        let idle = system::ThreadSchedulePolicy::Normal(system::NormalThreadSchedulePolicy::Idle);
        let this = system::thread_native_id();
        // Without it everything works all the same.
        system::set_thread_priority_and_policy(this, system::ThreadPriority::Min, idle).ok();
    }
}

/// Makes this thread so nice to others, from 1 to 19. Elsewhere than on Linux,
/// where that would be of the whole process, nothing changes.
#[cfg_attr(
    not(target_os = "linux"),
    expect(unused_variables, reason = "there is nothing to set")
)]
pub fn give_way(nice: i32) {
    #[cfg(target_os = "linux")]
    // Without it everything works all the same.
    rustix::process::setpriority_process(None, nice).ok();
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::time::Instant;

    use super::{WORK, aside, note_calls, pause_if_due};

    /// `SCHED_IDLE`, as `sched(7)` counts.
    const WHEN_IDLE: u32 = 5;

    #[tokio::test]
    async fn what_is_done_aside_runs_when_nobody_else_wants_to() {
        let stat = aside(|| std::fs::read_to_string("/proc/thread-self/stat"));
        let stat = stat.await.expect("it is done").expect("a thread has one");
        // The name, which may hold anything, ends at the last parenthesis; the
        // policy is the 41st field of all, as `proc_pid_stat(5)` has it.
        let (_, fields) = stat.rsplit_once(')').expect("a name is in parentheses");
        let policy = fields.split_whitespace().nth(41 - 3);
        assert_eq!(policy, Some(&*WHEN_IDLE.to_string()));
    }

    #[tokio::test]
    async fn what_is_done_aside_pauses_again_and_again_while_there_are_calls() {
        let paused = aside(|| {
            let before = times_it_waited();
            while times_it_waited() < before + 3 {
                note_calls();
                pause_if_due();
            }
        });
        paused.await.expect("it is done");
    }

    #[test]
    fn what_is_done_elsewhere_does_not_pause() {
        let before = times_it_waited();
        let began = Instant::now();
        while began.elapsed() < WORK * 20 {
            note_calls();
            pause_if_due();
        }
        // It may have waited for memory.
        assert!(times_it_waited() < before + 5);
    }

    /// How often this thread waited for something: `proc_pid_status(5)`.
    fn times_it_waited() -> u64 {
        let status = std::fs::read_to_string("/proc/thread-self/status").expect("a thread has one");
        let count = status
            .lines()
            .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        let count = count.expect("it is counted").trim();
        count.parse().expect("it is a number")
    }
}
