//! Anthropic's `messages`, whole and as events, and `messages/count_tokens`.

mod conversation;
mod events;
mod message;
mod request;
mod tools;

use serde_json::json;

use super::{
    conversation::answer,
    endpoint::Call,
    failure::InvalidRequest,
    fields::Json,
    reply::{Content, Reply, SimulatedUsage, Stream},
};
use message::Message;
use request::MessagesRequest;

pub(super) fn reply(body: Json<'_>, call: Call<'_>) -> Result<Reply, InvalidRequest> {
    let request = MessagesRequest::read(body)?;
    let turns = answer(&request.conversation, call.scenario);
    let turn = turns.first().expect("a message is one turn");
    let usage = SimulatedUsage {
        input_tokens: request.conversation.input_tokens(),
        output_tokens: turn.length,
        reasoning_tokens: turn.thought_length,
        ..SimulatedUsage::default()
    };
    let message = Message { turn, call, usage };
    if !request.streamed {
        return Ok(Reply::json(&message.to_json(), usage));
    }
    let events = events::of(&message);
    let stream = Stream {
        // Before `message_stop`.
        usage_at: events.len().checked_sub(2),
        events,
        ends_with_done: false,
    };
    let content = Content::Stream(stream);
    Ok(Reply { content, usage })
}

/// Costs nothing: it is free at Anthropic too.
pub(super) fn count_tokens(body: Json<'_>) -> Result<Reply, InvalidRequest> {
    let input_tokens = request::counted(body)?.input_tokens();
    let answer = json!({ "input_tokens": input_tokens });
    Ok(Reply::json(&answer, SimulatedUsage::default()))
}
