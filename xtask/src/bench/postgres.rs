//! A private PostgreSQL: what single-row updates of one hot purse reach there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::fsync_delay::{self, Disk};
use super::stage;
use crate::process::{self, Background};
use crate::wait;

const CLIENTS: &str = "16";
const START_LIMIT: Duration = Duration::from_secs(30);
/// Whom root runs it as; it refuses to run as root.
const USER: &str = "postgres";

/// A running cluster with one purse in it.
#[derive(Debug)]
pub(super) struct Cluster {
    _server: Background,
    programs: PathBuf,
    port: u16,
    folder: TempDir,
}

impl Cluster {
    pub(super) fn start(disk: Disk) -> Result<Self> {
        let programs = programs()?;
        let folder = folder()?;
        let data = folder.path().join("data");
        let mut initdb = unprivileged(&programs.join("initdb"))?;
        initdb.args(["--auth=trust", "--username=bench", "--pgdata"]);
        process::output(initdb.arg(&data))?;
        let library = fsync_delay::build(folder.path())?;
        let port = process::free_port()?;
        let mut server = unprivileged(&programs.join("postgres"))?;
        server.arg("-D").arg(&data).arg("-k").arg(folder.path());
        server.args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"]);
        // What a ledger would run with, and what it is by default.
        server.args(["-c", "synchronous_commit=on", "-c", "fsync=on"]);
        server.envs(disk.environment(&library));
        let log = folder.path().join("log");
        let mut server = Background::start("postgres", &mut server, &log)?;
        wait::until("PostgreSQL's start", START_LIMIT, || {
            server.ensure_running()?;
            let mut ready = Command::new(programs.join("pg_isready"));
            ready.args(["--quiet", "--host=127.0.0.1", "--port", &port.to_string()]);
            Ok(process::succeeds(&mut ready).then_some(()))
        })?;
        let cluster = Self {
            _server: server,
            programs,
            port,
            folder,
        };
        cluster.furnish()?;
        Ok(cluster)
    }

    fn furnish(&self) -> Result<()> {
        let mut psql = self.client("psql");
        psql.args(["--quiet", "--command"]);
        psql.arg(
            "CREATE TABLE purse (id integer PRIMARY KEY, balance bigint NOT NULL); \
             INSERT INTO purse VALUES (1, 1000000000000000000)",
        );
        psql.arg("postgres");
        process::output(&mut psql).map(drop)
    }

    /// Updates per second, each a transaction of its own.
    pub(super) fn updates_per_second(&self, seconds: u64) -> Result<f64> {
        let script = self.folder.path().join("update.sql");
        fs::write(
            &script,
            "\\set amount random(1, 1000)\n\
             UPDATE purse SET balance = balance - :amount WHERE id = 1 AND balance >= :amount;\n",
        )?;
        let mut pgbench = self.client("pgbench");
        pgbench.args(["--no-vacuum", "--protocol=prepared"]);
        pgbench.args(["--client", CLIENTS, "--jobs=2"]);
        pgbench.args(["--time", &seconds.to_string(), "--file"]);
        pgbench.arg(script).arg("postgres");
        let printed = process::output(&mut pgbench)?;
        let found = printed.lines().find_map(|line| line.strip_prefix("tps = "));
        let number = found.and_then(|text| text.split(' ').next());
        number
            .and_then(|number| number.parse().ok())
            .with_context(|| format!("pgbench says no rate:\n{printed}"))
    }

    fn client(&self, program: &str) -> Command {
        let mut client = Command::new(self.programs.join(program));
        client.args(["--host=127.0.0.1", "--username=bench"]);
        client.args(["--port", &self.port.to_string()]);
        client
    }
}

/// On the disk that is measured, if whoever runs it gets there: a home may be
/// closed to others.
fn folder() -> Result<TempDir> {
    let here = stage::scratch()?;
    if !is_root()? {
        return Ok(here);
    }
    let give = |folder: &Path| process::output(Command::new("chown").arg(USER).arg(folder));
    give(here.path())?;
    let mut probe = unprivileged(Path::new("test"))?;
    if process::succeeds(probe.arg("-w").arg(here.path())) {
        return Ok(here);
    }
    let elsewhere = tempfile::tempdir_in("/var/tmp")?;
    give(elsewhere.path())?;
    Ok(elsewhere)
}

/// Debian keeps each major version in a folder of its own.
fn programs() -> Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql")?.flatten();
    let newest = versions.max_by_key(|version| {
        let name = version.file_name();
        name.to_str().and_then(|name| name.parse::<u32>().ok())
    });
    Ok(newest.context("no PostgreSQL")?.path().join("bin"))
}

/// `program`, as a user it agrees to run as.
fn unprivileged(program: &Path) -> Result<Command> {
    if !is_root()? {
        return Ok(Command::new(program));
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", USER, "--regid", USER, "--clear-groups"]);
    command.arg(program);
    // It looks at where it is started.
    command.current_dir("/");
    Ok(command)
}

fn is_root() -> Result<bool> {
    Ok(process::output(Command::new("id").arg("-u"))?.trim() == "0")
}
