//! What the kernel knows of a process.

use std::collections::HashMap;
use std::fs;

use anyhow::{Context, Result};

/// Nanoseconds each thread of a process has worked so far. Finer than the
/// process's own times, which count in hundredths of a second.
#[derive(Debug)]
pub(super) struct CpuTimes(HashMap<String, u64>);

impl CpuTimes {
    pub(super) fn of(pid: u32) -> Result<Self> {
        let mut times = HashMap::new();
        for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
            let thread = thread?;
            // A thread may end while we look.
            let Ok(worked) = fs::read_to_string(thread.path().join("schedstat")) else {
                continue;
            };
            let nanos = worked.split(' ').next().context("no CPU time")?.parse()?;
            times.insert(thread.file_name().to_string_lossy().into_owned(), nanos);
        }
        Ok(Self(times))
    }

    /// What was worked since `earlier`, but by threads that have ended.
    pub(super) fn seconds_since(&self, earlier: &Self) -> f64 {
        let nanos = self.0.iter().map(|(thread, nanos)| {
            let before = earlier.0.get(thread).copied().unwrap_or(0);
            nanos.saturating_sub(before)
        });
        std::time::Duration::from_nanos(nanos.sum()).as_secs_f64()
    }
}

/// What a process holds in memory now.
pub(super) fn resident_mib(pid: u32) -> Result<f64> {
    memory_mib(pid, "VmRSS:")
}

/// The most it ever held.
pub(super) fn peak_mib(pid: u32) -> Result<f64> {
    memory_mib(pid, "VmHWM:")
}

/// A line of `/proc/PID/status`, which counts in KiB.
fn memory_mib(pid: u32, line: &str) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let found = status.lines().find_map(|text| text.strip_prefix(line));
    let kib = found
        .and_then(|text| text.split_whitespace().next())
        .context("no such line")?;
    Ok(kib.parse::<f64>()? / 1024.0)
}
