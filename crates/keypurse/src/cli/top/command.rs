//! What `keypurse top` takes.

use clap::ValueEnum;

use super::gather::Gatherer;
use super::live;
use super::view::Shape;
use crate::cli::session::{NodeArgs, Session};
use crate::cli::usage::ZoneArgs;

const HELP: &str = "\
Keys: m, h, t and b sort by minute, hour, today and balance; q or Ctrl-C ends.
The last minute and hour are exact once top has watched for so long; before that, the line
above the table says how much of them is known.

Examples:
  keypurse top
  keypurse top --sort today --rows 10
  keypurse top --once
  keypurse top --json | jq -c '.keys[0]'";

/// Keys by what they spend, live.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct TopArgs {
    #[command(flatten)]
    pub(crate) node: NodeArgs,
    /// Print one table and end; so it does without a terminal
    #[arg(long)]
    once: bool,
    /// What comes first
    #[arg(long, value_name = "COLUMN", default_value = "hour")]
    sort: Sort,
    /// How many keys at most [default: as many as fit]
    #[arg(long, value_name = "N")]
    rows: Option<usize>,
    #[command(flatten)]
    zone: ZoneArgs,
}

/// What tables are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Sort {
    /// Spent in the last minute
    Minute,
    /// Spent in the last hour
    Hour,
    /// Spent today
    Today,
    /// Left, the least first
    Balance,
}

pub(crate) async fn run(args: &TopArgs, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let mut gatherer = Gatherer::new(args.zone.clone());
    let first = gatherer.gather(session).await?;
    if session.json {
        return live::lines(session, &mut gatherer, first, args.once).await;
    }
    let shape = Shape {
        sort: args.sort,
        rows: args.rows,
        name_chars: None,
    };
    if args.once || !session.console.is_terminal {
        for line in first.lines(session.console, shape) {
            session.console.say(line)?;
        }
        return Ok(());
    }
    live::screen(session, &mut gatherer, first, shape).await
}
