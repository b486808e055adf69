//! Tokens as people see them.

use keypurse_core::secret::TokenSecret;
use keypurse_core::time::Timestamp;
use serde::Deserialize;

use super::command::{SecretArgs, TOKENS};
use crate::api::{Answer, Call, in_path};
use crate::cli::amount::{Dollars, count};
use crate::cli::console::Console;
use crate::cli::session::Session;
use crate::cli::table::{self, Column, Said};
use crate::cli::when::{relative, relative_text};
use crate::hint::Hint;

/// A token as the API shows it.
#[derive(Deserialize)]
pub(super) struct Token {
    pub(super) name: String,
    token_type: String,
    balance: Dollars,
    active_balance: bool,
    expire_time: Option<String>,
    balance_reset_period: String,
    balance_reset_amount: Option<Dollars>,
    overdraft: String,
    simulate_budget: bool,
    allowed_models: Option<Vec<String>>,
    denied_models: Option<Vec<String>>,
    allowed_ips: Option<Vec<String>>,
    requests_per_minute: Option<u64>,
    tokens_per_minute: Option<u64>,
    max_concurrency: Option<u64>,
    response_cache_seconds: Option<u64>,
    tags: Option<Vec<String>>,
    pub(super) token: Option<String>,
}

const COLUMNS: [Column; 6] = [
    Column::Left("TOKEN"),
    Column::Left("TYPE"),
    Column::Right("BALANCE"),
    Column::Left("RESETS"),
    Column::Left("EXPIRES"),
    Column::Left("TAGS"),
];

pub(super) async fn list(session: &mut Session<'_, '_>) -> anyhow::Result<()> {
    let answer = session.ask(&Call::get(TOKENS), "list the tokens").await?;
    if session.json {
        return Ok(session.console.write(answer.text())?);
    }
    let tokens: Vec<Token> = answer.read()?;
    if tokens.is_empty() {
        session.console.tell("there are no tokens yet")?;
        session
            .console
            .hint("keypurse token create NAME --balance 5")?;
        return Ok(());
    }
    let now = session.console.now();
    let rows = tokens.iter().map(|token| token.row(now)).collect();
    for line in table::lines(session.console, &COLUMNS, rows) {
        session.console.say(line)?;
    }
    Ok(())
}

pub(super) async fn get(
    session: &mut Session<'_, '_>,
    name: &str,
    secret: SecretArgs,
) -> anyhow::Result<()> {
    let call = Call::get(format!("{TOKENS}{}/", in_path(name)));
    let answer = session.ask(&call, &format!("get token `{name}`")).await?;
    print(session, &answer, secret)
}

/// Prints an answer that is a token, in the form that was asked for.
pub(super) fn print(
    session: &mut Session<'_, '_>,
    answer: &Answer,
    secret: SecretArgs,
) -> anyhow::Result<()> {
    if session.json {
        return Ok(session.console.write(answer.text())?);
    }
    let token: Token = answer.read()?;
    if secret.secret_only {
        let hint = || {
            Hint(format!(
                "keypurse token rotate '{}' --secret-only",
                token.name
            ))
        };
        let hidden = "this server shows a secret once, when it is made";
        let none = || anyhow::Error::new(hint()).context(hidden);
        return Ok(session
            .console
            .say(token.token.as_ref().ok_or_else(none)?)?);
    }
    for line in token.facts(session.console) {
        session.console.say(line)?;
    }
    Ok(())
}

impl Token {
    fn row(&self, now: Timestamp) -> Vec<Said> {
        vec![
            Said::from(&self.name),
            Said::from(self.kind()),
            self.money_left(),
            self.resets()
                .map_or_else(|| Said::faint("never"), Said::from),
            self.expires(now),
            Said::from(joined(self.tags.as_ref())),
        ]
    }

    /// Everything but the secret itself.
    fn facts(&self, console: &Console<'_>) -> Vec<String> {
        let now = console.now();
        let mut facts = vec![
            ("name", Said::from(&self.name)),
            ("type", Said::from(self.kind())),
            ("balance", self.money_left()),
        ];
        let mut add = |name, value: Option<String>| {
            facts.extend(value.map(|value| (name, Said::from(value))));
        };
        add("resets", self.resets());
        add(
            "expires",
            self.expire_time
                .as_ref()
                .map(|at| format!("{at} ({})", relative_text(at, now))),
        );
        add(
            "overdraft",
            (self.overdraft != "clamp").then(|| self.overdraft.clone()),
        );
        add(
            "rehearses",
            self.simulate_budget.then(|| "its budget".to_owned()),
        );
        for (name, list) in [
            ("may call", &self.allowed_models),
            ("may not call", &self.denied_models),
            ("only from", &self.allowed_ips),
            ("tags", &self.tags),
        ] {
            add(name, list.as_ref().map(|list| list.join(", ")));
        }
        for (name, limit) in [
            ("calls a minute", self.requests_per_minute),
            ("tokens a minute", self.tokens_per_minute),
            ("calls at once", self.max_concurrency),
            ("cache, seconds", self.response_cache_seconds),
        ] {
            add(name, limit.map(count));
        }
        let secret = self.token.clone().map(TokenSecret::from_text);
        add("secret", secret.map(|secret| secret.masked()));
        table::facts(console, facts)
    }

    fn kind(&self) -> &str {
        match &*self.token_type {
            "api_token" => "live",
            "sandbox_api_token" => "sandbox",
            other => other,
        }
    }

    fn money_left(&self) -> Said {
        if self.active_balance {
            return Said::bad_if(self.balance, self.balance.is_gone());
        }
        Said::faint("not checked")
    }

    fn resets(&self) -> Option<String> {
        let amount = self.balance_reset_amount?;
        Some(format!("{} to {amount}", self.balance_reset_period))
    }

    fn expires(&self, now: Timestamp) -> Said {
        let Some(text) = &self.expire_time else {
            return Said::faint("never");
        };
        match Timestamp::parse(text) {
            Ok(at) => Said::bad_if(relative(at, now), at <= now),
            Err(_) => Said::from(text),
        }
    }
}

fn joined(list: Option<&Vec<String>>) -> String {
    list.map(|list| list.join(", ")).unwrap_or_default()
}
