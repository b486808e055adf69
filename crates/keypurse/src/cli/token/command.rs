//! What can be done with tokens, as typed.

use clap::Subcommand;

use super::settings::{Clear, SettingsArgs, dollars};
use super::{change, show};
use crate::cli::session::{NodeArgs, Session};
use crate::cli::when::Span;

/// Where tokens are.
pub(super) const TOKENS: &str = "/v2/user/custom_token/";

const EXAMPLES: &str = "\
Examples:
  keypurse token create ci --balance 5
  keypurse token create agent --balance 20 --reset weekly --reset-amount 20 --expires 90d
  keypurse token create rehearsal --sandbox
  keypurse token list
  keypurse token top-up ci 2.50 --note 'invoice 17'
  keypurse token update ci --allow-model 'openai/*' --requests-per-minute 60
  keypurse token rotate ci --grace 1h --secret-only
  keypurse token delete rehearsal --yes";

const CREATE_EXAMPLES: &str = "\
Examples:
  keypurse token create ci --balance 5
  keypurse token create team --balance 100 --reset monthly --reset-amount 100 --tag research
  OPENAI_API_KEY=$(keypurse token create laptop --balance 1 --secret-only)";

/// Tokens: keys that each carry a purse.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TokenArgs {
    #[command(flatten)]
    pub(crate) node: NodeArgs,
    #[command(subcommand)]
    command: TokenCommand,
}

/// Whether a program wants the secret and nothing else.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(super) struct SecretArgs {
    /// Print the secret and nothing else, for scripts
    #[arg(long, short = 'q', visible_alias = "quiet", conflicts_with = "json")]
    pub(super) secret_only: bool,
}

/// A change that is safe to send again.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct OnceArgs {
    /// A repetition with the same key does nothing again for 24 hours
    #[arg(long, value_name = "KEY")]
    pub(super) idempotency_key: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Create a token and show its secret
    #[command(after_help = CREATE_EXAMPLES)]
    Create {
        /// Its name, unique in the account
        name: String,
        /// Answers are simulated and cost nothing
        #[arg(long)]
        sandbox: bool,
        #[command(flatten)]
        settings: SettingsArgs,
        #[command(flatten)]
        secret: SecretArgs,
        #[command(flatten)]
        once: OnceArgs,
    },
    /// List all tokens
    #[command(visible_alias = "ls")]
    List,
    /// Show one token
    Get {
        /// Its name
        name: String,
        #[command(flatten)]
        secret: SecretArgs,
    },
    /// Change settings; what is not named stays as it is
    Update {
        /// Its name
        name: String,
        #[command(flatten)]
        settings: SettingsArgs,
        /// Remove these settings
        #[arg(long, value_name = "SETTING", value_delimiter = ',')]
        clear: Vec<Clear>,
    },
    /// Delete a token: it stops working at once, its history stays
    #[command(visible_alias = "rm")]
    Delete {
        /// Its name
        name: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Give a token a new secret
    Rotate {
        /// Its name
        name: String,
        /// How long the old secret still works, like 1h; at most 30d
        #[arg(long, value_name = "TIME", default_value = "0s")]
        grace: Span,
        #[command(flatten)]
        secret: SecretArgs,
        #[command(flatten)]
        once: OnceArgs,
    },
    /// Add to a token's balance
    TopUp {
        /// Its name
        name: String,
        /// How much, in dollars
        #[arg(value_parser = dollars)]
        amount: String,
        /// What for; kept in the ledger
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
        #[command(flatten)]
        once: OnceArgs,
    },
}

impl TokenArgs {
    /// How it is typed.
    pub(crate) fn name(&self) -> &'static str {
        match self.command {
            TokenCommand::Create { .. } => "token create",
            TokenCommand::List => "token list",
            TokenCommand::Get { .. } => "token get",
            TokenCommand::Update { .. } => "token update",
            TokenCommand::Delete { .. } => "token delete",
            TokenCommand::Rotate { .. } => "token rotate",
            TokenCommand::TopUp { .. } => "token top-up",
        }
    }
}

pub(crate) async fn run(args: &TokenArgs, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    match &args.command {
        TokenCommand::Create {
            name,
            sandbox,
            settings,
            secret,
            once,
        } => {
            let body = settings.creation(name, *sandbox, session.console.now());
            change::create(session, name, body, *secret, once).await
        }
        TokenCommand::List => show::list(session).await,
        TokenCommand::Get { name, secret } => show::get(session, name, *secret).await,
        TokenCommand::Update {
            name,
            settings,
            clear,
        } => {
            let body = settings.update(clear, session.console.now());
            change::update(session, name, body).await
        }
        TokenCommand::Delete { name, yes } => change::delete(session, name, *yes).await,
        TokenCommand::Rotate {
            name,
            grace,
            secret,
            once,
        } => change::rotate(session, name, *grace, *secret, once).await,
        TokenCommand::TopUp {
            name,
            amount,
            note,
            once,
        } => change::top_up(session, name, amount, note.as_deref(), once).await,
    }
}
