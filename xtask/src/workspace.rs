//! Where things are in this tree.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::process;

/// The root of the workspace this xtask was built from.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask/ has a parent")
}

/// Where cargo builds, and where everything we install goes.
pub(crate) fn target() -> PathBuf {
    root().join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// The cargo that runs us.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Builds `package` in the release profile and answers where `binary` of it is.
pub(crate) fn release_binary(package: &str, binary: &str) -> Result<PathBuf> {
    process::run(cargo().args(["build", "--release", "--package", package, "--bin", binary]))?;
    Ok(target().join("release").join(binary))
}

/// The same in the profile that is shipped, which takes longer to build.
pub(crate) fn optimised_binary(package: &str, binary: &str) -> Result<PathBuf> {
    let mut build = cargo();
    build.args(["build", "--profile", "dist"]);
    process::run(build.args(["--package", package, "--bin", binary]))?;
    Ok(target().join("dist").join(binary))
}
