//! Counts what a `messages` request gives a model to read, as the chat it is
//! translated to.

use keypurse_providers::tokenizer::Tokenizer;
use keypurse_providers::translate::{self, Dialect, Target};

use crate::gateway::call::count::InputCount;
use crate::gateway::endpoint::chat;

/// Counts the input of a request, images left out. `None`: a chat cannot say
/// it.
pub(in crate::gateway) fn count(body: &[u8], tokenizer: Tokenizer) -> Option<InputCount> {
    let chat = translate::request(Dialect::Anthropic, Dialect::OpenAi, body, &Target::TO_COUNT);
    chat::count::count(&chat.ok()?, tokenizer)
}
