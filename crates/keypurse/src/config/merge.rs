//! One validated configuration from flags, environment, file and defaults.

use std::net::{SocketAddr, ToSocketAddrs};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use jiff::tz::TimeZone;
use keypurse_core::rules::Network;
use keypurse_server::alerts::Reach;
use keypurse_server::gateway::GatewayConfig;
use keypurse_server::http::cors::Origin;
use keypurse_server::http::pace::Pace;
use keypurse_server::{MetricsAccess, Settings, Transport};

use super::file::ConfigFile;
use super::prices;
use super::providers::{self, Environment};
use crate::cli::DEFAULT_DATA_DIR;
use crate::cli::serve::{MetricsReaders, ServeArgs};
use crate::hint::Hint;
use crate::log::LogConfig;

pub(super) const DEFAULT_LISTEN: &str = "127.0.0.1:8787";
pub(super) const DEFAULT_MAX_BODY_MIB: u32 = 32;
pub(super) const DEFAULT_MAX_OUTPUT_TOKENS: u32 = 4096;
pub(super) const DEFAULT_DRAIN_SECONDS: u32 = 60;
pub(super) const DEFAULT_MAX_CONNECTIONS: NonZeroU32 = NonZeroU32::new(4096).unwrap();
pub(super) const DEFAULT_LOG: &str = "info";
pub(super) const DEFAULT_TIME_ZONE: &str = "UTC";
/// Read when it is there and no other is named.
const DEFAULT_FILE: &str = "keypurse.toml";

/// Certificate and key, both or none.
#[derive(Clone, Debug)]
pub(crate) struct Tls {
    pub(crate) cert: PathBuf,
    pub(crate) key: PathBuf,
}

/// Everything `serve` needs, checked.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) data_dir: PathBuf,
    pub(crate) tls: Option<Tls>,
    pub(crate) log: LogConfig,
    pub(crate) drain_timeout: Duration,
    /// Connections of clients at once, if there are file descriptors for them.
    pub(crate) max_connections: usize,
    pub(crate) demo: bool,
    /// How long calls are kept; `None`: for ever.
    pub(crate) retention_days: Option<NonZeroU32>,
    /// Where webhooks may lead to.
    pub(crate) webhooks: Reach,
    pub(crate) gateway: GatewayConfig,
    pub(crate) settings: Settings,
}

impl Config {
    /// Reads the file and puts flags and environment over it.
    pub(crate) fn load(args: &ServeArgs, environment: Environment<'_>) -> anyhow::Result<Self> {
        Self::merge(args, &read(args)?, environment)
    }

    /// What is needed without a listener and without providers.
    pub(crate) fn in_process(args: &ServeArgs) -> anyhow::Result<(Settings, Reach)> {
        let file = read(args)?;
        Ok((settings(args, &file)?, webhooks(args, &file)?))
    }

    pub(super) fn merge(
        args: &ServeArgs,
        file: &ConfigFile,
        environment: Environment<'_>,
    ) -> anyhow::Result<Self> {
        let demo = args.demo.or(file.demo).unwrap_or(false);
        let tls = tls(args, file)?;
        let behind_proxy = args.behind_proxy.or(file.behind_proxy).unwrap_or(false);
        let transport = match (&tls, behind_proxy) {
            (Some(_), _) => Transport::Tls,
            (None, true) => Transport::BehindProxy,
            (None, false) => Transport::Plain,
        };
        let listen = args.listen.as_ref().or(file.listen.as_ref());
        let listen = listen_address(listen.map_or(DEFAULT_LISTEN, String::as_str))
            .and_then(|address| is_safe(address, transport != Transport::Plain))
            .with_context(|| origin("listen", args.listen.is_some(), file))?;
        let data_dir = args.data_dir.clone().or_else(|| file.data_dir.clone());
        let log = args.log.clone().or_else(|| file.log.clone());
        let drain = args.drain_timeout_seconds.or(file.drain_timeout_seconds);
        let default_output = args
            .default_max_output_tokens
            .or(file.default_max_output_tokens);
        Ok(Self {
            listen,
            data_dir: data_dir.unwrap_or_else(|| PathBuf::from(DEFAULT_DATA_DIR)),
            tls,
            log: LogConfig {
                filter: log.unwrap_or_else(|| DEFAULT_LOG.to_owned()),
                format: args.log_format.or(file.log_format).unwrap_or_default(),
                access: args.access_log.or(file.access_log).unwrap_or(false),
            },
            max_connections: usize::try_from(
                args.max_connections
                    .or(file.max_connections)
                    .unwrap_or(DEFAULT_MAX_CONNECTIONS)
                    .get(),
            )?,
            drain_timeout: Duration::from_secs(drain.unwrap_or(DEFAULT_DRAIN_SECONDS).into()),
            demo,
            retention_days: args.retention_days.or(file.retention_days),
            webhooks: webhooks(args, file)?,
            gateway: GatewayConfig {
                providers: providers::providers(file, demo, environment)?,
                prices: prices::prices(file)?,
                aliases: providers::aliases(file),
                max_concurrency: providers::max_concurrency(file),
                default_output_limit: default_output
                    .map_or(DEFAULT_MAX_OUTPUT_TOKENS, NonZeroU32::get)
                    .into(),
                ..GatewayConfig::default()
            },
            settings: Settings {
                transport,
                ..settings(args, file)?
            },
        })
    }
}

fn read(args: &ServeArgs) -> anyhow::Result<ConfigFile> {
    match &args.config {
        Some(path) => ConfigFile::read(path),
        None if Path::new(DEFAULT_FILE).is_file() => ConfigFile::read(Path::new(DEFAULT_FILE)),
        None => Ok(ConfigFile::default()),
    }
}

