//! How hard a model is to think.
//!
//! "Thinking", Configuring thinking: models since Claude 4.6 decide themselves
//! and take an effort; earlier ones take a budget of tokens, at least 1,024
//! and below the output limit, and only when the first block of their turn is
//! the thinking they signed, and no tool is forced. Thinking models refuse
//! another temperature than 1, `top_k`, and a `top_p` below 0.95: what picks
//! tokens is what the client said, while an effort is a wish.

use serde::Serialize;
use serde_json::value::RawValue;

use super::model::version;
use crate::translate::Untranslatable;
use crate::translate::chat::{Chat, Choice, Turn};

/// The `thinking` member.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Thinking {
    Adaptive,
    Enabled { budget_tokens: u64 },
    Disabled,
}

const LEAST_BUDGET: u64 = 1024;

/// What an effort becomes: the `thinking` member, and the level of effort.
pub(super) fn of(
    chat: &Chat<'_>,
    model: &str,
    limit: u64,
) -> Result<(Option<Thinking>, Option<&'static str>), Untranslatable> {
    let Some(effort) = chat.effort.as_deref() else {
        return Ok((None, None));
    };
    // Anthropic publishes no budget for an effort; these are the ones Google
    // does ("OpenAI compatibility", Thinking).
    let (level, budget) = match effort {
        "none" => return Ok((Some(Thinking::Disabled), None)),
        "minimal" | "low" => ("low", 1024),
        "medium" => ("medium", 8192),
        "high" => ("high", 24_576),
        "xhigh" => ("xhigh", 32_768),
        "max" => ("max", 65_536),
        _ => {
            let why = "it must be `none`, `minimal`, `low`, `medium`, `high`, `xhigh` or `max`";
            return Err(Untranslatable::new("reasoning_effort", why));
        }
    };
    match thinks(model) {
        Thinks::AsItLikes => {
            // The level between these two came with 4.7.
            let is_known = level != "xhigh" || version(model) >= (4, 7);
            let level = if is_known { level } else { "high" };
            let thinking = (!is_sampled(chat)).then_some(Thinking::Adaptive);
            Ok((thinking, Some(level)))
        }
        Thinks::Never => Ok((None, None)),
        Thinks::WithinBudget => {
            let budget_tokens = budget.min(limit / 2);
            let fits = budget_tokens >= LEAST_BUDGET
                && !is_forced(chat)
                && !is_sampled(chat)
                && !lacks_proof(chat);
            Ok((fits.then_some(Thinking::Enabled { budget_tokens }), None))
        }
    }
}

enum Thinks {
    Never,
    WithinBudget,
    AsItLikes,
}

fn thinks(model: &str) -> Thinks {
    match version(model) {
        before if before < (3, 7) => Thinks::Never,
        before if before < (4, 6) => Thinks::WithinBudget,
        _ => Thinks::AsItLikes,
    }
}

fn is_forced(chat: &Chat<'_>) -> bool {
    matches!(chat.choice, Some(Choice::Required | Choice::Named(_)))
}

/// Whether the client says how tokens are picked, in a way thinking excludes.
fn is_sampled(chat: &Chat<'_>) -> bool {
    let sampling = &chat.sampling;
    let number = |raw: Option<&RawValue>| raw.and_then(|raw| raw.get().parse::<f64>().ok());
    number(sampling.temperature).is_some_and(|temperature| temperature < 1.0)
        || number(sampling.top_p).is_some_and(|top_p| top_p < 0.95)
        || sampling.top_k.is_some()
}

/// Whether the turn that goes on began without the thinking that would have to
/// be its first block. What the assistant says in several messages is one turn.
fn lacks_proof(chat: &Chat<'_>) -> bool {
    let is_user = |turn: &Turn<'_>| matches!(turn, Turn::User(_));
    let user = chat.turns.iter().rposition(is_user);
    let since = &chat.turns[user.map_or(0, |at| at + 1)..];
    let of_assistant = since.split(|turn| !matches!(turn, Turn::Assistant { .. }));
    let calls =
        |turn: &Turn<'_>| matches!(turn, Turn::Assistant { calls, .. } if !calls.is_empty());
    let is_unproved =
        |turn: &Turn<'_>| matches!(turn, Turn::Assistant { thinking, .. } if thinking.is_empty());
    of_assistant
        .filter(|group| group.iter().any(calls))
        .any(|group| group.first().is_some_and(is_unproved))
}
