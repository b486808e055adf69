//! Puts the log together from what was configured.

use std::io::{IsTerminal, stderr};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use anyhow::Context;
use clap::ValueEnum;
use serde::Deserialize;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt, registry};

#[cfg(feature = "otel")]
use super::traces;
use super::writer::{Lines, LogWriter};
use crate::hint::Hint;

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

/// The log and the traces. Dropped, it writes what is left.
#[derive(Debug)]
pub(crate) struct Log {
    lines: Lines,
    #[cfg(feature = "otel")]
    _traces: Option<traces::Traces>,
}

impl Log {
    /// Lines that were lost so far.
    pub(crate) fn dropped(&self) -> Arc<AtomicU64> {
        self.lines.dropped()
    }
}

/// Starts the log, and the traces if anybody is to have them.
pub(crate) fn start(config: &LogConfig) -> anyhow::Result<Log> {
    let filter = filter(config)?;
    let (writer, lines) = LogWriter::over(stderr()).context("the log has no thread")?;
    let layer = match config.format {
        LogFormat::Text => fmt::layer()
            .with_writer(writer)
            .with_ansi(stderr().is_terminal())
            .boxed(),
        LogFormat::Json => fmt::layer().json().with_writer(writer).boxed(),
    };
    let layer = layer.with_filter(filter);
    #[cfg(not(feature = "otel"))]
    {
        registry().with(layer).init();
        Ok(Log { lines })
    }
    #[cfg(feature = "otel")]
    {
        let (exporting, traces) = traces::layer()?.unzip();
        registry().with(layer).with(exporting).init();
        Ok(Log {
            lines,
            _traces: traces,
        })
    }
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
