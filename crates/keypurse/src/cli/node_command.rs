//! Commands that ask a node: over HTTP, or over a data directory.

use clap::Subcommand;

use super::session::{self, NodeArgs, Session};
use super::{alerts, token, top, usage};

#[derive(Debug, Subcommand)]
pub(crate) enum NodeCommand {
    /// Create, change and delete tokens: keys that each carry a purse
    Token(Box<token::TokenArgs>),
    /// Show what was used and what it cost
    Usage(Box<usage::UsageArgs>),
    /// Manage alerts: who is told before a key runs dry or out of time
    Alerts(Box<alerts::AlertsArgs>),
    /// Watch keys by what they spend
    Top(Box<top::TopArgs>),
}

/// Runs it on the process's own console.
pub(super) fn run(command: &NodeCommand) -> anyhow::Result<()> {
    session::run(command.node(), command.name(), async |session| {
        ask(command, session).await
    })
}

/// Runs it wherever the session is.
pub(super) async fn ask(
    command: &NodeCommand,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    match command {
        NodeCommand::Token(args) => token::run(args, session).await,
        NodeCommand::Usage(args) => usage::run(args, session).await,
        NodeCommand::Alerts(args) => alerts::run(args, session).await,
        NodeCommand::Top(args) => top::run(args, session).await,
    }
}

impl NodeCommand {
    /// How it is typed.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Token(args) => args.name(),
            Self::Usage(args) => args.name(),
            Self::Alerts(args) => args.name(),
            Self::Top(_) => "top",
        }
    }

    /// Which node.
    pub(super) fn node(&self) -> &NodeArgs {
        match self {
            Self::Token(args) => &args.node,
            Self::Usage(args) => &args.node,
            Self::Alerts(args) => &args.node,
            Self::Top(args) => &args.node,
        }
    }
}
