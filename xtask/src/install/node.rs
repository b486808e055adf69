//! Packages from npm, beside the suite that calls them: Node looks for packages
//! next to the script.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::{process, workspace};

/// A folder with a `package.json`, and what is in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packages {
    folder: &'static str,
    purpose: &'static str,
}

/// The Node SDKs.
pub(crate) const SDKS: Packages = Packages {
    folder: "tests/sdk/node",
    purpose: "the Node SDKs, for their suite",
};
/// What drives a browser, and what judges a page.
pub(crate) const DASHBOARD: Packages = Packages {
    folder: "tests/dashboard",
    purpose: "playwright-core and axe-core, for the dashboard's suite",
};

impl Packages {
    /// Where the suite and its `package.json` are.
    pub(crate) fn dir(self) -> PathBuf {
        workspace::root().join(self.folder)
    }

    /// Installs what `package.json` pins.
    pub(crate) fn ensure(self) -> Result<()> {
        let wanted = fs::read_to_string(self.dir().join("package.json"))?;
        let installed = self.dir().join("node_modules/.installed-package.json");
        if fs::read_to_string(&installed).is_ok_and(|found| found == wanted) {
            return Ok(());
        }
        let place = format!("packages into {}/node_modules", self.folder);
        super::announce(&place, "npm", self.purpose);
        let mut npm = Command::new("npm");
        npm.args([
            "install",
            "--silent",
            "--no-package-lock",
            "--no-audit",
            "--no-fund",
        ]);
        process::run(npm.current_dir(self.dir()))?;
        fs::write(installed, wanted)?;
        Ok(())
    }
}
