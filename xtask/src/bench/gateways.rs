//! The three gateways in front of one upstream.

use std::fmt;
use std::path::PathBuf;

use anyhow::Result;

use super::instructions;
use super::stage::{self, Stage};
use crate::process::Background;
use crate::server::Server;

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
    nginx: (Background, u16),
    floor: (Background, u16),
    pub(super) stage: Stage,
    counts_instructions: bool,
}

impl Bench {
    pub(super) fn start(with_keypurse: bool) -> Result<Self> {
        let stage = Stage::start()?;
        let start_keypurse = || -> Result<_> {
            let server = stage.keypurse(&stage.scratch().join("data"), &[])?;
            let secret = stage::new_token(&server, "bench")?;
            Ok((server, secret))
        };
        Ok(Self {
            keypurse: with_keypurse.then(start_keypurse).transpose()?,
            nginx: stage.nginx()?,
            floor: stage.floor()?,
            stage,
            counts_instructions: instructions::can_be_counted(),
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
            (Gateway::Nginx, _) => (self.nginx.1, self.nginx.0.pid(), "none"),
            (Gateway::Floor, _) => (self.floor.1, self.floor.0.pid(), "none"),
            (Gateway::Keypurse, Some((server, secret))) => (server.port(), server.pid(), secret),
            (Gateway::Keypurse, None) => unreachable!("not among `gateways()`"),
        }
    }

    /// Where `perf` writes its counts, if it can count here.
    pub(super) fn instruction_counts(&self) -> Option<PathBuf> {
        self.counts_instructions
            .then(|| self.stage.scratch().join("perf.csv"))
    }

    /// What keypurse last said, for a failed measurement.
    pub(super) fn log_tail(&self) -> String {
        self.keypurse
            .as_ref()
            .map(|(server, _)| server.log_tail())
            .unwrap_or_default()
    }
}
