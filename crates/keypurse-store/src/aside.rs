//! Work that must not hold up calls.

use std::sync::LazyLock;

use tokio::runtime::{Builder, Runtime};

/// Reports that are made at once.
const THREADS: usize = 2;
/// The lowest priority: whoever carries a call goes first.
const NICE: i32 = 19;

/// Of the whole process, for its threads have a priority of their own.
static THREADS_ASIDE: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_current_thread()
        .max_blocking_threads(THREADS)
        .thread_name("aside")
        .on_thread_start(|| give_way(NICE))
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
