//! The log: lines to stderr, without secrets, and without making anybody wait.

mod redact;
mod writer;

use std::io::{IsTerminal, stderr};

use anyhow::Context;
use clap::ValueEnum;
use serde::Deserialize;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt, registry};

use crate::hint::Hint;
pub(crate) use writer::Log;
use writer::LogWriter;

/// The target of a line for each request and each call.
const ACCESS: &str = "keypurse_access=debug";

/// How lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One object a line, for programs.
    Json,
}

/// What is logged, and how.
#[derive(Clone, Debug)]
pub(crate) struct LogConfig {
    pub(crate) filter: String,
    pub(crate) format: LogFormat,
    /// Whether each request and each call gets a line.
    pub(crate) access: bool,
}

/// Starts the log. What is returned writes the rest of it when it is dropped.
pub(crate) fn start(config: &LogConfig) -> anyhow::Result<Log> {
    let filter = filter(config)?;
    let (writer, log) = LogWriter::over(stderr()).context("the log has no thread")?;
    let lines = match config.format {
        LogFormat::Text => fmt::layer()
            .with_writer(writer)
            .with_ansi(stderr().is_terminal())
            .boxed(),
        LogFormat::Json => fmt::layer().json().with_writer(writer).boxed(),
    };
    registry().with(lines.with_filter(filter)).init();
    Ok(log)
}

fn filter(config: &LogConfig) -> anyhow::Result<EnvFilter> {
    let text = &config.filter;
    let filter = EnvFilter::try_new(text).map_err(|error| {
        let hint = Hint("write a level like info, or `warn,keypurse_server=debug`".to_owned());
        anyhow::Error::new(hint).context(format!("`{text}` is no log filter: {error}"))
    })?;
    Ok(if config.access {
        filter.add_directive(ACCESS.parse().context("a directive of ours")?)
    } else {
        filter
    })
}
