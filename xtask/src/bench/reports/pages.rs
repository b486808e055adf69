//! How soon the dashboard's pages begin to come.

use anyhow::Result;

use super::http::{Client, Times};
use super::section::percentile;
use crate::bench::section::Limit;
use crate::http;
use crate::server::{ACCOUNT_KEY, Server};

/// Every page that an account has once, the lists that are long, and the first
/// token's.
const PAGES: [&str; 17] = [
    "/",
    "/?by=token",
    "/tokens",
    "/tokens?page=200",
    "/tokens?state=exhausted",
    "/tokens?q=99",
    "/tokens/new",
    "/tokens/tok_1",
    "/costs",
    "/costs?by=token&period=30d",
    "/costs?by=model&period=30d",
    "/models",
    "/providers",
    "/alerts",
    "/alerts/new",
    "/audit",
    "/sessions",
];
/// How often each is opened in a round.
const TIMES: u64 = 20;
const FIRST_BYTE_MS: f64 = 20.0;

/// What each page took, in the order of [`PAGES`].
#[derive(Debug, Default)]
pub(super) struct Pages([Times; PAGES.len()]);

impl Pages {
    pub(super) fn open_all(&mut self, client: &Client, server: &Server) -> Result<()> {
        let cookie = http::sign_in(server.url(), ACCOUNT_KEY)?;
        for (path, times) in PAGES.iter().zip(&mut self.0) {
            client.open(server, (path, &cookie), 1)?;
            times.add(client.open(server, (path, &cookie), TIMES)?);
        }
        Ok(())
    }

    pub(super) fn table(&self) -> String {
        let mut lines =
            vec!["| page | KiB | first byte, p50 ms | p99 ms |\n|---|--:|--:|--:|".to_owned()];
        lines.extend(PAGES.iter().zip(&self.0).map(|(path, times)| {
            format!(
                "| `{path}` | {} | {:.1} | {:.1} |",
                times.bytes.div_ceil(1024),
                percentile(&times.first_byte, 50),
                percentile(&times.first_byte, 99),
            )
        }));
        lines.join("\n")
    }

    pub(super) fn limits(&self) -> [Limit; 2] {
        [50, 99].map(|rank| {
            let slowest = self
                .0
                .iter()
                .map(|times| percentile(&times.first_byte, rank));
            let slowest = slowest.fold(0.0, f64::max);
            let what = format!("any page: first byte, p{rank}");
            Limit::at_most(what, slowest, FIRST_BYTE_MS).in_unit(" ms")
        })
    }
}
