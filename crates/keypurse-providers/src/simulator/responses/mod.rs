//! OpenAI's `responses`, whole and as typed events.

mod events;
mod input;
mod items;
mod request;
mod response;
mod tools;

use super::{
    conversation::answer,
    endpoint::Call,
    failure::InvalidRequest,
    fields::Json,
    reply::{Reply, SimulatedUsage},
};
use request::ResponsesRequest;
use response::Response;

pub(super) fn reply(body: Json<'_>, call: Call<'_>) -> Result<Reply, InvalidRequest> {
    let request = ResponsesRequest::read(body)?;
    let turns = answer(&request.conversation, call.scenario);
    let turn = turns.first().expect("a response has one turn");
    let usage = SimulatedUsage {
        input_tokens: request.conversation.input_tokens(),
        output_tokens: turn.length,
        reasoning_tokens: turn.thought_length,
        ..SimulatedUsage::default()
    };
    let items = items::of(turn, &call.stamp.id);
    let response = Response::new(body, call, usage, turn.finish);
    Ok(if request.streamed {
        Reply::stream(events::of(&response, &items), usage)
    } else {
        Reply::json(&response.finished(&items), usage)
    })
}
