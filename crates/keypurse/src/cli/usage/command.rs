//! What can be asked about usage, as typed.

use clap::{Subcommand, ValueEnum};

use super::range::RangeArgs;
use super::{calls, sums};
use crate::cli::session::{NodeArgs, Session};

/// Where reports are.
pub(crate) const COSTS: &str = "/v2/cost_management/";

const EXAMPLES: &str = "\
Examples:
  keypurse usage
  keypurse usage --step day --by token,model --from 2026-11-01 --to 2026-11-30
  keypurse usage --by provider --token ci
  keypurse usage --by model --csv > models.csv
  keypurse usage calls --token ci --status server_error --limit 20
  keypurse usage calls --json | jq '.calls[0].cost'";

/// What was used and what it cost.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct UsageArgs {
    #[command(flatten)]
    pub(crate) node: NodeArgs,
    #[command(flatten)]
    sums: SumsArgs,
    #[command(subcommand)]
    command: Option<UsageCommand>,
}

#[derive(Debug, Subcommand)]
enum UsageCommand {
    /// List calls, newest first; never what was said
    Calls(CallsArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct SumsArgs {
    #[command(flatten)]
    pub(super) selection: SelectionArgs,
    /// How long each period is
    #[arg(long, value_name = "STEP", default_value = "total")]
    pub(super) step: Step,
    /// What is told apart; several with commas
    #[arg(
        long,
        value_name = "GROUP",
        value_delimiter = ',',
        default_value = "token"
    )]
    pub(super) by: Vec<Group>,
}

#[derive(Debug, clap::Args)]
pub(super) struct CallsArgs {
    #[command(flatten)]
    pub(super) selection: SelectionArgs,
    /// How many at most, 1 to 1000
    #[arg(long, value_name = "N", default_value_t = 100,
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) limit: u32,
    /// Go on where a page has ended
    #[arg(long, value_name = "CURSOR")]
    pub(super) cursor: Option<String>,
}

/// Which calls are meant.
#[derive(Debug, clap::Args)]
pub(super) struct SelectionArgs {
    #[command(flatten)]
    pub(super) range: RangeArgs,
    /// Only this token's; `base_token` is the account key
    #[arg(long, value_name = "NAME")]
    token: Option<String>,
    /// Only this provider's
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Only this model's, as `provider/model`
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Only this kind of work, like chat or embeddings
    #[arg(long, value_name = "NAME")]
    feature: Option<String>,
    /// Only those of tokens with this tag
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Only what ended so
    #[arg(long, value_name = "STATUS")]
    status: Option<Status>,
    /// Print comma-separated values
    #[arg(long, conflicts_with = "json")]
    pub(super) csv: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Step {
    /// The whole range
    Total,
    /// Hours; at most 7 days of them
    Hour,
    Day,
    /// Weeks, from Monday
    Week,
    Month,
    Year,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Group {
    Token,
    Provider,
    Model,
    Feature,
    Tag,
    Status,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Status {
    Success,
    ClientError,
    ServerError,
    /// Nobody was answered
    Unanswered,
}

pub(crate) async fn run(args: &UsageArgs, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    match &args.command {
        None => sums::show(session, &args.sums).await,
        Some(UsageCommand::Calls(calls)) => calls::show(session, calls).await,
    }
}

impl UsageArgs {
    /// How it is typed.
    pub(crate) fn name(&self) -> &'static str {
        match self.command {
            None => "usage",
            Some(UsageCommand::Calls(_)) => "usage calls",
        }
    }
}

impl SelectionArgs {
    /// As parameters of the API.
    pub(super) fn parameters(&self) -> Vec<(&'static str, String)> {
        let status = self.status.map(|status| word(&status));
        let given = [
            ("token", &self.token),
            ("provider", &self.provider),
            ("model", &self.model),
            ("subfeature", &self.feature),
            ("tag", &self.tag),
            ("status", &status),
        ];
        given
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.clone()?)))
            .collect()
    }
}

/// The word for a choice, here and in the API.
pub(super) fn word(choice: &impl ValueEnum) -> String {
    choice
        .to_possible_value()
        .map(|value| value.get_name().to_owned())
        .unwrap_or_default()
}
