//! A message as its client sees it.

use bytes::Bytes;
use keypurse_providers::anthropic;
use keypurse_providers::openai::Answer;

use super::model_name::ModelName;
use crate::gateway::relay::cost::{Paid, with_cost};

/// The message with its cost, and its model as the client names it. It always
/// has usage, ours where the provider told none: Anthropic's SDKs rely on it.
pub(in crate::gateway) fn shown(
    body: &Bytes,
    answer: &Answer<'_>,
    paid: Paid<'_>,
    name: &ModelName,
) -> Bytes {
    let text = std::str::from_utf8(body).unwrap_or_default();
    let model = name.may_differ().then(|| anthropic::model_of(text));
    let model = model.flatten().and_then(|model| name.instead_of(&model));
    let used = answer.usage.is_none().then_some(paid.used);
    if model.is_none() && used.is_none() {
        return with_cost(body, answer, paid);
    }
    let cost = paid.cost.to_string();
    let shown = anthropic::with_cost(text, used, (&cost, paid.provider), model.as_deref());
    shown.map_or_else(|| with_cost(body, answer, paid), Bytes::from)
}
