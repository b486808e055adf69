//! A disk of 16 MiB that a test can fill.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Set for a test that runs in a namespace of its own.
const INSIDE: &str = "KEYPURSE_TEST_IN_NAMESPACE";

/// A mounted tmpfs; unmounted when dropped.
pub(crate) struct SmallDisk {
    path: PathBuf,
}

impl SmallDisk {
    /// Mounts it at `path`. Without the right to mount, runs the test `name`
    /// again where it has the right, and returns `None`.
    pub(crate) fn mount(path: &Path, name: &str) -> Option<Self> {
        std::fs::create_dir_all(path).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=16m,mode=0700", "tmpfs"])
            .arg(path)
            .status()
            .unwrap();
        if mounted.success() {
            let path = path.to_owned();
            return Some(Self { path });
        }
        assert!(
            std::env::var_os(INSIDE).is_none(),
            "a tmpfs cannot be mounted, not even in a namespace: run this test as root"
        );
        println!("no right to mount here: `{name}` runs in a user namespace");
        let inside = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount"])
            .arg(std::env::current_exe().unwrap())
            .args([name, "--exact", "--nocapture"])
            .env(INSIDE, "1")
            .status()
            .unwrap();
        assert!(
            inside.success(),
            "`{name}` failed in a namespace, or there are none"
        );
        None
    }

    /// Takes all that is left, byte by byte in the end, as a foreign program
    /// would.
    pub(crate) fn fill(&self) {
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.foreign())
            .unwrap();
        let mut piece = 1 << 20;
        while piece > 0 {
            if file.write_all(&vec![1; piece]).is_err() {
                piece /= 2;
            }
        }
        drop(file);
        let probe = File::create(self.path.join("probe")).and_then(|mut file| file.write_all(b"x"));
        assert!(probe.is_err(), "the disk is not full");
        let _ = std::fs::remove_file(self.path.join("probe"));
    }

    /// As a file system is after an error of its disk.
    pub(crate) fn make_read_only(&self) {
        let remounted = Command::new("mount")
            .args(["-o", "remount,ro"])
            .arg(&self.path)
            .status();
        assert!(remounted.unwrap().success());
    }

    /// The foreign program's file is gone.
    pub(crate) fn free(&self) {
        std::fs::remove_file(self.foreign()).unwrap();
    }

    fn foreign(&self) -> PathBuf {
        self.path.join("foreign")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a process under test may still have files open.
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}
