//! Readers of what strangers write, minutes instead of moments of it, and with
//! other inputs each time. Runs only when it is named.

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;

use super::Suite;
use crate::install::cargo_tools;
use crate::{process, workspace};

pub(super) const SUITE: Suite = Suite { name: "fuzz", run };

/// For each target, in seconds. `KEYPURSE_FUZZ_SECONDS` says otherwise.
const SECONDS: &str = "120";

fn run() -> Result<()> {
    let mut nextest = Command::new(cargo_tools::nextest()?);
    nextest.current_dir(workspace::root());
    nextest.args(["nextest", "run", "--profile", "slow"]);
    nextest.args(["--package", "keypurse-testkit", "--filterset", "test(h12_)"]);
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    for (variable, value) in [
        ("KEYPURSE_FUZZ_SECONDS", SECONDS),
        ("KEYPURSE_FUZZ_SEED", now.to_string().as_str()),
    ] {
        if std::env::var_os(variable).is_none() {
            println!("{variable}={value}");
            nextest.env(variable, value);
        }
    }
    process::run(&mut nextest)
}
