//! This process as the system sees it: memory, time, files. Linux tells it in
//! `/proc`; elsewhere nothing is told.

use std::fs;

/// What `/proc` counts time in, whatever the kernel does: `USER_HZ`.
const TICKS_PER_SECOND: f64 = 100.0;

/// What the system says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Process {
    pub(super) resident_bytes: u64,
    pub(super) cpu_seconds: f64,
    pub(super) start_seconds: f64,
    pub(super) threads: u64,
    pub(super) open_files: u64,
    pub(super) may_open: u64,
}

impl Process {
    /// `None`: the system does not say.
    pub(super) fn read() -> Option<Self> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let limits = fs::read_to_string("/proc/self/limits").ok()?;
        let system = fs::read_to_string("/proc/stat").ok()?;
        let open_files = fs::read_dir("/proc/self/fd").ok()?.count();
        let mut process = Self::from_texts(&stat, &status, &limits, &system)?;
        process.open_files = open_files as u64;
        Some(process)
    }

    fn from_texts(stat: &str, status: &str, limits: &str, system: &str) -> Option<Self> {
        // The second field is a name, and may hold anything but this.
        let (_, stat) = stat.rsplit_once(") ")?;
        let fields: Vec<&str> = stat.split(' ').collect();
        // Numbered from 1 in proc(5), and the third comes first here.
        let ticks = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
        let booted = number_after(system, "btime")?;
        Some(Self {
            resident_bytes: number_after(status, "VmRSS:")? * 1024,
            cpu_seconds: (ticks(14)? + ticks(15)?) / TICKS_PER_SECOND,
            #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit")]
            start_seconds: booted as f64 + ticks(22)? / TICKS_PER_SECOND,
            threads: number_after(status, "Threads:")?,
            open_files: 0,
            may_open: number_after(limits, "Max open files").unwrap_or(u64::MAX),
        })
    }
}

/// The first number of the line that begins so.
fn number_after(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::Process;

    #[test]
    fn the_systems_texts_are_read() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 4 0 300 1 2 3";
        let read = Process::from_texts(
            stat,
            "Name:\tkeypurse\nVmRSS:\t   2048 kB\nThreads:\t4\n",
            "Max open files            1024                 4096                 files\n",
            "cpu 1 2 3\nbtime 1000\n",
        );
        let expected = Process {
            resident_bytes: 2048 * 1024,
            cpu_seconds: 3.0,
            start_seconds: 1003.0,
            threads: 4,
            open_files: 0,
            may_open: 1024,
        };
        assert_eq!(read, Some(expected));
        assert_eq!(Process::from_texts("", "", "", ""), None);
    }
}
