//! Work that must not hold up calls.

use std::sync::LazyLock;

use tokio::runtime::{Builder, Runtime};

/// Reports that are made at once.
const THREADS: usize = 2;
/// Of the whole process, for its threads have a priority of their own.
static THREADS_ASIDE: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_current_thread()
        .max_blocking_threads(THREADS)
        .thread_name("aside")
        .on_thread_start(yield_to_all)
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
    use super::aside;

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
}
