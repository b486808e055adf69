//! Changes of tokens.

use serde_json::{Map, Value};

use super::command::{OnceArgs, SecretArgs, TOKENS};
use super::show::{self, Token};
use crate::api::{Answer, Call, in_path};
use crate::cli::session::Session;
use crate::cli::when::Span;
use crate::hint::Hint;

pub(super) async fn create(
    session: &mut Session<'_, '_>,
    name: &str,
    body: Map<String, Value>,
    secret: SecretArgs,
    once: &OnceArgs,
) -> anyhow::Result<()> {
    let call = Call::post(TOKENS)
        .body(body)
        .once(once.idempotency_key.as_deref());
    let answer = session
        .ask(&call, &format!("create token `{name}`"))
        .await?;
    hand_over(session, &answer, secret, "created")
}

pub(super) async fn update(
    session: &mut Session<'_, '_>,
    name: &str,
    body: Map<String, Value>,
) -> anyhow::Result<()> {
    if body.is_empty() {
        let hint = Hint("`keypurse token update --help` lists what can be changed".to_owned());
        let nothing = format!("nothing is named that should change about token `{name}`");
        return Err(anyhow::Error::new(hint).context(nothing));
    }
    let call = Call::patch(path(name)).body(body);
    let answer = session
        .ask(&call, &format!("update token `{name}`"))
        .await?;
    show::print(session, &answer, SecretArgs::default())
}

pub(super) async fn delete(
    session: &mut Session<'_, '_>,
    name: &str,
    yes: bool,
) -> anyhow::Result<()> {
    let question = format!("Delete token `{name}`? It stops working at once.");
    if !yes && !session.console.can_ask {
        let hint = Hint(format!("keypurse token delete '{name}' --yes"));
        let unasked = format!("nobody is there to confirm that token `{name}` is deleted");
        return Err(anyhow::Error::new(hint).context(unasked));
    }
    if !yes && !session.console.confirm(&question)? {
        return Ok(session.console.tell("nothing was deleted")?);
    }
    session
        .ask(&Call::delete(path(name)), &format!("delete token `{name}`"))
        .await?;
    Ok(session
        .console
        .tell(format_args!("deleted token `{name}`; its history stays"))?)
}

pub(super) async fn rotate(
    session: &mut Session<'_, '_>,
    name: &str,
    grace: Span,
    secret: SecretArgs,
    once: &OnceArgs,
) -> anyhow::Result<()> {
    let body = Map::from_iter([("grace_period".to_owned(), grace.seconds.into())]);
    let call = Call::post(format!("{}rotate/", path(name))).body(body);
    let call = call.once(once.idempotency_key.as_deref());
    let answer = session
        .ask(&call, &format!("rotate token `{name}`"))
        .await?;
    hand_over(session, &answer, secret, "rotated")
}

pub(super) async fn top_up(
    session: &mut Session<'_, '_>,
    name: &str,
    amount: &str,
    note: Option<&str>,
    once: &OnceArgs,
) -> anyhow::Result<()> {
    let mut body = Map::from_iter([("amount".to_owned(), amount.into())]);
    if let Some(note) = note {
        body.insert("note".to_owned(), note.into());
    }
    let call = Call::post(format!("{}top_up/", path(name))).body(body);
    let call = call.once(once.idempotency_key.as_deref());
    let answer = session
        .ask(&call, &format!("top up token `{name}`"))
        .await?;
    show::print(session, &answer, SecretArgs::default())
}

/// Prints a fresh secret: alone, or after what was done, with advice.
fn hand_over(
    session: &mut Session<'_, '_>,
    answer: &Answer,
    secret: SecretArgs,
    done: &str,
) -> anyhow::Result<()> {
    if session.json || secret.secret_only {
        return show::print(session, answer, secret);
    }
    let token: Token = answer.read()?;
    session
        .console
        .tell(format_args!("{done} token `{}`; its secret:", token.name))?;
    show::print(session, answer, SecretArgs { secret_only: true })?;
    session.console.hint(
        "keep it where only its user reads it, for example `export OPENAI_API_KEY=…`; whoever has \
         it spends from this purse",
    )?;
    Ok(())
}

fn path(name: &str) -> String {
    format!("{TOKENS}{}/", in_path(name))
}
