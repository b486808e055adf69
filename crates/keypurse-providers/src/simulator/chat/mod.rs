//! `chat/completions`.

mod chunks;
mod completion;
mod request;

pub use chunks::Chunk;
pub use completion::Completion;
pub use request::ChatRequest;

use super::{
    conversation::answer,
    endpoint::Call,
    failure::InvalidRequest,
    fields::{Json, boolean, present},
    reply::{Content, Event, Reply, Stamp, Stream},
    scenario::Scenario,
};

/// Answers `request` in the name of `model`.
///
/// Of the scenarios only [`Scenario::Refusal`], [`Scenario::Length`] and
/// [`Scenario::Empty`] change the answer; the others are the server's to play.
pub fn chat(
    request: &ChatRequest<'_>,
    model: &str,
    stamp: Stamp,
    scenario: Option<Scenario>,
) -> Completion {
    let choices = answer(&request.conversation, scenario);
    let input_tokens = request.input_tokens();
    let mut completion = Completion::new(stamp, model.to_owned(), choices, input_tokens);
    completion.tier = request.tier;
    completion
}

pub(super) fn reply(body: Json<'_>, call: Call<'_>) -> Result<Reply, InvalidRequest> {
    let request = ChatRequest::read(body)?;
    let stamp = Stamp {
        id: format!("chatcmpl-{}", call.stamp.id),
        created_unix: call.stamp.created_unix,
    };
    let completion = chat(&request, call.facts.model, stamp, call.scenario);
    let usage = completion.usage();
    if !boolean(body, "stream")? {
        return Ok(Reply::json(&completion.whole(), usage));
    }
    let include_usage = match present(body, "stream_options") {
        Some(options) => boolean(options, "include_usage")?,
        None => false,
    };
    let chunks = completion.chunks(include_usage);
    let events: Vec<_> = chunks.iter().map(Event::unnamed).collect();
    let stream = Stream {
        usage_at: include_usage.then(|| events.len() - 1),
        events,
        ends_with_done: true,
    };
    let content = Content::Stream(stream);
    Ok(Reply { content, usage })
}
