//! What can be done with alerts, as typed.

use clap::Subcommand;

use super::rule::{Clear, Kind, RuleArgs};
use super::{change, history, show};
use crate::cli::session::{NodeArgs, Session};

/// Where alerts are.
pub(super) const ALERTS: &str = "/v2/alerts/";

const EXAMPLES: &str = "\
An alert is named by its id, or by its name if no other is called so.

Examples:
  keypurse alerts create low --kind balance-below --threshold 5 --token '*'
  keypurse alerts create rush --kind spend-rate-above --threshold 10 --window 1h \\
    --webhook https://hooks.example.com/keypurse --secret-file webhook.secret
  keypurse alerts create soon --kind expiring-within --threshold 7d --token ci
  keypurse alerts list
  keypurse alerts update low --threshold 2.50
  keypurse alerts test rush
  keypurse alerts events --limit 20
  keypurse alerts deliveries rush
  keypurse alerts delete low --yes";

/// Alerts: who is told before a key runs dry or out of time.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct AlertsArgs {
    #[command(flatten)]
    pub(crate) node: NodeArgs,
    #[command(subcommand)]
    command: AlertsCommand,
}

/// Which part of a list.
#[derive(Debug, clap::Args)]
pub(super) struct PageArgs {
    /// How many at most, 1 to 1000
    #[arg(long, value_name = "N", default_value_t = 100,
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) limit: u32,
    /// Go on where a page has ended
    #[arg(long, value_name = "CURSOR")]
    pub(super) cursor: Option<String>,
}

#[derive(Debug, Subcommand)]
enum AlertsCommand {
    /// Create an alert
    Create {
        /// What it is called
        name: String,
        /// What it waits for
        #[arg(long, value_name = "KIND")]
        kind: Kind,
        #[command(flatten)]
        rule: RuleArgs,
        /// A repetition with the same key does nothing again for 24 hours
        #[arg(long, value_name = "KEY")]
        idempotency_key: Option<String>,
    },
    /// List all alerts
    #[command(visible_alias = "ls")]
    List,
    /// Change an alert; what is not named stays as it is
    Update {
        /// Its id or name
        alert: String,
        /// Call it so
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// Wait for this instead
        #[arg(long, value_name = "KIND")]
        kind: Option<Kind>,
        #[command(flatten)]
        rule: RuleArgs,
        /// Remove these
        #[arg(long, value_name = "SETTING", value_delimiter = ',')]
        clear: Vec<Clear>,
    },
    /// Delete an alert; what it fired for stays in the list of events
    #[command(visible_alias = "rm")]
    Delete {
        /// Its id or name
        alert: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Send an imagined event to an alert's webhook now
    Test {
        /// Its id or name
        alert: String,
    },
    /// List what fired, newest first
    Events(PageArgs),
    /// List what an alert's webhook was told, newest first
    Deliveries {
        /// Its id or name
        alert: String,
        #[command(flatten)]
        page: PageArgs,
    },
}

impl AlertsArgs {
    /// How it is typed.
    pub(crate) fn name(&self) -> &'static str {
        match self.command {
            AlertsCommand::Create { .. } => "alerts create",
            AlertsCommand::List => "alerts list",
            AlertsCommand::Update { .. } => "alerts update",
            AlertsCommand::Delete { .. } => "alerts delete",
            AlertsCommand::Test { .. } => "alerts test",
            AlertsCommand::Events(_) => "alerts events",
            AlertsCommand::Deliveries { .. } => "alerts deliveries",
        }
    }
}

pub(crate) async fn run(args: &AlertsArgs, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    match &args.command {
        AlertsCommand::Create {
            name,
            kind,
            rule,
            idempotency_key,
        } => {
            let body = rule.body(Some(name), Some(*kind), &[])?;
            change::create(session, name, body, idempotency_key.as_deref()).await
        }
        AlertsCommand::List => show::list(session).await,
        AlertsCommand::Update {
            alert,
            name,
            kind,
            rule,
            clear,
        } => {
            let body = rule.body(name.as_deref(), *kind, clear)?;
            change::update(session, alert, rule, body).await
        }
        AlertsCommand::Delete { alert, yes } => change::delete(session, alert, *yes).await,
        AlertsCommand::Test { alert } => change::test(session, alert).await,
        AlertsCommand::Events(page) => history::events(session, page).await,
        AlertsCommand::Deliveries { alert, page } => {
            history::deliveries(session, alert, page).await
        }
    }
}