fn settings(args: &ServeArgs, file: &ConfigFile) -> anyhow::Result<Settings> {
    let zone = args.time_zone.as_ref().or(file.time_zone.as_ref());
    let zone = zone.map_or(DEFAULT_TIME_ZONE, String::as_str);
    let zone = TimeZone::get(zone)
        .map_err(|_| {
            let hint = Hint("use a name like UTC or Europe/Paris".to_owned());
            anyhow::Error::new(hint).context(format!("there is no time zone `{zone}`"))
        })
        .with_context(|| origin("time_zone", args.time_zone.is_some(), file))?;
    let mib = args
        .max_body_mib
        .or(file.max_body_mib)
        .map_or(DEFAULT_MAX_BODY_MIB, NonZeroU32::get);
    Ok(Settings {
        reveal_secrets: args.reveal_secrets.or(file.reveal_secrets).unwrap_or(true),
        zone,
        max_body_bytes: usize::try_from(mib)? << 20,
        body_pace: Pace::default(),
        trusts_forwarded_for: args
            .trust_forwarded_for
            .or(file.trust_forwarded_for)
            .unwrap_or(false),
        transport: Transport::Plain,
        cors_origins: cors_origins(args, file)?,
        metrics: match args.metrics.or(file.metrics) {
            None | Some(MetricsReaders::Key) => MetricsAccess::Key,
            Some(MetricsReaders::Open) => MetricsAccess::Open,
        },
        shares_traces: shares_traces(args, file)?,
    })
}

fn webhooks(args: &ServeArgs, file: &ConfigFile) -> anyhow::Result<Reach> {
    let setting = "allow_private_webhooks";
    let networks = args.allow_private_webhooks.as_ref();
    let networks = networks.or(file.allow_private_webhooks.as_ref());
    let read = |text: &String| {
        Network::parse(text)
            .map_err(|error| {
                let hint = Hint("write networks as 10.0.0.0/8, or addresses".to_owned());
                anyhow::Error::new(hint).context(format!("`{text}` is no network: {error}"))
            })
            .with_context(|| origin(setting, args.allow_private_webhooks.is_some(), file))
    };
    let networks = networks.into_iter().flatten().map(read);
    Ok(Reach::and(networks.collect::<Result<_, _>>()?))
}

fn cors_origins(args: &ServeArgs, file: &ConfigFile) -> anyhow::Result<Vec<Origin>> {
    let origins = args.cors_origins.as_ref().or(file.cors_origins.as_ref());
    let parse = |text: &String| {
        Origin::parse(text).map_err(|error| {
            let hint = Hint("write them as browsers do, like https://admin.example.com".to_owned());
            anyhow::Error::new(hint).context(format!("`{text}` is {error}"))
        })
    };
    let origins = origins.into_iter().flatten().map(parse);
    origins
        .collect::<anyhow::Result<_>>()
        .with_context(|| origin("cors_origins", args.cors_origins.is_some(), file))
}

fn shares_traces(args: &ServeArgs, file: &ConfigFile) -> anyhow::Result<bool> {
    let shares = args.share_traces.or(file.share_traces).unwrap_or(false);
    if shares && cfg!(not(feature = "otel")) {
        let hint = Hint("build it with `cargo build --release --features otel`".to_owned());
        let lacks = anyhow::Error::new(hint).context("this build has no OpenTelemetry");
        let origin = origin("share_traces", args.share_traces.is_some(), file);
        return Err(lacks.context(origin));
    }
    Ok(shares)
}

fn tls(args: &ServeArgs, file: &ConfigFile) -> anyhow::Result<Option<Tls>> {
    let cert = args.tls_cert.clone().or_else(|| file.tls_cert.clone());
    let key = args.tls_key.clone().or_else(|| file.tls_key.clone());
    match (cert, key) {
        (Some(cert), Some(key)) => Ok(Some(Tls { cert, key })),
        (None, None) => Ok(None),
        _ => {
            let hint = Hint("give both --tls-cert and --tls-key".to_owned());
            Err(anyhow::Error::new(hint).context("TLS needs a certificate and its key"))
        }
    }
}

fn listen_address(text: &str) -> anyhow::Result<SocketAddr> {
    let wrong = || {
        let hint = Hint("write host:port, like 127.0.0.1:8787".to_owned());
        anyhow::Error::new(hint).context(format!("`{text}` is no address to listen on"))
    };
    let mut addresses = text.to_socket_addrs().map_err(|_| wrong())?;
    addresses
        .next()
        .with_context(|| format!("`{text}` names no address"))
}

/// Where a refused value came from: the flag or its variable, else the file.
fn origin(setting: &str, by_flag: bool, file: &ConfigFile) -> String {
    if by_flag {
        let flag = setting.replace('_', "-");
        return format!("--{flag} (or KEYPURSE_{})", setting.to_uppercase());
    }
    file.place(&[setting])
}

/// Secrets travel in headers: off this machine only encrypted, or behind
/// something that encrypts.
fn is_safe(listen: SocketAddr, is_encrypted: bool) -> anyhow::Result<SocketAddr> {
    if listen.ip().is_loopback() || is_encrypted {
        return Ok(listen);
    }
    let hint = Hint(
        "add --tls-cert and --tls-key, or --behind-proxy when a proxy in front does TLS".to_owned(),
    );
    let refusal =
        format!("{listen} is reachable from elsewhere, and keys would travel in the clear");
    Err(anyhow::Error::new(hint).context(refusal))
}
