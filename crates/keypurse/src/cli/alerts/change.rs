//! Changes and tests of alerts.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::command::ALERTS;
use super::rule::RuleArgs;
use super::show;
use crate::api::{Call, in_path};
use crate::cli::amount::count;
use crate::cli::session::Session;
use crate::hint::Hint;

/// What became of a test.
#[derive(Deserialize)]
struct Tested {
    delivered: bool,
    status: Option<u16>,
    error: Option<String>,
    took_ms: u64,
}

pub(super) async fn create(
    session: &mut Session<'_, '_>,
    name: &str,
    body: Map<String, Value>,
    once: Option<&str>,
) -> anyhow::Result<()> {
    let is_told = body.contains_key("webhook");
    let call = Call::post(ALERTS).body(body).once(once);
    let answer = session
        .ask(&call, &format!("create alert `{name}`"))
        .await?;
    show::print(session, &answer)?;
    if is_told && !session.json {
        session
            .console
            .hint(format_args!("keypurse alerts test '{name}'"))?;
    }
    Ok(())
}

pub(super) async fn update(
    session: &mut Session<'_, '_>,
    alert: &str,
    rule: &RuleArgs,
    body: Map<String, Value>,
) -> anyhow::Result<()> {
    if body.is_empty() {
        let hint = Hint("`keypurse alerts update --help` lists what can be changed".to_owned());
        let nothing = format!("nothing is named that should change about alert `{alert}`");
        return Err(anyhow::Error::new(hint).context(nothing));
    }
    let found = show::find(session, alert).await?;
    if !body.contains_key("kind") {
        rule.check(&found.kind)?;
    }
    let call = Call::patch(path(&found.id)).body(body);
    let answer = session
        .ask(&call, &format!("update alert `{alert}`"))
        .await?;
    show::print(session, &answer)
}

pub(super) async fn delete(
    session: &mut Session<'_, '_>,
    alert: &str,
    yes: bool,
) -> anyhow::Result<()> {
    if !yes && !session.console.can_ask {
        let hint = Hint(format!("keypurse alerts delete '{alert}' --yes"));
        let unasked = format!("nobody is there to confirm that alert `{alert}` is deleted");
        return Err(anyhow::Error::new(hint).context(unasked));
    }
    let found = show::find(session, alert).await?;
    let question = format!("Delete alert `{}`? Nobody is told any more.", found.name);
    if !yes && !session.console.confirm(&question)? {
        return Ok(session.console.tell("nothing was deleted")?);
    }
    let call = Call::delete(path(&found.id));
    session
        .ask(&call, &format!("delete alert `{alert}`"))
        .await?;
    Ok(session
        .console
        .tell(format_args!("deleted alert `{}`", found.name))?)
}

pub(super) async fn test(session: &mut Session<'_, '_>, alert: &str) -> anyhow::Result<()> {
    let id = show::find(session, alert).await?.id;
    let call = Call::post(format!("{}test/", path(&id)));
    let answer = session.ask(&call, &format!("test alert `{alert}`")).await?;
    if session.json {
        session.console.write(answer.text())?;
    }
    let tested: Tested = answer.read()?;
    let told = match (&tested.error, tested.status) {
        (Some(error), _) => error.clone(),
        (None, Some(status)) => format!("it answered {status}"),
        (None, None) => "it did not answer".to_owned(),
    };
    if !tested.delivered {
        let hint = Hint(format!("keypurse alerts deliveries '{alert}'"));
        let refused = format!("the webhook of alert `{alert}` did not take the test");
        return Err(anyhow::Error::new(hint).context(told).context(refused));
    }
    if !session.json {
        let took = count(tested.took_ms);
        session
            .console
            .say(format_args!("delivered: {told} in {took} ms"))?;
    }
    Ok(())
}

fn path(id: &str) -> String {
    format!("{ALERTS}{}/", in_path(id))
}
