//! `keypurse serve`: run a node.

use std::num::NonZeroU32;
use std::path::PathBuf;

use anyhow::Context;
use clap::builder::BoolishValueParser;
use clap::{ArgAction, Parser, ValueEnum};
use serde::Deserialize;

use crate::config::Config;
use crate::log::LogFormat;
use crate::node;

/// Every setting is a flag and an environment variable; all but `--config` can
/// stand in the file as well.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct ServeArgs {
    /// Configuration file; `keypurse.toml` is read when it is there
    #[arg(long, env = "KEYPURSE_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Address to listen on; beyond loopback only with TLS or behind a proxy
    #[arg(long, env = "KEYPURSE_LISTEN", value_name = "HOST:PORT")]
    pub(crate) listen: Option<String>,
    /// Folder of the database and the keys
    #[arg(long, env = "KEYPURSE_DATA_DIR", value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Add a local priced provider (`demo/…`), to watch a balance fall
    #[arg(long, env = "KEYPURSE_DEMO", value_name = "BOOL", num_args = 0..=1,
          default_missing_value = "true", value_parser = BoolishValueParser::new(),
          action = ArgAction::Set)]
    pub(crate) demo: Option<bool>,
    /// Certificate chain (PEM); needs --tls-key
    #[arg(long, env = "KEYPURSE_TLS_CERT", value_name = "FILE")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Private key (PEM); needs --tls-cert
    #[arg(long, env = "KEYPURSE_TLS_KEY", value_name = "FILE")]
    pub(crate) tls_key: Option<PathBuf>,
    /// A proxy in front does TLS: plain HTTP beyond loopback is allowed
    #[arg(long, env = "KEYPURSE_BEHIND_PROXY", value_name = "BOOL", num_args = 0..=1,
          default_missing_value = "true", value_parser = BoolishValueParser::new(),
          action = ArgAction::Set)]
    pub(crate) behind_proxy: Option<bool>,
    /// Clients' addresses are the last entries of `X-Forwarded-For`, which a proxy writes
    #[arg(long, env = "KEYPURSE_TRUST_FORWARDED_FOR", value_name = "BOOL", num_args = 0..=1,
          default_missing_value = "true", value_parser = BoolishValueParser::new(),
          action = ArgAction::Set)]
    pub(crate) trust_forwarded_for: Option<bool>,
    /// Whether GET shows the secrets of tokens; off: shown once, kept as digest only
    #[arg(long, env = "KEYPURSE_REVEAL_SECRETS", value_name = "BOOL", num_args = 0..=1,
          default_missing_value = "true", value_parser = BoolishValueParser::new(),
          action = ArgAction::Set)]
    pub(crate) reveal_secrets: Option<bool>,
    /// Origins whose pages may call `/v2` from a browser, with a key; separated by commas
    #[arg(
        long,
        env = "KEYPURSE_CORS_ORIGINS",
        value_name = "ORIGINS",
        value_delimiter = ','
    )]
    pub(crate) cors_origins: Option<Vec<String>>,
    /// Time zone whose days bound reset periods
    #[arg(long, env = "KEYPURSE_TIME_ZONE", value_name = "ZONE")]
    pub(crate) time_zone: Option<String>,
    /// Largest body of a model call, in MiB
    #[arg(long, env = "KEYPURSE_MAX_BODY_MIB", value_name = "MIB")]
    pub(crate) max_body_mib: Option<NonZeroU32>,
    /// Connections of clients at once, as far as the machine has file descriptors for them
    #[arg(long, env = "KEYPURSE_MAX_CONNECTIONS", value_name = "CONNECTIONS")]
    pub(crate) max_connections: Option<NonZeroU32>,
    /// Output limit of calls that state none, to models whose own is not known
    #[arg(
        long,
        env = "KEYPURSE_DEFAULT_MAX_OUTPUT_TOKENS",
        value_name = "TOKENS"
    )]
    pub(crate) default_max_output_tokens: Option<NonZeroU32>,
    /// How long running calls may take to finish after Ctrl-C or SIGTERM
    #[arg(long, env = "KEYPURSE_DRAIN_TIMEOUT_SECONDS", value_name = "SECONDS")]
    pub(crate) drain_timeout_seconds: Option<u32>,
    /// How long calls are kept in statements, in days; their charges stay in the sums
    #[arg(long, env = "KEYPURSE_RETENTION_DAYS", value_name = "DAYS")]
    pub(crate) retention_days: Option<NonZeroU32>,
    /// Networks beside the public ones that alerts' webhooks may lead to, as `10.0.0.0/8`
    #[arg(
        long,
        env = "KEYPURSE_ALLOW_PRIVATE_WEBHOOKS",
        value_name = "NETWORKS",
        value_delimiter = ','
    )]
    pub(crate) allow_private_webhooks: Option<Vec<String>>,
    /// What to log: error, warn, info, debug, or per module as `RUST_LOG` takes it
    #[arg(long, env = "KEYPURSE_LOG", value_name = "FILTER")]
    pub(crate) log: Option<String>,
    /// Write the log as text for people, or as JSON, one object a line
    #[arg(long, env = "KEYPURSE_LOG_FORMAT", value_name = "FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
    /// Log a line for each request and each call
    #[arg(long, env = "KEYPURSE_ACCESS_LOG", value_name = "BOOL", num_args = 0..=1,
          default_missing_value = "true", value_parser = BoolishValueParser::new(),
          action = ArgAction::Set)]
    pub(crate) access_log: Option<bool>,
    /// Who may read /metrics: whoever has the first account's key or viewer key, or everybody (open)
    #[arg(long, env = "KEYPURSE_METRICS", value_name = "WHO")]
    pub(crate) metrics: Option<MetricsReaders>,
    /// Calls go on in the traces their clients name (`traceparent`), and providers are told;
    /// needs a build with the feature `otel`
    #[arg(long, env = "KEYPURSE_SHARE_TRACES", value_name = "BOOL", num_args = 0..=1,
          default_missing_value = "true", value_parser = BoolishValueParser::new(),
          action = ArgAction::Set)]
    pub(crate) share_traces: Option<bool>,
}

/// Who may read `/metrics`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MetricsReaders {
    /// Whoever has the first account's key or viewer key
    Key,
    /// Whoever reaches the port
    Open,
}

impl ServeArgs {
    /// What the environment says a server would use.
    pub(crate) fn from_environment() -> anyhow::Result<Self> {
        #[derive(Debug, Parser)]
        struct Alone {
            #[command(flatten)]
            args: ServeArgs,
        }
        Ok(Alone::try_parse_from(["keypurse"])?.args)
    }
}

pub(crate) fn run(args: &ServeArgs) -> anyhow::Result<()> {
    let environment = |name: &str| std::env::var(name).ok();
    let config = Config::load(args, &environment)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")?;
    let preset_key = environment("KEYPURSE_ACCOUNT_KEY");
    runtime.block_on(node::run(config, preset_key))
}
