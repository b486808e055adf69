//! What calls notice of a report that is asked for again and again.

use anyhow::{Context, Result};

use super::asked::Asked;
use super::http::Client;
use super::stored::Stored;
use crate::bench::load::{Load, Outcome, Secret};
use crate::bench::stage::Stage;
use crate::server::Server;

const CONNECTIONS: u32 = 64;

/// Everything that runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Calls<'a> {
    pub(super) stage: &'a Stage,
    pub(super) server: &'a Server,
    pub(super) stored: &'a Stored,
    pub(super) seconds: u64,
}

impl Calls<'_> {
    /// At a constant rate; without one, as many as there can be.
    pub(super) fn make(&self, rate: Option<u64>) -> Result<Outcome> {
        let load = Load {
            port: self.server.port(),
            secret: Secret::One(&self.stored.secret),
            model: "bench/small",
            stream: false,
            connections: CONNECTIONS,
            seconds: self.seconds,
            rate,
            padding: 0,
        };
        let made = load.run(&self.stage.load);
        made.with_context(|| self.server.log_tail())
    }

    /// The same while somebody asks for a report all the time; and how many
    /// were answered meanwhile.
    pub(super) fn make_beside(
        &self,
        rate: u64,
        client: &Client,
        report: &Asked,
    ) -> Result<Outcome> {
        let log = self.stage.scratch().join("asking.log");
        let mut asking = client.keep_asking(self.server, report, (self.seconds + 60, &log))?;
        let made = self.make(Some(rate))?;
        asking.ensure_running()?;
        asking.kill()?;
        Ok(made)
    }
}
