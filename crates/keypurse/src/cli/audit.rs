//! `keypurse audit`: prove the books.

use keypurse_store_sqlite::{AuditError, audit};

use super::DataDirArg;
use crate::data_dir::DataDir;
use crate::hint;

#[derive(Debug, clap::Args)]
pub(crate) struct AuditArgs {
    #[command(flatten)]
    dir: DataDirArg,
}

/// Exit 0: every balance and charge was recomputed. Exit 1: the first
/// difference is named.
pub(crate) fn run(args: &AuditArgs) -> anyhow::Result<()> {
    let dir = DataDir::existing(&args.dir.data_dir)?;
    let report = audit(&dir.database()).map_err(explain)?;
    println!("the books add up");
    println!("  purses recomputed   {}", report.purses);
    println!("  entries summed      {}", report.entries);
    println!("  calls recomputed    {}", report.calls);
    println!("  charged             ${}", report.charged);
    println!("  paid by the house   ${}", report.house);
    println!(
        "  calls under way     {} (holding ${})",
        report.open_holds, report.held
    );
    Ok(())
}

/// What to do when the books cannot be proved.
pub(super) fn explain(error: AuditError) -> anyhow::Error {
    match error {
        AuditError::Difference(_) => hint::with_hint(
            error,
            "stop the server, keep this file as it is and compare it with your last backup",
        ),
        AuditError::OtherSchema { .. } => hint::with_hint(
            error,
            "use the version that serves it; a newer one brings it up to date when it starts, \
             and keeps a copy as it was",
        ),
        AuditError::GivenUp => error.into(),
        AuditError::Sqlite(_) => {
            hint::with_hint(error, "check that you may read the data directory")
        }
    }
}
