//! The upstream, and what can stand between it and the load.

use std::cell::OnceCell;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{self, Background};
use crate::server::{self, ACCOUNT_KEY, Launch, Server};
use crate::{dist, http, workspace};

/// Upstream and load run here.
pub(super) const LOAD_CPU: u32 = 0;
/// What is measured runs here.
pub(super) const GATEWAY_CPU: u32 = 1;

/// What the upstream answers differently, as `bench-upstream` says.
const MODELS: [&str; 4] = ["small", "paced", "long", "endless"];
/// The provider as the upstream speaks to it, by dialect.
const PROVIDERS: [(&str, &str); 2] = [("bench", "openai"), ("translated", "anthropic")];

/// Builds a package's binary that is measured.
type Build = fn(&str, &str) -> Result<PathBuf>;

/// Everything a gateway needs around it.
#[derive(Debug)]
pub(super) struct Stage {
    _upstream: Background,
    upstream_port: u16,
    pub(super) load: PathBuf,
    build: Build,
    /// Built when it is first needed: not while a start is timed.
    keypurse: OnceCell<PathBuf>,
    scratch: TempDir,
}

impl Stage {
    /// For gateways as they are shipped.
    pub(super) fn start() -> Result<Self> {
        Self::of(dist::binary)
    }

    /// For gateways that count what they do.
    pub(super) fn counting() -> Result<Self> {
        Self::of(dist::counting_binary)
    }

    fn of(build: Build) -> Result<Self> {
        let binary = |name| workspace::optimised_binary("keypurse-bench", name);
        let (upstream, load) = (binary("bench-upstream")?, binary("bench-load")?);
        let scratch = scratch()?;
        let port = process::free_port()?;
        let mut command = server::pinned(&upstream, Some(LOAD_CPU));
        command.args(["--port", &port.to_string()]);
        let upstream = start("upstream", &mut command, port, scratch.path())?;
        Ok(Self {
            _upstream: upstream,
            upstream_port: port,
            load,
            build,
            keypurse: OnceCell::new(),
            scratch,
        })
    }

    /// A folder of this run, on the disk that is measured.
    pub(super) fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    pub(super) fn floor(&self) -> Result<(Background, u16)> {
        let binary = (self.build)("keypurse-bench", "bench-floor")?;
        let port = process::free_port()?;
        let mut command = server::pinned(&binary, Some(GATEWAY_CPU));
        command.args(["--port", &port.to_string()]);
        command.args(["--upstream-port", &self.upstream_port.to_string()]);
        let process = start("floor", &mut command, port, self.scratch())?;
        Ok((process, port))
    }

    /// As one process, which is then its own worker; nothing of it is public.
    pub(super) fn nginx(&self) -> Result<(Background, u16)> {
        let port = process::free_port()?;
        let configuration = self.scratch().join("nginx.conf");
        let text = nginx_configuration(port, self.upstream_port, self.scratch());
        fs::write(&configuration, text)?;
        let mut command = server::pinned(Path::new("nginx"), Some(GATEWAY_CPU));
        command.arg("-e").arg(self.scratch().join("nginx.log"));
        command.arg("-p").arg(self.scratch());
        command.arg("-c").arg(&configuration);
        let process = start("nginx", &mut command, port, self.scratch())?;
        Ok((process, port))
    }

    /// On `data_dir`, whose name its log takes.
    pub(super) fn keypurse(
        &self,
        data_dir: &Path,
        environment: &[(&str, OsString)],
    ) -> Result<Server> {
        let config = self.scratch().join("keypurse.toml");
        fs::write(&config, keypurse_configuration(self.upstream_port))?;
        let name = data_dir.file_name().unwrap_or_default();
        let launch = Launch {
            data_dir,
            log: &self.scratch().join(name).with_extension("log"),
            config: Some(&config),
            demo: false,
            core: Some(GATEWAY_CPU),
            environment,
        };
        Server::start(self.build_keypurse()?, &launch)
    }

    pub(super) fn build_keypurse(&self) -> Result<&Path> {
        if self.keypurse.get().is_none() {
            let built = (self.build)("keypurse", "keypurse")?;
            drop(self.keypurse.set(built));
        }
        self.keypurse.get().map(PathBuf::as_path).context("built")
    }
}

/// What benches keep between runs.
pub(super) fn kept() -> Result<PathBuf> {
    let folder = workspace::target().join("bench");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// In `target/`: where temporary files are may be no disk.
pub(super) fn scratch() -> Result<TempDir> {
    Ok(tempfile::tempdir_in(kept()?)?)
}

/// The secret of a new token whose balance no run can spend.
pub(super) fn new_token(server: &Server, name: &str) -> Result<String> {
    create_token(
        server,
        &json!({"name": name, "balance": "9999", "active_balance": true}),
    )
}

/// The secret of a new token.
pub(super) fn create_token(server: &Server, token: &Value) -> Result<String> {
    let url = format!("{}/v2/user/custom_token/", server.url());
    let created: Value = serde_json::from_str(&http::post_json(&url, ACCOUNT_KEY, token)?)?;
    let secret = created["token"].as_str();
    let secret = secret.context("the created token shows no secret")?;
    Ok(secret.to_owned())
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

fn keypurse_configuration(upstream_port: u16) -> String {
    let provider = |(name, kind): (&str, &str)| {
        let provider = format!(
            "\n[providers.{name}]\n\
             kind = \"{kind}\"\n\
             base_url = \"http://127.0.0.1:{upstream_port}/v1\"\n\
             api_key = \"sk-bench-upstream-key\"\n"
        );
        let prices = MODELS.map(|model| {
            format!(
                "\n[[prices]]\n\
                 model = \"{name}/{model}\"\n\
                 input_per_million = \"0.50\"\n\
                 output_per_million = \"1.50\"\n\
                 max_output_tokens = 65536\n"
            )
        });
        provider + &prices.concat()
    };
    PROVIDERS.map(provider).concat()
}

fn start(name: &str, command: &mut Command, port: u16, scratch: &Path) -> Result<Background> {
    let mut process = Background::start(name, command, &scratch.join(format!("{name}.out")))?;
    http::wait_ready(&mut process, &format!("http://127.0.0.1:{port}/readyz"))?;
    Ok(process)
}
