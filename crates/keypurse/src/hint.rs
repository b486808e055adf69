//! Errors for people: what happened, why, and a command that helps.

use std::{fmt, io};

use keypurse_store_sqlite::OpenError;

/// An error that knows what to do next. Put it around another as context.
#[derive(Debug)]
pub(crate) struct Hint(pub(crate) String);

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hint: {}", self.0)
    }
}

impl std::error::Error for Hint {}

/// Prints an error's chain to stderr, hints last.
pub(crate) fn report(error: &anyhow::Error) {
    // Nobody is left to be told if stderr has gone.
    let _ = write(error, &mut io::stderr().lock());
}

/// Message and causes, a blank line, hints.
pub(crate) fn write(error: &anyhow::Error, to: &mut impl io::Write) -> io::Result<()> {
    let (hints, causes): (Vec<_>, Vec<_>) = error
        .chain()
        .map(ToString::to_string)
        .partition(|line| line.starts_with("hint: "));
    for (index, cause) in causes.iter().enumerate() {
        let lead = if index == 0 { "error: " } else { "  because: " };
        writeln!(to, "{lead}{cause}")?;
    }
    if !hints.is_empty() {
        writeln!(to)?;
    }
    for hint in hints {
        writeln!(to, "{hint}")?;
    }
    Ok(())
}

/// What to do when the database cannot be opened.
pub(crate) fn for_open(error: OpenError) -> anyhow::Error {
    let hint = match &error {
        OpenError::InUse(_) => "stop the other process, or use another --data-dir",
        OpenError::NewerSchema { .. } => "run the newer keypurse, or restore an older backup",
        OpenError::ChangedMigration(_) => "run the keypurse that made this database",
        OpenError::Copy { .. } => "make room on the disk; a copy as large as the database is kept",
        OpenError::OldSqlite(_) => "build keypurse with its bundled SQLite",
        OpenError::Damaged(_) => {
            "nothing was changed; keep a copy of the data directory as it is, then restore your \
             last backup. `keypurse audit` says what this one still proves. If you changed the \
             database yourself, see \"A damaged file\" in docs/operating.md"
        }
        OpenError::Unreadable { .. }
        | OpenError::Lock { .. }
        | OpenError::Folder { .. }
        | OpenError::Sqlite { .. } => {
            "check that the folder exists, is writable and on a disk with space"
        }
    };
    with_hint(error, hint)
}

/// An error with a hint behind it.
pub(crate) fn with_hint(
    error: impl std::error::Error + Send + Sync + 'static,
    hint: impl Into<String>,
) -> anyhow::Error {
    anyhow::Error::new(Hint(hint.into())).context(sentence(&anyhow::Error::new(error)))
}

/// The chain of an error as one sentence, so that it can carry a hint.
fn sentence(error: &anyhow::Error) -> String {
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    causes.join(": ")
}
