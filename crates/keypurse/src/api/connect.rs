//! Which node a command works on, and the key it shows there.

use std::path::{Path, PathBuf};

use anyhow::Context;
use keypurse_core::secret::TokenSecret;

use super::call::{Api, Transport};
use super::http::HttpNode;
use crate::cli::DEFAULT_DATA_DIR;
use crate::config::Environment;
use crate::data_dir::DataDir;
use crate::hint::Hint;
use crate::node::{DEFAULT_ACCOUNT, open_in_process};

/// Where `keypurse serve` listens unless told otherwise.
const DEFAULT_URL: &str = "http://127.0.0.1:8787";

/// Which server, or which data directory.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct ConnectArgs {
    /// Address of a running server; else KEYPURSE_URL, else http://127.0.0.1:8787
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// File with the account key; else KEYPURSE_ACCOUNT_KEY, else account.key of the data directory
    #[arg(long, global = true, env = "KEYPURSE_KEY_FILE", value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// Work on this folder itself, while no server runs; beside --url: where account.key is
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Configuration of the server that uses --data-dir
    #[arg(long, global = true, env = "KEYPURSE_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

impl ConnectArgs {
    /// A node to ask. Warnings are for stderr.
    pub(crate) async fn connect(
        &self,
        environment: Environment<'_>,
        warn: impl FnOnce(&str) -> std::io::Result<()>,
    ) -> anyhow::Result<Api> {
        let key = self.key(environment)?;
        let transport = match (&self.url, &self.data_dir) {
            (None, Some(folder)) => {
                let dir = DataDir::existing(folder)?;
                let state = open_in_process(&dir, self.config.as_deref()).await?;
                Transport::InProcess(state)
            }
            (url, _) => {
                let url = url.clone().or_else(|| environment("KEYPURSE_URL"));
                let url = url.as_deref().unwrap_or(DEFAULT_URL);
                let node = HttpNode::at(url)?;
                if node.is_in_the_clear() {
                    warn(&format!("the account key travels unencrypted to {url}"))?;
                }
                Transport::Http(Box::new(node))
            }
        };
        Ok(Api { transport, key })
    }

    fn key(&self, environment: Environment<'_>) -> anyhow::Result<TokenSecret> {
        let preset = || environment("KEYPURSE_ACCOUNT_KEY").filter(|key| !key.is_empty());
        let key = match (&self.key_file, preset()) {
            (Some(file), _) => read_key(file)?,
            (None, Some(key)) => key,
            (None, None) => read_key(&self.usual_key_file(environment)?)?,
        };
        Ok(TokenSecret::from_text(key))
    }

    fn usual_key_file(&self, environment: Environment<'_>) -> anyhow::Result<PathBuf> {
        let named = self.data_dir.clone();
        let named = named.or_else(|| environment("KEYPURSE_DATA_DIR").map(PathBuf::from));
        let folder = named.unwrap_or_else(|| PathBuf::from(DEFAULT_DATA_DIR));
        if self.url.is_none() && self.data_dir.is_some() {
            // Says what is wrong with the folder before what is not in it.
            DataDir::existing(&folder)?;
        }
        Ok(DataDir::at(&folder).account_key(DEFAULT_ACCOUNT))
    }
}

fn read_key(file: &Path) -> anyhow::Result<String> {
    let hint = || {
        let hint = "name it with --key-file or KEYPURSE_ACCOUNT_KEY; `keypurse serve` leaves it in \
                    account.key of its data directory";
        Hint(hint.to_owned())
    };
    let text = std::fs::read_to_string(file)
        .map_err(|error| anyhow::Error::new(hint()).context(error.to_string()))
        .with_context(|| format!("cannot read the account key from {}", file.display()))?;
    let key = text.trim();
    if key.is_empty() {
        let empty = format!("{} is empty and no account key", file.display());
        return Err(anyhow::Error::new(hint()).context(empty));
    }
    Ok(key.to_owned())
}
