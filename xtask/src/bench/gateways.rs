//! The three gateways and the upstream they share.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::instructions;
use crate::process::{self, Background};
use crate::server::{self, ACCOUNT_KEY, Launch, Server};
use crate::{http, workspace};

/// Upstream and load run here.
pub(super) const LOAD_CPU: u32 = 0;
const GATEWAY_CPU: u32 = 1;

/// What calls pass through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gateway {
    Nginx,
    Floor,
    Keypurse,
}

impl fmt::Display for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nginx => "nginx",
            Self::Floor => "floor",
            Self::Keypurse => "keypurse",
        })
    }
}

/// Everything running.
#[derive(Debug)]
pub(super) struct Bench {
    // In the order they stop: gateways before the upstream they call.
    keypurse: Option<(Server, String)>,
    nginx: Background,
    floor: Background,
    _upstream: Background,
    nginx_port: u16,
    floor_port: u16,
    pub(super) load: PathBuf,
    counts_instructions: bool,
    scratch: TempDir,
}

impl Bench {
    pub(super) fn start(with_keypurse: bool) -> Result<Self> {
        let binary = |name| workspace::release_binary("keypurse-bench", name);
        let (upstream, floor) = (binary("bench-upstream")?, binary("bench-floor")?);
        let load = binary("bench-load")?;
        let scratch = tempfile::tempdir()?;
        let (upstream, upstream_port) = start_upstream(&upstream, scratch.path())?;
        let (floor, floor_port) = start_floor(&floor, upstream_port, scratch.path())?;
        let (nginx, nginx_port) = start_nginx(upstream_port, scratch.path())?;
        let keypurse = with_keypurse
            .then(|| start_keypurse(upstream_port, scratch.path()))
            .transpose()?;
        Ok(Self {
            keypurse,
            nginx,
            floor,
            _upstream: upstream,
            nginx_port,
            floor_port,
            load,
            counts_instructions: instructions::can_be_counted(),
            scratch,
        })
    }

    pub(super) fn gateways(&self) -> Vec<Gateway> {
        let mut gateways = vec![Gateway::Nginx, Gateway::Floor];
        gateways.extend(self.keypurse.is_some().then_some(Gateway::Keypurse));
        gateways
    }

    /// Where a gateway listens, which process it is, and the secret it wants.
    pub(super) fn target(&self, gateway: Gateway) -> (u16, u32, &str) {
        match (gateway, &self.keypurse) {
            (Gateway::Nginx, _) => (self.nginx_port, self.nginx.pid(), "none"),
            (Gateway::Floor, _) => (self.floor_port, self.floor.pid(), "none"),
            (Gateway::Keypurse, Some((server, secret))) => (server.port(), server.pid(), secret),
            (Gateway::Keypurse, None) => unreachable!("not among `gateways()`"),
        }
    }

    /// Where `perf` writes its counts, if it can count here.
    pub(super) fn instruction_counts(&self) -> Option<PathBuf> {
        self.counts_instructions
            .then(|| self.scratch.path().join("perf.csv"))
    }

    /// What keypurse last said, for a failed measurement.
    pub(super) fn log_tail(&self) -> String {
        self.keypurse
            .as_ref()
            .map(|(server, _)| server.log_tail())
            .unwrap_or_default()
    }
}

fn start_upstream(binary: &Path, scratch: &Path) -> Result<(Background, u16)> {
    let port = process::free_port()?;
    let mut command = server::pinned(binary, Some(LOAD_CPU));
    command.args(["--port", &port.to_string()]);
    let process = start("upstream", &mut command, port, scratch)?;
    Ok((process, port))
}

fn start_floor(binary: &Path, upstream_port: u16, scratch: &Path) -> Result<(Background, u16)> {
    let port = process::free_port()?;
    let mut command = server::pinned(binary, Some(GATEWAY_CPU));
    command.args([
        "--port",
        &port.to_string(),
        "--upstream-port",
        &upstream_port.to_string(),
    ]);
    let process = start("floor", &mut command, port, scratch)?;
    Ok((process, port))
}

/// As one process, which is then its own worker; nothing of it is public.
fn start_nginx(upstream_port: u16, scratch: &Path) -> Result<(Background, u16)> {
    let port = process::free_port()?;
    let configuration = scratch.join("nginx.conf");
    fs::write(
        &configuration,
        nginx_configuration(port, upstream_port, scratch),
    )?;
    let mut command = server::pinned(Path::new("nginx"), Some(GATEWAY_CPU));
    command
        .arg("-e")
        .arg(scratch.join("nginx.log"))
        .arg("-p")
        .arg(scratch);
    command.arg("-c").arg(&configuration);
    let process = start("nginx", &mut command, port, scratch)?;
    Ok((process, port))
}

fn nginx_configuration(port: u16, upstream_port: u16, scratch: &Path) -> String {
    let scratch = scratch.display();
    format!(
        "daemon off;
master_process off;
worker_processes 1;
pid {scratch}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {scratch}/nginx-bodies;
  proxy_temp_path {scratch}/nginx-answers;
  keepalive_requests 100000000;
  client_body_buffer_size 64k;
  upstream provider {{
    server 127.0.0.1:{upstream_port};
    keepalive 256;
    keepalive_requests 100000000;
  }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection \"\";
      proxy_buffering off;
    }}
  }}
}}
"
    )
}

/// With a token whose balance no run can spend.
fn start_keypurse(upstream_port: u16, scratch: &Path) -> Result<(Server, String)> {
    let config = scratch.join("keypurse.toml");
    fs::write(&config, keypurse_configuration(upstream_port))?;
    let data_dir = scratch.join("data");
    let log = scratch.join("keypurse.log");
    let launch = Launch {
        data_dir: &data_dir,
        log: &log,
        config: Some(&config),
        demo: false,
        core: Some(GATEWAY_CPU),
    };
    let server = Server::start(&Server::build()?, &launch)?;
    let token = json!({"name": "bench", "balance": "99999", "active_balance": true});
    let url = format!("{}/v2/user/custom_token/", server.url());
    let created: Value = serde_json::from_str(&http::post_json(&url, ACCOUNT_KEY, &token)?)?;
    let secret = created["token"]
        .as_str()
        .context("the created token shows no secret")?;
    let secret = secret.to_owned();
    Ok((server, secret))
}

fn keypurse_configuration(upstream_port: u16) -> String {
    let provider = format!(
        "[providers.bench]\n\
         kind = \"openai\"\n\
         base_url = \"http://127.0.0.1:{upstream_port}/v1\"\n\
         api_key = \"sk-bench-upstream-key\"\n"
    );
    let prices = ["small", "paced"].map(|model| {
        format!(
            "\n[[prices]]\n\
             model = \"bench/{model}\"\n\
             input_per_million = \"0.50\"\n\
             output_per_million = \"1.50\"\n\
             max_output_tokens = 4096\n"
        )
    });
    provider + &prices.concat()
}

fn start(
    name: &str,
    command: &mut std::process::Command,
    port: u16,
    scratch: &Path,
) -> Result<Background> {
    let mut process = Background::start(name, command, &scratch.join(format!("{name}.out")))?;
    http::wait_ready(&mut process, &format!("http://127.0.0.1:{port}/readyz"))?;
    Ok(process)
}
