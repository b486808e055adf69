//! A message as its client sees it.

use bytes::Bytes;
use keypurse_providers::anthropic;
use keypurse_providers::openai::Answer;

use crate::gateway::relay::cost::{Paid, with_cost};

/// The message with its cost. It always has usage, ours where the provider
/// told none: Anthropic's SDKs rely on it.
pub(in crate::gateway) fn shown(body: &Bytes, answer: &Answer<'_>, paid: Paid<'_>) -> Bytes {
    let counted = answer.usage.is_none().then(|| {
        let text = std::str::from_utf8(body).ok()?;
        anthropic::with_cost(text, Some(paid.used), &paid.cost.to_string(), paid.provider)
    });
    let counted = counted.flatten().map(Bytes::from);
    counted.unwrap_or_else(|| with_cost(body, answer, paid))
}
