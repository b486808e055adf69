//! Programs from Debian's packages.

use std::process::Command;

use anyhow::{Context, Result};

use crate::process;

/// A program, the package it comes in, and what we need it for.
#[derive(Debug)]
pub(crate) struct Program {
    /// Exits 0 where the program works.
    probe: &'static [&'static str],
    package: &'static str,
    purpose: &'static str,
}

impl Program {
    fn is_missing(&self) -> bool {
        !process::succeeds(Command::new(self.probe[0]).args(&self.probe[1..]))
    }
}

const C_COMPILER: Program = Program {
    probe: &["cc", "--version"],
    package: "gcc",
    purpose: "builds SQLite and aws-lc",
};
const CURL: Program = Program {
    probe: &["curl", "--version"],
    package: "curl",
    purpose: "runs the commands that the start and the README print",
};
const KILL: Program = Program {
    probe: &["kill", "-l"],
    package: "procps",
    purpose: "asks servers under test to stop",
};
const STRACE: Program = Program {
    probe: &["strace", "--version"],
    package: "strace",
    purpose: "makes writes to the disk fail under test",
};
const PYTHON: Program = Program {
    probe: &["python3", "-c", "import ensurepip, venv"],
    package: "python3-venv",
    purpose: "runs the Python SDK's suite and schemathesis",
};
const NODE: Program = Program {
    probe: &["node", "--version"],
    package: "nodejs",
    purpose: "runs the Node SDK's suite",
};
const NPM: Program = Program {
    probe: &["npm", "--version"],
    package: "npm",
    purpose: "installs the Node SDK",
};
const NGINX: Program = Program {
    probe: &["nginx", "-v"],
    package: "nginx-light",
    purpose: "the benchmark's yardstick",
};
const POSTGRES: Program = Program {
    // Its programs are not on the path.
    probe: &["sh", "-c", "ls /usr/lib/postgresql/*/bin/pgbench"],
    package: "postgresql",
    purpose: "the ledger's yardstick",
};

const CHROMIUM: Program = Program {
    probe: &["chromium", "--version"],
    package: "chromium",
    purpose: "opens the dashboard as people do",
};

/// What the suites of `cargo xtask test` call.
pub(crate) const FOR_TESTS: &[Program] = &[C_COMPILER, CURL, KILL, STRACE, PYTHON, NODE, NPM];
/// What the dashboard's suite calls on top.
pub(crate) const FOR_DASHBOARD: &[Program] = &[CHROMIUM];
/// What `cargo xtask bench` calls on top.
pub(crate) const FOR_BENCH: &[Program] = &[NGINX];
/// What `cargo xtask bench ledger` calls on top.
pub(crate) const FOR_LEDGER_BENCH: &[Program] = &[C_COMPILER, POSTGRES];

/// Installs those of `programs` that are missing.
pub(crate) fn ensure(programs: &[Program]) -> Result<()> {
    let missing: Vec<_> = programs
        .iter()
        .filter(|program| program.is_missing())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    for program in &missing {
        super::announce(program.package, "apt-get", program.purpose);
    }
    apt_get(&["update"])?;
    let mut install = vec!["install", "--yes", "--no-install-recommends"];
    install.extend(missing.iter().map(|program| program.package));
    apt_get(&install)
}

/// Installs a package whose name is not known beforehand.
pub(crate) fn install(package: &str, purpose: &str) -> Result<()> {
    super::announce(package, "apt-get", purpose);
    apt_get(&["update"])?;
    apt_get(&["install", "--yes", "--no-install-recommends", package])
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("apt-get");
    command
        .arg("--quiet=2")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive");
    // A package that brings a service, as nginx does, leaves it off.
    command.env("RUNLEVEL", "1");
    process::run(&mut command).context(
        "hint: run as root, or install the packages named above with your own package manager",
    )
}
