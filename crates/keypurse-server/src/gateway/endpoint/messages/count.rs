//! Counts what a `messages` request gives a model to read, as the chat it is
//! translated to.

use keypurse_providers::tokenizer::Tokenizer;
use keypurse_providers::translate::{self, Dialect, Target};

use crate::gateway::call::count::InputCount;
use crate::gateway::endpoint::chat;

/// Counts the input of a request, images left out. `None`: a chat cannot say
/// it.
pub(in crate::gateway) fn count(body: &[u8], tokenizer: Tokenizer) -> Option<InputCount> {
    let target = Target {
        model: "",
        output_limit: 1,
        limit_is_of_completion: false,
        may_reason: true,
        wants_proofs: false,
    };
    let chat = translate::request(Dialect::Anthropic, Dialect::OpenAi, body, &target);
    chat::count::count(&chat.ok()?, tokenizer)
}
